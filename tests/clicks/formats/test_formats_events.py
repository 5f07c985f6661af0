"""Events of mail services: values in a stream, what is broken among them, and what each service says of a click."""

from __future__ import annotations

import json
from typing import Any

import pytest

from linktrack.clicks.event import Event, Refusal, Report, Skipped
from linktrack.clicks.formats import EventFormat, format_of, mailchimp
from linktrack.clicks.formats.notation import json_values as jsonvalues
from linktrack.clicks.formats.notation.json_values import Broken, ValueStream

URL = "https://www.example.com/"


def sendgrid(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "event": "click",
        "sg_event_id": f"id-{number}",
        "email": "anna@example.com",
        "timestamp": 1777878753,
        "url": URL,
    } | changes


def mailgun(**changes: Any) -> dict[str, Any]:
    return {
        "event": "clicked",
        "log-level": "info",
        "id": "a",
        "timestamp": 1777878753.5,
        "url": URL,
        "recipient": "anna@example.com",
    } | changes


def ses(**click: Any) -> dict[str, Any]:
    return {
        "eventType": "Click",
        "mail": {"messageId": "m", "destination": ["anna@example.com"]},
        "click": {"timestamp": "2026-05-04T07:12:33.570Z", "link": URL} | click,
    }


def read(name: str, *values: Any, text: str | None = None) -> list[Report]:
    format = format_of(name)
    assert isinstance(format, EventFormat)
    data = (text if text is not None else "\n".join(json.dumps(value) for value in values)).encode(
        "utf-8", "surrogatepass"
    )
    return [*format.events(data), *format.finish(True)]


def only(name: str, value: Any) -> Event:
    (report,) = read(name, value)
    assert isinstance(report, Event)
    return report


ONE, TWO = json.dumps(sendgrid(1)), json.dumps(sendgrid(2))
SHAPES = {
    "one a line": f"{ONE}\n{TWO}\n",
    "no line end at the end": f"{ONE}\n{TWO}",
    "an array": f"[{ONE},{TWO}]",
    "an array over many lines": f"[\n  {ONE},\n  {TWO}\n]\n",
    "indented": json.dumps([sendgrid(1), sendgrid(2)], indent=4),
    "one array after the other": f"[{ONE}]\n[{TWO}]",
    "an array of arrays": f"[[{ONE}],[{TWO}]]",
    "nothing between": ONE + TWO,
    "Windows line ends": f"{ONE}\r\n{TWO}\r\n",
    "a BOM": f"\ufeff{ONE}\n\ufeff{TWO}",
    "RFC 7464": f"\x1e{ONE}\n\x1e{TWO}\n",
    "a list with something behind it": f'{{"results":[{ONE},{TWO}],"total_count":2}}',
    "a list with something in front": f'{{"total_count":2,"results":[{ONE},{TWO}]}}',
}  # fmt: skip


@pytest.mark.parametrize("case", SHAPES)
def test_events_are_found_in_every_shape(case: str) -> None:
    found = read("sendgrid", text=SHAPES[case])
    assert [report.identity for report in found if isinstance(report, Event)] == [
        '["sendgrid", "id-1"]',
        '["sendgrid", "id-2"]',
    ]
    assert len(found) == 2


