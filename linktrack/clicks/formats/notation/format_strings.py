"""A log in a format of the server's own, read by the server's own format string."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import pairwise

from linktrack.clicks.event import NO_AGENT, LineRow, junk
from linktrack.clicks.formats.notation.lines import QUOTED, escaped, row, split_lines, split_request
from linktrack.clicks.formats.notation.times import MONTHS, moment_by_look
from linktrack.errors import UsageError


@dataclass(frozen=True)
class Slot:
    """A variable of a format string, as written, and what it means to us: a name below, or nothing."""

    written: str
    meaning: str = ""


FormatPiece = str | Slot  # a str stands in every line as it is

# What stands in a slot of these meanings; all others take what comes up to the next fixed text.
_SHAPES = {
    "status": rb"\d{3}|-",
    "common": rb"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d{1,9})? [+-]\d\d:?\d\d",
    "iso": rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?",
    "epoch": rb"\d{9,19}(?:\.\d{1,9})?",
    "Y": rb"\d{4}", "y": rb"\d\d", "m": rb"\d\d", "b": rb"[A-Z][a-z]{2}", "d": rb"[\d ]\d",
    "H": rb"[\d ]\d", "I": rb"[\d ]\d", "p": rb"[AaPp][Mm]", "M": rb"\d\d", "S": rb"\d\d", "f": rb"\d{1,9}",
    "z": rb"[+-]\d\d:?\d\d",
}  # fmt: skip
_STARTS = {**_SHAPES, "target": rb"/|https?://|\*|-"}
# Who stood where: addresses and names, or lists of some. What they do not hold keeps what stands in front of a line
# (`logs.envelopes`) from being taken for one.
_ADDRESSES = frozenset(("host", "peer", "real", "forwarded"))
_ADDRESS_LIST = rb'[^\s",<+]*?(?:, ?[^\s",<+]*?)*?'
_NO_HEAD = rb"(?<!\dZ )(?![ |]|\d\d \d\d:)"  # behind an address and a blank
_NEEDED = frozenset((*_SHAPES, *_ADDRESSES, "request", "method", "target", "query", "agent", "purpose"))


class CustomLog:
    """`pieces` are the format string taken apart; its text is the name, from which the format can be made again.

    `escape` says how the server writes quotes in a value: "backslash" (as \\xHH or \\"), "json" or "none".
    """

    def __init__(self, text: str, pieces: Sequence[FormatPiece], escape: str = "backslash", zone: tzinfo = UTC) -> None:
        self.name = text
        self.names: tuple[str, ...] = (text,)
        self.zone = zone
        self.escape = escape
        joined = _joined(pieces)
        _check(joined)
        self.meanings = [piece.meaning for piece in joined if isinstance(piece, Slot)]
        self.line = re.compile(_pattern(joined, escape))

    def rows(self, block: bytes) -> list[LineRow]:
        return [self._row(line) for line in split_lines(block)]

    def moment(self, stamp: bytes) -> int:
        return moment_by_look(stamp, self.zone)

    def state(self) -> str:
        return ""

    def resume(self, state: str) -> None:
        pass

    def _row(self, line: bytes) -> LineRow:
        match = self.line.fullmatch(line)
        if match is None:
            return junk(line)
        found: dict[str, bytes] = {}
        for meaning, value in zip(self.meanings, match.groups(), strict=True):
            if meaning and value not in (b"", b"-") and meaning not in found:
                found[meaning] = value
        method, target = split_request(self._text(found.get("request", b"")))
        method = method or found.get("method", b"")
        target = target or self._text(found.get("target", b""))
        query = self._text(found.get("query", b""))
        if target and query and b"?" not in target:
            target += query if query.startswith(b"?") else b"?" + query
        agent = found.get("agent", NO_AGENT if "agent" in self.meanings else b"")
        return row(
            line,
            host=found.get("host") or found.get("peer", b""),
            stamp=_stamp(found),
            method=method,
            target=target,
            status=found.get("status", b""),
            agent=agent if self.escape == "backslash" else escaped(self._text(agent)),
            forwarded=self._text(found.get("forwarded") or found.get("real", b"")),
            purpose=found.get("purpose", b""),
        )

    def _text(self, value: bytes) -> bytes:
        """A value without the escapes of JSON."""
        if self.escape != "json" or b"\\" not in value:
            return value
        try:
            text: str = json.loads(b'"' + value + b'"', strict=False)
            return text.encode("utf-8", "backslashreplace")
        except ValueError:  # the other escape, or bytes that are not UTF-8
            return value


def _joined(pieces: Sequence[FormatPiece]) -> list[FormatPiece]:
    """The pieces with neighbouring texts made one, and slots that nothing parts: path and query are the target."""
    joined: list[FormatPiece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(last, str) and isinstance(piece, str):
            joined[-1] = last + piece
        elif (
            isinstance(last, Slot) and isinstance(piece, Slot) and last.meaning == "target" and piece.meaning == "query"
        ):
            joined[-1] = Slot(last.written + piece.written, "target")
        elif isinstance(last, Slot) and isinstance(piece, Slot) and not (last.meaning or piece.meaning):
            joined[-1] = Slot(last.written + piece.written)
        elif piece:
            joined.append(piece)
    return joined


def _check(pieces: Sequence[FormatPiece]) -> None:
    """Refuse a format that does not say when or what, or whose parts cannot be told apart."""
    fixed = "".join(piece for piece in pieces if isinstance(piece, str))
    if open_at := re.search(r"%\{[^}]*|\$\{[^}]*", fixed):
        raise UsageError(f"this log format has {open_at[0]!r} in it, which is not closed: a brace is missing")
    if fixed.count('"') % 2:
        raise UsageError("this log format has a quotation mark that is not closed: one is missing, or is one too many")
    slots = {piece.meaning: piece.written for piece in pieces if isinstance(piece, Slot)}
    if not slots.keys() & {"common", "iso", "epoch"}:
        parts = (("day", "d", "%d"), ("month", "mb", "%m"), ("year", "Yy", "%Y"), ("time of day", "HI", "%H"))
        missing = [f"no {name} ({sign})" for name, any_of, sign in parts if not slots.keys() & set(any_of)]
        if len(missing) == len(parts):
            raise UsageError(
                "this log format has no time in it: a click needs one ($time_local in nginx, %t in Apache)"
            )
        if missing:
            raise UsageError(f"the time in this log format has {' and '.join(missing)}: a click needs the whole time")
    if "request" not in slots and not ("target" in slots and "method" in slots):
        lacking = "method" if "target" in slots else "address" if "method" in slots else "request"
        raise UsageError(
            f"this log format has no {lacking} in it: a click needs method and address "
            '("$request" in nginx, \\"%r\\" in Apache)'
        )
    if "status" not in slots:
        raise UsageError("this log format has no status in it: a click needs one ($status in nginx, %>s in Apache)")
    for index, piece in enumerate(pieces):
        behind = pieces[index + 1 : index + 3]
        if isinstance(piece, Slot) and piece.meaning == "agent" and len(behind) == 2:
            text, slot = behind
            if (
                isinstance(text, str)
                and text.startswith(" ")
                and isinstance(slot, Slot)
                and slot.meaning not in _STARTS
            ):
                raise UsageError(
                    f"an agent holds blanks, and {piece.written} has no quotes around it in this log format: "
                    "nobody can tell where it ends"
                )
    for before, after in pairwise(pieces):
        if isinstance(before, Slot) and isinstance(after, Slot):
            shaped = before.meaning in _SHAPES or after.meaning in _STARTS
            if not shaped and {before.meaning, after.meaning} & _NEEDED:
                raise UsageError(
                    f"nothing stands between {before.written} and {after.written} in this log format: "
                    "they cannot be told apart"
                )


def _pattern(pieces: Sequence[FormatPiece], escape: str) -> bytes:
    """A pattern that goes over a line once: each value ends at the first place where what follows it fits."""
    made: list[bytes] = []
    before = ""
    for index, piece in enumerate(pieces):
        if isinstance(piece, str):
            if index == 0:  # every other one is part of its slot's pattern
                made.append(re.escape(piece.encode()))
            before = piece
            continue
        rest = pieces[index + 1 :]
        text = rest[0] if rest and isinstance(rest[0], str) else ""
        if piece.meaning in _SHAPES:
            made.append(b"(" + _SHAPES[piece.meaning] + b")" + re.escape(text.encode()))
        elif escape != "none" and before.endswith('"') and text.startswith('"'):
            made.append(b"(" + QUOTED + b")" + re.escape(text.encode()))
        elif not rest:
            made.append(rb"([^\n]*+)")
        else:
            after = rest[1] if text and len(rest) > 1 else rest[0]
            ahead = _STARTS.get(after.meaning) if isinstance(after, Slot) else None
            end = re.escape(text.encode()) + (b"(?=" + ahead + b")" if ahead else b"")
            shape = _ADDRESS_LIST if piece.meaning in _ADDRESSES else rb"[^\n]*?"
            if piece.meaning in _ADDRESSES and text == " ":
                end += _NO_HEAD
            made.append(rb"(?>(" + shape + b")" + end + (b")" if len(rest) > 1 or not text else rb"(?=\Z))"))
        before = text
    return b"".join(made)


def _stamp(found: dict[str, bytes]) -> bytes:
    """The time of a line in a form that `moment` reads."""
    for meaning in ("common", "iso", "epoch"):
        if meaning in found:
            return found[meaning]
    year = found.get("Y") or ((b"19" if found["y"] >= b"69" else b"20") + found["y"] if "y" in found else b"")
    month = found.get("m") or b"%02d" % MONTHS.get(found.get("b", b""), 0)
    hour = found.get("H", b"")
    if "I" in found:
        noon = 12 if found.get("p", b"").lower() == b"pm" else 0
        hour = b"%d" % (int(found["I"]) % 12 + noon)
    day, minute, second = found.get("d", b""), found.get("M", b"00"), found.get("S", b"00")
    stamp = b"%s-%s-%sT%s:%s:%s" % (year, month, _two(day), _two(hour), minute, second)
    return stamp + (b"." + found["f"] if "f" in found else b"") + found.get("z", b"")


def _two(digits: bytes) -> bytes:
    return digits.strip().rjust(2, b"0")
