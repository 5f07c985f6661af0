"""Where lines end: holes of NUL bytes, syslog frames that count their octets, archives that are no logs."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from clicks_world import World, line, state, through_a_pipe

from linktrack.clicks.logs.content import BLOCK_BYTES, TAIL_BYTES, open_log
from linktrack.clicks.logs.line_ends import MAX_LINE_BYTES, complete_lines
from linktrack.errors import BadInput

SIZES = (7, 64, 1000, BLOCK_BYTES, 1 << 20)
ONE, TWO = b"192.0.2.1 - - [04/May/2026:09:12:33 +0200] a", b'{"ts": 1777878753.25, "b": 2}'
HEAD = b"<190>1 2026-05-04T07:12:33.123Z web01 nginx - - - "


def framed(text: bytes) -> bytes:
    return b"%d %s" % (len(text), text)


def read(path: Path, data: bytes, size: int) -> tuple[bytes, int, bool, bytes]:
    """What the blocks of a log hold, the position behind them, whether a line is unfinished, and the tail."""
    path.write_bytes(data)
    with open_log(str(path)) as log:
        return b"".join(log.blocks(size)), log.position, log.unfinished, log.tail


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_line_is_as_too_long_as_it_was_however_it_is_read(tmp_path: Path, times: int, more: int, size: int) -> None:
    length = times * MAX_LINE_BYTES + more
    text, position, *_ = read(tmp_path / "log", b"x" * length + b"\nnext\n", size)
    first, following, _ = text.split(b"\n")
    assert (len(first) > MAX_LINE_BYTES) == (length > MAX_LINE_BYTES)
    assert (following, position) == (b"next", length + 6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("hole", [8, 100, 5_000, 200_000])
def test_a_hole_is_a_line_end_and_the_position_counts_it(tmp_path: Path, hole: int, size: int) -> None:
    nul = b"\0" * hole
    data = b"one\npart of" + nul + b"two\n" + nul + b"three\nunfinished" + nul
    text, position, unfinished, tail = read(tmp_path / "log", data, size)
    assert text.split(b"\n") == [b"one", b"part of", b"two", b"", b"three", b""]
    assert (position, unfinished) == (len(data) - hole - len(b"unfinished"), True)
    assert tail == data[:position][-TAIL_BYTES:]


@pytest.mark.parametrize("torn", [0, 1, 200, MAX_LINE_BYTES])
@pytest.mark.parametrize("behind", [1, 7, 8, 100, MAX_LINE_BYTES])
@pytest.mark.parametrize("where", [1, 2])
@pytest.mark.parametrize("more", [-9, -8, -1, 0, 1, 8, 100])
def test_a_hole_parts_lines_wherever_blocks_of_it_end(
    tmp_path: Path, torn: int, behind: int, where: int, more: int
) -> None:
    begins, ends = len(b"one\n") + torn, where * BLOCK_BYTES + more
    hole = max(ends - begins, 8)
    data = b"one\n" + b"t" * torn + b"\0" * hole + b"x" * behind + b"\nthree\n"
    text, position, unfinished, tail = read(tmp_path / "log", data, BLOCK_BYTES)
    assert text.split(b"\n") == [b"one", b"t" * torn, b"x" * behind, b"three", b""]
    assert (position, unfinished, tail) == (len(data), False, data[-TAIL_BYTES:])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("end", [b"\n", b"\r"], ids=["line feeds", "carriage returns"])
def test_lines_that_only_holes_part_are_lines(tmp_path: Path, end: bytes, size: int) -> None:
    texts = [ONE + b" %d" % number for number in range(4000)]
    data = ONE + end + b"".join(text + b"\0" * (8 + at % 3 * 50) for at, text in enumerate(texts)) + TWO + end
    text, position, unfinished, tail = read(tmp_path / "log", data, size)
    assert text.split(b"\n") == [ONE, *texts, TWO, b""]
    assert (position, unfinished, tail) == (len(data), False, data[-TAIL_BYTES:])


@pytest.mark.parametrize("more", range(-9, 10))
def test_a_hole_parts_frames_wherever_blocks_of_it_end(tmp_path: Path, more: int) -> None:
    texts = [framed(HEAD + b"%d" % number) for number in range(300)]
    first = b"".join(texts[:100])
    hole = b"\0" * (BLOCK_BYTES + more - len(first))
    data = first + hole + b"".join(texts[100:200]) + b"203.0.113.7 - - line\n" + b"".join(texts[200:])
    text, position, unfinished, tail = read(tmp_path / "log", data, BLOCK_BYTES)
    assert [line for line in text.split(b"\n") if line] == [*texts[:200], b"203.0.113.7 - - line", *texts[200:]]
    assert (position, unfinished, tail) == (len(data), False, data[-TAIL_BYTES:])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("behind", [0, 1, 7, 100, 1_500, 2_990, 3_000])
def test_nothing_is_put_together_from_what_long_lines_leave(tmp_path: Path, behind: int, size: int) -> None:
    half = b"t" * 65_000 + b"\0" * 8
    before = b"b" * (3 * BLOCK_BYTES - 2 * len(half) - behind - 1) + b"\n"  # so a block ends in the last line
    data = before + half * 2 + b"c" * 3_000 + b"\n"
    text, *_ = read(tmp_path / "log", data, size)
    assert text.split(b"\n")[1:] == [half[:65_000], half[:65_000], b"c" * 3_000, b""]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("compress", [bytes, gzip.compress, lzma.compress], ids=["plain", "gzip", "xz"])
@pytest.mark.parametrize("hole", [1, 100, 200_000])
def test_nul_bytes_at_the_beginning_are_no_content(
    tmp_path: Path, hole: int, compress: Callable[[bytes], bytes], size: int
) -> None:
    data = compress(b"\0" * hole + b"one\ntwo\n")
    assert read(tmp_path / "log", data, size) == (b"one\ntwo\n", 8, False, b"one\ntwo\n")


@pytest.mark.parametrize("size", SIZES)
def test_nul_bytes_at_the_end_are_no_line_that_waits(tmp_path: Path, size: int) -> None:
    assert read(tmp_path / "log", b"one\n" + b"\0" * 9_000, size) == (b"one\n", 4, False, b"one\n")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("inside", [b"", b"\n", b"\r\n"], ids=["bare", "a line end counted", "two signs counted"])
@pytest.mark.parametrize("between", [b"", b"\n"], ids=["one behind the other", "a line end between"])
def test_frames_end_at_their_counts(tmp_path: Path, inside: bytes, between: bytes, size: int) -> None:
    texts = [HEAD + b"%d " % number + b"x" * (number * 7 % 300) for number in range(100)]
    data = b"".join(framed(text + inside) + between for text in texts)
    text, position, unfinished, tail = read(tmp_path / "log", data, size)
    lines = [line for line in text.split(b"\n") if line.strip()]
    assert lines == [framed(text + inside).rstrip(b"\r\n") for text in texts]
    assert (position, unfinished, tail) == (len(data), False, data[-TAIL_BYTES:])
    cut = data.rstrip(b"\r\n")[:-3]
    text, position, unfinished, tail = read(tmp_path / "log", cut, size)
    assert (text.count(b"<190>"), unfinished, tail) == (99, True, cut[:position][-TAIL_BYTES:])
    assert cut[position:].startswith(framed(texts[-1] + inside)[:40])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param(b"9 <190>1 a\n9 <190>1 b\n9 <190>1 c\n", 3, id="counts that are too large by one"),
        pytest.param(b"5 <190>1 a\n5 <190>1 b\n", 2, id="counts that are too small"),
        pytest.param(b"8 <190>1 a\n203.0.113.7 - - line\n8 <190>1 b", 3, id="a line without a count among them"),
        pytest.param(b"8 <190>1 ano count\n8 <190>1 b", 2, id="text behind a count"),
        pytest.param(b"8 <190>1 a12 <190>", 1, id="half a frame"),
        pytest.param(b"8 <190>1 a1", 1, id="half a count"),
        pytest.param(b"203.0.113.7 - - line\n8 <190>1 a8 <190>1 b", 3, id="a line before frames"),
        pytest.param(b"8 <190>1 a8 <190>1 b203.0.113.7 - - line\n", 3, id="a line right behind frames"),
        pytest.param(b"8 <190>1 a<190>1 b\n8 <190>1 c", 3, id="a line with a head right behind a frame"),
        pytest.param(b'8 <190>1 a{"a":1}\n8 <190>1 b', 3, id="an object right behind a frame"),
        pytest.param(b"8 <190>1 a\0\0\0\0\0\0\0\0" + b"8 <190>1 b", 2, id="a hole between frames"),
        pytest.param(b"9999 <190>1 a\n8 <190>1 b", 2, id="a count that is far too large before a line end"),
        pytest.param(b"90 <190>1 a" + framed(HEAD) * 4, 5, id="a count that is too large by some frames"),
        pytest.param(b"9999 <190>1 a" + framed(HEAD) * 2, 3, id="a count that is far too large before frames"),
        pytest.param(b"99999 <190>1 a" + framed(HEAD) * 2000, 2001, id="a count of more than a line can be"),
        pytest.param(b"30 <190>1 a" + framed(HEAD) * 2, 3, id="a count that ends within the next frame"),
        pytest.param(b"5 <190>1 a" + framed(HEAD) * 2, 3, id="a count that is too small before frames"),
        pytest.param(framed(HEAD)[:-1] + b"5" + framed(HEAD + b"5") * 2, 3, id="a frame that ends with a digit"),
        pytest.param(b"9 <190>1 a" + framed(HEAD) * 2, 3, id="a count that takes a digit of the next one"),
        pytest.param(b"10 <190>1 a" + framed(HEAD * 3) * 2, 3, id="a count that takes two digits of the next one"),
        pytest.param(b"9999 <190>1 a", 0, id="a frame of which most has yet to come"),
        pytest.param(b"8 <190>1 a5 <190>1 2 <1>b\n", 2, id="what looks like a frame in a line"),
    ],
)
def test_where_counts_are_none_line_ends_count(text: bytes, wanted: int) -> None:
    lines, taken = complete_lines(text)
    assert sum(bool(line) for line in lines.split(b"\n")) == wanted
    assert lines.replace(b"\n", b"") == text[:taken].replace(b"\n", b"").replace(b"\0", b"")


FIELDS = b"#Fields: date time"


@pytest.mark.parametrize(
    ("text", "wanted", "taken"),
    [
        pytest.param(ONE + b"\n" + TWO + b"\r" + ONE + b"\r", [ONE, TWO], -len(ONE) - 1, id="the last one may go on"),
        pytest.param(ONE + b"\r" + TWO + b"\n", [ONE, TWO], 0, id="both, the line feed last"),
        pytest.param(ONE + b"\r" + TWO + b"\r\n", [ONE, TWO + b"\r"], 0, id="two signs last"),
        pytest.param(ONE + b"\n\r" + TWO + b"\n", [ONE, b"", TWO], 0, id="signs the wrong way round"),
        pytest.param(FIELDS + b"\r" + ONE + b"\r" + FIELDS + b"\r\n", [FIELDS, ONE, FIELDS + b"\r"], 0, id="headers"),
        pytest.param(ONE + b'"Ag\rent" -\n' + TWO + b"\n", [ONE + b'"Ag\rent" -', TWO], 0, id="inside an agent"),
        pytest.param(ONE + b"\r" + TWO[:4], [], None, id="what follows does not tell yet"),
    ],
)
def test_carriage_returns_between_line_feeds(text: bytes, wanted: list[bytes], taken: int | None) -> None:
    lines, position = complete_lines(text)
    assert lines.split(b"\n")[:-1] == wanted
    assert position == (0 if taken is None else len(text) + taken)


@pytest.mark.parametrize("size", SIZES)
def test_lines_that_end_otherwise_in_every_part_of_a_log(tmp_path: Path, size: int) -> None:
    texts = [ONE + b" %d" % number for number in range(3000)]
    data = b"".join(text + (b"\n", b"\r", b"\r\n", b"\r", b"\r\r\n")[at // 500 % 5] for at, text in enumerate(texts))
    text, position, unfinished, tail = read(tmp_path / "log", data, size)
    assert [line.rstrip(b"\r") for line in text.split(b"\n") if line.strip()] == texts
    assert (position, unfinished, tail) == (len(data), False, data[-TAIL_BYTES:])


def clicks(world: World) -> list[bytes]:
    return [line(world.path(1 + number % 4, 1 + number % 8), 600 + 7 * number) for number in range(40)]


@pytest.mark.parametrize("way", ["a file", "a pipe", "gzip", "in pieces"])
@pytest.mark.parametrize(
    "how",
    [
        "truncated", "a hole", "frames", "frames with heads of RFC 3164", "frames, then lines", "lines, then frames",
        "a frame of a wrong count among frames", "frames, one of a count too large by one", "a hole among frames",
        "carriage returns", "carriage returns, then a line feed",
        "carriage returns, then line feeds", "two carriage returns before each line feed", "line feeds, then carriage returns", "all line ends there are",
    ],
)  # fmt: skip
def test_all_clicks_are_read(world: World, tmp_path: Path, how: str, way: str) -> None:
    lines, plain = clicks(world), tmp_path / "plain.log"
    plain.write_bytes(b"".join(lines))
    other = world.copy(tmp_path / "other")
    assert other.load(plain).stored == 40
    head = b"<190>May  4 09:12:33 web01 nginx: " if how.endswith("RFC 3164") else HEAD
    frames = [framed(head + one.rstrip(b"\n")) for one in lines]
    pieces = frames if "frames" in how else lines
    if how == "frames, then lines":
        pieces = frames[:20] + lines[20:]
    elif how == "lines, then frames":
        pieces = lines[:20] + frames[20:]
    elif how == "a frame of a wrong count among frames":
        pieces[20] = b"9999 " + pieces[20].partition(b" ")[2]
    elif how == "frames, one of a count too large by one":
        count, _, rest = pieces[20].partition(b" ")
        pieces[20] = b"%d %s" % (int(count) + 1, rest)
    elif how == "a hole among frames":
        pieces[20:20] = [pieces[20][:70] + b"\0" * 70_000]
    elif how == "carriage returns":
        pieces = [one.replace(b"\n", b"\r") for one in lines]
    elif how == "carriage returns, then a line feed":
        pieces = [*(one.replace(b"\n", b"\r") for one in lines[:-1]), lines[-1]]
    elif how == "two carriage returns before each line feed":
        pieces = [one.replace(b"\n", b"\r\r\n") for one in lines]
    elif how == "carriage returns, then line feeds":
        pieces = [*(one.replace(b"\n", b"\r") for one in lines[:20]), *lines[20:]]
    elif how == "line feeds, then carriage returns":
        pieces = [*lines[:20], *(one.replace(b"\n", b"\r") for one in lines[20:])]
    elif how == "all line ends there are":
        pieces = [one.replace(b"\n", (b"\n", b"\r", b"\r\n")[at * at % 7 % 3]) for at, one in enumerate(lines)]
    elif how == "truncated":
        pieces = [b"\0" * 150_000 + pieces[0], *pieces[1:]]
    elif how == "a hole":
        pieces = [*pieces[:20], b"192.0.2.1 - - [04/May" + b"\0" * 70_000, *pieces[20:]]
    log = tmp_path / "access.log"
    if way == "a pipe":
        with through_a_pipe(b"".join(pieces)) as pipe:
            stored = world.load(Path(pipe)).stored
    elif way == "in pieces":
        stored = 0
        for at in range(0, len(pieces), 3):
            with log.open("ab") as file:
                file.write(b"".join(pieces[at : at + 3]))
            stored += world.load(log).stored
    else:
        log.write_bytes((gzip.compress if way == "gzip" else bytes)(b"".join(pieces)))
        stored = world.load(log).stored
    assert stored == 40
    assert state(world) == state(other)
    assert {click[6] for click in world.clicks()} == {click[6] for click in other.clicks()} != {""}


def in_tar(data: bytes, like: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=like) as archive:
        for name in ("access.log", "access.log.1"):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def in_zip(compression: int) -> Callable[[bytes], bytes]:
    def make(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", compression) as archive:
            archive.writestr("access.log", data)
        return out.getvalue()

    return make


def old_tar(data: bytes) -> bytes:
    """An archive as `tar --format=v7` makes it."""
    head = data[:148] + b" " * 8 + data[156:257] + bytes(512 - 257)
    return data[:148] + b"%06o\0 " % sum(head) + head[156:] + data[512:]


ARCHIVES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "tar": (in_tar, "tar"),
    "tar without a mark": (lambda data: old_tar(in_tar(data, tarfile.USTAR_FORMAT)), "tar"),
    "tar.gz": (lambda data: gzip.compress(in_tar(data)), "tar"),
    "tar.xz": (lambda data: lzma.compress(in_tar(data)), "tar"),
    "a stored zip": (in_zip(zipfile.ZIP_STORED), "zip"),
    "a deflated zip": (in_zip(zipfile.ZIP_DEFLATED), "zip"),
    "7z": (lambda data: b"7z\xbc\xaf\x27\x1c" + data, "7z"),
}


@pytest.mark.parametrize("named", [None, "combined"])
@pytest.mark.parametrize("case", ARCHIVES)
def test_an_archive_is_no_log(world: World, tmp_path: Path, case: str, named: str | None) -> None:
    make, kind = ARCHIVES[case]
    log = tmp_path / "logs"
    log.write_bytes(make(b"".join(clicks(world))))
    (problem,) = world.load(log, log_format=named).problems
    assert isinstance(problem, BadInput)
    assert f"this is a {kind} archive: unpack it" in str(problem)
    assert world.clicks() == []
