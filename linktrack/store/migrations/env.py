"""Alembic's entry point: runs on the connection that `migrations.run` hands over."""

from alembic import context
from sqlmodel import SQLModel

import linktrack.store.tables  # noqa: F401  (fills the metadata)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the transaction is the caller's
)
context.run_migrations()
