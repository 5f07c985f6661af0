"""What the system is asked for by each job that must survive a power cut, as strace sees it: the content written and
synced before it gets its name, the folder synced after, and the database synced where others rely on what it says.

tests/cli/test_durable_outputs.py looks at the same from inside of Python, for every job that writes a file.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from cli.test_outputs import root as root

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed (Debian: strace)"),
]

_CALLS = "write,pwrite64,writev,pwritev,fsync,fdatasync,sync,rename,renameat,renameat2,link,linkat"
_LINE = re.compile(r"\d+ +(?P<name>\w+)\((?P<said>.*)\) += (?P<result>-?\d+)")
_OF = re.compile(r"\d+<(?P<path>[^>]*)>")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Call(NamedTuple):
    """A system call: `what` is write, sync or name; of a new name `path` is what it is given to and `new` is it."""

    what: str
    path: str
    new: str = ""


def calls_of(folder: Path, *arguments: object) -> list[Call]:
    """What goes to the disk in a job that is run in `folder`, in order."""
    trace = folder.parent / "trace.txt"
    done = subprocess.run(
        ["strace", "-f", "-y", "-s", "4096", "-e", f"trace={_CALLS}", "-e", "signal=none", "-o", trace,
         sys.executable, "-m", "linktrack", *map(str, arguments)],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    if "ptrace" in done.stderr and done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr}")
    assert done.returncode in (0, 6), done.stderr
    found = []
    for line in trace.read_text("utf-8", "replace").splitlines():
        matched = _LINE.match(line)
        if matched is None or int(matched["result"]) < 0:
            continue
        name, said = matched["name"], matched["said"]
        if name.startswith(("rename", "link")):
            old, new = (str(folder / path) for path in _TEXT.findall(said)[:2])
            found.append(Call("name", old, new))
        elif name == "sync":
            found.append(Call("sync", "/"))
        elif of := _OF.match(said):
            found.append(Call("sync" if "sync" in name else "write", of["path"]))
    return found


def _named(calls: list[Call], path: Path) -> int:
    """When `path` got its name."""
    places = [at for at, call in enumerate(calls) if call.what == "name" and call.new == str(path)]
    assert places, f"{path} did not get its name by a rename or a link"
    return places[-1]


def _synced(calls: list[Call], path: str, start: int, stop: int) -> bool:
    """Whether a file, or everything, was synced between two calls, and nothing written to it after that."""
    last = [call.what for call in calls[start:stop] if call.path == path or call == ("sync", "/", "")]
    return bool(last) and last[-1] == "sync"


def _got_its_name_durably(calls: list[Call], path: Path) -> None:
    """A file, or a folder with all that was written in it, was synced before it got its name, its folder after."""
    at = _named(calls, path)
    aside = calls[at].path
    written = {call.path for call in calls[:at] if call.what == "write" and f"{call.path}/".startswith(f"{aside}/")}
    assert written
    for one in written:
        assert _synced(calls, one, 0, at), f"{one} was not synced before it became {path}"
    assert _synced(calls, str(path.parent), at, len(calls)), f"the folder of {path} was not synced after"


def _database_synced(calls: list[Call], root: Path, start: int, stop: int) -> None:
    wal = str(root / "linktrack.db-wal")
    assert any(call == ("sync", wal, "") for call in calls[start:stop]), "the database was not synced there"
    assert _synced(calls, wal, start, stop) or not any(call.path == wal for call in calls[start:stop])


def test_an_import_puts_the_rejected_lines_in_place(root: Path) -> None:
    calls = calls_of(root, "click", "import", "a.log", "--rejected", "rejected.log")
    _got_its_name_durably(calls, root / "rejected.log")


def test_a_rewrite_is_known_before_its_mails_can_be_seen(root: Path) -> None:
    calls = calls_of(
        root, "mailing", "rewrite", "news", "--contacts", "people.csv", "--again", "--as", "ndjson", "--out", "m"
    )
    _got_its_name_durably(calls, root / "m")
    at = _named(calls, root / "m")
    _database_synced(calls, root, 0, at)  # who got which token
    _database_synced(calls, root, at, len(calls))  # that they were handed out


def test_a_run_s_files_are_there_before_it_counts_and_it_counts_before_its_summary_is(root: Path) -> None:
    calls = calls_of(root, "action", "run", "--crm", "people.csv", "--out", "run")
    _got_its_name_durably(calls, root / "run")
    _got_its_name_durably(calls, root / "run" / "summary.json")
    _database_synced(calls, root, _named(calls, root / "run"), _named(calls, root / "run" / "summary.json"))


def test_a_backup_and_what_is_made_of_it(root: Path) -> None:
    calls = calls_of(root, "backup", "b.tar.gz")
    _got_its_name_durably(calls, root / "b.tar.gz")
    calls = calls_of(root, "restore", "b.tar.gz", "r")
    made = root / "r"
    for name in ("linktrack.key", "linktrack.db", "linktrack.toml"):
        _got_its_name_durably(calls, made / name)
        assert _named(calls, made / name) <= _named(calls, made / "linktrack.toml"), "the settings come last"


def test_a_new_key_is_in_its_file_before_the_database_knows_it(root: Path) -> None:
    calls = calls_of(root, "key", "rotate")
    _got_its_name_durably(calls, root / "linktrack.key")
    _database_synced(calls, root, _named(calls, root / "linktrack.key"), len(calls))


def test_a_new_workspace(root: Path) -> None:
    calls = calls_of(root, "init", "made", "--base-url", "https://click.example.com")
    for name in ("linktrack.key", "linktrack.db", "linktrack.toml"):
        _got_its_name_durably(calls, root / "made" / name)


def test_what_is_not_synced_is_seen(root: Path) -> None:
    calls = calls_of(root, "key", "rotate")
    at, key = _named(calls, root / "linktrack.key"), root / "linktrack.key"
    for lost in (calls[at].path, str(root)):
        with pytest.raises(AssertionError, match="was not synced"):
            _got_its_name_durably([call for call in calls if call != ("sync", lost, "")], key)
    with pytest.raises(AssertionError):
        _database_synced([call for call in calls if call.what != "sync"], root, at, len(calls))
