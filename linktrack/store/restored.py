"""What a database that was restored from a backup waits for."""

from __future__ import annotations

from linktrack.errors import Conflict
from linktrack.store.session import Database


def is_awaited(database: Database) -> bool:
    """Whether this database was restored, and nobody has said so far what later runs have made."""
    row = database.row("SELECT restored_at, runs_taken_at FROM workspace")
    return row is not None and row[0] is not None and row[1] is None


def keys_told(database: Database) -> int:
    """The number of the last lost run of which it was said which links had other keys in it; 0 for none."""
    return int(database.value("SELECT coalesce(keys_told, 0) FROM workspace"))


def was_restored(database: Database) -> bool:
    """Whether this database comes from a backup."""
    return database.value("SELECT restored_at FROM workspace") is not None


def awaits_later_keys(database: Database) -> bool:
    """Whether this database was restored, and nobody has said so far that no more signing keys of the lost workspace,
    of after the backup, are to come."""
    row = database.row("SELECT database_id, keys_settled_for FROM workspace")
    return was_restored(database) and row is not None and row[0] != row[1]


def settle_later_keys(database: Database) -> None:
    """Note that no more of them are to come. Part of a transaction."""
    database.execute("UPDATE workspace SET keys_settled_for = database_id")


def refuse_before_keys(database: Database) -> None:
    """Conflict in a restored workspace as long as nobody has looked which links have other keys than the lost ones had:
    what is said of a link by its key would be laid to another."""
    if is_awaited(database) and not keys_told(database):
        raise Conflict(
            "this workspace was restored from a backup, where links that were renamed since have the keys of then, so "
            "that this would be laid to others: first name the folders of all later runs with linktrack action run "
            "--runs DIR…, which says what is to be renamed, or say --no-runs if there was none"
        )
