"""Where the lines of a log end: at line ends, at holes of NUL bytes, and where octets are counted, at their count.

A line feed ends a line. A carriage return alone ends one in a log that begins with such lines; and, where lines of both
kinds were put into one log, between two texts that each have a time, as every line of a log has. Any other carriage
return is part of what a visitor has sent.
"""

from __future__ import annotations

import re

MAX_LINE_BYTES = 1 << 16  # what is longer is no log line: most of it is never looked at …
KEPT_BYTES = MAX_LINE_BYTES + 8  # … but for its beginning, perhaps with a count, which is too long by itself

# A hole that truncating a log under a server that goes on writing where it was (logrotate's copytruncate), or a crash,
# leaves in it: no server writes so many NUL bytes.
_HOLE = re.compile(rb"\0{8,}")
_MARK = b"\0" * 8  # what is kept of one, so that what follows it still belongs to it
_LINE_END = re.compile(rb"\n|\0{8,}").search
_LINE_ENDS = re.compile(rb"(?:[\r\n]|\0{8,})*").match
_TIME = re.compile(rb"\d\d:\d\d:\d\d|(?<!\d)1[5-9]\d{8}").search  # of day, or seconds since 1970
_DIRECTIVE = re.compile(rb"#[A-Z][A-Za-z-]*: ").match  # a header of IIS or CloudFront

_PRIORITY, _BLANK = b"<", ord(" ")
_DIGITS, _ENDS = b"0123456789", b"\r\n\0"
_FRAME = re.compile(rb"([1-9]\d{0,5}) (?=<\d{1,3}>)")  # RFC 6587 (3.4.1): how many octets follow, and a syslog line
_NEXT = re.compile(rb"[1-9]\d{0,5}(?: <| ?\Z)").match  # or its beginning
_AFTER = re.compile(rb"[^\d\n](?=[1-9]\d{0,5} <\d{1,3}>)|\n")
# Where a frame begins behind a text that is none, by its count and the date of its head: a visitor's words look like a
# count and a priority before they look like all of that.
_BEGINS = re.compile(rb"(?<=[^\d\n])[1-9]\d{0,5} <\d{1,3}>(?:1 [\d-]|[A-Z][a-z]{2} [ \d]\d \d\d:)").search
# What a line begins with that is no frame: an address or a name before one, an object, a date, a syslog head.
_LINE = re.compile(
    rb"(?:[\w.-]+(?::\d+)? )?\d{1,3}(?:\.\d{1,3}){3}[ ,:]|\[?[0-9a-fA-F]*:[0-9a-fA-F:.]+\]?[ ,:]|\{|(?<!\d )<\d{1,3}>"
    rb"|\[?\d{4}-\d\d-\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:"
).match


def beginning(text: bytes) -> bytes:
    """What is kept of a line until its end comes: no more than tells that it is too long, and of a hole behind it that
    may go on, as much as a hole must be."""
    bare = text.rstrip(b"\0")
    return bare[:KEPT_BYTES] + text[len(bare) :][: len(_MARK)]


def without_holes(text: bytes) -> bytes:
    """A text whose holes are line ends: what stands before one has lost its end, and what stands behind it begins."""
    return _HOLE.sub(b"\n", text) if b"\0" in text else text


def is_too_long(line: bytes) -> bool:
    """Whether a line is longer than a line may be, without its line end and the count of its octets."""
    if len(line) <= MAX_LINE_BYTES:
        return False
    count = _FRAME.match(line)
    return len(line.removesuffix(b"\r")) - (count.end() if count else 0) > MAX_LINE_BYTES


def too_long(lines: bytes) -> tuple[int, int] | None:
    """Where the first of some lines that is too long begins and ends; None where none is."""
    at = 0
    while len(lines) - at > MAX_LINE_BYTES:
        end = lines.rfind(b"\n", at, at + MAX_LINE_BYTES + 1)
        if end < 0:
            end = lines.find(b"\n", at)
            end = len(lines) if end < 0 else end
            if is_too_long(lines[at:end]):
                return at, end
        at = end + 1
    return None


def line_end_of(start: bytes) -> bytes:
    """The byte that ends the lines of a log that begins like this: a line feed, unless there are carriage returns
    alone."""
    return b"\r" if b"\n" not in start and b"\n" in with_line_feeds(start) else b"\n"


def complete_lines(text: bytes, end: bytes = b"\n") -> tuple[bytes, int]:
    """The complete lines of a text that begins with one, each with a line end, and how many bytes of it they are.

    A line ends with `end`, which is one byte, at a hole that something follows, or, where its octets are counted before
    it, at their count: lines of both kinds may stand in one log.
    """
    if _has_frames(text):
        return counted_lines(text)
    text = text.replace(end, b"\n") if end != b"\n" else with_line_feeds(text)
    taken = text.rfind(b"\n") + 1
    if b"\0" in text and (hole := text.rstrip(b"\0").rfind(_MARK, taken)) >= 0:
        taken = hole + len(_MARK)
    return without_holes(text[:taken]), taken


def with_line_feeds(text: bytes) -> bytes:
    """A text that begins with a line, with a line feed in the place of each carriage return that ends a line alone. One
    at the end stays, as what follows it is not known yet."""
    if b"\r" not in text or text.count(b"\r") == text.count(b"\r\n"):
        return text
    *lines, rest = text.split(b"\n")
    return b"\n".join([*(_ended(line) if b"\r" in line else line for line in lines), _parted(rest)])


