"""A mail's links made to open in new tabs: within its frame they would lead nowhere."""

from __future__ import annotations

from linktrack.mailings.reading.markup import MarkupKind, attributes, read_markup

_BASE = '<base target="_blank">'
_LINKS = frozenset(("a", "area", "base", "form"))


def in_new_tabs(html: str) -> str:
    """`html` with every `target` made `_blank`, and a `<base>` that says so for the links that name none."""
    pieces: list[str] = []
    here = begins = 0
    for tag in read_markup(html, 0, len(html)):
        if tag.kind is MarkupKind.DECLARATION and not begins:
            begins = tag.stop
        if tag.kind is not MarkupKind.START:
            continue
        if tag.name in ("html", "head") and begins >= 0:
            begins = tag.stop
        if tag.name not in _LINKS:
            continue
        for attribute in attributes(html, tag):
            if attribute.name == "target" and attribute.stop > attribute.start:
                pieces += (html[here : attribute.start], "_blank")
                here = attribute.stop
    copy = "".join((*pieces, html[here:]))
    return f"{copy[:begins]}{_BASE}{copy[begins:]}"
