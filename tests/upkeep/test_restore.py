"""A workspace lost after its backup, and made of it again: nothing over a living one, nothing made twice, nothing passed
over in silence."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from clicks_world import line
from tests_support import Run, call
from upkeep.upkeep_world import Life, Lost, begin, made_of

from linktrack.store.opening import open_database
from linktrack.workspace import load_workspace


@pytest.fixture
def whole(lost: Lost, tmp_path: Path, run: Run) -> Path:
    """A backup that a test may spoil."""
    return Path(shutil.copy(lost.backup, tmp_path / "b.tar.gz"))


def test_nothing_is_made_again_and_clicks_of_unknown_shipments_alarm(lost: Lost, tmp_path: Path) -> None:
    life, said = lost.restore(tmp_path / "r")
    assert "--runs DIR…" in said and "a.log" in said and "unknown-shipment" in said
    imported = life.do("click", "import", lost.second, lost.third, "--format", "json", code=6)
    counts = json.loads(imported.out)
    assert (counts["stored"], counts["reasons"]) == (4, {"unknown-shipment": 1})
    assert "a shipment that this database does not know" in imported.err
    for arguments in (["--dry-run"], ["--out", life.root / "again"]):
        refused = life.do("action", "run", "--crm", life.root / "contacts.csv", *arguments, code=5)
        assert "--runs DIR…" in refused.err and "--no-runs" in refused.err
    assert "--runs DIR…" in life.do("action", "run", "--resume", code=5).err
    by_hand = ("report", "clickers", "offer", "--add-to-selection", "Hand", "--crm", life.root / "contacts.csv")
    assert "--runs DIR…" in life.do(*by_hand, "--out", life.root / "hand", code=5).err
    taken = life.do("action", "run", "--runs", *lost.runs)
    assert "Took 2 runs" in taken.err and "does not know" in taken.err
    shutil.copy(lost.runs[1] / "contacts.csv", life.root)  # as the CRM has it since
    done = life.run("run-4", "--format", "json")
    assert json.loads(done.out)["changes"] == 0
    assert life.started() == []
    assert made_of(life.root / "run-4") == {"changes": set(), "made": set()}
    log = life.json("action", "log", "--kind", "follow-up")
    assert {row["run"] for row in log} == {1, 2, 3}
    assert [row["status"] for row in life.json("action", "log", "--status", "failed")] == ["failed"]


def test_what_lost_runs_say_of_people_whom_the_backup_does_not_know_is_known(tmp_path: Path) -> None:
    """The backup is from before the first mailing, which the next one looks like."""
    lost = begin(call, tmp_path / "work")
    lost.do("backup", tmp_path / "b.tar.gz")
    paths = lost.send("spring")
    lost.do("click", "import", lost.log("a.log", (paths["1"][0], 60), (paths["2"][0], 90)))
    lost.run("run-1")
    assert call("restore", tmp_path / "b.tar.gz", tmp_path / "r").code == 0
    life = Life(call, tmp_path / "r")
    shutil.copy(lost.root / "contacts.csv", life.root)
    kept = life.do("contact", "forget", "2", "--yes").err
    assert "Nobody here has the id 2. It is kept that this contact is forgotten" in kept
    assert "forgotten already" in life.do("contact", "forget", "2", "--yes").err
    said = life.do("action", "run", "--runs", lost.root / "run-1").err
    assert (
        "what people had said of mailings and of tracking by then, is known all the same, but of the forgotten" in said
    )
    assert life.json("contact", "show", "1")["contact_id"] == "1"
    life.do("contact", "show", "2", code=4)
    life.do("contact", "forget", "6", "--yes", code=4)  # nothing is awaited any more
    life.do("contact", "subscribe", "2")
    assert sorted(life.send("spring")) == ["2", "3", "4", "5"], "1 has left the type by an action"
    life.do("mailing", "add", "autumn", life.root / "spring.html", "--type", "Other")
    sent = ("--contacts", life.root / "contacts.csv", "--as", "ndjson", "--out", "-")
    rows = map(json.loads, life.do("mailing", "rewrite", "autumn", *sent).out.splitlines())
    html = {row["contact_id"]: row["html"] for row in rows}
    offers = {who: re.findall(r"https://click\.example\.com(/[a-z2-7]+/[a-z2-7]{32})", html[who])[0] for who in "12"}
    life.do("click", "import", life.log("b.log", (offers["1"], 4000), (offers["2"], 4090)))
    life.run("run-2")
    changes = [json.loads(row) for row in (life.root / "run-2" / "changes.ndjson").read_text().splitlines()]
    assert {row["contact_id"] for row in changes if row["kind"] == "request"} == {"2"}, "once for a person"
    assert {row["contact_id"] for row in changes if row["kind"] == "follow-up"} == {"1", "2"}
    life.sound("--deep")
    assert life.json("contact", "show", "1@example.com")["contact_id"] == "1"


@pytest.mark.parametrize("names", [{"spring": "may"}, {"spring": "x", "summer": "spring", "x": "summer"}])
def test_a_mailing_may_have_had_another_name_in_the_lost_runs(tmp_path: Path, names: dict[str, str]) -> None:
    """What is made once a shipment is not made again by a click that arrives late."""
    lost = begin(call, tmp_path / "work")
    paths = lost.send("spring")
    lost.send("summer", 1)
    lost.do("backup", tmp_path / "b.tar.gz")
    for before, after in names.items():
        lost.do("mailing", "edit", before, "--name", after)
    lost.do("click", "import", lost.log("a.log", (paths["1"][0], 600), (paths["4"][0], 690)))
    lost.run("run-1")
    assert call("restore", tmp_path / "b.tar.gz", tmp_path / "r").code == 0
    life = Life(call, tmp_path / "r")
    assert "does not know" not in life.do("action", "run", "--runs", lost.root / "run-1").err
    shutil.copy(lost.root / "run-1" / "contacts.csv", life.root)
    life.do("click", "import", life.log("b.log", (paths["1"][0], 60), (paths["4"][0], 90)))
    life.run("run-2")
    rows = [json.loads(row) for row in (life.root / "run-2" / "changes.ndjson").read_text().splitlines()]
    assert {row["kind"] for row in rows} == {"follow-up"}, "which is made at every click"
    assert not made_of(life.root / "run-2")["made"] & made_of(lost.root / "run-1")["made"]
    life.sound("--deep")


WORDS = (
    "SELECT contact_id, type, how, left_at FROM left_type JOIN recipient r ON r.id = recipient_id "
    "UNION SELECT contact_id, 'tracking', CASE WHEN consent THEN 'consent' ELSE 'refusal' END, said_at "
    "FROM said_consent JOIN recipient r ON r.id = recipient_id"
)
MAIL_OF_WORDS = (
    '<a href="linktrack:course">Course</a> <a href="linktrack:unsubscribe">Leave</a> '
    '<a href="linktrack:subscriptions">Choose</a>'
)


def words_in(life: Life) -> set[tuple[str, str, str, int]]:
    with open_database(load_workspace(life.root, {})) as database:
        return set(database.rows(WORDS))


def test_what_people_said_in_the_lost_workspace_is_known_whatever_the_crm_showed(tmp_path: Path) -> None:
    """They clicked in mailings of two types, of which the CRM keeps one as an interest; the backup knows neither. A run
    by an earlier linktrack tells what it changed alone, and that is said."""
    lost = begin(call, tmp_path / "work")
    lost.do("link", "add", "course", "--url", "https://www.example.com/course")
    lost.do("action", "add", "course", "interest", "--remove", "news", "--remove", "SPARE TIME")
    lost.do("backup", tmp_path / "b.tar.gz")
    mail = lost.root / "m.html"
    paths: dict[tuple[str, str], list[str]] = {}
    mail.write_text(MAIL_OF_WORDS)
    for name, type in (("spring", "News"), ("free", "Spare time")):
        lost.do("mailing", "add", name, mail, "--type", type)
        sent = ("--contacts", lost.root / "contacts.csv", "--as", "ndjson", "--out", "-")
        rows = map(json.loads, lost.do("mailing", "rewrite", name, *sent).out.splitlines())
        paths |= {
            (name, row["contact_id"]): re.findall(r"https://click\.example\.com(/[a-z2-7]+/[a-z2-7]{32})", row["html"])
            for row in rows
        }
    clicked = [
        line(paths[name, who][0], at, ip="192.0.7.9") for name, who, at in (("spring", "1", 60), ("free", "2", 90))
    ]
    posted = [
        line(paths["free", who][place] + query, at, method="POST", status=200, ip=f"192.0.{at // 100}.9")
        for who, place, query, at in (("3", 1, "", 400), ("4", 2, "?off=*", 500), ("4", 2, "?on=news", 600))
    ]
    refused = line(paths["spring", "5"][2] + "?consent=off", 700, method="POST", status=200, ip="192.0.50.9")
    log = tmp_path / "a.log"
    log.write_bytes(b"".join([*clicked, *posted, refused]))
    lost.do("click", "import", log)
    lost.do("contact", "subscribe", "1", "--type", "news")
    lost.run("run-1")
    said = words_in(lost)
    assert {(who, type, how) for who, type, how, _ in said} == {
        ("1", "news", "back"), ("1", "spare time", "action"), ("2", "news", "action"), ("2", "spare time", "action"),
        ("3", "spare time", "unsubscribe"), ("4", "", "page"), ("4", "news", "back"), ("5", "tracking", "refusal"),
    }  # fmt: skip
    silent = Path(shutil.copytree(lost.root / "run-1", tmp_path / "silent"))
    summary = json.loads((silent / "summary.json").read_text())
    del summary["said"]
    (silent / "summary.json").write_text(json.dumps(summary))
    for name, run, known in (
        ("told", lost.root / "run-1", {one for one in said if one[0] != "2"}),
        ("silent", silent, {("1", "news", "action"), ("4", "news", "action")}),
    ):
        assert call("restore", tmp_path / "b.tar.gz", tmp_path / name).code == 0
        life = Life(call, tmp_path / name)
        life.do("contact", "forget", "2", "--yes")
        taken = life.do("action", "run", "--runs", run).err
        assert ("does not say who had left a type" in taken) is (name == "silent")
        kept = {word if name == "told" else word[:3] for word in words_in(life)}
        assert kept == known, name
        life.sound("--deep")
        life.do("backup", tmp_path / f"{name}.tar.gz")
        assert call("restore", tmp_path / f"{name}.tar.gz", tmp_path / f"{name}-again").code == 0
        assert words_in(Life(call, tmp_path / f"{name}-again")) == words_in(life)


@pytest.mark.parametrize("key", ["taken in from the lost workspace", "made anew, for it is not needed"])
def test_clicks_under_keys_of_after_the_backup_alarm_until_all_are_settled(tmp_path: Path, key: str) -> None:
    lost = begin(call, tmp_path / "work")
    paths = lost.send("spring")
    lost.do("backup", tmp_path / "b.tar.gz")
    for _ in range(3):
        lost.do("key", "rotate")
    lost.do("key", "revoke", "2", "--yes")
    later = lost.json("key", "list")
    token = lost.send("autumn")["1"][0].rpartition("/")[2]
    placement = paths["1"][0].rpartition("/")[0]
    clicks = [(paths["2"][0], 60), (f"{placement}/{token}", 3600), (f"/abcdefg/{token}", 7200)]
    log = lost.log("later.log", *clicks)
    bad = lost.log("bad.log", (f"{placement}/{'ch' + 'a' * 30}", 9000))  # which says key 1, and is of nobody
    assert "signing key" not in lost.do("click", "import", log, bad).err, "the living one has the key"
    assert call("restore", tmp_path / "b.tar.gz", tmp_path / "r").code == 0
    life = Life(call, tmp_path / "r")
    said = life.do("click", "import", log, "--format", "json", "--quiet", code=6)
    assert "2 rejected lines name a signing key that this workspace does not have" in said.err
    assert json.loads(said.out)["reasons"] == {"forged-token": 1, "unknown-placement": 1}
    assert json.loads(said.out)["human"] == 1
    refused = life.do("key", "rotate", code=5)  # or it would have the number of a lost one, for ever
    assert "put its keys into" in refused.err and "--no-later-keys" in refused.err
    unfit = {"forged-token": 1, "unknown-placement": 1}
    if key.startswith("taken"):
        shutil.copy(lost.root / "linktrack.key", life.root)
        warned = life.do("key", "rotate").err
        assert "the key 3 in" in warned and "keys 1" not in warned
        again = life.do("click", "import", log, "--again", "--format", "json", code=6)
        assert json.loads(again.out)["reasons"] == unfit and "name a signing key" in again.err, "there is one more"
        life.do("key", "rotate")
        assert [row["fingerprint"] for row in life.json("key", "list")] == [
            row["fingerprint"] for row in later if row["key"] != 2
        ]
        again = life.do("click", "import", log, "--again", "--format", "json", code=6)
        assert json.loads(again.out)["reasons"] == {"unknown-shipment": 2}
        assert life.do("key", "rotate", code=5).err == refused.err
    else:
        life.do("key", "rotate", "--no-later-keys")
        again = life.do("click", "import", log, "--again", "--format", "json")
        assert json.loads(again.out)["reasons"] == unfit
        life.do("key", "rotate")
    assert "signing key" not in life.do("click", "import", bad).err
    assert "not restored" in lost.do("key", "rotate", "--no-later-keys", code=5).err


def test_what_failed_before_the_loss_is_tried_again_and_what_is_new_is_made(lost: Lost, tmp_path: Path) -> None:
    life, _ = lost.restore(tmp_path / "r")
    new = life.log("d.log", (lost.spring["5"][0], 5000))
    life.do("click", "import", lost.second, new)
    life.do("action", "run", "--runs", lost.life.root)
    life.run("run-4")
    assert life.started() == ["5"]
    assert len(made_of(life.root / "run-4")["made"]) == 3
    assert made_of(life.root / "run-4")["made"].isdisjoint(lost.after[0]["made"] | lost.after[1]["made"])
    life.run("run-5", "--retry-failed", code=6)
    assert life.started() == ["5", "3"]


def test_logs_may_be_imported_after_the_runs_were_taken(lost: Lost, tmp_path: Path) -> None:
    life, _ = lost.restore(tmp_path / "r")
    done = life.run("run-4", "--runs", *lost.runs)
    assert "Took 2 runs" in done.err
    life.do("click", "import", lost.second)
    assert json.loads(life.run("run-5", "--format", "json").out)["changes"] == 0
    assert life.started() == []


def test_runs_are_taken_once_and_a_gap_is_said(lost: Lost, tmp_path: Path) -> None:
    life, _ = lost.restore(tmp_path / "r")
    life.do("click", "import", lost.second)
    gap = life.do("action", "run", "--runs", lost.runs[1], code=6)
    assert "nothing here of run 2" in gap.err
    rows = life.json_of(6, "doctor")
    assert [row["state"] for row in rows if row["check"] == "runs-after-restore"] == ["warning"]
    for arguments in (
        ["--dry-run"],
        ["--out", life.root / "again"],
        ["--out", life.root / "o", "--runs", lost.runs[1]],
    ):
        code = 6 if "--runs" in arguments else 5
        shut = life.do("action", "run", "--crm", life.root / "contacts.csv", *arguments, code=code)
        assert "run 2" in shut.err and "--no-runs" in shut.err
    assert life.started() == [], "nothing is made again meanwhile"
    again = life.do("action", "run", "--runs", lost.life.root)
    assert "Took 1 run " in again.err and "(2 were there already)" in again.err
    assert json.loads(life.run("run-4", "--format", "json").out)["changes"] == 0
    shutil.rmtree(life.root / "run-4")
    with open_database(load_workspace(life.root, {})) as database:
        runs = [(1, "done"), (2, "taken"), (3, "taken"), (4, "done")]
        assert database.rows("SELECT id, status FROM run ORDER BY id") == runs
        doubled = "SELECT count(*) FROM (SELECT id FROM change GROUP BY id, recipient_id HAVING count(*) > 1) d"
        assert database.value(doubled) == 0
        counted = "SELECT kind, name, status, count(*) FROM change GROUP BY kind, name, status ORDER BY 1, 2, 3"
        tally = "SELECT kind, name, status, sum(count) FROM action_tally GROUP BY kind, name, status ORDER BY 1, 2, 3"
        assert database.rows(counted) == database.rows(tally)
        left = "SELECT r.contact_id FROM left_type t JOIN recipient r ON r.id = t.recipient_id WHERE t.type = 'news'"
        assert {row[0] for row in database.rows(left)} == {"1", "2", "3", "4"}


def test_a_gap_is_closed_by_saying_that_there_was_nothing(lost: Lost, tmp_path: Path) -> None:
    life, _ = lost.restore(tmp_path / "r")
    assert "after the backup.\n" in life.do("action", "run", "--no-runs").err
    life.do("action", "run", "--runs", lost.runs[1], code=6)
    assert "after the backup but in run 3, taken before.\n" in life.do("action", "run", "--no-runs").err
    life.run("run-4")


def another_s(said: dict[str, object], other: str) -> None:
    said["workspace"] = other


def nobody_s(said: dict[str, object], _: str) -> None:
    del said["workspace"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [(another_s, "is a run of another workspace"), (nobody_s, "does not say which workspace made the run")],
)
def test_runs_of_another_workspace_are_not_taken(
    lost: Lost, tmp_path: Path, change: Callable[[dict[str, object], str], None], sentence: str
) -> None:
    life, _ = lost.restore(tmp_path / "r")
    other = begin(call, tmp_path / "other")
    other.run("run-1")
    said = json.loads((lost.runs[0] / "summary.json").read_text())
    change(said, json.loads((other.root / "run-1" / "summary.json").read_text())["workspace"])
    foreign = Path(shutil.copytree(lost.runs[0], tmp_path / "foreign"))
    (foreign / "summary.json").write_text(json.dumps(said))
    refused = life.do("action", "run", "--runs", foreign, lost.runs[1], code=3)
    assert str(foreign / "summary.json") in refused.err and sentence in refused.err
    with open_database(load_workspace(life.root, {})) as database:
        assert database.rows("SELECT id FROM run") == [(1,)], "nor are those beside it"


def test_a_copy_of_a_run_s_folder_counts_nothing_twice(lost: Lost, tmp_path: Path) -> None:
    life, _ = lost.restore(tmp_path / "r")
    copies = [shutil.copytree(path, tmp_path / f"copy-of-{path.name}") for path in lost.runs]
    taken = life.do("action", "run", "--runs", *lost.runs, *copies, lost.life.root / "run-1")
    assert "Took 2 runs" in taken.err and "(3 were there already)" in taken.err
    again, _ = lost.restore(tmp_path / "r2")
    again.do("action", "run", "--runs", *lost.runs)
    figures = [one.json("report", "link", "offer") for one in (life, again)]
    assert figures[0] == figures[1]
    assert len(life.json("action", "log")) == len(again.json("action", "log"))


def test_without_runs_everything_since_is_done(lost: Lost, tmp_path: Path) -> None:
    life, _ = lost.restore(tmp_path / "r")
    life.do("click", "import", lost.second)
    life.do("action", "run", "--no-runs")
    life.run("run-2", code=6)
    ids = made_of(life.root / "run-2")
    assert ids == lost.after[0], "ids never change between runs, restored or not"


def test_a_run_that_was_going_on_when_the_backup_was_taken_is_finished_by_its_files(run: Run, tmp_path: Path) -> None:
    life = begin(run, tmp_path / "work")
    paths = life.send("spring")
    life.do("click", "import", life.log("a.log", (paths["1"][0], 60)))
    life.run("run-1")
    with open_database(load_workspace(life.root, {})) as database:  # as it was while that run was going on
        database.execute("UPDATE run SET status = 'running', summary = '{}'")
        database.execute("UPDATE made SET status = 'interrupted' WHERE kind = 'script'")
        database.execute("DELETE FROM made WHERE kind <> 'script'")
        for table in ("change", "settled", "action_tally", "return_address"):
            database.execute(f"DELETE FROM {table}")
        database.execute("UPDATE click SET passed = 0")
        database.execute("INSERT INTO open_time (first_at, last_at) SELECT clicked_at, clicked_at FROM click")
    life.do("backup", tmp_path / "b.tar.gz")
    assert run("restore", tmp_path / "b.tar.gz", tmp_path / "restored").code == 0
    restored = Life(run, tmp_path / "restored")
    shutil.copy(life.root / "contacts.csv", restored.root)
    restored.do("action", "run", "--runs", life.root / "run-1")
    assert json.loads(restored.run("run-2", "--format", "json").out)["changes"] == 0
    assert restored.started() == []
    assert [row["status"] for row in restored.json("action", "log", "--kind", "script")] == ["ok"]


def test_what_was_made_by_an_action_that_is_newer_than_the_backup_waits_for_it(tmp_path: Path) -> None:
    life = begin(call, tmp_path / "work")
    paths = life.send("spring")
    life.do("backup", tmp_path / "b.tar.gz")
    added = ("action", "add", "offer", "request", "--title", "Call", "--category", "Sales", "--owner", "unassigned")
    life.do(*added)
    log = life.log("a.log", (paths["1"][0], 60))
    life.do("click", "import", log)
    life.run("run-1")
    assert b"Call" in (life.root / "run-1" / "requests.csv").read_bytes()
    assert call("restore", tmp_path / "b.tar.gz", tmp_path / "r").code == 0
    restored = Life(call, tmp_path / "r")
    shutil.copy(life.root / "contacts.csv", restored.root)
    restored.do("click", "import", log)
    refused = restored.do("action", "run", "--runs", life.root / "run-1", code=5)
    wanted = f"linktrack --workspace {restored.root} action add offer request --title Call --category Sales\n"
    assert wanted in refused.err and "bring it back, so that nothing is done again" in refused.err
    restored.do("action", "add", "offer", "selection", "--add", "Called")
    restored.do(*added)
    taken = restored.do("action", "run", "--runs", life.root / "run-1")
    assert "action 9 of the link 'offer' is action 7 by now, as the runs had it" in taken.err
    assert json.loads(restored.run("run-2", "--format", "json").out)["changes"] == 0


def test_runs_can_only_be_taken_after_a_restore(run: Run, tmp_path: Path) -> None:
    life = begin(run, tmp_path / "work")
    (tmp_path / "none").mkdir()
    for option in (["--no-runs"], ["--runs", tmp_path / "none"]):
        assert "was not restored" in life.do("action", "run", *option, code=5).err
    life.do("backup", tmp_path / "b.tar.gz")
    assert run("restore", tmp_path / "b.tar.gz", tmp_path / "r").code == 0
    restored = Life(run, tmp_path / "r")
    assert "no finished run" in restored.do("action", "run", "--runs", tmp_path / "none", code=4).err
    restored.do("action", "run", "--runs", tmp_path / "nowhere", code=4)
    (tmp_path / "none" / "summary.json").write_text('{"run": "x"}')
    restored.do("action", "run", "--runs", tmp_path / "none", code=3)
    restored.do("action", "run", "--runs", tmp_path / "none", "--no-runs", code=2)
    restored.do("action", "run", tmp_path / "none", code=2)


# --- the workspace that is made --------------------------------------------------------------------------------------


def test_a_restored_workspace_is_never_the_living_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    living = tmp_path / "elsewhere.db"
    life = begin(run, tmp_path / "work")
    paths = life.send("spring")
    with (life.root / "linktrack.toml").open() as file:
        text = file.read()
    shutil.copy(life.root / "linktrack.db", living)
    (life.root / "linktrack.toml").write_text(text.replace("[database]\n", f'[database]\nurl = "sqlite:///{living}"\n'))
    life.do("backup", tmp_path / "b.tar.gz")
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", f"sqlite:///{living}")
    assert "unset it" in run("restore", tmp_path / "b.tar.gz", tmp_path / "r").err
    assert not (tmp_path / "r").exists()
    monkeypatch.delenv("LINKTRACK_DATABASE_URL")
    assert run("restore", tmp_path / "b.tar.gz", tmp_path / "r").code == 0
    old, new = load_workspace(life.root, {}), load_workspace(tmp_path / "r", {})
    assert new.database_path == tmp_path / "r" / "linktrack.db"
    assert new.settings.database.id != old.settings.database.id
    restored = Life(run, tmp_path / "r")
    restored.sound()
    # its addresses are the same, and the old settings do not open it
    assert (
        json.loads(restored.do("click", "import", life.log("a.log", (paths["1"][0], 60)), "--format", "json").out)[
            "stored"
        ]
        == 1
    )
    shutil.copy(tmp_path / "r" / "linktrack.db", living)
    assert "[database] id names" in life.do("link", "list", code=3).err
    # and the other way round nothing advises to take the old id, with which no run would wait for the lost ones
    shutil.copy(life.root / "linktrack.db", tmp_path / "r" / "linktrack.db")
    said = restored.do("link", "list", code=3).err
    assert "the line that restore printed" in said.replace("psql ", "") and "write id" not in said


@pytest.mark.parametrize(
    "name", ["linktrack.toml", "linktrack.key", "linktrack.db", "linktrack.db-wal", "scripts/x.py"]
)
def test_a_folder_with_anything_of_a_workspace_is_left_alone(run: Run, whole: Path, tmp_path: Path, name: str) -> None:
    there = tmp_path / "r" / name
    there.parent.mkdir(parents=True)
    there.write_text("a person's")
    done = run("restore", tmp_path / "b.tar.gz", tmp_path / "r")
    assert (done.code, "never restored over a workspace" in done.err) == (5, True)
    assert there.read_text() == "a person's"
    assert [path for path in (tmp_path / "r").rglob("*") if path.is_file()] == [there]


def test_it_goes_into_the_folder_one_is_in_beside_its_click_log(
    run: Run, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r" / "clicklog").mkdir(parents=True)
    (tmp_path / "r" / "clicklog" / "kept.ndjson").touch()
    monkeypatch.chdir(tmp_path / "r")
    assert run("restore", "../b.tar.gz").code == 0
    assert run("link", "list").code == 0
    assert run("link", "show", "offer").code == 0
    assert (tmp_path / "r" / "scripts" / "note.py").is_file()
    assert (tmp_path / "r" / "clicklog" / "kept.ndjson").is_file()


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flipped(data: bytes) -> bytes:
    return data[:3000] + bytes(byte ^ 0xFF for byte in data[3000:3010]) + data[3010:]


def _repacked(
    change: Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes] | None],
) -> Callable[[bytes], bytes]:
    def repack(data: bytes) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
            for member in old:
                file = old.extractfile(member)
                changed = change(member, b"" if file is None else file.read())
                if changed is not None:
                    changed[0].size = len(changed[1])
                    new.addfile(changed[0], io.BytesIO(changed[1]))
        return out.getvalue()

    return repack


def _without(name: str) -> Callable[[bytes], bytes]:
    return _repacked(lambda member, data: None if member.name == name else (member, data))


def _renamed(name: str, other: str, **more: object) -> Callable[[bytes], bytes]:
    def change(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        if member.name == name:
            member.name = other
            for key, value in more.items():
                setattr(member, key, value)
            return member, b"" if more else data
        return member, data

    return _repacked(change)


def _fewer_rows(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    if member.name == "backup.json":
        data = re.sub(rb'"link": \d+', b'"link": 99', data)
    return member, data


def _added(name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE) -> Callable[[bytes], bytes]:
    """The archive with one more member at its end."""

    def add(whole: bytes) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(whole)) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
            for member in old:
                new.addfile(member, old.extractfile(member))
            more = tarfile.TarInfo(name)
            more.type, more.size = kind, len(data) if kind == tarfile.REGTYPE else 0
            new.addfile(more, io.BytesIO(data))
        return out.getvalue()

    return add


def _with_key(text: str) -> Callable[[bytes], bytes]:
    return _repacked(lambda member, data: (member, text.encode("latin-1") if member.name == "linktrack.key" else data))


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut short": (_cut, "cut short or damaged"),
    "a byte is damaged": (_flipped, "damaged"),
    "empty": (lambda data: b"", "no backup"),
    "another file": (lambda data: b"contact_id,email\n" * 100, "no backup"),
    "no key in it": (_without("linktrack.key"), "no linktrack.key"),
    "no database in it": (_without("linktrack.db"), "no linktrack.db"),
    "another program's archive": (_without("backup.json"), "no backup.json"),
    "a path out of the folder": (_renamed("scripts/note.py", "scripts/../../planted.py"), "belongs to no backup"),
    "an absolute path": (_renamed("scripts/note.py", "/tmp/planted.py"), "belongs to no backup"),
    "a link in it": (
        _renamed("scripts/note.py", "scripts/a", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        "belongs to",
    ),
    "a device in it": (_renamed("scripts/note.py", "scripts/a", type=tarfile.CHRTYPE), "belongs to no backup"),
    "a file twice": (_added("scripts/note.py"), "'scripts/note.py' in it stands there twice"),
    "the key twice": (_added("linktrack.key"), "'linktrack.key' in it stands there twice"),
    "a folder twice": (_added("scripts", kind=tarfile.DIRTYPE), "'scripts' in it stands there twice"),
    "a file twice by another spelling": (_added("scripts/./note.py"), "belongs to no backup"),
    "a file without its folder": (_added("scripts/under/x.sh"), "stands there without its folder 'scripts/under'"),
    "a file in a file": (_added("scripts/note.py/x.sh"), "stands there without its folder 'scripts/note.py'"),
    "a line end in a name": (_added("scripts/two\nlines"), "has a control character in its name"),
    "a terminal's command in a name": (_added("scripts/\x1b[2J"), "has a control character in its name"),
    "a C1 control character in a name": (_added("scripts/\x9b2J"), "has a control character in its name"),
    "a folder in the place of the settings": (_added("linktrack.toml", kind=tarfile.DIRTYPE), "belongs to no backup"),
    "a sparse file": (_added("scripts/huge", kind=tarfile.GNUTYPE_SPARSE), "backup"),
    "another key": (_with_key("0:" + "11" * 32), "the signing key 0 in this backup is not the one of its mails"),
    "a key of zeros": (_with_key("0:" + "00" * 32), "all zeros"),
    "a key under two ids": (_with_key("0:" + "11" * 32 + " 1:" + "11" * 32), "are one and the same"),
    "no key in its file": (_with_key("# nothing"), "linktrack.key in it: the signing key is empty"),
    "a key that is no ASCII": (_with_key("\xe5"), "linktrack.key in it holds other bytes"),
    "settings that no command takes": (
        _repacked(lambda member, data: (member, data + b"\n[nothing]\n" if member.name == "linktrack.toml" else data)),
        "linktrack.toml in it: unknown",
    ),
    "rows are missing": (_repacked(_fewer_rows), "rows instead of 99"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_no_whole_backup_is_bad_input_and_leaves_nothing(
    run: Run, whole: Path, tmp_path: Path, broken: str
) -> None:
    change, sentence = BROKEN[broken]
    whole.write_bytes(change(whole.read_bytes()))
    done = run("restore", tmp_path / "b.tar.gz", tmp_path / "r")
    assert done.code == 3, done.err
    assert sentence in done.err and "b.tar.gz" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar.gz"]


def test_the_folders_above_are_not_made_and_no_path_is_said_with_dots(
    run: Run, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a backup does not make them: the same code, the same sentence."""
    refused = run("restore", whole, tmp_path / "no" / "r")
    assert (refused.code, f"there is no such folder: {tmp_path / 'no'}" in refused.err) == (4, True), refused.err
    assert not (tmp_path / "no").exists()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    done = run("restore", "../b.tar.gz", "../here/../r")
    assert done.code == 0, done.err
    assert f"Made a workspace in {tmp_path / 'r'} of" in done.err and ".." not in done.err
    again = run("restore", "../b.tar.gz", "../here/../r")
    assert (again.code, ".." in again.err) == (5, False), again.err


