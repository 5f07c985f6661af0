"""The click log: its files, what it does when it cannot write, and the import that reads it."""

from __future__ import annotations

import errno
import gzip
import json
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from server.server_world import SENT, SITE, SentWorld, path, request

from linktrack.clicks.load import import_logs
from linktrack.errors import Conflict
from linktrack.links.editing import edit_link
from linktrack.server.answer import answer as answer_to
from linktrack.server.click_log import ClickLogWriter, make_folder
from linktrack.server.request import Request, log_line
from linktrack.store.session import Database

STOCKHOLM = ZoneInfo("Europe/Stockholm")
LINE = b'{"a": 1}\n'


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def log(tmp_path: Path, said: list[str]) -> Iterator[ClickLogWriter]:
    make_folder(tmp_path / "log")
    writer = ClickLogWriter(tmp_path / "log", 100, STOCKHOLM, said.append)
    yield writer
    writer.close()


def files(folder: Path) -> list[Path]:
    return sorted((folder / "log").iterdir())


def test_a_file_is_private_and_has_its_lines_at_once(log: ClickLogWriter, tmp_path: Path) -> None:
    assert log.write(LINE, SENT) and log.write(LINE, SENT + 1)
    (file,) = files(tmp_path)
    assert file.name.startswith("clicks-20260504T110000-") and file.suffix == ".ndjson"
    assert file.read_bytes() == 2 * LINE and file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_would_be_too_large_is_followed_by_another(log: ClickLogWriter, tmp_path: Path) -> None:
    for number in range(23):
        log.write(LINE, SENT + number)
    assert sorted(len(file.read_bytes()) for file in files(tmp_path)) == [9, 99, 99]


def test_a_file_ends_at_midnight_of_the_zone(log: ClickLogWriter, tmp_path: Path) -> None:
    midnight = 1_777_932_000_000  # 2026-05-05T00:00:00+02:00
    for at in (midnight - 1, midnight, midnight + 1):
        log.write(LINE, at)
    assert [file.read_bytes() for file in files(tmp_path)] == [LINE, 2 * LINE]


def test_a_clock_that_goes_back_begins_no_file(log: ClickLogWriter, tmp_path: Path) -> None:
    log.write(LINE, SENT)
    log.write(LINE, SENT - 90_000_000)
    assert len(files(tmp_path)) == 1


def test_two_workers_write_two_files(log: ClickLogWriter, tmp_path: Path) -> None:
    other = ClickLogWriter(tmp_path / "log", 100, STOCKHOLM, lambda said: None)
    log.write(LINE, SENT)
    other.write(LINE, SENT)
    other.close()
    assert len(files(tmp_path)) == 2


def test_what_went_into_a_file_that_was_removed_stands_in_the_next(log: ClickLogWriter, tmp_path: Path) -> None:
    first, second, third, fourth = (b"%d\n" % number for number in range(4))
    log.write(first, SENT)
    log.write(second, SENT + 500)  # by then the first is known to be in its place
    files(tmp_path)[0].unlink()
    assert log.write(third, SENT + 501)
    assert files(tmp_path) == []
    log.write(fourth, SENT + 600)
    assert [file.read_bytes() for file in files(tmp_path)] == [second + third + fourth]


def test_what_must_hold_goes_into_a_file_that_is_there(log: ClickLogWriter, tmp_path: Path) -> None:
    log.write(LINE, SENT)
    files(tmp_path)[0].unlink()
    assert log.write(LINE, SENT, sure=True)
    assert [file.read_bytes() for file in files(tmp_path)] == [LINE * 2]


def test_a_removed_file_is_missed_without_another_line_and_waits_for_its_folder(
    log: ClickLogWriter, tmp_path: Path
) -> None:
    log.write(LINE, SENT)
    files(tmp_path)[0].unlink()
    (tmp_path / "log").rmdir()
    log.try_again(SENT)
    assert not log.works
    (tmp_path / "log").mkdir()
    log.try_again(SENT)
    assert [file.read_bytes() for file in files(tmp_path)] == [LINE]


def test_a_file_that_was_moved_is_followed_by_another(log: ClickLogWriter, tmp_path: Path) -> None:
    """Its last line, which an import may not have seen, stands in both: lines have numbers."""
    log.write(b"0\n", SENT)
    log.write(b"1\n", SENT + 500)
    files(tmp_path)[0].rename(tmp_path / "moved")
    log.write(b"2\n", SENT + 1000)
    assert (tmp_path / "moved").read_bytes() == b"0\n1\n"
    assert [file.read_bytes() for file in files(tmp_path)] == [b"1\n2\n"]


