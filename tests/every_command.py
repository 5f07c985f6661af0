"""Every command of linktrack, as it is typed, with its parser."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import typer

from linktrack.cli.app import COMMANDS


def _commands() -> Iterator[tuple[str, Any]]:
    def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
        if not hasattr(command, "commands"):
            yield path, command
            return
        for name, one in command.commands.items():
            yield from walk(one, f"{path} {name}")

    for noun in COMMANDS:
        yield from walk(typer.main.get_command(import_module(f"linktrack.cli.{noun}").app), noun)


ALL = dict(_commands())
