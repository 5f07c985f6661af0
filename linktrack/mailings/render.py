"""Rendering: a shipment's mails, joined and written, whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from linktrack.errors import Conflict
from linktrack.links.tokens import Keyring
from linktrack.mailings.adding import prove
from linktrack.mailings.catalog import (
    HEADER_POSITION,
    HONEYPOT_POSITION,
    StoredMailing,
    mailing_parts,
    placements_of,
)
from linktrack.mailings.compile import Compiled, Placed, compile_part
from linktrack.mailings.shipments import Recipient, Shipment, recipients_of
from linktrack.store.session import Database

OUTPUTS = ("html", "eml", "mbox", "ndjson", "template")
_TOGETHER = 16  # mails in one write of a stream


@dataclass(frozen=True)
class Mail:
    """A mailing compiled for a shipment. `text` is the author's, or made from the HTML."""

    name: str
    type: str
    subject: str
    html: Compiled
    text: Compiled
    unsubscribe: str | None  # the address for the List-Unsubscribe header, before the token
    placements: int


@dataclass(frozen=True)
class Rendered:
    """What was written."""

    recipients: int
    files: int
    placements: int = 0


def compile_mail(database: Database, mailing: StoredMailing, shipment: Shipment) -> Mail:
    """Compile a mailing with its stored placements and prove it. BadInput when it does not read back."""
    from linktrack.mailings.made_text import made_text

    base_url = shipment.settings.base_url
    parts = mailing_parts(mailing, base_url)
    placements = placements_of(database, mailing.id)
    special = {placement.position: placement.key for placement in placements if placement.position <= 0}
    honeypot = None
    if shipment.settings.honeypot:
        place = len(parts.html.text) if parts.scan.body_end is None else parts.scan.body_end
        honeypot = Placed(special[HONEYPOT_POSITION], place, place)
    authors = [placement for placement in placements if placement.position > 0]
    placed = {part: [placement.placed for placement in authors if placement.part == part] for part in ("html", "text")}
    addresses = {address.position: address for address in parts.addresses}
    prove(
        parts,
        [(addresses[placement.position], placement.key) for placement in authors],
        base_url,
        mailing.settings.options(base_url),
    )
    html = compile_part(parts.html, placed["html"], base_url, honeypot)
    if parts.text is None:
        text = made_text(parts, placed["html"], base_url)
    else:
        text = compile_part(parts.text, placed["text"], base_url)
    header = special.get(HEADER_POSITION)
    unsubscribe = f"{base_url}/{header}/" if header else None
    return Mail(mailing.name, mailing.type, mailing.subject, html, text, unsubscribe, len(placements))


