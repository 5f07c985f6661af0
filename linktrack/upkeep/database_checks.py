"""What is wrong in a database: keys, tables, references, scripts, actions, what is due; with a deep look every row and
every figure."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from linktrack.actions.ledger.runs import folders_of_runs, last_begun
from linktrack.actions.run_input import get_unsubscribes
from linktrack.actions.scripts.calls import unfit_script
from linktrack.errors import LinktrackError
from linktrack.links.signing_keys import open_keys
from linktrack.links.stored_actions import list_actions
from linktrack.mailings.handing_out import ways_on
from linktrack.mailings.shipments import list_outputs, unfinished_shipments
from linktrack.moments import iso
from linktrack.sentences import counted
from linktrack.store.dialects import SQLITE, way_back
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.upkeep.checks import Check, error_of, leftovers_in, looked, unfit_actions
from linktrack.upkeep.contradicting_rows import contradictions
from linktrack.upkeep.deep import Fault, lost_open_clicks, missing_rows, wrong_figures
from linktrack.upkeep.lost_words import lost_words
from linktrack.upkeep.soundness import broken, lacking, wrong_values
from linktrack.upkeep.status import status_of
from linktrack.workspace import Workspace, own_folders

_WAIT_SECONDS = 2
_REFUSED = (  # what this user of a server may not write
    "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN {} AND NOT "
    "CASE relkind WHEN 'S' THEN has_sequence_privilege(oid, 'USAGE, UPDATE') ELSE has_table_privilege(oid, 'INSERT') "
    "AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE') END ORDER BY relname"
)
_KINDS = {"table": "('r', 'p')", "sequence": "('S')"}  # as the server notes them
_TEMPORARY = "SELECT has_database_privilege(current_database(), 'TEMPORARY')"
_NAMED = 3  # of what a user may not write
_AHEAD = 300_000  # milliseconds that clocks of several machines may differ


def look_into_database(workspace: Workspace, deep: bool, moment: int) -> Iterator[Check]:
    """Look at everything in the database as it is at a moment, `deep`: at every row."""
    with open_database(workspace, wait=_WAIT_SECONDS) as database:
        looks: list[tuple[str, Callable[[], Iterator[Check]]]] = [
            ("database", lambda: iter([Check("database", "ok", database.name, "")])),
            ("key", lambda: _keys(workspace, database)),
            ("shipment", lambda: _unfinished(database)),
            ("tables", lambda: _tables(database)),
            ("privileges", lambda: _privileges(workspace, database)),
            ("integrity", lambda: _integrity(database)),
            ("clock", lambda: _clock(database, moment)),
            ("actions", lambda: unfit_actions(database)),
            ("scripts", lambda: _scripts(workspace, database)),
            ("due", lambda: _due(workspace, database, moment)),
            ("leftovers", lambda: _leftovers_beside_outputs(workspace, database)),
        ]
        if deep:
            looks += [(check, partial(look, database)) for check, look in _DEEP]
            looks.append(("words", lambda: _words(workspace, database)))
        for check, look in looks:
            yield from looked(check, look, database)


def _keys(workspace: Workspace, database: Database) -> Iterator[Check]:
    try:
        keys = open_keys(workspace, database)
    except LinktrackError as problem:
        yield error_of("key", workspace.key_path, problem)
        return
    if keys.foreign:
        ids = ", ".join(map(str, keys.foreign))
        said = f"key {ids} is" if len(keys.foreign) == 1 else f"keys {ids} are"
        yield Check("key", "warning", f"{said} not of this workspace", keys.foreign_advice)
    else:
        ring = keys.keyring
        yield Check("key", "ok", f"{len(ring.secrets)} keys, id {ring.signing_id} signs", "")


def _unfinished(database: Database) -> Iterator[Check]:
    for shipment in unfinished_shipments(database):
        people = counted(shipment.recipients, "recipient")
        detail = f"the mails of {shipment.id} of {shipment.mailing} to {people} were not all handed out"
        yield Check("shipment", "warning", detail, ways_on(database, shipment))


def _tables(database: Database) -> Iterator[Check]:
    """The tables and columns that a database of this version has, and lacks."""
    if missing := lacking(database):
        yield Check("tables", "error", f"missing: {', '.join(missing)}", way_back(database.dialect))


def _privileges(workspace: Workspace, database: Database) -> Iterator[Check]:
    """Whether this user may also write: an import or a run would find out too late."""
    if database.dialect == SQLITE:
        path = workspace.database_path
        if path is not None and not all(os.access(one, os.W_OK) for one in (path, path.parent)):
            advice = "see who owns the file and its folder: nothing can be imported, sent or run"
            yield Check("privileges", "warning", f"{path} can only be read", advice)
        return
    for what, kinds in _KINDS.items():
        if names := [str(name) for (name,) in database.rows(_REFUSED.format(kinds))]:
            said = ", ".join(names[:_NAMED]) + ", …" * (len(names) > _NAMED)
            advice = "grant this user the privileges to change them: nothing can be imported, sent or run"
            detail = f"{counted(len(names), what)} cannot be written by this user ({said})"
            yield Check("privileges", "warning", detail, advice)
    if not database.value(_TEMPORARY):
        advice = "grant it TEMPORARY on the database: no action can be run without, and doctor --deep sees less"
        yield Check("privileges", "warning", "this user cannot make temporary tables", advice)


def _integrity(database: Database) -> Iterator[Check]:
    """A file's pages, and the references in the database. (A server sees to its own pages.)"""
    fault = broken(database)
    whole = "all pages and references" if database.dialect == SQLITE else "all references"
    yield Check("integrity", "error" if fault else "ok", fault or whole, fault and way_back(database.dialect))


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


def _leftovers_beside_outputs(workspace: Workspace, database: Database) -> Iterator[Check]:
    """What lies where mails and files of runs were written into, and people keep their backups."""
    outs = [*folders_of_runs(database), *(one.out for one in list_outputs(database))]
    yield from leftovers_in({Path(out).parent for out in outs if out.startswith("/")} - own_folders(workspace))


def _values(database: Database) -> Iterator[Check]:
    """Whether every value is one that may stand there."""
    found = [Check("values", "error", fault, way_back(database.dialect)) for fault in wrong_values(database)]
    yield from found or [Check("values", "ok", "all texts, numbers and times are some", "")]


def _rows(database: Database) -> Iterator[Check]:
    """Every row that another one names, or speaks of."""
    faults = [*missing_rows(database), *contradictions(database)]
    found = [Check("rows", "error", fault.sentence(), _way_out(database, fault)) for fault in faults]
    yield from found or [Check("rows", "ok", "all rows have what they name, and none denies another", "")]


def _words(workspace: Workspace, database: Database) -> Iterator[Check]:
    """What people have said of mailings and tracking."""
    faults = lost_words(database, by_get=get_unsubscribes(workspace))
    found = [Check("words", "error", fault.sentence(), _way_out(database, fault)) for fault in faults]
    yield from found or [Check("words", "ok", "nothing is lost of what people said of mailings and tracking", "")]


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


_DEEP: tuple[tuple[str, Callable[[Database], Iterator[Check]]], ...] = (
    ("values", _values),
    ("rows", _rows),
    ("figures", _figures),
    ("open clicks", _open_clicks),
)
