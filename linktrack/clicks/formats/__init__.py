"""The formats of click logs: one file each, found by looking at the content or by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from linktrack.clicks.event import Row
from linktrack.clicks.formats.clf import CommonLog
from linktrack.errors import BadInput, UsageError


class LineFormat(Protocol):
    """A log with one request a line.

    `rows` reads a block of complete lines, one row each; `moment` turns a row's stamp into UTC milliseconds
    (ValueError if it is none); `fits` says whether a line is surely of this format. `state` is what later lines
    need of earlier ones (a header), as text; `resume` takes it back.
    """

    name: str
    names: tuple[str, ...]

    def rows(self, block: bytes) -> list[Row]: ...
    def moment(self, stamp: bytes) -> int: ...
    def fits(self, line: bytes) -> bool: ...
    def state(self) -> str: ...
    def resume(self, state: str) -> None: ...


LINE_FORMATS: tuple[Callable[[], LineFormat], ...] = (CommonLog,)
SAMPLE_LINES = 200


def format_names() -> list[str]:
    """Every name that `--log-format` takes."""
    return [name for make in LINE_FORMATS for name in make().names]


def named_format(name: str) -> LineFormat:
    """The format called `name`; UsageError when there is none."""
    for make in LINE_FORMATS:
        if name.lower() in (made := make()).names:
            return made
    raise UsageError(f"unknown log format {name!r}: there are {', '.join(format_names())}")


def format_of(wanted: str, time_zone: str | None = None) -> LineFormat:
    """A format by its name or by the server's own format string."""
    return named_format(wanted)


def detect(sample: bytes, path: str) -> LineFormat:
    """The one format that most lines of `sample` fit. BadInput when none does, or two do."""
    lines = [line for line in sample.splitlines()[:SAMPLE_LINES] if line.strip()]
    made = [make() for make in LINE_FORMATS]
    scores = [(sum(map(format.fits, lines)), format) for format in made]
    fitting = [format for score, format in scores if score * 2 >= len(lines) and score]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise BadInput(
            f"this looks like none of the log formats ({', '.join(format.name for format in made)}): "
            "name one with --log-format, or give the server's own format string",
            file=path,
        )
    raise BadInput(
        f"this could be {' or '.join(format.name for format in fitting)}: say which with --log-format", file=path
    )


def split_lines(block: bytes) -> Sequence[bytes]:
    """The lines of a block without line ends; a form feed or NEL inside a line is no line end."""
    lines = block.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line[:-1] if line.endswith(b"\r") else line for line in lines]
