"""What a request is answered, and the line of the click log that says so: values in, values out.

`answer` is all of it. What a POST says stands in its address, since no body is ever read; a GET is a look and a POST
of a page's button (or of RFC 8058's one-click) is the person's will. Nothing of a request is ever in an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from linktrack.clicks.logs.fields import is_prefetch
from linktrack.contacts.pressed import CONSENT, joins, pressed_in, said_in
from linktrack.contacts.types import EVERY_TYPE, same_type, shown_type
from linktrack.errors import BadInput
from linktrack.hosts import may_have_values
from linktrack.links.location import location
from linktrack.links.merge_tags import fill, fold
from linktrack.links.special_links import PERSONAL
from linktrack.links.tokens import NOBODY
from linktrack.moments import DAY
from linktrack.server.request import PATH_ROOM, Request, log_line
from linktrack.server.site import Page, Site, TypeRow
from linktrack.server.snapshot import KnownLink, KnownPlacement, KnownShipment

RETRY = ("Retry-After", "5")
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
    ("X-Content-Type-Options", "nosniff"),
)
_LOOKS = ("GET", "HEAD")


class Answer(NamedTuple):
    """What goes back. `acts`: it says that something was done, which holds only once its line is in the log."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    acts: bool = False


class Visit(NamedTuple):
    """A request for an address that is known: whose, of which spot, and when it is looked at."""

    spot: KnownPlacement
    link: KnownLink
    sending: KnownShipment
    shipment: int
    recipient: int
    token: str


def answer(request: Request, site: Site, *, log_works: bool = True) -> tuple[Answer, bytes]:
    """The answer to a request, and its line for the click log (nothing for what is not logged).

    A scanner gets what a person gets. Whatever is not known, or is forged, gets the same 404.
    """
    visit = visit_of(request.path, site)
    if visit is None:
        if own := site.own_pages.fullmatch(request.path):
            return _of_method(request, _own_page(own[1], request.method, log_works)), b""
        reply = _shown(404, site.pages.not_found)
    else:
        reply = _answered(request, visit, site)
    return _of_method(request, reply), log_line(request, reply.status)


def plain_answer(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    """An answer that no person is meant to look at."""
    body = text.encode()
    kind = (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))))
    return Answer(status, (*_HEADERS, *kind, *headers), body)


def visit_of(path: str, site: Site) -> Visit | None:
    """What an address names, None where it is not ours, or so long that the log would lose what its query says. A token
    is verified also where the placement is unknown, so that nobody learns by the time which placements there are."""
    match = site.tracked.fullmatch(path)
    if match is None or len(path) > PATH_ROOM:
        return None
    token = match[2].lower()
    person = site.person_of(token)
    spot = site.snapshot.placements.get(match[1].lower())
    if spot is None or person is None:
        return None
    sending = site.snapshot.shipments.get(person[0])
    if sending is None or sending.mailing_id != spot.mailing_id:
        return None
    link = site.snapshot.links[spot.link_id]
    if person[1] == NOBODY and link.kind in PERSONAL:  # which a shared token does not open
        return None
    return Visit(spot, link, sending, *person, token)


def _answered(request: Request, visit: Visit, site: Site) -> Answer:
    link = visit.link
    if request.method not in _LOOKS:
        if request.method != "POST" or not link.posted:
            allowed = "GET, HEAD, POST" if link.posted else "GET, HEAD"
            return plain_answer(405, "This address is not for that method.\n", ("Allow", allowed))
        return _pressed(request, visit, site)
    if request.purpose and is_prefetch(request.purpose.encode()):
        return plain_answer(503, "")
    if link.kind == "subscriptions":
        return _subscriptions(request, visit, site)
    if link.confirm:
        return _shown(200, site.pages.confirm(host_of(visit.spot.url)))
    match link.kind:
        case "redirect" | "form":
            return _led(visit, site, 302)
        case "text":
            return _shown(200, site.pages.text(link.text))
        case "unsubscribe":
            return _unsubscribe(visit, site)
        case "view-online":
            return _online(visit, site)
        case "honeypot":
            return _shown(200, site.pages.empty)


def _pressed(request: Request, visit: Visit, site: Site) -> Answer:
    """A POST that acts."""
    link, pages = visit.link, site.pages
    if link.confirm:
        if link.kind == "text":
            return _acted(_shown(200, pages.text(link.text)))
        return _acted(_led(visit, site, 303))
    if said_in(request.query) is not None:
        return _changed(request, visit, site, pressed_in(request.query, _type_of(visit, site)))
    if any(name == "page" for name, _ in parse_qsl(request.query, keep_blank_values=True)):
        if site.people.is_forgotten(visit.shipment, visit.recipient):
            return _shown(200, pages.forgotten)
        return _acted(_shown(200, pages.unsubscribed(_type_of(visit, site))))
    return _acted(plain_answer(200, pages.words["unsubscribed_short"] + "\n"))


def _unsubscribe(visit: Visit, site: Site) -> Answer:
    """The button that ends a type; none for who was forgotten, for whom it would not hold if they have come back. What
    they ask for is counted as before: the status is that of the page which others get."""
    if site.people.is_forgotten(visit.shipment, visit.recipient):
        return _shown(200, site.pages.forgotten)
    return _shown(200, site.pages.unsubscribe(_type_of(visit, site)))


