"""A page of the documentation, played: its files are made, its commands run in a terminal of 80 columns, in one folder.

What a page may hold, in the order in which it stands there:

- a block ```` ```console ````: lines `$ command`, each with what the terminal then shows; a line `…` stands for what
  is left out between the lines before and after it;
- a block that names a file (```` ```html spring.html ````): the file is there from then on;
- `<!-- now 2026-11-02T09:00 -->`: the time that it is from then on (in Stockholm);
- `<!-- given FILE -->`: a copy of a shipped sample, under its own name;
- `<!-- visits LOG … -->`: what people and machines do with the mails that were sent; the web server's log of it.
  Its lines are `TIME shipment N people A-B click|post|scan [KEY]`: the A-th to B-th recipient, one after the other.

A page prints the same each time: the clock stands still during a command, and what is random comes from the number of
the command.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from linktrack.clicks.judging.agents import OWN_RULES

ROOT = Path(__file__).parent.parent.parent
ZONE = ZoneInfo("Europe/Stockholm")
SECONDS_BETWEEN_PEOPLE = 97
PART = re.compile(
    r"^```(?P<language>\w+)(?: (?P<name>[\w./-]+))?\n(?P<body>.*?)^```$|^<!-- (?P<word>now|given|visits) (?P<rest>.*?) ?-->$",
    re.DOTALL | re.MULTILINE,
)
ELLIPSIS = "…"
_FINE = (0, 6)  # done, and done with findings
_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
_DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
# What is another tomorrow: how far an import is by now, how long something took, how well it compressed, whose rules judged.
_OF_THE_DAY = [
    (re.compile(r"^.*: [\d,]+ lines, [\d,]+ a second\n", re.MULTILINE), ""),
    (re.compile(r"in \d+\.\d s"), "in 0.1 s"),
    (re.compile(r"\([\d,]+ bytes\)"), "(7,424 bytes)"),
    (re.compile(r"(Judged by the rules) of [^.]*(?:\.\d[^.]*)*\."), rf"\1 of {OWN_RULES}, is-bot 0.3.7."),
]

# linktrack as the page's reader runs it, but for the clock and for chance.
_PROGRAM = """#!{python}
import hashlib, itertools, os, secrets, sys, time

sys.path.insert(0, {root!r})
drawn = itertools.count()

def token_bytes(size=32):
    seed = f"{{os.environ['PAGE_COMMAND']}} {{next(drawn)}}"
    return hashlib.shake_128(seed.encode()).digest(size)

secrets.token_bytes = token_bytes
secrets.token_hex = lambda size=32: token_bytes(size).hex() + os.urandom(4).hex()  # names of what is written aside
secrets.randbelow = lambda below: int.from_bytes(token_bytes(16), "big") % below
time.time_ns = lambda: int(os.environ["PAGE_NOW"]) * 1_000_000_000

from linktrack.__main__ import main

