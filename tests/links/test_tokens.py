"""Tokens: published vectors, a second implementation, and the laws that hold for every token."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from links.second_implementation import make, placement, read

from linktrack.errors import BadInput
from linktrack.links.address_shape import TOKEN
from linktrack.links.placement_keys import placement_keys
from linktrack.links.tokens import MAX_RECIPIENT, MAX_SHIPMENT, Keyring, Tokens, key_id_of

COUNTING = bytes(range(32))
WORKSPACE = bytes(range(16))
PAGE = Path(__file__).parents[2] / "docs" / "security.md"

shipments = st.integers(0, MAX_SHIPMENT)
recipients = st.integers(0, MAX_RECIPIENT)
secrets = st.binary(min_size=32, max_size=32)
workspaces = st.binary(min_size=16, max_size=16)

CASES = [
    (0, COUNTING, 1, 1),
    (0, COUNTING, 1, 2),
    (3, b"\x01" * 32, 1, 2),
    (15, b"\xff" * 32, MAX_SHIPMENT, MAX_RECIPIENT),
    (0, COUNTING, 0, 0),
    (7, COUNTING[::-1], 2_863_311_530, 733_007_751_850),
]


def vectors() -> list[tuple[int, bytes, int, int, str]]:
    """The vectors of the page."""
    text = PAGE.read_text("utf-8").partition("<!-- vectors -->")[2].partition("<!-- /vectors -->")[0]
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in text.strip().splitlines()[2:]]
    return [(int(row[0]), bytes.fromhex(row[1]), int(row[2]), int(row[3]), row[4]) for row in rows]


def tokens(key_id: int = 0, secret: bytes = COUNTING, workspace: bytes = WORKSPACE) -> Tokens:
    return Tokens(Keyring({key_id: secret}), workspace)


def test_the_page_has_a_vector_for_every_case() -> None:
    assert [vector[:4] for vector in vectors()] == CASES


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: f"key {vector[0]}, {vector[2]}, {vector[3]}")
def test_vectors(vector: tuple[int, bytes, int, int, str]) -> None:
    key_id, secret, shipment, recipient, token = vector
    assert tokens(key_id, secret).sign(shipment, recipient) == token
    assert make(key_id, secret, WORKSPACE, shipment, recipient) == token
    assert tokens(key_id, secret).verify(token) == (shipment, recipient) == read({key_id: secret}, WORKSPACE, token)
    assert key_id_of(token) == key_id


@given(secrets, workspaces, shipments, recipients, st.integers(0, 15))
def test_a_second_implementation_makes_and_reads_the_same(
    secret: bytes, workspace: bytes, shipment: int, recipient: int, key_id: int
) -> None:
    token = tokens(key_id, secret, workspace).sign(shipment, recipient)
    assert token == make(key_id, secret, workspace, shipment, recipient)
    assert read({key_id: secret}, workspace, token) == (shipment, recipient)


@given(secrets, shipments, recipients)
def test_a_token_verifies_in_any_case_and_is_32_characters(secret: bytes, shipment: int, recipient: int) -> None:
    ours = tokens(secret=secret)
    token = ours.sign(shipment, recipient)
    assert re.fullmatch(TOKEN, token)
    assert ours.verify(token.upper()) == ours.verify(token) == (shipment, recipient)


@given(secrets, shipments, recipients, st.integers(0, 159))
def test_no_bit_can_be_changed(secret: bytes, shipment: int, recipient: int, bit: int) -> None:
    ours = tokens(secret=secret)
    raw = int.from_bytes(base64.b32decode(ours.sign(shipment, recipient).upper()), "big") ^ (1 << bit)
    assert ours.verify(base64.b32encode(raw.to_bytes(20, "big")).decode().lower()) is None


@given(st.text(max_size=40))
def test_junk_is_no_token(text: str) -> None:
    assert tokens().verify(text) is None


@given(workspaces, workspaces, shipments, recipients)
def test_two_workspaces_with_one_secret_know_nothing_of_each_other(
    one: bytes, other: bytes, shipment: int, recipient: int
) -> None:
    token = tokens(workspace=one).sign(shipment, recipient)
    assert tokens(workspace=other).verify(token) == ((shipment, recipient) if one == other else None)


@given(workspaces, st.text(st.characters(codec="utf-8"), min_size=1), st.integers(-1, 10_000))
def test_a_second_implementation_makes_the_same_placements(workspace: bytes, mailing: str, position: int) -> None:
    assert list(placement_keys(workspace, mailing, position)) == [
        placement(workspace, mailing, position, attempt) for attempt in range(72)
    ]


def test_numbers_are_not_readable_in_a_token() -> None:
    raw = [base64.b32decode(tokens().sign(7, recipient).upper()) for recipient in range(1000)]
    assert {token[0] for token in raw} == {0x10}, "version and key id are in clear"
    assert len({token[1:5] for token in raw}) == 1000, "one shipment looks different in every token"


def test_a_new_key_signs_and_the_old_one_verifies() -> None:
    old = Keyring({0: COUNTING})
    new = old.with_new(1)
    assert new.signing_id == 1
    assert Tokens(new, WORKSPACE).verify(tokens().sign(1, 2)) == (1, 2)
    assert tokens().verify(Tokens(new, WORKSPACE).sign(1, 2)) is None
    assert Keyring.parse(new.text()) == new
    assert new.signing_with(0).signing_id == 0


HEX = COUNTING.hex()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        pytest.param(HEX, [0], id="a bare key has id 0"),
        pytest.param(f"0:{HEX}\n2:{'ab' * 32}\n", [0, 2], id="a line each"),
        pytest.param(f"0:{HEX},1:{'ab' * 32}", [0, 1], id="commas, as in an environment variable"),
        pytest.param(f"# ours\n0:{HEX} # first\n", [0], id="comments"),
    ],
)
def test_key_texts(text: str, ids: list[int]) -> None:
    assert list(Keyring.parse(text).secrets) == ids


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("0:abc", id="too short"),
        pytest.param(f"16:{HEX}", id="an id over 15"),
        pytest.param(f"0:{HEX}\n0:{HEX}", id="an id twice"),
        pytest.param(f"{HEX}00", id="too long"),
        pytest.param("0" * 64, id="all zeros"),
        pytest.param(f"0:{HEX}\n1:{'00' * 32}", id="one of them all zeros"),
    ],
)
def test_bad_key_texts_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        Keyring.parse(text)
    assert HEX not in str(caught.value)


def test_neither_a_keyring_nor_tokens_show_their_secrets() -> None:
    for shown in (repr(Keyring({0: COUNTING})), repr(tokens())):
        assert HEX not in shown
        assert repr(COUNTING) not in shown
