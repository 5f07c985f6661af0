"""The root of the command line: lazy nouns, global options, and the one place that turns an error into a message."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any

# Typer parses with pydantic, and its search for plugins is a tenth of our start-up.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import typer
from typer.core import TyperGroup

from linktrack import __version__
from linktrack.cli.output import end_of_pipe
from linktrack.cli.shared_context import Invocation
from linktrack.errors import LinktrackError
from linktrack.files import sentence_of
from linktrack.visible import visible_lines

# A command's module is imported only when the command is called; this table is all that --help needs.
COMMANDS = {
    "init": "Make a workspace: configuration, signing key and database.",
    "demo": "Play the whole story on the shipped samples, in a folder of its own.",
    "doctor": "Check the workspace and say what is wrong with it.",
    "backup": "Copy database, configuration and signing key into one file.",
    "folder": "Folders for links.",
    "link": "Tracked links: make, find, edit, move, delete; apply and export as TOML.",
    "action": "What a click changes in the CRM: define, run in batch, read the ledger.",
    "mailing": "Mailings: add, tag, check, rewrite for recipients.",
    "shipment": "Sendings of a mailing to a list of recipients.",
    "contact": "One person: subscribe again.",
    "click": "Click logs: import, list, judge again.",
    "report": "Who clicked what.",
    "redirects": "Tracked addresses for a web server of one's own.",
    "serve": "Answer tracked addresses: redirects, pages, unsubscribing.",
    "key": "The keys that sign addresses.",
    "database": "The database itself: upgrade.",
}

EPILOG = (
    "Global options, anywhere on the line: --workspace DIR, --quiet (-q), --debug. "
    "Exit codes: 0 done, 1 a bug, 2 usage, 3 bad input, 4 not found, 5 conflict, 6 done in part or findings, "
    "130 interrupted."
)


class Root(TyperGroup):
    """Imports a noun when it is called and answers for every error."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = dict.fromkeys(COMMANDS)  # the names, for "Did you mean"; get_command makes the commands

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"linktrack.cli.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.obj, rest = _global_options(ctx, args)
        return super().parse_args(ctx, rest)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):  # these are RuntimeErrors, and no bugs
            raise
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")  # pydantic's words, not a user's
            raise
        except LinktrackError as error:
            _print(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            _print("interrupted; what was finished is kept")
            raise typer.Exit(130) from None
        except BrokenPipeError:
            end_of_pipe()
        except OSError as error:
            if ctx.obj.debug:
                raise
            said = sentence_of(error)
            _print(str(said))
            raise typer.Exit(said.exit_code) from None
        except Exception as bug:
            if ctx.obj.debug or hasattr(bug, "format_message"):  # the latter is a usage error, which shows itself
                raise
            _print(f"a bug in linktrack ({type(bug).__name__} in {_where(bug)}): please report what --debug shows")
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Root,
    help="Tracked links for e-mail marketing: rewrite mailings, import click logs, run link actions, report.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"linktrack {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", "-V", callback=_show_version, is_eager=True, help="Show the version and stop."
    ),
) -> None:
    pass


def main() -> None:
    _open_streams()
    app(prog_name="linktrack")


def _open_streams() -> None:
    """Open what a parent closed (`<&-`, `>&-`), so that no file of ours gets its number.

    What the locale cannot write comes out escaped: a name with å is no bug.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115  (open until the process ends)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _global_options(ctx: Any, args: list[str]) -> tuple[Invocation, list[str]]:
    """Take --workspace, --quiet and --debug from wherever they stand (not behind `--`)."""
    rest: list[str] = []
    workspace: Path | None = None
    quiet = debug = False
    remaining = iter(args)
    for arg in remaining:
        if arg == "--":
            rest += [arg, *remaining]
        elif arg in ("--quiet", "-q"):
            quiet = True
        elif arg == "--debug":
            debug = True
        elif arg == "--workspace" or arg.startswith("--workspace="):
            value = arg.partition("=")[2] if "=" in arg else next(remaining, "")
            if not value:
                ctx.fail("Option '--workspace' requires an argument.")
            workspace = Path(value)
        else:
            rest.append(arg)
    return Invocation(workspace, quiet, debug), rest


def _where(bug: BaseException) -> str:
    trace = bug.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _print(sentence: str) -> None:
    print(f"linktrack: {visible_lines(sentence)}", file=sys.stderr)  # noqa: T201  (the one place that prints errors)
