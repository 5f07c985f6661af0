"""How many different people are behind rows: against the raw clicks, and what a Total shows of few."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from clicks_world import World
from openpyxl import load_workbook
from reports.reports_world import HOUR, Oracle, RawClick
from tests_support import Run
from world import SENT

from linktrack.reports.few import people_behind
from linktrack.reports.figures import ALWAYS, Period, Scope
from linktrack.reports.links import link_figures, link_shipments
from linktrack.reports.mailings import mailing_figures
from linktrack.reports.order import SortOrder, in_order
from linktrack.reports.shipments import shipment_figures
from linktrack.reports.statistics import FEWEST_CLICKERS
from linktrack.reports.totals import with_totals, without_thin_rates
from linktrack.store.lookups import link_id
from linktrack.store.session import Database

Rows = Callable[[Database, Scope], Iterable[Any]]
REPORTS: dict[str, tuple[Rows, str | None]] = {
    "links": (link_figures, None),
    "a link": (lambda database, scope: link_shipments(database, "link-1", scope), "link-1"),
    "shipments": (shipment_figures, None),
    "mailings": (mailing_figures, None),
}
HOURS = [ALWAYS, *(Period(SENT + hour * HOUR, SENT + (hour + 3) * HOUR) for hour in (0, 3, 9, 20, 30, 50))]


@pytest.mark.parametrize("name", REPORTS)
def test_people_are_those_of_the_first_clicks(oracle: Oracle, name: str) -> None:
    find, link = REPORTS[name]
    with oracle.world.database() as database:
        for period in HOURS:
            scope = Scope(period=period)
            rows = [row._asdict() for row in find(database, scope)]
            number = None if link is None else link_id(database, link)

            def counted(one: RawClick, period: Period = period) -> bool:
                return period.holds(one.at) and link in (None, one.link) and not one.link.startswith("honeypot")

            firsts = oracle.firsts(oracle.shipments(), by_link=name in ("links", "a link"))
            people = {one.recipient for one in firsts if counted(one)}
            found = people_behind(database, scope, rows, link=number) if rows else 0
            assert min(found, FEWEST_CLICKERS) == min(len(people), FEWEST_CLICKERS), period


@pytest.fixture
def three_people(own_world: World) -> World:
    """Three people have clicked two links of spring each, and nobody anything else."""
    with own_world.database() as database, database.transaction():
        for table in ("clicker", "link_tally", "shipment_tally", "placement_tally", "shipment_domain"):
            database.execute(f"DELETE FROM {table}")
        links = database.rows("SELECT link_id, min(id) FROM placement WHERE mailing_id = 1 AND kind <> 'honeypot' GROUP BY link_id LIMIT 2")  # fmt: skip
        for link, placement in links:
            database.execute(
                "INSERT INTO link_tally (link_id, shipment_id, human, prefetch, scanner, test, clickers, first_click, "
                "last_click) VALUES (?, 1, 3, 0, 0, 0, 3, ?, ?)",
                (link, SENT, SENT),
            )
            for person in (1, 2, 3):
                database.execute(
                    "INSERT INTO clicker (shipment_id, recipient_id, placement_id, link_id, human, machine, "
                    "first_click, last_after) VALUES (1, ?, ?, ?, 1, 0, ?, 0)",
                    (person, placement, link, SENT),
                )
    return own_world


@pytest.mark.parametrize("more", [[], ["--top", "1"]], ids=["whole", "cut"])
def test_three_clickers_of_two_links_show_no_rate(three_people: World, run: Run, more: list[str]) -> None:
    command = ["report", "mailing", "spring", *more]
    total = run(*command, "--format", "md").out.splitlines()[-1].split("|")
    assert total[1].strip() == "Total" and " 6 " in total and "0.1" not in "".join(total)
    assert "%" not in run(*command, "--format", "table").out
    assert run(*command, "-o", "r.xlsx").code == 0
    sheet = load_workbook(io.BytesIO((three_people.workspace.root / "r.xlsx").read_bytes())).active
    assert sheet is not None
    head, *_, last = (row for row in sheet.iter_rows(values_only=True) if row[6] is not None)
    shown = dict(zip(map(str, head), last, strict=True))
    assert (shown["Key"], shown["Clickers"], shown["Click rate"]) == ("Total", 6, None)
    html = BeautifulSoup(run("report", "html", "-", "--mailing", "spring").out, "html.parser")
    (table,) = html.select("table[data-command='report mailing spring --by link']")
    (foot,) = table.select("tfoot tr")
    cells = dict(zip([str(cell["data-key"]) for cell in table.select("thead th")], foot.select("th, td"), strict=True))
    assert (cells["clickers"].get_text(), cells["click_rate"].get_text()) == ("6", "")


def total(*clickers: int, different: int) -> Any:
    records = [{"key": str(number), "clickers": count, "sent": 10, "click_rate": 0.1} for number, count in enumerate(clickers)]  # fmt: skip
    columns = ("key", "clickers", "sent", "click_rate")
    *_, last = with_totals(records, columns, None, "key", people=lambda _: different)
    return without_thin_rates(last)["click_rate"]


def test_a_total_rests_on_different_people_or_on_a_row_that_has_enough() -> None:
    assert total(3, 3, different=3) is None
    assert total(3, 3, different=5) == 0.3
    assert total(5, 1, different=0) == 0.3
    assert total(2, 2, different=4) is None


def test_a_side_of_a_comparison_keeps_its_rate_beside_one_of_too_few() -> None:
    rates = {"click_rate": 0.5, "other_rate": 0.1, "difference": 0.4, "low": 0.1, "high": 0.6}
    shown = without_thin_rates({**rates, "clickers": 9, "other_clickers": 2})
    assert [shown[name] for name in rates] == [0.5, None, None, None, None]
    shown = without_thin_rates({**rates, "clickers": 4, "other_clickers": 5})
    assert [shown[name] for name in rates] == [None, 0.1, None, None, None]


def test_places_with_as_many_clicks_stand_as_in_the_mail() -> None:
    """Their keys are made by chance: another order in each making of the same campaign."""
    rows = [(key, place, 7) for place, key in enumerate(("zebra", "apple", "mole"), 9)]
    found = in_order(reversed(rows), ("placement", "position", "clicks"), SortOrder("clicks"))
    assert [row[0] for row in found] == ["zebra", "apple", "mole"]
