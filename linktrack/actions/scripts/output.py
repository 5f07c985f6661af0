"""What a script writes, as far as it is kept: the whole, its end, or an answer on each line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache

from linktrack.actions.planned import BatchAnswer, ScriptResult
from linktrack.errors import BadInput
from linktrack.links.location import location

MAX_ANSWER = 1 << 14  # of each line that answers a click of a batch
_AT_ONCE = 500  # answers that are given away at once
_SHORT = 1 << 9  # so long are most answers
_NAMED = re.compile(r'\{"id": ?"([a-z0-9]+)"(?=, ?"|\})')  # and so they begin
Keep = Callable[[Sequence[BatchAnswer]], None]


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
    """What a script answers to many questions, understood line by line: of a long line only the beginning is kept, and
    whoever is to `keep` answers is given some at a time."""

    def __init__(self, keep: Keep) -> None:
        self.lines = 0
        self._keep = keep
        self._line = b""  # of which the end has not come
        self._answers: list[BatchAnswer] = []

    def take(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._end_line(line)
        self._line = (self._line + rest)[: MAX_ANSWER + 1]

    def end(self) -> None:
        """Nothing comes any more: give the last away."""
        self._end_line(b"")
        self._give_away()

    def _end_line(self, end: bytes) -> None:
        data = (self._line + end)[: MAX_ANSWER + 1]
        self._line = b""
        line = data.decode("utf-8", "replace").replace("\0", "")
        if not line.strip():
            return
        place, self.lines = self.lines, self.lines + 1
        if (answer := _answer(place, line, len(data))) is not None:
            self._answers.append(answer)
            if len(self._answers) >= _AT_ONCE:
                self._give_away()

    def _give_away(self) -> None:
        if self._answers:
            self._keep(self._answers)
            self._answers = []


def result_of(output: str) -> ScriptResult:
    """What a script that ended well has said: a JSON object, or anything else, which is only kept as its message."""
    return _result(_parsed(output) if output.strip() else {}, output)


def _answer(place: int, line: str, length: int) -> BatchAnswer | None:
    """What a line of so many bytes answers; None for one that is no answer."""
    named = _NAMED.match(line) if length <= _SHORT else None
    if named is not None and (alike := _after_id(line[named.end() :])) is not None:
        return BatchAnswer(place, named[1], alike)
    said = _parsed(line)
    identifier = said.get("id") if isinstance(said, dict) else None
    if length > MAX_ANSWER:
        result = ScriptResult("failed", 0, message=f"its answer is longer than {MAX_ANSWER:,} bytes")
    elif identifier is None and not line.lstrip().startswith("{"):
        return None
    else:
        result = _result(said, line)
    return BatchAnswer(place, None if identifier is None else _text(identifier), result)


@lru_cache(1_024)  # most scripts say the same of many
def _after_id(text: str) -> ScriptResult | None:
    """What an answer says that begins with its id, from there on. None where it is no JSON, or says another id."""
    said = _parsed("{" + text.removeprefix(","))
    return _result(said, "") if isinstance(said, dict) and "id" not in said else None


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


@lru_cache(1_024)
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
