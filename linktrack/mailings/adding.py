"""Adding a mailing: read, linked, proven and stored, or refused as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.links.utm import warning
from linktrack.mailings.addresses import Address, Parts, read_mail
from linktrack.mailings.catalog import Settings
from linktrack.mailings.placements import choose_links, drop_unused_links, make_local_links, place
from linktrack.mailings.proof import prove
from linktrack.mailings.reading.cross_check import cross_check
from linktrack.moments import now
from linktrack.store.session import Database


@dataclass(frozen=True)
class Draft:
    """A mailing as it is handed in. `file` is where the HTML comes from, for messages."""

    name: str
    html: bytes
    text: bytes | None = None
    subject: str = ""
    type: str = ""
    settings: Settings = field(default_factory=Settings)
    file: str = ""


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
    database: Database, draft: Draft, tracking: str, *, replace_it: bool = False, strict: bool = False
) -> Added:
    """Read a mail, prove that it can be rewritten, and store it with its placements and local links.

    Conflict when the name is taken (with `replace_it`: when it has been shipped), BadInput for a broken mail; with
    `strict` also BadInput for a mail that parsers read differently and NotFound for an unknown `linktrack:` key.
    """
    checked_name(draft.name)
    _readable(draft.name, draft.subject, draft.type)
    if not draft.html.strip():
        raise BadInput("the file is empty: a mailing needs its HTML", file=draft.file or None)
    options = draft.settings.options(tracking)
    parts = read_mail(draft.html, draft.text, options, name=draft.file, charset=draft.settings.charset)
    disagreements = cross_check(parts)
    if strict and disagreements:
        address, sentence = disagreements[0]
        raise BadInput(sentence, file=draft.file or None, line=address.line, column=address.column)
    with database.transaction():
        _make_room(database, draft.name, replace_it)
        mailing_id = _insert_mailing(database, draft)
        choices, unknown = choose_links(database, parts.addresses, draft.settings)
        if strict and unknown:
            sentence = f"there is no link {unknown[0].key!r}: see linktrack link list"
            raise NotFound(sentence, file=draft.file or None, line=unknown[0].line, column=unknown[0].column)
        local = make_local_links(database, mailing_id, draft.name, choices)
        placed = place(database, mailing_id, draft.name, choices, local)
        drop_unused_links(database, mailing_id)
        prove(parts, placed, tracking, options)
    return Added(
        mailing_id,
        draft.name,
        len(parts.addresses),
        len(choices),
        len({link for _, link in choices if isinstance(link, int)}),
        len(set(local.values())),
        tuple(unknown),
        tuple(_warnings(parts, draft.settings, unknown, disagreements)),
    )


def checked_name(name: str) -> str:
    """A mailing's name. BadInput for an empty one, a leading `-`, `/`, or control characters."""
    if not name.strip() or name != name.strip() or name.startswith("-") or len(name) > 200:
        raise BadInput(f"{name!r} is not a name for a mailing: use something like spring-news")
    if any(character < " " or character in "/\\" for character in name):
        raise BadInput(f"{name!r} is not a name for a mailing: leave out slashes, tabs and line ends")
    return name


def _readable(*texts: str) -> None:
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadInput(f"{text!r} is not UTF-8: check the encoding of your terminal") from None


def _make_room(database: Database, name: str, replace_it: bool) -> None:
    row = database.row("SELECT id, deleted_at FROM mailing WHERE name = ?", (name,))
    if row is None:
        return
    if not replace_it:
        state = "was deleted, but its mails are still out there" if row[1] else "is there already"
        raise Conflict(f"a mailing {name!r} {state}: choose another name, or add --replace if it has not been shipped")
    if database.value("SELECT 1 FROM shipment WHERE mailing_id = ? LIMIT 1", (row[0],)):
        raise Conflict(f"the mailing {name!r} has been shipped and stays as it was sent: choose another name")


def _insert_mailing(database: Database, draft: Draft) -> int:
    """Store the mailing, in the place of one of the same name if there is one. Returns its id."""
    values = (draft.html, draft.text, draft.subject, draft.type, draft.settings.text(), now(), draft.name)
    old = database.value("SELECT id FROM mailing WHERE name = ?", (draft.name,))
    if old is not None:
        database.execute("DELETE FROM placement WHERE mailing_id = ?", (old,))
        database.execute(
            "UPDATE mailing SET html = ?, text = ?, subject = ?, type = ?, settings = ?, created_at = ?, "
            "deleted_at = NULL WHERE name = ?",
            values,
        )
        return int(old)
    return int(
        database.value(
            "INSERT INTO mailing (html, text, subject, type, settings, created_at, name) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            values,
        )
    )


def _warnings(
    parts: Parts, settings: Settings, unknown: Sequence[Address], disagreements: Iterable[tuple[Address, str]]
) -> Iterable[str]:
    for address in unknown:
        yield (
            f"line {address.line}: there is no link {address.key!r}; the address stays as it is until "
            f"linktrack link add {address.key} has made it"
        )
    for address in parts.addresses:
        if address.reason == "merge-tag":
            yield f"line {address.line}: not tracked, a merge tag stands for its host or path: {address.url[:80]}"
    for address, sentence in disagreements:
        yield f"line {address.line}, column {address.column}: {sentence}"
    if parts.scan.open_comment is not None:
        line, column = parts.html.place(parts.scan.open_comment)
        yield f"line {line}, column {column}: a comment begins here and never ends; what follows is not shown"
    if medium := warning(settings.utm):
        yield medium
