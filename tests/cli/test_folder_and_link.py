"""Folders and links from the command line: what a shell sees of every verb."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests_support import Furnish, Run, call

from linktrack.workspace import Workspace


def keys(run: Run, *options: str) -> list[str]:
    return [row["key"] for row in run("link", "list", *options, "--format", "json").json]


def paths(run: Run) -> list[str]:
    return [row["path"] for row in run("folder", "list", "--format", "json").json]


@pytest.fixture
def library(furnish: Furnish, run: Run) -> Run:
    furnish(_library)
    return run


def _library(run: Run = call) -> None:
    """Campaigns/Spring with offer and terms, and news in no folder."""
    assert run("folder", "add", "Campaigns/Spring", "--parents").code == 0
    for key in ("offer", "terms"):
        done = run("link", "add", key, "--url", f"https://www.example.com/{key}", "--folder", "Campaigns/Spring")
        assert done.code == 0, done.err
    assert run("link", "add", "news", "--url", "https://www.example.com/news", "--name", "All news").code == 0


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
    asked = run("folder", "delete", "Campaigns", "--recursive")
    assert (asked.code, "the 2 links in it?" in asked.err) == (2, True)
    assert keys(run) == ["news", "offer", "terms"]
    assert run("folder", "delete", "Campaigns", "--recursive", "--yes").code == 0
    assert (keys(run), paths(run)) == (["news"], [])
    assert set(keys(run, "--deleted")) == {"news", "offer", "terms"}
    assert run("link", "list", "--folder", "Campaigns/Spring").code == 4


def test_a_folder_comes_back_with_what_went_with_it(library: Run) -> None:
    run = library
    run("link", "delete", "terms")
    assert run("folder", "delete", "Campaigns", "--recursive", "--yes").code == 0
    above = run("folder", "restore", "Campaigns/Spring")
    assert (above.code, "linktrack folder restore Campaigns" in above.err) == (5, True)
    back = run("folder", "restore", "Campaigns")
    assert (back.code, back.err) == (0, "The folder Campaigns is back, with 1 link in it.\n")
    assert paths(run) == ["Campaigns", "Campaigns/Spring"]
    assert keys(run) == ["news", "offer"], "terms was deleted before"
    assert run("link", "show", "offer", "--format", "json").json["folder"] == "Campaigns/Spring"
    assert run("folder", "restore", "Campaigns").code == 5
    assert run("folder", "restore", "Nowhere").code == 4


def test_what_was_deleted_before_its_folder_stays_deleted(library: Run) -> None:
    run = library
    run("folder", "delete", "Campaigns/Spring", "--recursive", "--yes")
    run("folder", "delete", "Campaigns")
    assert run("folder", "restore", "Campaigns").err == "The folder Campaigns is back.\n"
    assert paths(run) == ["Campaigns"]
    assert (
        run("folder", "restore", "Campaigns/Spring").err == "The folder Campaigns/Spring is back, with 2 links in it.\n"
    )
    assert keys(run, "--folder", "Campaigns") == ["offer", "terms"]


def test_a_link_of_a_deleted_folder_comes_back_without_it(library: Run) -> None:
    run = library
    run("folder", "delete", "Campaigns", "--recursive", "--yes")
    back = run("link", "restore", "offer")
    assert back.code == 0
    assert "offer stands in no folder now, for Campaigns/Spring is deleted" in back.err
    assert run("link", "show", "offer", "--format", "json").json["folder"] is None
    assert run("folder", "restore", "Campaigns").code == 0
    assert set(keys(run)) == {"news", "offer", "terms"}


def test_the_path_of_a_deleted_folder_is_taken_until_somebody_says_what_he_means(library: Run) -> None:
    run = library
    run("folder", "delete", "Campaigns", "--recursive", "--yes")
    for refused in (("add", "Campaigns"), ("add", "Campaigns/Spring", "--parents")):
        done = run("folder", *refused)
        assert (done.code, "linktrack folder restore" in done.err) == (5, True)
    run("folder", "add", "Other")
    assert run("folder", "rename", "Other", "Campaigns").code == 5
    moved = run("link", "move", "news", "Campaigns/Spring")
    assert (moved.code, "is deleted: bring it back" in moved.err) == (4, True)
    made = run("link", "add", "new", "--url", "https://e.com", "--folder", "Campaigns/Spring", "--parents")
    assert made.code == 0
    assert keys(run, "--folder", "Campaigns") == ["new"], "the folder is there again, what went with it is not"


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
    url = library("link", "show", "offer", "--format", "json").json["url"]
    assert url == ("" if response["kind"] == "text" else "https://www.example.com/offer"), "a text has no address"
    assert library("link", "edit", "offer", "--redirect", "--url", "https://www.example.com/offer").code == 0
    assert library("link", "show", "offer", "--format", "json").json["response"] == {"kind": "redirect"}


def test_an_edit_says_what_changed(library: Run) -> None:
    edited = library("link", "edit", "offer", "--name", "Yes", "--text", "<p>Tack!</p>", "--confirm")
    assert edited.err.splitlines() == [
        "offer: name is now Yes (was: offer)",
        "offer: url is now empty (was: https://www.example.com/offer)",
        "offer: response is now shows <p>Tack!</p> (was: redirect)",
        "offer: confirm is now true (was: empty)",
    ]
    again = library("link", "edit", "offer", "--name", "Yes")
    assert (again.code, again.err) == (0, "offer is so already: nothing was changed.\n")


def test_confirm_is_a_setting_of_add_edit_and_files(library: Run) -> None:
    def confirms(key: str) -> bool:
        return bool(library("link", "show", key, "--format", "json").json["confirm"])

    library("link", "add", "order", "--url", "https://www.example.com/order", "--confirm")
    assert (confirms("order"), confirms("offer")) == (True, False)
    exported = library("link", "export").out
    assert exported.count("confirm = true") == 1
    library("link", "edit", "order", "--no-confirm")
    assert not confirms("order")
    assert library("link", "apply", "-", input=exported).code == 0
    assert confirms("order")


def test_several_links_at_once_all_or_none(library: Run) -> None:
    run = library
    assert run("link", "delete", "offer", "nobody").code == 4
    assert keys(run) == ["news", "offer", "terms"]
    assert run("link", "delete", "offer", "news").err.endswith("linktrack link restore offer news.\n")
    assert keys(run) == ["terms"]
    assert run("link", "restore", "offer", "terms").code == 5
    assert run("link", "restore", "offer", "news").err == "offer, news are back.\n"
    assert run("link", "move", "news", "terms", "/").err == "news, terms are now in no folder.\n"
    assert keys(run, "--folder", "Campaigns") == ["offer"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ALL NEWS", ["news"], id="in the name, whatever its case"),
        pytest.param("example.com/t", ["terms"], id="in the address"),
        pytest.param("e", ["news", "offer", "terms"], id="in all of them"),
        pytest.param("%", [], id="a mark that a database would read"),
    ],
)
def test_links_are_searched(library: Run, text: str, expected: list[str]) -> None:
    assert keys(library, "--search", text) == expected


SHOWN = """\
offer: Yes please
  folder    Campaigns/Spring
  leads to  https://www.example.com/offer
  made      TODAY

