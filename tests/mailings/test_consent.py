"""Who refuses to be tracked gets the links' own targets, and is counted nowhere: from the export to the reports."""

from __future__ import annotations

import contextlib
import csv
import email
import json
import mailbox
import re
from email.message import Message
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from clicks_world import line
from mailings.consent_world import (
    BASE,
    CONTACTS,
    REFUSED,
    SETTINGS,
    TARGETS,
    links_of,
    make_mailing,
    rewrite,
    token_in,
    visits,
)  # fmt: skip
from tests_support import Furnish, Outcome, Run, call, decoded

PERSONAL = ("Bye", "Choose", "In the browser")


@pytest.fixture
def root(furnish: Furnish) -> Path:
    return furnish(_with_a_mailing)


def _with_a_mailing() -> None:
    make_mailing(call, Path())


def rows_of(done: Outcome) -> Any:
    assert done.code == 0, done.err
    return done.json


def check_refusers(mails: dict[str, str]) -> None:
    """That mails (HTML by contact id) are as they should be for those who refused and for the others."""
    shared = {token_in(links_of(mails[contact])[label]) for contact in REFUSED for label in ("Thanks", "Ask")}
    assert len(shared) == 1
    for contact, html in mails.items():
        links = links_of(html)
        own = {token_in(links[label]) for label in PERSONAL}
        assert len(own) == 1 and own != shared
        if contact not in REFUSED:
            assert not (shared & set(re.findall("[a-z2-7]{32}", html)))
            assert {token_in(links[label]) for label in ("A", "B", "Offer", "Thanks", "Ask", "Sure")} == own
            continue
        assert html.count(own.pop()) == len(PERSONAL)
        assert BASE not in links["A"] + links["B"] + links["Offer"] + links["Sure"]
    for label, target in TARGETS.items():
        assert unescape(links_of(mails["2"])[label]) == target


def test_who_refuses_gets_the_targets_and_one_token_that_all_of_them_share(root: Path, run: Run) -> None:
    done = run(
        "mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "out", "--format", "json", "--honeypot"
    )
    assert done.code == 0 and done.json["uncounted"] == 3 and "without tracking, for they refuse it: 3" in done.err
    mails = {path.stem: path.read_text("utf-8") for path in Path("out").iterdir()}
    assert sorted(mails) == ["1", "2", "3", "4", "5"]
    check_refusers(mails)
    traps = {contact: re.findall(r'/([a-z2-7]{32})" style="display:none', html)[0] for contact, html in mails.items()}
    assert traps["2"] == traps["3"] == traps["5"] == token_in(links_of(mails["2"])["Ask"]) != traps["1"] != traps["4"]
    again = run("shipment", "render", "1", "--out", "again")
    assert again.code == 0, again.err
    assert {path.stem: path.read_text("utf-8") for path in Path("again").iterdir()} == mails


def test_nothing_but_the_addresses_is_another_one(root: Path, run: Run) -> None:
    mails = {row["contact_id"]: row["html"] for row in rewrite(run)}
    original = Path("news.html").read_bytes().decode()

    def without_addresses(html: str) -> str:
        return re.sub(r"""(href=)("[^"]*"|'[^']*'|[^ >]*)""", lambda match: match[1] + match[2][0], html)

    for html in mails.values():
        assert without_addresses(html) == without_addresses(original)


def test_without_anybody_who_refuses_every_byte_is_as_without_the_setting(root: Path, run: Run) -> None:
    only_yes = Path("yes.csv")
    only_yes.write_text(
        "\n".join(one for one in CONTACTS.splitlines() if one.lower().endswith(("samtycke", "ja"))), "utf-8"
    )
    asked = rewrite(run, "asked", "--test", contacts="yes.csv")
    text = Path("linktrack.toml").read_text("utf-8")
    Path("linktrack.toml").write_text(text.replace(SETTINGS, '[sender]\nfrom = "a@example.com"\n'), "utf-8")
    for shipment, other in (("1", "again"),):
        assert run("shipment", "render", shipment, "--out", other).code == 0
    assert Path("again/recipients.ndjson").read_bytes() == Path("asked/recipients.ndjson").read_bytes()
    assert [list(row) for row in asked] == [["contact_id", "email", "token", "subject", "html", "text"]] * 2
    assert "uncounted" not in run("shipment", "list", "--format", "json").out
    assert run("mailing", "rewrite", "news", "--contacts", "yes.csv", "--out", "plain", "--as", "template").code == 0
    assert Path("plain/tokens.csv").read_text("utf-8").splitlines()[0] == "contact_id,email,token"


