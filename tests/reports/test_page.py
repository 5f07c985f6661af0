"""linktrack report html: the page shows what commands give and nothing else, and says which."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from clicks_world import World
from reports.page_world import HOSTILE, LARGE
from reports.reports_world import Oracle
from tests_support import Run

from linktrack.clicks.judging.devices import DEVICES
from linktrack.clicks.judging.rules.reasons import REASONS
from linktrack.reports.page_texts import TEXTS
from linktrack.reports.statistics import FEWEST_PEOPLE
from linktrack.reports.value_words import DAYS, MONTHS, VALUES
from linktrack.settings.tables import Language
from linktrack.visible import visible, visible_lines

RATES = {"click_rate", "rate_low", "rate_high", "other_rate", "difference", "low", "high", "share", "median"}
SUMMED = {"shipments", "sent", "uncounted", "clickers", "clicks", "machine_clicks", "recipients", "count"}
OF_A_MAILING = {"reason", "link", "placement", "age", "weekhour", "domain", "device", "action"}


def page(run: Run, *options: str) -> BeautifulSoup:
    done = run("report", "html", "-", *options)
    assert done.code == 0
    return BeautifulSoup(done.out, "html.parser", multi_valued_attributes=None)


def tables(html: BeautifulSoup) -> Iterator[tuple[str, Tag]]:
    for table in html.select("table[data-command]"):
        yield str(table["data-command"]), table


def keys_of(table: Tag) -> list[str]:
    return [str(cell["data-key"]) for cell in table.select("thead th")]


def cells_of(row: Tag) -> list[str | None]:
    """The raw values of a row: of figures, and of texts as they stand; None for an empty cell."""
    found: list[str | None] = []
    for cell in row.select("th, td"):
        data = cell.find("data")
        found.append(str(data["value"]) if isinstance(data, Tag) else cell.get_text() or None)
    return found


def raw(value: Any) -> str | None:
    """A value of JSON as a cell has it."""
    match value:
        case None | "" | []:
            return None
        case str():
            return visible(value)
        case list():
            return visible(", ".join(value))
        case _:
            return json.dumps(value)


def check_tables(html: BeautifulSoup, run: Run) -> list[str]:
    """Each table against the command that it names. Returns the commands."""
    commands = []
    for command, table in tables(html):
        commands.append(command)
        words = shlex.split(command)
        rows = run(*words, "--format", "json").json
        keys = keys_of(table)
        shown = [cells_of(row) for row in table.select("tbody tr")]
        assert len(shown) == len(rows), command
        for row, cells in zip(rows, shown, strict=True):
            for key, cell in zip(keys, cells, strict=True):
                if cell is None and key in RATES:  # too few people to tell
                    few = key == "median" or row.get("clickers", 0) < FEWEST_PEOPLE
                    assert row[key] is None or few, (command, row)
                else:
                    assert (cell or None) == raw(row[key]), (command, key, row)
        every = words[: words.index("--top")] if "--top" in words else words
        check_sums(table, words, rows if every == words else run(*every, "--format", "json").json)
        assert f"linktrack {command}" in table.select_one("caption").get_text()  # type: ignore[union-attr]
    return commands


def check_sums(table: Tag, words: list[str], whole: list[dict[str, Any]]) -> None:
    """The last row of a table's foot sums up all rows of its command, those that were cut off too."""
    keys = keys_of(table)
    foot = [cells_of(row) for row in table.select("tfoot tr")]
    is_cut = len(whole) > 20 and "--top" in words
    if "compare" in words or not whole:
        assert len(foot) == is_cut
        return
    assert len(foot) == 1 + is_cut, words
    for key, *cells in zip(keys[1:], *(row[1:] for row in foot), strict=True):
        if key in SUMMED:
            assert cells[-1] == str(sum(row[key] for row in whole)), (words, key)
        elif key not in RATES:
            assert cells[-1] is None


PAGES = [
    pytest.param(["--mailing", "spring"], id="one mailing"),
    pytest.param([], id="all mailings"),
    pytest.param(["--mailing", "spring", "--mailing", "autumn", "--mailing", "winter"], id="three mailings"),
    pytest.param(
        ["--mailing", "spring", "--mailing", "never", "--lang", "sv"], id="one that was never sent, in Swedish"
    ),
]


