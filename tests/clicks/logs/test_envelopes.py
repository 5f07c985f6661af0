"""Lines in envelopes: of syslog, of containers and of `docker compose logs`, read as if they stood in the log bare."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from clicks_world import World, adds_up, as_json, line, random_log, state
from hypothesis import given
from hypothesis import strategies as st

from linktrack.clicks.event import NOTE
from linktrack.clicks.formats import LineFormat, format_of
from linktrack.clicks.logs.changing import Changing
from linktrack.clicks.logs.envelopes import Unwrapping, bare, detect_inside, opened_envelope
from linktrack.errors import BadInput

COMBINED = b'203.0.113.9 - - [04/May/2026:09:12:33 +0200] "GET /plb/x HTTP/1.1" 302 0 "-" "an \\"agent\\""'

Wrap = Callable[[bytes], bytes]


def docker(text: bytes, stream: str = "stdout", end: str = "\n") -> bytes:
    return json.dumps({"log": text.decode() + end, "stream": stream, "time": "2026-05-04T07:12:33.123456789Z"}).encode()


WRAPS: dict[str, Wrap] = {
    "syslog of nginx": lambda text: b"May  4 10:12:33 web01 nginx: " + text,
    "syslog, a day of two figures": lambda text: b"May 14 10:12:33 web01 nginx: " + text,
    "syslog with a priority": lambda text: b"<190>May  4 10:12:33 web01 nginx: " + text,
    "syslog without a host": lambda text: b"<190>May  4 10:12:33 nginx: " + text,
    "syslog with a process": lambda text: b"May  4 10:12:33 web01 nginx[4711]: " + text,
    "syslog of a unit with a path": lambda text: b"May  4 10:12:33 web01 /usr/sbin/nginx[4711]: " + text,
    "rsyslog's ISO time": lambda text: b"2026-05-04T10:12:33.123456+02:00 web01 nginx: " + text,
    "RFC 5424": lambda text: b"<190>1 2026-05-04T07:12:33.123Z web01 nginx 4711 - - " + text,
    "RFC 5424 with structured data": lambda text: b'<190>1 2026-05-04T07:12:33Z web01 nginx - access [x@1 a="b\\"]" c="d"][y@1] ' + text,
    "RFC 5424 with a BOM": lambda text: b"<190>1 2026-05-04T07:12:33Z web01 nginx - - - \xef\xbb\xbf" + text,
    "RFC 5424 without a priority": lambda text: b"1 2026-05-04T07:12:33Z web01 nginx - - - " + text,
    "Docker's json-file": docker,
    "Kubernetes CRI": lambda text: b"2026-05-04T07:12:33.123456789Z stdout F " + text,
    "Kubernetes CRI with an offset": lambda text: b"2026-05-04T09:12:33.123456789+02:00 stderr F " + text,
    "docker compose logs": lambda text: b"nginx.1  | " + text,
    "docker compose logs of today": lambda text: b"web-nginx-1  | " + text,
    "docker compose logs with one blank": lambda text: b"web-nginx-1 | " + text,
    "docker compose logs in colour": lambda text: b"\x1b[36mnginx-1  | \x1b[0m" + text,
    "docker compose logs --timestamps": lambda text: b"nginx-1  | 2026-05-04T07:12:33.123456789Z " + text,
    "docker logs --timestamps": lambda text: b"2026-05-04T07:12:33.123456789Z " + text,
    "kubectl logs --prefix": lambda text: b"[pod/web-7d4-x/nginx] " + text,
    "a bare priority": lambda text: b"<190>" + text,
    "RFC 6587's count of octets": lambda text: b"183 <190>1 2026-05-04T07:12:33.123Z web01 nginx - - - " + text,
    "the same before RFC 3164": lambda text: b"183 <190>May  4 10:12:33 web01 nginx: " + text,
    "journalctl -o short-precise": lambda text: b"May 04 10:12:33.123456 web01 nginx[12]: " + text,
    "journalctl -o short-full": lambda text: b"Mon 2026-05-04 10:12:33 CEST web01 nginx[12]: " + text,
    "journalctl -o short-iso": lambda text: b"2026-05-04T10:12:33+0200 web01 nginx[12]: " + text,
    "journalctl -o json": lambda text: json.dumps(
        {"__REALTIME_TIMESTAMP": "1777878753", "SYSLOG_IDENTIFIER": "nginx", "MESSAGE": text.decode()}).encode(),
    "journalctl -o json, as bytes": lambda text: json.dumps({"_PID": "1", "MESSAGE": list(text)}).encode(),
    "Filebeat": lambda text: json.dumps(
        {"@timestamp": "2026-05-04T07:12:33Z", "log": {"offset": 1}, "message": text.decode()}).encode(),
    "Fluent Bit": lambda text: json.dumps({"date": 1777878753.1, "log": text.decode() + "\n"}).encode(),
    "docker service logs": lambda text: b"web_nginx.1.k3j4h5@node-1    | " + text,
    "stern": lambda text: b"web-7d4b9c nginx " + text,
    "stern with a namespace": lambda text: b"shop web-7d4b9c nginx " + text,
    "stern in colour": lambda text: b"\x1b[36mweb-7d4b9c\x1b[0m \x1b[32mnginx\x1b[0m " + text,
    "stern --timestamps": lambda text: b"web-7d4b9c nginx 2026-05-04T10:12:33.123+02:00 " + text,
    "syslog inside a container's log": lambda text: docker(b"<190>May  4 10:12:33 web01 nginx: " + text),
    "compose inside CRI inside Docker": lambda text: docker(b"2026-05-04T07:12:33Z stdout F nginx.1  | " + text),
}  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_a_line_is_read_as_if_it_were_bare(wrap: Wrap) -> None:
    format = format_of("combined")
    assert isinstance(format, LineFormat)
    plain = format.rows(COMBINED)[0]
    (row,) = Unwrapping(format).rows(wrap(COMBINED) + b"\n")
    assert row == (wrap(COMBINED), *plain[1:])


OTHERS = {
    "nginx JSON": (b'{"time_iso8601":"2026-05-04T07:12:33Z","remote_addr":"203.0.113.9","request":"GET /x HTTP/1.1","status":302}', "nginx-json"),
    "Caddy": (b'{"ts":1777878753,"request":{"client_ip":"203.0.113.9","method":"GET","uri":"/x"},"status":302}', "caddy"),
    "Traefik": (b'{"ClientHost":"203.0.113.9","RequestMethod":"GET","RequestPath":"/x","DownstreamStatus":302,"StartUTC":"2026-05-04T07:12:33Z"}', "traefik-json"),
    "Envoy": (b'[2026-05-04T07:12:33.1Z] "GET /x HTTP/2" 302 - 0 0 3 2 "203.0.113.9" "a" "-" "h" "-"', "envoy"),
    "ingress-nginx": (COMBINED + b" 412 0.002 [d-c-80] [] 10.244.0.7:80 0 0.002 302 7d3f", "combined"),
    "nginx's main": (COMBINED + b' "203.0.113.9"', "combined"),
    "HAProxy": (b'203.0.113.9:5 [04/May/2026:09:12:33.143] f b/s 0/0/7/14/21 302 1 - - ---- 2/1/0/0/0 0/0 "GET /x HTTP/1.1"', "haproxy"),
    "a format string": (b"1777878753.000|GET /x HTTP/1.1|302|203.0.113.9", "$msec|$request|$status|$remote_addr"),
    "a format string that begins with the address": (b'203.0.113.9 [04/May/2026:09:12:33 +0200] "GET /x HTTP/1.1" 302', '%a %t "%r" %>s'),
}  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("case", OTHERS)
def test_other_formats_are_read_through_envelopes_too(case: str, wrap: Wrap) -> None:
    text, name = OTHERS[case]
    format = format_of(name)
    assert isinstance(format, LineFormat)
    (row,) = Unwrapping(format).rows(wrap(text) + b"\n")
    plain = format.rows(text + b"\n")[0]
    assert (plain[3], row[1:2], row[3:]) == (b"GET", plain[1:2], plain[3:])
    assert format.moment(plain[2]) == format.moment(row[2])


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("case", OTHERS)
def test_the_format_in_envelopes_is_found_by_looking(case: str, wrap: Wrap) -> None:
    text, name = OTHERS[case]
    if name in ("combined", "nginx-json", "caddy", "traefik-json", "envoy", "haproxy"):
        assert detect_inside((wrap(text) + b"\n") * 3, "x.log").name == name


def test_a_header_in_envelopes_names_the_columns_behind_it() -> None:
    log = b"#Fields: date time cs-method cs-uri-stem c-ip sc-status\n2026-05-04 07:12:33 GET /x 203.0.113.9 302\n"
    wrapped = b"".join(b"2026-05-04T07:12:33Z stdout F " + text + b"\n" for text in log.splitlines())
    found = detect_inside(wrapped, "x.log")
    assert isinstance(found, LineFormat)
    assert [row[3] for row in Unwrapping(found).rows(wrapped)] == [b"", b"GET"]
    assert [row[2] is NOTE for row in Unwrapping(found).rows(wrapped)] == [True, False]


REFUSED = {
    "another program's syslog": b"May  4 09:12:34 lb1 sshd[1]: Connection closed by 192.0.2.1 port 22\n" * 5,
    "a container that says something else": (docker(b"listening on :8080") + b"\n") * 5,
}


@pytest.mark.parametrize("case", REFUSED)
def test_envelopes_around_what_is_no_log_are_refused_in_the_same_words(case: str) -> None:
    with pytest.raises(BadInput, match="none of the log formats"):
        detect_inside(REFUSED[case], "x.log")


def test_lines_with_and_without_an_envelope_stand_in_one_log() -> None:
    format = format_of("combined")
    assert isinstance(format, LineFormat)
    lines = [COMBINED, docker(COMBINED), b"nginx.1  | " + COMBINED, b"nginx.1  | started", b"junk", COMBINED]
    rows = Unwrapping(format).rows(b"\n".join(lines) + b"\n")
    assert [row[0] for row in rows] == lines
    assert [bool(row[3]) for row in rows] == [True, True, True, False, False, True]


EVENTS = {
    "sendgrid": b'[{"event":"click","sg_event_id":"a","email":"c7@example.com","timestamp":1777885800,"url":"https://www.example.com/2","mailing":"spring","shipment":"1"}]',
    "postmark": b'{"RecordType":"Click","MessageID":"a","ReceivedAt":"2026-05-04T09:12:33Z","OriginalLink":"https://www.example.com/2","Recipient":"c7@example.com","Metadata":{"shipment":"1","mailing":"spring"}}',
}  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("service", EVENTS)
def test_events_in_envelopes_are_read_a_line_an_import(service: str, wrap: Wrap, world: World, tmp_path: Path) -> None:
    log = tmp_path / "events.log"
    first, second = (wrap(EVENTS[service].replace(b'"a"', text)) + b"\n" for text in (b'"a"', b'"b"'))
    log.write_bytes(first + second[:-20])
    assert (world.load(log).stored, world.load(log).read) == (1, 0)
    log.write_bytes(first + second.replace(b"09:12:33Z", b"09:12:34Z"))
    assert (world.load(log).stored, world.load(log).read) == (1, 0)
    assert {click[2:6] for click in world.clicks()} == {("link-2", 2, 1, 7)}


def test_the_body_of_mandrills_webhook_as_it_is_posted(world: World, tmp_path: Path) -> None:
    event = {"event": "click", "ts": 1_777_885_800, "_id": "a", "url": "https://www.example.com/2",
             "msg": {"email": "c7@example.com", "metadata": {"mailing": "spring", "shipment": "1"}}}  # fmt: skip
    log = tmp_path / "body.txt"
    log.write_text(urlencode({"mandrill_events": json.dumps([event])}))
    assert world.load(log).stored == 1


def parts(text: bytes, at: int, wrap: Callable[[bytes, bool], bytes]) -> list[bytes]:
    return [wrap(text[:at], False), wrap(text[at:], True)]


PARTED: dict[str, Callable[[bytes, bool], bytes]] = {
    "CRI": lambda text, last: b"2026-05-04T07:12:33Z stdout " + (b"F " if last else b"P ") + text,
    "Docker": lambda text, last: docker(text, end="\n" if last else ""),
}


@pytest.mark.parametrize("case", PARTED)
def test_a_line_that_came_in_parts_is_put_together_whatever_stands_between_and_wherever_a_block_ends(case: str) -> None:
    first, last = parts(COMBINED, 90, PARTED[case])
    other = docker(COMBINED, "stderr") if case == "Docker" else b"2026-05-04T07:12:33Z stderr F " + COMBINED
    lines = [COMBINED, first, other, last, COMBINED]
    for cut in range(len(lines) + 1):
        format = format_of("combined")
        assert isinstance(format, LineFormat)
        changing = Changing(format, named=False)
        blocks = [b"".join(text + b"\n" for text in some) for some in (lines[:cut], lines[cut:])]
        before = changing.rows(blocks[0])
        waiting = len(b"".join(text + b"\n" for text in lines[1:cut])) if 1 < cut < 4 else 0
        assert changing.waiting == waiting
        rows = [*before, *changing.rows(blocks[1])]
        assert [row[0] for row in rows] == lines
        assert [row[3] for row in rows] == [b"GET", b"", b"GET", b"GET", b"GET"]
        assert rows[1][2] is NOTE
        assert rows[3][1:] == rows[0][1:]
        assert changing.waiting == 0


@given(st.binary(max_size=80), st.sampled_from(sorted(WRAPS)))
def test_no_bytes_break_it(data: bytes, case: str) -> None:
    format = format_of("combined")
    assert isinstance(format, LineFormat)
    block = data.replace(b"\n", b"") + b"\n" + WRAPS[case](COMBINED) + b"\n"
    assert len(Unwrapping(format).rows(block)) == 2
    opened_envelope(data)
    bare(data)


LONG = [b"<190>1 2026-05-04T07:12:33Z a b - - [" + b'x="' * 20_000, b"a" * 60_000 + b"|", b"\x1b[" * 30_000, b'{"log":"' + b"\\x" * 30_000,
        b"May  4 10:12:33 " + b"a" * 60_000, b'{"log":' + b'"' * 60_000, b"May  4 10:12:33 " + b"a " * 30_000]  # fmt: skip


@pytest.mark.parametrize("text", LONG, ids=lambda text: repr(text[:12]))
def test_an_endless_head_takes_no_endless_time(text: bytes) -> None:
    format = format_of("combined")
    assert isinstance(format, LineFormat)
    assert len(Unwrapping(format).rows(text + b"\n")) == 1


# --- imported ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_a_log_in_envelopes_gives_the_same_clicks_and_is_known_by_its_lines(
    wrap: Wrap, world: World, untouched: World, tmp_path: Path
) -> None:
    lines = random_log(world, 7, 60)
    log, again = tmp_path / "plain.log", tmp_path / "wrapped.log"
    log.write_bytes(b"".join(lines))
    again.write_bytes(b"".join(wrap(text.rstrip(b"\n")) + b"\n" for text in lines))
    plain = untouched.copy(tmp_path / "plain")
    assert plain.load(log).stored == world.load(again).stored > 0
    assert plain.clicks() == world.clicks()
    summary = world.load(log)  # the same lines, bare
    assert (summary.stored, summary.rejected) == (0, plain.load(again).rejected)


@pytest.mark.parametrize("case", PARTED)
def test_a_click_whose_last_part_has_not_come_waits_for_it(case: str, world: World, tmp_path: Path) -> None:
    whole = line(world.path(1, 1), 600).rstrip(b"\n")
    first, last = parts(line(world.path(2, 2), 700).rstrip(b"\n"), 100, PARTED[case])
    log = tmp_path / "x.log"
    log.write_bytes(PARTED[case](whole, True) + b"\n" + first + b"\n")
    assert world.load(log).stored == 1
    assert world.load(log).stored == 0
    with log.open("ab") as file:
        file.write(last + b"\n" + PARTED[case](whole, True) + b"\n")
    summary = world.load(log)
    assert (summary.stored, summary.rejected) == (2, 0)
    assert [click[5] for click in world.clicks()] == [1, 1, 2]


@pytest.mark.parametrize("case", PARTED)
@pytest.mark.parametrize("change", [False, True], ids=["one format", "the format changes before it"])
def test_parts_of_two_streams_with_a_line_an_import(
    case: str, change: bool, world: World, untouched: World, tmp_path: Path
) -> None:
    """However long a line is unfinished, those of the other stream count at once, and once."""
    texts = [line(world.path(1, number), 600 + 60 * number).rstrip(b"\n") for number in range(1, 6)]
    if change:
        texts[1:] = [as_json(text).rstrip(b"\n") for text in texts[1:]]
    wrap = PARTED[case]
    err = (
        (lambda text: docker(text, "stderr"))
        if case == "Docker"
        else lambda text: b"2026-05-04T07:12:33Z stderr F " + text
    )
    lines = [
        wrap(texts[0], True), wrap(texts[1][:90], False), err(texts[2]), wrap(texts[1][90:120], False), err(texts[3]),
        err(texts[3]), wrap(texts[1][120:], True), wrap(texts[4], True),
    ]  # fmt: skip
    log, whole = tmp_path / "x.log", untouched.copy(tmp_path / "whole")
    stored = []
    for count in range(1, len(lines) + 1):
        log.write_bytes(b"".join(text + b"\n" for text in lines[:count]))
        summary = world.load(log)
        stored.append(summary.stored)
        assert (adds_up(summary), summary.rejected, summary.waiting) == (True, 0, 2 <= count < 7)
    assert stored == [1, 0, 1, 0, 1, 1, 1, 1]
    assert whole.load(log).stored == 6
    assert state(whole) == state(world)


def test_compressed_containers_logs_are_read_too(world: World, tmp_path: Path) -> None:
    log = tmp_path / "x.log.gz"
    log.write_bytes(gzip.compress(docker(line(world.path(), 600).rstrip(b"\n")) + b"\n"))
    assert world.load(log).stored == 1
