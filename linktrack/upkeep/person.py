"""One person: what is known of them in short, and all of it, table by table, as they may read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Any, NamedTuple

from sqlmodel import SQLModel

from linktrack.actions.ledger.definitions import definition_text
from linktrack.actions.ledger.log import count_changes_of
from linktrack.click_marks import MACHINE, POST, PREFETCH, SHARED
from linktrack.click_names import click_name
from linktrack.clicks.judging.devices import DEVICES
from linktrack.clicks.logs.in_folders import logs_in
from linktrack.clicks.logs.tracked import AddressBook
from linktrack.contacts.consent import anybody_refused, anybody_said, may_be_tracked
from linktrack.contacts.left import TRANSACTIONAL, Departure, departures_of
from linktrack.contacts.recipients import known_recipient
from linktrack.contacts.types import EVERY_TYPE, same_type
from linktrack.moments import iso
from linktrack.store import tables
from linktrack.store.clickers import RECENT, all_clickers, clickers_by_placement
from linktrack.store.conditions import counted_shipment, reached
from linktrack.store.lookups import recipient_id
from linktrack.store.session import Database, Row
from linktrack.upkeep.own_log import lines_of
from linktrack.upkeep.traces import traces_of
from linktrack.workspace import Workspace

RECIPIENT = "recipient_id"  # the column that a table about persons has
_MINUTE = 60_000
_NEVER = 1 << 62
_FLAGS = ((PREFETCH, "prefetch"), (MACHINE, "machine"), (POST, "post"), (SHARED, "shared address"))
_LEFT_OUT = {RECIPIENT, "family", "position"}  # numbers of ours that say nothing of a person


class PersonFigures(NamedTuple):
    """A person in short. `consent`: whether they may be tracked, by their own word or the latest mail, None where
    nobody was ever asked. `mails` are those of shipments that reached them, tests too; `uncounted_clicks` are stored
    and in no figure: on tests, on what was cancelled, and on mails for which they had refused tracking. Times are UTC
    milliseconds."""

    contact_id: str
    email: str
    name: str
    fields: dict[str, str]
    consent: bool | None
    mails: int
    first_sent_at: int | None
    last_sent_at: int | None
    clicks: int
    machine_clicks: int
    first_click: int | None
    last_click: int | None
    uncounted_clicks: int
    first_uncounted_at: int | None
    last_uncounted_at: int | None
    left: list[str]
    changes: int


def show_person(database: Database, named: str, types: Collection[str] = ()) -> PersonFigures:
    """A person in short, by contact id, address or name; `types` are those of the settings. UnknownName or Conflict as
    `lookups.recipient_id`."""
    number = recipient_id(database, named)
    mails, first_sent, last_sent = database.row(
        "SELECT count(*), min(sent_at), max(sent_at) FROM shipment_recipient AS sent "  # noqa: S608  (of our own)
        f"JOIN shipment ON shipment.id = sent.shipment_id WHERE recipient_id = ? AND {reached()}",
        (number,),
    ) or (0, None, None)
    clicks, machine, first, last = database.row(
        "SELECT COALESCE(sum(human), 0), COALESCE(sum(machine), 0), min(first_click), max(last_click) "  # noqa: S608  (of our own)
        f"FROM {all_clickers(database)} AS clicker JOIN shipment ON shipment.id = shipment_id "
        f"WHERE recipient_id = ? AND {counted_shipment()}",
        (number,),
    ) or (0, 0, None, None)
    uncounted, first_uncounted, last_uncounted = database.row(
        "SELECT count(*), min(clicked_at), max(clicked_at) FROM click "  # noqa: S608  (of our own)
        "JOIN shipment ON shipment.id = click.shipment_id "
        "JOIN shipment_recipient AS sent ON sent.shipment_id = click.shipment_id AND sent.recipient_id = ? "
        f"WHERE click.recipient_id = ? AND (sent.uncounted OR NOT ({counted_shipment()}))",
        (number, number),
    ) or (0, None, None)
    return PersonFigures(
        **_contact(database, number),
        consent=may_be_tracked(database, number) if anybody_said(database) or anybody_refused(database) else None,
        mails=mails,
        first_sent_at=first_sent,
        last_sent_at=last_sent,
        clicks=int(clicks),
        machine_clicks=int(machine),
        first_click=first,
        last_click=last,
        uncounted_clicks=uncounted,
        first_uncounted_at=first_uncounted,
        last_uncounted_at=last_uncounted,
        left=_left(departures_of(database, number, types)),
        changes=count_changes_of(database, number),
    )


def _left(departures: list[Departure]) -> list[str]:
    """What a person has left, in words. Beside "every type" only the transactional type is named, for leaving every
    type does not end that one."""
    every = [one for one in departures if one.type == EVERY_TYPE]
    apart = [one.type for one in departures if one not in every]
    if not every:
        return apart
    joined = f" but {', '.join(every[0].joined)}" if every[0].joined else ""
    return [*(type for type in apart if same_type(type) == TRANSACTIONAL), f"every type{joined}"]


def export_person(workspace: Workspace, database: Database, named: str, moment: int) -> dict[str, Any]:
    """All that is known of a person, for JSON: what every table has with their number, with names in the place of
    numbers and times in the workspace's zone, and the lines of the workspace's own click log.

    A table that is made one day is in it by itself. Errors as `show_person`.
    """
    number = recipient_id(database, named)
    readable = _Readable(database, workspace.zone)
    known: dict[str, Any] = {
        "exported_at": iso(moment, workspace.zone),
        "workspace": workspace.settings.base_url,
        "contact": _contact(database, number),
    }
    described = {record.__tablename__: record for record in _records()}
    for table in filter(RECENT.__ne__, tables_about_persons()):  # which count with the others: see `_rows`
        rows = [readable.row(table, columns) for columns in _rows(database, table, number)]
        known[table] = {"what": _first_sentence(described[table].__doc__ or ""), "rows": rows}
    known["consent"] = {
        "what": "Whether they may be tracked, and who said so, at which time.",
        "rows": [*_consent(workspace, database, number)],
    }
    traces = traces_of(database, AddressBook(workspace, database), {number})  # others' lines are not for them
    lines = list[dict[str, str]]()
    for folder in filter(Path.is_dir, workspace.click_logs()):
        for path in map(Path, logs_in(folder)):
            found = (line.line.decode("utf-8", "replace") for line in lines_of(path, traces))
            lines += [{"file": path.name, "line": line} for line in found]
    known["click_log"] = {"what": "Lines of the click log of linktrack's own server.", "rows": lines}
    return known


_OWN_WORD, _EXPORT = "pressed on the subscriptions page", "the CRM's export"


def _consent(workspace: Workspace, database: Database, number: int) -> Iterator[dict[str, object]]:
    """What is known of a person's consent, with its source: their own word, what the CRM's export was seen saying
    since, and its column with the file that each mail was written from."""
    asked = workspace.settings.crm.contacts.consent
    column = None if asked is None else asked.column
    crm = {"source": _EXPORT, "column": column}
    word: Row | None = database.row(
        "SELECT consent, said_at, crm_consent, crm_said_at FROM said_consent WHERE recipient_id = ?", (number,)
    )
    said_so, said_at, crm_says, crm_said_at = word or (None, 0, None, None)
    if word is not None:
        yield {"source": _OWN_WORD, "consent": bool(said_so), "at": iso(said_at, workspace.zone)}
        if crm_says is not None:
            yield {**crm, "consent": bool(crm_says), "at": iso(crm_said_at, workspace.zone)}
    for shipment, settings, made_at, mailing, refused in database.rows(
        "SELECT shipment.id, shipment.settings, shipment.created_at, mailing.name, sent.uncounted "
        "FROM shipment_recipient AS sent JOIN shipment ON shipment.id = sent.shipment_id "
        "JOIN mailing ON mailing.id = mailing_id WHERE sent.recipient_id = ? ORDER BY shipment.id",
        (number,),
    ):
        file = json.loads(settings).get("contacts", "")
        if word is not None and bool(said_so) is not bool(refused) and said_at <= made_at < (crm_said_at or _NEVER):
            said: dict[str, object] = {"source": _OWN_WORD}
        elif word is not None and made_at < said_at:  # of their words the last one is kept
            said = {**crm, "source": f"{_EXPORT}, or what they had {_OWN_WORD} before", "file": file}
        elif asked is not None or refused:
            said = {**crm, "file": file}
        else:
            continue  # nobody was asked
        at = iso(made_at, workspace.zone)
        yield {**said, "consent": not refused, "at": at, "shipment": shipment, "mailing": mailing}


def emails_of(database: Database, number: int) -> set[str]:
    """Every e-mail address that a person has, or mails went to, and the contact id where it is one."""
    return {
        email
        for (email,) in database.rows(
            "SELECT email FROM recipient WHERE id = ? "
            "UNION SELECT COALESCE(contact_id, '') FROM recipient WHERE id = ? "
            "UNION SELECT email FROM shipment_recipient WHERE recipient_id = ? "
            "UNION SELECT email FROM earlier_address WHERE recipient_id = ?",
            (number,) * 4,
        )
        if is_email(email)
    }


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address, as far as one can be looked for."""
    return "@" in text.strip("@")


