"""A change as the files of a run tell of it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from actions.actions_world import MAY_4

from linktrack.actions.done import Done, delivered
from linktrack.actions.planned import Clicked, CrmChange, Delivered, LinkFacts, NumberedAction, RowCells, ShipmentFacts
from linktrack.click_names import click_name
from linktrack.links.actions import parse_action

ZONE = ZoneInfo("Europe/Stockholm")
LINK = LinkFacts(3, "offer", "3", "Offer", "https://www.example.com/offer", "spring")
CLICK = Clicked(
    MAY_4, -5, LINK, ShipmentFacts(7, 70_007, "news", "Spring", "Newsletter"), "abc", 1, "C1", frozenset(), 0
)
ACTION = NumberedAction(parse_action({"type": "request", "title": "Call"}), 2, 1)
AT = "2026-05-04T11:12:12+02:00"
FIELD = Done(CLICK, ACTION, "c1", "set-field", "level", "set", "cold", "hot")
REQUEST = Done(CLICK, ACTION, "r1", "request", "Call", "make", "", "Call", cells={"title": "Call", "id": "R1"})
SCRIPT = Done(CLICK, ACTION, "s1", "script", "x.sh", "run", "", "0", cells={"script": "x.sh"})


def change(id: str, kind: str, name: str, operation: str, old: str, new: str) -> CrmChange:
    return CrmChange(id, kind, "C1", name, operation, old, new, "offer", "news", 7, click_name(MAY_4, -5), AT)


# What was done, and the change, the file and the further cells that are told of it; None: nothing is.
TOLD: dict[str, tuple[Done, tuple[CrmChange, str, RowCells] | None]] = {
    "a field": (FIELD, (change("c1", "set-field", "level", "set", "cold", "hot"), "", {})),
    "a request": (
        REQUEST, (change("r1", "request", "Call", "make", "", "Call"), "requests.csv", {"title": "Call", "id": "R1"}),
    ),
    "a script": (SCRIPT, (change("s1", "script", "x.sh", "run", "", "0"), "scripts.ndjson", {"script": "x.sh"})),
    "a script that failed": (
        SCRIPT._replace(status="failed", message="exit code 1"),
        (change("s1", "script", "x.sh", "run", "", "0"), "scripts.ndjson", {"script": "x.sh"}),
    ),
    "a script that took too long": (
        SCRIPT._replace(status="timeout"),
        (change("s1", "script", "x.sh", "run", "", "0"), "scripts.ndjson", {"script": "x.sh"}),
    ),
    "what could not be carried out": (FIELD._replace(status="failed", message="no such field"), None),
    "a script that could not begin": (SCRIPT._replace(status="failed", cells={}), None),
    "what was interrupted": (
        FIELD._replace(status="interrupted"), (change("c1", "set-field", "level", "set", "cold", "hot"), "", {}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_what_the_files_tell_of_a_change(case: str) -> None:
    done, told = TOLD[case]
    assert list(delivered([done], ZONE)) == ([] if told is None else [Delivered(*told)])


def test_one_that_is_not_told_of_hides_none_behind_it() -> None:
    failed = FIELD._replace(status="failed")
    assert [one.change.id for one in delivered([FIELD, failed, REQUEST], ZONE)] == ["c1", "r1"]


def test_a_row_has_what_every_file_has_and_the_cells_of_its_own() -> None:
    assert FIELD.row(AT) == {
        "id": "c1", "contact_id": "C1", "link": "offer", "mailing": "news", "shipment": 7, "clicked_at": AT,
    }  # fmt: skip
    assert REQUEST.row(AT) == {**FIELD.row(AT), "id": "R1", "title": "Call"}
