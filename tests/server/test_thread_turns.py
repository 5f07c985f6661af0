"""How the threads of a process take turns, seen by the system's own word on each of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from linktrack.server.thread_turns import MANY, REST, ThreadTurns

pytestmark = pytest.mark.skipif(
    not hasattr(os, "SCHED_BATCH") or os.sched_getscheduler(0) != os.SCHED_OTHER,
    reason="turns are as somebody set them",
)


@pytest.fixture(autouse=True)
def another_thread() -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    yield
    stop.set()
    thread.join()
    _set(os.SCHED_OTHER)


def _threads() -> list[int]:
    return [int(thread.name) for thread in Path("/proc/self/task").iterdir()]


def _set(policy: int) -> None:
    for thread in _threads():
        with suppress(ProcessLookupError):  # another test's, which ends just now
            os.sched_setscheduler(thread, policy, os.sched_param(0))


def _policies() -> set[int]:
    found = []
    for thread in _threads():
        with suppress(ProcessLookupError):
            found.append(os.sched_getscheduler(thread))
    assert len(found) > 1
    return set(found)


def test_turns_are_taken_in_batches_while_much_is_asked_and_for_a_minute_more() -> None:
    turns, lines = ThreadTurns(), 0
    for asked, policy in [
        (MANY, os.SCHED_OTHER), (MANY + 1, os.SCHED_BATCH), *[(MANY, os.SCHED_BATCH)] * (REST - 1),
        (MANY + 1, os.SCHED_BATCH), *[(0, os.SCHED_BATCH)] * (REST - 1), (0, os.SCHED_OTHER), (MANY, os.SCHED_OTHER),
    ]:  # fmt: skip
        lines += asked
        turns.keep_up(lines)
        assert _policies() == {policy}


def test_turns_that_somebody_has_set_stay() -> None:
    _set(os.SCHED_BATCH)
    turns = ThreadTurns()
    turns.keep_up(MANY + 1)
    for _ in range(REST + 1):
        turns.keep_up(MANY + 1)
    assert _policies() == {os.SCHED_BATCH}


def test_where_the_system_forbids_it_they_are_taken_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    turns = ThreadTurns()
    for lines in (MANY + 1, 2 * MANY + 2):
        turns.keep_up(lines)
    assert _policies() == {os.SCHED_OTHER}
    monkeypatch.undo()


def test_a_thread_that_has_ended_meanwhile_keeps_none_of_the_others_back(monkeypatch: pytest.MonkeyPatch) -> None:
    really, first = os.sched_setscheduler, _threads()[0]

    def ended(thread: int, policy: int, values: os.sched_param) -> None:
        if thread == first:
            raise ProcessLookupError
        really(thread, policy, values)

    monkeypatch.setattr(os, "sched_setscheduler", ended)
    ThreadTurns().keep_up(MANY + 1)
    monkeypatch.undo()
    assert {os.sched_getscheduler(thread) for thread in _threads() if thread != first} == {os.SCHED_BATCH}
