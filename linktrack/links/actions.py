"""Action definitions: what a link's action may say in TOML or on the command line, checked and made uniform."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from math import isfinite
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from linktrack.errors import BadInput
from linktrack.links.placeholders import check_placeholders, placeholders_in
from linktrack.names import composed, held_under
from linktrack.settings.crm import CrmSettings
from linktrack.values import given_text, shown, wrong_value

MAX_SECONDS = 366 * 86_400
ActionTable = dict[str, Any]  # an action as TOML and JSON have it: `type`, and the settings that are no defaults


def parse_action(raw: object, crm: CrmSettings | None = None) -> AnyAction:
    """A TOML table as a definition. With `crm`, fields' values and the names of `{contact.…}` are checked too.

    BadInput, without a file's name, for an unknown type or setting, a wrong value, or an unknown placeholder.
    """
    try:
        action: AnyAction = _ADAPTER.validate_python(raw)
    except ValidationError as problem:
        raise BadInput(_sentence(problem)) from None
    for name in type(action).model_fields:
        try:
            for text in _texts(getattr(action, name)):
                check_placeholders(text, crm)
        except ValueError as problem:
            raise BadInput(f"{name} of {action.type}: {problem}") from None
    if crm is not None and isinstance(action, SetFieldAction):
        action.check_value(crm)
    return action


def seconds_of(value: object) -> int:
    """A length of time like `30m`, `1h30m`, `10s` or `2d` in seconds; ValueError for anything else or none."""
    found = re.fullmatch(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", str(value).replace(" ", ""))
    if found is None or not isinstance(value, str):
        raise ValueError(f"it must be a length of time like 30m, 1h30m or 10s, not {shown(value)}")
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    total = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    if not 0 < total <= MAX_SECONDS:
        raise ValueError(f"it must be longer than nothing and at most a year, not {value!r}")
    return total


# --- what a setting may be: each takes the value as written and returns it uniform, or raises ValueError ---------


def _optional_text(value: object) -> str:
    return "" if value == "" else given_text(value)


def _name(value: object) -> str:
    return composed(given_text(value))


def _optional_name(value: object) -> str:
    return composed(_optional_text(value))


def _scalar(value: object) -> str | int | float | bool:
    if isinstance(value, str | int) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    raise ValueError("it must be a text, a number, a date, true or false")


def _names(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(one, str) and one.strip() for one in values):
        raise ValueError('it must be a list of names like ["Product news"]')
    return tuple(dict.fromkeys(composed(one).strip() for one in values))


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
        raise ValueError(f'it must be "next-available" or a time like 2026-05-04T09:00, not {shown(value)}') from None


def _script(value: object) -> str:
    path = PurePosixPath(given_text(value))
    if path.is_absolute() or ".." in path.parts or "\\" in str(value) or "\0" in str(value):
        raise ValueError(f"it must be the name of a file in the workspace's scripts folder, not {value!r}")
    return str(path)


GivenText = Annotated[str, BeforeValidator(given_text)]
OptionalText = Annotated[str, BeforeValidator(_optional_text)]
CrmName = Annotated[str, BeforeValidator(_name)]  # of something in the CRM: composed, see `linktrack.names`
OptionalName = Annotated[str, BeforeValidator(_optional_name)]
CrmNames = Annotated[tuple[str, ...], BeforeValidator(_names)]
Duration = Annotated[str, BeforeValidator(_duration)]


# --- the kinds -------------------------------------------------------------------------------------------------


class ActionDefinition(BaseModel):
    """What every kind of action has: its `type`, and the settings that its fields name."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    type: str

    @property
    def settings(self) -> dict[str, Any]:
        """Its TOML table without `type` and without what is a default."""
        return {
            name: list(value) if isinstance(value := getattr(self, name), tuple) else value
            for name in settings_of(self.type)
            if getattr(self, name) != type(self).model_fields[name].default
        }

    @property
    def table(self) -> ActionTable:
        """Its TOML table, without what is a default."""
        return {"type": self.type, **self.settings}

    def said(self) -> str:
        """What it does, in a few words for a reader."""
        raise NotImplementedError


class SetFieldAction(ActionDefinition):
    """Write a value into an extra field of the contact."""

    type: Literal["set-field"] = "set-field"
    field: CrmName
    value: Annotated[str | int | float | bool, BeforeValidator(_scalar)]

    def check_value(self, crm: CrmSettings) -> None:
        """BadInput when the value does not fit the field's type in the mapping (one with a placeholder waits)."""
        known = held_under(crm.contacts.fields, self.field)
        if known is None or (isinstance(self.value, str) and any(placeholders_in(self.value))):
            return
        try:
            known.written(self.value)
        except ValueError as problem:
            raise BadInput(f"set-field: the field {self.field!r} is a {known.type}: {problem}") from None

    def said(self) -> str:
        return f"{self.field} = {self.value!r}"


class NamesAction(ActionDefinition):
    """What adds to named things and takes away from others."""

    add: CrmNames = ()
    remove: CrmNames = ()

    @model_validator(mode="after")
    def _check_names(self) -> NamesAction:
        if not self.add and not self.remove:
            raise ValueError("it needs names to add or to remove")
        return self

    def said(self) -> str:
        return "; ".join(
            f"{verb} {', '.join(names)}" for verb, names in (("add", self.add), ("remove", self.remove)) if names
        )


