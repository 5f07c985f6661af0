"""Who made a request: the visitor behind proxies, what is kept of the address, and the network it lies in."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.clicks.formats import LineFormat, format_of
from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.logs.visitor import REMEMBERED_BYTES, Visitors, address_in
from linktrack.settings.tables import PRIVATE_NETWORKS

# The chain, the visitor's nearest proxy last, and what is kept of the visitor with the default proxies.
CHAINS = {
    "one address": ("203.0.113.9", "203.0.113.0"),
    "with a port": ("203.0.113.9:4711", "203.0.113.0"),
    "of the upper half of a /24": ("203.0.113.200", "203.0.113.0"),
    "of the upper half, behind a proxy": ("203.0.113.200, 10.0.0.1", "203.0.113.0"),
    "an IPv6 address": ("2001:db8:1:2::9", "2001:db8:1::"),
    "of the upper half of a /48": ("2001:db8:1:8002::9", "2001:db8:1::"),
    "in brackets": ("[2001:db8:1:2::9]", "2001:db8:1::"),
    "in brackets with a port": ("[2001:db8:1:2::9]:4711", "2001:db8:1::"),
    "with a zone": ("fe80::1%eth0", "fe80::"),
    "with a zone in brackets": ("203.0.113.9, [fe80::1%eth0]:443", "203.0.113.0"),
    "a private proxy in front": ("203.0.113.9, 10.0.0.1", "203.0.113.0"),
    "without blanks": ("203.0.113.9,10.0.0.1,192.168.3.4", "203.0.113.0"),
    "loopback in front": ("203.0.113.9, 127.0.0.1", "203.0.113.0"),
    "loopback of IPv6 in front": ("203.0.113.9, ::1", "203.0.113.0"),
    "a unique local address in front": ("203.0.113.9, fd00::5", "203.0.113.0"),
    "a link-local address in front": ("203.0.113.9, 169.254.7.7", "203.0.113.0"),
    "RFC 1918's middle network in front": ("203.0.113.9, 172.31.255.255", "203.0.113.0"),
    "what lies behind RFC 1918's middle network": ("203.0.113.9, 172.32.0.1", "172.32.0.0"),
    "what a visitor wrote in front": ("198.51.100.7, 203.0.113.9, 10.0.0.1", "203.0.113.0"),
    "a public peer is the visitor, whatever was forwarded": ("198.51.100.7, 203.0.113.9", "203.0.113.0"),
    "all are trusted: the first": ("10.1.2.3, 10.0.0.1, 127.0.0.1", "10.1.2.0"),
    "a word that is no address among proxies": ("198.51.100.7, unknown, 10.1.2.3, 10.0.0.1", "198.51.100.0"),
    "a word that is no address behind the visitor": ("198.51.100.7, unknown, 10.0.0.1", "198.51.100.0"),
    "a hidden proxy": ("198.51.100.7, _hidden, 10.0.0.1", "198.51.100.0"),
    "a comma at the end": ("198.51.100.7, , 10.0.0.1", "198.51.100.0"),
    "a socket as the peer": ("198.51.100.7, unix:", "198.51.100.0"),
    "an unknown visitor": ("unknown, 10.0.0.1", "10.0.0.0"),
    "empty places": ("203.0.113.9, , -, 10.0.0.1,", "203.0.113.0"),
    "documentation's networks are ordinary addresses": ("203.0.113.9, 192.0.2.1", "192.0.2.0"),
    "the benchmark network is ordinary": ("203.0.113.9, 198.18.0.1", "198.18.0.0"),
    "carriers' shared network is ordinary": ("203.0.113.9, 100.64.0.1", "100.64.0.0"),
    "an IPv4 address mapped into IPv6": ("::ffff:203.0.113.9", "203.0.113.0"),
    "a private one mapped into IPv6": ("203.0.113.9, ::ffff:10.0.0.1", "203.0.113.0"),
    "6to4": ("2002:cb00:7109::1", "203.0.113.0"),
    "Teredo": ("2001:0:4136:e378:8000:63bf:34ff:8ef6", "203.0.113.0"),
    "no Teredo, though it looks like one": ("2001:1::9", "2001:1::"),
    "a host's name": ("host.example.net", ""),
    "nothing": ("", ""),
    "a blank": (" ", ""),
    "a dash": ("-", ""),
    "a request's time": ("0.123", ""),
    "a socket": ("unix:", ""),
    "bytes": ("\xff\xfe", ""),
    "an octet too large": ("203.0.113.256", ""),
    "RFC 7239": ("for=203.0.113.9;proto=https;by=10.0.0.1, 10.0.0.2", "203.0.113.0"),
    "RFC 7239 with an IPv6 address": ('For="[2001:db8:1:2::9]:4711", for=10.0.0.9', "2001:db8:1::"),
    "RFC 7239, the address not first": ("proto=http;for=203.0.113.9", "203.0.113.0"),
    "RFC 7239, a hidden visitor": ("for=_hidden", ""),
    "quotes around": ('"203.0.113.9"', "203.0.113.0"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHAINS)
def test_the_visitor_of_a_chain(case: str) -> None:
    chain, wanted = CHAINS[case]
    visitors = Visitors(PRIVATE_NETWORKS, [], "truncate")
    assert visitors.kept(chain.encode("latin-1"))[:2] == (wanted, "")
    assert visitors.kept(chain.encode("latin-1"))[:2] == (wanted, ""), "the second time"


CHAIN = b"198.51.100.7, 203.0.113.9, 10.0.0.1"
TRUSTED: dict[str, tuple[list[str], str]] = {
    "the default": (list(PRIVATE_NETWORKS), "203.0.113.0"),
    "nobody: the peer is the visitor": ([], "10.0.0.0"),
    "the list takes the place of the default": (["203.0.113.0/24"], "10.0.0.0"),
    "proxies of one's own": (["10.0.0.0/8", "203.0.113.9"], "198.51.100.0"),
    "a network by one of its addresses": (["10.7.7.7/8"], "203.0.113.0"),
    "everybody: the first": (["0.0.0.0/0"], "198.51.100.0"),
}


@pytest.mark.parametrize("case", TRUSTED)
def test_whose_word_is_believed(case: str) -> None:
    trusted, wanted = TRUSTED[case]
    assert Visitors(trusted, [], "truncate").kept(CHAIN)[:2] == (wanted, "")


OWN = ["203.0.113.8/30", "2001:db8:1:2::/64", "192.0.2.77"]
NETWORKS = {
    "an own network narrower than what is kept": ("203.0.113.9", "203.0.113.8/30"),
    "beside it": ("203.0.113.12", ""),
    "a single address": ("192.0.2.77, 10.0.0.1", "192.0.2.77"),
    "an own network of IPv6": ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
    "beside it in the same /48": ("2001:db8:1:3::9", ""),
    "a known network": ("40.94.1.2", "Microsoft Safe Links"),
    "a known network of IPv6": ("2a01:111:f400::1", "Microsoft Exchange Online Protection"),
    "6to4 of a known network": ("2002:285e:102::1", "Microsoft Safe Links"),
    "no network": ("198.51.100.1", ""),
    "the proxy's own network is not the visitor's": ("198.51.100.1, 10.0.0.1", ""),
}  # fmt: skip


@pytest.mark.parametrize("how", ["truncate", "full", "none"])
@pytest.mark.parametrize("case", NETWORKS)
def test_networks_are_matched_on_the_whole_address_however_much_is_kept(case: str, how: str) -> None:
    chain, wanted = NETWORKS[case]
    assert Visitors(PRIVATE_NETWORKS, Networks(OWN).named, how).kept(chain.encode())[1] == wanted


def test_own_networks_are_named_before_known_ones() -> None:
    visitors = Visitors(PRIVATE_NETWORKS, Networks(["40.94.0.0/15", "40.94.1.0/24"]).named, "truncate")
    assert visitors.kept(b"40.94.1.2") == ("40.94.1.0", "40.94.0.0/15", False)


@pytest.mark.parametrize(
    ("how", "wanted"),
    [("truncate", ["203.0.113.0", "2001:db8:1::"]), ("full", ["203.0.113.9", "2001:db8:1:2::9"]), ("none", ["", ""])],
)
def test_how_much_is_kept(how: str, wanted: list[str]) -> None:
    visitors = Visitors(PRIVATE_NETWORKS, [], how)
    assert [visitors.kept(chain)[0] for chain in (b"203.0.113.9", b"2001:db8:1:2::9")] == wanted


@pytest.mark.parametrize("how", ["truncate", "full", "none"])
def test_a_trusted_address_that_had_to_stand_for_the_visitor_is_known_as_such(how: str) -> None:
    visitors = Visitors(["10.0.0.1", "203.0.113.8"], [], how)
    chains = (b"10.0.0.1", b"203.0.113.9, 10.0.0.1", b"203.0.113.8", b"203.0.113.9", b"unknown, 10.0.0.1")
    assert [visitors.kept(chain)[2] for chain in chains] == [True, False, True, False, True]


def test_of_two_networks_the_first_names_whatever_the_names_are() -> None:
    visitors = Visitors([], [("203.0.113.0/24", "wide"), ("203.0.113.8/30", "narrow")], "none")
    assert visitors.kept(b"203.0.113.9") == ("", "wide", False)


@pytest.mark.parametrize("longer", [0, 1])
def test_long_chains_are_not_remembered(longer: int) -> None:
    visitors = Visitors(PRIVATE_NETWORKS, [], "truncate")
    chain = b", 203.0.113.9".rjust(REMEMBERED_BYTES + longer, b"-")
    assert visitors.kept(chain) == ("203.0.113.0", "", False)
    assert (chain in visitors.plain) is not bool(longer)


def test_no_more_chains_are_remembered_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linktrack.clicks.logs.visitor.REMEMBERED", 3)
    visitors = Visitors(PRIVATE_NETWORKS, [], "truncate")
    for chain in (b"10.0.0.1", b"203.0.113.9", b"203.0.113.8"):
        visitors.kept(chain)
    assert list(visitors.plain) == [b"203.0.113.9", b"203.0.113.8"]
    visitors.kept(b"203.0.113.7")
    assert list(visitors.plain) == [b"203.0.113.7"]


@pytest.mark.parametrize(
    ("chain", "wanted"),
    [
        (b"203.0.113.9", "203.0.113.0"),
        (b"203.0.113.9, 10.0.0.1", "203.0.113.0"),
        (b"unknown", ""),
        (b"40.94.1.2", None),  # of a network with a name
        (b"10.0.0.1", None),  # a proxy's
    ],
)
def test_whoever_is_nobody_special_is_remembered_by_their_address_alone(chain: bytes, wanted: str | None) -> None:
    visitors = Visitors(PRIVATE_NETWORKS, [("40.94.0.0/16", "Safe Links")], "truncate")
    kept = visitors.kept(chain)
    assert visitors.plain.get(chain) == wanted
    assert visitors.kept(chain) == kept, "the second time"


addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(st.lists(addresses, min_size=1, max_size=4))
def test_the_visitor_is_the_last_one_that_no_private_network_holds(chain: list[ipaddress.IPv4Address]) -> None:
    private = [ipaddress.ip_network(network) for network in PRIVATE_NETWORKS]
    inside = [address_in(str(address).encode()) for address in chain]
    public = [address for address in inside if address and not any(address in network for network in private)]
    visitor = public[-1] if public else inside[0]
    text = b", ".join(str(address).encode() for address in chain)
    assert Visitors(PRIVATE_NETWORKS, [], "full").kept(text) == (str(visitor), "", not public)


_GROUPS = st.sampled_from(
    ["0", "0000", "1", "2001", "2002", "db8", "0DB8", "a", "fe80", "2600", "1f00", "12345", "g", ""]
)
_SPELLED = st.one_of(
    st.ip_addresses(v=6).map(str),
    st.ip_addresses(v=6).map(lambda address: address.exploded.upper()),
    st.lists(_GROUPS, max_size=9).map(":".join),
    st.tuples(st.lists(_GROUPS, max_size=7).map(":".join), st.lists(_GROUPS, max_size=5).map(":".join)).map("::".join),
)


@pytest.mark.parametrize("how", ["truncate", "none"])
@given(text=_SPELLED)
def test_a_plain_ipv6_address_is_cut_as_any_other(how: str, text: str) -> None:
    """In a twentieth of the time; not where its beginning is that of a network, or of an address that holds another."""
    named = [("2600:1f00::/24", "AWS"), ("a::/8", "large"), ("2001:db8:1::/48", "small")]
    visitors = Visitors(PRIVATE_NETWORKS, named, how)
    assert visitors.kept(text.encode()) == visitors._looked_up(text.encode())  # noqa: SLF001


@pytest.mark.parametrize(
    ("chain", "wanted"),
    [
        (b"2a00:1450:4001:0::9", "2a00:1450:4001::"), (b"2A00:0:0:1:2:3:4:5", "2a00::"),
        (b"2a00:0:7:1:2:3:4::", "2a00:0:7::"), (b"2a00:0001:0000::", "2a00:1::"),
        (b"2a00:1::9", None),  # of which the third group is not written out
        (b"2600:1f00:9::1", None), (b"2600:1fff:9::1", None), (b"2600:2000:9::1", "2600:2000:9::"),
        (b"2001:db8:1::1", None), (b"2001:db8:2::1", None), (b"2001:db9:1::1", "2001:db9:1::"),
        (b"fd00:1:2::3", None), (b"2002:c000:201::1", None), (b"2001:0:1::1", None), (b"0:0:1::1", None),
        (b"2a00:1:2:3:4:5:6:7:8", None), (b"2a00:1:2::3:4:5:6:7", None), (b"2a00:1:2:3:4:5:6:7::", None),
    ],
)  # fmt: skip
def test_which_ipv6_addresses_are_plain(chain: bytes, wanted: str | None) -> None:
    named = [("2600:1f00::/24", "AWS"), ("2001:db8:1::/48", "small")]
    assert Visitors(PRIVATE_NETWORKS, named, "truncate")._plain_network(chain) == wanted  # noqa: SLF001
    assert Visitors(PRIVATE_NETWORKS, named, "none")._plain_network(chain) == (wanted and "")  # noqa: SLF001
    assert Visitors(PRIVATE_NETWORKS, named, "full")._plain_network(chain) is None  # noqa: SLF001


@given(st.binary(max_size=60))
def test_no_bytes_break_it(chain: bytes) -> None:
    for how in ("truncate", "full", "none"):
        ip, network, _ = Visitors(PRIVATE_NETWORKS, Networks(OWN).named, how).kept(chain)
        assert not ip or ipaddress.ip_address(ip)
        assert isinstance(network, str)


TARGET = "/plb/mfxg2zlsmfzwk3tfon2gk4tjnzsxg43v"
COMMON = f'[04/May/2026:09:12:33 +0200] "GET {TARGET} HTTP/1.1" 302 0'
COMBINED = f'{COMMON} "-" "an agent"'
IIS = "#Fields: date time cs-method cs-uri-stem c-ip X-Forwarded-For sc-status\n2026-05-04 07:12:33 GET /x "
CLOUDFRONT = "#Fields: date time x-edge-location c-ip cs-method cs-uri-stem sc-status x-forwarded-for\n2026-05-04\t07:12:33\tARN1\t"
JSON = '{"time_iso8601":"2026-05-04T07:12:33Z","request":"GET /x HTTP/1.1","status":302,%s}'
CADDY = '{"ts":1777878753,"request":{%s,"method":"GET","uri":"/x","headers":{"X-Forwarded-For":["%s"]}},"status":302}'
TRAEFIK = '{"ClientAddr":"%s","ClientHost":"%s","RequestMethod":"GET","RequestPath":"/x","DownstreamStatus":302,"StartUTC":"2026-05-04T07:12:33Z"}'
HAPROXY = '%s [04/May/2026:09:12:33.143] f b/s 0/0/7/14/21 302 1 - - ---- 2/1/0/0/0 0/0 {%s} "GET /x HTTP/1.1"'
ALB = 'https 2026-05-04T07:12:33.4Z app/c/1 %s 10.0.0.9:80 0 0 0 302 302 1 1 "GET https://c.example:443/x HTTP/1.1" "a" - -'

# The format, the log whose last line counts, and what is kept of the visitor.
FORMATS = {
    "combined, a port": ("combined", f"203.0.113.9:4711 - - {COMBINED}", "203.0.113.0"),
    "combined, IPv6 in brackets": ("combined", f"[2001:db8:1:2::9] - - {COMBINED}", "2001:db8:1::"),
    "combined, IPv6 in brackets with a port": ("combined", f"[2001:db8:1:2::9]:4711 - - {COMBINED}", "2001:db8:1::"),
    "combined, a zone": ("combined", f"fe80::1%eth0 - - {COMBINED}", "fe80::"),
    "combined, a list as first field": ("combined", f"203.0.113.9, 10.0.0.1 - - {COMBINED}", "203.0.113.0"),
    "combined, a list without blanks": ("combined", f"203.0.113.9,10.0.0.1 - - {COMBINED}", "203.0.113.0"),
    "combined, a list of three behind a virtual host": ("combined", f"click.example.com 198.51.100.7, 203.0.113.9, 10.0.0.1 - - {COMBINED}", "203.0.113.0"),
    "common, a list as first field": ("combined", f"203.0.113.9, 10.0.0.1 - anna {COMMON}", "203.0.113.0"),
    "nginx's main behind a proxy": ("combined", f'10.0.0.1 - - {COMBINED} "203.0.113.9"', "203.0.113.0"),
    "nginx's main behind two": ("combined", f'10.0.0.1 - - {COMBINED} "203.0.113.9, 10.0.0.2"', "203.0.113.0"),
    "nginx's main without a proxy": ("combined", f'203.0.113.9 - - {COMBINED} "-"', "203.0.113.0"),
    "nginx's main, a visitor who says that they are another": ("combined", f'203.0.113.9 - - {COMBINED} "198.51.100.7"', "203.0.113.0"),
    "nginx's main, IPv6": ("combined", f'10.0.0.1 - - {COMBINED} "2001:db8:1:2::9"', "2001:db8:1::"),
    "combined, seconds of the request behind it": ("combined", f'203.0.113.9 - - {COMBINED} "0.003"', "203.0.113.0"),
    "ingress-nginx": ("ingress-nginx", f"203.0.113.9 - - {COMBINED} 412 0.002 [d-c-80] [] 10.244.0.7:80 0 0.002 302 7d3f", "203.0.113.0"),
    "IIS, a list": ("iis", f"{IIS}10.0.0.9 192.0.2.7,+10.0.0.1 302", "192.0.2.0"),
    "IIS, a port": ("iis", f"{IIS}10.0.0.9 192.0.2.7:4711 302", "192.0.2.0"),
    "IIS, IPv6 with a port": ("iis", f"{IIS}10.0.0.9 [2001:db8:1:2::9]:4711 302", "2001:db8:1::"),
    "IIS, nobody forwarded": ("iis", f"{IIS}192.0.2.7 - 302", "192.0.2.0"),
    "CloudFront, what the visitor says": ("cloudfront", f"{CLOUDFRONT}203.0.113.9\tGET\t/x\t302\t198.51.100.7,%2010.0.0.1", "203.0.113.0"),
    "CloudFront, IPv6": ("cloudfront", f"{CLOUDFRONT}2001:db8:1:2::9\tGET\t/x\t302\t-", "2001:db8:1::"),
    "CloudFront, JSON": ("cloudfront-json", '{"timestamp":"1777878753","c-ip":"203.0.113.9","x-forwarded-for":"198.51.100.7","cs-method":"GET","cs-uri-stem":"/x","sc-status":"302"}', "203.0.113.0"),
    "ALB": ("alb", ALB % "203.0.113.9:4711", "203.0.113.0"),
    "ALB, IPv6": ("alb", ALB % "[2001:db8:1:2::9]:4711", "2001:db8:1::"),
    "nginx JSON, clientip": ("nginx-json", JSON % '"clientip":"203.0.113.9"', "203.0.113.0"),
    "nginx JSON, remote_addr and x_forwarded_for": ("nginx-json", JSON % '"remote_addr":"10.0.0.1","x_forwarded_for":"203.0.113.9, 10.0.0.2"', "203.0.113.0"),
    "nginx JSON, http_x_forwarded_for": ("nginx-json", JSON % '"remote_addr":"10.0.0.1","http_x_forwarded_for":"203.0.113.9"', "203.0.113.0"),
    "nginx JSON, nobody forwarded": ("nginx-json", JSON % '"remote_addr":"203.0.113.9","http_x_forwarded_for":"-"', "203.0.113.0"),
    "nginx JSON, a header alone": ("nginx-json", JSON % '"x-forwarded-for":"203.0.113.9, 10.0.0.2"', "203.0.113.0"),
    "nginx JSON, the real address": ("nginx-json", JSON % '"remote_addr":"10.0.0.1","http_x_real_ip":"203.0.113.9"', "203.0.113.0"),
    "nginx JSON, Cloudflare's header beside none of a proxy": ("nginx-json", JSON % '"remote_addr":"10.0.0.1","http_x_forwarded_for":"-","http_cf_connecting_ip":"203.0.113.9"', "203.0.113.0"),
    **{f"JSON, {headers}": ("nginx-json", JSON % f'"remote_addr":"10.0.0.1",{headers}', "203.0.113.0") for headers in (
        '"headers":{"X-Forwarded-For":["203.0.113.9"]}', '"headers":{"X-Forwarded-For":"-","CF-Connecting-IP":"203.0.113.9"}',
        '"req":{"headers":{"x-real-ip":"203.0.113.9"}}', '"http":{"request":{"headers":{"x-forwarded-for":"203.0.113.9"}}}',
        '"request_headers":[{"name":"X-Forwarded-For","value":"203.0.113.9"}]', '"headers":[["X-Forwarded-For","203.0.113.9"]]',
        '"headers":{"X-Forwarded-For":["198.51.100.7","203.0.113.9"]},"response":{"headers":{"X-Forwarded-For":"192.0.2.7"}}',
    )},
    "JSON, headers in the request": ("nginx-json", '{"time":"2026-05-04T07:12:33Z","method":"GET","uri":"/x","status":302,"remote_addr":"10.0.0.1","request":{"headers":{"X-Forwarded-For":["203.0.113.9"]}}}', "203.0.113.0"),
    "Envoy, JSON": ("nginx-json", JSON % '"downstream_remote_address":"10.0.0.1:4711","x_forwarded_for":"203.0.113.9"', "203.0.113.0"),
    "Envoy": ("envoy", f'[2026-05-04T07:12:33.1Z] "GET {TARGET} HTTP/2" 302 - 0 0 3 2 "203.0.113.9,10.0.0.1" "a" "-" "h" "-"', "203.0.113.0"),
    "Caddy that trusts its proxies": ("caddy", CADDY % ('"remote_ip":"10.0.0.1","client_ip":"203.0.113.9"', "203.0.113.9"), "203.0.113.0"),
    "Caddy that does not": ("caddy", CADDY % ('"remote_ip":"10.0.0.1","client_ip":"10.0.0.1"', "203.0.113.9"), "203.0.113.0"),
    "Caddy behind Cloudflare": ("caddy", CADDY.replace("X-Forwarded-For", "Cf-Connecting-Ip") % ('"remote_ip":"10.0.0.1"', "203.0.113.9"), "203.0.113.0"),
    "an old Caddy": ("caddy", CADDY % ('"remote_addr":"[2001:db8:1:2::9]:4711"', "-"), "2001:db8:1::"),
    "Traefik": ("traefik-json", TRAEFIK % ("203.0.113.9:4711", "203.0.113.9"), "203.0.113.0"),
    "Traefik behind Cloudflare": ("traefik-json", TRAEFIK[:-1] % ("10.0.0.1:4711", "10.0.0.1") + ',"request_Cf-Connecting-Ip":"203.0.113.9"}', "203.0.113.0"),
    "Traefik behind a proxy": ("traefik-json", TRAEFIK % ("10.0.0.1:4711", "203.0.113.9, 10.0.0.2"), "203.0.113.0"),
    "HAProxy": ("haproxy", HAPROXY % ("203.0.113.9:4711", "an agent/1"), "203.0.113.0"),
    "HAProxy, IPv6": ("haproxy", HAPROXY % ("2001:db8:1:2::9:4711", "an agent/1"), "2001:db8:1::"),
    "HAProxy with the header captured": ("haproxy", HAPROXY % ("10.0.0.1:4711", "203.0.113.9, 10.0.0.2|an agent/1"), "203.0.113.0"),
    "HAProxy with a host captured": ("haproxy", HAPROXY % ("203.0.113.9:4711", "click.example.com|an agent/1"), "203.0.113.0"),
    **{f"HAProxy with {captured} captured": ("haproxy", HAPROXY % ("10.0.0.1:4711", captured), "203.0.113.0") for captured in (
        "10.0.0.5|an agent/1|203.0.113.9", "203.0.113.9|an agent/1|10.0.0.5", "10.0.0.5:80|an agent/1|203.0.113.9",
        "192.0.2.10|an agent/1|203.0.113.9", "203.0.113.9|an agent/1|192.0.2.10:80", "https://192.0.2.10/|an agent/1|203.0.113.9",
    )},
    "Caddy, a header that came twice": ("caddy", CADDY % ('"remote_ip":"10.0.0.1"', '198.51.100.7","203.0.113.9'), "203.0.113.0"),
    "nginx JSON, a list of lists": ("nginx-json", JSON % '"remote_addr":"10.0.0.1","xff":["198.51.100.7, 198.51.100.8","203.0.113.9","10.0.0.2"]', "203.0.113.0"),
    "nginx JSON, a list of peers": ("nginx-json", JSON % '"clientip":["203.0.113.9","10.0.0.1"]', "203.0.113.0"),
    "Traefik, a header that came twice": ("traefik-json", TRAEFIK[:-1] % ("10.0.0.1:4711", "10.0.0.1") + ',"request_X-Forwarded-For":["198.51.100.7","203.0.113.9"]}', "203.0.113.0"),
    "CloudFront, JSON, a header that came twice": ("cloudfront-json", '{"timestamp":"1777878753","c-ip":"10.0.0.1","x-forwarded-for":["198.51.100.7","203.0.113.9"],"cs-method":"GET","cs-uri-stem":"/x","sc-status":"302"}', "203.0.113.0"),
    **{f"JSON, {party}": ("nginx-json", JSON % party, "203.0.113.0") for party in (
        '"client":{"ip":"203.0.113.9","port":4711}', '"client":{"address":"203.0.113.9:4711"}', '"source":{"ip":"203.0.113.9"}',
        '"source":{"address":"203.0.113.9","geo":{}}', '"source.address":"203.0.113.9"', '"remote":{"ip":"203.0.113.9"}',
    )},
    **{f"IIS, {name}": ("iis", IIS.replace("X-Forwarded-For", name) + "10.0.0.9 203.0.113.9:4711 302", "203.0.113.0") for name in (
        "X-Client-IP", "X-ARR-ClientIP", "cs(X-ARR-ClientIP)", "cs(X-Real-IP)", "cs(CF-Connecting-IP)", "True-Client-IP",
    )},
    "our own log": ("linktrack", '{"time":"2026-05-04T07:12:33Z","ip":"203.0.113.0","method":"GET","path":"/x","status":302,"user_agent":"","network":""}', "203.0.113.0"),
}  # fmt: skip


@pytest.mark.parametrize("case", FORMATS)
def test_the_visitor_in_every_format(case: str) -> None:
    name, log, wanted = FORMATS[case]
    format = format_of(name)
    assert isinstance(format, LineFormat)
    row = format.rows(log.encode() + b"\n")[-1]
    assert row[3] == b"GET"
    chain = row[7] + b"," + row[1] if row[7] else row[1]
    assert Visitors(PRIVATE_NETWORKS, [], "truncate").kept(chain)[:2] == (wanted, "")


# What stands before and behind the middle of a combined line, and the visitor's whole address.
COMBINED = '- {} [04/May/2026:09:12:33 +0200] "GET /plb/x HTTP/1.1" 302 0 "-" "an agent"'
COMBINED_LINES = {
    "a list with an unknown proxy": ("10.0.0.1", ' "198.51.100.7, unknown"', "198.51.100.7"),
    "a list with a hidden proxy": ("10.0.0.1", ' "198.51.100.7, _hidden"', "198.51.100.7"),
    "a comma at the end of a list": ("10.0.0.1", ' "198.51.100.7,"', "198.51.100.7"),
    "nginx on a socket": ("unix:", ' "198.51.100.7"', "198.51.100.7"),
    "the host before the list": ("10.0.0.1", ' "click.example.com" "198.51.100.7, 10.0.0.3"', "198.51.100.7"),
    "more behind it": ("10.0.0.1", ' "click.example.com" "198.51.100.7" 0.003 "x"', "198.51.100.7"),
    "an empty field before it": ("10.0.0.1", ' "" "198.51.100.7"', "198.51.100.7"),
    "RFC 7239": ("10.0.0.1", ' "for=198.51.100.7;proto=https, for=unknown"', "198.51.100.7"),
    "ingress-nginx before 0.25": ("198.51.100.7 - [198.51.100.7]", " 412 0.002 [d-c-80] 10.244.0.7:80 0 0.002 302 7d3f", "198.51.100.7"),
    "nobody forwarded it": ("10.0.0.1", ' "click.example.com" "-"', "10.0.0.1"),
    "two lists": ("10.0.0.1", ' 0.1 "203.0.113.2" "198.51.100.7"', "198.51.100.7"),
    **{f"a visitor behind {tail}": ("10.0.0.1", " " + tail, "198.51.100.7") for tail in (
        # Host and X-Forwarded-For in both orders, where the Host is an address; `-` where nobody forwarded.
        '"10.0.0.5" "198.51.100.7"', '"198.51.100.7" "10.0.0.5"',
        '"10.0.0.5:8080" "198.51.100.7"', '"198.51.100.7" "10.0.0.5:8080"',
        '"[::1]:8080" "198.51.100.7"', '"198.51.100.7" "[::1]:8080"',
        '"192.0.2.10:80" "198.51.100.7"', '"198.51.100.7" "192.0.2.10:80"',
        '"192.0.2.10" "198.51.100.7"', '"192.0.2.10" "198.51.100.7, 10.0.0.2"',
        '"127.0.0.1" "203.0.113.2, 198.51.100.7, 127.0.0.1"', '"203.0.113.2, 198.51.100.7, 127.0.0.1" "127.0.0.1"',
        '"-" "10.0.0.5" "198.51.100.7"', '"-" "198.51.100.7" "10.0.0.5"', '"198.51.100.7" "198.51.100.7"',
        # What the visitor says does not count where a server's own field stands behind it, or names itself.
        '"203.0.113.2" "198.51.100.7"', '"203.0.113.2, 203.0.113.3" "198.51.100.7"',
        '"203.0.113.2" real_ip="198.51.100.7"', 'xff="198.51.100.7" host="192.0.2.10" "203.0.113.2"',
        # Bare and named fields.
        'rt=0.001 xff="198.51.100.7"', "rt=0.001 xff=198.51.100.7", 'X-Forwarded-For: "198.51.100.7, 10.0.0.2"',
        '"198.51.100.7" rt=0.001 uct="0.000" urt="0.001"', "198.51.100.7", "203.0.113.2, 198.51.100.7, 10.0.0.3 0.001",
        '0.003 "click.example.com" 198.51.100.7', '"198.51.100.7" 203.0.113.2', '203.0.113.2 "198.51.100.7"',
        '"198.51.100.7" 192.0.2.10:80 302', '512 [d-c-80] [] 192.0.2.10:80 302 "198.51.100.7"',
        '"TLSv1.3" "sid=1.2.3.4; x=1" "198.51.100.7"', '"https://192.0.2.10/" "198.51.100.7" "sv-SE,sv;q=0.9"',
    )},
    "a Host alone is not the visitor": ("198.51.100.7", ' "192.0.2.10" "-"', "198.51.100.7"),
    "nor a server behind": ("10.0.0.1", " 192.0.2.10:80 302", "10.0.0.1"),
    "Traefik's router and server": ("198.51.100.7", ' 1 "router@docker" "http://10.0.0.2:80" 3ms', "198.51.100.7"),
    "a list as the first field": ("198.51.100.7, unknown", "", "198.51.100.7"),
    "with a comma at its end": ("198.51.100.7,", "", "198.51.100.7"),
    "behind a virtual host": ("click.example.com:443 198.51.100.7, unknown", "", "198.51.100.7"),
    "RFC 7239 as the first field": ("for=198.51.100.7", "", "198.51.100.7"),
    "RFC 7239 behind a virtual host": ("click.example.com for=198.51.100.7", "", "198.51.100.7"),
    "its list behind one": ("vh.example.com for=198.51.100.7;proto=https, for=10.0.0.2", "", "198.51.100.7"),
}  # fmt: skip


OPERATIONS = (Path(__file__).parents[3] / "docs" / "operations.md").read_text("utf-8")


def test_the_page_says_who_the_visitor_is_behind_the_agent() -> None:
    table = OPERATIONS.partition("| behind the agent | the visitor |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.+`) \| ([\d.]+)[ ,]", table, re.MULTILINE)
    assert len(rows) > 5
    format = format_of("combined")
    assert isinstance(format, LineFormat)
    for tails, wanted in rows:
        for tail in re.findall(r"`([^`]+)`", tails):
            (row,) = format.rows(f"10.0.0.1 - {COMBINED.format('-')} {tail}\n".encode())
            assert Visitors(PRIVATE_NETWORKS, [], "full").kept(row[7] + b"," + row[1])[0] == wanted, tail


@pytest.mark.parametrize("user", ["-", "ann", "a[b", "[x]", "[12/Dec"])
@pytest.mark.parametrize("case", COMBINED_LINES)
def test_the_visitor_of_a_combined_line(case: str, user: str) -> None:
    head, behind, wanted = COMBINED_LINES[case]
    format = format_of("combined")
    assert isinstance(format, LineFormat)
    (row,) = format.rows(f"{head} {COMBINED.format(user)}{behind}\n".encode())
    assert (row[3], row[6], row[8:]) == (b"GET", b"an agent", (b"", b""))
    chain = row[7] + b"," + row[1] if row[7] else row[1]
    assert Visitors(PRIVATE_NETWORKS, [], "full").kept(chain)[0] == wanted


@pytest.mark.parametrize("list_", ["198.51.100.7, unknown", "198.51.100.7,", "for=198.51.100.7;proto=https"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "haproxy",
            "h[1]: 10.0.0.1:5 [04/May/2026:09:12:33.143] f b/s 0/0/7/14/21 302 1 - - ---- 2/1/0/0/0 0/0 {{{}|an agent/1}} "
            '"GET /x HTTP/1.1"',
        ),
        (
            "nginx-json",
            '{{"msec":"1777878753.0","remote_addr":"10.0.0.1","request":"GET /x HTTP/1.1","status":302,'
            '"http_x_forwarded_for":"{}"}}',
        ),
    ],
)
def test_a_list_with_words_that_are_no_addresses_in_other_formats(name: str, text: str, list_: str) -> None:
    format = format_of(name)
    assert isinstance(format, LineFormat)
    row = format.rows(text.format(list_).encode() + b"\n")[0]
    assert Visitors(PRIVATE_NETWORKS, [], "full").kept(row[7] + b"," + row[1])[0] == "198.51.100.7"
