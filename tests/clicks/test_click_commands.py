"""linktrack click, as cron, a script and a person at a terminal see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from clicks_world import CHROME, SENT, World, key_of, line, misplaced
from tests_support import Run

from linktrack.clicks.listing import ClickFilter, list_clicks

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
        line(f"/{key_of(1)}/{token.upper()}", 800),
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


def forged(path: str) -> str:
    return path[:-1] + ("a" if path[-1] != "a" else "b")


def of_a_number(world: World, number: int) -> str:
    """A good token for a shipment that has this number."""
    return f"/{key_of(1)}/{world.tokens.sign(number, 1)}"


def many(make: Callable[[int], str], count: int) -> list[bytes]:
    return [line(make(number), 60 * number, ip=f"203.0.{number}.9") for number in range(1, count + 1)]


# What a log holds, the options, and the exit code: 6 is the alarm.
ALARMS: dict[str, tuple[Callable[[World], list[bytes]], list[str], int]] = {
    "more than half forged": (
        lambda world: many(lambda n: world.path(1, n), 9) + many(lambda n: forged(world.path(2, n)), 11), [], 6),
    "just half": (
        lambda world: many(lambda n: world.path(1, n), 10) + many(lambda n: forged(world.path(2, n)), 10), [], 0),
    "half is too much for somebody": (
        lambda world: many(lambda n: world.path(1, n), 10) + many(lambda n: forged(world.path(2, n)), 10),
        ["--tolerate", "40"], 6),
    "all is well for somebody": (lambda world: many(lambda n: forged(world.path(2, n)), 20), ["--tolerate", "100"], 0),
    "too few to tell": (lambda world: many(lambda n: forged(world.path(2, n)), 19), [], 0),
    "unknown placements": (lambda world: many(lambda n: misplaced(world.path(1, n)), 20), [], 6),
    "malformed tokens": (lambda world: many(lambda n: world.path(1, n)[:-2], 20), [], 6),
    "merge tags that nobody filled": (lambda world: many(lambda n: f"/{key_of(1)}/{{{{token}}}}?{n}", 20), [], 6),
    "lines that cannot be read, with good addresses in them": (
        lambda world: [b"?? " + text.replace(b'"', b"") for text in many(lambda n: world.path(1, n), 21)] + many(
            lambda n: world.path(2, n), 20), [], 6),
    "lines that cannot be read": (
        lambda world: [b"?? nonsense\n"] * 20 + many(lambda n: world.path(2, n), 30), [], 0),
    "lines that are not ours": (
        lambda world: many(lambda n: f"/blog/{n}", 90) + many(lambda n: forged(world.path(2, n)), 11), [], 0),
    "HEAD and errors": (
        lambda world: [line(world.path(1, n), n, method="HEAD") for n in range(1, 30)] + [
            line(world.path(1, n), n, status=404) for n in range(1, 30)], [], 0),
    "a single token of ours for a shipment that is not there": (
        lambda world: [*many(lambda n: world.path(1, n), 30), line(of_a_number(world, 99))], [], 6),
}  # fmt: skip


@pytest.mark.parametrize("case", ALARMS)
def test_the_alarm_is_given_with_quiet_too(world: World, at: Path, run: Run, case: str) -> None:
    lines, options, code = ALARMS[case]
    (at / "x.log").write_bytes(b"".join(lines(world)))
    done = run("-q", "click", "import", "x.log", "--log-format", "combined", *options)
    assert done.code == code
    assert len(done.err.splitlines()) == (1 if code else 0)
    assert code == 0 or "--again" in done.err


def test_bad_lines_that_were_seen_before_are_no_alarm(world: World, at: Path, run: Run) -> None:
    lines = many(lambda n: forged(world.path(2, n)), 30)
    (at / "x.log").write_bytes(b"".join(lines))
    assert run("-q", "click", "import", "x.log").code == 6
    (at / "copy.log").write_bytes(b"\n" + b"".join(lines))
    assert run("-q", "click", "import", "copy.log").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "read"),
    [
        pytest.param([], 0, 3, id="nothing named is the workspace's own click log"),
        pytest.param(["logs"], 0, 2, id="a folder is every log in it"),
        pytest.param(["logs", "one.log"], 0, 3, id="a folder and a file"),
        pytest.param(["empty"], 0, 0, id="a folder without logs"),
    ],
)
def test_which_logs_are_read(world: World, at: Path, run: Run, arguments: list[str], code: int, read: int) -> None:
    for folder in ("logs", "empty", "clicklog"):
        (at / folder).mkdir()
    for number, name in enumerate(("logs/a.log", "logs/b.log.1", "one.log")):
        (at / name).write_bytes(line(world.path(1, 1 + number)))
    (at / "logs" / ".b.log.swp").write_bytes(b"\x00\x01")
    (at / "logs" / "older").mkdir()
    record = {
        "time": "2026-05-04T09:12:33.123+00:00", "ip": "192.0.2.0", "method": "GET", "path": world.path(1, 5),
        "status": 302, "user_agent": CHROME, "network": "",
    }  # fmt: skip
    (at / "clicklog" / "clicks.log").write_text((json.dumps(record) + "\n") * 3)
    done = run("click", "import", *arguments, "--format", "json")
    assert (done.code, done.json["read"]) == (code, read)


def test_no_click_log_of_its_own(at: Path, run: Run) -> None:
    done = run("click", "import")
    assert done.code == 4
    assert "linktrack serve" in done.err


def test_one_address_behind_most_clicks_is_said_with_the_way_out(world: World, at: Path, run: Run) -> None:
    people = [line(world.path(1, n), 60 * n, ip="198.51.100.7") for n in range(1, 25)]
    (at / "x.log").write_bytes(b"".join(people + many(lambda n: world.path(2, n), 10)))
    said = run("click", "import", "x.log").err
    assert "198.51.100.0, is behind 24 of 34 clicks" in said
    assert "trusted_proxies" in said and "--again" in said


@pytest.mark.parametrize(
    "people",
    [
        pytest.param(lambda world: [line(world.path(1, 1), 60 * n) for n in range(1, 40)], id="one person"),
        pytest.param(lambda world: many(lambda n: world.path(1, n), 30), id="everybody from elsewhere"),
        pytest.param(
            lambda world: [line(world.path(1, n), 60 * n, ip="10.0.0.1") for n in range(1, 30)], id="a trusted proxy"
        ),
    ],
)
def test_no_word_of_an_address(world: World, at: Path, run: Run, people: Callable[[World], list[bytes]]) -> None:
    (at / "x.log").write_bytes(b"".join(people(world)))
    assert "One address" not in run("click", "import", "x.log").err


def test_a_list_of_clicks(world: World, at: Path, run: Run) -> None:
    run("click", "import", a_log(world, at))
    rows = run("click", "list", "--format", "json").json
    assert list(rows[0]) == COLUMNS
    assert rows[0] == {
        "click": rows[0]["click"], "clicked_at": "2026-05-04T09:10:00+00:00", "contact_id": "C1", "link": "link-1",
        "placement": key_of(1), "mailing": "spring", "shipment": 1, "verdict": "human", "reasons": [],
        "ip": "198.51.100.0", "user_agent": CHROME, "source": str(at / "access.log"),
    }  # fmt: skip
    assert [row["verdict"] for row in rows] == ["human", "human", "human", "test", "scanner"]
    assert [row["link"] for row in run("click", "list", "--verdict", "scanner", "--format", "json").json] == ["link-3"]
    assert len(run("click", "list", "--reason", "agent:tool", "--format", "ndjson").out.splitlines()) == 1
    assert len(run("click", "list", "--contact", "C1", "--limit", "2", "--format", "json").json) == 2


@pytest.mark.parametrize("more", [(), ("--limit", "5")], ids=["a screenful", "the latest"])
def test_a_table_of_no_clicks_says_so(world: World, at: Path, run: Run, more: tuple[str, ...]) -> None:
    asked = ("click", "list", "--verdict", "prefetch", "--format")
    assert "There are no clicks yet" in run(*asked, "table", *more).err
    run("click", "import", a_log(world, at))
    assert "No click is like that" in run(*asked, "table", *more).err
    nothing = run(*asked, "ndjson", *more)
    assert (nothing.out, nothing.err) == ("", "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["nowhere.log"], 4, "nowhere.log: there is no such file or folder", id="a log that is not there"),
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
    (at / "page.html").write_text("<!doctype html>\n<html>\n<p>Hello</p>\n</html>\n")
    done = run("click", "import", "nowhere.log", "page.html", a_log(world, at), "--format", "json")
    assert (done.code, done.json["files"], done.json["stored"]) == (3, 1, 5)
    assert "nowhere.log: there is no such file or folder" in done.err
    assert "page.html: this looks like none of the log formats" in done.err
    assert len(world.clicks()) == 5


def test_a_file_of_one_unfinished_line_is_said_to_wait(at: Path, run: Run) -> None:
    (at / "odd.pdf").write_bytes(b"%PDF-1.7 and no line end")
    done = run("click", "import", "odd.pdf")
    assert (done.code, done.out) == (0, "")
    assert "1 unfinished line waits" in done.err
    assert run("-q", "click", "import", "odd.pdf").err == ""


def test_no_verdict_of_that_name(at: Path, run: Run) -> None:
    done = run("click", "list", "--verdict", "robot")
    assert (done.code, done.out) == (2, "")
    assert "human, prefetch, scanner, test" in done.err


def test_judging_again_after_the_settings_changed(world: World, at: Path, run: Run) -> None:
    """An address is cut when it is stored, so which of one's own networks it was in is found by reading it again."""
    log = a_log(world, at)
    run("click", "import", log)
    with (at / "linktrack.toml").open("a") as settings:
        settings.write('networks = ["198.51.100.77/32"]\n')
    judged = run("click", "judge", "--format", "json")
    assert json.loads(judged.out)["changed"] == 0
    assert "No stored click is known to come from 198.51.100.77/32" in judged.err
    assert "click import --again" in run("click", "judge", "--dry-run").err
    said = run("click", "import", log, "--again").err
    assert "1 earlier click has another address or network now; 1 earlier click is judged differently now" in said
    assert run("click", "judge").err == "Judged 5 clicks, 0 of them differently than before.\n"
    assert [row["verdict"] for row in run("click", "list", "--format", "json").json].count("scanner") == 2


