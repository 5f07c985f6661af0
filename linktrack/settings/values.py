"""What settings may hold: the kinds of their values, each checked when the settings are read.

A value that some command would refuse or misunderstand later is none. Each check takes the value as it was written and
returns it, or raises ValueError with a reason that goes on from the setting's name: "it must …".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Network, ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linktrack.database_urls import SQLITE_URL, checked_database_url
from linktrack.errors import BadInput, UsageError
from linktrack.hosts import checked_host
from linktrack.mail_senders import sender
from linktrack.moments import DAY, read_length, zone_of
from linktrack.names import same_name
from linktrack.values import CONTROLS

_CENTURY = 36_500  # days: what is longer was not meant
_LARGEST_SIZE = 10**12  # bytes


class Misfit(ValueError):
    """A setting that does not go together with others of its table, in which it has the place `keys`."""

    def __init__(self, reason: str, *keys: str) -> None:
        super().__init__(reason)
        self.keys = keys


class Section(BaseModel):
    """A table of the file: unknown keys and wrong types are errors. What checks it is made when it is first needed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


# The default of a table, without any key, by the checks of the one that it stands in: those of its own, which an
# instance would need, are never made.
ABSENT = Field(default={}, validate_default=True)


# --- texts and names -------------------------------------------------------------------------------------------


def _text(value: str) -> str:
    if found := CONTROLS.search(value):
        raise ValueError(f"it must be a text in one line, without the sign {found[0]!r}")
    if value and not value.strip():
        raise ValueError(f'it must not be blanks alone, as {value!r} is: write "", or leave the setting out')
    return value


def _name(value: str) -> str:
    if not value.strip():
        raise ValueError(f"it must not be empty, as {value!r} is: name something, or leave the setting out")
    return _text(value)


