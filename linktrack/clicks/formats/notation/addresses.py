"""Addresses as proxies write them: the names of fields that hold them, and lists that are known by their look where a
log does not say what a field is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from linktrack.clicks.formats.notation.lines import QUOTED
from linktrack.names import folded

# What proxies say of who stood before them, by the headers that have it, the surest first …
FORWARDED_HEADERS = (
    "x-forwarded-for", "forwarded", "x-original-forwarded-for", "x-real-ip", "true-client-ip", "cf-connecting-ip",
    "x-client-ip",
)  # fmt: skip
# … and by the names of fields that have it: names as `folded` makes them.
FORWARDED_NAMES = (
    "httpxforwardedfor", "xforwardedfor", "forwardedfor", "xff", "proxyaddxforwardedfor", "httpforwarded", "forwarded",
    "httpxoriginalforwardedfor", "xoriginalforwardedfor", "httpxrealip", "xrealip", "realip", "httptrueclientip",
    "trueclientip", "httpcfconnectingip", "cfconnectingip", "httpxclientip", "xclientip", "xarrclientip",
    "proxyprotocoladdr",
)  # fmt: skip

_IPV4 = rb"\d{1,3}(?:\.\d{1,3}){3}"
_ADDRESS = re.compile(
    rb'(?:for=)?"?\[?(?:' + _IPV4 + rb'|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*)(?:%\w+)?\]?(?::\d+)?"?'
    rb"(?:;[^,]*)?",
    re.IGNORECASE,
).fullmatch
_WORD = re.compile(rb"[^\s,]*").fullmatch
_WITH_PORT = re.compile(rb"(?:" + _IPV4 + rb"|\[[^\]]*\]):\d+").fullmatch

# A field behind the agent: in quotes or bare, each perhaps behind its name. A bare list has a blank behind its commas.
_FIELD = re.compile(
    rb'(?:(?<= )|^)(?:([A-Za-z][\w-]*+)[=:] ?(?!/)|)(?:"(' + QUOTED + rb')"|([^\s",]++(?:, ?[^\s",]++)*))(?= |\Z)'
).findall
_NAMED = re.compile(rb"(?:^|(?<= ))[A-Za-z][\w-]*+[=:] ?(?!/)").search
_BARE = re.compile(
    rb"(?:(?<=[ ,])|^)(?:" + _IPV4 + rb"|[0-9a-fA-F]{0,4}:[0-9a-fA-F:]*:[0-9a-fA-F:.]*)(?:%\w+)?(?=[ ,]|\Z)"
).search


def is_address_list(field: bytes) -> bool:
    """Whether a field is a list that ends with an address, or one of words like `unknown` and `_hidden` with an address
    among them."""
    words = [word.strip(b" \t") for word in field.split(b",")]
    return bool(_ADDRESS(words[-1])) or (any(map(_ADDRESS, words)) and all(map(_WORD, words)))


def chain_in(fields: Iterable[bytes]) -> bytes:
    """The chain of proxies in fields of which a log does not say what they are, in the order in which they stand.

    Any of them may be X-Forwarded-For, and any other the Host that was asked for or a server behind, both of which may
    be addresses. So all lists of addresses together are the chain, as if each proxy had added one: whoever reads it
    passes over the trusted ones wherever they stand, and of several others the last one counts. An address with a port
    stands in front of those without: it is a Host or a server behind more often than a visitor.
    """
    lists = [field for field in fields if is_address_list(field)]
    if len(lists) < 2:
        return lists[0] if lists else b""
    return b",".join(sorted(lists, key=lambda field: not _WITH_PORT(field)))


def trailing_chain(first: bytes, rest: bytes) -> bytes:
    """The chain in what stands behind the agent: `first` right behind it in quotes, if that is a list, and the `rest`.

    A field that has a name is what its name says. Else those in quotes, as servers write the headers of a request, come
    before bare ones; a bare address with a port is the server behind (`$upstream_addr`).
    """
    has_names = _NAMED(rest) is not None
    if not has_names and b'"' not in rest and (first or not _BARE(rest)):
        return first
    found: Sequence[tuple[bytes, bytes, bytes]] = _FIELD(rest)
    if has_names:
        named = {folded(name.decode()): quoted or bare for name, quoted, bare in found if name}
        for name in FORWARDED_NAMES:
            if name in named and is_address_list(named[name]):
                return named[name]
    quoted_ones = [first, *(quoted for name, quoted, _ in found if not name)]
    bare_ones = (bare for name, _, bare in found if not name and not _WITH_PORT(bare))
    return chain_in(filter(None, quoted_ones)) or chain_in(filter(None, bare_ones))
