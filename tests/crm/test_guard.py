"""The guard against formulas: what a spreadsheet would run gets an apostrophe, and nothing else does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.crm.guard import any_suspect, guarded, must_match, would_run

RUN = {
    "a formula": ("=1+1", "'=1+1"),
    "a command": ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
    "a plus": ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
    "a minus": ("-2+3+cmd|x!A0", "'-2+3+cmd|x!A0"),
    "an at sign": ("@SUM(1)", "'@SUM(1)"),
    "after blanks": ("  =1", "'  =1"),
    "after a hard blank": ("\u00a0=1", "'\u00a0=1"),
    "after a blank of Ogham": ("\u1680=1", "'\u1680=1"),
    "after a tab": ("\t=1", "'\t'=1"),
    "after a line end": ("\r\n=1", "'\r\n'=1"),
    "after NUL": ("\0=1", "'\0=1"),
    "after a sign that nobody sees": ("\u200b\ufeff=1", "'\u200b\ufeff=1"),
    "a full-width sign": ("\uff1d1+1", "'\uff1d1+1"),
    "a full-width plus": ("\uff0bcmd|x", "'\uff0bcmd|x"),
    "behind a semicolon": ("x;=1+1", "x;'=1+1"),
    "behind a semicolon at the begin": (";=1+1", ";'=1+1"),
    "behind a comma and a blank": ("x, =1+1", "x, 'x=1+1".replace("'x", "'")),
    "behind a tab within": ("x\t=1", "x\t'=1"),
    "behind a line end within": ("x\n=1", "x\n'=1"),
    "behind a quote": ('x;"=1', "x;\"'=1"),
    "a call behind a semicolon": ("x;@SUM(1)", "x;'@SUM(1)"),
    "a command behind a semicolon": ("x;+cmd|' /C calc'!A0", "x;'+cmd|' /C calc'!A0"),
    "twice": ("=1;=2", "'=1;'=2"),
    "what calculates": ("+4670-123", "'+4670-123"),
    "a command that stands where an address should": ("=cmd|'/c calc'!A0", "'=cmd|'/c calc'!A0"),
    "a call that ends as an address": ("@SUM(1)|x@b.se", "'@SUM(1)|x@b.se"),
    "an equals sign before an address": ("=x@b.se", "'=x@b.se"),
    "a command before an address": ("+cmd|' /C calc'!A0@b.se", "'+cmd|' /C calc'!A0@b.se"),
    "a call before an address": ('-HYPERLINK("x")@b.se', '\'-HYPERLINK("x")@b.se'),
    "an address before a command": ("+bo@b.se;=1", "'+bo@b.se;'=1"),
    "an address with a line end": ("+bo@b.se\n", "'+bo@b.se\n"),
    "an id with an at sign": ("@007", "'@007"),
    "an id with an equals sign": ("=007", "'=007"),
}


@pytest.mark.parametrize("case", RUN)
def test_what_would_run_is_guarded(case: str) -> None:
    text, expected = RUN[case]
    assert would_run(text)
    assert any_suspect(["a", text])
    assert guarded(text) == expected
    assert not would_run(expected)


HARMLESS = {
    "nothing": "",
    "words": "Clicked the offer",
    "a number below zero": "-5",
    "a number with a plus": "+46 701 234",
    "a decimal comma": "-3,5",
    "a share": "-3.5 %",
    "a power": "-1.5E-7",
    "an equals sign within": "a = b",
    "a sentence with a dash": "Hello, -- we are here",
    "a list": "Things:\n- one\n- two",
    "an address within": "Mail us, @anna knows",
    "what is guarded already": "'=1+1",
    "an id": "-AB_c-007",
    "an id of other letters": "-åäö1",
    "an address": "bo@example.com",
    "an address that begins with a plus": "+bo.ek+news@example.com",
    "an address of digits": "+46701234567@sms.example.com",
    "an address that begins with a hyphen": "-bo-_ek@ex-ample.co.uk",
    "an address of other letters": "+åsa@örebro.example",
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_harmless_stays(case: str) -> None:
    assert not would_run(HARMLESS[case])
    assert guarded(HARMLESS[case]) == HARMLESS[case]


texts = st.text(st.sampled_from(list("=+-@\uff1d\uff0b ;,\t|\r\n\"'(!a1\0\u200b")), max_size=12)


@given(texts | st.text())
def test_nothing_that_is_guarded_runs_and_guarding_twice_is_guarding_once(text: str) -> None:
    once = guarded(text)
    assert not would_run(once)
    assert guarded(once) == once
    assert (once == text) is not would_run(text)
    assert once.replace("'", "") == text.replace("'", "")
    assert once == text or any_suspect({"a", text, "-5"})


@given(texts)
def test_no_cell_of_any_delimiter_begins_with_an_equals_sign(text: str) -> None:
    for delimiter in ";,\t|":
        for cell in re.split(rf"[{delimiter}\r\n]", guarded(text)):
            assert not cell.strip(" \0\u200b\t").startswith(("=", "\uff1d"))


def test_a_long_cell_is_looked_through_once() -> None:
    for sign in (";", "\n", " ", ";+", "; ", ';"', "|+", "\0", "\r\n", "1"):
        guarded(sign * 100_000 + "x")
        any_suspect([sign * 100_000 + "x"])
        any_suspect([sign] * 100_000)


def test_many_texts_of_which_none_would_run_are_not_suspect() -> None:
    assert not any_suspect(
        ("19df2374650-6fda74edb0292a70", "2026-05-04T09:00:02+00:00", "Mozilla/5.0 (X11; Linux)", "a@x")
    )


def test_ids_and_addresses_must_match() -> None:
    assert [
        column for column in ("id", "contact_id", "email", "token", "name", "user_agent", "paid") if must_match(column)
    ] == [
        "id",
        "contact_id",
        "email",
        "token",
    ]
