"""linktrack database: the tables themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from linktrack.cli.output import Format, FormatOption, say, show_record, warn
from linktrack.cli.shared_context import WAIT, WaitOption, noun, opened, workspace_of
from linktrack.sentences import counted

if TYPE_CHECKING:
    from linktrack.upkeep.purge import PurgeSummary

app = noun("The database itself.")


@app.callback()
def database() -> None:  # noqa: D103  (its text would be the help)
    pass


@app.command()
def upgrade(context: typer.Context, wait: WaitOption = WAIT) -> None:
    """Bring the tables to the version of this program (SQLite: after a copy beside the file).

    \b
    Example:
      linktrack database upgrade
    """
    from linktrack.store.revisions import HEAD
    from linktrack.store.revisions import upgrade as upgrade_tables
    from linktrack.store.session import connect

    workspace = workspace_of(context)
    with connect(workspace.database_url, wait=wait, tell=lambda sentence: say(context, sentence)) as open_one:
        before, by_another = upgrade_tables(open_one, workspace, wait=wait)
    if by_another:
        say(context, f"Another process has brought the tables from {before} to {HEAD} meanwhile.")
    else:
        say(context, f"The tables {f'are at {HEAD}' if before == HEAD else f'went from {before} to {HEAD}'}.")


@app.command()
def copy(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The workspace's database: sqlite:///FILE or postgresql+psycopg://…")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="An empty one: postgresql+psycopg://… or sqlite:///FILE.")
    ],
    wait: WaitOption = WAIT,
) -> None:
    """Copy the workspace's database into an empty one of either kind, and check every count; FROM stays as it is.

    The copy has an id of its own: the last line says what belongs into linktrack.toml from then on.

    \b
    Example:
      linktrack database copy sqlite:///linktrack.db sqlite:///moved.db
    """
    from linktrack.upkeep.copy import copy_database

    workspace = workspace_of(context)
    done = copy_database(workspace, source, target, wait=wait, tell=lambda sentence: say(context, sentence))
    say(context, f"Copied {sum(done.rows.values()):,} rows of {len(done.rows)} tables; every count is the same.")
    warn(
        f'To go on there write under [database] in {workspace.config_path}: url = "{done.url}" and '
        f'id = "{done.database_id}". What is written to the old database from now on is not in the copy.'
    )


@app.command()
def purge(
    context: typer.Context,
    clicks_before: Annotated[
        str | None, typer.Option(metavar="DATE", help="Remove the clicks before this day or time.")
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Remove what is older than [retention] in linktrack.toml.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Also clicks that no action run has passed: nothing is done for them."),
    ] = False,
    wait: WaitOption = WAIT,
    format: FormatOption = None,
) -> None:
    """Remove old clicks; reports stay as they are, but for those that show clicks themselves. --due is for cron.

    These are report contact, click list, and report clickers with a period: of people whose clicks are gone and who
    clicked after the period too it shows no number of clicks and no last one.

    Logs of that time are not imported any more, action run does not retry or replay what came of such clicks, and
    click judge leaves their verdicts.

    \b
    Examples:
      linktrack database purge --clicks-before 2025-01-01
      linktrack database purge --due
    """
    from linktrack.errors import UsageError
    from linktrack.moments import now, read_time
    from linktrack.upkeep.purge import purge_clicks, purge_due

    if due == (clicks_before is not None):
        raise UsageError("what is to be removed? --clicks-before DATE, or --due for what [retention] says")
    workspace = workspace_of(context)
    with opened(context, wait) as database:
        if clicks_before is None:
            done = purge_due(workspace, database, now(), even_open=yes, wait=wait)
        else:
            before = read_time(clicks_before, workspace.zone, "--clicks-before")
            done = purge_clicks(workspace, database, before, now(), even_open=yes, wait=wait)
    _show_purged(context, done, format)


def _show_purged(context: typer.Context, done: PurgeSummary, format: Format | None) -> None:
    if format is not None:
        record = {
            "clicks": done.clicks,
            "open": done.open,
            "log_files": done.log_files,
            "log_lines": done.log_lines,
            "agents": done.agents,
            "values": done.values,
            "clean": done.cleaned.done,
        }
        show_record(record, format)
    say(
        context,
        f"Removed {counted(done.clicks, 'click')}, {counted(done.agents, 'agent')} that no click has any more, "
        f"{counted(done.log_files, 'file')} of the click log, the values of {counted(done.values, 'recipient')}.",
    )
    if done.clicks:
        say(
            context,
            "Reports stay as they are, but for report contact and click list, and for report clickers with a period "
            "(of who clicked after it too).",
        )
    if done.log_lines:
        say(context, f"Emptied {counted(done.log_lines, 'line')} of the click log, of people who are forgotten.")
    for note in done.notes:
        warn(note[0].upper() + note[1:] + ".")
    if done.cleaned.missing:
        warn(done.cleaned.missing[0].upper() + done.cleaned.missing[1:] + ".")
