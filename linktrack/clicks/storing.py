"""Clicks on their way into the database: which are new, their agents, verdicts and rollups, in the open transaction."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from linktrack.clicks import edges
from linktrack.clicks.edges import Piece
from linktrack.clicks.judging import judge_new
from linktrack.clicks.verdicts import Click, Surroundings
from linktrack.store.session import Database

_COLUMNS = "id, clicked_at, identity, link_id, placement_id, shipment_id, recipient_id, ip, agent_id, flags, source_id"
_INSERT = f"INSERT INTO click ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_GAP = 600_000  # milliseconds: identities are fetched in stretches of time no further apart than this


def nth(line: int, count: int) -> int:
    """The identity of the `count`-th line (1, 2, …) with this print."""
    if count == 1:
        return line
    data = line.to_bytes(8, "little", signed=True) + count.to_bytes(4, "little")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True)


def store(database: Database, drafts: list[Click], source_id: int, by: Surroundings) -> tuple[int, dict[str, int]]:
    """Store what is new of `drafts`. Returns how many that were, and the change in clicks by verdict."""
    if not drafts:
        return 0, {}
    drafts.sort()
    known = _known(database, drafts)
    new = [draft for draft in drafts if (draft[0], draft[1]) not in known] if known else drafts
    if not new:
        return 0, {}
    return len(new), _insert(database, new, source_id, by)


def _insert(database: Database, new: Sequence[Click], source_id: int, by: Surroundings) -> dict[str, int]:
    first = (database.value("SELECT max(id) FROM click") or 0) + 1
    database.executemany(_INSERT, [(number, *click, source_id) for number, click in enumerate(new, first)])
    return judge_new(database, new, first, by)


def _known(database: Database, drafts: Sequence[Click]) -> set[tuple[int, int]]:
    """The identities that are stored already, in the stretches of time that the drafts cover."""
    known: set[tuple[int, int]] = set()
    start = last = drafts[0][0]
    for draft in [*drafts, None]:
        if draft is not None and draft[0] - last <= _GAP:
            last = draft[0]
            continue
        known.update(
            database.execute(
                "SELECT clicked_at, identity FROM click WHERE clicked_at BETWEEN ? AND ?", (start, last)
            ).fetchall()
        )
        if draft is not None:
            start = last = draft[0]
    return known


def mend_edges(database: Database, source_id: int, by: Surroundings) -> tuple[int, dict[str, int]]:
    """Add the clicks that a cut between two logs has hidden: see `clicks.edges`. Returns what `store` returns."""
    row = database.row("SELECT first_at, last_at FROM source WHERE id = ?", (source_id,))
    added = 0
    verdicts: dict[str, int] = {}
    for second in sorted({moment for moment in row or () if moment is not None}):
        pieces = _pieces(database, second)
        if len(pieces) < 2:
            continue
        several = {line: count for line, count in edges.counts(pieces).items() if count > 1}
        if not several:
            continue
        stored = {
            click[1]: Click._make(click)
            for click in database.rows(
                "SELECT clicked_at, identity, link_id, placement_id, shipment_id, recipient_id, ip, agent_id, flags "
                "FROM click WHERE clicked_at BETWEEN ? AND ?",
                (second, second + 999),
            )
        }
        missing = [
            stored[line]._replace(identity=nth(line, number))
            for line, count in sorted(several.items())
            if line in stored
            for number in range(2, count + 1)
            if nth(line, number) not in stored
        ]
        if missing:
            added += len(missing)
            for verdict, count in _insert(database, sorted(missing), source_id, by).items():
                verdicts[verdict] = verdicts.get(verdict, 0) + count
    return added, verdicts


def _pieces(database: Database, second: int) -> list[Piece]:
    """What the sources have of one second at their ends."""
    pieces: list[Piece] = []
    for first_at, first, last_at, last in database.rows(
        "SELECT first_at, first_lines, last_at, last_lines FROM source WHERE first_at = ? OR last_at = ?",
        (second, second),
    ):
        if first_at == last_at:
            pieces.append(Piece(_unpacked(first), False, False))
        elif first_at == second:
            pieces.append(Piece(_unpacked(first), False, True))
        else:
            pieces.append(Piece(_unpacked(last), True, False))
    return [piece for piece in pieces if piece.lines]


def packed(lines: Sequence[int]) -> bytes:
    """Prints of lines as the table `source` keeps them."""
    return b"".join(line.to_bytes(8, "little", signed=True) for line in lines)


def _unpacked(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[at : at + 8], "little", signed=True) for at in range(0, len(data), 8))
