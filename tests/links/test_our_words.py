"""A value of the wrong type in an action, a response or a link file is said in our words, whatever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests_support import OF_EVERY_TYPE, in_toml, words_of_a_library

from linktrack.errors import BadInput
from linktrack.links.actions import KINDS, parse_action, settings_of
from linktrack.links.definitions import FIELDS, read_definitions
from linktrack.links.responses import RESPONSE_KINDS, parse_response

ACTIONS = [(kind, name) for kind in KINDS for name in ("type", *settings_of(kind), "colour")]
RESPONSES = [(kind, name) for kind in RESPONSE_KINDS for name in ("kind", "text", "url", "prefill", "colour")]


@pytest.mark.parametrize(("kind", "name"), ACTIONS)
def test_of_an_action(kind: str, name: str) -> None:
    for value in OF_EVERY_TYPE:
        try:
            parse_action({"type": kind, name: value})
        except BadInput as problem:
            assert words_of_a_library(problem.sentence) == [], problem.sentence


@pytest.mark.parametrize("raw", OF_EVERY_TYPE, ids=str)
def test_of_what_is_no_action_or_response(raw: Any) -> None:
    for parse in (parse_action, parse_response):
        with pytest.raises(BadInput) as problem:
            parse(raw)
        assert words_of_a_library(problem.value.sentence) == [], problem.value.sentence


@pytest.mark.parametrize(("kind", "name"), RESPONSES)
def test_of_a_response(kind: str, name: str) -> None:
    for value in OF_EVERY_TYPE:
        try:
            parse_response({"kind": kind, name: value})
        except BadInput as problem:
            assert words_of_a_library(problem.sentence) == [], problem.sentence


@pytest.mark.parametrize("name", ["key", *FIELDS, "colour"])
def test_of_a_link_in_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "links.toml"
    for value in OF_EVERY_TYPE:
        lines = {"key": "offer", "url": "https://a.example", name: value}.items()
        path.write_text("[[link]]\n" + "".join(f"{key} = {in_toml(one)}\n" for key, one in lines))
        try:
            read_definitions(path)
        except BadInput as problem:
            assert words_of_a_library(problem.sentence) == [], problem.sentence
            assert problem.file == str(path) and problem.line == 1
