"""What a request is answered: a table to check by eye, and what holds for every request."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server.server_world import (
    DAY,
    KINDS,
    OTHERS,
    PAGES,
    PLACES,
    SENT,
    SITE,
    SNAPSHOT,
    KnownPeople,
    path,
    request,
    site,
)

from linktrack.clicks.formats.click_log import ClickLog
from linktrack.links.address_shape import TAIL
from linktrack.links.tokens import NOBODY
from linktrack.server.answer import answer, prefilled_url
from linktrack.server.request import PATH_ROOM, Request, log_line

LATE = SENT + 22 * DAY
LOOK, POSTED = "GET, HEAD", "GET, HEAD, POST"

# method, place, query → status, and what the answer says: a Location, an Allow, or words of its page.
TABLE: dict[str, tuple[str, str, str, int, str]] = {
    "a redirect leads to the link's address": ("GET", "redirect", "", 302, "https://www.example.com/%C3%A5?utm_medium=email"),
    "whatever the query": ("GET", "redirect", "https://evil.example/", 302, "https://www.example.com/%C3%A5?utm_medium=email"),
    "a redirect with merge tags is filled": (
        "GET", "tagged", "", 302,
        "https://www.example.com/?n=Anna%20%C3%85%20%26%20S%C3%B6ner&c=#anna%2B1%40example.com",
    ),
    "a redirect that scripts know, for who has no address": ("GET", "returns", "", 302, "https://www.example.com/r"),
    "a form is prefilled, empty values add nothing": (
        "GET", "form", "", 302,
        "https://forms.example.com/f?a=1&n=Anna%20%C3%85%20%26%20S%C3%B6ner&mail=anna%2B1%40example.com#top",
    ),
    "a text": ("GET", "text", "", 200, "<p>Thanks!</p>"),
    "a link to confirm shows a button": ("GET", "confirm", "", 200, "<strong>www.example.com</strong>"),
    "a text to confirm shows a button": ("GET", "confirm-text", "", 200, '<form method="post" action="?">'),
    "a form to confirm shows a button": ("GET", "confirm-form", "", 200, "<strong>forms.example.com</strong>"),
    "unsubscribing asks": ("GET", "unsubscribe", "", 200, '<form method="post" action="?page">'),
    "a look at one-click's address asks too": ("GET", "unsubscribe", "page", 200, '<form method="post" action="?page">'),
    "subscriptions have a button a type": ("GET", "subscriptions", "", 200, 'action="?off=Newsletter"'),
    "a look at a button's address changes nothing": ("GET", "subscriptions", "off=Newsletter", 200, 'action="?off=Newsletter"'),
    "view-online": ("GET", "view-online", "", 200, 'srcdoc="&lt;p class=&#34;x&#34;&gt;Hej &amp;amp; hall'),
    "a honeypot is an empty page": ("GET", "honeypot", "", 200, ""),
    "POST confirms": ("POST", "confirm", "", 303, "https://www.example.com/c"),
    "POST confirms a text": ("POST", "confirm-text", "", 200, "<p>Thanks!</p>"),
    "POST confirms a form": (
        "POST", "confirm-form", "", 303,
        "https://forms.example.com/f?n=Anna%20%C3%85%20%26%20S%C3%B6ner&mail=anna%2B1%40example.com",
    ),
    "POST of the page's button unsubscribes": ("POST", "unsubscribe", "page", 200, "<h1>You are unsubscribed</h1>"),
    "POST of one-click unsubscribes": ("POST", "unsubscribe", "", 200, "You are unsubscribed.\n"),
    "POST of one-click, whatever the query": ("POST", "unsubscribe", "utm_source=x", 200, "You are unsubscribed.\n"),
    "POST of one-click at subscriptions": ("POST", "subscriptions", "", 200, "You are unsubscribed.\n"),
    "POST of the page's button at subscriptions": ("POST", "subscriptions", "page", 200, "<h1>You are unsubscribed</h1>"),
    "leaving a type": ("POST", "subscriptions", "off=newsletter", 200, 'action="?on=Newsletter"'),
    "joining a type": ("POST", "subscriptions", "on=Offers", 200, 'action="?off=Offers"'),
    "leaving all": ("POST", "subscriptions", "off=*", 200, 'action="?on=Offers"'),
    "a type's button at the unsubscribe link": ("POST", "unsubscribe", "off=Newsletter", 200, 'action="?on=Newsletter"'),
    "POST of a plain redirect": ("POST", "redirect", "", 405, LOOK),
    "POST of a form": ("POST", "form", "", 405, LOOK),
    "POST of a text": ("POST", "text", "", 405, LOOK),
    "POST of view-online": ("POST", "view-online", "", 405, LOOK),
    "POST of a honeypot": ("POST", "honeypot", "", 405, LOOK),
    "PUT of a redirect": ("PUT", "redirect", "", 405, LOOK),
    "OPTIONS of a link to confirm": ("OPTIONS", "confirm", "", 405, POSTED),
    "DELETE of unsubscribing": ("DELETE", "unsubscribe", "", 405, POSTED),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_the_table_of_answers(case: str) -> None:
    method, place, query, status, says = TABLE[case]
    reply, line = answer(request(method, path(place), query), SITE)
    headers = dict(reply.headers)
    assert reply.status == status
    assert says in headers.get("Location", headers.get("Allow", reply.body.decode()))
    assert reply.acts == (method == "POST" and status < 400)
    record = json.loads(line)
    assert (record["method"], record["status"], record["path"]) == (
        method,
        status,
        path(place) + (f"?{query}" if query else ""),
    )


@pytest.mark.parametrize("place", PLACES)
def test_head_is_answered_like_get_without_a_body(place: str) -> None:
    got, line = answer(request("GET", path(place)), SITE)
    head, said = answer(request("HEAD", path(place)), SITE)
    assert head == got._replace(body=b"")
    assert json.loads(said) == {**json.loads(line), "method": "HEAD"}


@pytest.mark.parametrize("place", [place for place in PLACES if place != "elsewhere"])
@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "preview", "Prefetch"])
def test_a_prefetch_of_anything_known_is_told_to_come_again(place: str, purpose: str) -> None:
    for method in ("GET", "HEAD"):
        reply, line = answer(request(method, path(place), purpose=purpose), SITE)
        assert (reply.status, reply.body, dict(reply.headers)["Cache-Control"]) == (503, b"", "no-store")
        assert json.loads(line)["sec_purpose"] == purpose


def test_another_purpose_is_no_prefetch() -> None:
    assert answer(request("GET", path(), purpose="navigate"), SITE)[0].status == 302


NOT_OURS = {
    "the root": "/",
    "nothing": "",
    "an asterisk": "*",
    "a placement alone": "/aaaa",
    "another placement": path("zzzz"),
    "a placement of another mailing": path("elsewhere"),
    "a forged token": path(tokens=OTHERS),
    "a flipped token": path()[:-1] + ("a" if path()[-1] != "a" else "b"),
    "a shipment that is not known": path(shipment=5),
    "a token that is too short": path()[:-1],
    "a token that goes on": path() + "a",
    "another path before it": f"/x{path()}",
    "a path behind it": f"{path()}/x",
    "doubled slashes": f"/{path()}",
    "an encoded slash in it": path().replace("/", "%2f"),
    "a line end behind it": path() + "\n",
    "the health of another path": "/x/healthz",
    "something hostile": "/../../etc/passwd",
    "what is longer than the log has room for": path().ljust(PATH_ROOM + 1, "."),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_OURS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "BREW"])
def test_everything_else_is_the_same_404(case: str, method: str) -> None:
    reply, line = answer(request(method, NOT_OURS[case], "x=<script>", purpose="prefetch"), SITE)
    assert reply == answer(request(method, "/"), SITE)[0]
    assert reply.status == 404
    assert json.loads(line)["status"] == 404


def test_a_revoked_key_is_the_same_404() -> None:
    from linktrack.links.tokens import Keyring, Tokens

    only_another = Tokens(Keyring({1: b"n" * 32}), b"w" * 16)
    assert answer(request("GET", path()), site(tokens=only_another))[0] == answer(request("GET", "/"), SITE)[0]


SHARED = {
    "a redirect": ("redirect", 302),
    "a text": ("text", 200),
    "unsubscribing": ("unsubscribe", 404),
    "subscriptions": ("subscriptions", 404),
    "the mail in the browser": ("view-online", 404),
}


@pytest.mark.parametrize("case", SHARED)
def test_a_token_that_many_share_opens_nothing_of_a_person(case: str) -> None:
    place, status = SHARED[case]
    assert answer(request("GET", path(place, recipient=NOBODY)), SITE)[0].status == status


ALSO_OURS = {
    "in capitals": path().upper(),
    "below the base path": f"/k{path()}",
    "below the base path, all of it in capitals": f"/k{path()}".upper(),
    "with what clients glue to it": path() + ".,;:)>]'\"/ ",
    "of a cancelled shipment": path(shipment=70_002),
    "as long as the log has room for": path().ljust(PATH_ROOM, "."),
}


@pytest.mark.parametrize("case", ALSO_OURS)
def test_what_is_ours_all_the_same(case: str) -> None:
    assert answer(request("GET", ALSO_OURS[case]), SITE)[0].status == 302


@pytest.mark.parametrize("sign", sorted(set(".,;:)>]'\"/ ")))
def test_each_sign_of_a_tail(sign: str) -> None:
    assert re.fullmatch(TAIL, sign)
    assert answer(request("GET", path("unsubscribe") + sign), SITE)[0].status == 200


def test_a_script_s_address_leads_as_it_is_and_is_not_filled() -> None:
    reply, _ = answer(request("GET", path("returns", recipient=8)), SITE)
    assert dict(reply.headers)["Location"] == "https://other.example/{{name}}?x=1"


def test_without_the_database_redirects_go_without_values() -> None:
    gone = site(people=KnownPeople(gone=True))

    def where(place: str) -> str:
        return dict(answer(request("GET", path(place)), gone)[0].headers)["Location"]

    assert where("tagged") == "https://www.example.com/?n=&c=#"
    assert where("form") == "https://forms.example.com/f?a=1#top"
    assert where("returns") == "https://www.example.com/r"


def test_without_the_database_subscriptions_are_the_unsubscribe_button_and_view_online_asks_to_come_again() -> None:
    gone = site(people=KnownPeople(gone=True))
    shown = answer(request("GET", path("subscriptions")), gone)[0]
    assert (shown.status, shown.body) == (200, PAGES.unsubscribe("Newsletter").body)
    online = answer(request("GET", path("view-online")), gone)[0]
    assert (online.status, dict(online.headers)["Retry-After"]) == (503, "5")
    assert answer(request("POST", path("subscriptions"), "off=Newsletter"), gone)[0].acts


AFTERWARDS = {
    "the page is gone and unsubscribing is not": ("GET", "", 410, "?page"),
    "joining changes nothing": ("POST", "on=Offers", 410, "?page"),
    "leaving acts for ever": ("POST", "off=Offers", 200, "Your choice is saved."),
    "leaving acts also beside joining": ("POST", "on=Offers&off=Newsletter", 200, "Your choice is saved."),
    "unsubscribing acts for ever": ("POST", "page", 200, "You are unsubscribed"),
    "one-click acts for ever": ("POST", "", 200, "You are unsubscribed"),
}


@pytest.mark.parametrize("case", AFTERWARDS)
def test_subscriptions_after_three_weeks(case: str) -> None:
    method, query, status, says = AFTERWARDS[case]
    reply, _ = answer(request(method, path("subscriptions"), query, at=LATE), SITE)
    assert reply.status == status and says in reply.body.decode()
    assert reply.acts == (status == 200)


def test_unsubscribing_never_ends() -> None:
    assert answer(request("POST", path("unsubscribe"), at=SENT + 10_000 * DAY), SITE)[0].acts


def test_only_hosts_of_the_settings_get_prefilled_values() -> None:
    for hosts, filled in (
        ((), True),
        (("example.com",), True),
        (("forms.example.com",), True),
        (("ample.com",), False),
    ):
        where = dict(answer(request("GET", path("form")), site(form_hosts=hosts))[0].headers)["Location"]
        assert ("mail=" in where) == filled


def test_a_prefill_keeps_what_the_address_has() -> None:
    values = {"name": "å+&", "Empty": ""}
    assert prefilled_url("https://f.example", (("n", "Name"),), values) == "https://f.example?n=%C3%A5%2B%26"
    assert prefilled_url("https://f.example?", (("n", "Name"),), values) == "https://f.example?n=%C3%A5%2B%26"
    assert prefilled_url("https://f.example#x", (("n", "empty"),), values) == "https://f.example#x"
    assert prefilled_url("https://f.example#a?b", (("n", "Name"),), values) == "https://f.example?n=%C3%A5%2B%26#a?b"


def test_a_prefill_finds_a_field_however_its_name_is_written() -> None:
    assert prefilled_url("https://f.example", (("n", "full_name"),), {"Full Name": "Bo"}) == "https://f.example?n=Bo"


OWN = {
    "healthz": ("GET", "/healthz", True, 200, b"ok\n"),
    "healthz below the path": ("GET", "/k/healthz", True, 200, b"ok\n"),
    "healthz below the path in capitals": ("GET", "/K/healthz", True, 200, b"ok\n"),
    "healthz without a log": ("GET", "/healthz", False, 503, b"the click log cannot be written\n"),
    "robots": ("GET", "/robots.txt", False, 200, b"User-agent: *\nDisallow: /\n"),
    "HEAD": ("HEAD", "/robots.txt", True, 200, b""),
    "POST": ("POST", "/healthz", True, 405, b"This address is not for that method.\n"),
}


@pytest.mark.parametrize("case", OWN)
def test_our_own_pages_are_not_in_the_log(case: str) -> None:
    method, where, works, status, body = OWN[case]
    reply, line = answer(request(method, where), SITE, log_works=works)
    assert (reply.status, reply.body, line) == (status, body, b"")


def test_a_target_that_nobody_may_be_led_to_is_the_404() -> None:
    from dataclasses import replace

    broken = {**SNAPSHOT.placements, "aaaa": SNAPSHOT.placements["aaaa"]._replace(url="https://[::1/x")}
    reply, _ = answer(request("GET", path()), site(snapshot=replace(SNAPSHOT, placements=broken)))
    assert reply == answer(request("GET", "/"), SITE)[0]


def test_every_page_has_the_headers_and_a_policy() -> None:
    for place in PLACES:
        for method in ("GET", "POST", "PUT"):
            reply, _ = answer(request(method, path(place)), SITE)
            headers = dict(reply.headers)
            assert headers["Cache-Control"] == "no-store" and headers["Referrer-Policy"] == "no-referrer"
            assert headers["X-Robots-Tag"] == "noindex" and headers["X-Content-Type-Options"] == "nosniff"
            assert "Set-Cookie" not in headers
            if headers.get("Content-Type", "").startswith("text/html"):
                policy = headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
                confirms = b'action="?"' in reply.body
                assert ("form-action" in policy) == (not confirms and "iframe" not in reply.body.decode())


# --- whatever comes ----------------------------------------------------------------------------------------------

OURS = tuple(path(place) for place in PLACES)
texts = st.text(st.characters(max_codepoint=255), max_size=60)
paths = st.one_of(texts, st.sampled_from(OURS), st.builds(str.__add__, st.sampled_from(OURS), texts))
requests = st.builds(
    Request, st.one_of(st.sampled_from(["GET", "HEAD", "POST", "PUT"]), st.text("ABCDEFGHIJ", min_size=1)), paths, texts,
    st.text(max_size=50), st.one_of(st.just(""), st.just("prefetch"), texts), st.integers(SENT, LATE),
    st.just("2026-05-04T11:00:01.000+02:00"), st.just("192.0.2.0"), st.just(""), st.sampled_from(["", "9f3a1c2e-12"]),
)  # fmt: skip


@given(requests)
def test_no_request_gets_a_header_or_a_byte_of_its_own_into_the_answer(asked: Request) -> None:
    reply, line = answer(asked, SITE)
    for name, value in reply.headers:
        assert re.fullmatch(r"[A-Za-z\-]+", name) and re.fullmatch(r"[\x20-\x5b\x5d-\x7e]*", value)
    known = {answer(request(asked.method, place, query, at=at), SITE)[0] for place in ("/", *OURS)
             for query in ("", "page", "off=Newsletter", "on=Newsletter", "off=Offers", "on=Offers", "off=*", "off=?")
             for at in (SENT, LATE)}  # fmt: skip
    known |= {answer(request("GET", path(), purpose="prefetch"), SITE)[0]}
    known |= {answer(request(asked.method, own), SITE)[0] for own in ("/healthz", "/robots.txt")}
    assert reply in known
    assert line.count(b"\n") == (1 if line else 0)


@given(requests)
def test_the_import_reads_what_the_log_says(asked: Request) -> None:
    (row,) = ClickLog().rows(log_line(asked, 302))
    target = row[4].partition(b"?")[0]
    stamp = f"{asked.time} #{asked.number}" if asked.number else asked.time
    assert row[1:4] == (b"192.0.2.0", stamp.encode(), asked.method.encode() if row[3] else b"")
    assert ClickLog().moment(row[2]) == ClickLog().moment(asked.time.encode())
    if row[3] and len(asked.path) < 500:
        assert unquote(target.decode(), "latin-1") == asked.path


def test_there_is_a_place_of_every_kind() -> None:
    assert {link.kind for link in SNAPSHOT.links.values()} == set(KINDS)
