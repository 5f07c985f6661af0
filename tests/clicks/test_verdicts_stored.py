"""Promise 4: who is a person and who a machine, and why; the same whatever the order in which clicks come in."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from clicks_world import CHROME, SENT, World, line, random_log

from linktrack.clicks.event import MACHINE, POST, PREFETCH
from linktrack.clicks.judging.agents import Networks, agent_signal
from linktrack.clicks.judging.judge import judge_all, surroundings
from linktrack.clicks.judging.verdicts import Click, Probe, Surroundings, judge
from linktrack.errors import BadInput

PERSON, SLACK, ODD = 1, 2, 3  # agents
TRAP = 99
AZURE = "40.94.1.0"
OWN = "198.51.100.0"

BY = Surroundings(
    agent={PERSON: ("human", ""), SLACK: ("scanner", "agent:slack"), ODD: ("human", "")}.__getitem__,
    network={AZURE: 2, OWN: 4}.get,  # type: ignore[arg-type]
    sent_at={1: 0, 2: 0, 3: 0},
    tests=frozenset({3}),
    traps=frozenset({TRAP}),
    links={1: 10, 2: 4, 3: 10},
)


def click(
    second: float, place: int = 1, *, person: int = 1, ip: str = "192.0.2.0", agent: int = PERSON, shipment: int = 1,
    flags: int = 0, link: int | None = None,
) -> Click:  # fmt: skip
    moment = round(second * 1000)
    return Click(moment, moment * 1000 + place, link or place, place, shipment, person, ip, agent, flags)


def head(second: float, place: int = 1, person: int = 1) -> Probe:
    return Probe(round(second * 1000), 0, place, 1, person)


H, S = "human", "scanner"
SESSIONS = [
    ("one click", [click(600)], [(H, "")]),
    ("a double click", [click(600), click(600.3)], [(H, "")] * 2),
    ("two links in two seconds", [click(600, 1), click(602, 2)], [(H, "")] * 2),
    ("three tabs opened in five seconds", [click(600, 1), click(602.5, 2), click(605, 3)], [(H, "")] * 3),
    ("three places in two seconds", [click(600 + s, s + 1) for s in range(3)], [(S, "burst")] * 3),
    ("three clicks on one place in two seconds", [click(600 + s / 2) for s in range(3)], [(H, "")] * 3),
    ("five places in six seconds", [click(600 + s * 1.5, s + 1) for s in range(5)], [(S, "burst")] * 5),
    ("all four links of a mail in ten seconds", [click(600 + s * 3.3, s + 1, shipment=2) for s in range(4)],
     [(S, "sweep")] * 4),
    ("four of ten links in ten seconds", [click(600 + s * 3.3, s + 1) for s in range(4)], [(H, "")] * 4),
    ("a person after the machine", [click(600, 1), click(600.2, 2), click(600.4, 3), click(900, 2)],
     [(S, "burst")] * 3 + [(H, "")]),
    ("two people at the same moment", [click(600, 1), click(600, 2, person=2), click(600.5, 3)], [(H, "")] * 3),
    ("the honeypot", [click(600, TRAP)], [(S, "honeypot")]),
    ("what the same recipient clicked nine seconds before the honeypot", [click(591, 1), click(600, TRAP)],
     [(S, "honeypot-neighbour"), (S, "honeypot")]),
    ("what the same recipient clicked eleven seconds after it", [click(600, TRAP), click(611, 1)],
     [(S, "honeypot"), (H, "")]),
    ("another recipient's click beside the honeypot", [click(600, TRAP), click(601, 1, person=2)],
     [(S, "honeypot"), (H, "")]),
    ("an agent that names itself", [click(600, agent=SLACK)], [(S, "agent:slack")]),
    ("a prefetching browser", [click(600, flags=PREFETCH)], [("prefetch", "purpose-header")]),
    ("the mail service says so", [click(600, flags=MACHINE)], [(S, "service-flag")]),
    ("soon after sending, alone", [click(3)], [(H, "soon-after-sending")]),
    ("a network that people share with machines, alone", [click(600, ip=AZURE)], [(H, "network")]),
    ("both together", [click(3, ip=AZURE)], [(S, "network,soon-after-sending")]),
    ("the workspace's own network", [click(600, ip=OWN)], [(S, "network")]),
    ("a test shipment", [click(600, shipment=3, agent=SLACK)], [("test", "test-shipment")]),
    ("a one-click unsubscribe amid a burst", [click(600, 1), click(600.2, 2), click(600.4, 3, flags=POST)],
     [(S, "burst"), (S, "burst"), (H, "one-click-unsubscribe")]),
    ("before the sending", [click(-60)], [(H, "")]),
    ("an office of thirty that reads one link in a minute", [click(600 + n, 1, person=n) for n in range(30)],
     [(H, "")] * 30),
    ("an office of thirty over ten minutes", [click(600 + 20 * n, n % 5, person=n) for n in range(30)],
     [(H, "")] * 30),
    ("one address with twenty recipients' mails in a minute", [click(600 + n, n % 5, person=n) for n in range(20)],
     [(S, "many-recipients")] * 20),
    ("nineteen recipients", [click(600 + n, n % 5, person=n) for n in range(19)], [(H, "")] * 19),
]  # fmt: skip


@pytest.mark.parametrize(("clicks", "wanted"), [pytest.param(c, w, id=name) for name, c, w in SESSIONS])
def test_sessions(clicks: list[Click], wanted: list[tuple[str, str]]) -> None:
    assert judge(clicks, BY) == wanted


@pytest.mark.parametrize(
    ("probe", "wanted"),
    [
        pytest.param(head(599), (S, "head-request"), id="HEAD, then GET"),
        pytest.param(head(605), (S, "head-request"), id="GET, then HEAD"),
        pytest.param(head(589), (H, ""), id="HEAD long before"),
        pytest.param(head(600, place=2), (H, ""), id="HEAD of another placement"),
        pytest.param(head(600, person=2), (H, ""), id="HEAD for another recipient"),
    ],
)
def test_head_requests(probe: Probe, wanted: tuple[str, str]) -> None:
    assert judge([click(600)], BY, [probe]) == [wanted]


def test_no_clicks_have_no_verdicts() -> None:
    assert judge([], BY, [head(1)]) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_stretch_judged_alone_with_its_surroundings_is_judged_the_same(seed: int) -> None:
    """What makes piecewise judging exact: nothing beyond `REACH` bears on a click."""
    from linktrack.clicks.judging.verdicts import REACH

    chance = random.Random(seed)
    clicks = sorted(
        click(chance.uniform(0, 900), chance.randint(1, 6), person=chance.randint(1, 40), ip="192.0.2.0",
              agent=chance.choice((PERSON, PERSON, SLACK)))
        for _ in range(400)
    )  # fmt: skip
    whole = dict(zip(clicks, judge(clicks, BY), strict=True))
    for start in range(0, 900_000, 90_000):
        near = [c for c in clicks if start - REACH <= c.clicked_at <= start + 90_000 + REACH]
        for c, verdict in zip(near, judge(near, BY), strict=True):
            if start <= c.clicked_at <= start + 90_000:
                assert verdict == whole[c]


AGENTS = [
    ("human", CHROME),
    ("human", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"),
    ("human", "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; ms-office; MSOffice 16)"),
    ("human", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)"),
    ("human", "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36"),
    ("human", "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A) AppleWebKit/537.36 Chrome/124.0 Mobile Safari/537.36 GSA/15.17.35"),
    ("human", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/459.0]"),
    ("machine", ""),
    ("machine", "-"),
    ("machine", "Mozilla/5.0"),
    ("machine", "Barracuda Sentinel (EE)"),
    ("machine", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
    ("machine", "WhatsApp/2.23.20.0"),
    ("machine", "Mozilla/5.0 (Macintosh) AppleWebKit/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"),
    ("machine", "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5"),
    ("machine", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 BingPreview/1.0b"),
    ("machine", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (compatible; Google-Safety; +http://www.google.com/bot.html)"),
    ("machine", "curl/8.5.0"),
    ("machine", "python-requests/2.31.0"),
    ("machine", "TelegramBot (like TwitterBot)"),
    ("machine", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "agent"), AGENTS, ids=[agent[:40] or "empty" for _, agent in AGENTS])
def test_agents(kind: str, agent: str) -> None:
    verdict, reason = agent_signal(agent, {})
    assert (verdict == "human") == (kind == "human")
    assert bool(reason) == (kind == "machine")


def test_networks_of_the_workspace() -> None:
    networks = Networks(["192.0.2.0/24", "2001:db8::/32", "10.0.0.0/7"])
    assert [networks.weight(ip) for ip in ("192.0.2.9", "192.0.3.9", "2001:db8:1::", "2001:db9::", "11.1.1.1", "")] == [
        4, 0, 4, 0, 4, 0,
    ]  # fmt: skip
    with pytest.raises(BadInput, match="networks"):
        Networks(["office"])


# --- in the database -----------------------------------------------------------------------------------------------


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(lines))
    return path


def verdicts(world: World) -> list[str]:
    return [f"{row[9]} {row[10]}".strip() for row in world.clicks()]


def test_a_burst_that_spans_two_imports_is_found(world: World, tmp_path: Path) -> None:
    parts = [line(world.path(place), 600) for place in (1, 2, 3)]
    world.load(write(tmp_path / "monday.log", *parts[:2]))
    assert verdicts(world) == ["human"] * 2
    summary = world.load(write(tmp_path / "tuesday.log", parts[2]))
    assert verdicts(world) == ["scanner burst"] * 3
    assert (summary.human, summary.scanner, summary.stored, summary.moved) == (0, 1, 1, 2)


def test_a_head_request_that_comes_in_a_later_import_counts(world: World, tmp_path: Path) -> None:
    world.load(write(tmp_path / "get.log", line(world.path(), 603)))
    assert verdicts(world) == ["human"]
    summary = world.load(write(tmp_path / "head.log", line(world.path(), 600, method="HEAD")))
    assert (summary.stored, summary.reasons, summary.moved) == (0, {"method": 1}, 1)
    assert verdicts(world) == ["scanner head-request"]


def test_nothing_changes_when_everything_is_judged_again(world: World, tmp_path: Path) -> None:
    """Verdicts and tallies that grew import by import are those that a look at everything gives."""
    lines = random_log(world, 21, 400)
    chance = random.Random(21)
    pieces = [lines[start : start + 40] for start in range(0, 400, 40)]
    chance.shuffle(pieces)
    for number, piece in enumerate(pieces):
        world.load(write(tmp_path / f"{number}.log", *piece))
    before = world.clicks(), world.tallies()
    with world.database() as database:
        judged = judge_all(database, surroundings(database, Networks()))
    assert (judged.clicks, judged.changed) == (len(before[0]), 0)
    assert (world.clicks(), world.tallies()) == before


def test_other_rules_move_the_reports(world: World, tmp_path: Path) -> None:
    world.load(write(tmp_path / "a.log", line(world.path(), 600, ip="203.0.113.7"), line(world.path(2), 900)))
    with world.database() as database:
        judged = judge_all(database, surroundings(database, Networks(["203.0.113.0/24"])))
        assert (judged.changed, judged.human, judged.scanner) == (1, 1, 1)
        assert database.rows("SELECT link_id, human, scanner, clickers FROM link_tally ORDER BY link_id") == [
            (101, 0, 1, 0),
            (102, 1, 0, 1),
        ]


def test_a_log_without_agents_is_not_held_against_anyone(world: World, tmp_path: Path) -> None:
    common = line(world.path(), 600).replace(b' "-" "' + CHROME.encode() + b'"', b"")
    world.load(write(tmp_path / "common.log", common))
    assert verdicts(world) == ["human"]


def test_the_time_of_a_click_is_the_logs(world: World, tmp_path: Path) -> None:
    world.load(write(tmp_path / "a.log", line(world.path(), -86_400), line(world.path(), 600, zone=330)))
    assert [row[0] for row in world.clicks()] == [SENT - 86_400_000, SENT + 600_000]
