"""The workspace: where it is, what its `linktrack.toml` says, and what the environment says over it."""

from __future__ import annotations

import os
import re
import stat
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.settings import ActionSettings, CrmSettings
from linktrack.settings import Section as _Section

CONFIG_NAME = "linktrack.toml"
KEY_NAME = "linktrack.key"
DATABASE_NAME = "linktrack.db"


class DatabaseSettings(_Section):
    url: str = ""  # empty = linktrack.db in the workspace


class UtmSettings(_Section):
    """What `utm_*` parameters say where a mailing does not say otherwise."""

    policy: Literal["keep", "replace", "off"] = "keep"
    medium: str = "email"
    source: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    domains: list[str] = Field(default=[])  # empty = every host


class SenderSettings(_Section):
    """Who e-mails come from; `from` in the file."""

    from_: str = Field(default="", alias="from")


class MailingSettings(_Section):
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


class ClickSettings(_Section):
    """How clicks are imported and judged."""

    ip: Literal["truncate", "full", "none"] = "truncate"
    networks: list[str] = Field(default=[])  # networks whose clicks are machines', as 192.0.2.0/24
    trusted_proxies: list[str] = Field(default=[  # whose word is believed about who stands before them
        "127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "169.254.0.0/16",
        "fe80::/10",
    ])  # fmt: skip
    log_format: str = ""  # the name of a format or the server's own format string; empty = look at the content
    time_zone: str = "UTC"  # of logs that write local time without an offset (HAProxy)
    contact_variable: str = "contact_id"  # the custom variable of a mail service that holds the CRM's contact id
    mailing_variable: str = "mailing"  # the custom variable, tag or campaign that holds the mailing's name


class Settings(_Section):
    """All of `linktrack.toml`."""

    base_url: str
    database: DatabaseSettings = DatabaseSettings()
    utm: UtmSettings = UtmSettings()
    sender: SenderSettings = SenderSettings()
    mailings: MailingSettings = MailingSettings()
    clicks: ClickSettings = ClickSettings()
    actions: ActionSettings = ActionSettings()
    crm: CrmSettings = CrmSettings()

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, value: str) -> str:
        return checked_base_url(value)


@dataclass(frozen=True)
class Workspace:
    """A folder with `linktrack.toml` and what belongs to it."""

    root: Path
    settings: Settings
    environ: Mapping[str, str]

    @property
    def config_path(self) -> Path:
        return self.root / CONFIG_NAME

    @property
    def key_path(self) -> Path:
        return self.root / KEY_NAME

    @property
    def scripts_path(self) -> Path:
        return self.root / "scripts"

    @property
    def database_url(self) -> str:
        return self.settings.database.url or f"sqlite:///{self.root / DATABASE_NAME}"

    def secret(self) -> str:
        """The text of the signing keys: `LINKTRACK_SECRET`, else the key file, which nobody else may read."""
        if secret := self.environ.get("LINKTRACK_SECRET"):
            return secret
        try:
            mode = stat.S_IMODE(self.key_path.stat().st_mode)
            text = self.key_path.read_text("ascii")
        except FileNotFoundError:
            raise BadInput(
                "the signing key is missing: bring the file back from a backup, or set LINKTRACK_SECRET "
                "(a new key would make every address in sent mails invalid)",
                file=self.key_path,
            ) from None
        except PermissionError:
            raise Conflict("the signing key cannot be read: check who owns it", file=self.key_path) from None
        except UnicodeDecodeError:
            raise BadInput(
                "this is not a linktrack key file: it holds other bytes than ASCII", file=self.key_path
            ) from None
        if mode & 0o077:
            raise BadInput(
                f"the signing key can be read by others (mode {mode:04o}): run chmod 600 on it", file=self.key_path
            )
        return text

    def error_at(self, keys: tuple[str, ...], sentence: str) -> BadInput:
        """An error about the setting `keys` (table names, then the key), with its line in the file."""
        text = self.config_path.read_text("utf-8")
        return BadInput(sentence, file=self.config_path, line=line_of(text, keys))


def checked_base_url(value: str) -> str:
    """`value` without a final slash; ValueError unless it is http(s)://host[:port][/path]."""
    if not re.fullmatch(r"https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~\-]+)*/?", value):
        raise ValueError(f"base_url must look like https://click.example.com, not {value!r}")
    return value.rstrip("/")


