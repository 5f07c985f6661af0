"""linktrack mailing tag: a filter that adds UTM parameters to a file, and needs no workspace."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from linktrack.cli.output import say


class PolicyName(Enum):
    """What becomes of the utm parameters that an address has already."""

    keep = "keep"
    replace = "replace"
    off = "off"


PolicyOption = Annotated[
    PolicyName | None,
    typer.Option("--policy", help="keep: what the author wrote wins; replace: ours wins; off: no tagging."),
]


class UtmOptions(NamedTuple):
    """How a mailing's links are tagged, as far as its options say; in the order in which help shows them."""

    source: Annotated[
        str | None, typer.Option("--utm-source", help="utm_source of every link; '' sets it to nothing.")
    ] = None
    campaign: Annotated[
        str | None, typer.Option("--utm-campaign", help="utm_campaign; {mailing.name} is its name.")
    ] = None
    medium: Annotated[str | None, typer.Option("--utm-medium", help="utm_medium; else the configuration's.")] = None
    content: Annotated[str | None, typer.Option("--utm-content", help="utm_content; {link.key} is the link's key.")] = (
        None
    )
    term: Annotated[str | None, typer.Option("--utm-term", help="utm_term.")] = None
    id: Annotated[str | None, typer.Option("--utm-id", help="utm_id of Google Analytics 4.")] = None
    source_platform: Annotated[str | None, typer.Option("--utm-source-platform", help="utm_source_platform.")] = None
    creative_format: Annotated[str | None, typer.Option("--utm-creative-format", help="utm_creative_format.")] = None
    marketing_tactic: Annotated[str | None, typer.Option("--utm-marketing-tactic", help="utm_marketing_tactic.")] = None
    policy: PolicyOption = None

    def given(self) -> dict[str, str]:
        """What was given, by parameter, and the policy."""
        values = self._asdict() | {"policy": self.policy and self.policy.value}
        return {part: value for part, value in values.items() if value is not None}


def tag_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="HTML, a text or a list of URLs; - reads stdin.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="Where to write; - is stdout.")] = Path("-"),
    source: Annotated[str | None, typer.Option(help="utm_source; '' with --policy replace takes it out.")] = None,
    campaign: Annotated[str | None, typer.Option(help="utm_campaign.")] = None,
    medium: Annotated[str | None, typer.Option(help="utm_medium.")] = "email",
    content: Annotated[str | None, typer.Option(help="utm_content.")] = None,
    term: Annotated[str | None, typer.Option(help="utm_term.")] = None,
    campaign_id: Annotated[str | None, typer.Option("--id", help="utm_id of Google Analytics 4.")] = None,
    source_platform: Annotated[str | None, typer.Option(help="utm_source_platform.")] = None,
    creative_format: Annotated[str | None, typer.Option(help="utm_creative_format.")] = None,
    marketing_tactic: Annotated[str | None, typer.Option(help="utm_marketing_tactic.")] = None,
    policy: Annotated[PolicyName, typer.Option(help="keep, replace or off.")] = PolicyName.keep,
    domain: Annotated[
        list[str] | None, typer.Option(help="Only hosts of this domain; repeatable. *.shop.example: only subdomains.")
    ] = None,
    urls: Annotated[bool, typer.Option("--urls", help="The file is a list of URLs, one a line.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The file is a plain text with URLs in it.")] = False,
) -> None:
    """Tag every web address in a file with UTM parameters. Needs no workspace; every other byte stays.

    \b
    Examples:
      linktrack mailing tag news.html -o tagged.html --source newsletter --campaign spring
      linktrack mailing tag urls.txt --urls --source newsletter --campaign spring
    """
    from linktrack.cli.shared_context import protected_of
    from linktrack.errors import UsageError
    from linktrack.files.reading import read_bytes
    from linktrack.files.writing import write_file
    from linktrack.links.utm import Utm, warnings
    from linktrack.mailings.tag import tag_html, tag_text, tag_urls

    if urls and text:
        raise UsageError("--urls and --text do not go together: say what the file is")
    utm = Utm(
        source=source,
        medium=medium,
        campaign=campaign,
        content=content,
        term=term,
        policy=policy.value,
        domains=tuple(domain or ()),
        id=campaign_id,
        source_platform=source_platform,
        creative_format=creative_format,
        marketing_tactic=marketing_tactic,
    )
    if not utm.active and policy is not PolicyName.off:
        raise UsageError("say what to write: --source and --campaign")
    data = read_bytes(file, "a mail")
    tag = tag_text if text else tag_html
    tagged = tag_urls(data, utm) if urls else tag(data, utm, name=str(file))
    write_file(out, tagged.data, protected_of(context, file))
    for sentence in warnings(utm, tagged.urls, placeholders=()):
        say(context, f"Warning: {sentence}")
    say(context, f"Tagged {tagged.changed} of {tagged.addresses} addresses.")
