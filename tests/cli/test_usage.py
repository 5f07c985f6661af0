"""What is said to who calls a command that is not there, or one in a wrong way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from every_command import ALL
from tests_support import Run

from linktrack.cli.app import COMMANDS
from linktrack.cli.first_words import COMMANDS as INSTEAD
from linktrack.cli.first_words import NOUNS, OPTIONS, ROWS, SAID, SENTENCES, VERBS
from linktrack.workspace import Workspace


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("link view", "linktrack link view: that is linktrack link show"),
        ("link remove", "linktrack link remove: that is linktrack link delete"),
        ("action delete", "linktrack action delete: that is linktrack action remove"),
        ("folder create", "linktrack folder create: that is linktrack folder add"),
        ("link rename", "linktrack link rename: that is linktrack link edit KEY --key NEW"),
        ("shipment delete", "linktrack shipment delete: that is linktrack shipment cancel NUMBER"),
        ("shipment finish", "linktrack shipment finish: that is linktrack shipment restore NUMBER"),
        ("mailing copy", "linktrack mailing copy: that is linktrack mailing add NAME FILE"),
        ("import", "linktrack import: that is linktrack click import"),
        ("preview", "linktrack preview: that is linktrack mailing preview"),
        ("send", "linktrack send: that is linktrack mailing rewrite or linktrack shipment render"),
        ("mailing send", "linktrack mailing send: that is linktrack mailing rewrite"),
        ("links", "linktrack links: that is linktrack link"),
        ("campaign", "linktrack campaign: that is linktrack mailing"),
        ("help", "linktrack help: that is linktrack --help"),
        ("help link add", "linktrack help: that is linktrack link add --help"),
        ("link help", "linktrack link help: that is linktrack link --help"),
        ("link edit offer --folder x", "linktrack link edit --folder: that is linktrack link move KEY FOLDER"),
        (
            "link lsit",
            "linktrack link lsit: there is no such command (did you mean 'linktrack link list'?); see linktrack link --help",
        ),
        (
            "linc list",
            "linktrack linc: there is no such command (did you mean 'linktrack link' or 'linktrack click'?); see linktrack --help",
        ),
        ("link frobnicate", "linktrack link frobnicate: there is no such command; see linktrack link --help"),
        (
            "shipment cancel abc",
            "linktrack shipment cancel: SHIPMENT: this is no whole number; see linktrack shipment cancel --help",
        ),
        (
            "report links --top 1.5",
            "linktrack report links: --top: this is no whole number; see linktrack report links --help",
        ),
        (
            "link delete x --wait abc",
            "linktrack link delete: --wait: this is no number; see linktrack link delete --help",
        ),
        ("link add", "linktrack link add: KEY is missing; see linktrack link add --help"),
        (
            "link list --fodler x",
            "linktrack link list: there is no option --fodler (did you mean '--folder' or '--format'?); see linktrack link list --help",
        ),
        ("--workspace", "linktrack: option '--workspace' requires an argument; see linktrack --help"),
    ],
)
def test_words_that_people_try_first_get_the_command_that_does_it(run: Run, typed: str, sentence: str) -> None:
    done = run(*typed.split())
    assert (done.code, done.out, done.err) == (2, "", f"{sentence}\n")


def test_control_characters_of_an_argument_do_not_reach_the_terminal(run: Run) -> None:
    for words in (["link", "\x1b[31mrot"], ["link", "list", "--\x1b[31m"], ["link", "list", "--format", "\x1b[31m"]):
        done = run(*words)
        assert (done.code, "\x1b" in done.err) == (2, False)


FIRST = """
    login: there is nothing to log in to
    config: settings stand in linktrack.toml
    opens: opens are not measured
    link opens: opens are not measured
    version: that is linktrack --version
    stats: that is linktrack report
    subscribers: that is linktrack contact
    unsubscribed: that is linktrack report clickers unsubscribe
    unsubscribe: nobody is taken out by hand here
    rewrite: that is linktrack mailing rewrite
    track: that is linktrack mailing add NAME FILE
    dashboard: that is linktrack report html OUT
    new: that is linktrack folder add, link add, action add, mailing add or key rotate
    export: that is linktrack link export or linktrack contact export or linktrack redirects export
    schedule: that is linktrack mailing rewrite NAME --contacts FILE --out DIR --sent-at TIME
    split: that is linktrack mailing rewrite NAME --contacts FILE --out DIR --part 1/2 --split NAME
    compare: that is linktrack report compare
    nginx: that is linktrack redirects export DIR
    gdpr: that is linktrack contact forget
    retry: that is linktrack action run --retry-failed
    folder mkdir: that is linktrack folder add
    folder rm: that is linktrack folder delete
    link new: that is linktrack link add
    link stats: that is linktrack report link KEY
    link clicks: that is linktrack report link KEY
    link clickers: that is linktrack report clickers KEY
    link search: that is linktrack link list --search TEXT
    link archive: that is linktrack link delete
    link import: that is linktrack link apply FILE
    link selection: that is linktrack action add KEY selection
    action create: that is linktrack action add
    action execute: that is linktrack action run
    action ledger: that is linktrack action log
    action resume: that is linktrack action run --resume
    action show: that is linktrack action list KEY
    mailing upload: that is linktrack mailing add
    mailing copy: that is linktrack mailing add NAME FILE
    mailing duplicate: that is linktrack mailing add NAME FILE
    mailing send: that is linktrack mailing rewrite
    mailing export: that is linktrack mailing rewrite NAME --contacts FILE --out DIR
    mailing stats: that is linktrack report mailing NAME
    mailing clicks: that is linktrack report mailing NAME
    mailing lint: that is linktrack mailing check
    mailing cancel: that is linktrack shipment cancel NUMBER
    mailing recipients: that is linktrack shipment recipients NUMBER
    mailing heatmap: that is linktrack report html OUT
    mailing utm: that is linktrack mailing tag FILE --source SOURCE --campaign CAMPAIGN
    shipment delete: that is linktrack shipment cancel NUMBER
    shipment finish: that is linktrack shipment restore NUMBER
    shipment create: that is linktrack mailing rewrite NAME --contacts FILE --out DIR
    shipment resend: that is linktrack shipment render NUMBER --out DIR
    contact unsubscribe: nobody is taken out by hand here
    contact block: nobody is taken out by hand here
    contact deactivate: nobody is taken out by hand here
    contact resubscribe: that is linktrack contact subscribe
    contact delete: that is linktrack contact forget
    contact add: contacts stand in the CRM
    contact import: contacts stand in the CRM
    contact find: that is linktrack contact show WHO
    contact list: that is linktrack shipment recipients NUMBER
    contact history: that is linktrack report contact WHO
    click load: that is linktrack click import
    click delete: that is linktrack database purge --clicks-before DATE
    click export: that is linktrack click list --format csv
    report unsubscribed: that is linktrack report clickers unsubscribe
    report unsubscribes: that is linktrack report clickers unsubscribe
    report domains: that is linktrack report mailing NAME --by domain
    report bots: that is linktrack report mailing NAME --by reason
    report campaigns: that is linktrack report mailings
    report excel: that is linktrack report mailings --output FILE
    redirects serve: that is linktrack serve
    key create: that is linktrack key rotate
    key delete: that is linktrack key revoke
    database backup: that is linktrack backup FILE
    database migrate: that is linktrack database upgrade
    LINK LIST: that is linktrack link