def find_workspace(start: Path, named: Path | None, environ: Mapping[str, str]) -> Workspace:
    """The workspace `named`, or of `LINKTRACK_WORKSPACE`, or the nearest one upwards from `start`."""
    if named is None and environ.get("LINKTRACK_WORKSPACE"):
        named = Path(environ["LINKTRACK_WORKSPACE"])
    if named is not None:
        named = named.absolute()
        if not (named / CONFIG_NAME).is_file():
            raise NotFound(f"there is no {CONFIG_NAME} in {named}: make one with linktrack init {named}")
        return load_workspace(named, environ)
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return load_workspace(folder, environ)
    raise NotFound(
        f"no {CONFIG_NAME} in {start} or above it: run linktrack init, or name a workspace with --workspace DIR"
    )


def load_workspace(root: Path, environ: Mapping[str, str] = os.environ) -> Workspace:
    """Read `root`'s settings. BadInput with file and line for broken TOML, unknown keys and wrong types."""
    path = root / CONFIG_NAME
    text, raw = read_toml(path)
    overrides = _from_environment(raw, environ)
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as problem:
        first = problem.errors()[0]
        keys = tuple(str(part) for part in first["loc"])
        name = ".".join(keys)
        if keys in overrides:
            raise BadInput(f"{overrides[keys]}: {_sentence(first, name)}") from None
        raise BadInput(_sentence(first, name), file=path, line=line_of(text, keys)) from None
    return Workspace(root, settings, environ)


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """A TOML file (`-` is standard input) as (its text, its tables). BadInput with line and column, NotFound."""
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        text = data.decode("utf-8-sig")
        return text, tomllib.loads(text)
    except FileNotFoundError:
        raise NotFound(f"no such file: {path}") from None
    except IsADirectoryError:
        raise BadInput("this is a folder, not a TOML file", file=path) from None
    except PermissionError:
        raise Conflict("no permission to read this file", file=path) from None
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise BadInput("TOML must be UTF-8: save the file in that encoding", file=path, line=line) from None
    except tomllib.TOMLDecodeError as problem:
        what, _, where = str(problem).partition(" (at ")
        numbers = [int(number) for number in re.findall(r"\d+", where)]
        line = numbers[0] if numbers else len(text.splitlines())
        column = numbers[1] if len(numbers) > 1 else None
        raise BadInput(f"not valid TOML: {what[0].lower()}{what[1:]}", file=path, line=line, column=column) from None


def line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """The line of a TOML text where the key or table `keys` stands (the nearest that can be found)."""
    table: tuple[str, ...] = ()
    best: tuple[int, int | None] = (0, None)
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
            here = table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
        elif pair := re.match(r"""\s*("[^"]*"|'[^']*'|[\w\-]+)\s*=""", line):
            here = (*table, pair[1].strip("\"'"))
        else:
            continue
        depth = len(here) if keys[: len(here)] == here else 0
        if depth > best[0]:
            best = (depth, number)
    return best[1]


def _from_environment(raw: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Lay `LINKTRACK_BASE_URL`, `LINKTRACK_DATABASE_URL`, `LINKTRACK_<TABLE>_<KEY>` over `raw`."""
    overrides: dict[tuple[str, ...], str] = {}
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, _Section):
            keys: list[tuple[str, ...]] = [(name, inner.alias or key) for key, inner in section.model_fields.items()]
        else:
            keys = [(name,)]
        for path in keys:
            variable = "LINKTRACK_" + "_".join(path).upper()
            if variable in environ and name != "crm":
                target = raw.setdefault(path[0], {}) if len(path) == 2 else raw
                if isinstance(target, dict):
                    target[path[-1]] = _scalar(environ[variable])
                    overrides[path] = variable
    return overrides


def _scalar(text: str) -> Any:
    """An environment value as TOML would read it, or as plain text."""
    if re.fullmatch(r"true|false|-?\d+|\[.*\]", text):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _sentence(error: Any, name: str) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"unknown setting {name!r}: see configs/linktrack.toml for the ones there are"
    if kind == "missing":
        return f"the setting {name!r} is missing"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    return f"{name!r} cannot be {error['input']!r}: {error['msg'][0].lower()}{error['msg'][1:]}"
