"""Serving a workspace: all that can be wrong is found before the first request, then the workers answer."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from linktrack.clicks.own_logs import logs_away, note_unread, refuse_log_folder
from linktrack.errors import BadInput, Conflict, LinktrackError
from linktrack.files.reading import sentence_of
from linktrack.links.signing_keys import Keys, open_keys
from linktrack.server.click_log import make_folder
from linktrack.server.live import pages_of, unused_templates
from linktrack.server.snapshot import Snapshot
from linktrack.server.snapshot_file import load_snapshot, refresh_snapshot, tokens_of
from linktrack.store.lock_waits import Tell, in_silence
from linktrack.store.opening import open_database
from linktrack.workspace import Workspace


@dataclass(frozen=True)
class ServeOptions:
    """What `serve` is asked for; None is what the settings say."""

    host: str | None = None
    port: int | None = None
    workers: int | None = None
    log: Path | None = None


def serve(workspace: Workspace, options: ServeOptions, tell: Tell = in_silence) -> None:
    """Answer tracked addresses until SIGTERM or Ctrl-C. `tell` hears the address, and what is not as it should be.

    BadInput without the extra, for a missing key, logo or template; NotFound with neither database nor snapshot;
    Conflict for a port that is taken, or a log that cannot be written or is in a folder of the workspace's own; errors
    as `noted_logs`.
    """
    try:
        from linktrack.server.granian_server import free_port, run_server
    except ImportError:
        raise BadInput("serving needs the extra: pip install 'linktrack[serve]'") from None
    settings = workspace.settings.serve
    host = settings.host if options.host is None else options.host
    wanted = settings.port if options.port is None else options.port
    workers = settings.workers if options.workers is None else options.workers
    log = workspace.click_log_path if options.log is None else options.log.absolute()
    snapshot = prepare_snapshot(workspace, tell)
    tokens_of(workspace, snapshot)
    for unused in unused_templates(workspace, pages_of(workspace, snapshot.types)):
        tell(f"Note: {unused}")
    refuse_log_folder(workspace, log)
    make_folder(log)
    try:
        for away in logs_away(workspace):
            tell(f"Note: {away}")
        note_unread(workspace, log)
    except LinktrackError as problem:
        tell(f"Note: nobody will know that the click log is in {log}, and it must be imported by its name: {problem}")
    try:
        port = free_port(host, wanted)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise Conflict(f"port {wanted} of {host} is taken: name another with --port, or stop what has it") from None
        raise Conflict(f"{host} port {wanted} cannot be listened at: {sentence_of(problem).sentence}") from None
    shown = f"[{host}]" if ":" in host else host
    run_server(workspace.root, log, host, port, workers, lambda: tell(f"Listening on http://{shown}:{port}"))


def prepare_snapshot(workspace: Workspace, tell: Tell) -> Snapshot:
    """The snapshot, fresh from the database, or the file's where that cannot be read just now. BadInput for a key that
    is missing, and for a database that is not the one of the settings."""
    try:
        database = open_database(workspace, wait=0)
    except LinktrackError as problem:
        if problem.file == str(workspace.config_path):
            raise
        return _kept_snapshot(workspace, problem, tell)
    with database:
        try:
            _tell_of_foreign(open_keys(workspace, database), tell)
            return refresh_snapshot(workspace, database)
        except Conflict as problem:
            return _kept_snapshot(workspace, problem, tell)


def _kept_snapshot(workspace: Workspace, problem: LinktrackError, tell: Tell) -> Snapshot:
    kept = load_snapshot(workspace)
    if kept is None:
        raise problem
    tell(f"Serving what {workspace.snapshot_path.name} says, since the database cannot be used: {problem}")
    return kept


def _tell_of_foreign(keys: Keys, tell: Callable[[str], None]) -> None:
    if keys.foreign:
        numbers = " and ".join(map(str, keys.foreign))
        tell(f"The key file has a key that this workspace does not know ({numbers}): it verifies nothing.")
