"""What shows that a line of the click log is of certain people: their tokens, parts of these, e-mail addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Set
from dataclasses import dataclass

from linktrack.clicks.logs.tracked import AddressBook
from linktrack.links.address_shape import PLACEMENT
from linktrack.links.tokens import TOKEN_LENGTH, Tokens, key_id_of
from linktrack.store.many import at_once, marks
from linktrack.store.session import Database
from linktrack.upkeep.email_forms import pattern_of, percent_decoded, texts_in

_HALF = 16  # letters that no two tokens have in common
# At least a half of a token, wherever it stands: in a query, in what a program says of itself.
_PIECES = re.compile(rb"[a-zA-Z2-7]{%d,}" % _HALF).findall
# What a token may be that has lost some letters or has others, in whatever pieces: behind a placement.
_BEHIND = re.compile(rb"/(%s)/+([^\s/?#\"]{%d,})" % (PLACEMENT.encode(), _HALF)).finditer
_NO_LETTERS = re.compile(rb"%[0-9a-fA-F]{2}|[^a-zA-Z2-7]")


@dataclass(frozen=True)
class Traces:
    """What shows that a line of the click log is of some people.

    `recipients` are their ids: a whole token in the line says its recipient's. `halves` are the first 16 and the last
    16 letters of each token that they have got, in small letters: one of these is left where a token was damaged.
    `emails` finds their e-mail addresses, which anybody may have added to a tracked address; None where none are known.
    `revoked` are the ids of revoked keys: nobody can tell any more whose a token of theirs is, so that a line with one,
    whole or damaged, counts as these people's.
    """

    book: AddressBook
    recipients: Set[int]
    halves: frozenset[bytes] = frozenset()
    emails: re.Pattern[str] | None = None  # as `email_forms.pattern_of` makes it
    revoked: Set[int] = frozenset()

    def are_in(self, line: bytes) -> bool:
        """Whether a line of the log holds any of these traces."""
        for text in dict.fromkeys((line, percent_decoded(line))):
            if self.recipients & self.book.addresses.recipients_in(text):
                return True
            pieces = _PIECES(text.lower())
            if any(piece[:_HALF] in self.halves or piece[-_HALF:] in self.halves for piece in pieces):
                return True
            if self.revoked and self._may_be_of_revoked(text, pieces):
                return True
        return self.emails is not None and any(map(self.emails.search, texts_in(line)))

    def _may_be_of_revoked(self, text: bytes, pieces: Collection[bytes]) -> bool:
        """Whether a text has a token that a revoked key has signed, whole or, behind a placement's key, damaged: the
        key's number stands in its first letters, or one that is no key of today."""
        if any(len(piece) == TOKEN_LENGTH and _said_key(piece) in self.revoked for piece in pieces):
            return True
        for match in _BEHIND(text):
            letters = _NO_LETTERS.sub(b"", match[2]).lower()
            if len(letters) < _HALF:
                continue
            said = _said_key(letters)
            if said in self.revoked:
                return True
            if match[1].lower() in self.book.addresses.spots and said not in self.book.keys.keyring.secrets:
                return True
        return False


def _said_key(letters: bytes) -> int | None:
    """The key that a token says it was signed with, in its first letters."""
    return key_id_of(letters[:2].ljust(TOKEN_LENGTH, b"a"))


def traces_of(
    database: Database,
    book: AddressBook,
    recipients: Collection[int],
    emails: Collection[str] = (),
    *,
    of_revoked: bool = False,
) -> Traces:
    """The traces of these recipients, by their ids, and of these e-mail addresses. With `of_revoked` a line with any
    token of a revoked key counts as theirs; without it such tokens are traces of nobody."""
    keyring, halves, numbers = book.keys.keyring, set[bytes](), sorted(recipients)
    for some in at_once(numbers):
        for shipment, recipient, settings in database.rows(
            "SELECT shipment.number, recipient_id, shipment.settings FROM shipment JOIN shipment_recipient "  # noqa: S608  (marks of our own)
            f"ON shipment_id = shipment.id AND recipient_id IN ({marks(some)})",
            some,
        ):
            if (key_id := json.loads(settings)["key_id"]) in keyring.secrets:
                signing = Tokens(keyring.signing_with(key_id), book.keys.tokens.workspace_id)
                token = signing.sign(shipment, recipient).encode()
                halves |= {token[:_HALF], token[-_HALF:]}
    revoked = book.keys.revoked if of_revoked else frozenset[int]()
    return Traces(book, frozenset(recipients), frozenset(halves), pattern_of(emails), revoked)
