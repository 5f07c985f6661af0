"""The table `network`: known networks by number, as clicks carry them."""

from __future__ import annotations

from collections.abc import Sequence

from linktrack.store.session import Database


class NetworkTable:
    """Numbers and names of networks, remembered; "" is number 0."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: dict[int, str] = {0: "", **dict(database.rows("SELECT id, name FROM network"))}
        self._numbers = {name: number for number, name in self._names.items()}

    def numbers(self, names: Sequence[str]) -> list[int]:
        """The numbers of networks; new ones are written in the open transaction (one import runs at a time)."""
        for name in names:
            if name not in self._numbers:
                number = int(self._database.value("INSERT INTO network (name) VALUES (?) RETURNING id", (name,)))
                self._names[number] = name
                self._numbers[name] = number
        return [self._numbers[name] for name in names]

    def name(self, number: int) -> str:
        return self._names[number]
