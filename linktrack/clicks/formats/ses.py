"""Amazon SES: click events bare (Firehose, raw delivery), or in SNS, SQS, Lambda and EventBridge envelopes."""

from __future__ import annotations

from linktrack.clicks.event import Report, Skipped
from linktrack.clicks.formats.notation.json_events import (
    JsonEvents,
    click,
    number,
    object_in,
    part,
    refusal_of,
    text,
    variables_in,
)  # fmt: skip
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.times import iso_moment

# Where an envelope has what is inside of it, an object or a JSON text: SNS, Lambda's record of SNS, SQS's record in
# Lambda and as `aws sqs receive-message` shows it, EventBridge.
_INSIDE = ("Message", "Sns", "body", "Body", "detail")
_DEPTH = 4


class Ses(JsonEvents):
    """Envelopes may be in envelopes: an SQS queue that is subscribed to an SNS topic and read by Lambda."""

    name = "ses"
    names: tuple[str, ...] = ("ses", "amazon-ses")

    def knows(self, record: JsonRecord) -> bool:
        if "TopicArn" in record and "Type" in record:
            return True
        return _event_in(record) is not None

    def report(self, record: JsonRecord) -> Report:
        event = _event_in(record)
        if event is None:  # a confirmation of the topic, or SES saying that it may write to it
            return Skipped(text(record, "Type") or "message")
        kind = text(event, "eventType", "notificationType")
        if kind != "Click":
            return Skipped(kind.lower())
        facts, mail = part(event, "click"), part(event, "mail")
        to = mail.get("destination")
        if not facts:
            return refusal_of("malformed", event)
        return click(
            event,
            service=self.name,
            time=lambda: iso_moment(number(facts, "timestamp")),
            url=text(facts, "link"),
            instead_of_id=(text(mail, "messageId"),),
            # A click does not say which of several recipients made it.
            email=variables_in({"to": to}).get("to", ""),
            ip=text(facts, "ipAddress"),
            agent=text(facts, "userAgent"),
            machine=text(facts, "isBotEvent").lower() == "likely",  # "Unlikely" proves nothing
            variables=variables_in(part(mail, "tags")) | variables_in(part(facts, "linkTags")),
        )


def _event_in(record: JsonRecord, depth: int = _DEPTH) -> JsonRecord | None:
    """The event, bare or in envelopes."""
    if "mail" in record and ("eventType" in record or "notificationType" in record):
        return record
    for key in _INSIDE if depth else ():
        if key in record and (inside := object_in(record, key)):
            found = _event_in(inside, depth - 1)
            if found is not None:
                return found
    return None
