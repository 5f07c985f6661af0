"""The table `agent`: the user agents that clicks came with, by number, and what each of them says about a click."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from linktrack.clicks.judging.agents import agent_signal, family_of
from linktrack.clicks.judging.devices import DEVICES, device_of
from linktrack.clicks.judging.rules.judged import PLAIN, Signal
from linktrack.clicks.logs.fields import text_print
from linktrack.store.many import at_once, marks
from linktrack.store.session import Database

NOT_LOGGED = ""  # the agent of a log that has no agents at all: nothing can be said about it
_REMEMBERED_BYTES = 8 << 20  # of agents, by number and by text
_EACH = 200  # bytes that one takes besides its text
_WITH_A_BATCH = 3  # times as many bytes are no more than what was remembered and the agents of one batch


class Agents:
    """Numbers and signals of agents, remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[str, int] = {}
        self._signals: dict[int, Signal] = {}
        self._devices: dict[int, int] = {}
        self._families: dict[int, int] = {}
        self._memo: dict[str, Signal] = {}
        self._size = 0  # bytes of what is remembered
        self._added: dict[int, str] = {}

    def numbers(self, texts: Sequence[str]) -> list[int]:
        """The numbers of agents; new ones are written in the open transaction (one import runs at a time).
        Of these agents everything is remembered until the next call."""
        if self._size > _REMEMBERED_BYTES:
            self._forget()
        self._look_up([text for text in texts if text not in self._numbers])
        new = list(dict.fromkeys(text for text in texts if text not in self._numbers))
        if new:
            self._add(new)
        self._added = {self._numbers[text]: text for text in new}
        return [self._numbers[text] for text in texts]

    def _look_up(self, texts: Sequence[str]) -> None:
        """Remember those of these agents that are stored."""
        for number, text, device in stored_agents(self._database, texts):
            self._numbers[text] = number
            self._note(number, text, device)

    def _add(self, texts: Sequence[str]) -> None:
        """Write agents that are not there, and remember them."""
        last = self._database.value("SELECT max(id) FROM agent") or 0
        add_agents(self._database, [(text, DEVICES.index(device_of(text))) for text in texts])
        # What is added nearly always has the highest numbers; to look for each takes longer than to add it.
        for number, text, device in self._database.rows("SELECT id, text, device FROM agent WHERE id > ?", (last,)):
            self._numbers[text] = number
            self._note(number, text, device)
        self._look_up([text for text in texts if text not in self._numbers])

    def take_back(self, numbers: Iterable[int]) -> None:
        """Remove from the table the agents among these that the last call of `numbers` has added: no click came with
        them."""
        for number in numbers:
            text = self._added.pop(number, None)
            if text is not None:
                self._database.execute("DELETE FROM agent WHERE id = ?", (number,))
                self._numbers.pop(text, None)

    def signal(self, number: int) -> Signal:
        """The verdict and reason that the agent of this number gives."""
        if number not in self._signals:
            self._learn(number)
        return self._signals[number]

    def device(self, number: int) -> int:
        """The device that the agent of this number names, as an index into `DEVICES`."""
        if number not in self._devices:
            self._learn(number)
        return self._devices[number]

    def family(self, number: int) -> int:
        """The family of the agent of this number."""
        if number not in self._families:
            text = self._database.value("SELECT text FROM agent WHERE id = ?", (number,)) or ""
            self._families[number] = family_of(text)
        return self._families[number]

    def _learn(self, number: int) -> None:
        """Remember the agent of this number; of one that is not there, nothing is known."""
        if self._size > _WITH_A_BATCH * _REMEMBERED_BYTES:
            self._forget()
        text, device = self._database.row("SELECT text, device FROM agent WHERE id = ?", (number,)) or ("", 0)
        self._note(number, text, device)

    def _note(self, number: int, text: str, device: int) -> None:
        self._size += len(text) + _EACH
        self._signals[number] = PLAIN if text == NOT_LOGGED else agent_signal(text, self._memo)
        self._devices[number] = device

    def _forget(self) -> None:
        self._size = 0
        for known in (self._numbers, self._signals, self._devices, self._families):
            known.clear()


def add_agents(database: Database, agents: Iterable[tuple[str, int]]) -> None:
    """Write agents that are not there, each with the index of its device, in the open transaction."""
    database.insert(
        "agent", ("text", "text_print", "device"), [(text, _print_of(text), device) for text, device in agents]
    )


def stored_agents(database: Database, texts: Sequence[str]) -> Iterator[tuple[int, str, int]]:
    """Those of some agents that are stored: number, text and index of the device.

    They are found by their prints, for an index of texts is as large as they are. Two may have one print.
    """
    for some in at_once(texts):
        sql = f"SELECT id, text, device FROM agent WHERE text_print IN ({marks(some)})"  # noqa: S608  (marks of our own)
        wanted = set(some)
        for number, text, device in database.rows(sql, [_print_of(text) for text in some]):
            if text in wanted:
                yield number, text, device


def _print_of(text: str) -> int:
    return text_print(text.encode("utf-8", "surrogatepass"))
