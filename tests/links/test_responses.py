"""Responses: what TOML may say of what a visitor sees, and what is refused with a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from linktrack.errors import BadInput
from linktrack.links.responses import FormResponse, parse_response, read_response

FORM = {"kind": "form", "url": "https://forms.example.com/c", "prefill": {"name": "name", "mail": "email"}}

TAKEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a redirect": ({"kind": "redirect"}, {"kind": "redirect"}),
    "a text": ({"kind": "text", "text": "<p>Tack!</p>"}, {"kind": "text", "text": "<p>Tack!</p>"}),
    "a form": (FORM, FORM),
    "a form that is not prefilled": ({**FORM, "prefill": {}}, {"kind": "form", "url": "https://forms.example.com/c"}),
}


@pytest.mark.parametrize("case", TAKEN)
def test_it_is_read_stored_and_read_back(case: str) -> None:
    raw, table = TAKEN[case]
    response = parse_response(raw)
    assert response.table == table
    assert read_response(response.stored()) == response


REFUSED: dict[str, tuple[object, str]] = {
    "no table": ("redirect", "a response is a table with kind = one of redirect, text, form, not 'redirect'"),
    "no kind": ({"text": "x"}, "a response is a table with kind = one of redirect, text, form"),
    "an unknown kind": ({"kind": "page"}, "a response is a table with kind = one of redirect, text, form"),
    "a setting of another kind": ({"kind": "redirect", "url": "https://e.example"}, "a redirect response has no setting 'url': it has kind"),
    "a text without its text": ({"kind": "text"}, 'a text response needs its text: { kind = "text"'),
    "a text of blanks": ({"kind": "text", "text": " \n"}, "a text response needs its text"),
    "a form without its address": ({"kind": "form"}, "a form response needs its url"),
    "a form of another scheme": ({"kind": "form", "url": "ftp://e.example/"}, "is not an address for a link"),
    "a form without https": ({"kind": "form", "url": "http://e.example/"}, "must begin with https://"),
    "a form whose path is somebody's data": ({"kind": "form", "url": "https://e.example/{{id}}"}, "merge tag in its host or path"),
    "a prefill that is no table": ({**FORM, "prefill": "name"}, "prefill names a contact field for each form field"),
    "a prefill with a number": ({**FORM, "prefill": {"a": 1}}, "prefill names a contact field for each form field"),
    "a prefill without a name": ({**FORM, "prefill": {"a": ""}}, "prefill names a contact field for each form field"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused(case: str) -> None:
    raw, sentence = REFUSED[case]
    with pytest.raises(BadInput) as problem:
        parse_response(raw)
    assert sentence in str(problem.value)


def test_a_response_does_not_change() -> None:
    response = parse_response(FORM)
    assert isinstance(response, FormResponse)
    with pytest.raises(ValueError, match="frozen"):
        response.__setattr__("url", "https://elsewhere.example/")
