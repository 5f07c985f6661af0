"""What is odd about one address of a mail: misspelt, wrapped, cut, of another host than its text shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linktrack.hosts import browser_host, read_web_address
from linktrack.links.merge_tags import find
from linktrack.mailings.addresses import MERGED, Address, ReadingOptions
from linktrack.mailings.foreign_links import wrapped_by
from linktrack.names import did_you_mean, nearest

MAX_ADDRESS = 2000  # characters; longer ones are cut by some clients and gateways
_ADDRESS_IN_TEXT = re.compile(r"(?i)(https?://|www\.)?([^\s/?#:@<>\"']+)(?=[/?#:]|$)")
# htp:// and the like, and http:/x, http//x, http;//x, http:\\x
_MISSPELT = re.compile(r"(?i)(?!https?:)h?t{1,3}p{0,2}s{0,2}:|hxxps?:|https?(?::/?(?!/)|;//|//|:\\\\)")
# Merge tags by which mail services put in their own pages: nobody expects these to be tracked.
_OF_THE_SENDER = re.compile(r"(?i)unsub|opt-?_?out|preference|subscription|profile|view|browser|web_?version|archive")
_ODD_BLANKS = "\u00a0\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff\u2003\u2009\u202f"


def oddities(
    address: Address, raw: str, options: ReadingOptions, keys: set[str], *, html: bool
) -> Iterator[tuple[str, str]]:
    """(rule, message) for everything that is odd about one address."""
    url = address.url
    if address.kind == "form":
        yield "form", "forms do not work in most mail clients: link to a page with the form"
        return
    if url.lower().startswith("linktrack:"):
        if address.key not in keys or address.key == "honeypot":
            meant = did_you_mean(nearest(address.key, keys - {"honeypot"}))
            yield "unknown-key", f"there is no link {address.key!r}{meant}: see linktrack link list"
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
    elif what := wrapped_by(url):
        yield "wrapped", f"this is {what}, pasted from another mail: use the original address"
    if address.reason in MERGED and not _OF_THE_SENDER.search(url):
        yield address.reason, f"not tracked: {MERGED[address.reason]}"
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
    user = re.match(r"(?i)https?://([^/?#]*)@", url)
    if user and user[1].partition(":")[2]:
        yield "password", "there is a password in this address, and every recipient gets it"
    if re.search(r"[^/.]\.$", url) and re.match(r"(?i)https?:", url):
        yield "trailing-dot", "the address ends in a dot: is that the end of the sentence?"


def leads_elsewhere(words: str, target: str) -> tuple[str, str] | None:
    """The host that a link's words show and the one that it leads to, where these are not of one site."""
    shown, host = _shown_host(words), _host(target)
    return (shown, host) if shown and host and not _same_site(shown, host) else None


def _shown_host(text: str) -> str | None:
    """The host that a link's text shows, when the text is an address and nothing else."""
    match = _ADDRESS_IN_TEXT.match(text)
    if match is None or " " in text or "@" in text or not (match[1] or match[2].isascii()):
        return None
    host = browser_host(match[2])
    return host if host and re.search(r"[a-z0-9]\.(?:[a-z]{2,}|xn--[a-z0-9\-]+)$", host) else None


def _host(url: str) -> str | None:
    web = read_web_address(url)
    return None if web is None else web.host.rstrip(".")


def _same_site(shown: str, target: str) -> bool:
    one, other = shown.removeprefix("www."), target.removeprefix("www.")
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _without_tags(raw: str, options: ReadingOptions) -> str:
    parts, here = [], 0
    for tag in find(raw, options.merge_tags):
        parts.append(raw[here : tag.start])
        here = tag.stop
    return "x".join((*parts, raw[here:]))
