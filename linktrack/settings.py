"""The sections of `linktrack.toml` that say how a CRM's export is understood and what actions may plan."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Section(BaseModel):
    """A table of the file: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ActionSettings(Section):
    """When follow-ups may be planned, and how files are written."""

    time_zone: str = "UTC"  # of working hours, holidays and start times
    working_days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = ["mon", "tue", "wed", "thu", "fri"]
    working_hours: list[str] = ["09:00-17:00"]
    holidays: list[date] = []
    guard_formulas: bool = True  # a ' stands before what a spreadsheet would run in the CSV files that linktrack makes

    @field_validator("time_zone")
    @classmethod
    def _check_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"time_zone must be a name like Europe/Stockholm, not {value!r}") from None
        return value

    @field_validator("working_hours")
    @classmethod
    def _check_working_hours(cls, value: list[str]) -> list[str]:
        clock = r"([01]\d|2[0-3]):[0-5]\d"
        last = ""
        for span in value:
            start, _, stop = span.partition("-")
            if not re.fullmatch(f"{clock}-({clock}|24:00)", span) or stop <= start or start < last:
                raise ValueError(f'working_hours must look like ["09:00-12:00", "13:00-17:00"], not {value!r}')
            last = stop
        return value


class FieldSettings(Section):
    """The column of an action's field, and what it may hold; in the file also just the column's name."""

    column: str
    type: Literal["text", "number", "date", "yes-no", "list"] = "text"
    values: list[str] = []  # of a list
    format: str = "%Y-%m-%d"  # of a date
    decimal: Literal[".", ","] = "."  # of a number
    yes: str = "true"  # of a yes-no
    no: str = "false"
    create: bool = False  # add the column where the export lacks it

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    def written(self, value: str | int | float | bool) -> str:
        """An action's value as the export's cells write it. ValueError with a reason when it does not fit the type."""
        if self.type == "yes-no":
            return self.yes if self._is_yes(value) else self.no
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

    def _is_yes(self, value: str | int | float | bool) -> bool:
        text = str(value).strip().casefold()
        if value is True or text in (self.yes.casefold(), "true", "yes", "1"):
            return True
        if value is False or text in (self.no.casefold(), "false", "no", "0"):
            return False
        raise ValueError(f"{value!r} is neither yes nor no")

    def _day(self, text: str) -> date:
        for form in ("%Y-%m-%d", self.format):
            try:
                return datetime.strptime(text, form).date()
            except ValueError:
                continue
        raise ValueError(f"{text!r} is not a date like 2026-05-04")


class TableSettings(Section):
    """Where a file of an export has its header: in an XLSX file on a sheet, in any file on a line or row."""

    sheet: str = ""  # empty: the first visible one
    header_row: int = Field(default=0, ge=0)  # counted from 1, blank lines too; 0: it is looked for


class ContactSettings(TableSettings):
    """The columns of `contacts.*`."""

    id: str = "contact_id"
    email: str = "email"
    name: str | list[str] = "name"  # several columns are joined by blanks
    company: str = "company_id"
    our_contact: str = "our_contact"
    interests: str = "interests"
    interests_separator: str = Field(default=",", min_length=1)
    fields: dict[str, FieldSettings] = {}


class CompanySettings(TableSettings):
    """The columns of `companies.*`."""

    id: str = "company_id"
    name: str = "name"
    interests: str = "interests"
    interests_separator: str = Field(default=",", min_length=1)


class SelectionSettings(TableSettings):
    """The columns of `selections.*`: one row for each member."""

    name: str = "selection"
    contact: str = "contact_id"


class ProjectSettings(TableSettings):
    """The columns of `projects.*`: one row for each member."""

    name: str = "project"
    contact: str = "contact_id"


class FollowUpSettings(TableSettings):
    """The columns of `follow-ups.*`: what is in people's calendars already, as times in ISO 8601."""

    user: str = "assigned_to"
    start: str = "start"
    end: str = "end"


class RequestSettings(TableSettings):
    """The column of `requests.*`: one row for each open request."""

    owner: str = "owner"


class CrmSettings(Section):
    """How a CRM's export is understood."""

    encoding: str = ""  # needed where it is neither UTF-8 nor marked by a BOM
    delimiter: str = ""  # needed where it cannot be found
    escape: Literal["", "\\"] = ""  # what stands before a quote within quotes; nothing: quotes are doubled
    users: list[str] = []
    categories: dict[str, list[str]] = {}
    contacts: ContactSettings = ContactSettings()
    companies: CompanySettings = CompanySettings()
    selections: SelectionSettings = SelectionSettings()
    projects: ProjectSettings = ProjectSettings()
    follow_ups: FollowUpSettings = FollowUpSettings()
    requests: RequestSettings = RequestSettings()
    user_column: str = "user"  # of users.*
    user_sheet: str = ""
    user_header_row: int = Field(default=0, ge=0)

    @field_validator("encoding")
    @classmethod
    def _check_encoding(cls, value: str) -> str:
        try:
            "".encode(value or "utf-8")
        except LookupError:  # unknown, or no encoding of text
            raise ValueError(f"encoding must be a name like cp1252 or utf-16, not {value!r}") from None
        return value

    @field_validator("delimiter")
    @classmethod
    def _check_delimiter(cls, value: str) -> str:
        if len(value) > 1 or value in ('"', "\r", "\n"):
            raise ValueError(f"delimiter must be one character like ; or \\t, not {value!r}")
        return value
