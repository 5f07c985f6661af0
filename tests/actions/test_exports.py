"""What a run makes of an export: what stops it, what is told, and that it comes back in its own format."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from actions.actions_world import MAY_4, ActionsWorld, rows_of

from linktrack.actions.done import Done
from linktrack.actions.output import COLUMNS, RunFolder
from linktrack.actions.planned import Clicked, LinkFacts, NumberedAction, ShipmentFacts
from linktrack.actions.selecting import PassedClick
from linktrack.click_names import click_name
from linktrack.crm.authored import PLAIN
from linktrack.crm.csv_fields import unquoted
from linktrack.errors import BadInput
from linktrack.links.actions import parse_action

SUMMARY = [  # the keys of summary.json, which others rely on
    *("run", "workspace", "by_hand", "ran_at", "clicks", "contacts", "changes", "set_field", "interests", "selections"),
    *(
        "projects",
        "follow_ups",
        "requests",
        "scripts",
        "failed",
        "unknown_contacts",
        "actions",
        "passed_clicks",
        "said",
        "notes",
        "new_selections",
    ),
    *("new_projects", "new_interests", "left_alone", "files"),
]
FIELDS = '[crm.contacts.fields]\nlevel = "level"\n'
EXPORT = "contact_id,name,level,interests\n1,Bo,,News\n2,Cy,,\n3,Di,,\n"


def set_to(value: str) -> dict[str, Any]:
    return {"type": "set-field", "field": "level", "value": value}


STOPS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "a field's column": (set_to("hot"), "", "contact_id\n1\n", "contacts.csv: the field 'level' needs the column 'level'"),
    "the id's column": (set_to("hot"), "", "id,level\n1,\n", "every contact needs the column 'contact_id'"),
    "the column of interests": ({"type": "interest", "add": ["A"]}, "", "contact_id\n1\n", "an action on interests needs the column 'interests'"),
    "the name in a title": ({"type": "request", "title": "{contact.name}"}, "", "contact_id\n1\n", "the placeholder {contact.name} needs the column 'name'"),
    "a field in a title": ({"type": "request", "title": "{contact.plan}"}, '[crm.contacts.fields]\nplan = "Plan"\n', "contact_id\n1\n", "the field 'plan' needs the column 'Plan'"),
    "our contact, when there is no other recipient": ({"type": "follow-up", "assign_to_our_contact": True}, "", "contact_id\n1\n", "an action on our_contact needs the column 'our_contact'"),
    "a column that stands there twice": (set_to("hot"), "", "contact_id,level,level\n1,,\n", "several columns 'level' (numbers 2 and 3)"),
}  # fmt: skip


@pytest.mark.parametrize("case", STOPS)
def test_what_the_export_lacks_stops_the_run_before_anything_is_written(world: ActionsWorld, case: str) -> None:
    action, config, text, sentence = STOPS[case]
    world.configure(config)
    world.link("offer", [action])
    world.click("1", "offer")
    with pytest.raises(BadInput) as problem:
        world.run(world.export(text), "out")
    assert sentence in str(problem.value)
    assert not (world.root / "out").exists()
    assert world.passed() == 0
    world.database.execute("DELETE FROM action")
    assert world.run(world.export("contact_id\n1\n"), "out")[0].summary["clicks"] == 0


def test_a_seller_that_the_export_does_not_name_is_told(world: ActionsWorld) -> None:
    world.link("call", [{"type": "follow-up", "assign_to_our_contact": True, "default_recipient": "BO"}])
    world.click("1", "call")
    report, out = world.run(world.export("contact_id\n1\n"))
    assert report.notes == ("the export has no column 'our_contact', so follow-ups go to the default recipient",)
    assert rows_of(out / "follow-ups.csv")[0]["assigned_to"] == "BO"


def test_rows_without_an_id_and_with_one_that_came_before(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("offer", [set_to("hot")])
    world.click("1", "offer")
    report, out = world.run(world.export("contact_id,level\n1,cold\n,warm\n2,\n1,mild\n"))
    assert (out / "contacts.csv").read_text() == "contact_id,level\n1,hot\n,warm\n2,\n1,hot\n"
    assert report.notes[0] == "contacts.csv: 1 row was left as it came: line 3 (it has no contact id)"
    assert [note.partition(" of ")[0] for note in report.notes[1:]] == ["1 rows"]


def test_the_columns_of_every_file(world: ActionsWorld) -> None:
    """SPEC section 7 names them; other programs rely on it."""
    assert {name: ", ".join(columns) for name, columns in COLUMNS.items()} == {
        "selections.csv": "selection, contact_id, change, name, email",
        "projects.csv": "project, contact_id, change, name, email",
        "follow-ups.csv": "id, contact_id, kind, task, description, project, created_by, assigned_to, assignment, start, end, duration_minutes, link, mailing, shipment, clicked_at, name, email, company",
        "requests.csv": "id, contact_id, title, priority, category, owner, link, mailing, shipment, clicked_at, name, email, company",
        "scripts.ndjson": "id, contact_id, script, link, mailing, shipment, clicked_at, status, exit_code, return_url, message",
        "changes.ndjson": "id, kind, contact_id, name, operation, old, new, link, mailing, shipment, click, clicked_at",
        "unknown-contacts.csv": "contact_id, clicks",
        "actions.ndjson": "link, link_id, link_identity, number, type, settings",
        "passed-clicks.ndjson": "click, contact_id",
        "said.ndjson": "contact_id, said, type, said_at",
    }
    _, out = world.run(world.export(EXPORT))
    for name in ("selections.csv", "projects.csv", "follow-ups.csv", "requests.csv"):
        assert (out / name).read_text() == ",".join(COLUMNS[name]) + "\n"
    assert (out / "scripts.ndjson").read_text() == (out / "changes.ndjson").read_text() == ""


def test_cells_that_a_spreadsheet_takes_for_formulas_are_guarded_only_if_wanted(world: ActionsWorld) -> None:
    config = FIELDS
    for number, guard in enumerate((False, True)):
        world.configure(f"{config}[actions]\nguard_formulas = {str(guard).lower()}\n")
        world.link(f"offer{number}", [set_to("=1+1"), {"type": "request", "title": "@SUM(A1)", "priority": "-1"}])
        world.click("1", f"offer{number}", number)
        _, out = world.run(world.export(EXPORT))
        row = rows_of(out / "requests.csv")[0]
        assert (row["title"], row["priority"]) == (("'@SUM(A1)", "-1") if guard else ("@SUM(A1)", "-1"))
        assert "=1+1" in (out / "contacts.csv").read_text()  # what goes back into the CRM is as it was said
        assert rows_of(out / "changes.ndjson")[0]["new"] == "=1+1"


@pytest.mark.parametrize("name", ["contacts.ndjson", "contacts.json"])
def test_an_export_comes_back_in_its_own_format(world: ActionsWorld, name: str) -> None:
    world.configure(FIELDS)
    world.link("offer", [set_to("hot"), {"type": "interest", "add": ["A"]}])
    world.click("1", "offer")
    lines = ['{"contact_id": "1", "level": null, "interests": ["News"], "x": 1.50}', '{"contact_id": "2"}']
    text = "[" + ",\n ".join(lines) + "]" if name.endswith(".json") else "\n".join(lines) + "\n"
    _, out = world.run(world.export(text, name))
    assert (out / name).read_text() == text.replace("null", '"hot"').replace('["News"]', '["News", "A"]')
    assert (out / "contacts-changed.csv").read_text() == 'contact_id,level,interests,x\n1,hot,"News,A",1.50\n'


def test_an_xlsx_export_comes_back_as_one(world: ActionsWorld) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    world.configure(FIELDS)
    world.link("offer", [set_to("hot")])
    world.click("007", "offer")
    book = openpyxl.Workbook()
    for row in (["contact_id", "level", "double"], ["007", None, "=B2&B2"], ["008", "cold", 3]):
        book.active.append(row)
    book.save(world.root / "contacts.xlsx")
    _, out = world.run(world.root / "contacts.xlsx")
    assert [[cell.value for cell in row] for row in openpyxl.load_workbook(out / "contacts.xlsx").active] == [
        ["contact_id", "level", "double"], ["007", "hot", "=B2&B2"], ["008", "cold", 3],
    ]  # fmt: skip
    world.link("other", [{"type": "set-field", "field": "double", "value": "x"}])
    world.click("007", "other")
    world.click("008", "other", 1)
    book.active["A4"] = "009"
    book.active.merge_cells("B4:C4")
    book.save(world.root / "contacts.xlsx")
    world.click("009", "other", 2)
    report, out = world.run(world.root / "contacts.xlsx")
    assert report.failures == (
        "link 'other', contact '007': row 2 of contacts.xlsx cannot take it: its cell holds a formula",
        "link 'other', contact '009': row 4 of contacts.xlsx cannot take it: its cell is merged with another one, "
        "which covers it",
    )
    written = openpyxl.load_workbook(out / "contacts.xlsx").active
    assert [written[f"C{line}"].value for line in (2, 3, 4)] == ["=B2&B2", "x", None]
    assert report.summary["failed"] == 2
    book.active.unmerge_cells("B4:C4")
    book.active.delete_rows(3, 2)
    world.click("007", "other", 3)
    book.save(world.root / "contacts.xlsx")
    with pytest.raises(BadInput, match="would overwrite the column 'double', which holds formulas"):
        world.run(Path(world.root / "contacts.xlsx"))


SHAPES = {
    "JSON lists": ('["a","b"]', "", '["West"]'),
    "JSON lists and JSON's nothing": ('["a", "b"]', "null", '["West"]'),
    "names between carets": ("^a^;^b^", "", "^West^"),
    "one name between carets": ("^a^", "^c^", "^c^;^West^"),
    "names in quotes": ('"a"', "", '"West"'),
    "names as they are": ("a;b", "", "West"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_an_interest_gets_the_shape_of_its_column(world: ActionsWorld, case: str) -> None:
    others, cell, expected = SHAPES[case]
    world.configure('[crm.contacts]\ninterests_separator = ";"\n[crm.companies]\ninterests_separator = ";"\n')
    world.link("offer", [{"type": "interest", "add": ["West"], "on": "both"}])
    for name, columns in (("contacts", "contact_id\tcompany_id"), ("companies", "company_id\tname")):
        quoted = ['"' + text.replace('"', '""') + '"' for text in (others, cell)]
        text = f"{columns}\tinterests\n2\t2\t{quoted[0]}\n1\t1\t{quoted[1]}\n"
        export = world.export(text, f"crm/{name}.csv").parent
    world.click("1", "offer")
    report, out = world.run(export)
    assert report.failures == ()
    for name in ("contacts", "companies"):
        (line,) = (out / f"{name}-changed.csv").read_text().splitlines()[1:]
        assert unquoted(line.split("\t")[2]) == expected


def test_an_object_of_an_export_is_never_overwritten(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("offer", [set_to("hot")])
    for contact in ("1", "2", "3"):
        world.click(contact, "offer")
    text = '{"contact_id": "1", "level": {"x": 1}}\n{"contact_id": "2", "level": "cold"}\n{"contact_id": "3", "level": [1]}\n'
    report, out = world.run(world.export(text, "contacts.ndjson"))
    assert (out / "contacts.ndjson").read_text() == text.replace('"cold"', '"hot"')
    assert sorted(report.failures) == [
        f"link 'offer', contact '{number}': row {number} of contacts.ndjson cannot take it: "
        "the column holds JSON objects or lists, not texts"
        for number in "13"
    ]


BROKEN: dict[str, tuple[str, bytes, tuple[bytes, bytes], dict[str, Any]]] = {
    "NDJSON": (
        "contacts.ndjson",
        b'{"contact_id": "1", "level": ""}\n{"contact_id": "2", "lev\n{"contact_id": "3", "level": ""}\n',
        (b'"3", "level": ""', b'"3", "level": "hot"'),
        {"line": 2, "fields": None, "reason": "not valid JSON: unterminated string starting at column 21"},
    ),
    "CSV": (
        "contacts.csv",
        b"\xef\xbb\xbfcontact_id,level\n1,\n2,\xff\n3,\n",
        (b"\n3,", b"\n3,hot"),
        {"line": 3, "fields": 2, "reason": "byte 0xFF in it cannot be read as utf-8"},
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_row_stops_nobody_else_and_stands_in_the_summary(world: ActionsWorld, case: str) -> None:
    name, data, (old, new), said = BROKEN[case]
    world.configure(FIELDS)
    world.link("offer", [set_to("hot")])
    for contact in ("2", "3"):
        world.click(contact, "offer")
    export = world.root / name
    export.write_bytes(data)
    report, out = world.run(export)
    assert (report.summary["changes"], report.unknown) == (1, ("2",))  # whose click stays open
    assert report.notes == (f"{name}: 1 row was left as it came: line {said['line']} ({said['reason']})",)
    assert (out / name).read_bytes() == data.replace(old, new)
    assert json.loads((out / "summary.json").read_text("utf-8"))["left_alone"] == [{"file": name, **said}]


def test_the_summary_names_every_row_that_was_left_alone(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("offer", [set_to("hot")])
    world.click("1", "offer")
    _, out = world.run(world.export("contact_id,level\n1,\n" + "2\n" * 30))
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert list(summary) == SUMMARY
    assert [row["line"] for row in summary["left_alone"]] == list(range(3, 33))
    assert {tuple(row) for row in summary["left_alone"]} == {("file", "line", "fields", "reason")}


def test_lines_for_other_programs_are_what_json_writes(tmp_path: Path) -> None:
    odd = 'a "q" \\ \n\t\x01 å {x} %s'
    link = LinkFacts(3, f"{odd}key", "3", "", "", "")
    click = Clicked(MAY_4 + 7, -1, link, ShipmentFacts(7, 1, f"{odd}m", "", ""), "", 1, f"{odd}id", frozenset(), 0)
    action = NumberedAction(parse_action({"type": "set-field", "field": "x", "value": "y"}), 1, 1)
    done = Done(click, action, "c1", "set-field", f"{odd}name", "set", f"{odd}old", f"{odd}new")
    failed = done._replace(status="failed", message="no")
    people = [("007", "action", odd, "2026"), (odd, "back", "", "2026")]
    with RunFolder(tmp_path, PLAIN, guard=True) as folder:
        folder.start("changes.ndjson")
        folder.start("said.ndjson")
        folder.start("passed-clicks.ndjson")
        folder.changes([done, failed, done], UTC)
        assert folder.passed([PassedClick(MAY_4, -1, odd)]) == 1
        assert folder.texts("said.ndjson", people) == 2
    line = json.dumps(done.change(UTC)._asdict(), ensure_ascii=False) + "\n"
    assert (tmp_path / "changes.ndjson").read_text("utf-8") == line * 2
    passed = {"click": click_name(MAY_4, -1), "contact_id": odd}
    written = (tmp_path / "passed-clicks.ndjson").read_text("utf-8")
    assert written == json.dumps(passed, ensure_ascii=False) + "\n"
    assert [tuple(row.values()) for row in rows_of(tmp_path / "said.ndjson")] == people
