"""The values of e-mail headers (RFC 5322, 2047): names, addresses and subjects, which cannot leave their line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email import policy
from email.errors import InvalidHeaderDefect
from email.header import Header
from typing import TYPE_CHECKING, Any

from linktrack.errors import BadInput

if TYPE_CHECKING:
    from linktrack.crm.export import BadRow, Contact

_LINE = 76
_LONG = 900  # characters; a header line has at most 998
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*|\"(?:[\x20!#-\[\]-~]|\\[\x20-\x7e])+\"")  # ASCII: no SMTPUTF8
_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f.:]+\]")


def mailbox(name: str, email: str) -> str:
    """`"Name" <address>`, or the address alone. BadInput for an address that no mail can be sent to."""
    address = ascii_address(email)
    name = _CONTROLS.sub(" ", name).strip()
    if not name:
        return address
    if name.isascii() and len(name) < _LONG and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'
    return f"{_words(name)} <{address}>"


def unstructured(text: str) -> str:
    """A subject: as it is when it is short ASCII, else in encoded words, folded."""
    text = _CONTROLS.sub(" ", text)
    return text if text.isascii() and len(text) < _LONG and "=?" not in text else _words(text)


def ascii_address(email: str) -> str:
    """An e-mail address with its domain in ASCII (IDNA). BadInput for what is no address."""
    local, at, domain = email.rpartition("@")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    address = f"{local}@{domain}"
    if not (at and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)) or len(address) > 320:
        raise BadInput(f"{email[:80]!r} is no address that an e-mail can be sent to: correct it, or use --as ndjson")
    return address


def sender(text: str) -> tuple[str, str]:
    """(name, address) of a sender like `Anna <anna@example.com>`. BadInput when it is not one address."""
    try:
        header: Any = policy.default.header_factory("From", _CONTROLS.sub(" ", text))
        (found,) = header.addresses
        invalid = any(isinstance(defect, InvalidHeaderDefect) for defect in header.defects)
        if not invalid and not _CONTROLS.search(found.display_name):
            return found.display_name, ascii_address(found.addr_spec)
    except (ValueError, BadInput):  # not one address, or an encoded word that holds a line end
        pass
    raise BadInput(f"{text!r} is no sender: write --from 'Anna <anna@example.com>'")


def reachable(contacts: Iterable[Contact], rejected: list[BadRow]) -> Iterator[Contact]:
    """The contacts that an e-mail can be sent to; the others go to `rejected`, with the reason."""
    from linktrack.crm.export import BadRow

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
