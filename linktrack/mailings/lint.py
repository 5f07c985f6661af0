"""Lint: what goes wrong in mails, found before they are sent, each with the place where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from linktrack.errors import UnknownName
from linktrack.files.reading import STDIN, read_bytes
from linktrack.hosts import read_web_address
from linktrack.links.foreign_tags import foreign_tags, foreign_tags_in_url
from linktrack.links.merge_tags import fill
from linktrack.links.special_links import LEAVING
from linktrack.links.utm import warnings
from linktrack.mailings.addresses import Address, Parts, ReadingOptions, odd_charset, read_parts
from linktrack.mailings.catalogue import MailingOptions, find_mailing
from linktrack.mailings.compile import PlacedSpan
from linktrack.mailings.odd_addresses import leads_elsewhere, oddities
from linktrack.mailings.online import ask_targets
from linktrack.mailings.outputs.standing_tags import standing_tags
from linktrack.mailings.reading.cross_check import cross_check
from linktrack.mailings.reading.document import read_text
from linktrack.mailings.reading.labels import read_words
from linktrack.mailings.reading.mail_files import read_html
from linktrack.mailings.reading.markup import RAW, MarkupKind, read_markup
from linktrack.names import did_you_mean
from linktrack.store.session import Database
from linktrack.workspace import Workspace

_UNKNOWN_LANGUAGE = "looks like a merge tag of a language that is not set up"
_DISTINCT = 20  # tags of a stretch of text that are named


@dataclass(frozen=True)
class LintFinding:
    """Something to look at. `rule` is its name; line and column count from 1."""

    rule: str
    part: str
    line: int
    column: int
    address: str
    message: str


def check_mailing(database: Database, workspace: Workspace, name: str, *, online: bool = False) -> list[LintFinding]:
    """Findings of a stored mailing, or of an HTML file (`-` is standard input), in order of place. UnknownName for
    neither.

    With `online` every target is asked for once, and what does not answer is a finding too.
    """
    tracking = workspace.settings.base_url
    settings = MailingOptions(merge_tags=workspace.settings.mailings.pairs)
    subject = file = ""
    try:
        mailing = find_mailing(database, name)
    except UnknownName as problem:
        path = Path(name)
        if str(path) != STDIN and (not path.exists() or path.is_dir()):  # a pipe is a file, too
            sentence = (
                f"there is no mailing {name!r}{did_you_mean(problem.near)}, and no file of that name: see linktrack "
                "mailing list"
            )
            raise UnknownName(sentence, noun=problem.noun, name=name, near=problem.near) from None
        html, text, file = read_bytes(path, "a mail"), None, name
    else:
        html, text, settings, subject = mailing.html, mailing.text, mailing.settings, mailing.subject
    rows = database.rows("SELECT key, url FROM link WHERE deleted_at IS NULL AND kind <> 'local'")
    urls = {key: url or "" for key, url in rows}
    return check_mail(html, text, settings.options(tracking), urls, settings, subject=subject, online=online, name=file)


def check_mail(
    html: bytes,
    text: bytes | None,
    options: ReadingOptions,
    links: Mapping[str, str],
    settings: MailingOptions | None = None,
    *,
    subject: str = "",
    online: bool = False,
    name: str = "",
) -> list[LintFinding]:
    """All findings of a mail, by place. `links` are the URLs of the keys that `linktrack:KEY` may name;
    `name` is the file's.

    BadInput for encodings, and for files that are no mails.
    """
    settings = settings or MailingOptions()
    document = read_html(html, name=name, charset=settings.charset)
    parts = read_parts(document, None if text is None else read_text(text), options)
    found = [*_broken(parts), *_charset(parts), *_addresses(parts, options, set(links)), *_whole(parts, settings)]
    found += [*_standing(parts, options, subject), *_foreign_tags(parts, options, subject)]
    found += [_finding("parsers-disagree", address, message) for address, message in cross_check(parts)]
    if online:
        found += _unanswered(parts, options, links)
    return sorted(found, key=lambda finding: (finding.part, finding.line, finding.column))


def _broken(parts: Parts) -> Iterator[LintFinding]:
    ends = {
        "ends-in-tag": (parts.scan.broken_at, "the mail ends inside the tag that begins here: a quote or > is missing"),
        "open-comment": (parts.scan.open_comment, "a comment begins here and never ends: what follows is not shown"),
    }
    for rule, (index, message) in ends.items():
        if index is not None:
            yield LintFinding(rule, "html", *parts.html.place(index), "", message)


def _charset(parts: Parts) -> Iterator[LintFinding]:
    if odd := odd_charset(parts.html):
        sentence, line, column = odd
        yield LintFinding("unknown-charset", "html", line, column, "", sentence)


def _addresses(parts: Parts, options: ReadingOptions, keys: set[str]) -> Iterator[LintFinding]:
    spots = {spot.start: spot for spot in parts.scan.spots}
    for address in parts.addresses:
        if address.reason == "comment" or address.kind in ("link", "src", "base"):
            continue
        spot = spots.get(address.start) if address.part == "html" else None
        raw = parts.document(address.part).characters(address.start, address.stop)
        for rule, message in oddities(address, raw, options, keys, html=spot is not None):
            yield _finding(rule, address, message)
        for start, stop in foreign_tags_in_url(address.url, options.merge_tags) if address.kind != "form" else ():
            tag = address.url[start:stop]
            yield _finding(
                "unknown-merge-tag", address, f"{tag} looks like a merge tag of a language that is not set up"
            )
        if spot is not None and spot.repeated:
            yield _finding("repeated-href", address, "this element has a second href, which clients ignore")
        if spot is not None and address.kind in ("a", "vml"):
            words = read_words(parts.html, parts.scan.masked, spot.content)[0]
            if hosts := leads_elsewhere(words, address.target):
                shown, target = hosts
                message = f"the text shows {shown}, the link leads to {target}: this looks like phishing"
                yield _finding("text-mismatch", address, message)


def _whole(parts: Parts, settings: MailingOptions) -> Iterator[LintFinding]:
    unsubscribe = any(
        address.key in LEAVING
        or (address.reason != "comment" and re.search(r"(?i)unsub|opt-?out|avregistr|avprenum|abmeld", address.url))
        for address in parts.addresses
        if address.kind in ("a", "area", "vml", "text")
    )
    if not unsubscribe:
        yield LintFinding(
            "no-unsubscribe", "html", 1, 1, "", 'there is no unsubscribe link: add href="linktrack:unsubscribe"'
        )
    for sentence in warnings(settings.utm):
        yield LintFinding("utm", "html", 1, 1, "", sentence)


def _standing(parts: Parts, options: ReadingOptions, subject: str) -> Iterator[LintFinding]:
    """Merge tags that stand in the mail, each place: what is sent from here cannot carry them as they are."""
    placed: dict[str, list[PlacedSpan]] = {"html": [], "text": []}
    for address in parts.addresses:
        if not address.reason:
            placed[address.part].append(PlacedSpan("", address.start, address.stop))
    tags = standing_tags(parts, placed["html"], placed["text"], subject, options.merge_tags)
    message = "this merge tag stands in the mail: eml and mbox want --fill or --keep-merge-tags"
    for standing in tags:
        yield LintFinding(
            "raw-merge-tag", standing.part, standing.line, standing.column, standing.written[:200], message
        )


def _foreign_tags(parts: Parts, options: ReadingOptions, subject: str) -> Iterator[LintFinding]:
    """What looks like a merge tag in the words that people read, each once in a part."""
    places = {tag: ("subject", 1, start + 1) for tag, start in _first_tags(subject, options)}
    for tag, place in places.items():
        yield _foreign(tag, *place)
    documents = [("html", parts.html, _words(parts))]
    if parts.text is not None:
        documents.append(("text", parts.text, [(0, len(parts.text.text))]))
    for part, document, stretches in documents:
        first: dict[str, int] = {}
        for begin, end in stretches:
            for tag, start in _first_tags(document.characters(begin, end), options):
                if tag not in first:
                    before = document.characters(begin, end)[:start]
                    first[tag] = begin + (len(before.encode(document.charset)) if document.bytewise else start)
        in_addresses = {(address.start, address.stop) for address in parts.addresses if address.part == part}
        for tag, index in first.items():
            if not any(here <= index < there for here, there in in_addresses):
                yield _foreign(tag, part, *document.place(index))


def _first_tags(words: str, options: ReadingOptions) -> list[tuple[str, int]]:
    """The first places of at most `_DISTINCT` different tags."""
    found: dict[str, int] = {}
    for start, stop in foreign_tags(words, options.merge_tags):
        if len(found) < _DISTINCT:
            found.setdefault(words[start:stop], start)
    return list(found.items())


def _foreign(tag: str, part: str, line: int, column: int) -> LintFinding:
    return LintFinding(
        "unknown-merge-tag", part, line, column, "", f"{tag} {_UNKNOWN_LANGUAGE}: it is sent as it stands"
    )


def _words(parts: Parts) -> list[tuple[int, int]]:
    """Where the HTML has text that people read."""
    masked = parts.scan.masked
    found: list[tuple[int, int]] = []
    here, raw = 0, False
    for piece in read_markup(masked, 0, len(masked)):
        if not raw and piece.start > here:
            found.append((here, piece.start))
        here = piece.stop
        raw = piece.kind is MarkupKind.START and piece.name in RAW - {"title"}
    return found if raw else [*found, (here, len(masked))]


def _unanswered(parts: Parts, options: ReadingOptions, links: Mapping[str, str]) -> Iterator[LintFinding]:
    """Addresses whose target, merge tags taken out, does not answer."""
    targets: dict[str, Address] = {}
    for address in parts.addresses:
        target = links.get(address.key, "") if address.key else address.target
        open_one = not address.reason or address.reason.startswith("opt-out")
        if open_one and read_web_address(target):
            targets.setdefault(fill(target, {}, options.merge_tags), address)
    for url, reason in ask_targets(targets).items():
        yield _finding("no-answer", targets[url], f"{url[:200]} {reason}")


def _finding(rule: str, address: Address, message: str) -> LintFinding:
    return LintFinding(rule, address.part, address.line, address.column, address.url[:200], message)
