"""A workspace copied into one file, while others go on writing to it."""

from __future__ import annotations

import sqlite3
import tarfile
import tempfile
from pathlib import Path

from linktrack.errors import Conflict, UsageError
from linktrack.files import explained, writing
from linktrack.store.session import open_database
from linktrack.workspace import DATABASE_NAME, Workspace


def backup(workspace: Workspace, target: Path) -> int:
    """Write database, settings, key and scripts into one tar.gz, also while others write. Returns its bytes.

    Conflict when it is there already, for it holds the signing key; UsageError when the database is not SQLite.
    """
    if target.exists():
        raise Conflict(f"{target} is there already: a backup overwrites nothing")
    if workspace.database_path is None:
        raise UsageError(
            "backup copies SQLite databases: use pg_dump for PostgreSQL, and copy linktrack.toml and linktrack.key"
        )
    with writing(target, workspace.kept()) as file, tempfile.TemporaryDirectory(dir=target.parent) as folder:
        copy = Path(folder) / DATABASE_NAME
        with open_database(workspace) as database, explained(target):
            into = sqlite3.connect(copy)
            try:
                with database.explained():
                    database.connection.backup(into)
            finally:
                into.close()
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            archive.add(copy, DATABASE_NAME)
            for path in (workspace.config_path, workspace.key_path, workspace.scripts_path):
                if path.exists():
                    archive.add(path, path.name)
    return target.stat().st_size
