"""How well verdicts tell machines from people: precision and recall over labelled sessions.

    python bench/verdict_quality.py [SESSIONS] [--seed N]

The sessions are made, not recorded: each kind follows the documented behaviour of a gateway, a prefetcher or a
preview, or of people at their fastest and oddest. A sender's own log has other shares of each kind, so read the rows,
not the sum. Two figures are held against each other: people taken for machines, and machines taken for people.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterator

from linktrack.clicks.event import PREFETCH
from linktrack.clicks.judging.agents import Networks, agent_signal
from linktrack.clicks.judging.verdicts import Click, Probe, Surroundings, judge
from linktrack.clicks.logs.visitor import Visitors

PLACES = 10  # of the mail: places 1 to 9 lead to nine links, place 10 to the first one again
TRAP = 99
DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36 Edg/{0}.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
)
PHONES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/459.0]",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Mobile Safari/537.36",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; ms-office; MSOffice 16)",
)


class Scene:
    """What a session does: requests with their times in seconds after the sending."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self.chance = chance
        self.person = number * 100
        self.requests: list[tuple[float, int, int, str, str, int]] = []
        self.heads: list[tuple[float, int, int]] = []

    def get(self, at: float, place: int, agent: str, ip: str, *, person: int = 0, flags: int = 0) -> None:
        self.requests.append((at, place, self.person + person, ip, agent, flags))

    def agent(self, *names: str) -> str:
        return self.chance.choice(names).format(self.chance.randint(100, 130))

    def head(self, at: float, place: int) -> None:
        self.heads.append((at, place, self.person))

    def places(self, count: int) -> list[int]:
        return self.chance.sample(range(1, PLACES + 1), count)

    def ip(self, net: str = "") -> str:
        parts = net.split(".") if net else [str(self.chance.choice((31, 78, 81, 90, 193, 213)))]
        return ".".join(parts + [str(self.chance.randint(1, 254)) for _ in range(4 - len(parts))])

    def burst_start(self) -> float:
        """Seconds after sending at which a gateway looks: 66 % within 20-60 s, 28 % within 1-5 min, few outside."""
        kind = self.chance.random()
        span = (20, 60) if kind < 0.66 else (60, 300) if kind < 0.94 else (10, 20) if kind < 0.97 else (300, 3600)
        return self.chance.uniform(*span)

    def later(self) -> float:
        return self.chance.lognormvariate(9, 1.6) + 20  # people: a median of two hours


# --- machines ------------------------------------------------------------------------------------------------------


def safe_links(scene: Scene) -> None:
    """All links within a second, from several addresses of one network, with the agent of an ordinary browser."""
    at, agent = scene.burst_start(), scene.agent(*DESKTOP[:2])
    for place in scene.places(PLACES):
        scene.get(at + scene.chance.uniform(0, 1), place, agent, scene.ip("40.94"))


def safe_links_with_head(scene: Scene) -> None:
    """HEAD first, GET for some of the links."""
    at, agent = scene.burst_start(), scene.agent(*DESKTOP[:2])
    for place in scene.places(scene.chance.randint(1, 4)):
        scene.head(at, place)
        scene.get(at + scene.chance.uniform(0.1, 2), place, agent, scene.ip("40.94"))


def one_link_looked_at_later(scene: Scene) -> None:
    """A gateway opens one link again, hours later, from a cloud address: nothing but its network may show."""
    scene.get(scene.later(), scene.places(1)[0], scene.agent(*DESKTOP), scene.ip("40.94"))


def sandbox(scene: Scene) -> None:
    """Two to four links in a sandbox with disguised browsers, a second or two apart."""
    at = scene.burst_start()
    for place in scene.places(scene.chance.randint(2, 4)):
        scene.get(at, place, scene.agent(*DESKTOP), scene.ip(scene.chance.choice(("67.231", "205.139", "18.203"))))
        at += scene.chance.uniform(0.2, 1.6)


