"""The tallies that reports read: moved with every click that is stored, judged anew or removed, never counted anew.

A click shifts from no ruling to one (stored), from one to another (judged anew), from one to none (removed).
"""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import islice, repeat, starmap
from operator import itemgetter
from typing import NamedTuple

from linktrack.click_marks import VERDICTS
from linktrack.clicks.click import Click, Clicks
from linktrack.clicks.judging.rulings import Rulings
from linktrack.clicks.rollups import AGES
from linktrack.clicks.rollups.clicker_changes import BY_MACHINE, BY_PERSON, UNCOUNTED
from linktrack.clicks.rollups.clickers import note_clickers
from linktrack.clicks.rollups.columns import Columns
from linktrack.clicks.rollups.domains import Domains
from linktrack.clicks.rollups.edge_times import settle_times
from linktrack.clicks.rollups.recent_clickers import add_all_recent
from linktrack.clicks.rollups.refusing import Refusing
from linktrack.clicks.rollups.so_far import FIRST, ON_LINK, ON_PLACEMENT, ShipmentsSoFar
from linktrack.clicks.rollups.turnout import Turnout
from linktrack.email_addresses import domain_of
from linktrack.moments import HOUR, hour_start
from linktrack.store.session import Database

TABLES = (  # all that is kept up to date here, and can be made anew from the clicks
    *("clicker", "recent_clicker", "link_tally", "shipment_tally", "placement_tally", "link_hour", "shipment_hour"),
    *("shipment_age", "shipment_device", "shipment_ruling", "shipment_domain"),
)
_QUARTER = HOUR // 4  # every zone's hours begin at one
_NARROW = ("human", "machine", "test")

Key = tuple[int, ...]
_Place = tuple[int, int, int]  # link, placement, shipment
_When = tuple[int, int, int]  # shipment, hour, full hours after the sending
_Change = tuple[int | None, int | None, int]  # the rulings before and after, and what the click is to the clickers


class Shifts(NamedTuple):
    """Clicks, the number of the ruling that each had (None: it was not there) and of the one it has now (None: it is
    gone)."""

    clicks: Sequence[Click]
    before: Sequence[int | None]
    after: Sequence[int | None]


@dataclass(frozen=True)
class Facts:
    """What the tallies need to know besides the clicks."""

    rulings: Rulings
    device: Callable[[int], int]  # of an agent's number
    sent_at: Mapping[int, int]  # of shipments
    refusing: Refusing
    domains: Domains
    so_far: ShipmentsSoFar
    zone: tzinfo  # in which hours are counted


def apply(database: Database, shifts: Shifts, facts: Facts) -> None:
    """Move all tallies for these clicks, in the open transaction that has stored and judged them already."""
    if not shifts.clicks:
        return
    verdicts = facts.rulings.verdict_names()
    columns = _columns(shifts, verdicts, facts)
    human = facts.rulings.numbers_of("human")
    turns, turnout = note_clickers(database, columns, human, facts.refusing, facts.domains, facts.so_far)
    hours = _Hours(facts.zone)
    tables = _Tables()
    _count(tables, columns, turns, verdicts, facts, hours)
    _turn(tables, turnout, facts, hours)
    tables.add_domains(turnout.by_domain)
    tables.write(database)
    settle_times(database, columns)


def rebuild(database: Database, facts: Facts, stream: Iterable[tuple[Click, int]], batch: int = 50_000) -> None:
    """Make all tallies anew from all clicks and their rulings, in one transaction."""
    with database.transaction():
        for table in TABLES:
            database.execute(f"DELETE FROM {table}")
        facts.so_far.forget()
        count_sent(database)
        rest = iter(stream)
        while some := list(islice(rest, batch)):
            clicks, rulings = zip(*some, strict=True)
            apply(database, Shifts(clicks, [None] * len(clicks), rulings), facts)
        add_all_recent(database)


def count_sent(database: Database) -> None:
    """Count anew to how many a shipment went, by the domain of their address, as it was noted when it was made; what is
    counted of clicks stays. Part of a transaction."""
    sent: Counter[tuple[int, str]] = Counter()
    uncounted: Counter[tuple[int, str]] = Counter()
    for shipment, email, refused in database.stream("SELECT shipment_id, email, uncounted FROM shipment_recipient"):
        where = (shipment, domain_of(email))
        sent[where] += 1
        uncounted[where] += bool(refused)
    columns = ("shipment_id", "domain", "sent", "uncounted", "human", "machine", "clickers")
    rows = [(*where, count, uncounted[where], 0, 0, 0) for where, count in sorted(sent.items())]
    database.execute("UPDATE shipment_domain SET sent = 0, uncounted = 0")
    anew = " ON CONFLICT (shipment_id, domain) DO UPDATE SET sent = excluded.sent, uncounted = excluded.uncounted"
    database.insert("shipment_domain", columns, rows, besides=anew)
    database.execute("DELETE FROM shipment_domain WHERE sent = 0 AND human = 0 AND machine = 0 AND clickers = 0")


