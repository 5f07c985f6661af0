"""Every promise of speed and size beside its peer in one run: goal, what was measured, processor time, wall time, load.

    python bench/promises.py [--only NAME …] [--runs N] [--page docs/performance.md --readme README.md] [SIZES]

Ours and the peer in turn, as whole processes, so that a noisy minute hits both; a ratio is taken pair by pair, and its
median, least and greatest are shown, with the machine's load before the row. A promise whose peer is not installed has a
row, too, which says so. With --page the table is written as a page, with --readme a short one into the README: of each
NAME the row that uses most of what is promised. Small sizes take some minutes:

    python bench/promises.py --runs 1 --lines 10000 30000 --stored 100000 --grown 100000 --contacts 20000 \
        --people 20000 --agents 1000 3000 --crowd 20000 --mailed 10000 30000

Page and README are made without them: the promises are about the sizes that are there by default.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from ground import Ground
from measuring import folder_to_work_in, options_of, write_byte_code
from promise_table import Promise, in_readme, markdown, shown
from promised import PROMISES

# By name the sizes that are promised, or are made so large that the promise can be seen, and of what.
SIZES: dict[str, tuple[int | list[int], str]] = {
    "lines": ([300_000, 1_000_000], "of two logs, the short one first"),
    "agents": ([20_000, 60_000], "of two logs as long as it"),
    "stored": (10_000_000, "clicks of the database that reports are asked of"),
    "grown": (50_000_000, "clicks of the one that grows"),
    "contacts": (1_000_000, "of the export that actions are run on"),
    "crowd": (1_200_000, "that one mailing went to"),
    "mailed": ([1_000_000, 10_000_000], "of two mailings, whom they went to"),
    "people": (1_000_000, "that each of five mailings went to"),
    "mails": (20_000, "that are personalised"),
    "requests": (50_000, "that each server answers"),
}
PAGE = """\
# Performance

Made by `bench/promises.py --page docs/performance.md`. Ours and the peer run in turn, as whole processes; a ratio is the
median of the pairs, and processor time is the one to compare where the machine has other work. `load` is the machine's
before the row; `its` are the peer's, which also stands beside what has a goal of its own.

{table}"""


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--only", nargs="+", choices=PROMISES, metavar="NAME", help=", ".join(PROMISES))
    parser.add_argument("--runs", type=int, default=3)
    for name, (size, of) in SIZES.items():
        many = len(size) if isinstance(size, list) else None
        parser.add_argument(f"--{name}", type=int, nargs=many, default=size, help=of)
    parser.add_argument("--page", type=Path, help="where to write the table as a page")
    parser.add_argument(
        "--readme", type=Path, help="where a short table stands between <!-- speed --> and <!-- /speed -->"
    )
    options = parser.parse_args()
    if options.page or options.readme:
        if options.only:
            parser.error("a page has all promises: leave --only out")
        if other := [name for name, (size, _) in SIZES.items() if getattr(options, name) != size]:
            parser.error(f"a page has the sizes that are promised: leave --{', --'.join(other)} out")
    write_byte_code()
    found: dict[str, list[Promise]] = {}
    with folder_to_work_in() as folder:
        ground = Ground(folder, options)
        for name in options.only or PROMISES:
            found[name] = []
            for promise in PROMISES[name](ground):
                found[name].append(promise)
                print("  ".join(shown(promise)), file=sys.stderr, flush=True)
    rows = [shown(promise) for promises in found.values() for promise in promises]
    table = f"{markdown(rows)}\n{machine()}; {options.runs} {'run' if options.runs == 1 else 'runs'} each.\n"
    print(table, end="")
    if options.page:
        options.page.write_text(PAGE.format(table=table), "utf-8")
    if options.readme:
        options.readme.write_text(in_readme(options.readme.read_text("utf-8"), found.values()), "utf-8")


def machine() -> str:
    return f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}, SQLite"


if __name__ == "__main__":
    main()
