"""linktrack contact: one person, and what he gets."""

from __future__ import annotations

from typing import Annotated

import typer

from linktrack.cli.output import say
from linktrack.cli.shared_context import WAIT, WaitOption, noun, opened

app = noun("One person: subscribe again.")


@app.callback()
def contact() -> None:
    """One person, and what he gets."""


@app.command()
def subscribe(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="ID|EMAIL", help="The contact's id, address or name.")],
    type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Only this type of mailing; else all that he has left.")
    ] = None,
    wait: WaitOption = WAIT,
) -> None:
    """Write to a contact again who has left a type of mailing: he has asked for it.

    \b
    Examples:
      linktrack contact subscribe 10042
      linktrack contact subscribe anna@example.com --type newsletter
    """
    from linktrack.contacts.left import EVERY_TYPE, subscribe_again
    from linktrack.moments import now

    with opened(context, wait) as database:
        back = subscribe_again(database, who, type, moment=now())
    named = ", ".join("every type of mailing" if one == EVERY_TYPE else one for one in back)
    say(context, f"{who} is written to again: {named}." if back else f"{who} has left nothing: nothing is changed.")
