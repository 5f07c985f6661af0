"""Whatever way a log is given, and whatever happens while it is read: no click is passed over, none is stored twice."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import pytest
from clicks_world import (
    CHROME,
    COMPRESSIONS,
    SENT,
    World,
    adds_up,
    as_json,
    line,
    misplaced,
    shell,
    state,
    through_a_pipe,
)
from typer.testing import CliRunner

from linktrack.cli.app import app
from linktrack.clicks import load
from linktrack.clicks.load import import_logs
from linktrack.clicks.logs import content, line_log, requests
from linktrack.clicks.logs.content import Log
from linktrack.clicks.logs.sources import recognise
from linktrack.clicks.storing import ClickStore, StoredBatch
from linktrack.contacts.left import departures_of
from linktrack.errors import BadInput
from linktrack.workspace import load_workspace


def piped(world: World, data: bytes, *options: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(shell(world, "-", *options), input=data, capture_output=True, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def clicks_on(world: World, count: int, *, ip: str = "203.0.113.9") -> list[bytes]:
    return [line(world.path(1, number), 90 * number, ip=ip) for number in range(1, count + 1)]


# --- the last line has no end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 2, 30, 160])
@pytest.mark.parametrize("ending", [*sorted(COMPRESSIONS), "-"])
def test_a_last_line_without_its_end_waits_and_is_said(world: World, tmp_path: Path, ending: str, cut: int) -> None:
    whole = b"".join(clicks_on(world, 8))
    if ending == "-":
        said = piped(world, whole[:-cut]).stderr
        assert "1 unfinished line waits" in said
    else:
        archive = tmp_path / f"part.log{ending}"
        archive.write_bytes(COMPRESSIONS[ending](whole[:-cut]))
        first = world.load(archive)
        assert (first.read, first.stored, first.waiting) == (7, 7, 1)
    assert len(world.clicks()) == 7
    log = tmp_path / "access.log"
    log.write_bytes(whole)
    summary = world.load(log)
    assert (summary.read, summary.stored, summary.waiting) == (1, 1, 0)


TORN: dict[str, tuple[int, float, Callable[[World], bytes], tuple[int, int], tuple[int, int]]] = {
    # whole lines before the torn one, days of rest, what comes behind it; read and stored before that, and then
    "a day old, and nothing comes": (2, 1.1, lambda world: b"", (3, 2), (0, 0)),
    "nothing but the torn line": (0, 1.1, lambda world: b"", (1, 0), (0, 0)),
    "its end comes after all": (2, 1.1, lambda world: own_line(world, 9)[60:], (3, 2), (1, 1)),
    "its end comes in two parts": (2, 1.1, lambda world: own_line(world, 9)[60:90], (3, 2), (0, 0)),
    "only its line end comes": (2, 1.1, lambda world: b"\n", (3, 2), (0, 0)),
    "its line end and another line": (2, 1.1, lambda world: b"\n" + own_line(world, 7), (3, 2), (1, 1)),
    "another line right behind it": (2, 1.1, lambda world: own_line(world, 7), (3, 2), (1, 1)),
    "its end and another line": (0, 1.1, lambda world: own_line(world, 9)[60:] + own_line(world, 7), (1, 0), (2, 2)),
    "younger": (2, 0.9, lambda world: b"", (2, 2), (0, 0)),
    "younger, and its end comes": (2, 0.9, lambda world: own_line(world, 9)[60:], (2, 2), (1, 1)),
    "younger, and nothing but the torn line": (0, 0.9, lambda world: b"", (0, 0), (0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("case", TORN)
@pytest.mark.parametrize("packed", [False, True], ids=["a file", "a compressed file"])
def test_a_torn_line_of_the_own_log_is_rejected_once_its_file_is_a_day_old(
    world: World, tmp_path: Path, case: str, packed: bool
) -> None:
    whole, days, more, first, then = TORN[case]
    log, written_at = tmp_path / f"clicks-1.ndjson{'.gz' * packed}", time.time() - days * 86_400
    torn = b"".join(own_line(world, number) for number in range(whole)) + own_line(world, 9)[:60]

    def write(data: bytes) -> None:
        log.write_bytes(COMPRESSIONS[".gz"](data) if packed else data)
        os.utime(log, (written_at, written_at))

    write(torn)
    old, seen = days > 1, len(world.clicks())
    rejects = io.StringIO()
    with world.database() as database:
        summary = import_logs(world.workspace, database, [str(log)], rejected=rejects)
    assert (summary.read, summary.stored, summary.waiting) == (*first, not old) and adds_up(summary)
    assert rejects.getvalue() == f"malformed\t{log}\t{own_line(world, 9)[:60].decode()}\n" * old
    assert (summary.rejected, dict(summary.reasons)) == (old, {"malformed": 1} if old else {})
    again = world.load(log)
    assert (again.read, again.waiting) == (0, not old), "it is counted once"
    written_at = time.time()
    write(torn + more(world))
    summary = world.load(log)
    assert (summary.read, summary.stored, summary.rejected) == (*then, 0) and adds_up(summary)
    if case == "its end comes in two parts":
        assert summary.waiting == 1
        write(torn + own_line(world, 9)[60:])
        assert world.load(log).stored == 1
    clicks = len(world.clicks()) - seen
    assert world.load(log).read == 0
    again = world.load(log, again=True)
    assert (again.stored, len(world.clicks()) - seen) == (0, clicks), "none twice"


def test_an_old_line_whose_line_end_alone_is_missing_is_a_click_once(world: World, tmp_path: Path) -> None:
    log = tmp_path / "clicks-1.ndjson"
    log.write_bytes(own_line(world, 1) + own_line(world, 2)[:-1])
    os.utime(log, (1e9, 1e9))
    assert (world.load(log).stored, len(world.clicks())) == (2, 2)
    with log.open("ab") as file:
        file.write(b"\n" + own_line(world, 3))
    summary = world.load(log)
    assert (summary.read, summary.stored, len(world.clicks())) == (1, 1, 3)


@pytest.mark.parametrize("name", ["access.log", "clicks-1.ndjson"])
def test_the_last_line_of_another_servers_log_waits_however_old_it_is(world: World, tmp_path: Path, name: str) -> None:
    log = tmp_path / name
    log.write_bytes(b"".join(clicks_on(world, 2))[:-30])
    os.utime(log, (1e9, 1e9))
    for read in (1, 0):
        summary = world.load(log)
        assert (summary.read, summary.waiting) == (read, 1)


@pytest.mark.parametrize("order", [range(8, -1, -1), (3, 0), (8, 0), (8, 3), (5, 8, 0), (2, 1, 0), (0, 8, 7)], ids=str)
@pytest.mark.parametrize("sorted_first", [False, True])
def test_the_same_lines_in_another_order_are_the_same_clicks(
    world: World, tmp_path: Path, order: Sequence[int], sorted_first: bool
) -> None:
    lines = clicks_on(world, 9)
    as_written, otherwise = tmp_path / "a.log", tmp_path / "b.log"
    as_written.write_bytes(b"".join(lines))
    otherwise.write_bytes(b"".join(lines[at] for at in order))
    for log in (otherwise, as_written) if sorted_first else (as_written, otherwise):
        world.load(log)
    assert len(world.clicks()) == 9


@pytest.mark.parametrize("emptied", [0, 1, 2])
@pytest.mark.parametrize("changed_first", [False, True])
def test_lines_with_numbers_of_their_own_are_known_in_whatever_file(
    world: World, tmp_path: Path, emptied: int, changed_first: bool
) -> None:
    """The own click log, of which a line was emptied when somebody was forgotten, and a copy of before."""
    lines = [own_line(world, number) for number in range(1, 4)]
    before, after = tmp_path / "before.ndjson", tmp_path / "after.ndjson"
    before.write_bytes(b"".join(lines))
    changed = [b" " * (len(line) - 1) + b"\n" if at == emptied else line for at, line in enumerate(lines)]
    after.write_bytes(b"".join(changed))
    for log in (after, before) if changed_first else (before, after):
        world.load(log)
    assert len(world.clicks()) == 3


def own_line(world: World, number: int, path: str = "") -> bytes:
    """A line of the own click log, with a number of its own."""
    record = {
        "time": f"2026-05-05T09:00:{number % 60:02}.{number:03}+00:00", "ip": "203.0.113.0", "method": "GET",
        "path": path or world.path(1, 1 + number % 8), "status": 302, "user_agent": CHROME, "network": "",
        "number": f"a-{number}",
    }  # fmt: skip
    return json.dumps(record).encode() + b"\n"


@pytest.mark.parametrize("forgotten", [False, True], ids=["remembered", "forgotten meanwhile"])
@pytest.mark.parametrize("way", ["a pipe", "a file", "a file and again", "a file that grows"])
def test_a_line_with_a_number_of_its_own_is_one_however_often_it_comes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, forgotten: bool
) -> None:
    if forgotten:  # batches of so few lines that both generations of prints are gone when they come again
        for name in ("FIRST_CLICKS", "BATCH_CLICKS"):
            monkeypatch.setattr(requests, name, 2)
        monkeypatch.setattr(Log.blocks, "__defaults__", (600,))
        monkeypatch.setattr(line_log, "SEED_BYTES", 600)
    lines = [own_line(world, number) for number in range(12)]
    lines.append(own_line(world, 12, misplaced(world.path(1, 1))))  # rejected, and perhaps known one day
    log = tmp_path / "own.ndjson"
    if way == "a pipe":
        with through_a_pipe(b"".join(lines * 2)) as pipe:
            summary = world.load(pipe)
    elif way == "a file that grows":
        log.write_bytes(b"".join(lines))
        assert world.load(log).stored == 12
        log.write_bytes(b"".join(lines * 2))
        summary = world.load(log)
        assert (summary.stored, summary.repeated) == (0, 12)
    else:
        log.write_bytes(b"".join(lines * 2))
        summary = world.load(log)
    if way != "a file that grows":
        assert (summary.stored, summary.repeated, summary.rejected) == (12, 12, 2)
    if way == "a file and again":
        again = world.load(log, again=True)
        assert (again.stored, again.repeated) == (0, 24)
    assert adds_up(summary)
    assert len(world.clicks()) == 12


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 20, 21])
@pytest.mark.parametrize("ways", [("", "-"), ("-", "-"), (".gz", "-"), ("-", ""), ("-", ".xz"), (".zst", ".bz2")])
def test_a_log_that_grows_by_a_line_and_comes_in_another_way(
    world: World, tmp_path: Path, ways: tuple[str, str], count: int
) -> None:
    """Its times begin anew after ten lines, as a clock does that is put back."""
    lines = [line(world.path(1, number % 8 + 1, number % 3 + 1), number % 10) for number in range(count + 1)]
    for number, (ending, length) in enumerate(zip(ways, (count, count + 1), strict=True)):
        content = b"".join(lines[:length])
        if ending == "-":
            with through_a_pipe(content) as pipe:
                summary = world.load(pipe)
        else:
            log = tmp_path / f"{number}.log{ending}"
            log.write_bytes(COMPRESSIONS[ending](content))
            summary = world.load(log)
        assert summary.stored == (count, 1)[number]
    assert len(world.clicks()) == count + 1


def test_a_common_line_that_is_cut_inside_its_size_is_one_click(world: World, tmp_path: Path) -> None:
    text = f'192.0.2.1 - - [04/May/2026:09:12:33 +0000] "GET {world.path()} HTTP/1.1" 302 1380\n'.encode()
    assert piped(world, text * 2 + text[:-3]).returncode == 0
    log = tmp_path / "access.log"
    log.write_bytes(text * 3)
    world.load(log)
    assert len(world.clicks()) == 3


def event(world: World, number: int) -> bytes:
    record = {
        "event": "click", "email": f"c{number}@example.com", "timestamp": SENT // 1000 + number, "url":
        "https://click.example.com" + world.path(1, number), "sg_event_id": f"e{number}", "ip": "203.0.113.9",
        "useragent": CHROME,
    }  # fmt: skip
    return json.dumps(record).encode()


def test_a_complete_event_at_the_end_needs_no_line_end_and_an_unfinished_one_waits(
    world: World, tmp_path: Path
) -> None:
    log = tmp_path / "events.json"
    log.write_bytes(event(world, 1) + b"\n" + event(world, 2))
    assert (world.load(log).stored, len(world.clicks())) == (2, 2)
    log.write_bytes(event(world, 1) + b"\n" + event(world, 2) + event(world, 3)[:-9])
    assert (world.load(log).waiting, len(world.clicks())) == (1, 2)
    log.write_bytes(event(world, 1) + b"\n" + event(world, 2) + event(world, 3))
    assert (world.load(log).stored, len(world.clicks())) == (1, 3)
    assert "1 unfinished line waits" in piped(world, event(world, 4) + event(world, 5)[:-20]).stderr
    assert len(world.clicks()) == 4


# --- what stands between and behind compressed streams --------------------------------------------------------------

SKIPPED_FRAME = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"


@pytest.mark.parametrize("between", [b"", b"\0" * 4, b"\0" * 20_000], ids=["nothing", "a pad", "a long pad"])
@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst", "zstd in frames of pzstd"])
def test_all_streams_of_an_archive_are_read(world: World, tmp_path: Path, ending: str, between: bytes) -> None:
    lines = clicks_on(world, 8)
    compress = COMPRESSIONS.get(ending, COMPRESSIONS[".zst"])
    frame = SKIPPED_FRAME if "frames" in ending else b""
    packed = b"".join(frame + compress(text) + between for text in lines)
    log = tmp_path / "access.log"
    log.write_bytes(packed)
    assert (world.load(log).stored, world.load(log).read) == (8, 0)
    with through_a_pipe(packed) as pipe:
        assert (world.load(pipe).repeated, len(world.clicks())) == (8, 8)


@pytest.mark.parametrize("way", ["a file", "a pipe"])
@pytest.mark.parametrize("between", [b"", b"\0" * 4], ids=["right behind it", "behind a pad"])
@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst"])
def test_what_is_no_stream_behind_one_is_said(
    world: World, tmp_path: Path, ending: str, between: bytes, way: str
) -> None:
    lines = clicks_on(world, 8)
    packed = COMPRESSIONS[ending](b"".join(lines)) + between + b"".join(lines)
    if way == "a pipe":
        done = piped(world, packed)
        assert (done.returncode, "the compressed content is damaged" in done.stderr) == (3, True)
    else:
        log = tmp_path / "access.log"
        log.write_bytes(packed)
        assert [str(problem) for problem in world.load(log).problems if "is damaged" in str(problem)]
        assert world.load(log).problems, "it is not done"
    assert len(world.clicks()) == 8


# --- the format changes --------------------------------------------------------------------------------------------

ISO = "%Y-%m-%d %H:%M:%S"


def as_w3c(lines: Sequence[bytes]) -> bytes:
    found = ["#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent)"]
    for number, text in enumerate(lines):
        path = text.decode().split(" ")[6]
        moment = time.strftime(ISO, time.gmtime(SENT // 1000 + number))
        found.append(f"{moment} 203.0.113.9 GET {path} 302 {CHROME.replace(' ', '+')}")
    return "\n".join(found).encode() + b"\n"


# How the lines before and behind the change are written, and the format afterwards.
CHANGES: dict[str, tuple[Callable[[Sequence[bytes]], bytes], Callable[[Sequence[bytes]], bytes], str]] = {
    "combined, then JSON": (b"".join, lambda lines: b"".join(map(as_json, lines)), "nginx-json"),
    "JSON, then combined": (lambda lines: b"".join(map(as_json, lines)), b"".join, "combined"),
    "combined, then IIS with a header": (b"".join, as_w3c, "iis"),
    "JSON in syslog, then combined": (
        lambda lines: b"".join(b"May  4 09:12:33 web01 nginx: " + as_json(text) for text in lines), b"".join, "combined"
    ),
    "combined, then JSON in syslog": (
        b"".join, lambda lines: b"".join(b"May  4 09:12:33 web01 nginx: " + as_json(text) for text in lines),
        "nginx-json",
    ),
}  # fmt: skip


@pytest.mark.parametrize("pieces", ["at once", "parted there", "parted behind it", "a line at a time", "a pipe"])
@pytest.mark.parametrize("case", CHANGES)
def test_a_format_that_changes_is_read_on_in_the_new_one(world: World, tmp_path: Path, case: str, pieces: str) -> None:
    before, behind, name = CHANGES[case]
    lines = clicks_on(world, 20)
    old, new = before(lines[:9]), behind(lines[9:])
    log = tmp_path / "access.log"
    if pieces == "a pipe":
        assert piped(world, old + new).returncode == 0
    else:
        ends = {"at once": [], "parted there": [len(old)], "parted behind it": [len(old) + new.index(b"\n") + 1]}.get(
            pieces, [index + 1 for index, byte in enumerate(old + new) if byte == 10]
        )
        for end in [*ends, len(old + new)]:
            log.write_bytes((old + new)[:end])
            summary = world.load(log)
            assert adds_up(summary)
            assert not summary.reasons
    assert len(world.clicks()) == 20
    with world.database() as database:
        assert database.value("SELECT format FROM source") == name


def test_lines_in_both_formats_side_by_side(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(text if n % 3 else as_json(text) for n, text in enumerate(clicks_on(world, 20))))
    assert (world.load(log).stored, world.load(log).read) == (20, 0)


@pytest.mark.parametrize("count", [1, 5, 40])
def test_a_log_that_begins_in_an_unknown_format_is_read_from_where_it_is_known(
    world: World, tmp_path: Path, count: int
) -> None:
    log = tmp_path / "access.log"
    lines = [line(world.path(1, 1 + number % 8), 90 * number, ip=f"203.0.{number}.9") for number in range(6 + count)]
    log.write_bytes(b"".join(map(in_own_format, lines[:6])) + b"".join(lines[6:]))
    summary = world.load(log)
    assert (summary.stored, summary.reasons, summary.problems) == (count, {"malformed": 6}, ())
    assert "6 new lines with addresses of ours cannot be read" in summary.unusual[0]
    assert "--log-format" in summary.unusual[0]
    assert world.load(log, again=True, log_format=OWN_FORMAT).stored == 6


def test_as_many_lines_of_one_format_as_of_the_other(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    lines = clicks_on(world, 4)
    log.write_bytes(b"".join([*lines[:2], *map(as_json, lines[2:])]))
    assert world.load(log).stored == 4


def test_a_named_format_does_not_change_and_that_is_said(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    lines = clicks_on(world, 20)
    log.write_bytes(b"".join(lines[:9]) + b"".join(map(as_json, lines[9:])))
    summary = world.load(log, log_format="combined")
    assert (summary.stored, summary.reasons) == (9, {"malformed": 11})
    assert "in another format, nginx-json" in summary.unusual[0]
    assert "more than half" not in summary.alarm and summary.alarm
    assert world.load(log, log_format="nginx-json").stored == 11
    assert len(world.clicks()) == 20


OWN_FORMAT = "$time_iso8601|$remote_addr|$request_method|$request_uri|$status|$http_user_agent"


def in_own_format(text: bytes) -> bytes:
    """A combined line in a format of one's own."""
    told = json.loads(as_json(text))
    moment = datetime.strptime(told["time_local"], "%d/%b/%Y:%H:%M:%S %z")
    method, target, _ = told["request"].split()
    fields = (moment.isoformat(), told["remote_addr"], method, target, told["status"], told["http_user_agent"])
    return "|".join(fields).encode() + b"\n"


