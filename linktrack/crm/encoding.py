"""The encoding of a text file: marked by a BOM, UTF-8 throughout, or named by the mapping, but never guessed.

A line that the encoding does not allow is a damaged one, not another encoding, where enough of the others show it.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple

from linktrack.errors import BadInput

MAX_LINE = 16_000_000  # bytes
KEEPING = "surrogateescape"  # how damaged lines are decoded, and encoded again as they were
_SHOWN_BY = 10  # lines beyond ASCII that are UTF-8 show that one that is not is damaged
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose BOM it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_WIDE_SAMPLE = 4_096  # bytes
_WIDE_SHARE = 0.8  # of the bytes at every other place are NUL, and hardly any between, where a text is UTF-16


class UnknownEncoding(BadInput):
    """A text file whose encoding nothing tells, or that is in another one than is set. `offered` is one in which it can
    be read; the sentence shows how it looks then."""

    offered = "cp1252"


class FoundEncoding(NamedTuple):
    """The encoding of a text file, its BOM (twice where it stands there twice), and what is done with bytes that it
    does not allow: `strict` where there are none."""

    name: str
    bom: bytes
    errors: str = "strict"


def find_encoding(path: Path, named: str | None) -> FoundEncoding:
    """The encoding of a text file: its BOM's, else UTF-8 if it is that throughout, else `named`.

    A file of plain ASCII is of the encoding `named`, so that what is written into it will be, too. Damaged lines are
    allowed where a BOM or `named` says the encoding and, of the lines beyond ASCII, at least as many are right as are
    damaged; and in UTF-8 where ten times as many are right. UnknownEncoding with a preview where nothing tells, and
    where `named` cannot be: an encoding is never guessed.
    """
    with path.open("rb") as file:
        head = file.read(_WIDE_SAMPLE)
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            written = 2 * bom if head.startswith(2 * bom) else bom
            return FoundEncoding(encoding, written, _errors(path, encoding, len(written)))
    is_set = bool(named)
    if (wide := wide_encoding(head)) and not (is_set and codecs.lookup(named or "").name.startswith("utf-16")):
        preview = head[: len(head) // 2 * 2].decode(wide, "replace").strip().splitlines()[0][:80]
        unknown = UnknownEncoding(
            f"it is UTF-16 without a BOM; as {wide} its first line would read {preview!r}: if that is right, set "
            f'encoding = "{wide}" under [crm] in linktrack.toml',
            file=path,
        )
        unknown.offered = wide
        raise unknown
    named = codecs.lookup(named or "utf-8").name
    if named.startswith(("utf-16", "utf-32")):
        encoding = named if named.endswith(("-le", "-be")) else f"{named}-le"
        return FoundEncoding(encoding, b"", _errors(path, encoding, 0))
    if is_set and named.startswith("utf-8"):
        return FoundEncoding("utf-8", b"", _errors(path, "utf-8", 0))
    if is_set and _undecodable(path, "ascii", 0) is None:
        return FoundEncoding(named, b"")
    problem = _undecodable(path, "utf-8", 0)
    if problem is None:
        return FoundEncoding("utf-8", b"")
    damaged, right = _lines(path, "utf-8", 0)
    if damaged * _SHOWN_BY <= right:
        return FoundEncoding("utf-8", b"", KEEPING)
    if is_set:
        return FoundEncoding(named, b"", _errors(path, named, 0))
    line, text, byte = problem
    preview = text.decode(UnknownEncoding.offered, "replace").strip()
    raise UnknownEncoding(
        f"byte 0x{byte:02X} is not UTF-8 and the file has no BOM; as cp1252 the line would read {preview!r}: "
        'if that is right, set encoding = "cp1252" under [crm] in linktrack.toml',
        file=path,
        line=line,
    )


def wide_encoding(head: bytes) -> str:
    """The UTF-16 that a text without a BOM begins in, by where its NUL bytes stand; nothing for other texts."""
    pairs = len(head) // 2
    high, low = (head[at::2].count(0) for at in (0, 1))
    if pairs < 4:
        return ""
    if low >= _WIDE_SHARE * pairs and high <= (1 - _WIDE_SHARE) * pairs:
        return "utf-16-le"
    return "utf-16-be" if high >= _WIDE_SHARE * pairs and low <= (1 - _WIDE_SHARE) * pairs else ""


def refuse_long_lines(path: Path) -> None:
    """BadInput for a text file with a line of more than MAX_LINE bytes, before anything reads it as one text."""
    with path.open("rb") as file:
        begin = length = 0  # of the line
        while chunk := file.read(1 << 20):
            first = min((at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0), default=-1)
            if length + (len(chunk) if first < 0 else first) > MAX_LINE:
                line, _, _ = _around(path, begin)
                raise BadInput(
                    f"this line is longer than {MAX_LINE // 1_000_000} MB, which no row of an export is",
                    file=path,
                    line=line,
                )
            last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            length = length + len(chunk) if last < 0 else len(chunk) - last - 1
            begin = file.tell() - length


def refuse_nul(path: Path, encoding: str) -> None:
    """BadInput for a text file with NUL bytes in its first line or in most of its lines, where its encoding writes no
    character with them."""
    if encoding.startswith(("utf-16", "utf-32")):
        return
    with path.open("rb") as file:
        at = 0
        while chunk := file.read(1 << 20):
            if (found := chunk.find(b"\0")) >= 0:
                break
            at += len(chunk)
        else:
            return
        file.seek(0)
        lines = with_nul = 0
        for line in file:
            lines += 1
            with_nul += b"\0" in line
            if lines == 1 and with_nul:
                break
    if lines == 1 or with_nul * 2 > lines:
        raise BadInput(
            "the file holds NUL bytes, so it is no CSV, or it is UTF-16 without a BOM: "
            'in that case set encoding = "utf-16" under [crm] in linktrack.toml',
            file=path,
            line=_around(path, at + found)[0],
        )


def _errors(path: Path, encoding: str, skip: int) -> str:
    """What is done with bytes that the encoding, said by a BOM or a setting, does not allow. BadInput where they are in
    more than one line and in more lines than are right, or where the encoding has no lines of bytes. UnknownEncoding
    instead where no BOM says the encoding and another one can read the file."""
    problem = _undecodable(path, encoding, skip)
    if problem is None:
        return "strict"
    line, _, byte = problem
    damaged, right = (2, 0) if encoding.startswith(("utf-16", "utf-32")) else _lines(path, encoding, skip)
    if damaged > max(1, right):
        sentence = f"byte 0x{byte:02X} cannot be read as {encoding}: check encoding under [crm]"
        others = [] if skip else [one for one in ("utf-8", UnknownEncoding.offered) if one != encoding]
        for other in others:
            if _undecodable(path, other, 0) is None:
                unknown = UnknownEncoding(f"{sentence}; as {other} it can be", file=path, line=line)
                unknown.offered = other
                raise unknown
        raise BadInput(sentence, file=path, line=line)
    return KEEPING


def _lines(path: Path, encoding: str, skip: int) -> tuple[int, int]:
    """How many lines hold bytes that an encoding does not allow, and how many others beyond ASCII."""
    damaged = right = 0
    with path.open("rb") as file:
        file.seek(skip)
        for line in file:
            if not line.isascii():
                try:
                    line.decode(encoding)
                    right += 1
                except UnicodeDecodeError:
                    damaged += 1
    return damaged, right


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
