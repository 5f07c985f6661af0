"""Attributes by which an author says that an element is not to be tracked: ours, and those of mail services."""

from __future__ import annotations

_NO_TRACK = {  # an element with this attribute (and value, where some are named) is left alone
    "data-track": ("off", "false", "0", "no"),
    "data-linktrack": ("off", "false", "0", "no"),
    "clicktracking": ("off", "false", "0"),
    "data-pm-no-track": None,
    "ses:no-track": None,
    "mc:disable-tracking": None,
    "data-msys-clicktrack": ("0",),
}


def opts_out(name: str, value: str) -> bool:
    """Whether this attribute of an element, its name in lower case, says that it is not to be tracked."""
    if name not in _NO_TRACK:
        return False
    wanted = _NO_TRACK[name]
    return wanted is None or value.strip().lower() in wanted
