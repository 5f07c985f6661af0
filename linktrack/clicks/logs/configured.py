"""The log format that a workspace's settings name: they know no formats, so it is looked up here."""

from __future__ import annotations

from linktrack.clicks.formats import format_of
from linktrack.errors import LinktrackError
from linktrack.workspace import Workspace


def check_log_format(workspace: Workspace) -> None:
    """BadInput, with file and line or the variable, for a `[clicks] log_format` that does not exist."""
    try:
        if wanted := workspace.settings.clicks.log_format:
            format_of(wanted)
    except LinktrackError as problem:
        raise workspace.refused(("clicks", "log_format"), f"clicks.log_format: {problem.sentence}") from None
