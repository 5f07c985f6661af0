"""linktrack action: what a click changes in the CRM."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linktrack.cli.action_run import CHANGE_COLUMNS, run_command
from linktrack.cli.output import Format, say, warn
from linktrack.cli.row_formats import ShownRecord
from linktrack.cli.shared_arguments import KeyArgument
from linktrack.cli.shared_context import WAIT, WaitOption, noun, opened, workspace_of
from linktrack.cli.shared_rows import Destination, Looks, list_rows
from linktrack.cli.usage import Command

if TYPE_CHECKING:
    from linktrack.actions.ledger.rows import LogRow
    from linktrack.links.actions import AnyAction
    from linktrack.workspace import Workspace

app = noun("Link actions: define them, run them in batch over a CRM export, read the ledger.")


ActionArgument = Annotated[int, typer.Argument(metavar="NUMBER", help="Its number in linktrack action list KEY.")]

LIST_COLUMNS = ["link", "number", "type", "description", "settings"]
_OPTIONS = {"ignore_unknown_options": True, "allow_extra_args": True}
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
    *,
    destination: Destination,
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
    list_rows(context, rows, LIST_COLUMNS, destination, Looks(LIST_COLUMNS[:-1]))
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


app.command("run")(run_command)


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
    *,
    destination: Destination,
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
    shown, more = ["clicked_at", "contact_id", "link", "change"], ["definition"] if definitions else []
    with opened(context) as database:
        found = map(_logged, read_log(database, only))
        first = list(islice(found, 1))
        rows: Iterable[ShownRecord] = chain(first, found)
        if destination.chosen() is Format.table:
            rows = list(rows)
            if any(row["message"] for row in rows):
                shown += ["status", "message"]
        list_rows(context, rows, [*LOG_COLUMNS, *more], destination, Looks([*shown, *more]))
    if not first:
        say(context, "The ledger has no such changes.")


def _logged(row: LogRow) -> dict[str, Any]:
    """A row of the log with the click's name, and the change in words."""
    from linktrack.actions.preview import sentence
    from linktrack.click_names import click_name

    shown = row._asdict()
    shown["click"] = click_name(shown["clicked_at"], shown.pop("click_print"))
    shown["change"] = sentence(row, {})
    return shown
