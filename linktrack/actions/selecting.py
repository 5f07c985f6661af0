"""Which clicks a run looks at: the open ones, those whose actions failed, those that an action came too late for.

They are put into the temporary table `open_click`, of which `FoundClicks` is the handle, and their people into
`open_person`. Only the stretches of time in which open clicks may lie are looked at, so a run with nothing to do costs
nothing, however many clicks there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import NamedTuple

from linktrack.actions.planned import BY_HAND, OPEN, REPLAYED, RETRIED
from linktrack.click_marks import POST
from linktrack.links.special_links import LEAVING_IDS
from linktrack.links.tokens import NOBODY
from linktrack.store.clickers import all_clickers
from linktrack.store.conditions import counted_shipment, since_reset
from linktrack.store.dialects import SQLITE
from linktrack.store.lookups import link_id, mailing_id
from linktrack.store.many import marks
from linktrack.store.open_times import open_times, replace_open_times
from linktrack.store.page_memory import much_in_memory
from linktrack.store.session import Database

_THE_END = 1 << 62  # after every moment that a log can have
_COLUMNS = (
    *("clicked_at", "print", "link_id", "shipment_id", "placement_id", "recipient_id", "contact_id", "pressed", "why"),
)
_OF_CLICK = "c.clicked_at, c.print, c.link_id, c.shipment_id, c.placement_id, c.recipient_id, r.contact_id, c.pressed"
_SUBSCRIPTIONS = "SELECT id FROM link WHERE kind = 'special' AND key = 'subscriptions'"
# Clicks that count: of known people, since the link was last reset, in finished shipments that are no tests, and
# not cancelled (but who unsubscribes from a cancelled one has unsubscribed).
COUNTS = (
    "c.ruling_id IN (SELECT id FROM ruling WHERE verdict = 'human') "  # noqa: S608  (of our own)
    f"AND (c.shipment_id IN (SELECT id FROM shipment WHERE {counted_shipment()}) "
    "OR (c.shipment_id IN (SELECT id FROM shipment WHERE NOT is_test AND finished_at IS NOT NULL) "
    f"AND c.link_id IN ({LEAVING_IDS}))) AND {since_reset('c')} "
    f"AND c.recipient_id <> {NOBODY} "
    "AND c.recipient_id NOT IN (SELECT id FROM recipient WHERE forgotten_at IS NOT NULL)"
)


def _acts(*, get_unsubscribes: bool) -> str:
    """The condition that a click runs actions: its link has some, and where a button must be pressed, it was; or a
    button of the subscriptions page was pressed, which says what it changes.

    Of who refused tracking only what they say of their subscriptions does.
    """
    pressed = "SELECT id FROM link WHERE confirm"
    if not get_unsubscribes:
        pressed += f" UNION {LEAVING_IDS}"
    pressed_it = f"(c.flags & {POST}) <> 0"
    return (
        f"(c.link_id IN (SELECT link_id FROM action) AND ({pressed_it} OR c.link_id NOT IN ({pressed})) "  # noqa: S608  (names of our own)
        f"OR c.pressed <> '' AND c.link_id IN ({_SUBSCRIPTIONS})) "
        f"AND (c.link_id IN ({LEAVING_IDS}) OR NOT EXISTS (SELECT 1 FROM shipment_recipient AS sent "
        "WHERE sent.shipment_id = c.shipment_id AND sent.recipient_id = c.recipient_id AND sent.uncounted))"
    )


@dataclass(frozen=True)
class FoundClicks:
    """The clicks that a run looks at: what was found stands in the table `open_click` of this database's session."""

    database: Database


def begin(database: Database) -> FoundClicks:
    """Make the empty table `open_click`."""
    database.execute("DROP TABLE IF EXISTS open_click")
    database.execute(
        "CREATE TEMP TABLE open_click (clicked_at BIGINT NOT NULL, print BIGINT NOT NULL, link_id INTEGER NOT NULL, "
        "shipment_id INTEGER NOT NULL, placement_id INTEGER NOT NULL, recipient_id BIGINT NOT NULL, "
        "contact_id TEXT NOT NULL, pressed TEXT NOT NULL, why INTEGER NOT NULL)"
    )
    return FoundClicks(database)


