"""Lint: one case for each rule, and mails that have nothing to be found."""

from __future__ import annotations

import pytest

from linktrack.links.utm import Utm
from linktrack.mailings.addresses import Options
from linktrack.mailings.catalog import Settings
from linktrack.mailings.lint import check_mail

OPTIONS = Options("https://t.example")
BYE = '<a href="linktrack:unsubscribe">Bye</a>'
KEYS = {"unsubscribe", "offer"}


def rules(html: str, text: str | None = None) -> list[str]:
    found = check_mail((BYE + html).encode(), None if text is None else text.encode(), OPTIONS, KEYS)
    return [finding.rule for finding in found]


FOUND = {
    "a misspelt scheme": ('<a href="htp://a.example/">x</a>', "wrong-scheme"),
    "a missing slash": ('<a href="https:/a.example/">x</a>', "wrong-scheme"),
    "a missing colon": ('<a href="https//a.example/">x</a>', "wrong-scheme"),
    "a missing scheme": ('<a href="www.a.example">x</a>', "wrong-scheme"),
    "a scheme twice": ('<a href="https://https://a.example">x</a>', "doubled-scheme"),
    "B21 as theirs: a scheme twice, http": ('<a href="http://https://shop.example">x</a>', "doubled-scheme"),
    "a blank": ('<a href="https://a.example/a b">x</a>', "blank"),
    "a line break": ('<a href="https://a.example/a\nb">x</a>', "blank"),
    "a non-breaking blank": ('<a href="https://a.example/a\u00a0b">x</a>', "odd-blank"),
    "a zero-width blank": ('<a href="https://a.example/a\u200bb">x</a>', "odd-blank"),
    "& encoded twice": ('<a href="https://a.example/?a=1&amp;amp;b=2">x</a>', "double-encoded"),
    "& encoded twice, as a number": ('<a href="https://a.example/?a=1&#38;amp;b=2">x</a>', "double-encoded"),
    "plain http": ('<a href="http://a.example/">x</a>', "plain-http"),
    "too long": (f'<a href="https://a.example/{"x" * 2000}">x</a>', "too-long"),
    "J7 as theirs: a tracked address pasted back": ('<a href="https://t.example/abcd/x">x</a>', "tracked-pasted"),
    "a password": ('<a href="https://u:p@a.example/">x</a>', "password"),
    "text that shows another address": ('<a href="https://b.example/">https://a.example/x</a>', "text-mismatch"),
    "text that shows another host": ('<a href="https://b.example/"><b>www.a.example</b></a>', "text-mismatch"),
    "an unknown key": ('<a href="linktrack:offr">x</a>', "unknown-key"),
    "a key that is not for mails": ('<a href="linktrack:honeypot">x</a>', "unknown-key"),
    "a relative address": ('<a href="/x">x</a>', "relative"),
    "an empty address": ('<a href="">x</a>', "empty"),
    "a script": ('<a href="javascript:void(0)">x</a>', "script"),
    "a merge tag in the path": ('<a href="https://a.example/{{ x }}">x</a>', "merge-tag"),
    "an encoded merge tag": ('<a href="https://a.example/?x=%7B%7Bx%7D%7D">x</a>', "encoded-merge-tag"),
    "a final dot": ('<a href="https://a.example/x.">x</a>', "trailing-dot"),
    "a second href": ('<a href="https://a.example/" href="https://b.example/">x</a>', "repeated-href"),
    "a form": ('<form action="https://a.example/">', "form"),
    "a comment that never ends": ("<!-- x", "open-comment"),
    "a mail that ends inside a tag": ('<p><a href="x', "ends-in-tag"),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_is_wrong_is_found_once(case: str) -> None:
    html, rule = FOUND[case]
    assert rules(html) == [rule]


FINE = {
    "an address as its own text": '<a href="https://www.a.example/x">a.example</a>',
    "a subdomain as text": '<a href="https://shop.a.example/x">https://a.example</a>',
    "an e-mail address as text": '<a href="mailto:x@a.example">x@a.example</a>',
    "text that only begins like an address": '<a href="https://b.example/">a.example is great</a>',
    "merge tags for a mail service's own pages": '<a href="{{ unsubscribe }}">x</a><a href="%%view_email_url%%">y</a>',
    "a merge tag with blanks": '<a href="https://a.example/?x={{ first name }}">x</a>',
    "a URL in a query": '<a href="https://a.example/?u=http://b.example/">x</a>',
    "an anchor, a phone, a picture": '<a href="#top">x</a><a href="tel:1">x</a><img src="http://a.example/i.png">',
    "a comment": '<!-- <a href="htp://x"> -->',
    "VML": '<!--[if mso]><v:rect href="https://a.example/"><center>Buy</center></v:rect><![endif]-->',
}


@pytest.mark.parametrize("case", FINE)
def test_what_is_right_is_not_found(case: str) -> None:
    assert rules(FINE[case]) == []


def test_a_mail_without_a_way_out_is_found() -> None:
    assert [finding.rule for finding in check_mail(b"<p>x</p>", None, OPTIONS, KEYS)] == ["no-unsubscribe"]
    assert check_mail(b'<a href="https://a.example/unsubscribe?x">Bye</a>', None, OPTIONS, KEYS) == []


def test_the_text_part_is_looked_at_too_and_places_are_named() -> None:
    found = check_mail(BYE.encode(), b"Hi\nsee http://a.example/ now", OPTIONS, KEYS)
    assert [(finding.rule, finding.part, finding.line, finding.column) for finding in found] == [
        ("plain-http", "text", 2, 5)
    ]


def test_a_medium_that_is_no_email_is_found() -> None:
    settings = Settings(Utm("s", "newsletter", "c"))
    assert [finding.rule for finding in check_mail(BYE.encode(), None, OPTIONS, KEYS, settings)] == ["utm"]


def test_hostile_mails_are_checked_in_linear_time() -> None:
    """html.parser is quadratic on each of these: it must not be asked."""
    for piece in ('<a href="', "<!--", "<a "):
        assert check_mail((piece * 60_000).encode(), None, OPTIONS, KEYS)
