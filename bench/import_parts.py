"""What parts of an import cost: the same log imported whole, and without one of them, in turn.

    python bench/import_parts.py [LINES] [--bursts SHARE] [--runs N]

Left out are the visitors' addresses (none is kept: verdicts have agents alone to go by), reputation (the second pass of
verdicts), and the rollups that reports read (clicks are stored, and counted nowhere). What a part costs is the processor
time that goes with it, of its pairs the median; the medians of a few runs differ by some hundredths.
"""

from __future__ import annotations

import os
import runpy
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

from import_log import make_log, make_workspace
from measuring import (
    Timing,
    apart,
    copied,
    folder_to_work_in,
    in_turn,
    linktrack,
    options_of,
    processor,
    timed,
    wall,
    write_byte_code,
)

RECIPIENTS = 100_000


def without_addresses() -> None:
    os.environ["LINKTRACK_CLICKS_IP"] = "none"


def without_reputation() -> None:
    from linktrack.clicks import storing
    from linktrack.clicks.judging.judge import FirstPass, SecondPass

    def first_alone(*given: object) -> SecondPass:
        (first,) = (value for value in given if isinstance(value, FirstPass))
        return SecondPass(list(first.rulings), [])

    patch.object(storing, "judge_reputation", first_alone).start()


def without_rollups() -> None:
    from linktrack.clicks import storing

    patch.object(storing, "apply", lambda *_: None).start()


PARTS: dict[str, Callable[[], None]] = {
    "the visitors' addresses": without_addresses,
    "reputation": without_reputation,
    "rollups": without_rollups,
}


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("lines", nargs="?", type=int, default=300_000)
    parser.add_argument("--bursts", type=float, default=0.2, help="share of the lines that are scanners' bursts")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    write_byte_code()
    with folder_to_work_in() as folder:
        fresh, work, log = folder / "fresh", folder / "work", folder / "access.log"
        apart(make_workspace, fresh, RECIPIENTS)
        apart(make_log, fresh, log, options.lines, RECIPIENTS, bursts=options.bursts)
        runs = in_turn(options.runs, *(partial(imported, fresh, work, log, part) for part in ("", *PARTS)))
    whole = runs[0]
    print(f"{options.lines:,} lines, {options.bursts:.0%} of them bursts, load {os.getloadavg()[0]:.2f}\n")
    print(f"{'what':30} {'CPU s':>7} {'wall s':>7} {'share of the CPU':>17}")
    print(f"{'the whole import':30} {processor(whole):7.2f} {wall(whole):7.2f}")
    for part, some in zip(PARTS, runs[1:], strict=True):
        saved = statistics.median(1 - less.cpu / all_.cpu for all_, less in zip(whole, some, strict=True))
        print(f"{f'without {part}':30} {processor(some):7.2f} {wall(some):7.2f} {saved:17.0%}")


def imported(fresh: Path, work: Path, log: Path, part: str) -> Timing:
    command = linktrack(copied(fresh, work), "click", "import", log)
    return timed([sys.executable, __file__, "--without", part, *command[1:]])


def play(part: str, command: list[str]) -> None:
    """Be linktrack without a part of it."""
    if part:
        PARTS[part]()
    sys.argv = command[1:]
    runpy.run_module("linktrack", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--without"]:
        play(sys.argv[2], sys.argv[3:])
    else:
        main()
