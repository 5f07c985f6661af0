"""No bytes break a format: each line gives a row, each value a report, in time linear in their length."""

from __future__ import annotations

import contextlib
import random
import re

import pytest
from clicks.formats.formats_golden import SAMPLES, format_for
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linktrack.clicks.event import NO_AGENT, NOTE, Event, LineRow, Refusal, Report
from linktrack.clicks.formats import EVENT_FORMATS, LINE_FORMATS, EventFormat, LineFormat, format_of, goes_on_from
from linktrack.clicks.formats.clf import CommonLog, with_forwarded
from linktrack.clicks.formats.notation.lines import split_lines

CUSTOM = [
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_user_agent"',
    "$time_iso8601|$scheme://$host$request_uri|$request_method|$status|$http_user_agent",
    r"%h %l %u [%{%d/%b/%Y:%I:%M:%S %p %z}t] \"%m %U%q %H\" %>s \"%{User-Agent}i\"",
]
LINES = [line for path in SAMPLES for line in path.read_bytes().splitlines(keepends=True)]
PIECES = [b" ", b'"', b"\\", b"[", b"]", b"{", b"}", b"\r", b"\n", b"\x00", b"\xff", b"\xc3", b"\t", b"#Fields: time\n", b"#", b",", b":",
          b"\\x", b"\\u", b"\\ud800", b"192.0.2.1", b"::", b"GET ", b"-", b"+", b"%", b"1e999999999", b"NaN", b"null", b"[[[[", b"9" * 400]  # fmt: skip


@st.composite
def mutated_logs(draw: st.DrawFn) -> bytes:
    """Some lines of the samples with a few pieces put in or taken out."""
    lines = draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=4))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        start = draw(st.integers(0, len(line)))
        end = min(len(line), start + draw(st.sampled_from([0, 0, 1, 5, 1000])))
        lines[at] = line[:start] + draw(st.sampled_from(PIECES)) + line[end:]
    return b"".join(lines)


LOGS = st.one_of(mutated_logs(), st.binary(max_size=200), st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join))


def line_formats() -> list[LineFormat]:
    return [make() for make in LINE_FORMATS] + [
        made for text in CUSTOM if isinstance(made := format_of(text), LineFormat)
    ]


@settings(max_examples=150)
@given(LOGS)
@example(b"\xef\xbb\xbf#Fields: date time\n2026-05-04 07:12:33\n")
@example(b"#Fields: time cs-method cs-uri-stem\n#Date: 9999-12-31\n23:00:00 GET /\n00:00:00 GET /\n")
@example(b'{"a":' * 5000 + b"\n")
@example(b'{"ts":' + b"1" * 5000 + b',"request":{"uri":"/","method":"GET"},"status":1}\n')
def test_every_line_of_any_log_gives_one_row_of_bytes(log: bytes) -> None:
    for format in line_formats():
        rows = format.rows(log)
        assert [row[0] for row in rows] == list(split_lines(log)), format.name
        for row in rows:
            assert len(row) == 10
            assert all(isinstance(field, bytes) for field in row)
            assert not row[3] or (row[2] and row[4]), "a method without time and target"
            if row[2] and row[2] is not NOTE:
                with contextlib.suppress(ValueError):
                    assert isinstance(format.moment(row[2]), int)
        assert goes_on_from(format, format.state()) and not goes_on_from(format, "[1]")


@settings(max_examples=150)
@given(LOGS, st.integers(0, 300))
@example(b'{"items":[1,{"event":"clicked"},[]]}\n{"msys":{"a":1}}{"msys":null}\n', 5)
@example(b'{"Type":"x","TopicArn":"y","Message":"{\\"eventType\\":\\"Click\\",\\"mail\\":1,\\"click\\":[]}"}', 3)
@example(b'{"a":' * 5000 + b"\n{}", 9)
def test_any_bytes_give_events_that_a_database_takes_and_the_same_ones_however_they_are_cut(
    log: bytes, cut: int
) -> None:
    for make in EVENT_FORMATS:
        whole = make()
        reports: list[Report] = [*whole.events(log), *whole.finish(True)]
        assert whole.pending == 0
        for report in reports:
            if isinstance(report, Event):
                texts = [report.identity, report.url, report.email, report.ip, report.agent, *report.variables.values()]
                assert all("\x00" not in text and text.encode() is not None for text in texts)
                assert isinstance(report.clicked_at, int)
            elif isinstance(report, Refusal):
                assert report.text.encode() is not None
        first, second = make(), make()
        cut = min(cut, len(log))
        before = [*first.events(log[:cut]), *first.finish(False)]
        second.resume(first.state())
        rest = log[cut - first.pending :]
        assert [*before, *second.events(rest), *second.finish(True)] == reports


