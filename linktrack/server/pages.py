"""The pages that visitors see, made from templates: without scripts, nothing loaded, in the workspace's look.

The workspace's own templates take the place of ours one by one. Each is rendered once when the pages are made, so that
what is wrong in any is said before anybody visits: whatever a template does, it is BadInput with its file and line.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from hashlib import sha256
from pathlib import Path
from traceback import extract_tb
from urllib.parse import quote

import nh3
from jinja2 import ChoiceLoader, PackageLoader
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError, UndefinedError

from linktrack.errors import BadInput
from linktrack.files.reading import open_own
from linktrack.server.own_templates import BoundedEnvironment, OwnTemplates, unused_sentence
from linktrack.server.page_values import TEMPLATES, names_for
from linktrack.server.site import Page, TypeRow
from linktrack.server.words import WORDS
from linktrack.settings.tables import Language

ONLINE_POLICY = (
    "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
)
_LOGO_BYTES = 100_000
_LOGOS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"<svg": "svg+xml", b"<?xml": "svg+xml"}
_TRIED = 50  # types that pages are tried with: each costs a moment at the start
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True)
class Look:
    """How pages look. `background` "" follows the visitor's system; `logo` is a data: address or ""."""

    name: str
    language: Language = "en"
    accent: str = "#0b57d0"
    background: str = ""
    logo: str = ""


