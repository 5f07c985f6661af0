"""How values are written on the page, beside what a command gives."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from linktrack.reports.shown_figures import EMPTY, PageValue, Writer
from linktrack.settings.tables import Language

AT = 1_777_885_200_000  # 2026-05-04T09:00:00Z
BACK = 1_792_890_000_000  # 2026-10-25T01:00:00Z, when it is two o'clock in Stockholm for the second time
BLANK, NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("language", "column", "value", "raw", "text"),
    [
        ("en", "clicks", 12345, "12345", "12,345"),
        ("sv", "clicks", 12345, "12345", f"12{BLANK}345"),
        ("en", "click_rate", 0.198807, "0.198807", "19.9%"),
        ("sv", "click_rate", 0.198807, "0.198807", f"19,9{NARROW}%"),
        ("en", "difference", -0.0123, "-0.0123", "\N{MINUS SIGN}1.2"),
        ("en", "difference", 0.2, "0.2", "+20.0"),
        ("en", "low", -0.0001, "-0.0001", "0.0"),
        ("en", "sent_at", AT, "2026-05-04T11:00:00+02:00", f"4{BLANK}May{BLANK}2026{BLANK}11:00"),
        ("sv", "sent_at", AT, "2026-05-04T11:00:00+02:00", f"4{BLANK}maj{BLANK}2026{BLANK}11:00"),
        ("en", "sent_at", BACK, "2026-10-25T02:00:00+01:00", f"25{BLANK}Oct{BLANK}2026{BLANK}02:00+01:00"),
        ("en", "weekday", 7, "7", "Sunday"),
        ("en", "hour", 7, "7", "7"),
        ("sv", "device", "phone", "phone", "Telefon"),
        ("en", "reason", "agent:Slackbot 1.0", "agent:Slackbot 1.0", "says it is a machine: Slackbot 1.0"),
        ("en", "reason", "brand-new:thing", None, "brand-new:thing"),
        ("en", "domain", "", "", "without an address"),
        ("en", "domain", "phone", None, "phone"),
        ("en", "name", "phone", None, "phone"),
        ("en", "name", "a\u202eb", None, "a\u202eb"),  # the page makes it visible, like every text
        ("en", "test", True, "true", "yes"),
        ("en", "actions", ("interest", "script"), "interest, script", "interest, script"),
    ],
)
def test_a_value(language: Language, column: str, value: Any, raw: str | None, text: str) -> None:
    shown = Writer(language, ZoneInfo("Europe/Stockholm")).value(column, value)
    assert (shown.raw, shown.text) == (raw, text)
    assert shown.numeric == (isinstance(value, int | float) and column not in ("sent_at", "weekday", "test"))


def test_no_value_is_an_empty_cell() -> None:
    assert Writer("en", UTC).value("click_rate", None) is EMPTY
    assert PageValue(None, "") == EMPTY


@pytest.mark.parametrize(("share", "text"), [(0, "0%"), (0.5, "50%"), (0.025, "2.5%"), (-0.1, "\N{MINUS SIGN}10%")])
def test_a_round_share_has_no_digits_that_say_nothing(share: float, text: str) -> None:
    assert Writer("en", UTC).round_rate(share) == text
