"""nginx with a log_format of its own in JSON (escape=json), by the usual names of its keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from linktrack.clicks.event import LineRow, junk
from linktrack.clicks.formats.click_log import is_click_log
from linktrack.clicks.formats.notation.addresses import FORWARDED_NAMES
from linktrack.clicks.formats.notation.flat_json import FlatJsonLines, Reader
from linktrack.clicks.formats.notation.json_lines import first_chain, first_text, part_of, whole_number
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.lines import PREFETCH_HEADERS, agent_in, row, split_request
from linktrack.names import folded

# The variable's own name first, then what people call it: names as `folded` makes them, so `statusCode` and
# `status_code` are one. A log with other names is read by its log_format string.
_TIME = (
    "timeiso8601",
    "timelocal",
    "msec",
    "ts",
    "time",
    "timestamp",
    "starttime",
    "datetime",
    "date",
    "requesttimestamp",
)
_HOST = (
    "remoteaddr", "clientip", "remoteip", "ip", "client", "clientaddr", "remoteaddress", "clientaddress", "ipaddress",
    "clientipaddress", "remotehost", "clienthost", "sourceip", "srcip", "cip", "realipremoteaddr",
    "downstreamremoteaddress", "remote", "peer", "sourceaddress",
)  # fmt: skip
_PARTIES = ("client", "source", "remote")  # objects of the Elastic Common Schema and its kin: `"client": {"ip": …}`
_REQUEST = ("request", "requestline")
_METHOD = ("requestmethod", "method", "verb", "httpmethod")
_TARGET = ("requesturi", "uri", "url", "path")
_QUERY = ("args", "querystring", "query")
_AGENT = ("httpuseragent", "useragent", "agent", "httpagent", "ua")
_STATUS = (
    "status", "statuscode", "responsecode", "responsestatus", "responsestatuscode", "httpstatus", "httpstatuscode",
    "scstatus", "response", "code", "upstreamstatus",
)  # fmt: skip
_PURPOSE = tuple(one for name in PREFETCH_HEADERS for one in (f"http{name.replace('-', '')}", name.replace("-", "")))
_HEADERS = ("headers", "requestheaders", "reqheaders")  # objects or lists of what a browser and proxies have sent …
_FROM_HEADERS = frozenset((*FORWARDED_NAMES, *_AGENT, *_PURPOSE))  # … of which these count
_LEVELS = 3  # of objects that they may stand in: `"request": {"headers": {…}}`
_REMEMBERED = 100  # sets of names: a log has few
_SEVERAL = re.compile(rb"[-\d]+(?: ?[,:] ?[-\d]+)+").fullmatch  # of upstreams, the last one answered


class _Telling(NamedTuple):
    """The names that tell each thing, the surest first; `asked` is the request's alone, which may be empty."""

    time: tuple[str, ...] = _TIME
    host: tuple[str, ...] = _HOST
    request: tuple[str, ...] = _REQUEST
    asked: tuple[str, ...] = ("request",)
    method: tuple[str, ...] = _METHOD
    target: tuple[str, ...] = _TARGET
    query: tuple[str, ...] = _QUERY
    agent: tuple[str, ...] = _AGENT
    status: tuple[str, ...] = _STATUS
    forwarded: tuple[str, ...] = FORWARDED_NAMES
    purpose: tuple[str, ...] = _PURPOSE


class NginxJson(FlatJsonLines):
    """Keys as in `{"time_iso8601": …, "remote_addr": …, "request": …, "status": …, "http_user_agent": …}`."""

    name = "nginx-json"
    names: tuple[str, ...] = ("nginx-json",)

    def row(self, line: bytes, record: JsonRecord) -> LineRow:
        if not is_click_log(record) and any(isinstance(value, dict | list) for value in record.values()):
            record = _flattened(record)
        return super().row(line, record)

    def reader(self, names: tuple[str, ...]) -> Reader:
        return _reader(names)


@lru_cache(_REMEMBERED)
def _reader(names: tuple[str, ...]) -> Reader:
    if is_click_log(names):
        return lambda line, _: junk(line)
    places = {folded(name): place for place, name in reversed(list(enumerate(names)))}  # the first one stays
    (
        of_time,
        of_host,
        of_request,
        of_asked,
        of_method,
        of_target,
        of_query,
        of_agent,
        of_status,
        of_forwarded,
        of_purpose,
    ) = [tuple(places[name] for name in telling if name in places) for telling in _Telling()]

    def read(line: bytes, value_of: Callable[[int], object]) -> LineRow:
        request, target = first_text(value_of, of_request), first_text(value_of, of_target)
        if request:
            method, target = split_request(request)
        else:
            method = first_text(value_of, of_method)
            if target and b"?" not in target and (query := first_text(value_of, of_query)):
                target += b"?" + query
        # An empty request is one, though nobody's; an object is another server's.
        is_request = bool(method and target) or any(isinstance(value_of(place), bytes) for place in of_asked)
        status = whole_number(first_text(value_of, of_status))
        return row(
            line,
            host=first_chain(value_of, of_host),
            stamp=first_text(value_of, of_time) if is_request else b"",
            method=method,
            target=target,
            status=status[-3:] if len(status) > 3 and _SEVERAL(status) else status,
            agent=agent_in(first_text(value_of, of_agent) if of_agent else None),
            forwarded=first_chain(value_of, of_forwarded),
            purpose=first_text(value_of, of_purpose),
        )

    return read


def _flattened(record: JsonRecord) -> JsonRecord:
    """A record, by folded names, with what stands in its parts and is looked for."""
    flat = {folded(name): value for name, value in reversed(record.items())}  # the first one stays
    for party in _PARTIES:
        for name, value in part_of(flat, party).items():
            flat.setdefault(folded(party + name), value)
    for name, value in list(_headers_in(flat, _LEVELS)):
        if (header := folded(name)) in _FROM_HEADERS:
            flat.setdefault(header, value)
    return flat


def _headers_in(record: JsonRecord, levels: int) -> Iterator[tuple[str, object]]:
    """The headers of a request with their values, in whatever object they are: as an object, as a list of objects with
    a name and a value, or of pairs."""
    for name, value in record.items():
        if not isinstance(value, dict | list):
            continue
        if folded(name) in _HEADERS:
            for pair in value.items() if isinstance(value, dict) else value:
                if isinstance(pair, dict):
                    pair = (pair.get("name", pair.get("key")), pair.get("value"))
                if isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str):
                    yield pair[0], pair[1]
        elif isinstance(value, dict) and levels and not folded(name).startswith("res"):  # a response has headers, too
            yield from _headers_in(value, levels - 1)
