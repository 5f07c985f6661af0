"""Everything that is found by name or number, with the names that are nearest when there is none.

A folder, a link, a mailing, a shipment, a contact: what a person names on the command line is looked up here and
nowhere else, so an unknown name is the same error everywhere. A letter with its accent is the same whether it is typed
as one sign or as two: names are kept as `names.composed` has them, but for those that the CRM has written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain
from typing import NamedTuple

from linktrack.email_addresses import domain_of, same_email
from linktrack.errors import Conflict, UnknownName
from linktrack.names import composed, did_you_mean, nearest, same_name
from linktrack.store.forgotten import is_forgotten
from linktrack.store.session import Database

_COMPARED = 10_000  # names that a near one is looked for among
_MANY = 10  # ids that are shown of people of one name
# Everybody by what they are called today, and by the addresses and names that mails went to before; forgotten people
# have neither.
_NOT_FORGOTTEN = "SELECT id, contact_id, email, name FROM recipient WHERE forgotten_at IS NULL"
_FOLDED_TO = ("ss", "ff", "fi", "fl")  # what letters of others are folded to: ß, and the ligatures of f
_EARLIER = (
    "SELECT recipient.id, contact_id, earlier.email, earlier.name FROM earlier_address AS earlier "
    "JOIN recipient ON recipient.id = earlier.recipient_id WHERE contact_id IS NOT NULL"
)


class _Noun(NamedTuple):
    """What can be looked for: where it stands, what it is called, and where a person sees all of them."""

    table: str
    column: str
    word: str
    advice: str


_FOLDER = _Noun(
    "folder", "path", "folder", "see linktrack folder list, or make it with linktrack folder add or --parents"
)
_LINK = _Noun("link", "key", "link", "see linktrack link list --all")
_MAILING = _Noun("mailing", "name", "mailing", "see linktrack mailing list")
_SHIPMENT = _Noun("shipment", "id", "shipment", "see linktrack shipment list")
_RUN = _Noun("run", "id", "run", "see linktrack action log")
_CONTACT = _Noun("recipient", "contact_id", "contact", "nobody of that id, address or name has got a mailing")
_PLACEMENT = _Noun("placement", "key", "placement", "see linktrack mailing links")
_TYPE = _Noun("mailing", "type", "type of mailing", "see linktrack mailing list")
_DOMAIN = _Noun("shipment_domain", "domain", "domain", "see linktrack report mailing NAME --by domain")


class Named(NamedTuple):
    """What has a name: its number, and when it was deleted, if it is (UTC milliseconds)."""

    id: int
    deleted_at: int | None


def folder_called(database: Database, path: str) -> Named | None:
    """The folder of exactly this path, if there is one."""
    return _called(database, _FOLDER, path)


def link_called(database: Database, key: str) -> Named | None:
    """The link of exactly this key, if there is one."""
    return _called(database, _LINK, key)


def mailing_called(database: Database, name: str) -> Named | None:
    """The mailing of exactly this name, if there is one."""
    return _called(database, _MAILING, name)


def _called(database: Database, noun: _Noun, name: str) -> Named | None:
    row = database.row(f"SELECT id, deleted_at FROM {noun.table} WHERE {noun.column} = ?", (name,))  # noqa: S608  (names of ours)
    return None if row is None else Named(*row)


def is_placement(database: Database, key: str) -> bool:
    """Whether a placement has this key."""
    return database.value("SELECT 1 FROM placement WHERE key = ?", (key,)) is not None


def folder_id(database: Database, path: str) -> int:
    """The id of a folder, deleted or not. UnknownName with near paths."""
    return _id(database, _FOLDER, path)


def link_id(database: Database, key: str) -> int:
    """The id of a link, deleted or not. UnknownName with near keys."""
    return _id(database, _LINK, key)


def mailing_id(database: Database, name: str) -> int:
    """The id of a mailing, deleted or not. UnknownName with near names."""
    return _id(database, _MAILING, name)


def placement_id(
    database: Database, key: str, *, of: Collection[int] = (), link: int | None = None, shipment: int | None = None
) -> int:
    """The id of a placement, of one of the mailings `of` (none: of any), the mailing of a shipment, or a link.

    UnknownName with near keys, or that says where it stands instead.
    """
    found = _id(database, _PLACEMENT, key)
    if shipment is not None:
        of = [database.value("SELECT mailing_id FROM shipment WHERE id = ?", (shipment,))]
    row = database.row("SELECT mailing_id, link_id FROM placement WHERE id = ?", (found,))
    mailing, its_link = (-1, -1) if row is None else row
    if of and mailing not in of:
        raise _of_another(database, _PLACEMENT, key, _MAILING, mailing, of)
    if link is not None and its_link != link:
        raise _of_another(database, _PLACEMENT, key, _LINK, its_link, (link,))
    return found


def shipment_id(database: Database, number: int, *, of: Collection[int] = ()) -> int:
    """A shipment's number as people see it, if there is such a shipment of one of the mailings `of` (none: of any).
    UnknownName otherwise, which says of which mailing it is."""
    found = _number(database, _SHIPMENT, number)
    mailing = database.value("SELECT mailing_id FROM shipment WHERE id = ?", (found,)) if of else None
    if mailing is not None and mailing not in of:
        raise _of_another(database, _SHIPMENT, str(number), _MAILING, mailing, of)
    return found


def run_id(database: Database, number: int) -> int:
    """The number of a run of the actions, if there is such a run. UnknownName otherwise."""
    return _number(database, _RUN, number)


def _number(database: Database, noun: _Noun, number: int) -> int:
    held = -(1 << 31) <= number < 1 << 31  # larger ones no database has, nor takes
    if not held or database.value(f"SELECT 1 FROM {noun.table} WHERE id = ?", (number,)) is None:  # noqa: S608  (names of ours)
        raise _unknown(noun, str(number), ())
    return number


def recipient_id(database: Database, named: str) -> int:
    """The id of the one recipient with this contact id, e-mail address or name, of today or of any mail that they got,
    however it is written (`same_email`). An id wins over the same text as somebody else's address; then a warning names
    who that is.

    UnknownName with near ones, or for somebody who was forgotten; Conflict with their ids when several have or had that
    address or name.
    """
    exact = recipient_of_id(database, named)
    if exact is not None:
        _say_who_else(database, named, exact)
        return exact
    found = _people_called(database, named)
    if len(found) == 1:
        return next(iter(found))
    if found:
        ids = ", ".join([found[number] for number in sorted(found)][:_MANY]) + (" …" if len(found) > _MANY else "")
        raise Conflict(f"{len(found)} contacts are or were called {named!r}: name one by its id ({ids})")
    if is_forgotten(database, named):
        raise UnknownName(
            f"the contact {named!r} was forgotten, and nothing is known of them: linktrack contact subscribe lets them "
            "be written to again",
            noun=_CONTACT.word, name=named,
        )  # fmt: skip
    raise _unknown(_CONTACT, named, _near_people(database, same_name(named)))


def recipient_of_id(database: Database, contact_id: str) -> int | None:
    """The number of the recipient with exactly this contact id, if somebody who is not forgotten has it."""
    found = database.value("SELECT id FROM recipient WHERE contact_id = ? AND forgotten_at IS NULL", (contact_id,))
    return None if found is None else int(found)


def _say_who_else(database: Database, named: str, taken: int) -> None:
    others = _people_called(database, named) if "@" in named else {}
    ids = [contact for number, contact in others.items() if number != taken]
    if ids:
        named_by = ", ".join(ids[:_MANY]) + (" …" if len(ids) > _MANY else "")
        database.warn(
            f"{named!r} is a contact's id, which this is about, and an address of another one too: name that one by "
            f"its id ({named_by})"
        )


def _people_called(database: Database, named: str) -> dict[int, str]:
    """Contact ids, by number, of those whose id, address or name is or was the same as this one.

    The database folds ASCII; texts that fold otherwise are looked at one by one, where it finds nobody and where the
    name may be one of them.
    """
    wanted = same_email(named)
    columns = {_NOT_FORGOTTEN: ("contact_id", "email", "name"), _EARLIER: ("earlier.email", "earlier.name")}
    found: dict[int, str] = {}
    if wanted.isascii():
        for people, names in columns.items():
            same = " OR ".join(f"lower({name}) = ?" for name in names)
            found.update(
                (number, contact)
                for number, contact, *_ in database.rows(f"{people} AND ({same})", (wanted,) * len(names))
            )
    if not found or any(letters in wanted for letters in _FOLDED_TO):
        for people, names in columns.items():
            others = " OR ".join(map(database.folds_beyond_ascii, names))
            rows = database.stream(f"{people} AND ({others})")
            found |= {number: contact for number, contact, *said in rows if wanted in map(same_email, (contact, *said))}
    return found


def _id(database: Database, noun: _Noun, name: str) -> int:
    held = not any("\ud800" <= letter <= "\udfff" for letter in name)  # what is not UTF-8 no database has, nor takes
    query = f"SELECT id FROM {noun.table} WHERE {noun.column} = ?"  # noqa: S608  (names of ours)
    found = database.value(query, (composed(name),)) if held else None
    if found is None:
        raise _unknown(noun, name, _near(database, noun, name))
    return int(found)


def unknown_link(database: Database, key: str) -> UnknownName:
    """The error of a link that is not there, for whoever looks for many at once."""
    return _unknown(_LINK, key, _near(database, _LINK, key))


def unknown_type(type: str, known: Iterable[str]) -> UnknownName:
    """The error of a type that is none of the `known` ones, for whoever knows them all."""
    return _unknown(_TYPE, type, nearest(type, known))


def known_domain(database: Database, domain: str) -> str:
    """A domain that something was sent to, in lower case, "" for what was sent to no address; with its `@` or without.
    UnknownName with near ones."""
    wanted = domain_of("@" + domain.strip().removeprefix("@"))
    if database.value("SELECT 1 FROM shipment_domain WHERE domain = ? LIMIT 1", (wanted,)) is None:
        near = _near(database, _DOMAIN, wanted)
        raise UnknownName(
            f"nothing was sent to an address at {wanted!r}{did_you_mean(near)}: {_DOMAIN.advice}",
            noun=_DOMAIN.word, name=wanted, near=near,
        )  # fmt: skip
    return wanted


def clickers_at(database: Database, shipment: int, domain: str) -> int:
    """How many have clicked in a shipment whose address was at a domain, as `known_domain` has it."""
    sql = "SELECT clickers FROM shipment_domain WHERE shipment_id = ? AND domain = ?"
    return int(database.value(sql, (shipment, domain)) or 0)


def unknown_reason(reason: str, known: Collection[str]) -> UnknownName:
    """The error for a reason that no click's verdict has. `known` are the reasons that clicks do have."""
    return UnknownName(
        f"no click has the reason {reason!r}: the reasons are {', '.join(known) or 'none so far'}",
        noun="reason", name=reason, near=nearest(reason, known),
    )  # fmt: skip