What a click does
  1  selection  add Spring prospects
  2  set-field  level = 'hot'

Clicks
  0 clicks by 0 people, 0 by machines

Stands in
  spring  2 places, 0 sent
"""


def test_a_link_is_shown_as_a_reader_wants_it(library: Run) -> None:
    library("link", "edit", "offer", "--name", "Yes please")
    library("action", "add", "offer", "selection", "--add", "Spring prospects")
    library("action", "add", "offer", "set-field", "--field", "level", "--value", "hot")
    Path("mail.html").write_text('<a href="linktrack:offer">a</a> <a href="https://www.example.com/offer">b</a>')
    library("mailing", "add", "spring", "mail.html")
    shown = library("link", "show", "offer", "--format", "table").out
    shown = re.sub(r"\n  changed .*", "", shown)
    shown = re.sub(r"(made +)\d{4}-\d\d-\d\d \d\d:\d\d", r"\1TODAY", shown)
    assert shown == SHOWN
    assert library("link", "show", "offer", "--format", "json").json["mailings"] == ["spring"]


@pytest.mark.parametrize("key", ["unsubscribe", "subscriptions", "view-online", "honeypot"])
def test_special_links_are_shown_and_are_of_no_year(library: Run, key: str) -> None:
    shown = library("link", "show", key, "--format", "json").json
    assert (shown["kind"], shown["created_at"], shown["clicks"]) == ("special", None, 0)
    assert "1970" not in library("link", "show", key, "--format", "table").out
    assert library("link", "edit", key, "--name", "x").code == 5


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["add", "x", "--url", "ftp://example.com"], 3, "not an address", id="another scheme"),
        pytest.param(
            ["add", "x", "--url", "https://e.com/{{id}}"], 3, "merge tag in its host or path", id="a tag in the path"
        ),
        pytest.param(
            ["add", "x", "--url", "https://e.com", "--text", "a"], 3, "leave one of them out", id="text and URL"
        ),
        pytest.param(["add", "x", "--form", "http://e.com"], 3, "https://", id="a form without https"),
        pytest.param(["add", "x", "--text", " "], 2, "is empty", id="a text without words"),
        pytest.param(
            ["edit", "ofer", "--url", "https://e.com"], 4, "did you mean 'offer'", id="a typing error in an edit"
        ),
        pytest.param(["list", "--mailing", "spring"], 4, "no mailing 'spring'", id="an unknown mailing"),
        pytest.param(["edit", "offer", "--redirect", "--url", " "], 3, "needs an address", id="a redirect to nowhere"),
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
    done = library("link", *arguments)
    assert (done.code, done.out) == (code, "")
    assert re.search(words, done.err), done.err
    assert "Traceback" not in done.err


FORM = ["--form", "https://forms.example.org/x", "--prefill", "mail=email"]
FORM_FILE = '[[link]]\nkey = "survey"\nresponse = { kind = "form", url = "https://badexample.com/", prefill = { a = "email" } }\n'


def test_a_form_elsewhere_than_the_settings_name_is_not_prefilled(
    library: Run, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "links.toml").write_text(FORM_FILE)
    assert library("link", "add", "before", *FORM).code == 0
    with workspace.config_path.open("a") as file:
        file.write('\n[serve]\nform_hosts = ["Example.com"]\n')
    for command in (["add", "after", *FORM], ["edit", "offer", *FORM], ["apply", str(tmp_path / "links.toml")]):
        done = library("link", *command)
        assert (done.code, "[serve] form_hosts names Example.com alone" in done.err) == (3, True), done.err
    found = library("link", "check", "--format", "json")
    assert (found.code, [(one["finding"], one["link"]) for one in found.json]) == (6, [("form-host", "before")])
    assert library("link", "edit", "before", "--form", "forms.example.com/x", "--prefill", "mail=email").code == 0
    shown = library("link", "show", "before", "--format", "json").json
    assert shown["response"]["url"] == "https://forms.example.com/x"
    assert library("link", "add", "after", *FORM[:2]).code == 0, "it gets nobody's values"
    assert library("link", "check").code == 0


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


def test_a_merge_tag_with_blanks_in_a_query_is_taken(library: Run) -> None:
    url = "https://www.example.com/?n={{ first name }}"
    assert library("link", "add", "hello", "--url", url).code == 0
    assert library("link", "show", "hello", "--format", "json").json["url"] == url
    exported = library("link", "export").out
    assert library("link", "apply", "-", "--dry-run", "--format", "json", input=exported).json == []


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
        pytest.param(
            '[[link]]\nkey = "a"\nurl = "https://e.com"\nresponse = { kind = "text", text = "x" }\n',
            1,
            "leave one of them",
            id="a text and a URL",
        ),
        pytest.param(
            '[[link]]\nkey = "a"\nurl = "https://e.com"\nresponse = { kind = "dance" }\n',
            1,
            "kind = one of",
            id="an unknown response",
        ),
        pytest.param(
            '[[link]]\nkey = "a"\nurl = "https://e.com"\nresponse = { kind = "redirect", to = "x" }\n',
            1,
            "no setting 'to'",
            id="an unknown setting of a response",
        ),
        pytest.param(
            '[[link]]\nkey = "a"\nresponse = { kind = "form", url = "https://e.com", prefill = { a = 1 } }\n',
            1,
            "prefill",
            id="a prefill that is no text",
        ),
        pytest.param(
            '[[link]]\nkey = "a"\nurl = "https://e.com"\nconfirm = "yes"\n', 1, "confirm", id="a confirm in words"
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


def test_what_is_no_key_says_which_letters_are_meant(workspace: Workspace, run: Run) -> None:
    done = run("link", "add", "Åå", "--url", "https://a.example/")
    assert (done.code, "use letters a to z, digits" in done.err) == (3, True)
