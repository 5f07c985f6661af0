"""A person forgotten: every word of them gone, every count as it was, and nothing that brings them back."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import re
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Literal

import pytest
from faults import killed, points_of, sample
from server.server_world import request
from sqlmodel import SQLModel
from upkeep.persons_world import PHONE, SENT, VERA, WORDS, PersonsWorld, own_line
from upkeep.test_email_forms import ASA, HERS
from world import CHROME

from linktrack.clicks.load import import_logs
from linktrack.clicks.logs.tracked import AddressBook
from linktrack.clicks.waiting import import_waiting
from linktrack.errors import Conflict, Locked, UnknownName
from linktrack.moments import iso, moment_of
from linktrack.server.answer import answer
from linktrack.server.live import site_of
from linktrack.server.people import QuietDatabase, StoredPeople
from linktrack.server.snapshot_file import refresh_snapshot
from linktrack.store.clickers import RECENT
from linktrack.store.forgotten import is_forgotten, note_forgotten, take_print_away
from linktrack.store.lock import alone
from linktrack.store.opening import open_database
from linktrack.upkeep.archive import Contents, archiving
from linktrack.upkeep.deep import lost_open_clicks, missing_rows, wrong_figures
from linktrack.upkeep.forget import KEPT_ROWS, ForgetSummary, _Person, forget_person
from linktrack.upkeep.making import init_workspace
from linktrack.upkeep.out_of_reach import everything_out_of_reach
from linktrack.upkeep.own_log import empty_lines
from linktrack.upkeep.person import export_person, tables_about_persons
from linktrack.upkeep.traces import traces_of
from linktrack.workspace import load_workspace

NOW = moment_of(SENT) + 90 * 86_400_000
NAMES = WORDS[:4]  # id, address, name and domain: what may never come back
# Reports that name persons, or what was called by a person's values.
OF_PERSONS = ("clickers offer", "clickers --mailing news", "nonclickers news")
NAMED = ("mailing news --by domain", "mailing news --by action")


def forget(world: PersonsWorld, named: str = VERA[0], wait: float = 0) -> ForgetSummary:
    with world.open() as database:
        return forget_person(world.workspace, database, named, NOW, wait=wait)


def is_sound(world: PersonsWorld) -> None:
    """What doctor --deep looks at."""
    with world.open() as database:
        assert [*missing_rows(database), *wrong_figures(database)] == []
        assert lost_open_clicks(database) == 0


def test_the_whole_way_of_a_person(persons: PersonsWorld) -> None:
    """Mailed, clicked, acted on, exported, forgotten, imported again, mailed again."""
    assert {place.partition(": ")[2] for place in persons.places_of()} >= {repr(word) for word in WORDS[:6]}
    before = persons.reports()
    exported = persons.outside / "vera.json"
    persons.do("contact", "export", VERA[1], "-o", exported)
    known = json.loads(exported.read_text("utf-8"))
    assert known["contact"]["contact_id"] == VERA[0] and len(known["click"]["rows"]) == 4
    assert exported.stat().st_mode & 0o777 == 0o600

    done = persons.do("contact", "forget", VERA[1], "--yes", "--format", "json").json
    assert (done["mails"], done["clicks"], done["log_lines"], done["agents"], done["clean"]) == (1, 4, 4, 1, True)
    assert {"access.log", "run-1"} <= {Path(one["place"]).name for one in done["out_of_reach"]}
    assert persons.places_of() == []
    assert persons.do("contact", "show", VERA[0], code=4).err.count("was forgotten")
    assert persons.do("report", "contact", VERA[2], code=4)
    after = persons.reports()
    assert {report for report in before if before[report] != after[report]} <= {*OF_PERSONS, *NAMED}
    for report in OF_PERSONS:
        assert len(json.loads(after[report])) == len(json.loads(before[report]))

    old = persons.outside / "access.log"
    again = persons.do("click", "import", old, "--again", "--format", "json").json
    assert (again["stored"], again["repeated"], again["rejected"]) == (0, 1, 0)
    again = persons.do("click", "import", "--format", "json").json
    assert (again["stored"], again["rejected"], again["not_ours"]) == (0, 0, 4)
    persons.do("click", "judge")
    assert persons.places_of() == [] and persons.reports() == after
    is_sound(persons)

    persons.add_to_log(
        own_line(persons.vera["more"], 50_000, agent=PHONE), own_line(persons.vera["off"], 50_001, method="POST")
    )
    new = persons.do("click", "import", "--format", "json").json
    assert (new["stored"], new["human"]) == (2, 2), "counted as before, under nobody"
    rows = persons.do("click", "list", "--since", "2026-06-01", "--format", "json").json
    assert [(row["contact_id"], row["ip"], row["user_agent"]) for row in rows] == [
        ("", "", "(phone)"),
        ("", "", "(desktop)"),
    ]
    acted = persons.act()
    assert json.loads((acted / "summary.json").read_text())["clicks"] == 0
    rows_left = (acted / "contacts.csv").read_text("utf-8")
    assert rows_left == (persons.outside / "contacts.csv").read_text("utf-8").replace("street\n", "street\n"), (
        "left alone"
    )

    out = persons.outside / "mailed-again"
    summary = persons.do(
        "mailing", "rewrite", "news", "--contacts", persons.outside / "contacts.csv", "--as", "ndjson", "--out", out,
        "--again", "--format", "json",
    ).json  # fmt: skip
    assert (summary["forgotten"], summary["recipients"]) == (1, 40)
    assert persons.places_of(NAMES) == []
    is_sound(persons)

    persons.do("contact", "subscribe", VERA[0])
    addresses = persons.mail("--again")[VERA[0]]
    assert addresses["offer"] != persons.vera["offer"]
    shown = persons.do("contact", "show", VERA[0], "--format", "json").json
    assert (shown["mails"], shown["clicks"], shown["changes"]) == (1, 0, 0), "history never returns"


def test_sent_mails_still_lead_somewhere(persons: PersonsWorld) -> None:
    with persons.open() as database:
        snapshot = refresh_snapshot(persons.workspace, database)

    def led_to(word: str) -> tuple[int, str]:
        people = QuietDatabase(persons.workspace, time.monotonic)
        try:
            found, _ = answer(
                request("GET", persons.vera[word]), site_of(persons.workspace, snapshot, StoredPeople(people))
            )
        finally:
            people.close()
        return found.status, dict(found.headers).get("Location", "")

    assert led_to("more")[1].startswith("https://www.example.com/a?g=Hemlig%20gata")
    forget(persons)
    with persons.open() as database:
        snapshot = refresh_snapshot(persons.workspace, database)
    assert led_to("more")[0] == 302 and led_to("more")[1].startswith("https://www.example.com/a?g=")
    assert "Hemlig" not in led_to("more")[1]
    assert led_to("offer")[1].startswith("https://www.example.com/offer?to="), "not where the script had led her"
    assert "vera" not in led_to("offer")[1]
    assert (led_to("off")[0], led_to("view")[0]) == (200, 200), "counted as before"


@pytest.mark.parametrize(("language", "said"), [("en", "Nothing can be chosen"), ("sv", "går det inte att välja")])
def test_what_a_forgotten_person_chooses_is_not_said_to_be_saved(
    persons: PersonsWorld, language: Literal["en", "sv"], said: str
) -> None:
    (persons.outside / "more.html").write_text(
        '<a href="linktrack:subscriptions">choose</a> <a href="linktrack:unsubscribe">off</a>'
    )
    persons.do("mailing", "add", "more", persons.outside / "more.html", "--type", "newsletter")
    out = persons.outside / "more"
    persons.do(
        "mailing", "rewrite", "more", "--contacts", persons.outside / "contacts.csv", "--as", "ndjson", "--out", out
    )
    rows = map(json.loads, (out / "recipients.ndjson").read_text("utf-8").splitlines())
    mail = next(row["html"] for row in rows if row["contact_id"] == VERA[0])
    choose, leave = re.findall(r"https://click\.example\.com(/[^\"]+)", mail)
    settings = persons.workspace.settings.model_copy(update={"language": language})
    workspace = replace(persons.workspace, settings=settings)
    with persons.open() as database:
        snapshot = refresh_snapshot(workspace, database)

    def answered(method: str, path: str) -> tuple[int, str]:
        people = QuietDatabase(workspace, time.monotonic)
        try:
            site = site_of(workspace, snapshot, StoredPeople(people))
            where, _, query = path.partition("?")
            found, _ = answer(request(method, where, query, at=NOW), site)
        finally:
            people.close()
        return found.status, found.body.decode()

    assert said not in answered("POST", f"{choose}?on=newsletter")[1]
    forget(persons)
    for method, path in (
        ("GET", leave), ("POST", f"{leave}?page"), ("GET", choose), ("POST", f"{choose}?on=newsletter"), ("POST", f"{choose}?off=*"), ("POST", f"{choose}?consent=on"),
    ):  # fmt: skip
        status, body = answered(method, path)
        assert (status, said in body) == (200, True), "what is pressed there would hold for nobody"
    assert answered("POST", leave)[0] == 200, "to the one-click of mail services"
    persons.add_to_log(
        own_line(f"{choose}?on=newsletter", 70_000, method="POST"), own_line(f"{choose}?consent=off", 70_001, method="POST"),
        own_line(leave, 70_002, method="POST"),
    )  # fmt: skip
    persons.do("click", "import")
    with persons.open() as database:
        kept = "SELECT (SELECT count(*) FROM left_type) + (SELECT count(*) FROM said_consent)"
        assert database.value(kept) == 0, "nothing is kept of nobody"

    day = 24 * 60
    says = "1 unsubscribe or refusal of tracking has come from mails that people got before they were forgotten"
    late = [
        own_line(f"{leave}?page", 91 * day, method="POST"),
        own_line(f"{choose}?consent=off", 92 * day, method="POST"),
    ]
    persons.add_to_log(late[0])
    assert "forgotten" not in persons.do("click", "import").err, "nobody is written to again"
    assert "only those in newer ones hold" in persons.do("contact", "subscribe", VERA[0]).err
    persons.add_to_log(own_line(f"{choose}?on=newsletter", 92 * day, method="POST"), late[1])
    assert says in persons.do("click", "import").err
    assert "forgotten" not in persons.do("click", "import").err
    persons.add_to_log(own_line(f"{choose}?off=*", 93 * day, method="POST"))
    assert says in persons.do("mailing", "rewrite", "more", "--again", "--contacts", persons.outside / "contacts.csv",
                              "--as", "ndjson", "--out", persons.outside / "newer").err  # fmt: skip


def test_what_a_table_has_of_a_person_is_exported_and_goes(persons: PersonsWorld) -> None:
    """A table that is made one day is in the export, and loses the person's rows, by itself."""
    with persons.open() as database:
        number = database.value("SELECT id FROM recipient WHERE contact_id = ?", (VERA[0],))
        known = export_person(persons.workspace, database, VERA[0], NOW)
        assert {
            table for table in SQLModel.metadata.tables if "recipient_id" in SQLModel.metadata.tables[table].columns
        } == {*tables_about_persons()}
        counts = {}
        for table in tables_about_persons():
            shown = known["clicker" if table == RECENT else table]  # of which some count with the others
            counts[table] = database.value(f"SELECT count(*) FROM {table} WHERE recipient_id = ?", (number,))
            assert len(shown["rows"]) == counts[table] or table == RECENT, table
            assert shown["what"]
        forget(persons)
        for table in tables_about_persons():
            left = database.value(f"SELECT count(*) FROM {table} WHERE recipient_id = ?", (number,))
            wanted = counts[table] if table in KEPT_ROWS else 0
            assert left == (2 if table == "made" else wanted), table  # the follow-up's time, and whose the request is
        assert known["click"]["rows"][0]["user_agent"] == PHONE and len(known["click_log"]["rows"]) == 4


