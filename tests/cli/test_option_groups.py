"""Options that go together: one value for the command, single options on the command line."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from linktrack.cli.usage import CommandFrame


class Times(NamedTuple):
    since: Annotated[str | None, typer.Option("--from", help="The first.")] = None
    last: str = "1d"


class Choice(NamedTuple):
    top: Annotated[int | None, typer.Option(min=1)] = None
    times: Times = Times()


def command(name: str, loud: bool = False, *, choice: Choice, wait: float = 1.0) -> None:
    """Say what was given."""
    print(name, loud, choice, wait)


app = CommandFrame()
app.command()(command)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a", f"a False {Choice()} 1.0"),
        ("a --from x --top 3 --loud", f"a True {Choice(3, Times('x'))} 1.0"),
        ("a --last 4w --wait 2", f"a False {Choice(None, Times(None, '4w'))} 2.0"),
    ],
)
def test_a_command_gets_its_groups_whole(line: str, said: str) -> None:
    assert CliRunner().invoke(app, line.split()).output.strip() == said


def test_help_shows_them_where_the_group_stands() -> None:
    help = CliRunner().invoke(app, ["--help"]).output
    places = [help.index(option) for option in ("--loud", "--top", "--from", "--last", "--wait")]
    assert places == sorted(places)
