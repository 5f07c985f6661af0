"""A campaign in which one person is to be told from all others by every word: mailed, clicked, acted on."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests_support import Run
from world import CHROME

from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.workspace import Workspace, load_workspace

VERA = ("KUND-778812", "vera.unik@enskild-doman.example", "Vera Unikdotter")
WORDS = tuple(word.encode() for word in (*VERA, "enskild-doman", "VeraPhone", "Hemlig gata", "Hemlig%20gata"))
OTHERS = 40
SENT = datetime(2026, 5, 4, 9, tzinfo=UTC)
PHONE = "Mozilla/5.0 (Linux; Android 14; VeraPhone) AppleWebKit/537.36 Chrome/124.0.0.0 Mobile Safari/537.36"
ACTIONS = """
[[link]]
key = "offer"
url = "https://www.example.com/offer?to={{ email }}"
actions = [
  { type = "set-field", field = "level", value = "hot for {contact.name}" },
  { type = "selection", add = ["Prospects", "Friends of {contact.name}"] },
  { type = "follow-up", task = "Call {contact.name}", description = "{contact.email}", default_recipient = "BO" },
  { type = "request", title = "Offer for {contact.name}", category = "Sales", owner = "auto" },
  { type = "script", script = "answer.py" },
]
"""
SCRIPT = """#!/usr/bin/env python3
import json, sys
said = json.load(sys.stdin)
print(json.dumps({"returnUrl": "https://www.example.com/" + said["custId"], "fields": {"level": said["custId"]}}))
"""
SETTINGS = """
[crm]
users = ["BO"]
[crm.categories]
Sales = ["BO"]
[crm.contacts.fields]
level = { column = "level", create = true }
"""


@dataclass
class PersonsWorld:
    """A workspace whose files are all in `root`; what went in and out lies in `outside`."""

    workspace: Workspace
    outside: Path
    run: Run
    runs: int = 0
    vera: dict[str, str] = field(default_factory=dict)  # the addresses of her first mail

    @property
    def root(self) -> Path:
        return self.workspace.root

    def open(self) -> Database:
        return open_database(self.workspace)

    def do(self, *arguments: object, code: int = 0) -> Any:
        """Run a command that ends with `code`."""
        done = self.run("--workspace", self.root, *arguments)
        assert done.code == code, (arguments, done.err)
        return done

    def mail(self, *more: object, sent: datetime = SENT, code: int = 0) -> dict[str, dict[str, str]]:
        """Send the mailing; the paths of the mails' addresses by contact id, each by what stands in the link."""
        out = self.outside / f"mails-{self.runs}"
        self.runs += 1
        self.do(
            "mailing", "rewrite", "news", "--contacts", self.outside / "contacts.csv", "--as", "ndjson", "--out", out,
            "--sent-at", sent.isoformat(), *more, code=code,
        )  # fmt: skip
        lines = (out / "recipients.ndjson").read_text("utf-8").splitlines()
        found = re.compile(r'<a href="https://click\.example\.com(/[^"]+)">([^<]+)</a>').findall
        return {row["contact_id"]: {word: path for path, word in found(row["html"])} for row in map(json.loads, lines)}

    def act(self, *more: object, code: int = 0) -> Path:
        """Run the actions; where its files are."""
        out = self.outside / f"run-{self.runs}"
        self.runs += 1
        self.do("action", "run", "--crm", self.outside / "contacts.csv", "--out", out, *more, code=code)
        return out

    def reports(self) -> dict[str, str]:
        """What all reports show of figures."""
        said = {}
        for report in REPORTS:
            done = self.run("--workspace", self.root, "report", *report.split(), "--format", "json")
            assert done.code == 0, (report, done.err)
            said[report] = done.out
        return said

    def add_to_log(self, *lines: bytes) -> None:
        """What linktrack serve writes since."""
        path = self.root / "clicklog" / "clicks-20260601T000000-2-abcdef.ndjson"
        with path.open("ab") as log:
            log.write(b"".join(lines))

    def places_of(self, words: tuple[bytes, ...] = WORDS) -> list[str]:
        """Where in the workspace's files any of these words stands, whatever the case."""
        found = []
        for path in sorted(path for path in self.root.rglob("*") if path.is_file()):
            data = path.read_bytes()
            if path.suffix == ".gz":
                data = gzip.decompress(data)
            found += [f"{path.relative_to(self.root)}: {word!r}" for word in words if word.lower() in data.lower()]
        return found