@pytest.mark.parametrize("options", PAGES)
def test_the_page_shows_nothing_that_no_command_gives(oracle: Oracle, run: Run, options: list[str]) -> None:
    html = page(run, *options)
    commands = check_tables(html, run)
    by = {shlex.split(command)[4] for command in commands if command.startswith("report mailing ")}
    assert by >= OF_A_MAILING
    assert any("--by engagement" in command for command in commands)
    several = options.count("--mailing") != 1
    assert several == any(command.startswith("report compare ") for command in commands)
    figures = html.select("data")
    assert figures
    assert all(one.find_parent(["td", "th"]) or one.find_parent(attrs={"data-tile": True}) for one in figures)


def test_long_tables_are_cut_and_say_so(page_world: Path, run: Run) -> None:
    html = page(run, "--mailing", LARGE)
    commands = check_tables(html, run)
    assert f"report mailing {LARGE} --by link --top 20" in commands
    assert f"report mailing {LARGE} --by domain --top 20" in commands
    (links,) = (table for command, table in tables(html) if "--by link" in command)
    assert len(links.select("tbody tr")) == 20
    rest, total = (row.get_text(" ") for row in links.select("tfoot tr"))
    assert re.match(r"\d+ more", rest)
    assert total.startswith("Total")


def test_links_in_several_places_are_listed_without_the_others(page_world: Path, run: Run) -> None:
    (places,) = page(run, "--mailing", LARGE).select("section.places table")
    command = ["report", "mailing", LARGE, "--by", "placement"]
    rows = run(*command, "--sort", "link", "--format", "json").json
    times = Counter(row["link"] for row in rows)
    several = [row for row in rows if times[row["link"]] > 1]
    assert {row["link"] for row in several} > {"offer"} and len(several) < len(rows)
    assert str(places["data-command"]) == shlex.join([*command, "--repeated", "--sort", "link"])
    assert [(row[0], row[3]) for row in map(cells_of, places.select("tbody tr"))] == [
        (row["link"], str(row["line"])) for row in several
    ]


def test_a_page_of_fifty_links_is_small(page_world: Path, run: Run) -> None:
    html = page(run, "--mailing", LARGE)
    mail = html.select_one("iframe")
    assert mail is not None
    size = len(str(html).encode())
    assert size - len(str(mail["srcdoc"]).encode()) < 300_000


def test_the_names_of_strangers_are_texts(page_world: Path, run: Run) -> None:
    html = page(run, "--mailing", HOSTILE, "--mailing", LARGE)
    check_tables(html, run)
    assert html.select("script, img, b.x, i") == []
    assert html.select("[onclick], [onload], [onerror], [href^=javascript]") == []
    assert HOSTILE in [heading.get_text() for heading in html.select("h2")]
    assert html.select_one(f"iframe[data-mailing='{LARGE}']") is not None
    for frame in html.select("iframe"):
        assert [text for text in re.findall(' title="([^"]*)"', str(frame["srcdoc"])) if visible(text) != text] == []
        frame["srcdoc"] = ""  # the mail is what was sent
    assert any("\\u202e\u0627more" in label.get_text() for label in html.select("svg div")), "readable, but for signs"
    assert visible_lines(str(html)) == str(html)


def test_tiles_are_the_totals_of_the_mailings(oracle: Oracle, run: Run) -> None:
    def tile(html: BeautifulSoup, name: str) -> list[str]:
        (found,) = html.select(f"[data-tile={name}]")
        return [str(data["value"]) for data in found.select("data")]

    html = page(run, "--mailing", "spring")
    (row,) = run("report", "mailings", "--mailing", "spring", "--format", "json").json
    assert tile(html, "sent") == [str(row["sent"]), str(row["shipments"])]
    assert tile(html, "clickers") == [str(row["clickers"])]
    assert tile(html, "click_rate") == [str(row["click_rate"]), str(row["rate_low"]), str(row["rate_high"])]
    share, *counts = tile(html, "machine_share")
    assert float(share) == pytest.approx(row["machine_clicks"] / (row["clicks"] + row["machine_clicks"]), abs=1e-6)
    assert counts == [str(row["machine_clicks"]), str(row["clicks"])]
    assert "is-bot" in tile(html, "rules")[0]
    every = run("report", "mailings", "--format", "json").json
    assert tile(page(run), "sent")[0] == str(sum(row["sent"] for row in every))


