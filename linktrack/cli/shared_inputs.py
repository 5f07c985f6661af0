"""Input files of a command: what comes through a pipe is kept in a private file while the command runs, for what reads
it looks at it more than once."""

from __future__ import annotations

import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from linktrack.errors import BadInput, LinktrackError, UsageError
from linktrack.files.disk_folders import passing_folder
from linktrack.files.reading import STDIN, explained
from linktrack.files.writing import PRIVATE

_SPOOLED = "standard-input", "pipe"  # what the private file is called, which sentences show


def is_pipe(path: Path) -> bool:
    """Whether a path is standard input, a pipe or a device: what can be read once only."""
    if str(path) == STDIN:
        return True
    with suppress(OSError):
        mode = path.stat().st_mode
        return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
    return False


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """An input as a file that can be read again and again: itself, or a private copy of what comes through a pipe,
    which is gone when the block ends. Errors about the copy name the pipe."""
    if not is_pipe(path):
        yield path
        return
    from_stdin = str(path) == STDIN
    with passing_folder(Path(tempfile.gettempdir())) as folder:
        copy = folder / _SPOOLED[0 if from_stdin else 1]
        with copy.open("wb") as kept:
            copy.chmod(PRIVATE)
            if from_stdin:
                shutil.copyfileobj(sys.stdin.buffer, kept)
            else:
                with explained(path), path.open("rb") as pipe:
                    shutil.copyfileobj(pipe, kept)
        try:
            yield copy
        except LinktrackError as problem:
            problem.rename(copy, "standard input" if from_stdin else path)
            raise


@contextmanager
def readable_or_none(path: Path | None) -> Iterator[Path | None]:
    """`readable`, of an input that may not be given."""
    if path is None:
        yield None
        return
    with readable(path) as found:
        yield found


@contextmanager
def all_readable(paths: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """`readable`, of several inputs."""
    with ExitStack() as stack:
        yield tuple(stack.enter_context(readable(path)) for path in paths)


def refuse_stdin_twice(*paths: Path | None, options: str) -> None:
    """UsageError when more than one input is standard input, of the `options` that name them."""
    if [str(path) for path in paths].count(STDIN) > 1:
        raise UsageError(f"only one of {options} can be - (standard input)")


def refuse_pipe(path: Path | None, option: str) -> None:
    """BadInput for a pipe where the file itself is needed again, when the command has ended."""
    if path is not None and is_pipe(path):
        raise BadInput(
            f"{option} cannot be a pipe, for a run that is interrupted reads its export again: write it into a file "
            "first, and name that",
            file="standard input" if str(path) == STDIN else path,
        )
