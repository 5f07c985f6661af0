"""Lines of JSON that are found by the layout of a line before: they say what they say when they are read as JSON."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.clicks.event import LineRow, junk
from linktrack.clicks.formats.click_log import KEYS, ClickLog
from linktrack.clicks.formats.nginx_json import NginxJson
from linktrack.clicks.formats.notation.flat_json import FlatJsonLines, layout_of
from linktrack.clicks.formats.notation.json_lines import parsed
from linktrack.clicks.formats.notation.lines import split_lines

FORMATS: tuple[type[FlatJsonLines], ...] = (NginxJson, ClickLog)
NGINX = ("time_iso8601", "remote_addr", "request", "request_method", "request_uri", "args", "status", "http_user_agent", "http_x_forwarded_for")  # fmt: skip
OTHERS = ("number", "sec_purpose", "User-Agent", "TIME", "client", "headers", "request_method", "http_purpose")
VALUES = (
    b'"2026-05-04T09:12:33Z"', b'"GET"', b'"/plao/x?y"', b'"GET /plao/x HTTP/1.1"', b'"192.0.2.1"', b'"302"', b'""', b'"-"', b'"- : 302"',
    b"302", b"302.0", b"-0", b"1E5", b"0.5e-3", b"01", b"1.", b"-", b"", b"NaN", b"0.1, 0.2", b"true", b"null", b"[]", b'["a", "b"]',
    b'["-"]', b'{"ip": "192.0.2.2"}', b'{"User-Agent": ["x"]}', b'[["User-Agent", "x"]]', b'"a\\"b"', b'"\\u00e9\\ud83d"', b'"\\x22"',
    b'"\xc3\xa9\xff\xed\xa0\x80"', b'"\x00\x0b"', b'"{"', b'"a": "b"', b'"a" ', b' "a"', b'"\xe2"',
)  # fmt: skip


def as_json(made: type[FlatJsonLines], block: bytes) -> list[LineRow]:
    """The rows of lines, each read as JSON, as if it were the only one."""
    records = [(line, parsed(line)) for line in split_lines(block)]
    return [junk(line) if record is None else made().row(line, record) for line, record in records]


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """Lines of one or two sets of names, with values of every kind; some of them broken anywhere."""
    sets = draw(
        st.lists(
            st.sampled_from((NGINX, KEYS, (*KEYS, "number")))
            | st.lists(st.sampled_from((*NGINX, *OTHERS)), max_size=5),
            min_size=1,
            max_size=2,
        )
    )
    plain = st.sampled_from(VALUES[:10])
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        names = draw(st.sampled_from(sets))
        some = plain if draw(st.booleans()) else st.sampled_from(VALUES)
        line = b"{" + b", ".join(b'"%s": %s' % (name.encode(), draw(some)) for name in names) + b"}"
        if draw(st.integers(0, 3)) == 0:
            at = draw(st.integers(0, len(line)))
            line = (
                line[:at]
                + draw(st.sampled_from((b'"', b"{", b",", b"\\", b" ", b"}", b"\r", b"\x0b", b"9")))
                + line[at + 1 :]
            )
        lines.append(line)
    return b"".join(line + b"\n" for line in lines)


@pytest.mark.parametrize("made", FORMATS)
@given(block=logs())
def test_a_line_in_a_layout_says_what_it_says_as_json(made: type[FlatJsonLines], block: bytes) -> None:
    assert made().rows(block) == as_json(made, block)


LAYOUTS: dict[str, tuple[bytes, bytes, bool]] = {
    "another text": (b'{"a": "b"}', b'{"a": ""}', True),
    "another number": (b'{"a": 302, "b": 1}', b'{"a": -0.5E+3, "b": 0}', True),
    "bytes that are no UTF-8": (b'{"a": "b"}', b'{"a": "\xe2\xff"}', True),
    "other blanks": (b'{"a": "b"}', b'{"a":"b"}', False),
    "another name": (b'{"a": "b"}', b'{"b": "b"}', False),
    "one more": (b'{"a": "b"}', b'{"a": "b", "c": "d"}', False),
    "a number for a text": (b'{"a": "b"}', b'{"a": 1}', False),
    "no number of JSON": (b'{"a": 1}', b'{"a": 01}', False),
    "an escape": (b'{"a": "b"}', b'{"a": "\\u0041"}', False),
    "something behind it": (b'{"a": "b"}', b'{"a": "b"},', False),
}


@pytest.mark.parametrize(("line", "other", "same"), LAYOUTS.values(), ids=LAYOUTS)
def test_lines_of_one_layout(line: bytes, other: bytes, same: bool) -> None:
    format = NginxJson()
    format.rows(line)
    ((match, _),) = format._layouts  # noqa: SLF001
    assert match(line) and bool(match(other)) == same


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b'{"a": null}',
        b'{"a": "b\\n"}',
        b'{"a": {"b": 1}}',
        b'{"a": [1]}',
        b'{"a": 1, "a": 2}',
        b'{"\\u0061": 1}',
    ],
)
def test_a_line_without_a_layout(line: bytes) -> None:
    record = parsed(line)
    assert record is not None and layout_of(line, len(record)) is None
