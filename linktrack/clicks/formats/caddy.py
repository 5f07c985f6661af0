"""Caddy's access log: one JSON object a line, the request inside it."""

from __future__ import annotations

from linktrack.clicks.event import Row, junk, note
from linktrack.clicks.formats.parts.json_lines import JsonLines, Record, header_of, part_of, text_of
from linktrack.clicks.formats.parts.lines import escaped, row, without_port


class Caddy(JsonLines):
    """`ts` is a number of seconds, milli- or nanoseconds, or a date in any order, as the encoder is set."""

    name = "caddy"
    names: tuple[str, ...] = ("caddy", "caddy-json")

    def row(self, line: bytes, record: Record) -> Row:
        request = part_of(record, "request")
        if "uri" not in request or "status" not in record:
            return note(line) if "logger" in record or ("level" in record and "msg" in record) else junk(line)
        headers = part_of(request, "headers")
        return row(
            line,
            # Behind trusted proxies client_ip is the visitor; old versions know only the peer, with its port.
            host=text_of(request, "client_ip", "remote_ip") or without_port(text_of(request, "remote_addr")),
            stamp=text_of(record, "ts", "time", "timestamp"),
            method=text_of(request, "method"),
            target=text_of(request, "uri"),
            status=text_of(record, "status"),
            agent=escaped(header_of(headers, "user-agent")),
            purpose=header_of(headers, "sec-purpose", "purpose", "x-moz"),
        )
