"""A mail as RFC 5322 and MIME want it: headers, multipart/alternative in quoted-printable, mbox.

Each segment is encoded once, whatever the number of recipients: a soft line break stands before every tracked
address and after every token, so the pieces can be joined without looking at them again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from hashlib import blake2b
from urllib.parse import urlsplit

from linktrack.mail_senders import sender
from linktrack.mailings.compile import Gap, interleaved
from linktrack.mailings.outputs.filling import FillablePart, values_of
from linktrack.mailings.outputs.headers import mailbox, unstructured
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.reading.document import UTF16
from linktrack.mailings.shipments import Recipient, Shipment

_LINE = 76
_CRLF = b"\r\n"
_SOFT = b"=\r\n"
_TOKEN_LENGTH = 32
_PRINTABLE = frozenset(range(33, 127)) - {ord("=")}
_CODES = [bytes([code]) if code in _PRINTABLE else b"=%02X" % code for code in range(256)]


class Message:
    """The e-mails of a shipment. `buffers` are the parts of one e-mail, for one gathering write."""

    def __init__(self, mail: Mail, shipment: Shipment) -> None:
        self._mail = mail
        self._shipment = shipment
        self._subject = f"Subject: {unstructured(mail.subject)}"
        self._domain = urlsplit(shipment.settings.base_url).hostname
        self._one_click = shipment.settings.base_url.startswith("https:")
        boundary = _boundary(mail)
        name, address = sender(shipment.settings.sender)
        self._fixed = self._fixed_headers(boundary, mailbox(name, address))
        self._body = _body(mail, boundary)
        self._unix_body = replace(self._body, pieces=tuple(piece.replace(_CRLF, b"\n") for piece in self._body.pieces))
        self._envelope = f"From {address} {_ctime(shipment.sent_at)}\n".encode()

    def buffers(self, row: Recipient) -> list[bytes]:
        """One e-mail, lines ended by CRLF."""
        subject, body = self._copy_for(row, self._body, _quoted_value)
        return [self._headers(row, subject), *body]

    def mbox_buffers(self, row: Recipient) -> list[bytes]:
        """One e-mail as an mbox entry: LF, a blank line behind it.

        Nothing needs a quote (mboxrd): behind a header's name stands a colon, and the encoder leaves no line that
        begins with `From ` or `>From `.
        """
        subject, body = self._copy_for(row, self._unix_body, _unix_quoted_value)
        return [self._envelope, self._headers(row, subject).replace(_CRLF, b"\n"), *body, b"\n"]

    def _copy_for(
        self, row: Recipient, body: FillablePart, write: Callable[[bytes, Gap], bytes]
    ) -> tuple[str, list[bytes]]:
        """(subject, body) of one e-mail."""
        token = row.token.encode("ascii")
        if self._mail.filling is None:
            return self._mail.subject, interleaved(body.pieces, token)
        values = values_of(row)
        return self._mail.filling.subject_for(values), body.joined(token, values, write)

    def _headers(self, row: Recipient, subject: str) -> bytes:
        """Headers that may differ from one recipient to the next, then the others."""
        lines = []
        if row.email:
            lines.append(f"To: {mailbox(row.name, row.email)}")
        identity = blake2b(row.token.encode("ascii"), digest_size=16).hexdigest()
        lines.append(f"Message-ID: <{identity}@{self._domain}>")
        if self._mail.unsubscribe and self._mail.type != "transactional":
            lines.append(f"List-Unsubscribe: <{self._mail.unsubscribe}{row.token}>")  # one line, however long
            if self._one_click:
                lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
        lines.append(self._subject if subject is self._mail.subject else f"Subject: {unstructured(subject)}")
        return ("\r\n".join(lines) + "\r\n").encode("ascii") + self._fixed

    def _fixed_headers(self, boundary: str, sender: str) -> bytes:
        lines = [
            f"From: {sender}",
            f"Date: {formatdate(self._shipment.sent_at // 1000)}",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/alternative; boundary="{boundary}"',
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _body(mail: Mail, boundary: str) -> FillablePart:
    """All of the body as pieces between which the token, and what fills merge tags, stand."""
    if mail.filling is None:
        text, html, text_charset = FillablePart.of(mail.text), FillablePart.of(mail.html), mail.text.charset
    else:
        text, html, text_charset = mail.filling.text, mail.filling.html, mail.filling.text_charset
    if text_charset in UTF16:  # which no text part may be in (RFC 2781)
        text = text.in_utf8(text_charset)
    if mail.html.charset in UTF16:
        html = html.in_utf8(mail.html.charset)
    text_pieces, html_pieces = _quoted_pieces(text), _quoted_pieces(html)
    joint = text_pieces[-1] + _part_head(boundary, "html", mail.html.charset) + html_pieces[0]
    pieces = [*text_pieces[:-1], joint, *html_pieces[1:]]
    pieces[0] = _part_head(boundary, "plain", text_charset, first=True) + pieces[0]
    pieces[-1] += f"\r\n--{boundary}--\r\n".encode()
    return FillablePart(tuple(pieces), (*text.gaps, *html.gaps))


def _quoted_pieces(part: FillablePart) -> list[bytes]:
    """A part's pieces in quoted-printable."""
    last = len(part.pieces) - 1
    followers = (*part.gaps, None)
    return [
        quoted_printable(piece, first=number == 0, last=number == last, before_token=followers[number] is None)
        for number, piece in enumerate(part.pieces)
    ]


