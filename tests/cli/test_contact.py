"""linktrack contact, as a shell sees it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests_support import Run

from linktrack.contacts.consent import say_consent
from linktrack.contacts.left import come_back, leave
from linktrack.store.session import Database
from linktrack.workspace import Workspace


def test_who_has_left_is_written_to_again_when_he_is_subscribed(
    workspace: Workspace, run: Run, database: Database
) -> None:
    Path("mail.html").write_text('<a href="https://shop.example/">x</a>')
    Path("contacts.csv").write_text("contact_id,email,name\n1,a@x.example,Åsa\n2,b@x.example,Bo\n", "utf-8")
    assert run("mailing", "add", "news", "mail.html", "--type", "newsletter").code == 0
    rewrite = ("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--test", "--format", "json", "--out")
    assert run(*rewrite, "one").json["left"] == 0
    leave(database, 1, "newsletter", "unsubscribe", 1)
    outcome = run(*rewrite, "two")
    assert (outcome.code, outcome.json["recipients"], outcome.json["left"]) == (0, 1, 1)
    assert "Left out, for they have left this type of mailing: 1." in outcome.err
    assert run("contact", "subscribe", "9").code == 4
    done = run("contact", "subscribe", "1", "--type", "newsleter")
    assert done.code == 4 and "there is no type of mailing 'newsleter' (did you mean 'newsletter'?)" in done.err
    done = run("contact", "subscribe", "2", "--type", "newsletter")
    assert (done.code, done.err) == (0, "2 has not left the type newsletter: nothing is changed.\n")
    done = run("contact", "subscribe", "2")
    assert (done.code, done.err) == (0, "2 has left nothing: nothing is changed.\n")
    done = run("contact", "subscribe", "A@x.example", "--type", "Newsletter")
    assert done.code == 0 and done.err == "A@x.example is written to again: newsletter.\n"
    assert run(*rewrite, "three").json["left"] == 0
    left = {
        "": "every type",
        "offers": "every type but offers",
        "transactional": "transactional, every type but offers",
    }
    leave(database, 2, "newsletter", "page", 1)
    for at, (type, said) in enumerate(left.items(), 2):
        (come_back if type == "offers" else partial(leave, how="page"))(database, 2, type, at=at)
        assert ", ".join(run("contact", "show", "2", "--format", "json").json["left"]) == said


def test_a_person_in_short_says_whether_he_may_be_tracked(workspace: Workspace, run: Run, database: Database) -> None:
    Path("mail.html").write_text('<a href="https://shop.example/">x</a>')
    Path("contacts.csv").write_text("contact_id,email\n1,a@x.example\n2,b@x.example\n", "utf-8")
    assert run("mailing", "add", "news", "mail.html").code == 0
    assert run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--out", "one").code == 0

    def consents() -> list[bool | None]:
        return [run("contact", "show", who, "--format", "json").json["consent"] for who in ("1", "2")]

    assert consents() == [None, None], "nobody was ever asked"
    say_consent(database, 1, consent=False, at=5)
    assert consents() == [False, True]
