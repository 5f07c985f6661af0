"""A workspace made of a backup, with what has to be done before it goes on where the lost one stopped.

It appears whole: the files are unpacked and checked in a folder beside their places, then linked there one by one,
`linktrack.toml` last, which makes them a workspace. What a killed restore left is known by being the same files.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sqlite3
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import tomlkit
from tomlkit.exceptions import TOMLKitError

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.files import (
    CONFIG_NAME,
    STDIN,
    explained,
    leftovers,
    open_input,
    passing_folder,
    refuse_planted,
    sync_folder,
    sync_tree,
)
from linktrack.moments import now
from linktrack.store.dialects import SQLITE, explain_sqlite
from linktrack.store.revisions import HEAD
from linktrack.upkeep.archive import PAGES_NAME, Contents, fault_of, unpack
from linktrack.upkeep.backup import DUMP_NAME
from linktrack.upkeep.making import remove_made
from linktrack.workspace import DATABASE_NAME, SCRIPTS_NAME

_OF_A_WORKSPACE = re.compile(r"linktrack\.(toml|key|db|snapshot).*")


class Restored(NamedTuple):
    """A workspace that was made of a backup of `made_at` (UTC milliseconds).

    `clicks` it has; `logs` are the names of the logs that had been read, the latest first, and `last_import` is when.
    `commands`: of a PostgreSQL workspace, the lines that bring its database back, else none.
    """

    root: Path
    made_at: int
    clicks: int
    logs: tuple[str, ...]
    last_import: int | None
    commands: tuple[str, ...]


def restore(source: Path, root: Path, environ: Mapping[str, str] = os.environ) -> Restored:
    """Make a workspace in `root` of the backup `source` (`-`: standard input), with a new `[database] id`.

    Its database is SQLite in `root`; a PostgreSQL workspace gets settings, key and scripts, and its database by the
    `commands`. NotFound without the folder above `root`; BadInput for what is no whole backup; Conflict when `root`
    has anything of a workspace, or `LINKTRACK_DATABASE_URL` would lead it to another database.
    """
    if environ.get("LINKTRACK_DATABASE_URL"):
        raise Conflict(
            "LINKTRACK_DATABASE_URL is set, and would lead the restored workspace to that database: unset it first"
        )
    refuse_planted(root, root)
    root = root.resolve() if root.is_dir() else root.parent.resolve() / root.name  # without the `..` that was typed
    if not root.parent.is_dir():
        raise NotFound(f"there is no such folder: {root.parent}")
    with ExitStack() as undoing:
        with explained(root):
            if not root.exists():
                undoing.callback(remove_made, root)
            root.mkdir(mode=0o700, exist_ok=True)
            _clear_killed(root)
            _refuse_workspace(root)
        with passing_folder(root) as aside:
            contents, database_id = _unpack(source, aside, root), secrets.token_hex(8)
            text = _settings(aside / CONFIG_NAME, source, database_id)
            with explained(root):
                (aside / CONFIG_NAME).write_bytes(text)
                (aside / SCRIPTS_NAME).mkdir(mode=0o700, exist_ok=True)
            made = Restored(root, contents.made_at, 0, (), None, _commands(database_id))
            if contents.database == SQLITE:
                made = _mend_database(aside / DATABASE_NAME, source, contents, database_id, made)
            with explained(root):
                sync_tree(aside)
                for path in _put_in_place(aside, root):
                    undoing.callback(remove_made, path)
        undoing.pop_all()
    return made


def _unpack(source: Path, aside: Path, root: Path) -> Contents:
    if str(source) == STDIN:
        with explained(root):
            return unpack(sys.stdin.buffer, source, aside)
    with open_input(source, "a backup") as file, explained(root):
        return unpack(file, source, aside)


def _refuse_workspace(root: Path) -> None:
    """Conflict when there is anything of a workspace in the folder."""
    for path in sorted(root.iterdir()):
        full = path.name in (SCRIPTS_NAME, PAGES_NAME) and (not path.is_dir() or any(path.iterdir()))
        if full or _OF_A_WORKSPACE.fullmatch(path.name):
            raise Conflict(
                f"{path} is there already, and a backup is never restored over a workspace: name another folder"
            )


def _settings(path: Path, source: Path, database_id: str) -> bytes:
    """The settings of a backup with a new id of the database, and without the address of the living one."""
    try:
        document = tomlkit.parse(path.read_bytes().decode("utf-8-sig"))
        if "database" not in document:
            document.add("database", tomlkit.table())
        table = document["database"]
        table["id"] = database_id
        table.pop("url", None)
        text = tomlkit.dumps(document)
        if tomllib.loads(text)["database"] == {"id": database_id}:
            return text.encode()
    except (TOMLKitError, tomllib.TOMLDecodeError, UnicodeDecodeError, AttributeError, TypeError, ValueError):
        pass
    raise BadInput(f"{CONFIG_NAME} in it cannot be understood", file=source)


def _mend_database(path: Path, source: Path, contents: Contents, database_id: str, made: Restored) -> Restored:
    """Check the database of a backup, and make it the one of these settings: with a new id, waiting for later runs."""
    try:
        database = sqlite3.connect(path, isolation_level=None)
        try:
            fault = fault_of(database, contents.rows)
            if fault:
                raise BadInput(f"the database in this backup is damaged ({fault}): take an older one", file=source)
            version = database.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            if version > HEAD:
                raise BadInput(
                    f"this backup was made by a newer linktrack (tables {version}, this program knows {HEAD}): "
                    "upgrade this program with pip install --upgrade linktrack",
                    file=source,
                )
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.execute(_MARK, (database_id, now()))
            logs = database.execute("SELECT name, max(imported_at) FROM source GROUP BY name ORDER BY 2 DESC, 1")
            read = logs.fetchall()
        finally:
            database.close()
    except sqlite3.Error as problem:
        raise explain_sqlite(problem, str(made.root / DATABASE_NAME)) or problem from None
    return made._replace(
        clicks=contents.rows.get("click", 0),
        logs=tuple(name for name, _ in read),
        last_import=read[0][1] if read else None,
        commands=(),
    )


_MARK = "UPDATE workspace SET database_id = ?, restored_at = ?, runs_taken_at = NULL"


def _commands(database_id: str) -> tuple[str, ...]:
    """How the database of a PostgreSQL workspace comes back: under another name, with the id of these settings."""
    name = "linktrack_restored"
    mark = _MARK.replace("?", f"'{database_id}'", 1).replace("?", str(now()))
    return (
        f"createdb {name}",
        f"pg_restore --no-owner --exit-on-error --dbname={name} {DUMP_NAME}",
        f'psql --dbname={name} --command="{mark}"',
    )


# --- put in place ------------------------------------------------------------------------------------------------


def _put_in_place(aside: Path, root: Path) -> Iterator[Path]:
    """Link everything in `aside` to its place below `root`, the settings last; what was made is yielded."""
    inside = [path for path in sorted(aside.rglob("*")) if path != aside / CONFIG_NAME]
    folders = [root]
    for path in inside:
        target = root / path.relative_to(aside)
        if not path.is_dir():
            os.link(path, target)
            yield target
            continue
        if not target.is_dir():
            target.mkdir(mode=0o700)
            yield target
        folders.append(target)
    for folder in folders:
        sync_folder(folder)
    os.link(aside / CONFIG_NAME, root / CONFIG_NAME)
    yield root / CONFIG_NAME
    sync_folder(root)


def _clear_killed(root: Path) -> None:
    """Take back what a killed restore has put into a folder that has not become a workspace."""
    if (root / CONFIG_NAME).exists():
        return
    for aside in leftovers(root):
        if not aside.is_dir() or aside.is_symlink() or aside.lstat().st_uid != os.geteuid():
            continue
        for path in sorted(aside.rglob("*"), reverse=True):
            target = root / path.relative_to(aside)
            if path.is_dir():
                with suppress(OSError):
                    target.rmdir()
            elif target.exists() and target.samefile(path):
                target.unlink()
        shutil.rmtree(aside, ignore_errors=True)
