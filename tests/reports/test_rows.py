"""Where rows go: files by their endings, CSV for a spreadsheet, workbooks into pipes, and what cannot be."""

from __future__ import annotations

import csv
import io
import os
import pty
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from clicks_world import World
from every_command import ALL
from reports.reports_world import ZONE, speak
from tests_support import Run

from linktrack.cli.output import Format, show_rows
from linktrack.cli.row_formats import SPREADSHEETS
from linktrack.cli.shared_rows import Destination
from linktrack.errors import UsageError
from linktrack.moments import zone_of
from linktrack.settings.tables import Language

GOLDEN = Path(__file__).parent.parent / "golden" / "spreadsheets"
WRITE = "REPORTS_GOLDEN" in os.environ

# Commands with `--format` whose answer is one thing: all others list rows.
OF_ONE_THING = {
    "click import", "link show", "mailing add", "mailing rewrite", "mailing show", "shipment render", "shipment show", "status",
    "contact show", "contact forget", "database purge",
}  # fmt: skip
SHOWN = [
    ["links"], ["mailings"], ["mailing", "spring", "--by", "hour"], ["mailing", "spring", "--by", "age"],
    ["clickers", "link-2", "--mailing", "spring"], ["compare", "spring", "autumn"], ["contact", "C7"],
]  # fmt: skip


