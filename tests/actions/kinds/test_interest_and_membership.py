"""Interests, selections and projects: what is added and removed, in which order, and for whom."""

from __future__ import annotations

from typing import Any

import pytest
from actions.kinds.kind_world import planned

from linktrack.errors import CannotChange

CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "an interest of the person": ({"type": "interest", "add": ["News"]}, [("interest", "News", "add")]),
    "one name without a list": ({"type": "interest", "add": "News"}, [("interest", "News", "add")]),
    "what is removed comes first": (
        {"type": "interest", "add": ["A", "B"], "remove": ["C"]},
        [("interest", "C", "remove"), ("interest", "A", "add"), ("interest", "B", "add")],
    ),
    "of the company": ({"type": "interest", "add": ["News"], "on": "company"}, [("company-interest", "News", "add")]),
    "of both": (
        {"type": "interest", "remove": ["News"], "on": "both"},
        [("interest", "News", "remove"), ("company-interest", "News", "remove")],
    ),
    "the mailing's type": ({"type": "interest", "remove": ["{mailing.type}"]}, [("interest", "Newsletter", "remove")]),
    "a name is said once": ({"type": "selection", "add": ["A", " A "]}, [("selection", "A", "add")]),
    "several selections each way": (
        {"type": "selection", "add": ["A", "B"], "remove": ["C", "D"]},
        [("selection", "C", "remove"), ("selection", "D", "remove"), ("selection", "A", "add"), ("selection", "B", "add")],
    ),
    "a selection named by the mailing": (
        {"type": "selection", "add": ["Clicked {link.key} in {mailing.name}"]},
        [("selection", "Clicked offer in spring", "add")],
    ),
    "a project": ({"type": "project", "add": ["Launch"], "remove": ["Old"]}, [("project", "Old", "remove"), ("project", "Launch", "add")]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_decided(case: str) -> None:
    action, expected = CASES[case]
    decided: list[Any] = planned(action)
    assert [(one.kind, one.name, one.operation) for one in decided] == expected
    assert all(one.value == ("yes" if one.operation == "add" else "") for one in decided)


def test_a_name_that_is_empty_once_it_is_filled_in_is_refused() -> None:
    with pytest.raises(CannotChange, match=r"the name '\{contact.name\}' is empty"):
        planned({"type": "selection", "add": ["{contact.name}"]}, name="")
