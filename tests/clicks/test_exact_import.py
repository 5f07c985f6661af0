"""Promise 3: whatever way a log comes in, once, twice, in pieces, rotated, compressed, overlapping or interrupted, the
database is the same, and every line is accounted for."""

from __future__ import annotations

import bisect
import gzip
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import zstandard
from clicks_world import (
    COMPRESSIONS,
    World,
    adds_up,
    as_json,
    line,
    misplaced,
    random_log,
    shell,
    state,
    through_a_pipe,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.clicks import load
from linktrack.clicks.logs import equal_lines, line_log
from linktrack.clicks.logs import requests as reading
from linktrack.clicks.logs.content import Log
from linktrack.clicks.logs.import_terms import ImportOptions
from linktrack.clicks.logs.sources import recognise
from linktrack.clicks.summary import ImportSummary
from linktrack.errors import BadInput
from linktrack.links.signing_keys import revoke_key, rotate_key
from linktrack.store.session import Database


@contextmanager
def scratch(untouched: World) -> Iterator[Callable[[str], World]]:
    with tempfile.TemporaryDirectory() as folder:
        yield lambda name: untouched.copy(Path(folder) / name)


def expected(make: Callable[[str], World], lines: list[bytes]) -> tuple[Any, ...]:
    world = make("expected")
    log = world.workspace.root / "whole.log"
    log.write_bytes(b"".join(lines))
    assert adds_up(world.load(log))
    return state(world)


def test_a_log_imported_twice_is_imported_once(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(random_log(world, 1, 200)))
    first = world.load(log)
    before = state(world)
    second = world.load(log)
    assert adds_up(first)
    assert first.read == 200
    assert (second.read, second.stored) == (0, 0)
    assert state(world) == before


def test_a_copy_that_is_read_line_by_line_adds_nothing(world: World, tmp_path: Path) -> None:
    lines = random_log(world, 2, 200)
    log, copy = tmp_path / "access.log", tmp_path / "copy.log"
    log.write_bytes(b"".join(lines))
    copy.write_bytes(b"\n" + b"".join(lines))  # begins otherwise, so it is not known again
    first = world.load(log)
    before = state(world)
    second = world.load(copy)
    assert (second.read, second.stored, second.repeated) == (200, 0, first.stored)
    assert state(world) == before


@settings(max_examples=40)
@given(st.data())
def test_pieces_in_any_order_and_compression_with_overlaps(untouched: World, data: st.DataObject) -> None:
    with scratch(untouched) as make:
        world = make("pieces")
        lines = random_log(world, data.draw(st.integers(0, 10_000)), data.draw(st.integers(3, 60)))
        cuts = sorted(data.draw(st.sets(st.integers(1, len(lines) - 1), max_size=5)))
        pieces = list(zip([0, *cuts], [*cuts, len(lines)], strict=True))
        for _ in range(data.draw(st.integers(0, 2))):  # some pieces come again, longer or shorter than before
            start, stop = sorted(data.draw(st.lists(st.integers(0, len(lines)), min_size=2, max_size=2, unique=True)))
            pieces.append((start, stop))
        if ambiguous(lines, pieces):
            return
        for number, (start, stop) in enumerate(data.draw(st.permutations(pieces))):
            ending = data.draw(st.sampled_from([*sorted(COMPRESSIONS), "-"]))
            content = b"".join(lines[start:stop])
            if ending == "-":
                with through_a_pipe(content) as pipe:
                    assert adds_up(world.load(pipe))
                continue
            log = world.workspace.root / f"{number}.log{ending}"
            log.write_bytes(COMPRESSIONS[ending](content))
            assert adds_up(world.load(log))
        assert state(world) == expected(make, lines)


@settings(max_examples=40)
@given(st.data())
def test_a_growing_log_in_any_way_cut_anywhere(untouched: World, data: st.DataObject) -> None:
    """A file, an archive or a pipe, cut inside a line, in a format that changes on the way, with line ends of one kind
    or of several, read again from its beginning, and with a key ring that is lost for a while: all the same
    database."""
    with scratch(untouched) as make:
        world = make("growing")
        lines = random_log(world, data.draw(st.integers(0, 10_000)), data.draw(st.integers(3, 40)))
        change = data.draw(st.integers(0, len(lines)))
        written = lines[:change] + [as_json(text) for text in lines[change:]]
        pieces = ended(written, data.draw(LINE_ENDS))
        whole = b"".join(pieces)
        key = world.workspace.key_path
        ends = [*sorted(data.draw(st.lists(st.integers(1, len(whole)), max_size=4))), len(whole)]
        if ambiguous(lines, beginnings(pieces, ends)):
            return
        for end in ends:
            again = data.draw(st.sampled_from([False, False, True]))
            if data.draw(st.sampled_from([False, False, True])):
                ring = key.read_bytes()
                key.write_text("0:" + "ab" * 32 + "\n")
                with pytest.raises(BadInput, match="signing key"):
                    load_part(world, whole[:end], data.draw(st.sampled_from(["", ".gz", "-"])), again)
                key.write_bytes(ring)
            summary = load_part(world, whole[:end], data.draw(st.sampled_from([*sorted(COMPRESSIONS), "-"])), again)
            assert adds_up(summary)
            assert "malformed" not in summary.reasons
            assert summary.waiting == (not whole[:end].endswith((b"\n", b"\r")))
        assert state(world) == expected(make, written)


LINE_ENDS = st.sampled_from([(b"\n",), (b"\n",), (b"\r",), (b"\n", b"\r"), (b"\r", b"\r\n", b"\n")])


def ended(lines: list[bytes], kinds: tuple[bytes, ...]) -> list[bytes]:
    """The lines with ends of these kinds, in no order."""
    chance = random.Random(len(lines))
    return [text.rstrip(b"\n") + chance.choice(kinds) for text in lines]


def beginnings(lines: list[bytes], ends: list[int]) -> list[tuple[int, int]]:
    """The pieces that are complete where a log is cut at these bytes. Where what follows a carriage return does not
    tell yet whether that ends a line, there is one line less."""
    behind = list(itertools.accumulate(map(len, lines)))
    late = (0, 1) if any(text.endswith(b"\r") for text in lines) else (0,)
    return [(0, count) for end in ends for one in late if (count := bisect.bisect_right(behind, end) - one) > 0]


@settings(max_examples=60)
@given(st.data())
def test_a_short_log_whose_clock_goes_back_in_any_pieces_and_any_way(untouched: World, data: st.DataObject) -> None:
    """Its beginnings, its ends or any pieces of it, each under its own name or the log's, in any order."""
    with scratch(untouched) as make:
        world = make("short")
        times = data.draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), min_size=1, max_size=5))
        lines = [line(world.path(1, person), 60 + second) for second, person in times]
        size = len(lines)
        cut = st.integers(1, size)
        kind = data.draw(st.sampled_from(["beginnings", "beginnings", "ends", "pieces"]))
        if kind == "beginnings":
            pieces = [(0, stop) for stop in data.draw(st.lists(cut, max_size=4))]
        elif kind == "ends":
            pieces = [(size - length, size) for length in data.draw(st.lists(cut, max_size=4))]
        else:
            starts = data.draw(st.lists(st.tuples(cut, cut), max_size=4))
            pieces = [(min(one) - 1, max(one)) for one in starts]
        if kind == "pieces" and (comes_back(times) or ambiguous(lines, [*pieces, (0, size)])):
            return
        for number, (start, stop) in enumerate(data.draw(st.permutations([*pieces, (0, size)]))):
            content = b"".join(lines[start:stop])
            ending = data.draw(st.sampled_from([*sorted(COMPRESSIONS), "-", "-"]))
            if ending == "-":
                packed = COMPRESSIONS[data.draw(st.sampled_from(["", "", ".gz", ".xz"]))](content)
                with through_a_pipe(packed) as pipe:
                    assert adds_up(world.load(pipe))
                continue
            log = world.workspace.root / f"{data.draw(st.sampled_from(['access', str(number)]))}.log{ending}"
            log.write_bytes(COMPRESSIONS[ending](content))
            assert adds_up(world.load(log))
        assert state(world) == expected(make, lines)