def slow_sandbox(scene: Scene) -> None:
    """All links one after the other, up to two seconds each."""
    at, agent, ip = scene.burst_start(), scene.agent(*DESKTOP), scene.ip("205.139")
    for place in scene.places(PLACES):
        scene.get(at, place, agent, ip)
        at += scene.chance.uniform(0.3, 2)


def every_link_and_the_trap(scene: Scene) -> None:
    """A gateway that follows whatever there is, the invisible link too."""
    at, agent = scene.burst_start(), scene.agent(*DESKTOP)
    for place in [*scene.places(scene.chance.randint(1, PLACES)), TRAP]:
        scene.get(at, place, agent, scene.ip("64.235"))
        at += scene.chance.uniform(0.1, 3)


def gateway_with_a_name(scene: Scene) -> None:
    names = (
        "Barracuda Sentinel (EE)",
        "Mozilla/5.0 (compatible; Google-Safety)",
        "proofpoint-urldefense/1.0",
        "urlscan.io",
    )
    scene.get(scene.burst_start(), scene.places(1)[0], scene.agent(*names), scene.ip())


def one_gateway_for_many(scene: Scene) -> None:
    """A company's gateway opens a link or two of each of its people's mails, from one address."""
    at, agent, ip = scene.burst_start(), scene.agent(*DESKTOP), scene.ip()
    for person in range(scene.chance.randint(25, 60)):
        for place in scene.places(scene.chance.randint(1, 2)):
            scene.get(at, place, agent, ip, person=person)
        at += scene.chance.uniform(0.05, 1.2)


