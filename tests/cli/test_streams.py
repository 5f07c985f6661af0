"""The streams of the process: full, closed, in ASCII, a terminal, and arguments that are no UTF-8."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from tests_support import Furnish, call

from linktrack.cli.streams import speaks_utf8

PROGRAM = [sys.executable, "-m", "linktrack"]
EVIL = "a\x1b[31m\u202eb"


@pytest.fixture
def named(furnish: Furnish) -> Path:
    return furnish(_named)


def _named() -> None:
    """A workspace with a link whose name would move a cursor, and a mail that would too."""
    Path("evil.html").write_text(f'<p>{EVIL}</p>\r\n<a href="https://e.example/">\té</a>', "utf-8")
    assert call("link", "add", "evil", "--url", "https://é.example", "--name", EVIL).code == 0


def on_a_terminal(root: Path, *arguments: str) -> str:
    """What a terminal gets to see."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["setsid", "--ctty", *PROGRAM, *arguments], cwd=root, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:  # whose /dev/tty it is
        os.close(theirs)
        seen = b""
        try:
            while more := os.read(ours, 65536):
                seen += more
        except OSError:  # Linux says so when the other end is closed
            pass
        os.close(ours)
        assert process.wait() in (0, 2, 6)
    return seen.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "arguments",
    [
        ("backup", "-"), ("backup", "/dev/stdout"), ("backup", "/dev/tty"), ("link", "list", "--format", "xlsx"),
        ("link", "list", "-o", "/dev/tty", "--format", "xlsx"), ("restore", "-", "restored"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_no_text_is_not_shown_on_a_terminal(named: Path, arguments: tuple[str, ...]) -> None:
    seen = on_a_terminal(named, *arguments)
    assert seen.startswith("linktrack: a ") and "a terminal: " in seen and len(seen) < 120, seen
    assert not (named / "restored").exists()


TAG = ("mailing", "tag", "evil.html", "--source", "a", "--campaign", "b")


@pytest.mark.parametrize(
    "arguments",
    [
        *(("link", "list", "--format", format) for format in ("table", "json", "ndjson", "csv", "tsv", "md")),
        ("link", "show", "evil"),
        ("link", "export"),
        ("link", "edit", "evil", "--name", f"x{EVIL}"),
        TAG,
    ],
    ids=" ".join,
)
def test_what_a_terminal_is_shown_is_clean_whatever_the_format(named: Path, arguments: tuple[str, ...]) -> None:
    seen = on_a_terminal(named, *arguments)
    assert "\x1b" not in seen
    assert "\u202e" not in seen
    assert "31m" in seen
    assert seen.count("\r") == seen.count("\r\n")


@pytest.mark.parametrize("device", ["/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/1", "/proc/self/fd/2", "OUT"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("link", "list", "--format", "csv", "-o"),
        ("link", "export", "-o"),
        (*TAG, "-o"),
        ("click", "import", "evil.log", "--rejected"),
        ("report", "html"),
    ],
    ids=" ".join,
)
def test_a_terminal_is_clean_by_whatever_name_it_is_written_to(
    named: Path, arguments: tuple[str, ...], device: str
) -> None:
    good = '192.0.2.1 - - [04/May/2026:09:10:00 +0000] "GET /x HTTP/1.1" 302 0 "-" "Mozilla/5.0"\n'
    (named / "evil.log").write_text(good * 9 + f"{EVIL} is no line\n")
    (named / "OUT").symlink_to("/dev/stdout")
    seen = on_a_terminal(named, *arguments, device)
    assert "\x1b[31m" not in seen and "\u202e" not in seen, seen
    assert "\\x1b[31m" in seen or "\\u001b[31m" in seen or "\\e[31m" in seen or arguments[0] == "report", seen


def test_files_and_pipes_get_the_bytes_as_they_are(named: Path) -> None:
    done = subprocess.run([*PROGRAM, *TAG], cwd=named, capture_output=True, check=True)
    assert done.stdout.startswith(f"<p>{EVIL}</p>\r\n".encode())
    for more in ([], ["--format", "tsv"], ["-o", "links.tsv"]):
        done = subprocess.run([*PROGRAM, "link", "list", *more], cwd=named, capture_output=True, check=True)
        text = done.stdout or (named / "links.tsv").read_bytes()
        assert EVIL in text.decode() and text.count(b"\n") == 2, "one line of columns, one of the link"


@pytest.mark.parametrize("command", ["link list", "link list --format json", "--help", "link --help", "link export"])
def test_a_full_disk_behind_stdout_is_a_conflict_and_no_bug(named: Path, command: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*PROGRAM, *command.split()], cwd=named, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (
        5,
        "linktrack: the disk is full: free some space and run the command again\n",
    )


def test_where_nothing_can_be_said_the_work_is_done_all_the_same(named: Path) -> None:
    with open("/dev/full", "w") as full:
        add = ["link", "add", "quiet", "--url", "https://e.example/quiet"]
        assert subprocess.run([*PROGRAM, *add], cwd=named, stderr=full).returncode == 0
        assert subprocess.run([*PROGRAM, *add], cwd=named, stderr=full).returncode == 5


def test_json_for_an_ascii_terminal_is_json(named: Path) -> None:
    for format in ("json", "ndjson"):
        done = subprocess.run(
            [*PROGRAM, "link", "list", "--format", format],
            cwd=named,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            check=True,
        )
        found = json.loads(done.stdout)
        assert (found[0] if format == "json" else found)["url"] == "https://é.example"


@pytest.mark.parametrize("command", [["link", "show"], ["link", "list", "--folder"], ["report", "links", "--mailing"]])
def test_a_name_that_is_no_utf8_is_refused_in_a_sentence(named: Path, command: list[str]) -> None:
    done = subprocess.run([*PROGRAM, *command, b"v\xe5r"], cwd=named, capture_output=True, text=True)
    assert (done.returncode in (2, 3, 4), "bug" in done.stderr) == (True, False), done.stderr
    assert "v\\udce5r" in done.stderr


def test_a_file_name_need_not_be_utf8(named: Path) -> None:
    name = b"v\xe5r.html"
    (named / os.fsdecode(name)).write_text('<a href="https://e.example/">x</a>', "utf-8")
    done = subprocess.run([*PROGRAM, "mailing", "add", "spring", name], cwd=named, capture_output=True, text=True)
    assert (done.returncode, "bug" in done.stderr) == (0, False), done.stderr
    done = subprocess.run([*PROGRAM, "mailing", "check", name], cwd=named, capture_output=True, text=True)
    assert (done.returncode, "bug" in done.stderr) == (6, False), done.stderr
    for words in (
        [b"redirects", b"export", b"map\xe5", b"--for", b"nginx"],
        [b"redirects", b"export", b"map\xe5", b"--for", b"nginx", b"--check"],
        [b"init", b"n\xe5", b"--base-url", b"https://c.example"],
        [b"link", b"list", b"-o", b"l\xe5.csv"],
        [b"backup", b"b\xe5.tar.gz"],
        [b"restore", b"b\xe5.tar.gz", b"r\xe5"],
        [b"--workspace", b"r\xe5", b"doctor", b"--deep"],
        [b"--workspace", b"n\xe5", b"backup", b"again\xe5.tar.gz"],
    ):
        done = subprocess.run([*PROGRAM, *words], cwd=named, capture_output=True, text=True)
        assert (done.returncode in (0, 6), "bug" in done.stderr) == (True, False), (words, done.stderr)
    assert b"map\xe5/pages" in (named / os.fsdecode(b"map\xe5") / "linktrack-server.conf").read_bytes()
    line = '1.2.3.4 - - [04/May/2026:09:10:00 +0200] "GET /nothing HTTP/1.1" 404 0 "-" "x"\n'
    (named / os.fsdecode(b"\xe5.log")).write_text(line, "utf-8")
    done = subprocess.run([*PROGRAM, "click", "import", b"\xe5.log"], cwd=named, capture_output=True, text=True)
    assert (done.returncode, "bug" in done.stderr) == (0, False), done.stderr


LOCALES: list[tuple[dict[str, str], bool]] = [
    ({}, True),
    ({"LC_CTYPE": "C.UTF-8"}, True),
    ({"LANG": "sv_SE.UTF-8"}, True),
    ({"LANG": "C.utf8"}, True),
    ({"LANG": "sv_SE"}, True),
    ({"LC_CTYPE": "UTF-8"}, True),
    ({"LC_CTYPE": "UTF-8", "LANG": "sv_SE.UTF-8"}, True),
    ({"LC_ALL": "de_DE.utf8@euro", "LANG": "C"}, True),
    ({"LC_CTYPE": "sv_SE.UTF-8", "LANG": "C"}, True),
    ({"LC_ALL": "C"}, False),
    ({"LC_ALL": "POSIX", "LANG": "sv_SE.UTF-8"}, False),
    ({"LC_ALL": "en_US.ISO-8859-1"}, False),
    ({"LC_CTYPE": "de_DE.ISO-8859-15@euro", "LANG": "sv_SE.UTF-8"}, False),
    ({"LANG": "C"}, False),
    ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),  # as Python leaves it of LANG=C
    ({"LC_ALL": "C", "PYTHONUTF8": "1"}, True),
    ({"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}, True),
]


@pytest.mark.parametrize(("environ", "speaks"), LOCALES, ids=str)
def test_the_locale_says_whether_a_terminal_speaks_utf_8(environ: dict[str, str], speaks: bool) -> None:
    assert speaks_utf8(environ) is speaks


@pytest.mark.parametrize(
    "locale", ["LC_ALL=C", "LC_ALL=POSIX", "LANG=C", "LC_ALL=en_US.ISO-8859-1", "LANG=sv_SE.UTF-8", ""]
)
def test_a_table_is_of_ascii_alone_where_the_locale_is_not_of_utf_8(named: Path, locale: str) -> None:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LC_", "LANG", "PYTHONUTF8", "PYTHONIO"))
    }
    name, _, value = locale.partition("=")
    env = {**kept, name: value} if name else kept
    subprocess.run([*PROGRAM, "link", "edit", "evil", "--name", "Köp"], cwd=named, env=env, check=True)
    done = subprocess.run(
        [*PROGRAM, "link", "list", "--format", "table"], cwd=named, env=env, capture_output=True, check=True
    )
    ascii_alone = "UTF" not in locale and locale != ""
    assert done.stdout.isascii() is ascii_alone
    assert (rb"K\xf6p" if ascii_alone else "Köp".encode()) in done.stdout
