"""Networks by their names: the known ones and the workspace's own."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.clicks.judging.networks import OWN_WEIGHT, Networks
from linktrack.clicks.judging.rule_files import rows_of
from linktrack.clicks.judging.verdicts import ENOUGH, SOON_WEIGHT
from linktrack.clicks.logs.visitor import Visitors, address_in

NO_NETWORK = ""
OWN = ["192.0.2.0/28", "2001:db8::/32", "10.0.0.0/7", "40.94.7.0/24"]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        pytest.param("192.0.2.9", "192.0.2.0/28", id="in one that is narrower than a /24"),
        pytest.param("192.0.2.16", NO_NETWORK, id="beside it"),
        pytest.param("11.1.1.1", "10.0.0.0/7", id="in one that is wider than a /8"),
        pytest.param("12.1.1.1", NO_NETWORK, id="beside that one"),
        pytest.param("2001:db8:1::5", "2001:db8::/32", id="of version 6"),
        pytest.param("2001:db9::", NO_NETWORK, id="of version 6, in none"),
        pytest.param("::ffff:11.1.1.1", "10.0.0.0/7", id="of version 4, mapped into version 6"),
        pytest.param("40.94.7.1", "40.94.7.0/24", id="in one's own that lies in a known one"),
        pytest.param("40.94.8.1", "Microsoft Safe Links", id="in the known one around it"),
        pytest.param("40.93.255.255", "Microsoft Exchange Online Protection", id="at the end of a known one"),
        pytest.param("2a01:111:f400::1", "Microsoft Exchange Online Protection", id="in a known one of version 6"),
        pytest.param("64.235.150.7", "Barracuda", id="Barracuda"),
        pytest.param("", NO_NETWORK, id="where no address is known"),
    ],
)
def test_the_name_of_the_network_of_an_address(address: str, name: str) -> None:
    assert name_of(address) == name


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        pytest.param("192.0.2.0/28", OWN_WEIGHT, id="one's own"),
        pytest.param("Microsoft Exchange Online Protection", 3, id="known mail servers"),
        pytest.param("Proofpoint", 2, id="a known one where people are, too"),
        pytest.param("198.51.100.0/24", 0, id="one that was in the settings once"),
        pytest.param(NO_NETWORK, 0, id="none"),
    ],
)
def test_the_weight_of_a_name(name: str, weight: int) -> None:
    assert Networks(OWN).weight(name) == weight


def test_one_own_network_is_enough_and_a_known_one_only_soon_after_sending() -> None:
    known = {int(weight) for _, weight, _ in rows_of("networks.tsv")}
    assert OWN_WEIGHT >= ENOUGH > max(known)
    assert min(known) + SOON_WEIGHT >= ENOUGH


def test_a_name_has_one_weight() -> None:
    rows = {(name, weight) for _, weight, name in rows_of("networks.tsv")}
    assert len(rows) == len({name for name, _ in rows})


def name_of(address: str) -> str:
    return Visitors([], Networks(OWN).named, "truncate").kept(address.encode())[1]


EVERY = [ip_network(text, strict=False) for text in [*OWN, *(row[0] for row in rows_of("networks.tsv"))]]


@given(st.one_of(st.ip_addresses(), *(st.ip_addresses(network=str(network)) for network in EVERY)))
def test_an_address_has_a_name_where_the_standard_library_finds_a_network(address: IPv4Address | IPv6Address) -> None:
    inside = address_in(str(address).encode())  # of one that is mapped into version 6, the one of version 4
    assert inside is not None
    assert bool(name_of(str(address))) == any(inside in network for network in EVERY)
