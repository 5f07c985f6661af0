"""How fast a shipment is written, as whole commands: files, mbox and NDJSON against `dd`, and the memory it takes.

    .venv/bin/python bench/mailings_write.py [RECIPIENTS]

Compare: a stream is to be limited by the disk, so by what `dd` needs for as many bytes; files by what it takes to make
as many files of that size with one buffer, which is the least a program can do. Peak memory is to stay flat in the
number of recipients. A mail of 40 KB with 30 links; 25,000 recipients unless said otherwise (100,000 make 4 GB).
"""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

from mail import make_mail
from measuring import Timing, apart, folder_to_work_in, linktrack, options_of, timed, worked


def make_workspace(root: Path, count: int) -> None:
    """A workspace with a mailing of 40 KB with 30 links, and so many contacts, who have got it: recipients that are known
    are not written again."""
    from linktrack.upkeep.making import init_workspace

    init_workspace(root, "https://click.example.com")
    (root / "mail.html").write_bytes(make_mail(40_000, 30))
    timed(linktrack(root, "mailing", "add", "news", "mail.html", "--subject", "Nyheter"), cwd=root)
    rewrite(root, count, "template", "first")


def rewrite(root: Path, count: int, output: str, out: str) -> Timing:
    """The whole command: a shipment stored, and its mails written, those of `-` to nowhere."""
    contacts = root / f"contacts-{count}.csv"
    if not contacts.exists():
        rows = (f"{number},p{number}@example.com,Person {number}\n" for number in range(1, count + 1))
        contacts.write_text("contact_id,email,name\n" + "".join(rows), "utf-8")
    words = ["mailing", "rewrite", "news", "--contacts", contacts.name, "--as", output, "--out", out, "--again"]
    mails = ["--from", "News <news@example.com>", "--keep-merge-tags"] if output in ("eml", "mbox") else []
    command = linktrack(root, *words, *mails)
    # A pipe takes more time than what goes through it.
    return timed(["sh", "-c", 'exec "$@" > /dev/null', "sh", *command] if out == "-" else command, cwd=root)


def make_files(folder: Path, count: int, content: bytes) -> None:
    folder.mkdir()
    for number in range(count):
        target = os.open(folder / str(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(target, content)
        os.close(target)


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("recipients", nargs="?", type=int, default=25_000)
    count = parser.parse_args().recipients
    with folder_to_work_in() as root:
        apart(make_workspace, root, count)
        print(f"{count:,} recipients\n\n{'':44} {'s':>7} {'CPU s':>7} {'MB':>7} {'MB/s':>7} {'x':>6} {'x CPU':>6}")

        def show(name: str, taken: Timing, size: int, base: Timing) -> None:
            print(
                f"{name:44} {taken.wall:7.2f} {taken.cpu:7.2f} {size / 1e6:7.0f} {size / taken.wall / 1e6:7.0f} "
                f"{taken.wall / base.wall:6.2f} {taken.cpu / base.cpu:6.2f}"
            )

        stored = rewrite(root, count, "template", "template")
        print(f"{'storing the shipment, writing tokens.csv':44} {stored.wall:7.2f} {stored.cpu:7.2f}")

        def written(output: str) -> Timing:
            taken = rewrite(root, count, output, output)
            return taken._replace(wall=taken.wall - stored.wall, cpu=taken.cpu - stored.cpu)

        for output, name in (("ndjson", "recipients.ndjson"), ("mbox", "mailing.mbox")):
            taken = written(output)
            size = (root / output / name).stat().st_size
            shutil.rmtree(root / output)
            base = timed(["dd", "if=/dev/zero", "of=zeros", "bs=1M", f"count={size // 1_048_576 + 1}"], cwd=root)
            (root / "zeros").unlink()
            show("dd of as many bytes", base, size, base)
            show(f"{output}, without storing", taken, size, base)
        for output in ("html", "eml"):
            taken = written(output)
            content = next((root / output).iterdir()).read_bytes()
            shutil.rmtree(root / output)
            base = worked(partial(make_files, root / "same", count, content))
            shutil.rmtree(root / "same")
            show("as many files from one buffer", base, count * len(content), base)
            show(f"{output} files, without storing", taken, count * len(content), base)
        print("\npeak memory, NDJSON to /dev/null")
        for number in (1_000, 10_000, count, 4 * count):
            taken = rewrite(root, number, "ndjson", "-")
            print(f"{number:9,} recipients {taken.peak:5.0f} MB {taken.wall:7.2f} s")


if __name__ == "__main__":
    main()
