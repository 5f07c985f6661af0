"""A workspace copied into one file, while others go on writing to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from linktrack.database_urls import holds_password, passwordless
from linktrack.errors import Conflict
from linktrack.files.disk_folders import folder_for_a_moment, passing_folder
from linktrack.files.protected import is_written_into
from linktrack.files.reading import STDOUT, explained
from linktrack.files.writing import writing
from linktrack.links.signing_keys import open_keys
from linktrack.moments import Clock, now
from linktrack.store.dialects import SQLITE, damaged, explain_sqlite, open_own_copy
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.upkeep.archive import PAGES_NAME, Contents, archiving, verify
from linktrack.upkeep.checks import unfit_actions
from linktrack.upkeep.soundness import fault_of, row_counts
from linktrack.workspace import DATABASE_NAME, KEY_NAME, SCRIPTS_NAME, Workspace

DUMP_NAME = "linktrack.dump"  # what pg_dump is told to write, and pg_restore to read


class Backup(NamedTuple):
    """What a backup holds: `parts` in words, and the command line that copies the rest where the database is on a
    server. `has_password` says whether the database's password is in the settings, and so in the backup; `unfit` are
    sentences on stored actions that no run carries out, which are in it as they are."""

    parts: tuple[str, ...]
    dump: str
    has_password: bool
    unfit: tuple[str, ...]


def backup(workspace: Workspace, target: Path, clock: Clock = now) -> Backup:
    """Write settings, key, scripts, templates and a SQLite database into one tar.gz, also while others write; `-` is
    standard output.

    The database is copied as it is at one moment, opened and counted. The file is read again before it gets its name,
    or before its first byte goes into a stream. The key is the one that is used, also when it comes from
    `LINKTRACK_SECRET`. BadInput for a damaged database, or keys that are not those of sent mails; Conflict when a file
    is there already, for it holds the signing key; DiskFull leaves nothing.
    """
    into_stream = str(target) == STDOUT or is_written_into(target)
    if not into_stream and (target.exists() or target.is_symlink()):
        raise Conflict(f"{target} is there already: a backup overwrites nothing")
    has_password = holds_password(workspace.file.tables.get("database", {}).get("url"))
    parts = ["the settings with the database's password" if has_password else "the settings", "the signing key"]
    beside = folder_for_a_moment(workspace.root) if into_stream else None  # what the disk must have room for
    with (
        open_database(workspace) as database,
        writing(target, workspace.protected(), waiting=beside, binary="a backup") as file,
    ):
        open_keys(workspace, database)  # a copy without the key of sent mails would be found out too late
        with archiving(file) as archive:
            moment, identifier = clock(), workspace.settings.database.id
            if database.dialect == SQLITE:
                with _copied(database, beside or target.parent, target) as (copy, rows):
                    contents = Contents(made_at=moment, database="sqlite", database_id=identifier, rows=rows)
                    archive.add_bytes("backup.json", contents.text().encode(), moment)
                    archive.add_open(DATABASE_NAME, copy)
                parts.insert(0, f"the database ({rows['click']:,} clicks)")
            else:
                _refuse_damaged(database, fault_of(database))
                contents = Contents(made_at=moment, database="postgresql", database_id=identifier, rows={})
                archive.add_bytes("backup.json", contents.text().encode(), moment)
            archive.add_file(workspace.config_path.name, workspace.config_path)
            archive.add_bytes(KEY_NAME, workspace.secret().encode(), moment)
            for name, inside, what in (
                (SCRIPTS_NAME, workspace.scripts_path, "the scripts"),
                (PAGES_NAME, workspace.templates_path, "the templates of pages"),
            ):
                if inside.is_dir() and inside not in (workspace.root, *workspace.root.parents):
                    archive.add_folder(name, inside)
                    parts.append(what)
        unfit = tuple(f"{one.detail}: {one.advice}" for one in unfit_actions(database))
        file.flush()
        verify(file, target, archive.prints)
    server = "" if contents.database == SQLITE else passwordless(workspace.database_url)
    dump = f"pg_dump --format=custom --file={DUMP_NAME} --dbname='{server}'" if server else ""
    return Backup(tuple(parts), dump, has_password, unfit)


def _refuse_damaged(database: Database, fault: str) -> None:
    if fault:
        raise damaged(database.name, f"{fault}; no backup is made of it", database.dialect)


@contextmanager
def _copied(database: Database, folder: Path, target: Path) -> Iterator[tuple[BinaryIO, dict[str, int]]]:
    """A copy of a SQLite database as it is now, opened and counted, and the rows of its tables.

    The copy has a name in `folder` for a moment only: whatever happens, nothing of it stays on the disk.
    """
    with passing_folder(folder) as passing:
        path = passing / DATABASE_NAME
        with explained(target):
            path.touch(mode=0o600)
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        into = open_own_copy(path)
        into.execute("PRAGMA journal_mode=OFF")  # a copy that fails is thrown away
        into.execute("PRAGMA synchronous=OFF")
        checked = open_own_copy(path, read_only=True)  # reads nothing as yet
        path.unlink()
    with os.fdopen(handle, "r+b") as copy:
        with closing(checked):
            with closing(into), database.at_one_moment():
                rows = row_counts(database)
                try:
                    database.connection.backup(into)
                except sqlite3.Error as problem:
                    raise explain_sqlite(problem, str(target)) or problem from None
            with explained(target):
                os.pwrite(handle, b"\x01\x01", 18)  # it has no write-ahead log (SQLite's file format, 1.3)
            fault = fault_of(Database(checked, SQLITE, database.name, explain_sqlite), rows)
        _refuse_damaged(database, fault)
        copy.seek(0)
        yield copy, rows
