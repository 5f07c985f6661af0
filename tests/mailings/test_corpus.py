"""Mails as the world writes them: every file is rewritten, read back by an independent parser, and put back to the same bytes."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from pathlib import Path

from fast_mail_parser import parse_email
from html_reference import hrefs
from tests_support import decoded

from linktrack.errors import BadInput
from linktrack.links.merge_tags import fill, find, fold, masked
from linktrack.links.placement_keys import placement_keys
from linktrack.links.utm import Utm, tagged
from linktrack.mailings.addresses import ReadingOptions, read_mail
from linktrack.mailings.compile import PlacedSpan, compile_part
from linktrack.mailings.outputs.filling import FillablePart
from linktrack.mailings.outputs.made_text import made_text
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.outputs.mime import Message
from linktrack.mailings.proof import prove
from linktrack.mailings.reading.attribute_values import clean, decode
from linktrack.mailings.reading.document import read_document
from linktrack.mailings.reading.scan import scan
from linktrack.mailings.shipments import Recipient, Shipment, ShipmentSettings
from linktrack.mailings.tag import tag_html
from linktrack.mailings.untracked_targets import target_in_html

BASE = "https://click.example.com"
TOKEN = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5"
OPTIONS = ReadingOptions(BASE)


TRACKED = 4  # links of a mail, on the average, at least: what finds fewer has stopped to look


def reference(data: bytes, *, read_as: str = "latin-1") -> list[str]:
    """What html5lib reads as addresses, merge tags masked (they break every parser of HTML).

    They are bytes in latin-1, as the document's text is, unless another charset is named.
    """
    document = read_document(data)
    text = masked(document.text, scan(document).tags)
    return [value for _, value in hrefs(text.encode("latin-1").decode(read_as))]


def test_every_mail_is_spliced_and_put_back(mails: list[Path]) -> None:
    tracked = 0
    for path in mails:
        data = path.read_bytes()
        try:
            parts = read_mail(data, None, OPTIONS, name=path.name)
        except BadInput as refused:
            assert refused.line and refused.column, path.name
            continue
        spots = [address for address in parts.addresses if not address.reason]
        placed = [
            PlacedSpan(next(placement_keys(bytes(16), path.name, spot.position)), spot.start, spot.stop)
            for spot in spots
        ]
        prove(parts, [(spot, place.key) for spot, place in zip(spots, placed, strict=True)], BASE, OPTIONS)
        written = compile_part(parts.html, placed, BASE).copy_for(TOKEN)
        for spot, place in zip(reversed(spots), reversed(placed), strict=True):
            original = parts.html.piece(spot.start, spot.stop)
            head, found, tail = written.rpartition(f"{BASE}/{place.key}/{TOKEN}".encode())
            assert found, path.name
            written = head + original + tail
        assert written == data, path.name
        tracked += len(placed)
    assert tracked > TRACKED * len(mails)


def test_every_mail_holds_its_links_own_targets(mails: list[Path]) -> None:
    """As those get them who refused tracking: an independent parser reads the targets, and all else is what it was."""
    utm, read = Utm(source="å b", campaign="c&d=\"'"), 0
    for path in mails:
        try:
            parts = read_mail(path.read_bytes(), None, OPTIONS, name=path.name)
        except BadInput:
            continue
        quotes = {spot.start: spot.quote for spot in parts.scan.spots}
        tracked = [address for address in parts.addresses if not address.reason]
        wanted = {address.position: tagged(address.target, utm) for address in tracked}
        spans = {
            one.position: target_in_html(wanted[one.position], parts.html, one.start, one.stop, quotes[one.start])
            for one in tracked
        }
        prove(parts, [(address, "none") for address in tracked], BASE, OPTIONS, spans)
        part = FillablePart.of(compile_part(parts.html, list(spans.values()), BASE))
        values = {fold(tag.name): 'å &"' for url in wanted.values() for tag in find(url)}
        found = reference(b"".join(part.joined(b"no token", values)), read_as=parts.html.charset)
        expected = [clean(fill(url, values)) for url in wanted.values()]
        assert not set(expected) - {clean(one) for one in found}, path.name
        read += len(expected)
    assert read > TRACKED * len(mails)


def test_an_independent_parser_reads_exactly_the_new_addresses(mails: list[Path]) -> None:
    for path in mails:
        data = path.read_bytes()
        parts = read_mail(data, None, OPTIONS, name=path.name)
        spots = [address for address in parts.addresses if not address.reason]
        new = {spot.start: f"{BASE}/{next(placement_keys(bytes(16), 'm', spot.position))}/{TOKEN}" for spot in spots}
        placed = [
            PlacedSpan(next(placement_keys(bytes(16), "m", spot.position)), spot.start, spot.stop) for spot in spots
        ]
        before = reference(data)
        expected = []
        clickable = [s for s in parts.scan.spots if s.kind in ("a", "area", "vml") and not s.in_comment]
        assert len(clickable) == len(before), path.name
        for spot, value in zip(clickable, before, strict=True):
            assert decode(parts.scan.masked[spot.start : spot.stop]).replace("\r\n", "\n") == value, path.name
            expected.append(new.get(spot.start, value))
        assert reference(compile_part(parts.html, placed, BASE).copy_for(TOKEN)) == expected, path.name


def test_as_an_e_mail_every_mail_reads_back_in_two_parsers(mails: list[Path]) -> None:
    settings = ShipmentSettings(BASE, "eml", 0, sender="asa@example.com")
    shipment = Shipment(1, "m", 1_777_885_200_000, False, 1, settings, 0)
    for path in mails:
        parts = read_mail(path.read_bytes(), None, OPTIONS, name=path.name)
        spots = [address for address in parts.addresses if not address.reason]
        placed = [
            PlacedSpan(next(placement_keys(bytes(16), "m", spot.position)), spot.start, spot.stop) for spot in spots
        ]
        html, text = compile_part(parts.html, placed, BASE), made_text(parts, placed, BASE)
        mail = Mail("m", "", "Hi", html, text, f"{BASE}/unsu/", len(placed))
        raw = b"".join(Message(mail, shipment).buffers(Recipient("1", "bo@example.com", "Bo", TOKEN)))
        expected = re.sub("\r\n|\r|\n", "\r\n", html.copy_for(TOKEN).decode(html.charset))
        body = message_from_bytes(raw, policy=policy.default).get_body(("html",))
        assert body is not None and decoded(body).decode(html.charset) == expected, path.name
        second = parse_email(raw)
        assert second.text_plain == [re.sub("\n", "\r\n", text.copy_for(TOKEN).decode())], path.name
        if html.charset == "utf-8":
            assert second.text_html == [expected.removeprefix("\ufeff")], path.name
        assert all(len(line) <= 76 for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n")), path.name


def test_tagging_adds_text_and_changes_nothing_else(mails: list[Path]) -> None:
    utm = Utm("news", "email", "spring")
    for path in mails:
        data = path.read_bytes()
        once = tag_html(data, utm)
        assert tag_html(once.data, utm).data == once.data, path.name
        rest = iter(once.data)
        assert all(byte in rest for byte in data), path.name  # the original is a subsequence of the tagged mail


def test_a_text_part_can_be_made_of_every_mail(mails: list[Path]) -> None:
    for path in mails:
        parts = read_mail(path.read_bytes(), None, OPTIONS)
        text = made_text(parts, [], BASE).copy_for(TOKEN).decode()
        assert "<td" not in text or "<td" in parts.scan.masked
        assert "\n\n\n" not in text, path.name
