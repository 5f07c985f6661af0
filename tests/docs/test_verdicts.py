"""`docs/verdicts.md` has a row for each reason, in their order, with the numbers that the rules have today."""

from __future__ import annotations

import re

import pytest
from docs.player import ROOT

from linktrack.clicks.judging import reputation, verdicts
from linktrack.clicks.judging.networks import OWN_WEIGHT
from linktrack.clicks.judging.rule_files import rows_of
from linktrack.clicks.judging.rules import by_address, by_person, by_request, judged, reasons

PAGE = (ROOT / "docs" / "verdicts.md").read_text("utf-8")
ROWS = re.findall(r"^\| (`[^|]+) \| ([^|]+) \| ([^|]+) \|[^|]*\|$", PAGE, re.MULTILINE)


def seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g}"


def span(milliseconds: int) -> str:
    return f"{milliseconds // 60_000} minutes" if milliseconds > 60_000 else f"{seconds(milliseconds)} seconds"


def crowd(recipients: int, links: int, width: int) -> str:
    end = f" within {span(width)}"
    return f"{links} links each of {recipients} recipients' mails{end}" if links == 2 else f"{links} links each of {recipients}{end}"  # fmt: skip


(BURST, *MORE_BURSTS), (OFTEN, *MORE_OFTEN) = by_person.BURSTS, by_person.REPEATS
# What the row of a reason says of its numbers.
NUMBERS: dict[str, list[str]] = {
    "burst": [
        f"{BURST[0]} places of a mail in {seconds(BURST[1])} seconds",
        *(f"{least} in {seconds(width)}" for least, width in MORE_BURSTS),
    ],
    "sweep": [
        f"{by_person.SWEEP_LINKS} at least, in {span(by_person.SWEEP_MS)}",
        f"{by_address.LONG_SWEEP_LINKS} at least",
    ],
    "two-browsers": [span(by_address.BROWSERS_MS)],
    "many-recipients": [
        *(crowd(*one) for one in by_address.CROWDS),
        f"{by_address.AGENT_CROWD_LINKS} links each in {by_address.AGENT_CROWD_SHARE:.0%}".replace("%", " %"),
        f"within {span(by_address.AGENT_CROWD_MS)}, of {by_address.AGENT_CROWD} at least",
    ],
    "head-request": [span(by_request.PROBE_MS)],
    "honeypot-neighbour": [span(by_person.TRAP_MS)],
    "malformed-neighbour": [span(by_request.JUNK_MS)],
    "repetition": [
        f"more than {OFTEN[0]} clicks on one link in {span(OFTEN[1])}",
        f"{MORE_OFTEN[0][0]} in {seconds(MORE_OFTEN[0][1])} or {MORE_OFTEN[1][0]} in {span(MORE_OFTEN[1][1])}",
        f"behind {by_person.EVEN_PAUSES} even pauses",
    ],
    "known-scanner-address": [
        f"for {reputation.RECIPIENTS} other recipients",
        f"within {reputation.NEAR_MINUTES} minutes",
    ],
    "soon-after-sending": [span(verdicts.SOON_MS)],
}  # fmt: skip


def test_every_reason_has_a_row_in_the_order_in_which_they_decide() -> None:
    named = [re.findall(r"`([^`]+)`", row[0]) for row in ROWS]
    kinds = list(dict.fromkeys(name.partition(":")[0] for names in named for name in names))
    assert kinds == list(reasons.REASONS)
    agents = {f"agent:{name}": verdict for verdict, name, _ in rows_of("agents-mail.tsv") if verdict != "human"}
    told = {name: row[1] for row, names in zip(ROWS, named, strict=True) for name in names if name.startswith("agent:")}
    assert told == {**agents, "agent:machine": "scanner"}


@pytest.mark.parametrize("reason", NUMBERS)
def test_the_numbers_of_a_reason(reason: str) -> None:
    (said,) = (row[2] for row in ROWS if f"`{reason}`" in row[0])
    for words in NUMBERS[reason]:
        assert words in said


def test_weak_reasons_and_their_weights() -> None:
    assert {row[0].strip("`") for row in ROWS if row[2].startswith("weak")} == reasons.WEAK
    known = sorted({int(weight) for _, weight, _ in rows_of("networks.tsv")})
    assert known == [2, 3]
    assert (
        f"a network of the settings weighs {OWN_WEIGHT}, one that is known 2 or 3, the seconds after sending "
        f"{verdicts.SOON_WEIGHT}, an address of before {reputation.FORMER_WEIGHT}, and {verdicts.ENOUGH} are needed"
    ) in " ".join(PAGE.split())
    assert f"within {judged.REACH // 60_000} minutes of it" in " ".join(PAGE.split())
