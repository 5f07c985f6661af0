"""A world of mailings, shipments, tests and clicks, and an oracle that counts it all by hand from the raw clicks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from world import BASE, SENT, World, add, line, make_world

from linktrack.clicks.judging.devices import DEVICES
from linktrack.links.editing import delete_links, move_links
from linktrack.links.folders import add_folder
from linktrack.links.stored_actions import add_action
from linktrack.mailings.editing import MailingChanges, delete_mailings, edit_mailing
from linktrack.settings.crm import CrmSettings
from linktrack.settings.tables import Language
from linktrack.workspace import load_workspace

HOUR = 3_600_000
DAY = 24 * HOUR
AUTUMN_SENT = int(datetime(2026, 3, 28, 20, tzinfo=UTC).timestamp() * 1000)  # a night before the clocks go forward
AGENTS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36": 5,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1": 4,
    "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1": 1,
    "curl/8.5.0": 2,
    "Slackbot 1.0": 1,
}
DOMAINS = ("example.com", "Example.com", "mail.example.com", "example.se", "")
MAILINGS = {1: "spring", 2: "autumn", 3: "winter", 4: "never", 5: "gone"}
# shipment → mailing, when it was sent, and whether as a test
SHIPMENTS = {
    1: (1, SENT, False), 2: (1, SENT + 2 * DAY + 90_000, False), 3: (1, SENT - HOUR, True),
    4: (3, SENT - 21 * DAY, True), 5: (3, SENT - 20 * DAY, False), 6: (3, SENT - 19 * DAY, False),
    7: (2, AUTUMN_SENT, False), 8: (2, AUTUMN_SENT - HOUR, True),
}  # fmt: skip
PLACEMENTS = {1: tuple(range(1, 11)), 2: (11,), 3: (12, 13, 14)}
WINTER = '<a href="linktrack:link-2">Read</a> <a href="linktrack:link-3">Read</a> <a href="https://www.example.com/l">Local</a>'
STRICT = 'networks = ["192.0.2.24/29"]\n'  # of [clicks], the last table: whoever clicks from there is a machine
ZONE = "Europe/Stockholm"  # whose clocks go forward in the night after AUTUMN_SENT
OTHER_ZONE = "Asia/Kathmandu"  # +05:45


def make_reports_world(root: Path, zone: str = ZONE, seed: int = 11) -> World:
    """The world of clicks with three more mailings, folders, domains, actions done, and some 600 requests."""
    world = make_world(root, [SHIPMENTS[number][1:] for number in (1, 2, 3)], address_of)
    settings = root / "linktrack.toml"
    text = settings.read_text("utf-8")
    (before,) = (found for found in text.splitlines() if found.startswith("time_zone"))
    settings.write_text(text.replace(before, f'time_zone = "{zone}"') + STRICT, "utf-8")
    world.workspace = load_workspace(root, {})
    with world.database() as database:
        for number, folder in ((1, "Campaigns"), (2, "Campaigns/Spring"), (3, "Campaigns2")):
            add_folder(database, folder)
            move_links(database, [f"link-{number}"], folder)
        add(database, "winter", f'{WINTER} <a href="linktrack:link-5">Gone</a>', type="news")
        for name in ("never", "gone"):
            add(database, name, "<p>Nothing to click</p>", type="news")
        delete_mailings(database, ["gone"], moment=SENT)
    for number, (mailing, sent_at, is_test) in SHIPMENTS.items():
        if number > 3:
            assert world.send(MAILINGS[mailing], sent_at=sent_at, test=is_test, emails=address_of) == number
        if number == 4:  # testers have a mail with a spot that nobody else has
            with world.database() as database:
                edit_mailing(database, "winter", MailingChanges(html=WINTER.encode()), BASE, moment=sent_at)
    with world.database() as database, database.transaction():
        delete_links(database, ["link-7", "link-8"])
        add_action(database, "link-1", {"type": "interest", "add": ["News"]}, CrmSettings(), root / "scripts")
        tally = (
            "INSERT INTO action_tally (link_id, shipment_id, kind, name, status, count) "
            "SELECT id, ?, ?, ?, ?, ? FROM link WHERE key = ?"
        )
        for number in SHIPMENTS:  # written straight, so that what runs have made is counted by hand in every state
            database.execute(tally, (number, "interest", "News", "ok", number, "link-1"))
            database.execute(tally, (number, "script", "call", "failed", 1, "link-2"))
    log = root / "access.log"
    log.write_bytes(b"".join(some_requests(world, seed)))
    world.load(log)
    return world


def address_of(person: int) -> str:
    domain = DOMAINS[person % len(DOMAINS)]
    return f"c{person}@{domain}" if domain else ""


def speak(world: World, language: Language) -> None:
    """Set the workspace's language."""
    path = world.workspace.config_path
    rest = [line for line in path.read_text("utf-8").splitlines(keepends=True) if not line.startswith("language")]
    path.write_text("".join([f'language = "{language}"\n', *rest]), "utf-8")


