"""The walls that import-linter holds: they stand, and each of them refuses a breach planted in a copy of the package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from architecture.planted import contracts, package_in

# Plants one breach after the other in the package where it is started, and says what import-linter says of each.
PROGRAM = """
import contextlib, io, json, pathlib, sys
from importlinter.cli import lint_imports

for module, line in json.load(sys.stdin):
    path = pathlib.Path("linktrack", module)
    before = path.read_bytes() if path.exists() else None
    new = not path.parent.exists()
    path.parent.mkdir(exist_ok=True)
    if new:
        (path.parent / "__init__.py").touch()
    path.write_bytes((before or b"") + f"\\n{line}\\n".encode())
    with contextlib.redirect_stdout(io.StringIO()) as said:
        lint_imports(no_cache=True, no_logo=True)
    print(json.dumps(said.getvalue()))
    path.unlink() if before is None else path.write_bytes(before)
    if new:
        (path.parent / "__init__.py").unlink()
        path.parent.rmdir()
"""

# What is planted where, and the contract that is to refuse it.
BREACHES = {
    "a room above is imported": ("store/lookups.py", "import linktrack.links.catalogue", "floors"),
    "a room two floors above is imported": ("workspace.py", "import linktrack.clicks.event", "floors"),
    "the command line is imported from below": ("upkeep/doctor.py", "import linktrack.cli.output", "floors"),
    "clicks know mailings": ("clicks/event.py", "import linktrack.mailings.tag", "floors"),
    "clicks know actions": ("clicks/event.py", "import linktrack.actions.slots", "floors"),
    "mailings know clicks": ("mailings/tag.py", "import linktrack.clicks.event", "mailings"),
    "a rewrite knows more of clicks": ("mailings/rewriting.py", "import linktrack.clicks.listing", "mailings"),
    "crm and links import each other": ("crm/mapping.py", "import linktrack.links.utm", "floors"),
    "actions know mailings": ("actions/output.py", "import linktrack.mailings.tag", "floors"),
    "an import inside a function": ("store/lock.py", "def f() -> None:\n    import linktrack.links.utm", "floors"),
    "an import for types only": (
        "store/lock.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import linktrack.links.utm",
        "floors",
    ),
    "what a setting may hold knows where it comes from": ("settings/values.py", "import linktrack.settings.sources", "settings"),
    "a reader of files that knows the writer": ("files/reading.py", "import linktrack.files.writing", "files"),
    "files that have no floor of their own": ("files/notes.py", "NOTES = 3", "files"),
    "settings that have no floor of their own": ("settings/notes.py", "NOTES = 3", "settings"),
    "a room that has no floor": ("attic/boxes.py", "BOXES = 3", "floors"),
    "a module that has no floor": ("helpers.py", "HELP = 3", "floors"),
    "typer below the command line": ("reports/figures.py", "import typer", "terminal"),
    "rich below the command line": ("upkeep/doctor.py", "def f() -> None:\n    from rich.table import Table", "terminal"),
    "typer in a module of the ground floor": ("errors.py", "import typer", "terminal"),
    "granian in the command line": ("cli/app.py", "import granian", "web-server"),
    "a token that asks the database": ("links/tokens.py", "import sqlite3", "pure-store"),
    "tagging that asks the store": ("links/utm.py", "import linktrack.store.session", "pure-store"),
    "placement keys that look whether they are free": (
        "links/placement_keys.py", "import linktrack.store.lookups", "pure-store"
    ),
    "a shape of addresses that asks the store": ("links/address_shape.py", "import linktrack.store.session", "pure-store"),
    "a location with the database": ("links/location.py", "import linktrack.store.session", "pure-store"),
    "merge tags that go through another room": ("links/merge_tags.py", "import linktrack.links.catalogue", "pure-store"),
    "a reader of mails that knows placements": (
        "mailings/reading/scan.py", "import linktrack.mailings.placements", "pure-store",
    ),
    "a compiler that asks the store": ("mailings/compile.py", "import linktrack.store.lookups", "pure-store"),
    "a format that asks the store": ("clicks/formats/caddy.py", "import linktrack.store.session", "pure-store"),
    "verdicts that ask the store": ("clicks/judging/verdicts.py", "import linktrack.store.session", "pure-store"),
    "a rule that asks the store": ("clicks/judging/rules/by_person.py", "import linktrack.store.session", "pure-store"),
    "an action kind that asks the ledger": ("actions/kinds/request.py", "import linktrack.actions.ledger.runs", "pure-store"),
    "slots that ask the ledger": ("actions/slots.py", "import linktrack.actions.ledger.runs", "pure-store"),
    "statistics that ask the store": ("reports/statistics.py", "import linktrack.store.session", "pure-store"),
    "a chart that asks the store": ("reports/charts.py", "import linktrack.reports.figures", "pure-store"),
    "a click map that asks the store": ("reports/click_map.py", "import linktrack.mailings.catalogue", "pure-store"),
    "a drawing that asks the store": ("reports/drawing/mail.py", "import linktrack.store.session", "pure-store"),
    "a planner with SQL": ("actions/planning.py", "import sqlalchemy", "pure-store"),
    "notes that ask the ledger": ("actions/walk_notes.py", "import linktrack.actions.ledger.runs", "pure-store"),
    "scripts that ask the ledger": ("actions/scripts/in_time.py", "import linktrack.actions.ledger.started", "pure-store"),
    "an answer that asks the database": ("server/answer.py", "import linktrack.server.people", "pure-store"),
    "an export with SQL": ("crm/export.py", "import linktrack.store.tables", "pure-store"),
    "an export with a clock": ("crm/export.py", "import time", "crm-world"),
}  # fmt: skip


def broken(folder: Path, breaches: Iterable[tuple[str, str]]) -> list[list[str]]:
    """By breach (a module, what is written at its end) the names of the contracts that import-linter finds broken."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM], input=json.dumps([*breaches]), cwd=folder, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert all("Contracts: " in one for one in said), said
    return [re.findall(r"^(.*) BROKEN\b", one, re.MULTILINE) for one in said]


def test_all_walls_stand_and_each_refuses_what_is_planted(tmp_path: Path) -> None:
    """In one process: most of the time it would take to start one for each."""
    names = {one["id"]: one["name"] for one in contracts()}
    none, *found = broken(package_in(tmp_path), [("errors.py", ""), *(breach[:2] for breach in BREACHES.values())])
    assert none == []
    seen = dict(zip(BREACHES, found, strict=True))
    assert {case: seen[case] for case, (_, _, contract) in BREACHES.items() if names[contract] not in seen[case]} == {}


def test_every_contract_has_a_planted_breach() -> None:
    assert {contract for _, _, contract in BREACHES.values()} == {one["id"] for one in contracts()}


def test_every_pure_room_has_a_planted_breach() -> None:
    (rooms,) = (one["source_modules"] for one in contracts() if one["id"] == "pure-store")
    planted = {
        f"linktrack.{module.removesuffix('.py').replace('/', '.')}"
        for module, _, which in BREACHES.values()
        if which == "pure-store"
    }
    assert [room for room in rooms if not any(f"{module}.".startswith(f"{room}.") for module in planted)] == []
