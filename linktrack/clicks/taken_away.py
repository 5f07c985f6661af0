"""Who has left a type of mailing by clicking a link with an action that takes away the interest named like the type.

A run makes that known to the CRM; an import notes it before, so that nobody who has clicked such a link gets another
mailing of the type because no run has been made yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from linktrack.click_marks import POST
from linktrack.contacts.left import leave, mailing_types
from linktrack.contacts.types import same_type
from linktrack.errors import LinktrackError
from linktrack.links.placeholders import fill_placeholders, placeholders_in
from linktrack.links.tokens import NOBODY
from linktrack.store.clickers import clickers_by_placement
from linktrack.store.conditions import counted_shipment, since_reset
from linktrack.store.session import Database

if TYPE_CHECKING:
    from linktrack.links.stored_actions import ActionRow

_TYPE = "mailing.type"  # the one placeholder that says a type of mailing

# People's last clicks on a link, in shipments that count, that a run would act on: open ones since the last reset, and
# the button pressed where there is one. What is known to be so from the same click or a later one is left as it is.
_LEAVERS = (
    "SELECT k.recipient_id, max(k.last_click) FROM {clickers} k "  # noqa: S608  (of our own)
    "JOIN shipment s ON s.id = k.shipment_id JOIN mailing m ON m.id = s.mailing_id "
    "JOIN link l ON l.id = k.link_id JOIN recipient r ON r.id = k.recipient_id "
    "WHERE k.shipment_id IN (SELECT shipment_id FROM link_tally WHERE link_id = ?) AND k.link_id = ? AND k.human > 0 "
    f"AND k.recipient_id <> {NOBODY} AND r.forgotten_at IS NULL "
    f"AND {counted_shipment('s')} AND (? = '' OR m.type = ?) "
    "AND EXISTS (SELECT 1 FROM click c WHERE c.clicked_at IN (k.first_click, k.last_click) "
    "AND c.recipient_id = k.recipient_id AND c.link_id = k.link_id AND c.passed = 0 "
    f"AND {since_reset('c', 'l')} "
    f"AND ((NOT l.confirm AND l.kind <> 'special') OR (c.flags & {POST}) <> 0)) "
    "AND NOT EXISTS (SELECT 1 FROM left_type AS known "
    "WHERE known.recipient_id = k.recipient_id AND known.type = ? AND known.left_at >= k.last_click) "
    "GROUP BY k.recipient_id"
)


class _TakingLink(NamedTuple):
    """A link whose action takes a type away; in the mails of that type alone, where the name says which type."""

    link_id: int
    type: str
    own_mails: bool


def note_taken_away(database: Database) -> None:
    """Note who has left types by such links, as the clicks are judged now. Part of a transaction."""
    for taking in list(_takings(database)):
        only = taking.type if taking.own_mails else ""
        parameters = (taking.link_id, taking.link_id, only, only, same_type(taking.type))
        leavers = _LEAVERS.replace("{clickers}", clickers_by_placement(database))
        for recipient_id, at in database.rows(leavers, parameters):
            leave(database, recipient_id, taking.type, "action", at)


def _takings(database: Database) -> Iterator[_TakingLink]:
    if database.value("SELECT 1 FROM action WHERE type = 'interest' LIMIT 1") is None:
        return  # the models of all actions are a tenth of what an import starts with
    from linktrack.links.stored_actions import read_actions

    types = mailing_types(database)
    for link_id, rows in read_actions(database).items():
        for name in (name for row in rows for name in _taken_by(row)):
            places = set(placeholders_in(name))
            if places - {_TYPE}:  # what else it stands for, a run knows
                continue
            for type in types:
                if same_type(fill_placeholders(name, partial(_itself, type))) == same_type(type):
                    yield _TakingLink(link_id, type, own_mails=bool(places))


def _taken_by(row: ActionRow) -> tuple[str, ...]:
    """The interests that an action takes away from the person."""
    from linktrack.links.actions import InterestAction, parse_action

    try:
        action = parse_action(row.table)
    except LinktrackError:  # what cannot be understood any more a run says
        return ()
    return tuple(action.remove) if isinstance(action, InterestAction) and action.on != "company" else ()


def _itself(value: str, _: str) -> str:
    return value
