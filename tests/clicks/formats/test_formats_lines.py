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
    "combined, a quote that the next line would close": ("combined", COMBINED.encode()[:-1] % (b"GET /x HTTP/1.1", b"a") + b'\nb"', "junk"),
    "combined, two lines run together": ("combined", COMBINED.encode() % (b"GET /x HTTP/1.1", b"a") + b"192.0.2.2 - - [", "junk"),
    "combined, a carriage return inside": ("combined", COMBINED.encode() % (b"GET /x HTTP/1.1", b"a") + b" x\ry", ("GET", "/x", b"a")),
    "combined, a proxy's absolute address": ("combined", COMBINED.encode() % (b"GET http://click.example.com/x HTTP/1.1", b"a"), ("GET", "http://click.example.com/x", b"a")),
    "Caddy, bytes that are not UTF-8": ("caddy", CADDY.encode() % (b"GET", b"/x", b"\xff\xfe"), ("GET", "/x", b"\xff\xfe")),
    "Caddy, half a surrogate pair": ("caddy", CADDY.encode() % (b"GET", b"/x", b"\\ud83d"), ("GET", "/x", b"\\\\ud83d")),
    "Caddy, an escaped quote in the address": ("caddy", CADDY.encode() % (b"GET", b'/x\\"', b"a"), ("GET", '/x"', b"a")),
    "Caddy, a blank in the address": ("caddy", CADDY.encode() % (b"GET", b"/x y", b"a"), ("", "", b"a")),
    "Caddy, a method in small letters": ("caddy", CADDY.encode() % (b"get", b"/x", b"a"), ("get", "/x", b"a")),
    "Caddy, a method that is none": ("caddy", CADDY.encode() % (b"G(T", b"/x", b"a"), ("", "", b"a")),
    "combined, a handshake": ("combined", COMBINED.encode() % (rb"\x16\x03\x01 /x HTTP/1.1", b"a"), ("", "", b"a")),
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


JSON_LINE = '{"time": "2026-05-04T07:12:33Z", "request": "GET /x HTTP/1.1", "status": 302, %s}'
REQUESTED = '{%s, "request": "GET /x HTTP/1.1"}'
ALB_LINE = 'http 2026-05-04T07:12:34Z app/c/1 %s - -1 -1 -1 302 - 1 1 "GET http://c.example:80/x HTTP/1.1" "%s"'

EMPTY = b'192.0.2.1 - - [04/May/2026:09:12:33 +0200] "GET / HTTP/1.1" 302 0 "%s" "%s"%s'
ADDRESS = b"192.0.2.1"

# A combined line whose agent is empty or missing, and what it says of agent and forwarded address.
NO_AGENTS = {
    "empty": (EMPTY % (b"-", b"", b""), b"-", b""),
    "empty, and a referrer": (EMPTY % (b"https://a.example/", b"", b""), b"-", b""),
    "empty, behind a proxy": (EMPTY % (b"-", b"", b' "203.0.113.9"'), b"-", b"203.0.113.9"),
    "empty, nobody forwarded": (EMPTY % (b"-", b"", b' "-"'), b"-", b""),
    "empty, more behind": (EMPTY % (b"-", b"", b' 0.1 "203.0.113.9"'), b"-", b"203.0.113.9"),
    "a referrer that is empty": (EMPTY % (b"", b"a", b""), b"a", b""),
    "none, as the log has no agents": (EMPTY.partition(b' "%s')[0], b"", b""),
    "an empty field behind": (EMPTY % (b"-", b"a", b' ""'), b"a", b""),
}


