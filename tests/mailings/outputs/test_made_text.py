"""The plain-text part that is made from the HTML."""

from __future__ import annotations

from linktrack.mailings.addresses import ReadingOptions, read_mail
from linktrack.mailings.compile import PlacedSpan
from linktrack.mailings.outputs.made_text import made_text

BASE = "https://click.example.com"


def text_of(html: str) -> str:
    parts = read_mail(html.encode(), None, ReadingOptions(BASE))
    spots = [address for address in parts.addresses if not address.reason]
    placed = [PlacedSpan(f"key{'abcdef'[number]}", spot.start, spot.stop) for number, spot in enumerate(spots)]
    return made_text(parts, placed, BASE).copy_for("TOKEN").decode()


def test_paragraphs_lists_links_and_pictures() -> None:
    html = """<html><head><title>No</title><style>p{}</style></head><body>
      <h1>Hej   {{ name }}!</h1><p>One<br>two &amp; three</p>
      <ul><li>a</li><li>b</li></ul>
      <table><tr><td>x</td><td>y</td></tr></table>
      <a href="https://shop.example/x"><img alt="Buy" src="i.png"></a>
      <a href="https://shop.example/y">https://shop.example/y</a> <a href="mailto:a@b.example">a@b.example</a>
      <div style="display: none">hidden</div><!-- comment --><!--[if mso]><a href="https://o.example">o</a><![endif]-->
      </body></html>"""
    assert text_of(html) == (
        "Hej {{ name }}!\n\nOne\ntwo & three\n\n* a\n* b\n\nx y\n\n"
        f"Buy ({BASE}/keya/TOKEN) {BASE}/keyb/TOKEN a@b.example\n"
    )


def test_merge_tags_survive_and_braces_do_not_break_the_markup() -> None:
    assert text_of('<p title="{{ x "y" }}">{{ a < b }} *|C|*</p>') == "{{ a < b }} *|C|*\n"


def test_an_empty_mail_gives_an_empty_text() -> None:
    assert text_of("") == "\n"


def test_deep_nesting_is_no_error() -> None:
    assert text_of("<div>" * 3000 + "x" + "</div>" * 3000) == "x\n"


def test_merge_tags_of_a_further_dialect_survive_too() -> None:
    parts = read_mail(b"<p>Hi ##first  name##, a&amp;b</p>", None, ReadingOptions(BASE, merge_tags=(("##", "##"),)))
    assert made_text(parts, [], BASE).copy_for("TOKEN").decode() == "Hi ##first  name##, a&b\n"


def test_addresses_stand_in_the_sentence() -> None:
    assert text_of('<p>Go <a href="https://shop.example/x">there</a>, <a href="tel:+46-1">call</a>, '
                   '<a href="mailto:a@b.example?subject=x">write</a> or <a href="#top">go up</a>.</p>') == (
        f"Go there ({BASE}/keya/TOKEN), call (+46-1), write (a@b.example) or go up.\n"
    )  # fmt: skip


def test_what_is_hidden_stays_hidden_until_its_end() -> None:
    html = (
        "<div style='display:none'>a<div>b</div><p>c</div>d<span style='DISPLAY : NONE'>e</span>f"
        "<select><option>g</select><textarea>h</textarea>i<svg><text>j</text></svg>k"
    )
    assert text_of(html) == "dfik\n"


def test_characters_that_the_text_uses_for_itself_are_dropped() -> None:
    assert text_of("<p>a\ue0000\ue001b\ue002c\ue003d\ue004e") == "a0bcde\n"


def test_links_that_nobody_closed_end_with_what_is_around_them() -> None:
    html = '<table><tr><td><a href="https://shop.example/x">x<td><a href="https://shop.example/y">y</table>z'
    assert text_of(html) == f"x ({BASE}/keya/TOKEN) y ({BASE}/keyb/TOKEN)\n\nz\n"
