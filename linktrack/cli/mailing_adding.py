"""linktrack mailing add and edit: what a mail says, and how its links are tagged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.mailing_tagging import UtmOptions
from linktrack.cli.output import FormatOption, say, show_record, warn
from linktrack.cli.shared_arguments import NameArgument
from linktrack.cli.shared_context import WAIT, WaitOption, opened, workspace_of


def add_mail(
    context: typer.Context,
    name: NameArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The HTML; - reads stdin.")],
    text: Annotated[Path | None, typer.Option(help="The plain-text part; made from the HTML when not given.")] = None,
    subject: Annotated[str, typer.Option(help="The subject line.")] = "",
    type: Annotated[str, typer.Option(help="The type of mailing, e.g. newsletter or transactional.")] = "",
    *,
    utm: UtmOptions,
    track_all: Annotated[
        bool, typer.Option("--track-all/--no-track-all", help="Track every link, or only registered ones.")
    ] = True,
    base: Annotated[str, typer.Option(metavar="URL", help="What relative addresses are relative to.")] = "",
    charset: Annotated[str | None, typer.Option(help="The encoding, when the file names none or a wrong one.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a mailing that has not been shipped.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a mail that parsers read differently, or with unknown keys.")
    ] = False,
    wait: WaitOption = WAIT,
    format: FormatOption = None,
) -> None:
    """Add a mailing: find its links, give each spot a key, and prove that nothing else will change.

    A registered link stands in a mail as href="linktrack:KEY", or by its very URL.

    \b
    Examples:
      linktrack mailing add news news.html --subject 'Spring is here' --type newsletter
      linktrack mailing add news news.html --text news.txt --utm-source newsletter --utm-campaign spring
    """
    from linktrack.files.reading import read_bytes
    from linktrack.links.utm import Utm
    from linktrack.mailings.adding import Draft, add_mailing
    from linktrack.mailings.addresses import checked_base
    from linktrack.mailings.catalogue import MailingOptions
    from linktrack.moments import now

    workspace = workspace_of(context)
    tagging = Utm.of_options(utm.given(), workspace.settings.utm.model_dump())
    settings = MailingOptions(tagging, checked_base(base), track_all, workspace.settings.mailings.pairs, charset)
    plain = None if text is None else read_bytes(text, "a mail")
    html = read_bytes(file, "a mail")
    draft = Draft(name, html, plain, subject, type, settings, str(file), "" if text is None else str(text))
    with opened(context, wait) as database:
        added = add_mailing(
            database, draft, workspace.settings.base_url, moment=now(), replace_it=replace, strict=strict
        )
    _tell(context, added.warnings, added.notes)
    say(context, f"Added {name}: {added.placements} of {added.addresses} addresses are tracked.")
    if format is not None:
        record = {
            "mailing": name,
            "addresses": added.addresses,
            "placements": added.placements,
            "registered_links": len(added.registered),
            "local_links": added.local,
            "unknown_keys": len(added.unknown),
        }
        show_record(record, format)


def edit_mail(
    context: typer.Context,
    name: NameArgument,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar="NEW", help="Another name, also for what was sent.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="The subject line.")] = None,
    type: Annotated[str | None, typer.Option(help="The type, while only tests were sent.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="The HTML, while only tests were sent.")] = None,
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The plain text, while only tests were sent.")
    ] = None,
    *,
    utm: UtmOptions,
    wait: WaitOption = WAIT,
) -> None:
    """Change a mailing. HTML, text and type only until it is shipped (tests do not count); the rest at any time.

    \b
    Examples:
      linktrack mailing edit news --subject 'Spring is here' --html news.html
      linktrack mailing edit news --name spring-news --utm-campaign spring
    """
    from linktrack.files.reading import read_bytes
    from linktrack.mailings.editing import MailingChanges, edit_mailing
    from linktrack.moments import now

    changes = MailingChanges(
        new_name,
        subject,
        type,
        utm.given(),
        None if html is None else read_bytes(html, "a mail"),
        None if text is None else read_bytes(text, "a mail"),
        "" if html is None else str(html),
        "" if text is None else str(text),
    )
    with opened(context, wait) as database:
        edited = edit_mailing(database, name, changes, workspace_of(context).settings.base_url, moment=now())
    _tell(context, edited.warnings, () if edited.added is None else edited.added.notes)
    what = ", ".join(edited.changed) if edited.changed else "nothing, it was so already"
    say(context, f"Changed {edited.name}: {what}.")


def _tell(context: typer.Context, warnings: Sequence[str], notes: Sequence[str]) -> None:
    """What is worth knowing about a mailing's links."""
    for sentence in warnings:
        warn(f"Warning: {sentence}")
    for sentence in notes:
        say(context, f"Note: {sentence}")