main()
"""


@dataclass
class Player:
    """One folder in which a page is played."""

    folder: Path
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 2, 8, tzinfo=ZONE))
    commands: int = 0
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.programs = self.folder.parent / f"{self.folder.name}-bin"
        self.programs.mkdir(parents=True)
        self.folder.mkdir(exist_ok=True)
        self.cwd = self.folder
        program = self.programs / "linktrack"
        program.write_text(_PROGRAM.format(python=sys.executable, root=str(ROOT)), "utf-8")
        program.chmod(0o755)

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LINKTRACK_")}
        return {
            **kept,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PAGE_COMMAND": str(self.commands),
            "PAGE_NOW": str(int(self.now.timestamp())),
            "NO_COLOR": "1",
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
            "TZ": str(ZONE),
            "EDITOR": "true",
        }

    def play(self, page: str) -> str:
        """The page with what its commands print now."""
        return PART.sub(self._part, page)

    def _part(self, part: re.Match[str]) -> str:
        match part["word"], part["language"], part["name"]:
            case "now", _, _:
                self.now = datetime.fromisoformat(part["rest"]).replace(tzinfo=ZONE)
            case "given", _, _:
                for name in part["rest"].split():
                    shutil.copy(ROOT / "sample_mailings" / name, self.cwd / Path(name).name)
            case "visits", _, _:
                log, *lines = part["rest"].strip().splitlines()
                self._visit(self.cwd / log.strip(), lines)
            case _, "console", _:
                body = "".join(self._command(command, before) for command, before in commands_of(part["body"]))
                return f"```console\n{body}```"
            case _, _, str(name):
                path = self.cwd / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(part["body"], "utf-8")
                if path.suffix in (".py", ".sh"):
                    path.chmod(0o755)
        return part[0]

    def _command(self, command: str, before: list[str]) -> str:
        self.commands += 1
        if moved := re.fullmatch(r"cd (\S+)", command):
            self.cwd = self.cwd / moved[1]
            return f"$ {command}\n"
        code, shown = in_terminal(command, self.cwd, self.environment())
        shown = shown.replace(str(self.folder), "~")
        if code not in _FINE:
            self.failed.append(f"{command}: {code} {shown}")
        return f"$ {command.replace(chr(10), chr(10) + '> ')}\n{left_out(shown, before)}"

    def rows(self, *arguments: str) -> Any:
        """The rows that a command gives."""
        done = subprocess.run(
            ["linktrack", *arguments], cwd=self.cwd, env=self.environment(), capture_output=True, check=True
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _visit(self, log: Path, lines: list[str]) -> None:
        visits = [visit for line in lines for visit in self._visits_of(line)]
        with log.open("a", encoding="utf-8") as file:
            for when, request in sorted(visits):
                file.write(request.replace("TIME", when.strftime("%d/%b/%Y:%H:%M:%S %z")) + "\n")

    def _visits_of(self, line: str) -> Iterator[tuple[datetime, str]]:
        time, _, shipment, _, people, what, *keys = line.split()
        begin = datetime.fromisoformat(time).replace(tzinfo=ZONE)
        first, last = map(int, people.split("-"))
        number = int(shipment)
        sent = {row["shipment"]: row["mailing"] for row in self.rows("shipment", "list", "--format", "ndjson")}
        assert number in sent, f"there is no shipment {number}: {self.failed}"
        mailing = sent[number]
        spots = [row for row in self.rows("mailing", "links", mailing, "--format", "ndjson") if row["tracked"]]
        recipients = self.rows("shipment", "render", shipment, "--out", "-", "--as", "ndjson")
        assert last <= len(recipients), f"shipment {shipment} has {len(recipients)} recipients"
        chosen = spots if what == "scan" else [spot for key in keys for spot in spots if spot["link"] == key][:1]
        assert chosen, f"{keys} is in {[spot['link'] for spot in spots]}"
        for index in range(first - 1, last):
            when = begin + timedelta(seconds=SECONDS_BETWEEN_PEOPLE * (index - first + 1))
            method, status = ("POST", 200) if what == "post" else ("GET", 302)
            address = "203.0.113.9" if what == "scan" else f"198.{18 + index // 250}.{index % 250}.7"
            agent = _PHONE if index % 3 == 0 else _DESKTOP
            for spot in chosen:
                path = f"/{spot['placement']}/{recipients[index]['token']}"
                yield when, f'{address} - - [TIME] "{method} {path} HTTP/1.1" {status} 0 "-" "{agent}"'


def commands_of(block: str) -> list[tuple[str, list[str]]]:
    """The commands of a console block with the lines that stand below each; `> ` goes on with a command."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line[2:]}", [])
        elif found:
            found[-1][1].append(line)
    return found


def left_out(shown: str, before: list[str]) -> str:
    """What is shown now, with as many lines left out as the page leaves out."""
    if ELLIPSIS not in before:
        return shown
    first = before.index(ELLIPSIS)
    last = len(before) - first - 1
    lines = shown.splitlines(keepends=True)
    return "".join([*lines[:first], f"{ELLIPSIS}\n", *lines[len(lines) - last :]])


def in_terminal(command: str, cwd: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a command in bash on a terminal of 80 columns: its exit code, and what stands in the terminal then."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    with subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(slave)
        shown = b""
        while True:
            try:
                more = os.read(master, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not more:
                break
            shown += more
        code = process.wait()
    os.close(master)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode("utf-8", "replace").replace("\r\n", "\n"))
    lines = [line.rpartition("\r")[2].rstrip() for line in text.splitlines()]
    text = "".join(f"{line}\n" for line in lines)
    for pattern, instead in _OF_THE_DAY:
        text = pattern.sub(instead, text)
    return code, text.lstrip("\n")  # a bar that has gone leaves an empty line
