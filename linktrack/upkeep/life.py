"""The life of a workspace: made by init, checked by doctor, copied by backup, given new keys."""

from __future__ import annotations

import os
import sqlite3
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from linktrack.errors import Conflict, LinktrackError, UsageError
from linktrack.links.tokens import Keyring
from linktrack.store.session import HEAD, connect, open_database, revision, sqlite_path
from linktrack.workspace import (
    CONFIG_NAME,
    DATABASE_NAME,
    KEY_NAME,
    Workspace,
    checked_base_url,
    load_workspace,
)

CONFIG_TEXT = """\
# linktrack's settings; configs/linktrack.toml in the repository shows all of them with comments.
base_url = "{base_url}"   # the host that tracked addresses point at

[utm]
medium = "email"          # what Google Analytics files under Email

[clicks]
ip = "truncate"           # or "full", "none"
"""


@dataclass(frozen=True)
class Finding:
    """One thing that doctor looked at. `state`: ok, warning, error; `advice`: the way out, empty when ok."""

    check: str
    state: str
    detail: str
    advice: str


def init_workspace(root: Path, base_url: str) -> Workspace:
    """Make `linktrack.toml`, `linktrack.key` (mode 0600), `scripts/` and the database in `root`.

    Conflict when one of the files is there already; nothing is overwritten.
    """
    try:
        base_url = checked_base_url(base_url)
    except ValueError as problem:
        raise UsageError(f"--base-url: {problem}") from None
    root = root.absolute()
    root.mkdir(parents=True, exist_ok=True)
    for name in (CONFIG_NAME, KEY_NAME, DATABASE_NAME):
        if (root / name).exists():
            raise Conflict(f"{root / name} is there already: this folder is a workspace, or choose another folder")
    _create(root / KEY_NAME, Keyring.generate().text(), 0o600)
    _create(root / CONFIG_NAME, CONFIG_TEXT.format(base_url=base_url), 0o644)
    (root / "scripts").mkdir(exist_ok=True)
    workspace = load_workspace(root)
    open_database(workspace, new=True).close()
    return workspace


def rotate_key(workspace: Workspace) -> Keyring:
    """Add a new signing key to the key file; addresses in sent mails go on verifying."""
    if workspace.environ.get("LINKTRACK_SECRET"):
        raise Conflict("the keys come from LINKTRACK_SECRET: add a new ID:HEX entry at its end instead")
    ring = Keyring.parse(workspace.secret()).rotated()
    draft = workspace.key_path.with_name(KEY_NAME + ".new")
    draft.unlink(missing_ok=True)
    _create(draft, ring.text(), 0o600)
    draft.replace(workspace.key_path)
    return ring


def examine(workspace: Workspace) -> list[Finding]:
    """What doctor reports: configuration, key, scripts, database; raises nothing that a user can cause."""
    base_url = workspace.settings.base_url
    plain = base_url.startswith("http:") and "localhost" not in base_url and "127.0.0.1" not in base_url
    found = [
        Finding("configuration", "ok", str(workspace.config_path), ""),
        Finding("base_url", "warning", base_url, "use https: mail clients warn about plain http")
        if plain
        else Finding("base_url", "ok", base_url, ""),
    ]
    try:
        ring = Keyring.parse(workspace.secret())
        found.append(Finding("key", "ok", f"{len(ring.secrets)} keys, id {ring.signing_id} signs", ""))
    except LinktrackError as problem:
        found.append(Finding("key", "error", str(problem).split(": ")[0], str(problem)))
    scripts = workspace.scripts_path
    if scripts.is_dir():
        found.append(Finding("scripts", "ok", f"{sum(1 for path in scripts.iterdir() if path.is_file())} files", ""))
    else:
        found.append(Finding("scripts", "warning", str(scripts), "make this folder before a link runs a script"))
    found += _examine_database(workspace)
    return found


def _examine_database(workspace: Workspace) -> list[Finding]:
    if path := sqlite_path(workspace.database_url):
        if not path.exists():
            return [Finding("database", "error", str(path), "the file is missing: bring it back from a backup")]
        if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
            return [Finding("database", "error", str(path), "no permission to write the file or its folder")]
    try:
        with connect(workspace.database_url, wait=2) as database:
            version = revision(database)
            if version != HEAD:
                advice = "run linktrack database upgrade" if (version or "") < HEAD else "upgrade linktrack"
                return [Finding("database", "error", f"tables {version}, this program knows {HEAD}", advice)]
            found = [Finding("database", "ok", f"{database.name}, tables {version}", "")]
            if database.dialect == "sqlite":
                verdict = database.value("PRAGMA quick_check(1)")
                broken = database.row("PRAGMA foreign_key_check")
                if verdict != "ok" or broken is not None:
                    detail = (
                        str(verdict) if verdict != "ok" else f"a row of {broken[0] if broken else ''} has no parent"
                    )
                    found.append(Finding("integrity", "error", detail, "bring the database back from a backup"))
                else:
                    found.append(Finding("integrity", "ok", "all pages and references", ""))
            return found
    except LinktrackError as problem:
        return [Finding("database", "error", "cannot be opened", str(problem))]


def backup(workspace: Workspace, target: Path) -> int:
    """Write database, configuration, key and scripts into one tar.gz, also while others write. Returns its bytes.

    The file has mode 0600, for it holds the signing key. Conflict when it is there already; UsageError when
    the database is not SQLite.
    """
    if target.exists():
        raise Conflict(f"{target} is there already: a backup overwrites nothing")
    if sqlite_path(workspace.database_url) is None:
        raise UsageError(
            "backup copies SQLite databases: use pg_dump for PostgreSQL, and copy linktrack.toml and linktrack.key"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".linktrack-backup-") as folder:
            copy = Path(folder) / DATABASE_NAME
            with open_database(workspace) as database, sqlite3.connect(copy) as into:
                database.connection.backup(into)
            into.close()
            with (
                os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as raw,
                tarfile.open(fileobj=raw, mode="w:gz") as archive,
            ):
                archive.add(copy, DATABASE_NAME)
                for path in (workspace.config_path, workspace.key_path, workspace.scripts_path):
                    if path.exists():
                        archive.add(path, path.name)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return target.stat().st_size


def _create(path: Path, text: str, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
