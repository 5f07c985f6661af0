"""Tagging files in place."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linktrack.errors import BadInput
from linktrack.links.utm import Utm, tagged
from linktrack.mailings.reading.attribute_values import decode
from linktrack.mailings.reading.document import read_document
from linktrack.mailings.reading.scan import scan
from linktrack.mailings.tag import tag_html, tag_text, tag_urls

UTM = Utm("s", "email", "c")
ADDED = "utm_source=s&amp;utm_medium=email&amp;utm_campaign=c"

CASES = {
    "a bare value": ("<a href=https://a.example/ x>", f"<a href=https://a.example/?{ADDED} x>"),
    "a fragment behind a numeric reference": (
        '<a href="https://a.example/?a=1&#38;b=2#top">',
        f'<a href="https://a.example/?a=1&#38;b=2&amp;{ADDED}#top">',
    ),
    "a # written as a reference": (
        '<a href="https://a.example/&#35;top">',
        f'<a href="https://a.example/?{ADDED}&#35;top">',
    ),
    "an open reference at the end": (
        '<a href="https://a.example/?a&amp">',
        f'<a href="https://a.example/?a&amp;{ADDED}">',
    ),
    "a padded value": ('<a href=" https://a.example/ ">', f'<a href=" https://a.example/?{ADDED} ">'),
    "Outlook's comments": (
        '<!--[if mso]><v:rect href="https://a.example/"/><![endif]-->',
        f'<!--[if mso]><v:rect href="https://a.example/?{ADDED}"/><![endif]-->',
    ),
    "ordinary comments and other addresses": (
        '<!-- <a href="https://a.example/"> --><link href="https://a.example/"><img src="https://a.example/">',
        '<!-- <a href="https://a.example/"> --><link href="https://a.example/"><img src="https://a.example/">',
    ),
    "a merge tag in the query": (
        '<a href="https://a.example/?x={{ a "b" }}">',
        f'<a href="https://a.example/?x={{{{ a "b" }}}}&amp;{ADDED}">',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_only_the_added_text_is_new(case: str) -> None:
    html, expected = CASES[case]
    assert tag_html(html.encode(), UTM).data.decode() == expected
    assert tag_html(expected.encode(), UTM).data.decode() == expected


_urls = st.lists(
    st.sampled_from(["a=1", "&", "&amp;", "&amp", "&#38;", "&#x26", "&copy", "&reg=", "#", "&#35;", "?", "/x", "é", "+", "%20", ";", "utm_source=x"]),
    max_size=10,
).map(lambda parts: "https://a.example/" + "".join(parts))  # fmt: skip


@settings(max_examples=500)
@given(_urls, st.sampled_from(["keep", "replace"]), st.sampled_from(['"', "'", ""]))
def test_a_tagged_attribute_reads_as_the_tagged_address(raw: str, policy: str, quote: str) -> None:
    utm = Utm("s", "email", "c d", policy=policy)  # type: ignore[arg-type]
    html = f"<a href={quote}{raw}{quote} x>".encode()
    document = read_document(tag_html(html, utm).data)
    (spot,) = scan(document).spots
    assert decode(document.text[spot.start : spot.stop]) == tagged(decode(raw.encode().decode("latin-1")), utm)


def test_a_list_of_urls_keeps_its_lines() -> None:
    data = b"https://a.example/\r\n\nmailto:x@a.example\n  https://b.example/?x \n\xff\nhttps://c.example/#f"
    found = tag_urls(data, UTM)
    plain = ADDED.replace("&amp;", "&").encode()
    assert found.data == (
        b"https://a.example/?" + plain + b"\r\n\nmailto:x@a.example\n  https://b.example/?x&" + plain
        + b" \n\xff\nhttps://c.example/?" + plain + b"#f"
    )  # fmt: skip
    assert (found.addresses, found.changed) == (5, 3)


def test_h17_a_text_is_tagged_before_the_end_of_the_sentence() -> None:
    plain = ADDED.replace("&amp;", "&")
    for charset in ("utf-8", "utf-16", "cp1252"):
        text = "Läs https://a.example/x?y#z. Or „https://b.example“,\r\nnot mailto:x@a.example"
        expected = text.replace("y#z", f"y&{plain}#z").replace("b.example", f"b.example?{plain}")
        found = tag_text(text.encode(charset), UTM)
        assert (found.data.decode(charset), found.addresses, found.changed) == (expected, 2, 2)
        assert tag_text(found.data, UTM).data == found.data


_texts = st.lists(
    st.sampled_from(["https://a.example/", "https://b.example/x?y=1&z", "#f", ".", ",", " ", "(", ")", "{{x}}", "{% if y %}", "*|IF:X|*",
                     "utm_source=x", "?", "&", "“", "å", "\r\n", "x"]),
    max_size=12,
).map("".join)  # fmt: skip


@settings(max_examples=300)
@given(_texts, st.sampled_from(["keep", "replace"]))
@example("https://f.example/{{x}}.{% if x %}", "replace")
def test_tagging_a_text_twice_is_tagging_it_once(text: str, policy: str) -> None:
    utm = Utm("s", "email", "c", policy=policy)  # type: ignore[arg-type]
    once = tag_text(text.encode(), utm).data
    assert tag_text(once, utm).data == once
    if policy == "keep":
        rest = iter(once)
        assert all(byte in rest for byte in text.encode())


def test_a_mail_that_ends_inside_a_tag_is_refused() -> None:
    with pytest.raises(BadInput, match=r"mail.html:2:1: .*quote"):
        tag_html(b'<p>\n<a href="https://a.example/>x</a>', UTM, name="mail.html")
