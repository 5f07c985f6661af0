"""How results look: rows as text in six formats, sentences on stderr."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import tzinfo
from enum import Enum, StrEnum, auto
from itertools import chain, islice, repeat
from typing import IO, TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from linktrack.cli.streams import UTF8, encoding_of, end_of_pipe
from linktrack.moments import iso, wall_time
from linktrack.visible import cell_of_a_line, json_text, markdown_cell, spoken, visible

if TYPE_CHECKING:
    from linktrack.settings.tables import Language

ShownRow = Mapping[str, Any]


class Format(StrEnum):
    """As what a record or table is shown: for a person, or for a program."""

    table = "table"
    json = "json"
    ndjson = "ndjson"
    csv = "csv"
    tsv = "tsv"
    md = "md"
    xlsx = "xlsx"


FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="How rows are written; a table on a terminal, TSV in a pipe, unless given. In CSV a ' stands before what "
        "a spreadsheet would run.",
    ),
]


class Spreadsheet(NamedTuple):
    """How a spreadsheet program of a language reads CSV, with a mark before its UTF-8 and the clock on the wall."""

    delimiter: str
    decimal: str


SPREADSHEETS: dict[Language, Spreadsheet] = {"en": Spreadsheet(",", "."), "sv": Spreadsheet(";", ",")}

_TIMES = ("first_click", "last_click", "hour", "at")


def is_time(column: str) -> bool:
    """Whether a column holds times, by its name: see `linktrack.store.tables`."""
    return column.endswith("_at") or column in _TIMES


class _Clock(Enum):
    """How a time is shown: as ISO 8601 with its offset, or as the clock on the wall has shown it."""

    iso = auto()
    minutes = auto()
    seconds = auto()


def as_time(column: str, value: object, zone: tzinfo | None, clock: _Clock = _Clock.iso) -> object:
    """What is shown of a value: the milliseconds of a column of times as a text, in `zone`."""
    if not isinstance(value, int):
        return value
    if zone is None:
        raise TypeError(f"times are shown in a zone: name one for the column {column!r}")
    return iso(value, zone) if clock is _Clock.iso else wall_time(value, zone, seconds=clock is _Clock.seconds)


def say(context: typer.Context, sentence: str) -> None:
    """A sentence for a person, on stderr; silent with --quiet, which silences success only."""
    if not context.obj.quiet:
        warn(sentence)


def warn(sentence: str) -> None:
    """A sentence that a person must not miss, on stderr: what failed, what is missing, what is unusual."""
    with suppress(OSError):  # nobody listens
        typer.echo(spoken(sentence), err=True)


def at_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


_ANSWERS = {**dict.fromkeys(("y", "yes", "j", "ja"), True), **dict.fromkeys(("n", "no", "nej"), False)}


def confirm(context: typer.Context, question: str, yes: bool) -> bool:  # noqa: ARG001  (called as `say` is)
    """Ask on a terminal, for an answer in English or Swedish; elsewhere only --yes will do."""
    from linktrack.errors import UsageError

    if yes:
        return True
    if not at_terminal():
        raise UsageError(f"{question} Say so with --yes (there is no terminal to ask at)")
    answer = ""
    while answer not in _ANSWERS:
        if answer:
            warn(f"{answer!r} is no answer: y or n, in Swedish j or n.")
        given = typer.prompt(f"{spoken(question)} [y/N]", default="n", show_default=False, err=True)
        answer = str(given).strip().casefold()
    return _ANSWERS[answer]


def show_record(
    record: ShownRow, format: Format | None, *, zone: tzinfo | None = None, stream: IO[str] | None = None
) -> None:
    """One thing with names and values: an object in JSON, name and value in two columns for a reader.

    Values of times (see `is_time`) may be UTC milliseconds, and are shown in `zone`. UsageError for a workbook.
    """
    from linktrack.errors import UsageError

    if format is Format.xlsx:
        raise UsageError("--format xlsx is for rows, and this is one thing: write it as json, csv, tsv or md")
    out = stream or sys.stdout
    chosen = format or (Format.table if sys.stdout.isatty() else Format.tsv)
    clock = _clock(chosen)
    timed = {name: as_time(name, value, zone, clock) if is_time(name) else value for name, value in record.items()}
    match chosen:
        case Format.json | Format.ndjson:
            _write(_json((timed,), out, indent=2 if chosen is Format.json else None), out)
        case Format.csv:
            show_rows([timed], list(timed), Format.csv, stream=out)
        case Format.table:
            shown = [{"name": name, "value": _short(name, value)} for name, value in timed.items()]
            show_rows(shown, ["name", "value"], Format.table, stream=out)
        case _:
            pairs = [{"name": name, "value": value} for name, value in timed.items()]
            show_rows(pairs, ["name", "value"], chosen, stream=out)


def show_rows(
    rows: Iterable[ShownRow],
    columns: Sequence[str],
    format: Format | None,
    *,
    zone: tzinfo | None = None,
    table: Sequence[str] | None = None,
    times: Collection[str] | None = None,
    stream: IO[str] | None = None,
    spreadsheet: Spreadsheet | None = None,
) -> None:
    """Write rows as text. `columns` are the keys of every machine format, in order; `table` those that fit a terminal.

    `times` are the columns of times (None: see `is_time`); their UTC milliseconds are shown in `zone`. With
    `spreadsheet` the CSV is as it opens it.
    """
    out = stream or sys.stdout
    begun = iter(rows)
    first = list(islice(begun, 1))  # an error of a query comes before the first line of its answer
    rows = chain(first, begun)
    chosen = format or (Format.table if sys.stdout.isatty() else Format.tsv)
    timed = times_of((*columns, *(table or ())), times)
    if timed:
        clock = _clock(chosen, spreadsheet)
        rows = ({**row, **{name: as_time(name, row.get(name), zone, clock) for name in timed}} for row in rows)
    match chosen:
        case Format.table:
            _show_table(list(rows), table or columns, timed, out)
        case Format.json:
            _write(_json_array(rows, columns, out), out)
        case Format.ndjson:
            _write(_json((_picked(row, columns) for row in rows), out), out)
        case Format.csv:
            _write(_csv_lines(rows, columns, out, spreadsheet), out)
        case Format.tsv:
            _write(_tab_separated(rows, columns, out), out)
        case Format.md:
            _write(_markdown(rows, columns), out)
        case Format.xlsx:
            raise TypeError("a workbook is no text: see list_rows")


def _clock(format: Format, spreadsheet: Spreadsheet | None = None) -> _Clock:
    """How times are shown in a format: people want minutes, and spreadsheet programs know no offset."""
    if format is Format.table:
        return _Clock.minutes
    return _Clock.iso if spreadsheet is None else _Clock.seconds


def times_of(columns: Collection[str], times: Collection[str] | None) -> set[str]:
    """Which of some columns hold times: those of `times`, or, for None, by their names."""
    return set(columns).intersection(times) if times is not None else set(filter(is_time, columns))


def plain(value: object) -> str:
    """A value as text in a cell: lists joined by commas, nothing for None."""
    if isinstance(value, str):
        return value
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.6f}".rstrip("0").rstrip(".")
        case list() | tuple():
            return ", ".join(plain(item) for item in value)
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _picked(row: ShownRow, columns: Sequence[str]) -> dict[str, Any]:
    return {column: row[column] for column in columns}


def _json(values: Iterable[ShownRow], out: IO[str], indent: int | None = None) -> Iterable[str]:
    """Each value as JSON, with a line end. What the encoding of `out` has no letter for is escaped as JSON does."""
    for value in values:
        text = json_text(value, indent)
        if _fitting(text, getattr(out, "encoding", None) or UTF8) != text:
            text = json.dumps(value, indent=indent)
        yield text + "\n"


def _json_array(rows: Iterable[ShownRow], columns: Sequence[str], out: IO[str]) -> Iterable[str]:
    before = "[\n  "
    for line in _json((_picked(row, columns) for row in rows), out):
        yield before + line[:-1]
        before = ",\n  "
    yield "[]\n" if before == "[\n  " else "\n]\n"


BYTE_ORDER_MARK = "\ufeff"


class _Lines:
    """A file for csv.writer that hands over the last line."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(
    rows: Iterable[ShownRow], columns: Sequence[str], out: IO[str], spreadsheet: Spreadsheet | None
) -> Iterable[str]:
    """CSV whose texts no spreadsheet takes for formulas."""
    from linktrack.crm.guard import guarded

    on_terminal = out.isatty()
    delimiter, decimal = spreadsheet or Spreadsheet(",", ".")
    ends = "\n" if spreadsheet is None or on_terminal else "\r\n"
    writer = csv.writer(_Lines(), delimiter=delimiter, lineterminator=ends)
    if spreadsheet is not None and not on_terminal:
        yield BYTE_ORDER_MARK
    yield str(writer.writerow(columns))
    for row in rows:
        texts = []
        for column in columns:
            value, text = row[column], plain(row[column])
            if isinstance(value, float):
                text = text.replace(".", decimal)
            elif not isinstance(value, int):
                text = guarded(text)
            texts.append(visible(text) if on_terminal else text)
        yield str(writer.writerow(texts))


