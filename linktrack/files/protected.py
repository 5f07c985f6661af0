"""Where an output may be written: none ever replaces an input of its command or a file of a workspace, or follows a
link that somebody else has planted."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.files.reading import STDIN, explained, is_open_file, sentence_of, whole_path
from linktrack.values import CONTROLS

CONFIG_NAME = "linktrack.toml"  # what marks a folder as a workspace
_OWN_FILE = re.compile(
    r"linktrack\.(toml|key|db|snapshot|exports|logs).*|\.linktrack-.*"
)  # of a workspace, with companions
_OWN_FOLDERS = ("scripts", "clicklog", "pages")
_LINKS = 40  # symbolic links that are followed, as the system does
_LONGEST_PATH, _LONGEST_NAME = 4_000, 255  # bytes
_SYSTEM_FOLDER = re.compile("/(proc|sys|dev(?!/shm/))/")


@dataclass(frozen=True)
class Protected:
    """What no output of a command may replace: the files it reads, and the files and folders of its workspace."""

    inputs: tuple[Path, ...] = ()
    own: tuple[Path, ...] = ()  # a database stands for its companions too, a folder for what is in it

    def and_inputs(self, *paths: Path | str | None) -> Protected:
        """The same with further inputs; `-` and None are none."""
        more = (Path(path) for path in paths if path is not None and str(path) != STDIN)
        return Protected((*self.inputs, *more), self.own)


NOTHING_PROTECTED = Protected()


def judged_target(path: Path, protected: Protected) -> Path:
    """Where an output named `path` is really written: links resolved once.

    Conflict for a folder, an input, a workspace's own file, or a link of another user; NotFound without the folder that
    it is to be in.
    """
    with explained(path):
        target = resolved(path)
        there = target.stat() if target.exists() else None
    if there is not None and stat.S_ISDIR(there.st_mode):
        raise folder_in_place(path)
    if not target.parent.is_dir():
        raise NotFound(f"there is no such folder: {target.parent}")
    if there is not None and _is_input(there, target, protected):
        raise Conflict("this is read by the same command, and writing would destroy it: name another", file=path)
    refuse_own(target, path, protected)
    return target


def folder_in_place(path: Path) -> Conflict:
    """The error of an output that is to be a file and names a folder."""
    return Conflict("this is a folder: name a file in it", file=path)


def refuse_unfit_place(path: Path, *, folder: bool) -> None:
    """See whether `path` can be a folder that is written into, else a file, as far as that shows; what is not there yet
    can be made.

    BadInput, NotFound or Conflict for a name that no file system takes, one of the system's own folders, a link in a
    circle, a file on the way, and where something else is there.
    """
    whole = Path(os.path.normpath(path.absolute()))
    if found := CONTROLS.search(str(whole)):
        raise BadInput(f"a path must not have the sign {found[0]!r}", file=path)
    named = os.fsencode(whole)
    if len(named) > _LONGEST_PATH or any(len(part) > _LONGEST_NAME for part in named.split(b"/")):
        raise sentence_of(OSError(errno.ENAMETOOLONG, ""), path)
    if any(_SYSTEM_FOLDER.match(f"{one}/") for one in (whole, os.path.realpath(whole))):
        raise BadInput("this is among the system's own files, where nothing is kept: name another path", file=path)
    try:
        mode = whole.stat().st_mode
    except OSError as problem:
        if problem.errno in (errno.ENOENT, errno.EACCES):  # which whoever writes there may make, and look into
            return
        raise sentence_of(problem, path) from None
    if folder and not stat.S_ISDIR(mode):
        raise Conflict("this must be a folder, and is none: name a folder", file=path)
    if not folder and stat.S_ISDIR(mode):
        raise folder_in_place(path)
    if not folder and not stat.S_ISREG(mode):
        raise Conflict("this must be a file, and is a pipe or a device: name a file", file=path)


def _is_input(there: os.stat_result, target: Path, protected: Protected) -> bool:
    """Whether a file is one that the command reads: by itself, in a folder, or redirected."""
    given = [path for path in protected.inputs if path.exists()]
    if any(os.path.samestat(there, one) for one in (*_stdin_file(), *(path.stat() for path in given))):
        return True
    whole = whole_path(target)
    return any(path.is_dir() and whole_path(path) in whole.parents for path in given)


def _stdin_file() -> Iterator[os.stat_result]:
    """The regular file that standard input is read from, if it is one: an input that no argument names."""
    with suppress(OSError):
        given = os.fstat(0)
        if stat.S_ISREG(given.st_mode):
            yield given


def refuse_own(target: Path, named: Path, protected: Protected) -> None:
    """Conflict when `target` is a workspace's own file: it lies where any workspace has such a file, or `protected`
    names it, directly, by a link, or by the folder that it is in."""
    real = whole_path(target.parent) / target.name
    own = (one for path in protected.own for one in (path, *_links_in(path)))
    mine = {place for path in own for place in (whole_path(path.parent) / path.name, whole_path(path))}
    by_name = any(_is_own_by_name(place) for place in (real, named.absolute()))
    if (
        by_name
        or _is_another_name(real, mine)
        or any(
            real == place
            or place in real.parents
            or (real.parent == place.parent and real.name.startswith((f"{place.name}-", f"{place.name}.")))
            for place in mine
        )
    ):
        raise Conflict("this belongs to a workspace, and writing would destroy it: name another path", file=named)


def _is_another_name(path: Path, mine: Collection[Path]) -> bool:
    """Whether a file is one of these, by another name of it (a hard link)."""
    try:
        found = path.stat()
        if found.st_nlink == 1 or not stat.S_ISREG(found.st_mode):
            return False
        return any(os.path.samestat(found, place.stat()) for place in mine if place.exists())
    except OSError:
        return False


def _links_in(folder: Path) -> Iterator[Path]:
    """The links in a folder and the folders in it, each of which may lead out of it; none in what is no folder."""
    waiting = [folder]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as found:
            for entry in found:
                if entry.is_symlink():
                    yield Path(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))


def _is_own_by_name(path: Path) -> bool:
    """Whether a path is a workspace's file or in a folder of it, by the names that these have in any."""
    if _OWN_FILE.fullmatch(path.name) and (path.parent / CONFIG_NAME).exists():
        return True
    return any(part.name in _OWN_FOLDERS and (part.parent / CONFIG_NAME).exists() for part in (path, *path.parents))


