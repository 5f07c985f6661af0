"""The check of the catalogue: duplicate and contradictory actions, and references to what is not there."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from linktrack.config import Workspace
from linktrack.errors import BadInput
from linktrack.links.actions import ActionDefinition, parse_action
from linktrack.sections import CrmSettings
from linktrack.store.session import Database

FINDING_COLUMNS = ["finding", "link", "other", "mailing", "explanation"]
_ON = {"person": ("interest",), "company": ("company's interest",), "both": ("interest", "company's interest")}


@dataclass(frozen=True)
class Finding:
    """One thing to look at; `other` is the second link of a pair, `mailing` where the pair stands, or both empty."""

    finding: str  # duplicate, contradiction, unknown-field, bad-value, no-script, no-user, no-owner, dead, unsubscribe
    link: str
    other: str
    mailing: str
    explanation: str


@dataclass(frozen=True)
class CheckedLink:
    """A link as the check sees it, with its actions in their order and what is wrong with those that do not parse."""

    key: str
    kind: str
    deleted: bool
    actions: tuple[ActionDefinition, ...]
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckedMailing:
    """A mailing with the keys of the links in it."""

    name: str
    type: str
    links: tuple[str, ...]


def check_links(workspace: Workspace, database: Database, key: str | None = None) -> list[dict[str, str]]:
    """The findings of a workspace as rows with FINDING_COLUMNS; with `key` only those that concern this link."""
    scripts = workspace.scripts_path
    there = (
        {str(path.relative_to(scripts)) for path in scripts.rglob("*") if path.is_file()} if scripts.is_dir() else ()
    )
    links, mailings = load(database)
    found = findings(links, mailings, workspace.settings.crm, set(there), scripts)
    return [asdict(one) for one in found if key is None or key in (one.link, one.other)]


def load(database: Database) -> tuple[list[CheckedLink], list[CheckedMailing]]:
    """All links that have actions or stand in a mailing, and all mailings that are not deleted."""
    actions: dict[int, list[dict[str, Any]]] = {}
    for link_id, kind, settings in database.rows(
        "SELECT link_id, type, settings FROM action ORDER BY link_id, position"
    ):
        actions.setdefault(link_id, []).append({"type": kind, **json.loads(settings)})
    links = []
    for link_id, key, kind, deleted_at in database.rows("SELECT id, key, kind, deleted_at FROM link ORDER BY key"):
        parsed, broken = [], []
        for raw in actions.get(link_id, ()):
            try:
                parsed.append(parse_action(raw))
            except BadInput as problem:
                broken.append(str(problem))
        links.append(CheckedLink(key, kind, deleted_at is not None, tuple(parsed), tuple(broken)))
    stands: dict[int, list[str]] = {}
    for mailing_id, key in database.rows(
        "SELECT DISTINCT p.mailing_id, l.key FROM placement p JOIN link l ON l.id = p.link_id "
        "ORDER BY p.mailing_id, l.key"
    ):
        stands.setdefault(mailing_id, []).append(key)
    mailings = [
        CheckedMailing(name, kind, tuple(stands.get(mailing_id, ())))
        for mailing_id, name, kind in database.rows(
            "SELECT id, name, type FROM mailing WHERE deleted_at IS NULL ORDER BY name"
        )
    ]
    return links, mailings


def findings(
    links: Sequence[CheckedLink],
    mailings: Sequence[CheckedMailing],
    crm: CrmSettings,
    scripts: Collection[str],
    folder: Path,
) -> list[Finding]:
    """Everything worth a look, each link by itself first, then the links of each mailing."""
    found: list[Finding] = []
    by_key = {link.key: link for link in links}
    for link in links:
        found += [Finding(kind, link.key, "", "", text) for kind, text in _of_link(link, crm, scripts, folder)]
    pairs: dict[tuple[str, str, str, str], list[str]] = {}
    for mailing in mailings:
        there = [by_key[key] for key in mailing.links if key in by_key]
        for one, two in combinations([link for link in there if link.actions], 2):
            for kind, text in _of_pair(one, two, mailing):
                pairs.setdefault((kind, one.key, two.key, text), []).append(mailing.name)
        for link in there:
            if link.deleted and link.kind == "registered":
                text = f"the mailing {mailing.name!r} uses {link.key!r}, which is deleted: restore or replace it"
                found.append(Finding("dead", link.key, "", mailing.name, text))
            if link.key == "unsubscribe" and mailing.type:
                found += _of_unsubscribe(link, mailing)
    found += [Finding(kind, one, two, ", ".join(names), text) for (kind, one, two, text), names in pairs.items()]
    return found


# --- one link ----------------------------------------------------------------------------------------------------


def _of_link(link: CheckedLink, crm: CrmSettings, scripts: Collection[str], folder: Path) -> Iterator[tuple[str, str]]:
    for problem in link.broken:
        yield "bad-value", f"an action of {link.key!r} cannot be carried out: {problem}"
    for (at, one), (later, two) in combinations(enumerate(link.actions, 1), 2):
        if one.type == two.type and one.settings == two.settings:
            yield "duplicate", f"actions {at} and {later} of {link.key!r} are the same ({one.type})"
    yield from _contradictions(_wishes(link, ""), f"{link.key!r}")
    if link.key == "honeypot" and link.actions:
        yield "contradiction", "the honeypot has actions, but whoever follows it is a machine: they never run"
    for action in link.actions:
        for kind, text in _of_references(action, crm, scripts, folder):
            yield kind, f"{action.type} of {link.key!r}: {text}"


def _of_references(
    action: ActionDefinition, crm: CrmSettings, scripts: Collection[str], folder: Path
) -> Iterator[tuple[str, str]]:
    says, users = action.says, set(crm.users)
    if action.type == "set-field" and crm.contacts.fields and says.field not in crm.contacts.fields:
        yield "unknown-field", f"no column is named for the field {says.field!r} under [crm.contacts.fields]"
    if action.type == "script" and says.script not in scripts:
        yield "no-script", f"there is no script {says.script!r} in {folder}"
    if action.type == "request" and says.owner == "auto" and not crm.categories.get(says.category):
        text = f"the category {says.category!r} has no members under [crm.categories], so requests stay unassigned"
        yield "no-owner", text
    if action.type == "follow-up" and says.assign_to_our_contact and not says.default_recipient:
        yield "no-owner", "it has no default_recipient, so nobody gets it where the contact has no seller"
    named = {
        "follow-up": ("created_by", "default_recipient"),
        "request": ("owner",),
    }.get(action.type, ())
    for setting in named:
        user = getattr(says, setting)
        if users and user and user not in users | {"auto", "unassigned"} and "{" not in user:
            yield "no-user", f"{setting} names {user!r}, who is not among the users under [crm]"
    try:
        parse_action({"type": action.type, **action.settings}, crm)
    except BadInput as problem:
        yield "bad-value", str(problem)


# --- what actions want, and where they want different things -------------------------------------------------------

Wishes = Mapping[tuple[str, str], set[str]]  # (kind of thing, its name) -> what is wanted of it


def _wishes(link: CheckedLink, mailing_type: str) -> Wishes:
    """What a link does to each thing: the values of a field, or add and remove."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for action in link.actions:
        says = action.says
        if action.type == "set-field":
            wanted.setdefault(("field", says.field), set()).add(str(says.value))
        elif action.type in ("interest", "selection", "project"):
            for kind in _ON[says.on] if action.type == "interest" else (action.type,):
                for operation, names in (("add", says.add), ("remove", says.remove)):
                    for name in names:
                        name = name.replace("{mailing.type}", mailing_type or "{mailing.type}")
                        wanted.setdefault((kind, name), set()).add(operation)
    return wanted


