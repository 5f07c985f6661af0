"""How many different people are behind rows: against the raw clicks, and what a Total shows of few."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook
from reports.reports_world import AGENTS, DAY, HOUR, Oracle, RawClick, address_of
from tests_support import Run
from world import SENT, World, line, make_world

from linktrack.cli.report import By
from linktrack.reports.different_people import DifferentPeople
from linktrack.reports.figures import ALWAYS, Period, Scope
from linktrack.reports.links import link_figures, link_shipments
from linktrack.reports.mailings import _comparison, _Side, mailing_figures
from linktrack.reports.order import SortOrder, sorted_rows
from linktrack.reports.shipments import shipment_figures
from linktrack.reports.statistics import FEWEST_PEOPLE, Sample
from linktrack.reports.totals import TotalsRecord, with_totals, without_thin_rates
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
            found = DifferentPeople(database, scope, number).together(rows)
            assert min(found, FEWEST_PEOPLE) == min(len(people), FEWEST_PEOPLE), period


RATES = ("click_rate", "rate_low", "rate_high", "share", "median", "other_rate", "difference", "low", "high")
COMMANDS = (
    ["mailings"], ["mailings", "--top", "1"], ["mailings", "--since", "2020-01-01"], ["mailings", "--by", "engagement"],
    ["links"], ["links", "--top", "1"], ["links", "--since", "2020-01-01"], ["link", "link-1"],
    ["compare", "autumn", "spring"], *(["mailing", "spring", "--by", by.value] for by in By),
    ["mailing", "spring", "--by", "placement", "--repeated"],
)  # fmt: skip
RATED = (*COMMANDS[:3], *COMMANDS[4:9], *(["mailing", "spring", "--by", by] for by in ("link", "placement", "age")))


@pytest.fixture(scope="module")
def four_people(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two mailings of two shipments each, in all of which the same four people have clicked."""
    sent = {number: SENT + number * 3 * DAY for number in (1, 2, 3, 4)}
    world = make_world(tmp_path_factory.mktemp("few") / "world", [(sent[3], False), (sent[4], False)], address_of)
    for number in (1, 2):
        world.send("autumn", sent_at=sent[number], emails=address_of)
    for person in (1, 2, 3, 4):
        load_clicks(world, person, (1, 2, 3, 4))
    return world


def load_clicks(world: World, person: int, shipments: Iterable[int]) -> None:
    """A person's clicks on the first links of these shipments, at a pace of people."""
    moments = {1: 9, 2: 12, 3: 3, 4: 6}  # days
    requests = [
        line(world.path(spot, person, shipment), second, ip=f"198.51.100.{person}", agent=next(iter(AGENTS)))
        for shipment in sorted(shipments, key=moments.__getitem__)
        for place, spot in enumerate((1, 2) if shipment < 3 else (11,))
        for second in [moments[shipment] * 86_400 + 600 + person * 120 + place * 40]
    ]
    log = world.workspace.root / f"{person}.log"
    log.write_bytes(b"".join(requests))
    world.load(log)


