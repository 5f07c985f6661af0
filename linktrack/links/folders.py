"""Folders: the paths that links are kept in; what a person makes, finds, renames, moves and deletes."""

from __future__ import annotations

from dataclasses import dataclass

from linktrack.errors import BadInput, Conflict
from linktrack.moments import now
from linktrack.store.lookups import folder_id
from linktrack.store.session import Database


@dataclass(frozen=True)
class FolderRow:
    path: str
    links: int
    created_at: int


def list_folders(database: Database) -> list[FolderRow]:
    """All folders by path, with the number of links that stand directly in each."""
    rows = database.rows(
        "SELECT path, (SELECT count(*) FROM link WHERE folder_id = folder.id AND deleted_at IS NULL), created_at "
        "FROM folder ORDER BY path"
    )
    return [FolderRow(*row) for row in rows]


def clean_path(path: str) -> str:
    """`Campaigns / Spring/` as `Campaigns/Spring`. BadInput for an empty path, and for a part that is empty or
    made of dots alone: `..` is a parent in a file system, not here."""
    parts = [part.strip() for part in path.strip().strip("/").split("/")]
    if not all(part.strip(".") for part in parts) or any(character < " " for part in parts for character in part):
        raise BadInput(f"{path!r} is not a folder path: write it like Campaigns/Spring")
    return "/".join(parts)


def add_folder(database: Database, path: str, *, parents: bool = False) -> str:
    """Make a folder; with `parents` the folders above it too. Conflict when it is there already."""
    path = clean_path(path)
    with database.transaction():
        if database.value("SELECT 1 FROM folder WHERE path = ?", (path,)):
            raise Conflict(f"the folder {path!r} is there already")
        above = path.rpartition("/")[0]
        if above and not parents:
            folder_id(database, above)
        ensure_folder(database, path)
    return path


def ensure_folder(database: Database, path: str) -> int:
    """The id of a folder, made with all folders above it where it is missing."""
    parts = path.split("/")
    with database.transaction():
        for depth in range(1, len(parts) + 1):
            database.execute(
                "INSERT INTO folder (path, created_at) VALUES (?, ?) ON CONFLICT (path) DO NOTHING",
                ("/".join(parts[:depth]), now()),
            )
    return folder_id(database, path)


def rename_folder(database: Database, path: str, name: str) -> str:
    """Give a folder another last name; everything in it comes along. Returns the new path."""
    path = clean_path(path)
    if "/" in name:
        raise BadInput(
            f"{name!r} is a path: rename changes the last part only, linktrack folder move changes the place"
        )
    above = path.rpartition("/")[0]
    return _repath(database, path, clean_path(f"{above}/{name}" if above else name))


def move_folder(database: Database, path: str, into: str) -> str:
    """Move a folder into another one (`/` = to the top). Returns the new path."""
    path = clean_path(path)
    last = path.rpartition("/")[2]
    if into.strip() in ("", "/"):
        return _repath(database, path, last)
    target = clean_path(into)
    folder_id(database, target)
    if target == path or target.startswith(path + "/"):
        raise Conflict(f"the folder {path!r} cannot go into itself")
    return _repath(database, path, f"{target}/{last}")


def _repath(database: Database, old: str, new: str) -> str:
    with database.transaction():
        folder_id(database, old)
        if old == new:
            return new
        if database.value("SELECT 1 FROM folder WHERE path = ?", (new,)):
            raise Conflict(f"there is a folder {new!r} already: move its links with linktrack link move")
        database.execute(
            "UPDATE folder SET path = ? || substr(path, ?) WHERE path = ? OR substr(path, 1, ?) = ?",
            (new, len(old) + 1, old, len(old) + 1, old + "/"),
        )
    return new


def delete_folder(database: Database, path: str, *, recursive: bool = False) -> int:
    """Delete a folder and the folders in it. Returns how many links were deleted with it.

    Conflict when there are links in it, unless `recursive`; these go on redirecting, as deleted links do.
    """
    path = clean_path(path)
    with database.transaction():
        folder_id(database, path)
        inside = "SELECT id FROM folder WHERE path = ? OR substr(path, 1, ?) = ?"
        values = (path, len(path) + 1, path + "/")
        count = database.value(
            f"SELECT count(*) FROM link WHERE deleted_at IS NULL AND folder_id IN ({inside})",  # noqa: S608  (names and marks of our own)
            values,
        )
        if count and not recursive:
            raise Conflict(
                f"there are {count} links in {path!r}: move them with linktrack link move, or add --recursive "
                "(deleted links go on redirecting)"
            )
        moment = now()
        database.execute(
            f"UPDATE link SET deleted_at = COALESCE(deleted_at, ?), folder_id = NULL WHERE folder_id IN ({inside})",  # noqa: S608  (names and marks of our own)
            (moment, *values),
        )
        database.execute("DELETE FROM folder WHERE path = ? OR substr(path, 1, ?) = ?", values)
    return int(count)
