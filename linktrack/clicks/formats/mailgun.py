"""Mailgun: webhook bodies (`signature`, `event-data`) and pages of the events API (`items`)."""

from __future__ import annotations

from linktrack.clicks.event import Report, Skipped
from linktrack.clicks.formats.notation.json_events import (
    JsonEvents,
    click,
    given_variables,
    number,
    part,
    text,
    variables_in,
)
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.times import epoch_moment


class Mailgun(JsonEvents):
    """The one service that says of each click whether a machine made it (`client-info.bot`)."""

    name = "mailgun"
    names: tuple[str, ...] = ("mailgun",)

    def knows(self, record: JsonRecord) -> bool:
        event = part(record, "event-data") or record
        told = "log-level" in event or "event-data" in record or "recipient" in event
        return "event" in event and "timestamp" in event and told

    def report(self, record: JsonRecord) -> Report:
        event = part(record, "event-data") or record
        if event["event"] != "clicked":
            return Skipped(text(event, "event"))
        client = part(event, "client-info")
        return click(
            event,
            service=self.name,
            time=lambda: epoch_moment(number(event, "timestamp")),
            url=text(event, "url"),
            own_id=text(event, "id"),
            instead_of_id=(text(part(event, "message", "headers"), "message-id"), text(event, "recipient")),
            email=text(event, "recipient"),
            ip=text(event, "ip"),
            agent=text(client, "user-agent"),
            machine=bool(text(client, "bot")),
            variables=given_variables(tag=event.get("tags"), campaign=_campaigns(event))
            | variables_in(part(event, "user-variables")),
        )


def _campaigns(event: JsonRecord) -> list[str]:
    found = event.get("campaigns")
    campaigns = found if isinstance(found, list) else []
    return [text(item, "id", "name") if isinstance(item, dict) else str(item) for item in campaigns]
