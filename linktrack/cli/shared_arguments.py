"""Arguments that several commands have in common."""

from __future__ import annotations

from typing import Annotated

import typer

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The link's key.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The mailing's name.")]
