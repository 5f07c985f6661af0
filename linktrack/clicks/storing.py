"""Clicks on their way into the database: which are new, with their rulings and rollups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from linktrack.clicks.judging.judge import CLICK_COLUMNS, Stored, judge_new, set_rulings
from linktrack.clicks.judging.verdicts import Click, Probe, Surroundings
from linktrack.clicks.logs import cuts
from linktrack.clicks.logs.cuts import Piece
from linktrack.clicks.logs.line_log import nth
from linktrack.clicks.rollups.counts import Facts, Shift, apply
from linktrack.store.open_times import note_open_times
from linktrack.store.session import Database

_COLUMNS = (*Click._fields, "pressed", "reading_id", "ruling_id", "passed")
_GAP = 600_000  # milliseconds: what is stored is looked up in stretches of time no further apart than this


class Moved(NamedTuple):
    """A stored click whose verdict is another one now."""

    stored: Stored
    before: str
    after: str


@dataclass(frozen=True)
class StoredBatch:
    """The verdicts of the clicks that were new, by name, and the clicks stored before that moved."""

    verdicts: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True)
class Shelf:
    """Where clicks are put: the database, and what they are judged by and counted with."""

    database: Database
    by: Surroundings
    facts: Facts

    def store(
        self, clicks: Sequence[Click], probes: Sequence[Probe], reading: int, pressed: dict[tuple[int, int], str]
    ) -> StoredBatch:
        """Store what is new of clicks sorted by time; `pressed` is what POSTs said, by time and print."""
        known = self._known(clicks) if clicks else set()
        new = [click for click in clicks if (click[0], click[1]) not in known] if known else clicks
        if probes:
            self.database.insert("probe", Probe._fields, probes, besides=" ON CONFLICT DO NOTHING")
        return self._put(new, probes, reading, pressed)

    def mend_cuts(self, source_id: int, reading: int) -> StoredBatch:
        """Add the clicks that a cut between two logs has hidden: see `logs.cuts`."""
        row = self.database.row("SELECT first_at, last_at FROM source WHERE id = ?", (source_id,))
        found = StoredBatch()
        for second in sorted({moment for moment in row or () if moment is not None}):
            pieces = self._pieces(second)
            several = {line: times for line, times in cuts.counts(pieces).items() if times > 1}
            if len(pieces) < 2 or not several:
                continue
            stored = {
                click[1]: Click._make(click)
                for click in self.database.rows(
                    f"SELECT {CLICK_COLUMNS} FROM click WHERE clicked_at BETWEEN ? AND ?",  # noqa: S608  (names of ours)
                    (second, second + 999),
                )
            }
            missing = [
                stored[line]._replace(print=nth(line, number))
                for line, times in sorted(several.items())
                if line in stored
                for number in range(2, times + 1)
                if nth(line, number) not in stored
            ]
            if missing:
                more = self._put(sorted(missing), (), reading, {})
                found = StoredBatch(found.verdicts + more.verdicts, found.moved + more.moved)
        return found

    def _put(
        self, new: Sequence[Click], probes: Sequence[Probe], reading: int, pressed: dict[tuple[int, int], str]
    ) -> StoredBatch:
        database, rulings = self.database, self.facts.rulings
        numbers, moved = judge_new(database, new, probes, self.by, rulings)
        database.insert(
            "click",
            _COLUMNS,
            [
                (*click, pressed.get((click[0], click[1]), "") if pressed else "", reading, ruling, 0)
                for click, ruling in zip(new, numbers, strict=True)
            ],
        )
        set_rulings(database, [(one.click, ruling) for one, ruling in moved])
        shifts = [Shift(click, None, ruling) for click, ruling in zip(new, numbers, strict=True)]
        shifts += [Shift(one.click, one.ruling, ruling) for one, ruling in moved]
        apply(database, shifts, self.facts)
        names = rulings.verdict_names()
        note_open_times(
            database,
            [(at, at) for (at, *_), _, ruling in shifts if ruling is not None and names[ruling] == "human"],
        )
        verdicts = tuple(names[number] for number in numbers)
        return StoredBatch(
            verdicts, tuple(Moved(one, names[one.ruling], names[ruling]) for one, ruling in moved)
        )

    def _known(self, clicks: Sequence[Click]) -> set[tuple[int, int]]:
        """Times and prints that are stored already, in the stretches of time that `clicks` cover."""
        known: set[tuple[int, int]] = set()
        start = last = clicks[0][0]
        for click in [*clicks, None]:
            if click is not None and click[0] - last <= _GAP:
                last = click[0]
                continue
            known.update(
                self.database.execute(
                    "SELECT clicked_at, print FROM click WHERE clicked_at BETWEEN ? AND ?", (start, last)
                ).fetchall()
            )
            if click is not None:
                start = last = click[0]
        return known

    def _pieces(self, second: int) -> list[Piece]:
        """What the sources have of one second at their ends."""
        pieces: list[Piece] = []
        for first_at, first, last_at, last in self.database.rows(
            "SELECT first_at, first_lines, last_at, last_lines FROM source WHERE first_at = ? OR last_at = ?",
            (second, second),
        ):
            if first_at == last_at:
                pieces.append(Piece(cuts.unpacked(first), False, False))
            elif first_at == second:
                pieces.append(Piece(cuts.unpacked(first), False, True))
            else:
                pieces.append(Piece(cuts.unpacked(last), True, False))
        return [piece for piece in pieces if piece.lines]
