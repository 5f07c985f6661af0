"""Every promise of speed and size beside its peer in one run: goal, what was measured, processor time, wall time, load.

    python bench/promises.py [--only NAME …] [--runs N] [--page docs/performance.md --readme README.md] [SIZES]

Ours and the peer in turn, as whole processes, so that a noisy minute hits both; a ratio is taken pair by pair, and its
median, least and greatest are shown, with the machine's load before the row. A promise whose peer is not installed has a
row, too, which says so. With --page the table is written as a page, with --readme a short one into the README: of each
NAME the row that uses most of what is promised. Small sizes take some minutes:

    python bench/promises.py --runs 1 --lines 10000 30000 --stored 100000 --contacts 20000 --people 20000 \
        --agents 1000 3000 --crowd 20000 --mailed 10000 30000

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

SIZES = ("lines", "agents", "stored", "contacts", "crowd", "mailed", "people", "mails", "requests")
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
    parser.add_argument(
        "--lines", type=int, nargs=2, default=[300_000, 1_000_000], help="of two logs, the short one first"
    )
    parser.add_argument("--agents", type=int, nargs=2, default=[20_000, 60_000], help="of two logs as long as it")
    parser.add_argument("--stored", type=int, default=5_000_000, help="clicks of the large database")
    parser.add_argument("--contacts", type=int, default=1_000_000, help="of the export that actions are run on")
    parser.add_argument("--crowd", type=int, default=1_200_000, help="that one mailing went to")
    parser.add_argument(
        "--mailed", type=int, nargs=2, default=[1_000_000, 10_000_000], help="of two mailings, whom they went to"
    )
    parser.add_argument("--people", type=int, default=200_000, help="that each of five mailings went to")
    parser.add_argument("--mails", type=int, default=20_000, help="that are personalised")
    parser.add_argument("--requests", type=int, default=50_000, help="that each server answers")
    parser.add_argument("--page", type=Path, help="where to write the table as a page")
    parser.add_argument(
        "--readme", type=Path, help="where a short table stands between <!-- speed --> and <!-- /speed -->"
    )
    options = parser.parse_args()
    if options.page or options.readme:
        if options.only:
            parser.error("a page has all promises: leave --only out")
        if other := [name for name in SIZES if getattr(options, name) != parser.get_default(name)]:
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
    table = f"{markdown(rows)}\n{machine()}; {options.runs} runs each.\n"
    print(table, end="")
    if options.page:
        options.page.write_text(PAGE.format(table=table), "utf-8")
    if options.readme:
        options.readme.write_text(in_readme(options.readme.read_text("utf-8"), found.values()), "utf-8")


def machine() -> str:
    return f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}, SQLite"


if __name__ == "__main__":
    main()
