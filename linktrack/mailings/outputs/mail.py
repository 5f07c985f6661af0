"""A mail that is compiled for a shipment, as each output takes it."""

from __future__ import annotations

from dataclasses import dataclass

from linktrack.mailings.compile import Compiled
from linktrack.mailings.outputs.filling import Filling
from linktrack.mailings.outputs.standing_tags import StandingTag


@dataclass(frozen=True)
class Mail:
    """A mailing compiled for a shipment. `text` is the author's, or made from the HTML.

    `filling` is the mail cut at its merge tags too, where they are to be filled; `tags` are those that stand in it.
    """

    name: str
    type: str
    subject: str
    html: Compiled
    text: Compiled
    unsubscribe: str | None  # the address for the List-Unsubscribe header, before the token
    placements: int
    filling: Filling | None = None
    tags: tuple[StandingTag, ...] = ()
