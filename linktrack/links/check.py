"""The check of the catalogue: actions that contradict each other, and references to what is not there."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from linktrack.errors import BadInput
from linktrack.links.actions import ActionDefinition, parse_action
from linktrack.links.contradictions import (
    CheckedLink,
    CheckedMailing,
    Finding,
    between_links,
    wishes,
    within_link,
)
from linktrack.links.stored_actions import read_actions
from linktrack.settings import CrmSettings
from linktrack.store.session import Database
from linktrack.workspace import Workspace

FINDING_COLUMNS = ["finding", "link", "other", "mailing", "explanation"]


@dataclass(frozen=True)
class ExportNames:
    """The names that an export of the CRM has; None where it does not list such things."""

    users: Collection[str] | None = None
    selections: Collection[str] | None = None
    projects: Collection[str] | None = None
    columns: Collection[str] | None = None  # of the contacts


@dataclass(frozen=True)
class Surroundings:
    """What actions may refer to: the mapping, the scripts (name -> whether its text mentions `returnUrl`), the CRM."""

    crm: CrmSettings = field(default_factory=CrmSettings)
    scripts: dict[str, bool] = field(default_factory=dict)
    folder: Path = Path("scripts")
    export: ExportNames = field(default_factory=ExportNames)
    host: str = ""  # of tracked addresses

    @property
    def users(self) -> set[str]:
        """Who is known to be a user; nobody where neither the mapping nor the export says."""
        return {*self.crm.users, *(self.export.users or ())}


def check_links(
    workspace: Workspace, database: Database, key: str | None = None, export: ExportNames | None = None
) -> list[dict[str, str]]:
    """The findings of a workspace as rows with FINDING_COLUMNS; with `key` only those that concern this link."""
    folder = workspace.scripts_path
    paths = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    scripts = {str(path.relative_to(folder)): b"returnUrl" in path.read_bytes() for path in paths}
    links, mailings = load(database)
    host = urlsplit(workspace.settings.base_url).hostname or ""
    around = Surroundings(workspace.settings.crm, scripts, folder, export or ExportNames(), host)
    return [asdict(one) for one in findings(links, mailings, around) if key is None or key in (one.link, one.other)]


def load(database: Database) -> tuple[list[CheckedLink], list[CheckedMailing]]:
    """All links, and all mailings that are not deleted."""
    actions = read_actions(database)
    links = []
    for link_id, key, kind, deleted_at, said, url in database.rows(
        "SELECT id, key, kind, deleted_at, response, url FROM link ORDER BY key"
    ):
        parsed, broken = [], []
        for raw in actions.get(link_id, ()):
            try:
                parsed.append(parse_action(raw))
            except BadInput as problem:
                broken.append(str(problem))
        response = json.loads(said)
        prefill = tuple(response.get("prefill", {}).values())
        links.append(
            CheckedLink(
                key, kind, deleted_at is not None, tuple(parsed), tuple(broken), response.get("kind", ""), prefill, url
            )
        )
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


def findings(links: Sequence[CheckedLink], mailings: Sequence[CheckedMailing], around: Surroundings) -> list[Finding]:
    """Everything worth a look, each link by itself first, then the links of each mailing."""
    by_key = {link.key: link for link in links}
    found = [Finding(kind, link.key, "", "", text) for link in links for kind, text in _of_link(link, around)]
    for mailing in mailings:
        for link in (by_key[key] for key in mailing.links):
            if link.deleted and link.kind == "registered":
                text = f"the mailing {mailing.name!r} uses {link.key!r}, which is deleted: restore or replace it"
                found.append(Finding("dead", link.key, "", mailing.name, text))
            if link.key == "unsubscribe" and mailing.type:
                found += _of_unsubscribe(link, mailing)
    return [*found, *_of_addresses(links, around), *between_links(by_key, mailings)]


def _of_addresses(links: Sequence[CheckedLink], around: Surroundings) -> Iterator[Finding]:
    """Registered links whose address leads back to us, or is that of another one."""
    first: dict[str, str] = {}
    for link in links:
        if link.kind != "registered" or link.deleted or link.response != "redirect" or not link.url:
            continue
        if around.host and urlsplit(link.url).hostname == around.host:
            text = f"{link.key!r} leads to {around.host}, where tracked addresses lead: visitors would go in a circle"
            yield Finding("circle", link.key, "", "", text)
        other = first.setdefault(link.url, link.key)
        if other != link.key:
            text = f"{link.key!r} and {other!r} have one address: where a mail has it as it is, one of them is taken"
            yield Finding("duplicate-url", link.key, other, "", text)


def _of_link(link: CheckedLink, around: Surroundings) -> Iterator[tuple[str, str]]:
    for problem in link.broken:
        yield "bad-value", f"an action of {link.key!r} cannot be carried out: {problem}"
    yield from within_link(link)
    if link.key == "honeypot" and link.actions:
        yield "at-odds", "the honeypot has actions, but whoever follows it is a machine: they never run"
    for action in link.actions:
        for kind, text in _of_references(action, around):
            yield kind, f"{action.type} of {link.key!r}: {text}"
        yield from _of_response(link, action, around)


def _of_response(link: CheckedLink, action: ActionDefinition, around: Surroundings) -> Iterator[tuple[str, str]]:
    """Where what the visitor sees and what the click does do not go together."""
    says = action.says
    if action.type == "script" and link.response != "redirect" and around.scripts.get(says.script):
        yield (
            "at-odds",
            f"{says.script} may set a returnUrl, but the response of {link.key!r} is a {link.response}: "
            "nobody is led there",
        )
    if action.type == "set-field":
        known = around.crm.contacts.fields.get(says.field)
        for name in (says.field, known.column if known else says.field):
            if name in link.prefill:
                yield (
                    "at-odds",
                    f"the form of {link.key!r} opens with {name!r} filled in, which the click sets to {says.value!r}: "
                    "the visitor sees the value from before",
                )
                break


def _of_references(action: ActionDefinition, around: Surroundings) -> Iterator[tuple[str, str]]:
    """What an action names that is not there."""
    says, crm, export = action.says, around.crm, around.export
    match action.type:
        case "set-field":
            known = crm.contacts.fields.get(says.field)
            column = known.column if known else says.field
            if crm.contacts.fields and known is None:
                yield "unknown-field", f"no column is named for the field {says.field!r} under [crm.contacts.fields]"
            elif _lacks(export.columns, column) and not (known and known.create):
                yield "unknown-field", f"the export has no column {column!r} for the field {says.field!r}"
        case "script":
            if says.script not in around.scripts:
                yield "no-script", f"there is no script {says.script!r} in {around.folder}"
        case "request":
            if says.owner == "auto" and not crm.categories.get(says.category) and "{" not in says.category:
                text = (
                    f"the category {says.category!r} has no members under [crm.categories], so requests stay unassigned"
                )
                yield "no-owner", text
            yield from _of_users(action, ("owner",), around)
        case "follow-up":
            if not says.default_recipient:
                some = "where the contact has no seller" if says.assign_to_our_contact else "at all"
                yield "no-owner", f"it has no default_recipient, so nobody gets it {some}"
            yield from _of_users(action, ("created_by", "default_recipient"), around)
        case "selection":
            yield from _of_members("selection", says.add, says.remove, export.selections)
        case "project":
            yield from _of_members("project", says.add, says.remove, export.projects)
    try:
        parse_action({"type": action.type, **action.settings}, crm)
    except BadInput as problem:
        yield "bad-value", str(problem)


def _lacks(columns: Collection[str] | None, name: str) -> bool:
    """Whether the export's columns are known and the one of that name is not among them; case does not matter."""
    return columns is not None and name.strip().casefold() not in {column.casefold() for column in columns}


