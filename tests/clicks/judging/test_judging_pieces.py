"""Clicks that come into the database in pieces, in any order, have the verdicts of all at once: every case of the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from clicks.judging.judged_clicks import BY, SENT, S, click, head, junk
from clicks.judging.test_judging_reputation import CASES, judged, scanning
from clicks.judging.test_judging_verdicts import SESSIONS

from linktrack.clicks.click import Click, Clicks
from linktrack.clicks.judging.judge import judge_new, judge_reputation, set_rulings
from linktrack.clicks.judging.rules.judged import JunkRequest, Probe, Surroundings, Verdict
from linktrack.clicks.judging.rulings import Rulings
from linktrack.clicks.judging.stored_clicks import stored_clicks
from linktrack.store.session import Database

ROWS = {
    **{name: [*clicks, one] for name, clicks, one, _ in CASES},
    **{name: clicks for name, clicks, _ in SESSIONS},
    "a person's second visit while an address scans": [
        click._replace(recipient_id=number % 50, ip="203.0.113.0") if number % 7 == 0 else click
        for number, click in enumerate(scanning(200))
    ],
}  # fmt: skip


def come_in_pieces(
    database: Database, pieces: Sequence[Sequence[Click]], by: Surroundings = BY, probes: Sequence[Probe] = ()
) -> dict[Click, Verdict]:
    """The verdicts on all clicks that are stored in the end; HEAD requests that come with each piece are stored."""
    rulings = Rulings(database, by.rules)
    for piece in pieces:
        new = Clicks.of(sorted(piece))
        first = judge_new(database, new, probes, (), by, rulings)
        assert len(first.moved) == len({one.click for one, _ in first.moved}), "each once, or it would be counted twice"
        set_rulings(database, [(one.click, ruling) for one, ruling in first.moved])
        second = judge_reputation(database, new, first, 1, by, rulings)
        set_rulings(database, [(one.click, ruling) for one, ruling in second.moved])
        rows = ((*one, ruling, 1, "", 0) for one, ruling in zip(new, second.rulings, strict=True))
        database.insert("click", (*Click._fields, "ruling_id", "reading_id", "pressed", "passed"), rows)
    return {one.click: rulings.verdict(one.ruling) for one in stored_clicks(database, 0, 1 << 60)}


@pytest.mark.parametrize("name", ROWS)
def test_pieces_in_any_order_have_the_verdicts_of_all_at_once(database: Database, name: str) -> None:
    clicks = ROWS[name]
    last, others = clicks[-1:], clicks[:-1]
    divided = {
        "the last one later": (others, last),
        "the last one first": (last, others),
        "the later half first": (clicks[len(clicks) // 2 :], clicks[: len(clicks) // 2]),
        "every other one": (clicks[::2], clicks[1::2]),
    }
    whole = judged(clicks)
    for how, pieces in divided.items():
        found = come_in_pieces(database, [piece for piece in pieces if piece])
        assert found == whole, how
        for table in ("click", "scanner_evidence", "ruling"):
            database.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("side", [-1, 1], ids=["before", "after"])
@pytest.mark.parametrize(
    ("beside", "reason"), [(head, "head-request"), (junk, "malformed-neighbour")], ids=["HEAD", "junk"]
)
def test_what_is_beside_a_stored_click_is_not_forgotten_when_it_is_judged_again(
    database: Database, beside: Callable[[float], Probe | JunkRequest], reason: str, side: int
) -> None:
    """The new click is five minutes from it, and the request ten seconds more."""
    stored, request = click(10_000 + side * 300), beside(10_000 + side * 310)
    table = "probe" if isinstance(request, Probe) else "junk_request"
    database.insert(table, request._fields, [request])
    found = come_in_pieces(database, [[stored], [click(10_000, 2)]])
    assert found == {stored: (S, reason), click(10_000, 2): ("human", "")}


FINAL = {
    "of who was forgotten": replace(BY, nobodies=frozenset({1})),
    "of an hour that is over": replace(BY, final=SENT + 9_000_000),
}


@pytest.mark.parametrize("why", FINAL)
def test_a_stored_click_keeps_its_verdict_whatever_comes(database: Database, why: str) -> None:
    """It lacks what it would be judged by. By what stands beside it, and by what its address does."""
    places = [click(6_500 + place / 5, place) for place in (1, 2, 3)]
    found = come_in_pieces(database, [places[:2], places[2:]], FINAL[why])
    assert [found[one] for one in places] == [("human", ""), ("human", ""), (S, "burst")]
    visit = click(6_060, ip="203.0.113.0")
    found = come_in_pieces(database, [[visit], scanning()], FINAL[why])
    assert found[visit] == ("human", "")


def test_an_address_is_a_scanners_whatever_other_mailing_is_in_the_same_log(database: Database) -> None:
    one, other = click(6_060, ip="203.0.113.0"), click(6_061, ip="198.51.100.0", shipment=2, person=7)
    assert come_in_pieces(database, [scanning(), [one, other]])[one] == (S, "known-scanner-address")


@pytest.mark.parametrize("second", [6_020, 6_038, 6_040], ids=["ten seconds before", "just after", "ten seconds after"])
def test_a_head_request_alone_moves_what_stands_beside_the_click_that_it_makes_a_scanners(
    database: Database, second: float
) -> None:
    """Its recipient's mail was looked at in that minute before, so the evidence is not new."""
    asked = click(6_030, 5, person=100, ip="203.0.113.0")
    beside = click(second, 6, person=100, ip="203.0.113.0")
    before = come_in_pieces(database, [[*scanning(), asked, beside]])
    assert before[asked] == before[beside] == ("human", "scanner-address")
    probe = head(6_030, 5, person=100)
    database.insert("probe", probe._fields, [probe])
    after = come_in_pieces(database, [[]], BY, [probe])
    assert (after[asked], after[beside]) == ((S, "head-request"), (S, "known-scanner-address"))


def test_a_stored_click_between_two_new_ones_is_judged_once(database: Database) -> None:
    """Six links of each of five mails, but for one; then that one, long before and long after, each near enough."""
    stored = [
        click(9_000 + 4 * place + person / 10, place + 1, person=200 + person)
        for person in range(5)
        for place in range(6)
        if (person, place) != (4, 5)
    ]
    new = [click(second, 6, person=204) for second in (9_000 - 270, 9_000 + 290)]
    assert set(come_in_pieces(database, [stored]).values()) == {("human", "")}
    found = come_in_pieces(database, [new])
    assert found == judged([*stored, *new])
    assert (S, "many-recipients") in found.values()