def find_open(clicks: FoundClicks, *, get_unsubscribes: bool) -> None:
    """Add the clicks that no run has passed and that run actions."""
    with much_in_memory(clicks.database, 20):  # the people of clicks stand anywhere in it
        for first, last in open_times(clicks.database):
            clicks.database.execute(
                f"INSERT INTO open_click ({', '.join(_COLUMNS)}) SELECT {_OF_CLICK}, {OPEN} "  # noqa: S608  (of our own)
                "FROM click c JOIN recipient r ON r.id = c.recipient_id "
                f"WHERE c.clicked_at BETWEEN ? AND ? AND c.passed = 0 AND {COUNTS} "
                f"AND {_acts(get_unsubscribes=get_unsubscribes)}",
                (first, last),
            )


class Waiting(NamedTuple):
    """Clicks that ask for something which no run has done: how many, and the time of the oldest."""

    clicks: int
    oldest: int | None


def waiting_for_a_run(database: Database, *, get_unsubscribes: bool, before: int = _THE_END) -> Waiting:
    """The open clicks that run actions, all of them or those before a moment (UTC milliseconds)."""
    find_open(begin(database), get_unsubscribes=get_unsubscribes)
    query = "SELECT count(*), min(clicked_at) FROM open_click WHERE clicked_at < ?"
    clicks, oldest = database.row(query, (before,)) or (0, None)
    database.execute("DROP TABLE open_click")
    return Waiting(int(clicks), oldest)


def came_since(clicks: FoundClicks, moment: int) -> set[str]:
    """The contacts with open clicks that were imported since a moment (UTC milliseconds)."""
    return {
        contact_id
        for (contact_id,) in clicks.database.rows(
            "SELECT DISTINCT o.contact_id FROM open_click o JOIN click c ON c.clicked_at = o.clicked_at "
            "AND c.print = o.print AND c.recipient_id = o.recipient_id LEFT JOIN reading r ON r.id = c.reading_id "
            "WHERE o.why = ? AND coalesce(r.read_at, ?) >= ?",
            (OPEN, moment, moment),
        )
    }


def find_failed(clicks: FoundClicks, statuses: Collection[str]) -> None:
    """Add the clicks whose actions failed and ended with one of `statuses`, as far as they still count."""
    clicks.database.execute(
        f"INSERT INTO open_click ({', '.join(_COLUMNS)}) SELECT DISTINCT {_OF_CLICK}, {RETRIED} "  # noqa: S608  (names of our own)
        "FROM failure f JOIN click c ON c.clicked_at = f.clicked_at AND c.print = f.click_print "
        "AND c.recipient_id = f.recipient_id JOIN recipient r ON r.id = c.recipient_id "
        f"WHERE f.status IN ({marks(statuses)}) AND c.passed = 1 AND {COUNTS}",
        tuple(statuses),
    )


def find_passed(clicks: FoundClicks, key: str, *, get_unsubscribes: bool) -> None:
    """Add the clicks on the link `key` that runs have passed, so that actions of today reach them. UnknownName."""
    database = clicks.database
    link = link_id(database, key)
    span = database.row(
        "SELECT min(first_click), max(last_click) FROM link_tally WHERE link_id = ? AND human > 0", (link,)
    )
    if span is None or span[0] is None:
        return
    database.execute(
        f"INSERT INTO open_click ({', '.join(_COLUMNS)}) SELECT {_OF_CLICK}, {REPLAYED} "  # noqa: S608  (of our own)
        "FROM click c JOIN recipient r ON r.id = c.recipient_id "
        f"WHERE c.clicked_at BETWEEN ? AND ? AND c.link_id = ? AND c.passed = 1 AND {COUNTS} "
        f"AND {_acts(get_unsubscribes=get_unsubscribes)}",
        (*span, link),
    )


