"""Folders are made whole or not at all, as files are."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from linktrack.errors import Conflict, NotFound
from linktrack.files.beside import ASIDE, errors_about, give_to_owner_of, hold, remove_leftovers, sync
from linktrack.files.protected import Protected, refuse_own, refuse_planted
from linktrack.files.reading import explained, sentence_of

_MANY = 100  # files that are synced one by one


def make_own_folder(folder: Path, mode: int = 0o700) -> None:
    """Make a folder where there is none; it belongs to whom the one above does."""
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        if folder.is_dir():
            return
        raise
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        give_to_owner_of(folder.parent, handle)
    finally:
        os.close(handle)


def folder_for_a_moment(wanted: Path) -> Path:
    """A folder for short-lived files: `wanted` if it may be written to, else the system's temporary one."""
    return wanted if os.access(wanted, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


@contextmanager
def passing_folder(beside: Path) -> Iterator[Path]:
    """A folder for files that are needed for a moment, in a folder on the same disk; a killed command's goes with the
    next one."""
    with explained(beside):
        remove_leftovers(beside)
        folder = beside / f".linktrack{ASIDE}{secrets.token_hex(6)}"
        folder.mkdir(mode=0o700)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        give_to_owner_of(beside, handle)
    try:
        hold(handle)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


@contextmanager
def making_folder(out: Path, protected: Protected, *, mode: int = 0o700) -> Iterator[Path]:
    """A folder beside `out` that takes its name when all is well and vanishes when it is not.

    Everything in it is synced first. Conflict when `out` is there and not empty; NotFound without the folder above.
    """
    check_new_folder(out, protected)
    whole = out.absolute()
    remove_leftovers(whole.parent)
    aside = whole.with_name(f".{whole.name[:200]}{ASIDE}{secrets.token_hex(6)}")
    handle = -1
    try:
        with explained(out):
            aside.mkdir(mode=0o700)  # in here, for Ctrl-C may come as soon as it is there
            aside.chmod(mode)
            handle = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if not hold(handle):
                raise Conflict(f"{out} was cleared away while it was made: run the command again")
        with errors_about(aside, out):
            yield aside
            sync_tree(aside)
            check_new_folder(out, protected)
            if out.exists():
                out.rmdir()
            aside.rename(whole)
            sync(whole.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    finally:
        if handle >= 0:
            os.close(handle)


def check_new_folder(out: Path, protected: Protected) -> None:
    """Conflict when nothing can be written into a folder `out`, because something is there or it is a workspace's;
    NotFound without the folder above it."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        what = "is a link" if out.is_symlink() else "is a file"
        raise Conflict(f"{out} {what}: name a new folder")
    refuse_planted(out, out)
    parent = out.absolute().parent
    if not parent.is_dir():
        raise NotFound(f"there is no such folder: {parent}")
    with explained(out):
        if out.is_dir() and any(out.iterdir()):
            raise Conflict(f"{out} is not empty: name a new folder")
        if not os.access(out if out.is_dir() else parent, os.W_OK | os.X_OK):
            raise sentence_of(PermissionError(errno.EACCES, ""), out)
    refuse_own(out.absolute(), out, protected)


def sync_tree(folder: Path) -> None:
    """Sync every file below a folder, and the folders; very many at once, for each one alone takes milliseconds."""
    found = list(islice(folder.rglob("*"), _MANY))
    if len(found) == _MANY:
        os.sync()
        return
    for path in found:
        if not path.is_symlink():
            sync(path)
    sync(folder)
