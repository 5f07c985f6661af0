"""An independent reader of HTML for the tests: html5lib's WHATWG tokenizer, driven by its tree builder."""

from __future__ import annotations

import re
import warnings
from typing import Any

from html5lib import HTMLParser
from html5lib.constants import tokenTypes

NESTED = 3  # conditional comments in each other, as deep as linktrack looks
CONDITION = re.compile(r"\[if\b[^\]]*\]>", re.IGNORECASE)


class _Tap:
    """Stands in for the tokenizer and looks at every token that passes."""

    def __init__(self, tokenizer: Any, found: list[tuple[str, str]], depth: int) -> None:
        object.__setattr__(self, "_tokenizer", tokenizer)
        object.__setattr__(self, "_found", found)
        object.__setattr__(self, "_depth", depth)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._tokenizer, name, value)

    def __iter__(self) -> Any:
        for token in self._tokenizer:
            if token["type"] == tokenTypes["StartTag"]:
                name, attributes = token["name"], dict(token["data"])
                href = attributes.get("href", attributes.get("xlink:href"))
                if (name in ("a", "area") or name.startswith("v:")) and href is not None:
                    self._found.append((name, href))
            elif token["type"] == tokenTypes["Comment"] and self._depth < NESTED:
                match = CONDITION.match(token["data"])
                self._found.extend(hrefs(token["data"][match.end() :], self._depth + 1) if match else ())
            yield token


class _Parser(HTMLParser):
    found: list[tuple[str, str]]
    depth: int

    def mainLoop(self) -> None:  # noqa: N802  (html5lib's name)
        self.tokenizer: Any = _Tap(self.tokenizer, self.found, self.depth)
        super().mainLoop()


def hrefs(text: str, depth: int = 0) -> list[tuple[str, str]]:
    """(element, href) of every a, area and VML start tag in order, those in conditional comments included."""
    parser = _Parser()
    parser.found, parser.depth = [], depth
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser.parse(text.replace("\r\n", "\n").replace("\r", "\n"))
    return parser.found
