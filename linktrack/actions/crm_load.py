"""The CRM's state, loaded: what an export says of the people who clicked, checked against what the actions need."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from operator import itemgetter
from pathlib import Path

from linktrack.actions.crm_calendars import load_calendars
from linktrack.actions.crm_needs import Needs
from linktrack.actions.crm_state import CrmRow, CrmState
from linktrack.actions.crm_tables import cells_of, table_of
from linktrack.crm.csv_table import CsvTable
from linktrack.crm.export import Table, blocks_of, column_of, find_table, need_column, refuse_calculated
from linktrack.crm.export_rows import BadRow
from linktrack.crm.mapping import Mapping as CrmMapping
from linktrack.crm.multivalue import is_empty, shape_among, shows_quotes
from linktrack.crm.people import name_columns, open_contacts
from linktrack.errors import BadInput
from linktrack.moments import zone_of
from linktrack.names import composed
from linktrack.settings.crm import CONTACT_NAMES, FieldSettings

MAX_CELLS = 50_000  # different cells that are kept in mind
_OF_ONE = ("email", "name")  # cells that hardly two contacts have alike


def has_interests(export: Path | None, mapping: CrmMapping) -> bool:
    """Whether the contacts of an export have a column of interests."""
    return (
        export is not None
        and column_of(open_contacts(export, mapping), mapping.settings.contacts.interests) is not None
    )


def load_state(
    export: Path | None, mapping: CrmMapping, needs: Needs, wanted: Collection[str], time_zone: str = "UTC"
) -> CrmState:
    """Read what an export says of the contacts `wanted`, and check that it has all that the actions need.

    Without an export everybody wanted is there. Times without an offset are in `time_zone`.
    BadInput when a column is missing that an action needs and that the mapping does not create.
    """
    if export is None:
        places = {"name": 0, "email": 1}
        people = {contact_id: CrmRow(contact_id, 0, places, ["", ""]) for contact_id in wanted}
        return CrmState(mapping, None, {}, [], people=people, users=frozenset(mapping.settings.users))
    table = open_contacts(export, mapping)
    columns, created = _columns(table, mapping, needs, companies=find_table(export, "companies") is not None)
    state = CrmState(mapping, table, columns, created)
    if isinstance(table, CsvTable) and table.dialect.has_two_boms:
        state.notes.append(
            f"{table.path.name} begins with its byte order mark (BOM) twice, and is read as if it was once"
        )
    if needs.sellers and "our_contact" not in columns:
        column = mapping.settings.contacts.our_contact
        state.notes.append(f"the export has no column {column!r}, so follow-ups go to the default recipient")
    _load_people(state, table, wanted, interests=needs.interests)
    if needs.company_interests or needs.company_names:
        _load_companies(state, export, needs)
    _load_members(state, export)
    load_calendars(state, export, zone_of(time_zone))
    state.users = _users(state, export)
    return state


def _columns(table: Table, mapping: CrmMapping, needs: Needs, *, companies: bool) -> tuple[dict[str, int], list[str]]:
    """Where each cell stands that a run may read or write, and the columns to be created behind the last one.
    `companies` says whether the export has any."""
    settings = mapping.settings.contacts
    columns: dict[str, int] = {}
    created: list[str] = []
    for name in sorted(needs.writes | (needs.reads - set(CONTACT_NAMES))):
        wanted = mapping.field(name)
        found = _place(table, wanted, created)
        if found is None:
            found = need_column(table, wanted.column, f"the field {name!r}", f"{name} under [crm.contacts.fields]")
        if name in needs.writes:
            refuse_calculated(table, found, f"the field {name!r}")
        columns[name] = found
    seller = needs.only_sellers or (needs.sellers and "our_contact" in settings.model_fields_set)
    standard = {
        "email": (settings.email, False),
        "company": (settings.company, needs.company_interests and companies),
        "our_contact": (settings.our_contact, seller),
        "interests": (settings.interests, needs.interests),
    }
    for name, (column, required) in standard.items():
        found = column_of(table, column)
        if found is None and (required or name in needs.reads):
            found = need_column(table, column, f"an action on {name}", f"{name} under [crm.contacts]")
        if found is not None:
            columns.setdefault(name, found)
    if needs.interests:
        refuse_calculated(table, columns["interests"], "an action on interests")
    if "name" in needs.reads and not name_columns(table, mapping):
        names = settings.name if isinstance(settings.name, str) else settings.name[0]
        need_column(table, names, "the placeholder {contact.name}", "name under [crm.contacts]")
    return columns, created


def _place(table: Table, wanted: FieldSettings, created: list[str]) -> int | None:
    """Where a field's column stands, behind the last one if it is to be created; None when there is none."""
    found = column_of(table, wanted.column)
    if found is None and wanted.create:
        if wanted.column not in created:
            created.append(wanted.column)
        found = len(table.columns) + created.index(wanted.column)
    return found


