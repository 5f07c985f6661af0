"""nginx with a log_format of its own in JSON (escape=json), by the usual names of its keys."""

from __future__ import annotations

from linktrack.clicks.event import Row, junk
from linktrack.clicks.formats.click_log import is_click_log
from linktrack.clicks.formats.parts.json_lines import JsonLines, Record, text_of
from linktrack.clicks.formats.parts.lines import PREFETCH_HEADERS, escaped, row, split_request

# The variable's own name first, then what people call it. A log with other names is read by its log_format string.
_TIME = ("time_iso8601", "time_local", "msec", "ts", "time", "timestamp", "@timestamp", "start_time")
_HOST = (
    "remote_addr", "client_ip", "clientip", "remote_ip", "ip", "client", "client_addr", "remote_address",
    "realip_remote_addr", "downstream_remote_address",
)  # fmt: skip
_FORWARDED = (
    "http_x_forwarded_for", "x_forwarded_for", "x-forwarded-for", "X-Forwarded-For", "forwarded_for", "xff",
    "proxy_add_x_forwarded_for", "http_x_real_ip", "x_real_ip", "proxy_protocol_addr",
)  # fmt: skip
_REQUEST = ("request",)
_METHOD = ("request_method", "method", "verb")
_TARGET = ("request_uri", "uri", "url", "path")
_QUERY = ("args", "query_string", "query")
_AGENT = ("http_user_agent", "user_agent", "agent", "useragent", "http_agent")
_STATUS = ("status", "status_code", "response_code", "response_status", "http_status")
_PURPOSE = tuple(
    key for name in PREFETCH_HEADERS for key in (f"http_{name.replace('-', '_')}", name.replace("-", "_"), name)
)


class NginxJson(JsonLines):
    """Keys as in `{"time_iso8601": …, "remote_addr": …, "request": …, "status": …, "http_user_agent": …}`."""

    name = "nginx-json"
    names: tuple[str, ...] = ("nginx-json",)

    def row(self, line: bytes, record: Record) -> Row:
        if is_click_log(record):
            return junk(line)
        method, target = text_of(record, *_METHOD), text_of(record, *_TARGET)
        request = text_of(record, *_REQUEST)
        if request:
            method, target = split_request(request)
        elif target and b"?" not in target and (query := text_of(record, *_QUERY)):
            target += b"?" + query
        # An empty request is one, though nobody's; an object is another server's.
        is_request = bool(method and target) or isinstance(record.get("request"), str)
        return row(
            line,
            host=text_of(record, *_HOST),
            stamp=text_of(record, *_TIME) if is_request else b"",
            method=method,
            target=target,
            status=text_of(record, *_STATUS),
            agent=escaped(text_of(record, *_AGENT)),
            forwarded=text_of(record, *_FORWARDED),
            purpose=text_of(record, *_PURPOSE),
        )
