"""linktrack action run: what clicks do in the CRM, planned, shown and done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linktrack.cli.output import Format, show_record, show_rows
from linktrack.cli.shared_context import JobWaitOption, opened, workspace_of
from linktrack.cli.shared_inputs import refuse_pipe
from linktrack.cli.shared_rows import Destination, list_rows, put_record
from linktrack.cli.shared_runs import settle_runs, tell

if TYPE_CHECKING:
    from linktrack.actions.planned import CrmChange, Delivered


CHANGE_COLUMNS = [
    *["id", "kind", "contact_id", "name", "operation", "old", "new"],
    *["link", "mailing", "shipment", "click", "clicked_at"],
]


def run_command(
    context: typer.Context,
    crm: Annotated[
        Path | None, typer.Option("--crm", metavar="EXPORT", help="The CRM's export: a file, or a folder of files.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A new or empty folder for the files.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done and write nothing.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Finish the run that was interrupted.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try what failed again, too (see linktrack action log).")
    ] = False,
    retry_interrupted: Annotated[
        bool,
        typer.Option("--retry-interrupted", help="Start scripts again of which nobody knows how far they came, too."),
    ] = False,
    replay: Annotated[
        str | None,
        typer.Option("--replay", metavar="KEY", help="Carry out this link's actions for clicks of before them, too."),
    ] = None,
    runs: Annotated[
        list[Path] | None,
        typer.Option(
            "--runs",
            metavar="DIR…",
            help="After a restore: the folders of the files of runs that the backup lacks, or what holds them.",
        ),
    ] = None,
    more_runs: Annotated[list[Path] | None, typer.Argument(metavar="[DIR]...", help="More of --runs.")] = None,
    nothing_ran: Annotated[bool, typer.Option("--no-runs", help="After a restore: there was no such run.")] = False,
    wait: JobWaitOption = None,
    *,
    destination: Destination,
) -> None:
    """Do what the open clicks ask for, and write what the CRM imports.

    A run that something has ended half-way (a full disk, a permission, Ctrl-C, a power cut) is finished with --resume.
    In a restored workspace no run begins until --runs or --no-runs has said what was made since the backup, so that
    nothing is made again.

    \b
    Examples:
      linktrack action run --crm contacts.csv --dry-run
      linktrack action run --crm contacts.csv --out for-the-crm
    """
    from linktrack.actions.run import resume_run, run_actions
    from linktrack.actions.run_input import RunOptions
    from linktrack.errors import UsageError
    from linktrack.moments import now

    destination.check_dry_run(dry_run)
    more = retry_failed or retry_interrupted or replay
    if resume and (crm or out or dry_run or more):
        raise UsageError("--resume goes on with the export and folder of the interrupted run: it takes no other option")
    if more_runs and not runs:
        raise UsageError(f"what is {str(more_runs[0])!r}? Folders are named with --crm, --out and --runs")
    if runs and nothing_ran:
        raise UsageError("--runs names the runs since the backup, --no-runs says that there was none: give one")
    settles = bool(runs) or nothing_ran
    if not resume and (crm is None or (out is None and not dry_run)) and not (settles and not (crm or out)):
        raise UsageError("name the CRM's export with --crm and the folder for the files with --out (or use --dry-run)")
    refuse_pipe(crm, "--crm")
    workspace = workspace_of(context)
    with opened(context, wait) as database:
        if runs or nothing_ran:
            settle_runs(context, workspace, database, [*(runs or ()), *(more_runs or ())], wait or 0)
            if crm is None and not resume:
                return
        if crm is None:
            report = resume_run(workspace, database, wait=wait or 0)
        else:
            options = RunOptions(crm, now(), retry_failed, retry_interrupted, replay)
            report = run_actions(workspace, database, options, None if dry_run else out, wait=wait or 0)
    if not dry_run:
        if destination.format is not None or not context.obj.quiet:  # cron mails whatever is printed
            show_record(report.summary, destination.format)
    elif destination in (Destination(), Destination(format=Format.table)):
        _show_plan(report.delivered, destination.format)
    elif destination.chosen() is Format.json:
        plan = {**report.summary, "plan": [_planned(*one) for one in report.delivered]}
        put_record(context, plan, destination, inputs=[crm])
    else:
        rows = [one.change._asdict() for one in report.delivered]
        list_rows(context, rows, CHANGE_COLUMNS, destination, inputs=[crm])
    tell(context, report)
    if report.summary["failed"] or report.nobody_matches:
        raise typer.Exit(6)


def _planned(change: CrmChange, file: str, cells: dict[str, Any]) -> dict[str, Any]:
    """A change of a dry run, with the cells of what would be made."""
    return {**change._asdict(), "made": cells} if file else change._asdict()


def _show_plan(delivered: tuple[Delivered, ...], format: Format | None) -> None:
    """What a dry run would do: how many by link and kind, then what happens to each contact."""
    from linktrack.actions.preview import by_contact, by_link

    show_rows(by_link(delivered), ["link", "kind", "operation", "name", "new", "contacts", "changes"], format)
    typer.echo("")
    show_rows(by_contact(delivered), ["contact_id", "links", "changes"], format)
