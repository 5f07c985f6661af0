"""The settings: all tables of `linktrack.toml`, with what each setting may hold and what does not go together.

What a setting means stands in `configs/linktrack.toml`, where the settings come from in `setting_sources`.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from linktrack.names import folded, same_name
from linktrack.setting_values import (
    LONGEST_DAYS,
    BaseUrl,
    Colour,
    Column,
    DatabaseUrl,
    DateFormat,
    Delimiter,
    Domain,
    Encoding,
    FilePath,
    Folder,
    FormHost,
    Length,
    ListeningHost,
    MachinesNetwork,
    MergeTags,
    Name,
    Names,
    Network,
    NoneTwice,
    OptionalColour,
    Sender,
    Separator,
    Size,
    SomeTime,
    Text,
    WorkingHours,
    ZoneName,
    is_zone,
    refuse_twice,
)
from linktrack.values import shown

Language = Literal["en", "sv"]
WorkingDay = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Misfit(ValueError):
    """A setting that does not go together with others of its table, in which it has the place `keys`."""

    def __init__(self, reason: str, *keys: str) -> None:
        super().__init__(reason)
        self.keys = keys


class Section(BaseModel):
    """A table of the file: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


# Loopback, RFC 1918, RFC 4193 and link-local: what no visitor can come from.
PRIVATE_NETWORKS = (
    *("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    *("fc00::/7", "169.254.0.0/16", "fe80::/10"),
)


class DatabaseSettings(Section):
    """Where the database is, and which one it has to be."""

    url: DatabaseUrl = ""  # empty = linktrack.db in the workspace
    id: Text = ""  # the database that belongs to these settings; init and restore write it


class UtmSettings(Section):
    """What `utm_*` parameters say where a mailing does not say otherwise."""

    policy: Literal["keep", "replace", "off"] = "keep"
    medium: Text = "email"
    source: Text = ""
    campaign: Text = ""
    content: Text = ""
    term: Text = ""
    id: Text = ""
    source_platform: Text = ""
    creative_format: Text = ""
    marketing_tactic: Text = ""
    domains: list[Domain] = []  # empty = every host


class SenderSettings(Section):
    """Who e-mails come from; `from` in the file."""

    from_: Sender = Field(default="", alias="from")


class MailingSettings(Section):
    """How mails are read."""

    merge_tags: MergeTags = []  # further dialects: [opening, closing]

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        return tuple((opening, closing) for opening, closing in self.merge_tags)


class ClickSettings(Section):
    """How clicks are imported and judged."""

    ip: Literal["truncate", "full", "none"] = "truncate"
    networks: list[MachinesNetwork] = []  # networks whose clicks are machines', as 192.0.2.0/24
    trusted_proxies: list[Network] = list(PRIVATE_NETWORKS)  # whose word about visitors is believed
    log_format: str = ""  # the name of a format or the server's own format string; empty = look at the content
    time_zone: ZoneName = (
        "UTC"  # of logs that write local time without an offset (HAProxy); the workspace's unless it is set
    )
    unsubscribe_on: Literal["post", "get"] = "post"  # get: where a page of one's own has asked the person already
    contact_variable: Name = "contact_id"  # the custom variable of a mail service that holds the CRM's contact id
    mailing_variable: Name = "mailing"  # the custom variable, tag or campaign that holds the mailing's name

    @model_validator(mode="after")
    def _check_variables(self) -> ClickSettings:
        contact, mailing = self.contact_variable, self.mailing_variable  # as events are searched for them
        if contact == mailing or (folded(contact) and folded(contact) == folded(mailing)):
            raise Misfit(
                f"mailing_variable is {self.mailing_variable!r}, too: one variable cannot hold both", "contact_variable"
            )
        return self


class ActionSettings(Section):
    """When follow-ups may be planned, and how files are written."""

    time_zone: ZoneName = "UTC"  # of working hours, holidays and start times; the workspace's unless it is set
    working_days: Annotated[list[WorkingDay], SomeTime, NoneTwice] = ["mon", "tue", "wed", "thu", "fri"]
    working_hours: WorkingHours = ["09:00-17:00"]
    holidays: list[date] = []
    guard_formulas: bool = True  # a ' stands before what a spreadsheet would run in the CSV files that linktrack makes


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
        if value is True or text in (self.yes.casefold(), *_YES):
            return True
        if value is False or text in (self.no.casefold(), *_NO):
            return False
        raise ValueError(f"{value!r} is neither yes nor no")

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
    contacts: ContactSettings = ContactSettings()
    companies: CompanySettings = CompanySettings()
    selections: SelectionSettings = SelectionSettings()
    projects: ProjectSettings = ProjectSettings()
    follow_ups: FollowUpSettings = FollowUpSettings()
    requests: RequestSettings = RequestSettings()
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


class ServeSettings(Section):
    """How `linktrack serve` answers."""

    host: ListeningHost = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)  # 0 = one that is free
    workers: int = Field(default=1, ge=1, le=64)
    log: FilePath = ""  # the folder of the click log; empty = clicklog in the workspace
    log_size: Size = "100MB"  # beyond which a file of it is followed by another
    form_hosts: list[FormHost] = []  # whose forms may get prefilled values, with their sub-domains; empty = all
    subscriptions_days: int = Field(
        default=21, ge=1, le=LONGEST_DAYS
    )  # after the sending, that a mail opens the subscriptions page


