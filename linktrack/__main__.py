"""The program: `linktrack`, and `python -m linktrack`. Where it cannot work it says so before it imports anything."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress


def main() -> None:
    """Run the command line; ends with 2 on Windows, which has neither the locks nor the processes that we use."""
    if sys.platform == "win32":
        print("linktrack: linktrack needs Linux or macOS; on Windows use WSL", file=sys.stderr)  # noqa: T201  (before there is a command line)
        sys.exit(2)
    gc.set_threshold(200_000)  # looking for cycles among all that is imported takes a tenth of a short command's time
    code: list[int] = []
    if not sys.flags.dev_mode:
        atexit.register(_end, code)  # before all others, so it comes after them
    from linktrack.cli.app import main as run

    try:
        run()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            code.append(end.code or 0)
        raise


def _end(code: Sequence[int]) -> None:
    """End the process without freeing all that it has piece by piece, and without looking for cycles among it: a fifth
    of a short command's time. `code` is its exit code; empty if something else ends it."""
    if not code:
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody listens, and whoever has written has answered for that
            stream.flush()
    os._exit(code[0])


if __name__ == "__main__":
    main()
