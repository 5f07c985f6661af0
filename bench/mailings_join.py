"""How fast a recipient's copy is made: a token, joined into a mail of 40 KB with 16 links, for 100,000 recipients.

    .venv/bin/python bench/mailings_join.py [RECIPIENTS]

Compare: joining is to take at most 1.5 times as long as copying the same bytes (`memcpy`), side by side in one run, and
what a program would do instead: string.Template, Jinja2 (if it is installed), BeautifulSoup. The slow ones are given
fewer recipients and counted up, which the table says. All make the same mail; the first copy of each is compared.
Beside copying, each link takes some 20 ns. As many bytes stand between two links as in mails of the world (the mean of
46 was 2.4 KB); with half as many between them it is some 1.7 times as long where the copies stay in a fast cache.
"""

from __future__ import annotations

import itertools
import string
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from bs4 import BeautifulSoup
from mail import make_mail
from measuring import Timing, in_turn, options_of, worked

from linktrack.links.placement_keys import placement_keys
from linktrack.links.tokens import Keyring, Tokens
from linktrack.mailings.addresses import ReadingOptions, read_mail
from linktrack.mailings.compile import PlacedSpan, compile_part

BASE = "https://click.example.com"
ROUNDS = 5
KEPT = 64  # mails at once: one that is dropped at once is made in the cache, each on the place of the last


def tokens(count: int) -> Iterator[str]:
    sign = Tokens(Keyring.generate(), bytes(16)).signer(1)
    return (sign(recipient) for recipient in range(1, count + 1))


class Mails(NamedTuple):
    """A mail, where its addresses are and what stands between them, the tokens of its recipients, the first one's copy."""

    data: bytes
    placed: list[PlacedSpan]
    segments: tuple[bytes, ...]
    tokens: list[bytes]
    one: bytes


def mails_for(count: int) -> Mails:
    data = make_mail(40_000, 16)
    parts = read_mail(data, None, ReadingOptions(BASE))
    spots = [address for address in parts.addresses if not address.reason]
    placed = [PlacedSpan(next(placement_keys(bytes(16), "m", spot.position)), spot.start, spot.stop) for spot in spots]
    compiled = compile_part(parts.html, placed, BASE)
    made = [token.encode() for token in tokens(count)]
    return Mails(data, placed, compiled.segments, made, compiled.copy_for(made[0].decode()))


def copy(mails: Mails) -> None:
    view, kept = memoryview(mails.one), deque[bytes](maxlen=KEPT)
    for _ in mails.tokens:
        kept.append(bytes(view))


def join(mails: Mails) -> None:
    kept = deque[bytes](maxlen=KEPT)
    for token in mails.tokens:
        kept.append(token.join(mails.segments))


def beside_copying(count: int, rounds: int) -> list[list[Timing]]:
    """Runs of joining the mails of so many recipients, and of copying as many bytes."""
    mails = mails_for(count)
    return in_turn(rounds, *(partial(worked, partial(job, mails)) for job in (join, copy)), warm=True)


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("recipients", nargs="?", type=int, default=100_000)
    count = parser.parse_args().recipients
    mails = mails_for(count)
    data, placed, segments, made, one = mails
    print(f"{count:,} recipients, {len(one):,} bytes each, {len(segments) - 1} links\n")

    def sign() -> None:
        for _ in tokens(count):
            pass

    text = one.decode().replace(made[0].decode(), "$token")
    template = string.Template(text.replace("{{ name }}", "{{ name }}"))
    few = made[: max(1, count // 20)]
    fewest = made[: max(1, count // 2000)]

    def substitute() -> None:
        for token in few:
            template.substitute(token=token.decode()).encode()

    def soup() -> None:
        for token in fewest:
            tree = BeautifulSoup(data.decode(), "html.parser")
            for link, spot in zip(tree.find_all("a"), itertools.cycle(placed)):
                link["href"] = f"{BASE}/{spot.key}/{token.decode()}"
            str(tree).encode()

    rows: list[tuple[str, Callable[[], object], int]] = [
        ("copying (memcpy)", partial(copy, mails), len(made)),
        ("linktrack: token.join(segments)", partial(join, mails), len(made)),
        ("linktrack: making the tokens", sign, len(made)),
        ("string.Template", substitute, len(few)),
        ("BeautifulSoup for each recipient", soup, len(fewest)),
    ]
    assert template.substitute(token=made[0].decode()).encode() == one
    try:
        from jinja2 import Environment
    except ImportError:
        print("Jinja2 is not installed: left out\n")
    else:
        jinja = Environment().from_string(
            text.replace("{{ name }}", "{% raw %}{{ name }}{% endraw %}").replace("$token", "{{ token }}")
        )
        assert jinja.render(token=made[0].decode()).encode() == one

        def render() -> None:
            for token in few:
                jinja.render(token=token.decode()).encode()

        rows.insert(4, ("Jinja2, compiled template", render, len(few)))
    best = [min(worked(work).cpu for _ in range(ROUNDS if done == count else 2)) / done for _, work, done in rows]
    print(f"{'':34} {'µs':>9} {'recipients/s':>13} {'MB/s':>8} {'x copying':>10}  measured with")
    for (name, _, done), each in zip(rows, best, strict=True):
        speed = f"{len(one) / each / 1e6:8,.0f}" if "tokens" not in name else f"{'':8}"
        print(f"{name:34} {each * 1e6:9.2f} {1 / each:13,.0f} {speed} {each / best[0]:10.2f}  {done:,}")


if __name__ == "__main__":
    main()
