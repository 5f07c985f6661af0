"""What the database knows of the person of a request, asked read-only and without ever waiting.

Where it is locked, gone, or another version's, it is left alone for five seconds, and answers go without it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from linktrack.actions.ledger.return_addresses import return_address
from linktrack.contacts.consent import may_be_tracked, said_at
from linktrack.contacts.left import has_left
from linktrack.contacts.recipients import INTERESTS
from linktrack.contacts.types import EVERY_TYPE, same_type
from linktrack.crm.multivalue import OddCell, names_in
from linktrack.errors import LinktrackError
from linktrack.links.merge_tags import fold
from linktrack.mailings.catalogue import find_mailing
from linktrack.mailings.copying import copy_for
from linktrack.mailings.spots import Sharing
from linktrack.server.new_tabs import in_new_tabs
from linktrack.server.said_since import VisitorChoice
from linktrack.store.dialects import SQLITE
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.workspace import Workspace, load_workspace

LEFT_ALONE_SECONDS = 5.0
_PATIENCE_MILLISECONDS = 500  # for PostgreSQL, which cannot be asked without waiting
_LONGEST_WAIT = 0.1  # seconds, likewise
_Found = TypeVar("_Found")

# Whoever looks somebody up names them by the shipment's random number too: a restored database may know another person
# by the same id.
_PERSON = (
    "FROM shipment_recipient AS sent JOIN shipment ON shipment.id = sent.shipment_id "
    "JOIN recipient ON recipient.id = sent.recipient_id WHERE shipment.number = ? AND sent.recipient_id = ?"
)


class QuietDatabase:
    """The workspace's database, asked without waiting, one thread at a time. `clock` counts seconds."""

    def __init__(self, workspace: Workspace, clock: Callable[[], float]) -> None:
        self._workspace = workspace
        self._clock = clock
        self._database: Database | None = None
        self._file: tuple[int, int] | None = None
        self._again = 0.0  # when it is asked again after it failed
        self._turn = threading.Lock()

    def ask(self, question: Callable[[Database], _Found]) -> _Found | None:
        """What `question` finds, None where the database cannot be asked."""
        with self._turn:
            if self._clock() < self._again:
                return None
            try:
                return question(self._opened())
            except (LinktrackError, OSError):
                pass
            except Exception as problem:  # a driver's error about tables that are being made other ones
                if type(problem).__module__.partition(".")[0] not in ("sqlite3", "psycopg"):
                    raise
            self.close()
            self._again = self._clock() + LEFT_ALONE_SECONDS
            return None

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _opened(self) -> Database:
        """The open database; one that was put in its file's place is opened anew, by the settings of today."""
        path = self._workspace.database_path
        if self._database is not None and (path is None or _identity(path) == self._file):
            return self._database
        self.close()
        self._workspace = load_workspace(self._workspace.root, self._workspace.environ)
        path = self._workspace.database_path
        self._file = None if path is None else _identity(path)
        self._database = open_database(self._workspace, wait=_LONGEST_WAIT)
        if self._database.dialect == SQLITE:
            self._database.execute("PRAGMA busy_timeout=0")
            self._database.execute("PRAGMA query_only=ON")
        else:
            self._database.execute(f"SET statement_timeout = {_PATIENCE_MILLISECONDS}")
            self._database.execute("SET default_transaction_read_only = on")
        return self._database


class StoredPeople:
    """`site.People`, from the database and what `said_since` knows that a recipient has said and no import has read.
    `separator` stands between the interests in a contact's cell."""

    def __init__(
        self,
        database: QuietDatabase,
        separator: str = ",",
        said_since: Callable[[int], Collection[VisitorChoice]] = lambda recipient: (),
    ) -> None:
        self._database = database
        self._separator = separator
        self._said_since = said_since

    def values(self, shipment: int, recipient: int) -> Mapping[str, str] | None:
        return self._database.ask(lambda database: _values(database, shipment, recipient))

    def return_address(self, link_id: int, shipment: int, recipient: int) -> str | None:
        return self._database.ask(lambda database: _return_address(database, link_id, shipment, recipient))

    def is_forgotten(self, shipment: int, recipient: int) -> bool | None:
        return self._database.ask(lambda database: _is_forgotten(database, shipment, recipient))

    def types(self, shipment: int, recipient: int) -> frozenset[str] | None:
        said = self._said_since(recipient)
        return self._database.ask(lambda database: _types(database, shipment, recipient, self._separator, said))

    def consent(self, shipment: int, recipient: int) -> bool | None:
        said = self._said_since(recipient)
        return self._database.ask(lambda database: _consent(database, shipment, recipient, said))

    def copy(self, shipment: int, recipient: int, token: str, shared: str) -> str | None:
        return self._database.ask(lambda database: _copy(database, shipment, recipient, token, shared))


