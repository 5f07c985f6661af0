"""Calls of a script, for one click or many: no shell, a time limit, a small environment, and nothing outlives it."""

from __future__ import annotations

import errno
import json
import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import NamedTuple

from linktrack.actions.planned import ScriptResult
from linktrack.actions.scripts import families
from linktrack.actions.scripts.output import MAX_ANSWER, Answers, Keep, Tail, Whole, result_of
from linktrack.files.reading import sentence_of, whole_path

MAX_OUTPUT = 1 << 20  # bytes of a script's output that are kept, in memory
AT_ONCE = 1 << 16  # bytes that are said or heard at once
PAUSE_SECONDS = 0.05  # until it is looked whether a process has ended that keeps its pipes open
LAST_WORDS_SECONDS = 1.0  # for what stands in the pipes of a process that has ended
_as_json = json.JSONEncoder(ensure_ascii=False).encode
NOTHING: Mapping[str, str] = {}
Payload = Mapping[str, str | int]


def find_script(folder: Path, name: str) -> Path | None:
    """The script's file; None when the folder has no such file. One outside the folder is never taken."""
    path = whole_path(folder / name)
    return path if path.is_file() and path.is_relative_to(whole_path(folder)) else None


def unfit_script(folder: Path, name: str) -> ScriptResult | None:
    """How a script will fail that cannot be started, told without starting it: it is not there or not executable, or
    its first line names a program that is not there. None where nothing of that shows."""
    path = find_script(folder, name)
    if path is None:
        return _missing(folder, name)
    if path.suffix == ".py":
        return None
    try:
        if not os.access(path, os.X_OK):
            return _unstarted(name, PermissionError(errno.EACCES, ""))
        with path.open("rb") as file:
            named = re.match(rb"#![ \t]*([^\s]+)", file.readline(256))
        if named and not Path(os.fsdecode(named[1])).exists():
            return _unstarted(name, FileNotFoundError(errno.ENOENT, ""))
    except OSError as problem:
        return _unstarted(name, problem)
    return None


def _missing(folder: Path, name: str) -> ScriptResult:
    return ScriptResult("failed", message=f"there is no script {name!r} in {folder}")


_UNSTARTED = {
    errno.EACCES: "it may not be run: make it executable with chmod +x",
    errno.ENOENT: "the program that its first line names is not there",
    errno.ENOEXEC: "its first line must name what runs it, as in #!/bin/sh",
}


def _unstarted(name: str, problem: OSError) -> ScriptResult:
    why = _UNSTARTED.get(problem.errno or 0) or sentence_of(problem).sentence
    return ScriptResult("failed", message=f"{name} cannot be started: {why}")


@dataclass(frozen=True)
class Ended:
    """A script that has ended by itself: `complained` is the last line of its stderr."""

    code: int
    complained: str


def run_script(folder: Path, name: str, payload: Payload, seconds: int) -> ScriptResult:
    """Run a script for one click: `payload` as JSON on stdin and as `LINKTRACK_*` variables."""
    said = Whole(MAX_OUTPUT)
    given = _as_json(payload)
    ended = _run(folder, name, [given], seconds, said, _variables(payload))
    if isinstance(ended, ScriptResult):
        return ended
    return _failure(name, ended) if ended.code else result_of(said.text())


class BatchEnd(NamedTuple):
    """What became of a batch: the `result` of all of it, or only of the clicks that it has not answered."""

    result: ScriptResult
    is_of_all: bool


def run_batch(folder: Path, name: str, told: Iterable[Payload], seconds: int, keep: Keep) -> BatchEnd:
    """Run a script once for many clicks: NDJSON in and out, a line for each that it is `told` of, with its `id`, which
    is only made as it is said; answers bear the `id` of the question or come in the same order, and are given to
    `keep`, some at a time. If the script ends well and says nothing at all, all of it has gone well; if it answers
    some, the others have failed; if it fails, all have, whatever was kept."""
    said = Answers(keep)
    ended = _run(folder, name, map(_line, told), seconds, said)
    if isinstance(ended, ScriptResult) or ended.code:
        return BatchEnd(ended if isinstance(ended, ScriptResult) else _failure(name, ended), is_of_all=True)
    said.end()
    if not said.lines:
        return BatchEnd(ScriptResult("ok", 0), is_of_all=True)
    why = ended.complained or "the script gave no answer for this click"
    return BatchEnd(ScriptResult("failed", ended.code, message=why), is_of_all=False)


