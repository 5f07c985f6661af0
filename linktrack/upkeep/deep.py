"""What only a look at all rows tells: rows that lack what they refer to, figures that are not those of the clicks.

Everything here only reads, and says the same on both databases.
"""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from linktrack.store.purged import NEVER, horizon
from linktrack.store.session import Database


class Fault(NamedTuple):
    """Rows of a table that are wrong: so many, and what it is about them."""

    table: str
    rows: int
    what: str


# Columns that name a row of another table, where the database itself does not hold them together; 0 names none (and
# the recipient 0 is nobody: see links.tokens).
_REFERENCES = (
    *(("click", column, f"{column.removesuffix('_id')}.id")
      for column in ("link_id", "placement_id", "shipment_id", "recipient_id", "agent_id", "network_id", "reading_id",
                     "ruling_id")),
    *(("clicker", column, f"{column.removesuffix('_id')}.id")
      for column in ("link_id", "placement_id", "shipment_id", "recipient_id")),
    ("shipment_recipient", "recipient_id", "recipient.id"),
    ("left_type", "recipient_id", "recipient.id"),
    ("said_consent", "recipient_id", "recipient.id"),
    *(("change", column, f"{column.removesuffix('_id')}.id") for column in ("link_id", "shipment_id", "recipient_id")),
    *(("made", column, f"{column.removesuffix('_id')}.id") for column in ("link_id", "shipment_id", "recipient_id")),
    ("failure", "link_id", "link.id"),
    ("return_address", "link_id", "link.id"),
)  # fmt: skip

_VERDICTS = ("human", "prefetch", "scanner", "test")
_BY_VERDICT = ", ".join(f"sum(CASE WHEN g.verdict = '{name}' THEN 1 ELSE 0 END)" for name in _VERDICTS)
_HUMAN = "sum(CASE WHEN g.verdict = 'human' THEN 1 ELSE 0 END)"
_MACHINE = "sum(CASE WHEN g.verdict IN ('prefetch', 'scanner') THEN 1 ELSE 0 END)"
_TEST = "sum(CASE WHEN g.verdict = 'test' THEN 1 ELSE 0 END)"
_OF_CLICKS = "FROM click c JOIN ruling g ON g.id = c.ruling_id"
# A figure as it is kept, and as it is counted; rows of nothing but zeros are as good as none. Those of clicks
# can only be counted while there are all.
_OF_ALL_CLICKS = (
    (
        "shipment_ruling",
        "SELECT shipment_id, ruling_id, clicks FROM shipment_ruling WHERE clicks <> 0",
        "SELECT shipment_id, ruling_id, count(*) FROM click GROUP BY shipment_id, ruling_id",
    ),
    (
        "link_tally",
        "SELECT link_id, shipment_id, human, prefetch, scanner, test FROM link_tally "
        "WHERE human + prefetch + scanner + test <> 0",
        f"SELECT c.link_id, c.shipment_id, {_BY_VERDICT} {_OF_CLICKS} GROUP BY c.link_id, c.shipment_id",
    ),
    (
        "shipment_tally",
        "SELECT shipment_id, human, prefetch, scanner, test FROM shipment_tally "
        "WHERE human + prefetch + scanner + test <> 0",
        f"SELECT c.shipment_id, {_BY_VERDICT} {_OF_CLICKS} GROUP BY c.shipment_id",
    ),
    (
        "placement_tally",
        "SELECT placement_id, shipment_id, human, machine, test FROM placement_tally WHERE human + machine + test <> 0",
        f"SELECT c.placement_id, c.shipment_id, {_HUMAN}, {_MACHINE}, {_TEST} {_OF_CLICKS} "
        "GROUP BY c.placement_id, c.shipment_id",
    ),
    (
        "link_hour",
        "SELECT link_id, shipment_id, sum(human), sum(machine), sum(test) FROM link_hour GROUP BY link_id, shipment_id "
        "HAVING sum(human + machine + test) <> 0",
        f"SELECT c.link_id, c.shipment_id, {_HUMAN}, {_MACHINE}, {_TEST} {_OF_CLICKS} "
        "GROUP BY c.link_id, c.shipment_id",
    ),
    (
        "shipment_hour",
        "SELECT shipment_id, sum(human), sum(machine), sum(test) FROM shipment_hour GROUP BY shipment_id "
        "HAVING sum(human + machine + test) <> 0",
        f"SELECT c.shipment_id, {_HUMAN}, {_MACHINE}, {_TEST} {_OF_CLICKS} GROUP BY c.shipment_id",
    ),
)
_OF_PEOPLE = (
    (
        "shipment_tally",
        "SELECT shipment_id, clickers FROM shipment_tally WHERE clickers <> 0",
        "SELECT shipment_id, count(DISTINCT recipient_id) FROM clicker WHERE human > 0 AND recipient_id <> 0 "
        "GROUP BY shipment_id",
    ),
    (
        "link_tally",
        "SELECT link_id, shipment_id, clickers FROM link_tally WHERE clickers <> 0",
        "SELECT link_id, shipment_id, count(DISTINCT recipient_id) FROM clicker WHERE human > 0 "
        "AND recipient_id <> 0 GROUP BY link_id, shipment_id",
    ),
    (
        "shipment_domain",
        "SELECT shipment_id, sum(sent), sum(uncounted) FROM shipment_domain GROUP BY shipment_id HAVING sum(sent) <> 0",
        "SELECT shipment_id, count(*), sum(CASE WHEN uncounted THEN 1 ELSE 0 END) FROM shipment_recipient "
        "GROUP BY shipment_id",
    ),
    (
        "shipment",
        "SELECT id, recipients, uncounted FROM shipment WHERE recipients <> 0",
        "SELECT shipment_id, count(*), sum(CASE WHEN uncounted THEN 1 ELSE 0 END) FROM shipment_recipient "
        "GROUP BY shipment_id",
    ),
)


