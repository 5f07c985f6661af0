"""Hosts as browsers read them (WHATWG URL Standard, "host parsing"): percent-decoded, mapped and put into punycode as
UTS 46 says without its transitional part, an IPv4 address when the last label is a number.

A host that a browser refuses is none: nothing could be opened there. A mail's address with such a one is left alone, a
link's target is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

TRIMMED = "".join(map(chr, range(0x21)))  # C0 controls and blanks: browsers take them off both ends of an address
_AUTHORITY = re.compile(
    r"https?://(?:[^/?#\\]*@)?(\[[^\]/?#@\\]*\]|[^/?#@:\\\[\]]*)(?::([0-9]*))?(?=[/?#]|$)", re.IGNORECASE
)
# "Forbidden domain code points", and with them what no name in the world has and mails have where they are broken.
_FORBIDDEN_IN_HOST = re.compile(r"[\x00-\x20\x7f#/:<>?@\[\\\]^|%\"`{}]")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|\d+")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_DEVIATIONS = frozenset("ßς\u200c\u200d")  # mapped by the transitional part of UTS 46 only
_IGNORED = re.compile("[\u00ad\u034f\u180b-\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff]")
_LONGEST = 253  # characters of a name in the domain name system
_LONGEST_LABEL = 63  # of each part of it
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?")
_OWN_PORTS = {"http": "80", "https": "443"}
_LONGEST_WRITTEN = 12 * _LONGEST  # which may be percent-encoded


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


def browser_authority(scheme: str, authority: str) -> tuple[str, str]:
    """The user info of an address, with its `@`, and its host as a browser reads it, with the port unless that is the
    scheme's own (`http` or `https`)."""
    info, at, rest = authority.rpartition("@")
    end = rest.find("]") + 1 if rest.startswith("[") else rest.find(":")  # of the host; an IPv6 address has colons
    host, port = (rest, "") if end < 1 else (rest[:end], rest[end:].removeprefix(":"))
    port = port.lstrip("0") or port[:1]
    behind = "" if port in ("", _OWN_PORTS[scheme]) else f":{port}"
    return info + at, (browser_host(host) or host.lower()) + behind


def is_this_machine(url: str) -> bool:
    """Whether an http(s) address leads to the machine of whoever opens it (RFC 6761, and the loopback networks)."""
    read = read_web_address(url)
    host = read.host.strip("[]").rstrip(".") if read else ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def browser_hosts(named: Iterable[str]) -> tuple[str, ...]:
    """Hosts of the settings, which are checked, as browsers send them."""
    return tuple(map(host_asked, named))


