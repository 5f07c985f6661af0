"""Evidence about addresses in the database: once each, and asked for many at a time."""

from __future__ import annotations

import pytest

from linktrack.clicks.judging.evidence import note_evidence
from linktrack.clicks.judging.reputation import Evidence
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
