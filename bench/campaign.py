"""A made campaign with its truth: several shipments, thousands of recipients, and who or what made each request.

Each kind follows the documented behaviour of a gateway, a prefetcher or a preview, or of people at their fastest and
oddest. The same seed makes the same campaign. A sender's own log has other shares of each kind.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from linktrack.click_marks import PREFETCH

PLACES = 10  # of the mail: places 1 to 9 lead to nine links, place 10 to the first one again
TRAP = 99
GET, HEAD, JUNK = "GET", "HEAD", "JUNK"
DELIVERIES = (600, 2_700, 10_800)  # seconds that the shipments take to be delivered
DAY = 86_400

WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36 Edg/{0}.0.0.0",
)
DESKTOP = (
    *WINDOWS,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
)
PEOPLE = (
    *DESKTOP,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/459.0]",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Mobile Safari/537.36",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; ms-office; MSOffice 16)",
)
SELDOM = (  # one person in fifty
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Snapchat/12.80.0.34 (like Safari/8617.2.4.10.8, panda)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36 Avast/{0}.0.0.0",
    "Amazon CloudFront",
)


class Request(NamedTuple):
    """One request of the log, with its truth: whose it is, and with which others it is one visit."""

    at: float  # seconds
    shipment: int
    recipient: int
    place: int
    method: str
    ip: str  # whole
    agent: str
    flags: int
    kind: str
    machine: bool
    visit: int


class Office(NamedTuple):
    """The recipients of one domain: where they sit, and what looks at their mail before them."""

    domain: str
    address: str  # of its people; empty when each sits at home
    gateway: Callable[[Mail], None] | None
    people: str  # the kind that its people are of
    size: int


class Mail:
    """One recipient's mail of one shipment, delivered, and what is done with it."""

    def __init__(self, campaign: Campaign, office: Office, recipient: int, shipment: int, delivered: float) -> None:
        self.campaign = campaign
        self.chance = campaign.chance
        self.office = office
        self.recipient = recipient
        self.shipment = shipment
        self.delivered = delivered
        self.kind = ""
        self.machine = True
        self.visit = 0

    def begin(self, kind: str, machine: bool) -> None:
        """A visit of somebody, or something, begins."""
        self.kind, self.machine = kind, machine
        self.campaign.visits += 1
        self.visit = self.campaign.visits

    def ask(self, at: float, place: int, agent: str, ip: str, method: str = GET, flags: int = 0) -> None:
        self.campaign.requests.append(
            Request(at, self.shipment, self.recipient, place, method, ip, agent, flags, self.kind, self.machine, self.visit)
        )  # fmt: skip

    def places(self, least: int, most: int = 0) -> list[int]:
        return self.chance.sample(range(1, PLACES + 1), self.chance.randint(least, most or least))

    def agent(self, names: tuple[str, ...]) -> str:
        return self.chance.choice(names).format(self.chance.randint(110, 130))

    def looked_at(self) -> float:
        """When a gateway looks: 66 % within 20-60 s of delivery, 28 % within 1-5 min, few outside."""
        kind = self.chance.random()
        span = (20, 60) if kind < 0.66 else (60, 300) if kind < 0.94 else (10, 20) if kind < 0.97 else (300, 3_600)
        return self.delivered + self.chance.uniform(*span)

    def read_at(self) -> float:
        """When a person reads: a median of two hours after delivery."""
        return self.delivered + 20 + self.chance.lognormvariate(9, 1.6)

    def somewhere(self, *nets: str) -> str:
        """An address in one of the networks, given by their first octets."""
        parts = self.chance.choice(nets or ("31", "78", "81", "90", "193", "213")).split(".")
        return ".".join(parts + [str(self.chance.randint(1, 254)) for _ in range(4 - len(parts))])


# --- machines ------------------------------------------------------------------------------------------------------