def test_ndjson_names_the_token_that_stands_in_the_links(root: Path, run: Run) -> None:
    for row in rewrite(run):
        links = links_of(row["html"])
        assert row["token"] == token_in(links["Thanks"])
        assert (row["token"] == token_in(links["Bye"])) is (row["contact_id"] not in REFUSED)
        assert TARGETS["A"].replace("%C3%85%20%22stad%22", "")[:34] in row["text"] or row["contact_id"] not in REFUSED
    two = next(row for row in rewrite(run, "again", "--again") if row["contact_id"] == "2")
    assert all(f"({target})" in two["text"] for target in TARGETS.values())


def mails_of(folder: Path, output: str) -> dict[str, Message]:
    if output == "mbox":
        with contextlib.closing(mailbox.mbox(folder / "mailing.mbox")) as box:
            found: list[Message] = list(box)
    else:
        found = [email.message_from_bytes(path.read_bytes()) for path in sorted(folder.iterdir())]
    return {str(mail["To"]).partition("<")[2].partition("@")[0]: mail for mail in found}


@pytest.mark.parametrize("fill", ["--fill", "--keep-merge-tags"])
@pytest.mark.parametrize("output", ["eml", "mbox"])
def test_e_mails_have_the_person_in_their_header_and_nowhere_else(root: Path, run: Run, output: str, fill: str) -> None:
    done = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "out", "--as", output, fill)
    assert done.code == 0, done.err
    mails = mails_of(Path("out"), output)
    names = {"anna": "1", "bo": "2", "cia": "3", "dan": "4", "eva": "5"}
    htmls = {}
    for name, mail in mails.items():
        text, html = (decoded(part).decode() for part in mail.get_payload())  # type: ignore[arg-type]
        htmls[names[name]] = html
        own = token_in(links_of(html)["Bye"])
        assert str(mail["List-Unsubscribe"]).endswith(f"/{own}>")
        assert (own in "".join(re.findall(r"(?:Thanks|Ask|Offer) \([^)]*", text))) is (names[name] not in REFUSED)
        assert names[name] not in REFUSED or text.count(own) == html.count(own) == 3
        expected = {"anna": "Anna", "bo": "Bo", "cia": "Cia", "dan": "Dan", "eva": "Eva"}[name]
        assert (f"Hej {expected}," in html) is (fill == "--fill") and ("{{ name }}" in html) is (fill != "--fill")
    check_refusers(htmls)


def test_a_template_has_two_tags_and_the_tokens_for_both(root: Path, run: Run) -> None:
    done = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "out", "--as", "template",
               "--merge-tag", "*|T|*", "--person-merge-tag", "*|P|*")  # fmt: skip
    assert done.code == 0, done.err
    with Path("out/tokens.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["contact_id", "email", "token", "person_token"]
    assert len({row["token"] for row in rows}) == 3 and len({row["person_token"] for row in rows}) == 5
    assert all((row["token"] == row["person_token"]) is (row["contact_id"] not in REFUSED) for row in rows)
    for name in ("mailing.html", "mailing.txt"):
        text = Path("out", name).read_text("utf-8")
        assert text.count("*|P|*") == 3
    links = links_of(Path("out/mailing.html").read_text("utf-8"))
    assert all(token_in(links[label]) == "*|P|*" for label in PERSONAL)
    assert all(token_in(links[label]) == "*|T|*" for label in ("A", "B", "Offer", "Thanks", "Ask", "Sure"))
    assert run("shipment", "render", "1", "--out", "again").code == 0
    for path in Path("out").iterdir():
        assert Path("again", path.name).read_bytes() == path.read_bytes()


def test_one_tag_for_both_is_refused(root: Path, run: Run) -> None:
    done = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "out", "--as", "template",
               "--merge-tag", "*|T|*", "--person-merge-tag", "*|T|*")  # fmt: skip
    assert done.code == 2 and "--person-merge-tag" in done.err and not Path("out").exists()


def test_a_shipment_that_was_no_template_has_two_tags_when_it_becomes_one(root: Path, run: Run) -> None:
    rewrite(run)
    done = run("shipment", "render", "1", "--out", "template", "--as", "template")
    assert done.code == 0, done.err
    assert "{{ linktrack_person_token }}" in Path("template/mailing.html").read_text("utf-8")


