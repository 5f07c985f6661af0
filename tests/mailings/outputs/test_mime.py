"""E-mails: read back by the standard library, handed to an SMTP server, kept in an mbox."""

from __future__ import annotations

import mailbox
import quopri
import re
import smtplib
import socket
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import webencodings
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from fast_mail_parser import parse_email
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_support import decoded

from linktrack.errors import BadInput
from linktrack.mailings.addresses import ReadingOptions, read_mail
from linktrack.mailings.compile import PlacedSpan, compile_part
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.outputs.mime import Message, mime_charset, quoted_printable
from linktrack.mailings.reading.document import read_text
from linktrack.mailings.shipments import Recipient, Shipment, ShipmentSettings

BASE = "https://click.example.com"
TOKEN = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5"
HTML = (
    '<p>From here.\nFrom there\n>From it\n.\n</p>\r\n<a href="https://shop.example/x?a=1">åäö</a> \n' + "x" * 300 + "\n"
)
TEXT = "Hej åäö!\nFrom us: https://shop.example/x\n.\n"


def mail(
    html: bytes = HTML.encode(),
    text: bytes = TEXT.encode(),
    *,
    base: str = BASE,
    type: str = "",
    subject: str = "Hallå",
) -> Mail:
    parts = read_mail(html, text, ReadingOptions(base))
    placed: dict[str, list[PlacedSpan]] = {"html": [], "text": []}
    for address in parts.addresses:
        if not address.reason:
            placed[address.part].append(PlacedSpan(f"abc{'defg'[address.position]}", address.start, address.stop))
    plain = compile_part(read_text(text), placed["text"], base)
    return Mail("news", type, subject, compile_part(parts.html, placed["html"], base), plain, f"{base}/unsu/", 3)


def shipment(base: str = BASE, sender: str = "Åsa Öst <asa@example.com>") -> Shipment:
    settings = ShipmentSettings(base, "eml", 0, sender=sender)
    return Shipment(1, "news", 1_777_885_200_000, False, 1, settings, 0)


def message(row: Recipient | None = None, **options: object) -> bytes:
    row = row or Recipient("1", "bo@example.com", 'Bo "B" Öst', TOKEN)
    base = str(options.get("base", BASE))
    return b"".join(Message(mail(**options), shipment(base)).buffers(row))  # type: ignore[arg-type]


def crlf(text: str) -> str:
    return re.sub("\r\n|\r|\n", "\r\n", text)


def test_an_email_reads_back_as_both_parts_with_the_recipients_addresses() -> None:
    read = message_from_bytes(message(), policy=policy.default)
    assert read.get_content_type() == "multipart/alternative" and not read.defects
    plain, html = read.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert decoded(html).decode() == crlf(HTML.replace("https://shop.example/x?a=1", f"{BASE}/abce/{TOKEN}"))
    assert decoded(plain).decode() == crlf(TEXT.replace("https://shop.example/x", f"{BASE}/abcf/{TOKEN}"))
    assert (read["Subject"], read["To"].addresses[0].display_name) == ("Hallå", 'Bo "B" Öst')
    assert read["From"].addresses[0].addr_spec == "asa@example.com" and read["Message-ID"] and read["Date"]


def test_a_second_parser_reads_the_same() -> None:
    read = parse_email(message())
    assert read.warnings == [] and (read.subject, read.to[0].display_name) == ("Hallå", 'Bo "B" Öst')
    assert read.text_html == [crlf(HTML.replace("https://shop.example/x?a=1", f"{BASE}/abce/{TOKEN}"))]
    assert read.text_plain == [crlf(TEXT.replace("https://shop.example/x", f"{BASE}/abcf/{TOKEN}"))]
    assert read.headers["List-Unsubscribe"] == [f"<{BASE}/unsu/{TOKEN}>"]


