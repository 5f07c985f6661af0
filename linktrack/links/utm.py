"""UTM parameters: tagging an address as text, so that the rest of it keeps its bytes.

A URL is never taken apart and put together again. `edits` says what to insert or replace where; `tagged` does it.
The same edits, laid over an attribute's raw text, tag a link inside an HTML file (`mailings.tag`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal
from urllib.parse import quote, unquote

from linktrack.hosts import TRIMMED, browser_host
from linktrack.links.merge_tags import Pairs, find, masked

Policy = Literal["keep", "replace", "off"]
# Written in this order; the last four are those of Google Analytics 4.
NAMES = ("source", "medium", "campaign", "content", "term", "id", "source_platform", "creative_format",
         "marketing_tactic")  # fmt: skip
PLACEHOLDERS = ("mailing.name", "link.key", "link.name", "link.folder")
_HTTP = re.compile(r"(?:https?:)?//(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^/?#:]*)", re.IGNORECASE)
_EMAIL_MEDIA = {"email", "e-mail", "e_mail", "e mail"}
_PLACEHOLDER = re.compile(r"(?<!\{)\{([a-z]+\.[a-z]+)\}(?!\})")
_ANY_PLACEHOLDER = re.compile(r"(?<![{$])\{[^{}\s]{1,80}\}(?!\})")
_SHOWN = 3  # addresses in a warning


@dataclass(frozen=True)
class Utm:
    """Values of the parameters. None = not set; "" = set to nothing, so that `replace` takes an author's out.

    `domains` empty = every host.
    """

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None
    policy: Policy = "keep"
    domains: tuple[str, ...] = ()
    id: str | None = None
    source_platform: str | None = None
    creative_format: str | None = None
    marketing_tactic: str | None = None

    @property
    def values(self) -> dict[str, str]:
        """What is set, trimmed, by name. Nothing is added without a source, a campaign or an id: the others alone
        say nothing.
        """
        found = {name: value.strip() for name in NAMES if (value := getattr(self, name)) is not None}
        if any(found.get(name) for name in ("source", "campaign", "id")):
            return found
        return {name: value for name, value in found.items() if not value}

    @property
    def active(self) -> bool:
        """Whether there is anything to do."""
        values = self.values
        return self.policy != "off" and (any(values.values()) or (self.policy == "replace" and bool(values)))

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Utm:
        """The `utm` table of a mailing's settings."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in settings.items() if name in known}
        return cls(**{**values, "domains": tuple(values.get("domains", ()))})

    @classmethod
    def of_options(cls, options: Mapping[str, str | None], settings: Mapping[str, Any]) -> Utm:
        """A mailing's options over the workspace's `[utm]`. An empty setting is not set, an empty option is set to
        nothing, an option that is None was not given.
        """
        values = {name: value for name, value in settings.items() if value != ""}
        return cls.from_settings(values | {name: value for name, value in options.items() if value is not None})

    def filled(self, facts: Mapping[str, str]) -> Utm:
        """With placeholders (`{mailing.name}`, `{link.key}`, `{link.name}`, `{link.folder}`) replaced, as slugs."""
        values: dict[str, Any] = {name: _filled(value, facts) for name in NAMES if (value := getattr(self, name))}
        return replace(self, **values)


@dataclass(frozen=True)
class Edit:
    """Replace `url[start:stop]` by `text`."""

    start: int
    stop: int
    text: str


def tagged(url: str, utm: Utm, extra_tags: Pairs = ()) -> str:
    """`url` with the UTM parameters that it lacks (`keep`) or with all that are set as they are set (`replace`).

    Anything but http(s), a host outside `utm.domains` or that browsers refuse, and a host that a merge tag stands for
    come back as they were.
    """
    return edited(url, edits(url, utm, extra_tags))


