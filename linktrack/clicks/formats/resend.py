"""Resend's webhooks: one object for each event, the click inside its data."""

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
from linktrack.clicks.formats.notation.times import iso_moment


class Resend(JsonEvents):
    """An event has no id in its body: message, time and address stand for one. `created_at` is the event's own time
    outside of `data`, and the message's inside."""

    name = "resend"
    names: tuple[str, ...] = ("resend",)

    def knows(self, record: JsonRecord) -> bool:
        return text(record, "type").startswith(("email.", "contact.", "domain.")) and isinstance(
            record.get("data"), dict
        )

    def report(self, record: JsonRecord) -> Report:
        if record["type"] != "email.clicked":
            return Skipped(text(record, "type").removeprefix("email."))
        data = part(record, "data")
        facts = part(data, "click")
        return click(
            record,
            service=self.name,
            time=lambda: iso_moment(number(facts, "timestamp") or number(record, "created_at")),
            url=text(facts, "link"),
            instead_of_id=(text(data, "email_id"),),
            email=variables_in({"to": data.get("to")}).get("to", ""),
            ip=text(facts, "ipAddress"),
            agent=text(facts, "userAgent"),
            variables=given_variables(campaign=data.get("broadcast_id")) | _tags(data),
        )


def _tags(data: JsonRecord) -> dict[str, str]:
    """The tags, an object or a list of names and values."""
    tags = data.get("tags")
    if isinstance(tags, list):
        return {text(tag, "name"): text(tag, "value") for tag in tags if isinstance(tag, dict) and text(tag, "name")}
    return variables_in(part(data, "tags"))