def test_a_file_without_the_column_stops_the_rewrite(root: Path, run: Run) -> None:
    Path("bare.csv").write_text("contact_id;email\n1;a@x.example\n", "utf-8")
    done = run("mailing", "rewrite", "news", "--contacts", "bare.csv", "--out", "out")
    assert done.code == 3 and "'Samtycke'" in done.err and "consent under [crm.contacts]" in done.err
    assert run("shipment", "list", "--format", "json").json == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('{ column = "Samtycke", yes = [], empty = "no" }', "consent.yes"),
        ('{ column = "Samtycke", yes = ["Ja"], empty = "perhaps" }', "yes"),
        ('{ yes = ["Ja"] }', "column"),
        ('"Samtycke"', "consent"),
    ],
)
def test_a_setting_that_says_nothing_is_an_error_with_its_line(root: Path, run: Run, setting: str, said: str) -> None:
    text = Path("linktrack.toml").read_text("utf-8")
    Path("linktrack.toml").write_text(re.sub("consent = {.*}", f"consent = {setting}", text), "utf-8")
    done = run("mailing", "list")
    assert done.code == 3 and said in done.err and re.search(r"linktrack\.toml.*line \d+|linktrack\.toml:\d+", done.err)


def test_doctor_shows_the_column(root: Path, run: Run) -> None:
    found = {row["column"]: row for row in run("doctor", "--crm", "contacts.csv", "--format", "json").json}
    assert found["Samtycke"]["meaning"] == "consent to be tracked (yes: Ja; an empty cell is no)"
    assert found["Samtycke"]["filled"] == 4
    Path("bare.csv").write_text("contact_id;email\n1;a@x.example\n", "utf-8")
    rows = run("doctor", "--crm", "bare.csv", "--format", "json").json
    assert [row["state"] for row in rows if row["column"] == "Samtycke"] == ["error"]


def test_the_preview_of_who_refuses_is_what_he_gets(root: Path, run: Run) -> None:
    two = run("mailing", "preview", "news", "--contacts", "contacts.csv", "--contact", "2", "-o", "-")
    assert unescape(links_of(two.out)["A"]) == TARGETS["A"] and "refuses tracking" in two.err
    one = run("mailing", "preview", "news", "--contacts", "contacts.csv", "--contact", "1", "-o", "-")
    assert links_of(one.out)["A"].startswith("https://preview.invalid/") and "refuses" not in one.err


# --- what is counted ---------------------------------------------------------------------------------------------


@pytest.fixture
def clicked(furnish: Furnish) -> Path:
    return furnish(_clicked)


def _clicked(run: Run = call) -> None:
    _with_a_mailing()
    Path("access.log").write_bytes(visits(rewrite(run)))
    done = run("click", "import", "access.log", "--format", "json")
    assert done.code == 0 and done.json["stored"] == 8 and done.json["human"] == 8, done.out


