"""The values of e-mail headers (RFC 5322, 2047): names, addresses and subjects, which cannot leave their line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.header import Header
from typing import TYPE_CHECKING

from linktrack.errors import BadInput
from linktrack.mail_senders import ascii_address, in_one_line

if TYPE_CHECKING:
    from linktrack.crm.export_rows import BadRow
    from linktrack.crm.people import Contact

_LINE = 76
_LONG = 900  # characters; a header line has at most 998


def mailbox(name: str, email: str) -> str:
    """`"Name" <address>`, or the address alone. BadInput for an address that no mail can be sent to."""
    address = ascii_address(email)
    name = in_one_line(name).strip()
    if not name:
        return address
    if name.isascii() and len(name) < _LONG and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'
    return f"{_words(name)} <{address}>"


def unstructured(text: str) -> str:
    """A subject: as it is when it is short ASCII, else in encoded words, folded."""
    text = in_one_line(text)
    return text if text.isascii() and len(text) < _LONG and "=?" not in text else _words(text)


def reachable(contacts: Iterable[Contact], rejected: list[BadRow]) -> Iterator[Contact]:
    """The contacts that an e-mail can be sent to; the others go to `rejected`, with the reason."""
    from linktrack.crm.export_rows import BadRow

    for contact in contacts:
        try:
            ascii_address(contact.email)
        except BadInput:
            reason = f"{contact.email[:80]!r} is no e-mail address" if contact.email else "there is no e-mail address"
            rejected.append(BadRow(reason, contact.line, contact.contact_id))
        else:
            yield contact


def _words(text: str) -> str:
    return Header(text, "utf-8", maxlinelen=_LINE, header_name="Subject").encode(linesep="\r\n")
