"""Which clicks a run looks at, and that it looks at no others."""

from __future__ import annotations

import pytest
from actions.actions_world import MAY_4, MINUTE, NOON, ActionsWorld, rows_of
from tests_support import Run

from linktrack.actions.ledger.additions import Additions
from linktrack.click_marks import POST
from linktrack.errors import UnknownName, UsageError
from linktrack.moments import now
from linktrack.store.open_times import note_open_times, open_times

EXPORT = "contact_id,name,level\n1,Bo,\n2,Cy,\n"
HOT = {"type": "set-field", "field": "level", "value": "hot"}
CALL = {"type": "request", "title": "Call"}


def test_a_run_leaves_no_stretch_of_time_but_that_of_what_stays_open(world: ActionsWorld) -> None:
    world.link("offer", [HOT])
    world.link("plain", [])
    for minute, (contact, key) in enumerate([("1", "offer"), ("1", "plain"), ("9", "offer"), ("9", "plain")]):
        world.click(contact, key, minute * 10)
    world.click("2", "offer", 50, verdict="scanner")
    assert len(open_times(world.database)) == 4  # a machine's click opens nothing
    world.run(world.export(EXPORT))
    missing = MAY_4 + 20 * MINUTE
    assert open_times(world.database) == [(missing, missing)]  # of the contact who is not in the export
    assert world.passed() == 3  # clicks on links without actions, too


@pytest.mark.parametrize("within", [0, 5, 10])
def test_a_click_in_two_stretches_of_time_is_one(world: ActionsWorld, within: int) -> None:
    """Two jobs on a server may have added what overlaps."""
    world.link("offer", [HOT, CALL])
    world.link("plain", [])
    for minute in range(11):
        world.click("12"[minute % 2], ("offer", "plain")[minute % 3 == 2], minute)
    (stretch,) = open_times(world.database)
    other = (stretch[0] + within * MINUTE, stretch[1] + MINUTE)
    besides = " ON CONFLICT (first_at) DO UPDATE SET last_at = excluded.last_at"
    world.database.insert("open_time", ("first_at", "last_at"), [other], besides=besides)
    report, out = world.run(world.export(EXPORT))
    assert report.summary["clicks"] == 8
    assert len(rows_of(out / "requests.csv")) == 2  # one for each person
    assert len((out / "passed-clicks.ndjson").read_text().splitlines()) == 11
    assert (world.passed(), open_times(world.database)) == (11, [])


def test_a_run_with_nothing_to_do_looks_at_no_click(world: ActionsWorld) -> None:
    world.link("offer", [HOT])
    world.click("1", "offer")
    world.run(world.export(EXPORT))
    seen: list[str] = []
    world.database.connection.set_trace_callback(seen.append)
    world.run(world.export(EXPORT))
    world.database.connection.set_trace_callback(None)
    looks = [sql for sql in seen if " click " in sql and "CREATE" not in sql and "open_click" not in sql]
    assert [sql for sql in looks if not sql.endswith("FROM passing_click)")] == [], "but for the clicks that it passes"


