"""Link definitions in TOML: read, compared with the catalogue, applied to it, and written from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linktrack.errors import BadInput, LinktrackError
from linktrack.links import catalog, folders
from linktrack.links.actions import parse_action
from linktrack.links.stored_actions import read_actions, store_actions
from linktrack.moments import now
from linktrack.settings import CrmSettings, read_toml
from linktrack.store.session import Database

FIELDS = ("name", "folder", "url", "response", "actions")


@dataclass(frozen=True)
class Definition:
    """A link as a file describes it. What the file leaves out has its default: a file says all of a link."""

    key: str
    name: str
    folder: str | None
    url: str
    response: dict[str, Any]
    actions: tuple[dict[str, Any], ...]
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Difference:
    """One thing that applying would change; `old` is None for what is new."""

    key: str
    change: str  # add, change, restore
    field: str
    old: str | None
    new: str | None


def read_definitions(path: Path, crm: CrmSettings | None = None) -> list[Definition]:
    """The links of a TOML file, in its order. With `crm`, values are checked against the types of its fields.

    BadInput names file and line; nothing is taken from a bad file.
    """
    file = read_toml(path)
    text, raw = file.text, file.tables
    headers = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*link\s*\]\]", line)]
    links = raw.pop("link", [])
    if raw:
        raise BadInput(f"unknown table {next(iter(raw))!r}: a link file holds [[link]] tables only", file=path)
    if not isinstance(links, list) or not all(isinstance(link, dict) for link in links):
        raise BadInput("links are written as [[link]] tables", file=path)
    found: dict[str, Definition] = {}
    for number, link in enumerate(links):
        line = headers[number] if number < len(headers) else None
        try:
            definition = _parse_link(link, line, crm)
        except LinktrackError as problem:
            raise BadInput(problem.sentence, file=path, line=line) from None
        if definition.key in found:
            first = found[definition.key].line
            raise BadInput(
                f"the link {definition.key!r} stands here a second time (first in line {first})", file=path, line=line
            )
        found[definition.key] = definition
    return list(found.values())


def _parse_link(raw: dict[str, Any], line: int | None, crm: CrmSettings | None) -> Definition:
    key = raw.get("key")
    if not isinstance(key, str) or not key:
        raise BadInput('a [[link]] needs its key: key = "offer"')
    if unknown := set(raw) - {"key", *FIELDS}:
        raise BadInput(
            f"the link {key!r} has an unknown setting {sorted(unknown)[0]!r}: it has key, {', '.join(FIELDS)}"
        )
    for name in ("name", "folder", "url"):
        if not isinstance(raw.get(name, ""), str):
            raise BadInput(f"{name} of the link {key!r} must be text, not {raw[name]!r}")
    special = key in catalog.SPECIAL_LINKS
    if special and (raw.keys() - {"key", "name", "actions"} or key == "honeypot"):
        raise BadInput(f"{key!r} is a special link: a file can set its actions, and nothing else")
    if not special:
        catalog.checked_key(key)
    response = catalog.checked_response(raw.get("response", catalog.REDIRECT))
    url = "" if special else catalog.checked_target(raw.get("url", ""), response)
    actions = raw.get("actions", [])
    if not isinstance(actions, list):
        raise BadInput(f"actions of the link {key!r} are a list of tables")
    parsed = []
    for number, action in enumerate(actions, 1):
        try:
            definition = parse_action(action, crm)
        except LinktrackError as problem:
            raise BadInput(f"action {number} of the link {key!r}: {problem}") from None
        parsed.append({"type": definition.type, **definition.settings})
    return Definition(
        key,
        catalog.SPECIAL_LINKS[key] if special else raw.get("name", key),
        folders.clean_path(raw["folder"]) if raw.get("folder") else None,
        url,
        response,
        tuple(parsed),
        line,
    )


def stored_definitions(database: Database, links: Iterable[catalog.LinkRow]) -> dict[str, Definition]:
    """The same shape, from the catalogue."""
    actions = read_actions(database)
    return {
        link.key: Definition(link.key, link.name, link.folder, link.url, link.response, tuple(actions.get(link.id, ())))
        for link in links
    }


def compare(database: Database, wanted: Sequence[Definition]) -> list[Difference]:
    """What applying `wanted` would change, link by link; links that the file does not name are left alone."""
    known = {
        link.key: link for link in catalog.list_links(database, kinds=("registered", "local", "special"), deleted=True)
    }
    stored = stored_definitions(database, known.values())
    found: list[Difference] = []
    for definition in wanted:
        before = stored.get(definition.key)
        if before is None:
            found += [Difference(definition.key, "add", name, None, new) for name, new in _shown(definition) if new]
            continue
        if known[definition.key].deleted_at is not None:
            found.append(Difference(definition.key, "restore", "status", "deleted", "active"))
        pairs = zip(_shown(before), _shown(definition), strict=True)
        found += [Difference(definition.key, "change", name, old, new) for (name, old), (_, new) in pairs if old != new]
    return found


def _shown(definition: Definition) -> list[tuple[str, str]]:
    """The fields of a definition as text that a person can compare, an action on each line."""
    actions = "\n".join(json.dumps(action, ensure_ascii=False, sort_keys=True) for action in definition.actions)
    response = json.dumps(definition.response, ensure_ascii=False, sort_keys=True)
    return [
        ("name", definition.name),
        ("folder", definition.folder or ""),
        ("url", definition.url),
        ("response", response),
        ("actions", actions),
    ]


def apply_definitions(database: Database, wanted: Sequence[Definition]) -> list[Difference]:
    """Make the catalogue say what `wanted` says, in one transaction. Returns what changed; nothing the second time."""
    with database.transaction():
        differences = compare(database, wanted)
        touched = {difference.key for difference in differences}
        for definition in wanted:
            if definition.key in touched:
                _store(database, definition)
    return differences


def _store(database: Database, definition: Definition) -> None:
    folder_id = None if definition.folder is None else folders.ensure_folder(database, definition.folder)
    moment = now()
    database.execute(
        "INSERT INTO link (key, name, kind, url, folder_id, response, created_at, updated_at) "
        "VALUES (?, ?, 'registered', ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET name = excluded.name, "
        "url = excluded.url, folder_id = excluded.folder_id, response = excluded.response, "
        "updated_at = excluded.updated_at, deleted_at = NULL",
        (
            definition.key,
            definition.name,
            definition.url,
            folder_id,
            json.dumps(definition.response, ensure_ascii=False),
            moment,
            moment,
        ),
    )
    link_id = database.value("SELECT id FROM link WHERE key = ?", (definition.key,))
    store_actions(database, link_id, definition.actions)


def export_toml(definitions: Iterable[Definition]) -> str:
    """Definitions as a TOML file that `read_definitions` reads back to equal ones."""
    import tomli_w

    tables = []
    for definition in definitions:
        table: dict[str, Any] = {"key": definition.key}
        if definition.key not in catalog.SPECIAL_LINKS:
            table["name"] = definition.name
            if definition.folder is not None:
                table["folder"] = definition.folder
            if definition.url:
                table["url"] = definition.url
            table["response"] = definition.response
        table["actions"] = list(definition.actions)
        tables.append(table)
    return tomli_w.dumps({"link": tables}, multiline_strings=False)
