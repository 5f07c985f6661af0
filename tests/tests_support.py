"""What tests share: types, and the one way to call the command line in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from email.message import Message
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What a shell sees of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


# A value of every kind that TOML has, and kinds within kinds.
OF_EVERY_TYPE: list[Any] = [
    3, 1.5, float("nan"), "x", True, [], [3], ["x"], [["x"]], [[3]], [{"a": 1}], {}, {"a": 1}, {"a": {"b": 1}},
    date(2026, 5, 4), datetime(2026, 5, 4, 9), time(9),
]  # fmt: skip
_WORDS_OF_A_LIBRARY = (
    "Input should", "valid ", "Value error", "instance of", "string", "dict", "bool", "int ", "datetime", "another kind",
    "should have", "validation", "True", "False", "None", "[type",
)  # fmt: skip


def in_toml(value: object) -> str:
    """A value in one line of TOML, as a person may write it."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return f"[{', '.join(map(in_toml, value))}]"
        case dict():
            return f"{{ {', '.join(f'{in_toml(name)} = {in_toml(one)}' for name, one in value.items())} }}"
        case bool():
            return str(value).lower()
        case date() | time():
            return value.isoformat()
    return str(value)


def words_of_a_library(sentence: str) -> list[str]:
    """What a sentence for a person says in the words of Python or pydantic."""
    return [words for words in _WORDS_OF_A_LIBRARY if words in sentence]


def decoded(part: Message[str, str]) -> bytes:
    """The body of a part of a mail, its transfer encoding undone."""
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


Run = Callable[..., Outcome]
Furnish = Callable[[Callable[[], None]], Path]  # see the fixture `furnish`


def call(*arguments: object, input: str | bytes | None = None) -> Outcome:
    """Call linktrack with arguments; `input` is its standard input. A bug shows its traceback."""
    from typer.testing import CliRunner

    from linktrack.cli.app import app

    result = CliRunner().invoke(app, ["--debug", *map(str, arguments)], input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)