@pytest.mark.parametrize(
    "order",
    [("", OWN_FORMAT, "combined", ""), (OWN_FORMAT, "combined", "combined", OWN_FORMAT), ("combined", OWN_FORMAT, "")],
    ids=str,
)
def test_lines_that_are_stored_are_not_missed_when_another_format_is_named(
    world: World, tmp_path: Path, order: Sequence[str]
) -> None:
    log = tmp_path / "access.log"
    lines = [line(world.path(1, 1 + number % 8), 90 * number, ip=f"203.0.{number}.9") for number in range(36)]
    refused = [line(world.path(1, 1), 8_000 + number, status=404) for number in range(30)]  # seen, and no click
    log.write_bytes(b"".join(lines[:30] + refused) + b"".join(map(in_own_format, lines[30:])))
    seen: set[str] = set()
    for name in order:
        summary = world.load(log, again=bool(seen), log_format=name or None)
        of_now = {"combined" if name != OWN_FORMAT else OWN_FORMAT}
        assert summary.stored == sum({"combined": 30, OWN_FORMAT: 6}[one] for one in of_now - seen)
        assert adds_up(summary)
        seen |= of_now
        if len(seen) == 2:
            assert (summary.alarm, summary.unusual) == ("", ())
    assert len(world.clicks()) == 36


