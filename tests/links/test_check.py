"""link check: duplicate and contradictory actions, dead references, and answers that do not go with actions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests_support import Run

from linktrack.links.actions import parse_action
from linktrack.links.check import findings
from linktrack.links.contradictions import CheckedLink, CheckedMailing
from linktrack.links.editing import add_link
from linktrack.links.near_targets import differs_in
from linktrack.links.references import CheckedAgainst, ExportNames
from linktrack.mailings.adding import Draft, add_mailing
from linktrack.settings.crm import CrmSettings
from linktrack.store.session import Database
from linktrack.workspace import Workspace


def link(key: str, *actions: dict[str, Any], kind: str = "registered", **more: Any) -> CheckedLink:
    return CheckedLink(key, kind, more.pop("deleted", False), tuple(map(parse_action, actions)), **more)


def found(
    links: list[CheckedLink], mailings: list[CheckedMailing] | None = None, **around: Any
) -> list[tuple[str, ...]]:
    crm = CrmSettings.model_validate(around.pop("crm", {}))
    surroundings = CheckedAgainst(crm, around.pop("scripts", {}), Path("scripts"), ExportNames(**around))
    return [
        (one.finding, one.link, one.other, one.mailing, one.explanation)
        for one in findings(links, mailings or [], surroundings)
    ]


def add(kind: str, *names: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "add": list(names), **more}


def remove(kind: str, *names: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "remove": list(names), **more}


def hot(value: str = "hot") -> dict[str, Any]:
    return {"type": "set-field", "field": "level", "value": value}


ONE: dict[str, tuple[CheckedLink, dict[str, Any], list[tuple[str, str]]]] = {
    "nothing to say": (link("a", hot(), add("selection", "S"), remove("interest", "I")), {}, []),
    "the same action twice": (link("a", hot(), hot()), {}, [("duplicate", "actions 1 and 2 of 'a' are the same (set-field)")]),
    "the same thing in two actions": (
        link("a", add("selection", "S", "T"), add("selection", "S")), {},
        [("duplicate", "actions 1 and 2 of 'a' both add the selection 'S'")],
    ),
    "the same interest of the person in two actions": (
        link("a", add("interest", "I", on="both"), add("interest", "I")), {},
        [("duplicate", "actions 1 and 2 of 'a' both add the interest 'I'")],
    ),
    "added and removed": (
        link("a", add("selection", "S"), remove("selection", "S")), {},
        [("contradiction", "'a' both adds and removes the selection 'S': the last one wins")],
    ),
    "added and removed in one action": (
        link("a", {"type": "project", "add": ["P"], "remove": ["P"]}), {},
        [("contradiction", "'a' both adds and removes the project 'P': the last one wins")],
    ),
    "added for the person and removed for the company": (link("a", add("interest", "I"), remove("interest", "I", on="company")), {}, []),
    "two values for one field": (
        link("a", hot(), hot("cold")), {}, [("contradiction", "'a' sets the field 'level' to 'cold' and 'hot': the last one wins")],
    ),
    "a selection and a project of one name": (link("a", add("selection", "S"), remove("project", "S")), {}, []),
    "a honeypot that acts": (
        link("honeypot", hot(), kind="special"), {},
        [("at-odds", "the honeypot has actions, but whoever follows it is a machine: they never run")],
    ),
    "a stored action that is not understood": (
        link("a", broken=("unknown action type 'mail'",)), {},
        [("bad-value", "an action of 'a' cannot be carried out: unknown action type 'mail'")],
    ),
    "a field without a column": (
        link("a", hot()), {"crm": {"contacts": {"fields": {"other": "Other"}}}},
        [("unknown-field", "set-field of 'a': no column is named for the field 'level' under [crm.contacts.fields]")],
    ),
    "a field that the export lacks": (
        link("a", hot()), {"columns": {"id", "name"}}, [("unknown-field", "set-field of 'a': the export has no column 'level' for the field 'level'")],
    ),
    "a field that is there in capitals": (link("a", hot()), {"columns": {"LEVEL"}}, []),
    "a field that is made": (link("a", hot()), {"columns": {"id"}, "crm": {"contacts": {"fields": {"level": {"column": "L", "create": True}}}}}, []),
    "a value that does not fit any more": (
        link("a", hot()), {"crm": {"contacts": {"fields": {"level": {"column": "L", "type": "list", "values": ["warm"]}}}}},
        [("bad-value", "set-field of 'a': set-field: the field 'level' is a list: 'hot' is none of warm")],
    ),
    "a script that is not there": (
        link("a", {"type": "script", "script": "s.py"}), {}, [("no-script", "script of 'a': there is no script 's.py' in scripts")],
    ),
    "a user who is not there": (
        link("a", {"type": "request", "title": "x", "owner": "OLD"}), {"crm": {"users": ["ANNA"]}},
        [("no-user", "request of 'a': owner names 'OLD', who is not among the users of the CRM")],
    ),
    "users whom only the export knows": (
        link("a", {"type": "follow-up", "default_recipient": "BO", "created_by": "OLD"}), {"users": {"BO"}},
        [("no-user", "follow-up of 'a': created_by names 'OLD', who is not among the users of the CRM")],
    ),
    "owners who are no users": (link("a", {"type": "request", "title": "x"}, {"type": "request", "title": "y", "owner": "{contact.our_contact}"}), {"users": {"BO"}}, []),
    "a category without members": (
        link("a", {"type": "request", "title": "x", "owner": "auto", "category": "C"}), {},
        [("no-owner", "request of 'a': the category 'C' has no members under [crm.categories], so requests stay unassigned")],
    ),
    "nobody for contacts without a seller": (
        link("a", {"type": "follow-up", "assign_to_our_contact": True}), {},
        [("no-owner", "follow-up of 'a': it has no default_recipient, so nobody gets it where the contact has no seller")],
    ),
    "nobody at all": (link("a", {"type": "follow-up"}), {}, [("no-owner", "follow-up of 'a': it has no default_recipient, so nobody gets it at all")]),
    "a new selection is noted": (
        link("a", add("selection", "Spring")), {"selections": {"Old"}},
        [("new-selection", "selection of 'a': the export has no selection 'Spring': it will be a new one")],
    ),
    "a new project like one that is there": (
        link("a", add("project", "Spring lanch")), {"projects": {"Spring launch", "Autumn"}},
        [("no-project", "project of 'a': the export has no project 'Spring lanch', but 'Spring launch'")],
    ),
    "a new interest is noted": (
        link("a", add("interest", "Heating")), {"interests": {"Product news"}},
        [("new-interest", "interest of 'a': the export has no interest 'Heating': it will be a new one")],
    ),
    "an interest like one that somebody has": (
        link("a", add("interest", "Produkt news")), {"interests": {"Product news"}},
        [("no-interest", "interest of 'a': the export has no interest 'Produkt news', but 'Product news'")],
    ),
    "an interest that nobody has is taken away": (link("a", remove("interest", "Heating")), {"interests": {"Product news"}}, []),
    "a name that each click fills in": (link("a", add("selection", "{mailing.name}")), {"selections": set()}, []),
    "a selection with a slip": (
        link("a", add("selection", "old")), {"selections": {"Old"}}, [("no-selection", "selection of 'a': the export has no selection 'old', but 'Old'")],
    ),
    "removed from what is not there": (
        link("a", remove("project", "P")), {"projects": set()}, [("no-project", "project of 'a': it removes from the project 'P', which the export does not have")],
    ),
    "a script whose address nobody sees": (
        link("a", {"type": "script", "script": "s.py"}, response="text"), {"scripts": {"s.py": True}},
        [("at-odds", "s.py may set a returnUrl, but the response of 'a' is a text: nobody is led there")],
    ),
    "a script that sets no address": (link("a", {"type": "script", "script": "s.py"}, response="text"), {"scripts": {"s.py": False}}, []),
    "a form that shows what the click changes": (
        link("a", hot(), response="form", prefill=("email", "level")), {},
        [("at-odds", "the form of 'a' opens with 'level' filled in, which the click sets to 'hot': the visitor sees the value from before")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ONE)
def test_a_link_by_itself(case: str) -> None:
    one, around, expected = ONE[case]
    assert [(kind, text) for kind, *_, text in found([one], **around) if not text.endswith(UNLISTED)] == expected


UNLISTED = "(--crm)"  # what is noted of each name where there is no export, which is not the matter of most cases
NEW = {
    "new to the settings": (
        [link("a", add("selection", "Spring"))], [],
        [("new-selection", "a", "selection of 'a': the settings know no selection 'Spring': it is a new one unless the CRM has it (--crm)")],
    ),
    "nearly what more actions name": (
        [link("a", add("project", "Spring lunch")), link("b", add("project", "Spring launch")), link("c", remove("project", "Spring launch"))], [],
        [("no-project", "a", "project of 'a': the settings know no project 'Spring lunch', but other actions name 'Spring launch'"),
         ("new-project", "b", "project of 'b': the settings know no project 'Spring launch': it is a new one unless the CRM has it (--crm)")],
    ),
    "numbers that differ": (
        [link("a", add("selection", "Spring 2025", "Spring 2026"))], [],
        [("new-selection", "a", "selection of 'a': the settings know no selection 'Spring 2025': it is a new one unless the CRM has it (--crm)"),
         ("new-selection", "a", "selection of 'a': the settings know no selection 'Spring 2026': it is a new one unless the CRM has it (--crm)")],
    ),
    "an interest that is nearly a mailing's type": (
        [link("a", add("interest", "Newsletters"))], [CheckedMailing("m", "Newsletter", ("a",))],
        [("no-interest", "a", "interest of 'a': the settings know no interest 'Newsletters', but 'Newsletter'")],
    ),
    "an interest that is a mailing's type": ([link("a", add("interest", "News"))], [CheckedMailing("m", "News", ("a",))], []),
    "filled in for each click": ([link("a", add("selection", "{mailing.name}"))], [], []),
    "only taken away": ([link("a", remove("selection", "Spring"))], [], []),
}  # fmt: skip


@pytest.mark.parametrize("case", NEW)
def test_names_are_said_that_nothing_knows_though_there_is_no_export(case: str) -> None:
    links, mailings, expected = NEW[case]
    assert [(kind, key, text) for kind, key, _, _, text in found(links, mailings)] == expected


def test_the_types_of_the_subscriptions_page_are_known_interests() -> None:
    around = CheckedAgainst(types=["Events"])
    assert findings([link("a", add("interest", "Events"))], [], around) == []


M1, M2 = CheckedMailing("m1", "", ("a", "b")), CheckedMailing("m2", "", ("a", "c"))
LAST = "whoever clicks both keeps what was clicked last"

TOGETHER: dict[str, tuple[list[CheckedLink], list[CheckedMailing], list[tuple[str, ...]]]] = {
    "links that want the same": ([link("a", add("selection", "S")), link("b", add("selection", "S"))], [M1], []),
    "links that never meet": (
        [link("a"), link("b", add("selection", "S")), link("c", remove("selection", "S"))],
        [CheckedMailing("m1", "", ("b",)), CheckedMailing("m2", "", ("c",))], [],
    ),
    "links of one mailing": (
        [link("a", add("selection", "S")), link("b", remove("selection", "S"))], [M1],
        [("contradiction", "a", "b", "m1", f"'a' adds the selection 'S' and 'b' removes it: {LAST}")],
    ),
    "in every mailing where they meet": (
        [link("a", hot()), link("b", hot("cold"))], [M1, CheckedMailing("m3", "", ("a", "b"))],
        [("contradiction", "a", "b", "m1, m3", f"'a' sets the field 'level' to 'hot' and 'b' to 'cold': {LAST}")],
    ),
    "links of mailings that share a link": (
        [link("a"), link("b", add("selection", "S")), link("c", remove("selection", "S"))], [M1, M2],
        [("contradiction", "b", "c", "m1, m2", "'b' adds the selection 'S' and 'c' removes it; they stand in the mailings 'm1' and 'm2', "
          "which share the link 'a': who gets both mailings keeps what was clicked last")],
    ),
    "mailings that share no more than the unsubscribe link": (
        [link("a", kind="special"), link("b", add("selection", "S")), link("c", remove("selection", "S"))], [M1, M2], [],
    ),
    "a link at odds with itself is told once": (
        [link("a", hot(), hot("cold")), link("b", hot("warm"))], [M1],
        [("contradiction", "a", "", "", "'a' sets the field 'level' to 'cold' and 'hot': the last one wins")],
    ),
    "the type of the mailing": (
        [link("a", add("interest", "{mailing.type}")), link("b", remove("interest", "News"))], [CheckedMailing("m1", "News", ("a", "b")), M2],
        [("contradiction", "a", "b", "m1", f"'a' adds the interest 'News' and 'b' removes it: {LAST}")],
    ),
    "two links that make the same": (
        [link("a", {"type": "request", "title": "Call"}), link("b", hot(), {"type": "request", "title": "Call"})], [M1, M2],
        [("duplicate", "a", "b", "m1", "'a' and 'b' make the same request: whoever clicks both causes two")],
    ),
    "a deleted link in use": (
        [link("a", deleted=True), link("b", kind="local", deleted=True)], [M1],
        [("dead", "a", "", "m1", "the mailing 'm1' uses 'a', which is deleted: restore or replace it")],
    ),
    "unsubscribing without a consequence": (
        [link("unsubscribe", add("selection", "Left"), kind="special")], [CheckedMailing("m1", "News", ("unsubscribe",))],
        [("untold", "unsubscribe", "", "m1", "whoever unsubscribes from the mailing 'm1' gets no more of the type 'News' from here, but "
          "the CRM is not told: no action of its unsubscribe link removes the interest of that name")],
    ),
    "unsubscribing that adds": (
        [link("unsubscribe", add("interest", "News"), kind="special")], [CheckedMailing("m1", "News", ("unsubscribe",))],
        [("unsubscribe", "unsubscribe", "", "m1", "whoever unsubscribes from the mailing 'm1' gets no more of the type 'News' from here, "
          "but the CRM is told the opposite: its unsubscribe link adds the interest of that name")],
    ),
    "unsubscribing from the type": (
        [link("unsubscribe", remove("interest", "{mailing.type}"), kind="special")], [CheckedMailing("m1", "News", ("unsubscribe",))], [],
    ),
    "unsubscribing from nothing in particular": ([link("unsubscribe", kind="special")], [CheckedMailing("m1", "", ("unsubscribe",))], []),
}  # fmt: skip


@pytest.mark.parametrize("case", TOGETHER)
def test_links_together(case: str) -> None:
    links, mailings, expected = TOGETHER[case]
    keys = {one.key for one in links}
    mailings = [CheckedMailing(one.name, one.type, tuple(key for key in one.links if key in keys)) for one in mailings]
    assert [one for one in found(links, mailings) if not one[-1].endswith(UNLISTED)] == expected


LINKS = """
[[link]]
key = "offer"
url = "https://www.example.com/offer"
actions = [
  { type = "selection", add = ["prospects"] },
  { type = "script", script = "notify.py" },
  { type = "follow-up", default_recipient = "OLD" },
]

