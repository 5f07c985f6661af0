"""Values that a person wrote: texts that are there, and what is wrong with one as a sentence in our words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# What a text in one line has not, nor a path: controls, and the line ends of Unicode.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def given_text(value: object) -> str:
    """A text with something in it, as it stands. ValueError for anything else."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("it must be a text")
    return value


def holds_nul(value: object) -> bool:
    """Whether a text in a value (of TOML, of JSON) holds a NUL, a key too, however deep it lies. No text that is to be
    stored may: PostgreSQL takes none, and every database of ours can be copied into one."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text) if "\0" in text:
                return True
            case dict(table):
                waiting += [*table.keys(), *table.values()]
            case list(several):
                waiting += several
    return False


_TYPES = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "date_type": "a date like 2026-05-04 without quotes",
    "date_from_datetime_inexact": "a date like 2026-05-04 without quotes",
}


def wrong_value(error: ErrorDetails, name: str, *, owner: str = "", known: Sequence[str] = ()) -> str:
    """One error of a ValidationError as a sentence about the setting `name`.

    `owner` is whose setting it is (`follow-up`, `a form response`; "" = the workspace's own settings) and `known` are
    the settings that it has. A reason that one of our own checks gave stands as that check said it.
    """
    kind = error["type"]
    if kind == "extra_forbidden":
        if not owner:
            return f"unknown setting {name!r}: linktrack init --example settings shows the ones there are"
        return f"{owner} has no setting {name!r}: it has {', '.join(known)}"
    if kind == "missing":
        return f"{owner} needs the setting {name!r}" if owner else f"the setting {name!r} is missing"
    if kind == "value_error":
        reason = str(error["ctx"]["error"])
    else:
        reason = f"it must be {_expected(error)}, not {shown(error['input'])}"
    place = " of ".join(filter(None, (name, owner)))
    return f"{place}: {reason}" if place else reason


def _expected(error: ErrorDetails) -> str:
    match kind := error["type"]:
        case "literal_error":
            return str(error["ctx"]["expected"])
        case "greater_than_equal":
            return f"at least {error['ctx']['ge']:,}"
        case "less_than_equal":
            return f"at most {error['ctx']['le']:,}"
    return _TYPES.get(kind, "a value of another kind")


def shown(value: object) -> str:
    """A value as a person writes it in TOML, but for the quotes around a text, which are Python's."""
    match value:
        case bool():
            return "true" if value else "false"
        case date() | time():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(shown, value))}]"
        case dict():
            pairs = (f"{name} = {shown(one)}" for name, one in value.items())
            return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return repr(value)
