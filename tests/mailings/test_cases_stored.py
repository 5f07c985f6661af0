"""What other systems do with links, case by case: those that need a stored mailing. The ids are as in test_cases.py."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests_support import Run

from linktrack.store.session import Database
from linktrack.workspace import Workspace

S = "https://shop.example/x"


@pytest.fixture
def root(workspace: Workspace) -> Path:
    (workspace.root / "contacts.csv").write_text("contact_id,email\n1,a@x.example\n", "utf-8")
    return workspace.root


def add(run: Run, root: Path, html: str, *options: object) -> list[dict[str, Any]]:
    """Add the mailing and return its tracked addresses."""
    (root / "mail.html").write_text(html, "utf-8")
    outcome = run("mailing", "add", "news", "mail.html", *options)
    assert outcome.code == 0, outcome.err
    rows: list[dict[str, Any]] = run("mailing", "links", "news", "--tracked", "--format", "json").json
    return rows


def written(run: Run, output: str = "ndjson") -> dict[str, Any]:
    outcome = run("mailing", "rewrite", "news", "--contacts", "contacts.csv", "--as", output, "--out", "-")
    assert outcome.code == 0, outcome.err
    row: dict[str, Any] = json.loads(outcome.out)
    return row


def test_d1_as_theirs_one_address_three_times_is_one_link_with_three_placements(root: Path, run: Run) -> None:
    rows = add(run, root, f"<a href={S}>a</a><a href={S}>b</a><a href={S}>c</a>")
    assert len({row["link"] for row in rows}) == 1 and len({row["placement"] for row in rows}) == 3


def test_d2_decided_two_labels_are_one_link_because_the_label_is_the_placement_s(root: Path, run: Run) -> None:
    rows = add(run, root, f"<a href={S}>Buy</a><a href={S}>Read</a>")
    assert [(row["link"], row["label"]) for row in rows] == [("news.1", "Buy"), ("news.1", "Read")]


def test_f2_as_theirs_a_vml_button_and_its_twin_are_one_link(root: Path, run: Run) -> None:
    twin = f'<!--[if mso]><v:roundrect href="{S}?a&amp;b"><center>Buy</center></v:roundrect><![endif]-->'
    rows = add(run, root, f"{twin}<!--[if !mso]><!--><a href='{S}?a&b'>Buy</a><!--<![endif]-->")
    assert [(row["link"], row["kind"]) for row in rows] == [("news.1", "vml"), ("news.1", "a")]


def test_d8_as_theirs_links_are_found_again_when_the_mailing_is_replaced(
    root: Path, run: Run, database: Database
) -> None:
    before = add(run, root, f"<a href={S}>a</a><a href={S}/2>b</a>")
    ids = database.rows("SELECT id, key FROM link WHERE kind = 'local' ORDER BY id")
    after = add(run, root, f"<p><a href={S}>other text</a><a href={S}/2>b</a>", "--replace")
    for what in ("link", "placement", "target"):
        assert [row[what] for row in after] == [row[what] for row in before]
    assert database.rows("SELECT id, key FROM link WHERE kind = 'local' ORDER BY id") == ids


def test_h15_as_theirs_the_mail_shows_only_the_token_and_the_target_has_the_utm(root: Path, run: Run) -> None:
    rows = add(run, root, f"<a href='{S}?a=1&amp;b=2#c'>a</a>", "--utm-source", "s", "--utm-campaign", "{mailing.name}")
    assert rows[0]["target"] == f"{S}?a=1&b=2&utm_source=s&utm_medium=email&utm_campaign=news#c"
    html = written(run)["html"]
    assert re.fullmatch(r"<a href='https://click\.example\.com/[a-z2-7]+/[a-z2-7]{32}'>a</a>", html)


def test_g14_decided_the_text_part_is_tracked_like_the_html(root: Path, run: Run) -> None:
    (root / "mail.txt").write_text(f"See {S}.", "utf-8")
    rows = add(run, root, f"<a href={S}>a</a>", "--text", "mail.txt")
    assert [(row["kind"], row["link"]) for row in rows] == [("a", "news.1"), ("text", "news.1")]


def test_a22_as_theirs_an_address_in_the_html_s_text_is_tracked_in_the_text_part(root: Path, run: Run) -> None:
    (root / "mail.txt").write_text(f"See {S}.", "utf-8")
    rows = add(run, root, f"<p>See {S}.</p>", "--text", "mail.txt")
    assert [row["kind"] for row in rows] == ["text"]
    row = written(run)
    assert row["html"] == f"<p>See {S}.</p>" and re.fullmatch(r"See https://click\S+[a-z2-7]\.", row["text"])


def test_j5_decided_tracking_is_turned_off_by_an_option_and_by_no_header(root: Path, run: Run) -> None:
    html = f"<a href={S}>a</a>\r\n"
    assert add(run, root, html, "--no-track-all") == []
    assert written(run)["html"] == html


def test_b19_as_theirs_without_a_tracking_address_nothing_is_stored(root: Path, run: Run, database: Database) -> None:
    settings = root / "linktrack.toml"
    settings.write_text(re.sub(r"(?m)^base_url.*$", "", settings.read_text("utf-8")), "utf-8")
    (root / "mail.html").write_text(f"<a href={S}>a</a>", "utf-8")
    outcome = run("mailing", "add", "news", "mail.html")
    assert outcome.code == 3 and "base_url" in outcome.err
    assert database.value("SELECT count(*) FROM mailing") == 0


def test_e6_decided_a_tag_in_host_or_path_is_left_alone_with_a_loud_warning(root: Path, run: Run) -> None:
    (root / "mail.html").write_text('<p>\n<a href="https://a.example/{{ p }}/x">x</a>', "utf-8")
    outcome = run("mailing", "add", "news", "mail.html")
    assert "Warning: line 2: not tracked, a merge tag" in outcome.err and "{{ p }}" in outcome.err
