"""The file that a backup is: a tar.gz with the names of a workspace in it, written, verified and read."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Literal

from linktrack.errors import BadInput
from linktrack.files.json_files import Count, WrittenModel, read_written
from linktrack.files.protected import CONFIG_NAME
from linktrack.files.reading import explained
from linktrack.files.writing import PRIVATE
from linktrack.store.dialects import SQLITE
from linktrack.workspace import DATABASE_NAME, KEY_NAME, SCRIPTS_NAME

CONTENTS_NAME = "backup.json"
PAGES_NAME = "pages"  # where templates stand in it, whatever their folder is called
_FILES = (CONTENTS_NAME, DATABASE_NAME, CONFIG_NAME, KEY_NAME)
_FOLDERS = (SCRIPTS_NAME, PAGES_NAME)
_AT_ONCE = 1 << 20  # bytes


class Contents(WrittenModel):
    """What a backup says of itself: when it was made (UTC milliseconds), of which kind of database, and the rows of
    every table of a database that is in it."""

    made_at: Count
    database: Literal["sqlite", "postgresql"]
    database_id: str
    rows: dict[str, Count]

    def text(self) -> str:
        return self.model_dump_json(indent=1) + "\n"


def contents_in(data: bytes, named: Path) -> Contents:
    """The contents that a backup lists, from the bytes of its list. BadInput where these are no such list."""
    return read_written(Contents, data, f"what a backup has in {CONTENTS_NAME}", file=named)


# --- written -----------------------------------------------------------------------------------------------------


class ArchiveWriter:
    """A backup while it is written. What is in it is its owner's alone when it is unpacked."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.prints: dict[str, bytes] = {}  # of the files that were added, by name

    def add_bytes(self, name: str, data: bytes, moment: int) -> None:
        """Add a file that is at hand; `moment` is its time in UTC milliseconds."""
        self._add(_member(name, len(data), 0o600, moment), io.BytesIO(data))

    def add_file(self, name: str, path: Path, mode: int = 0o600) -> None:
        """Add a file as it is now. An error of the system is about it."""
        with explained(path), path.open("rb") as file:
            self.add_open(name, file, mode)

    def add_open(self, name: str, file: BinaryIO, mode: int = 0o600) -> None:
        """Add an open file from its beginning."""
        found = os.fstat(file.fileno())
        self._add(_member(name, found.st_size, mode, int(found.st_mtime * 1000)), file)

    def add_folder(self, name: str, folder: Path) -> None:
        """Add a folder with all files and folders in it; programs stay programs, links become what they lead to."""
        self._add_folder(name)
        with explained(folder):
            inside = sorted(folder.rglob("*"))
        for path in inside:
            within = f"{name}/{path.relative_to(folder).as_posix()}"
            if fault := fault_in_name(within):
                raise BadInput(f"this {fault}: give it another name, for no backup holds it", file=path)
            if path.is_dir():
                self._add_folder(within)
            elif path.is_file():
                self.add_file(within, path, 0o600 | path.stat().st_mode & 0o100)

    def _add_folder(self, name: str) -> None:
        member = _member(name, 0, 0o700, 0)
        member.type = tarfile.DIRTYPE
        self._tar.addfile(member)

    def _add(self, member: tarfile.TarInfo, file: IO[bytes]) -> None:
        printed = _Printed(file)
        self._tar.addfile(member, printed)
        self.prints[member.name] = printed.digest()


@contextmanager
def archiving(file: BinaryIO) -> Iterator[ArchiveWriter]:
    """A backup that is written into `file` and ends with the block. A failure leaves nothing that writes later."""
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, filename="") as packed:
        tar = tarfile.open(fileobj=packed, mode="w")  # noqa: SIM115  (what fails is not ended: its gzip is)
        try:
            yield ArchiveWriter(tar)
            tar.close()
        except BaseException:
            with suppress(OSError):  # as on a disk that is full; the first error counts
                packed.close()
            raise


