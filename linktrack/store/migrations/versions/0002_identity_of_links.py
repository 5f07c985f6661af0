"""What the ids of all that a link's actions make are formed of: until now its key, which another link may have by now; and up to
which run it was said, after a restore, which links had other keys."""

from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LINKS = """
    SELECT DISTINCT shipment.id, link.id, link.key FROM shipment
    JOIN placement ON placement.mailing_id = shipment.mailing_id JOIN link ON link.id = placement.link_id
"""
_MADE = """
    SELECT made.recipient_id, made.link_id, made.id, made.kind, made.action, made.shipment_id, recipient.contact_id,
           shipment.number
    FROM made JOIN recipient ON recipient.id = made.recipient_id JOIN shipment ON shipment.id = made.shipment_id
    WHERE recipient.contact_id IS NOT NULL
"""


class _Moved(NamedTuple):
    """A thing that a link has made, its id, and the one that it gets."""

    who: int
    link: int
    before: str
    after: str


def upgrade() -> None:
    op.execute("ALTER TABLE workspace ADD COLUMN keys_told INTEGER")
    op.execute("ALTER TABLE link ADD COLUMN identity TEXT DEFAULT '' NOT NULL")
    op.execute("UPDATE link SET identity = key")
    op.create_index("ix_link_identity", "link", ["identity"], unique=True)
    connection = op.get_bind()
    moved = list(_of_other_keys(connection))
    aside = [one._replace(after=f"~{one.after}") for one in moved]  # for two of them may change places
    there = [one._replace(before=f"~{one.after}") for one in moved]
    for one in (*aside, *there):
        for update in ("UPDATE made SET id", "UPDATE change SET id", "UPDATE failure SET id"):
            which = "recipient_id = :who AND id = :before AND link_id = :link"
            connection.execute(sa.text(f"{update} = :after WHERE {which}"), one._asdict())


def downgrade() -> None:
    op.drop_index("ix_link_identity", "link")
    op.execute("ALTER TABLE link DROP COLUMN identity")
    op.execute("ALTER TABLE workspace DROP COLUMN keys_told")


def _of_other_keys(connection: sa.Connection) -> Iterator[_Moved]:
    """What a link has made under the key that another link of the same mail has by now: that one would make things of
    the same ids."""
    keys: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for shipment, link, key in connection.execute(sa.text(_LINKS)):
        keys[shipment][link] = key
    rows = connection.execute(sa.text(_MADE), execution_options={"stream_results": True})
    for who, link, before, kind, action, shipment, contact, number in rows:
        there = keys[shipment]
        if (own := there.get(link)) is None or before == (after := _id(kind, action, contact, own, number)):
            continue
        if any(before == _id(kind, action, contact, key, number) for key in there.values()):
            yield _Moved(who, link, before, after)


def _id(*parts: object) -> str:
    """As `actions.planned.made_id` forms it of what is made once for a person, or a shipment."""
    return "c" + blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12).hexdigest()[:23]
