"""The guess: which column of an export is what, by its name in the usual CRMs and by what stands in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from linktrack.crm.csv_table import CsvTable
from linktrack.crm.encoding import UnknownEncoding
from linktrack.crm.export import Table, find_table, looks_like_email, open_table
from linktrack.crm.mapping import Mapping, find_column
from linktrack.crm.multivalue import OddCell, names_in
from linktrack.errors import BadInput
from linktrack.settings.crm import CrmSettings

ROWS = 1_000  # that are looked at
SEPARATORS = ";,|"

# What columns are called, the surest first: in Swedish, English, SuperOffice, HubSpot, Salesforce, Dynamics.
_PERSON = "personid"  # where SuperOffice has it, `contact_id` is the company
_ID = (
    f"{_PERSON} contact_id kontakt-id kontaktid recordid hsobjectid donotmodifycontact contactid18 "
    "casesafeid id kontaktnr kontaktnummer personnummerid kundid kundnr kundnummer customerid customernumber "
    "contactnumber membernumber medlemsnr medlemsnummer crmid externalid externtid nummer number nr no"
)
_COMPANY_ID = (
    "companyid accountid associatedcompanyids associatedcompanyid primaryassociatedcompanyid företagsid företagid "
    "bolagsid organisationsid företagsnr företagsnummer bolagsnr bolagsnummer companynumber accountnumber "
    "parentcustomerid"
)
_COMPANY_BESIDE_PERSON = "contactid kontaktid"
_COMPANY = (
    "company companyname accountname account associatedcompany parentcustomer företag företagsnamn bolag organisation "
    "organization organisationname organizationname organisationsnamn"
)
_SELLER = (
    "ourcontact vårkontakt contactowner kontaktägare ansvarigsäljare säljare ansvarig ägare owner ownerid "
    "contactownerid accountmanager responsible salesperson"
)
_INTERESTS = (
    "interests intressen marketinginterests interest intresse intresseområden interestareas topics ämnen interestsc "
    "intressenc prenumererarpå prenumerationer subscriptions subscribedto"
)
NAMES: dict[str, dict[str, str]] = {  # by noun and setting
    "contacts": {
        "id": _ID,
        "email": "email epost epostadress mejl mejladress emailaddress emailaddress1 mail mailadress emailc",
        "company": f"{_COMPANY_ID} {_COMPANY}",
        "our_contact": _SELLER,
        "interests": _INTERESTS,
    },
    "companies": {
        "id": f"{_COMPANY_ID} contactid recordid donotmodifyaccount kontaktid id kundnr kundnummer nummer nr",
        "name": f"{_COMPANY} name namn",
        "interests": _INTERESTS,
    },
    "selections": {"name": "selection urval listname campaignname list lista name namn", "contact": _ID},
    "projects": {"name": "project projekt projectname projektnamn campaignname name namn", "contact": _ID},
    "users": {"user": "user användare associate handläggare username användarnamn owner email"},
    "follow-ups": {
        "user": f"assignedto tilldelad associate handläggare {_SELLER}",
        "start": "start starttime startdatetime startdate duedate starttid startdatum",
        "end": "end endtime enddatetime enddate sluttid slutdatum slut",
    },
    "requests": {"owner": f"ticketowner caseowner {_SELLER} assignedto associate handläggare"},
}
_FIRST = "firstname förnamn givenname tilltalsnamn"
_LAST = "lastname efternamn surname familyname"
_WHOLE = "name namn fullname contactname kontaktnamn fulltnamn fullständigtnamn displayname visningsnamn"


class GuessedSetting(NamedTuple):
    """A setting that a guess would write: its keys in `linktrack.toml`, its value, and what stands there now."""

    keys: tuple[str, ...]
    value: str | int | list[str]
    before: object = None


def guess_mapping(export: Path, mapping: Mapping) -> tuple[Mapping, list[GuessedSetting]]:
    """The mapping with what can be guessed of an export, and the settings that this would be.

    What the mapping says stays where the export has such a column. BadInput or NotFound when a file cannot be read.
    """
    guessed: list[GuessedSetting] = []
    for noun in NAMES:
        path = find_table(export, noun)
        if path is not None:
            try:
                table = open_table(path, mapping, noun)
            except UnknownEncoding as unknown:
                mapping = _with(mapping, guessed, ("encoding",), unknown.offered)
                table = open_table(path, mapping, noun)
            mapping = _of_table(table, noun, mapping, guessed)
    return mapping, guessed


def _of_table(table: Table, noun: str, mapping: Mapping, guessed: list[GuessedSetting]) -> Mapping:
    line = _header_line(table, noun)
    if line is not None:
        keys = ("user_header_row",) if noun == "users" else (noun.replace("-", "_"), "header_row")
        mapping = _with(mapping, guessed, keys, line)
        table = open_table(table.path, mapping, noun)
    cells = list(islice((values for _, values in table.rows([])), ROWS))

    def found(names: str, fits: Callable[[list[str]], bool] = lambda _: True) -> str | None:
        columns = {_plain(column): at for at, column in reversed(list(enumerate(table.columns))) if column}
        for name in names.split():
            at = columns.get(_plain(name))
            if at is not None and fits([row[at].strip() for row in cells]):
                return table.columns[at]
        return None

    section = _section(mapping.settings, noun)
    for setting, names in NAMES[noun].items():
        keys = ("user_column",) if noun == "users" else (noun.replace("-", "_"), setting)
        by_default = setting == "id" and noun == "contacts" and "id" not in mapping.settings.contacts.model_fields_set
        if _stands(table, str(section[keys[-1]])) and not (by_default and found(_PERSON, _is_id)):
            continue
        fits = {"id": _is_id, "email": _is_address}.get(setting)
        column = found(names, fits) if fits else found(names)
        if column is None and setting == "email":
            column = next(
                (name for at, name in enumerate(table.columns) if _is_address([row[at] for row in cells])), None
            )
        if column is not None:
            mapping = _with(mapping, guessed, keys, column)
    if noun == "contacts":
        now = mapping.settings.contacts
        beside = (
            found(_COMPANY_BESIDE_PERSON) if _plain(now.id) == _PERSON and not _stands(table, now.company) else None
        )
        if beside:
            mapping = _with(mapping, guessed, ("contacts", "company"), beside)
        parts = section["name"] if isinstance(section["name"], list) else [section["name"]]
        if not all(_stands(table, part) for part in parts):
            both = [column for names in (_FIRST, _LAST) if (column := found(names))]
            whole = found(_WHOLE)
            if len(both) == 2 or (both and not whole):
                mapping = _with(mapping, guessed, ("contacts", "name"), both)
            elif whole:
                mapping = _with(mapping, guessed, ("contacts", "name"), whole)
    if noun in ("contacts", "companies"):
        mapping = _with_separator(table, noun, mapping, guessed, cells)
    return mapping


def _with_separator(
    table: Table, noun: str, mapping: Mapping, guessed: list[GuessedSetting], cells: list[list[str]]
) -> Mapping:
    """The mapping with the separator of interests that cells show, where the one that is set does not explain them."""
    if not isinstance(table, CsvTable) and table.suffix != ".xlsx":
        return mapping  # lists, which need none
    section = _section(mapping.settings, noun)
    if not _stands(table, section["interests"]):
        return mapping
    at = find_column(table.columns, section["interests"]) or 0
    filled = [row[at] for row in cells if row[at].strip()]

    def explained(separator: str) -> tuple[int, int]:
        fit = parted = 0
        for cell in filled:
            try:
                parted += len(names_in(cell, separator)) > 1
                fit += 1
            except OddCell:
                continue
        return fit, parted

    now = section["interests_separator"]
    best = max((now, *SEPARATORS), key=explained)
    return _with(mapping, guessed, (noun, "interests_separator"), best) if explained(best) > explained(now) else mapping


def _header_line(table: Table, noun: str) -> int | None:
    """The line of the header, where it is another one than was found: the first with the most names that are known."""
    if not table.header_is_found:
        return None
    known = {_plain(name) for names in (*NAMES[noun].values(), _FIRST, _LAST, _WHOLE) for name in names.split()}
    header = table.header_line
    scores = {line: sum(_plain(value) in known for value in values) for line, values in table.first_rows()}
    best = max(scores, key=lambda line: scores[line], default=header)
    return best if scores and best != header and scores[best] > max(1, scores.get(header, 0)) else None


def _is_id(cells: Sequence[str]) -> bool:
    """Whether a column can be ids: hardly a cell is empty or repeated."""
    filled = [cell for cell in cells if cell]
    return not cells or (len(filled) >= 0.9 * len(cells) and len(set(filled)) >= 0.95 * len(filled))


def _is_address(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and sum(map(looks_like_email, filled)) >= 0.8 * len(filled)


def _plain(name: str) -> str:
    """A column's name as it is compared: letters and digits alone."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", name).casefold() if sign.isalnum())


