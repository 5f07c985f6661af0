"""Filters that name something of another mailing or link: an error that says whose it is, never an empty answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cli.conftest import LONG_MAILING
from every_command import ALL
from tests_support import Run

from linktrack.workspace import Workspace

# The campaign's shipments 1 and 2 (a test) are of `news`, 3 is of the long one.
CALLS = {
    "report mailing": [["news", "--shipment", "3"], [LONG_MAILING, "--shipment", "2"]],
    "report mailings": [["--mailing", "news", "--shipment", "3"], ["--mailing", "news", "--mailing", "autumn", "--shipment", "3"]],
    "report links": [["--mailing", "news", "--shipment", "3"]],
    "report link": [["offer", "--mailing", "news", "--shipment", "3"]],
    "report contact": [["10042", "--mailing", "news", "--shipment", "3"]],
    "report clickers": [["--mailing", "news", "--shipment", "3"], ["offer", "--mailing", LONG_MAILING, "--shipment", "1"]],
    "click list": [["--mailing", "news", "--shipment", "3"]],
}  # fmt: skip


def with_both() -> Iterator[str]:
    for path, command in ALL.items():
        options = {name for parameter in command.params for name in parameter.opts}
        if "--shipment" in options:
            yield path


def test_every_command_with_a_shipment_and_a_mailing_is_looked_at() -> None:
    assert set(with_both()) == set(CALLS)


@pytest.mark.parametrize("command", CALLS)
def test_a_shipment_of_another_mailing(campaign: Workspace, run: Run, command: str) -> None:
    for words in CALLS[command]:
        done = run(*command.split(), *words)
        number = words[-1]
        other = "news" if number in "12" else LONG_MAILING
        assert (done.code, done.out) == (4, "")
        assert f"the shipment {number} is of the mailing '{other}', not of '" in done.err
    right = [*(["offer"] if command == "report link" else ["10042"] if command == "report contact" else []),
             *(["news"] if command == "report mailing" else ["--mailing", "news"]), "--shipment", "1"]  # fmt: skip
    assert run(*command.split(), *right).code == 0


def placement(run: Run, mailing: str, link: str) -> str:
    rows: list[dict[str, Any]] = run("mailing", "links", mailing, "--format", "json").json
    return str(next(row["placement"] for row in rows if row["link"] == link))


def test_a_placement_of_another_mailing_link_or_shipment(campaign: Workspace, run: Run) -> None:
    spot = placement(run, "news", "offer")
    for words, whose in (
        (["--mailing", LONG_MAILING], f"is of the mailing 'news', not of '{LONG_MAILING}'"),
        (["news"], "is of the link 'offer', not of 'news'"),
        (["offer", "--shipment", "3"], f"is of the mailing 'news', not of '{LONG_MAILING}'"),
    ):
        done = run("report", "clickers", *words, "--placement", spot)
        assert (done.code, done.out, f"the placement {spot} {whose}" in done.err) == (4, "", True), done.err
    for words in (["offer"], ["--mailing", "news"], ["offer", "--shipment", "1"]):
        assert run("report", "clickers", *words, "--placement", spot).code == 0
