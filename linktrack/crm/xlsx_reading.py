"""Reading a sheet of a workbook, in a process of its own: what a hostile file breaks is that process alone.

`read_sheet` runs `xlsx_process.main` with limits on memory and time and gets the rows through a temporary file.
"""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from linktrack.crm.xlsx_filling import SeenCells
from linktrack.crm.xlsx_process import NO_ROOM, REFUSED, SECONDS, Area
from linktrack.errors import BadInput, DiskFull

_BEGIN = "import sys; sys.path.insert(0, sys.argv[1]); from linktrack.crm.xlsx_process import main; main()"


class SheetRow(NamedTuple):
    """A row with something in it: its number from 1, its cells as text, by column why a number is doubtful, and the
    columns with formulas."""

    number: int
    values: list[str]
    doubts: dict[int, str]
    formulas: list[int]


class SheetCells:
    """The cells of one sheet, kept in a temporary file: rows can be read any number of times."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        file.seek(-8, os.SEEK_END)
        self._end = int.from_bytes(file.read(8), "big")
        file.seek(self._end)
        self.sheet, calculated, self.hidden, areas, seen = marshal.load(file)  # noqa: S302  (our own process wrote it)
        self.calculated = frozenset(calculated)  # columns with any formula
        self.areas = [Area(*area) for area in areas]
        self.seen = [SeenCells(*cells) for cells in seen]

    def rows(self) -> Iterator[SheetRow]:
        at = 0
        while at < self._end:
            self._file.seek(at)
            batch = marshal.load(self._file)  # noqa: S302  (our own process has written it)
            at = self._file.tell()
            for row in batch:
                yield SheetRow(*row)

    def close(self) -> None:
        self._file.close()


def read_sheet(path: Path, sheet: str) -> SheetCells:
    """The sheet `sheet` of a workbook, or its first visible one. BadInput when it cannot be read within the limits,
    DiskFull when there is no room for what is read."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (SheetCells closes it)
    try:
        root = str(Path(__file__).resolve().parents[2])
        told = subprocess.run(  # noqa: S603  (ourselves, without a shell)
            [sys.executable, "-I", "-c", _BEGIN, root, str(path.resolve()), sheet],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith("LINKTRACK_")},
            timeout=SECONDS,
        )
        if told.returncode == NO_ROOM:
            raise DiskFull(
                "the disk has no room for temporary files: free some space there", file=tempfile.gettempdir()
            )
        if told.returncode:
            reason = told.stderr.decode("utf-8", "replace").strip() if told.returncode == REFUSED else ""
            raise BadInput(f"not a usable XLSX file: {reason or _ended(told.returncode)}", file=path)
        return SheetCells(file)
    except subprocess.TimeoutExpired:
        file.close()
        raise BadInput(
            f"not a usable XLSX file: reading it takes more than {SECONDS} seconds: save it as CSV", file=path
        ) from None
    except BaseException:
        file.close()
        raise


def _ended(code: int) -> str:
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the process that read it was ended ({how}): save it as CSV"
