"""linktrack mailing rewrite: a shipment is made, and each recipient's copy handed out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from linktrack.cli.output import FormatOption, warn
from linktrack.cli.shared_arguments import NameArgument
from linktrack.cli.shared_context import WAIT, WaitOption, opened, protected_of, workspace_of
from linktrack.cli.shared_inputs import all_readable, is_pipe, readable, refuse_stdin_twice
from linktrack.cli.shared_mails import OutOption, Output, WritingOptions, out_of, progress_bars, show_rewritten
from linktrack.errors import UsageError

if TYPE_CHECKING:
    from linktrack.contacts.choosing import Part
    from linktrack.workspace import Workspace


class TemplateOptions(NamedTuple):
    """What stands in a template for an ESP where tokens go."""

    merge_tag: Annotated[
        str | None,
        typer.Option(help="With --as template: the ESP's merge tag where the token goes; else {{ linktrack_token }}."),
    ] = None
    person_merge_tag: Annotated[
        str,
        typer.Option(
            help="With --as template, where some refuse tracking: the ESP's merge tag for the recipient's own token, "
            "in unsubscribe, subscriptions and view-online; else {{ linktrack_person_token }}."
        ),
    ] = ""


class ChoosingOptions(NamedTuple):
    """Whom of the contacts it is for."""

    only: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Only these: any rows with a contact_id; - reads stdin. Again for more."),
    ] = None
    leave_out: Annotated[
        list[Path] | None, typer.Option("--except", metavar="FILE", help="All but these; as --only. Again for more.")
    ] = None
    part: Annotated[
        str | None, typer.Option(metavar="K/N", help="One of N random parts of a split, e.g. 1/2 for an A/B.")
    ] = None
    split: Annotated[
        str, typer.Option(metavar="NAME", help="The split's name: the same parts again by the same name.")
    ] = ""

    @property
    def lists(self) -> tuple[Path, ...]:
        """Every file that contacts are chosen by."""
        return (*(self.only or ()), *(self.leave_out or ()))

    def part_of_split(self) -> Part | None:
        """Which part of a split it is for; None for no split. UsageError."""
        from linktrack.contacts.choosing import Part

        if self.part is None and self.split:
            raise UsageError("--split needs --part K/N: which of the parts is it?")
        return None if self.part is None else Part.read(self.part, self.split)


class SendingOptions(NamedTuple):
    """What kind of shipment it is, and when it is sent."""

    test: Annotated[bool, typer.Option("--test", help="A test shipment: its clicks never count.")] = False
    again: Annotated[bool, typer.Option("--again", help="Also to contacts who got this mailing already.")] = False
    sent_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it is sent: 2026-05-04T09:00, in the workspace's zone; else now."),
    ] = None
    honeypot: Annotated[bool, typer.Option("--honeypot", help="Add an invisible link that only machines follow.")] = (
        False
    )

    def moment(self, workspace: Workspace) -> int:
        """When it is sent, UTC milliseconds; what is odd about that time is said. UsageError for what is none."""
        from linktrack.moments import at_clock_change, now, read_time

        if self.sent_at is None:
            return now()
        when = read_time(self.sent_at, workspace.zone, "--sent-at")
        if odd := at_clock_change(self.sent_at, workspace.zone, when):
            warn(f"Note: --sent-at {odd}.")
        return when


def rewrite_mailing(
    context: typer.Context,
    name: NameArgument,
    contacts: Annotated[Path, typer.Option(metavar="FILE", help="The CRM's export of who gets it; - reads stdin.")],
    out: OutOption,
    output: Annotated[Output, typer.Option("--as", help="What to write.")] = Output.html,
    *,
    template: TemplateOptions,
    choosing: ChoosingOptions,
    sending: SendingOptions,
    writing: WritingOptions,
    no_import: Annotated[
        bool, typer.Option("--no-import", help="Do not import the workspace's own click log first.")
    ] = False,
    wait: WaitOption = WAIT,
    format: FormatOption = None,
) -> None:
    """Make a shipment: store its recipients and write each one's copy with their own addresses.

    \b
    Examples:
      linktrack mailing rewrite news --contacts contacts.csv --out mails
      linktrack mailing rewrite news --contacts contacts.csv --out mails --as eml --from 'Anna <anna@example.com>'
      linktrack mailing rewrite news --contacts all.csv --out half --part 1/2 --split subject
      linktrack report clickers offer | linktrack mailing rewrite autumn --contacts all.csv --only - --out mails
    """
    from linktrack.mailings.rewriting import RewriteOptions, rewrite

    workspace = workspace_of(context)
    when = sending.moment(workspace)
    part = choosing.part_of_split()
    refuse_stdin_twice(contacts, *choosing.lists, options="--contacts, --only and --except")
    protected = protected_of(context, contacts, *choosing.lists)
    with (
        opened(context, wait) as database,
        readable(contacts) as contacts_path,
        all_readable(choosing.only or ()) as only_paths,
        all_readable(choosing.leave_out or ()) as left_out_paths,
        progress_bars(context) as progress,
    ):
        options = RewriteOptions(
            mailing=name,
            contacts=contacts_path,
            sent_at=when,
            streamed=is_pipe(contacts),
            output=output.value,
            merge_tag=template.merge_tag or "",
            person_merge_tag=template.person_merge_tag,
            honeypot=sending.honeypot,
            test=sending.test,
            again=sending.again,
            only=only_paths,
            leave_out=left_out_paths,
            part=part,
            import_first=not no_import,
            wait=wait,
            **writing._asdict(),
        )
        done = rewrite(workspace, database, options, out_of(out), protected=protected, tell=warn, progress=progress)
    show_rewritten(context, done, out, format)