[[link]]
key = "no"
url = "https://www.example.com/no"
actions = [{ type = "selection", remove = ["Prospects", "prospects"] }]
"""


def test_the_command_ends_with_6_when_it_finds_something(workspace: Workspace, run: Run) -> None:
    Path("links.toml").write_text(LINKS)
    run("link", "apply", "links.toml")
    Path("mail.html").write_text('<a href="https://www.example.com/offer">yes</a> <a href="linktrack:no">no</a>')
    run("mailing", "add", "spring", "mail.html")
    assert run("link", "check", "no").code == 6
    (workspace.scripts_path / "notify.py").write_text("")
    shown = run("link", "check", "--format", "json")
    assert shown.code == 6
    assert [(row["finding"], row["link"], row["other"], row["mailing"]) for row in shown.json] == [
        ("no-selection", "no", "", ""),  # "Prospects" and "prospects"
        ("new-selection", "offer", "", ""),
        ("contradiction", "no", "offer", "spring"),
    ]
    Path("crm").mkdir()
    for noun, text in (("contacts", "contact_id\n1\n"), ("users", "user\nANNA\n"), ("selections", "selection,contact_id\nProspects,1\n")):  # fmt: skip
        Path(f"crm/{noun}.csv").write_text(text)
    with_export = run("link", "check", "--crm", "crm", "--format", "json").json
    assert sorted((row["finding"], row["link"]) for row in with_export) == [
        ("contradiction", "no"),
        ("no-selection", "no"),
        ("no-selection", "offer"),
        ("no-user", "offer"),
    ]
    assert run("link", "check", "--crm", "nothing").code == 4
    Path("links.toml").write_text(
        LINKS.replace(', "prospects"]', "]").replace('"OLD"', '"ANNA"').replace('["prospects"]', '["Others"]')
    )
    run("link", "apply", "links.toml")
    clean = run("link", "check", "--crm", "crm", "--format", "json")
    assert (clean.code, [row["finding"] for row in clean.json]) == (0, ["new-selection"])
    assert clean.err == "Nothing to complain about, 1 note.\n"
    assert run("link", "check", "nobody").code == 4


def test_actions_are_named_by_their_own_numbers() -> None:
    one = link("a", hot(), hot(), numbers=(2, 5))
    assert [text for *_, text in found([one])] == ["actions 2 and 5 of 'a' are the same (set-field)"]


def test_the_type_of_a_mailing_is_a_known_interest() -> None:
    links = [link("a", add("interest", "Newsletter"))]
    assert found(links, [CheckedMailing("m1", "Newsletter", ("a",))], interests={"Other"}) == []


def test_links_whose_actions_nobody_causes_are_noted() -> None:
    links = [
        link("a", hot(), url="https://www.example.com/offer"),
        link("b", hot(), url="https://www.example.com/b"),
        link("c", url="https://www.example.com/c"),
        link("d", hot(), url="https://www.example.com/d", deleted=True),
    ]
    mailing = CheckedMailing("m1", "", ("b",), ("http://WWW.example.com/offer/", "https://www.example.com/c/"))
    assert [(kind, key, name) for kind, key, _, name, _ in found(links, [mailing])] == [
        ("nowhere", "a", ""),
        ("near-address", "a", "m1"),
    ]
    assert all(one.is_note for one in findings(links, [mailing], CheckedAgainst()))
    assert found(links) == [], "before there are mailings there is nothing to say"


NEAR = {
    "the same": ("https://a.example/x?y", "https://a.example/x?y", ()),
    "the host's case": ("https://A.example/x", "https://a.example/x", ()),
    "the scheme": ("http://a.example/x", "https://a.example/x", ("the scheme",)),
    "a slash": ("https://a.example", "https://a.example/", ("the slash at the end",)),
    "query and fragment": ("https://a.example/x?a=1", "https://a.example/x#f", ("the query", "what is behind #")),
    "another path": ("https://a.example/x", "https://a.example/y", ()),
    "another host": ("https://b.example/x", "https://a.example/x", ()),
    "another port": ("https://a.example:81/x", "https://a.example/x", ()),
    "the host in punycode": ("http://å.example/", "https://xn--5ca.example/", ("the scheme",)),
    "no address": ("mailto:a@b.example", "https://a.example/", ()),
}


@pytest.mark.parametrize("case", NEAR)
def test_in_what_two_addresses_of_one_page_differ(case: str) -> None:
    one, two, expected = NEAR[case]
    assert differs_in(one, two) == differs_in(two, one) == expected


def test_addresses_that_lead_back_or_are_those_of_another_link() -> None:
    links = [
        link("a", url="https://www.example.com/offer"),
        link("b", url="https://www.example.com/offer"),
        link("c", url="https://www.example.com/offer", deleted=True),
        link("d", url="https://click.example.com/somewhere"),
        link("e", url="https://www.example.com/offer", response="text"),
    ]
    surroundings = CheckedAgainst(host="click.example.com")
    assert [(one.finding, one.link, one.other) for one in findings(links, [], surroundings)] == [
        ("duplicate-url", "b", "a"),
        ("circle", "d", ""),
    ]


ONE_ADDRESS = [
    ("https://www.example.se/sida/", "HTTPS://WWW.Example.se/sida/"),
    ("https://www.example.se/sida", "https://www.example.se:443/sida"),
    ("https://www.example.se/sida", "https://www.example.se:0443/sida"),
    ("https://www.example.se/sida", "https://www.example.se:/sida"),
    ("http://www.example.se/sida", "http://www.example.se:80/sida"),
    ("https://anna@www.example.se/sida", "https://anna@WWW.example.se:443/sida"),
    ("https://[2001:db8::1]/sida", "https://[2001:DB8:0::1]:443/sida"),
    ("https://räv.example/sida", "https://xn--rv-via.example/sida"),
    ("https://www.example.se/?k={{kundnr}}", "https://www.example.se/?k={{ kundnr }}"),
    ("https://www.example.se/?k=[[kundnr]]#x", "https://www.example.se/?k=[[ kundnr ]]#x"),
]
TWO_ADDRESSES = [
    ("https://www.example.se/sida/", "https://www.example.se/Sida/"),
    ("https://www.example.se/sida", "https://www.example.se:8443/sida"),
    ("http://www.example.se/sida", "http://www.example.se:443/sida"),
    ("https://www.example.se/sida", "http://www.example.se/sida"),
    ("https://www.example.se/?k={{kundnr}}", "https://www.example.se/?k={{ kund }}"),
    ("https://www.example.se/?k={{kundnr}}", "https://www.example.se/?k=[[kundnr]]"),
]


@pytest.mark.parametrize(("one", "other"), [*ONE_ADDRESS, *TWO_ADDRESSES])
def test_links_have_one_address_where_a_mailing_would_take_one_for_the_other(
    database: Database, one: str, other: str
) -> None:
    same = (one, other) in ONE_ADDRESS
    kinds = [finding.finding for finding in findings([link("a", url=one), link("b", url=other)], [], CheckedAgainst())]
    assert kinds == (["duplicate-url"] if same else [])
    add_link(database, "a", url=one)
    draft = Draft("news", f'<a href="{other}">x</a>'.encode())
    assert add_mailing(database, draft, "https://click.example.com", moment=1).registered == (("a",) if same else ())


def test_links_to_our_own_host_in_another_writing_lead_in_a_circle_too() -> None:
    links = [link("a", url="https://CLICK.example.com:443/x"), link("b", url="https://cl%69ck.example.com/y")]
    around = CheckedAgainst(host="click.example.com")
    assert [(one.finding, one.link) for one in findings(links, [], around)] == [("circle", "a"), ("circle", "b")]


def test_what_is_only_said_of_unsubscribing_ends_with_0() -> None:
    (told,) = findings(
        [link("unsubscribe", kind="special")], [CheckedMailing("m", "News", ("unsubscribe",))], CheckedAgainst()
    )
    assert (told.finding, told.is_note) == ("untold", True)