def comes_back(times: list[tuple[int, int]]) -> bool:
    """Whether a line comes again after its second was left: on both sides of a cut, the two are taken for one."""
    return any(
        one == other and any(between[0] != one[0] for between in times[at:after])
        for at, one in enumerate(times)
        for after, other in enumerate(times[at + 1 :], at + 1)
    )


@contextmanager
def short_memory() -> Iterator[None]:
    """Of a log, a few lines are remembered, and a few are read again before the place where an earlier run stopped."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "BATCH_CLICKS", 5)
        patched.setattr(line_log, "SEED_BYTES", 400)
        patched.setattr(equal_lines, "_PIECE", 3)
        patched.setattr(Log.blocks, "__defaults__", (1500,))
        yield


@settings(max_examples=30)
@given(st.data())
def test_equal_lines_far_apart_in_a_log_that_grows_is_interrupted_and_comes_in_other_ways(
    untouched: World, data: st.DataObject
) -> None:
    """Blocks of lines come again much later; what lies between equal lines is more than an import remembers.

    Where pipes are among the ways, nothing is interrupted: a pipe is another log, and what looks like a cut between the
    two nobody can tell from one.
    """
    with scratch(untouched) as make:
        world = make("far")
        some = random_log(world, data.draw(st.integers(0, 10_000)), data.draw(st.integers(4, 40)))
        start = st.integers(0, len(some) - 1)
        plain = [text for at in data.draw(st.lists(start, min_size=2, max_size=8)) for text in some[at : at + 15]]
        change = data.draw(st.integers(0, len(plain)))
        lines = plain[:change] + [as_json(text) for text in plain[change:]]
        pieces = ended(lines, data.draw(LINE_ENDS))
        whole = b"".join(pieces)
        wanted = expected(make, lines)
        ends = [*sorted(data.draw(st.lists(st.integers(1, len(whole)), max_size=4))), len(whole)]
        pipes = data.draw(st.booleans())
        if pipes and ambiguous(plain, beginnings(pieces, ends)):
            return
        with short_memory():
            for end in ends:
                again = data.draw(st.sampled_from([False, False, True]))
                ending = data.draw(st.sampled_from(["", "", ".gz", ".zst", "-"] if pipes else ["", "", ".gz"]))
                content = whole[:end]
                batches = data.draw(
                    st.sampled_from([None] if pipes else [None, None, 1, 2, 5])
                )  # after so many it is interrupted
                if ending == "-":
                    with through_a_pipe(content) as pipe:
                        assert adds_up(load_some(world, pipe, batches, again))
                    continue
                log = world.workspace.root / f"access.log{ending}"
                log.write_bytes(COMPRESSIONS[ending](content))
                assert adds_up(load_some(world, log, batches, again))
            log = world.workspace.root / "access.log"
            log.write_bytes(whole)
            assert adds_up(world.load(log))
        assert state(world) == wanted


def load_some(world: World, log: Path | str, batches: int | None, again: bool) -> ImportSummary:
    """Import, interrupted after so many batches."""
    done: list[object] = []
    with world.database() as database:
        return load.import_logs(
            world.workspace, database, [str(log)], ImportOptions(again=again),
            tell=done.append, stop=lambda: batches is not None and len(done) >= batches,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "stored"),
    [
        pytest.param((2000, 10), [2000, 10], id="more equal lines in a row than are read again"),
        pytest.param((2000, 3000), [2000, 3000], id="and more of them behind"),
    ],
)
def test_a_line_that_comes_thousands_of_times(
    world: World, tmp_path: Path, parts: tuple[int, int], stored: list[int]
) -> None:
    log, text = tmp_path / "access.log", line(world.path())
    log.write_bytes(text * parts[0])
    first = world.load(log)
    log.write_bytes(text * sum(parts))
    assert [first.stored, world.load(log).stored] == stored


@pytest.mark.parametrize("ending", ["", ".gz", "-"])
def test_equal_lines_with_thousands_of_others_between_them(world: World, tmp_path: Path, ending: str) -> None:
    text = line(world.path(), 5)
    others = b"".join(line("/", second) for second in range(4000))
    first, whole = text * 5 + others, text * 5 + others + text * 5
    load_part(world, first, ending, False)
    assert load_part(world, whole, ending, False).stored == 5
    assert load_part(world, whole, ending, True).stored == 0


def test_lines_of_which_another_log_has_some_are_not_counted_twice(world: World, tmp_path: Path) -> None:
    """Known lines behind the position that do not stand before it."""
    lines = random_log(world, 23, 400)
    log = tmp_path / "access.log"
    with short_memory():
        log.write_bytes(b"".join(lines[:200]))
        world.load(log)
        with through_a_pipe(b"".join(lines[150:])) as pipe:
            world.load(pipe)
        before = state(world)
        log.write_bytes(b"".join(lines))
        assert world.load(log).stored == 0
    assert state(world) == before


def load_part(world: World, content: bytes, ending: str, again: bool) -> ImportSummary:
    """Import this much of a log, that has grown to it, as a file, an archive or a pipe."""
    if ending == "-":
        with through_a_pipe(content) as pipe:
            return world.load(pipe, again=again)
    log = world.workspace.root / f"access.log{ending}"
    log.write_bytes(COMPRESSIONS[ending](content))
    return world.load(log, again=again)


def ambiguous(lines: list[bytes], pieces: list[tuple[int, int]]) -> bool:
    """Whether the pieces look like others, so that no one can tell.

    Two that overlap in one second only and by copies of one line look like a cut between equal lines, and one that
    holds nothing but a line that others have looks like a repetition (see `clicks.edges`); one that is what another
    begins with looks like an earlier state of that log.
    """
    stamps = [text.split(b"[")[1][:20] for text in lines]
    for one in pieces:
        if len(own := set(lines[slice(*one)])) == 1 and own & {*lines[: one[0]], *lines[one[1] :]}:
            return True
        for other in pieces:
            start, stop = max(one[0], other[0]), min(one[1], other[1])
            if one != other and start < stop and len(set(stamps[start:stop])) == 1 and len(set(lines[start:stop])) == 1:
                return True
            if one[0] != other[0] and lines[slice(*other)][: one[1] - one[0]] == lines[slice(*one)]:
                return True
    return False


@settings(max_examples=40)
@given(st.data())
@pytest.mark.faults
def test_a_log_that_grows_and_rotates_while_it_is_imported(untouched: World, data: st.DataObject) -> None:
    """Cron's life: the log is cut at any byte, renamed, compressed or copied away and truncated between imports."""
    with scratch(untouched) as make:
        world = make("cron")
        lines = random_log(world, data.draw(st.integers(0, 10_000)), data.draw(st.integers(3, 60)))
        whole = b"".join(lines)
        folder = world.workspace.root / "log"
        folder.mkdir()
        current, written = folder / "access.log", 0
        rotated: list[Path] = []
        cuts = [0]
        while written < len(whole):
            more = data.draw(st.integers(1, max(len(whole) // 3, 1)))
            with current.open("ab") as log:
                log.write(whole[written : written + more])
            written = min(written + more, len(whole))
            what = data.draw(st.sampled_from(["import", "import", "wait", "rename", "copytruncate"]))
            if what in ("rename", "copytruncate") and whole[:written].endswith(b"\n"):
                cuts.append(whole[:written].count(b"\n"))
                rotated.append(folder / f"access.log.{len(rotated) + 1}")
                (current.rename if what == "rename" else lambda to: shutil.copy(current, to))(rotated[-1])
                current.write_bytes(b"")
                if data.draw(st.booleans()):
                    packed = rotated[-1].with_name(rotated[-1].name + ".gz")
                    packed.write_bytes(gzip.compress(rotated[-1].read_bytes()))
                    rotated[-1].unlink()
                    rotated[-1] = packed
            elif what == "import":
                some = data.draw(st.permutations([current, *rotated[-2:]]))
                assert adds_up(world.load(*some))
        assert adds_up(world.load(*data.draw(st.permutations([current, *rotated]))))
        if not ambiguous(lines, list(zip(cuts, [*cuts[1:], len(lines)], strict=True))):
            assert state(world) == expected(make, lines)


def test_an_unfinished_last_line_waits(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    text = line(world.path())
    log.write_bytes(text + text[:60])
    assert world.load(log).read == 1
    log.write_bytes(text + text)
    summary = world.load(log)
    assert (summary.read, summary.stored) == (1, 1)
    assert len(world.clicks()) == 2


def test_identical_lines_are_as_many_clicks_as_there_are_lines(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(line(world.path()) * 3)
    assert world.load(log).stored == 3
    log.write_bytes(line(world.path()) * 5)  # two more of them
    assert world.load(log).stored == 2


def test_standard_input_adds_what_files_have_not(world: World, tmp_path: Path) -> None:
    lines = random_log(world, 5, 120)
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(lines[:80]))
    world.load(log)
    command = [
        sys.executable,
        "-m",
        "linktrack",
        "-q",
        "--workspace",
        str(world.workspace.root),
        "click",
        "import",
        "-",
    ]
    done = subprocess.run(command, input=b"".join(lines), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.startswith(b"One address, 192.0.2.0, is behind ")  # as the whole world stands in one network
    assert done.stderr.count(b"\n") == 1
    other = world.copy(tmp_path / "other")
    log.write_bytes(b"".join(lines))
    assert other.load(log).stored == 0


@pytest.mark.parametrize(
    "options", [{}, {"since": 1_777_885_200_000 + 300_000}, {"until": 1_777_885_200_000 + 600_000}]
)
def test_bounds_of_time_leave_the_rest_for_later(world: World, tmp_path: Path, options: dict[str, int]) -> None:
    lines = random_log(world, 6, 100)
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(lines))
    assert adds_up(world.load(log, **options))
    inside = [click for click in world.clicks() if click[0] >= options.get("since", 0)]
    assert len(inside) == len(world.clicks())
    assert adds_up(world.load(log))
    other = world.copy(tmp_path / "other")
    assert other.load(log).stored == 0
    assert world.load(log).read == 0


def test_a_damaged_archive_keeps_what_came_before(world: World, tmp_path: Path) -> None:
    lines = random_log(world, 8, 100)
    log = tmp_path / "access.log.gz"
    packed = bytearray(gzip.compress(b"".join(lines[:50])) + gzip.compress(b"".join(lines[50:])))
    middle = len(gzip.compress(b"".join(lines[:50])))
    packed[middle + 200 : middle + 260] = b"?" * 60
    log.write_bytes(packed)
    (problem,) = world.load(log).problems
    assert isinstance(problem, BadInput) and "damaged" in str(problem)
    kept = len(world.clicks())
    assert kept > 0
    log.write_bytes(gzip.compress(b"".join(lines)))
    world.load(log)
    plain = tmp_path / "plain.log"
    plain.write_bytes(b"\n" + b"".join(lines))
    assert world.load(plain).stored == 0


def test_a_cut_off_archive_is_read_as_far_as_it_goes_and_on_when_it_is_whole(world: World, tmp_path: Path) -> None:
    lines = random_log(world, 9, 100)
    log = tmp_path / "access.log.gz"
    packed = gzip.compress(b"".join(lines), 1)
    log.write_bytes(packed[: len(packed) * 2 // 3])
    summary = world.load(log)
    assert summary.notes
    assert "ends too early" in summary.notes[0]
    log.write_bytes(packed)
    world.load(log)
    assert len(world.clicks()) == len(fresh_clicks(world, tmp_path, lines))


def fresh_clicks(world: World, tmp_path: Path, lines: list[bytes]) -> list[tuple[Any, ...]]:
    """What these lines are as clicks, found by reading them all again."""
    log = tmp_path / "again.log"
    log.write_bytes(b"\n" + b"".join(lines))
    assert world.load(log).stored == 0
    return world.clicks()


def test_equal_lines_with_an_escaped_address_are_counted_across_two_runs(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    path = world.path()
    text = line(f"/%{ord(path[1]):x}{path[2:]}")
    log.write_bytes(text)
    assert world.load(log).stored == 1
    log.write_bytes(text * 3)
    assert world.load(log).stored == 2


def test_a_log_that_is_rotated_just_after_it_was_recognised(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that was recognised is the one that is read, not the one that has its name by then."""
    lines = random_log(world, 15, 120)
    log, rotated = tmp_path / "access.log", tmp_path / "access.log.1"
    log.write_bytes(b"".join(lines[:40]))
    world.load(log)
    with log.open("ab") as end:
        end.write(b"".join(lines[40:60]))

    def then_rotate(*values: Any) -> Any:
        known = recognise(*values)
        if not rotated.exists():
            log.rename(rotated)
            log.write_bytes(b"".join(lines[60:]))
        return known

    monkeypatch.setattr(load, "recognise", then_rotate)
    assert world.load(log).read == 20
    assert world.load(log, rotated).read == 60
    assert len(world.clicks()) == len(fresh_clicks(world, tmp_path, lines))


def test_a_line_without_end_is_one_rejected_line(world: World, tmp_path: Path) -> None:
    lines = random_log(world, 16, 100)
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(lines[:50]) + b"x" * 5_000_000)
    assert world.load(log).read == 50
    with log.open("ab") as end:
        end.write(b"x" * 3_000_000 + b"\n" + b"".join(lines[50:80]))
    summary = world.load(log)
    assert (summary.read, summary.reasons["too-long"]) == (31, 1)
    with log.open("ab") as end:
        end.write(b"".join(lines[80:]))
    assert world.load(log).read == 20
    assert len(world.clicks()) == len(fresh_clicks(world, tmp_path, lines))


def test_a_cut_off_zstd_file_is_no_whole_one(world: World, tmp_path: Path) -> None:
    lines = random_log(world, 17, 4000)
    content = b"".join(lines)
    packed = zstandard.compress(content[: len(content) // 2]) + zstandard.compress(content[len(content) // 2 :])
    log = tmp_path / "access.log.zst"
    log.write_bytes(packed[: len(packed) * 3 // 4])
    summary = world.load(log)
    assert "ends too early" in summary.notes[0]
    assert "malformed" not in summary.reasons
    log.write_bytes(packed)
    assert summary.read + world.load(log).read == len(lines)


def test_a_log_that_was_taken_for_another_format_is_read_again(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(random_log(world, 18, 50)))
    assert world.load(log, log_format="iis").reasons == {"malformed": 50}
    summary = world.load(log, log_format="combined")
    assert summary.read == 50
    assert summary.stored > 0
    assert world.load(log).read == 0


@pytest.mark.parametrize(
    ("path", "reasons"),
    [
        pytest.param("/old/path{}", None, id="the base URL was another one when the mail was sent"),
        pytest.param("https://old.example.com:8443/r{}?a=1", None, id="a proxy logs the whole address"),
        pytest.param("/?next={}", {}, id="one of our addresses inside a query is no click on it"),
        pytest.param("/old{}x", {}, id="no token of ours below a path of others"),
    ],
)
def test_a_good_token_below_another_path(
    world: World, tmp_path: Path, path: str, reasons: dict[str, int] | None
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(line(path.format(world.path())))
    summary = world.load(log)
    assert (summary.stored, summary.reasons) == ((1, {}) if reasons is None else (0, reasons))


def test_a_file_name_that_is_no_utf_8(world: World, tmp_path: Path) -> None:
    log = tmp_path / "caf\udce9.log"
    log.write_bytes(line(world.path()))
    assert world.load(log).stored == 1
    with world.database() as database:
        assert database.value("SELECT name FROM source").endswith("caf\\xe9.log")


def test_a_key_that_fits_no_token_is_suspected(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    path = world.path()
    log.write_bytes(line(path[:-4] + ("aaaa" if path[-4:] != "aaaa" else "bbbb")))
    summary = world.load(log)
    assert summary.reasons == {"forged-token": 1}
    assert "LINKTRACK_SECRET" in summary.hints[0]


def test_clicks_of_a_revoked_key_are_not_called_forged(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    path = world.path()
    log.write_bytes(line(path) + line(path[:-4] + ("aaaa" if path[-4:] != "aaaa" else "bbbb")))
    with world.database() as database:
        rotate_key(world.workspace, database)
        revoke_key(world.workspace, database, 0)
    summary = world.load(log)
    assert (summary.stored, summary.reasons["revoked-key"]) == (0, 2), "what nobody can verify any more is one thing"
    assert not any("forged" in hint for hint in summary.hints)


# --- killed, stopped, at the same time -----------------------------------------------------------------------------


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction for every few lines, so that a short log has many, and a process that reads ahead."""
    monkeypatch.setattr(reading, "BATCH_CLICKS", 7)
    monkeypatch.setattr("linktrack.clicks.logs.content.BLOCK_BYTES", 2048)
    monkeypatch.setattr(Log.blocks, "__defaults__", (2048,))


def import_killed(world: World, log: Path, count: int) -> bool:
    """Import in a process of its own that dies at its `count`-th statement; whether it did."""
    child = os.fork()
    if child == 0:
        left = [count]

        def counted(method: Callable[..., Any]) -> Callable[..., Any]:
            def call(self: Database, *arguments: Any) -> Any:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return method(self, *arguments)

            return call

        for name in ("execute", "executemany", "rows", "row"):
            setattr(Database, name, counted(getattr(Database, name)))
        try:
            world.load(log)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.usefixtures("small_batches")
@pytest.mark.faults
def test_killed_at_any_statement_nothing_is_lost_or_counted_twice(untouched: World) -> None:
    lines = random_log(untouched, 11, 150)
    with scratch(untouched) as make:
        wanted = expected(make, lines)
        chance = random.Random(11)
        points = [1, 2, 3, *(chance.randint(4, 250) for _ in range(25))]
        killed = 0
        for attempt, number in enumerate(points):
            world = make(f"killed-{attempt}")
            log = world.workspace.root / "access.log"
            log.write_bytes(b"".join(lines))
            killed += import_killed(world, log, number)
            killed += import_killed(world, log, chance.randint(1, 200))
            world.load(log)
            assert state(world) == wanted, f"killed at statement {number}"
        assert killed > len(points)


@pytest.mark.usefixtures("small_batches")
def test_a_process_that_reads_ahead_reports_what_it_met(world: World, tmp_path: Path) -> None:
    """An error and a cut-off end beyond the first batch come through from the other process."""
    lines = random_log(world, 12, 400)
    log = tmp_path / "access.log.gz"
    packed = bytearray(gzip.compress(b"".join(lines)))
    packed[-400:-300] = b"?" * 100
    log.write_bytes(packed)
    (problem,) = world.load(log).problems
    assert isinstance(problem, BadInput) and "damaged" in str(problem)
    assert len(world.clicks()) > 100
    other = world.copy(tmp_path / "other")
    whole = gzip.compress(b"".join(lines), 1)
    (tmp_path / "cut.log.gz").write_bytes(whole[: len(whole) * 5 // 6])
    assert "ends too early" in other.load(tmp_path / "cut.log.gz").notes[0]


@pytest.mark.usefixtures("small_batches")
def test_a_long_log_is_read_by_another_process_from_its_first_batch_on(
    untouched: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from linktrack.clicks.logs import line_log

    lines = random_log(untouched, 16, 300)
    takers: list[int] = []  # a list of this process: what a fork adds to it is not seen here
    take = line_log.Reading._take  # noqa: SLF001  (what is called in one process or the other)

    def noted(self: line_log.Reading, block: bytes) -> None:
        takers.append(os.getpid())
        take(self, block)

    monkeypatch.setattr(line_log.Reading, "_take", noted)
    with scratch(untouched) as make:
        wanted = expected(make, lines)
        for name, long, here in (("long", 1, False), ("short", 1 << 30, True)):
            monkeypatch.setattr("linktrack.clicks.logs.ahead.LONG_BYTES", long)
            world = make(name)
            log = world.workspace.root / "access.log"
            log.write_bytes(b"".join(lines[:200]))
            takers.clear()
            world.load(log)
            assert bool(takers) is here
            log.write_bytes(b"".join(lines))
            world.load(log)
            assert state(world) == wanted


@pytest.mark.usefixtures("small_batches")
@pytest.mark.faults
def test_a_reading_process_that_is_killed_is_said_and_loses_nothing(
    untouched: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from linktrack.clicks.logs import ahead
    from linktrack.errors import Conflict

    lines = random_log(untouched, 15, 400)
    send, sent = ahead._send, [0]  # noqa: SLF001  (what is killed is inside)

    def killed(*values: Any) -> None:  # only the other process sends
        sent[0] += 1
        if sent[0] == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        send(*values)

    with scratch(untouched) as make:
        wanted = expected(make, lines)
        world = make("killed")
        log = world.workspace.root / "access.log"
        log.write_bytes(b"".join(lines))
        with monkeypatch.context() as patched:
            patched.setattr(ahead, "_send", killed)
            with pytest.raises(Conflict, match="ended from outside"):
                world.load(log)
        assert 0 < len(world.clicks()) < len(wanted[0])
        world.load(log)
        assert state(world) == wanted


@pytest.mark.faults
def test_a_reader_of_rejected_lines_that_goes_away_does_not_end_the_import(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(line(misplaced(world.path())) * 2000 + line(world.path()))
    reader, writer = os.pipe()
    os.close(reader)
    command = shell(world, "-q", "--rejected", "-", str(log))
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.returncode == 6  # most of what looks like ours is unknown
    assert b"2000 of the 2001 new lines" in done.stderr
    assert len(world.clicks()) == 1


@pytest.mark.faults
def test_two_imports_at_once_wait_for_each_other(world: World, tmp_path: Path) -> None:
    lines = random_log(world, 13, 3000)
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(lines))
    both = [subprocess.Popen(shell(world, "-q", "--wait", "60", str(log)), stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        said = process.communicate()[1]
        rest = [one for one in said.splitlines() if not one.startswith(b"One address, 192.0.2.0, is behind ")]
        assert all(b": waiting for up to 60 s" in one for one in rest)
    assert [process.returncode for process in both] == [0, 0]
    assert world.load(log).read == 0
    assert len(fresh_clicks(world, tmp_path, lines)) > 0


@pytest.mark.faults
def test_a_second_import_names_the_first_one(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(line(world.path()))
    first = subprocess.Popen(shell(world, "-"), stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    lock = world.workspace.root / ".linktrack-import.lock"
    while not (lock.exists() and lock.read_text().startswith("process")):
        assert first.poll() is None
        time.sleep(0.02)
    second = subprocess.run(shell(world, str(log)), capture_output=True, text=True, check=False)
    first.communicate(line(world.path()))
    assert second.returncode == 5
    assert f"process {first.pid}" in second.stderr
    assert "--wait" in second.stderr
    assert len(world.clicks()) == 1


@pytest.mark.faults
def test_ctrl_c_ends_after_a_batch_and_says_how_to_go_on(world: World, tmp_path: Path) -> None:
    lines = random_log(world, 14, 4000)
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(lines))
    program = (
        "import sys, os, signal\n"
        "from linktrack.clicks.logs import requests\n"
        "from linktrack.clicks.logs.content import Log\n"
        "from linktrack.clicks.storing import ClickStore\n"
        "requests.BATCH_CLICKS = 100\n"
        "Log.blocks.__defaults__ = (8192,)\n"
        "store = ClickStore.store\n"
        "def interrupted(*values, **options):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    ClickStore.store = store\n"
        "    return store(*values, **options)\n"
        "ClickStore.store = interrupted\n"
        "from linktrack.cli.app import main\n"
        "sys.exit(main())\n"
    )
    command = [sys.executable, "-c", program, *shell(world, str(log))[3:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "run the same command again" in done.stderr
    assert 0 < len(world.clicks()) < 2000
    world.load(log)
    assert len(fresh_clicks(world, tmp_path, lines)) > 2000