def preview_in_a_chat(scene: Scene) -> None:
    names = (
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "WhatsApp/2.23.20.0 A", "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
        "Mozilla/5.0 (Macintosh) AppleWebKit/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    )  # fmt: skip
    scene.get(scene.later(), scene.places(1)[0], scene.agent(*names), scene.ip())


def browser_that_prefetches(scene: Scene) -> None:
    scene.get(scene.later(), scene.places(1)[0], scene.agent(*DESKTOP), scene.ip(), flags=PREFETCH)


def mail_program_that_prefetches(scene: Scene) -> None:
    scene.get(scene.burst_start(), scene.places(1)[0], "Mozilla/5.0", scene.ip("17.58"))


def tool(scene: Scene) -> None:
    names = ("curl/8.5.0", "python-requests/2.31.0", "Go-http-client/1.1", "", "Mozilla/5.0 (X11) HeadlessChrome/{0}.0")
    scene.get(scene.later(), scene.places(1)[0], scene.agent(*names), scene.ip())


# --- people --------------------------------------------------------------------------------------------------------


def one_click(scene: Scene) -> None:
    scene.get(scene.later(), scene.places(1)[0], scene.agent(*DESKTOP, *PHONES), scene.ip())


def double_click(scene: Scene) -> None:
    at, place, agent, ip = scene.later(), scene.places(1)[0], scene.agent(*DESKTOP), scene.ip()
    for _ in range(scene.chance.randint(2, 3)):
        scene.get(at, place, agent, ip)
        at += scene.chance.uniform(0.1, 1)


def reader(scene: Scene) -> None:
    """Several links, with the time to look at each."""
    at, agent, ip = scene.later(), scene.agent(*DESKTOP, *PHONES), scene.ip()
    for place in scene.places(scene.chance.randint(2, 6)):
        scene.get(at, place, agent, ip)
        at += scene.chance.lognormvariate(3.2, 0.9)


def opens_tabs(scene: Scene) -> None:
    """Two to four links opened in tabs of their own, one quick click after the other."""
    at, agent, ip = scene.later(), scene.agent(*DESKTOP), scene.ip()
    for place in scene.places(scene.chance.randint(2, 4)):
        scene.get(at, place, agent, ip)
        at += max(0.6, scene.chance.lognormvariate(0.75, 0.5))


def reads_at_once(scene: Scene) -> None:
    """The mail opens with its arrival, and the first click comes within seconds."""
    scene.get(scene.chance.uniform(2, 40), scene.places(1)[0], scene.agent(*PHONES), scene.ip())


def forwards(scene: Scene) -> None:
    """Clicks, and so do a few others to whom the mail was forwarded; with the same token, perhaps at the same time."""
    for _ in range(scene.chance.randint(2, 5)):
        scene.get(scene.later(), scene.places(1)[0], scene.agent(*DESKTOP, *PHONES), scene.ip())


def office(scene: Scene) -> None:
    """Many people behind one address, with the same browser, in a quarter of an hour."""
    at, ip, agent = (
        scene.later(),
        scene.ip(),
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36",
    )
    for person in range(scene.chance.randint(10, 40)):
        scene.get(at + scene.chance.uniform(0, 900), scene.places(1)[0], agent, ip, person=person)


def behind_the_cloud(scene: Scene) -> None:
    """A person whose company goes out through the network that its gateway uses too."""
    scene.get(scene.later(), scene.places(1)[0], scene.agent(*DESKTOP[:2]), scene.ip("40.94"))


MACHINES: tuple[Callable[[Scene], None], ...] = (
    safe_links, safe_links_with_head, one_link_looked_at_later, sandbox, slow_sandbox, every_link_and_the_trap,
    gateway_with_a_name, one_gateway_for_many, preview_in_a_chat, browser_that_prefetches, mail_program_that_prefetches,
    tool,
)  # fmt: skip
PEOPLE: tuple[Callable[[Scene], None], ...] = (
    one_click, double_click, reader, opens_tabs, reads_at_once, forwards, office, behind_the_cloud,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sessions", nargs="?", type=int, default=300, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print(f"{'kind of session':34} {'clicks':>7} {'as machine':>11} {'as person':>10}   {'right':>7}")
    totals: Counter[tuple[str, bool]] = Counter()
    number = 0
    for label, kinds in (("machine", MACHINES), ("person", PEOPLE)):
        for kind in kinds:
            counts: Counter[bool] = Counter()
            for _ in range(options.sessions):
                number += 1
                scene = Scene(chance, number)
                kind(scene)
                counts.update(verdicts(scene))
            total = counts.total()
            right = counts[label == "machine"] / total
            print(f"{kind.__name__.replace('_', ' '):34} {total:7} {counts[True]:11} {counts[False]:10}   {right:7.1%}")
            for machine, count in counts.items():
                totals[label, machine] += count
        print()
    caught, missed = totals["machine", True], totals["machine", False]
    wronged, seen = totals["person", True], totals["person", False]
    print(f"machines: precision {caught / (caught + wronged):.2%}, recall {caught / (caught + missed):.2%}")
    print(
        f"people taken for machines {wronged / (wronged + seen):.2%}, machines taken for people {missed / (caught + missed):.2%}"
    )


def verdicts(scene: Scene) -> Iterator[bool]:
    """Whether each click of a session is taken for a machine's."""
    agents: list[str] = []
    clicks: list[Click] = []
    for at, place, person, ip, agent, flags in scene.requests:
        if agent not in agents:
            agents.append(agent)
        kept = VISITORS.kept(ip.encode())[0]
        link = 1 if place == PLACES else place
        clicks.append(Click(round(at * 1000), len(clicks), link, place, 1, person, kept, agents.index(agent), flags))
    probes = [Probe(round(at * 1000), index, place, 1, person) for index, (at, place, person) in enumerate(scene.heads)]
    by = Surroundings(
        agent=lambda index: agent_signal(agents[index], {}),
        network=NETWORKS.weight,
        sent_at={1: 0},
        tests=frozenset(),
        traps=frozenset({TRAP}),
        links={1: PLACES - 1},
    )
    for verdict, _ in judge(sorted(clicks), by, probes):
        yield verdict != "human"


NETWORKS = Networks()
VISITORS = Visitors(None, [], "truncate")

if __name__ == "__main__":
    main()