def test_a_click_that_is_imported_during_a_run_stays_open(world: ActionsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.link("offer", [HOT])
    world.click("1", "offer")
    flush = Additions.flush

    def import_meanwhile(additions: Additions) -> None:
        flush(additions)
        world.click("2", "offer", 0.1)  # in a stretch of time that the run has looked at

    with monkeypatch.context() as patch:
        patch.setattr(Additions, "flush", import_meanwhile)
        assert world.run(world.export(EXPORT))[0].summary["clicks"] == 1
    assert world.run(world.export(EXPORT))[0].summary["clicks"] == 1
    assert open_times(world.database) == []


SHIPMENTS: dict[str, tuple[str, int, int]] = {
    "finished": ("", 1, 1),
    "a test": ("is_test = true", 0, 0),
    "unfinished": ("finished_at = NULL", 0, 1),
    "cancelled": ("cancelled_at = 1", 0, 1),
}


@pytest.mark.parametrize("case", SHIPMENTS)
def test_which_shipments_count(world: ActionsWorld, case: str) -> None:
    """And that a click acts when its shipment counts at last (whoever makes it count notes the time)."""
    change, at_once, later = SHIPMENTS[case]
    world.link("offer", [HOT])
    world.database.execute(f"UPDATE shipment SET {change or 'recipients = 1'}")
    world.click("1", "offer", verdict="test" if case == "a test" else "human")
    assert world.run(world.export(EXPORT))[0].summary["clicks"] == at_once
    world.database.execute("UPDATE shipment SET finished_at = 1, cancelled_at = NULL")
    with world.database.transaction():
        note_open_times(world.database, [(MAY_4, MAY_4)])
    assert world.run(world.export(EXPORT))[0].summary["clicks"] == later - at_once


def test_unsubscribing_acts_in_a_cancelled_shipment_too(world: ActionsWorld) -> None:
    world.link("unsubscribe", [HOT])
    world.database.execute("UPDATE shipment SET cancelled_at = 1")
    world.click("1", "unsubscribe", flags=POST)
    assert world.run(world.export(EXPORT))[0].summary["set_field"] == 1


PRESSED: dict[str, tuple[str, int, str, int]] = {
    "a look at the page of a link with a button": ("offer", 0, "", 0),
    "its button, pressed": ("offer", POST, "", 1),
    "a look at the page of unsubscribing": ("unsubscribe", 0, "", 0),
    "its button": ("unsubscribe", POST, "", 1),
    "a look, where a page of one's own has asked": (
        "unsubscribe", 0, '[clicks]\nunsubscribe_on = "get"\n', 1,
    ),
    "a look at the page of subscriptions": ("subscriptions", 0, "", 0),
}  # fmt: skip


@pytest.mark.parametrize("case", PRESSED)
def test_what_needs_a_button_acts_when_it_is_pressed(world: ActionsWorld, case: str) -> None:
    key, flags, settings, acts = PRESSED[case]
    world.configure(settings)
    world.link(key, [HOT])
    world.database.execute("UPDATE link SET confirm = true WHERE kind = 'registered'")
    world.click("1", key, flags=flags)
    report, _ = world.run(world.export(EXPORT))
    assert (report.summary["clicks"], report.summary["set_field"]) == (acts, acts)
    assert open_times(world.database) == []  # a look is passed like any click


# --- replay --------------------------------------------------------------------------------------------------------


def test_replay_carries_out_what_was_added_after_the_clicks_and_nothing_twice(world: ActionsWorld) -> None:
    world.link("offer", [CALL])
    world.link("other", [])
    world.click("1", "offer")
    world.click("2", "offer", 1)
    world.click("9", "offer", 2)
    world.click("1", "other", 3)
    world.run(world.export(EXPORT))
    world.actions("offer", [CALL, HOT, {"type": "selection", "add": ["S"]}])
    world.actions("other", [{"type": "project", "add": ["P"]}])
    assert world.run(world.export(EXPORT))[0].summary["changes"] == 0  # what is passed is passed
    report, out = world.run(world.export(EXPORT), replay="offer")
    assert [report.summary[key] for key in ("set_field", "selections", "requests", "projects")] == [2, 2, 0, 0]
    assert (out / "contacts.csv").read_text().splitlines()[1:] == ["1,Bo,hot", "2,Cy,hot"]
    again, _ = world.run(world.export(EXPORT), replay="offer")
    assert again.summary["changes"] == 0  # though the export does not have it yet


def test_replay_takes_up_open_clicks_too_all_in_the_order_of_time(world: ActionsWorld) -> None:
    world.link("offer", [])
    world.link("cold", [HOT | {"value": "cold"}])
    world.click("1", "offer", 5)
    world.run(world.export(EXPORT))
    world.actions("offer", [HOT])
    world.click("1", "cold", 1)
    world.click("1", "offer", 9)
    report, out = world.run(world.export(EXPORT), replay="offer")
    assert [row["new"] for row in rows_of(out / "changes.ndjson")] == ["cold", "hot"]
    assert report.summary["clicks"] == 3


def test_replay_does_not_overrule_what_was_decided_later(world: ActionsWorld) -> None:
    world.link("offer", [])
    world.link("cold", [HOT | {"value": "cold"}])
    world.click("1", "offer", 1)
    world.click("1", "cold", 5)
    _, out = world.run(world.export(EXPORT))
    world.actions("offer", [HOT])
    report, _ = world.run(world.export((out / "contacts.csv").read_text()), replay="offer")
    assert report.summary["changes"] == 0


def test_replay_of_a_link_that_is_not_there(world: ActionsWorld) -> None:
    world.link("offer", [HOT])
    with pytest.raises(UnknownName, match="did you mean 'offer'"):
        world.run(world.export(EXPORT), replay="ofer")
    with pytest.raises(UsageError, match="two runs"):
        world.run(world.export(EXPORT), replay="offer", retry_failed=True)


# --- people who are not there ----------------------------------------------------------------------------------------


def test_ids_that_differ_by_what_a_spreadsheet_does_are_named(world: ActionsWorld) -> None:
    world.link("offer", [HOT])
    world.click("0001", "offer")
    world.click("77", "offer", 1)
    report, _ = world.run(world.export("contact_id,name,level\n1,Bo,\n2,Cy,\n"))
    assert report.nobody_matches
    assert report.notes == ("'0001' has clicked and is not in contacts.csv, but '1' is: is that the same contact?",)
    assert not world.run(world.export("contact_id,name,level\n77,Bo,\n"))[0].nobody_matches
    assert not world.run(world.export(EXPORT))[0].summary["contacts"]  # 0001 is open still


def imported(world: ActionsWorld, click: str, moment: int) -> None:
    """Have a click come with an import at a moment (UTC milliseconds)."""
    world.database.execute(
        "INSERT INTO source (name, format, state, head, head_length, tail, position, first_lines, last_lines, "
        "imported_at) VALUES ('access.log', 'combined', '', ?, 0, ?, 0, ?, ?, ?)",
        (b"", b"", b"", b"", moment),
    )
    world.database.execute("INSERT INTO reading (source_id, read_at) SELECT max(id), ? FROM source", (moment,))
    world.database.execute(
        "UPDATE click SET reading_id = (SELECT max(id) FROM reading) WHERE clicked_at = ? AND print = ?",
        world.clicks[click],
    )


def test_who_has_gone_from_the_export_is_reported_with_6_once_and_said_aloud_after_that(
    world: ActionsWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.root)
    world.link("offer", [HOT])
    imported(world, world.click("9", "offer"), NOON - MINUTE)
    world.recipient("1")  # to whom a mailing went, too
    crm = world.export(EXPORT)
    first = run("action", "run", "--quiet", "--crm", crm, "--out", world.root / "first")
    assert (first.code, first.err) == (
        6,
        "Nobody who clicked is in the export. 1 clicker is not in the export and left open for the next run: 9\n",
    )
    quiet = run("action", "run", "--quiet", "--crm", crm, "--out", world.root / "second")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    aloud = run("action", "run", "--crm", crm, "--out", world.root / "third", "--format", "json")
    assert (aloud.code, aloud.json["unknown_contacts"]) == (0, 1)
    assert "1 clicker is still not in the export and left open for the next run: 9\n" in aloud.err
    # one who is new is reported, and nobody else
    imported(world, world.click("8", "offer", 1), now() + MINUTE)
    new = run("action", "run", "--quiet", "--crm", crm, "--dry-run")
    assert (new.code, "2 clickers are not" in new.err) == (6, True)
    world.click("1", "offer", 2)
    new = run("action", "run", "--quiet", "--crm", crm, "--out", world.root / "fourth")
    assert (new.code, new.err) == (0, "1 clicker is not in the export and left open for the next run: 8\n")


def test_an_export_in_which_no_id_is_known_is_reported_with_6_each_time(
    world: ActionsWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.root)
    world.link("offer", [HOT])
    imported(world, world.click("9", "offer"), NOON - MINUTE)
    world.recipient("1")
    crm = world.export("contact_id,name,level\n1.0,Bo,\n9.0,Cy,\n")
    for out in ("first", "second"):
        done = run("action", "run", "--quiet", "--crm", crm, "--out", world.root / out)
        assert (done.code, "\nNobody who clicked is in the export. 1 clicker" in done.err) == (6, True)
        assert done.err.startswith("Note: '9' has clicked and is not in contacts.csv, but '9.0' is")


# --- names -----------------------------------------------------------------------------------------------------------


def test_names_that_are_new_are_said_before_they_are_made_with_near_ones(world: ActionsWorld) -> None:
    world.link(
        "offer",
        [
            {"type": "selection", "add": ["Spring prospect", "Known"]},
            {"type": "project", "add": ["Whatever"]},  # the export lists no projects, so nobody knows
            {"type": "interest", "add": ["Produkt news", "News", "Rare"]},
        ],
    )
    world.click("1", "offer")
    export = world.export("contact_id,interests\n1,News\n2,Product news\n3,Rare\n", "crm/contacts.csv").parent
    world.export("selection,contact_id\nSpring prospects,2\nKnown,2\n", "crm/selections.csv")
    expected = (
        "the selection 'Spring prospect' is new: the export has none of that name (did you mean 'Spring prospects'?)",
        "the interest 'Produkt news' is new: the export has none of that name (did you mean 'Product news'?)",
    )
    assert world.rehearse(export).notes == expected
    assert world.run(export)[0].notes == expected


# --- actions that were worded anew -------------------------------------------------------------------------------------


DECISIONS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "a field": ({**HOT}, {"value": "boiling"}),
    "an interest": ({"type": "interest", "add": ["News"]}, {"add": ["Golf"]}),
    "a selection": ({"type": "selection", "add": ["Spring"]}, {"add": ["Autumn"]}),
    "a project": ({"type": "project", "add": ["Launch"]}, {"add": ["Fair"]}),
}


