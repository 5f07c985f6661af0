"""`docs/serving.md` with a real server, and its configurations with a real nginx.

python tests/docs/test_serving.py     writes what the commands print today into the page
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from docs.player import ROOT, Player
from server.serving_process import in_front, serving

from linktrack.server.own_templates import FILTERS
from linktrack.server.page_values import EVERYWHERE, TEMPLATES

PAGE = ROOT / "docs" / "serving.md"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


class ServedPlayer(Player):
    """A player whose `linktrack serve` goes on while the page is played, at a port that is free here."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.running = ExitStack()
        self.port = 0
        self.open = Path(self.running.enter_context(tempfile.TemporaryDirectory()))
        self.open.chmod(0o755)  # as /srv is

    def _command(self, command: str, before: list[str]) -> str:
        return self._served(command.replace("/srv/", f"{self.open}/"), before).replace(f"{self.open}/", "/srv/")

    def _served(self, command: str, before: list[str]) -> str:
        if command == "linktrack serve":
            said = self.folder.parent / "said"
            server = self.running.enter_context(serving(self.cwd, said=said))
            self.port = server.port
            return f"$ {command}\n{server.said.replace(str(server.port), '8080')}"
        if not self.port:
            return super()._command(command, before)
        grepped = f'grep() {{ command grep "$@" | sed s/8080/{self.port}/; }}; '
        there = command.startswith("curl")
        shown = super()._command(grepped + command if there else command, before)
        return shown.replace(grepped, "").replace(str(self.port), "8080")


def play(folder: Path) -> tuple[str, ServedPlayer]:
    player = ServedPlayer(folder / "page")
    with player.running:
        return with_templates(player.play(PAGE.read_text("utf-8"))), player


def with_templates(page: str) -> str:
    """The page with what templates of pages may name today."""
    before, begins, rest = page.partition("<!-- made: templates -->\n")
    after = rest.partition("<!-- end -->")[2]
    rows = ["| template | its page | buttons post to | may name |", "|---|---|---|---|"]
    for name, one in TEMPLATES.items():
        posts = " ".join(f"`{address}`" for address in one.posts.split(", ") if address)
        values = "; ".join(f"`{value}`: {what}".replace("|", r"\|") for value, what in one.values.items())
        rows.append(f"| `{name}` | {one.shown} | {posts} | {values} |")
    every = "".join(f"- `{name}`: {what}\n" for name, what in EVERYWHERE.items())
    table = "\n".join(rows)
    filters = "\nFilters: " + ", ".join(f"`{name}`" for name in FILTERS) + ".\n"
    return f"{before}{begins}{table}\n\nAll of them may also name:\n\n{every}{filters}<!-- end -->{after}"


@pytest.mark.servers
def test_the_page_prints_what_it_says(tmp_path: Path) -> None:
    pytest.importorskip("granian")
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    played, player = play(tmp_path)
    assert player.failed == []
    assert played == PAGE.read_text("utf-8")
    assert player.commands > 10


def block(name: str) -> str:
    """The file of that name in the page."""
    return PAGE.read_text("utf-8").partition(f"```nginx {name}\n")[2].partition("```")[0]


def configuration(folder: Path, text: str) -> list[str]:
    """nginx's arguments for a text that belongs into http {}."""
    assert NGINX is not None
    user = "user root;" if os.geteuid() == 0 else ""
    paths = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "client_body", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}} http {{ {paths}\n{text}\n}}\n"
    )
    (folder / "nginx.conf").write_text(whole)
    return [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]


@pytest.mark.servers
@pytest.mark.skipif(NGINX is None, reason="no nginx here (Debian's nginx-light)")
def test_nginx_takes_both_configurations(tmp_path: Path) -> None:
    pytest.importorskip("granian")
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    work = tmp_path / "work"
    subprocess.run(
        [sys.executable, "-m", "linktrack", "init", work, "--base-url", "https://click.example.com"], check=True
    )
    export = [
        sys.executable,
        "-m",
        "linktrack",
        "redirects",
        "export",
        "../redirects",
        "--for",
        "nginx",
        "--log",
        str(tmp_path / "l"),
    ]
    subprocess.run(export, check=True, cwd=work)
    request = (
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=click.example.com -days 2 -keyout privkey.pem -out fullchain.pem"
    )
    subprocess.run(["openssl", *request.split()], check=True, capture_output=True, cwd=tmp_path)
    alone = block("alone.conf").replace("/srv/redirects", str(tmp_path / "redirects"))
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        secure, plain = one.getsockname()[1], other.getsockname()[1]
    with serving(work, said=tmp_path / "said") as behind:
        click = block("click.conf").replace("/etc/letsencrypt/live/click.example.com", str(tmp_path))
        click = click.replace("443", f"127.0.0.1:{secure}").replace("127.0.0.1:8080", f"127.0.0.1:{behind.port}")
        text = f"{click}\naccess_log off;\n{alone.replace('listen 80', f'listen 127.0.0.1:{plain}')}"
        process = subprocess.Popen(configuration(tmp_path, text), text=True)
        with in_front(process, plain, tmp_path / "error.log") as front:
            assert front.ask("GET", "/abcd/" + "a" * 32)[0] == 404
            trusted = ssl.create_default_context(cafile=tmp_path / "fullchain.pem")
            trusted.check_hostname = False  # it is asked by its number
            connection = HTTPSConnection("127.0.0.1", secure, context=trusted)
            connection.request("GET", "/abcd/" + "a" * 32)
            reply = connection.getresponse()
            assert (reply.status, b"Not found" in reply.read()) == (404, True)
            connection.close()
    assert re.search(r'"status":"404"', (tmp_path / "l").read_text())
    assert len(list((work / "clicklog").iterdir())) == 1


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        text, writer = play(Path(place))
        PAGE.write_text(text, "utf-8")
    sys.exit("\n".join(writer.failed))
