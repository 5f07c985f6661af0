"""Folders: the paths that links are kept in; what a person makes, finds, renames, moves and deletes."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.moments import Clock, now
from linktrack.names import composed
from linktrack.store.catalogue import touch
from linktrack.store.lookups import folder_called, folder_id
from linktrack.store.session import Database

WITHIN = "(folder.path = ? OR substr(folder.path, 1, ?) = ?)"  # a folder and the ones in it, at any depth: `within`
_INSIDE = f"folder_id IN (SELECT id FROM folder WHERE {WITHIN})"  # noqa: S608  (of our own)


@dataclass(frozen=True)
class FolderRow:
    """A folder in a list: its path, how many links stand in it itself, and when it was made (UTC milliseconds)."""

    path: str
    links: int
    created_at: int
    status: str = "active"  # or deleted


def find_folder(database: Database, path: str) -> int:
    """The id of a folder that is not deleted. UnknownName with near names, or with the way to bring it back."""
    found = folder_id(database, path)
    if is_deleted(database, path):
        raise NotFound(f"the folder {path!r} is deleted: bring it back with linktrack folder restore {quote(path)}")
    return found


def list_folders(database: Database, *, deleted: bool = False) -> list[FolderRow]:
    """All folders by path, with the number of links that stand directly in each; with `deleted` those too, with the
    links that went with each."""
    rows = database.rows(
        "SELECT path, (SELECT count(*) FROM link WHERE folder_id = folder.id "
        "AND (deleted_at IS NULL OR deleted_at = folder.deleted_at)), created_at, deleted_at FROM folder ORDER BY path"
    )
    found = [
        FolderRow(path, links, created_at, "active" if deleted_at is None else "deleted")
        for path, links, created_at, deleted_at in rows
    ]
    return [folder for folder in found if deleted or folder.status == "active"]


def clean_path(path: str) -> str:
    """`Campaigns / Spring/` as `Campaigns/Spring`, its letters composed. BadInput for an empty path, and for a part
    that is empty or made of dots alone: `..` is a parent in a file system, not here."""
    parts = [part.strip() for part in composed(path).strip().strip("/").split("/")]
    if not all(part.strip(".") for part in parts) or any(character < " " for part in parts for character in part):
        raise BadInput(f"{path!r} is not a folder path: write it like Campaigns/Spring")
    return "/".join(parts)


def add_folder(database: Database, path: str, *, parents: bool = False, clock: Clock = now) -> str:
    """Make a folder; with `parents` the folders above it too. Conflict when it is there already."""
    path = clean_path(path)
    with database.transaction():
        _refuse_taken(database, path)
        above = path.rpartition("/")[0]
        if above and not parents:
            find_folder(database, above)
        ensure_folder(database, path, clock)
    return path


def ensure_folder(database: Database, path: str, clock: Clock = now) -> int:
    """The id of a folder, made with all folders above it where it is missing. One that is deleted is there again, but
    not the links that went with it."""
    parts = path.split("/")
    with database.transaction():
        for depth in range(1, len(parts) + 1):
            database.execute(
                "INSERT INTO folder (path, created_at) VALUES (?, ?) "
                "ON CONFLICT (path) DO UPDATE SET deleted_at = NULL",
                ("/".join(parts[:depth]), clock()),
            )
    return find_folder(database, path)


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
    find_folder(database, target)
    if target == path or target.startswith(path + "/"):
        raise Conflict(f"the folder {path!r} cannot go into itself")
    return _repath(database, path, f"{target}/{last}")


def _repath(database: Database, old: str, new: str) -> str:
    with database.transaction():
        find_folder(database, old)
        if old == new:
            return new
        _refuse_taken(database, new)
        database.execute(
            f"UPDATE folder SET path = ? || substr(path, ?) WHERE {WITHIN}",  # noqa: S608  (of our own)
            (new, len(old) + 1, *within(old)),
        )
    return new


def delete_folder(database: Database, path: str, *, recursive: bool = False, clock: Clock = now) -> int:
    """Delete a folder and the folders in it. Returns how many links were deleted with it.

    Conflict when there are links in it, unless `recursive`; these go on redirecting, as deleted links do. What goes
    has one moment of deletion that nothing else has, by which `restore_folder` knows it.
    """
    path = clean_path(path)
    with database.transaction():
        count = links_in(database, path)
        if count and not recursive:
            raise Conflict(
                f"there are {count} links in {path!r}: move them with linktrack link move, or add --recursive "
                "(deleted links go on redirecting)"
            )
        before = [database.value(f"SELECT max(deleted_at) FROM {table}") or 0 for table in ("folder", "link")]  # noqa: S608  (names of our own)
        moment = max(clock(), 1 + max(before))
        database.execute(
            f"UPDATE link SET deleted_at = ? WHERE deleted_at IS NULL AND {_INSIDE}",  # noqa: S608  (of our own)
            (moment, *within(path)),
        )
        database.execute(
            f"UPDATE folder SET deleted_at = ? WHERE deleted_at IS NULL AND {WITHIN}",  # noqa: S608  (of our own)
            (moment, *within(path)),
        )
        touch(database)
    return count


def restore_folder(database: Database, path: str) -> int:
    """Bring a deleted folder back, with the folders and links that went with it. Returns how many links.

    Conflict when it is not deleted, or when the folder above it still is. NotFound.
    """
    path = clean_path(path)
    with database.transaction():
        folder = folder_called(database, path)
        if folder is None or folder.deleted_at is None:
            find_folder(database, path)
            raise Conflict(f"the folder {path!r} is not deleted")
        above = path.rpartition("/")[0]
        if above and is_deleted(database, above):
            raise Conflict(
                f"the folder {above!r} is deleted too: bring it back first with linktrack folder restore {quote(above)}"
            )
        moment = folder.deleted_at
        count = database.value(
            f"SELECT count(*) FROM link WHERE deleted_at = ? AND {_INSIDE}",  # noqa: S608  (of our own)
            (moment, *within(path)),
        )
        database.execute(
            f"UPDATE link SET deleted_at = NULL WHERE deleted_at = ? AND {_INSIDE}",  # noqa: S608  (of our own)
            (moment, *within(path)),
        )
        database.execute(
            f"UPDATE folder SET deleted_at = NULL WHERE deleted_at = ? AND {WITHIN}",  # noqa: S608  (of our own)
            (moment, *within(path)),
        )
        touch(database)
    return int(count)


def links_in(database: Database, path: str) -> int:
    """How many links stand in a folder and in the folders in it. NotFound."""
    find_folder(database, path)
    return int(
        database.value(
            f"SELECT count(*) FROM link WHERE deleted_at IS NULL AND {_INSIDE}",  # noqa: S608  (of our own)
            within(path),
        )
    )


def is_deleted(database: Database, path: str) -> bool:
    """Whether a folder of that path was deleted, and can be restored."""
    folder = folder_called(database, path)
    return folder is not None and folder.deleted_at is not None


def _refuse_taken(database: Database, path: str) -> None:
    """Conflict when there is a folder of that path, or was."""
    if is_deleted(database, path):
        raise Conflict(
            f"a folder {path!r} is deleted: bring it back with linktrack folder restore {quote(path)}, "
            "or choose another name"
        )
    if folder_called(database, path):
        raise Conflict(
            f"there is a folder {path!r} already: choose another name, or move links into it with linktrack link move"
        )


def within(path: str) -> tuple[str, int, str]:
    """The values of `WITHIN` for this folder."""
    return path, len(path) + 1, f"{path}/"
