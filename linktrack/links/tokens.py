"""Tokens: the signed, fixed-length part of an address that names shipment and recipient.

A token is 20 bytes as 32 characters of RFC 4648 base32 in lower case, without padding:

    byte  0       version (high 4 bits) and key id (low 4 bits), in clear
    bytes 1-9     number of the shipment (32 bit) and of the recipient (40 bit), big endian, XOR keystream
    bytes 10-19   tag = BLAKE2b-80 over the workspace's id (16 bytes) and the 10 clear payload bytes, under the MAC key

The keystream is BLAKE2b-72 of the tag under a second key (a synthetic IV), so equal pairs give equal tokens
and consecutive recipients look unrelated. Both keys derive from one 32-byte secret. `docs/security.md` writes the
format down for a second implementation.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from hashlib import blake2b

from linktrack.errors import BadInput, LostKeys

VERSION = 1
TOKEN_LENGTH = 32
_PAYLOAD_BYTES, _TAG_BYTES = 10, 10  # of a token
_TAG_BITS = 8 * _TAG_BYTES
_TAG_MASK = (1 << _TAG_BITS) - 1
_FIRST = 152  # bits behind its first byte
MAX_SHIPMENT = 2**32 - 1
MAX_RECIPIENT = 2**40 - 1
MAX_KEYS = 16
NOBODY = 0  # the recipient of a shipment's shared token, which those have who refused tracking: it is no person's

_KEY_LINE = re.compile(r"(?:([0-9]{1,2}):)?([0-9a-fA-F]{64})")


_Hashers = tuple["blake2b", "blake2b"]  # MAC and keystream

# The base32 alphabet, in either case, as digits that int() reads in base 32 (a tenth of the time of b32decode);
# whatever else there is becomes something that int() refuses.
_ALPHABET, _DIGITS = b"abcdefghijklmnopqrstuvwxyz234567", b"0123456789abcdefghijklmnopqrstuv"
_TO_DIGITS = bytes(
    _DIGITS[_ALPHABET.index(byte)] if (byte := code + 32 * (65 <= code <= 90)) in _ALPHABET else ord("!")
    for code in range(256)
)
_OF_DIGITS = bytes(_ALPHABET[code % 32] for code in range(256))


def _parting(half: int) -> tuple[int, int, int]:
    """Of a number of 160 bits in pieces of two halves, each as far from the next as its digits of five bits want with a
    byte for each: where the lower halves are, where the upper ones, and by how many bits these go up."""
    room = half * 8 // 5
    lower = sum(((1 << half) - 1) << piece * 2 * room for piece in range(80 // half))
    return lower, lower << half, room - half


_PARTINGS = [_parting(half) for half in (80, 40, 20, 10, 5)]


@dataclass(frozen=True, repr=False)
class Keyring:
    """Secrets by key id (0-15), as the key file has them; the last one signs."""

    secrets: dict[int, bytes]

    @property
    def signing_id(self) -> int:
        return next(reversed(self.secrets))

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Read `ID:HEX` entries (64 hex digits each) parted by white space or commas; a bare HEX has id 0.

        LostKeys when there is none or one is malformed; the message never repeats the secret.
        """
        found: dict[int, bytes] = {}
        uncommented = "\n".join(line.partition("#")[0] for line in text.splitlines())
        if not uncommented.strip():
            raise LostKeys("the signing key is empty")
        for number, entry in enumerate(re.split(r"[\s,]+", uncommented.strip()), 1):
            match = _KEY_LINE.fullmatch(entry)
            if match is None or int(match[1] or 0) >= MAX_KEYS:
                raise LostKeys(f"entry {number} of the signing key is not ID:HEX with an id of 0-15 and 64 hex digits")
            key_id = int(match[1] or 0)
            if key_id in found:
                raise BadInput(f"the signing key has id {key_id} twice: remove one of the two entries")
            secret = bytes.fromhex(match[2])
            for other in (other for other, one in found.items() if one == secret):
                raise BadInput(f"the signing keys {other} and {key_id} are one and the same: remove the entry {key_id}")
            found[key_id] = secret
            if not any(found[key_id]):
                raise LostKeys(f"the signing key {key_id} is all zeros, which is no secret")
        return cls(found)

    @classmethod
    def generate(cls) -> Keyring:
        """A ring with one new random key, of id 0."""
        return cls({0: secrets.token_bytes(32)})

    def with_new(self, key_id: int) -> Keyring:
        """This ring with a new random key of this id, which signs from now on."""
        return Keyring({**self.secrets, key_id: secrets.token_bytes(32)})

    def only(self, key_ids: Collection[int]) -> Keyring:
        """The keys of these ids, in the same order."""
        return Keyring({key_id: secret for key_id, secret in self.secrets.items() if key_id in key_ids})

    def signing_with(self, key_id: int) -> Keyring:
        """The same keys, of which `key_id` signs. KeyError when it is not among them."""
        others = {number: secret for number, secret in self.secrets.items() if number != key_id}
        return Keyring({**others, key_id: self.secrets[key_id]})

    def fingerprint(self, key_id: int) -> bytes:
        """8 bytes that tell a key from others and say nothing of it."""
        return blake2b(key=self.secrets[key_id], digest_size=8, person=b"linktrack-print").digest()

    def text(self) -> str:
        """What `parse` reads: a line for each key, the signing one last."""
        return "".join(f"{key_id}:{secret.hex()}\n" for key_id, secret in self.secrets.items())


