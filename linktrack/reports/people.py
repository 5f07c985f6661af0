"""Persons: who clicked, who did not, and all that is known of one. Lists come as streams, however long they are."""

# ruff: noqa: S608 -- what is put into the SQL are conditions and numbers of our own; values are bound

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from linktrack.actions.ledger.for_reports import PersonChange, changes_of
from linktrack.email_addresses import domain_of
from linktrack.reports.figures import Period, Scope
from linktrack.store.conditions import reached, since_reset
from linktrack.store.lookups import known_domain
from linktrack.store.many import at_once, marks
from linktrack.store.purged import horizon
from linktrack.store.session import Database


class Clicker(NamedTuple):
    """A recipient who clicked, in one shipment; without contact data once the contact is forgotten. In a period
    `last_click` and `clicks` are of those in it; None where that is not known any more."""

    contact_id: str
    email: str
    name: str
    mailing: str
    shipment: int
    first_click: int
    last_click: int | None
    clicks: int | None


class Nonclicker(NamedTuple):
    """A person who got a mailing and did not click."""

    contact_id: str
    email: str
    name: str


class HistoryEntry(NamedTuple):
    """Something that happened with a person: a mailing sent, a click, a change in the CRM. `at`: UTC milliseconds."""

    at: int
    what: str
    mailing: str
    shipment: int
    link: str
    verdict: str
    detail: str


class _Clicked(NamedTuple):
    """When a recipient has clicked first and last, and how often; None where those of a period were purged."""

    recipient: int
    first: int
    last: int | None
    clicks: int | None


def clickers(
    database: Database,
    scope: Scope,
    *,
    link: int | None = None,
    placement: int | None = None,
    domain: str | None = None,
) -> Iterator[Clicker]:
    """Who clicked a link, a placement (their numbers) or anything, by shipment and first click; no tests or machines.

    In a period: those whose first click lies in it, with their clicks in it. Of whoever clicked after its end too they
    are counted from the clicks themselves, and are None where some were purged. `domain` is that of the address at
    sending. UnknownName for a domain that nothing was sent to.
    """
    wanted = None if domain is None else known_domain(database, domain)
    return _clickers(database, scope, link, placement, wanted)


def _clickers(
    database: Database, scope: Scope, link: int | None, placement: int | None, domain: str | None
) -> Iterator[Clicker]:
    table, of_tally, of_clicker = "shipment_tally", "", ""
    if placement is not None:
        table, of_tally, of_clicker = "placement_tally", f" AND tally.placement_id = {placement:d}", ""
        of_clicker = f" AND placement_id = {placement:d}"
    if link is not None:
        of_clicker += f" AND link_id = {link:d}"
        if placement is None:
            table, of_tally = "link_tally", f" AND tally.link_id = {link:d}"
    shipments = database.rows(
        f"""
        SELECT shipment.id, mailing.name FROM {table} AS tally
        JOIN shipment ON shipment.id = tally.shipment_id JOIN mailing ON mailing.id = shipment.mailing_id
        WHERE {scope.counted()}{of_tally} AND tally.clickers > 0 ORDER BY shipment.id
        """
    )
    for shipment, mailing in shipments:
        in_period = _InPeriod(database, shipment, scope.period, of_clicker)
        found = database.stream(
            f"""
            SELECT recipient_id, min(first_click) AS first, max(last_click), sum(human) FROM clicker
            WHERE shipment_id = ? AND human > 0{of_clicker} GROUP BY recipient_id
            HAVING 1 = 1{scope.period.within("min(first_click)")} ORDER BY first, recipient_id
            """,
            (shipment,),
        )
        for some in at_once(_Clicked(number, first, last, int(clicks)) for number, first, last, clicks in found):
            names = _names(database, shipment, some, domain)
            for one in in_period.of([one for one in some if one.recipient in names]):
                yield Clicker(*names[one.recipient], mailing, shipment, one.first, one.last, one.clicks)


class _InPeriod:
    """How often clickers of a shipment clicked in a period, and when last: some at a time, so that the first row of a
    long list comes at once."""

    def __init__(self, database: Database, shipment: int, period: Period, of_clicker: str) -> None:
        self._database, self._shipment, self._period = database, shipment, period
        self._of_clicker = of_clicker
        self._counts: dict[int, tuple[int, int]] | None = None

    def of(self, people: Sequence[_Clicked]) -> Sequence[_Clicked]:
        """The same clickers, each with the clicks in the period alone."""
        end = self._period.until
        if end is None:
            return people
        gone = horizon(self._database).clicks
        found = []
        for one in people:
            last, clicks = one.last, one.clicks
            if last is not None and last >= end:
                last, clicks = (None, None) if one.first < gone else self._counted()[one.recipient]
            found.append(_Clicked(one.recipient, one.first, last, clicks))
        return found

    def _counted(self) -> dict[int, tuple[int, int]]:
        """When each clicker clicked last in the period, and how often, by the clicks themselves; read once."""
        if self._counts is None:
            rows = self._database.stream(
                "SELECT recipient_id, max(clicked_at), count(*) FROM click JOIN link ON link.id = click.link_id "
                f"WHERE shipment_id = ?{self._period.within('clicked_at')}{self._of_clicker} "
                f"AND {since_reset('click', 'link')} "
                "AND ruling_id IN (SELECT id FROM ruling WHERE verdict = 'human') GROUP BY recipient_id",
                (self._shipment,),
            )
            self._counts = {recipient: (last, int(clicks)) for recipient, last, clicks in rows}
        return self._counts