def render(
    database: Database,
    mailing: StoredMailing,
    shipment: Shipment,
    keyring: Keyring,
    out: Path | BinaryIO,
    *,
    output: str | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Rendered:
    """Write a shipment's mails into the folder `out`, or as NDJSON or mbox to a stream, in the order of the contacts.

    Conflict when the folder is there and not empty. A folder appears under its name only when it is complete.
    """
    mail = compile_mail(database, mailing, shipment)
    output = output or shipment.settings.output
    people = recipients_of(database, shipment, keyring)
    if isinstance(out, Path):
        with new_folder(out) as folder:
            written = _fill(folder, output, mail, shipment, people, progress)
    else:
        written = _stream(output, mail, shipment, people, out, progress)
    return replace(written, placements=mail.placements)


def _fill(
    folder: Path,
    output: str,
    mail: Mail,
    shipment: Shipment,
    people: Iterable[Recipient],
    progress: Callable[[int], None],
) -> Rendered:
    if output == "html":
        return _write_files(folder, ".html", ((row, _html(mail, row)) for row in people), progress)
    if output == "eml":
        from linktrack.mailings.mime import Message

        message = Message(mail, shipment)
        return _write_files(folder, ".eml", ((row, message.buffers(row)) for row in people), progress)
    if output == "template":
        return _write_template(folder, mail, shipment, people, progress)
    name = "recipients.ndjson" if output == "ndjson" else "mailing.mbox"
    with (folder / name).open("wb", buffering=0) as file:
        written = _stream(output, mail, shipment, people, file, progress)
    return Rendered(written.recipients, 1)


def check_folder(out: Path) -> None:
    """Conflict when mails cannot be written into `out` because something is there."""
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        what = "is not empty" if out.is_dir() else "is a file"
        raise Conflict(f"{out} {what}: name a new folder with --out")


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its name when all is well and vanishes when it is not."""
    check_folder(out)
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.absolute().with_name(f".{out.absolute().name}.unfinished-{os.getpid()}")
    unfinished.mkdir()
    try:
        yield unfinished
        check_folder(out)
        if out.exists():
            out.rmdir()
        unfinished.rename(out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def file_name(contact_id: str) -> str:
    """A contact id as a file's name: what a file system may not like becomes %XX."""
    safe = re.sub(r"[^\w.@+=,() \-]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), contact_id)
    return f"%2E{safe[1:]}" if safe.startswith(".") else safe


def _html(mail: Mail, row: Recipient) -> list[bytes]:
    return interleaved(mail.html.segments, mail.html.document.encoded(row.token))


def interleaved(segments: Iterable[bytes], token: bytes) -> list[bytes]:
    """Segments with the token between each two, as buffers for one gathering write."""
    buffers: list[bytes] = []
    for segment in segments:
        buffers += (segment, token)
    buffers.pop()
    return buffers


def _write_files(
    folder: Path, suffix: str, mails: Iterable[tuple[Recipient, list[bytes]]], progress: Callable[[int], None]
) -> Rendered:
    count = 0
    for row, buffers in mails:
        name = file_name(row.contact_id) + suffix
        try:
            target = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:  # a file system without case
            raise Conflict(f"two contact ids make one file {name!r} here: use --as ndjson") from None
        try:
            write_buffers(target, buffers)
        finally:
            os.close(target)
        count += 1
        if count % 100 == 0:
            progress(100)
    progress(count % 100)
    return Rendered(count, count)


def write_buffers(target: int, buffers: list[bytes]) -> None:
    """Write all buffers to a file descriptor with as few calls as the system allows."""
    for start in range(0, len(buffers), _IOV_MAX):
        group = buffers[start : start + _IOV_MAX]
        written = os.writev(target, group)
        if written < sum(map(len, group)):  # a pipe, or a disk that is nearly full
            rest = memoryview(b"".join(group))[written:]
            while rest:
                rest = rest[os.write(target, rest) :]


_IOV_MAX = 1024


def _stream(
    output: str,
    mail: Mail,
    shipment: Shipment,
    people: Iterable[Recipient],
    out: BinaryIO,
    progress: Callable[[int], None],
) -> Rendered:
    if output == "ndjson":
        rows = ndjson_rows(mail, people)
    elif output == "mbox":
        from linktrack.mailings.mime import Message

        message = Message(mail, shipment)
        rows = (message.mbox_buffers(row) for row in people)
    else:
        raise Conflict(f"{output} needs a folder: name one with --out DIR (ndjson and mbox can go to stdout)")
    count = 0
    waiting: list[bytes] = []
    for buffers in rows:
        waiting += buffers
        count += 1
        if count % _TOGETHER == 0:
            _flush(out, waiting)
            progress(_TOGETHER)
            waiting = []
    _flush(out, waiting)
    progress(count % _TOGETHER)
    return Rendered(count, 0)


def _flush(out: BinaryIO, buffers: list[bytes]) -> None:
    if isinstance(out, io.FileIO):
        write_buffers(out.fileno(), buffers)
    else:
        out.write(b"".join(buffers))


def ndjson_rows(mail: Mail, people: Iterable[Recipient]) -> Iterator[list[bytes]]:
    """One JSON object a recipient; the mail's segments are escaped once, not once a recipient."""
    html, text = _json_segments(mail.html), _json_segments(mail.text)
    segments = [*html[:-1], html[-1] + b'", "text": "' + text[0], *text[1:-1]]
    if len(text) > 1:
        segments.append(text[-1])
    segments[-1] += b'"}\n'
    subject = _json(mail.subject)
    for row in people:
        person = f'"contact_id": {_json(row.contact_id)}, "email": {_json(row.email)}, "token": "{row.token}"'
        head = f'{{{person}, "subject": {subject}, "html": "'
        yield [head.encode(), *interleaved(segments, row.token.encode("ascii"))]


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _json_segments(part: Compiled) -> list[bytes]:
    charset = part.document.charset
    return [_json(segment.decode(charset))[1:-1].encode() for segment in part.segments]


def _write_template(
    folder: Path, mail: Mail, shipment: Shipment, people: Iterable[Recipient], progress: Callable[[int], None]
) -> Rendered:
    """The mail with the ESP's merge tag where the token goes, and the tokens to upload."""
    tag = shipment.settings.merge_tag
    (folder / "mailing.html").write_bytes(mail.html.copy_for(tag))
    (folder / "mailing.txt").write_bytes(mail.text.copy_for(tag))
    count = 0
    with (folder / "tokens.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("contact_id", "email", "token"))
        for row in people:
            table.writerow((row.contact_id, row.email, row.token))
            count += 1
            if count % 1000 == 0:
                progress(1000)
    progress(count % 1000)
    return Rendered(count, 3)
