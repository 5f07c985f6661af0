"""Where a link lies that has no box of its own: an area of a picture, a link inside of a drawing."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_MOST = 100_000  # pixels; nothing lies farther off
_BASELINE = 12  # what a text stands above its place


def area_middle(shape: str, coords: str) -> tuple[float, float] | None:
    """The middle of an area, in pixels from its picture's top left corner; None for the whole picture.

    After the HTML standard: rect is x1, y1, x2, y2; circle is x, y, radius; poly is x and y of each corner.
    """
    numbers = _numbers(coords)
    shape = shape.strip().lower()
    if shape in ("default",) or len(numbers) < 3:
        return None
    if shape.startswith("circ"):
        return numbers[0], numbers[1]
    corners = numbers[: len(numbers) // 2 * 2] if shape.startswith("poly") else numbers[:4]
    if len(corners) < 4:
        return None
    across, down = corners[::2], corners[1::2]
    return (min(across) + max(across)) / 2, (min(down) + max(down)) / 2


def shape_corner(name: str, values: Mapping[str, str]) -> tuple[float, float] | None:
    """A point at the beginning of a shape of SVG, in its own units; None for what is no shape."""

    def number(*names: str) -> float:
        found = [_numbers(values.get(one, "")) for one in names]
        return next((one[0] for one in found if one), 0.0)

    if name == "rect":
        return number("x"), number("y")
    if name in ("text", "tspan"):
        return number("x"), number("y") - _BASELINE
    if name in ("circle", "ellipse"):
        return number("cx") - number("r", "rx"), number("cy") - number("r", "ry")
    if name == "line":
        return number("x1"), number("y1")
    if name in ("path", "polygon", "polyline"):
        points = _numbers(values.get("d" if name == "path" else "points", ""))
        return (points[0], points[1]) if len(points) > 1 else None
    return None


def _numbers(text: str) -> list[float]:
    return [max(-_MOST, min(_MOST, float(one))) for one in _NUMBER.findall(text)]
