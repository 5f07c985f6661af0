"""Events of mail services in JSON: their values read in bounded memory, and what all services have in common."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from linktrack.clicks.event import Event, Refusal, Report
from linktrack.clicks.formats.notation.json_values import Broken, JsonRecord, ValueStream
from linktrack.email_addresses import same_email

# Answers of events APIs, the form field of Mandrill, and what Lambda and SQS hand on, hold their events in a list of
# one of these names.
_LISTS = ("items", "results", "events", "mandrill_events", "Records", "Messages", "Clicks")
_LIST_AHEAD = re.compile(rb'\s*\{\s*"(?:%s)"\s*:\s*(?=\[)' % b"|".join(name.encode() for name in _LISTS))
_NAME = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_COMMENT = re.compile(r"\([^()]*\)")  # RFC 5322
_IN_BRACKETS = re.compile(r"[^<]*+<([^<>]*+)>").match
_SHOWN = 2000


class JsonEvents(ABC):
    """A service's events. A subclass says which objects are its own, and what one of them reports."""

    name = ""
    names: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._values = ValueStream()
        self.others: Sequence[JsonEvents] = ()  # of services whose events may stand among these

    @abstractmethod
    def knows(self, record: JsonRecord) -> bool:
        """Whether an object is surely an event of this service, a click or not."""

    @abstractmethod
    def report(self, record: JsonRecord) -> Report:
        """What one event says."""

    @property
    def pending(self) -> int:
        return self._values.pending

    def events(self, block: bytes) -> list[Report]:
        return list(self._reports(self._values.feed(block)))

    def finish(self, whole: bool) -> list[Report]:
        return list(self._reports(self._values.finish(whole)))

    def fits(self, sample: bytes) -> bool:
        records = _records_in(sample)
        known = sum(isinstance(record, dict) and self.knows(record) for record in records)
        return known > 0 and known * 2 >= len(records)

    def state(self) -> str:
        return "skipping" if self._values.skipping else ""

    def resume(self, state: str) -> None:
        self._values.skipping = state == "skipping"

    def _reports(self, values: Iterable[JsonRecord | Broken]) -> Iterator[Report]:
        for value in values:
            for record in records_of(value):
                if isinstance(record, Broken):
                    yield Refusal(record.reason, storable(record.text))
                elif self.knows(record):
                    yield self.report(record)
                else:
                    knowing = [other for other in self.others if other.knows(record)]
                    yield knowing[0].report(record) if len(knowing) == 1 else refusal_of("malformed", record)


@lru_cache(1)
def _records_in(sample: bytes) -> Sequence[JsonRecord | Broken]:
    """The events in the beginning of a file; each service is asked whether they are its own."""
    if b"{" not in sample:
        return ()
    values = ValueStream().feed(sample)
    if not any(isinstance(value, dict) for value in values) and (start := _LIST_AHEAD.match(sample)):
        values = ValueStream().feed(sample[start.end() :])  # a list too long for the sample
    return [record for value in values for record in records_of(value)]


def records_of(value: JsonRecord | Broken) -> list[JsonRecord | Broken]:
    """The events in a value: itself, or those of the list it is there for."""
    if isinstance(value, Broken):
        return [value]
    for name in _LISTS:
        if isinstance(found := value.get(name), list):
            return [item if isinstance(item, dict) else Broken("malformed", repr(item)[:_SHOWN]) for item in found]
    return [value]


def click(
    record: JsonRecord, *, service: str, time: Callable[[], int], url: str, own_id: str = "", email: str = "",
    instead_of_id: tuple[str, ...] = (), ip: str = "", agent: str = "", machine: bool = False,
    variables: dict[str, str] | None = None,
) -> Event | Refusal:  # fmt: skip
    """The event of a click; a refusal if it has no time or no URL.

    Without an id of its own, `instead_of_id` together with time and URL stands for one: the same click, reported
    again, is the same.
    """
    if not url:
        return refusal_of("no-url", record)
    try:
        clicked_at = time()
    except (ValueError, OverflowError):
        return refusal_of("bad-time", record)
    emails = addresses_in(email)
    identity = [service, own_id] if own_id else [service, *instead_of_id, str(clicked_at), url]
    return Event(
        json.dumps(identity, ensure_ascii=False), clicked_at, url, emails[0] if len(emails) == 1 else "",
        len(emails) > 1, ip, agent, machine, variables or {},
    )  # fmt: skip


def addresses_in(text: str) -> list[str]:
    """The e-mail addresses of `Ann <a@example.com>, b@example.com (Bob)`, each once."""
    if "(" in text:
        text = _COMMENT.sub("", _NAME.sub("", text))
    parts = _NAME.sub("", text).split(",") if "," in text else [text]
    found = [match[1] if (match := _IN_BRACKETS(part)) else part for part in parts]
    found = [address.strip().removeprefix("mailto:") for address in found]
    return list({same_email(address): address for address in found if address}.values())


def refusal_of(reason: str, record: JsonRecord) -> Refusal:
    """The refusal of an event, with the event as text."""
    try:
        text = json.dumps(record, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = repr(list(record))
    return Refusal(reason, storable(text[:_SHOWN]))


def storable(text: str) -> str:
    """A text that every database takes: no NUL, and bytes that were no UTF-8 as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")


def text(record: JsonRecord, *keys: str) -> str:
    """The first of these keys that has a text or a number."""
    for key in keys:
        value = record.get(key)
        if isinstance(value, str) and value:
            return storable(value)
    return ""


def number(record: JsonRecord, *keys: str) -> bytes:
    """The first of these keys that has a text or a number, as bytes for a time."""
    return text(record, *keys).encode("ascii", "replace")


def part(record: JsonRecord, *path: str) -> JsonRecord:
    """The object inside an object, empty when there is none."""
    for key in path:
        inside = record.get(key)
        record = inside if isinstance(inside, dict) else {}
    return record


def object_in(record: JsonRecord, key: str) -> JsonRecord:
    """The object that is there, itself or as a JSON text; empty when there is none."""
    value = record.get(key)
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_float=str, parse_int=str)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def variables_in(record: JsonRecord) -> dict[str, str]:
    """The texts, numbers and lists of texts in an object, as variables."""
    found = {}
    for key, value in record.items():
        if isinstance(value, bool):
            found[storable(key)] = "true" if value else "false"
        elif isinstance(value, str):
            found[storable(key)] = storable(value)
        elif isinstance(value, list) and (texts := [item for item in value if isinstance(item, str)]):
            found[storable(key)] = storable(",".join(texts))
    return found


def given_variables(**values: object) -> dict[str, str]:
    """Variables by name, those left out that the event does not have."""
    return {name: value for name, value in variables_in(values).items() if value}
