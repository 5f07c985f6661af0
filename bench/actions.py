"""How long a run of the actions takes, and how much memory, against a plain read and write of the same CSV file.

    .venv/bin/python bench/actions.py                                   # 1,000,000 contacts, 300,000 clicks
    .venv/bin/python bench/actions.py --contacts 100000 --clicks 30000
    .venv/bin/python bench/actions.py --kinds follow-up request

Every click is on one of seven links, each with an action of another kind, or on one of those that `--kinds` names;
scripts are a batch (one process). The plain copy is what `csv.reader` and `csv.writer` need for the contacts alone; it
changes nothing and keeps no ledger, and a third of the lines of a real export come out of it written differently.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from made_clicks import MADE_WITH, REDIRECT
from measuring import apart, folder_to_work_in, linktrack, options_of, timed

if TYPE_CHECKING:
    from linktrack.store.session import Database

USERS = [f"USER{number}" for number in range(40)]
ACTIONS: dict[str, dict[str, object]] = {
    "field": {"type": "set-field", "field": "level", "value": "hot"},
    "interest": {"type": "interest", "add": ["Product news"], "remove": ["News"]},
    "selection": {"type": "selection", "add": ["Prospects {mailing.name}"]},
    "project": {"type": "project", "add": ["Launch"]},
    "follow-up": {"type": "follow-up", "assign_to_our_contact": True, "default_recipient": "USER0"},
    "request": {"type": "request", "title": "Call {contact.name}", "category": "All", "owner": "auto"},
    "script": {"type": "script", "script": "batch.py", "batch": True, "timeout": "10m"},
}
SCRIPT = """\
import json, sys
for line in sys.stdin:
    said = json.loads(line)
    print(json.dumps({"id": said["id"], "fields": {"level": "script"}}))
"""
PLAIN = """\
import csv, sys
old = open(sys.argv[1], encoding="utf-8", newline="")
with open(sys.argv[2], "w", encoding="utf-8", newline="") as new:
    csv.writer(new).writerows(csv.reader(old))
"""


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--clicks", type=int, default=300_000)
    parser.add_argument("--kinds", nargs="+", choices=ACTIONS, default=[*ACTIONS])
    asked = parser.parse_args()
    with folder_to_work_in() as root:
        apart(make_workspace, root, asked.contacts, asked.clicks, asked.kinds)
        export = root / "contacts.csv"
        plain = timed(copy_of(export, root / "copy.csv"))
        first = timed(run(root, export, root / "first"))
        again = timed(run(root, export, root / "again"))
        said = json.loads((root / "first" / "summary.json").read_text("utf-8"))
        size = export.stat().st_size / 1e6
        changed = (root / "first" / "contacts-changed.csv").read_bytes().count(b"\n") - 1
    print(f"{asked.contacts:,} contacts ({size:.0f} MB), {said['clicks']:,} clicks by {said['contacts']:,} of them:")
    print(f"{said['changes']:,} changes, {changed:,} rows of the export changed\n")
    print("                       wall s    CPU s     rows/s   peak MB   CPU against the copy")
    for name, one in (("plain csv copy", plain), ("action run", first), ("a second run", again)):
        print(
            f"{name:20} {one.wall:8.2f} {one.cpu:8.2f} {asked.contacts / one.wall:10,.0f} {one.peak:9,.0f} "
            f"{one.cpu / plain.cpu:22.1f}"
        )
    allowed = 2 + said["changes"] * 30e-6 / plain.cpu
    print(f"\nTwice the copy and 30 µs a change would be {allowed:.1f} times the copy.")


def run(root: Path, export: Path, out: Path) -> list[str]:
    return linktrack(root, "action", "run", "--crm", export, "--out", out)


def copy_of(export: Path, copy: Path) -> list[str]:
    return [sys.executable, "-c", PLAIN, str(export), str(copy)]


def make_workspace(root: Path, contacts: int, clicks: int, kinds: Collection[str] = tuple(ACTIONS)) -> None:
    """A workspace with a link for each of these ACTIONS, a shipment, and clicks by random contacts; `contacts.csv`
    beside it."""
    from linktrack.store.opening import open_database
    from linktrack.upkeep.making import init_workspace
    from linktrack.workspace import load_workspace

    init_workspace(root, "https://click.example.com")
    with (root / "linktrack.toml").open("a") as file:
        members = ", ".join(f'"{user}"' for user in USERS)
        file.write(f'\n[crm.contacts.fields]\nlevel = "level"\n[crm.categories]\nAll = [{members}]\n')
    (root / "scripts" / "batch.py").write_text(SCRIPT)
    with (root / "contacts.csv").open("w", encoding="utf-8", newline="") as file:
        file.write("contact_id,email,name,company,our_contact,interests,level,phone,city,note\r\n")
        file.writelines(rows(contacts))
    with open_database(load_workspace(root, {})) as database, database.transaction():
        fill(database, contacts, clicks, kinds)


def rows(contacts: int) -> Iterator[str]:
    for number in range(contacts):
        interests = '"News,Events"' if number % 3 else "News"
        yield (
            f"{number:07},p{number}@example.com,Person {number},Åkeri {number % 997},{USERS[number % 40]},{interests},"
            f'cold,+46 70 {number:07},Umeå,"a note, with a comma and ""quotes"""\r\n'
        )


def fill(database: Database, contacts: int, clicks: int, kinds: Collection[str]) -> None:
    from linktrack.store.open_times import note_open_times

    chance = random.Random(4)
    database.execute(
        "INSERT INTO mailing (name, subject, type, html, settings, created_at) VALUES ('spring', '', '', ?, '{}', 0)",
        (b"",),
    )
    database.execute(
        "INSERT INTO shipment (number, mailing_id, sent_at, is_test, recipients, settings, created_at, finished_at) "
        "VALUES (1, 1, 0, ?, 0, ?, 0, 0)",
        (False, MADE_WITH),
    )
    links = []
    for key in kinds:
        action = ACTIONS[key]
        database.execute(
            "INSERT INTO link (key, identity, name, kind, url, response, created_at, updated_at) "
            "VALUES (?, ?, ?, 'registered', 'https://www.example.com/', ?, 0, 0)",
            (key, key, key, REDIRECT),
        )
        links.append(database.value("SELECT max(id) FROM link"))
        settings = json.dumps({name: value for name, value in action.items() if name != "type"})
        database.execute(
            "INSERT INTO action (link_id, number, position, type, settings) VALUES (?, 1, 1, ?, ?)",
            (links[-1], action["type"], settings),
        )
    people = [chance.randrange(contacts) for _ in range(clicks)]
    known = {number: at for at, number in enumerate(sorted(set(people)), 1)}
    database.executemany(
        "INSERT INTO recipient (id, contact_id, email, name, fields) VALUES (?, ?, ?, ?, '{}')",
        ((at, f"{number:07}", f"p{number}@example.com", f"Person {number}") for number, at in known.items()),
    )
    database.execute("INSERT INTO ruling (id, verdict, reasons, rules) VALUES (1, 'human', '', '1')")
    begin = 1_777_885_932_000
    database.executemany(
        "INSERT INTO click (clicked_at, print, recipient_id, link_id, placement_id, shipment_id, ip, network_id, agent_id, "
        "flags, pressed, reading_id, ruling_id, passed) VALUES (?, ?, ?, ?, 1, 1, '', 0, 1, 0, '', 1, 1, 0)",
        ((begin + at * 100, at * 7_919, known[number], links[at % len(links)]) for at, number in enumerate(people, 1)),
    )
    note_open_times(database, [(begin, begin + 100 * (clicks + 1))])


if __name__ == "__main__":
    main()
