"""How long it takes to read, prove and compile a mail, by its size; and what hostile input does to it.

    .venv/bin/python bench/mailings_compile.py

Compare: 100 KB are to take under 50 ms and time is to grow with the size, no faster; 600 KB of hostile input are to
be scanned in under 0.1 s. The last column is that of BeautifulSoup parsing the same mail, without doing anything.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

from bs4 import BeautifulSoup
from mail import make_mail
from measuring import Timing, in_turn, options_of, worked

from linktrack.links.placement_keys import placement_keys
from linktrack.mailings.addresses import ReadingOptions, read_mail
from linktrack.mailings.compile import PlacedSpan, compile_part
from linktrack.mailings.outputs.made_text import made_text
from linktrack.mailings.proof import prove
from linktrack.mailings.reading.document import Document, read_document
from linktrack.mailings.reading.scan import scan

BASE = "https://click.example.com"
OPTIONS = ReadingOptions(BASE)
SIZES = (10_000, 100_000, 500_000, 1_000_000, 5_000_000)
HOSTILE = (
    '<a href="', "<!--[if", "<!--[if mso]>", "<!--", "{{", "{%", "*|", "<", "</", "<![if ", "<![CDATA[", "<script><!--",
    "&", '"', '<a "', "<style>", "<title>",
)  # fmt: skip


def seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """CPU time of the best of some rounds: other people's work on the machine is not ours."""
    return min(worked(work).cpu for _ in range(rounds))


def parse(data: bytes) -> BeautifulSoup:
    return BeautifulSoup(data.decode(), "html.parser")


def beside_soup(size: int, rounds: int) -> list[list[Timing]]:
    """Runs of compiling a mail of this size, and of BeautifulSoup parsing it."""
    data = mail_of(size)
    jobs = (partial(compile_whole, data), partial(parse, data))
    return in_turn(rounds, *(partial(worked, job) for job in jobs), warm=True)


def mail_of(size: int) -> bytes:
    return make_mail(size, size // 1300)


def compile_whole(data: bytes) -> None:
    parts = read_mail(data, None, OPTIONS)
    placed = [
        (spot, next(placement_keys(bytes(16), "m", spot.position))) for spot in parts.addresses if not spot.reason
    ]
    prove(parts, placed, BASE, OPTIONS)
    spots = [PlacedSpan(key, spot.start, spot.stop) for spot, key in placed]
    compile_part(parts.html, spots, BASE)
    made_text(parts, spots, BASE)


def main() -> None:
    options_of(__doc__).parse_args()
    warnings.simplefilter("ignore")
    head = f"{'mail':>12} {'links':>7} {'scan ms':>9} {'all ms':>9} {'MB/s':>7} {'x of 100 KB':>12}"
    print(head, f"{'BeautifulSoup ms':>17}")
    per_byte = 0.0
    for size in SIZES:
        data = mail_of(size)
        document = read_document(data)
        links = len(scan(document).spots)
        scanned, whole = seconds(partial(scan, document)), seconds(partial(compile_whole, data))
        soup = seconds(partial(parse, data), 1)
        if size == 100_000:
            per_byte = whole / len(data)
        growth = f"{whole / len(data) / per_byte:.2f}" if per_byte else ""
        print(
            f"{len(data):12,} {links:7,} {scanned * 1000:9.2f} {whole * 1000:9.1f} {len(data) / whole / 1e6:7.1f} "
            f"{growth:>12} {soup * 1000:17.0f}"
        )
    print("\n600 KB of hostile input, scanned: ms")
    for piece in HOSTILE:
        document = Document(b"", piece * (600_000 // len(piece)), "utf-8", bytewise=False)
        print(f"{piece!r:18} {seconds(partial(scan, document), 3) * 1000:9.1f}")


if __name__ == "__main__":
    main()
