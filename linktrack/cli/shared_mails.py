"""What `mailing rewrite`, `mailing preview` and `shipment render` share: where contacts come from, where mails go, and
what is said when they are there."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from linktrack.cli.output import Format, FormatOption, say, show_record, warn
from linktrack.cli.shared_arguments import NameArgument
from linktrack.cli.shared_context import WAIT, WaitOption, opened, protected_of, workspace_of
from linktrack.cli.shared_inputs import all_readable, is_pipe, readable, readable_or_none, refuse_stdin_twice
from linktrack.errors import Conflict, UsageError
from linktrack.files.reading import STDOUT
from linktrack.sentences import counted

if TYPE_CHECKING:
    from linktrack.mailings.progress import Advance
    from linktrack.mailings.rewriting import Rewritten

_PREVIEW = "linktrack-preview-"
_PREVIEW_SECONDS = 3_600  # that a browser may need its file
_SHOWN = 20  # rows left out that are named


class Output(StrEnum):
    """As what a shipment's mails are handed out."""

    html = "html"
    eml = "eml"
    mbox = "mbox"
    ndjson = "ndjson"
    template = "template"


OutOption = Annotated[Path, typer.Option(metavar="DIR", help="A new folder; - is stdout (ndjson and mbox).")]
FromOption = Annotated[str, typer.Option("--from", help="The sender of e-mails; else [sender] from.")]
ContactsOption = Annotated[Path, typer.Option(metavar="FILE", help="The CRM's export of who gets it; - reads stdin.")]
FillOption = Annotated[
    bool, typer.Option("--fill", help="Put the contacts' values where merge tags stand in subject, text and HTML.")
]
KeepMergeTagsOption = Annotated[
    bool, typer.Option("--keep-merge-tags", help="Write e-mails with the merge tags as they stand.")
]


def rewrite_mailing(
    context: typer.Context,
    name: NameArgument,
    contacts: ContactsOption,
    out: OutOption,
    output: Annotated[Output, typer.Option("--as", help="What to write.")] = Output.html,
    merge_tag: Annotated[
        str | None,
        typer.Option(help="With --as template: the ESP's merge tag where the token goes; else {{ linktrack_token }}."),
    ] = None,
    person_merge_tag: Annotated[
        str,
        typer.Option(
            help="With --as template, where some refuse tracking: the ESP's merge tag for the recipient's own token, "
            "in unsubscribe, subscriptions and view-online; else {{ linktrack_person_token }}."
        ),
    ] = "",
    only: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Only these: any rows with a contact_id; - reads stdin. Again for more."),
    ] = None,
    leave_out: Annotated[
        list[Path] | None, typer.Option("--except", metavar="FILE", help="All but these; as --only. Again for more.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(metavar="K/N", help="One of N random parts of a split, e.g. 1/2 for an A/B.")
    ] = None,
    split: Annotated[
        str, typer.Option(metavar="NAME", help="The split's name: the same parts again by the same name.")
    ] = "",
    test: Annotated[bool, typer.Option("--test", help="A test shipment: its clicks never count.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also to contacts who got this mailing already.")] = False,
    sent_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it is sent: 2026-05-04T09:00, in the workspace's zone; else now."),
    ] = None,
    honeypot: Annotated[
        bool, typer.Option("--honeypot", help="Add an invisible link that only machines follow.")
    ] = False,
    sender: FromOption = "",
    fill: FillOption = False,
    keep_merge_tags: KeepMergeTagsOption = False,
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
    from linktrack.contacts.choosing import Part
    from linktrack.mailings.rewriting import RewriteOptions, rewrite
    from linktrack.moments import at_clock_change, now, read_time

    workspace = workspace_of(context)
    when = now()
    if sent_at is not None:
        when = read_time(sent_at, workspace.zone, "--sent-at")
        if odd := at_clock_change(sent_at, workspace.zone, when):
            warn(f"Note: --sent-at {odd}.")
    if part is None and split:
        raise UsageError("--split needs --part K/N: which of the parts is it?")
    chosen = None if part is None else Part.read(part, split)
    lists = (*(only or ()), *(leave_out or ()))
    refuse_stdin_twice(contacts, *lists, options="--contacts, --only and --except")
    protected = protected_of(context, contacts, *lists)
    with (
        opened(context, wait) as database,
        readable(contacts) as contacts_path,
        all_readable(only or ()) as only_paths,
        all_readable(leave_out or ()) as left_out_paths,
        progress_bars(context) as progress,
    ):
        options = RewriteOptions(
            mailing=name,
            contacts=contacts_path,
            sent_at=when,
            streamed=is_pipe(contacts),
            output=output.value,
            merge_tag=merge_tag or "",
            person_merge_tag=person_merge_tag,
            sender=sender,
            honeypot=honeypot,
            fill=fill,
            keep_merge_tags=keep_merge_tags,
            test=test,
            again=again,
            only=only_paths,
            leave_out=left_out_paths,
            part=chosen,
            import_first=not no_import,
            wait=wait,
        )
        done = rewrite(workspace, database, options, out_of(out), protected=protected, tell=warn, progress=progress)
    show_rewritten(context, done, out, format)