def test_what_others_have_stays(persons: PersonsWorld) -> None:
    forget(persons, "7")
    with persons.open() as database:
        assert database.value("SELECT count(*) FROM agent WHERE text IN (?, ?)", (CHROME, PHONE)) == 2
        domains: dict[str, int] = dict(database.rows("SELECT domain, sent FROM shipment_domain"))
        assert domains == {"example.com": 40, "enskild-doman.example": 1}
        assert database.value("SELECT count(*) FROM made WHERE start_at IS NOT NULL") > 1, "the time is taken"
    forget(persons)
    with persons.open() as database:
        assert dict(database.rows("SELECT domain, sent FROM shipment_domain")) == {"example.com": 40, "": 1}
        names = {row[0] for row in database.rows("SELECT name FROM action_tally WHERE kind = 'selection'")}
        assert "Prospects" in names and "" in names and "Friends of Vera Unikdotter" not in names


def test_a_person_is_found_as_in_reports(persons: PersonsWorld) -> None:
    with persons.open() as database, database.transaction():
        database.execute("UPDATE recipient SET name = 'Namne' WHERE contact_id IN ('3', '4')")
    assert persons.do("contact", "forget", "namne", "--yes", code=5).err.count("(3, 4)")
    assert persons.do("contact", "forget", "nobody at all", "--yes", code=4)
    assert "--yes" in persons.do("contact", "forget", "3", code=2).err
    for named in (VERA[0], VERA[1].upper(), VERA[2].lower()):
        assert persons.do("contact", "show", named, "--format", "json").json["email"] == VERA[1]


