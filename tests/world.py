"""The world of tests: a workspace whose links, mailings, shipments and clicks come through linktrack's own doors."""

from __future__ import annotations

import io
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

from linktrack.clicks.load import import_logs
from linktrack.clicks.logs.import_terms import ImportOptions
from linktrack.clicks.summary import ImportSummary
from linktrack.files.protected import Protected
from linktrack.links.editing import add_link
from linktrack.links.placement_keys import placement_keys
from linktrack.links.signing_keys import open_keys
from linktrack.links.tokens import Tokens
from linktrack.mailings.adding import Draft, add_mailing
from linktrack.mailings.catalogue import HONEYPOT_POSITION
from linktrack.mailings.rewriting import RewriteOptions, rewrite
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import Workspace, load_workspace

BASE = "https://click.example.com"
SENT = 1_777_885_200_000  # 2026-05-04T09:00:00Z
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)
WORKSPACE_ID = b"a world of tests"  # part of every placement's key, so that these are the same in every run
PEOPLE = range(1, 31)
LINKS = range(1, 9)  # link-1 … link-8
SPRING = "\n".join(
    [
        *(f'<a href="https://www.example.com/{number}">Link {number}</a>' for number in LINKS),
        '<a href="linktrack:unsubscribe">Bye</a>',
    ]
)
AUTUMN = '<a href="linktrack:link-1">Link 1</a>'
# The placements by the numbers that tests know them by: mailing, position, and how often that spot was placed before.
SPOTS: dict[int, tuple[str, int, int]] = {
    **{number: ("spring", number, 0) for number in LINKS},
    9: ("spring", HONEYPOT_POSITION, 0),
    10: ("spring", len(LINKS) + 1, 0),  # unsubscribe
    11: ("autumn", 1, 0),
    **{number: ("winter", number - 11, 1) for number in (12, 13, 14)},  # of the reports; its first spots are gone
}


def email_of(number: int) -> str:
    return f"c{number}@example.com"


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
            return import_logs(self.workspace, database, [str(path) for path in paths], ImportOptions(**options))

    def clicks(self) -> list[tuple[Any, ...]]:
        """Each with its time, print, link's key, placement, shipment, recipient, address, agent, flags and verdict."""
        with self.database() as database:
            return database.rows(
                "SELECT clicked_at, print, link.key, placement_id, shipment_id, recipient_id, ip, agent.text, flags, "
                "verdict, reasons FROM click JOIN agent ON agent.id = agent_id JOIN ruling ON ruling.id = ruling_id "
                "JOIN link ON link.id = link_id ORDER BY clicked_at, print"
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

    def send(
        self,
        mailing: str = "spring",
        *,
        sent_at: int = SENT,
        test: bool = False,
        emails: Callable[[int], str] = email_of,
    ) -> int:
        """Rewrite a mailing for all thirty people, whoever has got it already; returns the shipment."""
        rows = (f"C{number},{emails(number)},Person {number}\n" for number in PEOPLE)
        contacts = self.workspace.root / "contacts.csv"
        contacts.write_text("contact_id,email,name\n" + "".join(rows), "utf-8")
        with self.database() as database:
            made = send_to(
                self.workspace,
                database,
                RewriteOptions(mailing, contacts, sent_at, output="ndjson", honeypot=True, test=test, again=True),
            )
        contacts.unlink()
        return made


def number_of(shipment: int) -> int:
    """What tokens carry for a shipment that `send_to` has made."""
    return 70_000 + shipment


@cache
def key_of(placement: int) -> str:
    mailing, position, before = SPOTS[placement]
    return next(islice(placement_keys(WORKSPACE_ID, mailing, position), before, None))


def misplaced(path: str) -> str:
    """A path whose placement is none of ours."""
    return "/qq" + path[3:]


def line(
    path: str, second: float = 600, *, ip: str = "192.0.2.17", agent: str = CHROME, method: str = "GET", status: int = 302,
    zone: int = 0,
) -> bytes:  # fmt: skip
    """A combined log line, `second` seconds after the sending."""
    moment = datetime.fromtimestamp(SENT / 1000, UTC) + timedelta(seconds=second)
    stamp = moment.astimezone(timezone(timedelta(minutes=zone))).strftime("%d/%b/%Y:%H:%M:%S %z")
    return f'{ip} - - [{stamp}] "{method} {path} HTTP/1.1" {status} 0 "-" "{agent}"\n'.encode()


# --- making ------------------------------------------------------------------------------------------------------


def begin(root: Path) -> Workspace:
    """A new workspace whose placements have the keys that `placement_keys` gives for WORKSPACE_ID."""
    drawn = secrets.token_bytes

    def draw(count: int | None = None) -> bytes:
        return WORKSPACE_ID if count == len(WORKSPACE_ID) else drawn(count)

    with patch("linktrack.store.revisions.secrets.token_bytes", draw):
        init_workspace(root, BASE)
    return load_workspace(root, {})


def add(database: Database, name: str, html: str, *, subject: str = "", type: str = "newsletter") -> None:
    """Add a mailing."""
    draft = Draft(name, html.encode(), subject=subject, type=type)
    add_mailing(database, draft, BASE, moment=SENT, strict=True)


def send_to(workspace: Workspace, database: Database, options: RewriteOptions) -> int:
    """Rewrite a mailing to nowhere; returns the shipment, whose number is `number_of` it."""
    last = int(database.value("SELECT coalesce(max(id), 0) FROM shipment"))
    with patch("linktrack.mailings.shipment_states.secrets.randbelow", lambda _: number_of(last + 1) - 1):
        done = rewrite(workspace, database, options, io.BytesIO(), protected=Protected(), clock=lambda: options.sent_at)
    return done.shipment.id


Sendings = Sequence[tuple[int, bool]]  # when, and whether as a test
SENDINGS: Sendings = ((SENT, False), (SENT, False), (SENT, True))


def make_world(root: Path, sendings: Sendings = SENDINGS, emails: Callable[[int], str] = email_of) -> World:
    """One mailing with ten placements, two shipments and a test to thirty people, and a mailing that was not sent."""
    workspace = begin(root)
    with open_database(workspace) as database:
        for number in LINKS:
            add_link(database, f"link-{number}", url=f"https://www.example.com/{number}", name=f"Link {number}")
        add(database, "spring", SPRING, subject="Spring")
        world = World(workspace, open_keys(workspace, database).tokens)
    for sent_at, test in sendings:
        world.send(sent_at=sent_at, test=test, emails=emails)
    with open_database(workspace) as database:
        add(database, "autumn", AUTUMN, subject="Autumn")
    return world
