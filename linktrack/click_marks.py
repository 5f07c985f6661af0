"""What is noted of a click beside who and when: the bits that its log gives it, and the words of its verdict."""

from __future__ import annotations

# Bits of `click.flags`: what the log itself says.
PREFETCH = 1  # a Sec-Purpose, Purpose, X-Purpose or X-Moz header of a prefetching browser
MACHINE = 2  # the mail service's own verdict
POST = 4  # a POST that acts (one-click of RFC 8058, a page's button): the person's will, whatever it looks like
SHARED = 8  # its address is a trusted proxy's: anybody may stand behind it, so it is compared with nobody's

# Verdicts, in the order in which figures stand beside one another.
VERDICTS = HUMAN, PREFETCHED, SCANNER, TEST = "human", "prefetch", "scanner", "test"
