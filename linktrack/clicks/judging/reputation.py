"""Reputation: an address that is a scanner for several recipients is one for others too, while the scanning goes on.

A second pass over verdicts, pure as the first. Addresses are those of /24 and /48 (`neighbourhood`), for a gateway's
pool has many. A gateway in an office shares its address with the people there, so an address alone condemns nobody.
Where a look at a recipient's mail is known (a burst, the honeypot …), what lies apart from it is the person's; where
none is, the first visit from the address may be the look if its agent is of a family that the scanner uses, and what
comes after it is the person's.

How it is kept up as clicks come in, in any order and in any pieces:

1. `verdicts.judge` judges new clicks and their neighbours within `judged.REACH`. Where a click was judged before, its
   verdict of that pass is `without_reputation` of what is stored. Verdicts of that pass are all that feeds this one.
2. `evidence` of these clicks is stored, once each: rows whose five columns together are the key.
   A row stays true when more clicks come, for no rule of the first pass acquits a click because of others. Rows are
   taken away with their clicks (reset, forget, purge), and all made anew when everything is judged again.
3. `affected` says which stretches of which (shipment, address) hold the clicks to be judged again: because of rows that
   were new, and because of each click that is new or whose verdict of the first pass is another one.
4. For these: `known_scanners` of all rows of their (shipment, address), and `with_reputation` of all of their clicks in
   the stretch and `LOOK_MS` before it. What it returns of the stretch is stored.

Where a (shipment, address) has fewer rows than `RECIPIENTS` recipients, as nearly all have, there is nothing to do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network
from itertools import compress, pairwise
from operator import itemgetter
from typing import NamedTuple

from linktrack.click_marks import HUMAN, POST, SCANNER
from linktrack.clicks.click import Click, Clicks
from linktrack.clicks.judging.rules.judged import Surroundings, Verdict
from linktrack.clicks.judging.rules.reasons import WEAK, deciding, in_order
from linktrack.clicks.judging.rules.windows import is_near
from linktrack.clicks.judging.verdicts import ENOUGH, SOON_WEIGHT
from linktrack.moments import Stretch, merged, stretches_of

RECIPIENTS = 5  # as many others' mails an address must have been a scanner's for
MINUTE_MS = 60_000  # evidence is kept by the minute
NEAR_MINUTES = 3  # how far from a click that may be, before and after
VISIT_MS = 120_000  # clicks that follow one another within this are one visit
BESIDE_MS = 10_000  # what else a scanner does beside its look at a mail
LOOK_MS = 1_800_000  # how long before a click an earlier visit is looked for, and how long after it a scanner's look
LATER_MINUTES = 1_440  # how long an address stays suspect, and a look of its own at a mail acquits the recipient
FORMER_WEIGHT = 1  # weak: only together with a network from which nobody browses it makes a machine

KNOWN, FORMER = "known-scanner-address", "scanner-address"  # the reasons

_COLONS_OF_48 = 4  # at most in a /48 as it is kept, with `::` at its end
_REMEMBERED = 50_000  # addresses, with their neighbourhoods

_Place = tuple[int, str, int]  # shipment, address, recipient


class Evidence(NamedTuple):
    """A recipient's mail was looked at by a scanner from this address, in this minute since 1970, with an agent of this
    family."""

    shipment_id: int
    address: str
    minute: int
    recipient_id: int
    family: int


class Affected(NamedTuple):
    """Clicks of one shipment and address to be judged again, from `start` to `stop`, both included."""

    shipment_id: int
    address: str
    start: int  # milliseconds
    stop: int


class ScanningTime(NamedTuple):
    """Minutes in which an address scans: `start` and `stop`, both included, for all recipients but these."""

    start: int
    stop: int
    but: frozenset[int]


@dataclass(frozen=True)
class Scanner:
    """An address that scans the mails of one shipment."""

    stretches: Sequence[ScanningTime]  # in order, one after the other
    looks: Mapping[int, Sequence[int]]  # recipient → the minutes of evidence, in order
    disguises: Mapping[int, Sequence[int]]  # and of each family of agents


Scanners = Mapping[tuple[int, str], Scanner]  # by shipment and address


@lru_cache(_REMEMBERED)
def neighbourhood(ip: str) -> str:
    """The /24 or /48 of an address as it is kept, cut or whole; empty for none."""
    head, dot, _ = ip.rpartition(".")
    if dot:
        return f"{head}.0"
    if ip.endswith("::") and ip.count(":") <= _COLONS_OF_48:
        return ip
    return str(ip_network((ip, 48), strict=False).network_address) if ip else ""


def neighbourhoods(clicks: Sequence[Click]) -> list[tuple[int, str]]:
    """For each click its shipment and its /24 or /48; empty where the address says nothing about who it is."""
    columns = Clicks.of(clicks)
    near = [ip if ip.endswith(".0") else neighbourhood(ip) for ip in columns.addresses]
    return list(zip(columns.shipments, near, strict=True))


def evidence(clicks: Sequence[Click], verdicts: Sequence[Verdict], by: Surroundings) -> set[Evidence]:
    """What clicks with verdicts of the first pass say about addresses. Weak reasons together say nothing."""
    columns, strong = Clicks.of(clicks), list(_strong(verdicts))
    minutes = [moment // MINUTE_MS for moment in compress(columns.times, strong)]
    others = (columns.shipments, columns.addresses, columns.recipients, columns.agents)
    said = set(zip(minutes, *(compress(column, strong) for column in others), strict=True))  # many say the same
    return {
        Evidence(shipment, neighbourhood(address), minute, recipient, by.family(agent))
        for minute, shipment, address, recipient, agent in said
        if address
    }


def known_scanners(rows: Iterable[Evidence]) -> Scanners:
    """The addresses that scan, and when, from all the evidence about them."""
    found: dict[tuple[int, str], list[Evidence]] = {}
    for row in rows:
        found.setdefault(row[:2], []).append(row)
    scanners = {}
    for key, own in found.items():
        minutes: dict[int, set[int]] = {}
        looks: dict[int, list[int]] = {}
        disguises: dict[int, list[int]] = {}
        for row in sorted(own):
            minutes.setdefault(row.minute, set()).add(row.recipient_id)
            looks.setdefault(row.recipient_id, []).append(row.minute)
            disguises.setdefault(row.family, []).append(row.minute)
        if stretches := list(_stretches(minutes)):
            scanners[key] = Scanner(stretches, looks, disguises)
    return scanners


def _stretches(minutes: Mapping[int, set[int]]) -> Iterator[ScanningTime]:
    """The minutes around which enough recipients have evidence within `NEAR_MINUTES`. Where there are just enough
    recipients, the address counts as a scanner for others than these: a recipient's own evidence does not count against
    them."""
    edges = sorted({edge for minute in minutes for edge in (minute - NEAR_MINUTES, minute + NEAR_MINUTES + 1)})
    inside: Counter[int] = Counter()
    for start, stop in pairwise(edges):
        for recipient in minutes.get(start + NEAR_MINUTES, ()):
            inside[recipient] += 1
        for recipient in minutes.get(start - NEAR_MINUTES - 1, ()):
            inside[recipient] -= 1
            if not inside[recipient]:
                del inside[recipient]
        if len(inside) >= RECIPIENTS:
            yield ScanningTime(start, stop - 1, frozenset(inside) if len(inside) == RECIPIENTS else frozenset())


def with_reputation(
    clicks: Sequence[Click], verdicts: Sequence[Verdict], scanners: Scanners, by: Surroundings
) -> list[Verdict]:
    """The verdicts of the second pass on `clicks`, which are sorted and have those of the first pass.

    Only people's change: to a scanner's where the address is one just then and this may be its look at the recipient's
    mail; later the address is a weak reason more.
    """
    result = list(verdicts)
    if not scanners:
        return result
    addresses = neighbourhoods(clicks)
    looks = _looks(clicks, addresses, verdicts)
    visits: dict[_Place, list[int]] = {}  # end of the last visit but one, and of the last
    for index, (click, address) in enumerate(zip(clicks, addresses, strict=True)):
        scanner = scanners.get(address)
        if scanner is None:
            continue
        place = (*address, click.recipient_id)
        moment, minute = click.clicked_at, click.clicked_at // MINUTE_MS
        visit = visits.setdefault(place, [moment - LOOK_MS - 1, moment])
        if moment - visit[1] > VISIT_MS:
            visit[0] = visit[1]
        visit[1] = moment
        if verdicts[index][0] != HUMAN or click.flags & POST:
            continue
        reasons = set(filter(None, verdicts[index][1].split(",")))
        if _was_looked_at(scanner.looks.get(click.recipient_id, ()), minute):
            suspect = is_near(looks.get(place, ()), moment, BESIDE_MS)
        else:
            suspect = visit[0] < moment - LOOK_MS
        disguised = is_near(scanner.disguises.get(by.family(click.agent_id), ()), minute, LOOK_MS // MINUTE_MS)
        if suspect and disguised and _scans(scanner.stretches, minute, click.recipient_id):
            result[index] = (SCANNER, in_order({KNOWN, *reasons}))
        elif _has_scanned(scanner.stretches, minute):
            weight = (
                FORMER_WEIGHT + by.network(click.network_id) + (SOON_WEIGHT if "soon-after-sending" in reasons else 0)
            )
            result[index] = (SCANNER if weight >= ENOUGH else HUMAN, in_order({FORMER, *reasons}))
    return result


def _looks(
    clicks: Sequence[Click], addresses: Sequence[tuple[int, str]], verdicts: Sequence[Verdict]
) -> dict[_Place, list[int]]:
    """When each recipient's mail was looked at from each address, by the verdicts of the first pass."""
    found: dict[_Place, list[int]] = {}
    for click, address in compress(zip(clicks, addresses, strict=True), _strong(verdicts)):
        found.setdefault((*address, click.recipient_id), []).append(click.clicked_at)
    return found


