"""Mailchimp Transactional (Mandrill): the array that its webhook posts as the form field `mandrill_events`."""

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


class Mandrill(JsonEvents):
    """`msg.clicks` repeats the clicks of earlier events, so the event's own `url` counts."""

    name = "mandrill"
    names: tuple[str, ...] = ("mandrill", "mailchimp-transactional")

    def knows(self, record: JsonRecord) -> bool:
        return "ts" in record and (
            isinstance(record.get("msg"), dict) or record.get("type") in ("whitelist", "blacklist")
        )

    def report(self, record: JsonRecord) -> Report:
        if record.get("event") != "click":
            return Skipped(text(record, "event", "type"))
        message = part(record, "msg")
        earlier = message.get("clicks")
        only = earlier[0] if isinstance(earlier, list) and len(earlier) == 1 and isinstance(earlier[0], dict) else {}
        return click(
            record,
            service=self.name,
            time=lambda: epoch_moment(number(record, "ts")),
            url=text(record, "url") or text(only, "url"),
            instead_of_id=(text(record, "_id") or text(message, "_id"),),
            email=text(message, "email"),
            ip=text(record, "ip"),
            agent=text(record, "user_agent"),
            variables=given_variables(
                tag=message.get("tags"), template=message.get("template"), subaccount=message.get("subaccount")
            )
            | variables_in(part(message, "metadata")),
        )