def test_below_five_clickers_there_is_a_count_and_no_rate(own_world: World, run: Run) -> None:
    with own_world.database() as database, database.transaction():
        database.execute("DELETE FROM shipment_tally WHERE shipment_id IN (1, 2)")
        database.execute(
            "INSERT INTO shipment_tally (shipment_id, human, prefetch, scanner, test, clickers, first_click, last_click) "
            "VALUES (1, 9, 0, 0, 0, 3, 1777885200000, 1777885200000)"
        )
    html = page(run, "--mailing", "spring")
    (tile,) = html.select("[data-tile=click_rate]")
    assert tile.select("data") == []
    assert "too few" in tile.get_text()
    assert html.select("[data-tile=clickers] data")[0]["value"] == "3"
    check_tables(html, run)


def test_who_refused_tracking_stands_beside_those_whom_it_was_sent_to(own_world: World, run: Run) -> None:
    before = page(run, "--mailing", "spring")
    assert before.select("[data-key=uncounted]") == []
    with own_world.database() as database, database.transaction():
        database.execute("UPDATE shipment SET uncounted = 5 WHERE id = 1")
        database.execute("UPDATE shipment_recipient SET uncounted = ? WHERE shipment_id = 1 AND position <= 5", (True,))
    html = page(run, "--mailing", "spring")
    check_tables(html, run)
    assert len(html.select("[data-key=uncounted]")) == 2  # shipments and domains
    (row,) = run("report", "mailings", "--mailing", "spring", "--format", "json").json
    assert (row["sent"], row["uncounted"]) == (60, 5)
    assert html.select("[data-tile=click_rate] data")[0]["value"] == str(row["click_rate"])


def test_reasons_of_machines_add_up_to_the_machine_clicks(oracle: Oracle, run: Run) -> None:
    html = page(run, "--mailing", "autumn")
    (table,) = (table for command, table in tables(html) if "--by reason" in command)
    rows = [cells_of(row) for row in table.select("tbody tr")]
    machines = sum(int(clicks or 0) for verdict, _, clicks in rows if verdict != "human")
    assert str(machines) == html.select("[data-tile=machine_share] data")[1]["value"]


def test_a_cancelled_shipment_is_in_no_figure(own_world: World, run: Run) -> None:
    before = page(run, "--mailing", "spring").select("[data-tile=sent] data")[0]["value"]
    assert run("shipment", "cancel", 2).code == 0
    html = page(run, "--mailing", "spring")
    assert int(str(before)) - 30 == int(str(html.select("[data-tile=sent] data")[0]["value"]))
    check_tables(html, run)


