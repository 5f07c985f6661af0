"""A table for what comes on top of the clickers of a shipment that went to very many: see store.clickers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recent_clicker",
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.BigInteger(), nullable=False),
        sa.Column("placement_id", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("human", sa.Integer(), nullable=False),
        sa.Column("machine", sa.Integer(), nullable=False),
        sa.Column("first_click", sa.BigInteger(), nullable=True),
        sa.Column("last_after", sa.BigInteger(), nullable=True),
        sa.Column(
            "last_click",
            sa.BigInteger(),
            sa.Computed("first_click + last_after", persisted=_persisted()),
            nullable=True,
        ),
        sa.Column("first_device", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("shipment_id", "level", "recipient_id", "placement_id"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    columns = "shipment_id, recipient_id, placement_id, link_id, human, machine, first_click, last_after, first_device"
    for level in (1, 0):
        op.execute(
            f"INSERT INTO clicker ({columns}) SELECT {columns} FROM recent_clicker WHERE level = {level} "  # noqa: S608  (names of ours)
            "ON CONFLICT (shipment_id, recipient_id, placement_id) DO UPDATE SET human = clicker.human + excluded.human, "
            "machine = clicker.machine + excluded.machine, "
            "first_click = coalesce(clicker.first_click, excluded.first_click), "
            "last_after = coalesce(excluded.first_click + excluded.last_after - clicker.first_click, "
            "clicker.last_after, excluded.last_after), "
            "first_device = coalesce(clicker.first_device, excluded.first_device)"
        )
    op.drop_table("recent_clicker")


def _persisted() -> bool | None:
    """As in 0001: PostgreSQL has no others before its version 18."""
    return True if op.get_context().dialect.name == "postgresql" else None