def verify(file: BinaryIO, named: Path, prints: dict[str, bytes]) -> None:
    """Read a backup that was just written again. BadInput when it does not hold what was put into it."""
    file.seek(0)
    with _read_as_backup(named):
        found = {member.name: _print_of(data) for member, data in _members(file, named) if data is not None}
    if found != prints:
        raise BadInput(
            "what was written reads back otherwise: is this disk in order? Nothing is kept of it", file=named
        )


def _member(name: str, size: int, mode: int, moment: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, mode, moment // 1000
    return member


class _Printed(io.RawIOBase):
    """A file whose content is printed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._print = file, hashlib.blake2b()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._print.update(data)
        return data

    def digest(self) -> bytes:
        return self._print.digest()


def _print_of(file: IO[bytes]) -> bytes:
    found = hashlib.blake2b()
    while data := file.read(_AT_ONCE):
        found.update(data)
    return found.digest()


# --- read --------------------------------------------------------------------------------------------------------


def _members(file: BinaryIO, named: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Everything in a backup in its order, a file with its content, a folder without.

    BadInput for a member that no backup has; errors of reading it are to be explained by `_read_as_backup`.
    """
    seen: dict[str, bool] = {}
    with gzip.open(file) as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as archive:
        for member in archive:
            if fault := fault_in_name(member.name) or _fault_of(member, seen):
                raise BadInput(f"{member.name!r} in it {fault}", file=named)
            seen[member.name] = member.isdir()
            yield member, None if member.isdir() else archive.extractfile(member)
        while unzipped.read(_AT_ONCE):  # to its end, where the sum of all bytes stands
            pass


def fault_in_name(name: str) -> str:
    """What is wrong with a name in a backup, "" when nothing is: a line of a list shows it whole, and as it is."""
    return "has a control character in its name" if any(unicodedata.category(one) == "Cc" for one in name) else ""


def _fault_of(member: tarfile.TarInfo, seen: Mapping[str, bool]) -> str:
    """Why the next member belongs to no backup, "" where it does. `seen` are the members before it: by name, whether it
    is a folder."""
    above, _, last = member.name.rpartition("/")
    is_folder, is_file = member.isdir(), member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)
    if not above:
        known = last in _FOLDERS if is_folder else is_file and last in _FILES
    else:
        parts = PurePosixPath(member.name).parts
        known = (is_folder or is_file) and parts[0] in _FOLDERS and ".." not in parts and "/".join(parts) == member.name
    if not known:
        return "belongs to no backup of linktrack"
    if member.name in seen:
        return "stands there twice"
    if above and not seen.get(above):
        return f"stands there without its folder {above!r} before it"
    return ""


def unpack(file: BinaryIO, named: Path, into: Path) -> Contents:
    """Put what is in a backup into the empty folder `into`, its owner's alone. BadInput for what is no backup, is cut
    short or damaged, or has a part too few or too many. Errors of writing are raised as they are."""
    with _read_as_backup(named):
        contents = _unpack(file, named, into)
    if contents is None:
        raise BadInput(f"this is no backup of linktrack: it has no {CONTENTS_NAME}", file=named)
    parts = [CONFIG_NAME, KEY_NAME, *([DATABASE_NAME] if contents.database == SQLITE else [])]
    if missing := [name for name in parts if not (into / name).is_file()]:
        raise BadInput(f"this backup is not whole: it has no {missing[0]}", file=named)
    return contents


def _unpack(file: BinaryIO, named: Path, into: Path) -> Contents | None:
    contents: Contents | None = None
    for member, data in _members(file, named):
        target = into / member.name
        if data is None:
            target.mkdir(mode=0o700)
            continue
        if member.name == CONTENTS_NAME:
            contents = contents_in(data.read(_AT_ONCE), named)
            continue
        with open(target, "xb", opener=lambda path, flags: os.open(path, flags, PRIVATE)) as copy:
            os.fchmod(copy.fileno(), 0o600 | member.mode & 0o100)
            while part := data.read(_AT_ONCE):
                copy.write(part)
    return contents


@contextmanager
def _read_as_backup(named: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, OverflowError, RecursionError):
        raise BadInput("this is no backup of linktrack, or it is cut short or damaged", file=named) from None
