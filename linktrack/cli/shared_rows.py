"""Where rows go, and as what: text for a terminal, a pipe or a file, CSV for a spreadsheet, or a workbook."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, tzinfo
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, NamedTuple

import typer

from linktrack.cli.output import Format, FormatOption, show_record, show_rows, times_of
from linktrack.cli.row_formats import SPREADSHEETS, ShownRecord, ShownRow, by_names, cell_text
from linktrack.cli.shared_context import protected_of, workspace_of
from linktrack.errors import LinktrackError, UsageError
from linktrack.files.disk_folders import folder_for_a_moment, passing_folder
from linktrack.files.protected import folder_in_place
from linktrack.files.reading import STDOUT
from linktrack.files.writing import writing

if TYPE_CHECKING:
    from linktrack.files.protected import Protected
    from linktrack.reports.workbook_chart import Chart
    from linktrack.settings.tables import Language

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the rows into this file, in the format of its ending; - is stdout.",
    ),
]
ExcelOption = Annotated[
    bool, typer.Option("--excel", help="CSV as a spreadsheet program of the workspace's language opens it.")
]

_ENDINGS = [format.value for format in Format if format is not Format.table]


class Destination(NamedTuple):
    """Where a person wants the rows, and as what."""

    output: OutputOption = None
    excel: ExcelOption = False
    format: FormatOption = None

    @property
    def file(self) -> Path | None:
        """The file to write; None is stdout."""
        return None if self.output is None or str(self.output) == STDOUT else self.output

    def chosen(self) -> Format:
        """The format as told, or of the file's ending, else a table on a terminal and TSV in a pipe.

        UsageError for an ending that is none, for --excel with what is no CSV, and for a workbook on a terminal;
        Conflict for a folder.
        """
        if self.file is not None and self.file.is_dir():
            raise folder_in_place(self.file)
        named = self.format
        if named is None and self.file is not None and (not self.excel or self._ending() in _ENDINGS):
            if self._ending() not in _ENDINGS:
                known = ", ".join(_ENDINGS)
                raise UsageError(f"the ending of {self.file} is no format: name one with --format, or write {known}")
            named = Format(self._ending())
        if self.excel and named not in (None, Format.csv):
            raise UsageError(f"--excel is CSV as a spreadsheet opens it, not {named}: leave out one of them")
        if self.excel:
            return Format.csv
        terminal = self.file is None and sys.stdout.isatty()
        if named is Format.xlsx and terminal:
            raise UsageError("a workbook cannot be shown on a terminal: write it into a file, with -o FILE.xlsx")
        return named or (Format.table if terminal else Format.tsv)

    def _ending(self) -> str:
        return "" if self.file is None else self.file.suffix.removeprefix(".").lower()

    def check_dry_run(self, dry_run: bool) -> None:
        """UsageError for -o or --excel without --dry-run, at a command that has rows to write only with it."""
        self.chosen()
        if (self.output is not None or self.excel) and not dry_run:
            raise UsageError("-o and --excel write what would happen: they go with --dry-run")


@dataclass(frozen=True)
class Looks:
    """What else there is to know of rows: the columns that fit a terminal, those of times (None: by their names), and,
    for a workbook, its chart and the lines below its table."""

    table: Sequence[str] | None = None
    times: Collection[str] | None = None
    chart: Chart | None = None
    notes: tuple[str, ...] = ()


PLAIN = Looks()


def list_rows(
    context: typer.Context,
    rows: Iterable[ShownRow],
    columns: Sequence[str],
    destination: Destination,
    looks: Looks = PLAIN,
    *,
    inputs: Sequence[Path | str | None] = (),
) -> None:
    """Write rows where a person wants them. A file is written aside and put in its place at the end; it is none of
    `inputs`, which the command reads. Errors as `Destination.chosen`, and those of files and workbooks."""
    chosen, place = destination.chosen(), _place_of(context)
    protected = protected_of(context, *inputs)
    if chosen is Format.xlsx:
        from linktrack.reports.workbook import Sheet, write_workbook

        timed = frozenset(times_of(columns, looks.times))
        sheet = Sheet(columns, timed, place.zone, place.language, looks.chart, looks.notes)
        with (
            writing(destination.file or Path(STDOUT), protected, binary="a workbook") as file,
            passing_folder(folder_for_a_moment(place.folder)) as folder,
        ):
            write_workbook(file, sheet, map(_flat, rows), folder)
        return
    spreadsheet = SPREADSHEETS[place.language] if destination.excel else None
    with _opened(destination, protected) as stream:
        show_rows(
            rows, columns, chosen, zone=place.zone, table=looks.table, times=looks.times, stream=stream,
            spreadsheet=spreadsheet,
        )  # fmt: skip


def put_record(
    context: typer.Context, record: ShownRecord, destination: Destination, *, inputs: Sequence[Path | str | None] = ()
) -> None:
    """Write one thing where a person wants it; errors as `list_rows`."""
    with _opened(destination, protected_of(context, *inputs)) as stream:
        show_record(record, destination.chosen(), zone=_place_of(context).zone, stream=stream)


class _Place(NamedTuple):
    """What a workspace says of how rows look, and where something may lie for a moment."""

    zone: tzinfo
    language: Language
    folder: Path


def _place_of(context: typer.Context) -> _Place:
    """The workspace's zone, language and folder; outside of one, or in a broken one, what goes everywhere."""
    try:
        workspace = workspace_of(context)
    except LinktrackError:  # whoever needs one has said so already
        return _Place(UTC, "en", Path.cwd())
    return _Place(workspace.zone, workspace.settings.language, workspace.root)


@contextmanager
def _opened(destination: Destination, protected: Protected) -> Iterator[IO[str]]:
    """A stream for text: stdout as it is, or UTF-8 in a file, and for a spreadsheet in a pipe."""
    if destination.file is None and not (destination.excel and not sys.stdout.isatty()):
        yield sys.stdout
        return
    with writing(destination.file or Path(STDOUT), protected) as raw:
        text = TextIOWrapper(raw, encoding="utf-8", newline="")
        try:
            yield text
        finally:
            text.detach()  # else it would close what is not its own


def _flat(row: ShownRow) -> ShownRecord:
    """A row whose values a cell can hold: what is put together of several is one text."""
    return {
        name: value if value is None or isinstance(value, str | int | float) else cell_text(value)
        for name, value in by_names(row).items()
    }
