"""The files of an output folder: their names, and that they are written whole."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.mailings.outputs.output_folder import file_name, write_buffers

NAMES = {
    "a number": ("10042", "10042"),
    "letters of any language": ("Åsa-åäö_тест", "Åsa-åäö_тест"),
    "an e-mail address": ("a.b+c@x.example", "a.b+c@x.example"),
    "a way out of the folder": ("../x", "%2E.%2Fx"),
    "this folder": (".", "%2E"),
    "the folder above": ("..", "%2E%2E"),
    "a path": ("a/b\\c", "a%2Fb%5Cc"),
    "a hidden file": (".x", "%2Ex"),
    "a dot or blank at the end, which Windows drops": ("x.", "x%2E"),
    "a device of Windows": ("CON", "%43ON"),
    "a device of Windows with a suffix": ("com1.a", "%63om1.a"),
    "a device that Windows has no number for": ("Com0", "%43om0"),
    "the last of them": ("lpt9", "%6Cpt9"),
    "as long as a name may be": ("a" * 200, "a" * 200),
    "as long in bytes": ("å" * 100, "å" * 100),
    "a name that only begins like a device": ("console", "console"),
    "a percent sign": ("%2E", "%252E"),
    "signs of shells and of Windows": ('a:b|c*d?e"f<g>', "a%3Ab%7Cc%2Ad%3Fe%22f%3Cg%3E"),
    "control characters": ("a\tb\x00c\n", "a%09b%00c%0A"),
    "a picture": ("😀", "%F0%9F%98%80"),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_contact_id_becomes_a_file_s_name(case: str) -> None:
    contact_id, expected = NAMES[case]
    assert file_name(contact_id) == expected


@settings(max_examples=300)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400), unique=True, max_size=8))
def test_names_are_safe_short_and_different(ids: list[str]) -> None:
    names = [file_name(contact_id) for contact_id in ids]
    assert len(set(names)) == len(ids)
    for name in names:
        assert len(name.encode()) <= 200 and not re.search(r"[/\\\x00-\x1f:]|^\.|[. ]$", name)


@pytest.mark.parametrize("contact_id", ["a" * 201, "å" * 100 + "a"])
def test_of_a_longer_id_the_beginning_and_a_fingerprint_stay(contact_id: str) -> None:
    name = file_name(contact_id)
    assert re.fullmatch(r"(a{160}|å{80})%[0-9a-f]{32}", name)


def test_long_ids_that_begin_alike_stay_apart() -> None:
    one, other = file_name("å" * 500 + "1"), file_name("å" * 500 + "2")
    assert one != other and one[:50] == other[:50] == "å" * 50


def test_buffers_are_written_whole_though_the_system_takes_them_in_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffers = [bytes([number % 256]) * (number % 70) for number in range(3000)]
    monkeypatch.setattr(os, "writev", lambda target, group: os.write(target, b"".join(group)[:1000]))
    with (tmp_path / "file").open("wb", buffering=0) as file:
        write_buffers(file.fileno(), buffers)
    assert (tmp_path / "file").read_bytes() == b"".join(buffers)
