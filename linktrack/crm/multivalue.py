"""Cells that hold several names, like `News,Events`: read, and changed without touching the other names.

Three shapes are understood: names with the export's separator between them, JSON lists (`["News","Events"]`) and
names between carets (`^News^,^Events^`). A cell of another shape is refused (`OddCell`), never added to. `null` is
JSON's empty cell; what other programs write for nothing (`NULL`, `#N/A`, `-`) is refused.

Names that differ only in case, in blanks around them, or in how Unicode writes their letters are one
(`names.same_name`). A name that cannot stand without quotes (see `explained_names`) gets them only where the column has
such quotes already: who reads the export may know none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache, lru_cache

from linktrack.crm.explained_names import bullet_before, is_word_for_nothing, is_wrapped, parting_sign
from linktrack.names import same_name

_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_REMEMBERED = 4_096  # cells with what was made of them: most are the same as many others


class OddCell(ValueError):
    """A cell whose shape the separator does not explain; the text is the reason."""


def names_in(cell: str, separator: str) -> list[str]:
    """The names in a cell; empty items are none. OddCell for a shape that is not understood."""
    return list(_names_in(cell, separator))


@lru_cache(_REMEMBERED)
def _names_in(cell: str, separator: str) -> tuple[str, ...]:
    if is_empty(cell):
        return ()
    listed = _json_list(cell)
    if listed is not None:
        return tuple(name for name in listed if name)
    if _in_carets(cell, separator):
        return tuple(name for name in re.findall(r"\^([^^]*)\^", cell) if name)
    return tuple(name for piece in _explained(cell, separator) if (name := _name(piece)))


@lru_cache(_REMEMBERED)
def names_like(cell: str, separator: str, name: str) -> tuple[str, ...]:
    """The names in a cell that are the same as one, as they stand there. OddCell for a shape that is not understood."""
    return tuple(one for one in _names_in(cell, separator) if same_name(one) == same_name(name))


@lru_cache(_REMEMBERED)
def with_name(cell: str, separator: str, name: str, like: str = "", *, quotes: bool = False) -> str:
    """The cell with one more name at its end, written as the others are, or as those of the cell `like`: in quotes
    where all of them are. `quotes` says that the column has names in quotes, or is one of lists.

    OddCell for a cell that is not understood, and for a name that its shape cannot hold.
    """
    empty = is_empty(cell)
    shape = (like or ("[]" if cell.strip() else "")) if empty else cell
    wanted = [*names_in(cell, separator), name]
    if _json_list(shape) is not None:
        return _json_text(wanted, shape)
    if _in_carets(shape, separator):
        if "^" in name:
            raise OddCell(f"{name!r} cannot stand in the cell {shape!r}, whose names are between carets")
        return f"^{name}^" if empty else f"{cell.rstrip()}{_between_carets(separator, cell, like)}^{name}^"
    quotes = quotes or shows_quotes([cell, like], separator)
    if not quotes and needs_quotes(name, separator):
        raise OddCell(unquotable(name, separator))
    written = _in_quotes(name) if _all_quoted(shape, separator) else _written(name, separator)
    if empty:
        return written
    if cell.rstrip().endswith(separator):
        framed = cell.lstrip().startswith(separator)  # `;News;Events;`
        longer = cell + written + (separator if framed else "")
    else:
        set_off = _pieces(cell if separator in cell else like, separator)[1:]
        blank = " " if any(piece.startswith(" ") for piece in set_off) else ""
        longer = f"{cell}{separator}{blank}{written}"
    return _unless_misread(longer, separator, wanted, quotes=quotes)


@lru_cache(_REMEMBERED)
def without_name(cell: str, separator: str, name: str, *, quotes: bool = False) -> str:
    """The cell without a name, however often and in whatever case it stood there; `quotes` as for `with_name`. OddCell
    for a cell that is not understood."""
    gone = names_like(cell, separator, name)
    wanted = [one for one in names_in(cell, separator) if one not in gone]
    if is_empty(cell):
        return cell
    if _json_list(cell) is not None:
        return _json_text(wanted, cell)
    if _in_carets(cell, separator):
        kept = [part for part in re.findall(r"\^[^^]*\^", cell) if part[1:-1] not in gone]
        return _between_carets(separator, cell).join(kept)
    pieces = _pieces(cell, separator)
    kept = [piece for piece in pieces if _name(piece) not in gone]
    if kept and pieces and _name(pieces[0]) in gone:
        kept[0] = kept[0].lstrip()
    quotes = quotes or shows_quotes([cell], separator)
    return _unless_misread(separator.join(kept), separator, wanted, quotes=quotes)


def needs_quotes(name: str, separator: str) -> bool:
    """Whether a name cannot stand among others with the separator between them unless it is in quotes."""
    return _written(name, separator) != name


def unquotable(name: str, separator: str) -> str:
    """Why a name that needs quotes cannot stand in a cell."""
    what = "holds" if separator in name else "could be read as something else beside"
    return f"the name {name!r} {what} {separator!r}, which parts names, and the column has none in quotes: use another"


def shows_quotes(cells: Iterable[str], separator: str) -> bool:
    """Whether any of the cells holds a name in quotes among names with the separator between them."""
    for cell in cells:
        if '"' in cell:
            try:
                if _json_list(cell) is None and any(
                    _QUOTED.fullmatch(piece.strip()) for piece in _explained(cell, separator)
                ):
                    return True
            except OddCell:  # it shows nothing
                continue
    return False


def joined(names: list[str], separator: str) -> str:
    """A cell of names, which `names_in` reads as just these but for empty ones."""
    wanted = [name for name in names if name]
    cell = separator.join(_written(name, separator) for name in wanted)
    return cell if _reads_as(cell, separator, wanted) else separator.join(map(_in_quotes, wanted))


def is_empty(cell: str) -> bool:
    """Whether a cell holds no names because nothing stands in it."""
    return cell.strip() in ("", "null")


def shape_among(cells: Iterable[str], separator: str) -> str:
    """A cell that shows how most `cells` of a column are written, so that an empty one is written `like` it; "" where
    most are plain names with the separator between them, or where there are none."""
    shown: dict[str, list[str]] = {}
    for cell in cells:
        try:
            if names_in(cell, separator):
                shown.setdefault(_shape_of(cell, separator), []).append(cell)
        except OddCell:  # it shows nothing
            continue
    most = max(shown, key=lambda shape: (len(shown[shape]), shape), default="")
    # the longest shows what stands between its names; of equal ones the same one every time
    return max(shown[most], key=lambda cell: (len(cell), cell)) if most else ""


def _shape_of(cell: str, separator: str) -> str:
    """What is around the names of an understood cell; "" where nothing is."""
    if _json_list(cell) is not None:
        return "["
    return "^" if _in_carets(cell, separator) else '"' if _all_quoted(cell, separator) else ""


def _json_list(cell: str) -> list[str] | None:
    """The texts of a JSON list, or None for a cell that is none. OddCell for lists of other things and of other
    languages (`['News']`, `{News}`)."""
    text = cell.strip()
    if (text[:1], text[-1:]) not in (("[", "]"), ("{", "}")):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise OddCell(f"the cell {cell[:60]!r} is a list of a kind that is not understood")
    return found


def _json_text(names: list[str], like: str) -> str:
    """A JSON list, with blanks and escapes as in `like`."""
    separators = (", ", ": ") if re.search(r'",\s', like) else (",", ":")
    return json.dumps(names, ensure_ascii="\\u" in like, separators=separators)


def _in_carets(cell: str, separator: str) -> bool:
    return "^" in cell and separator.strip() != "^" and _carets(separator)[0].fullmatch(cell) is not None


@cache
def _carets(separator: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Names between carets, and what stands between two of them: the separator, or what such lists have instead."""
    between = rf"\s*(?:[,;|]|{re.escape(separator.strip() or separator)})\s*"
    return re.compile(rf"\s*\^[^^]*\^(?:{between}\^[^^]*\^)*\s*"), re.compile(rf"\^({between})\^")