@pytest.mark.parametrize("case", DECISIONS)
def test_a_decision_with_other_settings_is_said_and_a_replay_does_not_make_it_again(
    world: ActionsWorld, case: str
) -> None:
    before, edit = DECISIONS[case]
    export = world.export("contact_id,name,level,interests\n1,Bo,,\n2,Cy,,\n")
    world.link("offer", [before])
    world.click("1", "offer")
    assert world.run(export)[0].summary["changes"] == 1
    world.actions("offer", [before | edit])
    said = f"action 1 of the link 'offer' ({before['type']}) has other settings by now: what it made before (1) stays"
    report, _ = world.run(export, replay="offer")
    assert [sentence.startswith(said) for sentence in report.reworded] == [True]
    assert report.summary["changes"] == 0
    world.click("2", "offer", 5)
    again, _ = world.run(export)
    assert (again.reworded, again.summary["changes"]) == ((), 1)


def test_a_replay_reaches_who_clicked_before_the_action_was_there_and_nobody_twice(world: ActionsWorld) -> None:
    export = world.export("contact_id,name,level,interests\n1,Bo,,\n2,Cy,,\n")
    golf = {"type": "interest", "add": ["Golf"]}
    world.link("offer", [])
    world.click("1", "offer")
    world.run(export)
    world.actions("offer", [golf])
    world.click("2", "offer", 5)
    world.run(export)
    world.actions("offer", [golf | {"add": ["Tennis"]}])
    _, out = world.run(export, replay="offer")
    assert [(row["contact_id"], row["name"]) for row in rows_of(out / "changes.ndjson")] == [("1", "Tennis")]