def test_forgotten_twice_is_forgotten(persons: PersonsWorld) -> None:
    forget(persons)
    again = forget(persons)
    assert again.before and again.cleaned.done and again.out_of_reach
    with persons.open() as database:
        assert is_forgotten(database, VERA[0]) and not is_forgotten(database, "3")


def test_of_several_in_one_export_only_the_forgotten_one_is_left_out(persons: PersonsWorld) -> None:
    for named in ("1", "2", "3"):
        forget(persons, named)
    with persons.open() as database:
        assert database.value("SELECT count(*) FROM forgotten") == 3
    assert len(persons.mail("--again")) == 38
    persons.do("contact", "subscribe", "2")
    assert persons.do("contact", "subscribe", "3", "--type", "newsletter", code=5)
    assert {"1", "2", "3"} & persons.mail("--again").keys() == {"2"}


def test_figures_can_be_counted_anew_afterwards(persons: PersonsWorld) -> None:
    forget(persons)
    after = persons.reports()
    persons.do("doctor", "--repair", "--yes")
    assert persons.reports() == after


def test_a_log_that_is_a_link_is_not_written_through(persons: PersonsWorld) -> None:
    elsewhere = persons.outside / "moved.ndjson"
    elsewhere.write_bytes(own_line(persons.vera["more"], 70_000))
    (persons.root / "clicklog" / "linked.ndjson").symlink_to(elsewhere)
    refused = persons.do("contact", "forget", VERA[0], "--yes", code=3).err
    assert "linked.ndjson" in refused and "put the log itself in its place" in refused
    assert persons.do("contact", "show", VERA[0])


def test_a_log_that_cannot_be_read_stops_before_anything_is_done(persons: PersonsWorld) -> None:
    (persons.root / "clicklog" / "clicks-20260601T000000-3-abcdef.ndjson.gz").write_bytes(b"\x1f\x8b damaged")
    with pytest.raises(Conflict, match="cannot be imported"):
        forget(persons)
    with persons.open() as database:
        assert not is_forgotten(database, VERA[0])


def test_a_line_that_comes_meanwhile_is_neither_lost_nor_emptied(persons: PersonsWorld) -> None:
    """What was not imported yet when the forgetting began is imported later, under nobody."""
    with persons.open() as database:
        sizes = import_waiting(persons.workspace, database).sizes
        late = own_line(persons.vera["more"], 600)
        path = next(path for path in sizes if path.suffix == ".ndjson")
        with path.open("ab") as log:
            log.write(late)
        number = database.value("SELECT id FROM recipient WHERE contact_id = ?", (VERA[0],))
        traces = traces_of(database, AddressBook(persons.workspace, database), {number})
        assert empty_lines(database, sizes, traces) == 4
        assert path.read_bytes().endswith(late)


@pytest.mark.parametrize("job", ["import", "action run"])
def test_no_import_and_no_run_goes_on_meanwhile(persons: PersonsWorld, job: str) -> None:
    with persons.open() as database, alone(persons.workspace, database, job, 0):
        with pytest.raises(Locked, match=f"an {job} is running"):
            forget(persons)
        with pytest.raises(UnknownName):
            forget(persons, "nobody")


def test_whoever_reads_is_waited_for(persons: PersonsWorld) -> None:
    """The write-ahead log can only be emptied when nobody reads an older moment; where one goes on, it is said."""
    reader = sqlite3.connect(persons.root / "linktrack.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM recipient").fetchall()
    done = forget(persons)
    assert not done.cleaned.done and "somebody reads" in done.cleaned.missing
    reader.close()
    assert forget(persons).cleaned.done
    assert persons.places_of() == []


def test_without_room_for_a_copy_it_is_said(persons: PersonsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1_000})())
    done = forget(persons)
    assert not done.cleaned.done and "no room" in done.cleaned.missing
    monkeypatch.undo()
    assert forget(persons).cleaned.done and persons.places_of() == []


@pytest.mark.faults
def test_killed_at_any_write_the_same_command_does_the_rest(persons: PersonsWorld, tmp_path: Path) -> None:
    """Nothing is lost of the counts, and nothing of the person stays, wherever it was stopped."""
    whole = tmp_path / "whole"
    shutil.copytree(persons.root, whole)

    def job_in(root: Path) -> None:
        workspace = load_workspace(root, {})
        with open_database(workspace) as database:
            forget_person(workspace, database, VERA[0], NOW)

    counted = points_of(lambda: job_in(whole))
    assert "commit" in counted
    figures = {}
    for number in sample(counted, 12):
        root = tmp_path / f"killed-{number}"
        shutil.copytree(persons.root, root)
        assert killed(lambda root=root: job_in(root), number)  # type: ignore[misc]
        job_in(root)
        world = PersonsWorld(load_workspace(root, {}), persons.outside, persons.run)
        assert world.places_of() == [], f"killed before point {number}"
        figures[number] = world.reports()
        shutil.rmtree(root)
    expected = next(iter(figures.values()))
    for number, found in figures.items():
        assert found == expected, (
            number,
            counted[number - 1],
            [name for name in found if found[name] != expected[name]],
        )


def _import_forever(root: Path, begun: Event, done: Event) -> None:
    workspace = load_workspace(root, {})
    with open_database(workspace) as database:
        while not done.is_set():
            import_logs(workspace, database, wait=30)
            begun.set()
            time.sleep(0.2)  # as long as whoever waits for the lock needs to look again


