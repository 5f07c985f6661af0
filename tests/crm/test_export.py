"""Exports as folders: which file is taken, and what is told when there is none or one too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from linktrack.crm.export import find_table
from linktrack.crm.mapping import Mapping
from linktrack.crm.people import export_names, open_contacts
from linktrack.errors import BadInput, NotFound

FOLDERS = {
    "a CSV file": (["contacts.csv"], "contacts.csv"),
    "in capitals": (["Contacts.CSV"], "Contacts.CSV"),
    "beside other files": (["companies.csv", "contacts.txt", "~contacts.csv", "contacts.bak"], "contacts.txt"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_the_contacts_of_a_folder(tmp_path: Path, case: str) -> None:
    names, expected = FOLDERS[case]
    for name in names:
        (tmp_path / name).write_text("contact_id\n1\n")
    assert open_contacts(tmp_path, Mapping()).path.name == expected


def test_none_and_two_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"has no contacts\.csv, contacts\.xlsx or contacts\.ndjson"):
        open_contacts(tmp_path, Mapping())
    for name in ("contacts.csv", "contacts.ndjson"):
        (tmp_path / name).write_text("contact_id\n")
    with pytest.raises(BadInput, match=r"the export holds contacts\.csv and contacts\.ndjson: leave only one"):
        open_contacts(tmp_path, Mapping())


def test_a_file_is_its_contacts_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("contact_id\n1\n")
    assert find_table(file, "contacts") == file
    assert find_table(file, "users") is None
    assert export_names(file, Mapping()) == {"columns": {"contact_id"}}


def test_the_names_in_an_export(tmp_path: Path) -> None:
    for noun, text in {"contacts": "contact_id,a\n", "users": "user\nBO\n", "projects": "project,contact_id\nP,1\nP,2\n"}.items():  # fmt: skip
        (tmp_path / f"{noun}.csv").write_text(text)
    assert export_names(tmp_path, Mapping()) == {"columns": {"contact_id", "a"}, "users": {"BO"}, "projects": {"P"}}


def test_the_interests_that_anybody_has_are_named_and_odd_cells_name_nothing(tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text('contact_id,interests\n1,"News,Events"\n2,News\n3,"a;b|c"\n4,\n')
    assert {"News", "Events"} <= export_names(file, Mapping())["interests"]
