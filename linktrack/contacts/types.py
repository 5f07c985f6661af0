"""Types of mailings as they are compared with one another, and with the interests that are named like them."""

from linktrack.names import same_name

EVERY_TYPE = ""  # who leaves a mailing without a type leaves them all


def same_type(type: str) -> str:
    """A type, or the interest that is named like it, as it is compared."""
    return same_name(type)
