"""What a click was made on, as far as its agent tells."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, get_args

Device = Literal["desktop", "phone", "tablet", "unknown"]
DEVICES: tuple[Device, ...] = get_args(Device)

# Asked in this order; the first that fits decides. Windows on a desktop may say "Tablet PC", an Android without
# "Mobile" is a tablet, Amazon's Silk asks for desktop pages with "Linux" alone, and televisions are none of these. In
# lower case, as agents are made before they are asked: a search that minds no case takes three times as long.
_PATTERNS: tuple[tuple[Device, str], ...] = (
    ("unknown", r"smart-?tv|\btizen.*\btv\b|web0s|\bhbbtv|appletv|bravia|googletv|\baft[a-z]"),
    ("unknown", r"playstation|xbox|nintendo"),
    ("phone", r"windows phone|iemobile"),
    ("tablet", r"\bipad|\bkindle|\bsilk/|playbook|\bkf[a-z]{2,4}\b|\btablet\b(?! pc)"),
    ("phone", r"\biphone|\bipod|outlook-(?:ios|android)|blackberry|\bbb10\b|opera m(?:ini|obi)"),
    ("phone", r"\bandroid\b.*\bmobi(?:le)?|\bmobile\b.*(?:\bandroid\b|firefox/)"),
    ("tablet", r"\bandroid\b"),
    ("desktop", r"windows nt|macintosh|\bx11\b|\bcros\b|\bms-office\b|\bwindows; u\b|mac os x"),
)
_DEVICES = tuple((device, re.compile(pattern)) for device, pattern in _PATTERNS)
# Thousands of agents differ in nothing else. Behind a letter it may be a part of a name (BB10, Web0S).
_NUMBER = re.compile(r"(?<![a-z\d])\d+(?:\.\d+)*")
_REMEMBERED = 5_000  # agents without them


def device_of(agent: str) -> Device:
    """The kind of device of an agent. An iPad that asks for desktop pages says that it is a Macintosh."""
    return _device_of(_NUMBER.sub("1", agent.lower()))


@lru_cache(_REMEMBERED)
def _device_of(lower: str) -> Device:
    return next((device for device, pattern in _DEVICES if pattern.search(lower)), "unknown")
