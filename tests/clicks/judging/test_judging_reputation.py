"""Promise 4, addresses: a scanner for several recipients is one for others, while it scans, and for its people never."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, ip_network

import pytest
from clicks.judging.judged_clicks import BY, OTHER, SENT, SERVERS, TOOL, TRAP, H, P, S, burst, click
from hypothesis import assume, given
from hypothesis import strategies as st

from linktrack.click_marks import POST, PREFETCH, SHARED
from linktrack.clicks.click import Click
from linktrack.clicks.judging import reputation
from linktrack.clicks.judging.reputation import (
    BESIDE_MS,
    LATER_MINUTES,
    LOOK_MS,
    MINUTE_MS,
    NEAR_MINUTES,
    VISIT_MS,
    Affected,
    Evidence,
    affected,
    evidence,
    known_scanners,
    minutes_bearing_on,
    neighbourhood,
    neighbourhoods,
    with_reputation,
    without_reputation,
)
from linktrack.clicks.judging.rules.judged import REACH, Verdict
from linktrack.clicks.judging.verdicts import judge

POOL = "203.0.113.0"
KNOWN: Verdict = (S, "known-scanner-address")
FORMER: Verdict = (H, "scanner-address")
START = 6_000.0  # seconds after the sending: a whole minute


def judged(clicks: Sequence[Click]) -> dict[Click, Verdict]:
    """Both passes, over everything."""
    clicks = sorted(clicks)
    first = judge(clicks, BY)
    return dict(
        zip(clicks, with_reputation(clicks, first, known_scanners(evidence(clicks, first, BY)), BY), strict=True)
    )


def scanning(recipients: int = 6, *, start: float = START, step: float = 5.0, ip: str = POOL) -> list[Click]:
    """An address that looks at the mails of recipients 100, 101 … ."""
    return [one for number in range(recipients) for one in burst(start + step * number, 100 + number, ip=ip)]


CASES: list[tuple[str, list[Click], Click, Verdict]] = [
    ("one link of another recipient's mail beside five that were scanned", scanning(5), click(START + 60, ip=POOL), KNOWN),
    ("beside four", scanning(4), click(START + 60, ip=POOL), (H, "")),
    ("one of the five themselves", scanning(5), click(START + 26, 8, person=104, ip=POOL), FORMER),
    ("one of six themselves, beside the look", scanning(6), click(START + 26, 8, person=104, ip=POOL), KNOWN),
    ("one of six themselves, after the look", scanning(6), click(START + 40, 8, person=104, ip=POOL), FORMER),
    ("one of six themselves, before the look", scanning(6), click(START + 1, 8, person=105, ip=POOL), FORMER),
    ("from another /24", scanning(), click(START + 60, ip="203.0.114.0"), (H, "")),
    ("from the same /24, whole addresses kept", scanning(ip="203.0.113.9"), click(START + 60, ip="203.0.113.77"), KNOWN),
    ("from the same /48", scanning(ip="2001:db8:1::"), click(START + 60, ip="2001:db8:1:2::9"), KNOWN),
    ("of another shipment", scanning(), click(START + 60, ip=POOL, shipment=2), (H, "")),
    ("with an agent of another family", scanning(), click(START + 60, ip=POOL, agent=OTHER), FORMER),
    ("three minutes before the scanning", scanning(), click(START - 180, ip=POOL), KNOWN),
    ("longer before it", scanning(), click(START - 181, ip=POOL), (H, "")),
    ("three minutes after it", scanning(), click(START + 239, ip=POOL), KNOWN),
    ("longer after it", scanning(), click(START + 240, ip=POOL), FORMER),
    ("a day after it", scanning(), click(START + 86_400, ip=POOL), FORMER),
    ("more than a day after it", scanning(), click(START + 90_000, ip=POOL), (H, "")),
    ("after two hours of scanning", [one for n in range(60) for one in scanning(start=START + 120 * n)],
     click(START + 7_200, ip=POOL), KNOWN),
    ("the person's visit after the look at one link", [*scanning(60), click(START + 20, ip=POOL)],
     click(START + 200, 2, ip=POOL), FORMER),
    ("the second link of the same look", [*scanning(60), click(START + 20, ip=POOL)], click(START + 130, 2, ip=POOL),
     KNOWN),
    ("the second link two minutes after the first", [*scanning(60), click(START + 20, ip=POOL)],
     click(START + 140, 2, ip=POOL), KNOWN),
    ("a little later: the person's visit", [*scanning(60), click(START + 20, ip=POOL)],
     click(START + 140.001, 2, ip=POOL), FORMER),
    ("half an hour after the look at one link", [*scanning(400), click(START + 20, ip=POOL)],
     click(START + 1_820, 2, ip=POOL), FORMER),
    ("longer after it, when it is forgotten", [*scanning(400), click(START + 20, ip=POOL)],
     click(START + 1_820.001, 2, ip=POOL), KNOWN),
    ("ten seconds after the look at the mail", scanning(6), click(START + 30.8, 8, person=104, ip=POOL), KNOWN),
    ("a little later", scanning(6), click(START + 30.801, 8, person=104, ip=POOL), FORMER),
    ("ten seconds before the look at the mail", scanning(6), click(START + 10.2, 8, person=104, ip=POOL), KNOWN),
    ("a little earlier", scanning(6), click(START + 10.199, 8, person=104, ip=POOL), FORMER),
    ("half an hour before the look at the mail", scanning(500), click(START + 239, 8, person=500, ip=POOL), FORMER),
    ("longer before it", scanning(500), click(START + 179, 8, person=500, ip=POOL), KNOWN),
    ("a day after the look at the mail, when others' are looked at", [*scanning(), *scanning(60, start=START + 86_400)],
     click(START + 86_459, 8, person=300, ip=POOL), KNOWN),
    ("a day after a look at this mail", [*burst(START, 300, ip=POOL), *scanning(60, start=START + 86_400)],
     click(START + 86_459, 8, person=300, ip=POOL), FORMER),
    ("more than a day after it", [*burst(START, 300, ip=POOL), *scanning(60, start=START + 86_400)],
     click(START + 86_460, 8, person=300, ip=POOL), KNOWN),
    ("with another agent, half an hour after a look with it", [*burst(START, 700, agent=OTHER), *scanning(400)],
     click(START + 1_859, ip=POOL, agent=OTHER), KNOWN),
    ("longer after it", [*burst(START, 700, agent=OTHER), *scanning(400)],
     click(START + 1_860, ip=POOL, agent=OTHER), FORMER),
    ("three minutes more than a day after the scanning", scanning(), click(START + 86_639.999, ip=POOL), FORMER),
    ("and no more", scanning(), click(START + 86_640, ip=POOL), (H, "")),
    ("from a network of little weight, soon after sending", scanning(start=-60), click(3, ip=POOL, agent=OTHER, network=1),
     (S, "network,scanner-address,soon-after-sending")),
    ("soon after sending", scanning(start=-60), click(3, ip=POOL, agent=OTHER),
     (H, "scanner-address,soon-after-sending")),
    ("a look at a mail that a click from elsewhere makes one",
     [*scanning(6), click(START + 45, 8, person=99, ip=POOL), *burst(START + 1, 99, ip=POOL),
      click(START + 53, 1, person=99, ip=POOL), click(START + 53.2, 2, person=99, ip=POOL)],
     click(START + 53.4, 3, person=99, ip="198.51.100.0"), (S, "burst")),
    ("another person's visit long after this one's second", [*scanning(720), click(START + 20, ip=POOL),
     click(START + 1_520, 2, ip=POOL)], click(START + 2_720, 2, person=2, ip=POOL), KNOWN),
    ("another person's visit", [*scanning(60), click(START + 20, ip=POOL)], click(START + 200, 2, person=2, ip=POOL),
     KNOWN),
    ("when nobody's address is kept", scanning(ip=""), click(START + 60, ip=""), (H, "")),
    ("a POST", scanning(), click(START + 60, ip=POOL, flags=POST), (H, "posted")),
    ("a prefetching browser", scanning(), click(START + 60, ip=POOL, flags=PREFETCH), (P, "purpose-header")),
    ("what is a scanner's anyway", scanning(), click(START + 60, TRAP, ip=POOL), (S, "honeypot")),
    ("from mail servers, during", scanning(), click(START + 60, ip=POOL, network=SERVERS),
     (S, "known-scanner-address,network")),
    ("from mail servers, later", scanning(), click(START + 7_200, ip=POOL, network=SERVERS), (S, "network,scanner-address")),
    ("from a network where people are, later", scanning(), click(START + 7_200, ip=POOL, network=2),
     (H, "network,scanner-address")),
]  # fmt: skip


@pytest.mark.parametrize(("others", "one", "wanted"), [pytest.param(o, c, w, id=name) for name, o, c, w in CASES])
def test_another_click_from_a_scanners_address(others: list[Click], one: Click, wanted: Verdict) -> None:
    found = judged([*others, one])
    assert found[one] == wanted
    assert all(found[other][0] == S for other in others if other.recipient_id >= 100)


def test_behind_a_trusted_proxy_nobody_is_a_scanner_for_his_neighbours() -> None:
    clicks = [one._replace(flags=SHARED) for one in [*scanning(20), click(START + 60, ip=POOL)]]
    assert judged(clicks)[clicks[-1]] == (H, "")


def test_only_verdicts_reached_without_reputation_feed_it() -> None:
    """A chain of single clicks, each beside the one before, does not carry the scanning on."""
    chain = [click(START + 60 * n, person=200 + n, ip=POOL) for n in range(1, 30)]
    found = judged([*scanning(), *chain])
    assert [found[one] for one in chain] == [KNOWN] * 3 + [FORMER] * 26


def test_weak_reasons_together_are_no_evidence() -> None:
    clicks = sorted(click(1 + n / 10, person=n, ip=POOL, network=2) for n in range(30))
    assert set(judged(clicks).values()) == {(S, "network,soon-after-sending")}
    person = click(60, person=99, ip=POOL)
    assert judged([*clicks, person])[person] == (H, "")


def test_a_tools_clicks_are_evidence_for_its_family() -> None:
    tools = [click(START + n, person=100 + n, ip=POOL, agent=TOOL) for n in range(6)]
    one = click(START + 30, ip=POOL)
    assert judged([*tools, one])[one] == FORMER
    more = click(START + 10, person=110, ip=POOL, agent=1, flags=2)
    assert judged([*tools, more, one])[one] == KNOWN


@pytest.mark.parametrize(
    ("ip", "wanted"),
    [
        ("192.0.2.0", "192.0.2.0"),
        ("192.0.2.77", "192.0.2.0"),
        ("2001:db8:1::", "2001:db8:1::"),
        ("2001:db8:1:2::9", "2001:db8:1::"),
        ("2001:db8:1:8000::9", "2001:db8:1::"),
        ("2001:db8:2::", "2001:db8:2::"),
        ("", ""),
    ],
)
def test_the_neighbourhood_of_an_address(ip: str, wanted: str) -> None:
    assert neighbourhood(ip) == wanted


@pytest.mark.parametrize(
    "verdict",
    [
        (H, ""),
        (H, "network"),
        (S, "burst,network"),
        (H, "posted"),
        (P, "purpose-header"),
        (S, "network,soon-after-sending"),
    ],
)
def test_a_verdict_without_reputation_is_that_of_the_first_pass(verdict: Verdict) -> None:
    one = click(START + 60, ip=POOL, network=SERVERS if "network" in verdict[1] else 0)
    rows = evidence(scanning(), judge(scanning(), BY), BY)
    [after] = with_reputation([one], [verdict], known_scanners(rows), BY)
    assert without_reputation(after) == without_reputation(verdict) == verdict


def test_evidence_is_a_row_for_each_mail_minute_and_family() -> None:
    clicks = sorted([*burst(START, 100), *burst(START + 59.5, 101), click(START, person=102, ip=POOL)])
    minute = (SENT + 6_000_000) // MINUTE_MS
    assert evidence(clicks, judge(clicks, BY), BY) == {
        Evidence(1, POOL, minute, 100, 11),
        Evidence(1, POOL, minute, 101, 11),
        Evidence(1, POOL, minute + 1, 101, 11),
    }


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(1, 7)), max_size=40))
def test_an_address_scans_in_the_minutes_around_which_enough_mails_were_looked_at(looks: list[tuple[int, int]]) -> None:
    rows = [Evidence(1, POOL, 1000 + minute, recipient, 11) for minute, recipient in looks]
    scanner = known_scanners(rows).get((1, POOL))
    found = {
        minute: stretch.but
        for stretch in (scanner.stretches if scanner else ())
        for minute in range(stretch.start, stretch.stop + 1)
    }
    wanted = {}
    for minute in range(990, 1040):
        near = {recipient for at, recipient in looks if abs(1000 + at - minute) <= 3}
        if len(near) >= 5:
            wanted[minute] = near if len(near) == 5 else frozenset()
    assert found == wanted


def test_stretches_of_clicks_to_be_judged_again_are_joined() -> None:
    at = SENT
    place = (1, POOL)
    assert affected([], [(place, at), (place, at + 3 * LOOK_MS), (place, at + LOOK_MS)]) == [
        Affected(1, POOL, at - BESIDE_MS, at + 2 * LOOK_MS),
        Affected(1, POOL, at + 3 * LOOK_MS - BESIDE_MS, at + 4 * LOOK_MS),
    ]
    assert affected([], [((1, ""), at)]) == []
    assert neighbourhoods([click(START, ip=""), click(START, ip=POOL, flags=SHARED)]) == [(1, ""), (1, "")]


@given(st.ip_addresses(v=6), st.integers(0, 128))
def test_a_network_of_ipv6_is_its_own_neighbourhood(address: IPv6Address, bits: int) -> None:
    """And of any other address it is the /48, in whatever form the address is kept."""
    cut = str(ip_network((address, bits), strict=False).network_address)
    assume("." not in cut)  # one of IPv4, which is kept as such
    assert neighbourhood(cut) == str(ip_network((cut, 48), strict=False).network_address)


# --- pieces --------------------------------------------------------------------------------------------------------


class Store:
    """What a database keeps of clicks, and the steps that keep their verdicts: see the module's docstring."""

    def __init__(self) -> None:
        self.verdicts: dict[Click, Verdict] = {}
        self.rows: set[Evidence] = set()

    def add(self, piece: Iterable[Click]) -> None:
        new = sorted(piece)
        low, high = new[0].clicked_at - 2 * REACH, new[-1].clicked_at + 2 * REACH
        near = sorted([*new, *(one for one in self.verdicts if low <= one.clicked_at <= high)])
        moved = []
        for one, verdict in zip(near, judge(near, BY), strict=True):
            certain = low + REACH <= one.clicked_at <= high - REACH
            if one not in self.verdicts or (certain and without_reputation(self.verdicts[one]) != verdict):
                self.verdicts[one] = verdict
                moved.append(one)
        rows = evidence(moved, [self.verdicts[one] for one in moved], BY) - self.rows
        self.rows |= rows
        placed = zip(neighbourhoods(moved), (one.clicked_at for one in moved), strict=True)
        for shipment, address, start, stop in affected(rows, placed):
            low, high = minutes_bearing_on(start, stop)
            own = (row for row in self.rows if row[:2] == (shipment, address))
            scanners = known_scanners(row for row in own if low <= row.minute <= high)
            clicks = sorted(
                one
                for one in self.verdicts
                if (one.shipment_id, neighbourhood(one.ip)) == (shipment, address)
                and start - LOOK_MS <= one.clicked_at <= stop
            )
            first = [without_reputation(self.verdicts[one]) for one in clicks]
            for one, verdict in zip(clicks, with_reputation(clicks, first, scanners, BY), strict=True):
                if start <= one.clicked_at:
                    self.verdicts[one] = verdict