def edited(url: str, changes: Sequence[Edit]) -> str:
    """An address with the edits made, which stand in its order and do not overlap."""
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
    first = len(text) - len(text.lstrip(TRIMMED))
    end = len(text.rstrip(TRIMMED))
    host = _HTTP.match(text, first, end)
    if host is None or text[host.start(1) : host.end(1)] != url[host.start(1) : host.end(1)]:
        return []
    if browser_host(host[1]) is None or not allowed(host[1], utm.domains):
        return []
    stop = text.find("#", first, end)
    stop = end if stop < 0 else stop
    question = text.find("?", first, stop)
    values = [(f"utm_{name}", value) for name, value in utm.values.items()]
    if utm.policy == "keep":
        present = {name for name, _, _ in _pairs(text, question, stop)}
        added = [(name, value) for name, value in values if value and name not in present]
        return _appended(text, question, stop, added, extra_tags)
    return _replaced(text, url, question, stop, values, extra_tags)


def allowed(host: str, domains: Sequence[str]) -> bool:
    """Whether `host` is one of `domains`: `shop.example` with its subdomains, `*.shop.example` these only."""
    if not domains:
        return True
    host = (browser_host(host) or "").rstrip(".")
    for domain in domains:
        name = (browser_host(domain.strip().removeprefix("*.").strip(".")) or "").rstrip(".")
        if "." not in name and name != "localhost":
            continue  # a top level domain would be the whole world
        if host.endswith("." + name) or (host == name and not domain.strip().startswith("*.")):
            return True
    return False


def warnings(utm: Utm, urls: Sequence[str] = (), placeholders: Sequence[str] = PLACEHOLDERS) -> Iterator[str]:
    """Sentences about values that will not do what they were given for.

    A medium that Google would not file under Email, values without a source, placeholders that are none of
    `placeholders`, and (policy `keep`) a source or campaign that an author's own one in `urls` overrules.
    """
    if utm.policy == "off":
        return
    values = utm.values
    given = {name: value for name in NAMES if (value := getattr(utm, name))}
    if any(values.values()) and not _EMAIL_MEDIA & {values.get("medium", "").lower(), values.get("source", "").lower()}:
        yield f"utm_medium={values.get('medium', '')!r} is not filed under Email by Google Analytics: use email"
    if not values.get("source") and (named := [name for name in given if name not in ("medium", "source")]):
        names = " and ".join(f"utm_{name}" for name in named)
        yield f"{names} without utm_source: Google Analytics cannot tell where the visits come from, so set a source"
    for name, value in given.items():
        for match in _ANY_PLACEHOLDER.finditer(value):
            if match[0][1:-1] not in placeholders:
                known = ", ".join(f"{{{placeholder}}}" for placeholder in placeholders) or "there are none here"
                yield f"utm_{name} holds {match[0]}, which nothing fills; known: {known}"
    if utm.policy == "keep":
        yield from _overruled(values, urls)


def _overruled(values: Mapping[str, str], urls: Sequence[str]) -> Iterator[str]:
    """A sentence for each of source and campaign that addresses have in another form than it is set."""
    for name in ("source", "campaign"):
        theirs = [
            url
            for url in dict.fromkeys(urls)
            if values.get(name) and (own := _own_value(url, f"utm_{name}")) is not None and own != values[name]
        ]
        if theirs:
            more = f" and {len(theirs) - _SHOWN} more" if len(theirs) > _SHOWN else ""
            yield (
                f"utm_{name}={values[name]!r} is not written where the author's own one stands (policy keep; "
                f"--policy replace overrules it): {', '.join(url[:100] for url in theirs[:_SHOWN])}{more}"
            )


def _own_value(url: str, name: str) -> str | None:
    """The value that the query has for a parameter, decoded; None where it has none."""
    head = url.partition("#")[0]
    for part_name, start, stop in _pairs(head, head.find("?"), len(head)):
        if part_name == name:
            return unquote(head[start:stop].partition("=")[2].replace("+", " "))
    return None


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
    """The first of each name that is set gets the value in place; later ones and those set to nothing go."""
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