def test_an_older_backup_is_restored_and_upgraded_then(run: Run, whole: Path, tmp_path: Path) -> None:
    before = (
        "DROP INDEX ix_link_identity",
        "ALTER TABLE link DROP COLUMN identity",
        "ALTER TABLE workspace DROP COLUMN keys_told",
        "ALTER TABLE workspace DROP COLUMN keys_settled_for",
        "DROP TABLE recent_clicker",
        "UPDATE alembic_version SET version_num = '0001'",
    )

    def as_before(member: tarfile.TarInfo, said: bytes) -> tuple[tarfile.TarInfo, bytes]:
        if member.name == "linktrack.db":
            said = _changed(said, *before)
        return member, re.sub(rb'"recent_clicker": 0,\s*', b"", said) if member.name == "backup.json" else said

    data = _repacked(as_before)(whole.read_bytes())
    whole.write_bytes(data)
    done = run("restore", whole, tmp_path / "r")
    assert (done.code, "Made a workspace" in done.err) == (0, True), done.err
    assert "linktrack database upgrade" in run("--workspace", tmp_path / "r", "action", "run", "--no-runs").err
    for arguments in (["database", "upgrade"], ["action", "run", "--no-runs"], ["doctor", "--deep"]):
        done = run("--workspace", tmp_path / "r", *arguments)
        assert done.code in {0, 6}, done.err
        assert "bug" not in done.err


def test_a_newer_backup_is_refused(run: Run, whole: Path, tmp_path: Path) -> None:
    data = _repacked(
        lambda member, said: (
            member,
            _changed(said, "UPDATE alembic_version SET version_num = '9999'")
            if member.name == "linktrack.db"
            else said,
        )
    )((tmp_path / "b.tar.gz").read_bytes())
    (tmp_path / "b.tar.gz").write_bytes(data)
    done = run("restore", tmp_path / "b.tar.gz", tmp_path / "r")
    assert (done.code, "newer linktrack (tables 9999" in done.err) == (3, True), done.err
    assert not (tmp_path / "r").exists()


def _changed(data: bytes, *statements: str) -> bytes:
    """A database's file after these statements."""
    import sqlite3
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        path.write_bytes(data)
        database = sqlite3.connect(path)
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()
        return path.read_bytes()
