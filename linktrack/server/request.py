"""A request as answers know it, and as one line of the click log (see clicks.formats.click_log)."""

from __future__ import annotations

import re
from json.encoder import encode_basestring_ascii
from typing import NamedTuple
from urllib.parse import quote

from linktrack.contacts.pressed import QUERY_LENGTH

PATH_LENGTH = 2000  # characters of an address in the log
# Characters of a path, decoded, beside which the log keeps what a query says, however much of it is percent-encoded.
PATH_ROOM = (PATH_LENGTH - QUERY_LENGTH - 2) // 3
LOGGED_AGENT = 1000  # characters of an agent in the log; an import keeps `clicks.logs.fields.AGENT_LENGTH`
_PLAIN = re.compile(r"[A-Za-z0-9/._~-]*").fullmatch  # nearly all are, and asking is faster than quoting
_PATH_SAFE = "/!$&'()*+,-.:;=@_~"


class Request(NamedTuple):
    """A request as an answer needs it. `at` is UTC milliseconds and `time` the same as the log writes it; `ip` and
    `network` are what is kept of the visitor's address; `path` is decoded, one character a byte; `query` is as it
    came; `purpose` is the first of the headers by which a browser says that it fetches ahead. `number` is no other
    request's, of this worker or another."""

    method: str
    path: str
    query: str = ""
    agent: str = ""
    purpose: str = ""
    at: int = 0
    time: str = ""
    ip: str = ""
    network: str = ""
    number: str = ""


def log_line(request: Request, status: int) -> bytes:
    """A request as one line of the click log."""
    target = request.path
    if not _PLAIN(target):
        target = quote(target.encode("latin-1", "replace"), safe=_PATH_SAFE)
    if request.query:
        target = f"{target}?{request.query}"
    text = encode_basestring_ascii
    purpose = f', "sec_purpose": {text(request.purpose)}' if request.purpose else ""
    number = f', "number": "{request.number}"' if request.number else ""
    return (
        f'{{"time": "{request.time}", "ip": "{request.ip}", "method": {text(request.method)}, '
        f'"path": {text(target[:PATH_LENGTH])}, "status": {status}, '
        f'"user_agent": {text(request.agent[:LOGGED_AGENT])}, "network": {text(request.network)}{purpose}{number}}}\n'
    ).encode("ascii")
