"""Networks that an address lies in, each by its name: those of mail security services and the workspace's own.

A name is what is kept of it, for it is looked up in the whole address, before that is cut: a network may be narrower
than what is kept. What a name weighs is asked when clicks are judged, so other weights judge earlier clicks too.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network

from linktrack.clicks.judging.rule_files import rows_of
from linktrack.errors import BadInput

NO_NETWORK = ""
OWN_WEIGHT = 4  # enough for a machine: see verdicts.ENOUGH


class Networks:
    """The known networks of `data/networks.tsv`, and `own` of the settings, which are named as they are written."""

    def __init__(self, own: Sequence[str] = ()) -> None:
        self._weights: dict[str, int] = {}
        self._v4: dict[str, list[tuple[int, int, str]]] = {}  # first octet → mask, network, name
        self._v6: list[tuple[IPv6Network, str]] = []
        for text in own:
            try:
                self._add(ip_network(text, strict=False), OWN_WEIGHT, text)
            except ValueError:
                raise BadInput(f"[clicks] networks: {text!r} is no network like 192.0.2.0/24") from None
        for text, weight, name in rows_of("networks.tsv"):
            self._add(ip_network(text), int(weight), name)

    def _add(self, network: IPv4Network | IPv6Network, weight: int, name: str) -> None:
        self._weights.setdefault(name, weight)
        if isinstance(network, IPv6Network):
            self._v6.append((network, name))
            return
        first = int(network.network_address) >> 24
        entry = (int(network.netmask), int(network.network_address), name)
        for octet in range(first, first + (1 << max(0, 8 - network.prefixlen))):
            self._v4.setdefault(str(octet), []).append(entry)

    def find(self, address: str) -> str:
        """The name of the network that a whole IP address lies in, `NO_NETWORK` where there is none.

        The workspace's own come first, then those of the file in its order.
        """
        octet, dot, rest = address.partition(".")
        if dot:
            candidates = self._v4.get(octet)
            if candidates is None:  # nearly all addresses
                return NO_NETWORK
            second, third, fourth = rest.split(".")
            number = int(octet) << 24 | int(second) << 16 | int(third) << 8 | int(fourth)
            return next((name for mask, network, name in candidates if number & mask == network), NO_NETWORK)
        if not address:
            return NO_NETWORK
        whole = IPv6Address(address)
        return next((name for network, name in self._v6 if whole in network), NO_NETWORK)

    def weight(self, name: str) -> int:
        """What a click from the network of this name weighs: `OWN_WEIGHT` for the workspace's own, 0 for none and for
        one that is neither known nor in the settings any more."""
        return self._weights.get(name, 0)