class Pages:
    """The pages of a workspace. BadInput for a template of its own that cannot be used.

    One that fails for some values alone, which were not tried, is BadInput when its page is asked for; where somebody
    waits for it, `tell` hears of that once, and our own page is shown. `types` are tried besides.
    """

    def __init__(
        self,
        look: Look,
        own_templates: Path | None = None,
        types: Sequence[str] = (),
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.look = look
        self.words: Mapping[str, str] = WORDS[look.language]
        self._own_templates = own_templates
        values = {
            "look": look,
            "words": self.words,
            "on_accent": text_colour_on(look.accent),
            "on_background": text_colour_on(look.background) if look.background else "",
        }
        ours = PackageLoader("linktrack.server", "templates")
        self._ours = BoundedEnvironment(ours, values)
        self._own = None if own_templates is None else OwnTemplates(own_templates)
        self._environment = (
            self._ours if self._own is None else BoundedEnvironment(ChoiceLoader([self._own, ours]), values)
        )
        self._tell: Callable[[str], None] | None = None  # whoever tries hears of faults otherwise
        self._told: set[str] = set()
        self.text = lru_cache(maxsize=1000)(self._text)
        self.confirm = lru_cache(maxsize=1000)(self._confirm)
        self.unsubscribe = lru_cache(maxsize=1000)(self._unsubscribe)
        self.unsubscribed = lru_cache(maxsize=1000)(self._unsubscribed)
        self._try_all(types)
        self._tell = tell

    @property
    def unused_templates(self) -> list[str]:
        """A sentence on each file in the folder of own templates that was meant for one, and makes no page."""
        own = self._own
        try:
            return [] if own is None else [unused_sentence(path) for path in own.unused(self._environment)]
        except TemplateSyntaxError as problem:  # of one that no page has included when it was tried
            raise self._wrong(problem.name or "", problem) from None

    @cached_property
    def not_found(self) -> Page:
        """The page of everything that is not there."""
        return self._page("not-found.html", "not_found_title")

    @cached_property
    def forgotten(self) -> Page:
        """The page that a forgotten person gets in place of those for subscriptions: what they chose would not hold."""
        return self._page("forgotten.html", "forgotten_title")

    @property
    def empty(self) -> Page:
        """The page that machines find at a honeypot."""
        return Page(b"", policy_of("", forms=True))

    def over(self, type: str) -> Page:
        """The subscriptions page of a mail that is too old for it."""
        return self._page("unsubscribe.html", "over_title", type=type, over=True)

    def subscriptions(self, rows: Sequence[TypeRow], consent: bool | None = None) -> Page:
        """Every type with a button, and whether the person may be tracked (None: that is not asked)."""
        return self._page("subscriptions.html", "subscriptions_title", types=rows, consent=consent)

    def saved(self, rows: Sequence[TypeRow], consent: bool | None = None) -> Page:
        """The same when a button was pressed; `rows` may be none."""
        return self._page("saved.html", "saved_title", types=rows, consent=consent)

    def view_online(self, mail: str) -> Page:
        """A person's own copy of a mail, shut into a frame that can do nothing."""
        return self._page("view-online.html", "online_title", mail=mail)._replace(policy=ONLINE_POLICY)

    def _text(self, html: str) -> Page:
        """A link's feedback text: rich text of which nothing can run or load."""
        return self._page("text.html", "", text=nh3.clean(html))

    def _confirm(self, host: str) -> Page:
        """The button before a target on this host ("" = before a text).

        The policy says nothing of forms: Chromium holds it against the redirect that follows.
        """
        return self._page("confirm.html", "confirm_title", forms=False, host=host)

    def _unsubscribe(self, type: str) -> Page:
        """The button that ends a type ("" = all)."""
        return self._page("unsubscribe.html", "unsubscribe_title", type=type, over=False)

    def _unsubscribed(self, type: str) -> Page:
        return self._page("unsubscribed.html", "unsubscribed_title", type=type)

    def _page(self, template: str, title: str, *, forms: bool = True, **values: object) -> Page:
        given = {"title": self.words.get(title, self.look.name), **values}
        try:
            shown = self._environment.page(template, given)
            body = shown.encode()
        except Exception as problem:
            wrong = problem if isinstance(problem, BadInput) else self._wrong(template, problem)
            if self._tell is None:
                raise wrong from None
            if template not in self._told:
                self._told.add(template)
                self._tell(f"{wrong}; our own {template} is shown in its place")
            shown = self._ours.page(template, given)
            body = shown.encode()
        return Page(body, policy_of(shown, forms=forms))

    def _wrong(self, template: str, problem: Exception) -> BadInput:
        """What is wrong with a template of the workspace, at the last of its lines that was at work."""
        folder = self._own_templates
        if folder is None:
            raise problem
        places = [(frame.filename, frame.lineno) for frame in extract_tb(problem.__traceback__)]
        if isinstance(problem, TemplateSyntaxError):
            places.append((problem.filename or "", problem.lineno))
        own = [place for place in places if Path(place[0]).is_relative_to(folder)]
        file, line = own[-1] if own else (str(folder / template if (folder / template).exists() else folder), None)
        if isinstance(problem, TemplateNotFound):
            there = sorted({*TEMPLATES, *(path.name for path in folder.glob("*.html"))})
            why = f"there is no template {problem.name!r}; there are {', '.join(there)}"
        elif isinstance(problem, RecursionError):
            why = "it includes or calls itself without end, or is nested too deeply"
        elif isinstance(problem, UndefinedError):
            why = f"{problem}; {template} may name {', '.join(names_for(template))}"
        else:
            why = str(problem) or type(problem).__name__
        return BadInput(f"this template cannot be used: {why}", file=file, line=line)

    def _try_all(self, types: Sequence[str]) -> None:
        """Make every page once with values of all kinds, and where all is well those that tell of types with these."""
        rows = [TypeRow("News", True, "News"), TypeRow("Offers", False, "Offers")]
        own = [[TypeRow(one, has, quote(one, safe="")) for one in types] for has in (True, False)]
        of_a_type, of_types = (self._unsubscribe, self._unsubscribed, self.over), (self.subscriptions, self.saved)
        self._try([
            lambda: self.not_found, lambda: self.forgotten, lambda: self._text("<p>x</p>"),
            *(partial(self._confirm, host) for host in ("www.example.com", "")),
            *(partial(page, type) for page in of_a_type for type in ("News", "")),
            lambda: self.view_online("<p>x</p>"),
            *(partial(page, rows, consent) for page in of_types for consent in (True, False)),
            *(partial(page, []) for page in of_types),
        ])  # fmt: skip
        self._try(partial(page, rows) for page in of_types for rows in own)
        self._try(partial(page, type) for page in of_a_type for type in types[:_TRIED])

    @staticmethod
    def _try(tries: Iterable[Callable[[], Page]]) -> None:
        wrong: dict[str | None, BadInput] = {}
        for page in tries:
            try:
                page()
            except BadInput as problem:
                wrong.setdefault(problem.file, problem)
        if wrong:
            first, *others = wrong.values()
            also = "".join(f"; and {problem}" for problem in others)
            raise BadInput(f"{first.sentence}{also}", file=first.file, line=first.line)


def policy_of(html: str, *, forms: bool) -> str:
    """The Content-Security-Policy of a page: its own style sheets by their prints, pictures that it holds itself.

    Without `forms` it says nothing of where they may go.
    """
    prints = (base64.b64encode(sha256(style.encode()).digest()).decode() for style in _STYLE.findall(html))
    styles = " ".join(f"'sha256-{one}'" for one in prints) or "'none'"
    may_post = ("form-action 'self'; " if "<form" in html else "form-action 'none'; ") if forms else ""
    return f"default-src 'none'; style-src {styles}; img-src data:; {may_post}base-uri 'none'; frame-ancestors 'none'"


def logo_address(path: Path) -> str:
    """A picture as an address that holds it. BadInput for what is no PNG, JPEG or SVG, or too large."""
    with open_own(path, "a logo") as file:
        data = file.read(_LOGO_BYTES + 1)
    if len(data) > _LOGO_BYTES:
        raise BadInput(f"a logo is part of every page, so it may have {_LOGO_BYTES // 1000} KB at most", file=path)
    kind = next((kind for start, kind in _LOGOS.items() if data.lstrip().startswith(start)), None)
    if kind is None:
        raise BadInput("a logo is a PNG, JPEG or SVG file", file=path)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def text_colour_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour (WCAG 2.2, relative luminance)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#ffffff"
