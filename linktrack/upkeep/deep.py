"""What only a look at all rows tells: rows that lack what they refer to, figures that are not those of the clicks.

Everything here only reads, and says the same on both databases.
"""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from linktrack.actions.ledger.made_anew import count_changes, lost_decisions, tallies, undecided
from linktrack.actions.ledger.retry_order import lost_retries
from linktrack.actions.selecting import COUNTS
from linktrack.clicks.click import Click
from linktrack.clicks.judging.stored_clicks import CLICK_COLUMNS
from linktrack.clicks.rollups.counts import TABLES, rebuild
from linktrack.clicks.storing import ClickStore
from linktrack.store.clickers import clickers_by_placement
from linktrack.store.dialects import SQLITE
from linktrack.store.differing import differing
from linktrack.store.purged import NEVER, horizon
from linktrack.store.session import Database
from linktrack.upkeep.soundness import tables_of_today

if TYPE_CHECKING:
    from sqlalchemy import Table

COUNTED = "counted_"  # before the name of a table that was counted anew


class Fault(NamedTuple):
    """Rows of a table that are wrong: so many, and what it is about them; `mended`: a repair makes them anew."""

    table: str
    rows: int
    what: str
    mended: bool

    def sentence(self) -> str:
        return f"{self.table}: {self.rows:,} {self.what}"


# Columns that name a row of another table, where the database itself does not hold them together; 0 names none (and
# the recipient 0 is nobody: see links.tokens).
_REFERENCES = (
    *(("click", column, f"{column.removesuffix('_id')}.id")
      for column in ("link_id", "placement_id", "shipment_id", "recipient_id", "agent_id", "network_id", "reading_id",
                     "ruling_id")),
    *((clicker, column, f"{column.removesuffix('_id')}.id") for clicker in ("clicker", "recent_clicker")
      for column in ("link_id", "placement_id", "shipment_id", "recipient_id")),
    ("shipment_ruling", "ruling_id", "ruling.id"),
    ("shipment_recipient", "recipient_id", "recipient.id"),
    ("left_type", "recipient_id", "recipient.id"),
    ("said_consent", "recipient_id", "recipient.id"),
    *(("change", column, f"{column.removesuffix('_id')}.id") for column in ("link_id", "shipment_id", "recipient_id")),
    *(("made", column, f"{column.removesuffix('_id')}.id") for column in ("link_id", "shipment_id", "recipient_id")),
    ("change", "retried_by", "run.id"),
    ("failure", "link_id", "link.id"),
    ("return_address", "link_id", "link.id"),
)  # fmt: skip

# Of what is counted by hours the whole ones since clicks were purged are those of the clicks that are left, but not
# whose first clicks lie in them; what was sent does not come of clicks.
_SINCE_A_PURGE = {
    "link_hour": (("link_id", "shipment_id", "hour", "human", "machine", "test"), "hour >= {purged}"),
    "shipment_hour": (("shipment_id", "hour", "human", "machine", "test"), "hour >= {purged}"),
    "shipment_domain": (("shipment_id", "domain", "sent", "uncounted"), "sent <> 0"),
}
# Figures as they are kept, and as those of people give them, of which no purge takes anything.
_OF_PEOPLE = (
    (
        "shipment_tally",
        "SELECT shipment_id, human, clickers, first_click, last_click FROM shipment_tally WHERE human <> 0",
        "SELECT shipment_id, sum(human), count(DISTINCT CASE WHEN recipient_id <> 0 THEN recipient_id END), "
        "min(first_click), max(last_click) FROM {clickers} AS clicker WHERE human > 0 GROUP BY shipment_id",
    ),
    (
        "link_tally",
        "SELECT link_id, shipment_id, human, clickers, first_click, last_click FROM link_tally WHERE human <> 0",
        "SELECT link_id, shipment_id, sum(human), count(DISTINCT CASE WHEN recipient_id <> 0 THEN recipient_id END), "
        "min(first_click), max(last_click) FROM {clickers} AS clicker WHERE human > 0 GROUP BY link_id, shipment_id",
    ),
    (
        "placement_tally",
        "SELECT placement_id, shipment_id, human, clickers FROM placement_tally WHERE human <> 0",
        "SELECT placement_id, shipment_id, sum(human), count(CASE WHEN recipient_id <> 0 THEN 1 END) "
        "FROM {clickers} AS clicker WHERE human > 0 GROUP BY placement_id, shipment_id",
    ),
)
_OF_SHIPMENTS = (
    "shipment",
    "SELECT id, recipients, uncounted FROM shipment WHERE recipients <> 0",
    "SELECT shipment_id, count(*), sum(CASE WHEN uncounted THEN 1 ELSE 0 END) FROM shipment_recipient "
    "GROUP BY shipment_id",
)
_SENT_TO = ("shipment", "shipment_domain")  # what no purge takes anything of: to whom was sent
_AT_ONCE = 50_000  # clicks


def missing_rows(database: Database) -> Iterator[Fault]:
    """Rows that name another one that is not there."""
    for table, column, other in _REFERENCES:
        there, key = other.split(".")
        named = f"SELECT DISTINCT {column} FROM {table} WHERE {column} <> 0"
        lost = f"{named} AND {column} NOT IN (SELECT {key} FROM {there})"
        count = int(database.value(f"SELECT count(*) FROM ({lost}) lost"))
        if count:
            mended = there == "ruling" and table == "click" and max(horizon(database)) == NEVER
            yield Fault(table, count, f"{there} rows that it names ({column}) are not there", mended)


