"""Whole answers, header by header; which person, shipment and type they are made for; what each button leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from server.server_world import DAY, PAGES, SENT, SNAPSHOT, KnownPeople, path, request, site

from linktrack.server.answer import Answer, answer, host_of, plain_answer, prefilled_url
from linktrack.server.site import Page, TypeRow

HEADERS = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
    ("X-Content-Type-Options", "nosniff"),
)


def told(method: str, where: str, query: str = "", **changes: object) -> Answer:
    return answer(request(method, where, query), site(**changes))[0]


WHOLE: dict[str, tuple[str, str, int, tuple[tuple[str, str], ...], bytes]] = {
    "a redirect": ("GET", path(), 302, (("Location", "https://www.example.com/%C3%A5?utm_medium=email"), ("Content-Length", "0")), b""),
    "a confirmed one": ("POST", path("confirm"), 303, (("Location", "https://www.example.com/c"), ("Content-Length", "0")), b""),
    "another method": (
        "PUT", path(), 405,
        (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "37"), ("Allow", "GET, HEAD")),
        b"This address is not for that method.\n",
    ),
    "another method where one may post": (
        "PUT", path("confirm"), 405,
        (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "37"), ("Allow", "GET, HEAD, POST")),
        b"This address is not for that method.\n",
    ),
    "another method for our own page": (
        "POST", "/healthz", 405,
        (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "37"), ("Allow", "GET, HEAD")),
        b"This address is not for that method.\n",
    ),
    "one-click": (
        "POST", path("unsubscribe"), 200, (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "22")),
        b"You are unsubscribed.\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WHOLE)
def test_the_whole_answer(case: str) -> None:
    method, where, status, headers, body = WHOLE[case]
    reply = told(method, where)
    assert (reply.status, reply.body) == (status, body)
    assert reply.headers == (*HEADERS, *headers)


def test_a_page_says_its_type_length_and_policy() -> None:
    reply = told("GET", path("text"))
    length, policy = str(len(reply.body)), dict(reply.headers)["Content-Security-Policy"]
    kind = (("Content-Type", "text/html; charset=utf-8"), ("Content-Length", length))
    assert reply.headers == (*HEADERS, *kind, ("Content-Security-Policy", policy))


def test_the_length_of_a_sentence_is_in_octets() -> None:
    assert dict(plain_answer(200, "Försök igen.\n").headers)["Content-Length"] == "15"


def test_what_fails_for_a_while_says_when_to_come_again() -> None:
    ill, _ = answer(request("GET", "/healthz"), site(), log_works=False)
    gone = told("GET", path("view-online"), people=KnownPeople(gone=True))
    assert ill.status == gone.status == 503 and told("GET", "/healthz").status == 200
    assert dict(ill.headers)["Retry-After"] == dict(gone.headers)["Retry-After"]
    assert gone.body.endswith(b"\n") and not gone.body.endswith(b"XX\n")


@dataclass(frozen=True)
class Asked(KnownPeople):
    """People who note what was asked of them."""

    asked: list[tuple[object, ...]] = field(default_factory=list)

    def values(self, shipment: int, recipient: int) -> Mapping[str, str] | None:
        self.asked.append(("values", shipment, recipient))
        return super().values(shipment, recipient)

    def types(self, shipment: int, recipient: int) -> frozenset[str] | None:
        self.asked.append(("types", shipment, recipient))
        return super().types(shipment, recipient)

    def consent(self, shipment: int, recipient: int) -> bool | None:
        self.asked.append(("consent", shipment, recipient))
        return super().consent(shipment, recipient)

    def return_address(self, link_id: int, shipment: int, recipient: int) -> str:
        self.asked.append(("return_address", link_id, shipment, recipient))
        return "https://www.example.com/led"

    def copy(self, shipment: int, recipient: int, token: str, shared: str) -> str | None:
        self.asked.append(("copy", shipment, recipient, token, shared))
        return super().copy(shipment, recipient, token, shared)


def test_who_is_asked_for() -> None:
    people = Asked()
    for place in ("tagged", "returns", "subscriptions", "view-online", "redirect"):
        told("GET", path(place), people=people, asks_consent=True)
    token = path("view-online").rpartition("/")[2]
    shared = site().tokens.shared_beside(token, 70_001)
    assert people.asked == [
        ("values", 70_001, 7),
        ("return_address", 2, 70_001, 7),
        ("types", 70_001, 7),
        ("consent", 70_001, 7),
        ("copy", 70_001, 7, token, shared),
    ]


def test_a_token_in_capitals_asks_for_the_person_s_mail_by_their_token() -> None:
    people = Asked()
    told("GET", path("view-online").upper(), people=people)
    ((_, _, _, token, _),) = people.asked
    assert token == path("view-online").rpartition("/")[2]


def test_a_mail_of_nothing_is_shown_as_it_is() -> None:
    class Empty(KnownPeople):
        def copy(self, shipment: int, recipient: int, token: str, shared: str) -> str:
            return ""

    assert told("GET", path("view-online"), people=Empty()).status == 200


def test_where_a_script_leads_is_a_redirect_of_the_same_kind() -> None:
    reply = told("GET", path("returns"), people=Asked())
    assert (reply.status, dict(reply.headers)["Location"]) == (302, "https://www.example.com/led")


@dataclass(frozen=True)
class Forgotten(Asked):
    """People of whom nothing is known any more."""

    def is_forgotten(self, shipment: int, recipient: int) -> bool | None:
        self.asked.append(("is_forgotten", shipment, recipient))
        return True


@pytest.mark.parametrize(("method", "query"), [("GET", ""), ("POST", "off=Newsletter"), ("POST", "on=Offers")])
def test_who_was_forgotten_is_told_so_and_nothing_is_changed(method: str, query: str) -> None:
    people = Forgotten()
    reply = told(method, path("subscriptions"), query, people=people)
    assert (reply.status, reply.body, reply.acts) == (200, PAGES.forgotten.body, False)
    assert people.asked == [("is_forgotten", 70_001, 7)]
    request_then = request(method, path("subscriptions"), query, at=SENT + 22 * DAY)
    then, _ = answer(request_then, site(people=people))
    assert (then.status, then.body) == (200 if query.startswith("off") else 410, PAGES.forgotten.body)


@pytest.mark.parametrize(
    ("method", "place", "query"),
    [("GET", "unsubscribe", ""), ("POST", "unsubscribe", "page"), ("POST", "subscriptions", "page")],
)
def test_who_was_forgotten_has_nothing_to_unsubscribe_from(method: str, place: str, query: str) -> None:
    people = Forgotten()
    reply = told(method, path(place), query, people=people)
    assert (reply.status, reply.body, reply.acts) == (200, PAGES.forgotten.body, False)
    assert people.asked == [("is_forgotten", 70_001, 7)]


def test_a_mailing_s_own_merge_tags_are_filled_and_a_host_that_is_not_named_gets_no_other_values() -> None:
    form = SNAPSHOT.placements["cccc"]._replace(url="https://forms.example.com/f?c=<<name>>", tags=True)
    mailing = SNAPSHOT.mailings[1]._replace(pairs=(("<<", ">>"),))
    known = replace(
        SNAPSHOT,
        placements={**SNAPSHOT.placements, "cccc": form},
        mailings={**SNAPSHOT.mailings, 1: mailing},
    )
    reply = told("GET", path("form"), snapshot=known, form_hosts=("other.example",))
    assert dict(reply.headers)["Location"] == "https://forms.example.com/f?c=Anna%20%C3%85%20%26%20S%C3%B6ner"


class Shown:
    """Pages that show what they were made of; its words are those of the real ones."""

    words, not_found = PAGES.words, PAGES.not_found

    def __init__(self) -> None:
        self.made: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> object:
        def page(*made_of: object) -> Page:
            self.made.append((name, *made_of))
            return Page(b"", "")

        return page


LETTER, OFFERS = TypeRow("Newsletter", True, "Newsletter"), TypeRow("Offers", False, "Offers")
LEFT, JOINED = LETTER._replace(has=False), OFFERS._replace(has=True)
# method, link, query, whether consent is asked for, whether it is late → what the page was made of.
PAGES_MADE: dict[str, tuple[str, str, str, bool, bool, tuple[object, ...]]] = {
    "unsubscribing names the type": ("GET", "unsubscribe", "", False, False, ("unsubscribe", "Newsletter")),
    "unsubscribed names it": ("POST", "unsubscribe", "page", False, False, ("unsubscribed", "Newsletter")),
    "the page that is over names it": ("GET", "subscriptions", "", False, True, ("over", "Newsletter")),
    "joining what is over names it": ("POST", "subscriptions", "on=Offers", False, True, ("over", "Newsletter")),
    "all types with what the person has": ("GET", "subscriptions", "", False, False, ("subscriptions", [LETTER, OFFERS], None)),
    "consent where it is asked for": ("GET", "subscriptions", "", True, False, ("subscriptions", [LETTER, OFFERS], True)),
    "leaving a type": ("POST", "subscriptions", "off=Newsletter", False, False, ("saved", [LEFT, OFFERS], None)),
    "leaving the one that one has not": ("POST", "subscriptions", "off=Offers", False, False, ("saved", [LETTER, OFFERS], None)),
    "joining a type": ("POST", "subscriptions", "on=Offers", False, False, ("saved", [LETTER, JOINED], None)),
    "leaving every type": ("POST", "subscriptions", "off=*", False, False, ("saved", [LEFT, OFFERS], None)),
    "leaving the mail's own type": ("POST", "subscriptions", "off=", False, False, ("saved", [LEFT, OFFERS], None)),
    "joining nothing leaves nothing": ("POST", "subscriptions", "on=", False, False, ("saved", [LETTER, OFFERS], None)),
    "no type is called *": ("POST", "subscriptions", "on=*", False, False, ("saved", [LETTER, OFFERS], None)),
    "leaving one with consent as it is": ("POST", "subscriptions", "off=Newsletter", True, False, ("saved", [LEFT, OFFERS], True)),
    "consent taken back": ("POST", "subscriptions", "consent=off", True, False, ("saved", [LETTER, OFFERS], False)),
    "consent given": ("POST", "subscriptions", "consent=on", True, False, ("saved", [LETTER, OFFERS], True)),
    "consent that nobody asks for": ("POST", "subscriptions", "consent=off", False, False, ("saved", [LETTER, OFFERS], None)),
    "consent and a type": ("POST", "subscriptions", "consent=off&off=Newsletter", True, False, ("saved", [LEFT, OFFERS], False)),
    "leaving when it is over": ("POST", "subscriptions", "off=Newsletter", True, True, ("saved", [], None)),
}  # fmt: skip


@pytest.mark.parametrize("case", PAGES_MADE)
def test_what_a_page_is_made_of(case: str) -> None:
    method, place, query, consent, late, made = PAGES_MADE[case]
    pages = Shown()
    at = SENT + 22 * DAY if late else SENT + 1000
    answer(request(method, path(place), query, at=at), site(pages=pages, asks_consent=consent))
    assert pages.made == [made]


def test_the_last_moment_of_the_page() -> None:
    end = SENT + 21 * DAY
    assert [answer(request("GET", path("subscriptions"), at=at), site())[0].status for at in (end, end + 1)] == [
        200,
        410,
    ]


def test_a_type_is_spelled_as_the_settings_do_on_every_page() -> None:
    pages = Shown()
    for method, place, query in (
        ("GET", "unsubscribe", ""),
        ("POST", "unsubscribe", "page"),
        ("GET", "subscriptions", ""),
    ):
        answer(request(method, path(place), query), site(pages=pages, subscription_types=("NEWSLETTER", "offers ")))
    of_all = [LETTER._replace(type="NEWSLETTER", query="NEWSLETTER"), OFFERS._replace(type="offers", query="offers")]
    assert pages.made == [
        ("unsubscribe", "NEWSLETTER"),
        ("unsubscribed", "NEWSLETTER"),
        ("subscriptions", of_all, None),
    ]


def test_the_type_and_the_merge_tags_are_those_of_the_mailing_that_was_sent() -> None:
    spots = {
        "hhhh": SNAPSHOT.placements["aaaa"]._replace(
            mailing_id=2, url="https://www.example.com/?c=<<name>>", tags=True
        ),
        "iiii": SNAPSHOT.placements["dddd"]._replace(mailing_id=2),
    }
    offer = SNAPSHOT.mailings[2]._replace(pairs=(("<<", ">>"),))
    known = replace(
        SNAPSHOT,
        placements={**SNAPSHOT.placements, **spots},
        mailings={**SNAPSHOT.mailings, 2: offer},
        shipments={**SNAPSHOT.shipments, 70_003: SNAPSHOT.shipments[70_001]._replace(mailing_id=2)},
    )
    led = told("GET", path("hhhh", shipment=70_003), snapshot=known)
    assert dict(led.headers)["Location"] == "https://www.example.com/?c=Anna%20%C3%85%20%26%20S%C3%B6ner"
    pages = Shown()
    told("GET", path("iiii", shipment=70_003), snapshot=known, pages=pages)
    assert pages.made == [("unsubscribe", "Offers")]


def test_where_no_mailing_has_a_type_the_subscriptions_are_none_and_not_out_of_order() -> None:
    mailings = {number: mailing._replace(type="") for number, mailing in SNAPSHOT.mailings.items()}
    pages = Shown()
    told("GET", path("subscriptions"), pages=pages, snapshot=replace(SNAPSHOT, mailings=mailings))
    assert pages.made == [("subscriptions", [], None)]


def test_a_type_in_a_button_is_one_value() -> None:
    mailings = {number: mailing._replace(type="A/B & C") for number, mailing in SNAPSHOT.mailings.items()}
    pages = Shown()
    answer(request("GET", path("subscriptions")), site(pages=pages, snapshot=replace(SNAPSHOT, mailings=mailings)))
    ((_, rows, _),) = pages.made
    assert isinstance(rows, list)
    assert "A%2FB%20%26%20C" in [row[2] for row in rows]


def test_without_a_value_nothing_is_prefilled() -> None:
    assert prefilled_url("https://f.example/?a&", (("a/b", "Name"), ("x", "no such field")), {"name": "å/ä"}) == (
        "https://f.example/?a&a%2Fb=%C3%A5%2F%C3%A4"
    )


HOSTS = {
    "https://www.example.com": "www.example.com",
    "https://www.example.com/x": "www.example.com",
    "https://www.example.com?u=https://other.example/": "www.example.com",
    "https://www.example.com#@other.example": "www.example.com",
    "https://www.example.com:8443/x:9": "www.example.com",
    "https://anna:secret@www.example.com:80/": "www.example.com",
    "https://a@b@www.example.com/": "www.example.com",
    "https://www.example.com:/": "www.example.com",
    "https://[2001:db8::1]/": "[2001:db8::1]",
    "https://[2001:db8::1]:8443/": "[2001:db8::1]",
    "": "",
}  # fmt: skip


@pytest.mark.parametrize("url", HOSTS)
def test_the_host_of_an_address(url: str) -> None:
    assert host_of(url) == HOSTS[url]
