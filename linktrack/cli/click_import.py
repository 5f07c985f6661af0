"""linktrack click import: logs in, and what is said of them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from linktrack.cli.click_times import ClickedSinceOption, ClickedUntilOption
from linktrack.cli.output import Format, FormatOption, say, show_record, warn
from linktrack.cli.shared_context import JobWaitOption, opened, protected_of, workspace_of
from linktrack.sentences import counted

if TYPE_CHECKING:
    from linktrack.clicks.summary import ImportSummary, Progress

SUMMARY = (
    "files", "read", "stored", "repeated", "not_ours", "rejected", "reasons", "human", "prefetch", "scanner", "test",
    "seconds",
)  # fmt: skip


def import_clicks(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE...]",
            help="Logs, compressed or not, or folders of them; - is standard input, nothing the workspace's own log.",
        ),
    ] = None,
    log_format: Annotated[
        str | None,
        typer.Option("--log-format", metavar="NAME|STRING", help="A format's name, or the server's format string."),
    ] = None,
    mailing: Annotated[str | None, typer.Option(help="The mailing that a mail service's events belong to.")] = None,
    rejected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="List what was rejected here: reason, log, line.")
    ] = None,
    tolerate: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="End with code 6 when more of the lines that look like ours are bad; 50 unless given.",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read logs from their beginning: addresses and verdicts as of today.")
    ] = False,
    since: ClickedSinceOption = None,
    until: ClickedUntilOption = None,
    wait: JobWaitOption = None,
    time_zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="The zone of a log that writes local time without offset.")
    ] = None,
    format: FormatOption = None,
) -> None:
    """Import clicks from logs. A log is read on from where it was left; a line is never counted twice.

    \b
    Examples:
      linktrack click import access.log
      zcat access.log.2.gz | linktrack click import - --rejected rejected.tsv
      linktrack click import events.json --log-format sendgrid --mailing news
    """
    from linktrack.clicks.load import import_logs
    from linktrack.clicks.logs.import_terms import TOLERATED_PERCENT, ImportOptions
    from linktrack.moments import read_stretch

    if log_format == "help":
        from linktrack.clicks.formats import format_names

        typer.echo("\n".join(format_names()))
        return
    workspace = workspace_of(context)
    options = ImportOptions(
        log_format, *read_stretch(since, until, workspace.zone), mailing, time_zone, again,
        TOLERATED_PERCENT if tolerate is None else tolerate,
    )  # fmt: skip
    logs = files or []
    so_far: list[Progress] = []
    with (
        opened(context, wait) as database,
        _rejects(context, rejected, logs) as rejects,
        _gentle_stop(context) as stop,
        _progress(context, logs, so_far) as tell,
    ):
        try:
            summary = import_logs(
                workspace, database, logs, options, rejected=rejects, tell=tell, stop=stop, wait=wait or 0
            )
        except BaseException:
            if so_far:
                said = _sentence(so_far[-1].summary)
                say(context, f"{said} before the error; that is stored, run it again to go on.")
            raise
    _show(context, summary, format)
    for problem in summary.problems if summary.stopped else summary.problems[:-1]:
        warn(f"linktrack: {problem}")
    if summary.problems and not summary.stopped:
        raise summary.problems[-1]
    if summary.stopped:
        say(context, "Stopped, and all that was read is stored: run the same command again and it goes on from there.")
        raise typer.Exit(130)
    if summary.notes or summary.alarm:
        raise typer.Exit(6)


def _show(context: typer.Context, summary: ImportSummary, format: Format | None) -> None:
    record: dict[str, Any] = {name: getattr(summary, name) for name in SUMMARY} | {"reasons": dict(summary.reasons)}
    if format is not None:
        show_record(record, format)
    say(context, f"{_sentence(summary)} in {summary.seconds:.1f} s.")
    for note in filter(None, (*summary.notes, summary.alarm, *summary.unusual)):
        warn(note)
    for hint in summary.hints:
        say(context, hint)


def _sentence(summary: ImportSummary) -> str:
    machines = summary.prefetch + summary.scanner
    parts = [f"{summary.human} by people", f"{machines} by machines"]
    if summary.test:
        parts.append(f"{summary.test} of tests")
    text = f"Read {counted(summary.read, 'line')}: {counted(summary.stored, 'click')} stored ({', '.join(parts)})"
    text += f", {summary.repeated} seen before, {summary.not_ours} not ours, {summary.rejected} rejected"
    text += f" ({_reasons(summary)})" if summary.reasons else ""
    if summary.readdressed:
        text += f"; {_earlier(summary.readdressed, 'has', 'have')} another address or network now"
    if summary.moved:
        text += f"; {_earlier(summary.moved, 'is', 'are')} judged differently now"
    if summary.waiting:
        text += f"; {summary.waiting} unfinished line{' waits' if summary.waiting == 1 else 's wait'}"
    return text


def _earlier(count: int, one: str, many: str) -> str:
    return f"1 earlier click {one}" if count == 1 else f"{count} earlier clicks {many}"


def _reasons(summary: ImportSummary) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(summary.reasons.items()))


@contextlib.contextmanager
def _rejects(context: typer.Context, path: Path | None, logs: list[str]) -> Iterator[IO[str] | None]:
    """The file for rejected lines, if one is wanted."""
    if path is None:
        yield None
    elif str(path) == "-":
        yield sys.stdout
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    else:
        from io import TextIOWrapper

        from linktrack.files.writing import writing

        with writing(path, protected_of(context, *logs)) as raw:
            file = TextIOWrapper(raw, encoding="utf-8", newline="\n", write_through=True)
            file.write("reason\tlog\tline\n")
            yield file
            file.flush()
            file.detach()


@contextlib.contextmanager
def _gentle_stop(context: typer.Context) -> Iterator[Any]:
    """Ctrl-C and SIGTERM ask for a stop, of a log after the batch, of a pipe and of waiting at once; a second one ends
    the import wherever it is, which loses nothing either."""
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        if not context.obj.quiet:
            line_start = b"\r\x1b[K" if sys.stderr.isatty() else b""
            with contextlib.suppress(OSError):  # nobody listens
                os.write(2, line_start + b"Stopping as soon as nothing is lost by it; once more stops at once.\n")

    before: dict[int, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError):  # not in the main thread
            before[number] = signal.signal(number, ask)
    try:
        yield lambda: bool(asked)
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


@contextlib.contextmanager
def _progress(context: typer.Context, files: list[str], so_far: list[Progress]) -> Iterator[Any]:
    """A line with what is done, on a terminal only; the last of it is kept in `so_far`."""
    if context.obj.quiet or not sys.stderr.isatty():
        yield lambda progress: so_far.__setitem__(slice(None), [progress])
        return
    from time import monotonic

    began = shown = monotonic()

    def tell(progress: Progress) -> None:
        nonlocal shown
        so_far[:] = [progress]
        at = monotonic()
        if at - shown < 0.2:
            return
        shown = at
        read = progress.summary.read
        rate = read / max(at - began, 0.001)
        sys.stderr.write(f"\r\x1b[K{progress.path}: {read:,} lines, {rate:,.0f} a second{_left(progress, at - began)}")
        sys.stderr.flush()

    def _left(progress: Progress, seconds: float) -> str:
        try:
            total = sum(Path(name).stat().st_size for name in files)
        except OSError:
            return ""
        if len(files) != 1 or total <= progress.position:
            return ""
        return f", {seconds * (total - progress.position) / max(progress.position, 1):.0f} s left"

    try:
        yield tell
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