@dataclass(frozen=True, repr=False)
class Tokens:
    """What makes and reads the tokens of one workspace: its keys, and the 16 bytes of its id."""

    keyring: Keyring
    workspace_id: bytes
    _derived: dict[int, _Hashers] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        derived = {key_id: _derive(secret, self.workspace_id) for key_id, secret in self.keyring.secrets.items()}
        object.__setattr__(self, "_derived", derived)

    def sign(self, shipment: int, recipient: int) -> str:
        """The token of a recipient (to 2^40-1, or NOBODY) of a shipment (to 2^32-1). ValueError outside of these."""
        return self.signer(shipment)(recipient)

    def signer(self, shipment: int) -> Callable[[int], str]:
        """`sign` for many recipients of one shipment."""
        if not 0 <= shipment <= MAX_SHIPMENT:
            raise ValueError("shipment out of range")
        key_id = self.keyring.signing_id
        mac, stream = self._derived[key_id]
        first = VERSION << 4 | key_id
        head = bytes([first]) + shipment.to_bytes(4, "big")
        in_clear, upper = first << _FIRST, shipment << 40

        def sign(recipient: int) -> str:
            if not 0 <= recipient <= MAX_RECIPIENT:
                raise ValueError("recipient out of range")
            hasher = mac.copy()
            hasher.update(head + recipient.to_bytes(5, "big"))
            tag = hasher.digest()
            hasher = stream.copy()
            hasher.update(tag)
            hidden = (upper | recipient) ^ int.from_bytes(hasher.digest(), "big")
            return _text(in_clear | hidden << _TAG_BITS | int.from_bytes(tag, "big"))

        return sign

    def shared_beside(self, token: str, shipment: int) -> str:
        """The shared token of a shipment, signed with the key that this good token of it says it was signed with."""
        ring = self.keyring.signing_with(key_id_of(token) or 0)
        return Tokens(ring, self.workspace_id).sign(shipment, NOBODY)

    def verify(self, token: str | bytes) -> tuple[int, int] | None:
        """(shipment, recipient) of a token in any case, or None for a forged, malformed or unknown one.

        The tag is compared in constant time.
        """
        number = _number(token)
        if number is None or (keys := self._derived.get(number >> _FIRST & 15)) is None:
            return None
        mac, stream = keys
        tag = (number & _TAG_MASK).to_bytes(_TAG_BYTES, "big")
        hasher = stream.copy()
        hasher.update(tag)
        payload = (number >> _TAG_BITS) ^ int.from_bytes(hasher.digest(), "big")
        hasher = mac.copy()
        hasher.update(payload.to_bytes(_PAYLOAD_BYTES, "big"))
        if not hmac.compare_digest(hasher.digest(), tag):
            return None
        return payload >> 40 & MAX_SHIPMENT, payload & MAX_RECIPIENT


def key_id_of(token: str | bytes) -> int | None:
    """The id of the key that a token (in any case) says it was signed with; None for what is no token."""
    number = _number(token)
    return None if number is None else number >> _FIRST & 15


def _number(token: str | bytes) -> int | None:
    """The 20 bytes of a token as a number, None for what is none or has another version."""
    letters = token if isinstance(token, bytes) else token.encode("ascii", "replace")
    if len(letters) != TOKEN_LENGTH:
        return None
    try:
        number = int(letters.translate(_TO_DIGITS), 32)
    except ValueError:
        return None
    return number if number >> _FIRST + 4 == VERSION else None


def _text(number: int) -> str:
    """The token whose 20 bytes are this number, in half of the time that b32encode takes."""
    for lower, upper, up in _PARTINGS:
        number = number & lower | (number & upper) << up
    return number.to_bytes(TOKEN_LENGTH, "big").translate(_OF_DIGITS).decode("ascii")


def _derive(secret: bytes, workspace_id: bytes) -> _Hashers:
    """The hashers of a secret, ready to be copied: MAC (10 bytes, the workspace's id is in it) and keystream (9)."""
    mac_key = blake2b(key=secret, digest_size=32, person=b"linktrack-mac").digest()
    stream_key = blake2b(key=secret, digest_size=32, person=b"linktrack-siv").digest()
    return blake2b(workspace_id, key=mac_key, digest_size=10), blake2b(key=stream_key, digest_size=9)
