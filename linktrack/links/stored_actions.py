"""A link's actions in the database: read, added, edited, removed and replaced, each under a number of its own.

A number is never used again on its link, also after its action is gone: by it runs know which of a link's requests
has been made for whom.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from linktrack.errors import BadInput, Conflict, LinktrackError, NotFound
from linktrack.links.actions import (
    ActionTable,
    AnyAction,
    FollowUpAction,
    ScriptAction,
    canonical,
    parse_action,
)
from linktrack.links.catalogue import find_link
from linktrack.settings.crm import CrmSettings
from linktrack.store.session import Database


class ActionRow(NamedTuple):
    """An action as it is stored: `number` is its own for ever, `settings` its TOML table without `type`."""

    id: int
    link_id: int
    number: int
    type: str
    settings: str

    @property
    def table(self) -> ActionTable:
        return {"type": self.type, **json.loads(self.settings)}

    @property
    def said(self) -> str:
        """What it does, in a few words; what cannot be understood any more is shown as it is stored."""
        try:
            return read_action(self.type, self.settings).said()
        except LinktrackError:
            return self.settings


class StandingAction(NamedTuple):
    """An action of the link `key` as it stands today: its number there, and its TOML table."""

    key: str
    link_id: int
    identity: str  # of the link
    number: int
    table: ActionTable


@dataclass(frozen=True)
class Replaced:
    """What becomes of the numbers of a link's actions when these are replaced, in the new order. `before` is the action
    that the number had (None = it is new) at its `place` among the others; what is taken away comes last, with nothing
    `after`.
    """

    number: int
    place: int
    before: ActionTable | None
    after: ActionTable | None

    @property
    def change(self) -> str:
        """keep, change, add or remove."""
        if self.before is None or self.after is None:
            return "add" if self.before is None else "remove"
        return "keep" if canonical(self.before) == canonical(self.after) else "change"


def read_action(kind: str, settings: str, *, number: int = 0, key: str = "") -> AnyAction:
    """An action as it is stored, by which runs go too. BadInput for one that this program does not carry out, which
    says where it is, if it has the `number` on the link `key`, and how that ends."""
    try:
        return parse_action({"type": kind, **json.loads(settings)})
    except BadInput as problem:
        if not key:
            raise
        raise BadInput(
            f"action {number} of the link {key!r}: {problem.sentence}; no run carries it out until it is edited, or "
            f"removed with linktrack action remove {key} {number}"
        ) from None


# --- reading ---------------------------------------------------------------------------------------------------

_ROWS = "SELECT action.id, action.link_id, action.number, action.type, action.settings FROM action"


def read_actions(database: Database) -> dict[int, list[ActionRow]]:
    """By link the actions in their order."""
    found: dict[int, list[ActionRow]] = {}
    for row in map(ActionRow._make, database.rows(f"{_ROWS} ORDER BY action.link_id, action.position")):
        found.setdefault(row.link_id, []).append(row)
    return found


def list_actions(database: Database, key: str | None = None) -> list[tuple[str, ActionRow]]:
    """(key of the link, action) of the link `key`, or of all links, in their order. UnknownName with near keys."""
    link = 0 if key is None else find_link(database, key).id
    rows = database.rows(
        "SELECT link.key, action.id, action.link_id, action.number, action.type, action.settings "
        "FROM action JOIN link ON link.id = action.link_id WHERE ? = 0 OR link.id = ? "
        "ORDER BY link.key, action.position",
        (link, link),
    )
    return [(its_key, ActionRow(*action)) for its_key, *action in rows]


def standing_actions(database: Database) -> Iterator[StandingAction]:
    """All actions of all links, but for those that cannot be understood any more, which nothing carries out."""
    identities: dict[int, str] = dict(database.rows("SELECT id, identity FROM link"))
    for key, row in list_actions(database):
        with suppress(LinktrackError, ValueError):
            table = read_action(row.type, row.settings).table
            yield StandingAction(key, row.link_id, identities[row.link_id], row.number, table)


# --- one at a time ---------------------------------------------------------------------------------------------


def add_action(
    database: Database, key: str, raw: ActionTable, crm: CrmSettings, scripts: Path
) -> tuple[int, AnyAction]:
    """Give the link `key` one more action; returns its number and what it is.

    NotFound for an unknown link or a script that is not in the folder `scripts`, BadInput for settings and for a
    follow-up with nothing in it, Conflict for an action that the link has already.
    """
    definition = parse_action(raw, crm)
    with database.transaction():
        link_id = find_link(database, key).id
        _refuse(definition, key, _of_link(database, link_id), scripts)
        position = 1 + int(
            database.value("SELECT coalesce(max(position), 0) FROM action WHERE link_id = ?", (link_id,))
        )
        number = _insert(database, link_id, position, definition.type, _settings(definition.settings))
    return number, definition


def edit_action(
    database: Database, key: str, number: int, changes: dict[str, Any], crm: CrmSettings, scripts: Path
) -> tuple[AnyAction | None, AnyAction]:
    """Change settings of an action, which keeps its number. Returns what it was (None: it could not be understood)
    and what it is. The errors of `add_action`, and NotFound for an unknown number.
    """
    with database.transaction():
        link_id = find_link(database, key).id
        rows = _of_link(database, link_id)
        row = _numbered(rows, key, number)
        try:
            before: AnyAction | None = read_action(row.type, row.settings)
        except BadInput:
            before = None
        definition = parse_action({**row.table, **changes}, crm)
        _refuse(definition, key, [other for other in rows if other.number != number], scripts)
        database.execute("UPDATE action SET settings = ? WHERE id = ?", (_settings(definition.settings), row.id))
    return before, definition


def remove_action(database: Database, key: str, number: int) -> ActionRow:
    """Take an action away from the link `key`, for good; returns what it was. NotFound."""
    with database.transaction():
        link_id = find_link(database, key).id
        rows = _of_link(database, link_id)
        gone = _numbered(rows, key, number)
        database.execute("DELETE FROM action WHERE id = ?", (gone.id,))
        _clear_positions(database, link_id)
        for position, row in enumerate((row for row in rows if row.id != gone.id), 1):
            database.execute("UPDATE action SET position = ? WHERE id = ?", (position, row.id))
    return gone


def renumber_actions(database: Database, link_id: int, numbers: Mapping[int, int], last: int) -> None:
    """Give actions of a link other numbers, by those that they have, where nothing was made under either since;
    `last` is the highest number that the link has ever had. Part of a transaction."""
    change = "UPDATE action SET number = ? WHERE link_id = ? AND number = ?"
    database.executemany(change, [(-before, link_id, before) for before in numbers])
    database.executemany(change, [(after, link_id, -before) for before, after in numbers.items()])
    database.execute("UPDATE link SET last_action = ? WHERE id = ? AND last_action < ?", (last, link_id, last))


def kind_of(database: Database, key: str, number: int) -> str:
    """The type of an action. NotFound."""
    return _numbered(_of_link(database, find_link(database, key).id), key, number).type


def _refuse(action: AnyAction, key: str, others: Sequence[ActionRow], scripts: Path) -> None:
    """What could be stored, and is surely not what somebody wants who gives a link one action."""
    if isinstance(action, FollowUpAction) and action.is_empty:
        raise BadInput(
            "there is nothing in this follow-up: say whom it is for with --default-recipient or "
            "--assign-to-our-contact, and what it is about with --description or --task"
        )
    if isinstance(action, ScriptAction) and not (scripts / action.script).is_file():
        raise NotFound(f"there is no script {action.script!r} in {scripts}: put it there first")
    for other in others:
        if canonical(other.table) == canonical(action.table):
            raise Conflict(f"action {other.number} of {key!r} is the same already: {action.type}, {action.said()}")


# --- all of a link ---------------------------------------------------------------------------------------------


def plan_replacement(rows: Sequence[ActionRow], wanted: Sequence[ActionTable], last: int = 0) -> list[Replaced]:
    """Which number each of `wanted` gets: equal actions keep theirs, then changed ones of the same type take what is
    left in order, and others get new numbers behind `last`, the last one given on the link."""
    left = list(rows)
    places = {row.number: place for place, row in enumerate(rows, 1)}
    kept: dict[int, ActionRow] = {}
    for same in (True, False):
        for place, table in enumerate(wanted):
            if place in kept:
                continue
            for row in left:
                if row.type == table["type"] and (not same or canonical(row.table) == canonical(table)):
                    kept[place] = row
                    left.remove(row)
                    break
    plan = []
    for place, table in enumerate(wanted):
        if place in kept:
            row = kept[place]
            plan.append(Replaced(row.number, places[row.number], row.table, table))
        else:
            last += 1
            plan.append(Replaced(last, 0, None, table))
    return [*plan, *(Replaced(row.number, places[row.number], row.table, None) for row in left)]


def store_actions(database: Database, link_id: int, wanted: Sequence[ActionTable]) -> None:
    """Make the link's actions these, numbered as `plan_replacement` says. Part of a transaction."""
    rows = _of_link(database, link_id)
    last = int(database.value("SELECT last_action FROM link WHERE id = ?", (link_id,)))
    plan = plan_replacement(rows, wanted, last)
    ids = {row.number: row.id for row in rows}
    for one in plan:
        if one.after is None:
            database.execute("DELETE FROM action WHERE id = ?", (ids[one.number],))
    _clear_positions(database, link_id)
    for position, one in enumerate(plan, 1):
        if one.after is None:
            break
        settings = _settings({name: value for name, value in one.after.items() if name != "type"})
        if one.before is None:
            _insert(database, link_id, position, one.after["type"], settings)
        else:
            database.execute(
                "UPDATE action SET position = ?, settings = ? WHERE id = ?", (position, settings, ids[one.number])
            )


