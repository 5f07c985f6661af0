"""Serving and exporting a workspace whose database is PostgreSQL: the same answers, and the same ones without it."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from postgresql_server import new_database, ours
from postgresql_server import server as server
from server.server_world import make_sent
from server.serving_process import serving, until
from tests_support import Run

from linktrack.moments import now
from linktrack.store.opening import open_database
from linktrack.workspace import load_workspace

pytestmark = pytest.mark.servers
pytest.importorskip("granian")


def test_the_same_answers(server: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "work"
    address = new_database(server)
    url, name = ours(address), address.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(f"postgresql:///postgres{server}", autocommit=True) as keeper:
        monkeypatch.setenv("LINKTRACK_DATABASE_URL", url)
        assert run("init", root, "--base-url", "https://click.example.com").code == 0
        monkeypatch.chdir(root)
        with open_database(load_workspace(root)) as database:
            world = make_sent(load_workspace(root), database, tmp_path, now())
        assert run("redirects", "export", "export", "--for", "json").code == 0
        assert json.loads(Path("export", "map.json").read_text("utf-8"))[world.places["thanks"]]["kind"] == "text"
        with serving(root, said=tmp_path / "said", LINKTRACK_DATABASE_URL=url) as serve:
            assert "city=Malm%C3%B6&" in serve.ask("GET", world.path("local"))[1]["location"]
            assert b"Hej Anna \xc3\x85!" in serve.ask("GET", world.path("view-online"))[2]
            assert b"Newsletter" in serve.ask("GET", world.path("subscriptions"))[2]
            edited = run("link", "edit", "offer", "--url", "https://www.example.com/changed")
            assert edited.code == 0 and "is behind now" in edited.err
            assert run("redirects", "export", "export", "--check").code == 6
            until(lambda: "changed" in serve.ask("GET", world.path("offer"))[1]["location"], 10)

            with psycopg.connect(address) as locking:
                locking.execute("LOCK TABLE recipient, shipment_recipient, workspace IN ACCESS EXCLUSIVE MODE")
                assert "city=&" in serve.ask("GET", world.path("local"))[1]["location"], "it does not wait"
                assert serve.ask("GET", world.path("view-online"))[0] == 503
                assert serve.ask("GET", world.path("offer"))[0] == 302
                locking.rollback()
            until(lambda: "city=Malm" in serve.ask("GET", world.path("local"))[1]["location"], 15)

            keeper.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            keeper.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            assert "city=&" in serve.ask("GET", world.path("local"))[1]["location"]
            assert serve.ask("GET", world.path("thanks"))[0] == 200
            assert serve.ask("POST", world.path("unsubscribe", "C2"))[0] == 200
            keeper.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            until(lambda: "city=Malm" in serve.ask("GET", world.path("local"))[1]["location"], 15)
            assert serve.stop() == 0
        again = run("mailing", "rewrite", "spring", "--contacts", tmp_path / "contacts.csv", "--again",
                    "--out", "-", "--as", "ndjson")  # fmt: skip
        assert again.code == 0, again.err
        assert [json.loads(row)["contact_id"] for row in again.out.splitlines()] == ["C1"], "Bo has unsubscribed"
