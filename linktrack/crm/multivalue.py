"""Cells that hold several names, like `News,Events`: read, and changed without touching the other names."""

from __future__ import annotations

import re
from functools import cache

_QUOTED = re.compile(r'"(?:[^"]|"")*"')


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
    return text[1:-1].replace('""', '"') if _QUOTED.fullmatch(text) else text


def names_in(cell: str, separator: str) -> list[str]:
    """The names in a cell; empty items are none."""
    return [name for piece in _pieces(cell, separator) if (name := _name(piece))] if cell else []


def with_name(cell: str, separator: str, name: str, like: str = "") -> str:
    """The cell with one more name at its end, set off as the others are, or as those of the cell `like` it."""
    written = _written(name, separator)
    if not cell.strip():
        return written
    if cell.rstrip().endswith(separator):
        longer = cell + written
    else:
        blank = " " if f"{separator} " in (cell if separator in cell else like) else ""
        longer = f"{cell}{separator}{blank}{written}"
    return _unless_misread(longer, separator, [*names_in(cell, separator), name])


def without_name(cell: str, separator: str, name: str) -> str:
    """The cell without a name, however often it stood there."""
    pieces = _pieces(cell, separator)
    kept = [piece for piece in pieces if _name(piece) != name]
    if kept and pieces and _name(pieces[0]) == name:
        kept[0] = kept[0].lstrip()
    wanted = [one for one in names_in(cell, separator) if one != name]
    return _unless_misread(separator.join(kept), separator, wanted)


def _written(name: str, separator: str) -> str:
    needed = separator in name or name.startswith('"') or name != name.strip()
    return '"' + name.replace('"', '""') + '"' if needed else name


def _unless_misread(cell: str, separator: str, names: list[str]) -> str:
    """The cell, or where a quote that was never closed would pair with another one, the names written anew."""
    if '"' not in cell or names_in(cell, separator) == names:
        return cell
    return separator.join(_written(name, separator) for name in names)
