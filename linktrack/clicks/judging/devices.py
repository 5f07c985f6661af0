"""What a click was made on, as far as its agent tells."""

from __future__ import annotations

import re
from typing import Literal, get_args

Device = Literal["desktop", "phone", "tablet", "unknown"]
DEVICES: tuple[Device, ...] = get_args(Device)

# Asked in this order; the first that fits decides. Windows on a desktop may say "Tablet PC", an Android without
# "Mobile" is a tablet, Amazon's Silk asks for desktop pages with "Linux" alone, and televisions are none of these.
_PATTERNS: tuple[tuple[Device, str], ...] = (
    ("unknown", r"SMART-?TV|\bTizen.*\bTV\b|Web0S|\bHbbTV|AppleTV|BRAVIA|GoogleTV|\bAFT[A-Z]"),
    ("unknown", r"PlayStation|Xbox|Nintendo"),
    ("phone", r"Windows Phone|IEMobile"),
    ("tablet", r"\biPad|\bKindle|\bSilk/|PlayBook|\bKF[A-Z]{2,4}\b|\bTablet\b(?! PC)"),
    ("phone", r"\biPhone|\biPod|Outlook-(?:iOS|Android)|BlackBerry|\bBB10\b|Opera M(?:ini|obi)"),
    ("phone", r"\bAndroid\b.*\bMobi(?:le)?|\bMobile\b.*(?:\bAndroid\b|Firefox/)"),
    ("tablet", r"\bAndroid\b"),
    ("desktop", r"Windows NT|Macintosh|\bX11\b|\bCrOS\b|\bms-office\b|\bWindows; U\b|Mac OS X"),
)
_DEVICES = tuple((device, re.compile(pattern, re.IGNORECASE)) for device, pattern in _PATTERNS)


def device_of(agent: str) -> Device:
    """The kind of device of an agent. An iPad that asks for desktop pages says that it is a Macintosh."""
    return next((device for device, pattern in _DEVICES if pattern.search(agent)), "unknown")
