"""linktrack's own click log: what `linktrack serve` writes for every request, and what the import reads."""

from __future__ import annotations

from linktrack.clicks.event import Row, junk
from linktrack.clicks.formats.parts.json_lines import JsonLines, Record, text_of
from linktrack.clicks.formats.parts.lines import escaped, row

# Each line is a JSON object with exactly these keys, all values text:
# {"at": "2026-05-04T07:12:33.123Z", "ip": …, "method": …, "target": …, "status": "302", "agent": …, "purpose": ""}
KEYS = ("at", "ip", "method", "target", "status", "agent", "purpose")


class ClickLog(JsonLines):
    """`at` is UTC, `target` the request's path and query as they came, `purpose` the Sec-Purpose header."""

    name = "linktrack"
    names: tuple[str, ...] = ("linktrack", "click-log")

    def row(self, line: bytes, record: Record) -> Row:
        if "at" not in record or "target" not in record:
            return junk(line)
        at, ip, method, target, status, agent, purpose = (text_of(record, key) for key in KEYS)
        return row(
            line, host=ip, stamp=at, method=method, target=target, status=status, agent=escaped(agent), purpose=purpose
        )
