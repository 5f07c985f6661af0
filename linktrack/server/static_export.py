"""The same answers written down for a web server of one's own: a map, its configuration, and the pages as files."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from html import escape
from pathlib import Path
from typing import Any

from linktrack.contacts.types import shown_type, spelled_types
from linktrack.errors import BadInput, Conflict, LinktrackError, NotFound, PartlyDone, UsageError
from linktrack.files.disk_folders import check_new_folder, make_own_folder
from linktrack.files.protected import Protected
from linktrack.files.reading import explained, read_bytes, whole_path
from linktrack.files.writing import PUBLIC, write_file
from linktrack.links.location import location
from linktrack.links.merge_tags import fill
from linktrack.links.special_links import LEAVING
from linktrack.links.tokens import TOKEN_LENGTH
from linktrack.mailings.catalogue import find_mailing
from linktrack.mailings.copying import copy_for
from linktrack.moments import DAY, Clock, now
from linktrack.server.answer import host_of
from linktrack.server.export_marker import EXPORT_KINDS, MARKER, ExportMarker, marker_of
from linktrack.server.live import pages_of, unused_templates
from linktrack.server.new_tabs import in_new_tabs
from linktrack.server.nginx import NOWHERE, StaticSpot, http_text, server_text
from linktrack.server.nginx_access import closed_pages, refuse_unfit_log
from linktrack.server.pages import Pages
from linktrack.server.site import Page
from linktrack.server.snapshot import KnownLink, KnownPlacement, Snapshot, keeping_lost
from linktrack.server.snapshot_file import load_snapshot, refresh_snapshot, take_snapshot
from linktrack.store.session import Database
from linktrack.workspace import Workspace

LOG = "/var/log/nginx/linktrack.log"
_PUBLIC_FOLDER = 0o755
_KEPT_FOR = 7 * DAY  # a page that no address leads to any more: a server that was not reloaded yet still shows it
_NOWHERE, _NOBODY = "https://online.invalid", "a" * TOKEN_LENGTH


@dataclass(frozen=True)
class ExportedRedirects:
    """What an export did: the files that it wrote or removed, and the placements whose merge tags it left empty (by
    key, with the address); `closed` says why nginx cannot read them, "" where it can; `notes` say which files were
    meant for pages and make none, and where our own page stands in for one that fails."""

    kind: str
    placements: int
    changed: tuple[str, ...]
    emptied: tuple[tuple[str, str], ...]
    closed: str = ""
    notes: tuple[str, ...] = ()


@dataclass
class _Collected:
    """The files of an export as they are found."""

    notes: list[str]
    pages: dict[str, bytes] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    spots: dict[str, StaticSpot] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    emptied: list[tuple[str, str]] = field(default_factory=list)

    def page(self, kind: str, page: Page) -> str:
        """The file of a page, the same for the same page."""
        name = f"{kind}-{blake2b(page.body, digest_size=8).hexdigest()}.html"
        self.pages[name] = page.body
        self.policies[name] = page.policy
        return name


def export_redirects(
    workspace: Workspace,
    database: Database,
    out: Path,
    kind: str | None,
    log: str | None,
    protected: Protected,
    clock: Clock = now,
) -> ExportedRedirects:
    """Write what a web server needs into `out`, a new folder or an earlier export of which only what changed is
    written. `kind` None is what `out` was made for. Pages of before stay for a week.

    UsageError without a kind, errors as `refuse_unfit_log`, Conflict for a folder that holds something else, an export
    of the other kind too.
    """
    before = marker_of(out)
    chosen = kind or (before.kind if before else None)
    if chosen is None:
        raise UsageError(f"--for is missing: what the export is for, {' or '.join(EXPORT_KINDS)}")
    if before is not None and chosen != before.kind:
        raise Conflict(
            f"the export in {out} is for {before.kind}, and a web server may have its files open: "
            f"name another folder for {chosen}"
        )
    where = log or (before.log if before else LOG)
    refuse_unfit_log(Path(where), out, protected)
    if before is None:
        check_new_folder(out, protected)
    refresh_snapshot(workspace, database)
    collected = _collect(workspace, database)
    files = _files(workspace, collected, chosen, where, whole_path(out))
    moment = clock()
    left = {name: (before.left if before else {}).get(name, moment) for name in _own_files(out) if name not in files}
    over = [name for name, since in left.items() if not 0 <= moment - since < _KEPT_FOR]
    kept = {name: since for name, since in left.items() if name not in over}
    files[MARKER] = ExportMarker(chosen, where, kept).text().encode()
    with explained(out):
        for folder in (out, out / "pages"):
            make_own_folder(folder, _PUBLIC_FOLDER)
            folder.chmod(_PUBLIC_FOLDER)
    changed = [name for name, data in files.items() if _now(out / name) != data]
    for name in changed:
        write_file(out / name, files[name], protected, mode=PUBLIC)
    for name in over:
        (out / name).unlink()
    seen = tuple(name for name in changed if name != MARKER)
    return ExportedRedirects(
        chosen,
        len(collected.spots),
        seen,
        tuple(collected.emptied),
        closed_pages(out, chosen),
        tuple(collected.notes),
    )


def files_behind(workspace: Workspace, database: Database, out: Path) -> list[str]:
    """The files of an export that are behind the catalogue. NotFound where there is no export."""
    marker = marker_of(out)
    if marker is None:
        raise NotFound(f"there is no export of linktrack in {out}: make one with linktrack redirects export {out}")
    files = _files(workspace, _collect(workspace, database), marker.kind, marker.log, whole_path(out))
    return [name for name, data in files.items() if _now(out / name) != data]


def check_export(workspace: Workspace, database: Database, out: Path) -> None:
    """PartlyDone, naming files, where an export is behind the catalogue, or nginx cannot read it, or write its log.
    NotFound where there is none."""
    behind = files_behind(workspace, database, out)
    if behind:
        more = f" and {len(behind) - 3} more" if len(behind) > 3 else ""
        raise PartlyDone(
            f"the export in {out} is behind the catalogue ({', '.join(behind[:3])}{more}): "
            f"run linktrack redirects export {out}"
        )
    marker = marker_of(out) or ExportMarker("", LOG, {})
    try:
        refuse_unfit_log(Path(marker.log), out, workspace.protected())
    except LinktrackError as problem:
        raise PartlyDone(f"nginx cannot write the log of the export in {out}: {problem}") from None
    if closed := closed_pages(out, marker.kind):
        raise PartlyDone(closed)


def _collect(workspace: Workspace, database: Database) -> _Collected:
    taken, before = take_snapshot(database), load_snapshot(workspace)
    snapshot = taken if before is None else keeping_lost(taken, before)
    notes: list[str] = []
    pages = pages_of(workspace, snapshot.types, notes.append)
    notes += unused_templates(workspace, pages)
    collected = _Collected(notes)
    types = spelled_types(snapshot.types, workspace.settings.subscriptions.types)
    online = dict(_online_pages(database, snapshot, pages))
    for key, spot in snapshot.placements.items():
        link = snapshot.links[spot.link_id]
        target = _target(key, spot, snapshot, collected)
        kind = shown_type(snapshot.mailings[spot.mailing_id].type, types)
        collected.spots[key] = _spot(collected, pages, link, target, kind, online.get(spot.mailing_id))
        collected.rows[key] = _row(link, spot, target, collected.spots[key])
    collected.pages["not-found.html"] = pages.not_found.body
    collected.policies["not-found.html"] = pages.not_found.policy
    collected.pages["unsubscribed.txt"] = f"{pages.words['unsubscribed_short']}\n".encode()
    collected.pages["later.txt"] = b""
    collected.pages["refused.txt"] = b"This address is not for that method.\n"
    return collected


def _target(key: str, spot: KnownPlacement, snapshot: Snapshot, collected: _Collected) -> str:
    """Where a placement leads without anybody's values; "" for a page, and for what nobody may be led to."""
    url = spot.url
    if not url:
        return ""
    if spot.tags:
        url = fill(url, {}, snapshot.mailings[spot.mailing_id].pairs)
        collected.emptied.append((key, spot.url))
    try:
        return location(url)
    except BadInput:
        return ""


