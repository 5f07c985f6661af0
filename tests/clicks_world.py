"""A small world that clicks come from: one mailing with ten placements, two shipments and a test, thirty recipients."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from linktrack.clicks.load import import_logs
from linktrack.clicks.summary import ImportOrder, ImportSummary
from linktrack.links.keys import open_keys
from linktrack.links.tokens import Tokens
from linktrack.store.session import Database, open_database
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import Workspace, load_workspace

SENT = 1_777_885_200_000  # 2026-05-04T09:00:00Z
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)


@dataclass(repr=False)
class World:
    """A workspace with a mailing that was sent."""

    workspace: Workspace
    tokens: Tokens

    def database(self) -> Database:
        return open_database(self.workspace)

    def path(self, placement: int = 1, recipient: int = 1, shipment: int = 1) -> str:
        return f"/{key_of(placement)}/{self.tokens.sign(number_of(shipment), recipient)}"

    def copy(self, root: Path) -> World:
        """Another workspace that was the same so far."""
        shutil.copytree(self.workspace.root, root)
        return World(load_workspace(root, {}), self.tokens)

    def load(self, *paths: Path | str, **options: Any) -> ImportSummary:
        """Import logs."""
        with self.database() as database:
            return import_logs(self.workspace, database, [str(path) for path in paths], ImportOrder(**options))

    def clicks(self) -> list[tuple[Any, ...]]:
        with self.database() as database:
            return database.rows(
                "SELECT clicked_at, print, link_id, placement_id, shipment_id, recipient_id, ip, agent.text, flags, "
                "verdict, reasons FROM click JOIN agent ON agent.id = agent_id JOIN ruling ON ruling.id = ruling_id "
                "ORDER BY clicked_at, print"
            )

    def tallies(self) -> dict[str, list[tuple[Any, ...]]]:
        from linktrack.clicks.rollups.counts import TABLES

        with self.database() as database:
            tables = {table: sorted(database.rows(f"SELECT * FROM {table}")) for table in TABLES}
            tables["shipment_ruling"] = sorted(
                database.rows(
                    "SELECT shipment_id, verdict, reasons, clicks FROM shipment_ruling "
                    "JOIN ruling ON ruling.id = ruling_id"
                )
            )
            return tables


def number_of(shipment: int) -> int:
    """What tokens carry for a shipment."""
    return 70_000 + shipment


def key_of(placement: int) -> str:
    return "pl" + "abcdefghijklmnop"[placement]


def line(
    path: str, second: float = 600, *, ip: str = "192.0.2.17", agent: str = CHROME, method: str = "GET", status: int = 302,
    zone: int = 0,
) -> bytes:  # fmt: skip
    """A combined log line, `second` seconds after the sending."""
    from datetime import UTC, datetime, timedelta, timezone

    moment = datetime.fromtimestamp(SENT / 1000, UTC) + timedelta(seconds=second)
    stamp = moment.astimezone(timezone(timedelta(minutes=zone))).strftime("%d/%b/%Y:%H:%M:%S %z")
    return f'{ip} - - [{stamp}] "{method} {path} HTTP/1.1" {status} 0 "-" "{agent}"\n'.encode()


def make_world(root: Path) -> World:
    init_workspace(root, "https://click.example.com")
    workspace = load_workspace(root, {})
    with open_database(workspace) as database, database.transaction():
        database.execute(
            "INSERT INTO mailing (id, name, subject, type, html, settings, created_at) VALUES "
            "(1, 'spring', 'Spring', 'newsletter', x'', '{}', 0), (2, 'autumn', 'Autumn', 'newsletter', x'', '{}', 0)"
        )
        special: dict[str, int] = dict(database.rows("SELECT key, id FROM link WHERE kind = 'special'"))
        for number in range(1, 9):
            database.execute(
                "INSERT INTO link (id, key, name, kind, url, response, created_at, updated_at) "
                "VALUES (?, ?, ?, 'registered', ?, '{\"kind\": \"redirect\"}', 0, 0)",
                (100 + number, f"link-{number}", f"Link {number}", f"https://www.example.com/{number}"),
            )
        for number in range(1, 12):
            link = special["honeypot"] if number == 9 else special["unsubscribe"] if number == 10 else 100 + number
            if number == 11:
                link = 101
            database.execute(
                'INSERT INTO placement (id, key, mailing_id, link_id, position, part, kind, label, url, start, stop, line, "column") '
                "VALUES (?, ?, ?, ?, ?, 'html', ?, '', ?, 0, 0, 1, 1)",
                (number, key_of(number), 2 if number == 11 else 1, link, number, "honeypot" if number == 9 else "a",
                 f"https://www.example.com/{number}"),
            )  # fmt: skip
        for number in range(1, 31):
            database.execute(
                "INSERT INTO recipient (id, contact_id, email, name, fields) VALUES (?, ?, ?, ?, '{}')",
                (number, f"C{number}", f"c{number}@example.com", f"Person {number}"),
            )
        for number, is_test in ((1, False), (2, False), (3, True)):
            database.execute(
                "INSERT INTO shipment (id, number, mailing_id, sent_at, is_test, recipients, settings, created_at, "
                "finished_at) VALUES (?, ?, 1, ?, ?, 30, '{}', 0, 0)",
                (number, number_of(number), SENT, is_test),
            )
            for position in range(1, 31):
                database.execute(
                    "INSERT INTO shipment_recipient (shipment_id, position, recipient_id, email, name) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (number, position, position, f"c{position}@example.com", f"Person {position}"),
                )
    with open_database(workspace) as database:
        return World(workspace, open_keys(workspace, database).tokens)


def random_log(world: World, seed: int, lines: int) -> list[bytes]:
    """Lines of people, scanners and strangers in the order of time, with many equal ones among them."""
    chance = random.Random(seed)
    found: list[bytes] = []
    second = 60.0
    while len(found) < lines:
        second += chance.choice((0, 0, 0, 1, 1, 5, 30, 400))
        kind = chance.random()
        person = chance.randint(1, 8)
        ip = f"192.0.2.{person}"
        if kind < 0.3:
            found.append(line(chance.choice(("/", "/robots.txt")), second, ip=ip))
        elif kind < 0.8:
            click = line(world.path(chance.randint(1, 4), person, chance.choice((1, 1, 2, 3))), second, ip=ip)
            found += [click] * chance.choice((1, 1, 1, 2, 3))
        elif kind < 0.85:  # a machine asks first, or a moment later
            asked = line(world.path(spot := chance.randint(1, 4), person), second, ip=ip, method="HEAD")
            second += chance.choice((0, 3, 9))
            found += [asked, line(world.path(spot, person), second, ip=ip)]
        elif kind < 0.9:
            found += [line(world.path(spot, person), second, ip=ip) for spot in chance.sample(range(1, 10), 4)]
        else:
            found.append(line(world.path(1, person).replace("/pl", "/qq"), second, ip=ip))
    return found[:lines]


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": lambda data: gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :]),  # two members
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}


def state(world: World) -> tuple[Any, ...]:
    """All that reports can see."""
    return world.clicks(), world.tallies()


def adds_up(summary: ImportSummary) -> bool:
    return (
        summary.read == summary.stored + summary.repeated + summary.not_ours + summary.rejected
        and summary.stored == summary.human + summary.prefetch + summary.scanner + summary.test
        and summary.rejected == sum(summary.reasons.values())
    )


def shell(world: World, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "linktrack", "--workspace", str(world.workspace.root), "click", "import", *arguments]


def as_json(text: bytes) -> bytes:
    """A combined line as nginx writes it with `escape=json`."""
    ip, _, rest = text.decode().partition(" - - [")
    stamp, _, rest = rest.partition('] "')
    request, _, rest = rest.partition('" ')
    record = {
        "time_local": stamp, "remote_addr": ip, "request": request, "status": rest[:3],
        "http_user_agent": rest.rsplit('"', 2)[1],
    }  # fmt: skip
    return json.dumps(record).encode() + b"\n"


@contextmanager
def through_a_pipe(data: bytes) -> Iterator[str]:
    """Bytes on standard input, as far as an import in this process can tell; the path that names it."""
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(data)))
    try:
        yield "-"
    finally:
        sys.stdin = before
