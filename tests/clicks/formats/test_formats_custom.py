"""Formats of the server's own: log_format strings of nginx and LogFormat strings of Apache."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.clicks.event import LineRow
from linktrack.clicks.formats import LineFormat, detect, format_of
from linktrack.clicks.formats.clf import CommonLog
from linktrack.errors import UsageError

ISO = "2026-05-04T07:12:33.000Z"
MOMENT = 1_777_878_753_000
NGINX_COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
APACHE_COMBINED = r"%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\""
COMBINED = b'192.0.2.1 - - [04/May/2026:09:12:33 +0200] "GET /x?a=1 HTTP/1.1" 302 0 "-" "an \\x22agent\\x22"'

# The format string, a line, and what is read: host, moment, method, target, status, agent, purpose.
READ = {
    "nginx combined": (NGINX_COMBINED, COMBINED, "192.0.2.1", "GET", "/x?a=1", "302", 'an \\x22agent\\x22', ""),
    "Apache combined": (APACHE_COMBINED, COMBINED, "192.0.2.1", "GET", "/x?a=1", "302", 'an \\x22agent\\x22', ""),
    "an Apache line as it stands in the configuration": (f'LogFormat "{APACHE_COMBINED}" combined', COMBINED, "192.0.2.1", "GET", "/x?a=1", "302", 'an \\x22agent\\x22', ""),
    "an Apache string without backslashes": ('%h %t "%r" %>s', b'192.0.2.1 [04/May/2026:09:12:33 +0200] "GET /x HTTP/1.1" 302', "192.0.2.1", "GET", "/x", "302", "", ""),
    "nginx over several lines in two kinds of quotes": ("log_format  main  '$remote_addr [$time_local] '\n   \"\\\"$request\\\" \" '$status';\n", b'192.0.2.1 [04/May/2026:09:12:33 +0200] "GET /x HTTP/1.1" 302', "192.0.2.1", "GET", "/x", "302", "", ""),
    "quoted pieces without the directive": ("'$remote_addr [$time_local] ' '\"$request\" $status'", b'192.0.2.1 [04/May/2026:09:12:33 +0200] "GET /x HTTP/1.1" 302', "192.0.2.1", "GET", "/x", "302", "", ""),
    "variables in braces": ("${remote_addr}|${msec}|${request}|${status}", b"192.0.2.1|1777878753.000|GET /x HTTP/1.1|302", "192.0.2.1", "GET", "/x", "302", "", ""),
    "tabs": ("$time_iso8601\\t$remote_addr".replace("\\t", "\t") + "\t$request\t$status\t$http_user_agent\t$http_purpose", b"2026-05-04T09:12:33+02:00\t192.0.2.1\tGET /x HTTP/1.1\t302\tan agent\tprefetch", "192.0.2.1", "GET", "/x", "302", "an agent", "prefetch"),
    "path and arguments apart": ('$time_iso8601 $remote_addr $request_method $uri$is_args$args $status', b"2026-05-04T09:12:33+02:00 192.0.2.1 GET /x?a=1 302", "192.0.2.1", "GET", "/x?a=1", "302", "", ""),
    "arguments in a place of their own": ('$time_iso8601 $request_method $uri "$args" $status', b'2026-05-04T09:12:33+02:00 GET /x "a=1" 302', "", "GET", "/x?a=1", "302", "", ""),
    "a whole address": ('$time_iso8601 $request_method $scheme://$host$request_uri $status', b"2026-05-04T09:12:33+02:00 GET https://click.example.com/x 302", "", "GET", "/x", "302", "", ""),
    "the address that a proxy passes on": ('$time_iso8601 "$request" $status "$http_x_forwarded_for"', b'2026-05-04T09:12:33+02:00 "GET /x HTTP/1.1" 302 "203.0.113.9, 192.0.2.1"', "203.0.113.9, 192.0.2.1", "GET", "/x", "302", "", ""),
    "the server's own address beside it": ('$remote_addr $time_iso8601 "$request" $status "$http_x_forwarded_for"', b'192.0.2.1 2026-05-04T09:12:33+02:00 "GET /x HTTP/1.1" 302 "203.0.113.9"', "192.0.2.1", "GET", "/x", "302", "", ""),
    "JSON with its own keys": ('log_format j escape=json \'{"a":"$msec","b":"$request","c":"$status","d":"$http_user_agent"}\';', b'{"a":"1777878753.000","b":"GET /x?a=\\"1\\" HTTP/1.1","c":"302","d":"tab\\there \\\\ \\u00e9"}', "", "GET", '/x?a="1"', "302", "tab\there \\\\ é", ""),
    "JSON without saying so": ('{"a":"$msec","b":"$request","c":$status,"d":"$http_user_agent"}', b'{"a":"1777878753.000","b":"GET /x HTTP/1.1","c":302,"d":"a \\"b\\""}', "", "GET", "/x", "302", 'a "b"', ""),
    "no escapes at all": ("escape=none '$msec \"$request\" $status \"$http_user_agent\"'", b'1777878753.000 "GET /x HTTP/1.1" 302 "a \\ b"', "", "GET", "/x", "302", "a \\\\ b", ""),
    "a user with blanks": (NGINX_COMBINED, COMBINED.replace(b"- - [", b"- Anna [van] den B [", 1), "192.0.2.1", "GET", "/x?a=1", "302", 'an \\x22agent\\x22', ""),
    "strftime with a fraction": (r"%a [%{%Y-%m-%d %H:%M:%S}t.%{msec_frac}t %{%z}t] \"%m %U%q\" %s", b'192.0.2.1 [2026-05-04 09:12:33.000 +0200] "GET /x?a=1" 302', "192.0.2.1", "GET", "/x?a=1", "302", "", ""),
    "strftime of twelve hours": (r"%{%d %b %y %I:%M:%S %p %z}t \"%r\" %>s", b'04 May 26 09:12:33 AM +0200 "GET /x HTTP/1.1" 302', "", "GET", "/x", "302", "", ""),
    "strftime in the afternoon": (r"%{%d %b %y %I:%M:%S %p %z}t \"%r\" %>s", b'04 May 26 07:12:33 PM +1200 "GET /x HTTP/1.1" 302', "", "GET", "/x", "302", "", ""),
    "strftime's short forms, local time": (r"%{begin:%F %T}t \"%r\" %>s", b'2026-05-04 09:12:33 "GET /x HTTP/1.1" 302', "", "GET", "/x", "302", "", ""),
    "strftime's day of the week": (r"%{%a %b %e %H:%M:%S %Y}t \"%r\" %>s", b'Mon May  4 09:12:33 2026 "GET /x HTTP/1.1" 302', "", "GET", "/x", "302", "", ""),
    "seconds": (r"%{sec}t \"%r\" %>s", b'1777878753 "GET /x HTTP/1.1" 302', "", "GET", "/x", "302", "", ""),
    "microseconds": (r"%{usec}t \"%r\" %>s", b'1777878753000000 "GET /x HTTP/1.1" 302', "", "GET", "/x", "302", "", ""),
    "conditions and headers": (r"%v:%p %{c}a %t \"%r\" %>s \"%!200,304{User-Agent}i\" \"%{sec-purpose}i\" %%", b'x.example:443 192.0.2.1 [04/May/2026:09:12:33 +0200] "GET /x HTTP/1.1" 302 "a \\"b\\"" "prefetch" %', "192.0.2.1", "GET", "/x", "302", 'a \\"b\\"', "prefetch"),
    "an agent at the end needs no quotes": ("$msec $request_method $request_uri $status $http_user_agent", b"1777878753.000 GET /x 302 an agent", "", "GET", "/x", "302", "an agent", ""),
}  # fmt: skip

REFUSED = {
    "no time": ('$remote_addr "$request" $status', "has no time in it"),
    "a quotation mark that is not closed": ('$remote_addr [$time_local] "$request" $status "$http_user_agent', "a quotation mark that is not closed"),
    "a directive that is not closed": (r"%h %t \"%r\" %>s \"%{Referer\"", "'%{Referer\"' in it, which is not closed"),
    "a variable that is not closed": ('$remote_addr [$time_local] "$request" $status "${http_user_agent"', "which is not closed"),
    "no request": ("$remote_addr [$time_local] $status", "has no request in it"),
    "no method": ("$time_local $request_uri $status", "has no method in it"),
    "no address": ("%t %m %>s", "has no address in it"),
    "no status": (r"%h %t \"%r\"", "has no status in it"),
    "no year": (r"%{%d/%b %H:%M:%S}t \"%r\" %>s", r"has no year \(%Y\)"),
    "no day and no month": (r"%{%Y %H:%M:%S}t \"%r\" %>s", r"no day \(%d\) and no month \(%m\)"),
    "no time of day": (r"%{%F}t \"%r\" %>s", r"no time of day \(%H\)"),
    "a letter that strftime does not have": (r"%{%Q}t \"%r\" %>s", "%Q in %{%Q}t is no letter"),
    "nothing between two fields": ("$time_local $request$http_user_agent $status", r"nothing stands between \$request and \$http_user_agent"),
    "an agent in the open": ("$time_local $http_user_agent $host $request $status", "an agent holds blanks"),
    "the first status only": (r"%h %t \"%r\" %<s", "has no status in it"),
}  # fmt: skip


def made(string: str) -> LineFormat:
    format = format_of(string, "Europe/Stockholm")
    assert isinstance(format, LineFormat)
    return format


@pytest.mark.parametrize("case", READ)
def test_a_line_is_read_as_the_string_says(case: str) -> None:
    string, line, *wanted = READ[case]
    format = made(string)
    row: LineRow = format.rows(line + b"\n")[0]
    assert row[0] == line
    assert format.moment(row[2]) == MOMENT
    assert [(row[1] or row[7]).decode(), *(row[index].decode() for index in (3, 4, 5, 6, 8))] == wanted


COMMON = '$time_iso8601 "$request" $status'
LINE = b'2026-05-04T09:12:33+02:00 "GET /x HTTP/1.1" 302'

# The format string, a line, and the server's peer and what proxies said.
CHAINS = {
    "nginx's main": (NGINX_COMBINED + ' "$http_x_forwarded_for"', COMBINED + b' "203.0.113.9, 10.0.0.2"', "192.0.2.1", "203.0.113.9, 10.0.0.2"),
    "a list in front without quotes": ("$http_x_forwarded_for - " + COMMON, b"203.0.113.9, 10.0.0.2 - " + LINE, "", "203.0.113.9, 10.0.0.2"),
    "a list in front that is not there": ("$http_x_forwarded_for $remote_addr " + COMMON, b"- 192.0.2.1 " + LINE, "192.0.2.1", ""),
    "nginx's own list": (COMMON + " $proxy_add_x_forwarded_for", LINE + b" 203.0.113.9, 10.0.0.2", "", "203.0.113.9, 10.0.0.2"),
    "the real address that a proxy says": ("$remote_addr $http_x_real_ip " + COMMON, b"10.0.0.1 203.0.113.9 " + LINE, "10.0.0.1", "203.0.113.9"),
    "a list counts more than one that a proxy says": ("$remote_addr " + COMMON + ' "$http_x_real_ip" "$http_x_forwarded_for"', b"10.0.0.1 " + LINE + b' "10.0.0.3" "203.0.113.9, 10.0.0.3"', "10.0.0.1", "203.0.113.9, 10.0.0.3"),
    "the proxy protocol's": ("$remote_addr $proxy_protocol_addr " + COMMON, b"10.0.0.1 203.0.113.9 " + LINE, "10.0.0.1", "203.0.113.9"),
    "the peer, once realip has put the visitor in its place": ("$realip_remote_addr $remote_addr " + COMMON, b"10.0.0.1 203.0.113.9 " + LINE, "203.0.113.9", ""),
    "Apache's header": (r'%h %t \"%r\" %>s \"%{X-Forwarded-For}i\"', b'10.0.0.1 [04/May/2026:09:12:33 +0200] "GET /x HTTP/1.1" 302 "203.0.113.9, 10.0.0.2"', "10.0.0.1", "203.0.113.9, 10.0.0.2"),
    "Apache's header in front": (r'%{X-Forwarded-For}i %l %u %t \"%r\" %>s', b'203.0.113.9, 10.0.0.2 - - [04/May/2026:09:12:33 +0200] "GET /x HTTP/1.1" 302', "", "203.0.113.9, 10.0.0.2"),
    "the peer beside what mod_remoteip made of it": (r'%{c}a %a %t \"%r\" %>s', b'10.0.0.1 203.0.113.9 [04/May/2026:09:12:33 +0200] "GET /x HTTP/1.1" 302', "203.0.113.9", ""),
    "a JSON string": ('{"t":"$msec","r":"$request","s":"$status","f":"$http_x_forwarded_for","a":"$remote_addr"}', b'{"t":"1777878753.000","r":"GET /x HTTP/1.1","s":"302","f":"203.0.113.9, 10.0.0.2","a":"10.0.0.1"}', "10.0.0.1", "203.0.113.9, 10.0.0.2"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHAINS)
def test_a_string_says_where_the_addresses_stand(case: str) -> None:
    string, line, host, forwarded = CHAINS[case]
    row = made(string).rows(line + b"\n")[0]
    assert (row[1].decode(), row[7].decode()) == (host, forwarded)


@pytest.mark.parametrize("case", ["nginx combined", "Apache combined", "variables in braces"])
def test_what_stands_in_front_of_a_line_is_not_taken_for_its_address(case: str) -> None:
    string, line, *_ = READ[case]
    for head in (
        b"May  4 10:12:33 w nginx: ",
        b"May 14 10:12:33 w nginx: ",
        b"nginx.1  | ",
        b"2026-05-04T07:12:33Z w n: ",
    ):
        assert made(string).rows(head + line)[0][2] == b""


@pytest.mark.parametrize("case", READ)
def test_the_name_makes_the_format_again(case: str) -> None:
    string, line, *_ = READ[case]
    assert made(made(string).name).rows(line) == made(string).rows(line)


@pytest.mark.parametrize("case", READ)
def test_a_line_that_is_cut_off_is_never_read_as_another_time_or_address(case: str) -> None:
    string, line, *_ = READ[case]
    format = made(string)
    whole = format.rows(line)[0]
    for end in range(len(line)):
        row = format.rows(line[:end] + b"\n")
        assert not row or not row[0][2] or (row[0][2], row[0][3:6]) == (whole[2], whole[3:6])


@pytest.mark.parametrize("case", REFUSED)
def test_a_string_that_lacks_something_is_refused_with_its_name(case: str) -> None:
    string, sentence = REFUSED[case]
    with pytest.raises(UsageError, match=sentence):
        format_of(string)


@given(st.lists(st.sampled_from(["$", "%", "$request", "$time_local", "$status", "%r", "%t", "%>s", "%{", "}i", '"', "'", "\\", " ", "{", "escape=json ", "log_format x ", "%{%d}t", "[", "]", "|", "(", "é"]), max_size=12).map("".join))  # fmt: skip
def test_any_string_makes_a_format_or_a_sentence(string: str) -> None:
    try:
        format = format_of(string)
    except UsageError as problem:
        assert str(problem)
    else:
        assert isinstance(format, LineFormat)
        assert len(format.rows(COMBINED)) == 1


def test_the_combined_format_as_a_string_reads_what_the_built_in_one_reads() -> None:
    from clicks.formats.formats_golden import FOLDER

    log = (FOLDER / "combined.log").read_bytes()
    own, custom = CommonLog(), made(NGINX_COMBINED)
    for built_in, by_string in zip(own.rows(log), custom.rows(log), strict=True):
        if by_string[2]:
            dash = tuple(b"" if field == b"-" else field for field in built_in)
            assert (*by_string[:6], by_string[6]) == (*dash[:6], built_in[6])


def test_the_snippet_that_we_ship_for_apache_is_read() -> None:
    snippet = (Path(__file__).parents[3] / "configs" / "weblogs" / "apache.conf").read_text()
    string = next(line for line in snippet.splitlines() if line.startswith("LogFormat"))
    assert made(string).rows(COMBINED)[0][3:6] == (b"GET", b"/x?a=1", b"302")


def test_the_log_format_that_we_ship_for_nginx_is_read_by_its_string_and_by_its_keys() -> None:
    snippet = (Path(__file__).parents[3] / "configs" / "weblogs" / "nginx.conf").read_text()
    string = re.search(r"^log_format .*?;$", snippet, re.MULTILINE | re.DOTALL)
    assert string is not None
    line = (
        b'{"time_iso8601":"2026-05-04T09:12:33+02:00","remote_addr":"192.0.2.1","request":"GET /x?a=1 HTTP/1.1",'
        b'"status":"302","http_user_agent":"an \\"agent\\"","http_sec_purpose":"prefetch"}'
    )
    by_keys = detect(line + b"\n", "x.log")
    assert isinstance(by_keys, LineFormat)
    assert by_keys.name == "nginx-json"
    row = made(string[0]).rows(line)[0]
    assert row == by_keys.rows(line)[0]
    assert row[1:] == (
        b"192.0.2.1",
        b"2026-05-04T09:12:33+02:00",
        b"GET",
        b"/x?a=1",
        b"302",
        b'an "agent"',
        b"",
        b"prefetch",
        b"",
    )