def some_requests(world: World, seed: int) -> list[bytes]:
    """What people and machines ask for, most of it soon after the sending, in the order of time."""
    chance = random.Random(seed)
    found: list[tuple[float, bytes]] = []
    for shipment, (mailing, sent_at, is_test) in SHIPMENTS.items():
        for _ in range(12 if is_test else 110):
            second = (sent_at - SENT) / 1000 + chance.expovariate(1 / (14 * 3600)) + 60
            second = round(second)
            person = min(chance.randint(1, 30), chance.randint(1, 34), 30)
            spot = chance.choice(PLACEMENTS[mailing])
            (agent,) = chance.choices(list(AGENTS), list(AGENTS.values()))
            ip = f"192.0.2.{person}"
            path = world.path(spot, person, shipment)
            if chance.random() < 0.1:
                found.append((second - 2, line(path, second - 2, ip=ip, agent=agent, method="HEAD")))
            found.append((second, line(path, second, ip=ip, agent=agent)))
    return [request for _, request in sorted(found)]


class RawClick(NamedTuple):
    at: int
    link: str
    placement: str
    shipment: int
    recipient: int
    verdict: str
    reasons: str
    device: int


Where = Callable[[RawClick], bool]


def always(_: RawClick) -> bool:
    return True


@dataclass
class Oracle:
    """Counts everything from the clicks as they are stored, in plain Python."""

    world: World
    zone: ZoneInfo

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.world.database() as database:
            return database.rows(sql)

    @cached_property
    def raw(self) -> list[RawClick]:
        return [
            RawClick(*row)
            for row in self._rows(
                "SELECT clicked_at, link.key, placement.key, shipment_id, recipient_id, verdict, reasons, device FROM click "
                "JOIN ruling ON ruling.id = ruling_id JOIN link ON link.id = click.link_id "
                "JOIN placement ON placement.id = click.placement_id JOIN agent ON agent.id = agent_id ORDER BY clicked_at, print"
            )
        ]

    @cached_property
    def cancelled(self) -> set[int]:
        return {
            row[0]
            for row in self._rows("SELECT id FROM shipment WHERE cancelled_at IS NOT NULL OR finished_at IS NULL")
        }

    def shipments(self, mailing: str | None = None, *, tests: bool = False) -> list[int]:
        """Those that count, oldest first."""
        numbers = [
            number
            for number, (of, _, is_test) in SHIPMENTS.items()
            if number not in self.cancelled and (tests or not is_test) and mailing in (None, MAILINGS[of])
        ]
        return sorted(numbers, key=lambda number: (SHIPMENTS[number][1], number))

    def human(self, shipments: Iterable[int]) -> list[RawClick]:
        chosen = set(shipments)
        return [one for one in self.raw if one.shipment in chosen and one.verdict == "human"]

    def machine(self, shipments: Iterable[int]) -> list[RawClick]:
        chosen = set(shipments)
        return [one for one in self.raw if one.shipment in chosen and one.verdict in ("prefetch", "scanner")]

    def firsts(self, shipments: Iterable[int], by_link: bool = False) -> list[RawClick]:
        """The first human click of each recipient of each shipment, or on each link in it."""
        found: dict[tuple[Any, ...], RawClick] = {}
        for one in sorted(self.human(shipments), key=lambda one: (one.at, one.device)):
            found.setdefault((one.shipment, one.recipient, one.link if by_link else ""), one)
        return list(found.values())

    def counts(self, shipments: Iterable[int], where: Where = always, *, by_link: bool = False) -> dict[str, int]:
        chosen = list(shipments)
        return {
            "clicks": sum(map(where, self.human(chosen))),
            "clickers": sum(map(where, self.firsts(chosen, by_link))),
            "machine_clicks": sum(map(where, self.machine(chosen))),
        }

    def tests(self, shipments: Iterable[int], where: Where = always) -> int:
        chosen = set(shipments)
        return sum(one.shipment in chosen and one.verdict == "test" and where(one) for one in self.raw)

    def edges(self, shipments: Iterable[int], where: Where = always) -> dict[str, str | None]:
        times = [one.at for one in self.human(shipments) if where(one)]
        return {"first_click": self.iso(min(times, default=None)), "last_click": self.iso(max(times, default=None))}

    def local(self, at: int) -> datetime:
        return datetime.fromtimestamp(at / 1000, UTC).astimezone(self.zone)

    def iso(self, at: int | None) -> str | None:
        return None if at is None else self.local(at).isoformat(timespec="seconds")

    def hour(self, at: int) -> str:
        local = self.local(at)
        behind = timedelta(minutes=local.minute, seconds=local.second)
        return (local - behind).isoformat(timespec="seconds")

    def hour_end(self, at: int) -> str:
        local = self.local(at)
        return local.replace(minute=59, second=59, microsecond=999_000).isoformat(timespec="milliseconds")

    def days(self, shipments: list[int], where: Where = always) -> list[dict[str, Any]]:
        chosen = [one for one in (*self.human(shipments), *self.machine(shipments)) if where(one)]
        days = [self.local(one.at).date() for one in chosen]
        if not days:
            return []
        rows = []
        day: date = min(days)
        while day <= max(days):
            rows.append({"day": day.isoformat()} | self.counts(shipments, self._on(day, where)))
            day += timedelta(days=1)
        return rows

    def _on(self, day: date, where: Where) -> Where:
        return lambda one: where(one) and self.local(one.at).date() == day

    def grouped(
        self, shipments: list[int], key: Callable[[RawClick], Any], where: Where = always
    ) -> dict[Any, dict[str, int]]:
        """Counts by what a click is grouped by, of groups with clicks."""
        keys = {key(one) for one in (*self.human(shipments), *self.machine(shipments)) if where(one)}
        return {
            name: self.counts(shipments, lambda one: where(one) and key(one) == name)  # noqa: B023  (called at once)
            for name in sorted(keys)
        }

    def device(self, one: RawClick) -> str:
        return DEVICES[one.device]

    def age(self, one: RawClick) -> int:
        return (one.at - SHIPMENTS[one.shipment][1]) // HOUR

    def shares(self, mailing: str) -> list[float] | None:
        firsts = self.firsts(self.shipments(mailing))
        within = [self.age(one) for one in firsts if 0 <= self.age(one) < 48]
        if not within:
            return None
        return [round(sum(age <= hour for age in within) / len(within), 6) for hour in range(48)]

    def medians(self, mailing: str) -> list[float] | None:
        """Of the mailings that were first sent before: long ago, all of them."""
        began = min(SHIPMENTS[number][1] for number in self.shipments(mailing))
        earlier = []
        for name in MAILINGS.values():
            own = self.shipments(name)
            within = [one for one in self.firsts(own) if 0 <= self.age(one) < 48]
            if own and min(SHIPMENTS[number][1] for number in own) < began and len(within) >= 5:
                shares = self.shares(name)
                assert shares is not None
                earlier.append(shares)
        return [round(median(hour), 6) for hour in zip(*earlier, strict=True)] if earlier else None

    def domain_of(self, recipient: int) -> str:
        return DOMAINS[recipient % len(DOMAINS)].lower()

    def standing(self, mailing: str | None = None) -> dict[str, Counter[str]]:
        """In how many places of which mailings each link stands."""
        found: dict[str, Counter[str]] = {}
        for link, name in self._rows(
            "SELECT link.key, mailing.name FROM placement JOIN link ON link.id = link_id "
            "JOIN mailing ON mailing.id = placement.mailing_id WHERE placement.kind <> 'honeypot' AND placement.gone_at IS NULL"
        ):
            if mailing in (None, name):
                found.setdefault(link, Counter())[name] += 1
        return found
