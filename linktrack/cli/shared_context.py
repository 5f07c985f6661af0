"""What every command starts from: the global options, the workspace, the open database."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linktrack.cli.output import say, warn
from linktrack.cli.usage import CommandFrame, Noun

if TYPE_CHECKING:
    from linktrack.errors import LinktrackError
    from linktrack.files.protected import Protected
    from linktrack.store.session import Database
    from linktrack.workspace import Workspace


@dataclass
class Invocation:
    """The global options of this call, which may stand anywhere on the command line, its workspace once that was read,
    and whether it has stored something by now."""

    workspace: Path | None = None
    quiet: bool = False
    debug: bool = False
    loaded: Workspace | None = None
    has_stored: bool = False


def noun(help: str) -> CommandFrame:
    """The group of commands of one noun."""
    return _frame(Noun, help)


def single() -> CommandFrame:
    """The frame of a command that is no noun's."""
    return _frame()


def _frame(group: type[Noun] | None = None, help: str | None = None) -> CommandFrame:
    return CommandFrame(
        cls=group,
        help=help,
        no_args_is_help=group is not None,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def workspace_of(context: typer.Context) -> Workspace:
    """The workspace that this call is about, every setting of it checked: as it was when the call first asked.
    BadInput for a bad one."""
    invocation: Invocation = context.obj
    if invocation.loaded is None:
        invocation.loaded = _checked_workspace(invocation.workspace)
    return invocation.loaded


def _checked_workspace(named: Path | None) -> Workspace:
    from linktrack.ownership import find_workspace

    workspace = find_workspace(Path.cwd(), named, os.environ)
    if workspace.settings.clicks.log_format:
        from linktrack.clicks.logs.configured import check_log_format

        check_log_format(workspace)
    return workspace


def damage_behind(context: typer.Context) -> LinktrackError | None:
    """Why an unforeseen error came, if the workspace's database is damaged; None where that is whole, or cannot be
    read."""
    from linktrack.errors import LinktrackError
    from linktrack.store.dialects import damaged
    from linktrack.store.opening import open_database
    from linktrack.upkeep.soundness import fault_of

    try:
        with open_database(workspace_of(context), wait=0) as database:
            fault = fault_of(database)
    except (LinktrackError, OSError):  # said before, if it matters
        return None
    return damaged(database.name, fault, database.dialect) if fault else None


def protected_of(context: typer.Context, *inputs: Path | str | None) -> Protected:
    """What the command's outputs may not replace: its inputs, and its workspace's own files if it is in one."""
    from linktrack.errors import LinktrackError
    from linktrack.files.protected import Protected

    try:
        protected = workspace_of(context).protected()
    except LinktrackError:  # a command that needs no workspace, or has said so already
        protected = Protected()
    return protected.and_inputs(*inputs)


WaitOption = Annotated[
    float,
    typer.Option("--wait", min=0, metavar="SECONDS", help="How long to wait for another process that writes."),
]
WAIT = 30.0


JobWaitOption = Annotated[
    float | None,
    typer.Option(
        "--wait", min=0, metavar="SECONDS", help="How long to wait for another one of this job, or one that writes."
    ),
]


@contextmanager
def opened(context: typer.Context, wait: float | None = WAIT) -> Iterator[Database]:
    """The workspace's database, closed when the command is done. It says when it waits for another process, and which
    exports for web servers are out of date because the catalogue has changed."""
    from linktrack.store.catalogue import version
    from linktrack.store.opening import open_database

    workspace = workspace_of(context)
    with open_database(
        workspace, wait=WAIT if wait is None else wait, tell=lambda sentence: say(context, sentence), warn=warn
    ) as database:
        before = version(database) if workspace.exports_path.exists() else None
        try:
            yield database
        finally:
            context.obj.has_stored = context.obj.has_stored or database.has_stored
        if before is not None and version(database) != before:
            from linktrack.server.known_exports import exports_behind

            for out in exports_behind(workspace, database):
                warn(f"The export in {out} is behind now: run linktrack redirects export {shlex.quote(str(out))}")
