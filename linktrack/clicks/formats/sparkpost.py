"""SparkPost: batches of the event webhook (`msys`) and pages of the events API (`results`)."""

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
from linktrack.clicks.formats.notation.times import moment_by_look

_CLICKS = ("click", "amp_click")


class SparkPost(JsonEvents):
    """An event stands inside `{"msys": {"track_event": …}}`, or bare in the API; an empty `msys` is a ping."""

    name = "sparkpost"
    names: tuple[str, ...] = ("sparkpost",)

    def knows(self, record: JsonRecord) -> bool:
        return isinstance(record.get("msys"), dict) or (
            "type" in record and "event_id" in record and ("rcpt_to" in record or "raw_rcpt_to" in record)
        )

    def report(self, record: JsonRecord) -> Report:
        event = record
        if "msys" in record:
            inside = part(record, "msys")
            event = next((part(inside, kind) for kind in inside), {})
        kind = text(event, "type")
        if kind not in _CLICKS:
            return Skipped(kind or "ping")
        return click(
            event,
            service=self.name,
            # Seconds, as a number or as text, in the webhook; ISO 8601 in the API.
            time=lambda: moment_by_look(number(event, "timestamp")),
            url=text(event, "target_link_url"),
            own_id=text(event, "event_id"),
            instead_of_id=(text(event, "message_id"), text(event, "raw_rcpt_to", "rcpt_to")),
            email=text(event, "raw_rcpt_to", "rcpt_to"),
            ip=text(event, "ip_address"),
            agent=text(event, "user_agent"),
            machine=any(
                one.get("is_prefetched") in (True, "true") for one in (event, part(event, "user_agent_parsed"))
            ),
            variables=given_variables(
                campaign=event.get("campaign_id"),
                tag=event.get("rcpt_tags"),
                template=event.get("template_id"),
                link_name=event.get("target_link_name"),
            )
            | variables_in(part(event, "rcpt_meta")),
        )
