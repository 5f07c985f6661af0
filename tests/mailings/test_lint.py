"""Lint: one case for each rule, and mails that have nothing to be found."""

from __future__ import annotations

import pytest

from linktrack.links.utm import Utm
from linktrack.mailings.addresses import ReadingOptions
from linktrack.mailings.catalogue import MailingOptions
from linktrack.mailings.lint import check_mail

OPTIONS = ReadingOptions("https://t.example")
BYE = '<a href="linktrack:unsubscribe">Bye</a>'
LINKS = {"unsubscribe": "", "offer": "https://www.example.com/offer"}


def rules(html: str, text: str | None = None) -> list[str]:
    found = check_mail((BYE + html).encode(), None if text is None else text.encode(), OPTIONS, LINKS)
    return [finding.rule for finding in found if finding.rule != "raw-merge-tag"]


IN_TEXT = {
    "a tag of an unknown language at the end of an address": ("https://a.example/x?y=~~x~~", "unknown-merge-tag"),
    "a tag of an unknown language in an address": ("https://a.example/~~x~~/y nu", "unknown-merge-tag"),
}


@pytest.mark.parametrize("case", IN_TEXT)
def test_what_is_found_in_a_text_part(case: str) -> None:
    text, rule = IN_TEXT[case]
    assert rules("", text) == [rule]


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
    "text that shows an international host": (
        '<a href="https://b.example/">https://bücher.example</a>',
        "text-mismatch",
    ),
    "a password with many colons": ('<a href="https://u:::p@a.example/">x</a>', "password"),
    "a link of Safe Links": (
        '<a href="https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example&amp;data=05">x</a>',
        "wrapped",
    ),
    "a link of URL Defense": ('<a href="https://urldefense.com/v3/__https://a.example__;!!x$">x</a>', "wrapped"),
    "a tracked link of another sender": (
        '<a href="https://a.us1.list-manage.com/track/click?u=1&amp;id=2">x</a>',
        "wrapped",
    ),
    "a tag of an unknown language in a query": (
        '<a href="https://a.example/?x={contact.id}">x</a>',
        "unknown-merge-tag",
    ),
    "a tag of an unknown language in the text": ("<p>Hej [FIRST_NAME]</p>", "unknown-merge-tag"),
    "a tag of an unknown language, twice": ("<p>Hej [FIRST_NAME], hej [FIRST_NAME]</p>", "unknown-merge-tag"),
    "a tag of an unknown language in the title": ("<title>Hej {$name}</title>", "unknown-merge-tag"),
    "an unknown key": ('<a href="linktrack:offr">x</a>', "unknown-key"),
    "a key that is not for mails": ('<a href="linktrack:honeypot">x</a>', "unknown-key"),
    "a relative address": ('<a href="/x">x</a>', "relative"),
    "an empty address": ('<a href="">x</a>', "empty"),
    "a script": ('<a href="javascript:void(0)">x</a>', "script"),
    "logic in the query": ('<a href="https://a.example/?k={% x %}">x</a>', "merge-logic"),
    "logic of Handlebars": ('<a href="https://a.example/?x={{#if a}}b{{/if}}">x</a>', "merge-logic"),
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
    "an international host as its own text": ('<a href="https://xn--bcher-kva.example/x">https://bücher.example</a>'),
    "a user without a password": '<a href="https://u@a.example/">x</a>',
    "braces in CSS and scripts": "<style>a{b.c}[FIRST_NAME]{}</style><script>{$x}</script><!-- {contact.id} -->",
    "an address of a link with a query like a click's": '<a href="https://a.example/click?url=x">x</a>',
    "VML": '<!--[if mso]><v:rect href="https://a.example/"><center>Buy</center></v:rect><![endif]-->',
}


@pytest.mark.parametrize("case", FINE)
def test_what_is_right_is_not_found(case: str) -> None:
    assert rules(FINE[case]) == []


