"""Odd lines of each log: what becomes of them."""

from __future__ import annotations

import pytest

from linktrack.clicks.event import NOTE
from linktrack.clicks.formats import LineFormat, format_of

CADDY = '{"ts":1777878753,"request":{"client_ip":"192.0.2.1","method":"%s","uri":"%s","headers":{"User-Agent":["%s"]}},"status":302}'
HAPROXY = '192.0.2.1:5 [04/May/2026:09:12:33.143] f b/s 0/0/7/14/21 302 1 - - ---- 2/1/0/0/0 0/0 %s"%s"'
COMBINED = '192.0.2.1 - - [04/May/2026:09:12:33 +0200] "%s" 302 0 "-" "%s"'
IIS = "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status\n"

# The format, the log, and what its last line says: method, target, agent; or "junk", "note".
LINES: dict[str, tuple[str, bytes, object]] = {
    "combined, bytes that are not UTF-8": ("combined", COMBINED.encode() % (b"GET /x HTTP/1.1", b"\xff\xfe"), ("GET", "/x", b"\xff\xfe")),
    "combined, a NUL byte": ("combined", COMBINED.encode() % (b"GET /x\x00 HTTP/1.1", b"a\x00"), ("GET", "/x\x00", b"a\x00")),
    "combined, a backslash at the end of the agent": ("combined", COMBINED.encode() % (b"GET /x HTTP/1.1", b"a\\\\"), ("GET", "/x", b"a\\\\")),
    "combined, a backslash that hides the quote": ("combined", COMBINED.encode() % (b"GET /x HTTP/1.1", b"a\\"), "junk"),
    "combined, two lines run together": ("combined", COMBINED.encode() % (b"GET /x HTTP/1.1", b"a") + b"192.0.2.2 - - [", "junk"),
    "combined, a carriage return inside": ("combined", COMBINED.encode() % (b"GET /x HTTP/1.1", b"a") + b" x\ry", ("GET", "/x", b"a")),
    "combined, a proxy's absolute address": ("combined", COMBINED.encode() % (b"GET http://click.example.com/x HTTP/1.1", b"a"), ("GET", "http://click.example.com/x", b"a")),
    "Caddy, bytes that are not UTF-8": ("caddy", CADDY.encode() % (b"GET", b"/x", b"\xff\xfe"), ("GET", "/x", b"\xff\xfe")),
    "Caddy, half a surrogate pair": ("caddy", CADDY.encode() % (b"GET", b"/x", b"\\ud83d"), ("GET", "/x", b"\\\\ud83d")),
    "Caddy, an escaped quote in the address": ("caddy", CADDY.encode() % (b"GET", b'/x\\"', b"a"), ("GET", '/x"', b"a")),
    "Caddy, a blank in the address": ("caddy", CADDY.encode() % (b"GET", b"/x y", b"a"), ("", "", b"a")),
    "Caddy, a method in small letters": ("caddy", CADDY.encode() % (b"get", b"/x", b"a"), ("", "", b"a")),
    "Caddy, two objects on a line": ("caddy", CADDY.encode() % (b"GET", b"/x", b"a") * 2, "junk"),
    "Caddy, a list": ("caddy", b"[" + CADDY.encode() % (b"GET", b"/x", b"a") + b"]", "junk"),
    "Caddy, values of the wrong kind": ("caddy", b'{"ts":[],"request":{"method":{},"uri":null,"headers":[]},"status":{}}', "junk"),
    "nginx JSON, a target with a raw quote": ("nginx-json", b'{"msec":"1777878753.1","request":"GET /x\\" HTTP/1.1","status":"302"}', ("GET", '/x"', b"")),
    "HAProxy, no captured header": ("haproxy", (HAPROXY % ("", "GET /x HTTP/1.1")).encode(), ("GET", "/x", b"")),
    "HAProxy, the host alone captured": ("haproxy", (HAPROXY % ("{click.example.com} ", "GET /x HTTP/1.1")).encode(), ("GET", "/x", b"")),
    "HAProxy, the agent in the second place": ("haproxy", (HAPROXY % ("{click.example.com|https://a.example/1|curl/8.5.0} ", "GET /x HTTP/1.1")).encode(), ("GET", "/x", b"curl/8.5.0")),
    "HAProxy, an agent without a version": ("haproxy", (HAPROXY % ("{an odd agent} {text/html|9} ", "GET /x HTTP/1.1")).encode(), ("GET", "/x", b"")),
    "HAProxy, one captured agent without a version": ("haproxy", (HAPROXY % ("{an odd agent} {} ", "GET /x HTTP/1.1")).encode(), ("GET", "/x", b"an odd agent")),
    "HAProxy, a request cut by the length limit": ("haproxy", (HAPROXY % ("", "GET /x"))[:-1].encode(), "junk"),
    "HAProxy, the log of a TCP proxy": ("haproxy", b"192.0.2.1:5 [04/May/2026:09:12:33.143] f b/s 0/0/21 1 -- 2/1/0/0/0 0/0", "note"),
    "IIS, a line in front of any header": ("iis", b"2026-05-04 07:12:33 GET /x - 192.0.2.1 a 302", "junk"),
    "IIS, a field too many": ("iis", IIS.encode() + b"2026-05-04 07:12:33 GET /x - 192.0.2.1 a b 302", "junk"),
    "IIS, pluses": ("iis", IIS.encode() + b"2026-05-04 07:12:33 GET /x - 192.0.2.1 a+(+b++c) 302", ("GET", "/x", b"a (+b +c)")),
    "CloudFront, without header and with all columns": ("cloudfront", b"\t".join([b"2026-05-04", b"07:12:33", b"ARN1", b"1", b"192.0.2.1", b"GET", b"h", b"/x", b"302", b"-", b"a%20b"] + [b"-"] * 22), ("GET", "/x", b"a b")),
    "CloudFront, without header and with too few columns": ("cloudfront", b"2026-05-04\t07:12:33\tARN1", "junk"),
    "ALB, more fields than today": ("alb", b'h2 2026-05-04T07:12:34Z app/c/1 192.0.2.1:1 - -1 -1 -1 302 - 1 1 "GET https://c.example:443/x HTTP/2.0" "a"' + b' "-"' * 60, ("GET", "https://c.example:443/x", b"a")),
    "our own log, another object": ("linktrack", b'{"started":"2026-05-04T07:12:33Z"}', "junk"),
}  # fmt: skip


