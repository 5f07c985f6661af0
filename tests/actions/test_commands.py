"""linktrack action run and log, as a shell sees them."""

from __future__ import annotations

import pytest
from actions.actions_world import ActionsWorld, rows_of
from tests_support import Run

SUMMARY = [
    "clicks", "contacts", "changes", "set_field", "interests", "selections", "projects", "follow_ups", "requests",
    "scripts", "failed", "unknown_contacts",
]  # fmt: skip
EXPORT = "contact_id,name,level\n1,Bo,cold\n2,Cy,\n"


@pytest.fixture
def shop(world: ActionsWorld, monkeypatch: pytest.MonkeyPatch) -> ActionsWorld:
    """Three people and a stranger have clicked; scripts fail for contact 2."""
    monkeypatch.chdir(world.root)
    world.configure('[crm.contacts.fields]\nlevel = "level"\n[crm.categories]\nConsultant = ["ANNA"]\n')
    (world.root / "scripts").mkdir(exist_ok=True)
    (world.root / "scripts" / "s.py").write_text(
        "import json, sys\nsys.exit('no' if json.load(sys.stdin)['custId'] == '2' else 0)\n"
    )
    world.link("offer", [{"type": "set-field", "field": "level", "value": "hot"}, {"type": "selection", "add": ["S"]}])
    world.link("book", [
        {"type": "request", "title": "Call {contact.name}", "category": "Consultant", "owner": "auto"},
        {"type": "follow-up", "default_recipient": "BO", "task": "Phone out", "start": "2026-06-01T09:00"},
        {"type": "script", "script": "s.py"},
    ])  # fmt: skip
    for minute, (contact, key) in enumerate(
        [("1", "offer"), ("2", "offer"), ("1", "book"), ("2", "book"), ("9", "offer")]
    ):
        world.click(contact, key, minute)
    world.export(EXPORT)
    return world


DRY = """\
link   kind       operation  name        new  contacts  changes
─────  ─────────  ─────────  ──────────  ───  ────────  ───────
book   follow-up  make       Phone out               2        2
book   request    make       Consultant              2        2
book   script     run        s.py                    2        2
offer  selection  add        S                       2        2
offer  set-field  set        level       hot         2        2

contact
id       links     changes
───────  ────────  ────────────────────────────────────────────────────────────────────────────────────────────────
1        offer,    level = 'hot' (was 'cold'); + selection S; request for ANNA: Call Bo; follow-up for BO on
         book      2026-06-01 at 09:00: Clicked Book in spring-news; run s.py
2        offer,    level = 'hot' (was ''); + selection S; request for ANNA: Call Cy; follow-up for BO on 2026-06-01
         book      at 09:00: Clicked Book in spring-news; run s.py
"""


def test_a_dry_run_is_a_table_to_approve(shop: ActionsWorld, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "115")
    shown = run("action", "run", "--crm", "contacts.csv", "--dry-run", "--format", "table")
    assert "\n".join(line.rstrip() for line in shown.out.splitlines()) + "\n" == DRY
    assert shown.err.splitlines() == [
        "1 clicker is not in the export and left open for the next run: 9",
        "A dry run: nothing was written.",
    ]
    plan = run("action", "run", "--crm", "contacts.csv", "--dry-run", "--format", "json").json
    assert list(plan) == [*SUMMARY, "plan"]
    assert len(plan["plan"]) == plan["changes"] == 10
    assert [row["made"]["owner"] for row in plan["plan"] if row["kind"] == "request"] == ["ANNA", "ANNA"]
    rows = run("action", "run", "--crm", "contacts.csv", "--dry-run", "--format", "ndjson").out.splitlines()
    assert len(rows) == 10
    assert run("action", "log", "--format", "json").json == []


