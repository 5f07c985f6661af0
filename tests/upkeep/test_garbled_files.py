"""Every file that linktrack reads back, garbled in every way: at most bad input, never a bug, and nothing is done twice."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import signal
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from tests_support import call
from upkeep.upkeep_world import Life, Lost, begin

from linktrack.actions.lost_runs.reading import find_runs
from linktrack.errors import BadInput
from linktrack.server.snapshot import read_snapshot
from linktrack.server.snapshot_file import load_snapshot
from linktrack.workspace import load_workspace

Garble = Callable[[bytes], bytes]


def _numbers(number: str) -> Garble:
    """Every whole number of a file as another one."""
    return lambda data: re.sub(rb"(?<=[:\[ =])-?\d+(?=[,\s\]}])", number.encode(), data)


def _values(change: Callable[[object], object]) -> Garble:
    """Every value of its JSON as another one; of a file that has none, every line."""

    def changed(data: bytes) -> bytes:
        try:
            return json.dumps(_each(json.loads(data), change)).encode()
        except ValueError:
            pass
        try:
            lines = [json.dumps(_each(json.loads(line), change)) for line in data.splitlines()]
        except ValueError:
            return data.translate(bytes.maketrans(b"0123456789", b"xxxxxxxxxx"))
        return "".join(f"{line}\n" for line in lines).encode()

    return changed


def _each(value: object, change: Callable[[object], object]) -> object:
    if isinstance(value, dict):
        return {key: _each(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [_each(one, change) for one in value]
    return change(value)


BYTES: dict[str, Garble] = {  # of any file
    "it is empty": lambda data: b"",
    "it is one byte": lambda data: data[:1],
    "it is cut in the middle": lambda data: data[: len(data) // 2],
    "its last line is cut": lambda data: data[:-5],
    "it is cut at a line end": lambda data: b"".join(data.splitlines(keepends=True)[:-1]),
    "its first line is gone": lambda data: b"".join(data.splitlines(keepends=True)[1:]),
    "its last line stands there twice": lambda data: data + b"".join(data.splitlines(keepends=True)[-1:]),
    "it is packed": lambda data: gzip.compress(data),
    "it is binary": lambda data: bytes(range(256)) * 40,
    "it has a byte that is no text": lambda data: data[:20] + b"\xff\xfe\x80" + data[20:],
    "its end is no text": lambda data: data[:-3] + b"\xe5" + data[-3:],
    "it is NUL bytes": lambda data: bytes(len(data)),
    "it is UTF-16": lambda data: data.decode("latin-1").encode("utf-16"),
}
GARBLED: dict[str, Garble] = BYTES | {  # of one with JSON in it
    "it is a list": lambda data: b"[]\n",
    "it is null": lambda data: b"null\n",
    "it is a text": lambda data: b'"text"\n',
    "it is a number": lambda data: b"-0\n",
    "it is an empty object": lambda data: b"{}\n",
    "it is nested without end": lambda data: b"[" * 100_000,
    "it is objects without end": lambda data: b'{"run": ' * 100_000 + b"\n" + data,
    "its numbers are huge": _numbers("99999999999999999999"),
    "its numbers are of 64 bits": _numbers("9223372036854775807"),
    "its numbers have thousands of digits": _numbers("9" * 5_000),
    "its numbers are negative": _numbers("-2"),
    "its numbers are no whole ones": _numbers("1.5"),
    "its numbers are infinite": _numbers("Infinity"),
    "its values are numbers": _values(lambda value: 7),
    "its values are texts": _values(lambda value: "x"),
    "its values are half a character": _values(lambda value: "\ud800" if isinstance(value, str) else value),
    "its values are null": _values(lambda value: None),
    "its values are lists": _values(lambda value: [value]),
    "its values are objects": _values(lambda value: {"a": value}),
}


# --- what a run has left -------------------------------------------------------------------------------------------

READ_BACK = [
    *("summary.json", "changes.ndjson", "follow-ups.csv", "requests.csv", "scripts.ndjson"),
    *("actions.ndjson", "passed-clicks.ndjson", "said.ndjson"),
]
SAYS_THE_SAME = {  # to whoever reads it, though it was written otherwise
    ("follow-ups.csv", "it is UTF-16"),
    ("requests.csv", "it is UTF-16"),
    ("follow-ups.csv", "its last line stands there twice"),
    ("requests.csv", "its last line stands there twice"),
    ("scripts.ndjson", "its last line stands there twice"),
    ("scripts.ndjson", "its numbers are negative"),  # a signal's
    ("follow-ups.csv", "its end is no text"),  # a letter of its encoding
    ("requests.csv", "its end is no text"),
}


@pytest.mark.parametrize("how", GARBLED)
@pytest.mark.parametrize("name", READ_BACK)
def test_a_garbled_run_is_bad_input(lost: Lost, tmp_path: Path, name: str, how: str) -> None:
    bad = Path(shutil.copytree(lost.runs[0], tmp_path / "bad"))
    settings = load_workspace(lost.life.root, {}).settings.crm
    [before] = find_runs([bad], settings)
    data = (bad / name).read_bytes()
    garbled = GARBLED[how](data)
    (bad / name).write_bytes(garbled)
    if (name, how) in SAYS_THE_SAME or _read(garbled) == _read(data):
        [run] = find_runs([bad], settings)
        assert run.made.keys() == before.made.keys() and list(run.changes()) == list(before.changes())
        return
    with pytest.raises(BadInput) as refused:
        find_runs([bad], settings)
    assert refused.value.file is not None and refused.value.file.startswith(str(bad))


def _read(data: bytes) -> object:
    """What the rows of a file say, or its JSON as a whole."""
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        return data


@pytest.fixture(scope="module")
def _restored(lost: Lost, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lost.restore(tmp_path_factory.mktemp("restored") / "r")[0].root


@pytest.fixture
def restored(_restored: Path, tmp_path: Path) -> Life:
    """The lost workspace made of its backup again, before anything was said of its runs."""
    return Life(call, Path(shutil.copytree(_restored, tmp_path / "r")))


def test_with_a_garbled_run_nothing_is_taken_and_no_run_begins(restored: Life, lost: Lost, tmp_path: Path) -> None:
    for number, (name, how) in enumerate(
        [
            ("changes.ndjson", "it is empty"),
            ("changes.ndjson", "it is packed"),
            ("changes.ndjson", "it is cut at a line end"),
            ("follow-ups.csv", "it is empty"),
            ("scripts.ndjson", "it is empty"),
        ]
    ):
        bad = Path(shutil.copytree(lost.runs[0], tmp_path / str(number)))
        (bad / name).write_bytes(GARBLED[how]((bad / name).read_bytes()))
        refused = restored.do("action", "run", "--runs", lost.runs[1], bad, code=3)
        assert str(bad / name) in refused.err, refused.err
        out = restored.root / "again"
        shut = restored.do("action", "run", "--crm", restored.root / "contacts.csv", "--out", out, code=5)
        assert "--runs DIR…" in shut.err and not out.exists()
        log = restored.json("action", "log")
        assert {row["run"] for row in log} == {1}, "nothing of a run that is not whole, nor of those beside it"


def test_a_run_that_lost_its_summary_is_not_passed_over(restored: Life, lost: Lost, tmp_path: Path) -> None:
    for path in lost.runs:
        shutil.copytree(path, tmp_path / "runs" / path.name)
    (tmp_path / "runs" / "run-3" / "summary.json").unlink()
    refused = restored.do("action", "run", "--runs", tmp_path / "runs", code=3)
    assert f"{tmp_path / 'runs' / 'run-3'}: this folder has the files of a run and no summary.json" in refused.err
    restored.do("action", "run", "--runs", tmp_path / "runs" / "run-2")  # one by one, as it says


@pytest.mark.parametrize("name", [*READ_BACK, "contacts.csv", "selections.csv"])
def test_a_run_without_one_of_its_files_is_not_whole(restored: Life, lost: Lost, tmp_path: Path, name: str) -> None:
    bad = Path(shutil.copytree(lost.runs[0], tmp_path / "bad"))
    (bad / name).unlink()
    refused = restored.do("action", "run", "--runs", bad, code=3)
    assert str(bad) in refused.err and name in refused.err


def test_what_is_missing_is_counted(restored: Life, lost: Lost, tmp_path: Path) -> None:
    bad = Path(shutil.copytree(lost.runs[0], tmp_path / "bad"))
    said = json.loads((bad / "summary.json").read_text())
    lines = (bad / "changes.ndjson").read_bytes().splitlines(keepends=True)
    assert len(lines) == said["changes"] > 3
    (bad / "changes.ndjson").write_bytes(b"".join(lines[:-2]))
    refused = restored.do("action", "run", "--runs", bad, code=3)
    sentence = f"{bad / 'changes.ndjson'}: summary.json says {len(lines)} changes, and {len(lines) - 2} are found here"
    assert sentence in refused.err
    (bad / "changes.ndjson").write_bytes(b"".join([*lines[:-2], lines[0], lines[0]]))
    refused = restored.do("action", "run", "--runs", bad, code=3)
    assert re.search(r"changes\.ndjson: summary\.json says \d+ [a-z-]+, and \d+ are found here", refused.err), (
        refused.err
    )


@pytest.mark.parametrize("number", ["99999999999999999999", "-2", "0", "2147483647", "1.0", "true", '"2"', "NaN"])
def test_the_number_of_a_run_is_one(restored: Life, lost: Lost, tmp_path: Path, number: str) -> None:
    bad = Path(shutil.copytree(lost.runs[0], tmp_path / "bad"))
    text = (bad / "summary.json").read_text()
    (bad / "summary.json").write_text(text.replace('"run": 2', f'"run": {number}'))
    refused = restored.do("action", "run", "--runs", bad, code=3)
    assert f"{bad / 'summary.json'}" in refused.err


# --- what a workspace keeps ----------------------------------------------------------------------------------------


class Protected:
    """A workspace with every file that it keeps, and the commands that read it back."""

    def __init__(self, folder: Path) -> None:
        self.life = life = begin(call, folder / "work")
        paths = life.send("spring")
        life.do("click", "import", life.log("a.log", (paths["1"][0], 60)))
        life.do("redirects", "export", folder / "web", "--for", "json")
        (life.root / "clicklog").mkdir()
        record = {
            "time": "2026-05-04T09:10:00.000Z", "ip": "192.0.2.0", "method": "GET", "path": paths["2"][0], "status": 302,
            "user_agent": "Mozilla/5.0",
        }  # fmt: skip
        log = life.root / "clicklog" / "clicks-20260504T090000-1.ndjson"
        log.write_text("".join(json.dumps(record | {"status": number}) + "\n" for number in (302, 200, 404)))
        (life.root / "only.csv").write_text("contact_id,email\n1,1@example.com\n2,2@example.com\n")
        (life.root / "only.ndjson").write_text('{"contact_id": "1"}\n{"contact_id": "2"}\n')
        life.do("backup", life.root / "b.tar.gz")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Protected:
    return Protected(tmp_path_factory.mktemp("kept"))


REWRITE = ("mailing", "rewrite", "spring", "--contacts", "contacts.csv", "--again", "--as", "ndjson", "--out", "more")
TO_WEB = ("redirects", "export", "../web")
OTHER_WEB = ("redirects", "export", "web2", "--for", "json")
COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "linktrack.toml": [("link", "list"), ("doctor",)],
    "linktrack.key": [("key", "list"), ("doctor",), ("click", "import", "../a.log"), ("key", "rotate")],
    "linktrack.db": [("link", "list"), ("doctor",), ("backup", "c.tar.gz"), ("database", "upgrade")],
    ".linktrack-import.lock": [("click", "import", "../a.log")],
    "only.csv": [(*REWRITE, "--only", "only.csv")],
    "only.ndjson": [(*REWRITE, "--except", "only.ndjson")],
    "linktrack.snapshot": [OTHER_WEB, TO_WEB],
    "linktrack.exports": [("link", "edit", "offer", "--name", "New"), OTHER_WEB],
    "../web/linktrack-export.json": [(*TO_WEB, "--check"), TO_WEB],
    "clicklog/clicks-20260504T090000-1.ndjson": [("click", "import", "clicklog"), ("contact", "forget", "2", "--yes")],
}
FOR_COMMANDS = [
    "it is empty", "it is cut in the middle", "it is packed", "it is binary", "it has a byte that is no text",
    "it is NUL bytes", "it is a list", "it is a number", "it is nested without end", "its numbers are huge",
    "its numbers are infinite", "its values are texts", "its values are lists",
]  # fmt: skip
HOW = [
    (name, how)
    for name in COMMANDS
    for how in FOR_COMMANDS
    if how in BYTES or name.endswith((".json", ".ndjson", ".snapshot", ".exports"))
]


@pytest.mark.faults
@pytest.mark.parametrize(("name", "how"), HOW)
def test_a_garbled_file_is_at_most_bad_input(
    kept: Protected, tmp_path: Path, name: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(kept.life.root.parent, tmp_path / "world"))
    root = folder / "work"
    monkeypatch.chdir(root)
    whole = (root / name).read_bytes()
    for command in COMMANDS[name]:
        (root / name).write_bytes(GARBLED[how](whole))
        done = call(*command)  # which raises what is a bug
        assert done.code in (0, 3, 4, 5, 6), (command, done.err)
        if name == "linktrack.snapshot":
            (root / name).write_bytes(GARBLED[how](whole))
            with suppress(BadInput):
                load_snapshot(load_workspace(root, {}))


def _endless(path: Path) -> None:
    path.touch(mode=0o600)
    os.truncate(path, 1 << 40)


ODD: dict[str, Callable[[Path], object]] = {
    "a pipe": partial(os.mkfifo, mode=0o600),
    "a folder": partial(Path.mkdir, mode=0o700),
    "a file without end": _endless,
    "a circle of links": lambda path: path.symlink_to(path.name),
}
IN_THE_PLACE: dict[str, list[tuple[str, ...]]] = {
    "linktrack.toml": [("link", "list"), ("doctor",)],
    "linktrack.key": [("key", "list"), ("key", "rotate"), ("backup", "c.tar.gz"), ("doctor",)],
    "linktrack.db": [("link", "list"), ("database", "upgrade"), ("doctor",)],
    "linktrack.db-wal": [("link", "list")],
    "linktrack.snapshot": [OTHER_WEB],
    "linktrack.exports": [OTHER_WEB, ("link", "edit", "offer", "--name", "New")],
    "linktrack.logs": [("click", "import"), ("doctor",)],
    "scripts": [("doctor",), ("link", "check")],
    "scripts/note.py": [("doctor",), ("link", "check")],
    "pages": [("doctor",), OTHER_WEB],
    "pages/unsubscribe.html": [("doctor",), OTHER_WEB],
}


@pytest.mark.faults
@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("name", IN_THE_PLACE)
def test_what_is_no_plain_file_keeps_no_command_waiting(
    kept: Protected, tmp_path: Path, name: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(shutil.copytree(kept.life.root.parent, tmp_path / "world")) / "work"
    monkeypatch.chdir(root)
    path = root / name
    path.parent.mkdir(exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    ODD[what](path)
    for command in IN_THE_PLACE[name]:
        with patient():
            done = call(*command)
        assert done.code in (0, 3, 4, 5, 6) and "memory" not in done.err, (command, done.err)
        assert what == "a file without end" or not path.is_file(), "nothing takes its place"


@contextmanager
def patient() -> Iterator[None]:
    """A command that waits for what never comes is a failure, and no test that never ends."""

    def give_up(*_: object) -> None:
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(30)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("how", ["its numbers are infinite", "its numbers are huge", "its numbers are negative"])
def test_one_wrong_number_in_a_snapshot_is_at_most_bad_input(kept: Protected, how: str) -> None:
    text = (kept.life.root / "linktrack.snapshot").read_bytes()
    for found in re.finditer(rb"(?<=[:\[ ])\d+(?=[,\]}])", text):
        wrong = text[: found.start()] + GARBLED[how](b" " + found[0] + b",")[1:-1] + text[found.end() :]
        with suppress(BadInput):
            read_snapshot(wrong.decode(), "linktrack.snapshot")


@pytest.mark.faults
@pytest.mark.parametrize("how", FOR_COMMANDS)
def test_a_garbled_part_of_a_backup_is_at_most_bad_input_and_leaves_nothing(
    kept: Protected, tmp_path: Path, how: str
) -> None:
    for name in ("backup.json", "linktrack.toml", "linktrack.key", "linktrack.db")[: None if how in BYTES else 2]:
        out = io.BytesIO()
        with tarfile.open(kept.life.root / "b.tar.gz") as old, tarfile.open(fileobj=out, mode="w:gz") as new:
            for member in old:
                file = old.extractfile(member)
                data = b"" if file is None else file.read()
                if member.name == name:
                    data = GARBLED[how](data)
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
        (tmp_path / "b.tar.gz").write_bytes(out.getvalue())
        done = call("restore", tmp_path / "b.tar.gz", tmp_path / "r")
        assert done.code in (0, 3), (name, done.err)
        if done.code == 3:
            assert "b.tar.gz" in done.err, done.err
            assert not (tmp_path / "r").exists()
        else:
            used = call("--workspace", tmp_path / "r", "click", "import", kept.life.root.parent / "a.log")
            assert used.code == 0, (name, how, used.err)
            shutil.rmtree(tmp_path / "r")
