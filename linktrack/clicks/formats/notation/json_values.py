"""JSON objects out of a stream of bytes: one a line, one after the other, in an array, over many lines or broken."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import Any

JsonRecord = dict[str, Any]  # an object: numbers are texts, see `ValueStream`
MAX_VALUE = 1 << 25  # characters; a page of 10,000 events of an events API has 12 million
_WINDOWS = (1 << 12, 1 << 15, 1 << 18, 1 << 21)  # tried one after the other, so that a short value costs little
_LONG = 1 << 16  # from here on an unfinished object is tried again only when it has doubled
_SHOWN = 2000

# Between two objects. Brackets are passed over too, so that an array is read element by element.
_BETWEEN = re.compile(r"[\s,\[\]\ufeff\x1e]*+")
_decode = json.JSONDecoder(parse_float=str, parse_int=str).raw_decode
_LEVELS = 100  # of objects and lists in one another; how many Python's own reader takes depends on its version
_NESTING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|([{\[])|[}\]]', re.DOTALL)
_CUT_WORD = 10  # an error this close to the end may be a word, a number or an escape that goes on


def list_of_texts(value: object) -> list[str]:
    """A list of texts that was kept as JSON. ValueError for anything else."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(value)
    return value


@dataclass(frozen=True)
class Broken:
    """A line that is no part of any JSON object, or an object that never ends."""

    reason: str
    text: str


class ValueStream:
    """Takes blocks as they come and gives the objects that are complete.

    What is broken is passed over up to the end of its line, so that one bad line of many costs no other. Numbers stay
    text. Memory is bounded by the longest object, and that by MAX_VALUE.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._enough = 0  # characters that must be there before an unfinished object is tried again
        self.skipping = False  # in the rest of a line that is passed over

    @property
    def pending(self) -> int:
        """How many bytes were taken behind the last complete object."""
        return len(self._text.encode("utf-8", "surrogateescape")) + len(self._decoder.getstate()[0])

    def feed(self, block: bytes) -> list[dict[str, Any] | Broken]:
        """The objects that `block` completes."""
        self._text += self._decoder.decode(block)
        return self._objects(last=False) if len(self._text) >= self._enough else []

    def finish(self, whole: bool) -> list[dict[str, Any] | Broken]:
        """What is left at the end of the stream; when it was `whole`, an unfinished object is broken."""
        if whole:
            self._text += self._decoder.decode(b"", True)
        return self._objects(last=whole)

    def _objects(self, last: bool) -> list[dict[str, Any] | Broken]:
        text, at, self._enough = self._text, 0, 0
        found: list[dict[str, Any] | Broken] = []
        while True:
            if self.skipping:
                end = text.find("\n", at)
                self.skipping = end < 0 and not last
                at = len(text) if end < 0 else end + 1
            between = _BETWEEN.match(text, at)
            at = between.end() if between else at
            if at == len(text):
                break
            value, end = _object_at(text, at)
            if value is not None:
                found.append(value)
                at = end
                continue
            left = len(text) - at
            if end < 0 and not last and left <= MAX_VALUE:
                self._enough = 2 * left if left > _LONG else 0
                break
            line_end = text.find("\n", at)
            if line_end < 0 and not last and left <= MAX_VALUE:
                break
            reason = "too-long" if left > MAX_VALUE and end < 0 else "malformed"
            found.append(Broken(reason, text[at : at + _SHOWN].partition("\n")[0].rstrip()))
            self.skipping = True
        self._text = text[at:]
        return found


def _object_at(text: str, at: int) -> tuple[dict[str, Any] | None, int]:
    """The object that begins at `at` and its end; or None, and -1 if it may only be unfinished, else 0."""
    if text[at] != "{":
        return None, 0
    for size in (*_WINDOWS, len(text)):
        window = text[at : at + size]
        try:
            value, length = _decode(window)
        except json.JSONDecodeError as problem:
            unfinished = problem.msg.startswith("Unterminated string") or problem.pos >= len(window) - _CUT_WORD
            if not unfinished:
                return None, 0
            if at + size >= len(text):
                return None, 0 if _opens_too_deep(window) else -1
        except (RecursionError, ValueError):
            return None, 0
        else:
            return (None, 0) if _is_too_deep(value) else (value, at + length)
    return None, -1


def _opens_too_deep(text: str) -> bool:
    """Whether an unfinished object already has more than `_LEVELS` levels."""
    depth = 0
    if text.count("{") + text.count("[") > _LEVELS:
        for found in _NESTING.finditer(text):
            if found[1]:
                depth += 1
                if depth > _LEVELS:
                    return True
            elif found[0] in "}]":
                depth -= 1
    return False


def _is_too_deep(value: dict[str, Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(_LEVELS):
        inner = (part for outer in level for part in (outer.values() if isinstance(outer, dict) else outer))
        level = [part for part in inner if isinstance(part, dict | list)]
        if not level:
            return False
    return True
