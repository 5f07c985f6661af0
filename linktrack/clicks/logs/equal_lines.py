"""Equal lines and their numbers: how often a line stands in a log before what is read of it just now.

A line's number is its number in the whole log. The reader (`requests`) remembers the lines of the last batches, and of
a piece before the place where an earlier import has stopped, and counts among these. That is right unless an equal line
stands further back, which is rare: the database knows no line with this number then. Where it knows one, the line was
stored from another log, or there is an equal one further back: only then are lines counted in the log itself. What is
found on the way is kept in a temporary file, so a log is read but once more and memory does not depend on its length;
of a pipe, which cannot be read again, the prints are written there as they come.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO

from linktrack.clicks.logs.batches import Batch
from linktrack.clicks.logs.changing import Changing
from linktrack.clicks.logs.content import Log
from linktrack.clicks.logs.fields import row_print
from linktrack.clicks.logs.print_counts import nth
from linktrack.clicks.logs.tracked import Addresses
from linktrack.moments import Stretch

_BOM = b"\xef\xbb\xbf"
_PIECE = 50_000  # prints that are written, and read again, at once


class EarlierLines:
    """The lines of one log before a batch. `changing` makes what reads its lines from the beginning."""

    def __init__(self, log: Log, changing: Callable[[], Changing]) -> None:
        self._log = log
        self._make_changing = changing
        self._changing: Changing | None = None
        self._apart: Log | None = None  # the same log, read another time
        self._prints = _Prints()

    def close(self) -> None:
        """Remove the temporary file."""
        self._prints.close()
        if self._apart is not None:
            self._apart.stream.close()

    def note(self, batch: Batch) -> None:
        """Keep the lines of a batch that cannot be read again."""
        if not self._log.regular:
            self._prints.add(
                (row[0], batch.equals.get(row[1], (row[1], 1))[0])
                for row in batch.clicks
                if row[1] not in batch.numbered
            )

    def renumbered(
        self, batch: Batch, known: Collection[tuple[int, int]], addresses: Addresses
    ) -> dict[tuple[int, int], int]:
        """Corrects the numbers of equal lines: by (time, print) of each click of the batch that was numbered wrongly,
        the print with the right number. `known` are the times and prints of clicks that are stored at these moments."""
        wanted = {
            batch.equals.get(row[1], (row[1], 1))[0]: row[0]
            for row in batch.clicks
            if row[:2] in known and row[1] not in batch.numbered and is_within(row[0], batch.uncounted)
        }
        if not wanted:
            return {}
        if self._log.regular:
            self._read_up_to(batch.begins, addresses)
        counts = self._prints.counts(wanted)
        found: dict[tuple[int, int], int] = {}
        numbered = ((*batch.equals.get(row[1], (row[1], 1)), row[:2]) for row in batch.clicks)
        for line, number, mark in sorted(one for one in numbered if one[0] in wanted):  # as they follow one another
            counts[line] += 1
            if counts[line] != number:
                found[mark] = nth(line, counts[line])
        return found

    def _read_up_to(self, position: int, addresses: Addresses) -> None:
        """Read the log again, up to a position behind a complete line."""
        apart = self._apart = self._apart or self._log.read_apart()
        changing = self._changing = self._changing or self._make_changing()
        for block in apart.blocks(until=position):
            rows = changing.rows(block.removeprefix(_BOM) if apart.position == len(block) else block)
            self._prints.add(
                (moment, row_print(row))
                for row in rows
                if row[3] and addresses.resolve(row[4]) is not None
                if (moment := changing.moment_or_none(row[2])) is not None
            )


class _Prints:
    """Prints of lines in a temporary file, in pieces of which the stretch of time is known."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._pieces: list[tuple[Stretch, int, int]] = []  # with the place in the file, in bytes
        self._moments = array("q")
        self._latest = array("q")  # prints that are not written yet
        self._size = 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, lines: Iterable[tuple[int, int]]) -> None:
        """Keep moments and prints."""
        for moment, line in lines:
            self._moments.append(moment)
            self._latest.append(line)
            if len(self._latest) >= _PIECE:
                self._write()

    def counts(self, wanted: Mapping[int, int]) -> Counter[int]:
        """How often each of some prints, given with their moments, was added."""
        found: Counter[int] = Counter()
        moments = sorted(set(wanted.values()))
        for stretch, start, length in self._pieces:
            if self._file and any(is_within(moment, [stretch]) for moment in moments):
                self._file.seek(start)
                piece = array("q")
                piece.frombytes(self._file.read(length))
                found.update(line for line in piece if line in wanted)
        found.update(line for line in self._latest if line in wanted)
        return found

    def _write(self) -> None:
        data = self._latest.tobytes()
        self._pieces.append(((min(self._moments), max(self._moments)), self._size, len(data)))
        self._file = self._file or TemporaryFile()  # noqa: SIM115  (closed by `close`)
        self._file.seek(self._size)
        self._file.write(data)
        self._size += len(data)
        self._moments, self._latest = array("q"), array("q")


def is_within(moment: int, stretches: Sequence[Stretch]) -> bool:
    """Whether a moment lies in one of some stretches of time."""
    return any(first <= moment <= last for first, last in stretches)
