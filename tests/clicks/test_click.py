"""Clicks in columns are the clicks: whatever is done with the columns is what it would be with one after the other."""

from __future__ import annotations

import marshal
from operator import itemgetter

from hypothesis import given
from hypothesis import strategies as st

from linktrack.click_marks import POST, SHARED
from linktrack.clicks.click import Click, Clicks, address_of, person_of
from linktrack.links.tokens import NOBODY

FEW = st.integers(0, 2)
CLICK = st.builds(
    Click,
    clicked_at=st.integers(-(2**62), 2**62) | FEW,
    print=st.integers(-(2**63), 2**63 - 1) | FEW,
    link_id=FEW,
    placement_id=FEW,
    shipment_id=FEW,
    recipient_id=st.sampled_from([NOBODY, 1, 2**40 - 1]),
    ip=st.sampled_from(["", "192.0.2.0", "2001:db8::"]),
    network_id=FEW,
    agent_id=FEW,
    flags=st.sampled_from([0, SHARED, POST, POST | SHARED]),
)
CLICKS = st.lists(CLICK).map(sorted)


@given(CLICKS)
def test_they_are_read_one_by_one_as_they_came(clicks: list[Click]) -> None:
    columns = Clicks.of(clicks)
    assert Clicks.of(columns) is columns
    assert len(columns) == len(clicks)
    assert bool(columns) == bool(clicks)
    assert list(columns) == [columns[at] for at in range(len(clicks))] == clicks
    assert all(isinstance(one, Click) for one in (*columns, *columns[:1]))
    for part in (slice(1, 3), slice(0, -1), slice(2, None)):
        assert list(columns[part]) == clicks[part]
    names = ("times", "prints", "links", "placements", "shipments", "recipients", "ips", "networks", "agents", "flags")
    for place, name in enumerate(names):
        assert list(getattr(columns, name)) == list(map(itemgetter(place), clicks))


@given(CLICKS)
def test_addresses_and_people_are_those_of_each_click(clicks: list[Click]) -> None:
    columns = Clicks.of(clicks)
    assert list(columns.addresses) == list(map(address_of, clicks))
    alone = len({one.shipment_id for one in clicks}) < 2 and all(one.recipient_id != NOBODY for one in clicks)
    assert list(columns.people) == [one.recipient_id if alone else person_of(one) for one in clicks]


@given(CLICKS, st.lists(st.booleans()))
def test_some_are_picked(clicks: list[Click], which: list[bool]) -> None:
    which = (which * len(clicks) or [False] * len(clicks))[: len(clicks)]
    picked = Clicks.of(clicks).picked(which)
    assert list(picked) == [one for one, wanted in zip(clicks, which, strict=True) if wanted]


@given(CLICKS, CLICKS)
def test_others_come_behind_them_or_where_they_belong(clicks: list[Click], others: list[Click]) -> None:
    assert list(Clicks.of(clicks).and_then(others)) == clicks + others
    merged, places = Clicks.of(clicks).merged(others)
    assert list(merged) == sorted(clicks + others)
    assert [merged[place] for place in places] == others
    assert list(merged.picked([place not in places for place in range(len(merged))])) == clicks


@given(CLICKS)
def test_another_process_has_the_same(clicks: list[Click]) -> None:
    sent = [marshal.dumps(list(column)) for column in Clicks.of(clicks).columns]
    assert list(Clicks(list(map(marshal.loads, sent)))) == clicks


@given(CLICKS)
def test_networks_and_agents_get_numbers(clicks: list[Click]) -> None:
    numbered = Clicks.of(clicks).numbered([10, 11, 12], [20, 21, 22])
    assert list(numbered) == [
        one._replace(network_id=one.network_id + 10, agent_id=one.agent_id + 20) for one in clicks
    ]
