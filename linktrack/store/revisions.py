"""Which version the tables have, and who may change it: `init`, `restore` and `database copy` make them, `database
upgrade` brings them up to date, and every other command only looks."""

from __future__ import annotations

import secrets
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from linktrack.database_urls import SQLITE_URL
from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.moments import Clock, now
from linktrack.store.dialects import SQLITE, damaged, open_sqlite, way_back
from linktrack.store.session import Database

if TYPE_CHECKING:
    from linktrack.workspace import Workspace

HEAD = "0004"  # the newest revision in migrations/versions; a test holds the two together
RESTORED = "restored-"  # how the id of a database begins that comes from a backup
UPGRADE_LOCK = 0x6C74  # PostgreSQL: two upgrades at once wait for each other


def revision(database: Database) -> str | None:
    """The version of the tables, or None where there are none. Damaged where not one, and one alone, is noted down;
    Conflict where a server lets this user see no schema, and so no tables."""
    if database.dialect == SQLITE:
        known = database.value("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
    else:
        schema, known = database.row("SELECT current_schema(), to_regclass('alembic_version')") or (None, None)
        if schema is None:
            raise Conflict(
                f"{database.name} lets this user use no schema of its search_path: grant it USAGE on the one where "
                "the tables are"
            )
    if not known:
        return None
    found = database.rows("SELECT version_num FROM alembic_version ORDER BY version_num")
    if len(found) != 1:
        said = (
            f"its tables are of {len(found)} versions at once" if found else "of which version its tables are is gone"
        )
        raise damaged(database.name, said, database.dialect)
    return str(found[0][0])


def check_usable(database: Database, workspace: Workspace) -> None:
    """NotFound for a database without tables; BadInput for one of another version or of another workspace."""
    version = revision(database)
    if version is None:
        raise NotFound(f"{database.name} has no tables, it is empty: {way_back(database.dialect)}")
    if version != HEAD:
        _refuse_unfit(database, version)
        raise BadInput(
            f"{database.name} was written by an older linktrack (tables {version}, this program knows {HEAD}): "
            "run linktrack database upgrade"
        )
    check_whose(database, workspace)


def check_whose(database: Database, workspace: Workspace) -> None:
    """BadInput for the database of another workspace than its settings name, of any version. Damaged unless exactly one
    row says whose it is."""
    wanted = workspace.settings.database.id
    rows: dict[int, str] = dict(database.rows("SELECT id, database_id FROM workspace"))
    if 1 not in rows:
        raise damaged(database.name, "the row of the workspace is missing", database.dialect)
    if len(rows) > 1:
        raise damaged(database.name, f"there are {len(rows)} rows of the workspace instead of one", database.dialect)
    found = rows[1]
    if found != wanted:
        said = f"names the database {wanted!r}" if wanted else "names no database"
        way_out = f"is this the database of these settings? If it is, write id = {found!r} under [database]"
        if wanted.startswith(RESTORED):  # whose id must not be taken back: its scripts would run once more
            way_out = (
                "restore made these settings for a database that comes from a dump. If this is that database, run the "
                "psql line that restore printed (restore the backup into another folder to see it again); if it is the "
                "living one, name the restored one (url under [database])"
            )
        raise workspace.refused(
            ("database", "id"), f"[database] id {said}, and {database.name} is {found!r}: {way_out}"
        )


def prepare_empty(database: Database) -> None:
    """Make an empty database ready for tables, before the transaction that makes them. Conflict when it has some."""
    if revision(database) is not None:
        raise Conflict(f"{database.name} has tables already: it belongs to another workspace")
    if database.dialect == SQLITE:
        database.execute("PRAGMA journal_mode=WAL")


def make_tables(database: Database, *, time_zone: str, database_id: str, clock: Clock = now) -> None:
    """Make the tables in a prepared database, whose random id belongs into the settings.

    `time_zone` is the zone in which its hours are counted. Conflict when there are tables already.
    """
    from linktrack.store.migrations import run

    with database.transaction(durable=True):
        _wait_for_others(database)
        if revision(database) is not None:
            raise Conflict(f"{database.name} has tables already: it belongs to another workspace")
        run(database)
        database.execute(
            "INSERT INTO workspace (id, database_id, workspace_id, time_zone, catalogue, created_at) "
            "VALUES (1, ?, ?, ?, 0, ?)",
            (database_id, secrets.token_bytes(16), time_zone, clock()),
        )


def workspace_id(database: Database) -> bytes:
    """The 16 random bytes of a workspace, which are part of its tokens and of its placements' keys."""
    return bytes(database.value("SELECT workspace_id FROM workspace"))


def database_id_of(database: Database) -> str:
    """The id of the database that `[database] id` of its workspace's settings names; a copy has another one."""
    return str(database.value("SELECT database_id FROM workspace"))


def workspace_print(database: Database) -> str:
    """What tells the files of this workspace from those of another, before and after a restore; its id cannot be told
    from it."""
    return blake2b(workspace_id(database), digest_size=8, person=b"linktrack-runs").hexdigest()


class Upgraded(NamedTuple):
    """What an upgrade has met: tables of the version `before`, which it brought to `HEAD` itself, or which another
    process brought there meanwhile (`by_another`)."""

    before: str
    by_another: bool = False


def upgrade(database: Database, workspace: Workspace, *, wait: float = 0) -> Upgraded:
    """Bring the tables to version `HEAD`, all or nothing; one process at a time, and no job that writes goes on
    meanwhile: an import of the older program would go on with tables that it does not know.

    SQLite: after a copy beside the file, `linktrack.db.before-REVISION`. NotFound for a database without tables,
    BadInput for a newer one or another workspace's; Locked where another process upgrades it, or writes, for longer
    than `wait` seconds.
    """
    before = revision(database)
    if before is None:
        raise NotFound(f"{database.name} has no tables: {way_back(database.dialect)}")
    _refuse_unfit(database, before)
    check_whose(database, workspace)
    if before == HEAD:
        return Upgraded(before)
    from linktrack.store.lock import standing_still
    from linktrack.store.migrations import run

    with standing_still(workspace, database, wait, "an upgrade of the database"), database.transaction(durable=True):
        _wait_for_others(database)
        if revision(database) == HEAD:
            return Upgraded(before, by_another=True)
        if database.dialect == SQLITE:
            _copy_beside(database, before)  # while nobody can change it
        run(database)
    return Upgraded(before)


def _wait_for_others(database: Database) -> None:
    """Let whoever else makes or upgrades these tables end first. Part of the transaction. (SQLite's is enough.) Locked
    where that takes too long."""
    if database.dialect != SQLITE:
        database.take_alone(UPGRADE_LOCK, "makes or upgrades the tables")


def _refuse_unfit(database: Database, version: str) -> None:
    if fault := unfit(version, database.dialect):
        raise BadInput(f"{database.name} {fault}")


def unfit(version: str, dialect: str) -> str:
    """Why tables of a version can be neither used nor upgraded by this program, and the way out; "" when they can."""
    from linktrack.store.migrations import known

    if version > HEAD:
        return (
            f"was written by a newer linktrack (tables {version}, this program knows {HEAD}): upgrade this program "
            "with pip install --upgrade linktrack"
        )
    if version != HEAD and version not in known():
        return (
            f"is damaged, or no database of linktrack: its tables say that they are of the version {version!r}, which "
            f"no linktrack has written: {way_back(dialect)}"
        )
    return ""


def _copy_beside(database: Database, version: str) -> None:
    """Keep the database as it is, synced, before its tables are changed."""
    import sqlite3

    from linktrack.files.reading import explained
    from linktrack.files.writing import create

    path = Path(f"{database.name}.before-{version}")
    with explained(path):
        path.unlink(missing_ok=True)  # of an upgrade that was stopped
    create(path, b"")
    # A connection in a writing transaction cannot be copied from: another one sees what stood there before it.
    other, _, _ = open_sqlite(f"{SQLITE_URL}{database.name}", new=False)
    with closing(other), closing(sqlite3.connect(path)) as copy, database.explained():
        copy.execute("PRAGMA synchronous=FULL")
        other.backup(copy)
