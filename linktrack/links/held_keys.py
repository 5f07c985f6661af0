"""The key file (or the environment) held against the fingerprints that the database keeps, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from linktrack.errors import LostKeys
from linktrack.links.tokens import MAX_KEYS, Keyring
from linktrack.store.session import Database
from linktrack.workspace import Workspace

KEYS_VARIABLE = "LINKTRACK_SECRET"


class KnownKey(NamedTuple):
    """A key as the database knows it."""

    fingerprint: bytes
    created_at: int
    revoked_at: int | None


class HeldKeys(NamedTuple):
    """The key file (or the environment) held against the database: `ours` are the ids in `ring` that it knows, `lost`
    those that it lacks and that are not revoked; `why` is what is the matter with a ring that could not be read."""

    ring: Keyring
    known: dict[int, KnownKey]
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

    def known_as(self, fingerprint: bytes) -> int | None:
        """The id under which the workspace has, or had, a key."""
        return next((number for number, key in self.known.items() if key.fingerprint == fingerprint), None)


def held_keys(workspace: Workspace, database: Database) -> HeldKeys:
    """The keys that there are held against those that there should be.

    BadInput or Conflict for a key file that is there, and that this user must not read or others can.
    """
    rows = database.rows("SELECT id, fingerprint, created_at, revoked_at FROM signing_key ORDER BY id")
    known = {number: KnownKey(bytes(fingerprint), *times) for number, fingerprint, *times in rows}
    try:
        ring, why = Keyring.parse(workspace.secret()), ""
    except LostKeys as problem:
        ring, why = Keyring({}), problem.why
    ours = frozenset(
        number for number in ring.secrets if number in known and ring.fingerprint(number) == known[number].fingerprint
    )
    lost = tuple(sorted(number for number, key in known.items() if key.revoked_at is None and number not in ours))
    return HeldKeys(ring, known, ours, lost, why)


def said_of_lost(workspace: Workspace, held: HeldKeys) -> str:
    """That keys are lost, why, and the way out without a backup too."""
    one = len(held.lost) == 1
    keys = f"signing key {held.lost[0]} is" if one else f"signing keys {_listed(held.lost)} are"
    why = (
        held.why or f"{'not the one' if one else 'not those'} that addresses in sent mails were made with, or not there"
    )
    return (
        f"the {keys} lost ({why}): bring {where_keys_are(workspace)} back from a "
        f"backup; if there is none, give {'it' if one else 'each'} up with linktrack key revoke {held.lost[0]}, and no "
        "click on an address that it has signed is counted any more"
    )


def said_of_awaited(workspace: Workspace) -> str:
    """Why no key is made that may have the id of one of the lost workspace, and the ways on."""
    return (
        "this workspace was restored from a backup, and a new key would have the number of one that the lost workspace "
        "may have made since, so that this one could not be taken in any more: put its keys into "
        f"{where_keys_are(workspace)} first, and linktrack key rotate takes each in; if it made none (or none that is "
        "to be had any more), say linktrack key rotate --no-later-keys"
    )


def said_of_none(held: HeldKeys) -> str:
    """That nothing can be signed, for every key was revoked."""
    if held.next_id < MAX_KEYS:
        return "no signing key is left: make one with linktrack key rotate"
    return (
        f"no signing key is left, and a workspace has {MAX_KEYS} of them in its life: go on in a new one, made with "
        "linktrack init DIR"
    )


def from_environment(workspace: Workspace) -> bool:
    """Whether the keys are in the environment, where nobody but the user can change them."""
    return bool(workspace.environ.get(KEYS_VARIABLE))


def where_keys_are(workspace: Workspace) -> str:
    """What a sentence names as the place of the keys: the file, or the variable of the environment."""
    return KEYS_VARIABLE if from_environment(workspace) else str(workspace.key_path)


def said_of_foreign(workspace: Workspace, held: HeldKeys, foreign: Sequence[int]) -> tuple[str, str]:
    """That keys are there which the workspace does not have, and the way out."""
    one, where = len(foreign) == 1, where_keys_are(workspace)
    it = "it" if one else "them"
    keys = f"key {foreign[0]} in {where} is" if one else f"keys {_listed(foreign)} in {where} are"
    advice = f"remove {it} from {where}"
    if any(number >= held.next_id for number in foreign):
        made = "it was" if one else "they were"
        advice = (
            f"if {made} made here after the backup that this is, linktrack key rotate takes {'it' if one else 'each'} "
            f"in, else {advice}"
        )
    return (
        f"the {keys} not of this workspace",
        f"{'it neither signs nor verifies' if one else 'they neither sign nor verify'}; {advice}",
    )


def _listed(numbers: Sequence[int]) -> str:
    """Several numbers of keys in a sentence."""
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
