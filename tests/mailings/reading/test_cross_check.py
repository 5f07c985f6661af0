"""The second opinion about links."""

from __future__ import annotations

import pytest

from linktrack.errors import BadInput
from linktrack.mailings.addresses import ReadingOptions, read_mail
from linktrack.mailings.reading.cross_check import cross_check

FINE = {
    "links of all kinds": '<a href="https://a.example/?a=1&copy=2&amp;b">x</a><area href=b><a class=x>y</a>',
    "a link for Outlook": '<!--[if mso]><a href="https://a.example/">x</a><![endif]-->',
    "tags on several lines": '<a\n href="a"\n>x</a>\n<a href="b"\n>y</a><a href=c>z</a>',
    "a second href": '<a href="a" href="b">x</a>',
    "an opt-out": '<a href=a data-track=off>x</a><a href=b data-track=on>y</a><a href=c clicktracking="OFF">z</a>',
    "merge tags with quotes": '<a href="{{ url "x" }}">x</a>',
    "what Python's parser loses in the whole mail": '<title><a href=no></title><![CDATA[ > <a href="a">x</a> ]]>',
}


@pytest.mark.parametrize("case", FINE)
def test_agrees_about_ordinary_links(case: str) -> None:
    assert cross_check(read_mail(FINE[case].encode(), None, ReadingOptions("https://t.example"))) == []


ODD = {
    "a vertical tab, which is a blank for Python": '<a b\x0bhref="https://b.example/" href="https://a.example/">x</a>',
    "an opt-out behind a vertical tab": '<a b\x0bdata-track="off" href="https://a.example/">x</a>',
}


@pytest.mark.parametrize("case", ODD)
def test_says_where_parsers_read_a_link_differently(case: str) -> None:
    parts = read_mail(f"<p>\n{ODD[case]}".encode(), None, ReadingOptions("https://t.example"))
    ((address, sentence),) = cross_check(parts)
    assert (address.line, address.target) == (2, "https://a.example/") and "another parser" in sentence


def test_hostile_mails_are_no_trouble() -> None:
    for piece in ('<a href=x b="', "<a href='x>'>", "<a href=x><!--", "<a href=x></"):
        try:
            parts = read_mail((piece * 5000).encode(), None, ReadingOptions("https://t.example"))
        except BadInput:
            continue
        assert cross_check(parts) == []