@pytest.mark.parametrize("case", NO_AGENTS)
def test_an_agent_that_is_empty_is_told_from_a_log_without_agents(case: str) -> None:
    line, agent, forwarded = NO_AGENTS[case]
    format = format_of("combined")
    assert isinstance(format, LineFormat)
    stamp = b"04/May/2026:09:12:33 +0200"
    (row,) = format.rows(line + b"\n")
    assert row == (line, ADDRESS, stamp, b"GET", b"/", b"302", agent, forwarded, b"", b"")


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("torn", [b'"GET / HTTP/1.1" 302 0 "-" "half of an', b'"half of a', b"[04/May/2026:09"])
def test_what_is_closed_on_the_next_line_only_takes_none_of_that(torn: bytes, end: bytes) -> None:
    whole = EMPTY % (b"-", b"a", b"")
    cut = EMPTY.partition(b"[")[0] + (torn if torn[:1] == b"[" else b"[04/May/2026:09:12:33 +0200] " + torn)
    format = format_of("combined")
    assert isinstance(format, LineFormat)
    rows = format.rows(whole + b"\n" + cut + b"\n" + whole + end)
    assert [(row[0], row[3]) for row in rows] == [(whole, b"GET"), (cut, b""), (whole, b"GET")]


# What proxies say in front of an address that counts.
CHAINS = (
    "unknown, 203.0.113.77",
    "_hidden, 203.0.113.77",
    r"\x22a\x22,203.0.113.77, 10.0.0.2",
    "unknown, [2001:db8::1]:80",
    "two words, 203.0.113.77",
)

