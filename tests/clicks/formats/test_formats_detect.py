"""Which format a log has: found by its content, or refused with the candidates."""

from __future__ import annotations

from pathlib import Path

import pytest
from clicks.formats.formats_golden import FOLDER, SAMPLES, format_for

from linktrack.clicks.formats import FORMATS, LineFormat, detect, format_names, format_of
from linktrack.errors import BadInput, UsageError

GOOD = b'192.0.2.1 - - [04/May/2026:09:12:33 +0200] "GET /plb/x HTTP/1.1" 302 0 "-" "-"\n'
CLICK = b'{"time":"2026-05-04T07:12:33Z","ip":"192.0.2.0","method":"GET","path":"/x","status":302,"user_agent":"","network":""}\n'
CADDY = b'{"ts":1777878753.1,"logger":"http.log.access","request":{"method":"GET","uri":"/"},"status":302}\n'
SENDGRID = b'{"event":"click","sg_event_id":"1","url":"https://www.example.com/","timestamp":1777878753}'
IIS_HEADER = b"#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time cs-method cs-uri-stem\r\n"
HAPROXY = b'192.0.2.1:5 [04/May/2026:09:12:33.143] f b/s 0/0/7/14/21 302 1 - - ---- 2/1/0/0/0 0/0 "GET /x HTTP/1.1"\n'

RIGHT = {
    "blank lines and comments in front": (b"\n\n# rotated by hand\n\n" + GOOD * 3, "combined"),
    "a BOM in front": (b"\xef\xbb\xbf" + GOOD, "combined"),
    "a BOM in front of JSON": (b"\xef\xbb\xbf[" + SENDGRID + b"]", "sendgrid"),
    "a BOM in front of an IIS header": (b"\xef\xbb\xbf" + IIS_HEADER + b"2026-05-04 07:12:33 GET /x\r\n", "iis"),
    "just under half of the lines junk": (b"junk\n" * 4 + GOOD * 5, "combined"),
    "requests that are no HTTP": (GOOD.replace(b"GET /plb/x HTTP/1.1", b"\\x16\\x03\\x01"), "combined"),
    "Windows line ends": (GOOD.replace(b"\n", b"\r\n") * 3, "combined"),
    "one line without a line end": (GOOD.rstrip(), "combined"),
    "an IIS log of a day without requests": (IIS_HEADER, "iis"),
    "a CloudFront header without requests": (b"#Version: 1.0\n#Fields: date time x-edge-location cs-uri-stem\n", "cloudfront"),
    "one HAProxy line among many of other programs": (b"May  4 09:12:34 lb1 sshd[1]: hello\n" * 50 + b"May  4 09:12:34 lb1 haproxy[1]: " + HAPROXY, "haproxy"),
    "our own log": (CLICK, "linktrack"),
    "a JSON array on one line": (b"[" + b",".join([SENDGRID] * 3) + b"]", "sendgrid"),
    "a JSON array over many lines": (b"[\n" + b",\n".join([SENDGRID] * 3) + b"\n]\n", "sendgrid"),
    "one JSON object a line": (b"\n".join([SENDGRID] * 3), "sendgrid"),
    "JSON objects with nothing between them": (SENDGRID * 3, "sendgrid"),
    "an array that the sample cuts": (b"[" + b",".join([SENDGRID] * 300)[:9000], "sendgrid"),
    "a page of an events API that the sample cuts": (b'{ "items" : [\n' + b'{"event":"clicked","log-level":"info","timestamp":1,"id":"a"},\n' * 500, "mailgun"),
    "events with a broken line among them": (SENDGRID + b'\n{"event":"cli\n' + SENDGRID + b"\n" + SENDGRID, "sendgrid"),
    "a Mailchimp export parted by semicolons": (b"E-mail;Email Address;Timestamp;URL\n", "mailchimp"),
}  # fmt: skip