def test_headers_are_ascii_and_the_unsubscribe_header_is_one_line() -> None:
    long = "https://click.example.com/" + "/".join(["a" * 60] * 8)
    raw = message(base=long)
    head = raw.partition(b"\r\n\r\n")[0]
    assert head.isascii() and b"\n " not in head.split(b"List-Unsubscribe: ")[1].partition(b"\r\nList")[0]
    assert f"List-Unsubscribe: <{long}/unsu/{TOKEN}>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_j1_to_j4_as_theirs_one_click_needs_https_and_transactional_mail_has_no_such_header() -> None:
    assert message().count(b"List-Unsubscribe:") == message().count(b"List-Unsubscribe-Post:") == 1  # J1, J3
    assert b"List-Unsubscribe:" in message(base="http://localhost:8000")
    assert b"List-Unsubscribe-Post" not in message(base="http://localhost:8000")  # J2, where it is mailto
    assert b"List-Unsubscribe" not in message(type="transactional")  # J4


@pytest.mark.parametrize("size", [10, 75, 76, 77, 200, 900, 5000])
def test_a_tracking_address_of_any_length_stays_in_one_piece_in_its_header(size: int) -> None:
    base = f"{BASE}/{'a' * size}"
    raw = message(base=base)
    assert (
        f"\r\nList-Unsubscribe: <{base}/unsu/{TOKEN}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode()
        in raw
    )
    body = message_from_bytes(raw, policy=policy.default).get_body(("html",))
    assert body is not None
    for html in (body.get_content(), parse_email(raw).text_html[0]):
        assert f'href="{base}/abce/{TOKEN}"' in html


CHARSETS = {"utf-8": "utf-8", "utf-16-le": "utf-8", "cp1252": "windows-1252", "cp1251": "windows-1251", "cp874": "windows-874",
            "latin-1": "iso-8859-1", "iso8859-2": "iso-8859-2", "iso8859-15": "iso-8859-15", "koi8-r": "koi8-r", "gbk": "gbk",
            "shift_jis": "shift_jis", "euc_jp": "euc-jp", "iso2022_jp": "iso-2022-jp", "big5": "big5", "gb18030": "gb18030",
            "euc_kr": "euc-kr"}  # fmt: skip


@pytest.mark.parametrize("codec", CHARSETS)
def test_charsets_have_the_names_that_mail_programs_know(codec: str) -> None:
    name = mime_charset(codec)
    assert name == CHARSETS[codec] and webencodings.lookup(name) is not None


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-8", "iso-2022-jp", "utf-16", "big5"])
def test_the_charset_is_the_source_s(charset: str) -> None:
    words = {"iso-2022-jp": "日本語", "big5": "許功蓋"}.get(charset, "åäö")
    html = f'<meta charset="{charset}"><p>{words}</p>\n<a href="https://shop.example/x">{words}</a>\n'
    read = message_from_bytes(message(html=html.encode(charset)), policy=policy.default)
    part = list(read.iter_parts())[1]
    declared = str(part.get_content_charset())
    expected = html.replace("https://shop.example/x", f"{BASE}/abce/{TOKEN}")
    assert decoded(part).decode(declared) == crlf(expected)
    assert (declared == "utf-8") == (charset in ("utf-8", "utf-16"))


def test_a_header_cannot_be_broken_out_of() -> None:
    row = Recipient("1", "bo@example.com", "Bo\r\nBcc: all@example.com", TOKEN)
    read = message_from_bytes(message(row, subject="Hi\r\nBcc: x@example.com"), policy=policy.default)
    assert read["Bcc"] is None
    with pytest.raises(BadInput, match="no address"):
        message(Recipient("1", "bo@example.com>\r\nBcc: x@example.com", "", TOKEN))


def test_an_international_domain_is_written_in_ascii() -> None:
    assert b"To: bo@xn--bcher-kva.example\r\n" in message(Recipient("1", "bo@bücher.example", "", TOKEN))


def test_message_ids_do_not_carry_the_token() -> None:
    identity = message_from_bytes(message())["Message-ID"]
    assert TOKEN not in identity and identity.endswith("@click.example.com>")


