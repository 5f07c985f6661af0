"""Reports over many clicks: seconds of each as a fresh process, and of the same SQL on raw clicks, here and in DuckDB.

    python bench/reports.py [CLICKS] [--recipients N] [--mailings N] [--keep DIR] [--check]

10,000,000 clicks, 1,000,000 recipients and 500 mailings are what the promise speaks of: each report under a second.
The workspace is written by SQL alone (`made_clicks`; an import of as many is bench/import_log.py). `first` is the time
to the first row. DuckDB is asked where it is installed (`pip install duckdb`), of the same rows in a file of its own.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from made_clicks import DAY, DOMAINS, HOUR, START, check, make_workspace

if TYPE_CHECKING:
    from linktrack.store.session import Database

HUMAN = "count(CASE WHEN ruling_id = 1 THEN 1 END), count(CASE WHEN ruling_id = 2 THEN 1 END)"
PEOPLE = "count(DISTINCT CASE WHEN ruling_id = 1 THEN shipment_id * 10000000 + recipient_id END)"
ONE = "FROM click WHERE shipment_id = 1"
DECEMBER = (1_701_388_800_000, 1_704_067_200_000)


def grouped(by: str, source: str = ONE, *, people: bool = True) -> str:
    """The figures of a report from raw clicks: by what, clicks, machine clicks, clickers."""
    return f"SELECT {by}, {HUMAN}{f', {PEOPLE}' if people else ''} {source} GROUP BY 1"


# A report, and what it says in SQL over raw clicks; None for a list of people or a text of several answers.
REPORTS: tuple[tuple[list[str], str | None], ...] = (
    (["mailings"], grouped("shipment_id", "FROM click")),
    (["mailings", "--last", "4000d"], None),
    (["links"], grouped("link_id", "FROM click")),
    (["links", "--since", "2023-12-01", "--until", "2023-12-31"],
     grouped("link_id", f"FROM click WHERE clicked_at >= {DECEMBER[0]} AND clicked_at < {DECEMBER[1]}")),
    (["link", "link-3"], grouped("shipment_id", "FROM click WHERE link_id = 103")),
    (["mailing", "mailing-1", "--by", "link"], grouped("link_id")),
    (["mailing", "mailing-1", "--by", "placement"], grouped("placement_id")),
    (["mailing", "mailing-1", "--by", "shipment"], grouped("shipment_id")),
    (["mailing", "mailing-1", "--by", "hour"], grouped("clicked_at - clicked_at % 3600000", people=False)),
    (["mailing", "mailing-1", "--by", "day"], grouped("clicked_at - clicked_at % 86400000", people=False)),
    (["mailing", "mailing-1", "--by", "weekhour"], grouped("clicked_at % 604800000 - clicked_at % 3600000", people=False)),
    (["mailing", "mailing-1", "--by", "domain"], grouped(f"recipient_id % {DOMAINS}")),
    (["mailing", "mailing-1", "--by", "device"], grouped("agent_id")),
    (["mailing", "mailing-1", "--by", "reason"], grouped("ruling_id", people=False)),
    (["mailing", "mailing-1", "--by", "age"],
     grouped(f"clicked_at - {START + DAY} - (clicked_at - {START + DAY}) % {HOUR}", people=False)),
    (["compare", "mailing-1", "mailing-2", "mailing-3"],
     grouped("shipment_id", "FROM click WHERE shipment_id IN (1, 2, 3)")),
    (["contact", "C77"], None),
    (["clickers", "link-3"], None),
    (["clickers", "--mailing", "mailing-1"], None),
    (["nonclickers", "mailing-1"], None),
    (["mailings", "--by", "engagement"], None),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("clicks", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--mailings", type=int, default=50)
    parser.add_argument("--keep", type=Path, help="where to leave the workspace for the next time")
    parser.add_argument("--check", action="store_true", help="count all clicks anew first, as an import does (slow)")
    options = parser.parse_args()
    root = (options.keep or Path(tempfile.mkdtemp(prefix="linktrack-bench-"))) / "workspace"
    if not root.exists():
        began = time.perf_counter()
        apart(make_workspace, root, options.clicks, options.recipients, options.mailings)
        size = sum(path.stat().st_size for path in root.glob("linktrack.db*")) / 1e6
        print(f"made in {time.perf_counter() - began:.0f} s, {size:,.0f} MB")
    if options.check:
        apart(check, root)
        print("counted anew: the same")
    print(f"{options.clicks:,} clicks, {options.recipients:,} recipients, {options.mailings} mailings, "
          f"load {os.getloadavg()[0]:.2f}\n{'report':52} {'first s':>8} {'all s':>8} {'cpu s':>8} {'rows':>9} {'peak MB':>8}")  # fmt: skip
    for command, _ in REPORTS:
        print(f"{' '.join(command):52} {measure(root, command)}", flush=True)
    compare_raw(root)


def apart(work: Callable[..., None], *arguments: object) -> None:
    """Do it in a process of its own: what this one has used would count as the peak of those that it starts."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0


def measure(root: Path, command: list[str]) -> str:
    """Run a report as a shell does: seconds to the first row and the last, rows, megabytes at the peak."""
    program = [
        sys.executable,
        "-m",
        "linktrack",
        "--workspace",
        str(root),
        "report",
        *command,
        "--quiet",
        "--format",
        "csv",
    ]
    began = time.perf_counter()
    process = subprocess.Popen(program, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.readline()
    first = time.perf_counter() - began
    rows = 1 + sum(1 for _ in process.stdout)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, command
    cpu = used.ru_utime + used.ru_stime
    return f"{first:8.2f} {time.perf_counter() - began:8.2f} {cpu:8.2f} {rows:9,} {used.ru_maxrss / 1024:8.0f}"


def compare_raw(root: Path) -> None:
    """The seconds of the same figures from raw clicks, in SQLite and in DuckDB."""
    from linktrack.store.opening import open_database
    from linktrack.workspace import load_workspace

    with open_database(load_workspace(root, {})) as database:
        beside = duckdb_with(database, root.parent / "clicks.csv")
        print(f"\n{'the same from raw clicks':52} {'SQLite':>8} {'DuckDB' if beside else 'no DuckDB':>9} {'rows':>9}")
        for command, sql in REPORTS:
            if sql is None:
                continue
            here, rows = timed(database.rows, sql)
            there = "" if beside is None else f"{timed(beside, sql)[0]:9.2f}"
            print(f"{' '.join(command):52} {here:8.2f} {there:9} {rows:9,}", flush=True)


def timed(ask: Callable[[str], list[Any]], sql: str) -> tuple[float, int]:
    """The seconds that an answer takes, and its rows."""
    began = time.perf_counter()
    rows = len(ask(sql))
    return time.perf_counter() - began, rows


def duckdb_with(database: Database, file: Path) -> Callable[[str], list[Any]] | None:
    """What asks DuckDB, which holds the same clicks in memory; None where it is not installed."""
    connection: Any = None
    with suppress(ImportError):
        import duckdb

        connection = duckdb.connect()
    if connection is None:
        return None
    columns = ("clicked_at", "recipient_id", "link_id", "placement_id", "shipment_id", "agent_id", "ruling_id")
    with file.open("w", newline="") as out:
        csv.writer(out).writerow(columns)
        csv.writer(out).writerows(database.stream(f"SELECT {', '.join(columns)} FROM click"))
    connection.execute(f"CREATE TABLE click AS SELECT * FROM read_csv('{file}')")
    file.unlink()
    return lambda sql: list(connection.execute(sql).fetchall())


if __name__ == "__main__":
    main()
