"""docs/privacy.md held against the tables, the files and the settings: no personal datum that it does not name."""

from __future__ import annotations

import fnmatch
import re
import sqlite3

from docs.player import ROOT
from sqlmodel import SQLModel
from upkeep.conftest import _persons, persons  # noqa: F401  (fixtures)
from upkeep.persons_world import WORDS, PersonsWorld

from linktrack.clicks.own_logs import note_unread
from linktrack.settings.tables import RetentionSettings
from linktrack.store import tables
from linktrack.workspace import load_workspace

PAGE = (ROOT / "docs" / "privacy.md").read_text("utf-8")
# Tables in which nothing is about a person: the catalogue, what is counted without persons, and numbers of ours.
IMPERSONAL = {
    *("workspace", "signing_key", "folder", "link", "action", "mailing", "placement", "shipment", "seen_export"),
    *("network", "reading", "ruling", "open_time", "definition"),
    *("link_tally", "shipment_tally", "placement_tally", "link_hour", "shipment_hour", "shipment_age"),
    *("shipment_device", "shipment_ruling"),
}
# Columns of the other tables that say nothing by themselves: whose, which and in what state.
PLAIN = {
    *(
        "id",
        "recipient_id",
        "link_id",
        "placement_id",
        "shipment_id",
        "run_id",
        "number",
        "action",
        "kind",
        "operation",
    ),
    *(
        "definition_id",
        "status",
        "retried_by",
        "ran_at",
        "clicked_at",
        "click_print",
        "flags",
        "reading_id",
        "ruling_id",
    ),
    *(
        "passed",
        "position",
        "human",
        "machine",
        "sent",
        "uncounted",
        "clickers",
        "first_device",
        "device",
        "exit_code",
        "family",
    ),
    *("minute", "started_at", "finished_at", "count", "forgotten_at", "left_at", "first_at", "last_at", "imported_at"),
    *("format", "state", "head_length"),
}


def test_every_column_that_may_be_about_a_person_is_named() -> None:
    assert tables
    named = set(re.findall(r"`(\w+\.\w+)`", PAGE))
    missing = [
        f"{name}.{column.name}"
        for name, table in SQLModel.metadata.tables.items()
        if name not in IMPERSONAL
        for column in table.columns
        if column.name not in PLAIN and f"{name}.{column.name}" not in named
    ]
    assert missing == []


def test_every_column_that_is_named_is_there() -> None:
    known = {f"{name}.{column.name}" for name, table in SQLModel.metadata.tables.items() for column in table.columns}
    said = {word for word in re.findall(r"`(\w+\.\w+)`", PAGE) if word.split(".")[0] in SQLModel.metadata.tables}
    assert said - known == set()
    assert {name for name in IMPERSONAL if name not in SQLModel.metadata.tables} == set()


def test_every_setting_of_an_age_is_named() -> None:
    for name in RetentionSettings.model_fields:
        assert f"`[retention] {name}`" in PAGE and f"\n{name} = " in PAGE


def test_every_file_of_a_workspace_is_named(persons: PersonsWorld) -> None:  # noqa: F811
    files = re.search(r"## Files in the workspace\n(.*?)\n## ", PAGE, re.DOTALL)
    assert files is not None
    patterns = re.findall(r"`([^`\s]+)`", "".join(line.split("|")[1] for line in files[1].splitlines() if "|" in line))
    persons.do("redirects", "export", persons.outside / "map", "--for", "json")
    note_unread(load_workspace(persons.root, {}), persons.root / "clicklog")
    assert (persons.root / "linktrack.exports").exists() and (persons.root / "linktrack.logs").exists()
    for path in persons.root.rglob("*"):
        name = str(path.relative_to(persons.root))
        assert path.is_dir() or any(fnmatch.fnmatch(name, pattern) for pattern in patterns), name


def test_a_person_s_words_stand_nowhere_else(persons: PersonsWorld) -> None:  # noqa: F811
    """After a person's whole way: only in columns that the page names."""
    connection = sqlite3.connect(persons.root / "linktrack.db")
    connection.text_factory = bytes
    named = set(re.findall(r"`(\w+\.\w+)`", PAGE))
    found = set()
    for name, table in SQLModel.metadata.tables.items():
        for column in table.columns:
            for (value,) in connection.execute(f'SELECT "{column.name}" FROM "{name}"'):
                if isinstance(value, bytes) and any(word.lower() in value.lower() for word in WORDS):
                    found.add(f"{name}.{column.name}")
    connection.close()
    assert found <= named
    assert {"recipient.email", "shipment_recipient.name", "change.new", "agent.text", "made.return_url"} <= found
