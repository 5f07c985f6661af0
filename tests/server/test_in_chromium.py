"""The pages as a browser shows them: nothing needs a script, nothing is refused by a policy, all can be read and
reached by keyboard, on 320 pixels, light and dark, in every language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server.chromium import chromium
from server.server_world import SentWorld, make_sent
from server.serving_process import Served, serving
from server.shop import Shop

from linktrack.links.editing import edit_link
from linktrack.links.responses import TextResponse
from linktrack.moments import now
from linktrack.store.session import Database
from linktrack.workspace import Workspace

pytestmark = pytest.mark.servers
pytest.importorskip("granian")

LONG = '[subscriptions]\ntypes = ["Energieffektiviseringsutbildningsinbjudningar", "Erbjudanden till alla återförsäljare"]\n'
RICH = '<h1>Tack!</h1><p>Hej <a href="https://www.example.com/">hej</a></p><pre>' + "x" * 300 + "</pre>"
PAGES = ("thanks", "sure", "unsubscribe", "subscriptions", "view-online")

# What WCAG 2.2 asks of every text: a contrast of 4.5; of what is pressed: 44 pixels; and one heading, a title, a language.
FAULTS = """() => {
  const light = text => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return a === 0 ? null : 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = one => {
    for (; one; one = one.parentElement) {
      const found = light(getComputedStyle(one).backgroundColor);
      if (found !== null) return found;
    }
    return 1;
  };
  const faults = [];
  for (const one of document.querySelectorAll('body *')) {
    if (![...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(one).color), behind(one)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) faults.push('contrast: ' + one.textContent.trim());
  }
  for (const one of document.querySelectorAll('button')) {
    const box = one.getBoundingClientRect();
    if (box.height < 44 || box.right > innerWidth) faults.push('button: ' + one.textContent);
    if (!(one.ariaLabel || one.textContent).trim()) faults.push('a button without a name');
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push('scrolls sideways');
  if (!document.title || !document.documentElement.lang) faults.push('no title or language');
  const headings = document.querySelectorAll('h1').length;
  if (headings !== (document.querySelector('iframe') ? 0 : 1)) faults.push(headings + ' headings');
  return faults;
}"""


@pytest.fixture
def world(workspace: Workspace, database: Database, tmp_path: Path) -> SentWorld:
    made = make_sent(workspace, database, tmp_path, now())
    edit_link(database, "thanks", response=TextResponse(text=RICH))
    return made


@pytest.fixture
def served(world: SentWorld, database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    with world.workspace.config_path.open("a", encoding="utf-8") as settings:
        settings.write(f"\n{LONG}")
    database.close()
    with serving(world.workspace.root, said=tmp_path / "said", LINKTRACK_LANGUAGE=request.param) as server:
        yield server


@pytest.mark.parametrize("served", ["en", "sv"], indirect=True)
def test_every_page_on_a_small_screen_light_and_dark(served: Served, world: SentWorld) -> None:
    at = f"http://127.0.0.1:{served.port}"
    found: dict[str, list[str]] = {}
    asked = 0
    with chromium() as browser:
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme)
            page = context.new_page()
            said: list[str] = []
            page.on("console", lambda message, said=said: said.append(message.text))
            for name in (*PAGES, "saved", "unsubscribed", "not-found"):
                said.clear()
                if name == "saved":
                    page.goto(at + world.path("subscriptions"))
                    page.get_by_role("button").first.click()
                elif name == "unsubscribed":
                    page.goto(at + world.path("unsubscribe", "C2"))
                    page.get_by_role("button").click()
                else:
                    page.goto(at + ("/nowhere" if name == "not-found" else world.path(name)))
                asked += 2 if name in ("saved", "unsubscribed") else 1
                refused = [text for text in said if "404" not in text]  # that of the page itself
                if faults := page.evaluate(FAULTS) + refused:
                    found[f"{name}, {scheme}"] = faults
            context.close()
    assert found == {}
    lines = sum(file.read_bytes().count(b"\n") for file in world.workspace.click_log_path.iterdir())
    assert lines == asked, "a page asks for nothing more: no script, no picture, no icon"


def test_the_buttons_lead_on_by_keyboard_and_without_scripts(
    workspace: Workspace, database: Database, tmp_path: Path, shop: Shop
) -> None:
    world = make_sent(workspace, database, tmp_path, now())
    edit_link(database, "sure", url=f"{shop.address}/sure")
    edit_link(database, "offer", url=f"{shop.address}/offer")
    database.close()
    with serving(workspace.root, said=tmp_path / "said") as served, chromium() as browser:
        at = f"http://127.0.0.1:{served.port}"
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(at + world.path("sure"))
        _press(page, 1)
        page.wait_for_url(f"{shop.address}/sure?**")
        page.goto(at + world.path("offer"))
        assert [(path.partition("?")[0], referer) for path, referer in shop.visits if "favicon" not in path] == [
            ("/sure", None), ("/offer", None),
        ], "where a visitor comes from is their own"  # fmt: skip
        page.goto(at + world.path("unsubscribe"))
        _press(page, 1)
        assert page.get_by_role("heading").inner_text() == "You are unsubscribed"
        page.goto(at + world.path("subscriptions", "C2"))
        assert page.get_by_role("button", name="Stop: Newsletter").is_visible()
        _press(page, 1)
        assert page.get_by_role("status").inner_text() == "Your choice is saved."
        _press(page, 1)
        assert page.get_by_role("button", name="Stop: Newsletter").is_visible(), "and back again"
        page.goto(at + world.path("view-online"))
        frame = page.frame_locator("iframe")
        assert frame.get_by_text("Hej Anna Å!").is_visible()
        with page.context.expect_page() as opened:
            frame.get_by_text("Offer", exact=True).click()
        opened.value.wait_for_url("**")
        context = browser.new_context()
        seen = context.new_page()
        seen.goto(at + world.path("unsubscribe"))
        seen.keyboard.press("Tab")
        assert seen.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px", "the focus is seen"


def _press(page: Any, tabs: int) -> None:
    """Press what is reached with so many tabs."""
    for _ in range(tabs):
        page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
