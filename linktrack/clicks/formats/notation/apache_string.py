"""Apache's `LogFormat`, taken apart: bare, or the whole line of the configuration."""

from __future__ import annotations

import re
from datetime import UTC, tzinfo

from linktrack.clicks.formats.notation.format_strings import CustomLog, FormatPiece, Slot
from linktrack.clicks.formats.notation.lines import PREFETCH_HEADERS
from linktrack.errors import UsageError

_DIRECTIVE = re.compile(r"%(?:!?\d{3}(?:,\d{3})*)?([<>]?)(?:\{([^}]*)\})?(\^t[io]|\^FB|[a-zA-Z%])")
_LINE = re.compile(r'\s*LogFormat\s+"((?:[^"\\]|\\.)*)"(?:\s+\S+)?\s*', re.DOTALL | re.IGNORECASE)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = {"t": "\t", "n": "\n", "r": "\r"}

_MEANINGS = {"h": "host", "a": "host", "r": "request", "m": "method", "U": "target", "q": "query", "s": "status"}
_HEADERS = {
    "user-agent": "agent",
    **dict.fromkeys(("x-forwarded-for", "x-original-forwarded-for", "forwarded"), "forwarded"),
    **dict.fromkeys(("x-real-ip", "true-client-ip", "cf-connecting-ip", "x-client-ip"), "real"),
    **dict.fromkeys(PREFETCH_HEADERS, "purpose"),
}  # fmt: skip

# strftime's abbreviations that stand for several, and what its letters mean to us.
_SHORT = {"T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y", "r": "%I:%M:%S %p", "h": "%b", "e": "%d",
          "k": "%H", "l": "%I", "c": "%a %b %e %H:%M:%S %Y"}  # fmt: skip
_STRFTIME = re.compile(r"%[EO]?(.)", re.DOTALL)
_FRACTIONS = {"msec_frac": "f", "usec_frac": "f", "sec": "epoch", "msec": "epoch", "usec": "epoch"}


def apache_format(text: str, zone: tzinfo = UTC) -> CustomLog:
    """The format of a `LogFormat` string. UsageError when it lacks time, request or status."""
    line = _LINE.fullmatch(text)
    body = _ESCAPE.sub(lambda match: _CONTROL.get(match[1], match[1]), line[1] if line else text)
    pieces: list[FormatPiece] = []
    at = 0
    for found in _DIRECTIVE.finditer(body):
        pieces.append(body[at : found.start()])
        pieces += _pieces(found)
        at = found.end()
    pieces.append(body[at:])
    return CustomLog(text, pieces, "backslash", zone)


def _pieces(found: re.Match[str]) -> list[FormatPiece]:
    """What one directive stands for; `%t` is a time in brackets."""
    side, argument, letter = found.groups()
    if letter == "%":
        return ["%"]
    if letter == "t":
        return _time(argument, found[0])
    if letter == "i":
        return [Slot(found[0], _HEADERS.get((argument or "").lower(), ""))]
    if letter == "a" and argument == "c":  # the peer, where mod_remoteip has put the visitor in its place
        return [Slot(found[0], "peer")]
    if side == "<" and letter == "s":  # the first status, before an internal redirect, is not the answer's
        return [Slot(found[0])]
    return [Slot(found[0], _MEANINGS.get(letter, ""))]


def _time(argument: str | None, written: str) -> list[FormatPiece]:
    if not argument:
        return ["[", Slot(written, "common"), "]"]
    argument = re.sub(r"^(?:begin|end):", "", argument)
    if argument in ("", "begin", "end"):
        return ["[", Slot(written, "common"), "]"]
    if argument in _FRACTIONS:
        return [Slot(written, _FRACTIONS[argument])]
    for letter, long in _SHORT.items():
        argument = argument.replace(f"%{letter}", long)
    argument = argument.replace("%e", "%d")
    pieces: list[FormatPiece] = []
    at = 0
    for found in _STRFTIME.finditer(argument):
        pieces.append(argument[at : found.start()])
        pieces.append(_strftime(found[1], written))
        at = found.end()
    pieces.append(argument[at:])
    return pieces


def _strftime(letter: str, written: str) -> FormatPiece:
    if letter in "YymbdHIpMSz":
        return Slot(written, letter)
    if letter == "s":
        return Slot(written, "epoch")
    if letter in ("%", "n", "t"):
        return {"%": "%", "n": "\n", "t": "\t"}[letter]
    if letter in "aAjuwUVWGgCZB":  # says nothing that day, month and year do not say
        return Slot(written)
    raise UsageError(f"%{letter} in {written} is no letter of strftime that a log's time can be read by")
