"""The whole loop with real servers: mails are rewritten, people click in a browser, the log is imported, actions run,
the CRM's file has what they said, and the next mailing leaves out who has left."""

from __future__ import annotations

import csv
import json
import socket
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from server.chromium import AGENT, chromium
from server.serving_process import serving
from server.shop import Shop
from tests_support import Run

from linktrack.moments import iso, now

pytestmark = pytest.mark.servers
pytest.importorskip("granian")

PEOPLE = ("Anna", "Bo", "Cecilia", "Dag", "Eva", "Fredrik", "Gun")
MAIL = """<!doctype html><html><head><title>Spring</title></head><body>
<p><a href="linktrack:offer">Yes please</a> <a href="linktrack:call">Call me</a></p>
<p><a href="linktrack:unsubscribe">Unsubscribe</a> <a href="linktrack:subscriptions">Choose</a></p></body></html>
"""
LINKS = """
[[link]]
key = "offer"
url = "{shop}/offer"
actions = [{{ type = "set-field", field = "x_level", value = "hot" }}]

[[link]]
key = "call"
url = "{shop}/call"
confirm = true
actions = [{{ type = "selection", add = ["Calls"] }}]

[[link]]
key = "unsubscribe"
actions = [{{ type = "interest", remove = ["News"] }}]
"""
MAPPING = """
[crm.contacts]
id = "Id"
email = "Mail"
name = "Name"
interests = "Interests"
interests_separator = ";"
[crm.contacts.fields]
x_level = "Level"
"""


def test_from_a_mail_to_the_crm_and_the_next_mail(run: Run, tmp_path: Path, shop: Shop, monkeypatch: Any) -> None:
    def done(*words: object) -> None:
        answered = run(*words)
        assert answered.code == 0, (words, answered.err)

    an_hour_ago = iso(now() - 3_600_000, UTC)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    done("init", tmp_path / "work", "--base-url", f"http://127.0.0.1:{port}")
    monkeypatch.chdir(tmp_path / "work")
    with Path("linktrack.toml").open("a", encoding="utf-8") as settings:
        settings.write(MAPPING)
    rows = [f"{number},{name.lower()}@example.com,{name},News;Offers,cold" for number, name in enumerate(PEOPLE, 1)]
    Path("contacts.csv").write_text("\n".join(["Id,Mail,Name,Interests,Level", *rows, ""]), "utf-8")
    Path("links.toml").write_text(LINKS.format(shop=shop.address), "utf-8")
    Path("mail.html").write_text(MAIL, "utf-8")
    done("link", "apply", "links.toml")
    for name in ("spring", "summer"):
        done("mailing", "add", name, "mail.html", "--type", "News", "--utm-source", "news", "--utm-campaign", name)
    done("mailing", "rewrite", "spring", "--contacts", "contacts.csv", "--out", "spring", "--sent-at", an_hour_ago)

    with serving(Path.cwd(), "--port", port, said=tmp_path / "said") as server, chromium() as browser:

        def opens(person: str, link: str, does: Callable[[Any], None]) -> None:
            """A person opens their mail and follows one of its links, without scripts."""
            page = browser.new_context(java_script_enabled=False, user_agent=AGENT).new_page()
            page.goto(Path("spring", f"{PEOPLE.index(person) + 1}.html").absolute().as_uri())
            page.get_by_role("link", name=link).click()
            page.wait_for_url(lambda url: url.startswith("http"))
            does(page)
            page.context.close()

        def goes_on(page: Any) -> None:
            page.get_by_role("button", name="Go on").click()
            page.wait_for_url(f"{shop.address}/call?**")

        def leaves(page: Any) -> None:
            page.get_by_role("button", name="Unsubscribe").click()
            assert page.get_by_role("heading").inner_text() == "You are unsubscribed"

        def stops(page: Any) -> None:
            page.get_by_role("button", name="Stop: News").click()
            assert page.get_by_role("button", name="Get it: News").is_visible()

        opens("Anna", "Yes please", lambda page: page.wait_for_url(f"{shop.address}/offer?**"))
        opens("Bo", "Call me", goes_on)
        opens("Cecilia", "Unsubscribe", leaves)
        opens("Dag", "Choose", stops)
        opens("Eva", "Unsubscribe", lambda page: None)
        mail = Path("spring", "6.html").read_text("utf-8")  # Fredrik's mail program has a button of its own
        address = mail.partition("Call me</a>")[2].partition('href="')[2].partition('"')[0]
        assert server.ask("POST", address.partition(f":{port}")[2])[0] == 200
        opens("Gun", "Call me", lambda page: None)
        assert server.stop() == 0
    assert {path.partition("?")[0] for path, _ in shop.visits} - {"/favicon.ico"} == {"/offer", "/call"}

    imported = run("click", "import", "--format", "json").json
    assert (imported["read"], imported["stored"], imported["human"], imported["rejected"]) == (10, 10, 10, 0)
    done("action", "run", "--crm", "contacts.csv", "--out", "run")
    with Path("run", "contacts.csv").open(encoding="utf-8", newline="") as file:
        written = {row["Name"]: (row["Interests"], row["Level"]) for row in csv.DictReader(file)}
    assert written == {
        "Anna": ("News;Offers", "hot"), "Bo": ("News;Offers", "cold"), "Cecilia": ("Offers", "cold"),
        "Dag": ("Offers", "cold"), "Eva": ("News;Offers", "cold"), "Fredrik": ("Offers", "cold"),
        "Gun": ("News;Offers", "cold"),
    }  # fmt: skip
    with Path("run", "selections.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["selection"], row["name"], row["change"]) for row in csv.DictReader(file)] == [
            ("Calls", "Bo", "add")
        ]

    for number, contacts in enumerate(("contacts.csv", "run/contacts.csv")):  # before the CRM has it, and after
        out = tmp_path / f"summer-{number}"
        done("mailing", "rewrite", "summer", "--contacts", contacts, "--out", out, "--as", "ndjson", "--again")
        sent = [json.loads(line)["contact_id"] for line in (out / "recipients.ndjson").read_text("utf-8").splitlines()]
        assert [PEOPLE[int(contact) - 1] for contact in sent] == ["Anna", "Bo", "Eva", "Gun"]
