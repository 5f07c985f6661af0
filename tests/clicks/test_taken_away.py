"""Links whose actions take the interest away that is named like a type of mailing: an import notes who has left it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from clicks_world import CHROME, World, line

from linktrack.contacts.left import departures_of, leave, subscribe_again
from linktrack.links.stored_actions import add_action
from linktrack.settings.crm import CrmSettings


def take_away(world: World, key: str, *names: str, **settings: object) -> None:
    """Give a link an action that takes interests away."""
    with world.database() as database:
        table = {"type": "interest", "remove": list(names), **settings}
        add_action(database, key, table, CrmSettings(), Path("scripts"))


def change(world: World, *statements: str) -> None:
    with world.database() as database, database.transaction():
        for statement in statements:
            database.execute(statement)


def imported(world: World, *lines: bytes) -> None:
    log = world.workspace.root / "access.log"
    with log.open("ab") as file:
        file.writelines(lines)
    world.load(log)


def left(world: World, person: int = 4) -> list[tuple[str, str]]:
    with world.database() as database:
        return [(one.type, one.how) for one in departures_of(database, person)]


# The interests that the link's action takes away, its further settings, and what a click on it leaves.
TAKING: dict[str, tuple[Sequence[str], dict[str, object], list[str]]] = {
    "the type": (["newsletter"], {}, ["newsletter"]),
    "the type, spelt otherwise": (["Newsletter"], {}, ["newsletter"]),
    "the type of another mailing": (["fairs"], {}, ["Fairs"]),
    "several": (["wine", "fairs", "newsletter"], {}, ["Fairs", "newsletter"]),
    "the mail's own type": (["{mailing.type}"], {}, ["newsletter"]),
    "what only a run knows": (["{contact.company}"], {}, []),
    "no type of a mailing": (["wine"], {}, []),
    "of the person and the company": (["newsletter"], {"on": "both"}, ["newsletter"]),
    "of the company": (["newsletter"], {"on": "company"}, []),
    "something in its place": (["newsletter"], {"add": ["fairs"]}, ["newsletter"]),
}


@pytest.mark.parametrize("case", TAKING)
def test_who_clicks_a_link_that_takes_a_type_away_has_left_it(world: World, case: str) -> None:
    names, settings, types = TAKING[case]
    change(world, "UPDATE mailing SET type = 'Fairs' WHERE id = 2")
    take_away(world, "link-2", *names, **settings)
    imported(world, line(world.path(2, 4), 700), line(world.path(1, 5), 800))
    assert left(world) == [(type, "action") for type in types]
    assert left(world, 5) == []


# What is changed in the world, the shipment of the mail, and the program that asks.
NOT_MEANT: dict[str, tuple[str, int, str]] = {
    "a test": ("", 3, CHROME),
    "a cancelled shipment": ("UPDATE shipment SET cancelled_at = 1 WHERE id = 1", 1, CHROME),
    "an unfinished shipment": ("UPDATE shipment SET finished_at = NULL WHERE id = 1", 1, CHROME),
    "a look at a page with a button": ("UPDATE link SET confirm = (1 = 1) WHERE key = 'link-2'", 1, CHROME),
    "a machine": ("", 1, "curl/8.5.0"),
}


@pytest.mark.parametrize("case", NOT_MEANT)
def test_a_click_that_runs_no_action_leaves_nothing(world: World, case: str) -> None:
    statement, shipment, agent = NOT_MEANT[case]
    take_away(world, "link-2", "newsletter")
    change(world, *filter(None, [statement]))
    imported(world, line(world.path(2, 4, shipment), 700, agent=agent))
    assert len(world.clicks()) == 1
    assert left(world) == []


def test_the_button_of_a_page_before_the_target_leaves(world: World) -> None:
    take_away(world, "link-2", "newsletter")
    change(world, "UPDATE link SET confirm = (1 = 1) WHERE key = 'link-2'")
    imported(world, line(world.path(2, 4), 700), line(world.path(2, 4) + "?go", 720, method="POST", status=200))
    assert left(world) == [("newsletter", "action")]


def test_a_click_that_a_run_has_passed_before_the_action_was_there_leaves_nothing(world: World) -> None:
    imported(world, line(world.path(2, 4), 700))
    change(world, "UPDATE click SET passed = 1")
    take_away(world, "link-2", "newsletter")
    imported(world, line(world.path(1, 5), 800))
    assert left(world) == []


def test_who_has_come_back_since_has_not_left_until_he_clicks_again(world: World) -> None:
    take_away(world, "link-2", "newsletter")
    imported(world, line(world.path(2, 4), 700))
    with world.database() as database:
        assert subscribe_again(database, "C4", None, moment=1) == ("newsletter",)
    imported(world, line(world.path(1, 4), 900))
    assert left(world) == []
    imported(world, line(world.path(2, 4), 1000))
    assert left(world) == [("newsletter", "action")]


def test_a_run_that_says_the_same_later_takes_back_nothing_that_a_file_has_shown(world: World) -> None:
    take_away(world, "link-2", "newsletter")
    imported(world, line(world.path(2, 4), 700))
    with world.database() as database, database.transaction():
        at = departures_of(database, 4)[0].left_at
        database.execute("UPDATE left_type SET without_at = 7")
        leave(database, 4, "newsletter", "action", at)
        assert database.value("SELECT without_at FROM left_type") == 7
