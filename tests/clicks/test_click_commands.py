"""linktrack click, as cron, a script and a person at a terminal see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clicks_world import CHROME, SENT, World, line
from tests_support import Run

SUMMARY = [
    "files", "read", "stored", "repeated", "not_ours", "rejected", "reasons", "human", "prefetch", "scanner", "test",
    "seconds",
]  # fmt: skip
COLUMNS = [
    "click", "clicked_at", "contact_id", "link", "placement", "mailing", "shipment", "verdict", "reasons", "ip",
    "user_agent", "source",
]  # fmt: skip


@pytest.fixture
def at(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(world.workspace.root)
    return world.workspace.root


def a_log(world: World, root: Path) -> Path:
    """One line of each fate."""
    good = world.path(1, 1)
    token = good.rpartition("/")[2]
    forged = good[:-1] + ("a" if good[-1] != "a" else "b")
    lines = [
        line(good, 600, ip="198.51.100.77"),
        line(good + "?utm_source=x", 700),
        line(good.upper().replace("/PLB/", "/plb/"), 800),
        line(world.path(2, 2, shipment=3), 900),  # a test shipment
        line(world.path(3, 3), 950, agent="curl/8.5.0"),
        line("/", 960),
        line("/favicon.ico", 961, status=404),
        line(forged, 970),
        line(f"/zzzz/{token}", 980),
        line(world.path(11, 1), 985),  # a placement of the other mailing
        line(good[:-3], 990),
        line(good, 1000, method="HEAD"),
        line(good, 1010, status=404),
        b"\x16\x03\x01 not a log line\n",
    ]
    log = root / "access.log"
    log.write_bytes(b"".join(lines))
    return log


def test_every_line_is_accounted_for(world: World, at: Path, run: Run) -> None:
    log = a_log(world, at)
    done = run("click", "import", log, "--format", "json", "--rejected", "rejected.tsv")
    said = done.json
    assert done.code == 0
    assert list(said) == SUMMARY
    assert {name: said[name] for name in SUMMARY if name not in ("seconds", "reasons")} == {
        "files": 1, "read": 14, "stored": 5, "repeated": 0, "not_ours": 2, "rejected": 7,
        "human": 3, "prefetch": 0, "scanner": 1, "test": 1,
    }  # fmt: skip
    assert said["reasons"] == {
        "forged-token": 1, "malformed": 1, "malformed-token": 1, "method": 1, "foreign-placement": 1, "status": 1,
        "unknown-placement": 1,
    }  # fmt: skip
    rejects = (at / "rejected.tsv").read_text().splitlines()
    assert rejects[0] == "reason\tlog\tline"
    assert [row.split("\t")[0] for row in rejects[1:]] == [
        "forged-token", "unknown-placement", "foreign-placement", "malformed-token", "method", "status", "malformed",
    ]  # fmt: skip
    assert all(row.split("\t")[1] == str(log) for row in rejects[1:])


def test_quiet_says_nothing_when_all_is_well(world: World, at: Path, run: Run) -> None:
    done = run("-q", "click", "import", a_log(world, at))
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_sentence_for_a_person_goes_to_stderr(world: World, at: Path, run: Run) -> None:
    done = run("click", "import", a_log(world, at))
    assert done.out == ""
    assert done.err.startswith("Read 14 lines: 5 clicks stored (3 by people, 1 by machines, 1 of tests), 0 seen before")


@pytest.mark.parametrize(("percent", "code"), [("50", 0), ("30", 6)])
def test_too_many_rejected_lines_end_with_6(world: World, at: Path, run: Run, percent: str, code: int) -> None:
    """Requests that are no clicks (HEAD, errors) do not speak against a log: 5 of 14 lines do."""
    done = run("-q", "click", "import", a_log(world, at), "--tolerate", percent)
    assert done.code == code
    assert ("5 of 14 lines were rejected" in done.err) == (code == 6)


def test_a_list_of_clicks(world: World, at: Path, run: Run) -> None:
    run("click", "import", a_log(world, at))
    rows = run("click", "list", "--format", "json").json
    assert list(rows[0]) == COLUMNS
    assert rows[0] == {
        "click": 1, "clicked_at": "2026-05-04T09:10:00+00:00", "contact_id": "C1", "link": "link-1",
        "placement": "plb", "mailing": "spring", "shipment": 1, "verdict": "human", "reasons": [],
        "ip": "198.51.100.0", "user_agent": CHROME, "source": str(at / "access.log"),
    }  # fmt: skip
    assert [row["verdict"] for row in rows] == ["human", "human", "human", "test", "scanner"]
    assert [row["link"] for row in run("click", "list", "--verdict", "scanner", "--format", "json").json] == ["link-3"]
    assert len(run("click", "list", "--reason", "agent:tool", "--format", "ndjson").out.splitlines()) == 1
    assert len(run("click", "list", "--contact", "C1", "--limit", "2", "--format", "json").json) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["nowhere.log"], 4, "nowhere.log: no such log", id="a log that is not there"),
        pytest.param(["."], 3, "folder", id="a folder"),
        pytest.param(["page.html"], 3, "none of the log formats", id="no log at all"),
        pytest.param(["access.log", "--log-format", "nope"], 2, "nope", id="a format that is not there"),
        pytest.param(["access.log", "--since", "yesterday"], 2, "2026-05-04", id="a time that is none"),
    ],
)  # fmt: skip
def test_mistakes(world: World, at: Path, run: Run, arguments: list[str], code: int, words: str) -> None:
    (at / "page.html").write_text("<!doctype html>\n<html>\n<p>Hello</p>\n</html>\n")
    a_log(world, at)
    done = run("click", "import", *arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert len(done.err.strip().splitlines()) <= 3


def test_a_log_that_cannot_be_read_does_not_keep_the_others_from_being_read(world: World, at: Path, run: Run) -> None:
    done = run("click", "import", "nowhere.log", at, a_log(world, at), "--format", "json")
    assert (done.code, done.json["files"], done.json["stored"]) == (3, 1, 5)
    assert "nowhere.log: no such log" in done.err
    assert f"{at}: this is a folder" in done.err
    assert len(world.clicks()) == 5


def test_a_file_of_one_unfinished_line_is_said_to_wait(at: Path, run: Run) -> None:
    (at / "odd.pdf").write_bytes(b"%PDF-1.7 and no line end")
    done = run("click", "import", "odd.pdf")
    assert (done.code, done.out) == (0, "")
    assert "odd.pdf: its only line has no end yet" in done.err
    assert run("-q", "click", "import", "odd.pdf").err == ""


def test_no_verdict_of_that_name(at: Path, run: Run) -> None:
    done = run("click", "list", "--verdict", "robot")
    assert (done.code, done.out) == (2, "")
    assert "human, prefetch, scanner or test" in done.err


def test_judging_again_after_the_settings_changed(world: World, at: Path, run: Run) -> None:
    run("click", "import", a_log(world, at))
    with (at / "linktrack.toml").open("a") as settings:
        settings.write('networks = ["198.51.100.0/24"]\n')
    said = json.loads(run("click", "judge", "--format", "json").out)
    assert said == {"clicks": 5, "changed": 1, "human": 2, "prefetch": 0, "scanner": 2, "test": 1}
    assert run("click", "judge").err == "Judged 5 clicks, 0 of them differently than before.\n"


def test_an_address_can_be_kept_whole_or_not_at_all(world: World, at: Path, run: Run) -> None:
    settings = (at / "linktrack.toml").read_text()
    (at / "linktrack.toml").write_text(settings.replace('ip = "truncate"', 'ip = "none"'))
    run("click", "import", a_log(world, at))
    assert {row["ip"] for row in run("click", "list", "--format", "json").json} == {""}


def test_bounds_of_time(world: World, at: Path, run: Run) -> None:
    log = a_log(world, at)
    assert SENT == 1_777_885_200_000
    done = run(
        "click",
        "import",
        log,
        "--since",
        "2026-05-04T11:11:00+02:00",
        "--until",
        "2026-05-04T09:15:00Z",
        "--format",
        "json",
    )
    assert (done.json["stored"], done.json["not_ours"]) == (2, 11)
