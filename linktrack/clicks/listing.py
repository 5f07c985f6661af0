"""Stored clicks as rows, filtered, in the order of time."""

# ruff: noqa: S608 -- what is put into the SQL are names and conditions of our own, never values

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from linktrack.click_marks import VERDICTS
from linktrack.click_names import click_name
from linktrack.errors import UsageError
from linktrack.store.lookups import link_id, mailing_id, recipient_id, shipment_id, unknown_reason
from linktrack.store.session import Database, Row

_PAGE = 5_000


@dataclass(frozen=True)
class ClickRow:
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


def list_clicks(database: Database, wanted: ClickFilter) -> Iterator[ClickRow]:
    """The clicks that `wanted` describes, oldest first, read a page at a time so that memory stays flat.

    UnknownName for a link, a mailing, a shipment or a contact that there is not, UsageError for an unknown verdict.
    """
    where, values = _conditions(database, wanted)
    after = _before_the_latest(database, where, values, wanted.limit)
    return _pages(database, where, values, after)


def _pages(database: Database, where: str, values: list[object], after: tuple[int, int]) -> Iterator[ClickRow]:
    """The clicks behind a time and a print."""
    names = _Names(database)
    while True:
        rows = database.rows(
            "SELECT click.clicked_at, click.print, recipient.contact_id, click.link_id, click.placement_id, "
            "click.shipment_id, click.ruling_id, click.ip, agent.text, click.reading_id FROM click "
            "JOIN agent ON agent.id = click.agent_id LEFT JOIN recipient ON recipient.id = click.recipient_id "
            f"WHERE (click.clicked_at, click.print) > (?, ?){where} "
            f"ORDER BY click.clicked_at, click.print LIMIT {_PAGE}",
            (*after, *values),
        )
        for row in rows:
            yield names.row(row)
        if len(rows) < _PAGE:
            return
        after = (rows[-1][0], rows[-1][1])


def count_clicks(database: Database, wanted: ClickFilter, at_most: int) -> int:
    """How many clicks `wanted` describes whatever its limit, counted up to `at_most`."""
    where, values = _conditions(database, wanted)
    sql = f"SELECT count(*) FROM (SELECT 1 FROM click WHERE clicked_at IS NOT NULL{where} LIMIT {at_most}) AS some"
    return int(database.value(sql, values))


def _before_the_latest(database: Database, where: str, values: list[object], limit: int | None) -> tuple[int, int]:
    """Time and print behind which the latest `limit` clicks lie; of all of them if there are no more."""
    beginning = (-(2**62), -(2**63))
    if limit is None:
        return beginning
    rows = database.rows(
        f"SELECT clicked_at, print FROM click WHERE clicked_at IS NOT NULL{where} "
        f"ORDER BY clicked_at DESC, print DESC LIMIT 1 OFFSET {limit}",
        values,
    )
    return next(((clicked_at, mark) for clicked_at, mark in rows), beginning)


class _Names:
    """What the numbers of a click stand for; few are in use, so they are read once."""

    def __init__(self, database: Database) -> None:
        self._links: dict[int, str] = dict(database.rows("SELECT id, key FROM link"))
        self._placements = {
            number: (key, mailing)
            for number, key, mailing in database.rows(
                "SELECT placement.id, placement.key, mailing.name FROM placement "
                "JOIN mailing ON mailing.id = placement.mailing_id"
            )
        }
        self._rulings = {
            number: (verdict, tuple(filter(None, reasons.split(","))))
            for number, verdict, reasons in database.rows("SELECT id, verdict, reasons FROM ruling")
        }
        self._sources: dict[int, str] = dict(
            database.rows("SELECT reading.id, source.name FROM reading JOIN source ON source.id = reading.source_id")
        )

    def row(self, row: Row) -> ClickRow:
        at, mark, contact, link, placement, shipment, ruling, ip, agent, reading = row
        return ClickRow(
            click_name(at, mark), at, contact or "", self._links[link], *self._placements[placement], shipment,
            *self._rulings[ruling], ip, agent, self._sources.get(reading, ""),
        )  # fmt: skip


def _conditions(database: Database, wanted: ClickFilter) -> tuple[str, list[object]]:
    """The filter as SQL and its values."""
    if wanted.verdict not in (None, *VERDICTS):
        raise UsageError(f"no verdict is called {wanted.verdict!r}: {', '.join(VERDICTS)}")
    mailing = None if wanted.mailing is None else mailing_id(database, wanted.mailing)
    of = () if mailing is None else (mailing,)
    tests: list[tuple[str, object]] = [
        ("click.link_id = ?", None if wanted.link is None else link_id(database, wanted.link)),
        ("click.shipment_id = ?", None if wanted.shipment is None else shipment_id(database, wanted.shipment, of=of)),
        ("click.recipient_id = ?", None if wanted.contact is None else recipient_id(database, wanted.contact)),
        (
            "click.shipment_id IN (SELECT id FROM shipment WHERE mailing_id = ?)",
            mailing,
        ),
        ("click.clicked_at >= ?", wanted.since),
        ("click.clicked_at < ?", wanted.until),
    ]
    used = [(sql, value) for sql, value in tests if value is not None]
    where = "".join(f" AND {sql}" for sql, _ in used)
    if wanted.verdict is not None or wanted.reason is not None:
        where += f" AND click.ruling_id IN ({', '.join(_rulings(database, wanted)) or 'NULL'})"
    return where, [value for _, value in used]


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
