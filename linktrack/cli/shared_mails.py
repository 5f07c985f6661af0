"""What `mailing rewrite` and `shipment render` share: where contacts come from, where mails go, what is said."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

from linktrack.cli.output import Format, end_of_pipe, say, show_record
from linktrack.errors import LinktrackError, UsageError

if TYPE_CHECKING:
    from linktrack.crm.export import BadRow
    from linktrack.files import Kept
    from linktrack.mailings.rewriting import Rendered
    from linktrack.mailings.shipments import Shipment


def stream_or_folder(out: Path, output: str, kept: Kept) -> Path | BinaryIO:
    """stdout for `-` (NDJSON and mbox only), else the folder, which must be new or empty."""
    from linktrack.files import check_new_folder
    from linktrack.mailings.rewriting import STREAMS

    if str(out) == "-":
        if output not in STREAMS:
            raise UsageError(f"--as {output} makes several files: name a folder with --out DIR")
        return sys.stdout.buffer
    check_new_folder(out, kept)  # said before anything is stored
    return out


@contextmanager
def contacts_path(path: Path) -> Iterator[Path]:
    """The contacts file; stdin is kept in a temporary file, because the reader looks at it twice."""
    if str(path) != "-":
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="linktrack-contacts-") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield Path(kept.name)


@contextmanager
def progress_bar(context: typer.Context, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr when that is a terminal, else nothing."""
    if context.obj.quiet or not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


@contextmanager
def unwritten(context: typer.Context, shipment: Shipment) -> Iterator[None]:
    """When a shipment's mails cannot be written: it is stored, so say how to go on."""
    try:
        yield
    except BrokenPipeError:
        end_of_pipe()
    except (OSError, LinktrackError, KeyboardInterrupt):
        again = f"linktrack shipment render {shipment.id} --out DIR"
        say(context, f"Shipment {shipment.id} is stored, its mails are not all written: {again} writes them.")
        raise


def summary(
    context: typer.Context,
    shipment: Shipment,
    written: Rendered,
    out: Path,
    rejected: Sequence[BadRow],
    format: Format | None,
) -> None:
    """Say what was written; with --format as a record (on stderr when the mails themselves went to stdout)."""
    for row in rejected[:20]:
        say(context, f"Left out, line {row.line}: {row.reason}.")
    if len(rejected) > 20:
        say(context, f"… and {len(rejected) - 20} more rows left out.")
    test = "test shipment" if shipment.test else "shipment"
    where = "stdout" if str(out) == "-" else str(out)
    say(context, f"Wrote {test} {shipment.id} of {shipment.mailing} for {written.recipients} recipients to {where}.")
    record = {
        "shipment": shipment.id,
        "recipients": written.recipients,
        "placements": written.placements,
        "files": written.files,
        "left_out": len(rejected),
    }
    if format is not None:
        show_record(record, format, stream=sys.stderr if str(out) == "-" else None)
    if rejected:
        raise typer.Exit(6)
