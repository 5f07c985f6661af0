"""What every test may ask for: a workspace of its own and a way to call the command line."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from tests_support import Furnish, Run, call
from typer.main import get_command

from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import Workspace, load_workspace

OWN_MAILS = Path(__file__).parent / "corpus"
CORPUS = Path(os.environ.get("LINKTRACK_CORPUS", Path(__file__).parent.parent.parent / "shared" / "corpus"))

# Properties are judged by what they find, never by how busy the machine is. Where CI is set, hypothesis plays the same
# cases each time, so that a change is accepted or rejected for what it changed; elsewhere it looks for new ones. With
# LINKTRACK_TESTS=long (`.ci/run --long`) each property is tried ten times as often, with new cases.
LONG = os.environ.get("LINKTRACK_TESTS") == "long"
settings.register_profile(
    "linktrack",
    settings.default,
    deadline=None,
    derandomize=bool(os.environ.get("CI")) and not LONG,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("linktrack")

# Seconds that the tests of a mark may take, added up over the processes that run them, on two cores of today. Going
# over is said and fails nothing: a budget is for the person who adds a test.
BUDGETS = {"quick": 800, "servers": 330, "faults": 170}
_CHOSEN = "_hypothesis_internal_use_settings"
QUICK = "quick"  # what has none of the other marks
_spent: dict[str, list[float]] = {mark: [] for mark in BUDGETS}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test that has no mark with a budget the mark `quick`; with LONG try properties ten times as often."""
    for item in items:
        if not any(item.get_closest_marker(mark) for mark in BUDGETS):
            item.add_marker(QUICK)
    for test in {item.obj for item in items if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)}:
        if LONG:  # hypothesis has no other way to change a test that chose its own number
            usual = getattr(test, _CHOSEN)
            setattr(test, _CHOSEN, settings(usual, max_examples=10 * usual.max_examples))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for mark, spent in _spent.items():
        if mark in report.keywords:
            spent.append(report.duration)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for mark, spent in _spent.items():
        if spent:
            over = " (OVER ITS BUDGET)" if sum(spent) > BUDGETS[mark] and not LONG else ""
            terminalreporter.write_line(f"{mark}: {sum(spent):.0f} s of {BUDGETS[mark]} s{over}")


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """None of our variables, those of the tests too, which were read when their modules were, and a Ctrl-C that arrives."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("LINKTRACK_")]:
            patch.delenv(name)
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # or each process that is started compiles all anew
        patch.setenv("NO_COLOR", "1")
        signal.signal(signal.SIGINT, signal.default_int_handler)  # in a shell's background it is ignored, by all below
        yield


@pytest.fixture(scope="session", autouse=True)
def _made_commands() -> Iterator[None]:
    """Commands are made of their functions once, not anew in each call, which takes longer than what most of them do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture
def run() -> Run:
    """What calls linktrack: see `tests_support.call`."""
    return call


@pytest.fixture(scope="session")
def _fresh_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fresh")
    init_workspace(root, "https://click.example.com")
    return root


@pytest.fixture
def workspace(_fresh_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A new workspace, which is also the current folder."""
    root = tmp_path / "workspace"
    shutil.copytree(_fresh_workspace, root)
    monkeypatch.chdir(root)
    return load_workspace(root)


@pytest.fixture(scope="session")
def _furnished(
    _fresh_workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Callable[[], None]], Path]:
    @cache
    def furnished(how: Callable[[], None]) -> Path:
        root = tmp_path_factory.mktemp("furnished") / "workspace"
        shutil.copytree(_fresh_workspace, root)
        with contextlib.chdir(root):
            how()
        return root

    return furnished


@pytest.fixture
def furnish(_furnished: Callable[[Callable[[], None]], Path], workspace: Workspace) -> Furnish:
    """What brings into the workspace all that a function makes in its current folder: that is called once, for all tests."""
    return lambda how: Path(shutil.copytree(_furnished(how), workspace.root, dirs_exist_ok=True))


@pytest.fixture
def database(workspace: Workspace) -> Iterator[Database]:
    with open_database(workspace) as opened:
        yield opened


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real mails and logs, which are not part of the project."""
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus is not at {CORPUS}: set LINKTRACK_CORPUS to run this test")
    return CORPUS


@pytest.fixture(scope="session", params=["of our own", "real"])
def mails(request: pytest.FixtureRequest) -> list[Path]:
    """Mails as the world writes them: ten of our own making, which every clone has, and those of the corpus."""
    if request.param == "of our own":
        return sorted(OWN_MAILS.glob("*.htm*"))
    folder: Path = request.getfixturevalue("corpus") / "mailings"
    return sorted(path for path in folder.iterdir() if path.suffix != ".tsv")