def _values(database: Database, shipment: int, recipient: int) -> dict[str, str]:
    found = database.row(
        f"SELECT COALESCE(recipient.contact_id, ''), recipient.email, recipient.name, recipient.fields {_PERSON}",
        (shipment, recipient),
    )
    if found is None:
        return {}
    contact_id, email, name, fields = found
    return {**json.loads(fields), "contact_id": contact_id, "id": contact_id, "email": email, "name": name}


def _return_address(database: Database, link_id: int, shipment: int, recipient: int) -> str:
    person = database.value(f"SELECT recipient.id {_PERSON}", (shipment, recipient))
    return "" if person is None else return_address(database, link_id, person)


def _is_forgotten(database: Database, shipment: int, recipient: int) -> bool:
    query = f"SELECT 1 {_PERSON} AND recipient.forgotten_at IS NOT NULL"
    return database.value(query, (shipment, recipient)) is not None


def _types(
    database: Database, shipment: int, recipient: int, separator: str, since: Collection[VisitorChoice]
) -> frozenset[str]:
    """The types that a person gets: the interests of the contacts file at the last rewrite, or what they were sent
    where it has none, changed by what they have said since; none of who was forgotten."""
    found = database.row(f"SELECT recipient.fields {_PERSON} AND recipient.forgotten_at IS NULL", (shipment, recipient))
    if found is None:
        return frozenset()
    said = {
        type: (at, how == "back")
        for type, how, at in database.rows(
            "SELECT type, how, left_at FROM left_type WHERE recipient_id = ?", (recipient,)
        )
    }
    for choice in _choices_of(database, recipient, since):
        if not choice.about_consent and choice.at > said.get(choice.type, (-1, False))[0]:
            said[choice.type] = (choice.at, choice.has)
    left = [type for type, (_, has) in said.items() if not has]
    came_back = {type: at for type, (at, has) in said.items() if has and type != EVERY_TYPE}
    ended_at, ended = said.get(EVERY_TYPE, (-1, True))
    joined = {same_type(type) for type, at in came_back.items() if not ended and at > ended_at}
    types = _interests(json.loads(found[0]).get(INTERESTS), separator)
    if types is None:
        types = _sent_types(database, recipient)
    else:
        last = "SELECT max(created_at) FROM shipment_recipient AS sent JOIN shipment ON shipment.id = sent.shipment_id"
        rewritten_at = database.value(f"{last} WHERE sent.recipient_id = ?", (recipient,))
        came_back = {type: at for type, at in came_back.items() if at >= rewritten_at}
    return frozenset(same_type(type) for type in {*types, *came_back} if not has_left(left, type, joined))


def _choices_of(database: Database, recipient: int, since: Collection[VisitorChoice]) -> list[VisitorChoice]:
    """Those choices that are of this database's recipient: made in a mail that they got by it."""
    if not since:
        return []
    sent = database.rows(
        "SELECT shipment.number FROM shipment_recipient JOIN shipment ON shipment.id = shipment_id "
        "WHERE recipient_id = ?",
        (recipient,),
    )
    numbers = {number for (number,) in sent}
    return [choice for choice in since if choice.shipment in numbers]


def _interests(cell: str | None, separator: str) -> list[str] | None:
    """The names in a cell; None where there was none, or none that is understood."""
    try:
        return None if cell is None else names_in(cell, separator)
    except OddCell:
        return None


def _sent_types(database: Database, recipient: int) -> list[str]:
    sent = database.rows(
        "SELECT DISTINCT mailing.type FROM shipment_recipient AS sent JOIN shipment ON shipment.id = sent.shipment_id "
        "JOIN mailing ON mailing.id = shipment.mailing_id WHERE sent.recipient_id = ? AND mailing.type <> ''",
        (recipient,),
    )
    return [type for (type,) in sent]


def _consent(database: Database, shipment: int, recipient: int, since: Collection[VisitorChoice]) -> bool:
    if database.value(f"SELECT 1 {_PERSON} AND recipient.forgotten_at IS NULL", (shipment, recipient)) is None:
        return False
    stored = said_at(database, recipient)
    choices = [
        choice for choice in _choices_of(database, recipient, since) if choice.about_consent and choice.at >= stored
    ]
    return max(choices, key=lambda choice: choice.at).has if choices else may_be_tracked(database, recipient)


def _copy(database: Database, shipment: int, recipient: int, token: str, shared: str) -> str | None:
    its_name = "(SELECT name FROM mailing WHERE mailing.id = shipment.mailing_id)"
    found = database.row(f"SELECT {its_name}, shipment.settings, sent.uncounted {_PERSON}", (shipment, recipient))
    if found is None:
        return None
    mailing, settings, uncounted = found
    values = {fold(name): value for name, value in _values(database, shipment, recipient).items()}
    copy = copy_for(
        database, find_mailing(database, mailing), json.loads(settings)["base_url"], token,
        lambda tag: values.get(fold(tag.name), ""), Sharing(shared) if uncounted else None,
    )  # fmt: skip
    return in_new_tabs(copy.html.decode(copy.charset, "replace").removeprefix("\ufeff"))


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
