"""Mailjet's Event API: single events, or grouped in an array."""

from __future__ import annotations

from linktrack.clicks.event import Report, Skipped
from linktrack.clicks.formats.notation.json_events import (
    JsonEvents,
    click,
    given_variables,
    number,
    object_in,
    text,
    variables_in,
)  # fmt: skip
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.times import epoch_moment


class Mailjet(JsonEvents):
    """`Payload` is a text of the sender's own; where it is a JSON object, its values are variables."""

    name = "mailjet"
    names: tuple[str, ...] = ("mailjet",)

    def knows(self, record: JsonRecord) -> bool:
        return "event" in record and "time" in record and ("mj_campaign_id" in record or "MessageID" in record)

    def report(self, record: JsonRecord) -> Report:
        if record["event"] != "click":
            return Skipped(text(record, "event"))
        return click(
            record,
            service=self.name,
            time=lambda: epoch_moment(number(record, "time")),
            url=text(record, "url"),
            instead_of_id=(text(record, "Message_GUID", "MessageID"), text(record, "email")),
            email=text(record, "email"),
            ip=text(record, "ip"),
            agent=text(record, "agent"),
            variables=given_variables(
                campaign=record.get("customcampaign"),
                campaign_id=record.get("mj_campaign_id"),
                custom_id=record.get("CustomID"),
                payload=record.get("Payload"),
            )
            | variables_in(object_in(record, "Payload")),
        )
