"""Answers to those who refused tracking: their shared token is nobody's, and the page asks them whether they still do."""

from __future__ import annotations

import io
import json
from html import unescape
from pathlib import Path

import pytest
from mailings.consent_world import BASE, SENT_AT, TARGETS, links_of, make_mailing, rewrite, token_in
from server.server_world import DAY, SENT, SITE, TOKENS, KnownPeople, path, request, site
from tests_support import Run

from linktrack.links.signing_keys import open_keys
from linktrack.links.tokens import NOBODY
from linktrack.server.answer import answer
from linktrack.server.live import site_of
from linktrack.server.people import QuietDatabase, StoredPeople
from linktrack.server.request import Request
from linktrack.server.snapshot_file import take_snapshot
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.workspace import Workspace, load_workspace

OLD = SENT + 30 * DAY
CASES = {
    "a redirect": ("GET", "redirect", "", 302, "https://www.example.com/%C3%A5?utm_medium=email"),
    "merge tags are empty": ("GET", "tagged", "", 302, "https://www.example.com/?n=&c=#"),
    "a text": ("GET", "text", "", 200, "Thanks!"),
    "a form without values": ("GET", "form", "", 302, "https://forms.example.com/f?a=1#top"),
    "the honeypot": ("GET", "honeypot", "", 200, ""),
    "a page with a button": ("POST", "confirm", "", 303, "https://www.example.com/c"),
    "nobody can be unsubscribed": ("GET", "unsubscribe", "", 404, ""),
    "by one-click neither": ("POST", "unsubscribe", "", 404, ""),
    "nor has subscriptions": ("POST", "subscriptions", "off=*", 404, ""),
    "nor a mail": ("GET", "view-online", "", 404, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_a_shared_token_opens_what_is_nobody_s(case: str) -> None:
    method, place, query, status, says = CASES[case]
    reply, line = answer(request(method, path(place, NOBODY), query), SITE)
    assert reply.status == status and json.loads(line)["status"] == status
    assert says in (dict(reply.headers).get("Location") or reply.body.decode())


ASKED = {
    "who may be tracked can stop it": ("GET", 7, "", 200, 'action="?consent=off"'),
    "who may not can allow it": ("GET", 8, "", 200, 'action="?consent=on"'),
    "stopped": ("POST", 7, "consent=off", 200, 'action="?consent=on"'),
    "allowed": ("POST", 8, "consent=on", 200, 'action="?consent=off"'),
    "with another button": ("POST", 7, "off=Newsletter", 200, 'action="?consent=off"'),
    "a look changes nothing": ("GET", 7, "consent=off", 200, 'action="?consent=off"'),
}


@pytest.mark.parametrize("case", ASKED)
def test_the_subscriptions_page_asks_where_it_is_to(case: str) -> None:
    method, recipient, query, status, says = ASKED[case]
    reply, _ = answer(request(method, path("subscriptions", recipient), query), site(asks_consent=True))
    assert reply.status == status and says in reply.body.decode() and reply.acts == (method == "POST")
    quiet, _ = answer(request(method, path("subscriptions", recipient), query), SITE)
    assert quiet.status == status and "consent" not in quiet.body.decode()


@pytest.mark.parametrize(("query", "status"), [("consent=off", 200), ("consent=on", 410), ("consent=perhaps", 200)])
def test_an_old_mail_takes_consent_away_and_gives_none_back(query: str, status: int) -> None:
    reply, _ = answer(request("POST", path("subscriptions"), query, at=OLD), site(asks_consent=True))
    assert reply.status == status and reply.acts == (status == 200)


def test_without_the_database_nobody_is_asked() -> None:
    gone = site(asks_consent=True, people=KnownPeople(gone=True))
    shown = answer(request("GET", path("subscriptions")), gone)[0].body.decode()
    assert "consent" not in shown and "<button" in shown


def test_the_shared_token_beside_a_token_is_signed_with_its_key() -> None:
    mine = TOKENS.sign(70_001, 7)
    rotated = type(TOKENS)(TOKENS.keyring.with_new(3), TOKENS.workspace_id)
    assert rotated.shared_beside(mine, 70_001) == TOKENS.sign(70_001, NOBODY) != rotated.sign(70_001, NOBODY)


# --- a workspace -------------------------------------------------------------------------------------------------


def ask(workspace: Workspace, database: Database, method: str, address: str, query: str = "") -> tuple[int, str, bytes]:
    people = QuietDatabase(workspace, lambda: 0.0)
    here = site_of(workspace, take_snapshot(database), StoredPeople(people))
    where = address.removeprefix(BASE)
    at = SENT + 60_000
    reply, line = answer(
        Request(method, where, query, "Mozilla/5.0", "", at, "2026-05-04T09:01:00+00:00", "", ""), here
    )
    people.close()
    return reply.status, dict(reply.headers).get("Location") or reply.body.decode(), line


def test_a_mail_in_the_browser_is_the_one_that_was_sent_and_what_the_page_says_holds(
    workspace: Workspace, run: Run
) -> None:
    make_mailing(run, workspace.root)
    workspace = load_workspace(workspace.root)
    mails = {row["contact_id"]: links_of(row["html"]) for row in rewrite(run)}
    log = io.BytesIO()
    with open_database(workspace) as database:
        status, page, _ = ask(workspace, database, "GET", mails["2"]["In the browser"])
        shown = links_of(unescape(page))
        assert status == 200 and unescape(shown["A"]) == TARGETS["A"]
        assert shown["Thanks"] == mails["2"]["Thanks"] and shown["Bye"] == mails["2"]["Bye"]
        assert (
            unescape(ask(workspace, database, "GET", mails["1"]["In the browser"])[1]).count(token_in(mails["1"]["A"]))
            > 5
        )
        assert ask(workspace, database, "GET", mails["2"]["Ask"])[:2] == (302, "https://forms.example.com/ask")
        assert 'action="?consent=on"' in ask(workspace, database, "GET", mails["2"]["Choose"])[1]
        for contact, word in (("2", "on"), ("4", "off")):
            status, page, line = ask(workspace, database, "POST", mails[contact]["Choose"], f"consent={word}")
            log.write(line)
            assert status == 200 and f'action="?consent={"off" if word == "on" else "on"}"' in page
        (workspace.root / "clicklog").mkdir()
        (workspace.root / "clicklog" / "clicks-1.ndjson").write_bytes(log.getvalue())
    done = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "next", "--as", "ndjson", "--again",
               "--sent-at", SENT_AT)  # fmt: skip
    assert done.code == 0 and "2 new clicks" in done.err, done.err
    rows = map(json.loads, Path("next/recipients.ndjson").read_text("utf-8").splitlines())
    assert [row["contact_id"] for row in rows if BASE not in links_of(row["html"])["Offer"]] == ["3", "4", "5"]
    with open_database(workspace) as database:
        assert 'action="?consent=off"' in ask(workspace, database, "GET", mails["2"]["Choose"])[1]
        assert open_keys(workspace, database).tokens.verify(token_in(mails["2"]["Thanks"]))
