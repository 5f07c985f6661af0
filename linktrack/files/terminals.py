"""A terminal as a file of bytes: what would move its cursor or turn its lines round is shown as an escape."""

from __future__ import annotations

import codecs
import os
from io import BufferedWriter, RawIOBase
from typing import TYPE_CHECKING

from linktrack.visible import visible_lines

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class CleanTerminal(RawIOBase):
    """The open terminal of this number, which stays open; bytes are text in `encoding`."""

    def __init__(self, number: int, encoding: str) -> None:
        self._number = number
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def write(self, data: ReadableBuffer) -> int:
        taken = bytes(data)
        text = self._decoder.decode(taken).replace("\r\n", "\n")
        clean = "\t".join(map(visible_lines, text.split("\t"))).encode(self._encoding, "backslashreplace")
        while clean:
            clean = clean[os.write(self._number, clean) :]
        return len(taken)


def clean_terminal(number: int, encoding: str = "utf-8") -> BufferedWriter:
    """What is written to the open terminal of this number, cleaned."""
    return BufferedWriter(CleanTerminal(number, encoding))
