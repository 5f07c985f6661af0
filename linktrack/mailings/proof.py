"""The proof that rewriting changes the addresses and nothing else: each part is rewritten once and read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from linktrack.errors import BadInput
from linktrack.mailings.addresses import Address, Parts, ReadingOptions
from linktrack.mailings.compile import PlacedSpan, compile_part
from linktrack.mailings.reading.document import Document
from linktrack.mailings.reading.scan import scan
from linktrack.mailings.reading.text_part import find_urls

_SAMPLE = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5"  # as long as a token

_Span = tuple[str, int, int]  # kind, start, stop


def prove(parts: Parts, placed: Sequence[tuple[Address, str]], base_url: str, options: ReadingOptions) -> None:
    """BadInput unless both parts, rewritten with these keys, read back as they should: the new addresses, the others
    untouched, and the original bytes when the old ones are put back.
    """

    def of_html(text: str) -> list[_Span]:
        return [(spot.kind, spot.start, spot.stop) for spot in scan(text, options.merge_tags).spots]

    def of_text(text: str) -> list[_Span]:
        return [("text", start, stop) for start, stop in find_urls(text, options.merge_tags)]

    spots = {
        part: [PlacedSpan(key, address.start, address.stop) for address, key in placed if address.part == part]
        for part in ("html", "text")
    }
    _prove_part(parts.html, spots["html"], base_url, of_html)
    if parts.text is not None:
        _prove_part(parts.text, spots["text"], base_url, of_text)


def _prove_part(
    part: Document, placed: Sequence[PlacedSpan], base_url: str, read: Callable[[str], list[_Span]]
) -> None:
    written = compile_part(part, placed, base_url).copy_for(_SAMPLE)
    again = Document(written, written.decode("latin-1" if part.bytewise else part.charset), part.charset, part.bytewise)
    new = {spot.start: f"{base_url}/{spot.key}/{_SAMPLE}" for spot in placed}
    before, after = read(part.text), read(again.text)
    expected = [(kind, new.get(start, part.text[start:stop])) for kind, start, stop in before]
    if [(kind, again.text[start:stop]) for kind, start, stop in after] != expected:
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
