"""What tests share: types, and the one way to call the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What a shell sees of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        import json

        return json.loads(self.out)


def decoded(part: Message[str, str]) -> bytes:
    """The body of a part of a mail, its transfer encoding undone."""
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


Run = Callable[..., Outcome]


def call(*arguments: object, input: str | bytes | None = None) -> Outcome:
    """Call linktrack with arguments; `input` is its standard input. A bug shows its traceback."""
    from typer.testing import CliRunner

    from linktrack.cli.app import app

    result = CliRunner().invoke(app, ["--debug", *map(str, arguments)], input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)
