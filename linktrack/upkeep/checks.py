"""What doctor has found of one thing, and how a look goes on where another one cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from linktrack.errors import BadInput, LinktrackError
from linktrack.files.beside import leftovers
from linktrack.files.reading import sentence_of
from linktrack.links.stored_actions import list_actions, read_action
from linktrack.store.dialects import way_back
from linktrack.store.session import Database
from linktrack.upkeep.soundness import fault_of


class Check(NamedTuple):
    """One thing that doctor looked at. `state`: ok, warning, error; `advice`: the way out, empty when ok."""

    check: str
    state: str
    detail: str
    advice: str


def looked(check: str, look: Callable[[], Iterator[Check]], database: Database | None = None) -> Iterator[Check]:
    """What a look finds; where it cannot look to its end, that is a finding and stops no other. What looks at a
    `database` that is damaged may fail in any way."""
    try:
        yield from look()
    except (LinktrackError, OSError) as problem:
        yield error_of(check, "cannot be looked at", problem)
    except Exception:
        fault = ""
        with suppress(LinktrackError):
            fault = "" if database is None else fault_of(database)
        if database is None or not fault:
            raise
        said = f"cannot be looked at in a damaged database ({fault})"
        yield Check(check, "error", said, way_back(database.dialect))


def error_of(check: str, detail: object, problem: LinktrackError | OSError) -> Check:
    """The finding that something is refused, or cannot be looked at, in the words of the error."""
    said = problem if isinstance(problem, LinktrackError) else sentence_of(problem)
    return Check(check, "error", str(detail), str(said))


def leftovers_in(folders: set[Path]) -> Iterator[Check]:
    """What killed commands have left in folders."""
    for folder in sorted(folders):
        try:
            for path in leftovers(folder) if folder.is_dir() else ():
                yield Check("leftovers", "warning", str(path), "a command was killed while it wrote this: remove it")
        except OSError as problem:
            yield Check("leftovers", "warning", f"{folder} cannot be looked at", str(sentence_of(problem, folder)))


def unfit_actions(database: Database) -> Iterator[Check]:
    """The actions that no run carries out: they were stored by something else, or another version."""
    for key, row in list_actions(database):
        try:
            read_action(row.type, row.settings, number=row.number, key=key)
        except BadInput as problem:
            yield error_of("actions", f"action {row.number} of {key}", problem)
        except (ValueError, TypeError):
            yield Check("actions", "error", f"action {row.number} of {key} cannot be read", way_back(database.dialect))