def test_while_an_import_runs_again_and_again(persons: PersonsWorld) -> None:
    context = multiprocessing.get_context("spawn")  # SQLite's locks do not go through a fork
    begun, done = context.Event(), context.Event()
    importing = context.Process(target=_import_forever, args=(persons.root, begun, done))
    importing.start()
    try:
        assert begun.wait(60)
        assert forget(persons, wait=30).clicks == 4
    finally:
        done.set()
        importing.join(60)
    assert importing.exitcode == 0
    forget(persons)
    assert persons.places_of() == []


BENT = ["7.0", "7,00", "0007", '="7"', "'7", " 7 ", "7E0", "\ufeff7", "\uff17"]


@pytest.mark.parametrize("bent", BENT)
def test_a_forgotten_person_is_known_in_every_form_of_his_id(persons: PersonsWorld, bent: str) -> None:
    forget(persons, "7")
    contacts = persons.outside / "contacts.csv"
    quoted = '"' + bent.replace('"', '""') + '"'
    contacts.write_text(contacts.read_text("utf-8").replace("\n7,", f"\n{quoted},"), "utf-8")
    with persons.open() as database:
        assert is_forgotten(database, bent) and not is_forgotten(database, "70")
    assert {bent, bent.strip(), "7"}.isdisjoint(persons.mail("--again"))
    persons.do("contact", "subscribe", bent)
    assert len(persons.mail("--again")) == 41


def test_a_forgotten_address_that_is_an_id_is_known_in_every_form(persons: PersonsWorld) -> None:
    with persons.open() as database:
        with database.transaction():
            note_forgotten(database, "Åsa.Öst@räv.example")
        forms = (
            "åsa.öst@RÄV.example",
            "A\u030asa.O\u0308st@räv.example",
            "ÅSA.ÖST@xn--rv-via.example",
            " åsa.öst@räv.example'",
        )
        assert all(is_forgotten(database, one) for one in forms)
        with database.transaction():
            note_forgotten(database, "k@groß.example")
        hosts = ("groß.example", "GROSS.EXAMPLE", "groẞ.example", "xn--gro-7ka.example", "XN--GRO-7KA.example")
        assert all(is_forgotten(database, f"K@{host}") for host in hosts)
        assert not is_forgotten(database, "k@gros.example")
        others = ("åsa.öst@räv.example.org", "asa.öst@räv.example", "åsa.öst@@räv.example", "@räv.example", "Åsa.Öst")
        assert not any(is_forgotten(database, one) for one in others)
        with database.transaction():
            assert take_print_away(database, forms[2]) and not is_forgotten(database, forms[0])


def test_what_a_forgotten_person_clicks_later_goes_from_the_log_too(persons: PersonsWorld) -> None:
    forget(persons)
    line = own_line(persons.vera["more"], 50_000, agent=PHONE)
    path = persons.vera["more"].encode()
    persons.add_to_log(line)
    assert persons.places_of((path, b"VeraPhone"))
    again = persons.do("contact", "forget", VERA[0], "--yes", "--format", "json").json
    assert (again["forgotten_before"], again["log_lines"]) == (True, 1)
    assert persons.places_of((path, b"VeraPhone")) == []
    persons.add_to_log(own_line(persons.vera["more"], 50_001, agent=PHONE))
    assert persons.do("contact", "forget", "3", "--yes", "--format", "json").json["log_lines"] >= 1
    assert persons.places_of((path, b"VeraPhone")) == []
    rows = persons.do("click", "list", "--since", "2026-06-01", "--format", "json").json
    assert [(row["contact_id"], row["verdict"]) for row in rows] == [("", "human")] * 2, "counted as before"
    is_sound(persons)


def test_what_is_out_of_reach_is_named(persons: PersonsWorld) -> None:
    copy = persons.root / "backup.tar.gz"
    persons.do("backup", copy)
    nested, beside = persons.root / "old" / "monday", persons.root.parent / "linktrack 2026.bak"
    next_door = persons.root.parent / "bk" / "b.tar.gz"  # as docs/operations.md has them: /srv/mail, /srv/backup
    for other in (nested, beside, next_door):
        other.parent.mkdir(exist_ok=True)
        shutil.copy(copy, other)
    (next_door.parent / "deeper").mkdir()
    shutil.copy(copy, next_door.parent / "deeper" / "b.tar.gz")
    (persons.root / "other.gz").write_bytes(gzip.compress(b"no backup"))
    (persons.root / "damaged.tar.gz").write_bytes(copy.read_bytes()[:40])
    persons.mail("--again")
    mails = persons.outside / f"mails-{persons.runs - 1}"
    rendered = persons.outside / "rendered"
    for folder in (rendered, persons.outside / "gone"):
        persons.do("shipment", "render", 1, "--out", folder)
    shutil.rmtree(persons.outside / "gone")
    quiet = persons.act()  # nothing was to do: but all rows of the export are in its files
    done = forget(persons, "6")
    named = {one.place: one.advice for one in done.out_of_reach}
    assert {str(copy), str(quiet), str(mails), str(rendered)} <= named.keys()
    assert named[str(rendered)] == "the mails of shipment 1: delete them once they are sent"
    assert str(persons.outside / "gone") not in named
    assert all("a backup of 20" in named[str(path)] for path in (copy, nested, beside, next_door)), (
        "whatever it is called"
    )
    database = persons.workspace.settings.database.model_copy(update={"id": "0123456789abcdef"})
    settings = persons.workspace.settings.model_copy(update={"database": database})
    dumped = persons.root / "dumped.tar.gz"
    with dumped.open("wb") as file, archiving(file) as archive:
        contents = Contents(made_at=NOW, database="postgresql", database_id=database.id, rows={})
        archive.add_bytes("backup.json", contents.text().encode(), NOW)
    restored = replace(persons.workspace, settings=settings)
    with persons.open() as open_database:
        found = everything_out_of_reach(restored, open_database, None)
    foreign = {one.place: one.advice for one in found if "a backup of 20" in one.advice}
    assert "delete the dump that was made with it" in foreign.pop(str(dumped)), "nobody is in it"
    assert set(foreign) == set(map(str, (copy, nested, beside, next_door)))
    assert all(
        "before a linktrack restore or a linktrack database copy: delete it if" in advice for advice in foreign.values()
    )
    assert not [place for place in named if "other.gz" in place or "damaged" in place or "deeper" in place]
    assert any("--rejected" in advice and "contact export" in advice for advice in named.values())
    shutil.rmtree(quiet)
    assert str(quiet) not in {one.place for one in forget(persons, "6").out_of_reach}