# The format, the line, and the field of its row with what it says.
FIELDS: dict[str, tuple[str, str, str, bytes]] = {
    "JSON, several upstreams' times and states": ("nginx-json", JSON_LINE % '"rt":0.010, 0.020,"st":502, 302', "status", b"302"),
    "JSON, an upstream that did not answer": ("nginx-json", JSON_LINE % '"rt":-, 0.020, "st": 502 : 302', "status", b"302"),
    "JSON, a status with a fraction": ("nginx-json", REQUESTED % '"ts": 1777878753, "status": 302.0', "status", b"302"),
    "Caddy, a status with a fraction": ("caddy", (CADDY % ("GET", "/x", "a")).replace("302", "302.0"), "status", b"302"),
    "JSON, only the upstreams' states": ("nginx-json", REQUESTED % '"ts": 1777878753, "upstream_status": "502, 302"', "status", b"302"),
    **{f"JSON, a status under {key}": ("nginx-json", REQUESTED % f'"time": "2026-05-04T07:12:33Z", "{key}": 302', "status", b"302")
       for key in ("statusCode", "StatusCode", "response", "code", "responseStatusCode", "sc-status", "http.response.status_code"[5:])},
    **{f"JSON, an address under {key}": ("nginx-json", JSON_LINE % f'"{key}": "192.0.2.1"', "host", b"192.0.2.1")
       for key in ("clientIp", "remoteAddr", "remote-addr", "RemoteIP", "client_ip_address", "sourceIp", "remote_host", "c-ip")},
    **{f"JSON, another's word under {key}": ("nginx-json", JSON_LINE % f'"ip": "10.0.0.1", "{key}": "192.0.2.1"', "forwarded", b"192.0.2.1")
       for key in ("realip", "forwarded", "X-Forwarded-For", "xForwardedFor", "true_client_ip", "http_cf_connecting_ip")},
    **{f"JSON, a time under {key}": ("nginx-json", REQUESTED % f'"{key}": "2026-05-04T07:12:33Z"', "stamp", b"2026-05-04T07:12:33Z")
       for key in ("datetime", "dateTime", "@timestamp", "date", "requestTimestamp")},
    "JSON, an agent that was not sent": ("nginx-json", JSON_LINE % '"http_user_agent": ""', "agent", b"-"),
    "JSON, a dash for an agent": ("nginx-json", JSON_LINE % '"http_user_agent": "-"', "agent", b"-"),
    "JSON, no agents in the log": ("nginx-json", JSON_LINE % '"x": ""', "agent", b""),
    "combined, an empty agent": ("combined", COMBINED % ("GET /x HTTP/1.1", ""), "agent", b"-"),
    "combined, a dash for an agent": ("combined", COMBINED % ("GET /x HTTP/1.1", "-"), "agent", b"-"),
    "common, no agents in the log": ("combined", '192.0.2.1 - - [04/May/2026:09:12:33 +0200] "GET /x HTTP/1.1" 302 0', "agent", b""),
    "ALB, an empty agent": ("alb", ALB_LINE % ("192.0.2.1:1", ""), "agent", b"-"),
    "ALB, an IPv6 address without brackets": ("alb", ALB_LINE % ("2001:db8::1:4711", "a"), "host", b"2001:db8::1"),
    "ALB, an IPv6 address in brackets": ("alb", ALB_LINE % ("[2001:db8::1]:4711", "a"), "host", b"[2001:db8::1]"),
    "HAProxy, an IPv6 address in brackets": ("haproxy", "[2001:db8::1]" + (HAPROXY % ("", "GET /x HTTP/1.1"))[9:], "host", b"[2001:db8::1]"),
    "IIS, a dash for an agent": ("iis", IIS + "2026-05-04 07:12:33 GET /x - 192.0.2.1 - 302", "agent", b"-"),
    "IIS, no agents in the log": ("iis", "#Fields: date time cs-method cs-uri-stem\n2026-05-04 07:12:33 GET /x", "agent", b""),
    "Caddy, an empty agent": ("caddy", CADDY % ("GET", "/x", ""), "agent", b"-"),
    "our own log, no agent": ("linktrack", '{"time":"2026-05-04T07:12:33Z","ip":"","method":"GET","path":"/x","status":302,"user_agent":"","network":""}', "agent", b"-"),
    "our own log, a line with its number": ("linktrack", '{"time":"2026-05-04T07:12:33Z","ip":"","method":"GET","path":"/x","status":302,"user_agent":"","network":"","number":"9f3a1c2e-12"}', "stamp", b"2026-05-04T07:12:33Z #9f3a1c2e-12"),
    **{f"combined, {host} in front": ("combined", (COMBINED % ("GET /x HTTP/1.1", "a")).replace("192.0.2.1", host, 1), "host", host.encode())
       for host in ("[2001:db8:5::1]:333, 10.0.0.2", "10.0.0.2, [2001:db8:5::1]:333", "[2001:db8:5::1], [2001:db8:5::2]", "192.0.2.7:80, [fe80::1%eth0]:1")},
    **{f"combined, the list {chain} behind the agent": ("combined", (COMBINED % ("GET /x HTTP/1.1", "a")) + f' "{chain}"{behind}', "forwarded", chain.encode())
       for chain in CHAINS for behind in ("", ' "0.01"')},
    "combined, a list behind the agent that ends with no address": ("combined", (COMBINED % ("GET /x HTTP/1.1", "a")) + ' "203.0.113.77, unknown"', "forwarded", b"203.0.113.77, unknown"),
    **{f"combined, a virtual host and {chain} in front": ("combined", (COMBINED % ("GET /x HTTP/1.1", "a")).replace("192.0.2.1", f"click.example.com {chain}", 1), "host", chain.encode())
       for chain in CHAINS[:-1]},
    **{f"HAProxy, the list {chain} captured": ("haproxy", HAPROXY % (f"{{{chain}|curl/8.5.0}} ", "GET /x HTTP/1.1"), "forwarded", chain.encode()) for chain in CHAINS},
    "HAProxy, a list alone captured is no agent": ("haproxy", HAPROXY % (f"{{{CHAINS[0]}}} ", "GET /x HTTP/1.1"), "agent", b""),
}  # fmt: skip


@pytest.mark.parametrize("case", FIELDS)
def test_a_field(case: str) -> None:
    name, log, field, wanted = FIELDS[case]
    format = format_of(name)
    assert isinstance(format, LineFormat)
    _, host, stamp, method, target, status, agent, forwarded, *_ = format.rows(log.encode() + b"\n")[-1]
    assert (method, target) == (b"GET", b"/x") or name == "alb"
    assert {"host": host, "stamp": stamp, "status": status, "agent": agent, "forwarded": forwarded}[field] == wanted


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
