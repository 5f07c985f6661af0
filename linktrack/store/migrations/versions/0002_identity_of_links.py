"""What the ids of all that a link's actions make are formed of: until now its key, which another link may have by now (what
comes of that is settled by 0003); and up to which run it was said, after a restore, which links had other keys."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE workspace ADD COLUMN keys_told INTEGER")
    op.execute("ALTER TABLE link ADD COLUMN identity TEXT DEFAULT '' NOT NULL")
    op.execute("UPDATE link SET identity = key")
    op.create_index("ix_link_identity", "link", ["identity"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_link_identity", "link")
    op.execute("ALTER TABLE link DROP COLUMN identity")
    op.execute("ALTER TABLE workspace DROP COLUMN keys_told")
