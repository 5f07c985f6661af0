"""A workspace made: settings, signing key, scripts folder and database."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from linktrack.clicks.logs.configured import check_log_format
from linktrack.database_urls import SQLITE_URL
from linktrack.errors import BadInput, Conflict, LinktrackError, LostKeys, UsageError
from linktrack.files.beside import remove_leftovers, sync
from linktrack.files.disk_folders import passing_folder, sync_tree
from linktrack.files.protected import CONFIG_NAME, NOTHING_PROTECTED, Protected, refuse_root
from linktrack.files.reading import explained
from linktrack.files.toml_files import TomlFile, read_toml
from linktrack.files.writing import create
from linktrack.links.signing_keys import adopt_first_keys
from linktrack.links.tokens import Keyring
from linktrack.moments import machine_zone
from linktrack.settings.values import checked_base_url
from linktrack.store.revisions import database_id_of, make_tables, prepare_empty, revision
from linktrack.store.session import connect
from linktrack.upkeep.placing import clear_killed, on_their_way, put_in_place, remove_made
from linktrack.workspace import DATABASE_NAME, KEY_NAME, SCRIPTS_NAME, Workspace, checked_workspace, load_workspace

CONFIG_TEXT = """\
# linktrack's settings; linktrack init --example settings shows all of them with comments.
base_url = "{base_url}"   # the host that tracked addresses point at
time_zone = "{time_zone}"   # in which times are read and shown
language = "{language}"           # of pages and reports: "en" or "sv"

[database]
id = "{database_id}"   # of the database that belongs to these settings

[utm]
medium = "email"          # what Google Analytics files under Email

