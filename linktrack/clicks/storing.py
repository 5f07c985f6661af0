"""Clicks on their way into the database and out of it: which are new, with their verdicts and rollups."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, repeat

from linktrack.clicks.judging.judge import judge_new
from linktrack.clicks.judging.verdicts import Click, Probe, Surroundings
from linktrack.clicks.logs import cuts as edges
from linktrack.clicks.logs.cuts import Piece
from linktrack.clicks.logs.line_log import nth
from linktrack.clicks.rollups import counts as rollups
from linktrack.store.session import Database

_COLUMNS = "id, clicked_at, identity, link_id, placement_id, shipment_id, recipient_id, ip, agent_id, flags, source_id"
_INSERT = f"INSERT INTO click ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  (names and marks of our own)
_GAP = 600_000  # milliseconds: identities are fetched in stretches of time no further apart than this


def store(
    database: Database, clicks: Sequence[Click], probes: Sequence[Probe], source_id: int, by: Surroundings
) -> tuple[int, list[int]]:
    """Store what is new of clicks sorted by time.

    Returns how many that were, and the ids of clicks stored before whose verdict is another one now.
    """
    known = _known(database, clicks) if clicks else set()
    new = [click for click in clicks if (click[0], click[1]) not in known] if known else clicks
    if probes:
        database.executemany(
            "INSERT INTO probe (clicked_at, identity, placement_id, shipment_id, recipient_id) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            probes,
        )
    return len(new), _insert(database, new, probes, source_id, by)


def _insert(
    database: Database, new: Sequence[Click], probes: Sequence[Probe], source_id: int, by: Surroundings
) -> list[int]:
    first = (database.value("SELECT max(id) FROM click") or 0) + 1
    if new:
        columns = list(zip(*new, strict=True))
        database.executemany(_INSERT, zip(count(first), *columns[:7], *columns[8:], repeat(source_id)))
    return judge_new(database, new, first, [probe.clicked_at for probe in probes], by)


def _known(database: Database, clicks: Sequence[Click]) -> set[tuple[int, int]]:
    """The identities that are stored already, in the stretches of time that `clicks` cover."""
    known: set[tuple[int, int]] = set()
    start = last = clicks[0][0]
    for click in [*clicks, None]:
        if click is not None and click[0] - last <= _GAP:
            last = click[0]
            continue
        known.update(
            database.execute(
                "SELECT clicked_at, identity FROM click WHERE clicked_at BETWEEN ? AND ?", (start, last)
            ).fetchall()
        )
        if click is not None:
            start = last = click[0]
    return known


def mend_edges(database: Database, source_id: int, by: Surroundings) -> tuple[int, list[int]]:
    """Add the clicks that a cut between two logs has hidden: see `clicks.edges`. Returns what `store` returns."""
    row = database.row("SELECT first_at, last_at FROM source WHERE id = ?", (source_id,))
    added = 0
    moved: list[int] = []
    for second in sorted({moment for moment in row or () if moment is not None}):
        pieces = _pieces(database, second)
        if len(pieces) < 2:
            continue
        several = {line: times for line, times in edges.counts(pieces).items() if times > 1}
        if not several:
            continue
        stored = {
            click[1]: Click._make(click)
            for click in database.rows(
                "SELECT clicked_at, identity, link_id, placement_id, shipment_id, recipient_id, ip, 0, agent_id, flags "
                "FROM click WHERE clicked_at BETWEEN ? AND ?",
                (second, second + 999),
            )
        }
        missing = [
            stored[line]._replace(print=nth(line, number))
            for line, times in sorted(several.items())
            if line in stored
            for number in range(2, times + 1)
            if nth(line, number) not in stored
        ]
        if missing:
            added += len(missing)
            moved += _insert(database, sorted(missing), (), source_id, by)
    return added, moved


def _pieces(database: Database, second: int) -> list[Piece]:
    """What the sources have of one second at their ends."""
    pieces: list[Piece] = []
    for first_at, first, last_at, last in database.rows(
        "SELECT first_at, first_lines, last_at, last_lines FROM source WHERE first_at = ? OR last_at = ?",
        (second, second),
    ):
        if first_at == last_at:
            pieces.append(Piece(edges.unpacked(first), False, False))
        elif first_at == second:
            pieces.append(Piece(edges.unpacked(first), False, True))
        else:
            pieces.append(Piece(edges.unpacked(last), True, False))
    return [piece for piece in pieces if piece.lines]


def reset_link(database: Database, link_id: int, moment: int) -> int:
    """Remove a link's clicks with their verdicts and tallies, in the open transaction. Returns how many there were.

    The link's `reset_at` (`moment`, or the last click when that is later) keeps them from coming back with a log
    that is imported again.
    """
    last = database.value("SELECT max(clicked_at) FROM click WHERE link_id = ?", (link_id,)) or moment
    database.execute("UPDATE link SET reset_at = ? WHERE id = ?", (max(moment, last), link_id))
    shipments = [row[0] for row in database.rows("SELECT shipment_id FROM link_tally WHERE link_id = ?", (link_id,))]
    removed = int(database.value("SELECT count(*) FROM click WHERE link_id = ?", (link_id,)))
    database.execute("DELETE FROM judgement WHERE click_id IN (SELECT id FROM click WHERE link_id = ?)", (link_id,))
    database.execute("DELETE FROM click WHERE link_id = ?", (link_id,))
    database.execute("DELETE FROM probe WHERE placement_id IN (SELECT id FROM placement WHERE link_id = ?)", (link_id,))
    rollups.rebuild(database, shipments)
    return removed
