"""An action's settings as options of a command: read from the names and types of the kind's own fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from linktrack.errors import UsageError
from linktrack.links.actions import KINDS, ActionTable, settings_of

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def settings_from_options(kind: str, options: list[str]) -> dict[str, Any]:
    """`--name value` pairs as the table that TOML would have: lists repeat, flags stand alone or say true or false.

    UsageError for what is no option, BadInput for an unknown kind; names and values are checked by `parse_action`.
    """
    known = {name: KINDS[kind].model_fields[name].default for name in settings_of(kind)}
    settings: dict[str, Any] = {}
    rest = list(options)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            raise UsageError(f"{word!r} is no option: settings are given as --name value")
        name, given, value = word[2:].partition("=")
        name = name.replace("-", "_")
        flag = isinstance(known.get(name), bool)
        if not given and name.startswith("no_") and isinstance(known.get(name[3:]), bool):
            settings[name[3:]] = False
        elif flag and not given and (not rest or rest[0] not in ("true", "false")):
            settings[name] = True
        else:
            if not given and not rest:
                raise UsageError(f"the option --{name.replace('_', '-')} needs a value")
            text = value if given else rest.pop(0)
            if flag and text in ("true", "false"):
                settings[name] = text == "true"
            elif isinstance(known.get(name), tuple):
                settings.setdefault(name, []).extend([text] if text else [])  # '' alone is an empty list
            elif name in settings:
                raise UsageError(f"--{name.replace('_', '-')} is given twice and takes one value: say which is meant")
            else:
                settings[name] = text
    return settings


def option_forms(kind: str) -> list[str]:
    """The options of a kind as help shows them: `--field TEXT`, `[--repeat once|shipment|click]`."""
    return [_form(name, KINDS[kind].model_fields[name]) for name in settings_of(kind)]


def _form(name: str, field: FieldInfo) -> str:
    option = f"--{name.replace('_', '-')}"
    if field.annotation is not bool:
        option += f" {_value(field)}"
    return option if field.is_required() else f"[{option}]"


def _value(field: FieldInfo) -> str:
    """What stands behind the option: the choices, else what it is when nobody says it, else what is asked for."""
    if get_origin(field.annotation) is Literal:
        return "|".join(get_args(field.annotation))
    if isinstance(field.default, tuple):
        return "NAME …"
    if isinstance(field.default, str) and field.default and "{" not in field.default:
        return field.default
    return "TEXT" if field.annotation is str else "VALUE"


def options_of(table: ActionTable) -> list[str]:
    """The options by which `linktrack action add` makes the action of a TOML table: of `settings_from_options` the
    other way round."""
    return [word for name in settings_of(table["type"]) if name in table for word in _said(name, table[name])]


def options_that_change(before: ActionTable, after: ActionTable) -> list[str]:
    """The options by which `linktrack action edit` makes one action the other, which is of the same type."""
    fields = KINDS[after["type"]].model_fields
    words: list[str] = []
    for name in settings_of(after["type"]):
        was, wanted = (table.get(name, fields[name].default) for table in (before, after))
        if was != wanted:
            words += _said(name, wanted)
    return words


def _said(name: str, value: object) -> list[str]:
    """A setting as words: what begins like an option is written behind its own with `=`."""
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, list | tuple):
        return [word for one in value or [""] for word in _said(name, one)]
    if value is True and name != "value":
        return [option]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return [f"{option}={text}"] if text.startswith("-") or (value is False and name != "value") else [option, text]
