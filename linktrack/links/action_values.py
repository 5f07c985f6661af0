"""What a setting of an action may be: each type makes uniform what is written, or refuses it."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import lru_cache
from math import isfinite
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import BeforeValidator

from linktrack.names import composed
from linktrack.values import given_text, shown

MAX_SECONDS = 366 * 86_400


def seconds_of(value: object) -> int:
    """A length of time like `30m`, `1h30m`, `10s` or `2d` in seconds; ValueError for anything else or none."""
    if not isinstance(value, str):
        raise ValueError(f"it must be a length of time like 30m, 1h30m or 10s, not {shown(value)}")
    return _seconds_of(value)


@lru_cache(100)  # a run asks at every click
def _seconds_of(value: str) -> int:
    found = re.fullmatch(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", value.replace(" ", ""))
    if found is None:
        raise ValueError(f"it must be a length of time like 30m, 1h30m or 10s, not {shown(value)}")
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    total = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    if not 0 < total <= MAX_SECONDS:
        raise ValueError(f"it must be longer than nothing and at most a year, not {value!r}")
    return total


def _optional_text(value: object) -> str:
    return "" if value == "" else given_text(value)


def _name(value: object) -> str:
    return composed(given_text(value))


def _optional_name(value: object) -> str:
    return composed(_optional_text(value))


def _scalar(value: object) -> str | int | float | bool:
    if isinstance(value, str | int) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    raise ValueError("it must be a text, a number, a date, true or false")


def _names(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(one, str) and one.strip() for one in values):
        raise ValueError('it must be a list of names like ["Product news"]')
    return tuple(dict.fromkeys(composed(one).strip() for one in values))


def _duration(value: object) -> str:
    seconds_of(value)
    return str(value).replace(" ", "")


def _start(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if value == "next-available":
        return "next-available"
    try:
        return datetime.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(f'it must be "next-available" or a time like 2026-05-04T09:00, not {shown(value)}') from None


def _script(value: object) -> str:
    path = PurePosixPath(given_text(value))
    if path.is_absolute() or ".." in path.parts or "\\" in str(value) or "\0" in str(value):
        raise ValueError(f"it must be the name of a file in the workspace's scripts folder, not {value!r}")
    return str(path)


GivenText = Annotated[str, BeforeValidator(given_text)]
OptionalText = Annotated[str, BeforeValidator(_optional_text)]
CrmName = Annotated[str, BeforeValidator(_name)]  # of something in the CRM: composed, see `linktrack.names`
OptionalName = Annotated[str, BeforeValidator(_optional_name)]
CrmNames = Annotated[tuple[str, ...], BeforeValidator(_names)]
Duration = Annotated[str, BeforeValidator(_duration)]
Scalar = Annotated[str | int | float | bool, BeforeValidator(_scalar)]
StartTime = Annotated[str, BeforeValidator(_start)]
ScriptName = Annotated[str, BeforeValidator(_script)]
