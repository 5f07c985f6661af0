"""Hosts as browsers read them: which are the same, and which are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.hosts import (
    browser_authority,
    browser_host,
    browser_hosts,
    is_this_machine,
    may_have_values,
    read_web_address,
)

READ = {
    "ASCII": ("www.a.example", "www.a.example"),
    "capitals": ("WWW.A.Example", "www.a.example"),
    "a final dot": ("a.example.", "a.example."),
    "letters beyond ASCII": ("bücher.example", "xn--bcher-kva.example"),
    "the same in ASCII": ("XN--bcher-kva.example", "xn--bcher-kva.example"),
    "percent-encoded": ("www.r%C3%A4ksm%C3%B6rg%C3%A5s.se", "www.xn--rksmrgs-5wao1o.se"),
    "percent-encoded ASCII": ("%74.example", "t.example"),
    "a sharp s stays one": ("faß.example", "xn--fa-hia.example"),
    "wide letters": ("ａ.example", "a.example"),
    "a full stop of CJK": ("日本。example", "xn--wgv71a.example"),
    "an emoji": ("☕.example", "xn--53h.example"),
    "what nobody sees is dropped": ("a\u00ad\u200bb.example", "ab.example"),
    "an underscore": ("_x.a_b.example", "_x.a_b.example"),
    "an IPv4 address": ("192.0.2.1", "192.0.2.1"),
    "an IPv4 address in short": ("127.1", "127.0.0.1"),
    "an IPv4 address in hexadecimal and octal": ("0x7f.0.0.010", "127.0.0.8"),
    "an IPv4 address as one number": ("3221225985", "192.0.2.1"),
    "an IPv6 address": ("[2001:DB8:0::1]", "[2001:db8::1]"),
}
REFUSED = {
    "a blank": "a%20b.com",
    "an IPv4 address that is none": "256.1.1.300",
    "five numbers": "1.2.3.4.5",
    "a number as the last part": "a.b.4",
    "an octal 8": "1.2.3.08",
    "a null byte": "a%00.com",
    "a slash in disguise": "a%2Fb.com",
    "bytes that are no UTF-8": "%E9.se",
    "half a code": "a%4.com",
    "an IPv6 address that is none": "[::1::2]",
    "a bracket": "[bad",
    "quotation marks": 'a"b.example',
    "braces": "{page=1}",
    "nothing": "",
    "dots": "..",
    "a blank of no width alone": "\u200b",
    "text direction": "a\u202eb.example",
    "ASCII that claims to be more": "xn--abc-.example",
    "longer than any name": "x" * 300,
}


@pytest.mark.parametrize("case", READ)
def test_a_host_is_read_as_a_browser_reads_it(case: str) -> None:
    host, expected = READ[case]
    assert browser_host(host) == expected
    assert browser_host(expected) == expected


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_browser_refuses_is_no_host(case: str) -> None:
    assert browser_host(REFUSED[case]) is None


ADDRESSES = {
    "user and password": ("https://u:p@A.example/x", "a.example"),
    "the last @ parts": ("https://a.example@b.example", "b.example"),
    "an @ in the path": ("https://a.example/@b.example", "a.example"),
    "a port": ("HTTP://a.example:0443?x", "a.example"),
    "an empty port": ("http://a.example:#x", "a.example"),
    "a port that is none": ("https://a.example:65536/", None),
    "letters as a port": ("https://a.example:x/", None),
    "a backslash, which browsers take for a slash": ("https://a.example\\@b.example/", None),
    "no host": ("https://:80/", None),
    "another scheme": ("ftp://a.example/", None),
    "no scheme": ("//a.example/", None),
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_the_host_of_a_web_address(case: str) -> None:
    url, expected = ADDRESSES[case]
    found = read_web_address(url)
    assert (found and found.host) == expected
    if found:
        assert url[found.end :].lstrip("/?#x") in ("", "@b.example")


@given(st.text(st.sampled_from("ab.%4E9ßé日\u200b-_0x"), max_size=40))
def test_what_was_read_once_reads_the_same_again(host: str) -> None:
    once = browser_host(host)
    assert once is None or (once.isascii() and browser_host(once) == once)


@pytest.mark.parametrize("piece", ["@", ":", "%41", "é", "a.", "."])
def test_hostile_addresses_are_read_in_linear_time(piece: str) -> None:
    """A reader that is quadratic would take minutes here."""
    read_web_address("https://" + piece * 300_000)


FORMS = {
    "any, where none is named": ("https://forms.evil.example/x", (), True),
    "the one that is named": ("https://example.com/x", ("example.com",), True),
    "below it": ("https://forms.example.com/x", ("example.com",), True),
    "above it": ("https://example.com/x", ("forms.example.com",), False),
    "another that ends alike": ("https://badexample.com/x", ("example.com",), False),
    "another altogether": ("https://forms.evil.example/x", ("example.com",), False),
    "another, the named one before an @": ("https://example.com@evil.example/x", ("example.com",), False),
    "another, the named one behind a backslash": ("https://evil.example\\.example.com/x", ("example.com",), False),
    "in capitals, with a port": ("HTTPS://Forms.EXAMPLE.com:443/x", ("Example.COM",), True),
    "of letters, where its ASCII is named": ("https://räv.example/x", ("xn--rv-via.example",), True),
    "in ASCII, where its letters are named": ("https://a.xn--rv-via.example/x", ("Räv.example",), True),
    "without https": ("http://example.com/x", (), False),
}


@pytest.mark.parametrize("case", FORMS)
def test_a_host_may_get_values(case: str) -> None:
    url, named, may = FORMS[case]
    assert may_have_values(url, browser_hosts(named)) == may


AUTHORITIES = {
    "a host": ("https", "www.Example.com", ("", "www.example.com")),
    "the scheme's own port": ("https", "example.com:443", ("", "example.com")),
    "with noughts before it": ("http", "example.com:0080", ("", "example.com")),
    "the other scheme's": ("http", "example.com:443", ("", "example.com:443")),
    "port nought is one": ("https", "example.com:00", ("", "example.com:0")),
    "a colon alone is none": ("https", "example.com:", ("", "example.com")),
    "user info stays": ("https", "A:b@c@Example.com:8443", ("A:b@c@", "example.com:8443")),
    "letters of all languages": ("https", "räk.se", ("", "xn--rk-via.se")),
    "version 6": ("https", "[2001:DB8::1]:443", ("", "[2001:db8::1]")),
    "no host of a browser": ("https", "A B:443", ("", "a b")),
}


@pytest.mark.parametrize("case", AUTHORITIES)
def test_an_authority_as_browsers_read_it(case: str) -> None:
    scheme, authority, read = AUTHORITIES[case]
    assert browser_authority(scheme, authority) == read


HERE = {
    "http://localhost:8080": True,
    "http://LOCALHOST": True,
    "http://shop.localhost/x": True,
    "http://127.0.0.1": True,
    "http://127.1:80": True,
    "https://[::1]:8080/x": True,
    "http://notlocalhost.example": False,
    "http://127.0.0.1.example": False,
    "http://localhost.example.com": False,
    "https://click.example.com": False,
    "http://192.0.2.7": False,
}


@pytest.mark.parametrize("url", HERE)
def test_what_leads_to_the_machine_of_whoever_opens_it(url: str) -> None:
    assert is_this_machine(url) is HERE[url]
