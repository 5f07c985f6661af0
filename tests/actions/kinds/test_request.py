"""Requests: their row, and who gets them."""

from __future__ import annotations

from typing import Any

import pytest
from actions.kinds.kind_world import make_desk, planned

from linktrack.actions.planned import Thing

CRM = {"categories": {"Consultant": ["ANNA", "BO", "CY"], "Empty": []}}

CASES: dict[str, tuple[dict[str, Any], dict[str, int], dict[str, str]]] = {
    "nothing but a title": ({}, {}, {}),
    "a title with placeholders": ({"title": "{contact.name} wants {link.name}"}, {}, {"title": "Karin Sjöström wants Yes please"}),
    "priority and category": ({"priority": "High", "category": "Support"}, {}, {"priority": "High", "category": "Support"}),
    "an owner by name": ({"owner": "BO"}, {}, {"owner": "BO"}),
    "the contact's seller": ({"owner": "{contact.our_contact}"}, {}, {"owner": "ANNA"}),
    "unassigned": ({"owner": "unassigned"}, {}, {"owner": ""}),
    "auto: the first among equals": ({"owner": "auto", "category": "Consultant"}, {}, {"owner": "ANNA", "category": "Consultant"}),
    "auto: the one with the fewest": (
        {"owner": "auto", "category": "Consultant"}, {"ANNA": 3, "BO": 1, "CY": 2}, {"owner": "BO", "category": "Consultant"},
    ),
    "auto: nobody in a category without members": ({"owner": "auto", "category": "Empty"}, {}, {"owner": "", "category": "Empty"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_made(case: str) -> None:
    settings, requests, expected = CASES[case]
    (thing,) = planned({"type": "request", "title": "Help", **settings}, make_desk(CRM, requests=requests))
    assert isinstance(thing, Thing)
    assert thing.row == {"title": "Help", "priority": "", "category": "", "owner": "", **expected}
    assert (thing.name, thing.text, thing.owner) == (thing.row["category"], thing.row["title"], thing.row["owner"])


def test_auto_goes_round_and_counts_what_others_are_given_by_name() -> None:
    staff = make_desk(CRM)
    auto = {"type": "request", "title": "Help", "owner": "auto", "category": "Consultant"}
    owners = [planned(one, staff)[0].owner for one in ({**auto, "owner": "ANNA"}, *[auto] * 5)]  # type: ignore[union-attr]
    assert owners == ["ANNA", "BO", "CY", "ANNA", "BO", "CY"]


def test_auto_goes_round_whatever_form_the_members_names_are_typed_in() -> None:
    crm = {"categories": {"Consultant": ["A\u030asa", "BO"]}}
    auto = {"type": "request", "title": "Help", "owner": "auto", "category": "Consultant"}
    staff = make_desk(crm, users=["\u00c5sa", "BO"])
    assert [planned(auto, staff)[0].owner for _ in range(4)] == ["\u00c5sa", "BO"] * 2  # type: ignore[union-attr]


def test_blanks_around_a_users_name_are_not_of_it() -> None:
    owned = {"type": "request", "title": "Help", "owner": "{contact.our_contact}"}
    follow_up = {"type": "follow-up", "description": "Call", "default_recipient": "{contact.our_contact}"}
    for action in (owned, follow_up):
        (thing,) = planned(action, make_desk(users=["BO"]), our_contact=" BO ")
        assert isinstance(thing, Thing)
        assert thing.owner == "BO"