def _strong(verdicts: Sequence[Verdict]) -> Iterator[bool]:
    """For each verdict whether it is evidence: weak reasons together are none."""
    strong = {verdict: verdict[0] == SCANNER and deciding(verdict) not in WEAK for verdict in set(verdicts)}
    return map(strong.__getitem__, verdicts)


def without_reputation(verdict: Verdict) -> Verdict:
    """A verdict of the second pass as the first pass had given it."""
    reasons = set(filter(None, verdict[1].split(",")))
    return (HUMAN, in_order(reasons - {KNOWN, FORMER})) if reasons & {KNOWN, FORMER} else verdict


def _scans(stretches: Sequence[ScanningTime], minute: int, recipient: int) -> bool:
    """Whether the address scans just then, for others than this recipient."""
    at = bisect_right(stretches, minute, key=itemgetter(0)) - 1
    return at >= 0 and minute <= stretches[at].stop and recipient not in stretches[at].but


def _has_scanned(stretches: Sequence[ScanningTime], minute: int) -> bool:
    """Whether the address scans just then, or has within `LATER_MINUTES`."""
    at = bisect_right(stretches, minute, key=itemgetter(0)) - 1
    return at >= 0 and minute <= stretches[at].stop + LATER_MINUTES


def _was_looked_at(looks: Sequence[int], minute: int) -> bool:
    """Whether there is evidence of a look at the recipient's mail, in the day before or soon after."""
    at = bisect_left(looks, minute - LATER_MINUTES)
    return at < len(looks) and looks[at] <= minute + LOOK_MS // MINUTE_MS