# --- the catalogue and the keys change -----------------------------------------------------------------------------


@pytest.mark.parametrize("small", [False, True], ids=["in one batch", "read by a process of its own"])
def test_a_shipment_that_is_made_while_the_import_runs_is_known(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    if small:
        monkeypatch.setattr(requests, "BATCH_CLICKS", 3)
        monkeypatch.setattr(Log.blocks, "__defaults__", (700,))
    lines = clicks_on(world, 12)
    new = [line(world.path(2, number, shipment), 50 * number) for number in range(1, 9) for shipment in (4, 5)]
    log = tmp_path / "access.log"
    log.write_bytes(b"".join([*lines, *new, *new[:3], line(world.path(2, 1, 77))]))

    def then_ship(*values: Any) -> Any:
        world.send()
        world.send(test=True)
        return recognise(*values)

    with monkeypatch.context() as patched:
        patched.setattr(load, "recognise", then_ship)
        summary = world.load(log)
    assert adds_up(summary)
    assert summary.reasons == {"unknown-shipment": 1}
    assert (summary.stored, summary.test) == (31, 9)
    calm = world.copy(tmp_path / "calm")
    assert (calm.load(log).read, calm.load(log, again=True).repeated) == (0, 31)
    assert state(calm) == state(world)


def test_an_event_for_a_shipment_that_is_made_while_the_import_runs(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "events.json"
    log.write_bytes(event(world, 1) + event(world, 2).replace(world.path(1, 2).encode(), world.path(1, 2, 4).encode()))

    def then_ship(*values: Any) -> Any:
        world.send()
        return recognise(*values)

    monkeypatch.setattr(load, "recognise", then_ship)
    summary = world.load(log)
    assert (summary.stored, summary.reasons) == (2, {})


def test_without_its_key_nothing_is_imported_and_with_it_all_is_as_if_nothing_had_been(
    world: World, tmp_path: Path
) -> None:
    calm = world.copy(tmp_path / "calm")
    lines = clicks_on(world, 20)
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(lines[:10]))
    for one in (world, calm):
        assert one.load(log).stored == 10
    log.write_bytes(b"".join(lines))
    key = world.workspace.key_path
    secret = key.read_bytes()
    key.write_text("0:" + "ab" * 32 + "\n")
    lost = World(world.workspace, world.tokens)
    with pytest.raises(BadInput, match="signing key"):
        lost.load(log)
    with pytest.raises(BadInput, match="signing key"):
        lost.load(log, again=True)
    key.write_bytes(secret)
    for one in (world, calm):
        assert one.load(log).stored == 10
    assert state(world) == state(calm)


# --- once more from the beginning ----------------------------------------------------------------------------------


def with_setting(world: World, setting: str) -> World:
    """The same world with another line in `[clicks]`."""
    path = world.workspace.root / "linktrack.toml"
    path.write_text(path.read_text().replace("[clicks]\n", f"[clicks]\n{setting}\n"))
    return World(load_workspace(world.workspace.root, {}), world.tokens)


KNOWN_PROXY = 'trusted_proxies = ["192.0.2.80/32"]'


def behind_a_proxy(world: World) -> list[bytes]:
    """Twenty people and a scanner, all of them behind one proxy that is not known at first."""
    people = [(f"203.0.{number}.9", world.path(spot, number)) for number in range(1, 21) for spot in (1, 2)]
    scans = [("198.18.0.1", world.path(spot, 21)) for spot in (1, 2, 3, 4)]
    return [
        line(path, 600 + number // 4, ip=f"{ip}, 192.0.2.80") for number, (ip, path) in enumerate([*people, *scans])
    ]


def test_again_gives_what_is_stored_the_addresses_and_verdicts_of_today(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(behind_a_proxy(world)))
    calm = with_setting(world.copy(tmp_path / "calm"), KNOWN_PROXY)
    assert calm.load(log).human == 40
    assert world.load(log).scanner > 40
    known = with_setting(world, KNOWN_PROXY)
    assert known.load(log).read == 0
    summary = known.load(log, again=True)
    assert adds_up(summary)
    assert (summary.read, summary.stored, summary.repeated, summary.readdressed) == (44, 0, 44, 44)
    assert summary.moved == 44  # the scanner's have other reasons
    assert state(known) == state(calm)
    once_more = known.load(log, again=True)
    assert (once_more.stored, once_more.readdressed, once_more.moved) == (0, 0, 0)
    assert state(known) == state(calm)


def test_who_turns_human_is_open_and_who_turns_machine_stays_done(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(behind_a_proxy(world)))
    world.load(log)
    with world.database() as database, database.transaction():
        database.execute("UPDATE click SET passed = 1 WHERE ruling_id IN (SELECT id FROM ruling WHERE verdict='human')")
        database.execute("DELETE FROM open_time")
    with_setting(world, KNOWN_PROXY).load(log, again=True)
    with world.database() as database:
        unpassed = database.rows(
            "SELECT clicked_at FROM click JOIN ruling ON ruling.id = ruling_id WHERE verdict = 'human' AND passed = 0"
        )
        times = database.rows("SELECT first_at, last_at FROM open_time")
    assert unpassed
    assert all(any(first <= at <= last for first, last in times) for (at,) in unpassed)


def test_again_reads_what_was_rejected_by_mistake(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(clicks_on(world, 5)) + line(world.path(1, 1, 4)))
    first = world.load(log)
    assert (first.stored, first.reasons) == (5, {"unknown-shipment": 1})
    world.send()
    second = world.load(log, again=True)
    assert (second.stored, second.repeated, second.human) == (1, 5, 1)


# --- people leave --------------------------------------------------------------------------------------------------

POST_TO = {
    "one-click": ("", ["newsletter"]),
    "the page's button": ("?page", ["newsletter"]),
    "one-click with junk behind it": ("?utm_source=x", ["newsletter"]),
    "a type of one's own": ("?off=Product%20News", ["product news"]),
    "every type": ("?off=*", [""]),
    "back into a type": ("?on=newsletter", []),
}


@pytest.mark.parametrize("case", POST_TO)
def test_a_post_of_the_unsubscribe_link_leaves(world: World, tmp_path: Path, case: str) -> None:
    query, left = POST_TO[case]
    log = tmp_path / "access.log"
    log.write_bytes(line(world.path(10, 4) + query, 700, method="POST", status=200, agent="curl/8.5.0"))
    world.load(log)
    world.load(log, again=True)
    with world.database() as database:
        assert [one.type for one in departures_of(database, 4)] == left
        assert database.rows("SELECT pressed FROM click") == [(query[1:],)]


@pytest.mark.parametrize(
    ("setting", "agent", "left"),
    [("post", CHROME, 0), ("get", CHROME, 1), ("get", "curl/8.5.0", 0)],
    ids=["a look", "one's own page has asked", "a machine is never asked"],
)
def test_a_get_of_the_unsubscribe_link(world: World, tmp_path: Path, setting: str, agent: str, left: int) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(line(world.path(10, 4), 700, agent=agent))
    with_setting(world, f'unsubscribe_on = "{setting}"').load(log)
    with world.database() as database:
        assert len(departures_of(database, 4)) == left


def test_a_test_shipment_and_another_link_leave_nothing(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(line(world.path(10, 4, 3), method="POST") + line(world.path(1, 4), method="POST"))
    assert world.load(log).reasons == {"method": 1}
    with world.database() as database:
        assert departures_of(database, 4) == []


def test_a_link_with_a_button_before_its_target_acts_by_post(world: World, tmp_path: Path) -> None:
    with world.database() as database, database.transaction():
        database.execute("UPDATE link SET confirm = 1 WHERE key = 'link-2'")
    log = tmp_path / "access.log"
    log.write_bytes(
        line(world.path(2, 4) + "?go", 700, method="POST", agent="curl/8.5.0")
        + line(world.path(1, 4), 701, method="POST")
    )
    summary = world.load(log)
    assert (summary.human, summary.reasons) == (1, {"method": 1})
    assert world.clicks()[0][-2:] == ("human", "posted")


# --- pipes that go on ----------------------------------------------------------------------------------------------


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(0.05)


@contextmanager
def importing(world: World, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[bytes], None]]]:
    """An import in a process of its own, and what writes to its standard input."""
    with subprocess.Popen(
        shell(world, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:

        def write(data: bytes) -> None:
            assert process.stdin is not None
            process.stdin.write(data)
            process.stdin.flush()

        try:
            yield process, write
        finally:
            process.kill()


def stopped(process: subprocess.Popen[bytes], number: signal.Signals) -> bytes:
    """Send a signal while standard input stays open; what the process says then."""
    process.send_signal(number)
    process.wait(30)
    return process.stderr.read() if process.stderr else b""


@pytest.mark.faults
def test_a_pipe_that_goes_on_is_stored_every_few_seconds(world: World) -> None:
    lines = clicks_on(world, 12)
    with importing(world, "-") as (process, write):
        write(b"".join(lines[:5]) + lines[5][:40])
        until(lambda: len(world.clicks()) == 5)
        write(lines[5][40:] + lines[6])
        until(lambda: len(world.clicks()) == 7)
        _, said = process.communicate(b"".join(lines[7:]))
    assert process.returncode == 0
    assert b"12 clicks stored" in said


@pytest.mark.parametrize("unfinished", [b"", b"203.0.113.9 - - [04/May"], ids=["whole", "a line is cut"])
@pytest.mark.parametrize("way", ["a pipe", "a file"])
def test_a_signal_before_the_import_has_ended_is_a_stop_though_all_was_read(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, unfinished: bytes
) -> None:
    """As from a terminal, where Ctrl-C ends what writes into the pipe, too."""
    data = b"".join(clicks_on(world, 5)) + unfinished
    log = tmp_path / "access.log"
    log.write_bytes(data)
    store = ClickStore.store

    def and_a_signal(*given: Any, **named: Any) -> StoredBatch:
        signal.raise_signal(signal.SIGTERM)
        return store(*given, **named)

    monkeypatch.setattr(ClickStore, "store", and_a_signal)
    monkeypatch.setattr(content, "_standard_input", lambda: BufferedReader(BytesIO(data)))
    done = CliRunner().invoke(app, shell(world, "-" if way == "a pipe" else str(log), str(log))[3:])
    assert done.exit_code == 130
    assert ("1 unfinished line waits" in done.stderr) == bool(unfinished)
    assert len(world.clicks()) == 5


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("how", ["standard input", "compressed", "a named pipe", "nothing has come", "nobody writes"])
def test_a_pipe_stops_at_the_first_signal_while_it_waits(
    world: World, tmp_path: Path, how: str, number: signal.Signals
) -> None:
    lines = b"".join(clicks_on(world, 5))
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    named = how in ("a named pipe", "nobody writes")
    with importing(world, str(fifo) if named else "-") as (process, write):
        if how == "a named pipe":
            with fifo.open("wb", buffering=0) as pipe:
                pipe.write(lines)
                said = after_a_moment(world, process, number)
        else:
            if how == "compressed":
                packer = zlib.compressobj(wbits=31)
                write(packer.compress(lines) + packer.flush(zlib.Z_SYNC_FLUSH))
            elif how == "standard input":
                write(lines)
            said = after_a_moment(world, process, number)
    assert process.returncode == 130, said
    assert b"Traceback" not in said and b"Fatal" not in said
    assert len(world.clicks()) == (0 if how.startswith("no") else 5)


def after_a_moment(world: World, process: subprocess.Popen[bytes], number: signal.Signals) -> bytes:
    """Stop an import that holds its lock, once it has taken what there is."""
    lock = world.workspace.root / ".linktrack-import.lock"
    until(lambda: lock.exists() and lock.read_text().startswith("process"))
    time.sleep(1.0)
    return stopped(process, number)


@pytest.mark.faults
def test_what_came_through_a_pipe_that_was_stopped_is_read_on_from_the_file(world: World, tmp_path: Path) -> None:
    lines = clicks_on(world, 12)
    with importing(world, "-") as (process, write):
        write(b"".join(lines[:5]) + lines[5][:40])
        until(lambda: len(world.clicks()) == 5)
        stopped(process, signal.SIGTERM)
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(lines))
    assert (world.load(log).stored, len(world.clicks())) == (7, 12)
