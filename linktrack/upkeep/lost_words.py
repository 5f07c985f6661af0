"""What people have said of mailings and of tracking by their clicks and the ledger, where the tables have no word of
them, or only an older one."""

from __future__ import annotations

from typing import NamedTuple

from linktrack.actions.ledger.made_anew import interests_taken
from linktrack.clicks.click import Click
from linktrack.clicks.departures import Departures
from linktrack.clicks.judging.stored_clicks import CLICK_COLUMNS
from linktrack.contacts.left import leave, types_since
from linktrack.contacts.types import same_type
from linktrack.contacts.words import Saying, say_again
from linktrack.links.special_links import LEAVING_IDS
from linktrack.store.session import Database
from linktrack.upkeep.deep import COUNTED, Fault, drop_aside, made_aside, step_aside

_TABLES = ("left_type", "said_consent")
_CLICKS = (
    f"SELECT {CLICK_COLUMNS}, pressed FROM click WHERE link_id IN ({LEAVING_IDS}) "  # noqa: S608  (of our own)
    "AND ruling_id IN (SELECT id FROM ruling WHERE verdict = 'human') ORDER BY clicked_at, print"
)
_LOST_TYPES = (
    f"SELECT recipient_id, type, how, left_at FROM {COUNTED}left_type told "  # noqa: S608  (of our own)
    "WHERE NOT EXISTS (SELECT 1 FROM left_type kept "
    "WHERE kept.recipient_id = told.recipient_id AND kept.type = told.type AND kept.left_at >= told.left_at)"
)
_LOST_CONSENT = (
    f"SELECT recipient_id, consent, said_at FROM {COUNTED}said_consent told "  # noqa: S608  (of our own)
    "WHERE NOT EXISTS (SELECT 1 FROM said_consent kept "
    "WHERE kept.recipient_id = told.recipient_id AND kept.said_at >= told.said_at)"
)


class LostType(NamedTuple):
    """That somebody has left a type of mailing, or come back to it (`how` is `back`), and that no row says so."""

    recipient_id: int
    type: str
    how: Saying
    left_at: int


class LostConsent(NamedTuple):
    """That somebody has said whether they may be tracked, and that no row says so."""

    recipient_id: int
    consent: bool
    said_at: int


class LostWords(NamedTuple):
    """All that nothing says any more."""

    types: list[LostType]
    consents: list[LostConsent]

    def __str__(self) -> str:
        """`who has left or come back to a type of mailing (2) and who may be tracked (1)`; "" for nothing."""
        what = {
            "who has left or come back to a type of mailing": len(self.types),
            "who may be tracked": len(self.consents),
        }
        return " and ".join(f"{one} ({count:,})" for one, count in what.items() if count)


def find_lost_words(database: Database, *, by_get: bool) -> LostWords:
    """Whose words are lost; `by_get`: a GET of the unsubscribe link is one."""
    with database.pretending():
        return _told(database, by_get)


def lost_words(database: Database, *, by_get: bool) -> list[Fault]:
    """Whose words are lost, as faults."""
    types, consents = find_lost_words(database, by_get=by_get)
    what = "are lost that clicks or the ledger tell: {} may be done to people who said otherwise"
    rows = (("left_type", len(types), "writing"), ("said_consent", len(consents), "tracking"))
    return [Fault(table, count, what.format(done), mended=True) for table, count, done in rows if count]


def keep_words(database: Database, *, by_get: bool) -> LostWords:
    """Note again what was lost, which is returned. Part of a transaction."""
    lost = _told(database, by_get)
    for table in _TABLES:
        drop_aside(database, table)
    for one in lost.types:
        say_again(database, one.recipient_id, one.how, one.type, one.left_at)
    for said in lost.consents:
        say_again(database, said.recipient_id, "consent" if said.consent else "refusal", "", said.said_at)
    return lost


def _told(database: Database, by_get: bool) -> LostWords:
    """What clicks and ledger tell and the tables lack. It is found by the code that notes such words, in temporary
    tables that hide the real ones meanwhile. Part of a transaction."""
    for table in _TABLES:
        database.execute(made_aside(database, table))
    departures = Departures(database, by_get)
    for row in database.rows(_CLICKS):
        click = Click._make(row[:-1])
        departures.note([click], {click[:2]: row[-1]})
    types = types_since(database)
    for one in interests_taken(database):
        first_at = types.get(same_type(one.name))
        if first_at is not None and first_at <= one.known_at:
            leave(database, one.recipient_id, one.name, "action", one.clicked_at)
    for table in _TABLES:
        step_aside(database, table)
    return LostWords(
        [LostType._make(row) for row in database.rows(_LOST_TYPES)],
        [LostConsent._make(row) for row in database.rows(_LOST_CONSENT)],
    )
