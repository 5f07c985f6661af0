"""Types of mailings as they are compared with one another, and with the interests that are named like them."""

from collections.abc import Iterable, Mapping

from linktrack.names import composed, same_name

EVERY_TYPE = ""  # who leaves a mailing without a type leaves them all


def same_type(type: str) -> str:
    """A type, or the interest that is named like it, as it is compared."""
    return same_name(type)


def spelled_types(of_mailings: Iterable[str], of_settings: Iterable[str] = ()) -> dict[str, str]:
    """The one spelling of each type, by what `same_type` makes of it: that of the settings, else of the mailings the
    first in the alphabet."""
    every = [*sorted(of_mailings, reverse=True), *of_settings]
    return {same_type(one): composed(one.strip()) for one in every if one.strip()}


def shown_type(type: str, spelled: Mapping[str, str]) -> str:
    """A mailing's type as people see it."""
    return spelled.get(same_type(type), type)
