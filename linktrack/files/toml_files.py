"""TOML files: read, with the lines of what is wrong in them, and without what no file of a person holds.

Numbers beyond 64 bits and keys of hundreds of parts are valid TOML, and cost whoever shows the one (Python refuses to
write numbers of more than 4,300 digits) or reads the other (a key's time grows with the square of its parts).
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from ast import literal_eval
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linktrack.errors import BadInput
from linktrack.files.reading import STDIN, open_input, read_own
from linktrack.values import holds_nul

_MOST_PARTS = 100  # of a dotted key
_MOST_SETTINGS = 10_000_000  # bytes
_LEAST, _MOST = -(2**63), 2**63 - 1  # what TOML asks of whoever reads it
_IN_KEY = re.compile(r"""(?P<part>"(?:[^"\\]|\\.)*"?|'[^']*'?|[\w\-]+)|(?P<dot>\.)|[ \t]+|.""")
_NUMBER = re.compile(r"(?<![\w.+\-])[+-]?(?:0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)")
_SHOWS_KEYS = re.compile(r"Cannot (declare|mutate immutable namespace|redefine namespace) (\(.*\))")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\(?:u0000|U00000000|x00)")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WORD = re.compile(r"(true|false)\b", re.IGNORECASE)


@dataclass(frozen=True)
class TomlFile:
    """A TOML file that was read: its text, for the lines of errors, and its tables."""

    path: Path
    text: str
    tables: dict[str, Any]

    def error_at(self, keys: Sequence[str], sentence: str) -> BadInput:
        """An error about the setting `keys` (table names, then the key), with its line in the file."""
        return BadInput(sentence, file=self.path, line=line_of(self.text, tuple(keys)))


def read_toml(path: Path) -> TomlFile:
    """Read a TOML file (`-` is standard input). BadInput with line and column, also for a NUL in a text or a key;
    NotFound, Conflict."""
    if str(path) == STDIN:
        data = sys.stdin.buffer.read()
    else:
        with open_input(path, "a TOML file") as file:
            data = file.read()
    found = _toml_of(data, path)
    if holds_nul(found.tables):
        place = _NUL.search(found.text)
        line = None if place is None else found.text.count("\n", 0, place.start()) + 1
        raise BadInput("a text holds a NUL (\\u0000), which no database takes: take it out", file=path, line=line)
    return found


def read_own_toml(path: Path) -> TomlFile:
    """Read a workspace's settings, of which each says what it may hold. As `read_toml`; BadInput for what is no plain
    file, or longer than any."""
    return _toml_of(read_own(path, "a settings file", _MOST_SETTINGS), path)


def _toml_of(data: bytes, path: Path) -> TomlFile:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise BadInput("TOML must be UTF-8: save the file in that encoding", file=path, line=line) from None
    try:
        return TomlFile(path, text, parse_toml(text))
    except BadInput as problem:
        raise BadInput(problem.sentence, file=path, line=problem.line, column=problem.column) from None


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text. BadInput with line and column for what is none, for a number beyond 64 bits and for
    a key of more than a hundred parts."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") >= _MOST_PARTS and _has_long_key(line):
            raise BadInput(f"a key has more than {_MOST_PARTS} parts with dots between them", line=number)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise _not_valid(text, problem) from None
    except RecursionError:
        raise BadInput("this TOML is nested too deeply") from None
    except ValueError:  # a decimal number of more digits than Python reads
        raise _too_large(text, None) from None
    for value in _numbers(tables):
        if not _LEAST <= value <= _MOST:
            raise _too_large(text, value)
    return tables


def _has_long_key(line: str) -> bool:
    """Whether more than a hundred parts with dots between them stand in a line; in time that grows with its length."""
    parts, dotted = 0, False
    for token in _IN_KEY.finditer(line):
        if token["part"]:
            parts = parts + 1 if dotted else 1
            dotted = False
            if parts > _MOST_PARTS:
                return True
        elif token["dot"]:
            dotted = parts > 0 and not dotted
        elif token[0][0] not in " \t":
            parts, dotted = 0, False
    return False


def _not_valid(text: str, problem: tomllib.TOMLDecodeError) -> BadInput:
    what, _, where = str(problem).partition(" (at ")
    numbers = [int(number) for number in re.findall(r"\d+", where)]
    line = numbers[0] if numbers else len(text.splitlines())
    column = numbers[1] if len(numbers) > 1 else None
    sentence = f"not valid TOML: {_about_keys(what) or what[0].lower() + what[1:]}"
    if column is not None and (word := _WORD.match(text.split("\n")[line - 1], column - 1)):
        sentence += f" {word[0]}: write {word[0].lower()}"
    return BadInput(sentence, line=line, column=column)


def _about_keys(what: str) -> str:
    """The parser's sentence about a table, which has a tuple of Python in it, in words and keys of TOML; else ""."""
    if (found := _SHOWS_KEYS.match(what)) is None:
        return ""
    keys = literal_eval(found[2])
    named = ".".join(key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False) for key in keys)
    if found[1] == "declare":
        return f"the table {named} stands twice: put its keys together in one place"
    return f"{named} has its whole value already: add to it where that is written"


def _numbers(tables: dict[str, Any]) -> Iterator[int]:
    """All whole numbers, however deep they lie."""
    waiting: list[Any] = [tables]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int):
            yield value


def _too_large(text: str, value: int | None) -> BadInput:
    """The error of a number, at the first place where it is written; None is one that Python does not read."""
    places = (found.start() for found in _NUMBER.finditer(text) if _read(found[0]) == value)
    place = next(places, None)
    line = None if place is None else text.count("\n", 0, place) + 1
    return BadInput("a number is too large: whole numbers have at most 64 bits, about 19 digits", line=line)


def _read(number: str) -> int | None:
    with suppress(ValueError):  # too many digits
        return int(number, 0 if number.lstrip("+-")[:2] in ("0x", "0o", "0b") else 10)
    return None


_PART = r"""(?:"[^"]*"|'[^']*'|[\w\-]+)"""
_KEY = rf"{_PART}(?:\s*\.\s*{_PART})*"


def _parts(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, key))


def line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """The line of a TOML text where the key or table `keys` stands (the nearest that can be found)."""
    table: tuple[str, ...] = ()
    best: tuple[int, int | None] = (0, None)
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(rf"\s*\[\[?\s*({_KEY})\s*\]", line):
            here = table = _parts(header[1])
        elif pair := re.match(rf"\s*({_KEY})\s*=", line):
            here = (*table, *_parts(pair[1]))
        else:
            continue
        depth = min(len(here), len(keys))
        if here[:depth] == keys[:depth] and depth > best[0]:
            best = (depth, number)
    return best[1]
