"""Stored clicks as rows, filtered, in the order of time."""

# ruff: noqa: S608 -- what is put into the SQL are names and conditions of our own, never values

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import NamedTuple

from linktrack.click_marks import VERDICTS
from linktrack.click_names import click_name
from linktrack.clicks.clicked_hours import ALWAYS, Hours, clicked_hours
from linktrack.errors import UsageError
from linktrack.store.lookups import link_id, mailing_id, recipient_id, shipment_id, unknown_reason
from linktrack.store.session import Database, Row

_PAGES = (1, 100, 1_000)  # clicks of the first pages, which come at once also where few clicks are wanted
_PAGE = 5_000
_BEGINNING, _LAST_PRINT = (-(2**62), -(2**63)), 2**63 - 1
_WITHIN = "click.clicked_at >= ? AND click.clicked_at < ?"


class ClickRow(NamedTuple):
    """A click as it is read; `reasons` are the names of the rules that spoke."""

    click: str
    clicked_at: int
    contact_id: str
    link: str
    placement: str
    mailing: str
    shipment: int
    verdict: str
    reasons: tuple[str, ...]
    ip: str
    user_agent: str
    source: str


@dataclass(frozen=True)
class ClickFilter:
    """Which clicks; None is all. Times are UTC milliseconds, `since` included and `until` not; `limit` is how many of
    the latest."""

    verdict: str | None = None
    reason: str | None = None
    link: str | None = None
    mailing: str | None = None
    shipment: int | None = None
    contact: str | None = None
    since: int | None = None
    until: int | None = None
    limit: int | None = None


class _Search(NamedTuple):
    """A filter as SQL that begins with AND, its values, and the times outside of which there is nothing to find."""

    where: str
    values: Sequence[object]
    times: Sequence[Hours]


def list_clicks(database: Database, wanted: ClickFilter) -> Iterator[ClickRow]:
    """The clicks that `wanted` describes, oldest first, read a page at a time so that memory stays flat.

    UnknownName for a link, a mailing, a shipment or a contact that there is not, UsageError for an unknown verdict.
    """
    search = _search(database, wanted)
    return _pages(database, search, _before_the_latest(database, search, wanted.limit))


def _pages(database: Database, search: _Search, after: tuple[int, int]) -> Iterator[ClickRow]:
    """The clicks behind a time and a print."""
    names = _Names(database)
    sizes = chain(_PAGES, repeat(_PAGE))
    for since, until in search.times:
        after = max(after, (since - 1, _LAST_PRINT))
        rows: Sequence[Row] | None = None
        many = 0
        while rows is None or len(rows) == many:
            many = next(sizes)
            rows = database.rows(
                "SELECT click.clicked_at, click.print, recipient.contact_id, click.link_id, click.placement_id, "
                "click.shipment_id, click.ruling_id, click.ip, agent.text, click.reading_id FROM click "
                "JOIN agent ON agent.id = click.agent_id LEFT JOIN recipient ON recipient.id = click.recipient_id "
                f"WHERE (click.clicked_at, click.print) > (?, ?) AND click.clicked_at < ?{search.where} "
                f"ORDER BY click.clicked_at, click.print LIMIT {many}",
                (*after, until, *search.values),
            )
            if rows:
                yield from names.named(rows)
                after = (rows[-1][0], rows[-1][1])


def count_clicks(database: Database, wanted: ClickFilter, at_most: int) -> int:
    """How many clicks `wanted` describes whatever its limit, counted up to `at_most`."""
    search = _search(database, wanted)
    found = 0
    for time in search.times:
        found += _count(database, search, time, at_most - found)
        if found == at_most:
            break
    return found


def _count(database: Database, search: _Search, time: Hours, at_most: int) -> int:
    sql = f"SELECT count(*) FROM (SELECT 1 FROM click WHERE {_WITHIN}{search.where} LIMIT {at_most}) AS found"
    return int(database.value(sql, (*time, *search.values)))


def _before_the_latest(database: Database, search: _Search, limit: int | None) -> tuple[int, int]:
    """Time and print behind which the latest `limit` clicks lie; of all of them if there are no more."""
    if limit is None:
        return _BEGINNING
    left = limit
    for time in reversed(search.times):
        row = database.row(
            f"SELECT clicked_at, print FROM click WHERE {_WITHIN}{search.where} "
            f"ORDER BY clicked_at DESC, print DESC LIMIT 1 OFFSET {left}",
            (*time, *search.values),
        )
        if row is not None:
            return row[0], row[1]
        left -= _count(database, search, time, left)
    return _BEGINNING


