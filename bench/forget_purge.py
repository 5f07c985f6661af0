"""Forgetting a person and purging clicks, over many clicks: seconds, megabytes of disk at the peak, and before and after.

    python bench/forget_purge.py [CLICKS] [--recipients N] [--mailings N]

The workspace is that of bench/reports.py. Forgotten is a person with an average number of clicks; purged are a day's
clicks of the oldest, then half of all. The disk's peak is that of the database with its companions, looked at every
20 ms; VACUUM's own copy lies in the folder for temporary files and is not in it.

10 million clicks of 1 million recipients in 500 mailings (SQLite, 2 cores, load 1.6): to forget one person took 20.6 s
(19.4 s of the processor), with 1,590 MB before, 3,032 at the peak and 1,433 after; to purge a day (182,000 clicks) 16.4 s
(15.1), 2,867 MB at the peak; half of all (4.9 million) 14.3 s (12.6), 2,610 MB at the peak. Nearly all of it is VACUUM,
which writes the whole database anew, whatever has gone.

On PostgreSQL, where VACUUM FULL writes the tables anew, 1 million clicks of 100,000 recipients in 50 mailings (308 MB, of
which clicks have 150; 2 cores, load 10): to forget one person took 12.7 s, to purge a day (18,186 clicks) 6.6 s.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from made_clicks import DAY, START, make_workspace
from measuring import apart, folder_to_work_in, megabytes, options_of


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("clicks", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--mailings", type=int, default=50)
    options = parser.parse_args()
    with folder_to_work_in() as folder:
        root = folder / "workspace"
        apart(make_workspace, root, options.clicks, options.recipients, options.mailings)
        print(f"{options.clicks:,} clicks, {options.recipients:,} recipients, load {os.getloadavg()[0]:.2f}\n"
              f"{'job':32} {'wall s':>8} {'cpu s':>8} {'before MB':>10} {'peak MB':>8} {'after MB':>9}  what went")  # fmt: skip
        from linktrack.moments import now
        from linktrack.store.opening import open_database
        from linktrack.upkeep.forget import forget_person
        from linktrack.upkeep.purge import purge_clicks
        from linktrack.workspace import load_workspace

        workspace = load_workspace(root, {})
        with open_database(workspace) as database:
            measured(root, "contact forget", lambda: forget_person(workspace, database, "C77", now()).clicks)
            first = START + DAY + DAY
            measured(root, "database purge, a day", lambda: purge_clicks(workspace, database, first, now()).clicks)
            middle = START + options.mailings // 2 * DAY
            measured(root, "database purge, half", lambda: purge_clicks(workspace, database, middle, now()).clicks)


def measured(root: Path, name: str, job: Callable[[], int]) -> None:
    """Do a job, and print what it took."""
    before, peak, done = megabytes(root), [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], megabytes(root))

    looking = threading.Thread(target=look)
    looking.start()
    began, cpu = time.perf_counter(), time.process_time()
    try:
        clicks = job()
    finally:
        done.set()
        looking.join()
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    print(f"{name:32} {wall:8.2f} {used:8.2f} {before:10.0f} {max(peak[0], before):8.0f} {megabytes(root):9.0f}  {clicks:,} clicks",
          flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
