"""The scanner against tables of nasty documents and against an independent WHATWG tokenizer."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from html_reference import hrefs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linktrack.mailings.reading.attribute_values import clean, decode
from linktrack.mailings.reading.document import Document, read_document
from linktrack.mailings.reading.scan import Spot, scan


def html(text: str) -> Document:
    return Document(b"", text, "utf-8", bytewise=False)


def visible(text: str) -> list[Spot]:
    return [spot for spot in scan(html(text)).spots if spot.kind in ("a", "area", "vml") and not spot.in_comment]


def raw_values(text: str) -> list[str]:
    return [text[spot.start : spot.stop] for spot in visible(text)]


NASTY = {
    "a double-quoted value": ('<a href="u">', ["u"]),
    "a single-quoted value": ("<a href='u'>", ["u"]),
    "a bare value ends at the blank": ("<a href=u target=_blank>", ["u"]),
    "a bare value keeps its slash": ("<a href=u/>", ["u/"]),
    "a bare value may hold quotes": ("<a href=u\"v'w>", ["u\"v'w"]),
    "blanks around the equals sign": ('<a href \t=\n "u">', ["u"]),
    "upper case": ('<A HREF="u">', ["u"]),
    "attributes on several lines": ('<a\r\n  class="x"\r\n  href="u"\r\n>', ["u"]),
    "a slash parts attributes": ('<a/href="u"/class=x>', ["u"]),
    "no blank between attributes": ('<a class="x"href="u">', ["u"]),
    "only the real href": ('<a data-href="no" xhref=no href=u hreflang="no">', ["u"]),
    "an attribute named =href": ("<a =href=no href=u>", ["u"]),
    "the first of two hrefs": ('<a href="u" href="v">', ["u"]),
    "a > in another attribute": ('<a title="a > b" href="u">', ["u"]),
    "a < in another attribute": ('<a title="<a href=no>" href="u">', ["u"]),
    "an attribute without a value": ("<a href>", [""]),
    "an empty value": ("<a href=''>", [""]),
    "an area": ('<area shape=rect href="u">', ["u"]),
    "VML": ('<v:roundrect xmlns:v="urn:x" href="u" arcsize="10%">', ["u"]),
    "an element whose name begins with a": ('<abbr href="no"><article href=no>', []),
    "a link never closed": ('<a href="u">text', ["u"]),
    "an ordinary comment": ('<!-- <a href="no"> --><a href="u">', ["u"]),
    "a comment that ends with --!>": ('<!-- x --!><a href="u">', ["u"]),
    "an empty comment <!-->": ('<!--><a href="u">-->', ["u"]),
    "an empty comment <!--->": ('<!---><a href="u">-->', ["u"]),
    "a comment is not ended by -- >": ('<!-- x -- ><a href="no">--><a href="u">', ["u"]),
    "CDATA in HTML ends at the first >": ('<![CDATA[ x > <a href="u"> ]]>', ["u"]),
    "CDATA in SVG ends at ]]>": ('<svg><![CDATA[ > <a href="no"> ]]></svg><a href="u">', ["u"]),
    "a conditional comment is read": ('<!--[if mso]><a href="u"></a><![endif]-->', ["u"]),
    "a condition in capitals": ('<!--[IF MSO]><a href="u"></a><![ENDIF]-->', ["u"]),
    "no condition but a word that begins like one": ('<!--[iffy]><a href="no"></a>--><a href="u">', ["u"]),
    "an element whose name begins with v": ('<var href="no"><vml href="no"><a href="u">', ["u"]),
    "VML in a conditional comment": ('<!--[if gte mso 9]><v:rect href="u" /><![endif]-->', ["u"]),
    "conditional comments nested": ('<!--[if mso]><!--[if vml]><a href="u"><![endif]--><a href="v">', ["u", "v"]),
    "downlevel-revealed with a comment": ('<!--[if !mso]><!--><a href="u"><!--<![endif]-->', ["u"]),
    "downlevel-revealed with a declaration": ('<![if !mso]><a href="u"><![endif]>', ["u"]),
    "a processing instruction": ('<?xml version="1.0"?><a href="u">', ["u"]),
    "a doctype with quotes": ('<!DOCTYPE html PUBLIC "-//W3C//DTD" "http://x"><a href="u">', ["u"]),
    "script is no markup": ('<script>"<a href=no>"</script><a href="u">', ["u"]),
    "a script's end tag may have attributes": ('<script></script foo="</a>"><a href="u">', ["u"]),
    "</ script> is no end tag": ('<script></ script><a href=no></script><a href="u">', ["u"]),
    "<script/> is not empty": ('<script/><a href=no></script><a href="u">', ["u"]),
    "a script in a comment in a script": (
        '<script><!-- <script></script> <a href=no> --></script><a href="u">',
        ["u"],
    ),
    "a script's own script without a comment": (
        "<script>write('<script>')</script><a href=u>",
        ["u"],
    ),
    "a script that ends in a comment behind another one": (
        "<script><!-- <script></script> </script><a href=u>",
        ["u"],
    ),
    "a picture whose last bare value ends in a slash": ("<svg a=b/><title><a href=u></title>", ["u"]),
    "style is no markup": ("<style>a:before{content:'<a href=no>'}</style><a href='u'>", ["u"]),
    "title is no markup": ("<title><a href=no></title><a href='u'>", ["u"]),
    "textarea is no markup": ("<textarea><a href=no></TEXTAREA ><a href='u'>", ["u"]),
    "iframe, noembed, noframes and xmp are no markup": (
        "<iframe><a href=1></iframe><noembed><a href=2></noembed><noframes><a href=3></noframes><xmp><a href=4></xmp>"
        "<a href=u>",
        ["u"],
    ),
    "noscript is markup in a mail": ('<noscript><a href="u"></noscript>', ["u"]),
    "plaintext ends the markup": ('<a href="u"><plaintext><a href=no>', ["u"]),
    "style in SVG is markup": ('<svg><style><a href="u"></style></svg>', ["u"]),
    "a table leaves the SVG": ("<svg><table><style><a href=no></style><a href='u'>", ["u"]),
    "xlink:href of a link in SVG": ('<svg viewBox="0 0 1 1"><a xlink:href="u"><text>Buy</text></a></svg>', ["u"]),
    "the first of two xlink:hrefs": ('<svg><a xlink:href="u" xlink:href="no"></a></svg>', ["u"]),
    "href wins over xlink:href, whatever the order": ('<svg><a xlink:href="no" href="u"></a></svg>', ["u"]),
    "xlink:href is nothing outside of SVG": (
        '<svg></svg><a xlink:href="no"></a><svg><image xlink:href="no"></svg>',
        [],
    ),
    "xlink:href in a picture for all but Outlook": (
        "<!--[if !mso]><!--><svg><a xlink:href=u></svg><!--<![endif]-->",
        ["u"],
    ),
    "</> is nothing": ("</><a href=u>", ["u"]),
    "</ x> is a comment": ("</ a href=no><a href=u>", ["u"]),
    "an end tag with a > in a value": ('</p title=">"><a href=u>', ["u"]),
    "a form feed is white space": ("<a\fhref\f=\fu\fx>", ["u"]),
    "a comment in a script that ends where it begins": (
        '<script><!--><script></script><a href="u">',
        ["u"],
    ),
    "a NUL in the value": ('<a href="u\0v">', ["u\0v"]),
    "a vertical tab is no white space": ("<a\x0bhref=no href=u>", []),
    "a value of two lines": ('<a href="u\nv">', ["u\nv"]),
    "text with a lone <": ("a < b <a href=u> 1<2", ["u"]),
}


SOURCES = ("img", "script", "iframe", "input", "source", "video", "audio", "embed", "frame", "track", "bgsound")
KINDS = {
    **{f"<{name} src=u>": ("src", "src") for name in SOURCES},
    "<link href=u>": ("link", "href"), "<base href=u>": ("base", "href"), "<form action=u>": ("form", "action"),
    "<a href=u>": ("a", "href"), "<area href=u>": ("area", "href"), "<v:rect href=u>": ("vml", "href"),
    "<v:imagedata src=u />": ("src", "src"), "<svg><a xlink:href=u>": ("a", "xlink:href"),
}  # fmt: skip


@pytest.mark.parametrize("text", KINDS)
def test_the_kind_of_an_address_and_where_it_stands(text: str) -> None:
    (spot,) = scan(html(text)).spots
    assert (spot.kind, spot.attribute) == KINDS[text]
    assert text[spot.start : spot.stop] == "u"
    assert spot.clickable == (spot.kind in ("a", "area", "vml"))
    (hidden,) = scan(html(f"<!-- {text} -->")).spots
    assert hidden.in_comment and not hidden.clickable


@pytest.mark.parametrize(
    "text",
    [
        "<a src=no>",
        "<area src=no>",
        "<p src=no>",
        "<img href=no>",
        "<form href=no>",
        "<a action=no>",
        "<svg><area xlink:href=no>",
    ],
)
def test_what_is_no_address_there(text: str) -> None:
    assert scan(html(text)).spots == ()


@pytest.mark.parametrize("case", NASTY)
def test_finds_exactly_the_values_that_clients_see(case: str) -> None:
    text, expected = NASTY[case]
    assert raw_values(text) == expected


MERGE_TAGS = {
    "quotes in a Handlebars helper": ('<a href="{{ url "x" }}">', ['{{ url "x" }}']),
    "a > in a tag": ('<a href="https://a/?x={{ a > b }}">', ["https://a/?x={{ a > b }}"]),
    "a block around an attribute": ("<a {% if p %}class='c'{% endif %} href='u'>", ["u"]),
    "a Handlebars block around the href": ("<a {{#if p}}href='u'{{/if}}>", ["u"]),
    "a bare statement as the value": ("<a href={% if p %}u{% endif %} x>", ["{% if p %}u{% endif %}"]),
    "ERB output": ('<a href="<%= url_for(:x, "y") %>">', ['<%= url_for(:x, "y") %>']),
    "PHP output": ("<a href='<?= $x['url'] ?>'>", ["<?= $x['url'] ?>"]),
    "Mailchimp": ('<a href="*|UNSUB|*">', ["*|UNSUB|*"]),
    "AMPscript": ('<a href="%%=RedirectTo("x")=%%">', ['%%=RedirectTo("x")=%%']),
    "SuperOffice": ('<a href="https://a/?n=[[contact.name]]">', ["https://a/?n=[[contact.name]]"]),
    "dollar braces": ('<a href="${it.url("x")}">', ['${it.url("x")}']),
    "three braces": ("<a href='{{{ url 'x' }}}'>", ["{{{ url 'x' }}}"]),
    "an id rule in CSS is no comment": ("<style>@media x{#a{b:c}}</style><a href=u>{# c #}<a href=v>", ["u", "v"]),
}


@pytest.mark.parametrize("case", MERGE_TAGS)
def test_merge_tags_do_not_break_the_markup_around_them(case: str) -> None:
    text, expected = MERGE_TAGS[case]
    assert raw_values(text) == expected


BROKEN = {
    "a quote that never ends": ('<p>x</p>\n<a href="https://a>text</a>', 9),
    "a tag that never ends": ("<p>x</p><a href=u ", 8),
    "an end tag that never ends": ("<p>x</p", 4),
}


@pytest.mark.parametrize("case", BROKEN)
def test_says_where_a_tag_begins_that_never_ends(case: str) -> None:
    text, place = BROKEN[case]
    assert scan(html(text)).broken_at == place


# text → where a tag begins that never ends, where a comment does, where the last </body> stands.
ENDS: dict[str, tuple[str, tuple[int | None, int | None, int | None]]] = {
    "all is closed": ("<body><!-- x --></p><p>x", (None, None, None)),
    "an open comment": ("<p>a</p><!-- b <a href=no>", (None, 8, None)),
    "an open comment inside of a conditional one": ("<!--[if mso]><!-- <a href=no> -->x", (None, None, None)),
    "the last end of the body": ("<body></body>x</BODY>", (None, None, 14)),
    "the end of the body in a comment": ("</body><!-- </body> -->", (None, None, 0)),
    "the end of the body in a conditional comment": ("<!--[if mso]></body><![endif]-->", (None, None, None)),
    "a tag that a comment ends": ("<!-- <a href=' -->x", (None, None, None)),
    "a tag that a conditional comment ends": ("<!--[if mso]><a href='<![endif]-->x", (None, None, None)),
}


@pytest.mark.parametrize("case", ENDS)
def test_what_never_ends_and_where_the_body_does(case: str) -> None:
    text, expected = ENDS[case]
    found = scan(html(text))
    assert (found.broken_at, found.open_comment, found.body_end) == expected


class Seen(NamedTuple):
    """A spot with the pieces of text that stand at its places."""

    kind: str
    value: str
    tag: str
    content: str = ""
    opted_out: str = ""
    in_comment: bool = False
    conditional: bool = False
    repeated: bool = False
    attribute: str = "href"


SPOTS: dict[str, tuple[str, list[Seen]]] = {
    "a link": ("<a href=1>a <b>b</b></a>c", [Seen("a", "1", "<a href=1>", "a <b>b</b>")]),
    "a link in a link closes it": (
        "<a href=1>x<a href=2>y</a>z</a>", [Seen("a", "1", "<a href=1>", "x"), Seen("a", "2", "<a href=2>", "y")]
    ),
    "so does one without an address": ("<a href=1>x<a name=n>y</a>z", [Seen("a", "1", "<a href=1>", "x")]),
    "a link that is never closed": ("<a href=1>x<p>y</p>", [Seen("a", "1", "<a href=1>", "x<p>y</p>")]),
    "a link in VML, and no other end closes them": (
        "<v:rect href=1></p><a href=2></b>x</a>y</v:rect>z",
        [Seen("vml", "1", "<v:rect href=1>", "</p><a href=2></b>x</a>y"), Seen("a", "2", "<a href=2>", "</b>x")],
    ),
    "VML in a link": (
        "<a href=1>x<v:rect href=2>y</v:rect>z</a>",
        [Seen("a", "1", "<a href=1>", "x<v:rect href=2>y</v:rect>z"), Seen("vml", "2", "<v:rect href=2>", "y")],
    ),
    "VML that closes itself": ("<v:rect href='1'/>x</v:rect>", [Seen("vml", "1", "<v:rect href='1'/>")]),
    "an area has no content": ("<area href=1>x</area>", [Seen("area", "1", "<area href=1>")]),
    "of five that are open the first ends": (
        "<v:a href=1>a<v:b href=2>b<v:c href=3>c<v:d href=4>d<v:e href=5>e",
        [
            Seen("vml", "1", "<v:a href=1>", "a<v:b href=2>b<v:c href=3>c<v:d href=4>d"),
            Seen("vml", "2", "<v:b href=2>", "b<v:c href=3>c<v:d href=4>d<v:e href=5>e"),
            Seen("vml", "3", "<v:c href=3>", "c<v:d href=4>d<v:e href=5>e"),
            Seen("vml", "4", "<v:d href=4>", "d<v:e href=5>e"),
            Seen("vml", "5", "<v:e href=5>", "e"),
        ],
    ),
    "a second href": ("<a href=1 href=2>x</a>", [Seen("a", "1", "<a href=1 href=2>", "x", repeated=True)]),
    "xlink:href": (
        "<svg><a xlink:href=1>x</a></svg>", [Seen("a", "1", "<a xlink:href=1>", "x", attribute="xlink:href")]
    ),
    "an opt-out of VML": ("<v:rect data-track=off href=1 />", [Seen("vml", "1", "<v:rect data-track=off href=1 />", opted_out="data-track")]),
    "what is never tracked": (
        "<link href=1 href=no>x<BASE HREF=2>x<form action=3></form><img alt=no src=4 src=no><v:fill src=5 src=no>",
        [
            Seen("link", "1", "<link href=1 href=no>"), Seen("base", "2", "<BASE HREF=2>"),
            Seen("form", "3", "<form action=3>", attribute="action"),
            Seen("src", "4", "<img alt=no src=4 src=no>", attribute="src"),
            Seen("src", "5", "<v:fill src=5 src=no>", attribute="src"),
        ],
    ),
    "a comment": (
        "<!-- <a href=1>x</a><img src=2><v:fill src=3> -->",
        [
            Seen("a", "1", "<a href=1>", "x", in_comment=True),
            Seen("src", "2", "<img src=2>", in_comment=True, attribute="src"),
            Seen("src", "3", "<v:fill src=3>", in_comment=True, attribute="src"),
        ],
    ),
    "a conditional comment": (
        "<!--[if mso]><a href=1>x</a><img src=2><v:fill src=3><a href=4>y<![endif]-->z",
        [
            Seen("a", "1", "<a href=1>", "x", conditional=True),
            Seen("src", "2", "<img src=2>", conditional=True, attribute="src"),
            Seen("src", "3", "<v:fill src=3>", conditional=True, attribute="src"),
            Seen("a", "4", "<a href=4>", "y<![endif]", conditional=True),
        ],
    ),
    "a comment in a conditional one": (
        "<!--[if mso]><!-- <a href=1>x</a> -->", [Seen("a", "1", "<a href=1>", "x", in_comment=True, conditional=True)]
    ),
    "a condition that ends behind its comment": (
        "<!--[if <a href=1>x</a> -->]>", [Seen("a", "1", "<a href=1>", "x", in_comment=True)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOTS)
def test_all_that_is_known_of_a_spot(case: str) -> None:
    text, expected = SPOTS[case]

    def at(place: tuple[int, int]) -> str:
        return text[slice(*place)]

    assert [
        Seen(spot.kind, at((spot.start, spot.stop)), at(spot.tag), at(spot.content), *spot[6:])
        for spot in scan(html(text)).spots
    ] == expected


OPTED_OUT = {
    "data-track": ["data-track=off", "DATA-TRACK=OFF", "data-track='false'", 'data-track=" 0 "', "data-track=No"],
    "data-linktrack": ["data-linktrack=off", "data-linktrack=false", "data-linktrack=0", "data-linktrack='no'"],
    "clicktracking": ["clicktracking=off", "clicktracking=false", "clicktracking=0", "clicktracking=off data-track=off"],
    "data-pm-no-track": ["data-pm-no-track", "data-pm-no-track=false"],
    "ses:no-track": ["ses:no-track", "ses:no-track='1'"],
    "mc:disable-tracking": ["mc:disable-tracking"],
    "data-msys-clicktrack": ['data-msys-clicktrack="0"'],
    "": ["class=off", "data-track", "data-track=on", "clicktracking=no", "data-msys-clicktrack=1", "data-msys-clicktrack=off"],
}  # fmt: skip


@pytest.mark.parametrize("name", OPTED_OUT)
def test_a_link_opts_out_in_the_words_of_every_service(name: str) -> None:
    for attribute in OPTED_OUT[name]:
        for text in (f"<a {attribute} href=u>", f"<a href=u {attribute}>", f"<area href=u {attribute}>"):
            assert [spot.opted_out for spot in visible(text)] == [name], text


BASES = {
    "none": ("<img src=no><link href=no>", None),
    "behind something else": ("<img src=no><base href=u>", "u"),
    "the first": ("<base href=u><base href=no>", "u"),
    "not in a comment": ("<!-- <base href=no> --><base href=u>", "u"),
    "not in a conditional comment": ("<!--[if mso]><base href=no><![endif]--><base href=u>", "u"),
    "nowhere but in comments": ("<!-- <base href=no> --><!--[if mso]><base href=no><![endif]-->", None),
}


@pytest.mark.parametrize("case", BASES)
def test_the_base_of_the_addresses(case: str) -> None:
    text, expected = BASES[case]
    base = scan(html(text)).base
    assert (base and text[base.start : base.stop]) == expected


@pytest.mark.parametrize("charset", ["utf-8", "iso8859-1", "utf-16-le"])
def test_merge_tags_are_found_in_characters_and_stand_at_bytes(charset: str) -> None:
    text = 'å{{ förnamn }}öö<a href="{{ a&amp;å }}">é</a>{{b}}'
    document = read_document(b"\xff\xfe" * (charset == "utf-16-le") + text.encode(charset), charset=charset)
    tags = scan(document).tags
    assert [tag.name for tag in tags] == ["förnamn", "a&å", "b"]
    pieces = [document.encoded(document.text[tag.start : tag.stop]).decode(charset) for tag in tags]
    assert pieces == ["{{ förnamn }}", "{{ a&amp;å }}", "{{b}}"]


HOSTILE = ['<a href="', "<!--[if", "<!--[if mso]>", "{{", "{%", "<![if ", "</title", "<script><!--", "<svg/", "${",
           "<a href=x ", "*|", "[[a", "<style>", "<a x=1 x=\"", "&#9", "<v:a href=x>", "<a href=x>", "%%a"]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_input_comes_to_an_end(piece: str) -> None:
    """600 KB each; anything quadratic would take hours. The times are in bench/mailings_compile.py."""
    text = piece * (600_000 // len(piece))
    assert len(scan(html(text)).masked) == len(text)


# --- against an independent parser ------------------------------------------------------------------------------

PIECES = [
    '<a href="u1">', "<a href=u2>", "<a href='u3'>", "<A HREF = u4 x>", "<area href=u5/>", '<v:rect href="u6"/>', "</a>",
    "<!--", "-->", "--!>", "<!-->", "<!--->", "<script>", "</script>", "</script foo>", "<script/>", "<style>", "</style>",
    "<title>", "</title >", "<textarea>", "</textarea>", "<xmp>", "</xmp>", "<iframe>", "</iframe>", "<noembed>",
    "</noembed>", '"', "'", ">", "<", "/", "=", " ", "\n", "<a ", '<a data-href="no" href="u7"', '<a x="a > b" href=u8>',
    '<a href="u9" href="u10">', "<![CDATA[", "]]>", "<![if !mso]>", "<![endif]>", "<?xml x ?>", "</>", "</ x>", "text",
    "&amp;", '<a href="?a=1&copy=2&lt;&region&#38;x&#x26">', '<a href="&notit;&amp">', "<p>", "</p>", "<table>", "<td>",
    "<plaintext>", '<a/href="u11">', "<a href>", '<a href="">', "<a\nhref\n=\n'u12\n'\n>", "<a b=c/ href=u13/>",
    "<a =href=x href=u14>", '<a """ href=u15>', "<noscript>", "</noscript>", "<!doctype html>", "<!x", '<a href=u"16>',
    "<a href= >", "script", "<!--<script", "-", "<!--[if mso]>", "<![endif]-->", "<!--[if x", "é", "\r\n", "\f",
]  # fmt: skip


