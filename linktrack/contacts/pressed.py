"""What a POST of the subscriptions page says: it stands in its query, since no body is ever read.

The server's answers, its look at the log, the import and the run of the actions all read a query by these functions, so
that what is answered is what is kept.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from linktrack.contacts.types import EVERY_TYPE, same_type

CONSENT = "consent"
QUERY_LENGTH = 500  # characters of the query of a POST that say something
_EVERY = "*"


def kept_query(query: str) -> str:
    """The part of a query that says something: whole pairs, as many as there is room for."""
    return query if len(query) <= QUERY_LENGTH else query[: QUERY_LENGTH + 1].rpartition("&")[0]


def said_in(query: str) -> list[tuple[str, str]] | None:
    """The buttons that a query names, each once: `off` or `on` with a type as `same_type` has it, `consent` with off or
    on; None where it names none.

    What takes away wins over what gives the same: a type that is both left and joined is left, and none is joined
    beside `off=*` or an `off` that names no type. An `on` that names none says nothing.
    """
    pairs = parse_qsl(kept_query(query), keep_blank_values=True)
    named = [(name, value) for name, value in pairs if name in ("off", "on") or (name, value) in _CONSENTS]
    if not named:
        return None
    said = dict.fromkeys((name, value if name == CONSENT else _type(value)) for name, value in named)
    ends_all = ("off", _EVERY) in said or ("off", "") in said
    return [one for one in said if not (joins(*one) and _is_overruled(one, said, ends_all))]


def pressed_in(query: str, own_type: str) -> list[tuple[str, str]]:
    """What any POST says: an `off` names the type that is left (EVERY_TYPE: all). One that names no button, like RFC
    8058's one-click, leaves the mailing's own type."""
    said = said_in(query)
    if said is None:
        said = [("off", "")]
    return [(name, _left_by(value, own_type) if name == "off" else value) for name, value in said]


def joins(name: str, value: str) -> bool:
    """Whether a button gives something back, which an old mail cannot do."""
    return name == "on" or (name, value) == (CONSENT, "on")


_CONSENTS = ((CONSENT, "off"), (CONSENT, "on"))


def _type(value: str) -> str:
    return same_type(value.replace("\0", "\N{REPLACEMENT CHARACTER}"))  # as for what is no UTF-8: PostgreSQL takes none


def _is_overruled(one: tuple[str, str], said: dict[tuple[str, str], None], ends_all: bool) -> bool:
    name, value = one
    if name == CONSENT:
        return (CONSENT, "off") in said
    return ends_all or not value or ("off", value) in said


def _left_by(value: str, own_type: str) -> str:
    return EVERY_TYPE if value == _EVERY else value or same_type(own_type)
