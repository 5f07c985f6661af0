"""Import rate by format and compression: the same requests, written as each server writes them.

    python bench/import_formats.py [LINES]

Each log is imported by a fresh process into a fresh copy of one workspace; all must store the same number of clicks.
The last column is the time against the combined log of the same run.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from import_log import PLACEMENTS, START, key_of, made_agents, make_workspace, signer_of
from measuring import apart, copied, folder_to_work_in, linktrack, options_of, timed


class Request(NamedTuple):
    at: int
    ip: str
    target: str
    agent: str

    def stamp(self, form: str) -> str:
        return time.strftime(form, time.gmtime(self.at))


def combined(it: Request) -> str:
    return f'{it.ip} - - [{it.stamp("%d/%b/%Y:%H:%M:%S +0000")}] "GET {it.target} HTTP/1.1" 302 0 "-" "{it.agent}"'


def nginx_json(it: Request) -> str:
    return json.dumps(
        {"time_iso8601": it.stamp("%Y-%m-%dT%H:%M:%S+00:00"), "remote_addr": it.ip, "request_method": "GET",
         "request_uri": it.target, "status": "302", "http_user_agent": it.agent}
    )  # fmt: skip


def caddy(it: Request) -> str:
    request = {"client_ip": it.ip, "method": "GET", "uri": it.target, "headers": {"User-Agent": [it.agent]}}
    return json.dumps(
        {"level": "info", "ts": float(it.at), "logger": "http.log.access", "msg": "handled request", "request": request,
         "status": 302}
    )  # fmt: skip


def traefik(it: Request) -> str:
    return json.dumps(
        {"ClientHost": it.ip, "DownstreamStatus": 302, "RequestMethod": "GET", "RequestPath": it.target,
         "StartUTC": it.stamp("%Y-%m-%dT%H:%M:%SZ"), "request_User-Agent": it.agent}
    )  # fmt: skip


def haproxy(it: Request) -> str:
    return (
        f"{it.ip}:5000 [{it.stamp('%d/%b/%Y:%H:%M:%S.000')}] web app/one 0/0/1/2/3 302 210 - - ---- "
        f'1/1/0/0/0 0/0 {{{it.agent}}} "GET {it.target} HTTP/1.1"'
    )


def iis(it: Request) -> str:
    agent = it.agent.replace(" ", "+")
    return f"{it.stamp('%Y-%m-%d %H:%M:%S')} 10.0.0.1 GET {it.target} - 443 - {it.ip} {agent} - 302 0 0 5"


def click_log(it: Request) -> str:
    return json.dumps(
        {"time": it.stamp("%Y-%m-%dT%H:%M:%S.000+00:00"), "ip": it.ip, "method": "GET", "path": it.target, "status": 302,
         "user_agent": it.agent, "network": ""}
    )  # fmt: skip


IIS_HEADER = (
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken\n"
)
FORMATS: dict[str, tuple[Callable[[Request], str], str]] = {
    "combined": (combined, ""), "nginx JSON": (nginx_json, ""), "Caddy": (caddy, ""), "Traefik JSON": (traefik, ""),
    "HAProxy": (haproxy, ""), "IIS": (iis, IIS_HEADER), "linktrack's click log": (click_log, ""),
}  # fmt: skip
PACKED: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("lines", nargs="?", type=int, default=100_000)
    lines = parser.parse_args().lines
    with folder_to_work_in() as folder:
        fresh = folder / "fresh"
        apart(make_workspace, fresh, 20_000)
        apart(write_logs, fresh, folder, lines)
        print(f"{'format':28} {'MB':>7} {'s':>7} {'lines/s':>10} {'peak MB':>8} {'x combined':>11}")
        base = 0.0
        for log in sorted(folder.glob("*.log*"), key=lambda path: path.name.split("-", 1)[0]):
            work = copied(fresh, folder / "work")
            run = timed(linktrack(work, "click", "import", log))
            with closing(sqlite3.connect(work / "linktrack.db")) as database:
                (stored,) = database.execute("SELECT count(*) FROM click").fetchone()
            if stored != lines:
                raise SystemExit(f"{log.name}: {stored} of {lines} clicks were stored")
            base = base or run.wall
            name = log.name.partition("-")[2].replace(".log", "")
            size = log.stat().st_size / 1e6
            print(
                f"{name:28} {size:7.1f} {run.wall:7.2f} {lines / run.wall:10,.0f} {run.peak:8.0f} {run.wall / base:11.2f}"
            )


def write_logs(workspace: Path, folder: Path, lines: int) -> None:
    chance = random.Random(1)
    sign = signer_of(workspace)
    agents = made_agents(chance, 2_000)
    requests = []
    for number in range(lines):
        target = f"/{key_of(chance.randint(1, PLACEMENTS))}/{sign(chance.randint(1, 20_000))}"
        ip = f"{chance.randint(11, 220)}.{chance.randint(0, 255)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"
        requests.append(Request(START + number, ip, target, chance.choice(agents)))
    for index, (name, (write, header)) in enumerate(FORMATS.items()):
        text = header + "".join(write(request) + "\n" for request in requests)
        (folder / f"{index:02}-{name}.log").write_text(text)
    plain = (folder / "00-combined.log").read_bytes()
    for index, (name, pack) in enumerate(PACKED.items(), 50):
        (folder / f"{index}-combined, {name}.log").write_bytes(pack(plain))


if __name__ == "__main__":
    main()
