"""Link definitions: what is exported is read back the same, whatever people write into it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.errors import BadInput
from linktrack.links.catalogue import list_links
from linktrack.links.definitions import (
    LinkDefinition,
    apply_definitions,
    export_toml,
    read_definitions,
    stored_definitions,
)
from linktrack.links.editing import NewLink, store_link
from linktrack.links.responses import parse_response
from linktrack.names import composed
from linktrack.store.session import Database

REGISTERED = "FROM link WHERE kind = 'registered' ORDER BY id"

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
    identity=st.just("") | st.from_regex(r"[a-z][a-z0-9._-]{0,8}y(#[1-9])?", fullmatch=True),
).map(lambda one: replace(one, url="") if one.response.kind == "text" else one)


@settings(max_examples=60)
@given(st.lists(definitions, max_size=4, unique_by=(lambda one: one.key, lambda one: one.identity or one.key)))
def test_export_is_read_back_the_same(tmp_path: Path, wanted: list[LinkDefinition]) -> None:
    file = tmp_path / "links.toml"
    file.write_text(export_toml(wanted), "utf-8")
    assert read_definitions(file) == wanted


def written(said: str) -> str:
    """A file with links written as `key` or `key=identity`, each of which leads to what it is called."""
    keys = [one.partition("=") for one in said.split()]
    more = {identity: f'identity = "{identity}"\n' for _, _, identity in keys if identity}
    return "\n".join(
        f'[[link]]\nkey = "{key}"\n{more.get(identity, "")}url = "https://{key}.example/"\nactions = []\n'
        for key, _, identity in keys
    )


# The links that are here, what is applied, and those that are here then: keys with their identities.
MEANT: dict[str, tuple[str, str, str]] = {
    "a new link": ("a=a", "b", "a=a b=b"),
    "one of another key": ("a=a", "b=a", "b=a"),
    "two that have exchanged theirs": ("a=a b=b", "b=a a=b", "b=a a=b"),
    "a key that has passed on": ("a=a b=b", "c=a a=b", "c=a a=b"),
    "a circle": ("a=a b=b c=c", "b=a c=b a=c", "b=a c=b a=c"),
    "a key that has passed on to a new link": ("a=a", "b=a a=a#2", "b=a a=a#2"),
    "the same, and the file does not say so": ("a=a", "a b=a", "b=a a=a#2"),
    "a new link that others must leave its identity": ("c=c", "a b=a", "a=a#2 b=a c=c"),
    "as it is here": ("b=a a=b", "b=a", "b=a a=b"),
    "by the key, which is another one's first": ("b=a a=b", "a", "b=a a=b"),
    "an identity that is the key": ("b=a a=a#2", "a=a#2", "b=a a=a#2"),
}
CONTRADICTING: dict[str, tuple[str, str, str]] = {
    "a key that another link keeps": ("a=a b=b", "b=a", "is called 'a' here, and another one has the key"),
    "another link": ("a=a", "a=a#2", "another one in the file (identity 'a#2') than here (identity 'a')"),
    "one identity twice": ("a=a", "b=a c=a", "'a' stands here a second time (first in line 1)"),
    "no identity": ("a=a", "b=a?", "'a?' is no identity of a link"),
    "a special link's": ("a=a", "b=unsubscribe", "that of a special link"),
    "what cannot be told after a restore": ("b=a a=b", "a", 'Write identity = "b" if it is the one that has it here'),
}


def begin_with(database: Database, said: str) -> dict[str, int]:
    """Links that are called so; the number of each by its identity."""
    for key, _, identity in (one.partition("=") for one in said.split()):
        link = NewLink(key, key, "registered", "https://www.example.com/", '{"kind": "redirect"}')
        store_link(database, link, 0, identity)
    return {identity: number for number, identity in database.rows(f"SELECT id, identity {REGISTERED}")}


@pytest.mark.parametrize(("here", "file", "then"), MEANT.values(), ids=list(MEANT))
def test_a_link_is_known_by_its_identity_or_by_its_key(
    database: Database, tmp_path: Path, here: str, file: str, then: str
) -> None:
    numbers = begin_with(database, here)
    path = tmp_path / "links.toml"
    path.write_text(written(file))
    wanted = read_definitions(path)
    assert apply_definitions(database, wanted)
    rows = database.rows(f"SELECT key, identity, id, url {REGISTERED}")
    assert sorted(f"{key}={identity}" for key, identity, _, _ in rows) == sorted(then.split())
    assert {identity: number for _, identity, number, _ in rows}.items() >= numbers.items()
    named = {one.partition("=")[0] for one in file.split()}
    assert all(url == f"https://{key}.example/" for key, _, _, url in rows if key in named)
    assert apply_definitions(database, wanted) == []
    links = stored_definitions(database, list_links(database))
    path.write_text(export_toml(links.values()))
    assert [f"{one.key}={one.identity or one.key}" for one in read_definitions(path)] == [
        f"{key}={identity}" for key, identity, _, _ in rows
    ]
    assert apply_definitions(database, read_definitions(path)) == []


@pytest.mark.parametrize(("here", "file", "said"), CONTRADICTING.values(), ids=list(CONTRADICTING))
def test_a_file_that_contradicts_what_is_here_changes_nothing(
    database: Database, tmp_path: Path, here: str, file: str, said: str
) -> None:
    begin_with(database, here)
    database.execute("UPDATE workspace SET restored_at = 1, runs_taken_at = 2")
    before = database.rows(f"SELECT key, identity, url {REGISTERED}")
    path = tmp_path / "links.toml"
    path.write_text(written(file))
    with pytest.raises(BadInput, match=rf"links\.toml:\d+: .*{re.escape(said)}"):
        apply_definitions(database, read_definitions(path))
    assert database.rows(f"SELECT key, identity, url {REGISTERED}") == before
