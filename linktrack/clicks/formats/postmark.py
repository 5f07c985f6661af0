"""Postmark: the click webhook, one object for each click, and pages of the messages API (`Clicks`)."""

from __future__ import annotations

from typing import Any

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
from linktrack.clicks.formats.notation.times import iso_moment


class Postmark(JsonEvents):
    """An event has no id: message, time and address stand for one."""

    name = "postmark"
    names: tuple[str, ...] = ("postmark",)

    def knows(self, record: dict[str, Any]) -> bool:
        return "RecordType" in record or ("OriginalLink" in record and "MessageID" in record)

    def report(self, record: dict[str, Any]) -> Report:
        if record.get("RecordType", "Click") != "Click":
            return Skipped(text(record, "RecordType").lower())
        return click(
            record,
            service=self.name,
            time=lambda: iso_moment(number(record, "ReceivedAt")),
            url=text(record, "OriginalLink"),
            instead_of_id=(text(record, "MessageID"), text(record, "Recipient")),
            email=text(record, "Recipient"),
            ip=text(part(record, "Geo"), "IP"),
            agent=text(record, "UserAgent"),
            variables=given_variables(tag=record.get("Tag"), stream=record.get("MessageStream"))
            | variables_in(part(record, "Metadata")),
        )
