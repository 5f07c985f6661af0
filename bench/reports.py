"""Reports over many clicks: seconds of each as a fresh process, with its peak memory, and of the same SQL on raw clicks.

    python bench/reports.py [CLICKS] [--recipients N] [--mailings N] [--keep DIR]

Makes a workspace whose clicks and rollups are written by SQL alone (an import of as many is bench/import_log.py), of
mailings with 40 links each, a shipment of each to a part of the recipients. `first` is the time to the first row.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

START = 1_700_000_000_000
DAY = 86_400_000
HOUR = 3_600_000
LINKS = 40
COMMANDS = (
    ["mailings"], ["mailings", "--last", "4000d"], ["mailings", "--by", "engagement"], ["links"],
    ["links", "--since", "2023-12-01", "--until", "2023-12-31"], ["link", "link-3"],
    *(["mailing", "mailing-1", "--by", by] for by in (
        "link", "placement", "shipment", "hour", "day", "weekhour", "domain", "device", "reason", "age",
    )),
    ["compare", "mailing-1", "mailing-2", "mailing-3"], ["clickers", "link-3"], ["clickers", "--mailing", "mailing-1"],
    ["nonclickers", "mailing-1"], ["contact", "C77"],
)  # fmt: skip
RAW = {
    "by link": "SELECT link_id, count(*), count(DISTINCT recipient_id) FROM click WHERE ruling_id = 1 GROUP BY link_id",
    "by shipment": "SELECT shipment_id, count(*), count(DISTINCT recipient_id) FROM click WHERE ruling_id = 1 GROUP BY shipment_id",
    "by hour": "SELECT clicked_at / 3600000, count(*) FROM click WHERE shipment_id = 1 GROUP BY 1",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("clicks", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--mailings", type=int, default=50)
    parser.add_argument("--keep", type=Path, help="where to leave the workspace for the next time")
    options = parser.parse_args()
    root = (options.keep or Path(tempfile.mkdtemp(prefix="linktrack-bench-"))) / "workspace"
    if not root.exists():
        # In a process of its own: what this one has used would count as the peak of those that it starts.
        apart = multiprocessing.get_context("spawn").Process(
            target=make_workspace, args=(root, options.clicks, options.recipients, options.mailings)
        )
        apart.start()
        apart.join()
        assert apart.exitcode == 0
    print(f"{options.clicks:,} clicks, {options.recipients:,} recipients, {options.mailings} mailings, "
          f"load {os.getloadavg()[0]:.2f}\n{'report':52} {'first s':>8} {'all s':>8} {'cpu s':>8} {'rows':>8} {'peak MB':>8}")  # fmt: skip
    for command in COMMANDS:
        print(f"{' '.join(command):52} {measure(root, command)}", flush=True)
    print("\nthe same from raw clicks")
    from linktrack.store.session import open_database
    from linktrack.workspace import load_workspace

    with open_database(load_workspace(root, {})) as database:
        for name, sql in RAW.items():
            began = time.perf_counter()
            rows = len(database.rows(sql))
            print(f"{name:52} {'':8} {time.perf_counter() - began:8.2f} {'':8} {rows:8}")


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
    return f"{first:8.2f} {time.perf_counter() - began:8.2f} {cpu:8.2f} {rows:8} {used.ru_maxrss / 1024:8.0f}"


def make_workspace(root: Path, clicks: int, recipients: int, mailings: int) -> None:
    """A workspace with its clicks, in the order of time, and all rollups made of them."""
    from linktrack.store.session import open_database
    from linktrack.upkeep.making import init_workspace
    from linktrack.upkeep.repair import repair

    workspace = init_workspace(root, "https://click.example.com")
    each = recipients // 2
    with open_database(workspace) as database:
        with database.transaction():
            database.insert(
                "link", ("id", "key", "name", "kind", "url", "response", "created_at", "updated_at"),
                [(100 + n, f"link-{n}", f"Link {n}", "registered", "https://www.example.com", "{}", 0, 0) for n in range(LINKS)],
            )  # fmt: skip
            database.insert(
                "mailing", ("id", "name", "subject", "type", "html", "settings", "created_at"),
                [(n, f"mailing-{n}", "", "news", b"", "{}", 0) for n in range(1, mailings + 1)],
            )  # fmt: skip
            database.insert(
                "placement",
                ("id", "key", "mailing_id", "link_id", "position", "part", "kind", "label", "url", "start", "stop", "line", '"column"'),
                [
                    (mailing * LINKS + n, f"p{mailing}-{n}", mailing, 100 + n, n, "html", "a", "", "", 0, 0, 1, 1)
                    for mailing in range(1, mailings + 1) for n in range(LINKS)
                ],
            )  # fmt: skip
            database.insert(
                "recipient", ("id", "contact_id", "email", "name", "fields"),
                [(n, f"C{n}", f"c{n}@{domain(n)}", f"Person {n}", "{}") for n in range(1, recipients + 1)],
            )  # fmt: skip
            made = '{"base_url": "https://click.example.com", "output": "html", "key_id": 0}'
            database.insert(
                "shipment",
                ("id", "number", "mailing_id", "sent_at", "is_test", "recipients", "settings", "created_at", "finished_at"),
                [(n, n, n, START + n * DAY, False, each, made, 0, 0) for n in range(1, mailings + 1)],
            )  # fmt: skip
            database.execute("INSERT INTO agent (id, text, device) VALUES (1, 'desktop', 0), (2, 'phone', 1)")
            database.execute(
                "INSERT INTO ruling (id, verdict, reasons, rules) VALUES (1, 'human', '', 'made'), (2, 'scanner', 'burst', 'made')"
            )
        for shipment in range(1, mailings + 1):
            with database.transaction():
                people = range(1 + shipment % 2, recipients + 1, 2)[:each]
                database.insert(
                    "shipment_recipient", ("shipment_id", "recipient_id", "position", "email", "name"),
                    [(shipment, n, position, f"c{n}@{domain(n)}", f"Person {n}") for position, n in enumerate(people)],
                )  # fmt: skip
                database.insert(
                    "shipment_domain", ("shipment_id", "domain", "sent", "human", "machine", "clickers"),
                    [(shipment, f"d{n}.example", each // 20, 0, 0, 0) for n in range(20)],
                )  # fmt: skip
                rows = sorted(some_clicks(shipment, people, clicks // mailings))
                database.insert("click", CLICK, rows)
        repair(workspace, database)
        database.execute("ANALYZE")


CLICK = (
    "clicked_at", "print", "recipient_id", "link_id", "placement_id", "shipment_id", "ip", "network_id", "agent_id",
    "flags", "pressed", "reading_id", "ruling_id", "passed",
)  # fmt: skip


def domain(recipient: int) -> str:
    return f"d{recipient % 20}.example"


def some_clicks(shipment: int, people: range, count: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(shipment)
    for _ in range(count):
        at = START + shipment * DAY + int(chance.expovariate(1 / (10 * HOUR)))
        link = min(int(chance.expovariate(1 / 8)), LINKS - 1)
        yield (
            at, chance.getrandbits(62), chance.choice(people), 100 + link, shipment * LINKS + link, shipment, "192.0.2.0",
            0, 1 + (chance.random() < 0.4), 0, "", 0, 1 + (chance.random() < 0.3), 1,
        )  # fmt: skip


if __name__ == "__main__":
    main()
