"""A workspace made of a backup, with what has to be done before it goes on where the lost one stopped.

It appears whole: the files are unpacked and checked in a folder beside their places, then put there. Whatever is wrong
with them is said of the backup, and nothing is left on the disk.
"""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
import sys
import tomllib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import tomlkit
from tomlkit.exceptions import TOMLKitError

from linktrack.errors import BadInput, Conflict, LostKeys, NotFound
from linktrack.files.disk_folders import passing_folder, sync_tree
from linktrack.files.protected import CONFIG_NAME, NOTHING_PROTECTED, Protected, refuse_root
from linktrack.files.reading import STDIN, explained, open_input, whole_path
from linktrack.files.toml_files import read_toml
from linktrack.links.tokens import Keyring
from linktrack.moments import Clock, now
from linktrack.settings.sources import settings_from
from linktrack.store.dialects import SQLITE, explain_sqlite, open_own_copy
from linktrack.store.revisions import RESTORED, revision, unfit
from linktrack.store.session import Database
from linktrack.upkeep.archive import PAGES_NAME, Contents, unpack
from linktrack.upkeep.backup import DUMP_NAME
from linktrack.upkeep.placing import clear_killed, put_in_place, remove_made
from linktrack.upkeep.soundness import fault_of
from linktrack.workspace import DATABASE_NAME, KEY_NAME, SCRIPTS_NAME

_OF_A_WORKSPACE = re.compile(r"linktrack\.(toml|key|db|snapshot).*")


class Restored(NamedTuple):
    """A workspace that was made of a backup of `made_at` (UTC milliseconds).

    `clicks` it has, None where its database is not in the backup; `logs` are the names of the logs that had been read,
    the latest first, and `last_import` is when. `commands`: of a PostgreSQL workspace, the lines that bring its
    database back, else none.
    """

    root: Path
    made_at: int
    clicks: int | None
    logs: tuple[str, ...]
    last_import: int | None
    commands: tuple[str, ...]


def restore(
    source: Path,
    root: Path,
    environ: Mapping[str, str] = os.environ,
    *,
    protected: Protected = NOTHING_PROTECTED,
    clock: Clock = now,
) -> Restored:
    """Make a workspace in `root` of the backup `source` (`-`: standard input), with a new `[database] id`.

    Its database is SQLite in `root`; a PostgreSQL workspace gets settings, key and scripts, and its database by the
    `commands`. NotFound without the folder above `root`; BadInput for what is no whole backup; Conflict when `root`
    has anything of a workspace, is `protected`, or `LINKTRACK_DATABASE_URL` would lead it to another database.
    """
    if environ.get("LINKTRACK_DATABASE_URL"):
        raise Conflict(
            "LINKTRACK_DATABASE_URL is set, and would lead the restored workspace to that database: unset it first"
        )
    refuse_root(root, root, protected)
    root = whole_path(root) if root.is_dir() else whole_path(root.parent) / root.name  # without the `..` that was typed
    if not root.parent.is_dir():
        raise NotFound(f"there is no such folder: {root.parent}")
    with ExitStack() as undoing:
        with explained(root):
            if not root.exists():
                undoing.callback(remove_made, root)
            root.mkdir(mode=0o700, exist_ok=True)
            clear_killed(root)
            _refuse_workspace(root)
        with passing_folder(root) as aside:
            contents, database_id, moment = _unpack(source, aside, root), RESTORED + secrets.token_hex(8), clock()
            text = _settings(aside / CONFIG_NAME, source, database_id)
            ring = _keys(aside / KEY_NAME, source)
            with explained(root):
                (aside / CONFIG_NAME).write_bytes(text)
                (aside / SCRIPTS_NAME).mkdir(mode=0o700, exist_ok=True)
            made = Restored(root, contents.made_at, None, (), None, _commands(database_id, moment))
            if contents.database == SQLITE:
                made = _mend_database(aside / DATABASE_NAME, source, contents, database_id, made, ring, moment)
            with explained(root):
                sync_tree(aside)
                for path in put_in_place(aside, root):
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
        file = read_toml(path)
    except BadInput as problem:
        raise BadInput(f"{CONFIG_NAME} in it: {problem.sentence}", file=source) from None
    _, problems = settings_from(file, {})
    if problems:
        raise BadInput(f"{CONFIG_NAME} in it: {problems[0].sentence}", file=source)
    try:
        document = tomlkit.parse(file.text)
        if "database" not in document:
            document.add("database", tomlkit.table())
        table = document["database"]
        table["id"] = database_id
        table.pop("url", None)
        text = tomlkit.dumps(document)
        if tomllib.loads(text)["database"] == {"id": database_id}:
            return text.encode()
    except (TOMLKitError, tomllib.TOMLDecodeError, AttributeError, TypeError, ValueError, RecursionError):
        pass
    raise BadInput(f"{CONFIG_NAME} in it cannot be understood", file=source)


