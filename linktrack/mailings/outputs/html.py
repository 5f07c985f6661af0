"""One HTML file a recipient: the mail as it was written, its own token in its tracked addresses, filled or not."""

from __future__ import annotations

from collections.abc import Callable

from linktrack.mailings.compile import interleaved
from linktrack.mailings.outputs.filling import values_of
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.shipments import Recipient


def html_maker(mail: Mail) -> Callable[[Recipient], list[bytes]]:
    """What makes a recipient's HTML, as buffers for one gathering write."""
    segments, charset, filling = mail.html.segments, mail.html.charset, mail.filling
    if filling is not None:
        part = filling.html
        return lambda row: part.joined(row.token.encode(charset), values_of(row))
    return lambda row: interleaved(segments, row.token.encode(charset))
