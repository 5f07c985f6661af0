"""A mailing compiled: literal segments between which every recipient's token is joined.

A recipient's copy of a part is `token.join(segments)`. The address before each token (base address and placement)
is literal text at the end of the segment before it, so one join does all.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from linktrack.errors import BadInput
from linktrack.mailings.addresses import Options, Parts, read_parts
from linktrack.mailings.document import Document, read_document
from linktrack.mailings.scan import scan
from linktrack.mailings.text_part import find_urls

_SAMPLE = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5"  # as long as a token


@dataclass(frozen=True)
class Placed:
    """A placement: the address at `start:stop` of a part's scanned text becomes the tracked one with this key."""

    key: str
    start: int
    stop: int


@dataclass(frozen=True)
class Compiled:
    """Literal segments of one part, in the part's own encoding; a token stands between each two."""

    segments: tuple[bytes, ...]
    document: Document

    def copy_for(self, token: str) -> bytes:
        """The part with this token (or an ESP's merge tag) in its place."""
        return self.document.encoded(token).join(self.segments)


def read_mail(
    html: bytes, text: bytes | None, options: Options, *, name: str = "", charset: str | None = None
) -> Parts:
    """Read a mail's parts. BadInput with line and column for one that ends inside a tag, and for bad encodings."""
    document = read_document(html, name=name, charset=charset)
    parts = read_parts(document, None if text is None else read_text(text, name), options)
    if parts.scan.broken_at is not None:
        line, column = document.place(parts.scan.broken_at)
        tag = document.characters(parts.scan.broken_at, parts.scan.broken_at + 24).split()[0]
        raise BadInput(
            f"the mail ends inside the tag {tag} that begins here: a quote or a '>' is missing",
            file=name or None,
            line=line,
            column=column,
        )
    return parts


def read_text(data: bytes, name: str = "") -> Document:
    """A plain-text part as characters: quotation marks beyond ASCII end an address, so bytes do not do."""
    document = read_document(data, name=name)
    if not document.bytewise:
        return document
    return Document(data, data.decode(document.charset), document.charset, False)


def compile_part(
    document: Document, placed: Sequence[Placed], base_url: str, honeypot: Placed | None = None
) -> Compiled:
    """Cut a part into segments at its placements. The honeypot, if any, is put in as an element of its own."""
    segments: list[bytes] = []
    lead = b""
    here = 0
    spots = sorted((*placed, *([honeypot] if honeypot else [])), key=lambda spot: (spot.start, spot.stop))
    for spot in spots:
        before, after = _HONEYPOT if spot is honeypot else ("", "")
        address = document.ascii(f"{before}{base_url}/{spot.key}/")
        segments.append(lead + document.piece(here, spot.start) + address)
        lead = document.ascii(after)
        here = spot.stop
    segments.append(lead + document.piece(here, len(document.text)))
    return Compiled(tuple(segments), document)


# Nobody sees, hears or reaches it; machines that follow every link do.
_HONEYPOT = (
    '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all" aria-hidden="true"><a href="',
    '" rel="nofollow" tabindex="-1"></a></div>',
)


def check_html(parts: Parts, compiled: Compiled, placed: Sequence[Placed], base_url: str, options: Options) -> None:
    """Prove a compiled HTML part: read again it has exactly the new addresses, and with the old ones put back it is
    the original. BadInput otherwise; nothing is written then. Only for a part without honeypot.
    """
    written = compiled.copy_for(_SAMPLE)
    html = parts.html
    text = written.decode("latin-1" if html.bytewise else html.charset)
    again = Document(written, text, html.charset, html.bytewise)
    found = scan(again.text, options.merge_tags).spots
    new = {spot.start: f"{base_url}/{spot.key}/{_SAMPLE}" for spot in placed}
    back: list[bytes] = []
    here = 0
    same = len(found) == len(parts.scan.spots)
    for before, after in zip(parts.scan.spots, found, strict=False):
        raw = html.text[before.start : before.stop]
        value = again.text[after.start : after.stop]
        same = same and before.kind == after.kind and value == new.get(before.start, raw)
        if before.start in new:
            back += [again.piece(here, after.start), html.encoded(raw)]
            here = after.stop
    back.append(again.piece(here, len(again.text)))
    if not same or b"".join(back) != html.data:
        raise BadInput("the rewritten mail does not read back as it should; please report this mail")


def check_text(
    document: Document, compiled: Compiled, placed: Sequence[Placed], base_url: str, options: Options
) -> None:
    """The same proof for a plain-text part."""
    written = compiled.copy_for(_SAMPLE)
    text = written.decode(document.charset)
    new = [f"{base_url}/{spot.key}/{_SAMPLE}" for spot in sorted(placed, key=lambda spot: spot.start)]
    found = [text[start:stop] for start, stop in find_urls(text, options.merge_tags)]
    missing = [address for address in new if address not in found]
    parts = text.split(_SAMPLE)
    back: list[str] = []
    for piece, spot in zip(parts, sorted(placed, key=lambda spot: spot.start), strict=False):
        back += [piece.removesuffix(f"{base_url}/{spot.key}/"), document.text[spot.start : spot.stop]]
    back.append(parts[-1])
    if missing or document.encoded("".join(back)) != document.data:
        raise BadInput("the rewritten text part does not read back as it should; nothing was written: please report it")


def placement_keys(mailing: str, position: int) -> Iterator[str]:
    """Keys for a spot, the first choice first: 4 characters of `a-z2-7`, longer ones after 8 that were taken."""
    for attempt in range(72):
        digest = blake2b(f"{mailing}\0{position}\0{attempt}".encode(), digest_size=20).digest()
        yield base64.b32encode(digest).decode("ascii").lower()[: 4 + attempt // 8]
