"""A workspace copied into one file, while others go on writing to it."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from pathlib import Path

from linktrack.errors import Conflict, UsageError
from linktrack.files import STDOUT, explained, is_written_into, passing_folder, writing
from linktrack.links.keys import open_keys
from linktrack.moments import now
from linktrack.store.session import open_database
from linktrack.workspace import DATABASE_NAME, KEY_NAME, Workspace


def backup(workspace: Workspace, target: Path) -> None:
    """Write database, settings, key and scripts into one tar.gz, also while others write; `-` is standard output.

    The key is the one that is used, also when it comes from `LINKTRACK_SECRET`. All in it is its owner's alone.
    BadInput when the keys are not those of sent mails; Conflict when a file is there already, for it holds the signing
    key; UsageError when the database is not SQLite.
    """
    into_stream = str(target) == STDOUT or is_written_into(target)
    if not into_stream and (target.exists() or target.is_symlink()):
        raise Conflict(f"{target} is there already: a backup overwrites nothing")
    if workspace.database_path is None:
        raise UsageError(
            "backup copies SQLite databases: use pg_dump for PostgreSQL, and copy linktrack.toml and linktrack.key"
        )
    beside = workspace.database_path.parent if into_stream else target.parent
    with writing(target, workspace.kept()) as file, passing_folder(beside) as folder:
        copy = folder / DATABASE_NAME
        with open_database(workspace) as database, explained(copy):
            open_keys(workspace, database)  # a copy without the key of sent mails would be found out too late
            into = sqlite3.connect(copy)
            try:
                with database.explained():
                    database.connection.backup(into)
            finally:
                into.close()
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            archive.add(copy, DATABASE_NAME, filter=_private)
            archive.add(workspace.config_path, workspace.config_path.name, filter=_private)
            _add_key(archive, workspace.secret())
            if workspace.scripts_path.is_dir():
                archive.add(workspace.scripts_path, workspace.scripts_path.name, filter=_private)


def _private(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """A member that only its owner may read when it is unpacked; a program stays one."""
    member.mode &= 0o700
    member.mode |= 0o700 if member.isdir() else 0o600
    return member


def _add_key(archive: tarfile.TarFile, secret: str) -> None:
    data = secret.encode()
    member = tarfile.TarInfo(KEY_NAME)
    member.mode, member.size, member.mtime = 0o600, len(data), now() // 1000
    archive.addfile(member, io.BytesIO(data))
