"""Every format on its samples: what is read, however the log is cut, and that nobody else claims it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from clicks.formats.formats_golden import SAMPLES, ZONE, expected, format_for, line_format_for, shown

from linktrack.clicks.event import LineRow, Report
from linktrack.clicks.formats import FORMATS, EventFormat, LineFormat, LogFormat, detect, format_of
from linktrack.clicks.formats.notation.lines import split_lines

LINE_SAMPLES = [path for path in SAMPLES if isinstance(format_for(path), LineFormat)]
EVENT_SAMPLES = [path for path in SAMPLES if isinstance(format_for(path), EventFormat)]
# Signs that a request's method may have by RFC 9110 and that end a field in a format: there no method has them.
BETWEEN_FIELDS: dict[str, str] = {}
CORPUS = {
    "alb.log": "alb", "apache-mixed.log": "combined", "brevo-click.json": "brevo", "caddy.json.log": "caddy",
    "cloudfront.tsv.log": "cloudfront", "haproxy-syslog.log": "haproxy", "iis-w3c.log": "iis",
    "mailchimp-activity.csv": "mailchimp", "mailgun-click.json": "mailgun", "mandrill-click.json": "mandrill",
    "nginx-combined.log": "combined", "nginx-malformed.log": "combined", "postmark-click.json": "postmark",
    "sendgrid-batch.json": "sendgrid", "sendgrid-click-full.json": "sendgrid", "ses-click-sns.json": "ses",
    "sparkpost-click.json": "sparkpost", "sparkpost-events.json": "sparkpost", "traefik-clf.log": "combined",
    "traefik.json.log": "traefik-json",
}  # fmt: skip


def name_of(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", SAMPLES, ids=name_of)
def test_a_sample_is_read_as_its_golden_text_says(path: Path) -> None:
    assert shown(format_for(path), path.read_bytes()) == expected(path).read_text()


@pytest.mark.parametrize("make", FORMATS, ids=lambda make: make.name)
def test_every_format_has_a_sample(make: Callable[[], LogFormat]) -> None:
    assert make().name in {format_for(path).name for path in SAMPLES}


@pytest.mark.parametrize("path", LINE_SAMPLES, ids=name_of)
def test_each_line_gives_one_row_that_carries_it(path: Path) -> None:
    data, format = path.read_bytes(), format_for(path)
    assert isinstance(format, LineFormat)
    assert [row[0] for row in format.rows(data)] == list(split_lines(data))


@pytest.mark.parametrize("path", LINE_SAMPLES, ids=name_of)
@pytest.mark.parametrize("method", ["get", "Get", "M-SEARCH", "X!$%&'*+.^_`|~0"])
def test_a_method_is_whatever_rfc_9110_calls_a_token(path: Path, method: str) -> None:
    """A server answers it with 405, and whose address it names is known all the same."""
    data = path.read_bytes()
    format, other = line_format_for(path), line_format_for(path)
    method = "".join(sign for sign in method if sign not in BETWEEN_FIELDS.get(format.name, ""))
    asked = re.sub(rb"\bGET\b", lambda match: method.encode(), data)
    rows = [(row[3].replace(b"GET", method.encode()), *row[4:6]) for row in format.rows(data)]
    assert asked != data and [row[3:6] for row in other.rows(asked)] == rows


@pytest.mark.parametrize("path", LINE_SAMPLES, ids=name_of)
def test_a_log_cut_after_any_line_goes_on_with_the_state_of_the_format(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    fresh = format_for(path)
    assert isinstance(fresh, LineFormat)
    whole = fresh.rows(b"".join(lines))
    for cut in range(len(lines) + 1):
        first, second = format_of(format_for(path).name, ZONE), format_of(format_for(path).name, ZONE)
        assert isinstance(first, LineFormat)
        assert isinstance(second, LineFormat)
        rows: list[LineRow] = first.rows(b"".join(lines[:cut]))
        second.resume(first.state())
        assert rows + second.rows(b"".join(lines[cut:])) == whole


@pytest.mark.parametrize("path", EVENT_SAMPLES, ids=name_of)
def test_events_cut_anywhere_are_read_on_from_the_last_complete_one(path: Path) -> None:
    data = path.read_bytes()
    whole = read(format_for(path), data)
    make = type(format_for(path))
    for cut in range(0, len(data) + 1, 11):
        first, second = make(), make()
        assert isinstance(first, EventFormat)
        assert isinstance(second, EventFormat)
        reports: list[Report] = [*first.events(data[:cut]), *first.finish(False)]
        second.resume(first.state())
        position = cut - first.pending
        assert 0 <= position <= cut
        assert reports + read(second, data[position:]) == whole


@pytest.mark.parametrize("path", EVENT_SAMPLES, ids=name_of)
def test_events_come_the_same_in_small_blocks(path: Path) -> None:
    data = path.read_bytes()
    format = format_for(path)
    assert isinstance(format, EventFormat)
    reports: list[Report] = []
    for start in range(0, len(data), 5):
        reports += format.events(data[start : start + 5])
    reports += format.finish(True)
    assert reports == read(format_for(path), data)
    assert format.pending == 0


@pytest.mark.parametrize("name", CORPUS)
def test_a_real_log_is_recognised(name: str, corpus: Path) -> None:
    path = corpus / "clicklogs" / name
    assert detect(path.read_bytes(), name).name == CORPUS[name]


def test_no_line_of_a_real_log_is_junk(corpus: Path) -> None:
    """Of the samples that hold nothing else, each line is a request, a note or blank."""
    for name in ("alb.log", "cloudfront.tsv.log", "haproxy-syslog.log", "iis-w3c.log", "nginx-malformed.log"):
        data = (corpus / "clicklogs" / name).read_bytes()
        format = detect(data, name)
        assert isinstance(format, LineFormat)
        assert [row[0] for row in format.rows(data) if row[0].strip() and not row[2]] == [], name


def read(format: object, data: bytes) -> list[Report]:
    assert isinstance(format, EventFormat)
    return [*format.events(data), *format.finish(True)]
