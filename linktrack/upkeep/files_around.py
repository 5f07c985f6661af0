"""The files around a workspace: in its folder and beside it, where copies of what is in it are likely to be.

Only so many are looked at, for folders of mails and disks of others may be there; which ones were not, is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from linktrack.files.reading import tidy_path, whole_path
from linktrack.workspace import Workspace

_MANY = 10_000  # entries of a folder that are looked at
_MOST = 100_000  # files of all folders


class FilesAround(NamedTuple):
    """Files with something in them, by folder and name, and the folders of which there are others."""

    files: tuple[Path, ...]
    passed_over: tuple[Path, ...]


def files_around(workspace: Workspace) -> FilesAround:
    """What lies in the workspace's folder and in the folders in it, beside it and in the folders beside it (not
    deeper), and where its database is. Each file has its own name. Links to folders are not followed, and what this
    user may not look at is left out. Beside a workspace that is reached by a link is what is beside that, too."""
    named, database = tidy_path(workspace.root), workspace.database_path
    root = whole_path(named)
    entries = {folder: _entries(folder) for folder in (root, root.parent, named.parent)}
    at_home = [root, *_folders(entries[root]), root.parent, named.parent]
    at_home += [] if database is None else [tidy_path(database).parent, whole_path(database).parent]
    beside = (*entries[root.parent][:_MANY], *entries[named.parent][:_MANY])
    files, passed_over = dict[Path, None](), list[Path]()
    for folder in dict.fromkeys((*at_home, *_folders(beside))):
        there = entries.get(folder) or _entries(folder)
        room = _MOST - len(files)
        found = sorted({whole_path(path) if path.is_symlink() else path for path in plain_files(there[:_MANY])})
        files.update(dict.fromkeys(found[:room]))
        if len(there) > _MANY or len(found) > room:
            passed_over.append(folder)
    return FilesAround(tuple(files), tuple(passed_over))


def plain_files(entries: Iterable[Path]) -> Iterator[Path]:
    """Plain files that are not empty: those of the system, which may have anybody wait, are."""
    for path in entries:
        with suppress(OSError):
            if path.is_file() and path.stat().st_size:
                yield path


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, and one more than is looked at."""
    with suppress(OSError):
        return list(islice(folder.iterdir(), _MANY + 1))
    return []


def _folders(entries: Iterable[Path]) -> list[Path]:
    found = list[Path]()
    for path in entries:
        with suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                found.append(path)
    return sorted(found)