def test_clicks_of_those_who_refused_are_clicks_and_nothing_else(clicked: Path, run: Run) -> None:
    (news,) = rows_of(run("report", "mailings", "--format", "json"))
    assert list(news)[3:8] == ["sent", "uncounted", "clickers", "clicks", "machine_clicks"]
    assert (news["sent"], news["uncounted"], news["clickers"], news["clicks"]) == (5, 3, 2, 8)
    assert news["click_rate"] == 1.0  # both who can be counted
    links = {row["key"]: row for row in rows_of(run("report", "links", "--format", "json"))}
    assert [links[key]["clicks"] for key in ("offer", "thanks", "ask", "unsubscribe")] == [2, 2, 1, 2]
    assert [links[key]["clickers"] for key in ("offer", "thanks", "ask", "unsubscribe")] == [2, 0, 0, 0]
    assert links["thanks"]["first_click"] and links["thanks"]["click_rate"] == 0.0
    clickers = rows_of(run("report", "clickers", "--mailing", "news", "--format", "json"))
    assert [row["contact_id"] for row in clickers] == ["1", "4"]
    assert rows_of(run("report", "nonclickers", "news", "--format", "json")) == []
    by_domain = {
        row["domain"]: row for row in rows_of(run("report", "mailing", "news", "--by", "domain", "--format", "json"))
    }
    assert {name: (row["sent"], row["uncounted"], row["clicks"]) for name, row in by_domain.items()} == {
        "": (0, 0, 6), "one.example": (2, 1, 1), "two.example": (3, 2, 1),
    }  # fmt: skip
    places = rows_of(run("report", "mailing", "news", "--by", "placement", "--format", "json"))
    assert sum(row["clicks"] for row in places) == 8 and sum(row["clickers"] for row in places) == 2
    hours = rows_of(run("report", "mailing", "news", "--by", "hour", "--format", "json"))
    assert sum(row["clicks"] for row in hours) == 8 and sum(row["clickers"] for row in hours) == 2
    engagement = rows_of(run("report", "mailings", "--by", "engagement", "--format", "json"))
    assert sum(row["recipients"] for row in engagement) == 2
    recipients = rows_of(run("shipment", "recipients", "1", "--format", "json"))
    assert [(row["clicks"], row["uncounted"]) for row in recipients] == [
        (1, False), (0, True), (0, True), (1, False), (0, True),
    ]  # fmt: skip
    shown = [run("contact", "show", one, "--format", "json").json for one in "12345"]
    assert [(one["clicks"], one["uncounted_clicks"]) for one in shown] == [(1, 0), (0, 0), (0, 2), (1, 0), (0, 1)]


@pytest.mark.parametrize(
    "report",
    ["mailings", "mailing news", "mailing news --by weekhour --format table", "links", "link offer",
     "clickers offer", "nonclickers news", "mailings --by engagement"],
)  # fmt: skip
def test_every_report_says_how_many_could_not_be_counted(clicked: Path, run: Run, report: str) -> None:
    done = run("report", *report.split())
    assert done.code == 0 and "3 of 5 recipients could not be counted: they refused tracking." in done.err
    assert "could not be counted" not in run("--quiet", "report", *report.split()).err


def test_the_page_says_it_and_a_deep_look_finds_nothing(clicked: Path, run: Run) -> None:
    assert run("report", "html", "page.html").code == 0
    page = Path("page.html").read_text("utf-8")
    assert re.search(r'data-key="sent"[^>]*>[^<]*</th>\s*<th[^>]*data-key="uncounted"', page)
    assert "refused tracking and could not be counted" in page
    found = {row["check"]: row["state"] for row in run("doctor", "--deep", "--format", "json").json}
    assert found["figures"] == "ok" and found["rows"] == "ok"


def test_judged_again_and_repaired_the_figures_are_the_same(clicked: Path, run: Run) -> None:
    def figures() -> list[str]:
        reports = ("mailings", "links", "mailing news --by hour", "mailing news --by domain", "clickers --mailing news")
        return [run("report", *report.split(), "--format", "json").out for report in reports]

    before = figures()
    assert run("click", "judge").code == 0
    assert figures() == before
    assert run("doctor", "--repair", "--yes").code in (0, 6)
    assert figures() == before
    assert run("click", "import", "access.log", "--again", "--format", "json").json["stored"] == 0
    assert figures() == before
    assert run("link", "reset", "thanks", "--yes").code == 0
    assert [json.loads(rows)[0]["clicks"] for rows in figures()[:1]] == [6]


