"""A table as a reader wants it: as wide as the terminal at most, no word taken apart, and keys in one piece.

Where the columns have room they stand as they are; else texts are folded at the ends of words (addresses behind their
marks). Where even that is too wide, drawings are left out, columns stand closer, times and keys with blanks are folded
too, columns that can best be spared are left out, and at last each row becomes a block of lines, name and value, in
which what is wider than the line is taken apart whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from unicodedata import category, east_asian_width

_GAP = 2
_CLOSE = 1
_LONGEST_WORD = 40  # what is longer is no word: it may be cut
_NARROWEST = 20  # of the values in a block
# The columns that name a thing: they stay in one piece, whatever the room.
_KEYS = frozenset(
    ("key", "link", "other", "placement", "click", "id", "number", "rule", "check", "state", "status", "verdict", "run")
)
_DRAWING = ""  # a column that only draws what others say has no name
_SPARED = ("interval", "test_clicks")  # columns that are left out before a table becomes blocks
# A letter, or the escape that stands for one.
_LETTERS = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})|.", re.DOTALL)
_PIECES = re.compile(r"[^/?&=#.@:_-]*[/?&=#.@:_-]+|[^/?&=#.@:_-]+")


class TableColumn(NamedTuple):
    """A column: its name, the texts of its cells, and whether they are numbers, or times, which stay in one piece."""

    name: str
    cells: list[str]
    numeric: bool = False
    timed: bool = False

    @property
    def whole(self) -> bool:
        return self.numeric or self.timed or self.name in _KEYS or self.name.endswith("_id")

    @property
    def words(self) -> list[str]:
        return self.name.split("_")

    def least(self, pressed: bool = False) -> int:
        """The narrowest that it can be; `pressed`, also with its times and its keys folded where they have blanks."""
        if self.whole:
            cells = (width_of(part) for cell in self.cells for part in (cell.split(" ") if pressed else [cell]))
        else:
            cells = (_longest_piece(cell) for cell in self.cells)
        return max(*map(width_of, self.words), *cells)

    def most(self) -> int:
        """As wide as it needs to be, with a header of one word a line."""
        return max(*map(width_of, self.words), *map(width_of, self.cells))


def table_lines(columns: Sequence[TableColumn], width: int, rule: str = "─") -> Iterable[str]:
    """The lines of a table that fits `width`, with a line of `rule` under its header; of blocks, where none fits."""
    named = [column for column in columns if column.name != _DRAWING]
    needed = [column for column in named if column.name not in _SPARED]
    for gap, pressed, shown in (
        *((_GAP, False, columns), (_GAP, False, named)),
        *((_CLOSE, False, named), (_CLOSE, True, named)),
        (_CLOSE, True, needed),
    ):
        least = [column.least(pressed) for column in shown]
        room = width - gap * (len(shown) - 1)
        if sum(least) <= room:
            return _rows(shown, _widths(least, [column.most() for column in shown], room), gap, rule)
    return _blocks(named, width)


def _widths(least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """What each column gets of the room: what it needs, or the more the more often it would be folded."""
    if sum(most) <= room:
        return list(most)
    widths = list(least)
    spare = room - sum(widths)
    while spare > 0 and widths != most:
        at = max(range(len(widths)), key=lambda index: (most[index] > widths[index]) * most[index] / widths[index])
        widths[at] += 1
        spare -= 1
    return widths


def _rows(columns: Sequence[TableColumn], widths: Sequence[int], gap: int, rule: str) -> Iterable[str]:
    header = [_fold(" ".join(column.words), width) for column, width in zip(columns, widths, strict=True)]
    tallest = max(map(len, header))
    yield from _lines([[""] * (tallest - len(lines)) + lines for lines in header], columns, widths, gap)
    yield (" " * gap).join(rule * width for width in widths)
    for index in range(len(columns[0].cells)):
        folded = [
            _fold(column.cells[index], width, column.whole) for column, width in zip(columns, widths, strict=True)
        ]
        yield from _lines(folded, columns, widths, gap)


def _lines(
    cells: Sequence[list[str]], columns: Sequence[TableColumn], widths: Sequence[int], gap: int
) -> Iterable[str]:
    for row in range(max(map(len, cells))):
        texts = []
        for lines, column, width in zip(cells, columns, widths, strict=True):
            text = lines[row] if row < len(lines) else ""
            blanks = " " * (width - width_of(text))
            texts.append(blanks + text if column.numeric else text + blanks)
        yield (" " * gap).join(texts).rstrip()


def _blocks(columns: Sequence[TableColumn], width: int) -> Iterable[str]:
    names = [column.name.replace("_", " ") for column in columns]
    indent = max(map(len, names)) + _GAP
    for index in range(len(columns[0].cells)):
        if index:
            yield ""
        for name, column in zip(names, columns, strict=True):
            text = column.cells[index]
            room = max(width - indent, _NARROWEST)
            lines = _fold(text, room, longest=room if column.whole else min(room, _LONGEST_WORD))
            if text:
                yield f"{name:{indent}}{lines[0]}"
                yield from (" " * indent + line for line in lines[1:])


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes: two for a wide letter, none for a mark on the one before it."""
    if text.isascii():
        return len(text)
    return sum(_width(letter) for letter in text)


def _width(letter: str) -> int:
    if category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(letter) in "WF" else 1


def _pieces(word: str, longest: int = _LONGEST_WORD) -> list[str]:
    """What a word may be taken apart into: an address behind its marks, and what is too long for a word."""
    parts = _PIECES.findall(word) if "/" in word or "@" in word or width_of(word) > longest else [word]
    return [piece for part in parts for piece in _cut(part, longest)]


def _cut(part: str, longest: int) -> Iterable[str]:
    """Pieces of a part, each as long as may be; none ends within an escape."""
    if width_of(part) <= longest:
        yield part
        return
    begin = taken = 0
    for letter in _LETTERS.finditer(part):
        more = width_of(letter[0])
        if taken + more > longest:
            yield part[begin : letter.start()]
            begin, taken = letter.start(), 0
        taken += more
    yield part[begin:]


def _longest_piece(text: str) -> int:
    return max((width_of(piece) for word in text.split(" ") for piece in _pieces(word)), default=0)


def _fold(text: str, width: int, whole: bool = False, *, longest: int = _LONGEST_WORD) -> list[str]:
    """A text in lines of `width`, each as full as the ends of its words (and of the pieces of addresses, and of words
    wider than `longest`, unless its words are `whole`) let it be."""
    if width_of(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        for position, piece in enumerate([word] if whole else _pieces(word, longest)):
            blank = " " if lines[-1] and position == 0 else ""
            if width_of(lines[-1]) + len(blank) + width_of(piece) <= width or not lines[-1]:
                lines[-1] += blank + piece
            else:
                lines.append(piece)
    return lines
