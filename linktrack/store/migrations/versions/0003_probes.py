"""HEAD requests, which tell machines from people"""

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


def downgrade() -> None:
    op.drop_table("probe")
