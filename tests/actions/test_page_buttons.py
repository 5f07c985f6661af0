"""What people press on the subscriptions page, carried into the CRM's file."""

from __future__ import annotations

from pathlib import Path

import pytest
from actions.actions_world import ActionsWorld, rows_of

from linktrack.contacts.left import departures_of

POST = 4
SETTINGS = '[subscriptions]\ntypes = ["Golf", "Events {link.name}"]\n[crm.contacts]\ninterests_separator = ";"\n'
EXPORT = "contact_id,name,interests\n1,Bo,News;Golf;Wine\n2,Cy,Golf\n"

PRESSED = {
    "a type is left": (("off=News",), "Golf;Wine"),
    "whatever its case": (("off=golf",), "News;Wine"),
    "a type is joined that is there already": (("on=News",), "News;Golf;Wine"),
    "left, and joined again later": (("off=Golf", "on=Golf"), "News;Wine;Golf"),
    "joined, and left later": (("on=Golf", "off=Golf"), "News;Wine"),
    "every type; other interests stay": (("off=*",), "Wine"),
    "a type that there is none of": (("off=Wine",), "News;Golf;Wine"),
    "a type whose name would be filled in": (("off=Events {link.name}",), "News;Golf;Wine"),
    "two in one query": (("off=News&off=Golf",), "Wine"),
    "nothing that is a button": (("page",), "News;Golf;Wine"),
    "consent, which is no interest": (("consent=off",), "News;Golf;Wine"),
}


@pytest.mark.parametrize("case", PRESSED)
def test_a_button_changes_the_interest_of_that_name(world: ActionsWorld, case: str) -> None:
    said, cell = PRESSED[case]
    world.configure(SETTINGS)
    world.database.execute("UPDATE mailing SET type = 'News'")
    world.link("subscriptions", [])
    for minute, pressed in enumerate(said):
        world.click("1", "subscriptions", minute, flags=POST, pressed=pressed)
    report, out = world.run(world.export(EXPORT))
    assert (out / "contacts.csv").read_text() == EXPORT.replace("News;Golf;Wine", cell)
    assert report.summary["failed"] == 0
    again, _ = world.run(world.export(EXPORT))
    assert (again.summary["clicks"], again.summary["changes"]) == (0, 0)


SPELLED = {
    "a mailing's type that the CRM spells otherwise": ("nyheter", [], "on=nyheter", "Golf;Nyheter"),
    "one that the CRM does not have": ("nyheter", [], "on=NYHETER", "Golf;nyheter"),
    "one that the settings spell otherwise": ("Straße", ["STRASSE"], "on=strasse", "Golf;STRASSE"),
    "of both the CRM's": ("NEWS", ["news"], "on=News", "Golf;News"),
}


@pytest.mark.parametrize("case", SPELLED)
def test_a_type_has_one_spelling(world: ActionsWorld, case: str) -> None:
    type, types, pressed, cell = SPELLED[case]
    other = cell.partition(";")[2] if "CRM" in case and "not have" not in case else "Wine"
    world.configure(f'[subscriptions]\ntypes = {types}\n[crm.contacts]\ninterests_separator = ";"\n')
    world.database.execute("UPDATE mailing SET type = ?", (type,))
    world.link("subscriptions", [])
    world.click("1", "subscriptions", 0, flags=POST, pressed=pressed)
    _, out = world.run(world.export(f"contact_id,interests\n1,Golf\n2,{other}\n"))
    assert (out / "contacts.csv").read_text() == f"contact_id,interests\n1,{cell}\n2,{other}\n"
    assert departures_of(world.database, 1, types) == []


def test_who_presses_nothing_changes_nothing_and_the_links_own_actions_stay(world: ActionsWorld) -> None:
    world.configure(SETTINGS)
    world.database.execute("UPDATE mailing SET type = 'News'")
    world.link("subscriptions", [{"type": "selection", "add": ["Visitors"]}])
    world.click("1", "subscriptions")
    world.click("2", "subscriptions", 1, flags=POST, pressed="off=Golf")
    _, out = world.run(world.export(EXPORT))
    assert [(row["contact_id"], row["kind"], row["name"]) for row in rows_of(out / "changes.ndjson")] == [
        ("2", "selection", "Visitors"),
        ("2", "interest", "Golf"),
    ]


def test_an_export_without_interests_is_left_as_it_is(world: ActionsWorld) -> None:
    world.link("subscriptions", [])
    world.click("1", "subscriptions", flags=POST, pressed="off=*")
    report, out = world.run(world.export("contact_id,name\n1,Bo\n"))
    assert (out / "contacts.csv").read_text() == "contact_id,name\n1,Bo\n"
    assert (report.summary["failed"], report.summary["changes"]) == (0, 0)


def test_a_cell_that_cannot_take_it_is_a_failure_that_is_tried_again(world: ActionsWorld) -> None:
    world.configure(SETTINGS)
    world.database.execute("UPDATE mailing SET type = 'News'")
    world.link("subscriptions", [])
    world.click("1", "subscriptions", flags=POST, pressed="off=News")
    report, _ = world.run(world.export("contact_id,interests\n1,News|Golf\n"))
    assert report.summary["failed"] == 1
    again, out = world.run(world.export("contact_id,interests\n1,News;Golf\n"), retry_failed=True)
    assert (again.summary["failed"], again.summary["interests"]) == (0, 1)
    assert Path(out, "contacts.csv").read_text() == "contact_id,interests\n1,Golf\n"
