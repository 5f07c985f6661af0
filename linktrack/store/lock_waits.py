"""Waiting for other processes, and what is said to whoever waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOCK_WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 0.05
_SAY_AFTER_SECONDS = 1.0

Tell = Callable[[str], None]  # says a sentence to whoever waits


def in_silence(_: str) -> None:
    """The `tell` of who wants to hear nothing."""


def _never() -> bool:
    return False


class Patience:
    """How long a database's user waits for other processes, and what they hear meanwhile."""

    def __init__(self, wait: float, tell: Tell, warn: Tell) -> None:
        self._wait = wait  # seconds that a transaction waits for another process
        self.tell = tell  # that somebody waits
        self._warn = warn
        self._warned = set[str]()
        self._stop: Callable[[], bool] = _never

    def warn(self, sentence: str) -> None:
        """Say that something about the workspace is not in order; each sentence once."""
        if sentence not in self._warned:
            self._warned.add(sentence)
            self._warn(sentence)

    @contextmanager
    def stopping(self, stop: Callable[[], bool]) -> Iterator[None]:
        """Where `stop` says so, waiting for another process ends at once, with KeyboardInterrupt: for a job that does
        not end at Ctrl-C itself, but where it has come to a good place."""
        before, self._stop = self._stop, stop
        try:
            yield
        finally:
            self._stop = before

    def wait_for(self, take: Callable[[], bool], seconds: float, sentence: Callable[[], str]) -> bool:
        """Try `take` until it succeeds, or for so many seconds; the sentence about it is told after the first.

        Every waiting for another process is done here. KeyboardInterrupt where a stop is asked for meanwhile.
        """
        began = time.monotonic()
        said = False
        while not take():
            waited = time.monotonic() - began
            if waited >= seconds:
                return False
            if self._stop():
                raise KeyboardInterrupt
            if waited >= _SAY_AFTER_SECONDS and not said:
                said = True
                self.tell(sentence())
            time.sleep(_PAUSE_SECONDS)
        return True
