"""Values of typed fields: what a text that an action writes means, for files whose cells hold more than texts."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from linktrack.settings.crm import FieldSettings

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def value_of(text: str, field: FieldSettings) -> str | Decimal | date | bool:
    """What a text that is written for a field means by the field's type: a number, a day, yes (True) or no (False). The
    text itself where the field is one of texts, and where it does not fit the type."""
    bare = text.strip()
    match field.type:
        case "number" if _NUMBER.fullmatch(plain := bare.replace(field.decimal, ".")):
            return Decimal(plain)
        case "date":
            for form in (field.format, "%Y-%m-%d"):
                try:
                    return datetime.strptime(bare, form).date()
                except ValueError:
                    continue
        case "yes-no" if (said := field.said(bare)) is not None:
            return said
    return text


def typed_text(text: str, field: FieldSettings) -> str:
    """A text as it is read from a cell that has the field's type: `7.5`, `2026-05-04`, `true`; others as they are."""
    match value_of(text, field):
        case bool() as said:
            return "true" if said else "false"
        case Decimal() as number:
            return format(number, "f")
        case date() as day:
            return day.isoformat()
    return text


def same_value(read: str, written: str, field: FieldSettings) -> bool:
    """Whether a cell that reads `read` holds what the text `written` means, whichever way the cell is typed."""
    if read in (written, typed_text(written, field)):
        return True
    meant = value_of(written, field)
    return isinstance(meant, bool | Decimal) and value_of(read, field) == meant and bool(read)