def tables_about_persons() -> list[str]:
    """The tables whose rows carry a person's number, by name."""
    return sorted(name for name, table in SQLModel.metadata.tables.items() if RECIPIENT in table.columns)


def _records() -> Iterator[type[SQLModel]]:
    for found in vars(tables).values():
        if isinstance(found, type) and issubclass(found, SQLModel) and hasattr(found, "__tablename__"):
            yield found


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).partition(". ")[0].rstrip(".") + "."


def _contact(database: Database, number: int) -> dict[str, Any]:
    return known_recipient(database, number)._asdict()


def _rows(database: Database, table: str, number: int) -> Iterator[dict[str, Any]]:
    known = SQLModel.metadata.tables[table]
    columns = [column.name for column in known.columns]
    order = ", ".join(column.name for column in known.primary_key.columns)
    source = clickers_by_placement(database) if table == "clicker" else table
    asked = f"SELECT {', '.join(columns)} FROM {source} AS {table} WHERE {RECIPIENT} = ? ORDER BY {order}"  # noqa: S608  (names of our own)
    return (dict(zip(columns, row, strict=True)) for row in database.rows(asked, (number,)))


class _Readable:
    """Rows as a person reads them: names for numbers, ISO times, words for flags."""

    def __init__(self, database: Database, zone: tzinfo) -> None:
        self._database = database
        self._zone = zone
        self._named: dict[tuple[str, int], dict[str, object]] = {}
        self._words = {  # columns that say yes or no, which is 1 or 0 in SQLite
            record.__tablename__: {
                name for name, field in record.model_fields.items() if field.annotation in (bool, bool | None)
            }
            for record in _records()
        }
        self._columns: dict[str, Callable[[Any], dict[str, object]]] = {
            "link_id": self._one("SELECT key, url FROM link WHERE id = ?", "link", "url"),
            "placement_id": self._one("SELECT key FROM placement WHERE id = ?", "placement"),
            "shipment_id": self._one(
                "SELECT shipment.id, mailing.name, sent_at FROM shipment JOIN mailing ON mailing.id = mailing_id "
                "WHERE shipment.id = ?",
                *("shipment", "mailing", "sent_at"),
            ),
            "agent_id": self._one("SELECT text FROM agent WHERE id = ?", "user_agent"),
            "network_id": self._one("SELECT name FROM network WHERE id = ?", "network"),
            "ruling_id": self._one("SELECT verdict, reasons FROM ruling WHERE id = ?", "verdict", "reasons"),
            "reading_id": self._one(
                "SELECT source.name FROM reading JOIN source ON source.id = source_id WHERE reading.id = ?", "source"
            ),
            "definition_id": lambda value: {"definition": definition_text(database, value)},
            "flags": lambda value: {"flags": [word for bit, word in _FLAGS if value & bit]},
            "fields": lambda value: {"fields": json.loads(value)},
            "minute": lambda value: {"at": self._time(value * _MINUTE)},
            "first_device": lambda value: {"first_device": None if value is None else DEVICES[value]},
        }

    def row(self, table: str, row: dict[str, Any]) -> dict[str, object]:
        """One row of a table."""
        found: dict[str, object] = {}
        if table == "click":
            found["click"] = click_name(row["clicked_at"], row["print"])
        for column, value in row.items():
            if column in _LEFT_OUT or column.endswith("print"):
                continue
            if column in self._columns:
                found.update(self._columns[column](value))
            elif column in self._words.get(table, ()) and value is not None:
                found[column] = bool(value)
            elif column.endswith("_at") or column in ("first_click", "last_click"):
                found[column] = self._time(value)
            else:
                found[column] = value
        return found

    def _time(self, value: int | None) -> str | None:
        return None if value is None else iso(value, self._zone)

    def _one(self, sql: str, *names: str) -> Callable[[Any], dict[str, object]]:
        """What a number stands for, looked up once."""

        def look_up(number: int) -> dict[str, object]:
            key = (names[0], number)
            if key not in self._named:
                row: Row = self._database.row(sql, (number,)) or ("",) * len(names)
                found = dict(zip(names, row, strict=True))
                self._named[key] = {**found, **({"sent_at": self._time(row[2])} if "sent_at" in found else {})}
            return self._named[key]

        return look_up
