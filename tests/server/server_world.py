"""A mailing with a link of every kind, sent to two people, as the server knows it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from linktrack.files.protected import Protected
from linktrack.links.editing import add_link
from linktrack.links.responses import FormResponse, TextResponse
from linktrack.links.tokens import Keyring, Tokens
from linktrack.links.utm import Utm
from linktrack.mailings.adding import Draft, add_mailing
from linktrack.mailings.catalogue import MailingOptions
from linktrack.mailings.rewriting import RewriteOptions, rewrite
from linktrack.server.pages import Look, Pages
from linktrack.server.request import Request
from linktrack.server.site import Site
from linktrack.server.snapshot import KnownLink, KnownMailing, KnownPlacement, KnownShipment, LinkKind, Snapshot
from linktrack.store.session import Database
from linktrack.workspace import Workspace

SENT = 1_777_885_200_000  # 2026-05-04T09:00:00Z
DAY = 86_400_000
BASE = "https://click.example.com"

# --- a site of values alone --------------------------------------------------------------------------------------

KINDS: tuple[LinkKind, ...] = (
    "redirect", "text", "form", "unsubscribe", "subscriptions", "view-online", "honeypot",
)  # fmt: skip
PLACES = {
    "redirect": "aaaa", "tagged": "aaab", "returns": "aaac", "confirm": "aaad", "text": "bbbb", "confirm-text": "bbbc",
    "form": "cccc", "confirm-form": "cccd", "unsubscribe": "dddd", "subscriptions": "eeee", "view-online": "ffff",
    "honeypot": "gggg", "elsewhere": "hhhh",
}  # fmt: skip
TOKENS = Tokens(Keyring({0: b"k" * 32}), b"w" * 16)
OTHERS = Tokens(Keyring({0: b"x" * 32}), b"w" * 16)
PAGES = Pages(Look("Example"))


@dataclass(frozen=True)
class KnownPeople:
    """Stands for the database: Anna, recipient 7."""

    gone: bool = False

    def values(self, shipment: int, recipient: int) -> Mapping[str, str] | None:
        anna = {"contact_id": "C7", "email": "anna+1@example.com", "name": "Anna Å & Söner", "city": ""}
        return None if self.gone else anna if recipient == 7 else {}

    def return_address(self, link_id: int, shipment: int, recipient: int) -> str | None:
        return None if self.gone else "https://other.example/{{name}}?x=1" if recipient == 8 else ""

    def is_forgotten(self, shipment: int, recipient: int) -> bool | None:
        return None if self.gone else False

    def types(self, shipment: int, recipient: int) -> frozenset[str] | None:
        return None if self.gone else frozenset(["newsletter"])

    def consent(self, shipment: int, recipient: int) -> bool | None:
        return None if self.gone else recipient == 7

    def copy(self, shipment: int, recipient: int, token: str, shared: str) -> str | None:
        return None if self.gone else f'<p class="x">Hej &amp; hallå</p><a href="{BASE}/aaaa/{token}">x</a>'


def _link(kind: LinkKind, *, confirm: bool = False, returns: bool = False) -> KnownLink:
    text = "<p>Thanks!</p><script>alert(1)</script>" if kind == "text" else ""
    prefill = (("n", "name"), ("mail", "E-mail"), ("c", "city")) if kind == "form" else ()
    return KnownLink(kind, confirm, text, prefill, returns)


SNAPSHOT = Snapshot(
    b"w" * 16,
    "d1",
    5,
    {0: TOKENS.keyring.fingerprint(0)},
    {
        "aaaa": KnownPlacement(1, 1, "https://www.example.com/å?utm_medium=email", False),
        "aaab": KnownPlacement(1, 1, "https://www.example.com/?n={{ name }}&c={{city}}#{{email}}", True),
        "aaac": KnownPlacement(2, 1, "https://www.example.com/r", False),
        "aaad": KnownPlacement(3, 1, "https://www.example.com/c", False),
        "bbbb": KnownPlacement(4, 1, "", False),
        "bbbc": KnownPlacement(5, 1, "", False),
        "cccc": KnownPlacement(6, 1, "https://forms.example.com/f?a=1#top", False),
        "cccd": KnownPlacement(7, 1, "https://forms.example.com/f", False),
        "dddd": KnownPlacement(8, 1, "", False),
        "eeee": KnownPlacement(9, 1, "", False),
        "ffff": KnownPlacement(10, 1, "", False),
        "gggg": KnownPlacement(11, 1, "", False),
        "hhhh": KnownPlacement(1, 2, "https://www.example.com/", False),
    },
    {
        1: _link("redirect"), 2: _link("redirect", returns=True), 3: _link("redirect", confirm=True), 4: _link("text"),
        5: _link("text", confirm=True), 6: _link("form"), 7: _link("form", confirm=True), 8: _link("unsubscribe"),
        9: _link("subscriptions"), 10: _link("view-online"), 11: _link("honeypot"),
    },
    {1: KnownMailing("spring", "Newsletter", ()), 2: KnownMailing("offer", "Offers", ())},
    {70_001: KnownShipment(1, 1, SENT, "sent"), 70_002: KnownShipment(2, 1, SENT, "cancelled")},
)  # fmt: skip
SITE = Site(SNAPSHOT, TOKENS, PAGES, KnownPeople(), "/k")


def site(**changes: object) -> Site:
    return replace(SITE, **changes)  # type: ignore[arg-type]


def path(place: str = "redirect", recipient: int = 7, shipment: int = 70_001, tokens: Tokens = TOKENS) -> str:
    return f"/{PLACES.get(place, place)}/{tokens.sign(shipment, recipient)}"


def request(method: str, where: str, query: str = "", *, purpose: str = "", at: int = SENT + 1000) -> Request:
    return Request(method, where, query, "Mozilla/5.0", purpose, at, "2026-05-04T11:00:01.000+02:00", "192.0.2.0", "")


# --- a workspace -------------------------------------------------------------------------------------------------

MAIL = """<!doctype html><html><head><title>x</title></head><body>
<p>Hej {{ name }}!</p>
<a href="https://www.example.com/spring?city={{ city }}">Spring</a>
<a href="linktrack:offer" target="_top">Offer</a>
<a href="linktrack:thanks">Thanks</a>
<a href="linktrack:ask">Ask</a>
<a href="linktrack:sure">Sure</a>
<a href="linktrack:unsubscribe">Bye</a> <a href="linktrack:subscriptions">Choose</a>
<a href="linktrack:view-online">In the browser</a>
</body></html>
"""


@dataclass
class SentWorld:
    """A workspace whose mailing spring went to C1 (Anna) and C2 (Bo); `tokens` are theirs by contact id."""

    workspace: Workspace
    tokens: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)  # link key → placement

    def path(self, link: str, contact: str = "C1") -> str:
        return f"/{self.places[link]}/{self.tokens[contact]}"


def make_sent(workspace: Workspace, database: Database, folder: Path, sent_at: int = SENT) -> SentWorld:
    add_link(database, "offer", url="https://www.example.com/offer")
    add_link(database, "thanks", response=TextResponse(text="<p>Thanks!</p>"), name="Thanks")
    prefill = {"name": "name", "mail": "email"}
    add_link(database, "ask", response=FormResponse(url="https://forms.example.com/ask", prefill=prefill))
    add_link(database, "sure", url="https://www.example.com/sure", confirm=True)
    utm = Utm(source="news", campaign="spring")
    draft = Draft("spring", MAIL.encode(), subject="Spring", type="Newsletter", settings=MailingOptions(utm=utm))
    add_mailing(database, draft, BASE, moment=SENT)
    return send(workspace, database, folder, sent_at)


def send(workspace: Workspace, database: Database, folder: Path, sent_at: int = SENT) -> SentWorld:
    contacts = folder / "contacts.csv"
    contacts.write_text(
        "contact_id;email;name;city\nC1;anna@example.com;Anna Å;Malmö\nC2;bo@example.com;Bo;\n", "utf-8"
    )
    out = io.BytesIO()
    options = RewriteOptions("spring", contacts, sent_at, output="ndjson", honeypot=True, again=True)
    rewrite(workspace, database, options, out, protected=Protected(), clock=lambda: SENT)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    places: dict[str, str] = dict(
        database.rows(
            "SELECT CASE link.kind WHEN 'local' THEN 'local' ELSE link.key END, placement.key FROM placement "
            "JOIN link ON link.id = link_id WHERE position >= 0"
        )
    )
    return SentWorld(workspace, {row["contact_id"]: row["token"] for row in rows}, places)
