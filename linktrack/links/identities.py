"""Which link a definition means: the one of its identity, whatever it is called here, or else the one of its key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from linktrack.errors import BadInput
from linktrack.links.editing import KEY_SHAPE
from linktrack.links.special_links import SPECIAL_LINKS
from linktrack.store.restored import was_restored
from linktrack.store.session import Database

_LENGTH = 120


class LinkHere(NamedTuple):
    """A link as it is here."""

    key: str
    identity: str


class NamesLink(Protocol):
    """What a file says of which link it means; `identity` is "" where that is the key, or not said."""

    @property
    def key(self) -> str: ...
    @property
    def identity(self) -> str: ...
    @property
    def path(self) -> Path | None: ...
    @property
    def line(self) -> int | None: ...


def checked_identity(identity: str) -> str:
    """An identity as it may stand in a file: a key, or one with a number behind it. BadInput."""
    if not re.fullmatch(rf"{KEY_SHAPE}(#[0-9]{{1,9}})?", identity) or len(identity) > _LENGTH:
        raise BadInput(
            f"{identity[:_LENGTH]!r} is no identity of a link: write what link export has written, or leave it out"
        )
    if identity in SPECIAL_LINKS:
        raise BadInput(f"the identity {identity!r} is that of a special link, which has no other key: leave it out")
    return identity


def known_links(database: Database) -> dict[int, LinkHere]:
    """All links by their numbers, deleted ones too."""
    rows = database.rows("SELECT id, key, identity FROM link")
    return {number: LinkHere(key, identity) for number, key, identity in rows}


def links_meant(database: Database, wanted: Sequence[NamesLink]) -> dict[str, int]:
    """The numbers of the links that are here already, by the keys that the definitions give them.

    One that says its identity is the link that has this one here; else it is the link of its key, unless another
    definition means that one. BadInput where a link would get a key that another one has and keeps, for an identity
    that nobody has here while its key is that of another link, and, in a restored workspace, for a key that was passed
    on.
    """
    known = known_links(database)
    by_identity = {link.identity: number for number, link in known.items()}
    by_key = {link.key: number for number, link in known.items()}
    meant = {one.key: by_identity[one.identity] for one in wanted if one.identity in by_identity}
    restored = was_restored(database)
    moved = {number for key, number in meant.items() if known[number].key != key}
    for one in wanted:
        holder = by_key.get(one.key)
        if holder is None or holder in moved or meant.get(one.key) == holder:
            continue
        other = f"give that one another key first (linktrack link edit {one.key} --key NEW)"
        if one.key in meant:
            here = known[meant[one.key]].key
            said = f"the link {one.key!r} is the one that is called {here!r} here, and another one has the key: {other}"
            raise BadInput(said, file=one.path, line=one.line)
        its = known[holder].identity
        if one.identity:
            raise BadInput(
                f"the link {one.key!r} is another one in the file (identity {one.identity!r}) than here (identity "
                f"{its!r}): {other}, or if it is this one that is meant, take the identity out of the file",
                file=one.path,
                line=one.line,
            )
        if restored and one.key in by_identity and its != one.key:
            first = known[by_identity[one.key]].key
            raise BadInput(
                f"which link is meant by {one.key!r} cannot be told: this workspace was restored from a backup, in "
                f"which that key had passed on. Write identity = {json.dumps(its)} if it is the one that has it here, "
                f"or identity = {json.dumps(one.key)} for the one that is {first!r} here",
                file=one.path,
                line=one.line,
            )
        meant[one.key] = holder
    return meant


def rename_links(database: Database, keys: Mapping[int, str]) -> None:
    """Give links these keys, by their numbers; some may exchange theirs. Part of a transaction."""
    change = "UPDATE link SET key = ? WHERE id = ?"
    database.executemany(change, [(f"~{number}", number) for number in keys])
    database.executemany(change, [(key, number) for number, key in keys.items()])
