"""The proof that rewriting changes the addresses and nothing else: each part is rewritten once and read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType

from linktrack.errors import BadInput
from linktrack.mailings.addresses import Address, Parts, ReadingOptions
from linktrack.mailings.compile import Compiled, Placed, PlacedSpan, TargetSpan, compile_part
from linktrack.mailings.reading.attribute_values import decode
from linktrack.mailings.reading.document import Document
from linktrack.mailings.reading.scan import scan
from linktrack.mailings.reading.text_part import find_urls

_SAMPLE = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5"  # as long as a token
_VALUE = "x%20y"  # as a contact's value stands in an address

_Span = tuple[str, int, int]  # kind, start, stop


def prove(
    parts: Parts,
    placed: Sequence[tuple[Address, str]],
    base_url: str,
    options: ReadingOptions,
    targets: Mapping[int, TargetSpan] = MappingProxyType({}),
) -> None:
    """BadInput unless both parts, rewritten with these keys, read back as they should: the new addresses, the others
    untouched, and the original bytes when the old ones are put back.

    `targets` are what is written in place of tracked addresses, by the positions of the addresses.
    """

    def of_html(document: Document) -> list[_Span]:
        return [(spot.kind, spot.start, spot.stop) for spot in scan(document, options.merge_tags).spots]

    def of_text(document: Document) -> list[_Span]:
        return [("text", start, stop) for start, stop in find_urls(document.text, options.merge_tags)]

    spots = {
        part: [
            targets.get(address.position) or PlacedSpan(key, address.start, address.stop)
            for address, key in placed
            if address.part == part
        ]
        for part in ("html", "text")
    }
    _prove_part(parts.html, spots["html"], base_url, of_html, decode)
    if parts.text is not None:
        _prove_part(parts.text, spots["text"], base_url, of_text, str)


def _prove_part(
    part: Document,
    placed: Sequence[Placed],
    base_url: str,
    read: Callable[[Document], list[_Span]],
    meant: Callable[[str], str],
) -> None:
    """`meant` is what a reader takes a written address for."""
    written = _sample(compile_part(part, placed, base_url))
    again = Document(written, written.decode("latin-1" if part.bytewise else part.charset), part.charset, part.bytewise)
    new = {spot.start: spot for spot in placed}
    before, after = read(part), read(again)
    if len(before) != len(after) or not all(
        kind == kind_now and _reads_as(again, now, now_end, new.get(was), part.text[was:was_end], base_url, meant)
        for (kind, was, was_end), (kind_now, now, now_end) in zip(before, after, strict=True)
    ):
        raise BadInput("the rewritten mail would not read back as it should; nothing was written: please report it")
    back: list[bytes] = []
    here = 0
    for (_, was, was_end), (_, now, now_end) in zip(before, after, strict=True):
        if was in new:
            back += (again.piece(here, now), part.piece(was, was_end))
            here = now_end
    back.append(again.piece(here, len(again.text)))
    if b"".join(back) != part.data:
        raise BadInput("putting the addresses back would not give the original; nothing was written: please report it")


def _reads_as(
    again: Document,
    start: int,
    stop: int,
    spot: Placed | None,
    untouched: str,
    base_url: str,
    meant: Callable[[str], str],
) -> bool:
    """Whether the address at `start:stop` of the rewritten part is the one that should stand there."""
    if isinstance(spot, TargetSpan):
        return meant(again.characters(start, stop)) == _VALUE.join(spot.read)
    return again.text[start:stop] == (untouched if spot is None else f"{base_url}/{spot.key}/{_SAMPLE}")


def _sample(part: Compiled) -> bytes:
    """A part with a sample of a token and of values in it."""
    gaps = part.gaps or (None,) * (len(part.segments) - 1)
    fillers = ((_SAMPLE if gap is None else _VALUE).encode(part.charset) for gap in gaps)
    return b"".join((part.segments[0], *chain.from_iterable(zip(fillers, part.segments[1:], strict=True))))
