"""A mailing compiled: literal segments between which every recipient's token is joined.

A recipient's copy of a part is `token.join(segments)`. The address before each token (base address and placement)
is literal text at the end of the segment before it, so one join does all. Where not every spot has the recipient's
token (in mails of those who refused tracking: a shared token, or the link's own target), what stands there is literal
text too, and the join is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from linktrack.errors import BadInput
from linktrack.links.merge_tags import Pairs
from linktrack.mailings.reading.document import Document


@dataclass(frozen=True)
class PlacedSpan:
    """A placement: the address at `start:stop` of a part's scanned text becomes the tracked one with this key.

    `token` is one that stands there for everybody; None: the recipient's own.
    """

    key: str
    start: int
    stop: int
    token: str | None = None


Writing = Literal["text", "html", "bare", "attribute", "address"]


@dataclass(frozen=True)
class Gap:
    """A merge tag at `start:stop` of a part's scanned text, where a contact's value goes.

    `name` is the field's, as `fold` writes it. `writing` says how the value is written: as it is (text), escaped
    (html), escaped and in quotes, because an attribute has nothing else and no quotes (bare), each sign escaped, as
    no quotes are around it (attribute), or percent-encoded (address).
    """

    name: str
    start: int
    stop: int
    writing: Writing
    charset: str


@dataclass(frozen=True)
class TargetSpan:
    """A placement whose address at `start:stop` becomes the link's own target, `url`: `written` there, with gaps where
    its merge tags are. `read` is what the address is read as, parted at these."""

    url: str
    pairs: Pairs  # further merge tags that it may have
    start: int
    stop: int
    read: tuple[str, ...]
    written: tuple[bytes | Gap, ...]


Placed = PlacedSpan | TargetSpan


@dataclass(frozen=True)
class Compiled:
    """Literal segments of one part, in the codec `charset`; a token stands between each two, unless `gaps` say that
    values stand between some of them (None: the token)."""

    segments: tuple[bytes, ...]
    charset: str
    gaps: tuple[Gap | None, ...] = ()

    def copy_for(self, token: str) -> bytes:
        """The part with this token (or an ESP's merge tag) in its place. BadInput for a tag the charset has not."""
        return self.encoded(token).join(self.segments)

    def encoded(self, token: str) -> bytes:
        """A token as it stands in this part. Errors as `compile.encoded`."""
        return encoded(token, self.charset)


def compile_part(
    document: Document, placed: Sequence[Placed], base_url: str, honeypot: PlacedSpan | None = None
) -> Compiled:
    """Cut a part into segments at its placements. The honeypot, if any, is put in as an element of its own."""
    segments, gaps = cut_part(document, placed, base_url, honeypot)
    return Compiled(segments, document.charset, gaps if any(gaps) else ())


def cut_part(
    document: Document,
    placed: Sequence[Placed],
    base_url: str,
    honeypot: PlacedSpan | None = None,
    gaps: Sequence[Gap] = (),
) -> tuple[tuple[bytes, ...], tuple[Gap | None, ...]]:
    """(pieces, what stands between each two): None for a token, the gap for a merge tag that is filled."""
    pieces: list[bytes] = []
    between: list[Gap | None] = []
    piece = b""
    here = 0
    spots: list[Placed | Gap] = [*placed, *([honeypot] if honeypot else []), *gaps]
    spots.sort(key=lambda spot: (spot.start, spot.stop))
    for spot in spots:
        piece += document.piece(here, spot.start)
        here = spot.stop
        if isinstance(spot, PlacedSpan):
            before, after = _HONEYPOT if spot is honeypot else ("", "")
            piece += document.ascii(f"{before}{base_url}/{spot.key}/")
            lead = document.ascii(after)
            if spot.token is not None:
                piece += encoded(spot.token, document.charset) + lead
                continue
            written: tuple[bytes | Gap | None, ...] = (None, lead)
        else:
            written = (spot,) if isinstance(spot, Gap) else spot.written
        for one in written:
            if isinstance(one, bytes):
                piece += one
            else:
                pieces.append(piece)
                between.append(one)
                piece = b""
    pieces.append(piece + document.piece(here, len(document.text)))
    return tuple(pieces), tuple(between)


def encoded(token: str, charset: str) -> bytes:
    """A token, or the merge tag that stands for one, as bytes in the encoding `charset` of a mail's part. BadInput
    where that encoding lacks a sign of it, which can only be a merge tag's: tokens are ASCII."""
    try:
        return token.encode(charset)
    except UnicodeEncodeError:
        raise BadInput(f"{token!r} cannot be written in {charset}, the mailing's encoding") from None


# Nobody sees, hears or reaches it; machines that follow every link do.
_HONEYPOT = ('<a href="', '" style="display:none;mso-hide:all" aria-hidden="true" tabindex="-1" rel="nofollow"></a>')


def interleaved(segments: Iterable[bytes], token: bytes) -> list[bytes]:
    """Segments with the token between each two, as buffers for one gathering write."""
    buffers: list[bytes] = []
    for segment in segments:
        buffers += (segment, token)
    buffers.pop()
    return buffers
