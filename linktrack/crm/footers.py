"""Footers of an export: the lines behind its rows that say who made it, when, or how many there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from linktrack.crm.export_rows import BadRow

_TOTAL = re.compile(
    r"\W*(?:grand |sub-?)?(?:total|summ|sum\b|suma|somme|gesamt|insgesamt|count|anzahl|antal|i alt|razem|yhteens)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:[^\W\d]{1,12}\.?[:\s]\s*)?[-+]?[\d.,\s']*\d(?:\s*(?:%|[^\W\d]+\.?))?")  # `2 rows`, `SEK 3,5`


Block = tuple[int, Sequence[list[str]]]  # rows that follow each other, with the number of the first


def without_footers(
    blocks: Iterable[tuple[int, Sequence[list[str]], bool]], width: int, id_place: int | None, left: list[BadRow]
) -> Iterator[Block]:
    """The rows of a table without its footers, which go to `left`. `blocks` are rows that follow each other: the number
    of the first, the rows, and whether an empty line stands before them.

    A footer has a text in its first cell alone, which is no id like those above (one that begins with a total also has
    a number). It stands behind an empty line or at the end; only behind an empty line where the first column is not
    that of the ids.
    """
    known = _KnownIds()
    waiting: list[tuple[int, list[str], bool]] = []  # what is a footer if no row follows, or stands behind a blank
    apart = False
    for first, block, behind_empty in blocks:
        if len(block) > 1 and _all_filled(block):  # none of them is one
            apart = False
            if waiting:
                yield from _rows_among(waiting, id_place, left)
            if id_place == 0:
                known.add_all([values[0] for values in block])
            yield first, block
            continue
        for line, values in enumerate(block, first):
            filled = len(values) - values.count("")
            apart = apart or (behind_empty and line == first)
            if filled == 0:
                apart = True
            elif width > 1 and filled <= 2 and _is_alone(values, filled):
                if (known.some and not known.fits(values[0].strip())) if id_place == 0 else apart:
                    waiting.append((line, values, apart))
                    continue
                apart = False
            else:
                apart = False
            if waiting and filled:
                yield from _rows_among(waiting, id_place, left)
            if id_place == 0:
                known.add_all(values[:1])
            yield line, [values]
    left += [_footer(number, cells, id_place) for number, cells, _ in waiting]


def numbered(blocks: Iterable[Block]) -> Iterator[tuple[int, list[str]]]:
    """The rows of blocks one by one, each with its number."""
    for first, block in blocks:
        yield from enumerate(block, first)


def _all_filled(block: Sequence[list[str]]) -> bool:
    """Whether each of some rows has more than two cells that are filled."""
    columns = [at for at, cell in enumerate(block[0]) if cell][:3]  # in which most rows have something
    if len(columns) == 3 and all(all(map(itemgetter(at), block)) for at in columns):
        return True
    return min([len(values) - values.count("") for values in block]) > 2


def _rows_among(
    waiting: list[tuple[int, list[str], bool]], id_place: int | None, left: list[BadRow]
) -> Iterator[Block]:
    """What is no footer after all, for a row comes behind it; the footers go to `left`, and nobody waits any more."""
    yield from ((number, [cells]) for number, cells, behind_blank in waiting if not behind_blank)
    left += [_footer(number, cells, id_place) for number, cells, behind_blank in waiting if behind_blank]
    waiting.clear()


def _is_alone(values: list[str], filled: int) -> bool:
    """Whether only the first cell is filled, or a total's number besides."""
    if not values[0].strip():
        return False
    return filled == 1 or (
        _TOTAL.match(values[0]) is not None and any(_NUMBER.fullmatch(value.strip()) for value in values[1:])
    )


def _footer(line: int, values: list[str], id_place: int | None) -> BadRow:
    if sum(map(bool, values)) > 1:
        reason = "it holds a total, like a footer"
    elif id_place == 0:
        reason = "it has one cell, which is no id like those above, like a footer"
    else:
        reason = "it has one cell, alone behind an empty line, like a footer"
    return BadRow(reason, line, " ".join(filter(None, values))[:200], sum(map(bool, values)), apart=True)


class _KnownIds:
    """What the ids of a table are made of: kinds of signs that any of them has, and those that all have."""

    def __init__(self) -> None:
        self.some: frozenset[str] = frozenset()
        self.every: frozenset[str] = frozenset()
        self._last: frozenset[str] | None = None

    def add_all(self, texts: Sequence[str]) -> None:
        """Add the first cells of rows; an empty one is no id."""
        if all(texts) and "".join(texts).isdigit():  # mostly
            texts = texts[:1]
        for text in filter(None, texts):
            made_of = _made_of(text.strip())
            if made_of is not self._last:
                self._last = made_of
                self.every = made_of if not self.some else self.every & made_of
                self.some |= made_of

    def fits(self, text: str) -> bool:
        return self.every <= _made_of(text) <= self.some


_DIGITS, _LETTERS = frozenset({"digit"}), frozenset({"letter"})


def _made_of(text: str) -> frozenset[str]:
    """The kinds of signs in a text: digits, letters, blanks, and every other sign as itself."""
    if text.isdigit():
        return _DIGITS
    if text.isalpha():
        return _LETTERS
    return frozenset(
        "digit" if sign.isdigit() else "letter" if sign.isalpha() else " " if sign.isspace() else sign for sign in text
    )
