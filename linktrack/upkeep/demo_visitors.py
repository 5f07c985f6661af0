"""The demo's visitors: those of the shipped log, and three who open their mails and visit a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from linktrack.store.session import Database

_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_SECONDS = 30.0  # that a server may take for an answer


class Browsed(NamedTuple):
    """What a visitor asked for and was answered: the status, and where they are led or what the page's heading says."""

    name: str
    method: str
    address: str
    status: int
    found: str


def environment() -> dict[str, str]:
    """The environment of a command of the demo, without `LINKTRACK_…`: these may name another workspace."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LINKTRACK_")}


def write_log(root: Path) -> int:
    """Write `access.log` from `visits.log`, in which an address stands as /@MAILING/POSITION/CONTACT.

    The real address depends on this workspace's own key; what cannot be replaced (a forged token, say) gets
    an address that only looks real. Returns the number of lines.
    """
    from hashlib import blake2b

    from linktrack.links.signing_keys import open_keys
    from linktrack.store.opening import open_database
    from linktrack.workspace import load_workspace

    workspace = load_workspace(root, {})
    with open_database(workspace) as database:
        sign = open_keys(workspace, database).tokens.sign
        placements = {
            (mailing, str(position)): key
            for mailing, position, key in database.rows(
                "SELECT mailing.name, placement.position, placement.key FROM placement "
                "JOIN mailing ON mailing.id = placement.mailing_id"
            )
        }
        shipments = {}
        for name, shipment, is_test in database.rows(
            "SELECT mailing.name, shipment.number, shipment.is_test FROM shipment "
            "JOIN mailing ON mailing.id = shipment.mailing_id ORDER BY shipment.id"
        ):
            shipments[f"{name}-test" if is_test else name] = shipment
        contacts: dict[str, int] = dict(database.rows("SELECT contact_id, id FROM recipient"))

    def address(match: re.Match[str]) -> str:
        shipment, position, contact = match.groups()
        placement = placements[shipment.removesuffix("-test"), position]
        if contact in contacts:
            return f"/{placement}/{sign(shipments[shipment], contacts[contact])}"
        letters = "abcdefghijklmnopqrstuvwxyz234567"
        forged = blake2b(contact.encode(), digest_size=32).digest()
        return f"/{placement}/" + "c" + "".join(letters[byte % 32] for byte in forged[1:])

    text = (root / "visits.log").read_text("latin-1")
    replaced = re.sub(r"/@([\w\-]+)/(\d+)/([\w\-]+)", address, text)
    (root / "access.log").write_text(replaced, "latin-1")
    (root / "visits.log").unlink()
    return replaced.count("\n")


@contextmanager
def served(root: Path) -> Iterator[tuple[int, str]]:
    """`linktrack serve` of the workspace in `root` on a free port, and what it says: 0 with its reason where it does
    not begin to answer."""
    command = [sys.executable, "-m", "linktrack", "serve", "--port", "0"]
    # Our own program, whose arguments are these.
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True, env=environment()) as process:  # noqa: S603  (our own program, with these arguments)
        said = ""
        port = 0
        for line in process.stderr or ():
            said += line
            if found := re.search(r"Listening on http://[^:]+:(\d+)", line):
                port = int(found[1])
                break
        try:
            yield port, said.strip()
        finally:
            process.terminate()


def browse(root: Path, port: int) -> Iterator[Browsed]:
    """Three who have not clicked yet open their mail of the newsletter, each another address of it: a redirect, a text,
    and the unsubscribe page, whose button is pressed."""
    from linktrack.reports.figures import scope_of
    from linktrack.reports.nonclickers import nonclickers
    from linktrack.store.opening import open_database
    from linktrack.workspace import load_workspace

    with open_database(load_workspace(root, {})) as database:
        people = list(islice(nonclickers(database, scope_of(database, mailing="newsletter")), 3))
        spots = {key: _placement(database, key) for key in ("offer", "book-consultant", "unsubscribe")}
    for person, link in zip(people, spots, strict=True):
        mail = (root / "out-newsletter" / f"{person.contact_id}.html").read_text("utf-8")
        for path in re.findall(rf'href="https?://[^/"]+(/{spots[link]}/[^"]+)"', mail):
            yield _ask(port, "GET", path, person.name)
            if link == "unsubscribe":
                yield _ask(port, "POST", f"{path}?page", person.name)


def _placement(database: Database, link: str) -> str:
    from linktrack.store.lookups import link_id, mailing_id

    query = "SELECT key FROM placement WHERE mailing_id = ? AND link_id = ? ORDER BY position LIMIT 1"
    return str(database.value(query, (mailing_id(database, "newsletter"), link_id(database, link))))


def _ask(port: int, method: str, path: str, name: str) -> Browsed:
    """One request, as a browser makes it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request(method, path, headers={"User-Agent": _BROWSER, "Accept": "text/html"})
        reply = connection.getresponse()
        page = reply.read().decode("utf-8", "replace")
        return Browsed(
            name, method, f"http://127.0.0.1:{port}{path}", reply.status, _found(dict(reply.getheaders()), page)
        )
    finally:
        connection.close()


def _found(headers: Mapping[str, str], page: str) -> str:
    if "location" in headers:
        return f"leads to {headers['location']}"
    heading = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    return f"a page: {unescape(heading[1]).strip()}" if heading else "a page"
