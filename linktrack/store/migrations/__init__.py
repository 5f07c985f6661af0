"""Alembic's revisions, and how they are run: inside the caller's transaction, without an ini file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linktrack.store.session import Database

if TYPE_CHECKING:
    from alembic.config import Config

VERSIONS = ("linktrack:store/migrations/versions",)  # where the revisions are


def run(database: Database) -> None:
    """Bring `database` to the newest revision. The caller holds the writing transaction."""
    from alembic import command

    config = _config()
    with database.explained(), database.engine().connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def known() -> set[str]:
    """The names of all revisions that there have been."""
    from alembic.script import ScriptDirectory

    return {one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "linktrack:store/migrations")
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(VERSIONS))
    return config