def _stands(table: Table, name: str) -> bool:
    try:
        return find_column(table.columns, name) is not None
    except BadInput:
        return True  # twice, which is said elsewhere


def _section(settings: CrmSettings, noun: str) -> dict[str, Any]:
    every = settings.model_dump()
    return every if noun == "users" else dict(every[noun.replace("-", "_")])


def _with(
    mapping: Mapping, guessed: list[GuessedSetting], keys: tuple[str, ...], value: str | int | list[str]
) -> Mapping:
    """The mapping with one setting more, which is added to `guessed`."""
    tables = mapping.settings.model_dump(exclude_unset=True)
    table = tables
    for key in keys[:-1]:
        table = table.setdefault(key, {})
    before = table.get(keys[-1])
    table[keys[-1]] = value
    try:
        settings = CrmSettings.model_validate(tables)
    except ValidationError:  # it does not go together with what stands there: then it is no guess
        return mapping
    guessed.append(GuessedSetting(("crm", *keys), value, before))
    return replace(mapping, settings=settings)


def guessed_columns(guessed: Sequence[GuessedSetting], noun: str) -> Iterator[str]:
    """The columns of a noun's file that are guessed."""
    for setting in guessed:
        if setting.keys[1] == noun.replace("-", "_") or (noun == "users" and setting.keys[1] == "user_column"):
            yield from setting.value if isinstance(setting.value, list) else [str(setting.value)]
