"""How the charts of the page write values, and what a drawn chart consists of."""

from __future__ import annotations

from typing import NamedTuple

from linktrack.reports.charts import (
    ChartTexts,
)
from linktrack.reports.page_tables import PageTable
from linktrack.reports.shown_figures import Writer


class Drawing(NamedTuple):
    """A chart, the sentence that says what is seen in it, and the names of its legend."""

    svg: str
    found: str
    legend: tuple[str, ...] = ()


class Draughtsman(NamedTuple):
    """What charts are drawn with: how values are written, and what is put before the ids of a section."""

    writer: Writer
    section: str

    def texts(self, table: PageTable, found: str, **values: object) -> ChartTexts:
        title = self.writer.text(f"{table.subject}_chart", **values)
        return ChartTexts(f"{self.section}-{table.subject}", title, found)

    def both(self, people: int, machines: int) -> str:
        """Counts at the end of a bar: those of machines behind a plus, where there are some."""
        counts = self.writer.count(people)
        return f"{counts} + {self.writer.count(machines)}" if machines else counts
