"""Whole files of a command: read and written at once, with `-` for stdin and stdout."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import typer

from linktrack.errors import BadInput, Conflict, NotFound


def read_file(path: Path) -> bytes:
    """A file's bytes, or stdin's for `-`. NotFound, BadInput, Conflict."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"no such file: {path}") from None
    except IsADirectoryError:
        raise BadInput("this is a folder, not a mail", file=path) from None
    except PermissionError:
        raise Conflict("no permission to read this file", file=path) from None


def write_file(path: Path, data: bytes) -> None:
    """Write a whole file or nothing; `-` is stdout."""
    if str(path) == "-":
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            end_of_pipe()
        return
    if not path.parent.is_dir():
        raise NotFound(f"no such folder: {path.parent}")
    unfinished = path.with_name(f".{path.name}.unfinished-{os.getpid()}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except BaseException as problem:
        with suppress(OSError):
            unfinished.unlink()
        if isinstance(problem, OSError):
            problem.filename = str(path)  # the name that the user knows
        raise


def end_of_pipe() -> NoReturn:
    """End the command in silence: whoever read its output (`| head`) has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(0)
