"""How a tracked address looks to whoever reads one: `BASE/PLACEMENT/TOKEN`, as expressions.

Capitals are read too, for programs on the way change the case.
"""

from __future__ import annotations

from linktrack.links.tokens import TOKEN_LENGTH

PLACEMENT = r"[a-zA-Z2-7]{3,12}"
TOKEN = rf"[a-zA-Z2-7]{{{TOKEN_LENGTH}}}"
# What mail programs add to the end of an address by mistake: a full stop, a bracket, a blank, a reference of HTML such
# as `&gt`.
ADDED = r"""(?:[.,;:)>\]'"/ ]|&(?i:gt|lt|quot|apos|nbsp|amp))*"""
TAIL = rf"(?!.*/\.\.(?:/|$)){ADDED}"  # behind an address as it was sent: with a step `..` it is another address
