"""What is given to options and arguments: nothing is lost, an empty text is no name, numbers have their words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from every_command import ALL
from tests_support import Run

from linktrack.cli.usage import EMPTY_IS_SAID, Command, names_a_path, usage_sentence
from linktrack.workspace import Workspace


def values_of(param: Any) -> list[str]:
    """Two values that a parameter takes."""
    descriptor = getattr(param, "type_descriptor", None)
    if descriptor is not None and descriptor.choices:
        return [one.value for one in descriptor.choices[:2]]
    return ["1", "2"]


def taking_values(command: str) -> Iterator[Any]:
    """The parameters of a command that take a value."""
    return (param for param in ALL[command].params if not getattr(param, "is_flag", False))


def numeric(param: Any) -> bool:
    return getattr(param, "type_descriptor", None) is not None and param.type_descriptor.annotation in (int, float)


def required(command: str, but: Any) -> list[str]:
    """What else a command needs so that its parser is content."""
    words: list[str] = []
    for param in ALL[command].params:
        if param.required and param is not but:
            words += [*([param.opts[0]] if param.param_type_name == "option" else []), values_of(param)[0]]
    return words


def refusal(command: str, *words: str) -> str:
    """What the parser of a command says to words that it does not take. Fails when it takes them."""
    with pytest.raises(Exception) as refused:
        ALL[command].make_context(f"linktrack {command}", list(words))
    assert hasattr(refused.value, "format_message"), refused.value  # a usage error, whose code is 2
    return usage_sentence(refused.value)


def test_every_command_is_one_that_loses_nothing() -> None:
    assert {path for path, command in ALL.items() if not isinstance(command, Command)} == set()


@pytest.mark.parametrize("command", ALL)
def test_an_option_for_one_value_that_is_given_twice_is_an_error(command: str) -> None:
    for param in taking_values(command):
        if param.param_type_name == "option" and not param.multiple:
            first, second = values_of(param)[0], values_of(param)[-1]
            name = max(param.opts, key=len)
            said = refusal(command, param.opts[0], first, *required(command, param), name, second)
            assert said.startswith(f"linktrack {command}: {name} is given 2 times and takes one value")


def test_what_is_given_twice_or_empty_is_said_with_exit_code_2(run: Run) -> None:
    done = run("link", "list", "--folder", "a", "--folder", "b")
    assert (done.code, done.out, done.err) == (
        2,
        "",
        "linktrack link list: --folder is given 2 times and takes one value: say which one is meant; see linktrack "
        "link list --help\n",
    )
    done = run("mailing", "rewrite", "news", "--contacts", "", "--out", "mails")
    assert (done.code, done.out, done.err) == (
        2,
        "",
        "linktrack mailing rewrite: --contacts: '' is empty: name a file or a folder, or leave it out; see linktrack "
        "mailing rewrite --help\n",
    )


@pytest.mark.parametrize("option", ["--only", "--except"])
def test_lists_may_be_several(option: str) -> None:
    param = next(one for one in ALL["mailing rewrite"].params if option in one.opts)
    assert param.multiple


@pytest.mark.parametrize("command", ALL)
def test_an_empty_text_is_no_file_no_name_and_no_number(command: str) -> None:
    for param in taking_values(command):
        word, others = max(param.opts, key=len), required(command, param)
        calls = [[*others, word, ""], [*others, f"{word}="]]
        if param.param_type_name == "argument":
            before = [one for one in ALL[command].params[: ALL[command].params.index(param)] if one.required]
            place = sum(2 if one.param_type_name == "option" else 1 for one in before)
            calls = [[*others[:place], "", *others[place:]]]
        for words in calls if word not in EMPTY_IS_SAID.get(command, ()) else []:
            said = refusal(command, *words)
            assert "'' is empty" in said or "is no" in said or "is not one of" in said, said
            assert not names_a_path(param) or "name a file or a folder" in said


def test_options_whose_empty_text_says_something_are_there_and_no_paths() -> None:
    for command, options in EMPTY_IS_SAID.items():
        known = {option: param for param in ALL[command].params for option in param.opts}
        assert options <= set(known)
        assert not [option for option in options if names_a_path(known[option])]


def test_a_subject_may_be_taken_away(workspace: Workspace, run: Run) -> None:
    (workspace.root / "news.html").write_text("<a href='https://www.example.com/'>x</a>", "utf-8")
    assert run("mailing", "add", "news", "news.html", "--subject", "Spring", "--utm-source", "").code == 0
    done = run("mailing", "edit", "news", "--subject", "")
    assert (done.code, "Changed news: subject" in done.err) == (0, True)


@pytest.mark.parametrize("command", [path for path in ALL if any(map(numeric, taking_values(path)))])
def test_numbers_that_none_takes_are_refused_in_our_words(workspace: Workspace, run: Run, command: str) -> None:
    for param in filter(numeric, taking_values(command)):
        option = param.opts[0] if param.param_type_name == "option" else None
        refused_by_the_parser = ["-1", "x", "nan"]
        others = ["0", "1.5", "9" * 40, "1e400"] if option != "--wait" and command != "serve" else []
        for value in (*refused_by_the_parser, *others):
            words = [f"{option}={value}"] if option else ["--", value]
            done = run(*command.split(), *required(command, param), *words)
            assert done.code in (0, 2, 3, 4, 5, 6), (value, done.err)
            assert not re.search(r"Input should|range|unable|x>=|<=x|valid", done.err), (value, done.err)
            if value == "x" or (value == "-1" and param.min is not None):
                assert re.search(r": this is no (whole )?number( from [\d,.]+ (on|to [\d,.]+))?;", done.err), done.err
                assert done.code == 2


def test_what_is_more_than_a_command_takes_is_named(workspace: Workspace, run: Run) -> None:
    done = run("link", "show", "a", "b")
    assert (done.code, done.err) == (
        2,
        "linktrack link show: b is more than it takes; see linktrack link show --help\n",
    )


def test_a_workspace_that_is_named_twice_or_not_at_all_is_an_error(workspace: Workspace, run: Run) -> None:
    assert run("link", "list", "--workspace", ".", "--workspace", "..").code == 2
    assert run("link", "list", "--workspace", "").code == 2


def test_a_setting_of_an_action_that_is_given_twice_is_an_error(workspace: Workspace, run: Run) -> None:
    run("link", "add", "offer", "--url", "https://www.example.com/")
    done = run("action", "add", "offer", "follow-up", "--task", "Ring", "--task", "Mail", "--default-recipient", "BO")
    assert (done.code, "--task is given twice" in done.err) == (2, True)
    assert run("action", "add", "offer", "selection", "--add", "A", "--add", "B").code == 0
