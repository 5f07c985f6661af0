"""What values are called on the page, in each of its languages."""

from __future__ import annotations

from collections.abc import Mapping

from linktrack.settings.tables import Language

# Values of columns whose words are English in row formats.
VALUES: Mapping[Language, Mapping[str, Mapping[str, str]]] = {
    "en": {
        "verdict": {
            "human": "People", "scanner": "Scanner", "prefetch": "Opened ahead", "significant": "significant",
            "promising": "promising", "not significant": "not significant", "inconclusive": "inconclusive",
        },
        "device": {"desktop": "Desktop", "phone": "Phone", "tablet": "Tablet", "unknown": "Unknown"},
        "kind": {
            "a": "link", "area": "image map", "vml": "Outlook button", "text": "plain text", "header": "mail header",
            "set-field": "field set", "interest": "interest", "company-interest": "company’s interest",
            "selection": "selection", "project": "project",
            "follow-up": "follow-up", "request": "request", "script": "script",
        },
        "status": {"ok": "done", "failed": "failed", "interrupted": "interrupted"},
        "domain": {"": "without an address"},
        "weekday": {
            "1": "Monday", "2": "Tuesday", "3": "Wednesday", "4": "Thursday", "5": "Friday", "6": "Saturday",
            "7": "Sunday",
        },
        "reason": {
            "": "no sign of a machine", "posted": "pressed the button", "service-flag": "the mail service says so",
            "honeypot": "followed a link that only machines see", "agent": "says it is a machine",
            "burst": "several links within moments", "sweep": "all links of the mail at once",
            "two-browsers": "several links with several browsers at once",
            "many-recipients": "links of many people’s mails", "head-request": "looked before opening",
            "honeypot-neighbour": "just after a link that only machines see",
            "malformed-neighbour": "beside broken addresses", "repetition": "again and again within moments",
            "known-scanner-address": "from an address of scanners", "purpose-header": "opened ahead by a program",
            "network": "from a data centre", "scanner-address": "an address that scans elsewhere",
            "soon-after-sending": "within seconds of the sending", "test-shipment": "a test",
        },
        "test": {"true": "yes", "false": "no"},
    },
    "sv": {
        "verdict": {
            "human": "Människor", "scanner": "Skanner", "prefetch": "Öppnat i förväg", "significant": "säkerställd",
            "promising": "lovande", "not significant": "ingen säkerställd", "inconclusive": "går inte att säga",
        },
        "device": {"desktop": "Dator", "phone": "Telefon", "tablet": "Surfplatta", "unknown": "Okänd"},
        "kind": {
            "a": "länk", "area": "bildkarta", "vml": "Outlook-knapp", "text": "ren text", "header": "brevhuvud",
            "set-field": "fält satt", "interest": "intresse", "company-interest": "företagets intresse",
            "selection": "urval", "project": "projekt",
            "follow-up": "uppföljning", "request": "ärende", "script": "skript",
        },
        "status": {"ok": "gjort", "failed": "misslyckades", "interrupted": "avbröts"},
        "domain": {"": "utan adress"},
        "weekday": {
            "1": "måndag", "2": "tisdag", "3": "onsdag", "4": "torsdag", "5": "fredag", "6": "lördag", "7": "söndag",
        },
        "reason": {
            "": "inget tecken på maskin", "posted": "tryckte på knappen", "service-flag": "mejltjänsten säger det",
            "honeypot": "följde en länk som bara maskiner ser", "agent": "säger sig vara en maskin",
            "burst": "flera länkar på ett ögonblick", "sweep": "alla länkar i brevet på en gång",
            "two-browsers": "flera länkar med flera webbläsare på en gång",
            "many-recipients": "länkar i många personers brev", "head-request": "tittade innan den öppnade",
            "honeypot-neighbour": "strax efter en länk som bara maskiner ser",
            "malformed-neighbour": "intill trasiga adresser", "repetition": "gång på gång på ett ögonblick",
            "known-scanner-address": "från en skanners adress", "purpose-header": "öppnat i förväg av ett program",
            "network": "från en datahall", "scanner-address": "en adress som skannar på annat håll",
            "soon-after-sending": "sekunder efter utskicket", "test-shipment": "ett test",
        },
        "test": {"true": "ja", "false": "nej"},
    },
}  # fmt: skip
DAYS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "sv": ("Mån", "Tis", "Ons", "Tor", "Fre", "Lör", "Sön"),
}
MONTHS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "sv": ("jan", "feb", "mars", "apr", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"),
}


def said_value(column: str, value: str, language: Language) -> str:
    """A value of a column in the words of a language; a name of a stranger is what it is, also behind a colon."""
    words = VALUES[language].get(column, {})
    what, colon, name = value.partition(":")
    if value in words or not colon or what not in words:
        return words.get(value, value)
    return f"{words[what]}: {name}"
