"""Clicks by which people leave a type of mailing, or come back to it, or say whether they may be tracked: unsubscribe
links and subscriptions pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from linktrack.click_marks import POST
from linktrack.clicks.click import Click, Clicks
from linktrack.contacts.consent import say_consent
from linktrack.contacts.left import How, come_back, leave
from linktrack.contacts.pressed import CONSENT, joins, pressed_in
from linktrack.links.special_links import LEAVING_IDS
from linktrack.links.tokens import NOBODY
from linktrack.store.forgotten import forgotten_times, may_be_back
from linktrack.store.session import Database


class Departures:
    """What people's clicks say about types of mailings; `by_get`: a GET of the unsubscribe link acts too.

    A POST says in its query which button was pressed: `off=TYPE` leaves a type, `off=*` every type, `on=TYPE` comes
    back to one, `consent=off` and `consent=on` say whether the person may be tracked. Any other POST, like the
    one-click of RFC 8058, leaves the mailing's type.
    """

    def __init__(self, database: Database, by_get: bool = False) -> None:
        self._database = database
        self._by_get = by_get
        self._links: dict[int, str] = dict(
            database.rows(f"SELECT id, key FROM link WHERE id IN ({LEAVING_IDS})")  # noqa: S608  (of our own)
        )
        self._forgotten = forgotten_times(database)  # of whom nothing is kept
        self._types: dict[int, str] = {}  # of mailings, by shipment

    def among(self, clicks: Clicks, opened: Sequence[bool]) -> Iterable[Click]:
        """Those of the `opened` ones that are on links by which people leave or come back: only these `note` needs."""
        if self._links.keys().isdisjoint(clicks.links):
            return ()
        return clicks.picked([link in self._links and human for link, human in zip(clicks.links, opened, strict=True)])

    def note(self, clicks: Iterable[Click], pressed: Mapping[tuple[int, int], str]) -> int:
        """Note what these clicks of people, with what each of them pressed, say. Part of a transaction.

        Returns how many can be noted for nobody: they take something away, in a mail that somebody got before being
        forgotten. That person may be written to again since, but which one it was is forgotten.
        """
        unknown = 0
        for click in clicks:
            link = self._links.get(click.link_id)
            acts = click.flags & POST or (self._by_get and link == "unsubscribe")
            if link is None or not acts or click.recipient_id == NOBODY:
                continue
            query = pressed.get(click[:2], "") if click.flags & POST else ""
            said = pressed_in(query, self._type_of(click.shipment_id))
            forgotten_at = self._forgotten.get(click.recipient_id)
            if forgotten_at is not None:
                takes = click.clicked_at > forgotten_at and not all(joins(*one) for one in said)
                unknown += takes and may_be_back(self._database)
                continue
            for what, type in said:
                if what == CONSENT:
                    say_consent(self._database, click.recipient_id, type == "on", click.clicked_at)
                    continue
                if what == "on":
                    come_back(self._database, click.recipient_id, type, click.clicked_at)
                    continue
                how: How = "unsubscribe" if link == "unsubscribe" else "page"
                leave(self._database, click.recipient_id, type, how, click.clicked_at)
        return unknown

    def _type_of(self, shipment: int) -> str:
        if shipment not in self._types:
            sql = "SELECT mailing.type FROM shipment JOIN mailing ON mailing.id = mailing_id WHERE shipment.id = ?"
            self._types[shipment] = self._database.value(sql, (shipment,)) or ""
        return self._types[shipment]
