"""Caddy's access log: one JSON object a line, the request inside it."""

from __future__ import annotations

from linktrack.clicks.event import LineRow, junk, note
from linktrack.clicks.formats.notation.addresses import FORWARDED_HEADERS
from linktrack.clicks.formats.notation.json_lines import (
    JsonLines,
    first_chain,
    first_text,
    in_small_letters,
    part_of,
    whole_number,
)
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.lines import PREFETCH_HEADERS, agent_in, row


class Caddy(JsonLines):
    """`ts` is a number of seconds, milli- or nanoseconds, or a date in any order, as the encoder is set."""

    name = "caddy"
    names: tuple[str, ...] = ("caddy", "caddy-json")

    def row(self, line: bytes, record: JsonRecord) -> LineRow:
        request = part_of(record, "request")
        if "uri" not in request or "status" not in record:
            return note(line) if "logger" in record or ("level" in record and "msg" in record) else junk(line)
        headers = in_small_letters(part_of(request, "headers"))
        told, sent = request.get, headers.get
        return row(
            line,
            # Behind proxies that Caddy trusts client_ip is the visitor; old versions know only the peer, with its port.
            host=first_chain(told, ("client_ip", "remote_ip", "remote_addr")),
            forwarded=first_chain(sent, FORWARDED_HEADERS),
            stamp=first_text(record.get, ("ts", "time", "timestamp")),
            method=first_text(told, ("method",)),
            target=first_text(told, ("uri",)),
            status=whole_number(first_text(record.get, ("status",))),
            agent=agent_in(first_text(sent, ("user-agent",)) if "user-agent" in headers else None),
            purpose=first_text(sent, PREFETCH_HEADERS),
        )
