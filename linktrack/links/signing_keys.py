"""The signing keys of a workspace: the file that holds them, held against the fingerprints that the database keeps.

The database knows every key that there has ever been, so that an id is never used again. A key that the file lacks
would make sent mails unknown, so nothing is signed or verified without it until it is back or given up (revoked); one
that the file has beyond them (a copy of another workspace's file) neither signs nor verifies, and is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.files.writing import replace_own
from linktrack.links.held_keys import (
    KEYS_VARIABLE,
    HeldKeys,
    KnownKey,
    from_environment,
    held_keys,
    said_of_awaited,
    said_of_foreign,
    said_of_lost,
    said_of_none,
    where_keys_are,
)
from linktrack.links.tokens import MAX_KEYS, Keyring, Tokens
from linktrack.moments import Clock, now
from linktrack.store.catalogue import touch
from linktrack.store.lock import alone
from linktrack.store.restored import awaits_later_keys, settle_later_keys, was_restored
from linktrack.store.revisions import workspace_id
from linktrack.store.session import Database
from linktrack.workspace import Workspace

KeyState = Literal["signs", "verifies", "lost", "revoked"]


class KeyRow(NamedTuple):
    """A signing key in a list, never the key itself; `fingerprint` in hexadecimal tells it from others."""

    key: int
    signs: bool
    verifies: bool
    created_at: int
    revoked_at: int | None
    state: KeyState
    fingerprint: str


@dataclass(frozen=True)
class Keys:
    """What a workspace signs and verifies with; `foreign` are ids in its key file that are no keys of it, and
    `foreign_advice` is the way out."""

    tokens: Tokens
    revoked: frozenset[int]
    foreign: tuple[int, ...]
    foreign_advice: str

    @property
    def keyring(self) -> Keyring:
        return self.tokens.keyring


def open_keys(workspace: Workspace, database: Database) -> Keys:
    """The workspace's keys. BadInput when its key file lacks one that the database knows and that is not revoked."""
    held = held_keys(workspace, database)
    if held.lost:
        raise BadInput(said_of_lost(workspace, held))
    foreign = tuple(number for number in held.ring.secrets if number not in held.ours)
    problem, advice = said_of_foreign(workspace, held, foreign) if foreign else ("", "")
    if foreign:
        database.warn(f"{problem}: {advice}")
    if not held.usable.secrets:
        raise BadInput(said_of_none(held))
    return Keys(Tokens(held.usable, workspace_id(database)), held.revoked, foreign, advice)


def key_numbers(database: Database) -> set[int]:
    """The numbers of all keys that a workspace has or had, as tokens carry them."""
    return {number for (number,) in database.rows("SELECT id FROM signing_key")}


def adopt_first_keys(database: Database, ring: Keyring, clock: Clock = now) -> None:
    """Note the fingerprints of all keys of a new workspace."""
    with database.transaction(durable=True):
        for number in ring.secrets.keys() - key_numbers(database):
            _note(database, ring, number, clock)


def list_keys(workspace: Workspace, database: Database) -> list[KeyRow]:
    """All keys that there have ever been, by id, also when some or all of them are lost."""
    held = held_keys(workspace, database)
    usable = held.usable
    signs = usable.signing_id if usable.secrets and not held.lost else None
    return [
        KeyRow(
            number,
            number == signs,
            number in usable.secrets,
            key.created_at,
            key.revoked_at,
            _state(number, key, held, signs),
            key.fingerprint.hex(),
        )
        for number, key in sorted(held.known.items())
    ]


def _state(number: int, key: KnownKey, held: HeldKeys, signs: int | None) -> KeyState:
    if key.revoked_at is not None:
        return "revoked"
    if number in held.lost:
        return "lost"
    return "signs" if number == signs else "verifies"


def next_step(workspace: Workspace, database: Database) -> str:
    """What has to be done before anything is signed again, with its next command; "" when all is well."""
    try:
        open_keys(workspace, database)
    except BadInput as problem:
        return str(problem)
    return ""


