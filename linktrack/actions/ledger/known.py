"""What a run asks the ledger, and the catalogue, of the clicks that it looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from linktrack.actions.ledger.rows import Before, Failure, Membership, settled_as
from linktrack.actions.ledger.runs import TAKEN
from linktrack.actions.occasions import MadeFor
from linktrack.actions.page_buttons import buttons_in
from linktrack.actions.planned import REPLAYED, Clicked, ClickKey, LinkFacts, NumberedAction, ShipmentFacts
from linktrack.actions.selecting import FoundClicks, gather_people
from linktrack.links.stored_actions import read_action
from linktrack.store.session import Database


class Ledger:
    """What the ledger says of the clicks that a run looks at, of their people, links and shipments.

    They are those that were `found` when this is made.
    """

    def __init__(self, found: FoundClicks) -> None:
        self.found = found
        self.database = database = found.database
        gather_people(found)
        self.links = {
            link_id: LinkFacts(link_id, *facts)
            for link_id, *facts in database.rows(
                "SELECT l.id, l.key, l.identity, l.name, l.url, coalesce(f.path, '') FROM link l "
                "LEFT JOIN folder f ON f.id = l.folder_id WHERE l.id IN (SELECT link_id FROM open_place)"
            )
        }
        self.shipments = {
            shipment_id: ShipmentFacts(shipment_id, *facts)
            for shipment_id, *facts in database.rows(
                "SELECT s.id, s.number, m.name, m.subject, m.type FROM shipment s "
                "JOIN mailing m ON m.id = s.mailing_id WHERE s.id IN (SELECT shipment_id FROM open_place)"
            )
        }
        self.placements: dict[int, str] = dict(
            database.rows("SELECT id, key FROM placement WHERE id IN (SELECT placement_id FROM open_place)")
        )

    def contact_ids(self) -> set[str]:
        """The contact ids of the people whose clicks the run looks at."""
        return {
            contact_id
            for (contact_id,) in self.database.each(
                "SELECT contact_id FROM recipient WHERE id IN (SELECT recipient_id FROM open_person)"
            )
        }

    def people(self) -> list[tuple[str, str, str]]:
        """(contact id, name, e-mail address) of whose clicks the run looks at, as the last mail to them had it."""
        return self.database.rows(
            "SELECT contact_id, name, email FROM recipient WHERE id IN (SELECT recipient_id FROM open_person)"
        )

    def clicks(self, link_ids: Iterable[int] | None = None) -> Iterator[Clicked]:
        """The clicks that the run looks at, in the order of time."""
        only = "" if link_ids is None else f"WHERE link_id IN ({','.join(map(str, link_ids)) or 'NULL'})"
        rows = self.database.each(  # few at once, which stay in the caches of a processor
            "SELECT clicked_at, print, link_id, shipment_id, placement_id, recipient_id, contact_id, pressed, why "  # noqa: S608  (numbers)
            f"FROM open_click {only} ORDER BY clicked_at, print, recipient_id",
            at_once=100,
        )
        links, shipments, placements = self.links, self.shipments, self.placements
        for at, mark, link, shipment, place, recipient, contact, pressed, why in rows:
            where = placements.get(place, "")
            buttons = buttons_in(pressed)
            click = at, mark, links[link], shipments[shipment], where, recipient, contact, buttons, why
            yield tuple.__new__(Clicked, click)  # which is thrice as fast as Clicked(…)

    def actions(self) -> dict[int, list[NumberedAction]]:
        """The actions of each link whose clicks the run looks at, in their order."""
        found: dict[int, list[NumberedAction]] = {}
        for link_id, number, kind, settings in self.database.rows(
            "SELECT link_id, number, type, settings FROM action "
            "WHERE link_id IN (SELECT link_id FROM open_place) ORDER BY link_id, position"
        ):
            definition = read_action(kind, settings, number=number, key=self.links[link_id].key)
            found.setdefault(link_id, []).append(NumberedAction(definition, number, 0))
        return found

    def pressed_on(self) -> list[int]:
        """The links with clicks of the run that pressed a button of the subscriptions page."""
        return [
            link_id
            for (link_id,) in self.database.rows(
                "SELECT id FROM link WHERE kind = 'special' AND key = 'subscriptions' "
                "AND id IN (SELECT link_id FROM open_click WHERE pressed <> '')"
            )
        ]

    def hits(self) -> dict[int, int]:
        """Human clicks by link."""
        return dict(
            self.database.rows(
                "SELECT link_id, sum(human) FROM link_tally WHERE link_id IN (SELECT link_id FROM open_place) "
                "GROUP BY link_id"
            )
        )

    def made(self) -> Iterator[MadeFor]:
        """What earlier clicks of these people have made: link, action, shipment and click of each."""
        for link_id, action, shipment_id, at, mark, recipient_id in self.database.each(
            "SELECT link_id, action, shipment_id, clicked_at, click_print, recipient_id FROM made "
            "WHERE recipient_id IN (SELECT recipient_id FROM open_person)"
        ):
            yield MadeFor(link_id, action, shipment_id, (at, mark, recipient_id))

    def _done_before(self) -> frozenset[tuple[ClickKey, int]]:
        """What earlier runs have changed because of the replayed clicks: (click, number of the action)."""
        return frozenset(
            ((clicked_at, click_print, recipient_id), action)
            for clicked_at, click_print, recipient_id, action in self.database.rows(
                "SELECT DISTINCT c.clicked_at, c.click_print, c.recipient_id, c.action FROM change c "
                "JOIN open_click o ON o.clicked_at = c.clicked_at AND o.print = c.click_print "
                "AND o.recipient_id = c.recipient_id AND o.link_id = c.link_id WHERE o.why = ? AND c.status = 'ok'",
                (REPLAYED,),
            )
        )

    def bookings(self, since: int) -> list[tuple[str, int, int]]:
        """(user, start, end) of the follow-ups made earlier that end after a time."""
        return self.database.rows(
            "SELECT owner, start_at, end_at FROM made WHERE kind = 'follow-up' AND owner <> '' AND end_at > ?", (since,)
        )

    def request_counts(self) -> dict[str, int]:
        """How many requests everybody has been given."""
        return dict(
            self.database.rows("SELECT owner, count(*) FROM made WHERE kind = 'request' AND owner <> '' GROUP BY owner")
        )

    def before(self, *, replays: bool) -> Before:
        """What earlier runs have left that the planner has to know: decisions, things made, failures."""
        done = self._done_before() if replays else frozenset()
        return Before(self._settled(), self.made(), self._taken(), self.failures(), done)

    def _settled(self) -> dict[tuple[int, str, str], tuple[int, int]]:
        """What clicks later than the first open one have decided: (recipient, kind, name) -> (time, print)."""
        return {
            (recipient_id, kind, name): (clicked_at, click_print)
            for recipient_id, kind, name, clicked_at, click_print in self.database.rows(
                "SELECT recipient_id, kind, name, clicked_at, click_print FROM settled "
                "WHERE clicked_at >= (SELECT min(clicked_at) FROM open_click) "
                "AND (recipient_id = 0 OR recipient_id IN (SELECT recipient_id FROM open_person))"
            )
        }

    def memberships(self) -> list[Membership]:
        """The selections and projects of whose clicks the run looks at, as linktrack left them."""
        rows = self.database.rows(
            "SELECT r.contact_id, d.kind, d.name, d.value FROM settled d JOIN recipient r ON r.id = d.recipient_id "
            "WHERE d.kind IN ('selection', 'project') AND d.recipient_id IN (SELECT recipient_id FROM open_person)"
        )
        return [Membership(*row) for row in rows]

    def _taken(self) -> set[str]:
        """The ids of changes, by people with clicks in this run, that were taken over from runs after a backup."""
        return {
            change_id
            for (change_id,) in self.database.rows(
                "SELECT id FROM change WHERE run_id IN (SELECT id FROM run WHERE status = ?) "
                "AND recipient_id IN (SELECT recipient_id FROM open_person)",
                (TAKEN,),
            )
        }

    def failures(self) -> dict[tuple[int, str], Failure]:
        """The open failures of the people with clicks in this run, by recipient and id of the change."""
        rows = self.database.rows(
            f"SELECT {', '.join(Failure._fields)} FROM failure "  # noqa: S608  (of our own)
            "WHERE recipient_id IN (SELECT recipient_id FROM open_person)"
        )
        return {(failure.recipient_id, failure.id): failure for failure in map(Failure._make, rows)}


def last_decision(database: Database, recipient_id: int, kind: str, name: str) -> tuple[int, int] | None:
    """The time and print of the click that has decided something last."""
    query = "SELECT clicked_at, click_print FROM settled WHERE recipient_id = ? AND kind = ? AND name = ?"
    for clicked_at, click_print in database.rows(query, (recipient_id, kind, name)):
        return clicked_at, click_print
    return None


def decided_later(database: Database, run_id: int, key: tuple[int, str, str], click: tuple[int, int]) -> bool:
    """Whether a run after this one has a change by which the same click decided the same thing; `key` is what is
    settled: recipient, kind, name."""
    recipient_id, kind, name = key
    rows = database.rows(
        "SELECT name FROM change WHERE run_id > ? AND recipient_id = ? AND kind = ? AND clicked_at = ? "
        "AND click_print = ? AND status = 'ok'",
        (run_id, recipient_id, kind, *click),
    )
    return any(settled_as(kind, one) == name for (one,) in rows)
