"""Reports and lists over many clicks: seconds of each as a process, and of the same SQL on raw clicks, here and in DuckDB.

    python bench/reports.py [CLICKS] [--recipients N] [--mailings N] [--keep DIR] [--check]

10,000,000 clicks, 1,000,000 recipients and 500 mailings are what the promise speaks of: each report under a second, the
first row of each list under half of one.
The workspace is written by SQL alone (`made_clicks`; an import of as many is bench/import_log.py). `first` is the time
to the first row. DuckDB is asked where it is installed (`pip install duckdb`), of the same rows in a file of its own.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from made_clicks import DAY, DOMAINS, HOUR, LATE, START, check, make_workspace
from measuring import Timing, apart, folder_to_work_in, linktrack, megabytes, options_of, timed

if TYPE_CHECKING:
    from linktrack.store.session import Database

HUMAN = "count(CASE WHEN ruling_id = 1 THEN 1 END), count(CASE WHEN ruling_id = 2 THEN 1 END)"
PEOPLE = "count(DISTINCT CASE WHEN ruling_id = 1 THEN shipment_id * 10000000 + recipient_id END)"
ONE = "FROM click WHERE shipment_id = 1"
CROWDED = (
    "report clickers --mailing mailing-1",
    "report clickers link-3",
    "report clickers link-3 --mailing mailing-1 --domain d3.example --since 2023-11-16",
    f"report clickers --mailing mailing-1 --domain {LATE}",
    "report nonclickers mailing-1",
    "shipment recipients 1",
    "click list --contact C77",
)  # over one mailing that went to very many
FIRST_ROW = 2  # lines of CSV: what stands above the rows, and the first of them
DECEMBER = (1_701_388_800_000, 1_704_067_200_000)


def grouped(by: str, source: str = ONE, *, people: bool = True) -> str:
    """The figures of a report from raw clicks: by what, clicks, machine clicks, clickers."""
    return f"SELECT {by}, {HUMAN}{f', {PEOPLE}' if people else ''} {source} GROUP BY 1"


# A report, and what it says in SQL over raw clicks; None where a query would not be enough.
REPORTS: tuple[tuple[str, str | None], ...] = (
    ("mailings", grouped("shipment_id", "FROM click")),
    ("mailings --last 4000d", None),
    ("links", grouped("link_id", "FROM click")),
    ("links --since 2023-12-01 --until 2023-12-31",
     grouped("link_id", f"FROM click WHERE clicked_at >= {DECEMBER[0]} AND clicked_at < {DECEMBER[1]}")),
    ("link link-3", grouped("shipment_id", "FROM click WHERE link_id = 103")),
    ("mailing mailing-1 --by link", grouped("link_id")),
    ("mailing mailing-1 --by placement", grouped("placement_id")),
    ("mailing mailing-1 --by shipment", grouped("shipment_id")),
    ("mailing mailing-1 --by hour", grouped("clicked_at - clicked_at % 3600000", people=False)),
    ("mailing mailing-1 --by day", grouped("clicked_at - clicked_at % 86400000", people=False)),
    ("mailing mailing-1 --by weekday", grouped("clicked_at % 604800000 - clicked_at % 86400000", people=False)),
    ("mailing mailing-1 --by weekhour", grouped("clicked_at % 604800000 - clicked_at % 3600000", people=False)),
    ("mailing mailing-1 --by domain", grouped(f"recipient_id % {DOMAINS}")),
    ("mailing mailing-1 --by device", grouped("agent_id")),
    ("mailing mailing-1 --by reason", grouped("ruling_id", people=False)),
    ("mailing mailing-1 --by age",
     grouped(f"clicked_at - {START + DAY} - (clicked_at - {START + DAY}) % {HOUR}", people=False)),
    ("mailing mailing-1 --by action", None),
    ("compare mailing-1 mailing-2 mailing-3", grouped("shipment_id", "FROM click WHERE shipment_id IN (1, 2, 3)")),
    ("contact C77", None),
)  # fmt: skip
PAGE = "html page.html --mailing mailing-1"
ENGAGEMENT = "report mailings --by engagement"
LISTS = (
    "click list",
    "click list --mailing mailing-1 --verdict human",
    "click list --mailing mailing-40",
    "click list --contact C77",
    "click list --since 2024-01-01",
    "report clickers link-3",
    "report clickers --mailing mailing-1",
    "report nonclickers mailing-1",
    "shipment recipients 1",
    "shipment list",
    "mailing list",
    "link list",
)


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("clicks", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--mailings", type=int, default=50, help="50 at least: lists name one of the last")
    parser.add_argument("--keep", type=Path, help="where to leave the workspace for the next time")
    parser.add_argument("--check", action="store_true", help="count all clicks anew first, as an import does (slow)")
    options = parser.parse_args()
    with folder_to_work_in(options.keep) as folder:
        root = folder / "workspace"
        if not root.exists():
            began = time.perf_counter()
            apart(make_workspace, root, options.clicks, options.recipients, options.mailings)
            print(f"made in {time.perf_counter() - began:.0f} s, {megabytes(root):,.0f} MB")
        if options.check:
            apart(check, root)
            print("counted anew: the same")
        print(f"{options.clicks:,} clicks, {options.recipients:,} recipients, {options.mailings} mailings, "
              f"load {os.getloadavg()[0]:.2f}\n{'command':52} {'first s':>8} {'all s':>8} {'cpu s':>8} {'peak MB':>8}")  # fmt: skip
        for command in (*(f"report {report}" for report, _ in REPORTS), *LISTS, ENGAGEMENT):
            first = f"{timed(asked(root, command), lines=FIRST_ROW).wall:8.2f}" if command in LISTS else ""
            show(command, first, timed(asked(root, command)))
        show(f"report {PAGE}", "", timed(linktrack(root, "report", *PAGE.split()), cwd=root))
        compare_raw(root)


def show(command: str, first: str, run: Timing) -> None:
    print(f"{command:52} {first:8} {run.wall:8.2f} {run.cpu:8.2f} {run.peak:8.0f}", flush=True)


def clicks_of(root: Path) -> int:
    """How many are stored."""
    from linktrack.store.opening import open_database
    from linktrack.workspace import load_workspace

    with open_database(load_workspace(root, {})) as database:
        return int(database.value("SELECT count(*) FROM click"))


def asked(root: Path, command: str) -> list[str]:
    """A command that shows rows, in words."""
    return linktrack(root, *command.split(), "--format", "csv")


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
            here, rows = answered(database.rows, sql)
            there = "" if beside is None else f"{answered(beside, sql)[0]:9.2f}"
            print(f"{command:52} {here:8.2f} {there:9} {rows:9,}", flush=True)


def answered(ask: Callable[[str], list[Any]], sql: str) -> tuple[float, int]:
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
