"""Adding a mailing: which link each address is, a key for each spot, and the proof that nothing else will change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.links.utm import warning
from linktrack.mailings.addresses import Address, Options, Parts
from linktrack.mailings.catalog import Settings, StoredMailing, mailing_parts, placements_of, untracked_reason
from linktrack.mailings.compile import Placed, check_html, check_text, compile_part, placement_keys, read_mail
from linktrack.store.session import Database, now

_NOT_IN_MAILS = ("honeypot",)  # a special link that no author names
_CHUNK = 500


@dataclass(frozen=True)
class Added:
    """What `add_mailing` did. `warnings` are sentences; `unknown` the addresses whose `linktrack:` key is not there."""

    id: int
    name: str
    addresses: int
    placements: int
    registered: int
    local: int
    unknown: tuple[Address, ...]
    warnings: tuple[str, ...]


def add_mailing(
    database: Database,
    name: str,
    html: bytes,
    *,
    tracking: str,
    text: bytes | None = None,
    subject: str = "",
    type: str = "",
    settings: Settings | None = None,
    file: str = "",
    replace_it: bool = False,
) -> Added:
    """Read a mail, prove that it can be rewritten, and store it with its placements and local links.

    Conflict when the name is taken (with `replace_it`: when it has been shipped), BadInput for a broken mail.
    """
    settings = settings or Settings()
    checked_name(name)
    options = settings.options(tracking)
    parts = read_mail(html, text, options, name=file, charset=settings.charset)
    with database.transaction():
        _make_room(database, name, replace_it)
        mailing_id = _insert_mailing(database, name, html, text, subject, type, settings)
        choices, unknown = _choose_links(database, parts.addresses, settings)
        local = _local_links(database, mailing_id, name, choices)
        placed = _place(database, mailing_id, name, choices, local)
        _drop_unused_links(database, mailing_id)
        prove(parts, placed, tracking, options)
    registered = len({link for _, link in choices if isinstance(link, int)})
    return Added(
        mailing_id, name, len(parts.addresses), len(choices), registered, len(set(local.values())), tuple(unknown),
        tuple(_warnings(parts, settings, unknown)),
    )  # fmt: skip


def prove(parts: Parts, placed: Sequence[tuple[Address, str]], tracking: str, options: Options) -> None:
    """Rewrite both parts once and read them back; BadInput when anything but the addresses would change."""
    html = [Placed(key, address.start, address.stop) for address, key in placed if address.part == "html"]
    check_html(parts, compile_part(parts.html, html, tracking), html, tracking, options)
    if parts.text is not None:
        spots = [Placed(key, address.start, address.stop) for address, key in placed if address.part == "text"]
        check_text(parts.text, compile_part(parts.text, spots, tracking), spots, tracking, options)


def checked_name(name: str) -> str:
    """A mailing's name. BadInput for an empty one, a leading `-`, `/`, or control characters."""
    if not name.strip() or name != name.strip() or name.startswith("-") or len(name) > 200:
        raise BadInput(f"{name!r} is not a name for a mailing: use something like spring-news")
    if any(character < " " or character in "/\\" for character in name):
        raise BadInput(f"{name!r} is not a name for a mailing: leave out slashes, tabs and line ends")
    return name


def _make_room(database: Database, name: str, replace_it: bool) -> None:
    row = database.row("SELECT id, deleted_at FROM mailing WHERE name = ?", (name,))
    if row is None:
        return
    if not replace_it:
        state = "was deleted, but its mails are still out there" if row[1] else "is there already"
        raise Conflict(f"a mailing {name!r} {state}: choose another name, or add --replace if it has not been shipped")
    if database.value("SELECT 1 FROM shipment WHERE mailing_id = ? LIMIT 1", (row[0],)):
        raise Conflict(f"the mailing {name!r} has been shipped and stays as it was sent: choose another name")


def _insert_mailing(
    database: Database, name: str, html: bytes, text: bytes | None, subject: str, type: str, settings: Settings
) -> int:
    old = database.value("SELECT id FROM mailing WHERE name = ?", (name,))
    if old is not None:
        database.execute("DELETE FROM placement WHERE mailing_id = ?", (old,))
        database.execute(
            "UPDATE mailing SET html = ?, text = ?, subject = ?, type = ?, settings = ?, created_at = ?, "
            "deleted_at = NULL WHERE id = ?",
            (html, text, subject, type, settings.text(), now(), old),
        )
        return int(old)
    return int(
        database.value(
            "INSERT INTO mailing (name, html, text, subject, type, settings, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (name, html, text, subject, type, settings.text(), now()),
        )
    )


def _choose_links(
    database: Database, addresses: Iterable[Address], settings: Settings
) -> tuple[list[tuple[Address, int | str]], list[Address]]:
    """For each address to be tracked the id of its link, or the URL that gets a local one; and the unknown keys."""
    open_ones = [address for address in addresses if not address.reason]
    named = _links_by(database, "key", {address.key for address in open_ones if address.key}, ("registered", "special"))
    by_url = _links_by(database, "url", {address.target for address in open_ones if not address.key}, ("registered",))
    choices: list[tuple[Address, int | str]] = []
    unknown: list[Address] = []
    for address in open_ones:
        if address.key or address.url.lower().startswith("linktrack:"):
            link = None if address.key in _NOT_IN_MAILS else named.get(address.key)
            if link is None:
                unknown.append(address)
            else:
                choices.append((address, link))
        elif address.target in by_url:
            choices.append((address, by_url[address.target]))
        elif settings.track_all:
            choices.append((address, address.target))
    return choices, unknown


