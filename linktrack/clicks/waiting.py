"""What waits in the workspace's own click log, imported before a job that has to know it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from linktrack.clicks.load import import_logs, logs_in
from linktrack.errors import Conflict, LinktrackError
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


def import_waiting(workspace: Workspace, database: Database, wait: float = 0, *, way_out: str = "") -> WaitingImport:
    """Import what waits in the log. `way_out` is what may be done instead, for the sentence of NotImported, which is
    raised where that cannot be done or is not done to its end."""
    folder = workspace.click_log_path
    sizes = {Path(path): Path(path).stat().st_size for path in logs_in(folder)} if folder.is_dir() else {}
    if not sizes:
        return WaitingImport({}, None)
    try:
        summary = import_logs(workspace, database, wait=wait)
    except LinktrackError as problem:
        raise NotImported(problem, way_out) from None
    for trouble in (*map(str, summary.problems), *summary.notes):
        raise NotImported(trouble, way_out)
    return WaitingImport(sizes, summary.stored if summary.read else None)
