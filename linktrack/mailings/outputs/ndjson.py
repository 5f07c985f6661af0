"""NDJSON: one JSON object a recipient, for whatever sends the mails."""

from __future__ import annotations

import json
from collections.abc import Callable

from linktrack.mailings.compile import Gap, interleaved
from linktrack.mailings.outputs.filling import FillablePart, values_of
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.shipments import Recipient


def ndjson_maker(mail: Mail) -> Callable[[Recipient], list[bytes]]:
    """What makes a recipient's JSON object; the mail's segments are escaped once, not once a recipient."""
    filling = mail.filling
    if filling is None:
        html_part, text_part = FillablePart.of(mail.html), FillablePart.of(mail.text).in_utf8(mail.text.charset)
    else:
        html_part, text_part = filling.html, filling.text.in_utf8(filling.text_charset)
    html_part = html_part.in_utf8(mail.html.charset)
    html, text = _json_pieces(html_part), _json_pieces(text_part)
    pieces = [*html[:-1], html[-1] + b'", "text": "' + text[0], *text[1:]]
    pieces[-1] += b'"}\n'
    body = FillablePart(tuple(pieces), (*html_part.gaps, *text_part.gaps))
    subject = _json(mail.subject)

    def head(row: Recipient, subject: str) -> bytes:
        person = f'"contact_id": {_json(row.contact_id)}, "email": {_json(row.email)}'
        return f'{{{person}, "token": "{row.shown_token}", "subject": {subject}, "html": "'.encode()

    def make(row: Recipient) -> list[bytes]:
        return [head(row, subject), *interleaved(pieces, row.token.encode("ascii"))]

    if filling is None:
        return make
    subject_for = filling.subject_for

    def make_filled(row: Recipient) -> list[bytes]:
        values = values_of(row)
        copy = body.joined(row.token.encode("ascii"), values, _json_value)
        return [head(row, _json(subject_for(values))), *copy]

    return make_filled


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _json_pieces(part: FillablePart) -> list[bytes]:
    return [_json(piece.decode())[1:-1].encode() for piece in part.pieces]


def _json_value(value: bytes, _: Gap) -> bytes:
    return _json(value.decode())[1:-1].encode()