def campaign(chance: random.Random, minutes: int) -> list[Click]:
    """Scanners and people of few addresses, with everything that reputation looks at."""
    clicks: set[Click] = set()
    for person in range(150):
        second = round(chance.uniform(0, minutes * 60), chance.choice((0, 3)))
        ip = chance.choice((POOL, POOL, "198.51.100.0", "192.0.2.9", ""))
        more = {"person": person, "ip": ip, "agent": chance.choice((1, 1, OTHER)), "shipment": chance.choice((1, 1, 2))}
        if chance.random() < 0.5:
            clicks.update(burst(second, **more))  # type: ignore[arg-type]
        for _ in range(chance.randint(0, 3)):
            second += chance.choice((1, 9, 11, 100, 130, 600, 1_700, 5_000)) * chance.uniform(0.9, 1.1)
            flags, network = chance.choice((0, 0, 0, POST, SHARED)), chance.choice((0, 0, 3))
            clicks.add(click(second, chance.randint(1, 6), flags=flags, network=network, **more))  # type: ignore[arg-type]
    return sorted(clicks)


@pytest.mark.parametrize("seed", range(12))
def test_any_pieces_in_any_order_give_the_verdicts_of_all_at_once(seed: int) -> None:
    chance = random.Random(seed)
    clicks = campaign(chance, chance.choice((5, 20, 60, 400)))
    whole = judged(clicks)
    if seed % 2:  # pieces of a log, in any order; else clicks of any time in each
        starts = sorted({0, *chance.sample(range(1, len(clicks)), 8)})
        pieces = [clicks[low:high] for low, high in zip(starts, [*starts[1:], len(clicks)], strict=True)]
        chance.shuffle(pieces)
    else:
        shuffled = chance.sample(clicks, len(clicks))
        pieces = [shuffled[start : start + 20] for start in range(0, len(shuffled), 20)]
    store = Store()
    for piece in pieces:
        store.add(piece)
    assert store.verdicts == whole
    first = judge(clicks, BY)
    assert store.rows == evidence(clicks, first, BY)
    assert [without_reputation(whole[one]) for one in clicks] == first


def test_the_campaigns_of_that_law_have_everything_in_them() -> None:
    found = {verdict for seed in range(12) for verdict in judged(campaign(random.Random(seed), 20)).values()}
    assert {KNOWN, FORMER, (S, "burst"), (S, "network,scanner-address"), (H, "posted"), (H, "")} <= found


def test_the_numbers_fit_together() -> None:
    """A look is longer than a visit's pause, and suspicion lasts longer than both."""
    assert BESIDE_MS < VISIT_MS < LOOK_MS < LATER_MINUTES * MINUTE_MS
    assert NEAR_MINUTES * MINUTE_MS < LOOK_MS
    assert reputation.RECIPIENTS == 5
