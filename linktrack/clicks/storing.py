"""Clicks on their way into the database: which are new, with their rulings and rollups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import compress, repeat
from types import MappingProxyType
from typing import NamedTuple

from linktrack.clicks.blanking import blank_clicks
from linktrack.clicks.click import Click, Clicks
from linktrack.clicks.departures import Departures
from linktrack.clicks.judging.agent_table import Agents
from linktrack.clicks.judging.judge import judge_new, judge_reputation, set_rulings
from linktrack.clicks.judging.network_table import NetworkTable
from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.judging.rules.judged import JunkRequest, Probe, Surroundings
from linktrack.clicks.judging.rulings import Rulings
from linktrack.clicks.judging.stored_clicks import CLICK_COLUMNS, StoredClick
from linktrack.clicks.judging.surroundings import surroundings
from linktrack.clicks.logs import cut_logs
from linktrack.clicks.logs.cut_logs import Piece
from linktrack.clicks.logs.print_counts import nth
from linktrack.clicks.rollups.counts import Facts, Shifts, apply
from linktrack.clicks.rollups.domains import Domains
from linktrack.clicks.rollups.refusing import Refusing
from linktrack.clicks.rollups.so_far import ShipmentsSoFar
from linktrack.clicks.rollups.zone import zone_of_hours
from linktrack.clicks.rows_at_moments import known_marks, rows_at
from linktrack.moments import stretches_of, zone_of
from linktrack.store.open_times import NEAR, note_open_times
from linktrack.store.session import Database

_COLUMNS = (*Click._fields, "pressed", "reading_id", "ruling_id", "passed")


class Arrivals(NamedTuple):
    """What a batch brought, in the order of time; `pressed` is what POSTs said, by time and print."""

    clicks: Clicks = Clicks()
    probes: Sequence[Probe] = ()
    junk: Sequence[JunkRequest] = ()
    pressed: Mapping[tuple[int, int], str] = MappingProxyType({})

    def renumbered(self, prints: Mapping[tuple[int, int], int]) -> Arrivals:
        """The same with other prints for some clicks, by time and print."""
        return self._replace(
            clicks=Clicks.of(sorted(click._replace(print=prints.get(click[:2], click.print)) for click in self.clicks)),
            pressed={(mark[0], prints.get(mark, mark[1])): query for mark, query in self.pressed.items()},
        )


class Moved(NamedTuple):
    """A stored click whose ruling is another one now."""

    stored: StoredClick
    before: str
    after: str


@dataclass(frozen=True)
class StoredBatch:
    """How many of the clicks that were new have each verdict, and the clicks stored before that moved.

    `junk` are times and prints of rejected requests that look like ours and were not seen before, `readdressed` is how
    many stored clicks have another visitor's address now, `nobodys` how many departures are of who was forgotten
    (`Departures.note`).
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    moved: tuple[Moved, ...] = ()
    junk: frozenset[tuple[int, int]] = frozenset()
    readdressed: int = 0
    nobodys: int = 0