def test_databases_that_are_not_in_use_are_out_of_reach(persons: PersonsWorld) -> None:
    """Left behind by `database copy`, in the workspace's folder and beside it, with what SQLite keeps beside them."""
    old, spare = persons.root / "linktrack.db", persons.root.parent / "spare" / "people.sqlite3"
    spare.parent.mkdir()
    persons.do("database", "copy", f"sqlite:///{old}", f"sqlite:///{spare}")
    (Path(f"{spare}-wal")).write_bytes(b"x")
    notes, damaged = persons.root / "notes.db", persons.root / "half.db"
    with closing(sqlite3.connect(notes)) as other:
        other.execute("CREATE TABLE workspace (a)")
    shutil.copy(old, damaged)
    with damaged.open("r+b") as file:  # its first page
        file.seek(100)
        file.write(b"\xff" * 500)
    neighbour = persons.root.parent / "neighbour" / "linktrack.db"
    neighbour.parent.mkdir()
    shutil.copy(spare, neighbour)
    with closing(sqlite3.connect(neighbour)) as other, other:
        other.execute("UPDATE workspace SET workspace_id = ?", (b"another's",))
    restored = persons.root.parent / "restored"
    restored.mkdir()
    shutil.copy(spare, restored / "linktrack.db")
    shutil.copy(persons.root / "linktrack.toml", restored)
    packed = [
        persons.root.parent / name for name in ("linktrack-monday.db.gz", "dump.sql", "mail.dump", "linktrack.zip")
    ]
    for path in (*packed, persons.root.parent / "photos.zip"):
        path.write_bytes(b"PK")
    found = {one.place: one.advice for one in forget(persons, "5").out_of_reach}
    assert f"of the workspace {restored}" in found[str(restored / "linktrack.db")]
    assert {str(path) for path in packed} <= found.keys() and str(persons.root.parent / "photos.zip") not in found
    unused = "a copy of the database that is not in use: delete it"
    assert found[str(spare)] == found[str(damaged)] == unused and f"{spare}-wal" in found
    assert "of another workspace" in found[str(neighbour)]
    assert str(old) not in found and str(notes) not in found
    settings = persons.root / "linktrack.toml"
    with closing(sqlite3.connect(spare)) as other:
        [(own,)] = other.execute("SELECT database_id FROM workspace").fetchall()
    Path(f"{spare}-wal").unlink(missing_ok=True)
    text = settings.read_text("utf-8")
    before = re.search(r"\[database\][^\[]*", text)
    assert before is not None
    settings.write_text(text.replace(before[0], f'[database]\nid = "{own}"\nurl = "sqlite:///{spare}"\n\n'), "utf-8")
    listed = persons.do("contact", "forget", "6", "--yes", "--format", "json").json["out_of_reach"]
    found = {one["place"]: one["advice"] for one in listed}
    assert found[str(old)] == unused and str(spare) not in found


