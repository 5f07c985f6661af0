"""A shipment keeps each recipient's address and name as they were when it was sent"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("email", "name"):
        op.add_column("shipment_recipient", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.execute(
        "UPDATE shipment_recipient SET "
        "email = (SELECT email FROM recipient WHERE recipient.id = shipment_recipient.recipient_id), "
        "name = (SELECT name FROM recipient WHERE recipient.id = shipment_recipient.recipient_id)"
    )


def downgrade() -> None:
    for name in ("email", "name"):
        op.drop_column("shipment_recipient", name)
