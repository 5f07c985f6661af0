"""Real web servers behind a real proxy: every request is accounted for, and each visitor has their own address."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from clicks_world import CHROME, World, adds_up, misplaced

from linktrack.clicks.summary import ImportSummary
from linktrack.workspace import load_workspace

pytestmark = pytest.mark.servers

PROXY = "127.0.0.2"
ODD_AGENT = 'Mozilla/5.0 "quoted" \\ back é'
VISITORS = range(1, 21)

NGINX = """
daemon off; master_process off; pid {folder}/{name}.pid; error_log {folder}/{name}.error.log;
events {{ worker_connections 256; }}
http {{
  client_body_temp_path {folder}/{name}.1; proxy_temp_path {folder}/{name}.2; fastcgi_temp_path {folder}/{name}.3;
  uwsgi_temp_path {folder}/{name}.4; scgi_temp_path {folder}/{name}.5;
  log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                  '$status $body_bytes_sent "$http_referer" '
                  '"$http_user_agent" "$http_x_forwarded_for"';
  log_format hosted '$remote_addr - $remote_user [$time_local] "$request" '
                    '$status $body_bytes_sent "$http_referer" '
                    '"$http_user_agent" "$host" "$http_x_forwarded_for"';
  log_format json escape=json '{{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","request":"$request",'
    '"status":"$status","http_user_agent":"$http_user_agent","http_x_forwarded_for":"$http_x_forwarded_for"}}';
  server {{ listen 127.0.0.1:{port}; {body} }}
}}
"""
REDIRECT = """access_log {folder}/access.log {format};
  location ~ "^/[a-z2-7]{{3,12}}/[a-z2-7]{{32}}$" {{ return 302 https://www.example.com/; }}
  location / {{ return 404; }}"""
FORWARD = """access_log off; location / {{ proxy_pass http://127.0.0.1:{back}; proxy_bind {proxy};
  {host} proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }}"""
HOST = "proxy_set_header Host click.example.com;"  # without it, a proxy asks for the address that it passes to
APACHE_FORMAT = r'%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i" "%{X-Forwarded-For}i"'
APACHE = """
ServerRoot {folder}
ServerName click.example.com
PidFile {folder}/apache.pid
Mutex file:{folder}
DefaultRuntimeDir {folder}
ErrorLog {folder}/apache.error.log
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule alias_module {modules}/mod_alias.so
User www-data
Group www-data
LogFormat "{format}" click
CustomLog {folder}/access.log click
RedirectMatch 302 "^/[a-z2-7]{{3,12}}/[a-z2-7]{{32}}$" https://www.example.com/
"""
CADDY = """
{{
  admin off
  auto_https off
  storage file_system {folder}
}}
http://:{port} {{
  log {{
    output file {folder}/access.log
    format json
  }}
  @tracked path_regexp ^/[a-z2-7]{{3,12}}/[a-z2-7]{{32}}$
  redir @tracked https://www.example.com/ 302
  respond 404
}}
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(port: int, *command: str | Path) -> Iterator[None]:
    """A server that answers on its port."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            began = time.monotonic()
            while True:
                with socket.socket() as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, f"{command[0]} has ended"
                assert time.monotonic() - began < 60
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(30)


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def nginx(folder: Path, name: str, port: int, body: str) -> list[str | Path]:
    path = folder / f"{name}.conf"
    path.write_text(NGINX.format(folder=folder, name=name, port=port, body=body))
    return [program("nginx"), "-e", folder / f"{name}.error.log", "-c", path]


def nginx_main(folder: Path, port: int) -> list[str | Path]:
    return nginx(folder, "back", port, REDIRECT.format(folder=folder, format="main"))


def nginx_json(folder: Path, port: int) -> list[str | Path]:
    return nginx(folder, "back", port, REDIRECT.format(folder=folder, format="json"))


def nginx_hosted(folder: Path, port: int) -> list[str | Path]:
    return nginx(folder, "back", port, REDIRECT.format(folder=folder, format="hosted"))


def apache(folder: Path, port: int) -> list[str | Path]:
    path = folder / "apache.conf"
    quoted = APACHE_FORMAT.replace('"', '\\"')
    path.write_text(APACHE.format(folder=folder, port=port, modules="/usr/lib/apache2/modules", format=quoted))
    return [program("apache2"), "-f", path, "-DFOREGROUND"]


def caddy(folder: Path, port: int) -> list[str | Path]:
    path = folder / "Caddyfile"
    path.write_text(CADDY.format(folder=folder, port=port))
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", path]


SERVERS: dict[str, tuple[Callable[[Path, int], list[str | Path]], str | None, str]] = {
    "nginx with its stock format main": (nginx_main, None, HOST),
    "nginx with the Host before X-Forwarded-For": (nginx_hosted, None, HOST),
    "nginx that is asked for by its address": (nginx_hosted, None, ""),
    "nginx with JSON": (nginx_json, None, HOST),
    "Apache with its format string": (apache, APACHE_FORMAT, HOST),
    "Caddy": (caddy, None, HOST),
}


@pytest.mark.parametrize("case", SERVERS)
def test_the_numbers_are_right_behind_a_proxy(world: World, tmp_path: Path, case: str) -> None:
    make, log_format, host = SERVERS[case]
    (tmp_path / "server").mkdir(mode=0o755)
    folder = tmp_path / "server"
    back, front = free_port(), free_port()
    command = make(folder, back)
    proxy = nginx(folder, "front", front, FORWARD.format(back=back, proxy=PROXY, host=host))
    with ExitStack() as stack:
        stack.enter_context(running(back, *command))
        stack.enter_context(running(front, *proxy))
        sent = visit(world, front)
    world = trusting(world)
    summary = imported(world, folder / "access.log", log_format)
    forged, unknown = 1, 1
    assert adds_up(summary)
    assert (summary.read, summary.not_ours) == (sent, 1)
    assert summary.reasons == {
        "forged-token": forged, "unknown-placement": unknown, "method": 1, "status": 1
    }  # fmt: skip
    assert (summary.stored, summary.human) == (len(VISITORS) + 3, len(VISITORS) + 3)
    clicks = world.clicks()
    assert {(click[5], click[6]) for click in clicks} == {
        *((n, f"127.0.{n}.0") for n in VISITORS), (21, "127.0.21.0"), (22, "127.0.22.0"),
    }  # fmt: skip
    assert {click[7] for click in clicks} == {CHROME, ODD_AGENT}
    assert world.load(folder / "access.log").read == 0


def visit(world: World, port: int) -> int:
    """Twenty people with a lie about their address each, one who clicks twice, one with an odd agent, and strangers.
    Returns how many requests were made."""
    sent = 0

    def ask(n: int, path: str, *, method: str = "GET", agent: str = CHROME) -> None:
        nonlocal sent
        connection = HTTPConnection("127.0.0.1", port, timeout=30, source_address=(f"127.0.{n}.5", 0))
        connection.putrequest(method, path)
        connection.putheader("User-Agent", agent.encode())
        connection.putheader("X-Forwarded-For", f"203.0.113.{n}")
        connection.endheaders()
        connection.getresponse().read()
        connection.close()
        sent += 1

    for n in VISITORS:
        ask(n, world.path(1, n))
    for _ in range(2):
        ask(21, world.path(1, 21))
    ask(22, world.path(1, 22), agent=ODD_AGENT)
    good = world.path(1, 23)
    ask(23, "/")
    ask(24, good[:-1] + ("a" if good[-1] != "a" else "b"))
    ask(25, misplaced(good))
    ask(26, good, method="HEAD")
    ask(27, good.upper())
    return sent


def trusting(world: World) -> World:
    """The same world, with the proxy alone as one that may be trusted: everybody here is on the loopback network."""
    path = world.workspace.root / "linktrack.toml"
    path.write_text(path.read_text().replace("[clicks]\n", f'[clicks]\ntrusted_proxies = ["{PROXY}/32"]\n'))
    return World(load_workspace(world.workspace.root, {}), world.tokens)


def imported(world: World, log: Path, log_format: str | None) -> ImportSummary:
    return world.load(log, log_format=log_format) if log_format else world.load(log)
