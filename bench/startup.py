"""How long linktrack takes to start: whole processes, as ratios to an empty Python in the same run.

    .venv/bin/python bench/startup.py

Compare: `linktrack --help` is to stay under 0.2 s and `linktrack link list` under 0.4 s (1,000 links) on a
machine where an empty Python takes about 0.015 s; byte code must be present (pip compiles it).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from linktrack.store.opening import open_database
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import load_workspace

ROUNDS = 15
PROGRAM = Path(sys.executable).with_name("linktrack")


def seconds(*command: str, cwd: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        init_workspace(root, "https://click.example.com")
        with open_database(load_workspace(root)) as database, database.transaction():
            database.executemany(
                "INSERT INTO link (key, identity, name, kind, url, response, created_at, updated_at) "
                "VALUES (?, ?, ?, 'registered', ?, '{\"kind\": \"redirect\"}', 0, 0)",
                [(f"link-{n}", f"link-{n}", f"Link {n}", f"https://www.example.com/{n}") for n in range(1000)],
            )
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "python -c 'import typer'": [sys.executable, "-c", "import typer"],
            "linktrack --help": [str(PROGRAM), "--help"],
            "linktrack link list (1,000 links)": [str(PROGRAM), "link", "list"],
            "linktrack report links (1,000 links)": [str(PROGRAM), "report", "links"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(ROUNDS + 1):
            for name, command in commands.items():
                taken = seconds(*command, cwd=root)
                if turn:  # the first turn fills the caches
                    times[name].append(taken)
        empty = statistics.median(times["python -c pass"])
        print(f"{'command':40} {'median s':>9} {'min s':>7} {'x empty Python':>15}")
        for name, taken_times in times.items():
            median = statistics.median(taken_times)
            print(f"{name:40} {median:9.3f} {min(taken_times):7.3f} {median / empty:15.1f}")


if __name__ == "__main__":
    main()
