"""How an export is understood: each column of each file with what it is taken for, and what looks wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from linktrack.crm.csv_dialect import Dialect
from linktrack.crm.csv_table import CsvTable
from linktrack.crm.export import Table, column_of, find_table, left_alone, need_contacts, odd_header, open_table
from linktrack.crm.export_rows import BadRow
from linktrack.crm.guess import GuessedSetting, guess_mapping, guessed_columns
from linktrack.crm.mapping import Mapping
from linktrack.crm.multivalue import OddCell, names_in
from linktrack.crm.xlsx_cells import SheetTable
from linktrack.errors import BadInput
from linktrack.sentences import counted
from linktrack.settings.crm import ConsentSettings, FieldSettings

COLUMNS = ("file", "number", "column", "meaning", "filled", "example", "state", "problem", "guessed")
SHOWN = ("column", "meaning", "example", "problem")  # of these, in a terminal
EXAMPLE_ROWS = 1_000  # how far an example is looked for in a column that nothing uses
EXAMPLE_LENGTH = 28


@dataclass(frozen=True)
class DescribedColumn:
    """A column of a file, or one that the mapping names and that the file lacks (`number` is None).

    `filled` counts the rows with a text in it, for columns that are used; `state` is ok, warning or error.
    """

    file: str
    number: int | None
    column: str
    meaning: str
    filled: int | None
    example: str
    state: str
    problem: str
    guessed: bool = False  # its meaning is not said by the settings


@dataclass(frozen=True)
class Expected:
    """A column that the mapping expects in a file: what for, and how bad it is when it is not there."""

    name: str
    meaning: str
    missing: str  # the state then: error, warning, or "" where nothing needs it
    field: FieldSettings | None = None
    unique: bool = False
    separator: str = ""  # of a cell with several names


@dataclass(frozen=True)
class Understanding:
    """How an export is understood: a sentence on each file, all columns, the settings that were guessed for it, and how
    many rows are faulty, that is, left as they came though they are no titles or footers."""

    sentences: list[str]
    columns: list[DescribedColumn]
    guessed: list[GuessedSetting]
    faulty: int


def describe_export(export: Path, mapping: Mapping, *, deep: bool = False) -> Understanding:
    """How an export is understood, by the mapping and by what can be guessed where that says nothing. With `deep`
    every row that is left as it came has a sentence.

    NotFound or BadInput when it cannot be read.
    """
    need_contacts(export)
    mapping, guessed = guess_mapping(export, mapping)
    sentences: list[str] = []
    columns: list[DescribedColumn] = []
    faulty = 0
    for noun, wanted in expected_columns(mapping).items():
        path = find_table(export, noun)
        if path is not None:
            table = open_table(path, mapping, noun)
            if odd := odd_header(table):
                raise BadInput(odd, file=path, line=table.header_line)
            left: list[BadRow] = []
            rows, found = _describe(table, wanted, left)
            sentences.append(
                f"{path.name}: {_written(table)}; {counted(len(table.columns), 'column')}, {counted(rows, 'row')}."
            )
            sentences += (f"{sentence}." for sentence in left_alone(table, left, each=deep))
            faulty += sum(not row.apart for row in left)
            names = set(guessed_columns(guessed, noun))
            columns += (replace(column, guessed=bool(column.meaning) and column.column in names) for column in found)
    return Understanding(sentences, columns, guessed, faulty)


def expected_columns(mapping: Mapping) -> dict[str, list[Expected]]:
    """By noun the columns that the mapping gives a meaning to; the first of each file is what names its rows."""
    crm = mapping.settings
    contacts, companies = crm.contacts, crm.companies

    def missing(name: str) -> str:
        return "warning" if name in contacts.model_fields_set else ""

    consent = contacts.consent
    names = [contacts.name] if isinstance(contacts.name, str) else contacts.name
    return {
        "contacts": [
            Expected(contacts.id, "contact id", "error", unique=True),
            Expected(contacts.email, "e-mail address", missing("email")),
            *(Expected(name, "name", missing("name")) for name in names),
            Expected(contacts.company, "company", missing("company")),
            Expected(contacts.our_contact, "our contact (the seller)", missing("our_contact")),
            Expected(
                contacts.interests,
                f"interests, with {contacts.interests_separator!r} between",
                missing("interests"),
                separator=contacts.interests_separator,
            ),
            *(
                [Expected(consent.column, f"consent to be tracked ({_consent_of(consent)})", "error")]
                if consent is not None
                else []
            ),
            *(
                Expected(field.column, f"field {name} ({_type_of(field)})", "" if field.create else "warning", field)
                for name, field in contacts.fields.items()
            ),
        ],
        "companies": [
            Expected(companies.id, "company id", "error", unique=True),
            Expected(companies.name, "name", ""),
            Expected(
                companies.interests,
                f"interests, with {companies.interests_separator!r} between",
                "warning",
                separator=companies.interests_separator,
            ),
        ],
        "selections": [
            Expected(crm.selections.name, "selection", "error"),
            Expected(crm.selections.contact, "contact id of a member", "error"),
        ],
        "projects": [
            Expected(crm.projects.name, "project", "error"),
            Expected(crm.projects.contact, "contact id of a member", "error"),
        ],
        "users": [Expected(crm.user_column, "user", "error")],
        "follow-ups": [
            Expected(crm.follow_ups.user, "user whose time is taken", "error"),
            Expected(crm.follow_ups.start, "start", "error"),
            Expected(crm.follow_ups.end, "end", "error"),
        ],
        "requests": [Expected(crm.requests.owner, "owner of an open request", "error")],
    }


def _consent_of(consent: ConsentSettings) -> str:
    return f"yes: {', '.join(consent.yes)}; an empty cell is {consent.empty}"


def _type_of(field: FieldSettings) -> str:
    return f"list: {', '.join(field.values)}" if field.type == "list" else field.type


def _written(table: Table) -> str:
    if not isinstance(table, CsvTable):
        return f"XLSX, sheet {table.sheet!r}" if isinstance(table, SheetTable) else "JSON, UTF-8"
    dialect: Dialect = table.dialect
    bom = "" if not dialect.bom else f" with {'two BOMs' if dialect.has_two_boms else 'BOM'}"
    end = table.header.end and dialect.end.replace("\r", "CR").replace("\n", "LF")
    return f"CSV, {dialect.encoding}{bom}, delimiter {dialect.delimiter!r}, line ends {end or 'none'}"


class _Tally:
    """What is seen of a column row by row."""

    def __init__(self, expected: Expected) -> None:
        self.expected = expected
        self.filled = self.empty = self.repeated = self.unfit = self.formulas = self.odd = 0
        self.example = ""
        self.first_unfit = self.first_odd = ""
        self.seen: set[str] = set()

    def add(self, line: int, text: str) -> None:
        text = text.strip()
        if not text:
            self.empty += 1
            return
        self.filled += 1
        self.example = self.example or text
        if self.expected.unique:
            self.repeated += text in self.seen
            self.formulas += text.startswith("=")
            self.seen.add(text)
        if self.expected.separator:
            try:
                names_in(text, self.expected.separator)
            except OddCell as odd:
                self.odd += 1
                self.first_odd = self.first_odd or f"{odd} (row {line})"
        if self.expected.field is not None:
            try:
                self.expected.field.written(text)
            except ValueError as problem:
                self.unfit += 1
                self.first_unfit = self.first_unfit or f"{problem} (row {line})"

    def problems(self) -> Iterator[str]:
        if self.expected.unique and self.empty:
            yield f"{counted(self.empty, 'row')} without one: left alone"
        if self.repeated:
            yield f"{counted(self.repeated, 'row')} with the id of an earlier one"
        if self.formulas:
            yield f"{self.formulas} look like formulas and are taken as they stand"
        if self.odd:
            yield f"{counted(self.odd, 'row')} never changed: {self.first_odd}"
        if self.unfit:
            yield f"{counted(self.unfit, 'row')} not fitting: {self.first_unfit}"


def _describe(table: Table, expected: list[Expected], left: list[BadRow]) -> tuple[int, list[DescribedColumn]]:
    """The number of rows, and the columns: those of the file in their order, then those that it lacks."""
    tallies, absent = _placed(table, expected)
    examples = [""] * len(table.columns)
    rows = 0
    for line, values in table.rows(left):
        rows += 1
        for at, seen_as in tallies.items():
            for tally in seen_as:
                tally.add(line, values[at])
        if rows <= EXAMPLE_ROWS:
            examples = [example or value.strip() for example, value in zip(examples, values, strict=False)]
    found = []
    for at, column in enumerate(table.columns):
        seen_as = tallies.get(at, [])
        problems = [problem for tally in seen_as for problem in tally.problems()]
        if at in table.calculated and seen_as:
            problems.append("it holds formulas, which are never overwritten")
        meaning = "; ".join(tally.expected.meaning for tally in seen_as)
        filled = seen_as[0].filled if seen_as else None
        example = _shortened(seen_as[0].example if seen_as else examples[at])
        state = "error" if any(tally.odd for tally in seen_as) else "warning" if problems else "ok"
        found.append(
            DescribedColumn(table.path.name, at + 1, column, meaning, filled, example, state, "; ".join(problems))
        )
    return rows, [*found, *absent]


def _shortened(text: str) -> str:
    return text if len(text) <= EXAMPLE_LENGTH else text[: EXAMPLE_LENGTH - 1] + "…"


def _placed(table: Table, expected: list[Expected]) -> tuple[dict[int, list[_Tally]], list[DescribedColumn]]:
    """What each column of the file is taken for, and the expected columns that it lacks or has twice."""
    places: dict[int, list[_Tally]] = {}
    absent = []
    for one in expected:
        state, problem = one.missing, "the file has no such column"
        try:
            at = column_of(table, one.name)
        except BadInput as twice:
            at, state, problem = None, "error", twice.sentence
        if at is not None:
            places.setdefault(at, []).append(_Tally(one))
            continue
        if not state and one.field is not None:
            state, problem = "ok", "it is added when an action sets it"
        if state:
            absent.append(DescribedColumn(table.path.name, None, one.name, one.meaning, None, "", state, problem))
    return places, absent
