"""The files of an output folder: their names, and that they are written whole."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from pathlib import Path

import pytest
from faults import points_of
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.errors import Conflict
from linktrack.mailings.outputs.output_folder import file_name, new_file, write_buffers, write_mails, write_stream

NAMES = {
    "a number": ("10042", "10042"),
    "letters of any language": ("Åsa-åäö_тест", "Åsa-åäö_тест"),
    "an e-mail address": ("a.b+c@x.example", "a.b+c@x.example"),
    "a way out of the folder": ("../x", "%2E.%2Fx"),
    "this folder": (".", "%2E"),
    "the folder above": ("..", "%2E%2E"),
    "a path": ("a/b\\c", "a%2Fb%5Cc"),
    "a hidden file": (".x", "%2Ex"),
    "a dot at the end, which Windows drops": ("x.", "x%2E"),
    "a blank at the end, which it drops too": ("x ", "x%20"),
    "a blank at the beginning": (" x", "%20x"),
    "signs that every file system takes": ("Ek, Bo (a=b+c) @d-e.f", "Ek, Bo (a=b+c) @d-e.f"),
    "a device of Windows": ("CON", "%43ON"),
    "a device of Windows with a suffix": ("com1.a", "%63om1.a"),
    "the device of printers": ("PRN", "%50RN"),
    "the auxiliary device, with a suffix": ("Aux.txt", "%41ux.txt"),
    "the device that keeps nothing": ("nul", "%6Eul"),
    "a device that Windows has no number for": ("Com0", "%43om0"),
    "the last of these": ("COM9", "%43OM9"),
    "the first of the others": ("LPT0", "%4CPT0"),
    "the last of them": ("lpt9", "%6Cpt9"),
    "as long as a name may be": ("a" * 200, "a" * 200),
    "as long in bytes": ("å" * 100, "å" * 100),
    "a name that only begins like a device": ("console", "console"),
    "a percent sign": ("%2E", "%252E"),
    "signs of shells and of Windows": ('a:b|c*d?e"f<g>', "a%3Ab%7Cc%2Ad%3Fe%22f%3Cg%3E"),
    "control characters": ("a\tb\x00c\n", "a%09b%00c%0A"),
    "a picture": ("😀", "%F0%9F%98%80"),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_contact_id_becomes_a_file_s_name(case: str) -> None:
    contact_id, expected = NAMES[case]
    assert file_name(contact_id) == expected


@settings(max_examples=300)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400), unique=True, max_size=8))
def test_names_are_safe_short_and_different(ids: list[str]) -> None:
    names = [file_name(contact_id) for contact_id in ids]
    assert len(set(names)) == len(ids)
    for name in names:
        assert len(name.encode()) <= 200 and not re.search(r"[/\\\x00-\x1f:]|^\.|[. ]$", name)


@pytest.mark.parametrize("contact_id", ["a" * 201, "å" * 100 + "a", "a" + "å" * 100], ids=["a", "å", "half of an å"])
def test_of_a_longer_id_the_beginning_and_a_fingerprint_stay(contact_id: str) -> None:
    name = file_name(contact_id)
    assert re.fullmatch(r"(a{160}|å{80}|aå{79})%[0-9a-f]{32}", name)


def test_long_ids_that_begin_alike_stay_apart() -> None:
    one, other = file_name("å" * 500 + "1"), file_name("å" * 500 + "2")
    assert one != other and one[:50] == other[:50] == "å" * 50


def test_each_mail_is_in_a_file_of_its_own_before_the_next_is_begun(tmp_path: Path) -> None:
    written = write_mails(tmp_path, ".eml", [("a/b", [b"Hej ", b"Bo"]), ("x.", [b"Hej Asa"])])
    next(written)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a%2Fb.eml": b"Hej Bo"}
    next(written)
    assert (tmp_path / "x%2E.eml").read_bytes() == b"Hej Asa"
    assert list(written) == []


def test_a_mail_is_its_owner_s_alone_from_its_first_moment_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        os.close(new_file(tmp_path / "1.eml"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "1.eml").stat().st_mode) == 0o600


def test_a_file_that_is_there_is_no_new_one_and_stays(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_text("before")
    with pytest.raises(FileExistsError):
        new_file(tmp_path / "1.eml")
    assert (tmp_path / "1.eml").read_text() == "before"


def test_two_ids_that_are_one_file_where_case_does_not_count_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ab.eml").touch()  # as a file system without case finds it when it is asked for AB
    with pytest.raises(Conflict, match=r"two contact ids make one file 'ab\.eml' here: use --as ndjson"):
        list(write_mails(tmp_path, ".eml", [("ab", [b"x"])]))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_file_is_left_open_whether_it_could_be_written_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_files()
    for _ in write_mails(tmp_path, ".eml", [("1", [b"x"]), ("2", [b"y"])]):
        assert open_files() == before

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(os, "writev", full)
    with pytest.raises(OSError, match=str(errno.ENOSPC)):
        list(write_mails(tmp_path, ".eml", [("3", [b"x"])]))
    assert open_files() == before


ROWS = [[b"Hej ", b"Bo\n"], [b"Hej ", b"Asa\n"]]


def test_a_file_that_a_stream_goes_into_is_made_last_once_all_of_it_is_there(tmp_path: Path) -> None:
    with (tmp_path / "all.mbox").open("wb", buffering=0) as out:
        assert points_of(lambda: list(write_stream(out, ROWS))) == ["writev", "writev", "fsync"]
    assert (tmp_path / "all.mbox").read_bytes() == b"Hej Bo\nHej Asa\n"


@pytest.mark.parametrize("buffering", [0, -1], ids=["a file", "what is written by way of a buffer"])
def test_the_system_has_a_row_before_it_counts_as_written(tmp_path: Path, buffering: int) -> None:
    path = tmp_path / "all.mbox"
    with path.open("wb", buffering=buffering) as out:
        written = write_stream(out, ROWS)
        next(written)
        assert path.read_bytes() == b"Hej Bo\n"
        next(written)
        assert path.read_bytes() == b"Hej Bo\nHej Asa\n"


def test_a_stream_may_be_a_pipe_or_in_memory_which_nothing_makes_last() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as read, open(writing, "wb", buffering=0) as out:
        assert len(list(write_stream(out, ROWS))) == 2
        out.close()
        assert read.read() == b"Hej Bo\nHej Asa\n"
    memory = io.BytesIO()
    assert len(list(write_stream(memory, ROWS))) == 2
    assert memory.getvalue() == b"Hej Bo\nHej Asa\n"


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (1024, 1), (1025, 2), (2049, 3)])
def test_any_number_of_buffers_is_written_in_as_few_calls_as_linux_takes(
    tmp_path: Path, count: int, calls: int
) -> None:
    buffers = [b"%d," % number for number in range(count)]
    with (tmp_path / "file").open("wb", buffering=0) as file:
        assert points_of(lambda: write_buffers(file.fileno(), buffers)) == ["writev"] * calls
    assert (tmp_path / "file").read_bytes() == b"".join(buffers)


def test_buffers_are_written_whole_though_the_system_takes_them_in_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffers = [bytes([number % 256]) * (number % 70) for number in range(3000)]
    write = os.write
    monkeypatch.setattr(os, "writev", lambda target, group: write(target, b"".join(group)[:1000]))
    monkeypatch.setattr(os, "write", lambda target, rest: write(target, rest[:700]))
    with (tmp_path / "file").open("wb", buffering=0) as file:
        write_buffers(file.fileno(), buffers)
    assert (tmp_path / "file").read_bytes() == b"".join(buffers)
