"""What is said to somebody who calls a command that is not there, or calls one in a wrong way: which one does it.

Which command is meant by a word that is none of ours stands in `first_words`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import CommandFunctionType

from linktrack.cli.first_words import COMMANDS, OPTIONS, SAID, VERBS
from linktrack.cli.option_groups import with_single_options
from linktrack.names import did_you_mean, nearest

_WORDS = {  # what pydantic says, and what we say
    "Input should be a valid integer, unable to parse string as an integer": "this is no whole number",
    "Input should be a valid number, unable to parse string as a number": "this is no number",
    "Input should be a valid string, unable to parse raw data as a unicode string": (
        "this is not UTF-8: check the encoding of your terminal"
    ),
}
_TOO_MANY = re.compile(r"Got unexpected extra argument\S* \((.*)\)")
_UTM = "source campaign medium content term id source-platform creative-format marketing-tactic"
EMPTY_IS_SAID = {  # by command the options whose empty text says something: that there is to be none
    "mailing add": frozenset({"--subject", "--type", *(f"--utm-{part}" for part in _UTM.split())}),
    "mailing edit": frozenset({"--subject", "--type", *(f"--utm-{part}" for part in _UTM.split())}),
    "mailing tag": frozenset(f"--{part}" for part in _UTM.split()),
    "link edit": frozenset({"--name", "--url"}),
    "report clickers": frozenset({"--domain"}),
}
_EXAMPLE = re.compile(r"\s*(?:\S.*\| )?linktrack ")
_FEW = 3  # commands that are named in full
_NO_LIMIT = 1000  # letters of a command's first sentence


class Command(TyperCommand):
    """A command that loses nothing it was given: an option for one value takes one, and an empty text, as a variable
    that is not set leaves it, is no file and no name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            given, _, order = self.make_parser(ctx).parse_args(args=list(args))
            _refuse_given_twice(ctx, order)
            _refuse_empty(ctx, self, given)
        return super().parse_args(ctx, args)


class CommandFrame(typer.Typer):
    """What commands are put into: each is a `Command`, its groups of options (`option_groups`) taken apart."""

    def command(
        self, name: str | None = None, *, cls: type[TyperCommand] | None = None, **settings: Any
    ) -> Callable[[CommandFunctionType], CommandFunctionType]:
        put = super().command(name, cls=cls or Command, **settings)

        def put_in(command: CommandFunctionType) -> CommandFunctionType:
            put(with_single_options(command))
            return command

        return put_in


class Noun(TyperGroup):
    """A group of commands that knows what else its verbs are called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None and not ctx.resilient_parsing:
            ctx.fail(sentence_on(ctx, word, args[1:], self))
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
        return [f"{command_path(ctx)} {verb}" for verb in verbs_of(self, word)]


def _refuse_given_twice(ctx: Any, order: Iterable[Any]) -> None:
    """A usage error for an option that takes one value and has been given several, all but the last of which would be
    lost."""
    options = [one for one in order if one.param_type_name == "option" and not one.multiple and not one.is_flag]
    for option, times in Counter(options).items():
        if times > 1:
            ctx.fail(f"{_named(option)} is given {times} times and takes one value: say which one is meant.")


def _refuse_empty(ctx: Any, command: Command, given: Mapping[str, Any]) -> None:
    """A usage error for an empty text where a file, a name or a number is asked for."""
    may_be_empty = EMPTY_IS_SAID.get(command_path(ctx), frozenset())
    params: list[Any] = command.params
    for param in params:
        value = given.get(param.name or "")
        for one in (value,) if isinstance(value, str) else value if isinstance(value, list | tuple) else ():
            is_path = names_a_path(param)
            empty = isinstance(one, str) and not (one if is_path else one.strip())
            if empty and not may_be_empty.intersection(param.opts):
                what = "name a file or a folder" if is_path else "say what is meant"
                raise typer.BadParameter(f"{one!r} is empty: {what}, or leave it out", ctx=ctx, param=param)


def names_a_path(param: Any) -> bool:
    """Whether what is given to a parameter is the path of a file or folder."""
    asked = _asked_of(param)
    return Path in (asked, *get_args(asked))


def _asked_of(param: Any) -> Any:
    """The type of what is given to a parameter; None for those of the parser itself, like --help."""
    return param.type_descriptor.annotation if hasattr(param, "type_descriptor") else None


def examples_in(help: str) -> list[str]:
    """The examples in a command's help, each as it is typed: what feeds it through a pipe is part of it."""
    return [line.strip() for line in help.partition("Example")[2].splitlines() if _EXAMPLE.match(line)]


