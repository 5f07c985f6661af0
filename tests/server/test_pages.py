"""The pages: what stands in them, in whose look, and what they may do."""

from __future__ import annotations

import base64
import os
import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from linktrack.errors import BadInput
from linktrack.server import pages as pages_of_ours
from linktrack.server.page_values import TEMPLATES as PAGE_TEMPLATES
from linktrack.server.page_values import names_for
from linktrack.server.pages import Look, Pages, logo_address, text_colour_on
from linktrack.server.site import Page, TypeRow
from linktrack.server.words import WORDS

TEMPLATES = Path(pages_of_ours.__file__).parent / "templates"

ROWS = [TypeRow("News & <b>", True, "News%20%26%20%3Cb%3E"), TypeRow("Offers", False, "Offers")]


def every_page(pages: Pages) -> dict[str, Page]:
    return {
        "text": pages.text("<p>Thanks</p>"),
        "confirm": pages.confirm("www.example.com"),
        "confirm a text": pages.confirm(""),
        "unsubscribe": pages.unsubscribe("News"),
        "unsubscribe from all": pages.unsubscribe(""),
        "unsubscribed": pages.unsubscribed("News"),
        "unsubscribed from all": pages.unsubscribed(""),
        "over": pages.over("News"),
        "forgotten": pages.forgotten,
        "subscriptions": pages.subscriptions(ROWS),
        "saved": pages.saved(ROWS),
        "saved without a list": pages.saved([]),
        "view-online": pages.view_online("<p>Hej</p>"),
        "not found": pages.not_found,
    }


