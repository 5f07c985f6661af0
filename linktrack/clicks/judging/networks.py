"""Networks that an address lies in, each by its name: those of mail security services and the workspace's own.

A name is what is kept of it, for it is looked up in the whole address, before that is cut: a network may be narrower
than what is kept. What a name weighs is asked when clicks are judged, so other weights judge earlier clicks too.
"""

from __future__ import annotations

from collections.abc import Sequence

from linktrack.clicks.judging.rule_files import rows_of

OWN_WEIGHT = 4  # enough for a machine: see verdicts.ENOUGH


class Networks:
    """The known networks of `data/networks.tsv`, and `own` of the settings, which are named as they are written."""

    def __init__(self, own: Sequence[str] = ()) -> None:
        known = [(network, int(weight), name) for network, weight, name in rows_of("networks.tsv")]
        mine = [(network, OWN_WEIGHT, network) for network in own]
        self.named = [(network, name) for network, _, name in (*mine, *known)]  # the first that an address lies in
        self._weights = {name: weight for _, weight, name in (*known, *mine)}

    def weight(self, name: str) -> int:
        """What a click from the network of this name weighs: `OWN_WEIGHT` for the workspace's own, 0 for none and for
        one that is neither known nor in the settings any more."""
        return self._weights.get(name, 0)
