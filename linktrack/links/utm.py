"""UTM parameters: tagging an address as text, so that the rest of it keeps its bytes.

A URL is never taken apart and put together again. `edits` says what to insert or replace where; `tagged` does it.
The same edits, laid over an attribute's raw text, tag a link inside an HTML file (`mailings.tag`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal
from urllib.parse import quote

from linktrack.links.merge_tags import Pairs, find, masked

Policy = Literal["keep", "replace", "off"]
NAMES = ("source", "medium", "campaign", "content", "term")
_TRIMMED = "".join(map(chr, range(0x21)))
_HTTP = re.compile(r"(?:https?:)?//(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^/?#:]*)", re.IGNORECASE)
_EMAIL_MEDIA = {"email", "e-mail", "e_mail", "e mail"}
_PLACEHOLDER = re.compile(r"(?<!\{)\{([a-z]+(?:\.[a-z]+)?)\}(?!\})")


@dataclass(frozen=True)
class Utm:
    """Values of the five parameters; an empty one is not written. `domains` empty = every host."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    policy: Policy = "keep"
    domains: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether there is anything to do: a medium alone says nothing, so source or campaign must be there."""
        return self.policy != "off" and bool(self.source.strip() or self.campaign.strip())

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Utm:
        """The `utm` table of a mailing's settings."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in settings.items() if name in known}
        return cls(**{**values, "domains": tuple(values.get("domains", ()))})

    def filled(self, facts: Mapping[str, str]) -> Utm:
        """With placeholders (`{mailing.name}`, `{link.key}`, `{link.name}`, `{link.folder}`) replaced, as slugs."""
        source, medium, campaign, content, term = (_filled(getattr(self, name), facts) for name in NAMES)
        return Utm(source, medium, campaign, content, term, self.policy, self.domains)


@dataclass(frozen=True)
class Edit:
    """Replace `url[start:stop]` by `text`."""

    start: int
    stop: int
    text: str


def tagged(url: str, utm: Utm, extra_tags: Pairs = ()) -> str:
    """`url` with the UTM parameters that it lacks (`keep`) or with all of them set (`replace`).

    Anything but http(s), a host outside `utm.domains`, and a host that a merge tag stands for come back as they were.
    """
    return apply(url, edits(url, utm, extra_tags))


def apply(url: str, changes: Sequence[Edit]) -> str:
    parts: list[str] = []
    here = 0
    for change in changes:
        parts += [url[here : change.start], change.text]
        here = change.stop
    return "".join((*parts, url[here:]))


def edits(url: str, utm: Utm, extra_tags: Pairs = ()) -> list[Edit]:
    """What `tagged` changes, in order of place. Parameters go before the first `#`; names compare without case."""
    if not utm.active:
        return []
    text = masked(url, [replace(tag, statement=False) for tag in find(url, extra_tags)])
    first = len(text) - len(text.lstrip(_TRIMMED))
    end = len(text.rstrip(_TRIMMED))
    host = _HTTP.match(text, first, end)
    if host is None or not host[1] or text[host.start(1) : host.end(1)] != url[host.start(1) : host.end(1)]:
        return []
    if not url[first : host.start(1)].lower().startswith(("http:", "https:", "//")) or not allowed(
        host[1], utm.domains
    ):
        return []
    stop = text.find("#", first, end)
    stop = end if stop < 0 else stop
    question = text.find("?", first, stop)
    values = [(f"utm_{name}", getattr(utm, name).strip()) for name in NAMES]
    if utm.policy == "keep":
        present = {name for name, _, _ in _pairs(text, question, stop)}
        added = [(name, value) for name, value in values if value and name not in present]
        return _appended(text, question, stop, added, extra_tags)
    return _replaced(text, url, question, stop, values, extra_tags)


def allowed(host: str, domains: Sequence[str]) -> bool:
    """Whether `host` is one of `domains`: `shop.example` with its subdomains, `*.shop.example` these only."""
    if not domains:
        return True
    host = _ascii(host).rstrip(".")
    for domain in domains:
        name = _ascii(domain.strip().removeprefix("*.")).strip(".")
        if "." not in name and name != "localhost":
            continue  # a top level domain would be the whole world
        if host.endswith("." + name) or (host == name and not domain.strip().startswith("*.")):
            return True
    return False


def warning(utm: Utm) -> str | None:
    """A sentence when Google would not file the visits under the channel Email."""
    if not utm.active or utm.medium.strip().lower() in _EMAIL_MEDIA or utm.source.strip().lower() in _EMAIL_MEDIA:
        return None
    return f"utm_medium={utm.medium.strip()!r} is not filed under Email by Google Analytics: use email"


def slug(text: str) -> str:
    """`Q3 Launch: Bank!` as `q3_launch_bank`."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[^\w.\-]+", "_", plain).strip("_")


def _filled(value: str, facts: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: slug(facts[match[1]]) if match[1] in facts else match[0], value)


def _pairs(text: str, question: int, stop: int) -> list[tuple[str, int, int]]:
    """(name in lower case, start, stop) of each part of the query between `&`."""
    if question < 0:
        return []
    found = []
    here = question + 1
    for part in text[question + 1 : stop].split("&"):
        found.append((part.partition("=")[0].lower(), here, here + len(part)))
        here += len(part) + 1
    return found


def _appended(text: str, question: int, stop: int, added: Sequence[tuple[str, str]], extra: Pairs) -> list[Edit]:
    if not added:
        return []
    glue = "?" if question < 0 else "" if stop == question + 1 or text[stop - 1] == "&" else "&"
    return [Edit(stop, stop, glue + "&".join(f"{name}={_encoded(value, extra)}" for name, value in added))]


def _replaced(
    text: str, url: str, question: int, stop: int, values: Sequence[tuple[str, str]], extra: Pairs
) -> list[Edit]:
    """The first of each name gets the value in place, later ones and those without a value go."""
    wanted = dict(values)
    seen: set[str] = set()
    kept: list[str] = []
    changed = False
    for name, start, end in _pairs(text, question, stop):
        part = url[start:end]
        if name in wanted:
            changed = True
            if name in seen or not wanted[name]:
                continue
            seen.add(name)
            part = f"{part.partition('=')[0]}={_encoded(wanted[name], extra)}"
        kept.append(part)
    missing = [(name, value) for name, value in values if value and name not in seen]
    if not changed:
        return _appended(text, question, stop, missing, extra)
    query = "&".join(kept)
    if missing:
        more = "&".join(f"{name}={_encoded(value, extra)}" for name, value in missing)
        query += ("" if not query or query.endswith("&") else "&") + more
    new = Edit(question, stop, f"?{query}" if query else "")
    return [new] if url[new.start : new.stop] != new.text else []


def _encoded(value: str, extra: Pairs) -> str:
    """Percent-encoded, with merge tags as they are."""
    parts: list[str] = []
    here = 0
    for tag in find(value, extra):
        parts += [quote(value[here : tag.start], safe=""), value[tag.start : tag.stop]]
        here = tag.stop
    return "".join((*parts, quote(value[here:], safe="")))


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return host.lower()
