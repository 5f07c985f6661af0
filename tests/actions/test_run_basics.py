"""All seven kinds in one run, from clicks to files."""

from __future__ import annotations

import json
from typing import Any

from actions.actions_world import ActionsWorld, rows_of

CONFIG = """
[crm]
users = ["ANNA", "BO"]
[crm.contacts]
id = "Kontakt-ID"
email = "E-post"
name = "Namn"
our_contact = "Vår kontakt"
interests = "Intressen"
[crm.contacts.fields]
x_interest_level = "Intressenivå"
[crm.categories]
Consultant = ["ANNA", "BO"]
[actions]
time_zone = "Europe/Stockholm"
"""

EXPORT = (
    "Kontakt-ID;E-post;Namn;Vår kontakt;Intressen;Intressenivå\r\n"
    '1;a@example.se;"Åsa; Ö";ANNA;News;\r\n'
    '2;b@example.se;Bo;;"News,Events";"cold"\r\n'
    "3;c@example.se;Cy;;;\r\n"
)

ACTIONS: list[dict[str, Any]] = [
    {"type": "set-field", "field": "x_interest_level", "value": "hot"},
    {"type": "interest", "add": ["Product news"], "remove": ["News"]},
    {"type": "selection", "add": ["Spring prospects"]},
    {"type": "project", "add": ["Spring launch"]},
    {
        "type": "follow-up", "kind": "task", "description": "Clicked {link.name} in {mailing.name}",
        "task": "Phone out", "project": "Spring launch", "created_by": "ANNA", "assign_to_our_contact": True,
        "default_recipient": "BO", "start": "next-available", "duration": "30m",
    },
    {
        "type": "request", "title": "Consultant wanted by {contact.name}", "priority": "High",
        "category": "Consultant", "owner": "auto",
    },
    {"type": "script", "script": "notify.py", "timeout": "10s"},
]  # fmt: skip


def test_all_seven_kinds_reach_their_files(world: ActionsWorld) -> None:
    world.configure(CONFIG)
    (world.root / "scripts").mkdir(exist_ok=True)
    (world.root / "scripts" / "notify.py").write_text(
        "import json, sys\nsaid = json.load(sys.stdin)\n"
        "print(json.dumps({'returnUrl': 'https://www.example.com/thanks/' + said['custId']}))\n"
    )
    world.link("offer", ACTIONS)
    world.click("1", "offer")
    world.click("2", "offer", 1)
    world.click("2", "offer", 2)
    export = world.export(EXPORT, encoding="cp1252")
    world.configure(CONFIG.replace("[crm]", '[crm]\nencoding = "cp1252"', 1))
    report, out = world.run(export)
    assert report.summary == {
        "clicks": 3,
        "contacts": 2,
        "changes": 16,
        "set_field": 2,
        "interests": 4,
        "selections": 2,
        "projects": 2,
        "follow_ups": 2,
        "requests": 2,
        "scripts": 2,
        "failed": 0,
        "unknown_contacts": 0,
    }
    assert (out / "contacts.csv").read_bytes() == EXPORT.replace(
        '"Åsa; Ö";ANNA;News;', '"Åsa; Ö";ANNA;Product news;hot'
    ).replace('"News,Events";"cold"', '"Events,Product news";"hot"').encode("cp1252")
    assert rows_of(out / "selections.csv", ";", "cp1252") == [
        {
            "selection": "Spring prospects",
            "contact_id": "1",
            "change": "add",
            "name": "Åsa; Ö",
            "email": "a@example.se",
        },
        {"selection": "Spring prospects", "contact_id": "2", "change": "add", "name": "Bo", "email": "b@example.se"},
    ]
    follow_ups = rows_of(out / "follow-ups.csv", ";", "cp1252")
    assert [(row["assigned_to"], row["start"], row["end"]) for row in follow_ups] == [
        ("ANNA", "2026-05-04T14:00:00+02:00", "2026-05-04T14:30:00+02:00"),
        ("BO", "2026-05-04T14:00:00+02:00", "2026-05-04T14:30:00+02:00"),
    ]
    assert follow_ups[0]["kind"] == "task" and follow_ups[0]["description"] == "Clicked Offer in spring-news"
    requests = rows_of(out / "requests.csv", ";", "cp1252")
    assert [(row["title"], row["owner"]) for row in requests] == [
        ("Consultant wanted by Åsa; Ö", "ANNA"),
        ("Consultant wanted by Bo", "BO"),
    ]
    scripts = rows_of(out / "scripts.ndjson")
    assert [row["return_url"] for row in scripts] == [
        "https://www.example.com/thanks/1",
        "https://www.example.com/thanks/2",
    ]
    assert world.database.value("SELECT count(*) FROM return_address") == 2
    assert len(rows_of(out / "changes.ndjson")) == report.summary["changes"]
    assert json.loads((out / "summary.json").read_text())["changes"] == 16
    again, folder = world.run(export)
    assert again.summary["clicks"] == again.summary["changes"] == 0
    assert (folder / "contacts.csv").read_bytes() == export.read_bytes()
