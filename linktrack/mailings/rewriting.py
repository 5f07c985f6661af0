"""Rendering: a shipment's mails, joined and written, whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from linktrack.errors import Conflict
from linktrack.files import Kept, making_folder
from linktrack.links.tokens import Tokens
from linktrack.mailings.catalog import (
    HEADER_POSITION,
    HONEYPOT_POSITION,
    StoredMailing,
    mailing_parts,
    placements_of,
)
from linktrack.mailings.compile import Gap, Mail, Placed, compile_part, interleaved
from linktrack.mailings.outputs.filling import FillablePart, prepare_filling, refuse_standing, standing_tags, values_of
from linktrack.mailings.outputs.headers import sender
from linktrack.mailings.outputs.output_folder import file_name, write_buffers
from linktrack.mailings.placements import place_system_links
from linktrack.mailings.proof import prove
from linktrack.mailings.shipments import (
    MERGE_TAG,
    WITH_HEADER,
    Recipient,
    Shipment,
    ShipmentSettings,
    recipients_of,
)
from linktrack.store.session import Database

STREAMS = ("ndjson", "mbox")  # outputs that are one stream and can go to stdout
_TOGETHER = 16  # mails in one write of a stream
_STEP = 100  # recipients between two reports of progress

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Rendered:
    """What was written."""

    recipients: int
    files: int
    placements: int


def render(
    database: Database,
    mail: Mail,
    shipment: Shipment,
    tokens: Tokens,
    out: Path | BinaryIO,
    *,
    kept: Kept,
    progress: Progress = lambda done: None,
) -> Rendered:
    """Write a shipment's mails (of `compile_mail`) into the folder `out`, or to a stream, in the order of the contacts.

    Conflict when the folder is there and not empty. A folder appears under its name only when it is complete.
    """
    output = shipment.settings.output
    people = _Watched(recipients_of(database, shipment, tokens), progress)
    if not isinstance(out, Path):
        _write_stream(out, _rows(output, mail, shipment, people))
        return Rendered(people.count, 0, mail.placements)
    with making_folder(out, kept) as folder:
        if output == "template":
            _write_template(folder, mail, shipment.settings.merge_tag or MERGE_TAG, people)
        elif output in STREAMS:
            name = "recipients.ndjson" if output == "ndjson" else "mailing.mbox"
            with (folder / name).open("wb", buffering=0) as file:
                _write_stream(file, _rows(output, mail, shipment, people))
        else:
            _write_files(folder, f".{output}", _files(output, mail, shipment, people))
        files = people.count if output in ("html", "eml") else len(list(folder.iterdir()))
    return Rendered(people.count, files, mail.placements)


def compile_mail(database: Database, mailing: StoredMailing, settings: ShipmentSettings) -> Mail:
    """Compile a mailing with its stored placements and prove it. BadInput when it does not read back."""
    from linktrack.mailings.outputs.made_text import made_text

    base_url = settings.base_url
    parts = mailing_parts(mailing, base_url)
    system = {HONEYPOT_POSITION: settings.honeypot, HEADER_POSITION: settings.output in WITH_HEADER}
    place_system_links(database, mailing, [position for position, wanted in system.items() if wanted])
    placements = placements_of(database, mailing.id)
    authors = [placement for placement in placements if placement.position > 0]
    special = {placement.position: placement.key for placement in placements if placement.position <= 0}
    addresses = {address.position: address for address in parts.addresses}
    placed = [(addresses[placement.position], placement.key) for placement in authors]
    prove(parts, placed, base_url, mailing.settings.options(base_url))
    of_html = [placement.placed for placement in authors if placement.part == "html"]
    of_text = [] if parts.text is None else [spot.placed for spot in authors if spot.part == "text"]
    honeypot = header = None
    if system[HONEYPOT_POSITION]:
        place = len(parts.html.text) if parts.scan.body_end is None else parts.scan.body_end
        honeypot = Placed(special[HONEYPOT_POSITION], place, place)
    if system[HEADER_POSITION]:
        header = f"{base_url}/{special[HEADER_POSITION]}/"
    html = compile_part(parts.html, of_html, base_url, honeypot)
    text = made_text(parts, of_html, base_url) if parts.text is None else compile_part(parts.text, of_text, base_url)
    tags = standing_tags(parts, of_html, of_text, mailing.subject, mailing.settings.merge_tags)
    filling = None
    if settings.fill and tags:
        extra = mailing.settings.merge_tags
        filling = prepare_filling(parts, of_html, text, tags, mailing.subject, base_url, honeypot, extra)
    elif settings.output in WITH_HEADER and not settings.keep_merge_tags:
        refuse_standing(tags)
    if settings.output == "template":  # a tag that the encoding has not is found before anything is stored
        html.encoded(settings.merge_tag)
    if settings.sender:
        sender(settings.sender)
    count = len(authors) + (honeypot is not None) + (header is not None)
    return Mail(mailing.name, mailing.type, mailing.subject, html, text, header, count, filling, tuple(tags))


class _Watched:
    """Recipients as they pass: counted, and progress reported every `_STEP` of them."""

    def __init__(self, people: Iterable[Recipient], progress: Progress) -> None:
        self._people, self._progress = people, progress
        self.count = 0

    def __iter__(self) -> Iterator[Recipient]:
        for row in self._people:
            yield row
            self.count += 1
            if self.count % _STEP == 0:
                self._progress(_STEP)
        self._progress(self.count % _STEP)


def _files(
    output: str, mail: Mail, shipment: Shipment, people: Iterable[Recipient]
) -> Iterator[tuple[str, list[bytes]]]:
    """(contact id, content) of each file."""
    if output == "eml":
        from linktrack.mailings.outputs.mime import Message

        message = Message(mail, shipment)
        return ((row.contact_id, message.buffers(row)) for row in people)
    segments, charset, filling = mail.html.segments, mail.html.charset, mail.filling
    if filling is not None:
        part = filling.html
        return ((row.contact_id, part.joined(row.token.encode(charset), values_of(row))) for row in people)
    return ((row.contact_id, interleaved(segments, row.token.encode(charset))) for row in people)


def _write_files(folder: Path, suffix: str, files: Iterable[tuple[str, list[bytes]]]) -> None:
    for contact_id, buffers in files:
        name = file_name(contact_id) + suffix
        try:
            target = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # a file system without case
            raise Conflict(f"two contact ids make one file {name!r} here: use --as ndjson") from None
        try:
            write_buffers(target, buffers)
        finally:
            os.close(target)


def _rows(output: str, mail: Mail, shipment: Shipment, people: Iterable[Recipient]) -> Iterator[list[bytes]]:
    """The mails of a stream, each as buffers."""
    if output == "ndjson":
        return ndjson_rows(mail, people)
    if output == "mbox":
        from linktrack.mailings.outputs.mime import Message

        message = Message(mail, shipment)
        return (message.mbox_buffers(row) for row in people)
    raise Conflict(f"{output} needs a folder: name one with --out DIR ({' and '.join(STREAMS)} can go to stdout)")


def _write_stream(out: BinaryIO, rows: Iterable[list[bytes]]) -> None:
    waiting: list[bytes] = []
    for count, buffers in enumerate(rows, 1):
        waiting += buffers
        if count % _TOGETHER == 0:
            _flush(out, waiting)
            waiting = []
    _flush(out, waiting)


def _flush(out: BinaryIO, buffers: list[bytes]) -> None:
    if isinstance(out, io.FileIO):
        write_buffers(out.fileno(), buffers)
    else:
        out.write(b"".join(buffers))
        out.flush()


def ndjson_rows(mail: Mail, people: Iterable[Recipient]) -> Iterator[list[bytes]]:
    """One JSON object a recipient; the mail's segments are escaped once, not once a recipient."""
    filling = mail.filling
    if filling is None:
        html_part, text_part = FillablePart.of(mail.html), FillablePart.of(mail.text).in_utf8(mail.text.charset)
    else:
        html_part, text_part = filling.html, filling.text
    html_part = html_part.in_utf8(mail.html.charset)
    html, text = _json_pieces(html_part), _json_pieces(text_part)
    pieces = [*html[:-1], html[-1] + b'", "text": "' + text[0], *text[1:]]
    pieces[-1] += b'"}\n'
    body = FillablePart(tuple(pieces), (*html_part.gaps, *text_part.gaps))
    subject = _json(mail.subject)
    for row in people:
        person = f'"contact_id": {_json(row.contact_id)}, "email": {_json(row.email)}, "token": "{row.token}"'
        if filling is None:
            copy = interleaved(pieces, row.token.encode("ascii"))
        else:
            values = values_of(row)
            subject = _json(filling.subject_for(values))
            copy = body.joined(row.token.encode("ascii"), values, _json_value)
        yield [f'{{{person}, "subject": {subject}, "html": "'.encode(), *copy]


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _json_pieces(part: FillablePart) -> list[bytes]:
    return [_json(piece.decode())[1:-1].encode() for piece in part.pieces]


def _json_value(value: bytes, gap: Gap) -> bytes:
    return _json(value.decode())[1:-1].encode()


def _write_template(folder: Path, mail: Mail, merge_tag: str, people: Iterable[Recipient]) -> None:
    """The mail with the ESP's merge tag where the token goes, and the tokens to upload."""
    (folder / "mailing.html").write_bytes(mail.html.copy_for(merge_tag))
    (folder / "mailing.txt").write_bytes(mail.text.copy_for(merge_tag))
    with (folder / "tokens.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("contact_id", "email", "token"))
        table.writerows((row.contact_id, row.email, row.token) for row in people)
