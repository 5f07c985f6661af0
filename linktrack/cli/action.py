"""linktrack action: what a click changes in the CRM."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linktrack.cli.output import Format, FormatOption, say, show_record, show_rows, warn
from linktrack.cli.shared_arguments import KeyArgument
from linktrack.cli.shared_context import WAIT, JobWaitOption, WaitOption, noun, opened, workspace_of
from linktrack.cli.shared_inputs import refuse_pipe
from linktrack.cli.shared_rows import Destination, ExcelOption, Looks, OutputOption, list_rows, put_record
from linktrack.cli.shared_runs import settle_runs, tell
from linktrack.cli.usage import Command

if TYPE_CHECKING:
    from linktrack.actions.ledger.rows import LogRow
    from linktrack.actions.planned import CrmChange
    from linktrack.actions.planning import Delivered
    from linktrack.links.actions import AnyAction
    from linktrack.workspace import Workspace

app = noun("Link actions: define them, run them in batch over a CRM export, read the ledger.")


ActionArgument = Annotated[int, typer.Argument(metavar="NUMBER", help="Its number in linktrack action list KEY.")]

LIST_COLUMNS = ["link", "number", "type", "description", "settings"]
_OPTIONS = {"ignore_unknown_options": True, "allow_extra_args": True}
CHANGE_COLUMNS = [
    *["id", "kind", "contact_id", "name", "operation", "old", "new"],
    *["link", "mailing", "shipment", "click", "clicked_at"],
]
LOG_COLUMNS = [*CHANGE_COLUMNS, "run", "status", "ran_at", "message"]


class ChangeStatus(StrEnum):
    """How a change of the ledger ended."""

    ok = "ok"
    failed = "failed"
    timeout = "timeout"
    interrupted = "interrupted"


class ChangeKind(StrEnum):
    """What kind of thing a change of the ledger is about."""

    set_field = "set-field"
    interest = "interest"
    company_interest = "company-interest"
    selection = "selection"
    project = "project"
    follow_up = "follow-up"
    request = "request"
    script = "script"


class KindsCommand(Command):
    """A command that takes the settings of every kind of action as options: its help shows them."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        from linktrack.links.action_options import option_forms
        from linktrack.links.actions import KINDS

        super().format_options(ctx, formatter)
        with formatter.section("Settings of each TYPE"):
            formatter.write_dl([(kind, " ".join(option_forms(kind))) for kind in KINDS])


@app.command("add", cls=KindsCommand, context_settings=_OPTIONS)
def add(
    context: typer.Context,
    key: KeyArgument,
    kind: Annotated[
        str,
        typer.Argument(metavar="TYPE", help="set-field, interest, selection, project, follow-up, request or script."),
    ],
    wait: WaitOption = WAIT,
) -> None:
    """Give a link one more action; its settings are options with the names they have in TOML.

    A list takes the option several times; true and false may also be said as --assignment and --no-assignment.

    \b
    Texts take {contact.name}, {company.name}, {link.name}, {mailing.name},
    {click.date} and the like; each click fills them in.

    \b
    Examples:
      linktrack action add offer selection --add "Spring prospects"
      linktrack action add offer follow-up --task "Phone out" --default-recipient BO
    """
    from linktrack.links.action_options import settings_from_options
    from linktrack.links.stored_actions import add_action

    settings = settings_from_options(kind, context.args)
    workspace = workspace_of(context)
    with opened(context, wait) as database:
        number, action = add_action(
            database, key, {"type": kind, **settings}, workspace.settings.crm, workspace.scripts_path
        )
    say(context, f"Action {number} of {key}: {kind}, {action.said()}")
    _warn_of_names(action, workspace)


@app.command("edit", cls=KindsCommand, context_settings=_OPTIONS)
def edit(
    context: typer.Context,
    key: KeyArgument,
    number: ActionArgument,
    wait: WaitOption = WAIT,
) -> None:
    """Change settings of an action, with the options of action add; it keeps its number.

    What it has made with the settings of before stays, and is not made again. A list is given anew as a whole.

    \b
    Example:
      linktrack action edit offer 1 --add "Spring prospects" --add "Offers"
    """
    from linktrack.errors import UsageError
    from linktrack.links.action_options import settings_from_options
    from linktrack.links.stored_actions import edit_action, kind_of

    workspace = workspace_of(context)
    with opened(context, wait) as database:
        changes = settings_from_options(kind_of(database, key, number), context.args)
        if not changes:
            raise UsageError("say what to change, with the options of linktrack action add")
        before, after = edit_action(database, key, number, changes, workspace.settings.crm, workspace.scripts_path)
    was = "something that is not understood any more" if before is None else before.said()
    if before == after:
        say(context, f"Action {number} of {key} is so already: {after.type}, {was}")
    else:
        say(context, f"Action {number} of {key}: {after.type}, {after.said()} (was: {was})")
    _warn_of_names(after, workspace)


