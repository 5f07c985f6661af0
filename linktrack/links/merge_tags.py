"""Merge tags: where the placeholders of mail languages stand in a text, and what to fill them with.

Known by themselves: Mustache, Handlebars, Jinja and Liquid (`{{x}}`, `{{{x}}}`, `{% … %}`, `{# … #}`),
Mailchimp (`*|X|*`), SuperOffice (`[[x]]`), AMPscript (`%%x%%`, `%%=…=%%`, `%%[ … ]%%`), ERB, EJS and PHP
(`<% … %>`, `<%= … %>`, `<?php … ?>`, `<?= … ?>`), Mailgun (`%recipient.x%`) and `${x}`. Others, SendGrid's `-x-` among
them, are given as pairs of opening and closing text.

Finding is linear in the text, whatever it holds: the place of each closing text is looked up once and kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class MergeTag:
    """A placeholder at `start:stop`. A statement (`{% if %}`) steers what is around it; others stand for a value."""

    start: int
    stop: int
    statement: bool
    name: str  # of the field that an output tag stands for; "" where there is none
    plain: bool = False  # it is a field's name and nothing else: no filter, no function


@dataclass(frozen=True)
class _Dialect:
    opening: str
    closing: str
    inside: re.Pattern[str] | None = None  # what the inside must match; None = anything
    statement: bool = False


_NAME = re.compile(r"[^\[\]<>\"'\r\n]{1,200}")
_LETTER = r"\w\u0300-\u036f"  # a letter, a digit, `_`, and what stands over a letter that is written in two characters
_PERCENT_NAME = re.compile(rf"[^\W\d][{_LETTER} .:\-]{{0,99}}")
_RECIPIENT_NAME = re.compile(rf"[{_LETTER}.\-]{{1,100}}")
_HYPHEN_NAME = re.compile(rf"(?<!\w-)[^\W\d][{_LETTER}.]{{0,99}}")  # SendGrid's; the hyphens of e-mail and A-B are none
_BAR_NAME = re.compile(r"[^|<>\r\n]{1,200}")
_BRACE = re.compile(r"[^{}<>\r\n]{1,400}")
_COMMENT = re.compile(r"[\s\-+].*|", re.DOTALL)  # `{#id` is CSS

_FIELD = re.compile(  # what a column can be called: of ASCII's signs only those that no language works with
    r"(?:\w|[^\x00-\x7f])(?:[\w\s.:\-\[\]@/&+]|[^\x00-\x7f])*(?:\s\((?:[\w\s.\-/]|[^\x00-\x7f])+\))?"
)

# Longer openings first: `{{{` before `{{`, `<%=` before `<%`.
_DIALECTS = (
    _Dialect("{{{", "}}}"),
    _Dialect("{{", "}}"),
    _Dialect("{%", "%}", statement=True),
    _Dialect("{#", "#}", _COMMENT, statement=True),
    _Dialect("*|", "|*", _BAR_NAME),
    _Dialect("[[", "]]", _NAME),
    _Dialect("%%=", "=%%"),
    _Dialect("%%[", "]%%", statement=True),
    _Dialect("%%", "%%", _PERCENT_NAME),
    _Dialect("<%=", "%>"),
    _Dialect("<%-", "%>"),
    _Dialect("<%", "%>", statement=True),
    _Dialect("<?php", "?>", statement=True),
    _Dialect("<?=", "?>"),
    _Dialect("${", "}", _BRACE),
    _Dialect("%recipient.", "%", _RECIPIENT_NAME),
)
_OUTPUT_LIMIT = 4000  # a value tag longer than this is no tag but two braces far apart
_BLOCK = re.compile(r"\s*(?:[#/^!>~&]?\s*(?:else|elseif|elsif|endif|if|each|unless|with|end)\b|[#/^!])")
_BAR_BLOCK = re.compile(r"(?:IF|IFNOT|ELSE|ELSEIF|END|INTERESTED)(?::|$)", re.IGNORECASE)


def find(text: str, extra: Pairs = (), read: Callable[[str], str] = str) -> list[MergeTag]:
    """The merge tags of `text` in order; they do not overlap. `extra` are further (opening, closing) pairs.

    `read` makes of a piece of the text what a person reads there: in HTML, its references decoded.
    """
    pairs, dead = tuple(extra), frozenset[str]()  # closings that do not come any more: their openings are no tags
    opener, dialects = _openings(pairs, dead)
    found: list[MergeTag] = []
    closings: dict[str, int] = {}
    here = 0
    while match := opener.search(text, here):
        start = match.start()
        here = start + 1
        for dialect in dialects[match[0]]:
            inside = start + len(dialect.opening)
            end = closings.get(dialect.closing, -1)
            if end < inside:
                end = closings[dialect.closing] = text.find(dialect.closing, inside)
            if end < 0:
                dead |= {dialect.closing}
                opener, dialects = _openings(pairs, dead)
            elif _fits(dialect, text, inside, end, read):
                here = end + len(dialect.closing)
                found.append(_tag(dialect, start, here, read(text[inside:end])))
                break
    return found


def masked(text: str, tags: Sequence[MergeTag]) -> str:
    """`text` with each tag replaced by filler of its length that no HTML or URL parser stumbles over.

    A value becomes `xxx`. A statement becomes blanks, or `xxx` where an attribute's
    bare value begins or goes on.
    """
    parts: list[str] = []
    here = 0
    tail = ""
    for tag in tags:
        before = text[here : tag.start]
        tail = (tail + before[-_TAIL:])[-_TAIL:]
        filler = " " if tag.statement and not _IN_VALUE.search(tail) else "x"
        filler *= tag.stop - tag.start
        parts += (before, filler)
        tail += filler[-_TAIL:]
        here = tag.stop
    parts.append(text[here:])
    return "".join(parts)


_TAIL = 200
_IN_VALUE = re.compile(r"=[ \t]*$|=[^\s\"'<>][^\s\"'<>]*$")  # where an attribute's bare value begins or goes on


def names(text: str, extra: Pairs = ()) -> list[str]:
    """The field names that the tags of `text` stand for, each once, in order."""
    return list(dict.fromkeys(tag.name for tag in find(text, extra) if tag.name))


def fill(url: str, fields: Mapping[str, str], extra: Pairs = ()) -> str:
    """`url` with each value tag replaced by its field, percent-encoded; nothing where there is no such field."""
    tags = find(url, extra)
    if not tags:
        return url
    known = {fold(name): value for name, value in fields.items()}
    parts: list[str] = []
    here = 0
    for tag in tags:
        parts += [url[here : tag.start], quote(known.get(fold(tag.name), ""), safe="")]
        here = tag.stop
    parts.append(url[here:])
    return "".join(parts)


def fold(name: str) -> str:
    """A field's name as tags and columns are compared: without case, blanks, `_`, `-` and a leading `contact.`, and
    however its accents are written."""
    plain = unicodedata.normalize("NFC", name).strip().casefold()
    return re.sub(r"[\s_\-]+", "", re.sub(r"^(?:contact|person|recipient|user|subscriber)\.", "", plain))


@lru_cache(maxsize=256)
def _openings(
    extra: tuple[tuple[str, str], ...], dead: frozenset[str]
) -> tuple[re.Pattern[str], dict[str, list[_Dialect]]]:
    """A pattern for every opening whose closing is not `dead`, and for each the dialects to try, longest first."""
    further = (
        _Dialect(opening, closing, _HYPHEN_NAME if opening == closing == "-" else _BAR_NAME)
        for opening, closing in extra
    )
    known = (*further, *_DIALECTS)
    dialects = [dialect for dialect in known if dialect.closing not in dead]
    openings = sorted({dialect.opening for dialect in dialects}, key=len, reverse=True)
    tries = {
        opening: sorted(
            (dialect for dialect in dialects if opening.startswith(dialect.opening)),
            key=lambda dialect: -len(dialect.opening),
        )
        for opening in openings
    }
    return re.compile("|".join(map(re.escape, openings)) or r"(?!)"), tries


def _fits(dialect: _Dialect, text: str, start: int, stop: int, read: Callable[[str], str]) -> bool:
    if dialect.statement and dialect.inside is None:
        return True
    if stop - start > _OUTPUT_LIMIT:
        return False
    if dialect.inside is None or dialect.inside.fullmatch(text, start, stop) is not None:
        return True
    return text.find("&", start, stop) >= 0 and dialect.inside.fullmatch(read(text[start:stop])) is not None


def _tag(dialect: _Dialect, start: int, stop: int, inside: str) -> MergeTag:
    block = {"{{": _BLOCK, "*|": _BAR_BLOCK}.get(dialect.opening)
    if dialect.statement or (block is not None and block.match(inside)):
        return MergeTag(start, stop, True, "")
    name = _field_name(inside)
    return MergeTag(start, stop, False, name, bool(name) and inside.strip().removeprefix("&").strip() == name)


def _field_name(inside: str) -> str:
    """`contact.name | urlencode` is the field `contact.name`; `.Name`, `&x`, `URL:x` are forms of x."""
    plain = inside.strip().strip("~&.-= ").partition("|")[0].strip()
    plain = re.sub(r"(?i)^(?:url|v\()\s*:?\s*@?", "", plain).rstrip(") ") if re.match(r"(?i)url:|v\(", plain) else plain
    return plain if _FIELD.fullmatch(plain) else ""
