"""How far back the clicks themselves go: what was purged, and which verdicts are final because of it."""

from __future__ import annotations

from typing import NamedTuple

from linktrack.moments import DAY
from linktrack.store.session import Database

NEVER = -(2**62)  # before every moment that a log can have
_BEARING = DAY  # clicks so far apart still bear on one another's verdicts: see clicks.judging.reputation


class Horizon(NamedTuple):
    """Clicks before `clicks` are gone, the agents of clicks before `agents` too (UTC milliseconds, or `NEVER`)."""

    clicks: int
    agents: int

    @property
    def final(self) -> int:
        """Clicks before it keep their verdicts: what they would be judged by is gone."""
        latest = max(self)
        return latest if latest == NEVER else latest + _BEARING


def horizon(database: Database) -> Horizon:
    """How far back clicks and agents go now."""
    row = database.row("SELECT purged_before, agents_before FROM workspace")
    clicks, agents = row or (None, None)
    return Horizon(NEVER if clicks is None else clicks, NEVER if agents is None else agents)


def note_purged(database: Database, *, clicks: int | None = None, agents: int | None = None) -> None:
    """Note that clicks, or agents, before a moment are gone. It only ever moves on. Part of a transaction."""
    for column, moment in (("purged_before", clicks), ("agents_before", agents)):
        if moment is not None:
            database.execute(
                f"UPDATE workspace SET {column} = ? WHERE {column} IS NULL OR {column} < ?",  # noqa: S608  (names of ours)
                (moment, moment),
            )
