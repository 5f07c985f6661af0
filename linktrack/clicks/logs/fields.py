"""What is kept of the fields of a log line: the address truncated, the agent as text, the line itself as a print."""

from __future__ import annotations

import re
from hashlib import blake2b
from ipaddress import ip_address, ip_network

from linktrack.links.tokens import Keyring

_ESCAPED = re.compile(rb"\\x([0-9A-Fa-f]{2})|\\(.)")
_CONTROL = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}
_OCTET = rb"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rb"(%b\.%b\.%b)\.%b" % ((_OCTET,) * 4)).fullmatch
AGENT_LENGTH = 500


def print_key(keyring: Keyring) -> bytes:
    """The key of all prints of log lines. It derives from the oldest key, which a rotation keeps: prints last."""
    oldest = keyring.secrets[min(keyring.secrets)]
    return blake2b(key=oldest, digest_size=32, person=b"linktrack-log").digest()


def line_printer(key: bytes) -> blake2b:
    """A hasher to copy for each line. Prints are 64 bit, and keyed because a log line holds a whole IP address."""
    return blake2b(key=key, digest_size=8)


def digest(data: bytes, key: bytes) -> bytes:
    """A keyed print of bytes of a log: without the key nobody can try out what they were."""
    return blake2b(data, key=key, digest_size=16).digest()


def kept_address(host: bytes, how: str) -> str:
    """An IP address truncated to its /24 or /48, in full or not at all; of what is no address, nothing is kept."""
    if how == "none":
        return ""
    if (match := _IPV4(host)) is not None:  # nearly all of them, and ipaddress takes 20 times as long
        return (match[1] + b".0" if how == "truncate" else host).decode("ascii")
    text = host.decode("ascii", "replace").strip("[]")
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if address.version == 6 and (mapped := address.ipv4_mapped) is not None:
        address = mapped
    if how == "full":
        return str(address)
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False).network_address)


def agent_text(field: bytes) -> str:
    """An agent as the log has it, as text: \\xHH and \\" undone, UTF-8 where it is, other bytes shown as escapes."""
    if b"\\" in field:
        field = _ESCAPED.sub(
            lambda match: bytes([int(match[1], 16)]) if match[1] else _CONTROL.get(match[2], match[2]), field
        )
    return field.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")[:AGENT_LENGTH]


def is_prefetch(purpose: bytes) -> bool:
    """Whether a Sec-Purpose, Purpose or X-Moz header says that nobody looks."""
    return b"prefetch" in purpose.lower() or b"preview" in purpose.lower() or b"prerender" in purpose.lower()
