"""Who gets a mailing: who has left its type, who is chosen, and what is said about it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from mailings.mailings_world import MOMENT, MailingsWorld, add, write_contacts

from linktrack.contacts.choosing import Part
from linktrack.contacts.left import leave
from linktrack.errors import BadInput, LinktrackError, UsageError
from linktrack.files.protected import Protected
from linktrack.mailings.catalogue import StoredMailing
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.preparing import compile_mail
from linktrack.mailings.rewriting import RewriteOptions, render_again, rewrite
from linktrack.mailings.shipments import ShipmentSettings, find_shipment
from linktrack.mailings.spots import Sharing
from linktrack.store.session import Database
from linktrack.workspace import load_workspace


@pytest.fixture
def contacts(world: MailingsWorld) -> Path:
    return write_contacts(world.workspace.root / "contacts.csv", range(1, 8))


def gone(world: MailingsWorld, contact_id: str, type: str = "newsletter") -> None:
    """A person who is known has left."""
    person = world.database.value("SELECT id FROM recipient WHERE contact_id = ?", (contact_id,))
    leave(world.database, person, type, "unsubscribe", MOMENT)


def test_every_row_of_the_contacts_file_is_accounted_for(world: MailingsWorld, contacts: Path) -> None:
    world.rewrite(contacts, test=True)
    gone(world, "3")
    gone(world, "4")
    with contacts.open("a") as file:
        file.write("1;again@x.example;Again\n;x@x.example;No id\n")
    only = write_contacts(world.workspace.root / "only.csv", [1, 2, 3, 99])
    done, rows = world.rewrite(contacts, only=(only,))
    assert [row["contact_id"] for row in rows] == ["1", "2"]
    counts = (done.shipment.recipients, done.left, done.not_chosen, len(done.rejected))
    assert counts == (2, 1, 4, 2) and sum(counts) == 9
    assert done.notes == ("1 of the 4 contacts that --only names is not in the contacts file: 99",)


def test_of_people_who_are_known_only_those_who_have_changed_are_written(world: MailingsWorld, contacts: Path) -> None:
    world.rewrite(contacts, test=True)
    world.database.execute(
        "CREATE TEMP TRIGGER unchanged BEFORE UPDATE ON main.recipient WHEN old.contact_id <> '3' "
        "BEGIN SELECT RAISE(ABORT, 'written again'); END"
    )
    contacts.write_text(contacts.read_text().replace("p3@x.example", "new@x.example") + "8;p8@x.example;Person 8\n")
    assert [row["email"] for row in world.rewrite(contacts)[1]][2::5] == ["new@x.example", "p8@x.example"]
    people = world.database.rows("SELECT contact_id, email FROM recipient WHERE contact_id IN ('3', '8') ORDER BY 1")
    assert people == [("3", "new@x.example"), ("8", "p8@x.example")]
    assert world.database.rows("SELECT email FROM earlier_address") == [("p3@x.example",)]


@pytest.mark.parametrize(
    ("left", "type", "gets"),
    [
        ("newsletter", "newsletter", False),
        ("Newsletter ", "newsletter", False),
        ("newsletter", "offers", True),
        ("newsletter", "", True),
        ("", "newsletter", False),
        ("", "", False),
        ("", "transactional", True),
        ("transactional", "transactional", False),
    ],
    ids=str,
)
def test_who_has_left_a_type_is_left_out_of_it(
    world: MailingsWorld, contacts: Path, left: str, type: str, gets: bool
) -> None:
    world.rewrite(contacts, test=True)
    gone(world, "3", left)
    add(world.database, "second", type=type)
    assert ("3" in world.ids(contacts, mailing="second")) is gets


def test_a_test_goes_to_nobody_who_has_left(world: MailingsWorld, contacts: Path) -> None:
    world.rewrite(contacts, test=True)
    gone(world, "3")
    assert "3" not in world.ids(contacts, test=True)


def test_he_is_written_to_again_when_the_crm_gives_the_interest_back_after_having_been_without_it(
    world: MailingsWorld,
) -> None:
    root = world.workspace.root
    world.rewrite(write_contacts(root / "a.csv", [1, 2, 3], interests="Newsletter"), test=True)
    gone(world, "2")

    def gets(name: str, interests: str | None, ids: tuple[int, ...] = (1, 2, 3)) -> bool:
        return "2" in world.ids(write_contacts(root / name, ids, interests=interests), test=True)

    assert not gets("b.csv", "Newsletter,Sport")  # not seen without it yet
    assert not gets("c.csv", None)  # proves nothing
    assert not gets("d.csv", "Sport")  # seen without it
    assert not gets("b.csv", "Newsletter,Sport")  # an old file, seen before
    assert not gets("a.csv", "Newsletter")  # nor one of before they left
    assert not gets("c.csv", None)
    assert gets("e.csv", "Sport,newsletter")  # a new one with it
    assert gets("c.csv", None) and gets("d.csv", "Sport")  # they are back
    person = world.database.value("SELECT id FROM recipient WHERE contact_id = '2'")
    leave(world.database, person, "newsletter", "unsubscribe", MOMENT - 1)  # an older click that arrives late
    assert gets("c.csv", None)


def test_two_halves_of_a_split_are_disjoint_stable_and_everybody(world: MailingsWorld) -> None:
    contacts = write_contacts(world.workspace.root / "many.csv", range(400))
    halves = [world.ids(contacts, part=Part(number, 2, "subject")) for number in (1, 2)]  # the second is not stopped
    assert set(halves[0]).isdisjoint(halves[1]) and len(halves[0]) + len(halves[1]) == 400
    assert 140 < len(halves[0]) < 260
    assert world.ids(contacts, part=Part(1, 2, "subject"), test=True) == halves[0]
    assert world.ids(contacts, part=Part(1, 2, "other"), test=True) != halves[0]


def test_the_rows_of_a_shipment_can_be_left_out_of_the_next(world: MailingsWorld, contacts: Path) -> None:
    root = world.workspace.root
    world.rewrite(write_contacts(root / "first.csv", [1, 2, 3]))
    assert world.ids(contacts, leave_out=(root / "first.csv",)) == ["4", "5", "6", "7"]
    assert world.sent() == 7


@pytest.mark.parametrize(
    ("emails", "shared"),
    [
        pytest.param(("a@x.example", "A@X.example", "b@x.example", "", ""), "a@x.example", id="another case"),
        pytest.param(("å@räv.example", "b@x.example", "Å@xn--rv-via.example"), "å@räv.example", id="another host"),
        pytest.param(
            ("weiss@x.example", "b@x.example", "weiß@x.example"), "weiss@x.example", id="one of them in ASCII"
        ),
    ],
)
def test_the_same_address_on_several_contacts_is_said(
    world: MailingsWorld, emails: tuple[str, ...], shared: str
) -> None:
    path = world.workspace.root / "c.csv"
    path.write_text("contact_id,email\n" + "".join(f"{i},{one}\n" for i, one in enumerate(emails, 1)), "utf-8")
    done, rows = world.rewrite(path)
    assert len(rows) == len(emails)
    assert done.notes == (f"1 address stands with several contacts, and each of these gets a mail: {shared}",)


def test_an_address_that_contacts_of_the_file_share_is_said_across_the_parts_of_a_split(world: MailingsWorld) -> None:
    path = world.workspace.root / "c.csv"
    others = "".join(f"{number},\n" for number in range(4, 40))  # so that no part of any split is empty
    path.write_text(f"contact_id,email\n1,a@x.example\n2,A@X.example\n3,b@x.example\n{others}", "utf-8")
    parts = {name: [Part(number, 2, name) for number in (1, 2)] for name in map(str, range(20))}
    apart = next(two for two in parts.values() if any("1" in ids for ids in _ids_of(world, path, two)) and not any(
        {"1", "2"} <= ids for ids in _ids_of(world, path, two)))  # fmt: skip
    for part in apart:
        done, _ = world.rewrite(path, part=part, test=True)
        assert [note for note in done.notes if "a@x.example" in note] == [
            "1 address of this shipment stands with further contacts of the file too, who get no mail by it (another "
            "part, or who was left out): a@x.example"
        ]


def _ids_of(world: MailingsWorld, path: Path, parts: list[Part]) -> list[set[str]]:
    return [set(world.ids(path, part=part, test=True)) for part in parts]


def test_an_address_of_somebody_who_is_left_out_is_said_where_another_contact_has_it_too(world: MailingsWorld) -> None:
    path = world.workspace.root / "c.csv"
    path.write_text("contact_id,email\n1,a@x.example\n2,A@X.example\n3,b@x.example\n", "utf-8")
    (world.workspace.root / "one.csv").write_text("contact_id\n1\n", "utf-8")
    for option, said in ({"only": 1}, True), ({"leave_out": 1}, True), ({}, False):
        done, _ = world.rewrite(path, test=True, **dict.fromkeys(option, (world.workspace.root / "one.csv",)))
        assert any("further contacts of the file" in note for note in done.notes) is said
    (world.workspace.root / "one.csv").write_text("contact_id\n3\n", "utf-8")
    done, _ = world.rewrite(path, test=True, only=(world.workspace.root / "one.csv",))
    assert done.notes == ()


def test_empty_values_of_filled_tags_are_counted(world: MailingsWorld) -> None:
    add(
        world.database,
        "filled",
        b"<p>Hej {{ Town }}, {{ name }}, {{Town}}{{ Shoe }}</p><a href='https://e.example/'>x</a>",
    )
    path = world.workspace.root / "c.csv"
    path.write_text(
        "contact_id,email,name,Town,Shoe\n1,a@x.example,A,,42\n2,b@x.example,B, ,43\n3,c@x.example,,Lund,1\n"
    )
    done, _ = world.rewrite(path, mailing="filled", fill=True)
    assert done.notes == (
        "nothing stands where {{ Town }} was for 2 of the 3 recipients: their value is empty",
        "nothing stands where {{ name }} was for 1 of the 3 recipients: their value is empty",
    )
    assert world.rewrite(path, mailing="filled", again=True)[0].notes == ()


@pytest.mark.parametrize(
    ("base_url", "test", "said"),
    [
        ("http://127.0.0.1:8080", False, True),
        ("http://localhost:8080", False, True),
        ("http://127.0.0.1:8080", True, False),
        ("https://click.example.com", False, False),
    ],
)
def test_that_addresses_lead_to_this_machine_only_is_said(
    world: MailingsWorld, contacts: Path, base_url: str, test: bool, said: bool
) -> None:
    config = world.workspace.config_path
    config.write_text(config.read_text("utf-8").replace("https://click.example.com", base_url), "utf-8")
    here = MailingsWorld(load_workspace(world.workspace.root), world.database)
    done, _ = here.rewrite(contacts, test=test)
    assert any("lead to this machine only" in note for note in done.notes) is said


def test_nobody_to_send_to_stores_nothing_and_says_why(world: MailingsWorld, contacts: Path) -> None:
    with pytest.raises(BadInput, match="7 contacts are not chosen"):
        world.rewrite(contacts, only=(write_contacts(world.workspace.root / "only.csv", [99]),))
    assert world.database.value("SELECT count(*) FROM shipment") == 0


STRANGERS = {
    "some of --only": ("only", "1\n002\n9\n", ["1"], "2 of the 3 contacts that --only names are not in the contacts file: 002 (is 2 meant?), 9"),
    "some of --except": ("leave_out", "1\n002\n9\n", ["2", "3"], "2 of the 3 contacts that --except names are not in the contacts file: 002 (is 2 meant?), 9"),
    "one of one": ("leave_out", "1\n9\n", ["2", "3"], "1 of the 2 contacts that --except names is not in the contacts file: 9"),
    "nobody": ("leave_out", "1\n", ["2", "3"], None),
}  # fmt: skip


@pytest.mark.parametrize("case", STRANGERS)
def test_who_is_named_and_not_there_is_said_with_the_ids_that_are_nearly_his(world: MailingsWorld, case: str) -> None:
    option, listed, sent, note = STRANGERS[case]
    path = world.workspace.root / "list.csv"
    path.write_text(f"contact_id\n{listed}", "utf-8")
    contacts = write_contacts(world.workspace.root / "three.csv", [1, 2, 3])
    done, rows = world.rewrite(contacts, **{option: (path,)})
    assert [row["contact_id"] for row in rows] == sent
    assert done.notes == (() if note is None else (note,))


def test_a_list_that_would_leave_out_nobody_stops_the_rewrite_but_for_a_test(world: MailingsWorld) -> None:
    contacts = write_contacts(world.workspace.root / "three.csv", [1, 2, 3])
    (world.workspace.root / "list.csv").write_text("contact_id\n001\n7\n", "utf-8")
    lists = (world.workspace.root / "list.csv",)
    with pytest.raises(
        BadInput, match=r"nobody would be left out.*001 \(is 1 meant\?\), 7.*leave --except away"
    ) as refused:
        world.rewrite(contacts, leave_out=lists)
    assert refused.value.exit_code == 3 and world.database.value("SELECT count(*) FROM shipment") == 0
    done, rows = world.rewrite(contacts, leave_out=lists, test=True)
    assert len(rows) == 3 and "that --except names are not" in done.notes[0]
    (world.workspace.root / "list.csv").write_text("contact_id\n", "utf-8")
    assert len(world.rewrite(contacts, leave_out=lists)[1]) == 3  # a list of nobody leaves nobody out


def test_several_lists_are_taken_together(world: MailingsWorld, contacts: Path) -> None:
    one, two = (write_contacts(world.workspace.root / f"{name}.csv", ids) for name, ids in (("a", [1]), ("b", [2, 3])))
    assert world.ids(contacts, only=(one, two), test=True) == ["1", "2", "3"]
    assert world.ids(contacts, leave_out=(one, two), test=True) == ["4", "5", "6", "7"]


REFUSED: dict[str, tuple[dict[str, object], type[LinktrackError], str]] = {
    "e-mails without a sender": ({"output": "mbox"}, BadInput, "--from"),
    "a sender that is none": ({"output": "mbox", "sender": "Anna"}, BadInput, "no sender"),
    "many files into a stream": ({"output": "html"}, UsageError, "--out DIR"),
    "filled and kept": ({"fill": True, "keep_merge_tags": True}, UsageError, "do not go together"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_is_refused_before_anything_is_stored(
    world: MailingsWorld, contacts: Path, case: str
) -> None:
    options, kind, said = REFUSED[case]
    with pytest.raises(kind, match=said):
        world.rewrite(contacts, **options)
    assert world.database.value("SELECT count(*) FROM shipment") == 0


def test_earlier_shipments_that_are_unfinished_are_told_with_the_three_ways_on(
    world: MailingsWorld, contacts: Path
) -> None:
    workspace = load_workspace(world.workspace.root, {"LINKTRACK_TIME_ZONE": "Europe/Stockholm"})
    world.rewrite(contacts)
    world.database.execute("UPDATE shipment SET finished_at = NULL")
    said: list[str] = []
    options = RewriteOptions("news", contacts, MOMENT, "ndjson")
    rewrite(workspace, world.database, options, io.BytesIO(), protected=Protected(), tell=said.append)
    assert len(said) == 1
    assert said[0].startswith("Shipment 1 of news to 7 recipients, made at 2026-05-04T11:00:00+02:00, was not handed")
    for way in ("shipment render 1", "shipment restore 1", "shipment cancel 1"):
        assert way in said[0]
    for number, told in ((2, said), (1, [])):  # the one that is rendered is no other one
        heard: list[str] = []
        render_again(
            workspace, world.database, number, io.BytesIO(), again=True, protected=Protected(), tell=heard.append
        )
        assert [one.partition(", was")[0] for one in heard] == [one.partition(", was")[0] for one in told]


def test_a_shipment_knows_of_whom_it_is_and_where_its_mails_are(world: MailingsWorld, contacts: Path) -> None:
    root = world.workspace.root
    options = RewriteOptions("news", contacts, MOMENT, "ndjson")
    made = rewrite(world.workspace, world.database, options, root / "out", protected=Protected())
    again = render_again(world.workspace, world.database, 1, root / "again", protected=Protected())
    assert again.placements == made.placements == 2
    into_a_stream, _ = world.rewrite(contacts, streamed=True, test=True)
    render_again(world.workspace, world.database, 2, io.BytesIO(), protected=Protected())
    settings = [find_shipment(world.database, number).settings for number in (1, into_a_stream.shipment.id)]
    assert [(one.contacts, one.out, one.rendered) for one in settings] == [
        (str(contacts), str(root / "out"), (str(root / "again"),)),
        ("", "", ()),
    ]


def test_mails_that_are_rendered_as_they_leave_show_no_merge_tags_unless_that_is_asked_for(
    world: MailingsWorld, contacts: Path
) -> None:
    add(world.database, "named", b"<p>Hej {{ name }}</p><a href='https://e.example/'>x</a>")
    world.rewrite(contacts, mailing="named")

    def rendered(**options: Any) -> bytes:
        out = io.BytesIO()
        asked = {"output": "mbox", "sender": "anna@x.example", "protected": Protected(), **options}
        render_again(world.workspace, world.database, 1, out, **asked)
        return out.getvalue()

    with pytest.raises(BadInput, match="every mail would carry merge tags as they stand"):
        rendered()
    assert b"{{ name }}" in rendered(keep_merge_tags=True)
    assert b"{{ name }}" not in rendered(fill=True)


def test_a_mail_that_cannot_be_written_for_who_refuses_is_found_before_anything_is_stored(
    world: MailingsWorld, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiled(
        database: Database, mailing: StoredMailing, settings: ShipmentSettings, sharing: Sharing | None
    ) -> Mail:
        if sharing is not None:
            raise BadInput("it would not read back")
        return compile_mail(database, mailing, settings)

    monkeypatch.setattr("linktrack.mailings.rewriting.compile_mail", compiled)
    world.rewrite(contacts, test=True)  # nobody is asked
    asking = load_workspace(world.workspace.root, {"LINKTRACK_PAGES_CONSENT": "true"})
    with pytest.raises(BadInput, match="it would not read back"):
        MailingsWorld(asking, world.database).rewrite(contacts)
    assert world.database.value("SELECT count(*) FROM shipment") == 1


ONE_ALONE = "{} goes with --as template: only a template has a merge tag where the token goes"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"merge_tag": "{{ token }}"}, "--merge-tag"),
        ({"person_merge_tag": "{{ own }}", "output": "eml"}, "--person-merge-tag"),
        ({"merge_tag": "{{ token }}", "person_merge_tag": "{{ own }}"}, "--merge-tag"),
    ],
)
def test_a_merge_tag_goes_with_a_template_alone(options: dict[str, str], named: str) -> None:
    with pytest.raises(UsageError) as refused:
        RewriteOptions(mailing="spring", contacts=Path("contacts.csv"), sent_at=0, **options)  # type: ignore[arg-type]
    assert str(refused.value) == ONE_ALONE.format(named)
