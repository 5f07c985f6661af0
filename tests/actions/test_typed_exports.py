"""Runs on exports that know more than texts, and on cells of interests that no name may be added to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from actions.actions_world import ActionsWorld, rows_of
from tests_support import Run

from linktrack.actions.ledger.log import read_log
from linktrack.actions.ledger.rows import LogFilter
from linktrack.errors import LinktrackError

openpyxl = pytest.importorskip("openpyxl")
FIELDS = """[crm.contacts.fields]
sent = { column = "sent", type = "date", format = "%d.%m.%Y" }
calls = { column = "calls", type = "yes-no" }
score = { column = "score", type = "number", decimal = "," }
more = { column = "more", type = "number", create = true }
"""


def set_to(field: str, value: object) -> dict[str, Any]:
    return {"type": "set-field", "field": field, "value": value}


def test_a_run_writes_numbers_days_and_ones_into_a_workbook(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("offer", [set_to("sent", "2026-05-04"), set_to("calls", True), set_to("score", 7.5), set_to("more", 3)])
    for minute, contact in enumerate("123"):
        world.click(contact, "offer", minute)
    book = openpyxl.Workbook()
    for row in (
        ["contact_id", "sent", "calls", "score"],
        ["1", date(2025, 3, 1), 0, 1.5],
        ["2", None, None, None],
        ["3", date(2026, 5, 4), 1, 7.5],
    ):
        book.active.append(row)
    book.save(world.root / "contacts.xlsx")
    report, out = world.run(world.root / "contacts.xlsx")
    assert [[cell.value for cell in row] for row in openpyxl.load_workbook(out / "contacts.xlsx").active] == [
        ["contact_id", "sent", "calls", "score", "more"],
        ["1", datetime(2026, 5, 4), 1, 7.5, 3],
        ["2", datetime(2026, 5, 4), 1, 7.5, 3],
        ["3", datetime(2026, 5, 4), 1, 7.5, 3],
    ]
    # what holds the value already, in whatever way, is no change
    assert [row["name"] for row in rows_of(out / "changes.ndjson") if row["contact_id"] == "3"] == ["more"]
    assert (report.summary["set_field"], report.summary["failed"]) == (9, 0)


def test_a_name_with_the_separator_fails_unless_the_column_has_names_in_quotes(world: ActionsWorld) -> None:
    world.configure("")
    world.link("offer", [{"type": "interest", "add": ["x,y"]}])
    world.click("1", "offer")
    report, out = world.run(world.export("contact_id,interests\n1,News\n2,Tips\n"))
    reason = "the interest 'x,y' cannot be added: the name 'x,y' holds ',', which parts names"
    assert report.failures[0].startswith(f"link 'offer', contact '1': {reason}")
    assert (out / "contacts.csv").read_text() == "contact_id,interests\n1,News\n2,Tips\n"
    export = world.export('contact_id,interests\n1,News\n2,"""a,b"""\n')
    report, out = world.run(export, retry_failed=True)
    assert report.summary["failed"] == 0
    assert (out / "contacts.csv").read_text() == 'contact_id,interests\n1,"News,""x,y"""\n2,"""a,b"""\n'


def test_in_a_list_of_json_any_name_can_stand(world: ActionsWorld) -> None:
    world.configure("")
    world.link("offer", [{"type": "interest", "add": ["x,y"]}])
    world.click("1", "offer")
    _, out = world.run(world.export('{"contact_id": "1", "interests": ["News"]}\n', "contacts.ndjson"))
    assert (out / "contacts.ndjson").read_text() == '{"contact_id": "1", "interests": ["News", "x,y"]}\n'


def test_each_name_that_fails_has_a_sentence_of_its_own(world: ActionsWorld) -> None:
    world.configure("")
    world.link("offer", [{"type": "interest", "add": ["A"], "remove": ["B"]}])
    world.click("1", "offer")
    report, _ = world.run(world.export("contact_id,interests\n1,N/A\n"))
    cell = "the cell 'N/A' holds 'N/A', a word or sign for nothing, which is no name"
    assert report.failures == (
        f"link 'offer', contact '1': the interest 'B' cannot be removed: {cell}",
        f"link 'offer', contact '1': the interest 'A' cannot be added: {cell}",
    )
    assert report.summary["failed"] == len(list(read_log(world.database, LogFilter(status="failed")))) == 2


@pytest.fixture
def shop(world: ActionsWorld, monkeypatch: pytest.MonkeyPatch) -> ActionsWorld:
    monkeypatch.chdir(world.root)
    world.configure("")
    return world


def test_faults_of_the_export_are_said_with_quiet(shop: ActionsWorld, run: Run) -> None:
    shop.link("offer", [{"type": "selection", "add": ["S"]}])
    for minute, contact in enumerate(("1", "0001")):
        shop.click(contact, "offer", minute)
    shop.export("contact_id,name\n1,Bo\n2\n,Cy\n01,Di,x\n3,Ed\n\nThe end,\n")
    said = run("action", "run", "--crm", "contacts.csv", "--out", "out", "--quiet")
    lines = said.err.splitlines()
    assert [line for line in lines if line.startswith("Note: contacts.csv: 4 rows were left as they came: lines 3")]
    assert "Note: '0001' has clicked and is not in contacts.csv, but '1' is: is that the same contact?" in lines
    shop.export("contact_id,name\n1,Bo\n,Cy\n\nThe end,\n")
    shop.click("1", "offer", 5)
    said = run("action", "run", "--crm", "contacts.csv", "--out", "out2", "--quiet")
    assert "left as they came" not in said.err


def test_names_that_need_quotes_are_said_when_an_action_is_made_and_checked(shop: ActionsWorld, run: Run) -> None:
    sentence = (
        "the interest 'x,y' holds ',', which parts names: it is only written where the export's cells are lists or have "
        "names in quotes"
    )
    made = run("action", "add", "offer", "interest", "--add", "x,y", "--quiet")
    assert made.err.splitlines() == [sentence]
    checked = run("link", "check", "offer", "--format", "ndjson")
    assert (checked.code, sentence in checked.out) == (6, True)
    shop.export('contact_id,interests\n1,"""a,b"""\n')
    assert sentence not in run("link", "check", "offer", "--crm", "contacts.csv").out.replace("\n", " ")
    shop.export('{"contact_id": "1", "interests": ["News"]}\n', "contacts.ndjson")
    assert "lists" not in run("link", "check", "offer", "--crm", "contacts.ndjson").out


def test_an_export_that_has_changed_since_the_run_began_is_said_when_it_is_resumed(
    shop: ActionsWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LinktrackError("no")

    shop.link("offer", [{"type": "selection", "add": ["S"]}])
    shop.click("1", "offer")
    for changed in (False, True):
        shop.click("1", "offer", 5 + changed)
        shop.export("contact_id,name\n1,Bo\n")
        with monkeypatch.context() as patch:
            patch.setattr("linktrack.actions.run.write_crm", fail)
            assert run("action", "run", "--crm", "contacts.csv", "--out", f"out{changed}").code == 3
        if changed:
            shop.export("contact_id,name\n1,Bo\n2,Cy\n")
        said = run("action", "run", "--resume", "--quiet")
        assert (
            "contacts.csv has changed since run 2 began: the run is finished with it as it is" in said.err
        ) is changed