def test_no_action_runs_for_a_shared_token(clicked: Path, run: Run) -> None:
    done = run("action", "run", "--crm", "contacts.csv", "--out", "run", "--format", "json")
    assert done.code == 0, done.err
    with Path("run/selections.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [(row["selection"], row["contact_id"]) for row in rows] == [("Prospects", "1"), ("Prospects", "4")]
    again = run("action", "run", "--crm", "contacts.csv", "--out", "again", "--format", "json").json
    assert again["clicks"] == 0  # nothing is left open


def test_who_refused_and_unsubscribes_has_left(clicked: Path, run: Run) -> None:
    done = run(
        "mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "next", "--again", "--format", "json"
    )
    assert done.json["recipients"] == 4 and done.json["left"] == 1 and not Path("next/3.html").exists()


def test_a_clicker_is_known_by_his_sentence_only_where_he_can_be(clicked: Path, run: Run) -> None:
    rows = rows_of(run("report", "contact", "2", "--format", "json"))
    assert [(row["what"], row["detail"]) for row in rows] == [("sent", "bo@one.example, not tracked")]
    rows = rows_of(run("report", "contact", "3", "--format", "json"))
    assert [row["link"] for row in rows if row["what"] == "click"] == ["unsubscribe", "unsubscribe"]
    clicks = rows_of(run("click", "list", "--format", "json"))
    assert [row["contact_id"] for row in clicks if row["link"] in ("thanks", "ask")] == ["", "", ""]


def test_a_mail_services_event_of_who_refused_is_nobodys(root: Path, run: Run) -> None:
    rewrite(run)
    event = {"event": "click", "email": "bo@one.example", "url": "https://www.example.com/offer", "timestamp": 1777890000,
             "sg_event_id": "e1", "mailing": "news", "useragent": "Mozilla/5.0 (Windows NT 10.0) Firefox/125.0"}  # fmt: skip
    other = {**event, "email": "anna@one.example", "sg_event_id": "e2"}
    Path("events.json").write_text(json.dumps([event, other]), "utf-8")
    done = run("click", "import", "events.json", "--format", "json")
    assert done.code == 0 and done.json["stored"] == 2, done.out
    assert [row["contact_id"] for row in rows_of(run("click", "list", "--format", "json"))] == ["", "1"]
    (news,) = rows_of(run("report", "mailings", "--format", "json"))
    assert (news["clicks"], news["clickers"], news["uncounted"]) == (2, 1, 3)


def test_a_rate_of_nobody_is_none(root: Path, run: Run) -> None:
    rewrite(run, "out", "--only", str(_listed("2", "3")))
    (news,) = rows_of(run("report", "mailings", "--format", "json"))
    assert (news["sent"], news["uncounted"], news["click_rate"], news["rate_low"]) == (2, 2, None, None)
    (link,) = (row for row in rows_of(run("report", "links", "--format", "json")) if row["key"] == "offer")
    assert (link["sent"], link["uncounted"], link["click_rate"]) == (2, 2, None)


def test_several_people_behind_a_shared_token_are_no_burst(root: Path, run: Run) -> None:
    links = links_of(next(row for row in rewrite(run, "out", "--honeypot") if row["contact_id"] == "2")["html"])
    thanks, ask = links["Thanks"].removeprefix(BASE), links["Ask"].removeprefix(BASE)
    log = [line(path, 3_600 + number / 10, ip=f"198.51.{number}.7") for number in range(20) for path in (thanks, ask)]
    log += [line(thanks, 3_600, ip="203.0.113.200", method="HEAD")]
    Path("busy.log").write_bytes(b"".join(log))
    done = run("click", "import", "busy.log", "--format", "json").json
    assert (done["human"], done["scanner"]) == (40, 0)


# --- what a person says themselves ----------------------------------------------------------------------------------


def uncounted(run: Run, out: str) -> list[str]:
    rows = rewrite(run, out, "--again")
    return [row["contact_id"] for row in rows if BASE not in links_of(row["html"])["Offer"]]


def said(run: Run, path: str, query: str, second: int) -> None:
    log = Path(f"said-{second}.log")
    log.write_bytes(line(f"{path}?{query}", second, method="POST", status=200))
    done = run("click", "import", log, "--format", "json")
    assert done.code == 0 and done.json["stored"] == 1, done.err


def test_what_is_said_on_the_page_wins_over_the_export(root: Path, run: Run) -> None:
    mails = {row["contact_id"]: links_of(row["html"]) for row in rewrite(run)}
    said(run, mails["1"]["Choose"].removeprefix(BASE), "consent=off", 600)
    said(run, mails["3"]["Choose"].removeprefix(BASE), "consent=on", 700)
    assert uncounted(run, "second") == ["1", "2", "5"]
    Path("changed.csv").write_text(Path("contacts.csv").read_text("utf-8") + "6;f@x.example;Frej;;;Ja\n", "utf-8")
    rows = rewrite(run, "third", "--again", contacts="changed.csv")
    assert [row["contact_id"] for row in rows if BASE not in links_of(row["html"])["Offer"]] == ["1", "2", "5"]
    assert all(row["contact_id"] != "0" for row in rows)
    left = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "f", "--again", "--format", "json")
    assert left.json["left"] == 0  # to say something of tracking is not to unsubscribe


def _listed(*contacts: str) -> Path:
    path = Path("only.csv")
    path.write_text("contact_id\n" + "".join(f"{contact}\n" for contact in contacts), "utf-8")
    return path
