"""Settings written into a person's `linktrack.toml`: what stands there, its comments and its order stay."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

import tomlkit
from tomlkit.exceptions import TOMLKitError

from linktrack.crm.guess import GuessedSetting
from linktrack.errors import BadInput


def with_settings(text: str, settings: Sequence[GuessedSetting]) -> str:
    """A TOML text with some settings set. BadInput when its shape does not take them, with the lines to be added."""
    wanted = tomllib.loads(text)
    for setting in settings:
        table = wanted
        for key in setting.keys[:-1]:
            table = table.setdefault(key, {})
        table[setting.keys[-1]] = setting.value
    try:
        document = tomlkit.parse(text)
        for setting in settings:
            place = document
            for key in setting.keys[:-1]:
                if key not in place:
                    place.add(key, tomlkit.table(is_super_table=False))
                place = place[key]
            place[setting.keys[-1]] = setting.value
        written = tomlkit.dumps(document)
        if tomllib.loads(written) == wanted:
            return written
    except (TOMLKitError, tomllib.TOMLDecodeError, TypeError, AttributeError, KeyError, ValueError):
        pass
    raise BadInput(f"the tables of this file cannot be changed by a program: add by hand {as_lines(settings)}")


def as_lines(settings: Sequence[GuessedSetting]) -> str:
    """The settings as one would type them, in one line."""
    return ", ".join(f"{'.'.join(one.keys)} = {tomlkit.item(one.value).as_string()}" for one in settings)
