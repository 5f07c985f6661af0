"""Identities of links whose keys had passed on before they had any: what they have made tells which keys they had.

An id that was handed out for one link never comes again for another, and what failed can be tried again. And for which
database it was said that no signing key of after its backup is awaited.
"""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import count
from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAMED = "linktrack:"  # how the address of a placement begins that names a link by the key of then
_PLACEMENTS = "SELECT link_id, mailing_id, url FROM placement ORDER BY id"
_MADE = """
    SELECT made.link_id, made.id, made.kind, made.action, made.clicked_at, made.click_print, recipient.contact_id,
           shipment.number, shipment.mailing_id
    FROM made JOIN recipient ON recipient.id = made.recipient_id JOIN shipment ON shipment.id = made.shipment_id
    WHERE recipient.contact_id IS NOT NULL AND made.action <> 0 ORDER BY made.run_id
"""
# What a later run forms the id of once more: what stands open, and what was taken over after a restore.
_AWAITED = """
    SELECT DISTINCT change.recipient_id, change.link_id, change.id, change.kind, change.name, change.operation,
           change.action, change.clicked_at, change.click_print, recipient.contact_id, shipment.number, definition.text
    FROM change JOIN recipient ON recipient.id = change.recipient_id JOIN shipment ON shipment.id = change.shipment_id
    JOIN definition ON definition.id = change.definition_id
    WHERE recipient.contact_id IS NOT NULL AND change.action <> 0 AND (
        EXISTS (SELECT 1 FROM failure WHERE failure.recipient_id = change.recipient_id AND failure.id = change.id)
        OR change.run_id IN (SELECT id FROM run WHERE status = 'taken')
    )
"""
_THIS = "recipient_id = :who AND id = :before AND link_id = :link"
_ASIDE = "recipient_id = :who AND id = :aside AND link_id = :link"
_LAY_ASIDE = (
    f"UPDATE change SET id = :aside WHERE {_THIS}",
    f"UPDATE failure SET id = :aside WHERE {_THIS}",
    f"UPDATE made SET id = :aside WHERE {_THIS}",
)
_DONE_SINCE = "SELECT max(run_id) FROM change WHERE recipient_id = :who AND id = :after AND status = 'ok'"
_CLOSE = (
    f"UPDATE change SET retried_by = :run WHERE {_ASIDE} AND status <> 'ok' AND retried_by IS NULL",
    f"DELETE FROM failure WHERE {_ASIDE}",
)
_PUT = (
    f"DELETE FROM failure WHERE {_ASIDE} AND :after IN (SELECT id FROM failure WHERE recipient_id = :who)",
    f"DELETE FROM made WHERE {_ASIDE} AND :after IN (SELECT id FROM made WHERE recipient_id = :who)",
    f"UPDATE change SET id = :after WHERE {_ASIDE}",
    f"UPDATE failure SET id = :after WHERE {_ASIDE}",
    f"UPDATE made SET id = :after WHERE {_ASIDE}",
)


class _Link(NamedTuple):
    """A link: its key of today, its identity so far, the keys by which mails name it, those under which it has made
    things, in that order, and the mailings that it stands in."""

    key: str
    identity: str
    named: dict[str, None]
    had: dict[str, None]
    mailings: set[int]


class _Occasion(NamedTuple):
    """What an id is formed of besides the link's identity."""

    kind: str
    name: str
    operation: str
    action: int
    clicked_at: int
    click_print: int
    contact_id: str
    shipment: int
    type: str  # of the action

    def ids(self, key: str) -> tuple[str, str]:
        """The two that there may be under a key: of what is made once or at every click, of a whole action or of one
        thing that it decides."""
        if self.operation in ("make", "run"):
            once = self.kind, self.action, self.contact_id, key, self.shipment
            return _id(*once), _id(*once, self.clicked_at, self.click_print)
        whole = self.clicked_at, self.click_print, self.contact_id, key, self.type, self.action
        return _id(*whole), _id(*whole, self.kind, self.name, self.operation)


class _Moved(NamedTuple):
    """A change of a person, by a link: its id, and the one that it gets."""

    who: int
    link: int
    before: str
    after: str


def upgrade() -> None:
    op.execute("ALTER TABLE workspace ADD COLUMN keys_settled_for TEXT")
    op.execute(
        "UPDATE workspace SET keys_settled_for = database_id "
        "WHERE restored_at <= (SELECT coalesce(max(created_at), 0) FROM signing_key)"
    )
    connection = op.get_bind()
    links = _links(connection)
    chosen = dict(_identities(links))
    for mark in ("~", ""):  # for two of them may change places
        for number, identity in chosen.items():
            values = {"id": number, "identity": mark + identity}
            connection.execute(sa.text("UPDATE link SET identity = :identity WHERE id = :id"), values)
    identities = {number: link.identity for number, link in links.items()} | chosen
    _move(connection, list(_of_other_keys(connection, links, identities)))


