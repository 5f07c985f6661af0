"""HEAD requests, which tell machines from people; a recipient's shipments found fast"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "probe",
        sa.Column("clicked_at", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.BigInteger(), nullable=False),
        sa.Column("placement_id", sa.Integer(), nullable=False),
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("clicked_at", "identity"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shipment_recipient_recipient_id", "shipment_recipient", ["recipient_id"])


def downgrade() -> None:
    op.drop_index("ix_shipment_recipient_recipient_id", "shipment_recipient")
    op.drop_table("probe")
