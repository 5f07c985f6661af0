"""What a click was made on, as far as its agent tells."""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

from linktrack.clicks.judging.needed_literals import Patterns, in_lower_case

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


def device_of(agent: str) -> Device:
    """The kind of device of an agent. An iPad that asks for desktop pages says that it is a Macintosh."""
    place = _patterns().first(agent)
    return "unknown" if place is None else _PATTERNS[place][0]


@cache
def _patterns() -> Patterns:
    return Patterns((pattern, in_lower_case) for _, pattern in _PATTERNS)
