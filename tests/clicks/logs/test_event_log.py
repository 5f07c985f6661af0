"""Events of mail services become clicks: found by target, mailing and recipient, or rejected with the reason."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from clicks_world import CHROME, SENT, World, key_of

from linktrack.clicks.logs.fields import text_print
from linktrack.errors import NotFound
from linktrack.workspace import load_workspace


def sendgrid(number: int, **more: Any) -> dict[str, Any]:
    """A click by person 7 on link 2 in the mailing `spring`, first shipment, ten minutes after sending."""
    return {
        "event": "click", "sg_event_id": f"event-{number}", "sg_message_id": "m", "email": "c7@example.com",
        "timestamp": SENT // 1000 + 600, "url": "https://www.example.com/2", "ip": "198.51.100.9", "useragent": CHROME,
        "mailing": "spring", "shipment": "1", **more,
    }  # fmt: skip


def write(path: Path, events: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps(events))
    return path


def test_a_click_is_found_by_target_mailing_and_address(world: World, tmp_path: Path) -> None:
    summary = world.load(write(tmp_path / "events.json", [sendgrid(1), {**sendgrid(2), "event": "delivered"}]))
    assert (summary.read, summary.stored, summary.not_ours, summary.human) == (2, 1, 1, 1)
    ((moment, _, link, placement, shipment, recipient, ip, agent, flags, verdict, _),) = world.clicks()
    assert (moment, link, placement, shipment, recipient) == (SENT + 600_000, "link-2", 2, 1, 7)
    assert (ip, agent, flags, verdict) == ("198.51.100.0", CHROME, 0, "human")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"mailing": "winter"}, "unknown-mailing", id="a mailing that is not there"),
        pytest.param({"url": "https://www.example.com/other"}, "unknown-target", id="a target that the mail has not"),
        pytest.param({"url": "https://[www.example.com/"}, "unknown-target", id="a target that is no URL"),
        pytest.param({"email": "nobody@example.com"}, "unknown-recipient", id="a stranger"),
        pytest.param({"email": ""}, "no-recipient", id="no address"),
        pytest.param({"shipment": ""}, "ambiguous-shipment", id="a person of two shipments"),
        pytest.param({"mailing": "autumn", "url": "https://www.example.com/1"}, "unknown-recipient",
                     id="a mailing that was not sent"),
        pytest.param({"url": f"https://click.example.com/{key_of(1)}/" + "a" * 32}, "forged-token", id="a forged address"),
        pytest.param({"email": "c7@example.com, c8@example.com"}, "ambiguous-recipient", id="several destinations"),
        pytest.param({"url": f"https://click.example.com/{key_of(1)}/{{{{linktrack_token}}}}"}, "unfilled-merge-tag",
                     id="our address without its token"),
        pytest.param({"url": f"https://click.example.com/{key_of(1)}/%7B%7Blinktrack_token%7D%7D"}, "unfilled-merge-tag",
                     id="our address without its token, percent-encoded"),
        pytest.param({"url": f"https://click.example.com/{key_of(1)}/" + "a" * 31}, "malformed-token", id="a token cut short"),
        pytest.param({"url": "https://click.example.com/healthz"}, "unknown-target", id="another page of our host"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_rejected(world: World, tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    summary = world.load(write(tmp_path / "events.json", [sendgrid(1, **change)]))
    assert (summary.stored, summary.reasons) == (0, {reason: 1})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"email": "C7@Example.COM"}, id="another spelling of the address"),
        pytest.param({"email": "", "contact_id": "C7"}, id="the CRM's contact id as a custom variable"),
        pytest.param({"url": "https://WWW.example.com/2?utm_source=esp&utm_medium=email"}, id="tagged by the service"),
        pytest.param({"mailing": "weekly,spring"}, id="the mailing among several tags"),
        pytest.param({"email": "Seven <c7@example.com>"}, id="a name around the address"),
        pytest.param({"email": '"Seven, Ann" <C7@example.com>'}, id="a name with a comma"),
        pytest.param({"email": "c7@example.com, C7@example.com"}, id="one address twice"),
        pytest.param(
            {"email": "c7@example.com, c8@example.com", "contact_id": "C7"}, id="several addresses, one contact"
        ),
        pytest.param({"url": "https://www.example.com/2/"}, id="a slash behind it"),
        pytest.param({"url": "https://www.example.com/2)"}, id="a bracket glued to it"),
        pytest.param({"url": "https://www.example.com/2/)."}, id="a slash and more glued to it"),
        pytest.param({"url": "https://www.example.com/2?utm_source=esp)"}, id="a bracket glued to the tags"),
        pytest.param({"url": "https://www.example.com/2%3E"}, id="an encoded bracket glued to it"),
        pytest.param({"url": "https://www.example.com/2#top"}, id="a fragment behind it"),
        pytest.param(
            {"url": "https://www.example.com/2/?utm_source=esp&amp;utm_medium=x#!/a=b"}, id="tags and a fragment"
        ),
        pytest.param({"url": "https://www.example.com/2%22%3e"}, id="more of them"),
        pytest.param({"url": "https://www.example.com/2?utm_source=esp&amp;utm_medium=email"}, id="HTML's &amp;"),
        pytest.param({"email": "c7@example.com (Seven)"}, id="a name in brackets behind the address"),
        pytest.param({"email": "mailto:c7@example.com"}, id="a link to the address"),
        pytest.param({"mailing": "", "Mailing": "spring"}, id="the variable in another case"),
        pytest.param({"email": "", "contactId": "C7"}, id="the contact's variable in another spelling"),
    ],
)
def test_other_ways_to_say_the_same(world: World, tmp_path: Path, change: dict[str, Any]) -> None:
    assert world.load(write(tmp_path / "events.json", [sendgrid(1, **change)])).stored == 1
    assert world.clicks()[0][2:6] == ("link-2", 2, 1, 7)


@pytest.mark.parametrize(
    ("variable", "event"),
    [
        *[
            (variable, {"signature": {}, "event-data": {
                "event": "clicked", "id": "a", "timestamp": SENT / 1000 + 700, "url": "https://www.example.com/2",
                "recipient": "c7@example.com", "tags": ["spring"], "user-variables": {"shipment": "1"}}})
            for variable in ("tags", "tag", "Tags")
        ],
        *[
            (variable, {
                "RecordType": "Click", "MessageID": "a", "ReceivedAt": "2026-05-04T09:12:33Z", "Tag": "spring",
                "OriginalLink": "https://www.example.com/2", "Recipient": "c7@example.com", "Metadata": {"shipment": "1"}})
            for variable in ("Tag", "tag")
        ],
        *[
            (variable, {
                "event": "click", "time": SENT // 1000 + 700, "MessageID": 1, "email": "c7@example.com",
                "url": "https://www.example.com/2", "customcampaign": "spring", "Payload": '{"shipment": 1}'})
            for variable in ("customcampaign", "campaign", "CustomCampaign")
        ],
    ],
)  # fmt: skip
def test_the_mailing_under_the_services_own_name(
    untouched: World, tmp_path: Path, variable: str, event: dict[str, Any]
) -> None:
    world = untouched.copy(tmp_path / "world")
    settings = tmp_path / "world" / "linktrack.toml"
    settings.write_text(settings.read_text().replace("[clicks]\n", f'[clicks]\nmailing_variable = "{variable}"\n'))
    world = World(load_workspace(tmp_path / "world", {}), world.tokens)
    assert world.load(write(tmp_path / "events.json", [event])).stored == 1
    assert world.clicks()[0][2:6] == ("link-2", 2, 1, 7)


def test_pages_of_events_apis(world: World, tmp_path: Path) -> None:
    """A list under its usual names, whatever stands beside it."""
    for number, (name, beside) in enumerate([("items", {"paging": {"next": "x"}}), ("events", {}), ("results", {})]):
        page = {**beside, name: [sendgrid(number)]}
        (tmp_path / "page.json").write_text(json.dumps(page))
        assert world.load(tmp_path / "page.json").stored == 1, name


def test_our_own_address_in_an_event_says_everything(world: World, tmp_path: Path) -> None:
    ours = {"url": "https://click.example.com" + world.path(3, 5, shipment=2), "email": "x", "mailing": "?"}
    assert world.load(write(tmp_path / "events.json", [sendgrid(1, **ours)])).stored == 1
    assert world.clicks()[0][2:6] == ("link-3", 3, 2, 5)


def test_the_mailing_can_be_named(world: World, tmp_path: Path) -> None:
    events = write(tmp_path / "events.json", [sendgrid(1, mailing="")])
    assert world.load(events, mailing="spring").stored == 1
    with pytest.raises(NotFound, match="winter"):
        world.load(write(tmp_path / "more.json", [sendgrid(2)]), mailing="winter")


def test_an_event_counts_once_however_often_it_is_sent(world: World, tmp_path: Path) -> None:
    events = [sendgrid(number) for number in range(5)]
    first = world.load(write(tmp_path / "a.json", [*events, events[0]]))
    assert (first.read, first.stored, first.repeated) == (6, 5, 1)
    again = tmp_path / "b.ndjson.gz"
    again.write_bytes(gzip.compress("".join(json.dumps(event) + "\n" for event in [*events, sendgrid(9)]).encode()))
    second = world.load(again)
    assert (second.read, second.stored, second.repeated) == (6, 1, 5)
    assert world.load(tmp_path / "a.json").read == 0


def test_a_file_that_grows_is_read_on_and_an_unfinished_event_waits(world: World, tmp_path: Path) -> None:
    log = tmp_path / "events.ndjson"
    lines = [json.dumps(sendgrid(number)) + "\n" for number in range(6)]
    log.write_text("".join(lines[:3]) + lines[3][:50])
    assert world.load(log).stored == 3
    log.write_text("".join(lines))
    summary = world.load(log)
    assert (summary.read, summary.stored) == (3, 3)


def test_the_services_own_verdict_counts(world: World, tmp_path: Path) -> None:
    """Mailgun says of an event that a bot made it."""
    data = {
        "event": "clicked", "id": "abc", "timestamp": SENT / 1000 + 700.5, "url": "https://www.example.com/3",
        "recipient": "c2@example.com", "ip": "198.51.100.7", "tags": ["spring"], "user-variables": {"shipment": "2"},
        "client-info": {"user-agent": CHROME, "bot": "generic"},
    }  # fmt: skip
    (tmp_path / "mailgun.json").write_text(json.dumps({"signature": {}, "event-data": data}))
    assert world.load(tmp_path / "mailgun.json", mailing="spring").scanner == 1
    click = world.clicks()[0]
    assert (click[0], click[2:6], click[9], click[10]) == (
        SENT + 700_500,
        ("link-3", 3, 2, 2),
        "scanner",
        "service-flag",
    )


def test_bounds_of_time_and_resets_hold_for_events_too(world: World, tmp_path: Path) -> None:
    events = write(tmp_path / "events.json", [sendgrid(1), sendgrid(2, timestamp=SENT // 1000 + 900)])
    summary = world.load(events, since=SENT + 800_000)
    assert (summary.stored, summary.not_ours) == (1, 1)
    assert world.load(events).stored == 1


SPELLINGS = [("Åsa3@example.com", "åsa3@example.com"), ("c3@räv.example", "c3@xn--rv-via.example")]


@pytest.mark.parametrize("since", ["", "somebody@example.net"], ids=["of today", "of that time"])
@pytest.mark.parametrize(
    ("stored", "said"), [pair for one, other in SPELLINGS for pair in ((one, other), (other, one))]
)
def test_an_address_is_known_however_it_is_written(
    world: World, tmp_path: Path, stored: str, said: str, since: str
) -> None:
    with world.database() as database, database.transaction():
        database.execute("UPDATE shipment_recipient SET email = ? WHERE recipient_id = 7", (stored,))
        database.execute("UPDATE recipient SET email = ? WHERE id = 7", (since or stored,))
    events = [sendgrid(1, email=said), sendgrid(2, email=stored), sendgrid(3, email=f"{said}, {stored}")]
    summary = world.load(write(tmp_path / "events.json", events))
    assert (summary.stored, summary.reasons) == (3, {})
    assert {click[2:6] for click in world.clicks()} == {("link-2", 2, 1, 7)}


def test_mailchimps_member_id_is_the_address_in_disguise(world: World, tmp_path: Path) -> None:
    from hashlib import md5

    with world.database() as database, database.transaction():
        database.execute("UPDATE recipient SET email = 'C7@Example.com' WHERE id = 7")
    ids = [md5(email.encode(), usedforsecurity=False).hexdigest() for email in ("c7@example.com", "x@example.com")]
    log = tmp_path / "activity.csv"
    log.write_text(
        "action,member_id,timestamp,url,campaign_title\n"
        + "".join(
            f"click,{who},2026-05-04 09:10:0{at},https://www.example.com/2,spring\n" for at, who in enumerate(ids)
        )
    )
    with world.database() as database, database.transaction():  # so that the shipment is no question
        database.execute("DELETE FROM shipment_recipient WHERE shipment_id = 2 AND recipient_id = 7")
        database.execute("DELETE FROM shipment_recipient WHERE shipment_id = 3 AND recipient_id = 7")
    summary = world.load(log, mailing="spring")
    assert (summary.stored, summary.reasons) == (1, {"unknown-recipient": 1})
    assert world.clicks()[0][2:6] == ("link-2", 2, 1, 7)


def test_an_address_that_the_mailing_went_to_is_known_after_the_contact_got_another(
    world: World, tmp_path: Path
) -> None:
    with world.database() as database, database.transaction():
        database.execute("UPDATE recipient SET email = 'seven@example.net' WHERE id = 7")
    events = [sendgrid(1, email="C7@example.com"), sendgrid(2, email="seven@example.net"), sendgrid(3, email="c7@x")]
    summary = world.load(write(tmp_path / "events.json", events))
    assert (summary.stored, summary.reasons) == (2, {"unknown-recipient": 1})
    assert {click[2:6] for click in world.clicks()} == {("link-2", 2, 1, 7)}


def test_events_that_lacked_their_mailing_are_read_again_when_it_is_named(world: World, tmp_path: Path) -> None:
    events = write(tmp_path / "events.json", [sendgrid(1, mailing=""), sendgrid(2)])
    first = world.load(events)
    assert (first.stored, first.reasons) == (1, {"unknown-mailing": 1})
    assert "--mailing" in first.hints[0]
    second = world.load(events, mailing="spring")
    assert (second.read, second.stored, second.repeated) == (2, 1, 1)


@pytest.mark.parametrize("named", [True, False])
def test_a_mailing_is_the_same_with_its_accents_in_one_sign_or_two(world: World, tmp_path: Path, named: bool) -> None:
    with world.database() as database, database.transaction():
        database.execute("UPDATE mailing SET name = 'v\u00e5r' WHERE name = 'spring'")
    events = write(tmp_path / "events.json", [sendgrid(1, mailing="" if named else "va\u030ar")])
    summary = world.load(events, mailing="va\u030ar") if named else world.load(events)
    assert summary.stored == 1


def test_a_webhook_body_over_many_lines_without_a_last_line_end(world: World, tmp_path: Path) -> None:
    log = tmp_path / "event.json"
    log.write_text(json.dumps(sendgrid(1), indent=2))
    assert world.load(log).stored == 1


def test_a_link_by_key_is_known_by_its_own_url(world: World, tmp_path: Path) -> None:
    """Where the author wrote `linktrack:KEY`, that stands at the spot, and the event has what the link leads to."""
    with world.database() as database, database.transaction():
        database.execute("UPDATE placement SET url = 'linktrack:link-2' WHERE id = 2")
    urls = ["https://www.example.com/2", "https://www.example.com/2/?utm_campaign=x"]
    events = [sendgrid(number, url=url) for number, url in enumerate(urls)]
    assert world.load(write(tmp_path / "events.json", events)).stored == 2
    assert {click[2:6] for click in world.clicks()} == {("link-2", 2, 1, 7)}


PLACES = [
    ("https://shop.example.com/åäö/", "https://shop.example.com/%C3%A5%C3%A4%C3%B6/"),
    ("https://shop.example.com/%c3%a5%c3%a4ö", "https://shop.example.com/%C3%A5%C3%A4%C3%B6"),
    ("https://www.blåbär.se/x", "https://www.xn--blbr-noae.se/x"),
    ("https://www.example.com:443/p", "https://WWW.example.com/p"),
    ("http://www.example.com/p", "http://www.example.com:80/p"),
    ("https://www.example.com/a b?q=r%c3%b6d", "https://www.example.com/a%20b?q=r%C3%B6d&utm_medium=email"),
    ("https://www.example.com/kött?s=Åre", "https://www.example.com/k%C3%B6tt?s=%C3%85re"),
    ("https://www.example.com/a(b)!", "https://www.example.com/a%28b%29%21"),
]


@pytest.mark.parametrize("turned", [False, True], ids=["so in the mail", "so in the event"])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[0])
@pytest.mark.parametrize("service", ["sendgrid", "mailgun", "mailjet", "ses"])
def test_a_target_is_one_however_it_is_written(
    world: World, tmp_path: Path, place: tuple[str, str], turned: bool, service: str
) -> None:
    written, said = reversed(place) if turned else place
    with world.database() as database, database.transaction():
        database.execute("UPDATE placement SET url = ? WHERE id = 2", (written,))
        database.execute("UPDATE link SET url = ? WHERE key = 'link-2'", (written,))
    event: dict[str, Any] = {
        "sendgrid": sendgrid(1, url=said),
        "mailgun": {"event-data": {"event": "clicked", "id": "a", "timestamp": SENT / 1000 + 700, "url": said,
                                   "recipient": "c7@example.com",
                                   "user-variables": {"shipment": "1", "mailing": "spring"}}},
        "mailjet": {"event": "click", "time": SENT // 1000 + 700, "MessageID": 1, "email": "c7@example.com", "url": said,
                    "Payload": '{"shipment": "1", "mailing": "spring"}'},
        "ses": ses("Unlikely", ["c7@example.com"]),
    }[service]  # fmt: skip
    if service == "ses":
        event["click"]["link"] = said
    summary = world.load(write(tmp_path / "events.json", [event]))
    assert (summary.stored, summary.reasons) == (1, {})
    assert {click[2:6] for click in world.clicks()} == {("link-2", 2, 1, 7)}


def test_two_links_of_one_target_are_ambiguous_where_the_event_has_what_both_are_for_a_browser(
    world: World, tmp_path: Path
) -> None:
    with world.database() as database, database.transaction():
        for number, url in ((2, "https://www.example.com/å"), (3, "https://www.example.com/%C3%A5")):
            database.execute("UPDATE placement SET url = ? WHERE id = ?", (url, number))
            database.execute("UPDATE link SET url = ? WHERE key = ?", (url, f"link-{number}"))
    urls = ["https://www.example.com/å", "https://www.example.com/%C3%A5", "https://www.example.com/%c3%a5"]
    events = [sendgrid(number, url=url) for number, url in enumerate(urls)]
    summary = world.load(write(tmp_path / "events.json", events))
    assert (summary.stored, summary.reasons) == (1, {"ambiguous-target": 2})
    assert world.clicks()[0][2] == "link-2"


def test_two_links_that_differ_by_a_slash_are_told_apart_and_a_glued_end_of_them_is_not(
    world: World, tmp_path: Path
) -> None:
    with world.database() as database, database.transaction():
        database.execute("UPDATE placement SET url = 'https://www.example.com/2/' WHERE id = 3")
        database.execute("UPDATE link SET url = 'https://www.example.com/2/' WHERE key = 'link-3'")
    urls = ["https://www.example.com/2", "https://www.example.com/2/", "https://www.example.com/2)"]
    summary = world.load(
        write(tmp_path / "events.json", [sendgrid(number, url=url) for number, url in enumerate(urls)])
    )
    assert (summary.stored, summary.reasons) == (2, {"ambiguous-target": 1})
    assert [click[2] for click in world.clicks()].count("link-3") == 1


def test_a_fragment_of_the_mails_own_tells_targets_apart(world: World, tmp_path: Path) -> None:
    with world.database() as database, database.transaction():
        database.execute("UPDATE placement SET url = 'https://www.example.com/2#news' WHERE id = 3")
        database.execute("UPDATE link SET url = 'https://www.example.com/2#news' WHERE key = 'link-3'")
        database.execute("UPDATE placement SET url = 'https://www.example.com/only#this' WHERE id = 4")
        database.execute("UPDATE link SET url = 'https://www.example.com/only#this' WHERE key = 'link-4'")
    urls = ["2#news", "2#other", "2", "only#other", "only"]
    events = [sendgrid(number, url=f"https://www.example.com/{url}") for number, url in enumerate(urls)]
    summary = world.load(write(tmp_path / "events.json", events))
    assert (summary.stored, summary.reasons) == (3, {"unknown-target": 2})
    assert sorted(click[2] for click in world.clicks()) == ["link-2", "link-2", "link-3"]


def sparkpost(number: int, **parsed: Any) -> dict[str, Any]:
    return {"msys": {"track_event": {
        "type": "click", "event_id": f"e{number}", "timestamp": str(SENT // 1000 + 700 + number),
        "target_link_url": "https://www.example.com/2", "raw_rcpt_to": f"c{number}@example.com", "user_agent": CHROME,
        "ip_address": "198.51.100.9", "rcpt_meta": {"mailing": "spring", "shipment": "1"}, "user_agent_parsed": parsed}}}  # fmt: skip


def test_sparkpost_says_what_was_prefetched(world: World, tmp_path: Path) -> None:
    said: list[dict[str, Any]] = [{"is_prefetched": True}, {"is_prefetched": False, "is_proxy": True}, {}]
    events = [sparkpost(number, **parsed) for number, parsed in enumerate(said, 1)]
    events.append(sparkpost(4))
    events[-1]["msys"]["track_event"]["is_prefetched"] = True
    assert world.load(write(tmp_path / "events.json", events)).stored == 4
    assert sorted((click[5], *click[9:]) for click in world.clicks()) == [
        (1, "scanner", "service-flag"), (2, "human", ""), (3, "human", ""), (4, "scanner", "service-flag"),
    ]  # fmt: skip


def ses(bot: str, destination: list[str]) -> dict[str, Any]:
    return {
        "eventType": "Click",
        "click": {"ipAddress": "198.51.100.9", "link": "https://www.example.com/2", "userAgent": CHROME,
                  "timestamp": "2026-05-04T09:10:00.000Z", "isBotEvent": bot},
        "mail": {"messageId": f"{bot} {destination}", "destination": destination,
                 "tags": {"mailing": ["spring"], "shipment": ["1"]}},
    }  # fmt: skip


def test_amazon_says_likely_of_a_machine_and_several_destinations_are_ambiguous(world: World, tmp_path: Path) -> None:
    events = [
        ses("Likely", ["c1@example.com"]),
        ses("Unlikely", ["Two <c2@example.com>"]),
        ses("Unlikely", ["c3@example.com", "c4@example.com"]),
    ]
    log = tmp_path / "events.json"
    log.write_text("\n".join(map(json.dumps, events)))
    summary = world.load(log)
    assert summary.reasons == {"ambiguous-recipient": 1}
    assert sorted((click[5], click[8], click[9]) for click in world.clicks()) == [(1, 2, "scanner"), (2, 0, "human")]


def test_the_print_of_an_event_is_that_of_its_identity_and_of_no_key(world: World, tmp_path: Path) -> None:
    world.load(write(tmp_path / "events.json", [sendgrid(1)]))
    assert world.clicks()[0][1] == text_print(b'["sendgrid", "event-1"]')


def of_every_service(number: int) -> list[dict[str, Any]]:
    """The same click as four services tell it, with numbers that make it four clicks."""
    url, email, said = "https://www.example.com/2", "c7@example.com", {"mailing": "spring", "shipment": "1"}
    at = SENT // 1000 + 600 + number
    return [
        sendgrid(number, timestamp=at),
        {"signature": {}, "event-data": {"event": "clicked", "id": f"g{number}", "timestamp": at, "url": url,
                                         "recipient": email, "user-variables": said}},
        {"event": "click", "time": at, "MessageID": number, "email": email, "url": url, "Payload": json.dumps(said)},
        {"RecordType": "Click", "MessageID": f"p{number}", "ReceivedAt": f"2026-05-04T09:12:{number:02}Z",
         "OriginalLink": url, "Recipient": email, "Metadata": said},
    ]  # fmt: skip


@pytest.mark.parametrize("shape", ["lines", "an array", "one behind the other", "three imports"])
def test_events_of_several_services_in_one_file_are_read(world: World, tmp_path: Path, shape: str) -> None:
    events = [event for number in (1, 2, 3) for event in of_every_service(number)]
    if shape == "one behind the other":
        events.sort(key=lambda event: sorted(event))
    log = tmp_path / "events.json"
    texts = [json.dumps(event) + "\n" for event in events]
    pieces = [json.dumps(events)] if shape == "an array" else ["".join(texts)]
    if shape == "three imports":
        pieces = ["".join(texts[:end]) for end in (1, 7, 12)]
    for piece in pieces:
        log.write_text(piece)
        summary = world.load(log, log_format="sendgrid") if shape == "an array" else world.load(log)
        assert not summary.reasons
    assert len(world.clicks()) == 12


PAGES: dict[str, dict[str, Any]] = {
    "Mailgun": {"items": [{"id": "a", "event": "clicked", "timestamp": SENT / 1000 + 700, "tags": ["spring"],
                           "url": "https://www.example.com/2", "recipient": "c7@example.com", "ip": "198.51.100.9",
                           "client-info": {"user-agent": CHROME, "bot": ""}}], "paging": {}},
    "Postmark": {"TotalCount": 1, "Clicks": [{"OriginalLink": "https://www.example.com/2", "MessageID": "a",
                                              "ReceivedAt": "2026-05-04T09:12:33Z", "Recipient": "c7@example.com",
                                              "UserAgent": CHROME, "Geo": {"IP": "198.51.100.9"}, "Tag": "spring"}]},
    "Brevo": {"events": [{"email": "c7@example.com", "date": "2026-05-04T11:12:33.000+02:00", "event": "clicks",
                          "messageId": "<a@example.com>", "tag": "spring", "link": "https://www.example.com/2"}]},
    "SparkPost": {"results": [{"type": "click", "event_id": "1", "rcpt_to": "c7@example.com", "user_agent": CHROME,
                               "timestamp": "2026-05-04T09:12:33.000Z", "rcpt_tags": ["spring"],
                               "target_link_url": "https://www.example.com/2", "ip_address": "198.51.100.9"}]},
}  # fmt: skip


@pytest.mark.parametrize("service", PAGES)
def test_pages_of_a_services_api(world: World, tmp_path: Path, service: str) -> None:
    with world.database() as database, database.transaction():
        database.execute("DELETE FROM shipment_recipient WHERE shipment_id <> 1 AND recipient_id = 7")
    log = tmp_path / "page.json"
    log.write_text(json.dumps(PAGES[service]))
    summary = world.load(log, mailing="spring")
    assert (summary.stored, summary.reasons) == (1, {})
    assert {click[2:6] for click in world.clicks()} == {("link-2", 2, 1, 7)}
