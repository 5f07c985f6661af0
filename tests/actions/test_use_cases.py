"""The five uses that the original system is sold for, from their definition in TOML to the files for the CRM.

The definitions are configs/links/use-cases.toml, the mapping is configs/crm/superoffice.toml, and what must come out
lies in tests/golden/use_cases.

    python tests/actions/test_use_cases.py     writes what comes out today into that folder
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import pytest
from typer.testing import CliRunner

from linktrack.actions.run import run_actions
from linktrack.actions.run_input import RunOptions
from linktrack.cli.app import app
from linktrack.links.signing_keys import open_keys
from linktrack.store.opening import open_database
from linktrack.workspace import load_workspace

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "use_cases"
MONDAY = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)

MAIL = """\
<html><body>
<p><a href="https://www.example.com/products/new">Our new product</a></p>
<p><a href="linktrack:offer">Yes please, send me an offer</a></p>
<p><a href="linktrack:contact-me">Contact me</a></p>
<p><a href="linktrack:book-consultant">Book a consultant</a></p>
<p><a href="linktrack:unsubscribe">I want no more newsletters</a></p>
</body></html>
"""

# Who clicked what, so many minutes after nine (Stockholm); Karin reads the mail twice.
VISITS = (
    ("000122", "https://www.example.com/products/new", 2),
    ("000123", "https://www.example.com/products/new", 5),
    ("000123", "offer", 6),
    ("000125", "unsubscribe", 9),
    ("000122", "contact-me", 11),
    ("000124", "book-consultant", 14),
    ("000126", "offer", 21),
    ("000127", "book-consultant", 30),
    ("000124", "contact-me", 33),
    ("000123", "offer", 95),
    ("000126", "contact-me", 101),
)  # fmt: skip


def call(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["--debug", *map(str, arguments)])
    assert result.exit_code == 0, (arguments, result.output, result.exception)
    return result.stdout


def play(root: Path) -> Path:
    """Define the links, send the mailing, import the visits, run the actions; returns the folder of the files."""
    workspace = ("--workspace", root / "workspace")
    with mock.patch.dict(os.environ, {"TZ": "Europe/Stockholm"}):
        call("init", root / "workspace", "--base-url", "https://click.example.com")
    mapping = (ROOT / "configs" / "crm" / "superoffice.toml").read_text("utf-8")
    settings = root / "workspace" / "linktrack.toml"
    with settings.open("a", encoding="utf-8") as file:
        file.write(f"\n[actions]\nholidays = [2026-05-14]\n\n{mapping}")
    shutil.copytree(GOLDEN / "crm", root / "crm")
    (root / "mail.html").write_text(MAIL, "utf-8")
    call(*workspace, "link", "apply", ROOT / "configs" / "links" / "use-cases.toml")
    call(*workspace, "mailing", "add", "spring", root / "mail.html", "--type", "Newsletter", "--subject", "Spring")
    call(*workspace, "mailing", "rewrite", "spring", "--contacts", root / "crm", "--out", root / "mails",
         "--sent-at", "2026-05-04T08:45:00+02:00")  # fmt: skip
    (root / "access.log").write_text(visits(root / "workspace"), "utf-8")
    call(*workspace, "click", "import", root / "access.log")
    loaded = load_workspace(root / "workspace", {})
    with open_database(loaded) as database:
        run_actions(loaded, database, RunOptions(root / "crm", int(MONDAY.timestamp() * 1000)), root / "out")
    rows = json.loads(call(*workspace, "report", "links", "--mailing", "spring", "--format", "json"))
    report = "".join(f"{row['key']}: {row['clicks']} clicks by {row['clickers']} of {row['sent']}\n" for row in rows)
    (root / "out" / "report.txt").write_text(report)  # the first use: how many are interested
    return root / "out"


def visits(workspace: Path) -> str:
    """The web server's log of the visits."""
    loaded = load_workspace(workspace, {})
    with open_database(loaded) as database:
        tokens = open_keys(loaded, database).tokens
        shipment = database.value("SELECT number FROM shipment")
        places = {}
        for placement, key, url in database.rows(
            "SELECT p.key, l.key, l.url FROM placement p JOIN link l ON l.id = p.link_id"
        ):
            places[key] = places[url] = placement
        people: dict[str, int] = dict(database.rows("SELECT contact_id, id FROM recipient"))
    lines = []
    for contact, place, minute in VISITS:
        time = f"04/May/2026:{9 + minute // 60:02}:{minute % 60:02}:07 +0200"
        agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:138.0) Gecko/20100101 Firefox/138.0"
        method, status = ("POST", 200) if place == "unsubscribe" else ("GET", 302)  # she pressed the page's button
        address = f"/{places[place]}/{tokens.sign(shipment, people[contact])}"
        lines.append(
            f'192.0.2.{int(contact) % 200} - - [{time}] "{method} {address} HTTP/1.1" {status} 0 "-" "{agent}"\n'
        )
    return "".join(lines)


