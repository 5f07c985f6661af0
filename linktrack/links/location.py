"""Where visitors may be redirected to: the one judge of targets, and the one maker of `Location` values.

A host is read as `hosts` reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from linktrack.errors import BadInput
from linktrack.hosts import host_asked
from linktrack.links.merge_tags import Pairs, find

_WEB = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_NO_SCHEME = re.compile(r"(?i)[a-z0-9.\-]+\.[a-z]{2,}(:\d+)?([/?#]|$)")
# What no address holds: blanks, backslashes, control characters, U+2028 and U+2029, halves of characters.
_FORBIDDEN = re.compile("[\x00-\x20\\\\\x7f-\xa0\u2028\u2029\ud800-\udfff]")
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
    host = web.host if web.host.isascii() and "%" not in web.host else host_asked(web.host)
    return f"{web.scheme}://{quote(web.before, safe=_KEPT)}{host}{quote(web.after, safe=_KEPT)}"


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
        host_asked(match["host"])
        port = (match["port"] or ":").lstrip(":0")
        if len(port) > 5 or int(port or 0) > 65_535:
            raise ValueError("a port is at most 65535")
    except ValueError as problem:
        raise BadInput(f"{shown!r} is not an address for a link, no browser goes there: {problem}") from None
    return _Web(found["scheme"], info + at, match["host"], (match["port"] or "") + found["rest"])