def _line(cells: Payload) -> str:
    """A line of NDJSON, as `_as_json` writes it, in a third of the time."""
    shown = [f'"{name}": {encode_basestring(cell) if isinstance(cell, str) else cell}' for name, cell in cells.items()]
    return f"{{{', '.join(shown)}}}\n"


def _variables(payload: Payload) -> dict[str, str]:
    """`custId` as LINKTRACK_CUST_ID, and as LINKTRACK_CUSTID for those who only put it into capitals."""
    named = {}
    for name, value in payload.items():
        named["LINKTRACK_" + re.sub(r"([A-Z])", r"_\1", name).upper()] = str(value)
        named["LINKTRACK_" + name.upper()] = str(value)
    return named


def _run(
    folder: Path,
    name: str,
    given: Iterable[str],
    seconds: int,
    said: Whole | Answers,
    variables: Mapping[str, str] = NOTHING,
) -> ScriptResult | Ended:
    """A script that has ended, or why it has not: it could not be started, or took too long."""
    path = find_script(folder, name)
    if path is None:
        return _missing(folder, name)
    command = [sys.executable, str(path)] if path.suffix == ".py" else [str(path)]
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR") if key in os.environ}
    environment = {**kept, "PYTHONIOENCODING": "utf-8", **variables}
    with families.adopting() as family:
        try:
            process = subprocess.Popen(  # noqa: S603  (a file of the workspace's own scripts folder, no shell)
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )
        except OSError as problem:
            return _unstarted(name, problem)
        talk = Talk(process, iter(given), said)
        with process:
            try:
                ended = talk.go_on(time.monotonic() + seconds)
            finally:
                family.end(process)  # and all that it has left running
            if not ended:
                return ScriptResult("timeout", message=f"{name} was stopped after {seconds} s")
            talk.go_on(time.monotonic() + LAST_WORDS_SECONDS)
        return Ended(process.returncode, talk.complaint.last_line())


class Talk:
    """What is said to a process and by it, over pipes that never wait: only what is understood is kept, by
    whoever takes it."""

    def __init__(self, process: subprocess.Popen[bytes], given: Iterator[str], said: Whole | Answers) -> None:
        self.process, self.given, self.rest = process, given, b""
        self.complaint = Tail(MAX_ANSWER)
        self.takers = ((process.stdout, said), (process.stderr, self.complaint))

    def go_on(self, until: float) -> bool:
        """Talk until the process has ended or, where it has already, its pipes are empty. Returns whether it has."""
        was_alive, asked = self.process.poll() is None, self.process.stdin
        pipes = {pipe.fileno(): pipe for pipe in (asked, *dict(self.takers)) if pipe is not None and not pipe.closed}
        with selectors.DefaultSelector() as selector:
            for pipe, taker in self.takers:
                if pipe is not None and not pipe.closed:
                    selector.register(pipe, selectors.EVENT_READ, taker)
            if asked is not None and not asked.closed:
                os.set_blocking(asked.fileno(), False)
                selector.register(asked, selectors.EVENT_WRITE)
            while selector.get_map() and not (was_alive and self.process.poll() is not None):
                left = until - time.monotonic()
                if left <= 0:
                    return self.process.poll() is not None
                for key, _ in selector.select(min(left, PAUSE_SECONDS)):
                    goes_on = self._ask(key.fd) if key.data is None else self._hear(key.fd, key.data)
                    if not goes_on:
                        selector.unregister(key.fileobj)
                        pipes[key.fd].close()
        try:
            self.process.wait(max(until - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _ask(self, handle: int) -> bool:
        """Say the next of what is to be said. Returns whether there is more, and somebody listens."""
        self._fill()
        try:
            self.rest = self.rest[os.write(handle, self.rest) :] if self.rest else b""
        except BlockingIOError:
            return True
        except BrokenPipeError:  # it does not want to know
            return False
        self._fill()
        return bool(self.rest)

    def _fill(self) -> None:
        """Have the next piece at hand of what is to be said."""
        pieces = [self.rest]
        length = len(self.rest)
        while length < AT_ONCE and (text := next(self.given, None)) is not None:
            pieces.append(text.encode("utf-8", "replace"))
            length += len(pieces[-1])
        self.rest = b"".join(pieces)

    @staticmethod
    def _hear(handle: int, taker: Whole | Answers | Tail) -> bool:
        data = os.read(handle, AT_ONCE)
        taker.take(data)
        return bool(data)


def _failure(name: str, ended: Ended) -> ScriptResult:
    return ScriptResult("failed", ended.code, message=ended.complained or f"{name} ended with status {ended.code}")
