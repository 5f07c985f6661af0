"""The workspace's database opened, if it is the one of its settings and of today's version."""

from __future__ import annotations

from linktrack.store.lock_waits import LOCK_WAIT_SECONDS, Tell, in_silence
from linktrack.store.revisions import check_usable
from linktrack.store.session import Database, connect
from linktrack.workspace import Workspace


def open_database(
    workspace: Workspace, *, wait: float = LOCK_WAIT_SECONDS, tell: Tell = in_silence, warn: Tell = in_silence
) -> Database:
    """Open the workspace's database, which must be of today's version and the one that its settings name.

    BadInput for a broken, older, newer or other database, Conflict for one that may not be read, NotFound for one that
    is not there or has no tables: an empty one in its place would call every click unknown.
    """
    database = connect(workspace.database_url, wait=wait, tell=tell, warn=warn)
    try:
        check_usable(database, workspace)
    except BaseException:
        database.close()
        raise
    return database
