"""Editing a mailing: changed as long as only testers have it, renamed, deleted and restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from linktrack.errors import Conflict, UsageError
from linktrack.links.utm import Utm
from linktrack.mailings.adding import (
    Added,
    Draft,
    checked_name,
    checked_words,
    free_name,
    read_draft,
    refuse_shipped,
    rename,
    store_parts,
    warnings_of,
)
from linktrack.mailings.catalogue import StoredMailing, find_mailing, refuse_deleted
from linktrack.mailings.placements import choose_links
from linktrack.names import composed
from linktrack.store.catalogue import touch
from linktrack.store.session import Database


@dataclass(frozen=True)
class MailingChanges:
    """What is to be different about a mailing; None: it stays. `utm` is by parameter, "" sets one to nothing; `file`
    and `text_file` are where HTML and text come from, for messages."""

    name: str | None = None
    subject: str | None = None
    type: str | None = None
    utm: Mapping[str, str] = field(default_factory=dict)
    html: bytes | None = None
    text: bytes | None = None
    file: str = ""
    text_file: str = ""


@dataclass(frozen=True)
class Edited:
    """What `edit_mailing` did: the names of what is different now, the new parts if there are some, and what may go
    wrong with the mail as it is now (`adding.warnings_of`)."""

    name: str
    changed: tuple[str, ...]
    added: Added | None = None
    warnings: tuple[str, ...] = ()


def edit_mailing(database: Database, name: str, changes: MailingChanges, tracking: str, *, moment: int) -> Edited:
    """Change a mailing. HTML, text and type only while nobody but testers has it (a cancelled shipment counts), all
    else at any time: addresses and reports follow.

    UsageError for nothing to do, Conflict for what was shipped, a deleted mailing or a name that is taken; else as
    `add_mailing`.
    """
    if changes == MailingChanges(file=changes.file, text_file=changes.text_file):
        raise UsageError("say what to change: --name, --subject, --type, --utm-source …, --html or --text")
    checked_words(changes.subject or "", changes.type or "")
    with database.transaction():
        mailing = find_mailing(database, name)
        refuse_deleted(mailing)
        after = _after(mailing, changes)
        changed = _differences(mailing, after)
        if {"html", "text", "type"} & set(changed):
            refuse_shipped(database, mailing.id, name)
        if "name" in changed:
            free_name(database, checked_name(after.name), renaming=True)
            rename(database, mailing.id, mailing.name, after.name)
        database.execute(
            "UPDATE mailing SET html = ?, text = ?, subject = ?, type = ?, settings = ? WHERE id = ?",
            (after.html, after.text, after.subject, after.type, after.settings.text(), mailing.id),
        )
        touch(database)
        draft = Draft(
            after.name, after.html, after.text, after.subject, after.type, after.settings, changes.file,
            changes.text_file,
        )  # fmt: skip
        if {"html", "text"} & set(changed):
            parts, disagreements = read_draft(draft, tracking)
            added = store_parts(database, mailing.id, draft, parts, disagreements, tracking, moment)
            return Edited(after.name, changed, added, added.warnings)
        if any(one.startswith("utm_") for one in changed):
            parts, disagreements = read_draft(draft, tracking)
            _, unknown = choose_links(database, parts.addresses, draft.settings)
            said = warnings_of(database, parts, draft.settings, unknown, disagreements)
            return Edited(after.name, changed, None, tuple(said))
    return Edited(after.name, changed)


def delete_mailings(database: Database, names: Sequence[str], *, moment: int) -> None:
    """Take mailings out of lists, all or none; addresses in mails that were sent go on working. Conflict when one is
    deleted."""
    with database.transaction():
        for name in names:
            mailing = find_mailing(database, name)
            if mailing.deleted_at is not None:
                raise Conflict(f"the mailing {name!r} is deleted already")
            database.execute("UPDATE mailing SET deleted_at = ? WHERE id = ?", (moment, mailing.id))
        touch(database)


def restore_mailings(database: Database, names: Sequence[str]) -> None:
    """Take deleted mailings back, all or none. Conflict when one is not deleted."""
    with database.transaction():
        for name in names:
            mailing = find_mailing(database, name)
            if mailing.deleted_at is None:
                raise Conflict(f"the mailing {name!r} is not deleted")
            database.execute("UPDATE mailing SET deleted_at = NULL WHERE id = ?", (mailing.id,))
        touch(database)


def _after(mailing: StoredMailing, changes: MailingChanges) -> StoredMailing:
    """The mailing as it is to be."""
    given = {
        word: value
        for word in ("name", "subject", "type", "html", "text")
        if (value := getattr(changes, word)) is not None
    }
    given |= {word: composed(given[word]) for word in ("name", "type") if word in given}
    utm = Utm.from_settings({**vars(mailing.settings.utm), **changes.utm})
    return replace(mailing, **given, settings=replace(mailing.settings, utm=utm))


def _differences(before: StoredMailing, after: StoredMailing) -> tuple[str, ...]:
    words = ("name", "subject", "type", "html", "text")
    found = [word for word in words if getattr(before, word) != getattr(after, word)]
    earlier, later = vars(before.settings.utm), vars(after.settings.utm)
    return (*found, *(f"utm_{part}" for part in later if later[part] != earlier[part]))