def _near(database: Database, noun: _Noun, name: str) -> tuple[str, ...]:
    known = database.rows(f"SELECT DISTINCT {noun.column} FROM {noun.table} LIMIT {_COMPARED}")  # noqa: S608  (names of ours)
    others = (str(one) for (one,) in known if one != name)  # that very one is there, and none that may be named here
    return nearest(name, others)


def _near_people(database: Database, name: str) -> tuple[str, ...]:
    """The ids, e-mail addresses and names of people that are most like `name`."""
    people = database.rows(f"{_NOT_FORGOTTEN} LIMIT ?", (_COMPARED,))
    return nearest(name, chain.from_iterable(said for _, *said in people))


def _of_another(
    database: Database, noun: _Noun, name: str, owner: _Noun, its: int, asked: Iterable[int]
) -> UnknownName:
    """The error of something that is there, and belongs to another mailing or link than the one asked for."""
    query = f"SELECT {owner.column} FROM {owner.table} WHERE id = ?"  # noqa: S608  (names of ours)
    other = " or ".join(repr(database.value(query, (one,))) for one in asked)
    return UnknownName(
        f"the {noun.word} {name} is of the {owner.word} {database.value(query, (its,))!r}, not of {other}: "
        f"{noun.advice}",
        noun=noun.word,
        name=name,
    )


def _unknown(noun: _Noun, name: str, near: tuple[str, ...]) -> UnknownName:
    return UnknownName(
        f"there is no {noun.word} {name!r}{did_you_mean(near)}: {noun.advice}", noun=noun.word, name=name, near=near
    )
