"""Who clicked, and all that is counted of it, in stories of new clicks, other verdicts and removals: after every step
the figures are those that are counted anew of the clicks, one by one."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from itertools import pairwise, product
from typing import Any

import pytest
from world import SENT, World

from linktrack.clicks.click import Click
from linktrack.clicks.clicked_hours import Hours, clicked_hours
from linktrack.clicks.judging.agent_table import add_agents
from linktrack.clicks.rollups import AGES, recent_clickers, so_far
from linktrack.clicks.rollups.counts import Shifts, apply
from linktrack.clicks.storing import ClickStore
from linktrack.links.tokens import NOBODY
from linktrack.store.clickers import COLUMNS, clickers_by_placement
from linktrack.store.session import Database

PLACES = {101: 1, 102: 1, 103: 2, 104: 3, 105: 3, 106: 3}  # placement → link: several of one
SECONDS = (-5, 1, 2, 2.5, 3, 60, 3_600, 3_601, 7_300, 60 * 3_600)  # after the sending: many at one moment
HOUR = 3_600_000
ADDED, CHANGED, REMOVED = "added", "changed", "removed"


def counted(clicks: dict[Click, str], devices: dict[int, int]) -> dict[str, set[tuple[Any, ...]]]:
    """The rows of the tables, counted of clicks and their verdicts."""
    spots: defaultdict[tuple[int, int, int], list[tuple[int, int]]] = defaultdict(list)  # human clicks, with device
    machines: Counter[tuple[int, int, int]] = Counter()
    rulings: Counter[tuple[int, str]] = Counter()
    for click, verdict in clicks.items():
        spot = (click.shipment_id, click.recipient_id, click.placement_id)
        rulings[click.shipment_id, verdict] += 1
        if verdict == "human":
            spots[spot].append((click.clicked_at, devices[click.agent_id]))
        elif verdict == "scanner":
            machines[spot] += 1
    rows = set()
    for spot in spots.keys() | machines.keys():
        human = sorted(spots.get(spot, ()))
        first, device = human[0] if human else (None, None)
        rows.add((*spot, PLACES[spot[2]], len(human), machines[spot], first, human[-1][0] if human else None, device))
    people = {spot: min(human) for spot, human in spots.items() if spot[1] != NOBODY}
    on_links: dict[tuple[int, int, int], tuple[int, int]] = {}
    anywhere: dict[tuple[int, int], tuple[int, int]] = {}
    for (shipment, recipient, placement), first_of in people.items():
        link = (shipment, recipient, PLACES[placement])
        on_links[link] = min(on_links.get(link, first_of), first_of)
        anywhere[link[:2]] = min(anywhere.get(link[:2], first_of), first_of)
    domains: Counter[tuple[int, str, str]] = Counter()
    for click, verdict in clicks.items():
        domains[click.shipment_id, domain(click.recipient_id), verdict] += 1
    domains.update((shipment, domain(recipient), "clickers") for shipment, recipient in anywhere)
    ages = Counter((shipment, (first - SENT) // HOUR) for (shipment, _), (first, _) in anywhere.items())
    return {
        "clicker": rows,
        "placement_tally": set(Counter((place, shipment) for shipment, _, place in people).items()),
        "link_tally": set(Counter((link, shipment) for shipment, _, link in on_links).items()),
        "link_hour": set(
            Counter((link, sent, first // HOUR * HOUR) for (sent, _, link), (first, _) in on_links.items()).items()
        ),
        "shipment_tally": set(Counter((shipment,) for shipment, _ in anywhere).items()),
        "shipment_device": set(Counter((sent, device) for (sent, _), (_, device) in anywhere.items()).items()),
        "shipment_age": {(where, count) for where, count in ages.items() if 0 <= where[1] < AGES},
        "rulings": set(rulings.items()),
        "domains": {(where, count) for where, count in domains.items() if where[2] != "test"},
        "edges": {
            (link, shipment, min(times), max(times))
            for link, shipment in {(PLACES[place], shipment) for shipment, _, place in spots}
            if (times := [at for spot, human in spots.items() for at, _ in human
                          if (PLACES[spot[2]], spot[0]) == (link, shipment)])
        },
    }  # fmt: skip


def domain(recipient: int) -> str:
    return "" if recipient == NOBODY else f"d{recipient % 2}.example"


def kept(database: Database) -> dict[str, set[tuple[Any, ...]]]:
    """The same as the tables have it."""

    def clickers(table: str, *keys: str) -> set[tuple[Any, ...]]:
        rows = database.rows(f"SELECT {', '.join(keys)}, clickers FROM {table} WHERE clickers <> 0")
        return {(tuple(row[:-1]), row[-1]) for row in rows}

    clicker = "shipment_id, recipient_id, placement_id, link_id, human, machine, first_click, last_click, first_device"
    return {
        "clicker": set(database.rows(f"SELECT {clicker} FROM {clickers_by_placement(database)} AS clicker")),
        "placement_tally": clickers("placement_tally", "placement_id", "shipment_id"),
        "link_tally": clickers("link_tally", "link_id", "shipment_id"),
        "link_hour": clickers("link_hour", "link_id", "shipment_id", "hour"),
        "shipment_tally": clickers("shipment_tally", "shipment_id"),
        "shipment_device": clickers("shipment_device", "shipment_id", "device"),
        "shipment_age": clickers("shipment_age", "shipment_id", "age"),
        "rulings": {
            ((shipment, verdict), count)
            for shipment, verdict, count in database.rows(
                "SELECT shipment_id, verdict, clicks FROM shipment_ruling JOIN ruling ON ruling.id = ruling_id"
            )
        },
        "domains": {
            ((shipment, name, what), count)
            for shipment, name, *counts in database.rows(
                "SELECT shipment_id, domain, human, machine, clickers FROM shipment_domain"
            )
            for what, count in zip(("human", "scanner", "clickers"), counts, strict=True)
            if count
        },
        "edges": set(
            database.rows("SELECT link_id, shipment_id, first_click, last_click FROM link_tally WHERE human > 0")
        ),
    }


@pytest.mark.parametrize("seed", range(48))
def test_figures_are_those_of_the_clicks_after_every_step(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    if seed % 3 == 0:
        monkeypatch.setattr(so_far, "_REMEMBERED", 3)
    if seed % 4:  # as in a shipment of very many, that has many of them or comes to have them
        monkeypatch.setattr(recent_clickers, "_MANY", seed % 4 * 2 - 2)
        monkeypatch.setattr(recent_clickers, "_most_recent", lambda clickers: (8 + clickers % 2, 20))
    clicks: dict[Click, str] = {}
    with world.database() as database:
        database.execute("UPDATE workspace SET time_zone = 'UTC'")
        shipments = [row[0] for row in database.rows("SELECT id FROM shipment WHERE sent_at = ? ORDER BY id", (SENT,))]
        mails = "UPDATE shipment_recipient SET email = 'c@d' || (recipient_id % 2) || '.example'"
        with database.transaction():
            database.execute(mails)
            add_agents(database, [(f"device {number}", number) for number in range(3)])
        devices: dict[int, int] = dict(database.rows("SELECT id, device FROM agent"))
        facts = ClickStore.of(database).facts
        number = {name: facts.rulings.number((name, "")) for name in ("human", "scanner", "test")}
        clock = 0
        for _ in range(30):
            if chance.random() < 0.3:
                facts = ClickStore.of(database).facts  # as another job begins
                if seed % 4 == 3:  # by a program that counts more as very many
                    monkeypatch.setattr(recent_clickers, "_MANY", chance.choice((0, 3, 100)))
            what = chance.choice((ADDED, ADDED, ADDED, CHANGED, REMOVED))
            with database.transaction():
                if what == ADDED:
                    clock = 0 if chance.random() < 0.5 else clock + 80 * HOUR  # in the order of time, or not
                    new = sorted(
                        Click(SENT + clock + int(chance.choice(SECONDS) * 1000), chance.getrandbits(40), PLACES[place],
                              place, chance.choice(shipments), chance.randrange(5), "", 0, chance.choice([*devices]), 0)
                        for place in chance.choices([*PLACES], k=chance.randrange(1, 14))
                    )  # fmt: skip
                    verdicts = {click: chance.choice(("human", "human", "human", "scanner", "test")) for click in new}
                    columns = (*Click._fields, "pressed", "reading_id", "ruling_id", "passed")
                    database.insert("click", columns, [(*one, "", 0, number[verdicts[one]], 0) for one in new])
                    apply(database, Shifts(new, [None] * len(new), [number[verdicts[one]] for one in new]), facts)
                    clicks |= verdicts
                elif clicks:
                    some = chance.sample([*clicks], chance.randrange(1, min(6, len(clicks) + 1)))
                    before = {one: number[clicks[one]] for one in some}
                    if what == CHANGED:
                        after = {one: chance.choice(("human", "scanner")) for one in some}
                        clicks |= after
                        rulings = [(number[after[one]], one.clicked_at, one.print) for one in some]
                        database.executemany(
                            "UPDATE click SET ruling_id = ? WHERE clicked_at = ? AND print = ?", rulings
                        )
                    else:
                        clicks = {one: verdict for one, verdict in clicks.items() if one not in before}
                        gone = [(one.clicked_at, one.print) for one in some]
                        database.executemany("DELETE FROM click WHERE clicked_at = ? AND print = ?", gone)
                    ruled = [number[clicks[one]] if one in clicks else None for one in some]
                    apply(database, Shifts(some, [before[one] for one in some], ruled), facts)
            assert kept(database) == counted(clicks, devices)
        for recipient, verdict in product(range(1, 5), (None, "human", "scanner", "test")):
            found = [one.clicked_at for one in clicks
                     if one.recipient_id == recipient and verdict in (None, clicks[one])]  # fmt: skip
            times = clicked_hours(database, recipient=recipient, verdict=verdict)
            assert all(any(since <= at < until for since, until in times) for at in found), "or none would be listed"
            assert all(one.until < other.since for one, other in pairwise(times))


@pytest.mark.parametrize(("many", "fewest", "most"), [(0, 1, 40), (10**9, 100, 1_000)])
def test_where_very_many_have_clicked_a_batch_writes_few_pages(
    world: World, monkeypatch: pytest.MonkeyPatch, many: int, fewest: int, most: int
) -> None:
    monkeypatch.setattr(recent_clickers, "_MANY", many)
    wal = world.workspace.root / "linktrack.db-wal"
    with world.database() as database:
        with database.transaction():
            rows = [(1, number, 101, 1, 1, 0, SENT, 0, 0) for number in range(1, 30_001)]
            database.insert("clicker", COLUMNS, rows)
            tally = "INSERT INTO shipment_tally (shipment_id, human, prefetch, scanner, test, clickers) "
            database.execute(f"{tally} VALUES (1, 30000, 0, 0, 0, 30000)")
        facts = ClickStore.of(database).facts
        human = facts.rulings.number(("human", ""))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with database.transaction():
            clicks = [Click(SENT + number, 1, 1, 102, 1, number * 59, "", 0, 1, 0) for number in range(1, 501)]
            apply(database, Shifts(clicks, [None] * 500, [human] * 500), facts)
        assert fewest < wal.stat().st_size // 4096 < most
        assert database.value("SELECT clickers FROM link_tally WHERE link_id = 1 AND shipment_id = 1") == 0
        people = f"SELECT count(*) FROM {clickers_by_placement(database)} AS clicker WHERE shipment_id = 1"
        assert database.value(f"{people} AND recipient_id > 0") == 30_500


def test_of_a_person_it_is_known_when_they_clicked_and_in_which_hours_machines_did_in_their_name(world: World) -> None:
    """However many hours others click in."""
    start = SENT // HOUR * HOUR
    clicks = {
        click_on(place, recipient, start + round(hour * HOUR)): verdict
        for place, recipient, verdict, hours in (
            (101, 1, "human", (20, 20.5)), (102, 1, "human", (30,)), (104, 1, "scanner", (50,)),
            (101, 2, "human", range(100)), (102, 2, "scanner", range(100)), (105, 2, "scanner", (5.2, 6.1)),
            (104, 2, "human", (9.5,)),
        )
        for hour in hours
    }  # fmt: skip
    clicks = dict(sorted(clicks.items()))
    with world.database() as database:
        facts = ClickStore.of(database).facts
        rulings = [facts.rulings.number((verdict, "")) for verdict in clicks.values()]
        with database.transaction():
            apply(database, Shifts(list(clicks), [None] * len(clicks), rulings), facts)

        def hours(**wanted: Any) -> list[tuple[float, float]]:
            times = clicked_hours(database, **wanted)
            return [((one.since - start) / HOUR, (one.until - 1 - start) / HOUR) for one in times]

        moment = 1 / HOUR
        by_machines = [(5, 7 - moment), (50, 51 - moment)]
        by_them = [(20, 20.5), (30, 30)]
        assert hours(recipient=1) == [by_machines[0], *by_them, by_machines[1]]
        assert hours(recipient=1, verdict="human") == by_them
        assert hours(recipient=1, verdict="scanner") == by_machines
        assert hours(recipient=1, verdict="test") == []
        assert hours(recipient=1, link=1) == by_them
        within = Hours(start + HOUR // 4 * 81, start + 50 * HOUR)
        assert hours(within=within, recipient=1) == [(20.25, 20.5), (30, 30)]


def click_on(place: int, recipient: int, at: int) -> Click:
    return Click(at, recipient, PLACES[place], place, 1, recipient, "", 0, 1, 0)
