"""The tallies that reports read: moved with every click that is stored, judged anew or removed, never counted anew.

One click is one `Shift`: from no ruling to one (stored), from one to another (judged anew), from one to none (removed).
"""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import islice
from typing import NamedTuple

from linktrack.clicks.judging.rulings import Rulings
from linktrack.clicks.judging.verdicts import Click
from linktrack.clicks.rollups import AGES
from linktrack.clicks.rollups.clickers import Deed, Person, Turnout, note_deeds
from linktrack.clicks.rollups.refusing import Refusing
from linktrack.contacts.recipients import domain_of
from linktrack.moments import HOUR, hour_start
from linktrack.store.session import Database

TABLES = (  # all that is kept up to date here, and can be made anew from the clicks
    *("clicker", "link_tally", "shipment_tally", "placement_tally", "link_hour", "shipment_hour"),
    *("shipment_age", "shipment_device", "shipment_ruling"),
)
_QUARTER = HOUR // 4  # every zone's hours begin at one
_WIDE = ("human", "prefetch", "scanner", "test")
_NARROW = ("human", "machine", "test")
_AT_ONCE = 500  # values of one query

Key = tuple[int, ...]
Row = dict[str, int]  # column → what is added


class Shift(NamedTuple):
    """A click whose ruling was `before` (None: it was not there) and is `after` (None: it is gone)."""

    click: Click
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Facts:
    """What the tallies need to know besides the clicks."""

    rulings: Rulings
    device: Callable[[int], int]  # of an agent's number
    sent_at: Mapping[int, int]  # of shipments
    refusing: Refusing
    zone: tzinfo  # in which hours are counted


def apply(database: Database, shifts: Sequence[Shift], facts: Facts) -> None:
    """Move all tallies for these clicks, in the open transaction that has stored and judged them already."""
    if not shifts:
        return
    verdicts = facts.rulings.verdict_names()
    human = facts.rulings.numbers_of("human")
    refused = facts.refusing.shipments_among({shift[0][4] for shift in shifts})
    if refused:
        facts.refusing.look_up(click[4:6] for click, _, _ in shifts if click[4] in refused)
    deeds = _deeds(shifts, verdicts, facts.device, facts.refusing.counted_as if refused else None)
    turnout = note_deeds(database, deeds, human, facts.refusing)
    hours = _Hours(facts.zone)
    tables = _Tables()
    _count(tables, shifts, verdicts, facts, hours)
    _turn(tables, turnout, facts, hours)
    _count_domains(database, tables, deeds, turnout)
    tables.write(database)
    _settle_times(database, shifts, verdicts)


def rebuild(database: Database, facts: Facts, stream: Iterable[tuple[Click, int]], batch: int = 50_000) -> None:
    """Make all tallies anew from all clicks and their rulings, in one transaction."""
    with database.transaction():
        for table in TABLES:
            database.execute(f"DELETE FROM {table}")
        database.execute("UPDATE shipment_domain SET human = 0, machine = 0, clickers = 0")
        rest = iter(stream)
        while some := [Shift(click, None, ruling) for click, ruling in islice(rest, batch)]:
            apply(database, some, facts)


# --- from clicks to rows ---------------------------------------------------------------------------------------


def _deeds(
    shifts: Sequence[Shift],
    verdicts: Mapping[int, str],
    device_of: Callable[[int], int],
    counted_as: Callable[[int, int], int] | None,
) -> dict[Person, dict[int, Deed]]:
    """What each person did on each placement; tests are no deeds.

    `counted_as` says whose a click is that somebody may have made who refused tracking: these are counted together.
    """
    people: defaultdict[Person, dict[int, Deed]] = defaultdict(dict)
    for (at, _, link, placement, shipment, recipient, _, _, agent, _), before, after in shifts:
        was = None if before is None else verdicts[before]
        now = None if after is None else verdicts[after]
        if was in _NO_DEEDS and now in _NO_DEEDS:
            continue
        own = people[shipment, recipient if counted_as is None else counted_as(shipment, recipient)]
        if was is None and placement not in own:  # nearly always, and thrice as fast
            fresh = (link, 1, 0, at, at, device_of(agent), False) if now == "human" else (link, 0, 1, *_NO_TIMES)
            own[placement] = tuple.__new__(Deed, fresh)
            continue
        _, human, machine, first, last, device, lost = own.get(placement, _NO_DEED)
        if was == "human":
            human -= 1
            lost = True
        elif was not in _NO_DEEDS:
            machine -= 1
        if now == "human":
            human += 1
            if first is None or at <= first:
                here = device_of(agent)
                device = here if first is None or at < first else min(here, device or 0)
                first = at
            if last is None or at > last:
                last = at
        elif now not in _NO_DEEDS:
            machine += 1
        own[placement] = Deed(link, human, machine, first, last, device, lost)
    return people


