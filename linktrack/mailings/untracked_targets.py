"""A link's own target, written where its tracked address would stand: in the mails of those who refused tracking.

What a reader of the mail takes for the address is the target, its merge tags filled; how it is written depends on the
place: escaped in HTML, whole in a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from urllib.parse import quote

from linktrack.errors import BadInput
from linktrack.links.location import location
from linktrack.links.merge_tags import MergeTag, Pairs, find, fold
from linktrack.mailings.compile import Gap, Placed, TargetSpan
from linktrack.mailings.reading.document import Document
from linktrack.mailings.reading.text_part import find_urls

_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f]")  # a browser percent-encodes them, and not every place can hold them
_NOT_BARE = re.compile(r"[^A-Za-z0-9:/?#=._~%+,@!\-]|/$")  # what could end a value without quotes
_IN_TEXT = "!$&'()*+,-./:;=?@[]_~%#"  # what an address in a text keeps; the second choice is safe wherever it stands
_IN_ANY_TEXT = "!$&+,-./:=?@_~%#"
_AROUND = ((" ", " "), ("(", ")"), ("[", "]"), ("{", "}"))

_Piece = str | MergeTag


def target_in_html(url: str, document: Document, start: int, stop: int, quotes: str, pairs: Pairs = ()) -> TargetSpan:
    """The target in the place of the attribute's value at `start:stop`; `quotes` are those around it, "" for none."""

    def written(text: str) -> bytes:
        safe = escape(text) if quotes else _NOT_BARE.sub(_referred, text)
        held = "".join(sign if _comes_back(sign, document.charset) else f"&#{ord(sign)};" for sign in safe)
        return (safe if _comes_back(safe, document.charset) else held).encode(document.charset)

    pieces = _apart(url, pairs)
    gapped = _with_gaps(pieces, written, start, stop, document.charset)
    return TargetSpan(url, pairs, start, stop, _read(pieces), tuple(gapped))


def target_in_text(url: str, charset: str, start: int, stop: int, pairs: Pairs = ()) -> TargetSpan:
    """The target in the place of the address at `start:stop` of a text.

    What would end an address there, or what the charset has not, is percent-encoded.
    """
    pieces = _apart(url, pairs)
    for shown in (pieces, _in_ascii(pieces, _IN_TEXT), _in_ascii(pieces, _IN_ANY_TEXT)):
        if _stands_whole(shown, charset):
            break
    else:
        shown = _with_last_encoded(shown)
    gapped = _with_gaps(shown, lambda text: text.encode(charset), start, stop, charset)
    return TargetSpan(url, pairs, start, stop, _read(shown), tuple(gapped))


def tags_in(placed: Iterable[Placed]) -> list[MergeTag]:
    """The merge tags of the targets among these spots."""
    targets = (spot for spot in placed if isinstance(spot, TargetSpan))
    return [tag for spot in targets for tag in find(spot.url, spot.pairs)]


def _apart(url: str, pairs: Pairs) -> list[_Piece]:
    """An address parted at its merge tags; what stands for no value is left out, as it is when a visitor is led."""
    pieces: list[_Piece] = []
    here = 0
    for tag in find(url, pairs):
        pieces.append(_printable(url[here : tag.start]))
        if fold(tag.name):
            pieces.append(tag)
        here = tag.stop
    pieces.append(_printable(url[here:]))
    return [piece for piece in pieces if piece]


def _referred(match: re.Match[str]) -> str:
    return "&amp;" if match[0] == "&" else f"&#{ord(match[0])};"


def _printable(text: str) -> str:
    return _CONTROLS.sub(lambda match: quote(match[0]), text)


def _read(pieces: Sequence[_Piece]) -> tuple[str, ...]:
    """What a reader takes the address for, parted where values stand: `a`, `b` for `a{{x}}b`."""
    found = [""]
    for piece in pieces:
        if isinstance(piece, MergeTag):
            found.append("")
        else:
            found[-1] += piece
    return tuple(found)


def _with_gaps(
    pieces: Sequence[_Piece], written: Callable[[str], bytes], start: int, stop: int, charset: str
) -> Iterator[bytes | Gap]:
    for piece in pieces:
        if isinstance(piece, MergeTag):
            yield Gap(fold(piece.name), start, stop, "address", charset)
        else:
            yield written(piece)


def _stands_whole(pieces: Sequence[_Piece], charset: str) -> bool:
    """Whether an address is read as a whole, and nothing else with it, wherever it stands in a text of this charset."""
    text = "".join("x" if isinstance(piece, MergeTag) else piece for piece in pieces)
    return _comes_back(text, charset) and all(
        find_urls(f"{before}{text}{after}") == [(1, 1 + len(text))] for before, after in _AROUND
    )


def _comes_back(text: str, charset: str) -> bool:
    """Whether a charset has all of a text, and none of it is read back as something else (the yen of Shift JIS is)."""
    try:
        return text.encode(charset).decode(charset) == text
    except UnicodeError:
        return False


def _in_ascii(pieces: Sequence[_Piece], kept: str) -> list[_Piece]:
    """An address in ASCII, its host in punycode."""
    found: list[_Piece] = []
    for number, piece in enumerate(pieces):
        if isinstance(piece, MergeTag):
            found.append(piece)
            continue
        text = piece
        if number == 0:
            try:
                text = location(piece)
            except BadInput:  # which no browser goes to; it is shown as it is
                text = piece
        found.append(quote(text, safe=kept))
    return found


def _with_last_encoded(pieces: Sequence[_Piece]) -> list[_Piece]:
    """An address whose last sign would be taken for the sentence's."""
    last = pieces[-1]
    if isinstance(last, MergeTag):
        return list(pieces)
    return [*pieces[:-1], f"{last[:-1]}%{ord(last[-1]):02X}"]