[clicks]
ip = "truncate"           # or "full", "none"
"""


def init_workspace(
    root: Path, base_url: str, environ: Mapping[str, str] = os.environ, *, protected: Protected = NOTHING_PROTECTED
) -> Workspace:
    """Make `linktrack.toml`, `linktrack.key` (unless `LINKTRACK_SECRET` is set), `scripts/` and the database in `root`.

    They appear together or not at all. What a killed `init` has left is removed; where its database is elsewhere, this
    one goes on with it. Conflict when one of the files is there already, or the database has tables; nothing is
    overwritten. BadInput for what is wrong in the environment.
    """
    try:
        base_url = checked_base_url(base_url)
    except ValueError as problem:
        raise UsageError(f"--base-url: {problem}") from None
    root = root.absolute()
    _, problems = checked_workspace(root, TomlFile(root / CONFIG_NAME, "", {"base_url": base_url}), environ)
    if problems:  # what is wrong in the environment is said before anything is made
        raise problems[0]
    refuse_root(root, root, protected)
    with ExitStack() as undoing:  # what was made when the rest cannot be
        with explained(root):
            for folder in (*reversed(root.parents), root):
                if not folder.exists():
                    undoing.callback(remove_made, folder)
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            begun = [made for aside in on_their_way(root) if (made := _begun(aside))]
            clear_killed(root)
        _refuse_workspace(root)
        elsewhere = _file_elsewhere(root, environ)
        if elsewhere is not None and not elsewhere.exists():
            for tail in ("", "-wal", "-shm"):
                undoing.callback(remove_made, elsewhere.with_name(elsewhere.name + tail))
        with passing_folder(root) as aside:
            _make(aside, root, base_url, environ, begun)
            with explained(root):
                for path in put_in_place(aside, root):
                    undoing.callback(remove_made, path)
        workspace = load_workspace(root, environ)
        check_log_format(workspace)
        undoing.pop_all()
    return workspace


def _refuse_workspace(root: Path) -> None:
    """Conflict when there is a workspace in the folder, or what was left of one."""
    there = [name for name in (CONFIG_NAME, KEY_NAME, DATABASE_NAME) if os.path.lexists(root / name)]
    if CONFIG_NAME in there:
        remove_leftovers(root)  # of one that was killed when all was in its place
        raise Conflict(f"{root / CONFIG_NAME} is there already: this folder is a workspace, or choose another folder")
    if there:
        kept = [*there, *(path.name for path in on_their_way(root))]
        raise Conflict(
            f"{root} has {' and '.join(there)} and no {CONFIG_NAME}: bring that back from a backup if mails were sent "
            f"from here; if none were, remove {', '.join(kept)} there, and run this again"
        )


class _Begun(NamedTuple):
    """What an `init` that was killed had begun: the id of its database, and its keys."""

    database_id: str
    ring: Keyring


def _begun(aside: Path) -> _Begun | None:
    """What a killed `init` had begun in `aside`; None where it had no settings and keys yet."""
    try:
        tables = read_toml(aside / CONFIG_NAME).tables
        return _Begun(str(tables["database"]["id"]), Keyring.parse((aside / KEY_NAME).read_text("ascii")))
    except (LinktrackError, OSError, ValueError, KeyError, TypeError):
        return None


def _make(aside: Path, root: Path, base_url: str, environ: Mapping[str, str], begun: Sequence[_Begun]) -> None:
    """Make all parts of a workspace for `root` in `aside`, its database last: elsewhere it stands for good."""
    elsewhere, zone = _file_elsewhere(root, environ), machine_zone()
    url = environ.get("LINKTRACK_DATABASE_URL", "") if elsewhere is None else f"{SQLITE_URL}{elsewhere}"
    url = url or f"{SQLITE_URL}{aside / DATABASE_NAME}"
    with connect(url, new=True) as database:
        database.name = database.name.replace(str(aside), str(root))
        there = None if revision(database) is None else database_id_of(database)
        goes_on = next((one for one in begun if one.database_id == there), None)
        if goes_on is None:
            prepare_empty(database)
        ring = _ring(environ, goes_on)
        database_id = goes_on.database_id if goes_on else secrets.token_hex(8)
        text = CONFIG_TEXT.format(
            base_url=base_url, time_zone=zone, language=machine_language(environ), database_id=database_id
        )
        with explained(root):
            (aside / SCRIPTS_NAME).mkdir(mode=0o700)
            if "LINKTRACK_SECRET" not in environ:
                create(aside / KEY_NAME, ring.text().encode())
            create(aside / CONFIG_NAME, text.encode())
            sync(aside.parent)
        with database.transaction(durable=True):
            if goes_on is None:
                make_tables(database, time_zone=zone, database_id=database_id)
            adopt_first_keys(database, ring)
    with explained(root):
        sync_tree(aside)


def _file_elsewhere(root: Path, environ: Mapping[str, str]) -> Path | None:
    """The SQLite file that `LINKTRACK_DATABASE_URL` names, None where it names none."""
    url = environ.get("LINKTRACK_DATABASE_URL", "")
    return root / url.removeprefix(SQLITE_URL) if url.startswith(SQLITE_URL) else None


def _ring(environ: Mapping[str, str], goes_on: _Begun | None) -> Keyring:
    """The keys of a new workspace: those of the environment, of the one that is gone on with, or a new one."""
    if "LINKTRACK_SECRET" not in environ:
        return Keyring.generate() if goes_on is None else goes_on.ring
    try:
        return Keyring.parse(environ["LINKTRACK_SECRET"])
    except LostKeys as problem:
        raise BadInput(
            f"LINKTRACK_SECRET: {problem.why}: write 0:HEX (64 hexadecimal digits, e.g. from openssl rand "
            "-hex 32), or unset it, for a key file to be made"
        ) from None


def machine_language(environ: Mapping[str, str]) -> str:
    """`sv` where the machine speaks Swedish (POSIX: LC_ALL, else LC_MESSAGES, else LANG), else `en`."""
    spoken = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "sv" if spoken.lower().startswith(("sv_", "sv.")) or spoken.lower() == "sv" else "en"
