"""Whose a workspace is: one that is found must be the user's own, and what root makes in it is its owner's."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from linktrack.errors import Conflict, LinktrackError
from linktrack.files.protected import CONFIG_NAME
from linktrack.files.reading import explained
from linktrack.workspace import Workspace, find_root, load_workspace, lock_paths

_USABLE = stat.S_IROTH | stat.S_IWOTH


def find_workspace(start: Path, named: Path | None, environ: Mapping[str, str]) -> Workspace:
    """The workspace `named`, or of `LINKTRACK_WORKSPACE`, or the nearest one upwards from `start`.

    One that is found and not named must be the user's own: Conflict when somebody else could have put it there.
    """
    root, was_named = find_root(start, named, environ)
    if was_named:
        return load_workspace(root, environ)
    refuse_strangers(_first_places(root), root)
    workspace = load_workspace(root, environ)
    refuse_strangers(_further_places(workspace), root)
    return workspace


def refuse_strangers(places: Iterator[Path], root: Path) -> None:
    """Conflict when one of the places could have been written by another user than ours and root."""
    for path in places:
        if fault := strangers_fault(path):
            raise Conflict(
                f"{path} {fault}, and the workspace {root} was only found, not named: if you trust it, name it with "
                f"--workspace {root}; else mend it"
            )


def strangers_fault(path: Path, owner: int | None = None) -> str:
    """Why somebody else than root and `owner` (None: the user) could have written a file or folder (what a link leads
    to), and the mending; "" if nobody."""
    with explained(path):
        found = path.stat()
    if found.st_uid not in (0, os.geteuid() if owner is None else owner):
        return "belongs to another user (chown)"
    if found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and not _is_own_group(found)):
        return "can be written by others (chmod go-w)"
    return ""


def places_of(workspace: Workspace) -> Iterator[Path]:
    """The files and folders of a workspace that must be its owner's alone, as far as they are there."""
    yield from _first_places(workspace.root)
    yield from _further_places(workspace)


def _first_places(root: Path) -> Iterator[Path]:
    yield root
    yield root / CONFIG_NAME


def _further_places(workspace: Workspace) -> Iterator[Path]:
    scripts = workspace.scripts_path
    for path in (workspace.key_path, workspace.database_path, scripts, *lock_paths(workspace.root)):
        if path is not None and path.exists():
            yield path
    if scripts.is_dir():
        yield from (path for path in scripts.rglob("*") if path.exists())


def lock_fault(found: os.stat_result, root: Path) -> str:
    """Why what is found in a lock's place (itself, not what it leads to) is no lock of the workspace; "" if it is."""
    if stat.S_ISLNK(found.st_mode):
        return "is a link to another file"
    if not stat.S_ISREG(found.st_mode):
        return "is no plain file"
    if found.st_nlink != 1:
        return "has another name, too, or none any more"
    if found.st_uid not in (0, os.geteuid(), root.stat().st_uid):
        return "belongs to another user"
    return ""


def foreign_files(workspace: Workspace) -> Iterator[tuple[Path, str]]:
    """The files that a workspace keeps itself and that its owner cannot use, with the owner: root has made them."""
    owner = workspace.root.stat().st_uid
    database = workspace.database_path
    places = [workspace.config_path, workspace.key_path, *lock_paths(workspace.root)]
    places += [workspace.snapshot_path, workspace.exports_path, workspace.logs_path, workspace.scripts_path]
    places += [] if database is None else [Path(f"{database}{end}") for end in ("", "-wal", "-shm")]
    with suppress(OSError, LinktrackError):
        places += [path for log in workspace.click_logs() for path in (log, *log.glob("clicks-*"))]
    for path in places:
        with suppress(OSError):
            found = path.stat()
            if found.st_uid == 0 != owner and found.st_mode & _USABLE != _USABLE:
                yield path, _user_name(owner)


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _is_own_group(found: os.stat_result) -> bool:
    """Whether a file's group is its owner's own, with nobody else in it."""
    try:
        owner = pwd.getpwuid(found.st_uid)
        members = grp.getgrgid(found.st_gid).gr_mem
    except KeyError:
        return False
    return (
        found.st_gid == owner.pw_gid
        and set(members) <= {owner.pw_name}
        and all(user.pw_uid == found.st_uid for user in pwd.getpwall() if user.pw_gid == found.st_gid)
    )
