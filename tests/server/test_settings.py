"""The settings of the server and its pages, and what `init` writes of them."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urljoin

import pytest

from linktrack.errors import BadInput, Conflict
from linktrack.files.writing import write_file
from linktrack.settings.values import bytes_of
from linktrack.upkeep.making import init_workspace, machine_language
from linktrack.workspace import Workspace, load_workspace


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"), ({"LANG": "sv_SE.UTF-8"}, "sv"), ({"LANG": "de_DE.UTF-8"}, "en"), ({"LANG": "sv"}, "sv"),
        ({"LANG": "sv_SE.UTF-8", "LC_ALL": "C.UTF-8"}, "en"), ({"LANG": "C", "LC_MESSAGES": "sv_FI"}, "sv"),
        ({"LANG": "svx"}, "en"),
    ],
)  # fmt: skip
def test_the_language_of_a_machine(environ: dict[str, str], language: str) -> None:
    assert machine_language(environ) == language


def test_init_writes_the_machine_s_language(tmp_path: Path) -> None:
    made = init_workspace(tmp_path / "w", "https://click.example.com", {"LANG": "sv_SE.UTF-8"})
    assert made.settings.language == "sv" and 'language = "sv"' in made.config_path.read_text()


@pytest.mark.parametrize(("size", "number"), [("100MB", 100_000_000), ("1 GB", 1_000_000_000), ("5KB", 5000)])
def test_a_size(size: str, number: int) -> None:
    assert bytes_of(size) == number


WRONG = {
    "a size of nothing": ("[serve]\nlog_size = '0MB'", "a size is written like 100MB"),
    "a size without a unit": ("[serve]\nlog_size = '100'", "a size is written like 100MB"),
    "a port": ("[serve]\nport = 70000", "port"),
    "no worker": ("[serve]\nworkers = 0", "workers"),
    "a colour by name": ("[pages]\naccent = 'red'", "a colour is written like #0b57d0"),
    "a colour that would end its style": ("[pages]\nbackground = '#fff;}x{'", "a colour is written like #0b57d0"),
    "another language": ("[pages]\nname = 'x'\n[serve]\nhost = 3", "host"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_value_names_file_and_line(workspace: Workspace, case: str) -> None:
    text, words = WRONG[case]
    with workspace.config_path.open("a") as file:
        file.write(f"\n{text}\n")
    with pytest.raises(BadInput, match=words) as caught:
        load_workspace(workspace.root, {})
    assert caught.value.file == str(workspace.config_path) and caught.value.line


NO_PATHS = (
    "/../m", "/..", "/m/..", "/m/../n", "/.", "/./m", "/m/./", "/m/.", "/%2e%2e/m", "/%2E", "/.%2e", "/m\\n", "\\m",
    "/m n", "/m ", " ", "/m\t", "/m\n", "\n", "/m\x00", "/m\x7f", "/m\u2028", "/\u00e5", "//m", "/m//", "/%6b", "/m?", "/m#",
)  # fmt: skip
PATHS = ("/...", "/.m", "/m..", "/..m", "/m.n", "/~m/n-o_p", "/.well-known/", "/")


@pytest.mark.parametrize("path", NO_PATHS)
def test_a_path_of_base_url_that_browsers_would_change_is_refused(workspace: Workspace, path: str) -> None:
    text = workspace.config_path.read_text("utf-8")
    value = json.dumps("https://click.example.com" + path, ensure_ascii=True).replace("\x7f", "\\u007f")
    workspace.config_path.write_text(text.replace('"https://click.example.com"', value), "utf-8")
    with pytest.raises(BadInput, match="base_url"):
        load_workspace(workspace.root, {})
    with pytest.raises(BadInput, match="base_url"):
        load_workspace(workspace.root, {"LINKTRACK_BASE_URL": "https://click.example.com" + path})


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_base_url_is_the_one_that_browsers_ask_for(workspace: Workspace, path: str) -> None:
    base_url = load_workspace(
        workspace.root, {"LINKTRACK_BASE_URL": f"https://click.example.com{path}"}
    ).settings.base_url
    assert (
        urljoin("https://elsewhere.example/", f"{base_url}/p/t") == f"https://click.example.com{path.rstrip('/')}/p/t"
    )


def test_what_the_server_writes_is_the_workspace_s_own(workspace: Workspace) -> None:
    for path in (workspace.snapshot_path, workspace.click_log_path / "x", workspace.templates_path / "x"):
        path.parent.mkdir(exist_ok=True)
        with pytest.raises(Conflict, match="belongs to a workspace"):
            write_file(path, b"x", workspace.protected())
    write_file(workspace.root / "mine.csv", b"x", workspace.protected())
