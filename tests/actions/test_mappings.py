"""The mappings of configs/crm: an action run with each, over a small export of that CRM's shape."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from actions.actions_world import ActionsWorld, rows_of

from linktrack.crm.describe import describe_export
from linktrack.crm.export import mapping_of
from linktrack.workspace import load_workspace

CONFIGS = Path(__file__).parent.parent.parent / "configs" / "crm"


def changed_lines(before: str, after: str) -> list[str]:
    """What `diff` shows of two files."""
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def follow_up(**more: str) -> dict[str, object]:
    return {"type": "follow-up", "assign_to_our_contact": True, "start": "2026-05-05T09:00", **more}


def test_superoffice(world: ActionsWorld) -> None:
    world.configure((CONFIGS / "superoffice.toml").read_text("utf-8"))
    world.link(
        "offer",
        [
            {"type": "set-field", "field": "x_interest_level", "value": "hot"},
            {"type": "set-field", "field": "x_no_calls", "value": True},
            {"type": "set-field", "field": "x_score", "value": 7.5},
            {"type": "interest", "add": ["Events"], "remove": ["Newsletter"]},
            {"type": "request", "title": "Call {contact.name}", "category": "Consultant", "owner": "auto"},
            follow_up(default_recipient="BO"),
        ],
    )
    world.click("000123", "offer")
    text = (
        '"Contact ID";"First name";"Last name";"E-mail";"Company ID";"Company";"Our contact";"Interests";"Interest level";"Last campaign"\r\n'
        '"000122";"Bo";"Ek";"bo@example.com";"2020";"Björk; Ek";"ANNA";"Newsletter";"warm";\r\n'
        '"000123";"Karin";"Sjöström";"k@example.com";"2021";"Fjällbris AB";"ANNA";"Newsletter, Product news";"warm";\r\n'
    )
    report, out = world.run(world.export(text, "crm/contacts.csv", "cp1252").parent)
    assert report.notes == ("the interest 'Events' is new: the export has none of that name",)
    after = (out / "contacts.csv").read_bytes().decode("cp1252")
    assert changed_lines(text, after)[2:] == [
        '- "000122";"Bo";"Ek";"bo@example.com";"2020";"Björk; Ek";"ANNA";"Newsletter";"warm";',
        '+ "000122";"Bo";"Ek";"bo@example.com";"2020";"Björk; Ek";"ANNA";"Newsletter";"warm";;;',
        '- "000123";"Karin";"Sjöström";"k@example.com";"2021";"Fjällbris AB";"ANNA";"Newsletter, Product news";"warm";',
        '+ "000123";"Karin";"Sjöström";"k@example.com";"2021";"Fjällbris AB";"ANNA";"Product news, Events";"hot";;"1";"7,5"',
    ]
    assert [
        (row["contact_id"], row["title"], row["owner"]) for row in rows_of(out / "requests.csv", ";", "cp1252")
    ] == [("000123", "Call Karin Sjöström", "ANNA")]
    assert rows_of(out / "follow-ups.csv", ";", "cp1252")[0]["assigned_to"] == "ANNA"


def test_hubspot(world: ActionsWorld) -> None:
    world.configure((CONFIGS / "hubspot.toml").read_text("utf-8"))
    world.link(
        "offer",
        [
            {"type": "set-field", "field": "lead_status", "value": "Open"},
            {"type": "interest", "add": ["Events"]},
            {"type": "interest", "add": ["Events"], "on": "company"},
            {"type": "selection", "add": ["Spring prospects"]},
            follow_up(),
        ],
    )
    world.click("151", "offer")
    world.click("152", "offer", 1)
    text = (
        '"Record ID","First Name","Last Name","Email","Contact owner","Associated Company IDs","Marketing interests","Lead Status","Last campaign"\n'
        '"151","Karin","Sjöström","karin@example.com","anna@example.com","9042","Newsletter;Product news","New",""\n'
        '"152","Bo","Ek","bo@example.com","gone@example.com","9042","","New",""\n'
    )
    export = world.export(text, "crm/contacts.csv").parent
    world.export('"Record ID","Company name","Marketing interests"\n"9042","Fjällbris",""\n', "crm/companies.csv")
    world.export('"List name","Record ID"\n"Spring prospects","152"\n', "crm/selections.csv")
    _, out = world.run(export)
    assert changed_lines(text, (out / "contacts.csv").read_text("utf-8")) == [
        '- "151","Karin","Sjöström","karin@example.com","anna@example.com","9042","Newsletter;Product news","New",""',
        '+ "151","Karin","Sjöström","karin@example.com","anna@example.com","9042","Newsletter;Product news;Events","Open",""',
        '- "152","Bo","Ek","bo@example.com","gone@example.com","9042","","New",""',
        '+ "152","Bo","Ek","bo@example.com","gone@example.com","9042","Events","Open",""',
    ]
    assert (out / "companies-changed.csv").read_text("utf-8").splitlines()[1:] == ['"9042","Fjällbris","Events"']
    assert rows_of(out / "selections.csv") == [
        {
            "selection": "Spring prospects",
            "contact_id": "151",
            "change": "add",
            "name": "Karin Sjöström",
            "email": "karin@example.com",
        }
    ]
    assert [row["assigned_to"] for row in rows_of(out / "follow-ups.csv")] == ["anna@example.com", ""]


def test_salesforce(world: ActionsWorld) -> None:
    world.configure((CONFIGS / "salesforce.toml").read_text("utf-8"))
    world.link(
        "offer",
        [
            {"type": "set-field", "field": "interest_level", "value": "Hot"},
            {"type": "set-field", "field": "do_not_call", "value": "yes"},
            {"type": "interest", "remove": ["News"], "add": ["Tips"]},
            {"type": "request", "title": "Call", "category": "Consultant", "owner": "auto"},
            follow_up(start="next-available"),
        ],
    )
    world.click("0035g00000AbCdEAAV", "offer")
    head = '"ID","FIRSTNAME","LASTNAME","EMAIL","ACCOUNTID","OWNERID","INTERESTS__C","INTEREST_LEVEL__C","LAST_CAMPAIGN__C","DONOTCALL"\n'
    text = head + (
        '"0035g00000AbCdEAAV","Karin","Sjöström","k@example.com","0015g","0055g000001AbCdAAK","News;Events","Cold","","false"\n'
    )
    export = world.export(text, "crm/contacts.csv").parent
    world.export(
        '"OWNERID","STARTDATETIME","ENDDATETIME"\n'
        '"0055g000001AbCdAAK","2026-05-04T12:00:00.000Z","2026-05-04T13:00:00.000Z"\n',
        "crm/follow-ups.csv",
    )
    world.export('"OWNERID"\n"0055g000001AbCdAAK"\n', "crm/requests.csv")
    _, out = world.run(export)
    assert (out / "contacts-changed.csv").read_text("utf-8") == head + (
        '"0035g00000AbCdEAAV","Karin","Sjöström","k@example.com","0015g","0055g000001AbCdAAK","Events;Tips","Hot","","true"\n'
    )
    assert rows_of(out / "requests.csv")[0]["owner"] == "0055g000001EfGhAAK"  # the other one has a request open
    assert rows_of(out / "follow-ups.csv")[0]["start"] == "2026-05-04T13:00:00+00:00"  # and a meeting until one


@pytest.mark.parametrize("name", ["superoffice", "hubspot", "salesforce"])
def test_the_header_in_the_comment_is_the_one_that_the_mapping_reads(world: ActionsWorld, name: str) -> None:
    text = (CONFIGS / f"{name}.toml").read_text("utf-8")
    world.configure(text)
    sample = [line.removeprefix("#").strip() for line in text.splitlines() if line.startswith('#   "')]
    assert len(sample) == 2
    export = world.export("\n".join(sample) + "\n")
    columns = describe_export(export, mapping_of(load_workspace(world.root, {}))).columns
    assert all(column.state != "error" for column in columns)
    named = {column.meaning for column in columns if column.number is not None}
    assert {"contact id", "e-mail address", "name", "our contact (the seller)", "company"} <= named
