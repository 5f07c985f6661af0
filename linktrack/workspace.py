"""The workspace: the folder with `linktrack.toml` and what belongs to it; how it is found, and whose it must be."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path

from linktrack.database_urls import SQLITE_URL
from linktrack.errors import BadInput, LinktrackError, LostKeys, NotFound
from linktrack.files.protected import CONFIG_NAME, Protected, refuse_unfit_place
from linktrack.files.reading import explained, read_own, whole_path
from linktrack.files.toml_files import TomlFile, read_own_toml
from linktrack.moments import zone_of
from linktrack.settings.sources import setting_error, settings_from
from linktrack.settings.tables import Settings

KEY_NAME = "linktrack.key"
DATABASE_NAME = "linktrack.db"
SCRIPTS_NAME = "scripts"
SNAPSHOT_NAME = "linktrack.snapshot"
EXPORTS_NAME = "linktrack.exports"
LOGS_NAME = "linktrack.logs"
CLICK_LOG_NAME = "clicklog"
_MOST_KEYS = 100_000  # bytes of a key file, which has 16 lines at most


@dataclass(frozen=True)
class Workspace:
    """A folder with `linktrack.toml` and what belongs to it."""

    root: Path
    file: TomlFile
    settings: Settings
    environ: Mapping[str, str] = field(repr=False)  # it may hold secrets

    @property
    def config_path(self) -> Path:
        return self.root / CONFIG_NAME

    @property
    def key_path(self) -> Path:
        return self.root / KEY_NAME

    @property
    def scripts_path(self) -> Path:
        return self.root / SCRIPTS_NAME

    @property
    def database_path(self) -> Path | None:
        """The file of a SQLite database, None for another database."""
        url = self.settings.database.url
        if not url:
            return self.root / DATABASE_NAME
        return self.root / url.removeprefix(SQLITE_URL) if url.startswith(SQLITE_URL) else None

    @property
    def database_url(self) -> str:
        """The database's URL; that of a SQLite file names its whole path."""
        path = self.database_path
        return self.settings.database.url if path is None else f"{SQLITE_URL}{path}"

    @property
    def snapshot_path(self) -> Path:
        """What the server knows of the catalogue, beside the database."""
        path = self.database_path
        return (self.root if path is None else path.parent) / SNAPSHOT_NAME

    @property
    def exports_path(self) -> Path:
        """Where the exports for web servers are that were made from here."""
        return self.root / EXPORTS_NAME

    @property
    def click_log_path(self) -> Path:
        """The folder of the server's own click log, as the settings are today."""
        return self.root / (self.settings.serve.log or CLICK_LOG_NAME)

    @property
    def logs_path(self) -> Path:
        """Where it is written down which folders the server has written a click log into."""
        return self.root / LOGS_NAME

    def noted_logs(self) -> dict[Path, str]:
        """The folders that the server has written a click log into, here, with what is noted of each
        (`clicks.own_logs`). Conflict or BadInput where that cannot be read."""
        if not os.path.lexists(self.logs_path):
            return {}
        try:
            found = json.loads(read_own(self.logs_path, "a list of click logs"))
            noted = {self.root / folder: str(noted) for folder, noted in found.items()}
            for folder in noted:
                whole_path(folder)  # ValueError for what is no path
            return noted
        except (ValueError, AttributeError, RecursionError):
            raise BadInput(
                "this is no list of click logs: import the logs of every folder that linktrack serve has written into "
                "by their names, and remove it",
                file=self.logs_path,
            ) from None

    def click_logs(self) -> list[Path]:
        """The folders of the server's own click log: today's, and those of before. Errors as `noted_logs`."""
        folders = (self.click_log_path, *self.noted_logs())
        return list({whole_path(folder): folder for folder in reversed(folders)}.values())[::-1]

    @property
    def templates_path(self) -> Path:
        """The folder of pages in the place of ours."""
        return self.root / self.settings.pages.templates

    @property
    def zone(self) -> tzinfo:
        """The zone in which times are read and shown, and cut into hours and days."""
        return zone_of(self.settings.time_zone)

    def refused(self, keys: tuple[str, ...], sentence: str) -> BadInput:
        """An error about a setting that is found where it is used: with its line, or the variable over it."""
        return setting_error(self.file, self.environ, keys, sentence)

    def protected(self) -> Protected:
        """The files and folders that no output may replace."""
        database = self.database_path
        own = [self.config_path, self.key_path, self.scripts_path]
        named = [self.snapshot_path, self.exports_path, self.logs_path, self.click_log_path, self.templates_path]
        with suppress(LinktrackError):  # which whoever reads the list says
            named += self.noted_logs()
        own += [path for path in named if path not in (self.root, *self.root.parents)]
        return Protected(own=tuple(own if database is None else [*own, database]))

    def secret(self) -> str:
        """The text of the signing keys: `LINKTRACK_SECRET`, else the key file, which nobody else may read.

        LostKeys when neither has one; BadInput or Conflict for a file that others can read, or this user cannot.
        """
        if secret := self.environ.get("LINKTRACK_SECRET"):
            return secret
        if not self.key_path.exists():
            raise LostKeys("the signing key is not here, nor in LINKTRACK_SECRET", file=self.key_path)
        with explained(self.key_path, "a key file"):
            mode = stat.S_IMODE(self.key_path.stat().st_mode)
        data = read_own(self.key_path, "a key file", _MOST_KEYS)
        if mode & 0o077:
            raise BadInput(
                f"the signing key can be read by others (mode {mode:04o}): run chmod 600 on it", file=self.key_path
            )
        if not data.isascii():
            raise LostKeys("this is not a linktrack key file, it holds other bytes than ASCII", file=self.key_path)
        return data.decode("ascii")


