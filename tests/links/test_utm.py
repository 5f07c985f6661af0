"""UTM tagging: nothing but the added text changes, whatever the URL."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.links.merge_tags import Pairs
from linktrack.links.utm import Edit, Utm, allowed, edited, edits, slug, tagged, warnings

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
              "http://", "https:///x", "javascript:void(0)", "a.example/x", "{% if x %}https://a.example{% endif %}", "data:,x",
              "https://a<b.example/x"]  # fmt: skip


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
    assert edits(tagged(url, utm), utm) == []


@pytest.mark.parametrize("url", LEFT_ALONE)
def test_what_is_no_web_address_is_left_alone(url: str) -> None:
    assert tagged(url, UTM) == tagged(url, replace(UTM, policy="replace")) == url


A = "https://a.example/"
SOURCE, BOTH = Utm("s"), Utm("s", "email", policy="replace")
IN_B = Utm("s", domains=("b.example",))
ANGLES = (("<<", ">>"),)
WRITTEN: dict[str, tuple[str, Utm, Pairs, str]] = {
    "without a query": (f"{A}x", SOURCE, (), f"{A}x?utm_source=s"),
    "a campaign alone": (A, Utm(campaign="c"), (), f"{A}?utm_campaign=c"),
    "an id alone": (A, Utm(id="7"), (), f"{A}?utm_id=7"),
    "behind a query": (f"{A}?x=1", SOURCE, (), f"{A}?x=1&utm_source=s"),
    "a query of nothing": (f"{A}?", SOURCE, (), f"{A}?utm_source=s"),
    "a query that ends with &": (f"{A}?x=1&", SOURCE, (), f"{A}?x=1&utm_source=s"),
    "a second question mark is of a value": (f"{A}?x=1?utm_source=2", SOURCE, (), f"{A}?x=1?utm_source=2&utm_source=s"),
    "a fragment like a query": (f"{A}?x=1#&utm_source=2", SOURCE, (), f"{A}?x=1&utm_source=s#&utm_source=2"),
    "a value with an equals sign": (f"{A}?utm_source=a=b", SOURCE, (), f"{A}?utm_source=a=b"),
    "a blank behind the host": ("https://a.example ", SOURCE, (), "https://a.example?utm_source=s "),
    "what browsers take off both ends": ("\x01https://a.example/\x02", SOURCE, (), "\x01https://a.example/?utm_source=s\x02"),
    "a blank that browsers keep, at the end": (f"{A}\u3000", SOURCE, (), f"{A}\u3000?utm_source=s"),
    "a blank that browsers keep, at the beginning": (f"\u3000{A}", SOURCE, (), f"\u3000{A}"),
    "blanks around a value": (A, Utm(" s "), (), f"{A}?utm_source=s"),
    "a value set to nothing, where the author's stay": (A, Utm("s", term=""), (), f"{A}?utm_source=s"),
    "a host that is not named": (A, replace(SOURCE, domains=("b.example",)), (), A),
    "a host that is named in the fragment": ("https://a.example#@b.example", IN_B, (), "https://a.example#@b.example"),
    "a host that is named in the query": ("https://a.example?@b.example", IN_B, (), "https://a.example?@b.example"),
    "a host that is named in the path": ("https://a.example/@b.example", IN_B, (), "https://a.example/@b.example"),
    "a host behind a name": ("https://a.example@b.example", IN_B, (), "https://a.example@b.example?utm_source=s"),
    "a parameter in a merge tag": (f"{A}?x={{{{ a&utm_source=1 }}}}", SOURCE, (), f"{A}?x={{{{ a&utm_source=1 }}}}&utm_source=s"),
    "a parameter in a merge tag, under replace": (
        f"{A}?x={{{{ a&utm_source=1 }}}}", BOTH, (), f"{A}?x={{{{ a&utm_source=1 }}}}&utm_source=s&utm_medium=email"
    ),
    "a merge tag that ends with &": (f"{A}?x=&a&", SOURCE, (("=&", "&"),), f"{A}?x=&a&&utm_source=s"),
    "a # in a merge tag of one's own": (f"{A}?x=<<a#b>>", SOURCE, ANGLES, f"{A}?x=<<a#b>>&utm_source=s"),
    "a merge tag of one's own in a value": (A, Utm("a/<<x y>>/b"), ANGLES, f"{A}?utm_source=a%2F<<x y>>%2Fb"),
    "two merge tags in a value": (A, Utm("{{ a }} {{ b }}"), (), f"{A}?utm_source={{{{ a }}}}%20{{{{ b }}}}"),
    "a slash in a value": (A, Utm("a/b"), (), f"{A}?utm_source=a%2Fb"),
    "replaced, in place": (f"{A}?UTM_Source=x&y=1&utm_source=z", BOTH, (), f"{A}?UTM_Source=s&y=1&utm_medium=email"),
    "replaced before a last &": (f"{A}?utm_source=x&", BOTH, (), f"{A}?utm_source=s&utm_medium=email"),
    "replaced where nothing else stays": (f"{A}?utm_term=x", replace(BOTH, term=""), (), f"{A}?utm_source=s&utm_medium=email"),
    "taken out with its question mark": (f"{A}?utm_term=x#y", Utm(term="", policy="replace"), (), f"{A}#y"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN)
def test_what_is_written(case: str) -> None:
    url, utm, extra_tags, expected = WRITTEN[case]
    assert tagged(url, utm, extra_tags) == expected


def test_edits_are_made_in_their_order() -> None:
    assert edited("abcd", [Edit(0, 0, "x"), Edit(1, 2, "y"), Edit(3, 3, "z")]) == "xayczd"


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
        assert all(f"utm_{name}" in names for name in ("source", "medium", "campaign", "content", "term"))


def test_off_and_a_medium_alone_change_nothing() -> None:
    assert tagged("https://a.example/", replace(UTM, policy="off")) == "https://a.example/"
    assert tagged("https://a.example/", Utm(medium="email")) == "https://a.example/"
    assert not Utm(term="").active and Utm(term="", policy="replace").active


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
        ("%73hop.example", ["shop.example"], True),
        ("shop.example", ["SHOP.example."], True),
        ("x.example", ["X.example"], True),
        ("shop.example", [".shop.example"], True),
        ("shop.example", ["shop.example\u3002"], True),
        ("shop.example", ["example", "shop.example"], True),
        ("shop.example", [" shop.example "], True),
        ("shop.example", [" *.shop.example"], False),
        ("a.shop.example", [" *.shop.example"], True),
    ],
)
def test_which_hosts_are_tagged(host: str, domains: list[str], expected: bool) -> None:
    assert allowed(host, domains) is expected


SLUGS = {
    "Q3 Launch: Bank!": "q3_launch_bank",
    "v1.2-beta": "v1.2-beta",
    "a  &  b": "a_b",
    "Straße": "strasse",
    "\uff21\ufb01": "afi",
    "...": "...",
}


@pytest.mark.parametrize("text", SLUGS)
def test_a_name_becomes_a_slug(text: str) -> None:
    assert slug(text) == SLUGS[text]


@pytest.mark.parametrize("value", ["{{mailing.name}}", "{{mailing.name}", "{mailing.name}}", "{mailing}", "{}"])
def test_what_is_no_placeholder_stays(value: str) -> None:
    assert Utm(value).filled({"mailing.name": "Spring"}).source == value


def test_placeholders_are_filled_as_slugs() -> None:
    facts = {"mailing.name": "Vår Nyhet!", "link.key": "offer", "link.folder": "A/B C"}
    utm = Utm("{mailing.name}", "email", "x-{link.key}", "{link.folder}", "{unknown.one}").filled(facts)
    assert (utm.source, utm.campaign, utm.content, utm.term) == ("vår_nyhet", "x-offer", "a_b_c", "{unknown.one}")
    assert Utm("{{ mailing.name }}", "email", "c").filled(facts).source == "{{ mailing.name }}"


SAID = {
    "nothing is wrong": (UTM, [], []),
    "a source that is email": (Utm("email", "newsletter", "c"), [], []),
    "a medium that is not filed under Email": (Utm("s", "newsletter", "c"), [], ["'newsletter' is not filed under Email"]),
    "a medium of Email as Google spells it": (Utm("s", "e-mail"), [], []),
    "with an underscore": (Utm("s", "e_mail"), [], []),
    "with a blank": (Utm("s", "e mail"), [], []),
    "in capitals": (Utm("s", "EMAIL"), [], []),
    "a source of Email in capitals": (Utm("E-Mail", "newsletter"), [], []),
    "no medium": (Utm("s"), [], ["utm_medium='' is not filed under Email"]),
    "a medium alone, of which nothing is made": (Utm(medium="email"), [], []),
    "a source of blanks": (Utm(" ", "email"), [], []),
    "a campaign without a source": (Utm(medium="email", campaign="c"), [], ["utm_campaign without utm_source"]),
    "a content and a term that nothing is done with": (
        Utm(medium="email", content="x", term="y"), [], ["utm_content and utm_term without utm_source"]
    ),
    "a placeholder that is none": (
        Utm("s", "email", "vår-{hej}"), [],
        ["utm_campaign holds {hej}, which nothing fills; known: {mailing.name}, {link.key}, {link.name}, {link.folder}"],
    ),
    "placeholders that are known": (Utm("{mailing.name}", "email", "{link.key}", "{link.name}", "{link.folder}"), [], []),
    "a merge tag is no placeholder": (Utm("s", "email", "{{ campaign }}", "${x}"), [], []),
    "a merge tag without blanks is none": (Utm("s", "email", "{{campaign}}"), [], []),
    "nor is one that lacks a brace": (Utm("s", "email", "{{campaign}", "{campaign}}"), [], []),
    "nor are braces with nothing in them": (Utm("s", "email", "{}"), [], []),
    "a placeholder of one letter": (Utm("s", "email", "{x}"), [], ["utm_campaign holds {x}, which nothing fills"]),
    "a long one": (Utm("s", "email", f"{{{'x' * 80}}}"), [], ["utm_campaign holds {xxxx"]),
    "what is longer than any placeholder": (Utm("s", "email", f"{{{'x' * 81}}}"), [], []),
    "an author's source": (
        Utm("s", "email", "c"), ["https://a.example/?utm_source=mine", "https://b.example/?UTM_Source=s#x"],
        ["utm_source='s' is not written where the author's own one stands"],
    ),
    "an author's source before another question mark": (
        Utm("s", "email"), ["https://a.example/?utm_source=mine&x=?y"], ["utm_source='s' is not written"]
    ),
    "an author's source in the fragment": (Utm("s", "email"), ["https://a.example/#?utm_source=mine"], []),
    "an author's source with an equals sign, that is the same": (
        Utm("a=b", "email"), ["https://a.example/?utm_source=a=b"], []
    ),
    "an author's source where none is set": (Utm(medium="email", id="7", content="x"), ["https://a.example/?utm_source=mine"], [
        "utm_content and utm_id without utm_source"
    ]),
    "an author's source, percent-encoded, that is the same": (
        Utm("a&b", "email"), ["https://a.example/?utm_source=a%26b"], []
    ),
    "an author's source under replace": (
        Utm("s", "email", "c", policy="replace"), ["https://a.example/?utm_source=mine"], []
    ),
    "an author's source that is the same": (Utm("a b", "email"), ["https://a.example/?utm_source=a+b"], []),
    "off": (Utm("s", "x", "{hej}", policy="off"), ["https://a.example/?utm_source=mine"], []),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_what_will_not_do_what_it_was_given_for_is_said(case: str) -> None:
    utm, urls, expected = SAID[case]
    said = list(warnings(utm, urls))
    assert len(said) == len(expected)
    assert all(part in sentence for part, sentence in zip(expected, said, strict=True))


@pytest.mark.parametrize(("count", "tail"), [(1, ""), (3, ""), (4, " and 1 more"), (5, " and 2 more")])
def test_three_addresses_with_an_authors_own_campaign_are_named(count: int, tail: str) -> None:
    urls = [f"https://a.example/{n}?utm_campaign=old&x=".ljust(120, "x") for n in range(count)]
    (sentence,) = warnings(Utm("s", "email", "c"), urls)
    assert sentence.partition("overrules it): ")[2] == ", ".join(url[:100] for url in urls[:3]) + tail


def test_an_address_that_is_there_twice_is_named_once() -> None:
    (sentence,) = warnings(Utm("s", "email", "c"), 2 * ["https://a.example/?utm_campaign=old"])
    assert sentence.endswith("overrules it): https://a.example/?utm_campaign=old")


def test_without_a_mailing_no_placeholder_is_known() -> None:
    (sentence,) = warnings(Utm("s", "email", "{mailing.name}"), placeholders=())
    assert "{mailing.name}" in sentence and sentence.endswith("known: there are none here")


def test_an_option_wins_over_a_setting_and_an_empty_one_is_set_to_nothing() -> None:
    configured = {
        "source": "news",
        "medium": "email",
        "campaign": "",
        "term": "t",
        "policy": "keep",
        "domains": ["a.example"],
    }
    utm = Utm.of_options({"term": "", "campaign": None, "id": "7", "policy": "replace"}, configured)
    assert utm == Utm("news", "email", None, None, "", "replace", ("a.example",), id="7")
    assert Utm.from_settings({"source": "s", "unknown": "x"}) == SOURCE
    assert tagged("https://a.example/?utm_term=x&utm_campaign=y", utm) == (
        "https://a.example/?utm_campaign=y&utm_source=news&utm_medium=email&utm_id=7"
    )
