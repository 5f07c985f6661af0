"""Tokens: published vectors, and the laws that hold for every token."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.errors import BadInput, Conflict
from linktrack.links.tokens import MAX_RECIPIENT, MAX_SHIPMENT, TOKEN, Keyring

COUNTING = bytes(range(32))
shipments = st.integers(0, MAX_SHIPMENT)
recipients = st.integers(0, MAX_RECIPIENT)
secret = st.binary(min_size=32, max_size=32)

# (key id, secret, shipment, recipient, token): another implementation must come to the same tokens.
VECTORS = [
    pytest.param(0, COUNTING, 1, 1, "cdbrnwxanbuehxktzwghaavpsfsffpnm", id="the first recipient of the first shipment"),
    pytest.param(0, COUNTING, 1, 2, "cb4popyfyzqs6rbtiwhqdopgem3g3awu", id="his neighbour looks unrelated"),
    pytest.param(3, bytes(32), 1, 2, "cp4hkdbyatglijomtfp7knq6sgklazf2", id="another key, another key id"),
    pytest.param(
        15, b"\xff" * 32, MAX_SHIPMENT, MAX_RECIPIENT, "d76c55gnxm5kffuuw4xqsxkxps266zf4", id="the largest numbers"
    ),
    pytest.param(0, COUNTING, 0, 0, "caktrahchdvgydxj36ynvb6vtrl2hsww", id="zeros"),
]


@pytest.mark.parametrize(("key_id", "secret", "shipment", "recipient", "token"), VECTORS)
def test_vectors(key_id: int, secret: bytes, shipment: int, recipient: int, token: str) -> None:
    ring = Keyring({key_id: secret})
    assert ring.sign(shipment, recipient) == token
    assert ring.verify(token) == (shipment, recipient)


@given(secret, shipments, recipients)
def test_a_token_verifies_in_any_case_and_is_32_characters(key: bytes, shipment: int, recipient: int) -> None:
    ring = Keyring({0: key})
    token = ring.sign(shipment, recipient)
    assert re.fullmatch(TOKEN, token)
    assert ring.verify(token.upper()) == ring.verify(token) == (shipment, recipient)


@given(secret, shipments, recipients, st.integers(0, 159))
def test_no_bit_can_be_changed(key: bytes, shipment: int, recipient: int, bit: int) -> None:
    ring = Keyring({0: key})
    raw = int.from_bytes(base64.b32decode(ring.sign(shipment, recipient).upper()), "big") ^ (1 << bit)
    assert ring.verify(base64.b32encode(raw.to_bytes(20, "big")).decode().lower()) is None


@given(st.text(max_size=40))
def test_junk_is_no_token(text: str) -> None:
    assert Keyring({0: COUNTING}).verify(text) is None


def test_numbers_are_not_readable_in_a_token() -> None:
    ring = Keyring({0: COUNTING})
    raw = [base64.b32decode(ring.sign(7, recipient).upper()) for recipient in range(1000)]
    assert {token[0] for token in raw} == {0x10}, "version and key id are in clear"
    assert len({token[1:5] for token in raw}) == 1000, "one shipment looks different in every token"


def test_rotation_signs_anew_and_verifies_the_old() -> None:
    old = Keyring({0: COUNTING})
    new = old.rotated()
    assert new.signing_id == 1
    assert new.verify(old.sign(1, 2)) == (1, 2)
    assert old.verify(new.sign(1, 2)) is None
    assert Keyring.parse(new.text()).sign(1, 2) == new.sign(1, 2)


def test_a_seventeenth_key_is_refused() -> None:
    ring = Keyring({0: COUNTING})
    for _ in range(15):
        ring = ring.rotated()
    with pytest.raises(Conflict, match="16 keys"):
        ring.rotated()


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
    ],
)
def test_bad_key_texts_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        Keyring.parse(text)
    assert HEX not in str(caught.value)


def test_a_keyring_does_not_show_its_secrets() -> None:
    assert HEX not in repr(Keyring({0: COUNTING}))
    assert repr(COUNTING) not in repr(Keyring({0: COUNTING}))
