"""Amazon SES: click events in SNS envelopes, bare (Firehose, raw delivery), or in an EventBridge event."""

from __future__ import annotations

import json
from typing import Any

from linktrack.clicks.event import Report, Skipped
from linktrack.clicks.formats.parts.json_events import JsonEvents, click, number, part, refused, text, values_of
from linktrack.clicks.formats.parts.times import iso_moment

Record = dict[str, Any]


class Ses(JsonEvents):
    """An SNS envelope holds the event as a JSON text in `Message`."""

    name = "ses"
    names: tuple[str, ...] = ("ses", "amazon-ses")

    def knows(self, record: Record) -> bool:
        if "TopicArn" in record and "Type" in record:
            return True
        return _is_event(record) or (record.get("source") == "aws.ses" and _is_event(part(record, "detail")))

    def report(self, record: Record) -> Report:
        event = record
        if "TopicArn" in record:
            event = _message(record)
        elif "detail" in record:
            event = part(record, "detail")
        if not _is_event(event):  # a confirmation of the topic, or SES saying that it may write to it
            return Skipped(text(record, "Type") or "message")
        kind = text(event, "eventType", "notificationType")
        if kind != "Click":
            return Skipped(kind.lower())
        facts, mail = part(event, "click"), part(event, "mail")
        to = mail.get("destination")
        recipients = [address for address in to if isinstance(address, str)] if isinstance(to, list) else []
        if not facts:
            return refused("malformed", event)
        return click(
            event,
            service=self.name,
            time=lambda: iso_moment(number(facts, "timestamp")),
            url=text(facts, "link"),
            instead_of_id=(text(mail, "messageId"),),
            # A click does not say which of several recipients made it.
            email=text({"to": recipients[0]}, "to") if len(recipients) == 1 else "",
            ip=text(facts, "ipAddress"),
            agent=text(facts, "userAgent"),
            variables=values_of(part(mail, "tags")) | values_of(part(facts, "linkTags")),
        )


def _is_event(record: Record) -> bool:
    return "mail" in record and ("eventType" in record or "notificationType" in record)


def _message(envelope: Record) -> Record:
    message = envelope.get("Message")
    if isinstance(message, dict):
        return message
    if not isinstance(message, str):
        return {}
    try:
        event = json.loads(message, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}
