"""How many different people are behind rows that have few clickers each: one who clicked in two of them is one."""

# ruff: noqa: S608 -- what is put into the SQL are conditions and names of our own; values are bound

from __future__ import annotations

from collections.abc import Sequence

from linktrack.links.tokens import NOBODY
from linktrack.reports.figures import Scope
from linktrack.reports.statistics import FEWEST_CLICKERS
from linktrack.reports.totals import TotalsRecord
from linktrack.store.many import at_once, marks
from linktrack.store.session import Database

# What names a row of a report with a rate, the first that it has: its column, and which figures it is about.
_NAMED_BY = (("key", "link.key"), ("shipment", "shipment.id"), ("mailing", "mailing.name"))


def people_behind(database: Database, scope: Scope, rows: Sequence[TotalsRecord], *, link: int | None = None) -> int:
    """The different people who are clickers of some rows of a scope, counted as far as it matters: enough are enough.

    The rows are of links, of shipments or of mailings; `link` is the number of the one that all of them are about.
    """
    if not rows:
        return 0
    key, column = next(one for one in _NAMED_BY if one[0] in rows[0])
    of_link = link is not None or key == "key"
    tally = f"{'link' if of_link else 'shipment'}_{'hour' if scope.period else 'tally'}"
    same = " AND clicker.link_id = tally.link_id" if of_link else ""
    named = " JOIN link ON link.id = tally.link_id" if of_link else ""
    only = "" if link is None else f" AND tally.link_id = {link:d}"
    people: set[int] = set()
    for some in at_once(row[key] for row in rows):
        # The first click of a person is the one that counts: in a shipment, or on a link in it.
        found = database.rows(
            f"""
            SELECT DISTINCT recipient_id FROM (
                SELECT clicker.recipient_id, min(clicker.first_click) AS first_click
                FROM (
                    SELECT DISTINCT tally.shipment_id{", tally.link_id" if of_link else ""} FROM {tally} AS tally
                    JOIN shipment ON shipment.id = tally.shipment_id
                    JOIN mailing ON mailing.id = shipment.mailing_id{named}
                    WHERE {scope.counted()} AND tally.clickers > 0{scope.period.within("hour")}
                    AND {column} IN ({marks(some)}){only}
                ) AS tally
                JOIN clicker ON clicker.shipment_id = tally.shipment_id{same}
                WHERE clicker.human > 0 AND clicker.recipient_id <> {NOBODY}
                GROUP BY clicker.shipment_id, clicker.recipient_id{", clicker.link_id" if of_link else ""}
            ) AS person WHERE 1 = 1{scope.period.within("first_click")} LIMIT ?
            """,
            (*some, FEWEST_CLICKERS + len(people)),
        )
        people.update(int(row[0]) for row in found)
        if len(people) >= FEWEST_CLICKERS:
            break
    return len(people)