def test_a_moved_file_is_written_on_until_there_is_a_folder_again(
    log: ClickLogWriter, tmp_path: Path, said: list[str]
) -> None:
    log.write(b"0\n", SENT)
    (tmp_path / "log").rename(tmp_path / "away")
    assert log.write(b"1\n", SENT + 1000, sure=True) and log.works
    assert [file.read_bytes() for file in (tmp_path / "away").iterdir()] == [b"0\n1\n"]
    (tmp_path / "log").mkdir()
    assert log.write(b"2\n", SENT + 2000)
    assert [file.read_bytes() for file in files(tmp_path)] == [b"1\n2\n"] and said == []


def test_what_is_lost_for_good_is_said_at_the_end(log: ClickLogWriter, tmp_path: Path, said: list[str]) -> None:
    for _ in range(3):
        log.write(LINE, SENT)
    files(tmp_path)[0].unlink()
    (tmp_path / "log").rmdir()
    log.finish(SENT)
    assert said == [f"the click log in {tmp_path / 'log'} has ended: 3 lines are lost"]


def test_what_is_in_a_removed_file_at_the_end_is_saved(log: ClickLogWriter, tmp_path: Path, said: list[str]) -> None:
    log.write(LINE, SENT)
    files(tmp_path)[0].unlink()
    log.finish(SENT)
    assert [file.read_bytes() for file in files(tmp_path)] == [LINE] and said == []


def test_a_disk_is_full_until_it_has_room_for_many_lines(
    log: ClickLogWriter, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write, room = os.write, 100

    def full(handle: int, data: bytes) -> int:
        return write(handle, data[:room])

    monkeypatch.setattr(os, "write", full)
    assert not log.write(b"x" * 200 + b"\n", SENT)
    assert log.write(LINE, SENT + 1)  # for which there is room
    log.try_again(SENT + 1000)
    assert not log.works and len(said) == 1
    room = 1_000_000
    log.try_again(SENT + 2000)
    assert log.works and said[1] == "the click log can be written again: 1 line was lost"
    assert list((tmp_path / "log").iterdir()) == files(tmp_path)


def test_lines_that_are_lost_are_said_once_a_minute_until_one_can_be_written(
    log: ClickLogWriter, tmp_path: Path, said: list[str]
) -> None:
    folder = tmp_path / "log"
    folder.rename(tmp_path / "away")
    for second in (0, 1, 59, 61):
        assert not log.write(LINE, SENT + 1000 * second)
    assert not log.works and len(said) == 2
    assert "1 line is lost: there is no such file or folder" in said[0] and "4 lines are lost" in said[1]
    log.try_again(SENT + 62_000)
    assert not log.works and len(said) == 2
    (tmp_path / "away").rename(folder)
    log.try_again(SENT + 63_000)
    assert log.works and said[2] == "the click log can be written again: 4 lines were lost"
    assert log.write(LINE, SENT + 64_000)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EMFILE])
