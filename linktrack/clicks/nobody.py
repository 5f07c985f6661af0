"""Clicks of nobody: what is left of a click once its person was forgotten or its agent has become too old.

The click stays where it is counted, with its verdict, its time and the device; the address, the network, the agent and
what was pressed go. In the place of agents stand four that only name a device.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from linktrack.clicks.judging.devices import DEVICES
from linktrack.clicks.judging.verdicts import Click
from linktrack.store.session import Database

_ONLY_DEVICES = tuple(f"({device})" for device in DEVICES)


def blank_clicks(database: Database, clicks: Iterable[Click]) -> None:
    """Take what is personal from stored clicks. Part of a transaction."""
    keys = [(click.clicked_at, click.print, click.recipient_id) for click in clicks]
    if not keys:
        return
    same = "clicked_at = ? AND print = ? AND recipient_id = ?"
    database.executemany(f"UPDATE click SET ip = '', network_id = 0, pressed = '' WHERE {same}", keys)  # noqa: S608
    for key in keys:
        blank_agents(database, same, key)


def blank_agents(database: Database, which: str, values: Sequence[int]) -> None:
    """Leave of the agents of clicks (`which`: a condition of ours in SQL, with its values) only the device. Part of a
    transaction."""
    for device, number in _only_devices(database).items():
        database.execute(
            f"UPDATE click SET agent_id = ? WHERE {which} "  # noqa: S608  (of our own)
            "AND agent_id IN (SELECT id FROM agent WHERE device = ? AND id <> ?)",
            (number, *values, device, number),
        )


def remove_needless_agents(database: Database) -> int:
    """Remove the agents that no click has any more. Returns how many. Part of a transaction."""
    marks = ", ".join("?" * len(_ONLY_DEVICES))
    return int(
        database.execute(
            f"DELETE FROM agent WHERE id NOT IN (SELECT agent_id FROM click) AND text NOT IN ({marks})",  # noqa: S608  (marks)
            _ONLY_DEVICES,
        ).rowcount
    )


def _only_devices(database: Database) -> dict[int, int]:
    """The agents that only name a device: device → number."""
    for device, text in enumerate(_ONLY_DEVICES):
        database.execute("INSERT INTO agent (text, device) VALUES (?, ?) ON CONFLICT (text) DO NOTHING", (text, device))
    marks = ", ".join("?" * len(_ONLY_DEVICES))
    rows = database.rows(f"SELECT id, text FROM agent WHERE text IN ({marks})", _ONLY_DEVICES)  # noqa: S608  (marks)
    return {_ONLY_DEVICES.index(text): number for number, text in rows}
