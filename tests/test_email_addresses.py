"""E-mail addresses: when two are the same, and by which domain one is counted."""

from __future__ import annotations

import pytest

from linktrack.email_addresses import domain_of, same_email
from linktrack.upkeep.email_forms import pattern_of, texts_in

# each is the same address in all these forms; and another one than that of every other row
SAME = {
    "case": ("anna@x.example", "Anna@X.example", "ANNA@x.EXAMPLE"),
    "another letter": ("änna@x.example", "ÄNNA@x.example"),
    "blanks around it": ("bo@x.example", " bo@x.example\t", "\u00a0bo@x.example"),
    "the case of an accent": ("åsa3@x.example", "Åsa3@x.example", "ÅSA3@X.EXAMPLE"),
    "an accent in two signs": ("åsa@x.example", "a\u030asa@x.example", "A\u030aSA@x.example", "\u212bsa@x.example"),
    "a host in punycode": ("c3@räv.example", "c3@xn--rv-via.example", "C3@XN--RV-VIA.example", "c3@RÄV.example",
                           "c3@ra\u0308v.example", "c3@räv\u3002example"),
    "the letters of that host": ("c3@rav.example",),
    "both": ("åsa3@räv.example", "Åsa3@xn--rv-via.example", "a\u030aSA3@RA\u0308V.example"),
    "letters that are folded to two": ("weiß@x.example", "WEISS@x.example", "WEI\u1e9e@x.example"),
    "a host with one of them": ("kai@straße.example", "kai@xn--strae-oqa.example", "kai@STRASSE.example"),
    "a host that is none": ("a@xn--åäö.example", "A@XN--ÅÄÖ.example"),
    "punycode of nothing": ("a@xn--.example", "a@XN--.example"),
    "another part before it": ("x.anna@x.example",),
    "a tag": ("anna+news@x.example",),
    "dots": ("a.nna@x.example",),
    "a host below it": ("anna@mail.x.example",),
    "two at signs": ('"anna@x"@x.example', '"Anna@X"@x.example'),
    "nothing": ("", " "),
    "a name": ("Åsa Räv", " åsa räv", "A\u030asa Ra\u0308v"),
    "punycode without an at sign": ("xn--rv-via.example", "XN--rv-via.example"),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_an_address_is_the_same_however_it_is_written_and_no_other_is(case: str) -> None:
    (form,) = set(map(same_email, SAME[case]))
    assert same_email(form) == form
    assert form not in {same_email(text) for other in SAME.keys() - {case} for text in SAME[other]}


@pytest.mark.parametrize("case", [case for case, texts in SAME.items() if "@" in texts[0]])
def test_what_is_the_same_is_found_in_a_line_of_a_log(case: str) -> None:
    """The rule of `forget` and `doctor` is the wider one, since texts around an address may be anything."""
    for known in SAME[case]:
        pattern = pattern_of([known])
        assert pattern is not None
        for written in SAME[case]:
            assert any(map(pattern.search, texts_in(f'GET "/?mail={written}" 302'.encode()))), (known, written)


DOMAINS = {
    "anna@Example.com": "example.com",
    "anna@ example.com ": "example.com",
    "anna": "",
    "": "",
    '"a@b"@example.com': "example.com",
    "anna@bücher.example": "bücher.example",
    "anna@BÜCHER.example": "bücher.example",
    "anna@bu\u0308cher.example": "bücher.example",
    "anna@xn--bcher-kva.example": "bücher.example",
    "anna@XN--BCHER-KVA.example": "bücher.example",
    "anna@mail.bücher\u3002example": "mail.bücher.example",
    "anna@xn--åäö.example": "xn--åäö.example",
    "anna@xn--.example": "xn--.example",
    "kai@xn--strae-oqa.example": "straße.example",
}


@pytest.mark.parametrize("address", DOMAINS)
def test_an_address_is_counted_by_its_domain_however_that_is_written(address: str) -> None:
    assert domain_of(address) == DOMAINS[address]
