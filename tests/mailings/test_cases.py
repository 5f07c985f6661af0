"""What other systems do with links, case by case, and what linktrack does.

The ids are those of a collection of cases from the tests, issues and sources of eighteen peers. "as theirs" = they are
right; "unlike theirs" = their result is wrong; "decided" = they disagree, and the reason for our choice stands here.
Cases that need a workspace are in test_cases_stored.py, headers in test_mime.py; groups A to H and J are complete (the
last test counts them), those of I are the redirect's and the import's.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from linktrack.errors import BadInput
from linktrack.links.placement_keys import placement_keys
from linktrack.links.utm import Utm, tagged
from linktrack.mailings.addresses import Address, ReadingOptions, read_mail, read_parts
from linktrack.mailings.compile import PlacedSpan, compile_part
from linktrack.mailings.reading.document import read_document, read_text
from linktrack.mailings.reading.text_part import find_urls
from linktrack.mailings.tag import tag_html

T = "https://t.example"
TOKEN = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5"
S = "https://shop.example/x"


def addresses(html: str, text: str | None = None, **options: Any) -> list[Address]:
    plain = None if text is None else read_text(text.encode())
    parts = read_parts(read_document(html.encode()), plain, ReadingOptions(T, **options))
    return [address for address in parts.addresses if address.kind not in ("src", "link", "form", "base")]


def tracked(html: str, **options: Any) -> list[str]:
    return [address.target for address in addresses(html, **options) if not address.reason]


def rewritten(html: str) -> str:
    """The mail with each tracked address replaced by T/<n>."""
    parts = read_mail(html.encode(), None, ReadingOptions(T))
    spots = [address for address in parts.addresses if not address.reason]
    placed = [PlacedSpan(f"p{number}", spot.start, spot.stop) for number, spot in enumerate(spots, 1)]
    return compile_part(parts.html, placed, T).copy_for("TOKEN").decode().replace("/TOKEN", "")


# case: (html, targets that are tracked)
FOUND = {
    "A1 as theirs: one link": (f'<a href="{S}">Go</a>', [S]),
    "A3 as theirs: single quotes": (f"<a href='{S}'>", [S]),
    "A5 as theirs: a bare value": (f"<a href={S} target=_blank>", [S]),
    "A6 as theirs: blanks around =": (f'<a href = "{S}">', [S]),
    "A7 as theirs: upper case": (f'<A HREF="{S}">', [S]),
    "A8 as theirs: attributes on several lines": (f'<a\n href="{S}"\n>', [S]),
    "A9 decided: a line end in the value is dropped, as browsers do": ('<a href="https://shop.example/\nx">', [S]),
    "A10 as theirs: self-closing": (f'<a href="{S}"/>', [S]),
    "A11 as theirs: never closed": (f'<a href="{S}">Text', [S]),
    "A12 as theirs: only the real href": (f'<a data-href="https://cdn.example/y" href={S}>', [S]),
    "A13 as theirs: > in an attribute": (f'<a title="a > b" href="{S}">', [S]),
    "A14 as theirs: an anchor's name": ('<a name="top">Top</a>', []),
    "A15 as theirs: an empty address": ('<a href="">', []),
    "A16 as theirs: an area and a link": (f'<map><area href="{S}"></map><a href="{S}">', [S, S]),
    "A17 as theirs: a stylesheet is no link": (
        f'<link rel=stylesheet href="https://shop.example/a.css"><a href={S}>',
        [S],
    ),
    "A18 as theirs: CSS has no links": ("<style>a{background:url(https://shop.example/bg.png)}</style>", []),
    "A19 as theirs: forms and buttons": (
        '<form action="https://shop.example/f"><button formaction=https://a.example>',
        [],
    ),
    "A20 as theirs: pictures": ('<img src="https://shop.example/i.png">', []),
    "A22 as theirs: an address in HTML text is text": (f"<p>{S}</p>", []),
    "A23 decided: only the href is rewritten, lint compares the shown address": (f'<a href="{S}">{S}</a>', [S]),
    "A25 unlike theirs: the first of two hrefs": (f'<a href="{S}" href="https://other.example/">', [S]),
    "A26 as theirs: a padded value": (f'<a href=" {S} ">', [S]),
    "A29 unlike theirs: one comment is a mail without links": ("<!-- nothing -->", []),
    "A30 as theirs: an empty mail": ("", []),
    "B1 as theirs: mailto": ('<a href="mailto:a@b.example">', []),
    "B2 as theirs: MAILTO": ('<a href="MAILTO:a@b.example?subject=Hi">', []),
    "B3 as theirs: tel and sms": ('<a href="tel:+471"><a href="TEL:1"><a href="sms:+471?body=x">', []),
    "B4 as theirs: javascript": ("""<a href="javascript:f('a')"><a href='javascript:void(0)'>""", []),
    "B5 as theirs: data, blob, file": (
        '<a href="data:image/png;base64,AA"><a href="blob:https://a.example/1"><a href="file:///x">',
        [],
    ),
    "B6 as theirs: cid": ('<a href="cid:logo">', []),
    "B7 as theirs: an anchor": ('<a href="#top">', []),
    "B8 as theirs: a query alone": ('<a href="?page=2">', []),
    "B9 decided: a path alone is left alone without a base": ('<a href="/path/only">', []),
    "B10 unlike theirs: //host is https": ('<a href="//cdn.example/x">', ["https://cdn.example/x"]),
    "B11 as theirs: a merge tag as address or host": ('<a href="{{ unsubscribe }}"><a href="https://{{ url }}">', []),
    "B12 as theirs: our own addresses": (f'<a href="{T}/abcd/{TOKEN}"><a href="HTTPS://T.EXAMPLE/x">', []),
    "B13 as theirs: our host in a query": (
        '<a href="https://shop.example/?next=t.example">',
        ["https://shop.example/?next=t.example"],
    ),
    "B14 as theirs: a host that ends like ours": ('<a href="https://not-t.example/">', ["https://not-t.example/"]),
    "B17 unlike theirs: an opt-out is for the element": (f'<a href="{S}" data-track=off><a href="{S}">', [S]),
    "B20 as theirs: addresses that are none": (
        '<a href="http://"><a href="https://[bad"><a href="http:// x"><a href="https://">',
        [],
    ),
    "B23 decided: https+notrack is a scheme of another system and left alone": (
        '<a href="https+notrack://shop.example/x">',
        [],
    ),
    "C1 as theirs: & written in two ways": (
        '<a href="https://a.example/?a=1&amp;b=2"><a href="https://a.example/?a=1&b=2">',
        ["https://a.example/?a=1&b=2"] * 2,
    ),
    "C2 as theirs: & as a number": (
        '<a href="https://a.example/?a=1&#38;b=2&#x26;c">',
        ["https://a.example/?a=1&b=2&c"],
    ),
    "C3 decided: decoded once, as HTML says; lint finds the double encoding": (
        '<a href="https://a.example/?a=1&#38;amp;b=2">',
        ["https://a.example/?a=1&amp;b=2"],
    ),
    "C4 decided: decoded in full": ('<a href="https://a.example/?q=&#60;x&#62;">', ["https://a.example/?q=<x>"]),
    "C6 unlike theirs: quotes in the value": (
        '<a href="https://a.example/?n=&quot;J&quot;&amp;a=3">',
        ['https://a.example/?n="J"&a=3'],
    ),
    "C7 as theirs: &copy= is a parameter": (
        '<a href="https://a.example/?a=1&copy=2&reg=3&para=4&times=5">',
        ["https://a.example/?a=1&copy=2&reg=3&para=4&times=5"],
    ),
    "C8 as theirs: an apostrophe": (
        '<a href="https://shop.example/TRK\'s+Bar">',
        ["https://shop.example/TRK's+Bar"],
    ),
    "C9 as theirs: a messy query": ("<a href='https://a.example/?x[]=1&y=%2,+'>", ["https://a.example/?x[]=1&y=%2,+"]),
    "C10 as theirs: signs in the path": ('<a href="https://a.example/a,b@c!d$e*f">', ["https://a.example/a,b@c!d$e*f"]),
    "C11 as theirs: letters beyond ASCII": (
        '<a href="https://bücher.example/café"><a href="https://a.example/😀">',
        ["https://bücher.example/café", "https://a.example/😀"],
    ),
    "C12 as theirs: percent codes stay": (
        '<a href="https://a.example/x%20y+3&amp;z=1">',
        ["https://a.example/x%20y+3&z=1"],
    ),
    "C13 decided: blanks become %20, nothing else changes": (
        '<a href="https://a.example/a b?c d=e f@g">',
        ["https://a.example/a%20b?c%20d=e%20f@g"],
    ),
    "C14 unlike theirs: no = is added": ('<a href="https://a.example/?flag">', ["https://a.example/?flag"]),
    "C15 as theirs: user and port": (
        '<a href="https://u:p@shop.example:9090/p?x=v#f">',
        ["https://u:p@shop.example:9090/p?x=v#f"],
    ),
    "C16 decided: ftp is left alone": ('<a href="ftp://shop.example/f">', []),
    "C17 decided: no scheme is a relative address in a mail; lint says so": ('<a href="shop.example/x">', []),
    "C18 as theirs: zero": ('<a href="https://a.example/?param=0">', ["https://a.example/?param=0"]),
    "C19 as theirs: an address in an address": (
        '<a href="https://a.example/clk;123;e?http://other.example/offer">',
        ["https://a.example/clk;123;e?http://other.example/offer"],
    ),
    "C20 as theirs: commas and dots": (
        '<a href="https://maps.example/?ll=59.91,10.75&amp;q=a.b">',
        ["https://maps.example/?ll=59.91,10.75&q=a.b"],
    ),
    "C21 decided: session ids stay, the author's URL is the author's": (
        '<a href="https://a.example/?p=1&PHPSESSID=z">',
        ["https://a.example/?p=1&PHPSESSID=z"],
    ),
    "C22 as theirs: two question marks": ('<a href="https://a.example/x?a=1?b=2">', ["https://a.example/x?a=1?b=2"]),
    "C23 decided: a final dot in an href stays, lint asks": (
        '<a href="https://a.example/x.">',
        ["https://a.example/x."],
    ),
    "C24 decided: odd blanks stay, lint finds them": (
        '<a href="https://a.example/a\u00a0b">',
        ["https://a.example/a\u00a0b"],
    ),
    "D3 as theirs: one address is the beginning of another": (
        '<a href="https://shop.example"><a href="https://shop.example?x=1"><a href="https://SHOP.example/y">',
        ["https://shop.example", "https://shop.example?x=1", "https://SHOP.example/y"],
    ),
    "E1 decided: tracked, the tag is kept for the redirect": (
        '<a href="https://a.example/?id={{ id }}&s=1">',
        ["https://a.example/?id={{ id }}&s=1"],
    ),
    "E2 as theirs: several tags in the query": (
        '<a href="https://a.example/?a=[[a]]&amp;b=2&amp;c=*|C|*">',
        ["https://a.example/?a=[[a]]&b=2&c=*|C|*"],
    ),
    "E3 as theirs: only a tag in the query": ('<a href="https://a.example/?{{ q }}">', ["https://a.example/?{{ q }}"]),
    "E4 as theirs: a tag in the fragment": ('<a href="https://a.example/#{{ x }}">', ["https://a.example/#{{ x }}"]),
    "E5 as theirs: tags in both": ('<a href="https://a.example/?a={{a}}#{{b}}">', ["https://a.example/?a={{a}}#{{b}}"]),
    "E6 decided: in host or path left alone, with a warning": ('<a href="https://a.example/{{ p }}/x">', []),
    "E7 decided: a tag as the whole address is left alone": ('<a href="{{ url }}">', []),
    "E8 decided: the scheme stays, the address is left alone": ('<a href="http://{{ site }}.example">', []),
    "E9 as theirs: a tag in the text": ("<p>{{ unknown }}</p>", []),
    "E10 as theirs: a default address in a tag": ("<p>{{ site or https://d.example }}</p>", []),
    "E11 as theirs: a statement around the address": ('<a href="{% if p %}https://a.example{% endif %}">', []),
    "E13 as theirs: a statement between attributes": (
        '<a {% if p %}class="c"{% endif %} href="https://a.example">',
        ["https://a.example"],
    ),
    "E14 decided: an encoded tag is part of the address, lint finds it": (
        '<a href="https://a.example/?x=%7B%7Bid%7D%7D">',
        ["https://a.example/?x=%7B%7Bid%7D%7D"],
    ),
    "E16 decided: a page tag of another system is no host": ('<a href="http://{page=1}">', []),
    "F1 as theirs: a link for Outlook": (f'<!--[if mso]><a href="{S}">x</a><![endif]-->', [S]),
    "F2 as theirs: VML and its visible twin": (
        f'<!--[if mso]><v:roundrect href="{S}"></v:roundrect><![endif]--><a href="{S}">',
        [S, S],
    ),
    "F3 unlike theirs: only in VML": (f'<!--[if mso]><v:roundrect href="{S}"/><![endif]-->', [S]),
    "F4 as theirs: hidden from Outlook": (f'<!--[if !mso]><!--> <a href="{S}"> <!--<![endif]-->', [S]),
    "F5 unlike theirs: downlevel-revealed": (f'<![if !mso]><a href="{S}"><![endif]>', [S]),
    "F6 unlike theirs: an ordinary comment": (f'<!-- <a href="{S}"> -->', []),
    "F8 as theirs: namespaces": ('<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:x">', []),
}


@pytest.mark.parametrize("case", FOUND)
def test_which_addresses_are_tracked_and_where_they_lead(case: str) -> None:
    html, targets = FOUND[case]
    assert tracked(html) == targets


# case: (html, html with the tracked addresses replaced)
UNTOUCHED = {
    "A2 as theirs: other attributes": (
        f'<a class="a" style="b" href="{S}" target="c">',
        f'<a class="a" style="b" href="{T}/p1" target="c">',
    ),
    "A4 as theirs: other quotes": (f"<a class='c' href=\"{S}\">", f"<a class='c' href=\"{T}/p1\">"),
    "A21 as theirs: markup inside": (f"<td><a href={S}><span>Go</span></a>", f"<td><a href={T}/p1><span>Go</span></a>"),
    "A24 as theirs: several links": (f"<a href='{S}'><a href=\"{S}\">", f"<a href='{T}/p1'><a href=\"{T}/p2\">"),
    "A27 as theirs: the doctype": (
        f"<!DOCTYPE  HTML>\r\n<BODY><a href={S}>",
        f"<!DOCTYPE  HTML>\r\n<BODY><a href={T}/p1>",
    ),
    "A28 as theirs: quotes in a text": (
        f'<a href="{S}"><img alt=\'say "hi"\'>',
        f'<a href="{T}/p1"><img alt=\'say "hi"\'>',
    ),
    "C5 as theirs: &amp; elsewhere": (
        f'<a title="a &amp; b" href="{S}">&amp;',
        f'<a title="a &amp; b" href="{T}/p1">&amp;',
    ),
    "C25 as theirs: line ends, entities, blanks": (
        f"<p>&nbsp;\r\n<br>\t\n<a  href='{S}' >&zwnj;</a>\r",
        f"<p>&nbsp;\r\n<br>\t\n<a  href='{T}/p1' >&zwnj;</a>\r",
    ),
    "E12 unlike theirs: a loop in a table": (
        f"<table>{{% for x in y %}}<tr><td><a href={S}>{{{{x}}}}</td></tr>{{% endfor %}}</table>",
        f"<table>{{% for x in y %}}<tr><td><a href={T}/p1>{{{{x}}}}</td></tr>{{% endfor %}}</table>",
    ),
    "F5, F7 unlike theirs: Outlook's comments": (
        f"<![if !mso]><a href={S}><![endif]><!--[if mso]><table><![endif]-->",
        f"<![if !mso]><a href={T}/p1><![endif]><!--[if mso]><table><![endif]-->",
    ),
}


@pytest.mark.parametrize("case", UNTOUCHED)
def test_not_one_other_byte_changes(case: str) -> None:
    html, expected = UNTOUCHED[case]
    assert rewritten(html) == expected


def test_b9_decided_with_a_base_a_relative_address_is_the_absolute_one() -> None:
    html = '<a href="/path/only?x={{ x }}"><a href="?page=2"><a href="next.html"><a href="#top">'
    expected = ["https://b.example/path/only?x={{ x }}", "https://b.example/a/?page=2", "https://b.example/a/next.html"]
    assert tracked(html, base="https://b.example/a/") == expected
    assert tracked('<base href="https://b.example/a/">' + html) == expected


def test_b15_as_theirs_a_tracking_address_with_a_path_takes_only_what_lies_below_it() -> None:
    html = (
        '<a href="https://b.example/click/abcd"><a href="https://b.example/offer"><a href="https://b.example/clicks">'
    )
    parts = read_parts(read_document(html.encode()), None, ReadingOptions("https://b.example/click"))
    assert [address.reason for address in parts.addresses] == ["tracking-host", "", ""]


def test_b16_as_theirs_what_is_not_to_be_tracked_stays_in_the_mail() -> None:
    html = f'<a href="{S}" data-track="off">a</a><a href="{S}" mc:disable-tracking>b</a>'
    assert rewritten(html) == html and {address.reason[:7] for address in addresses(html)} == {"opt-out"}


def test_b22_as_theirs_a_mail_that_cannot_be_read_is_refused_and_not_guessed_at() -> None:
    with pytest.raises(BadInput, match=r":2:1: .*<a .*quote"):
        read_mail(f'<p>\n<a href="{S}>x</a>'.encode(), None, ReadingOptions(T), name="mail.html")


def test_d9_d10_as_theirs_every_spot_of_a_mail_is_found_body_and_footer() -> None:
    html = f"<body><a href={S}>a</a></body><table><a href={S}>b</a></table></html><a href={S}>c</a>"
    assert rewritten(html).count(T) == 3


def test_b18_as_theirs_without_tracking_every_byte_stays() -> None:
    html = f'<a href="{S}">x</a>\r\n'
    assert compile_part(read_document(html.encode()), [], T).copy_for(TOKEN) == html.encode()


def test_labels_are_texts_alternate_texts_or_numbers() -> None:
    html = (
        f"<a href={S}><b>our</b> Prices &amp; more</a><a href={S}><img alt='Logo'></a><a href={S}><img src=x></a>"
        f"<a href={S}> </a><a href={S}>{'long ' * 20}</a><a href={S}>a\n\n  b</a><v:rect href={S}><center>Buy</center></v:rect>"
    )
    labels = [address.label for address in addresses(html)]
    assert labels[:4] == ["our Prices & more", "Logo", "link_1", "link_2"]  # D4, D5, D6
    assert len(labels[4]) <= 40 and labels[4].endswith("…") and labels[5:] == ["a b", "Buy"]  # D7
    html = f"<map><area href={S} alt='The &ouml; shop'><area alt=' ' href={S}><area href={S}></map><a href={S}>x</a>"
    assert [address.label for address in addresses(html)] == ["The ö shop", "link_1", "link_2", "x"]


def test_e15_as_theirs_further_dialects_can_be_named() -> None:
    html = '<a href="https://a.example/##NR##/x"><a href="https://a.example/?n=##NAME##">'
    found = addresses(html, merge_tags=(("##", "##"),))
    assert [address.reason for address in found] == ["merge-tag", ""]


# --- plain text ------------------------------------------------------------------------------------------------

TEXTS = {
    "G1 as theirs: a final dot": ("See https://shop.example/x.", ["https://shop.example/x"]),
    "G2 as theirs: punctuation": (
        "https://a.example/1, https://a.example/2: https://a.example/3; https://a.example/4!",
        ["https://a.example/1", "https://a.example/2", "https://a.example/3", "https://a.example/4"],
    ),
    "G3 as theirs: brackets and quotes": (
        "[https://a.example/], (https://b.example/x) {https://c.example} <https://d.example/y> 'https://e.example' "
        "\"https://f.example\" “https://g.example/z” «https://h.example»",
        ["https://a.example/", "https://b.example/x", "https://c.example", "https://d.example/y", "https://e.example",
         "https://f.example", "https://g.example/z", "https://h.example"],
    ),
    "G3 brackets that belong to the address": ("https://w.example/a_(b) x", ["https://w.example/a_(b)"]),
    "G4 as theirs: underscores and fragment": ("https://a.example/?q=_a#_b", ["https://a.example/?q=_a#_b"]),
    "G5 as theirs: a merge tag": (
        "https://a.example/?u={{ x }}&v=1. https://a.example/?u={{ x }}?",
        ["https://a.example/?u={{ x }}&v=1", "https://a.example/?u={{ x }}"],
    ),
    "G6 as theirs: two in a line": ("https://a.example https://b.example.", ["https://a.example", "https://b.example"]),
    "G7 as theirs: hyphens": ("https://news.example/a-b-c-d", ["https://news.example/a-b-c-d"]),
    "G8 as theirs: query and fragment": ("https://a.example/x?a=1&b=2#c", ["https://a.example/x?a=1&b=2#c"]),
    "G9 as theirs: one begins like another": (
        "https://shop.example https://shop.example/x",
        ["https://shop.example", "https://shop.example/x"],
    ),
    "G11 decided: a field that holds an address is the CRM's": ("{{ website }}", []),
    "C11 as theirs: letters beyond ASCII": ("https://bücher.example/café.", ["https://bücher.example/café"]),
    "an address of a registered link": ("Offer: linktrack:offer.", ["linktrack:offer"]),
    "a statement around an address": ("{% if x %}https://a.example/x{% endif %} y", ["https://a.example/x"]),
    "a statement behind a sentence": ("https://a.example/?a={{x}}.{% if y %} More{% endif %}", ["https://a.example/?a={{x}}"]),
    "a statement inside an address is part of it": (
        "https://a.example/{% if x %}a{% else %}b{% endif %}, y",
        ["https://a.example/{% if x %}a{% else %}b{% endif %}"],
    ),
    "no scheme is no address": ("www.example.com and shop.example/x", []),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_where_addresses_in_text_begin_and_end(case: str) -> None:
    text, expected = TEXTS[case]
    assert [text[start:stop] for start, stop in find_urls(text)] == expected


def test_g10_as_theirs_a_rewritten_text_has_nothing_left_to_track() -> None:
    again = addresses("", f"See {T}/abcd/{TOKEN}.")
    assert [address.reason for address in again] == ["tracking-host"]


def test_g12_g13_as_theirs_text_is_tracked_and_an_opt_out_in_the_html_holds_there_too() -> None:
    html = f'<a href="{S}" data-track=off>a</a><a href="https://b.example/">b</a>'
    found = addresses(html, f"a {S} b https://b.example/ c https://c.example/")
    text = [address for address in found if address.part == "text"]
    assert [address.reason for address in text] == ["opt-out: data-track", "", ""]
    assert [address.position for address in found] == [1, 2, 3, 4, 5]


# --- UTM -------------------------------------------------------------------------------------------------------

KEEP = Utm("s", "email", "c")
REPLACE = Utm("s", "email", "c", policy="replace")
ADDED = "utm_source=s&utm_medium=email&utm_campaign=c"

UTM = {
    "H1 as theirs: no slash is forced": (KEEP, "https://shop.example", f"https://shop.example?{ADDED}"),
    "H2 as theirs: an empty query": (KEEP, "https://shop.example?", f"https://shop.example?{ADDED}"),
    "H3 as theirs: a query": (KEEP, "https://a.example/?x=1", f"https://a.example/?x=1&{ADDED}"),
    "H4 as theirs: a final &": (KEEP, "https://a.example/?x=1&", f"https://a.example/?x=1&{ADDED}"),
    "H5 as theirs: before the fragment": (KEEP, "https://a.example/?x=1#top", f"https://a.example/?x=1&{ADDED}#top"),
    "H6 as theirs: an empty query and a fragment": (KEEP, "https://a.example/?#top", f"https://a.example/?{ADDED}#top"),
    "H7 as theirs: all replaced": (
        REPLACE,
        "https://a.example/?utm_source=1&utm_medium=2&utm_campaign=3",
        f"https://a.example/?{ADDED}",
    ),
    "H8 decided: replaced in their place, nothing moves": (
        REPLACE,
        "https://a.example/?a=1&utm_source=1&b=2&utm_source=9",
        "https://a.example/?a=1&utm_source=s&b=2&utm_medium=email&utm_campaign=c",
    ),
    "H9 as theirs: replaced before a fragment": (
        REPLACE,
        "https://a.example/?utm_source=1#f",
        f"https://a.example/?{ADDED}#f",
    ),
    "H10 as theirs: set to nothing, no parameter, and an old one goes": (
        Utm("s", "email", "c", term="", policy="replace"),
        "https://a.example/?utm_term=old&x=1",
        f"https://a.example/?x=1&{ADDED}",
    ),
    "H10 unlike theirs: what is not set stays as the author wrote it": (
        REPLACE,
        "https://a.example/?utm_term=old&x=1&utm_id=7",
        f"https://a.example/?utm_term=old&x=1&utm_id=7&{ADDED}",
    ),
    "set to nothing and nothing else to write: it goes all the same": (
        Utm(medium="email", term="", policy="replace"),
        "https://a.example/?utm_term=old&x=1",
        "https://a.example/?x=1",
    ),
    "the last parameter goes, and its question mark": (
        Utm(source="", medium="", campaign="", policy="replace"),
        "https://a.example/?utm_source=1&utm_medium=2&utm_campaign=3#f",
        "https://a.example/#f",
    ),
    "set to nothing, policy keep: what the author wrote wins": (
        Utm("s", "email", "c", term=""),
        "https://a.example/?utm_term=old",
        f"https://a.example/?utm_term=old&{ADDED}",
    ),
    "the four of Google Analytics 4 come last, in its order": (
        Utm("s", "email", "c", id="7", source_platform="x y", creative_format="text", marketing_tactic="again"),
        "https://a.example/",
        f"https://a.example/?{ADDED}&utm_id=7&utm_source_platform=x%20y&utm_creative_format=text"
        "&utm_marketing_tactic=again",
    ),
    "the four of Google Analytics 4 are kept and replaced like the others": (
        Utm("s", "email", "c", id="7", creative_format="", policy="replace"),
        "https://a.example/?utm_creative_format=a&UTM_ID=1&utm_source_platform=b",
        f"https://a.example/?UTM_ID=7&utm_source_platform=b&{ADDED}",
    ),
    "an id alone is enough": (
        Utm(medium="email", id="7"),
        "https://a.example/",
        "https://a.example/?utm_medium=email&utm_id=7",
    ),
    "a term alone says nothing": (Utm(medium="email", term="x"), "https://a.example/", "https://a.example/"),
    "a host that browsers refuse": (KEEP, "https://a%20b.example/", "https://a%20b.example/"),
    "a percent-encoded host": (KEEP, "https://%61.example/", f"https://%61.example/?{ADDED}"),
    "H11 decided: utm_content is the sender's, the format is known from the placement": (
        KEEP,
        "https://a.example/",
        f"https://a.example/?{ADDED}",
    ),
    "H12 as theirs: what the author wrote wins, the rest is added": (
        KEEP,
        "https://a.example/?utm_source=mine&utm_content=x",
        "https://a.example/?utm_source=mine&utm_content=x&utm_medium=email&utm_campaign=c",
    ),
    "H13 decided: one utm present does not keep the others out (keep fills)": (
        KEEP,
        "https://a.example/?utm_term=x",
        f"https://a.example/?utm_term=x&{ADDED}",
    ),
    "H14 decided: replace overwrites": (REPLACE, "https://a.example/?utm_source=s", f"https://a.example/?{ADDED}"),
    "H19 as theirs: blanks around values": (
        Utm(" s ", "email", " c"),
        "https://a.example/",
        f"https://a.example/?{ADDED}",
    ),
    "H20 as theirs: mailto": (KEEP, "mailto:a@b.example", "mailto:a@b.example"),
    "H20 as theirs: tel": (KEEP, "tel:+471", "tel:+471"),
    "H20 as theirs: a merge tag": (KEEP, "{{ url }}", "{{ url }}"),
    "H20 as theirs: nothing": (KEEP, "", ""),
    "H21 as theirs: a host that is not allowed": (
        Utm("s", "email", "c", domains=("shop.example",)),
        "https://other.example/",
        "https://other.example/",
    ),
    "H21 as theirs: a host that is allowed": (
        Utm("s", "email", "c", domains=("shop.example",)),
        "https://www.shop.example/",
        f"https://www.shop.example/?{ADDED}",
    ),
    "H22 as theirs: source, medium, campaign, content, term": (
        Utm("a", "email", "c", "d", "e"),
        "https://a.example/",
        "https://a.example/?utm_source=a&utm_medium=email&utm_campaign=c&utm_content=d&utm_term=e",
    ),
    "H23 as theirs: others beside ours": (KEEP, "https://a.example/?ref=mail", f"https://a.example/?ref=mail&{ADDED}"),
    "H24 unlike theirs: a page in the fragment": (
        KEEP,
        "https://app.example/#/r?x=1",
        f"https://app.example/?{ADDED}#/r?x=1",
    ),
    "H25 unlike theirs: names that look alike": (
        REPLACE,
        "https://a.example/utm_guide=1/?myutm_id=7&y=2",
        f"https://a.example/utm_guide=1/?myutm_id=7&y=2&{ADDED}",
    ),
    "H25 unlike theirs: an empty value of the author's": (
        KEEP,
        "https://a.example/?utm_source=&y=2",
        "https://a.example/?utm_source=&y=2&utm_medium=email&utm_campaign=c",
    ),
    "H26 as theirs: the same name in capitals": (
        KEEP,
        "https://a.example/?UTM_Source=x",
        "https://a.example/?UTM_Source=x&utm_medium=email&utm_campaign=c",
    ),
    "H27 unlike theirs: semicolons": (KEEP, "https://a.example/;j=Z?a;b=1", f"https://a.example/;j=Z?a;b=1&{ADDED}"),
    "H28 unlike theirs: two # and two &": (
        KEEP,
        "https://a.example/?x&&y=1#b#c",
        f"https://a.example/?x&&y=1&{ADDED}#b#c",
    ),
    "H29 unlike theirs: a path and an empty query": (KEEP, "https://a.example/?", f"https://a.example/?{ADDED}"),
    "H30 unlike theirs: the order of others": (
        KEEP,
        "https://a.example/?z=1&A=2",
        f"https://a.example/?z=1&A=2&{ADDED}",
    ),
}


@pytest.mark.parametrize("case", UTM)
def test_what_tagging_makes_of_an_address(case: str) -> None:
    utm, url, expected = UTM[case]
    assert tagged(url, utm) == expected
    assert tagged(expected, utm) == expected  # H31


def test_h16_as_theirs_in_html_the_parameters_are_parted_by_amp() -> None:
    found = tag_html(b'<a href="https://a.example/?x=1&amp;y=2">', KEEP)
    assert found.data == f'<a href="https://a.example/?x=1&amp;y=2&amp;{ADDED.replace("&", "&amp;")}">'.encode()


def test_h18_as_theirs_a_name_becomes_a_slug_a_value_that_was_typed_does_not() -> None:
    utm = Utm("s", "email", "{mailing.name}").filled({"mailing.name": "Q3 Launch: Bank!"})
    assert utm.campaign == "q3_launch_bank"
    assert tagged("https://a.example/", Utm("s", "email", "Q3 Launch")).endswith("utm_campaign=Q3%20Launch")


def test_placement_keys_are_short_and_follow_from_workspace_name_and_position() -> None:
    here, elsewhere = bytes(range(16)), bytes(16)
    keys = list(placement_keys(here, "spring-news", 3))
    assert keys == list(placement_keys(here, "spring-news", 3)) and len(keys[0]) == 4 and len(keys[-1]) == 12
    assert all(set(key) <= set("abcdefghijklmnopqrstuvwxyz234567") for key in keys)
    others = [(here, "spring-news", 4), (here, "other", 3), (elsewhere, "spring-news", 3)]
    assert len({keys[0], *(next(placement_keys(*other)) for other in others)}) == 4


CASES = {"A": 30, "B": 23, "C": 25, "D": 10, "E": 16, "F": 9, "G": 14, "H": 31, "J": 7}
OF_THE_IMPORT = {"F9", "J6"}  # clicks in AMP parts, events of mail services


def test_no_case_is_missing() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    named = set(re.findall(r"\b([A-J][0-9]+)\b", sources))
    named |= {
        name.upper()
        for line in re.findall(r"def test_(\w+)", sources)
        for name in re.findall(r"(?<![a-z0-9])([a-j][0-9]+)(?=_)", line)
    }
    wanted = {f"{group}{number}" for group, count in CASES.items() for number in range(1, count + 1)}
    assert wanted - named - OF_THE_IMPORT == set()