ADDRESS = (
    rb"(?:for=)?(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d+)?|\[[0-9a-fA-F:.]+(?:%\w+)?\](?::\d+)?"
    rb"|[0-9a-fA-F]*:[0-9a-fA-F:.]+(?:%\w+)?)(?:;[^\s\",]*)?[ ,]"
)
WORD = rb'[^\s"\[<+|,]'
PLAIN = re.compile(
    rb"^((?:(?!" + ADDRESS + rb")" + WORD + rb"+ (?=(?:" + WORD + rb"*, ?)*" + ADDRESS + rb"))?"
    rb"(?:(?=(?:" + WORD + rb"*, ?)*" + ADDRESS + rb")|(?!" + WORD + rb'+[^"\n]* ' + ADDRESS + rb"))"
    rb"((?>" + WORD + rb"+(?:, ?" + WORD + rb"*)*)|\[[0-9a-fA-F:.]+(?:%\w+)?\](?::\d+)?)"
    rb"(?<!\dZ) (?![ |]|\d\d \d\d:|\d{4}-\d\d-\d\dT)"
    rb'[^\["\n]*(?:\[(?!\d\d/\w\w\w/)[^\["\n]*)*\[([^\]\n]{20,36})\] "(?:([\w!#$%&\x27*+.^`|~-]+) ([^\s"]+)(?: [^\s"]+)?|[^"\\\n]*(?:\\.[^"\\\n]*)*)" (\d{3}|-) (?:\d+|-)'
    rb'(?: "[^"\\\n]*(?:\\.[^"\\\n]*)*" "([^"\\\n]*(?:\\.[^"\\\n]*)*)"'
    rb'(?: "((?:(?:[^"\\\n,]|\\.)*,)*[0-9a-fA-F.:\[\] ]+(?:%\w+[0-9a-fA-F.:\[\] ]*)?)"(?=[ \r\n]|\Z))?(?: ([^\n]*?))?)?()|[^\n]+?)\r?$',
    re.MULTILINE,
)  # fmt: skip


@settings(max_examples=300)
@given(st.integers(0, 2**32))
def test_the_fast_pattern_of_the_combined_log_reads_what_the_plain_one_reads(seed: int) -> None:
    """The possessive pattern gives up early and never goes back: it must not give up where going back would help."""
    chance = random.Random(seed)
    good = [line for line in LINES if b'" 302' in line]
    for _ in range(20):
        line = chance.choice(good).rstrip(b"\r\n")
        for _ in range(chance.choice((0, 1, 1, 2, 3))):
            start = chance.randint(0, len(line))
            line = (
                line[:start] + chance.choice(PIECES[:13] + PIECES[20:25]) + line[start + chance.choice((0, 0, 1, 3)) :]
            )
        log = line + chance.choice((b"\n", b"\r\n", b""))
        fast = [row for row in CommonLog().rows(log) if row[0].strip()]
        plain = [with_forwarded(row) for row in PLAIN.findall(log) if row[0].strip()]
        assert [without_no_agent(row) for row in fast] == [without_no_agent(row) for row in plain]


def without_no_agent(row: LineRow) -> LineRow:
    """The plain pattern cannot tell an agent that is empty, which is read as `-`, from none at all."""
    return (*row[:6], b"" if row[6] == NO_AGENT else row[6], *row[7:])


LONG = {
    "blanks": b" " * 100_000,
    "quotes": b'"' * 100_000,
    "escaped quotes": b'\\"' * 50_000,
    "brackets": b"[" * 100_000,
    "braces": b"{" * 100_000,
    "objects that go on and on": b'{"a":[' * 20_000,
    "an object of many keys that is cut off": b"{" + b'"a":1,' * 20_000,
    "colons": b":" * 100_000,
    "addresses": b"192.0.2.1 " * 10_000,
    "hexadecimal digits": b"a" * 100_000,
    "dates": b"[04/May/2026:09:12:33 +0200] " * 4_000,
    "lines of braces": b"{\n" * 3_000,
    "lines of opened objects": b'{"event":\n' * 500,
    "lines with one quote each": b'a,"b\n' * 10_000,
    "the start of a good line, then blanks": b'192.0.2.1 - - [04/May/2026:09:12:33 +0200] "GET /' + b" " * 100_000,
    "a good line with an endless agent": b'192.0.2.1 - - [04/May/2026:09:12:33 +0200] "GET / HTTP/1.1" 302 0 "-" "' + b"a b" * 40_000,
    "a syslog head, then blanks": b"May  4 09:12:33 lb1 haproxy[7]: " + b"a b:1 [" * 15_000,
    "NUL bytes": b"\x00" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("case", LONG)
def test_an_over_long_line_is_one_row_and_takes_no_endless_time(case: str) -> None:
    log = LONG[case] + b"\n"
    for format in line_formats():
        rows = format.rows(log)
        assert len(rows) == log.count(b"\n")
    for make in EVENT_FORMATS:
        events = make()
        assert isinstance(events, EventFormat)
        assert not any(isinstance(report, Event) for report in [*events.events(log), *events.finish(True)])
        assert events.pending == 0


def test_a_format_never_finds_a_request_in_the_rows_it_calls_junk() -> None:
    for path in SAMPLES:
        format = format_for(path)
        if isinstance(format, LineFormat):
            for row in format.rows(path.read_bytes()):
                assert row[2] or not any(row[1:])
