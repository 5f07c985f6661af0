"""The page of reports: one file that is sent and opened anywhere, which runs nothing and asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from linktrack import __version__
from linktrack.mailings.catalogue import StoredMailing, find_mailing
from linktrack.reports.draughtsman import Draughtsman, Drawing
from linktrack.reports.figures import EVERYTHING, Scope, rules_that_judged, scope_of
from linktrack.reports.page_charts import draw
from linktrack.reports.page_map import ShownMap, map_of
from linktrack.reports.page_shown import ShownTable, shown_table, tiles
from linktrack.reports.page_tables import (
    PageTable,
    TableBasis,
    compare_table,
    engagement_table,
    mailing_tables,
    mailings_table,
)  # fmt: skip
from linktrack.reports.page_texts import TEXTS
from linktrack.reports.shown_figures import Writer
from linktrack.settings.tables import Language
from linktrack.store.session import Database
from linktrack.visible import visible

LAST = 5  # mailings that are compared, and of which it is counted how many a person clicked
# The mail in its frame is under this policy too, and has styles everywhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline';{pictures} base-uri 'none'; form-action 'none'"
_SECTIONS = ("reason", "map", "link", "places", "age", "weekhour", "domain", "device", "action", "shipment")
_LONG = ("age", "weekhour", "places")  # whose tables have a row for each hour or placement
_SEEN_AT_ONCE = 8  # rows


@dataclass(frozen=True)
class PageOptions:
    """What a person wants: which mailings (none named: all, and the latest in detail), in which language, and whether
    the mails' pictures are fetched when the page is opened."""

    mailings: tuple[str, ...] = ()
    language: Language = "en"
    images: bool = False


class PageOrigin(NamedTuple):
    """Where and when a page is made: the zone and its name, now (UTC milliseconds), the address of tracked links."""

    zone: tzinfo
    zone_name: str
    now: int
    tracking: str


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
        """Whether the table is seen at once."""
        return len(self.table.rows) <= _SEEN_AT_ONCE

    @property
    def is_long(self) -> bool:
        return self.subject in _LONG


class PagePart(NamedTuple):
    """The sections of one mailing, or (with "" as its title) those of the page as a whole."""

    title: str
    subject: str
    sections: tuple[PageSection, ...]


def make_page(database: Database, options: PageOptions, around: PageOrigin) -> str:
    """The HTML of a page. UnknownName for a mailing that there is not."""
    return _Maker(database, options, around).page()


class _Maker:
    """A page in the making: the database, what is wanted, and how values are written."""

    def __init__(self, database: Database, options: PageOptions, around: PageOrigin) -> None:
        self._database, self._options, self._around = database, options, around
        self._write = Writer(options.language, around.zone)
        texts = TEXTS[options.language]
        self._basis = TableBasis(database, around.zone, around.now, texts["total"], texts["more"])

    def page(self) -> str:
        names = tuple(dict.fromkeys(self._options.mailings))
        scope = scope_of(self._database, mailings=names)
        found = mailings_table(self._basis, names, scope)
        latest = latest_mailings(self._database, scope)
        detailed = [find_mailing(self._database, name) for name in names or latest[:1]]
        one = detailed[0] if len(found.whole) == len(detailed) == 1 else None
        parts = [self._part(mailing, f"m{number}", one is None) for number, mailing in enumerate(detailed, 1)]
        overview = PagePart("", "", tuple(self._overview(found, names or latest, is_one=one is not None)))
        return _environment().get_template("page.html").render(
            language=self._options.language,
            words=TEXTS[self._options.language],
            policy=_POLICY.format(pictures=" img-src https: http:;" if self._options.images else ""),
            kind=self._write.text("title"),
            title=self._title(names),
            subject="" if one is None else one.subject,
            made=self._write.text(
                "made", when=self._write.time(self._around.now), zone=self._around.zone_name, version=__version__
            ),
            tiles=tiles(found.total, rules_that_judged(self._database, scope), self._write),
            parts=[overview, *parts] if one is None else [*parts, overview],
        )  # fmt: skip

    def _title(self, names: Sequence[str]) -> str:
        return (
            names[0] if len(names) == 1 else self._write.text("several" if names else "all_mailings", count=len(names))
        )

    def _overview(self, found: PageTable, names: Sequence[str], *, is_one: bool) -> list[PageSection]:
        """The mailings beside each other, compared, and who clicks again: one by itself is not compared."""
        tables = [] if is_one else [found]
        if not is_one and len(names) > 1:
            tables.append(compare_table(self._basis, names))
        last = max(1, len(latest_mailings(self._database, EVERYTHING)))
        tables.append(engagement_table(self._basis, last))
        return [self._section("all", table, count=last) for table in tables]

    def _part(self, mailing: StoredMailing, id: str, titled: bool) -> PagePart:
        scope = Scope(mailing=mailing.id)
        tables = mailing_tables(self._basis, mailing.name, scope)
        sections = []
        for subject in _SECTIONS:
            section = self._section(id, tables[subject], zone=self._around.zone_name)
            if subject == "map":
                drawn = map_of(
                    self._database, mailing, scope, self._write, tracking=self._around.tracking,
                    images=self._options.images,
                )  # fmt: skip
                section = section._replace(map=drawn)
            if subject != "places" or section.drawing is not None:
                sections.append(section)
        return PagePart(mailing.name if titled else "", mailing.subject, tuple(sections))

    def _section(self, id: str, table: PageTable, **values: object) -> PageSection:
        write, subject = self._write, table.subject
        return PageSection(
            f"{id}-{subject}", subject, write.text(subject, **values), write.text(f"{subject}_about", **values),
            draw(Draughtsman(write, id), table), shown_table(table, write),
        )  # fmt: skip


def latest_mailings(database: Database, scope: Scope) -> tuple[str, ...]:
    """The names of the mailings that were sent last, at most `LAST`, the last one first."""
    rows = database.rows(
        "SELECT mailing.name FROM shipment JOIN mailing ON mailing.id = shipment.mailing_id "  # noqa: S608  (conditions of our own)
        f"WHERE {scope.counted()} GROUP BY mailing.id, mailing.name "
        "ORDER BY max(sent_at) DESC, mailing.id DESC LIMIT ?",
        (LAST,),
    )
    return tuple(name for (name,) in rows)


def _environment() -> Environment:
    loader = PackageLoader("linktrack.reports", "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=_shown,
    )  # fmt: skip


def _shown(value: object) -> object:
    """What the template writes of a value: no text of a stranger turns a line round. Markup has been made of such."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
