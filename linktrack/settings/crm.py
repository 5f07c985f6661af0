"""The settings of a CRM's export: its files' columns, what the fields hold, and who may be tracked."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from linktrack.names import same_name
from linktrack.settings.file_values import DateFormat, Delimiter, Encoding, Separator
from linktrack.settings.values import ABSENT, Column, Misfit, Name, Names, Section, Text, refuse_twice
from linktrack.values import shown

_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")  # which every yes-no understands, whatever it writes
_OF_TYPES = {"values": "list", "format": "date", "decimal": "number", "yes": "yes-no", "no": "yes-no"}


class FieldSettings(Section):
    """The column of an action's field, and what it may hold; in the file also just the column's name."""

    column: Column
    type: Literal["text", "number", "date", "yes-no", "list"] = "text"
    values: Names = []  # of a list
    format: DateFormat = "%Y-%m-%d"  # of a date
    decimal: Literal[".", ","] = "."  # of a number
    yes: Name = "true"  # of a yes-no
    no: Text = "false"
    create: bool = False  # add the column where the export lacks it

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        return {"column": value} if isinstance(value, str) else value

    @classmethod
    def of_column(cls, name: str) -> FieldSettings:
        """A field that no setting names: a text in the column of its own name, whatever that is."""
        return cls.model_construct(column=name)

    @model_validator(mode="after")
    def _check_type(self) -> FieldSettings:
        for setting, type_of_it in _OF_TYPES.items():
            if setting in self.model_fields_set and self.type != type_of_it:
                raise Misfit(f'it belongs to type = "{type_of_it}", and this is a {self.type}', setting)
        if self.type == "list" and not self.values:
            raise Misfit('a list needs them: values = ["cold", "warm", "hot"]', "values")
        said = same_name(self.yes), same_name(self.no)
        if said[1] in _YES:
            raise Misfit(f"with yes = {self.yes!r}, {self.no!r} cannot be told from a yes", "no")
        if said[0] in (said[1], *_NO):
            raise Misfit(f"with no = {self.no!r}, {self.yes!r} cannot be told from a no", "yes")
        return self

    def written(self, value: str | int | float | bool) -> str:
        """An action's value as the export's cells write it. ValueError with a reason when it does not fit the type."""
        if self.type == "yes-no":
            said = self.said(str(value))
            if said is None:
                raise ValueError(f"{value!r} is neither yes nor no")
            return self.yes if said else self.no
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        if text == "" or self.type == "text":
            return text
        if self.type == "number":
            return self._number(text)
        if self.type == "date":
            return self._day(text).strftime(self.format)
        if text not in self.values:
            raise ValueError(f"{text!r} is none of {', '.join(self.values) or 'the values (there are none)'}")
        return text

    def _number(self, text: str) -> str:
        plain = text.strip().replace(",", ".")
        if not re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", plain):
            raise ValueError(f"{text!r} is not a number")
        return format(Decimal(plain), "f").replace(".", self.decimal)

    def said(self, text: str) -> bool | None:
        """Whether a text says yes or no, in the export's words or in those that all understand; None: neither."""
        word = text.strip().casefold()
        if word in (self.yes.casefold(), *_YES):
            return True
        return False if word in (self.no.casefold(), *_NO) else None

    def _day(self, text: str) -> date:
        for form in ("%Y-%m-%d", self.format):
            try:
                return datetime.strptime(text, form).date()
            except ValueError:
                continue
        raise ValueError(f"{text!r} is not a date like 2026-05-04")


MOST_ROWS = 1_048_576  # of a sheet: no header stands below


class TableSettings(Section):
    """Where a file of an export has its header: in an XLSX file on a sheet, in any file on a line or row."""

    sheet: Text = ""  # empty: the first visible one
    header_row: int = Field(default=0, ge=0, le=MOST_ROWS)  # counted from 1, blank lines too; 0: it is looked for


