"""nginx with a log_format of its own in JSON (escape=json), by the usual names of its keys."""

from __future__ import annotations

from linktrack.clicks.event import Row
from linktrack.clicks.formats.parts.json_lines import JsonLines, Record, text_of
from linktrack.clicks.formats.parts.lines import escaped, row, split_request

# The variable's own name first, then what people call it. A log with other names is read by its log_format string.
_TIME = ("time_iso8601", "time_local", "msec", "ts", "time", "timestamp", "@timestamp")
_HOST = ("remote_addr", "client_ip", "remote_ip", "ip", "client", "realip_remote_addr")
_REQUEST = ("request",)
_METHOD = ("request_method", "method", "verb")
_TARGET = ("request_uri", "uri", "url", "path")
_QUERY = ("args", "query_string", "query")
_AGENT = ("http_user_agent", "user_agent", "agent", "useragent", "http_agent")
_PURPOSE = ("http_sec_purpose", "sec_purpose", "http_purpose", "purpose", "http_x_moz")


class NginxJson(JsonLines):
    """Keys as in `{"time_iso8601": …, "remote_addr": …, "request": …, "status": …, "http_user_agent": …}`."""

    name = "nginx-json"
    names: tuple[str, ...] = ("nginx-json",)

    def row(self, line: bytes, record: Record) -> Row:
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
            status=text_of(record, "status"),
            agent=escaped(text_of(record, *_AGENT)),
            purpose=text_of(record, *_PURPOSE),
        )
