"""Recipients: by which domain an address is counted."""

from __future__ import annotations

import pytest

from linktrack.contacts.recipients import domain_of

DOMAINS = {
    "anna@Example.com": "example.com",
    "anna@ example.com ": "example.com",
    "anna": "",
    "": "",
    '"a@b"@example.com': "example.com",
    "anna@bücher.example": "bücher.example",
    "anna@BÜCHER.example": "bücher.example",
    "anna@bu\u0308cher.example": "bücher.example",
    "anna@xn--bcher-kva.example": "bücher.example",
    "anna@XN--BCHER-KVA.example": "bücher.example",
    "anna@mail.bücher\u3002example": "mail.bücher.example",
    "anna@xn--åäö.example": "xn--åäö.example",
    "anna@xn--.example": "xn--.example",
}


@pytest.mark.parametrize("address", DOMAINS)
def test_an_address_is_counted_by_its_domain_however_that_is_written(address: str) -> None:
    assert domain_of(address) == DOMAINS[address]