def _names(
    database: Database, shipment: int, people: Sequence[_Clicked], domain: str | None
) -> dict[int, tuple[str, str, str]]:
    """Contact id, address and name of recipients of a shipment; of those of a domain, if one is wanted."""
    recipients = [one.recipient for one in people]
    if domain is not None:
        at_sending = database.rows(
            "SELECT recipient_id, email FROM shipment_recipient "
            f"WHERE shipment_id = ? AND recipient_id IN ({marks(people)})",
            (shipment, *recipients),
        )
        recipients = [recipient for recipient, email in at_sending if domain_of(email) == domain]
    rows = database.rows(
        f"SELECT id, COALESCE(contact_id, ''), email, name FROM recipient WHERE id IN ({marks(recipients)})", recipients
    )
    return {number: (contact_id, email, name) for number, contact_id, email, name in rows}


def nonclickers(database: Database, scope: Scope) -> Iterator[Nonclicker]:
    """The persons who got the scope's mailing and clicked in none of its shipments; none who is forgotten, or who
    refused tracking in any of them: nobody knows what they did."""
    shipments = [
        int(number)
        for (number,) in database.rows(f"SELECT id FROM shipment WHERE {scope.counted()} ORDER BY sent_at, id")
    ]
    every = ", ".join(map(str, shipments))
    for number, shipment in enumerate(shipments):
        earlier = ", ".join(map(str, shipments[:number]))
        got_earlier = (
            f"AND NOT EXISTS (SELECT 1 FROM shipment_recipient AS earlier WHERE earlier.shipment_id IN ({earlier}) "
            "AND earlier.recipient_id = sent.recipient_id)"
        )
        for row in database.stream(
            f"""
            SELECT recipient.contact_id, recipient.email, recipient.name
            FROM shipment_recipient AS sent JOIN recipient ON recipient.id = sent.recipient_id
            WHERE sent.shipment_id = ? AND recipient.forgotten_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM clicker
                WHERE clicker.shipment_id IN ({every}) AND clicker.recipient_id = sent.recipient_id AND human > 0
            ) AND NOT EXISTS (
                SELECT 1 FROM shipment_recipient AS refused
                WHERE refused.shipment_id IN ({every}) AND refused.recipient_id = sent.recipient_id
                AND refused.uncounted
            ) {got_earlier if earlier else ""} ORDER BY sent.recipient_id
            """,
            (shipment,),
        ):
            yield Nonclicker(*row)


def history(database: Database, recipient: int, scope: Scope, *, tests: bool = False) -> list[HistoryEntry]:
    """What was sent to a recipient (by number), clicked in their name, by machines too, and changed by it, in order.

    A cancelled shipment is there and says so; tests only with `tests`. This reads the clicks themselves.
    """
    condition = scope.counted("1 = 1" if tests else "NOT shipment.is_test")
    shipments = {
        shipment: (mailing, sent_at, _state(test, reached, refused), email)
        for shipment, mailing, sent_at, test, reached, email, refused in database.rows(
            f"""
            SELECT shipment.id, mailing.name, shipment.sent_at, shipment.is_test,
                   CASE WHEN {reached()} THEN '' WHEN shipment.cancelled_at IS NULL THEN 'unfinished'
                   ELSE 'cancelled' END, sent.email, sent.uncounted
            FROM shipment_recipient AS sent JOIN shipment ON shipment.id = sent.shipment_id
            JOIN mailing ON mailing.id = shipment.mailing_id
            WHERE sent.recipient_id = ? AND {condition}
            """,
            (recipient,),
        )
    }
    found = [
        HistoryEntry(sent_at, "sent", mailing, shipment, "", "", ", ".join(filter(None, (email, state))))
        for shipment, (mailing, sent_at, state, email) in shipments.items()
    ]
    names = {shipment: mailing for shipment, (mailing, *_) in shipments.items()}
    found += _clicks(database, recipient, names)
    found += _changes(database, recipient, names)
    return sorted(found, key=lambda entry: (entry.at, _ORDER.index(entry.what)))


_ORDER = ("sent", "click", "change")


def _state(test: bool, unreached: str, refused: bool) -> str:
    state = unreached or ("test" if test else "")
    return ", ".join(filter(None, (state, "not tracked" if refused else "")))


def _clicks(database: Database, recipient: int, mailings: dict[int, str]) -> Iterator[HistoryEntry]:
    for at, shipment, link, verdict, reasons in database.rows(
        """
        SELECT click.clicked_at, click.shipment_id, link.key, ruling.verdict, ruling.reasons
        FROM click JOIN link ON link.id = click.link_id JOIN ruling ON ruling.id = click.ruling_id
        WHERE click.recipient_id = ? ORDER BY click.clicked_at, click.print
        """,
        (recipient,),
    ):
        if shipment in mailings:
            yield HistoryEntry(at, "click", mailings[shipment], shipment, link, verdict, reasons.replace(",", ", "))


def _changes(database: Database, recipient: int, mailings: dict[int, str]) -> Iterator[HistoryEntry]:
    for one in changes_of(database, recipient):
        if (mailing := mailings.get(one.shipment)) is not None:
            yield HistoryEntry(one.ran_at, "change", mailing, one.shipment, one.link, "", _change_said(one))


def _change_said(change: PersonChange) -> str:
    """A change in one line: `set-field city: Lund → Malmö`, and what came of it if that is not well."""
    old, new = change.old, change.new
    value = f"{old} -> {new}" if old and new else new or old
    said = f"{change.kind} {change.name}".strip() + f" {change.operation}" + (f": {value}" if value else "")
    why = f": {change.message}" if change.message else ""
    return said if change.status == "ok" else f"{said} ({change.status}{why})"
