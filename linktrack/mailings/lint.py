"""Lint: what goes wrong in mails, found before they are sent, each with the place where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from linktrack.errors import NotFound
from linktrack.links.merge_tags import find
from linktrack.links.utm import warnings
from linktrack.mailings.addresses import Address, Options, Parts, read_parts
from linktrack.mailings.catalog import Settings, find_mailing
from linktrack.mailings.reading.cross_check import cross_check
from linktrack.mailings.reading.document import read_document, read_text
from linktrack.mailings.reading.labels import read_words
from linktrack.store.session import Database
from linktrack.workspace import Workspace

MAX_ADDRESS = 2000  # characters; longer ones are cut by some clients and gateways
_ADDRESS_IN_TEXT = re.compile(r"(?i)(?:https?://)?((?:[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?\.)+[a-z]{2,})(?=[/?#:\s]|$)")
# htp:// and the like, and http:/x, http//x, http;//x, http:\\x
_MISSPELT = re.compile(r"(?i)(?!https?:)h?t{1,3}p{0,2}s{0,2}:|hxxps?:|https?(?::/?(?!/)|;//|//|:\\\\)")
# Merge tags by which mail services put in their own pages: nobody expects these to be tracked.
_OF_THE_SENDER = re.compile(r"(?i)unsub|opt-?_?out|preference|subscription|profile|view|browser|web_?version|archive")
_ODD_BLANKS = "\u00a0\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff\u2003\u2009\u202f"


@dataclass(frozen=True)
class Finding:
    """Something to look at. `rule` is its name; line and column count from 1."""

    rule: str
    part: str
    line: int
    column: int
    address: str
    message: str


def check_mailing(database: Database, workspace: Workspace, name: str) -> list[Finding]:
    """Findings of a stored mailing, or of an HTML file, in order of place. NotFound for neither."""
    tracking = workspace.settings.base_url
    settings = Settings(merge_tags=workspace.settings.mailings.pairs)
    try:
        mailing = find_mailing(database, name)
    except NotFound:
        path = Path(name)
        if not path.is_file():
            sentence = f"there is no mailing {name!r}, and no file of that name: see linktrack mailing list"
            raise NotFound(sentence) from None
        html, text = path.read_bytes(), None
    else:
        html, text, settings = mailing.html, mailing.text, mailing.settings
    keys = {row[0] for row in database.rows("SELECT key FROM link WHERE deleted_at IS NULL AND kind <> 'local'")}
    return check_mail(html, text, settings.options(tracking), keys, settings)


def check_mail(
    html: bytes, text: bytes | None, options: Options, keys: Iterable[str], settings: Settings | None = None
) -> list[Finding]:
    """All findings of a mail, by place. `keys` are those that `linktrack:KEY` may name. BadInput for encodings only."""
    settings = settings or Settings()
    document = read_document(html, charset=settings.charset)
    parts = read_parts(document, None if text is None else read_text(text), options)
    found = [*_broken(parts), *_addresses(parts, options, set(keys)), *_whole(parts, settings)]
    found += [_finding("parsers-disagree", address, message) for address, message in cross_check(parts)]
    return sorted(found, key=lambda finding: (finding.part, finding.line, finding.column))


def _broken(parts: Parts) -> Iterator[Finding]:
    ends = {
        "ends-in-tag": (parts.scan.broken_at, "the mail ends inside the tag that begins here: a quote or > is missing"),
        "open-comment": (parts.scan.open_comment, "a comment begins here and never ends: what follows is not shown"),
    }
    for rule, (index, message) in ends.items():
        if index is not None:
            yield Finding(rule, "html", *parts.html.place(index), "", message)


def _addresses(parts: Parts, options: Options, keys: set[str]) -> Iterator[Finding]:
    spots = {spot.start: spot for spot in parts.scan.spots}
    for address in parts.addresses:
        if address.reason == "comment" or address.kind in ("link", "src", "base"):
            continue
        spot = spots.get(address.start) if address.part == "html" else None
        raw = parts.document(address.part).characters(address.start, address.stop)
        for rule, message in _judged(address, raw, options, keys, html=spot is not None):
            yield _finding(rule, address, message)
        if spot is not None and spot.repeated:
            yield _finding("repeated-href", address, "this element has a second href, which clients ignore")
        if spot is not None and address.kind in ("a", "vml"):
            shown = _shown_host(read_words(parts.html, parts.scan.masked, spot.content)[0])
            target = _host(address.target)
            if shown and target and not _same_site(shown, target):
                message = f"the text shows {shown}, the link leads to {target}: this looks like phishing"
                yield _finding("text-mismatch", address, message)


def _judged(address: Address, raw: str, options: Options, keys: set[str], *, html: bool) -> Iterator[tuple[str, str]]:
    """(rule, message) for everything that is odd about one address."""
    url = address.url
    if address.kind == "form":
        yield "form", "forms do not work in most mail clients: link to a page with the form"
        return
    if url.lower().startswith("linktrack:"):
        if address.key not in keys or address.key == "honeypot":
            yield "unknown-key", f"there is no link {address.key!r}: see linktrack link list"
        return
    doubled = re.match(r"(?i)https?:/*\s*(https?|ftp)(:|%3a)?/", url)
    if doubled:
        yield "doubled-scheme", "the scheme stands there twice"
    elif _MISSPELT.match(url) or address.reason == "invalid":
        yield "wrong-scheme", "this is not a web address: write it like https://www.example.com/"
    elif address.reason == "relative" and re.match(r"(?i)(www\.|[a-z0-9\-]+\.(com|net|org|se|no|de|eu|io|co)\b)", url):
        yield "wrong-scheme", "the scheme is missing: write https:// before it"
    elif address.reason == "relative":
        yield "relative", "a relative address leads nowhere in a mail: write it in full, or give --base"
    elif address.reason == "empty" and address.kind in ("a", "area"):
        yield "empty", "this link has no address"
    elif address.reason == "javascript":
        yield "script", "scripts do not run in mail clients"
    if address.reason == "tracking-host":
        yield "tracked-pasted", "this is an address of the tracking host: use the original one"
    if address.reason == "merge-tag" and not _OF_THE_SENDER.search(url):
        yield "merge-tag", "not tracked: a merge tag stands for its scheme, host or path"
    if re.search(r"(?i)%7b%7b|%7d%7d|%5b%5b", url):
        yield "encoded-merge-tag", "a merge tag has been percent-encoded by an editor and will not be filled"
    plain = _without_tags(raw, options)
    if re.search(r"\S[ \t\r\n]+\S", plain.strip()) and re.match(r"(?i)\s*(https?:|//|www\.)", plain):
        yield "blank", "there is a blank or a line break in the address"
    if any(character in plain for character in _ODD_BLANKS):
        yield "odd-blank", "there is an invisible character in the address"
    if html and re.search(r"(?i)&(amp|#38|#x26);?amp;", raw):
        yield "double-encoded", "&amp; has been encoded twice: the address will hold 'amp;'"
    if len(url) > MAX_ADDRESS:
        yield "too-long", f"the address has {len(url)} characters: over {MAX_ADDRESS} some clients cut it"
    if re.match(r"(?i)http://", url) and address.reason != "invalid" and not doubled:
        yield "plain-http", "plain http: clients warn about it, use https"
    if re.match(r"(?i)https?://[^/?#@]*:[^/?#@]+@", url):
        yield "password", "there is a password in this address, and every recipient gets it"
    if re.search(r"[^/.]\.$", url) and re.match(r"(?i)https?:", url):
        yield "trailing-dot", "the address ends in a dot: is that the end of the sentence?"


def _whole(parts: Parts, settings: Settings) -> Iterator[Finding]:
    unsubscribe = any(
        address.key in ("unsubscribe", "subscriptions")
        or (address.reason != "comment" and re.search(r"(?i)unsub|opt-?out|avregistr|avprenum|abmeld", address.url))
        for address in parts.addresses
        if address.kind in ("a", "area", "vml", "text")
    )
    if not unsubscribe:
        yield Finding(
            "no-unsubscribe", "html", 1, 1, "", 'there is no unsubscribe link: add href="linktrack:unsubscribe"'
        )
    for sentence in warnings(settings.utm):
        yield Finding("utm", "html", 1, 1, "", sentence)


def _finding(rule: str, address: Address, message: str) -> Finding:
    return Finding(rule, address.part, address.line, address.column, address.url[:200], message)


def _shown_host(text: str) -> str | None:
    """The host that a link's text shows, when the text is an address and nothing else."""
    match = _ADDRESS_IN_TEXT.match(text)
    if match is None or " " in text or "@" in text:
        return None
    return match[1].lower()


def _host(url: str) -> str | None:
    """The host of a web address in lower case, or None."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme.lower() in ("http", "https") else None
    except ValueError:
        return None


def _same_site(shown: str, target: str) -> bool:
    one, other = shown.removeprefix("www."), target.removeprefix("www.")
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _without_tags(raw: str, options: Options) -> str:
    parts, here = [], 0
    for tag in find(raw, options.merge_tags):
        parts.append(raw[here : tag.start])
        here = tag.stop
    return "x".join((*parts, raw[here:]))