_NO_DEEDS = (None, "test")
_NO_TIMES = (None, None, None, False)
_NO_DEED = Deed(0, 0, 0, *_NO_TIMES)


class _Tables:
    """What is to be added to the rows of each tally, by table and key."""

    def __init__(self) -> None:
        self._added: defaultdict[str, defaultdict[Key, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._domains: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)

    def add(self, table: str, key: Key, column: str, count: int) -> None:
        self._added[table][key][column] += count

    def add_domain(self, shipment: int, domain: str, column: str, count: int) -> None:
        self._domains[shipment, domain][column] += count

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
        columns = ("human", "machine", "clickers")
        _upsert(
            database,
            "shipment_domain",
            ("shipment_id", "domain"),
            ("sent", *columns),
            [(*key, 0, *(added[column] for column in columns)) for key, added in sorted(self._domains.items())],
        )


_COLUMNS = {
    "link_tally": (("link_id", "shipment_id"), (*_WIDE, "clickers")),
    "shipment_tally": (("shipment_id",), (*_WIDE, "clickers")),
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


def _count(tables: _Tables, shifts: Sequence[Shift], verdicts: Mapping[int, str], facts: Facts, hours: _Hours) -> None:
    """Clicks by everything that they are counted by."""
    clicks, before, after = zip(*shifts, strict=True)
    times, _, links, placements, shipments, _, _, _, agents, _ = zip(*clicks, strict=True)
    sent = facts.sent_at.get
    ages = [(at - sent(shipment, 0)) // HOUR for at, shipment in zip(times, shipments, strict=True)]
    devices = map(facts.device, agents)
    starts = [hours[at // _QUARTER] for at in times]
    seen = Counter(zip(links, placements, shipments, starts, ages, devices, before, after, strict=True))
    add = tables.add
    for (link, placement, shipment, hour, age, device, old, new), times_seen in seen.items():
        for ruling, count in ((old, -times_seen), (new, times_seen)):
            if ruling is None:
                continue
            wide = verdicts[ruling]
            narrow = "machine" if wide in ("prefetch", "scanner") else wide
            add("link_tally", (link, shipment), wide, count)
            add("shipment_tally", (shipment,), wide, count)
            add("placement_tally", (placement, shipment), narrow, count)
            add("link_hour", (link, shipment, hour), narrow, count)
            add("shipment_hour", (shipment, hour), narrow, count)
            add("shipment_ruling", (shipment, ruling), "clicks", count)
            if narrow != "test":
                add("shipment_device", (shipment, device), narrow, count)
                if 0 <= age < AGES:
                    add("shipment_age", (shipment, age), narrow, count)


def _turn(tables: _Tables, turnout: Turnout, facts: Facts, hours: _Hours) -> None:
    """Clickers, where the first of their human clicks stands."""
    for (placement, shipment), won in turnout.placements.items():
        tables.add("placement_tally", (placement, shipment), "clickers", won)
    sent = facts.sent_at.get
    seen: defaultdict[tuple[int, int, int, int, int, int], int] = defaultdict(int)
    for shipment, _, link, before, after in turnout.turns:
        for first, sign in ((before, -1), (after, 1)):
            if first is not None:
                at, device = first
                age = -1 if link else (at - sent(shipment, 0)) // HOUR
                seen[shipment, link, hours[at // _QUARTER], age, 0 if link else device, sign] += 1
    for (shipment, link, hour, age, device, sign), times_seen in seen.items():
        count = sign * times_seen
        if link:
            tables.add("link_tally", (link, shipment), "clickers", count)
            tables.add("link_hour", (link, shipment, hour), "clickers", count)
            continue
        tables.add("shipment_tally", (shipment,), "clickers", count)
        tables.add("shipment_hour", (shipment, hour), "clickers", count)
        tables.add("shipment_device", (shipment, device), "clickers", count)
        if 0 <= age < AGES:
            tables.add("shipment_age", (shipment, age), "clickers", count)


def _count_domains(
    database: Database, tables: _Tables, deeds: Mapping[Person, Mapping[int, Deed]], turnout: Turnout
) -> None:
    """Clicks and clickers by the domain of the address that the mail was sent to, "" of those who refused tracking."""
    domains = _domains(database, deeds)
    seen: defaultdict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for person, own in deeds.items():
        counts = seen[person[0], domains.get(person, "")]
        for _, human, machine, *_ in own.values():
            counts[0] += human
            counts[1] += machine
    for shipment, recipient, link, before, after in turnout.turns:
        if not link and (before is None) != (after is None):
            seen[shipment, domains.get((shipment, recipient), "")][2] += 1 if before is None else -1
    for (shipment, domain), counts in seen.items():
        for column, count in zip(("human", "machine", "clickers"), counts, strict=True):
            if count:
                tables.add_domain(shipment, domain, column, count)


def _domains(database: Database, people: Iterable[Person]) -> dict[Person, str]:
    """The domains that people's mails were sent to."""
    by_shipment: defaultdict[int, list[int]] = defaultdict(list)
    for shipment, recipient in people:
        by_shipment[shipment].append(recipient)
    found: dict[Person, str] = {}
    known: dict[str, str] = {}  # by what stands behind the last @
    for shipment, recipients in by_shipment.items():
        rest = iter(sorted(recipients))
        while some := list(islice(rest, _AT_ONCE)):
            for recipient, email in database.rows(
                f"SELECT recipient_id, email FROM shipment_recipient WHERE shipment_id = ? "
                f"AND recipient_id IN ({', '.join('?' * len(some))})",
                (shipment, *some),
            ):
                behind = email[email.rfind("@") :]
                if behind not in known:
                    known[behind] = domain_of(email)
                found[shipment, recipient] = known[behind]
    return found


# --- first and last click --------------------------------------------------------------------------------------


def _settle_times(database: Database, shifts: Sequence[Shift], verdicts: Mapping[int, str]) -> None:
    """Widen first and last human click by those that came, and find them anew where the first or last one went."""
    won: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    lost: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for click, before, after in shifts:
        was = before is not None and verdicts[before] == "human"
        now = after is not None and verdicts[after] == "human"
        if was != now:
            (won if now else lost)[click.link_id, click.shipment_id].append(click.clicked_at)
    for table, keys, of in (
        ("link_tally", ("link_id", "shipment_id"), lambda pair: pair),
        ("shipment_tally", ("shipment_id",), lambda pair: pair[1:]),
    ):
        same = " AND ".join(f"{key} = ?" for key in keys)
        for key, moments in _grouped(won, of).items():
            first, last = min(moments), max(moments)
            database.execute(
                f"UPDATE {table} SET "
                "first_click = CASE WHEN first_click IS NULL OR first_click > ? THEN ? ELSE first_click END, "
                "last_click = CASE WHEN last_click IS NULL OR last_click < ? THEN ? ELSE last_click END "
                f"WHERE {same}",
                (first, first, last, last, *key),
            )
        for key, moments in _grouped(lost, of).items():
            edges = database.row(f"SELECT first_click, last_click FROM {table} WHERE {same}", key)
            if edges is not None and (min(moments) <= (edges[0] or 0) or max(moments) >= (edges[1] or 0)):
                database.execute(
                    f"UPDATE {table} SET first_click = (SELECT min(first_click) FROM clicker WHERE {same}), "
                    f"last_click = (SELECT max(last_click) FROM clicker WHERE {same}) WHERE {same}",
                    (*key, *key, *key),
                )


def _grouped(
    moments: Mapping[tuple[int, int], list[int]], of: Callable[[tuple[int, ...]], Key]
) -> dict[Key, list[int]]:
    found: defaultdict[Key, list[int]] = defaultdict(list)
    for pair, times in moments.items():
        found[of(pair)] += times
    return dict(sorted(found.items()))


def _upsert(
    database: Database, table: str, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Add rows to those that are there."""
    added = ", ".join(f"{column} = {table}.{column} + excluded.{column}" for column in columns)
    database.insert(table, (*keys, *columns), rows, besides=f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}")
