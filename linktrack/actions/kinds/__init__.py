"""The kinds of actions: for each type the function that plans it."""

from __future__ import annotations

from linktrack.actions.kinds import follow_up, interest, membership, request, set_field
from linktrack.actions.planned import Plan

# A script is not planned but run, before the planning: see `actions.open_scripts` and `kinds.script`.
PLANS: dict[str, Plan] = {
    "set-field": set_field.plan,
    "interest": interest.plan,
    "selection": membership.plan,
    "project": membership.plan,
    "follow-up": follow_up.plan,
    "request": request.plan,
}
