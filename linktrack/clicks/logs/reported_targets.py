"""Targets as mail services report them, made comparable: without what services add, escape or glue on."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from linktrack.links.normal_form import normal_form


def comparable(url: str) -> str:
    """A target without what a mail service or our tagging may have added or rewritten: `utm_*`, an empty path or query,
    the way in which path and query are escaped."""
    try:
        parts = urlsplit(normal_form(url))
    except ValueError:
        return url
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not pair[0].lower().startswith("utm_")]
    return repr((parts.scheme, parts.netloc, _unescaped(parts.path) or "/", query, _unescaped(parts.fragment)))


# Escapes that mean something else than what they stand for.
_MEANT = re.compile("%(?:2[35fF]|3[fF]|5[cC])")


def _unescaped(text: str) -> str:
    """A path or fragment as a person reads it."""
    return unquote(_MEANT.sub(lambda match: f"%25{match[0][1:]}", text))


# The punctuation of a text around an address, as it is or percent-encoded.
_GLUED = re.compile(r"""(?:[).,;:!>\]}'"*<]|%(?:29|2[cC2eE1]|3[bBaAeEcC]|5[dD]|7[dD]|27|2[aA]|20|0[dDaA]))+\Z""")


def loosely(url: str) -> str:
    """As `comparable`, and also without a slash at the end of the path and without punctuation of the text around the
    address."""
    bare = _GLUED.sub("", url)
    try:
        parts = urlsplit(normal_form(bare))
    except ValueError:
        return url
    return f"~{comparable(parts._replace(path=parts.path.rstrip('/')).geturl())}"


# What a target may be called, from the strictest name on.
NAMES_OF_TARGET = (str, normal_form, comparable, loosely)