def _quoted_value(value: bytes, _: Gap) -> bytes:
    """A value in quoted-printable, between two soft line breaks."""
    return quoted_printable(value, first=True, last=True)


def _unix_quoted_value(value: bytes, gap: Gap) -> bytes:
    return _quoted_value(value, gap).replace(_CRLF, b"\n")


def _part_head(boundary: str, subtype: str, charset: str, *, first: bool = False) -> bytes:
    lead = "" if first else "\r\n"
    return (
        f"{lead}--{boundary}\r\nContent-Type: text/{subtype}; charset={mime_charset(charset)}\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode("ascii")


def mime_charset(codec: str) -> str:
    """The name that mail programs know one of Python's codecs by."""
    if codec in UTF16:
        return "utf-8"
    name = codec.replace("latin-1", "iso-8859-1").replace("iso8859", "iso-8859").replace("iso2022", "iso-2022")
    name = re.sub(r"^cp(125\d|874)$", r"windows-\1", name)
    return name if name == "shift_jis" else name.replace("_", "-")


def quoted_printable(data: bytes, *, first: bool, last: bool, before_token: bool = True) -> bytes:
    """A segment in quoted-printable (RFC 2045, 6.7) that may stand between two tokens, or a token and a value.

    Unless it is the `last`, it ends with a soft line break, and the tracked address, if it is `before_token`, on a
    line of its own, so that the token can follow;
    unless it is the `first`, it begins with the soft line break after a token. Line ends become CRLF, and no line
    begins with `From ` or `.`, so neither mbox nor SMTP has to change anything.
    """
    address = b""
    if not last and before_token:
        start = max(data.rfind(b"http://"), data.rfind(b"https://"))
        if start >= 0 and len(data) - start + _TOKEN_LENGTH < _LINE and b"=" not in data[start:]:
            data, address = data[:start], data[start:]
    body = _CRLF.join(map(_quoted_line, re.split(rb"\r\n|\r|\n", data)))
    head = b"" if first else _SOFT
    if last:
        return head + body
    return head + body + (_SOFT if body and not body.endswith(b"\n") else b"") + address


def _quoted_line(line: bytes) -> bytes:
    """One line of the source, broken softly after at most 75 characters."""
    out: list[bytes] = []
    width = 0
    size = len(line)
    for index, code in enumerate(line):
        if code in (32, 9):
            at_end = index == size - 1
            piece = b"=%02X" % code if at_end else bytes([code])
        else:
            piece = _CODES[code]
        if width + len(piece) > _LINE - 1:
            out.append(_SOFT)
            width = 0
        if width == 0 and _needs_guard(line, index):
            piece = b"=%02X" % code
        out.append(piece)
        width += len(piece)
    return b"".join(out)


def _needs_guard(line: bytes, index: int) -> bool:
    """Whether a line of output that begins here would be changed on its way."""
    return line[index] in b".>" or line.startswith(b"From ", index)


def _boundary(mail: Mail) -> str:
    """The same for the same mail, and in none of its parts: an `=_` never occurs in quoted-printable."""
    digest = blake2b(digest_size=12)
    for segment in (*mail.text.segments, *mail.html.segments):
        digest.update(segment)
    return f"=_{digest.hexdigest()}"


def _ctime(milliseconds: int) -> str:
    return time.asctime(time.gmtime(milliseconds // 1000))
