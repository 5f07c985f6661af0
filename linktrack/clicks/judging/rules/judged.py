"""What is judged, and what by: clicks, the requests beside them, and what is known around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from linktrack.click_marks import HUMAN
from linktrack.clicks.click import Click

REACH = 300_000  # how far apart clicks can be that bear on one another: the widest of these windows

Signal = tuple[str, str]  # what an agent says: verdict and reason, ("human", "") where nothing speaks against it


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