def test_what_lies_in_the_click_log_and_logs_by_whole_paths_are_out_of_reach(
    persons: PersonsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden, below = persons.root / "clicklog" / ".hidden.ndjson", persons.root / "clicklog" / "sub" / "x.ndjson"
    below.parent.mkdir()
    for copied in (hidden, below):
        copied.write_bytes(own_line(persons.vera["more"], 1))
    log = persons.outside / "more.log"
    log.write_text((persons.outside / "access.log").read_text("utf-8").replace("11:00:00", "12:00:00"), "utf-8")
    monkeypatch.chdir(persons.root)
    persons.do("click", "import", Path("..") / persons.outside.name / log.name)
    monkeypatch.chdir("/")
    named = {one.place for one in forget(persons).out_of_reach}
    assert {str(hidden), str(below), str(log)} <= named and not [place for place in named if ".." in place]


def test_a_place_is_listed_once_whatever_path_led_to_it(persons: PersonsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths from another folder, with dots, through a link to a folder; a workspace and a database behind a link."""
    here, door = persons.root / "sub", persons.outside.parent / "door"
    here.mkdir()
    door.symlink_to(persons.outside)
    monkeypatch.chdir(here)
    outside = f"../../{persons.outside.name}"
    persons.do("shipment", "render", 1, "--out", f"{outside}/./again")
    shutil.rmtree(persons.outside / "again")
    persons.do("shipment", "render", 1, "--out", f"{door}/sub/../again", code=4)
    persons.do("shipment", "render", 1, "--out", door / "again")
    contacts = f"{outside}/./contacts.csv"
    persons.do("mailing", "rewrite", "other", "--contacts", contacts, "--as", "ndjson", "--out", "./../others")
    persons.do("action", "run", "--crm", contacts, "--out", f"{outside}/../door/./acted")
    persons.do("backup", persons.root / "b.tar.gz")
    persons.do("database", "copy", "sqlite:///linktrack.db", f"sqlite:///{door}/../spare.db")
    (persons.root / "also.db").symlink_to(persons.outside.parent / "spare.db")
    (persons.outside.parent / "entrance").symlink_to(persons.root)
    with persons.open() as database:
        for root in (persons.root, Path("..") / "sub" / "..", persons.outside.parent / "entrance"):
            found = everything_out_of_reach(load_workspace(root, {}), database, None)
            places = [one.place for one in found if one.place.startswith(str(persons.outside.parent))]
            wanted = (
                *(persons.outside / name for name in ("again", "acted")), persons.root / "others", persons.root / "b.tar.gz",
                persons.outside.parent / "spare.db",
            )  # fmt: skip
            assert sorted(places) == sorted(map(str, wanted))
        known = export_person(persons.workspace, database, VERA[0], NOW)["shipment_recipient"]["rows"]
        files = {
            json.loads(text)["contacts"] for (text,) in database.rows("SELECT settings FROM shipment WHERE id > 1")
        }
    assert files == {str(persons.outside / "contacts.csv")} and len(known) == 2
    left = [folder / ".b.tar.gz.unfinished-77" for folder in (persons.outside, persons.root)]
    for path in left:
        path.touch()
    for root in (Path("..") / "sub" / "..", persons.outside.parent / "entrance"):
        told = persons.run("--workspace", root, "doctor", "--format", "json").json
        assert sorted(one["detail"] for one in told if one["check"] == "leftovers") == sorted(map(str, left))


MAGIC = b"SQLite format 3\0"
WAL = b"\x37\x7f\x06\x82" + bytes(40)
A_LOG = "a write-ahead log without its database: delete it if that was a copy of this one"
A_JOURNAL = "a rollback journal without its database: delete it if that was a copy of this one"
UNREADABLE = "a database that cannot be read"
NO_CHANGE = b""
NO_DATABASES: dict[str, tuple[str, bytes | slice, str]] = {  # a file, what is in it (of a copy: how much), and what is said
    "a log without its database": ("gone.db-wal", WAL, A_LOG),
    "a log by another name": ("saved.bin", WAL, A_LOG),
    "an index without its log": ("gone.db-shm", b"\x18\xe2\x2d\x00" + bytes(40), "the index of a write-ahead log"),
    "a journal without its database": (
        "gone.db-journal", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(40), A_JOURNAL,
    ),
    "a journal that has served": ("served.db-journal", bytes(512) + b"page", A_JOURNAL),
    "a log beside what is no database": ("notes.txt-wal", WAL, A_LOG),
    "a diary": ("my-journal", b"Dear diary", ""),
    "a log beside a database": ("others.db-wal", WAL, ""),
    "a database cut in its header": ("cut.db", MAGIC + b"\x10", UNREADABLE),
    "a database of its first page alone": ("first.db", slice(4096), UNREADABLE),
    "a database without its last page": ("last.db", slice(-4096), "a copy of the database that is not in use: delete it"),
    "a database with damage in its header": ("bad.db", MAGIC + b"\xff" * 4080, UNREADABLE),
    "a healthy database of another program": ("others.db", NO_CHANGE, ""),
}  # fmt: skip


def test_what_is_left_of_a_database_is_named(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path / "mail", "https://click.example.com", {})
    (tmp_path / "notes.txt").write_bytes(b"no database")
    with closing(sqlite3.connect(tmp_path / "others.db")) as other, other:
        other.execute("CREATE TABLE workspace (a)")
    with open_database(workspace) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = (workspace.root / "linktrack.db").read_bytes()
        for name, content, _ in NO_DATABASES.values():
            if content != NO_CHANGE:
                (tmp_path / name).write_bytes(content if isinstance(content, bytes) else whole[content])
        found = {one.place: one.advice for one in everything_out_of_reach(workspace, database, None)}
    told = {row: found.get(str(tmp_path / name), "").partition(",")[0] for row, (name, *_) in NO_DATABASES.items()}
    assert told == {row: said for row, (*_, said) in NO_DATABASES.items()}


def test_mails_that_are_written_again_are_counted_without_a_forgotten_person(persons: PersonsWorld) -> None:
    forget(persons)
    for number, output in enumerate(("ndjson", "html", "template")):
        out = persons.outside / f"again-{number}"
        done = persons.do("shipment", "render", 1, "--as", output, "--out", out, "--format", "json")
        assert (done.json["recipients"], done.json["forgotten"]) == (40, 1)
        assert "Left out, for they were forgotten: 1." in done.err and "for 40 recipients" in done.err
    assert len((persons.outside / "again-0" / "recipients.ndjson").read_text("utf-8").splitlines()) == 40
    assert len(list((persons.outside / "again-1").iterdir())) == 40
    assert len((persons.outside / "again-2" / "tokens.csv").read_text("utf-8").splitlines()) == 41
    forget(persons, "7")
    done = persons.do("shipment", "render", 1, "--as", "ndjson", "--fill", "--out", persons.outside / "filled")
    persons_left = "39 of the 39 recipients"
    assert persons_left not in done.err
    persons.do("database", "purge", "--clicks-before", "2020-01-01")
    with persons.open() as database, database.transaction():
        database.execute("UPDATE recipient SET fields = '{}'")  # as [retention] values leaves them
    done = persons.do("shipment", "render", 1, "--as", "ndjson", "--fill", "--out", persons.outside / "emptied")
    assert persons_left in done.err and "{{ street }}" in done.err


SCORING = """#!/usr/bin/env python3
import json, sys
json.load(sys.stdin)
print(json.dumps({"fields": {"score": "1"}}))
"""


def test_only_names_that_were_made_of_the_person_go_and_only_his_share(persons: PersonsWorld) -> None:
    """What others have of the same name stays, and what no value of theirs is in: a field of a script, a follow-up without
    a task."""
    settings, script, contacts = (
        persons.root / "linktrack.toml", persons.root / "scripts" / "score.py", persons.outside / "contacts.csv",
    )  # fmt: skip
    settings.write_text(settings.read_text("utf-8") + 'score = { column = "score", create = true }\n', "utf-8")
    script.write_text(SCORING)
    script.chmod(0o700)
    persons.do("action", "add", "offer", "follow-up", "--default-recipient", "BO")
    persons.do("action", "add", "offer", "script", "--script", "score.py")
    text = contacts.read_text("utf-8")
    for number in (1, 3):  # two of one name
        text = text.replace(f",Person {number},", ",Anna Alm,")
    contacts.write_text(text, "utf-8")
    paths = persons.mail("--again")
    persons.add_to_log(
        *(own_line(paths[who]["offer"], 60 + at, agent=CHROME) for at, who in enumerate((VERA[0], "1", "3")))
    )
    persons.do("click", "import")
    persons.act()

    def tally() -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for row in persons.do("report", "mailing", "news", "--by", "action", "--format", "json").json:
            found[row["kind"], row["name"]] += row["count"]
        return found

    before = tally()
    assert before["follow-up", "task"] == before["set-field", "score"] == before["script", "score.py"] == 3
    assert before["selection", "Friends of Anna Alm"] == 2 and before["selection", "Friends of Vera Unikdotter"] == 1
    forget(persons)
    after = tally()
    gone = {key for key in before if after[key] != before[key]}
    assert gone == {("selection", "Friends of Vera Unikdotter"), ("follow-up", "Call Vera Unikdotter")}
    assert after["selection", ""] == 1 and after["follow-up", ""] == before["follow-up", "Call Vera Unikdotter"]
    assert after.total() == before.total()
    forget(persons, "1")
    last = tally()
    assert last["selection", "Friends of Anna Alm"] == 1, "the other one's"
    assert last["selection", "Prospects"] == before["selection", "Prospects"] and last.total() == before.total()
    forget(persons, "3")
    assert ("selection", "Friends of Anna Alm") not in tally()


def test_a_short_name_is_not_found_within_other_words() -> None:
    person = _Person(7, "42", frozenset({"bo", "bo@x.example", "vera unik"}))
    assert all(map(person.is_spoken_of, ("Bo clicked", "contact '42'", "Vera Uniks", "xbo@x.example", "BO")))
    assert not any(map(person.is_spoken_of, ("Bookings", "420", "a42", "Webbokning", "bobo")))


FULL_ADDRESS = "203.0.113.77"


def test_what_is_left_of_a_token_is_the_persons_with_its_address(persons: PersonsWorld) -> None:
    """A good token behind another placement, one that was cut or damaged, their address behind somebody else's link."""
    settings = persons.root / "linktrack.toml"
    text = settings.read_text("utf-8").replace('ip = "truncate"', 'ip = "full"')
    settings.write_text(text, "utf-8")
    paths = persons.mail("--again")
    _, placement, token = persons.vera["offer"].split("/")
    damaged = "a" if token[20] != "a" else "b"
    elsewhere = paths["2"]["offer"]
    mine = [
        f"/{placement[::-1]}x/{token}", f"/{placement}/{token[:-1]}", f"/{placement}/{token[:20]}", f"/{placement}/{token[:20]}{damaged}{token[21:]}",
        f"/{placement}/{token}x", f"/{placement}/{token[3:]}", f"/x?utm={token.upper()}", f"/{placement}/{token[:3]}%0A{token[3:]}",
    ]  # fmt: skip
    log = [own_line(path, 50_000 + 10 * at, ip=FULL_ADDRESS, agent=PHONE) for at, path in enumerate(mine)]
    # Her address of a request whose token was cut, and that no click of hers has.
    log.append(own_line(f"/{placement}/{token[:30]}", 50_090, ip="203.0.113.79", agent=PHONE))
    log.append(own_line(persons.vera["more"], 50_100, ip=FULL_ADDRESS, agent=PHONE))
    log.append(own_line(f"{elsewhere}?mail=Vera.Unik%40enskild-doman.example", 50_200))
    log.append(own_line(f"{elsewhere}?mail=VERA.UNIK%25252540enskild-doman.example", 50_250))
    kept = own_line(f"{elsewhere}?mail=avera.unik%40enskild-doman.example", 50_300)
    others = [
        own_line(f"{elsewhere}?mail=vera.unik%40enskild-doman.example{more}", 50_350 + at)
        for at, more in enumerate((".org", "%2Eorg", ".%6Frg", "%252eorg", "-x.org", "%2Dx.org", "1"))
    ]
    other = own_line(f"/{placement}/{paths['2']['offer'].split('/')[2][:-1]}", 50_400, ip="203.0.113.78")
    log.append(own_line(f"{elsewhere}?mail=vera.unik%40enskild-doman.example.&x", 50_260))
    log.append(own_line(f"{elsewhere}?mail=vera.unik%2540enskild-doman.example%252E%20", 50_270))
    persons.add_to_log(*log, kept, other, *others)
    persons.do("click", "import")
    with persons.open() as database:
        rows = database.rows("SELECT ip, recipient_id <> 0 FROM junk_request WHERE ip <> '' ORDER BY clicked_at")
    assert {row[0] for row in rows} == {FULL_ADDRESS, "203.0.113.78", "203.0.113.79"}
    assert [bool(row[1]) for row in rows] == [True, *[False] * (len(rows) - 1)], "of the others nobody knows whose"
    out = persons.outside / "export.json"
    persons.do("contact", "export", VERA[0], "-o", out)
    known = json.loads(out.read_text("utf-8"))
    assert [row["ip"] for row in known["junk_request"]["rows"]] == [FULL_ADDRESS]
    assert len(known["click_log"]["rows"]) == 4 + len(mine) + 2, "the lines of others are not for her"

    done = persons.do("contact", "forget", VERA[0], "--yes", "--format", "json").json
    assert done["log_lines"] == 4 + len(mine) + 6
    words = (FULL_ADDRESS.encode(), b"203.0.113.79", token[:16].encode(), token[-16:].encode())
    assert persons.places_of((*words, b"VeraPhone")) == []
    log_file = persons.root / "clicklog" / "clicks-20260601T000000-2-abcdef.ndjson"
    assert all(line in log_file.read_bytes() for line in (kept, other, *others))
    assert log_file.read_bytes().lower().count(b"=vera.unik") == len(others)
    with persons.open() as database:
        assert database.rows("SELECT ip FROM junk_request WHERE ip <> ''") == [("203.0.113.78",)]
    late = own_line(f"/{placement}z/{token}", 60_000, ip=FULL_ADDRESS, agent=PHONE)
    persons.add_to_log(late)
    persons.do("click", "import")
    persons.do("contact", "forget", VERA[0], "--yes")
    assert persons.places_of((*words, b"VeraPhone")) == []
    is_sound(persons)


def test_a_person_is_found_by_every_address_that_mails_went_to(persons: PersonsWorld) -> None:
    contacts = persons.outside / "contacts.csv"
    old = contacts.read_text("utf-8")
    new = (
        old.replace("vera.unik@", "v.gift@")
        .replace("Vera Unikdotter", "Vera Gift")
        .replace("p5@example.com", "p6@example.com")
    )
    contacts.write_text(new, "utf-8")
    persons.mail("--again")
    contacts.write_text(new.replace("v.gift@", "v3@"), "utf-8")
    before = persons.do("contact", "show", VERA[0], "--format", "json").json
    assert (before["clicks"] > 0, before["uncounted_clicks"], before["first_uncounted_at"]) == (True, 0, None)
    persons.add_to_log(own_line(persons.mail("--again", "--test")[VERA[0]]["more"], 70_000))
    persons.do("click", "import")
    shown = persons.do("contact", "show", VERA[0], "--format", "json").json
    assert (shown["clicks"], shown["uncounted_clicks"]) == (before["clicks"], 1), "on a test"
    assert shown["first_uncounted_at"] == shown["last_uncounted_at"] > before["last_click"]
    persons.add_to_log(own_line(persons.mail("--again")[VERA[0]]["more"], 80_000))
    persons.do("click", "import")
    assert persons.do("contact", "show", VERA[0], "--format", "json").json["clicks"] == before["clicks"] + 1
    last = max(one["shipment"] for one in persons.do("shipment", "list", "--format", "json").json)
    persons.do("shipment", "cancel", str(last))
    shown = persons.do("contact", "show", VERA[0], "--format", "json").json
    assert (shown["clicks"], shown["uncounted_clicks"]) == (before["clicks"], 2), "on a cancelled mail, too"
    for named in (
        "VERA.unik@enskild-doman.example",
        "v.gift@enskild-doman.example",
        "v3@enskild-doman.example",
        "vera unikdotter",
        "vera gift",
    ):
        assert persons.do("contact", "show", named, "--format", "json").json["contact_id"] == VERA[0]
    for command in (
        ("report", "contact"), ("click", "list", "--contact"), ("action", "log", "--contact"), ("contact", "subscribe"), ("contact", "export"),
    ):  # fmt: skip
        persons.do(*command, VERA[1])
    known = persons.do("contact", "export", VERA[1]).json
    assert {row["email"] for row in known["earlier_address"]["rows"]} == {VERA[1], "v.gift@enskild-doman.example"}
    refused = persons.do("contact", "forget", "p6@example.com", "--yes", code=5).err
    assert "2 contacts are or were called" in refused and ("(5, 6)" in refused or "(6, 5)" in refused)
    persons.do("contact", "forget", VERA[1], "--yes")
    assert persons.places_of((*NAMES, b"v.gift", b"v3@")) == []
    assert persons.do("contact", "show", "v.gift@enskild-doman.example", code=4)


def test_who_has_an_address_for_an_id_and_letters_of_another_language_goes_wholly(persons: PersonsWorld) -> None:
    contacts = persons.outside / "contacts.csv"
    rows = contacts.read_text("utf-8") + f"{ASA},åsa@älg.example,Åsa Öst-Ängström,Smal gränd\n"
    contacts.write_text(rows, "utf-8")
    paths = persons.mail("--again")
    contacts.write_text(rows.replace("åsa@älg", "åsa@hem"), "utf-8")
    part = next(
        found for one in "12" if ASA in (found := persons.mail("--again", "--part", f"{one}/2", "--split", "a"))
    )
    written = ("åsa@hem.example", "%E5sa@xn--lg-uia.example", *HERS.values())
    others = [own_line(f"{paths['3']['more']}?m={one}", 60_000 + at) for at, one in enumerate(written)]
    persons.add_to_log(own_line(part[ASA]["offer"], 59_000, agent=PHONE), *others)
    persons.do("click", "import")
    persons.act()
    done = persons.do("contact", "forget", "ÅSA@ÄLG.example", "--yes", "--format", "json").json
    assert (done["mails"], done["clicks"], done["log_lines"]) == (2, 1, 1 + len(written))
    words = {part[ASA]["offer"].rpartition("/")[2], *written, "Åsa Öst", "Ängström", "gränd"}
    assert persons.places_of(tuple(one.encode() for one in words)) == []
    assert persons.places_of(tuple(json.dumps(one)[1:-1].encode() for one in words)) == []
    with persons.open() as database:
        assert is_forgotten(database, ASA.upper())


def test_an_export_tells_the_persons_word_from_that_of_the_crm(persons: PersonsWorld) -> None:
    """Mails were written at NOW, all without tracking."""
    words = {  # said at, known at, what the CRM has said since, and when
        1: (NOW, None, None, None),
        2: (NOW - 9, NOW - 5, True, NOW - 3),
        3: (NOW, NOW + 5, None, None),
        5: (2 * NOW, None, None, None),  # and written before that, by a word of before
    }
    with persons.open() as database, database.transaction():
        for number, word in words.items():
            recipient = database.value("SELECT id FROM recipient WHERE contact_id = ?", (str(number),))
            database.execute(
                "INSERT INTO said_consent (recipient_id, consent, said_at, known_at, crm_consent, crm_said_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (recipient, False, *word),
            )
        database.execute("UPDATE shipment_recipient SET uncounted = ?", (True,))
    told = {}
    with persons.open() as database:
        for contact in ("1", "2", "3", "5", "4"):
            known = export_person(persons.workspace, database, contact, NOW)
            told[contact] = [(row["source"], row["consent"]) for row in known["consent"]["rows"]]
            own_words = [(row["consent"], row["said_at"]) for row in known["said_consent"]["rows"]]
            assert own_words == [
                (False, iso(word[0], persons.workspace.zone))
                for number, word in words.items()
                if str(number) == contact
            ]
    own, crm = "pressed on the subscriptions page", "the CRM's export"
    assert told == {
        "1": [(own, False), (own, False)],
        "2": [(own, False), (crm, True), (crm, False)],
        "3": [(own, False), (own, False)],
        "5": [(own, False), (f"{crm}, or what they had {own} before", False)],
        "4": [(crm, False)],
    }
    assert known["consent"]["rows"][0]["file"].endswith("/contacts.csv")
    assert known["shipment_recipient"]["rows"][0]["uncounted"] is True  # and no 1, as SQLite has it


def test_who_pressed_before_their_key_was_revoked_has_left(persons: PersonsWorld) -> None:
    paths = persons.mail("--again")
    persons.add_to_log(own_line(paths["2"]["off"] + "?page", 60_000, method="POST"))
    persons.do("key", "rotate")
    persons.do("key", "revoke", "0", "--yes")
    assert persons.do("contact", "show", "2", "--format", "json").json["left"] != []
    _, placement, token = paths["2"]["off"].split("/")
    newer = persons.mail("--again")["3"]["off"].rpartition("/")[2]  # of the key that stands
    left = [
        f"/{placement}/{token[:16]}", f"/{placement}/{token[4:]}", f"/{placement}/zzzz{token[4:]}", f"/x?utm={token}",
        f"/{placement}/{token[:2]}%0A{token[2:]}", f"/other/{token[:20]}", f"/{placement}/{token}.)",
    ]  # fmt: skip
    kept = [
        own_line(path, 61_000 + at)
        for at, path in enumerate(
            (f"/{placement}/{newer[:-1]}", f"/x?utm={newer}", f"/{placement}/short", "/favicon.ico")
        )
    ]
    persons.add_to_log(*(own_line(path, 60_100 + at) for at, path in enumerate(left)), *kept)
    words = (token[:16].encode(), token[-16:].encode(), b"p2@example.com")
    assert persons.places_of(words) != []
    persons.do("contact", "forget", "2", "--yes")
    assert persons.places_of(words) == [], "nobody can say whose a revoked key's token is"
    log = b"".join(path.read_bytes() for path in (persons.root / "clicklog").iterdir() if path.suffix != ".gz")
    assert all(line in log for line in kept)
