"""What a click is called outside of the database: its time and print, as text."""

from __future__ import annotations

_MASK = (1 << 64) - 1


def click_name(clicked_at: int, print_of_line: int) -> str:
    """`19a3f5c0b80-00c4…`: the time in hexadecimal milliseconds, and the 64-bit print."""
    return f"{clicked_at:x}-{print_of_line & _MASK:016x}"
