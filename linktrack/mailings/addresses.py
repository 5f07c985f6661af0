"""The addresses of a mailing, HTML and plain text: what each one is, and why one is left alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from linktrack.errors import BadInput
from linktrack.hosts import read_web_address
from linktrack.links.merge_tags import MergeTag, find, masked
from linktrack.mailings.reading.attribute_values import clean, decode
from linktrack.mailings.reading.document import Document, read_text, unknown_charset
from linktrack.mailings.reading.labels import label_of
from linktrack.mailings.reading.mail_files import read_html
from linktrack.mailings.reading.scan import CLICKABLE, Scan, Spot, scan
from linktrack.mailings.reading.text_part import find_urls

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_KEY = re.compile(r"linktrack:(?://)?(.*)", re.IGNORECASE | re.DOTALL)


MERGED = {  # reasons for leaving an address alone, and what each says
    "merge-tag": "a merge tag stands for its scheme, host or path",
    "merge-logic": "it has logic of a merge language in it, which is done only where the mail is sent",
}


@dataclass(frozen=True)
class ReadingOptions:
    """How a mailing's addresses are read. `tracking` is the workspace's base_url, `base` what relative ones are
    relative to."""

    tracking: str
    base: str = ""
    track_all: bool = True
    merge_tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Address:
    """One address. `start:stop` are places in the part's scanned text; `url` is what the author meant.

    `reason` says why it is left alone ("" = to be tracked), `key` is of `linktrack:KEY`, `target` where it leads:
    absolute, as browsers read it, with its merge tags.
    """

    position: int
    part: str
    kind: str
    start: int
    stop: int
    line: int
    column: int
    label: str
    url: str
    target: str
    reason: str
    key: str = ""


def odd_charset(html: Document) -> tuple[str, int, int] | None:
    """What is to be said, with line and column, of an HTML part that names a charset which no mail can be in."""
    found = unknown_charset(html.data) if html.bytewise else None
    if found is None:
        return None
    named, index = found
    sentence = (
        f"the mail says that it is in the charset {named!r}, which is none that a mail can be in; it is read and sent "
        f"as {html.charset}: correct its <meta>"
    )
    return sentence, *html.place(index)


@dataclass(frozen=True)
class Parts:
    """A mailing that has been read: its documents, what the scanner saw, and its addresses in order."""

    html: Document
    text: Document | None
    scan: Scan
    addresses: tuple[Address, ...]

    def document(self, part: str) -> Document:
        return self.html if part == "html" or self.text is None else self.text


def read_mail(
    html: bytes, text: bytes | None, options: ReadingOptions, *, name: str = "", charset: str | None = None
) -> Parts:
    """Read a mail's parts. BadInput with line and column for one that ends inside a tag, for bad encodings, and for
    files that hold something else than HTML.
    """
    parts = read_parts(read_html(html, name=name, charset=charset), None if text is None else read_text(text), options)
    refuse_broken(parts.html, parts.scan, name)
    return parts


def refuse_broken(html: Document, seen: Scan, name: str = "") -> None:
    """BadInput with line and column when a mail ends inside a tag: what follows a missing quote is anybody's guess."""
    if seen.broken_at is None:
        return
    line, column = html.place(seen.broken_at)
    tag = html.characters(seen.broken_at, seen.broken_at + 24).split()[0]
    sentence = f"the mail ends inside the tag {tag} that begins here: a quote or a '>' is missing"
    raise BadInput(sentence, file=name or None, line=line, column=column)


def read_parts(html: Document, text: Document | None, options: ReadingOptions) -> Parts:
    """Find and judge every address of a mailing; `position` counts through the HTML, then the text."""
    seen = scan(html, options.merge_tags)
    base = options.base
    if seen.base is not None:
        own = clean(decode(html.characters(seen.base.start, seen.base.stop)), options.merge_tags)
        base = own if read_web_address(own) else base
    found: list[Address] = []
    numbered = 0
    places = html.places([spot.start for spot in seen.spots])
    for position, (spot, (line, column)) in enumerate(zip(seen.spots, places, strict=True), 1):
        value = clean(decode(html.characters(spot.start, spot.stop)), options.merge_tags)
        reason, target, key = classify(value, options, base)
        reason = _never(spot) or reason
        content = spot.tag if spot.kind == "area" else spot.content
        label = label_of(html, seen.masked, content) if spot.clickable else ""
        if spot.clickable and not label:
            numbered += 1
            label = f"link_{numbered}"
        found.append(
            Address(position, "html", spot.kind, spot.start, spot.stop, line, column, label, value, target, reason, key)
        )
    if text is not None:
        found += _of_text(text, options, base, found, numbered)
    return Parts(html, text, seen, tuple(found))