@dataclass(frozen=True)
class ClickStore:
    """Writes batches of clicks: has the database, and what clicks are judged by and counted with."""

    database: Database
    agents: Agents
    networks: NetworkTable
    by: Surroundings
    facts: Facts
    departures: Departures

    @classmethod
    def of(cls, database: Database, own_networks: Sequence[str] = (), *, leave_by_get: bool = False) -> ClickStore:
        """The store of a workspace's clicks. Hours are those of the zone that the database's hours are kept in."""
        agents, networks = Agents(database), NetworkTable(database)
        by = surroundings(database, Networks(own_networks), agents, networks)
        zone = zone_of(zone_of_hours(database))
        rulings, refusing, domains = Rulings(database, by.rules), Refusing(database), Domains(database)
        facts = Facts(rulings, agents.device, by.sent_at, refusing, domains, ShipmentsSoFar(database), zone)
        return cls(database, agents, networks, by, facts, Departures(database, leave_by_get))

    def known(self, arrivals: Arrivals) -> Set[tuple[int, int]]:
        """Times and prints of those of the clicks that are stored, or were until a reset."""
        if not arrivals.clicks:
            return frozenset()
        times, prints = arrivals.clicks.times, arrivals.clicks.prints
        known = known_marks(self.database, "click", times, prints)
        if self.database.value("SELECT 1 FROM wiped_click LIMIT 1") is not None:
            known |= known_marks(self.database, "wiped_click", times, prints)
        return known

    def store(
        self, new_to_read: Arrivals, reading: int, *, known: Set[tuple[int, int]], again: bool = False
    ) -> StoredBatch:
        """Store what is new of what a batch brought, that is, not among what is `known`.

        With `again`, what is stored already gets the address, the network and the flags that it has now; whoever asks
        for that judges all clicks afterwards.
        """
        clicks = new_to_read.clicks
        is_new = [mark not in known for mark in zip(clicks.times, clicks.prints, strict=True)] if known else []
        new = clicks.picked(is_new) if known else clicks
        ignore = " ON CONFLICT DO NOTHING"
        nobodies = self.by.nobodies
        junk = sorted({one._replace(ip="") if one.recipient_id in nobodies else one for one in new_to_read.junk})
        junk_times, junk_prints = [one.clicked_at for one in junk], [one.print for one in junk]
        known_junk = known_marks(self.database, "junk_request", junk_times, junk_prints)
        known_probes = known_marks(self.database, "probe", junk_times, junk_prints)  # from before a key was revoked
        self.database.insert("probe", Probe._fields, new_to_read.probes, besides=ignore)
        self.database.insert("junk_request", JunkRequest._fields, junk, besides=ignore)
        if again:
            self._readdress_junk([one for one in junk if one[:2] in known_junk])
        stored = self._put(new_to_read._replace(clicks=new, junk=[one for one in junk if one.ip]), reading)
        self._blank(clicks, new)
        readdressed = self._readdress([one for one in clicks if one[:2] in known]) if again and known else 0
        new_junk = frozenset(one[:2] for one in junk) - known_junk - known_probes
        return replace(stored, junk=new_junk, readdressed=readdressed)

    def _blank(self, clicks: Clicks, new: Clicks) -> None:
        """Take what is personal from new clicks of forgotten people, and remove the agents that came with no other
        click."""
        nobodies = self.by.nobodies
        if nobodies and not nobodies.isdisjoint(clicks.recipients):
            marks = ((click[0], click[1], click[5]) for click in new if click.recipient_id in nobodies)
            blank_clicks(self.database, marks)
            others = [recipient not in nobodies for recipient in clicks.recipients]
            self.agents.take_back(set(clicks.agents) - set(compress(clicks.agents, others)))

    def _readdress(self, clicks: Sequence[Click]) -> int:
        """Give stored clicks the visitors' addresses and flags that they are read with now; those of forgotten people
        get none. Returns how many differ."""
        nobodies = self.by.nobodies
        marks: dict[tuple[int, ...], Click] = {
            click[:2]: click for click in clicks if click.recipient_id not in nobodies
        }
        columns = "clicked_at, print, ip, network_id, flags"
        differing = [
            now
            for *mark, ip, network, flags in rows_at(self.database, columns, "click", [one[0] for one in clicks])
            if (now := marks.get(tuple(mark))) and (ip, network, flags) != (now.ip, now.network_id, now.flags)
        ]
        self.database.executemany(
            "UPDATE click SET ip = ?, network_id = ?, flags = ? "
            "WHERE clicked_at = ? AND print = ? AND recipient_id = ?",
            [(one.ip, one.network_id, one.flags, one.clicked_at, one.print, one.recipient_id) for one in differing],
        )
        return len(differing)

    def _readdress_junk(self, junk: Sequence[JunkRequest]) -> None:
        self.database.executemany(
            "UPDATE junk_request SET ip = ?, recipient_id = ? WHERE clicked_at = ? AND print = ?",
            [(one.ip, one.recipient_id, one.clicked_at, one.print) for one in junk],
        )

    def mend_cuts(self, source_id: int, reading: int) -> StoredBatch:
        """Add the clicks that a cut between two logs has hidden: see `logs.cut_logs`."""
        row = self.database.row("SELECT first_at, last_at FROM source WHERE id = ?", (source_id,))
        found = StoredBatch()
        for second in sorted({moment for moment in row or () if moment is not None}):
            pieces = self._pieces(second)
            several = {line: times for line, times in cut_logs.counts(pieces).items() if times > 1}
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
                more = self._put(Arrivals(Clicks.of(sorted(missing))), reading)
                nobodys = found.nobodys + more.nobodys
                found = StoredBatch(found.verdicts + more.verdicts, found.moved + more.moved, nobodys=nobodys)
        return found

    def _put(self, arrivals: Arrivals, reading: int) -> StoredBatch:
        database, rulings = self.database, self.facts.rulings
        new, pressed = arrivals.clicks, arrivals.pressed
        first = judge_new(database, new, arrivals.probes, arrivals.junk, self.by, rulings)
        set_rulings(database, [(one.click, ruling) for one, ruling in first.moved])
        second = judge_reputation(database, new, first, reading, self.by, rulings)
        set_rulings(database, [(one.click, ruling) for one, ruling in second.moved])
        said = map(pressed.get, zip(new.times, new.prints, strict=True), repeat("")) if pressed else repeat("")
        if new:
            database.insert("click", _COLUMNS, zip(*new.columns, said, repeat(reading), second.rulings, repeat(0)))
            if database.value("SELECT 1 FROM passed_click LIMIT 1") is not None:
                database.execute(
                    "UPDATE click SET passed = 1 WHERE passed = 0 AND (clicked_at, print, recipient_id) IN (SELECT "
                    "clicked_at, print, recipient_id FROM passed_click WHERE clicked_at BETWEEN ? AND ?)",
                    (new.times[0], new.times[-1]),
                )
        stored = {one.click: one for one, _ in (*second.moved, *first.moved)}  # with the rulings from before both
        after = {one.click: ruling for one, ruling in (*first.moved, *second.moved)}
        changed = [(stored[click], ruling) for click, ruling in after.items() if stored[click].ruling != ruling]
        nobodys = self._count(new, second.rulings, changed, pressed)
        names = rulings.verdict_names()
        verdicts: Counter[str] = Counter()
        for ruling, count in Counter(second.rulings).items():
            verdicts[names[ruling]] += count
        return StoredBatch(
            verdicts,
            tuple(Moved(one, names[one.ruling], names[ruling]) for one, ruling in changed),
            nobodys=nobodys,
        )

    def _count(
        self,
        new: Clicks,
        rulings: Sequence[int],
        changed: Sequence[tuple[StoredClick, int]],
        pressed: Mapping[tuple[int, int], str],
    ) -> int:
        """Move the rollups, open times and departures for new clicks and for stored ones whose ruling has changed.
        Returns how many departures are of who was forgotten."""
        clicks, shifts = new, Shifts(new, [None] * len(new), rulings)
        if changed:
            before, after = [one.ruling for one, _ in changed], [ruling for _, ruling in changed]
            clicks = new.and_then(one.click for one, _ in changed)
            shifts = Shifts(clicks, [*shifts.before, *before], [*rulings, *after])
        apply(self.database, shifts, self.facts)
        human = set(self.facts.rulings.numbers_of("human"))
        opened = [ruling in human for ruling in shifts.after]
        note_open_times(self.database, stretches_of(compress(clicks.times, opened), NEAR))
        return self.departures.note(self.departures.among(clicks, opened), pressed)

    def _pieces(self, second: int) -> list[Piece]:
        """What the sources have of one second at their ends."""
        pieces: list[Piece] = []
        for first_at, first, last_at, last in self.database.rows(
            "SELECT first_at, first_lines, last_at, last_lines FROM source WHERE first_at = ? OR last_at = ?",
            (second, second),
        ):
            if first_at == last_at and not last:
                pieces.append(Piece(cut_logs.unpacked(first), False, False))
                continue
            if first_at == second:
                pieces.append(Piece(cut_logs.unpacked(first), False, True))
            if last_at == second:  # also of a log that comes back to its first second
                pieces.append(Piece(cut_logs.unpacked(last), True, False))
        return [piece for piece in pieces if piece.lines]