def _spot(
    collected: _Collected, pages: Pages, link: KnownLink, target: str, type: str, online: Page | None
) -> StaticSpot:
    if link.kind in ("redirect", "form"):
        if not target:
            return NOWHERE
        if link.confirm:
            return StaticSpot("c", target, collected.page("confirm", pages.confirm(host_of(target))))
        return StaticSpot("", target)
    if link.kind == "text":
        text = collected.page("text", pages.text(link.text))
        if link.confirm:
            return StaticSpot("d", "", collected.page("confirm", pages.confirm("")), text)
        return StaticSpot("p", "", text)
    if link.kind in LEAVING:
        asks = collected.page("unsubscribe", pages.unsubscribe(type))
        return StaticSpot("u", "", asks, collected.page("unsubscribed", pages.unsubscribed(type)))
    if link.kind == "view-online":
        return StaticSpot("p", "", collected.page("view-online", online)) if online else NOWHERE
    return StaticSpot("p", "", collected.page("honeypot", pages.empty))


def _row(link: KnownLink, spot: KnownPlacement, target: str, shown: StaticSpot) -> dict[str, Any]:
    """A placement in `map.json`."""
    row: dict[str, Any] = {"kind": link.kind}
    if spot.url:
        row["url"] = target
        if spot.tags:
            row["template"] = spot.url
    if link.confirm:
        row["confirm"] = True
    if shown.page:
        row["page"] = f"pages/{shown.page}"
    if shown.posted:
        row["posted"] = f"pages/{shown.posted}"
    return row


