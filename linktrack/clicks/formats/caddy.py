"""Caddy's access log: one JSON object a line, the request inside it."""

from __future__ import annotations

from linktrack.clicks.event import LineRow, junk, note
from linktrack.clicks.formats.notation.addresses import FORWARDED_HEADERS
from linktrack.clicks.formats.notation.json_lines import (
    JsonLines,
    agent_of,
    chain_of,
    in_small_letters,
    part_of,
    status_under,
    text_of,
)
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.lines import PREFETCH_HEADERS, row


class Caddy(JsonLines):
    """`ts` is a number of seconds, milli- or nanoseconds, or a date in any order, as the encoder is set."""

    name = "caddy"
    names: tuple[str, ...] = ("caddy", "caddy-json")

    def row(self, line: bytes, record: JsonRecord) -> LineRow:
        request = part_of(record, "request")
        if "uri" not in request or "status" not in record:
            return note(line) if "logger" in record or ("level" in record and "msg" in record) else junk(line)
        headers = in_small_letters(part_of(request, "headers"))
        return row(
            line,
            # Behind proxies that Caddy trusts client_ip is the visitor; old versions know only the peer, with its port.
            host=chain_of(request, "client_ip", "remote_ip", "remote_addr"),
            forwarded=chain_of(headers, *FORWARDED_HEADERS),
            stamp=text_of(record, "ts", "time", "timestamp"),
            method=text_of(request, "method"),
            target=text_of(request, "uri"),
            status=status_under(record, "status"),
            agent=agent_of(headers, "user-agent"),
            purpose=text_of(headers, *PREFETCH_HEADERS),
        )
