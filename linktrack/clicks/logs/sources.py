"""How far logs were read, and by which import, as `source` and `reading` say. A file is known by its content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from linktrack.clicks.logs.batches import Reached
from linktrack.clicks.logs.content import HEAD_BYTES, TAIL_BYTES, Log
from linktrack.clicks.logs.fields import digest
from linktrack.files.reading import tidy_path
from linktrack.store.session import Database


@dataclass(frozen=True)
class Known:
    """How far a log was read, as the table `source` has it. `only_second`: all of that is of one second."""

    id: int
    format: str
    state: str
    position: int
    only_second: bool = False


def recognise(database: Database, log: Log, key: bytes) -> Known | None:
    """The source that `log` is: the log begins with what was read of that one; of several the one with the longest such
    part. None for a new log. The log is at its beginning afterwards.

    Its first `head_length` bytes and the bytes before its position must be the same. A pipe cannot be read twice and
    is never recognised: its lines are compared one by one.
    """
    if not log.regular:
        return None
    start = log.peek(HEAD_BYTES)
    lengths = [row[0] for row in database.rows("SELECT DISTINCT head_length FROM source")]
    prints = [digest(start[:length], key) for length in lengths if 0 < length <= len(start)]
    found: list[tuple[int, bytes, Known]] = []
    for head in prints:
        for number, form, state, position, tail, first_at, last_at, lines in database.rows(
            "SELECT id, format, state, position, tail, first_at, last_at, last_lines FROM source WHERE head = ?",
            (head,),
        ):
            only_second = first_at is not None and first_at == last_at and not lines
            found.append((position, bytes(tail), Known(number, form, state, position, only_second)))
    found.sort(key=lambda item: item[0])
    best: Known | None = None
    at = 0
    last = b""
    for position, tail, known in found:
        wanted = position - at
        if wanted > TAIL_BYTES:
            log.skip(wanted - TAIL_BYTES)
            wanted, last = TAIL_BYTES, b""
        piece = log.take(wanted)
        at = position
        if len(piece) < wanted:
            break  # shorter than what was read from that source: another file, or one that shrank
        last = (last + piece)[-TAIL_BYTES:]
        if digest(last[-min(TAIL_BYTES, position) :], key) == tail:
            best = known
    if found:
        log.rewind()
    return best


def note_reached(database: Database, source_id: int | None, name: str, reached: Reached, at: int) -> int:
    """Note how far a log was read at the moment `at` (UTC milliseconds). `source_id` is None for a log that is new.
    Returns the id of its row in `source`."""
    whole = name if name == "-" else str(tidy_path(Path(name)))
    columns = {"name": whole, "imported_at": at, **reached._asdict()}
    if source_id is None:
        columns["first_lines"] = reached.first_lines or b""
        marks = ", ".join("?" * len(columns))
        return int(
            database.value(
                f"INSERT INTO source ({', '.join(columns)}) VALUES ({marks}) RETURNING id",  # noqa: S608  (names and marks of our own)
                tuple(columns.values()),
            )
        )
    if reached.head_length == 0:
        return source_id
    if reached.first_lines is None:
        del columns["first_at"], columns["first_lines"]
    settings = ", ".join(f"{name} = ?" for name in columns)
    database.execute(
        f"UPDATE source SET {settings} WHERE id = ?",  # noqa: S608  (names and marks of our own)
        (*columns.values(), source_id),
    )
    return source_id


def next_reading(database: Database) -> int:
    """The number that clicks of the next reading will carry."""
    return int(database.value("SELECT max(id) FROM reading") or 0) + 1


def begin_reading(database: Database, source_id: int, at: int) -> int:
    """Note that an import reads a log. Returns the number that its clicks carry."""
    sql = "INSERT INTO reading (source_id, read_at) VALUES (?, ?) RETURNING id"
    return int(database.value(sql, (source_id, at)))
