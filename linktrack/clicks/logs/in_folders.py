"""The logs in a folder, and how a path is shown."""

from __future__ import annotations

from pathlib import Path

from linktrack.files.reading import explained


def logs_in(folder: Path) -> list[str]:
    """The logs in a folder: all of its files that are not hidden, by name."""
    with explained(folder):
        return sorted(str(path) for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def folders_in(folder: Path) -> list[str]:
    """The names of the folders in a folder that are not hidden."""
    with explained(folder):
        return sorted(shown_path(one.name) for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))


def shown_path(path: str) -> str:
    """A path as it is shown and stored."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
