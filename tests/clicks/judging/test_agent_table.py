"""Agents in the database: each once, found by its print."""

from __future__ import annotations

import pytest

from linktrack.clicks.judging import agent_table
from linktrack.clicks.judging.agent_table import Agents
from linktrack.clicks.judging.devices import DEVICES
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


def test_what_is_asked_about_the_agents_of_a_batch_is_known(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, and whatever was forgotten for them; of others it is looked up."""
    monkeypatch.setattr(agent_table, "_REMEMBERED_BYTES", 500)
    agents = Agents(database)
    said: list[str] = []
    texts = [f"curl/8.{number}" for number in range(50)]
    with database.transaction():
        former = agents.numbers(["Mozilla/5.0 (iPad)"])
        numbers = agents.numbers(texts[:25]) + agents.numbers(texts)
        database.connection.set_trace_callback(said.append)
        told = {(agents.signal(number), agents.device(number)) for number in numbers[25:]}
        database.connection.set_trace_callback(None)
        assert agents.device(former[0]) == DEVICES.index("tablet")
    assert len(told) == 1 and not said
    assert numbers[:25] == numbers[25:50]
