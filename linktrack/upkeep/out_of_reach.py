"""Where something of a forgotten person may stand that linktrack cannot take out: its own outputs, other places."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from linktrack.errors import BadInput
from linktrack.files.beside import leftovers
from linktrack.mailings.shipments import list_outputs
from linktrack.moments import iso
from linktrack.store.dialects import POSTGRESQL
from linktrack.store.session import Database
from linktrack.upkeep.archive import CONTENTS_NAME, Contents, contents_in
from linktrack.workspace import Workspace

_GZIP = b"\x1f\x8b"  # what a gzip file begins with (RFC 1952)
_MANY = 10_000  # files of a folder that are looked at
_MOST = 1 << 20  # bytes of what a backup says of itself


class OutOfReach(NamedTuple):
    """A place where something of a person may stand that linktrack cannot take out, and what to do there."""

    place: str
    advice: str


def everything_out_of_reach(workspace: Workspace, database: Database, number: int | None) -> list[OutOfReach]:
    """All such places: what is always one, the files that the database knows of, and what lies about.

    `number` is who is being forgotten; None: they were forgotten before, and which logs they stand in is not known any
    more. Files that are gone are left out, unless they may lie on another machine.
    """
    return [*_always(database), *_written(database), *_logs(workspace, database, number), *_beside(workspace)]


def _always(database: Database) -> Iterator[OutOfReach]:
    yield OutOfReach("the CRM and its exports", "delete the contact there, or the next export has them again")
    yield OutOfReach("backups (linktrack backup)", "a restored one knows them: forget again after linktrack restore")
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
        yield OutOfReach("PostgreSQL's own files", "its dumps, archived logs and replicas age by its settings")


def _written(database: Database) -> Iterator[OutOfReach]:
    """The folders that mailings and runs were written into. A run writes the whole export, with rows that it leaves as
    they are."""
    for one in list_outputs(database):
        if _may_be_there(database, one.out):
            yield OutOfReach(one.out, f"the mails of shipment {one.shipment}: delete them once they are sent")
    for (folder,) in database.rows("SELECT DISTINCT out FROM run WHERE out <> '' ORDER BY out"):
        if _may_be_there(database, folder):
            yield OutOfReach(folder, "the files of an action run: delete them once the CRM has them")


def _may_be_there(database: Database, place: str) -> bool:
    return database.dialect == POSTGRESQL or Path(place).exists()


def _logs(workspace: Workspace, database: Database, number: int | None) -> Iterator[OutOfReach]:
    """The logs with clicks of the person, but the own one."""
    own = workspace.click_log_path.absolute()
    for (log,) in database.rows(
        "SELECT DISTINCT source.name FROM click JOIN reading ON reading.id = reading_id "
        "JOIN source ON source.id = source_id WHERE recipient_id = ? ORDER BY source.name",
        (number or -1,),
    ):
        if log != "-" and Path(log).absolute().parent != own:
            yield OutOfReach(log, "a log with their clicks: delete it, or let it end")


def _beside(workspace: Workspace) -> Iterator[OutOfReach]:
    """What lies in the workspace's folder and beside it: backups with their time, older copies, leftovers."""
    for path in _files_about(workspace.root):
        contents = _contents_of(path)
        if contents is None:
            continue
        made = iso(contents.made_at, workspace.zone)
        if contents.database_id == workspace.settings.database.id:
            yield OutOfReach(str(path), f"a backup of {made}: delete it once a newer one is there")
        else:
            whose = "of another workspace, or of this one before a linktrack restore"
            yield OutOfReach(str(path), f"a backup of {made} {whose}: delete it if it is")
    database = workspace.database_path
    for copy in sorted(database.parent.glob(f"{database.name}.*")) if database is not None else ():
        yield OutOfReach(str(copy), "an older copy of the database: delete it")
    for left in leftovers(workspace.root):
        yield OutOfReach(str(left), "a killed command has left it: delete it")


def _files_about(root: Path) -> Iterator[Path]:
    """The files in a workspace's folder, in the folders in it, and beside it, by folder and name; of a folder that has
    very many only some, for those are mails."""
    for folder in (root, *_folders_in(root), root.parent):
        with suppress(OSError):  # nobody may look there
            yield from sorted(path for path in islice(folder.iterdir(), _MANY) if path.is_file())


def _folders_in(root: Path) -> list[Path]:
    return sorted(path for path in islice(root.iterdir(), _MANY) if path.is_dir() and not path.is_symlink())


def _contents_of(path: Path) -> Contents | None:
    """What a backup says of itself, whatever it is called; None for any other file: it stands at the very beginning."""
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