class PageSettings(Section):
    """How the pages look that visitors see."""

    name: Text = ""  # empty = the host of base_url
    accent: Colour = "#0b57d0"
    background: OptionalColour = ""  # empty = light or dark, as the visitor's system is
    logo: FilePath = ""  # a PNG, JPEG or SVG file in the workspace
    consent: bool = False  # the subscriptions page asks whether the person may be tracked
    templates: Folder = "pages"  # a folder in the workspace; they stand in the place of ours


class SubscriptionSettings(Section):
    """What stands on the subscriptions page beside the types of all mailings."""

    types: Names = []

    @field_validator("types")
    @classmethod
    def _check_types(cls, value: list[str]) -> list[str]:
        if any(type.strip() == "*" for type in value):
            raise ValueError('no type is called "*": a button with it leaves them all')
        return value


class RetentionSettings(Section):
    """How long `linktrack database purge --due` leaves what; empty = for ever."""

    clicks: Length = ""  # each with visitor, agent and verdict; reports do without
    click_logs: Length = ""  # files of the own click log, once they are wholly imported
    agents: Length = ""  # of clicks: after it only the device is left
    values: Length = ""  # of recipients, for merge tags and forms, after the last mail to them


class Settings(Section):
    """All of `linktrack.toml`."""

    base_url: BaseUrl
    time_zone: ZoneName = "UTC"  # in which times are read and shown, and cut into hours and days
    language: Language = "en"  # of pages and reports
    database: DatabaseSettings = DatabaseSettings()
    utm: UtmSettings = UtmSettings()
    sender: SenderSettings = SenderSettings()
    mailings: MailingSettings = MailingSettings()
    clicks: ClickSettings = ClickSettings()
    actions: ActionSettings = ActionSettings()
    serve: ServeSettings = ServeSettings()
    pages: PageSettings = PageSettings()
    subscriptions: SubscriptionSettings = SubscriptionSettings()
    retention: RetentionSettings = RetentionSettings()
    crm: CrmSettings = CrmSettings()

    @model_validator(mode="before")
    @classmethod
    def _share_time_zone(cls, tables: dict[str, Any]) -> dict[str, Any]:
        """`[clicks]` and `[actions]` live in the workspace's zone unless they say otherwise; a zone that is none is
        an error once, of the workspace."""
        zone = tables.get("time_zone")
        if is_zone(zone):
            for name in ("clicks", "actions"):
                section = tables.get(name, {})
                if isinstance(section, dict):
                    tables = {**tables, name: {"time_zone": zone, **section}}
        return tables