def _values(text: str) -> list[str]:
    return [re.sub("\r\n?", "\n", decode(value)) for value in raw_values(text)]


@settings(max_examples=1500)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example('<!-- <!--[if mso]> <a href="u1"> -->')
@example("<!--[if mso]>" * 3 + '<a href="u1">')
@example("<!--[if mso]>" * 4 + '<a href="u1">')
def test_reads_tag_soup_as_the_html_standard_says(text: str) -> None:
    assert _values(text) == [value for _, value in hrefs(text)]


@settings(max_examples=300)
@given(st.text(max_size=200))
def test_any_text_is_scanned_without_an_error(text: str) -> None:
    for spot in scan(html(text)).spots:
        assert 0 <= spot.start <= spot.stop <= len(text)


# --- values ----------------------------------------------------------------------------------------------------

REFERENCES = {
    "a named reference": ("?a=1&amp;b=2", "?a=1&b=2"),
    "a bare ampersand": ("?a=1&b=2", "?a=1&b=2"),
    "decimal": ("?a=1&#38;b=2", "?a=1&b=2"),
    "hexadecimal": ("?a=1&#x26;b=2", "?a=1&b=2"),
    "hexadecimal with a large X": ("?a=1&#X26;b=2", "?a=1&b=2"),
    "decimal without semicolon": ("?a=1&#38b=2", "?a=1&b=2"),
    "only once": ("?a=1&#38;amp;b=2", "?a=1&amp;b=2"),
    "a legacy name before =": ("?a=1&copy=2&reg=3&para=4&times=5", "?a=1&copy=2&reg=3&para=4&times=5"),
    "a legacy name before a letter": ("?a=1&region=3&currency=4&timestamp=5", "?a=1&region=3&currency=4&timestamp=5"),
    "a legacy name at the end": ("?a&copy", "?a©"),
    "a legacy name before another sign": ("?a&copy;&lt/", "?a©</"),
    "a name that is not legacy needs its semicolon": ("&alpha &alpha;", "&alpha α"),
    "windows-1252 numbers": ("&#150;&#x80;", "–€"),
    "numbers that are no characters": ("&#0;&#xD800;&#x110000;&#99999999999999999999;", "\ufffd" * 4),
    "angle brackets": ("?q=&#60;x&#62;", "?q=<x>"),
    "no reference at all": ("&;&#;&#x;&1;", "&;&#;&#x;&1;"),
    "two code points": ("&NotEqualTilde;", "≂̸"),
}


@pytest.mark.parametrize("case", REFERENCES)
def test_references_are_decoded_as_browsers_do_in_attributes(case: str) -> None:
    raw, expected = REFERENCES[case]
    assert decode(raw) == expected


CLEANED = {
    "blanks around are dropped": (" https://a/x \n", "https://a/x"),
    "tabs and line ends inside are dropped": ("https://a/\n\tx\r\ny", "https://a/xy"),
    "blanks inside become %20": ("https://a/a b?c d", "https://a/a%20b?c%20d"),
    "merge tags keep their blanks": ("https://a/?x={{ first name }} y", "https://a/?x={{ first name }}%20y"),
    "a non-breaking blank stays": ("https://a/\u00a0x", "https://a/\u00a0x"),
}


@pytest.mark.parametrize("case", CLEANED)
def test_addresses_are_cleaned_as_browsers_do(case: str) -> None:
    raw, expected = CLEANED[case]
    assert clean(raw) == expected


def test_merge_tags_of_ones_own_keep_their_blanks_too() -> None:
    assert clean(" https://a/?x=<<first name>> y", (("<<", ">>"),)) == "https://a/?x=<<first name>>%20y"
