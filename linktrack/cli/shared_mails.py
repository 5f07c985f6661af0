"""What `mailing rewrite` and `shipment render` share: how mails are written, where they go, and what is said when they
are there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, NamedTuple

import typer

from linktrack.cli.output import Format, say, show_record, warn
from linktrack.files.reading import STDOUT
from linktrack.sentences import counted

if TYPE_CHECKING:
    from linktrack.mailings.progress import Advance
    from linktrack.mailings.rewriting import Rewritten

_SHOWN = 20  # rows left out that are named


class Output(StrEnum):
    """As what a shipment's mails are handed out."""

    html = "html"
    eml = "eml"
    mbox = "mbox"
    ndjson = "ndjson"
    template = "template"


OutOption = Annotated[Path, typer.Option(metavar="DIR", help="A new folder; - is stdout (ndjson and mbox).")]


class WritingOptions(NamedTuple):
    """How e-mails are written, as far as its options say; in the order in which help shows them."""

    sender: Annotated[str, typer.Option("--from", help="The sender of e-mails; else [sender] from.")] = ""
    fill: Annotated[
        bool, typer.Option("--fill", help="Put the contacts' values where merge tags stand in subject, text and HTML.")
    ] = False
    keep_merge_tags: Annotated[
        bool, typer.Option("--keep-merge-tags", help="Write e-mails with the merge tags as they stand.")
    ] = False


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
