"""One HTML file a recipient: the mail as it was written, its own token in its tracked addresses, filled or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from linktrack.mailings.compile import Mail, interleaved
from linktrack.mailings.outputs.filling import values_of
from linktrack.mailings.shipments import Recipient


def html_files(mail: Mail, people: Iterable[Recipient]) -> Iterator[tuple[str, list[bytes]]]:
    """(contact id, content) of each file, the content as buffers for one gathering write."""
    segments, charset, filling = mail.html.segments, mail.html.charset, mail.filling
    if filling is not None:
        part = filling.html
        return ((row.contact_id, part.joined(row.token.encode(charset), values_of(row))) for row in people)
    return ((row.contact_id, interleaved(segments, row.token.encode(charset))) for row in people)