def resolved(path: Path) -> Path:
    """`path` with the links at its end followed. Conflict for one of another user, there or on the way."""
    here = path
    for _ in range(_LINKS):
        refuse_planted(here, path)
        with explained(path):
            if is_open_file(here) or not here.is_symlink():
                return here
            if here.lstat().st_uid != os.geteuid():
                raise Conflict("this is a link that belongs to somebody else: name the file itself", file=path)
            here = here.parent / here.readlink()
    raise sentence_of(OSError(errno.ELOOP, ""), path)


def refuse_planted(path: Path, named: Path) -> None:
    """Conflict when a folder on the way to `path` is a link of another user, who chooses where it leads."""
    for folder in path.absolute().parents:
        with explained(named):
            if folder.is_symlink() and folder.lstat().st_uid not in (0, os.geteuid()):
                raise Conflict(f"{folder} is a link that belongs to somebody else: name the folder itself", file=named)


def refuse_planted_folder(folder: Path) -> None:
    """The same for a folder that is written into, which may be a link itself: of this user, or the system's."""
    here = folder
    for _ in range(_LINKS):
        refuse_planted(here / CONFIG_NAME, folder)
        with explained(folder):
            if not here.is_symlink():
                return
            here = here.parent / here.readlink()
    raise sentence_of(OSError(errno.ELOOP, ""), folder)


def refuse_root(root: Path, named: Path, protected: Protected) -> None:
    """Conflict for a folder in which no workspace may be made: one that is reached by another user's link, or is among
    the own files of a workspace."""
    refuse_planted_folder(root)
    refuse_own(root, named, protected)


def is_written_into(path: Path) -> bool:
    """Whether an output is a device, a pipe or an open file, which is never replaced by a file."""
    if is_open_file(path):
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