class _Shape(HTMLParser):
    """What of a page matters to a person who does not see it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.language = ""
        self.unnamed = 0
        self.scripted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.language = given.get("lang") or self.language
        self.unnamed += tag == "img" and not given.get("alt")
        self.unnamed += tag == "iframe" and not given.get("title")
        self.scripted += tag == "script" or any(name.startswith("on") for name in given)


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("case", every_page(Pages(Look("x"))))
def test_every_page_has_a_language_a_title_and_one_heading_and_no_script(case: str, language: str) -> None:
    page = every_page(Pages(Look("Fjäll & Co", language)))[case]  # type: ignore[arg-type]
    shape = _Shape()
    shape.feed(page.body.decode())
    assert shape.language == language and shape.tags.count("title") == 1
    assert (shape.unnamed, shape.scripted) == (0, 0)
    assert shape.tags.count("h1") == (0 if case in ("text", "view-online") else 1)
    assert "main" in shape.tags or case == "view-online"
    assert b"Fj\xc3\xa4ll &amp; Co" in page.body


@pytest.mark.parametrize("case", every_page(Pages(Look("x"))))
def test_a_policy_lets_its_own_style_through_and_nothing_else(case: str) -> None:
    page = every_page(Pages(Look("x")))[case]
    assert page.policy.startswith("default-src 'none'; ") and "frame-ancestors 'none'" in page.policy
    assert "script" not in page.policy
    if case == "view-online":
        assert "style-src 'unsafe-inline'" in page.policy
        return
    (style,) = re.findall(r"<style>(.*?)</style>", page.body.decode(), re.DOTALL)
    print_ = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{print_}';" in page.policy and "unsafe" not in page.policy
    assert "http" not in page.policy


def test_both_languages_say_the_same_things() -> None:
    assert WORDS["en"].keys() == WORDS["sv"].keys()
    assert all(WORDS["en"][name] != WORDS["sv"][name] for name in WORDS["en"])


def test_what_the_catalogue_says_is_escaped() -> None:
    body = Pages(Look("x")).subscriptions(ROWS).body.decode()
    assert "News &amp; &lt;b&gt;" in body and 'action="?off=News%20%26%20%3Cb%3E"' in body


def test_a_text_can_neither_run_nor_load_what_is_not_rich_text() -> None:
    body = (
        Pages(Look("x"))
        .text(
            '<h1>Hi</h1><script>alert(1)</script><p onclick="x()" style="color:red">a</p><a href="javascript:x()">b</a>'
            '<iframe src="https://e.example"></iframe><form action="/"><input></form>'
        )
        .body.decode()
    )
    assert "<h1>Hi</h1>" in body and "<p>a</p>" in body
    for never in ("<script", "onclick", "javascript:", "<iframe", "<form", "<input"):
        assert never not in body


def test_the_look_is_the_workspace_s() -> None:
    body = Pages(
        Look("x", accent="#ffee00", background="#102030", logo="data:image/png;base64,AA==")
    ).not_found.body.decode()
    assert "--accent: #ffee00; --on-accent: #000000;" in body
    assert "--page: #102030; --text: #ffffff" in body
    assert '<img src="data:image/png;base64,AA==" alt="x">' in body


@pytest.mark.parametrize(
    ("colour", "text"), [("#ffffff", "#000000"), ("#000000", "#ffffff"), ("#0b57d0", "#ffffff"), ("#ffee00", "#000000")]
)
def test_text_on_a_colour_can_be_read(colour: str, text: str) -> None:
    assert text_colour_on(colour) == text


def test_a_template_of_one_s_own_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "not-found.html").write_text("<p>Gone, {{ look.name }} &amp; {{ '<' }}</p>", "utf-8")
    pages = Pages(Look("A&B"), tmp_path)
    assert pages.not_found.body == b"<p>Gone, A&amp;B &amp; &lt;</p>"
    assert b"<h1>Unsubscribe</h1>" in pages.unsubscribe("x").body


WRONG: dict[str, bytes] = {
    "text out of nothing": b"{{ lipsum(n=1000000) }}",
    "blanks out of nothing": b"{{ 'x'|center(1000000000) }}",
    "a broken tag": b"{% if %}",
    "a tag without its end": b"{% if 1 %}",
    "a name that is not there": b"{{ nope }}",
    "a name of a name that is not there": b"{{ nope.x.y }}",
    "a missing parent": b"{% extends 'no.html' %}",
    "a missing part": b"{% include 'no.html' %}",
    "a filter that is none": b"{{ title | nope }}",
    "an impossible number": b"{{ 1/0 }}",
    "an impossible sum": b"{{ 1 + 'x' }}",
    "an impossible index": b"{{ title['x'].y }}",
    "what would never end": b"{% for x in range(10**9) %}{% endfor %}",
    "what calls itself": b"{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "loops in loops": b"{% for x in range(90000) %}{% for y in range(90000) %}{% endfor %}{% endfor %}",
    "a text without an end": b"{{ 'x' * 10**9 }}",
    "a number without an end": b"{{ 9 ** (9 ** 9) }}",
    "bytes that are no UTF-8": b"R\xe4ksm\xf6rg\xe5s",
    "half a character": b"{{ '\\ud83d' }}",
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("name", sorted(path.name for path in TEMPLATES.glob("*.html")))
def test_a_template_that_cannot_be_used_is_said_at_once_with_its_line(tmp_path: Path, name: str, case: str) -> None:
    (tmp_path / name).write_bytes(b"<p>\n" + WRONG[case])
    with pytest.raises(BadInput, match="this template") as caught:
        Pages(Look("x"), tmp_path)
    if case == "half a character":  # which shows in the whole page alone
        assert str(caught.value.file).startswith(str(tmp_path))
    else:
        assert (caught.value.file, caught.value.line) == (str(tmp_path / name), 2)


ENDLESS = {
    "rows of a list that are filled up": "{{ [1]|batch(10**9,'x')|list|length }}",
    "a list in very many pieces": "{{ [1]|slice(9)|list|length }}",
    "a deep indent": "{{ 'a'|indent(999999999) }}",
    "JSON with a deep indent": "{{ [1,[2]]|tojson(indent=999999999) }}",
    "a number of very many digits": "{{ '%0999999999d'|format(1) }}",
    "the same as an operator": "{{ '%0999999999d' % 1 }}",
    "a method of a text": "{{ 'x'.ljust(999999999) }}",
    "replacing": "{{ title|replace('', title) }}",
    "a text that doubles": "{% set a = title ~ title %}",
    "a sum that doubles": "{% if title %}{% set a = title + title %}{% endif %}",
    "a list that doubles": "{% set a = [title, title] %}",
    "a block that doubles": "{% set a %}{{ title }}{{ title }}{% endset %}",
    "a namespace": "{% set n = namespace(x=title) %}",
    "a product": "{{ title * 2 }}",
    "a macro": "{% macro a() %}{% endmacro %}",
    "an import": "{% import 'part.html' as part %}",
    "a block that calls itself": "{% block a %}{{ self.a() }}{% endblock %}",
    "a loop in a loop": "{% for x in types %}{% for y in types %}{% endfor %}{% endfor %}",
    "a loop over a text": "{% for x in title %}{% endfor %}",
    "a loop over a text of another name": "{% for x in [title]|first %}{% endfor %}",
    "a loop that calls itself": "{% for x in types recursive %}{{ loop(types) }}{% endfor %}",
    "a template in a loop": "{% for x in types %}{% include 'part.html' %}{% endfor %}",
    "other types": "{% set types = title %}",
    "super() twice in a block": "{% block a %}{{ super() }}{% if title %}{{ super() }}{% endif %}{% endblock %}",
    "super() in a condition too": "{% block a %}{% if super() %}{{ super() }}{% else %}-{% endif %}{% endblock %}",
    "super() in a loop": "{% block a %}{% for x in types %}{{ super() }}{% endfor %}{% endblock %}",
    "autoescape": "{% autoescape false %}{{ title }}{% endautoescape %}",
    "join with an attribute": "{{ types|join(attribute='type') }}",
    "map with something instead": "{{ title|map(attribute='no', default=title)|list }}",
}


@pytest.mark.parametrize("case", ENDLESS)
def test_what_may_have_no_end_is_refused_when_a_template_is_read(tmp_path: Path, case: str) -> None:
    (tmp_path / "saved.html").write_text(f"<p>\n{ENDLESS[case]}")
    (tmp_path / "part.html").write_text("x")
    with pytest.raises(BadInput, match=r"a page's template|in a page's template") as caught:
        Pages(Look("x"), tmp_path)
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "saved.html"), 2)


def test_a_page_that_is_too_long_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "view-online.html").write_text("{{ mail|list|join(mail) }}")
    pages = Pages(Look("x"), tmp_path)
    with pytest.raises(BadInput, match="longer than 20,000,000 characters"):
        pages.view_online("x" * 5000)


def test_each_way_of_an_if_may_have_what_stood_in_the_block(tmp_path: Path) -> None:
    (tmp_path / "part.html").write_text("{% block a %}x{% endblock %}")
    (tmp_path / "saved.html").write_text(
        "{% extends 'part.html' %}{% block a %}{% if types %}{{ super() }}y{% else %}z{{ super() }}{% endif %}{% endblock %}"
    )
    assert Pages(Look("x"), tmp_path).saved(ROWS).body == b"xy"


def test_includes_that_double_and_say_nothing_have_an_end(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"part{number}.html").write_text(f"{{% include 'part{number + 1}.html' %}}" * 2)
    (tmp_path / "part30.html").write_text("")
    (tmp_path / "saved.html").write_text("{% include 'part0.html' %}")
    with pytest.raises(BadInput, match="made of more than 1,000 templates"):
        Pages(Look("x"), tmp_path)


def test_a_template_may_choose_name_and_put_in_order(tmp_path: Path) -> None:
    (tmp_path / "part.html").write_text("{{ words.subscribed|lower }}")
    (tmp_path / "saved.html").write_text(
        "{% set name = look.name|upper %}{{ name ~ ':' }}{% for one in types|sort(attribute='type') if one.has %}"
        "{{ loop.index + 1 }}{{ one.type|e }}{% if loop.last and loop.index is odd %}!{% endif %}{% endfor %}"
        "{{ types|map(attribute='query')|join(d=', ') }}{% for x in ['a', 'b'] %}{{ x }}{% endfor %}{% include 'part.html' %}"
    )
    body = Pages(Look("a"), tmp_path).saved(ROWS).body.decode()
    assert body == "A:2News &amp; &lt;b&gt;!News%20%26%20%3Cb%3E, Offersabyou get it"


NAMES = {
    "subscription.html": "did you mean 'subscriptions.html'?",
    "Unsubscribe.html": "did you mean 'unsubscribe.html'?",
    "unsubscribe.htm": "did you mean 'unsubscribe.html'?",
    "confirm": "did you mean 'confirm.html'?",
    "footer.j2": "a page's template is called base.html, ",
    **dict.fromkeys(
        ("foot.html", "parts", "README", "logo.svg", ".unsubscribe.html.swp", "text.html~", "text.html.bak"), ""
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_was_meant_for_a_page_and_makes_none_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.html").write_text("{% if text == '-' %}{% include 'foot.html' %}{% endif %}{{ text }}")
    (tmp_path / "foot.html").write_text("{% include 'parts/x.html' %}")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "x.html").write_text("x")
    if name not in ("foot.html", "parts"):
        (tmp_path / name).write_text("x")
    pages = Pages(Look("x"), tmp_path)
    assert pages.text("-").body == b"x-"
    said = pages.unused_templates
    assert len(said) == bool(NAMES[name]) and all(str(tmp_path / name) in one and NAMES[name] in one for one in said)


@pytest.mark.parametrize("kind", ["folder", "pipe", "lost link"])
def test_what_stands_in_a_template_s_place_is_a_file(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "unsubscribe.html"
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("no")
    with pytest.raises(BadInput, match=r"is no plain file|leads nowhere") as caught:
        Pages(Look("x"), tmp_path)
    assert caught.value.file == str(place)


def test_a_template_that_is_missing_is_answered_with_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "text.html").write_text("{% include 'pages/foot.html' %}")
    (tmp_path / "foot.html").write_text("x")
    with pytest.raises(BadInput, match=r"no template 'pages/foot.html'; there are base.html, confirm.html, foot.html"):
        Pages(Look("x"), tmp_path)


def test_an_undefined_name_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "unsubscribe.html").write_text("{{ name }}")
    with pytest.raises(BadInput) as caught:
        Pages(Look("x"), tmp_path)
    assert caught.value.sentence.endswith(
        "'name' is undefined; unsubscribe.html may name look, on_accent, on_background, over, title, type, words"
    )


def test_every_template_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    for name, text in (("text.html", "\n{{ nope }}"), ("saved.html", "{% if %}"), ("confirm.html", "{{ 1/0 }}")):
        (tmp_path / name).write_text(text)
    with pytest.raises(BadInput) as caught:
        Pages(Look("x"), tmp_path)
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "text.html"), 2)
    for place in ("saved.html:1: this template", "confirm.html:1: this template"):
        assert caught.value.sentence.count(f"{tmp_path}/{place}") == 1


class _Recording(Pages):
    """Pages that keep what each template is given."""

    given: dict[str, list[set[str]]]

    def _page(self, template: str, title: str, *, forms: bool = True, **values: object) -> Page:
        self.__dict__.setdefault("given", {}).setdefault(template, []).append(set(values))
        return super()._page(template, title, forms=forms, **values)


def test_what_is_said_of_templates_is_so(tmp_path: Path) -> None:
    pages = _Recording(Look("x"))
    assert {"base.html", *pages.given} == set(PAGE_TEMPLATES) == {path.name for path in TEMPLATES.glob("*.html")}
    for template, given in pages.given.items():
        assert all(names == set(PAGE_TEMPLATES[template].values) for names in given), template
        posted = set(re.findall(r'action="([^"{]*)', (TEMPLATES / template).read_text("utf-8")))
        assert all(one in PAGE_TEMPLATES[template].posts for one in posted), template
    for template in PAGE_TEMPLATES:
        (tmp_path / template).write_text("".join(f"{{{{ {name} }}}}" for name in names_for(template)))
    Pages(Look("x"), tmp_path)


def test_a_template_that_includes_itself_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.html").write_text("<p>\n{% include 'text.html' %}")
    with pytest.raises(BadInput, match="itself without end") as caught:
        Pages(Look("x"), tmp_path)
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "text.html"), 2)


def test_what_goes_wrong_with_some_values_alone_is_said_too(tmp_path: Path) -> None:
    (tmp_path / "text.html").write_text("{{ 1 / (text | length - 10) }}")
    pages = Pages(Look("x"), tmp_path)
    with pytest.raises(BadInput, match="division by zero") as caught:
        pages.text("<b>abc</b>")
    assert caught.value.line == 1


def test_pages_are_tried_with_the_types_that_there_are(tmp_path: Path) -> None:
    for name, text in (
        ("unsubscribed.html", "{% if type == 'Special' %}{{ nope }}{% endif %}"),
        (
            "saved.html",
            "{% for one in types %}{% if one.type == 'Special' and one.has %}{{ nope }}{% endif %}{% endfor %}",
        ),
    ):
        (tmp_path / name).write_text(text)
        Pages(Look("x"), tmp_path)
        with pytest.raises(BadInput, match="'nope' is undefined") as caught:
            Pages(Look("x"), tmp_path, ["News", "Special"])
        assert caught.value.file == str(tmp_path / name)
        (tmp_path / name).unlink()


def test_templates_are_those_of_the_start(tmp_path: Path) -> None:
    (tmp_path / "subscriptions.html").write_text("before")
    pages = Pages(Look("x"), tmp_path)
    (tmp_path / "subscriptions.html").write_text("after{{ nope }}")
    assert pages.subscriptions(ROWS).body == b"before", "until somebody has tried what is there now"


def test_a_logo_is_a_small_picture(tmp_path: Path) -> None:
    logo = tmp_path / "logo"
    for start, kind in ((b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff\xe0", "jpeg"), (b"\n<svg>", "svg+xml")):
        logo.write_bytes(start)
        assert logo_address(logo) == f"data:image/{kind};base64,{base64.b64encode(start).decode()}"
    for data in (b"GIF89a", b"", b"\x89PNG" + bytes(100_000)):
        logo.write_bytes(data)
        with pytest.raises(BadInput):
            logo_address(logo)
