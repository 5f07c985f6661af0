"""Every error that a user can cause: what happened, where, and the way out, with its exit code."""

from __future__ import annotations

from pathlib import Path


class LinktrackError(Exception):
    """A request that cannot be carried out. `str(error)` is one sentence with the way out.

    `exit_code` is what the process ends with (SPEC, section 10). `file`, `line` and `column` say where,
    when the fault lies in a file; they are already part of the sentence.
    """

    exit_code = 3

    def __init__(
        self,
        sentence: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.file = None if file is None else str(file)
        self.line = line
        self.column = column
        place = ":".join(str(part) for part in (self.file, line, column) if part is not None)
        super().__init__(f"{place}: {sentence}" if place else sentence)


class UsageError(LinktrackError):
    """Options or arguments that do not go together."""

    exit_code = 2


class BadInput(LinktrackError):
    """A file, a value or a database that cannot be used as it is."""

    exit_code = 3


class NotFound(LinktrackError):
    """No such workspace, file, folder, link or mailing."""

    exit_code = 4


class Conflict(LinktrackError):
    """Something is in the way: a name taken, a folder not empty, a lock, no permission, a full disk."""

    exit_code = 5
