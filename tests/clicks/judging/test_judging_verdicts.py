"""Promise 4, one click and its neighbours: who is a person and who a machine, and why."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from clicks.judging.judged_clicks import (
    BY,
    CLOUD,
    OTHER,
    OWN,
    PERSON,
    PREVIEW,
    SERVERS,
    TOOL,
    TRAP,
    H,
    P,
    S,
    T,
    click,
    head,
    junk,
)
from hypothesis import given
from hypothesis import strategies as st

from linktrack.click_marks import MACHINE, POST, PREFETCH, SHARED
from linktrack.clicks.click import Click, address_of, person_of
from linktrack.clicks.judging.rules.by_address import CROWDS
from linktrack.clicks.judging.rules.by_person import BURSTS, REPEATS, REPEATS_ANYWHERE, SWEEP_MS, TRAP_MS
from linktrack.clicks.judging.rules.by_request import JUNK_MS, PROBE_MS
from linktrack.clicks.judging.rules.judged import REACH, JunkRequest, Probe, Verdict
from linktrack.clicks.judging.rules.reasons import REASONS, WEAK, deciding, in_order
from linktrack.clicks.judging.verdicts import judge
from linktrack.links.tokens import NOBODY

HOURS = 7_200.0  # seconds after the sending, when nothing of it matters any more


def row(starts: float, step: float, count: int, *, shipment: int = 1, agent: int = PERSON) -> list[Click]:
    """`count` clicks on places of their own, `step` seconds apart."""
    return [click(starts + step * number, number + 1, shipment=shipment, agent=agent) for number in range(count)]


def crowd(recipients: int, each: int, step: float, flags: int = 0) -> list[Click]:
    """Recipients one after the other, of each of whose mails the same address opens `each` links."""
    return sorted(
        click(HOURS + step * person + step * link / 8, link + 1, person=person, flags=flags)
        for person in range(recipients)
        for link in range(each)
    )


def each_of(recipients: int, starts: float, place: int, first: int = 0) -> list[Click]:
    """One place of each of some mails, half a second apart, from one address."""
    return [click(HOURS + starts + number / 2, place, person=first + number) for number in range(recipients)]


SESSIONS: list[tuple[str, list[Click], list[Verdict]]] = [
    ("one click", [click(HOURS)], [(H, "")]),
    ("a double click", [click(HOURS), click(HOURS + 0.3)], [(H, "")] * 2),
    ("two links in a tenth of a second", row(HOURS, 0.1, 2), [(H, "")] * 2),
    ("three tabs opened in five seconds", row(HOURS, 2.5, 3), [(H, "")] * 3),
    ("three places in a second and a half", row(HOURS, 0.75, 3), [(S, "burst")] * 3),
    ("three places a millisecond further apart", [*row(HOURS, 0.75, 2), click(HOURS + 1.501, 3)], [(H, "")] * 3),
    ("four places in two and a half seconds", row(HOURS, 2.5 / 3, 4), [(S, "burst")] * 4),
    ("four places a little further apart", [*row(HOURS, 2.5 / 3, 3), click(HOURS + 2.501, 4)], [(H, "")] * 4),
    ("five places in five seconds", row(HOURS, 1.25, 5), [(S, "burst")] * 5),
    ("five places a little further apart", [*row(HOURS, 1.25, 4), click(HOURS + 5.001, 5)], [(H, "")] * 5),
    ("three clicks on one place in a second and a half", [click(HOURS + n / 2, number=n) for n in range(3)],
     [(H, "")] * 3),
    ("three places in two second stamps of a log", [click(HOURS), click(HOURS + 1, 2), click(HOURS + 1, 3)],
     [(S, "burst")] * 3),
    ("three places in three second stamps", row(HOURS, 1, 3), [(H, "")] * 3),
    ("a click just before a burst, and one just after",
     [click(HOURS - 3, 8), *row(HOURS, 0.2, 3), click(HOURS + 3.4, 9)],
     [(H, ""), *[(S, "burst")] * 3, (H, "")]),
    ("a burst of one kind, and a minute later one of another",
     [*row(HOURS, 0.7, 3), *row(HOURS + 60, 2.5 / 3, 4)], [(S, "burst")] * 7),
    ("all four links of a mail in ten seconds", row(HOURS, 3.3, 4, shipment=2), [(S, "sweep")] * 4),
    ("all four links in ten seconds to the last click",
     [*row(HOURS, 3.3, 3, shipment=2), click(HOURS + 10, 4, shipment=2)], [(S, "sweep")] * 4),
    ("all four links a little slower", [*row(HOURS, 3.3, 3, shipment=2), click(HOURS + 10.001, 4, shipment=2)],
     [(H, "")] * 4),
    ("four of ten links in ten seconds", row(HOURS, 3.3, 4), [(H, "")] * 4),
    ("all three links of a mail of three links", row(HOURS, 3.3, 3, shipment=4), [(H, "")] * 3),
    ("four places of four links, two of them the same link",
     [click(HOURS + n * 3.3, n + 1, link=max(1, n), shipment=2) for n in range(4)], [(H, "")] * 4),
    ("all four links of a mail in a second", row(HOURS, 0.2, 4, shipment=2), [(S, "burst,sweep")] * 4),
    ("two people's machines, one after the other",
     [*row(HOURS, 0.2, 3), *(one._replace(recipient_id=2) for one in row(HOURS + 60, 0.2, 3))], [(S, "burst")] * 6),
    ("a person after the machine", [*row(HOURS, 0.2, 3), click(HOURS + 300, 2)], [*[(S, "burst")] * 3, (H, "")]),
    ("two people at the same moment", [click(HOURS, 1), click(HOURS, 2, person=2), click(HOURS + 0.5, 3)],
     [(H, "")] * 3),
    ("two shipments to one person at the same moment",
     [click(HOURS, 1), click(HOURS, 2, shipment=2), click(HOURS + 0.5, 3)], [(H, "")] * 3),
    ("the honeypot", [click(HOURS, TRAP)], [(S, "honeypot")]),
    ("the same recipient ten seconds before the honeypot", [click(HOURS - 10, 1), click(HOURS, TRAP)],
     [(S, "honeypot-neighbour"), (S, "honeypot")]),
    ("the same recipient more than ten seconds before it", [click(HOURS - 10.001, 1), click(HOURS, TRAP)],
     [(H, ""), (S, "honeypot")]),
    ("the same recipient ten seconds after it", [click(HOURS, TRAP), click(HOURS + 10, 1)],
     [(S, "honeypot"), (S, "honeypot-neighbour")]),
    ("the same recipient more than ten seconds after it", [click(HOURS, TRAP), click(HOURS + 10.001, 1)],
     [(S, "honeypot"), (H, "")]),
    ("another recipient's click beside the honeypot", [click(HOURS, TRAP), click(HOURS + 1, 1, person=2)],
     [(S, "honeypot"), (H, "")]),
    ("an agent that names itself", [click(HOURS, agent=TOOL)], [(S, "agent:tool")]),
    ("a preview", [click(HOURS, agent=PREVIEW)], [(P, "agent:preview")]),
    ("a preview in a burst", row(HOURS, 0.2, 3, agent=PREVIEW), [(S, "burst,agent:preview")] * 3),
    ("a tool in a burst: both are said, the agent first", row(HOURS, 0.2, 3, agent=TOOL),
     [(S, "agent:tool,burst")] * 3),
    ("a tool that soon after sending comes from a network: the strong reason decides",
     [click(3, agent=TOOL, network=CLOUD)], [(S, "agent:tool,network,soon-after-sending")]),
    ("a preview soon after sending", [click(3, agent=PREVIEW)], [(P, "agent:preview,soon-after-sending")]),
    ("a prefetching browser", [click(HOURS, flags=PREFETCH)], [(P, "purpose-header")]),
    ("a preview that says it prefetches", [click(HOURS, agent=PREVIEW, flags=PREFETCH)],
     [(P, "agent:preview,purpose-header")]),
    ("the mail service says so", [click(HOURS, flags=MACHINE)], [(S, "service-flag")]),
    ("the mail service says so of a preview", [click(HOURS, agent=PREVIEW, flags=MACHINE)],
     [(S, "service-flag,agent:preview")]),
    ("the mail service says so of a burst: its word comes first",
     [one._replace(flags=MACHINE) for one in row(HOURS, 0.2, 3)], [(S, "service-flag,burst")] * 3),
    ("three places at once with a token that many share, each from an address of its own",
     [click(HOURS + n / 5, n + 1, person=NOBODY, ip=f"192.0.{n}.0") for n in range(3)], [(H, "")] * 3),
    ("three places at once with a token that many share, from one address",
     [click(HOURS + n / 5, n + 1, person=NOBODY) for n in range(3)], [(S, "burst")] * 3),
    ("a shipment of whose sending nothing is known, beside one that was just sent",
     [click(3), click(3, shipment=9, number=1)], [(H, "soon-after-sending"), (H, "")]),
    ("at the moment of sending", [click(0)], [(H, "soon-after-sending")]),
    ("ten seconds after it", [click(10)], [(H, "soon-after-sending")]),
    ("more than ten seconds after it", [click(10.001)], [(H, "")]),
    ("before the sending", [click(-0.001)], [(H, "")]),
    ("a network that people share with machines, alone", [click(HOURS, network=CLOUD)], [(H, "network")]),
    ("mail servers' network, alone", [click(HOURS, network=SERVERS)], [(H, "network")]),
    ("a network, soon after sending", [click(3, network=CLOUD)], [(S, "network,soon-after-sending")]),
    ("the workspace's own network", [click(HOURS, network=OWN)], [(S, "network")]),
    ("a test shipment", [click(HOURS, shipment=3, agent=TOOL)], [(T, "test-shipment")]),
    ("a POST to a test shipment", [click(HOURS, shipment=3, flags=POST)], [(T, "test-shipment")]),
    ("a POST amid a burst", [*row(HOURS, 0.2, 2), click(HOURS + 0.4, 3, flags=POST)],
     [(S, "burst"), (S, "burst"), (H, "posted")]),
    ("a POST that a mail provider's machine sends", [click(3, agent=TOOL, network=OWN, flags=POST | MACHINE)],
     [(H, "posted")]),
    ("a look at the unsubscribe page, and the POST", [click(HOURS, 7), click(HOURS + 2, 7, flags=POST)],
     [(H, ""), (H, "posted")]),
    ("an office of thirty that reads one link in a minute", crowd(30, 1, 2), [(H, "")] * 30),
    ("an office of thirty that reads three links each in an hour", crowd(30, 3, 120), [(H, "")] * 90),
    ("one address with two links each of ten mails in a minute", crowd(10, 2, 6), [(S, "many-recipients")] * 20),
    ("two links each of nine mails", crowd(9, 2, 6), [(H, "")] * 18),
    ("twice the same link each of ten mails",
     [click(HOURS + n * 6 + more, person=n) for n in range(10) for more in (0, 1)], [(H, "")] * 20),
    ("two links each of ten mails with another agent each",
     sorted(click(HOURS + n * 6 + link, link + 1, person=n, agent=(1, OTHER)[n % 2])
            for n in range(10) for link in range(2)), [(H, "")] * 20),
    ("two links each of ten mails, and a third recipient's single click amid them",
     sorted([*crowd(10, 2, 6), click(HOURS + 30.1, person=77)]),
     [*[(S, "many-recipients")] * 11, (H, ""), *[(S, "many-recipients")] * 9]),
    ("one link each of twelve mails, and another one twice more than a minute later",
     [*each_of(12, 0, 1), *each_of(12, 70, 2), *each_of(12, 76, 2)], [(H, "")] * 36),
    ("one link each of twelve mails, and a minute later the same and another one",
     [*each_of(12, 0, 1), *each_of(12, 70, 1), *each_of(12, 76, 2)],
     [*[(H, "")] * 12, *[(S, "many-recipients")] * 24]),
    ("two links each of nine mails, and of a tenth one too early",
     [click(HOURS - 10, 1, person=9), *each_of(9, 30, 1), *each_of(10, 54, 2), click(HOURS + 59.5, 2, person=9)],
     [(H, "")] * 21),
    ("two links each of ten mails in a minute to the last click", [*each_of(10, 0, 1), *each_of(10, 55.5, 2)],
     [(S, "many-recipients")] * 20),
    ("two links each of ten mails, both at once, from one second to that a minute later",
     sorted(click(HOURS + n * 60 / 9, link, person=n) for n in range(10) for link in (1, 2)),
     [(S, "many-recipients")] * 20),
    ("two links each of five mails, and of five others more than a minute later",
     [*each_of(5, 0, 1), *each_of(5, 3, 2), *(one for n in range(4) for one in each_of(5, 70 + n * 3, n % 2 + 1, 5))],
     [(H, "")] * 30),
    ("two links each of ten mails, of one of which a third was opened too early",
     [click(HOURS - 50, 3), click(HOURS, 1), click(HOURS + 1, 2), *each_of(9, 2, 1, 2), *each_of(9, 12, 2, 2)],
     [(H, ""), *[(S, "many-recipients")] * 20]),
    ("two links each of ten mails behind a trusted proxy", crowd(10, 2, 6, flags=SHARED), [(H, "")] * 20),
    ("two links each of ten mails with no address kept",
     sorted(click(HOURS + n * 6 + link, link + 1, person=n, ip="") for n in range(10) for link in range(2)),
     [(H, "")] * 20),
]  # fmt: skip


@pytest.mark.parametrize(("clicks", "wanted"), [pytest.param(c, w, id=name) for name, c, w in SESSIONS])
def test_sessions(clicks: list[Click], wanted: list[Verdict]) -> None:
    assert judge(clicks, BY) == wanted


def test_no_clicks_have_no_verdicts() -> None:
    assert judge([], BY, [head(1)], [junk(1)]) == []


@pytest.mark.parametrize(
    ("probe", "wanted"),
    [
        pytest.param(head(HOURS - 1), (S, "head-request"), id="HEAD, then GET"),
        pytest.param(head(HOURS + 5), (S, "head-request"), id="GET, then HEAD"),
        pytest.param(head(HOURS - 10), (S, "head-request"), id="HEAD ten seconds before"),
        pytest.param(head(HOURS - 10.001), (H, ""), id="HEAD longer before"),
        pytest.param(head(HOURS + 10.001), (H, ""), id="HEAD longer after"),
        pytest.param(head(HOURS, place=2), (H, ""), id="HEAD of another placement"),
        pytest.param(head(HOURS, person=2), (H, ""), id="HEAD for another recipient"),
        pytest.param(head(HOURS, shipment=2), (H, ""), id="HEAD in another shipment"),
    ],
)
def test_head_requests(probe: Probe, wanted: Verdict) -> None:
    assert judge([click(HOURS)], BY, [probe]) == [wanted]


def test_a_head_request_with_a_token_that_many_share_says_nothing_of_others() -> None:
    assert judge([click(HOURS, person=NOBODY)], BY, [head(HOURS, person=NOBODY)]) == [(H, "")]


@pytest.mark.parametrize(
    ("request_", "clicked", "wanted"),
    [
        pytest.param(junk(HOURS - 10), click(HOURS), (S, "malformed-neighbour"), id="ten seconds before"),
        pytest.param(junk(HOURS + 10), click(HOURS), (S, "malformed-neighbour"), id="ten seconds after"),
        pytest.param(junk(HOURS - 10.001), click(HOURS), (H, ""), id="longer before"),
        pytest.param(junk(HOURS + 10.001), click(HOURS), (H, ""), id="longer after"),
        pytest.param(junk(HOURS, "198.51.100.0"), click(HOURS), (H, ""), id="from another address"),
        pytest.param(junk(HOURS, ""), click(HOURS, ip=""), (H, ""), id="where no address is kept"),
        pytest.param(junk(HOURS), click(HOURS, flags=SHARED), (H, ""), id="a click through a trusted proxy"),
        pytest.param(junk(HOURS), click(HOURS, flags=POST), (H, "posted"), id="beside a POST"),
        pytest.param(junk(HOURS), click(HOURS, shipment=3), (T, "test-shipment"), id="in a test"),
    ],
)
def test_junk_requests(request_: JunkRequest, clicked: Click, wanted: Verdict) -> None:
    assert judge([clicked], BY, (), [junk(HOURS - 99), request_]) == [wanted]


@pytest.mark.parametrize(
    ("seconds", "machines"),
    [
        pytest.param([n / 100 for n in range(5_000)], 4_995, id="5,000 GETs in 50 seconds"),
        pytest.param([0, 0.4, 0.8, 1.2, 2], 0, id="five clicks in two seconds"),
        pytest.param([0, 0.4, 0.8, 1.2, 1.6, 2], 1, id="six clicks in two seconds"),
        pytest.param([0, 0.4, 0.8, 1.2, 1.6, 2.001], 0, id="six clicks a little slower"),
        pytest.param(list(range(11)), 1, id="eleven in ten seconds"),
        pytest.param([*range(10), 10.001], 0, id="eleven a little slower"),
        pytest.param([n * 20 + n % 3 * 2 for n in range(16)], 1, id="sixteen in five minutes"),
        pytest.param([n * 21 + n % 3 * 2 for n in range(300)], 0, id="one every twenty-one seconds or so"),
        pytest.param([n * 20 for n in range(300)], 295, id="one every twenty seconds, all the time"),
        pytest.param([n * 60 for n in range(300)], 295, id="one a minute"),
        pytest.param([n * 10 for n in range(6)], 1, id="six with even pauses"),
        pytest.param([n * 10 for n in range(5)], 0, id="five with even pauses"),
        pytest.param([n * 9.999 for n in range(6)], 0, id="six with even pauses as short as fingers tap"),
        pytest.param([0, 20, 40, 60, 80, 101.001], 0, id="six with pauses that differ by a little more"),
        pytest.param([0, 20, 40, 60, 80, 101], 1, id="six with pauses that differ by a second"),
        pytest.param([0, 20, 40, 62.1, 82.1, 102.1], 0, id="six with pauses that differ"),
        pytest.param([n * 60.01 for n in range(300)], 0, id="pauses over more than five minutes"),
        pytest.param(
            [0, 40, 90, 150, 170, 260, *(400 + n * 61 for n in range(20))],
            0,
            id="the same after six within five minutes",
        ),
        pytest.param([*(n / 100 for n in range(50)), 900], 45, id="a person a quarter of an hour after the machine"),
    ],
)
def test_repetition_beyond_what_fingers_do(seconds: list[float], machines: int) -> None:
    """The earlier ones keep their verdict."""
    found = judge(sorted(click(HOURS + at, number=n) for n, at in enumerate(seconds)), BY)
    assert found.count((S, "repetition")) == machines
    assert found.count((H, "")) == len(seconds) - machines
    assert found[:5] == [(H, "")] * 5


@pytest.mark.parametrize(
    "clicks",
    [
        pytest.param([click(HOURS + n / 100, ip=f"192.0.{n}.0") for n in range(20)], id="from as many addresses"),
        pytest.param([click(HOURS + n / 100, person=n) for n in range(20)], id="by as many people"),
    ],
)
def test_what_is_no_repetition(clicks: list[Click]) -> None:
    """A mail that somebody has put where many read it is clicked by many, with one token."""
    assert judge(clicks, BY) == [(H, "")] * 20


@pytest.mark.parametrize(
    ("every", "count", "machines"),
    [
        pytest.param(0.01, 5_000, 4_950, id="5,000 in 50 seconds"),
        pytest.param(0.2, 51, 1, id="fifty-one in ten seconds"),
        pytest.param(0.6, 101, 1, id="a hundred and one in a minute"),
        pytest.param(0.601, 300, 0, id="a public page whose many readers click"),
    ],
)
def test_repetition_from_everywhere(every: float, count: int, machines: int) -> None:
    """One recipient's link, each time from another address. One that comes a millisecond too late is a person's."""
    clicks = [click(HOURS + n * every, ip=f"192.{n // 250}.{n % 250}.0", number=n) for n in range(count)]
    found = judge(clicks, BY)
    assert found.count((S, "repetition")) == machines
    assert found.count((H, "")) == count - machines
    later = judge([*clicks[:-1], clicks[-1]._replace(clicked_at=clicks[-1].clicked_at + 1)], BY)
    assert later.count((S, "repetition")) == (0 if machines == 1 else machines)


def in_turn(recipients: int, links: int, gap: float, every: float) -> list[Click]:
    """Links of one mail after the other, `gap` seconds apart, a new mail `every` so many seconds."""
    return sorted(
        click(HOURS + person * every + link * gap, link + 1, person=person)
        for person in range(recipients)
        for link in range(links)
    )


@pytest.mark.parametrize(
    "clicks",
    [
        pytest.param(in_turn(80, 8, 4, 15), id="eight links each, four seconds apart"),
        pytest.param(in_turn(150, 8, 6, 50), id="one mail after the other, with a pause"),
        pytest.param(in_turn(400, 3, 4, 15), id="three links each"),
    ],
)
def test_a_slow_scanner_at_one_address(clicks: list[Click]) -> None:
    assert set(judge(clicks, BY)) == {(S, "many-recipients")}


@pytest.mark.parametrize(
    "clicks",
    [
        pytest.param(in_turn(9, 3, 4, 15), id="nine people with three links each"),
        pytest.param(in_turn(4, 8, 4, 15), id="four people with all links"),
        pytest.param(in_turn(40, 3, 8, 45), id="an office of readers, less than seven in five minutes"),
    ],
)
def test_slow_readers_of_one_office(clicks: list[Click]) -> None:
    assert set(judge(clicks, BY)) == {(H, "")}


def test_all_clicks_of_a_mail_that_joins_a_crowd_are_its() -> None:
    """Also what it had opened twice before."""
    late = [click(HOURS + 31 + n / 10, min(n, 1) + 1 if n == 2 else 1, person=77, number=n) for n in range(3)]
    verdicts = dict(zip(clicks := sorted([*crowd(10, 2, 3), *late]), judge(clicks, BY), strict=True))
    assert {verdicts[c] for c in late} == {(S, "many-recipients")}


def test_scanners_at_some_addresses_are_found_beside_as_many_clicks_that_have_none() -> None:
    crowds = [
        one._replace(ip=f"192.0.{n}.0", recipient_id=100 * n + one.recipient_id)
        for n in range(9)
        for one in crowd(10, 2, 6)
    ]
    nameless = [click(HOURS + 3 * n, person=1000 + n, ip="") for n in range(20)]
    clicks = sorted([*crowds, *nameless])
    wanted = [(S, "many-recipients") if one.ip else (H, "") for one in clicks]
    assert judge(clicks, BY) == wanted


def test_several_addresses_asked_for_again_and_again_are_each_counted_for_themselves() -> None:
    clicks = sorted(click(HOURS + n * 1.9 / 8, 1 + n % 2, number=n) for n in range(8))
    assert judge(clicks, BY) == [(H, "")] * 8


@pytest.mark.parametrize(
    ("verdict", "wanted"),
    [
        pytest.param((H, ""), "", id="a person"),
        pytest.param((H, "network,soon-after-sending"), "", id="a person in spite of weak reasons"),
        pytest.param((H, "posted"), "posted", id="a POST"),
        pytest.param((S, "agent:tool,burst,network"), "agent:tool", id="the first of several"),
        pytest.param((S, "network,soon-after-sending"), "network", id="weak reasons that are enough together"),
        pytest.param((T, "test-shipment"), "test-shipment", id="a test"),
    ],
)
def test_the_reason_that_decides(verdict: Verdict, wanted: str) -> None:
    assert deciding(verdict) == wanted


def test_weak_reasons_come_last_and_every_reason_has_one_place() -> None:
    assert len(set(REASONS)) == len(REASONS)
    assert set(REASONS[-len(WEAK) :]) == WEAK
    assert in_order({"soon-after-sending", "burst", "agent:tool", "agent:gateway"}) == (
        "agent:gateway,agent:tool,burst,soon-after-sending"
    )


def test_the_reach_is_the_widest_window() -> None:
    widest = [width for *_, width in (*BURSTS, *REPEATS, *REPEATS_ANYWHERE, *CROWDS)]
    assert max(*widest, SWEEP_MS, TRAP_MS, PROBE_MS, JUNK_MS) == REACH


# --- laws ----------------------------------------------------------------------------------------------------------


def busy(chance: random.Random, count: int, seconds: float) -> list[Click]:
    """Clicks so close together that every rule has something to say."""
    return sorted(
        click(
            round(chance.uniform(0, seconds), chance.choice((0, 3))), chance.choice((1, 1, 1, 2, 3, 4, 5, 6, TRAP)),
            person=chance.choice((1, 2, chance.randint(1, 40))), ip=chance.choice(("192.0.2.0", "203.0.113.0", "")),
            agent=chance.choice((1, 1, 1, TOOL)), shipment=chance.choice((1, 1, 2)), number=number,
            flags=chance.choice((0, 0, 0, 0, POST, PREFETCH, SHARED)), network=chance.choice((0, 0, 0, 2)),
        )
        for number in range(count)
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_a_stretch_judged_alone_with_its_surroundings_is_judged_the_same(seed: int) -> None:
    """What makes piecewise judging exact: nothing beyond `REACH` bears on a click."""
    chance = random.Random(seed)
    clicks = busy(chance, 9_000, 1_600)
    probes = [head(chance.uniform(0, 1_600), chance.randint(1, 6), chance.randint(1, 40)) for _ in range(60)]
    tried = [junk(chance.uniform(0, 1_600)) for _ in range(30)]
    whole = dict(zip(clicks, judge(clicks, BY, probes, tried), strict=True))
    reasons = {reason for _, found in whole.values() for reason in found.split(",")}
    assert {"burst", "sweep", "honeypot-neighbour", "many-recipients", "repetition", "malformed-neighbour"} <= reasons
    cuts = sorted({0, *(chance.randint(0, 1_600_000) for _ in range(9)), 1_600_001})
    start = clicks[0].clicked_at
    for low, high in pairwise(cuts):
        near = [c for c in clicks if low - REACH <= c.clicked_at - start < high + REACH]
        for c, verdict in zip(near, judge(near, BY, probes, tried), strict=True):
            if low <= c.clicked_at - start < high:
                assert verdict == whole[c]


@given(st.randoms(use_true_random=False), st.integers(1, 80))
def test_more_clicks_acquit_nobody(chance: random.Random, count: int) -> None:
    """What makes evidence last: a scanner's click is one whatever else turns up, so no row is ever taken back.

    But for a crowd that has no address, which is told by its share of what its agent does, and is no evidence.
    """
    clicks = busy(chance, count, 60)
    some = [c for c in clicks if chance.random() < 0.6]
    all_of_them = dict(zip(clicks, judge(clicks, BY), strict=True))
    for c, (verdict, reasons) in zip(some, judge(some, BY), strict=True):
        if verdict == S and not (reasons == "many-recipients" and not address_of(c)):
            assert all_of_them[c][0] == S
            acquitted = set(reasons.split(",")) - set(all_of_them[c][1].split(","))
            assert acquitted <= (set() if address_of(c) else {"many-recipients"}), "which is evidence of no address"


def test_a_mail_of_which_nothing_is_known_is_judged_by_fixed_numbers() -> None:
    unknown = replace(BY, links={})
    assert judge(row(HOURS, 60, 10), unknown) == [(H, "")] * 10
    assert judge(row(HOURS, 1, 20), unknown) == judge(row(HOURS, 1, 20), BY)
    assert judge(nameless(in_turn(1, 7, 5, 0)), unknown) == [(S, "sweep")] * 7


ONE = click(HOURS, person=7)
KEPT = {
    "a click of an hour that is over": (replace(BY, final=ONE.clicked_at + 1), True),
    "one of the moment": (replace(BY, final=ONE.clicked_at), False),
    "one of who was forgotten": (replace(BY, nobodies=frozenset({7})), True),
    "one of somebody else": (replace(BY, nobodies=frozenset({8})), False),
    "any other": (BY, False),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_stored_click_keeps_its_verdict(case: str) -> None:
    surroundings, kept = KEPT[case]
    assert surroundings.is_final(ONE) is kept


def test_those_who_share_a_token_are_told_apart_by_address_and_agent() -> None:
    others = (ONE._replace(agent_id=OTHER), ONE._replace(ip="198.51.100.0"), ONE._replace(clicked_at=0))
    assert {person_of(one) for one in others} == {person_of(ONE)}
    nobodies = [one._replace(recipient_id=NOBODY) for one in (ONE, *others)]
    first, by_agent, by_address, later = map(person_of, nobodies)
    assert first == later and len({first, by_agent, by_address, person_of(ONE)}) == 4


def nameless(clicks: list[Click]) -> list[Click]:
    """The same, stored without an address."""
    return [one._replace(ip="") for one in clicks]


def shared(clicks: list[Click]) -> list[Click]:
    """The same, behind a trusted proxy that hands no address on."""
    return [one._replace(ip="10.0.0.0", flags=SHARED) for one in clicks]


SWEEP = in_turn(1, 8, 5, 0)
TWO_BROWSERS = [click(HOURS, 1), click(HOURS + 4, 2, agent=OTHER)]
CROWD = [one._replace(recipient_id=one.recipient_id + 1) for one in in_turn(12, 2, 5, 3)]


@pytest.mark.parametrize(
    ("clicks", "reason"),
    [
        pytest.param(SWEEP, "sweep", id="eight links of a mail in a minute"),
        pytest.param(TWO_BROWSERS, "two-browsers", id="two links with two browsers in four seconds"),
        pytest.param([click(HOURS, 1), click(HOURS + 5, 2, agent=OTHER)], "two-browsers", id="in five seconds"),
        pytest.param(
            [*TWO_BROWSERS, *(one._replace(clicked_at=one.clicked_at + 20_000) for one in TWO_BROWSERS)],
            "two-browsers",
            id="and again a little later",
        ),
        pytest.param(CROWD, "many-recipients", id="one agent, twelve mails, two links of each"),
    ],
)
@pytest.mark.parametrize("how", [nameless, shared])
def test_without_addresses_agents_have_to_do(
    clicks: list[Click], reason: str, how: Callable[[list[Click]], list[Click]]
) -> None:
    assert set(judge(how(clicks), BY)) == {(S, reason)}
    assert all(reason not in reasons for _, reasons in judge(clicks, BY)) or reason == "many-recipients"


@pytest.mark.parametrize(
    "clicks",
    [
        pytest.param(in_turn(1, 6, 5, 0), id="six links of a mail"),
        pytest.param(in_turn(1, 8, 9, 0), id="eight links in more than a minute"),
        pytest.param([click(HOURS, 1), click(HOURS + 5.001, 2, agent=OTHER)], id="two browsers a little later"),
        pytest.param([click(HOURS, 1), click(HOURS + 4, 1, agent=OTHER)], id="one link in two browsers"),
        pytest.param(in_turn(9, 2, 5, 3), id="nine readers with one agent"),
        pytest.param(sorted([*CROWD, *(click(HOURS + 2 * n, person=50 + n) for n in range(12))]),
                     id="as many readers of one link among them"),
    ],
)  # fmt: skip
def test_readers_without_addresses(clicks: list[Click]) -> None:
    assert set(judge(nameless(clicks), BY)) == {(H, "")}
