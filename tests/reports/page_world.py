"""A workspace with a mailing of fifty links, one that somebody wrote to do harm, and what people and machines clicked."""

from __future__ import annotations

import contextlib
import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from linktrack.cli.app import app

LARGE, HOSTILE = "spring", "Höst & <b>\"vinter\" 'x'"
BACKWARDS = "\u202e\u0627"  # turns what follows round, and a letter that is written from right to left
PEOPLE = 60
SENT = datetime(2026, 5, 4, 7, tzinfo=UTC)
_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
_DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
_HARM = (
    '<!doctype html><html><head><meta http-equiv="refresh" content="0;url=https://evil.example/refresh">'
    '<script>document.title="script";fetch("https://evil.example/script")</script>'
    '<link rel="stylesheet" href="https://evil.example/style.css"></head>'
    "<body onload=\"parent.document.title=1;fetch('https://evil.example/onload')\">"
    '<p><a href="https://www.example.com/offer" onclick="fetch(\'https://evil.example/click\')">'
    "&lt;img src=x onerror=alert(1)&gt; the &#8238;offer</a></p>"
    "<p><a href=\"javascript:fetch('https://evil.example/javascript')\">no</a></p>"
    '<p><a href="https://www.example.com/polar">polar</a> <a href="https://www.example.com/polar">again</a></p>'
    '<img src="https://evil.example/pixel.gif" width="40" height="20" alt="pixel" onerror="fetch(\'https://evil.example/error\')">'
    '<form action="https://evil.example/form"><button>send</button></form>'
    '<iframe src="https://evil.example/frame"></iframe><svg onload="fetch(\'https://evil.example/svg\')"></svg>'
    '<div style="background:url(https://evil.example/background.png)">x</div></body></html>'
)


def make_page_world(root: Path) -> Path:
    """The workspace, in `root`, which there is not yet."""
    root.mkdir()
    links = "".join(
        f'<tr><td><a href="https://www.example.com/a/{number}">Number {number} of a long list of good things</a></td></tr>'
        for number in range(48)
    )
    large = (
        '<!doctype html><html><head><meta charset="utf-8"><title>Spring</title></head><body>'
        f'<h1>Spring</h1><p><a href="linktrack:offer">Make me an offer</a></p><table>{links}</table>'
        '<p><a href="linktrack:offer">The offer again</a> <a href="linktrack:unsubscribe">Unsubscribe</a></p></body></html>'
    )
    (root / "large.html").write_text(large, "utf-8")
    (root / "hostile.html").write_text(_HARM, "utf-8")
    (root / "large.txt").write_text("Spring: https://www.example.com/a/0 and https://www.example.com/a/1\n", "utf-8")
    rows = [f"{number},p{number}@firm-{number % 25}.example.com,Person {number}" for number in range(PEOPLE)]
    (root / "contacts.csv").write_text("\n".join(["contact_id,email,name", *rows]) + "\n", "utf-8")
    rewrite = ["--contacts", "contacts.csv", "--as", "ndjson"]
    with contextlib.chdir(root):
        _play("init", "--base-url", "https://click.example.com")
        _play(
            "link",
            "add",
            "offer",
            "--url",
            "https://www.example.com/offer",
            "--name",
            f"<i>Offer</i> & {BACKWARDS}more",
        )
        _play("action", "add", "offer", "selection", "--add", "Prospects <script>alert(1)</script>")
        _play("mailing", "add", LARGE, "large.html", "--text", "large.txt", "--subject", "Spring is <here>")
        _play("mailing", "add", HOSTILE, "hostile.html")
        _play("mailing", "add", "never", "hostile.html")
        _play("mailing", "rewrite", LARGE, *rewrite, "--out", "large", "--sent-at", SENT.isoformat())
        _play("mailing", "rewrite", HOSTILE, *rewrite, "--out", "hostile",
              "--sent-at", (SENT - timedelta(days=5)).isoformat())  # fmt: skip
        chance = random.Random(3)
        lines = [*_clicks("large", SENT, chance), *_clicks("hostile", SENT - timedelta(days=5), chance)]
        (root / "access.log").write_text("".join(line for _, line in sorted(lines)), "utf-8")
        _play("click", "import", "access.log")
        _play("action", "run", "--crm", "contacts.csv", "--out", "actions")
    return root


def _clicks(folder: str, sent: datetime, chance: random.Random) -> list[tuple[datetime, str]]:
    """Of ten people a scanner opens all, most others click a place or two within some days."""
    found: list[tuple[datetime, str]] = []
    for number, row in enumerate(Path(folder, "recipients.ndjson").read_text("utf-8").splitlines()):
        paths = re.findall(r'https://click\.example\.com(/[^"]+)"', json.loads(row)["html"])
        if number < 10:
            found += [_line(sent + timedelta(seconds=43 + number), path, "203.0.113.9", _DESKTOP) for path in paths]
        elif number < 50:
            for _ in range(chance.randint(1, 3)):
                at = sent + timedelta(seconds=chance.expovariate(1 / 20_000))
                path = paths[min(int(chance.expovariate(1 / 6)), len(paths) - 2)]
                found.append(_line(at, path, f"198.51.{number}.7", chance.choice((_PHONE, _DESKTOP))))
    return found


def _line(at: datetime, path: str, ip: str, agent: str) -> tuple[datetime, str]:
    time = at.strftime("%d/%b/%Y:%H:%M:%S +0000")
    return at, f'{ip} - - [{time}] "GET {path} HTTP/1.1" 302 0 "-" "{agent}"\n'


def _play(*command: str) -> None:
    done = CliRunner().invoke(app, ["--debug", *command])
    assert done.exit_code in (0, 6), (command, done.stderr, done.exception)
