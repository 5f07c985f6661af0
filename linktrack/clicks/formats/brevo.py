"""Brevo (Sendinblue): the webhooks of transactional mails and of campaigns, and pages of the API (`events`)."""

from __future__ import annotations

import json

from linktrack.clicks.event import Report, Skipped
from linktrack.clicks.formats.notation.json_events import JsonEvents, click, given_variables, number, text
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.times import epoch_moment, iso_moment
from linktrack.moments import zone_of


class Brevo(JsonEvents):
    """The visitor's address, `ip`, is in the API's events alone: a webhook's `sending_ip` is the server's."""

    name = "brevo"
    names: tuple[str, ...] = ("brevo", "sendinblue")

    def knows(self, record: JsonRecord) -> bool:
        return (
            "event" in record
            and any(key in record for key in ("message-id", "messageId", "camp_id"))
            and any(key in record for key in ("ts_epoch", "ts_event", "ts", "date", "date_event"))
        )

    def report(self, record: JsonRecord) -> Report:
        if record["event"] not in ("click", "clicked", "clicks"):
            return Skipped(text(record, "event"))
        return click(
            record,
            service=self.name,
            time=lambda: _moment(record),
            url=text(record, "link", "URL", "url"),
            instead_of_id=(text(record, "message-id", "messageId", "camp_id"), text(record, "email")),
            email=text(record, "email"),
            ip=text(record, "ip"),
            agent=text(record, "user_agent"),
            variables=given_variables(
                tag=_tags(record),
                campaign=record.get("campaign name"),
                campaign_id=record.get("camp_id"),
                template=record.get("template_id") or record.get("templateId"),
                custom=record.get("X-Mailin-custom"),
            ),
        )


def _moment(record: JsonRecord) -> int:
    """The event's time. `date` is Paris time, summer and winter, though nothing in it says so."""
    if stamp := number(record, "ts_epoch", "ts_event", "ts"):
        return epoch_moment(stamp)
    return iso_moment(number(record, "date_event", "date"), zone_of("Europe/Paris"))


def _tags(record: JsonRecord) -> object:
    """The list `tags`, or `tag`, which is a text or a JSON list as text."""
    if isinstance(tags := record.get("tags"), list) and tags:
        return tags
    tag = text(record, "tag")
    if tag.startswith("["):
        try:
            return json.loads(tag)
        except (ValueError, RecursionError):
            return tag
    return tag
