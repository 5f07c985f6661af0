"""Action definitions: what a link's action may say in TOML or on the command line, checked and made uniform."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, datetime, time
from functools import partial
from pathlib import PurePosixPath
from typing import Any, ClassVar, Literal

from linktrack.errors import BadInput
from linktrack.settings import CrmSettings

CONTACT_NAMES = ("id", "contact_id", "email", "name", "company", "our_contact", "interests")
PLACEHOLDERS = {
    "link": ("key", "name", "url", "folder"),
    "mailing": ("name", "subject", "type"),
    "click": ("at", "date", "time", "shipment", "placement"),
}
PLACEHOLDER = re.compile(r"\{([A-Za-z_]+\.[^{}]+|[A-Za-z_]*)\}")
MAX_SECONDS = 366 * 86_400

Repeat = Literal["once", "shipment", "click"]


def parse_action(raw: object, crm: CrmSettings | None = None) -> ActionDefinition:
    """A TOML table as a definition. With `crm`, fields' values and the names of `{contact.…}` are checked too.

    BadInput, without a file's name, for an unknown type or setting, a wrong value, or an unknown placeholder.
    """
    if not isinstance(raw, dict):
        raise BadInput('an action is a table like { type = "selection", add = ["Prospects"] }')
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadInput(f"unknown action type {kind!r}: the types are {', '.join(KINDS)}")
    known = {one.name: one for one in fields(KINDS[kind]) if one.init}
    given: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for name, value in raw.items():
        if name == "type":
            continue
        if name not in known:
            raise BadInput(f"{kind} has no setting {name!r}: it has {', '.join(known)}")
        try:
            value = known[name].metadata["check"](value)
            _check_placeholders(value, crm)
        except ValueError as problem:
            raise BadInput(f"{name} of {kind}: {problem}") from None
        given[known[name].name] = value
        if value != known[name].default:
            settings[name] = list(value) if isinstance(value, tuple) else value
    for name, one in known.items():
        if one.default is MISSING and one.name not in given:
            raise BadInput(f"{kind} needs the setting {name!r}")
    acted = KINDS[kind](**given)
    try:
        acted.check(crm)
    except ValueError as problem:
        raise BadInput(f"{kind}: {problem}") from None
    return ActionDefinition(kind, {name: settings[name] for name in known if name in settings}, acted)


@dataclass(frozen=True)
class ActionDefinition:
    """A checked action: `settings` is its TOML table without `type` and without defaults, `says` the same typed."""

    type: str
    settings: dict[str, Any]
    says: Any  # one of the classes below


# --- what a setting may be: each takes the value as written and returns it uniform, or raises ValueError ---------


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("it must be a text")
    return value


def _optional_text(value: object) -> str:
    return "" if value == "" else _text(value)


def _scalar(value: object) -> str | int | float | bool:
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    raise ValueError("it must be a text, a number, a date, true or false")


def _names(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(one, str) and one.strip() for one in values):
        raise ValueError('it must be a list of names like ["Product news"]')
    return tuple(dict.fromkeys(one.strip() for one in values))


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("it must be true or false")


def _one_of(*choices: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if value not in choices:
            raise ValueError(f"it must be one of {', '.join(choices)}, not {value!r}")
        return str(value)

    return check


def seconds_of(value: object) -> int:
    """A length of time like `30m`, `1h30m`, `10s` or `2d` in seconds; ValueError for anything else or none."""
    found = re.fullmatch(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", str(value).replace(" ", ""))
    if found is None or not isinstance(value, str):
        raise ValueError(f"it must be a length of time like 30m, 1h30m or 10s, not {value!r}")
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    total = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    if not 0 < total <= MAX_SECONDS:
        raise ValueError(f"it must be longer than nothing and at most a year, not {value!r}")
    return total


def _duration(value: object) -> str:
    seconds_of(value)
    return str(value).replace(" ", "")


def _start(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if value == "next-available":
        return "next-available"
    try:
        return datetime.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(f'it must be "next-available" or a time like 2026-05-04T09:00, not {value!r}') from None


def _script(value: object) -> str:
    path = PurePosixPath(_text(value))
    if path.is_absolute() or ".." in path.parts or "\\" in str(value) or "\0" in str(value):
        raise ValueError(f"it must be the name of a file in the workspace's scripts folder, not {value!r}")
    return str(path)


def _setting(check: Callable[[Any], Any], default: Any = MISSING) -> Any:
    return field(metadata={"check": check}, **({} if default is MISSING else {"default": default}))


_repeat = partial(_setting, _one_of("once", "shipment", "click"), "shipment")


# --- the kinds -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SetField:
    """Write a value into an extra field of the contact."""

    type: ClassVar[str] = "set-field"
    field: str = _setting(_text)
    value: str | int | float | bool = _setting(_scalar)

    def check(self, crm: CrmSettings | None) -> None:
        known = None if crm is None else crm.contacts.fields.get(self.field)
        if known is not None and not (isinstance(self.value, str) and PLACEHOLDER.search(self.value)):
            try:
                known.written(self.value)
            except ValueError as problem:
                raise ValueError(f"the field {self.field!r} is a {known.type}: {problem}") from None


@dataclass(frozen=True, kw_only=True)
class Interest:
    """Set and remove interests of the person, of the company, or of both."""

    type: ClassVar[str] = "interest"
    add: tuple[str, ...] = _setting(_names, ())
    remove: tuple[str, ...] = _setting(_names, ())
    on: str = _setting(_one_of("person", "company", "both"), "person")

    def check(self, crm: CrmSettings | None) -> None:
        _add_or_remove(self.add, self.remove)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Add the person to selections, and remove him from others."""

    type: ClassVar[str] = "selection"
    add: tuple[str, ...] = _setting(_names, ())
    remove: tuple[str, ...] = _setting(_names, ())

    def check(self, crm: CrmSettings | None) -> None:
        _add_or_remove(self.add, self.remove)


