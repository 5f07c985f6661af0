"""What actions refer to that is not there: fields, scripts, users, and names that the CRM's export lacks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from linktrack.errors import BadInput
from linktrack.links.actions import (
    AnyAction,
    FollowUpAction,
    InterestAction,
    ProjectAction,
    RequestAction,
    ScriptAction,
    SelectionAction,
    SetFieldAction,
    parse_action,
)
from linktrack.links.contradictions import (
    CheckedLink,
)
from linktrack.names import composed, held_under, nearest, same_name
from linktrack.settings.crm import CrmSettings

Unfit = Callable[[InterestAction, CrmSettings], Iterable[str]]  # why interests have no place in an export's cells
_NEAR = 0.75  # how alike two names are of which one may be a slip (difflib's ratio)


@dataclass(frozen=True)
class ExportNames:
    """The names that an export of the CRM has; None where it does not list such things."""

    users: Collection[str] | None = None
    selections: Collection[str] | None = None
    projects: Collection[str] | None = None
    interests: Collection[str] | None = None
    columns: Collection[str] | None = None  # of the contacts


@dataclass(frozen=True)
class CheckedAgainst:
    """What actions may refer to: the mapping, the scripts (name -> whether its text mentions `returnUrl`), the CRM."""

    crm: CrmSettings = field(default_factory=CrmSettings)
    scripts: dict[str, bool] = field(default_factory=dict)
    folder: Path = Path("scripts")
    export: ExportNames = field(default_factory=ExportNames)
    host: str = ""  # of tracked addresses
    types: Collection[str] = ()  # of mailings and of the subscriptions page: interests that may have nobody so far
    unfit: Unfit = lambda *_: ()
    named: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # by kind how many actions name what

    @property
    def users(self) -> set[str]:
        """Who is known to be a user, as names are compared; nobody where neither the mapping nor the export says."""
        return {composed(user) for user in (*self.crm.users, *(self.export.users or ()))}


def missing_of(action: AnyAction, around: CheckedAgainst) -> Iterator[tuple[str, str]]:
    """What an action names that is not there."""
    crm, export = around.crm, around.export
    match action:
        case SetFieldAction():
            known = held_under(crm.contacts.fields, action.field)
            column = known.column if known else action.field
            if crm.contacts.fields and known is None:
                yield "unknown-field", f"no column is named for the field {action.field!r} under [crm.contacts.fields]"
            elif _lacks(export.columns, column) and not (known and known.create):
                yield "unknown-field", f"the export has no column {column!r} for the field {action.field!r}"
        case ScriptAction():
            if action.script not in around.scripts:
                yield "no-script", f"there is no script {action.script!r} in {around.folder}"
        case RequestAction():
            members = held_under(crm.categories, action.category)
            if action.owner == "auto" and not members and "{" not in action.category:
                text = f"the category {action.category!r} has no members under [crm.categories]"
                yield "no-owner", f"{text}, so requests stay unassigned"
            yield from _of_users({"owner": action.owner}, around)
        case FollowUpAction():
            if not action.default_recipient:
                some = "where the contact has no seller" if action.assign_to_our_contact else "at all"
                yield "no-owner", f"it has no default_recipient, so nobody gets it {some}"
            named = {"created_by": action.created_by, "default_recipient": action.default_recipient}
            yield from _of_users(named, around)
        case SelectionAction():
            yield from _of_names("selection", action.add, action.remove, export.selections, around)
        case ProjectAction():
            yield from _of_names("project", action.add, action.remove, export.projects, around)
        case InterestAction():
            yield from _of_names("interest", action.add, (), export.interests, around)
            yield from (("bad-value", reason) for reason in around.unfit(action, crm))
    try:
        parse_action(action.table, crm)
    except BadInput as problem:
        yield "bad-value", str(problem)


def _lacks(columns: Collection[str] | None, name: str) -> bool:
    """Whether the export's columns are known and the one of that name is not among them; case does not matter."""
    return columns is not None and same_name(name) not in map(same_name, columns)


def _of_users(named: Mapping[str, str], around: CheckedAgainst) -> Iterator[tuple[str, str]]:
    """Settings that name somebody who is no user of the CRM."""
    users = around.users
    for setting, user in named.items():
        if users and user and composed(user) not in users | {"auto", "unassigned"} and "{" not in user:
            yield "no-user", f"{setting} names {user!r}, who is not among the users of the CRM"


def _of_names(
    kind: str, add: Sequence[str], remove: Sequence[str], listed: Collection[str] | None, around: CheckedAgainst
) -> Iterator[tuple[str, str]]:
    """Names that the export has not: like one that it has, which may be meant, or new ones, which a run will make.
    Where no export lists such names, those of the settings and of other actions are what a name may be meant for."""
    types = around.types if kind == "interest" else ()
    if listed is None:
        yield from _unlisted(kind, add, remove, types, around.named[kind])
        return
    known = {composed(name) for name in (*listed, *types)}
    for name in (*add, *remove):
        if name in known or "{" in name:
            continue
        if near := nearest(name, sorted(known), 1, _NEAR):
            yield f"no-{kind}", f"the export has no {kind} {name!r}, but {near[0]!r}"
        elif name in remove:
            yield f"no-{kind}", f"it removes from the {kind} {name!r}, which the export does not have"
        else:
            yield f"new-{kind}", f"the export has no {kind} {name!r}: it will be a new one"


def _unlisted(
    kind: str, add: Sequence[str], remove: Sequence[str], known: Collection[str], named: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """Names that the settings do not know, where there is no export to ask."""
    for name in (*add, *remove):
        if name in known or "{" in name:
            continue
        # of two that are nearly one the rarer may be the slip, and numbers that differ are meant to
        more = [one for one in named if (named[one], name) > (named[name], one)]
        others = [one for one in more if _numberless(one) != _numberless(name)]
        if near := nearest(name, sorted((*others, *known)), 1, _NEAR):
            where = "" if near[0] in known else "other actions name "
            yield f"no-{kind}", f"the settings know no {kind} {name!r}, but {where}{near[0]!r}"
        elif name in add:
            yield f"new-{kind}", f"the settings know no {kind} {name!r}: it is a new one unless the CRM has it (--crm)"


def _numberless(name: str) -> str:
    return re.sub(r"\d+", "0", name).casefold() if re.search(r"\d", name) else name


def names_in_actions(links: Sequence[CheckedLink]) -> dict[str, Counter[str]]:
    """By kind the names that the actions of links have, and how many of them."""
    named: dict[str, Counter[str]] = {kind: Counter() for kind in ("selection", "project", "interest")}
    for link in links:
        for action in () if link.deleted else link.actions:
            if isinstance(action, SelectionAction | ProjectAction | InterestAction):
                named[action.type].update({*action.add, *action.remove})
    return named
