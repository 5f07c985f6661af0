"""Asking web addresses whether they answer: each once, without reading what they say."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, responses
from urllib.parse import quote, urljoin

from linktrack.hosts import read_web_address

_AT_ONCE = 8  # addresses that are asked at the same time
_MOST = 1000  # addresses of one mail
_PATIENCE = 10.0  # seconds for an address to be reached, and for its whole answer
_REDIRECTS = 5
_REFUSES_MACHINES = (401, 403, 429, 999)  # a person may be let in
_NETWORK = {
    errno.ECONNREFUSED: "it refuses connections",
    errno.ECONNRESET: "it ends the connection",
    errno.ECONNABORTED: "it ends the connection",
    errno.EPIPE: "it ends the connection",
    errno.EHOSTUNREACH: "there is no way to its host",
    errno.ENETUNREACH: "there is no way to its network",
}
_HEADERS = {"User-Agent": "linktrack-check", "Accept": "*/*", "Connection": "close"}


def ask_targets(urls: Iterable[str], *, patience: float = _PATIENCE) -> dict[str, str]:
    """What does not answer, with the reason (`answers 404 Not Found`), in the order of `urls`.

    Each distinct http(s) address is asked with HEAD, and with GET where HEAD is not answered well. Redirects are
    followed, answers are not read, no cookies are kept. `patience` is in seconds.
    """
    distinct = list(dict.fromkeys(urls))[:_MOST]
    with ThreadPoolExecutor(_AT_ONCE, "linktrack-ask") as threads:
        answers = list(threads.map(lambda url: _ask(url, patience), distinct))
    return {url: reason for url, reason in zip(distinct, answers, strict=True) if reason}


def _ask(url: str, patience: float) -> str:
    """Why an address does not answer; "" when it does."""
    reason = _follow("HEAD", url, patience)
    return reason and _follow("GET", url, patience)


def _follow(method: str, url: str, patience: float) -> str:
    for _ in range(_REDIRECTS + 1):
        try:
            status, location = _request(method, url, patience)
        except TimeoutError:
            return f"does not answer within {patience:g} seconds"
        except ssl.SSLCertVerificationError as error:
            return f"has a certificate that is not valid ({error.verify_message})"
        except OSError as error:
            return f"cannot be reached ({_why_not(error)})"
        except (HTTPException, ValueError) as error:
            return f"cannot be reached ({str(error) or type(error).__name__})"
        if status not in (301, 302, 303, 307, 308) or not location:
            well = status < 400 or status in _REFUSES_MACHINES
            return "" if well else f"answers {status} {responses.get(status, '')}".rstrip()
        url = urljoin(url, location)
        if read_web_address(url) is None:
            return ""  # an app's address: whether it answers is not for us to say
    return f"redirects more than {_REDIRECTS} times"


def _why_not(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "its host is not known"
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS as we do"
    return _NETWORK.get(error.errno or 0) or "the network reports an error"


def _request(method: str, url: str, patience: float) -> tuple[int, str]:
    """(status, where it redirects to). The connection is cut when the patience is at its end."""
    web = read_web_address(url)
    if web is None:
        raise ValueError("no web address")
    port = url[: web.end].rpartition("@")[2].rpartition("]")[2].rpartition(":")[2]
    kind = HTTPSConnection if url[:6].lower() == "https:" else HTTPConnection
    number = int(port) if port.isdigit() else None
    connection = kind(web.host.strip("[]").rstrip("."), number, timeout=patience)
    path = quote(url[web.end :].partition("#")[0], safe="/?&=+%:@!$'()*,;~[]{}|")
    late = threading.Event()
    try:
        connection.connect()
        watch = threading.Timer(patience, _cut, (connection, late))
        watch.daemon = True
        watch.start()
        try:
            connection.request(method, path if path.startswith("/") else f"/{path}", headers=_HEADERS)
            answer: HTTPResponse = connection.getresponse()
        except (OSError, HTTPException) as error:
            if late.is_set():
                raise TimeoutError from error
            raise
        finally:
            watch.cancel()
        return answer.status, answer.getheader("Location") or ""
    finally:
        connection.close()


def _cut(connection: HTTPConnection, late: threading.Event) -> None:
    late.set()
    if connection.sock is not None:
        connection.sock.shutdown(socket.SHUT_RDWR)
