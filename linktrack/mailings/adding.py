"""Adding a mailing: read, linked, proven and stored, or refused as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.links.alike import links_in_no_mailing, nearly_registered
from linktrack.links.utm import warnings
from linktrack.mailings.addresses import MERGED, Address, Parts, odd_charset, read_mail
from linktrack.mailings.catalogue import MailingOptions
from linktrack.mailings.foreign_links import wrapped_by
from linktrack.mailings.placements import (
    LinkChoice,
    choose_links,
    drop_unused_links,
    make_local_links,
    place,
    rename_local_links,
    take_up,
)
from linktrack.mailings.proof import prove
from linktrack.mailings.reading.cross_check import cross_check
from linktrack.mailings.reading.mail_files import refuse_no_text
from linktrack.names import composed, did_you_mean
from linktrack.store.lookups import mailing_called, unknown_link
from linktrack.store.session import Database
from linktrack.visible import visible

_SHOWN = 10  # keys in a sentence


@dataclass(frozen=True)
class Draft:
    """A mailing as it is handed in. `file` and `text_file` are where HTML and text come from, for messages; a text
    without one has been taken before."""

    name: str
    html: bytes
    text: bytes | None = None
    subject: str = ""
    type: str = ""
    settings: MailingOptions = field(default_factory=MailingOptions)
    file: str = ""
    text_file: str = ""


@dataclass(frozen=True)
class Added:
    """What `add_mailing` did. `registered` are the keys of the registered links in it, `unknown` the addresses whose
    `linktrack:` key is not there; `warnings` and `notes` are sentences."""

    id: int
    name: str
    addresses: int
    placements: int
    registered: tuple[str, ...]
    local: int
    unknown: tuple[Address, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def add_mailing(
    database: Database, draft: Draft, tracking: str, *, moment: int, replace_it: bool = False, strict: bool = False
) -> Added:
    """Read a mail, prove that it can be rewritten, and store it with its placements and local links.

    Conflict when the name is taken (with `replace_it`: when more than tests have been shipped), BadInput for a broken
    mail; with `strict` also BadInput for a mail that parsers read differently and NotFound for an unknown `linktrack:`
    key.
    """
    checked_words(draft.subject, draft.type)
    draft = replace(draft, name=checked_name(draft.name), type=composed(draft.type))
    parts, disagreements = read_draft(draft, tracking, strict)
    with database.transaction():
        standing = mailing_called(database, draft.name)
        if replace_it and standing is not None and standing.deleted_at is None:
            id_of_it = standing.id
            refuse_shipped(database, id_of_it, draft.name)
            database.execute(
                "UPDATE mailing SET html = ?, text = ?, subject = ?, type = ?, settings = ?, created_at = ? "
                "WHERE id = ?",
                (draft.html, draft.text, draft.subject, draft.type, draft.settings.text(), moment, id_of_it),
            )
        else:
            free_name(database, draft.name)
            id_of_it = database.value(
                "INSERT INTO mailing (html, text, subject, type, settings, created_at, name) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (draft.html, draft.text, draft.subject, draft.type, draft.settings.text(), moment, draft.name),
            )
        return store_parts(database, id_of_it, draft, parts, disagreements, tracking, moment, strict)


Disagreements = Sequence[tuple[Address, str]]


def read_draft(draft: Draft, tracking: str, strict: bool = False) -> tuple[Parts, Disagreements]:
    """Read the files of a mailing that is to be stored: (its parts, each place that other HTML parsers read differently
    with a sentence about it). `tracking` is the base URL of tracked addresses.

    BadInput, with the file, for a mail without HTML, for a file that is something else and for what cannot be read;
    with `strict` also for the first of those places, with its line and column.
    """
    if not draft.html.strip():
        raise BadInput("the file is empty: a mailing needs its HTML", file=draft.file or None)
    if draft.text is not None and draft.text_file:
        refuse_no_text(draft.text, draft.text_file)
    options = draft.settings.options(tracking)
    parts = read_mail(draft.html, draft.text, options, name=draft.file, charset=draft.settings.charset)
    disagreements = cross_check(parts)
    if strict and disagreements:
        address, sentence = disagreements[0]
        raise BadInput(sentence, file=draft.file or None, line=address.line, column=address.column)
    return parts, disagreements


def store_parts(
    database: Database,
    mailing_id: int,
    draft: Draft,
    parts: Parts,
    disagreements: Disagreements,
    tracking: str,
    moment: int,
    strict: bool = False,
) -> Added:
    """Place a mail's addresses (anew, where the mailing has had others) and prove it. Part of a transaction."""
    sent = database.value("SELECT 1 FROM shipment WHERE mailing_id = ? LIMIT 1", (mailing_id,)) is not None
    take_up(database, mailing_id, sent=sent, moment=moment)
    choices, unknown = choose_links(database, parts.addresses, draft.settings)
    if strict and unknown:
        sentence = unknown_link(database, unknown[0].key).sentence
        raise NotFound(sentence, file=draft.file or None, line=unknown[0].line, column=unknown[0].column)
    local = make_local_links(database, mailing_id, draft.name, choices, moment)
    placed = place(database, mailing_id, draft.name, choices, local)
    drop_unused_links(database, mailing_id, moment)
    prove(parts, placed, tracking, draft.settings.options(tracking))
    registered = _registered(database, choices)
    return Added(
        mailing_id,
        draft.name,
        len(parts.addresses),
        len(choices),
        tuple(registered),
        len(set(local.values())),
        tuple(unknown),
        tuple(warnings_of(database, parts, draft.settings, unknown, disagreements)),
        tuple(_notes(database, parts, choices, registered)),
    )