class _Names:
    """What the numbers of a click stand for; few are in use, so they are read once, and again where an import brings
    more of them meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read()

    def _read(self) -> None:
        database = self._database
        self._links: dict[int, str] = dict(database.rows("SELECT id, key FROM link"))
        placements = database.rows(
            "SELECT placement.id, placement.key, mailing.name FROM placement "
            "JOIN mailing ON mailing.id = placement.mailing_id"
        )
        self._placements: dict[int, str] = {number: key for number, key, _ in placements}
        self._mailings: dict[int, str] = {number: mailing for number, _, mailing in placements}
        rulings = database.rows("SELECT id, verdict, reasons FROM ruling")
        self._verdicts: dict[int, str] = {number: verdict for number, verdict, _ in rulings}
        self._reasons = {number: tuple(filter(None, reasons.split(","))) for number, _, reasons in rulings}
        self._sources: dict[int, str] = dict(
            database.rows("SELECT reading.id, source.name FROM reading JOIN source ON source.id = reading.source_id")
        )

    def named(self, rows: Sequence[Row]) -> Iterator[ClickRow]:
        """Some clicks, column by column."""
        at, prints, contacts, links, placements, shipments, rulings, ips, agents, readings = zip(*rows, strict=True)
        if not (self._verdicts.keys() >= set(rulings) and self._placements.keys() >= set(placements)):
            self._read()
        columns = zip(
            map(click_name, at, prints),
            at,
            (contact or "" for contact in contacts),
            map(self._links.__getitem__, links),
            map(self._placements.__getitem__, placements),
            map(self._mailings.__getitem__, placements),
            shipments,
            map(self._verdicts.__getitem__, rulings),
            map(self._reasons.__getitem__, rulings),
            ips,
            agents,
            map(self._sources.get, readings, repeat("")),
            strict=True,
        )
        return map(ClickRow._make, columns)


def _search(database: Database, wanted: ClickFilter) -> _Search:
    """The filter as what is looked for, and where."""
    if wanted.verdict not in (None, *VERDICTS):
        raise UsageError(f"no verdict is called {wanted.verdict!r}: {', '.join(VERDICTS)}")
    mailing = None if wanted.mailing is None else mailing_id(database, wanted.mailing)
    of = () if mailing is None else (mailing,)
    link = None if wanted.link is None else link_id(database, wanted.link)
    tests: list[tuple[str, Sequence[object]]] = []
    if wanted.shipment is not None:
        tests.append(("shipment_id = ?", [shipment_id(database, wanted.shipment, of=of)]))
    if mailing is not None:
        tests.append(("shipment_id IN (SELECT id FROM shipment WHERE mailing_id = ?)", [mailing]))
    shipments = list(tests)
    if link is not None:
        tests.append(("link_id = ?", [link]))
    recipient = None if wanted.contact is None else recipient_id(database, wanted.contact)
    if recipient is not None:
        tests.append(("recipient_id = ?", [recipient]))
    if wanted.verdict is not None or wanted.reason is not None:
        judged = f"ruling_id IN ({', '.join(_rulings(database, wanted)) or 'NULL'})"
        tests.append((judged, []))
        shipments.append((f"shipment_id IN (SELECT shipment_id FROM shipment_ruling WHERE {judged})", []))
    within = Hours(
        ALWAYS.since if wanted.since is None else wanted.since, ALWAYS.until if wanted.until is None else wanted.until
    )
    times = clicked_hours(database, within, link=link, shipments=shipments, recipient=recipient, verdict=wanted.verdict)
    where = "".join(f" AND click.{sql}" for sql, _ in tests)
    return _Search(where, [value for _, values in tests for value in values], times)


def _rulings(database: Database, wanted: ClickFilter) -> list[str]:
    """The numbers of the rulings with the wanted verdict and reason. UnknownName for a reason that none has."""
    rows = database.rows("SELECT id, verdict, reasons FROM ruling")
    if wanted.reason is not None and all(wanted.reason not in reasons.split(",") for _, _, reasons in rows):
        known = sorted({reason for _, _, reasons in rows for reason in reasons.split(",") if reason})
        raise unknown_reason(wanted.reason, known)
    return [
        str(number)
        for number, verdict, reasons in rows
        if wanted.verdict in (None, verdict) and (wanted.reason is None or wanted.reason in reasons.split(","))
    ]
