"""NDJSON: one JSON object a recipient, for whatever sends the mails."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from linktrack.mailings.compile import Compiled, Mail, interleaved
from linktrack.mailings.shipments import Recipient


def ndjson_rows(mail: Mail, people: Iterable[Recipient]) -> Iterator[list[bytes]]:
    """One JSON object a recipient; the mail's segments are escaped once, not once a recipient."""
    html, text = _json_segments(mail.html), _json_segments(mail.text)
    segments = [*html[:-1], html[-1] + b'", "text": "' + text[0], *text[1:]]
    segments[-1] += b'"}\n'
    subject = _json(mail.subject)
    for row in people:
        person = f'"contact_id": {_json(row.contact_id)}, "email": {_json(row.email)}, "token": "{row.token}"'
        head = f'{{{person}, "subject": {subject}, "html": "'
        yield [head.encode(), *interleaved(segments, row.token.encode("ascii"))]


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _json_segments(part: Compiled) -> list[bytes]:
    characters = [segment.decode(part.charset) for segment in part.segments]
    characters[0] = characters[0].removeprefix("\ufeff")  # marks the encoding of a file; JSON has one of its own
    return [_json(segment)[1:-1].encode() for segment in characters]
