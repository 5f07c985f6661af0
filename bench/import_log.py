"""Import of a combined log: rate and peak memory beside wc, grep, mawk and GoAccess, on the same file and machine.

    python bench/import_log.py [LINES] [--recipients N] [--keep DIR]

Makes a workspace with 40 placements and a log with 60 % tracked addresses, 0.1 % junk and 0.2 % bad tokens,
imports it as a fresh process, imports it again, and then once more with 10,000 new lines behind it. Processor time
is the one to compare where the machine has other work; linktrack reads a long log in a second process.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from made_clicks import MADE_WITH, REDIRECT
from measuring import (
    Timing,
    apart,
    copied,
    folder_to_work_in,
    in_turn,
    linktrack,
    most,
    options_of,
    processor,
    timed,
    wall,
    write_byte_code,
)

START = 1_777_885_200
PLACEMENTS = 40


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("lines", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="where to leave workspace and log for the next time")
    options = parser.parse_args()
    write_byte_code()
    with folder_to_work_in(options.keep) as folder:
        log, again, grown, fresh = folder / "access.log", folder / "again.log", folder / "grown.log", folder / "fresh"
        if not log.exists():
            apart(make_workspace, fresh, options.recipients)
            apart(make_log, fresh, log, options.lines, options.recipients)
        print(f"{options.lines:,} lines, {log.stat().st_size / 1e6:.1f} MB, load {os.getloadavg()[0]:.2f}\n")
        print(f"{'what':34} {'median s':>9} {'min s':>7} {'cpu s':>7} {'lines/s':>10} {'peak MB':>8}")
        peers = {"wc -l": ["wc", "-l", str(log)], "grep -c": ["grep", "-c", "/pl", str(log)]}
        if shutil.which("mawk"):
            count = '{split($7,a,"/"); if (a[2] ~ /^pl/) {h[a[2]]++; if (!((a[2],a[3]) in s)) {s[a[2],a[3]]=1; u[a[2]]++}}} '
            peers["mawk: hits and uniques"] = ["mawk", count + "END {for (k in h) print k, h[k], u[k]}", str(log)]
        if shutil.which("goaccess"):
            peers["GoAccess, JSON"] = goaccess(log)
        work = folder / "work"
        commands = {name: partial(timed, command) for name, command in peers.items()}
        commands["linktrack, everything new"] = partial(imported, fresh, work, log)
        runs = dict(zip(commands, in_turn(options.runs, *commands.values()), strict=True))
        with log.open("rb") as source, again.open("wb") as copy:
            copy.write(b"\n")  # not the same file any more, so it is read line by line
            shutil.copyfileobj(source, copy)
        runs["linktrack, all lines seen before"] = [timed(linktrack(work, "click", "import", again))]
        again.unlink()
        shutil.copy(log, grown)
        apart(make_log, fresh, grown, 10_000, options.recipients, START + 90 * 86_400, True)
        runs["linktrack, 10,000 lines behind it"] = [timed(linktrack(work, "click", "import", grown))]
        grown.unlink()
        for name, timings in runs.items():
            show(name, timings, 10_000 if "10,000" in name else options.lines)
        ours = runs["linktrack, everything new"]
        for name, sentence in (
            ("GoAccess, JSON", "linktrack is {:.2f} times as fast as GoAccess ({:.2f} times by processor time)"),
            ("mawk: hits and uniques", "mawk, which only counts, is {:.2f} times as fast as linktrack ({:.2f})"),
        ):
            if name in runs:
                ratios = [pair(runs[name]) / pair(ours) for pair in (wall, processor)]
                print(sentence.format(*(ratios if "GoAccess" in name else [1 / ratio for ratio in ratios])))


def show(name: str, runs: list[Timing], lines: int) -> None:
    seconds, least = wall(runs), min(run.wall for run in runs)
    rate = lines / seconds
    print(f"{name:34} {seconds:9.2f} {least:7.2f} {processor(runs):7.2f} {rate:10,.0f} {most(runs):8.0f}", flush=True)


def imported(fresh: Path, work: Path, log: Path) -> Timing:
    """The import of a log into a workspace that has no click yet."""
    return timed(linktrack(copied(fresh, work), "click", "import", log))


def goaccess(log: Path) -> list[str]:
    """What counts the same log and keeps nothing."""
    return ["goaccess", str(log), "--log-format=COMBINED", "-o", str(log.with_suffix(".json")), "--no-progress"]


def key_of(placement: int) -> str:
    return "pl" + "abcdefghijklmnopqrstuvwxyz"[placement // 26] + "abcdefghijklmnopqrstuvwxyz"[placement % 26]


def make_workspace(root: Path, recipients: int) -> None:
    from linktrack.clicks.rollups.counts import count_sent
    from linktrack.store.opening import open_database
    from linktrack.upkeep.making import init_workspace
    from linktrack.workspace import load_workspace

    init_workspace(root, "https://click.example.com")
    with open_database(load_workspace(root)) as database, database.transaction():
        database.execute(
            "INSERT INTO mailing (id, name, subject, type, html, settings, created_at) VALUES (1, 'm', '', '', ?, '{}', 0)",
            (b"",),
        )
        for number in range(1, PLACEMENTS + 1):
            database.execute(
                "INSERT INTO link (id, key, identity, name, kind, url, response, created_at, updated_at) "
                "VALUES (?, ?, ?, '', 'registered', 'https://www.example.com/', ?, 0, 0)",
                (100 + number, f"link-{number}", f"link-{number}", REDIRECT),
            )
            database.execute(
                'INSERT INTO placement (id, key, mailing_id, link_id, position, part, kind, label, url, start, stop, line, "column") '
                "VALUES (?, ?, 1, ?, ?, 'html', 'a', '', '', 0, 0, 1, 1)",
                (number, key_of(number), 100 + number, number),
            )
        database.executemany(
            "INSERT INTO recipient (id, contact_id, email, name, fields) VALUES (?, ?, ?, '', '{}')",
            [(number, str(number), f"{number}@example.com") for number in range(1, recipients + 1)],
        )
        database.execute(
            "INSERT INTO shipment (id, number, mailing_id, sent_at, is_test, recipients, settings, created_at, "
            "finished_at) VALUES (1, 1, 1, ?, ?, ?, ?, 0, 0)",
            (START * 1000, False, recipients, MADE_WITH),
        )
        database.insert(
            "shipment_recipient",
            ("shipment_id", "recipient_id", "position", "email", "name"),
            [(1, number, number, f"{number}@{number % 50}.example.com", "") for number in range(1, recipients + 1)],
        )
        count_sent(database)


def signer_of(root: Path) -> Callable[[int], str]:
    """What makes the tokens of the recipients of the workspace's only shipment."""
    from linktrack.links.signing_keys import open_keys
    from linktrack.store.opening import open_database
    from linktrack.workspace import load_workspace

    workspace = load_workspace(root)
    with open_database(workspace) as database:
        return open_keys(workspace, database).tokens.signer(1)


