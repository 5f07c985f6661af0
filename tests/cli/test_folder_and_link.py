"""Folders and links from the command line: what a shell sees of every verb."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.workspace import Workspace


def keys(run: Run, *options: str) -> list[str]:
    return [row["key"] for row in run("link", "list", *options, "--format", "json").json]


def paths(run: Run) -> list[str]:
    return [row["path"] for row in run("folder", "list", "--format", "json").json]


@pytest.fixture
def library(workspace: Workspace, run: Run) -> Run:
    """Campaigns/Spring with offer and terms, and news in no folder."""
    assert run("folder", "add", "Campaigns/Spring", "--parents").code == 0
    for key in ("offer", "terms"):
        done = run("link", "add", key, "--url", f"https://www.example.com/{key}", "--folder", "Campaigns/Spring")
        assert done.code == 0, done.err
    assert run("link", "add", "news", "--url", "https://www.example.com/news", "--name", "All news").code == 0
    return run


def test_a_folder_needs_the_folder_above_it_unless_parents(workspace: Workspace, run: Run) -> None:
    refused = run("folder", "add", "Campaigns/Spring")
    assert (refused.code, refused.out) == (4, "")
    assert "no folder 'Campaigns'" in refused.err
    assert paths(run) == []
    assert run("folder", "add", "Campaigns/Spring", "--parents").code == 0
    assert paths(run) == ["Campaigns", "Campaigns/Spring"]
    assert run("folder", "add", "Campaigns").code == 5


def test_renaming_and_moving_take_everything_along(library: Run) -> None:
    run = library
    assert run("folder", "rename", "Campaigns", "Kampanjer").code == 0
    assert paths(run) == ["Kampanjer", "Kampanjer/Spring"]
    assert keys(run, "--folder", "Kampanjer") == ["offer", "terms"]
    assert run("folder", "move", "Kampanjer/Spring", "/").code == 0
    assert paths(run) == ["Kampanjer", "Spring"]
    assert run("folder", "move", "Kampanjer", "Spring").code == 0
    assert paths(run) == ["Spring", "Spring/Kampanjer"]
    assert run("folder", "move", "Spring", "Spring/Kampanjer").code == 5
    assert run("folder", "rename", "Spring", "A/B").code == 3
    assert run("folder", "move", "Nowhere", "/").code == 4


def test_a_neighbour_with_the_same_beginning_stays_where_it_is(workspace: Workspace, run: Run) -> None:
    for path in ("News", "Newsletter", "News/Old"):
        run("folder", "add", path)
    assert run("folder", "rename", "News", "Nytt").code == 0
    assert paths(run) == ["Newsletter", "Nytt", "Nytt/Old"]


def test_a_folder_with_links_is_deleted_only_with_recursive(library: Run) -> None:
    run = library
    refused = run("folder", "delete", "Campaigns")
    assert refused.code == 5
    assert "2 links" in refused.err
    assert run("folder", "delete", "Campaigns", "--recursive").code == 0
    assert keys(run) == ["news"]
    assert set(keys(run, "--deleted")) == {"news", "offer", "terms"}
    assert run("link", "restore", "offer").code == 0


def test_a_link_is_added_shown_edited_moved_deleted_and_restored(library: Run) -> None:
    run = library
    shown = run("link", "show", "news", "--format", "json").json
    assert (shown["name"], shown["url"], shown["status"], shown["clicks"]) == (
        "All news",
        "https://www.example.com/news",
        "active",
        0,
    )
    assert run("link", "edit", "news", "--url", "https://www.example.com/all", "--key", "all-news").code == 0
    assert run("link", "move", "all-news", "Campaigns").code == 0
    shown = run("link", "show", "all-news", "--format", "json").json
    assert (shown["url"], shown["folder"]) == ("https://www.example.com/all", "Campaigns")
    assert run("link", "move", "all-news", "/").code == 0
    assert run("link", "delete", "all-news").code == 0
    assert "all-news" not in keys(run)
    assert run("link", "add", "all-news", "--url", "https://www.example.com/").code == 5
    assert run("link", "restore", "all-news").code == 0
    assert run("link", "restore", "all-news").code == 5
    assert "all-news" in keys(run)


@pytest.mark.parametrize(
    ("options", "response"),
    [
        pytest.param(["--text", "<p>Thanks!</p>"], {"kind": "text", "text": "<p>Thanks!</p>"}, id="a feedback text"),
        pytest.param(
            ["--form", "https://forms.example.com/c", "--prefill", "name=name", "--prefill", "mail=email"],
            {"kind": "form", "url": "https://forms.example.com/c", "prefill": {"name": "name", "mail": "email"}},
            id="a prefilled form",
        ),
    ],
)
def test_responses(library: Run, options: list[str], response: dict[str, object]) -> None:
    assert library("link", "edit", "offer", *options).code == 0
    assert library("link", "show", "offer", "--format", "json").json["response"] == response
    assert library("link", "edit", "offer", "--redirect").code == 0
    assert library("link", "show", "offer", "--format", "json").json["response"] == {"kind": "redirect"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["add", "x", "--url", "ftp://example.com"], 3, "not an address", id="another scheme"),
        pytest.param(["add", "x y", "--url", "https://example.com"], 3, "not a key", id="a blank in the key"),
        pytest.param(["add", "offer", "--url", "https://example.com"], 5, "link edit offer", id="a key that is taken"),
        pytest.param(["add", "unsubscribe", "--url", "https://e.com"], 5, "special", id="a special link's key"),
        pytest.param(["add", "x"], 2, "--url", id="no URL and no text"),
        pytest.param(
            ["add", "x", "--url", "https://e.com", "--folder", "No"], 4, "--parents|folder add", id="no such folder"
        ),
        pytest.param(["add", "x", "--text", "a", "--form", "https://e.com"], 2, "one response", id="two responses"),
        pytest.param(["show", "ofer"], 4, "did you mean 'offer'", id="a typing error"),
        pytest.param(["edit", "ofer", "--name", "x"], 4, "no link", id="editing what is not there"),
        pytest.param(["edit", "offer"], 2, "say what to change", id="an edit of nothing"),
        pytest.param(["add", "k" * 101, "--url", "https://e.com"], 3, "at most 100", id="a key that is too long"),
        pytest.param(["delete", "unsubscribe"], 5, "special", id="deleting a special link"),
        pytest.param(["list", "--format", "xml"], 2, "xml", id="an unknown format"),
        pytest.param(["move", "offer", ".."], 3, "not a folder path", id="a folder above, as in a file system"),
        pytest.param(["list", "--folder", "Nope"], 4, "no folder", id="listing an unknown folder"),
        pytest.param(["reset", "offer"], 2, "--yes", id="a reset without a terminal to ask at"),
        pytest.param(["apply", "missing.toml"], 4, "missing.toml", id="a file that is not there"),
    ],
)
def test_mistakes(library: Run, arguments: list[str], code: int, words: str) -> None:
    import re

    done = library("link", *arguments)
    assert (done.code, done.out) == (code, "")
    assert re.search(words, done.err), done.err
    assert "Traceback" not in done.err


def test_a_missing_scheme_becomes_https(workspace: Workspace, run: Run) -> None:
    run("link", "add", "home", "--url", "www.example.com/start?x=1")
    assert run("link", "show", "home", "--format", "json").json["url"] == "https://www.example.com/start?x=1"


DEFINITIONS = """\
# what Spring needs
[[link]]
key = "offer"
name = "Yes please, send me an offer"
folder = "Campaigns/Summer"
url = "https://www.example.com/offer"
actions = [
  { type = "selection", add = ["Spring prospects"] },
  { type = "set-field", field = "x_interest_level", value = "hot" },
]

