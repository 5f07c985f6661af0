"""Where logs were cut: how often a line came in the second in which one log ends and another begins.

A line is known by its content, and within one log equal lines are counted: the third one is the third click. The
same line in another log is the same click. Only where a cut parts two equal lines would that be wrong, because
each of the two logs has one of them. So each log keeps the lines of its first and of its last second, all lines,
ours or not. Those of one second are put together again like the pieces of a torn page:

- pieces that overlap in two or more different lines are joined there (the longest overlap wins),
- a piece that stands within another one adds nothing,
- pieces that do not overlap stand beside each other: their lines are counted together.

What cannot be decided: an overlap that holds nothing but copies of one line, at the very end of one log and the very
beginning of the next one. Then the logs are taken as cut, not as overlapping, because exact cuts (rotation, `split`)
are the rule, and logs that overlap by a single line are not; an end out of the order of time is never taken for a cut
(`logs.edge_seconds`), for such a log may be sorted in another way. And a second that a log comes back to after a line
of another one (Apache writes the time of the request's beginning, CloudFront no order at all) is known only up to that
line: equal lines behind it, on both sides of a cut, are taken for one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_LINES = 2048  # of one second at one end of a log

Prints = tuple[int, ...]


@dataclass(frozen=True)
class Piece:
    """The lines of one second in one log. `starts`: the second began in this log; `ends`: it ended in it."""

    lines: Prints
    starts: bool
    ends: bool


def counts(pieces: Iterable[Piece]) -> Counter[int]:
    """How often each line came in this second, as far as the pieces tell. The order of the pieces is of no matter."""
    contigs = _joined(sorted(set(pieces), key=lambda piece: (piece.lines, piece.starts, piece.ends)))
    whole = [Counter(piece.lines) for piece in contigs if piece.starts and piece.ends]
    starts = [Counter(piece.lines) for piece in contigs if piece.starts and not piece.ends]
    ends = [Counter(piece.lines) for piece in contigs if piece.ends and not piece.starts]
    inner = [Counter(piece.lines) for piece in contigs if not piece.starts and not piece.ends]
    parts = _most(starts) + _most(ends) + sum(inner, Counter[int]())
    return _most([*whole, parts])


def _most(counters: Sequence[Counter[int]]) -> Counter[int]:
    result: Counter[int] = Counter()
    for counter in counters:
        result |= counter
    return result


def _joined(pieces: list[Piece]) -> list[Piece]:
    """The pieces, joined as long as two of them overlap."""
    pieces = _without_contained(pieces)
    while True:
        best: tuple[int, int, int] | None = None
        for left, one in enumerate(pieces):
            for right, other in enumerate(pieces):
                if left != right and not one.ends and not other.starts:
                    length = _overlap(one.lines, other.lines)
                    if length and (best is None or length > best[0]):
                        best = (length, left, right)
        if best is None:
            return pieces
        length, left, right = best
        one, other = pieces[left], pieces[right]
        joined = Piece(one.lines + other.lines[length:], one.starts, other.ends)
        rest = [piece for index, piece in enumerate(pieces) if index not in (left, right)]
        pieces = _without_contained([*rest, joined])


def _without_contained(pieces: list[Piece]) -> list[Piece]:
    """The pieces without each whose lines stand within another piece of these, at an end that both know (`_contains`).
    Where several have the same lines, the one is kept that knows most of where the second began and ended."""
    kept: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: (-len(piece.lines), -piece.starts - piece.ends, piece.lines)):
        if not any(_contains(other, piece) for other in kept):
            kept.append(piece)
    return kept


def _contains(other: Piece, piece: Piece) -> bool:
    """Whether `piece` shows nothing that `other` does not: the same lines in the same place."""
    size = len(piece.lines)
    if piece.starts and piece.ends:
        return False
    if piece.starts:
        return other.starts and other.lines[:size] == piece.lines
    if piece.ends:
        return other.ends and other.lines[-size:] == piece.lines
    if len(set(piece.lines)) < 2:  # a log of one line: nothing tells that it is another one
        return piece.lines[0] in other.lines if piece.lines else True
    first = piece.lines[0]
    return any(
        line == first and other.lines[at : at + size] == piece.lines for at, line in enumerate(other.lines)
    )  # fmt: skip


def _overlap(one: Prints, other: Prints) -> int:
    """The longest end of `one` that is a beginning of `other`, if it holds two different lines."""
    for length in range(min(len(one), len(other)), 1, -1):
        if one[-length] == other[0] and one[-length:] == other[:length] and len(set(other[:length])) > 1:
            return length
    return 0


def packed(lines: Sequence[int]) -> bytes:
    """Prints of lines as the table `source` keeps them: 8 bytes each."""
    return b"".join(line.to_bytes(8, "little", signed=True) for line in lines)


def unpacked(data: bytes) -> Prints:
    """What `packed` has packed."""
    return tuple(int.from_bytes(data[at : at + 8], "little", signed=True) for at in range(0, len(data), 8))
