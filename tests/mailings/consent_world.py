"""A mailing with a link of every kind, for a list of people of whom some refuse to be tracked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from clicks_world import line
from tests_support import Run

BASE = "https://click.example.com"
SENT_AT = "2026-05-04T09:00:00+00:00"  # clicks_world.SENT
HTML = """<!DOCTYPE html>\r
<html><body><p>Hej {{ name }}, 50 &euro;!</p>
<a href='https://www.example.com/a?x=1&amp;city={{ contact.city }}#top'>A</a>
<a href=https://www.example.com/b/>B</a> <a href="linktrack:offer">Offer</a>
<!--[if mso]><v:roundrect href="https://www.example.com/vml?a=1&b=2"></v:roundrect><![endif]-->
<a href="linktrack:thanks">Thanks</a> <a href="linktrack:ask">Ask</a> <a href="linktrack:sure">Sure</a>
<a href="mailto:a@example.com">Mail</a> <a href="https://www.example.com/untracked" data-track="off">No</a>
<a href="linktrack:unsubscribe">Bye</a> <a href="linktrack:subscriptions">Choose</a>
<a href="linktrack:view-online">In the browser</a>
</body></html>
"""
CONTACTS = """contact_id;email;name;city;interests;Samtycke
1;anna@one.example;Anna;Lund & Co;News;Ja
2;bo@one.example;Bo;Å "stad";News;Nej
3;cia@two.example;Cia;Ystad;News;
4;dan@two.example;Dan;Umeå;News; ja
5;eva@two.example;Eva;Visby;News;kanske
"""
LINKS = """
[[link]]
key = "offer"
url = "https://www.example.com/offer"
actions = [{ type = "selection", add = ["Prospects"] }]
[[link]]
key = "thanks"
response = { kind = "text", text = "<p>Thanks!</p>" }
actions = [{ type = "selection", add = ["Thanked"] }]
[[link]]
key = "ask"
response = { kind = "form", url = "https://forms.example.com/ask", prefill = { mail = "email" } }
[[link]]
key = "sure"
url = "https://www.example.com/sure"
confirm = true
"""
SETTINGS = """
[sender]
from = "Anna <anna@example.com>"
[pages]
consent = true
[crm.contacts]
consent = { column = "Samtycke", yes = ["Ja"], empty = "no" }
"""
REFUSED = ("2", "3", "5")
TARGETS = {
    "A": "https://www.example.com/a?x=1&city=%C3%85%20%22stad%22&utm_source=s&utm_medium=email&utm_campaign=c#top",
    "B": "https://www.example.com/b/?utm_source=s&utm_medium=email&utm_campaign=c",
    "Offer": "https://www.example.com/offer?utm_source=s&utm_medium=email&utm_campaign=c",
    "Sure": "https://www.example.com/sure?utm_source=s&utm_medium=email&utm_campaign=c",
}  # of contact 2
_LINK = re.compile(r"""<a href=(?:"([^"]*)"|'([^']*)'|([^ >]*))[^>]*>([^<]*)</a>""")


def make_files(root: Path) -> None:
    (root / "news.html").write_text(HTML, "utf-8", newline="")
    (root / "contacts.csv").write_text(CONTACTS.replace('Å "stad"', '"Å ""stad"""'), "utf-8")
    (root / "links.toml").write_text(LINKS, "utf-8")
    with (root / "linktrack.toml").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS)


def make_mailing(run: Run, root: Path) -> None:
    """The links and the mailing, in a workspace that is the current folder."""
    make_files(root)
    for command in (
        ("link", "apply", "links.toml"),
        ("mailing", "add", "news", "news.html", "--type", "News", "--utm-source", "s", "--utm-campaign", "c"),
    ):
        done = run(*command)
        assert done.code == 0, done.err


def links_of(html: str) -> dict[str, str]:
    """The address of each link of a mail by its label, its references as they are."""
    return {label: double or single or bare for double, single, bare, label in _LINK.findall(html)}


def token_in(address: str) -> str:
    return address.rpartition("/")[2]


def rewrite(run: Run, out: str = "out", *options: str, contacts: str = "contacts.csv") -> list[dict[str, Any]]:
    """The rows of an NDJSON rewrite."""
    done = run("mailing", "rewrite", "news", "--contacts", contacts, "--out", out, "--as", "ndjson",
               "--sent-at", SENT_AT, *options)  # fmt: skip
    assert done.code == 0, done.err
    return [json.loads(row) for row in Path(out, "recipients.ndjson").read_text("utf-8").splitlines()]


def visits(rows: list[dict[str, Any]]) -> bytes:
    """A log: 1 and 4 click the offer, 2 the text and the form twice, 3 unsubscribes with a look before, 5 looks online."""
    mails = {row["contact_id"]: links_of(row["html"]) for row in rows}

    def path(contact: str, label: str) -> str:
        return mails[contact][label].removeprefix(BASE)

    return b"".join(
        (
            line(path("1", "Offer"), 600),
            line(path("4", "Offer"), 700, ip="198.51.100.9"),
            line(path("2", "Thanks"), 800, ip="203.0.113.5"),
            line(path("2", "Ask"), 900, ip="203.0.113.5"),
            line(path("2", "Thanks"), 7_000, ip="203.0.113.5"),
            line(path("3", "Bye"), 1_000, ip="203.0.113.77"),
            line(path("3", "Bye"), 1_010, ip="203.0.113.77", method="POST", status=200),
            line(path("5", "In the browser"), 1_100, ip="203.0.113.99", status=200),
        )
    )
