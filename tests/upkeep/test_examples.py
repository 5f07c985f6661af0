"""Shipped examples, put into a workspace by `init --example`."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.server.live import pages_of
from linktrack.upkeep.examples import PAGES, examples, shipped_folder
from linktrack.workspace import Workspace, load_workspace

# Every example, and the file of the workspace that holds it.
PLACES = {
    "settings": "linktrack.example.toml",
    "hubspot": "linktrack.toml",
    "salesforce": "linktrack.toml",
    "superoffice": "linktrack.toml",
    "use-cases": "links/use-cases.toml",
    "apache": "weblogs/apache.conf",
    "caddyfile": "weblogs/Caddyfile",
    "nginx": "weblogs/nginx.conf",
    "linktrack-serve": "systemd/linktrack-serve.service",
    "linktrack-import": "systemd/linktrack-import.service",
    "linktrack-nightly": "systemd/linktrack-nightly.timer",
}


def test_every_shipped_file_is_an_example_with_a_name_of_its_own() -> None:
    assert set(examples()) == {*PLACES, PAGES}
    shipped = [path for path in shipped_folder("configs").rglob("*") if path.is_file()]
    assert sorted(path for path in examples().values() if path.is_file()) == sorted(shipped)


@pytest.mark.parametrize("name", PLACES)
def test_an_example_is_put_once_where_it_is_needed(workspace: Workspace, run: Run, name: str) -> None:
    target = workspace.root / PLACES[name]
    before = target.read_text("utf-8") if target.exists() else ""
    text = examples()[name].read_text("utf-8")
    for _ in range(2):
        done = run("init", "--example", name)
        assert (done.code, done.err) == (0, f"Put the example {name} into {target}.\n")
        assert target.read_text("utf-8") == (f"{before.rstrip()}\n\n{text}" if before else text)
    load_workspace(workspace.root)


@pytest.mark.parametrize("folder", ["pages", "looks"])
def test_the_templates_of_all_pages_are_put_where_the_settings_have_them(
    workspace: Workspace, run: Run, folder: str
) -> None:
    before = pages_of(workspace).unsubscribe("News")
    if folder != "pages":
        with workspace.config_path.open("a") as file:
            file.write(f"\n[pages]\ntemplates = '{folder}'\n")
    put = workspace.root / folder
    for _ in range(2):
        done = run("init", "--example", "pages")
        assert (done.code, done.err) == (0, f"Put the example pages into {put}.\n")
    found = sorted(path.name for path in put.iterdir())
    assert found == sorted(path.name for path in examples()[PAGES].glob("*.html"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in put.iterdir()} == {0o600}
    assert pages_of(load_workspace(workspace.root)).unsubscribe("News") == before
    (put / "text.html").write_text("mine")
    done = run("init", "--example", "pages")
    assert (done.code, str(put / "text.html") in done.err, (put / "text.html").read_text()) == (5, True, "mine")


def test_a_new_workspace_can_begin_with_examples(tmp_path: Path, run: Run) -> None:
    done = run(
        "init",
        tmp_path / "new",
        "--base-url",
        "https://click.example.com",
        "--example",
        "nginx",
        "--example",
        "hubspot",
    )
    assert done.code == 0
    assert (tmp_path / "new" / "weblogs" / "nginx.conf").exists()
    settings = tomllib.loads((tmp_path / "new" / "linktrack.toml").read_text("utf-8"))
    assert (settings["base_url"], settings["crm"]["contacts"]["id"]) == ("https://click.example.com", "Record ID")


def test_an_unknown_example_is_named_with_all_there_are_and_nothing_is_made(tmp_path: Path, run: Run) -> None:
    done = run("init", tmp_path / "new", "--base-url", "https://click.example.com", "--example", "ngnix")
    assert (done.code, done.out) == (4, "")
    assert "no example 'ngnix' (did you mean 'nginx'?)" in done.err
    assert all(name in done.err for name in PLACES)
    assert not (tmp_path / "new").exists()


def test_what_is_in_an_example_s_place_stays(workspace: Workspace, run: Run) -> None:
    mine = workspace.root / "weblogs" / "nginx.conf"
    mine.parent.mkdir()
    mine.write_text("# mine", "utf-8")
    assert run("init", "--example", "nginx").code == 5
    assert mine.read_text("utf-8") == "# mine"
    assert run("init", "--example", "hubspot").code == 0
    settings = (workspace.root / "linktrack.toml").read_text("utf-8")
    done = run("init", "--example", "salesforce")
    assert (done.code, "has [crm] already" in done.err) == (5, True)
    assert (workspace.root / "linktrack.toml").read_text("utf-8") == settings


def test_the_settings_keep_who_may_read_them(workspace: Workspace, run: Run) -> None:
    workspace.config_path.chmod(0o600)
    assert run("init", "--example", "hubspot").code == 0
    assert stat.S_IMODE(workspace.config_path.stat().st_mode) == 0o600


def test_an_example_without_a_workspace_asks_for_the_host(tmp_path: Path, run: Run) -> None:
    done = run("init", tmp_path / "new", "--example", "nginx")
    assert (done.code, "--base-url is missing" in done.err, (tmp_path / "new").exists()) == (2, True, False)