def rotate_key(
    workspace: Workspace, database: Database, wait: float = 0, clock: Clock = now, *, no_later_keys: bool = False
) -> tuple[int, int]:
    """Add a new key that signs from now on. Returns its id, and how many more there can be in the workspace's life.

    The file is written before the database: a key that a killed rotation left in the file is adopted instead of
    making another. Where the keys come from the environment, the new one must stand there already; of several, the
    next one is taken. A file that is gone or cannot be read is made anew once all keys that were in it are revoked.
    In a restored workspace keys that the lost one made since the backup are taken in; a new one, which would have the
    id of such a key, is only made with `no_later_keys`: no more of them are to come. BadInput when one is lost;
    Conflict when all ids were used, or the environment has no new key, and for `no_later_keys` where nothing was
    restored.
    """
    if no_later_keys and not was_restored(database):
        raise Conflict("this workspace was not restored from a backup: it knows all its keys")
    with _alone(workspace, database, wait):
        held = held_keys(workspace, database)
        if held.lost:
            raise BadInput(said_of_lost(workspace, held))
        awaits = awaits_later_keys(database)
        ring, number = held.ring, held.next_id
        if awaits and number not in ring.secrets:  # the lost workspace may have revoked some of its keys
            number = min((later for later in ring.secrets if later > number), default=number)
        if number in ring.secrets and (same := held.known_as(ring.fingerprint(number))) is not None:
            raise BadInput(
                f"the key {number} in {where_keys_are(workspace)} is the key {same} again, which the workspace has "
                "had: remove that entry"
            )
        adopted = number in ring.secrets and ring.only({*held.known, number}).signing_id == number
        is_new = number not in ring.secrets
        if is_new and awaits and not no_later_keys and number < MAX_KEYS:
            raise Conflict(said_of_awaited(workspace))
        if not adopted:
            if number >= MAX_KEYS:
                raise Conflict(
                    f"this workspace has had {MAX_KEYS} keys, and a token has room for no more: it keeps its last"
                    if held.usable.secrets
                    else said_of_none(held)
                )
            if from_environment(workspace):
                todo = f"add a new entry {number}:HEX at its end" if ring.secrets else f"set it to {number}:HEX"
                raise Conflict(
                    f"the keys come from {KEYS_VARIABLE}: {todo} (64 hexadecimal digits, e.g. from openssl rand "
                    "-hex 32), and run linktrack key rotate again"
                )
            ring = ring.with_new(number) if is_new else ring.signing_with(number)
        with database.transaction(durable=True):
            _note(database, ring, number, clock)  # who may not write that is refused before the file is touched
            if is_new and awaits:
                settle_later_keys(database)
            if not adopted:
                replace_own(workspace.key_path, ring.text().encode())
        open_keys(workspace, database)  # which says what is there besides
    return number, MAX_KEYS - 1 - number


def revoke_key(workspace: Workspace, database: Database, number: int, wait: float = 0, clock: Clock = now) -> None:
    """End a key: its addresses are `revoked-key` from now on, and it leaves the key file (not the environment).

    A lost key needs no file for that, and may be the last. NotFound for an id that no key has; Conflict for one that
    is revoked, or the only one left that signs.
    """
    with _alone(workspace, database, wait):
        held = held_keys(workspace, database)
        _refuse_revoking(held, number)
        with database.transaction(durable=True):
            database.execute("UPDATE signing_key SET revoked_at = ? WHERE id = ?", (clock(), number))
            touch(database)
        if number in held.ours and not from_environment(workspace):
            replace_own(workspace.key_path, held.ring.only(set(held.ring.secrets) - {number}).text().encode())


def check_revoking(workspace: Workspace, database: Database, number: int) -> None:
    """NotFound or Conflict where `revoke_key` would not end a key: for whoever asks before."""
    _refuse_revoking(held_keys(workspace, database), number)


def _refuse_revoking(held: HeldKeys, number: int) -> None:
    if number not in held.known:
        raise NotFound(f"there is no key {number}: see linktrack key list")
    if number in held.revoked:
        raise Conflict(f"the key {number} is revoked already: see linktrack key list")
    if set(held.usable.secrets) == {number}:
        way_out = (
            "make another with linktrack key rotate first"
            if held.next_id < MAX_KEYS
            else f"it stays, for a workspace has {MAX_KEYS} keys in its life, and this one has had them"
        )
        raise Conflict(f"the key {number} is the only one left: {way_out}")


def _note(database: Database, ring: Keyring, number: int, clock: Clock) -> None:
    database.execute(
        "INSERT INTO signing_key (id, fingerprint, created_at) VALUES (?, ?, ?)",
        (number, ring.fingerprint(number), clock()),
    )
    touch(database)


@contextmanager
def _alone(workspace: Workspace, database: Database, wait: float) -> Iterator[None]:
    with alone(workspace, database, "key change", wait):
        yield
