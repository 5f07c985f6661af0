"""Answering: processor time a request beside nginx, which says 302 and writes a log, and beside the exported nginx map.

    python bench/serve.py [REQUESTS] [--runs N] [--minutes M]

Makes a workspace with 40 placements and 1,000 recipients, starts each server, asks each the same over 32 connections
that are kept open, and does so in turn; what counts is the processor time of the server's processes, for the machine has
other work. Each token is asked for many times, as scanners do, so that serve has mostly verified it before. Then what
linktrack serve was asked is counted in its log and in the import of it. With --minutes it is asked at half of its
greatest rate for so long, while its memory is shown.
"""

from __future__ import annotations

import argparse
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
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

PLACEMENTS, RECIPIENTS, CONNECTIONS = 40, 1_000, 32
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
TICK = os.sysconf("SC_CLK_TCK")
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
    parser = argparse.ArgumentParser()
    parser.add_argument("requests", nargs="?", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="linktrack-bench-"))
    work = folder / "work"
    paths = make_workspace(work)
    linktrack(work, "redirects", "export", folder / "export", "--for", "nginx", "--log", folder / "export.log")
    plain = f"access_log {folder}/plain.log combined; return 302 https://www.example.com/offer?utm_medium=email;"
    included = [f"include {folder}/export/linktrack-{part}.conf;" for part in ("http", "server")]
    with ExitStack() as running:
        servers = {"linktrack serve": running.enter_context(serving(work))}
        if shutil.which("nginx") or Path("/usr/sbin/nginx").exists():
            servers["nginx, return 302"] = running.enter_context(nginx(folder / "nginx", "", plain))
            servers["nginx, exported map"] = running.enter_context(nginx(folder / "map", *included))
        spent: dict[str, list[float]] = {name: [] for name in servers}
        walls: dict[str, list[float]] = {name: [] for name in servers}
        for server in servers.values():
            ask(server, paths, 2_000)
        for _ in range(options.runs):  # in turn, so that a noisy minute hits them all
            for name, server in servers.items():
                before, began = server.seconds(), time.perf_counter()
                ask(server, paths, options.requests)
                walls[name].append(time.perf_counter() - began)
                spent[name].append((server.seconds() - before) / options.requests * 1e6)
        fastest = statistics.median(spent.get("nginx, return 302", [0.0]))
        print(f"{options.requests:,} requests, {options.runs} runs, load {os.getloadavg()[0]:.2f}\n")
        print(f"{'what':22} {'µs a request':>12} {'best':>6} {'of nginx':>8} {'wall s':>7}")
        for name, found in spent.items():
            median = statistics.median(found)
            print(
                f"{name:22} {median:12.1f} {min(found):6.1f} {fastest / median:8.2f} {statistics.median(walls[name]):7.1f}"
            )
        sent = 2_000 + options.runs * options.requests
        if options.minutes:
            rate = options.requests / statistics.median(walls["linktrack serve"]) / 2
            sent += watch_memory(servers["linktrack serve"], paths, rate, options.minutes)
    logged = sum(file.read_bytes().count(b"\n") for file in (work / "clicklog").iterdir())
    summary = json.loads(linktrack(work, "click", "import", "--tolerate", "1", "--format", "json"))
    print(f"\nsent {sent:,}, logged {logged:,}, read {summary['read']:,}, {summary['seconds']} s to import:")
    print({name: summary[name] for name in ("stored", "repeated", "not_ours", "rejected")})
    shutil.rmtree(folder)


class Server:
    """A server that answers at `port`, and the processor time of its processes."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def processes(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def seconds(self) -> float:
        """Of all processes, user and system; what wakes up of itself is in it."""
        total = 0
        for process in self.processes():
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def megabytes(self) -> float:
        """Resident, of all processes."""
        pages = [int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in self.processes()]
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
def nginx(root: Path, http: str, server: str) -> Iterator[Server]:
    root.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""
    text = NGINX.format(user=user, root=root, http=http, server=server, port=port)
    (root / "nginx.conf").write_text(text)
    program = shutil.which("nginx") or "/usr/sbin/nginx"
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
    linktrack(work, "mailing", "add", "news", "mail.html", "--utm-source", "news", "--utm-campaign", "spring")
    rewrite = ("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--as", "ndjson", "--out", "-")
    rows = [json.loads(line) for line in linktrack(work, *rewrite).splitlines()]
    return [path for row in rows for path in re.findall(r'href="https://click\.example\.com(/[^"]+)"', row["html"])]


def linktrack(work: Path, *words: object) -> str:
    command = [sys.executable, "-m", "linktrack", *map(str, words)]
    return subprocess.run(
        command, cwd=work, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout


if __name__ == "__main__":
    main()