# What stands between two good events, and the reasons it is refused for.
BROKEN = {
    "a line cut inside a text": ('\n{"event": "cli\n', ["malformed"]),
    "a line cut behind a comma": ('\n{"event": "click",\n', ["malformed"]),
    "a line that is no JSON": ("\nGET /x HTTP/1.1\n", ["malformed"]),
    "a value that is no object": ('\n"click"\n', ["malformed"]),
    "something behind a good event": (" and so on\n", ["malformed"]),
    "a click of another service, which is read by its own format": ('\n{"RecordType": "Click"}\n', ["no-url"]),
    "a bare NaN": ('\n{"event": nan}\n', ["malformed"]),
    "a thousand brackets": ("\n" + '{"a":' * 2000 + "\n", ["malformed"]),
    "a hundred brackets and one": ("\n" + '{"a":' * 101 + "\n", ["malformed"]),
    "the same, closed": ("\n" + '{"a":' * 101 + "1" + "}" * 101 + "\n", ["malformed"]),
    "NUL bytes": ("\n\x00\x00\x00\n", ["malformed"]),
    "two bad lines": ("\n{\n}}\n", ["malformed", "malformed"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_costs_no_other_event(case: str) -> None:
    between, reasons = BROKEN[case]
    first, *refused, last = read("sendgrid", text=ONE + between + TWO)
    assert isinstance(first, Event)
    assert isinstance(last, Event)
    assert [report.reason for report in refused if isinstance(report, Refusal)] == reasons
    assert len(refused) == len(reasons)


def test_an_unfinished_event_waits_for_its_rest_and_is_refused_at_the_end_of_a_whole_file() -> None:
    format = format_of("sendgrid")
    assert isinstance(format, EventFormat)
    data = (ONE + "\n" + TWO).encode()
    assert len(format.events(data[:-5])) == 1
    assert format.finish(False) == []
    assert len(data) - 5 - format.pending == len(ONE) + 1
    (second,) = format.events(data[-5:])
    assert isinstance(second, Event)
    assert format.pending == 0
    (report,) = read("sendgrid", text=TWO[:-5])
    assert isinstance(report, Refusal)
    assert report.reason == "malformed"


def test_an_object_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonvalues, "MAX_VALUE", 10_000)
    stream = ValueStream()
    found: list[Any] = stream.feed(b'{"a": "')
    held = 0
    for _ in range(100):
        found += stream.feed(b"x" * 1000)
        held = max(held, stream.pending)
    found += stream.feed(b'"}\n{"good": "1"}\n') + stream.finish(True)
    assert [value.reason if isinstance(value, Broken) else value for value in found] == ["too-long", {"good": "1"}]
    assert held < 25_000


def test_a_file_left_inside_an_endless_line_is_read_on_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonvalues, "MAX_VALUE", 1000)
    first, second = format_of("sendgrid"), format_of("sendgrid")
    assert isinstance(first, EventFormat)
    assert isinstance(second, EventFormat)
    (refused,) = [*first.events(b'{"event": "' + b"x" * 3000), *first.finish(False)]
    assert isinstance(refused, Refusal)
    assert refused.reason == "too-long"
    assert first.pending == 0
    second.resume(first.state())
    (event,) = second.events(b'xxx"}\n' + ONE.encode())
    assert isinstance(event, Event)


def test_an_array_of_any_length_is_read_in_the_memory_of_one_block() -> None:
    stream = ValueStream()
    found = stream.feed(b"[")
    for number in range(2000):
        found += stream.feed(b'{"n":%d},' % number)
        assert stream.pending < 30
    assert found == [{"n": str(number)} for number in range(2000)]


def test_bytes_of_one_letter_may_come_in_two_blocks() -> None:
    stream = ValueStream()
    data = '{"a":"ö"}'.encode()
    assert stream.feed(data[:7]) == []
    assert stream.pending == 7
    assert stream.feed(data[7:]) == [{"a": "ö"}]


def test_texts_that_no_database_takes_become_escapes() -> None:
    event = only("sendgrid", sendgrid(useragent="a\x00b", note="\ud83d"))
    assert event.agent == "a\\x00b"
    assert event.variables == {"note": "\\ud83d"}
    (refused,) = read("sendgrid", text='{"event":"click\udcff"')
    assert isinstance(refused, Refusal)
    refused.text.encode()


SAME = {
    "SendGrid sends the same event twice": ("sendgrid", sendgrid(1), sendgrid(1, sg_message_id="other")),
    "SES repeats a notification": ("ses", ses(), {"Type": "Notification", "TopicArn": "t", "Message": json.dumps(ses())}),
    "Mailgun's webhook and its API": ("mailgun", {"signature": {}, "event-data": mailgun()}, {"items": [mailgun()]}),
    "SparkPost's webhook and its API": (
        "sparkpost",
        {"msys": {"track_event": {"type": "click", "event_id": "9", "rcpt_to": "a@example.com", "timestamp": 1777878753, "target_link_url": URL}}},
        {"type": "click", "event_id": "9", "rcpt_to": "a@example.com", "timestamp": "2026-05-04T07:12:33.000Z", "target_link_url": URL},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_a_repeated_event_has_the_same_identity_and_time(case: str) -> None:
    name, one, other = SAME[case]
    first, second = only(name, one), only(name, other)
    assert (first.identity, first.clicked_at) == (second.identity, second.clicked_at)


DIFFERENT = {
    "two SES clicks within a second": ("ses", ses(), ses(timestamp="2026-05-04T07:12:33.571Z")),
    "two SES clicks on two links": ("ses", ses(), ses(link=URL + "b")),
    "two SendGrid events": ("sendgrid", sendgrid(1), sendgrid(2)),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_two_events_have_two_identities(case: str) -> None:
    name, one, other = DIFFERENT[case]
    assert only(name, one).identity != only(name, other).identity


@pytest.mark.parametrize(
    ("bot", "machine"), [("", False), (None, False), ("apple", True), ("gmail", True), ("generic", True)]
)
def test_the_word_of_mailgun_on_machines(bot: str | None, machine: bool) -> None:
    assert only("mailgun", mailgun(**{"client-info": {"bot": bot}})).machine is machine


BREVO: dict[str, tuple[dict[str, Any], int]] = {
    "milliseconds win": (
        {"ts_epoch": 1777878753462, "ts_event": 1777878700, "date": "2026-01-01 00:00:00"},
        1_777_878_753_462,
    ),
    "then the time of the event": ({"ts_event": 1777878753, "ts": 1777878700}, 1_777_878_753_000),
    "a date in summer is two hours ahead": ({"date": "2026-05-04 09:12:33"}, 1_777_878_753_000),
    "a date in winter is one hour ahead": ({"date": "2026-12-04 09:12:33"}, 1_796_371_953_000),
}


@pytest.mark.parametrize("case", BREVO)
def test_the_time_of_brevo(case: str) -> None:
    times, moment = BREVO[case]
    assert (
        only("brevo", {"event": "click", "message-id": "m", "email": "a@example.com", "link": URL} | times).clicked_at
        == moment
    )


@pytest.mark.parametrize("event", ["click", "clicked"])
def test_a_click_of_brevo_by_both_of_its_names_with_its_agent(event: str) -> None:
    record = {"event": event, "message-id": "m", "email": "a@example.com", "link": URL, "ts": 1777878753}
    assert only("brevo", record | {"user_agent": "an agent"}).agent == "an agent"


ADDRESSES = {
    "a bare address": ("a@example.com", "a@example.com", False),
    "a name": ("Ann <a@example.com>", "a@example.com", False),
    "a name in quotes with a comma": ('"Doe, Ann" <a@example.com>', "a@example.com", False),
    "brackets alone": ("<a@example.com>", "a@example.com", False),
    "two": ("Ann <a@example.com>, b@example.com", "", True),
    "the same twice": ("a@example.com, Ann <A@Example.com>", "A@Example.com", False),
    "nobody": ("", "", False),
    "commas alone": (", ,", "", False),
    "a bracket without end": ("Ann <a@example.com", "Ann <a@example.com", False),
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_who_an_event_names(case: str) -> None:
    written, email, several = ADDRESSES[case]
    event = only("sendgrid", sendgrid(email=written))
    assert (event.email, event.several) == (email, several)


def test_a_click_of_ses_with_several_recipients_has_none() -> None:
    event = ses()
    event["mail"]["destination"].append("bo@example.com")
    assert only("ses", event).email == ""


def test_what_is_no_click_is_skipped_and_says_what_it_is() -> None:
    assert read("sendgrid", sendgrid(event="open")) == [Skipped("open")]
    assert read("ses", {"Type": "Notification", "TopicArn": "t", "Message": "Successfully validated SNS topic"}) == [
        Skipped("Notification")
    ]


CSV = "Email Address,Timestamp,URL\n"
MAILCHIMP = {
    "a quote that is never closed costs its line": (CSV + f'a@example.com,"2026-05-04 07:12:33,{URL}\nb@example.com,2026-05-04 07:12:33,{URL}\n', ["malformed", URL]),
    "a header of something else": ("a,b\nc,d\n", ["malformed", "malformed"]),
    "blank lines": (CSV + f"\n\na@example.com,2026-05-04 07:12:33,{URL}\n\n", [URL]),
    "semicolons": (CSV.replace(",", ";") + f"a@example.com;2026-05-04 07:12:33;{URL}?a,b\n", [URL + "?a,b"]),
    "an export of clicks alone needs no action": (CSV + f"a@example.com,2026-05-04 07:12:33,{URL}\n", [URL]),
    "no URL, no click": (CSV + "a@example.com,2026-05-04 07:12:33,\n", ["row"]),
    "a cell too many": (CSV + f"a@example.com,2026-05-04 07:12:33,{URL},x\n", ["malformed"]),
    "a time with a zone": (CSV + f"a@example.com,2026-05-04T09:12:33+02:00,{URL}\n", [URL]),
}  # fmt: skip


@pytest.mark.parametrize("case", MAILCHIMP)
def test_a_mailchimp_export(case: str) -> None:
    text, wanted = MAILCHIMP[case]
    found = [
        report.url if isinstance(report, Event) else report.reason if isinstance(report, Refusal) else report.what
        for report in read("mailchimp", text=text)
    ]
    assert found == wanted


def test_an_open_quote_in_a_long_export_holds_up_no_more_than_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailchimp, "MAX_RECORD", 500)
    good = f"a@example.com,2026-05-04 07:12:33,{URL}\n"
    format = format_of("mailchimp")
    assert isinstance(format, EventFormat)
    reports = format.events((CSV + 'x@example.com,"2026\n' + good * 40).encode())
    assert [type(report) for report in reports] == [Refusal] + [Event] * 40
    assert format.pending == 0
