"""A rewrite that is stopped anywhere: a write, sync, rename or commit that fails, or is the last thing it does.

Whatever happens, never a shipment in the figures whose mails were not handed out, and never mails in place whose
addresses are unknown; and the next command goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from faults import failing, killed, points_of, sample
from mailings.mailings_world import MOMENT, MailingsWorld, write_contacts

from linktrack.errors import LinktrackError
from linktrack.files.beside import leftovers
from linktrack.files.protected import Protected
from linktrack.links.signing_keys import open_keys
from linktrack.mailings.handing_out import CutShort
from linktrack.mailings.rewriting import RewriteOptions, render_again, rewrite
from linktrack.mailings.shipment_states import AlreadySent, cancel_shipment, restore_shipment
from linktrack.mailings.shipments import list_shipments
from linktrack.store.opening import open_database

PEOPLE = 5
OUTPUTS = ("html", "ndjson", "template", "eml")
_TOKEN = re.compile(rb"\b[a-z2-7]{32}\b")


@pytest.fixture
def contacts(world: MailingsWorld) -> Path:
    return write_contacts(world.workspace.root / "contacts.csv", range(PEOPLE))


def job_of(world: MailingsWorld, contacts: Path, output: str, out: Path) -> Callable[[], object]:
    """A rewrite over a connection of its own, as another process would have it."""

    def job() -> object:
        with open_database(world.workspace) as database:
            options = RewriteOptions("news", contacts, MOMENT, output, sender="anna@x.example")
            return rewrite(world.workspace, database, options, out, protected=Protected())

    return job


def undisturbed(world: MailingsWorld, contacts: Path, output: str, root: Path) -> list[str]:
    """The points of a rewrite that nothing stops, once its mailing has all its placements."""
    job_of(world, contacts, output, root / "first")()
    _forget(world)
    return points_of(job_of(world, contacts, output, root / "second"))


def check(world: MailingsWorld, out: Path) -> None:
    """What holds after a rewrite was stopped, wherever that was."""
    shipments = list_shipments(world.database)
    assert len(shipments) <= 1 and world.sent() in (0, PEOPLE)
    if world.sent():
        assert out.is_dir(), "counted, and not handed out"
    if out.exists():
        tokens = open_keys(world.workspace, world.database).tokens
        known = {shipment.number for shipment in shipments}
        found = {match.decode() for path in out.iterdir() for match in _TOKEN.findall(path.read_bytes())}
        signed = {seen[0] for token in found if (seen := tokens.verify(token)) is not None}
        assert len(found) >= PEOPLE and signed and signed <= known, "in place, and unknown"


def go_on(world: MailingsWorld, contacts: Path, out: Path, number: int) -> None:
    """The next commands: each of the three ways on leads to what was sent, once."""
    said: list[str] = []
    options = RewriteOptions("news", contacts, MOMENT, "ndjson")
    shipments = list_shipments(world.database)
    if world.sent():
        with pytest.raises(AlreadySent):
            rewrite(
                world.workspace, world.database, options, out.with_name("next"), protected=Protected(), tell=said.append
            )
        assert said == []
    elif not shipments or number % 3 == 0:
        rewrite(
            world.workspace, world.database, options, out.with_name("next"), protected=Protected(), tell=said.append
        )
        assert len(said) == len(shipments)
        if shipments:
            cancel_shipment(world.database, shipments[0].id, MOMENT)
    elif number % 3 == 1:
        target = out.with_name("next") if out.exists() else out
        render_again(world.workspace, world.database, shipments[0].id, target, protected=Protected())
        assert target.is_dir() and (target != out or leftovers(out.parent) == [])
    else:
        restore_shipment(world.database, shipments[0].id, MOMENT)
    assert world.sent() == PEOPLE


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_rewrite_may_fail_anywhere(world: MailingsWorld, contacts: Path, tmp_path: Path, output: str) -> None:
    points = undisturbed(world, contacts, output, tmp_path)
    assert points.count("commit") >= 2 and "rename" in points
    number = 0
    for number in range(1, len(points) + 1):
        _forget(world)
        out = tmp_path / str(number) / "out"
        out.parent.mkdir()
        with failing(number), pytest.raises(LinktrackError) as caught:
            job_of(world, contacts, output, out)()
        assert caught.value.exit_code == 5
        if isinstance(caught.value, CutShort):
            assert "shipment render 1" in str(caught.value) and list_shipments(world.database)
        check(world, out)
        go_on(world, contacts, out, number)
    assert number == len(points)


@pytest.mark.parametrize("output", ["html", "mbox"])
def test_a_rewrite_may_be_killed_anywhere(world: MailingsWorld, contacts: Path, tmp_path: Path, output: str) -> None:
    points = undisturbed(world, contacts, output, tmp_path)
    for number in sample(points, 8):
        _forget(world)
        out = tmp_path / str(number) / "out"
        out.parent.mkdir()
        assert killed(job_of(world, contacts, output, out), number)
        check(world, out)
        go_on(world, contacts, out, number)


def _forget(world: MailingsWorld) -> None:
    """As if nothing had been shipped yet."""
    with world.database.transaction():
        for table in ("shipment_recipient", "shipment_domain", "shipment", "recipient"):
            world.database.execute(f"DELETE FROM {table}")