def without_chance(out: Path) -> dict[str, bytes]:
    """The files of a run by name. What hangs on the workspace's random key and numbers, the ids of changes, the
    prints in the names of clicks and its own, is counted through instead, in the order in which the files have it."""
    named: dict[bytes, bytes] = {}

    def counted(found: re.Match[bytes]) -> bytes:
        kind = b"id" if len(found[0]) == 24 else b"print"
        return named.setdefault(found[0], b"%s%d" % (kind, len(named) + 1))

    return {
        path.name: re.sub(
            rb'\bc[0-9a-f]{23}\b|(?<=-)[0-9a-f]{16}\b|(?<="workspace": ")[0-9a-f]{16}\b', counted, path.read_bytes()
        )
        for path in sorted(out.iterdir())
    }


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play(tmp_path_factory.mktemp("use-cases"))


def test_every_file_is_the_golden_one(out: Path) -> None:
    expected = {path.name: path.read_bytes() for path in (GOLDEN / "out").iterdir()}
    found = without_chance(out)
    assert sorted(found) == sorted(expected)
    for name, data in expected.items():
        assert found[name] == data, name


def test_a_diff_of_export_and_result_shows_the_lines_with_changes_only(out: Path) -> None:
    before, after = ((folder / "contacts.csv").read_bytes().decode("cp1252") for folder in (GOLDEN / "crm", out))
    lines = [line for line in difflib.ndiff(before.splitlines(True), after.splitlines(True)) if line[0] in "+-"]
    assert lines == [
        '- "000123";"Karin";"Sjöström";"karin@example.com";"2021";"Fjällbris; Luft & Värme AB";"ANNA";"Newsletter, Product news";"warm";\r\n',
        '+ "000123";"Karin";"Sjöström";"karin@example.com";"2021";"Fjällbris; Luft & Värme AB";"ANNA";"Newsletter, Product news";"hot";\r\n',
        '- "000125";"Di";"Öberg";"di@example.com";"";"";"";"Newsletter, Events";"";\r\n',
        '+ "000125";"Di";"Öberg";"di@example.com";"";"";"";"Events";"";\r\n',
        '- "000126";"Eva";"Ål";"eva@example.com";2022;Brännö Båt;;Newsletter;;"Autumn ""25"""\r\n',
        '+ "000126";"Eva";"Ål";"eva@example.com";2022;Brännö Båt;;Newsletter;hot;"Autumn ""25"""\r\n',
    ]  # fmt: skip
    changed = (out / "contacts-changed.csv").read_bytes().decode("cp1252").splitlines(True)
    assert changed == [before.splitlines(True)[0], *(line[2:] for line in lines if line[0] == "+")]


def test_nothing_in_the_golden_files_is_of_this_machine() -> None:
    for path in (GOLDEN / "out").iterdir():
        assert not re.search(rb"/(tmp|home|root|var)/", path.read_bytes()), path


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        made = play(Path(place))
        shutil.rmtree(GOLDEN / "out", ignore_errors=True)
        (GOLDEN / "out").mkdir()
        for name, data in without_chance(made).items():
            (GOLDEN / "out" / name).write_bytes(data)
    sys.stdout.write(f"written: {GOLDEN / 'out'}\n")
