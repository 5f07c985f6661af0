"""What a newcomer runs into at the edges of commands, each answered with what it is and the way out."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests_support import Run

from linktrack.cli import init as init_module
from linktrack.errors import BadInput, UsageError
from linktrack.mail_senders import sender
from linktrack.moments import at_clock_change, iso, read_stretch, read_time
from linktrack.workspace import Workspace

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def test_deletes_take_yes_alike_and_mailings_go_and_come_back_together(campaign: Workspace, run: Run) -> None:
    assert run("link", "delete", "offer", "--yes").code == run("link", "restore", "offer").code == 0
    assert run("link", "delete", "offer").code == run("link", "restore", "offer").code == 0
    done = run("mailing", "delete", "news", "autumn", "--yes")
    assert (done.code, done.err) == (
        0,
        "Deleted news, autumn. Take back with linktrack mailing restore news autumn.\n",
    )
    assert len(run("mailing", "list", "--format", "json").json) == 1
    assert run("mailing", "restore", "news", "nevs").code == 4
    assert len(run("mailing", "list", "--format", "json").json) == 1, "all or none"
    assert run("mailing", "restore", "news", "autumn").code == 0
    assert run("mailing", "delete", "news", "nevs", "--yes").code == 4
    assert len(run("mailing", "list", "--format", "json").json) == 3
    assert run("mailing", "delete", "news", "autumn").code == 2  # there is nobody to ask


def test_deleted_folders_are_listed_where_they_are_asked_for(campaign: Workspace, run: Run) -> None:
    run("folder", "delete", "Campaigns", "--recursive", "--yes")
    assert all(row["status"] == "active" for row in run("folder", "list", "--format", "json").json)
    rows = {row["path"]: row for row in run("folder", "list", "--all", "--format", "json").json}
    assert [(rows[path]["status"], rows[path]["links"]) for path in ("Campaigns", "Campaigns/Spring", "Kampanjer")] == [
        ("deleted", 1),
        ("deleted", 1),
        ("active", 0),
    ]
    assert "deleted" in run("folder", "list", "--all", "--format", "table").out
    assert "status" not in run("folder", "list", "--format", "table").out


SENDERS = {
    "Åsa Öberg, VD <a@b.se>": ("Åsa Öberg, VD", "a@b.se"),
    '"Åsa Öberg, VD" <a@b.se>': ("Åsa Öberg, VD", "a@b.se"),
    "Åsa Öberg (VD) <a@b.se>": ("Åsa Öberg (VD)", "a@b.se"),
    "J. R. Ek: sales; news <a@b.se>": ("J. R. Ek: sales; news", "a@b.se"),
    "Anna <a@b.se>": ("Anna", "a@b.se"),
    "a@b.se": ("", "a@b.se"),
}


@pytest.mark.parametrize("text", SENDERS)
def test_a_sender_s_name_needs_no_quotes(text: str) -> None:
    assert sender(text) == SENDERS[text]


@pytest.mark.parametrize("text", ["a@b.se, Bo <c@d.se>", "Anna, <a@b.se>, <c@d.se>", "Anna, VD <a>", "Anna, VD"])
def test_two_senders_or_none_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is no sender"):
        sender(text)


@pytest.mark.parametrize(
    ("text", "moment", "said"),
    [
        ("2026-03-29 02:30", "2026-03-29T03:30:00+02:00", "2026-03-29 02:30 is no time in Europe/Stockholm"),
        ("2026-03-29T2:30", "2026-03-29T03:30:00+02:00", "is no time in Europe/Stockholm, where the clocks go forward"),
        ("2026-10-25 02:30", "2026-10-25T02:30:00+02:00", "comes twice"),
        ("2026-10-25 02:30", "2026-10-25T02:30:00+02:00", "write 2026-10-25T02:30:00+01:00 for the other"),
        ("2026-10-25T02:30+01:00", "2026-10-25T02:30:00+01:00", ""),
        ("2026-10-25T02:30+02:00", "2026-10-25T02:30:00+02:00", ""),
        ("2026-03-29 03:30", "2026-03-29T03:30:00+02:00", ""),
        ("2026-05-04T09:00:00.1239", "2026-05-04T09:00:00.123+02:00", ""),
        ("2026-05-04", "2026-05-04T00:00:00+02:00", ""),
        ("2026-11-02 9:00", "2026-11-02T09:00:00+01:00", ""),
        ("2026-11-02T9", "2026-11-02T09:00:00+01:00", ""),
    ],
)
def test_a_time_at_the_change_of_the_clock_is_said(text: str, moment: str, said: str) -> None:
    read = read_time(text, STOCKHOLM, "--sent-at")
    assert iso(read, STOCKHOLM) == moment
    odd = at_clock_change(text, STOCKHOLM, read)
    assert said in odd and bool(odd) is bool(said)


@pytest.mark.parametrize("text", ["2026-11-02 9", "2026-11-2 9:00", "2026-11-02 :00", "2026-11-02 9:0"])
def test_other_short_times_stay_none_or_mean_one(text: str) -> None:
    if text == "2026-11-02 9":
        assert iso(read_time(text, STOCKHOLM, "--sent-at"), STOCKHOLM) == "2026-11-02T09:00:00+01:00"
        return
    with pytest.raises(UsageError, match="is not a time"):
        read_time(text, STOCKHOLM, "--sent-at")


def test_a_sending_at_the_change_of_the_clock_is_noted_with_quiet_too(campaign: Workspace, run: Run) -> None:
    done = run("mailing", "rewrite", "autumn", "--contacts", "contacts.csv", "--out", "mails", "--sent-at",
               "2026-10-25 02:30", "--quiet")  # fmt: skip
    assert done.code == 0
    assert done.err.startswith("Note: --sent-at 2026-10-25 02:30 comes twice in Europe/Stockholm")


@pytest.mark.parametrize("option", ["--merge-tag", "--person-merge-tag"])
def test_a_merge_tag_for_what_is_no_template_is_an_error(campaign: Workspace, run: Run, option: str) -> None:
    done = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "mails", "--again", option, "*|T|*")
    assert (done.code, f"{option} goes with --as template" in done.err) == (2, True)
    assert not Path("mails").exists()


TURNED = ["--since", "2026-05-05", "--until", "2026-05-04"]


@pytest.mark.parametrize(
    "command",
    ["report mailings", "report mailing news", "report links", "report link offer", "report clickers offer", "click list",
     "click import access.log"],
)  # fmt: skip
def test_an_end_before_the_beginning_is_an_error_everywhere(campaign: Workspace, run: Run, command: str) -> None:
    done = run(*command.split(), *TURNED)
    assert (done.code, done.out) == (2, "")
    assert "--until 2026-05-04 is not after --since 2026-05-05: nothing lies between them" in done.err
    assert run(*command.split(), "--since", "2026-05-04", "--until", "2026-05-04").code == 0


def test_a_stretch_of_nothing_is_an_error() -> None:
    noon = "2026-05-04T12:00"
    assert read_stretch(None, None, STOCKHOLM) == (None, None)
    for until in (noon, "2026-05-04T11:59"):
        with pytest.raises(UsageError):
            read_stretch(noon, until, STOCKHOLM)


def test_a_file_without_a_header_is_seen(campaign: Workspace, run: Run) -> None:
    (campaign.root / "bare.csv").write_text("1,a@x.example,Anna\n2,b@x.example,Bo\n", "utf-8")
    done = run("doctor", "--crm", "bare.csv")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("linktrack: bare.csv:1: its first line looks like a contact")
    done = run("mailing", "rewrite", "autumn", "--contacts", "bare.csv", "--out", "mails")
    assert (done.code, "its first line looks like a contact" in done.err) == (3, True)


def test_the_delimiter_that_a_file_has_is_named_where_another_one_is_set(campaign: Workspace, run: Run) -> None:
    with campaign.config_path.open("a", encoding="utf-8") as file:
        file.write('\n[crm]\ndelimiter = ";"\n')
    (campaign.root / "tabs.csv").write_text("contact_id\temail\n1\ta@x.example\n", "utf-8")
    for command in (["doctor", "--crm", "tabs.csv"],
                    ["mailing", "rewrite", "autumn", "--contacts", "tabs.csv", "--out", "mails"]):  # fmt: skip
        done = run(*command)
        assert done.code == 3
        assert "it is read with the delimiter ';', and has '\\t' between its columns" in done.err
        assert 'say delimiter = "\\t" under [crm]' in done.err


@pytest.mark.parametrize(
    ("answer", "base_url"),
    [
        ("click.example.com", "https://click.example.com"),
        (" click.example.com ", "https://click.example.com"),
        ("https://click.example.com", "https://click.example.com"),
        ("localhost:8080", "http://localhost:8080"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost.example.com", "https://localhost.example.com"),
    ],
)
def test_the_question_of_init_takes_a_host(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, base_url: str
) -> None:
    monkeypatch.setattr(init_module, "at_terminal", lambda: True)
    from tests_support import call

    assert call("init", tmp_path, input=f"{answer}\n").code == 0
    assert f'base_url = "{base_url}"' in (tmp_path / "linktrack.toml").read_text("utf-8")