def test_a_table_of_clicks_is_a_screenful(world: World, at: Path, run: Run) -> None:
    (at / "x.log").write_bytes(b"".join(line(world.path(1, n % 8 + 1), 30 * n) for n in range(150)))
    run("click", "import", "x.log")
    done = run("click", "list", "--format", "table")
    assert "These are the latest 100 of 150 clicks" in done.err
    assert done.out.count("human") == 100
    assert run("click", "list", "--format", "table", "--limit", "120").out.count("human") == 120
    all_of_them = run("click", "list", "--format", "ndjson")
    assert (all_of_them.err, len(all_of_them.out.splitlines())) == ("", 150)
    latest = run("click", "list", "--format", "ndjson", "--limit", "3")
    assert latest.out.splitlines() == all_of_them.out.splitlines()[-3:]


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


def test_clicks_that_come_while_others_are_listed_stand_behind_them(
    world: World, at: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linktrack.clicks.listing._PAGES", (1,))
    (at / "a.log").write_bytes(line(world.path(1, 1), 600))
    (at / "b.log").write_bytes(line(world.path(2, 2), 700, agent="curl/8.5.0"))
    world.load(at / "a.log")
    with world.database() as database:
        clicks = list_clicks(database, ClickFilter())
        first = next(clicks)
        world.load(at / "b.log")
        assert [row.verdict for row in (first, *clicks)] == ["human", "scanner"]