def _tab_separated(rows: Iterable[ShownRow], columns: Sequence[str], out: IO[str]) -> Iterable[str]:
    in_cell = visible if out.isatty() else cell_of_a_line
    yield "\t".join(columns) + "\n"
    for row in rows:
        yield "\t".join(in_cell(plain(row[column])) for column in columns) + "\n"


def _markdown(rows: Iterable[ShownRow], columns: Sequence[str]) -> Iterable[str]:
    yield "| " + " | ".join(columns) + " |\n"
    yield "|" + " --- |" * len(columns) + "\n"
    for row in rows:
        cells = (markdown_cell(plain(row[column])) for column in columns)
        yield "| " + " | ".join(cells) + " |\n"


def _show_table(rows: Sequence[ShownRow], columns: Sequence[str], times: Collection[str], out: IO[str]) -> None:
    from linktrack.cli.table import TableColumn, table_lines

    if not rows:
        return
    encoding = encoding_of(out)
    shown = [
        TableColumn(
            name,
            [_fitting(_short(name, row[name]), encoding) for row in rows],
            numeric=all(map(_is_number, rows, repeat(name))),
            timed=name in times,
        )
        for name in columns
    ]
    # Off a terminal a table is as wide as it needs to be, unless COLUMNS says otherwise.
    width = shutil.get_terminal_size((80 if out.isatty() else 1000, 24)).columns
    rule = _RULE if _fitting(_RULE, encoding) == _RULE else "-"
    _write((line + "\n" for line in table_lines(shown, width, rule)), out)


_RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"


def _is_number(row: ShownRow, column: str) -> bool:
    value = row[column]
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _short(column: str, value: object) -> str:
    """A value as a reader wants it in a table: percent instead of a share."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column.endswith("_rate") and isinstance(value, float):
        return f"{value:.1%}"
    return visible(plain(value))


def _fitting(text: str, encoding: str) -> str:
    """A text in an encoding: what that has no letter for is escaped, before widths are counted."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _write(chunks: Iterable[str], out: IO[str]) -> None:
    """Write to `out`; a reader that has gone away (`| head`) ends the command in silence."""
    try:
        for chunk in chunks:
            out.write(chunk)
        out.flush()
    except BrokenPipeError:
        end_of_pipe()
