"""The tables of every command, as an 80-column and a 120-column terminal shows them.

LINKTRACK_TESTS=golden pytest tests/cli/test_tables.py     writes them anew; read what changed line by line
"""

from __future__ import annotations

import io
import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_support import Run

from linktrack.cli.output import Format, show_rows
from linktrack.cli.table import TableColumn, table_lines, width_of
from linktrack.store.opening import open_database
from linktrack.upkeep.checks import Check
from linktrack.workspace import Workspace

GOLDEN = Path(__file__).parent.parent / "golden" / "tables"
WRITE = os.environ.get("LINKTRACK_TESTS") == "golden"

TABLES = {
    "folder-list": "folder list",
    "link-list": "link list",
    "link-apply": "link apply links.toml --dry-run",
    "link-check": "link check",
    "action-list": "action list",
    "action-run": "action run --crm contacts.csv --dry-run",
    "action-log": "action log",
    "mailing-list": "mailing list",
    "mailing-show": "mailing show news",
    "mailing-links": "mailing links news",
    "mailing-check": "mailing check news news.html",
    "shipment-list": "shipment list",
    "shipment-show": "shipment show 1",
    "shipment-recipients": "shipment recipients 1",
    "click-list": "click list",
    "report-links": "report links",
    "report-link": "report link offer",
    "report-mailing-by-link": "report mailing news",
    "report-mailing-by-shipment": "report mailing news --by shipment",
    "report-mailing-by-hour": "report mailing news --by hour",
    "report-clickers": "report clickers offer",
    "key-list": "key list",
    "doctor-crm": "doctor --crm contacts.csv",
}
WIDTHS = (80, 120)
READ_AT = 1_778_486_400_000  # 2026-05-11T08:00:00Z


def _steady(text: str, workspace: Workspace) -> str:
    """The table with what is made by chance, names of placements and fingerprints of keys, replaced by others as long."""
    with open_database(workspace) as database:
        names = [row[0] for row in database.rows("SELECT key FROM placement ORDER BY id")]
    for number, name in enumerate(names, 1):
        text = re.sub(rf"\b{name}\b", f"p{number:0{len(name) - 1}}", text)
    return re.sub(r"\b[0-9a-f]{16}\b", "f" * 16, text)


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_as_they_were_read(
    name: str, campaign: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "action-run":  # the clicks are open again
        with open_database(campaign) as database, database.transaction():
            for table in ("change", "made", "settled", "open_time"):
                database.execute(f"DELETE FROM {table}")
            database.execute("UPDATE click SET passed = 0")
            database.execute(
                "INSERT INTO open_time (first_at, last_at) SELECT min(clicked_at), max(clicked_at) FROM click"
            )
    if name == "link-check":
        for verb in ("--add", "--remove"):
            assert run("action", "add", "news", "interest", verb, "Återförsäljarnas vårerbjudanden").code == 0
    monkeypatch.setattr(time, "time_ns", lambda: READ_AT * 1_000_000)
    for width in WIDTHS:
        monkeypatch.setenv("COLUMNS", str(width))
        done = run(*TABLES[name].split(), "--format", "table")
        assert done.code in (0, 6), done.err
        _compare(name, width, _steady(done.out, campaign))


def test_the_table_of_doctor(campaign: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [
        Check("settings", "ok", "/home/anna/Kampanjer/linktrack.toml", ""),
        Check("base_url", "warning", "http://click.example.com", "use https: mail clients warn about plain http"),
        Check(
            "owner",
            "error",
            "/home/anna/Kampanjer/Återförsäljarnas_vårerbjudanden/scripts/skicka_till_affärssystemet.py",
            "others may write to it: chmod go-w /home/anna/Kampanjer/scripts",
        ),
    ]
    monkeypatch.setattr("linktrack.upkeep.doctor.examine", lambda *_, **__: checks)
    for width in WIDTHS:
        monkeypatch.setenv("COLUMNS", str(width))
        _compare("doctor", width, run("doctor", "--format", "table").out)


def _compare(name: str, width: int, text: str) -> None:
    assert all(width_of(line) <= width for line in text.splitlines()), text
    assert "\x1b" not in text
    path = GOLDEN / f"{name}-{width}.txt"
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


_WORD = st.text(st.sampled_from("abcåäö漢e\u0301-"), min_size=1, max_size=20)
_CELL = st.lists(_WORD, max_size=5).map(" ".join)
_COLUMNS = st.sampled_from(["key", "name", "contact_id", "reasons", "clicks"])


@st.composite
def tables(draw: st.DrawFn) -> list[TableColumn]:
    names = draw(st.lists(_COLUMNS, min_size=1, unique=True))
    height = draw(st.integers(1, 4))
    return [
        TableColumn(name, [draw(_WORD if name in ("key", "contact_id") else _CELL) for _ in range(height)])
        for name in names
    ]


@given(tables(), st.integers(60, 200))
def test_no_line_is_wider_than_the_terminal_and_no_word_is_taken_apart(columns: list[TableColumn], width: int) -> None:
    lines = list(table_lines(columns, width))
    assert all(width_of(line) <= width for line in lines)
    found = "\n".join(lines).split()
    for column in columns:
        for word in " ".join(column.cells).split():
            assert word in found


@pytest.mark.parametrize(
    ("cell", "pieces"),
    [
        pytest.param("återförsäljarna vill", ["återförsäljarna", "vill"], id="at the ends of words"),
        pytest.param("https://e.example/a?b=1&c=2", ["https://", "e.", "example/", "a?", "b=", "1&", "c=", "2"],
                     id="an address behind its marks"),
        pytest.param("x" * 45, ["x" * 40, "x" * 5], id="what is too long for a word"),
        pytest.param(r"\u30ec" * 8, [r"\u30ec" * 6, r"\u30ec" * 2], id="never within an escape"),
        pytest.param(r"ab\x1b" * 9, [r"ab\x1b" * 6 + "ab", r"\x1b" + r"ab\x1b" * 2], id="nor a short one"),
    ],
)  # fmt: skip
def test_where_a_text_is_folded(cell: str, pieces: list[str]) -> None:
    width = max(map(len, pieces))
    lines = list(table_lines([TableColumn("reasons", [cell])], width))
    assert "".join(lines[2:]).replace(" ", "") == cell.replace(" ", "")
    for line in lines[2:]:
        assert any(line.endswith(piece) for piece in pieces)


def test_rows_that_have_no_room_beside_each_other_become_blocks() -> None:
    lines = list(table_lines([TableColumn("key", ["k" * 50]), TableColumn("reasons", ["en lång förklaring"])], 60))
    assert lines == [f"key      {'k' * 50}", "reasons  en lång förklaring"]
    lines = list(table_lines([TableColumn("other", ["m" * 76]), TableColumn("verdict", ["inconclusive"])], 80))
    assert lines == [f"other    {'m' * 71}", f"         {'m' * 5}", "verdict  inconclusive"], "a key of any width"


def test_a_stream_without_the_letters_gets_escapes_in_columns_that_stand_straight() -> None:
    out = io.TextIOWrapper(io.BytesIO(), "ascii")
    show_rows([{"name": "Vår", "clicks": 1}, {"name": "b", "clicks": 22}], ["name", "clicks"], Format.table, stream=out)
    out.seek(0)
    assert out.read().splitlines() == ["name    clicks", "------  ------", "V\\xe5r       1", "b           22"]
