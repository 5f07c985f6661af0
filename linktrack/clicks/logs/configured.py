"""The log format that a workspace's settings name: they know no formats, so it is looked up here."""

from __future__ import annotations

from linktrack.clicks.formats import format_of
from linktrack.errors import BadInput, LinktrackError
from linktrack.workspace import Workspace

_VARIABLE = "LINKTRACK_CLICKS_LOG_FORMAT"


def check_log_format(workspace: Workspace) -> None:
    """BadInput, with file and line or the variable, for a `[clicks] log_format` that does not exist."""
    try:
        if wanted := workspace.settings.clicks.log_format:
            format_of(wanted)
    except LinktrackError as problem:
        if _VARIABLE in workspace.environ:
            raise BadInput(f"{_VARIABLE}: {problem.sentence}") from None
        raise workspace.file.error_at(("clicks", "log_format"), f"log_format: {problem.sentence}") from None
