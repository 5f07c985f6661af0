"""linktrack mailing tag: a filter that adds UTM parameters to a file, and needs no workspace."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.output import say


class PolicyName(Enum):
    keep = "keep"
    replace = "replace"
    off = "off"


def tag_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="HTML, a text or a list of URLs; - reads stdin.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="Where to write; - is stdout.")] = Path("-"),
    source: Annotated[str, typer.Option(help="utm_source.")] = "",
    campaign: Annotated[str, typer.Option(help="utm_campaign.")] = "",
    medium: Annotated[str, typer.Option(help="utm_medium.")] = "email",
    content: Annotated[str, typer.Option(help="utm_content.")] = "",
    term: Annotated[str, typer.Option(help="utm_term.")] = "",
    policy: Annotated[PolicyName, typer.Option(help="keep, replace or off.")] = PolicyName.keep,
    domain: Annotated[
        list[str] | None, typer.Option(help="Only hosts of this domain; repeatable. *.shop.example: only subdomains.")
    ] = None,
    urls: Annotated[bool, typer.Option("--urls", help="The file is a list of URLs, one a line.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The file is a plain text with URLs in it.")] = False,
) -> None:
    """Tag every web address in a file with UTM parameters. Needs no workspace; every other byte stays."""
    from linktrack.cli.shared_context import kept_of
    from linktrack.errors import UsageError
    from linktrack.files import read_bytes, write_file
    from linktrack.links.utm import Utm, warning
    from linktrack.mailings.tag import tag_html, tag_text, tag_urls

    if urls and text:
        raise UsageError("--urls and --text do not go together: say what the file is")
    if not (source.strip() or campaign.strip()) and policy is not PolicyName.off:
        raise UsageError("say what to write: --source and --campaign")
    utm = Utm(source, medium, campaign, content, term, policy.value, tuple(domain or ()))
    data = read_bytes(file, "a mail")
    tag = tag_text if text else tag_html
    tagged = tag_urls(data, utm) if urls else tag(data, utm, name=str(file))
    write_file(out, tagged.data, kept_of(context, file))
    if sentence := warning(utm):
        say(context, f"Warning: {sentence}")
    say(context, f"Tagged {tagged.changed} of {tagged.addresses} addresses.")
