"""The world of the tests of actions: a workspace whose rows are put straight into the database."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from linktrack.actions.run import RunReport, run_actions
from linktrack.actions.work import Order
from linktrack.store.click_names import click_name
from linktrack.store.open_times import note_open_times
from linktrack.store.session import Database, open_database
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import Workspace, load_workspace

MAY_4 = 1_777_885_932_000  # 2026-05-04T09:12:12+00:00, a Monday
MINUTE = 60_000
NOON = MAY_4 + 167 * MINUTE + 48_000


@dataclass
class World:
    """A workspace under test: `link`, `shipment` and `click` add rows, `run` runs the actions."""

    root: Path
    database: Database
    runs: int = 0
    settings: str = ""  # what `linktrack.toml` has said from the beginning
    clicks: dict[str, tuple[int, int]] = field(default_factory=dict)  # their times and prints, by their names

    @property
    def workspace(self) -> Workspace:
        return load_workspace(self.root, {})

    def link(self, key: str, actions: list[dict[str, Any]], **given: Any) -> None:
        values = {"name": key.title(), "kind": "registered", "url": f"https://www.example.com/{key}", **given}
        self.database.execute(
            "INSERT INTO link (key, name, kind, url, response, created_at, updated_at) "
            "VALUES (?, ?, ?, ?, ?, 0, 0) ON CONFLICT (key) DO NOTHING",  # special links are there already
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
        """Make a link's actions these; one that is equal, else one of the same type, keeps its number."""
        link_id, last = self.database.row("SELECT id, last_action FROM link WHERE key = ?", (key,)) or (0, 0)
        with self.database.transaction():
            left = [
                (number, {"type": kind, **json.loads(said)})
                for number, kind, said in self.database.rows(
                    "SELECT number, type, settings FROM action WHERE link_id = ? ORDER BY position", (link_id,)
                )
            ]
            numbers: dict[int, int] = {}
            for same in (True, False):
                for place, action in enumerate(actions):
                    for one in left:
                        if place not in numbers and (
                            one[1] == action or (not same and one[1]["type"] == action["type"])
                        ):
                            numbers[place] = one[0]
                            left.remove(one)
                            break
            self.database.execute("DELETE FROM action WHERE link_id = ?", (link_id,))
            for place, action in enumerate(actions):
                if place not in numbers:
                    last += 1
                said = json.dumps({name: value for name, value in action.items() if name != "type"})
                self.database.execute(
                    "INSERT INTO action (link_id, number, position, type, settings) VALUES (?, ?, ?, ?, ?)",
                    (link_id, numbers.get(place, last), place + 1, action["type"], said),
                )
            self.database.execute("UPDATE link SET last_action = ? WHERE id = ?", (last, link_id))

    def shipment(self, is_test: bool = False, mailing: int = 1, finished: bool = True) -> int:
        number = int(self.database.value("SELECT coalesce(max(id), 0) + 1 FROM shipment"))
        self.database.execute(
            "INSERT INTO shipment (number, mailing_id, sent_at, is_test, recipients, settings, created_at, finished_at) "
            "VALUES (?, ?, ?, ?, 0, '{}', 0, ?)",
            (1_000 + number, mailing, MAY_4, is_test, MAY_4 if finished else None),
        )
        return int(self.database.value("SELECT max(id) FROM shipment"))

    def recipient(self, contact_id: str) -> int:
        self.database.execute(
            "INSERT INTO recipient (contact_id, email, name, fields) VALUES (?, ?, ?, '{}') "
            "ON CONFLICT (contact_id) DO NOTHING",
            (contact_id, f"{contact_id}@example.com", contact_id),
        )
        return int(self.database.value("SELECT id FROM recipient WHERE contact_id = ?", (contact_id,)))

    def click(
        self,
        contact_id: str,
        key: str,
        minutes: float = 0,
        *,
        shipment: int = 1,
        verdict: str = "human",
        flags: int = 0,
        pressed: str = "",
    ) -> str:
        """A click so many minutes after 4 May 2026, 09:12:12 UTC; returns its name."""
        number = int(self.database.value("SELECT count(*) + 1 FROM click"))
        link_id = self.database.value("SELECT id FROM link WHERE key = ?", (key,))
        placement = self.database.value("SELECT id FROM placement WHERE link_id = ?", (link_id,))
        at = MAY_4 + round(minutes * MINUTE)
        line = f"{contact_id}/{key}/{shipment}/{at}/{number}".encode()
        mark = int.from_bytes(blake2b(line, digest_size=8).digest(), "big", signed=True)
        with self.database.transaction():
            self.database.execute(
                "INSERT INTO click (clicked_at, print, recipient_id, link_id, placement_id, shipment_id, ip, network_id, "
                "agent_id, flags, pressed, reading_id, ruling_id, passed) "
                "VALUES (?, ?, ?, ?, ?, ?, '', 0, 1, ?, ?, 1, ?, 0)",
                (
                    at,
                    mark,
                    self.recipient(contact_id),
                    link_id,
                    placement,
                    shipment,
                    flags,
                    pressed,
                    self._ruling(verdict),
                ),
            )
            self._tally(link_id, shipment, at, verdict)
            note_open_times(self.database, [(at, at)])
        name = click_name(at, mark)
        self.clicks[name] = at, mark
        return name

    def judge(self, click: str, verdict: str) -> None:
        """Judge a click anew, as `click judge` does."""
        with self.database.transaction():
            self.database.execute(
                "UPDATE click SET ruling_id = ? WHERE clicked_at = ? AND print = ?",
                (self._ruling(verdict), *self.clicks[click]),
            )
            note_open_times(self.database, [(self.clicks[click][0],) * 2])

    def _ruling(self, verdict: str) -> int:
        self.database.execute(
            "INSERT INTO ruling (verdict, reasons, rules) VALUES (?, '', '1') "
            "ON CONFLICT (verdict, reasons, rules) DO NOTHING",
            (verdict,),
        )
        return int(self.database.value("SELECT id FROM ruling WHERE verdict = ?", (verdict,)))

    def _tally(self, link_id: int, shipment: int, at: int, verdict: str) -> None:
        human = int(verdict == "human")
        self.database.execute(
            "INSERT INTO link_tally (link_id, shipment_id, human, prefetch, scanner, test, clickers, first_click, "
            "last_click) VALUES (?, ?, ?, 0, 0, 0, 1, ?, ?) ON CONFLICT (link_id, shipment_id) DO UPDATE SET "
            "human = link_tally.human + excluded.human, first_click = CASE WHEN excluded.first_click < "
            "link_tally.first_click THEN excluded.first_click ELSE link_tally.first_click END, "
            "last_click = CASE WHEN excluded.last_click > link_tally.last_click THEN excluded.last_click "
            "ELSE link_tally.last_click END",
            (link_id, shipment, human, at, at),
        )

    def passed(self) -> int:
        """How many clicks runs have passed."""
        return int(self.database.value("SELECT count(*) FROM click WHERE passed = 1"))

    def export(self, text: str, name: str = "contacts.csv", encoding: str = "utf-8") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding))
        return path

    def configure(self, text: str) -> None:
        """Set `linktrack.toml` to `text` behind what it has said from the beginning."""
        (self.root / "linktrack.toml").write_text(f"{self.settings}\n{text}", "utf-8")

    def order(self, export: Path | None, **options: Any) -> Order:
        """What a run is asked to do at 12:00 UTC on 4 May 2026."""
        return Order(export, options.pop("now", NOON), **options)

    def run(
        self, export: Path | None, out: str | None = None, wait: float = 0, **options: Any
    ) -> tuple[RunReport, Path]:
        """Run the actions, into a new folder unless one is named."""
        self.runs += 1
        folder = self.root / (out or f"out-{self.runs}")
        return run_actions(self.workspace, self.database, self.order(export, **options), folder, wait=wait), folder

    def rehearse(self, export: Path, **options: Any) -> RunReport:
        """A dry run at the same time."""
        return run_actions(self.workspace, self.database, self.order(export, **options), None)


@cache
def _fresh() -> tuple[str, bytes]:
    """The settings and the database of a workspace that nobody has used: made once, for that takes its time."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "fresh"
        init_workspace(root, "https://click.example.com")
        said = [
            line
            for line in (root / "linktrack.toml").read_text("utf-8").splitlines()
            if line.startswith(("base_url", "[database]", "id ="))
        ]
        return "\n".join(said), (root / "linktrack.db").read_bytes()


@contextmanager
def make_world(root: Path) -> Iterator[World]:
    """A fresh world in a new folder."""
    settings, data = _fresh()
    made = World(root, None, settings=settings)  # type: ignore[arg-type]
    made.root.mkdir()
    made.configure("")
    (root / "linktrack.db").write_bytes(data)
    with open_database(made.workspace) as database:
        made.database = database
        database.execute(
            "INSERT INTO mailing (name, subject, type, html, settings, created_at) "
            "VALUES ('spring-news', 'Spring is here', 'Newsletter', ?, '{}', 0)",
            (b"",),
        )
        made.shipment()
        yield made


def rows_of(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> list[dict[str, Any]]:
    """The rows of a CSV or NDJSON file."""
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))
