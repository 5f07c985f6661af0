"""Every example of the pages in `PAGES` is run, and prints what the page says; other pages with examples have a test
of their own.

python tests/docs/test_pages.py     writes what the commands print today into the pages
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import pytest
from docs.player import ROOT, Player, in_terminal
from tests_support import Run

PAGES = ["guide", "crm-exports", "operations"]
ALL = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


QUESTION = re.compile(r"^\| [^|`]+ \| `(linktrack [^`]+)` \|$", re.MULTILINE)
# What has to be so before a command of a table of questions can be played, when its page has been.
BEFORE = {
    "linktrack shipment cancel 4": "linktrack shipment restore 4",
    "linktrack link restore offer": "linktrack link delete offer",
}


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_print_what_the_page_says(tmp_path: Path, page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    player = Player(tmp_path / "page")
    played = player.play(text)
    assert player.failed == []
    assert player.commands > 0
    assert played == text
    for command in QUESTION.findall(text):
        for line in filter(None, (BEFORE.get(command), command)):
            code, shown = in_terminal(line, player.cwd, player.environment())
            assert code in (0, 6), f"{line}: {shown}"
            assert shown


def test_the_guide_answers_many_questions_each_by_one_command() -> None:
    text = (ROOT / "docs" / "guide.md").read_text("utf-8")
    table = text.partition("## A question, and the command that answers it")[2]
    assert len(QUESTION.findall(table)) == len(re.findall(r"^\| (?!question|---)", table, re.MULTILINE)) > 25


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.stem)
def test_every_page_that_is_named_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    for name in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / name).exists(), name
    for name in re.findall(r"`((?:configs|docs|bench|sample_mailings)/[\w./-]*)`", text):
        assert (ROOT / name).exists(), name


def test_the_readme_leads_to_every_page() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert [page.name for page in ALL[1:] if f"(docs/{page.name})" not in text] == []


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.stem)
def test_every_command_and_option_that_is_named_is_there(run: Run, page: Path) -> None:
    """Also those in the text, which are not run."""
    text = re.sub(r"<!--.*?-->", "", page.read_text("utf-8"), flags=re.DOTALL)
    for line in re.findall(r"`(linktrack [a-z][^`]*)`", text):
        words = line.replace("\n", " ").split("|")[0].split()[1:]
        nouns = [word for word in words[:2] if re.fullmatch("[a-z]+", word)]
        if nouns[:1] == ["demo"] or not nouns:
            continue
        done = run(*nouns, "--help")
        if done.code:
            nouns, done = nouns[:1], run(*nouns[:1], "--help")
        assert done.code == 0, line
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", line):
            assert option in done.out or option in ("--workspace", "--quiet", "--debug", "--help"), line


if __name__ == "__main__":
    problems = []
    for name in PAGES:
        with tempfile.TemporaryDirectory() as place:
            writer = Player(Path(place) / "page")
            path = ROOT / "docs" / f"{name}.md"
            path.write_text(writer.play(path.read_text("utf-8")), "utf-8")
            problems += writer.failed
    sys.exit("\n".join(problems))
