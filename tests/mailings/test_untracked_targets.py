"""Links' own targets in mails: whatever they hold, a reader takes them for what they are, and nothing else changes."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linktrack.links.merge_tags import fill, fold
from linktrack.mailings.addresses import ReadingOptions, read_mail
from linktrack.mailings.compile import Compiled, PlacedSpan, TargetSpan, compile_part
from linktrack.mailings.outputs.filling import FillablePart
from linktrack.mailings.outputs.made_text import made_text
from linktrack.mailings.proof import prove
from linktrack.mailings.reading.attribute_values import decode
from linktrack.mailings.reading.document import read_text
from linktrack.mailings.reading.text_part import find_urls
from linktrack.mailings.untracked_targets import target_in_html, target_in_text

BASE = "https://click.example.com"
OPTIONS = ReadingOptions(BASE)
TOKEN, SHARED = "p" * 32, "s" * 32
HTML = (
    "<html><body>{c}\r\n<a href=\"https://one.example/\">1</a> <a HREF='https://two.example/?a&amp;b'>2</a>\n"
    '<a href=https://three.example/>3</a><!--[if mso]><v:rect href="https://four.example/"></v:rect><![endif]-->'
    '<a\thref = "https://five.example/#{{{{ x }}}}" >5</a><a href=https://six.example>6</a></body></html>'
)
TEXT = "1 (https://one.example/), https://two.example/x. <https://three.example/>\r\n"
CHARSETS = ("utf-8", "utf-16", "cp1252", "iso-2022-jp", "shift_jis")

_WORDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="{}[]<>$%*|\\#"), max_size=12
)  # no merge tags by chance
_QUERIES = st.lists(st.tuples(_WORDS, st.sampled_from(["", "{{ city }}", "*|NAME|*", "{% if x %}"])), max_size=4)
TARGETS = st.builds(
    lambda path, pairs, end: (
        f"https://www.example.com/{path}?" + "&".join(f"{word}={tag}" for word, tag in pairs) + end
    ),
    _WORDS.map(lambda word: quote(word, safe="/.,;:!'()=@")),
    _QUERIES,
    st.sampled_from(["", "#top", ".", ")", "&copy=1", "&amp", "/", "=", "&lt;x", '"', "'", "å", "한", "😀", "\x85"]),
)
VALUES = st.dictionaries(
    st.sampled_from(["city", "name"]), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), max_size=2
)


def joined(part: Compiled, values: dict[str, str]) -> bytes:
    return b"".join(FillablePart.of(part).joined(TOKEN.encode(part.charset), values))


def led(target: str, values: dict[str, str]) -> str:
    """Where a visitor would be led, blanks and controls as browsers send them."""
    filled = fill(target, values)
    return "".join(quote(sign) if ord(sign) <= 0x20 or 0x7F <= ord(sign) <= 0x9F else sign for sign in filled)


@given(
    charset=st.sampled_from(CHARSETS),
    spots=st.lists(st.one_of(st.none(), st.just("shared"), TARGETS), min_size=6, max_size=6),
    values=VALUES,
)
@example("cp1252", ["https://www.example.com/?a=\x85{{ city }}"] * 6, {"city": 'Å "x" & <b>'})
@example("utf-16", ["https://www.example.com/b/", None, "shared"] * 2, {})
@example("shift_jis", ["https://www.example.com/?a=\u00a5\u203e{{ city }}"] * 6, {"city": "\u00a5"})
def test_in_html_each_address_is_what_it_should_be_and_the_rest_of_the_mail_is_what_it_was(
    charset: str, spots: list[str | None], values: dict[str, str]
) -> None:
    known = {fold(name): value for name, value in values.items()}
    html = HTML.format(c="Hej").encode(charset)
    parts = read_mail(html, None, OPTIONS, charset=None if charset == "utf-16" else charset)
    placed: list[PlacedSpan | TargetSpan] = []
    for number, (spot, wanted) in enumerate(zip(parts.scan.spots, spots, strict=True)):
        if wanted is None or wanted == "shared":
            placed.append(PlacedSpan(f"ke{'abcdef'[number]}", spot.start, spot.stop, wanted and SHARED))
        else:
            placed.append(target_in_html(wanted, parts.html, spot.start, spot.stop, spot.quote))
    targets = {
        address.position: spot
        for address, spot in zip(parts.addresses, placed, strict=True)
        if isinstance(spot, TargetSpan)
    }
    prove(parts, [(address, "keyx") for address in parts.addresses], BASE, OPTIONS, targets)
    written = joined(compile_part(parts.html, placed, BASE), known)
    again = read_mail(written, None, OPTIONS, charset=None if charset == "utf-16" else charset)
    addresses = [decode(again.html.characters(spot.start, spot.stop)) for spot in again.scan.spots]
    own = [address for address in addresses if TOKEN in address]
    assert len(own) == spots.count(None) and written.count(TOKEN.encode(again.html.charset)) == len(own)
    for address, wanted in zip(addresses, spots, strict=True):
        if wanted is None or wanted == "shared":
            assert address.endswith(f"/{SHARED if wanted else TOKEN}")
        else:
            assert address == led(wanted, values)
    back, here = [], 0
    for spot, was in zip(again.scan.spots, parts.scan.spots, strict=True):
        back += [again.html.piece(here, spot.start), parts.html.piece(was.start, was.stop)]
        here = spot.stop
    back.append(again.html.piece(here, len(again.html.text)))
    assert b"".join(back) == html


def outside(text: str, spans: list[tuple[int, int]]) -> list[str]:
    """What stands around some spans of a text."""
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    return [text[start:stop] for start, stop in zip(edges[::2], edges[1::2], strict=True)]


@given(charset=st.sampled_from(CHARSETS), targets=st.lists(TARGETS, min_size=3, max_size=3), values=VALUES)
@example("utf-8", ["https://www.example.com/?(=", "https://www.example.com/?a=[", "https://www.example.com/?b={"], {})
@example("cp1252", ["https://한국.example/가?x=1.", "https://www.example.com/a&lt;b", "https://x.example/)"], {})
def test_in_a_text_each_target_is_read_as_a_whole_and_the_rest_is_what_it_was(
    charset: str, targets: list[str], values: dict[str, str]
) -> None:
    text = read_text(TEXT.encode(charset))
    spans = find_urls(text.text)
    placed = [target_in_text(target, text.charset, *span) for target, span in zip(targets, spans, strict=True)]
    written = joined(compile_part(text, placed, BASE), {fold(name): value for name, value in values.items()})
    again = read_text(written)
    found = find_urls(again.text)
    assert len(found) == 3
    assert outside(again.text, found) == outside(text.text, spans)


@pytest.mark.parametrize(
    ("target", "charset", "shown"),
    [
        ("https://www.example.com/å?b=ü", "utf-8", "https://www.example.com/å?b=ü"),
        ("https://www.example.com/å?b=ü", "ascii", "https://www.example.com/%C3%A5?b=%C3%BC"),
        ("https://bücher.example/한", "cp1252", "https://xn--bcher-kva.example/%ED%95%9C"),
        ("https://www.example.com/(a)", "utf-8", "https://www.example.com/(a)"),
        ("https://www.example.com/a.", "utf-8", "https://www.example.com/a%2E"),
        ("https://www.example.com/?q=a b", "utf-8", "https://www.example.com/?q=a%20b"),
        ('https://www.example.com/?q="x"|y', "utf-8", "https://www.example.com/?q=%22x%22%7Cy"),
        ("https://www.example.com/?a=1&lt;=2", "utf-8", "https://www.example.com/?a=1&lt%3B=2"),
    ],
)  # fmt: skip
def test_what_would_end_an_address_in_a_text_is_percent_encoded(target: str, charset: str, shown: str) -> None:
    assert b"".join(map(bytes, target_in_text(target, charset, 0, 1).written)).decode(charset) == shown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("quotes", "written"),
    [
        ('"', "https://x.example/?a=&quot;&amp;b=&#x27;&lt;"),
        ("'", "https://x.example/?a=&quot;&amp;b=&#x27;&lt;"),
        ("", "https://x.example/?a=&#34;&amp;b=&#39;&#60;"),
    ],
)
def test_a_target_cannot_leave_its_attribute(quotes: str, written: str) -> None:
    parts = read_mail(HTML.format(c="").encode(), None, OPTIONS)
    span = target_in_html("https://x.example/?a=\"&b='<", parts.html, 0, 1, quotes)
    assert span.written == (written.encode(),)


def test_a_made_text_has_the_targets_and_the_values_in_them() -> None:
    parts = read_mail(b'<p>Hi {{ name }} <a href="https://x.example/?c={{ city }}&amp;d=1">Go</a></p>', None, OPTIONS)
    (spot,) = parts.scan.spots
    placed = [target_in_html("https://x.example/?c={{ city }}&d=1", parts.html, spot.start, spot.stop, spot.quote)]
    text = made_text(parts, placed, BASE)
    assert joined(text, {"city": "Å b"}).decode() == "Hi {{ name }} Go (https://x.example/?c=%C3%85%20b&d=1)\n"
    assert joined(text, {}).decode() == "Hi {{ name }} Go (https://x.example/?c=&d=1)\n"
