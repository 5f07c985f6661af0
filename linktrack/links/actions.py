"""Action definitions: what a link's action may say in TOML or on the command line, checked and made uniform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from linktrack.errors import BadInput
from linktrack.links.action_values import (
    CrmName,
    CrmNames,
    Duration,
    GivenText,
    OptionalName,
    OptionalText,
    Scalar,
    ScriptName,
    StartTime,
)
from linktrack.links.placeholders import check_placeholders, placeholders_in
from linktrack.names import held_under
from linktrack.settings.crm import CrmSettings
from linktrack.values import shown, wrong_value

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
    value: Scalar

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
    start: StartTime = "next-available"
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
    script: ScriptName
    timeout: Duration = "10s"
    batch: bool = False

    def said(self) -> str:
        return f"run {self.script}, at most {self.timeout}" + (", once for all clicks" if self.batch else "")


AnyAction = (
    SetFieldAction | InterestAction | SelectionAction | ProjectAction | FollowUpAction | RequestAction | ScriptAction
)
_ADAPTER: TypeAdapter[AnyAction] = TypeAdapter(Annotated[AnyAction, Field(discriminator="type")])
KINDS: dict[str, type[ActionDefinition]] = {
    str(kind.model_fields["type"].default): kind for kind in get_args(AnyAction)
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
