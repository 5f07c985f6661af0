"""Why a report is empty: what is said is true, and names what leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from clicks_world import World
from reports.reports_world import Oracle
from tests_support import Run

LONG_AGO = ("--since", "2020-01-01", "--until", "2020-01-02")
IN_TIME = "Nothing was sent or clicked in this time."
# The spring mailing has the shipments 1, 2 and the test 3; winter has 5 and 6; never has none.
SENTENCES: list[tuple[list[str], str]] = [
    (["mailings", *LONG_AGO], IN_TIME),
    (["mailings", "--mailing", "spring", *LONG_AGO], IN_TIME),
    (["mailings", "--by", "engagement", "--mailing", "never"], "None of them was sent yet."),
    (["links", *LONG_AGO], IN_TIME),
    (["links", "--mailing", "never"], "No tracked link stands there."),
    (["links", "--folder", "Empty"], "No link that this is about lies in the folder Empty, or in one that is in it."),
    (["links", "--folder", "Empty", *LONG_AGO], "No link that this is about lies in the folder Empty, or in one that is in it."),
    (["links", "--folder", "Campaigns", *LONG_AGO], IN_TIME),
    (["links", "--shipment", "3", *LONG_AGO], "The shipment 3 is a test, which counts in no figure"),
    (["link", "link-2", *LONG_AGO], IN_TIME),
    (["link", "link-2", "--mailing", "never"], "link-2 has not been sent there."),
    (["link", "link-1", "--mailing", "winter"], "link-1 has not been sent there."),
    (["mailing", "spring", *LONG_AGO], IN_TIME),
    *((["mailing", "spring", "--by", by, *LONG_AGO], "Nothing was clicked in spring in this time.") for by in ("hour", "day", "weekhour")),
    (["mailing", "spring", "--by", "shipment", *LONG_AGO], IN_TIME),
    (["mailing", "spring", "--folder", "Empty"], "No link that this is about lies in the folder Empty, or in one that is in it."),
    (["mailing", "spring", "--by", "placement", "--folder", "Empty"], "No link that this is about lies in the folder Empty"),
    (["mailing", "never", "--by", "placement", "--repeated"], "never has not been sent yet"),
    (["mailing", "winter", "--by", "placement", "--repeated"], "No link stands in several places of winter."),
    *((["mailing", "never", "--by", by], "never has not been sent yet: linktrack mailing rewrite never sends it.")
      for by in ("link", "placement", "shipment", "hour", "day", "domain", "device", "reason", "age", "action")),
    (["clickers", "link-2", *LONG_AGO], "Nobody's first click on link-2 lies in this time."),
    (["clickers", "link-2", "--mailing", "never"], "Nobody has clicked link-2 in never so far."),
    (["contact", "C7", "--mailing", "never"], "Nothing was sent to C7 there."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"), SENTENCES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_an_empty_report_says_why(own_world: World, run: Run, arguments: list[str], said: str) -> None:
    assert run("folder", "add", "Empty").code == 0
    done = run("report", *arguments, "--format", "json")
    assert (done.code, done.json) == (0, [])
    assert said in done.err
    for other in ("There are no links", "There are no mailings", "so far"):
        assert other in said or other not in done.err, "no advice that does not help"


def test_a_table_of_the_week_says_it_too(oracle: Oracle, run: Run) -> None:
    done = run("report", "mailing", "spring", "--by", "weekhour", *LONG_AGO, "--format", "table")
    assert "Nothing was clicked in spring in this time." in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["spring", *LONG_AGO], "Nothing was clicked in spring in this time."),
        (["never"], "never has not been sent yet"),
        (["never", *LONG_AGO], "never has not been sent yet"),
        (["spring", "--shipment", "3"], "The shipment 3 is a test"),
    ],
    ids=" ".join,
)
def test_weekdays_are_seven_and_it_is_said_that_nothing_was_clicked(
    oracle: Oracle, run: Run, arguments: list[str], said: str
) -> None:
    done = run("report", "mailing", *arguments, "--by", "weekday", "--format", "json")
    assert [row["clicks"] for row in done.json] == [0] * 7
    assert said in done.err
    assert "Nothing" not in run("report", "mailing", "spring", "--by", "weekday", "--format", "json").err


def test_where_there_is_nothing_at_all_it_says_how_to_begin(workspace: object, run: Run) -> None:
    assert "There are no mailings yet: linktrack mailing add" in run("report", "mailings").err
    assert "No mailing was sent yet" in run("report", "mailings", "--by", "engagement").err
    for times in ((), LONG_AGO):
        assert "see linktrack link add" in run("report", "links", *times).err
    Path("mail.html").write_text('<a href="https://shop.example/">x</a>')
    assert run("mailing", "add", "news", "mail.html").code == 0
    assert "news has not been sent yet" in run("report", "mailing", "news", "--by", "age").err
