"""A campaign in full, with long Swedish names: two mailings, their sendings, clicks, and a run of the actions."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import shutil
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner
from world import CHROME

from linktrack.cli.app import app
from linktrack.workspace import Workspace, load_workspace

MADE_AT = 1_777_600_000_000  # 2026-05-01T01:46:40Z
SENT_AT = "2026-05-04 09:00"  # in Europe/Stockholm
LONG_KEY = "aterforsaljarnas-sommar"
LONG_MAILING = "Höstens storsatsning på energieffektivitet"
PEOPLE = (
    ("10042", "anna@example.com", "Anna Öberg-Wennerström von Knorringsstierna"),
    ("10043", "bo.fredrik.lindqvist-hammarstrom@fastighetsforvaltningen.example.com", "Bo Fredrik Lindqvist"),
    ("10044", "cecilia@example.com", "Cecilia Åhlander"),
    ("10045", "dag@example.com", "Dag"),
    ("10046", "eva@example.com", "Eva Ström"),  # clicks nothing
)
HTML = """<!doctype html><html><head><title>Våren</title></head><body>
<p><a href="https://www.example.com/erbjudande">Läs mer om vårens förmånliga erbjudanden till återförsäljare</a></p>
<p><a href="linktrack:offer">Ja tack</a> <a href="linktrack:news">Nyheter</a>
<a href="linktrack:LONG_KEY">Sommarens stora erbjudande</a></p>
<p><a href="mailto:kundtjanst@fjallbris.example.com?subject=Offert">kundtjanst@fjallbris.example.com</a></p>
<p><a href="https://www.example.com/a?utm_source=old&amp;kategori=ventilation&amp;sida=tva">Mer</a></p>
<p><a href="">tomt</a></p></body></html>
"""


def play(*commands: list[str], root: Path) -> None:
    """Run commands in a folder; each has to succeed."""
    with contextlib.chdir(root):
        for command in commands:
            done = CliRunner().invoke(app, ["--debug", *command])
            assert done.exit_code in (0, 6), (command, done.stderr, done.exception)


def _visits(root: Path) -> list[str]:
    """What the recipients of the first shipment click: a line of a web server's log for each address, a minute apart."""
    lines = []
    for number, row in enumerate((root / "sent" / "recipients.ndjson").read_text("utf-8").splitlines()):
        addresses = re.findall(r'https://click\.example\.com(/[^"]+)"', json.loads(row)["html"])
        for place, path in enumerate(addresses[: max(4 - number, 0)]):
            lines.append(
                f"198.51.{number}.7 - - [04/May/2026:{9 + number:02}:{10 + 7 * place}:00 +0200] "
                f'"GET {path} HTTP/1.1" 302 0 "-" "{CHROME}"'
            )
    test = json.loads((root / "tried" / "recipients.ndjson").read_text("utf-8").splitlines()[0])["html"]
    path = re.findall(r'https://click\.example\.com(/[^"]+)"', test)[0]
    return [*lines, f'198.51.9.9 - - [04/May/2026:14:00:00 +0200] "GET {path} HTTP/1.1" 302 0 "-" "{CHROME}"']


@pytest.fixture(scope="session")
def _campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("campaign")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Stockholm")
        patch.setattr(time, "time_ns", lambda: MADE_AT * 1_000_000)
        _play_campaign(root)
    return root


def _play_campaign(root: Path) -> None:
    html = HTML.replace("LONG_KEY", LONG_KEY)
    (root / "news.html").write_text(html, "utf-8")
    (root / "news.txt").write_text("Våren är här: https://www.example.com/erbjudande\n", "utf-8")
    rows = "".join(f"{contact},{email},{name}\n" for contact, email, name in PEOPLE)
    (root / "contacts.csv").write_text(f"contact_id,email,name\n{rows}", "utf-8")
    others = "".join(f"{contact},p{contact}@example.com,Person {contact}\n" for contact in range(20_000, 20_020))
    (root / "all.csv").write_text(f"contact_id,email,name\n{rows}{others}", "utf-8")
    (root / "urls.txt").write_text("https://www.example.com/\n", "utf-8")
    (root / "links.toml").write_text('[[link]]\nkey = "spring"\nurl = "https://www.example.com/spring"\n', "utf-8")
    folder = "Kampanjer/Vårens förmånliga erbjudanden till återförsäljare"
    selection = "Återförsäljare som vill ha vårens förmånliga erbjudanden"
    rewrite = ["mailing", "rewrite", "news", "--contacts", "contacts.csv", "--as", "ndjson", "--sent-at", SENT_AT]
    play(
        ["init", "--base-url", "https://click.example.com"],
        ["folder", "add", "Campaigns/Spring", "--parents"],
        ["folder", "add", folder, "--parents"],
        *(
            ["link", "add", key, "--url", f"https://www.example.com/{key}", "--name", name, "--folder", where]
            for key, name, where in (
                ("offer", "Ja tack, jag vill gärna ha en offert", "Campaigns/Spring"),
                ("news", "Nyheter", "Campaigns"),
                (LONG_KEY, "Sommarens stora erbjudande till alla återförsäljare", folder),
            )
        ),
        ["action", "add", "offer", "selection", "--add", selection],
        ["action", "add", "offer", "follow-up", "--task", "Ring upp", "--default-recipient", "BO"],
        ["mailing", "add", "news", "news.html", "--subject", "Vårens förmånligaste fläktfilter är här nu",
         "--type", "newsletter"],
        ["mailing", "add", "autumn", "news.html"],
        ["mailing", "add", LONG_MAILING, "news.html", "--subject", "Höst"],
        [*rewrite, "--out", "sent"],
        [*rewrite, "--out", "tried", "--test"],
        ["mailing", "rewrite", LONG_MAILING, "--contacts", "contacts.csv", "--out", "autumn", "--sent-at", SENT_AT],
        root=root,
    )  # fmt: skip
    log = "\n".join(_visits(root)) + "\n"
    (root / "access.log").write_text(log, "utf-8")
    (root / "access.log.2.gz").write_bytes(gzip.compress(log.encode()))
    event = {"event": "click", "timestamp": 1_777_885_200, "email": "a@example.com", "url": "https://other.example/"}
    (root / "events.json").write_text(json.dumps([event]), "utf-8")
    run = ["action", "run", "--crm", "contacts.csv", "--out", "first-run"]
    play(["click", "import", "access.log"], run, root=root)


@pytest.fixture
def campaign(_campaign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace in which a campaign was played, which is also the current folder."""
    root = tmp_path / "campaign"
    shutil.copytree(_campaign, root)
    monkeypatch.chdir(root)
    return load_workspace(root)
