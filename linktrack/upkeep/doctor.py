"""What is wrong with a workspace: settings, whose it is, keys, scripts, database, clock, what killed commands left,
what is due, and with a deep look every row and every figure."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from linktrack.actions.ledger.runs import folders_of_runs, last_begun
from linktrack.actions.processes import unfit_script
from linktrack.clicks.logs.configured import check_log_format
from linktrack.errors import LinktrackError
from linktrack.files.beside import leftovers
from linktrack.files.kept import CONFIG_NAME
from linktrack.files.reading import sentence_of
from linktrack.hosts import is_this_machine
from linktrack.links.keys import open_keys
from linktrack.links.stored_actions import list_actions, read_action
from linktrack.mailings.handing_out import ways_on
from linktrack.mailings.shipments import list_outputs, unfinished_shipments
from linktrack.moments import Clock, iso, now
from linktrack.ownership import foreign_files, lock_fault, places_of, strangers_fault
from linktrack.sentences import counted
from linktrack.settings.values import is_most_of_the_internet
from linktrack.store.dialects import SQLITE, way_back
from linktrack.store.session import Database, open_database
from linktrack.upkeep.at_odds import contradictions
from linktrack.upkeep.deep import Fault, lost_open_clicks, missing_rows, wrong_figures
from linktrack.upkeep.soundness import broken, fault_of, lacking, wrong_values
from linktrack.upkeep.status import status_of
from linktrack.workspace import Workspace, lock_paths, own_folders, read_workspace

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
        return [_error("settings", path, problem)]
    if workspace is None:
        return [_error("settings", path, problem) for problem in problems]
    looks: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("settings", lambda: _settings(workspace, uses)),
        ("base_url", lambda: _base_url(workspace.settings.base_url)),
        ("trusted_proxies", lambda: _proxies(workspace.settings.clicks.trusted_proxies)),
        ("places", lambda: _places(workspace)),
        ("owner", lambda: _owners(workspace)),
        ("lock", lambda: _locks(workspace)),
        ("mode", lambda: _modes(workspace)),
        ("space", lambda: _space(workspace)),
        ("database", lambda: _database(workspace, deep, clock())),
        ("leftovers", lambda: _leftovers_in(own_folders(workspace))),
    ]
    return [found for check, look in looks for found in _looked(check, look)]


def _looked(check: str, look: Callable[[], Iterator[Check]], database: Database | None = None) -> Iterator[Check]:
    """What a look finds; where it cannot look to its end, that is a finding and stops no other. What looks at a
    `database` that is damaged may fail in any way."""
    try:
        yield from look()
    except (LinktrackError, OSError) as problem:
        yield _error(check, "cannot be looked at", problem)
    except Exception:
        fault = ""
        with suppress(LinktrackError):
            fault = "" if database is None else fault_of(database)
        if database is None or not fault:
            raise
        said = f"cannot be looked at in a damaged database ({fault})"
        yield Check(check, "error", said, way_back(database.dialect))


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
    files = (workspace.config_path, workspace.key_path, workspace.snapshot_path, workspace.exports_path)
    for path in (*files, workspace.scripts_path, workspace.click_log_path, workspace.templates_path):
        if path.exists() and not (path.is_file() if path in files else path.is_dir()):
            detail = f"{path} is no {'plain file' if path in files else 'folder'}"
            yield Check("places", "error", detail, "see what it is, and remove it: nothing of ours can be there")


def _owners(workspace: Workspace) -> Iterator[Check]:
    owner = workspace.root.stat().st_uid if os.geteuid() == 0 else None  # root may look after anybody's
    shown_and_believed = (workspace.templates_path, workspace.click_log_path)
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
    named: dict[str, list[str]] = {}
    for key, row in list_actions(database):
        if row.type == "script":
            named.setdefault(str(row.table.get("script")), []).append(f"action {row.number} of {key}")
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


def _actions(database: Database) -> Iterator[Check]:
    """The actions that no run carries out: they were stored by something else, or another version."""
    for key, row in list_actions(database):
        try:
            read_action(row.type, row.settings)
        except (LinktrackError, ValueError, TypeError) as problem:
            mend = f"no run carries it out: linktrack action edit {key} {row.number}, or action remove, ends that"
            yield Check("actions", "error", f"action {row.number} of {key}: {problem}", mend)


def _leftovers_beside_outputs(workspace: Workspace, database: Database) -> Iterator[Check]:
    """What lies where mails and files of runs were written into, and people keep their backups."""
    outs = [*folders_of_runs(database), *(one.out for one in list_outputs(database))]
    yield from _leftovers_in({Path(out).parent for out in outs if out.startswith("/")} - own_folders(workspace))


def _leftovers_in(folders: set[Path]) -> Iterator[Check]:
    for folder in sorted(folders):
        try:
            for path in leftovers(folder) if folder.is_dir() else ():
                yield Check("leftovers", "warning", str(path), "a command was killed while it wrote this: remove it")
        except OSError as problem:
            yield Check("leftovers", "warning", f"{folder} cannot be looked at", str(sentence_of(problem, folder)))


def _clock(database: Database, moment: int) -> Iterator[Check]:
    """Whether the clock stands before what was written already."""
    others = database.row(
        "SELECT max(created_at), (SELECT max(read_at) FROM reading), (SELECT imported_at FROM workspace) FROM shipment"
    )
    written = max((one for one in (last_begun(database), *(others or ())) if one is not None), default=moment)
    if written > moment + _AHEAD:
        detail = f"it is {iso(moment)}, and something was written at {iso(written)}"
        yield Check("clock", "error", detail, "set the machine's clock: times of shipments and runs follow it")
    else:
        yield Check("clock", "ok", iso(moment), "")


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
    """The tables and columns that a database of this version has, and lacks."""
    if missing := lacking(database):
        yield Check("tables", "error", f"missing: {', '.join(missing)}", way_back(database.dialect))


def _integrity(database: Database) -> Iterator[Check]:
    """A file's pages, and the references in the database. (A server sees to its own pages.)"""
    fault = broken(database)
    whole = "all pages and references" if database.dialect == SQLITE else "all references"
    yield Check("integrity", "error" if fault else "ok", fault or whole, fault and way_back(database.dialect))


