"""linktrack report: figures that can be counted by hand, and the columns that others rely on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests_support import Run

LINKS = [
    "key", "name", "folder", "url", "status", "placements", "clicks", "clickers", "machine_clicks", "sent",
    "click_rate", "first_click", "last_click", "actions",
]  # fmt: skip
SHIPMENTS = [
    "mailing", "shipment", "sent_at", "test", "sent", "clicks", "clickers", "machine_clicks", "test_clicks",
    "click_rate", "first_click", "last_click",
]  # fmt: skip
CLICKERS = ["contact_id", "email", "name", "mailing", "shipment", "first_click", "last_click", "clicks"]


def test_links(at: Path, run: Run) -> None:
    rows = run("report", "links", "--format", "json").json
    assert [list(row) for row in rows] == [LINKS] * len(rows)
    figures = {row["key"]: row for row in rows}
    assert figures["link-1"] == {
        "key": "link-1", "name": "Link 1", "folder": None, "url": "https://www.example.com/1", "status": "active",
        "placements": 2, "clicks": 4, "clickers": 3, "machine_clicks": 0, "sent": 60, "click_rate": 0.05,
        "first_click": "2026-05-04T09:10:00+00:00", "last_click": "2026-05-04T10:56:40+00:00", "actions": [],
    }  # fmt: skip
    assert [(figures[key]["clicks"], figures[key]["clickers"], figures[key]["machine_clicks"])
            for key in ("link-2", "link-3", "link-4", "link-5")] == [(1, 1, 1), (1, 1, 1), (0, 0, 0), (0, 0, 0)]  # fmt: skip
    assert figures["link-4"]["first_click"] is None
    assert "honeypot" not in figures


def test_links_of_a_mailing_that_was_not_sent(at: Path, run: Run) -> None:
    (row,) = run("report", "links", "--mailing", "autumn", "--format", "json").json
    assert (row["key"], row["placements"], row["clicks"], row["sent"], row["click_rate"]) == ("link-1", 1, 0, 0, None)


def test_a_link_by_shipment(at: Path, run: Run) -> None:
    rows = run("report", "link", "link-1", "--format", "json").json
    assert [list(row) for row in rows] == [SHIPMENTS] * 3
    assert [(row["shipment"], row["test"], row["clicks"], row["clickers"]) for row in rows] == [
        (1, False, 3, 2), (2, False, 1, 1), (3, True, 0, 0),
    ]  # fmt: skip


def test_a_mailing_by_shipment_counts_each_clicker_once(at: Path, run: Run) -> None:
    done = run("report", "mailing", "spring", "--by", "shipment", "--format", "json")
    assert [
        (row["shipment"], row["clicks"], row["clickers"], row["machine_clicks"], row["test_clicks"], row["click_rate"])
        for row in done.json
    ] == [(1, 5, 3, 2, 0, 0.1), (2, 1, 1, 0, 0, 0.033333), (3, 0, 0, 0, 1, 0.0)]
    assert done.err == "spring: sent to 60, 4 of them clicked (6.7%).\n"


def test_a_mailing_by_placement_and_hour(at: Path, run: Run) -> None:
    spots = run("report", "mailing", "spring", "--by", "placement", "--format", "json").json
    assert [(row["placement"], row["clicks"], row["machine_clicks"]) for row in spots[:3]] == [
        ("plb", 4, 0), ("plc", 1, 1), ("pld", 1, 1),
    ]  # fmt: skip
    hours = run("report", "mailing", "spring", "--by", "hour", "--format", "json").json
    assert hours == [
        {"hour": "2026-05-04T09:00:00+00:00", "clicks": 3, "machine_clicks": 2},
        {"hour": "2026-05-04T10:00:00+00:00", "clicks": 3, "machine_clicks": 0},
    ]


def test_clickers_are_people_with_their_mailing_and_shipment(at: Path, run: Run) -> None:
    rows = run("report", "clickers", "link-1", "--format", "json").json
    assert [list(row) for row in rows] == [CLICKERS] * 3
    assert [(row["contact_id"], row["shipment"], row["clicks"]) for row in rows] == [
        ("C1", 1, 2),
        ("C2", 1, 1),
        ("C1", 2, 1),
    ]
    assert run("report", "clickers", "link-3", "--format", "csv").out.splitlines()[1:] == [
        "C4,c4@example.com,Person 4,spring,1,2026-05-04T09:14:20+00:00,2026-05-04T09:14:20+00:00,1"
    ]
    done = run("report", "clickers", "link-4")
    assert (done.code, done.err) == (0, "Nobody has clicked link-4 yet.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["clickers", "nope"], "nope"),
        (["link", "nope"], "nope"),
        (["mailing", "winter"], "no mailing 'winter'"),
        (["links", "--mailing", "winter"], "no mailing 'winter'"),
        (["links", "--folder", "Nowhere"], "Nowhere"),
    ],
    ids=" ".join,
)
def test_what_is_not_there(at: Path, run: Run, arguments: list[str], words: str) -> None:
    done = run("report", *arguments)
    assert (done.code, done.out) == (4, "")
    assert words in done.err


@pytest.mark.parametrize("format", ["table", "json", "ndjson", "csv", "tsv", "md"])
def test_every_format_has_every_link(at: Path, run: Run, format: str) -> None:
    done = run("report", "links", "--format", format)
    assert all(f"link-{number}" in done.out for number in range(1, 9))


def test_no_report_reads_clicks(at: Path, run: Run) -> None:
    """Reports cost what the rollups cost: they say the same when there are no clicks any more."""
    commands = [["links"], ["link", "link-1"], ["mailing", "spring", "--by", "shipment"], ["clickers", "link-1"]]
    before = [run("report", *command, "--format", "json").out for command in commands]
    with sqlite3.connect(at / "linktrack.db") as connection:
        connection.execute("ALTER TABLE click RENAME TO elsewhere")
    connection.close()
    try:
        assert [run("report", *command, "--format", "json").out for command in commands] == before
    finally:
        with sqlite3.connect(at / "linktrack.db") as connection:
            connection.execute("ALTER TABLE elsewhere RENAME TO click")
        connection.close()