POOL = ("18.203.7", "18.203.8", "52.17.40")  # a vendor's addresses that no list names
ISOLATION = ("165.225.10", "165.225.11", "165.225.12")


def burst(mail: Mail, kind: str, nets: tuple[str, ...], least: int = 5) -> None:
    """Most links within a second, from the addresses of a pool, with the agent of an ordinary browser."""
    mail.begin(kind, machine=True)
    at, agent = mail.looked_at(), mail.agent(WINDOWS)
    for place in mail.places(least, PLACES):
        mail.ask(at + mail.chance.uniform(0, 1), place, agent, mail.somewhere(*nets))


def single(mail: Mail, kind: str, nets: tuple[str, ...]) -> None:
    mail.begin(kind, machine=True)
    mail.ask(mail.looked_at(), mail.places(1)[0], mail.agent(WINDOWS), mail.somewhere(*nets))


def slow(mail: Mail, kind: str, nets: tuple[str, ...]) -> None:
    """Two to six links, with a pause like a reader's between them."""
    mail.begin(kind, machine=True)
    at, agent = mail.looked_at(), mail.agent(DESKTOP)
    for place in mail.places(2, 6):
        mail.ask(at, place, agent, mail.somewhere(*nets))
        at += mail.chance.uniform(2, 60)


def sandbox(mail: Mail, kind: str, nets: tuple[str, ...]) -> None:
    """Two to four links with disguised browsers, a second or two apart."""
    mail.begin(kind, machine=True)
    at = mail.looked_at()
    for place in mail.places(2, 4):
        mail.ask(at, place, mail.agent(DESKTOP), mail.somewhere(*nets))
        at += mail.chance.uniform(0.2, 1.6)


def known_cloud(mail: Mail) -> None:
    """A gateway of a known network: mostly bursts, some links with HEAD first, and one link looked at much later."""
    if mail.chance.random() < 0.8:
        burst(mail, "burst from a known network", ("40.94.10", "40.94.11", "40.94.27", "40.94.90"))
    else:
        mail.begin("HEAD, then GET", machine=True)
        at, agent = mail.looked_at(), mail.agent(WINDOWS)
        for place in mail.places(1, 4):
            ip = mail.somewhere("40.94.10", "40.94.11")
            mail.ask(at, place, agent, ip, HEAD)
            mail.ask(at + mail.chance.uniform(0.1, 2), place, agent, ip)
    if mail.chance.random() < 0.01:
        mail.begin("one link much later", machine=True)
        mail.ask(mail.read_at(), mail.places(1)[0], mail.agent(WINDOWS), mail.somewhere("40.94.10"))


def shared_pool(mail: Mail) -> None:
    """A vendor whose pool looks at mails in several ways."""
    how = mail.chance.choices((burst, sandbox, single, slow), (45, 20, 20, 15))[0]
    how(mail, f"{how.__name__} from a shared pool", POOL)


def on_premises(mail: Mail) -> None:
    """A gateway in the office: its people share its address. It leaves one mail in ten alone."""
    how = mail.chance.choices((burst, sandbox, single, None), (70, 10, 10, 10))[0]
    if how:
        how(mail, "gateway in the office", (mail.office.address.rpartition(".")[0],))


def first_link(mail: Mail) -> None:
    """A gateway that opens the first link only, and everything in one mail of eight."""
    if mail.chance.random() < 0.125:
        burst(mail, "first link only, this time all", ("62.99.5",))
        return
    mail.begin("first link only", machine=True)
    mail.ask(mail.looked_at(), 1, mail.agent(WINDOWS), mail.somewhere("62.99.5"))


def only_first_link(mail: Mail) -> None:
    """A gateway in the cloud that opens the first link and never anything else."""
    mail.begin("first link and nothing else", machine=True)
    mail.ask(mail.looked_at(), 1, WINDOWS[0].format(124), mail.somewhere("91.207.3"))


