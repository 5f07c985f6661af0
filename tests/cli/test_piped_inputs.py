"""Files that come through a pipe: read as files are, gone when the command is done, or refused with the way out."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from linktrack.cli.shared_inputs import readable
from linktrack.errors import BadInput
from linktrack.files.reading import STDIN
from linktrack.workspace import Workspace


def bash(root: Path, line: str) -> subprocess.CompletedProcess[str]:
    script = f'linktrack() {{ "{sys.executable}" -m linktrack "$@"; }}; set -o pipefail; {line}'
    environment = {**os.environ, "TMPDIR": str(root / "tmp")}
    (root / "tmp").mkdir(exist_ok=True)
    return subprocess.run(
        ["bash", "-c", script], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


REWRITE = "linktrack mailing rewrite news --out mails --as ndjson --again"
WORKS = {
    "contacts": (f"{REWRITE} --contacts <(cat contacts.csv)", "for 5 recipients"),
    "contacts from stdin by its name": (f"cat contacts.csv | {REWRITE} --contacts /dev/stdin", "for 5 recipients"),
    "contacts from stdin": (f"cat contacts.csv | {REWRITE} --contacts -", "for 5 recipients"),
    "contacts from a redirected file": (f"{REWRITE} --contacts /dev/stdin < contacts.csv", "for 5 recipients"),
    "only": (f"{REWRITE} --contacts contacts.csv --only <(head -2 contacts.csv)", "for 1 recipient "),
    "only, twice": (
        f"{REWRITE} --contacts contacts.csv --only <(head -2 contacts.csv) --only <(head -3 contacts.csv)",
        "for 2 recipients",
    ),
    "except": (f"{REWRITE} --contacts <(cat contacts.csv) --except <(head -3 contacts.csv)", "for 3 recipients"),
    "preview": (
        "linktrack mailing preview news --contacts <(cat contacts.csv) --contact 10043 -o copy.html",
        "for contact 10043",
    ),
    "preview from stdin": (
        "cat contacts.csv | linktrack mailing preview news --contacts - -o copy.html",
        "for contact 10042",
    ),
    "doctor": ("linktrack doctor --crm <(cat contacts.csv)", "pipe: CSV"),
    "doctor from stdin": ("cat contacts.csv | linktrack doctor --crm -", "standard-input: CSV"),
    "link check": ("linktrack link check offer --crm <(cat contacts.csv)", ""),
    "mailing check": ("linktrack mailing check <(cat news.html)", "finding"),
    "mailing check from stdin": ("cat news.html | linktrack mailing check -", "finding"),
    "link apply": ("linktrack link apply <(cat links.toml)", "Changed 1 of 1 links"),
    "link apply from stdin": ("cat links.toml | linktrack link apply -", "Changed 1 of 1 links"),
    "mailing add": ("linktrack mailing add piped <(cat news.html) --text <(cat news.txt)", "Added piped"),
    "mailing tag": ("linktrack mailing tag <(cat news.html) --source a --campaign b > tagged", "Tagged"),
}


@pytest.mark.parametrize("case", WORKS)
def test_a_pipe_is_a_file(campaign: Workspace, case: str) -> None:
    line, said = WORKS[case]
    done = bash(campaign.root, line)
    assert (done.returncode in (0, 6), said in done.stderr) == (True, True), done.stderr
    assert "seekable" not in done.stderr and "bug" not in done.stderr
    assert list((campaign.root / "tmp").iterdir()) == []


REFUSED = {
    "run": "linktrack action run --crm <(cat contacts.csv) --out run",
    "run from stdin": "cat contacts.csv | linktrack action run --crm - --out run",
    "dry run": "linktrack action run --crm <(cat contacts.csv) --dry-run",
    "by hand": "linktrack report clickers offer --add-to-selection A --out run --crm <(cat contacts.csv)",
}


@pytest.mark.parametrize("case", REFUSED)
def test_where_the_file_is_needed_again_a_pipe_is_refused(campaign: Workspace, case: str) -> None:
    done = bash(campaign.root, REFUSED[case])
    assert (done.returncode, done.stdout) == (3, "")
    assert "--crm cannot be a pipe" in done.stderr and "write it into a file first" in done.stderr
    assert not (campaign.root / "run").exists()


def test_a_fault_in_a_pipe_names_it_as_it_was_given(campaign: Workspace) -> None:
    done = bash(campaign.root, f"{REWRITE} --contacts contacts.csv --only - < <(printf 'contact_id,a\\n1,2\\n3\\n')")
    assert (done.returncode, done.stderr.startswith("linktrack: standard input:3: this is no row")) == (3, True)
    done = bash(campaign.root, f"{REWRITE} --contacts contacts.csv --only <(printf 'contact_id,a\\n1,2\\n3\\n')")
    assert (done.returncode, done.stderr.startswith("linktrack: /dev/fd/")) == (3, True), done.stderr


def test_a_shipment_does_not_remember_a_file_that_is_gone(campaign: Workspace) -> None:
    bash(campaign.root, f"{REWRITE} --contacts <(cat contacts.csv)")
    from linktrack.mailings.shipments import find_shipment
    from linktrack.store.opening import open_database

    with open_database(campaign) as database:
        assert find_shipment(database, 4).settings.contacts == ""


def test_the_copy_of_a_pipe_is_its_owners_alone_and_vanishes_with_an_error_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    reading, writing = os.pipe()
    os.write(writing, b"contact_id\n1\n")
    os.close(writing)
    path = Path(f"/dev/fd/{reading}")
    with pytest.raises(BadInput) as refused, readable(path) as copy:
        assert (copy.read_bytes(), copy.read_bytes()) == (b"contact_id\n1\n", b"contact_id\n1\n")
        assert (copy.stat().st_mode & 0o777, copy.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        raise BadInput("bad", file=copy, line=2)
    os.close(reading)
    assert str(refused.value) == f"{path}:2: bad"
    assert list(tmp_path.iterdir()) == []


def test_a_file_and_a_folder_are_read_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text("contact_id\n1\n", "utf-8")
    for path in (tmp_path, tmp_path / "contacts.csv", tmp_path / "nothing"):
        with readable(path) as found:
            assert found == path
    assert STDIN == "-"