REFUSED = {
    "nothing but blank lines": (b"\n\n\n", "none of the log formats"),
    "an IIS header in front of junk": (IIS_HEADER + b"junk\r\n" * 3, "none of the log formats"),
    "more junk than log": (b"junk\n" * 6 + GOOD * 5, "none of the log formats"),
    "a web page": (b"<!DOCTYPE html>\n<html><body>[04/May/2026:09:12:33 +0200] \"GET /\"</body></html>\n", "none of the log formats"),
    "a CSV that is no log": (b"contact_id,email,name\n1,anna@example.com,Anna\n", "none of the log formats"),
    "a CRM export with a URL and a time": (b"id,url,timestamp\n1,https://www.example.com,2026-05-04\n", "none of the log formats"),
    "syslog of something else": (b"May  4 09:12:34 lb1 sshd[1]: Connection closed by 192.0.2.1 port 22\n" * 5, "none of the log formats"),
    "JSON of something else": (b'{"level":"info","msg":"started"}\n{"event":"click"}\n', "none of the log formats"),
    "a JSON array of numbers": (b"[1,2,3]", "none of the log formats"),
    "an error log": (b"2026/05/04 09:12:39 [error] 31#31: *46 open() failed, client: 192.0.2.26\n", "none of the log formats"),
    "a log in UTF-16": (b"\xff\xfe" + GOOD.decode().encode("utf-16-le"), "UTF-16: convert it first"),
    "a log in big-endian UTF-16": (b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), "UTF-16: convert it first"),
    "a log in UTF-16 without a BOM": (GOOD.decode().encode("utf-16-le"), "NUL bytes"),
    "a program": (b"\x7fELF" + b"\x00\x01\x02" * 300, "NUL bytes"),
    "a picture": (bytes(range(1, 256)) * 20, "none of the log formats"),
    "two formats in equal shares": (GOOD * 5 + CADDY * 5, "combined or caddy"),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_a_log_is_recognised(case: str) -> None:
    sample, name = RIGHT[case]
    assert detect(sample, "x.log").name == name


@pytest.mark.parametrize("case", REFUSED)
def test_what_nothing_or_more_than_one_thing_fits_is_refused(case: str) -> None:
    sample, reason = REFUSED[case]
    with pytest.raises(BadInput, match=reason) as caught:
        detect(sample, "x.log")
    assert str(caught.value).startswith("x.log: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_recognised_from_any_of_its_beginnings_or_refused_but_never_mistaken(path: Path) -> None:
    data = path.read_bytes()
    custom = path.with_suffix(".format").exists()
    right = format_for(path).name
    for end in range(0, len(data), 97):
        try:
            found = detect(data[:end], path.name).name
        except BadInput:
            continue
        assert found == right or custom


def test_a_custom_format_whose_keys_have_the_usual_names_needs_no_string() -> None:
    assert detect(b'{"msec":"1777878753.1","request":"GET / HTTP/1.1","status":"302"}\n', "x").name == "nginx-json"


@pytest.mark.parametrize("name", format_names())
def test_every_name_gives_its_format_and_is_its_own(name: str) -> None:
    found = format_of(f" {name.upper()} ")
    assert name in found.names
    assert format_names().count(name) == 1
    assert format_of(found.name).name == found.name


def test_detecting_does_not_spoil_the_format_for_reading() -> None:
    sample = (FOLDER / "iis.log").read_bytes()
    found = detect(sample, "x.log")
    fresh = format_of("iis")
    assert isinstance(found, LineFormat)
    assert isinstance(fresh, LineFormat)
    assert found.state() == fresh.state() == ""
    assert found.rows(sample) == fresh.rows(sample)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"unknown log format 'nope': there are combined, .*, or give the server's own"
    ):
        format_of("nope")


def test_a_zone_reaches_the_formats_that_write_local_time() -> None:
    for format in (format_of("haproxy", "Europe/Stockholm"), detect(HAPROXY, "x.log", "Europe/Stockholm")):
        assert isinstance(format, LineFormat)
        assert format.moment(format.rows(HAPROXY)[0][2]) == 1_777_878_753_143
    for name in ("iis", "cloudfront", "cloudfront-json", "alb"):  # always UTC
        utc = format_of(name, "Europe/Stockholm")
        assert isinstance(utc, LineFormat)
        assert utc.moment(b"2026-05-04 07:12:33") == 1_777_878_753_000
    with pytest.raises(UsageError, match="a time zone has a name like Europe/Stockholm, not 'Nowhere'"):
        format_of("combined", "Nowhere")


def test_the_names_of_all_formats_are_different() -> None:
    names = [make().name for make in FORMATS]
    assert len(set(names)) == len(names)
