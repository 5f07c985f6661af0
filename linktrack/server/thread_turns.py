"""How the threads of a worker take turns at the processors: at once, or, where much is asked, some requests at a time.

One thread of a worker reads and writes, another one answers. As long as little is asked, whichever is woken begins at
once. Where much is, that costs a sixth of the whole, for one interrupts the other, or the web server in front, for each
request; then neither does ("batch", as Linux calls it). Beside other work a single request would wait longer that way.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MANY = 2000  # lines from one look to the next, a second later
REST = 60  # looks without many, after which little is asked


class ThreadTurns:
    """The turns of this process's threads, where the system knows of them and nobody has set how they are taken."""

    def __init__(self) -> None:
        self._settable = hasattr(os, "SCHED_BATCH") and os.sched_getscheduler(0) == os.SCHED_OTHER
        self._lines = 0
        self._rest = 0  # looks until they are taken at once again

    def keep_up(self, lines: int) -> None:
        """Take turns as it is right for what was asked since the last look; `lines` of the log are written, in all."""
        many, self._lines = lines - self._lines > MANY, lines
        before, self._rest = self._rest, REST if many else max(0, self._rest - 1)
        if self._settable and bool(before) != bool(self._rest):
            _set_turns(os.SCHED_BATCH if self._rest else os.SCHED_OTHER)


def _set_turns(policy: int) -> None:
    with suppress(OSError):  # without /proc, or where that is forbidden: then they are taken as before
        for thread in Path("/proc/self/task").iterdir():
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setscheduler(int(thread.name), policy, os.sched_param(0))
