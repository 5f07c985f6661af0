"""The click map: which badge stands where, what it says, and what stands in the list beside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reports.drawing.drawn_tree import elements, faults, parsed, words
from reports.map_world import draw, placements, read
from reports.reports_world import Oracle

from linktrack.reports.breakdowns import clickers_together
from linktrack.reports.click_map import MapPlacement, shared_badges
from linktrack.reports.figures import Scope

SAMPLES = Path(__file__).parent.parent.parent / "sample_mailings"
BUTTON = (
    '<!--[if mso]><v:roundrect href="{0}"><center>Go</center></v:roundrect><![endif]-->'
    '<!--[if !mso]><!--><a href="{0}">Go</a><!--<![endif]-->'
)
A, B, C = "https://example.com/a", "https://example.com/b", "https://example.com/c"


def badges(srcdoc: str) -> list[dict[str, str]]:
    return [one.attributes for one in elements(srcdoc) if "data-placement" in one.attributes]


# mail → the keys of each badge in the order of the drawing (k1, k2 … as the tracked addresses stand in the source)
STAND = {
    "a link": (f'<a href="{A}">x</a>', ["k1"]),
    "the same address twice": (f'<a href="{A}">x</a><a href="{A}">y</a>', ["k1", "k2"]),
    "a link without words": (f'<a href="{A}"></a>', ["k1"]),
    "a link that is a picture": (f'<a href="{A}"><img src="a.png" width="9" alt="x"></a>', ["k1"]),
    "links in tables in tables": (
        f'<table><tr><td><table><tr><td><a href="{A}">x</a></table><td><a href="{B}">x</a></table>',
        ["k1", "k2"],
    ),
    "links that are not tracked have none": (
        f'<a href="mailto:a@example.com">x</a><a href="#a">x</a><a href="{A}" data-track="off">x</a><a href="{B}">x</a>',
        ["k1"],
    ),
    "a link with merge tags": (f'<a {{{{#if x}}}}href="{A}?x={{{{ id }}}}"{{{{/if}}}}>{{{{ name }}}}</a>', ["k1"]),
    "a link in a conditional comment": (f'<!--[if mso]><a href="{A}">x</a><![endif]--><a href="{B}">y</a>', ["k2"]),
    "a button of VML and its twin": (BUTTON.format(A), ["k1 k2"]),
    "a button of Outlook's links and its twin": (BUTTON.format(A).replace("v:roundrect", "a"), ["k1 k2"]),
    "a twin that stands before": (f'<a href="{A}">x</a><!--[if mso]><v:rect href="{A}"></v:rect><![endif]-->', ["k1 k2"]),
    "a button of VML around its twin": (
        f'<!--[if mso]><v:rect href="{A}"><center><![endif]--><a href="{A}">x</a><!--[if mso]></center></v:rect><![endif]-->',
        ["k1 k2"],
    ),
    "VML with a link in it, and a twin": (
        f'<!--[if mso]><v:rect href="{A}"><a href="{A}">x</a></v:rect><![endif]--><a href="{A}">x</a>',
        ["k1 k2 k3"],
    ),
    "two buttons, one behind the other": (BUTTON.format(A) + BUTTON.format(B), ["k1 k2", "k3 k4"]),
    "two buttons with the same address": (BUTTON.format(A) + BUTTON.format(A), ["k1 k2", "k3 k4"]),
    "two buttons of Outlook, then two twins": (
        f'<!--[if mso]><v:rect href="{A}"></v:rect><v:rect href="{B}"></v:rect><![endif]-->'
        f'<a href="{A}">x</a><a href="{B}">x</a>',
        ["k1 k3", "k2 k4"],
    ),
    "of two twins that stand before, the nearer one": (
        f'<a href="{A}">x</a><a href="{A}">y</a><!--[if mso]><v:rect href="{A}"></v:rect><v:rect href="{B}"></v:rect><![endif]-->',
        ["k1", "k2 k3"],
    ),
    "VML without a twin": (f'<!--[if mso]><v:rect href="{A}"></v:rect><![endif]--><a href="{B}">x</a>', ["k2"]),
    "VML whose address stands again far away": (
        f'<!--[if mso]><v:rect href="{A}"></v:rect><![endif]--><a href="{B}">x</a><a href="{C}">x</a><a href="{A}">x</a>',
        ["k2", "k3", "k4"],
    ),
    "VML in no comment is seen": (f'<v:rect href="{A}">x</v:rect>', ["k1"]),
    "areas of a picture": (
        f'<img usemap="#m" src="a"><map name="m"><area shape=rect coords="0,0,10,10" href="{A}">'
        f'<area shape=circle coords="50,50,9" href="{B}"></map>',
        ["k1", "k2"],
    ),
    "areas before their picture": (
        f'<map name="m"><area coords="0,0,10,10" href="{A}"></map><a href="{B}"><img usemap="#m" src="a"></a>',
        ["k2", "k1"],
    ),
    "areas that no picture uses": (f'<img usemap="#n"><map name="m"><area coords="0,0,9,9" href="{A}"></map>', []),
    "areas of a picture that is hidden once": (
        f'<img usemap="#m" style="display:none"><img usemap="#m"><map name="m"><area coords="0,0,9,9" href="{A}"></map>',
        ["k1"],
    ),
    "links of a drawing": (
        f'<p><svg><a xlink:href="{A}"><rect x=1 y=2 /></a><a href="{B}"><text y=9>x</text></a></svg>', ["k1", "k2"],
    ),
    "a link that is hidden": (f'<div style="display:none"><a href="{A}">x</a></div><a href="{B}">y</a>', ["k2"]),
    "links that were never closed": (f'<a href="{A}">x<p><a href="{B}">y<p>z', ["k1", "k2"]),
    "links in crossed tags": (f'<b><a href="{A}"><i>x</b>y</a></i><table><a href="{B}">z</table>', ["k1", "k2"]),
    "single quotes, none, and capitals": (f"<A HREF='{A}'>x</A><a href={B}>y</a>", ["k1", "k2"]),
}  # fmt: skip


@pytest.mark.parametrize("case", STAND)
def test_where_badges_stand(case: str) -> None:
    html, wanted = STAND[case]
    parts = read(html)
    placed = placements(parts)
    drawn = draw(parts, placed)
    assert [one["data-placement"] for one in badges(drawn.srcdoc)] == wanted
    assert faults(drawn.srcdoc.replace(_head_of(drawn.srcdoc), "", 1)) == []
    with_badge = {key for keys in wanted for key in keys.split()}
    assert [row.placement.key for row in drawn.rows] == [one.key for one in placed]
    assert {row.placement.key for row in drawn.rows if row.badge} == with_badge
    assert all(row.placement.key in row.badge.keys for row in drawn.rows if row.badge)


def _head_of(srcdoc: str) -> str:
    """What is ours before the mail."""
    return srcdoc[: srcdoc.index("</style>") + len("</style>")]


@pytest.mark.parametrize(
    "charset", ["utf-8", "cp1252", "utf-16", "iso2022_jp", "shift_jis", "gb18030"], ids=lambda name: f"a mail in {name}"
)
def test_a_badge_stands_in_its_link_in_every_encoding(charset: str) -> None:
    word = "Fjällbris" if charset in ("utf-8", "cp1252", "utf-16") else "東京ソ"
    html = f'<meta charset="{charset.replace("cp1252", "windows-1252").replace("2022_jp", "-2022-jp")}">'
    html += f'<p>{word} <a href="{A}">{word} 1</a> <a href="{B}">{word} 2</a></p>'
    parts = read(html.encode(charset))
    srcdoc = draw(parts, placements(parts, [5, 7])).srcdoc
    said = {}
    for link in parsed(srcdoc).iter("a"):
        (badge,) = (one for one in link if one.get("data-placement"))
        said[badge.get("data-placement")] = badge.tail
    assert said == {"k1": f"{word} 1", "k2": f"{word} 2"}


def test_a_badge_says_its_figures_and_begins_with_its_rank() -> None:
    parts = read(f'<a href="{A}">x</a><a href="{B}">y</a><a href="{C}">z</a><a href="{A}#">w</a>')
    srcdoc = draw(parts, placements(parts, [3, 9, 3, 0])).srcdoc
    root = parsed(srcdoc)
    spans = [one for one in root.iter("span") if one.get("data-placement")]
    assert [
        (one.get("data-clicks"), one.get("data-clickers"), one.get("data-machine-clicks"), one.get("data-heat"))
        for one in spans
    ] == [("3", "1", "1", "2"), ("9", "4", "3", "5"), ("3", "1", "1", "2"), ("0", "0", "0", "0")]
    assert ["".join(one.itertext()) for one in spans] == ["2 · 3", "1 · 9", "2 · 3", "4 · 0"]
    assert spans[1].get("title") == '9 clicks & "3" of machines'
    assert [one.get("data-heat") for one in root.iter("a")] == ["2", "5", "2", "0"]


def test_twins_have_the_better_rank_their_clicks_together_and_each_clicker_once() -> None:
    parts = read(BUTTON.format(A) + f'<a href="{B}">x</a>')
    placed = placements(parts, [4, 10, 7])
    assert shared_badges(parts, placed) == [("k1", "k2")]
    drawn = draw(parts, placed)
    (shared, alone) = badges(drawn.srcdoc)
    assert (shared["data-placement"], shared["data-clicks"], shared["data-clickers"], shared["data-machine-clicks"]) == (
        "k1 k2", "14", "6", "4",
    )  # fmt: skip
    assert [row.rank for row in drawn.rows] == [3, 1, 2]
    assert drawn.rows[0].badge == drawn.rows[1].badge
    assert drawn.rows[0].badge is not None and drawn.rows[0].badge.rank == 1
    assert (shared["data-heat"], alone["data-heat"]) == ("5", "3")


def test_what_is_not_displayed_and_what_stands_in_the_text_is_in_the_list_alone() -> None:
    parts = read(f'<!--[if mso]><a href="{A}">x</a><![endif]--><a href="{B}">y</a>', f"Look: {A} and {C}")
    header = MapPlacement("kh", "unsubscribe", "Unsubscribe", "List-Unsubscribe", "header", "header", 0, 8, 8, 0)
    placed = [header, *placements(parts, [5, 4, 3, 9])]
    drawn = draw(parts, placed)
    assert [(row.placement.key, row.rank, row.badge is not None) for row in drawn.rows] == [
        ("kh", 2, False), ("k1", 3, False), ("k2", 4, True), ("k3", 5, False), ("k4", 1, False),
    ]  # fmt: skip
    assert [one["data-placement"] for one in badges(drawn.srcdoc)] == ["k2"]


def test_a_mail_that_nobody_clicked_has_cold_badges_of_one_rank() -> None:
    parts = read(f'<a href="{A}">x</a><a href="{B}">y</a>')
    drawn = draw(parts, placements(parts, [0, 0]))
    assert [(one["data-heat"], one["data-clicks"]) for one in badges(drawn.srcdoc)] == [("0", "0"), ("0", "0")]
    assert [row.rank for row in drawn.rows] == [1, 1]


def test_a_mail_without_placements_is_drawn() -> None:
    parts = read("<p>Nothing to click</p>")
    drawn = draw(parts, [])
    assert drawn.rows == ()
    assert words(drawn.srcdoc) == "Nothingtoclick"


PICTURES = {
    "of the web": ("https://example.com/a.png", "https://example.com/a.png"),
    "of the web, in clear": ("http://example.com/a.png?b=1&amp;c=2", "http://example.com/a.png?b=1&c=2"),
    "of the web without a scheme": ("//example.com/a.png", "https://example.com/a.png"),
    "with blanks and quotes": (" https://example.com/a &quot;b&quot;'.png ", "https://example.com/a%20%22b%22%27.png"),
    "of the mail": ("cid:a@example.com", None),
    "in itself": ("data:image/png;base64,AAAA", None),
    "of the machine": ("file:///etc/passwd", None),
    "of nowhere": ("a.png", None),
    "of a person": ("https://example.com/{{ id }}.png", None),
    "of a host that browsers refuse": ("https://exa mple.com/a.png", None),
    "of a script": ("javascript:alert(1)", None),
    "none": ("", None),
}


@pytest.mark.parametrize("case", PICTURES)
def test_pictures(case: str) -> None:
    source, wanted = PICTURES[case]
    html = f'<img src="{source}" width="10" height="20" alt="A"><table background="{source}"></table>'
    parts = read(html)
    for images in (False, True):
        srcdoc = draw(parts, [], images=images).srcdoc
        (image,) = (one for one in elements(srcdoc) if one.name == "img")
        (table,) = (one for one in elements(srcdoc) if one.name == "table")
        assert image.attributes.get("src") == table.attributes.get("background") == (wanted if images else None)
        assert (image.attributes["width"], image.attributes["height"], image.attributes["alt"]) == ("10", "20", "A")
        assert ("img-src https: http:" in srcdoc) is images


def test_pictures_hang_on_the_base_of_the_mail_and_styles_have_them_too() -> None:
    html = '<base href="https://example.com/news/"><img src="a.png"><p style="background:#fff url(b.png)">x</p>'
    srcdoc = draw(read(html), [], images=True).srcdoc
    found = {one.name: one.attributes for one in elements(srcdoc)}
    assert found["img"]["src"] == "https://example.com/news/a.png"
    assert found["p"]["style"] == 'background:#fff url("https://example.com/news/b.png")'


def test_the_policy_is_the_first_thing_in_the_frame() -> None:
    srcdoc = draw(read("<html><head><title>x</title></head><body>y</body></html>"), []).srcdoc
    assert srcdoc.startswith('<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src \'none\';')
    assert "script-src" not in srcdoc


def test_no_address_and_nothing_that_acts_is_in_the_maps_of_the_samples() -> None:
    for path in SAMPLES.glob("*.html"):
        parts = read(path.read_bytes())
        placed = placements(parts)
        drawn = draw(parts, placed)
        mail = drawn.srcdoc.replace(_head_of(drawn.srcdoc), "", 1)
        assert faults(mail) == []
        assert not re.search(r"(?i)<[^>]*\b(?:href|src|action)\s*=", mail)
        seen = [key for one in badges(drawn.srcdoc) for key in one["data-placement"].split()]
        assert sorted(seen) == sorted(row.placement.key for row in drawn.rows if row.badge)
        assert len(seen) == len(set(seen)) == len(placed)


def test_clickers_together_are_counted_once(oracle: Oracle) -> None:
    by_key: dict[str, set[tuple[int, int]]] = {}
    for one in oracle.human(oracle.shipments("spring")):
        by_key.setdefault(one.placement, set()).add((one.shipment, one.recipient))
    first, second, third, fourth, *_ = sorted(by_key)
    groups = [(first, second), (third, fourth)]
    wanted = {group: len(by_key[group[0]] | by_key[group[1]]) for group in groups}
    assert any(wanted[one, other] < len(by_key[one]) + len(by_key[other]) for one, other in groups)
    with oracle.world.database() as database:
        assert clickers_together(database, Scope(mailing=1), groups) == wanted
        assert clickers_together(database, Scope(mailing=2), groups) == dict.fromkeys(groups, 0)
        assert clickers_together(database, Scope(mailing=1), []) == {}