def _column(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise ValueError(f"it must be the name of a column, not {value!r}: leave the setting out if there is none")
    return value


def refuse_twice(names: Iterable[str]) -> None:
    """ValueError for a name that stands there twice, in whatever case."""
    known: dict[str, str] = {}
    for name in names:
        if first := known.get(same_name(name)):
            twice = f"{name!r} stands there twice" if first == name else f"{first!r} and {name!r} are one name"
            raise ValueError(f"{twice}: leave out one of them")
        known[same_name(name)] = name


def _none_twice(names: list[str]) -> list[str]:
    refuse_twice(names)
    return names


Text = Annotated[str, AfterValidator(_text)]  # in one line; it may be empty
Name = Annotated[str, AfterValidator(_name)]
Column = Annotated[str, AfterValidator(_column)]  # whose header may have several lines
NoneTwice = AfterValidator(_none_twice)
Names = Annotated[list[Name], NoneTwice]


# --- hosts and addresses ---------------------------------------------------------------------------------------


def checked_base_url(value: str) -> str:
    """`value` without a final slash; ValueError unless it is http(s)://host[:port][/path] with a host that can be."""
    found = re.fullmatch(r"(https?)://([^/?#@:\\]+)(?::([1-9][0-9]{0,4}))?((?:/[A-Za-z0-9._~\-]+)*)/?", value)
    if not found or int(found[3] or 1) > 65_535 or len(value) > 500 or {".", ".."} & {*found[4].split("/")}:
        raise ValueError(f"it must look like https://click.example.com, not {value!r}")
    name = checked_host(found[2])
    if name != found[2].lower():
        port = f":{found[3]}" if found[3] else ""
        raise ValueError(f"its host is written {found[1]}://{name}{port}{found[4]} in addresses: write it so")
    return value.rstrip("/")


def _host_with_others(value: str) -> str:
    """A host, which stands for its sub-domains, too: no top level domain, which would be the whole world."""
    name = checked_host(value)
    if "." not in name and name != "localhost":
        raise ValueError(f"a host is written like shop.example, not {value!r}: that would be all hosts below it")
    return value


def _domain(value: str) -> str:
    _host_with_others(value.strip().removeprefix("*.").strip("."))  # as `links.utm.allowed` reads it
    return value


def _listening(value: str) -> str:
    try:
        ip_address(value)
    except ValueError:
        if value.startswith("["):
            raise ValueError(f"it must be an address without brackets like ::1, not {value!r}") from None
        checked_host(value)
    return value


def _network(value: str) -> str:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        network = None
    if network is None or "%" in value:
        raise ValueError(f"{value!r} is no network like 192.0.2.0/24")
    if isinstance(network, IPv6Network) and any(network.subnet_of(one) for one in _AS_IPV4):
        raise ValueError(f"addresses in {value!r} are read as the IPv4 addresses in them: name the network of those")
    return value


# Where an IPv6 address is an IPv4 one (`clicks.logs.visitor`): mapped (RFC 4291), 6to4 (RFC 3056), Teredo (RFC 4380).
_AS_IPV4 = tuple(map(IPv6Network, ("::ffff:0:0/96", "2002::/16", "2001::/32")))


def is_most_of_the_internet(value: str) -> bool:
    """Whether a network is larger than any that somebody has for themselves (RFC 1918, RFC 4193)."""
    network = ip_network(value, strict=False)
    return network.prefixlen < (8 if network.version == 4 else 7)


def _machines_network(value: str) -> str:
    if is_most_of_the_internet(_network(value)):
        raise ValueError(f"{value!r} is most of the internet, and all clicks from there would be a machine's")
    return value


def _sender(value: str) -> str:
    try:
        if value:
            sender(value)
    except BadInput:
        raise ValueError(f"a sender is written like Anna <anna@example.com>, not {value!r}") from None
    return value


BaseUrl = Annotated[str, AfterValidator(checked_base_url)]
Domain = Annotated[str, AfterValidator(_domain)]  # with its sub-domains; `*.` these only
FormHost = Annotated[str, AfterValidator(_host_with_others)]
ListeningHost = Annotated[str, AfterValidator(_listening)]
Network = Annotated[str, AfterValidator(_network)]
MachinesNetwork = Annotated[str, AfterValidator(_machines_network)]
Sender = Annotated[str, AfterValidator(_sender)]


# --- files -----------------------------------------------------------------------------------------------------


def _path(value: str) -> str:
    _text(value)
    if value.startswith("~"):
        raise ValueError(f"it must be a path from the workspace or from /, not {value!r}: ~ stands for no folder here")
    if len(value.encode()) > 4_000 or any(len(part.encode()) > 255 for part in value.split("/")):
        raise ValueError("it must be the path of a file or folder, and none has so long a name")
    return value


def _folder(value: str) -> str:
    return _path(_name(value))


def _database(value: str) -> str:
    if checked_database_url(value).startswith(SQLITE_URL):
        _path(value.removeprefix(SQLITE_URL))
    return value


FilePath = Annotated[str, AfterValidator(_path)]  # it may be empty
Folder = Annotated[str, AfterValidator(_folder)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]


# --- times, sizes, colours -------------------------------------------------------------------------------------


def _zone_name(value: str) -> str:
    zone_of(value)
    return value


def is_zone(value: object) -> bool:
    """Whether a value is the name of a time zone."""
    try:
        return isinstance(value, str) and bool(zone_of(value))
    except ValueError:
        return False


def _working_hours(value: list[str]) -> list[str]:
    clock = r"([01][0-9]|2[0-3]):[0-5][0-9]"
    last = ""
    for span in value:
        start, _, stop = span.partition("-")
        if not re.fullmatch(f"{clock}-({clock}|24:00)", span) or stop <= start or start < last:
            raise ValueError(f'it must look like ["09:00-12:00", "13:00-17:00"], one after the other, not {value!r}')
        last = stop
    return value


def _some_time(value: list[str]) -> list[str]:
    if not value:
        raise ValueError("it must name some: without working_days and working_hours there is no time for a follow-up")
    return value


def _length(value: str) -> str:
    try:
        length = read_length(value, "") if value else 0
    except UsageError:
        raise ValueError(f"a length of time is written like 400d or 60w, not {value!r}") from None
    if length > _CENTURY * DAY:
        raise ValueError(f'{value!r} is more than a hundred years: write "" for ever')
    return value


def bytes_of(size: str) -> int:
    """A size like `100MB` in bytes. ValueError for what is none, and for more than 1,000 GB."""
    found = re.fullmatch(r"([1-9][0-9]{0,5}) ?([KMG]B)", size)
    number = int(found[1]) * _SIZE_UNITS[found[2]] if found else 0
    if not 0 < number <= _LARGEST_SIZE:
        raise ValueError(f"a size is written like 100MB, and is at most 1000GB, not {size!r}")
    return number


_SIZE_UNITS = {"KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}


def _size(value: str) -> str:
    bytes_of(value)
    return value


def _colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise ValueError(f"a colour is written like #0b57d0, not {value!r}")
    return value


def _optional_colour(value: str) -> str:
    return value and _colour(value)


ZoneName = Annotated[str, AfterValidator(_zone_name)]
SomeTime = AfterValidator(_some_time)
WorkingHours = Annotated[list[str], SomeTime, AfterValidator(_working_hours)]
TimeSpan = Annotated[str, AfterValidator(_length)]
LONGEST_DAYS = _CENTURY
Size = Annotated[str, AfterValidator(_size)]
Colour = Annotated[str, AfterValidator(_colour)]
OptionalColour = Annotated[str, AfterValidator(_optional_colour)]


# --- how mails and exports are written -------------------------------------------------------------------------
