"""The static export: its files, what is remembered and checked, and the same answers as `answer` out of a real nginx."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from server.server_world import SITE, SentWorld, request
from server.serving_process import Served, in_front, until
from tests_support import Run

from linktrack.click_marks import POST, PREFETCH, SHARED
from linktrack.clicks.load import import_logs
from linktrack.errors import Conflict
from linktrack.links.editing import edit_link
from linktrack.moments import DAY, HOUR, now
from linktrack.server import nginx_access
from linktrack.server.answer import answer
from linktrack.server.live import pages_of
from linktrack.server.nginx import StaticSpot, http_text, server_text
from linktrack.server.people import QuietDatabase, StoredPeople
from linktrack.server.serving import ServeOptions, serve
from linktrack.server.snapshot_file import take_snapshot, tokens_of
from linktrack.server.static_export import export_redirects
from linktrack.store.session import Database


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that any user's server may look into, as none of pytest's is."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_map_as_json(world: SentWorld, run: Run, tmp_path: Path) -> None:
    done = run("redirects", "export", tmp_path / "out", "--for", "json")
    assert done.code == 0 and "for 9 placements" in done.err and "reload" not in done.err
    assert "merge tags stay empty here" in done.err
    rows = json.loads((tmp_path / "out" / "map.json").read_text("utf-8"))
    utm = "utm_source=news&utm_campaign=spring"
    shown = {key: rows[place] for key, place in world.places.items()}
    assert {key: row["kind"] for key, row in shown.items()} == {
        "local": "redirect", "offer": "redirect", "sure": "redirect", "thanks": "text", "ask": "form",
        "unsubscribe": "unsubscribe", "subscriptions": "subscriptions", "view-online": "view-online",
        "honeypot": "honeypot",
    }  # fmt: skip
    assert shown["local"] == {
        "kind": "redirect", "url": f"https://www.example.com/spring?city=&{utm}",
        "template": f"https://www.example.com/spring?city={{{{ city }}}}&{utm}",
    }  # fmt: skip
    assert shown["sure"]["confirm"] is True and shown["sure"]["url"] == f"https://www.example.com/sure?{utm}"
    assert shown["ask"]["url"] == "https://forms.example.com/ask"
    for row in shown.values():
        for name in ("page", "posted"):
            assert name not in row or (tmp_path / "out" / row[name]).is_file()


def test_a_web_server_can_read_it_and_nobody_is_in_it(world: SentWorld, run: Run, tmp_path: Path) -> None:
    assert run("redirects", "export", tmp_path / "out", "--for", "nginx").code == 0
    for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path
        if path.is_file():
            text = path.read_text("utf-8")
            for never in ("anna", "Anna", "Malmö", *world.tokens.values()):
                assert never not in text, path
    online = next((tmp_path / "out" / "pages").glob("view-online-*.html")).read_text("utf-8")
    assert "<p>Hej !</p>" in online.replace("&lt;", "<").replace("&gt;", ">")
    assert "https://www.example.com/offer?" in online and "invalid" not in online


CLOSED = {
    "itself": ("a/b/out", 0o700),
    "above": ("a/b", 0o700),
    "far above": ("a", 0o744),
    "pages": ("a/b/out/pages", 0o750),
}


@pytest.mark.parametrize("where", CLOSED)
def test_a_folder_that_nginx_cannot_look_into_is_named(world: SentWorld, run: Run, tmp_path: Path, where: str) -> None:
    name, mode = CLOSED[where]
    out = tmp_path / "a" / "b" / "out"
    for folder in (out.parent.parent, out.parent):
        folder.mkdir()
        folder.chmod(0o755)
    done = run("redirects", "export", out, "--for", "nginx")
    assert done.code == 0 and "cannot read" not in done.err
    (tmp_path / name).chmod(mode)
    check = run("redirects", "export", out, "--check")
    assert (check.code, f"{tmp_path / name} is not open to it" in check.err) == (6, True), check.err
    again = run("redirects", "export", out, "--quiet")
    closed = f"Note: nginx's own user cannot read the pages in {out}" in again.err
    assert (again.code, closed) == (0, where in ("above", "far above")), "what is its own the export opens again"
    if closed:
        (tmp_path / name).chmod(mode | 0o011)
    assert run("redirects", "export", out, "--check").code == 0
    for page in ("pages/unsubscribed.txt", "linktrack-http.conf"):
        (out / page).chmod(0o600)
        check = run("redirects", "export", out, "--check")
        assert (check.code, page in check.err) == (6, True), check.err
        assert run("redirects", "export", out).code == 0 and (out / page).stat().st_mode & 0o777 == 0o644
    (tmp_path / name).chmod(0o700)
    assert run("redirects", "export", tmp_path / "map", "--for", "json").err.count("cannot read") == 0


# Owner, group and mode of a folder above the export, and whether nginx's workers (www-data, 33) read what is in it.
WHOSE = {
    "their group's": (0, 33, 0o710, True),
    "their own": (33, 0, 0o700, True),
    "their own, closed to themselves": (33, 0, 0o677, False),
    "closed to their group alone": (0, 33, 0o701, False),
    "another group's": (0, 60_000, 0o710, False),
    "another user's": (60_000, 0, 0o700, False),
    "their second group's": (60_000, 60, 0o710, True),
    "that of a group they are in no more": (60_000, 33, 0o710, False),
    "that of a user in quotes": (60_000, 60, 0o710, True),
    "that of a user in an included file": (60_000, 60, 0o710, True),
    "their own, where a text says user": (33, 0, 0o700, True),
}
NAMED = {  # what nginx's configuration says of them
    "their second group's": "user www-data games;",
    "that of a group they are in no more": "user www-data games;",
    "that of a user in quotes": 'pid x; user "games"; events { }',
    "that of a user in an included file": "include more/*.conf;\n# user root;\n",
    "their own, where a text says user": "http { log_format user 'x; user root;'; }",
}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can choose any owner")
@pytest.mark.parametrize("case", WHOSE)
def test_a_folder_is_closed_that_nginx_s_workers_do_not_get_into(
    world: SentWorld, run: Run, tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, group, mode, is_open = WHOSE[case]
    (tmp_path / "nginx.conf").write_text(NAMED.get(case, "# user root;\nuser  www-data www-data;\n"))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "who.conf").write_text("pid x; user www-data games;")
    monkeypatch.setattr(nginx_access, "_NGINX", tmp_path / "nginx.conf")
    (tmp_path / "a").mkdir()
    os.chown(tmp_path / "a", owner, group)
    (tmp_path / "a").chmod(mode)
    done = run("redirects", "export", tmp_path / "a" / "out", "--for", "nginx")
    assert (done.code, f"{tmp_path / 'a'} is not open to it" in done.err) == (0, not is_open), done.err
    assert run("redirects", "export", tmp_path / "a" / "out", "--check").code == (0 if is_open else 6)


LOGS = {
    "a variable of nginx": ("l$x.log", 3),
    "a name that is too long": ("x" * 300, 3),
    "a path that is too long": ("x/" * 2500, 3),
    "a name of two lines": ("a\nb", 3),
    "a link in a circle": ("loop", 3),
    "what is no file of anybody's": ("/proc/self/x", 3),
    "a device": ("/dev/null", 3),
    "a folder": ("folder", 5),
    "a pipe": ("pipe", 5),
    "what has a file on its way": ("file/x", 4),
    "a file of the workspace": ("linktrack.db", 5),
    "a link to a file of the workspace": ("mine", 5),
    "another name of a file of the workspace": ("twin", 5),
    "a file of the export": ("out/linktrack-http.conf", 5),
}


@pytest.mark.parametrize("case", LOGS)
def test_a_log_that_nginx_cannot_write_is_refused_and_found(
    world: SentWorld, run: Run, tmp_path: Path, case: str
) -> None:
    name, code = LOGS[case]
    log = (world.workspace.root if name == "linktrack.db" else tmp_path) / name
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "mine").symlink_to(world.workspace.key_path)
    (tmp_path / "twin").hardlink_to(world.workspace.key_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    out = tmp_path / "out"
    done = run("redirects", "export", out, "--for", "nginx", "--log", log)
    assert (done.code, out.exists()) == (code, False), done.err
    good = tmp_path / "new" / "click.log"
    assert run("redirects", "export", out, "--for", "nginx", "--log", good).code == 0, "which nginx's machine may have"
    for file in ("linktrack-export.json", "linktrack-server.conf"):
        text = (out / file).read_text()
        as_written = json.dumps(str(log))[1:-1]
        (out / file).write_text(text.replace(str(good), as_written if file.endswith("json") else str(log)))
    check = run("redirects", "export", out, "--check")
    assert check.code == 6, check.err
    assert run("redirects", "export", out).code == code and run("redirects", "export", out, "--log", good).code == 0


def test_a_file_that_makes_no_page_is_said_by_every_command_that_makes_pages(
    world: SentWorld, run: Run, tmp_path: Path
) -> None:
    world.workspace.templates_path.mkdir()
    (world.workspace.templates_path / "unsubscribe.htm").write_text("x")
    says = f"{world.workspace.templates_path}/unsubscribe.htm makes no page"
    assert f"Note: {says}" in run("redirects", "export", tmp_path / "out", "--for", "json").err
    done = run("doctor")
    assert (done.code, says in done.out) == (6, True)
    said: list[str] = []
    with pytest.raises(Conflict, match="click log"):  # the last thing before it listens
        serve(world.workspace, ServeOptions(log=Path("/proc/x")), said.append)
    assert any(says in one for one in said)
    world.workspace.logs_path.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Conflict, match="is taken"):
        serve(world.workspace, ServeOptions(port=taken.getsockname()[1]), said.append)
    assert any("nobody will know that the click log is in" in one for one in said)
    world.workspace.logs_path.rmdir()
    with world.workspace.config_path.open("a") as file:
        file.write('\n[pages]\ntemplates = "."\n')
    (world.workspace.root / "hello.html").write_text("a mail")
    assert "makes no page" not in run("doctor").out, "all kinds of files lie there"


def test_only_what_has_changed_is_written(world: SentWorld, run: Run, database: Database, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "nginx -s reload" in run("redirects", "export", out, "--for", "nginx", "--log", tmp_path / "x.log").err
    assert run("redirects", "export", out, "--check").code == 0
    before = {path: path.stat().st_ino for path in out.rglob("*")}
    assert "Nothing has changed" in run("redirects", "export", out).err
    edit_link(database, "offer", url="https://www.example.com/new")
    behind = run("redirects", "export", out, "--check")
    assert behind.code == 6 and "linktrack-http.conf" in behind.err
    done = run("redirects", "export", out)
    assert done.code == 0 and "Changed 2 files" in done.err, (
        "the map, and the page that shows the mail, which has another name"
    )
    after = {path: path.stat().st_ino for path in out.rglob("*")}
    kept = [path.name for path in before if path in after and path.is_file() and after[path] == before[path]]
    assert "linktrack-server.conf" in kept and "linktrack-http.conf" not in kept
    assert "x.log" in (out / "linktrack-server.conf").read_text()
    assert run("redirects", "export", out, "--check").code == 0
    assert len(after) == len(before) + 1 and before.keys() < after.keys(), "a server not yet reloaded has the old page"
    week, protected = 7 * DAY, world.workspace.protected()
    for later, count in ((week - HOUR, len(after)), (week + HOUR, len(before)), (week + 2 * HOUR, len(before))):
        export_redirects(world.workspace, database, out, None, None, protected, repeat(now() + later).__next__)
        assert len(list(out.rglob("*"))) == count
    assert run("redirects", "export", out, "--check").code == 0


def test_an_export_stays_of_its_kind_for_a_web_server_may_have_it_open(
    world: SentWorld, run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run("redirects", "export", out, "--for", "nginx")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    done = run("redirects", "export", out, "--for", "json")
    assert (done.code, "is for nginx" in done.err) == (5, True)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert run("redirects", "export", out, "--for", "nginx").code == 0


def test_a_change_of_the_catalogue_says_which_exports_it_has_left_behind(
    world: SentWorld, run: Run, tmp_path: Path
) -> None:
    one, other = tmp_path / "one", tmp_path / "the other"
    for out in (one, other):
        assert run("redirects", "export", out, "--for", "json").code == 0
    edit = ("link", "edit", "offer", "--url")
    assert run(*edit, "https://www.example.com/2").err.splitlines()[:2] == [
        f"The export in {one} is behind now: run linktrack redirects export {one}",
        f"The export in {other} is behind now: run linktrack redirects export '{other}'",
    ]
    assert run("redirects", "export", one).code == 0
    for change in (["link", "delete", "offer"], ["link", "restore", "offer"]):
        said = run(*change, "--quiet").err
        assert f"{other} is behind" in said and f"{one} is" not in said, change
    assert run("redirects", "export", other).code == 0
    for nothing in (["link", "delete", "offer"], ["link", "restore", "offer"], [*edit, "https://www.example.com/2"]):
        assert "behind" not in run(*nothing).err, nothing
    shutil.rmtree(other)
    said = run(*edit, "https://www.example.com/3").err
    assert f"{one} is behind" in said and str(other) not in said
    (world.workspace.root / "linktrack.exports").write_text("nonsense")
    assert "behind" not in run(*edit, "https://www.example.com/4").err, "it is a hint, and no more"


def test_what_cannot_be_exported(world: SentWorld, run: Run, tmp_path: Path) -> None:
    assert run("redirects", "export", tmp_path / "out").code == 2
    missing = run("redirects", "export", tmp_path / "out", "--check")
    assert missing.code == 4 and "no export" in missing.err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    assert run("redirects", "export", tmp_path / "full", "--for", "json").code == 5
    assert run("redirects", "export", world.workspace.root / "scripts" / "x", "--for", "json").code == 5
    (tmp_path / "full" / "linktrack-export.json").write_text("{}")
    assert run("redirects", "export", tmp_path / "full", "--for", "json").code == 5


@pytest.mark.parametrize("text", [b"{{ nope.x.y }}", b"{{ 1/0 }}", b"R\xe4ksm\xf6rg\xe5s"])
def test_a_template_that_cannot_be_used_stops_every_command_that_needs_it_and_doctor_sees_it(
    world: SentWorld, run: Run, tmp_path: Path, text: bytes
) -> None:
    template = world.workspace.templates_path / "text.html"
    template.parent.mkdir()
    template.write_bytes(b"<p>\n" + text)
    for command in (["redirects", "export", tmp_path / "out", "--for", "json"], ["serve", "--port", "0"]):
        done = run(*command)
        assert (done.code, f"{template}:2: this template" in done.err) == (3, True), command
    done = run("doctor", "--format", "json")
    (found,) = [row for row in json.loads(done.out) if row["check"] == "settings"]
    assert (done.code, found["state"]) == (6, "error") and f"{template}:2: " in found["advice"]
    template.write_text("<p>\n{% if 'Thanks' in text %}{{ 1/0 }}{% endif %}{{ text }}</p>")
    out, done = tmp_path / "out", run("redirects", "export", tmp_path / "out", "--for", "json")
    assert (done.code, done.err.count(f"Note: {template}:2: this template cannot be used")) == (0, 1), done.err
    assert run("redirects", "export", out, "--check").code == 0
    assert run("redirects", "export", out, "--quiet").err.count("our own text.html is shown in its place") == 1
    assert f"{template}:2: " in run("doctor").out
    template.write_text("<p>{{ text }}</p>")
    done = run("doctor", "--format", "json")
    assert [row["state"] for row in json.loads(done.out) if row["check"] == "settings"] == ["ok"]


# --- a real nginx ------------------------------------------------------------------------------------------------

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
with_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx here (Debian's nginx-light)")
CONFIGURATION = """\
{user} daemon off; pid {root}/pid; error_log {root}/error.log info; worker_processes 1;
events {{ worker_connections 100; }}
http {{
    access_log off; client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f;
    uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
    include {out}/linktrack-http.conf;
    server {{ listen 127.0.0.1:{port}; {extra} include {out}/linktrack-server.conf; }}
}}
"""


@contextmanager
def nginx_with(out: Path, root: Path, extra: str = "") -> Iterator[Served]:
    root.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""
    (root / "nginx.conf").write_text(CONFIGURATION.format(root=root, out=out, port=port, extra=extra, user=user))
    assert NGINX is not None  # what it starts as root would be nobody, who may not look into our folders
    process = subprocess.Popen([NGINX, "-p", str(root), "-c", str(root / "nginx.conf")], text=True)
    with in_front(process, port, root / "error.log") as server:
        yield server


LIKE_SERVE = [
    ("GET", "offer", ""), ("HEAD", "offer", ""), ("GET", "offer", "?x=1"), ("POST", "offer", ""), ("GET", "thanks", ""),
    ("HEAD", "thanks", ""), ("POST", "thanks", ""), ("GET", "sure", ""), ("POST", "sure", ""), ("PUT", "sure", ""),
    ("GET", "unsubscribe", ""), ("POST", "unsubscribe", ""), ("POST", "unsubscribe", "?page"),
    ("POST", "unsubscribe", "?utm_source=x"), ("DELETE", "unsubscribe", ""), ("GET", "honeypot", ""),
    ("HEAD", "unsubscribe", ""),
]  # fmt: skip
COMPARED = (
    "location", "allow", "cache-control", "referrer-policy", "x-robots-tag", "x-content-type-options",
    "content-security-policy",
)  # fmt: skip


@with_nginx
@pytest.mark.servers
def test_nginx_answers_as_serve_does(world: SentWorld, run: Run, database: Database, tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "click.log"
    assert run("redirects", "export", out, "--for", "nginx", "--log", log).code == 0
    taken = take_snapshot(database)
    asking = QuietDatabase(world.workspace, lambda: 0.0)
    people = StoredPeople(asking)
    tokens = tokens_of(world.workspace, taken)
    site = replace(SITE, snapshot=taken, tokens=tokens, pages=pages_of(world.workspace), people=people, base_path="")
    asked = 0
    with closing(asking), nginx_with(out, tmp_path / "nginx") as server:
        for method, link, query in LIKE_SERVE:
            where = world.path(link)
            wanted, _ = answer(request(method, where, query.lstrip("?")), site)
            status, headers, body = server.ask(method, where + query)
            asked += 1
            assert status == wanted.status, (method, link, query)
            given = {name.lower(): value for name, value in wanted.headers}
            assert {name: headers.get(name) for name in COMPARED} == {name: given.get(name) for name in COMPARED}, (
                method,
                link,
            )
            if not 300 <= status < 400:
                assert body == wanted.body and headers["content-type"] == given["content-type"], (method, link, query)
            assert "set-cookie" not in headers and "etag" not in headers
        for tail in (".", ")", "%20", "%22", "/", "%3E", "]"):
            assert server.ask("GET", world.path("offer") + tail)[0] == 302, tail
            asked += 1
        assert server.ask("GET", world.path("offer").upper())[0] == 302
        status, headers, body = server.ask("GET", world.path("offer"), Purpose="prefetch")
        assert (status, body, headers["cache-control"]) == (503, b"", "no-store")
        asked += 2
        # No method that goes on like what is asked besides is taken for a plain GET.
        assert server.ask("GETX", world.path("offer"), Purpose="X")[0] == 405
        assert server.ask("GET-", "/zzzz/" + world.tokens["C1"])[0] == 404
        asked += 2
        missing = server.ask("GET", "/zzzz/" + world.tokens["C1"])
        assert (missing[0], missing[2]) == (404, answer(request("GET", "/"), site)[0].body)
        asked += 1
        for hostile in ("/linktrack-pages/not-found.html", "/linktrack-pages/../linktrack-http.conf", "/", "/offer/x",
                        world.path("offer") + "%0d%0aX:y", "//" + world.path("offer") + "x"):  # fmt: skip
            assert server.ask("GET", hostile)[0] == 404, hostile
        asked += 1  # the first of these
        assert server.ask("GET", "/robots.txt")[2] == b"User-agent: *\nDisallow: /\n"
    lines = log.read_bytes().splitlines()
    assert len(lines) == asked
    summary = import_logs(world.workspace, database, [str(log)])
    assert summary.read == asked == summary.stored + summary.rejected + summary.repeated + summary.not_ours
    assert summary.reasons == {"method": 8, "unknown-placement": 2} and summary.not_ours == 1
    flags: dict[int, int] = dict(database.rows("SELECT flags, count(*) FROM click GROUP BY flags"))
    assert flags[PREFETCH | SHARED] == 1 and flags[POST | SHARED] == 4, "all come from this machine, as from a proxy"


AGO, AHEAD = "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
NO_MATTER: dict[str, tuple[dict[str, str], int]] = {  # 203, for nginx has no way to say 200 then
    "another tag": ({"If-Match": '"x"'}, 203),
    "any tag": ({"If-Match": "*"}, 200),
    "not that tag": ({"If-None-Match": '"x"'}, 200),
    "not any tag": ({"If-None-Match": "*"}, 203),
    "not any tag, and another": ({"If-None-Match": '*, W/"x"'}, 203),
    "not any tag, and newer": ({"If-None-Match": "*", "If-Modified-Since": AHEAD}, 203),
    "older than all": ({"If-Unmodified-Since": AGO}, 203),
    "newer": ({"If-Modified-Since": AHEAD}, 200),
    "newer than long ago": ({"If-Modified-Since": AGO}, 200),
    "a part": ({"Range": "bytes=0-1"}, 200),
    "a part of a tag": ({"Range": "bytes=0-1", "If-Range": '"x"'}, 200),
    "all at once": ({"If-Match": '"x"', "If-None-Match": "*", "If-Unmodified-Since": AGO, "Range": "bytes=0-"}, 203),
}


@with_nginx
@pytest.mark.servers
def test_what_a_request_wants_a_page_to_be_matters_to_nobody(
    world: SentWorld, run: Run, database: Database, tmp_path: Path
) -> None:
    out, log = tmp_path / "out", tmp_path / "click.log"
    assert run("redirects", "export", out, "--for", "nginx", "--log", log).code == 0
    asked = (
        ("GET", "thanks", ""),
        ("GET", "unsubscribe", ""),
        ("GET", "sure", ""),
        ("GET", "honeypot", ""),
        ("POST", "unsubscribe", ""),
        ("POST", "unsubscribe", "?page"),
    )
    with nginx_with(out, tmp_path / "nginx") as server:
        for method, link, query in asked:
            _, headers, page = server.ask(method, world.path(link) + query)
            for case, (wanted, expected) in NO_MATTER.items():
                status, others, body = server.ask(method, world.path(link) + query, **given(wanted))
                assert (status, body) == (expected, page), (method, link, case)
                assert {one: others.get(one) for one in COMPARED} == {one: headers.get(one) for one in COMPARED}
        for wanted, _ in NO_MATTER.values():
            for method, where, status in (
                ("GET", world.path("offer"), 302), ("GET", "/zzzz/" + world.tokens["C1"], 404),
                ("PUT", world.path("thanks"), 405), ("HEAD", world.path("view-online"), 0),
            ):  # fmt: skip
                found, headers, body = server.ask(method, where, **given(wanted))
                assert found == status or (not status and found in (200, 203)), (where, wanted)
    summary = import_logs(world.workspace, database, [str(log)])
    assert summary.stored == len(asked) * (1 + len(NO_MATTER)) + len(NO_MATTER), "a HEAD is no click"


def given(wanted: dict[str, str]) -> dict[str, str]:
    """Headers as `ask` takes them."""
    return {name.replace("-", "_"): value for name, value in wanted.items()}


@with_nginx
@pytest.mark.servers
def test_a_reload_under_load_loses_nothing(world: SentWorld, run: Run, database: Database, tmp_path: Path) -> None:
    out, log, root = tmp_path / "out", tmp_path / "click.log", tmp_path / "nginx"
    assert run("redirects", "export", out, "--for", "nginx", "--log", log).code == 0
    answered: list[list[tuple[int, str]]] = [[], [], []]
    stop = threading.Event()
    with nginx_with(out, root) as server:

        def visit(number: int) -> None:
            while not stop.is_set():
                status, headers, _ = server.ask("GET", f"{world.path('offer')}?{number}-{len(answered[number])}")
                answered[number].append((status, headers["location"]))

        threads = [threading.Thread(target=visit, args=(number,)) for number in range(len(answered))]
        for thread in threads:
            thread.start()
        for number in range(4):
            edit_link(database, "offer", url=f"https://www.example.com/{number}")
            assert run("redirects", "export", out).code == 0
            server.process.send_signal(signal.SIGHUP)  # what nginx -s reload sends
            now = f"https://www.example.com/{number}?"
            until(lambda now=now: all(found and found[-1][1].startswith(now) for found in answered))  # type: ignore[misc]
        stop.set()
        for thread in threads:
            thread.join()
    sent = sum(map(len, answered))
    assert {status for found in answered for status, _ in found} == {302}
    summary = import_logs(world.workspace, database, [str(log)])
    assert (summary.read, summary.stored + summary.repeated) == (sent, sent)


TARGETS = {
    "dollars": "https://www.example.com/$1/${x}?a=$args",
    "quotes and braces": "https://www.example.com/?a=\"b'c;{d}#e",
    "percent": "https://www.example.com/%24%20?%",
    "spa": "https://www.example.com/#/a?b=c&d",
    "long": "https://www.example.com/" + "x" * 4000,
}


@with_nginx
@pytest.mark.servers
def test_no_target_is_lost_in_a_hundred_thousand(tmp_path: Path) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    spots = {
        f"b{letters[n >> 15]}{letters[n >> 10 & 31]}{letters[n >> 5 & 31]}{letters[n & 31]}": StaticSpot("", f"https://www.example.com/{n}")
        for n in range(100_000)
    }  # fmt: skip
    words = {
        word: StaticSpot("", f"https://www.example.com/{word}")
        for word in ("default", "include", "volatile", "hostnames")
    }
    own = {f"a{letters[n] * 3}": StaticSpot("", target) for n, target in enumerate(TARGETS.values())}
    (tmp_path / "pages").mkdir()
    (tmp_path / "linktrack-http.conf").write_text(http_text({**spots, **words, **own}, {}, "/k"))
    (tmp_path / "linktrack-server.conf").write_text(server_text("/k", f"{tmp_path}/pages", f"{tmp_path}/x.log"))
    token = "a" * 32
    with nginx_with(tmp_path, tmp_path / "nginx", 'location / { return 200 "mine"; }') as server:
        for key, spot in {**own, **words, **dict(list(spots.items())[::9999])}.items():
            status, headers, _ = server.ask("GET", f"/k/{key}/{token}")
            assert (status, headers["location"]) == (302, spot.target), key
        assert server.ask("GET", "/elsewhere")[2] == b"mine"
        assert "could not build" not in server.said
