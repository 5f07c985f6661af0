"""What is wrong with a workspace: settings, whose it is, keys, scripts, database, clock, what killed commands left,
what is due, and with a deep look every row and every figure."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from linktrack.actions.processes import unfit_script
from linktrack.clicks.logs.configured import check_log_format
from linktrack.errors import LinktrackError
from linktrack.files import CONFIG_NAME, leftovers
from linktrack.hosts import is_this_machine
from linktrack.links.keys import open_keys
from linktrack.mailings.handing_out import ways_on
from linktrack.mailings.shipments import list_outputs, unfinished_shipments
from linktrack.moments import iso, now
from linktrack.sentences import counted
from linktrack.setting_values import is_most_of_the_internet
from linktrack.store.dialects import SQLITE
from linktrack.store.session import Database, open_database
from linktrack.upkeep.deep import lost_open_clicks, missing_rows, wrong_figures
from linktrack.upkeep.status import status_of
from linktrack.workspace import (
    Workspace,
    foreign_files,
    lock_fault,
    lock_paths,
    places_of,
    read_workspace,
    strangers_fault,
)

_WAIT_SECONDS = 2
MEGA = 1_000_000
_ROOM = 100 * MEGA  # bytes that should be free besides a copy of the database
_AHEAD = 300_000  # milliseconds that clocks of several machines may differ


class Check(NamedTuple):
    """One thing that doctor looked at. `state`: ok, warning, error; `advice`: the way out, empty when ok."""

    check: str
    state: str
    detail: str
    advice: str


def examine(
    root: Path, environ: Mapping[str, str], *, deep: bool = False, uses: Sequence[Callable[[Workspace], object]] = ()
) -> list[Check]:
    """Look at everything in the workspace in `root`, `deep`: at every row; raises nothing that a user can cause.

    `uses` are uses of settings in rooms that are not known here: each refuses what it cannot use.
    """
    path = root / CONFIG_NAME
    try:
        workspace, problems = read_workspace(root, environ)
    except LinktrackError as problem:
        return [_error("settings", path, problem)]
    if workspace is None:
        return [_error("settings", path, problem) for problem in problems]
    return [
        *_settings(workspace, uses),
        _base_url(workspace.settings.base_url),
        *_proxies(workspace.settings.clicks.trusted_proxies),
        *_owners(workspace),
        *_locks(workspace),
        *_modes(workspace),
        *_space(workspace),
        *_database(workspace, deep),
        *_leftovers(_own_folders(workspace)),
    ]


def _settings(workspace: Workspace, uses: Sequence[Callable[[Workspace], object]]) -> Iterator[Check]:
    refused = False
    for use in (check_log_format, *uses):
        try:
            use(workspace)
        except LinktrackError as problem:
            refused = True
            yield _error("settings", workspace.config_path, problem)
    if not refused:
        yield Check("settings", "ok", str(workspace.config_path), "")


def _base_url(url: str) -> Check:
    if url.startswith("http:") and not is_this_machine(url):
        return Check("base_url", "warning", url, "use https: mail clients warn about plain http")
    return Check("base_url", "ok", url, "")


def _proxies(networks: Sequence[str]) -> Iterator[Check]:
    for network in filter(is_most_of_the_internet, networks):
        yield Check(
            "trusted_proxies",
            "warning",
            f"{network} is most of the internet",
            "whoever asks from there may say who they are: name the proxies' own networks under [clicks]",
        )


def _owners(workspace: Workspace) -> Iterator[Check]:
    owner = workspace.root.stat().st_uid if os.geteuid() == 0 else None  # root may look after anybody's
    faults = [(path, fault) for path in places_of(workspace) if (fault := strangers_fault(path, owner))]
    for path, fault in faults:
        yield Check(
            "owner", "error", f"{path} {fault}", "nobody else may be able to change what belongs to a workspace"
        )
    foreign = list(foreign_files(workspace))
    for path, whose in foreign:
        advice = f"{whose}'s commands cannot use it: run chown {whose} on it, and linktrack by runuser -u {whose}"
        yield Check("owner", "error", f"{path} belongs to root, and the workspace to {whose}", advice)
    if not faults and not foreign:
        yield Check("owner", "ok", "settings, key, database, scripts and locks are their owner's alone", "")


def _locks(workspace: Workspace) -> Iterator[Check]:
    """Locks that no command takes."""
    for path in lock_paths(workspace.root):
        if fault := lock_fault(path.lstat(), workspace.root):
            yield Check("lock", "error", f"{path} {fault}", "see what it is, and remove it: no command takes this lock")


def _modes(workspace: Workspace) -> Iterator[Check]:
    """What others may read: key, settings and database hold secrets and people's data."""
    database = workspace.database_path
    companions = [] if database is None else sorted(database.parent.glob(f"{database.name}*"))
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


def _scripts(workspace: Workspace, database: Database) -> Iterator[Check]:
    """Whether every script that an action names is there and can be started."""
    folder = workspace.scripts_path
    rows = database.rows(
        "SELECT l.key, a.number, a.settings FROM action a JOIN link l ON l.id = a.link_id WHERE a.type = 'script' "
        "ORDER BY l.key, a.number"
    )
    named: dict[str, list[str]] = {}
    for key, number, settings in rows:
        named.setdefault(str(json.loads(settings).get("script")), []).append(f"action {number} of {key}")
    lacking = False
    for script, actions in named.items():
        missing = unfit_script(folder, script)
        if missing is not None:
            lacking = True
            yield Check("scripts", "error", f"{script} ({', '.join(actions[:3])})", missing.message)
    if not folder.is_dir() and not lacking:
        yield Check("scripts", "warning", str(folder), "make this folder before a link runs a script")
    elif not lacking:
        yield Check("scripts", "ok", f"{sum(1 for path in folder.iterdir() if path.is_file())} files", "")


