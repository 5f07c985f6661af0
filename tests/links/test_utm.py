"""UTM tagging: nothing but the added text changes, whatever the URL."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.links.utm import NAMES, Utm, allowed, edits, tagged, warning

UTM = Utm("news", "email", "spring sale", "a&b", "é")

HOSTILE = [
    "https://a.example/%2f%2F?x=%c3%A5&y=a+b", "https://a.example/?a;b=1;c", "https://a.example/?&&a=1&&", "HTTP://A.example",
    "https://a.example/?a=1&a=2&a", "https://a.example/#/spa?x=1", "https://a.example/#!/x#y", "https://bücher.example/é?ü=ö",
    "https://a.example:443/x/../y/./z", "https://u:p@a.example/?x", "https://[::1]:8080/?x=1", "https://a.example/?x=%",
    "https://a.example/?x=%zz%E9", "https://a.example/?sig=ab==&exp=1", "https://a.example/?q={{ a?b#c&d }}&x=1",
    "https://a.example/?q=*|NAME|*#*|X|*", "https://a.example/?{% if x %}a=1{% endif %}", "https://a.example/{{ p }}?x=1",
    "https://a.example?", "https://a.example#", "https://a.example/?#", "https://a.example/x\\y?a=1", "  https://a.example/ ",
    "\thttps://a.example/?x=1\r\n", "https://a.example/?utm_source=x&UTM_MEDIUM=y&utm_source=z", "https://a.example/?utm_id=1",
    "https://a.example/?utm_source", "https://a.example/?=1&utm_campaign=", "//cdn.example/x", "https://a.example/?x=<>\"'`",
    "https://a.example/?next=https://b.example/?utm_source=1", "https://a.example/;jsessionid=1?x", "https://a.example/😀?😀#😀",
]  # fmt: skip
LEFT_ALONE = ["", "#top", "mailto:a@b.example?subject=x", "tel:1", "/x?y", "?x=1", "{{ url }}", "https://{{ host }}/x", "ftp://a.example/",
              "http://", "https:///x", "javascript:void(0)", "a.example/x", "{% if x %}https://a.example{% endif %}", "data:,x"]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_removing_the_added_text_gives_the_url_back(url: str) -> None:
    changes = edits(url, UTM)
    assert all(change.start == change.stop for change in changes)  # `keep` only inserts
    assert len(changes) == 1 and changes[0].text in tagged(url, UTM)
    assert tagged(url, UTM).replace(changes[0].text, "", 1) == url


@pytest.mark.parametrize("policy", ["keep", "replace"])
@pytest.mark.parametrize("url", HOSTILE)
def test_tagging_twice_is_tagging_once(url: str, policy: Literal["keep", "replace"]) -> None:
    utm = replace(UTM, policy=policy)
    assert tagged(tagged(url, utm), utm) == tagged(url, utm) != url


@pytest.mark.parametrize("url", LEFT_ALONE)
def test_what_is_no_web_address_is_left_alone(url: str) -> None:
    assert tagged(url, UTM) == tagged(url, replace(UTM, policy="replace")) == url


_parts = st.text(st.sampled_from("abAB=&?#;%+/.:@[]{}*|<>\"' é\t\r\nutm_source"), max_size=30)


@settings(max_examples=500)
@given(_parts, st.sampled_from(["keep", "replace"]))
def test_any_url_is_tagged_once_and_before_its_fragment(rest: str, policy: Literal["keep", "replace"]) -> None:
    url = "https://a.example/" + rest
    utm = replace(UTM, policy=policy)
    once = tagged(url, utm)
    assert tagged(once, utm) == once
    fragment = url.strip("".join(map(chr, range(33)))).partition("#")[2]
    if (
        "{{" not in url
        and "*|" not in url
        and "{%" not in url
        and "${" not in url
        and "{#" not in url
        and "[[" not in url
    ):
        assert once.partition("#")[2].rstrip() == fragment.rstrip()
        names = [pair.partition("=")[0].lower() for pair in once.partition("#")[0].partition("?")[2].split("&")]
        assert all(f"utm_{name}" in names for name in NAMES)


def test_off_and_a_medium_alone_change_nothing() -> None:
    assert tagged("https://a.example/", replace(UTM, policy="off")) == "https://a.example/"
    assert tagged("https://a.example/", Utm(medium="email")) == "https://a.example/"


def test_merge_tags_in_values_pass_through() -> None:
    utm = Utm("s", "email", "{{ campaign | urlencode }}-x y")
    assert tagged("https://a.example/", utm).endswith("utm_campaign={{ campaign | urlencode }}-x%20y")


@pytest.mark.parametrize(
    ("host", "domains", "expected"),
    [
        ("shop.example", [], True),
        ("shop.example", ["shop.example"], True),
        ("WWW.Shop.example.", ["shop.example"], True),
        ("notshop.example", ["shop.example"], False),
        ("shop.example", ["*.shop.example"], False),
        ("a.shop.example", ["*.shop.example"], True),
        ("shop.example", ["example"], False),
        ("shop.example", ["*.example"], False),
        ("bücher.example", ["xn--bcher-kva.example"], True),
        ("xn--bcher-kva.example", ["bücher.example"], True),
        ("localhost", ["localhost"], True),
    ],
)
def test_which_hosts_are_tagged(host: str, domains: list[str], expected: bool) -> None:
    assert allowed(host, domains) is expected


def test_placeholders_are_filled_as_slugs() -> None:
    facts = {"mailing.name": "Vår Nyhet!", "link.key": "offer", "link.folder": "A/B C"}
    utm = Utm("{mailing.name}", "email", "x-{link.key}", "{link.folder}", "{unknown.one}").filled(facts)
    assert (utm.source, utm.campaign, utm.content, utm.term) == ("vår_nyhet", "x-offer", "a_b_c", "{unknown.one}")
    assert Utm("{{ mailing.name }}", "email", "c").filled(facts).source == "{{ mailing.name }}"


def test_a_medium_that_is_not_filed_under_email_is_warned_about() -> None:
    assert warning(UTM) is None and warning(Utm("email", "newsletter", "c")) is None
    assert "newsletter" in str(warning(Utm("s", "newsletter", "c")))
