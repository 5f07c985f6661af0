"""Who an e-mail is from, and what an address is that one can be sent to (RFC 5322, IDNA)."""

from __future__ import annotations

import re
from typing import Any

from linktrack.errors import BadInput
from linktrack.hosts import checked_host

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+"
_UNQUOTED = re.compile(r"\s*([^\"<>@\\=]*[,;:.()\[\]][^\"<>@\\=]*?)\s*(<[^<>]*>)\s*")  # a name that needs quotes
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*|\"(?:[\x20!#-\[\]-~]|\\[\x20-\x7e])+\"")  # ASCII: no SMTPUTF8
_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?")
_LITERAL = re.compile(r"\[[0-9A-Fa-f.:]+\]")


def in_one_line(text: str) -> str:
    """A text as a header holds it: each run of controls, line ends among them, is a blank."""
    return _CONTROLS.sub(" ", text)


def ascii_address(email: str) -> str:
    """An e-mail address with its domain in ASCII (IDNA). BadInput for what is no address."""
    local, at, domain = email.rpartition("@")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    address = f"{local}@{domain}"
    if not (at and _LOCAL.fullmatch(local) and _is_domain(domain)) or len(address) > 320:
        raise BadInput(f"{email[:80]!r} is no address that an e-mail can be sent to: correct it, or use --as ndjson")
    return address


def _is_domain(domain: str) -> bool:
    if _LITERAL.fullmatch(domain):
        return True
    try:
        return bool(_DOMAIN.fullmatch(domain) and checked_host(domain))
    except ValueError:
        return False


def sender(text: str) -> tuple[str, str]:
    """(name, address) of a sender like `Anna <anna@example.com>`, whose name may have signs that would need quotes
    (`Anna Ek, CEO <…>`). BadInput when it is not one address."""
    from email import policy
    from email.errors import InvalidHeaderDefect

    try:
        if "\x00" in text:
            raise ValueError("no header holds a NUL")
        plain = in_one_line(text)
        if named := _UNQUOTED.fullmatch(plain):
            plain = f'"{named[1]}" {named[2]}'
        header: Any = policy.default.header_factory("From", plain)
        (found,) = header.addresses
        invalid = any(isinstance(defect, InvalidHeaderDefect) for defect in header.defects)
        if not invalid and not _CONTROLS.search(found.display_name):
            return found.display_name, ascii_address(found.addr_spec)
    except (ValueError, IndexError, AttributeError, BadInput):  # not one address, a line end in an encoded word, or a
        # text that the parser of the standard library does not survive, like `a@`
        pass
    raise BadInput(f"{text!r} is no sender: write --from 'Anna <anna@example.com>'")
