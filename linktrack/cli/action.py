"""linktrack action: what a click changes in the CRM."""

from __future__ import annotations

from datetime import tzinfo
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linktrack.cli.output import Format, FormatOption, say, show_record, show_rows
from linktrack.cli.shared_context import noun, opened, workspace_of
from linktrack.cli.shared_runs import tell

if TYPE_CHECKING:
    from linktrack.actions.ledger import LogRow
    from linktrack.actions.planned import Change
    from linktrack.actions.planning import Delivered

app = noun("Link actions: define them, run them in batch over a CRM export, read the ledger.")

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The link's key.")]

LIST_COLUMNS = ["link", "position", "type", "settings"]
CHANGE_COLUMNS = [
    *["id", "kind", "contact_id", "name", "operation", "old", "new"],
    *["link", "mailing", "shipment", "click", "clicked_at"],
]
LOG_COLUMNS = [*CHANGE_COLUMNS, "run", "status", "ran_at", "message"]


class Status(StrEnum):
    ok = "ok"
    failed = "failed"
    timeout = "timeout"
    interrupted = "interrupted"


class Kind(StrEnum):
    set_field = "set-field"
    interest = "interest"
    company_interest = "company-interest"
    selection = "selection"
    project = "project"
    follow_up = "follow-up"
    request = "request"
    script = "script"


@app.command("add", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def add(
    context: typer.Context,
    key: KeyArgument,
    kind: Annotated[
        str,
        typer.Argument(metavar="TYPE", help="set-field, interest, selection, project, follow-up, request or script."),
    ],
) -> None:
    """Give a link one more action; its settings are options with the names they have in TOML.

    For example: linktrack action add offer selection --add "Spring prospects".
    A list takes the option several times; true and false may also be said as --assignment and --no-assignment.
    """
    from linktrack.actions.defining import add_action, settings_from_options

    settings = settings_from_options(kind, context.args)
    with opened(context) as database:
        position = add_action(database, key, {"type": kind, **settings}, workspace_of(context).settings.crm)
    say(context, f"Action {position} of {key}: {kind}")


@app.command("list")
def list_all(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Only this link's.")] = None,
    format: FormatOption = None,
) -> None:
    """The actions of a link, or of all links."""
    from linktrack.actions.defining import list_actions

    with opened(context) as database:
        rows = list_actions(database, key)
    show_rows(rows, LIST_COLUMNS, format)
    if not rows:
        say(context, "There are no actions: make one with linktrack action add KEY TYPE.")


@app.command()
def remove(
    context: typer.Context,
    key: KeyArgument,
    position: Annotated[int, typer.Argument(metavar="POSITION", help="Its number in linktrack action list KEY.")],
) -> None:
    """Take an action away from a link. What it has done already stays done."""
    from linktrack.actions.defining import remove_action

    with opened(context) as database:
        kind = remove_action(database, key, position)
    say(context, f"Removed action {position} of {key}: {kind}")


@app.command()
def run(
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
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", help="How long to wait for another run.")] = 0,
    format: FormatOption = None,
) -> None:
    """Do what the open clicks ask for, and write what the CRM imports.

    For example: linktrack action run --crm contacts.csv --out for-the-crm. A run that was interrupted, or that found
    the disk full, is finished with linktrack action run --resume.
    """
    from linktrack.actions.run import resume_run, run_actions
    from linktrack.actions.work import Order
    from linktrack.errors import UsageError
    from linktrack.moments import now

    more = retry_failed or retry_interrupted or replay
    if resume and (crm or out or dry_run or more):
        raise UsageError("--resume goes on with the export and folder of the interrupted run: it takes no other option")
    if not resume and (crm is None or (out is None and not dry_run)):
        raise UsageError("name the CRM's export with --crm and the folder for the files with --out (or use --dry-run)")
    workspace = workspace_of(context)
    with opened(context) as database:
        if crm is None:
            report = resume_run(workspace, database, wait=wait)
        else:
            order = Order(crm, now(), retry_failed, retry_interrupted, replay)
            report = run_actions(workspace, database, order, None if dry_run else out, wait=wait)
    if not dry_run:
        if format is not None or not context.obj.quiet:  # cron mails whatever is printed
            show_record(report.summary, format)
    elif format is Format.json:
        show_record({**report.summary, "plan": [_planned(*one) for one in report.delivered]}, format)
    elif format in (None, Format.table):
        _show_plan(report.delivered, format)
    else:
        show_rows([one.change._asdict() for one in report.delivered], CHANGE_COLUMNS, format)
    tell(context, report)
    if report.summary["failed"] or report.nobody_matches:
        raise typer.Exit(6)


def _planned(change: Change, file: str, cells: dict[str, Any]) -> dict[str, Any]:
    """A change of a dry run, with the cells of what would be made."""
    return {**change._asdict(), "made": cells} if file else change._asdict()


def _show_plan(delivered: tuple[Delivered, ...], format: Format | None) -> None:
    """What a dry run would do: how many by link and kind, then what happens to each contact."""
    from linktrack.actions.preview import by_contact, by_link

    show_rows(by_link(delivered), ["link", "kind", "operation", "name", "new", "contacts", "changes"], format)
    typer.echo("")
    show_rows(by_contact(delivered), ["contact_id", "links", "changes"], format)


@app.command()
def log(
    context: typer.Context,
    run: Annotated[int | None, typer.Option("--run", help="Only this run's.")] = None,
    contact: Annotated[str | None, typer.Option("--contact", metavar="ID", help="Only this contact's.")] = None,
    link: Annotated[str | None, typer.Option("--link", metavar="KEY", help="Only this link's.")] = None,
    mailing: Annotated[str | None, typer.Option("--mailing", metavar="NAME", help="Only this mailing's.")] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only this kind of change.")] = None,
    status: Annotated[Status | None, typer.Option("--status", help="Only those that ended so.")] = None,
    machine: Annotated[
        bool, typer.Option("--machine", help="Only what was caused by clicks that count as a machine's by now.")
    ] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the last so many.")] = None,
    definitions: Annotated[bool, typer.Option("--definitions", help="Show the action as it was then, too.")] = False,
    format: FormatOption = None,
) -> None:
    """The ledger: every change that runs have made, oldest first."""
    from linktrack.actions.ledger import LogFilter, read_log

    only = LogFilter(
        run, contact, link, mailing, kind and kind.value, status and status.value, machine=machine, limit=limit
    )
    zone = workspace_of(context).zone
    with opened(context) as database:
        rows = [_logged(row, zone) for row in read_log(database, only)]
    shown = ["clicked_at", "contact_id", "kind", "operation", "name", "new", "link"]
    if any(row["message"] for row in rows):
        shown += ["status", "message"]
    show_rows(
        rows,
        [*LOG_COLUMNS, "definition"] if definitions else LOG_COLUMNS,
        format,
        table=[*shown, "definition"] if definitions else shown,
    )
    if not rows:
        say(context, "The ledger has no such changes.")


def _logged(row: LogRow, zone: tzinfo) -> dict[str, Any]:
    """A row of the log with the click's name, and its times in the workspace's zone."""
    from linktrack.moments import iso
    from linktrack.store.click_names import click_name

    shown = row._asdict()
    shown["click"] = click_name(shown["clicked_at"], shown.pop("click_print"))
    return {**shown, "clicked_at": iso(row.clicked_at, zone), "ran_at": iso(row.ran_at, zone)}
