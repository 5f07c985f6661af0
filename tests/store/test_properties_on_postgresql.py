"""The properties of imports, runs, stored actions and lists of people, with the same steps on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from actions import actions_world, test_script_answers, test_semantics
from clicks import test_clickers, test_exact_import
from hypothesis import given, settings
from hypothesis import strategies as st
from links import test_stored_actions
from postgresql_server import new_database, ours
from postgresql_server import server as server
from reports import test_lists_of_people
from world import World, make_world

from linktrack.store.opening import open_database
from linktrack.store.session import Database, connect
from linktrack.upkeep.copy import copy_database
from linktrack.workspace import Workspace, load_workspace

pytestmark = pytest.mark.servers


def moved(workspace: Workspace, server: str) -> str:
    """Move a workspace's database to PostgreSQL; returns its address."""
    address = new_database(server)
    copied = copy_database(workspace, f"sqlite:///{workspace.root / 'linktrack.db'}", ours(address))
    points_at(workspace.root, address, copied.database_id)
    return address


def points_at(root: Path, address: str, database_id: str) -> None:
    """Say in the settings where the database is."""
    path = root / "linktrack.toml"
    said = path.read_text("utf-8").partition("\n[database]")[0]
    path.write_text(f'{said}\n[database]\nurl = "{ours(address)}"\nid = "{database_id}"\n', "utf-8")


class WorldOnPostgresql(World):
    """A world whose copies have each a database of its own on the server."""

    server: str
    address: str

    def copy(self, root: Path) -> World:
        shutil.copytree(self.workspace.root, root)
        address = new_database(self.server, template=self.address)
        points_at(root, address, self.workspace.settings.database.id)
        return World(load_workspace(root, {}), self.tokens)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory, server: str) -> WorldOnPostgresql:
    made = make_world(tmp_path_factory.mktemp("clicks") / "world")
    address = moved(made.workspace, server)
    world = WorldOnPostgresql(load_workspace(made.workspace.root, {}), made.tokens)
    world.server, world.address = server, address
    return world


@contextmanager
def actions_world_there(root: Path, server: str) -> Iterator[actions_world.ActionsWorld]:
    """A world of actions whose database is on the server."""
    with actions_world.make_world(root) as world:
        moved(world.workspace, server)
    said = (root / "linktrack.toml").read_text("utf-8")
    with open_database(load_workspace(root, {})) as database:
        yield actions_world.ActionsWorld(root, database, settings=said)


@pytest.fixture(scope="module")
def answers_world(tmp_path_factory: pytest.TempPathFactory, server: str) -> Iterator[actions_world.ActionsWorld]:
    with actions_world_there(tmp_path_factory.mktemp("answers") / "world", server) as world:
        yield world


def same_steps(test: Any) -> Any:
    """What a property does with what is drawn, without its own drawing."""
    return test.hypothesis.inner_test


IMPORTS = [  # the log that rotates is imported at each of its bytes, a minute's work there
    test_exact_import.test_pieces_in_any_order_and_compression_with_overlaps,
    test_exact_import.test_a_growing_log_in_any_way_cut_anywhere,
    test_exact_import.test_a_short_log_whose_clock_goes_back_in_any_pieces_and_any_way,
    test_exact_import.test_equal_lines_far_apart_in_a_log_that_grows_is_interrupted_and_comes_in_other_ways,
]


@settings(max_examples=3)
@given(st.data())
@pytest.mark.parametrize("imports", IMPORTS, ids=lambda test: test.__name__)
def test_every_way_of_importing(untouched: World, imports: Any, data: st.DataObject) -> None:
    same_steps(imports)(untouched, data)


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_the_clicks(
    untouched: WorldOnPostgresql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    world = untouched.copy(tmp_path / "world")
    test_clickers.test_figures_are_those_of_the_clicks_after_every_step(world, monkeypatch, seed)


@settings(max_examples=20)
@given(
    answers=test_script_answers.ANSWERED,
    pieces=st.integers(1, 5),
    unnamed=st.sets(st.integers(0, 11)),
    rest=st.booleans(),
)
def test_the_last_answer_to_each_question_is_kept(
    answers_world: actions_world.ActionsWorld, answers: Any, pieces: int, unnamed: set[int], rest: bool
) -> None:
    same = same_steps(test_script_answers.test_the_last_answer_to_each_question_is_kept)
    same(answers_world, answers, pieces, unnamed, rest)


@pytest.mark.parametrize(("first", "then"), [("click", "shipment"), ("shipment", "click")])
def test_what_failed_is_tried_again_as_it_was_asked_for(tmp_path: Path, server: str, first: str, then: str) -> None:
    with actions_world_there(tmp_path / "world", server) as world:
        test_script_answers.test_what_failed_is_tried_again_as_it_was_asked_for(world, first, then, True)


@settings(max_examples=2)
@given(clicks=test_semantics.clicks)
def test_in_however_many_runs_it_ends_as_if_handled_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, server: str, clicks: list[tuple[str, str, int, int]]
) -> None:
    made_there = partial(actions_world_there, server=server)
    with mock.patch.object(test_semantics, "make_world", made_there):
        same_steps(test_semantics.test_in_however_many_runs_it_ends_as_if_handled_one_by_one)(tmp_path_factory, clicks)


@pytest.fixture(scope="module")
def database(untouched: WorldOnPostgresql, server: str) -> Iterator[Database]:
    with connect(ours(new_database(server, template=untouched.address))) as opened:
        yield opened


@settings(max_examples=20)
@given(steps=st.lists(st.lists(test_stored_actions.tables, max_size=5), min_size=1, max_size=6))
def test_no_number_of_an_action_comes_again(database: Database, steps: list[list[dict[str, Any]]]) -> None:
    for table in ("shipment_recipient", "shipment_domain", "placement"):
        database.execute(f"DELETE FROM {table}")
    same_steps(test_stored_actions.test_what_is_stored_is_what_was_wanted_and_no_number_comes_again)(database, steps)


@settings(max_examples=20)
@given(st.lists(test_lists_of_people.mailed, max_size=3), test_lists_of_people.some, st.sampled_from([1, 2]))
@pytest.mark.parametrize("spread", [0, 4])
def test_who_did_not_click(
    database: Database, spread: int, shipments: list[test_lists_of_people.Mailed], forgotten: set[int], page: int
) -> None:
    same_steps(test_lists_of_people.test_who_did_not_click)(database, shipments, forgotten, page, spread)


@settings(max_examples=20)
@given(st.permutations(test_lists_of_people.PEOPLE), test_lists_of_people.some)
@pytest.mark.parametrize("waiting", [0, 2])
def test_recipients_come_in_the_order_of_the_contacts(
    database: Database, waiting: int, order: list[int], people: set[int]
) -> None:
    same_steps(test_lists_of_people.test_recipients_come_in_the_order_of_the_contacts)(
        database, order, people, waiting, 3
    )


@pytest.mark.parametrize(("domain", "written"), test_lists_of_people.WRITTEN)
def test_clickers_at_a_domain(database: Database, monkeypatch: pytest.MonkeyPatch, domain: str, written: str) -> None:
    find = test_lists_of_people.test_clickers_at_a_domain_are_found_however_it_is_written
    find(database, monkeypatch, domain, written)
