"""The world of the tests of actions: a workspace whose rows are put straight into the database."""

from __future__ import annotations

import csv
import json
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from linktrack.actions.run import Report, rehearse, run_actions
from linktrack.links.stored_actions import store_actions
from linktrack.store.session import Database, open_database
from linktrack.workspace import load_workspace

MAY_4 = 1_777_885_932_000  # 2026-05-04T09:12:12+00:00, a Monday
MINUTE = 60_000
NOON = MAY_4 + 167 * MINUTE + 48_000


@dataclass
class World:
    """A workspace under test: `link`, `shipment` and `click` add rows, `run` runs the actions."""

    root: Path
    database: Database
    runs: int = 0

    def link(self, key: str, actions: list[dict[str, Any]], **given: Any) -> None:
        values = {"name": key.title(), "kind": "registered", "url": f"https://www.example.com/{key}", **given}
        self.database.execute(
            "INSERT INTO link (key, name, kind, url, response, created_at, updated_at) VALUES (?, ?, ?, ?, ?, 0, 0)",
            (key, values["name"], values["kind"], values["url"], '{"kind": "redirect"}'),
        )
        link_id = self.database.value("SELECT id FROM link WHERE key = ?", (key,))
        self.database.execute(
            "INSERT INTO placement (key, mailing_id, link_id, position, part, kind, label, url, start, stop, line, "
            '"column") VALUES (?, 1, ?, ?, ?, ?, ?, ?, 0, 0, 1, 1)',
            (f"aaa{key}", link_id, link_id, "html", "a", key, values["url"]),
        )
        self.actions(key, actions)

    def actions(self, key: str, actions: list[dict[str, Any]]) -> None:
        link_id = self.database.value("SELECT id FROM link WHERE key = ?", (key,))
        with self.database.transaction():
            store_actions(self.database, link_id, actions)

    def shipment(self, is_test: bool = False, mailing: int = 1) -> int:
        self.database.execute(
            "INSERT INTO shipment (mailing_id, sent_at, is_test, recipients, settings, created_at) "
            "VALUES (?, ?, ?, 0, '{}', 0)",
            (mailing, MAY_4, is_test),
        )
        return int(self.database.value("SELECT max(id) FROM shipment"))

    def recipient(self, contact_id: str) -> int:
        self.database.execute(
            "INSERT INTO recipient (contact_id, email, name, fields) VALUES (?, ?, ?, '{}') "
            "ON CONFLICT (contact_id) DO NOTHING",
            (contact_id, f"{contact_id}@example.com", contact_id),
        )
        return int(self.database.value("SELECT id FROM recipient WHERE contact_id = ?", (contact_id,)))

    def click(self, contact_id: str, key: str, minutes: float = 0, *, shipment: int = 1, verdict: str = "human") -> int:
        """A click so many minutes after 4 May 2026, 09:12:12 UTC."""
        number = int(self.database.value("SELECT coalesce(max(id), 0) + 1 FROM click"))
        link_id = self.database.value("SELECT id FROM link WHERE key = ?", (key,))
        placement = self.database.value("SELECT id FROM placement WHERE link_id = ?", (link_id,))
        at = MAY_4 + round(minutes * MINUTE)
        self.database.execute(
            "INSERT INTO click (id, identity, link_id, placement_id, shipment_id, recipient_id, clicked_at, ip, agent_id, "
            "flags, source_id) VALUES (?, ?, ?, ?, ?, ?, ?, '', 1, 0, 1)",
            (
                *(number, zlib.crc32(f"{contact_id}/{key}/{shipment}/{at}/{number}".encode())),
                *(link_id, placement, shipment, self.recipient(contact_id), at),
            ),
        )
        self.database.execute("INSERT INTO judgement VALUES (?, ?, '', '1')", (number, verdict))
        return number

    def export(self, text: str, name: str = "contacts.csv", encoding: str = "utf-8") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding))
        return path

    def configure(self, text: str) -> None:
        """Set `linktrack.toml` to `text` behind its base address."""
        (self.root / "linktrack.toml").write_text(f'base_url = "https://click.example.com"\n{text}', "utf-8")

    def run(self, export: Path, out: str | None = None, **options: Any) -> tuple[Report, Path]:
        """Run the actions at 12:00 UTC on 4 May 2026, into a new folder unless one is named."""
        self.runs += 1
        folder = self.root / (out or f"out-{self.runs}")
        options.setdefault("now", NOON)
        return run_actions(load_workspace(self.root, {}), self.database, export, folder, **options), folder

    def rehearse(self, export: Path, **options: Any) -> Report:
        """A dry run at the same time."""
        return rehearse(load_workspace(self.root, {}), self.database, export, now=NOON, **options)


@cache
def _fresh_database() -> bytes:
    """The file of a database that nobody has used: made once, for migrations take their time."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "linktrack.toml").write_text('base_url = "https://click.example.com"\n', "utf-8")
        open_database(load_workspace(root, {}), new=True).close()
        return (root / "linktrack.db").read_bytes()


@contextmanager
def make_world(root: Path) -> Iterator[World]:
    """A fresh world in a new folder."""
    made = World(root, None)  # type: ignore[arg-type]
    made.root.mkdir()
    made.configure("")
    (root / "linktrack.db").write_bytes(_fresh_database())
    with open_database(load_workspace(made.root, {})) as database:
        made.database = database
        database.execute(
            "INSERT INTO mailing (name, subject, type, html, settings, created_at) "
            "VALUES ('spring-news', 'Spring is here', 'Newsletter', ?, '{}', 0)",
            (b"",),
        )
        made.shipment()
        yield made


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a CSV or NDJSON file."""
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
