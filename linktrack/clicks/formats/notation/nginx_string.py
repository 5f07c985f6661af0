"""nginx's `log_format`, taken apart: bare, or as it stands in the configuration, in quotes and over several lines."""

from __future__ import annotations

import re
from datetime import UTC, tzinfo

from linktrack.clicks.formats.notation.format_strings import CustomLog, FormatPiece, Slot
from linktrack.clicks.formats.notation.lines import PREFETCH_HEADERS

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_DIRECTIVE = re.compile(r"\s*(?:(log_format)\s+\S+\s+)?(?:escape=(\w+)\s+)?(.*?)\s*;?\s*", re.DOTALL)
_TOKEN = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s;'"]+)""", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = {"t": "\t", "r": "\r", "n": "\n"}

_MEANINGS = {
    "time_local": "common",
    "time_iso8601": "iso",
    "msec": "epoch",
    "remote_addr": "host",
    "realip_remote_addr": "peer",
    "proxy_protocol_addr": "real",
    "http_x_real_ip": "real",
    **dict.fromkeys(("http_true_client_ip", "http_cf_connecting_ip", "http_x_client_ip"), "real"),
    **dict.fromkeys(("http_x_forwarded_for", "http_x_original_forwarded_for", "http_forwarded"), "forwarded"),
    "proxy_add_x_forwarded_for": "forwarded",
    "request": "request",
    "request_method": "method",
    "request_uri": "target",
    "uri": "target",
    "document_uri": "target",
    "args": "query",
    "query_string": "query",
    "is_args": "query",
    "status": "status",
    "http_user_agent": "agent",
    **{f"http_{name.replace('-', '_')}": "purpose" for name in PREFETCH_HEADERS},
}


def nginx_format(text: str, zone: tzinfo = UTC) -> CustomLog:
    """The format of a `log_format` string. UsageError when it lacks time, request or status."""
    match = _DIRECTIVE.fullmatch(text)
    directive, escape, body = match.groups() if match else (None, None, text)
    if directive or body.startswith("'"):
        body = "".join(map(_unquoted, _TOKEN.finditer(body)))
    if escape is None and body.lstrip().startswith("{"):
        escape = "json"
    pieces: list[FormatPiece] = []
    at = 0
    for variable in _VARIABLE.finditer(body):
        pieces.append(body[at : variable.start()])
        pieces.append(Slot(variable[0], _MEANINGS.get(variable[1] or variable[2], "")))
        at = variable.end()
    pieces.append(body[at:])
    return CustomLog(text, pieces, escape if escape in ("json", "none") else "backslash", zone)


def _unquoted(token: re.Match[str]) -> str:
    if token[3] is not None:
        return token[3]
    inside = token[1] if token[1] is not None else token[2]
    return _ESCAPE.sub(lambda match: _CONTROL.get(match[1], match[1] if match[1] in "'\"\\" else match[0]), inside)
