"""`linktrack doctor` sees what is wrong, and `--repair` mends what can be derived."""

from __future__ import annotations

import inspect
import os
import re
import shutil
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from tests_support import Run, call
from upkeep.upkeep_world import Life, begin

from linktrack.errors import NotFound
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.upkeep import database_checks, doctor
from linktrack.workspace import load_workspace


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which a mailing was sent, clicked, and its actions run; made once."""
    made = begin(call, tmp_path_factory.mktemp("lived") / "work")
    paths = made.send("spring")
    clicks = [(path, 60 * number) for number, path in enumerate((*paths["1"], *paths["2"], paths["3"][0]), 1)]
    made.do("click", "import", made.log("a.log", *clicks))
    made.run("run-1", code=6)
    return made.root


@pytest.fixture
def life(run: Run, lived: Path, tmp_path: Path) -> Life:
    return Life(run, Path(shutil.copytree(lived, tmp_path / "work")))


def found(life: Life, *options: str, code: int = 6) -> dict[str, str]:
    """What doctor finds: check and detail of all that is not ok."""
    rows = life.json_of(code, "doctor", *options)
    return {row["check"]: f"{row['state']}: {row['detail']} {row['advice']}" for row in rows if row["state"] != "ok"}


def test_a_workspace_in_order(life: Life) -> None:
    (failures,) = found(life, "--deep").values()
    assert "--status failed" in failures, "the script for contact 3"
    checks = [row["check"] for row in life.json_of(6, "doctor", "--deep")]
    assert checks == [
        *(
            "settings",
            "base_url",
            "owner",
            "space",
            "database",
            "key",
            "integrity",
            "clock",
            "scripts",
            "import",
            "run",
        ),
        *("failures", "values", "rows", "figures", "words"),
    ]


def _sql(statement: str) -> Callable[[Life, Database], object]:
    return lambda _, database: database.execute(statement)


def _file(name: str, change: Callable[[Path], object]) -> Callable[[Life, Database], object]:
    return lambda life, _: change(life.root / name)


def _made(folder: Path, mode: int, name: str = "") -> None:
    """A folder of a mode, perhaps with a file that everybody may write."""
    folder.mkdir()
    folder.chmod(mode)
    if name:
        (folder / name).touch()
        (folder / name).chmod(0o666)


WRONG: dict[str, tuple[Callable[[Life, Database], object], str, str, bool]] = {
    "a script is gone": (_file("scripts/note.py", Path.unlink), "scripts", "note.py (action 6 of offer)", True),
    "no run carries an action out": (
        _sql("UPDATE action SET settings = '{\"field\": 1}' WHERE type = 'set-field'"),
        "actions", "removed with linktrack action remove offer 1", True,
    ),
    "an action's settings are no table": (
        _sql("UPDATE action SET settings = '[1]' WHERE number = 3"),
        "values", "settings of action: 1 are no JSON object (the first is action 3 of the link 'offer')", True,
    ),
    "an action is of no kind": (_sql("UPDATE action SET type = 'dance' WHERE number = 5"), "actions", "action 5 of offer", True),
    "a script cannot be run by anybody": (_file("scripts", shutil.rmtree), "scripts", "note.py", True),
    "others can read the database": (_file("linktrack.db", lambda path: path.chmod(0o644)), "mode", "chmod 600", False),
    "others can write into scripts": (_file("scripts", lambda path: path.chmod(0o777)), "owner", "scripts", True),
    "others can read the key": (_file("linktrack.key", lambda path: path.chmod(0o640)), "key", "chmod 600", True),
    "a killed command left something": (
        lambda life, _: (life.root / ".b.tar.gz.unfinished-77").touch(), "leftovers", ".b.tar.gz", False,
    ),
    "the clock is behind": (_sql("UPDATE workspace SET imported_at = 9000000000000"), "clock", "set the machine's", True),
    "a run was interrupted": (_sql("UPDATE run SET status = 'interrupted'"), "resume", "--resume", False),
    "nothing was imported for long": (_sql("UPDATE workspace SET imported_at = 1"), "import", "not since 1970", False),
    "a figure is wrong": (_sql("UPDATE link_tally SET human = human + 1"), "figures", "--repair", True),
    "a figure of clickers is wrong": (_sql("UPDATE shipment_tally SET clickers = 9"), "figures", "--repair", True),
    "an hour is missing": (_sql("DELETE FROM link_hour"), "figures", "link_hour", True),
    "a person of clicks is missing": (_sql("DELETE FROM recipient WHERE id = 2"), "rows", "recipient_id", True),
    "an open click is lost": (
        _sql("UPDATE click SET passed = 0"), "open clicks", "that no run would find", True,
    ),
    "others can write into the templates": (
        _file("pages", lambda path: _made(path, 0o777)), "owner", "/pages can be written by others", True,
    ),
    "others can write a template": (
        _file("pages", lambda path: _made(path, 0o700, "text.html")),
        "owner", "text.html can be written by others", True,
    ),
    "others can write into the click log": (
        _file("clicklog", lambda path: _made(path, 0o777)), "owner", "/clicklog can be written", True,
    ),
    "a folder of outputs cannot be looked at": (
        _sql(f"UPDATE run SET out = '/{'a' * 300}/out'"), "leftovers", "cannot be looked at", False,
    ),
    "a pipe stands where the click log is": (
        _file("clicklog", os.mkfifo), "places", "clicklog is no folder", True,
    ),
    "a folder stands where a list of exports is": (
        _file("linktrack.exports", Path.mkdir), "places", "linktrack.exports is no plain file", True,
    ),
    "a table is missing": (_sql("DROP TABLE junk_request"), "tables", "junk_request", True),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found(life: Life, wrong: str) -> None:
    change, check, said, is_error = WRONG[wrong]
    with open_database(load_workspace(life.root, {})) as database:
        change(life, database)
    there = found(life, "--deep")
    assert said in there[check], there
    assert there[check].startswith("error" if is_error else "warning")


LOOKS = {  # every look of doctor, by what it is made of, and the check that it is for
    "_settings": "settings", "_base_url": "base_url", "_proxies": "trusted_proxies", "_owners": "owner", "_locks": "lock", "_places": "places", "_modes": "mode",
    "_space": "space", "look_into_database": "database", "_keys": "key", "_unfinished": "shipment", "_tables": "tables", "_privileges": "privileges",
    "_integrity": "integrity", "_clock": "clock", "unfit_actions": "actions", "_scripts": "scripts", "_due": "due",
    "_leftovers_beside_outputs": "leftovers", "wrong_values": "values", "missing_rows": "rows", "wrong_figures": "figures",
    "lost_open_clicks": "open clicks", "contradictions": "rows", "_words": "words",
}  # fmt: skip


PROBLEMS = (PermissionError(13, "Permission denied", "/x"), NotFound("there is no such thing"))


@pytest.mark.parametrize(("look", "problem"), list(zip(LOOKS, cycle(PROBLEMS), strict=False)), ids=str)
def test_no_look_stops_the_others(life: Life, look: str, problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> object:
        raise problem

    before = {row["check"] for row in life.json_of(6, "doctor", "--deep")}
    monkeypatch.setattr(doctor if hasattr(doctor, look) else database_checks, look, fails)
    rows = life.json_of(6, "doctor", "--deep")
    [failed] = [row for row in rows if "cannot be looked at" in row["detail"]]
    assert (failed["check"], failed["state"]) == (LOOKS[look], "error")
    if look != "look_into_database":
        assert {row["check"] for row in rows} >= before - {LOOKS[look], "import", "run", "failures"}


def test_every_look_is_tried() -> None:
    sources = inspect.getsource(doctor), inspect.getsource(database_checks)
    named = {look for source in sources for look in re.findall(r"lambda: (\w+)\(", source)}
    assert named - {"leftovers_in", "iter"} <= LOOKS.keys()
    assert {look for look in LOOKS if look.startswith("_")} <= named


def test_little_room_is_said(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(life.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=50_000_000))
    assert "50 MB free" in found(life)["space"]


def test_a_fresh_workspace_has_no_findings_and_ends_with_0(run: Run, tmp_path: Path) -> None:
    assert run("init", tmp_path / "new", "--base-url", "https://click.example.com").code == 0
    life = Life(run, tmp_path / "new")
    assert found(life, "--deep", code=0) == {}
    assert "in order" in life.do("doctor").err


def test_pages_are_tried_with_the_types_that_mailings_have_now(run: Run, tmp_path: Path) -> None:
    assert run("init", tmp_path / "new", "--base-url", "https://click.example.com").code == 0
    life = Life(run, tmp_path / "new")
    (life.root / "pages").mkdir()
    (life.root / "pages" / "unsubscribe.html").write_text("{% if 'Vecko' in type %}{{ 1 // 0 }}{% endif %}")
    assert found(life, code=0) == {}
    (tmp_path / "a.html").write_text("<a href='https://www.example.com/'>x</a>")
    life.do("mailing", "add", "a", tmp_path / "a.html", "--type", "Veckobrev")
    assert "unsubscribe.html" in found(life)["settings"]


def test_a_warning_is_a_finding_and_ends_with_6(run: Run, tmp_path: Path) -> None:
    assert run("init", tmp_path / "new", "--base-url", "http://click.example.com").code == 0
    life = Life(run, tmp_path / "new")
    assert set(found(life, code=6)) == {"base_url"}
    assert "1 warning" in life.do("doctor", "--quiet", code=6).err


def test_proxies_that_could_be_anybody_are_a_warning(life: Life) -> None:
    config = life.root / "linktrack.toml"
    said = '[clicks]\ntrusted_proxies = ["10.0.0.0/8", "0.0.0.0/0"]\n'
    config.write_text(config.read_text("utf-8").replace("[clicks]\n", said), "utf-8")
    assert "warning: 0.0.0.0/0 is most of the internet" in found(life)["trusted_proxies"]


def test_repair_says_asks_and_makes_anew_what_is_derived(life: Life) -> None:
    with open_database(load_workspace(life.root, {})) as database:
        before = figures(database)
        database.execute("UPDATE link_tally SET human = 77")
        database.execute("DELETE FROM shipment_hour")
        database.execute("UPDATE clicker SET human = human + 1")
        database.execute("UPDATE click SET passed = 0 WHERE recipient_id = 1")
    asked = life.do("doctor", "--repair", code=2)
    assert "Count 5 clicks anew" in asked.err and "--yes" in asked.err
    assert "Count 5 clicks anew" in life.do("doctor", "--repair", "--yes").err
    assert set(found(life, "--deep")) == {"failures", "run"}, "and what was lost is due"
    with open_database(load_workspace(life.root, {})) as database:
        assert figures(database) == before
        assert database.value("SELECT count(*) FROM open_time") == 1, "what was lost is found by the next run"


def figures(database: Database) -> list[list[tuple[Any, ...]]]:
    return [sorted(database.rows(f"SELECT * FROM {table}")) for table in ("link_tally", "shipment_hour", "clicker")]


def test_a_setting_that_no_command_takes_is_no_setting_in_order(life: Life) -> None:
    with (life.root / "linktrack.toml").open("a") as settings:
        settings.write('\n[serve]\nport = "many"\n')
    assert "error" in found(life)["settings"]


def test_what_a_killed_command_left_beside_outputs_is_found(life: Life, tmp_path: Path) -> None:
    """Where mails and files of runs were written, people keep their backups too."""
    (tmp_path / "kept").mkdir()
    life.run(str(tmp_path / "kept" / "run-2"))
    left = tmp_path / "kept" / ".b.tar.gz.unfinished-0123456789ab"
    left.write_bytes(b"half of one")
    rows = life.json_of(6, "doctor")
    assert [row["detail"] for row in rows if row["check"] == "leftovers"] == [str(left)]
    life.do("backup", tmp_path / "kept" / "c.tar.gz")
    assert not left.exists(), "and the next backup there clears it away"


def test_what_doctor_says_of_an_action_a_run_says_too(life: Life) -> None:
    with open_database(load_workspace(life.root, {})) as database:
        database.execute("UPDATE action SET type = 'dance' WHERE number = 5")
        database.execute("UPDATE click SET passed = 0")
        database.execute("INSERT INTO open_time (first_at, last_at) VALUES (0, 9000000000000)")
    said = "no run carries it out until it is edited, or removed with linktrack action remove offer 5"
    assert said in life.run("run-2", code=3).err and said in found(life)["actions"]