# --- from clicks to rows ---------------------------------------------------------------------------------------


_COUNTED_AS = {"human": BY_PERSON, "prefetch": BY_MACHINE, "scanner": BY_MACHINE, "test": UNCOUNTED}


def _columns(shifts: Shifts, verdicts: Mapping[int, str], facts: Facts) -> Columns:
    """Clicks that shift, by shipment and in the order of time."""
    before, after = shifts.before, shifts.after
    clicks = Clicks.of(shifts.clicks)
    times, links, placements = clicks.times, clicks.links, clicks.placements
    shipments, recipients, agents = clicks.shipments, clicks.recipients, clicks.agents
    if len(set(shipments)) > 1 or list(times) != sorted(times):
        order = sorted(range(len(times)), key=times.__getitem__)
        order.sort(key=shipments.__getitem__)
        unordered = (times, links, placements, shipments, recipients, agents, before, after)
        times, links, placements, shipments, recipients, agents, before, after = map(itemgetter(*order), unordered)
    if refused := facts.refusing.shipments_among(set(shipments)):
        people = list(zip(shipments, recipients, strict=True))
        facts.refusing.look_up(person for person in people if person[0] in refused)
        recipients = tuple(starmap(facts.refusing.counted_as, people))
    device_of = {agent: facts.device(agent) for agent in set(agents)}
    devices = list(map(device_of.__getitem__, agents))
    counted_as: dict[int | None, str] = {number: _COUNTED_AS[verdict] for number, verdict in verdicts.items()}
    counted_as[None] = UNCOUNTED
    was, now = (list(map(counted_as.__getitem__, rulings)) for rulings in (before, after))
    return Columns(recipients, times, links, placements, shipments, devices, before, after, was, now)