def _keys(path: Path, source: Path) -> Keyring:
    """The keys of a backup, as a file has them."""
    data = path.read_bytes()
    if not data.isascii():
        raise BadInput(f"{KEY_NAME} in it holds other bytes than ASCII", file=source)
    try:
        return Keyring.parse(data.decode("ascii"))
    except LostKeys as problem:
        raise BadInput(f"{KEY_NAME} in it: {problem.why}", file=source) from None
    except BadInput as problem:
        raise BadInput(f"{KEY_NAME} in it: {problem.sentence}", file=source) from None


def _check_keys(database: sqlite3.Connection, ring: Keyring, source: Path) -> None:
    """BadInput when a key with which the backup's mails were signed is not the one in it."""
    known = database.execute("SELECT id, fingerprint FROM signing_key WHERE revoked_at IS NULL ORDER BY id").fetchall()
    for number, mark in known:
        if number not in ring.secrets or ring.fingerprint(number) != bytes(mark):
            raise BadInput(
                f"the signing key {number} in this backup is not the one of its mails, or is missing: take an older "
                "backup",
                file=source,
            )


def _mend_database(
    path: Path, source: Path, contents: Contents, database_id: str, made: Restored, ring: Keyring, moment: int
) -> Restored:
    """Check the database of a backup, and make it the one of these settings: with a new id, waiting for later runs."""
    try:
        database = open_own_copy(path)
        try:
            whole = Database(database, SQLITE, f"the database in {source}", explain_sqlite)
            if fault := fault_of(whole, contents.rows):
                raise BadInput(f"the database in this backup is damaged ({fault}): take an older one", file=source)
            if fault := unfit(revision(whole) or "", SQLITE):
                raise BadInput(f"the database in this backup {fault}", file=source)
            _check_keys(database, ring, source)
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.execute(_MARK_ACTIONS)
            database.execute(_MARK, (moment, database_id))
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


# What is "of the backup" is that of the first one, where one of a workspace that still waits for its runs is restored.
_NOT_WAITING = "(restored_at IS NULL OR runs_taken_at IS NOT NULL)"
_MARK_ACTIONS = (
    f"UPDATE link SET backed_up_action = last_action WHERE EXISTS (SELECT 1 FROM workspace WHERE {_NOT_WAITING})"  # noqa: S608  (of our own)
)
_MARK = (
    f"UPDATE workspace SET restored_at = CASE WHEN {_NOT_WAITING} THEN ? ELSE restored_at END, "  # noqa: S608  (of our own)
    "database_id = ?, runs_taken_at = NULL"
)


def _commands(database_id: str, moment: int) -> tuple[str, ...]:
    """How the database of a PostgreSQL workspace comes back: under another name, with the id of these settings."""
    name = "linktrack_restored"
    mark = _MARK.replace("?", str(moment), 1).replace("?", f"'{database_id}'")
    return (
        f"createdb {name}",
        f"pg_restore --no-owner --exit-on-error --dbname={name} {DUMP_NAME}",
        f'psql --dbname={name} --command="{_MARK_ACTIONS}; {mark}"',
    )
