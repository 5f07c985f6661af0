"""What promises are measured on: workspaces and logs of the sizes that were asked for."""

from __future__ import annotations

import argparse
import shutil
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import actions
import import_log
import made_clicks
import reports
from measuring import Timing, apart, in_turn, megabytes, timed

RECIPIENTS = 100_000  # that logs speak of


class Imports(NamedTuple):
    """Runs of the import of one log, those of GoAccess over it, and the database's megabytes for a million clicks."""

    ours: list[Timing]
    peers: list[Timing]
    size: float


class Ground:
    """What is measured on, in a folder: workspaces, logs and their imports, each made when it is first asked for."""

    def __init__(self, folder: Path, asked: argparse.Namespace) -> None:
        self.folder, self.asked = folder, asked
        self.runs: int = asked.runs
        self.short, self.long = asked.lines
        self._imports: dict[tuple[int, int], Imports] = {}

    @cached_property
    def fresh(self) -> Path:
        """A workspace that logs are imported into."""
        apart(import_log.make_workspace, self.folder / "fresh", RECIPIENTS)
        return self.folder / "fresh"

    @cached_property
    def people(self) -> int:
        """How many the first mailing of the workspace with many clicks went to."""
        return max(int(self.asked.stored) // 10, 20_000)  # some of them have not clicked yet

    @cached_property
    def many(self) -> Path:
        """A workspace with many clicks."""
        apart(made_clicks.make_workspace, self.folder / "many", self.asked.stored, self.people, 50)
        return self.folder / "many"

    @cached_property
    def crm(self) -> Path:
        """A workspace with clicks whose actions wait, and an export beside it."""
        contacts = self.asked.contacts
        apart(actions.make_workspace, self.folder / "crm", contacts, contacts * 3 // 10)
        return self.folder / "crm"

    def log(self, lines: int, agents: int = 0) -> Path:
        log = self.folder / f"access-{lines}-{agents}.log"
        if not log.exists():
            apart(import_log.make_log, self.fresh, log, lines, RECIPIENTS, agents=agents)
        return log

    def imported(self, lines: int, agents: int = 0) -> Imports:
        if (lines, agents) not in self._imports:
            log, work = self.log(lines, agents), self.folder / "work"
            jobs = [partial(import_log.imported, self.fresh, work, log)]
            if shutil.which("goaccess") and not agents:
                jobs.append(partial(timed, import_log.goaccess(log)))
            ours, *peers = in_turn(self.runs, *jobs)
            size = megabytes(work) - megabytes(self.fresh)
            clicks = apart(reports.clicks_of, work)
            self._imports[lines, agents] = Imports(ours, peers[0] if peers else [], size / clicks * 1e6)
        return self._imports[lines, agents]
