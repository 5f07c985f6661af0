"""What an installation gets: the wheel, its program, and one sentence where it cannot work."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from linktrack.cli.demo import demo

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    return message_from_bytes(wheel.read(name))


@pytest.mark.parametrize("folder", ["configs", "sample_mailings"])
def test_the_wheel_holds_what_the_program_hands_out(wheel: zipfile.ZipFile, folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert len(files) > 5
    for path in files:
        assert wheel.read(f"linktrack/{path.relative_to(ROOT).as_posix()}") == path.read_bytes()


def test_the_wheel_is_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert {name.partition("/")[0].rpartition(".")[2] for name in names} == {"linktrack", "dist-info"}
    assert "linktrack/py.typed" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_a_source_archive_holds_no_workspace_that_somebody_made_in_the_clone(tmp_path: Path) -> None:
    """Neither the demo's, whose folder git does not see, nor one of another name."""
    root = tmp_path / "clone"
    for name in ("pyproject.toml", ".gitignore", "README.md", "LICENSE", "linktrack/__init__.py"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes((ROOT / name).read_bytes())
    for name in (
        "linktrack-demo/linktrack.key",
        "linktrack-demo/crm/contacts.csv",
        "play/linktrack.db",
        "linktrack.key",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x", "utf-8")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names == {"pyproject.toml", ".gitignore", "README.md", "LICENSE", "PKG-INFO", "linktrack/__init__.py"}


def test_git_does_not_see_what_the_readme_makes() -> None:
    unseen = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    folder = str(demo.__defaults__[0]) if demo.__defaults__ else ""
    assert {f"{folder}/", ".venv/"} <= set(unseen)


def test_the_wheel_says_where_it_works_and_publishes_no_tools(metadata: Message) -> None:
    systems = [name for name in metadata.get_all("Classifier", []) if name.startswith("Operating System")]
    assert systems == ["Operating System :: POSIX :: Linux"]
    assert sorted(metadata.get_all("Provides-Extra", [])) == ["all", "postgres", "serve", "xlsx", "zstd"]
    assert not [line for line in metadata.get_all("Requires-Dist", []) if "pytest" in line]


def test_the_locks_name_no_host_and_have_a_hash_for_every_file() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text and "--index" not in text and "--find-links" not in text
        pins = [block for block in text.replace("\\\n", "").splitlines() if block.strip()]
        assert len(pins) > 20 and all("==" in pin and "--hash=sha256:" in pin for pin in pins)


def test_what_runs_is_a_part_of_what_develops() -> None:
    """The same version of everything that is in both."""
    pins = [
        {line.partition(" \\")[0] for line in (ROOT / name).read_text("utf-8").splitlines() if "==" in line}
        for name in ("requirements.lock", "requirements-dev.lock")
    ]
    assert pins[0] <= pins[1]


# Imported before everything else: this Python says that it is on Windows, and has nothing that Windows has not.
WINDOWS = """\
import sys
sys.platform = "win32"
for name in ("fcntl", "grp", "pwd", "resource", "termios", "typer"):
    sys.modules[name] = None
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(["-m", "linktrack", "link", "list"], id="as a module"),
        pytest.param(["-c", "from linktrack.__main__ import main; main()"], id="as the installed program"),
    ],
)
def test_on_windows_it_says_what_to_use(tmp_path: Path, program: list[str]) -> None:
    (tmp_path / "sitecustomize.py").write_text(WINDOWS, "utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    done = subprocess.run(
        [sys.executable, *program], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "linktrack: linktrack needs Linux or macOS; on Windows use WSL\n"


def test_the_installed_program_is_the_one_that_looks_first() -> None:
    assert 'linktrack = "linktrack.__main__:main"' in (ROOT / "pyproject.toml").read_text("utf-8")


# The command line, which has something to do when the process ends.
TO_DO = """\
import atexit
from linktrack.cli import app
run = app.main
app.main = lambda: (atexit.register(print, "the end", end=""), run())
from linktrack.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("words", "code", "said"), [(["--version"], 0, "linktrack "), (["link", "show"], 2, ""), (["nothing"], 2, "")]
)
def test_the_program_ends_at_once_with_all_that_it_was_to_do(words: list[str], code: int, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", TO_DO, *words], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stdout.startswith(said) and done.stdout.endswith("the end")
