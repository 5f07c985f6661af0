"""Old clicks gone, every report as it was; and all else that has become too old."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from faults import killed, points_of, sample
from upkeep.persons_world import PHONE, SENT, VERA, PersonsWorld, own_line
from world import CHROME

from linktrack.clicks.formats.click_log import KEYS
from linktrack.errors import Conflict, Locked, UsageError
from linktrack.moments import moment_of
from linktrack.store.lock import alone
from linktrack.store.opening import open_database
from linktrack.upkeep.deep import lost_open_clicks, missing_rows, wrong_figures
from linktrack.upkeep.purge import OpenClicks, PurgeSummary, purge_clicks, purge_due
from linktrack.workspace import load_workspace

HOUR = 3_600_000
SENT_AT = moment_of(SENT)
MIDDLE = SENT_AT + HOUR // 3  # in the middle of the campaign, and of an hour
NOW = SENT_AT + 400 * 24 * HOUR


def purge(world: PersonsWorld, before: int = MIDDLE, *, even_open: bool = False) -> PurgeSummary:
    with world.open() as database:
        return purge_clicks(world.workspace, database, before, NOW, even_open=even_open)


def clicks_of(world: PersonsWorld) -> Counter[bool]:
    """Clicks by whether they lie before the middle."""
    with world.open() as database:
        return Counter(row[0] < MIDDLE for row in database.rows("SELECT clicked_at FROM click"))


def keep(world: PersonsWorld, settings: str) -> None:
    """Put a [retention] table into the settings."""
    with (world.root / "linktrack.toml").open("a") as file:
        file.write(f"\n[retention]\n{settings}\n")
    world.workspace = load_workspace(world.root, {})


def test_every_report_is_what_it_was(persons: PersonsWorld) -> None:
    before, clicks = persons.reports(), clicks_of(persons)
    said = persons.do("database", "purge", "--clicks-before", "2026-05-04T09:20+00:00", "--format", "json")
    done = said.json
    assert (done["clicks"], done["open"], done["clean"]) == (clicks[True], 0, True)
    assert all(report in said.err for report in ("report contact", "click list", "report clickers with a period"))
    assert clicks_of(persons) == {False: clicks[False]}
    assert persons.reports() == before
    persons.do("database", "purge", "--clicks-before", "2026-06-01")
    assert clicks_of(persons) == {} and persons.reports() == before
    with persons.open() as database:
        assert [*missing_rows(database), *wrong_figures(database)] == [] and lost_open_clicks(database) == 0
        for table in ("click", "probe", "junk_request", "scanner_evidence", "reading"):
            assert database.value(f"SELECT count(*) FROM {table}") == 0, table
        texts = {text for (text,) in database.rows("SELECT text FROM agent")}
    assert not {CHROME, PHONE} & texts, "agents that nothing needs go"


def test_the_hours_that_were_not_purged_are_still_compared_with_their_clicks(persons: PersonsWorld) -> None:
    purge(persons)
    later = SENT_AT + HOUR
    with persons.open() as database:
        for table in ("shipment_hour", "link_hour"):
            assert [*wrong_figures(database)] == []
            where = f"hour = (SELECT min(hour) FROM {table} WHERE hour >= ? AND human + machine > 0)"
            database.execute(f"UPDATE {table} SET human = human + 1 WHERE {where}", (later,))
            assert {fault.table for fault in wrong_figures(database)} == {table}
            database.execute(f"UPDATE {table} SET human = human - 1 WHERE {where}", (later,))


def test_what_comes_late_moves_the_reports_as_before(persons: PersonsWorld, tmp_path: Path) -> None:
    """A campaign goes on after a purge: the same new log gives the same figures, with and without the purge."""
    shutil.copytree(persons.root, tmp_path / "other")
    other = PersonsWorld(load_workspace(tmp_path / "other", {}), persons.outside, persons.run, persons.runs)
    purge(persons)
    new = [
        own_line(persons.vera["offer"], minutes, agent=agent) for minutes, agent in ((3_000, CHROME), (3_001, PHONE))
    ]
    new += [own_line(persons.vera["more"], 3_002, method="HEAD"), own_line(persons.vera["more"], 3_003)]
    for world in (persons, other):
        world.add_to_log(*new)
        world.do("click", "import")
        world.do("click", "judge")
    assert persons.reports() == other.reports()


def test_a_line_of_before_is_rejected(persons: PersonsWorld) -> None:
    purge(persons)
    before = persons.reports()
    persons.add_to_log(own_line(persons.vera["more"], 6), own_line(persons.vera["more"], 1_000))
    late = persons.do("click", "import", "--format", "json").json
    assert (late["stored"], late["reasons"]) == (1, {"before-purge": 1})
    log = persons.outside / "again.log"
    log.write_bytes(b"".join(own_line(persons.vera["more"], minutes) for minutes in (6, 6, 7, 8)))
    again = persons.do("click", "import", log, "--format", "json").json
    assert (again["read"], again["rejected"]) == (4, 4)
    assert persons.reports() != before, "the new click counts"
    event = persons.outside / "events.json"
    said = {"event": "click", "timestamp": SENT_AT // 1000 + 60, "email": "p1@example.com", "sg_event_id": "x"}
    event.write_text(json.dumps([{**said, "url": f"https://click.example.com{persons.vera['more']}"}]) + "\n")
    assert persons.do("click", "import", event, "--format", "json").json["reasons"] == {"before-purge": 1}


def test_clicks_that_wait_for_a_run_stop_it_also_in_the_log_that_is_imported_first(persons: PersonsWorld) -> None:
    persons.add_to_log(own_line(persons.vera["offer"], 15))
    refused = persons.do("database", "purge", "--clicks-before", "2026-05-04T09:20+00:00", code=5)
    assert "1 click before" in refused.err and "action run" in refused.err
    with pytest.raises(OpenClicks) as problem:
        purge(persons)
    assert problem.value.clicks == 1 and clicks_of(persons)[True]
    done = purge(persons, even_open=True)
    assert done.open == 1 and not clicks_of(persons)[True]
    acted = persons.act()
    assert '"clicks": 0' in (acted / "summary.json").read_text()


def test_what_cannot_be_done_any_more_is_said(persons: PersonsWorld) -> None:
    (persons.root / "scripts" / "answer.py").write_text("#!/usr/bin/env python3\nraise SystemExit('out of order')\n")
    persons.add_to_log(own_line(persons.vera["offer"], 15), own_line(persons.vera["off"], 16))
    persons.mail("--again", sent=SENT)  # another shipment, so that the script runs again
    persons.do("click", "import")
    with persons.open() as database, database.transaction():
        database.execute(
            "INSERT INTO failure (recipient_id, id, run_id, number, clicked_at, click_print, link_id, action, status) "
            "SELECT recipient_id, id, run_id, number, clicked_at, click_print, link_id, action, 'failed' FROM change "
            "WHERE kind = 'script' ORDER BY clicked_at LIMIT 1"
        )
    assert "1 action of earlier runs failed" in persons.run("--workspace", persons.root, "action", "run", "--crm",
        persons.outside / "contacts.csv", "--dry-run").err  # fmt: skip
    purge(persons, NOW, even_open=True)
    crm = ("--crm", persons.outside / "contacts.csv", "--dry-run")
    assert "1 action that failed cannot be tried again" in persons.do("action", "run", *crm, "--retry-failed").err
    assert "the replay does not reach them" in persons.do("action", "run", *crm, "--replay", "offer").err
    assert "stands open" not in persons.do("action", "run", *crm).err
    assert "keep their verdicts" in persons.do("click", "judge").err
    settings = persons.root / "linktrack.toml"
    settings.write_text(re.sub("(?m)^time_zone = .*", 'time_zone = "Asia/Tokyo"', settings.read_text()))
    assert "cannot be counted anew in hours of Asia/Tokyo" in persons.do("doctor", "--repair", "--yes", code=5).err
    assert "cannot be set to zero" in persons.do("link", "reset", "offer", "--yes", code=5).err


def test_a_day_to_come_is_a_mistake(persons: PersonsWorld) -> None:
    with persons.open() as database, pytest.raises(UsageError, match="still to come"):
        purge_clicks(persons.workspace, database, NOW + 1, NOW)
    assert persons.do("database", "purge", code=2)
    assert persons.do("database", "purge", "--due", "--clicks-before", "2020-01-01", code=2)


@pytest.mark.parametrize("job", ["import", "action run"])
def test_no_import_and_no_run_goes_on_meanwhile(persons: PersonsWorld, job: str) -> None:
    with (
        persons.open() as database,
        alone(persons.workspace, database, job, 0),
        pytest.raises(Locked, match=f"an {job} is"),
    ):
        purge(persons)


@pytest.mark.faults
def test_killed_at_any_write_the_same_command_does_the_rest(
    persons: PersonsWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linktrack.upkeep.purge._AT_ONCE", 5)
    figures = persons.reports()

    def job_in(root: Path) -> PurgeSummary:
        workspace = load_workspace(root, {})
        with open_database(workspace) as database:
            return purge_clicks(workspace, database, MIDDLE, NOW)

    shutil.copytree(persons.root, tmp_path / "whole")
    counted = points_of(lambda: job_in(tmp_path / "whole"))
    assert counted.count("commit") > 4
    for number in sample(counted, 8):
        root = tmp_path / f"killed-{number}"
        shutil.copytree(persons.root, root)
        assert killed(lambda root=root: job_in(root), number)  # type: ignore[misc]
        stopped = PersonsWorld(load_workspace(root, {}), persons.outside, persons.run)
        assert stopped.reports() == figures, "whatever of it was done"
        job_in(root)
        assert stopped.reports() == figures and not clicks_of(stopped)[True]
        shutil.rmtree(root)


# --- what is due ---------------------------------------------------------------------------------------------------


def test_without_a_setting_nothing_is_due(persons: PersonsWorld) -> None:
    clicks = clicks_of(persons)
    persons.do("database", "purge", "--due")
    assert clicks_of(persons) == clicks


def due(world: PersonsWorld, now: int = NOW) -> PurgeSummary:
    with world.open() as database:
        return purge_due(world.workspace, database, now)


def test_clicks_that_are_due_go_by_whole_days(persons: PersonsWorld) -> None:
    keep(persons, 'clicks = "30d"')
    figures = persons.reports()
    assert due(persons, SENT_AT + 30 * 24 * HOUR).clicks == 0, "they are of this very day"
    gone = due(persons, SENT_AT + 31 * 24 * HOUR)
    assert gone.clicks > 0 and clicks_of(persons) == {} and persons.reports() == figures


def test_agents_that_are_due_leave_the_device(persons: PersonsWorld) -> None:
    keep(persons, 'agents = "30d"')
    figures = persons.reports()
    assert due(persons).agents == 2
    with persons.open() as database:
        used = {row[0] for row in database.rows("SELECT DISTINCT text FROM click JOIN agent ON agent.id = agent_id")}
    assert used == {"(desktop)", "(phone)"}
    persons.do("click", "judge")
    assert persons.reports() == figures


def test_values_go_after_the_last_mail(persons: PersonsWorld) -> None:
    keep(persons, 'values = "30d"')
    assert due(persons, SENT_AT + 29 * 24 * HOUR).values == 0
    assert due(persons).values == 41
    with persons.open() as database:
        assert {row[0] for row in database.rows("SELECT fields FROM recipient")} == {"{}"}
    assert not [place for place in persons.places_of() if "Hemlig" in place and ".db" in place]


def test_files_of_the_log_go_when_they_are_wholly_imported(persons: PersonsWorld) -> None:
    keep(persons, 'click_logs = "30d"')
    folder = persons.root / "clicklog"
    young, cut = folder / "clicks-young.ndjson", folder / "clicks-cut.ndjson"
    young.write_bytes(own_line(persons.vera["more"], 100))
    cut.write_bytes(own_line(persons.vera["more"], 101) + own_line(persons.vera["more"], 102)[:-30])
    old = (SENT + timedelta(days=1)).timestamp()
    for path in folder.iterdir():
        if path != young:
            os.utime(path, (old, old))
    clicks = sum(clicks_of(persons).values())
    done = due(persons, int(young.stat().st_mtime * 1000))
    assert done.log_files == 3 and sorted(folder.iterdir()) == [young], "a torn line is rejected, and no more"
    assert done.notes == ()
    assert sum(clicks_of(persons).values()) == clicks + 2, "what waited in it was imported first"


@pytest.mark.parametrize("command", ["--due", "--clicks-before=2026-05-01"])
def test_what_forgotten_people_have_clicked_since_goes_from_the_log(persons: PersonsWorld, command: str) -> None:
    keep(persons, 'agents = "3650d"')
    persons.do("contact", "forget", VERA[0], "--yes")
    line = own_line(persons.vera["more"], 50_000)
    persons.add_to_log(line)
    assert persons.do("database", "purge", command, "--format", "json").json["log_lines"] == 1
    assert persons.places_of((persons.vera["more"].encode(),)) == []
    assert persons.do("database", "purge", command, "--format", "json").json["log_lines"] == 0


def test_a_log_that_cannot_be_read_stops_what_is_due(persons: PersonsWorld) -> None:
    keep(persons, 'clicks = "30d"')
    (persons.root / "clicklog" / "clicks-x.ndjson.gz").write_bytes(b"\x1f\x8b damaged")
    with pytest.raises(Conflict, match="cannot be imported"):
        due(persons)


@pytest.mark.parametrize("length", ["400", "0d", "1y", "many"])
def test_a_length_of_time_is_read_strictly(persons: PersonsWorld, length: str) -> None:
    with (persons.root / "linktrack.toml").open("a") as file:
        file.write(f'\n[retention]\nclicks = "{length}"\n')
    assert "400d" in persons.do("database", "purge", "--due", code=3).err


def test_lines_of_this_log_have_all_keys() -> None:
    assert all(f'"{key}"'.encode() in own_line("/x", 0) for key in KEYS)
