"""linktrack shipment, as a shell sees it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.workspace import Workspace


@pytest.fixture
def shipped(workspace: Workspace, run: Run) -> Path:
    """A workspace with shipments 1 (HTML), 2 (a test, e-mails) of the mailing news."""
    root = workspace.root
    (root / "mail.html").write_text('<body><a href="https://shop.example/å">å</a></body>', "utf-8")
    rows = "".join(f"{number},p{number}@x.example,Person {number}\n" for number in range(1, 2101))
    (root / "contacts.csv").write_text("contact_id,email,name\n" + rows, "utf-8")
    assert run("mailing", "add", "news", "mail.html").code == 0
    rewrite = ("mailing", "rewrite", "news", "--contacts", "contacts.csv")
    assert run(*rewrite, "--out", "one", "--honeypot", "--sent-at", "2026-05-04T09:00").code == 0
    assert run(*rewrite, "--out", "two", "--as", "eml", "--test", "--from", "anna@example.com").code == 0
    return root


def tree(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_list_and_show(shipped: Path, run: Run) -> None:
    rows = run("shipment", "list", "--format", "json").json
    assert [(row["shipment"], row["mailing"], row["test"], row["recipients"], row["output"]) for row in rows] == [
        (1, "news", False, 2100, "html"),
        (2, "news", True, 2100, "eml"),
    ]
    assert rows[0]["sent_at"] == "2026-05-04T09:00:00+00:00"
    shown = run("shipment", "show", 1, "--format", "json").json
    assert (shown["honeypot"], shown["base_url"]) == (True, "https://click.example.com")
    assert len(run("shipment", "list", "--mailing", "news", "--format", "json").json) == 2
    assert run("shipment", "list", "--mailing", "x").code == 4
    assert run("shipment", "show", 9).code == 4


def test_render_writes_the_same_bytes_again_also_after_the_key_was_rotated(shipped: Path, run: Run) -> None:
    assert run("key", "rotate").code == 0
    for shipment, folder in ((1, "one"), (2, "two")):
        assert run("shipment", "render", shipment, "--out", f"again-{folder}").code == 0
        assert tree(shipped / folder) == tree(shipped / f"again-{folder}")
    assert len(tree(shipped / "one")) == 2100


def test_render_writes_the_same_bytes_again_also_after_a_contact_got_another_name_and_address(
    shipped: Path, run: Run
) -> None:
    (shipped / "later.csv").write_text("contact_id,email,name\n7,new@x.example,Åsa New\n", "utf-8")
    assert (
        run(
            "mailing",
            "rewrite",
            "news",
            "--contacts",
            "later.csv",
            "--out",
            "three",
            "--as",
            "eml",
            "--again",
            "--from",
            "a@x.example",
        ).code
        == 0
    )
    assert b"new@x.example" in (shipped / "three" / "7.eml").read_bytes()
    assert run("shipment", "render", 2, "--out", "again").code == 0
    assert tree(shipped / "two") == tree(shipped / "again")


def test_render_can_write_another_output(shipped: Path, run: Run) -> None:
    outcome = run("shipment", "render", 1, "--as", "ndjson", "--out", "-")
    assert len(outcome.out.splitlines()) == 2100
    assert run("shipment", "render", 1, "--out", "one").code == 5
    assert run("shipment", "render", 9, "--out", "nine").code == 4


def test_an_empty_list_of_contacts_makes_no_shipment(shipped: Path, run: Run) -> None:
    (shipped / "none.csv").write_text("contact_id,email\n")
    assert run("mailing", "rewrite", "news", "--contacts", "none.csv", "--out", "none").code == 3
    assert len(run("shipment", "list", "--format", "json").json) == 2
    assert not (shipped / "none").exists()


def test_cancelled_restored_and_unfinished_shipments_have_their_state_in_the_list(shipped: Path, run: Run) -> None:
    assert [row["state"] for row in run("shipment", "list", "--format", "json").json] == ["sent", "test"]
    done = run("shipment", "cancel", 1)
    assert done.code == 0 and "linktrack shipment restore 1 takes this back" in done.err
    assert run("shipment", "cancel", 1).code == 5
    assert run("shipment", "show", 1, "--format", "json").json["state"] == "cancelled"
    assert run("shipment", "render", 1, "--out", "again").code == 0  # its addresses go on working
    assert run("shipment", "list", "--format", "json").json[0]["state"] == "cancelled"
    listed = run("shipment", "recipients", 1, "--format", "json")
    counted = ("clicks", "machine_clicks", "first_click", "last_click")
    assert {row[key] for row in listed.json for key in counted} == {None}, "gone from every figure"
    assert "linktrack shipment restore 1 brings them back" in listed.err
    assert run("shipment", "restore", 1).code == 0
    listed = run("shipment", "recipients", 1, "--format", "json")
    assert [(row["clicks"], row["machine_clicks"]) for row in listed.json] == [(0, 0)] * len(listed.json)
    assert "restore" not in listed.err
    assert run("shipment", "restore", 1).code == 5
    assert run("shipment", "restore", 9).code == 4
    assert run("shipment", "list", "--format", "json").json[0]["state"] == "sent"


@pytest.mark.parametrize("state", ["cancelled", "unfinished"])
def test_what_everybody_has_got_by_another_shipment_is_not_sent_without_being_asked_for(
    shipped: Path, run: Run, state: str
) -> None:
    rewrite = ("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out")
    if state == "cancelled":
        assert run("shipment", "cancel", 1).code == 0
    else:
        with closing(sqlite3.connect(shipped / "linktrack.db", isolation_level=None)) as database:
            database.execute("UPDATE shipment SET finished_at = NULL WHERE id = 1")
    assert run(*rewrite, "three").code == 0
    restore: tuple[tuple[object, ...], ...] = (("restore", 1),) if state == "unfinished" else ()
    for command in (*restore, ("render", 1, "--out", "after-all")):
        done = run("shipment", *command)
        assert done.code == 5 and "2,100 of its 2,100 recipients have got the mailing 'news' by another" in done.err
    assert not (shipped / "after-all").exists()
    assert run("shipment", "list", "--format", "json").json[0]["state"] == state
    done = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "four", "--test")
    assert ("shipment cancel 1 says that its mails were not sent" in done.err) == (state == "unfinished")
    assert run("shipment", "render", 1, "--out", "after-all", "--again").code == 0
    if state == "cancelled":
        assert run("shipment", "restore", 1).code == 0
    assert run("shipment", "list", "--format", "json").json[0]["state"] == "sent"


def test_the_rows_of_recipients_go_into_the_next_rewrite(shipped: Path, run: Run) -> None:
    rows = run("shipment", "recipients", 1, "--format", "json").json
    assert len(rows) == 2100
    assert rows[0] == {
        "contact_id": "1",
        "email": "p1@x.example",
        "name": "Person 1",
        "clicks": 0,
        "machine_clicks": 0,
        "first_click": None,
        "last_click": None,
    }
    with closing(sqlite3.connect(shipped / "linktrack.db", isolation_level=None)) as database:
        database.execute("UPDATE shipment_recipient SET position = -(position / 2) WHERE shipment_id = 1")
    turned = sorted(rows, key=lambda row: (-(int(row["contact_id"]) // 2), int(row["contact_id"])))
    assert run("shipment", "recipients", 1, "--format", "json").json == turned
    assert run("shipment", "recipients", 9).code == 4
    for format in ("tsv", "csv", "json", "ndjson"):
        listed = run("shipment", "recipients", 1, "--format", format).out.splitlines(keepends=True)
        (shipped / "all.csv").write_text("contact_id,email\n1,a@x.example\n2101,b@x.example\n")
        command = ("mailing", "rewrite", "news", "--contacts", "all.csv", "--out", format, "--format", "json", "--test")
        outcome = run(*command, "--except", "-", input="".join(listed))
        assert (outcome.json["recipients"], outcome.json["not_chosen"]) == (1, 1)


def test_ids_with_odd_letters_are_found_again_behind_a_pipe(shipped: Path, run: Run) -> None:
    ids = ["a\u200fb", "c\x85d", "e\u2028f", "g\\u200fh"]
    rows = "".join(f"{contact_id},{number}@x.example\n" for number, contact_id in enumerate(ids))
    (shipped / "odd.csv").write_text(f"contact_id,email\n{rows}", "utf-8")
    command = ("mailing", "rewrite", "news", "--contacts", "odd.csv", "--format", "json", "--test")
    sent = run(*command, "--out", "odd")
    assert sent.code == 0 and sent.json["recipients"] == 4, sent.err
    listed = run("shipment", "recipients", 3).out
    again = run(*command, "--out", "again", "--only", "-", input=listed)
    assert again.code == 0 and again.json["recipients"] == 4, again.err


def test_what_cannot_be_rewritten_is_a_usage_error_or_a_conflict_with_a_way_out(shipped: Path, run: Run) -> None:
    rewrite = ("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "next")
    for code, said, options in (
        (5, "2,100 of these contacts have got the mailing 'news' already", ()),
        (2, "--split", ("--part", "1/2")),
        (2, "--part", ("--split", "x")),
        (2, "no part", ("--part", "3/2", "--split", "x")),
        (2, "only one of", ("--only", "-", "--except", "-")),
        (3, "--from", ("--as", "eml", "--test")),
        (4, "no such file", ("--only", "nothing.csv")),
        (2, "--wait", ("--wait", "-1")),
    ):
        outcome = run(*rewrite, *options)
        assert (outcome.code, said in outcome.err) == (code, True), (options, outcome.err)
    assert not (shipped / "next").exists() and len(run("shipment", "list", "--format", "json").json) == 2
    assert run(*rewrite, "--again").code == 0


def test_two_halves_are_everybody_and_stop_each_other_not(shipped: Path, run: Run) -> None:
    assert run("mailing", "add", "second", "mail.html").code == 0
    count = 0
    for half in ("1/2", "2/2"):
        command = ("mailing", "rewrite", "second", "--contacts", "contacts.csv", "--part", half, "--split", "subject")
        count += run(*command, "--out", half[0], "--format", "json").json["recipients"]
    assert count == 2100


def test_what_waits_in_the_workspace_s_own_click_log_is_imported_first(shipped: Path, run: Run) -> None:
    log = shipped / "clicklog"
    log.mkdir()
    command = ("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--test", "--out")
    assert "click log" not in run(*command, "empty").err
    line = '192.0.2.1 - - [04/May/2026:09:00:00 +0000] "GET /favicon.ico HTTP/1.1" 200 1 "-" "x"\n'
    (log / "clicks.log").write_text(line * 3)
    outcome = run(*command, "three")
    assert outcome.code == 0 and "Imported the workspace's own click log first: 0 new clicks." in outcome.err
    (log / "clicks.log").write_bytes(b"\x89PNG\r\n\x1a\n" * 500)
    outcome = run(*command, "four")
    assert outcome.code == 5 and "--no-import" in outcome.err and not (shipped / "four").exists()
    assert run(*command, "four", "--no-import").code == 0


def test_a_sender_can_be_named_when_a_shipment_is_rendered_as_e_mails(shipped: Path, run: Run) -> None:
    assert run("shipment", "render", 1, "--as", "mbox", "--out", "mbox").code == 3
    assert run("shipment", "render", 1, "--as", "mbox", "--out", "mbox", "--from", "Åsa <asa@x.example>").code == 0
    assert (shipped / "mbox" / "mailing.mbox").read_bytes().startswith(b"From asa@x.example ")


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("command", [("report", "nonclickers", "news"), ("shipment", "recipients", "1")], ids=" ".join)
def test_lists_of_ours_choose_contacts_as_workbooks_too(
    workspace: Workspace, run: Run, command: tuple[str, ...], language: str
) -> None:
    root = workspace.root
    settings = (root / "linktrack.toml").read_text("utf-8")
    named = settings + f'\nlanguage = "{language}"\n' if "language" not in settings else settings
    (root / "linktrack.toml").write_text(named, "utf-8")
    (root / "mail.html").write_text('<body><a href="https://shop.example/">a</a></body>', "utf-8")
    (root / "some.csv").write_text("contact_id,email\n0001,a@x.example\n2,b@x.example\n", "utf-8")
    (root / "all.csv").write_text("contact_id,email\n0001,a@x.example\n2,b@x.example\n3,c@x.example\n", "utf-8")
    assert run("mailing", "add", "news", "mail.html").code == 0
    assert run("mailing", "rewrite", "news", "--contacts", "some.csv", "--out", "one").code == 0
    assert run(*command, "-o", "list.xlsx").code == 0
    again = ("mailing", "rewrite", "news", "--contacts", "all.csv", "--again")
    assert run(*again, "--only", "list.xlsx", "--out", "two").code == 0
    assert run(*again, "--except", "list.xlsx", "--out", "three").code == 0
    assert [len(tree(root / folder)) for folder in ("two", "three")] == [2, 1]
