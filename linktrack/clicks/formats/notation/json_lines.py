"""Logs of one JSON object a line: the object read, whatever bytes the line holds, and its values as fields of a row."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TypeVar

from linktrack.clicks.event import LineRow, junk
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.lines import agent_in, split_lines
from linktrack.clicks.formats.notation.times import LocalTime, moment_by_look

# Numbers stay text: a time keeps all its digits, and a number of a thousand digits is no work.
_decoder = json.JSONDecoder(strict=False, parse_float=str, parse_int=str)
_decode, _decode_at = _decoder.decode, _decoder.raw_decode
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
_BARE = re.compile(rb":\s*-?\s*[,}]|[\d-]\s*[,:]\s*[\d-]")
# A text (it may lack its end), or a value that is none.
_NO_VALUE = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))|:\s*+-?\s*+(?=[,}]\s*(?:"|\Z|[,}]))', re.DOTALL)
_WHOLE = re.compile(rb"\.0*\Z")
# Several upstreams, one after the other: `0.010, 0.020`, `502, -`, `- : 302`.
_SEVERAL = re.compile(
    rb'("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))|:\s*+((?:-|\d[\d.]*)(?:\s*[,:]\s*(?:-|\d[\d.]*))+)\s*(?=[,}])', re.DOTALL
)

_Key = TypeVar("_Key")


class JsonLines(LocalTime, ABC):
    """One JSON object a line. A subclass says what an object tells, in `row`."""

    name = ""
    names: tuple[str, ...] = ()

    def rows(self, block: bytes) -> list[LineRow]:
        found = []
        for line in split_lines(block):
            record = parsed(line)
            found.append(junk(line) if record is None else self.row(line, record))
        return found

    @abstractmethod
    def row(self, line: bytes, record: JsonRecord) -> LineRow:
        """What one object tells."""

    def moment(self, stamp: bytes) -> int:
        return moment_by_look(stamp, self.zone)

    def state(self) -> str:
        return ""

    def resume(self, state: str) -> None:
        pass


def parsed(line: bytes) -> JsonRecord | None:
    """The object on a line, or None. Bytes that are not UTF-8 are kept, as surrogates."""
    if b"{" not in line[:80]:
        return None
    text = line.decode("utf-8", "surrogateescape")
    try:
        if text[0] == "{":  # `_decode` looks for what stands around an object first, which takes a third of its time
            found: tuple[JsonRecord, int] = _decode_at(text)
            if found[1] == len(text):
                return found[0]
        record = _decode(text)
    except ValueError:
        return _mended(line)
    except RecursionError:
        return None
    return record if isinstance(record, dict) else None


def _mended(line: bytes) -> JsonRecord | None:
    """The object on a line as nginx writes it without `escape=json`: `\\xHH` in texts, `-` or nothing for a value."""
    if not _BARE.search(line) and b"\\x" not in line:
        return None
    line = _SEVERAL.sub(lambda match: match[1] or b':"%s"' % match[2], line)
    mended = _NO_VALUE.sub(lambda match: match[1] or b':""', _ESCAPE.sub(_json_escape, line))
    try:
        record = _decode(mended.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _json_escape(match: re.Match[bytes]) -> bytes:
    r"""`\xHH` in the escapes of JSON; other escapes as they are."""
    if match[1] is None:
        return match[0]
    byte = bytes([int(match[1], 16)])
    if byte in b'"\\':
        return b"\\" + byte
    return byte if byte >= b" " else b"\\u00" + match[1]


def text_of(record: JsonRecord, *keys: str) -> bytes:
    """The bytes of the first of these keys that has a text or a number (of a list, its first)."""
    return first_text(record.get, keys)


def first_text(value_of: Callable[[_Key], object], keys: Iterable[_Key]) -> bytes:
    """The same of values that are told by anything, texts or their bytes."""
    for key in keys:
        if value := value_of(key):
            if isinstance(value, bytes):
                return value
            if isinstance(value, str):
                return logged_bytes(value)
            if texts := _texts_in(value):
                return logged_bytes(texts[0])
    return b""


def chain_of(record: JsonRecord, *keys: str) -> bytes:
    """The addresses under the first of these keys that has some (`-` is how nginx writes none); a header that came
    several times is one list of them in their order (RFC 9110, 5.3)."""
    return first_chain(record.get, keys)


def first_chain(value_of: Callable[[_Key], object], keys: Iterable[_Key]) -> bytes:
    """The same of values that are told by anything, texts or their bytes."""
    for key in keys:
        if value := value_of(key):
            if isinstance(value, bytes):
                if value != b"-":
                    return value
            elif isinstance(value, str):
                if value != "-":
                    return logged_bytes(value)
            elif (texts := _texts_in(value)) and texts != ["-"]:
                return b",".join(map(logged_bytes, texts))
    return b""


def status_under(record: JsonRecord, *keys: str) -> bytes:
    """The status under the first of these keys that has one, whatever kind of number it is."""
    return whole_number(text_of(record, *keys))


def whole_number(status: bytes) -> bytes:
    """A status without the decimals that some write."""
    return _WHOLE.sub(b"", status) if b"." in status else status


def _texts_in(value: object) -> list[str]:
    """The texts and numbers that a list has."""
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def logged_bytes(text: str) -> bytes:
    """The bytes that a text was read from."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair, written as \ud83d
        return text.encode("utf-8", "backslashreplace")


def agent_of(record: JsonRecord, *keys: str) -> bytes:
    """The agent under the first of these keys that has one, as a row has it."""
    agent = text_of(record, *keys)
    return agent_in(agent if agent or not record.keys().isdisjoint(keys) else None)


def part_of(record: JsonRecord, key: str) -> JsonRecord:
    """The object inside an object, empty when there is none."""
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def in_small_letters(headers: JsonRecord) -> JsonRecord:
    """HTTP headers by their names in lower case, whatever the case in which they are written. One that is missing may
    only mean that the log leaves it out."""
    return {name.lower(): value for name, value in headers.items()}
