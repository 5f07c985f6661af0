"""linktrack report html: the page that is sent to somebody."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.output import say
from linktrack.cli.report_frame import report_basis
from linktrack.cli.shared_context import protected_of, workspace_of
from linktrack.cli.usage import CommandFrame

page = CommandFrame(rich_markup_mode=None, pretty_exceptions_enable=False)


class PageLanguage(StrEnum):
    """What a page may be written in."""

    en = "en"
    sv = "sv"


@page.command()
def html(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write, or to replace; - is stdout.")],
    mailing: Annotated[
        list[str] | None,
        typer.Option(
            "--mailing", metavar="NAME", help="This mailing; again for further ones. None: all, and the latest."
        ),
    ] = None,
    lang: Annotated[PageLanguage | None, typer.Option(help="The language; the workspace's unless given.")] = None,
    images: Annotated[
        bool, typer.Option("--images", help="Show the mails' pictures: opening the page fetches them.")
    ] = False,
) -> None:
    """All of a mailing in one file to look at, to print and to send: no scripts in it, and nothing is fetched.

    Tiles, charts with their figures, the mail with the clicks on each link, mailings compared. At each table stands
    the command that gives its rows.

    \b
    Examples:
      linktrack report html report.html --mailing news
      linktrack report html report.html --mailing news --mailing autumn --lang sv
    """
    from linktrack.files.protected import folder_in_place
    from linktrack.files.reading import STDOUT
    from linktrack.files.writing import write_file
    from linktrack.reports.page import PageOptions, PageOrigin, make_page

    if str(out) != STDOUT and out.is_dir():
        raise folder_in_place(out)  # before the page is made
    settings = workspace_of(context).settings
    language = settings.language if lang is None else lang.value
    with report_basis(context) as basis:
        around = PageOrigin(basis.zone, settings.time_zone, basis.now, settings.base_url)
        made = make_page(basis.database, PageOptions(tuple(mailing or ()), language, images), around)
    write_file(out, made.encode("utf-8", "xmlcharrefreplace"), protected_of(context))
    if str(out) != STDOUT:
        say(context, f"Wrote {out}: open it in a browser.")
