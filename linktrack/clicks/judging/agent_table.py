"""The table `agent`: the user agents that clicks came with, by number, and what each of them says about a click."""

from __future__ import annotations

from collections.abc import Sequence

from linktrack.clicks.judging.agents import Signal, agent_signal, family_of
from linktrack.clicks.judging.devices import DEVICES, device_of
from linktrack.clicks.judging.verdicts import PLAIN
from linktrack.clicks.logs.tracked import CACHE_SIZE
from linktrack.store.session import Database

NOT_LOGGED = ""  # the agent of a log that has no agents at all: nothing can be said about it
_AT_ONCE = 500  # values of one query


class Agents:
    """Numbers and signals of agents, remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[str, int] = {}
        self._signals: dict[int, Signal] = {}
        self._devices: dict[int, int] = {}
        self._families: dict[int, int] = {}
        self._memo: dict[str, Signal] = {}

    def numbers(self, texts: Sequence[str]) -> list[int]:
        """The numbers of agents; new ones are written in the open transaction (one import runs at a time)."""
        unknown = [text for text in texts if text not in self._numbers]
        if len(self._numbers) + len(unknown) > CACHE_SIZE:
            self._numbers.clear()
            self._signals.clear()
            self._devices.clear()
            self._families.clear()
            unknown = list(texts)
        for start in range(0, len(unknown), _AT_ONCE):
            some = unknown[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            for number, text in self._database.rows(f"SELECT id, text FROM agent WHERE text IN ({marks})", some):  # noqa: S608  (names and marks of our own)
                self._note(number, text)
        for text in unknown:
            if text not in self._numbers:
                sql = "INSERT INTO agent (text, device) VALUES (?, ?) RETURNING id"
                self._note(self._database.value(sql, (text, DEVICES.index(device_of(text)))), text)
        return [self._numbers[text] for text in texts]

    def signal(self, number: int) -> Signal:
        """What the agent of this number says."""
        if number not in self._signals:
            self._note(number, self._database.value("SELECT text FROM agent WHERE id = ?", (number,)) or "")
        return self._signals[number]

    def device(self, number: int) -> int:
        """The device that the agent of this number names, as an index into `DEVICES`."""
        if number not in self._devices:
            self._devices[number] = self._database.value("SELECT device FROM agent WHERE id = ?", (number,)) or 0
        return self._devices[number]

    def family(self, number: int) -> int:
        """The family of the agent of this number."""
        if number not in self._families:
            text = self._database.value("SELECT text FROM agent WHERE id = ?", (number,)) or ""
            self._families[number] = family_of(text)
        return self._families[number]

    def _note(self, number: int, text: str) -> None:
        self._numbers[text] = number
        self._signals[number] = PLAIN if text == NOT_LOGGED else agent_signal(text, self._memo)
