"""The world of the tests of actions: a mailing with links of many keys, sent to many people, and their clicks."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from world import CHROME, add, begin, send_to

from linktrack.actions.run import run_actions
from linktrack.actions.run_input import RunOptions
from linktrack.actions.run_report import RunReport
from linktrack.click_marks import POST
from linktrack.click_names import click_name
from linktrack.clicks.load import import_logs
from linktrack.links.catalogue import find_link
from linktrack.links.editing import add_link
from linktrack.links.signing_keys import open_keys
from linktrack.links.stored_actions import store_actions
from linktrack.mailings.rewriting import RewriteOptions
from linktrack.store.open_times import note_open_times
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.workspace import Workspace, load_workspace

MAY_4 = 1_777_885_932_000  # 2026-05-04T09:12:12+00:00, a Monday
MINUTE = 60_000
NOON = MAY_4 + 167 * MINUTE + 48_000
AGENTS = {"human": CHROME, "prefetch": "Slackbot 1.0", "scanner": "curl/8.5.0", "test": CHROME}  # by verdict
KEYS = (
    "offer", "book", "call", "other", "plain", "hot", "cold", "first", "second", "a", "b", "c", "in", "out", "gone",
    "reset", "leave", *(f"offer{number}" for number in range(10)),
)  # fmt: skip
PEOPLE = (
    *map(str, range(1, 40)), "77", "99", "0001", "007", "008", "009", "000123", "151", "152", "0035g00000AbCdEAAV",
)  # fmt: skip


@dataclass
class ActionsWorld:
    """A workspace whose clicks run actions: `link`, `shipment` and `click` add rows, `run` runs the actions."""

    root: Path
    database: Database
    runs: int = 0
    settings: str = ""  # what `linktrack.toml` has said from the beginning
    clicks: dict[str, tuple[int, int]] = field(default_factory=dict)  # their times and prints, by their names

    @property
    def workspace(self) -> Workspace:
        return load_workspace(self.root, {})

    def link(self, key: str, actions: list[dict[str, Any]]) -> None:
        """Give one of the links of the mailing its actions; it is called by its key."""
        find_link(self.database, key)
        self.actions(key, actions)

    def actions(self, key: str, actions: list[dict[str, Any]]) -> None:
        """Make a link's actions these, as `link apply` does, also such as no file of definitions may hold."""
        with self.database.transaction():
            store_actions(self.database, find_link(self.database, key).id, actions)

    def shipment(self, is_test: bool = False, mailing: str = "spring-news") -> int:
        """Send a mailing to everybody, whoever has got it already."""
        contacts = self.root / "everybody.csv"
        contacts.write_text("contact_id,email,name\n" + "".join(f"{one},{one}@example.com,{one}\n" for one in PEOPLE))
        order = RewriteOptions(mailing, contacts, MAY_4, output="ndjson", test=is_test, again=True)
        made = send_to(load_workspace(self.root, {}), self.database, order)
        contacts.unlink()
        return made

    def recipient(self, contact_id: str) -> int:
        found = self.database.value("SELECT id FROM recipient WHERE contact_id = ?", (contact_id,))
        assert found is not None, f"{contact_id} is none of PEOPLE"
        return int(found)

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
        """Import a click so many minutes after 4 May 2026, 09:12:12 UTC, that is judged so; returns its name.

        With POST among the `flags` a button was pressed, and `pressed` is what it says.
        """
        at = MAY_4 + round(minutes * MINUTE)
        number = self.database.value("SELECT number FROM shipment WHERE id = ?", (shipment,))
        place = self.database.value(
            "SELECT placement.key FROM placement JOIN link ON link.id = link_id "
            "JOIN shipment ON shipment.mailing_id = placement.mailing_id WHERE link.key = ? AND shipment.id = ?",
            (key, shipment),
        )
        token = open_keys(load_workspace(self.root, {}), self.database).tokens.sign(number, self.recipient(contact_id))
        visit = {
            "time": datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds"), "ip": f"198.51.{len(self.clicks) % 250}.0",
            "method": "POST" if flags & POST else "GET", "path": f"/{place}/{token}" + (f"?{quote(pressed, safe='=&*')}" if pressed else ""),
            "status": 302, "user_agent": AGENTS[verdict], "network": "",
        }  # fmt: skip
        log = self.root / "visit.ndjson"
        log.write_text(json.dumps(visit) + "\n", "utf-8")
        summary = import_logs(self.workspace, self.database, [str(log)])
        log.unlink()
        assert getattr(summary, verdict) == summary.stored == 1, summary
        mark = self.database.value("SELECT print FROM click WHERE reading_id = (SELECT max(id) FROM reading)")
        name = click_name(at, mark)
        self.clicks[name] = at, mark
        return name

    def judge(self, click: str, verdict: str) -> None:
        """Judge a click anew, as `click judge` does by rules that have changed: no test has other rules at hand."""
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

    def order(self, export: Path | None, **options: Any) -> RunOptions:
        """What a run is asked to do at 12:00 UTC on 4 May 2026."""
        return RunOptions(export, options.pop("now", NOON), **options)

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
def _fresh() -> dict[str, bytes]:
    """The files of a workspace whose mailing was sent once: made once, for that takes its time."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "fresh"
        begin(root)
        said = [
            line
            for line in (root / "linktrack.toml").read_text("utf-8").splitlines()
            if line.startswith(("base_url", "[database]", "id ="))
        ]
        with open_database(load_workspace(root, {})) as database:
            for key in KEYS:
                add_link(database, key, url=f"https://www.example.com/{key}", name=key.title())
            mail = "".join(f'<a href="linktrack:{key}">{key}</a>\n' for key in (*KEYS, "unsubscribe", "subscriptions"))
            add(database, "spring-news", mail, subject="Spring is here", type="Newsletter")
            made = ActionsWorld(root, database, settings="\n".join(said))
            made.configure("")
            assert made.shipment() == 1
        return {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}


@contextmanager
def make_world(root: Path) -> Iterator[ActionsWorld]:
    """A fresh world in a new folder."""
    root.mkdir()
    for name, data in _fresh().items():
        (root / name).write_bytes(data)
    key = load_workspace(root, {}).key_path
    key.chmod(0o600)
    with open_database(load_workspace(root, {})) as database:
        yield ActionsWorld(root, database, settings=(root / "linktrack.toml").read_text("utf-8"))


def rows_of(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> list[dict[str, Any]]:
    """The rows of a CSV or NDJSON file."""
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))