def _own_folders(workspace: Workspace) -> set[Path]:
    database = workspace.database_path
    return {workspace.root, workspace.root if database is None else database.parent, workspace.click_log_path}


def _leftovers_beside_outputs(workspace: Workspace, database: Database) -> Iterator[Check]:
    """What lies where mails and files of runs were written into, and people keep their backups."""
    outs = [out for (out,) in database.rows("SELECT DISTINCT out FROM run")]
    outs += [one.out for one in list_outputs(database)]
    yield from _leftovers({Path(out).parent for out in outs if out.startswith("/")} - _own_folders(workspace))


def _leftovers(folders: set[Path]) -> Iterator[Check]:
    for folder in sorted(path for path in folders if path.is_dir() and os.access(path, os.R_OK | os.X_OK)):
        for path in leftovers(folder):
            yield Check("leftovers", "warning", str(path), "a command was killed while it wrote this: remove it")


def _clock(database: Database, moment: int) -> Check:
    """Whether the clock stands before what was written already."""
    written = database.value(
        "SELECT max(moment) FROM (SELECT max(created_at) AS moment FROM shipment UNION SELECT max(started_at) FROM run "
        "UNION SELECT max(read_at) FROM reading UNION SELECT imported_at FROM workspace) written"
    )
    if written is not None and written > moment + _AHEAD:
        detail = f"it is {iso(moment)}, and something was written at {iso(written)}"
        return Check("clock", "error", detail, "set the machine's clock: times of shipments and runs follow it")
    return Check("clock", "ok", iso(moment), "")


def _due(workspace: Workspace, database: Database, moment: int) -> Iterator[Check]:
    """The last import and run, and what somebody must see to."""
    found = status_of(workspace, database, moment)
    for check, last in (("import", found.last_import), ("run", found.last_run)):
        if check not in found.due:
            said = "none so far" if last is None else f"the last one at {iso(last, workspace.zone)}"
            yield Check(check, "ok", said, "")
    for what, advice in zip(found.due, found.advice, strict=True):
        if what != "shipments":  # which are named one by one
            yield Check(what, "warning", "due", advice)


def _tables(database: Database) -> Iterator[Check]:
    """The tables that a database of this version has, and lacks."""
    from sqlmodel import SQLModel

    import linktrack.store.tables  # noqa: F401  (which makes them known)

    if database.dialect == SQLITE:
        there = database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    else:
        there = database.rows("SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false))")
    missing = sorted(set(SQLModel.metadata.tables) - {row[0] for row in there})
    if missing:
        yield Check("tables", "error", f"missing: {', '.join(missing)}", "bring the database back from a backup")


def _all_rows(database: Database) -> Iterator[Check]:
    """Every row that another one names, every figure that is kept, every open click."""
    mend = "bring the database back from a backup, and import the logs since again"
    found = 0
    for fault in missing_rows(database):
        found += 1
        yield Check("rows", "error", f"{fault.table}: {fault.rows:,} {fault.what}", mend)
    if not found:
        yield Check("rows", "ok", "all rows have what they name", "")
    found = 0
    for fault in wrong_figures(database):
        found += 1
        detail = f"{fault.table}: {fault.rows:,} {fault.what}"
        yield Check("figures", "error", detail, "count them anew: linktrack doctor --repair")
    if not found:
        yield Check("figures", "ok", "all figures are those of the clicks", "")
    lost = lost_open_clicks(database)
    if lost:
        yield Check("open clicks", "error", f"{lost:,} that no run would find", "linktrack doctor --repair finds them")


def _database(workspace: Workspace, deep: bool) -> Iterator[Check]:
    try:
        with open_database(workspace, wait=_WAIT_SECONDS) as database:
            yield Check("database", "ok", database.name, "")
            yield _keys(workspace, database)
            yield from _unfinished(database)
            yield from _tables(database)
            if database.dialect == SQLITE:
                yield _integrity(database)
            moment = now()
            yield _clock(database, moment)
            yield from _scripts(workspace, database)
            yield from _due(workspace, database, moment)
            yield from _leftovers_beside_outputs(workspace, database)
            if deep:
                yield from _all_rows(database)
    except LinktrackError as problem:
        yield _error("database", "cannot be used", problem)


def _keys(workspace: Workspace, database: Database) -> Check:
    try:
        keys = open_keys(workspace, database)
    except LinktrackError as problem:
        return _error("key", workspace.key_path, problem)
    if keys.foreign:
        ids = ", ".join(map(str, keys.foreign))
        return Check("key", "warning", f"key {ids} is not of this workspace", keys.foreign_advice)
    ring = keys.keyring
    return Check("key", "ok", f"{len(ring.secrets)} keys, id {ring.signing_id} signs", "")


def _unfinished(database: Database) -> Iterator[Check]:
    for shipment in unfinished_shipments(database):
        people = counted(shipment.recipients, "recipient")
        detail = f"the mails of {shipment.id} of {shipment.mailing} to {people} were not all handed out"
        yield Check("shipment", "warning", detail, ways_on(database, shipment))


def _integrity(database: Database) -> Check:
    verdict = database.value("PRAGMA quick_check(1)")
    broken = database.row("PRAGMA foreign_key_check")
    if verdict == "ok" and broken is None:
        return Check("integrity", "ok", "all pages and references", "")
    detail = str(verdict) if broken is None else f"a row of {broken[0]} has no parent"
    return Check("integrity", "error", detail, "bring the database back from a backup")


def _error(check: str, detail: object, problem: LinktrackError) -> Check:
    return Check(check, "error", str(detail), str(problem))
