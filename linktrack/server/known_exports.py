"""The exports that a workspace has made, remembered beside its settings, and which of them a change of the catalogue
has left behind."""

from __future__ import annotations

import json
from pathlib import Path

from linktrack.errors import LinktrackError
from linktrack.files.reading import read_own, whole_path
from linktrack.files.writing import replace_own
from linktrack.server.static_export import files_behind
from linktrack.store.session import Database
from linktrack.workspace import Workspace


def remember_export(workspace: Workspace, out: Path) -> None:
    """Note where an export is."""
    known, where = _known(workspace), str(whole_path(out))
    if where not in known:
        replace_own(workspace.exports_path, (json.dumps([*known, where], indent=1) + "\n").encode())


def exports_behind(workspace: Workspace, database: Database) -> list[Path]:
    """The remembered exports that are behind the catalogue, but those that are gone or cannot be read here."""
    return [out for out in map(Path, _known(workspace)) if _is_behind(workspace, database, out)]


def _is_behind(workspace: Workspace, database: Database, out: Path) -> bool:
    try:
        return bool(files_behind(workspace, database, out))
    except LinktrackError:
        return False


def _known(workspace: Workspace) -> list[str]:
    """Whole paths of folders; none where the file cannot be read, for all that it is good for is a hint."""
    try:
        found = json.loads(read_own(workspace.exports_path, "a list of exports"))
    except (LinktrackError, ValueError, RecursionError):
        return []
    return [path for path in found if isinstance(path, str)] if isinstance(found, list) else []
