"""What the tests of clicks make of the world: logs of many kinds, and all that reports can see of an import."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import zstandard
from world import CHROME, SENT, World, key_of, line, make_world, misplaced, number_of

from linktrack.clicks.summary import ImportSummary

__all__ = ["CHROME", "SENT", "World", "key_of", "line", "make_world", "misplaced", "number_of"]


def random_log(world: World, seed: int, lines: int) -> list[bytes]:
    """Lines of people, scanners and strangers in the order of time, with many equal ones among them."""
    chance = random.Random(seed)
    found: list[bytes] = []
    second = 60.0
    while len(found) < lines:
        second += chance.choice((0, 0, 0, 1, 1, 5, 30, 400))
        kind = chance.random()
        person = chance.randint(1, 8)
        ip = f"192.0.2.{person}"
        if kind < 0.3:
            found.append(line(chance.choice(("/", "/robots.txt")), second, ip=ip))
        elif kind < 0.8:
            click = line(world.path(chance.randint(1, 4), person, chance.choice((1, 1, 2, 3))), second, ip=ip)
            found += [click] * chance.choice((1, 1, 1, 2, 3))
        elif kind < 0.85:  # a machine asks first, or a moment later
            asked = line(world.path(spot := chance.randint(1, 4), person), second, ip=ip, method="HEAD")
            second += chance.choice((0, 3, 9))
            found += [asked, line(world.path(spot, person), second, ip=ip)]
        elif kind < 0.9:
            found += [line(world.path(spot, person), second, ip=ip) for spot in chance.sample(range(1, 10), 4)]
        else:
            found.append(line(misplaced(world.path(1, person)), second, ip=ip))
    return found[:lines]


def in_two(compress: Callable[[bytes], bytes], between: bytes = b"") -> Callable[[bytes], bytes]:
    """Data as two streams in one file."""
    return lambda data: compress(data[: len(data) // 2]) + between + compress(data[len(data) // 2 :])


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": in_two(gzip.compress),
    ".bz2": in_two(bz2.compress, b"\0" * 512),
    ".xz": in_two(lzma.compress, b"\0" * 4),
    ".zst": in_two(zstandard.compress),
}


def state(world: World) -> tuple[Any, ...]:
    """All that reports can see."""
    return world.clicks(), world.tallies()


def adds_up(summary: ImportSummary) -> bool:
    return (
        summary.read == summary.stored + summary.repeated + summary.not_ours + summary.rejected
        and summary.stored == summary.human + summary.prefetch + summary.scanner + summary.test
        and summary.rejected == sum(summary.reasons.values())
    )


def shell(world: World, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "linktrack", "--workspace", str(world.workspace.root), "click", "import", *arguments]


def as_json(text: bytes) -> bytes:
    """A combined line as nginx writes it with `escape=json`."""
    ip, _, rest = text.decode().partition(" - - [")
    stamp, _, rest = rest.partition('] "')
    request, _, rest = rest.partition('" ')
    record = {
        "time_local": stamp, "remote_addr": ip, "request": request, "status": rest[:3],
        "http_user_agent": rest.rsplit('"', 2)[1],
    }  # fmt: skip
    return json.dumps(record).encode() + b"\n"


@contextmanager
def through_a_pipe(data: bytes) -> Iterator[str]:
    """Bytes on standard input, as far as an import in this process can tell; the path that names it."""
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(data)))
    try:
        yield "-"
    finally:
        sys.stdin = before