def test_a_mail_without_a_way_out_is_found() -> None:
    assert [finding.rule for finding in check_mail(b"<p>x</p>", None, OPTIONS, LINKS)] == ["no-unsubscribe"]
    assert check_mail(b'<a href="https://a.example/unsubscribe?x">Bye</a>', None, OPTIONS, LINKS) == []


def test_merge_tags_are_named_at_every_place_where_they_stand_in_the_mail() -> None:
    html = BYE + '<p>{{ name }}</p>\n<p>{{ name }}</p><a href="https://a.example/?x={{ city }}">x</a>'
    found = check_mail(html.encode(), b"Hej\n*|FNAME|*\t*|FNAME|*", OPTIONS, LINKS, subject="Hej %%name%%")
    assert [(f.rule, f.part, f.line, f.column, f.address) for f in found] == [
        ("raw-merge-tag", "html", 1, len(BYE) + 4, "{{ name }}"),
        ("raw-merge-tag", "html", 2, 4, "{{ name }}"),
        ("raw-merge-tag", "subject", 1, 5, "%%name%%"),
        ("raw-merge-tag", "text", 2, 1, "*|FNAME|*"),
        ("raw-merge-tag", "text", 2, 11, "*|FNAME|*"),
    ]


def test_tags_of_unknown_languages_are_named_with_their_places() -> None:
    html = '<meta charset="utf-8">' + BYE + "\n<p>åäö {firstname}</p>"
    found = check_mail(html.encode(), "Hej\nåäö ###x###".encode(), OPTIONS, LINKS, subject="Å $[EMAIL]$")
    assert [(f.rule, f.part, f.line, f.column, f.message.partition(" looks")[0]) for f in found] == [
        ("unknown-merge-tag", "html", 2, 8, "{firstname}"),
        ("unknown-merge-tag", "subject", 1, 3, "$[EMAIL]$"),
        ("unknown-merge-tag", "text", 2, 5, "###x###"),
    ]


def test_an_unknown_key_is_told_with_the_near_ones() -> None:
    (found,) = check_mail((BYE + '<a href="linktrack:offr">x</a>').encode(), None, OPTIONS, LINKS)
    assert found.message == "there is no link 'offr' (did you mean 'offer'?): see linktrack link list"


def test_the_text_part_is_looked_at_too_and_places_are_named() -> None:
    found = check_mail(BYE.encode(), b"Hi\nsee http://a.example/ now", OPTIONS, LINKS)
    assert [(finding.rule, finding.part, finding.line, finding.column) for finding in found] == [
        ("plain-http", "text", 2, 5)
    ]


def test_a_medium_that_is_no_email_is_found() -> None:
    settings = MailingOptions(Utm("s", "newsletter", "c"))
    assert [finding.rule for finding in check_mail(BYE.encode(), None, OPTIONS, LINKS, settings)] == ["utm"]


def test_hostile_mails_are_checked_in_linear_time() -> None:
    """html.parser is quadratic on each of these: it must not be asked."""
    for piece in ('<a href="', "<!--", "<a ", "{firstname}", "[A_1]", "{{x}}"):
        assert check_mail(("<p>" + piece * 60_000).encode(), None, OPTIONS, LINKS)
    for piece in (":", "@", ":@", "%"):
        assert check_mail(f'<a href="https://{piece * 200_000}@a.example/">x</a>'.encode(), None, OPTIONS, LINKS)


@pytest.mark.parametrize("charset", ["klingon-8", "zlib_codec", "utf-7x", "rot13"])
def test_a_charset_that_no_mail_can_be_in_is_found_where_it_is_named(charset: str) -> None:
    html = f'<html>\n<meta charset="{charset}">{BYE}å'.encode()
    (found,) = check_mail(html, None, OPTIONS, LINKS)
    assert (found.rule, found.part, found.line, found.column) == ("unknown-charset", "html", 2, 16)
    assert f"the charset {charset!r}" in found.message and "sent as utf-8: correct" in found.message
    html = html.replace(charset.encode(), b"ISO-8859-1")
    assert [finding.rule for finding in check_mail(html, None, OPTIONS, LINKS)] == []