def find_root(start: Path, named: Path | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """The folder of a workspace, and whether it was named. NotFound with the way out."""
    if named is None and environ.get("LINKTRACK_WORKSPACE"):
        named = Path(environ["LINKTRACK_WORKSPACE"])
    if named is not None:
        named = named.absolute()
        if not os.path.lexists(named / CONFIG_NAME):
            raise NotFound(f"there is no {CONFIG_NAME} in {named}: make one with linktrack init {named}")
        return named, True
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder, False
    raise NotFound(
        f"no {CONFIG_NAME} in {start} or above it: run linktrack init, or name a workspace with --workspace DIR"
    )


def load_workspace(root: Path, environ: Mapping[str, str] = os.environ) -> Workspace:
    """Read `root`'s settings. BadInput with file and line for broken TOML, unknown keys and wrong values."""
    workspace, problems = read_workspace(root, environ)
    if workspace is None:
        raise problems[0]
    return workspace


def read_workspace(root: Path, environ: Mapping[str, str]) -> tuple[Workspace | None, list[BadInput]]:
    """The workspace in `root`, or all that is wrong with its settings. BadInput and the like for broken TOML."""
    return checked_workspace(root, read_own_toml(root / CONFIG_NAME), environ)


def checked_workspace(
    root: Path, file: TomlFile, environ: Mapping[str, str]
) -> tuple[Workspace | None, list[BadInput]]:
    """The workspace that a file makes of `root`, or all that is wrong with the settings in it and the environment."""
    settings, problems = settings_from(file, environ)
    if settings is None:
        return None, problems
    workspace = Workspace(root, file, settings, environ)
    problems = list(_misplaced(workspace))
    return (None, problems) if problems else (workspace, [])


def _misplaced(workspace: Workspace) -> Iterator[BadInput]:
    """What is wrong with the places that settings name."""
    for (table, key), reason in _unfit_places(workspace):
        yield workspace.refused((table, key), f"{table}.{key}: {reason}")


def unfit_log(workspace: Workspace, folder: Path) -> str:
    """Why the server's click log may not be in a folder, as if the settings named it; "" where it may."""
    settings = workspace.settings
    serve = settings.serve.model_copy(update={"log": str(folder)})
    moved = replace(workspace, settings=settings.model_copy(update={"serve": serve}))
    return next((reason for keys, reason in _unfit_places(moved) if keys == ("serve", "log")), "")


def _unfit_places(workspace: Workspace) -> Iterator[tuple[tuple[str, str], str]]:
    """The settings that name a place which is no file or folder as it should be, is another one of the workspace's
    own, also by a link, or lies where all files are taken for scripts or logs; with the reason."""
    settings = workspace.settings
    scripts, log = workspace.scripts_path, workspace.click_log_path
    own = {
        **{path.name: path for path in (workspace.config_path, workspace.key_path, scripts)},
        **{path.name: path for path in (workspace.exports_path, workspace.logs_path)},
        SNAPSHOT_NAME: workspace.snapshot_path,
        "database.url": workspace.database_path,
        "serve.log": log,
        "pages.templates": workspace.templates_path,
        "pages.logo": workspace.root / settings.pages.logo if settings.pages.logo else None,
    }
    named = {name: Path(os.path.normpath(path)) for name, path in own.items() if path is not None}
    places = {name: whole_path(path) for name, path in own.items() if path is not None}
    root = whole_path(workspace.root)
    whole = [places[name] for name in (SCRIPTS_NAME, "serve.log") if not _holds(places[name], root)]
    for table, key in (("database", "url"), ("serve", "log"), ("pages", "logo"), ("pages", "templates")):
        name, is_folder = f"{table}.{key}", key in ("log", "templates")
        is_set = key in getattr(settings, table).model_fields_set
        if name not in places or not (is_set or (name == "serve.log" and log.is_symlink())):
            continue
        place, shown = places[name], named[name]
        other = next((of for of, path in places.items() if of != name and path == place), "")
        if other:
            reason = f"{shown} is {other} already: name another place"
        elif any(folder in place.parents for folder in whole):
            reason = f"{shown} lies where all files are taken for scripts or logs: name another place"
        elif name == "serve.log" and _holds(place, root):
            reason = f"{shown} has the workspace in it, and all its files are taken for logs: name a folder of its own"
        elif name == "serve.log" and _lies_in(place, places["pages.templates"], root):
            reason = f"{shown} lies among the pages' templates: name another place"
        elif not is_set:
            continue
        elif _is_folder(place) not in (None, is_folder):
            reason = f"it must be a {'folder' if is_folder else 'file'}, and {shown} is none"
        else:
            try:
                refuse_unfit_place(workspace.root / shown, folder=is_folder)
                continue
            except LinktrackError as problem:
                reason = str(problem)
        yield (table, key), reason


def _lies_in(place: Path, folder: Path, root: Path) -> bool:
    """Whether a place is in a folder that is not the workspace's, or one above it."""
    return folder in place.parents and not _holds(folder, root)


def _holds(folder: Path, path: Path) -> bool:
    return folder == path or folder in path.parents


def _is_folder(path: Path) -> bool | None:
    """Whether a path is a folder's; None where nothing is found."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return None


def lock_path(root: Path, job: str) -> Path:
    """The file that is locked while a job is done in the workspace in `root`, as in "import"."""
    return root / f".linktrack-{job.replace(' ', '-')}.lock"


def lock_paths(root: Path) -> list[Path]:
    """The locks that are there, links that lead nowhere too."""
    return sorted(root.glob(lock_path(root, "*").name))


def own_folders(workspace: Workspace) -> set[Path]:
    """The folders in which commands write what belongs to a workspace, each once, by its own name."""
    database = workspace.database_path
    logs = [workspace.click_log_path]
    with suppress(LinktrackError):  # which whoever reads the list says
        logs = workspace.click_logs()
    named = {workspace.root, workspace.root if database is None else database.parent, *logs}
    return set(map(whole_path, named))
