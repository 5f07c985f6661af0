"""Clicks on their way into the database: which are new, with their rulings and rollups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from linktrack.clicks.judging.agent_table import Agents
from linktrack.clicks.judging.judge import (
    CLICK_COLUMNS,
    FirstPass,
    StoredClick,
    judge_new,
    judge_reputation,
    set_rulings,
)  # fmt: skip
from linktrack.clicks.judging.network_table import NetworkTable
from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.judging.rulings import Rulings
from linktrack.clicks.judging.surroundings import surroundings
from linktrack.clicks.judging.verdicts import Click, JunkRequest, Probe, Surroundings
from linktrack.clicks.logs import cuts
from linktrack.clicks.logs.cuts import Piece
from linktrack.clicks.logs.line_log import nth
from linktrack.clicks.rollups.counts import Facts, Shift, apply
from linktrack.moments import zone_of
from linktrack.store.open_times import note_open_times
from linktrack.store.session import Database

_COLUMNS = (*Click._fields, "pressed", "reading_id", "ruling_id", "passed")
_GAP = 600_000  # milliseconds: what is stored is looked up in stretches of time no further apart than this


class Arrivals(NamedTuple):
    """What a batch brought, sorted by time; `pressed` is what POSTs said, by time and print."""

    clicks: Sequence[Click] = ()
    probes: Sequence[Probe] = ()
    junk: Sequence[JunkRequest] = ()
    pressed: Mapping[tuple[int, int], str] = MappingProxyType({})


class Moved(NamedTuple):
    """A stored click whose ruling is another one now."""

    stored: StoredClick
    before: str
    after: str


@dataclass(frozen=True)
class StoredBatch:
    """The verdicts of the clicks that were new, by name, and the clicks stored before that moved."""

    verdicts: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True)
class Shelf:
    """Where clicks are put: the database, and what they are judged by and counted with."""

    database: Database
    agents: Agents
    networks: NetworkTable
    by: Surroundings
    facts: Facts

    @classmethod
    def of(cls, database: Database, own_networks: Sequence[str] = ()) -> Shelf:
        """The shelf of a workspace. Hours are those of the zone that the database's hours are kept in."""
        agents, networks = Agents(database), NetworkTable(database)
        by = surroundings(database, Networks(own_networks), agents, networks)
        zone = zone_of(database.value("SELECT time_zone FROM workspace"))
        return cls(database, agents, networks, by, Facts(Rulings(database, by.rules), agents.device, by.sent_at, zone))

    def store(self, new_to_read: Arrivals, reading: int) -> StoredBatch:
        """Store what is new of what a batch brought."""
        clicks = new_to_read.clicks
        known = self._known(clicks) if clicks else set()
        new = [click for click in clicks if (click[0], click[1]) not in known] if known else clicks
        ignore = " ON CONFLICT DO NOTHING"
        self.database.insert("probe", Probe._fields, new_to_read.probes, besides=ignore)
        self.database.insert("junk_request", JunkRequest._fields, new_to_read.junk, besides=ignore)
        return self._put(new_to_read._replace(clicks=new), reading)

    def mend_cuts(self, source_id: int, reading: int) -> StoredBatch:
        """Add the clicks that a cut between two logs has hidden: see `logs.cuts`."""
        row = self.database.row("SELECT first_at, last_at FROM source WHERE id = ?", (source_id,))
        found = StoredBatch()
        for second in sorted({moment for moment in row or () if moment is not None}):
            pieces = self._pieces(second)
            several = {line: times for line, times in cuts.counts(pieces).items() if times > 1}
            if len(pieces) < 2 or not several:
                continue
            stored = {
                click[1]: Click._make(click)
                for click in self.database.rows(
                    f"SELECT {CLICK_COLUMNS} FROM click WHERE clicked_at BETWEEN ? AND ?",  # noqa: S608  (names of ours)
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
                more = self._put(Arrivals(sorted(missing)), reading)
                found = StoredBatch(found.verdicts + more.verdicts, found.moved + more.moved)
        return found

    def _put(self, arrivals: Arrivals, reading: int) -> StoredBatch:
        database, rulings = self.database, self.facts.rulings
        new, pressed = arrivals.clicks, arrivals.pressed
        first = judge_new(database, new, arrivals.probes, arrivals.junk, self.by, rulings)
        database.insert(
            "click",
            _COLUMNS,
            [
                (*click, pressed.get((click[0], click[1]), "") if pressed else "", reading, ruling, 0)
                for click, ruling in zip(new, first.rulings, strict=True)
            ],
        )
        set_rulings(database, [(one.click, ruling) for one, ruling in first.moved])
        looked_at = [*new, *(one.click for one, _ in first.moved)]
        second = judge_reputation(database, first.said, looked_at, self.by, rulings)
        set_rulings(database, [(one.click, ruling) for one, ruling in second])
        return self._count(new, first, second)

    def _count(self, new: Sequence[Click], first: FirstPass, second: list[tuple[StoredClick, int]]) -> StoredBatch:
        """Move the rollups and open times with what the two passes have ruled."""
        names = self.facts.rulings.verdict_names()
        numbers = dict(zip(new, first.rulings, strict=True)) if second else {}
        moved = {one.click: (one, ruling) for one, ruling in first.moved}
        for one, ruling in second:
            if one.click in numbers:
                numbers[one.click] = ruling
            else:
                moved[one.click] = (moved[one.click][0] if one.click in moved else one, ruling)
        rulings = list(numbers.values()) if second else first.rulings
        changed = [(one, ruling) for one, ruling in moved.values() if one.ruling != ruling]
        shifts = [Shift(click, None, ruling) for click, ruling in zip(new, rulings, strict=True)]
        shifts += [Shift(one.click, one.ruling, ruling) for one, ruling in changed]
        apply(self.database, shifts, self.facts)
        opened = [shift.click.clicked_at for shift in shifts if shift.after and names[shift.after] == "human"]
        note_open_times(self.database, [(at, at) for at in opened])
        return StoredBatch(
            tuple(names[number] for number in rulings),
            tuple(Moved(one, names[one.ruling], names[ruling]) for one, ruling in changed),
        )

    def _known(self, clicks: Sequence[Click]) -> set[tuple[int, int]]:
        """Times and prints that are stored already, in the stretches of time that `clicks` cover."""
        known: set[tuple[int, int]] = set()
        start = last = clicks[0][0]
        for click in [*clicks, None]:
            if click is not None and click[0] - last <= _GAP:
                last = click[0]
                continue
            known.update(
                self.database.execute(
                    "SELECT clicked_at, print FROM click WHERE clicked_at BETWEEN ? AND ?", (start, last)
                ).fetchall()
            )
            if click is not None:
                start = last = click[0]
        return known

    def _pieces(self, second: int) -> list[Piece]:
        """What the sources have of one second at their ends."""
        pieces: list[Piece] = []
        for first_at, first, last_at, last in self.database.rows(
            "SELECT first_at, first_lines, last_at, last_lines FROM source WHERE first_at = ? OR last_at = ?",
            (second, second),
        ):
            if first_at == last_at:
                pieces.append(Piece(cuts.unpacked(first), False, False))
            elif first_at == second:
                pieces.append(Piece(cuts.unpacked(first), False, True))
            else:
                pieces.append(Piece(cuts.unpacked(last), True, False))
        return [piece for piece in pieces if piece.lines]
