"""SendGrid's Event Webhook: a JSON array of mixed events, custom arguments among the keys."""

from __future__ import annotations

from typing import Any

from linktrack.clicks.event import Report, Skipped
from linktrack.clicks.formats.notation.json_events import JsonEvents, click, number, part, text, variables_in
from linktrack.clicks.formats.notation.times import epoch_moment

_OWN = {"email", "event", "ip", "sg_event_id", "sg_message_id", "smtp-id", "timestamp", "url", "useragent"}


class SendGrid(JsonEvents):
    """`sg_event_id` is the event's id; SendGrid may send an event twice."""

    name = "sendgrid"
    names: tuple[str, ...] = ("sendgrid",)

    def knows(self, record: dict[str, Any]) -> bool:
        return "event" in record and ("sg_event_id" in record or "sg_message_id" in record)

    def report(self, record: dict[str, Any]) -> Report:
        if record["event"] != "click":
            return Skipped(text(record, "event"))
        custom = {key: value for key, value in record.items() if key not in _OWN}
        return click(
            record,
            service=self.name,
            time=lambda: epoch_moment(number(record, "timestamp")),
            url=text(record, "url"),
            own_id=text(record, "sg_event_id"),
            instead_of_id=(text(record, "sg_message_id"), text(record, "email")),
            email=text(record, "email"),
            ip=text(record, "ip"),
            agent=text(record, "useragent"),
            variables=variables_in(custom) | variables_in(part(record, "unique_args")),
        )