def _ended(line: bytes) -> bytes:
    """As `with_line_feeds`, of one line that a line feed follows: of several carriage returns before it only the last
    is part of the line end."""
    bare = line.rstrip(b"\r")
    returns = len(line) - len(bare)
    return _parted(bare) + b"\n" * (returns - 1) + b"\r" * bool(returns)


def _parted(line: bytes) -> bytes:
    """A line with a line feed for each of its carriage returns that ends a line."""
    first, *pieces = line.split(b"\r")
    parts, timed, blank, head = [first], bool(_TIME(first)), not first.strip(), bool(_DIRECTIVE(first))
    for piece in pieces:
        own = bool(_TIME(piece))
        if blank or head or (timed and (own or _DIRECTIVE(piece))):
            parts += b"\n", piece
            timed, blank, head = own, not piece.strip(), bool(_DIRECTIVE(piece))
        else:
            parts += b"\r", piece
            timed = timed or own
    return b"".join(parts)


def counted_lines(text: bytes) -> tuple[bytes, int]:
    """As `complete_lines`, for a text in which each line follows the count of its bytes (octet counting, RFC 6587).
    Where no count stands (lines of both kinds may be mixed, or an editor has changed the file), a line ends at its line
    end, or where a line with a count begins."""
    lines: list[bytes] = []
    at, stop = 0, len(text) - len(_MARK) * text.endswith(_MARK)  # a hole at the end may go on
    while (at := _behind_line_ends(text, at)) < stop:
        end = _frame_end(text, at)
        if end is None:
            end = _line_end(text, at)
        if not end:
            break
        lines.append(text[at:end].rstrip(b"\r\n\0") + b"\n")
        at = end
    return b"".join(lines), min(at, stop)


def first_lines(start: bytes) -> tuple[bytes, bytes]:
    """The beginning of a log as lines, whole and without its unfinished last one."""
    lines, taken = complete_lines(start, line_end_of(start))
    return lines + without_holes(start[taken:]), lines


def seed_lines(seed: bytes, end: bytes = b"\n", *, whole: bool) -> bytes:
    """The complete lines of the bytes before a position, at which a line ends. Not `whole`: the bytes begin in the
    middle of a line, which is left out."""
    if seed.endswith(b"\r"):  # at the end of a log: see `Log.blocks`
        seed = seed[:-1] + b"\n"
    elif seed.endswith(_MARK):  # a hole is a line end when something follows it, as what is behind the position does
        seed += end
    if not whole and _PRIORITY in seed:
        begins = _AFTER.search(seed)
        seed = seed[begins.end() :] if begins else seed
    elif not whole:
        seed = seed if end != b"\n" else with_line_feeds(seed)
        seed = seed[seed.find(end) + 1 :]
    return complete_lines(seed, end)[0]


def _has_frames(text: bytes) -> bool:
    """Whether a line of a text begins with a count. It looks for the `<` behind one first: one byte is found in no
    time."""
    at = text.find(_PRIORITY, 2)
    while at >= 0:
        begins = at - 1
        if text[begins] == _BLANK:
            while begins and text[begins - 1] in _DIGITS:
                begins -= 1
            if (not begins or text[begins - 1] in _ENDS) and _FRAME.match(text, begins):
                return True
        at = text.find(_PRIORITY, at + 1)
    return False


def _frame_end(text: bytes, at: int) -> int | None:
    """Where the frame that begins at `at` ends; 0 where that has not come, None where there is no frame.

    A count may be too large, and take in the first digits of the next count. Where the next frame fits with these
    digits and does not without them, this frame ends before them.
    """
    end = _counted_end(text, at)
    if not end or text[end - 1] not in _DIGITS or not _NEXT(text, end):
        return end
    if _FRAME.match(text, end) is None:
        return 0
    after = _counted_end(text, end)
    begins = end
    while after is None and text[begins - 1] in _DIGITS:
        begins -= 1
        after = _counted_end(text, begins)
    if after == 0:
        return 0
    return begins if after else end


def _counted_end(text: bytes, at: int) -> int | None:
    """Where the frame that begins at `at` ends by its count; 0 and None as above."""
    count = _FRAME.match(text, at)
    if count is None or int(count[1]) > MAX_LINE_BYTES:
        return None
    end = count.end() + int(count[1])
    inside = text[count.end() : end]
    if len(text) < end:
        return None if _LINE_END(inside) or _BEGINS(inside) else 0
    if _LINE_END(inside.rstrip(b"\r\n")) or _BEGINS(inside):
        return None
    after = _behind_line_ends(text, end)
    if after > end or inside.endswith(b"\n") or after == len(text) or _NEXT(text, after) or _LINE(text, after):
        return end
    return None


def _line_end(text: bytes, at: int) -> int:
    """Where a line ends that is no frame; 0 where its end has not come. What begins with a count that leads nowhere, or
    has no line end, ends where the next frame begins."""
    line_end = _LINE_END(text, at)
    end = line_end.end() if line_end else 0
    count = _FRAME.match(text, at)
    if count or not end:
        begins = _BEGINS(text, count.end() if count else at + 1, end or len(text))
        return begins.start() if begins else end
    return end


def _behind_line_ends(text: bytes, at: int) -> int:
    found = _LINE_ENDS(text, at)
    return found.end() if found else at
