"""Rules on the requests near a click: HEAD requests, and requests with a token that is not ours."""

from __future__ import annotations

from collections.abc import Sequence

from linktrack.clicks.click import Clicks
from linktrack.clicks.judging.rules.against import Against, mark_near
from linktrack.clicks.judging.rules.judged import JunkRequest, Probe
from linktrack.clicks.judging.rules.windows import moments_of
from linktrack.links.tokens import NOBODY

PROBE_MS = 10_000  # between a HEAD and a GET of the same placement
JUNK_MS = 10_000  # between a malformed, forged or mutated request and a good one from the same address


def judge_probed(clicks: Clicks, probes: Sequence[Probe], against: Against) -> None:
    """Clicks on a placement that the same recipient's machine asked about with HEAD, shortly before or after.

    Nobody knows whose machine asked with a shared token.
    """
    asked = moments_of((probe[2:], probe.clicked_at) for probe in probes if probe.recipient_id != NOBODY)
    places = zip(clicks.placements, clicks.shipments, clicks.recipients, strict=True)
    mark_near(clicks.times, places, asked, "head-request", PROBE_MS, against)


def judge_beside_junk(clicks: Clicks, junk: Sequence[JunkRequest], against: Against) -> None:
    """Clicks beside a malformed, forged or mutated request from the same address: somebody tries what there is."""
    tried = moments_of((request.ip, request.clicked_at) for request in junk if request.ip)
    mark_near(clicks.times, clicks.addresses, tried, "malformed-neighbour", JUNK_MS, against)
