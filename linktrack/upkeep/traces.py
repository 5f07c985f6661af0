"""By what a line of the click log is told to be certain people's: tokens, what is left of one, e-mail addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Set
from dataclasses import dataclass

from linktrack.clicks.logs.tracked import AddressBook
from linktrack.links.tokens import TOKEN_LENGTH, Tokens, key_id_of
from linktrack.store.many import at_once, marks
from linktrack.store.session import Database
from linktrack.upkeep.email_forms import pattern_of, percent_decoded, texts_in

_HALF = 16  # letters that no two tokens have in common
# What a token may be that has lost some letters or has others: behind a placement, at least a half of one.
_TOKEN_LIKE = re.compile(rb"/[a-zA-Z2-7]{3,12}/+([a-zA-Z0-9_=\-]{%d,})" % _HALF).finditer


@dataclass(frozen=True)
class Traces:
    """Some people's good tokens, what is left of a damaged one (`halves`: the first and the last letters of every token
    that they have), and their e-mail addresses, which somebody may have written behind anybody's address. A token of a
    key in `revoked` may be anybody's, so theirs, too."""

    book: AddressBook
    recipients: Set[int]
    halves: frozenset[bytes] = frozenset()
    emails: re.Pattern[str] | None = None  # as `email_forms.pattern_of` makes it
    revoked: Set[int] = frozenset()

    def are_in(self, line: bytes) -> bool:
        """Whether a line is theirs, or speaks of them."""
        for text in dict.fromkeys((line, percent_decoded(line))):
            if self.recipients & self.book.addresses.recipients_in(text):
                return True
            for token in (match[1].lower() for match in _TOKEN_LIKE(text)):
                if token[:_HALF] in self.halves or token[-_HALF:] in self.halves:
                    return True
                if self.revoked and key_id_of(token[:TOKEN_LENGTH].decode("ascii")) in self.revoked:
                    return True
        return self.emails is not None and any(map(self.emails.search, texts_in(line)))


def traces_of(
    database: Database,
    book: AddressBook,
    recipients: Collection[int],
    emails: Collection[str] = (),
    *,
    of_revoked: bool = False,
) -> Traces:
    """The traces of recipients, by number. Whose a token of a revoked key is nobody can say any more: `of_revoked`
    takes all of them for theirs, else they are nobody's."""
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
