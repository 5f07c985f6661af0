"""Revoking a signing key, after the own click log is imported: what people have pressed on the key's addresses so far
is kept."""

from __future__ import annotations

from linktrack.clicks.waiting import import_waiting
from linktrack.links.signing_keys import check_revoking, list_keys, revoke_key
from linktrack.moments import Clock, now
from linktrack.store.session import Database
from linktrack.workspace import Workspace


def revoke(workspace: Workspace, database: Database, number: int, wait: float = 0, clock: Clock = now) -> None:
    """Revoke a key as `revoke_key` does, after the workspace's own click log is imported: lines on the key's addresses
    that come later are rejected, so whoever was told that they are unsubscribed stays so. While a key is lost nothing
    can be imported, so the log is left as it is: revoking is the way out then."""
    check_revoking(workspace, database, number)
    if not any(key.state == "lost" for key in list_keys(workspace, database)):
        import_waiting(workspace, database, wait, clock=clock)
    revoke_key(workspace, database, number, wait, clock)
