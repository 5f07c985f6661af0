"""Stored clicks as rows, filtered, in the order of time."""

# ruff: noqa: S608 -- what is put into the SQL are names and conditions of our own, never values

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from linktrack.errors import NotFound
from linktrack.store.lookups import no_mailing
from linktrack.store.session import Database

_PAGE = 5_000


@dataclass(frozen=True)
class ClickRow:
    """A click as it is read; `reasons` are the names of the rules that spoke."""

    click: int
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
class Filter:
    """Which clicks; None is all. Times are UTC milliseconds, `since` included and `until` not."""

    verdict: str | None = None
    reason: str | None = None
    link: str | None = None
    mailing: str | None = None
    shipment: int | None = None
    contact: str | None = None
    since: int | None = None
    until: int | None = None
    limit: int | None = None


def list_clicks(database: Database, wanted: Filter) -> Iterator[ClickRow]:
    """The clicks that `wanted` describes, oldest first, read a page at a time.

    NotFound for a link, a mailing or a shipment that there is not.
    """
    where, values = _conditions(database, wanted)
    left = wanted.limit
    after = (-(2**62), -1)
    while left is None or left > 0:
        page = _PAGE if left is None else min(_PAGE, left)
        rows = database.rows(
            "SELECT click.id, click.clicked_at, recipient.contact_id, link.key, placement.key, mailing.name, "
            "click.shipment_id, judgement.verdict, judgement.reasons, click.ip, agent.text, source.name "
            "FROM click JOIN judgement ON judgement.click_id = click.id "
            "JOIN link ON link.id = click.link_id JOIN placement ON placement.id = click.placement_id "
            "JOIN mailing ON mailing.id = placement.mailing_id JOIN agent ON agent.id = click.agent_id "
            "JOIN source ON source.id = click.source_id LEFT JOIN recipient ON recipient.id = click.recipient_id "
            f"WHERE click.clicked_at >= ? AND (click.clicked_at > ? OR click.id > ?){where} "
            f"ORDER BY click.clicked_at, click.id LIMIT {page}",
            (after[0], *after, *values),
        )
        for row in rows:
            reasons = tuple(filter(None, row[8].split(",")))
            yield ClickRow(row[0], row[1], row[2] or "", row[3], row[4], row[5], row[6], row[7], reasons, *row[9:])
        if len(rows) < page:
            return
        after = (rows[-1][1], rows[-1][0])
        left = None if left is None else left - len(rows)


def _conditions(database: Database, wanted: Filter) -> tuple[str, list[object]]:
    """The filter as SQL and its values."""
    if wanted.link is not None and database.value("SELECT 1 FROM link WHERE key = ?", (wanted.link,)) is None:
        raise NotFound(f"there is no link {wanted.link!r}: see linktrack link list --all")
    if wanted.mailing is not None and database.value("SELECT 1 FROM mailing WHERE name = ?", (wanted.mailing,)) is None:
        raise no_mailing(database, wanted.mailing)
    if (
        wanted.shipment is not None
        and database.value("SELECT 1 FROM shipment WHERE id = ?", (wanted.shipment,)) is None
    ):
        raise NotFound(f"there is no shipment {wanted.shipment}: see linktrack shipment list")
    tests: list[tuple[str, object]] = [
        ("judgement.verdict = ?", wanted.verdict),
        ("',' || judgement.reasons || ',' LIKE ?", None if wanted.reason is None else f"%,{wanted.reason},%"),
        ("link.key = ?", wanted.link),
        ("mailing.name = ?", wanted.mailing),
        ("click.shipment_id = ?", wanted.shipment),
        ("recipient.contact_id = ?", wanted.contact),
        ("click.clicked_at >= ?", wanted.since),
        ("click.clicked_at < ?", wanted.until),
    ]
    used = [(sql, value) for sql, value in tests if value is not None]
    return "".join(f" AND {sql}" for sql, _ in used), [value for _, value in used]