class _Tables:
    """What is to be added to the rows of each tally, by table and key."""

    def __init__(self) -> None:
        self._added: defaultdict[str, defaultdict[Key, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._domains: dict[tuple[int, str], Sequence[int]] = {}

    def add(self, table: str, key: Key, column: str, count: int) -> None:
        self._added[table][key][column] += count

    def add_clickers(self, shipment: int, hour: int, age: int, device: int, count: int) -> None:
        """Clickers of a shipment, by the first of their human clicks."""
        self.add("shipment_tally", (shipment,), "clickers", count)
        self.add("shipment_hour", (shipment, hour), "clickers", count)
        self.add("shipment_device", (shipment, device), "clickers", count)
        if 0 <= age < AGES:
            self.add("shipment_age", (shipment, age), "clickers", count)

    def add_domains(self, counts: Mapping[tuple[int, str], Sequence[int]]) -> None:
        """Clicks of people and machines, and clickers, by shipment and domain."""
        self._domains.update((where, own) for where, own in counts.items() if any(own))

    def write(self, database: Database) -> None:
        """Add everything, and take out the rows of which nothing is left."""
        for table, (keys, columns) in _COLUMNS.items():
            rows = [(*key, *(added[column] for column in columns)) for key, added in sorted(self._added[table].items())]
            _upsert(database, table, keys, columns, rows)
            if any(count < 0 for added in self._added[table].values() for count in added.values()):
                same = " AND ".join(f"{key} = ?" for key in keys)
                nothing = " AND ".join(f"{column} = 0" for column in columns)
                database.executemany(
                    f"DELETE FROM {table} WHERE {same} AND {nothing}", [row[: len(keys)] for row in rows]
                )
        columns = ("sent", "human", "machine", "clickers")
        domains = [(*where, 0, *own) for where, own in sorted(self._domains.items())]
        _upsert(database, "shipment_domain", ("shipment_id", "domain"), columns, domains)


_COLUMNS = {
    "link_tally": (("link_id", "shipment_id"), (*VERDICTS, "clickers")),
    "shipment_tally": (("shipment_id",), (*VERDICTS, "clickers")),
    "placement_tally": (("placement_id", "shipment_id"), (*_NARROW, "clickers")),
    "link_hour": (("link_id", "shipment_id", "hour"), (*_NARROW, "clickers")),
    "shipment_hour": (("shipment_id", "hour"), (*_NARROW, "clickers")),
    "shipment_age": (("shipment_id", "age"), ("human", "machine", "clickers")),
    "shipment_device": (("shipment_id", "device"), ("human", "machine", "clickers")),
    "shipment_ruling": (("shipment_id", "ruling_id"), ("clicks",)),
}


class _Hours(dict[int, int]):
    """When the hour of a zone began, by quarters of an hour since 1970: each lies in one hour of any zone."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, quarter: int) -> int:
        hour = self[quarter] = hour_start(quarter * _QUARTER, self._zone)
        return hour


def _count(
    tables: _Tables,
    columns: Columns,
    turns: Sequence[int],
    verdicts: Mapping[int, str],
    facts: Facts,
    hours: _Hours,
) -> None:
    """Clicks by everything that they are counted by, and the clickers that they make by being somebody's first."""
    _, _, links, placements, shipments, devices, before, after, _, _ = columns
    starts: list[int] = []
    ages: list[int] = []
    for shipment, own in columns.by_shipment():
        starts += _each_of(own.times, _QUARTER, 0, hours.__getitem__)
        ages += _each_of(own.times, HOUR, facts.sent_at.get(shipment, 0), int)
    seen = Counter(zip(links, placements, shipments, starts, ages, devices, before, after, turns, strict=True))
    add = tables.add
    placed: Counter[tuple[_Place, _Change]] = Counter()
    timed: Counter[tuple[_When, int, _Change]] = Counter()  # with the device
    for (link, placement, shipment, hour, age, device, old, new, turn), count in seen.items():
        change = (old, new, turn)
        placed[(link, placement, shipment), change] += count
        timed[(shipment, hour, age), device, change] += count
        for ruling, more in _moved(old, new, count):
            add("link_hour", (link, shipment, hour), _narrow(verdicts[ruling]), more)
        if turn >= ON_LINK:
            add("link_hour", (link, shipment, hour), "clickers", count)
    for ((link, placement, shipment), (old, new, turn)), count in placed.items():
        for ruling, more in _moved(old, new, count):
            add("link_tally", (link, shipment), verdicts[ruling], more)
            add("shipment_tally", (shipment,), verdicts[ruling], more)
            add("placement_tally", (placement, shipment), _narrow(verdicts[ruling]), more)
            add("shipment_ruling", (shipment, ruling), "clicks", more)
        if turn >= ON_PLACEMENT:
            add("placement_tally", (placement, shipment), "clickers", count)
        if turn >= ON_LINK:
            add("link_tally", (link, shipment), "clickers", count)
    for ((shipment, hour, age), device, (old, new, turn)), count in timed.items():
        for ruling, more in _moved(old, new, count):
            narrow = _narrow(verdicts[ruling])
            add("shipment_hour", (shipment, hour), narrow, more)
            if narrow != "test":
                add("shipment_device", (shipment, device), narrow, more)
                if 0 <= age < AGES:
                    add("shipment_age", (shipment, age), narrow, more)
        if turn >= FIRST:
            tables.add_clickers(shipment, hour, age, device, count)


def _each_of(times: Sequence[int], width: int, begin: int, of: Callable[[int], int]) -> list[int]:
    """For each of some times in order what is said `of` the stretch it lies in, by the number of that: stretches are so
    wide, and one of them begins at `begin`."""
    found: list[int] = []
    while len(found) < len(times):
        number = (times[len(found)] - begin) // width
        found += repeat(of(number), bisect_left(times, begin + (number + 1) * width, len(found)) - len(found))
    return found


def _moved(old: int | None, new: int | None, count: int) -> Iterator[tuple[int, int]]:
    """How many clicks each ruling has more, where some have got another one."""
    return ((ruling, more) for ruling, more in ((old, -count), (new, count)) if ruling is not None)


def _narrow(verdict: str) -> str:
    return "machine" if verdict in ("prefetch", "scanner") else verdict


def _turn(tables: _Tables, turnout: Turnout, facts: Facts, hours: _Hours) -> None:
    """Count the clickers that others than first clicks make or unmake, where the first of their human clicks stands."""
    for (placement, shipment), more in turnout.on_placements.items():
        tables.add("placement_tally", (placement, shipment), "clickers", more)
    for (shipment, link, sign), firsts in turnout.firsts.items():
        if link:
            tables.add("link_tally", (link, shipment), "clickers", sign * len(firsts))
            for hour, count in Counter([hours[at // _QUARTER] for at, _ in firsts]).items():
                tables.add("link_hour", (link, shipment, hour), "clickers", sign * count)
            continue
        sent = facts.sent_at.get(shipment, 0)
        turned = Counter([(hours[at // _QUARTER], (at - sent) // HOUR, device) for at, device in firsts])
        for (hour, age, device), count in turned.items():
            tables.add_clickers(shipment, hour, age, device, sign * count)


def _upsert(
    database: Database, table: str, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Add rows to those that are there."""
    added = ", ".join(f"{column} = {table}.{column} + excluded.{column}" for column in columns)
    database.insert(table, (*keys, *columns), rows, besides=f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}")
