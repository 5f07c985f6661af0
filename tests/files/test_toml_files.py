"""TOML files: what is wrong with them has a line, and what costs too much is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from linktrack.errors import BadInput
from linktrack.files.toml_files import parse_toml, read_toml

# what stands in the file -> the line of the error, and a part of its sentence
WRONG: dict[str, tuple[str, int | None, str]] = {
    "a hexadecimal number beyond 64 bits": (f"a = 1\nb = 0x{'f' * 5000}\n", 2, "64 bits"),
    "a binary number beyond 64 bits": (f"a = 1\nb = [[0b{'1' * 65}]]\n", 2, "64 bits"),
    "the first beyond 64 bits": (f"a = {2**63 - 1}\nb = {2**63}\n", 2, "64 bits"),
    "a negative one beyond 64 bits": (f"a = {-(2**63)}\nb = {-(2**63) - 1}\n", 2, "64 bits"),
    "a number in the second of two tables": (f"[[x]]\na = 1\n[[x]]\na = {2**64}\n", 4, "64 bits"),
    "a decimal number that Python does not read": (f"a = 1\nb = {'9' * 5000}\n", 2, "64 bits"),
    "a dotted key of 30,000 parts": ("a = 1\n" + ".".join("a" * 30_000) + " = 1\n", 2, "more than 100 parts"),
    "a table of 30,000 parts": ("a = 1\n[" + ".".join("a" * 30_000) + "]\n", 2, "more than 100 parts"),
    "a key of quoted parts with blanks": ("a = {" + " . ".join(['"é"', "'ö'"] * 51) + " = 1}\n", 1, "more than 100 parts"),
    "nothing but opening brackets": ("a = " + "[" * 30_000, None, "nested too deeply"),
    "Python's True": ("a = 1\nb = True\n", 2, "invalid value True: write true"),
    "a table twice": ("[clicks]\n[b]\n[clicks]\n", 3, "the table clicks stands twice: put"),
    "a table of a table twice, with keys in quotes": ("[a.'b \\\"é']\n[a.'b \\\"é']\n", 2, r'table a\."b \\\\\\"é" stands twice'),
    "a list of tables after a value": ("a = [1]\n[[a]]\n", 2, "valid TOML: a has its whole value already"),
    "a key of a table that is closed": ("a = {b = 1}\na.c = 2\n", 2, "valid TOML: a has its whole value already"),
    "a NUL in a text": ('a = "\\\\u0000"\n[[x]]\nb = ["\\\\\\u0000"]\n', 3, "holds a NUL"),
    "a NUL in a key, written long": ('a = 1\n"\\U00000000" = 1\n', 2, "holds a NUL"),
    "Python's False in a list": ("a = [true, False]\n", 1, "write false"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_refused(case: str, tmp_path: Path) -> None:
    text, line, words = WRONG[case]
    path = tmp_path / "a.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=words) as problem:
        read_toml(path)
    assert (problem.value.file, problem.value.line) == (str(path), line)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'a = "{".".join("a" * 300)}"', id="a text of many parts"),
        pytest.param(f'a = """\n{"." * 300}\n"""', id="a line of dots"),
        pytest.param("a = [" + ", ".join(["1.5"] * 300) + "]", id="many numbers"),
        pytest.param(".".join("a" * 100) + " = 1", id="a key of a hundred parts"),
        pytest.param(r"""a = '\u0000'""", id="what would be a NUL in other quotes"),
        pytest.param(f"a = 0x7{'f' * 15}", id="the largest number"),
    ],
)
def test_what_is_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text, "utf-8")
    assert read_toml(path).tables == parse_toml(text)