def test_what_was_made_with_other_settings_is_said_once_and_not_made_again(world: ActionsWorld) -> None:
    world.link("offer", [CALL])
    world.click("1", "offer")
    world.run(world.export(EXPORT))
    world.actions("offer", [CALL | {"title": "Call soon"}])
    world.click("1", "offer", 5)
    world.click("2", "offer", 6)
    said = (
        "action 1 of the link 'offer' (request) has other settings by now: what it made before (1) stays, "
        "and is not made again for the same clicks",
    )
    assert world.rehearse(world.export(EXPORT)).reworded == said
    report, out = world.run(world.export(EXPORT))
    assert report.reworded == said
    assert [(row["contact_id"], row["title"]) for row in rows_of(out / "requests.csv")] == [("2", "Call soon")]
    world.click("1", "offer", 9)
    assert world.run(world.export(EXPORT))[0].reworded == ()


def test_ids_never_come_again_from_a_workspace_that_was_restored(world: ActionsWorld) -> None:
    """A shipment that is made anew has another number, so what its clicks make has other ids."""
    world.link("offer", [CALL])
    world.click("1", "offer")
    _, first = world.run(world.export(EXPORT))
    for table in ("failure", "change", "made", "settled", "click", "open_time"):
        world.database.execute(f"DELETE FROM {table}")
    world.database.execute("UPDATE shipment SET number = 77")
    world.click("1", "offer")
    _, second = world.run(world.export(EXPORT))
    assert rows_of(first / "requests.csv")[0]["id"] != rows_of(second / "requests.csv")[0]["id"]
