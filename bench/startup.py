"""How long linktrack takes to start: whole processes, as ratios to an empty Python in the same run.

    .venv/bin/python bench/startup.py

Compare: `linktrack --help` is to stay under 0.2 s and `linktrack link list` under 0.4 s (1,000 links) on a
machine where an empty Python takes about 0.015 s; byte code must be present (pip compiles it).
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from measuring import apart, folder_to_work_in, in_turn, linktrack, options_of, timed, wall

ROUNDS = 15
EMPTY = [sys.executable, "-c", "pass"]


def make_workspace(root: Path) -> None:
    """A workspace with 1,000 registered links."""
    from made_clicks import REDIRECT

    from linktrack.store.opening import open_database
    from linktrack.upkeep.making import init_workspace
    from linktrack.workspace import load_workspace

    init_workspace(root, "https://click.example.com")
    with open_database(load_workspace(root)) as database, database.transaction():
        database.executemany(
            "INSERT INTO link (key, identity, name, kind, url, response, created_at, updated_at) "
            "VALUES (?, ?, ?, 'registered', ?, ?, 0, 0)",
            [(f"link-{n}", f"link-{n}", f"Link {n}", f"https://www.example.com/{n}", REDIRECT) for n in range(1000)],
        )


def main() -> None:
    options_of(__doc__).parse_args()
    with folder_to_work_in() as root:
        apart(make_workspace, root)
        commands = {
            "python -c pass": EMPTY,
            "python -c 'import typer'": [sys.executable, "-c", "import typer"],
            "linktrack --help": linktrack(root, "--help"),
            "linktrack link list (1,000 links)": linktrack(root, "link", "list"),
            "linktrack report links (1,000 links)": linktrack(root, "report", "links"),
        }
        taken = in_turn(ROUNDS, *(partial(timed, command) for command in commands.values()), warm=True)
        empty = wall(taken[0])
        print(f"{'command':40} {'median s':>9} {'min s':>7} {'x empty Python':>15}")
        for name, runs in zip(commands, taken, strict=True):
            least = min(run.wall for run in runs)
            print(f"{name:40} {wall(runs):9.3f} {least:7.3f} {wall(runs) / empty:15.1f}")


if __name__ == "__main__":
    main()
