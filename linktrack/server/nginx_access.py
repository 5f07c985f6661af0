"""What nginx can read and write of an export, as far as that shows here: its workers are a user of their own."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from linktrack.errors import BadInput, Conflict
from linktrack.files.protected import Protected, refuse_own, refuse_unfit_place
from linktrack.files.reading import explained, whole_path

_NGINX = Path("/etc/nginx/nginx.conf")
_WORD = re.compile(r"""#[^\n]*|[;{}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s;{}"'#][^\s;{}]*""", re.DOTALL)
_DEEPEST = 5  # files that include one another
_WEB_SERVERS = ("nginx", "www-data", "http", "wwwrun", "www")  # users


def refuse_unfit_log(log: Path, out: Path, protected: Protected) -> None:
    """See whether nginx can write this log. BadInput, NotFound or Conflict where it shows that it cannot, and for one
    that is a file of the workspace or of the export."""
    if "$" in str(log):
        raise BadInput(
            "nginx takes a $ for a variable, and opens such a log with every request, as a user that may not: "
            "name another path",
            file=log,
        )
    refuse_unfit_place(log, folder=False)
    for place in (whole_path(log.parent) / log.name, whole_path(log)):  # itself, and what it leads to
        refuse_own(place, log, protected)
    if whole_path(out) in whole_path(log).parents:
        raise Conflict("this is in the folder of the export, whose files are its own: name another path", file=log)


def closed_pages(out: Path, kind: str) -> str:
    """Why nginx, which reads pages as a user of its own, cannot read those of an export; "" where it can."""
    folder = _closed_folder(whole_path(out) / "pages") if kind == "nginx" else None
    if folder is None:
        return ""
    return (
        f"nginx's own user cannot read the pages in {out}, and would answer 403, also who unsubscribes: {folder} is "
        f"not open to it. Export to a new folder outside of it, or run chmod a+x {folder}"
    )


def _closed_folder(folder: Path) -> Path | None:
    """The first folder on the way to `folder`, or itself, that by its mode another user's server reads nothing in; None
    where there is none."""
    servers = _workers()
    for path in (*reversed(folder.parents), folder):
        with explained(path):
            found = path.stat()
        if not _has_access_list(path) and not (
            any(_looks_into(found, worker) for worker in servers) if servers else found.st_mode & stat.S_IXOTH
        ):
            return path
    return None


def _has_access_list(path: Path) -> bool:
    """Whether a folder has a list of users besides its mode, which says who goes through it (acl(5))."""
    with suppress(OSError, AttributeError):  # a file system, or a system, that knows none
        return "system.posix_acl_access" in os.listxattr(path)
    return False


class _Worker(NamedTuple):
    """Who nginx's workers are: a user, and the groups that they are in."""

    user: int
    groups: frozenset[int]


def _workers() -> list[_Worker]:
    """Who nginx's workers are on this machine, by its configuration; else the users of those names that web servers
    have on common systems."""
    named = next(_user_directives(_NGINX), None)
    found = []
    for name, group in [named] if named else [(name, "") for name in _WEB_SERVERS]:
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            # as nginx does it: the group that it names, else the user's namesake, and those that the user is in
            main = _group(group or name)
            others = {one.gr_gid for one in grp.getgrall() if user.pw_name in one.gr_mem}
            found.append(_Worker(user.pw_uid, frozenset(others | {user.pw_gid if main is None else main})))
    return found


def _group(name: str) -> int | None:
    with suppress(KeyError):
        return grp.getgrnam(name).gr_gid
    return None


def _user_directives(file: Path, depth: int = 0) -> Iterator[tuple[str, str]]:
    """The user, and the group or "", that each `user` of a configuration of nginx and of what it includes names."""
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        return
    words: list[str] = []
    for match in _WORD.finditer(text):
        word = match[0]
        if word.startswith("#"):
            continue
        if word not in (";", "{", "}"):
            words.append(word[1:-1] if word[0] in "\"'" else word)
            continue
        if words[:1] == ["user"] and len(words) > 1:
            yield words[1], words[2] if len(words) > 2 else ""
        elif words[:1] == ["include"] and len(words) > 1 and depth < _DEEPEST:
            for path in sorted(Path("/").glob(str(_NGINX.parent / words[1])[1:])):
                yield from _user_directives(path, depth + 1)
        words = []


def _looks_into(found: os.stat_result, worker: _Worker) -> bool:
    """Whether a worker may go through a folder, as the system judges: as its owner, else as one of its group, else as
    anybody else."""
    if worker.user == 0:
        return True
    if found.st_uid == worker.user:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid in worker.groups:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