def _links_by(database: Database, column: str, values: Iterable[str], kinds: Sequence[str]) -> dict[str, int]:
    """Ids of links that are not deleted, by key or URL; of several with one URL the one made first."""
    wanted = sorted(values)
    found: dict[str, int] = {}
    marks = ", ".join("?" * len(kinds))
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        rows = database.rows(
            f"SELECT {column}, id FROM link WHERE deleted_at IS NULL AND kind IN ({marks}) "  # noqa: S608
            f"AND {column} IN ({', '.join('?' * len(chunk))}) ORDER BY id",
            (*kinds, *chunk),
        )
        for value, link_id in rows:
            found.setdefault(value, link_id)
    return found


def _local_links(
    database: Database, mailing_id: int, name: str, choices: Sequence[tuple[Address, int | str]]
) -> dict[str, int]:
    """The mailing's local links by URL, made where they are missing: `<mailing>.<n>` in order of appearance."""
    rows = database.rows("SELECT url, id FROM link WHERE mailing_id = ? AND kind = 'local' ORDER BY id", (mailing_id,))
    local: dict[str, int] = {row[0]: row[1] for row in rows}
    prefix = f"{name}."
    like_ours = database.rows("SELECT key FROM link WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))
    taken = {row[0] for row in like_ours}
    number = 0
    moment = now()
    used: dict[str, int] = {}
    for address, url in choices:
        if isinstance(url, int):
            continue
        if url not in local:
            number += 1
            while f"{name}.{number}" in taken:
                number += 1
            local[url] = database.value(
                "INSERT INTO link (key, name, kind, url, mailing_id, response, created_at, updated_at) "
                "VALUES (?, ?, 'local', ?, ?, ?, ?, ?) RETURNING id",
                (f"{name}.{number}", address.label, url, mailing_id, '{"kind": "redirect"}', moment, moment),
            )
        used[url] = local[url]
    return used


def _place(
    database: Database,
    mailing_id: int,
    name: str,
    choices: Sequence[tuple[Address, int | str]],
    local: dict[str, int],
) -> list[tuple[Address, str]]:
    placed: list[tuple[Address, str]] = []
    for address, link in choices:
        link_id = link if isinstance(link, int) else local[link]
        key = free_key(database, name, address.position)
        insert_placement(
            database, key, mailing_id, link_id, address.position, address.part, address.kind, address.label,
            address.url, address.start, address.stop, address.line, address.column,
        )  # fmt: skip
        placed.append((address, key))
    return placed


def insert_placement(database: Database, *values: Any) -> None:
    database.execute(
        "INSERT INTO placement (key, mailing_id, link_id, position, part, kind, label, url, start, stop, line, "
        '"column") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        values,
    )


def free_key(database: Database, mailing: str, position: int) -> str:
    """The first of the spot's keys that no placement of the workspace has."""
    for key in placement_keys(mailing, position):
        if database.value("SELECT 1 FROM placement WHERE key = ?", (key,)) is None:
            return key
    raise Conflict("no short key is left for this placement: give the mailing another name")


def _drop_unused_links(database: Database, mailing_id: int) -> None:
    """After a mailing was replaced: local links of addresses that it no longer has. Nothing was sent with them."""
    unused = "SELECT id FROM link WHERE kind = 'local' AND mailing_id = ? AND id NOT IN (SELECT link_id FROM placement)"
    database.execute(f"DELETE FROM action WHERE link_id IN ({unused})", (mailing_id,))  # noqa: S608
    database.execute(f"DELETE FROM link WHERE id IN ({unused})", (mailing_id,))  # noqa: S608


def _warnings(parts: Parts, settings: Settings, unknown: Sequence[Address]) -> Iterable[str]:
    for address in unknown:
        yield (
            f"line {address.line}: there is no link {address.key!r}; the address stays as it is until "
            f"linktrack link add {address.key} has made it"
        )
    for address in parts.addresses:
        if address.reason == "merge-tag":
            yield f"line {address.line}: not tracked, a merge tag stands for its host or path: {address.url[:80]}"
    if parts.scan.open_comment is not None:
        line, column = parts.html.place(parts.scan.open_comment)
        yield f"line {line}, column {column}: a comment begins here and never ends; what follows is not shown"
    if sentence := warning(settings.utm):
        yield sentence


def restored_keys(database: Database, mailing: StoredMailing, tracking: str) -> int:
    """Place the addresses whose `linktrack:` key was unknown when the mailing was added and is there now.

    NotFound when one is still unknown: a mail with such an address must not go out. Returns how many were placed.
    """
    have = {placement.position for placement in placements_of(database, mailing.id)}
    parts = mailing_parts(mailing, tracking)
    missing = [
        address
        for address in parts.addresses
        if not address.reason and address.position not in have and untracked_reason(address) == "unknown-key"
    ]
    if not missing:
        return 0
    with database.transaction():
        choices, unknown = _choose_links(database, missing, replace(mailing.settings, track_all=False))
        if unknown:
            first = unknown[0]
            raise NotFound(
                f"line {first.line}, column {first.column} of the mailing {mailing.name!r} names a link {first.key!r} "
                f"that is not there: make it with linktrack link add {first.key or 'KEY'} --url URL"
            )
        _place(database, mailing.id, mailing.name, choices, {})
    return len(choices)