def _subscriptions(request: Request, visit: Visit, site: Site) -> Answer:
    over = _is_over(request, visit, site)
    if site.people.is_forgotten(visit.shipment, visit.recipient):
        return _shown(410 if over else 200, site.pages.forgotten)
    if over:
        return _shown(410, site.pages.over(_type_of(visit, site)))
    rows = _type_rows(visit, site)
    if rows is None:
        return _shown(200, site.pages.unsubscribe(_type_of(visit, site)))
    return _shown(200, site.pages.subscriptions(rows, _consent(visit, site)))


def _changed(request: Request, visit: Visit, site: Site, said: list[tuple[str, str]]) -> Answer:
    """What a button of the subscriptions page changes; leaving is for ever, joining as long as the page is open. Of who
    was forgotten nothing is changed."""
    over = _is_over(request, visit, site)
    refused = over and all(joins(*one) for one in said)
    if site.people.is_forgotten(visit.shipment, visit.recipient):
        return _shown(410 if refused else 200, site.pages.forgotten)
    if refused:
        return _shown(410, site.pages.over(_type_of(visit, site)))
    rows = (None if over else _type_rows(visit, site)) or []
    consent = None if over else _consent(visit, site)
    for name, value in said:
        if name == CONSENT:
            consent = None if consent is None else value == "on"
            continue
        rows = [row._replace(has=name == "on") if value in (EVERY_TYPE, same_type(row.type)) else row for row in rows]
    return _acted(_shown(200, site.pages.saved(rows, consent)))


def _is_over(request: Request, visit: Visit, site: Site) -> bool:
    return request.at > visit.sending.sent_at + site.subscriptions_days * DAY


def _type_rows(visit: Visit, site: Site) -> list[TypeRow] | None:
    """Every type of the workspace and whether the person gets it; None where the database cannot be asked."""
    has = site.people.types(visit.shipment, visit.recipient)
    if has is None:
        return None
    return [TypeRow(shown, folded in has, quote(shown, safe="")) for folded, shown in sorted(site.types.items())]


def _consent(visit: Visit, site: Site) -> bool | None:
    """Whether the person may be tracked; None where nobody is asked, or the database cannot be."""
    return site.people.consent(visit.shipment, visit.recipient) if site.asks_consent else None


def _online(visit: Visit, site: Site) -> Answer:
    shared = site.tokens.shared_beside(visit.token, visit.shipment)
    copy = site.people.copy(visit.shipment, visit.recipient, visit.token, shared)
    if copy is None:
        return plain_answer(503, site.pages.words["later"] + "\n", RETRY)
    return _shown(200, site.pages.view_online(copy))


def _led(visit: Visit, site: Site, status: int) -> Answer:
    """A redirect: to the address that a script has set for the visitor, else to the link's, with its form filled in."""
    spot, link = visit.spot, visit.link
    if link.returns:
        returned = site.people.return_address(visit.spot.link_id, visit.shipment, visit.recipient)
        if returned and (reply := _redirect(returned, status)) is not None:
            return reply
    url = spot.url
    prefilled = link.prefill and may_have_values(url, site.form_hosts)
    if spot.tags or prefilled:
        values = site.people.values(visit.shipment, visit.recipient) or {}
        url = fill(url, values, site.snapshot.mailings[spot.mailing_id].pairs) if spot.tags else url
        url = prefilled_url(url, link.prefill, values) if prefilled else url
    reply = _redirect(url, status)
    return _shown(404, site.pages.not_found) if reply is None else reply


@lru_cache(maxsize=4096)  # most addresses are the same for everybody
def _redirect(url: str, status: int) -> Answer | None:
    """A redirect to an address, None for one that nobody may be led to."""
    try:
        target = location(url)
    except BadInput:
        return None
    return Answer(status, (*_HEADERS, ("Location", target), ("Content-Length", "0")))


def prefilled_url(url: str, prefill: tuple[tuple[str, str], ...], values: Mapping[str, str]) -> str:
    """A form's address with a person's values in its query, percent-encoded; an empty one adds nothing."""
    known = {fold(name): value for name, value in values.items()}
    pairs = [(name, known.get(fold(wanted), "")) for name, wanted in prefill]
    more = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs if value)
    if not more:
        return url
    before, mark, fragment = url.partition("#")
    joint = "?" if "?" not in before else "" if before.endswith(("?", "&")) else "&"
    return f"{before}{joint}{more}{mark}{fragment}"


def host_of(url: str) -> str:
    """The host of an address of the catalogue, "" for none."""
    authority = re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]
    return re.sub(r":[0-9]*$", "", authority.rpartition("@")[2])


def _type_of(visit: Visit, site: Site) -> str:
    return shown_type(site.snapshot.mailings[visit.spot.mailing_id].type, site.types)


def _own_page(page: str, method: str, log_works: bool) -> Answer:
    if method not in _LOOKS:
        return plain_answer(405, "This address is not for that method.\n", ("Allow", "GET, HEAD"))
    if page == "robots.txt":
        return plain_answer(200, "User-agent: *\nDisallow: /\n")
    return plain_answer(200, "ok\n") if log_works else plain_answer(503, "the click log cannot be written\n", RETRY)


def _shown(status: int, page: Page) -> Answer:
    kind = (("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page.body))))
    return Answer(status, (*_HEADERS, *kind, ("Content-Security-Policy", page.policy)), page.body)


def _acted(reply: Answer) -> Answer:
    return reply._replace(acts=True)


def _of_method(request: Request, reply: Answer) -> Answer:
    return reply._replace(body=b"") if request.method == "HEAD" else reply
