"""A log that goes from any format to any other, bare or in a container's log: every line of it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path

import pytest
from clicks_world import CHROME, World

from linktrack.clicks.formats import LineFormat, format_of
from linktrack.clicks.logs.changing import Changing
from linktrack.clicks.logs.detecting import SAMPLE_BYTES
from linktrack.clicks.logs.detecting import detected as found_in
from linktrack.clicks.logs.line_ends import MAX_LINE_BYTES

PATH = "/plb/" + "mfxg2zlsmfzwk3tfon2gk4tjnzsxg43v"

Make = Callable[[str, int], str]


def clock(second: int) -> str:
    return f"{7 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def nginx(path: str, second: int) -> str:
    return json.dumps(
        {
            "time_iso8601": f"2026-05-04T{clock(second)}+00:00", "remote_addr": "203.0.113.9", "status": "302",
            "request": f"GET {path} HTTP/1.1", "http_user_agent": CHROME,
        }
    )  # fmt: skip


def caddy(path: str, second: int, *, bare: bool = False) -> str:
    request = {"remote_ip": "203.0.113.9", "method": "GET", "uri": path, "headers": {"User-Agent": [CHROME]}}
    head = {"ts": 1_777_878_000.5 + second, "logger": "http.log.access", "msg": "handled request"}
    return json.dumps(({} if bare else {"level": "info"}) | head | {"request": request, "status": 302})


def traefik(path: str, second: int, *, bare: bool = False) -> str:
    facts = {
        "ClientHost": "203.0.113.9", "DownstreamStatus": 302, "RequestMethod": "GET", "RequestPath": path,
        "StartUTC": f"2026-05-04T{clock(second)}.5Z", "request_User-Agent": CHROME,
    }  # fmt: skip
    rest = {"level": "info", "msg": "", "time": f"2026-05-04T{clock(second)}Z"}
    return json.dumps(facts if bare else facts | rest)


def cloudfront(path: str, second: int) -> str:
    return json.dumps(
        {
            "date": "2026-05-04", "time": clock(second), "c-ip": "203.0.113.9", "cs-method": "GET", "cs-uri-stem": path,
            "sc-status": "302", "cs(User-Agent)": CHROME.replace(" ", "%20"),
        }
    )  # fmt: skip


def click_log(path: str, second: int) -> str:
    return json.dumps(
        {
            "time": f"2026-05-04T{clock(second)}.000+00:00", "ip": "203.0.113.0", "method": "GET", "path": path,
            "status": 302, "user_agent": CHROME, "network": "", "number": f"a-{second}",
        }
    )  # fmt: skip


def combined(path: str, second: int) -> str:
    return f'203.0.113.9 - - [04/May/2026:{clock(second)} +0000] "GET {path} HTTP/1.1" 302 0 "-" "{CHROME}"'


def envoy(path: str, second: int) -> str:
    return f'[2026-05-04T{clock(second)}.0Z] "GET {path} HTTP/2" 302 - 0 0 3 2 "203.0.113.9" "{CHROME}" "-" "h" "-"'


def haproxy(path: str, second: int) -> str:
    return (
        f"May  4 09:12:33 lb haproxy[7]: 203.0.113.9:5 [04/May/2026:{clock(second)}.143] f b/s 0/0/7/14/21 302 1 - - "
        f'---- 2/1/0/0/0 0/0 {{{CHROME}}} "GET {path} HTTP/1.1"'
    )


def docker(make: Make) -> Make:
    return lambda path, second: json.dumps({"log": make(path, second) + "\n", "stream": "stdout", "time": "2026"})


def cri(make: Make) -> Make:
    return lambda path, second: f"2026-05-04T07:12:33Z stdout F {make(path, second)}"


JSON: dict[str, Make] = {
    "nginx": nginx,
    "Caddy": caddy,
    "Caddy without level": lambda path, second: caddy(path, second, bare=True),
    "Traefik": traefik,
    "Traefik without level": lambda path, second: traefik(path, second, bare=True),
    "CloudFront": cloudfront,
    "the click log": click_log,
}
WRITTEN: dict[str, Make] = JSON | {
    "combined": combined,
    "Envoy": envoy,
    "HAProxy": haproxy,
    "Caddy in Docker": docker(caddy),
    "Traefik in Docker": docker(traefik),
    "nginx in Docker": docker(nginx),
    "Caddy in CRI": cri(caddy),
    "combined in syslog": lambda path, second: f"May  4 09:12:33 web01 nginx: {combined(path, second)}",
}  # fmt: skip


def detected(log: bytes) -> LineFormat:
    found = found_in(log[:SAMPLE_BYTES], "x.log", "UTC")
    assert isinstance(found, LineFormat)
    return found


def unread(log: bytes, changing: Changing) -> list[bytes]:
    """The lines of a log that are no request, or at no time."""
    rows = changing.rows(log)
    assert len(rows) == log.count(b"\n")
    return [row[0] for row in rows if row[3] != b"GET" or changing.moment_or_none(row[2]) is None]


def lines_of(name: str, count: int, begin: int = 0) -> list[bytes]:
    return [WRITTEN[name](PATH, begin + number).encode() + b"\n" for number in range(count)]


@pytest.mark.parametrize(("one", "other"), list(permutations(WRITTEN, 2)))
def test_every_line_is_read_before_and_behind_the_change(one: str, other: str) -> None:
    for count in (1, 3, 40) if {one, other} <= {"Caddy", "Traefik", "nginx", "Caddy in Docker"} else (1, 3):
        first, then = lines_of(one, count), lines_of(other, count, 600)
        shapes: dict[str, Sequence[bytes]] = {
            "one behind the other": [*first, *then],
            "side by side": [text for pair in zip(first, then, strict=True) for text in pair],
            "one among many": [*first, then[0], *first],
        }
        for shape, lines in shapes.items():
            log = b"".join(lines)
            assert unread(log, Changing(detected(log), named=False)) == [], (count, shape)
            if count == 3:
                changing = Changing(detected(log), named=False)
                assert [text for line in lines for text in unread(line, changing)] == [], f"{shape}, a line at a time"
        changing = Changing(detected(b"".join(first)), named=False)
        assert unread(b"".join(first), changing) == []
        again = format_of(changing.format.name)
        assert isinstance(again, LineFormat)
        assert unread(b"".join(then), Changing(again, named=False)) == [], "in a second import"


def test_three_formats_side_by_side() -> None:
    log = b"".join(lines_of("Caddy", 2) + lines_of("Traefik", 2) + lines_of("nginx", 2) + lines_of("combined", 2))
    assert unread(log, Changing(detected(log), named=False)) == []


@pytest.mark.parametrize("pieces", ["at once", "two imports"])
@pytest.mark.parametrize(
    ("one", "other"),
    [("Traefik", "Caddy"), ("Caddy in Docker", "Traefik"), ("Caddy", "Traefik in Docker"), ("nginx", "Caddy")],
)
def test_and_imported(world: World, tmp_path: Path, one: str, other: str, pieces: str) -> None:
    first = [WRITTEN[one](world.path(1, number), 100 * number) + "\n" for number in (1, 2, 3)]
    then = [WRITTEN[other](world.path(1, number), 100 * number) + "\n" for number in (4, 5, 6)]
    log = tmp_path / "access.log"
    stored = 0
    for lines in [first + then] if pieces == "at once" else [first, first + then]:
        log.write_text("".join(lines))
        summary = world.load(log)
        stored += summary.stored
        assert (summary.rejected, summary.not_ours) == (0, 0)
    assert stored == 6


MESSAGES = {
    "Caddy": {"level": "error", "logger": "http.handlers.reverse_proxy", "msg": f"dial tcp: {PATH}"},
    "Traefik": {"level": "error", "msg": f"service not found: {PATH}", "time": "2026-05-04T07:12:33Z"},
}


@pytest.mark.parametrize("case", MESSAGES)
def test_a_message_of_a_server_about_an_address_of_ours_is_no_request(case: str) -> None:
    log = b"".join(lines_of(case, 3)) + json.dumps(MESSAGES[case]).encode() + b"\n"
    changing = Changing(detected(log), named=False)
    assert len(unread(log, changing)) == 1
    assert changing.rows(log)[3][2] == b"#"


AGENT_LAST = '$remote_addr [$time_local] "$request" $status $http_user_agent'


def in_docker(line: str) -> str:
    """A line as a container's log has it: long ones in parts of 16 KB."""
    pieces = [line[at : at + 16_384] for at in range(0, len(line), 16_384)]
    ends = [""] * (len(pieces) - 1) + ["\n"]
    return "\n".join(json.dumps({"log": piece + end, "stream": "stdout", "time": "2026-05-04T07:12:33Z"})
                     for piece, end in zip(pieces, ends, strict=True))  # fmt: skip


