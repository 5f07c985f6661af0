"""The site as a worker knows it, kept up to date while it answers: a look at the catalogue's counter each second."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Event, Thread

from linktrack.contacts.left import mailing_types
from linktrack.errors import BadInput, Conflict, LinktrackError, Locked
from linktrack.files.reading import whole_path
from linktrack.hosts import browser_hosts
from linktrack.links.tokens import Tokens
from linktrack.server.pages import Look, Pages, logo_address
from linktrack.server.people import QuietDatabase, StoredPeople
from linktrack.server.said_since import SaidSince
from linktrack.server.site import Site
from linktrack.server.snapshot import Snapshot, keeping_lost
from linktrack.server.snapshot_file import is_behind, load_snapshot, refresh_snapshot, take_snapshot, tokens_of
from linktrack.settings.tables import PageSettings
from linktrack.store.lock import alone
from linktrack.store.lock_waits import Tell, in_silence
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.workspace import Workspace

LOOK_EVERY = 1.0  # seconds
_MOST_TEMPLATES = 1000  # that are looked at each second, with what they include
_Stamp = tuple[int, int, int]


def pages_of(workspace: Workspace, types: Collection[str] = (), tell: Tell | None = None) -> Pages:
    """The workspace's pages. BadInput, about the setting, for a logo or templates that cannot be used. `types` are
    tried besides those of the settings; `tell` as `Pages` has it."""
    settings = workspace.settings
    host = settings.base_url.partition("://")[2].partition("/")[0].partition(":")[0]
    try:
        logo = logo_address(workspace.root / settings.pages.logo) if settings.pages.logo else ""
    except LinktrackError as problem:
        raise workspace.refused(("pages", "logo"), f"pages.logo: {problem}") from None
    look = Look(
        settings.pages.name or host, settings.language, settings.pages.accent, settings.pages.background, logo
    )  # fmt: skip
    own = workspace.templates_path
    if not own.is_dir() and (own.exists() or settings.pages.templates != PageSettings().templates):
        raise workspace.refused(("pages", "templates"), f"pages.templates: there is no folder {own}: make it")
    types = sorted({*types, *settings.subscriptions.types} - {""})
    return Pages(look, own if own.is_dir() else None, types, tell)


def _folders_of(workspace: Workspace, log_folder: Path) -> list[Path]:
    """The folders of the click log, that which is written now first."""
    try:
        return [log_folder, *workspace.click_logs()]
    except LinktrackError:
        return [log_folder]


def unused_templates(workspace: Workspace, pages: Pages) -> list[str]:
    """A sentence on each file that was meant for a template of the workspace, and makes no page. A folder of all kinds
    of files says nothing of what each is meant for."""
    return [] if holds_other_files(workspace) else pages.unused_templates


def check_pages(workspace: Workspace) -> None:
    """BadInput for pages that cannot be made, for a type of the mailings or a text of the links that there are too, and
    for templates that make none."""
    pages = pages_of(workspace, _types_now(workspace))
    for text in _texts_now(workspace) if workspace.templates_path.is_dir() else ():
        pages.text(text)
    if unused := unused_templates(workspace, pages):
        raise BadInput("; and ".join(unused))


def _types_now(workspace: Workspace) -> Collection[str]:
    """The types of mailings, as the database has them; where it cannot be asked, as the server knows them."""
    try:
        with open_database(workspace) as database:
            return mailing_types(database)
    except LinktrackError:
        snapshot = _loaded(workspace)
        return () if snapshot is None else snapshot.types


def _texts_now(workspace: Workspace) -> set[str]:
    """The texts of links, as far as the server knows them."""
    snapshot = _loaded(workspace)
    try:
        with open_database(workspace) as database:
            snapshot = take_snapshot(database)
    except (LinktrackError, ValueError, LookupError, TypeError):  # a damaged one, which other looks are for
        pass
    return set() if snapshot is None else {link.text for link in snapshot.links.values() if link.kind == "text"}


def holds_other_files(workspace: Workspace) -> bool:
    """Whether the folder of templates is the workspace itself, or one above it."""
    own, root = whole_path(workspace.templates_path), whole_path(workspace.root)
    return own == root or own in root.parents


def site_of(workspace: Workspace, snapshot: Snapshot, people: StoredPeople, tell: Tell | None = None) -> Site:
    """All that answers depend on. BadInput for a key that is missing, and as `pages_of`; `tell` as that has it."""
    settings = workspace.settings
    base = settings.base_url.partition("://")[2].partition("/")
    return Site(
        snapshot,
        tokens_of(workspace, snapshot),
        pages_of(workspace, snapshot.types, tell),
        people,
        "/" + base[2] if base[2] else "",
        tuple(settings.subscriptions.types),
        settings.serve.subscriptions_days,
        browser_hosts(settings.serve.form_hosts),
        settings.pages.consent,
    )


class LiveSite:
    """The site of a workspace, `site`, which another thread replaces when the catalogue or a template of its pages
    changes. `tell` hears of templates that cannot be used, or not for somebody's page.

    Conflict where its snapshot has vanished since the start; BadInput as `site_of`.
    """

    def __init__(
        self,
        workspace: Workspace,
        log_folder: Path,
        clock: Callable[[], float] = time.monotonic,
        tell: Tell = in_silence,
    ) -> None:
        self._workspace = workspace
        self._tell = tell
        self._templates = self._templates_now()
        self._file = self._file_now()
        snapshot = load_snapshot(workspace)
        if snapshot is None:
            raise Conflict("the snapshot has vanished: start linktrack serve again", file=workspace.snapshot_path)
        self.people = QuietDatabase(workspace, clock)
        self._said_since = SaidSince(_folders_of(workspace, log_folder), lambda: self.site)
        separator = workspace.settings.crm.contacts.interests_separator
        self.site = site_of(workspace, snapshot, StoredPeople(self.people, separator, self._said_since.of), tell)
        self._catalogue = QuietDatabase(workspace, clock)

    def look(self) -> None:
        """See whether the catalogue has changed, and take it over: from the file that another worker has written, else
        from the database, which one of them writes down. And see whether a template has."""
        now = self._file_now()
        if now != self._file:
            self._file = now
            self._take_over(_loaded(self._workspace))
        self._take_over(self._catalogue.ask(self._renewed))
        self._said_since.keep_up()
        templates = self._templates_now()
        if templates != self._templates:
            self._templates = templates
            self._renew_pages()

    def know_revoked(self) -> None:
        """Let no key verify that the database knows to be revoked: what is pressed must hold, so a moment old is too
        old. Where it cannot be asked, all stays as it was."""
        rows = self.people.ask(
            lambda database: database.rows("SELECT id, fingerprint FROM signing_key WHERE revoked_at IS NOT NULL")
        )
        tokens = self.site.tokens
        ring, revoked = tokens.keyring, {number: bytes(mark) for number, mark in rows or ()}
        still = {number for number in ring.secrets if ring.fingerprint(number) != revoked.get(number)}
        if still != set(ring.secrets):
            self.site = replace(self.site, tokens=Tokens(ring.only(still), tokens.workspace_id))

    def keep_looking(self, stop: Event, besides: Callable[[], None] = lambda: None) -> Thread:
        """A thread that looks each second until it is to stop, and does `besides`."""

        def run() -> None:
            while not stop.wait(LOOK_EVERY):
                self.look()
                besides()

        thread = Thread(target=run, name="linktrack-catalogue", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        self.people.close()
        self._catalogue.close()

    def _renewed(self, database: Database) -> Snapshot | None:
        """The catalogue of the database where it is another than ours; None where it is the same, or another worker
        writes it down just now."""
        ours = self.site.snapshot
        if not is_behind(ours, database):
            return None
        try:
            with alone(self._workspace, database, "snapshot", 0):
                return refresh_snapshot(self._workspace, database)
        except Locked:
            return None
        except Conflict:  # the file cannot be written: then it is known here alone
            return keeping_lost(take_snapshot(database), ours)

    def _take_over(self, snapshot: Snapshot | None) -> None:
        if snapshot is None or snapshot == self.site.snapshot:
            return
        self.site = replace(self.site, snapshot=snapshot, tokens=self._tokens(snapshot))

    def _tokens(self, snapshot: Snapshot) -> Tokens:
        """What verifies by this snapshot; where the key file cannot be read, what has verified so far and still may."""
        try:
            return tokens_of(self._workspace, snapshot)
        except LinktrackError:
            ring = self.site.tokens.keyring
            known = {number for number in ring.secrets if ring.fingerprint(number) == snapshot.keys.get(number)}
            return Tokens(ring.only(known), snapshot.workspace_id)

    def _renew_pages(self) -> None:
        try:
            pages = pages_of(self._workspace, self.site.snapshot.types, self._tell)
            self.site = replace(self.site, pages=pages)
        except LinktrackError as problem:
            self._tell(f"The pages stay as they were: {problem}")

    def _templates_now(self) -> dict[str, _Stamp | None]:
        """The templates of the workspace, as far as a change of one shows."""
        folder = self._workspace.templates_path
        found = folder.glob("*.html") if holds_other_files(self._workspace) else folder.rglob("*")
        return {str(path): _stamp(path) for path in islice(found, _MOST_TEMPLATES)}

    def _file_now(self) -> _Stamp | None:
        return _stamp(self._workspace.snapshot_path)


def _stamp(path: Path) -> _Stamp | None:
    """What tells one state of a file from another."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _loaded(workspace: Workspace) -> Snapshot | None:
    try:
        return load_snapshot(workspace)
    except LinktrackError:
        return None
