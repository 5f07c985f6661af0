"""What the line formats share: a block cut into lines, and a row made of what one line says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from linktrack.clicks.event import NO_AGENT, LineRow, junk

METHOD = rb"[A-Za-z0-9!#$%&'*+.^_`|~-]++"  # a token of RFC 9110 (5.6.2): `get` is one, which is not GET
QUOTED = rb'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+'  # what stands between quotes, with a backslash before those in it
_METHOD = re.compile(METHOD).fullmatch
_TARGET = re.compile(rb"\S++").fullmatch
_REQUEST = re.compile(rb"(" + METHOD + rb") (\S++)(?: \S++)?").fullmatch

# The headers by which a browser says that it fetches ahead and nobody looks, as any log may have them.
PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
PREFETCHING = ("prefetch", "preview", "prerender")  # what one of them has in it then, in whatever case


def split_lines(block: bytes) -> Sequence[bytes]:
    """The lines of a block without line ends; a form feed or NEL inside a line is no line end."""
    lines = block.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line[:-1] if line.endswith(b"\r") else line for line in lines]


def split_request(request: bytes) -> tuple[bytes, bytes]:
    """Method and target of `GET /path HTTP/1.1`; both empty when it is no HTTP."""
    match = _REQUEST(request)
    return (match[1], match[2]) if match else (b"", b"")


def row(
    line: bytes, *, host: bytes, stamp: bytes, method: bytes, target: bytes, status: bytes, agent: bytes = b"",
    forwarded: bytes = b"", purpose: bytes = b"", network: bytes = b"",
) -> LineRow:  # fmt: skip
    """The row of a line; without a time it is junk, and what is no HTTP request has no method."""
    if not stamp:
        return junk(line)
    if (method != b"GET" and (method == b"-" or not _METHOD(method))) or not _TARGET(target):
        method = target = b""
    return (line, host, stamp, method, target, status, agent, forwarded, purpose, network)


def escaped(text: bytes) -> bytes:
    """A user agent, escaped as rows have it, for logs that write it without escapes (or were decoded)."""
    return text.replace(b"\\", b"\\\\") if b"\\" in text else text


def agent_in(field: bytes | None) -> bytes:
    """The agent of a row, from a field that escapes nothing: empty where there is no such field (None), and NO_AGENT
    where it holds nothing."""
    return b"" if field is None else escaped(field) or NO_AGENT
