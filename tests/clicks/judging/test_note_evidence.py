"""Evidence about addresses in the database: once each, and asked for many at a time."""

from __future__ import annotations

from collections import Counter

import pytest

from linktrack.clicks.judging import evidence
from linktrack.clicks.judging.evidence import EvidenceAgain, evidence_of, heard_of, note_evidence
from linktrack.clicks.judging.reputation import MINUTE_MS, Affected, Evidence
from linktrack.store.session import Database, Row

ROWS = [
    Evidence(1 + number % 2, f"10.{number // 250}.{number % 250}.0", 100 + number % 7, number, 3)
    for number in range(3000)
]


def test_what_was_said_before_is_told_apart_without_a_query_for_each_address(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    rows = Database.rows

    def counting(self: Database, sql: str, parameters: tuple[object, ...] = ()) -> list[Row]:
        asked.append(sql)
        return rows(self, sql, parameters)

    monkeypatch.setattr(Database, "rows", counting)
    with database.transaction():
        assert note_evidence(database, ROWS[:2000]) == sorted(ROWS[:2000])
        assert note_evidence(database, ROWS) == sorted(ROWS[2000:])
        assert note_evidence(database, ROWS) == []
        later = [row._replace(minute=row.minute + 1_000) for row in ROWS[:3]]
        assert note_evidence(database, [*ROWS, *later]) == sorted(later)
        assert note_evidence(database, []) == []
    assert len(asked) < 40
    assert database.value("SELECT count(*) FROM scanner_evidence") == 3003


@pytest.mark.parametrize("fewer", [1, 8, 10**9])
@pytest.mark.parametrize("every", [1, 40, 3_000])
def test_heard_of_are_places_of_five_recipients(
    database: Database, monkeypatch: pytest.MonkeyPatch, fewer: int, every: int
) -> None:
    monkeypatch.setattr(evidence, "_FEWER", fewer)
    loud = [Evidence(3, f"10.9.{number // 5}.0", 7, number, 1) for number in range(0, 200, every)]
    quiet = [Evidence(3, f"10.8.{number // 4}.0", 7, number, 1) for number in range(200)]
    often = [Evidence(4, "10.9.1.0", minute, 1 + minute % 4, family) for minute in range(9) for family in (1, 2)]
    with database.transaction():
        note_evidence(database, [*loud, *quiet, *often])
    wanted = [*{row[:2] for row in (*loud, *quiet, *often)}, (3, "10.9.3.0"), (3, ""), (5, ""), (5, "10.9.1.0")]
    five = {(3, f"10.9.{place}.0") for place in range(40)} if every == 1 else set()
    assert heard_of(database, wanted) == five
    assert heard_of(database, [(3, "10.9.2.0"), (3, "10.7.0.0"), (4, "10.9.1.0")]) & {(3, "10.9.2.0")} == (
        five & {(3, "10.9.2.0")}
    )
    assert heard_of(database, []) == set()


def test_of_more_places_than_one_query_asks_for_all_are_heard_of(database: Database) -> None:
    rows = [Evidence(3, f"10.{place // 200}.{place % 200}.0", 7, who, 1) for place in range(600) for who in range(5)]
    note_evidence(database, rows)
    places = {row[:2] for row in rows}
    assert heard_of(database, [*places]) == places


def test_evidence_of_several_addresses_is_theirs_alone(database: Database) -> None:
    rows = [Evidence(1, f"10.0.{place}.0", 7, place, 1) for place in range(4)]
    note_evidence(database, rows)
    found = evidence_of(
        database, [Affected(1, "10.0.1.0", 0, 9), Affected(1, "10.0.3.0", 0, 9), Affected(2, "10.0.2.0", 0, 9)]
    )
    assert sorted(found) == [rows[1], rows[3]]


def test_evidence_of_long_before_and_of_later_bears_on_nothing(database: Database) -> None:
    """However long an address scans, only that of a day before and of half an hour after is read for more clicks."""
    minutes = [*range(0, 10_000, 10)]
    note_evidence(database, [Evidence(1, place, minute, minute, 1) for minute in minutes for place in ("a", "b")])
    spans = [
        Affected(1, "a", 5_000 * MINUTE_MS, 5_010 * MINUTE_MS),
        Affected(1, "a", 5_100 * MINUTE_MS, 5_101 * MINUTE_MS),
        Affected(1, "b", 0, 1),
    ]
    found = Counter(row.address for row in evidence_of(database, spans))
    assert found == {"a": (5_130 - 3_560) // 10 + 1, "b": 4}


def test_evidence_that_is_said_again_stays_what_is_not_goes_and_what_is_new_comes(database: Database) -> None:
    """But for what lies before the day up to which clicks are gone, and what forgotten people's clicks have said."""
    database.execute(
        "INSERT INTO recipient (id, email, name, fields, forgotten_at) VALUES (9, '', '', '{}', 1), (8, 'a@b.example', '', '{}', NULL)"
    )
    said, stale, first, new, before, of_nobody = (
        Evidence(1, "10.0.0.0", minute, person, 1)
        for minute, person in ((7, 8), (8, 8), (5, 8), (9, 8), (4, 8), (8, 9))
    )
    note_evidence(database, [said, stale, first, before, of_nobody])
    again = EvidenceAgain(database)
    again.note([said, new])
    again.note([said])
    again.settle(5)
    assert sorted(database.rows("SELECT * FROM scanner_evidence")) == sorted([said, new, before, of_nobody])
    EvidenceAgain(database).settle(5)
    assert sorted(database.rows("SELECT * FROM scanner_evidence")) == sorted([before, of_nobody])
