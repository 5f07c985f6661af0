"""Every promise of speed beside its peer in one run: goal, ratio, processor time, wall time, and the machine's load.

    python bench/promises.py [--lines N …] [--stored N] [--contacts N] [--runs N] [--page docs/performance.md]

Whole processes, ours and the peer in turn, so that a noisy minute hits both; a ratio is taken pair by pair, and its
median, least and greatest are shown. A promise without a peer is a number of seconds of processor time (or megabytes).
With --page the table is written as a page. Answering, compiling, writing mails and more reports have programs of their
own (`serve.py`, `mailings_*.py`, `reports.py`).
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import actions
import import_log
import made_clicks
from import_log import Timing, apart, copied, linktrack, timed

DAYS_LATER = import_log.START + 90 * 86_400
COLUMNS = (
    "what",
    "goal",
    "measured",
    "least to greatest",
    "CPU s",
    "wall s",
    "peak MB",
    "the peer",
    "its CPU s",
    "its wall s",
)


class Promise(NamedTuple):
    """A promise with its runs. Its goal is a share of the peer's time, or a number of seconds where there is none."""

    what: str
    goal: float
    ours: Sequence[Timing]
    peer: str = ""
    peers: Sequence[Timing] = ()
    by_wall: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--lines", type=int, nargs="+", default=[300_000, 1_000_000], help="of the logs that are imported"
    )
    parser.add_argument("--stored", type=int, default=5_000_000, help="clicks of the large database")
    parser.add_argument("--contacts", type=int, default=300_000, help="of the export that actions are run on")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--page", type=Path, help="where to write the table as a page")
    options = parser.parse_args()
    import_log.write_byte_code()
    before = os.getloadavg()[0]
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory(prefix="linktrack-bench-") as name:
        folder = Path(name)
        for promise in measured(folder, options):
            rows.append(shown(promise))
            print("  ".join(rows[-1]), file=sys.stderr, flush=True)
        rows += sizes(folder)
    load = f"load {before:.1f} at the beginning and {os.getloadavg()[0]:.1f} at the end"
    table = markdown(rows, f"{machine()}; {load}; {options.runs} runs each.")
    print(table)
    if options.page:
        options.page.write_text(PAGE.format(table=table), "utf-8")


PAGE = """\
# Performance

Made by `bench/promises.py --page docs/performance.md`. Ours and the peer run in turn, as whole processes; a ratio is the
median of the pairs (less is faster), a goal without a peer is seconds of processor time. Processor time is the one to
compare where the machine has other work.

{table}
"""


def measured(folder: Path, options: argparse.Namespace) -> Iterator[Promise]:
    """All promises, one after the other."""
    small, runs = folder / "small", options.runs
    apart(import_log.make_workspace, small, 1_000)
    program = [sys.executable, "-m", "linktrack", "--workspace", str(small)]
    empty = [sys.executable, "-c", "pass"]
    yield promised("linktrack --help", 0.2, runs, [[*program, "--help"]], "an empty Python", empty)
    yield promised("linktrack link list", 0.4, runs, [[*program, "link", "list"]], "an empty Python", empty)
    for lines in options.lines:
        yield from imported(folder, lines, runs)
    yield from on_many_clicks(folder, options.stored, runs)
    yield from acted(folder, options.contacts, runs)


def imported(folder: Path, lines: int, runs: int) -> Iterator[Promise]:
    """A combined log, everything new, beside GoAccess, which only counts."""
    fresh, log, work = folder / "fresh", folder / "access.log", folder / "work"
    if not fresh.exists():
        apart(import_log.make_workspace, fresh, 100_000)
    apart(import_log.make_log, fresh, log, lines, 100_000)
    goaccess = ["goaccess", str(log), "--log-format=COMBINED", "-o", str(folder / "g.json"), "--no-progress"]
    ours, peers = [], []
    for _ in range(runs):
        copied(fresh, work)
        ours.append(timed(linktrack(work, log)))
        if shutil.which("goaccess"):
            peers.append(timed(goaccess))
    what = f"import of {lines:,} lines"
    yield Promise(f"{what}, by CPU", 1, ours, "GoAccess", peers)
    yield Promise(f"{what}, by wall", 1, ours, "GoAccess", peers, by_wall=True)