class ConsentSettings(Section):
    """The column that says who may be tracked: whoever has none of the values of `yes` there refuses."""

    column: Column
    yes: list[Name]
    empty: Literal["yes", "no"] = "no"  # what an empty cell means

    @field_validator("yes")
    @classmethod
    def _check_yes(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("it must name what stands in the column of who agrees: nobody could be counted else")
        return value

    def given(self, cell: str) -> bool:
        """Whether a cell says that the contact may be tracked."""
        text = cell.strip().casefold()
        return any(word.strip().casefold() == text for word in self.yes) if text else self.empty == "yes"


CONTACT_NAMES = ("id", "contact_id", "email", "name", "company", "our_contact", "interests")  # in `{contact.name}`


def _columns(value: object) -> object:
    """The column or columns of a name."""
    columns = [value] if isinstance(value, str) else value
    if not isinstance(columns, list) or not columns or not all(isinstance(one, str) and one.strip() for one in columns):
        raise ValueError(f'it must be a column or a list of some, like ["First name", "Last name"], not {shown(value)}')
    refuse_twice(columns)
    return value


def _is_one(column: str, other: object) -> bool:
    """Whether two settings name the same column, as columns are looked for."""
    return isinstance(other, str) and same_name(column) == same_name(other)


def _refuse_same(table: TableSettings, setting: str, *others: str) -> None:
    """Misfit when the column of one setting is that of another one, too."""
    column = getattr(table, setting)
    for other in others:
        if _is_one(column, getattr(table, other)):
            raise Misfit(f"the column {column!r} is that of {other}, too: name another one", setting)


class ContactSettings(TableSettings):
    """The columns of `contacts.*`."""

    id: Column = "contact_id"
    email: Column = "email"
    name: Annotated[str | list[str], BeforeValidator(_columns)] = "name"  # several columns are joined by blanks
    company: Column = "company_id"
    our_contact: Column = "our_contact"
    interests: Column = "interests"
    interests_separator: Separator = ","
    consent: ConsentSettings | None = None  # without it the export says nothing, and whoever has not refused is tracked
    fields: dict[Name, FieldSettings] = {}

    @field_validator("fields")
    @classmethod
    def _check_fields(cls, value: dict[str, FieldSettings]) -> dict[str, FieldSettings]:
        refuse_twice(value)
        return value

    @model_validator(mode="after")
    def _check_columns(self) -> ContactSettings:
        _refuse_same(self, "interests", "id", "email", "name", "company", "our_contact")
        own = {**{name: getattr(self, name, None) for name in CONTACT_NAMES}, "contact_id": self.id}
        for name, field in self.fields.items():
            if _is_one(field.column, self.id):
                raise Misfit(f"{field.column!r} holds the ids, which nothing may change", "fields", name, "column")
            if name in own and not _is_one(field.column, own[name]):
                raise Misfit(
                    f"{name!r} is the column {own[name]!r} already: give this field another name", "fields", name
                )
        return self


class CompanySettings(TableSettings):
    """The columns of `companies.*`."""

    id: Column = "company_id"
    name: Column = "name"
    interests: Column = "interests"
    interests_separator: Separator = ","

    @model_validator(mode="after")
    def _check_columns(self) -> CompanySettings:
        _refuse_same(self, "interests", "id", "name")
        return self


class MemberSettings(TableSettings):
    """The columns of a file with one row for each member of something."""

    name: Column
    contact: Column = "contact_id"

    @model_validator(mode="after")
    def _check_columns(self) -> MemberSettings:
        _refuse_same(self, "name", "contact")
        return self


class SelectionSettings(MemberSettings):
    """The columns of `selections.*`."""

    name: Column = "selection"


class ProjectSettings(MemberSettings):
    """The columns of `projects.*`."""

    name: Column = "project"


class FollowUpSettings(TableSettings):
    """The columns of `follow-ups.*`: what is in people's calendars already, as times in ISO 8601."""

    user: Column = "assigned_to"
    start: Column = "start"
    end: Column = "end"

    @model_validator(mode="after")
    def _check_columns(self) -> FollowUpSettings:
        _refuse_same(self, "start", "end")
        _refuse_same(self, "user", "start", "end")
        return self


class RequestSettings(TableSettings):
    """The column of `requests.*`: one row for each open request."""

    owner: Column = "owner"


def _users(value: list[str]) -> list[str]:
    if found := next((user for user in value if user.strip().casefold() in ("auto", "unassigned")), None):
        raise ValueError(f"{found!r} is no user: an action says so of a request that nobody or any member is to own")
    return value


Users = Annotated[Names, AfterValidator(_users)]


class CrmSettings(Section):
    """How a CRM's export is understood."""

    encoding: Encoding = ""  # needed where it is neither UTF-8 nor marked by a BOM
    delimiter: Delimiter = ""  # needed where it cannot be found
    escape: Literal["", "\\"] = ""  # what stands before a quote within quotes; nothing: quotes are doubled
    users: Users = []
    categories: dict[Name, Users] = {}
    contacts: ContactSettings = ABSENT
    companies: CompanySettings = ABSENT
    selections: SelectionSettings = ABSENT
    projects: ProjectSettings = ABSENT
    follow_ups: FollowUpSettings = ABSENT
    requests: RequestSettings = ABSENT
    user_column: Column = "user"  # of users.*
    user_sheet: Text = ""
    user_header_row: int = Field(default=0, ge=0, le=MOST_ROWS)

    @field_validator("categories")
    @classmethod
    def _check_categories(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        refuse_twice(value)
        return value

    @model_validator(mode="after")
    def _check_signs(self) -> CrmSettings:
        if self.escape and self.delimiter == self.escape:
            raise Misfit("escape is the same sign: it cannot be both", "delimiter")
        return self
