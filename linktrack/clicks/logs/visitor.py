"""Who made a request: the last address of a chain of proxies that is not a trusted proxy, and what is kept of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from linktrack.errors import BadInput

# Loopback, RFC 1918, RFC 4193 and link-local: what no visitor can come from.
PRIVATE_NETWORKS = (
    "127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "169.254.0.0/16", "fe80::/10",
)  # fmt: skip
REMEMBERED = 200_000  # chains, with what is kept of them …
REMEMBERED_BYTES = 100  # … those that are not longer than this: some 70 MB in all

_OCTET = rb"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_PLAIN = re.compile(rb"((%b\.%b)\.%b)\.%b" % ((_OCTET,) * 4)).fullmatch  # ipaddress takes twenty times as long

Address = IPv4Address | IPv6Address
Kept = tuple[str, str]  # the address as it is kept ("" where none is), the name of the network that it lies in or ""


class Visitors:
    """What is kept of the visitors of a log; pure, and each chain is looked at once.

    `trusted` are the networks of proxies whose word is believed; None stands for the private ones, and of an empty
    list the peer is the visitor. `networks` are (network, name): the first that an address lies in names it. `how`
    much of an address is kept: "truncate" (/24 or /48), "full" or "none". BadInput for what is no network.
    """

    def __init__(self, trusted: Sequence[str] | None, networks: Iterable[tuple[str, str]], how: str) -> None:
        private = PRIVATE_NETWORKS if trusted is None else trusted
        self._trusted = _Networks((network, "trusted", "trusted_proxies") for network in private)
        self._named = _Networks((network, name, "networks") for network, name in networks)
        self._how = how
        self._special = self._trusted.beginnings | self._named.beginnings  # all others are spared the whole look
        self.seen: dict[bytes, Kept] = {}  # by chain
        self.proxies: set[str] = set()  # what was kept of trusted addresses, where a chain had no other

    def kept(self, chain: bytes) -> Kept:
        """What is kept of the visitor at the far end of `chain`: addresses parted by commas, the nearest one last."""
        if (kept := self.seen.get(chain)) is not None:
            return kept
        plain = _PLAIN(chain)
        if plain is not None and plain[2] not in self._special:
            text = plain[1] + b".0" if self._how == "truncate" else chain if self._how == "full" else b""
            kept = (text.decode("ascii"), "")
        else:
            kept = self._looked_up(chain)
        if len(chain) <= REMEMBERED_BYTES:
            if len(self.seen) >= REMEMBERED:
                self.seen.clear()
            self.seen[chain] = kept
        return kept

    def _looked_up(self, chain: bytes) -> Kept:
        address, trusted = self._visitor(chain)
        if address is None:
            return ("", "")
        text = _shown(address, self._how)
        if trusted:
            self.proxies.add(text)
        return (text, self._named.name(address))

    def _visitor(self, chain: bytes) -> tuple[Address | None, bool]:
        """The last address that is not trusted, or the first one if all are; whether it is trusted.

        What stands before something that is no address was said by nobody who is known.
        """
        first: Address | None = None
        for part in reversed(chain.split(b",")):
            text = part.strip(b' \t"')
            if text in (b"", b"-"):
                continue
            address = address_of(text)
            if address is None:
                break
            if not self._trusted.name(address):
                return address, False
            first = address
        return first, first is not None


class _Networks:
    """Networks by their length, so that a look takes as many steps as there are different lengths."""

    def __init__(self, networks: Iterable[tuple[str, str, str]]) -> None:
        self._levels: list[tuple[int, int, dict[int, tuple[int, str]]]] = []  # version, shift, network → place, name
        self.beginnings: set[bytes] = set()  # `192.0`: the first two octets of IPv4 addresses in any of them
        for place, (text, name, setting) in enumerate(networks):
            try:
                network = ip_network(text, strict=False)
            except ValueError:
                raise BadInput(f"[clicks] {setting}: {text!r} is no network like 192.0.2.0/24") from None
            self._add(network, place, name)

    def _add(self, network: IPv4Network | IPv6Network, place: int, name: str) -> None:
        shift = network.max_prefixlen - network.prefixlen
        for version, known_shift, level in self._levels:
            if (version, known_shift) == (network.version, shift):
                break
        else:
            level = {}
            self._levels.append((network.version, shift, level))
        level.setdefault(int(network.network_address) >> shift, (place, name))
        if isinstance(network, IPv4Network):
            first, last = int(network.network_address) >> 16, int(network.broadcast_address) >> 16
            self.beginnings.update(b"%d.%d" % (two >> 8, two & 255) for two in range(first, last + 1))

    def name(self, address: Address) -> str:
        """The name of the first network that an address lies in, "" if it lies in none."""
        number, version = int(address), address.version
        found = [
            level[number >> shift]
            for level_version, shift, level in self._levels
            if level_version == version and number >> shift in level
        ]
        return min(found)[1] if found else ""


def address_of(text: bytes) -> Address | None:
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


def _shown(address: Address, how: str) -> str:
    if how == "none":
        return ""
    if how == "full":
        return str(address)
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False).network_address)
