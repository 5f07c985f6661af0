"""Where visitors may be led: what is refused as a target, and that a Location is ASCII and the same place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.errors import BadInput
from linktrack.hosts import host_asked
from linktrack.links.location import checked_form, checked_target, location

KEPT = {
    "a plain address": "https://www.example.com/offer",
    "another case, a port, user info": "HTTPS://user:pass@WWW.Example.com:8443/a?b=1;c=+#d",
    "a merge tag in the query": "https://www.example.com/?id={{id}}",
    "a merge tag with blanks": "https://www.example.com/?n={{ first name }}&x=1",
    "a merge tag in the fragment": "https://www.example.com/a#*|NAME|*",
    "letters beyond ASCII": "https://räksmörgås.se/meny?å=1#ö",
    "an IPv6 address": "https://[2001:db8::1]:8080/",
    "an address of numbers": "http://127.0.0.1:8080/",
    "a mark that is no tag": "https://www.example.com/%7Bid%7D",
}


@pytest.mark.parametrize("case", KEPT)
def test_a_target_keeps_every_character(case: str) -> None:
    assert checked_target(f" {KEPT[case]}\n") == KEPT[case]


def test_a_missing_scheme_becomes_https() -> None:
    assert checked_target("www.example.com/?n={{ n }}") == "https://www.example.com/?n={{ n }}"


TAGGED = "has a merge tag in its host or path"
REFUSED = {
    "logic in the query": ("https://e.example/?{% if vip %}v=1{% endif %}", "has {% if vip %} in it, which is logic"),
    "logic of Handlebars": ("https://e.example/?x={{#if a}}b{{/if}}", "has {{#if a}} in it, which is logic"),
    "nothing": ("", "not an address"),
    "another scheme": ("javascript:alert(1)", "not an address"),
    "no host": ("https:///path", "not an address"),
    "user info without a host": ("https://user@/path", "no browser goes there"),
    "a merge tag for the host": ("https://{{host}}/", TAGGED),
    "a merge tag in the host": ("https://{{name}}.example.com/", TAGGED),
    "a merge tag in the path": ("https://www.example.com/{{id}}?x=1", TAGGED),
    "a merge tag before the host": ("https://{{id}}@www.example.com/", TAGGED),
    "a whole address as a merge tag": ("*|URL|*", TAGGED),
    "a blank": ("https://www.example.com/a b", "the character ' '"),
    "a blank behind a tag": ("https://www.example.com/?a={{ a }} b", "the character ' '"),
    "a backslash for a slash": ("https://www.example.com\\@evil.example/", r"the character '\\'"),
    "a line end": ("https://www.example.com/\r\nSet-Cookie: a=b", r"the character '\r'"),
    "a tab": ("https://www.example.com/a\tb", r"the character '\t'"),
    "a next line": ("https://www.example.com/\x85", r"the character '\x85'"),
    "a line separator": ("https://www.example.com/\u2028", r"the character '\u2028'"),
    "half a character": ("https://www.example.com/\ud83d", r"the character '\ud83d'"),
    "a bracket that is not closed": ("https://[::1/x", "'[::1' is no IPv6 address"),
    "an IPv6 address that is none": ("https://[::g]/", "is no IPv6 address"),
    "an IPv6 address with a zone": ("https://[fe80::1%25eth0]/", "is no IPv6 address"),
    "numbers that are no address": ("https://256.1.1.300/", "is no IPv4 address"),
    "a name that ends in a number": ("https://www.example.1/", "ends in a number"),
    "an encoded blank in the host": ("https://a%20b.com/", "has the character ' '"),
    "an encoded slash in the host": ("https://www.example.com%2Fevil.example/", "has the character '/'"),
    "an encoded byte that is no UTF-8": ("https://%FF.example/", "not UTF-8"),
    "a port beyond the last one": ("https://www.example.com:65536/", "at most 65535"),
    "a port in words": ("https://www.example.com:https/", "no host with a port"),
    "a host of dots": ("https://../", "is empty"),
    "punycode that is none": ("https://xn--a.example/", "is no punycode"),
    "a host without end": (f"https://{'ä' * 100_000}.example/", "longer than 253"),
    "a direction mark in the host": ("https://a\u202eb.example/", "has the character"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_target_is_refused(case: str) -> None:
    url, sentence = REFUSED[case]
    with pytest.raises(BadInput) as problem:
        checked_target(url)
    assert sentence in str(problem.value)


HOSTS = {  # as browsers show them in `new URL(…).host`
    "EXAMPLE.com": "example.com",
    "räksmörgås.se": "xn--rksmrgs-5wao1o.se",
    "r%C3%A4ksm%C3%B6rg%C3%A5s.se": "xn--rksmrgs-5wao1o.se",
    "RÄKSMÖRGÅS.se": "xn--rksmrgs-5wao1o.se",
    "ra\u0308ksmo\u0308rga\u030as.se": "xn--rksmrgs-5wao1o.se",
    "faß.de": "xn--fa-hia.de",
    "ＥＸＡＭＰＬＥ。com": "example.com",
    "exa\u00admple.com": "example.com",
    "☕.example": "xn--53h.example",
    "例え.テスト": "xn--r8jz45g.xn--zckzah",
    "0x7f.1": "127.0.0.1",
    "017700000001": "127.0.0.1",
    "2130706433": "127.0.0.1",
    "１２７.0.0.1": "127.0.0.1",
    "127.0.0.1.": "127.0.0.1",
    "[2001:DB8:0:0::1]": "[2001:db8::1]",
    "under_score.example": "under_score.example",
    "example.com.": "example.com.",
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_read_as_a_browser_reads_it(host: str) -> None:
    assert host_asked(host) == HOSTS[host]


LOCATIONS = {
    "what is ASCII stays as it is": ("HTTPS://u:p@WWW.Example.com:81/a;b?c=%7e+d&e={x}#f", "HTTPS://u:p@WWW.Example.com:81/a;b?c=%7e+d&e={x}#f"),
    "a host in punycode": ("https://räksmörgås.se/meny?å=1#ö", "https://xn--rksmrgs-5wao1o.se/meny?%C3%A5=1#%C3%B6"),
    "user info, encoded": ("https://jö:på@example.com/", "https://j%C3%B6:p%C3%A5@example.com/"),
    "the last @ ends the user info": ("https://www.bank.example@evil.example@www.example.com/", "https://www.bank.example@evil.example@www.example.com/"),
    "a percent-encoded host": ("http://www.r%C3%A4ksm%C3%B6rg%C3%A5s.se/", "http://www.xn--rksmrgs-5wao1o.se/"),
    "a mark that turns the direction": ("https://example.com/a\u202eb", "https://example.com/a%E2%80%AEb"),
}  # fmt: skip


@pytest.mark.parametrize("case", LOCATIONS)
def test_the_value_of_a_location(case: str) -> None:
    url, value = LOCATIONS[case]
    assert location(url) == value


def test_a_tag_that_nobody_filled_leads_nowhere() -> None:
    with pytest.raises(BadInput):
        location("https://www.example.com/?n={{ name }}")


hosts = st.one_of(
    st.sampled_from([*HOSTS, "www.example.com", "a@b", "1.2.3", "[::1", "a\\b"]),
    st.text(max_size=12),
    st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6), min_size=1, max_size=3).map(
        ".".join
    ),
)
tails = st.text(max_size=20) | st.text(st.sampled_from("/?#%&=aå\\\r\n\t \x85\u2028@:"), max_size=20)


@settings(max_examples=400)
@given(host=hosts, tail=tails)
def test_a_location_is_ascii_and_the_same_place_or_there_is_none(host: str, tail: str) -> None:
    url = f"https://{host}/{tail}"
    try:
        value = location(url)
    except BadInput:
        return
    assert value.isascii()
    assert not re.search(r"[\x00-\x20\x7f\\]", value)
    assert location(value) == value
    # RFC 3986, appendix B, as any client takes it apart; what stands between // and / is user info and host
    authority = re.match(r"https://([^/?#]*)", value)
    asked = re.match(r"https://([^/?#]*)", url)
    assert authority and asked
    read, written = (one[1].rpartition("@")[2].partition(":")[0] for one in (asked, authority))
    if not written.startswith("["):
        assert host_asked(written) == host_asked(read)


def test_a_form_gets_a_persons_data_and_so_https() -> None:
    assert checked_form("forms.example.com/c") == "https://forms.example.com/c"
    with pytest.raises(BadInput, match="must begin with https://"):
        checked_form("http://forms.example.com/c")
