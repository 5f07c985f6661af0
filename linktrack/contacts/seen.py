"""Files of contacts that were seen, known by their content: one that is seen again proves nothing."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from pathlib import Path

from linktrack.crm.export import find_table
from linktrack.files.reading import open_input
from linktrack.store.session import Database


class SeenExport:
    """A file of contacts, or a folder with one; `before`: the same content was seen before."""

    def __init__(self, database: Database, export: Path) -> None:
        self._database = database
        self._print = print_of(export)
        self.before = database.value("SELECT 1 FROM seen_export WHERE print = ?", (self._print,)) is not None

    def note(self, moment: int) -> None:
        """Store that it was seen. Part of a transaction."""
        self._database.execute(
            "INSERT INTO seen_export (print, seen_at) VALUES (?, ?) ON CONFLICT (print) DO NOTHING",
            (self._print, moment),
        )


def print_of(export: Path, nouns: Collection[str] = ("contacts",)) -> bytes:
    """What an export is known by: a print of the content of its contacts, or of its files of several `nouns`."""
    digest = blake2b(digest_size=16)
    for noun in nouns:
        path = find_table(export, noun)
        if path is not None:
            with open_input(path, f"a file of {noun}" if noun != "contacts" else "a contacts file") as file:
                while data := file.read(1 << 20):
                    digest.update(data)
    return digest.digest()
