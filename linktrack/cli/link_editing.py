"""linktrack link add and edit: where a link leads, what it is called, and what a visitor sees instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from linktrack.cli.output import say
from linktrack.cli.shared_arguments import KeyArgument
from linktrack.cli.shared_context import WAIT, WaitOption, opened, workspace_of
from linktrack.errors import UsageError

if TYPE_CHECKING:
    from linktrack.links.responses import LinkResponse

UrlOption = Annotated[str | None, typer.Option("--url", help="Where a click leads.")]
NameOption = Annotated[str | None, typer.Option("--name", help="What people call it.")]
ConfirmOption = Annotated[
    bool | None,
    typer.Option("--confirm/--no-confirm", help="Show a page with a button first: only a press of it runs actions."),
]


class ResponseOptions(NamedTuple):
    """What a visitor sees instead of being redirected, as the options say it."""

    text: Annotated[str | None, typer.Option(help="Show this feedback text (HTML) instead of redirecting.")] = None
    form: Annotated[str | None, typer.Option(metavar="URL", help="Open this form instead of redirecting.")] = None
    prefill: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=CONTACT_FIELD", help="Fill a form field with a contact's; repeatable."),
    ] = None

    def response(self, context: typer.Context, *, redirect: bool = False) -> LinkResponse | None:
        """The response that they describe, or with `redirect` none but the link's address; None when they say nothing.
        UsageError for several."""
        from linktrack.links.responses import parse_response

        if (self.text is not None) + (self.form is not None) + redirect > 1:
            raise UsageError("a link has one response: --text, --form or --redirect")
        if self.prefill and self.form is None:
            raise UsageError("--prefill goes with --form")
        if self.text is not None:
            return parse_response({"kind": "text", "text": self.text})
        if self.form is not None:
            response: dict[str, Any] = {"kind": "form", "url": self.form}
            pairs = [pair.partition("=") for pair in self.prefill or []]
            if any(not (name and sign and value) for name, sign, value in pairs):
                raise UsageError("--prefill is written FIELD=CONTACT_FIELD, e.g. --prefill name=name")
            if pairs:
                response["prefill"] = {name: value for name, _, value in pairs}
            return parse_response(response, workspace_of(context).settings.serve.form_hosts)
        return parse_response({"kind": "redirect"}) if redirect else None


def add(
    context: typer.Context,
    key: KeyArgument,
    url: UrlOption = None,
    name: NameOption = None,
    folder: Annotated[str | None, typer.Option(help="The folder it belongs in.")] = None,
    parents: Annotated[bool, typer.Option("--parents", help="Make a missing folder.")] = False,
    *,
    instead: ResponseOptions,
    confirmed: ConfirmOption = None,
    wait: WaitOption = WAIT,
) -> None:
    """Register a link.

    In a mailing it is named by its key, <a href="linktrack:offer">, or found by its address.

    \b
    Examples:
      linktrack link add offer --url https://www.example.com/offer --folder Campaigns
      linktrack link add thanks --text "<p>Thank you!</p>"
    """
    from linktrack.links.editing import REDIRECT, add_link

    response = instead.response(context)
    if url is None and response is None:
        raise UsageError(f"the link {key!r} needs --url, or --text or --form for what a visitor sees instead")
    with opened(context, wait) as database:
        link = add_link(
            database,
            key,
            url=url or "",
            name=name,
            folder=folder,
            parents=parents,
            response=response or REDIRECT,
            confirm=bool(confirmed),
            pairs=workspace_of(context).settings.mailings.pairs,
        )
    say(context, f"Registered {link.key}: {link.url or link.response.said()}")


def edit(
    context: typer.Context,
    key: KeyArgument,
    url: UrlOption = None,
    name: NameOption = None,
    new_key: Annotated[str | None, typer.Option("--key", help="Another key; sent mails follow.")] = None,
    redirect: Annotated[bool, typer.Option("--redirect", help="Redirect to the URL again.")] = False,
    *,
    instead: ResponseOptions,
    confirmed: ConfirmOption = None,
    wait: WaitOption = WAIT,
) -> None:
    """Change a link; mails already sent follow. A link that shows a text has no address.

    \b
    Examples:
      linktrack link edit offer --url https://www.example.com/offer-2
      linktrack link edit offer --text "<p>Thank you!</p>"
    """
    from linktrack.links.editing import edit_link

    response = instead.response(context, redirect=redirect)
    if url is None and name is None and new_key is None and response is None and confirmed is None:
        raise UsageError("say what to change: --url, --name, --key, --redirect, --text, --form or --confirm")
    pairs = workspace_of(context).settings.mailings.pairs
    with opened(context, wait) as database:
        changed = edit_link(
            database, key, new_key=new_key, url=url, name=name, response=response, confirm=confirmed, pairs=pairs
        )
    if not changed:
        say(context, f"{key} is so already: nothing was changed.")
    for one in changed:
        say(context, f"{key}: {one.field} is now {one.new or 'empty'} (was: {one.old or 'empty'})")
