"""Link definitions: what is exported is read back the same, whatever people write into it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.links.definitions import LinkDefinition, export_toml, read_definitions
from linktrack.links.responses import parse_response
from linktrack.names import composed

letters = st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="/{}\\")
path_letters = st.characters(exclude_categories=["C", "Z"], exclude_characters="/{}[]*|%<>$\\")  # no merge tag
words = st.lists(st.text(letters, min_size=1, max_size=8), min_size=1, max_size=3).map(" ".join).map(composed)
actions = st.one_of(
    st.builds(lambda name: {"type": "selection", "add": [name]}, words),
    st.builds(lambda name: {"type": "interest", "remove": [name]}, words),
    st.builds(lambda name, value: {"type": "set-field", "field": name, "value": value}, words, words),
)
responses = st.one_of(
    st.just({"kind": "redirect"}),
    st.builds(lambda text: {"kind": "text", "text": text}, words),
    st.builds(lambda a: {"kind": "form", "url": "https://f.example.com/", "prefill": {"n": a}}, words),
)
definitions = st.builds(
    LinkDefinition,
    key=st.from_regex(r"[a-z][a-z0-9._-]{0,8}x", fullmatch=True),
    name=words,
    folder=st.none() | st.lists(words.filter(lambda word: word.strip(".")), min_size=1, max_size=3).map("/".join),
    url=st.text(path_letters, max_size=9).map(lambda word: f"https://www.example.com/{word}"),
    response=responses.map(parse_response),
    actions=st.lists(actions, max_size=3).map(tuple),
    confirm=st.booleans(),
).map(lambda one: replace(one, url="") if one.response.kind == "text" else one)


@settings(max_examples=60)
@given(st.lists(definitions, max_size=4, unique_by=lambda definition: definition.key))
def test_export_is_read_back_the_same(tmp_path: Path, wanted: list[LinkDefinition]) -> None:
    file = tmp_path / "links.toml"
    file.write_text(export_toml(wanted), "utf-8")
    assert read_definitions(file) == wanted