def may_have_values(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether a form may get a person's values: over https, and where `hosts` (as `browser_hosts` has them) names any,
    on one of them or below it."""
    read = read_web_address(url)
    if read is None or not url.lower().startswith("https://"):
        return False
    return not hosts or any(read.host == one or read.host.endswith(f".{one}") for one in hosts)


def checked_host(host: str) -> str:
    """A host that somebody names for others to reach, as browsers send it: an IP address, or a name that the domain
    name system can have (RFC 1034 3.5, with the `_` that many use), of which browsers take more than there can be.

    ValueError with the reason.
    """
    if found := re.search(r"://|[/:?#@*\s]", "" if host.startswith("[") else host):
        raise ValueError(f"a host is written alone, like shop.example, and {host!r} has {found[0]!r}")
    if not host:
        raise ValueError("a host is written like shop.example, and this is none at all")
    name = host_asked(host)
    for label in [] if name.startswith("[") else name.split("."):
        if not label:
            raise ValueError(f"a host is written like shop.example, not {host!r}, of which a part is empty")
        if len(label) > _LONGEST_LABEL:
            raise ValueError(f"a part of the host {host!r} is longer than {_LONGEST_LABEL} characters")
        if not _LABEL.fullmatch(label):
            raise ValueError(f"a host is written like shop.example, not {host!r}: no part of one is {label!r}")
    return name


def browser_host(host: str) -> str | None:
    """A host as browsers send it, in ASCII: `R%C3%A4v.example` is `xn--rv-via.example`. None for what they refuse."""
    try:
        return host_asked(host)
    except ValueError:
        return None


@lru_cache(maxsize=4096)  # contacts have few, many times
def read_host(host: str) -> str:
    """A host in the letters that a person reads, those of punycode as well; as it is where browsers refuse it."""
    labels = (browser_host(host) or host).split(".")
    return ".".join(read_label(label) if label.startswith("xn--") else label for label in labels)


def read_label(label: str) -> str:
    """A part of a host, `xn--…`, in letters; as it is where that is no punycode."""
    with suppress(ValueError):
        return label[4:].encode("ascii").decode("punycode") or label
    return label


@lru_cache(maxsize=4096)  # a mail has few hosts, and a server redirects to few, many times
def host_asked(host: str) -> str:
    """The host that a browser asks: lower case, in punycode, an IPv4 address as four numbers.

    ValueError for one that browsers refuse.
    """
    if host.startswith("["):
        try:
            if not host.endswith("]") or "%" in host:
                raise AddressValueError
            return f"[{IPv6Address(host[1:-1]).compressed}]"
        except AddressValueError:
            raise ValueError(f"{host!r} is no IPv6 address") from None
    if len(host) > _LONGEST_WRITTEN:
        raise ValueError(f"its host is longer than {_LONGEST} characters")
    try:
        text = unquote_to_bytes(host).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{host!r} is not UTF-8 once it is percent-decoded") from None
    name = ".".join(_ascii_label(label) for label in _DOTS.split(_mapped(text)))
    if not name.strip("."):
        raise ValueError(f"{host!r} is empty")
    if len(name.rstrip(".")) > _LONGEST:
        raise ValueError(f"its host is longer than {_LONGEST} characters")
    if found := _FORBIDDEN_IN_HOST.search(name):
        raise ValueError(f"{host!r} has the character {found[0]!r}")
    last = name.removesuffix(".").rpartition(".")[2]
    return _ipv4(name) if last.isdecimal() or re.fullmatch(r"0[xX][0-9a-fA-F]*", last) else name


def _mapped(text: str) -> str:
    """A host's text in the form that is looked up: small letters, compatible forms made one, ignored ones left out."""
    if text.isascii():
        return text.lower()
    folded = "".join(sign if sign in _DEVIATIONS else sign.casefold() for sign in _IGNORED.sub("", text))
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", folded).lower())


def _ascii_label(label: str) -> str:
    if label.startswith("xn--"):
        try:
            decoded = label[4:].encode("ascii").decode("punycode")
            if decoded.isascii() or _ascii_label(_mapped(decoded)) != label:
                raise ValueError
        except ValueError:  # of the codec, too
            raise ValueError(f"{label!r} is no punycode") from None
    if label.isascii():
        return label
    if unicodedata.category(label[0]).startswith("M"):
        raise ValueError(f"{label!r} begins with a mark")
    for sign in label:
        if sign not in "\u200c\u200d" and unicodedata.category(sign) in (
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Cn",
            "Zs",
            "Zl",
            "Zp",
        ):
            raise ValueError(f"{label!r} has the character {sign!r}")
    return "xn--" + label.encode("punycode").decode("ascii")


def _ipv4(name: str) -> str:
    """An IPv4 address as browsers read it: decimal, octal (0…) and hexadecimal (0x…) numbers, the last one filling
    what is left."""
    parts = name.removesuffix(".").split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError(f"{name!r} ends in a number and is no IPv4 address")
    numbers = []
    for part in parts:
        if part[:2].lower() == "0x":
            numbers.append(int(part[2:] or "0", 16))
        elif len(part) > 1 and part.startswith("0"):
            if re.search("[89]", part):
                raise ValueError(f"{name!r} is no IPv4 address")
            numbers.append(int(part, 8))
        else:
            numbers.append(int(part))
    last = numbers.pop()
    if any(number > 255 for number in numbers) or last >= 256 ** (4 - len(numbers)):
        raise ValueError(f"{name!r} is no IPv4 address")
    whole = last + sum(number << 8 * (3 - place) for place, number in enumerate(numbers))
    return ".".join(str(whole >> shift & 255) for shift in (24, 16, 8, 0))
