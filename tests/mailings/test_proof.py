"""The proof: it lets good mails pass and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linktrack.errors import BadInput
from linktrack.mailings.addresses import Address, Parts, ReadingOptions, read_mail
from linktrack.mailings.proof import prove

BASE = "https://click.example.com"
OPTIONS = ReadingOptions(BASE)
HTML = '<p>å</p>\n<a href="https://shop.example/x">x</a> <a href=https://shop.example/y>y</a>'
TEXT = "See https://shop.example/x, or https://shop.example/y."


def parts_of(charset: str = "utf-8") -> tuple[Parts, list[tuple[Address, str]]]:
    parts = read_mail(HTML.encode(charset), TEXT.encode(charset), OPTIONS)
    return parts, [(address, f"key{letter}") for address, letter in zip(parts.addresses, "abcd", strict=True)]


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "cp1252"])
def test_a_mail_whose_addresses_alone_change_passes(charset: str) -> None:
    parts, placed = parts_of(charset)
    prove(parts, placed, BASE, OPTIONS)
    prove(parts, placed[1:3], BASE, OPTIONS)
    prove(parts, [], BASE, OPTIONS)


WRONG = {
    "a span that takes the quote along": (0, 0, 1),
    "a span that begins too early": (0, -1, 0),
    "a span that ends too early": (0, 0, -1),
    "a bare value that swallows the end of its tag": (1, 0, 1),
    "an address in text with the comma": (2, 0, 1),
    "an address in text without its end": (3, 0, -1),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_span_that_is_one_off_is_refused(case: str) -> None:
    place, start, stop = WRONG[case]
    parts, placed = parts_of()
    address, key = placed[place]
    placed[place] = (replace(address, start=address.start + start, stop=address.stop + stop), key)
    with pytest.raises(BadInput, match="nothing was written"):
        prove(parts, placed, BASE, OPTIONS)


def test_a_tracking_address_that_the_mail_cannot_hold_is_refused() -> None:
    parts, placed = parts_of()
    with pytest.raises(BadInput, match="read back"):
        prove(parts, placed, "https://click.example.com/a b", OPTIONS)  # a bare value ends at the blank


def test_bytes_that_do_not_come_back_are_refused() -> None:
    parts, placed = parts_of("utf-16")
    broken = replace(parts, html=replace(parts.html, data=parts.html.data + b"x\0"))
    with pytest.raises(BadInput, match="original"):
        prove(broken, placed, BASE, OPTIONS)