def downgrade() -> None:
    op.execute("ALTER TABLE workspace DROP COLUMN keys_settled_for")


def _links(connection: sa.Connection) -> dict[int, _Link]:
    rows = connection.execute(sa.text("SELECT id, key, identity FROM link ORDER BY id"))
    links = {number: _Link(key, identity, {}, {}, set()) for number, key, identity in rows}
    keys: defaultdict[int, dict[str, None]] = defaultdict(dict)  # that links of a mailing have or had
    for number, mailing, url in connection.execute(sa.text(_PLACEMENTS)):
        link = links[number]
        if url.startswith(_NAMED):
            link.named[url.removeprefix(_NAMED)] = None
        link.mailings.add(mailing)
        keys[mailing] |= dict.fromkeys((link.key, link.identity, *link.named))
    made = connection.execute(sa.text(_MADE), execution_options={"stream_results": True})
    for number, before, kind, action, at, mark, contact, shipment, mailing in made:
        if (there := links.get(number)) is None:
            continue
        occasion = _Occasion(kind, "", "make", action, at, mark, contact, shipment, kind)
        likely = (*there.had, there.identity, there.key, *there.named, *keys[mailing])
        if (found := _key_of(before, occasion, likely)) is not None:
            there.had[found] = None
    return links


def _identities(links: dict[int, _Link]) -> Iterator[tuple[int, str]]:
    """The links that get another identity. Who has a good one keeps it: one under which no other link made anything.
    Else it is the first key that was this link's alone; where none was, one that no key can be."""
    holders: defaultdict[str, set[int]] = defaultdict(set)
    for number, link in links.items():
        for key in (*link.had, *(link.named if link.had else ())):
            holders[key].add(number)
    used = {link.identity for link in links.values()} | holders.keys()
    for number, link in links.items():
        own = (link.identity,) if link.identity in link.had else ()
        more = link.named if link.had else ()
        likely = (*own, *link.had, link.identity, *more)
        identity = next((key for key in likely if holders[key] <= {number}), None)
        if identity is None:
            identity = next(one for place in count(2) if (one := f"{link.key}#{place}") not in used)
            used.add(identity)
        if identity != link.identity:
            yield number, identity


def _of_other_keys(connection: sa.Connection, links: dict[int, _Link], identities: dict[int, str]) -> Iterator[_Moved]:
    """What a later run would not know again by its id, with the one that it would look for."""
    every = dict.fromkeys(key for link in links.values() for key in (link.key, link.identity, *link.named, *link.had))
    seen = set()
    for who, number, before, *what, text in connection.execute(sa.text(_AWAITED)).all():
        if number not in links:
            continue
        settings = json.loads(text)
        occasion, identity = _Occasion._make((*what, settings["type"])), identities[number]
        wanted = occasion.ids(identity)
        if before in wanted:
            continue
        found = _key_of(before, occasion, (*links[number].had, *every))
        if found is not None:
            after = wanted[occasion.ids(found).index(before)]
        else:  # under a key that nothing tells: what the action's settings say, and else the whole action
            made = occasion.operation in ("make", "run")
            after = wanted[settings.get("repeat") == "click" if made else occasion.type == "script"]
        if (who, after) not in seen:
            seen.add((who, after))
            yield _Moved(who, number, before, after)


def _key_of(before: str, occasion: _Occasion, likely: Iterable[str]) -> str | None:
    return next((key for key in dict.fromkeys(likely) if before in occasion.ids(key)), None)


def _move(connection: sa.Connection, moved: list[_Moved]) -> None:
    """Give changes, what stands open of them and what they made their ids; what was done since under the new one stands
    open no more."""
    values = [{**one._asdict(), "aside": f"~{one.after}"} for one in moved]
    for one in values:  # for two of them may change places
        for statement in _LAY_ASIDE:
            connection.execute(sa.text(statement), one)
    for one in values:
        done = connection.execute(sa.text(_DONE_SINCE), one).scalar()
        for statement in (*(_CLOSE if done is not None else ()), *_PUT):
            connection.execute(sa.text(statement), {**one, "run": done})


def _id(*parts: object) -> str:
    """As `actions.planned.stable_id` forms it."""
    return "c" + blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12).hexdigest()[:23]
