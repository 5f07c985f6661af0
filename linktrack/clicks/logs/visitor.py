"""Who made a request: the last address of a chain of proxies that is not a trusted proxy, and what is kept of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

REMEMBERED = 200_000  # chains, with what is kept of them …
REMEMBERED_BYTES = 100  # … those that are not longer than this: some 60 MB in all

_OCTET = rb"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_PLAIN = re.compile(rb"((%b\.%b)\.%b)\.%b" % ((_OCTET,) * 4)).fullmatch  # ipaddress takes twenty times as long

_GROUP = rb"[0-9A-Fa-f]{1,4}"
# An IPv6 address whose first three groups are written out.
_PLAIN_6 = re.compile(rb"(%b):(%b):(%b)(?:(?::%b){5}|(?::%b){0,4}::(?:%b(?::%b){0,3})?)" % ((_GROUP,) * 7)).fullmatch
_MOST_COLONS = 7  # in it; one more where it ends with `::`

_FOR = re.compile(rb'(?:[^"]*;)?\s*for=("[^"]*"?|[^;]*)', re.IGNORECASE).match  # `for="[2001:db8::1]:80";proto=https`

_SIX_TO_FOUR, _TEREDO = 0x2002, (0x2001, 0)  # the beginnings of IPv6 addresses that hold one of IPv4
IpAddress = IPv4Address | IPv6Address
# The address as it is kept ("" where none is), the name of the network that it lies in or "", and whether it is a
# trusted proxy's, because the chain has no other.
KeptVisitor = tuple[str, str, bool]


class Visitors:
    """What is kept of the visitors of a log; pure.

    `trusted` are the networks of proxies whose word is believed; of none at all the peer is the visitor. `networks`
    are (network, name): the first that an address lies in names it. `how` much of an address is kept: "truncate" (/24
    or /48), "full" or "none".
    """

    def __init__(self, trusted: Sequence[str], networks: Iterable[tuple[str, str]], how: str) -> None:
        self._trusted = _Networks((network, "trusted") for network in trusted)
        self._named = _Networks(networks)
        self._how = how
        self._special = self._trusted.beginnings | self._named.beginnings  # all others are spared the whole look
        self.plain: dict[bytes, str] = {}  # by chain, the address of whom nothing else is known
        self._others: dict[bytes, KeptVisitor] = {}

    def kept(self, chain: bytes) -> KeptVisitor:
        """What is kept of the visitor at the far end of `chain`: addresses parted by commas, the nearest one last.

        `plain` has nearly all of them from then on, for whoever is in a hurry.
        """
        if (known := self._others.get(chain)) is not None:
            return known
        plain = _PLAIN(chain)
        if plain is not None and plain[2] not in self._special:
            text = plain[1] + b".0" if self._how == "truncate" else chain if self._how == "full" else b""
            kept = (text.decode(), "", False)
        else:
            network = self._plain_network(chain)
            kept = self._looked_up(chain) if network is None else (network, "", False)
        if len(chain) <= REMEMBERED_BYTES:
            if len(self.plain) + len(self._others) >= REMEMBERED:
                self.plain.clear()
                self._others.clear()
            address, name, trusted = kept
            if name or trusted:
                self._others[chain] = kept
            else:
                self.plain[chain] = address
        return kept

    def _plain_network(self, chain: bytes) -> str | None:
        """What is kept of a plain IPv6 address that lies in no network of a name, and holds none of IPv4: its /48, or
        nothing. None where that is not so, or cannot be told at once: `ipaddress` takes twenty times as long."""
        plain = _PLAIN_6(chain) if self._how != "full" else None
        if plain is None or chain.count(b":") > _MOST_COLONS + chain.endswith(b"::"):
            return None
        groups = [int(group, 16) for group in plain.groups()]
        first, second, _ = groups
        if first in (0, _SIX_TO_FOUR) or (first, second) == _TEREDO:
            return None
        if self._trusted.may_hold(first, second) or self._named.may_hold(first, second):
            return None
        if self._how == "none":
            return ""
        while not groups[-1]:
            groups.pop()
        return ":".join(f"{group:x}" for group in groups) + "::"

    def _looked_up(self, chain: bytes) -> KeptVisitor:
        address, trusted = self._visitor(chain)
        if address is None:
            return ("", "", False)
        return (_shown(address, self._how), self._named.name(address), trusted)

    def _visitor(self, chain: bytes) -> tuple[IpAddress | None, bool]:
        """The last address that is not trusted, or the first one if all are; whether it is trusted.

        Words that are no addresses (`unknown`, `_hidden`, `unix:`) say nothing about who stood before them.
        """
        first: IpAddress | None = None
        for part in reversed(chain.split(b",")):
            text = part.strip(b' \t"')
            if b"=" in text and (said := _FOR(text)):
                text = said[1].strip(b'"')
            address = address_in(text)
            if address is None:
                continue
            if not self._trusted.name(address):
                return address, False
            first = address
        return first, first is not None


class _Networks:
    """Networks by their length, so that a look takes as many steps as there are different lengths."""

    def __init__(self, networks: Iterable[tuple[str, str]]) -> None:
        # By version and by how many bits of an address are no part of the network: network → place, name.
        self._levels: dict[tuple[int, int], dict[int, tuple[int, str]]] = {}
        self.beginnings: set[bytes] = set()  # `192.0`: the first two octets of IPv4 addresses in any of them
        self._groups: set[int] = set()  # the first group of IPv6 addresses in any of the large ones
        self._two_groups: set[int] = set()  # the first two, as one number, of those in the others
        for place, (text, name) in enumerate(networks):
            self._add(ip_network(text, strict=False), place, name)

    def _add(self, network: IPv4Network | IPv6Network, place: int, name: str) -> None:
        shift = network.max_prefixlen - network.prefixlen
        level = self._levels.setdefault((network.version, shift), {})
        level.setdefault(int(network.network_address) >> shift, (place, name))
        if isinstance(network, IPv4Network):
            first, last = int(network.network_address) >> 16, int(network.broadcast_address) >> 16
            self.beginnings.update(b"%d.%d" % (two >> 8, two & 255) for two in range(first, last + 1))
            return
        known, rest = (self._groups, 112) if network.prefixlen < 16 else (self._two_groups, 96)
        known.update(range(int(network.network_address) >> rest, (int(network.broadcast_address) >> rest) + 1))

    def may_hold(self, first: int, second: int) -> bool:
        """Whether an IPv6 address that begins with these two groups may lie in any of the networks."""
        return first in self._groups or (first << 16 | second) in self._two_groups

    def name(self, address: IpAddress) -> str:
        """The name of the first network that an address lies in, "" if it lies in none."""
        number, version = int(address), address.version
        found = [
            level[number >> shift]
            for (level_version, shift), level in self._levels.items()
            if level_version == version and number >> shift in level
        ]
        return min(found)[1] if found else ""


def address_in(text: bytes) -> IpAddress | None:
    """The address in `192.0.2.1:4711`, `[2001:db8::1]:4711` or `fe80::1%eth0`; None where there is none.

    An IPv4 address inside an IPv6 one is that IPv4 address: mapped (RFC 4291), in 6to4 (RFC 3056) or Teredo (RFC 4380).
    """
    if text.startswith(b"["):
        text = text[1:].partition(b"]")[0]
    elif text.count(b":") == 1:
        text = text.partition(b":")[0]
    try:
        address = ip_address(text.partition(b"%")[0].decode("ascii"))
    except ValueError:  # UnicodeDecodeError is one
        return None
    if isinstance(address, IPv4Address):
        return address
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def _shown(address: IpAddress, how: str) -> str:
    if how == "none":
        return ""
    if how == "full":
        return str(address)
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False).network_address)
