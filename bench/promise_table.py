"""What was promised and what was measured, as rows of a table, and the short one of the README."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from measuring import Timing, most, processor, wall

By = Literal["cpu", "wall", "peak"]
UNITS = {"cpu": " s of CPU", "wall": " s", "peak": " MB"}
SHARES = {"cpu": " of its CPU", "wall": " of its time", "peak": " of its memory"}
COLUMNS = (
    "what", "the peer", "goal", "measured", "least to greatest", "load",
    "CPU s", "wall s", "peak MB", "its CPU s", "its wall s", "its peak MB",
)  # fmt: skip
SHORT = 4  # columns of the README's table
README_TABLE = re.compile(r"(?<=^<!-- speed -->\n).*?(?=^<!-- /speed -->$)", re.DOTALL | re.MULTILINE)


class Promise(NamedTuple):
    """A goal with the values that were measured (a value a run; none where the peer is missing), and the runs that they
    are of. The runs of the peer may also only stand beside them. `missing`: what would have to be installed, unless it is
    the peer."""

    what: str
    word: Literal["under", "at most", "at least"]
    goal: float
    unit: str
    values: Sequence[float]
    ours: Sequence[Timing] = ()
    peer: str = ""
    peers: Sequence[Timing] = ()
    missing: str = ""

    @property
    def strain(self) -> float:
        """How much of what is promised is used up: more than 1 is broken."""
        if not self.values:
            return 0.0
        share = statistics.median(self.values) / self.goal
        return 1 / share if self.word == "at least" else share


def under(
    what: str, goal: float, ours: Sequence[Timing], peer: str = "", peers: Sequence[Timing] = (), *, by: By = "cpu"
) -> Promise:
    """So many seconds or megabytes; a peer is only shown."""
    return Promise(what, "under", goal, UNITS[by], [getattr(run, by) for run in ours], ours, peer, peers)


def at_most(
    what: str,
    goal: float,
    ours: Sequence[Timing],
    peer: str,
    peers: Sequence[Timing],
    *,
    by: By = "cpu",
    missing: str = "",
) -> Promise:
    """So many times what the peer takes, pair by pair."""
    return Promise(what, "at most", goal, SHARES[by], _ratios(ours, peers, by), ours, peer, peers, missing)


def at_least(
    what: str, goal: float, ours: Sequence[Timing], peer: str, peers: Sequence[Timing], *, missing: str = ""
) -> Promise:
    """So much of the peer's speed by processor time, pair by pair."""
    return Promise(
        what, "at least", goal, " of its speed by CPU", _ratios(peers, ours, "cpu"), ours, peer, peers, missing
    )


def _ratios(runs: Sequence[Timing], others: Sequence[Timing], by: By) -> list[float]:
    return [getattr(run, by) / getattr(other, by) for run, other in zip(runs, others, strict=bool(runs and others))]


def shown(promise: Promise) -> tuple[str, ...]:
    """A row of the table."""
    values = promise.values
    return (
        promise.what,
        promise.peer,
        f"{promise.word} {figure(promise.goal)}{promise.unit}",
        _measured(promise),
        f"{figure(min(values))} to {figure(max(values))}" if len(values) > 1 else "",
        f"{promise.ours[0].load:.1f}" if promise.ours else "",
        *_costs(promise.ours),
        *_costs(promise.peers),
    )


def _measured(promise: Promise) -> str:
    if not promise.values:
        return f"not measured: {promise.missing or promise.peer} is not here"
    median = figure(statistics.median(promise.values))
    return f"{median}, not held" if promise.strain > 1 else median


def _costs(runs: Sequence[Timing]) -> tuple[str, str, str]:
    """Medians of processor time and wall time, and the greatest peak."""
    if not runs:
        return "", "", ""
    return figure(processor(runs)), figure(wall(runs)), f"{most(runs):,.0f}" if most(runs) else ""


def figure(value: float) -> str:
    """A number with three digits that count, and no fewer than two decimals below 10."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def markdown(rows: Iterable[Sequence[str]], *, short: bool = False) -> str:
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(line[: SHORT if short else None])} |" for line in lines) + "\n"


def in_readme(text: str, promised: Iterable[Sequence[Promise]]) -> str:
    """The README with a table of its own: of each that is promised the row that uses up most of it."""
    short = markdown([shown(max(some, key=lambda one: one.strain)) for some in promised], short=True)
    changed, places = README_TABLE.subn(lambda _: short, text)
    assert places == 1, "the README has no place for the table"
    return changed