@dataclass(frozen=True, kw_only=True)
class Project(Selection):
    """Add the person to projects, and remove him from others."""

    type: ClassVar[str] = "project"


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """Make a task or an appointment for somebody who looks after the person."""

    type: ClassVar[str] = "follow-up"
    kind: str = _setting(_one_of("task", "appointment"), "task")
    description: str = _setting(_optional_text, "Clicked {link.name} in {mailing.name}")
    task: str = _setting(_optional_text, "")
    project: str = _setting(_optional_text, "")
    created_by: str = _setting(_optional_text, "")
    assign_to_our_contact: bool = _setting(_flag, False)
    default_recipient: str = _setting(_optional_text, "")
    assignment: bool = _setting(_flag, False)  # an invitation that can be refused
    start: str = _setting(_start, "next-available")
    duration: str = _setting(_duration, "30m")
    repeat: str = _repeat()

    def check(self, crm: CrmSettings | None) -> None:
        return None


@dataclass(frozen=True, kw_only=True)
class Request:
    """Open a request (a service case)."""

    type: ClassVar[str] = "request"
    title: str = _setting(_text)
    priority: str = _setting(_optional_text, "")
    category: str = _setting(_optional_text, "")
    owner: str = _setting(_text, "unassigned")  # a user, "auto" or "unassigned"
    repeat: str = _repeat()

    def check(self, crm: CrmSettings | None) -> None:
        if self.owner == "auto" and not self.category:
            raise ValueError('owner = "auto" picks a member of the category: name a category')


@dataclass(frozen=True, kw_only=True)
class Script:
    """Run a program of the workspace's `scripts` folder; with `batch`, one process for all clicks of a run."""

    type: ClassVar[str] = "script"
    script: str = _setting(_script)
    timeout: str = _setting(_duration, "10s")
    batch: bool = _setting(_flag, False)
    repeat: str = _repeat()

    def check(self, crm: CrmSettings | None) -> None:
        return None


KINDS: dict[str, Any] = {
    kind.type: kind for kind in (SetField, Interest, Selection, Project, FollowUp, Request, Script)
}


def _add_or_remove(add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    if not add and not remove:
        raise ValueError("it needs names to add or to remove")


# --- placeholders ----------------------------------------------------------------------------------------------


def _check_placeholders(value: object, crm: CrmSettings | None) -> None:
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str):
            for found in PLACEHOLDER.finditer(text):
                _check_placeholder(found[1], crm)


def _check_placeholder(name: str, crm: CrmSettings | None) -> None:
    group, _, rest = name.partition(".")
    if group == "contact" and rest:
        known: tuple[str, ...] = (*CONTACT_NAMES, *(crm.contacts.fields if crm else (rest,)))
    else:
        known = PLACEHOLDERS.get(group, ())
    if rest not in known:
        if not known:
            raise ValueError(f"unknown placeholder {{{name}}}: there are contact, link, mailing and click, then a dot")
        raise ValueError(f"unknown placeholder {{{name}}}: {group} has {', '.join(known)}")


def fill(text: str, values: Callable[[str], str]) -> str:
    """`text` with every placeholder replaced by `values` of its name, as in `values("link.name")`."""
    return PLACEHOLDER.sub(lambda found: values(found[1]), text) if "{" in text else text
