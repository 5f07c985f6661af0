"""The edges of the rules on many mails and on nameless agents: a link, a mail, a millisecond more or less."""

from __future__ import annotations

import pytest
from clicks.judging.judged_clicks import BY, OTHER, H, S, click

from linktrack.clicks.click import Click
from linktrack.clicks.judging.verdicts import judge

HOURS = 7_200.0  # seconds after the sending, when nothing of it matters any more


def in_rounds(mails: int, links: int, seconds: float, *, ip: str = "192.0.2.0", start: float = HOURS) -> list[Click]:
    """So many links of so many mails, one link of each in every round: the last click so many seconds after the first."""
    count = mails * links
    return [
        click(start + seconds * at / (count - 1), at // mails + 1, person=10 + at % mails, ip=ip) for at in range(count)
    ]


@pytest.mark.parametrize(
    ("mails", "links", "seconds"),
    [
        pytest.param(10, 2, 60, id="two links each of ten mails in a minute"),
        pytest.param(10, 3, 300, id="three links each of ten mails in five minutes"),
        pytest.param(5, 6, 300, id="six links each of five mails in five minutes"),
    ],
)
def test_an_address_is_a_scanners_by_so_many_links_of_so_many_mails_in_such_a_time(
    mails: int, links: int, seconds: int
) -> None:
    crowd = in_rounds(mails, links, seconds)
    assert set(judge(crowd, BY)) == {(S, "many-recipients")}
    people = {
        "a millisecond longer": in_rounds(mails, links, seconds + 0.001),
        "a mail less": in_rounds(mails - 1, links, seconds),
        "a link less of one mail": crowd[:-1],
        "a link of one mail twice": [*crowd[:-1], crowd[-1]._replace(link_id=1)],
        "one click from another address": [crowd[0]._replace(ip="198.51.100.0"), *crowd[1:]],
        "one click with another agent": [crowd[0]._replace(agent_id=OTHER), *crowd[1:]],
    }
    assert {what: set(judge(clicks, BY)) for what, clicks in people.items()} == {what: {(H, "")} for what in people}


def test_an_agent_without_addresses_is_a_scanner_by_the_same_in_a_minute() -> None:
    crowd = in_rounds(10, 2, 60, ip="")
    assert set(judge(crowd, BY)) == {(S, "many-recipients")}
    assert set(judge(in_rounds(10, 2, 60.001, ip=""), BY)) == {(H, "")}
    assert set(judge(in_rounds(9, 2, 60, ip=""), BY)) == {(H, "")}
    assert set(judge([crowd[0]._replace(shipment_id=2), *crowd[1:]], BY)) == {(H, "")}
    of_two_mailings = [one._replace(shipment_id=1 + one.recipient_id % 2) for one in crowd]
    assert set(judge(of_two_mailings, BY)) == {(H, "")}


@pytest.mark.parametrize(("mails", "readers", "verdict"), [(20, 5, (S, "many-recipients")), (19, 5, (H, ""))])
def test_four_of_five_mails_that_a_nameless_agent_opens_make_it_a_scanner(
    mails: int, readers: int, verdict: tuple[str, str]
) -> None:
    """The others are people who have opened one link each."""
    others = [click(HOURS - 1 + number / 10, person=100 + number, ip="") for number in range(readers)]
    crowd = in_rounds(mails, 2, 50, ip="")
    assert judge([*others, *crowd], BY) == [*[(H, "")] * readers, *[verdict] * len(crowd)]


@pytest.mark.parametrize(
    ("links", "of", "seconds", "verdict"),
    [
        pytest.param(8, 10, 60, (S, "sweep"), id="eight of ten links in a minute"),
        pytest.param(8, 10, 60.001, (H, ""), id="in a little more"),
        pytest.param(7, 10, 60, (H, ""), id="seven of ten"),
        pytest.param(9, 12, 60, (S, "sweep"), id="three quarters of twelve"),
        pytest.param(8, 12, 60, (H, ""), id="less of twelve"),
        pytest.param(7, 7, 60, (S, "sweep"), id="all of seven"),
        pytest.param(6, 6, 60, (H, ""), id="all of six"),
    ],
)
def test_a_nameless_agent_sweeps_a_mail(links: int, of: int, seconds: float, verdict: tuple[str, str]) -> None:
    by = BY.__class__(**{**vars(BY), "links": {1: of}})
    assert judge(in_rounds(1, links, seconds, ip=""), by) == [verdict] * links


@pytest.mark.parametrize(("seconds", "verdict"), [(5, (S, "two-browsers")), (5.001, (H, ""))])
@pytest.mark.parametrize("agents", [(1, OTHER), (OTHER, 1)])
def test_two_browsers_are_five_seconds_apart_at_most(
    seconds: float, verdict: tuple[str, str], agents: tuple[int, int]
) -> None:
    first = click(HOURS, 1, ip="", agent=agents[0])
    again = click(HOURS + 30, 3, ip="", agent=agents[0])
    later = click(HOURS + seconds, 2, ip="", agent=agents[1])
    assert judge([first, later, again], BY) == [verdict, verdict, (H, "")]
