"""Clicks, probes and surroundings for tables of verdicts. Shipment 1 has 10 links, 2 has 4, 4 has 3; 3 is a test."""

from __future__ import annotations

from zlib import crc32

from linktrack.clicks.click import Click
from linktrack.clicks.judging.rules.judged import JunkRequest, Probe, Surroundings

PERSON, TOOL, PREVIEW, OTHER = 1, 2, 3, 4  # agents
CHROME_FAMILY, TOOL_FAMILY, OTHER_FAMILY = 11, 12, 14
TRAP = 99
SENT = 1_000_000_020_000  # a whole minute since 1970
CLOUD, OWN, SERVERS = 2, 4, 3  # networks, by their weights
H, S, P, T = "human", "scanner", "prefetch", "test"

BY = Surroundings(
    agent={PERSON: (H, ""), TOOL: (S, "agent:tool"), PREVIEW: (P, "agent:preview"), OTHER: (H, "")}.__getitem__,
    family={PERSON: CHROME_FAMILY, TOOL: TOOL_FAMILY, PREVIEW: TOOL_FAMILY, OTHER: OTHER_FAMILY}.__getitem__,
    network=lambda number: number,
    sent_at={1: SENT, 2: SENT, 3: SENT, 4: SENT},
    tests=frozenset({3}),
    traps=frozenset({TRAP}),
    links={1: 10, 2: 4, 3: 10, 4: 3},
)


def click(
    second: float, place: int = 1, *, person: int = 1, ip: str = "192.0.2.0", agent: int = PERSON, shipment: int = 1,
    flags: int = 0, link: int | None = None, network: int = 0, number: int = 0,
) -> Click:  # fmt: skip
    """A click so many seconds after the sending; `number` tells apart what is else the same."""
    moment = SENT + round(second * 1000)
    mark = crc32(repr((moment, place, person, number, ip)).encode())
    return Click(moment, mark, link or place, place, shipment, person, ip, network, agent, flags)


def head(second: float, place: int = 1, person: int = 1, shipment: int = 1) -> Probe:
    return Probe(SENT + round(second * 1000), 0, place, shipment, person)


def junk(second: float, ip: str = "192.0.2.0") -> JunkRequest:
    return JunkRequest(SENT + round(second * 1000), 0, ip)


def burst(
    second: float, person: int, *, ip: str = "203.0.113.0", agent: int = PERSON, shipment: int = 1
) -> list[Click]:
    """A scanner's look at all of a mail: four places within a second."""
    return [
        click(second + place / 5, place, person=person, ip=ip, agent=agent, shipment=shipment) for place in range(1, 5)
    ]
