"""Alembic's revisions, and how they are run: inside the caller's transaction, without an ini file."""

from __future__ import annotations

from linktrack.store.session import Database

VERSIONS = ("linktrack:store/migrations/versions",)  # where the revisions are


def run(database: Database) -> None:
    """Bring `database` to the newest revision. The caller holds the writing transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "linktrack:store/migrations")
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(VERSIONS))
    with database.explained(), database.engine().connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
