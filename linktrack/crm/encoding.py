"""The encoding of a text file: marked by a BOM, UTF-8 throughout, or named by the mapping, but never guessed."""

from __future__ import annotations

import codecs
from pathlib import Path

from linktrack.errors import BadInput

MAX_LINE = 16_000_000  # bytes
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose BOM it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class UnknownEncoding(BadInput):
    """A text file whose encoding nothing tells; `offered` is one in which it can be read, shown in the sentence."""

    offered = "cp1252"


def find_encoding(path: Path, named: str | None) -> tuple[str, bytes]:
    """The encoding of a text file and its BOM: the BOM's, else UTF-8 if it is that throughout, else `named`.

    A file of plain ASCII is of the encoding `named`, so that what is written into it will be, too.
    UnknownEncoding with a preview where nothing tells: an encoding is never guessed.
    """
    with path.open("rb") as file:
        head = file.read(4)
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            _check(path, encoding, len(bom))
            return encoding, bom
    named = codecs.lookup(named or "utf-8").name
    if named.startswith(("utf-16", "utf-32")):
        encoding = named if named.endswith(("-le", "-be")) else f"{named}-le"
        _check(path, encoding, 0)
        return encoding, b""
    if named.startswith("utf-8"):
        named = None
    if named and _undecodable(path, "ascii", 0) is None:
        return named, b""
    problem = _undecodable(path, "utf-8", 0)
    if problem is None:
        return "utf-8", b""
    if named:
        _check(path, named, 0)
        return named, b""
    line, text, byte = problem
    preview = text.decode(UnknownEncoding.offered, "replace").strip()
    raise UnknownEncoding(
        f"byte 0x{byte:02X} is not UTF-8 and the file has no BOM; as cp1252 the line would read {preview!r}: "
        'if that is right, set encoding = "cp1252" under [crm] in linktrack.toml',
        file=path,
        line=line,
    )


def refuse_long_lines(path: Path) -> None:
    """BadInput for a text file with a line of more than MAX_LINE bytes, before anything reads it as one text."""
    with path.open("rb") as file:
        line, length = 1, 0
        while chunk := file.read(1 << 20):
            first = min((at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0), default=-1)
            if length + (len(chunk) if first < 0 else first) > MAX_LINE:
                raise BadInput(
                    f"this line is longer than {MAX_LINE // 1_000_000} MB, which no row of an export is",
                    file=path,
                    line=line,
                )
            last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            length = length + len(chunk) if last < 0 else len(chunk) - last - 1
            line += chunk.count(b"\n")


def refuse_nul(path: Path, encoding: str) -> None:
    """BadInput for a text file with NUL bytes, in an encoding that writes other characters without them."""
    if encoding.startswith(("utf-16", "utf-32")):
        return
    with path.open("rb") as file:
        at = 0
        while chunk := file.read(1 << 20):
            if (found := chunk.find(b"\0")) >= 0:
                raise BadInput(
                    "the file holds NUL bytes, so it is no CSV, or it is UTF-16 without a BOM: "
                    'in that case set encoding = "utf-16" under [crm] in linktrack.toml',
                    file=path,
                    line=_around(path, at + found)[0],
                )
            at += len(chunk)


def _check(path: Path, encoding: str, skip: int) -> None:
    problem = _undecodable(path, encoding, skip)
    if problem is not None:
        line, _, byte = problem
        raise BadInput(
            f"byte 0x{byte:02X} cannot be read as {encoding}: check encoding under [crm]", file=path, line=line
        )


def _undecodable(path: Path, encoding: str, skip: int) -> tuple[int, bytes, int] | None:
    """Line number, bytes around and value of the first byte that `encoding` does not allow, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        at = file.seek(skip)
        while True:
            chunk = file.read(1 << 20)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as problem:
                kept = len(problem.object) - len(chunk)  # of the chunk before: the begin of a character
                return _around(path, at - kept + problem.start)
            if not chunk:
                return None
            at += len(chunk)


def _around(path: Path, offset: int) -> tuple[int, bytes, int]:
    """Number of the line, bytes of that line near it, and value of the byte at `offset`."""
    with path.open("rb") as file:
        line = 1 + sum(file.read(min(1 << 20, offset - at)).count(b"\n") for at in range(0, offset, 1 << 20))
        file.seek(max(0, offset - 40))
        before = file.read(min(40, offset)).rpartition(b"\n")[2]
        after = file.read(40).partition(b"\n")[0]
        return line, before + after, after[0] if after else 0x0A
