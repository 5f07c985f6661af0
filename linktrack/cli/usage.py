"""What is said to who calls a command that is not there, or one in a wrong way: the command that does it, if we know.

Which command is meant by a word that is none of ours stands in `first_words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from typer.core import TyperGroup

from linktrack.cli.first_words import COMMANDS, OPTIONS, SAID, VERBS

_WORDS = {  # a user's for pydantic's
    "Input should be a valid integer, unable to parse string as an integer": "this is no whole number",
    "Input should be a valid number, unable to parse string as a number": "this is no number",
    "Input should be a valid string, unable to parse raw data as a unicode string": (
        "this is not UTF-8: check the encoding of your terminal"
    ),
}
_EXAMPLE = re.compile(r"\s*(?:\S.*\| )?linktrack ")
_FEW = 3  # commands that are named in full
_NO_LIMIT = 1000  # letters of a command's first sentence


class Noun(TyperGroup):
    """A group of commands that knows what else its verbs are called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None and not ctx.resilient_parsing:
            ctx.fail(said_of(ctx, word, args[1:], self))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  (called by name)
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(_NO_LIMIT)) for name, one in self.commands.items()])

    def examples(self) -> list[str]:
        """What its help shows: the first example of each of its commands."""
        return [line for one in self.commands.values() for line in examples_in(one.help or "")[:1]]

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Examples"):
            for line in self.examples():
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)

    def ours(self, ctx: Any, word: str) -> list[str]:
        """The commands of its own that `word` may mean, as they are typed behind `linktrack`."""
        return [f"{path_of(ctx)} {verb}" for verb in verbs_of(self, word)]


def examples_in(help: str) -> list[str]:
    """The examples in a command's help, each as it is typed: what feeds it through a pipe is part of it."""
    return [line.strip() for line in help.partition("Example")[2].splitlines() if _EXAMPLE.match(line)]


def verbs_of(group: Any, word: str) -> list[str]:
    """What a group of commands has for `word`: its own verb, else the first of those that mean the same."""
    known = group.commands
    if word in known:
        return [word]
    return [verb for verb in VERBS.get(word, ()) if verb in known][:1]


def said_of(ctx: Any, word: str, rest: Iterable[str], group: Noun) -> str:
    """The sentence about a word that is no command, without the command's own name in front."""
    path = path_of(ctx)
    if word == "help":
        named = [one for one in rest if not one.startswith("-")]
        return f" {word}: that is linktrack {' '.join(filter(None, [path, *named, '--help']))}"
    asked = list(dict.fromkeys((word.lower(), word.lower().removesuffix("s"))))
    for one, noun in ((one, noun) for one in asked for noun in (path, "*")):
        if sentence := SAID.get((noun, one)):
            return f" {word}: {sentence}"
        special = COMMANDS.get((noun, one))
        if ours := [special] if special else group.ours(ctx, one) if noun == path else []:
            return f" {word}: that is {_listed(ours)}"
    from difflib import get_close_matches

    near = [f"linktrack {f'{path} {one}'.strip()}" for one in get_close_matches(word, group.commands, n=3)]
    way = f"did you mean {' or '.join(near)}?" if near else f"see {_typed(path)} --help"
    return f" {word}: there is no such command; {way}"


def _listed(commands: list[str]) -> str:
    if len(commands) > _FEW:
        return f"linktrack {', '.join(commands[:-1])} or {commands[-1]}"
    return " or ".join(f"linktrack {command}" for command in commands)


def path_of(ctx: Any) -> str:
    """`link add`: a command as it is typed behind `linktrack`."""
    return str(ctx.command_path).partition(" ")[2]


def usage_sentence(error: Any) -> str:
    """One sentence for a usage error of the parser: the command, what is wrong with it, and where to read on."""
    ctx = error.ctx
    path = "" if ctx is None else path_of(ctx)
    command = _typed(path)
    message = _WORDS.get(str(error.message), str(error.message)).removeprefix("Value error, ").rstrip(".")
    if message.startswith(" "):  # said_of: it goes on where the command ends
        return command + message
    option = getattr(error, "option_name", None)
    param = getattr(error, "param", None)
    if instead := OPTIONS.get((path, str(option))):
        return f"{command} {option}: that is linktrack {instead}"
    if type(error).__name__ == "NoSuchOption":
        near = [one for one in error.possibilities or () if one.startswith("--")]
        hint = f" (did you mean {' or '.join(near)}?)" if near else ""
        what = f"there is no option {option}{hint}"
    elif type(error).__name__ == "MissingParameter":
        what = f"{_named(param)} is missing"
    elif param is not None:
        what = f"{_named(param)}: {message}"
    else:
        what = message[:1].lower() + message[1:]
    return f"{command}: {what}; see {command} --help"


def _typed(path: str) -> str:
    return f"linktrack {path}".strip()


def _named(param: Any) -> str:
    """An option as it is typed, an argument as help shows it."""
    if param.param_type_name == "option":
        return str(max(param.opts, key=len))
    return str(param.metavar or param.name.upper()).strip("[]")
