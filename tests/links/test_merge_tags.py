"""Merge tags of all dialects: where they stand, and what they are filled with."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.links.merge_tags import fill, find, masked, names

VALUES = {
    "Mustache": ("{{name}}", "name"),
    "Handlebars, unescaped": ("{{{ name }}}", "name"),
    "Mustache, unescaped": ("{{& name }}", "name"),
    "Jinja with a filter": ("{{ contact.first_name | urlencode }}", "contact.first_name"),
    "Go's templates": ("{{ .Name }}", "Name"),
    "Mailchimp": ("*|FNAME|*", "FNAME"),
    "Mailchimp, URL-encoded": ("*|URL:FNAME|*", "FNAME"),
    "SuperOffice": ("[[contact.name]]", "contact.name"),
    "AMPscript": ("%%First Name%%", "First Name"),
    "AMPscript output": ("%%=v(@name)=%%", "name"),
    "ERB": ("<%= name %>", "name"),
    "EJS, unescaped": ("<%- name %>", "name"),
    "PHP": ("<?= name ?>", "name"),
    "dollar braces": ("${name}", "name"),
    "Mailgun": ("%recipient.first-name%", "first-name"),
}
STATEMENTS = ["{% if x %}", "{# a comment #}", "{{#if x}}", "{{/if}}", "{{else}}", "{{! note }}", "*|IF:X|*", "*|END:IF|*",
              "<% if x %>", "<?php if (x) ?>", "%%[ set @x = 1 ]%%", "{%- for a in b -%}"]  # fmt: skip
NO_TAGS = ["@media x{#id{a:b}}", "a {b} c", "50%% off and 20%", "[[1,2],[3,4]]", "a[b[c]]", "100 %", "<!--[if mso]>", "{ {x} }",
           "{{ never closed", "*|", "<?xml version='1.0'?>", "${", "%recipient.%", "%recipient. x%", "%recipient", "a*|b", "[[ <b> ]]"]  # fmt: skip


@pytest.mark.parametrize("case", VALUES)
def test_a_value_tag_is_found_with_the_field_it_stands_for(case: str) -> None:
    tag, name = VALUES[case]
    text = f"a {tag} b"
    found = find(text)
    assert [(text[t.start : t.stop], t.statement, t.name) for t in found] == [(tag, False, name)]
    assert masked(text, found) == "a " + "x" * len(tag) + " b"


@pytest.mark.parametrize("tag", STATEMENTS)
def test_a_statement_is_masked_by_blanks(tag: str) -> None:
    text = f"<a {tag} b>"
    assert masked(text, find(text)) == "<a " + " " * len(tag) + " b>"


@pytest.mark.parametrize("text", NO_TAGS)
def test_what_only_looks_like_a_tag(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    ("tag", "plain"),
    [("{{ name }}", True), ("{{{name}}}", True), ("{{& name}}", True), ("*|FNAME|*", True), ("[[contact.name]]", True),
     ("%%First Name%%", True), ("%recipient.x%", True), ("<%= name %>", True), ("{{ name | upper }}", False), ("{{ f(name) }}", False),
     ("*|URL:FNAME|*", False), ("%%=v(@name)=%%", False), ("{{ .Name }}", False), ("{% if x %}", False), ('{{ "x" }}', False)],
)  # fmt: skip
def test_a_tag_is_plain_when_it_is_a_name_and_nothing_else(tag: str, plain: bool) -> None:
    assert [found.plain for found in find(tag)] == [plain]


def test_other_dialects_can_be_named() -> None:
    assert names("##Name## $X$", [("##", "##"), ("$", "$")]) == ["Name", "X"]
    assert names("##Name##") == []
    text = "-name-, e-post och A-B -first_name- x - y - z e-post-adress https://a.example/?x=-id-&y"
    assert names(text, [("-", "-")]) == ["name", "first_name", "id"] and names(text) == []


@given(st.text(st.sampled_from("{}%#*|[]<>=?$ ab\n"), max_size=80))
def test_tags_do_not_overlap_and_masking_keeps_the_length(text: str) -> None:
    found = find(text)
    assert all(one.stop <= other.start for one, other in pairwise(found))
    assert len(masked(text, found)) == len(text)


def test_filling_encodes_values_and_ignores_how_names_are_written() -> None:
    url = "https://a.example/?n={{ First_Name }}&m=*|EMAIL|*&x=[[unknown]]#{{ contact.first name }}"
    fields = {"first name": "Åsa & Bo", "email": "a+b@c.example"}
    assert fill(url, fields) == ("https://a.example/?n=%C3%85sa%20%26%20Bo&m=a%2Bb%40c.example&x=#%C3%85sa%20%26%20Bo")
    assert fill("https://a.example/", fields) == "https://a.example/"
