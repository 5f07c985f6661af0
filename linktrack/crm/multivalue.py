"""Cells that hold several names, like `News,Events`: read, and changed without touching the other names."""

from __future__ import annotations

import re
from functools import cache


@cache
def _items(separator: str) -> re.Pattern[str]:
    cut = re.escape(separator)
    return re.compile(rf'(\s*"(?:[^"]|"")*"(?:(?!{cut}).)*|(?:(?!{cut}).)*)({cut}|$)', re.DOTALL)


def _pieces(cell: str, separator: str) -> list[str]:
    """The items as they stand, with their blanks and quotes."""
    if '"' not in cell:
        return cell.split(separator)
    pieces = []
    for found in _items(separator).finditer(cell):
        pieces.append(found[1])
        if not found[2]:
            break
    return pieces


def _name(piece: str) -> str:
    text = piece.strip()
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text


def names_in(cell: str, separator: str) -> list[str]:
    """The names in a cell; empty items are none."""
    return [name for piece in _pieces(cell, separator) if (name := _name(piece))] if cell else []


def with_name(cell: str, separator: str, name: str) -> str:
    """The cell with one more name at its end, set off as the others are."""
    written = '"' + name.replace('"', '""') + '"' if separator in name or name.startswith('"') else name
    if not cell.strip():
        return written
    if cell.rstrip().endswith(separator):
        return cell + written
    blank = " " if f"{separator} " in cell else ""
    return f"{cell}{separator}{blank}{written}"


def without_name(cell: str, separator: str, name: str) -> str:
    """The cell without a name, however often it stood there."""
    pieces = _pieces(cell, separator)
    kept = [piece for piece in pieces if _name(piece) != name]
    if kept and pieces and _name(pieces[0]) == name:
        kept[0] = kept[0].lstrip()
    return separator.join(kept)
