"""Answering: processor time a request beside nginx, which says 302 and writes a log, and beside the exported nginx map.

    python bench/serve.py [REQUESTS] [--runs N] [--minutes M]

Makes a workspace with 40 placements and 1,000 recipients, starts each server, asks each the same over 32 connections
that are kept open, and does so in turn, twenty times a run: what the machine does besides for some seconds changes what a
server takes by a third, so only the median of many pairs says anything. What counts is the processor time of the server's
processes. Each token is asked for many times, as scanners do, so that serve has mostly verified it before.

All of them write each line of their log at once (nginx without `buffer=`). The 302 of nginx alone is said before it looks
for a location, its line is `combined`, and its answer has no headers of ours; the map's line is half as long again, and its
answer has 150 bytes more. With these, and without asking anything, it would be at 0.91.

Then what linktrack serve was asked is counted in its log and in the import of it. With --minutes it is asked at half of
its greatest rate for so long, while its memory is shown.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from measuring import Timing, family, folder_to_work_in, linktrack, options_of, seconds_of, wall

PLACEMENTS, RECIPIENTS, CONNECTIONS = 40, 1_000, 32
TURNS = 20  # of a run
SERVE, PLAIN, EXPORTED = "linktrack serve", "nginx, return 302", "nginx, exported map"
WARM = 2_000  # requests that each is asked before
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
NGINX = """\
{user} daemon off; pid {root}/pid; error_log {root}/error.log crit; worker_processes 1;
events {{ worker_connections 1000; }}
http {{
    keepalive_requests 100000000; access_log off; client_body_temp_path {root}/b; proxy_temp_path {root}/p;
    fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
    {http}
    server {{ listen 127.0.0.1:{port}; {server} }}
}}
"""


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("requests", nargs="?", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=0)
    options = parser.parse_args()
    with folder_to_work_in() as folder:
        work = folder / "work"
        with servers(folder, work) as (running, paths):
            runs = asked_in_turn(running, paths, options.requests, options.runs)
            turn = options.requests // TURNS
            print(f"{turn:,} requests, {options.runs * TURNS} times, load {os.getloadavg()[0]:.2f}\n")
            print(f"{'what':22} {'µs a request':>12} {'best':>6} {'of nginx':>8} {'wall s':>7}")
            for name, taken in runs.items():
                each, best = (pick(run.cpu for run in taken) / turn * 1e6 for pick in (statistics.median, min))
                pairs = [peer.cpu / run.cpu for run, peer in zip(taken, runs.get(PLAIN, taken), strict=True)]
                print(f"{name:22} {each:12.1f} {best:6.1f} {statistics.median(pairs):8.2f} {wall(taken):7.2f}")
            sent = WARM + options.runs * TURNS * turn
            if options.minutes:
                sent += watch_memory(running[SERVE], paths, turn / wall(runs[SERVE]) / 2, options.minutes)
        logged = sum(file.read_bytes().count(b"\n") for file in (work / "clicklog").iterdir())
        summary = json.loads(said(work, "click", "import", "--tolerate", "1", "--format", "json"))
        print(f"\nsent {sent:,}, logged {logged:,}, read {summary['read']:,}, {summary['seconds']} s to import:")
        print({name: summary[name] for name in ("stored", "repeated", "not_ours", "rejected")})


@contextmanager
def servers(folder: Path, work: Path) -> Iterator[tuple[dict[str, Server], list[str]]]:
    """Those that answer for a workspace made in `work`, by name, nginx where it is installed, and the paths to ask for."""
    paths = make_workspace(work)
    said(work, "redirects", "export", folder / "export", "--for", "nginx", "--log", folder / "export.log")
    plain = f"access_log {folder}/plain.log combined; return 302 https://www.example.com/offer?utm_medium=email;"
    included = [f"include {folder}/export/linktrack-{part}.conf;" for part in ("http", "server")]
    with ExitStack() as running:
        started = {SERVE: running.enter_context(serving(work))}
        if program := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"):
            started[PLAIN] = running.enter_context(nginx(program, folder / "nginx", "", plain))
            started[EXPORTED] = running.enter_context(nginx(program, folder / "map", *included))
        yield started, paths


def asked_in_turn(
    running: Mapping[str, Server], paths: Sequence[str], requests: int, runs: int
) -> dict[str, list[Timing]]:
    """By name of the server what each turn takes it, of so many runs of so many requests. Chance says who comes when:
    whoever comes after another program finds less of its own in the processor's caches."""
    for server in running.values():
        ask(server, paths, WARM)
    taken: dict[str, list[Timing]] = {name: [] for name in running}
    order = random.Random(1)
    for _ in range(runs * TURNS):
        for name in order.sample(list(running), len(running)):
            taken[name].append(answering(running[name], paths, requests // TURNS))
    return taken


def answering(server: Server, paths: Sequence[str], requests: int) -> Timing:
    """What a server takes for so many requests; its memory is that of all its processes, after them."""
    load, began, before = os.getloadavg()[0], time.perf_counter(), server.seconds()
    ask(server, paths, requests)
    return Timing(time.perf_counter() - began, server.seconds() - before, server.megabytes(), load)


class Server:
    """A server that answers at `port`, and the processor time of its processes."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def seconds(self) -> float:
        return seconds_of(self.process.pid)

    def megabytes(self) -> float:
        """Resident, of all processes."""
        pages = [int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in family(self.process.pid)]
        return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def ask(server: Server, paths: Sequence[str], count: int, seconds: float = 0.0) -> None:
    """Ask `count` times over connections that are kept open, one request on each at a time; within `seconds`, if that
    is longer."""
    connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(CONNECTIONS)]
    choose = random.Random(1)
    began, asked = time.perf_counter(), 0
    while asked < count:
        some = connections[: count - asked]
        for connection in some:
            path = choose.choice(paths)
            connection.send(
                f"GET {path}?{asked} HTTP/1.1\r\nHost: click.example.com\r\nUser-Agent: {AGENT}\r\n\r\n".encode()
            )
            asked += 1
        for connection in some:
            if not connection.recv(4096).startswith(b"HTTP/1.1 302"):
                sys.exit("that was no redirect")
        if (early := began + seconds * asked / count - time.perf_counter()) > 0:
            time.sleep(early)
    for connection in connections:
        connection.close()


def watch_memory(server: Server, paths: Sequence[str], rate: float, minutes: float) -> int:
    """How much memory a server has while it is asked so often a second; returns how often it was."""
    print(f"\n{rate:,.0f} requests a second: {server.megabytes():.1f}", end="", flush=True)
    asked = 0
    for _ in range(round(minutes * 2)):
        ask(server, paths, round(rate * 30), 30)
        asked += round(rate * 30)
        print(f" {server.megabytes():.1f}", end="", flush=True)
    print(" MB, every half minute")
    return asked


@contextmanager
def serving(work: Path) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-m", "linktrack", "serve", "--workspace", work, "--port", "0"], stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        found = re.search(rb":(\d+)$", process.stderr.readline().strip())
        if found is None:
            sys.exit(process.stderr.read().decode())
        yield Server(process, int(found[1]))
    finally:
        process.terminate()
        process.wait()


@contextmanager
def nginx(program: str, root: Path, http: str, server: str) -> Iterator[Server]:
    root.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""
    text = NGINX.format(user=user, root=root, http=http, server=server, port=port)
    (root / "nginx.conf").write_text(text)
    process = subprocess.Popen([program, "-p", str(root), "-c", str(root / "nginx.conf")])
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait()


def make_workspace(work: Path) -> list[str]:
    """A mailing with 40 addresses, sent to 1,000 people; the paths of its addresses."""
    subprocess.run(
        [sys.executable, "-m", "linktrack", "init", work, "--base-url", "https://click.example.com"],
        check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    links = "\n".join(f'<a href="https://www.example.com/offer/{number}">{number}</a>' for number in range(PLACEMENTS))
    (work / "mail.html").write_text(f"<html><body>{links}</body></html>")
    with (work / "contacts.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("contact_id", "email", "name"), *((n, f"{n}@example.com", f"N {n}") for n in range(RECIPIENTS))]
        )
    said(work, "mailing", "add", "news", "mail.html", "--utm-source", "news", "--utm-campaign", "spring")
    rewrite = ("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--as", "ndjson", "--out", "-")
    rows = [json.loads(line) for line in said(work, *rewrite).splitlines()]
    return [path for row in rows for path in re.findall(r'href="https://click\.example\.com(/[^"]+)"', row["html"])]


def said(work: Path, *words: object) -> str:
    """What a command writes, in the workspace."""
    command = linktrack(work, *words)
    return subprocess.run(
        command, cwd=work, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout


if __name__ == "__main__":
    main()
