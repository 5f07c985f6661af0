"""What is judged, and what by: clicks, the requests beside them, and what is known around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from linktrack.click_marks import HUMAN, SHARED
from linktrack.links.tokens import NOBODY

REACH = 300_000  # how far apart clicks can be that bear on one another: the widest of these windows

# Whose click one is, as it is compared with others: the recipient, with the shipment where there are several; of those
# who share a token, whom nothing else tells apart, address and agent too.
Whose = int | tuple[int, int] | tuple[int, int, str, int]

Signal = tuple[str, str]  # what an agent says: verdict and reason, ("human", "") where nothing speaks against it


class Click(NamedTuple):
    """A click as it is judged. `print` is the print of its line together with the line's number among equal ones."""

    clicked_at: int
    print: int
    link_id: int
    placement_id: int
    shipment_id: int
    recipient_id: int
    ip: str
    network_id: int  # 0 = none that is known
    agent_id: int
    flags: int


class Clicks(list[Click]):
    """Clicks in the order of time that stay as they are: their columns are made once, whoever wants them."""

    @cached_property
    def columns(self) -> ClickColumns:
        return ClickColumns.made_of(self)


class ClickColumns(NamedTuple):
    """Clicks in columns: a rule looks at few of them, and at many clicks."""

    times: Sequence[int]
    links: Sequence[int]
    placements: Sequence[int]
    shipments: Sequence[int]
    recipients: Sequence[int]
    ips: Sequence[str]
    networks: Sequence[int]
    agents: Sequence[int]
    flags: Sequence[int]
    addresses: Sequence[str]  # `address_of` each
    people: Sequence[Whose]

    @classmethod
    def of(cls, clicks: Sequence[Click]) -> ClickColumns:
        """The columns of one click at least."""
        return clicks.columns if isinstance(clicks, Clicks) else cls.made_of(clicks)

    @classmethod
    def made_of(cls, clicks: Sequence[Click]) -> ClickColumns:
        """The same, made anew."""
        times, _, links, placements, shipments, recipients, ips, networks, agents, flags = zip(*clicks, strict=True)
        addresses = ips
        if any(flag & SHARED for flag in set(flags)):
            addresses = tuple(map(address_of, clicks))
        people: Sequence[Whose] = recipients
        if NOBODY in recipients:
            people = list(map(person_of, clicks))
        elif len(set(shipments)) > 1:
            people = list(zip(shipments, recipients, strict=True))
        return cls(times, links, placements, shipments, recipients, ips, networks, agents, flags, addresses, people)


class Probe(NamedTuple):
    """A HEAD request for a tracked address, as the table `probe` has it."""

    clicked_at: int
    print: int
    placement_id: int
    shipment_id: int
    recipient_id: int


class JunkRequest(NamedTuple):
    """A request for an address of ours that is no click, because its token is malformed, forged or mutated, or its
    method or status does not count.

    `ip` is kept as a click's is; it is empty where it is a trusted proxy's, and where nothing speaks against the
    request. `recipient_id` is the owner of the good token that the request had all the same, 0 where it had none.
    """

    clicked_at: int
    print: int
    ip: str
    recipient_id: int = 0


@dataclass(frozen=True)
class Surroundings:
    """What clicks are judged by besides themselves."""

    agent: Callable[[int], Signal]  # of an agent's id
    family: Callable[[int], int]  # and its family: see `agents.family_of`
    network: Callable[[int], int]  # weight of a network's id: see `networks.Networks.weight`
    sent_at: Mapping[int, int]  # shipment → when it was sent
    tests: frozenset[int]  # test shipments
    traps: frozenset[int]  # honeypot placements
    links: Mapping[int, int]  # shipment → how many links its mailing has
    rules: str = ""  # their version
    nobodies: frozenset[int] = frozenset()  # recipients who were forgotten …
    final: int = -(2**62)  # … whose clicks, like those before this moment, lack what they would be judged by

    def is_final(self, click: Click) -> bool:
        """Whether a stored click keeps its verdict."""
        return click.clicked_at < self.final or click.recipient_id in self.nobodies


Verdict = tuple[str, str]  # verdict and comma-separated reasons, of which the first decides
PLAIN: Verdict = (HUMAN, "")  # nothing to be said against it


def person_of(click: Click) -> Whose:
    """Whose click it is, as clicks are compared."""
    shipment, recipient = click[4:6]
    return (shipment, recipient) if recipient != NOBODY else (shipment, recipient, address_of(click), click.agent_id)


def address_of(click: Click) -> str:
    """The address by which a click is compared with others; empty where anybody may stand behind it."""
    return "" if click.flags & SHARED else click.ip
