"""What people have said of types of mailings and of being tracked, as one workspace tells it to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from linktrack.contacts.consent import say_consent
from linktrack.contacts.left import come_back, leave
from linktrack.store.session import Database

Saying = Literal["unsubscribe", "page", "action", "back", "consent", "refusal"]


class Word(NamedTuple):
    """What a person has said, and when (UTC milliseconds): how they have left a type of mailing ("" for every type), or
    that they have come `back` to it; or, of no type, that they may be tracked (`consent`) or not (`refusal`)."""

    contact_id: str
    said: Saying
    type: str
    said_at: int


def words_of(database: Database, people: str, since: int) -> Iterator[Word]:
    """What counts of what some people have said, and all that anybody has since a moment (UTC milliseconds). `people`
    is a query that gives the numbers of recipients."""
    whom = f"(r.id IN ({people}) OR %s >= ?) AND r.contact_id IS NOT NULL"
    for row in database.each(
        "SELECT r.contact_id, t.how, t.type, t.left_at FROM left_type t JOIN recipient r ON r.id = t.recipient_id "  # noqa: S608  (of our own)
        f"WHERE {whom % 't.left_at'} ORDER BY t.left_at, r.id, t.type",
        (since,),
    ):
        yield Word(*row)
    at = "COALESCE(s.crm_said_at, s.said_at)"  # what the CRM has said since counts
    for contact_id, consent, said_at in database.each(
        f"SELECT r.contact_id, COALESCE(s.crm_consent, s.consent), {at} FROM said_consent s "  # noqa: S608  (of our own)
        f"JOIN recipient r ON r.id = s.recipient_id WHERE {whom % at} ORDER BY 3, r.id",
        (since,),
    ):
        yield Word(contact_id, "consent" if consent else "refusal", "", said_at)


def say_again(database: Database, recipient_id: int, said: Saying, type: str, at: int) -> None:
    """Note what a person has said at this time; the latest word counts. Part of a transaction."""
    match said:
        case "consent" | "refusal":
            say_consent(database, recipient_id, said == "consent", at)
        case "back":
            come_back(database, recipient_id, type, at)
        case "unsubscribe" | "page" | "action" as how:
            leave(database, recipient_id, type, how, at)
