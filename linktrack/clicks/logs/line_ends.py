"""Where the lines of a log end: at line ends, at holes of NUL bytes, and where octets are counted, at their count."""

from __future__ import annotations

import re

# A hole that truncating a log under a server that goes on writing where it was (logrotate's copytruncate), or a crash,
# leaves in it: no server writes so many NUL bytes.
_HOLE = re.compile(rb"\0{8,}")
_MARK = b"\0" * 8  # what is kept of one, so that what follows it still belongs to it

_FRAME = re.compile(rb"[1-9]\d{0,5} (?=<\d{1,3}>)")  # RFC 6587 (3.4.1): how many octets follow, and a syslog line
_NEXT = re.compile(rb"[1-9]\d{0,5}(?: <| ?\Z)").match  # or its beginning
_AFTER = re.compile(rb"[^\d\n](?=[1-9]\d{0,5} <\d{1,3}>)|\n")


def with_short_holes(text: bytes) -> bytes:
    """A text in which each hole is as long as a hole must be."""
    return _HOLE.sub(_MARK, text) if b"\0" in text else text


def without_holes(text: bytes) -> bytes:
    """A text whose holes are line ends: what stands before one has lost its end, and what stands behind it begins."""
    return _HOLE.sub(b"\n", text) if b"\0" in text else text


def is_counted(text: bytes) -> bool:
    """Whether a log that begins like this counts the octets of its lines."""
    return _FRAME.match(text) is not None


def counted_lines(text: bytes) -> tuple[bytes, int]:
    """The complete lines of a text that counts their octets, each with its count and a line end, and how many bytes of
    the text they are. Where the counts are none (others stand among them, or an editor has been there), line ends end
    lines as everywhere."""
    lines: list[bytes] = []
    at = 0
    while (at := _behind_line_ends(text, at)) < len(text):
        end = _frame_end(text, at)
        if end is None:
            end = text.find(b"\n", at) + 1
        if not end:
            break
        lines.append(text[at:end].rstrip(b"\r\n") + b"\n")
        at = end
    return b"".join(lines), at


def sample_of(start: bytes) -> tuple[bytes, bytes]:
    """The beginning of a log as lines, whole and without its unfinished last one."""
    if is_counted(start):
        lines, end = counted_lines(start)
        return lines + start[end:], lines
    start = without_holes(start)
    return start, start[: start.rfind(b"\n") + 1]


def seed_lines(seed: bytes, counted: bool, *, whole: bool) -> bytes:
    """The complete lines of bytes before a position, where lines end; not `whole`: their beginning is somewhere in one,
    which is left out."""
    if counted:
        begins = None if whole else _AFTER.search(seed)
        return counted_lines(seed[begins.end() :] if begins else seed)[0]
    return without_holes(seed if whole else seed[seed.find(b"\n") + 1 :])


def _frame_end(text: bytes, at: int) -> int | None:
    """Where the frame that begins at `at` ends; 0 where that has not come, None where there is no frame."""
    count = _FRAME.match(text, at)
    if count is None:
        return None
    end = count.end() + int(count[0])
    if b"\n" in text[count.end() : end].rstrip(b"\r\n"):
        return None
    if len(text) < end:
        return 0
    after = _behind_line_ends(text, end)
    return end if after == len(text) or _NEXT(text, after) else None


def _behind_line_ends(text: bytes, at: int) -> int:
    while text[at : at + 1] in (b"\r", b"\n"):
        at += 1
    return at