def test_without_clicks_and_without_mailings_there_is_a_page(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run("init", "--base-url", "https://click.example.com").code == 0
    html = page(run)
    check_tables(html, run)
    assert [data["value"] for data in html.select("[data-tile=sent] data")] == ["0", "0"]


# --- what a page is made of --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "sv"])
def test_each_chart_says_what_it_shows_and_has_its_table(oracle: Oracle, run: Run, language: str) -> None:
    html = page(run, "--lang", language)
    charts = html.select("svg[role=img]")
    assert len(charts) >= 9
    for chart in charts:
        title, description = chart.find("title"), chart.find("desc")
        assert title is not None and title.get_text()
        assert description is not None
        assert str(chart["aria-labelledby"]).split() == [title["id"], description["id"]]
        figure = chart.find_parent("figure")
        assert figure is not None
        assert len(figure.select("table[data-command]")) == 1
    ids = [str(one["id"]) for one in html.select("[id]")]
    assert len(ids) == len(set(ids))
    assert html.html is not None and html.html["lang"] == language


def test_the_policy_stands_before_all_but_the_charset(oracle: Oracle, run: Run) -> None:
    def policy(*options: str) -> str:
        html = page(run, *options)
        assert html.head is not None
        first, second = html.head.find_all(True)[:2]
        assert first["charset"] == "utf-8"
        assert second["http-equiv"] == "Content-Security-Policy"
        return str(second["content"])

    assert policy().startswith("default-src 'none'; ")
    assert "img-src" not in policy()
    assert "script-src" not in policy("--images")
    assert "img-src https: http:;" in policy("--images")


def test_the_list_beside_the_map_has_every_placement_but_the_honeypot(page_world: Path, run: Run) -> None:
    html = page(run, "--mailing", LARGE)
    listed = [str(row["data-placement"]) for row in html.select("tr[data-placement]")]
    rows = run("report", "mailing", LARGE, "--by", "placement", "--format", "json").json
    assert sorted(listed) == sorted(row["placement"] for row in rows)
    (frame,) = html.select("iframe")
    assert (frame["sandbox"], frame["data-mailing"]) == ("", LARGE)
    badges = BeautifulSoup(str(frame["srcdoc"]), "html.parser").select("span[data-placement]")
    shown = {row["placement"]: row for row in rows if row["part"] == "html"}
    assert {str(badge["data-placement"]) for badge in badges} == set(shown)
    for badge in badges:
        assert int(str(badge["data-clicks"])) == shown[str(badge["data-placement"])]["clicks"]
        row = shown[str(badge["data-placement"])]
        few = row["clickers"] < FEWEST_PEOPLE
        assert (f", {row['share']:.1%} of the clickers)" in str(badge["title"])) is not few
    assert {"share"} < {str(head["data-key"]) for head in html.select(".map th[data-key]")}


def test_values_are_written_in_the_language_and_raw_ones_are_not(page_world: Path, run: Run) -> None:
    english, swedish = (page(run, "--mailing", LARGE, "--lang", language) for language in ("en", "sv"))
    assert [[cells_of(row) for row in table.select("tbody tr")] for _, table in tables(english)] == [
        [cells_of(row) for row in table.select("tbody tr")] for _, table in tables(swedish)
    ]
    rate = swedish.select("[data-tile=click_rate] .value")[0].get_text()
    assert re.fullmatch(r"\d+,\d\N{NARROW NO-BREAK SPACE}%", rate)
    assert "4 maj 2026" in swedish.get_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "Telefon" in swedish.get_text()


def test_every_text_is_there_in_both_languages() -> None:
    languages: tuple[Language, Language] = ("en", "sv")
    english, swedish = languages
    assert set(TEXTS[english]) == set(TEXTS[swedish])
    for name, text in TEXTS[english].items():
        assert set(re.findall(r"\{\w*\}", text)) == set(re.findall(r"\{\w*\}", TEXTS[swedish][name])), name
    assert {column: set(words) for column, words in VALUES[english].items()} == {
        column: set(words) for column, words in VALUES[swedish].items()
    }
    for language in languages:
        assert set(REASONS) < set(VALUES[language]["reason"])
        assert set(DEVICES) == set(VALUES[language]["device"])
        assert (len(DAYS[language]), len(MONTHS[language])) == (7, 12)


# --- the file ----------------------------------------------------------------------------------------------------


def test_the_file_is_replaced_and_only_its_owners(oracle: Oracle, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("old", "utf-8")
    done = run("report", "html", out, "--mailing", "spring")
    assert (done.code, done.out) == (0, "")
    assert str(out) in done.err
    assert out.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert out.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("out", "options", "code", "words"),
    [
        (".", [], 5, "folder"),
        ("nowhere/report.html", [], 4, "no such folder"),
        ("linktrack.toml", [], 5, "belongs to a workspace"),
        ("report.html", ["--mailing", "sprin"], 4, "did you mean 'spring'"),
        ("report.html", ["--lang", "de"], 2, "de"),
    ],
)
def test_what_cannot_be_written(
    own_world: World, run: Run, out: str, options: list[str], code: int, words: str
) -> None:
    done = run("report", "html", out, *options)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert not Path("report.html").exists()


def test_the_language_is_the_workspaces_unless_told(own_world: World, run: Run) -> None:
    settings = Path("linktrack.toml")
    settings.write_text(re.sub(r'language = "\w+"', 'language = "sv"', settings.read_text("utf-8")), "utf-8")
    assert page(run).html["lang"] == "sv"  # type: ignore[index]
    assert page(run, "--lang", "en").html["lang"] == "en"  # type: ignore[index]


def test_a_page_is_the_same_each_time(oracle: Oracle, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linktrack.moments.now", lambda: 1_790_000_000_000)
    assert str(page(run)) == str(page(run))
