"""A template for an ESP: the mail with its merge tag where the token goes, and the tokens to upload."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from linktrack.crm.guard import any_suspect, guarded
from linktrack.errors import BadInput
from linktrack.files.writing import create
from linktrack.mailings.compile import encoded
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.outputs.output_folder import new_file
from linktrack.mailings.reading.document import Document
from linktrack.mailings.shipments import Recipient, ShipmentSettings
from linktrack.store.many import at_once

_SIGNS = {'"': "a quotation mark", "'": "an apostrophe"}
COLUMNS = ("contact_id", "email", "token")


def refuse_tag(tag: str, document: Document, quotes: Iterable[tuple[int, str]]) -> None:
    """BadInput for a merge tag that its place cannot hold: one that the charset has not, or that has the sign in it
    which ends an address there. `quotes` are the starts of addresses in the document's text, and what ends each."""
    encoded(tag, document.charset)
    for start, quote in quotes:
        if quote and quote in tag:
            line, _ = document.place(start)
            raise BadInput(
                f"the merge tag {tag} has {_SIGNS[quote]} in it, which ends the address in line {line} of the "
                "mailing's HTML: name a tag without it"
            )


def write_template(folder: Path, mail: Mail, settings: ShipmentSettings, people: Iterable[Recipient]) -> None:
    """Write `mailing.html`, `mailing.txt` and `tokens.csv` into a folder that has none of them.

    With a second merge tag, for the recipient's own token, the first stands in the mail already, and `tokens.csv` has
    a column for each. What a spreadsheet would run in it is guarded.
    """
    own = settings.person_merge_tag
    create(folder / "mailing.html", mail.html.copy_for(own or settings.merge_tag))
    create(folder / "mailing.txt", mail.text.copy_for(own or settings.merge_tag))
    with os.fdopen(new_file(folder / "tokens.csv"), "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow((*COLUMNS, "person_token") if own else COLUMNS)
        for some in at_once(people):
            texts = [text for row in some for text in (row.contact_id, row.email)]
            shown = iter(map(guarded, texts) if any_suspect(texts) else texts)
            table.writerows((next(shown), next(shown), row.shown_token, *((row.token,) if own else ())) for row in some)
