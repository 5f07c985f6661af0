"""A workspace with a short life, made by commands: a mailing, its log, an export of the CRM, actions of all kinds."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clicks_world import line
from tests_support import Outcome, Run, call

PEOPLE = range(1, 6)
EXPORT = "contact_id;email;name;level;Interests\n" + "".join(
    f"{number};{number}@example.com;Persön {number};;News\n" for number in PEOPLE
)
MAIL = '<p><a href="linktrack:offer">Offer</a> <a href="https://www.example.com/{name}">News</a></p>'
LINKS = """
[[link]]
key = "offer"
url = "https://www.example.com/offer"
actions = [
  { type = "set-field", field = "level", value = "hot" },
  { type = "interest", add = ["Offers"], remove = ["News"] },
  { type = "selection", add = ["Prospects"] },
  { type = "follow-up", default_recipient = "BO", repeat = "click" },
  { type = "request", title = "Call {contact.name}", owner = "BO", repeat = "once" },
  { type = "script", script = "note.py" },
]
"""
SETTINGS = """
[crm]
users = ["BO"]
encoding = "cp1252"
delimiter = ";"
[crm.contacts]
interests = "Interests"
[crm.contacts.fields]
level = "level"
last = { column = "Last", create = true }
"""
SCRIPT = """
import json, sys
said = json.load(sys.stdin)
with open("../started.txt", "a") as file:
    file.write(said["custId"] + "\\n")
if said["custId"] == "3":
    sys.exit("out of order")
print(json.dumps({"fields": {"last": "script"}, "returnUrl": "https://www.example.com/" + said["custId"]}))
"""


@dataclass
class Life:
    """A workspace in `root` whose commands are run by name."""

    call: Run
    root: Path

    def copy(self, root: Path) -> Life:
        """Another workspace that was the same so far."""
        return Life(self.call, Path(shutil.copytree(self.root, root)))

    def do(self, *arguments: object, code: int = 0) -> Outcome:
        done = self.call("--workspace", self.root, *arguments)
        assert done.code == code, done.err
        return done

    def json(self, *arguments: object) -> Any:
        return json.loads(self.do(*arguments, "--format", "json").out)

    def json_of(self, code: int, *arguments: object) -> Any:
        return json.loads(self.do(*arguments, "--format", "json", code=code).out)

    def sound(self, *options: object) -> None:
        """Nothing is broken: doctor finds at most that something is due, and ends with 6 where it does."""
        done = self.call("--workspace", self.root, "doctor", *options, "--format", "json")
        states = {row["state"] for row in json.loads(done.out)}
        assert "error" not in states, done.out
        assert done.code == (6 if "warning" in states else 0), done.err

    def send(self, name: str, minutes: int = 0) -> dict[str, list[str]]:
        """Send a mailing to everybody; the paths of its links by contact: the offer, then the news."""
        mail = self.root / f"{name}.html"
        mail.write_text(MAIL.format(name=name))
        self.do("mailing", "add", name, mail, "--type", "News")
        self.do("mailing", "rewrite", name, "--contacts", self.root / "contacts.csv", "--as", "ndjson", "--out",
                self.root / f"mails-{name}", "--sent-at", f"2026-05-04T08:{minutes:02}:00+00:00")  # fmt: skip
        rows = (self.root / f"mails-{name}" / "recipients.ndjson").read_text().splitlines()
        return {
            row["contact_id"]: re.findall(r"https://click\.example\.com(/[a-z2-7]+/[a-z2-7]{32})", row["html"])
            for row in map(json.loads, rows)
        }

    def log(self, name: str, *clicks: tuple[str, int]) -> Path:
        """A log of clicks: paths with the seconds after 9:00 of 4 May 2026."""
        path = self.root.parent / name
        path.write_bytes(b"".join(line(where, seconds, ip=f"192.0.{seconds % 200}.9") for where, seconds in clicks))
        return path

    def run(self, out: str, *more: object, code: int = 0) -> Outcome:
        return self.do("action", "run", "--crm", self.root / "contacts.csv", "--out", self.root / out, *more, code=code)

    def started(self) -> list[str]:
        """The contacts whose scripts were started, in order."""
        path = self.root / "started.txt"
        return path.read_text().split() if path.exists() else []


def begin(run: Run, root: Path) -> Life:
    """A new workspace with a link that has actions of all kinds."""
    assert run("init", root, "--base-url", "https://click.example.com").code == 0
    with (root / "linktrack.toml").open("a") as settings:
        settings.write(SETTINGS)
    (root / "contacts.csv").write_bytes(EXPORT.encode("cp1252"))
    (root / "links.toml").write_text(LINKS)
    script = root / "scripts" / "note.py"
    script.write_text(SCRIPT)
    life = Life(run, root)
    life.do("link", "apply", root / "links.toml")
    return life


def made_of(folder: Path) -> dict[str, set[str]]:
    """The ids in a run's files: what was changed, and what was made."""
    changes = [json.loads(line) for line in (folder / "changes.ndjson").read_text().splitlines()]
    return {
        "changes": {row["id"] for row in changes if row["operation"] not in ("make", "run")},
        "made": {row["id"] for row in changes if row["operation"] in ("make", "run")},
    }


class Lost:
    """A workspace with a backup after its first run, and two runs and a mailing since, all of it lost."""

    def __init__(self, folder: Path) -> None:
        self.life = life = begin(call, folder / "work")
        self.spring = life.send("spring")
        first = life.log("a.log", (self.spring["1"][0], 60), (self.spring["2"][1], 90))
        life.do("click", "import", first)
        life.run("run-1")
        self.backup = folder / "b.tar.gz"
        life.do("backup", self.backup)
        second = [(self.spring["1"][0], 3000), (self.spring["2"][0], 3060), (self.spring["3"][0], 3120)]
        self.second = life.log("b.log", *second)
        life.do("click", "import", self.second)
        life.run("run-2", code=6)  # the script for contact 3 fails
        summer = life.send("summer", 5)
        self.third = life.log("c.log", *second, (summer["4"][0], 3600), (self.spring["4"][0], 3660))
        life.do("click", "import", self.third)
        life.run("run-3")
        self.runs = [life.root / name for name in ("run-2", "run-3")]
        self.after = made_of(self.runs[0]), made_of(self.runs[1])

    def restore(self, root: Path) -> tuple[Life, str]:
        """The workspace made of the backup, and what was said."""
        done = call("restore", self.backup, root)
        assert done.code == 0, done.err
        shutil.copy(self.life.root / "contacts.csv", root)
        return Life(call, root), done.err