def minutes_bearing_on(start: int, stop: int) -> tuple[int, int]:
    """The first and the last minute whose evidence may bear on clicks of these moments: what an address has been
    suspect for before, and a look soon after; and what enough recipients are counted around."""
    around = NEAR_MINUTES * 2 + 1
    return start // MINUTE_MS - LATER_MINUTES - around, stop // MINUTE_MS + LOOK_MS // MINUTE_MS + around


def affected(new: Iterable[Evidence], moved: Iterable[tuple[tuple[int, str], int]]) -> list[Affected]:
    """Where clicks are to be judged again: by new evidence, and by clicks, with their neighbourhoods and moments, that
    are new or whose verdict of the first pass is another one. Stretches of the same shipment and address do not
    overlap."""
    spans: defaultdict[tuple[int, str], list[Stretch]] = defaultdict(list)
    for row in new:
        start = (row.minute - LOOK_MS // MINUTE_MS) * MINUTE_MS
        stop = (row.minute + NEAR_MINUTES + LATER_MINUTES + 1) * MINUTE_MS - 1
        spans[row.shipment_id, row.address].append((start, stop))
    moments: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for place, moment in moved:
        moments[place].append(moment)
    for place, own in moments.items():
        if place[1]:
            bound = stretches_of(own, BESIDE_MS + LOOK_MS)
            spans[place] += ((first - BESIDE_MS, last + LOOK_MS) for first, last in bound)
    return [Affected(*place, *span) for place, own in sorted(spans.items()) for span in merged(own, near=1)]