class InterestAction(NamesAction):
    """Set and remove interests of the person, of the company, or of both."""

    type: Literal["interest"] = "interest"
    on: Literal["person", "company", "both"] = "person"

    def said(self) -> str:
        of = {"person": "", "company": " (of the company)", "both": " (of the person and the company)"}
        return super().said() + of[self.on]


class SelectionAction(NamesAction):
    """Add the person to selections, and remove them from others."""

    type: Literal["selection"] = "selection"


class ProjectAction(NamesAction):
    """Add the person to projects, and remove them from others."""

    type: Literal["project"] = "project"


class MakingAction(ActionDefinition):
    """What makes a thing: once for a person, once for each shipment to them, or at every click."""

    repeat: Literal["once", "shipment", "click"] = "shipment"


class FollowUpAction(MakingAction):
    """Make a task or an appointment for somebody who looks after the person."""

    type: Literal["follow-up"] = "follow-up"
    kind: Literal["task", "appointment"] = "task"
    description: OptionalText = "Clicked {link.name} in {mailing.name}"
    task: OptionalText = ""
    project: OptionalName = ""
    created_by: OptionalName = ""
    assign_to_our_contact: bool = False
    default_recipient: OptionalName = ""
    assignment: bool = False  # an invitation that can be refused
    start: Annotated[str, BeforeValidator(_start)] = "next-available"
    duration: Duration = "30m"

    @property
    def is_empty(self) -> bool:
        """Whether nobody has said anything of it, or there is nothing to read in it."""
        return not self.settings or not (self.description or self.task)

    def said(self) -> str:
        whom = self.default_recipient or "nobody"
        if self.assign_to_our_contact:
            whom = f"our contact, else {whom}"
        when = "at the next free time" if self.start == "next-available" else f"on {self.start.replace('T', ' at ')}"
        what = f"{self.kind} {self.task!r}" if self.task else self.kind
        return f"{what} for {whom} {when}, {self.duration}" + (f": {self.description}" if self.description else "")


class RequestAction(MakingAction):
    """Open a request (a service case)."""

    type: Literal["request"] = "request"
    title: GivenText
    priority: OptionalText = ""
    category: OptionalName = ""
    owner: CrmName = "unassigned"  # a user, "auto" or "unassigned"

    @model_validator(mode="after")
    def _check_owner(self) -> RequestAction:
        if self.owner == "auto" and not self.category:
            raise ValueError('owner = "auto" picks a member of the category: name a category')
        return self

    def said(self) -> str:
        more = [text for text in (self.category, self.priority and f"priority {self.priority}") if text]
        return f"{self.title!r}" + "".join(f", {text}" for text in (*more, f"owner {self.owner}"))


class ScriptAction(MakingAction):
    """Run a program of the workspace's `scripts` folder; with `batch`, one process for all clicks of a run."""

    type: Literal["script"] = "script"
    script: Annotated[str, BeforeValidator(_script)]
    timeout: Duration = "10s"
    batch: bool = False

    def said(self) -> str:
        return f"run {self.script}, at most {self.timeout}" + (", once for all clicks" if self.batch else "")


AnyAction = (
    SetFieldAction | InterestAction | SelectionAction | ProjectAction | FollowUpAction | RequestAction | ScriptAction
)
_ADAPTER: TypeAdapter[AnyAction] = TypeAdapter(Annotated[AnyAction, Field(discriminator="type")])
KINDS: dict[str, type[ActionDefinition]] = {
    str(kind.model_fields["type"].default): kind
    for kind in (
        *(SetFieldAction, InterestAction, SelectionAction, ProjectAction),
        *(FollowUpAction, RequestAction, ScriptAction),
    )
}


def settings_of(kind: str) -> list[str]:
    """The names of a kind's settings, those of its own first. BadInput for an unknown kind."""
    if kind not in KINDS:
        raise BadInput(f"unknown action type {kind!r}: the types are {', '.join(KINDS)}")
    names = [name for name in KINDS[kind].model_fields if name not in ("type", "repeat")]
    return [*names, *(["repeat"] if "repeat" in KINDS[kind].model_fields else [])]


def canonical(table: ActionTable) -> str:
    """A text that is the same for equal actions, and for no others (`true` is not 1)."""
    return json.dumps(table, ensure_ascii=False, sort_keys=True)


def _texts(value: object) -> Iterator[str]:
    return (text for text in (value if isinstance(value, tuple) else (value,)) if isinstance(text, str))


def _sentence(problem: ValidationError) -> str:
    """The most telling error of an action: an unknown setting before one that is missing because of it."""
    errors = problem.errors()
    error = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    match error["type"]:
        case "union_tag_not_found":
            return f"an action needs its type: the types are {', '.join(KINDS)}"
        case "union_tag_invalid":
            return f"unknown action type {shown(error['input']['type'])}: the types are {', '.join(KINDS)}"
        case "model_attributes_type":
            return 'an action is a table like { type = "selection", add = ["Prospects"] }'
    kind, *keys = map(str, error["loc"])
    return wrong_value(error, keys[0] if keys else "", owner=kind, known=settings_of(kind))
