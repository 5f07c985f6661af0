"""linktrack's own click log: what `linktrack serve` writes for every request, and what the import reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from linktrack.clicks.event import LineRow, junk
from linktrack.clicks.formats.notation.flat_json import FlatJsonLines, Reader
from linktrack.clicks.formats.notation.json_lines import first_text
from linktrack.clicks.formats.notation.lines import agent_in, row

# Each line is a JSON object with these keys, with sec_purpose where one of the prefetch headers was there, and with a
# number that no other line has, of whichever worker (lines of before have none):
# {"time": "2026-05-04T09:12:33.123+02:00", "ip": …, "method": "GET", "path": …, "status": 302, "user_agent": …,
#  "network": "", "number": "9f3a1c2e-812"}
KEYS = ("time", "ip", "method", "path", "status", "user_agent", "network")
FILES = "clicks-*.ndjson"  # how the server calls its files, each of which one process writes
_ALL = frozenset(KEYS)
_REMEMBERED = 100  # sets of names: a log has few
NUMBERED = b" #"  # between a line's time and its number


def is_click_log(names: Iterable[str]) -> bool:
    """Whether an object with these names is a line of this log, and not of another server that names a few things
    alike."""
    return _ALL.issubset(names)


class ClickLog(FlatJsonLines):
    """`path` has the query as it came; `ip` was truncated when the line was written, after `network` was looked up. A
    line's number goes with its time: lines that say the same are two wherever they stand."""

    name = "linktrack"
    names: tuple[str, ...] = ("linktrack", "click-log")

    def reader(self, names: tuple[str, ...]) -> Reader:
        return _reader(names)

    def moment(self, stamp: bytes) -> int:
        return super().moment(stamp.partition(NUMBERED)[0])


@lru_cache(_REMEMBERED)
def _reader(names: tuple[str, ...]) -> Reader:
    if not is_click_log(names):
        return lambda line, _: junk(line)
    places = {name: place for place, name in enumerate(names)}
    of_time, of_ip, of_method, of_path, of_status, of_agent, of_network = [(places[key],) for key in KEYS]
    of_number, of_purpose = [(places[key],) if key in places else () for key in ("number", "sec_purpose")]

    def read(line: bytes, value_of: Callable[[int], object]) -> LineRow:
        time, number = first_text(value_of, of_time), first_text(value_of, of_number)
        return row(
            line,
            host=first_text(value_of, of_ip),
            stamp=time + NUMBERED + number if time and number else time,
            method=first_text(value_of, of_method),
            target=first_text(value_of, of_path),
            status=first_text(value_of, of_status),
            agent=agent_in(first_text(value_of, of_agent)),
            purpose=first_text(value_of, of_purpose),
            network=first_text(value_of, of_network),
        )

    return read
