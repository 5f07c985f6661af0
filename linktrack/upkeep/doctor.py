"""What is wrong with a workspace: settings, whose it is, keys, scripts, database, clock, what killed commands left,
what is due, and with a deep look every row and every figure."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from linktrack.clicks.logs.configured import check_log_format
from linktrack.errors import LinktrackError
from linktrack.files.protected import CONFIG_NAME
from linktrack.hosts import is_this_machine
from linktrack.moments import Clock, now
from linktrack.ownership import foreign_files, lock_fault, places_of, strangers_fault
from linktrack.settings.values import is_most_of_the_internet
from linktrack.store.database_files import is_sqlite_file
from linktrack.upkeep.checks import Check, error_of, leftovers_in, looked
from linktrack.upkeep.database_checks import look_into_database
from linktrack.workspace import Workspace, lock_paths, own_folders, read_workspace

MEGA = 1_000_000
_ROOM = 100 * MEGA  # bytes that should be free besides a copy of the database


def examine(
    root: Path,
    environ: Mapping[str, str],
    *,
    deep: bool = False,
    uses: Sequence[Callable[[Workspace], object]] = (),
    clock: Clock = now,
) -> list[Check]:
    """Look at everything in the workspace in `root`, `deep`: at every row; raises nothing that a user can cause.

    `uses` are uses of settings in rooms that are not known here: each refuses what it cannot use.
    """
    path = root / CONFIG_NAME
    try:
        workspace, problems = read_workspace(root, environ)
    except LinktrackError as problem:
        return [error_of("settings", path, problem)]
    if workspace is None:
        return [error_of("settings", path, problem) for problem in problems]
    looks: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("settings", lambda: _settings(workspace, uses)),
        ("base_url", lambda: _base_url(workspace.settings.base_url)),
        ("trusted_proxies", lambda: _proxies(workspace.settings.clicks.trusted_proxies)),
        ("places", lambda: _places(workspace)),
        ("owner", lambda: _owners(workspace)),
        ("lock", lambda: _locks(workspace)),
        ("mode", lambda: _modes(workspace)),
        ("space", lambda: _space(workspace)),
        ("database", lambda: look_into_database(workspace, deep, clock())),
        ("leftovers", lambda: leftovers_in(own_folders(workspace))),
    ]
    return [found for check, look in looks for found in looked(check, look)]


def _settings(workspace: Workspace, uses: Sequence[Callable[[Workspace], object]]) -> Iterator[Check]:
    refused = False
    for use in (check_log_format, *uses):
        try:
            use(workspace)
        except LinktrackError as problem:
            refused = True
            yield error_of("settings", workspace.config_path, problem)
    if not refused:
        yield Check("settings", "ok", str(workspace.config_path), "")


def _base_url(url: str) -> Iterator[Check]:
    if url.startswith("http:") and not is_this_machine(url):
        yield Check("base_url", "warning", url, "use https: mail clients warn about plain http")
    else:
        yield Check("base_url", "ok", url, "")


def _proxies(networks: Sequence[str]) -> Iterator[Check]:
    for network in filter(is_most_of_the_internet, networks):
        yield Check(
            "trusted_proxies",
            "warning",
            f"{network} is most of the internet",
            "whoever asks from there may say who they are: name the proxies' own networks under [clicks]",
        )


def _places(workspace: Workspace) -> Iterator[Check]:
    """Pipes, devices, files and folders that stand where the workspace has something else of its own."""
    files = [workspace.config_path, workspace.key_path, workspace.snapshot_path]
    files += [workspace.exports_path, workspace.logs_path]
    for path in (*files, workspace.scripts_path, workspace.click_log_path, workspace.templates_path):
        if path.exists() and not (path.is_file() if path in files else path.is_dir()):
            detail = f"{path} is no {'plain file' if path in files else 'folder'}"
            yield Check("places", "error", detail, "see what it is, and remove it: nothing of ours can be there")


def _owners(workspace: Workspace) -> Iterator[Check]:
    owner = workspace.root.stat().st_uid if os.geteuid() == 0 else None  # root may look after anybody's
    shown_and_believed = (workspace.templates_path, *workspace.click_logs())
    inside = (
        path
        for folder in shown_and_believed
        if folder.is_dir()
        for path in (folder, *folder.rglob("*"))
        if path.exists()
    )
    faults = [(path, fault) for path in (*places_of(workspace), *inside) if (fault := strangers_fault(path, owner))]
    for path, fault in faults:
        yield Check(
            "owner", "error", f"{path} {fault}", "nobody else may be able to change what belongs to a workspace"
        )
    foreign = list(foreign_files(workspace))
    for path, whose in foreign:
        advice = f"{whose}'s commands cannot use it: run chown {whose} on it, and linktrack by runuser -u {whose}"
        yield Check("owner", "error", f"{path} belongs to root, and the workspace to {whose}", advice)
    if not faults and not foreign:
        said = "settings, key, database, scripts, templates, click log and locks are their owner's alone"
        yield Check("owner", "ok", said, "")


def _locks(workspace: Workspace) -> Iterator[Check]:
    """Locks that no command takes."""
    for path in lock_paths(workspace.root):
        if fault := lock_fault(path.lstat(), workspace.root):
            yield Check("lock", "error", f"{path} {fault}", "see what it is, and remove it: no command takes this lock")


def _modes(workspace: Workspace) -> Iterator[Check]:
    """What others may read: key, settings and database hold secrets and people's data."""
    database = workspace.database_path
    ours = database is not None and (is_sqlite_file(database) or workspace.root in database.parents)
    companions = sorted(database.parent.glob(f"{database.name}*")) if database is not None and ours else []
    for path in (workspace.config_path, *companions):
        if path.is_file() and path.stat().st_mode & 0o077:
            mode = stat.S_IMODE(path.stat().st_mode)
            yield Check("mode", "warning", f"{path} ({mode:04o})", "others can read it: run chmod 600 on it")


def _space(workspace: Workspace) -> Iterator[Check]:
    """Whether the disk has room for a copy of the database, which an upgrade makes."""
    database = workspace.database_path
    if database is None or not database.exists():
        return
    free, size = shutil.disk_usage(database.parent).free, database.stat().st_size
    detail = f"{free / MEGA:,.0f} MB free, the database has {size / MEGA:,.0f} MB"
    if free < size + _ROOM:
        yield Check("space", "warning", detail, "there is little room: an upgrade copies the database first")
    else:
        yield Check("space", "ok", detail, "")
