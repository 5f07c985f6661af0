"""What cannot be carried out: it stands in the ledger with its reason, is said, and is done when it can be."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from actions.actions_world import NOON, ActionsWorld, rows_of
from tests_support import Run

from linktrack.actions.ledger.log import read_log
from linktrack.actions.ledger.rows import LogFilter
from linktrack.actions.ledger.runs import begin_run, open_failures
from linktrack.errors import Conflict, Locked

EXPORT = "contact_id,name,level,score,interests\n1,Bo,,,News\n2,Cy,,,News\n"
FIELDS = '[crm.contacts.fields]\nlevel = "level"\nscore = { column = "score", type = "number" }\n'


class Case(NamedTuple):
    """An action that fails for contact 1, why, how it is mended, and what it changes then."""

    action: dict[str, Any]
    reason: str
    export: str = EXPORT
    settings: str = FIELDS
    mended_export: str = EXPORT
    mended_settings: str = FIELDS
    changed: str = ""


ENCODED = '[crm]\nencoding = "cp1252"\n' + FIELDS
CASES: dict[str, Case] = {
    "a value that does not fit its field": Case(
        {"type": "set-field", "field": "score", "value": "{contact.name}"},
        "the field 'score' is a number: 'Bo' is not a number",
        mended_settings='[crm.contacts.fields]\nscore = "score"\n',
        changed="1,Bo,,Bo,News",
    ),
    "a name that is empty once it is filled in": Case(
        {"type": "selection", "add": ["{contact.level}"]},
        "the name '{contact.level}' is empty once it is filled in",
        mended_export=EXPORT.replace("1,Bo,,", "1,Bo,hot,"),
    ),
    "no companies in the export": Case(
        {"type": "interest", "add": ["X"], "on": "company"},
        "the interest 'X' cannot be added: the export has no companies.*: export the companies into the same folder and name the folder",
    ),
    "a text that the export's encoding lacks": Case(
        {"type": "set-field", "field": "level", "value": "漢"},
        "'漢' cannot be written as cp1252, the export's encoding: export as UTF-8, or use another text in the action",
        settings=ENCODED,
        changed="1,Bo,漢,,News",
    ),
    "a cell of a shape that is not understood": Case(
        {"type": "interest", "add": ["X"]},
        "the interest 'X' cannot be added: the cell \"['News']\" is a list of a kind that is not understood",
        export=EXPORT.replace("Bo,,,News", "Bo,,,['News']"),
        changed='1,Bo,,,"News,X"',
    ),
    "no slot that is long enough": Case(
        {"type": "follow-up", "default_recipient": "BO", "duration": "30m"},
        "no slot of 30m in the working hours",
        settings='[actions]\nworking_hours = ["09:00-09:15"]\n' + FIELDS,
    ),
    "a script that is not there": Case(
        {"type": "script", "script": "nothing.py"}, "the script nothing.py: there is no script 'nothing.py' in"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_fails_stands_in_the_ledger_and_is_done_when_it_can_be(world: ActionsWorld, name: str) -> None:
    case = CASES[name]
    world.configure(case.settings)
    world.link("offer", [case.action, {"type": "project", "add": ["P"]}])
    world.click("1", "offer")
    report, out = world.run(world.export(case.export, "crm/contacts.csv", "utf-8").parent)
    assert (report.summary["failed"], report.summary["projects"]) == (1, 1)  # the others run
    assert report.failures[0].startswith(f"link 'offer', contact '1': {case.reason}")
    (row,) = [row for row in read_log(world.database, LogFilter(status="failed")) if row.contact_id == "1"]
    assert report.failures[0].endswith(row.message)
    assert row.kind == {"interest": "company-interest"}.get(case.action["type"], case.action["type"]) or "cell" in name
    later, _ = world.run(world.export(case.export, "crm/contacts.csv").parent)
    assert (later.summary["clicks"], later.summary["failed"], later.still_open) == (0, 0, {"failed": 1})
    # and when it is mended
    world.configure(case.mended_settings)
    (world.root / "scripts" / "nothing.py").parent.mkdir(exist_ok=True)
    (world.root / "scripts" / "nothing.py").write_text("")
    if "companies" in name:
        world.export("company_id,name,interests\nA,Acme,\n", "crm/companies.csv")
        case = case._replace(mended_export="contact_id,name,company_id\n1,Bo,A\n")
    again, out = world.run(world.export(case.mended_export, "crm/contacts.csv").parent, retry_failed=True)
    assert (again.summary["failed"], again.summary["changes"], again.still_open) == (0, 1, {})
    if case.changed:
        assert (out / "contacts.csv").read_text("utf-8").splitlines()[1] == case.changed
    assert list(read_log(world.database, LogFilter(status="failed"))) == []
    assert open_failures(world.database, None) == {}
    assert world.run(world.export(EXPORT), retry_failed=True)[0].summary["changes"] == 0


def test_what_fails_again_stands_open_again_once(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("offer", [{"type": "set-field", "field": "score", "value": "{contact.name}"}])
    world.click("1", "offer")
    world.run(world.export(EXPORT))
    for _ in range(2):
        report, _ = world.run(world.export(EXPORT), retry_failed=True)
        assert report.summary["failed"] == 1
    rows = list(read_log(world.database, LogFilter(status="failed")))
    assert [row.run for row in rows] == [3]
    assert world.database.value("SELECT count(*) FROM failure") == 1
    assert world.database.rows("SELECT status, count FROM action_tally") == [("failed", 1)]


FAILING = {"type": "set-field", "field": "score", "value": "{contact.name}"}
# The link's actions, the export's score before, and what stands there when what failed is tried again.
SAME_CLICK: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "a later action has decided": ([FAILING, {"type": "set-field", "field": "score", "value": 5}], "", "5"),
    "a later action found it decided already": ([FAILING, {"type": "set-field", "field": "score", "value": 5}], "5", "5"),
    "an earlier action has decided": ([{"type": "set-field", "field": "score", "value": 5}, FAILING], "", "Bo"),
    "a later action decided something else": ([FAILING, {"type": "set-field", "field": "level", "value": "5"}], "", "Bo"),
    "a later action failed, too": ([{"type": "set-field", "field": "score", "value": 5}, FAILING, FAILING | {"value": "{contact.level}x"}], "", "x"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME_CLICK)
def test_a_second_try_does_not_overrule_a_later_action_of_the_same_click(world: ActionsWorld, name: str) -> None:
    actions, before, wanted = SAME_CLICK[name]
    world.configure(FIELDS)
    world.link("offer", actions)
    world.click("1", "offer")
    report, out = world.run(world.export(f"contact_id,name,level,score\n1,Bo,,{before}\n"))
    assert report.summary["failed"] >= 1
    written = out / "contacts.csv"
    text = written.read_text() if written.exists() else f"contact_id,name,level,score\n1,Bo,,{before}\n"
    world.configure(FIELDS.replace(', type = "number"', ""))
    again, out = world.run(world.export(text), retry_failed=True)
    assert (again.summary["failed"], again.still_open) == (0, {})
    written = out / "contacts.csv"
    assert (written.read_text() if written.exists() else text).splitlines()[1].split(",")[3] == wanted


def test_a_later_click_that_decided_is_not_overruled_by_a_second_try(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("first", [{"type": "set-field", "field": "level", "value": "{contact.score}{contact.name}"}])
    world.link("second", [{"type": "set-field", "field": "level", "value": "cold"}])
    world.configure(
        FIELDS.replace('level = "level"', 'level = { column = "level", type = "list", values = ["cold", "Bo"] }')
    )
    world.click("2", "first")
    world.click("2", "second", 5)
    report, out = world.run(world.export(EXPORT))
    assert report.summary["failed"] == 1
    world.configure(FIELDS)
    text = (out / "contacts.csv").read_text()
    again, out = world.run(world.export(text), retry_failed=True)
    assert (again.summary["changes"], again.still_open) == (0, {})
    assert "2,Cy,cold" in (out / "contacts.csv").read_text()
    (row,) = read_log(world.database, LogFilter(status="failed"))
    assert row.run == 1
    assert row.message.endswith(" (a later click or action has decided since)")
    assert ("failed", 1) in world.database.rows("SELECT status, count FROM action_tally")
    world.run(world.export(text), retry_failed=True)
    assert list(read_log(world.database, LogFilter(status="failed"))) == [row]


def test_what_failed_of_an_action_that_is_gone_stands_open_no_more(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    broken = {"type": "set-field", "field": "score", "value": "{contact.name}"}
    world.link("offer", [broken, {"type": "project", "add": ["P"]}])
    world.click("1", "offer")
    world.run(world.export(EXPORT))
    world.actions("offer", [{"type": "project", "add": ["P"]}])
    again, _ = world.run(world.export(EXPORT), retry_failed=True)
    assert (again.summary["changes"], again.still_open) == (0, {})
    (row,) = read_log(world.database, LogFilter(status="failed"))
    assert row.message.endswith(" (the action has been removed since)")


def test_the_shell_is_told_and_told_what_to_do(world: ActionsWorld, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world.root)
    world.configure(FIELDS)
    world.link("offer", [{"type": "set-field", "field": "score", "value": "{contact.name}"}])
    world.click("1", "offer")
    world.export(EXPORT)
    done = run("action", "run", "--quiet", "--crm", "contacts.csv", "--out", "out")
    assert (done.code, done.out) == (6, "")
    assert done.err.splitlines() == [
        "Failed: link 'offer', contact '1': the field 'score' is a number: 'Bo' is not a number",
        "1 action failed: see linktrack action log --status failed, and try again with --retry-failed.",
    ]
    later = run("action", "run", "--crm", "contacts.csv", "--out", "later")
    assert later.code == 0
    assert "1 action of earlier runs failed and stands open: try again with --retry-failed." in later.err
    assert run("action", "log", "--status", "failed", "--format", "json").json[0]["message"] == (
        "the field 'score' is a number: 'Bo' is not a number"
    )
    world.configure('[crm.contacts.fields]\nscore = "score"\n')
    assert run("action", "run", "--crm", "contacts.csv", "--out", "again", "--retry-failed").code == 0
    assert run("action", "log", "--status", "failed", "--format", "json").json == []


ENDS = {
    "a full disk": OSError(errno.ENOSPC, ""),
    "a file larger than is allowed": OSError(errno.EFBIG, ""),
    "a quota that is used up": OSError(errno.EDQUOT, ""),
    "no permission": PermissionError(errno.EACCES, ""),
    "a disk that reports errors": OSError(errno.EIO, ""),
    "a database that is locked": Locked("it is locked by another process"),
    "Ctrl-C": KeyboardInterrupt(),
}


@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_a_run_half_way_says_how_it_is_finished(
    world: ActionsWorld, run: Run, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.chdir(world.root)
    world.link("offer", [{"type": "project", "add": ["P"]}])
    world.click("1", "offer")
    crm, out = world.export(EXPORT), world.root / "out"

    def broken_off(*_: object) -> None:
        raise ENDS[end]

    with monkeypatch.context() as patched:
        patched.setattr("linktrack.actions.run.write_crm", broken_off)
        ended = run("action", "run", "--quiet", "--crm", crm, "--out", out)
    assert ended.code == (130 if end == "Ctrl-C" else 5)
    assert "what scripts did is kept: finish this run with linktrack action run --resume" in ended.err
    assert not out.exists()
    done = run("action", "run", "--resume", "--format", "json")
    assert (done.code, done.json["projects"]) == (0, 1)
    assert (out / "summary.json").exists()


def test_a_summary_that_cannot_be_written_keeps_no_other_run_waiting(
    world: ActionsWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.root)
    crm, out = world.export(EXPORT), world.root / "out"

    def refused(*_: object) -> None:
        raise Conflict("no permission")

    with monkeypatch.context() as patched:
        patched.setattr("linktrack.actions.run.write_file", refused)
        assert "with another --out" in run("action", "run", "--crm", crm, "--out", out).err
        assert "All else of run 1 is done" in run("action", "run", "--resume").err
    done = run("action", "run", "--crm", crm, "--out", world.root / "second")
    assert (done.code, (out / "summary.json").exists()) == (0, True), done.err


def test_the_command_behind_a_run_that_was_killed_says_so(
    world: ActionsWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.root)
    world.link("offer", [{"type": "project", "add": ["P"]}])
    world.click("1", "offer")
    crm = world.export(EXPORT)
    begin_run(world.database, NOON, str(world.root / "killed"), world.order(crm).text())
    assert "finish it with linktrack action run --resume" in run("status").err
    done = run("action", "run", "--quiet", "--crm", crm, "--out", world.root / "out")
    assert done.code == 0
    assert done.err.splitlines() == [
        "run 1 was interrupted, and this run takes its place, though linktrack action run --resume would have finished "
        "it: what its scripts did is kept"
    ]
    assert run("action", "run", "--quiet", "--crm", crm, "--out", world.root / "again").err == ""


def test_a_script_is_tried_again_once_though_two_clicks_asked_for_it(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    (world.root / "scripts").mkdir(exist_ok=True)
    (world.root / "scripts" / "s.py").write_text("open('started', 'a').write('x')\nraise SystemExit(1)\n")
    broken = {"type": "set-field", "field": "score", "value": "{contact.name}"}  # which fails for each click
    world.link("offer", [broken, {"type": "script", "script": "s.py"}])
    world.click("1", "offer")
    world.click("1", "offer", 1)
    assert world.run(world.export(EXPORT))[0].summary["failed"] == 3
    report, _ = world.run(world.export(EXPORT), retry_failed=True)
    assert (report.summary["scripts"], report.summary["failed"]) == (1, 3)
    assert (world.root / "scripts" / "started").read_text() == "xx"


# --- fields that a script answers ----------------------------------------------------------------------------------


def answering(world: ActionsWorld, fields: str) -> Path:
    folder = world.root / "scripts"
    folder.mkdir(exist_ok=True)
    (folder / "s.py").write_text(f"import json\nprint(json.dumps({{'fields': {fields}}}))\n")
    return folder / "s.py"


def test_answered_fields_are_written_whichever_actions_the_link_has(world: ActionsWorld) -> None:
    """By the mapping's name, or by the column of that very name."""
    world.configure('[crm.contacts.fields]\nx_level = "level"\n')
    answering(world, "{'x_level': 'hot', 'score': '7', 'name': 'Bob'}")
    world.link("offer", [{"type": "script", "script": "s.py"}])
    world.click("1", "offer")
    report, out = world.run(world.export(EXPORT))
    assert (out / "contacts.csv").read_text().splitlines()[1:] == ["1,Bob,hot,7,News", "2,Cy,,,News"]
    assert (report.summary["set_field"], report.summary["failed"]) == (3, 0)


