"""A template for an ESP: the mail with its merge tag where the token goes, and the tokens to upload."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from linktrack.files import create
from linktrack.mailings.compile import Mail
from linktrack.mailings.outputs.output_folder import new_file
from linktrack.mailings.shipments import Recipient

COLUMNS = ("contact_id", "email", "token")


def write_template(folder: Path, mail: Mail, merge_tag: str, people: Iterable[Recipient]) -> None:
    """Write `mailing.html`, `mailing.txt` and `tokens.csv` into a folder that has none of them."""
    create(folder / "mailing.html", mail.html.copy_for(merge_tag))
    create(folder / "mailing.txt", mail.text.copy_for(merge_tag))
    with os.fdopen(new_file(folder / "tokens.csv"), "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows((row.contact_id, row.email, row.token) for row in people)
