"""Encodings: what is scanned, what is refused, and that every byte comes back."""

from __future__ import annotations

import re

import pytest

from linktrack.errors import BadInput
from linktrack.mailings.addresses import ReadingOptions, read_mail
from linktrack.mailings.compile import PlacedSpan, compile_part, encoded
from linktrack.mailings.outputs.made_text import made_text
from linktrack.mailings.proof import prove
from linktrack.mailings.reading.cross_check import cross_check
from linktrack.mailings.reading.document import read_document, read_text
from linktrack.mailings.reading.mail_files import read_html, refuse_no_text
from linktrack.mailings.reading.text_part import find_urls

BASE = "https://click.example.com"
OPTIONS = ReadingOptions(BASE)
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
    compiled = compile_part(parts.html, [PlacedSpan("abcd", spot.start, spot.stop)], BASE)
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
        placed = [PlacedSpan(f"aa{n}", *span) for n, span in zip("ab", find_urls(text.text), strict=True)]
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


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n<a href=x>", "a picture"),
        (b"SQLite format 3\0\x10\0<a href=x>", "a database"),
        (b"RIFF\x24\0\0\0WEBP\0\0\0\0", "no text"),
        (b'[links.a]\nurl = "https://a.example/"\ntext = "<p>Thanks</p>"\n', "TOML"),
        (b'# links\nbase_url = "https://a.example/"\r\n', "TOML"),
        (b'{"html": "<a href=x>"}', "JSON"),
        (b'{"html": "<a href=x>"}\n{"html": "<p>"}\n', "JSON"),
        (b'\xef\xbb\xbf[{"a": 1}]', "JSON"),
        (b"contact_id;email\n1;a@x.example\n", "a table"),
        (b'id;html\n1;<b>hej</b>\n2;<a href="https://a.example/">x</a>\n', "a table"),
        (b'\xef\xbb\xbfId,"F\xc3\xb6retag",html\r\n1,A,"<p>a,\r\nb</p>"\r\n', "a table"),
        (b"id;html\n1;<b style='color:red;top:0'>hej</b>\n", "a table"),
        (b"Hej!\n\nhttps://a.example/x < 2 <https://b.example/>\n", "a text without HTML tags"),
        ("Hej å".encode("utf-16"), "a text without HTML tags"),
        (b"<?xml version='1.0'?><rss><channel/></rss>", "XML"),
        (b"<?xml version='1.0'?>\n<!-- x --><rss><title>x</title><a href=x></rss>", "XML"),
        (b"<?xml version='1.0'?><orders><a href='x'/></orders>", "XML"),
        (b"<feed><link href='x'/></feed>", "XML"),
        (b"<svg xmlns='x'><a href='x'/></svg>", "a picture"),
        (b"<mjml><mj-body><a href='x'/></mj-body></mjml>", "MJML"),
        (b"From: a@b.example\r\nSubject: Hej\r\n\r\n<p>x</p>", "a whole e-mail"),
        (b"Date: today\nMessage-ID: <x@y>\nX: y\n z\n\n<a href=x>", "a whole e-mail"),
        (b"From a@b Mon\nReceived: x\n\n<a href=x>", "a whole e-mail"),
    ],
    ids=["PNG", "SQLite", "WebP", "TOML", "TOML with CRLF", "JSON", "NDJSON", "JSON with a BOM", "CSV", "CSV with HTML", "CSV with a BOM and HTML", "CSV with a delimiter in HTML", "text", "UTF-16", "RSS",
         "RSS with links", "other XML", "Atom", "SVG", "MJML", "old EML", "EML without MIME", "mbox"],
)  # fmt: skip
def test_only_html_is_taken_as_html(data: bytes, what: str) -> None:
    with pytest.raises(BadInput, match=rf"spring\.html: this is .*{what}") as caught:
        read_html(data, name="spring.html")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "data",
    [b"<p>x", b"Hej <b>du</b>", b"{{#if x}}<td>", b"[[name]] = <br>", b"", b" \n", b"<!--[if mso]><v:rect><![endif]--><BR/>",
     b"<?xml version='1.0'?><!DOCTYPE html><html><p>x", b"<p><svg><a href=x></svg>", b"From: us, to you: <b>Hej</b>\n\n",
     b"<layout><p>x", b"{% extends 'x' %}<p>{\"a\": 1}</p>", "<p>å".encode("utf-16"), b"key = <a href=x>",
     b"Hej <v:rect href=x>", b"Hej <o:p>", b"Hej <!-->", b"Hej <!-- Anna",
     b"Hej, Anna\n<b>Nu, igen</b>", b"Hej\n<b>a;b</b>", b"a;b\n<b>c;d;e</b>", b"Nyheter | Maj\n<p>x | y</p>\n<p>z</p>"],
)  # fmt: skip
def test_html_is_html_however_little_of_it_there_is(data: bytes) -> None:
    assert read_html(data).data == data


