"""Traefik's access log in JSON; its other form, CLF, is the combined log with fields behind it."""

from __future__ import annotations

from linktrack.clicks.event import LineRow, junk, note
from linktrack.clicks.formats.notation.addresses import FORWARDED_HEADERS
from linktrack.clicks.formats.notation.json_lines import (
    JsonLines,
    agent_of,
    chain_of,
    in_small_letters,
    status_under,
    text_of,
)
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.lines import PREFETCH_HEADERS, row

_FORWARDED = tuple(f"request_{name}" for name in FORWARDED_HEADERS)
_PURPOSE = tuple(f"request_{name}" for name in PREFETCH_HEADERS)


class TraefikJson(JsonLines):
    """Headers are there, as `request_User-Agent`, only where the configuration keeps them."""

    name = "traefik-json"
    names: tuple[str, ...] = ("traefik-json",)

    def row(self, line: bytes, record: JsonRecord) -> LineRow:
        if "RequestPath" not in record:
            return note(line) if "level" in record and ("msg" in record or "message" in record) else junk(line)
        headers = in_small_letters(record)
        agent = agent_of(headers, "request_user-agent")
        return row(
            line,
            host=text_of(record, "ClientAddr"),
            # The peer again, or the visitor and the proxies behind them where there is an X-Forwarded-For.
            forwarded=chain_of(headers, *_FORWARDED) or text_of(record, "ClientHost"),
            stamp=text_of(record, "StartUTC", "StartLocal", "time"),
            method=text_of(record, "RequestMethod"),
            target=text_of(record, "RequestPath"),
            status=status_under(record, "DownstreamStatus", "OriginStatus"),
            agent=b"" if agent == b"REDACTED" else agent,
            purpose=text_of(headers, *_PURPOSE),
        )
