"""Agents in the database: each once, found by its print."""

from __future__ import annotations

import pytest

from linktrack.clicks.judging import agent_table
from linktrack.clicks.judging.agent_table import Agents
from linktrack.store.session import Database


@pytest.mark.parametrize("one_print", [False, True], ids=["prints of their own", "one print for all"])
def test_each_agent_has_one_number(database: Database, monkeypatch: pytest.MonkeyPatch, one_print: bool) -> None:
    if one_print:
        monkeypatch.setattr(agent_table, "_print_of", lambda text: 7)
    with database.transaction():
        numbers = Agents(database).numbers(["curl/8.5.0", "Mozilla/5.0", "curl/8.5.0"])
        again = Agents(database).numbers(["Mozilla/5.0", "Wget/1.21", "curl/8.5.0"])
    assert numbers[0] == numbers[2] == again[2] and numbers[1] == again[0]
    assert len({*numbers, *again}) == database.value("SELECT count(*) FROM agent") == 3
