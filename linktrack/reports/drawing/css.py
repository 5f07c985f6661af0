"""What a style sheet is made of: its rules, their selectors and declarations, without comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

STRING = r"\"(?:[^\"\\\n\r\f]|\\.)*+\"|'(?:[^'\\\n\r\f]|\\.)*+'"
_COMMENT = re.compile(rf"({STRING})|/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_MARKS = re.compile(rf"{STRING}|\\.|[;{{}}()\[\]]", re.DOTALL)
IMPORTANT = re.compile(r"!\s*+important\s*+$", re.IGNORECASE)
QUOTES = "\"'"
_SIGNS = re.compile(rf"{STRING}|\\.|[,()\[\]]", re.DOTALL)


def without_comments(text: str) -> str:
    """A style without its comments."""
    return _COMMENT.sub(lambda match: match[1] or " ", text)


def rules(text: str) -> Iterator[tuple[str, str]]:
    """(prelude, what stands in its block) of each rule; statements without a block are passed over."""
    begin, opened, depth = 0, 0, 0
    for match in _MARKS.finditer(text):
        mark = match[0]
        if mark == "{":
            if depth == 0:
                opened = match.start()
            depth += 1
        elif mark == "}":
            if depth == 1:
                yield text[begin:opened], text[opened + 1 : match.start()]
            depth = max(depth - 1, 0)
            begin = match.end() if depth == 0 else begin
        elif mark == ";" and depth == 0:
            begin = match.end()
    if depth:
        yield text[begin:opened], text[opened + 1 :]


def declarations(text: str) -> Iterator[str]:
    """The declarations of a block or a `style` attribute."""
    begin, depth = 0, 0
    for match in _MARKS.finditer(text):
        mark = match[0]
        if mark in ("{", "(", "["):
            depth += 1
        elif mark in ("}", ")", "]"):
            depth = max(depth - 1, 0)
        elif mark == ";" and depth == 0:
            yield text[begin : match.start()]
            begin = match.end()
    yield text[begin:]


def each_selector(selectors: str) -> Iterator[str]:
    """The selectors of a list."""
    begin, depth = 0, 0
    for match in _SIGNS.finditer(selectors):
        sign = match[0]
        if sign in ("(", "["):
            depth += 1
        elif sign in (")", "]"):
            depth -= 1
        elif sign == "," and not depth:
            yield selectors[begin : match.start()]
            begin = match.end()
    yield selectors[begin:]