def on_many_clicks(folder: Path, clicks: int, runs: int) -> Iterator[Promise]:
    """What must not grow with the clicks that are stored."""
    many, more = folder / "many", folder / "more.log"
    people = max(clicks // 10, 1_000)
    apart(made_clicks.make_workspace, many, clicks, people, 50)
    stored = f"{clicks:,} stored clicks"
    program = [sys.executable, "-m", "linktrack", "--workspace", str(many), "--quiet"]
    for report in ("mailings", "links"):
        yield promised(f"report {report}, {stored}", 1, runs, [[*program, "report", report]])
    export = folder / "nobody.csv"
    export.write_text("contact_id,email,name\nC1,c1@d1.example,Person 1\n")
    nothing = [
        [*program, "action", "run", "--crm", str(export), "--out", str(folder / f"out-{turn}")]
        for turn in range(runs + 1)
    ]
    yield promised(f"actions with nothing to do, {stored}", 0.6, runs, nothing)
    ours = []
    for turn in range(runs):  # each behind the one before
        more.unlink(missing_ok=True)
        apart(made_log, many, more, people, DAYS_LATER + turn * 86_400)
        ours.append(timed(linktrack(many, more)))
    yield Promise(f"10,000 lines more, {stored}", 0.6, ours)


def made_log(workspace: Path, log: Path, people: int, start: int) -> None:
    """10,000 clicks on the made mailing that went to everybody."""
    sign = import_log.signer_of(workspace)
    with log.open("w", encoding="utf-8") as out:
        for number in range(10_000):
            stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(start + number * 2))
            target = f"/p1-{number % made_clicks.LINKS}/{sign(1 + number * 7_919 % people)}"
            ip = f"{11 + number % 180}.{number % 251}.{number % 241}.7"
            out.write(f'{ip} - - [{stamp}] "GET {target} HTTP/1.1" 302 0 "-" "Mozilla/5.0 (X11; Linux x86_64)"\n')


def acted(folder: Path, contacts: int, runs: int) -> Iterator[Promise]:
    """A run of the actions beside a plain read and write of the same CSV file, with 30 µs a change besides."""
    root = folder / "actions"
    apart(actions.make_workspace, root, contacts, contacts * 3 // 10)
    export = root / "contacts.csv"
    ours, peers = [], []
    for turn in range(runs):
        work = copied(root, folder / "acting")
        run = [sys.executable, "-m", "linktrack", "--workspace", str(work), "--quiet", "action", "run"]
        ours.append(timed([*run, "--crm", str(export), "--out", str(folder / f"acted-{turn}")]))
        peers.append(timed([sys.executable, "-c", actions.PLAIN, str(export), str(folder / "copy.csv")]))
    copy = statistics.median(one.cpu for one in peers)
    changes = contacts * 3 // 10  # one a click
    goal = 2 + changes * 30e-6 / copy
    yield Promise(f"actions, {contacts:,} contacts, {changes:,} clicks", goal, ours, "csv copy", peers)


def promised(
    what: str, goal: float, runs: int, commands: Sequence[list[str]], beside: str = "", peer: Sequence[str] = ()
) -> Promise:
    """Runs of one command, or of one for each, with those of a peer that is only shown."""
    ours, peers = [], []
    for turn in range(runs + 1):
        run = timed(commands[turn % len(commands)])
        if turn:  # the first one fills the caches
            ours.append(run)
            if peer:
                peers.append(timed(list(peer)))
    return Promise(f"{what} ({beside} beside it)" if beside else what, goal, ours, f"{beside}, seconds", peers)


def shown(promise: Promise) -> tuple[str, ...]:
    """A row of the table."""

    def of(run: Timing) -> float:
        return run.wall if promise.by_wall else run.cpu

    compared = bool(promise.peers) and not promise.peer.endswith("seconds")
    if compared:
        values = [of(one) / of(other) for one, other in zip(promise.ours, promise.peers, strict=True)]
    else:
        values = [of(one) for one in promise.ours]
    unit = " x" if compared else " s"
    peer = promise.peer.removesuffix(", seconds") if promise.peers else ""
    return (
        promise.what,
        f"{promise.goal:.2f}{unit}",
        f"{statistics.median(values):.2f}{unit}",
        f"{min(values):.2f} to {max(values):.2f}",
        f"{import_log.processor(list(promise.ours)):.2f}",
        f"{import_log.wall(list(promise.ours)):.2f}",
        f"{max(run.peak for run in promise.ours):.0f}",
        peer,
        f"{import_log.processor(list(promise.peers)):.2f}" if promise.peers else "",
        f"{import_log.wall(list(promise.peers)):.2f}" if promise.peers else "",
    )


def sizes(folder: Path) -> list[tuple[str, ...]]:
    """Megabytes of the database that the import has filled, for a million clicks."""
    from linktrack.store.opening import open_database
    from linktrack.workspace import load_workspace

    before = sum(file.stat().st_size for file in (folder / "fresh").glob("linktrack.db*"))
    after = sum(file.stat().st_size for file in (folder / "work").glob("linktrack.db*"))
    with open_database(load_workspace(folder / "work", {})) as database:
        clicks = int(database.value("SELECT count(*) FROM click"))
    size = (after - before) / clicks
    return [("database for a million clicks", "90 MB", f"{size:.0f} MB", *[""] * (len(COLUMNS) - 3))]


def machine() -> str:
    return f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}, SQLite"


def markdown(rows: Sequence[tuple[str, ...]], beneath: str) -> str:
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + f"\n\n{beneath}"


if __name__ == "__main__":
    main()