def test_what_a_server_says_asks_for_nothing_that_it_does_itself(
    log: ClickLogWriter, said: list[str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_: object) -> int:
        raise OSError(number, "")

    monkeypatch.setattr(os, "open", full)
    assert not log.write(LINE, SENT)
    assert "1 line is lost: " in said[0] and "again" not in said[0]


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """As on a disk that is full: writing beyond it fails in the middle of a line."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_no_torn_line(log: ClickLogWriter, tmp_path: Path) -> None:
    assert log.write(LINE, SENT)
    with no_file_above(12):
        assert not log.write(LINE, SENT)
    assert log.write(LINE, SENT)
    assert [file.read_bytes() for file in files(tmp_path)] == [2 * LINE]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir(mode=0o500)
    with pytest.raises(Conflict, match="the click log cannot be written"):
        make_folder(tmp_path / "log")


@pytest.mark.parametrize("place", ["log", "log/x", "log/x/y", "missing/x"])
def test_a_folder_that_cannot_be_one_is_said_at_the_start(tmp_path: Path, place: str) -> None:
    (tmp_path / "log").write_text("x")
    with pytest.raises(Conflict, match="click log") as caught:
        make_folder(tmp_path / place)
    assert caught.value.file == str(tmp_path / place)


# --- the import reads it -----------------------------------------------------------------------------------------


def test_a_line_s_keys() -> None:
    asked = Request(
        "GET",
        "/a b\u00e5",
        "q=%20",
        'Moz "x" å\n',
        "prefetch",
        SENT,
        "2026-05-04T11:00:00.000+02:00",
        "192.0.2.0",
        "Net",
    )
    assert json.loads(log_line(asked, 302)) == {
        "time": "2026-05-04T11:00:00.000+02:00", "ip": "192.0.2.0", "method": "GET", "path": "/a%20b%E5?q=%20",
        "status": 302, "user_agent": 'Moz "x" å\n', "network": "Net", "sec_purpose": "prefetch",
    }  # fmt: skip
    assert len(json.loads(log_line(asked._replace(path="/" + "x" * 9000), 404))["path"]) == 2000


def test_equal_requests_of_two_workers_are_two_clicks_and_their_logs_come_in_once(
    world: SentWorld, database: Database, tmp_path: Path
) -> None:
    asked = Request("GET", world.path("offer"), at=SENT + 1000, time="2026-05-04T11:00:01.000+02:00", ip="192.0.2.0")
    folder = tmp_path / "log"
    make_folder(folder)
    for worker in ("9f3a1c2e", "00a1b2c3"):
        writer = ClickLogWriter(folder, 1_000_000, STOCKHOLM, lambda said: None)
        for number in (1, 2):
            assert writer.write(log_line(asked._replace(number=f"{worker}-{number}"), 302), asked.at)
        writer.close()
    assert import_logs(world.workspace, database, [str(folder)]).stored == 4
    assert database.rows("SELECT DISTINCT clicked_at FROM click") == [(SENT + 1000,)]
    again = tmp_path / "again"
    again.mkdir()
    for number, file in enumerate(sorted(folder.iterdir())):
        (again / f"{number}.gz").write_bytes(gzip.compress(file.read_bytes()))
    (again / "both").write_bytes(b"".join(file.read_bytes() for file in sorted(folder.iterdir(), reverse=True)))
    summary = import_logs(world.workspace, database, [str(again)])
    assert (summary.stored, summary.rejected) == (0, 0)
    assert database.value("SELECT count(*) FROM click") == 4


def test_lines_of_before_have_no_number_and_are_counted_by_what_they_say(
    world: SentWorld, database: Database, tmp_path: Path
) -> None:
    asked = Request("GET", world.path("offer"), at=SENT + 1000, time="2026-05-04T11:00:01.000+02:00", ip="192.0.2.0")
    (tmp_path / "old.ndjson").write_bytes(2 * log_line(asked, 302))
    assert import_logs(world.workspace, database, [str(tmp_path / "old.ndjson")]).stored == 2


@pytest.mark.parametrize("edited", [False, True])
def test_what_was_answered_is_what_is_imported_whatever_links_ask_for_by_then(
    world: SentWorld, database: Database, tmp_path: Path, edited: bool
) -> None:
    from dataclasses import replace

    from linktrack.server.snapshot_file import take_snapshot, tokens_of

    taken = take_snapshot(database)
    site = replace(SITE, snapshot=taken, tokens=tokens_of(world.workspace, taken))
    make_folder(tmp_path / "log")
    log = ClickLogWriter(tmp_path / "log", 10_000_000, STOCKHOLM, lambda said: None)
    asked = [
        request("GET", world.path("offer")),
        request("GET", world.path("offer").upper() + ")."),
        request("HEAD", world.path("offer")),
        request("GET", world.path("thanks"), purpose="prefetch"),
        request("GET", world.path("unsubscribe", "C2")),
        request("POST", world.path("unsubscribe", "C2")),
        request("POST", world.path("subscriptions", "C2"), "off=Newsletter"),
        request("POST", world.path("sure")),
        request("POST", world.path("offer")),
        request("GET", path()),
        request("GET", "/healthz"),
    ]
    for number, one in enumerate(asked):
        at = SENT + 600_000 + number * 100_000
        stamped = one._replace(
            at=at, time=f"2026-05-04T11:{10 + number * 100 // 60:02}:{number * 100 % 60:02}.000+02:00"
        )
        line = answer_to(stamped, site)[1]
        if line:
            assert log.write(line, at)
    log.close()
    if edited:
        edit_link(database, "sure", confirm=False)
    (file,) = (tmp_path / "log").iterdir()
    summary = import_logs(world.workspace, database, [str(file)])
    assert (summary.read, summary.stored, summary.rejected, summary.not_ours) == (10, 7, 3, 0)
    assert summary.reasons == {"method": 2, "unknown-placement": 1}
    pressed = database.rows("SELECT pressed, flags FROM click WHERE flags <> 0 ORDER BY clicked_at")
    assert pressed == [("", 1), ("", 4), ("off=Newsletter", 4), ("", 4)]


def test_a_name_that_no_file_system_has_is_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="longer than the file system takes"):
        make_folder(tmp_path / ("x" * 300))
