"""CloudFront's standard logs: tab-separated with a W3C header, and one JSON object a line."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from linktrack.clicks.event import LineRow, junk
from linktrack.clicks.formats.notation.json_lines import JsonLines, chain_of, status_under, text_of
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.lines import agent_in, row
from linktrack.clicks.formats.notation.times import moment_by_look
from linktrack.clicks.formats.w3c import ExtendedLog

_AGENT = "cs(User-Agent)"
_TWICE = re.compile(rb"%25[0-9A-Fa-f]{2}")


class CloudFront(ExtendedLog):
    """Tab-separated. Each file begins with its header; without one (a cut piece) it has the 33 columns of 2019."""

    name = "cloudfront"
    names: tuple[str, ...] = ("cloudfront", "cloudfront-tsv")
    separator = b"\t"
    columns = (
        "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
        "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
        "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
        "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
        "sc-range-start sc-range-end"
    )

    def is_ours(self, columns: list[str]) -> bool:
        return any(name.startswith("x-edge-") for name in columns)

    def agent_of(self, text: bytes) -> bytes:
        return decoded_agent(text)

    def forwarded_of(self, text: bytes) -> bytes:
        return unquote_to_bytes(text)


class CloudFrontJson(JsonLines):
    """Standard logging (v2) as JSON: the same names as keys, every value text, any of them left out; times are UTC."""

    name = "cloudfront-json"
    names: tuple[str, ...] = ("cloudfront-json",)

    def moment(self, stamp: bytes) -> int:
        return moment_by_look(stamp)

    def row(self, line: bytes, record: JsonRecord) -> LineRow:
        stem, day = text_of(record, "cs-uri-stem"), text_of(record, "date")
        if not stem and "cs-method" not in record:
            return junk(line)
        query = text_of(record, "cs-uri-query")
        time = text_of(record, "time")
        return row(
            line,
            host=text_of(record, "c-ip"),
            stamp=text_of(record, "timestamp(ms)") or (day + b" " + time if day and time else b"")
            or text_of(record, "timestamp"),
            method=text_of(record, "cs-method"),
            target=stem + b"?" + query if query not in (b"", b"-") else stem,
            status=status_under(record, "sc-status"),
            agent=agent_in(decoded_agent(text_of(record, _AGENT)) if _AGENT in record else None),
            forwarded=unquote_to_bytes(chain_of(record, "x-forwarded-for")),
        )  # fmt: skip


def decoded_agent(text: bytes) -> bytes:
    """An agent without its percent-encoding; files of old days have it twice (`%2520`)."""
    if text == b"-":
        return b""
    once = unquote_to_bytes(text)
    return unquote_to_bytes(once) if _TWICE.search(text) else once