def _of_users(action: ActionDefinition, settings: Sequence[str], around: Surroundings) -> Iterator[tuple[str, str]]:
    users = around.users
    for setting in settings:
        user = getattr(action.says, setting)
        if users and user and user not in users | {"auto", "unassigned"} and "{" not in user:
            yield "no-user", f"{setting} names {user!r}, who is not among the users of the CRM"


def _of_members(
    kind: str, add: Sequence[str], remove: Sequence[str], known: Collection[str] | None
) -> Iterator[tuple[str, str]]:
    """Names of selections or projects that the export has not; adding to a new one makes it, unless it is a slip."""
    if known is None:
        return
    alike = {name.casefold(): name for name in known}
    for name in (*add, *remove):
        if name in known or "{" in name:
            continue
        if name.casefold() in alike:
            yield f"no-{kind}", f"the export has no {kind} {name!r}, but {alike[name.casefold()]!r}"
        elif name in remove:
            yield f"no-{kind}", f"it removes from the {kind} {name!r}, which the export does not have"


def _of_unsubscribe(link: CheckedLink, mailing: CheckedMailing) -> Iterator[Finding]:
    wanted = {value for _, value in wishes(link, mailing.type).get(("interest", mailing.type), ())}
    if "remove" not in wanted:
        done = "adds" if "add" in wanted else "does not remove"
        text = (
            f"the mailing {mailing.name!r} is of the type {mailing.type!r}, but its unsubscribe link {done} the "
            "interest of that name: whoever unsubscribes goes on getting mails"
        )
        yield Finding("unsubscribe", link.key, "", mailing.name, text)
