"""What a terminal, a JSON reader and a Markdown table get of a stranger's text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.visible import json_text, markdown_cell, visible, visible_lines

RIGHT_TO_LEFT, ISOLATE, C1 = "\u202e", "\u2066", "\x9b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Vår höst – 秋 🍂", "Vår höst – 秋 🍂", id="letters of any language stay"),
        pytest.param("a\x1b[31mb", "a\\x1b[31mb", id="an escape sequence"),
        pytest.param("a\tb\r\nc", "a\\tb\\r\\nc", id="white space that moves the cursor"),
        pytest.param(f"a{C1}31mb", "a\\x9b31mb", id="the same in one character of C1"),
        pytest.param(f"exe.{RIGHT_TO_LEFT}gpj", "exe.\\u202egpj", id="text that is turned round"),
        pytest.param(f"a{ISOLATE}b", "a\\u2066b", id="an isolate"),
        pytest.param("a\u2028b", "a\\u2028b", id="a line separator"),
        pytest.param("a\ud800b", "a\\ud800b", id="half a surrogate pair"),
        pytest.param("a\U000e0041b", "a\\U000e0041b", id="an invisible tag letter"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible_lines(f"{text}\nmore".replace("\r\n", "")).endswith("\nmore")


@given(st.text())
def test_what_is_shown_does_nothing_to_a_terminal_and_can_be_written(text: str) -> None:
    shown = visible(text)
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in shown)
    shown.encode()


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_says_the_same_and_holds_no_control(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 or letter in RIGHT_TO_LEFT for letter in text)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        pytest.param("a|b", r"a\|b", id="a bar splits no cell"),
        pytest.param("a\\|b", r"a\\\|b", id="nor one with a backslash before it"),
        pytest.param("<b>x</b>", r"\<b\>x\</b\>", id="HTML is text"),
        pytest.param("[x](y) `z` *w* _v_ ~u~ &amp;", r"\[x\](y) \`z\` \*w\* \_v\_ \~u\~ \&amp;", id="markup is text"),
        pytest.param("spring-news 2.0", "spring-news 2.0", id="names stay readable"),
    ],
)
def test_a_markdown_cell(text: str, cell: str) -> None:
    assert markdown_cell(text) == cell