def find_clickers(clicks: FoundClicks, key: str, mailing: str | None) -> None:
    """Add the last click of everybody who has clicked the link `key`, of one mailing if it is named.

    They come from the rollups, as in the report, so they are found when the clicks themselves have been purged; a
    click has the print 0 then. UnknownName for a link or mailing.
    """
    database = clicks.database
    link = link_id(database, key)
    of = None if mailing is None else mailing_id(database, mailing)
    only = "" if of is None else "AND s.mailing_id = ? "
    database.execute(
        f"INSERT INTO open_click ({', '.join(_COLUMNS)}) "  # noqa: S608  (of our own)
        "SELECT k.last_click, coalesce(min(c.print), 0), k.link_id, k.shipment_id, k.placement_id, k.recipient_id, "
        f"r.contact_id, '', {BY_HAND} "
        "FROM (SELECT k.shipment_id, k.recipient_id, k.placement_id, k.link_id, k.last_click, "
        "row_number() OVER (PARTITION BY k.recipient_id ORDER BY k.last_click DESC, k.shipment_id, "
        f"k.placement_id) AS place FROM {all_clickers(database)} k JOIN shipment s ON s.id = k.shipment_id "
        "WHERE k.shipment_id IN (SELECT shipment_id FROM link_tally WHERE link_id = ?) AND k.link_id = ? "
        f"AND k.human > 0 AND {counted_shipment('s')} {only}) k "
        "JOIN recipient r ON r.id = k.recipient_id "
        "LEFT JOIN click c ON c.clicked_at = k.last_click AND c.recipient_id = k.recipient_id "
        "AND c.placement_id = k.placement_id AND c.shipment_id = k.shipment_id "
        "WHERE k.place = 1 AND r.forgotten_at IS NULL "
        "GROUP BY k.last_click, k.link_id, k.shipment_id, k.placement_id, k.recipient_id, r.contact_id",
        (link, link) if of is None else (link, link, of),
    )


def gather_people(clicks: FoundClicks) -> None:
    """Put the people of the clicks that were found into the temporary table `open_person`, each once, and where they
    clicked into `open_place`: what else is known of these is looked for in many tables."""
    database = clicks.database
    number = "INTEGER" if database.dialect == SQLITE else "BIGINT"  # which to SQLite is the row's own
    database.execute("DROP TABLE IF EXISTS open_person")
    database.execute(f"CREATE TEMP TABLE open_person (recipient_id {number} PRIMARY KEY)")
    database.execute(
        "INSERT INTO open_person (recipient_id) SELECT DISTINCT recipient_id FROM open_click ORDER BY recipient_id"
    )
    database.execute("DROP TABLE IF EXISTS open_place")
    database.execute(
        "CREATE TEMP TABLE open_place AS SELECT DISTINCT link_id, shipment_id, placement_id FROM open_click"
    )


class PassedClick(NamedTuple):
    """A click that a run passes: its time (UTC milliseconds) and print, and whose it is."""

    clicked_at: int
    print: int
    contact_id: str


