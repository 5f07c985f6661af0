"""Placeholders: the `{contact.name}` of an action's texts, which a run fills in for each click."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from linktrack.settings.crm import CONTACT_NAMES, CrmSettings

COMPANY_NAMES = ("id", "name")
_GROUPS = {
    "company": COMPANY_NAMES,
    "link": ("key", "name", "url", "folder"),
    "mailing": ("name", "subject", "type"),
    "click": ("at", "date", "time", "shipment", "placement"),
}
_OF_PERSON = ("contact", "company")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+\.[^{}]+|[A-Za-z_]*)\}")


def placeholders_in(text: str) -> Iterator[str]:
    """The names of the placeholders of a text, as in `contact.name`."""
    return (found[1] for found in _PLACEHOLDER.finditer(text)) if "{" in text else iter(())


def check_placeholders(text: str, crm: CrmSettings | None) -> None:
    """ValueError for a placeholder that nothing fills in. Without `crm` any `{contact.…}` will do."""
    for name in placeholders_in(text):
        group, _, rest = name.partition(".")
        if group == "contact" and rest:
            known: tuple[str, ...] = (*CONTACT_NAMES, *(crm.contacts.fields if crm else (rest,)))
        else:
            known = _GROUPS.get(group, ())
        if not known:
            groups = f"contact, {', '.join(list(_GROUPS)[:-1])} and {list(_GROUPS)[-1]}"
            raise ValueError(f"unknown placeholder {{{name}}}: there are {groups}, then a dot")
        if rest not in known:
            raise ValueError(f"unknown placeholder {{{name}}}: {group} has {', '.join(known)}")


def may_become(text: str, filled: str) -> bool:
    """Whether `fill_placeholders` can make `filled` of a text that speaks of the contact or the company, whatever their
    values are."""
    if not any(name.partition(".")[0] in _OF_PERSON for name in placeholders_in(text)):
        return False
    literal = _PLACEHOLDER.split(text)[::2]
    return re.fullmatch(".*".join(map(re.escape, literal)), filled, re.DOTALL) is not None


def fill_placeholders(text: str, values: Callable[[str], str]) -> str:
    """`text` with every placeholder replaced by `values` of its name, as in `values("link.name")`."""
    return _PLACEHOLDER.sub(lambda found: values(found[1]), text) if "{" in text else text
