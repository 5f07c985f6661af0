"""How results look: rows in six formats on stdout, sentences on stderr."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import IO, Annotated, Any, NoReturn

import typer

from linktrack import moments
from linktrack.visible import json_text, markdown_cell, visible

Row = Mapping[str, Any]


class Format(StrEnum):
    table = "table"
    json = "json"
    ndjson = "ndjson"
    csv = "csv"
    tsv = "tsv"
    md = "md"


FormatOption = Annotated[
    Format | None,
    typer.Option("--format", help="How rows are written; a table on a terminal, TSV in a pipe, unless given."),
]


def iso(milliseconds: int | None, zone: tzinfo = UTC) -> str | None:
    """UTC milliseconds as ISO 8601 with the offset of a zone."""
    return None if milliseconds is None else moments.iso(milliseconds, zone)


def say(context: typer.Context, sentence: str) -> None:
    """A sentence for a person, on stderr; silent with --quiet."""
    if not context.obj.quiet:
        typer.echo(sentence, err=True)


def warn(sentence: str) -> None:
    """A sentence that a person must not miss, on stderr; also with --quiet, which silences success only."""
    typer.echo(visible(sentence), err=True)


def confirm(context: typer.Context, question: str, yes: bool) -> bool:  # noqa: ARG001  (called as `say` is)
    """Ask on a terminal; elsewhere only --yes will do."""
    from linktrack.errors import UsageError

    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Say so with --yes (there is no terminal to ask at)")
    return typer.confirm(question, err=True)


def show_record(record: Row, format: Format | None, *, stream: IO[str] | None = None) -> None:
    """One thing with names and values: an object in JSON, name and value in two columns for a reader."""
    match format or (Format.table if sys.stdout.isatty() else Format.tsv):
        case Format.json | Format.ndjson as chosen:
            indent = 2 if chosen is Format.json else None
            _write((json_text(record, indent), "\n"), stream)
        case Format.csv:
            show_rows([record], list(record), Format.csv, stream=stream)
        case chosen:
            pairs = [{"name": name, "value": value} for name, value in record.items()]
            show_rows(pairs, ["name", "value"], chosen, stream=stream)


def show_rows(
    rows: Iterable[Row],
    columns: Sequence[str],
    format: Format | None,
    *,
    table: Sequence[str] | None = None,
    stream: IO[str] | None = None,
) -> None:
    """Write rows. `columns` are the keys of every machine format, in order; `table` those that fit a terminal."""
    match format or (Format.table if sys.stdout.isatty() else Format.tsv):
        case Format.table:
            _show_table(rows, table or columns, stream)
        case Format.json:
            _write(_json_array(rows, columns), stream)
        case Format.ndjson:
            _write((json_text(_picked(row, columns)) + "\n" for row in rows), stream)
        case Format.csv:
            _write(_csv_lines(rows, columns), stream)
        case Format.tsv:
            _write(_tab_separated(rows, columns), stream)
        case Format.md:
            _write(_markdown(rows, columns), stream)


def plain(value: Any) -> str:
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


def _picked(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    return {column: row[column] for column in columns}


def _json_array(rows: Iterable[Row], columns: Sequence[str]) -> Iterable[str]:
    before = "[\n  "
    for row in rows:
        yield before + json_text(_picked(row, columns))
        before = ",\n  "
    yield "[]\n" if before == "[\n  " else "\n]\n"


class _Lines:
    """A file for csv.writer that hands over the last line."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(rows: Iterable[Row], columns: Sequence[str]) -> Iterable[str]:
    writer = csv.writer(_Lines(), lineterminator="\n")
    yield str(writer.writerow(columns))
    for row in rows:
        yield str(writer.writerow([plain(row[column]) for column in columns]))


def _tab_separated(rows: Iterable[Row], columns: Sequence[str]) -> Iterable[str]:
    yield "\t".join(columns) + "\n"
    for row in rows:
        yield "\t".join(visible(plain(row[column])) for column in columns) + "\n"


def _markdown(rows: Iterable[Row], columns: Sequence[str]) -> Iterable[str]:
    yield "| " + " | ".join(columns) + " |\n"
    yield "|" + " --- |" * len(columns) + "\n"
    for row in rows:
        cells = (markdown_cell(plain(row[column])) for column in columns)
        yield "| " + " | ".join(cells) + " |\n"


def _show_table(rows: Iterable[Row], columns: Sequence[str], stream: IO[str] | None) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = list(rows)
    if not found:
        return
    out = stream or sys.stdout
    view = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    cells = {column: [_short(column, row[column]) for row in found] for column in columns}
    for column in columns:
        numeric = all(isinstance(row[column], int | float) or row[column] is None for row in found)
        # What names the row stays in one piece, and so do times and words: only what is long is folded.
        longest = max(map(len, cells[column]))
        whole = longest <= (_NAME if column == columns[0] else _WHOLE)
        view.add_column(
            column.replace("_", "\n" if len(column) > longest else " "),  # a header does not widen a column
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=whole,
        )
    for index in range(len(found)):
        view.add_row(*(Text(cells[column][index]) for column in columns))
    # Off a terminal a table is as wide as it needs to be, unless COLUMNS says otherwise.
    width = None if out.isatty() else shutil.get_terminal_size((1000, 24)).columns
    Console(file=out, width=width, highlight=False, safe_box=True).print(view)


_WHOLE = len("2026-05-04 09:12")
_NAME = 30


def _short(column: str, value: Any) -> str:
    """A value as a reader wants it in a table: minutes instead of an ISO stamp, percent instead of a share."""
    if column.endswith("_rate") and isinstance(value, float):
        return f"{value:.1%}"
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00", value):
        return value[:16].replace("T", " ")
    return visible(plain(value))


def _write(chunks: Iterable[str], stream: IO[str] | None) -> None:
    """Write to stdout; a reader that has gone away (`| head`) ends the command in silence."""
    out = stream or sys.stdout
    try:
        for chunk in chunks:
            out.write(chunk)
        out.flush()
    except BrokenPipeError:
        end_of_pipe()


def end_of_pipe() -> NoReturn:
    """End the command in silence: whoever read its output (`| head`) has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(0)
