"""The page of reports: one file that is sent and opened anywhere, which runs nothing and asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from string import Formatter
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from linktrack import __version__
from linktrack.reports.figures import Scope, rules_that_judged, scope_of
from linktrack.reports.mailings import MailingFigures
from linktrack.reports.page_charts import Draughtsman, Drawing
from linktrack.reports.page_map import MapDesk, ShownMap, map_of
from linktrack.reports.page_tables import (
    PageTable,
    TableDesk,
    Words,
    compare_table,
    engagement_table,
    mailing_tables,
    mailings_table,
)  # fmt: skip
from linktrack.reports.page_texts import TEXTS, short_heading
from linktrack.reports.page_values import EMPTY, PageValue, Writer
from linktrack.reports.totals import Record
from linktrack.settings import Language
from linktrack.store.session import Database

LAST = 5  # mailings that are compared, and of which it is counted how many a person clicked
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src {images}; base-uri 'none'; form-action 'none'"
_SECTIONS = ("reason", "map", "link", "places", "age", "weekhour", "domain", "device", "action", "shipment")
_LONG = ("age", "weekhour", "places")  # whose tables have a row for each hour or placement
_SHORT = 8  # rows that are seen at once


@dataclass(frozen=True)
class PageOrder:
    """What a person wants: which mailings (none named: all, and the latest in detail), in which language, and whether
    the mails' pictures are fetched when the page is opened."""

    mailings: tuple[str, ...] = ()
    language: Language = "en"
    images: bool = False


class Surroundings(NamedTuple):
    """Where and when a page is made: the zone (and its name), now (UTC milliseconds), and the tracking address."""

    zone: tzinfo
    zone_name: str
    now: int
    tracking: str


class Tile(NamedTuple):
    """A figure by itself, and what is said of it."""

    name: str
    label: str
    value: PageValue
    note: tuple[PageValue | str, ...] = ()


class ShownColumn(NamedTuple):
    key: str
    heading: str
    numeric: bool


class ShownTable(NamedTuple):
    """A table as it is written; `places` are the keys of placements that its rows are about, if they are."""

    command: str
    columns: tuple[ShownColumn, ...]
    rows: tuple[tuple[PageValue, ...], ...]
    sums: tuple[tuple[PageValue, ...], ...]
    places: tuple[str, ...] = ()


class PageSection(NamedTuple):
    """A heading, what is to be seen below it, its chart, its table."""

    id: str
    subject: str
    title: str
    about: str
    drawing: Drawing | None
    table: ShownTable
    map: ShownMap | None = None

    @property
    def is_open(self) -> bool:
        return len(self.table.rows) <= _SHORT

    @property
    def is_long(self) -> bool:
        return self.subject in _LONG


class PagePart(NamedTuple):
    """The sections of one mailing, or ("" as its title) those of the page as a whole."""

    title: str
    sections: tuple[PageSection, ...]


def make_page(database: Database, order: PageOrder, around: Surroundings) -> str:
    """The HTML. UnknownName for a mailing that there is not."""
    maker = _Maker(database, order, around)
    return maker.page()