def verbs_of(group: Any, word: str) -> list[str]:
    """What a group of commands has for `word`: its own verb, else the first of those that mean the same."""
    known = group.commands
    if word in known:
        return [word]
    return [verb for verb in VERBS.get(word, ()) if verb in known][:1]


def sentence_on(ctx: Any, word: str, rest: Iterable[str], group: Noun) -> str:
    """The sentence about a word that is no command, without the command's own name in front."""
    path = command_path(ctx)
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
    near = [f"linktrack {f'{path} {one}'.strip()}" for one in nearest(word, group.commands)]
    return f" {word}: there is no such command{did_you_mean(near)}; see {_typed(path)} --help"


def _listed(commands: list[str]) -> str:
    if len(commands) > _FEW:
        return f"linktrack {', '.join(commands[:-1])} or {commands[-1]}"
    return " or ".join(f"linktrack {command}" for command in commands)


def command_path(ctx: Any) -> str:
    """`link add`: a command as it is typed behind `linktrack`."""
    return str(ctx.command_path).partition(" ")[2]


def usage_sentence(error: Any) -> str:
    """One sentence for a usage error of the parser: the command, what is wrong with it, and where to read on."""
    ctx = error.ctx
    path = "" if ctx is None else command_path(ctx)
    command = _typed(path)
    message = _message_of(error)
    if message.startswith(" "):  # said_of: it goes on where the command ends
        return command + message
    option = getattr(error, "option_name", None)
    param = getattr(error, "param", None)
    if instead := OPTIONS.get((path, str(option))):
        return f"{command} {option}: that is linktrack {instead}"
    if type(error).__name__ == "NoSuchOption":
        near = [one for one in error.possibilities or () if one.startswith("--")]
        what = f"there is no option {option}{did_you_mean(near)}"
    elif type(error).__name__ == "MissingParameter":
        what = f"{_named(param)} is missing"
    elif param is not None:
        what = f"{_named(param)}: {message}"
    else:
        what = message[:1].lower() + message[1:]
    return f"{command}: {what}; see {command} --help"


def _message_of(error: Any) -> str:
    """What the parser says, in a user's words."""
    said = str(error.message)
    if said in _WORDS:
        return _WORDS[said]
    param: Any = getattr(error, "param", None)
    asked = _asked_of(param)
    if asked in (int, float) and " is empty: " not in said:
        return f"this is no {'whole number' if asked is int else 'number'}{_range_of(param)}"
    if too_many := _TOO_MANY.match(said):
        return f"{too_many[1]} is more than it takes"
    return said.removeprefix("Value error, ").rstrip(".")


def _range_of(param: Any) -> str:
    """` from 1 to 65,535`: the numbers that an option takes."""
    first, last = (None if end is None else f"{end:,}" for end in (param.min, param.max))
    if last is None:
        return "" if first is None else f" from {first} on"
    return f" from {first or 0} to {last}"


def _typed(path: str) -> str:
    return f"linktrack {path}".strip()


def _named(param: Any) -> str:
    """An option as it is typed, an argument as help shows it."""
    if param.param_type_name == "option":
        return str(max(param.opts, key=len))
    return str(param.metavar or param.name.upper()).strip("[]")
