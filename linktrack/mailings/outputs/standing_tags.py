"""Merge tags that stand in a mail: where, and whether a contact's values can be put there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from linktrack.errors import BadInput
from linktrack.links.merge_tags import MergeTag, Pairs, find, fold
from linktrack.mailings.addresses import Parts
from linktrack.mailings.compile import Placed
from linktrack.mailings.reading.document import Document

_NAMED = 5  # tags in a sentence
_ALWAYS = ("contact_id", "id", "email", "name")  # what every contact has, whatever its columns are called


@dataclass(frozen=True)
class StandingTag:
    """A merge tag that every copy would carry: what it is, and where (line and column from 1) in which part."""

    part: str  # subject, text or html
    line: int
    column: int
    written: str
    tag: MergeTag

    def __str__(self) -> str:
        place = "in the subject" if self.part == "subject" else f"line {self.line}, column {self.column}"
        return f"{self.written} ({place}{' of the text' if self.part == 'text' else ''})"


class CannotFill(BadInput):
    """A mail has `tags` that nothing fills; their places are in the sentence."""

    def __init__(self, sentence: str, tags: Sequence[StandingTag]) -> None:
        self.tags = tuple(tags)
        super().__init__(sentence)


def standing_tags(
    parts: Parts,
    placed_html: Sequence[Placed],
    placed_text: Sequence[Placed],
    subject: str,
    extra_tags: Pairs = (),
) -> list[StandingTag]:
    """The merge tags that a mail's copies would carry: in the subject, the text and the HTML, in this order.

    Those of tracked addresses are none of them: they are filled when a visitor is redirected.
    """
    found = [
        StandingTag("subject", 1, tag.start + 1, subject[tag.start : tag.stop], tag)
        for tag in find(subject, extra_tags)
    ]
    if parts.text is not None:
        tags = _outside(find(parts.text.text, extra_tags), placed_text)
        found += _placed_tags("text", parts.text, tags)
    return found + _placed_tags("html", parts.html, _outside(parts.scan.tags, placed_html))


def refuse_standing(tags: Sequence[StandingTag]) -> None:
    """CannotFill naming them when there are any: a mail that leaves from here would show them as they are."""
    if tags:
        more = f" and {len(tags) - _NAMED} more" if len(tags) > _NAMED else ""
        raise CannotFill(
            f"every mail would carry merge tags as they stand: {', '.join(map(str, tags[:_NAMED]))}{more}: add --fill "
            "to put the contacts' values there, or --keep-merge-tags if what sends the mails fills them",
            tags,
        )


def check_fields(tags: Iterable[StandingTag], columns: Iterable[str]) -> None:
    """CannotFill, naming line and column, for the first tag that cannot be filled: logic, a filter, or no known column.

    `columns` are those of the contacts file and the names that the mapping gives to fields.
    """
    known = {fold(name) for name in (*columns, *_ALWAYS)}
    for standing in tags:
        if standing.tag.statement:
            reason = "is logic, which --fill does not do: write the mail without it"
        elif not standing.tag.plain:
            reason = "is more than a column's name, and --fill knows no filters and functions: leave the name alone"
        elif fold(standing.tag.name) not in known:
            reason = "names no column of the contacts file: correct the name, or add the column to the export"
        else:
            continue
        raise CannotFill(f"{standing} {reason}", [standing])


def _outside(tags: Iterable[MergeTag], placed: Iterable[Placed]) -> list[MergeTag]:
    """The tags that do not stand in an address that becomes a tracked one."""
    spans = sorted((spot.start, spot.stop) for spot in placed)
    found = []
    for tag in tags:
        before = bisect_right(spans, (tag.start, len(spans) and spans[-1][1])) - 1
        if before < 0 or spans[before][1] <= tag.start:
            found.append(tag)
    return found


def _placed_tags(part: str, document: Document, tags: Sequence[MergeTag]) -> list[StandingTag]:
    places = document.places([tag.start for tag in tags])
    return [
        StandingTag(part, line, column, document.characters(tag.start, tag.stop), tag)
        for tag, (line, column) in zip(tags, places, strict=True)
    ]