def _warn_of_names(action: AnyAction, workspace: Workspace) -> None:
    """Say which interests of an action may have no place in the export."""
    from linktrack.actions.crm_names import unfit_interests
    from linktrack.links.actions import InterestAction

    if isinstance(action, InterestAction):
        for sentence in unfit_interests(action, workspace.settings.crm):
            warn(sentence)


@app.command("list")
def list_all(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Only this link's.")] = None,
    output: OutputOption = None,
    excel: ExcelOption = False,
    format: FormatOption = None,
) -> None:
    """The actions of a link, or of all links, in their order; a number belongs to its action for ever.

    \b
    Example:
      linktrack action list offer
    """
    from linktrack.links.stored_actions import list_actions

    with opened(context) as database:
        rows = [
            {
                "link": link,
                "number": action.number,
                "type": action.type,
                "description": action.said,
                "settings": {name: value for name, value in action.table.items() if name != "type"},
            }
            for link, action in list_actions(database, key)
        ]
    list_rows(context, rows, LIST_COLUMNS, Destination(format, output, excel), Looks(LIST_COLUMNS[:-1]))
    if not rows:
        say(context, "There are no actions: make one with linktrack action add KEY TYPE.")


@app.command()
def remove(
    context: typer.Context,
    key: KeyArgument,
    number: ActionArgument,
    wait: WaitOption = WAIT,
) -> None:
    """Take an action away from a link. What it has done already stays done.

    \b
    Example:
      linktrack action remove offer 1
    """
    from linktrack.links.stored_actions import remove_action

    with opened(context, wait) as database:
        gone = remove_action(database, key, number)
    say(context, f"Removed action {number} of {key}: {gone.type}, {gone.said}")


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
    output: OutputOption = None,
    excel: ExcelOption = False,
    format: FormatOption = None,
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
    from linktrack.actions.work import Order
    from linktrack.errors import UsageError
    from linktrack.moments import now

    destination = Destination(format, output, excel)
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
            order = Order(crm, now(), retry_failed, retry_interrupted, replay)
            report = run_actions(workspace, database, order, None if dry_run else out, wait=wait or 0)
    if not dry_run:
        if format is not None or not context.obj.quiet:  # cron mails whatever is printed
            show_record(report.summary, format)
    elif output is None and not excel and format in (None, Format.table):
        _show_plan(report.delivered, format)
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


@app.command()
def log(
    context: typer.Context,
    run: Annotated[int | None, typer.Option("--run", help="Only this run's.")] = None,
    contact: Annotated[str | None, typer.Option("--contact", metavar="ID", help="Only this contact's.")] = None,
    link: Annotated[str | None, typer.Option("--link", metavar="KEY", help="Only this link's.")] = None,
    mailing: Annotated[str | None, typer.Option("--mailing", metavar="NAME", help="Only this mailing's.")] = None,
    kind: Annotated[ChangeKind | None, typer.Option("--kind", help="Only this kind of change.")] = None,
    status: Annotated[ChangeStatus | None, typer.Option("--status", help="Only those that ended so.")] = None,
    machine: Annotated[
        bool, typer.Option("--machine", help="Only what was caused by clicks that count as a machine's by now.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=1_000_000_000, help="Only the last so many.")
    ] = None,
    definitions: Annotated[bool, typer.Option("--definitions", help="Show the action as it was then, too.")] = False,
    output: OutputOption = None,
    excel: ExcelOption = False,
    format: FormatOption = None,
) -> None:
    """The ledger: every change that runs have made, oldest first.

    \b
    Examples:
      linktrack action log --contact 10042
      linktrack action log --status failed --format csv
    """
    from linktrack.actions.ledger.log import read_log
    from linktrack.actions.ledger.rows import LogFilter

    only = LogFilter(
        run, contact, link, mailing, kind and kind.value, status and status.value, machine=machine, limit=limit
    )
    with opened(context) as database:
        rows = [_logged(row) for row in read_log(database, only)]
    shown = ["clicked_at", "contact_id", "link", "change"]
    if any(row["message"] for row in rows):
        shown += ["status", "message"]
    more = ["definition"] if definitions else []
    columns, looks = [*LOG_COLUMNS, *more], Looks([*shown, *more])
    list_rows(context, rows, columns, Destination(format, output, excel), looks)
    if not rows:
        say(context, "The ledger has no such changes.")


def _logged(row: LogRow) -> dict[str, Any]:
    """A row of the log with the click's name, and the change in words."""
    from linktrack.actions.preview import sentence
    from linktrack.click_names import click_name

    shown = row._asdict()
    shown["click"] = click_name(shown["clicked_at"], shown.pop("click_print"))
    shown["change"] = sentence(row, {})
    return shown
