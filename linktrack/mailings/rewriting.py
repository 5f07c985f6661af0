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
from linktrack.mailings.compile import Compiled, Mail, Placed, compile_part, interleaved
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
    honeypot = header = None
    if system[HONEYPOT_POSITION]:
        place = len(parts.html.text) if parts.scan.body_end is None else parts.scan.body_end
        honeypot = Placed(special[HONEYPOT_POSITION], place, place)
    if system[HEADER_POSITION]:
        header = f"{base_url}/{special[HEADER_POSITION]}/"
    html = compile_part(parts.html, of_html, base_url, honeypot)
    if parts.text is None:
        text = made_text(parts, of_html, base_url)
    else:
        text = compile_part(parts.text, [spot.placed for spot in authors if spot.part == "text"], base_url)
    if settings.output == "template":  # a tag that the encoding has not is found before anything is stored
        html.encoded(settings.merge_tag)
    if settings.sender:
        sender(settings.sender)
    count = len(authors) + (honeypot is not None) + (header is not None)
    return Mail(mailing.name, mailing.type, mailing.subject, html, text, header, count)


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
    segments, charset = mail.html.segments, mail.html.charset
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
    html, text = _json_segments(mail.html), _json_segments(mail.text)
    segments = [*html[:-1], html[-1] + b'", "text": "' + text[0], *text[1:]]
    segments[-1] += b'"}\n'
    subject = _json(mail.subject)
    for row in people:
        person = f'"contact_id": {_json(row.contact_id)}, "email": {_json(row.email)}, "token": "{row.token}"'
        head = f'{{{person}, "subject": {subject}, "html": "'
        yield [head.encode(), *interleaved(segments, row.token.encode("ascii"))]


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _json_segments(part: Compiled) -> list[bytes]:
    characters = [segment.decode(part.charset) for segment in part.segments]
    characters[0] = characters[0].removeprefix("\ufeff")  # marks the encoding of a file; JSON has one of its own
    return [_json(segment)[1:-1].encode() for segment in characters]


def _write_template(folder: Path, mail: Mail, merge_tag: str, people: Iterable[Recipient]) -> None:
    """The mail with the ESP's merge tag where the token goes, and the tokens to upload."""
    (folder / "mailing.html").write_bytes(mail.html.copy_for(merge_tag))
    (folder / "mailing.txt").write_bytes(mail.text.copy_for(merge_tag))
    with (folder / "tokens.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("contact_id", "email", "token"))
        table.writerows((row.contact_id, row.email, row.token) for row in people)