def _values(database: Database) -> Iterator[Check]:
    """Whether every value is one that may stand there."""
    found = [Check("values", "error", fault, way_back(database.dialect)) for fault in wrong_values(database)]
    yield from found or [Check("values", "ok", "all texts, numbers and times are some", "")]


def _rows(database: Database) -> Iterator[Check]:
    """Every row that another one names, or speaks of."""
    faults = [*missing_rows(database), *contradictions(database)]
    found = [Check("rows", "error", fault.sentence(), _way_out(database, fault)) for fault in faults]
    yield from found or [Check("rows", "ok", "all rows have what they name, and none denies another", "")]


def _figures(database: Database) -> Iterator[Check]:
    """Every figure that is kept."""
    found = [
        Check("figures", "error", fault.sentence(), _way_out(database, fault)) for fault in wrong_figures(database)
    ]
    yield from found or [Check("figures", "ok", "all figures are those of the clicks", "")]


def _way_out(database: Database, fault: Fault) -> str:
    return (
        "make them anew: linktrack doctor --repair"
        if fault.mended
        else f"{way_back(database.dialect)}, and import the logs since again"
    )


def _open_clicks(database: Database) -> Iterator[Check]:
    lost = lost_open_clicks(database)
    if lost:
        yield Check("open clicks", "error", f"{lost:,} that no run would find", "linktrack doctor --repair finds them")


def _database(workspace: Workspace, deep: bool, moment: int) -> Iterator[Check]:
    with open_database(workspace, wait=_WAIT_SECONDS) as database:
        looks: list[tuple[str, Callable[[], Iterator[Check]]]] = [
            ("database", lambda: iter([Check("database", "ok", database.name, "")])),
            ("key", lambda: _keys(workspace, database)),
            ("shipment", lambda: _unfinished(database)),
            ("tables", lambda: _tables(database)),
            ("integrity", lambda: _integrity(database)),
            ("clock", lambda: _clock(database, moment)),
            ("actions", lambda: _actions(database)),
            ("scripts", lambda: _scripts(workspace, database)),
            ("due", lambda: _due(workspace, database, moment)),
            ("leftovers", lambda: _leftovers_beside_outputs(workspace, database)),
        ]
        if deep:
            looks += [(check, partial(look, database)) for check, look in _DEEP]
        for check, look in looks:
            yield from _looked(check, look, database)


_DEEP: tuple[tuple[str, Callable[[Database], Iterator[Check]]], ...] = (
    ("values", _values),
    ("rows", _rows),
    ("figures", _figures),
    ("open clicks", _open_clicks),
)


def _keys(workspace: Workspace, database: Database) -> Iterator[Check]:
    try:
        keys = open_keys(workspace, database)
    except LinktrackError as problem:
        yield _error("key", workspace.key_path, problem)
        return
    if keys.foreign:
        ids = ", ".join(map(str, keys.foreign))
        yield Check("key", "warning", f"key {ids} is not of this workspace", keys.foreign_advice)
    else:
        ring = keys.keyring
        yield Check("key", "ok", f"{len(ring.secrets)} keys, id {ring.signing_id} signs", "")


def _unfinished(database: Database) -> Iterator[Check]:
    for shipment in unfinished_shipments(database):
        people = counted(shipment.recipients, "recipient")
        detail = f"the mails of {shipment.id} of {shipment.mailing} to {people} were not all handed out"
        yield Check("shipment", "warning", detail, ways_on(database, shipment))


def _error(check: str, detail: object, problem: LinktrackError | OSError) -> Check:
    said = problem if isinstance(problem, LinktrackError) else sentence_of(problem)
    return Check(check, "error", str(detail), str(said))
