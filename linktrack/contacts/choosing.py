"""Which contacts of a file get a mailing: only these, all but those, one of several random parts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from linktrack.crm.csv_dialect import DELIMITERS
from linktrack.crm.export import Table, column_of, need_column, open_table
from linktrack.crm.export_rows import BadRow
from linktrack.crm.mapping import Mapping
from linktrack.crm.people import open_contacts
from linktrack.errors import BadInput, UsageError
from linktrack.files.reading import open_input
from linktrack.settings.crm import CrmSettings

CONTACT_ID = ("contact_id", "Contact ID", "Kontakt-id")  # how our own commands name the column, and its heading
_MOST_PARTS = 1000


@dataclass(frozen=True)
class Part:
    """The `number`th of `parts` random parts, of a split that has a name.

    Parts of one split are disjoint, the same in every mailing and run, and together everybody; other names divide
    the same people anew.
    """

    number: int
    parts: int
    split: str

    @classmethod
    def read(cls, text: str, split: str) -> Part:
        """`K/N` and the split's name. UsageError for anything else."""
        found = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", text.strip())
        if found is None or int(found[1]) > int(found[2]) or int(found[2]) > _MOST_PARTS:
            raise UsageError(f"--part {text!r} is no part: write it like 1/2, at most {_MOST_PARTS} parts")
        if not split.strip():
            raise UsageError("--part needs --split NAME: the same name gives the same parts again")
        return cls(int(found[1]), int(found[2]), split.strip())

    def holds(self, contact_id: str, workspace_id: bytes) -> bool:
        """Whether a contact is in it: by a print of their id and the split's name under the workspace's id."""
        digest = blake2b(
            f"{self.split}\0{contact_id}".encode(), key=workspace_id, digest_size=8, person=b"linktrack-split"
        ).digest()
        return int.from_bytes(digest, "big") % self.parts == self.number - 1


@dataclass(frozen=True)
class Choosing:
    """Whom of a file of contacts a mailing is for; None and nothing choose everybody."""

    workspace_id: bytes
    only: Collection[str] | None = None
    leave_out: Collection[str] = frozenset()
    part: Part | None = None

    def takes(self, contact_id: str) -> bool:
        return (
            (self.only is None or contact_id in self.only)
            and contact_id not in self.leave_out
            and (self.part is None or self.part.holds(contact_id, self.workspace_id))
        )


def read_contact_ids(path: Path, mapping: Mapping) -> frozenset[str]:
    """The contact ids of any file with a column of them: rows as linktrack writes them (CSV, TSV, JSON, NDJSON, a
    workbook) or an export of the CRM (a file, or a folder). A list of nobody still has its header, or is `[]`.

    Outputs of one kind may stand one behind the other. NotFound or BadInput with the way out, also for a file without
    anything in it (a command that failed leaves one) and for one with a line that is no row: nothing of a broken list
    is taken, for a mail that somebody got cannot be taken back.
    """
    if not path.is_dir():
        with open_input(path, "a list of contacts") as file:
            match file.read(64).removeprefix(b"\xef\xbb\xbf").strip():
                case b"":
                    raise BadInput(
                        "the list of contacts for --only or --except has nothing in it, not even a header: look "
                        "whether the command that was to write it has failed; leave the option away if nobody is meant",
                        file=path,
                    )
                case b"[]":
                    return frozenset()
    return frozenset(_ids_in(*_with_ids(path, mapping)))


def _ids_in(table: Table, column: int) -> Iterator[str]:
    """The ids of a list, its header over again left out. BadInput with the line of what is no row."""
    name, width = table.columns[column], len(table.columns)
    left: list[BadRow] = []
    for line, values in table.rows(left):
        cells = [value.strip() for value in values]
        if name in cells:
            if cells[:width] == table.columns:
                continue
            raise _no_row("it is a header like the first, with other columns", table.path, line)
        if cells[column]:
            yield cells[column]
    for row in left:
        if not (row.apart and _reads_as_words(row.text)):
            raise _no_row(row.reason, table.path, row.line)


def _reads_as_words(text: str) -> bool:
    """Whether a line beside the rows is a title or a footer of an export: words, and nothing that could be a row."""
    return " " in text.strip() and not any(delimiter in text for delimiter in DELIMITERS)


def _no_row(reason: str, path: Path, line: int) -> BadInput:
    return BadInput(
        f"this is no row of the list ({reason}), and nothing was taken: give each list of its own with an --only or "
        "--except of its own, or mend the line",
        file=path,
        line=line,
    )


def _with_ids(path: Path, mapping: Mapping) -> tuple[Table, int]:
    """The table in a file, and its column of ids: ours, which needs no mapping, or the export's. A column of our own
    name is looked for last: some systems call the companies' ids so."""
    ours, *headings = CONTACT_ID
    if not path.is_dir() and (found := _ours(path, mapping, ours)):
        return found
    try:
        table = open_contacts(path, mapping)
        name = mapping.settings.contacts.id
        what = "a list of contacts"
        return table, need_column(table, name, what, "id under [crm.contacts] (or contact_id in the file)")
    except BadInput:
        for heading in [] if path.is_dir() else headings:
            if found := _ours(path, mapping, heading):
                return found
        raise


def _ours(path: Path, mapping: Mapping, name: str) -> tuple[Table, int] | None:
    """A table and its column of that name; None where the mapping says that this one has the companies' ids, and
    another one the contacts'."""
    named = CrmSettings.model_validate({"contacts": {"id": name}})
    settings = mapping.settings.contacts
    try:
        table = open_table(path, Mapping(named, mapping.file), "contacts")
        column = column_of(table, name)
        if column is None:
            return None
        of_companies = column_of(table, settings.company) == column
        return None if of_companies and column_of(table, settings.id) not in (None, column) else (table, column)
    except BadInput:  # in an encoding or with quotes that only the mapping explains
        return None
