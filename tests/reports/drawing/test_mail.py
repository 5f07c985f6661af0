"""A mail as it is drawn: its words and its looks stay, nothing in it acts, leads anywhere or is fetched."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports.drawing.drawn_tree import elements, faults, words

from linktrack.errors import BadInput
from linktrack.mailings.addresses import ReadingOptions, read_parts
from linktrack.mailings.reading.document import read_document
from linktrack.reports.drawing.mail import Mark, draw_mail

OPTIONS = ReadingOptions("https://click.example.com")
SAMPLES = Path(__file__).parent.parent.parent.parent / "sample_mailings"


def drawn(html: str | bytes, *, charset: str | None = None) -> str:
    data = html.encode() if isinstance(html, str) else html
    return draw_mail(read_parts(read_document(data, charset=charset), None, OPTIONS), {})[0]


STAYS = {
    "words, references and what looks like a tag": (
        "a &lt; b &amp; c < d &nbsp;&copy; 1<2 {{ name }}",
        "a &lt; b &amp; c &lt; d &nbsp;&copy; 1&lt;2 {{ name }}",
    ),
    "attributes that say how it looks or what it is": (
        "<td class=\"a\" align=center width='50%' bgcolor=#fff data-x=1 aria-label='&lt;b&gt;' mc:edit=x role=none>x</td>",
        '<td class="a" align="center" width="50%" bgcolor="#fff" data-x="1" aria-label="&lt;b&gt;" mc:edit="x" role="none">x</td>',
    ),
    "an attribute that nobody knows, if it is no address": (
        '<b a1="x" a2="//evil.example" a3="javascript:x" a4="x.png" a5="f(x)" a6="rgb(1,2,3)" a7=a\\b>x</b>',
        '<b a1="x" a4="x.png" a6="rgb(1,2,3)">x</b>',
    ),
    "the first of two attributes of a name": ('<b class=a CLASS=b>x</b>', '<b class="a">x</b>'),
    "elements of Office, and those that only scripts define": ("<o:p x=1>x</o:p><amp-img alt=a src=b>", '<o:p x="1">x</o:p><amp-img alt="a">'),
    "an element that nobody knows, as a span": ("<webversion class=a>x</webversion>", '<span class="a">x</span>'),
    "a form, as a block": ('<form action="https://evil.example" class=a>x</form>', '<div class="a">x</div>'),
    "what is said where a player is not": ("<video src=a poster=b><source src=c>x</video>", "<span>x</span>"),
    "what is said where a script is not": ("<noscript><b>x</b></noscript>", "<b>x</b>"),
    "what is said where an object is not": ("<object data=a><embed src=b>x</object>", "<span>x</span>"),
    "text that is no markup": ("<xmp><b>&amp;</xmp>", "<pre>&lt;b>&amp;amp;</pre>"),
    "a picture, blank": ('<img src="a.png" srcset="b.png 2x" width=10 height=20 alt="A &quot;b&quot;">', '<img width="10" height="20" alt="A &quot;b&quot;">'),
    "a link, without its address": ('<a href="https://example.com/" name=a target=_blank>x</a>', '<a name="a" target="_blank" data-linked>x</a>'),
    "a link that would have no box": ("<a href=x style='display:contents'>x</a>", '<a style="display:inline" data-linked>x</a>'),
    "an anchor, which is no link": ("<a name=a>x</a>", '<a name="a">x</a>'),
    "a drawing": (
        '<svg viewBox="0 0 9 9"><g transform="translate(1,2)" fill="url(#a)"><path d="M1 2z"/></g></svg>',
        '<svg viewbox="0 0 9 9"><g transform="translate(1,2)" fill="url(&quot;#a&quot;)"><path d="M1 2z"/></g></svg>',
    ),
    "merge tags, in words, values and between attributes": (
        "<a {{#if x}}href='/{{ a \"b\" }}' title='{{ a \"b\" }}'{{/if}} class=a>{{> x <b> }}</a><%= y %>",
        '<a title="{{ a &quot;b&quot; }}" class="a" data-linked>{{> x &lt;b> }}</a>&lt;%= y %>',
    ),
    "end tags that end nothing, where browsers know what to do": ("x</p>y</br></custom></div>z", "x</p>y</br></div>z"),
}  # fmt: skip


@pytest.mark.parametrize("case", STAYS)
def test_what_stays(case: str) -> None:
    html, wanted = STAYS[case]
    assert drawn(html) == wanted
    assert faults(wanted) == []


GOES = {
    "a script": "<script>alert(1)</script>",
    "a script that has no end": "x<script>alert(1)",
    "a script that hides its end": "<script><!--<script></script>--></script>",
    "a script in a drawing": "<svg><script>alert(1)</script></svg>",
    "a script in a formula": "<math><mtext><script>alert(1)</script></mtext></math>",
    "a style in a formula, which is markup there": "<math><style><img src=x onerror=alert(1)></style></math>",
    "a style in a drawing, which is markup there": "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "handlers": "<body onload=alert(1)><img src=x onerror=alert(1)><p ONCLICK='alert(1)' onfocus=x tabindex=0>x",
    "handlers behind a slash": "<img/src=x/onerror=alert(1)>",
    "handlers behind a quote": "<a title='a' href='b'onclick=alert(1)>x</a>",
    "an address with a script": "<a href=javascript:alert(1)>x</a><a href='java&#10;script:alert(1)'>x</a>",
    "an address with a script in a drawing": "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "an address that moves": "<svg><a><animate attributeName=href to=javascript:alert(1) /><text>x</text></a></svg>",
    "an address that is set": "<svg><a><set attributeName=href to=javascript:alert(1) /></a></svg>",
    "a drawing from elsewhere": "<svg><use href='https://evil.example/a.svg#a'/><image href='https://evil.example/b'/></svg>",
    "HTML in a drawing": "<svg><foreignObject><iframe src='https://evil.example'></iframe></foreignObject></svg>",
    "a link in a formula": "<math href=javascript:alert(1)><maction actiontype=statusline xlink:href=javascript:x>x</maction></math>",
    "frames": "<iframe src=https://evil.example srcdoc='<script>alert(1)</script>'></iframe><frameset><frame src=a></frameset>",
    "objects": "<object data=a classid=b></object><embed src=a><applet code=a></applet>",
    "forms and what sends them": "<form action=https://evil.example><input type=image src=a formaction=b autofocus><button formaction=c>x</button></form>",
    "a page that is left": "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "a base and links to elsewhere": "<base href=https://evil.example><link rel=stylesheet href=a><link rel=dns-prefetch href=//evil.example>",
    "a template that is a shadow": "<div><template shadowrootmode=open><script>alert(1)</script><a href=x>y</a></template></div>",
    "a template in a template": "<template><template></template><img src=x onerror=alert(1)></template>",
    "players": "<video src=a poster=b autoplay><source src=c onerror=alert(1)></video><audio src=a></audio><bgsound src=a>",
    "backgrounds": "<body background=a><table background='https://evil.example'><td background=b style='background:url(c)'>x",
    "pings and prefetches": "<a href=a ping=https://evil.example attributionsrc=b>x</a>",
    "what a comment ends": "<!--> <img src=x onerror=alert(1)> -->",
    "what a strange comment ends": "<!-- --!> <img src=x onerror=alert(1)> -->",
    "a comment without its end": "x<!-- <img src=x onerror=alert(1)>",
    "a declaration that is a comment": "<?xml version='1.0'?><![CDATA[<img src=x onerror=alert(1)>]]><!ENTITY a>",
    "what a title or a text area hides": "<title><img src=x onerror=alert(1)></title><textarea></textarea><script>alert(1)</script>",
    "what no frame and no embedding hide": "<noframes><p></noframes><script>x</script><noembed></noembed>",
    "scripts where there is none": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "tags in the wrong case and with strange blanks": "<ScRiPt\x0c>alert(1)</sCrIpT\n><IMG\tSRC=x\x0cONERROR=alert(1)>",
    "a value that opens again": "<a title=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\" href=x>x</a>",
    "words that open again": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "a tag in a tag": "<<script>alert(1)</script>",
    "a NUL in a name": "<scr\0ipt>alert(1)</script><img src=x o\0nerror=alert(1)>",
    "badges of its own": "<span data-placement=aaaa data-clicks=9 data-heat=5 data-linked>1</span>",
    "a popover": "<button popovertarget=x>x</button><div id=x popover ontoggle=alert(1)>x</div>",
    "an element that something else is": "<a is=x-evil slot=y contenteditable>x</a>",
    "merge tags around a script": "{{ <script>alert(1)</script> }}<{{x}} onclick=alert(1)>",
    "a merge tag with an address in a style": "<b style='background:{{url(https://evil.example)}}'>x</b>",
    "a merge tag that ends a value": "<b title={{\"onclick=\"}}alert(1)>x</b>",
    "a choice that hides": "<select><option><img src=x onerror=alert(1)></select>",
    "plain text to the end": "<plaintext><img src=x onerror=alert(1)>",
    "an old picture": "<image src=x onerror=alert(1)>",
    "an Office import": "<?import namespace=t><t:set attributename=innerhtml to='<img src=x onerror=alert(1)>'>",
}  # fmt: skip


@pytest.mark.parametrize("case", GOES)
def test_what_goes(case: str) -> None:
    result = drawn(f"<div>a</div>{GOES[case]}<div>b</div>")
    assert faults(result) == []
    assert not [one for one in elements(result) if "data-placement" in one.attributes]


FRAGMENTS = st.sampled_from(
    [*GOES.values(), "<svg>", "</svg>", "<math>", "</math>", "<style>", "</style>", "<title>", "</title>", "<table>",
     "<tr>", "<td>", "</table>", "<p>", "<!--", "-->", "<![CDATA[", "]]>", "'", '"', ">", "<", "<a href=", "</a>",
     "<textarea>", "<xmp>", "<noscript>", "<iframe>", "<select>", "<foreignObject>", "<desc>", "<mtext>",
     "<annotation-xml encoding=text/html>", "<mglyph>", "<template>", "{{", "}}", "<%", "%>", "&lt;", "x", " ", "/", "="]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=12).map("".join))
def test_whatever_a_mail_holds_nothing_in_its_drawing_acts(html: str) -> None:
    assert faults(drawn(html)) == []


DISPLAYED = {
    "a link": ("<a href=x>y</a>", True),
    "a link in a comment": ("<!-- <a href=x>y</a> -->", False),
    "a link that only Outlook shows": ("<!--[if mso]><a href=x>y</a><![endif]-->", False),
    "a link that Outlook does not show": ("<!--[if !mso]><!--><a href=x>y</a><!--<![endif]-->", True),
    "a link that is hidden": ("<a style='display:none' href=x>y</a>", False),
    "a link with the attribute hidden": ("<a hidden href=x>y</a>", False),
    "a link in what is hidden": ("<div style='display:none'><p><b>a<a href=x>y</a></b></div>", False),
    "a link behind what is hidden": ("<div style='display:none'><p><b>a</div><a href=x>y</a>", True),
    "a link behind a hidden paragraph that has no end": ("<p style='display:none'>a<p><a href=x>y</a>", True),
    "a link behind a hidden paragraph that a block ends": ("<p style='display:none'>a<div><a href=x>y</a>", True),
    "a link behind a hidden cell": ("<table><tr><td style='display:none'>a<td><a href=x>y</a></table>", True),
    "a link behind a hidden row": ("<table><tr style='display:none'><td>a<tr><td><a href=x>y</a></table>", True),
    "a link in a hidden row's table": (
        "<table><tr style='display:none'><td><table><tr><td></td></tr></table><a href=x>y</a></table>",
        False,
    ),
    "a link behind a hidden item": ("<ul><li style='display:none'>a<li><a href=x>y</a></ul>", True),
    "a link behind a hidden link": ("<a style='display:none'>a<a href=x>y</a>", True),
    "a link behind a hidden picture": ("<img style='display:none'><a href=x>y</a>", True),
    "a link that ends of cells do not leave": ("<div style='display:none'><table><tr><td></div><a href=x>y</a>", False),
    "a link in a class that is hidden": ("<style>.a{display:none}</style><p class='b a'><a href=x>y</a>", False),
    "a link in a class that narrow windows show": (
        "<style>@media(max-width:9px){.a{display:block!important}}</style><p class=a style='display:none'><a href=x>y</a>",
        True,
    ),
    "a link in an element that is hidden everywhere": ("<style>SPAN{display:none}</style><span><a href=x>y</a></span>", False),
    "a link in an element that one class shows": (
        "<style>span{display:none}.a{display:block}</style><span class=a><a href=x>y</a></span>",
        True,
    ),
    "a link beside elements that are hidden": ("<style>span{display:none!important}</style><a href=x>y</a>", True),
    "a link in a template": ("<template><a href=x>y</a></template>", False),
    "a link in a title": ("<title><a href=x>y</a></title>", False),
    "a link in a drawing": ("<svg><a xlink:href=x><text y=20>y</text></a></svg>", True),
    "a link with a broken end": ("<a href=x>y</a", True),
}  # fmt: skip


@pytest.mark.parametrize("case", DISPLAYED)
def test_which_links_are_displayed(case: str) -> None:
    html, wanted = DISPLAYED[case]
    parts = read_parts(read_document(html.encode()), None, OPTIONS)
    marks = {spot.tag[0]: Mark('data-placement="k"', "1", 3) for spot in parts.scan.spots}
    result, displayed = draw_mail(parts, marks)
    assert bool(displayed) is wanted
    assert len([one for one in elements(result) if "data-placement" in one.attributes]) == wanted
    assert displayed <= set(marks)


ENCODINGS = {
    "UTF-8": ("<p>Fjällbris – 東京</p>".encode(), None),
    "UTF-8 with a mark": ("\ufeff<p>Fjällbris – 東京</p>".encode(), None),
    "windows-1252": ("<p>Fjällbris – €</p>".encode("cp1252"), None),
    "windows-1252 that says latin-1": ('<meta charset="iso-8859-1"><p>Fjällbris – €</p>'.encode("cp1252"), None),
    "latin-2, as the mailing says": ("<p>Łódź – </p>".encode("iso8859-2", "ignore"), "iso-8859-2"),
    "UTF-16": ("<p>Fjällbris – 東京</p>".encode("utf-16"), None),
    "UTF-16, the other way": ("\ufeff<p>Fjällbris – 東京</p>".encode("utf-16-be"), None),
    "ISO-2022-JP": ("<meta charset=iso-2022-jp><p>東京の<b>空気</b></p>".encode("iso2022_jp"), None),
    "Shift_JIS": ("<meta charset=shift_jis><p>ソ東京 表</p>".encode("shift_jis"), None),
    "GB 18030": ("<meta charset=gb18030><p>北京 𠀀</p>".encode("gb18030"), None),
}


@pytest.mark.parametrize("case", ENCODINGS)
def test_words_are_those_of_every_encoding(case: str) -> None:
    data, charset = ENCODINGS[case]
    document = read_document(data, charset=charset)
    text = document.characters(0, len(document.text)).removeprefix("\ufeff")
    result = drawn(data, charset=charset)
    assert words(result) == words(text)
    assert "\ufeff" not in result and "\ufffd" not in result


def test_nothing_is_said_twice_or_lost_in_deep_and_broken_nesting() -> None:
    html = "<div><b><p>" * 230 + "x" + "</b></i></td>" * 2000
    assert words(drawn(html)) == "x"


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<p>", "<a href=x>", "</b>", "<table><tr><td>", "<!--", "<svg><a href=x>", "<", "&", "<li>", "<form>"],
)
def test_a_long_mail_of_anything_is_drawn_in_the_time_that_a_test_has(piece: str) -> None:
    drawn(f"<b>{piece * 6_000}</b>{'</td></p>' * 6_000}")


def test_every_word_of_the_samples_is_drawn() -> None:
    for path in SAMPLES.glob("*.html"):
        result = drawn(path.read_bytes())
        assert faults(result) == []
        assert words(result) == words(path.read_bytes().decode("cp1252" if path.name == "kampanj.html" else "utf-8"))


def test_every_word_of_a_mail_is_drawn_and_nothing_in_it_acts(mails: list[Path]) -> None:
    compared = 0
    for path in (one for one in mails if one.suffix == ".html"):
        try:
            document = read_document(path.read_bytes())
        except BadInput:
            continue
        parts = read_parts(document, None, OPTIONS)
        result, _ = draw_mail(parts, {})
        assert faults(result) == [], path.name
        if "<%" in document.text or "<?" in document.text:  # a statement of a template, which no parser of HTML reads
            continue
        compared += 1
        assert words(result) == words(document.characters(0, len(document.text)).removeprefix("\ufeff")), path.name
    assert compared > 0.75 * len(mails)
