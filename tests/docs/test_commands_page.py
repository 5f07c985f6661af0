"""`docs/commands.md` is made from the commands: their help, options, examples and the keys of their rows.

python tests/docs/test_commands_page.py     makes it anew
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import typer
from docs.player import ROOT

from linktrack.cli import report_layouts
from linktrack.cli.action import KindsCommand
from linktrack.cli.app import COMMANDS, EPILOG
from linktrack.cli.report_drawing import Layout
from linktrack.links.action_options import option_forms
from linktrack.links.actions import KINDS

PAGE = ROOT / "docs" / "commands.md"
CONTRACT = ROOT / "tests" / "cli" / "test_contract.py"  # the keys of `--format json`, frozen by a test that runs them
LAYOUTS = {
    "report mailings": "MAILINGS",
    "report mailings --by engagement": "ENGAGEMENT",
    "report mailing NAME": "LINKS",
    "report mailing NAME --by placement": "PLACEMENTS",
    "report mailing NAME --by shipment": "SHIPMENTS",
    "report mailing NAME --by hour": "HOURS",
    "report mailing NAME --by day": "DAYS",
    "report mailing NAME --by weekday": "WEEKDAYS",
    "report mailing NAME --by weekhour": "WEEKHOURS",
    "report mailing NAME --by domain": "DOMAINS",
    "report mailing NAME --by device": "DEVICES",
    "report mailing NAME --by reason": "REASONS",
    "report mailing NAME --by age": "AGES",
    "report mailing NAME --by action": "CAUSED",
    "report links": "LINKS",
    "report link KEY": "LINK_SHIPMENTS",
    "report compare A B": "COMPARISON",
    "report contact WHO": "HISTORY",
    "report clickers KEY": "CLICKERS",
    "report nonclickers NAME": "NONCLICKERS",
}

HEAD = f"""# All commands

Made from the commands themselves (`python tests/docs/test_commands_page.py`), and checked by a test. `linktrack COMMAND
--help` shows the same in a terminal; [guide.md](guide.md) shows how they go together.

{EPILOG}

Rows go to stdout and sentences to stderr. `--format table|json|ndjson|csv|tsv|md|xlsx` says how rows are written: a table
on a terminal and TSV in a pipe, unless it is given. `-o FILE` writes them into a file, in the format of its ending; a
workbook (`.xlsx`) has its header in the workspace's language, and needs the extra `xlsx`. `--excel` is CSV as a spreadsheet
program of that language opens it. In every CSV a `'` stands before a text that a spreadsheet would run; JSON has it as it
is. *Keys* are the names in JSON and the columns of CSV and TSV; they are never renamed.
`uncounted` is among them once somebody has refused to be tracked.
"""


def contract_keys() -> dict[str, str]:
    """The keys of each command that the contract has played, by its command line."""
    for node in ast.walk(ast.parse(CONTRACT.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "snapshot" and node.args:
            found = ast.literal_eval(node.args[0])
            if isinstance(found, dict):
                return {str(command): str(keys) for command, keys in found.items()}
    raise AssertionError(f"{CONTRACT} has no snapshot of keys")


def keys_of(path: str) -> Iterator[tuple[str, str]]:
    """The ways to call a command that give rows of their own, and the keys of each."""
    of_reports = {line: name for line, name in LAYOUTS.items() if re.match(rf"{path}( |$)", line)}
    for line, name in of_reports.items():
        layout: Layout = getattr(report_layouts, name)
        yield line, " ".join(layout.columns)
    if of_reports:
        return
    seen: list[str] = []
    for line, keys in contract_keys().items():
        if re.match(rf"{path}( |$)", line) and keys not in seen:
            seen.append(keys)
            yield line, keys


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with the words that call it, in the order of the help."""
    for noun in COMMANDS:
        command: Any = typer.main.get_command(import_module(f"linktrack.cli.{noun}").app)
        verbs = getattr(command, "commands", None)
        if not verbs:
            yield noun, command
            continue
        for verb, one in verbs.items():
            if not one.hidden:
                yield f"{noun} {verb}", one


def section(path: str, command: Any) -> str:
    """One command: what it does, examples, arguments and options, keys."""
    context = typer.Context(command, info_name=f"linktrack {path}")
    text = re.sub(r"\n[ \t]+", "\n", (command.help or "").replace("\b", "")).strip()
    examples = [line for line in text.splitlines() if line.startswith("linktrack ")]
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("linktrack "))
    parts = [f"## linktrack {path}", re.sub(r"\n{3,}", "\n\n", prose).strip()]
    if examples:
        parts.append("\n".join(["```sh", *examples, "```"]))
    rows = [row for parameter in command.params if (row := _row(parameter, context))]
    if rows:
        parts.append("\n".join(["| | |", "|---|---|", *rows]))
    if isinstance(command, KindsCommand):
        settings = {kind: " ".join(option_forms(kind)).replace("|", "\\|") for kind in KINDS}
        forms = [f"| {kind} | `{options}` |" for kind, options in settings.items()]
        parts.append("\n".join(["| TYPE | its settings |", "|---|---|", *forms]))
    called = list(keys_of(path))
    for line, keys in called:
        named = f" of `{line}`" if len(called) > 1 else ""
        parts.append(f"Keys{named}: " + ", ".join(f"`{key}`" for key in keys.split()))
    return "\n\n".join(part for part in parts if part)


def _row(parameter: Any, context: typer.Context) -> str | None:
    record = parameter.get_help_record(context)
    if record is None:  # hidden
        return None
    named, help = (" ".join(text.split()).replace("|", "\\|") for text in record)
    named = re.sub(r"<(\w+\[)?str\]?>", "TEXT", named) if named.startswith("-") else named.partition(" <")[0]
    said = re.sub(r" *\[(required|default: [^]]*)\]", r" (\1)", help)
    return f"| `{named}` | {said} |"


def made() -> str:
    """The page as it is today."""
    return "\n\n".join([HEAD.strip(), *(section(path, command) for path, command in commands())]) + "\n"


def test_the_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text("utf-8") == made(), "make it anew: python tests/docs/test_commands_page.py"


def test_every_command_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    assert text.count("\n## ") == len(list(commands()))
    assert "## linktrack mailing rewrite\n" in text


def test_the_keys_are_those_of_the_commands_and_the_layouts() -> None:
    known = [path for path, _ in commands()]
    for line in (*LAYOUTS, *contract_keys()):
        assert any(re.match(rf"{path}( |$)", line) for path in known), line
    played = contract_keys()
    for line in ("report mailings", "report links"):
        assert dict(keys_of(line))[line].replace(" uncounted", "") == played[line]  # nobody there has refused tracking
    assert dict(keys_of("report compare"))["report compare A B"] == played["report compare newsletter announcement"]


if __name__ == "__main__":
    PAGE.write_text(made(), "utf-8")
    sys.exit(0)
