"""Clicks of nobody: what is left of a click once its person was forgotten or its agent has become too old.

The click stays where it is counted, with its verdict, its time and the device; the address, the network, the agent and
what was pressed go. Its agent is replaced by one of four that only name a device.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from linktrack.clicks.judging.agent_table import add_agents, stored_agents
from linktrack.clicks.judging.devices import DEVICES
from linktrack.store.session import Database

ClickMark = tuple[int, int, int]  # time, print, recipient: what a stored click is known by

_ONLY_DEVICES = tuple(f"({device})" for device in DEVICES)


def blank_clicks(database: Database, marks: Iterable[ClickMark]) -> None:
    """Take what is personal from stored clicks. Part of a transaction."""
    same = "clicked_at = ? AND print = ? AND recipient_id = ?"
    for mark in marks:
        database.execute(f"UPDATE click SET ip = '', network_id = 0, pressed = '' WHERE {same}", mark)  # noqa: S608  (names of our own)
        blank_agents(database, same, mark)


def blank_agents(database: Database, which: str, values: Sequence[int]) -> None:
    """Replace the agents of clicks by ones that only name the device. `which` clicks: a condition of ours in SQL, with
    its values. Part of a transaction."""
    for device, number in _only_devices(database).items():
        database.execute(
            f"UPDATE click SET agent_id = ? WHERE {which} "  # noqa: S608  (of our own)
            "AND agent_id IN (SELECT id FROM agent WHERE device = ? AND id <> ?)",
            (number, *values, device, number),
        )


def remove_needless_agents(database: Database, among: Collection[int] | None = None) -> int:
    """Remove the agents (by number; None: all) that no click has any more. Returns how many. Part of a transaction."""
    some = "" if among is None else f" WHERE agent_id IN ({', '.join(map(str, among)) or 'NULL'})"
    used = {agent_id for (agent_id,) in database.rows(f"SELECT DISTINCT agent_id FROM click{some}")}  # noqa: S608  (numbers)
    known = {number for (number,) in database.rows("SELECT id FROM agent")} if among is None else among
    needless = sorted(set(known) - used - set(_only_devices(database).values()))
    database.executemany("DELETE FROM agent WHERE id = ?", [(number,) for number in needless])
    return len(needless)


def _only_devices(database: Database) -> dict[int, int]:
    """The agents that only name a device: device → number."""
    known = {text for _, text, _ in stored_agents(database, _ONLY_DEVICES)}
    add_agents(database, [(text, device) for device, text in enumerate(_ONLY_DEVICES) if text not in known])
    return {device: number for number, _, device in stored_agents(database, _ONLY_DEVICES)}
