"""The program: `linktrack`, and `python -m linktrack`. Where it cannot work it says so before it imports anything."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line; ends with 2 on Windows, which has neither the locks nor the processes that we use."""
    if sys.platform == "win32":
        print("linktrack: linktrack needs Linux or macOS; on Windows use WSL", file=sys.stderr)  # noqa: T201  (before there is a command line)
        sys.exit(2)
    gc.set_threshold(200_000)  # looking for cycles among all that is imported takes a tenth of a short command's time
    from linktrack.cli.app import main as run

    try:
        run()
    finally:
        gc.freeze()  # an ending process looks for cycles among all that it has: a fifth of a short command's time


if __name__ == "__main__":
    main()
