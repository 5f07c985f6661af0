"""linktrack mailing: messages, tagged, tracked and rewritten for recipients."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linktrack.cli.output import FormatOption, confirm, iso, say, show_record, show_rows
from linktrack.cli.shared_context import kept_of, noun, opened, workspace_of
from linktrack.cli.shared_tagging import PolicyName, tag_file

if TYPE_CHECKING:
    from linktrack.links.utm import Utm

app = noun("Mailings: add, tag, check, rewrite for recipients.")

LIST_COLUMNS = ["mailing", "subject", "type", "placements", "links", "shipments", "size", "status", "created_at"]
ADDRESS_COLUMNS = ["placement", "link", "label", "kind", "line", "column", "target", "tracked", "reason"]
FINDING_COLUMNS = ["mailing", "rule", "part", "line", "column", "address", "message"]


class Output(StrEnum):
    html = "html"
    eml = "eml"
    mbox = "mbox"
    ndjson = "ndjson"
    template = "template"


NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The mailing's name.")]
PolicyOption = Annotated[
    PolicyName | None,
    typer.Option("--policy", help="keep: what the author wrote wins; replace: ours wins; off: no tagging."),
]


@app.command("add")
def add(
    context: typer.Context,
    name: NameArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The HTML; - reads stdin.")],
    text: Annotated[Path | None, typer.Option(help="The plain-text part; made from the HTML when not given.")] = None,
    subject: Annotated[str, typer.Option(help="The subject line.")] = "",
    type: Annotated[str, typer.Option(help="The type of mailing, e.g. newsletter or transactional.")] = "",
    utm_source: Annotated[str | None, typer.Option(help="utm_source of every link.")] = None,
    utm_campaign: Annotated[str | None, typer.Option(help="utm_campaign; {mailing.name} is its name.")] = None,
    utm_medium: Annotated[str | None, typer.Option(help="utm_medium; else the configuration's.")] = None,
    utm_content: Annotated[str | None, typer.Option(help="utm_content; {link.key} is the link's key.")] = None,
    utm_term: Annotated[str | None, typer.Option(help="utm_term.")] = None,
    policy: PolicyOption = None,
    track_all: Annotated[
        bool, typer.Option("--track-all/--no-track-all", help="Track every link, or only registered ones.")
    ] = True,
    base: Annotated[str, typer.Option(metavar="URL", help="What relative addresses are relative to.")] = "",
    charset: Annotated[str | None, typer.Option(help="The encoding, when the file names none or a wrong one.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a mailing that has not been shipped.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a mail that parsers read differently, or with unknown keys.")
    ] = False,
    format: FormatOption = None,
) -> None:
    """Add a mailing: find its links, give each spot a key, and prove that nothing else will change."""
    from linktrack.files import read_bytes
    from linktrack.mailings.adding import Draft, add_mailing
    from linktrack.mailings.addresses import checked_base
    from linktrack.mailings.catalog import Settings

    workspace = workspace_of(context)
    utm = _utm(workspace.settings.utm, utm_source, utm_medium, utm_campaign, utm_content, utm_term, policy)
    settings = Settings(utm, checked_base(base), track_all, workspace.settings.mailings.pairs, charset)
    plain = None if text is None else read_bytes(text, "a mail")
    draft = Draft(name, read_bytes(file, "a mail"), plain, subject, type, settings, str(file))
    with opened(context) as database:
        added = add_mailing(database, draft, workspace.settings.base_url, replace_it=replace, strict=strict)
    for sentence in added.warnings:
        say(context, f"Warning: {sentence}")
    say(context, f"Added {name}: {added.placements} of {added.addresses} addresses are tracked.")
    if format is not None:
        record = {
            "mailing": name,
            "addresses": added.addresses,
            "placements": added.placements,
            "registered_links": added.registered,
            "local_links": added.local,
            "unknown_keys": len(added.unknown),
        }
        show_record(record, format)


@app.command("list")
def list_all(
    context: typer.Context,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted mailings too.")] = False,
    format: FormatOption = None,
) -> None:
    """Mailings in the order in which they were added."""
    from linktrack.mailings.catalog import list_mailings

    with opened(context) as database:
        found = list_mailings(database, deleted=deleted)
    rows = [{**vars(row), "created_at": iso(row.created_at)} for row in found]
    table = ["mailing", "subject", "placements", "links", "shipments", "created_at"]
    show_rows(rows, LIST_COLUMNS, format, table=table)
    if not rows:
        say(context, "There are no mailings here yet: add one with linktrack mailing add NAME FILE.")


@app.command()
def show(context: typer.Context, name: NameArgument, format: FormatOption = None) -> None:
    """One mailing: its settings, what is tracked, and its shipments."""
    from linktrack.mailings.catalog import find_mailing, placements_of
    from linktrack.mailings.shipments import list_shipments

    with opened(context) as database:
        mailing = find_mailing(database, name)
        placements = [placement for placement in placements_of(database, mailing.id) if placement.position > 0]
        shipments = list_shipments(database, name)
    utm = mailing.settings.utm
    record: dict[str, Any] = {
        "mailing": mailing.name,
        "subject": mailing.subject,
        "type": mailing.type,
        "size": len(mailing.html),
        "text": mailing.text is not None,
        "track_all": mailing.settings.track_all,
        "base": mailing.settings.base,
        **{f"utm_{part}": getattr(utm, part) for part in ("source", "medium", "campaign", "content", "term")},
        "utm_policy": utm.policy,
        "placements": len(placements),
        "links": len({placement.link for placement in placements}),
        "shipments": [shipment.id for shipment in shipments],
        "created_at": iso(mailing.created_at),
        "status": "active" if mailing.deleted_at is None else "deleted",
    }
    show_record(record, format)


@app.command()
def links(
    context: typer.Context,
    name: NameArgument,
    tracked: Annotated[bool | None, typer.Option("--tracked/--untracked", help="Only these.")] = None,
    format: FormatOption = None,
) -> None:
    """Every address in a mailing: where it leads, or why it is left alone."""
    from linktrack.mailings.catalog import address_rows, find_mailing

    with opened(context) as database:
        found = address_rows(database, find_mailing(database, name), workspace_of(context).settings.base_url)
    rows = [vars(row) for row in found if tracked is None or row.tracked == tracked]
    show_rows(rows, ADDRESS_COLUMNS, format, table=["placement", "link", "label", "kind", "line", "target", "reason"])


@app.command()
def check(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME|FILE…", help="Mailings, or HTML files.")],
    format: FormatOption = None,
) -> None:
    """Look for what goes wrong in mails: broken addresses, phishing looks, no unsubscribe link. Exit code 6 if any."""
    from linktrack.mailings.lint import check_mailing

    workspace = workspace_of(context)
    rows = []
    with opened(context) as database:
        for name in names:
            found = check_mailing(database, workspace, name)
            rows += [{"mailing": name, **vars(finding)} for finding in found]
    show_rows(rows, FINDING_COLUMNS, format, table=["rule", "line", "column", "message", "address"])
    if rows:
        say(context, f"{len(rows)} finding{'s' if len(rows) > 1 else ''}.")
        raise typer.Exit(6)
    say(context, "Nothing found.")


app.command("tag")(tag_file)


@app.command()
def rewrite(
    context: typer.Context,
    name: NameArgument,
    contacts: Annotated[Path, typer.Option(metavar="FILE", help="The CRM's export of who gets it; - reads stdin.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder; - is stdout (ndjson and mbox).")],
    output: Annotated[Output, typer.Option("--as", help="What to write.")] = Output.html,
    merge_tag: Annotated[
        str, typer.Option(help="With --as template: the ESP's merge tag where the token goes.")
    ] = "{{ linktrack_token }}",
    test: Annotated[bool, typer.Option("--test", help="A test shipment: its clicks never count.")] = False,
    sent_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it is sent: 2026-05-04T09:00:00+02:00; else now.")
    ] = None,
    honeypot: Annotated[
        bool, typer.Option("--honeypot", help="Add an invisible link that only machines follow.")
    ] = False,
    sender: Annotated[str | None, typer.Option("--from", help="The sender of e-mails; else [sender] from.")] = None,
    format: FormatOption = None,
) -> None:
    """Make a shipment: store its recipients and write each one's copy with their own addresses."""
    from linktrack.cli.shared_mails import contacts_path, progress_bar, stream_or_folder, summary, unwritten
    from linktrack.crm.export import BadRow, read_contacts
    from linktrack.crm.mapping import mapping_of
    from linktrack.links.keys import open_keys
    from linktrack.mailings.catalog import find_mailing
    from linktrack.mailings.outputs.headers import reachable
    from linktrack.mailings.placements import place_late_keys
    from linktrack.mailings.rewriting import compile_mail, render
    from linktrack.mailings.shipments import WITH_HEADER, ShipmentSettings, finish_shipment, make_shipment
    from linktrack.moments import now, read_time

    workspace = workspace_of(context)
    when = now() if sent_at is None else read_time(sent_at, workspace.zone, "--sent-at")
    kept = kept_of(context, contacts)
    target = stream_or_folder(out, output.value, kept)
    rejected: list[BadRow] = []
    with opened(context) as database, contacts_path(contacts) as path:
        tokens = open_keys(workspace, database).tokens
        settings = ShipmentSettings(
            base_url=workspace.settings.base_url,
            output=output.value,
            key_id=tokens.keyring.signing_id,
            honeypot=honeypot,
            merge_tag=merge_tag if output is Output.template else "",
            sender=workspace.settings.sender.from_ if sender is None else sender,
        )
        mailing = find_mailing(database, name)
        place_late_keys(database, mailing, workspace.settings.base_url)
        mail = compile_mail(database, mailing, settings)
        mapping = mapping_of(workspace)
        people = read_contacts(path, mapping, rejected)
        if output.value in WITH_HEADER:
            people = reachable(people, rejected)
        with progress_bar(context, "Recipients") as progress:
            shipment = make_shipment(
                database, mailing, people, mapping, settings, sent_at=when, test=test, moment=now(), progress=progress
            )
        with unwritten(context, shipment), progress_bar(context, "Mails", shipment.recipients) as progress:
            written = render(database, mail, shipment, tokens, target, kept=kept, progress=progress)
            finish_shipment(database, shipment.id, now())
    summary(context, shipment, written, out, rejected, format)


@app.command()
def delete(
    context: typer.Context,
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take a mailing out of the lists; addresses in mails already sent go on working."""
    from linktrack.mailings.catalog import delete_mailing, find_mailing

    with opened(context) as database:
        find_mailing(database, name)
        if confirm(context, f"Delete the mailing {name!r}?", yes):
            delete_mailing(database, name)
            say(context, f"Deleted {name}.")


def _utm(settings: Any, source: str | None, medium: str | None, campaign: str | None, content: str | None,
         term: str | None, policy: PolicyName | None) -> Utm:  # fmt: skip
    """The options of a mailing over the workspace's `[utm]`."""
    from linktrack.links.utm import Utm

    return Utm(
        settings.source if source is None else source,
        settings.medium if medium is None else medium,
        settings.campaign if campaign is None else campaign,
        settings.content if content is None else content,
        settings.term if term is None else term,
        settings.policy if policy is None else policy.value,
        tuple(settings.domains),
    )