def find_passing(clicks: FoundClicks, unknown: Collection[str], *, get_unsubscribes: bool) -> Iterator[PassedClick]:
    """Put the clicks that the run passes into the temporary table `passing_click`: the open ones, but for those of
    contacts who are `unknown` to the export, and all others in their stretches of time that run nothing. Returns them,
    in the order of time."""
    database = clicks.database
    with database.aside():
        for name in ("unknown_contact", "passing_click"):
            database.execute(f"DROP TABLE IF EXISTS {name}")
        database.execute("CREATE TEMP TABLE unknown_contact (contact_id TEXT PRIMARY KEY)")
        database.insert("unknown_contact", ["contact_id"], [(contact_id,) for contact_id in unknown])
        database.execute(
            "CREATE TEMP TABLE passing_click (clicked_at BIGINT NOT NULL, print BIGINT NOT NULL, "
            "recipient_id BIGINT NOT NULL, contact_id TEXT NOT NULL, PRIMARY KEY (clicked_at, print, recipient_id))"
            + (" WITHOUT ROWID" if database.dialect == SQLITE else "")
        )
        columns = "clicked_at, print, recipient_id, contact_id"
        database.execute(
            f"INSERT INTO passing_click ({columns}) SELECT {columns} FROM open_click "  # noqa: S608  (of our own)
            "WHERE why = ? AND contact_id NOT IN (SELECT contact_id FROM unknown_contact)",
            (OPEN,),
        )
        for stretch in open_times(database):
            database.execute(
                f"INSERT INTO passing_click ({columns}) SELECT c.clicked_at, c.print, c.recipient_id, r.contact_id "  # noqa: S608  (names of our own)
                "FROM click c JOIN recipient r ON r.id = c.recipient_id WHERE c.clicked_at BETWEEN ? AND ? "
                f"AND c.passed = 0 AND NOT ({_acts(get_unsubscribes=get_unsubscribes)}) AND {COUNTS} "
                "ON CONFLICT DO NOTHING",  # of a link whose actions have been removed since the run began
                stretch,
            )
    rows = database.each("SELECT clicked_at, print, contact_id FROM passing_click ORDER BY clicked_at, print")
    return map(partial(tuple.__new__, PassedClick), rows)  # which is thrice as fast as `_make`


def looked_at(*, passes: bool) -> str:
    """A query for the numbers of those whose clicks a run looks at; where it passes clicks, of these too."""
    if not passes:
        return "SELECT recipient_id FROM open_person"
    return "SELECT recipient_id FROM open_person UNION SELECT recipient_id FROM passing_click"


def pass_clicks(clicks: FoundClicks) -> None:
    """Mark the clicks as passed that `find_passing` has put into `passing_click`, and note again what stays open. Part
    of the run's transaction.

    Clicks that have been imported since the run began stay open.
    """
    database = clicks.database
    database.execute(f"UPDATE click SET passed = 1 WHERE {_IN.format('passing_click')}")  # noqa: S608  (of our own)
    stretches = open_times(database)
    replace_open_times(database, [moment for stretch in stretches for moment in _still_open(database, stretch)])


_IN = "(clicked_at, print, recipient_id) IN (SELECT clicked_at, print, recipient_id FROM {})"
_AT_ONCE = 10_000


def pass_as_lost_runs(database: Database, passed: Iterator[PassedClick]) -> None:
    """Note the clicks that a run after the backup has passed. Those that are here are no longer open; the others will
    not be open when they are imported. Part of a transaction."""
    database.execute("DROP TABLE IF EXISTS lost_click")
    database.execute(
        "CREATE TEMP TABLE lost_click (clicked_at BIGINT NOT NULL, print BIGINT NOT NULL, contact_id TEXT NOT NULL)"
    )
    while rows := list(islice(passed, _AT_ONCE)):
        database.insert("lost_click", PassedClick._fields, rows)
    database.execute(
        "INSERT INTO passed_click (clicked_at, print, recipient_id) SELECT l.clicked_at, l.print, r.id "
        "FROM lost_click l JOIN recipient r ON r.contact_id = l.contact_id WHERE 1 = 1 ON CONFLICT DO NOTHING"
    )
    database.execute(f"UPDATE click SET passed = 1 WHERE {_IN.format('passed_click')}")  # noqa: S608  (of our own)


def _still_open(database: Database, stretch: Sequence[int]) -> list[tuple[int, int]]:
    return [
        (moment, moment)
        for (moment,) in database.rows(
            "SELECT DISTINCT c.clicked_at FROM click c "  # noqa: S608  (of our own)
            f"WHERE c.clicked_at BETWEEN ? AND ? AND c.passed = 0 AND {COUNTS}",
            stretch,
        )
    ]
