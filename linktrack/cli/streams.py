"""The three streams of the process: open whatever a parent closed, clean on a terminal, and quiet when nobody reads."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from io import TextIOWrapper
from typing import IO, NoReturn

import typer

from linktrack.files.terminals import clean_terminal

UTF8 = "utf-8"
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")  # what Python sets LC_CTYPE to where the locale is C


def open_streams() -> None:
    """Open what a parent closed (`<&-`, `>&-`), so that no file of ours gets its number.

    What the locale cannot write comes out escaped: a name with å is no bug. What goes to a terminal is cleaned,
    whatever the command and the format.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115  (open until the process ends)
    if not isinstance(sys.stdout, TextIOWrapper):
        return
    encoding = sys.stdout.encoding
    if sys.stdout.isatty():
        terminal = clean_terminal(sys.stdout.fileno(), encoding)
        sys.stdout = TextIOWrapper(terminal, encoding, "backslashreplace", line_buffering=True)
    else:
        sys.stdout.reconfigure(errors="backslashreplace")


def encoding_of(out: IO[str]) -> str:
    """What a text for people has to be written in to be readable in `out`: its encoding, but ASCII on a standard output
    whose locale is not of UTF-8."""
    named = getattr(out, "encoding", None) or UTF8
    if not _is_utf8(named):
        return named
    return UTF8 if out is not sys.stdout or speaks_utf8(os.environ) else "ascii"


def speaks_utf8(environ: Mapping[str, str]) -> bool:
    """Whether the locale is of UTF-8 (POSIX: LC_ALL, else LC_CTYPE, else LANG); one that is not set may be.

    Python writes UTF-8 in the locale C whatever the terminal can show (PEP 540), and says so in LC_CTYPE (PEP 538):
    what it may have set itself is passed over. Who has told Python what to write is believed.
    """
    if environ.get("PYTHONUTF8") == "1" or environ.get("PYTHONIOENCODING"):
        return True
    ctype = environ.get("LC_CTYPE", "")
    own = "" if ctype in _COERCED and environ.get("LANG") else ctype
    locale = environ.get("LC_ALL") or own or environ.get("LANG") or ""
    charset = locale.partition(".")[2].partition("@")[0]
    if charset or locale in _COERCED:
        return _is_utf8(charset or locale)
    return locale not in ("C", "POSIX")


def _is_utf8(charset: str) -> bool:
    return charset.lower().replace("-", "").startswith("utf8")


def end_of_pipe() -> NoReturn:
    """End the command in silence: whoever read its output (`| head`) has seen enough."""
    forget_stdout()
    raise typer.Exit(0)


def forget_stdout() -> None:
    """Let what stdout still holds go nowhere, so that the interpreter does not try to write it when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