def checked_name(name: str) -> str:
    """A mailing's name, its letters composed. BadInput for an empty one, a leading `-`, `/`, a broken encoding, or what
    a terminal is not shown as it is (`visible`): nobody could type the name that they see."""
    checked_words(name)
    if not name.strip() or name != name.strip() or name.startswith("-") or len(name) > 200:
        raise BadInput(f"{name!r} is not a name for a mailing: use something like spring-news")
    if visible(name) != name or any(character in "/\\" for character in name):
        raise BadInput(f"{name!r} is not a name for a mailing: leave out slashes, tabs, line ends and invisible signs")
    return composed(name)


def checked_words(*texts: str) -> None:
    """BadInput for texts that the terminal's encoding has broken."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadInput(f"{text!r} is not UTF-8: check the encoding of your terminal") from None


def free_name(database: Database, name: str, *, renaming: bool = False) -> None:
    """See to it that no mailing has this name: a deleted one that went to nobody but testers steps aside. Part of a
    transaction; Conflict when it is taken."""
    other = mailing_called(database, name)
    if other is None:
        return
    if other.deleted_at is None:
        there = f"a mailing {name!r} is there already: choose another name"
        if renaming:
            raise Conflict(f"{there}, or give that one another first")
        raise Conflict(f"{there}, change it with linktrack mailing edit, or add --replace if it has not been shipped")
    if was_shipped(database, other.id):
        raise Conflict(
            f"a mailing {name!r} was deleted, but its mails are still out there: choose another name, or bring it back "
            f"with linktrack mailing restore {name}"
        )
    aside, number = f"{name} (deleted)", 1
    while mailing_called(database, aside):
        number += 1
        aside = f"{name} (deleted {number})"
    rename(database, other.id, name, aside)


def rename(database: Database, mailing_id: int, old: str, new: str) -> None:
    """Give a mailing another name, its local links with it. Part of a transaction."""
    database.execute("UPDATE mailing SET name = ? WHERE id = ?", (new, mailing_id))
    rename_local_links(database, mailing_id, old, new)


def was_shipped(database: Database, mailing_id: int) -> bool:
    """Whether the mailing has a shipment that is no test; one that was cancelled counts."""
    return (
        database.value("SELECT 1 FROM shipment WHERE mailing_id = ? AND NOT is_test LIMIT 1", (mailing_id,)) is not None
    )


def refuse_shipped(database: Database, mailing_id: int, name: str) -> None:
    """Conflict when the mailing has been shipped: then it stays as it was sent."""
    if was_shipped(database, mailing_id):
        raise Conflict(
            f"the mailing {name!r} has been shipped, and its HTML, text and type stay as they were sent: add the new "
            "version under another name"
        )


def _registered(database: Database, choices: Sequence[LinkChoice]) -> list[str]:
    """The keys of the registered and special links among the choices, in the order in which they first stand there."""
    ids = list(dict.fromkeys(link for _, link in choices if isinstance(link, int)))
    return [database.value("SELECT key FROM link WHERE id = ?", (link,)) for link in ids]


def _notes(database: Database, parts: Parts, choices: Sequence[LinkChoice], registered: Sequence[str]) -> Iterable[str]:
    """What an author wants to hear of the links in their mail, and of those that are not in it."""
    if registered:
        yield f"registered links in it: {', '.join(registered)}"
    known = {address.position for address, link in choices if isinstance(link, int)}
    others: dict[str, Address] = {}
    for address in parts.addresses:
        if not address.reason and address.position not in known:
            others.setdefault(address.target, address)
    for near in nearly_registered(database, others):
        but_for = " and ".join(near.differs_in)
        yield (
            f"line {others[near.address].line}: {near.address[:80]} is the link {near.key} but for {but_for}, so its "
            f'actions do not run: write href="linktrack:{near.key}" if it is meant'
        )
    if idle := links_in_no_mailing(database):
        shown = ", ".join(idle[:_SHOWN]) + (" …" if len(idle) > _SHOWN else "")
        yield f'links with actions that stand in no mailing: {shown} (href="linktrack:KEY" puts one into a mail)'


def warnings_of(
    database: Database,
    parts: Parts,
    settings: MailingOptions,
    unknown: Sequence[Address],
    disagreements: Iterable[tuple[Address, str]],
) -> Iterable[str]:
    """What may go wrong with a mail as it is: addresses that lead nowhere, parsers at odds, UTM values in vain.

    `unknown` are the addresses whose `linktrack:` key is not there.
    """
    for address in unknown:
        hint = did_you_mean(unknown_link(database, address.key).near)
        yield (
            f"line {address.line}: there is no link {address.key!r}{hint}; the address stays as it is until "
            f"linktrack link add {address.key} has made it"
        )
    for address in parts.addresses:
        if address.reason in MERGED:
            yield f"line {address.line}: not tracked, {MERGED[address.reason]}: {address.url[:80]}"
        elif not address.reason and (what := wrapped_by(address.target)):
            yield f"line {address.line}: this is {what}: use the original address instead of {address.target[:80]}"
    if odd := odd_charset(parts.html):
        yield f"line {odd[1]}, column {odd[2]}: {odd[0]}"
    for address, sentence in disagreements:
        yield f"line {address.line}, column {address.column}: {sentence}"
    if parts.scan.open_comment is not None:
        line, column = parts.html.place(parts.scan.open_comment)
        yield f"line {line}, column {column}: a comment begins here and never ends; what follows is not shown"
    yield from warnings(settings.utm, [address.target for address in parts.addresses if not address.reason])
