"""linktrack demo: the whole story on the shipped samples, with every command as a person would type it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.shared_context import protected_of, single
from linktrack.errors import Conflict, LinktrackError
from linktrack.files.disk_folders import make_own_folder
from linktrack.files.protected import refuse_root
from linktrack.files.reading import explained
from linktrack.files.writing import PRIVATE, create
from linktrack.sentences import counted
from linktrack.upkeep.demo_visitors import browse, environment, served, write_log
from linktrack.upkeep.examples import shipped_folder

app = single()


class _Stopped(LinktrackError):
    """A step of the demo that did not end well: the demo ends as it did, or with 5 where another program did (a full
    disk, a permission)."""

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"the demo stopped at this command (exit code {code}): {command}")
        of_ours = command.startswith("linktrack ")
        self.exit_code = Conflict.exit_code if not of_ours else code if code > 0 else 128 - code  # ended by a signal


SHOWS_ROWS = r"linktrack (\w+ (list|links|check)|report (?!html)|link apply.*--dry-run|action run.*--dry-run)"

PAGE = "report.html"

NOT_COPIED = ("README.md", "*-truth.json", "__pycache__")  # of the samples

# A chapter is a heading and the commands under it. `!visits` plays what the recipients do (see `write_log`); `!serve`
# starts a server and lets three of them visit it: where there can be none, what stands behind it is left out.
STORY: list[tuple[str, list[str]]] = [
    (
        "A workspace: settings, signing key, database. The CRM's columns are named in its settings.",
        ["linktrack init . --base-url https://click.example.com", "cat crm-mapping.toml >> linktrack.toml"],
    ),
    (
        "Links live in folders; a link says what a visitor sees and what a click changes in the CRM.",
        [
            "linktrack folder add Campaigns/Spring --parents",
            "linktrack link apply links.toml --dry-run | tail -12",
            "linktrack link apply links.toml",
            "linktrack link list",
            "linktrack link check",
        ],
    ),
    (
        "Three mailings, as marketers write them. Every link in them is found, and nothing else is touched.",
        [
            "linktrack mailing add newsletter newsletter.html --text newsletter.txt "
            "--subject 'Spring at Fjällbris' --type Nyhetsbrev --utm-source newsletter --utm-campaign spring-2026",
            "linktrack mailing add announcement announcement.html --subject 'New in May' --type Nyhetsbrev "
            "--utm-source announcement --utm-campaign spring-2026",
            "linktrack mailing add kampanj kampanj.html --subject 'Vårkampanj' --type Nyhetsbrev "
            "--utm-source kampanj --utm-campaign var-2026",
            "linktrack mailing links announcement",
            "linktrack mailing check newsletter",
        ],
    ),
    (
        "Every recipient of the CRM export gets addresses of their own: a test first, then the real sendings.",
        [
            "linktrack mailing rewrite newsletter --contacts test-group.csv --out out-test --test "
            "--sent-at 2026-05-04T08:00:00+02:00",
            "linktrack mailing rewrite newsletter --contacts crm/contacts.csv --out out-newsletter "
            "--sent-at 2026-05-04T09:00:00+02:00",
            "linktrack mailing rewrite announcement --contacts crm/contacts.csv --out out-announcement --as ndjson "
            "--sent-at 2026-05-05T10:00:00+02:00",
            "linktrack mailing rewrite kampanj --contacts crm/contacts.csv --out out-kampanj --as ndjson "
            "--sent-at 2026-05-06T08:30:00+02:00",
        ],
    ),
    (
        "People and machines visit the addresses; the web server writes a log. Import it, as cron would, and again.",
        ["!visits", "linktrack click import access.log", "linktrack click import access.log"],
    ),
    (
        "What the clicks change in the CRM: look first, then run; a second run finds nothing left to do.",
        [
            "linktrack action run --crm crm --out actions --dry-run | head -24",
            "linktrack action run --crm crm --out actions",
            "linktrack action run --crm crm --out actions-again",
        ],
    ),
    (
        "Who clicked what.",
        [
            "linktrack report mailing newsletter --by shipment",
            "linktrack report clickers offer | head -8",
            "linktrack report links",
        ],
    ),
    (
        "Where the addresses lead: a server answers them, and the log that it writes is imported.",
        ["!serve", "linktrack click import", "linktrack report mailing newsletter --by shipment"],
    ),
    (
        "All of it on one page, to look at, to print and to send.",
        [f"linktrack report html {PAGE} --mailing newsletter --mailing announcement --mailing kampanj"],
    ),
]


@app.command()
def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="A new or empty folder to play in.")] = Path(
        "linktrack-demo"
    ),
) -> None:
    """Play the whole story on the shipped samples: links, mailings, clicks, actions, reports, a server that answers.

    \b
    Example:
      linktrack demo try-it
    """
    root = folder.absolute()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise Conflict(f"{folder} is not empty: name a new folder, e.g. linktrack demo {folder}-2")
    refuse_root(root, folder, protected_of(context))
    with explained(root):
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)
    _put_samples(root)
    for heading, commands in STORY:
        typer.echo(f"\n# {heading}")
        for command in commands:
            if command == "!visits":
                lines = write_log(root)
                typer.echo(f"\n  (the recipients visit: {lines:,} lines in access.log)")
            elif command == "!serve":
                if not _serve(root):
                    break
            else:
                _play(command, root)
    typer.echo(f"\n# Everything is in {root}:")
    for path in sorted(path for path in root.iterdir() if not path.name.startswith(".")):
        inside = sum(1 for _ in path.rglob("*"))
        count = counted(inside, "file") if path.is_dir() else f"{path.stat().st_size:,} bytes"
        typer.echo(f"{path}{os.sep if path.is_dir() else ''}  ({count})")
    typer.echo(f"\nOpen this page in a browser: {root / PAGE}")


def _serve(root: Path) -> bool:
    """Show the server at work while three recipients visit it. False where it cannot be, which is said."""
    typer.echo("\n$ linktrack serve --port 0")
    with served(root) as (port, said):
        typer.echo(said)
        if not port:
            typer.echo("\n  (then, in this folder: linktrack serve, which answers every address of these mails)")
            return False
        typer.echo("\n  (three recipients open their newsletter and go where it leads; ^C ends the server)")
        for visit in browse(root, port):
            typer.echo(f"  {visit.name}: {visit.method} {visit.address}\n    {visit.status}, {visit.found}")
    return True


def _put_samples(root: Path) -> None:
    """Put the shipped samples, which are everybody's, into `root` as files of its owner's alone."""
    samples = shipped_folder("sample_mailings")
    for source in sorted(samples.rglob("*")):
        path = source.relative_to(samples)
        if any(fnmatch(part, pattern) for part in path.parts for pattern in NOT_COPIED):
            continue
        if source.is_dir():
            with explained(root / path):
                make_own_folder(root / path)
        else:
            create(root / path, source.read_bytes(), mode=0o700 if path.suffix == ".py" else PRIVATE)


def _play(command: str, root: Path) -> None:
    """Show a command, run it in `root`, show what it prints. A table is a table, also when nobody looks."""
    if not sys.stdout.isatty() and re.match(SHOWS_ROWS, command):
        before, bar, behind = command.partition(" |")
        command = f"{before} --format table{bar}{behind}"
    typer.echo(f"\n$ {command}")
    program = f"{shlex.quote(sys.executable)} -m linktrack"
    line = command.replace("linktrack ", f"{program} ", 1) if command.startswith("linktrack ") else command
    variables = environment()
    if not sys.stdout.isatty():
        variables["COLUMNS"] = "100"
    sys.stdout.flush()
    # The commands are ours, word for word, and are shown before they run.
    done = subprocess.run(["/bin/sh", "-c", line], cwd=root, env=variables, check=False)  # noqa: S603  (a line of the story above)
    if done.returncode not in (0, 6):
        raise _Stopped(command, done.returncode)
