"""From when to when clicks are meant, as options say it."""

from __future__ import annotations

from typing import Annotated

import typer

ClickedSinceOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only clicks from this time on, e.g. 2026-05-04 or 2026-05-04T09:00.")
]
ClickedUntilOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only clicks before this time; of a date alone, that day too.")
]