def with_return(line: str) -> str:
    return line + "\r"


def in_frame(line: str) -> str:
    """A syslog line behind the count of its octets, which is as long with its head."""
    text = "<190>1 2026-05-04T07:12:33Z web01 nginx - - - "
    text += line[: -len(text)] if len(line) > 10_000 else line
    return f"{len(text)} {text}"


@pytest.mark.parametrize("before", [0, 300, 1200])
@pytest.mark.parametrize("around", [str, in_docker, with_return, in_frame], ids=["plain", "docker", "CRLF", "frame"])
@pytest.mark.parametrize("length", [MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, 3 * MAX_LINE_BYTES])
def test_a_line_that_is_too_long_is_none_wherever_it_stands(
    world: World, tmp_path: Path, before: int, around: Callable[[str], str], length: int
) -> None:
    def of(agent: str, second: int) -> str:
        return f'203.0.113.9 [04/May/2026:{clock(second)} +0000] "GET {world.path(1, 1)} HTTP/1.1" 302 {agent}'

    long = of(CHROME, 900) + " "
    lines = [of(CHROME, second) for second in range(before)] + [long.ljust(length, "x"), of(CHROME, 1000)]
    log = tmp_path / "access.log"
    log.write_bytes("".join(around(line) + "\n" for line in lines).encode())
    summary = world.load(log, log_format=AGENT_LAST)
    is_one = length <= MAX_LINE_BYTES
    assert (summary.stored, summary.reasons) == (before + 1 + is_one, {} if is_one else {"too-long": 1})


