"""linktrack mailing, as a shell sees it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.links.signing_keys import open_keys
from linktrack.store.session import Database
from linktrack.workspace import Workspace

HTML = """<!doctype html><html><body><p>Hej {{ name }}</p>
<!--[if mso]><v:roundrect href="https://shop.example/x?a=1&amp;s={{ Segment }}"><center>Buy</center></v:roundrect><![endif]-->
<a href='https://shop.example/x?a=1&amp;s={{ Segment }}'>Buy <b>now</b></a>
<a href="linktrack:offer"><img src=i.png alt=Offer></a> <a href=https://www.example.com/offer>Offer again</a>
<a href="mailto:a@b.example">Mail</a> <a data-track=off href="https://shop.example/quiet">q</a>
<!-- <a href="https://shop.example/old">old</a> -->
<a href=linktrack:unsubscribe>Bye</a></body></html>
"""
ORIGINALS = [
    "https://shop.example/x?a=1&amp;s={{ Segment }}",
    "https://shop.example/x?a=1&amp;s={{ Segment }}",
    "linktrack:offer",
    "https://www.example.com/offer",
    "linktrack:unsubscribe",
]
CONTACTS = "contact_id;email;name;Segment\n10;a@x.example;Åsa Öst;A & B\n2;b@x.example;Bo;\nå/3;c@x.example;;C\n"


@pytest.fixture
def files(workspace: Workspace, run: Run) -> Path:
    """A workspace with a registered link, a mail and contacts."""
    (workspace.root / "mail.html").write_text(HTML, "utf-8")
    (workspace.root / "contacts.csv").write_text(CONTACTS, "utf-8")
    assert run("link", "add", "offer", "--url", "https://www.example.com/offer").code == 0
    return workspace.root


def add(run: Run, *options: object, name: str = "news") -> None:
    outcome = run("mailing", "add", name, "mail.html", "--subject", "Hallå", *options)
    assert outcome.code == 0, outcome.err


def rewrite(run: Run, *options: object, out: object = "out") -> dict[str, object]:
    outcome = run(
        "mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", out, "--format", "json", *options
    )
    assert outcome.code == 0, outcome.err
    record: dict[str, object] = outcome.json
    return record


def test_add_says_what_is_tracked(files: Path, run: Run) -> None:
    outcome = run("mailing", "add", "news", "mail.html", "--format", "json")
    assert outcome.json == {
        "mailing": "news",
        "addresses": 9,
        "placements": 5,
        "registered_links": 2,
        "local_links": 1,
        "unknown_keys": 0,
    }
    assert "5 of 9 addresses are tracked" in outcome.err


def test_links_lists_every_address_with_target_or_reason(files: Path, run: Run) -> None:
    add(run, "--utm-source", "news", "--utm-campaign", "{mailing.name}")
    rows = run("mailing", "links", "news", "--format", "json").json
    assert list(rows[0]) == ["placement", "link", "label", "kind", "line", "column", "target", "tracked", "reason"]
    tags = "utm_source=news&utm_medium=email&utm_campaign=news"
    shown = [(row["link"], row["label"], row["kind"], row["line"], row["target"], row["reason"]) for row in rows]
    buy = f"https://shop.example/x?a=1&s={{{{ Segment }}}}&{tags}"
    assert shown == [
        ("news.1", "Buy", "vml", 2, buy, ""),
        ("news.1", "Buy now", "a", 3, buy, ""),
        ("offer", "Offer", "a", 4, f"https://www.example.com/offer?{tags}", ""),
        (None, "", "src", 4, "i.png", "src attribute"),
        ("offer", "Offer again", "a", 4, f"https://www.example.com/offer?{tags}", ""),
        (None, "Mail", "a", 5, "mailto:a@b.example", "mailto"),
        (None, "q", "a", 5, "https://shop.example/quiet", "opt-out: data-track"),
        (None, "", "a", 6, "https://shop.example/old", "comment"),
        ("unsubscribe", "Bye", "a", 7, "linktrack:unsubscribe", ""),
    ]
    assert [row["tracked"] for row in rows] == [not row[5] for row in shown]
    assert len({row["placement"] for row in rows if row["tracked"]}) == 5
    assert len(run("mailing", "links", "news", "--untracked", "--format", "json").json) == 4


def test_without_track_all_only_registered_links_are_tracked(files: Path, run: Run) -> None:
    add(run, "--no-track-all")
    rows = run("mailing", "links", "news", "--format", "json").json
    assert {row["link"] for row in rows if row["tracked"]} == {"offer", "unsubscribe"}
    assert [row["reason"] for row in rows[:2]] == ["not-registered", "not-registered"]


def test_rewrite_changes_the_addresses_and_nothing_else(
    files: Path, run: Run, workspace: Workspace, database: Database
) -> None:
    add(run)
    record = rewrite(run)
    assert record == {
        "shipment": 1,
        "recipients": 3,
        "placements": 5,
        "files": 3,
        "left_out": 0,
        "left": 0,
        "forgotten": 0,
        "not_chosen": 0,
    }
    assert sorted(path.name for path in (files / "out").iterdir()) == ["10.html", "2.html", "å%2F3.html"]
    rows = [row for row in run("mailing", "links", "news", "--format", "json").json if row["tracked"]]
    signing = open_keys(workspace, database).tokens
    number = database.value("SELECT number FROM shipment")
    tokens = set()
    for name in ("10.html", "2.html", "å%2F3.html"):
        written = (files / "out" / name).read_text("utf-8")
        found = re.findall(r"https://click\.example\.com/([a-z2-7]+)/([a-z2-7]{32})", written)
        assert [key for key, _ in found] == [row["placement"] for row in rows]
        assert len({token for _, token in found}) == 1
        assert (signing.verify(found[0][1]) or (0, 0))[0] == number
        tokens.add(found[0][1])
        for address, original in zip(found, ORIGINALS, strict=True):
            written = written.replace("https://click.example.com/" + "/".join(address), original, 1)
        assert written == HTML
    assert len(tokens) == 3


def test_ndjson_rows_come_in_the_order_of_the_contacts(files: Path, run: Run) -> None:
    add(run)
    outcome = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--as", "ndjson", "--out", "-")
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [list(row) for row in rows] == [["contact_id", "email", "token", "subject", "html", "text"]] * 3
    assert [row["contact_id"] for row in rows] == ["10", "2", "å/3"]
    assert all(row["html"].count(row["token"]) == 5 and row["token"] in row["text"] for row in rows)
    assert rows[0]["subject"] == "Hallå" and rows[0]["html"].startswith(HTML[:40])
    rewrite(run, "--as", "ndjson", "--again")
    kept = [json.loads(line) for line in (files / "out" / "recipients.ndjson").read_text("utf-8").splitlines()]
    assert [row["contact_id"] for row in kept] == ["10", "2", "å/3"]
    assert kept[0]["token"] != rows[0]["token"]  # another shipment


def test_a_text_part_is_tracked_with_placements_of_its_own(files: Path, run: Run) -> None:
    (files / "mail.txt").write_text(
        "Köp: https://shop.example/x?a=1&s={{ Segment }}.\nErbjudande: linktrack:offer\n", "utf-8"
    )
    add(run, "--text", "mail.txt")
    rows = [row for row in run("mailing", "links", "news", "--format", "json").json if row["kind"] == "text"]
    assert [(row["link"], row["line"], row["column"]) for row in rows] == [("news.1", 1, 6), ("offer", 2, 13)]
    outcome = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--as", "ndjson", "--out", "-")
    row = json.loads(outcome.out.splitlines()[0])
    start = "https://click.example.com"
    assert row["text"] == (
        f"Köp: {start}/{rows[0]['placement']}/{row['token']}.\nErbjudande: {start}/{rows[1]['placement']}/{row['token']}\n"
    )


def test_eml_and_mbox_are_made_with_a_sender_and_an_unsubscribe_header(files: Path, run: Run) -> None:
    add(run)
    record = rewrite(run, "--as", "eml", "--from", "Anna <anna@example.com>", "--fill", out="eml")
    assert (record["files"], record["placements"]) == (3, 6)
    mail = (files / "eml" / "10.eml").read_bytes()
    assert (
        b'\r\nFrom: "Anna" <anna@example.com>\r\n' in mail and b"List-Unsubscribe: <https://click.example.com/" in mail
    )
    sender = ("--from", "Anna <anna@example.com>", "--again")
    record = rewrite(run, "--as", "mbox", "--keep-merge-tags", *sender, out="mbox")
    assert record["files"] == 1 and (files / "mbox" / "mailing.mbox").read_bytes().count(b"\nTo: ") == 3
    outcome = run(
        "mailing", "rewrite", "news", "--contacts", "contacts.csv", "--as", "mbox", "--fill", "--out", "-", *sender
    )
    assert outcome.out.count("\nTo: ") == 3


def test_a_template_carries_the_merge_tag_and_tokens_csv_the_tokens(files: Path, run: Run) -> None:
    add(run)
    rewrite(run, "--as", "template", "--merge-tag", "*|LTTOKEN|*")
    assert sorted(path.name for path in (files / "out").iterdir()) == ["mailing.html", "mailing.txt", "tokens.csv"]
    assert (files / "out" / "mailing.html").read_text("utf-8").count("/*|LTTOKEN|*") == 5
    rows = list(csv.reader((files / "out" / "tokens.csv").read_text("utf-8").splitlines()))
    assert rows[0] == ["contact_id", "email", "token"] and [row[0] for row in rows[1:]] == ["10", "2", "å/3"]
    assert all(re.fullmatch("[a-z2-7]{32}", row[2]) for row in rows[1:])


def test_the_honeypot_is_put_in_before_the_end_of_the_body(files: Path, run: Run, database: Database) -> None:
    add(run)
    rewrite(run, "--honeypot")
    written = (files / "out" / "10.html").read_text("utf-8")
    key = database.value("SELECT placement.key FROM placement WHERE kind = 'honeypot'")
    assert re.search(
        rf'<a href="https://click\.example\.com/{key}/[a-z2-7]{{32}}" style="display:none[^>]*></a></body>',
        written,
    )
    assert (
        database.value(
            "SELECT link.key FROM placement JOIN link ON link.id = link_id WHERE placement.kind = 'honeypot'"
        )
        == "honeypot"
    )
    rewrite(run, "--again", out="plain")
    assert key not in (files / "plain" / "10.html").read_text("utf-8")


def test_recipients_keep_only_the_fields_that_targets_need(files: Path, run: Run, database: Database) -> None:
    add(run)
    rewrite(run, "--test", "--sent-at", "2026-05-04T09:00:00+02:00")
    rows = database.rows("SELECT contact_id, email, name, fields FROM recipient ORDER BY id")
    assert rows[0] == ("10", "a@x.example", "Åsa Öst", '{"Segment": "A & B"}')
    assert database.row("SELECT is_test, sent_at, recipients FROM shipment") == (1, 1777878000000, 3)
    (files / "contacts.csv").write_text("contact_id;email;name\n10;new@x.example;Åsa\n", "utf-8")
    rewrite(run, out="again")
    assert database.rows("SELECT contact_id, email, fields FROM recipient ORDER BY id")[0] == (
        "10", "new@x.example", '{"Segment": "A & B"}')  # fmt: skip
    assert database.value("SELECT count(*) FROM recipient") == 3


def test_rows_without_an_id_and_repeated_ones_are_left_out_with_exit_code_6(files: Path, run: Run) -> None:
    add(run)
    (files / "contacts.csv").write_text("contact_id;email\n1;a@x.example\n;b@x.example\n1;c@x.example\n", "utf-8")
    outcome = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "out", "--format", "json")
    assert (outcome.code, outcome.json["recipients"], outcome.json["left_out"]) == (6, 1, 2)
    assert "line 3" in outcome.err and "line 4" in outcome.err


def test_list_show_delete(files: Path, run: Run) -> None:
    add(run, "--type", "newsletter")
    rows = run("mailing", "list", "--format", "json").json
    assert rows[0]["mailing"] == "news" and (rows[0]["placements"], rows[0]["links"], rows[0]["shipments"]) == (5, 3, 0)
    shown = run("mailing", "show", "news", "--format", "json").json
    assert (shown["subject"], shown["type"], shown["shipments"], shown["text"]) == ("Hallå", "newsletter", [], False)
    assert run("mailing", "delete", "news").code == 2  # no terminal, no --yes
    assert run("mailing", "delete", "news", "--yes").code == 0
    assert run("mailing", "list", "--format", "json").json == []
    assert run("mailing", "list", "--deleted", "--format", "json").json[0]["status"] == "deleted"
    assert run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "out").code == 5
    assert run("mailing", "add", "news", "mail.html").code == 0  # nobody had it: its name is free


def test_replace_keeps_the_keys_of_what_stays(files: Path, run: Run) -> None:
    add(run)
    before = run("mailing", "links", "news", "--format", "json").json
    assert run("mailing", "add", "news", "mail.html").code == 5
    (files / "mail.html").write_text(HTML.replace("https://shop.example/x", "https://shop.example/y"), "utf-8")
    add(run, "--replace")
    after = run("mailing", "links", "news", "--format", "json").json
    assert [row["placement"] for row in after] == [row["placement"] for row in before]
    assert after[0]["target"].startswith("https://shop.example/y")
    rewrite(run)
    assert run("mailing", "add", "news", "mail.html", "--replace").code == 5


def test_an_unknown_key_is_a_finding_and_stops_the_rewriting_until_it_is_there(files: Path, run: Run) -> None:
    (files / "mail.html").write_text('<a href="linktrack:soon">x</a><a href="linktrack:unsubscribe">y</a>', "utf-8")
    outcome = run("mailing", "add", "news", "mail.html")
    assert outcome.code == 0 and "soon" in outcome.err
    checked = run("mailing", "check", "news", "--format", "json")
    assert (checked.code, checked.json[0]["rule"], checked.json[0]["column"]) == (6, "unknown-key", 10)
    outcome = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "out")
    assert outcome.code == 4 and "soon" in outcome.err and not (files / "out").exists()
    run("link", "add", "sooner", "--url", "https://www.example.com/sooner")
    outcome = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "out")
    assert "line 1, column 10 of the mailing 'news': there is no link 'soon' (did you mean 'sooner'?)" in outcome.err
    run("link", "add", "soon", "--url", "https://www.example.com/soon")
    assert rewrite(run)["placements"] == 2
    assert run("mailing", "check", "news").code == 0


def test_mistakes_have_their_exit_codes(files: Path, run: Run) -> None:
    add(run)
    (files / "broken.html").write_text('<p>x</p>\n  <a href="https://a>text</a>', "utf-8")
    (files / "full").mkdir()
    (files / "full" / "x").write_text("x")
    (files / "other.csv").write_text("id;mail\n1;a@x.example\n", "utf-8")
    arguments = ("mailing", "rewrite", "news", "--contacts")
    for code, said, command in (
        (3, "broken.html:2:3: ", ("mailing", "add", "other", "broken.html")),
        (4, "no such file", ("mailing", "add", "other", "nothing.html")),
        (3, "this is a folder", ("mailing", "add", "other", "full")),
        (3, "not a name", ("mailing", "add", "a/b", "mail.html")),
        (4, "no mailing 'x'", ("mailing", "links", "x")),
        (4, "no file of that name", ("mailing", "check", "x")),
        (4, "no mailing 'newz' (did you mean 'news'?), and no file", ("mailing", "check", "newz")),
        (4, "did you mean 'news'", ("click", "import", "mail.html", "--mailing", "newz")),
        (3, "not UTF-8", ("mailing", "add", "\udcff", "mail.html")),
        (3, "not UTF-8", ("mailing", "add", "x", "mail.html", "--subject", "\udcff")),
        (3, "not a web address", ("mailing", "add", "x", "mail.html", "--base", "x")),
        (3, "no charset", ("mailing", "add", "x", "mail.html", "--charset", "klingon")),
        (4, "no such folder", ("mailing", "tag", "mail.html", "-o", "nowhere/x", "--source", "s")),
        (2, "do not go together", ("mailing", "tag", "mail.html", "--source", "s", "--urls", "--text")),
        (4, "no such file", (*arguments, "nothing.csv", "--out", "out")),
        (3, "contact_id", (*arguments, "other.csv", "--out", "out")),
        (5, "not empty", (*arguments, "contacts.csv", "--out", "full")),
        (5, "is a file", (*arguments, "contacts.csv", "--out", "mail.html")),
        (2, "--out DIR", (*arguments, "contacts.csv", "--out", "-")),
        (2, "not a time", (*arguments, "contacts.csv", "--out", "out", "--sent-at", "tomorrow")),
        (2, "", ("mailing", "add", "x")),
    ):
        outcome = run(*command)
        assert (outcome.code, said in outcome.err) == (code, True), (command, outcome)
    assert not (files / "out").exists()
    assert run("shipment", "list", "--format", "json").json == []


def test_nothing_half_written_stays_when_the_disk_is_full(
    files: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(run)
    import errno

    import linktrack.mailings.outputs.output_folder as rendering
    from linktrack.mailings.outputs.output_folder import write_buffers as real

    wrote = 0

    def full(target: int, buffers: list[bytes]) -> None:
        nonlocal wrote
        wrote += 1
        if wrote == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(target, buffers)

    monkeypatch.setattr(rendering, "write_buffers", full)
    outcome = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "out")
    assert outcome.code == 5 and "the disk is full" in outcome.err
    assert sorted(path.name for path in files.iterdir() if "out" in path.name) == []
    monkeypatch.setattr(rendering, "write_buffers", real)
    assert run("shipment", "render", 1, "--out", "out").code == 0
    assert len(list((files / "out").iterdir())) == 3


def test_check_takes_files_too(files: Path, run: Run) -> None:
    (files / "bad.html").write_text('<a href="http://a.example/">x</a>', "utf-8")
    outcome = run("mailing", "check", "bad.html", "--format", "json")
    assert outcome.code == 6
    assert [(row["mailing"], row["rule"]) for row in outcome.json] == [
        ("bad.html", "no-unsubscribe"),
        ("bad.html", "plain-http"),
    ]
    assert list(outcome.json[0]) == ["mailing", "rule", "part", "line", "column", "address", "message"]


def test_strict_refuses_unknown_keys(files: Path, run: Run) -> None:
    (files / "mail.html").write_text('<a href="linktrack:nothing">x</a>', "utf-8")
    assert run("mailing", "add", "news", "mail.html", "--strict").code == 4
    assert run("mailing", "list", "--format", "json").json == []


# --- the filter ------------------------------------------------------------------------------------------------


def test_tag_is_a_filter_that_needs_no_workspace(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    html = "<a href='https://a.example/?x=1&amp;y'>å</a>\r\n"
    outcome = run("mailing", "tag", "-", "--source", "news", "--campaign", "spring", input=html)
    assert outcome.code == 0
    assert outcome.out.replace("\r\n", "\n") == html.replace("\r\n", "\n").replace(
        "&amp;y'", "&amp;y&amp;utm_source=news&amp;utm_medium=email&amp;utm_campaign=spring'"
    )
    (tmp_path / "urls.txt").write_text("https://a.example/\nmailto:x@a.example\n")
    options = ("--urls", "-o", "out.txt", "--source", "s", "--campaign", "c", "--medium", "push")
    outcome = run("mailing", "tag", "urls.txt", *options)
    assert (tmp_path / "out.txt").read_text().splitlines()[1] == "mailto:x@a.example"
    assert "Warning" in outcome.err and "1 of 2" in outcome.err
    assert run("mailing", "tag", "urls.txt").code == 2
    assert run("mailing", "tag", "nothing.html", "--source", "s").code == 4


def test_tag_keeps_every_byte_of_a_pipe(tmp_path: Path) -> None:
    data = b"\xff\xfe" + '<a href="https://a.example/">å😀</a>\r\n'.encode("utf-16-le")
    command = [
        sys.executable,
        "-m",
        "linktrack",
        "mailing",
        "tag",
        "-",
        "--source",
        "s",
        "--campaign",
        "c",
        "--policy",
        "off",
    ]
    assert subprocess.run(command, input=data, capture_output=True, cwd=tmp_path, check=True).stdout == data


def test_help_and_lists_do_not_import_the_slow_libraries(files: Path) -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom linktrack.cli.app import app\n"
        "CliRunner().invoke(app, ['mailing', 'list'])\nCliRunner().invoke(app, ['shipment', 'list'])\n"
        "print([name for name in ('sqlmodel', 'sqlalchemy', 'alembic', 'bs4') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=files, check=True)
    assert found.stdout.strip() == "[]", io.StringIO(found.stderr).read()


def test_an_empty_file_is_no_mailing(workspace: Workspace, run: Run) -> None:
    Path("empty.html").write_bytes(b"\r\n")
    done = run("mailing", "add", "empty", "empty.html")
    assert (done.code, done.err) == (3, "linktrack: empty.html: the file is empty: a mailing needs its HTML\n")
    assert run("mailing", "list", "--format", "json").json == []


def test_e_mails_with_merge_tags_are_filled_kept_or_refused(files: Path, run: Run) -> None:
    assert run("mailing", "add", "news", "mail.html", "--subject", "Till {{ Name }}, {{ contact.segment }}").code == 0
    command = (
        "mailing",
        "rewrite",
        "news",
        "--contacts",
        "contacts.csv",
        "--as",
        "eml",
        "--from",
        "anna@example.com",
        "--test",
    )
    outcome = run(*command, "--out", "raw")
    assert outcome.code == 3 and "{{ name }} (line 1, column 35)" in outcome.err and "--fill" in outcome.err
    assert not (files / "raw").exists() and run("shipment", "list", "--format", "json").json == []
    assert run(*command, "--out", "raw", "--fill", "--keep-merge-tags").code == 2
    assert run(*command, "--out", "kept", "--keep-merge-tags").code == 0
    assert b"Hej {{ name }}" in (files / "kept" / "10.eml").read_bytes()
    assert run(*command, "--out", "filled", "--fill").code == 0
    mail = message_from_bytes((files / "filled" / "10.eml").read_bytes(), policy=policy.default)
    html = mail.get_body(("html",))
    assert html is not None and "<p>Hej Åsa Öst</p>" in html.get_content() and mail["Subject"] == "Till Åsa Öst, A & B"
    assert b"{{" not in (files / "filled" / "2.eml").read_bytes()
    assert run("shipment", "render", 2, "--out", "again").code == 0
    assert (files / "again" / "10.eml").read_bytes() == (files / "filled" / "10.eml").read_bytes()
    outcome = run("shipment", "render", 2, "--out", "html", "--as", "html")
    assert outcome.code == 0 and "<p>Hej Bo</p>" in (files / "html" / "2.html").read_text("utf-8")
    outcome = run(*command[:-5], "--test", "--out", "-", "--as", "ndjson", "--fill")
    assert [json.loads(line)["subject"] for line in outcome.out.splitlines()][1] == "Till Bo, "


def test_what_cannot_be_filled_is_refused_before_anything_is_stored(files: Path, run: Run) -> None:
    (files / "mail.html").write_text("<p>\nHej {{ nmae }}</p>", "utf-8")
    add(run)
    command = ("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "out", "--fill")
    outcome = run(*command)
    assert outcome.code == 3 and "{{ nmae }} (line 2, column 5) names no column" in outcome.err
    assert run("shipment", "list", "--format", "json").json == [] and not (files / "out").exists()


def test_ga4_parameters_and_values_set_to_nothing_reach_the_target(files: Path, run: Run) -> None:
    (files / "mail.html").write_text('<a href="https://a.example/?utm_term=old">x</a>', "utf-8")
    options = ("--utm-source", "s", "--utm-campaign", "{hej}", "--utm-id", "7", "--utm-source-platform", "p", "--utm-creative-format",
               "text", "--utm-marketing-tactic", "m", "--utm-term", "", "--policy", "replace")  # fmt: skip
    outcome = run("mailing", "add", "news", "mail.html", *options)
    assert outcome.code == 0 and "utm_campaign holds {hej}, which nothing fills" in outcome.err
    (row,) = run("mailing", "links", "news", "--format", "json").json
    assert row["target"] == (
        "https://a.example/?utm_source=s&utm_medium=email&utm_campaign=%7Bhej%7D&utm_id=7&utm_source_platform=p"
        "&utm_creative_format=text&utm_marketing_tactic=m"
    )
    record = run("mailing", "show", "news", "--format", "json").json
    assert (record["utm_id"], record["utm_term"], record["utm_content"]) == ("7", "", "")
    outcome = run("mailing", "add", "own", "mail.html", "--utm-campaign", "c")
    assert "utm_campaign without utm_source" in outcome.err
    (files / "mail.html").write_text('<a href="https://a.example/?utm_source=mine">x</a>', "utf-8")
    outcome = run("mailing", "add", "kept", "mail.html", "--utm-source", "s")
    assert "utm_source='s' is not written where the author's own one stands" in outcome.err


def test_tag_takes_the_four_of_ga4_and_takes_out_what_is_set_to_nothing(tmp_path: Path, run: Run) -> None:
    urls = "https://a.example/?utm_term=x&utm_content=y\n"
    options = (
        "--id",
        "7",
        "--source-platform",
        "p",
        "--creative-format",
        "f",
        "--marketing-tactic",
        "m",
        "--term",
        "",
        "--policy",
        "replace",
    )
    outcome = run("mailing", "tag", "-", "--urls", "--source", "s", *options, input=urls)
    assert outcome.out == (
        "https://a.example/?utm_content=y&utm_source=s&utm_medium=email&utm_id=7&utm_source_platform=p&utm_creative_format=f"
        "&utm_marketing_tactic=m\n"
    )
    outcome = run("mailing", "tag", "-", "--urls", "--term", "", "--policy", "replace", input=urls)
    assert outcome.out == "https://a.example/?utm_content=y\n"


def test_check_of_several_says_whose_finding_it_is(files: Path, run: Run) -> None:
    for name in ("one", "two"):
        (files / f"{name}.html").write_text(
            f'<a href="http://{name}.example/">unsub</a><a href="linktrack:unsubscribe">x</a>', "utf-8"
        )
    outcome = run("mailing", "check", "one.html", "two.html", "--format", "table")
    assert outcome.code == 6 and "one.html" in outcome.out and "two.html" in outcome.out
    assert "one.html" not in run("mailing", "check", "one.html", "--format", "table").out
    assert run("mailing", "check", "--help").out.count("--online") == 1


@pytest.mark.parametrize("name", ["contacts.csv", "linktrack.toml", "linktrack.db"])
def test_only_html_is_added(files: Path, run: Run, name: str) -> None:
    outcome = run("mailing", "add", "odd", name)
    assert outcome.code == 3 and name in outcome.err and "Traceback" not in outcome.err
    assert run("mailing", "list", "--format", "json").json == []


def test_edit_restore_and_names_that_are_free_again(files: Path, run: Run) -> None:
    add(run, "--type", "newsletter")
    done = run(
        "mailing", "edit", "news", "--name", "spring", "--subject", "Vår", "--utm-source", "brev", "--type", "offers"
    )
    assert (done.code, done.err) == (0, "Changed spring: name, subject, type, utm_source.\n")
    shown = run("mailing", "show", "spring", "--format", "json").json
    assert (shown["subject"], shown["utm_source"], shown["type"]) == ("Vår", "brev", "offers")
    (files / "mail.html").write_text(HTML.replace("Bye", "Farewell"), "utf-8")
    assert "Changed spring: html." in run("mailing", "edit", "spring", "--html", "mail.html").err
    assert run("mailing", "edit", "spring").code == 2
    assert run("mailing", "edit", "news", "--subject", "x").code == 4
    run("mailing", "delete", "spring", "--yes")
    assert run("mailing", "edit", "spring", "--subject", "x").code == 5
    assert run("mailing", "list", "--format", "json").json == []
    assert run("mailing", "restore", "spring").code == 0
    assert run("mailing", "restore", "spring").code == 5
    assert [row["status"] for row in run("mailing", "list", "--all", "--format", "json").json] == ["active"]
    run("mailing", "delete", "spring", "--yes")
    add(run, name="spring")
    names = [row["mailing"] for row in run("mailing", "list", "--all", "--format", "json").json]
    assert names == ["spring (deleted)", "spring"]


def test_preview_writes_a_copy_or_opens_it_and_stores_nothing(
    files: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(run)
    done = run("mailing", "preview", "news", "--contacts", "contacts.csv", "-o", "-")
    assert done.code == 0 and "<p>Hej Åsa Öst</p>" in done.out and "https://preview.invalid/" in done.out
    assert run("mailing", "preview", "news", "--contacts", "contacts.csv", "-o", "contacts.csv").code == 5
    assert run("mailing", "preview", "news", "--contacts", "contacts.csv", "-o", "linktrack.key").code == 5
    done = run("mailing", "preview", "news", "--contacts", "contacts.csv", "--contact", "2", "-o", "p.html")
    assert "for contact 2" in done.err and "<p>Hej Bo</p>" in (files / "p.html").read_text("utf-8")
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    (files / "temporary" / "linktrack-preview-old").mkdir(parents=True)
    os.utime(files / "temporary" / "linktrack-preview-old", (0, 0))
    monkeypatch.setattr("tempfile.tempdir", str(files / "temporary"))
    done = run("mailing", "preview", "news")
    assert not (files / "temporary" / "linktrack-preview-old").exists()
    path = Path(opened[0].removeprefix("file://"))
    assert "{{ name }}" in path.read_text("utf-8") and path.stat().st_mode & 0o777 == 0o600
    assert run("shipment", "list", "--format", "json").json == []
    assert run("mailing", "preview", "news", "--contact", "2").code == 4  # nobody has got anything


def test_add_says_what_it_found(files: Path, run: Run) -> None:
    run("link", "add", "form", "--url", "https://www.example.com/form")
    (files / "mail.html").write_text('<a href="linktrack:offer">x</a> <a href="http://www.example.com/form/">y</a>')
    said = run("mailing", "add", "news", "mail.html").err
    assert "Note: registered links in it: offer\n" in said
    assert "http://www.example.com/form/ is the link form but for the scheme and the slash at the end" in said


def test_only_html_is_taken_as_a_mailing(files: Path, run: Run) -> None:
    (files / "picture.html").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    for file in ("picture.html", "linktrack.toml", "linktrack.db", "contacts.csv"):
        assert run("mailing", "add", "x", file).code == 3
    assert run("mailing", "list", "--format", "json").json == []


def test_an_empty_list_of_whom_to_leave_out_is_a_command_that_failed(files: Path, run: Run) -> None:
    add(run)
    for option in ("--except", "--only"):
        refused = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", option, "-", "--out", "out", input="")
        assert refused.code == 3 and "has nothing in it, not even a header" in refused.err
    assert not (files / "out").exists() and run("shipment", "list", "--format", "json").json == []
    nobody = run(
        "mailing",
        "rewrite",
        "news",
        "--contacts",
        "contacts.csv",
        "--except",
        "-",
        "--out",
        "out",
        input="contact_id\n",
    )
    assert nobody.code == 0


def test_a_charset_that_there_is_not_is_said_when_a_mailing_is_added(files: Path, run: Run) -> None:
    (files / "mail.html").write_text(f'<meta charset="klingon-8">{HTML}', "utf-8")
    outcome = run("mailing", "add", "news", "mail.html")
    assert outcome.code == 0 and "line 1, column 16: the mail says that it is in the charset 'klingon-8'" in outcome.err


def test_a_preview_does_not_replace_the_mailing_s_own_file_but_any_other(files: Path, run: Run) -> None:
    own = files / "own.html"
    own.write_text('<a href="https://shop.example/own">x</a>', "utf-8")
    assert run("mailing", "add", "own", str(own)).code == 0
    done = run("mailing", "preview", "own", "-o", str(own))
    assert (done.code, own.read_text("utf-8")) == (5, '<a href="https://shop.example/own">x</a>')
    assert "the mailing itself" in done.err
    other = files / "other.html"
    other.write_text("something", "utf-8")
    assert run("mailing", "preview", "own", "-o", str(other)).code == 0
    assert run("mailing", "preview", "own", "-o", str(other)).code == 0
    assert "preview.invalid" in other.read_text("utf-8")
    done = run("mailing", "add", "again", str(other))
    assert done.code == 0 and "leads nowhere: use the original address" in done.err
    assert "wrapped" in run("mailing", "check", "again").out


ANSWERS = {
    "yes": ("y\n", True),
    "yes in full, in capitals": (" YES \n", True),
    "yes in Swedish": ("j\n", True),
    "yes in full in Swedish": ("Ja\n", True),
    "no": ("n\n", False),
    "no in Swedish": ("nej\n", False),
    "nothing": ("\n", False),
    "first what is no answer": ("kanske\nja\n", True),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_questions_take_answers_in_english_and_swedish(
    workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    said, deleted = ANSWERS[case]
    (workspace.root / "mail.html").write_text("<p>Hej", "utf-8")
    assert run("mailing", "add", "news", "mail.html").code == 0
    monkeypatch.setattr("linktrack.cli.output.at_terminal", lambda: True)
    done = run("mailing", "delete", "news", input=said)
    assert "Delete the mailing 'news'? [y/N]" in done.out + done.err
    assert ("'kanske' is no answer" in done.err) == ("kanske" in said)
    assert (run("mailing", "list", "--format", "json").json == []) == deleted


def test_a_text_part_is_refused_by_its_file_s_name(workspace: Workspace, run: Run) -> None:
    (workspace.root / "mail.html").write_text("<p>Hej", "utf-8")
    (workspace.root / "ok.html").write_text("<p>Hej", "utf-8")
    (workspace.root / "c.html").write_text("id;html\n1;<b>hej</b>\n", "utf-8")
    assert run("mailing", "add", "news", "mail.html").code == 0
    for command, name in (
        (("add", "x", "mail.html", "--text", "ok.html"), "ok.html"),
        (("add", "x", "c.html"), "c.html"),
        (("edit", "news", "--text", "ok.html"), "ok.html"),
    ):
        done = run("mailing", *command)
        assert (done.code, f"{name}: this is" in done.err) == (3, True), done.err
