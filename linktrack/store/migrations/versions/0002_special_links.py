"""the links that every workspace has"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAMES = {
    "unsubscribe": "Unsubscribe from this type of mailing",
    "subscriptions": "Manage subscriptions",
    "view-online": "View in the browser",
    "honeypot": "Honeypot for machines",
}


def upgrade() -> None:
    link = sa.table("link", *map(sa.column, ("key", "name", "kind", "url", "response", "created_at", "updated_at")))
    common = {"kind": "special", "url": "", "response": '{"kind": "redirect"}', "created_at": 0, "updated_at": 0}
    op.bulk_insert(link, [{"key": key, "name": name, **common} for key, name in NAMES.items()])


def downgrade() -> None:
    op.execute("DELETE FROM link WHERE kind = 'special'")
