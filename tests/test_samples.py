"""The samples are what their README says they are."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from linktrack.cli.app import app as cli
from linktrack.crm.mapping import Mapping
from linktrack.crm.people import Contact, read_contacts
from linktrack.links.definitions import read_definitions
from linktrack.links.special_links import SPECIAL_LINKS
from linktrack.store.opening import open_database
from linktrack.workspace import load_workspace

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_mailings"
MAILS = ("newsletter.html", "newsletter.txt", "announcement.html", "kampanj.html")
COMBINED = re.compile(
    r'(?P<address>\S+) - - \[(?P<time>\d\d/May/2026:\d\d:\d\d:\d\d) \+0200\] "(?P<request>[^"]*)" '
    r'(?P<status>\d{3}) (?P<size>\d+) "[^"]*" "(?P<agent>[^"]*)"'
)
TRACKED = re.compile(
    r"(?P<method>[A-Z]+) /@(?P<mailing>[\w-]+)/(?P<position>\d+)/(?P<contact>[\w-]+)(?:\?\S*)? HTTP/[\d.]+"
)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((SAMPLES / "visits-truth.json").read_text("utf-8"))
    return truth


@pytest.fixture(scope="module")
def log() -> list[str]:
    return (SAMPLES / "visits.log").read_text("ascii").splitlines()


@pytest.fixture(scope="module")
def mapping() -> Mapping:
    from linktrack.settings.crm import CrmSettings

    return Mapping(CrmSettings.model_validate(tomllib.loads((SAMPLES / "crm-mapping.toml").read_text("utf-8"))["crm"]))


@pytest.fixture(scope="module")
def contacts(mapping: Mapping) -> list[Contact]:
    return list(read_contacts(SAMPLES / "crm", mapping))


@pytest.mark.parametrize(
    ("name", "encoding", "least", "most"),
    [
        pytest.param("newsletter.html", "utf-8", 30_000, 60_000, id="the newsletter is a large mail in UTF-8"),
        pytest.param("announcement.html", "utf-8", 2_000, 6_000, id="the announcement is a small mail in UTF-8"),
        pytest.param("kampanj.html", "windows-1252", 8_000, 15_000, id="the Swedish campaign is in Windows-1252"),
    ],
)
def test_mail_has_the_size_and_the_encoding_it_declares(name: str, encoding: str, least: int, most: int) -> None:
    data = (SAMPLES / name).read_bytes()
    assert least <= len(data) <= most
    text = data.decode(encoding)
    assert re.search(rf'charset=["\']?{encoding}', text)
    if encoding == "windows-1252":
        assert all(letter in text for letter in "åäöÅÄÖ–")
        assert data.count(b"\n") == data.count(b"\r\n") > 100
        with pytest.raises(UnicodeDecodeError):
            data.decode("utf-8")


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"<!--\[if mso\]>", id="conditional comments for Outlook"),
        pytest.param(r"<!--\[if !mso\]><!-->", id="revealed conditional comments"),
        pytest.param(r'<v:roundrect [^>]*href="linktrack:offer"', id="a VML button of a registered link"),
        pytest.param(r'<area [^>]*href="https:', id="an image map"),
        pytest.param(r'class="preheader"', id="a preheader"),
        pytest.param(r'href="mailto:', id="an e-mail address"),
        pytest.param(r'href="tel:', id="a telephone number"),
        pytest.param(r'href="#offer"', id="an anchor"),
        pytest.param(r'data-track="off"', id="an opted-out link"),
        pytest.param(r"\?id=\{\{ contact_id \}\}&amp;", id="a merge tag in a query"),
        pytest.param(r"<a href='https:", id="a value in single quotes"),
        pytest.param(r"<!-- old footer[^>]*<a href=", id="a link in an ordinary comment"),
    ],
)
def test_newsletter_holds_what_real_ones_hold(pattern: str) -> None:
    assert re.search(pattern, (SAMPLES / "newsletter.html").read_text("utf-8"))


def test_each_vml_button_has_its_visible_twin() -> None:
    for name in ("newsletter.html", "kampanj.html"):
        mail = (SAMPLES / name).read_bytes().decode("latin-1")
        buttons = re.findall(
            r'<v:roundrect [^>]*href="([^"]+)".*?<!--\[if !mso\]><!-->\s*<a href="([^"]+)"', mail, re.S
        )
        assert len(buttons) == mail.count("<v:roundrect") >= 2
        assert all(vml == visible for vml, visible in buttons)


def test_links_named_in_the_mails_are_defined_or_special_and_all_definitions_are_used() -> None:
    definitions = {definition.key: definition for definition in read_definitions(SAMPLES / "links.toml")}
    mails = {name: (SAMPLES / name).read_bytes().decode("latin-1") for name in MAILS}
    named = {key for mail in mails.values() for key in re.findall(r"linktrack:([a-z0-9-]+)", mail)}
    assert named <= definitions.keys() | set(SPECIAL_LINKS)
    by_url = {
        key for key, link in definitions.items() if any(f'"{link.url}"' in mail for mail in mails.values()) and link.url
    }
    assert definitions.keys() == (named & definitions.keys()) | by_url
    assert all("linktrack:unsubscribe" in mail for mail in mails.values())


@pytest.mark.parametrize("path", ["sample_mailings/links.toml", "configs/links/use-cases.toml"])
def test_link_definitions_show_every_kind_of_action_and_response(path: str) -> None:
    definitions = read_definitions(ROOT / path)
    actions = {action["type"] for definition in definitions for action in definition.actions}
    assert actions == {"set-field", "interest", "selection", "project", "follow-up", "request", "script"}
    assert {definition.response.kind for definition in definitions} >= {"redirect", "text", "form"}


def test_link_definitions_fit_the_export(mapping: Mapping) -> None:
    users = {row["Användare"] for row in _rows("users.csv")}
    owners = {row["Vår kontakt"] for row in _rows("contacts.csv")} - {""}
    assert owners <= users
    for definition in read_definitions(SAMPLES / "links.toml"):
        for action in definition.actions:
            assert {action[key] for key in ("created_by", "default_recipient") if action.get(key)} <= users
            if action["type"] == "set-field":
                assert action["field"] in mapping.settings.contacts.fields
            if action["type"] == "request":
                assert set(mapping.settings.categories[action["category"]]) <= users
            if action["type"] == "script":
                assert (SAMPLES / "scripts" / action["script"]).is_file()
            if action["type"] in ("selection", "project"):
                file, column = (
                    ("selections.csv", "Urval") if action["type"] == "selection" else ("projects.csv", "Projekt")
                )
                there = {row[column] for row in _rows(file)}
                assert {*action.get("add", ()), *action.get("remove", ())} <= there


def _rows(name: str) -> list[dict[str, str]]:
    text = (SAMPLES / "crm" / name).read_bytes().decode("cp1252")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


@pytest.mark.parametrize("name", ["contacts.csv", "companies.csv", "users.csv", "selections.csv", "projects.csv"])
def test_export_is_written_as_a_swedish_excel_writes_it(name: str) -> None:
    data = (SAMPLES / "crm" / name).read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert not data.startswith(b"\xef\xbb\xbf")
    assert re.search("[åäöÅÄÖ]", data.decode("cp1252"))
    assert data.endswith(b"\r\n")
    rows = list(csv.reader(io.StringIO(data.decode("cp1252"), newline=""), delimiter=";"))
    assert {len(row) for row in rows} == {len(rows[0])}


def test_contacts_read_by_the_mapping_are_those_of_the_file(contacts: list[Contact]) -> None:
    rows = _rows("contacts.csv")
    assert [(c.contact_id, c.email, c.name, c.fields) for c in contacts] == [
        (row["Kontakt-ID"], row["E-post"], row["Namn"], row) for row in rows
    ]
    assert len(contacts) == len({contact.contact_id for contact in contacts}) == 503


def test_contacts_are_fictitious_and_have_hard_cases() -> None:
    rows = _rows("contacts.csv")
    assert all(re.fullmatch(r"[a-z.\-0-9]+@([a-z0-9-]+\.)+example\.(com|se|org)", row["E-post"]) for row in rows)
    fiction = r"(070-17406\d\d|08-465 004 \d\d|031-390 06 \d\d|040-628 04 \d\d|0980-319 2\d\d)?"
    assert all(re.fullmatch(fiction, row["Telefon"]) for row in rows)
    assert any(row["Postnr"].startswith("0") for row in rows)
    assert any(row["Kontakt-ID"].startswith("0") for row in rows)
    for hard in ('"', ";", "\n"):
        assert any(hard in value for row in rows for value in row.values())


def test_log_lines_have_the_combined_shape_or_are_meant_not_to(log: list[str], truth: dict[str, Any]) -> None:
    assert len(log) == truth["lines"] == sum(truth["kinds"].values())
    assert sum(COMBINED.fullmatch(line) is None for line in log) == truth["kinds"]["not a log line"]
    times = [match["time"] for line in log if (match := COMBINED.fullmatch(line))]
    assert times == sorted(times)  # one month, so the text sorts as the time does


def test_log_is_of_recipients_and_placements_that_there_are(
    log: list[str], truth: dict[str, Any], contacts: list[Contact]
) -> None:
    ids = {contact.contact_id for contact in contacts}
    group = {row.split(";")[0] for row in (SAMPLES / "test-group.csv").read_bytes().decode("cp1252").splitlines()[1:]}
    forged = 0
    for line in log:
        if (match := COMBINED.fullmatch(line)) and (visit := TRACKED.fullmatch(match["request"])):
            mailing = visit["mailing"].removesuffix("-test")
            assert visit["position"] in truth["human"][mailing]["placements"]
            if visit["contact"].startswith("forged-"):
                forged += 1
            else:
                assert visit["contact"] in (group if visit["mailing"].endswith("-test") else ids)
    assert forged == truth["kinds"]["forged token"]


def test_log_holds_as_many_clicks_as_the_truth_says(log: list[str], truth: dict[str, Any]) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for line in log:
        if (match := COMBINED.fullmatch(line)) and (visit := TRACKED.fullmatch(match["request"])):
            counts = visit["method"] in ("GET", "POST") and match["status"] in ("200", "302")
            if counts and not visit["contact"].startswith("forged-"):
                seen[visit["mailing"], visit["position"]] += 1
    people = ("human", "one-click unsubscribe")
    machines = (
        "gateway burst",
        "gateway burst, two days late",
        "HEAD-then-GET gateway",
        "one address for 24 recipients",
        "gateway that opens one link only",
        "named agent",
    )
    assert sum(seen.values()) == sum(truth["kinds"][kind] for kind in (*people, "test", *machines))
    for mailing, facts in truth["human"].items():
        placements = facts["placements"]
        assert facts["clicks"] == sum(placement["clicks"] for placement in placements.values())
        assert all(
            placement["clickers"] <= placement["clicks"] <= seen[mailing, position]
            for position, placement in placements.items()
        )
    assert sum(truth["kinds"][kind] for kind in people) == sum(facts["clicks"] for facts in truth["human"].values())


@pytest.mark.parametrize("mailing", ["newsletter", "announcement", "kampanj"])
def test_positions_of_the_log_are_those_that_linktrack_gives(
    mailing: str, truth: dict[str, Any], tmp_path: Path
) -> None:
    runner, workspace = CliRunner(), str(tmp_path / "w")
    text = ["--text", str(SAMPLES / "newsletter.txt")] if mailing == "newsletter" else []
    for command in (
        ["init", workspace, "--base-url", "https://click.example.com"],
        ["--workspace", workspace, "link", "apply", str(SAMPLES / "links.toml")],
        ["--workspace", workspace, "mailing", "add", mailing, str(SAMPLES / f"{mailing}.html"), *text],
    ):
        done = runner.invoke(cli, command)
        assert done.exit_code == 0, done.output
    with open_database(load_workspace(tmp_path / "w", {})) as database:
        rows = database.rows("SELECT position, url, kind FROM placement ORDER BY position")
        found = {str(position): (url, kind) for position, url, kind in rows}
    assert found == {
        position: (placement["url"], placement["kind"])
        for position, placement in truth["human"][mailing]["placements"].items()
    }


def test_clicks_of_the_log_are_judged_as_the_truth_says(truth: dict[str, Any], tmp_path: Path) -> None:
    """The whole way, by what the commands print: the mailings are sent, the log is played with their addresses."""
    root = tmp_path / "w"
    runner = CliRunner()

    def linktrack(*words: str) -> str:
        done = runner.invoke(cli, ["--workspace", str(root), *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert runner.invoke(cli, ["init", str(root), "--base-url", "https://click.example.com"]).exit_code == 0
    with (root / "linktrack.toml").open("a", encoding="utf-8") as settings:
        settings.write((SAMPLES / "crm-mapping.toml").read_text("utf-8"))
    linktrack("link", "apply", str(SAMPLES / "links.toml"))
    placements: dict[str, list[str]] = {}
    tokens: dict[tuple[str, str], str] = {}
    everybody, group = SAMPLES / "crm" / "contacts.csv", SAMPLES / "test-group.csv"
    for mailing, sent in (
        ("newsletter", "2026-05-04T09:00:00+02:00"),
        ("announcement", "2026-05-05T10:00:00+02:00"),
        ("kampanj", "2026-05-06T08:30:00+02:00"),
    ):
        text = ("--text", str(SAMPLES / "newsletter.txt")) if mailing == "newsletter" else ()
        linktrack("mailing", "add", mailing, str(SAMPLES / f"{mailing}.html"), *text)
        placements[mailing] = [
            row["placement"] for row in json.loads(linktrack("mailing", "links", mailing, "--format", "json"))
        ]
        sendings: list[tuple[str, Path, tuple[str, ...]]] = [(mailing, everybody, ("--sent-at", sent))]
        if mailing == "newsletter":
            sendings.insert(0, ("newsletter-test", group, ("--sent-at", "2026-05-04T08:00:00+02:00", "--test")))
        for name, contacts, options in sendings:
            out = tmp_path / name
            linktrack(
                "mailing", "rewrite", mailing, "--contacts", str(contacts), "--as", "template", "--merge-tag", "*|TOKEN|*",
                "--out", str(out), *options,
            )  # fmt: skip
            with (out / "tokens.csv").open(encoding="utf-8-sig", newline="") as file:
                tokens.update(((name, row["contact_id"]), row["token"]) for row in csv.DictReader(file))

    def address(match: re.Match[str]) -> str:
        name, position, contact = match.groups()
        placement = placements[name.removesuffix("-test")][int(position) - 1]
        return f"/{placement}/{tokens.get((name, contact), 'c' * 32)}"

    log = tmp_path / "access.log"
    log.write_text(re.sub(r"/@([\w-]+)/(\d+)/([\w-]+)", address, (SAMPLES / "visits.log").read_text("ascii")), "ascii")
    summary = json.loads(linktrack("click", "import", str(log), "--format", "json"))
    kinds = truth["kinds"]
    assert summary["read"] == summary["stored"] + summary["not_ours"] + summary["rejected"] == truth["lines"]
    assert summary["test"] == kinds["test"]
    assert summary["reasons"]["forged-token"] == kinds["forged token"]
    assert summary["reasons"]["unknown-placement"] == kinds["unknown placement"]

    clicks: Counter[tuple[str, str]] = Counter()
    for row in json.loads(linktrack("click", "list", "--format", "json")):
        if row["verdict"] == "human":
            clicks[row["mailing"], row["placement"]] += 1
    over = 0
    for mailing, facts in truth["human"].items():
        for position, placement in facts["placements"].items():
            judged = clicks[mailing, placements[mailing][int(position) - 1]]
            assert judged >= placement["clicks"], (mailing, position)
            over += judged - placement["clicks"]
    assert over <= kinds["gateway that opens one link only"]


def test_script_answers_with_a_field_and_an_address_and_writes_nothing(tmp_path: Path) -> None:
    click = {"custId": "10042", "linkId": "price-list", "shipmentId": 2, "linkUrl": "x", "linkHits": 1, "returnUrl": ""}
    script = SAMPLES / "scripts" / "notify.py"
    done = subprocess.run(
        [sys.executable, str(script)], input=json.dumps(click), capture_output=True, text=True, cwd=tmp_path, check=True
    )
    answer = json.loads(done.stdout)
    assert answer["returnUrl"].startswith("https://www.fjallbris.example.com/")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", answer["fields"]["x_price_list_sent"])
    assert not list(tmp_path.iterdir())


def test_samples_stay_small_enough_for_the_wheel() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 1_500_000
