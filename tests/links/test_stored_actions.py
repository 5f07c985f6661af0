"""A link's actions in the database: their numbers are theirs for ever, whatever is added, edited, removed and applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_support import Run

from linktrack.links.actions import canonical
from linktrack.links.editing import add_link, delete_links, edit_link
from linktrack.links.stored_actions import ActionRow, plan_replacement, read_actions, store_actions
from linktrack.store.session import Database
from linktrack.workspace import Workspace


def select(*names: str) -> dict[str, Any]:
    return {"type": "selection", "add": list(names)}


def ask(title: str) -> dict[str, Any]:
    return {"type": "request", "title": title}


# what is there (number, action), the last number given, what is wanted -> the number and change of each
PLANS: dict[str, tuple[list[tuple[int, dict[str, Any]]], int, list[dict[str, Any]], list[tuple[int, str]]]] = {
    "nothing at all": ([], 0, [], []),
    "the first ones": ([], 0, [select("A"), ask("a")], [(1, "add"), (2, "add")]),
    "the same again": ([(1, select("A")), (2, ask("a"))], 2, [select("A"), ask("a")], [(1, "keep"), (2, "keep")]),
    "the same in another order": ([(1, select("A")), (2, ask("a"))], 2, [ask("a"), select("A")], [(2, "keep"), (1, "keep")]),
    "one that changes": ([(1, select("A"))], 1, [select("B")], [(1, "change")]),
    "one of another type": ([(1, select("A"))], 1, [ask("a")], [(2, "add"), (1, "remove")]),
    "a number is never given again": ([(2, ask("a"))], 7, [ask("a"), ask("b")], [(2, "keep"), (8, "add")]),
    "equal ones first, then changed ones in order": (
        [(1, ask("a")), (2, ask("b")), (3, ask("c"))], 3, [ask("x"), ask("b"), ask("y"), ask("z")],
        [(1, "change"), (2, "keep"), (3, "change"), (4, "add")],
    ),
    "all gone": ([(1, select("A")), (4, ask("a"))], 4, [], [(1, "remove"), (4, "remove")]),
    "equal twins": ([(1, ask("a")), (2, ask("a"))], 2, [ask("a")], [(1, "keep"), (2, "remove")]),
}  # fmt: skip


def row(number: int, table: dict[str, Any]) -> ActionRow:
    settings = canonical({name: value for name, value in table.items() if name != "type"})
    return ActionRow(number, 1, number, table["type"], settings)


@pytest.mark.parametrize("case", PLANS)
def test_which_number_each_gets(case: str) -> None:
    there, last, wanted, expected = PLANS[case]
    plan = plan_replacement([row(number, table) for number, table in there], wanted, last)
    assert [(one.number, one.change) for one in plan] == expected


tables = st.one_of(st.builds(select, st.sampled_from("ABC")), st.builds(ask, st.sampled_from("abc")))


@settings(max_examples=40)
@given(steps=st.lists(st.lists(tables, max_size=5), min_size=1, max_size=6))
def test_what_is_stored_is_what_was_wanted_and_no_number_comes_again(
    database: Database, steps: list[list[dict[str, Any]]]
) -> None:
    database.execute("DELETE FROM action")
    database.execute("DELETE FROM link WHERE kind = 'registered'")
    database.execute(
        "INSERT INTO link (key, name, kind, url, response, created_at, updated_at) "
        "VALUES ('a', 'a', 'registered', '', '{\"kind\": \"redirect\"}', 0, 0)"
    )
    link_id = database.value("SELECT id FROM link WHERE key = 'a'")
    gone: set[int] = set()
    before: set[int] = set()
    for wanted in steps:
        with database.transaction():
            store_actions(database, link_id, wanted)
        rows = read_actions(database).get(link_id, [])
        assert [one.table for one in rows] == wanted
        numbers = {one.number for one in rows}
        assert len(numbers) == len(rows)
        gone |= before - numbers
        assert not gone & numbers
        before = numbers


def test_actions_are_added_edited_listed_and_removed(workspace: Workspace, run: Run) -> None:
    run("link", "add", "offer", "--url", "https://www.example.com/")
    assert run("action", "add", "offer", "selection", "--add", "A", "--add", "B").code == 0
    made = run("action", "add", "offer", "follow-up", "--assignment", "--no-assign-to-our-contact", "--duration=1h")
    assert made.err.startswith("Action 2 of offer: follow-up, task for nobody at the next free time, 1h")
    assert run("action", "add", "offer", "set-field", "--field", "x", "--value", "hot").code == 0
    assert run("action", "list", "offer", "--format", "json").json == [
        {"link": "offer", "number": 1, "type": "selection", "description": "add A, B", "settings": {"add": ["A", "B"]}},
        {
            "link": "offer", "number": 2, "type": "follow-up",
            "description": "task for nobody at the next free time, 1h: Clicked {link.name} in {mailing.name}",
            "settings": {"assignment": True, "duration": "1h"},
        },
        {"link": "offer", "number": 3, "type": "set-field", "description": "x = 'hot'", "settings": {"field": "x", "value": "hot"}},
    ]  # fmt: skip
    edited = run("action", "edit", "offer", 1, "--add", "C", "--remove", "A")
    assert edited.err == "Action 1 of offer: selection, add C; remove A (was: add A, B)\n"
    assert run("action", "edit", "offer", 1, "--add", "").err.startswith("Action 1 of offer: selection, remove A (was")
    again = run("action", "edit", "offer", 1, "--remove", "A")
    assert (again.code, again.err) == (0, "Action 1 of offer is so already: selection, remove A\n")
    gone = run("action", "remove", "offer", 2)
    assert gone.err.startswith("Removed action 2 of offer: follow-up, task for nobody")
    assert run("action", "add", "offer", "project", "--add", "P").err == "Action 4 of offer: project, add P\n"
    rows = run("action", "list", "--format", "json").json
    assert [(one["number"], one["type"]) for one in rows] == [(1, "selection"), (3, "set-field"), (4, "project")]


REFUSED: dict[str, tuple[tuple[object, ...], int, str]] = {
    "a number that is not there": (("remove", "offer", 9), 4, "the link 'offer' has no action 9, it has 1: see linktrack action list offer"),
    "an edit of a number that is not there": (("edit", "offer", 9, "--add", "x"), 4, "no action 9"),
    "a link that is not there": (("add", "ofer", "selection", "--add", "x"), 4, "did you mean 'offer'"),
    "a list of a link that is not there": (("list", "ofer"), 4, "did you mean 'offer'"),
    "the same action again": (("add", "offer", "selection", "--add", "A"), 5, "action 1 of 'offer' is the same already"),
    "a follow-up with nothing in it": (("add", "offer", "follow-up"), 3, "there is nothing in this follow-up"),
    "a follow-up without words": (("add", "offer", "follow-up", "--default-recipient", "BO", "--description", ""), 3, "there is nothing in"),
    "a script that is not there": (("add", "offer", "script", "--script", "x.py"), 4, "there is no script 'x.py' in"),
    "a word that is no option": (("add", "offer", "script", "x.py"), 2, "is no option"),
    "an option without a value": (("add", "offer", "script", "--script"), 2, "needs a value"),
    "an unknown setting": (("add", "offer", "script", "--file", "x"), 3, "script has no setting 'file'"),
    "an unknown type": (("add", "offer", "mail"), 3, "unknown action type 'mail'"),
    "an edit of nothing": (("edit", "offer", 1), 2, "say what to change"),
    "an edit to what is no action": (("edit", "offer", 1, "--add", ""), 3, "it needs names to add or to remove"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused(case: str, workspace: Workspace, run: Run) -> None:
    arguments, code, sentence = REFUSED[case]
    run("link", "add", "offer", "--url", "https://www.example.com/")
    run("action", "add", "offer", "selection", "--add", "A")
    done = run("action", *arguments)
    assert (done.code, done.out) == (code, "")
    assert sentence in done.err
    assert [one["number"] for one in run("action", "list", "--format", "json").json] == [1]


def test_apply_says_which_number_each_action_keeps(workspace: Workspace, run: Run) -> None:
    def apply(actions: str, *options: str) -> list[dict[str, Any]]:
        Path("links.toml").write_text(f'[[link]]\nkey = "a"\nurl = "https://www.example.com/"\nactions = [{actions}]\n')
        rows: list[dict[str, Any]] = run("link", "apply", "links.toml", *options, "--format", "json").json
        return [{name: row[name] for name in ("field", "old", "new")} for row in rows]

    first, second, third = (f'{{ type = "request", title = "{title}" }}' for title in "abc")
    apply(f"{first}, {second}")
    changed = [
        {"field": "action 1", "old": '{"title": "a", "type": "request"}', "new": '{"title": "c", "type": "request"}'},
        {"field": "order of actions", "old": "1 2", "new": "2 1"},
    ]
    assert sorted(apply(f"{second}, {third}", "--dry-run"), key=lambda row: row["field"]) == changed
    assert apply(f"{second}, {third}") and apply(f"{second}, {third}") == []
    assert [row["field"] for row in apply(second)] == ["action 1"]
    added = {"field": "action 3", "old": None, "new": '{"title": "c", "type": "request"}'}
    assert apply(f"{second}, {third}", "--dry-run") == [added]


def test_a_link_keeps_its_identity_and_no_other_gets_it(database: Database) -> None:
    """Of what a link's actions make, the ids are formed of it: see `actions.planned.made_id`."""
    for number, name in enumerate(("first", "second", "third")):
        add_link(database, "key", url="https://www.example.com")
        edit_link(database, "key", new_key=name)
        if number == 1:
            delete_links(database, [name])
    add_link(database, "key.2", url="https://www.example.com")
    edit_link(database, "first", new_key="key", url="https://www.example.com/other")
    rows = database.rows("SELECT key, identity FROM link WHERE kind = 'registered' ORDER BY id")
    assert rows[-4:] == [("key", "key"), ("second", "key#2"), ("third", "key#3"), ("key.2", "key.2")]
    assert database.rows("SELECT key FROM link WHERE kind = 'special' AND identity <> key") == []