class _Maker:
    """A page in the making: the database, what is wanted, and how values are written."""

    def __init__(self, database: Database, order: PageOrder, around: Surroundings) -> None:
        self._database, self._order, self._around = database, order, around
        self._names = tuple(dict.fromkeys(order.mailings))
        self._writer = Writer(order.language, around.zone)
        texts = TEXTS[order.language]
        self._desk = TableDesk(database, around.zone, around.now, Words(texts["more"], texts["total"]))

    def page(self) -> str:
        scope = scope_of(self._database, mailings=self._names)
        mailings = mailings_table(self._desk, self._names, scope)
        latest = _latest(self._database, scope)
        detailed = self._names or latest[:1]
        is_one = len(mailings.whole) == 1 and len(detailed) == 1
        overview = [] if is_one else [self._section("all", mailings)]
        if not is_one and len(compared := self._names or latest) > 1:
            overview.append(self._section("all", compare_table(self._desk, compared)))
        last = min(LAST, max(1, len(latest if not self._names else _latest(self._database, Scope()))))
        engaged = self._section("all", engagement_table(self._desk, last), count=last)
        parts = [
            PagePart("" if is_one else name, self._sections(name, f"m{number}"))
            for number, name in enumerate(detailed, 1)
        ]
        whole = PagePart("", (*overview, engaged))
        return _environment().get_template("page.html").render(
            language=self._order.language,
            words=TEXTS[self._order.language],
            policy=POLICY.format(images="data: https: http:" if self._order.images else "data:"),
            title=self._title(),
            subtitle=self._writer.text("title"),
            made=self._writer.text("made", when=self._writer.time(self._around.now), zone=self._around.zone_name,
                                   version=__version__),
            tiles=self._tiles(mailings, scope),
            parts=[*parts, whole] if is_one else [whole, *parts],
        )  # fmt: skip

    def _title(self) -> str:
        if len(self._names) == 1:
            return self._names[0]
        return self._writer.text("several", count=len(self._names)) if self._names else self._writer.text("all_mailings")  # fmt: skip

    def _sections(self, name: str, id: str) -> tuple[PageSection, ...]:
        scope = scope_of(self._database, mailing=name)
        tables = mailing_tables(self._desk, name, scope)
        drawn = map_of(
            MapDesk(self._database, self._writer, self._around.tracking), name, scope, images=self._order.images
        )
        found = []
        for subject in _SECTIONS:
            section = self._section(id, tables[subject], zone=self._around.zone_name)
            if subject == "map":
                section = section._replace(map=drawn)
            if subject != "places" or section.drawing is not None:
                found.append(section)
        return tuple(found)

    def _section(self, id: str, table: PageTable, **values: object) -> PageSection:
        write, subject = self._writer, table.subject
        return PageSection(
            f"{id}-{subject}", subject, write.text(subject, **values), write.text(f"{subject}_about", **values),
            Draughtsman(write, id).draw(table), self._shown(table),
        )  # fmt: skip

    def _shown(self, table: PageTable) -> ShownTable:
        def cells(record: Record) -> tuple[PageValue, ...]:
            return tuple(self._writer.value(column, record[column]) for column in table.columns)

        rows = tuple(map(cells, table.records))
        sums = tuple(self._sum(table, record) for record in table.sums)
        columns = tuple(
            ShownColumn(column, short_heading(column, self._order.language), any(row[place].numeric for row in (*rows, *sums)))
            for place, column in enumerate(table.columns)
        )  # fmt: skip
        places = tuple(record["placement"] for record in table.records) if table.subject == "map" else ()
        return ShownTable(table.command, columns, rows, sums, places)

    def _sum(self, table: PageTable, record: Record) -> tuple[PageValue, ...]:
        """A row of sums: its first cell is a word, whatever the column holds."""
        label, *others = table.columns
        return (PageValue(None, record[label]), *(self._writer.value(column, record[column]) for column in others))

    def _tiles(self, mailings: PageTable, scope: Scope) -> list[Tile]:
        write = self._writer
        total = mailings.total or dict.fromkeys(MailingFigures._fields, 0) | {"click_rate": None}
        shipments, every = total["shipments"], total["clicks"] + total["machine_clicks"]
        share = round(total["machine_clicks"] / every, 6) if every else None
        bounds = {"low": write.value("rate_low", total["rate_low"]), "high": write.value("rate_high", total["rate_high"])}
        counts = {
            "machines": write.value("machine_clicks", total["machine_clicks"]),
            "people": write.value("clicks", total["clicks"]),
        }
        rules = ", ".join(rules_that_judged(self._database, scope)) or write.text("none")
        of = "of_shipment" if shipments == 1 else "of_shipments"
        return [
            self._tile("sent", write.value("sent", total["sent"]), of, count=write.value("shipments", shipments)),
            self._tile("clickers", write.value("clickers", total["clickers"]), "of_recipients"),
            self._tile("click_rate", write.value("click_rate", total["click_rate"]), *(("interval",) if total["click_rate"] is not None else ("no_rate",)), **bounds),
            self._tile("machine_share", write.value("machine_share", share), "of_clicks" if every else "no_clicks", **counts),
            self._tile("rules", PageValue(rules, rules)),
        ]  # fmt: skip

    def _tile(self, name: str, value: PageValue, note: str = "", **values: PageValue) -> Tile:
        """A tile; figures in its note are figures too."""
        shown = value if value is not EMPTY else PageValue(None, "–")
        parts: list[PageValue | str] = []
        for before, field, _, _ in Formatter().parse(TEXTS[self._order.language][note] if note else ""):
            parts += [before, *([values[field]] if field else [])]
        return Tile(name, self._writer.text(f"tile_{name}"), shown, tuple(parts))


def _latest(database: Database, scope: Scope) -> tuple[str, ...]:
    """The names of the mailings that were sent last, at most `LAST`, the last one first."""
    rows = database.rows(
        "SELECT mailing.name FROM shipment JOIN mailing ON mailing.id = shipment.mailing_id "  # noqa: S608  (conditions of our own)
        f"WHERE {scope.counted()} GROUP BY mailing.id, mailing.name ORDER BY max(sent_at) DESC, mailing.id DESC LIMIT ?",
        (LAST,),
    )
    return tuple(row[0] for row in rows)


def _environment() -> Environment:
    loader = PackageLoader("linktrack.reports", "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