def preview_mailing(
    context: typer.Context,
    name: NameArgument,
    contacts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A contacts file, for whose copy it is; - reads stdin.")
    ] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="ID", help="The contact by id or address; else the file's first.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="OUT", help="A file, or - for stdout; else the browser.")
    ] = None,
) -> None:
    """Show one recipient's copy, in the browser or as a file. Nothing is stored, and its addresses lead nowhere.

    \b
    Examples:
      linktrack mailing preview news
      linktrack mailing preview news --contacts contacts.csv --contact 10042 -o preview.html
    """
    from linktrack.crm.export import mapping_of
    from linktrack.files.writing import write_file
    from linktrack.mailings.previewing import preview_of

    protected = protected_of(context, contacts)
    with opened(context) as database, readable_or_none(contacts) as file:
        shown = preview_of(database, name, mapping_of(workspace_of(context)), contacts=file, contact=contact)
    where = _open_in_browser(shown.html) if out is None else out
    if out is not None:
        if out.is_file() and shown.html != shown.written and out.read_bytes() == shown.written:
            raise Conflict("this is the mailing itself, as it was written: name another file for its preview", file=out)
        write_file(out, shown.html, protected)
    whose = "as it was written" if shown.person is None else f"for contact {shown.person.contact_id}"
    if shown.person is not None and shown.person.shared_token:
        whose += ", who refuses tracking"
    say(context, f"{name} {whose}, its tracked addresses leading nowhere: {where}")
    if shown.standing:
        say(context, f"Merge tags stand in it as they are: {', '.join(shown.standing[:5])}.")


def _open_in_browser(html: bytes) -> Path:
    """Show a page in the browser, from a file that stays until a later preview, for there may be a person in it."""
    import webbrowser

    for earlier in Path(tempfile.gettempdir()).glob(f"{_PREVIEW}*"):
        with suppress(OSError):  # somebody else's
            if time.time() - earlier.lstat().st_mtime > _PREVIEW_SECONDS:
                shutil.rmtree(earlier)
    folder = Path(tempfile.mkdtemp(prefix=_PREVIEW))
    path = folder / "preview.html"
    path.write_bytes(html)
    path.chmod(0o600)
    webbrowser.open(path.as_uri())
    return path


def out_of(out: Path) -> Path | BinaryIO:
    """stdout for `-`, unbuffered so that what was written is known; else the folder."""
    if str(out) != STDOUT:
        return out
    stdout = sys.stdout.buffer
    raw: BinaryIO = getattr(stdout, "raw", stdout)
    return raw


@contextmanager
def progress_bars(context: typer.Context) -> Iterator[Advance]:
    """A bar on stderr for each thing that passes, when that is a terminal; else nothing."""
    from linktrack.mailings.progress import unseen

    if context.obj.quiet or not sys.stderr.isatty():
        yield unseen
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    tasks: dict[str, TaskID] = {}
    with Bars(console=Console(stderr=True), transient=True) as bars:

        def advance(what: str, more: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.advance(tasks[what], more)

        yield advance


def show_rewritten(context: typer.Context, done: Rewritten, out: Path, format: Format | None) -> None:
    """Say what was handed out; with --format as a record (on stderr when the mails themselves went to stdout)."""
    for row in done.rejected[:_SHOWN]:
        warn(f"Left out, line {row.line}: {row.reason}.")
    if len(done.rejected) > _SHOWN:
        warn(f"… and {len(done.rejected) - _SHOWN} more rows left out.")
    shipment = done.shipment
    if done.imported is not None:
        say(context, f"Imported the workspace's own click log first: {counted(done.imported, 'new click')}.")
    if done.left:
        say(context, f"Left out, for they have left this type of mailing: {done.left:,}.")
    if done.uncounted:
        say(context, f"Written without tracking, for they refuse it: {done.uncounted:,}.")
    if done.not_chosen:
        say(context, f"Not chosen: {done.not_chosen:,}.")
    if done.forgotten:
        say(context, f"Left out, for they were forgotten: {done.forgotten:,}.")
    for note in done.notes:
        warn(f"Note: {note}")
    test = "test shipment" if shipment.test else "shipment"
    where = "stdout" if str(out) == STDOUT else str(out)
    people = counted(done.recipients, "recipient")
    say(context, f"Wrote {test} {shipment.id} of {shipment.mailing} for {people} to {where}.")
    if shipment.state == "cancelled":
        warn(f"Shipment {shipment.id} is cancelled: linktrack shipment restore {shipment.id} lets it count again.")
    record = {
        "shipment": shipment.id,
        "recipients": done.recipients,
        "placements": done.placements,
        "files": done.files,
        "left_out": len(done.rejected),
        "left": done.left,
        "not_chosen": done.not_chosen,
        "forgotten": done.forgotten,
        **({"uncounted": done.uncounted} if shipment.uncounted else {}),
    }
    if format is not None:
        show_record(record, format, stream=sys.stderr if str(out) == STDOUT else None)
    if done.rejected:
        raise typer.Exit(6)
