"""Encodings: what is scanned, what is refused, and that every byte comes back."""

from __future__ import annotations

import pytest

from linktrack.errors import BadInput
from linktrack.mailings.addresses import Options, read_mail
from linktrack.mailings.compile import Placed, compile_part
from linktrack.mailings.proof import prove
from linktrack.mailings.reading.document import read_document, read_text
from linktrack.mailings.reading.text_part import find_urls

BASE = "https://click.example.com"
OPTIONS = Options(BASE)
HTML = '<html><head>{}</head><body><p>{}</p>\r\n<a href="https://shop.example/x">{}</a></body></html>'

CASES = {
    "UTF-8": ("utf-8", "utf-8", "åäö 😀 日本"),
    "UTF-8 with a byte order mark": ("utf-8-sig", "utf-8", "åäö"),
    "ISO-8859-1, which the web reads as windows-1252": ("iso-8859-1", "cp1252", "åäö"),
    "windows-1252": ("windows-1252", "cp1252", "“åäö” €"),
    "windows-1251": ("windows-1251", "cp1251", "Привет"),
    "KOI8-R": ("koi8-r", "koi8-r", "Привет"),
    "Shift_JIS": ("shift_jis", "shift_jis", "日本語ソ表"),
    "EUC-JP": ("euc-jp", "euc_jp", "日本語"),
    "ISO-2022-JP, whose kanji hold the byte of <": ("iso-2022-jp", "iso2022_jp", "縺暫日本語漢"),
    "Big5": ("big5", "big5", "許功蓋"),
    "GB 18030": ("gb18030", "gb18030", "你好𠀀"),
    "EUC-KR": ("euc-kr", "euc_kr", "안녕"),
    "UTF-16, little endian, by its mark": ("utf-16", "utf-16-le", "åäö 😀"),
    "UTF-16, big endian, without a mark": ("utf-16-be", "utf-16-be", "åäö 😀"),
}


@pytest.mark.parametrize("case", CASES)
def test_an_encoding_is_read_spliced_and_put_back(case: str) -> None:
    charset, codec, words = CASES[case]
    meta = f'<meta charset="{charset}">'
    data = HTML.format(meta, words, words).encode(charset)
    parts = read_mail(data, None, OPTIONS)
    assert parts.html.charset == codec
    (spot,) = [address for address in parts.addresses if not address.reason]
    assert (spot.label, spot.line, spot.column) == (words, 2, 10)
    prove(parts, [(spot, "abcd")], BASE, OPTIONS)
    compiled = compile_part(parts.html, [Placed("abcd", spot.start, spot.stop)], BASE)
    expected = data.decode(charset).replace("https://shop.example/x", f"{BASE}/abcd/TOKEN")
    assert compiled.copy_for("TOKEN").decode(charset) == expected
    assert compiled.copy_for("TOKEN").startswith(data[:3])


REFUSED = {
    "UTF-7 by declaration": (b'<meta charset="utf-7"><a href=x>', "UTF-7"),
    "UTF-7 by its mark": (b"+/v8-<a href=x>", "UTF-7"),
    "UTF-32": (b"\xff\xfe\x00\x00<\x00\x00\x00", "UTF-32"),
    "UTF-16 that is cut": ("<a href=x>".encode("utf-16") + b"\x00", "UTF-16-LE"),
    "ISO-2022-JP that is broken": (b'<meta charset="iso-2022-jp">\x1b$B\xff\xff', "ISO2022_JP"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_back_is_refused_with_a_way_out(case: str) -> None:
    data, name = REFUSED[case]
    with pytest.raises(BadInput, match=name) as caught:
        read_document(data, name="mail.html")
    assert "UTF-8" in str(caught.value) and caught.value.file == "mail.html"


def test_a_charset_that_does_not_exist_is_refused_when_it_is_asked_for() -> None:
    with pytest.raises(BadInput, match=r"mail\.html: there is no charset 'klingon'"):
        read_document(b"x", name="mail.html", charset="klingon")


FALLBACKS = {
    "declared UTF-8 that is windows-1252": (b"<meta charset=utf-8>\xe5\xe4", "cp1252"),
    "declared UTF-16 in ASCII is UTF-8": ('<meta charset="utf-16">å'.encode(), "utf-8"),
    "an unknown charset": ('<meta charset="x-nothing">å'.encode(), "utf-8"),
    "a codec that is no charset": ('<meta charset="rot13">å'.encode(), "utf-8"),
    "nothing declared": ("å".encode(), "utf-8"),
    "bytes that windows-1252 has not": (b"\x81\xe5", "latin-1"),
    "declared in a content type": (
        b'<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2">\xe5',
        "iso8859-2",
    ),
    "an XML declaration": (b'<?xml version="1.0" encoding="windows-1250"?>\xe5', "cp1250"),
}


@pytest.mark.parametrize("case", FALLBACKS)
def test_a_charset_is_found_that_reads_every_byte(case: str) -> None:
    data, expected = FALLBACKS[case]
    document = read_document(data)
    assert document.charset == expected
    assert document.characters(0, len(document.text)).encode(expected) == data


def test_text_parts_keep_their_bytes_too() -> None:
    for charset in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        data = "Hej – läs „https://shop.example/x“ nu.\r\nhttps://b.example/å".encode(charset)
        parts = read_mail(b"", data, OPTIONS)
        prove(parts, list(zip(parts.addresses, ("aaa", "aab"), strict=True)), BASE, OPTIONS)
        text = read_text(data)
        placed = [Placed(f"aa{n}", *span) for n, span in zip("ab", find_urls(text.text), strict=True)]
        compiled = compile_part(text, placed, BASE)
        written = compiled.copy_for("TOKEN").decode(charset)
        assert f"„{BASE}/aaa/TOKEN“ nu.\r\n{BASE}/aab/TOKEN" in written


def test_lines_and_columns_count_characters_and_all_line_ends() -> None:
    document = read_document("\ufeffå<a>\r\nåå<b>\rx<c>\n\n<d>".encode())
    places = [document.place(document.text.index(tag)) for tag in ("<a>", "<b>", "<c>", "<d>")]
    assert places == [(1, 2), (2, 3), (3, 2), (5, 1)]
    assert document.place(document.text.index("<b>")) == (2, 3)  # also when asked in another order


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04\x14\x00", "a ZIP archive or an office document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Outlook message"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\x1f\x8b\x08", "a compressed file"),
        (b"Subject: New\r\n in May\r\nMIME-Version: 1.0\r\n\r\n<p>x</p>", "a whole e-mail"),
    ],
    ids=["PDF", "ZIP", "MSG", "PNG", "gzip", "EML"],
)
def test_a_file_of_another_kind_is_refused_by_its_first_bytes(data: bytes, what: str) -> None:
    with pytest.raises(BadInput, match=rf"spring\.html: this is .*{what}"):
        read_document(data, name="spring.html")


def test_a_text_that_begins_like_a_header_is_a_text() -> None:
    assert read_document(b"Subject: New in May\r\n\r\nWe write about MIME-Version: 1.0").charset == "utf-8"
