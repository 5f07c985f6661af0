"""What is kept of the fields of a log line: the agent as text, the line as a print of what it says."""

from __future__ import annotations

import re
from hashlib import blake2b

from linktrack.clicks.event import LineRow
from linktrack.clicks.formats.click_log import NUMBERED
from linktrack.clicks.formats.notation.lines import PREFETCHING
from linktrack.links.tokens import Keyring

_ESCAPED = re.compile(rb"\\x([0-9A-Fa-f]{2})|\\(.)")
_CONTROL = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}
_PREFETCHING = re.compile("|".join(PREFETCHING).encode(), re.IGNORECASE).search
AGENT_LENGTH = 500  # characters
ANSWERED = frozenset(b"%d" % status for status in range(200, 400))


def digest_key(keyring: Keyring) -> bytes:
    """The key of digests of logs. It derives from the oldest key, which a rotation keeps; without it a log is not
    recognised, and read again line by line."""
    oldest = keyring.secrets[min(keyring.secrets)]
    return blake2b(key=oldest, digest_size=32, person=b"linktrack-log").digest()


def digest(data: bytes, key: bytes) -> bytes:
    """A keyed print of bytes of a log, which hold whole addresses: without the key nobody can try them out."""
    return blake2b(data, key=key, digest_size=16).digest()


def request_print(stamp: bytes, method: bytes, target: bytes, status: bytes, agent: bytes, purpose: bytes) -> int:
    """The print of a line by what it says of the request.

    No address is in it, and no key or setting: whoever reads the line, whenever and through whichever envelope, gets
    the same 64 bits.
    """
    return text_print(b"\0".join((stamp, method, target, status, agent)) + purpose)


def row_print(row: LineRow) -> int:
    """The print of the line that a row was read from."""
    return request_print(*row[2:7], row[8])


def text_print(text: bytes) -> int:
    """64 bits of unkeyed BLAKE2b, as a signed number."""
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little", signed=True)


def agent_text(field: bytes) -> str:
    """An agent as the log has it, as text: \\xHH and \\" undone, UTF-8 where it is, other bytes shown as escapes."""
    if b"\\" in field:
        field = _ESCAPED.sub(
            lambda match: bytes([int(match[1], 16)]) if match[1] else _CONTROL.get(match[2], match[2]), field
        )
    return plain_text(field)[:AGENT_LENGTH]


def plain_text(field: bytes) -> str:
    """A field as a text that every database takes: bytes that are not UTF-8, and NUL, as escapes."""
    return field.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def is_prefetch(purpose: bytes) -> bool:
    """Whether a Sec-Purpose, Purpose, X-Purpose or X-Moz header says that nobody looks."""
    return _PREFETCHING(purpose) is not None


def was_accepted(status: bytes, stamp: bytes) -> bool:
    """Whether a POST was answered as a person's will, whatever the link asks for today: a redirect of one is 303, and
    our own server refuses every other POST."""
    return status == b"303" or (NUMBERED in stamp and status in ANSWERED)
