"""A mailing and its contacts, through the doors that a Python caller has."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linktrack.files.protected import Protected
from linktrack.mailings.adding import Added, Draft, add_mailing
from linktrack.mailings.rewriting import RewriteOptions, Rewritten, rewrite
from linktrack.store.session import Database
from linktrack.workspace import Workspace

MOMENT = 1_777_885_200_000
MAIL = b'<body><a href="https://shop.example/x">Buy</a> <a href="linktrack:unsubscribe">Bye</a></body>\n'


def add(database: Database, name: str = "news", html: bytes = MAIL, *, type: str = "newsletter") -> Added:
    """Add a mailing."""
    draft = Draft(name, html, subject="Hej", type=type)
    return add_mailing(database, draft, "https://click.example.com", moment=MOMENT)


def write_contacts(path: Path, ids: Iterable[object], *, interests: str | None = None) -> Path:
    """A contacts file with an address and a name for each id; with `interests` a column that says so for everybody."""
    rows = [f"{one};p{one}@x.example;Person {one}" + ("" if interests is None else f";{interests}") for one in ids]
    header = "contact_id;email;name" + ("" if interests is None else ";interests")
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


@dataclass(frozen=True)
class MailingsWorld:
    """A workspace whose mailings are rewritten to memory."""

    workspace: Workspace
    database: Database

    def rewrite(self, contacts: Path, **options: Any) -> tuple[Rewritten, list[dict[str, str]]]:
        """What a rewrite says, and its NDJSON rows."""
        out = io.BytesIO()
        said: list[str] = []
        wanted = RewriteOptions(
            **{"mailing": "news", "contacts": contacts, "sent_at": MOMENT, "output": "ndjson", **options}
        )
        done = rewrite(
            self.workspace, self.database, wanted, out, protected=Protected(), clock=lambda: MOMENT, tell=said.append
        )
        return done, [json.loads(line) for line in out.getvalue().splitlines()]

    def ids(self, contacts: Path, **options: Any) -> list[str]:
        """The contact ids that a rewrite goes to."""
        return [row["contact_id"] for row in self.rewrite(contacts, **options)[1]]

    def sent(self) -> int:
        """How many recipients count in figures."""
        counted = "NOT is_test AND finished_at IS NOT NULL AND cancelled_at IS NULL"
        return int(self.database.value(f"SELECT COALESCE(sum(recipients), 0) FROM shipment WHERE {counted}"))
