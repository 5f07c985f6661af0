"""How well verdicts tell machines from people: a made campaign (see `campaign`), judged whole, against its truth.

    python bench/verdict_quality.py [--seed N] [--scale X] [--ip truncate|full|none] [--proxy] [--seconds]

Two figures are held against each other: people taken for machines (at most 0.5 % of their clicks, aim 0.2 %; in the
office of a gateway at most 2 %), and machines found (at least 95 % of clicks). `--proxy` shows the log that a server
behind a trusted proxy writes that hands no address on, with one for all: some 92 % are found then. What is missed looks like a
reader one by one, and only its address tells it: one link a mail, or some with a reader's pauses, and what stands beside
junk; the recipients' domains may tell some of these, which is not tried yet. `--seconds` shows one whose times are whole seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from campaign import GET, HEAD, JUNK, PLACES, TRAP, Campaign, Request
from measuring import options_of

from linktrack.click_marks import HUMAN, SHARED
from linktrack.clicks.click import Click
from linktrack.clicks.judging.agents import agent_signal, family_of
from linktrack.clicks.judging.changes import changes
from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.judging.reputation import evidence, known_scanners, with_reputation
from linktrack.clicks.judging.rules.judged import JunkRequest, Probe, Signal, Surroundings, Verdict
from linktrack.clicks.judging.rules.reasons import deciding
from linktrack.clicks.judging.verdicts import judge
from linktrack.clicks.logs.visitor import Visitors
from linktrack.settings.tables import PRIVATE_NETWORKS

PROXY = "10.0.0.7"
HAMMER = "5,000 of one address"  # listed, but not in the sums, which it would decide alone
Judged = list[tuple[Request, Verdict, Verdict]]  # with the verdicts of the first and the second pass


def judged(campaign: Campaign, ip: str, proxy: bool, resolution: int) -> Judged:
    """Every click of a campaign with its verdicts, from a log with times of this resolution in milliseconds."""
    agents = sorted({request.agent for request in campaign.requests})
    numbers = {agent: number for number, agent in enumerate(agents)}
    networks = Networks()
    names = ["", *sorted({name for _, name in networks.named})]
    visitors = Visitors(PRIVATE_NETWORKS, networks.named, ip)
    rows: list[tuple[Click, Request]] = []
    probes: list[Probe] = []
    junk: list[JunkRequest] = []
    for number, request in enumerate(campaign.requests):
        moment = round(request.at * 1000) // resolution * resolution
        kept, name, shared = visitors.kept((PROXY if proxy else request.ip).encode())
        if request.method == GET:
            network = names.index(name)
            link = 1 if request.place == PLACES else request.place
            person = (request.shipment, request.recipient)
            flags = request.flags | (SHARED if shared else 0)
            click = Click(moment, number, link, request.place, *person, kept, network, numbers[request.agent], flags)
            rows.append((click, request))
        elif request.method == HEAD:
            probes.append(Probe(moment, number, request.place, request.shipment, request.recipient))
        elif request.method == JUNK:
            junk.append(JunkRequest(moment, number, "" if shared else kept))
    rows.sort()
    memo: dict[str, Signal] = {}
    by = Surroundings(
        agent=lambda number: agent_signal(agents[number], memo),
        family=lambda number: family_of(agents[number]),
        network=lambda number: networks.weight(names[number]),
        sent_at={shipment: sent * 1000 for shipment, sent in campaign.sent_at.items()},
        tests=frozenset(),
        traps=frozenset({TRAP}),
        links=dict.fromkeys(campaign.sent_at, PLACES - 1),
    )
    clicks = [click for click, _ in rows]
    first = judge(clicks, by, probes, junk)
    second = with_reputation(clicks, first, known_scanners(evidence(clicks, first, by)), by)
    return [(request, before, after) for (_, request), before, after in zip(rows, first, second, strict=True)]


def by_kind(result: Judged, machine: bool) -> Iterable[tuple[str, int, int, int, int]]:
    """Kind, clicks and visits of it, and how many of each were taken for a machine's (a visit: any click of it)."""
    clicks: Counter[str] = Counter()
    found: Counter[str] = Counter()
    visits: dict[str, dict[int, bool]] = {}
    for request, _, verdict in result:
        if request.machine == machine:
            clicks[request.kind] += 1
            found[request.kind] += verdict[0] != HUMAN
            visit = visits.setdefault(request.kind, {})
            visit[request.visit] = visit.get(request.visit, False) or verdict[0] != HUMAN
    for kind in sorted(clicks):
        yield kind, clicks[kind], found[kind], len(visits[kind]), sum(visits[kind].values())


def show(label: str, rows: Iterable[tuple[str, int, int, int, int]]) -> None:
    print(f"{label:36} {'clicks':>7} {'as machine':>11} {'share':>8} {'visits':>8} {'as machine':>11} {'share':>8}")
    sums = [0, 0, 0, 0]
    for kind, *figures in rows:
        print(_line(kind, figures))
        if kind != HAMMER:
            sums = [one + more for one, more in zip(sums, figures, strict=True)]
    print(_line(f"all {label}", sums), "\n")


def _line(kind: str, figures: list[int]) -> str:
    clicks, found, visits, seen = figures
    shares = (f"{found / clicks:8.2%}", f"{seen / visits:8.2%}")
    return f"{kind:36} {clicks:7} {found:11} {shares[0]} {visits:8} {seen:11} {shares[1]}"


def show_reasons(result: Judged) -> None:
    """What each reason decides: of machines' clicks and of people's; and what reputation moves."""
    counts = Counter((deciding(verdict), request.machine) for request, _, verdict in result if verdict[0] != HUMAN)
    print(f"{'reason':36} {'machines':>9} {'people':>9}")
    for reason in sorted({reason for reason, _ in counts}):
        print(f"{reason:36} {counts[reason, True]:9} {counts[reason, False]:9}")
    print(f"\n{'without and with reputation':36} {'before':>9} {'after':>9}")
    for one in changes(Counter(row[1] for row in result), Counter((row[1], row[2]) for row in result)):
        if one.reason and one.before != one.after:
            print(f"{one.reason:36} {one.before:9} {one.after:9}")


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of recipients")
    parser.add_argument("--ip", choices=("truncate", "full", "none"), default="truncate")
    parser.add_argument("--proxy", action="store_true")
    parser.add_argument("--seconds", action="store_true")
    options = parser.parse_args()
    campaign = Campaign(options.seed, options.scale)
    result = judged(campaign, options.ip, options.proxy, 1000 if options.seconds else 1)
    show("machines", by_kind(result, machine=True))
    show("people", by_kind(result, machine=False))
    beside = [row for row in result if row[0].kind.endswith("beside the gateway")]
    wronged = sum(verdict[0] != HUMAN for _, _, verdict in beside)
    print(f"people in the office of a gateway taken for machines: {wronged / len(beside):.2%} (at most 2 %)")
    least = (
        "at least 95 %, which is not reached without addresses"
        if options.proxy or options.ip == "none"
        else "at least 95 %"
    )
    for machine, aim in ((True, least), (False, "at most 0.5 %, aim 0.2 %")):
        rows = [row for row in result if row[0].machine == machine and row[0].kind != HAMMER]
        share = sum(verdict[0] != HUMAN for _, _, verdict in rows) / len(rows)
        print(f"{'machines found' if machine else 'people taken for machines'}: {share:.2%} of clicks ({aim})")
    print()
    show_reasons(result)


if __name__ == "__main__":
    main()
