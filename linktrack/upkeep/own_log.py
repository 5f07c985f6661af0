"""The workspace's own click log: the lines in it with certain people's traces, emptied; which files are done.

A line is emptied where it stands, in as many bytes, so that the server may go on writing behind it; a compressed file
is written anew. Its time stays, by which the import puts logs together that were cut or overlap (`logs.cut_logs`).
Before that, the database forgets how far it has read the file: the next import reads it again, and finds its lines
stored.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from linktrack.clicks.formats.click_log import KEYS, is_click_log
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.logs.content import Log, open_log
from linktrack.clicks.logs.fields import digest_key
from linktrack.clicks.logs.in_folders import logs_in
from linktrack.clicks.logs.sources import recognise
from linktrack.errors import BadInput
from linktrack.files.beside import sync
from linktrack.files.reading import explained
from linktrack.files.writing import replace_own
from linktrack.links.signing_keys import open_keys
from linktrack.links.tokens import NOBODY
from linktrack.moments import moment_written
from linktrack.store.session import Database
from linktrack.upkeep.traces import Traces
from linktrack.workspace import Workspace

_BLOCK = 1 << 20
_UNREAD = "it is not wholly imported: look what linktrack click import says of it"


class OwnLine(NamedTuple):
    """A line of the log: where it begins in the file's (uncompressed) content, and its bytes without line end."""

    start: int
    line: bytes


def lines_of(path: Path, traces: Traces, size: int | None = None) -> Iterator[OwnLine]:
    """The lines with any of these traces in the first `size` bytes of a file (None: in all of it, with an unfinished
    line). Of a compressed file it is always all."""
    with open_log(str(path)) as log:
        limit = size if log.regular and log.stream is log.file else None
        for start, line, _ in _lines(log):
            if limit is not None and start + len(line) > limit:
                return
            if traces.are_in(line):
                yield OwnLine(start, line)


def empty_lines(database: Database, sizes: Mapping[Path, int], traces: Traces) -> int:
    """Empty the lines of the click log's files in which these people's traces are, address and agent included, in the
    first `sizes` bytes of each file. Returns how many lines were emptied.

    No import may go on meanwhile. Done twice, or done again after a stop, it has the same result; the files are synced
    when it returns.
    """
    key, emptied = digest_key(traces.book.keys.keyring), 0
    for path, size in sizes.items():
        if not path.exists():
            continue
        with explained(path):
            theirs = list(lines_of(path, traces, size))
            if not theirs:
                continue
            if path.is_symlink():
                raise BadInput("a link, through which nothing is emptied: put the log itself in its place", file=path)
            _know_no_more(database, path, key, list(filter(None, (_moment(one.line) for one in theirs))))
            found = [OwnLine(start, _emptied(line)) for start, line in theirs]
            packing = _packing(path)
            if packing is None:
                _overwrite(path, found)
            else:
                _pack_again(path, found, packing)
        emptied += len(found)
    return emptied


class KeptFile(NamedTuple):
    """A file of the log that is old and not wholly imported, with the reason and the way out."""

    path: Path
    reason: str


def remove_done_files(workspace: Workspace, database: Database, before: int) -> tuple[int, list[KeptFile]]:
    """Remove the files that were last written before a moment (UTC milliseconds) and are wholly imported. Returns how
    many, and those that would go but are not."""
    folders = [folder for folder in workspace.click_logs() if folder.is_dir()]
    if not folders:
        return 0, []
    key = digest_key(open_keys(workspace, database).keyring)
    removed, kept = 0, list[KeptFile]()
    for path in (Path(path) for folder in folders for path in logs_in(folder)):
        if path.stat().st_mtime_ns // 1_000_000 >= before:
            continue
        if reason := _not_done(path, database, key):
            kept.append(KeptFile(path, reason))
            continue
        with explained(path):
            path.unlink()
        removed += 1
    for folder in folders if removed else ():
        sync(folder)
    return removed, kept


def _not_done(path: Path, database: Database, key: bytes) -> str:
    """Why a file is not wholly imported, with the way out; "" where it is (blanks at its end do not count)."""
    with open_log(str(path)) as log:
        known = recognise(database, log, key)
        if known is not None:
            log.skip(known.position)
        left = b""
        try:
            for piece in log.chunks():
                *whole, left = (left + piece).split(b"\n")
                if any(line.strip() for line in whole):
                    return _UNREAD
        except BadInput as problem:
            return f"it is not wholly imported ({problem.sentence}): delete it once you need it no more"
        if log.cut_off:
            return "it is not wholly imported, for it is cut off in the middle: delete it once you need it no more"
    return _UNREAD if left.strip() else ""


def _emptied(line: bytes) -> bytes:
    """A line of the log of which only the time is left; nothing of one that is cut off."""
    said, record = b"", _record(line)
    if record is not None:
        nothing = dict.fromkeys(KEYS, "") | {"method": "GET", "path": "/", "status": 404}
        said = json.dumps({**nothing, "time": record["time"]}).encode()
    return (said if len(said) <= len(line) else b"").ljust(len(line))


def _moment(line: bytes) -> int | None:
    """When a line was written; None of one that is cut off."""
    record = _record(line)
    try:
        return None if record is None else moment_written(str(record["time"]))
    except (ValueError, OverflowError):
        return None


def _record(line: bytes) -> JsonRecord | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and is_click_log(record) else None


def _know_no_more(database: Database, path: Path, key: bytes, moments: Collection[int]) -> None:
    """Let the database forget a file, so that the next import reads it again and does not take it for a second log with
    the same lines. Also let it forget the addresses of requests at these `moments` whose recipient nobody knows, since
    their token was cut or damaged: their lines are emptied, too."""
    with open_log(str(path)) as log, database.transaction(durable=True):
        database.executemany(
            "UPDATE junk_request SET ip = '' WHERE clicked_at = ? AND recipient_id = ?",
            [(moment, NOBODY) for moment in moments],
        )
        while (known := recognise(database, log, key)) is not None:
            database.execute(
                "UPDATE source SET position = 0, head_length = 0, state = '', first_at = NULL, first_lines = ?, "
                "last_at = NULL, last_lines = ? WHERE id = ?",
                (b"", b"", known.id),
            )


def _lines(log: Log) -> Iterator[tuple[int, bytes, bytes]]:
    """The lines of a log with where each begins and its end; an unfinished last one has none."""
    start, left = 0, b""
    for piece in log.chunks(_BLOCK):
        *whole, left = (left + piece).split(b"\n")
        for line in whole:
            yield start, line, b"\n"
            start += len(line) + 1
    if left:
        yield start, left, b""


def _overwrite(path: Path, lines: list[OwnLine]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for start, line in lines:
            os.pwrite(handle, line, start)
        os.fsync(handle)
    finally:
        os.close(handle)


_Packing = Callable[..., Any]


def _packing(path: Path) -> _Packing | None:
    """What a file is compressed with, None if it is not."""
    with path.open("rb") as file:
        start = file.read(6)
    for magic, packing in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open)):
        if start.startswith(magic):
            return packing
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        import zstandard

        return zstandard.open
    return None


def _pack_again(path: Path, lines: list[OwnLine], packing: _Packing) -> None:
    """Write a compressed file anew with these lines in the place of those that begin there."""
    instead = dict(lines)
    packed = io.BytesIO()
    with open_log(str(path)) as log, packing(packed, "wb") as into:
        for start, line, end in _lines(log):
            into.write(instead.get(start, line) + end)
    replace_own(path, packed.getvalue(), mode=path.stat().st_mode & 0o777)
