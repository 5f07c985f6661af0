"""Mailchimp's campaign activity as CSV, its columns known by their names in any order and case."""

from __future__ import annotations

import codecs
import csv
import json
import re

from linktrack.clicks.event import Event, Refusal, Report, Skipped
from linktrack.clicks.formats.notation.json_events import click, given_variables, storable
from linktrack.clicks.formats.notation.json_values import list_of_texts
from linktrack.clicks.formats.notation.times import iso_moment

MAX_RECORD = 1 << 16  # characters; more means that a quote was never closed
_DELIMITERS = (",", ";", "\t")
_RECORD = re.compile(r'(?:[^"\n]++|"[^"]*+")*\n')

# What the account export, the reports API and the tables that copy them call a column.
_NAMES = {
    "time": ("timestamp", "time", "date", "click_time", "clicked_at"),
    "url": ("url", "link", "link_url", "clicked_url"),
    "action": ("action", "activity", "event", "type"),
    "email": ("email_address", "email"),
    "member": ("member_id", "email_id", "subscriber_hash", "unique_email_id", "euid", "leid"),
    "campaign": ("campaign_id",),
    "title": ("campaign_title", "campaign_name", "campaign"),
    "list": ("list_id",),
    "ip": ("ip", "ip_address"),
}


class Mailchimp:
    """A row is a click if its action says so, or, in an export of clicks alone, if it has a URL. Times are UTC."""

    name = "mailchimp"
    names: tuple[str, ...] = ("mailchimp", "mailchimp-csv")

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._header: list[str] = []
        self._delimiter = ","

    @property
    def pending(self) -> int:
        return len(self._text.encode("utf-8", "surrogateescape")) + len(self._decoder.getstate()[0])

    def events(self, block: bytes) -> list[Report]:
        return self._take(self._decoder.decode(block))

    def finish(self, whole: bool) -> list[Report]:
        return self._take(self._decoder.decode(b"", True) + "\n", last=True) if whole else []

    def fits(self, sample: bytes) -> bool:
        header = _columns(sample.decode("utf-8", "replace").lstrip("\ufeff").partition("\n")[0])[0]
        return _is_header(header)

    def state(self) -> str:
        return json.dumps([self._delimiter, self._header]) if self._header else ""

    def resume(self, state: str) -> None:
        if state:
            delimiter, header = json.loads(state)
            if delimiter not in _DELIMITERS:
                raise ValueError(state)
            self._delimiter, self._header = delimiter, list_of_texts(header)

    def _take(self, more: str, last: bool = False) -> list[Report]:
        text, at = self._text + more, 0
        found: list[Report] = []
        while at < len(text):
            match = _RECORD.match(text, at, at + MAX_RECORD)
            if match is not None:
                end = match.end()
                record = text[at:end].strip("\r\n\ufeff")
                if record.strip():
                    found += self._report(record)
            elif last or len(text) - at >= MAX_RECORD:
                # A quote that was never closed: this line is lost, the next one is not.
                end = text.find("\n", at) + 1 or len(text)
                found.append(Refusal("malformed", storable(text[at : min(end, at + 2000)].rstrip())))
            else:
                break
            at = end
        self._text = text[at:]
        return found

    def _report(self, record: str) -> list[Report]:
        if not self._header:
            header, delimiter = _columns(record)
            if not _is_header(header):
                return [Refusal("malformed", storable(record[:2000]))]
            self._header, self._delimiter = header, delimiter
            return []
        values = _split(record, self._delimiter)
        if len(values) != len(self._header):
            return [Refusal("malformed", storable(record[:2000]))]
        row = dict(zip(self._header, values, strict=True))
        action = row.get("action", "click" if row.get("url") else "").lower()
        if action not in ("click", "clicked"):
            return [Skipped(storable(action) or "row")]
        made = click(
            row,
            service=self.name,
            time=lambda: iso_moment(row.get("time", "").encode("ascii", "replace")),
            url=storable(row.get("url", "")),
            instead_of_id=(
                storable(row.get("member", "") or row.get("email", "").lower()),
                storable(row.get("campaign", "")),
            ),
            email=storable(row.get("email", "")),
            ip=storable(row.get("ip", "")),
            variables=given_variables(
                campaign=row.get("title", ""),
                campaign_id=row.get("campaign", ""),
                list_id=row.get("list", ""),
                member_id=row.get("member", ""),
            ),
        )
        return [made if isinstance(made, Event) else Refusal(made.reason, storable(record[:2000]))]


def _columns(header: str) -> tuple[list[str], str]:
    """Our names of the columns that a header line names (others as they are), and the delimiter."""
    delimiter = max(_DELIMITERS, key=header.count)
    ours = {alias: name for name, aliases in _NAMES.items() for alias in aliases}
    found: list[str] = []
    for cell in _split(header.rstrip("\r"), delimiter):
        plain_name = re.sub(r"[ _-]+", "_", cell.strip().lower())
        name = ours.get(plain_name, f"({plain_name})")
        found.append(name if name not in found else f"({plain_name}, {len(found)})")
    return found, delimiter


def _split(record: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([record], delimiter=delimiter), [])
    except csv.Error:  # a field of more than 128 KiB
        return []


def _is_header(columns: list[str]) -> bool:
    return "time" in columns and "url" in columns and ("email" in columns or "member" in columns)