CREATED = {
    "a usual export": (EXPORT, ["contact_id,name,level,score,interests,Last", "1,Bo,,,News,x", "2,Cy,,,News,"]),
    "one of ids alone": ("contact_id\n1\n000123\n", ["contact_id,Last", "1,x", "000123,x"]),
}


@pytest.mark.parametrize("case", CREATED)
def test_a_column_that_the_mapping_creates_is_created_for_an_answer(world: ActionsWorld, case: str) -> None:
    export, lines = CREATED[case]
    world.configure('[crm.contacts.fields]\nlast = { column = "Last", create = true }\n')
    answering(world, "{'last': 'x'}")
    world.link("offer", [{"type": "script", "script": "s.py"}])
    for contact_id in ("1", "000123"):
        world.click(contact_id, "offer")
    _, out = world.run(world.export(export))
    assert (out / "contacts.csv").read_text().splitlines() == lines
    made = [row for row in rows_of(out / "changes.ndjson") if row["kind"] == "set-field"]
    assert {(row["name"], row["old"], row["new"]) for row in made} == {("last", "", "x")}


ODD: dict[str, tuple[str, str]] = {
    "a formula": ("{'level': '=1+1'}", "a spreadsheet would run '=1+1' (guard_formulas = false under [actions] allows it)"),
    "no such column": ("{'nothing': 'x'}", "the export has no column for the field 'nothing'"),
    "the contact's id": ("{'contact_id': '7'}", "the field 'contact_id' is the contact's id, which is never changed"),
    "a wrong type": ("{'score': 'many'}", "the field 'score' is a number: 'many' is not a number"),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_an_answer_that_cannot_be_written_fails_alone(world: ActionsWorld, case: str) -> None:
    answer, reason = ODD[case]
    world.configure(FIELDS)
    answering(world, answer.replace("}", ", 'name': 'Bob'}"))
    world.link("offer", [{"type": "script", "script": "s.py"}])
    world.click("1", "offer")
    report, out = world.run(world.export(EXPORT))
    assert (report.summary["failed"], report.summary["set_field"], report.summary["scripts"]) == (1, 1, 1)
    assert reason in report.failures[0]
    assert "1,Bob" in (out / "contacts.csv").read_text()
    (row,) = read_log(world.database, LogFilter(status="failed"))
    assert (row.kind, reason in row.message) == ("set-field", True)


def test_an_answered_field_is_tried_again_without_starting_the_script_again(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    script = answering(world, "{'level': '=1+1'}")
    script.write_text(script.read_text() + "open('started', 'a').write('x')\n")
    world.link("offer", [{"type": "script", "script": "s.py"}])
    world.click("1", "offer")
    world.run(world.export(EXPORT))
    world.configure(FIELDS + "[actions]\nguard_formulas = false\n")
    again, out = world.run(world.export(EXPORT), retry_failed=True)
    assert (again.summary["set_field"], again.summary["scripts"], again.summary["failed"]) == (1, 0, 0)
    assert "1,Bo,=1+1" in (out / "contacts.csv").read_text()
    assert (world.root / "scripts" / "started").read_text() == "x"


def test_a_script_that_may_be_run_at_last_has_its_fields_written(world: ActionsWorld) -> None:
    script = world.root / "scripts" / "s.sh"
    script.parent.mkdir(exist_ok=True)
    script.write_text('#!/bin/sh\necho \'{"fields": {"level": "hot"}}\'\n')
    world.link("offer", [{"type": "script", "script": "s.sh"}])
    world.click("1", "offer")
    report, _ = world.run(world.export(EXPORT))
    assert report.summary["failed"] == 1
    assert "make it executable with chmod +x" in report.failures[0]
    script.chmod(0o755)
    again, out = world.run(world.export(EXPORT), retry_failed=True)
    assert (again.summary["scripts"], again.summary["set_field"], again.summary["failed"]) == (1, 1, 0)
    assert "1,Bo,hot" in (out / "contacts.csv").read_text()
    assert rows_of(out / "scripts.ndjson")[0]["status"] == "ok"
