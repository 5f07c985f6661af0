"""What templates of pages may name: of every page, and of each one."""

from __future__ import annotations

from typing import NamedTuple

EVERYWHERE = {
    "title": "what the page is called",
    "look": "`look.name`, `look.language`, `look.accent`, `look.background`, `look.logo`, as `[pages]` has them",
    "words": "our texts in the workspace's language, as `words.unsubscribe_button`",
    "on_accent": "black or white, whichever is read on the accent",
    "on_background": 'the same on the background, "" without one',
}
_TYPE = 'the type of the mailing, "" for all'
_TYPES = {
    "types": "each with `.type` (its name), `.has` (whether the person gets it), `.query` (its name in an address)",
    "consent": "whether the person may be tracked, none where that is not asked",
}


class PageTemplate(NamedTuple):
    """When a template's page is shown, what it has to post where it has a button, and the variables of it alone."""

    shown: str
    posts: str
    values: dict[str, str]


TEMPLATES: dict[str, PageTemplate] = {
    "base.html": PageTemplate("around all others but view-online.html, which fill its block `main`", "", {}),
    "text.html": PageTemplate("a link's feedback text", "", {"text": "the text, as HTML that is safe (`text|safe`)"}),
    "confirm.html": PageTemplate(
        "before a link with `confirm`", "?", {"host": 'of where the link leads, "" before a text'}
    ),
    "unsubscribe.html": PageTemplate(
        "the unsubscribe link", "?page", {"type": _TYPE, "over": "in the place of a subscriptions page that is too old"}
    ),
    "unsubscribed.html": PageTemplate("when its button was pressed", "", {"type": _TYPE}),
    "subscriptions.html": PageTemplate("the subscriptions page", "?off=…, ?on=…, ?off=*, ?consent=off", _TYPES),
    "saved.html": PageTemplate("when a button of it was pressed; ours fills its block `notice`", "", _TYPES),
    "forgotten.html": PageTemplate("the subscriptions page, and that to unsubscribe, of who was forgotten", "", {}),
    "view-online.html": PageTemplate("a mail in the browser", "", {"mail": "its HTML, for `srcdoc` of a sandbox"}),
    "not-found.html": PageTemplate("all that is not there", "", {}),
}


def names_for(template: str) -> list[str]:
    """All that a template may name."""
    return sorted({*EVERYWHERE, *(TEMPLATES[template].values if template in TEMPLATES else ())})
