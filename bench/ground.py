"""What promises are measured on: workspaces and logs of the sizes that were asked for."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Collection
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import actions
import import_log
import made_clicks
import reports
from measuring import Timing, apart, in_turn, megabytes, timed

RECIPIENTS = 100_000  # that logs speak of


class Lines(NamedTuple):
    """What a log is like: its length, the agents in it if they are all of other names (else 0), and the share of its
    lines that are bursts of scanners."""

    lines: int
    agents: int = 0
    bursts: float = 0


class Imports(NamedTuple):
    """Runs of the import of one log, those of GoAccess over it, and the database's megabytes for a million clicks."""

    ours: list[Timing]
    peers: list[Timing]
    size: float


def people_of(clicks: int) -> int:
    """How many a workspace with so many clicks has, and its first mailing went to: some of them have not clicked yet."""
    return min(max(clicks // 10, 20_000), 1_000_000)


class Ground:
    """What is measured on, in a folder: workspaces, logs and their imports, each made when it is first asked for."""

    def __init__(self, folder: Path, asked: argparse.Namespace) -> None:
        self.folder, self.asked = folder, asked
        self.runs: int = asked.runs
        self.short, self.long = asked.lines
        self._imports: dict[Lines, Imports] = {}

    @cached_property
    def fresh(self) -> Path:
        """A workspace that logs are imported into."""
        apart(import_log.make_workspace, self.folder / "fresh", RECIPIENTS)
        return self.folder / "fresh"

    def made(self, clicks: int) -> Path:
        """A workspace with so many clicks, which `people_of` them all have made."""
        root = self.folder / f"made-{clicks}"
        if not root.exists():
            mailings = min(max(clicks // 20_000, 50), 500)
            apart(made_clicks.make_workspace, root, clicks, people_of(clicks), mailings)
        return root

    @cached_property
    def crowd(self) -> Path:
        """A workspace with one mailing that went to very many, most of whom have clicked."""
        people = self.asked.crowd
        apart(made_clicks.make_workspace, self.folder / "crowd", people * 5 // 2 * made_clicks.PART, people, 1)
        return self.folder / "crowd"

    def clicked(self, people: int) -> Path:
        """A workspace with one mailing that went to so many, each of whom has clicked."""
        root = self.folder / f"clicked-{people}"
        if not root.exists():
            apart(made_clicks.make_clicked, root, people)
        return root

    def crm(self, kinds: Collection[str] = tuple(actions.ACTIONS)) -> Path:
        """A workspace with clicks whose actions, of these kinds, wait, and an export beside it."""
        root = self.folder / f"crm-{'-'.join(kinds)}"
        if not root.exists():
            contacts = self.asked.contacts
            apart(actions.make_workspace, root, contacts, contacts * 3 // 10, kinds)
        return root

    def log(self, like: Lines) -> Path:
        log = self.folder / f"access-{like.lines}-{like.agents}-{like.bursts}.log"
        if not log.exists():
            make = partial(import_log.make_log, agents=like.agents, bursts=like.bursts)
            apart(make, self.fresh, log, like.lines, RECIPIENTS)
        return log

    def imported(self, like: Lines) -> Imports:
        if like not in self._imports:
            log, work = self.log(like), self.folder / "work"
            jobs = [partial(import_log.imported, self.fresh, work, log)]
            if shutil.which("goaccess") and not like.agents:
                jobs.append(partial(timed, import_log.goaccess(log)))
            ours, *peers = in_turn(self.runs, *jobs)
            size = megabytes(work) - megabytes(self.fresh)
            clicks = apart(reports.clicks_of, work)
            self._imports[like] = Imports(ours, peers[0] if peers else [], size / clicks * 1e6)
        return self._imports[like]
