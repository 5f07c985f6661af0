"""The mailings of a workspace: added with their links and placements, listed, shown, deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.links.utm import Utm, tagged
from linktrack.mailings.addresses import Address, Options, Parts
from linktrack.mailings.compile import Placed, check_html, check_text, compile_part, placement_keys, read_mail
from linktrack.store.session import Database, now

HONEYPOT_POSITION = 0
HEADER_POSITION = -1  # the address in the List-Unsubscribe header
_NOT_IN_MAILS = ("honeypot",)  # a special link that no author names
_CHUNK = 500


@dataclass(frozen=True)
class Settings:
    """How a mailing is read and tagged, fixed when it is added; kept as JSON."""

    utm: Utm = Utm()
    base: str = ""
    track_all: bool = True
    merge_tags: tuple[tuple[str, str], ...] = ()
    charset: str | None = None

    def options(self, tracking: str) -> Options:
        return Options(tracking, self.base, self.track_all, self.merge_tags)

    def text(self) -> str:
        utm = {name: value for name, value in vars(self.utm).items() if value not in ("", ())}
        values = {
            "utm": utm,
            "base": self.base,
            "track_all": self.track_all,
            "merge_tags": self.merge_tags,
            "charset": self.charset,
        }
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> Settings:
        values: dict[str, Any] = json.loads(text)
        pairs = tuple((opening, closing) for opening, closing in values.get("merge_tags", ()))
        return cls(
            Utm.from_settings(values.get("utm", {})),
            values.get("base", ""),
            values.get("track_all", True),
            pairs,
            values.get("charset"),
        )


@dataclass(frozen=True)
class StoredMailing:
    """A mailing as it lies in the database."""

    id: int
    name: str
    subject: str
    type: str
    html: bytes
    text: bytes | None
    settings: Settings
    created_at: int
    deleted_at: int | None


@dataclass(frozen=True)
class StoredPlacement:
    """A placement with its link. `position` is the address's in the mailing; 0 and below are not the author's."""

    id: int
    key: str
    position: int
    part: str
    kind: str
    label: str
    start: int
    stop: int
    link_id: int
    link: str
    link_name: str
    folder: str
    link_url: str
    response: dict[str, Any]

    @property
    def placed(self) -> Placed:
        return Placed(self.key, self.start, self.stop)


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


@dataclass(frozen=True)
class MailingRow:
    """A mailing in a list."""

    name: str
    subject: str
    type: str
    placements: int
    links: int
    shipments: int
    size: int
    created_at: int
    status: str


@dataclass(frozen=True)
class AddressRow:
    """An address of a mailing, tracked (then with its placement and link) or left alone for a reason."""

    placement: str | None
    link: str | None
    label: str
    kind: str
    line: int
    column: int
    target: str
    tracked: bool
    reason: str


# --- adding ----------------------------------------------------------------------------------------------------


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
    taken = {row[0] for row in database.rows("SELECT key FROM link WHERE substr(key, 1, ?) = ?", (len(name) + 1, name + "."))}
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
    from linktrack.links.utm import warning

    for address in unknown:
        yield (
            f"line {address.line}: there is no link {address.key!r}; the address stays as it is until "
            f"linktrack link add {address.key} has made it"
        )
    for address in parts.addresses:
        if address.reason == "merge-tag":
            yield f"line {address.line}: not tracked, because a merge tag stands for its host or path: {address.url[:80]}"
    if parts.scan.open_comment is not None:
        line, column = parts.html.place(parts.scan.open_comment)
        yield f"line {line}, column {column}: a comment begins here and never ends; what follows is not shown"
    if sentence := warning(settings.utm):
        yield sentence


# --- reading ---------------------------------------------------------------------------------------------------


def find_mailing(database: Database, name: str) -> StoredMailing:
    """The mailing of this name, deleted or not. NotFound otherwise."""
    row = database.row(
        "SELECT id, name, subject, type, html, text, settings, created_at, deleted_at FROM mailing WHERE name = ?",
        (name,),
    )
    if row is None:
        raise NotFound(f"there is no mailing {name!r}: see linktrack mailing list")
    text = None if row[5] is None else bytes(row[5])
    return StoredMailing(*row[:4], bytes(row[4]), text, Settings.read(row[6]), *row[7:])


def mailing_parts(mailing: StoredMailing, tracking: str) -> Parts:
    """A stored mailing, read again."""
    return read_mail(mailing.html, mailing.text, mailing.settings.options(tracking), charset=mailing.settings.charset)


def placements_of(database: Database, mailing_id: int) -> list[StoredPlacement]:
    """A mailing's placements by position."""
    rows = database.rows(
        "SELECT placement.id, placement.key, position, part, placement.kind, label, start, stop, link.id, link.key, "
        "link.name, COALESCE(folder.path, ''), link.url, link.response FROM placement "
        "JOIN link ON link.id = placement.link_id LEFT JOIN folder ON folder.id = link.folder_id "
        "WHERE placement.mailing_id = ? ORDER BY position",
        (mailing_id,),
    )
    return [StoredPlacement(*row[:-1], json.loads(row[-1])) for row in rows]


