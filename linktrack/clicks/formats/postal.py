"""Postal's webhooks: an event with an id of its own, what happened in its payload."""

from __future__ import annotations

from linktrack.clicks.event import Report, Skipped
from linktrack.clicks.formats.notation.json_events import JsonEvents, click, given_variables, number, part, text
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.times import epoch_moment


class Postal(JsonEvents):
    """`timestamp` is the event's outside of the payload, and the message's inside."""

    name = "postal"
    names: tuple[str, ...] = ("postal",)

    def knows(self, record: JsonRecord) -> bool:
        return "event" in record and "uuid" in record and isinstance(record.get("payload"), dict)

    def report(self, record: JsonRecord) -> Report:
        if record["event"] != "MessageLinkClicked":
            return Skipped(text(record, "event"))
        payload = part(record, "payload")
        message = part(payload, "message")
        return click(
            record,
            service=self.name,
            time=lambda: epoch_moment(number(record, "timestamp")),
            url=text(payload, "url"),
            own_id=text(record, "uuid"),
            instead_of_id=(text(message, "message_id"), text(message, "to")),
            email=text(message, "to"),
            ip=text(payload, "ip_address"),
            agent=text(payload, "user_agent"),
            variables=given_variables(tag=message.get("tag")),
        )