def missing_rows(database: Database) -> Iterator[Fault]:
    """Rows that name another one that is not there."""
    for table, column, other in _REFERENCES:
        there, key = other.split(".")
        named = f"SELECT DISTINCT {column} FROM {table} WHERE {column} <> 0"
        lost = f"{named} AND {column} NOT IN (SELECT {key} FROM {there})"
        count = int(database.value(f"SELECT count(*) FROM ({lost}) lost"))
        if count:
            yield Fault(table, count, f"{there} rows that it names ({column}) are not there")


def wrong_figures(database: Database) -> Iterator[Fault]:
    """Figures that are not what the clicks give; where some were purged, those of people and of the hours since."""
    with database.reading():
        purged = horizon(database).clicks
        figures = (*(_OF_ALL_CLICKS if purged == NEVER else _of_hours_since(database, purged)), *_OF_PEOPLE)
        for table, kept, counted in figures:
            wrong = 0
            for one, other in ((kept, counted), (counted, kept)):
                unlike = f"SELECT * FROM ({one}) a EXCEPT SELECT * FROM ({other}) b"
                wrong += int(database.value(f"SELECT count(*) FROM ({unlike}) unlike"))
            if wrong:
                yield Fault(table, wrong, "figures are not those of the clicks")


def _of_hours_since(database: Database, moment: int) -> Iterator[tuple[str, str, str]]:
    """The figures of whole hours from a moment on, as they are kept and as they are counted."""
    first = database.value("SELECT min(hour) FROM shipment_hour WHERE hour >= ?", (moment,))
    if first is None:
        return
    since = int(first)
    for table, of_link in (("link_hour", "link_id, "), ("shipment_hour", "")):
        key = f"{of_link}shipment_id"
        yield (
            table,
            f"SELECT {key}, sum(human), sum(machine), sum(test) FROM {table} WHERE hour >= {since} GROUP BY {key} "
            "HAVING sum(human + machine + test) <> 0",
            f"SELECT {key}, {_HUMAN}, {_MACHINE}, {_TEST} {_OF_CLICKS} WHERE c.clicked_at >= {since} GROUP BY {key}",
        )


def lost_open_clicks(database: Database) -> int:
    """People's clicks that no run of the actions has passed, where none will look for them."""
    return int(
        database.value(
            "SELECT count(*) FROM click c JOIN ruling g ON g.id = c.ruling_id WHERE g.verdict = 'human' "
            "AND c.passed = 0 AND c.recipient_id <> 0 "
            "AND NOT EXISTS (SELECT 1 FROM open_time o WHERE c.clicked_at BETWEEN o.first_at AND o.last_at) "
            "AND c.shipment_id IN (SELECT id FROM shipment WHERE NOT is_test AND finished_at IS NOT NULL "
            "AND cancelled_at IS NULL) "
            "AND c.clicked_at > (SELECT coalesce(reset_at, -1) FROM link WHERE link.id = c.link_id) "
            "AND c.recipient_id NOT IN (SELECT id FROM recipient WHERE forgotten_at IS NOT NULL)"
        )
    )
