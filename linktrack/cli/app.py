"""The root of the command line: lazy nouns, global options, and the one place that turns an error into a message."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

# Typer parses with pydantic, and its search for plugins is a tenth of our start-up.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import typer

from linktrack import __version__
from linktrack.cli.first_words import NOUNS
from linktrack.cli.shared_context import Invocation, damage_behind
from linktrack.cli.streams import end_of_pipe, forget_stdout, open_streams
from linktrack.cli.usage import Noun, usage_sentence, verbs_of
from linktrack.errors import LinktrackError
from linktrack.files.reading import sentence_of
from linktrack.visible import spoken

# A command's module is imported only when the command is called; this table is all that --help needs.
COMMANDS = {
    "init": "Make a workspace: configuration, signing key and database.",
    "demo": "Play the whole story on the shipped samples, in a folder of its own.",
    "doctor": "Check the workspace and say what is wrong with it.",
    "status": "What a monitor wants to know: last import, last run, what stands open.",
    "backup": "Copy database, configuration and signing key into one file.",
    "restore": "Make a workspace of a backup.",
    "folder": "Folders for links.",
    "link": "Tracked links: make, find, edit, move, delete; apply and export as TOML.",
    "action": "What a click changes in the CRM: define, run in batch, read the ledger.",
    "mailing": "Mailings: add, tag, check, rewrite for recipients.",
    "shipment": "Sendings of a mailing to a list of recipients.",
    "contact": "One person: show, export, forget, subscribe again.",
    "click": "Click logs: import, list, judge again.",
    "report": "Who clicked what.",
    "redirects": "Tracked addresses for a web server of one's own.",
    "serve": "Answer tracked addresses: redirects, pages, unsubscribing.",
    "key": "The keys that sign addresses.",
    "database": "The database itself: upgrade, copy, purge.",
}

# A campaign, told by examples of the commands' own helps: the top page shows them without importing a command.
EXAMPLES = (
    "linktrack demo try-it",
    "linktrack init --base-url https://click.example.com",
    "linktrack link add offer --url https://www.example.com/offer --folder Campaigns",
    "linktrack mailing add news news.html --subject 'Spring is here' --type newsletter",
    "linktrack mailing rewrite news --contacts contacts.csv --out mails",
    "linktrack click import access.log",
    "linktrack report mailing news",
)

EPILOG = (
    "Global options, anywhere on the line: --workspace DIR, --quiet (-q), --debug. "
    "Exit codes: 0 done, 1 a bug, 2 usage, 3 bad input, 4 not found, 5 conflict, 6 done in part or findings, "
    "130 interrupted."
)


_AROUND = 20  # characters that are shown on either side of one that is not UTF-8


class Root(Noun):
    """Imports a noun when it is called and answers for every error."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = dict.fromkeys(COMMANDS)  # by their names, which say what is meant; made by `get_command`

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if self.commands[cmd_name] is None:  # asked for twice in each call, and half of what a command starts with
            module = import_module(f"linktrack.cli.{cmd_name}")
            command = self.commands[cmd_name] = typer.main.get_command(module.app)
            command.name = cmd_name
        return self.commands[cmd_name]

    def ours(self, ctx: Any, word: str) -> list[str]:
        for one in (word, word.removesuffix("s")):
            if (noun := NOUNS.get(one, one)) in COMMANDS:
                return [noun]
        groups = [(noun, self.get_command(ctx, noun)) for noun in COMMANDS]
        return [
            f"{noun} {verb}" for noun, group in groups if hasattr(group, "commands") for verb in verbs_of(group, word)
        ]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def examples(self) -> list[str]:
        return list(EXAMPLES)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.obj, rest = _global_options(ctx, args)
        return super().parse_args(ctx, rest)

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run a command line and end the process with its code, when all that it has written is out.

        What it makes is its owner's alone, whatever the umask was; what is for others says so (`files.PUBLIC`).
        """
        mask = os.umask(0o077)
        try:
            code = super().main(*args, **{**settings, "standalone_mode": False})
            sys.stdout.flush()
        except typer.Abort:  # a question that was not answered
            _print("interrupted; nothing was changed")
            code = 130
        except BrokenPipeError:
            forget_stdout()
            code = 0
        except OSError as error:  # stdout cannot be written
            forget_stdout()
            code = _answered(error)
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            _show_usage_error(error)
            code = 2
        finally:
            os.umask(mask)
        sys.exit(code)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):  # these are RuntimeErrors, and no bugs
            raise
        except LinktrackError as error:
            _print(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            _print("interrupted; what was finished is kept" if ctx.obj.has_stored else "interrupted")
            raise typer.Exit(130) from None
        except BrokenPipeError:
            end_of_pipe()
        except OSError as error:
            if ctx.obj.debug:
                raise
            raise typer.Exit(_answered(error)) from None
        except MemoryError:
            _print("there is not enough memory for that: give this command more, or less to read")
            raise typer.Exit(5) from None
        except Exception as bug:
            if isinstance(bug, UnicodeEncodeError) and any("\ud800" <= letter <= "\udfff" for letter in bug.object):
                near = bug.object[max(0, bug.start - _AROUND) : bug.end + _AROUND]
                _print(f"{near!r} is not UTF-8: names and texts must be, only a file's name need not")
                raise typer.Exit(2) from None
            if not hasattr(bug, "format_message") and (damage := damage_behind(ctx)):
                _print(str(damage))
                raise typer.Exit(damage.exit_code) from None
            if ctx.obj.debug or hasattr(bug, "format_message"):  # the latter is a usage error, for `main`
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
def root(  # noqa: D103  (its text would be the help of all)
    version: bool = typer.Option(
        False, "--version", "-V", callback=_show_version, is_eager=True, help="Show the version and stop."
    ),
) -> None:
    pass


def main() -> None:
    """Run the command that the arguments name; never returns."""
    open_streams()
    app(prog_name="linktrack")


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
            if workspace is not None:
                ctx.fail("--workspace is given twice and takes one value: say which one is meant.")
            workspace = Path(value)
        else:
            rest.append(arg)
    return Invocation(workspace, quiet, debug), rest


def _where(bug: BaseException) -> str:
    trace = bug.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _answered(error: OSError) -> int:
    said = sentence_of(error)
    _print(str(said))
    return said.exit_code


def _show_usage_error(error: Any) -> None:
    if type(error).__name__ == "NoArgsIsHelpError":  # a noun without a verb
        error.show()
    else:
        _print(usage_sentence(error), "")


def _print(sentence: str, before: str = "linktrack: ") -> None:
    with suppress(OSError):  # nobody listens
        print(f"{before}{spoken(sentence)}", file=sys.stderr)  # noqa: T201  (the one place that prints errors)
