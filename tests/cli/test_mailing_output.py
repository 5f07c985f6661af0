"""What `mailing rewrite` and `shipment render` leave behind when all goes well, and when it does not."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.store.session import Database
from linktrack.workspace import Workspace

BODY = '<p>Hej {{ name }}</p>\r\n<a href="https://shop.example/x?a=1&amp;b">Buy</a>\n' + "<p>text</p>\n" * 1000
HTML = f"<!doctype html><html><body>{BODY}</body ></html>\n"
LINKTRACK = [sys.executable, "-m", "linktrack"]
FROM = ("--from", "Anna <anna@example.com>")
REWRITE = ("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out")


@pytest.fixture
def root(workspace: Workspace, run: Run) -> Path:
    """A workspace with a mailing of 12 KB and 2,000 contacts."""
    rows = "".join(f"{number},p{number}@x.example,Person {number}\n" for number in range(1, 2001))
    (workspace.root / "contacts.csv").write_text("contact_id,email,name\n" + rows, "utf-8")
    (workspace.root / "few.csv").write_text("contact_id,email,name\n1,a@x.example,Åsa\n", "utf-8")
    (workspace.root / "mail.html").write_bytes(HTML.encode())
    assert run("mailing", "add", "news", "mail.html", "--subject", "Hallå").code == 0
    return workspace.root


def few(run: Run, output: str, *options: object, out: str = "out") -> None:
    command = ("mailing", "rewrite", "news", "--contacts", "few.csv", "--as", output, "--out", out, *options)
    outcome = run(*command)
    assert outcome.code == 0, outcome.err


def left_over(root: Path) -> list[str]:
    return [path.name for path in root.iterdir() if "out" in path.name]


def test_the_honeypot_is_one_invisible_link_before_the_end_of_the_body_and_nothing_else(root: Path, run: Run) -> None:
    few(run, "html", "--honeypot")
    few(run, "eml", "--honeypot", "--fill", "--again", *FROM, out="eml")
    few(run, "ndjson", "--honeypot", "--again", out="ndjson")
    written = (root / "out" / "1.html").read_bytes().decode()
    trap = re.search(r'<a href="https://click\.example\.com/([a-z2-7]+)/[a-z2-7]{32}"([^>]*)></a>(?=</body >)', written)
    assert trap and {'aria-hidden="true"', 'tabindex="-1"'} <= set(trap[2].split())
    without = written.replace(trap[0], "")
    assert re.sub(r'"https://click[^"]+"', '"https://shop.example/x?a=1&amp;b"', without) == HTML
    row = json.loads((root / "ndjson" / "recipients.ndjson").read_text("utf-8"))
    assert trap[1] in row["html"] and trap[1] not in row["text"]
    plain, _ = message_from_bytes((root / "eml" / "1.eml").read_bytes(), policy=policy.default).iter_parts()
    assert trap[1] not in str(plain.get_payload())


def test_a_mail_without_a_body_gets_its_honeypot_at_the_end(root: Path, run: Run) -> None:
    (root / "mail.html").write_text('<a href="https://shop.example/x">x</a>\n', "utf-8")
    assert run("mailing", "add", "news", "mail.html", "--replace").code == 0
    few(run, "html", "--honeypot")
    assert (root / "out" / "1.html").read_text("utf-8").endswith('rel="nofollow"></a>')


def test_a_shipment_can_be_rendered_as_e_mails_and_as_a_template_later(root: Path, run: Run) -> None:
    few(run, "html")
    for output in ("eml", "mbox", "template"):
        keep = ("--keep-merge-tags",) if output == "mbox" else ("--fill",) if output == "eml" else ()
        assert run("shipment", "render", 1, "--as", output, "--out", output, *FROM, *keep).code == 0
    unsubscribe = re.search(rb"\r\nList-Unsubscribe: <(\S+)>\r\n", (root / "eml" / "1.eml").read_bytes())
    token = re.search(r"/([a-z2-7]{32})\"", (root / "out" / "1.html").read_text("utf-8"))
    assert b"<p>Hej=20=\r\n=C3=85sa=\r\n</p>" in (root / "eml" / "1.eml").read_bytes()
    assert b"<p>Hej {{ name }}</p>" in (root / "mbox" / "mailing.mbox").read_bytes()
    assert unsubscribe and token and unsubscribe[1].decode().endswith(token[1])
    assert b"List-Unsubscribe: <" + unsubscribe[1] in (root / "mbox" / "mailing.mbox").read_bytes()
    assert "/{{ linktrack_token }}" in (root / "template" / "mailing.html").read_text("utf-8")
    assert token[1] in (root / "template" / "tokens.csv").read_text("utf-8")


def test_a_merge_tag_is_written_in_the_mailing_s_encoding_or_refused_before_anything_is_stored(
    root: Path, run: Run
) -> None:
    few(run, "template", "--merge-tag", "{{ jeton_clé }}")
    assert "/{{ jeton_clé }}" in (root / "out" / "mailing.html").read_text("utf-8")
    (root / "latin.html").write_bytes(
        '<meta charset="iso-8859-2"><a href="https://a.example/">ł</a>'.encode("iso-8859-2")
    )
    assert run("mailing", "add", "latin", "latin.html").code == 0
    command = (
        "mailing",
        "rewrite",
        "latin",
        "--contacts",
        "few.csv",
        "--as",
        "template",
        "--out",
        "two",
        "--merge-tag",
    )
    outcome = run(*command, "{{ 標 }}")
    assert outcome.code == 3 and "iso8859-2" in outcome.err
    outcome = run(*command, '[[data:token:""]]')
    assert outcome.code == 3 and "has a quotation mark in it, which ends the address in line 1" in outcome.err
    outcome = run(*command, "{{ token }}", "--person-merge-tag", '{{ own["token"] }}')
    assert outcome.code == 3 and "quotation mark" in outcome.err
    assert len(run("shipment", "list", "--format", "json").json) == 1 and not (root / "two").exists()


def test_contacts_that_no_mail_can_reach_are_left_out_of_e_mails_and_reported(root: Path, run: Run) -> None:
    (root / "few.csv").write_text("contact_id,email\n1,a@x.example\n2,\n3,b@x>\n", "utf-8")
    command = ("mailing", "rewrite", "news", "--contacts", "few.csv", "--format", "json", "--out")
    outcome = run(*command, "eml", "--as", "eml", "--fill", *FROM)
    assert (outcome.code, outcome.json["recipients"], outcome.json["left_out"]) == (6, 1, 2)
    assert "line 3: there is no e-mail address" in outcome.err and "line 4: 'b@x>' is no" in outcome.err
    outcome = run(*command, "html", "--again")
    assert (outcome.code, outcome.json["recipients"]) == (0, 3)  # files need no address


def test_a_sender_that_is_none_is_refused_before_anything_is_stored(root: Path, run: Run) -> None:
    outcome = run(*REWRITE, "out", "--as", "eml", "--fill", "--from", "Anna")
    assert outcome.code == 3 and "--from" in outcome.err
    assert run("shipment", "list", "--format", "json").json == [] and left_over(root) == []


@pytest.mark.faults
@pytest.mark.parametrize("output", ["ndjson", "mbox"])
def test_a_stream_that_is_cut_short_names_its_rows_and_the_three_ways_on(root: Path, run: Run, output: str) -> None:
    command = [*LINKTRACK, *REWRITE, "-", "--as", output, "--fill", *FROM]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root)
    assert process.stdout is not None and process.stderr is not None
    taken = process.stdout.read(1_000_000)
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 5
    rows = re.search(r"after ([\d,]+) of 2,000 rows \(whoever read them has gone\)", said)
    began = taken.count(b'{"contact_id"') if output == "ndjson" else taken.count(b"\nTo: ")
    assert rows and began - 1 <= int(rows[1].replace(",", "")) < began + 20  # what the pipe held is more than was read
    for way in ("shipment render 1 --out DIR", "shipment restore 1", "shipment cancel 1"):
        assert way in said
    assert said.count("\n") == 1
    assert run("shipment", "list", "--format", "json").json[0]["state"] == "unfinished"


@pytest.mark.faults
def test_a_full_disk_is_an_error_with_a_way_out_and_leaves_no_half_file(root: Path, run: Run) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000_000, 12_000_000))

    done = subprocess.run(
        [*LINKTRACK, *REWRITE, "out", "--as", "mbox", "--fill", *FROM],
        capture_output=True,
        text=True,
        cwd=root,
        preexec_fn=small_files,
    )
    assert done.returncode == 5 and "Traceback" not in done.stderr
    assert "Shipment 1 is unfinished" in done.stderr and left_over(root) == []
    assert run("shipment", "list", "--format", "json").json[0]["state"] == "unfinished"
    assert run("shipment", "render", 1, "--out", "out").code == 0
    assert run("shipment", "list", "--format", "json").json[0]["state"] == "sent"
    assert (root / "out" / "mailing.mbox").read_bytes().count(b"\nTo: ") == 2000


@pytest.mark.faults
def test_ctrl_c_in_the_middle_leaves_no_half_folder_and_the_shipment_can_be_written(root: Path, run: Run) -> None:
    process = subprocess.Popen([*LINKTRACK, *REWRITE, "out"], stderr=subprocess.PIPE, text=True, cwd=root)
    while not any(".unfinished-" in name for name in left_over(root)):
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130 and "shipment render 1" in said and "Traceback" not in said
    assert left_over(root) == []
    assert run("shipment", "render", 1, "--out", "out").code == 0
    assert len(list((root / "out").iterdir())) == 2000


def test_progress_is_shown_on_a_terminal_only(root: Path) -> None:
    piped = subprocess.run([*LINKTRACK, *REWRITE, "one"], capture_output=True, cwd=root, check=True)
    assert piped.stdout == b"" and piped.stderr.decode().splitlines() == [
        "Note: merge tags stand there as they are: {{ name }} (line 1, column 35)",
        "Wrote shipment 1 of news for 2,000 recipients to one.",
    ]
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen([*LINKTRACK, *REWRITE, "two", "--again"], stderr=slave, cwd=root, env=environment)
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    os.close(master)
    assert process.wait() == 0 and b"Mails" in shown and b"\x1b[" in shown


def test_recipients_may_be_called_anything(root: Path, run: Run, database: Database) -> None:
    ids = ["../x", "a/b", "CON", "..", "x" * 300, "å" * 300, "-rf", "1\t2", "A", "a"]
    (root / "few.csv").write_text("contact_id\n" + "\n".join(ids) + "\n", "utf-8")
    few(run, "html")
    assert len(list((root / "out").iterdir())) == len(ids) and not (root / "x.html").exists()
    few(run, "ndjson", "--again", out="rows")
    rows = (root / "rows" / "recipients.ndjson").read_text("utf-8").splitlines()
    assert [json.loads(row)["contact_id"] for row in rows] == ids


def test_a_link_that_parsers_read_differently_is_a_warning_and_strictly_an_error(root: Path, run: Run) -> None:
    (root / "odd.html").write_text('<p>\n<a b\x0bhref="https://b.example/" href="https://a.example/">x</a>', "utf-8")
    outcome = run("mailing", "add", "odd", "odd.html")
    assert outcome.code == 0 and "Warning: line 2, column 38: another parser reads" in outcome.err
    outcome = run("mailing", "add", "strict", "odd.html", "--strict")
    assert outcome.code == 3 and outcome.err.startswith("linktrack: odd.html:2:38: another parser")
    assert run("mailing", "check", "odd", "--format", "json").json[-1]["rule"] == "parsers-disagree"