def names_of(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


def test_every_list_takes_a_file_and_a_spreadsheets_csv() -> None:
    lists = {path for path, command in ALL.items() if "--excel" in names_of(command)}
    formats = {path for path, command in ALL.items() if "--format" in names_of(command)}
    assert len(lists) > 20
    assert formats - lists <= OF_ONE_THING
    assert all({"--output", "-o", "--format"} <= names_of(ALL[path]) for path in lists)


# --- CSV as a spreadsheet opens it -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("arguments", SHOWN, ids=" ".join)
def test_a_spreadsheets_csv_looks_as_it_did(
    own_world: World, run: Run, arguments: list[str], language: Language
) -> None:
    speak(own_world, language)
    path = own_world.workspace.root / "report.csv"
    done = run("report", *arguments, "--excel", "-o", path)
    assert (done.code, done.out) == (0, "")
    data = path.read_bytes()
    golden = GOLDEN / f"{language}-{'-'.join(word.strip('-') for word in arguments)}.csv"
    if WRITE:
        golden.write_bytes(data)
    assert data == golden.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\r\n") == data.count(b"\n")


def test_numbers_times_and_thin_rates_of_a_spreadsheets_csv(own_world: World, run: Run) -> None:
    speak(own_world, "sv")
    command = ("report", "mailing", "spring", "--since", "2026-05-05")
    rows = run(*command, "--format", "json").json
    path = own_world.workspace.root / "report.csv"
    run(*command, "--excel", "-o", path)
    shown = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig")), delimiter=";"))
    assert len(shown) == len(rows) and {row["clickers"] < 5 for row in rows} == {True, False}
    for row, cells in zip(rows, shown, strict=True):
        rate = "" if row["clickers"] < 5 else f"{row['click_rate']:.6f}".rstrip("0").replace(".", ",")
        assert (cells["click_rate"], cells["clicks"]) == (rate, str(row["clicks"]))
        assert cells["first_click"] == (row["first_click"] or "")[:19].replace("T", " ")


@pytest.mark.parametrize(
    ("language", "line"),
    [("en", "'=1+1,-0.5,-5,-10042,'=a@example.com,2026-03-29 03:00:00,\"a, b\"\r\n"),
     ("sv", "'=1+1;-0,5;-5;-10042;'=a@example.com;2026-03-29 03:00:00;a, b\r\n")],
)  # fmt: skip
def test_texts_are_guarded_and_numbers_never(language: Language, line: str) -> None:
    row = {"name": "=1+1", "difference": -0.5, "clicks": -5, "contact_id": "-10042", "email": "=a@example.com",
           "sent_at": 1_774_746_000_000, "tags": ["a", "b"]}  # fmt: skip
    out = io.StringIO(newline="")
    show_rows([row], list(row), Format.csv, zone=zone_of(ZONE), stream=out, spreadsheet=SPREADSHEETS[language])
    assert out.getvalue().removeprefix("\ufeff").splitlines(keepends=True)[1] == line


# --- the format --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("destination", "format"),
    [
        (Destination(), Format.tsv),
        (Destination(output=Path("-")), Format.tsv),
        (Destination(format=Format.xlsx), Format.xlsx),
        (Destination(output=Path("a.XLSX")), Format.xlsx),
        (Destination(Path("a.csv"), format=Format.json), Format.json),
        (Destination(excel=True), Format.csv),
        (Destination(output=Path("a.txt"), excel=True), Format.csv),
        (Destination(Path("a.xlsx"), excel=True, format=Format.csv), Format.csv),
    ],
    ids=str,
)
def test_the_format_is_the_told_one_or_that_of_the_ending(destination: Destination, format: Format) -> None:
    assert destination.chosen() is format


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["report", "links", "-o", "a.docx"], "is no format"),
        (["report", "links", "-o", "a.table"], "is no format"),
        (["report", "links", "--excel", "--format", "json"], "--excel"),
        (["report", "links", "--excel", "-o", "a.xlsx"], "--excel"),
        (["link", "list", "--excel", "--format", "xlsx"], "--excel"),
        (["link", "show", "link-1", "--format", "xlsx"], "one thing"),
        (["click", "judge", "-o", "a.csv"], "--dry-run"),
        (["action", "run", "--crm", "x.csv", "--out", "y", "--excel"], "--dry-run"),
        (["link", "apply", "x.toml", "-o", "a.csv"], "--dry-run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_written(own_world: World, run: Run, arguments: list[str], words: str) -> None:
    (own_world.workspace.root / "x.toml").write_text("")
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert not list(own_world.workspace.root.glob("a.*"))


def test_a_workbook_is_nothing_for_a_terminal(own_world: World) -> None:
    """`-o -` is the terminal too, where stdout is one."""
    for more in ([], ["-o", "-"]):
        controller, terminal = pty.openpty()
        done = subprocess.run(
            [sys.executable, "-m", "linktrack", "report", "links", "--format", "xlsx", *more],
            stdout=terminal, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
        os.close(terminal)
        os.close(controller)
        assert done.returncode == 2
        assert b"-o FILE.xlsx" in done.stderr


@pytest.mark.parametrize("more", [[], ["-o", "-"]], ids=["stdout", "-o -"])
def test_a_workbook_goes_into_a_pipe(own_world: World, more: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "linktrack", "report", "links", "--format", "xlsx", *more],
        capture_output=True, check=True,
    )  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as archive:
        assert archive.testzip() is None and "xl/worksheets/sheet1.xml" in archive.namelist()
    assert done.stderr.startswith(b"Judged by")


def test_a_spreadsheets_csv_in_a_pipe_is_utf_8_whatever_the_locale(own_world: World) -> None:
    with own_world.database() as database, database.transaction():
        database.execute("UPDATE link SET name = 'Vårerbjudande' WHERE key = 'link-1'")
    done = subprocess.run(
        [sys.executable, "-m", "linktrack", "link", "list", "--excel"],
        capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.stdout.startswith(b"\xef\xbb\xbfkey,") and "Vårerbjudande".encode() in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "mailing", "spring", "--by", "hour"],
        ["report", "mailing", "spring", "--by", "weekhour"],
        ["report", "mailings"],
        ["report", "contact", "C1"],
        ["report", "links"],
    ],
    ids=" ".join,
)
def test_without_utf_8_a_table_is_ascii_and_data_is_escaped(own_world: World, arguments: list[str]) -> None:
    with own_world.database() as database, database.transaction():
        database.execute("UPDATE mailing SET name = 'Vår' WHERE name = 'autumn'")
        database.execute("UPDATE link SET name = 'Rea på Gröna' WHERE key = 'link-1'")
    plain = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", "linktrack", *arguments, "--format", "table"],
        capture_output=True, check=True, env=plain,
    )  # fmt: skip
    text = done.stdout.decode("ascii")
    assert max(map(len, text.splitlines())) <= 80
    escaped = "\\u2" in text or "\\xb7" in text
    assert not escaped, "nothing of ours had to be escaped"
    if "hour" in arguments:
        assert "####" in text
    if arguments[-1] in ("mailings", "C1"):
        assert "V\\xe5r" in text


def test_a_destination_is_checked_before_anything_is_done(own_world: World, run: Run) -> None:
    with pytest.raises(UsageError, match="--dry-run"):
        Destination(output=Path("a.csv")).check_dry_run(dry_run=False)
    Destination(format=Format.json).check_dry_run(dry_run=False)
    before = own_world.tallies()
    assert run("click", "judge", "--excel").code == 2
    assert own_world.tallies() == before