def make_log(
    workspace: Path,
    log: Path,
    lines: int,
    recipients: int,
    start: int = START,
    append: bool = False,
    *,
    agents: int = 0,
    bursts: float = 0,
) -> None:
    """A log by 6,000 agents, told apart by their versions; with `agents` by so many, each of a name of its own. This
    share of its lines are `bursts` of a scanner, which opens all places of a mail within two seconds."""
    chance = random.Random(1)
    sign = signer_of(workspace)
    usual = made_agents(chance, 6_000)
    second = float(start)
    begins = bursts / (PLACEMENTS - (PLACEMENTS - 1) * bursts)  # how probable it is that a line is the first of a burst
    waiting: list[bytes] = []
    with log.open("ab" if append else "wb", buffering=1 << 20) as out:
        for line in range(lines):
            if waiting:
                out.write(waiting.pop())
                continue
            second += chance.random() * 2.6  # a million lines are a fortnight
            if begins and chance.random() < begins:
                waiting = burst(chance, sign(chance.randint(1, recipients)), second, usual[0])
                out.write(waiting.pop())
                continue
            stamp = stamp_of(second)
            kind = chance.random()
            # A person has an address and a program of their own, and sometimes others.
            person = chance.randint(1, recipients)
            home = chance if chance.random() < 0.1 else random.Random(person)
            ip = f"{home.randint(11, 220)}.{home.randint(0, 255)}.{home.randint(0, 255)}.{home.randint(1, 254)}"
            agent = usual[int(len(usual) * home.random() ** 3)]
            if agents:
                agent = f"{usual[line % agents % len(usual)]} {name_of(line % agents)}/1.0"
            if kind < 0.6:
                token = sign(person)
                if chance.random() < 0.003:
                    token = "a" + token[1:-1] + "a"
                target = f"/{key_of(chance.randint(1, PLACEMENTS))}/{token}"
                out.write(f'{ip} - - [{stamp}] "GET {target} HTTP/1.1" 302 0 "-" "{agent}"\n'.encode())
            elif kind < 0.999:
                page = chance.choice(("/", "/robots.txt", "/favicon.ico", "/assets/app.js", "/wp-login.php"))
                out.write(
                    f'{ip} - - [{stamp}] "GET {page}?v={chance.randint(1, 999)} HTTP/1.1" 200 512 "-" "{agent}"\n'.encode()
                )
            else:
                out.write(b"\x16\x03\x01 junk " + str(chance.random()).encode() + b"\n")


def burst(chance: random.Random, token: str, second: float, agent: str) -> list[bytes]:
    """What a scanner of many addresses asks for of one mail, the last request first."""
    network = f"52.31.{chance.randint(0, 20)}"
    return [
        f"{network}.{chance.randint(1, 254)} - - [{stamp_of(second + place / 20)}] "
        f'"GET /{key_of(place)}/{token} HTTP/1.1" 302 0 "-" "{agent}"\n'.encode()
        for place in range(PLACEMENTS, 0, -1)
    ]


def stamp_of(second: float) -> str:
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(second))


def name_of(number: int) -> str:
    """A word for each number below half a million."""
    return "".join("abcdefghijklmnopqrstuvwxyz"[number // 26**place % 26] for place in range(4)).title()


def made_agents(chance: random.Random, count: int) -> list[str]:
    systems = (
        "Windows NT 10.0; Win64; x64",
        "Macintosh; Intel Mac OS X 10_15_7",
        "X11; Linux x86_64",
        "iPhone; CPU iPhone OS 17_4 like Mac OS X",
    )
    return [
        f"Mozilla/5.0 ({chance.choice(systems)}) AppleWebKit/537.{chance.randint(1, 40)} (KHTML, like Gecko) "
        f"Chrome/{chance.randint(80, 130)}.0.{chance.randint(1000, 6999)}.{chance.randint(1, 200)} Safari/537.36"
        for _ in range(count)
    ]


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