def test_an_mbox_reads_back_whatever_its_lines_begin_with(tmp_path: Path) -> None:
    maker = Message(mail(), shipment())
    path = tmp_path / "mailing.mbox"
    path.write_bytes(b"".join(b"".join(maker.mbox_buffers(Recipient(n, f"{n}@example.com", "", TOKEN))) for n in "123"))
    box = mailbox.mbox(path, create=False)
    assert len(box) == 3
    for kept, number in zip(box, "123", strict=True):
        assert kept["To"] == f"{number}@example.com"
        _, html = message_from_bytes(kept.as_bytes(), policy=policy.default).iter_parts()
        body = decoded(html).decode()
        assert body.replace("\r\n", "\n") == crlf(HTML).replace("\r\n", "\n").replace(
            "https://shop.example/x?a=1", f"{BASE}/abce/{TOKEN}"
        )
    assert not re.search(rb"\n>*From (?!asa@)", path.read_bytes())
    box.close()


class _Keep:
    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:  # noqa: N802  (aiosmtpd's)
        self.content = envelope.content
        return "250 OK"


def test_an_smtp_server_gets_the_very_bytes() -> None:
    kept = _Keep()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("a@example.com", ["bo@example.com"], message())
    finally:
        controller.stop()
    assert kept.content == message()


_PIECES = [b"a", b"From ", b"\nFrom x", b">From ", b".", b"\n.", b" ", b"\t\n", b" \n", b"=", b"\r\n", b"\xc3\xa5", b"x" * 70,
           b">", b"\n", b"F", b"\r", b"https://a.example/"]  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.lists(st.sampled_from(_PIECES), max_size=30).map(b"".join), min_size=1, max_size=4))
def test_segments_in_quoted_printable_can_be_joined(pieces: list[bytes]) -> None:
    address = BASE.encode() + b"/abcd/"
    pieces = [*(piece + address for piece in pieces[:-1]), pieces[-1]]
    last = len(pieces) - 1
    encoded = TOKEN.encode().join(
        quoted_printable(piece, first=number == 0, last=number == last) for number, piece in enumerate(pieces)
    )
    expected = re.sub(b"\r\n|\r|\n", b"\r\n", TOKEN.encode().join(pieces))
    assert quopri.decodestring(encoded) == expected
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76 and not line.endswith((b" ", b"\t")) and not re.match(rb">*From |\.", line)
    if last:
        assert address + TOKEN.encode() in encoded  # no soft break inside the address


@pytest.mark.parametrize("length", range(38, 50))
@pytest.mark.parametrize("before", [b"", b"see ", b"see\n", b"x" * 74, b"x" * 75 + b"\r\n"])
def test_an_address_stays_in_one_line_with_its_token_where_the_line_may_be_so_long(before: bytes, length: int) -> None:
    address = b"https://c.example/".ljust(length, b"y")
    encoded = quoted_printable(before + address, first=True, last=False) + TOKEN.encode()
    encoded += quoted_printable(b'">x', first=False, last=True)
    assert quopri.decodestring(encoded) == re.sub(b"\r?\n", b"\r\n", before) + address + TOKEN.encode() + b'">x'
    lines = encoded.split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert (address + TOKEN.encode() + b"=" in lines) == (length + len(TOKEN) <= 75)


@pytest.mark.parametrize("before", [b"", b"\n", b"see\n", b"see"])
def test_a_line_is_broken_softly_before_an_address_unless_it_has_just_begun(before: bytes) -> None:
    encoded = quoted_printable(before + b"https://c.example/", first=True, last=False)
    written = before.replace(b"\n", b"\r\n") + (b"=\r\n" if before == b"see" else b"")
    assert encoded == written + b"https://c.example/"


def test_an_equals_sign_in_an_address_is_written_as_one() -> None:
    data = b"https://c.example/?a=/"
    encoded = quoted_printable(data, first=True, last=False) + TOKEN.encode()
    assert quopri.decodestring(encoded) == data + TOKEN.encode()
