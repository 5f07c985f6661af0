"""What a script writes, as far as it is kept: the whole, its end, or an answer on each line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

from linktrack.actions.planned import ScriptResult
from linktrack.errors import BadInput
from linktrack.links.location import location

MAX_ANSWER = 1 << 14  # of each line that answers a click of a batch


class Whole:
    """What a script says, up to a length; what it says beyond that is not kept anywhere."""

    def __init__(self, most: int) -> None:
        self.most, self.data = most, bytearray()

    def take(self, data: bytes) -> None:
        self.data += data[: self.most - len(self.data)]

    def text(self) -> str:
        return self.data.decode("utf-8", "replace").replace("\0", "")


class Tail:
    """The last that a script says."""

    def __init__(self, most: int) -> None:
        self.most, self.data = most, b""

    def take(self, data: bytes) -> None:
        self.data = (self.data + data)[-self.most :]

    def last_line(self) -> str:
        lines = self.data.decode("utf-8", "replace").replace("\0", "").strip().splitlines()
        return lines[-1][:500] if lines else ""


class Answers:
    """What a script answers to many questions, understood line by line: of a long line only the beginning is kept."""

    def __init__(self, asked: Sequence[str]) -> None:
        self.asked, self.wanted, self.lines = asked, frozenset(asked), 0
        self._line = bytearray()
        self._results: dict[str, ScriptResult] = {}

    def take(self, data: bytes) -> None:
        first, *more = data.split(b"\n")
        self._line += first[: MAX_ANSWER + 1 - len(self._line)]
        for line in more:
            self._end_line()
            self._line += line[: MAX_ANSWER + 1]

    def results(self) -> dict[str, ScriptResult]:
        """By question what was answered."""
        self._end_line()
        return self._results

    def _end_line(self) -> None:
        line, length = self._line.decode("utf-8", "replace").replace("\0", ""), len(self._line)
        self._line.clear()
        if not line.strip():
            return
        number, self.lines = self.lines, self.lines + 1
        answer = _parsed(line)
        identifier = answer.get("id") if isinstance(answer, dict) else None
        if length > MAX_ANSWER:
            result = ScriptResult("failed", 0, message=f"its answer is longer than {MAX_ANSWER:,} bytes")
        elif identifier is None and not line.lstrip().startswith("{"):
            return  # something that is no answer
        else:
            result = _result(answer, line)
        if identifier is None and number < len(self.asked):
            identifier = self.asked[number]
        if identifier in self.wanted:
            self._results[str(identifier)] = result


def result_of(output: str) -> ScriptResult:
    """What a script that ended well has said: a JSON object, or anything else, which is only kept as its message."""
    return _result(_parsed(output) if output.strip() else {}, output)


def _parsed(text: str) -> object:
    """What JSON says; None for a text that is none."""
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    return None


def _result(said: object, output: str) -> ScriptResult:
    if not isinstance(said, dict):
        return ScriptResult("ok", 0, message=output.strip()[:500])
    url, fields = said.get("returnUrl") or "", said.get("fields") or {}
    if not isinstance(url, str):
        return ScriptResult("failed", 0, message=f"its returnUrl is no text: {url!r}"[:500])
    try:
        if url:
            location(url)
    except BadInput as problem:
        return ScriptResult("failed", 0, message=f"its returnUrl cannot be used: {problem}"[:500])
    if not isinstance(fields, dict) or any(isinstance(value, dict | list) for value in fields.values()):
        return ScriptResult("failed", 0, message="its fields are not an object of names and values")
    texts = tuple((_text(name), _text(value)) for name, value in fields.items())
    return _good(_text(url), texts, _text(said.get("message") or "")[:500])


@lru_cache(1_024)  # most scripts say the same of many
def _good(url: str, fields: tuple[tuple[str, str], ...], message: str) -> ScriptResult:
    return ScriptResult("ok", 0, url, dict(fields), message)


def _text(value: object) -> str:
    """A value as text, without what no file or database can hold: NUL, and half characters like "\\ud83d"."""
    if value is None:
        return ""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()