[[link]]
key = "consultant"
response = { kind = "text", text = "<p>Tack för ditt svar!</p>" }
actions = [{ type = "request", title = "Consultant wanted by {contact.name}", category = "Consultant", owner = "auto" }]

[[link]]
key = "unsubscribe"
actions = [{ type = "interest", remove = ["Newsletter"] }]
"""


def test_apply_is_declarative_and_leaves_other_links_alone(library: Run, workspace: Workspace) -> None:
    run = library
    file = workspace.root / "links.toml"
    file.write_text(DEFINITIONS, "utf-8")
    difference = run("link", "apply", file, "--dry-run", "--format", "json").json
    assert {(row["key"], row["change"]) for row in difference} == {
        ("offer", "change"),
        ("consultant", "add"),
        ("unsubscribe", "change"),
    }
    assert "consultant" not in keys(run), "a dry run changes nothing"
    assert run("link", "apply", file).code == 0
    again = run("link", "apply", file)
    assert (again.code, again.out) == (0, "")
    assert "Nothing to do" in again.err
    shown = run("link", "show", "offer", "--format", "json").json
    assert shown["folder"] == "Campaigns/Summer"
    assert [action["type"] for action in shown["actions"]] == ["selection", "set-field"]
    assert set(keys(run)) == {"offer", "terms", "news", "consultant"}


def test_export_and_apply_round_trip(library: Run, workspace: Workspace) -> None:
    run = library
    (workspace.root / "links.toml").write_text(DEFINITIONS, "utf-8")
    run("link", "apply", "links.toml")
    exported = run("link", "export").out
    (workspace.root / "exported.toml").write_text(exported, "utf-8")
    assert run("link", "apply", "exported.toml", "--dry-run", "--format", "json").json == []
    run("init", "../other", "--base-url", "https://other.example.com")
    assert run("link", "apply", "exported.toml", "--workspace", "../other").code == 0
    assert run("link", "export", "--workspace", "../other").out == exported


def test_apply_reads_standard_input(library: Run) -> None:
    assert library("link", "apply", "-", input=DEFINITIONS).code == 0
    assert "consultant" in keys(library)


def test_apply_restores_a_deleted_link(library: Run, workspace: Workspace) -> None:
    (workspace.root / "links.toml").write_text(library("link", "export").out, "utf-8")
    library("link", "delete", "offer")
    rows = library("link", "apply", "links.toml", "--format", "json").json
    assert rows == [{"key": "offer", "change": "restore", "field": "status", "old": "deleted", "new": "active"}]
    assert "offer" in keys(library)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param('[[link]]\nkey = "a"\nurl = \n', 3, "not valid TOML", id="broken TOML"),
        pytest.param(
            '[[link]]\nkey = "a"\nurl = "https://e.com"\n\n[[link]]\nurl = "https://e.com"\n', 5, "key", id="no key"
        ),
        pytest.param(
            '[[link]]\nkey = "a"\nurl = "https://e.com"\ncolour = "red"\n', 1, "colour", id="an unknown setting"
        ),
        pytest.param('\n[[link]]\nkey = "a"\n', 2, "address", id="no URL"),
        pytest.param(
            '[[link]]\nkey = "a"\nurl = "https://e.com"\n[[link]]\nkey = "a"\nurl = "https://e.com"\n',
            4,
            "second time",
            id="a key twice",
        ),
        pytest.param(
            '[[link]]\nkey = "a"\nurl = "https://e.com"\nactions = [{ type = "dance" }]\n',
            1,
            "dance",
            id="an unknown action",
        ),
        pytest.param('[[links]]\nkey = "a"\n', None, "links", id="a wrong table"),
        pytest.param('[[link]]\nkey = "unsubscribe"\nurl = "https://e.com"\n', 1, "special", id="a special link's URL"),
    ],
)
def test_a_bad_file_names_file_and_line_and_changes_nothing(
    library: Run, workspace: Workspace, text: str, line: int | None, words: str
) -> None:
    good = '[[link]]\nkey = "first"\nurl = "https://e.com/first"\n'
    Path("bad.toml").write_text(text + (good if "broken" not in words else ""), "utf-8")
    done = library("link", "apply", "bad.toml")
    assert done.code == 3
    assert (f"bad.toml:{line}:" if line else "bad.toml:") in done.err
    assert words in done.err
    assert "first" not in keys(library)


@pytest.mark.parametrize("format", ["json", "ndjson", "csv", "tsv", "md", "table"])
def test_every_format_shows_every_link(library: Run, format: str) -> None:
    done = library("link", "list", "--format", format)
    assert done.code == 0
    assert all(key in done.out for key in ("offer", "terms", "news"))
    if format == "ndjson":
        assert [json.loads(line)["key"] for line in done.out.splitlines()] == ["news", "offer", "terms"]


def test_rows_go_to_stdout_and_sentences_to_stderr(workspace: Workspace, run: Run) -> None:
    empty = run("link", "list")
    assert empty.out.count("\n") == 1, "a pipe gets the header"
    assert "no links here yet" in empty.err
    assert run("link", "list", "--quiet").err == ""
    assert run("link", "list", "--format", "json").json == []


def test_global_options_may_stand_anywhere(
    workspace: Workspace, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (
        ["--workspace", workspace.root, "folder", "list"],
        ["folder", "--workspace", workspace.root, "list"],
        ["folder", "list", f"--workspace={workspace.root}"],
    ):
        assert run(*arguments, "--quiet").code == 0
    assert run("folder", "list").code == 4
    monkeypatch.setenv("LINKTRACK_WORKSPACE", str(workspace.root))
    assert run("folder", "list").code == 0
