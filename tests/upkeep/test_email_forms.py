"""E-mail addresses found in whatever form they stand in a line of a log, and nobody else's."""

from __future__ import annotations

import json
import time
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as some

from linktrack.upkeep.email_forms import one_form, pattern_of, percent_decoded, texts_in

ASA = "Åsa.Öst@räv-förening.example"
PUNYCODE = "åsa.öst@" + "räv-förening".encode("idna").decode() + ".example"
DECOMPOSED = "A\u030asa.O\u0308st@ra\u0308v-fo\u0308rening.example"
HERS = {
    "as it is": ASA,
    "in capitals": ASA.upper(),
    "the host in punycode": PUNYCODE,
    "in punycode and capitals": PUNYCODE.upper(),
    "decomposed": DECOMPOSED,
    "percent-escaped": quote(ASA),
    "percent-escaped, decomposed": quote(DECOMPOSED, safe=""),
    "percent-escaped in Latin-1": quote(ASA, encoding="latin-1", safe=""),
    "percent-escaped in Latin-1, in punycode": quote(PUNYCODE, encoding="latin-1"),
    "percent-escaped by five services": quote(quote(quote(quote(quote(ASA, safe=""), safe=""), safe=""), safe="")),
    "Latin-1 percent-escaped by two": quote(quote(ASA, encoding="latin-1", safe=""), safe=""),
    "parts of escapes escaped": "%C3%%41%35sa.%C3%9%36st%4%30r%C3%A4v-f%%25433%B6rening.example",
    "by JavaScript's escape": "%C5sa.%u00D6st@r%E4v-f%F6rening.example",
    "with the dots and the sign of wide letters": ASA.replace("@", "\uff20").replace(".ex", "\u3002ex"),
    "with a host's final dot": f"{ASA}.",
}
NOT_HERS = {
    "a longer name": f"x{ASA}",
    "a longer name, escaped": quote(f"ä{ASA}"),
    "another part before it": f"x.{ASA}",
    "a longer host": f"{ASA}.org",
    "a longer host in wide letters": f"{ASA}\uff0eorg",
    "a longer host, escaped": f"{ASA}%2%45org",
    "another letter": ASA.replace("Å", "A"),
    "another host in punycode": PUNYCODE.replace("xn--", "xn--a"),
}


def is_found(line: bytes) -> bool:
    pattern = pattern_of([f" {ASA} ", "vera@x.example"])
    assert pattern is not None
    return any(map(pattern.search, texts_in(line)))


def lines_with(written: str) -> dict[str, bytes]:
    """What `written` becomes in a log: by our server, which takes each byte for a sign, by others, and cut off."""
    by_bytes = {"path": f"/k/t?mail={written}".encode().decode("latin-1"), "status": 302}
    by_text = {"user_agent": f"({written})", "status": 302}
    return {
        "by our server": json.dumps(by_bytes).encode(),
        "by another": json.dumps(by_text, ensure_ascii=False).encode(),
        "by one that escapes": json.dumps(by_text).encode(),
        "cut off": json.dumps(by_bytes).encode()[:-10],
        "no JSON": f'GET "/k/t?mail={written}" 302'.encode(),
    }


@pytest.mark.parametrize("written", HERS.values(), ids=HERS)
def test_an_address_is_found_in_whatever_form_it_is_written(written: str) -> None:
    assert [where for where, line in lines_with(written).items() if not is_found(line)] == []


@pytest.mark.parametrize("written", NOT_HERS.values(), ids=NOT_HERS)
def test_another_address_is_not_taken_for_it(written: str) -> None:
    assert [where for where, line in lines_with(written).items() if is_found(line)] == []


def test_an_address_that_is_known_in_punycode_is_found_in_letters() -> None:
    pattern = pattern_of([PUNYCODE])
    assert pattern is not None and pattern == pattern_of([ASA]) == pattern_of([DECOMPOSED])
    assert pattern_of([]) is None and pattern_of([" "]) is None


def test_a_name_in_punycode_that_is_none_stays() -> None:
    assert one_form("A@XN--\u00e5.example xn--99999999 xn--" + "a" * 60) == (
        "a@xn--\u00e5.example xn--99999999 xn--" + "a" * 60
    )


@given(some.lists(some.sampled_from([b"%", b"2", b"5", b"4", b"0", b"%25", b"%4", b"x", b"\xe5", b"%e5"]), max_size=40))
def test_nothing_that_is_taken_apart_is_escaped_still(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    plain = data
    while (once := unquote_to_bytes(plain)) != plain:
        plain = once
    assert percent_decoded(data) == plain


HOSTILE = {
    "an escape of escapes": b"%25" * 100_000 + b"40",
    "escapes that come out one by one": b"%4" + b"%3" * 100_000 + b"0@",
    "marks in no order": b"@a" + "\u0301\u0323".encode() * 100_000,
    "names in punycode": b"@" + b"xn--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa." * 5_000,
    "one name in punycode": b"@xn--" + b"a" * 300_000,
    "at signs": b"@" * 300_000,
    "lists": b"[" * 300_000 + b"@",
    "an object of objects": b'{"a":' * 100_000 + b"@",
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_line_costs_what_its_length_costs(line: bytes) -> None:
    """What is quadratic takes minutes here."""
    began = time.process_time()
    assert not is_found(line)
    assert time.process_time() - began < 10
