"""Tokens as `docs/security.md` writes them down, made from that page alone: no line is shared with linktrack."""

from __future__ import annotations

import base64
import hashlib
import struct

Answer = tuple[int, int] | None


def blake(size: int, key: bytes, *, salt: bytes = b"", person: bytes = b"", message: bytes = b"") -> bytes:
    return hashlib.blake2b(message, digest_size=size, key=key, salt=salt, person=person.ljust(16, b"\0")).digest()


def placement(workspace: bytes, mailing: str, position: int, attempt: int) -> str:
    message = mailing.encode() + b"\0" + str(position).encode() + b"\0" + str(attempt).encode()
    whole = base64.b32encode(blake(20, b"", salt=workspace, person=b"linktrack-place", message=message))
    return whole.decode().lower()[: 4 + attempt // 8]


def keystream(secret: bytes, tag: bytes) -> bytes:
    return blake(9, blake(32, secret, person=b"linktrack-siv"), message=tag)


def tag_of(secret: bytes, workspace: bytes, payload: bytes) -> bytes:
    return blake(10, blake(32, secret, person=b"linktrack-mac"), message=workspace + payload)


def xor(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=True))


def make(key_id: int, secret: bytes, workspace: bytes, shipment: int, recipient: int) -> str:
    payload = struct.pack(">BI", 0x10 | key_id, shipment) + struct.pack(">Q", recipient)[3:]
    tag = tag_of(secret, workspace, payload)
    hidden = payload[:1] + xor(payload[1:], keystream(secret, tag)) + tag
    return base64.b32encode(hidden).decode().lower()


def read(keys: dict[int, bytes], workspace: bytes, token: str) -> Answer:
    raw = base64.b32decode(token.upper())
    secret = keys.get(raw[0] & 0x0F)
    if raw[0] >> 4 != 1 or secret is None:
        return None
    payload = raw[:1] + xor(raw[1:10], keystream(secret, raw[10:]))
    if tag_of(secret, workspace, payload) != raw[10:]:
        return None
    return struct.unpack(">I", payload[1:5])[0], int.from_bytes(payload[5:], "big")