def wrong_figures(database: Database) -> list[Fault]:
    """Figures other than counting anew gives (see `count_aside`). Where clicks were purged, only the figures of people,
    of the hours since then, and of what was sent are compared."""
    with database.pretending():
        count_aside(database)
        purged = horizon(database).clicks
        clickers = clickers_by_placement(database)
        compared = [_OF_SHIPMENTS, *((table, *_kept_and_counted(table, clickers, purged)) for table in TABLES)]
        if purged != NEVER:
            compared += ((table, kept, counted.format(clickers=clickers)) for table, kept, counted in _OF_PEOPLE)
        faults = [
            Fault(table, wrong, "figures are not those of the clicks", mended=purged == NEVER or table in _SENT_TO)
            for table, kept, counted in compared
            if kept and (wrong := differing(database, kept, counted))
        ]
        lost = undecided(database) + sum(1 for _ in lost_decisions(database))
        if wrong := differing(database, *tallies(database, f"{COUNTED}action_tally")):
            said, whole = "figures are not those of the ledger", not lost_retries(database)
            faults.append(Fault("action_tally", wrong, said, mended=whole))
        if lost:
            said = "decisions are kept otherwise than clicks have made them: earlier ones may overrule later ones"
            faults.append(Fault("settled", lost, said, mended=True))
        return faults


def count_aside(database: Database) -> None:
    """Count everything anew by the code that keeps it up to date. It writes into temporary tables, which hide those of
    the same name meanwhile; afterwards they are called `COUNTED` and that name. Part of a transaction of which nothing
    is kept."""
    for name in (*TABLES, "action_tally"):
        database.execute(made_aside(database, name))
    rebuild(database, ClickStore.of(database).facts, ruled_clicks(database))
    count_changes(database)
    for name in (*TABLES, "action_tally"):
        step_aside(database, name)


def step_aside(database: Database, name: str) -> None:
    """Rename a temporary table: `COUNTED` and its name, so that it hides the real one no more."""
    of = "temp." if database.dialect == SQLITE else "pg_temp."
    database.execute(f"ALTER TABLE {of}{name} RENAME TO {COUNTED}{name}")


def drop_aside(database: Database, name: str) -> None:
    """Take away a table that has stepped aside."""
    database.execute(f"DROP TABLE {COUNTED}{name}")


def made_aside(database: Database, name: str) -> str:
    """The statement that makes an empty temporary table, which hides the one of the same name."""
    if database.dialect != SQLITE:  # which keeps computed columns its own way
        return f"CREATE TEMPORARY TABLE {name} (LIKE {name} INCLUDING ALL)"
    from sqlalchemy.schema import CreateTable

    made = str(CreateTable(_table(name)).compile(dialect=database.engine().dialect))
    return made.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1)


def _table(name: str) -> Table:
    return next(table for table in tables_of_today() if table.name == name)


def _kept_and_counted(name: str, clickers: str, purged: int) -> tuple[str, str]:
    """Queries for the rows of a table as it is kept, and as it is counted; "" where counting tells nothing of it. Rows
    of nothing but zeros are as good as none. `clickers` are those that are kept; counted anew, none is a recent one."""
    table = _table(name)
    columns = [column.name for column in table.columns]
    counts = [column.name for column in table.columns if not column.primary_key and not column.nullable]
    which = " OR ".join(f"{count} <> 0" for count in counts)
    if name == "recent_clicker":
        return "", ""
    if purged != NEVER:
        if name not in _SINCE_A_PURGE:
            return "", ""
        some, which = _SINCE_A_PURGE[name]
        columns, which = list(some), which.format(purged=purged)
    rows = f"SELECT {', '.join(columns)} FROM {{}} AS {name} WHERE {which}"
    return rows.format(clickers if name == "clicker" else name), rows.format(f"{COUNTED}{name}")


def ruled_clicks(database: Database) -> Iterator[tuple[Click, int]]:
    """All clicks with their rulings, where these are there, in the order of their key, a page at a time."""
    after = (-(2**62), -(2**63), -1)
    while rows := database.rows(
        f"SELECT {CLICK_COLUMNS}, ruling_id FROM click WHERE (clicked_at, print, recipient_id) > (?, ?, ?) "
        f"ORDER BY clicked_at, print, recipient_id LIMIT {_AT_ONCE}",
        after,
    ):
        last = Click._make(rows[-1][:-1])
        known = {row[0] for row in database.rows("SELECT id FROM ruling")}
        yield from ((Click._make(row[:-1]), row[-1]) for row in rows if row[-1] in known)
        after = (last.clicked_at, last.print, last.recipient_id)


def lost_open_clicks(database: Database) -> int:
    """People's clicks that no run of the actions has passed, where none will look for them."""
    return int(
        database.value(
            f"SELECT count(*) FROM click c WHERE c.passed = 0 AND {COUNTS} "
            "AND NOT EXISTS (SELECT 1 FROM open_time o WHERE c.clicked_at BETWEEN o.first_at AND o.last_at)"
        )
    )