def _between_carets(separator: str, *cells: str) -> str:
    """What stands between names in the first cell that has several, else the separator."""
    found = (_carets(separator)[1].search(cell) for cell in cells)
    return next((parted[1] for parted in found if parted), separator)


def _explained(cell: str, separator: str) -> tuple[str, ...]:
    """The items of a cell, as they stand. OddCell where one looks like something else than a name."""
    pieces = _pieces(cell, separator)
    for piece in pieces:
        text = piece.strip()
        is_quoted = _QUOTED.fullmatch(text) is not None
        if other := parting_sign(piece.replace(text, "", 1) if is_quoted else piece):
            raise OddCell(f"the cell {cell[:60]!r} holds {other!r}, and {separator!r} is what parts its names")
        if is_quoted or not text:
            continue
        if is_word_for_nothing(text):
            raise OddCell(f"the cell {cell[:60]!r} holds {text[:60]!r}, a word or sign for nothing, which is no name")
        if bullet := bullet_before(text):
            raise OddCell(f"the cell {cell[:60]!r} has {bullet[:60]!r} before a name, like an item of another list")
        if is_wrapped(text):
            raise OddCell(
                f"the cell {cell[:60]!r} has quotes, brackets or signs around {text[:60]!r}, like another list"
            )
    return tuple(pieces)


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


def _all_quoted(cell: str, separator: str) -> bool:
    """Whether there are names, and each one stands in quotes."""
    texts = [text for piece in _pieces(cell, separator) if (text := piece.strip())]
    return bool(texts) and all(map(_QUOTED.fullmatch, texts))


def _written(name: str, separator: str) -> str:
    """A name as an item: in quotes where it would be read as something else without them."""
    return name if _reads_as(name, separator, [name]) and not name.startswith('"') else _in_quotes(name)


def _in_quotes(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unless_misread(cell: str, separator: str, names: list[str], *, quotes: bool) -> str:
    """The cell; where a quote in it that was never closed would pair with another one, the same names written anew.
    OddCell where they need quotes and the column has none."""
    if _reads_as(cell, separator, names):
        return cell
    if not quotes:
        raise OddCell(f"the names of the cell {cell[:60]!r} could be read as others, and the column has none in quotes")
    return joined(names, separator)


def _reads_as(cell: str, separator: str, names: list[str]) -> bool:
    try:
        return names_in(cell, separator) == names
    except OddCell:
        return False
