"""Why requests are rejected: the reasons that more than one module asks for."""

from __future__ import annotations

from linktrack.clicks.logs.line_ends import is_too_long

# Reasons of requests with a token where ours should be, which is none of ours or leads nowhere. Of them, those that a
# person's program does not ask for speak against what comes from the same address; and those that a catalogue of a
# moment later may know are looked up again before they are given up.
MUTATED = ("malformed-token", "forged-token", "foreign-placement")
UNKNOWN = ("unknown-placement", "unknown-shipment", "forged-token")
BAD = (*MUTATED, "unknown-placement", "unknown-shipment", "revoked-key", "unfilled-merge-tag")
UNREADABLE = "malformed"
BEFORE_PURGE = "before-purge"


def junk_reason(line: bytes) -> str:
    """Of a line that cannot be read."""
    if is_too_long(line):
        return "too-long"
    if b"\x00" in line:
        return "binary"
    return "malformed"
