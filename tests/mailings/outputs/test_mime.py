"""E-mails: read back by the standard library, handed to an SMTP server, kept in an mbox."""

from __future__ import annotations

import mailbox
import quopri
import re
import smtplib
import socket
import time
from dataclasses import replace
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


WHOLE = f"""\
To: "Bo Ek" <bo@example.com>
Message-ID: <5ce6fa744c3826e28cd5a9c2b1f47425@click.example.com>
List-Unsubscribe: <https://click.example.com/unsu/{TOKEN}>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Subject: Hej
From: "Asa Ost" <asa@example.com>
Date: Mon, 04 May 2026 09:00:00 -0000
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_6b7095025890014125683808"

--=_6b7095025890014125683808
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Hej=20=
https://click.example.com/abcf/{TOKEN}=


--=_6b7095025890014125683808
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>Hej</p>
<a href=3D"=
https://click.example.com/abce/{TOKEN}=
">x</a>
--=_6b7095025890014125683808--
"""
SMALL = (b'<p>Hej</p>\n<a href="https://shop.example/x">x</a>', b"Hej https://shop.example/x\n")
BO = Recipient("1", "bo@example.com", "Bo Ek", TOKEN)


def test_a_whole_mail_line_by_line() -> None:
    maker = Message(mail(*SMALL, subject="Hej"), shipment(sender="Asa Ost <asa@example.com>"))
    assert b"".join(maker.buffers(BO)).decode() == WHOLE.replace("\n", "\r\n")
    assert b"".join(maker.mbox_buffers(BO)).decode() == f"From asa@example.com Mon May  4 09:00:00 2026\n{WHOLE}\n"


def test_a_mail_to_nobody_has_no_line_that_says_so() -> None:
    """A shipment that was made as rows is rendered as e-mails, too, and some of its recipients have no address."""
    maker = Message(mail(*SMALL, subject="Hej"), shipment(sender="Asa Ost <asa@example.com>"))
    left = re.sub("^To: .*\n", "", WHOLE, flags=re.MULTILINE)
    assert b"".join(maker.buffers(Recipient("1", "", "Bo Ek", TOKEN))).decode() == left.replace("\n", "\r\n")


def test_a_mail_that_nobody_can_unsubscribe_from_does_not_say_where() -> None:
    maker = Message(
        replace(mail(*SMALL, subject="Hej"), unsubscribe=None), shipment(sender="Asa Ost <asa@example.com>")
    )
    left = re.sub("^List-.*\n", "", WHOLE, flags=re.MULTILINE)
    assert b"".join(maker.buffers(BO)).decode() == left.replace("\n", "\r\n")


def test_moments_are_greenwich_s_wherever_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        test_a_whole_mail_line_by_line()
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("one", "other"),
    [(("<p>a</p>", "b"), ("<p>a!</p>", "b")), (("<p>a</p>", "b"), ("<p>a</p>", "b!"))],
    ids=["html", "text"],
)
def test_mails_that_differ_have_boundaries_that_differ(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert len({message_from_bytes(message(html=html.encode(), text=text.encode())).get_boundary()
                for html, text in (one, other, one)}) == 2  # fmt: skip


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


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "cp1252"])
def test_a_text_in_utf_16_goes_out_in_utf_8(charset: str) -> None:
    plain, _ = message_from_bytes(message(text="Hej åäö!\n".encode(charset)), policy=policy.default).iter_parts()
    assert decoded(plain).decode(str(plain.get_content_charset())) == "Hej åäö!\r\n"
    assert plain.get_content_charset() == ("windows-1252" if charset == "cp1252" else "utf-8")


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


