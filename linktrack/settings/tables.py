"""The settings: all tables of `linktrack.toml`, with what each setting may hold and what does not go together; those of
the CRM's export are in `crm`.

What a setting means stands in `configs/linktrack.toml`, where the settings come from in `sources`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from linktrack.names import folded
from linktrack.settings.crm import CrmSettings
from linktrack.settings.file_values import MergeTags
from linktrack.settings.values import (
    ABSENT,
    LONGEST_DAYS,
    BaseUrl,
    Colour,
    DatabaseUrl,
    Domain,
    FilePath,
    Folder,
    FormHost,
    ListeningHost,
    MachinesNetwork,
    Misfit,
    Name,
    Names,
    Network,
    NoneTwice,
    OptionalColour,
    Section,
    Sender,
    Size,
    SomeTime,
    Text,
    TimeSpan,
    WorkingHours,
    ZoneName,
    is_zone,
)

Language = Literal["en", "sv"]
WorkingDay = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


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

    clicks: TimeSpan = ""  # each with visitor, agent and verdict; reports do without
    click_logs: TimeSpan = ""  # files of the own click log, once they are wholly imported
    agents: TimeSpan = ""  # of clicks: after it only the device is left
    values: TimeSpan = ""  # of recipients, for merge tags and forms, after the last mail to them


class Settings(Section):
    """All of `linktrack.toml`."""

    base_url: BaseUrl
    time_zone: ZoneName = "UTC"  # in which times are read and shown, and cut into hours and days
    language: Language = "en"  # of pages and reports
    database: DatabaseSettings = ABSENT
    utm: UtmSettings = ABSENT
    sender: SenderSettings = ABSENT
    mailings: MailingSettings = ABSENT
    clicks: ClickSettings = ABSENT
    actions: ActionSettings = ABSENT
    serve: ServeSettings = ABSENT
    pages: PageSettings = ABSENT
    subscriptions: SubscriptionSettings = ABSENT
    retention: RetentionSettings = ABSENT
    crm: CrmSettings = ABSENT

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
