"""linktrack report: keys and codes that others rely on, order, totals, tables, and a change of the zone."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clicks_world import World, line
from reports.reports_world import OTHER_ZONE, ZONE, Oracle, make_reports_world, speak
from tests_support import Outcome, Run

from linktrack.cli.report_drawing import bar, sparkline
from linktrack.workspace import load_workspace

WRITE = "REPORTS_GOLDEN" in os.environ  # write the tables as they are now, to be looked at before they are kept
GOLDEN = Path(__file__).parent.parent / "golden" / "reports"
RATE = ["click_rate", "rate_low", "rate_high"]
COUNTS = ["clicks", "clickers", "machine_clicks"]
CLICKS = ["first_click", "last_click"]

# SPEC, section 12, and spec/reports.md, "Row keys beyond section 12".
KEYS: list[tuple[list[str], list[str]]] = [
    (["mailings"], ["mailing", "type", "shipments", "sent", "clickers", "clicks", "machine_clicks", "test_clicks", *RATE, *CLICKS]),
    (["mailings", "--by", "engagement"], ["clicked", "recipients"]),
    (["links"], ["key", "name", "folder", "url", "status", "placements", *COUNTS, "sent", *RATE, *CLICKS, "actions"]),
    (["mailing", "spring"], ["key", "name", "folder", "url", "status", "placements", *COUNTS, "sent", *RATE, *CLICKS, "actions"]),
    (["link", "link-1"],
     ["mailing", "shipment", "sent_at", "test", "placements", "sent", *COUNTS, "test_clicks", *RATE, *CLICKS]),
    (["mailing", "spring", "--by", "placement"], ["placement", "position", "link", "label", "part", "kind", "line", *COUNTS,
      "share"]),
    (["mailing", "spring", "--by", "shipment"], ["mailing", "shipment", "sent_at", "test", "sent", *COUNTS, "test_clicks", *RATE, *CLICKS]),
    (["mailing", "spring", "--by", "hour"], ["hour", *COUNTS]),
    (["mailing", "spring", "--by", "day"], ["day", *COUNTS]),
    (["mailing", "spring", "--by", "weekday"], ["weekday", *COUNTS]),
    (["mailing", "spring", "--by", "weekhour"], ["weekday", "hour", *COUNTS]),
    (["mailing", "spring", "--by", "domain"], ["domain", "sent", *COUNTS]),
    (["mailing", "spring", "--by", "device"], ["device", *COUNTS]),
    (["mailing", "spring", "--by", "reason"], ["verdict", "reason", "clicks"]),
    (["mailing", "spring", "--by", "age"], ["hours", *COUNTS, "share", "median"]),
    (["mailing", "spring", "--by", "action"], ["kind", "name", "status", "count"]),
    (["compare", "spring", "autumn"], ["mailing", "other", *RATE, "other_rate", "difference", "low", "high", "verdict"]),
    (["clickers", "link-1"], ["contact_id", "email", "name", "mailing", "shipment", *CLICKS, "clicks"]),
    (["nonclickers", "spring"], ["contact_id", "email", "name"]),
    (["contact", "C1"], ["at", "what", "mailing", "shipment", "link", "verdict", "detail"]),
]  # fmt: skip
IDS = [" ".join(arguments) for arguments, _ in KEYS]


@pytest.mark.parametrize(("arguments", "keys"), KEYS, ids=IDS)
def test_the_keys_are_those_of_the_contract(oracle: Oracle, run: Run, arguments: list[str], keys: list[str]) -> None:
    rows = run("report", *arguments, "--format", "json").json
    assert rows
    assert [list(row) for row in rows] == [keys] * len(rows)
    assert next(csv.reader(io.StringIO(run("report", *arguments, "--format", "csv").out))) == keys


@pytest.mark.parametrize(("arguments", "keys"), KEYS, ids=IDS)
@pytest.mark.parametrize("format", ["table", "ndjson", "csv", "tsv", "md"])
def test_every_report_in_every_format(
    oracle: Oracle, run: Run, arguments: list[str], keys: list[str], format: str
) -> None:
    done = run("report", *arguments, "--format", format)
    assert done.code == 0
    assert done.out.count("\n") >= (1 if format == "ndjson" else 2)
    assert re.search(r"^Judged by the rules of .*is-bot", done.err, re.MULTILINE)
    assert run("report", *arguments, "--format", format, "--quiet").err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["clickers", "link1"], 4, "link-1"),
        (["link", "nope"], 4, "nope"),
        (["mailing", "sprin"], 4, "did you mean 'spring'"),
        (["links", "--mailing", "winer"], 4, "'winter'"),
        (["links", "--folder", "Campaign"], 4, "'Campaigns'"),
        (["links", "--shipment", "99"], 4, "no shipment"),
        (["clickers", "--mailing", "spring", "--placement", "qqqq"], 4, "no placement"),
        (["clickers", "--mailing", "spring", "--domain", "exampel.com"], 4, "'example.com'"),
        (["compare", "spring", "fall"], 4, "no mailing 'fall'"),
        (["nonclickers", "sprung"], 4, "'spring'"),
        (["contact", "C99"], 4, "no contact"),
        (["contact", "twinn"], 4, "did you mean 'Twin'"),
        (["contact", "Twin"], 5, "C1, C2"),
        (["clickers"], 2, "--mailing NAME"),
        (["compare", "spring"], 2, "two different"),
        (["compare", "spring", "spring"], 2, "two different"),
        (["links", "--last", "2d", "--since", "2026-05-01"], 2, "--last"),
        (["links", "--last", "2 days"], 2, "12h"),
        (["links", "--since", "yesterday"], 2, "--since"),
        (["mailing", "spring", "--by", "domain", "--last", "2d"], 2, "--by domain"),
        (["mailing", "spring", "--by", "placement", "--since", "2026-05-01"], 2, "--by placement"),
        (["mailings", "--by", "engagement", "--until", "2026-05-01"], 2, "engagement"),
        (["mailings", "--of", "3"], 2, "--by engagement"),
        (["nonclickers", "spring", "--last", "2d"], 2, "--last"),
        (["compare", "spring", "autumn", "--since", "2026-05-01"], 2, "--since"),
        (["contact", "C1", "--until", "2026-05-01"], 2, "--until"),
        (["links", "--sort", "click"], 2, "did you mean 'clicks'"),
        (["links", "--sort", "clicks:up"], 2, "clicks:asc"),
        (["links", "--top", "0"], 2, "--top"),
        (["mailing", "spring", "--include-tests"], 2, "--by shipment"),
        (["mailing", "spring", "--by", "day", "--folder", "Campaigns"], 2, "--folder"),
        (["mailing", "spring", "--repeated"], 2, "--by placement"),
        (["clickers", "link-1", "--top", "2", "--out", "x", "--add-to-project", "P"], 2, "other options"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_answered(own_world: World, run: Run, arguments: list[str], code: int, words: str) -> None:
    with own_world.database() as database, database.transaction():
        database.execute("UPDATE recipient SET name = 'Twin' WHERE contact_id IN ('C1', 'C2')")
    done = run("report", *arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err


# --- order and totals --------------------------------------------------------------------------------------------


def test_sorted_by_a_figure_a_time_or_a_text(oracle: Oracle, run: Run) -> None:
    def keys(*options: object) -> list[Any]:
        return [row["key"] for row in run("report", "links", *options, "--format", "json").json]

    rows = run("report", "links", "--format", "json").json
    by = {row["key"]: row for row in rows}
    assert [by[key]["sent"] for key in keys("--sort", "sent")] == sorted((row["sent"] for row in rows), reverse=True)
    assert keys("--sort", "key") == sorted(by)
    assert keys("--sort", "key:desc") == sorted(by, reverse=True)
    first = [by[key]["first_click"] for key in keys("--sort", "first_click:asc")]
    clicked = [at for at in first if at is not None]
    assert first == [*sorted(clicked), *[None] * (len(first) - len(clicked))], "what has no value comes last"
    latest = [by[key]["last_click"] for key in keys("--sort", "last_click")]
    assert latest[0] == max(row["last_click"] for row in rows if row["last_click"])
    assert keys("--sort", "clicks", "--top", 2) == keys()[:2]
    days = [row["day"] for row in run("report", "mailing", "spring", "--by", "day", "--format", "json").json]
    sorted_days = run("report", "mailing", "spring", "--by", "day", "--sort", "day", "--format", "json").json
    assert [row["day"] for row in sorted_days] == sorted(days, reverse=True)


def markdown(done: Outcome) -> list[dict[str, str]]:
    head, _, *body = ([cell.strip() for cell in text.strip("|\n").split("|")] for text in done.out.splitlines())
    return [dict(zip(head, cells, strict=True)) for cells in body]


def test_totals_are_sums_and_the_rest_is_a_row(oracle: Oracle, run: Run) -> None:
    rows = run("report", "mailing", "spring", "--format", "json").json
    shown = markdown(run("report", "mailing", "spring", "--top", 3, "--format", "md"))
    assert [row["key"] for row in shown] == [*(row["key"] for row in rows[:3]), f"{len(rows) - 3} more", "Total"]
    for column in ("clicks", "clickers", "machine_clicks", "sent"):
        assert int(shown[-1][column]) == sum(row[column] for row in rows)
        assert int(shown[-2][column]) == sum(row[column] for row in rows[3:])
    clickers, sent = int(shown[-1]["clickers"]), int(shown[-1]["sent"])
    assert float(shown[-1]["click_rate"]) == pytest.approx(clickers / sent, abs=1e-6)


def test_tests_are_rows_and_in_no_total(oracle: Oracle, run: Run) -> None:
    command = ("report", "mailing", "spring", "--by", "shipment", "--include-tests")
    rows = run(*command, "--format", "json").json
    shown = markdown(run(*command, "--format", "md"))
    assert [row["test"] for row in shown] == ["true", "false", "false", ""]
    assert int(shown[-1]["sent"]) == sum(row["sent"] for row in rows if not row["test"]) == 60
    assert int(shown[-1]["test_clicks"]) == 0 < rows[0]["test_clicks"]
    assert (
        run("report", "mailings", "--mailing", "spring", "--format", "json").json[0]["test_clicks"]
        == rows[0]["test_clicks"]
    )


def test_no_rate_of_fewer_than_five_where_people_look(oracle: Oracle, run: Run) -> None:
    command = ("report", "mailing", "spring", "--since", "2026-05-05")
    rows = {row["key"]: row for row in run(*command, "--format", "json").json}
    few = [key for key, row in rows.items() if row["clickers"] < 5]
    assert 0 < len(few) < len(rows), "the world has such links, and others"
    for row in markdown(run(*command, "--format", "md"))[:-1]:
        assert bool(row["click_rate"]) == bool(row["rate_low"]) == (row["key"] not in few)
    every = list(csv.DictReader(io.StringIO(run(*command, "--format", "csv").out)))
    assert len(every) == len(rows)
    assert all(row["click_rate"] for row in every)


def test_row_formats_have_no_totals(oracle: Oracle, run: Run) -> None:
    for format in ("csv", "tsv", "ndjson", "json"):
        assert "Total" not in run("report", "links", "--format", format).out


# --- tables ------------------------------------------------------------------------------------------------------

TABLES = [
    ["mailings"], ["links"], ["link", "link-2"], ["compare", "spring", "autumn", "winter"],
    ["mailings", "--by", "engagement"], ["nonclickers", "spring"], ["clickers", "link-2", "--mailing", "spring"], ["contact", "C7"],
    *(["mailing", "spring", "--by", by] for by in (
        "link", "placement", "hour", "day", "weekday", "weekhour", "domain", "device", "reason", "age", "action",
    )),
    ["mailing", "spring", "--by", "shipment", "--include-tests"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", TABLES, ids=" ".join)
def test_a_table_fits_80_columns_and_looks_as_it_did(
    oracle: Oracle, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = run("report", *arguments, "--format", "table", "--quiet").out
    lines = [text.rstrip() for text in out.splitlines()]
    assert max(map(len, lines)) <= 80
    golden = GOLDEN / f"{'-'.join(word.strip('-') for word in arguments)}.txt"
    if WRITE:
        golden.write_text("\n".join(lines) + "\n", "utf-8")
    assert "\n".join(lines) + "\n" == golden.read_text("utf-8")


@pytest.mark.parametrize("arguments", TABLES, ids=" ".join)
def test_without_utf_8_there_is_ascii_alone(
    oracle: Oracle, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr("linktrack.cli.report_drawing.can_draw", lambda: False)
    out = run("report", *arguments, "--format", "table", "--quiet").out
    assert not set("▏▎▍▌▋▊▉█▁▂▃▄▅▆▇–") & set(out)
    if {"hour", "day", "weekday", "domain", "age"} & set(arguments):
        assert "###" in out


NOBODYS_FIRST = [
    (["link-1", "--mailing", "spring"], "Nobody's first click on link-1 in spring lies in this time."),
    (["link-1"], "Nobody's first click on link-1 lies in this time."),
    (["--mailing", "spring"], "Nobody's first click in spring lies in this time."),
]


@pytest.mark.parametrize(("arguments", "said"), NOBODYS_FIRST, ids=lambda value: "".join(value[:1]))
def test_a_time_without_clickers_does_not_say_that_nobody_ever_clicked(
    oracle: Oracle, run: Run, arguments: list[str], said: str
) -> None:
    done = run("report", "clickers", *arguments, "--since", "2020-01-01", "--until", "2020-01-02")
    assert said in done.err and "so far" not in done.err


def test_bars_and_sparks() -> None:
    assert (bar(1), bar(0.5, width=4), bar(0.0001), bar(0)) == ("█" * 16, "██", "▏", "")
    assert (bar(1, plain=True, width=4), bar(0.0001, plain=True), bar(0, plain=True)) == ("####", "#", "")
    assert bar(3 / 16 / 8 + 2 / 16) == "██▍"
    assert sparkline([0, 1, 50, 100], 100) == " ▁▄█"
    assert sparkline([0, 1, 100], 100, plain=True) == " .#"


# --- the zone ----------------------------------------------------------------------------------------------------


def other_zone(world: World) -> None:
    settings = world.workspace.config_path
    settings.write_text(settings.read_text("utf-8").replace(ZONE, OTHER_ZONE), "utf-8")
    world.workspace = load_workspace(world.workspace.root, {})


def test_hours_of_another_zone_stop_reports_until_they_are_counted_anew(
    own_world: World, run: Run, tmp_path: Path
) -> None:
    other_zone(own_world)
    for arguments, _ in KEYS:
        done = run("report", *arguments)
        assert (done.code, done.out) == (3, "")
        assert "linktrack doctor --repair" in done.err and OTHER_ZONE in done.err
    assert run("doctor", "--repair").code == 2, "there is no terminal to ask at"
    done = run("doctor", "--repair", "--yes")
    assert done.code == 0
    assert f"in hours of {OTHER_ZONE} instead of {ZONE}" in done.err
    anew = [run("report", *arguments, "--format", "json").out for arguments, _ in KEYS]
    beside = make_reports_world(tmp_path / "beside", OTHER_ZONE)
    assert own_world.tallies() == beside.tallies()
    assert all(anew)


def test_a_repair_makes_damaged_figures_right(own_world: World, run: Run) -> None:
    before, domains = own_world.tallies(), _domains(own_world)
    with own_world.database() as database, database.transaction():
        database.execute("UPDATE shipment_hour SET human = human + 1")
        database.execute("DELETE FROM clicker WHERE recipient_id > 10")
        database.execute("UPDATE shipment_domain SET clickers = 7")
    assert own_world.tallies() != before
    assert run("doctor", "--repair", "--yes").code == 0
    assert (own_world.tallies(), _domains(own_world)) == (before, domains)


def _domains(world: World) -> list[tuple[Any, ...]]:
    with world.database() as database:
        return database.rows("SELECT * FROM shipment_domain ORDER BY shipment_id, domain")


def test_before_there_are_clicks_the_zone_may_change(own_world: World, run: Run) -> None:
    with own_world.database() as database, database.transaction():
        database.execute("DELETE FROM shipment_hour")
    other_zone(own_world)
    assert run("report", "mailings").code == 0
    log = own_world.workspace.root / "more.log"
    log.write_bytes(line(own_world.path(2, 3), 90_000))
    assert run("click", "import", log).code == 0
    (row,) = run("report", "mailing", "spring", "--by", "hour", "--format", "json").json
    assert row["hour"].endswith(":00+05:45")


def test_repair_and_export_do_not_go_together(own_world: World, run: Run) -> None:
    assert run("doctor", "--repair", "--crm", "x.csv").code == 2
    assert run("doctor", "--yes").code == 2


# --- into a file ---


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "ndjson", "md"])
def test_the_ending_of_a_file_is_its_format(own_world: World, run: Run, ending: str) -> None:
    for arguments, _ in KEYS:
        path = own_world.workspace.root / f"report.{ending}"
        path.unlink(missing_ok=True)
        done = run("report", *arguments, "-o", path)
        assert (done.code, done.out) == (0, "")
        assert path.read_text("utf-8") == run("report", *arguments, "--format", ending).out
        assert path.stat().st_mode & 0o777 == 0o600
    assert run("report", "links", "-o", path, "--format", "csv").code == 0
    assert path.read_text("utf-8") == run("report", "links", "--format", "csv", "-o", "-").out


@pytest.mark.parametrize(
    ("name", "code"), [("report.docx", 2), ("report", 2), ("nowhere/report.csv", 4), ("linktrack.toml", 2)]
)
def test_what_no_report_is_written_into(own_world: World, run: Run, name: str, code: int) -> None:
    before = own_world.workspace.config_path.read_bytes()
    done = run("report", "links", "-o", name)
    assert (done.code, done.out) == (code, "")
    assert run("report", "links", "-o", "linktrack.toml", "--format", "csv").code == 5
    assert own_world.workspace.config_path.read_bytes() == before


# --- in a pipeline -----------------------------------------------------------------------------------------------


def test_nonclickers_are_what_a_rewrite_takes(own_world: World, run: Run) -> None:
    from linktrack.contacts.choosing import read_contact_ids
    from linktrack.crm.export import mapping_of

    for format in ("tsv", "csv", "json", "ndjson"):
        done = run("report", "nonclickers", "spring", "--format", format)
        path = own_world.workspace.root / f"rest.{format}"
        path.write_text(done.out, "utf-8")
        rows = run("report", "nonclickers", "spring", "--format", "json").json
        assert read_contact_ids(path, mapping_of(own_world.workspace)) == {row["contact_id"] for row in rows}
    for language in ("en", "sv"):  # also as a spreadsheet has it
        speak(own_world, language)
        assert run("report", "nonclickers", "spring", "--excel", "-o", "rest.csv").code == 0
        path = own_world.workspace.root / "rest.csv"
        assert read_contact_ids(path, mapping_of(own_world.workspace)) == {row["contact_id"] for row in rows}


def test_lists_of_people_are_streams(oracle: Oracle) -> None:
    from linktrack.reports.clickers import clickers
    from linktrack.reports.figures import scope_of
    from linktrack.reports.nonclickers import nonclickers

    with oracle.world.database() as database:
        scope = scope_of(database, mailing="spring")
        for rows in (clickers(database, scope), nonclickers(database, scope)):
            assert isinstance(rows, Iterator)
            assert next(rows)


def test_rules_of_two_versions_are_both_said(own_world: World, run: Run) -> None:
    with own_world.database() as database, database.transaction():
        database.execute("UPDATE ruling SET rules = 'older' WHERE verdict = 'human'")
    err = run("report", "mailings").err
    assert re.fullmatch(
        r"Judged by the rules of 20.*, is-bot [\d.]+ and of older; linktrack click judge judges all by today's\.\n", err
    )
