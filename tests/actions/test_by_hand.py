"""Clickers added to selections and projects by hand: the same files and the same ledger as those of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from actions.actions_world import NOON, ActionsWorld, rows_of
from tests_support import Run
from world import add as add_mailing

from linktrack.actions.by_hand import ByHand
from linktrack.actions.ledger.log import read_log
from linktrack.actions.ledger.rows import LogFilter
from linktrack.actions.run_report import RunReport
from linktrack.errors import NotFound

EXPORT = "contact_id,name\n1,Bo\n2,Cy\n3,Di\n"
FILES = ["actions.ndjson", "changes.ndjson", "follow-ups.csv", "passed-clicks.ndjson", "projects.csv", "requests.csv", "said.ndjson", "scripts.ndjson", "selections.csv", "summary.json"]  # fmt: skip


@pytest.fixture
def clicked(world: ActionsWorld) -> ActionsWorld:
    """A link with clicks by two people in two mailings' shipments, by a machine, and by a test."""
    world.link("offer", [{"type": "selection", "add": ["Acted"]}])
    add_mailing(world.database, "other", '<a href="linktrack:offer">offer</a>', type="")
    world.shipment(mailing="other")
    world.shipment(is_test=True)
    for contact, shipment, minute in (("1", 1, 0), ("1", 1, 3), ("2", 2, 1)):
        world.click(contact, "offer", minute, shipment=shipment)
    world.click("3", "offer", 2, verdict="scanner")
    world.click("3", "offer", 1, shipment=3, verdict="test")
    return world


def add(world: ActionsWorld, wanted: ByHand, export: Path | None = None, *, now: int = NOON) -> tuple[RunReport, Path]:
    return world.run(export, by_hand=wanted, now=now)


def test_without_an_export_everybody_is_added_once(clicked: ActionsWorld) -> None:
    wanted = ByHand("offer", None, ("Spring", "Hot"), ("Launch",))
    report, out = add(clicked, wanted)
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert [tuple(row.values())[:3] for row in rows_of(out / "selections.csv")] == [
        ("Spring", "2", "add"), ("Hot", "2", "add"), ("Spring", "1", "add"), ("Hot", "1", "add"),
    ]  # fmt: skip
    assert [row["contact_id"] for row in rows_of(out / "projects.csv")] == ["2", "1"]
    assert rows_of(out / "projects.csv")[0] | {"project": ""} == {
        "project": "", "contact_id": "2", "change": "add", "name": "2", "email": "2@example.com",
    }  # fmt: skip
    assert [report.summary[name] for name in ("contacts", "changes", "selections", "projects")] == [2, 6, 4, 2]
    changes = rows_of(out / "changes.ndjson")
    assert {(row["link"], row["mailing"]) for row in changes} == {("offer", "spring-news"), ("offer", "other")}
    assert [row["clicked_at"] for row in changes][-1] == "2026-05-04T09:15:12+00:00"
    assert [row.id for row in read_log(clicked.database, LogFilter())] == [row["id"] for row in changes]
    assert add(clicked, wanted)[0].summary["changes"] == 0  # linktrack knows that they are in there


def test_one_mailing_only(clicked: ActionsWorld) -> None:
    _, out = add(clicked, ByHand("offer", "other", ("Spring",)))
    assert [row["contact_id"] for row in rows_of(out / "selections.csv")] == ["2"]


def test_with_an_export_members_are_left_out_and_strangers_told(clicked: ActionsWorld) -> None:
    export = clicked.export("contact_id,name\n1,Bo\n", "crm/contacts.csv").parent
    clicked.export("selection,contact_id\nSpring,1\n", "crm/selections.csv")
    report, out = add(clicked, ByHand("offer", None, ("Spring", "New")), export)
    assert [tuple(row.values())[:3] for row in rows_of(out / "selections.csv")] == [("New", "1", "add")]
    assert report.unknown == ("2",)
    assert (out / "contacts.csv").read_text() == "contact_id,name\n1,Bo\n"
    assert json.loads((out / "summary.json").read_text())["new_selections"] == ["New"]


def test_the_clicks_stay_open_for_the_actions(clicked: ActionsWorld) -> None:
    add(clicked, ByHand("offer", None, ("Spring",)))
    report, out = clicked.run(clicked.export(EXPORT))
    assert report.summary["clicks"] == 3
    assert [row["selection"] for row in rows_of(out / "selections.csv")] == ["Acted", "Acted"]


def test_what_is_done_by_hand_overrules_what_a_click_did(clicked: ActionsWorld) -> None:
    clicked.link("leave", [{"type": "selection", "remove": ["Spring"]}])
    clicked.click("1", "leave", 60)
    clicked.run(clicked.export(EXPORT))
    _, out = add(clicked, ByHand("offer", None, ("Spring",)))
    assert [row["contact_id"] for row in rows_of(out / "selections.csv")] == ["2", "1"]
    clicked.click("1", "leave", 61)  # clicked before it was done by hand, imported after it
    assert rows_of(clicked.run(clicked.export(EXPORT))[1] / "selections.csv") == []
    clicked.click("1", "leave", 600)
    assert [row["change"] for row in rows_of(clicked.run(clicked.export(EXPORT))[1] / "selections.csv")] == ["remove"]


def test_clickers_are_found_when_their_clicks_are_gone(clicked: ActionsWorld) -> None:
    clicked.database.execute("DELETE FROM click")
    _, out = add(clicked, ByHand("offer", None, ("Spring",)))
    rows = rows_of(out / "changes.ndjson")
    assert [row["contact_id"] for row in rows] == ["2", "1"]
    assert len({row["id"] for row in rows}) == 2


def test_an_unknown_link_and_forgotten_people(clicked: ActionsWorld) -> None:
    with pytest.raises(NotFound, match="there is no link 'ofer'"):
        add(clicked, ByHand("ofer", None, ("Spring",)))
    clicked.database.execute("UPDATE recipient SET forgotten_at = 1 WHERE contact_id = '1'")
    _, out = add(clicked, ByHand("offer", None, ("Spring",)))
    assert [row["contact_id"] for row in rows_of(out / "selections.csv")] == ["2"]


def test_the_command(clicked: ActionsWorld, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clicked.root)
    export = clicked.export(EXPORT)
    shown = run(
        "report",
        "clickers",
        "offer",
        "--add-to-selection",
        "Spring",
        "--add-to-project",
        "P",
        "--out",
        "hand",
        "--crm",
        export,
        "--format",
        "json",
    )
    assert (shown.code, [row["contact_id"] for row in shown.json]) == (0, ["1", "2"])
    assert "Run 1: 4 changes, written to hand" in shown.err
    assert [row["selection"] for row in rows_of(clicked.root / "hand" / "selections.csv")] == ["Spring", "Spring"]
    for wrong in (
        ["--add-to-selection", "Spring"],
        ["--out", "elsewhere"],
        ["--crm", export],
        ["--add-to-project", " ", "--out", "elsewhere"],
    ):
        assert run("report", "clickers", "offer", *wrong).code == 2
    assert run("report", "clickers", "offer", "--add-to-selection", "S", "--out", "hand").code == 5
    assert not (clicked.root / "elsewhere").exists()
