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

from linktrack.errors import BadInput, Conflict, LostKeys, NotFound
from linktrack.files.writing import replace_own
from linktrack.links.tokens import MAX_KEYS, Keyring, Tokens
from linktrack.moments import Clock, now
from linktrack.store.catalogue import touch
from linktrack.store.lock import alone
from linktrack.store.revisions import workspace_id
from linktrack.store.session import Database
from linktrack.workspace import Workspace

_ENVIRONMENT = "LINKTRACK_SECRET"

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


class _Known(NamedTuple):
    """A key as the database knows it."""

    fingerprint: bytes
    created_at: int
    revoked_at: int | None


class _Held(NamedTuple):
    """The key file (or the environment) held against the database: `ours` are the ids in `ring` that it knows, `lost`
    those that it lacks and that are not revoked; `why` is what is the matter with a ring that could not be read."""

    ring: Keyring
    known: dict[int, _Known]
    ours: frozenset[int]
    lost: tuple[int, ...]
    why: str

    @property
    def revoked(self) -> frozenset[int]:
        return frozenset(number for number, key in self.known.items() if key.revoked_at is not None)

    @property
    def usable(self) -> Keyring:
        """The keys that sign and verify."""
        return self.ring.only(self.ours - self.revoked)

    @property
    def next_id(self) -> int:
        return max(self.known, default=-1) + 1


def open_keys(workspace: Workspace, database: Database) -> Keys:
    """The workspace's keys. BadInput when its key file lacks one that the database knows and that is not revoked."""
    held = _held(workspace, database)
    if held.lost:
        raise BadInput(_said_of_lost(workspace, held))
    foreign = tuple(number for number in held.ring.secrets if number not in held.ours)
    where = _where(workspace)
    advice = "it neither signs nor verifies; " + (
        "if it was made here after the backup that this is, linktrack key rotate takes it in, else remove it from "
        f"{where}"
        if any(number >= held.next_id for number in foreign)
        else f"remove it from {where}"
    )
    if foreign:
        ids = " and ".join(map(str, foreign))
        database.warn(f"the key {ids} in {where} is not of this workspace: {advice}")
    if not held.usable.secrets:
        raise BadInput(_said_of_none(held))
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
    held = _held(workspace, database)
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


def _state(number: int, key: _Known, held: _Held, signs: int | None) -> KeyState:
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


def rotate_key(workspace: Workspace, database: Database, wait: float = 0, clock: Clock = now) -> tuple[int, int]:
    """Add a new key that signs from now on. Returns its id, and how many more there can be in the workspace's life.

    The file is written before the database: a key that a killed rotation left in the file is adopted instead of
    making another. Where the keys come from the environment, the new one must stand there already; of several, the
    next one is taken. A file that is gone or cannot be read is made anew once all keys that were in it are revoked.
    BadInput when one is lost; Conflict when all ids were used, or the environment has no new key.
    """
    with _alone(workspace, database, wait):
        held = _held(workspace, database)
        if held.lost:
            raise BadInput(_said_of_lost(workspace, held))
        ring, number = held.ring, held.next_id
        if number in ring.secrets and (same := _known_as(held, ring.fingerprint(number))) is not None:
            raise BadInput(
                f"the key {number} in {_where(workspace)} is the key {same} again, which the workspace has had: remove "
                "that entry"
            )
        adopted = number in ring.secrets and ring.only({*held.known, number}).signing_id == number
        if not adopted:
            if number >= MAX_KEYS:
                raise Conflict(
                    f"this workspace has had {MAX_KEYS} keys, and a token has room for no more: it keeps its last"
                    if held.usable.secrets
                    else _said_of_none(held)
                )
            if from_environment(workspace):
                todo = f"add a new entry {number}:HEX at its end" if ring.secrets else f"set it to {number}:HEX"
                raise Conflict(
                    f"the keys come from {_ENVIRONMENT}: {todo} (64 hexadecimal digits, e.g. from openssl rand "
                    "-hex 32), and run linktrack key rotate again"
                )
            ring = ring.signing_with(number) if number in ring.secrets else ring.with_new(number)
        with database.transaction(durable=True):
            _note(database, ring, number, clock)  # who may not write that is refused before the file is touched
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
        held = _held(workspace, database)
        _refuse_revoking(held, number)
        with database.transaction(durable=True):
            database.execute("UPDATE signing_key SET revoked_at = ? WHERE id = ?", (clock(), number))
            touch(database)
        if number in held.ours and not from_environment(workspace):
            replace_own(workspace.key_path, held.ring.only(set(held.ring.secrets) - {number}).text().encode())


def check_revoking(workspace: Workspace, database: Database, number: int) -> None:
    """NotFound or Conflict where `revoke_key` would not end a key: for whoever asks before."""
    _refuse_revoking(_held(workspace, database), number)


def _refuse_revoking(held: _Held, number: int) -> None:
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


def _known_as(held: _Held, fingerprint: bytes) -> int | None:
    """The id under which the workspace has, or had, a key."""
    return next((number for number, key in held.known.items() if key.fingerprint == fingerprint), None)


def _held(workspace: Workspace, database: Database) -> _Held:
    """The keys that there are held against those that there should be.

    BadInput or Conflict for a key file that is there, and that this user must not read or others can.
    """
    rows = database.rows("SELECT id, fingerprint, created_at, revoked_at FROM signing_key ORDER BY id")
    known = {number: _Known(bytes(fingerprint), *times) for number, fingerprint, *times in rows}
    try:
        ring, why = Keyring.parse(workspace.secret()), ""
    except LostKeys as problem:
        ring, why = Keyring({}), problem.why
    ours = frozenset(
        number for number in ring.secrets if number in known and ring.fingerprint(number) == known[number].fingerprint
    )
    lost = tuple(sorted(number for number, key in known.items() if key.revoked_at is None and number not in ours))
    return _Held(ring, known, ours, lost, why)


def _said_of_lost(workspace: Workspace, held: _Held) -> str:
    """That keys are lost, why, and the way out without a backup too."""
    one = len(held.lost) == 1
    why = (
        held.why or f"{'not the one' if one else 'not those'} that addresses in sent mails were made with, or not there"
    )
    return (
        f"the signing key {' and '.join(map(str, held.lost))} is lost ({why}): bring {_where(workspace)} back from a "
        f"backup; if there is none, give {'it' if one else 'each'} up with linktrack key revoke {held.lost[0]}, and no "
        "click on an address that it has signed is counted any more"
    )


def _said_of_none(held: _Held) -> str:
    """That nothing can be signed, for every key was revoked."""
    if held.next_id < MAX_KEYS:
        return "no signing key is left: make one with linktrack key rotate"
    return (
        f"no signing key is left, and a workspace has {MAX_KEYS} of them in its life: go on in a new one, made with "
        "linktrack init DIR"
    )


def _note(database: Database, ring: Keyring, number: int, clock: Clock) -> None:
    database.execute(
        "INSERT INTO signing_key (id, fingerprint, created_at) VALUES (?, ?, ?)",
        (number, ring.fingerprint(number), clock()),
    )
    touch(database)


def from_environment(workspace: Workspace) -> bool:
    """Whether the keys are in the environment, where nobody but the user can change them."""
    return bool(workspace.environ.get(_ENVIRONMENT))


def _where(workspace: Workspace) -> str:
    return _ENVIRONMENT if from_environment(workspace) else str(workspace.key_path)


@contextmanager
def _alone(workspace: Workspace, database: Database, wait: float) -> Iterator[None]:
    with alone(workspace, database, "key change", wait):
        yield
