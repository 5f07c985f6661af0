"""The plain-text part that is made from the HTML."""

from __future__ import annotations

from linktrack.mailings.addresses import Options, read_mail
from linktrack.mailings.compile import Placed
from linktrack.mailings.made_text import made_text

BASE = "https://click.example.com"


def text_of(html: str) -> str:
    parts = read_mail(html.encode(), None, Options(BASE))
    spots = [address for address in parts.addresses if not address.reason]
    placed = [Placed(f"key{'abcdef'[number]}", spot.start, spot.stop) for number, spot in enumerate(spots)]
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
