"""How fast a shipment is written, as whole commands: files, mbox and NDJSON against `dd`, and the memory it takes.

    .venv/bin/python bench/mailings_write.py [RECIPIENTS]

Compare: a stream is to be limited by the disk, so by what `dd` needs for as many bytes; files by what it takes to make
as many files of that size with one buffer, which is the least a program can do. Peak memory is to stay flat in the
number of recipients. A mail of 40 KB with 30 links; 25,000 recipients unless said otherwise (100,000 make 4 GB).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from mail import make_mail

from linktrack.upkeep.making import init_workspace

PROGRAM = str(Path(sys.executable).with_name("linktrack"))


class Cost(NamedTuple):
    """What a whole process took: seconds by the clock, seconds of CPU, peak memory in MB."""

    wall: float
    cpu: float
    memory: int


def run(*command: str, cwd: Path) -> Cost:
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Cost(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)


def rewrite(root: Path, count: int, output: str, out: str) -> Cost:
    contacts = root / f"contacts-{count}.csv"
    if not contacts.exists():
        rows = (f"{number},p{number}@example.com,Person {number}\n" for number in range(1, count + 1))
        contacts.write_text("contact_id,email,name\n" + "".join(rows), "utf-8")
    arguments = ("mailing", "rewrite", "news", "--contacts", contacts.name, "--as", output, "--out", out)
    return run(PROGRAM, *arguments, cwd=root)


def make_files(folder: Path, count: int, content: bytes) -> Cost:
    start, before = time.perf_counter(), time.process_time()
    folder.mkdir()
    for number in range(count):
        target = os.open(folder / str(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(target, content)
        os.close(target)
    return Cost(time.perf_counter() - start, time.process_time() - before, 0)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 25_000
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        init_workspace(root, "https://click.example.com")
        (root / "mail.html").write_bytes(make_mail(40_000, 30))
        run(PROGRAM, "mailing", "add", "news", "mail.html", "--subject", "Nyheter", cwd=root)
        print(f"{count:,} recipients\n\n{'':44} {'s':>7} {'CPU s':>7} {'MB':>7} {'MB/s':>7} {'x':>6} {'x CPU':>6}")

        def show(name: str, taken: Cost, size: int, base: Cost) -> None:
            print(
                f"{name:44} {taken.wall:7.2f} {taken.cpu:7.2f} {size / 1e6:7.0f} {size / taken.wall / 1e6:7.0f} "
                f"{taken.wall / base.wall:6.2f} {taken.cpu / base.cpu:6.2f}"
            )

        stored = rewrite(root, count, "template", "template")
        print(f"{'storing the recipients, writing tokens.csv':44} {stored.wall:7.2f} {stored.cpu:7.2f}")

        def written(output: str) -> Cost:
            taken = rewrite(root, count, output, output)
            return Cost(taken.wall - stored.wall, taken.cpu - stored.cpu, taken.memory)

        for output, name in (("ndjson", "recipients.ndjson"), ("mbox", "mailing.mbox")):
            taken = written(output)
            size = (root / output / name).stat().st_size
            shutil.rmtree(root / output)
            base = run("dd", "if=/dev/zero", "of=zeros", "bs=1M", f"count={size // 1_048_576 + 1}", cwd=root)
            (root / "zeros").unlink()
            show("dd of as many bytes", base, size, base)
            show(f"{output}, without storing the recipients", taken, size, base)
        for output in ("html", "eml"):
            taken = written(output)
            content = next((root / output).iterdir()).read_bytes()
            shutil.rmtree(root / output)
            base = make_files(root / "same", count, content)
            shutil.rmtree(root / "same")
            show("as many files from one buffer", base, count * len(content), base)
            show(f"{output} files, without storing", taken, count * len(content), base)
        print("\npeak memory, NDJSON to /dev/null")
        for number in (1_000, 10_000, count, 4 * count):
            taken = rewrite(root, number, "ndjson", "-")
            print(f"{number:9,} recipients {taken.memory:5} MB {taken.wall:7.2f} s")


if __name__ == "__main__":
    main()
