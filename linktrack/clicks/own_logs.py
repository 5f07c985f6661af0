"""The folders of the server's own click log: every one that it has written into is noted, and what is away is known.

The list stands beside the settings, so that the server needs no database for it. The server notes a folder as `unread`
when it starts, and when it writes a line after an import has begun. An import notes a mark of its own when it begins,
and `read` when it ends, if the mark still stands. So all lines of a folder that is away are known only if it is noted
as `read`. It stays in the list even then: it may come back with lines of somebody who was forgotten meanwhile.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from linktrack.clicks.formats.click_log import FILES
from linktrack.errors import Conflict, LinktrackError, NotFound
from linktrack.files.protected import NOTHING_PROTECTED, refuse_own, refuse_planted_folder, refuse_unfit_place
from linktrack.files.reading import whole_path
from linktrack.files.writing import replace_own
from linktrack.store.lock import held
from linktrack.workspace import Workspace, lock_path, unfit_log

UNREAD, READ = "unread", "read"
_OURS = FILES.partition("*")[0]  # what our logs' names begin with


def note_unread(workspace: Workspace, folder: Path) -> None:
    """Note a folder that the server writes into. Conflict or BadInput where the list cannot be read or written."""
    if workspace.noted_logs().get(_named(workspace, folder)) != UNREAD:
        _change(workspace, lambda noted: {**noted, _named(workspace, folder): UNREAD})


class UnreadLogs:
    """The noted folders while an import reads those that are there. NotFound where there never was one."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._mark = f"import-{secrets.token_hex(4)}"
        self.folders = [folder for folder in workspace.click_logs() if is_there(folder)]
        self.away = logs_away(workspace)
        if not self.folders and not self.away and not workspace.noted_logs():
            raise NotFound("the workspace has no click log of its own (linktrack serve writes one): name a log")

    def begin(self) -> None:
        """Mark the folders that will be read."""
        there = {whole_path(folder) for folder in self.folders}
        _change(
            self._workspace,
            lambda noted: {folder: self._mark if whole_path(folder) in there else was for folder, was in noted.items()},
        )

    def end(self) -> None:
        """All of them were read to their end."""
        _change(
            self._workspace,
            lambda noted: {folder: READ if was == self._mark else was for folder, was in noted.items()},
        )


def logs_away(workspace: Workspace) -> list[Conflict]:
    """An error for each folder of the click log that is not there and may have clicks that no import has read."""
    today, noted = workspace.click_log_path, workspace.noted_logs()
    unread = [folder for folder, was in noted.items() if was != READ]
    if os.path.lexists(today) and today not in unread:  # a link that leads nowhere
        unread.append(today)
    return [
        Conflict(
            "linktrack serve writes its click log here, with what no import may have read yet, and it is away: bring "
            "it back (is its disk there?); where it is lost for good, make an empty folder in its place",
            file=folder,
        )
        for folder in unread
        if not is_there(folder)
    ]


def refuse_log_folder(workspace: Workspace, folder: Path) -> None:
    """Conflict for a folder that the server's click log may not be in, or cannot be as far as that shows without
    writing: the workspace's own, one on a disk that is away, and one with other files, which would be read for logs."""
    if reason := unfit_log(workspace, folder):
        raise Conflict(f"the click log cannot be written: {reason}", file=folder)
    is_known = folder == workspace.click_log_path or _named(workspace, folder) in workspace.noted_logs()
    try:
        for place in () if is_known else (folder, whole_path(folder)):
            refuse_own(place, folder, NOTHING_PROTECTED)
        refuse_unfit_place(folder, folder=True)
        refuse_planted_folder(folder)
    except LinktrackError as problem:  # whatever it is, it is a place that cannot be written
        raise Conflict(f"the click log cannot be written: {problem.sentence}", file=folder) from None
    if folder.is_symlink() and not folder.exists():
        raise Conflict("the click log cannot be written: this link leads nowhere (is its disk there?)", file=folder)
    if not is_there(folder.parent):
        raise Conflict(f"the click log cannot be written: there is no folder {folder.parent}", file=folder)
    if _has_others(folder):
        raise Conflict(
            "the click log cannot be written: other files are in this folder, and all would be taken for logs: name a "
            "new one",
            file=folder,
        )


def is_there(folder: Path) -> bool:
    """Whether a folder is there, as far as this user may know."""
    with suppress(OSError):
        return folder.is_dir()
    return False


def log_troubles(workspace: Workspace) -> list[LinktrackError]:
    """What is wrong with the folders of the click log: those that are away, and today's if it could not be written."""
    try:
        away = logs_away(workspace)
        if any(problem.file == str(workspace.click_log_path) for problem in away):
            return [*away]
        refuse_log_folder(workspace, workspace.click_log_path)
    except LinktrackError as problem:
        return [problem]
    return [*away]


def _has_others(folder: Path) -> bool:
    """Whether files are in a folder, and no click log among them."""
    try:
        names = [path.name for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
    except OSError:  # it is not there, or whoever writes finds out
        return False
    return bool(names) and not any(name.startswith(_OURS) for name in names)


def _named(workspace: Workspace, folder: Path) -> Path:
    """A folder as it is noted: one in the workspace is found there by where the workspace is."""
    named, root = (Path(os.path.normpath(path.absolute())) for path in (folder, workspace.root))
    return workspace.root / named.relative_to(root) if named.is_relative_to(root) else named


def _change(workspace: Workspace, change: Callable[[Mapping[Path, str]], Mapping[Path, str]]) -> None:
    """Change the list where it would be another one, while nobody else does."""
    if change(noted := workspace.noted_logs()) == noted:
        return
    with held(lock_path(workspace.root, "click logs")):
        before = workspace.noted_logs()
        after = change(before)
        root = workspace.root
        shown = {str(path.relative_to(root) if path.is_relative_to(root) else path): was for path, was in after.items()}
        data = json.dumps(shown, indent=1) + "\n"
        replace_own(workspace.logs_path, data.encode())
