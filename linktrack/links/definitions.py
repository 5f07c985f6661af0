"""Link definitions in TOML: read, compared with the catalogue, applied to it, and written from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from linktrack.errors import BadInput, LinktrackError
from linktrack.files.toml_files import read_toml
from linktrack.links import folders
from linktrack.links.actions import ActionTable, canonical, parse_action
from linktrack.links.catalogue import LinkRow, list_links
from linktrack.links.differences import LinkDifference, shown_fields
from linktrack.links.editing import REDIRECT, NewLink, checked_key, store_link, target_of
from linktrack.links.identities import checked_identity, known_links, links_meant, rename_links
from linktrack.links.merge_tags import Pairs
from linktrack.links.responses import LinkResponse, parse_response
from linktrack.links.special_links import SPECIAL_LINKS
from linktrack.links.stored_actions import Replaced, plan_replacement, read_actions, store_actions
from linktrack.moments import Clock, now
from linktrack.names import composed
from linktrack.settings.crm import CrmSettings
from linktrack.store.catalogue import touch
from linktrack.store.lookups import link_called
from linktrack.store.restored import refuse_before_keys
from linktrack.store.session import Database
from linktrack.values import shown

FIELDS = ("name", "folder", "url", "response", "confirm", "actions")


@dataclass(frozen=True)
class LinkDefinition:
    """A link as a file describes it. What the file leaves out has its default: a file says all of a link.

    `identity` is the link's first key, where it has another one by now: which link is meant, whatever it is called in
    the workspace that the file is applied to.
    """

    key: str
    name: str
    folder: str | None
    url: str
    response: LinkResponse
    actions: tuple[ActionTable, ...]
    confirm: bool = False
    identity: str = ""
    line: int | None = field(default=None, compare=False)
    path: Path | None = field(default=None, compare=False)


def read_definitions(
    path: Path, crm: CrmSettings | None = None, pairs: Pairs = (), form_hosts: Sequence[str] = ()
) -> list[LinkDefinition]:
    """The links of a TOML file, in its order. With `crm`, values are checked against the types of its fields; `pairs`
    are the workspace's own merge tags, `form_hosts` those that may be sent a person's values.

    BadInput names file and line; nothing is taken from a bad file.
    """
    file = read_toml(path)
    text, raw = file.text, file.tables
    headers = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*link\s*\]\]", line)]
    links = raw.pop("link", [])
    if raw:
        name = next(iter(raw))
        raise file.error_at((name,), f"unknown table {name!r}: a link file holds [[link]] tables only")
    if not isinstance(links, list) or not all(isinstance(link, dict) for link in links):
        raise BadInput("links are written as [[link]] tables", file=path)
    found: dict[str, LinkDefinition] = {}
    meant: dict[str, int | None] = {}  # the lines of identities
    for number, link in enumerate(links):
        line = headers[number] if number < len(headers) else None
        try:
            definition = _parse_link(link, line, crm, pairs, form_hosts)
        except LinktrackError as problem:
            raise BadInput(problem.sentence, file=path, line=line) from None
        if definition.key in found:
            first = found[definition.key].line
            raise BadInput(
                f"the link {definition.key!r} stands here a second time (first in line {first})", file=path, line=line
            )
        if definition.identity and definition.identity in meant:
            raise BadInput(
                f"the identity {definition.identity!r} stands here a second time (first in line "
                f"{meant[definition.identity]}): no two links have one",
                file=path,
                line=line,
            )
        meant[definition.identity] = line
        found[definition.key] = replace(definition, path=path)
    return list(found.values())


def _parse_link(
    raw: dict[str, Any], line: int | None, crm: CrmSettings | None, pairs: Pairs, form_hosts: Sequence[str]
) -> LinkDefinition:
    key = raw.get("key")
    if not isinstance(key, str) or not key:
        raise BadInput('a [[link]] needs its key: key = "offer"')
    if unknown := set(raw) - {"key", "identity", *FIELDS}:
        raise BadInput(
            f"the link {key!r} has an unknown setting {sorted(unknown)[0]!r}: it has key, identity, {', '.join(FIELDS)}"
        )
    for name in ("identity", "name", "folder", "url"):
        if not isinstance(raw.get(name, ""), str):
            raise BadInput(f"{name} of the link {key!r} must be text, not {shown(raw[name])}")
    if not raw.get("name", key).strip():
        raise BadInput(f"name of the link {key!r} must not be empty: leave it out, and its key is its name")
    if not isinstance(raw.get("confirm", False), bool):
        raise BadInput(f"confirm of the link {key!r} must be true or false, not {shown(raw['confirm'])}")
    special = key in SPECIAL_LINKS
    if special and (raw.keys() - {"key", "name", "actions"} or key == "honeypot"):
        raise BadInput(f"{key!r} is a special link: a file can set its actions, and nothing else")
    if not special:
        checked_key(key)
    if "identity" in raw:
        checked_identity(raw["identity"])
    response = parse_response(raw["response"], form_hosts) if "response" in raw else REDIRECT
    url = "" if special else target_of(raw.get("url", ""), response, pairs)
    actions = raw.get("actions", [])
    if not isinstance(actions, list):
        raise BadInput(f"actions of the link {key!r} are a list of tables")
    parsed = []
    for number, action in enumerate(actions, 1):
        try:
            definition = parse_action(action, crm)
        except LinktrackError as problem:
            raise BadInput(f"action {number} of the link {key!r}: {problem}") from None
        parsed.append(definition.table)
    return LinkDefinition(
        key,
        SPECIAL_LINKS[key] if special else composed(raw.get("name", key)),
        folders.clean_path(raw["folder"]) if raw.get("folder") else None,
        url,
        response,
        tuple(parsed),
        raw.get("confirm", False),
        raw.get("identity", ""),
        line,
    )


def stored_definitions(database: Database, links: Iterable[LinkRow]) -> dict[str, LinkDefinition]:
    """The same shape, from the catalogue."""
    actions = read_actions(database)
    identities = {number: known.identity for number, known in known_links(database).items()}
    return {
        link.key: LinkDefinition(
            *(link.key, link.name, link.folder, link.url, link.response),
            tuple(action.table for action in actions.get(link.id, ())),
            link.confirm,
            identities[link.id] if identities[link.id] != link.key else "",
        )
        for link in links
    }


def compare(database: Database, wanted: Sequence[LinkDefinition]) -> list[LinkDifference]:
    """What applying `wanted` would change, link by link; links that the file does not name are left alone. BadInput
    where keys and identities contradict what is here."""
    return _differences(database, wanted, links_meant(database, wanted))


def _differences(
    database: Database, wanted: Sequence[LinkDefinition], meant: Mapping[str, int]
) -> list[LinkDifference]:
    known = {link.id: link for link in list_links(database, kinds=("registered", "local", "special"), deleted=True)}
    stored = stored_definitions(database, known.values())
    actions = read_actions(database)
    last: dict[int, int] = dict(database.rows("SELECT id, last_action FROM link"))
    found: list[LinkDifference] = []
    for definition in wanted:
        key, link = definition.key, known[meant[definition.key]] if definition.key in meant else None
        new = _shown(definition)
        if link is None:
            said = "\n".join(canonical(table) for table in definition.actions)
            found += [LinkDifference(key, "add", name, None, text) for name, text in (*new, ("actions", said)) if text]
            continue
        if link.deleted_at is not None:
            found.append(LinkDifference(key, "restore", "status", "deleted", "active"))
        if link.key != key:
            found.append(LinkDifference(key, "change", "key", link.key, key))
        pairs = zip(_shown(stored[link.key]), new, strict=True)
        found += [LinkDifference(key, "change", name, old, text) for (name, old), (_, text) in pairs if old != text]
        found += _compare_actions(key, plan_replacement(actions.get(link.id, []), definition.actions, last[link.id]))
    return found


def _compare_actions(key: str, plan: Sequence[Replaced]) -> list[LinkDifference]:
    """Each action that changes, under the number that it keeps or gets; another order is one difference of all."""
    found = []
    for one in plan:
        if one.change != "keep":
            old, new = (None if table is None else canonical(table) for table in (one.before, one.after))
            found.append(LinkDifference(key, "change", f"action {one.number}", old, new))
    kept = [one for one in plan if one.change in ("keep", "change")]
    before = [one.number for one in sorted(kept, key=lambda one: one.place)]
    if before != [one.number for one in kept]:
        order = " ".join(str(one.number) for one in kept)
        found.append(LinkDifference(key, "change", "order of actions", " ".join(map(str, before)), order))
    return found


def _shown(definition: LinkDefinition) -> list[tuple[str, str]]:
    return shown_fields(definition.name, definition.folder, definition.url, definition.response, definition.confirm)


def apply_definitions(database: Database, wanted: Sequence[LinkDefinition], clock: Clock = now) -> list[LinkDifference]:
    """Make the catalogue say what `wanted` says, in one transaction. Returns what changed; nothing the second time.
    Conflict after a restore as long as keys may be those of other links; BadInput where keys and identities contradict
    what is here."""
    with database.transaction():
        meant = links_meant(database, wanted)
        differences = _differences(database, wanted, meant)
        touched = {difference.key for difference in differences}
        if touched:
            refuse_before_keys(database)
            rename_links(database, {number: key for key, number in meant.items() if key in touched})
        for definition in sorted(wanted, key=lambda one: not one.identity):  # before others can take an identity
            if definition.key in touched:
                _store(database, definition, clock)
        if touched:
            touch(database)
    return differences


def _store(database: Database, definition: LinkDefinition, clock: Clock) -> None:
    folder_id = None if definition.folder is None else folders.ensure_folder(database, definition.folder, clock)
    moment = clock()
    standing = link_called(database, definition.key)
    stored = definition.response.stored()
    if standing is None:
        link = NewLink(definition.key, definition.name, "registered", definition.url, stored, folder_id)
        link = link._replace(confirm=definition.confirm)
        link_id = store_link(database, link, moment, definition.identity)
    else:
        link_id = standing.id
        database.execute(
            "UPDATE link SET name = ?, url = ?, folder_id = ?, response = ?, confirm = ?, updated_at = ?, "
            "deleted_at = NULL WHERE id = ?",
            (definition.name, definition.url, folder_id, stored, definition.confirm, moment, link_id),
        )
    store_actions(database, link_id, definition.actions)


def exported_links(database: Database, folder: str | None = None) -> tuple[str, int]:
    """(TOML, how many links are in it): the registered links in a folder and those in it, or all of them with the
    special links that have actions. UnknownName for a folder that is not there."""
    links = list_links(database, folder=folder)
    if folder is None:
        links += [link for link in list_links(database, kinds=("special",)) if link.actions]
    return export_toml(stored_definitions(database, links).values()), len(links)


def export_toml(definitions: Iterable[LinkDefinition]) -> str:
    """Definitions as a TOML file that `read_definitions` reads back to equal ones."""
    import tomli_w

    tables = []
    for definition in definitions:
        table: dict[str, Any] = {"key": definition.key}
        if definition.identity:
            table["identity"] = definition.identity
        if definition.key not in SPECIAL_LINKS:
            table["name"] = definition.name
            if definition.folder is not None:
                table["folder"] = definition.folder
            if definition.url:
                table["url"] = definition.url
            table["response"] = definition.response.table
            if definition.confirm:
                table["confirm"] = True
        table["actions"] = list(definition.actions)
        tables.append(table)
    return tomli_w.dumps({"link": tables}, multiline_strings=False)
