"""What nginx can read and write of an export, as far as that shows here: its workers are a user of their own."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
from contextlib import suppress
from pathlib import Path

from linktrack.errors import BadInput, Conflict
from linktrack.files.kept import Kept, refuse_own, refuse_unfit_place
from linktrack.files.reading import explained, whole_path

_NGINX = Path("/etc/nginx/nginx.conf")
_WEB_SERVERS = ("nginx", "www-data", "http", "wwwrun", "www")  # users


def refuse_unfit_log(log: Path, out: Path, kept: Kept) -> None:
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
        refuse_own(place, log, kept)
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
    servers = _web_servers()
    for path in (*reversed(folder.parents), folder):
        with explained(path):
            found = path.stat()
        if not _has_access_list(path) and not (
            any(_looks_into(found, user) for user in servers) if servers else found.st_mode & stat.S_IXOTH
        ):
            return path
    return None


def _has_access_list(path: Path) -> bool:
    """Whether a folder has a list of users besides its mode, which says who goes through it (acl(5))."""
    with suppress(OSError, AttributeError):  # a file system, or a system, that knows none
        return "system.posix_acl_access" in os.listxattr(path)
    return False


def _web_servers() -> list[pwd.struct_passwd]:
    """The user that nginx's workers are on this machine, by its configuration; else the users of those names that web
    servers have on common systems."""
    try:
        text = _NGINX.read_text("utf-8", "replace")
    except OSError:
        text = ""
    named = re.findall(r"^\s*user\s+([^\s;]+)", text, re.MULTILINE)
    found = []
    for name in named[:1] or _WEB_SERVERS:
        with suppress(KeyError):
            found.append(pwd.getpwnam(name))
    return found


def _looks_into(found: os.stat_result, user: pwd.struct_passwd) -> bool:
    """Whether a user may go through a folder, as the system judges: as its owner, else as one of its group, else as
    anybody else."""
    if user.pw_uid == 0:
        return True
    if found.st_uid == user.pw_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    with suppress(KeyError):
        if found.st_gid == user.pw_gid or user.pw_name in grp.getgrgid(found.st_gid).gr_mem:
            return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
