"""Tables and tiles as the page writes them: every value beside its raw one."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import NamedTuple

from linktrack.reports.page_tables import PageTable
from linktrack.reports.page_texts import TEXTS, short_heading
from linktrack.reports.shown_figures import EMPTY, PageValue, Writer, is_rate
from linktrack.reports.totals import TotalsRecord

_DIGITS = 6
_NO_VALUE = PageValue(None, "–")
Note = tuple[PageValue | str, ...]  # a sentence with its figures


class ShownColumn(NamedTuple):
    """A column: its key, what it is called, and whether it holds numbers."""

    key: str
    heading: str
    numeric: bool


class ShownTable(NamedTuple):
    """A table as it is written; `places` are the keys of the placements that its rows are about, if they are."""

    command: str
    columns: tuple[ShownColumn, ...]
    rows: tuple[tuple[PageValue, ...], ...]
    sums: tuple[tuple[PageValue, ...], ...]
    places: tuple[str, ...] = ()


class Tile(NamedTuple):
    """A figure by itself, and what is said of it."""

    name: str
    label: str
    value: PageValue
    note: Note = ()


def shown_table(table: PageTable, write: Writer) -> ShownTable:
    """A table with its values as they are shown."""
    label, *others = table.columns
    rows = tuple(
        tuple(write.value(column, record[column]) for column in table.columns) for record in table.records
    )  # fmt: skip
    sums = tuple(
        # the first cell of a sum is a word, whatever the column holds
        (PageValue(None, record[label]), *(write.value(column, record[column]) for column in others))
        for record in table.sums
    )
    columns = tuple(
        ShownColumn(
            column,
            short_heading(column, write.language),
            is_rate(column) or any(row[place].numeric for row in (*rows, *sums)),
        )
        for place, column in enumerate(table.columns)
    )
    places = tuple(record["placement"] for record in table.records) if table.subject == "map" else ()
    return ShownTable(table.command, columns, rows, sums, places)


def tiles(total: TotalsRecord | None, rules: list[str], write: Writer) -> list[Tile]:
    """The figures of all that the page is about: `total` is that of its mailings (None: there is none)."""
    found: TotalsRecord = total or dict.fromkeys(
        ("sent", "uncounted", "clickers", "clicks", "machine_clicks", "shipments"), 0
    )
    rate = found.get("click_rate")
    every = found["clicks"] + found["machine_clicks"]
    share = round(found["machine_clicks"] / every, _DIGITS) if every else None
    judged = ", ".join(rules)
    return [
        _tile(write, found, "sent", found["sent"], "of_shipment" if found["shipments"] == 1 else "of_shipments"),
        _tile(write, found, "clickers", found["clickers"], "of_counted" if found["uncounted"] else "of_recipients"),
        _tile(write, found, "click_rate", rate, "no_rate" if rate is None else "interval"),
        _tile(write, found, "machine_share", share, "by_machines" if every else "no_clicks"),
        Tile("rules", write.text("tile_rules"), PageValue(judged, judged or write.text("none"))),
    ]


def _tile(write: Writer, figures: TotalsRecord, name: str, figure: float | None, note: str) -> Tile:
    value = write.value(name, figure)
    note_parts = tuple(_parts(TEXTS[write.language][note], figures, write))
    return Tile(name, write.text(f"tile_{name}"), _NO_VALUE if value is EMPTY else value, note_parts)


def _parts(sentence: str, figures: TotalsRecord, write: Writer) -> Iterator[PageValue | str]:
    """A sentence that names columns in braces, with their values in the place of the names."""
    for before, column, _, _ in Formatter().parse(sentence):
        yield before
        if column:
            yield write.value(column, figures[column])