@pytest.mark.parametrize("case", LINES)
def test_an_odd_line(case: str) -> None:
    name, log, wanted = LINES[case]
    format = format_of(name)
    assert isinstance(format, LineFormat)
    _, _, stamp, method, target, _, agent, *_ = format.rows(log + b"\n")[-1]
    found: object = (method.decode(), target.decode(), agent)
    if not stamp:
        found = "junk"
    elif stamp is NOTE:
        found = "note"
    assert found == wanted


def test_a_log_without_dates_takes_them_from_its_header_and_from_midnight() -> None:
    """Lines are written as answers end, so a little out of order: only a fall of half a day is a new one."""
    format = format_of("iis")
    assert isinstance(format, LineFormat)
    times = ("10:00:01", "09:59:59", "23:59:58", "23:00:00", "00:00:01", "09:00:00", "23:59:59", "00:00:00")
    log = "#Date: 2028-02-28 10:00:00\n#Fields: time cs-method cs-uri-stem\n" + "".join(
        f"{time} GET /x\n" for time in times
    )
    stamps = [row[2].decode() for row in format.rows(log.encode())][2:]
    days = ["2028-02-28"] * 4 + ["2028-02-29"] * 3 + ["2028-03-01"]
    assert stamps == [f"{day} {time}" for day, time in zip(days, times, strict=True)]


def test_without_a_day_in_line_or_header_the_time_is_none() -> None:
    format = format_of("iis")
    assert isinstance(format, LineFormat)
    row = format.rows(b"#Fields: time cs-method cs-uri-stem\n10:00:01 GET /x\n")[1]
    with pytest.raises(ValueError, match="not a time"):
        format.moment(row[2])
