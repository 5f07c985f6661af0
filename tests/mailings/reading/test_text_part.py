"""Where an address in a plain text ends: where a reader sees its end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.mailings.addresses import ReadingOptions, read_parts
from linktrack.mailings.reading.document import read_document, read_text
from linktrack.mailings.reading.text_part import find_urls

X = "https://a.example/x"
ENDS = {
    "brackets of CJK": (f"見て「{X}」と", [X]),
    "double brackets of CJK": (f"『{X}』【{X}】《{X}》", [X, X, X]),
    "wide brackets": (f"（{X}）", [X]),
    "a full stop of CJK": (f"{X}。次", [X]),
    "a comma of CJK": (f"{X}、{X}", [X, X]),
    "a wide comma and a wide exclamation mark": (f"{X}，{X}！", [X, X]),
    "letters of CJK belong to a path": ("https://a.example/日本語。", ["https://a.example/日本語"]),
    "a bar": (f"{X}|Meny", [X]),
    "a table": (f"| {X} |{X}|", [X, X]),
    "a bar of a merge tag does not": (f"{X}?n=*|FNAME|*|", [f"{X}?n=*|FNAME|*"]),
    "a > that was HTML once": (f"&lt;{X}&gt; och", [X]),
    "a quote that was HTML once": (f"&quot;{X}&quot;", [X]),
    "an & in a query does not": (f"{X}?a=1&b=2&gt=3", [f"{X}?a=1&b=2&gt=3"]),
    "an &amp; does not": (f"{X}?a=1&amp;b=2", [f"{X}?a=1&amp;b=2"]),
    "an emoji": (f"{X}🎉 nu", [X]),
    "an emoji of several signs": (f"{X}👍🏽{X}❤️.", [X, X]),
    "an emoji before the question mark of a sentence": ("https://a.example/🎉?", ["https://a.example/"]),
    "an emoji in a path does not": ("https://a.example/😀/x", ["https://a.example/😀/x"]),
    "an arrow": (f"{X}→ köp", [X]),
    "a glued dash": (f"{X}—det bästa", [X]),
    "a glued short dash": (f"{X}–det bästa", [X]),
    "a hyphen does not": (f"{X}-y- z", [f"{X}-y-"]),
    "the end of a text direction": (f"\u202a{X}\u202c och", [X]),
    "an isolated text direction": (f"\u2068{X}\u2069", [X]),
    "a blank of no width": (f"{X}\u200bnu", [X]),
    "a next line of C1": (f"{X}\u0085nu", [X]),
    "an Arabic comma": (f"{X}، {X}؟", [X, X]),
    "a danda": (f"{X}।", [X]),
    "an emphasis around it": (f"*{X}* _{X}_ ~~{X}~~ **{X}**", [X] * 4),
    "two emphases around it": (f"**_{X}_** och _*{X}*_.", [X, X]),
    "an emphasis around it, and the end of the sentence in it": (f"*{X}.* och _{X}_!", [X, X]),
    "an emphasis around it, and a mark of its own": (f"*{X}_*", [f"{X}_"]),
    "an emphasis whose twin does not stand before it does not": (
        f"{X}_ {X}~ {X}* {X}?y=~~x~~ *{X}~",
        [f"{X}_", f"{X}~", f"{X}*", f"{X}?y=~~x~~", f"{X}~"],
    ),
    "a mark and the end of the sentence": (f"Se {X}_a_.", [f"{X}_a_"]),
    "a statement behind a mark": (f"{X}_{{% endif %}} nu", [f"{X}_"]),
    "three dots": (f"{X}…", [X]),
}


@pytest.mark.parametrize("case", ENDS)
def test_an_address_ends_where_a_reader_sees_its_end(case: str) -> None:
    text, expected = ENDS[case]
    assert [text[start:stop] for start, stop in find_urls(text)] == expected


HOSTS = {
    "http://www.r%C3%A4ksm%C3%B6rg%C3%A5s.se/meny": "",
    "http://a%20b.com/": "invalid",
    "http://256.1.1.300/": "invalid",
    "https://%74.example/abcd": "tracking-host",
    "https://T%2eExample/": "tracking-host",
    "https://t。example/": "tracking-host",
    "https://t.example.:443/x": "tracking-host",
    "https://u@t.example/": "tracking-host",
    "https://t.example.b.example/": "",
}


@pytest.mark.parametrize("url", HOSTS)
def test_hosts_are_judged_as_browsers_read_them(url: str) -> None:
    html = read_document(f'<a href="{url}">'.encode())
    text = None if "。" in url else read_text(url.encode())
    parts = read_parts(html, text, ReadingOptions("https://t.example"))
    assert [address.reason for address in parts.addresses] == [HOSTS[url]] * (1 if text is None else 2)


def test_an_international_tracking_host_is_known_however_it_is_written() -> None:
    html = '<a href="https://klick.räv.example/a"><a href="https://klick.r%C3%A4v.example/b"><a href="//klick.xn--rv-via.example">'
    for tracking in ("https://klick.xn--rv-via.example", "https://klick.räv.example"):
        parts = read_parts(read_document(html.encode()), None, ReadingOptions(tracking))
        assert [address.reason for address in parts.addresses] == ["tracking-host"] * 3


_texts = st.lists(
    st.sampled_from(["https://a.example/", "x", "?", "&", "&gt;", "🎉", "*", "_", "~~", "{% if a %}", "。", "「", "」", "(", ")", "|", "—", ".", " ", "\u202c", "{{x}}", "%C3"]),
    max_size=15,
).map("".join)  # fmt: skip


@given(_texts)
def test_spans_do_not_overlap_and_what_was_found_is_found_again(text: str) -> None:
    here = 0
    for start, stop in find_urls(text):
        assert here <= start < stop
        assert find_urls(text[start:stop])[:1] == [(0, stop - start)]
        here = stop


@pytest.mark.parametrize("piece", ["😀", "&lt", "(", "https://a", "。", "~", "*_"])
def test_hostile_texts_are_read_in_linear_time(piece: str) -> None:
    """A reader that is quadratic would take minutes here."""
    find_urls("https://" + piece * 200_000)
