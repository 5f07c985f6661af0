"""The mail that the mailing benchmarks measure: tables, Outlook's comments and VML, text in several languages."""

from __future__ import annotations

_HEAD = (
    '<!doctype html><html lang="sv"><head><meta charset="utf-8"><title>Nyheter</title><style>'
    + "".join(f".c{number}{{padding:{number}px;font:16px/1.4 Arial,sans-serif}}" for number in range(40))
    + "</style></head><body>\n"
)
_ROW = (
    '<table role="presentation" width="600" cellpadding="0" cellspacing="0">'
    '<tr><td class="c1" style="padding:12px 24px">'
    "<p>Hej {{{{ name }}}}, {words}</p>{link}</td></tr></table>\n"
)
_WORDS = "vi har något nytt åt dig – läs mer om årets vår, 春の新作, and all the rest of it. "
_BUTTON = (
    '<!--[if mso]><v:roundrect href="{url}" style="height:40px" arcsize="10%"><center>Läs</center></v:roundrect>'
    '<![endif]--><a href="{url}" class="button" style="background:#036;color:#fff;padding:12px">Läs mer {number}</a>'
)


def make_mail(size: int, links: int) -> bytes:
    """A mail of about `size` bytes with `links` tracked addresses (two to a button)."""
    buttons = [
        _BUTTON.format(url=f"https://shop.example.com/artikel/{number}?a=1&amp;b={number}", number=number)
        for number in range(links // 2)
    ]
    bare = sum(len(_ROW.format(words="", link=button).encode()) for button in buttons)
    room = max(0, size - len(_HEAD.encode()) - bare) // max(1, len(buttons))
    words = _WORDS * max(1, room // len(_WORDS.encode()))
    return (_HEAD + "".join(_ROW.format(words=words, link=button) for button in buttons) + "</body></html>").encode()
