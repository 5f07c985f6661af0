"""What the columns of lists and reports are called in English and Swedish, for who does not read keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linktrack.settings import Language

# In English a key is read as it is written, but for these.
_ENGLISH = {
    "clicked": "Mailings clicked",
    "contact_id": "Contact ID",
    "difference": "Difference of the rates",
    "email": "E-mail",
    "high": "Difference, highest",
    "hours": "Hour since the sending",
    "id": "ID",
    "ip": "IP address",
    "low": "Difference, lowest",
    "median": "Median of earlier mailings",
    "other": "Other mailing",
    "other_rate": "Click rate of the other",
    "rate_high": "Click rate, highest",
    "rate_low": "Click rate, lowest",
    "sent": "Sent to",
    "share": "Share of clickers",
    "uncounted": "Not counted",
    "url": "URL",
}
_SWEDISH = {
    "action": "Åtgärd",
    "actions": "Åtgärder",
    "address": "Adress",
    "advice": "Råd",
    "after": "Efter",
    "at": "Tidpunkt",
    "before": "Före",
    "change": "Ändring",
    "changes": "Ändringar",
    "check": "Kontroll",
    "click": "Klick",
    "click_rate": "Klickfrekvens",
    "clicked": "Klickade utskick",
    "clicked_at": "Klickades",
    "clickers": "Klickare",
    "clicks": "Klick",
    "column": "Kolumn",
    "contact_id": "Kontakt-id",
    "contacts": "Kontakter",
    "count": "Antal",
    "created_at": "Skapades",
    "day": "Dag",
    "definition": "Definition",
    "deleted_at": "Togs bort",
    "description": "Beskrivning",
    "detail": "Detaljer",
    "device": "Enhet",
    "difference": "Skillnad",
    "domain": "Domän",
    "email": "E-post",
    "example": "Exempel",
    "explanation": "Förklaring",
    "field": "Fält",
    "file": "Fil",
    "filled": "Ifyllda",
    "finding": "Anmärkning",
    "first_click": "Första klick",
    "folder": "Mapp",
    "guessed": "Gissad",
    "high": "Skillnad, högst",
    "hour": "Timme",
    "hours": "Timme sedan utskicket",
    "id": "Id",
    "ip": "IP-adress",
    "key": "Nyckel",
    "kind": "Slag",
    "label": "Text",
    "last_click": "Senaste klick",
    "line": "Rad",
    "link": "Länk",
    "links": "Länkar",
    "low": "Skillnad, lägst",
    "machine_clicks": "Maskinklick",
    "mailing": "Utskick",
    "meaning": "Betydelse",
    "median": "Median av tidigare utskick",
    "message": "Meddelande",
    "name": "Namn",
    "new": "Nytt",
    "number": "Nummer",
    "old": "Gammalt",
    "operation": "Operation",
    "other": "Annat utskick",
    "other_rate": "Det andras klickfrekvens",
    "output": "Utdata",
    "part": "Del",
    "path": "Sökväg",
    "placement": "Placering",
    "placements": "Placeringar",
    "position": "Plats",
    "problem": "Problem",
    "ran_at": "Kördes",
    "rate_high": "Klickfrekvens, högst",
    "rate_low": "Klickfrekvens, lägst",
    "reason": "Skäl",
    "reasons": "Skäl",
    "recipients": "Mottagare",
    "response": "Svar",
    "revoked_at": "Återkallades",
    "rule": "Regel",
    "run": "Körning",
    "sent": "Skickat till",
    "sent_at": "Skickades",
    "settings": "Inställningar",
    "share": "Andel av klickarna",
    "shipment": "Sändning",
    "shipments": "Sändningar",
    "signs": "Signerar",
    "size": "Storlek",
    "source": "Källa",
    "state": "Läge",
    "status": "Status",
    "subject": "Ämne",
    "target": "Mål",
    "test": "Test",
    "test_clicks": "Testklick",
    "tracked": "Spåras",
    "type": "Typ",
    "uncounted": "Ej mätta",
    "url": "URL",
    "user_agent": "Webbläsare",
    "value": "Värde",
    "verdict": "Bedömning",
    "verifies": "Verifierar",
    "weekday": "Veckodag",
    "what": "Händelse",
}
WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "sheet": "Report", "total": "Total", "more": "{} more", "and": "and", "by": "by",
        "chart": "Chart of {title}, {count} rows, drawn from the table on its left.",
        "highest": "The highest of {heading} is {value}, at {where}.",
        "rules": "Judged by the rules of {rules}.",
    },
    "sv": {
        "sheet": "Rapport", "total": "Summa", "more": "{} till", "and": "och", "by": "per",
        "chart": "Diagram över {title}, {count} rader, ritat från tabellen till vänster.",
        "highest": "{heading}: högst {value}, vid {where}.",
        "rules": "Bedömt enligt reglerna {rules}.",
    },
}  # fmt: skip


def heading(column: str, language: Language) -> str:
    """What a column is called; one without a name of its own in the language is called by its key."""
    own = _SWEDISH.get(column) if language == "sv" else _ENGLISH.get(column)
    return own or column.replace("_", " ").capitalize()


def is_named(column: str, language: Language) -> bool:
    """Whether somebody has thought of what a column is called in a language; in English every key is a name."""
    return language == "en" or column in _SWEDISH


def joined(columns: Sequence[str], language: Language) -> str:
    """The names of some columns in one phrase: `clicks and machine clicks`."""
    names = [heading(column, language) for column in columns]
    return f" {WORDS[language]['and']} ".join([names[0], *(name[:1].lower() + name[1:] for name in names[1:])])
