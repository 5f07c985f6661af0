"""How sentences count."""

import pytest

from linktrack.sentences import counted

COUNTED = {
    "none": (0, ("click",), "0 clicks"),
    "one": (1, ("click",), "1 click"),
    "several": (2_000, ("click",), "2,000 clicks"),
    "one of a word of its own": (1, ("person", "people"), "1 person"),
    "several of a word of their own": (3, ("person", "people"), "3 people"),
}


@pytest.mark.parametrize("case", COUNTED)
def test_a_number_with_what_it_counts(case: str) -> None:
    count, words, said = COUNTED[case]
    assert counted(count, *words) == said
