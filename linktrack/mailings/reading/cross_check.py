"""A second opinion: each link's tag read by BeautifulSoup too, and compared with what the scanner found in it.

Only the tags are handed over, each whole: on a mail that is broken Python's html.parser takes hours, and its view of
what is a tag differs from browsers' (it loses links in odd mails and invents others inside of raw text).
"""

from __future__ import annotations

from linktrack.mailings.addresses import Address, Parts
from linktrack.mailings.reading.attribute_values import decode, decode_text, tamed
from linktrack.mailings.reading.opt_outs import opts_out
from linktrack.mailings.reading.scan import Spot

_MOST = 5000  # links; a mail that has more of them is compared so far


def cross_check(parts: Parts) -> list[tuple[Address, str]]:
    """The addresses that BeautifulSoup reads in another way, each with a sentence that says how."""
    from bs4 import BeautifulSoup

    addresses = {address.start: address for address in parts.addresses if address.part == "html"}
    spots = [spot for spot in parts.scan.spots if spot.kind in ("a", "area") and not spot.in_comment][:_MOST]
    text = parts.scan.masked
    places: dict[tuple[int, int], Spot] = {}
    pieces: list[str] = []
    line = 1
    for spot in spots:
        places[line, 0] = spot
        pieces += (tamed(text[slice(*spot.tag)]), "</a>\n")
        line += 1 + pieces[-2].count("\n")
    soup = BeautifulSoup("".join(pieces), "html.parser", on_duplicate_attribute="ignore")
    seen = {(element.sourceline, element.sourcepos): element for element in soup.find_all(["a", "area"])}
    found = []
    for place, spot in places.items():
        element = seen.get(place)
        if element is None:
            found.append((addresses[spot.start], "another parser does not see this link"))
            continue
        ours, theirs = text[spot.start : spot.stop], element.get(spot.attribute)
        if theirs not in (decode(ours), decode_text(ours)):  # the latter is how Python before 3.13 decoded attributes
            found.append((addresses[spot.start], f"another parser reads this address as {str(theirs)[:80]!r}"))
        elif bool(spot.opted_out) != any(opts_out(name, str(value)) for name, value in element.attrs.items()):
            found.append((addresses[spot.start], "another parser does not agree about the opt-out of this link"))
    return found
