"""The settings: all of `linktrack.toml`, checked when it is read, with file and line of what is wrong in it.

A setting comes from the file, and the environment stands over it (`LINKTRACK_CLICKS_IP`); an environment value has the
type of its setting, not of its look. What a setting means stands in `configs/linktrack.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from linktrack.database_urls import checked_database_url
from linktrack.errors import BadInput, UsageError
from linktrack.mail_senders import sender
from linktrack.moments import read_length, zone_of
from linktrack.toml_files import TomlFile, parse_toml
from linktrack.values import wrong_value

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


Language = Literal["en", "sv"]


class Section(BaseModel):
    """A table of the file: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _zone_name(value: str) -> str:
    zone_of(value)
    return value


def _is_zone(value: str) -> bool:
    try:
        zone_of(value)
    except ValueError:
        return False
    return True


def _network(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value!r} is no network like 192.0.2.0/24") from None
    return value


# Loopback, RFC 1918, RFC 4193 and link-local: what no visitor can come from.
PRIVATE_NETWORKS = (
    *("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    *("fc00::/7", "169.254.0.0/16", "fe80::/10"),
)


def _domain(value: str) -> str:
    name = value.strip().removeprefix("*.").strip(".")  # as `links.utm.allowed` reads it: no top level domain
    if name != "localhost" and not re.fullmatch(r"[\w\-]+(\.[\w\-]+)+", name):
        raise ValueError(f"a domain is written like shop.example or *.shop.example, not {value!r}")
    return value


def _sender(value: str) -> str:
    try:
        if value:
            sender(value)
    except BadInput:
        raise ValueError(f"a sender is written like Anna <anna@example.com>, not {value!r}") from None
    return value


ZoneName = Annotated[str, AfterValidator(_zone_name)]
Network = Annotated[str, AfterValidator(_network)]
Domain = Annotated[str, AfterValidator(_domain)]  # with its sub-domains; `*.` these only
Sender = Annotated[str, AfterValidator(_sender)]


class DatabaseSettings(Section):
    url: Annotated[str, AfterValidator(checked_database_url)] = ""  # empty = linktrack.db in the workspace
    id: str = ""  # the database that belongs to these settings; init and restore write it


class UtmSettings(Section):
    """What `utm_*` parameters say where a mailing does not say otherwise."""

    policy: Literal["keep", "replace", "off"] = "keep"
    medium: str = "email"
    source: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    id: str = ""
    source_platform: str = ""
    creative_format: str = ""
    marketing_tactic: str = ""
    domains: list[Domain] = Field(default=[])  # empty = every host


class SenderSettings(Section):
    """Who e-mails come from; `from` in the file."""

    from_: Sender = Field(default="", alias="from")


class MailingSettings(Section):
    """How mails are read."""

    merge_tags: list[list[str]] = Field(default=[])  # further dialects: [opening, closing]

    @field_validator("merge_tags")
    @classmethod
    def _check_merge_tags(cls, value: list[list[str]]) -> list[list[str]]:
        if not all(len(pair) == 2 and all(pair) for pair in value):
            raise ValueError(f'mailings.merge_tags is a list of pairs like [["##", "##"]], not {value!r}')
        return value

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        return tuple((opening, closing) for opening, closing in self.merge_tags)


class ClickSettings(Section):
    """How clicks are imported and judged."""

    ip: Literal["truncate", "full", "none"] = "truncate"
    networks: list[Network] = []  # networks whose clicks are machines', as 192.0.2.0/24
    trusted_proxies: list[Network] = list(PRIVATE_NETWORKS)  # whose word is believed about who stands before them
    log_format: str = ""  # the name of a format or the server's own format string; empty = look at the content
    time_zone: ZoneName = (
        "UTC"  # of logs that write local time without an offset (HAProxy); the workspace's unless it is set
    )
    unsubscribe_on: Literal["post", "get"] = "post"  # get: where a page of one's own has asked the person already
    contact_variable: str = "contact_id"  # the custom variable of a mail service that holds the CRM's contact id
    mailing_variable: str = "mailing"  # the custom variable, tag or campaign that holds the mailing's name


class ActionSettings(Section):
    """When follow-ups may be planned, and how files are written."""

    time_zone: ZoneName = "UTC"  # of working hours, holidays and start times; the workspace's unless it is set
    working_days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = ["mon", "tue", "wed", "thu", "fri"]
    working_hours: list[str] = ["09:00-17:00"]
    holidays: list[date] = []
    guard_formulas: bool = True  # a ' stands before what a spreadsheet would run in the CSV files that linktrack makes

    @field_validator("working_days", "working_hours")
    @classmethod
    def _check_not_empty(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("without working_days and working_hours there is no time for a follow-up: name some")
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
    def _from_name(cls, value: object) -> object:
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
    header_row: int = Field(default=0, ge=0, le=1_000_000_000)  # counted from 1, blank lines too; 0: it is looked for


class ConsentSettings(Section):
    """The column that says who may be tracked: whoever has none of the values of `yes` there refuses."""

    column: str = Field(min_length=1)
    yes: list[str]
    empty: Literal["yes", "no"] = "no"  # what an empty cell means

    @field_validator("yes")
    @classmethod
    def _check_yes(cls, value: list[str]) -> list[str]:
        if not any(word.strip() for word in value):
            raise ValueError("consent.yes names what stands in the column of who agrees: nobody could be counted else")
        return value

    def given(self, cell: str) -> bool:
        """Whether a cell says that the contact may be tracked."""
        text = cell.strip().casefold()
        return any(word.strip().casefold() == text for word in self.yes) if text else self.empty == "yes"


class ContactSettings(TableSettings):
    """The columns of `contacts.*`."""

    id: str = "contact_id"
    email: str = "email"
    name: str | list[str] = "name"  # several columns are joined by blanks
    company: str = "company_id"
    our_contact: str = "our_contact"
    interests: str = "interests"
    interests_separator: str = Field(default=",", min_length=1)
    consent: ConsentSettings | None = None  # without it the export says nothing, and whoever has not refused is tracked
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
    user_header_row: int = Field(default=0, ge=0, le=1_000_000_000)

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


_SIZE_UNITS = {"KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}


def bytes_of(size: str) -> int:
    """A size like `100MB` in bytes. ValueError for what is none, or is less than a kilobyte."""
    found = re.fullmatch(r"([1-9][0-9]{0,5}) ?([KMG]B)", size)
    if found is None:
        raise ValueError(f"a size is written like 100MB, not {size!r}")
    return int(found[1]) * _SIZE_UNITS[found[2]]


def _size(value: str) -> str:
    bytes_of(value)
    return value


def _colour(value: str) -> str:
    if value and not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise ValueError(f"a colour is written like #0b57d0, not {value!r}")
    return value


Size = Annotated[str, AfterValidator(_size)]
Colour = Annotated[str, AfterValidator(_colour)]


class ServeSettings(Section):
    """How `linktrack serve` answers."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8080, ge=0, le=65_535)  # 0 = one that is free
    workers: int = Field(default=1, ge=1, le=64)
    log: str = ""  # the folder of the click log; empty = clicklog in the workspace
    log_size: Size = "100MB"  # beyond which a file of it is followed by another
    form_hosts: list[str] = []  # whose forms may get prefilled values, with their sub-domains; empty = all
    subscriptions_days: int = Field(default=21, ge=1)  # after the sending, that a mail opens the subscriptions page


class PageSettings(Section):
    """How the pages look that visitors see."""

    name: str = ""  # empty = the host of base_url
    accent: Colour = "#0b57d0"
    background: Colour = ""  # empty = light or dark, as the visitor's system is
    logo: str = ""  # a PNG, JPEG or SVG file in the workspace
    consent: bool = False  # the subscriptions page asks whether the person may be tracked
    templates: str = Field(default="pages", min_length=1)  # a folder in the workspace; they stand in the place of ours


class SubscriptionSettings(Section):
    """What stands on the subscriptions page beside the types of all mailings."""

    types: list[str] = []


def _length(value: str) -> str:
    try:
        if value:
            read_length(value, "")
    except UsageError:
        raise ValueError(f"a length of time is written like 400d or 60w, not {value!r}") from None
    return value


Length = Annotated[str, AfterValidator(_length)]


class RetentionSettings(Section):
    """How long `linktrack database purge --due` leaves what; empty = for ever."""

    clicks: Length = ""  # each with visitor, agent and verdict; reports do without
    click_logs: Length = ""  # files of the own click log, once they are wholly imported
    agents: Length = ""  # of clicks: after it only the device is left
    values: Length = ""  # of recipients, for merge tags and forms, after the last mail to them


class Settings(Section):
    """All of `linktrack.toml`."""

    base_url: str
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

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, value: str) -> str:
        return checked_base_url(value)

    @model_validator(mode="before")
    @classmethod
    def _share_time_zone(cls, tables: dict[str, Any]) -> dict[str, Any]:
        """`[clicks]` and `[actions]` live in the workspace's zone unless they say otherwise; a zone that is none is
        an error once, of the workspace."""
        zone = tables.get("time_zone")
        if isinstance(zone, str) and _is_zone(zone):
            for name in ("clicks", "actions"):
                section = tables.get(name, {})
                if isinstance(section, dict):
                    tables = {**tables, name: {"time_zone": zone, **section}}
        return tables


def checked_base_url(value: str) -> str:
    """`value` without a final slash; ValueError unless it is http(s)://host[:port][/path], with a path that browsers
    leave as it is."""
    found = re.fullmatch(r"https?://[A-Za-z0-9.\-]+(?::([0-9]{1,5}))?((?:/[A-Za-z0-9._~\-]+)*)/?", value)
    if not found or not 0 < int(found[1] or 1) < 65_536 or {".", ".."} & {*found[2].split("/")}:
        raise ValueError(f"base_url must look like https://click.example.com, not {value!r}")
    return value.rstrip("/")


# --- reading ---------------------------------------------------------------------------------------------------

# What a script of an action gets, which may call linktrack in its turn: `custId` as CUST_ID and as CUSTID.
SCRIPT_VARIABLES = frozenset(
    f"LINKTRACK_{name}"
    for words in ("CUST_ID", "LINK_ID", "SHIPMENT_ID", "LINK_URL", "LINK_HITS", "RETURN_URL")
    for name in (words, words.replace("_", ""))
)
_NO_SETTINGS = SCRIPT_VARIABLES | {"LINKTRACK_WORKSPACE", "LINKTRACK_SECRET"}


def settings_of(file: TomlFile, environ: Mapping[str, str]) -> tuple[Settings | None, list[BadInput]]:
    """The settings that a file and the environment make, or all that is wrong with them."""
    tables = {name: dict(value) if isinstance(value, dict) else value for name, value in file.tables.items()}
    variables = _variables()
    overrides = _lay_over(tables, environ, variables)
    problems = _unknown_variables(environ, variables)
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as problem:
        return None, [*(_located(error, file, overrides) for error in problem.errors()), *problems]
    return (None, problems) if problems else (settings, [])


def _located(error: ErrorDetails, file: TomlFile, overrides: Mapping[tuple[str, ...], str]) -> BadInput:
    keys = tuple(str(part) for part in error["loc"])
    name = ".".join(str(part) for part in error["loc"] if not isinstance(part, int))
    sentence = wrong_value(error, name)
    variable = next((overrides[keys[:size]] for size in (1, 2) if keys[:size] in overrides), None)
    if variable is not None:
        return BadInput(f"{variable}: {sentence}")
    return file.error_at(keys, sentence)


class _Variable(NamedTuple):
    """The setting that an environment variable stands over, and its type."""

    keys: tuple[str, ...]
    annotation: object


def _variables() -> dict[str, _Variable]:
    """`LINKTRACK_BASE_URL`, `LINKTRACK_DATABASE_URL`, `LINKTRACK_<TABLE>_<KEY>`; `[crm]` cannot be given so."""
    found: dict[str, _Variable] = {}
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if not (isinstance(section, type) and issubclass(section, Section)):
            found[f"LINKTRACK_{name.upper()}"] = _Variable((name,), section)
        elif name != "crm":
            for key, setting in section.model_fields.items():
                keys = (name, setting.alias or key)
                found["LINKTRACK_" + "_".join(keys).upper()] = _Variable(keys, setting.annotation)
    return found


def _lay_over(
    tables: dict[str, Any], environ: Mapping[str, str], variables: Mapping[str, _Variable]
) -> dict[tuple[str, ...], str]:
    """Lay the environment over the tables of the file. Returns the variables by the settings that they stand over."""
    overrides: dict[tuple[str, ...], str] = {}
    for variable in variables.keys() & environ.keys():
        keys, annotation = variables[variable]
        table = tables.setdefault(keys[0], {}) if len(keys) == 2 else tables
        if isinstance(table, dict):
            table[keys[-1]] = _typed(environ[variable], annotation)
            overrides[keys] = variable
    return overrides


def _unknown_variables(environ: Mapping[str, str], variables: Mapping[str, _Variable]) -> list[BadInput]:
    """A variable that begins like ours and is none would be passed over in silence: it is misspelt."""
    known = {*variables, *_NO_SETTINGS}
    found = []
    for name in sorted(name for name in environ if name.startswith("LINKTRACK_") and name not in known):
        from difflib import get_close_matches

        near = get_close_matches(name, sorted(known - SCRIPT_VARIABLES), n=1, cutoff=0.8)
        hint = f" (did you mean {near[0]}?)" if near else ""
        there = "[crm] stands in linktrack.toml alone" if name.startswith("LINKTRACK_CRM_") else "take it out"
        found.append(BadInput(f"no setting has the environment variable {name}{hint}: {there}"))
    return found


def _typed(text: str, annotation: object) -> object:
    """An environment value as its setting's type wants it: a text as it is, anything else as TOML writes it."""
    if annotation is str or getattr(annotation, "__origin__", None) is Literal:
        return text
    try:
        return parse_toml(f"value = {text}")["value"]
    except BadInput:
        return text
