"""linktrack contact: one person, what is known of them, and what they get."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linktrack.cli.output import Format, FormatOption, confirm, say, show_record, warn
from linktrack.cli.shared_context import WAIT, WaitOption, noun, opened, protected_of, workspace_of
from linktrack.sentences import counted

if TYPE_CHECKING:
    from linktrack.upkeep.forget import ForgetSummary

app = noun("One person: show, export, forget, subscribe again.")

WhoArgument = Annotated[
    str, typer.Argument(metavar="ID|EMAIL|NAME", help="The contact's id, address or name, whatever the case.")
]


@app.callback()
def contact() -> None:
    """One person, what is known of them, and what they get."""


@app.command()
def show(context: typer.Context, who: WhoArgument, format: FormatOption = None) -> None:
    """A person in short: names, values, mails, clicks, types of mailings that they have left.

    uncounted_clicks are stored too and count in no figure: on tests, on cancelled mails, and where they had refused
    tracking.

    \b
    Example:
      linktrack contact show anna@example.com
    """
    from linktrack.upkeep.person import show_person

    with opened(context) as database:
        types = workspace_of(context).settings.subscriptions.types
        record = show_person(database, who, types)._asdict()
    show_record(record, format, zone=workspace_of(context).zone)


@app.command()
def export(
    context: typer.Context,
    who: WhoArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="A file for it; - is standard output.")
    ] = Path("-"),
) -> None:
    """All that is known of a person, as JSON: for them, when they ask what there is.

    \b
    Example:
      linktrack contact export 10042 -o 10042.json
    """
    from linktrack.files.reading import STDOUT
    from linktrack.files.writing import write_file
    from linktrack.moments import now
    from linktrack.upkeep.person import export_person
    from linktrack.visible import json_text

    with opened(context) as database:
        known = export_person(workspace_of(context), database, who, now())
    if str(output) == STDOUT:
        typer.echo(json_text(known, indent=2))
        return
    write_file(output, (json_text(known, indent=2) + "\n").encode(), protected_of(context))
    say(context, f"Written to {output}: it is the person's own, so remove it once they have it.")


@app.command()
def forget(
    context: typer.Context,
    who: WhoArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: WaitOption = WAIT,
    format: FormatOption = None,
) -> None:
    """Take all that is personal of somebody out of the database and the click log of linktrack serve.

    Figures stay, nobody is known by them. What cannot be reached (backups, the CRM …) is listed. They are not written
    to again, whatever file they stand in, until linktrack contact subscribe; what was known does not come back.

    \b
    Example:
      linktrack contact forget 10042 --yes
    """
    from linktrack.moments import now
    from linktrack.upkeep.forget import forget_person, is_unknown_yet
    from linktrack.upkeep.person import show_person

    with opened(context, wait) as database:
        if not yes:
            if is_unknown_yet(database, who):
                question = f"Nobody here has the id {who}. Keep that they are forgotten, if a later run knows them?"
            else:
                person = show_person(database, who)
                named = ", ".join(filter(None, (person.name, person.email)))
                mails = counted(person.mails, "mail")
                question = f"Forget the contact {person.contact_id} ({named}) for ever, {mails} and all?"
            if not confirm(context, question, yes):
                return
        done = forget_person(workspace_of(context), database, who, now(), wait=wait)
    _show_forgotten(context, done, who, format)


def _show_forgotten(context: typer.Context, done: ForgetSummary, who: str, format: Format | None) -> None:
    if format is not None:
        record = {
            "mails": done.mails,
            "clicks": done.clicks,
            "changes": done.changes,
            "log_lines": done.log_lines,
            "agents": done.agents,
            "forgotten_before": done.before,
            "clean": done.cleaned.done,
            "out_of_reach": [one._asdict() for one in done.out_of_reach],
        }
        show_record(record, format)
    elif done.before:
        say(
            context,
            f"{who} was forgotten already. Made clean once more: the database's files, and "
            f"{counted(done.log_lines, 'line')} of the click log that {'has' if done.log_lines == 1 else 'have'} come "
            "since.",
        )
    elif done.unknown:
        say(
            context,
            f"Nobody here has the id {who}. It is kept that this contact is forgotten: nothing that later runs say of "
            "them is taken, and they are not written to.",
        )
    else:
        say(
            context,
            f"Forgotten. Nobody's now: {counted(done.mails, 'mail')}, {counted(done.clicks, 'click')}. Gone: "
            f"{counted(done.changes, 'change')} of the ledger, {counted(done.log_lines, 'line')} of the click log, "
            f"{counted(done.agents, 'agent')} that nobody else has.",
        )
    if done.cleaned.missing:
        warn(done.cleaned.missing[0].upper() + done.cleaned.missing[1:] + ".")
    say(context, "What linktrack cannot reach:")
    for one in done.out_of_reach:
        say(context, f"  {one.place}: {one.advice}.")


@app.command()
def subscribe(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="ID|EMAIL", help="The contact's id, address or name.")],
    type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Only this type of mailing; else all that they have left.")
    ] = None,
    wait: WaitOption = WAIT,
) -> None:
    """Write to a contact again who has left a type of mailing, or was forgotten: they have asked for it.

    \b
    Examples:
      linktrack contact subscribe 10042
      linktrack contact subscribe anna@example.com --type newsletter
    """
    from linktrack.contacts.left import subscribe_again
    from linktrack.contacts.types import EVERY_TYPE
    from linktrack.moments import now
    from linktrack.store.forgotten import is_forgotten

    with opened(context, wait) as database:
        types = workspace_of(context).settings.subscriptions.types
        forgotten = is_forgotten(database, who)
        back = subscribe_again(database, who, type, moment=now(), types=types)
    named = ", ".join("every type of mailing" if one == EVERY_TYPE else one for one in back)
    if back:
        say(context, f"{who} is written to again: {named}.")
        if forgotten:
            say(context, "The links to unsubscribe in mails from before are nobody's: only those in newer ones hold.")
    else:
        has = "has left nothing" if type is None else f"has not left the type {type}"
        say(context, f"{who} {has}: nothing is changed.")