@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_a_nul_is_refused_with_its_place_in_both_parts(charset: str) -> None:
    html, text = (sign + "x" * 400 + "\nå\0" for sign in ("<p>", ""))
    for name, read in (("a.html", lambda: read_html(html.encode(charset), name="a.html")),
                       ("a.txt", lambda: refuse_no_text(text.encode(charset), "a.txt"))):  # fmt: skip
        with pytest.raises(BadInput, match=f"{name}:2:2: a mail holds no NUL"):
            read()


@pytest.mark.parametrize(
    "name",
    ["README.md", "a/mail.py", "list.CSV", "mail.eml", "feed.rss", "logo.svg", "links.toml", "mail.mjml", "x.ics"],
)
def test_a_file_of_another_ending_is_refused_whatever_html_is_in_it(name: str) -> None:
    with pytest.raises(BadInput, match="not HTML: name the mail's HTML file"):
        read_html(b"<p><a href=x>x</a>", name=name)


@pytest.mark.parametrize(
    "name", ["", "-", "mail.html", "mail.HTM", "mail.xhtml", "mail.txt", "mail", "mail.tpl", "mail.xml"]
)
def test_html_may_have_any_ending_that_says_nothing_else(name: str) -> None:
    assert read_html(b"<p><a href=x>x</a>", name=name).data == b"<p><a href=x>x</a>"


@pytest.mark.parametrize(
    ("data", "name", "what"),
    [
        (b"contact_id;email\n1;a@x.example\n", "kunder.csv", "a table"),
        (b"<p>Hej", "ok.html", "HTML"),
        (b"Hej", "ok.HTM", "HTML"),
        (b"<!DOCTYPE html>\n<p>Hej", "ok.txt", "HTML"),
        (b"\xef\xbb\xbf<html lang=sv><body>Hej", "-", "HTML"),
        (b"\xff\xd8\xff\xe0", "bild.jpg", "a picture"),
        (b"RIFF\x24\0\0\0WEBP\0\0\0\0", "bild.webp", "bytes that are no text"),
        (b"BEGIN:VCALENDAR", "x.ics", "a calendar"),
    ],
    ids=str,
)
def test_only_plain_text_is_taken_as_a_text_part(data: bytes, name: str, what: str) -> None:
    with pytest.raises(
        BadInput, match=rf"^{re.escape(name)}: this is .*{what}" if what != "HTML" else "this is HTML"
    ) as caught:
        refuse_no_text(data, name)
    assert (caught.value.exit_code, caught.value.file) == (3, name)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"Hej <https://a.example/> a < b > c", "mail.txt"),
        (b"# Hej\n", "mail.md"),
        ("Hej å".encode("utf-16"), "mail.txt"),
        ("こんにちは".encode("iso2022_jp"), "mail.txt"),
        (b"a;b\n1;2\n", "-"),
        (b"", "mail"),
    ],
    ids=str,
)
def test_a_plain_text_may_look_like_anything_else(data: bytes, name: str) -> None:
    refuse_no_text(data, name)


def test_a_text_part_needs_no_tags() -> None:
    assert read_text(b"Hej").text == "Hej"


@pytest.mark.parametrize(
    "charset",
    [
        "undefined",
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "base64",
        "zlib",
        "cp037",
        "utf-32",
        "x" * 4000,
        "....",
        "mbcs",
    ],
)
def test_an_absurd_charset_that_is_declared_changes_nothing_and_one_that_is_asked_for_is_refused(charset: str) -> None:
    data = f'<meta charset="{charset}"><p>å</p>'.encode()
    assert read_html(data).charset == "utf-8"
    if charset != "utf-32":
        with pytest.raises(BadInput, match="there is no charset"):
            read_html(data, charset=charset)


@pytest.mark.parametrize(
    "number",
    ["9" * 5000, "x" + "f" * 5000, "0" * 5000 + "65", "x" + "0" * 5000 + "41", "1114112", "x110000", "xd800", "0"],
)
def test_absurd_numeric_references_are_read_as_browsers_read_them(number: str) -> None:
    html = f'<a href="https://a.example/?&#{number};" title="&#{number};">&#{number}; x</a><img alt="&#{number};">'
    parts = read_mail(html.encode(), None, OPTIONS)
    character = "A" if number.endswith(("65", "41")) else "\ufffd"
    if len(number) < 4000:  # of a longer stretch only the beginning is a label
        assert [address.label for address in parts.addresses] == [f"{character} x"]
    assert parts.addresses[0].target == f"https://a.example/?{character}"
    assert cross_check(parts) == []
    assert (
        made_text(parts, [], BASE).copy_for("T").decode().startswith(f"{character} x (https://a.example/?{character})")
    )


def test_a_merge_tag_with_letters_that_an_encoding_lacks_is_refused() -> None:
    assert encoded("{{ å }}", "iso8859-1") == b"{{ \xe5 }}"
    with pytest.raises(BadInput) as refused:
        encoded("{{ 秋 }}", "iso8859-1")
    assert str(refused.value) == "'{{ 秋 }}' cannot be written in iso8859-1, the mailing's encoding"
