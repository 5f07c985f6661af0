"""Where visitors may be redirected to: the one judge of targets, and the one maker of `Location` values.

A host is read as a browser reads it (WHATWG URL Standard, "host parsing"): percent-decoded, mapped and put into
punycode as UTS 46 says without its transitional part, an IPv4 address when its last label is a number.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote, unquote_to_bytes

from linktrack.errors import BadInput
from linktrack.links.merge_tags import Pairs, find

_WEB = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_NO_SCHEME = re.compile(r"(?i)[a-z0-9.\-]+\.[a-z]{2,}(:\d+)?([/?#]|$)")
# What no address holds: blanks, backslashes, control characters, U+2028 and U+2029, halves of characters.
_FORBIDDEN = re.compile("[\x00-\x20\\\\\x7f-\xa0\u2028\u2029\ud800-\udfff]")
_FORBIDDEN_IN_HOST = re.compile(r"[\x00-\x20\x7f#/:<>?@\[\\\]^|%]")  # "forbidden domain code point"
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|\d+")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_DEVIATIONS = frozenset("ßς\u200c\u200d")  # mapped by the transitional part of UTS 46 only
_IGNORED = re.compile("[\u00ad\u034f\u180b-\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff]")
_HOST_LENGTH = 1000  # a name has at most 253, which may be percent-encoded
_KEPT = "!$&'()*+,-./:;=?@[]_~%#\"<>^`{|}"  # every printable sign but the backslash: a Location keeps them as they are


@dataclass(frozen=True)
class _Web:
    """An address in its pieces: `scheme://` `before` `host` `after`; `before` is user info with its @, `after`
    begins with the port, if any."""

    scheme: str
    before: str
    host: str
    after: str


def checked_target(url: str, pairs: Pairs = ()) -> str:
    """A link's target as it is kept: http or https with a host that browsers take; a missing scheme becomes https.

    Merge tags that stand for a value may be in its query and fragment, with blanks in them. BadInput with the reason
    otherwise.
    """
    url = url.strip(" \t\r\n")
    if _NO_SCHEME.match(url):
        url = f"https://{url}"
    tags = find(url, pairs)
    plain = url
    for tag in tags:
        plain = plain[: tag.start] + "x" * (tag.stop - tag.start) + plain[tag.stop :]
    begins = min((at for at in (plain.find("?"), plain.find("#")) if at >= 0), default=len(url))
    if any(tag.start < begins for tag in tags):
        raise BadInput(
            f"{url!r} has a merge tag in its host or path, so anybody's data would say where it leads: "
            "put it behind a ? as in https://www.example.com/offer?id={{id}}"
        )
    for tag in tags:
        if tag.statement:
            raise BadInput(
                f"{url!r} has {url[tag.start : tag.stop]} in it, which is logic of a merge language, and nothing does "
                "that when a visitor is led on: leave it out (names of fields are filled, as in ?id={{id}})"
            )
    _taken_apart(plain, url)
    return url


def checked_form(url: str) -> str:
    """The address of a form, which is prefilled with a person's data: https only. BadInput otherwise."""
    checked = checked_target(url)
    if not checked.lower().startswith("https://"):
        raise BadInput(f"the form {url!r} gets a person's data, so its address must begin with https://")
    return checked


def location(url: str) -> str:
    """The value of a `Location` header: ASCII, and the same place for a browser as `url`.

    A host beyond ASCII is put into punycode, other characters are percent-encoded as UTF-8, and what is ASCII stays
    as it is. BadInput for an address that `checked_target` would refuse, and for a blank in a merge tag that was
    not filled.
    """
    web = _taken_apart(url, url)
    if url.isascii() and "%" not in web.host:
        return url
    host = web.host if web.host.isascii() and "%" not in web.host else browser_host(web.host)
    return f"{web.scheme}://{quote(web.before, safe=_KEPT)}{host}{quote(web.after, safe=_KEPT)}"


@lru_cache(maxsize=4096)  # a server redirects to few hosts, many times
def browser_host(host: str) -> str:
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
    if len(host) > _HOST_LENGTH:
        raise ValueError(f"its host is longer than {_HOST_LENGTH} characters")
    try:
        text = unquote_to_bytes(host).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{host!r} is not UTF-8 once it is percent-decoded") from None
    name = ".".join(_ascii_label(label) for label in _DOTS.split(_mapped(text)))
    if not name.strip("."):
        raise ValueError(f"{host!r} is empty")
    if found := _FORBIDDEN_IN_HOST.search(name):
        raise ValueError(f"{host!r} has the character {found[0]!r}")
    last = name.removesuffix(".").rpartition(".")[2]
    return _ipv4(name) if last.isdecimal() or re.fullmatch(r"0[xX][0-9a-fA-F]*", last) else name


def _taken_apart(plain: str, shown: str) -> _Web:
    """The pieces of an address; `shown` is what the error names."""
    found = _WEB.match(plain)
    if forbidden := _FORBIDDEN.search(plain):
        raise BadInput(f"{shown!r} is not an address for a link: the character {forbidden[0]!r} may not stand in one")
    if found is None or not found["authority"]:
        raise BadInput(f"{shown!r} is not an address for a link: write it like https://www.example.com/offer")
    info, at, rest = found["authority"].rpartition("@")
    match = re.fullmatch(r"(?P<host>\[[^\]]*\]?|[^:]*)(?P<port>:\d*)?", rest)
    try:
        if match is None:
            raise ValueError(f"{rest!r} is no host with a port")
        browser_host(match["host"])
        port = (match["port"] or ":").lstrip(":0")
        if len(port) > 5 or int(port or 0) > 65_535:
            raise ValueError("a port is at most 65535")
    except ValueError as problem:
        raise BadInput(f"{shown!r} is not an address for a link, no browser goes there: {problem}") from None
    return _Web(found["scheme"], info + at, match["host"], (match["port"] or "") + found["rest"])


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