def address_rows(database: Database, mailing: StoredMailing, tracking: str) -> list[AddressRow]:
    """Every address of a mailing in order, tracked or not, with the target that a click leads to."""
    by_position = {placement.position: placement for placement in placements_of(database, mailing.id)}
    rows = []
    for address in mailing_parts(mailing, tracking).addresses:
        placement = by_position.get(address.position)
        if placement is None:
            reason = address.reason or _untracked(address)
            rows.append(
                AddressRow(None, None, address.label, address.kind, address.line, address.column, address.target, False,
                           reason)  # fmt: skip
            )
        else:
            target = tagged_target(mailing, placement) or address.url
            rows.append(
                AddressRow(placement.key, placement.link, placement.label, placement.kind, address.line,
                           address.column, target, True, "")  # fmt: skip
            )
    return rows


def _untracked(address: Address) -> str:
    return "unknown-key" if address.url.lower().startswith("linktrack:") else "not-registered"


def tagged_target(mailing: StoredMailing, placement: StoredPlacement) -> str:
    """Where a click on the placement leads: the link's URL with the mailing's UTM; "" for a page of the system."""
    facts = {
        "mailing.name": mailing.name,
        "link.key": placement.link,
        "link.name": placement.link_name,
        "link.folder": placement.folder,
    }
    return tagged(placement.link_url, mailing.settings.utm.filled(facts), mailing.settings.merge_tags)


def list_mailings(database: Database, *, deleted: bool = False) -> list[MailingRow]:
    """Mailings in the order in which they were added."""
    rows = database.rows(
        "SELECT name, subject, type, (SELECT count(*) FROM placement WHERE mailing_id = mailing.id AND position > 0), "
        "(SELECT count(DISTINCT link_id) FROM placement WHERE mailing_id = mailing.id AND position > 0), "
        "(SELECT count(*) FROM shipment WHERE mailing_id = mailing.id), length(html), created_at, "
        f"CASE WHEN deleted_at IS NULL THEN 'active' ELSE 'deleted' END FROM mailing "  # noqa: S608
        f"{'' if deleted else 'WHERE deleted_at IS NULL'} ORDER BY id"
    )
    return [MailingRow(*row) for row in rows]


def delete_mailing(database: Database, name: str) -> None:
    """Take a mailing out of lists; addresses in mails that were sent go on working. NotFound if it is not there."""
    with database.transaction():
        mailing = find_mailing(database, name)
        if mailing.deleted_at is not None:
            raise Conflict(f"the mailing {name!r} is deleted already")
        database.execute("UPDATE mailing SET deleted_at = ? WHERE id = ?", (now(), mailing.id))


def restored_keys(database: Database, mailing: StoredMailing, tracking: str) -> int:
    """Place the addresses whose `linktrack:` key was unknown when the mailing was added and is there now.

    NotFound when one is still unknown: a mail with such an address must not go out. Returns how many were placed.
    """
    have = {placement.position for placement in placements_of(database, mailing.id)}
    parts = mailing_parts(mailing, tracking)
    missing = [
        address
        for address in parts.addresses
        if not address.reason and address.position not in have and _untracked(address) == "unknown-key"
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
