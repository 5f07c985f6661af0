"""The page in a real browser: it asks nobody, runs nothing, fits a phone and a sheet of paper, and can be read by all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from reports.page_world import HOSTILE, LARGE
from server.chromium import chromium
from typer.testing import CliRunner

from linktrack.cli.app import app

pytestmark = pytest.mark.servers

PHONE, DESK = {"width": 380, "height": 780}, {"width": 1100, "height": 900}
A4 = {"width": 687, "height": 1000}  # what is left of it inside the margins of the page, in CSS pixels
PAGES = [
    pytest.param(["--mailing", LARGE], id="one mailing"),
    pytest.param(["--lang", "sv"], id="all mailings, in Swedish"),
    pytest.param(["--mailing", HOSTILE, "--mailing", LARGE], id="a mail that does harm"),
]

# What looks odd to the eye: the whole page wider than its window, or a text that stands out of its place.
WIDER = """() => [...document.querySelectorAll('body *')].filter(
    one => !one.closest('.scroll') && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map(one => one.outerHTML.slice(0, 80))"""


@contextmanager
def opened(browser: Any, path: Path, **look: Any) -> Iterator[Any]:
    """The page in a window; `asked` is what left it, whether answered or not."""
    context = browser.new_context(**{"viewport": DESK, **look})
    page = context.new_page()
    page.asked = []
    page.on("response", lambda response: page.asked.append(response.url))
    page.on("requestfailed", lambda request: page.asked.append(request.url) if request.failure != "csp" else None)
    page.goto(path.as_uri())
    page.wait_for_timeout(100)
    yield page
    context.close()


@pytest.fixture(scope="module", params=PAGES)
def path(request: pytest.FixtureRequest, page_world_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page, which is not to be changed."""
    made = tmp_path_factory.mktemp("made") / "report.html"
    done = CliRunner().invoke(app, ["report", "html", str(made), "--workspace", str(page_world_root), *request.param])
    assert done.exit_code == 0
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as one:
        yield one


def test_no_request_leaves_and_no_script_runs(browser: Any, path: Path) -> None:
    with opened(browser, path) as page:
        title = page.title()
        for frame in page.query_selector_all("iframe"):
            frame.scroll_into_view_if_needed()
        page.mouse.click(300, 300)
        page.wait_for_timeout(300)
        assert page.asked == [path.as_uri()]
        assert page.title() == title
        assert page.url == path.as_uri()
        assert [frame.url for frame in page.frames[1:]] == ["about:srcdoc"] * (len(page.frames) - 1)


def test_a_script_that_was_in_it_would_not_run(browser: Any, path: Path, tmp_path: Path) -> None:
    """The policy by itself, should a text ever not be a text."""
    broken = tmp_path / "broken.html"
    harm = "</h1><script>document.title = 'ran'</script><img src='https://a.example/x'>"
    broken.write_text(path.read_text("utf-8").replace("</h1>", harm), "utf-8")
    with opened(browser, broken) as page:
        assert page.title() != "ran"
        assert page.asked == [broken.as_uri()]


def test_nothing_is_wider_than_a_phone(browser: Any, path: Path) -> None:
    with opened(browser, path, viewport=PHONE) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.evaluate(WIDER) == []
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("width", [800, 1050, 1060, 1100, 1280, 1600])
def test_on_a_desk_no_table_is_cut_and_the_list_beside_the_mail_has_all_its_columns(
    browser: Any, path: Path, width: int
) -> None:
    with opened(browser, path, viewport={"width": width, "height": 900}) as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        cut = """() => [...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth)
            .map(one => one.querySelector('table').dataset.command)"""
        assert page.evaluate(cut) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_texts_of_charts_do_not_touch(browser: Any, path: Path) -> None:
    """On a phone, the label of a bar ends before the figure at its end begins."""
    with opened(browser, path, viewport=PHONE) as page:
        touching = page.evaluate(
            """() => [...document.querySelectorAll('svg.chart text.end:not(.axis)')].filter(end => {
                const label = end.previousElementSibling.getBoundingClientRect(), own = end.getBoundingClientRect()
                return label.right > own.left && label.top < own.bottom && own.top < label.bottom
            }).map(one => one.textContent)"""
        )
        assert touching == []


def test_charts_are_whole_on_paper(browser: Any, path: Path) -> None:
    with opened(browser, path, viewport=A4) as page:
        page.emulate_media(media="print")
        charts = page.evaluate(
            """() => [...document.querySelectorAll('.drawn, .tiles, iframe')].map(one => {
                const box = one.getBoundingClientRect(), style = getComputedStyle(one)
                return [one.className, style.breakInside, box.height, box.width]
            })"""
        )
        assert len(charts) > 8
        for name, inside, height, width in charts:
            assert inside == "avoid", name
            assert height < A4["height"], name
            assert width <= A4["width"] + 1, name
        hidden = page.evaluate(
            "[...document.querySelectorAll('.scroll')].filter(one => getComputedStyle(one).overflowY !== 'visible').length"
        )
        assert hidden == 0
        assert page.evaluate(WIDER) == []
        assert page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("scheme", "window"), [("light", DESK), ("dark", PHONE)], ids=["on a desk", "on a phone at night"]
)
def test_axe_finds_nothing(browser: Any, path: Path, scheme: str, window: dict[str, int]) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe is not installed")
    axe = (Path(package.__file__).parent / "axe.min.js").read_text("utf-8")
    with opened(browser, path, viewport=window, color_scheme=scheme) as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {iframes: false, resultTypes: ['violations']})")
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
        assert len(found["passes"]) > 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_and_letters_have_the_colours_of_the_night_and_day(browser: Any, path: Path, scheme: str) -> None:
    with opened(browser, path, color_scheme=scheme) as page:
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        light = sum(map(int, paper.removeprefix("rgb(").rstrip(")").split(","))) > 3 * 128
        assert light == (scheme == "light")
