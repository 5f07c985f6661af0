"""Which stored clicks are loaded to be judged beside new ones, row by row."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from clicks.judging.judged_clicks import OTHER, SENT, TOOL, click, head, junk

from linktrack.click_marks import POST, SHARED
from linktrack.clicks.click import Click, Clicks
from linktrack.clicks.judging.neighbours import neighbours
from linktrack.clicks.judging.stored_clicks import (
    StoredClick,
    beside,
    clicks_from,
    ends_within,
    stored_clicks,
)
from linktrack.store.session import Database

HERE, THERE, NOWHERE = "192.0.2.0", "198.51.100.0", ""
Beside = tuple[int, int, str]  # second, person or 0, address or ""

BOTH_WAYS = pytest.mark.parametrize("few", [400, -1], ids=["asked for by name", "too many to ask for"])


def store(database: Database, clicks: Sequence[Click]) -> list[StoredClick]:
    """Clicks as they are stored then, each with a ruling and a reading of its own."""
    stored = [StoredClick(one, 100 + number, 200 + number) for number, one in enumerate(clicks)]
    database.insert(
        "click",
        (*Click._fields, "ruling_id", "reading_id", "pressed", "passed"),
        [(*one.click, one.ruling, one.reading, "", 0) for one in stored],
    )
    return stored


# New clicks and what is beside them, stored ones, and which of these are concerned (C), near a concerned one (N), or
# neither (-).
NEAR: dict[str, tuple[list[Click], list[Beside], list[Click], str]] = {
    "a person's own, 300 seconds away at most": (
        [click(1000, ip=THERE)], [],
        [click(699.999), click(700), click(1300, 2), click(1300.001, 3)], "NCCN",
    ),
    "one click, 300 seconds before": ([click(1000)], [], [click(700)], "C"),
    "one click, 300 seconds after": ([click(1000)], [], [click(1300)], "C"),
    "of an address, 300 seconds away at most": (
        [click(1000, person=2)], [],
        [click(second, person=9) for second in (699.999, 700, 1300, 1300.001)], "NCCN",
    ),
    "of an agent where neither has an address": (
        [click(1000, person=2, flags=SHARED)], [],
        [click(second, person=9, flags=SHARED) for second in (699.999, 700, 1300, 1300.001)], "NCCN",
    ),
    "nothing in common": ([click(1000)], [], [click(1000, person=2, ip=THERE)], "-"),
    "an address that two clicks have but not these": (
        [click(1000, person=2)], [], [click(1000, person=9, ip=THERE), click(1000, person=8, ip=THERE)], "--",
    ),
    "one address, behind which anybody may stand in the new click": (
        [click(1000, person=2, flags=SHARED)], [], [click(1000, person=9)], "-",
    ),
    "… or in the stored one": ([click(1000, person=2)], [], [click(1000, person=9, flags=SHARED)], "-"),
    "… or in both, of two agents": (
        [click(1000, person=2, flags=SHARED)], [], [click(1000, person=9, flags=SHARED, agent=TOOL)], "-",
    ),
    "… or in both, of one agent, whatever the address": (
        [click(1000, person=2, flags=SHARED)], [], [click(1000, person=9, ip=THERE, flags=SHARED)], "C",
    ),
    "a mark that says nothing of the address": (
        [click(1000, person=2, ip=NOWHERE)], [], [click(1000, person=9, flags=POST)], "-",
    ),
    "no address is none in common, one agent without one is": (
        [click(1000, person=2, ip=NOWHERE)], [],
        [click(1000, person=9, ip=NOWHERE), click(1000, person=8, ip=NOWHERE, agent=OTHER)], "C-",
    ),
    "no address, and one behind which anybody may stand": (
        [click(1000, person=2, ip=NOWHERE)], [], [click(1000, person=9, ip=THERE, flags=SHARED)], "C",
    ),
    "an address of its own and one agent": ([click(1000, person=2)], [], [click(1000, person=9, ip=THERE)], "-"),
    "of a HEAD request's person": (
        [], [(1000, 4, "")], [click(700, person=4, ip=THERE), click(1300, 2, person=4), click(999, person=5)], "CC-",
    ),
    "one click, 300 seconds before a HEAD request": ([], [(1000, 4, "")], [click(700, person=4)], "C"),
    "one click, 300 seconds after a HEAD request": ([], [(1000, 4, "")], [click(1300, person=4)], "C"),
    "who is nobody's is nobody's own": ([], [(1000, 0, HERE)], [click(1000, person=0, ip=THERE)], "-"),
    "of a junk request's address": (
        [], [(1000, 0, THERE)], [click(700, person=4, ip=THERE), click(1300, 2, ip=THERE), click(1000, person=5)], "CC-",
    ),
    "of junk without an address": ([], [(1000, 0, "")], [click(1000, ip=NOWHERE)], "-"),
    "what is beside the clicks at another time": (
        [click(1000, person=2)], [(1900, 4, THERE)],
        [click(1000, person=4, ip=THERE), click(1600, person=4), click(2200, 2, person=8, ip=THERE)], "-CC",
    ),
    "of whom a concerned one depends on, by person, by address, by agent": (
        [click(1000, person=2)], [],
        [
            click(400, 3, person=9, ip=THERE), click(700, person=9),
            click(1300, 2, person=8, ip=HERE), click(1600, person=7, ip=HERE), click(1601, person=6, ip=HERE),
        ], "NCCN-",
    ),
    "of an agent without address, one after the other": (
        [click(1000, person=2, flags=SHARED)], [],
        [click(1000 + 300 * step, person=20 + step, ip=NOWHERE) for step in range(4)], "CCN-",
    ),
    "of what is only near, none more": (
        [click(1000, person=2)], [],
        [click(1000, person=9), click(1200, 2, person=9, ip=THERE), click(1200, 3, person=8, ip=THERE)], "CN-",
    ),
    "the first and the last of several new clicks": (
        [click(1000, person=2, ip=THERE), click(5000, person=3, ip=THERE), click(9000, person=4, ip=THERE)], [],
        [click(700, person=2), click(5000, person=2), click(9300, person=4), click(9301, 2, person=2)], "C-CN",
    ),
    "the same moment, in the order of the prints": (
        [click(1000)], [], sorted(click(1000, place) for place in range(2, 7)), "CCCCC",
    ),
    "nothing is stored": ([click(1000)], [(1000, 4, THERE)], [], ""),
}  # fmt: skip


@BOTH_WAYS
@pytest.mark.parametrize("case", NEAR)
def test_which_stored_clicks_bear_on_new_ones(
    database: Database, monkeypatch: pytest.MonkeyPatch, case: str, few: int
) -> None:
    monkeypatch.setattr("linktrack.clicks.judging.neighbours.FEW", few)
    own, seconds, clicks, wanted = NEAR[case]
    besides = [(SENT + 1000 * second, person, address) for second, person, address in seconds]
    stored = store(database, clicks)
    moments = [*(one.clicked_at for one in own), *(moment for moment, _, _ in besides)]
    near, concerned = neighbours(database, Clicks.of(own), besides, min(moments), max(moments))
    assert near == [one for one, letter in zip(stored, wanted, strict=True) if letter != "-"]
    assert concerned == {one.click for one, letter in zip(stored, wanted, strict=True) if letter == "C"}


V6 = "2001:db8:1::"

# Clicks, and which of them are of shipment 1 and 192.0.2.*, of shipment 2 and 198.51.100.*, or of shipment 1 and a /48.
OF_PLACES: dict[str, tuple[list[Click], str]] = {
    "an address that is cut, and a whole one": (
        [click(1), click(2, ip="192.0.2.17"), click(3, ip="192.0.2.255")],
        "+++",
    ),
    "one that begins alike": ([click(1, ip="192.0.20.0"), click(2, ip="192.0.3.2"), click(3, ip="92.0.2.0")], "---"),
    "each address of its shipment": (
        [
            click(1, ip=THERE),
            click(2, shipment=2),
            click(3, ip=THERE, shipment=2),
            click(4, ip="198.51.100.9", shipment=2),
        ],
        "--++",
    ),
    "of version 6, however it is written": (
        [click(1, ip=V6), click(2, ip="2001:DB8:0001:2::7"), click(3, ip="2001:db8:2::"), click(4, ip=V6, shipment=2)],
        "++--",
    ),
    "behind which anybody may stand": ([click(1, flags=SHARED), click(2, flags=POST), click(3, ip=NOWHERE)], "-+-"),
    "both ends of the time are in it": ([click(-0.001), click(0), click(10), click(10.001)], "-++-"),
    "in the order of time and print": ([*sorted(click(5, place) for place in range(1, 6)), click(6)], "++++++"),
}


@BOTH_WAYS
@pytest.mark.parametrize("case", OF_PLACES)
def test_which_stored_clicks_are_of_a_shipment_and_an_address(
    database: Database, monkeypatch: pytest.MonkeyPatch, case: str, few: int
) -> None:
    monkeypatch.setattr("linktrack.clicks.judging.stored_clicks.FEW", few)
    clicks, wanted = OF_PLACES[case]
    stored = store(database, clicks)
    places = {(1, HERE), (2, THERE), (1, V6)}
    found = clicks_from(database, SENT, SENT + 10_000, places)
    assert found == [one for one, sign in zip(stored, wanted, strict=True) if sign == "+"]


@BOTH_WAYS
def test_of_these_only_some_rulings_and_people_are_wanted(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("linktrack.clicks.judging.stored_clicks.FEW", few)
    stored = store(database, [click(place, person=place % 3, ip=(HERE, THERE)[place % 2]) for place in range(12)])
    database.execute("UPDATE click SET ruling_id = recipient_id + 1 WHERE clicked_at > ?", (SENT + 3_000,))
    stored = [
        one._replace(ruling=one.click.recipient_id + 1) if number > 3 else one for number, one in enumerate(stored)
    ]
    here = [one for one in stored if one.click.ip == HERE]
    for rulings in (None, {1}, {1, 3}, {2, 9}, set[int]()):
        for people in (None, {0}, {1, 2}, set[int]()):
            assert clicks_from(database, SENT, SENT + 20_000, {(1, HERE)}, rulings=rulings, people=people) == [
                one
                for one in here
                if (rulings is None or one.ruling in rulings) and (people is None or one.click.recipient_id in people)
            ]


def test_what_is_read_of_a_stretch_of_time_has_both_its_ends(database: Database) -> None:
    seconds = (-0.001, 0, 5, 10, 10.001)
    ends = SENT, SENT + 10_000
    assert ends_within(database, "click", *ends) is None
    stored = store(database, [click(second) for second in seconds])
    probes = [head(second, 3, 7, 2)._replace(print=9) for second in seconds]
    requests = [junk(second)._replace(print=9, recipient_id=4) for second in seconds]
    database.insert("probe", probes[0]._fields, probes)
    database.insert("junk_request", requests[0]._fields, requests)
    assert stored_clicks(database, *ends) == stored[1:4]
    assert beside(database, *ends) == (probes[1:4], requests[1:4])
    assert ends_within(database, "click", *ends) == ends
    assert ends_within(database, "probe", SENT + 1, SENT + 9_999) == (SENT + 5_000, SENT + 5_000)
