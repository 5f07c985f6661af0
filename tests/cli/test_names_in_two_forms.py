"""Names with accents of one sign or of two (as macOS writes them): the same folder, mailing, link, type, user …"""

from __future__ import annotations

import json
from pathlib import Path
from unicodedata import normalize

import pytest
from tests_support import Run

from linktrack.names import composed, held_under, same_name
from linktrack.workspace import Workspace

ONE, TWO = (normalize("NFC", "Vår"), normalize("NFD", "Vår"))
FORMS = [pytest.param(ONE, TWO, id="made composed"), pytest.param(TWO, ONE, id="made decomposed")]


def test_the_forms_are_two() -> None:
    assert ONE != TWO and composed(TWO) == ONE == composed(ONE) and same_name(TWO) == same_name(ONE)
    assert held_under({TWO: 1, "x": 2}, ONE) == held_under({ONE: 1}, TWO) == 1
    assert held_under({TWO: 1}, "Var") is held_under({}, ONE) is None


@pytest.fixture
def mail(workspace: Workspace) -> Path:
    path = workspace.root / "mail.html"
    path.write_text('<a href="https://www.example.com/a">a</a> <a href="linktrack:offer">b</a>', "utf-8")
    (workspace.root / "contacts.csv").write_text(
        f"contact_id,email,name\n1,a@x.example,{TWO}a\n2,b@x.example,{ONE}b\n", "utf-8"
    )
    return path


@pytest.mark.parametrize(("made", "typed"), FORMS)
def test_a_folder_is_one_folder(workspace: Workspace, run: Run, made: str, typed: str) -> None:
    assert run("folder", "add", f"Köp/{made}", "--parents").code == 0
    twin = run("folder", "add", normalize("NFD", f"Köp/{typed}"))
    assert (twin.code, "there is a folder" in twin.err) == (5, True)
    assert run("link", "add", "offer", "--url", "https://e.com/", "--folder", f"Köp/{typed}").code == 0
    assert [row["path"] for row in run("folder", "list", "--format", "json").json] == ["Köp", f"Köp/{ONE}"]
    for name in (made, typed):
        assert len(run("link", "list", "--folder", f"Köp/{name}", "--format", "json").json) == 1
        assert len(run("report", "links", "--folder", f"Köp/{name}", "--format", "json").json) == 1
        assert "key = " in run("link", "export", "--folder", f"Köp/{name}").out
    assert run("folder", "rename", f"Köp/{typed}", f"{made} 2").code == 0
    assert run("folder", "move", f"Köp/{typed} 2", "/").code == 0
    assert run("link", "move", "offer", f"{typed} 2").code == 0
    assert run("folder", "delete", f"{typed} 2").code == 5  # there is a link in it
    assert run("folder", "delete", f"{typed} 2", "--recursive", "--yes").code == 0
    assert [row["path"] for row in run("folder", "list", "--format", "json").json] == ["Köp"]
    assert run("folder", "restore", f"{made} 2").code == 0
    assert run("link", "list", "--folder", f"{typed} 2", "--format", "json").json[0]["folder"] == f"{ONE} 2"


@pytest.mark.parametrize(("made", "typed"), FORMS)
def test_a_link_file_has_the_same_folders_and_names(workspace: Workspace, run: Run, made: str, typed: str) -> None:
    run("folder", "add", typed)
    text = f'[[link]]\nkey = "offer"\nname = "{made}"\nfolder = "{made}"\nurl = "https://e.com/"\n'
    text += f'actions = [{{ type = "selection", add = ["{made}", "{typed}"] }}]\n'
    (workspace.root / "links.toml").write_text(text, "utf-8")
    assert run("link", "apply", "links.toml").code == 0
    (shown,) = run("link", "list", "--search", typed, "--format", "json").json
    assert (shown["name"], shown["folder"]) == (ONE, ONE)
    assert run("link", "show", "offer", "--format", "json").json["actions"] == [{"type": "selection", "add": [ONE]}]
    assert "Nothing to do" in run("link", "apply", "links.toml").err
    assert len(run("folder", "list", "--format", "json").json) == 1


