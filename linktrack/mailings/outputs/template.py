"""A template for an ESP: the mail with its merge tag where the token goes, and the tokens to upload."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from linktrack.crm.guard import guarded
from linktrack.files.writing import create
from linktrack.mailings.compile import Mail
from linktrack.mailings.outputs.output_folder import new_file
from linktrack.mailings.shipments import Recipient, ShipmentSettings

COLUMNS = ("contact_id", "email", "token")


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
        table.writerows(
            (guarded(row.contact_id), guarded(row.email), row.shown_token, *((row.token,) if own else ()))
            for row in people
        )
