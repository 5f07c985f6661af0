"""Responses: what a visitor sees who follows a link, as TOML and the command line define it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from linktrack.errors import BadInput
from linktrack.hosts import browser_hosts, may_have_values
from linktrack.links.action_values import GivenText
from linktrack.links.location import checked_form
from linktrack.values import shown, wrong_value

RESPONSE_KINDS = ("redirect", "text", "form")


def parse_response(raw: object, form_hosts: Sequence[str] = ()) -> LinkResponse:
    """A TOML table as a response. `form_hosts` are those of the settings. BadInput, without a file's name, with the way
    out."""
    try:
        response: LinkResponse = _ADAPTER.validate_python(raw)
    except ValidationError as error:
        raise BadInput(_sentence(error, raw)) from None
    if isinstance(response, FormResponse):
        response = response.model_copy(update={"url": checked_form(response.url)})
        if problem := problem_of_host(response, form_hosts):
            raise BadInput(f"{problem}: leave prefill out, or name its host there")
    return response


def problem_of_host(response: LinkResponse, form_hosts: Sequence[str]) -> str:
    """What is said of a form that is to be prefilled on a host that the settings do not allow it; "" where all is
    well."""
    if not form_hosts or not isinstance(response, FormResponse) or not response.prefill:
        return ""
    if may_have_values(response.url, browser_hosts(form_hosts)):
        return ""
    return f"the form {response.url!r} may not be prefilled: [serve] form_hosts names {', '.join(form_hosts)} alone"


def read_response(stored: str) -> LinkResponse:
    """A response as the database keeps it, which was checked when it was stored."""
    response: LinkResponse = _ADAPTER.validate_python(json.loads(stored))
    return response


class ResponseDefinition(BaseModel):
    """What every response has: its kind."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    kind: str

    @property
    def table(self) -> dict[str, Any]:
        """Its TOML table, without what is a default."""
        return {"kind": self.kind, **self.model_dump(exclude={"kind"}, exclude_defaults=True)}

    def said(self) -> str:
        """What a visitor gets, in a few words."""
        return self.kind

    def stored(self) -> str:
        """Its table as the database keeps it."""
        return json.dumps(self.table, ensure_ascii=False)


class RedirectResponse(ResponseDefinition):
    """The visitor is led to the link's address."""

    kind: Literal["redirect"] = "redirect"


class TextResponse(ResponseDefinition):
    """The visitor reads a feedback text (HTML); such a link has no address."""

    kind: Literal["text"] = "text"
    text: GivenText

    def said(self) -> str:
        return f"shows {self.text}"


class FormResponse(ResponseDefinition):
    """The visitor is led to a form; `prefill` names the contact's field for each of the form's."""

    kind: Literal["form"] = "form"
    url: GivenText
    prefill: dict[GivenText, GivenText] = {}

    def said(self) -> str:
        prefilled = ", ".join(f"{name} = {field}" for name, field in self.prefill.items())
        return f"opens {self.url}" + (f", prefilled {prefilled}" if prefilled else "")


LinkResponse = RedirectResponse | TextResponse | FormResponse
_ADAPTER: TypeAdapter[LinkResponse] = TypeAdapter(Annotated[LinkResponse, Field(discriminator="kind")])
_MODELS: dict[str, type[ResponseDefinition]] = {
    "redirect": RedirectResponse,
    "text": TextResponse,
    "form": FormResponse,
}
_EXAMPLES = {
    ("text", "text"): 'a text response needs its text: { kind = "text", text = "<p>Thanks!</p>" }',
    ("form", "url"): 'a form response needs its url: { kind = "form", url = "https://forms.example.com/contact" }',
    ("form", "prefill"): 'prefill names a contact field for each form field: prefill = { name = "name" }',
}


def _sentence(problem: ValidationError, raw: object) -> str:
    errors = problem.errors()
    error = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    if not error["loc"]:
        return f"a response is a table with kind = one of {', '.join(RESPONSE_KINDS)}, not {shown(raw)}"
    kind, *keys = map(str, error["loc"])
    name = keys[0] if keys else ""
    if error["type"] != "extra_forbidden" and (kind, name) in _EXAMPLES:
        return _EXAMPLES[kind, name]
    return wrong_value(error, name, owner=f"a {kind} response", known=list(_MODELS[kind].model_fields))