def looked_at(run: Run, command: list[str], book: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What people look at of a report: its rows, with their totals, as markdown, CSV for a spreadsheet, workbook."""
    lines = run("report", *command, "--format", "md").out.splitlines()
    head, _, *rows = ([cell.strip() for cell in text.strip("|").split("|")] for text in lines)
    yield "md", [dict(zip(head, row, strict=True)) for row in rows]
    keys, *cells = csv.reader(io.StringIO(run("report", *command, "--excel", "--format", "csv").out.lstrip("\ufeff")))
    yield "csv", [dict(zip(keys, row, strict=True)) for row in cells]
    assert run("report", *command, "-o", str(book)).code == 0
    sheet = load_workbook(book).active
    assert sheet is not None
    filled = [row for row in sheet.iter_rows(min_row=2, values_only=True) if any(one is not None for one in row[1:])]
    yield "xlsx", [dict(zip(head, row[: len(head)], strict=True)) for row in filled]


def test_of_four_people_no_report_shows_a_rate_and_of_five_each_shows_one(
    four_people: World, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(four_people.workspace.root)
    book = tmp_path / "book.xlsx"
    for command in COMMANDS:
        for format, rows in looked_at(run, command, book):
            thin = [(key, row) for row in rows for key in RATES if row.get(key) not in (None, "")]
            assert thin == [], (command, format)
        table = run("report", *command, "--format", "table")
        assert "%" not in table.out + table.err, command
    for options in ([], ["--mailing", "spring"]):
        html = BeautifulSoup(run("report", "html", "-", *options).out, "html.parser")
        assert_no_rate(html)
    rates = run("report", "mailings", "--format", "json").json
    assert [(row["clickers"], row["click_rate"]) for row in rates] == [(8, 0.133333)] * 2
    load_clicks(four_people, 5, (2, 4))
    for command in RATED:
        if command == ["link", "link-1"]:  # a row is a shipment
            continue
        for format, rows in looked_at(run, command, book):
            assert any(row.get(key) not in (None, "") for row in rows for key in RATES), (command, format)


def assert_no_rate(html: BeautifulSoup) -> None:
    """No cell, chart, tile or badge of a page shows a rate, but for that of machines, which counts no people."""
    for table in html.select("table"):
        keys = [str(cell["data-key"]) for cell in table.select("thead th")]
        for row in table.select("tbody tr, tfoot tr"):
            cells = dict(zip(keys, row.select("th, td"), strict=True))
            assert [key for key in RATES if key in cells and cells[key].get_text()] == [], table["data-command"]
            assert all("n" in str(cells[key].get("class")) for key in RATES if key in cells)  # empty, and of numbers
    for frame in html.select("iframe"):
        assert "% of the" not in str(frame["srcdoc"])
    for chart in html.select("svg[role=img]"):
        assert not chart.select(".share, .median, .point"), chart.get_text()
    for tile in html.select("[data-tile]"):
        assert tile["data-tile"] == "machine_share" or "%" not in tile.get_text()


class Counted:
    """So many different people are behind any rows."""

    def __init__(self, different: int) -> None:
        self.different = different

    def together(self, records: Sequence[TotalsRecord]) -> int:
        return min(self.different, sum(int(record["clickers"]) for record in records))

    def behind(self, record: TotalsRecord) -> int:
        return self.together([record])


def total(*clickers: int, different: int) -> Any:
    records = [{"key": str(number), "clickers": count, "sent": 10, "click_rate": 0.1} for number, count in enumerate(clickers)]  # fmt: skip
    *_, last = with_totals(records, ("key", "clickers", "sent", "click_rate"), None, "key", Counted(different))
    return last["click_rate"]


def test_a_total_rests_on_different_people() -> None:
    assert total(3, 3, different=3) is None
    assert total(3, 3, different=5) == 0.3
    assert total(2, 2, different=4) is None


def test_a_side_of_a_comparison_keeps_its_rate_beside_one_of_too_few() -> None:
    rates = {"click_rate": 0.5, "other_rate": 0.1, "difference": 0.4, "low": 0.1, "high": 0.6}
    shown = without_thin_rates({**rates, "people": 9, "other_people": 2}, Counted(0))
    assert [shown[name] for name in rates] == [0.5, None, None, None, None]
    shown = without_thin_rates({**rates, "people": 4, "other_people": 5}, Counted(0))
    assert [shown[name] for name in rates] == [None, 0.1, None, None, None]


@pytest.mark.parametrize("people", [4, 5])
def test_a_verdict_is_of_clickers_and_is_looked_at_where_its_difference_is(people: int) -> None:
    """Four people clicked in both shipments of a mailing: eight clickers."""
    found = _comparison(_Side("A", Sample(8, 40), people), _Side("B", Sample(18, 20), 18))
    assert found.verdict == "significant"
    assert without_thin_rates(found._asdict(), Counted(0))["verdict"] == (None if people < 5 else "significant")
    few = _comparison(_Side("A", Sample(4, 40), 4), _Side("B", Sample(18, 20), 18))
    assert without_thin_rates(few._asdict(), Counted(0))["verdict"] == "inconclusive"


def test_places_with_as_many_clicks_stand_as_in_the_mail() -> None:
    """Their keys are made by chance: another order in each making of the same campaign."""
    rows = [(key, place, 7) for place, key in enumerate(("zebra", "apple", "mole"), 9)]
    found = sorted_rows(reversed(rows), ("placement", "position", "clicks"), SortOrder("clicks"))
    assert [row[0] for row in found] == ["zebra", "apple", "mole"]
