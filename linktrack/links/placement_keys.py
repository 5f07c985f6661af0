"""Placement keys: the short part of an address that says in which spot of which mailing it stands.

They follow from the workspace's id, the mailing's name and the spot's position: no two workspaces make the same.
`docs/security.md` writes them down for a second implementation.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from hashlib import blake2b


def placement_keys(workspace_id: bytes, mailing: str, position: int) -> Iterator[str]:
    """Keys for a spot, the first choice first: 4 characters of `a-z2-7`, longer ones after 8 that were taken."""
    for attempt in range(72):
        spot = f"{mailing}\0{position}\0{attempt}".encode()
        digest = blake2b(spot, digest_size=20, salt=workspace_id, person=b"linktrack-place").digest()
        yield base64.b32encode(digest).decode("ascii").lower()[: 4 + attempt // 8]