@pytest.mark.parametrize(("made", "typed"), FORMS)
def test_a_mailing_is_one_mailing(workspace: Workspace, mail: Path, run: Run, made: str, typed: str) -> None:
    assert run("link", "add", "offer", "--url", "https://e.com/").code == 0
    assert run("mailing", "add", made, mail, "--type", made).code == 0
    twin = run("mailing", "add", typed, mail)
    assert (twin.code, "is there already" in twin.err) == (5, True)
    for command in (
        ["mailing", "show", typed], ["mailing", "links", typed], ["mailing", "preview", typed, "-o", "-"],
        ["mailing", "edit", typed, "--type", typed],
        ["mailing", "rewrite", typed, "--contacts", "contacts.csv", "--out", "mails"],
        ["shipment", "list", "--mailing", typed], ["report", "mailing", typed], ["report", "nonclickers", typed],
        ["report", "mailings", "--mailing", typed], ["report", "links", "--mailing", typed],
        ["report", "clickers", "--mailing", typed], ["link", "list", "--mailing", typed],
        ["click", "list", "--mailing", typed], ["action", "log", "--mailing", typed],
        ["report", "html", "report.html", "--mailing", typed], ["link", "show", f"{typed}.1"],
        ["link", "edit", f"{typed}.1", "--name", "A"], ["report", "link", f"{typed}.1"],
        ["link", "reset", f"{typed}.1", "--yes"], ["report", "clickers", f"{typed}.1"],
        ["click", "list", "--link", f"{typed}.1"], ["action", "add", f"{typed}.1", "selection", "--add", "A"],
        ["action", "list", f"{typed}.1"], ["link", "check", f"{typed}.1"],
    ):  # fmt: skip
        done = run(*command)
        assert done.code in (0, 6), (command, done.err)
    assert "nothing, it was so already" in run("mailing", "edit", typed, "--type", typed).err
    assert run("report", "compare", made, typed).code == 2  # it is one
    assert len(run("link", "list", "--mailing", typed, "--format", "json").json) == 1
    assert run("action", "list", f"{typed}.1", "--format", "json").json[0]["link"] == f"{ONE}.1"
    (row,) = run("mailing", "list", "--format", "json").json
    assert (row["mailing"], row["type"]) == (ONE, ONE)
    assert run("contact", "subscribe", "1", "--type", typed).code == 0
    assert run("mailing", "edit", typed, "--name", f"{made} 2").code == 0
    assert run("link", "show", f"{ONE} 2.1").code == 0  # its local links came along
    assert run("mailing", "delete", f"{typed} 2", "--yes").code == 0
    assert run("mailing", "restore", f"{made} 2").code == 0


@pytest.mark.parametrize(("made", "typed"), FORMS)
def test_a_recipient_is_found_and_stays_as_the_crm_writes_him(
    workspace: Workspace, mail: Path, run: Run, made: str, typed: str
) -> None:
    run("link", "add", "offer", "--url", "https://e.com/")
    run("mailing", "add", "news", mail)
    (workspace.root / "contacts.csv").write_text(f"contact_id,email,name\n{made}1,å@x.example,{made} Ek\n", "utf-8")
    assert run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "mails").code == 0
    for name in (f"{typed} Ek", f"{typed}1"):
        shown = run("contact", "show", name, "--format", "json").json
        assert (shown["contact_id"], shown["name"]) == (f"{made}1", f"{made} Ek")
        assert run("report", "contact", name).code == 0
    done = run("mailing", "preview", "news", "--contacts", "contacts.csv", "--contact", f"{typed}1", "-o", "copy.html")
    assert (done.code, f"for contact {made}1" in done.err) == (0, True)


@pytest.mark.parametrize(("made", "typed"), FORMS)
def test_what_a_run_changes_is_found_in_the_export_and_written_as_it_stands_there(
    campaign: Workspace, run: Run, made: str, typed: str
) -> None:
    """A selection, a user with what they have to do, a column and a category of the settings."""
    export = campaign.root / "export"
    export.mkdir()
    rows = (campaign.root / "contacts.csv").read_text("utf-8").splitlines()
    text = "\n".join([f"{rows[0]},{made}", *(f"{row},no" for row in rows[1:])])
    (export / "contacts.csv").write_text(f"{text}\n", "utf-8")
    (export / "selections.csv").write_text(f"selection,contact_id\n{made},10042\n", "utf-8")
    (export / "users.csv").write_text(f"user\n{made}\n", "utf-8")
    for action in (
        ["selection", "--add", typed], ["set-field", "--field", typed, "--value", "yes"],
        ["follow-up", "--task", "Ring", "--default-recipient", typed],
        ["request", "--title", "Hej", "--owner", typed],
    ):  # fmt: skip
        assert run("action", "add", "news", *action).code == 0, action
    assert "no-user" not in run("link", "check", "news", "--crm", "export").out
    done = run("action", "run", "--crm", "export", "--out", "run", "--replay", "news")
    assert done.code == 0, done.err
    changes = run("action", "log", "--link", "news", "--format", "json").json
    names = {(row["kind"], row["name"]) for row in changes}
    assert {kind for kind, _ in names} == {"selection", "set-field", "follow-up", "request"}
    people = {row["contact_id"] for row in changes if row["kind"] == "selection"}
    assert "10042" not in people and people  # they are in it already
    (added,) = (campaign.root / "run").glob("selections*.csv")
    lines = added.read_text("utf-8-sig").splitlines()[1:]
    assert lines and all(made in line and typed not in line for line in lines)
    (tasks,) = (campaign.root / "run").glob("follow-ups*.csv")
    assert made in tasks.read_text("utf-8-sig") and typed not in tasks.read_text("utf-8-sig")
    summary = json.loads((campaign.root / "run" / "summary.json").read_text("utf-8"))
    assert not [
        name
        for names in (summary.get("new_names") or {}).values()
        for name in names
        if same_name(name) == same_name(made)
    ]
