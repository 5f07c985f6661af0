"""Who clicked, by shipment and first click, as a stream that begins at once, however long it is."""

# ruff: noqa: S608 -- what is put into the SQL are conditions and numbers of our own; values are bound

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from linktrack.email_addresses import domain_of
from linktrack.moments import HOUR
from linktrack.reports.figures import Period, Scope
from linktrack.store.clickers import all_clickers
from linktrack.store.conditions import since_reset
from linktrack.store.lookups import clickers_at, known_domain
from linktrack.store.many import at_once, marks
from linktrack.store.purged import horizon
from linktrack.store.session import Database, Row

_LONG = 20_000  # clickers of a shipment, from which on the beginning is looked up before all are sorted
_FIRST = 2_000  # clicks that it is looked for among
_SIGN = re.compile("[^0-9a-z-]")  # of a domain, that means something else in a pattern, or may be written otherwise
_HUMAN = "ruling_id IN (SELECT id FROM ruling WHERE verdict = 'human')"


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


class _Clicked(NamedTuple):
    """When a recipient has clicked first and last, and how often; None where those of a period were purged."""

    recipient: int
    first: int
    last: int | None
    clicks: int | None


class _Beginning(NamedTuple):
    """All clickers whose first click lies before a moment are among these recipients."""

    until: int
    among: Collection[int]


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
        SELECT shipment.id, mailing.name, tally.clickers FROM {table} AS tally
        JOIN shipment ON shipment.id = tally.shipment_id JOIN mailing ON mailing.id = shipment.mailing_id
        WHERE {scope.counted()}{of_tally} AND tally.clickers > 0 ORDER BY shipment.id
        """
    )
    for shipment, mailing, count in shipments:
        there = _InShipment(database, shipment, scope.period, link, of_clicker)
        for some in at_once(there.by_first_click(count, domain)):
            names = _names(database, shipment, some, domain)
            for one in there.in_period([one for one in some if one.recipient in names]):
                yield Clicker(*names[one.recipient], mailing, shipment, one.first, one.last, one.clicks)


class _InShipment:
    """The clickers of a shipment, of all of it or of a link or placement there, whose first click lies in a period."""

    def __init__(self, database: Database, shipment: int, period: Period, link: int | None, of_clicker: str) -> None:
        self._database, self._shipment, self._period, self._link = database, shipment, period, link
        self._of_clicker = of_clicker
        self._counts: dict[int, tuple[int, int]] | None = None

    def by_first_click(self, count: int, domain: str | None) -> Iterator[_Clicked]:
        """All of them in order, those of a domain at least; there are `count`, or more. To sort a long list takes
        seconds, so its beginning is looked up before, unless nobody in it may be of the domain."""
        theirs = count if domain is None else clickers_at(self._database, self._shipment, domain)
        if not theirs:
            return
        first: _Beginning | None = None
        among: tuple[str, Sequence[object]] = "", ()
        if count >= _LONG:
            if domain:
                among = self._got_it_at(domain)
            if theirs * _FIRST >= count:
                first = self._first_by_clicks() or self._first_by_clickers()
        if first is not None:
            these = f" AND recipient_id IN ({', '.join(map(str, first.among))})"
            yield from self._sorted((these, ()), f" < {first.until:d}")
        yield from self._sorted(among, "" if first is None else f" >= {first.until:d}")

    def _got_it_at(self, domain: str) -> tuple[str, Sequence[object]]:
        """The condition, with its values, that a recipient's address was at a domain, or looks as if; it is quicker to
        look at the addresses of all than to look up that of each who has clicked."""
        # What is ASCII in punycode has all of its letters in it (`xn--late-`), if something between its parts.
        others = self._database.folds_beyond_ascii("email", punycode=not domain.isascii())
        written = f"email {self._database.like} ? OR {others}"
        there = f"SELECT recipient_id FROM shipment_recipient WHERE shipment_id = ? AND ({written})"
        return f" AND recipient_id IN ({there})", [self._shipment, f"%@%{_SIGN.sub('%', domain)}%"]

    def _sorted(self, among: tuple[str, Sequence[object]], having: str) -> Iterator[_Clicked]:
        """Clickers for whom a condition holds, of whose first clicks something is true."""
        these, values = among
        first = "min(first_click)"
        rows = self._database.stream(
            f"""
            SELECT recipient_id, {first} AS first, max(last_click), sum(human)
            FROM {all_clickers(self._database)} AS clicker
            WHERE shipment_id = ? AND human > 0{self._of_clicker}{these} GROUP BY recipient_id
            HAVING 1 = 1{self._period.within(first)}{having and f" AND {first}{having}"} ORDER BY first, recipient_id
            """,
            (self._shipment, *values),
        )
        return (_Clicked(number, first, last, int(clicks)) for number, first, last, clicks in rows)

    def _first_by_clicks(self) -> _Beginning | None:
        """The beginning of the list by the clicks of its first hour, which lie in the order of time; None where they
        were purged, or do not tell."""
        hours, of_link = (
            ("shipment_hour", "") if self._link is None else ("link_hour", f" AND link_id = {self._link:d}")
        )
        hour = self._database.value(
            f"SELECT min(hour) FROM {hours} WHERE shipment_id = ?{of_link} AND clickers > 0"
            f"{self._period.within('hour')}",
            (self._shipment,),
        )
        if hour is None or hour < horizon(self._database).clicks:
            return None
        rows = self._database.rows(
            f"SELECT clicked_at, recipient_id FROM click WHERE clicked_at >= ? AND clicked_at < ? AND shipment_id = ?"
            f"{self._of_clicker} AND {_HUMAN} ORDER BY clicked_at LIMIT {_FIRST}",
            (hour, hour + HOUR, self._shipment),
        )
        return _beginning(rows)

    def _first_by_clickers(self) -> _Beginning | None:
        """The same by looking at every clicker."""
        rows = self._database.rows(
            f"SELECT first_click, recipient_id FROM {all_clickers(self._database)} AS clicker "
            f"WHERE shipment_id = ? AND human > 0{self._of_clicker}"
            f"{self._period.within('first_click')} ORDER BY first_click LIMIT {_FIRST}",
            (self._shipment,),
        )
        return _beginning(rows)

    def in_period(self, people: Sequence[_Clicked]) -> Sequence[_Clicked]:
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
                f"AND {since_reset('click', 'link')} AND {_HUMAN} GROUP BY recipient_id",
                (self._shipment,),
            )
            self._counts = {recipient: (last, int(clicks)) for recipient, last, clicks in rows}
        return self._counts


def _beginning(rows: Sequence[Row]) -> _Beginning | None:
    """What times of first clicks, and whose they may be, tell of the beginning of a list: all before the last of them.
    None where that is nobody."""
    among = {recipient for at, recipient in rows if at < rows[-1][0]}
    return _Beginning(rows[-1][0], among) if among else None


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
