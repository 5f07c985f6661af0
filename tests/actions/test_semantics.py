"""What a run does with clicks: their order, how often, whose, and what stands in the way."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from typing import Any

import pytest
from actions.actions_world import MAY_4, MINUTE, ActionsWorld, make_world, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st
from world import add

from linktrack.actions.ledger import additions
from linktrack.actions.ledger.log import read_log
from linktrack.actions.ledger.rows import LogFilter
from linktrack.click_names import click_name
from linktrack.contacts.left import departures_of, leave
from linktrack.errors import BadInput

FIELDS = '[crm.contacts.fields]\nlevel = "level"\n'
EXPORT = "contact_id,name,level,interests\n1,Bo,,News\n2,Cy,,\n3,Di,,\n"
DAY = 24 * 60


def set_to(value: str) -> dict[str, Any]:
    return {"type": "set-field", "field": "level", "value": value}


def test_later_clicks_win_and_each_change_is_told(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("hot", [set_to("hot")])
    world.link("cold", [set_to("cold")])
    for minute, key in enumerate(["hot", "cold", "hot", "hot", "cold"]):
        world.click("1", key, minute)
    report, out = world.run(world.export(EXPORT))
    assert (out / "contacts.csv").read_text().splitlines()[1] == "1,Bo,cold,News"
    assert [(row["old"], row["new"]) for row in rows_of(out / "changes.ndjson")] == [
        ("", "hot"), ("hot", "cold"), ("cold", "hot"), ("hot", "cold"),
    ]  # fmt: skip
    assert report.summary["clicks"] == 5


@pytest.mark.parametrize("most", [1, 10_000])
def test_the_ledger_says_what_the_files_say_however_little_is_kept_in_mind(
    world: ActionsWorld, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(additions, "_MOST_ALIKE", most)
    monkeypatch.setattr(additions, "_AT_ONCE", 2)
    world.configure(FIELDS)
    world.link("hot", [set_to("hot"), {"type": "selection", "add": ["Of {contact.name}"]}])
    world.link("cold", [set_to("cold"), {"type": "selection", "remove": ["Of {contact.name}"]}])
    clicks = [("1", "hot"), ("2", "hot"), ("1", "cold"), ("2", "cold"), ("3", "hot"), ("2", "hot")]
    for minute, (contact, key) in enumerate(clicks):
        world.click(contact, key, minute)
    _, out = world.run(world.export(EXPORT))
    told = rows_of(out / "changes.ndjson")
    logged = list(read_log(world.database, LogFilter()))
    shared = ("id", "kind", "contact_id", "name", "operation", "old", "new", "link", "mailing", "shipment")
    assert [[getattr(row, name) for name in shared] for row in logged] == [
        [row[name] for name in shared] for row in told
    ]
    tally = world.database.rows("SELECT kind, name, count FROM action_tally")
    counts = Counter((row["link"], row["kind"], row["name"]) for row in told)
    assert sorted(tally) == sorted((kind, name, count) for (_, kind, name), count in counts.items())
    settled = world.database.rows(
        "SELECT r.contact_id, s.name, s.value FROM settled s JOIN recipient r ON r.id = s.recipient_id"
    )
    last = {(row["contact_id"], row["name"]): row["new"] for row in told if row["kind"] == "set-field"}
    last |= {(row["contact_id"], row["name"]): "yes" * bool(row["new"]) for row in told if row["kind"] == "selection"}
    assert {(contact_id, name): value for contact_id, name, value in settled} == last and len(told) == 12


def test_a_late_click_does_not_overrule_a_later_one(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("hot", [set_to("hot"), {"type": "selection", "add": ["A"]}])
    world.link("cold", [set_to("cold"), {"type": "selection", "remove": ["A"]}, {"type": "project", "add": ["P"]}])
    world.click("1", "hot", 10)
    _, out = world.run(world.export(EXPORT))
    world.click("1", "cold", 5)
    _, second = world.run(world.export((out / "contacts.csv").read_text()))
    assert "hot" in (second / "contacts.csv").read_text()
    assert rows_of(second / "selections.csv") == []
    assert [row["project"] for row in rows_of(second / "projects.csv")] == ["P"]  # nothing later was said of it


clicks = st.lists(
    st.tuples(st.sampled_from("12"), st.sampled_from(["a", "b", "c"]), st.integers(0, 9), st.integers(0, 2)),
    min_size=1, max_size=9,
)  # fmt: skip


@settings(max_examples=12)
@given(clicks=clicks)
def test_in_however_many_runs_it_ends_as_if_handled_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, clicks: list[tuple[str, str, int, int]]
) -> None:
    """Clicks that come in three imports, in any order, leave the same contacts and members as all at once."""
    ends = []
    for runs in (1, 3):
        with make_world(tmp_path_factory.mktemp("order") / "world") as world:
            world.configure(FIELDS)
            world.link("a", [set_to("a"), {"type": "interest", "add": ["X"]}, {"type": "selection", "add": ["S", "T"]}])
            world.link(
                "b", [set_to("b"), {"type": "interest", "remove": ["X"]}, {"type": "selection", "remove": ["S"]}]
            )
            world.link("c", [set_to(""), {"type": "interest", "add": ["Y"]}, {"type": "selection", "remove": ["T"]}])
            text, members = EXPORT, {("1", "T")}
            for run in range(runs):
                for number, (contact, key, minute, when) in enumerate(clicks):
                    if runs == 1 or when == run:
                        world.click(contact, key, 60 * minute + number)
                world.export(text, "crm/contacts.csv")
                world.export(
                    "selection,contact_id\n" + "".join(f"{name},{who}\n" for who, name in members), "crm/selections.csv"
                )
                _, out = world.run(world.root / "crm")
                text = (out / "contacts.csv").read_text()
                for row in rows_of(out / "selections.csv"):
                    (members.add if row["change"] == "add" else members.discard)((row["contact_id"], row["selection"]))
            cells = [line.split(",", 3) for line in text.splitlines()[1:]]
            ends.append(([(*cell[:3], sorted(cell[3].strip('"').split(","))) for cell in cells], members))
    assert ends[0] == ends[1]


def test_what_a_text_says_of_a_click_is_said_of_that_click(world: ActionsWorld) -> None:
    """Also where others on the same link, or in the same mailing, had the same text filled before."""
    text = "{link.key} {mailing.name} {contact.name} {click.time}"
    for key in ("offer", "book"):
        selection = {"type": "selection", "add": ["of {contact.name}", "{link.key} in {mailing.name}"]}
        world.link(key, [set_to(text), selection, {"type": "request", "title": text, "repeat": "click"}])
    world.configure(FIELDS)
    mail = '<a href="linktrack:offer">x</a> <a href="linktrack:book">x</a>'
    add(world.database, "other", mail, subject="S")
    world.shipment(mailing="other")
    clicks = [(who, key, shipment) for shipment in (1, 2) for key in ("offer", "book") for who in "12"]
    for minute, (who, key, shipment) in enumerate(clicks):
        world.click(who, key, minute, shipment=shipment)
    _, out = world.run(world.export(EXPORT))
    names, mailings = {"1": "Bo", "2": "Cy"}, {1: "spring-news", 2: "other"}
    said = [f"{key} {mailings[of]} {names[who]} 09:{12 + at}" for at, (who, key, of) in enumerate(clicks)]
    assert [row["title"] for row in rows_of(out / "requests.csv")] == said
    changes = rows_of(out / "changes.ndjson")
    assert [row["new"] for row in changes if row["kind"] == "set-field"] == said
    assert [(row["contact_id"], row["new"]) for row in changes if row["kind"] == "selection"] == [
        (who, name)
        for at, (who, key, of) in enumerate(clicks)
        for name in (*([f"of {names[who]}"] if at < 2 else []), f"{key} in {mailings[of]}")
    ]


REPEATS = {
    "once": (["1/offer/1"], [1, 0, 0]),
    "shipment": (["1/offer/1", "1/offer/2"], [1, 0, 1]),
    "click": (["1/offer/1", "1/offer/1", "1/offer/2"], [1, 1, 1]),
}


@pytest.mark.parametrize("kind", ["follow-up", "request", "script"])
@pytest.mark.parametrize("repeat", REPEATS)
def test_how_often_a_thing_is_made(world: ActionsWorld, kind: str, repeat: str) -> None:
    """Three clicks, two of one shipment and one of another: in one run, and in a run each."""
    (world.root / "scripts").mkdir(exist_ok=True)
    (world.root / "scripts" / "s.py").write_text("")
    action = {"follow-up": {}, "request": {"title": "x"}, "script": {"script": "s.py"}}[kind]
    world.link("offer", [{"type": kind, "repeat": repeat, **action}])
    world.shipment()
    export = world.export(EXPORT)
    expected, by_run = REPEATS[repeat]
    name = "scripts.ndjson" if kind == "script" else f"{kind}s.csv"
    for minute, shipment in enumerate([1, 1, 2]):
        world.click("1", "offer", minute, shipment=shipment)
        world.click("2", "offer", minute, shipment=shipment)
    report, out = world.run(export)
    made = [f"{row['contact_id']}/{row['link']}/{row['shipment']}" for row in rows_of(out / name)]
    assert [one for one in made if one.startswith("1")] == expected
    assert len({row["id"] for row in rows_of(out / name)}) == len(made) == 2 * len(expected)
    counts = []
    for minute, shipment in enumerate([1, 1, 2]):
        world.click("3", "offer", minute, shipment=shipment)
        counts.append(len(rows_of(world.run(export)[1] / name)))
    assert counts == by_run
    assert report.summary["clicks"] == 6


A, B = ({"type": "request", "title": title} for title in "AB")
CHANGED: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]] = {
    "as it was": ([A], [A], []),
    "one more behind it": ([A], [A, B], ["B"]),
    "one more before it": ([A], [B, A], ["B"]),
    "the two change places": ([A, B], [B, A], []),
    "one is worded anew": ([A], [B], []),
    "the first is taken away": ([A, B], [B], []),
    "another kind before it": ([A], [set_to("x"), A], []),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_link_that_is_edited_makes_nothing_twice(world: ActionsWorld, case: str) -> None:
    before, after, made = CHANGED[case]
    world.configure(FIELDS)
    world.link("offer", before)
    world.click("1", "offer")
    world.run(world.export(EXPORT))
    world.actions("offer", after)
    world.click("1", "offer", 5)
    _, out = world.run(world.export(EXPORT))
    assert [row["title"] for row in rows_of(out / "requests.csv")] == made


def test_the_first_run_after_a_change_says_so_even_with_nothing_to_do(world: ActionsWorld) -> None:
    world.link("offer", [A])
    world.click("1", "offer")
    world.run(world.export(EXPORT))
    world.actions("offer", [B])
    said = "action 1 of the link 'offer' (request) has other settings by now: what it made before (1) stays"
    assert any(note.startswith(said) for note in world.rehearse(world.export(EXPORT)).reworded)
    first, _ = world.run(world.export(EXPORT))
    second, _ = world.run(world.export(EXPORT))
    assert [any(note.startswith(said) for note in report.reworded) for report in (first, second)] == [True, False]


def test_what_takes_the_place_of_a_removed_action_is_made_for_those_who_had_the_first(world: ActionsWorld) -> None:
    world.link("offer", [A])
    world.click("1", "offer")
    first = rows_of(world.run(world.export(EXPORT))[1] / "requests.csv")
    world.actions("offer", [])
    world.actions("offer", [B])
    world.click("1", "offer", 5)
    second = rows_of(world.run(world.export(EXPORT))[1] / "requests.csv")
    assert [row["title"] for row in first + second] == ["A", "B"]
    assert first[0]["id"] != second[0]["id"]


def test_the_moment_of_a_click_is_in_the_zone_of_the_workspace(world: ActionsWorld) -> None:
    world.settings = f'time_zone = "Europe/Stockholm"\n{world.settings}'
    world.configure("")
    world.link("offer", [{"type": "request", "title": "{click.date} {click.time} {click.at}"}])
    world.click("1", "offer", 13 * 60)  # 22:12 in UTC
    _, out = world.run(world.export(EXPORT))
    assert rows_of(out / "requests.csv")[0]["title"] == "2026-05-05 00:12 2026-05-05T00:12:12+02:00"


COMPANIES = "company_id,name,interests\nA,Acme AB,\nB,,\n"
COMPANY: dict[str, tuple[str | None, list[str]]] = {
    "by the name of its company": (COMPANIES, ["A: Acme AB", "B: B", "gone: gone", ": "]),
    "without companies by what the contact's column says": (None, ["A: A", "B: B", "gone: gone", ": "]),
    "companies without names": ("company_id,city\nA,Umeå\n", ["A: A", "B: B", "gone: gone", ": "]),
}


@pytest.mark.parametrize("case", COMPANY)
def test_a_text_names_the_company(world: ActionsWorld, case: str) -> None:
    companies, titles = COMPANY[case]
    world.link("offer", [{"type": "request", "title": "{company.id}: {company.name}"}])
    export = world.export("contact_id,company_id\n1,A\n2,B\n3,gone\n4,\n", "crm/contacts.csv").parent
    if companies is not None:
        world.export(companies, "crm/companies.csv")
    for contact in "1234":
        world.click(contact, "offer", int(contact))
    _, out = world.run(export)
    assert [row["title"] for row in rows_of(out / "requests.csv")] == titles
    assert not (out / "companies.csv").exists(), "nothing of theirs changes"


def test_only_people_act_and_test_shipments_never(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("offer", [set_to("hot")])
    test = world.shipment(is_test=True)
    for minute, verdict in enumerate(["prefetch", "scanner"]):
        world.click("1", "offer", minute, verdict=verdict)
    world.click("2", "offer", shipment=test, verdict="test")
    report, out = world.run(world.export(EXPORT))
    assert report.summary["clicks"] == 0
    assert (out / "contacts.csv").read_text() == EXPORT


def test_a_click_judged_a_machines_later_is_listed_with_what_it_caused(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("offer", [set_to("hot"), {"type": "request", "title": "Call"}])
    caught, _ = world.click("1", "offer"), world.click("2", "offer", 1)
    _, out = world.run(world.export(EXPORT))
    assert list(read_log(world.database, LogFilter(machine=True))) == []
    world.judge(caught, "scanner")
    listed = list(read_log(world.database, LogFilter(machine=True)))
    assert [(row.contact_id, row.kind, click_name(row.clicked_at, row.click_print)) for row in listed] == [
        ("1", "set-field", caught),
        ("1", "request", caught),
    ]
    report, _ = world.run(world.export((out / "contacts.csv").read_text()))
    assert report.summary["changes"] == 0  # nothing is undone by itself
    world.judge(caught, "human")
    assert world.run(world.export(EXPORT))[0].summary["clicks"] == 0  # and nothing is done again


def test_a_machines_click_judged_a_persons_later_acts_then(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("offer", [set_to("hot")])
    click = world.click("1", "offer", verdict="scanner")
    assert world.run(world.export(EXPORT))[0].summary["clicks"] == 0
    world.judge(click, "human")
    assert world.run(world.export(EXPORT))[0].summary["set_field"] == 1


def test_a_deleted_link_acts_and_a_reset_link_forgets(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("gone", [set_to("gone")])
    world.link("reset", [set_to("reset")])
    world.click("1", "gone")
    world.click("2", "reset")
    world.click("3", "reset", 2)
    world.database.execute("UPDATE link SET deleted_at = 1 WHERE key = 'gone'")
    world.database.execute("UPDATE link SET reset_at = ? WHERE key = 'reset'", (MAY_4 + 60_000,))
    _, out = world.run(world.export(EXPORT))
    assert [(row["contact_id"], row["new"]) for row in rows_of(out / "changes.ndjson")] == [
        ("1", "gone"),
        ("3", "reset"),
    ]


def test_a_link_acts_as_it_is_defined_when_the_run_begins_and_the_ledger_keeps_how(world: ActionsWorld) -> None:
    world.configure(FIELDS)
    world.link("offer", [set_to("warm")])
    world.click("1", "offer")
    world.run(world.export(EXPORT))
    world.actions("offer", [set_to("hot"), {"type": "request", "title": "Call"}])
    world.click("1", "offer", 5)
    _, out = world.run(world.export("contact_id,level\n1,warm\n"))
    assert [(row["kind"], row["new"]) for row in rows_of(out / "changes.ndjson")] == [
        ("set-field", "hot"),
        ("request", "Call"),
    ]
    assert [json.loads(row.definition) for row in read_log(world.database, LogFilter())] == [
        set_to("warm"), set_to("hot"), {"type": "request", "title": "Call"},
    ]  # fmt: skip


def test_requests_go_to_who_has_the_fewest_over_all_runs(world: ActionsWorld) -> None:
    world.configure('[crm.categories]\nConsultant = ["ANNA", "BO", "CY"]\n')
    world.link(
        "book", [{"type": "request", "title": "Call", "category": "Consultant", "owner": "auto", "repeat": "click"}]
    )
    owners = []
    for minute in range(6):
        world.click("1", "book", minute)
        owners += [row["owner"] for row in rows_of(world.run(world.export(EXPORT))[1] / "requests.csv")]
    assert owners == ["ANNA", "BO", "CY"] * 2


def test_at_every_click_is_a_hundred_times_a_person_and_day(world: ActionsWorld) -> None:
    world.link("book", [{"type": "request", "title": "Call", "repeat": "click"}])
    (world.root / "scripts").mkdir(exist_ok=True)
    script = world.root / "scripts" / "s.sh"
    script.write_text("#!/bin/sh\nwhile read line; do echo '{}'; done\n", "utf-8")
    script.chmod(0o700)
    world.link("call", [{"type": "script", "script": "s.sh", "batch": True, "repeat": "click"}])
    for minute in range(60):
        for key in ("book", "call"):
            world.click("1", key, minute)
    first, _ = world.run(world.export(EXPORT))
    assert (first.summary["requests"], first.summary["scripts"], first.notes) == (60, 60, ())
    for minute in range(60, 102):
        for key in ("book", "call"):
            world.click("1", key, minute)
    for key in ("book", "call"):
        world.click("2", key, 5)
        world.click("1", key, 24 * 60)
    then, _ = world.run(world.export(EXPORT))
    assert (then.summary["requests"], then.summary["scripts"]) == (42, 42)
    assert "nothing was made for 4 more clicks" in then.notes[0]
    for key in ("book", "call"):
        again, _ = world.run(world.export(EXPORT), replay=key)
        assert (again.summary["requests"], again.summary["scripts"]) == (0, 0)


def test_requests_that_the_export_lists_are_the_open_ones(world: ActionsWorld) -> None:
    world.configure('[crm.categories]\nConsultant = ["ANNA", "BO"]\n')
    world.link(
        "book", [{"type": "request", "title": "Call", "category": "Consultant", "owner": "auto", "repeat": "click"}]
    )
    export = world.export(EXPORT, "crm/contacts.csv").parent
    world.export("owner\nANNA\nANNA\nCY\n\n", "crm/requests.csv")
    for minute in range(3):
        world.click("1", "book", minute)
    _, out = world.run(export)
    assert [row["owner"] for row in rows_of(out / "requests.csv")] == ["BO", "BO", "ANNA"]
    world.export("owner\n", "crm/requests.csv")  # all are closed
    world.click("1", "book", 9)
    assert rows_of(world.run(export)[1] / "requests.csv")[0]["owner"] == "ANNA"


def test_the_next_available_time_is_free_in_the_export_and_in_earlier_runs(world: ActionsWorld) -> None:
    world.configure('[actions]\ntime_zone = "Europe/Stockholm"\n')
    world.link("call", [{"type": "follow-up", "default_recipient": "BO", "repeat": "click", "duration": "1h"}])
    export = world.export(EXPORT, "crm/contacts.csv").parent
    world.export(
        "assigned_to,start,end\nBO,2026-05-04T14:30,2026-05-04T15:00\nANNA,2026-05-04T09:00,2026-05-04T17:00\n",
        "crm/follow-ups.csv",
    )
    starts = []
    for minute in range(3):
        world.click("1", "call", minute)
        starts += [row["start"] for row in rows_of(world.run(export)[1] / "follow-ups.csv")]
    assert starts == ["2026-05-04T15:00:00+02:00", "2026-05-04T16:00:00+02:00", "2026-05-05T09:00:00+02:00"]
    world.export("assigned_to,start,end\nBO,soon,later\n", "crm/follow-ups.csv")
    with pytest.raises(BadInput, match=r"follow-ups\.csv:2: 'soon' and 'later' must be times like 2026-05-04T09:00"):
        world.run(export)
    world.export("assigned_to,start,end\nBO,soon,later\nBO,2026-05-04T14:00,2026-05-04T15:00\n", "crm/follow-ups.csv")
    world.click("1", "call", 3)
    report, out = world.run(export)  # one odd row stops nobody
    assert [row["start"] for row in rows_of(out / "follow-ups.csv")] == ["2026-05-05T10:00:00+02:00"]
    reason = "'soon' and 'later' must be times like 2026-05-04T09:00"
    assert report.notes == (f"follow-ups.csv: 1 row was left as it came: line 2 ({reason})",)
    assert json.loads((out / "summary.json").read_text())["left_alone"] == [
        {"file": "follow-ups.csv", "line": 2, "fields": None, "reason": reason}
    ]


def test_memberships_are_net_changes_and_new_names_are_told(world: ActionsWorld) -> None:
    world.link("in", [{"type": "selection", "add": ["A", "New"]}])
    world.link("out", [{"type": "selection", "remove": ["A"]}])
    export = world.export(EXPORT, "crm/contacts.csv").parent
    world.export("selection,contact_id\nA,1\nA,3\n", "crm/selections.csv")
    for number, (contact, keys) in enumerate({"1": ["in"], "2": ["in", "out"], "3": ["out", "in", "out"]}.items()):
        for minute, key in enumerate(keys):
            world.click(contact, key, minute + number / 10)
    _, out = world.run(export)
    assert [tuple(row.values())[:3] for row in rows_of(out / "selections.csv")] == [
        ("New", "1", "add"), ("New", "2", "add"), ("A", "3", "remove"), ("New", "3", "add"),
    ]  # fmt: skip
    assert json.loads((out / "summary.json").read_text())["new_selections"] == ["New"]
    assert len(rows_of(out / "changes.ndjson")) == 8


def test_the_interests_of_a_company_are_those_of_all_its_people(world: ActionsWorld) -> None:
    world.link("in", [{"type": "interest", "add": ["X"], "on": "company"}])
    world.link("out", [{"type": "interest", "remove": ["X"], "on": "company"}])
    export = world.export("contact_id,company_id\n1,A\n2,A\n3,gone\n", "crm/contacts.csv").parent
    world.export("company_id,name,interests\nA,Acme,News\nB,Best,\n", "crm/companies.csv")
    world.click("1", "in", 5)
    report, out = world.run(export)
    assert (out / "companies.csv").read_text() == 'company_id,name,interests\nA,Acme,"News,X"\nB,Best,\n'
    assert (out / "companies-changed.csv").read_text().splitlines()[1:] == ['A,Acme,"News,X"']
    assert report.summary["interests"] == 1
    shutil.copy(out / "companies.csv", export / "companies.csv")
    world.click("2", "out", 3)  # before the other one's click
    world.click("3", "in", 6)
    report, out = world.run(export)
    assert report.summary["interests"] == 0
    assert report.failures == (
        "link 'in', contact '3': the interest 'X' cannot be added: the company 'gone' of contact '3' is not in the "
        "export",
    )
    assert report.summary["failed"] == 1


def test_who_takes_away_the_interest_named_like_the_mailing_has_left_its_type(world: ActionsWorld) -> None:
    world.link("offer", [])
    for who, at in (("1", 2), ("2", 3)):  # before the link has its action, or the import would have noted it
        world.click(who, "offer", at)
    world.actions("offer", [{"type": "interest", "remove": ["newsletter", "News"]}])
    text = "contact_id,interests\n1,newsletter;x\n2,x\n3,newsletter\n"
    world.configure('[crm.contacts]\ninterests_separator = ";"\n')
    world.rehearse(world.export(text))
    assert world.database.rows("SELECT * FROM left_type") == []
    world.run(world.export(text))
    found = world.database.rows("SELECT recipient_id, type, how, left_at, without_at FROM left_type")
    assert found == [
        (world.recipient(who), "newsletter", "action", MAY_4 + at * MINUTE, None) for who, at in (("1", 2), ("2", 3))
    ]


def test_a_run_notes_what_its_export_shows_of_those_who_have_left(world: ActionsWorld) -> None:
    with world.database.transaction():
        leave(world.database, world.recipient("1"), "Newsletter", "page", MAY_4)
    path = world.export("contact_id,interests\n1,x\n")
    world.rehearse(path)
    assert world.database.value("SELECT without_at FROM left_type") is None
    world.run(path)
    assert world.database.value("SELECT without_at FROM left_type") is not None
    world.run(world.export("contact_id,interests\n1,Newsletter\n"))
    assert departures_of(world.database, world.recipient("1")) == []


CASES = {
    "removed in another case": ([["remove", "nyhetsbrev"]], "Nyhetsbrev;Golf", "Golf", "Nyhetsbrev"),
    "removed where Unicode writes it otherwise": ([["remove", "v\u00e5r"]], "Va\u030ar;Golf", "Golf", "Va\u030ar"),
    "added where it stands in another case": ([["add", "nyhetsbrev"]], "Nyhetsbrev;Golf", "Nyhetsbrev;Golf", None),
    "added in one case, then removed in another": ([["add", "Wine"], ["remove", "WINE"]], "Golf", "Golf", "Wine"),
}


@pytest.mark.parametrize("case", CASES)
def test_an_interest_is_the_one_that_stands_in_the_cell_whatever_its_case(world: ActionsWorld, case: str) -> None:
    clicks, before, after, gone = CASES[case]
    world.configure('[crm.contacts]\ninterests_separator = ";"\n')
    for minute, (key, (change, name)) in enumerate(zip("ab", clicks, strict=False)):
        world.link(key, [{"type": "interest", change: [name]}])
        world.click("1", key, minute)
    report, out = world.run(world.export(f"contact_id,interests\n1,{before}\n"))
    assert (out / "contacts.csv").read_text() == f"contact_id,interests\n1,{after}\n"
    removed = [row["old"] for row in rows_of(out / "changes.ndjson") if row["operation"] == "remove"]
    assert (removed, report.notes) == ([] if gone is None else [gone], ())


def test_a_late_click_does_not_overrule_what_a_later_one_decided_of_an_interest_in_another_case(
    world: ActionsWorld,
) -> None:
    world.link("a", [{"type": "interest", "remove": ["News"]}])
    world.link("b", [{"type": "interest", "add": ["news"]}])
    world.click("1", "a", 10)
    world.run(world.export("contact_id,interests\n1,News\n"))
    world.click("1", "b", 5)
    _, out = world.run(world.export("contact_id,interests\n1,\n"))
    assert (out / "contacts.csv").read_text() == "contact_id,interests\n1,\n"
