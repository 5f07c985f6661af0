"""Scripts, run: without a shell, with a time limit, a small environment and a process group of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from linktrack.actions.planned import ScriptResult
from linktrack.errors import BadInput
from linktrack.links.location import location

MAX_OUTPUT = 1 << 20  # bytes of a script's output that are read …
MAX_ANSWER = 1 << 14  # … and so many more for each click of a batch
NOTHING: Mapping[str, str] = {}
Payload = Mapping[str, str | int]


def find_script(folder: Path, name: str) -> Path | None:
    """The script's file, or None when the folder has no such file (nor one outside it is taken)."""
    path = (folder / name).resolve()
    return path if path.is_file() and path.is_relative_to(folder.resolve()) else None


@dataclass(frozen=True)
class Ended:
    """A script that has ended by itself: `said` is its stdout, `complained` the last line of its stderr."""

    code: int
    said: str
    complained: str


def run_script(folder: Path, name: str, payload: Payload, seconds: int) -> ScriptResult:
    """Run a script for one click: `payload` as JSON on stdin and as `LINKTRACK_*` variables."""
    given = json.dumps(payload, ensure_ascii=False)
    ended = _run(folder, name, given, seconds, variables=_variables(payload))
    if isinstance(ended, ScriptResult):
        return ended
    return _failure(name, ended) if ended.code else _result(ended.said)


def run_batch(
    folder: Path, name: str, payloads: Sequence[tuple[str, Payload]], seconds: int
) -> dict[str, ScriptResult]:
    """Run a script once for many clicks: NDJSON in and out, a line for each; answers bear the `id` of the question
    or come in the same order. A script that says nothing at all has done well by all; where it answers some, the
    others have failed, and everything has when the script fails."""
    lines = [json.dumps({"id": identifier, **payload}, ensure_ascii=False) for identifier, payload in payloads]
    most = MAX_OUTPUT + MAX_ANSWER * len(payloads)
    ended = _run(folder, name, "\n".join(lines) + "\n", seconds, most=most)
    if isinstance(ended, ScriptResult) or ended.code:
        result = ended if isinstance(ended, ScriptResult) else _failure(name, ended)
        return {identifier: result for identifier, _ in payloads}
    if not ended.said.strip():
        return {identifier: ScriptResult("ok", 0) for identifier, _ in payloads}
    results: dict[str, ScriptResult] = {}
    for number, line in enumerate(line for line in ended.said.split("\n") if line.strip()):
        with suppress(ValueError, RecursionError):
            answer = json.loads(line)
            identifier = answer.get("id") if isinstance(answer, dict) else None
            if identifier is None and number < len(payloads):
                identifier = payloads[number][0]
            results[str(identifier)] = _result(line)
    missing = ScriptResult("failed", ended.code, message=ended.complained or "the script gave no answer for this click")
    return {identifier: results.get(identifier, missing) for identifier, _ in payloads}


def _variables(payload: Payload) -> dict[str, str]:
    """`custId` as LINKTRACK_CUST_ID, and as LINKTRACK_CUSTID for those who only put it into capitals."""
    named = {}
    for name, value in payload.items():
        named["LINKTRACK_" + re.sub(r"([A-Z])", r"_\1", name).upper()] = str(value)
        named["LINKTRACK_" + name.upper()] = str(value)
    return named


def _run(
    folder: Path, name: str, given: str, seconds: int, *, variables: Mapping[str, str] = NOTHING, most: int = MAX_OUTPUT
) -> ScriptResult | Ended:
    """A script that has ended, or why it has not: it could not be started, or took too long."""
    path = find_script(folder, name)
    if path is None:
        return ScriptResult("failed", message=f"there is no script {name!r} in {folder}")
    command = [sys.executable, str(path)] if path.suffix == ".py" else [str(path)]
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR") if key in os.environ}
    environment = {**kept, "PYTHONIOENCODING": "utf-8", **variables}
    with TemporaryFile() as inward, TemporaryFile() as out, TemporaryFile() as err:
        inward.write(given.encode())
        inward.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603  (a file of the workspace's own scripts folder, no shell)
                command, stdin=inward, stdout=out, stderr=err, env=environment, cwd=folder, start_new_session=True
            )
        except OSError as problem:
            hint = ": make it executable with chmod +x" if isinstance(problem, PermissionError) else ""
            return ScriptResult("failed", message=f"{name} cannot be started: {problem.strerror}{hint}")
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return ScriptResult("timeout", message=f"{name} was stopped after {seconds} s")
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # what it has left running, too
            process.wait()
        complaint = (_read(err, MAX_OUTPUT).strip().splitlines() or [""])[-1][:500]
        return Ended(code, _read(out, most), complaint)


def _read(file: IO[bytes], most: int) -> str:
    file.seek(0)
    return file.read(most).decode("utf-8", "replace").replace("\0", "")


def _failure(name: str, ended: Ended) -> ScriptResult:
    return ScriptResult("failed", ended.code, message=ended.complained or f"{name} ended with status {ended.code}")


def _result(output: str) -> ScriptResult:
    """What a script that ended well has said: a JSON object, or anything else, which is only kept as its message."""
    try:
        said: Any = json.loads(output) if output.strip() else {}
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return ScriptResult("ok", 0, message=output.strip()[:500])
    url, fields = said.get("returnUrl") or "", said.get("fields") or {}
    if not isinstance(url, str):
        return ScriptResult("failed", 0, message=f"its returnUrl is no text: {url!r}"[:500])
    try:
        if url:
            location(url)
    except BadInput as problem:
        return ScriptResult("failed", 0, message=f"its returnUrl cannot be used: {problem}"[:500])
    if not isinstance(fields, dict) or any(isinstance(value, dict | list) for value in fields.values()):
        return ScriptResult("failed", 0, message="its fields are not an object of names and values")
    texts = {_text(name): _text(value) for name, value in fields.items()}
    return ScriptResult("ok", 0, _text(url), texts, _text(said.get("message") or "")[:500])


def _text(value: object) -> str:
    """A value as text, without what no file or database can hold: NUL, and half characters like "\\ud83d"."""
    if value is None:
        return ""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return text.replace("\0", "").encode("utf-8", "replace").decode()