"""


@pytest.mark.parametrize("line", FIRST.strip().splitlines(), ids=str.strip)
def test_a_newcomers_words_are_answered(run: Run, line: str) -> None:
    typed, _, answer = line.strip().partition(": ")
    done = run(*typed.split())
    assert (done.code, done.out) == (2, "")
    said = done.err.partition(": ")[2].rstrip()
    assert said == answer if answer.startswith("that is") else said.startswith(answer)


def test_what_is_named_instead_is_there() -> None:
    verbs = {path.split()[-1] for path in ALL}
    assert {ours for every in VERBS.values() for ours in every} <= verbs
    assert set(NOUNS.values()) <= set(COMMANDS)
    for command in (*INSTEAD.values(), *OPTIONS.values()):
        words = command.split()
        parser = ALL.get(" ".join(words[:2])) or ALL[words[0]]
        known = {option for parameter in parser.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
    for command, option in OPTIONS:
        assert option not in {name for parameter in ALL[command].params for name in parameter.opts}


def test_no_word_is_answered_twice_and_none_of_ours_at_all() -> None:
    for rows, words in ((ROWS, INSTEAD), (SENTENCES, SAID)):
        assert sum(len(row[1].split()) for row in rows) == len(words)
    assert not set(INSTEAD) & set(SAID)
    typed = {f"{noun} {word}".strip() for noun, word in (*INSTEAD, *SAID) if noun != "*"}
    assert not typed & {*ALL, *COMMANDS}
    assert not set(NOUNS) & set(COMMANDS)
    assert {noun for noun, _ in (*INSTEAD, *SAID)} <= {*COMMANDS, "*", ""}


WRITING = (
    *("folder add", "folder rename", "folder move", "folder delete", "folder restore"),
    *("link add", "link edit", "link move", "link reset", "link delete", "link restore", "link apply"),
    *("action add", "action edit", "action remove", "action run"),
    *("mailing add", "mailing edit", "mailing rewrite", "mailing delete", "mailing restore"),
    *("shipment render", "shipment cancel", "shipment restore", "click import", "click judge", "contact subscribe"),
    *("contact forget", "database purge"),
    *("key rotate", "key revoke", "database upgrade", "database copy", "doctor"),
)
READING = (
    *(
        "init",
        "demo",
        "status",
        "backup",
        "restore",
        "folder list",
        "link list",
        "link show",
        "link check",
        "link export",
    ),
    *("action list", "action log", "mailing list", "mailing show", "mailing links", "mailing check", "mailing tag"),
    *("mailing preview", "shipment list", "shipment show", "shipment recipients", "click list", "key list"),
    *("report mailings", "report mailing", "report links", "report link", "report compare", "report contact"),
    *("report clickers", "report nonclickers", "report html", "redirects export", "serve"),
    *("contact show", "contact export"),
)


@pytest.mark.parametrize("command", ALL)
def test_every_command_that_writes_can_wait(command: str) -> None:
    waits = any("--wait" in parameter.opts for parameter in ALL[command].params)
    assert (command in WRITING, command in READING) == (waits, not waits)


FILTERS = ("--mailing", "--contact", "--link", "--reason", "--folder", "--shipment", "--run", "--verdict")
NAMES = {"--mailing": "nevs", "--contact": "100422", "--link": "ofer", "--reason": "tset-shipment", "--folder": "Campaign",
         "--shipment": "99", "--run": "99", "--verdict": "humann"}  # fmt: skip
NEAR = {"--mailing": "news", "--contact": "10042", "--link": "offer", "--reason": "test-shipment",
        "--folder": "Campaigns"}  # fmt: skip
# What else a command needs to be called.
ARGUMENTS = {
    "report clickers": ["offer"],
    "report link": ["offer"],
    "report mailing": ["news"],
    "report nonclickers": ["news"],
    "report contact": ["10042"],
    "report html": ["out.html"],
    "click import": ["access.log"],
    "link add": ["another", "--url", "https://www.example.com/another"],
    "mailing preview": ["news", "--contacts", "contacts.csv"],
}


def filters() -> Iterator[Any]:
    for path, command in ALL.items():
        for option in sorted({name for parameter in command.params for name in parameter.opts} & set(FILTERS)):
            yield pytest.param(path, option, id=f"{path} {option}")


@pytest.mark.parametrize(("command", "option"), list(filters()))
def test_a_filter_that_names_nothing_is_an_error_with_near_names(
    campaign: Workspace, run: Run, command: str, option: str
) -> None:
    done = run(*command.split(), *ARGUMENTS.get(command, []), option, NAMES[option])
    if option == "--verdict":
        assert done.code == 2
        return
    assert (done.code, done.out) == (4, ""), done.err
    if option in NEAR and command != "mailing preview":  # there the contacts file is looked into
        assert NEAR[option] in done.err
