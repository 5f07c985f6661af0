"""The table `ruling`: verdicts with their reasons and the rules that gave them, by number. Clicks carry the number."""

from __future__ import annotations

from collections.abc import Iterable

from linktrack.clicks.judging.rules.judged import Verdict
from linktrack.store.session import Database


class Rulings:
    """All rulings there are, remembered; there are some hundreds at most."""

    def __init__(self, database: Database, rules: str) -> None:
        """`rules` is the version of the rules that judge now."""
        self.rules = rules
        self._database = database
        self._verdicts: dict[int, Verdict] = {}
        self._numbers: dict[Verdict, int] = {}
        for number, verdict, reasons, by in database.rows("SELECT id, verdict, reasons, rules FROM ruling ORDER BY id"):
            self._verdicts[number] = (verdict, reasons)
            if by == rules:
                self._numbers[verdict, reasons] = number

    def number(self, verdict: Verdict) -> int:
        """The number of a verdict under today's rules; a new one is written in the open transaction."""
        found = self._numbers.get(verdict)
        if found is None:
            found = int(
                self._database.value(
                    "INSERT INTO ruling (verdict, reasons, rules) VALUES (?, ?, ?) RETURNING id", (*verdict, self.rules)
                )
            )
            self._numbers[verdict] = found
            self._verdicts[found] = verdict
        return found

    def verdict(self, number: int) -> Verdict:
        """Verdict and reasons of a ruling."""
        return self._verdicts[number]

    def numbers(self) -> list[int]:
        """All of them, whatever the rules."""
        return list(self._verdicts)

    def verdict_names(self) -> dict[int, str]:
        """The verdict of each ruling, without its reasons."""
        return {number: verdict[0] for number, verdict in self._verdicts.items()}

    def numbers_of(self, verdict: str) -> list[int]:
        """The rulings of one verdict, whatever the rules."""
        return sorted(number for number, (name, _) in self._verdicts.items() if name == verdict)

    def renew(self, used: Iterable[int]) -> dict[int, int]:
        """Make the rulings `used`, which hold under today's rules too, ones of today's rules.

        Returns the numbers whose clicks must take another one, because the same ruling of today has one already.
        """
        other: dict[int, int] = {}
        for number in sorted(set(used) - set(self._numbers.values())):
            verdict = self._verdicts[number]
            if verdict in self._numbers:
                other[number] = self._numbers[verdict]
            else:
                self._database.execute("UPDATE ruling SET rules = ? WHERE id = ?", (self.rules, number))
                self._numbers[verdict] = number
        return other
