"""The signing keys of a workspace: the file that holds them, held against the fingerprints that the database keeps.

The database knows every key that there has ever been, so that an id is never used again. A key that the file lacks
would make sent mails unknown, so nothing is signed or verified without it; one that the file has beyond them (a copy
of another workspace's file) neither signs nor verifies, and is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.files import replace_own
from linktrack.links.tokens import MAX_KEYS, Keyring, Tokens
from linktrack.moments import now
from linktrack.store.lock import alone
from linktrack.store.revisions import workspace_id
from linktrack.store.session import Database
from linktrack.workspace import Workspace

_ENVIRONMENT = "LINKTRACK_SECRET"


class KeyRow(NamedTuple):
    """A signing key in a list, never the key itself."""

    key: int
    signs: bool
    verifies: bool
    created_at: int
    revoked_at: int | None


@dataclass(frozen=True)
class Keys:
    """What a workspace signs and verifies with; `foreign` are ids in its key file that the database does not know."""

    tokens: Tokens
    revoked: frozenset[int]
    foreign: tuple[int, ...]

    @property
    def keyring(self) -> Keyring:
        return self.tokens.keyring


class _Known(NamedTuple):
    """A key as the database knows it."""

    fingerprint: bytes
    created_at: int
    revoked_at: int | None


def open_keys(workspace: Workspace, database: Database) -> Keys:
    """The workspace's keys. BadInput when its key file lacks one that the database knows and that is not revoked."""
    ring = Keyring.parse(workspace.secret())
    known = _known(database)
    ours = _ours(workspace, ring, known)
    revoked = frozenset(number for number, key in known.items() if key.revoked_at is not None)
    foreign = tuple(number for number in ring.secrets if number not in ours)
    if foreign:
        ids = " and ".join(map(str, foreign))
        database.warn(f"the key {ids} in {_where(workspace)} is not of this workspace: it neither signs nor verifies")
    usable = ring.only(ours - revoked)
    if not usable.secrets:
        raise BadInput("no signing key is left: make one with linktrack key rotate")
    return Keys(Tokens(usable, workspace_id(database)), revoked, foreign)


def adopt_first_key(workspace: Workspace, database: Database) -> None:
    """Note the fingerprints of all keys of a new workspace's file."""
    ring = Keyring.parse(workspace.secret())
    with database.transaction(durable=True):
        for number in ring.secrets:
            _note(database, ring, number)


def list_keys(workspace: Workspace, database: Database) -> list[KeyRow]:
    """All keys that there have ever been, by id."""
    keys = open_keys(workspace, database)
    usable, signs = keys.keyring.secrets, keys.keyring.signing_id
    return [
        KeyRow(number, number == signs, number in usable, key.created_at, key.revoked_at)
        for number, key in sorted(_known(database).items())
    ]


def rotate_key(workspace: Workspace, database: Database, wait: float = 0) -> tuple[int, int]:
    """Add a new key that signs from now on. Returns its id, and how many more there can be in the workspace's life.

    The file is written before the database: a key that a killed rotation left in the file is adopted instead of
    making another. Where the keys come from the environment, the new one must stand there already; of several, the
    next one is taken.
    Conflict when all ids were used, or the environment has no new key.
    """
    with _alone(workspace, database, wait):
        known = _known(database)
        ring = Keyring.parse(workspace.secret())
        _ours(workspace, ring, known)  # all of them must be there
        number = _next_id(known)
        if number not in ring.secrets or ring.only({*known, number}).signing_id != number:
            if number >= MAX_KEYS:
                raise Conflict(
                    f"this workspace has had {MAX_KEYS} keys, and a token has room for no more: it keeps its last"
                )
            if from_environment(workspace):
                raise Conflict(
                    f"the keys come from {_ENVIRONMENT}: add a new entry {number}:HEX at its end (64 hexadecimal "
                    "digits, e.g. from openssl rand -hex 32), and run this again"
                )
            ring = ring.only(set(ring.secrets) - {number}).with_new(number)
            replace_own(workspace.key_path, ring.text().encode())
        with database.transaction(durable=True):
            _note(database, ring, number)
    return number, MAX_KEYS - 1 - number


def revoke_key(workspace: Workspace, database: Database, number: int, wait: float = 0) -> None:
    """End a key: its addresses are `revoked-key` from now on, and it leaves the key file (not the environment).

    NotFound for an id that no key has; Conflict for one that is revoked, or the only one left.
    """
    with _alone(workspace, database, wait):
        known = _known(database)
        if number not in known:
            raise NotFound(f"there is no key {number}: see linktrack key list")
        if known[number].revoked_at is not None:
            raise Conflict(f"the key {number} is revoked already")
        if all(key.revoked_at is not None for other, key in known.items() if other != number):
            raise Conflict(f"the key {number} is the only one left: make another with linktrack key rotate first")
        with database.transaction(durable=True):
            database.execute("UPDATE signing_key SET revoked_at = ? WHERE id = ?", (now(), number))
            database.execute("UPDATE workspace SET catalogue = catalogue + 1")
        ring = Keyring.parse(workspace.secret())
        if number in ring.secrets and len(ring.secrets) > 1 and not from_environment(workspace):
            replace_own(workspace.key_path, ring.only(set(ring.secrets) - {number}).text().encode())


def _known(database: Database) -> dict[int, _Known]:
    rows = database.rows("SELECT id, fingerprint, created_at, revoked_at FROM signing_key ORDER BY id")
    return {row[0]: _Known(bytes(row[1]), row[2], row[3]) for row in rows}


def _ours(workspace: Workspace, ring: Keyring, known: dict[int, _Known]) -> set[int]:
    """The ids in the ring that are the keys that the database knows. BadInput when one that is not revoked lacks."""
    ours = {number for number in ring.secrets if number in known and ring.fingerprint(number) == known[number][0]}
    missing = sorted(number for number, key in known.items() if key.revoked_at is None and number not in ours)
    if missing:
        numbers = " and ".join(map(str, missing))
        raise BadInput(
            f"the signing key {numbers} is not the one that addresses in sent mails were made with, or is missing: "
            f"bring {_where(workspace)} back from a backup (a lost key is given up with linktrack key revoke)",
        )
    return ours


def _next_id(known: dict[int, _Known]) -> int:
    return max(known, default=-1) + 1


def _note(database: Database, ring: Keyring, number: int) -> None:
    database.execute(
        "INSERT INTO signing_key (id, fingerprint, created_at) VALUES (?, ?, ?)",
        (number, ring.fingerprint(number), now()),
    )
    database.execute("UPDATE workspace SET catalogue = catalogue + 1")


def from_environment(workspace: Workspace) -> bool:
    """Whether the keys are in the environment, where nobody but the user can change them."""
    return bool(workspace.environ.get(_ENVIRONMENT))


def _where(workspace: Workspace) -> str:
    return _ENVIRONMENT if from_environment(workspace) else str(workspace.key_path)


@contextmanager
def _alone(workspace: Workspace, database: Database, wait: float) -> Iterator[None]:
    with alone(workspace, database, "key change", wait):
        yield
