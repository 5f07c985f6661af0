"""A workspace put in place: its files are made in a folder beside their places and linked there one by one,
`linktrack.toml` last, which makes them a workspace. What a killed command left is known by being the same files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from linktrack.files.beside import leftovers, sync
from linktrack.files.protected import CONFIG_NAME


def put_in_place(aside: Path, root: Path) -> Iterator[Path]:
    """Link each file in `aside` to its place below `root`, `linktrack.toml` last. Yields each path that was made."""
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
        sync(folder)
    os.link(aside / CONFIG_NAME, root / CONFIG_NAME)
    yield root / CONFIG_NAME
    sync(root)


def clear_killed(root: Path) -> None:
    """Remove what a killed command has put into a folder that has not become a workspace. Nothing is removed where a
    file there is not the one that the command made (as in a copied folder) or was written to since: it may be a
    workspace that has lost its settings."""
    if (root / CONFIG_NAME).exists():
        return
    for aside in on_their_way(root):
        placed = [(root / path.relative_to(aside), path) for path in sorted(aside.rglob("*"), reverse=True)]
        made = aside.stat().st_mtime_ns  # the folder changed last when the database was closed
        if any(_is_another(there, path, made) for there, path in placed):
            continue
        for there, path in placed:
            with suppress(OSError):
                there.rmdir() if path.is_dir() else there.unlink()
        shutil.rmtree(aside, ignore_errors=True)


def _is_another(there: Path, path: Path, made: int) -> bool:
    """Whether a file in its place is another than that which was made, or was written to after `made` (nanoseconds)."""
    if path.is_dir() or not there.exists():
        return False
    return not there.samefile(path) or there.stat().st_mtime_ns > made


def on_their_way(root: Path) -> list[Path]:
    """The folders in which killed commands of this user were making a workspace for `root`."""
    return [
        path
        for path in leftovers(root)
        if path.is_dir() and not path.is_symlink() and path.lstat().st_uid == os.geteuid()
    ]


def remove_made(path: Path) -> None:
    """Remove a file, or a folder that is empty, if it is there."""
    with suppress(OSError):
        path.rmdir() if path.is_dir() else path.unlink()
