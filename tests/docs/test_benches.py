"""The workspaces that the programs in bench/ measure are whole: their SQL goes with the tables of today. What is measured
makes a table, and the README's is of the same one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from docs.player import ROOT
from tests_support import Run

from linktrack.server.snapshot_file import take_snapshot
from linktrack.store.opening import open_database
from linktrack.workspace import load_workspace

BENCH = ROOT / "bench"


@pytest.fixture(autouse=True)
def _as_in_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    monkeypatch.setenv(
        "PYTHONPATH", os.environ.get("PYTHONPATH", "")
    )  # they set it for the processes that they measure


def program(name: str) -> Any:
    """A program of bench/ as a module of a name of its own: there is a room of tests called `actions`, too."""
    spec = spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MADE: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("actions", "make_workspace", (20, 10)),
    ("actions", "make_workspace", (20, 10, ["follow-up"])),
    ("import_log", "make_workspace", (20,)),
    ("made_clicks", "make_workspace", (2_000, 100, 2)),
    ("made_clicks", "make_clicked", (200,)),
    ("startup", "make_workspace", ()),
)


@pytest.mark.parametrize(("name", "maker", "sizes"), MADE)
def test_the_workspace_of_a_bench_can_be_made_and_asked(
    tmp_path: Path, run: Run, name: str, maker: str, sizes: tuple[Any, ...]
) -> None:
    getattr(program(name), maker)(tmp_path / "ws", *sizes)
    assert run("--workspace", tmp_path / "ws", "report", "links", "--format", "json").json
    deep = [] if name == "actions" else ["--deep"]  # whose clicks are in no figure: runs of the actions ask for none
    checks = run("--workspace", tmp_path / "ws", "doctor", *deep, "--format", "json").json
    assert [check for check in checks if check["state"] == "error"] == []
    with open_database(load_workspace(tmp_path / "ws")) as database:
        assert take_snapshot(database).links, "serve knows its links"


# Of three runs each with these seconds of processor time; wall time is twice as long, and memory a hundred times.
ROWS: dict[str, tuple[str, tuple[Any, ...], dict[str, str], tuple[str, ...]]] = {
    "seconds of our own": ("under", ("it", 0.5, (0.3, 0.2, 0.4)), {},
        ("it", "", "under 0.50 s of CPU", "0.30", "0.20 to 0.40", "1.5", "0.30", "0.60", "40", "", "", "")),
    "megabytes": ("under", ("it", 300, (2, 2.5, 1)), {"by": "peak"},
        ("it", "", "under 300 MB", "200", "100 to 250", "1.5", "2.00", "4.00", "250", "", "", "")),
    "a share of the peer's time, pair by pair": ("at_most", ("it", 1.5, (1, 4, 9), "peer", (2, 2, 3)), {"by": "wall"},
        ("it", "peer", "at most 1.50 of its time", "2.00, not held", "0.50 to 3.00", "1.5",
         "4.00", "8.00", "900", "2.00", "4.00", "300")),
    "a share of the peer's speed": ("at_least", ("it", 0.3, (8, 10), "peer", (4, 4)), {},
        ("it", "peer", "at least 0.30 of its speed by CPU", "0.45", "0.40 to 0.50", "1.5",
         "9.00", "18.0", "1,000", "4.00", "8.00", "400")),
    "one run": ("under", ("it", 0.5, (0.012,)), {},
        ("it", "", "under 0.50 s of CPU", "0.012", "", "1.5", "0.012", "0.024", "1", "", "", "")),
    "no peer": ("at_most", ("it", 1, (2,), "peer", ()), {},
        ("it", "peer", "at most 1.00 of its CPU", "not measured: peer is not here", "", "1.5",
         "2.00", "4.00", "200", "", "", "")),
    "nothing at all": ("at_least", ("it", 1, (), "peer", ()), {"missing": "nginx"},
        ("it", "peer", "at least 1.00 of its speed by CPU", "not measured: nginx is not here", *("",) * 8)),
}  # fmt: skip


def promise(kind: str, values: tuple[Any, ...], named: dict[str, str]) -> Any:
    timing = program("measuring").Timing
    given = (
        [timing(2 * cpu, cpu, 100 * cpu, 1.5) for cpu in value] if isinstance(value, tuple) else value
        for value in values
    )
    return getattr(program("promise_table"), kind)(*given, **named)


@pytest.mark.parametrize("name", ROWS)
def test_a_promise_is_a_row(name: str) -> None:
    kind, values, named, row = ROWS[name]
    assert program("promise_table").shown(promise(kind, values, named)) == row


def test_the_readme_has_of_each_promise_the_row_that_uses_most_of_it() -> None:
    table = program("promise_table")
    fast, slow = (promise("under", (name, 0.5, (cpu,)), {}) for name, cpu in (("fast", 0.1), ("slow", 0.6)))
    half, far = (
        promise("at_least", (name, 0.3, (1,), "peer", (cpu,)), {}) for name, cpu in (("half", 0.6), ("far", 0.2))
    )
    text = "above\n<!-- speed -->\nold\n<!-- /speed -->\nbelow\n"
    assert table.in_readme(text, [[fast, slow], [half, far]]).splitlines()[4:] == [
        "| slow |  | under 0.50 s of CPU | 0.60, not held |",
        "| far | peer | at least 0.30 of its speed by CPU | 0.20, not held |",
        "<!-- /speed -->",
        "below",
    ]


def test_the_readme_tells_of_speed_what_the_page_does() -> None:
    (found,) = program("promise_table").README_TABLE.findall((ROOT / "README.md").read_text("utf-8"))
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    assert [row for row in found.splitlines()[2:] if f"\n{row}" not in page] == []


SMALL = ("--runs", "1", "--lines", "500", "1000", "--agents", "100", "200", "--requests", "5000")


@pytest.mark.servers
def test_promises_are_measured_in_one_run() -> None:
    done = subprocess.run(
        [sys.executable, BENCH / "promises.py", *SMALL, "--only", "compile", "memory", "serve"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.removeprefix("| ").split(" | ") for line in done.stdout.splitlines()[2:-2]]
    assert [(row[0], row[2]) for row in rows] == [
        ("compiling a mail of 100 KB", "under 0.05 s of CPU"),
        ("memory of the import of 1,000 lines", "at most 1.20 of its memory"),
        ("memory of the import of 500 lines by 200 agents", "at most 1.20 of its memory"),
        ("serve, 20 × 250 requests", "at least 0.30 of its speed by CPU"),
        ("exported nginx map, 20 × 250 requests", "at least 0.80 of its speed by CPU"),
    ]
    assert all("nginx is not here" in row[3] or float(row[3].removesuffix(", not held")) > 0 for row in rows)


PROGRAMS = {
    "actions": ("--contacts", "1000", "--clicks", "300"),
    "forget_purge": ("3000", "--recipients", "300", "--mailings", "3"),
    "import_formats": ("200",),
    "import_log": ("2000", "--recipients", "300", "--runs", "1"),
    "import_parts": ("2000", "--runs", "1"),
    "mailings_join": ("200",),
    "mailings_write": ("100",),
    "reports": ("20000", "--recipients", "500"),
    "verdict_quality": ("--scale", "0.02"),
}


@pytest.mark.servers
@pytest.mark.parametrize("name", PROGRAMS)
def test_each_program_measures_to_its_end_and_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    command = [sys.executable, str(BENCH / f"{name}.py"), *PROGRAMS[name]]
    surroundings = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.servers
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["terminated", "Ctrl-C"])
def test_a_run_that_is_stopped_leaves_nothing_behind(tmp_path: Path, stop: signal.Signals) -> None:
    command = [sys.executable, str(BENCH / "import_log.py"), "30000", "--recipients", "300"]
    surroundings = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        assert run.stdout is not None
        assert run.stdout.readline().startswith(b"30,000 lines")  # now it measures
        run.send_signal(stop)
        assert run.wait(60) != 0
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_not_made_of_small_sizes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    command = [sys.executable, str(BENCH / "promises.py"), "--runs", "1", "--contacts", "200", "--page", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.endswith("error: a page has the sizes that are promised: leave --contacts out\n")
    assert not page.exists()