def checked_base(base: str) -> str:
    """What relative addresses are relative to. BadInput when it is no absolute web address; "" is none."""
    if base and read_web_address(base) is None:
        raise BadInput(f"--base {base!r} is not a web address: write it like https://www.example.com/news/")
    return base


def classify(url: str, options: ReadingOptions, base: str = "") -> tuple[str, str, str]:
    """(reason, target, key) of a decoded, cleaned address; reason "" = can be tracked."""
    if not url:
        return "empty", url, ""
    if url.startswith("#"):
        return "anchor", url, ""
    if named := _KEY.match(url):
        return "", url, named[1].strip()
    tags = find(url, options.merge_tags)
    if reason := _refused_tag(url, tags):
        return reason, url, ""
    scheme = _SCHEME.match(url)
    if scheme and scheme[1].lower() not in ("http", "https"):
        return scheme[1].lower(), url, ""
    if scheme is None:
        if url.startswith("//"):
            url = f"https:{url}"
        elif base:
            url = _joined(base, url)
        else:
            return "relative", url, ""
    if read_web_address(masked(url, tags)) is None:
        return "invalid", url, ""
    if on_tracking_host(url, options.tracking):
        return "tracking-host", url, ""
    return "", url, ""


def on_tracking_host(url: str, tracking: str) -> bool:
    """Whether an absolute address lies under the tracking address: the same host, and below its path if it has one.

    Hosts are compared as browsers read them, so an encoded or international way to write ours is ours.
    """
    here, own = read_web_address(url), read_web_address(tracking)
    if here is None or own is None or here.host.rstrip(".") != own.host.rstrip("."):
        return False
    path = tracking[own.end :].rstrip("/")
    rest = url[here.end :]
    return not path or rest == path or rest.startswith((path + "/", path + "?", path + "#"))


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:  # a host in brackets that is no address
        return url


def _refused_tag(url: str, tags: Sequence[MergeTag]) -> str:
    """The reason of `MERGED` why an address with these tags is left alone, or nothing."""
    if not tags:
        return ""
    plain = masked(url, tags)
    end = min((at for at in (plain.find("?"), plain.find("#")) if at >= 0), default=len(url))
    scheme = _SCHEME.match(plain)
    if scheme and scheme[1].lower() not in ("http", "https") and tags[0].start > scheme.end(1):
        return ""  # mailto:{{ email }} is a mailto
    if any(tag.start < end and not tag.statement for tag in tags):
        return "merge-tag"
    return "merge-logic" if any(tag.statement for tag in tags) else ""


def _never(spot: Spot) -> str:
    if spot.in_comment:
        return "comment"
    if spot.kind not in CLICKABLE:
        return f"{spot.kind} attribute" if spot.kind == "src" else f"{spot.kind} element"
    return f"opt-out: {spot.opted_out}" if spot.opted_out else ""


def _of_text(
    text: Document, options: ReadingOptions, base: str, html: Sequence[Address], numbered: int
) -> list[Address]:
    tracked = {address.target for address in html if not address.reason}
    opted_out = {address.target: address.reason for address in html if address.reason.startswith("opt-out")}
    found = []
    spans = find_urls(text.text, options.merge_tags)
    places = text.places([start for start, _ in spans])
    for position, ((start, stop), (line, column)) in enumerate(zip(spans, places, strict=True), len(html) + 1):
        value = clean(text.text[start:stop], options.merge_tags)
        reason, target, key = classify(value, options, base)
        if not reason and target in opted_out and target not in tracked:
            reason = opted_out[target]
        numbered += 1
        found.append(
            Address(position, "text", "text", start, stop, line, column, f"link_{numbered}", value, target, reason, key)
        )
    return found