def _contradictions(wanted: Wishes, where: str) -> Iterator[tuple[str, str]]:
    for (kind, name), values in wanted.items():
        if len(values) > 1:
            if kind == "field":
                said = " and ".join(repr(value) for value in sorted(values))
                yield "contradiction", f"{where} sets the field {name!r} to {said}: the last one wins"
            else:
                yield "contradiction", f"{where} both adds and removes the {kind} {name!r}: the last one wins"


def _of_pair(one: CheckedLink, two: CheckedLink, mailing: CheckedMailing) -> Iterator[tuple[str, str]]:
    first, second = _wishes(one, mailing.type), _wishes(two, mailing.type)
    for thing in first.keys() & second.keys():
        kind, name = thing
        if first[thing] == second[thing] or len(first[thing]) > 1 or len(second[thing]) > 1:
            continue  # alike, or reported for the link itself
        here, there = next(iter(first[thing])), next(iter(second[thing]))
        if kind == "field":
            text = f"{one.key!r} sets the field {name!r} to {here!r} and {two.key!r} to {there!r}"
        else:
            text = f"{one.key!r} {here}s the {kind} {name!r} and {two.key!r} {there}s it"
        yield "contradiction", f"{text}: whoever clicks both keeps what was clicked last"
    for action in one.actions:
        if action.type in ("follow-up", "request", "script"):
            for other in two.actions:
                if other.type == action.type and other.settings == action.settings:
                    text = f"{one.key!r} and {two.key!r} make the same {action.type}: whoever clicks both causes two"
                    yield "duplicate", text


def _of_unsubscribe(link: CheckedLink, mailing: CheckedMailing) -> Iterator[Finding]:
    wanted = _wishes(link, mailing.type).get(("interest", mailing.type), set())
    if "remove" not in wanted:
        done = "adds" if "add" in wanted else "does not remove"
        text = (
            f"the mailing {mailing.name!r} is of the type {mailing.type!r}, but its unsubscribe link {done} the "
            "interest of that name: whoever unsubscribes goes on getting mails"
        )
        yield Finding("unsubscribe", link.key, "", mailing.name, text)