@pytest.mark.parametrize("beside", ["alone", "behind a part", "before a part", "within a line"])
@pytest.mark.parametrize("before", [0, 300, 700])
def test_a_line_of_a_container_that_is_too_long_is_none_whatever_stands_beside_it(
    world: World, tmp_path: Path, before: int, beside: str
) -> None:
    def of(agent: str, second: int) -> str:
        return f'203.0.113.9 [04/May/2026:{clock(second)} +0000] "GET {world.path(1, 1)} HTTP/1.1" 302 {agent}'

    def part(text: str, end: str = "\n") -> str:
        return json.dumps({"log": text + end, "stream": "stdout", "time": "2026-05-04T07:12:33Z"})

    lines = [part(of(CHROME, second)) for second in range(before)]
    odd = of("\1" * 15_000, 900)  # each byte of it written as six
    other = [part(of(CHROME, 1000)[:90], ""), part(of(CHROME, 1000)[90:])]
    if beside == "within a line":
        lines += [part(of(CHROME, 900), ""), part("\1" * 15_000, ""), part(" of it")]
    else:
        lines += [
            *(other if beside == "behind a part" else []),
            part(odd),
            *(other if beside == "before a part" else []),
        ]
    log = tmp_path / "access.log"
    log.write_text("".join(line + "\n" for line in lines))
    summary = world.load(log, log_format=AGENT_LAST)
    whole = before + (beside in ("behind a part", "before a part"))
    assert (summary.stored, set(summary.reasons)) == (whole, {"too-long"})