def _online_pages(database: Database, snapshot: Snapshot, pages: Pages) -> Iterator[tuple[int, Page]]:
    """Each mailing that has a view-online link, as it was written: nobody's token in it, its tags empty."""
    spots, links = snapshot.placements, snapshot.links
    wanted = {spot.mailing_id for spot in spots.values() if links[spot.link_id].kind == "view-online"}
    for number in sorted(wanted):
        if number < 0:  # a restored database has lost it
            continue
        mailing = find_mailing(database, snapshot.mailings[number].name)
        copy = copy_for(database, mailing, _NOWHERE, _NOBODY, lambda tag: "")
        html = copy.html.decode(copy.charset, "replace").removeprefix("\ufeff")
        pairs = snapshot.mailings[number].pairs
        for key, spot in spots.items():
            if spot.mailing_id == number:
                html = html.replace(f"{_NOWHERE}/{key}/{_NOBODY}", escape(fill(spot.url, {}, pairs)) or "#")
        yield number, pages.view_online(in_new_tabs(html))


def _files(workspace: Workspace, collected: _Collected, kind: str, log: str, out: Path) -> dict[str, bytes]:
    """All files of an export but its marker, by their paths in it; what names others comes after them."""
    files = {f"pages/{name}": data for name, data in sorted(collected.pages.items())}
    if kind == "json":
        files["map.json"] = (json.dumps(collected.rows, ensure_ascii=False, indent=1) + "\n").encode()
    else:
        path = workspace.settings.base_url.partition("://")[2].partition("/")[2]
        base = f"/{path}" if path else ""
        files["linktrack-http.conf"] = http_text(collected.spots, collected.policies, base).encode()
        server = server_text(base, f"{out}/pages", log)
        files["linktrack-server.conf"] = server.encode("utf-8", "surrogateescape")  # as the folder's name may be
    return files


def _own_files(out: Path) -> list[str]:
    """The pages of an export that are there."""
    return sorted(f"pages/{path.name}" for path in (out / "pages").glob("*") if path.suffix in (".html", ".txt"))


def _now(path: Path) -> bytes | None:
    """What a file has in it; None where there is none, or none that a web server may read."""
    return read_bytes(path) if path.is_file() and path.stat().st_mode & stat.S_IROTH else None
