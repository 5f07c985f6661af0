"""A workspace made: settings, signing key, scripts folder and database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from linktrack.clicks.logs.configured import check_log_format
from linktrack.database_urls import SQLITE_URL
from linktrack.errors import BadInput, Conflict, LostKeys, UsageError
from linktrack.files import CONFIG_NAME, create, explained, refuse_planted
from linktrack.links.keys import adopt_first_key
from linktrack.links.tokens import Keyring
from linktrack.moments import machine_zone
from linktrack.setting_values import checked_base_url
from linktrack.store.revisions import make_tables, prepare
from linktrack.store.session import connect, open_database
from linktrack.toml_files import TomlFile
from linktrack.workspace import DATABASE_NAME, KEY_NAME, SCRIPTS_NAME, Workspace, checked_workspace, load_workspace

CONFIG_TEXT = """\
# linktrack's settings; configs/linktrack.toml shows all of them with comments.
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


def init_workspace(root: Path, base_url: str, environ: Mapping[str, str] = os.environ) -> Workspace:
    """Make `linktrack.toml`, `linktrack.key` (unless `LINKTRACK_SECRET` is set), `scripts/` and the database in `root`.

    Conflict when one of the files is there already, or the database has tables; nothing is overwritten. BadInput for
    what is wrong in the environment.
    """
    try:
        base_url = checked_base_url(base_url)
    except ValueError as problem:
        raise UsageError(f"--base-url: {problem}") from None
    root = root.absolute()
    _, problems = checked_workspace(root, TomlFile(root / CONFIG_NAME, "", {"base_url": base_url}), environ)
    if problems:  # what is wrong in the environment is said before anything is made
        raise problems[0]
    refuse_planted(root, root)
    with ExitStack() as undoing:  # what was made when the rest cannot be
        with explained(root):
            for folder in (*reversed(root.parents), root):
                if not folder.exists():
                    undoing.callback(remove_made, folder)
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (CONFIG_NAME, KEY_NAME, DATABASE_NAME):
            if os.path.lexists(root / name):
                raise Conflict(f"{root / name} is there already: this folder is a workspace, or choose another folder")
        if "LINKTRACK_SECRET" in environ:
            try:
                Keyring.parse(environ["LINKTRACK_SECRET"])
            except LostKeys as problem:
                raise BadInput(
                    f"LINKTRACK_SECRET: {problem.why}: write 0:HEX (64 hexadecimal digits, e.g. from openssl rand "
                    "-hex 32), or unset it, for a key file to be made"
                ) from None
        else:
            create(root / KEY_NAME, Keyring.generate().text().encode())
            undoing.callback(remove_made, root / KEY_NAME)
        for name in (CONFIG_NAME, *(f"{DATABASE_NAME}{tail}" for tail in ("", "-wal", "-shm"))):
            undoing.callback(remove_made, root / name)
        with explained(root):
            if not (root / SCRIPTS_NAME).exists():
                undoing.callback(remove_made, root / SCRIPTS_NAME)
            (root / SCRIPTS_NAME).mkdir(mode=0o700, exist_ok=True)
        zone = machine_zone()
        database_id = _make_database(root, environ, zone)
        text = CONFIG_TEXT.format(
            base_url=base_url, time_zone=zone, language=machine_language(environ), database_id=database_id
        )
        create(root / CONFIG_NAME, text.encode())
        workspace = load_workspace(root, environ)
        check_log_format(workspace)
        with open_database(workspace) as database:
            adopt_first_key(workspace, database)
        undoing.pop_all()
    return workspace


def remove_made(path: Path) -> None:
    """Remove a file, or a folder that is empty, if it is there."""
    with suppress(OSError):
        path.rmdir() if path.is_dir() else path.unlink()


def _make_database(root: Path, environ: Mapping[str, str], time_zone: str) -> str:
    """Make the tables in `LINKTRACK_DATABASE_URL` or in a SQLite file in `root`. Returns the database's id."""
    url = environ.get("LINKTRACK_DATABASE_URL", "")
    if not url or url.startswith(SQLITE_URL):
        url = f"{SQLITE_URL}{root / (url.removeprefix(SQLITE_URL) or DATABASE_NAME)}"
    with connect(url, new=True) as database:
        prepare(database)
        return make_tables(database, time_zone=time_zone)


def machine_language(environ: Mapping[str, str]) -> str:
    """`sv` where the machine speaks Swedish (POSIX: LC_ALL, else LC_MESSAGES, else LANG), else `en`."""
    spoken = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "sv" if spoken.lower().startswith(("sv_", "sv.")) or spoken.lower() == "sv" else "en"