def load_answered(state: CrmState, names: Collection[str]) -> None:
    """Make the fields that scripts have answered known to the state: by the mapping's name or, without one, by the
    column of that very name. What the export has no place for is left out, and said when it is to be written."""
    table = state.contacts
    if table is None:
        return
    found: dict[str, int] = {}
    for name in sorted(set(names) - state.columns.keys()):
        with suppress(BadInput):  # the column stands there twice
            place = _place(table, state.mapping.field(name), state.created)
            if place is not None and place not in table.calculated:
                found[name] = place
    if not found:
        return
    state.columns.update(found)
    state.places |= {name: place for place, name in enumerate(found, max(state.places.values(), default=-1) + 1)}
    rows = {person.line: person for person in state.people.values()}
    width = len(table.columns)
    for line, values in table.rows([]):
        if line in rows:
            rows[line].cells += [values[at] if at < width else "" for at in found.values()]


def _load_people(state: CrmState, table: Table, wanted: Collection[str], *, interests: bool) -> None:
    """The rows of the contacts `wanted`; with `interests` also what cells of interests the export has."""
    identifier = need_column(table, state.mapping.settings.contacts.id, "every contact", "id under [crm.contacts]")
    state.id_column = identifier
    if not wanted:
        return
    names = name_columns(table, state.mapping)
    repeated = 0
    left: list[BadRow] = []
    without_id: list[BadRow] = []
    at_interests = state.columns["interests"] if interests else -1
    cells_seen, more_cells = state.interest_cells, interests
    width, blanks = len(table.columns), [""] * len(state.created)
    ordered = sorted(state.columns, key=_OF_ONE.__contains__)
    alike = sum(name not in _OF_ONE for name in ordered)  # so many are cells that many contacts have
    places = state.places = {name: place for place, name in enumerate(ordered)}
    name_place = places.setdefault("name", len(ordered))
    apart = ("",) * (len(places) - len(ordered))  # for the name, which may have several columns
    same: dict[str, str] = {}  # by what they say those cells, which are kept once
    people = state.people
    take = itemgetter(*map(state.columns.__getitem__, ordered), identifier, identifier)  # a tuple, whichever there are
    for first, block in blocks_of(table, left):
        if more_cells:
            more_cells = _see_cells(cells_seen, [values[at_interests] for values in block])
        ids = [values[identifier].strip() for values in block]
        if "" in ids:
            without_id += (
                BadRow("it has no contact id", first + at, " ".join(filter(None, block[at]))[:200])
                for at, contact_id in enumerate(ids)
                if not contact_id
            )
        for at in [at for at, contact_id in enumerate(ids) if contact_id in wanted]:
            contact_id = ids[at]
            if not contact_id:
                continue
            values = block[at]
            taken = take([*values[:width], *blanks] if blanks else values)
            shared = taken[:alike]
            cells = list(tuple(map(same.setdefault, shared, shared)) + taken[alike:-2] + apart)  # without room for more
            if len(same) > MAX_CELLS:
                same.clear()
            cells[name_place] = (
                values[names[0]].strip()
                if len(names) == 1
                else " ".join([part for at in names if (part := values[at].strip())])
            )
            row = CrmRow(contact_id, first + at, places, cells)
            if (known := people.setdefault(contact_id, row)) is not row:
                repeated += 1
                known.again += (row.line,)
    if interests:
        separator = state.mapping.settings.contacts.interests_separator
        _liken(state.people.values(), places["interests"], cells_seen, separator)
        if at_interests in table.lists or shows_quotes(cells_seen, separator):
            state.quoting.add("interest")
    state.leave_alone(table, left, without_id)
    if repeated:
        state.notes.append(
            f"{repeated} rows of {table.path.name} repeat the id of somebody who clicked: "
            "the first row counts, and all of a contact's rows get its changes"
        )