REPORTS = (
    "mailings", "mailings --last 4000d", "mailings --since 2026-05-04T10:00 --until 2026-05-05", "mailings --by engagement",
    "links", "links --since 2026-05-04T10:00", "link offer --include-tests",
    *(f"mailing news --by {by}" for by in (
        "link", "placement", "shipment", "hour", "day", "weekday", "weekhour", "device", "reason", "age", "action", "domain",
    )),
    "compare news other", "clickers offer", "clickers --mailing news", "nonclickers news",
)  # fmt: skip


def own_line(path: str, minutes: float, *, ip: str = "192.0.2.0", agent: str = CHROME, method: str = "GET") -> bytes:
    """A line of the log of linktrack serve, so many minutes after the sending."""
    at = SENT + timedelta(minutes=minutes)
    line = {
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ip": ip, "method": method, "path": path, "status": 302, "user_agent": agent, "network": "",
    }  # fmt: skip
    return json.dumps(line).encode() + b"\n"


def make_persons_world(workspace: Workspace, outside: Path, run: Run) -> PersonsWorld:
    """A mailing to Vera and forty others, clicked through the own click log and another server's, and acted on."""
    outside.mkdir()
    with (workspace.root / "linktrack.toml").open("a") as settings:
        settings.write(SETTINGS)
    world = PersonsWorld(load_workspace(workspace.root, {}), outside, run)
    script = world.root / "scripts" / "answer.py"
    script.write_text(SCRIPT)
    script.chmod(0o700)
    write_contacts(world)
    (outside / "links.toml").write_text(ACTIONS)
    (outside / "news.html").write_text(
        "<!doctype html><p>Hej {{ name }}, {{ street }}</p>"
        '<a href="linktrack:offer">offer</a> <a href="https://www.example.com/a?g={{ street }}">more</a> '
        '<a href="linktrack:unsubscribe">off</a> <a href="linktrack:view-online">view</a>'
    )
    world.do("link", "apply", outside / "links.toml")
    world.do("mailing", "add", "news", outside / "news.html", "--type", "newsletter")
    world.do("mailing", "add", "other", outside / "news.html")
    paths = world.mail()
    vera = world.vera = paths.pop(VERA[0])
    log = [own_line(vera["offer"], 5, agent=PHONE), own_line(vera["more"], 7, agent=PHONE)]
    log += [own_line(vera["offer"], 7.5, method="HEAD", agent=PHONE)]
    for number, own in enumerate(paths.values()):
        if number % 2:
            log.append(own_line(own["offer"], 10 + number, ip=f"192.0.{number}.0"))
        if number % 5 == 0:  # a gateway that looks at every link at once
            log += [own_line(own[word], 1 + number / 60, ip="198.51.100.0") for word in own]
    logs = world.root / "clicklog"
    logs.mkdir()
    (logs / "clicks-20260504T090000-1-abcdef.ndjson").write_bytes(b"".join(log))
    (logs / "clicks-20260503T090000-1-abcdef.ndjson.gz").write_bytes(
        gzip.compress(own_line(vera["more"], 90, agent=PHONE) + own_line(paths["10"]["more"], 91))
    )
    stamp = "04/May/2026:11:00:00 +0000"
    (outside / "access.log").write_text(
        f'203.0.113.9 - - [{stamp}] "GET {vera["more"]} HTTP/1.1" 302 0 "-" "{PHONE}"\n'
    )
    world.do("click", "import")
    world.do("click", "import", outside / "access.log")
    world.act()
    return world


def write_contacts(world: PersonsWorld) -> None:
    """The CRM's export, with Vera."""
    rows = [
        (*VERA, "Hemlig gata 7"),
        *((str(n), f"p{n}@example.com", f"Person {n}", f"Gata {n}") for n in range(OTHERS)),
    ]
    text = "contact_id,email,name,street\n" + "".join(",".join(row) + "\n" for row in rows)
    (world.outside / "contacts.csv").write_text(text, "utf-8")
