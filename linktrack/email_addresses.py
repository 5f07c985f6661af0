"""When two e-mail addresses are the same, and two of their domains.

Whoever writes an address down may change the case of its letters, put an accent into the letter or behind it (NFC), and
write its host in letters or in punycode. The standard lets the part before the `@` tell cases apart (RFC 5321 2.4); no
mail service does, and all that report clicks write it as they like.
"""

from __future__ import annotations

from linktrack.hosts import read_host
from linktrack.names import composed, same_name

_PUNYCODE = "xn--"  # what a part of a host in ASCII begins with that has other letters


def same_email(text: str) -> str:
    """The form in which addresses are compared: `Åsa@xn--rv-via.example ` is `åsa@räv.example`; a text that is none as
    names are.

    Case is folded as Unicode does, so `weiß` is `WEISS`, also in a host.
    """
    if text.isascii() and _PUNYCODE not in (small := text.strip().lower()):
        return small
    person, at, host = composed(text).strip().rpartition("@")
    return same_name(f"{person}{at}{read_host(host.lower()) if at else host}")


def domain_of(email: str) -> str:
    """The domain of an address in lower case, "" without one; in letters, also where it is written in punycode."""
    domain = email.rpartition("@")[2].strip().lower() if "@" in email else ""
    if domain.isascii() and _PUNYCODE not in domain:
        return domain
    return composed(read_host(domain).lower())
