"""How results look: rows as text in six formats, sentences on stderr."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import tzinfo
from enum import Enum, StrEnum, auto
from functools import partial
from itertools import chain, islice
from typing import IO, Annotated

import typer

from linktrack.cli.row_formats import (
    ColumnCells,
    RowBlock,
    ShownRecord,
    ShownRow,
    Spreadsheet,
    cell_text,
    csv_lines,
    fitting,
    json_array,
    json_for,
    json_lines,
    markdown,
    row_blocks,
    tab_separated,
)
from linktrack.cli.streams import encoding_of, end_of_pipe
from linktrack.moments import iso, wall_time
from linktrack.visible import json_text, spoken, visible


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


_TIMES = ("first_click", "last_click", "hour", "at")


def is_time(column: str) -> bool:
    """Whether a column holds times, by its name: see `linktrack.store.tables`."""
    return column.endswith("_at") or column in _TIMES


class _Clock(Enum):
    """How a time is shown: as ISO 8601 with its offset, or as the clock on the wall has shown it."""

    iso = auto()
    minutes = auto()
    seconds = auto()


def times_shown(column: str, cells: ColumnCells, zone: tzinfo | None, clock: _Clock = _Clock.iso) -> ColumnCells:
    """The cells of a column of times: milliseconds as texts, in `zone`."""
    if zone is not None:
        show = partial(iso, zone=zone) if clock is _Clock.iso else _on_the_wall(zone, clock)
        return [show(value) if isinstance(value, int) else value for value in cells]
    if any(isinstance(value, int) for value in cells):
        raise TypeError(f"times are shown in a zone: name one for the column {column!r}")
    return cells


def _on_the_wall(zone: tzinfo, clock: _Clock) -> Callable[[int], str]:
    return partial(wall_time, zone=zone, seconds=clock is _Clock.seconds)


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
    record: ShownRecord, format: Format | None, *, zone: tzinfo | None = None, stream: IO[str] | None = None
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
    timed = {
        name: times_shown(name, [value], zone, clock)[0] if is_time(name) else value for name, value in record.items()
    }
    match chosen:
        case Format.json | Format.ndjson:
            _write((json_for(out, json_text(timed, indent=2 if chosen is Format.json else None)), "\n"), out)
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
    chosen = format or (Format.table if sys.stdout.isatty() else Format.tsv)
    wanted = table or columns if chosen is Format.table else columns
    timed, clock = times_of(wanted, times), _clock(chosen, spreadsheet)
    found = (_with_times(block, wanted, timed, zone, clock) for block in row_blocks(rows, wanted))
    first = list(islice(found, 1))  # an error of a query comes before the first line of its answer
    blocks = chain(first, found)
    match chosen:
        case Format.table:
            _show_table(list(blocks), wanted, timed, out)
        case Format.json:
            _write(json_array(blocks, columns, out), out)
        case Format.ndjson:
            _write(json_lines(blocks, columns, out), out)
        case Format.csv:
            _write(csv_lines(blocks, columns, out, spreadsheet), out)
        case Format.tsv:
            _write(tab_separated(blocks, columns, out), out)
        case Format.md:
            _write(markdown(blocks, columns), out)
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


def _with_times(
    block: RowBlock, columns: Sequence[str], times: Collection[str], zone: tzinfo | None, clock: _Clock
) -> RowBlock:
    return [
        times_shown(name, cells, zone, clock) if name in times else cells
        for name, cells in zip(columns, block, strict=True)
    ]


def _show_table(blocks: Sequence[RowBlock], columns: Sequence[str], times: Collection[str], out: IO[str]) -> None:
    from linktrack.cli.table import TableColumn, table_lines

    if not blocks:
        return
    encoding = encoding_of(out)
    whole = [list(chain.from_iterable(parts)) for parts in zip(*blocks, strict=True)]
    shown = [
        TableColumn(
            name,
            [fitting(_short(name, value), encoding) for value in cells],
            numeric=all(map(_is_number, cells)),
            timed=name in times,
        )
        for name, cells in zip(columns, whole, strict=True)
    ]
    # Off a terminal a table is as wide as it needs to be, unless COLUMNS says otherwise.
    width = shutil.get_terminal_size((80 if out.isatty() else 1000, 24)).columns
    rule = _RULE if fitting(_RULE, encoding) == _RULE else "-"
    _write((line + "\n" for line in table_lines(shown, width, rule)), out)


_RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _short(column: str, value: object) -> str:
    """A value as a reader wants it in a table: percent instead of a share."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column.endswith("_rate") and isinstance(value, float):
        return f"{value:.1%}"
    return visible(cell_text(value))


def _write(chunks: Iterable[str], out: IO[str]) -> None:
    """Write to `out`; a reader that has gone away (`| head`) ends the command in silence."""
    try:
        for chunk in chunks:
            out.write(chunk)
        out.flush()
    except BrokenPipeError:
        end_of_pipe()
