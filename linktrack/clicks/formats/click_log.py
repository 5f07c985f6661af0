"""linktrack's own click log: what `linktrack serve` writes for every request, and what the import reads."""

from __future__ import annotations

from linktrack.clicks.event import LineRow, junk
from linktrack.clicks.formats.notation.json_lines import JsonLines, text_of
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.lines import agent_in, row

# Each line is a JSON object with these keys, with sec_purpose where one of the prefetch headers was there, and with a
# number that no other line has, of whichever worker (lines of before have none):
# {"time": "2026-05-04T09:12:33.123+02:00", "ip": …, "method": "GET", "path": …, "status": 302, "user_agent": …,
#  "network": "", "number": "9f3a1c2e-812"}
KEYS = ("time", "ip", "method", "path", "status", "user_agent", "network")
FILES = "clicks-*.ndjson"  # how the server calls its files, each of which one process writes
_ALL = frozenset(KEYS)
NUMBERED = b" #"  # between a line's time and its number


def is_click_log(record: JsonRecord) -> bool:
    """Whether an object is a line of this log, and not of another server that names a few things alike."""
    return record.keys() >= _ALL


class ClickLog(JsonLines):
    """`path` has the query as it came; `ip` was truncated when the line was written, after `network` was looked up. A
    line's number goes with its time: lines that say the same are two wherever they stand."""

    name = "linktrack"
    names: tuple[str, ...] = ("linktrack", "click-log")

    def row(self, line: bytes, record: JsonRecord) -> LineRow:
        if not is_click_log(record):
            return junk(line)
        time, ip, method, path, status, agent, network = [text_of(record, key) for key in KEYS]
        number = text_of(record, "number")
        return row(
            line,
            host=ip,
            stamp=time + NUMBERED + number if time and number else time,
            method=method,
            target=path,
            status=status,
            agent=agent_in(agent),
            purpose=text_of(record, "sec_purpose"),
            network=network,
        )

    def moment(self, stamp: bytes) -> int:
        return super().moment(stamp.partition(NUMBERED)[0])
