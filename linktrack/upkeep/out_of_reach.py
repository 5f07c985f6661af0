"""Where something of a forgotten person may stand that linktrack cannot take out: its own outputs, other places."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from linktrack.actions.ledger.runs import folders_of_runs
from linktrack.clicks.logs.in_folders import logs_in
from linktrack.clicks.own_logs import is_there
from linktrack.errors import BadInput
from linktrack.files.beside import leftovers
from linktrack.files.protected import CONFIG_NAME
from linktrack.files.reading import tidy_path, whole_path
from linktrack.mailings.shipments import list_outputs
from linktrack.moments import iso
from linktrack.store.database_files import COMPANIONS, DatabaseFile, database_file
from linktrack.store.dialects import POSTGRESQL
from linktrack.store.revisions import workspace_id
from linktrack.store.session import Database
from linktrack.upkeep.archive import CONTENTS_NAME, Contents, contents_in
from linktrack.upkeep.files_around import files_around, plain_files
from linktrack.workspace import Workspace

_GZIP = b"\x1f\x8b"  # what a gzip file begins with (RFC 1952)
_MANY = 10_000  # files below the click log's folder that are looked at
_MOST = 1 << 20  # bytes of what a backup says of itself
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".tar", ".tgz")
_DUMPS = (".sql", ".dump")
_IF_OURS = "delete it if that was a copy of this one"
_REMAINS = {
    "unreadable": "a database that cannot be read, cut short or damaged: delete it if it is a copy of this one",
    "log": f"a write-ahead log without its database: {_IF_OURS}",
    "journal": f"a rollback journal without its database: {_IF_OURS}",
    "index": f"the index of a write-ahead log, without its database: {_IF_OURS}",
}


class OutOfReach(NamedTuple):
    """A place where something of a person may stand that linktrack cannot take out, and what to do there."""

    place: str
    advice: str


def everything_out_of_reach(workspace: Workspace, database: Database, number: int | None) -> list[OutOfReach]:
    """All places where something of a forgotten person may still stand, each once: those that every workspace has, the
    files that the database names, and the files around the workspace.

    `number` is the recipient who is being forgotten, or None for somebody who was forgotten before: which logs they
    stand in is not known any more. A file that is gone is left out, unless it may lie on another machine.
    """
    found = (*_written(database), *_logs(workspace, database, number), *_beside(workspace, database))
    once = dict[str, OutOfReach]()
    for one in found:
        once.setdefault(one.place, one)
    return [*_always(database), *once.values()]


def _always(database: Database) -> Iterator[OutOfReach]:
    yield OutOfReach("the CRM and its exports", "delete the contact there, or the next export has them again")
    yield OutOfReach("backups (linktrack backup)", "a restored one knows them: forget again after linktrack restore")
    yield OutOfReach(
        "databases that linktrack database copy was made from or into",
        "delete those that are not in use, on other machines and in PostgreSQL too",
    )
    yield OutOfReach(
        "folders that mailing rewrite and shipment render have written",
        "mails, tokens.csv and recipients.ndjson: delete them",
    )
    yield OutOfReach(
        "what else was written on somebody's word, which is not noted anywhere",
        "files of contact export, reports and lists (-o, report html, click list, report clickers), click import "
        "--rejected, mailing preview, and what went into a pipe: delete those that they stand in",
    )
    yield OutOfReach("mail services and mailboxes", "the lists that were uploaded there, and the mails themselves")
    yield OutOfReach(
        "logs of web servers and mail services",
        "let them end soon (logrotate), and delete old ones; that of an exported map (redirects export) is one",
    )
    if database.dialect == POSTGRESQL:
        yield OutOfReach(
            "PostgreSQL's own files", "its log (pg_wal), archives of it, replicas and dumps age by its settings"
        )


def _written(database: Database) -> Iterator[OutOfReach]:
    """The folders that mailings and runs were written into. A run writes the whole export, with rows that it leaves as
    they are."""
    shipments: dict[str, list[str]] = {}  # by folder, which one may have emptied for the next one
    for one in list_outputs(database):
        shipments.setdefault(one.out, []).append(str(one.shipment))
    for out, of in shipments.items():
        if _may_be_there(database, out):
            yield OutOfReach(out, f"the mails of shipment {' or '.join(of)}: delete them once they are sent")
    for folder in folders_of_runs(database):
        if _may_be_there(database, folder):
            yield OutOfReach(folder, "the files of an action run: delete them once the CRM has them")


def _may_be_there(database: Database, place: str) -> bool:
    return database.dialect == POSTGRESQL or Path(place).exists()


def _logs(workspace: Workspace, database: Database, number: int | None) -> Iterator[OutOfReach]:
    """The logs with clicks of the person, but the own ones; and what somebody has put into their folders that no import
    takes for a log."""
    own = set(map(whole_path, workspace.click_logs()))
    for (log,) in database.rows(
        "SELECT DISTINCT source.name FROM click JOIN reading ON reading.id = reading_id "
        "JOIN source ON source.id = source_id WHERE recipient_id = ? ORDER BY source.name",
        (number or -1,),
    ):
        if log != "-" and Path(log).parent not in own:
            yield OutOfReach(log, "a log with their clicks: delete it, or let it end")
    for folder in sorted(own):
        if not is_there(folder):
            if folder != whole_path(workspace.click_log_path):
                what = "linktrack serve has logged here, and it is away: forget them once more when it is back"
                yield OutOfReach(str(folder), what)
            continue
        taken = set(logs_in(folder))
        for path in sorted(plain_files(islice(folder.rglob("*"), _MANY))):
            if str(path) in taken:
                continue
            yield OutOfReach(str(path), "in the click log's folder, but no log of it: delete it if it has their lines")


def _beside(workspace: Workspace, database: Database) -> Iterator[OutOfReach]:
    """What lies in the workspace's folder and beside it: backups with their time, databases that are not in use,
    leftovers."""
    about = files_around(workspace)
    in_use = None if workspace.database_path is None else tidy_path(workspace.database_path)
    own_id = workspace_id(database)
    copies = [] if in_use is None else sorted(plain_files(in_use.parent.glob(f"{in_use.name}.*")))
    for path in dict.fromkeys((*about.files, *copies)):
        if contents := _contents_of(path):
            yield _backup(workspace, path, contents)
        elif in_use is None or not _is_same(path, in_use):
            what = _database_file(path)
            if what is not None and what.what != "database":
                yield OutOfReach(str(path), _REMAINS[what.what])
            elif what is not None or (path in copies and not path.name.endswith(COMPANIONS)):
                whose = b"" if what is None else what.workspace_id
                yield from _unused(path, _whose(workspace, path, is_ours=whose in (b"", own_id)))
            elif _may_be_packed(path, in_use):
                yield OutOfReach(str(path), "it may have a copy of the database in it: delete it if it has")
    for folder in about.passed_over:
        yield OutOfReach(str(folder), "it has too many files to look at all: look for backups and databases there")
    for left in leftovers(whole_path(workspace.root)):
        yield OutOfReach(str(left), "a killed command has left it: delete it")


def _may_be_packed(path: Path, in_use: Path | None) -> bool:
    """Whether a file is called a dump of a database, or like ours (`linktrack` on a server) and packed."""
    name = path.name.lower()
    for end in _PACKED:
        if name.endswith(end):
            name = name.removesuffix(end)
            return name.endswith(_DUMPS) or name.startswith(("linktrack" if in_use is None else in_use.stem).lower())
    return name.endswith(_DUMPS)


def _whose(workspace: Workspace, path: Path, *, is_ours: bool) -> str:
    """What another database is of: another workspace, or one that was made of this, by its settings; "" for none."""
    if not is_ours:
        return "of another workspace"
    folder = path.parent
    is_used = (folder / CONFIG_NAME).exists() and not _is_same(folder, workspace.root)
    return f"of the workspace {folder}, which was made of this one" if is_used else ""


def _backup(workspace: Workspace, path: Path, contents: Contents) -> OutOfReach:
    made = iso(contents.made_at, workspace.zone)
    if contents.database == POSTGRESQL:
        return OutOfReach(str(path), f"a backup of {made} without its database: delete the dump that was made with it")
    if contents.database_id == workspace.settings.database.id:
        return OutOfReach(str(path), f"a backup of {made}: delete it once a newer one is there")
    whose = "of another workspace, or of this one before a linktrack restore or a linktrack database copy"
    return OutOfReach(str(path), f"a backup of {made} {whose}: delete it if it is of this one")


def _unused(path: Path, whose: str) -> Iterator[OutOfReach]:
    """A database that is not the one in use, with its companions."""
    if whose:
        advice = f"a database {whose}: forget them there too, or delete it if nobody uses it"
    else:
        advice = "a copy of the database that is not in use: delete it"
    yield OutOfReach(str(path), advice)
    for end in COMPANIONS:
        if (companion := path.with_name(f"{path.name}{end}")).is_file():
            yield OutOfReach(str(companion), f"of the database {path.name}: it goes with that")


def _database_file(path: Path) -> DatabaseFile | None:
    try:
        return database_file(path)
    except OSError:  # nobody may look there
        return None


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _contents_of(path: Path) -> Contents | None:
    """What a backup says of itself at its very beginning, whatever the file is called; None for any other file."""
    try:
        with path.open("rb") as beginning:
            if beginning.read(len(_GZIP)) != _GZIP:
                return None
        with gzip.open(path) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            first = tar.next()
            file = None if first is None or first.name != CONTENTS_NAME else tar.extractfile(first)
            return None if file is None else contents_in(file.read(_MOST), path)
    except (BadInput, OSError, EOFError, tarfile.TarError, zlib.error, ValueError, RecursionError):
        return None
