"""What waits in the workspace's own click log, imported before a job that has to know it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from linktrack.clicks.load import import_logs
from linktrack.clicks.logs.in_folders import logs_in
from linktrack.clicks.own_logs import is_there, logs_away
from linktrack.errors import Conflict, LinktrackError
from linktrack.moments import Clock, now
from linktrack.store.session import Database
from linktrack.workspace import Workspace


class NotImported(Conflict):
    """The workspace's own click log could not be imported first. What stopped it decides the exit code."""

    def __init__(self, reason: LinktrackError | str, way_out: str = "") -> None:
        if isinstance(reason, LinktrackError):
            self.exit_code = reason.exit_code
        super().__init__(
            "what waits in the workspace's own click log must be known first, and cannot be imported (linktrack click "
            f"import shows why{way_out and f'; {way_out}'}): {reason}"
        )


class WaitingImport(NamedTuple):
    """The log's files with the sizes up to which they are imported, and how many clicks of them are new; None where
    nothing waited."""

    sizes: dict[Path, int]
    stored: int | None


def import_waiting(
    workspace: Workspace, database: Database, wait: float = 0, *, way_out: str = "", clock: Clock = now
) -> WaitingImport:
    """Import what waits in the log. NotImported where that is not done to its end; and where it cannot begin, with what
    may be done instead (`way_out`). Without a `way_out` an error that keeps it from beginning is raised as it is, such
    as Locked."""
    folders = [folder for folder in workspace.click_logs() if is_there(folder)]
    sizes = {Path(path): Path(path).stat().st_size for folder in folders for path in logs_in(folder)}
    if not sizes and not logs_away(workspace):
        return WaitingImport({}, None)
    try:
        summary = import_logs(workspace, database, wait=wait, clock=clock)
    except LinktrackError as problem:
        if not way_out:
            raise
        raise NotImported(problem, way_out) from None
    for trouble in (*map(str, summary.problems), *summary.notes):
        raise NotImported(trouble, way_out)
    return WaitingImport(sizes, summary.stored if summary.read else None)
