"""What actions need of an export of the CRM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from linktrack.actions.planned import NumberedAction
from linktrack.links.actions import FollowUpAction, InterestAction, SetFieldAction
from linktrack.links.placeholders import placeholders_in


@dataclass(frozen=True)
class Needs:
    """What the actions of a run need of an export: fields that are written, contact values that are only read."""

    writes: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    interests: bool = False
    company_interests: bool = False
    company_names: bool = False
    sellers: bool = False  # somebody's "our contact" is asked for …
    only_sellers: bool = False  # … and nobody else would do


def needs_of(actions: Mapping[int, Sequence[NumberedAction]]) -> Needs:
    """What these actions need of an export."""
    definitions = [action.definition for every in actions.values() for action in every]
    named = {
        name
        for definition in definitions
        for value in definition.settings.values()
        for text in (value if isinstance(value, list) else [value])
        if isinstance(text, str)
        for name in placeholders_in(text)
    }
    of_company = any(name.startswith("company.") for name in named)
    reads = {name.partition(".")[2] for name in named if name.startswith("contact.")}
    on = {one.on for one in definitions if isinstance(one, InterestAction)}
    asked = [one for one in definitions if isinstance(one, FollowUpAction) and one.assign_to_our_contact]
    return Needs(
        writes=frozenset(one.field for one in definitions if isinstance(one, SetFieldAction)),
        reads=frozenset(reads | {"company"} if of_company else reads),
        interests=bool(on & {"person", "both"}),
        company_interests=bool(on & {"company", "both"}),
        company_names=of_company or any(one.type in ("follow-up", "request") for one in definitions),
        sellers=bool(asked),
        only_sellers=any(not one.default_recipient for one in asked),
    )