def before_isolation(mail: Mail) -> None:
    """An isolation vendor's scanner looks at some mails from the addresses that its people browse from."""
    if mail.chance.random() < 0.3:
        burst(mail, "scanner of the isolation", ISOLATION)


def with_junk(mail: Mail) -> None:
    """A prober that asks for a mutated token beside the good one."""
    mail.begin("junk beside a good click", machine=True)
    at, agent, ip = mail.looked_at(), mail.agent(WINDOWS), mail.somewhere()
    good = mail.chance.uniform(0, 8)
    for _ in range(mail.chance.randint(1, 3)):
        mail.ask(at + mail.chance.uniform(0, 8), 0, agent, ip, JUNK)
    mail.ask(at + good, mail.places(1)[0], agent, ip)


def into_the_trap(mail: Mail) -> None:
    """A gateway that follows whatever there is, the invisible link too."""
    mail.begin("honeypot follower", machine=True)
    at, agent, ip = mail.looked_at(), mail.agent(WINDOWS), mail.somewhere("193.44")
    for place in [*mail.places(1, PLACES), TRAP]:
        mail.ask(at, place, agent, ip)
        at += mail.chance.uniform(0.1, 2)


def with_a_name(mail: Mail) -> None:
    names = ("Barracuda Sentinel (EE)", "proofpoint-urldefense/1.0", "urlscan.io", "curl/8.5.0", "-")
    mail.begin("agent that names itself", machine=True)
    for place in mail.places(1, 3):
        mail.ask(mail.looked_at(), place, mail.agent(names), mail.somewhere())


def one_for_many(mail: Mail) -> None:
    """A company's gateway with one address and agent: several links of each mail, with pauses."""
    mail.begin("one gateway for many", machine=True)
    at = mail.delivered + 30
    for place in mail.places(2, 4):
        mail.ask(at, place, WINDOWS[0].format(120), "217.6.20.9")
        at += mail.chance.uniform(2.5, 9)


def slow_for_many(mail: Mail) -> None:
    """The same, slower: one mail after the other, most links of each."""
    mail.begin("one slow gateway for many", machine=True)
    at = mail.delivered + 30
    for place in mail.places(7, 9):
        mail.ask(at, place, WINDOWS[0].format(120), "217.6.21.9")
        at += mail.chance.uniform(3.5, 6)


# --- people --------------------------------------------------------------------------------------------------------


def people(mail: Mail) -> None:
    """What a person does with the mail: mostly nothing."""
    chance = mail.chance
    if chance.random() > 0.3:
        return
    how = chance.choices(
        ("one click", "double click", "several links", "tabs", "at once", "comes back", "forwards", "prefetch", "chat"),
        (57, 8, 17, 6, 2, 5, 2, 2, 1),
    )[0]
    place = mail.office.people
    mail.begin(f"{how}, {place}", machine=False)
    at, agent = mail.read_at(), mail.agent(SELDOM if chance.random() < 0.02 else PEOPLE)
    ip = mail.office.address or mail.somewhere()
    if place == "behind isolation":
        agent, ip = mail.agent(DESKTOP), mail.somewhere(*ISOLATION)
    elif place in ("in an office", "at headquarters") and chance.random() < 0.7:
        agent = WINDOWS[0].format(124)
    if how == "one click":
        mail.ask(at, mail.places(1)[0], agent, ip)
    elif how == "double click":
        link = mail.places(1)[0]
        for _ in range(chance.randint(2, 3)):
            mail.ask(at, link, agent, ip)
            at += chance.uniform(0.1, 1)
    elif how == "several links":
        for link in mail.places(2, 6):
            mail.ask(at, link, agent, ip)
            at += chance.lognormvariate(3.2, 0.9)
    elif how == "tabs":
        for link in mail.places(2, 4):
            mail.ask(at, link, agent, ip)
            at += max(0.6, chance.lognormvariate(0.75, 0.5))
    elif how == "at once":
        mail.ask(mail.delivered + chance.uniform(2, 40), mail.places(1)[0], agent, ip)
    elif how == "comes back":
        for _ in range(chance.randint(2, 6)):
            mail.ask(at, mail.places(1)[0], agent, ip)
            at += chance.uniform(60, DAY)
    elif how == "forwards":
        for _ in range(chance.randint(2, 5)):
            mail.ask(mail.read_at(), mail.places(1)[0], mail.agent(PEOPLE), mail.somewhere())
    else:
        link = mail.places(1)[0]
        mail.ask(at, link, agent, ip)
        mail.begin("prefetching browser" if how == "prefetch" else "preview in a chat", machine=True)
        if how == "prefetch":
            mail.ask(at - 2, link, agent, ip, flags=PREFETCH)
        else:
            mail.ask(at + 60, link, "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", mail.somewhere())