def test_a_run_says_what_it_did_and_the_log_keeps_it(shop: ActionsWorld, run: Run) -> None:
    done = run("action", "run", "--crm", "contacts.csv", "--out", "out", "--format", "json")
    assert done.code == 6  # a script failed
    assert done.json == dict(zip(SUMMARY, [4, 2, 10, 2, 0, 2, 0, 2, 2, 2, 1, 1], strict=True))
    assert "Failed: link 'book', contact '2': the script s.py: no" in done.err
    assert "1 action failed: see linktrack action log --status failed, and try again with --retry-failed." in done.err
    assert "Run 1: 10 changes, written to out" in done.err
    log = run("action", "log", "--format", "json").json
    assert list(log[0]) == [
        "id", "kind", "contact_id", "name", "operation", "old", "new", "link", "mailing", "shipment", "click",
        "clicked_at", "run", "status", "ran_at", "message",
    ]  # fmt: skip
    files = {row["id"]: row for row in rows_of(shop.root / "out" / "changes.ndjson")}
    assert {row["id"]: {name: row[name] for name in files[row["id"]]} for row in log} == files


FILTERS = {
    "of a run": (["--run", "1"], 10),
    "of a contact": (["--contact", "2"], 5),
    "of a link": (["--link", "book"], 6),
    "of a mailing": (["--mailing", "spring-news"], 10),
    "of a kind": (["--kind", "follow-up"], 2),
    "that failed": (["--status", "failed"], 1),
    "by machines": (["--machine"], 0),
    "the last three": (["--limit", "3"], 3),
    "several at once": (["--link", "book", "--contact", "1", "--kind", "script"], 1),
}


def test_the_filters_of_the_log(shop: ActionsWorld, run: Run) -> None:
    run("action", "run", "--crm", "contacts.csv", "--out", "out")
    for options, count in FILTERS.values():
        assert len(run("action", "log", *options, "--format", "json").json) == count, options
    everything = run("action", "log", "--format", "json").json
    assert run("action", "log", "--limit", "3", "--format", "json").json == everything[-3:]
    assert run("action", "log", "--kind", "mail").code == run("action", "log", "--status", "lost").code == 2
    defined = run("action", "log", "--kind", "selection", "--definitions", "--format", "json").json
    assert [row["definition"] for row in defined] == ['{"type": "selection", "add": ["S"]}'] * 2


WRONG = {
    "neither export nor folder": ([], 2),
    "no folder": (["--crm", "contacts.csv"], 2),
    "resume with an export": (["--resume", "--crm", "contacts.csv"], 2),
    "nothing to resume": (["--resume"], 4),
    "an export that is not there": (["--crm", "nothing.csv", "--out", "out"], 4),
    "a folder that is not empty": (["--crm", "contacts.csv", "--out", "scripts"], 5),
    "a folder that is a file": (["--crm", "contacts.csv", "--out", "contacts.csv"], 5),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_refused(shop: ActionsWorld, run: Run, case: str) -> None:
    options, code = WRONG[case]
    refused = run("action", "run", *options)
    assert (refused.code, refused.out) == (code, "")
    assert len(refused.err.strip().splitlines()) == 1 or code == 2
    assert shop.database.value("SELECT count(*) FROM run") == 0


def test_quiet_says_only_what_is_unusual(shop: ActionsWorld, run: Run) -> None:
    (shop.root / "scripts" / "s.py").write_text("")
    done = run("action", "run", "--quiet", "--crm", "contacts.csv", "--out", "out")
    assert (done.code, done.out) == (0, "")
    assert done.err == "1 clicker is not in the export and left open for the next run: 9\n"


def test_a_run_with_a_number_that_no_database_holds_is_none(shop: ActionsWorld, run: Run) -> None:
    refused = run("action", "log", "--run", "9" * 30)
    assert refused.code == 4
    assert "9" * 30 in refused.err
    for command in ("action log", "click list"):
        assert run(*command.split(), "--limit", "9" * 30).code == 2
    shop.configure(f"[crm.contacts]\nheader_row = {'9' * 18}\n")
    odd = run("action", "run", "--crm", shop.export("contact_id\n1\n"), "--dry-run")
    assert odd.code == 3
    assert "header_row" in odd.err
