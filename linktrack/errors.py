"""Every error that a user can cause: what happened, where, and the way out, with its exit code."""

from __future__ import annotations

from pathlib import Path


class LinktrackError(Exception):
    """A request that cannot be carried out. `str(error)` is the place and one sentence with the way out.

    `sentence` is the sentence without the place; `file`, `line` and `column` say where, when the fault lies in a file.
    `exit_code` is what the process ends with (docs/operations.md says which).
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
        self.sentence = sentence
        self.file = None if file is None else str(file)
        self.line = line
        self.column = column
        super().__init__(self._said())

    def rename(self, old: Path | str, new: Path | str) -> None:
        """Speak of a file by the name that the user knows, where it is read under another one."""
        if self.file == str(old):
            self.file = str(new)
        self.sentence = self.sentence.replace(str(old), str(new))
        self.args = (self._said(),)

    def _said(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.sentence}" if place else self.sentence


class CannotChange(Exception):
    """What an action cannot do for one person, and why: the run goes on, and the ledger keeps the sentence."""


class UsageError(LinktrackError):
    """Options or arguments that do not go together."""

    exit_code = 2


class BadInput(LinktrackError):
    """A file, a value or a database that cannot be used as it is."""

    exit_code = 3


class Damaged(BadInput):
    """A database of which something is lost or written over: `fault` is what was found."""

    def __init__(self, name: str, fault: str, way_back: str) -> None:
        self.fault = fault
        super().__init__(f"{name} is damaged ({fault}): {way_back}")


class LostKeys(BadInput):
    """Signing keys that cannot be had: `why` is what is the matter with the place where they should be."""

    def __init__(self, why: str, *, file: Path | str | None = None) -> None:
        super().__init__(
            f"{why}: bring it back from a backup; what can be done without one is said by linktrack key list", file=file
        )
        self.why = why

    def __reduce__(self) -> tuple[object, ...]:
        return (_lost_keys, (self.why, self.file))


class NotFound(LinktrackError):
    """No such workspace, file, folder, link or mailing."""

    exit_code = 4


class UnknownName(NotFound):
    """A name that nothing has: `noun` is what was looked for, `name` what was asked, `near` the names most like it."""

    def __init__(self, sentence: str, *, noun: str, name: str, near: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.noun = noun
        self.name = name
        self.near = near

    def __reduce__(self) -> tuple[object, ...]:
        return (_unknown_name, (self.sentence, self.noun, self.name, self.near))


class Conflict(LinktrackError):
    """Something is in the way: a name taken, a folder not empty, a lock, no permission, a full disk."""

    exit_code = 5


class Locked(Conflict):
    """Another process has what this one needs."""


class DiskFull(Conflict):
    """There is no room for what is to be written; what was there is as it was."""


class PartlyDone(LinktrackError):
    """Some of it was done, or something was found."""

    exit_code = 6


def _lost_keys(why: str, file: str | None) -> LostKeys:
    return LostKeys(why, file=file)


def _unknown_name(sentence: str, noun: str, name: str, near: tuple[str, ...]) -> UnknownName:
    return UnknownName(sentence, noun=noun, name=name, near=near)
