"""What is wrong with a workspace: settings, whose it is, keys, scripts, database, and what killed commands left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from linktrack.clicks.logs.configured import check_log_format
from linktrack.errors import LinktrackError
from linktrack.files import CONFIG_NAME, leftovers
from linktrack.links.keys import open_keys
from linktrack.mailings.handing_out import ways_on
from linktrack.mailings.shipments import unfinished_shipments
from linktrack.settings import settings_of
from linktrack.store.dialects import SQLITE
from linktrack.store.session import Database, open_database
from linktrack.toml_files import read_toml
from linktrack.workspace import Workspace, load_workspace, places_of, strangers_fault

_WAIT_SECONDS = 2


class Check(NamedTuple):
    """One thing that doctor looked at. `state`: ok, warning, error; `advice`: the way out, empty when ok."""

    check: str
    state: str
    detail: str
    advice: str


def examine(root: Path, environ: Mapping[str, str]) -> list[Check]:
    """Look at everything in the workspace in `root`; raises nothing that a user can cause."""
    path = root / CONFIG_NAME
    try:
        settings, problems = settings_of(read_toml(path), environ)
    except LinktrackError as problem:
        return [_error("settings", path, problem)]
    if settings is None:
        return [_error("settings", path, problem) for problem in problems]
    workspace = load_workspace(root, environ)
    return [
        _settings(workspace),
        _base_url(settings.base_url),
        *_owners(workspace),
        *_database(workspace),
        _scripts(workspace.scripts_path),
        *_leftovers(root),
    ]


def _settings(workspace: Workspace) -> Check:
    try:
        check_log_format(workspace)
    except LinktrackError as problem:
        return _error("settings", workspace.config_path, problem)
    return Check("settings", "ok", str(workspace.config_path), "")


def _base_url(url: str) -> Check:
    if url.startswith("http:") and "localhost" not in url and "127.0.0.1" not in url:
        return Check("base_url", "warning", url, "use https: mail clients warn about plain http")
    return Check("base_url", "ok", url, "")


def _owners(workspace: Workspace) -> Iterator[Check]:
    faults = [(path, fault) for path in places_of(workspace) if (fault := strangers_fault(path))]
    for path, fault in faults:
        yield Check(
            "owner", "error", f"{path} {fault}", "nobody else may be able to change what belongs to a workspace"
        )
    if not faults:
        yield Check("owner", "ok", "settings, key, database and scripts are their owner's alone", "")


def _scripts(folder: Path) -> Check:
    if not folder.is_dir():
        return Check("scripts", "warning", str(folder), "make this folder before a link runs a script")
    return Check("scripts", "ok", f"{sum(1 for path in folder.iterdir() if path.is_file())} files", "")


def _leftovers(root: Path) -> Iterator[Check]:
    for path in leftovers(root):
        yield Check("leftovers", "warning", str(path), "a command was killed while it wrote this: remove it")


def _database(workspace: Workspace) -> Iterator[Check]:
    try:
        with open_database(workspace, wait=_WAIT_SECONDS) as database:
            yield Check("database", "ok", database.name, "")
            yield _keys(workspace, database)
            yield from _unfinished(database)
            if database.dialect == SQLITE:
                yield _integrity(database)
    except LinktrackError as problem:
        yield _error("database", "cannot be used", problem)


def _keys(workspace: Workspace, database: Database) -> Check:
    try:
        keys = open_keys(workspace, database)
    except LinktrackError as problem:
        return _error("key", workspace.key_path, problem)
    if keys.foreign:
        ids = ", ".join(map(str, keys.foreign))
        return Check(
            "key", "warning", f"key {ids} is not of this workspace", "it neither signs nor verifies: remove it"
        )
    ring = keys.keyring
    return Check("key", "ok", f"{len(ring.secrets)} keys, id {ring.signing_id} signs", "")


def _unfinished(database: Database) -> Iterator[Check]:
    for shipment in unfinished_shipments(database):
        detail = f"{shipment.id} of {shipment.mailing} to {shipment.recipients:,} recipients was not all handed out"
        yield Check("shipment", "warning", detail, ways_on(shipment))


def _integrity(database: Database) -> Check:
    verdict = database.value("PRAGMA quick_check(1)")
    broken = database.row("PRAGMA foreign_key_check")
    if verdict == "ok" and broken is None:
        return Check("integrity", "ok", "all pages and references", "")
    detail = str(verdict) if broken is None else f"a row of {broken[0]} has no parent"
    return Check("integrity", "error", detail, "bring the database back from a backup")


def _error(check: str, detail: object, problem: LinktrackError) -> Check:
    return Check(check, "error", str(detail), str(problem))
