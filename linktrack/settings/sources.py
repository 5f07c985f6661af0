"""Where settings come from: `linktrack.toml`, and over it the environment (`LINKTRACK_CLICKS_IP`).

An environment value has the type of its setting, not of its look. All that is wrong is found here, with the file's line
or the variable that says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import ValidationError

from linktrack.errors import BadInput
from linktrack.files.toml_files import TomlFile, parse_toml
from linktrack.names import did_you_mean, nearest
from linktrack.settings.tables import Settings
from linktrack.settings.values import Misfit, Section
from linktrack.values import wrong_value

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# What a script of an action gets, which may call linktrack in its turn: `custId` as CUST_ID and as CUSTID.
SCRIPT_VARIABLES = frozenset(
    f"LINKTRACK_{name}"
    for words in ("CUST_ID", "LINK_ID", "SHIPMENT_ID", "LINK_URL", "LINK_HITS", "RETURN_URL")
    for name in (words, words.replace("_", ""))
)
_NO_SETTINGS = SCRIPT_VARIABLES | {"LINKTRACK_WORKSPACE", "LINKTRACK_SECRET"}


def settings_from(file: TomlFile, environ: Mapping[str, str]) -> tuple[Settings | None, list[BadInput]]:
    """The settings that a file and the environment make, or all that is wrong with them."""
    tables = {name: dict(value) if isinstance(value, dict) else value for name, value in file.tables.items()}
    variables = _variables()
    _lay_over(tables, environ, variables)
    problems = [*_undecoded_variables(environ, variables), *_unknown_variables(environ, variables)]
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as problem:
        return None, [*(_located(error, file, environ) for error in problem.errors()), *problems]
    return (None, problems) if problems else (settings, [])


def setting_error(file: TomlFile, environ: Mapping[str, str], keys: Sequence[str], sentence: str) -> BadInput:
    """An error about the setting `keys` (table names, then the key): with its line in the file, or the variable that
    stands over it."""
    variable = "_".join(("LINKTRACK", *keys[:2])).upper()
    return BadInput(f"{variable}: {sentence}") if variable in environ else file.error_at(keys, sentence)


def _located(error: ErrorDetails, file: TomlFile, environ: Mapping[str, str]) -> BadInput:
    found = error.get("ctx", {}).get("error")
    place = [*error["loc"], *(found.keys if isinstance(found, Misfit) else ())]
    if place[-1:] == ["[key]"]:  # a name on the left of a =
        place = place[:-2]
    name = ".".join(str(part) for part in place if not isinstance(part, int))
    return setting_error(file, environ, [str(part) for part in place], wrong_value(error, name))


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


def _lay_over(tables: dict[str, Any], environ: Mapping[str, str], variables: Mapping[str, _Variable]) -> None:
    """Lay the environment over the tables of the file."""
    for variable in variables.keys() & environ.keys():
        keys, annotation = variables[variable]
        table = tables.setdefault(keys[0], {}) if len(keys) == 2 else tables
        if isinstance(table, dict):
            table[keys[-1]] = _typed(environ[variable], annotation)


def _undecoded_variables(environ: Mapping[str, str], variables: Mapping[str, _Variable]) -> Iterator[BadInput]:
    """Variables whose bytes are no text."""
    for name in sorted(variables.keys() & environ.keys()):
        try:
            environ[name].encode()
        except UnicodeEncodeError:
            yield BadInput(f"{name}: it is not UTF-8, like all settings: write it in that encoding")


def _unknown_variables(environ: Mapping[str, str], variables: Mapping[str, _Variable]) -> list[BadInput]:
    """A variable that begins like ours and is none would be passed over in silence: it is misspelt."""
    known = {*variables, *_NO_SETTINGS}
    found = []
    for name in sorted(name for name in environ if name.startswith("LINKTRACK_") and name not in known):
        hint = did_you_mean(nearest(name, sorted(known - SCRIPT_VARIABLES), 1, 0.8))
        there = "[crm] stands in linktrack.toml alone" if name.startswith("LINKTRACK_CRM_") else "take it out"
        found.append(BadInput(f"no setting has the environment variable {name}{hint}: {there}"))
    return found


def _typed(text: str, annotation: object) -> object:
    """An environment value as its setting's type wants it: a text as it is, anything else as TOML writes it."""
    if annotation is str or getattr(annotation, "__origin__", None) is Literal:
        return text
    try:
        found = parse_toml(f"value = {text}")
    except BadInput:
        return text
    return found["value"] if len(found) == 1 else text
