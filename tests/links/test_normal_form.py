"""When two addresses are one for a browser, and when they are not."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.links.normal_form import normal_form

ONE: dict[str, list[str]] = {
    "escapes of what is not ASCII": [
        "https://shop.example.com/åäö/", "https://shop.example.com/%C3%A5%C3%A4%C3%B6/",
        "https://shop.example.com/%c3%a5%c3%a4ö/",
    ],
    "IDN and punycode": [
        "https://www.blåbär.se/x", "https://www.xn--blbr-noae.se/x", "https://WWW.BLÅBÄR.SE/x",
        "https://www.bl%C3%A5b%c3%a4r.se/x",
    ],
    "blanks": ["https://www.example.com/a b?c=d e#f g", "https://www.example.com/a%20b?c=d%20e#f%20g"],
    "the port of the scheme": ["https://www.example.com:443/p", "https://www.example.com/p"],
    "the other one": ["http://www.example.com:80", "http://www.example.com/", "HTTP://www.Example.com:080/"],
    "what needs no escape": ["https://www.example.com/~ann/a-b", "https://www.example.com/%7Eann/a%2db"],
    "dots": ["https://www.example.com/a/../b/./c/", "https://www.example.com/b/c/", "https://www.example.com/x/%2E%2e/b/c/"],
    "what copied text has around it": [" https://www.example.com/a\n", "https://www.example.com/a", "https://www.exam\nple.com/\ta"],
    "backslashes": [r"https:\\www.example.com\a", "https://www.example.com/a"],
    "an IPv4 address": ["http://127.1/", "http://127.0.0.1/"],
}  # fmt: skip


@pytest.mark.parametrize("case", ONE)
def test_one_address(case: str) -> None:
    assert len({normal_form(url) for url in ONE[case]}) == 1


DIFFERENT = [
    "https://www.example.com/a", "http://www.example.com/a", "https://www.example.com/A", "https://www.example.com/a/",
    "https://www.example.com/a%2Fb", "https://www.example.com/a/b", "https://www.example.com:8443/a",
    "https://www.example.com/a?", "https://www.example.com/a?b", "https://www.example.com/a#b", "https://example.com/a",
    "https://www.example.com/100%25", "https://www.example.com/100%2525", "mailto:ann@example.com", "linktrack:link-2",
    "https://ann@www.example.com/a",
]  # fmt: skip


def test_different_ones() -> None:
    assert [pair for pair in combinations(DIFFERENT, 2) if normal_form(pair[0]) == normal_form(pair[1])] == []


@given(st.one_of(st.text(), st.text("/.%2eEåA?#:@[] \\").map("https://www.example.com/".__add__)))
def test_it_is_its_own_normal_form(text: str) -> None:
    once = normal_form(text)
    assert normal_form(once) == once
