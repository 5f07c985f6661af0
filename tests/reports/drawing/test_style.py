"""What of a mail's style is drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports.drawing.drawn_tree import style_faults

from linktrack.reports.drawing.hiding import Shown, hides
from linktrack.reports.drawing.style import safe_declarations, safe_sheet

DECLARATIONS = {
    "looks stay": ("color:red;font-family:'Segoe UI',Arial", "color:red;font-family:'Segoe UI',Arial"),
    "a picture goes, the colour beside it stays": (
        "background:#0f3d3e url(https://evil.example/a.png) no-repeat",
        "background:#0f3d3e none no-repeat",
    ),
    "a picture in quotes goes": ("background:url('https://evil.example/a;b.png')", "background:none"),
    "a box that marks are placed in does not cut them off at its edge": (
        "position:relative;overflow:hidden;border-radius:8px",
        "position:relative;overflow:hidden;border-radius:8px;overflow:clip;overflow-clip-margin:8px;contain:layout",
    ),
    "one that hides all in it does": ("position:relative;overflow:hidden;max-height:0", None),
    "one that they are not placed in stays as it is": ("overflow:hidden;color:red", None),
    "an address in capitals goes": ('background:URL( "//evil.example" )', "background:none"),
    "an address with a blank in it goes with all": ("background:url(https://evil.example/a b)", ""),
    "an address behind an escape goes": (r"background:u\72l(https://evil.example)", ""),
    "an address in an escaped name goes": (r"back\ground:url(https://evil.example)", ""),
    "an address behind a comment goes": ("background:url/**/(https://evil.example)", ""),
    "a comment in a name joins nothing": ("background:ur/**/l(https://evil.example)", ""),
    "a set of pictures goes": ("background:image-set('https://evil.example/a.png' 1x)", ""),
    "an image of a text goes": ("background:image('https://evil.example/a.png')", ""),
    "what only old browsers run goes": ("width:expression(alert(1));color:red", "color:red"),
    "words far out of sight come back": ("text-indent:-9999px;color:red", "text-indent:0;color:red"),
    "a behaviour goes": ("behavior:url(#default#time2)", ""),
    "a binding goes": ("-moz-binding:none", ""),
    "a filter of Outlook goes": ("filter:progid:DXImageTransform.Microsoft.AlphaImageLoader(src='//evil.example')", ""),
    "a gradient stays": ("background:linear-gradient(90deg,#fff,rgba(0,0,0,.5))", None),
    "a length that is reckoned stays": ("width:calc(100% - (2 * 10px))", None),
    "a variable with an address loses it": ("--a:url(https://evil.example);color:var(--a)", "--a:none;color:var(--a)"),
    "a part of the mail itself stays": ("fill:url(#gradient)", 'fill:url("#gradient")'),
    "a merge tag goes with its declaration": ("color:{{ brand }};margin:0", "margin:0"),
    "a quote without its end goes": ("font-family:'Arial;color:red", "color:red"),
    "a string that looks like an address fetches nothing": ("content:'a:b;c'", "content:'a:b;c'"),
    "what is no declaration goes": ("red;;:;color:blue;}", "color:blue"),
    "markup goes nowhere": ("color:red}</style><script>", ""),
    "important stays": ("margin:0 !important", None),
}


@pytest.mark.parametrize("case", DECLARATIONS)
def test_declarations(case: str) -> None:
    given_, wanted = DECLARATIONS[case]
    assert safe_declarations(given_) == (given_ if wanted is None else wanted)


SHEETS = {
    "rules stay": ("td, p { color: red; margin: 0 }", "td, p{color:red;margin:0}"),
    "widths stay": (
        "@media (max-width:600px){.a{width:100%!important}}",
        "@media (max-width:600px){.a{width:100%!important}\n}",
    ),
    "an import goes": ("@import url(https://evil.example/a.css); a{color:red}", "a{color:red}"),
    "an import of a text goes": ("@import 'https://evil.example/a;b{c}.css';a{color:red}", "a{color:red}"),
    "an import behind an escape goes": (r"@\69mport 'https://evil.example';a{color:red}", "a{color:red}"),
    "a font goes": ("@font-face{font-family:x;src:url(//evil.example)}a{color:red}", "a{color:red}"),
    "a font that hides in widths goes": (
        "@media all{@font-face{src:url(//evil.example)}a{color:red}}",
        "@media all{a{color:red}\n}",
    ),
    "a page, a name, a charset go": (
        "@charset 'utf-8';@namespace svg url(//evil.example);@page{margin:0}a{color:red}",
        "a{color:red}",
    ),
    "a dark dress goes": ("@media (prefers-color-scheme: dark){a{color:#fff}}a{color:red}", "a{color:red}"),
    "links are told by what is left of them": (
        "a:link{color:red} .b a:any-link:hover{color:blue} a:visited{color:green}",
        "a[data-linked]{color:red}\n.b a[data-linked]:hover{color:blue}\na:visited{color:green}",
    ),
    "a class that begins like a link is none": (".x:linked{color:red}", ".x:linked{color:red}"),
    "comments go, in rules too": ("<!-- a/*}*/{/*;*/color:red} -->", "a{color:red}"),
    "a comment without its end ends the sheet": ("a{color:red}/* b{color:blue}", "a{color:red}"),
    "a rule without its end is closed": ("a{color:red", "a{color:red}"),
    "rules in rules go, what is beside them stays": ("a{color:red;&:hover{margin:0};top:0}", "a{color:red;top:0}"),
    "a selector with an escape stays": (r".w\:50{width:50%}", r".w\:50{width:50%}"),
    "a selector that opens a string goes": ('a"{color:red}b{top:0}', "b{top:0}"),
    "a selector that opens an address goes": ("url({color:red}b{top:0}", "b{top:0}"),
    "a selector of functions stays": (
        "a:not(.b):nth-child(2n+1)[title='x(y)']{top:0}",
        "a:not(.b):nth-child(2n+1)[title='x(y)']{top:0}",
    ),
    "the end of a sheet does not hide in it": (
        "a{content:'</style><script>alert(1)</script>'}",
        "a{content:'< /style>< script>alert(1)< /script>'}",
    ),
    "braces in strings are no braces": ("a{content:'}';color:red}b{top:0}", "a{content:'}';color:red}\nb{top:0}"),
    "nothing is nothing": ("", ""),
}


@pytest.mark.parametrize("case", SHEETS)
def test_sheets(case: str) -> None:
    given_, wanted = SHEETS[case]
    assert safe_sheet(given_).strip() == wanted.strip()


def test_pictures_that_are_fetched_have_the_address_that_is_given() -> None:
    def fetched(address: str) -> str | None:
        return f"https://example.com/{address}" if address == "a.png" else None

    assert safe_declarations("background:url( 'a.png' ) top,url(b.png)", fetched) == (
        'background:url("https://example.com/a.png") top,none'
    )
    assert safe_sheet("td{background:url(a.png)}", fetched) == 'td{background:url("https://example.com/a.png")}\n'


HIDING = {
    "display:none": True,
    "color:red; DISPLAY : None !important": True,
    "display:none;display:block": False,
    "display:block": False,
    "visibility:hidden": True,
    "max-height:0;overflow:hidden": True,
    "height:0px;overflow:hidden": True,
    "max-height:0": False,
    "overflow:hidden": False,
    "height:0.5px;overflow:hidden": False,
    "height:;overflow:hidden": False,
    "font-size:0": False,
    "": False,
}


@pytest.mark.parametrize("style", HIDING)
def test_what_hides(style: str) -> None:
    assert hides(style) is HIDING[style]


NAMES = {
    "a class that is hidden": (".pre{display:none}", {".pre"}, True),
    "an element's class": ("div.pre, p.other{display:none}", {".pre"}, True),
    "an id": ("#pre{display:none}", {"#pre"}, True),
    "another class": (".pre{display:none}", {".post"}, False),
    "one in another is not judged": (".a .pre{display:none}", {".pre"}, False),
    "a class that narrow windows show": (
        ".small{display:none}@media (max-width:600px){.small{display:block!important}}",
        {".small"},
        False,
    ),
    "a class that narrow windows show, named as an attribute": (
        ".small{display:none}@media (max-width:600px){*[class=\"small\"]{display:block!important}}",
        {".small"},
        False,
    ),
    "a class that every window hides": ("@media only screen and (min-width:9px){.pre{display:none}}", {".pre"}, True),
    "a class that wide windows hide": ("@media screen and (min-width:600px){.pre{display:none}}", {".pre"}, False),
    "a class that is hidden under a condition": ("@supports (top:0){.pre{display:none}}", {".pre"}, False),
    "a class of a layer": ("@layer x{.pre{display:none}}", {".pre"}, True),
    "a frame of an animation": ("@keyframes x{from{display:none}}", {"from"}, False),
    "a class that narrow windows hide": ("@media (max-width:600px){.big{display:none}}", {".big"}, False),
    "a class that only a dark dress shows": (
        ".night{display:none}@media (prefers-color-scheme:dark){.night{display:block}}",
        {".night"},
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES)
def test_what_sheets_hide(case: str) -> None:
    sheet, names, hidden = NAMES[case]
    shown = Shown()
    safe_sheet(sheet, shown=shown)
    assert shown.hides(names, "") is hidden


def test_what_a_style_hides_a_narrow_window_may_show() -> None:
    shown = Shown()
    safe_sheet("@media (max-width:600px){.small{display:block!important}}", shown=shown)
    assert not shown.hides({".small"}, "display:none")
    assert shown.hides({".other"}, "display:none")


def test_what_a_class_hides_a_style_of_its_own_may_show() -> None:
    shown = Shown()
    safe_sheet(".a{display:none}.b{display:none!important}", shown=shown)
    assert [shown.hides({name}, "display:block") for name in (".a", ".b")] == [False, True]


def test_only_what_holds_no_mark_is_hidden_but_by_the_width_of_a_window() -> None:
    drawn = safe_sheet("p > a, a\\,b::after{color:red;display:none}@media (max-width:9px){p{display:none}}")
    where = ":where(:not([data-heat],:has([data-heat])))"
    assert f"p > a{where}, a\\,b::after{{display:none}}" in drawn
    assert "{p{display:none}\n}" in drawn


PIECES = st.sampled_from(
    ["url(", "URL (", "u\\72l(", "//evil.example", "'", '"', ")", "(", ";", "{", "}", "/*", "*/", "@import ", "@media all",
     "@font-face", "a", ":", "color", "background", "image-set(", "<!--", "-->", "</style>", "\\", "\n", " ", ",", "var(--a)",
     "--a", "expression(", "@", "src", "[", "]", "!important"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_style_fetches_anything(text: str) -> None:
    kept = safe_declarations(text)
    assert style_faults(kept) == []
    sheet = safe_sheet(text)
    assert style_faults(sheet) == []


@pytest.mark.parametrize(
    "piece", ["url( ", "'", '"', "{", "(", "/*", "!", "a{", "@media all{", "0", "\\", "!important "]
)
def test_a_long_style_of_anything_is_read_in_the_time_that_a_test_has(piece: str) -> None:
    for text in (piece * 50_000, "max-height:" + piece * 50_000, "a{width:" + piece * 50_000 + "}"):
        safe_declarations(text)
        safe_sheet(text)
        hides(text)
