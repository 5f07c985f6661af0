"""How the programs of bench/ measure: whole processes, or work of their own, and what is made before that apart."""

from __future__ import annotations

import argparse
import compileall
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

# What is measured is the tree that these programs stand in, whatever is installed and wherever a process is started.
TREE = Path(__file__).parent.parent
sys.path.insert(0, str(TREE))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(TREE), os.environ.get("PYTHONPATH"))))

Given = ParamSpec("Given")
Got = TypeVar("Got")


class Timing(NamedTuple):
    """One run: seconds, seconds of processor time with that of its children, megabytes of the largest process (0 where it
    is not known), and the machine's load just before."""

    wall: float
    cpu: float
    peak: float
    load: float


def linktrack(workspace: Path, *words: object) -> list[str]:
    """A command line of linktrack."""
    return [sys.executable, "-m", "linktrack", "--workspace", str(workspace), "--quiet", *map(str, words)]


def timed(command: Sequence[str], *, lines: int = 0, cwd: Path | None = None) -> Timing:
    """Run a process to its end, which must be a good one; with `lines`, only until it has written so many, which is when
    whoever reads them closes the pipe."""
    load, began = os.getloadavg()[0], time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = process.stdout, process.stderr
    assert output and errors
    try:
        complete = all(output.readline() for _ in range(lines))
        while not lines and output.read(1 << 20):
            pass
    except BaseException:  # a run that is stopped leaves nothing behind
        process.kill()
        process.wait()
        raise
    read = time.perf_counter()
    output.close()
    said = errors.read()
    errors.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if not complete or (process.returncode and not lines):
        raise SystemExit(f"{' '.join(command)} failed: {said.decode()[-500:]}")
    ended = read if lines else time.perf_counter()
    # A process begins as this one, and what it takes itself is not seen until it is more than that.
    peak = usage.ru_maxrss if usage.ru_maxrss > own_peak() else 0
    return Timing(ended - began, usage.ru_utime + usage.ru_stime, peak / 1024, load)


def own_peak() -> int:
    """Of this process, in 1,024 bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def bytes_written() -> int:
    """By this process until now, whether the system has put them on the disk yet or not."""
    return int(Path("/proc/self/io").read_text().partition("wchar:")[2].split()[0])


def worked(work: Callable[[], object]) -> Timing:
    """Do something in this process."""
    load, before, cpu = os.getloadavg()[0], time.perf_counter(), time.process_time()
    work()
    return Timing(time.perf_counter() - before, time.process_time() - cpu, 0, load)


def family(process: int) -> list[int]:
    """A process and its children."""
    return [process, *map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())]


def seconds_of(process: int) -> float:
    """Processor time of a server's process and its children, also those that have ended; what wakes up of itself is in
    it."""
    return sum(_own_seconds(one) + _seconds_of_ended(one) for one in family(process))


def _own_seconds(process: int) -> float:
    """Of a process that runs, by its own clock: /proc has it in hundredths, of which a short turn has only some."""
    return time.clock_gettime(~process << 3 | 2)  # the number that clock_getcpuclockid(3) gives on Linux


def _seconds_of_ended(process: int) -> float:
    """Of its children that have ended."""
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[13:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def in_turn(rounds: int, *jobs: Callable[[], Timing], warm: bool = False) -> list[list[Timing]]:
    """The runs of each job, all of them once a round, so that a noisy minute hits them all; `warm`, after a round that
    fills the caches."""
    for job in jobs if warm else ():
        job()
    taken = [[job() for job in jobs] for _ in range(rounds)]
    return [[each[place] for each in taken] for place in range(len(jobs))]


def apart(job: Callable[Given, Got], *values: Given.args, **named: Given.kwargs) -> Got:
    """Do a job in a process of its own: the memory it takes would count as that of every process started later."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(job, *values, **named).result()


def wall(runs: Sequence[Timing]) -> float:
    return statistics.median(run.wall for run in runs)


def processor(runs: Sequence[Timing]) -> float:
    return statistics.median(run.cpu for run in runs)


def most(runs: Sequence[Timing]) -> float:
    """Megabytes."""
    return max(run.peak for run in runs)


def write_byte_code() -> None:
    """As the documented install does it: without, each start takes 0.15 s longer wherever Python may not write it."""
    import linktrack

    compileall.compile_dir(Path(linktrack.__file__).parent, quiet=1)


def options_of(doc: str | None) -> argparse.ArgumentParser:
    """The parser of a program whose first lines say what it measures, and how."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


@contextmanager
def folder_to_work_in(keep: Path | None = None) -> Iterator[Path]:
    """A folder that is gone in the end, also where the run is stopped (Ctrl-C, SIGTERM); or one to `keep`."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="linktrack-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def copied(fresh: Path, to: Path) -> Path:
    """A workspace anew as it was when it was made."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(fresh, to)
    return to


def megabytes(root: Path) -> float:
    """Of a workspace's database with its companions."""
    return sum(path.stat().st_size for path in root.glob("linktrack.db*")) / 1e6