def _see_cells(seen: set[str], cells: Collection[str]) -> bool:
    """Keep cells in mind, as long as there are not too many different ones. Returns whether more may be."""
    if len(seen) + len(cells) < MAX_CELLS:
        seen.update(cells)
        return True
    for cell in cells:
        seen.add(cell)
        if len(seen) >= MAX_CELLS:
            return False
    return True


def _liken(rows: Collection[CrmRow], place: int, cells: Collection[str], separator: str) -> None:
    """Make interests written into empty cells (of each row that at a `place`) look like those in the column's other
    `cells`."""
    nothing = set(filter(is_empty, {row.cells[place] for row in rows}))
    empty = [row for row in rows if row.cells[place] in nothing] if nothing else []
    shape = shape_among(cells, separator) if empty else ""
    for row in empty:
        row.as_listed = shape


def _load_companies(state: CrmState, export: Path, needs: Needs) -> None:
    """What `companies.*` says of the companies of those who clicked. Names are taken where they are; without the file
    the actions on interests of companies fail, and no others."""
    settings = state.mapping.settings.companies
    table = table_of(state, export, "companies")
    if table is None:
        state.no_companies = (
            "the export has no companies.*: export the companies into the same folder and name the folder"
        )
        return
    if not needs.company_interests and column_of(table, settings.id) is None:
        return
    identifier = need_column(table, settings.id, "every company", "id under [crm.companies]")
    places = {}
    if needs.company_interests:
        at = need_column(table, settings.interests, "an action on interests", "interests under [crm.companies]")
        refuse_calculated(table, at, "an action on interests of companies")
        state.companies, state.company_column = table, at
        places["interests"] = at
    name = column_of(table, settings.name)
    if name is not None:
        places["name"] = name
    places_of = {name: place for place, name in enumerate(places)}
    wanted = {person.get("company").strip() for person in state.people.values()}
    left: list[BadRow] = []
    cells_seen: set[str] = set()
    for line, values in table.rows(left):
        if needs.company_interests and len(cells_seen) < MAX_CELLS:
            cells_seen.add(values[places["interests"]])
        company = values[identifier].strip()
        if company in state.firms:
            state.firms[company].again += (line,)
        elif company and company in wanted:
            state.firms[company] = CrmRow(company, line, places_of, [values[place] for place in places.values()])
    if needs.company_interests:
        _liken(state.firms.values(), places_of["interests"], cells_seen, settings.interests_separator)
        if places["interests"] in table.lists or shows_quotes(cells_seen, settings.interests_separator):
            state.quoting.add("company-interest")
    state.leave_alone(table, left)


def _load_members(state: CrmState, export: Path) -> None:
    settings = state.mapping.settings
    listed = []
    for kind, noun, columns in (
        ("selection", "selections", settings.selections),
        ("project", "projects", settings.projects),
    ):
        table = table_of(state, export, noun)
        if table is None:
            continue
        listed.append(kind)
        known = state.known_names.setdefault(kind, set())
        for _, (name, contact) in cells_of(state, table, noun, {"name": columns.name, "contact": columns.contact}):
            known.add(name)
            state.written.setdefault((kind, composed(name)), name)
            if contact in state.people:
                state.members[contact, kind, composed(name)] = True
    state.listed = frozenset(listed)


def _users(state: CrmState, export: Path) -> frozenset[str]:
    """Who may own things: the users of the mapping and of `users.*`; empty when neither says."""
    settings = state.mapping.settings
    users = set(settings.users)
    table = table_of(state, export, "users")
    if table is not None:
        alone = len(table.columns) == 1  # whatever its name is
        at = 0 if alone else need_column(table, settings.user_column, "every user", "user_column under [crm]")
        left: list[BadRow] = []
        users.update(name for _, values in table.rows(left) if (name := values[at].strip()))
        state.leave_alone(table, left)
    return frozenset(users)
