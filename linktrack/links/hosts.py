"""Hosts as browsers read them (WHATWG URL, section 3.5): percent-decoded, in lower case, international ones in ASCII.

A host that a browser refuses is none: nothing could be opened there, so such an address is left alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_AUTHORITY = re.compile(
    r"https?://(?:[^/?#\\]*@)?(\[[^\]/?#@\\]*\]|[^/?#@:\\\[\]]*)(?::([0-9]*))?(?=[/?#]|$)", re.IGNORECASE
)
_PLAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?)*\.?", re.IGNORECASE)
_FORBIDDEN = re.compile('[\x00-\x20\x7f#/:<>?@\\[\\\\\\]^|%"`{}]')
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_IGNORED = re.compile("[\u00ad\u034f\u180b-\u180d\u200b\u2060\ufe00-\ufe0f\ufeff]")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_LONGEST = 253  # characters of a name in the domain name system
_KEPT = {"ß": "\ue000", "ς": "\ue001"}  # letters that folding case would change, and browsers keep


class WebAddress(NamedTuple):
    """The host of an http(s) address as a browser reads it, and where path, query or fragment begin."""

    host: str
    end: int


def read_web_address(url: str) -> WebAddress | None:
    """The host of an absolute http(s) address. None for other schemes, and for hosts and ports that browsers refuse."""
    match = _AUTHORITY.match(url)
    if match is None or (match[2] and len(match[2].lstrip("0")) > 5) or int(match[2] or 0) > 0xFFFF:
        return None
    host = browser_host(match[1])
    return None if host is None else WebAddress(host, match.end())


def browser_hosts(named: Iterable[str]) -> tuple[str, ...]:
    """Hosts of the settings as browsers send them."""
    return tuple(browser_host(host) or host.lower() for host in named)


def may_have_values(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether a form may get a person's values: over https, and where `hosts` (as `browser_hosts` has them) names any,
    on one of them or below it."""
    read = read_web_address(url)
    if read is None or not url.lower().startswith("https://"):
        return False
    return not hosts or any(read.host == one or read.host.endswith(f".{one}") for one in hosts)


@lru_cache(maxsize=4096)
def browser_host(host: str) -> str | None:
    """A host as browsers send it, in ASCII: `R%C3%A4v.example` is `xn--rv-via.example`. None for what they refuse."""
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host[1:-1]).compressed}]"
        except AddressValueError:
            return None
    if len(host) > 12 * _LONGEST:
        return None
    if _PLAIN.fullmatch(host) is None:
        mapped = _mapped(host)
        if mapped is None:
            return None
        host = mapped
    host = host.lower()
    labels = [_ascii_label(label) for label in host.split(".")]
    if None in labels:
        return None
    host = ".".join(label or "" for label in labels)
    if len(host.rstrip(".")) > _LONGEST or not host.strip("."):
        return None
    last = host.removesuffix(".").rpartition(".")[2]
    return _ipv4(host.removesuffix(".")) if _NUMBER.fullmatch(last) else host


def _mapped(host: str) -> str | None:
    """The host percent-decoded and mapped as UTS #46 does; None where it then holds what no host may."""
    try:
        text = unquote_to_bytes(host).decode()
    except UnicodeError:
        return None
    for letter, kept in _KEPT.items():
        text = text.replace(letter, kept)
    text = unicodedata.normalize("NFKC", _IGNORED.sub("", _DOTS.sub(".", text))).casefold()
    text = unicodedata.normalize("NFC", text)
    for letter, kept in _KEPT.items():
        text = text.replace(kept, letter)
    if _FORBIDDEN.search(text) or any(unicodedata.category(character)[0] in "CZ" for character in text):
        return None
    return text


def _ascii_label(label: str) -> str | None:
    """One label in ASCII; None for an `xn--` one that says nothing."""
    if len(label) > _LONGEST:
        return None
    if not label.isascii():
        return "xn--" + label.encode("punycode").decode("ascii")
    if label.startswith("xn--"):
        try:
            if label[4:].encode("ascii").decode("punycode").isascii():
                return None
        except UnicodeError:
            return None
    return label


def _ipv4(host: str) -> str | None:
    """A host whose last part is a number as an IPv4 address; its numbers may be octal or hexadecimal."""
    numbers = []
    for part in host.split("."):
        if not _NUMBER.fullmatch(part) or len(part) > 40:
            return None
        try:
            base = 16 if part.startswith("0x") else 8 if part.startswith("0") and len(part) > 1 else 10
            numbers.append(int(part.removeprefix("0x") or "0", base))
        except ValueError:  # an 8 or 9 in an octal number
            return None
    *first, last = numbers
    if len(first) > 3 or any(number > 255 for number in first) or last >= 256 ** (4 - len(first)):
        return None
    value = last + sum(number * 256 ** (3 - place) for place, number in enumerate(first))
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))
