"""However a request spells an address: `serve` and the exported nginx answer alike, and the imports of both logs count
alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from server.server_world import SentWorld, make_sent
from server.serving_process import Served, serving
from server.test_static_export import nginx_with, with_nginx
from tests_support import Run

from linktrack.clicks.load import import_logs
from linktrack.moments import now
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.workspace import Workspace

pytestmark = [pytest.mark.servers, with_nginx]
pytest.importorskip("granian")

# What follows the method in a request line: {p} and {t} are a placement and a token, {P} and {T} the same in capitals,
# {e} the placement with its first letter percent-encoded. All are played to both.
FOUND = (
    "/{p}/{t}", "/{P}/{T}", "/{p}/{T}", "/{e}/{t}", "/{p}/{t}?", "/{p}/{t}?a=b", "/{p}/{t}?a=/../b//c", "/{p}/{t}/",
    "/{p}/{t}//", "/{p}/{t}/.", "/{p}/{t}/./", "/{p}/{t}.", "/{p}/{t}...", "/{p}/{t},", "/{p}/{t};", "/{p}/{t}:",
    "/{p}/{t})", "/{p}/{t}%29", "/{p}/{t}).", "/{p}/{t}]", "/{p}/{t}%5D", "/{p}/{t}%5d", "/{p}/{t}%3E", "/{p}/{t}%3e",
    "/{p}/{t}%22", "/{p}/{t}%27", "/{p}/{t}'", "/{p}/{t}%20", "/{p}/{t}%20/%20", "/{p}/{t}&gt;", "/{p}/{t}&gt;.",
    "/{p}/{t}&GT;", "/{P}/{T}&Gt;.", "/{p}/{t}&NBSP;", "/{p}/{t}&quot;", "/{p}/{t}&amp;", "/{p}/{t}%26gt%3B", "/{p}%2F{t}", "/{p}%2f{t}%2f", "/{p}/{t}%3E?x=%0A",
    "http://click.example.com/{p}/{t}", "/{p}/{t}?//", "/{p}/{t}?%00",
    "/k/{p}/{t}", "/%6B/{p}/{t}", "/%6b%2F{p}/{t}", "/K/{P}/{T}", "/%4B/{p}/{t}", "/K/{p}/{t}.",
)  # fmt: skip
MISSING = (
    "//{p}/{t}", "/{p}//{t}", "///{p}/{t}", "/./{p}/{t}", "/x/../{p}/{t}", "/{p}/./{t}", "/{p}/{t}/..", "/{p}/{t}/../",
    "/{p}/{t}/../{t}", "/{p}/{t}/%2e%2e", "/{p}/{t}/x/..", "/{p}/{t}%0A", "/{p}/{t}%0a", "/{p}/{t}%0D%0A", "/{p}/{t}.%0A",
    "/{p}/{t}%09", "/{p}/{t}x", "/{p}/{t}-", "/{p}/{t}/x", "/{p}/{t}%7D", "/{p}/{t}&", "/{p}/{t}&gtx", "/{p}/{t}&GTX", "/{p}/", "/{p}",
    "/{t}/{p}", "/%252F{p}/{t}", "/{p}/{t}%250A", "/%2F{p}/{t}", "/%2e/{p}/{t}", "/{p}/%2E/{t}",
    "/x/{p}/{t}", "/K//{p}/{t}", "/k//{p}/{t}", "//k/{p}/{t}", "/k/./{p}/{t}", "/k/k/{p}/{t}", "/{p}/{t}=", "/{p};/{t}",
    "/{p}/{t}%C2%A0", "/{p}/{t}%E2%80%9D", "/zzzz/{t}", "/",
)  # fmt: skip
REFUSED = ("/{p}/{t}%", "/{p}/{t}%0", "/{p}/{t}%zz", "/{p}/{t}%00")  # nginx refuses; both lead nowhere


def spelled(line: str, world: SentWorld) -> str:
    p, t = world.places["offer"], world.tokens["C1"]
    return line.format(p=p, t=t, P=p.upper(), T=t.upper(), e=f"%{ord(p[0]):02X}{p[1:]}")


def answered(server: Served, target: str) -> tuple[int, str]:
    said = server.say(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head = said.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in head[1:])
    return int(head[0].split()[1]), headers.get("location", "")


@pytest.fixture
def world(workspace: Workspace, database: Database, tmp_path: Path) -> SentWorld:
    text = workspace.config_path.read_text("utf-8")
    assert 'base_url = "https://click.example.com"' in text
    workspace.config_path.write_text(text.replace("click.example.com", "click.example.com/k"), "utf-8")
    return make_sent(workspace, database, tmp_path, now())


def test_every_spelling_is_answered_and_counted_alike(
    world: SentWorld, run: Run, database: Database, tmp_path: Path
) -> None:
    log = tmp_path / "click.log"
    assert run("redirects", "export", tmp_path / "out", "--for", "nginx", "--log", log).code == 0
    database.close()
    lines = [spelled(line, world) for line in (*FOUND, *MISSING)]
    assert len(lines) == len(set(lines)) > 80
    with (
        serving(world.workspace.root, said=tmp_path / "said") as ours,
        nginx_with(tmp_path / "out", tmp_path / "nginx") as nginx,
    ):
        by_serve = {line: answered(ours, line) for line in lines}
        by_nginx = {line: answered(nginx, line) for line in lines}
        assert by_nginx == by_serve
        assert {line for line, (status, _) in by_serve.items() if status == 302} == set(lines[: len(FOUND)])
        assert {status for status, _ in by_serve.values()} == {302, 404}
        refused = 0
        for line in (spelled(line, world) for line in REFUSED):
            found = [answered(server, line)[0] for server in (ours, nginx)]
            assert set(found) <= {400, 404}, line
            refused += found[0] == 400
    with open_database(world.workspace) as again:
        of_serve, of_nginx = import_logs(world.workspace, again), import_logs(world.workspace, again, [str(log)])
    assert of_serve.read == len(lines) + len(REFUSED) - refused
    for summary in (of_serve, of_nginx):
        assert summary.read == summary.stored + summary.repeated + summary.not_ours + summary.rejected
        assert (summary.stored, summary.repeated) == (len(FOUND), 0), (summary, of_serve.reasons)