X75 = b"x" * 75
# What stands in a mail → as it is written, where nothing stands before it or behind it.
QUOTED = {
    "nothing": (b"", b""),
    "letters, digits and signs": (
        b"XYZ abc 019 !\"#$%&'()*+,-/:;<?@[]^_`{|}~",
        b"XYZ abc 019 !\"#$%&'()*+,-/:;<?@[]^_`{|}~",
    ),
    "an equals sign": (b"a=b", b"a=3Db"),
    "letters beyond ASCII": ("åÿ".encode("latin-1"), b"=E5=FF"),
    "control characters": (b"a\x00\x0b\x1f\x7fb", b"a=00=0B=1F=7Fb"),
    "blanks and tabs within a line": (b"a b\tc", b"a b\tc"),
    "a blank at the end": (b"a \nb ", b"a=20\r\nb=20"),
    "a tab at the end": (b"a\t\nb\t", b"a=09\r\nb=09"),
    "two blanks at the end": (b"a  ", b"a =20"),
    "a blank alone": (b" ", b"=20"),
    "lines of Unix, Windows and old Macs": (b"a\nb\r\nc\rd\n", b"a\r\nb\r\nc\r\nd\r\n"),
    "empty lines": (b"\n\r\n\ra", b"\r\n\r\n\r\na"),
    "a dot first": (b".a.\n.b", b"=2Ea.\r\n=2Eb"),
    "From first": (b"From a\nFrom: b\nFro\n>From c", b"=46rom a\r\nFrom: b\r\nFro\r\n=3EFrom c"),
    "From within": (b"a From b >c", b"a From b >c"),
    "75 letters": (X75, X75),
    "76 letters": (X75 + b"x", X75 + b"=\r\nx"),
    "151 letters": (X75 + X75 + b"x", X75 + b"=\r\n" + X75 + b"=\r\nx"),
    "a sign of three that fits": (X75[:72] + b"==", X75[:72] + b"=3D=\r\n=3D"),
    "a sign of three that does not": (X75[:73] + b"=", X75[:73] + b"=\r\n=3D"),
    "a blank where a line is full": (X75 + b" x", X75 + b"=\r\n x"),
    "From where a long line goes on": (X75 + b"From a", X75 + b"=\r\n=46rom a"),
    "a dot where a long line goes on": (X75 + b".", X75 + b"=\r\n=2E"),
    "a long line that begins with From": (b"From " + X75, b"=46rom " + X75[:68] + b"=\r\n" + X75[68:]),
}


@pytest.mark.parametrize("case", QUOTED)
def test_what_stands_in_a_mail_is_written_in_quoted_printable(case: str) -> None:
    data, expected = QUOTED[case]
    assert quoted_printable(data, first=True, last=True) == expected
    assert quoted_printable(data, first=False, last=True) == b"=\r\n" + expected
    soft = b"=\r\n" if expected and not expected.endswith(b"\n") else b""
    assert quoted_printable(data, first=True, last=False) == expected + soft
    assert quoted_printable(data, first=False, last=False) == b"=\r\n" + expected + soft


HTTPS = b"https://c.example/a/"
BEFORE_TOKEN = {
    "an address after words": (b"see " + HTTPS, b"see=20=\r\n" + HTTPS),
    "an address without encryption": (b"see http://c.example/", b"see=20=\r\nhttp://c.example/"),
    "the last address of several": (b"http://a.example " + HTTPS, b"http://a.example=20=\r\n" + HTTPS),
    "the last of several without": (b"http://a.example http://c.example/", b"http://a.example=20=\r\nhttp://c.example/"),
    "one without after one with": (HTTPS + b" http://c.example/", HTTPS + b"=20=\r\nhttp://c.example/"),
    "an address with an equals sign": (b"see https://c.example/?a=/", b"see https://c.example/?a=3D/=\r\n"),
    "one that would not fit with its token": (b"see " + HTTPS.ljust(44, b"y"), b"see " + HTTPS.ljust(44, b"y") + b"=\r\n"),
    "no address": (b"see ", b"see=20=\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", BEFORE_TOKEN)
def test_before_a_token_an_address_has_a_line_of_its_own_where_it_can(case: str) -> None:
    data, expected = BEFORE_TOKEN[case]
    assert quoted_printable(data, first=True, last=False) == expected


def test_before_a_value_an_address_is_written_as_anything_else() -> None:
    assert quoted_printable(b"see " + HTTPS, first=True, last=False, before_token=False) == b"see " + HTTPS + b"=\r\n"
    assert quoted_printable(b"see " + HTTPS, first=True, last=True) == b"see " + HTTPS


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
