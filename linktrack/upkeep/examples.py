"""The shipped examples: settings, column mappings, links and web-server snippets, put where a workspace needs them."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

from linktrack.errors import BadInput, Conflict, UnknownName
from linktrack.files.disk_folders import make_own_folder
from linktrack.files.protected import CONFIG_NAME
from linktrack.files.reading import explained, read_bytes
from linktrack.files.writing import create, replace_own
from linktrack.names import did_you_mean, nearest
from linktrack.workspace import load_workspace

CRM_FOLDER = "crm"  # of these one holds, in the workspace's settings; all others are files of their own
ALL_SETTINGS = "settings"  # the name of the example that shows every setting
ALL_SETTINGS_FILE = "linktrack.example.toml"  # beside the workspace's own settings
PAGES = "pages"  # the name of the example that is a folder: the templates of all pages


def shipped_folder(name: str) -> Path:
    """Where a folder of shipped files is: in the installed package, or beside it in a clone."""
    package = Path(__file__).parent.parent
    for place in (package / name, package.parent / name):
        if place.is_dir():
            return place
    raise BadInput(f"the folder {name} is missing from this installation: install linktrack again")


def examples() -> dict[str, Path]:
    """Every example by its name: its file's, in small letters and without what stands behind the dot."""
    configs = shipped_folder("configs")
    files = {path.stem.lower(): path for path in sorted(configs.glob("*/*")) if path.is_file()}
    return {ALL_SETTINGS: configs / CONFIG_NAME, **files, PAGES: shipped_folder("server/templates")}


def find_example(name: str) -> Path:
    """The shipped file of an example. UnknownName, with a near one and all there are."""
    known = examples()
    if name not in known:
        close = nearest(name, known, 1)
        sentence = f"there is no example {name!r}{did_you_mean(close)}, but these: {', '.join(known)}"
        raise UnknownName(sentence, noun="example", name=name, near=close)
    return known[name]


def put_example(root: Path, name: str) -> Path:
    """Put an example into the workspace at `root`, and return the file or folder that holds it now.

    A column mapping becomes the `[crm]` tables of `linktrack.toml`, everything else a file, pages a file each where the
    settings have them. Put twice it is there once. UnknownName, NotFound without a workspace; Conflict where something
    else is in its place.
    """
    source = find_example(name)
    if source.parent.name == CRM_FOLDER:
        return _put_mapping(root / CONFIG_NAME, source)
    if name == PAGES:
        place = load_workspace(root).templates_path
        pairs = {path: place / path.name for path in sorted(source.glob("*.html"))}
    else:
        place = root / (ALL_SETTINGS_FILE if name == ALL_SETTINGS else Path(source.parent.name, source.name))
        pairs = {source: place}
    for one, target in pairs.items():
        if target.exists() and target.read_bytes() != one.read_bytes():
            raise Conflict(f"{target} is there already: move it away, or take what you need from {one}")
    for one, target in pairs.items():
        if not target.exists():
            with explained(target):
                make_own_folder(target.parent)
            create(target, one.read_bytes())
    return place


def _put_mapping(settings: Path, source: Path) -> Path:
    text = read_bytes(settings).decode("utf-8")
    mapping = source.read_text("utf-8")
    if mapping in text:
        return settings
    if "crm" in tomllib.loads(text):
        raise Conflict(f"{settings} has [crm] already: remove it, or take what you need from {source}")
    replace_own(settings, f"{text.rstrip()}\n\n{mapping}".encode(), mode=stat.S_IMODE(settings.stat().st_mode))
    return settings