def _of_link(database: Database, link_id: int) -> list[ActionRow]:
    rows = database.rows(f"{_ROWS} WHERE action.link_id = ? ORDER BY action.position", (link_id,))
    return [ActionRow(*row) for row in rows]


def _numbered(rows: Sequence[ActionRow], key: str, number: int) -> ActionRow:
    for row in rows:
        if row.number == number:
            return row
    there = f"it has {', '.join(str(row.number) for row in rows)}" if rows else "it has none"
    raise NotFound(f"the link {key!r} has no action {number}, {there}: see linktrack action list {key}")


def _insert(database: Database, link_id: int, position: int, kind: str, settings: str) -> int:
    """Add an action under the next number of its link, which is returned."""
    database.execute("UPDATE link SET last_action = last_action + 1 WHERE id = ?", (link_id,))
    number = int(database.value("SELECT last_action FROM link WHERE id = ?", (link_id,)))
    database.execute(
        "INSERT INTO action (link_id, number, position, type, settings) VALUES (?, ?, ?, ?, ?)",
        (link_id, number, position, kind, settings),
    )
    return number


def _clear_positions(database: Database, link_id: int) -> None:
    """Put the positions of a link's actions out of the way of new ones."""
    database.execute("UPDATE action SET position = -position WHERE link_id = ?", (link_id,))


def _settings(settings: dict[str, Any]) -> str:
    return json.dumps(settings, ensure_ascii=False)