OFFICES = (
    *(Office(f"home{n}.example", "", None, "at home", 1_000) for n in range(3)),
    *(Office(f"office{n}.example", f"81.7.{n}.20", None, "in an office", 150) for n in range(4)),
    *(Office(f"known{n}.example", f"81.8.{n}.20", known_cloud, "in an office", 120) for n in range(4)),
    *(Office(f"pool{n}.example", f"81.9.{n}.20", shared_pool, "in an office", 60) for n in range(10)),
    *(Office(f"premises{n}.example", f"81.10.{n}.20", on_premises, "beside the gateway", 100) for n in range(6)),
    *(Office(f"first{n}.example", f"81.11.{n}.20", first_link, "in an office", 50) for n in range(4)),
    Office("nothing-else.example", "81.12.1.20", only_first_link, "in an office", 40),
    *(Office(f"isolated{n}.example", "", before_isolation, "behind isolation", 80) for n in range(4)),
    *(Office(f"probed{n}.example", f"81.13.{n}.20", with_junk, "in an office", 30) for n in range(2)),
    *(Office(f"trapped{n}.example", f"81.14.{n}.20", into_the_trap, "in an office", 40) for n in range(2)),
    *(Office(f"named{n}.example", f"81.15.{n}.20", with_a_name, "in an office", 40) for n in range(2)),
    Office("one-for-many.example", "81.16.1.20", one_for_many, "in an office", 120),
    Office("slow-for-many.example", "81.17.1.20", slow_for_many, "in an office", 80),
    Office("headquarters.example", "81.18.1.20", None, "at headquarters", 1_000),
)


class Campaign:
    """All requests of some shipments, in the order of time."""

    def __init__(self, seed: int, scale: float = 1.0) -> None:
        self.chance = random.Random(seed)
        self.requests: list[Request] = []
        self.visits = 0
        self.sent_at = {number: 1_750_000_000 + number * 3 * DAY for number in range(1, len(DELIVERIES) + 1)}
        for shipment, takes in enumerate(DELIVERIES, 1):
            recipient = 0
            for office in OFFICES:
                at_once = office.gateway is one_for_many  # one batch for one company
                start = self.chance.uniform(0, takes)
                for turn in range(round(office.size * scale)):
                    recipient += 1
                    when = start + self.chance.uniform(0, 60) if at_once else self.chance.uniform(0, takes)
                    if office.gateway is slow_for_many:
                        when = start + turn * (15, 30, 50)[shipment - 1]
                    mail = Mail(self, office, recipient, shipment, self.sent_at[shipment] + when)
                    if office.gateway:
                        office.gateway(mail)
                    people(mail)
        self._hammer(recipient)
        self.requests.sort()

    def _hammer(self, recipient: int) -> None:
        """5,000 requests for one address within 50 seconds."""
        mail = Mail(self, OFFICES[0], recipient + 1, 1, self.sent_at[1])
        mail.begin("5,000 of one address", machine=True)
        for number in range(5_000):
            mail.ask(self.sent_at[1] + 9_000 + number / 100, 3, WINDOWS[0].format(121), "77.1.2.3")
