"""The check of the catalogue: actions that contradict each other, and references to what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from linktrack.errors import BadInput
from linktrack.files.reading import explained, open_own
from linktrack.hosts import browser_host, read_web_address
from linktrack.links.actions import (
    AnyAction,
    ScriptAction,
    SetFieldAction,
    parse_action,
)
from linktrack.links.contradictions import (
    CheckedLink,
    CheckedMailing,
    LinkFinding,
    between_links,
    wishes,
    within_link,
)
from linktrack.links.near_targets import comparable_address, differs_in
from linktrack.links.references import CheckedAgainst, ExportNames, Unfit, missing_of, names_in_actions
from linktrack.links.responses import FormResponse, problem_of_host, read_response
from linktrack.links.stored_actions import read_actions
from linktrack.names import held_under, same_name
from linktrack.store.session import Database
from linktrack.workspace import Workspace

FINDING_COLUMNS = ["finding", "link", "other", "mailing", "explanation"]
_MOST_SCRIPT = 1 << 24  # bytes of a script that are looked through


def check_links(
    workspace: Workspace,
    database: Database,
    key: str | None = None,
    export: ExportNames | None = None,
    unfit: Unfit = lambda *_: (),
) -> list[LinkFinding]:
    """The findings of a workspace; with `key` only those that concern this link. `unfit` says why interests may have no
    place in the cells of an export."""
    folder = workspace.scripts_path
    paths = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    scripts = {str(path.relative_to(folder)): _sets_address(path) for path in paths}
    links, mailings = load(database, workspace.settings.serve.form_hosts)
    host = urlsplit(workspace.settings.base_url).hostname or ""
    types = workspace.settings.subscriptions.types
    around = CheckedAgainst(workspace.settings.crm, scripts, folder, export or ExportNames(), host, types, unfit)
    return [one for one in findings(links, mailings, around) if key is None or key in (one.link, one.other)]


def _sets_address(script: Path) -> bool:
    """Whether a script may set the address of later clicks: the word for it stands there, as far as the script is
    read."""
    with open_own(script, "a script") as file, explained(script):
        return b"returnUrl" in file.read(_MOST_SCRIPT)


def load(database: Database, form_hosts: Sequence[str] = ()) -> tuple[list[CheckedLink], list[CheckedMailing]]:
    """All links, and all mailings that are not deleted. `form_hosts` are those of the settings."""
    actions = read_actions(database)
    links = []
    for link_id, key, kind, deleted_at, said, url in database.rows(
        "SELECT id, key, kind, deleted_at, response, url FROM link ORDER BY key"
    ):
        parsed, numbers, broken = [], [], []
        for row in actions.get(link_id, ()):
            try:
                parsed.append(parse_action(row.table))
                numbers.append(row.number)
            except BadInput as problem:
                broken.append(str(problem))
        response = read_response(said)
        prefill = tuple(response.prefill.values()) if isinstance(response, FormResponse) else ()
        facts = (tuple(parsed), tuple(broken), response.kind, prefill, url, tuple(numbers))
        unfilled = problem_of_host(response, form_hosts)
        links.append(CheckedLink(key, kind, deleted_at is not None, *facts, unfilled))
    stands: dict[int, list[str]] = {}
    for mailing_id, key in database.rows(
        "SELECT DISTINCT p.mailing_id, l.key FROM placement p JOIN link l ON l.id = p.link_id "
        "ORDER BY p.mailing_id, l.key"
    ):
        stands.setdefault(mailing_id, []).append(key)
    addresses: dict[int, list[str]] = {}
    for mailing_id, url in database.rows(
        "SELECT mailing_id, url FROM link WHERE kind = 'local' AND deleted_at IS NULL ORDER BY mailing_id, id"
    ):
        addresses.setdefault(mailing_id, []).append(url)
    mailings = [
        CheckedMailing(name, kind, tuple(stands.get(mailing_id, ())), tuple(addresses.get(mailing_id, ())))
        for mailing_id, name, kind in database.rows(
            "SELECT id, name, type FROM mailing WHERE deleted_at IS NULL ORDER BY name"
        )
    ]
    return links, mailings


def findings(
    links: Sequence[CheckedLink], mailings: Sequence[CheckedMailing], around: CheckedAgainst
) -> list[LinkFinding]:
    """Everything worth a look, each link by itself first, then the links of each mailing."""
    by_key = {link.key: link for link in links}
    types = {*around.types, *(mailing.type for mailing in mailings if mailing.type)}
    around = replace(around, types=types, named=names_in_actions(links))
    found = [LinkFinding(kind, link.key, "", "", text) for link in links for kind, text in _of_link(link, around)]
    for mailing in mailings:
        for link in (by_key[key] for key in mailing.links):
            if link.deleted and link.kind == "registered":
                text = f"the mailing {mailing.name!r} uses {link.key!r}, which is deleted: restore or replace it"
                found.append(LinkFinding("dead", link.key, "", mailing.name, text))
            if link.key == "unsubscribe" and mailing.type:
                found += _of_unsubscribe(link, mailing)
    return [*found, *_of_addresses(links, around), *between_links(by_key, mailings), *_idle(links, mailings)]


def _idle(links: Sequence[CheckedLink], mailings: Sequence[CheckedMailing]) -> Iterator[LinkFinding]:
    """Links whose actions nobody will cause: they stand in no mailing, or a mailing has another address of the same
    page."""
    used = {key for mailing in mailings for key in mailing.links}
    acting = [link for link in links if link.kind == "registered" and link.actions and not link.deleted]
    for link in acting if mailings else ():
        if link.key not in used:
            text = f"{link.key!r} has actions and stands in no mailing, so nobody's click causes them"
            yield LinkFinding("nowhere", link.key, "", "", text)
    for mailing in mailings:
        for url in mailing.addresses:
            for link in acting:
                if differences := differs_in(url, link.url):
                    text = (
                        f"the mailing {mailing.name!r} has {url}, which is {link.key!r} but for "
                        f"{' and '.join(differences)}: clicks on it cause none of its actions"
                    )
                    yield LinkFinding("near-address", link.key, "", mailing.name, text)


def _of_addresses(links: Sequence[CheckedLink], around: CheckedAgainst) -> Iterator[LinkFinding]:
    """Registered links whose address leads back to us, or is that of another one."""
    first: dict[str, str] = {}
    for link in links:
        if link.kind != "registered" or link.deleted or link.response != "redirect" or not link.url:
            continue
        leads_to = read_web_address(link.url)
        if around.host and leads_to is not None and leads_to.host == browser_host(around.host):
            text = f"{link.key!r} leads to {around.host}, where tracked addresses lead: visitors would go in a circle"
            yield LinkFinding("circle", link.key, "", "", text)
        other = first.setdefault(comparable_address(link.url), link.key)
        if other != link.key:
            text = f"{link.key!r} and {other!r} have one address: where a mail has it as it is, one of them is taken"
            yield LinkFinding("duplicate-url", link.key, other, "", text)


def _of_link(link: CheckedLink, around: CheckedAgainst) -> Iterator[tuple[str, str]]:
    for problem in link.broken:
        yield "bad-value", f"an action of {link.key!r} cannot be carried out: {problem}"
    yield from within_link(link)
    if link.unfilled:
        yield "form-host", f"{link.key!r} opens its form empty: {link.unfilled}"
    if link.key == "honeypot" and link.actions:
        yield "at-odds", "the honeypot has actions, but whoever follows it is a machine: they never run"
    for action in link.actions:
        for kind, text in missing_of(action, around):
            yield kind, f"{action.type} of {link.key!r}: {text}"
        yield from _of_response(link, action, around)


def _of_response(link: CheckedLink, action: AnyAction, around: CheckedAgainst) -> Iterator[tuple[str, str]]:
    """Where what the visitor sees and what the click does do not go together."""
    if isinstance(action, ScriptAction) and link.response != "redirect" and around.scripts.get(action.script):
        yield (
            "at-odds",
            f"{action.script} may set a returnUrl, but the response of {link.key!r} is a {link.response}: "
            "nobody is led there",
        )
    if isinstance(action, SetFieldAction):
        known = held_under(around.crm.contacts.fields, action.field)
        for name in (action.field, known.column if known else action.field):
            if name in link.prefill:
                yield (
                    "at-odds",
                    f"the form of {link.key!r} opens with {name!r} filled in, which the click sets to "
                    f"{action.value!r}: the visitor sees the value from before",
                )
                break


def _of_unsubscribe(link: CheckedLink, mailing: CheckedMailing) -> Iterator[LinkFinding]:
    wanted = {
        value
        for (kind, name), done in wishes(link, mailing.type).items()
        if kind == "interest" and same_name(name) == same_name(mailing.type)
        for _, value in done
    }
    if "remove" in wanted:
        return
    here = f"whoever unsubscribes from the mailing {mailing.name!r} gets no more of the type {mailing.type!r} from here"
    if "add" in wanted:
        text = f"{here}, but the CRM is told the opposite: its unsubscribe link adds the interest of that name"
        yield LinkFinding("unsubscribe", link.key, "", mailing.name, text)
    else:
        text = f"{here}, but the CRM is not told: no action of its unsubscribe link removes the interest of that name"
        yield LinkFinding("untold", link.key, "", mailing.name, text)
