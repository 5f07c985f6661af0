"""Files of contacts that were seen, known by their content: one that is seen again proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from linktrack.crm.export import find_table
from linktrack.files.reading import open_input
from linktrack.store.session import Database


class SeenExport:
    """A file of contacts, or a folder with one; `before`: the same content was seen before."""

    def __init__(self, database: Database, export: Path, known_print: bytes = b"") -> None:
        """`known_print` is that of its contacts, where it was asked for already."""
        self._database = database
        self._print = known_print or prints_of(export).contacts
        self.before = database.value("SELECT 1 FROM seen_export WHERE print = ?", (self._print,)) is not None

    def note(self, moment: int) -> None:
        """Store that it was seen. Part of a transaction."""
        self._database.execute(
            "INSERT INTO seen_export (print, seen_at) VALUES (?, ?) ON CONFLICT (print) DO NOTHING",
            (self._print, moment),
        )


class ExportPrints(NamedTuple):
    """What an export is known by: a print of the content of its contacts, and one of all files that were asked for."""

    contacts: bytes
    whole: bytes


def prints_of(export: Path, besides: Sequence[str] = ()) -> ExportPrints:
    """The prints of an export, with its files of the nouns `besides` contacts."""
    digest = blake2b(digest_size=16)
    contacts = b""
    for noun in ("contacts", *besides):
        path = find_table(export, noun)
        if path is not None:
            with open_input(path, f"a file of {noun}" if noun != "contacts" else "a contacts file") as file:
                while data := file.read(1 << 20):
                    digest.update(data)
        contacts = contacts or digest.digest()
    return ExportPrints(contacts, digest.digest())
