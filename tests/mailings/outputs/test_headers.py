"""Header values: whatever a contact's data holds, a header stays one header."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from fast_mail_parser import parse_email
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.crm.export_rows import BadRow
from linktrack.crm.people import Contact
from linktrack.errors import BadInput
from linktrack.mail_senders import ascii_address, sender
from linktrack.mailings.outputs.headers import mailbox, reachable, unstructured

MAILBOXES = {
    "no name": ("", "bo@x.example", "bo@x.example"),
    "a name": ("Bo Ek", "bo@x.example", '"Bo Ek" <bo@x.example>'),
    "a name with blanks around it": (" Bo\t", "bo@x.example", '"Bo" <bo@x.example>'),
    "a name of blanks": (" \t", "bo@x.example", "bo@x.example"),
    "quotes and backslashes": ('Bo "B" \\ Ek', "bo@x.example", '"Bo \\"B\\" \\\\ Ek" <bo@x.example>'),
    "line ends and tabs": ("Bo\r\nBcc: x@y.example\t", "bo@x.example", '"Bo Bcc: x@y.example" <bo@x.example>'),
    "letters beyond ASCII": ("Åsa", "bo@x.example", "=?utf-8?q?=C3=85sa?= <bo@x.example>"),
    "what looks like an encoded word": ("=?x?=", "bo@x.example", "=?utf-8?b?PT94Pz0=?= <bo@x.example>"),
    "an international domain": ("", "bo@bücher.example", "bo@xn--bcher-kva.example"),
    "a quoted local part": ("", '"b o"@x.example', '"b o"@x.example'),
    "an address literal": ("", "bo@[192.0.2.1]", "bo@[192.0.2.1]"),
}


@pytest.mark.parametrize("case", MAILBOXES)
def test_a_name_and_an_address_become_a_mailbox(case: str) -> None:
    name, email, expected = MAILBOXES[case]
    assert mailbox(name, email) == expected


SUBJECTS = {
    "nothing": ("", ""),
    "ASCII": ('Spring: "50 %" \\ off', 'Spring: "50 %" \\ off'),
    "line ends": ("Hej\r\nBcc: x@y.example", "Hej Bcc: x@y.example"),
    "letters beyond ASCII": ("Hallå", "=?utf-8?b?SGFsbMOl?="),
    "what looks like an encoded word": ("=?x?=", "=?utf-8?b?PT94Pz0=?="),
    "half of what looks like one": ("x=?", "=?utf-8?b?eD0/?="),
    "an equals sign, a question mark": ("a=b?", "a=b?"),
    "as long as one line may be": ("x" * 899, "x" * 899),
}


@pytest.mark.parametrize("case", SUBJECTS)
def test_a_subject_is_written_as_it_is_or_in_encoded_words(case: str) -> None:
    text, expected = SUBJECTS[case]
    assert unstructured(text) == expected


def test_of_900_characters_a_value_is_folded_and_each_line_is_as_long_as_lines_should_be() -> None:
    lines = f"Subject: {unstructured('x' * 900)}".split("\r\n ")
    assert lines[0] == f"Subject: =?utf-8?q?{'x' * 55}?="
    assert {len(lines[0]), *(len(" " + line) for line in lines[1:-1])} == {76}
    assert mailbox("x" * 899, "bo@x.example") == f'"{"x" * 899}" <bo@x.example>'
    assert mailbox("x" * 900, "bo@x.example").startswith("=?utf-8?q?xxx")


NO_ADDRESSES = ["", "x", "@x.example", "x@", "a b@x.example", "a@x.example\r\nBcc: b@x.example", "a@x.example>", "<a@x.example>",
                "a@x.example, b@x.example", "é@x.example", "a..b@x.example", "a@x..\u2603.example", "a@" + "x" * 400, '"a\n"@x.example',
                "a(b)@x.example", '"é"@b.example', '"a\\é"@b.example', "a@x.example\0", "Bo <a@x.example>", "a@-x.example"]  # fmt: skip


@pytest.mark.parametrize("email", NO_ADDRESSES)
def test_what_is_no_address_is_refused_with_a_way_out(email: str) -> None:
    with pytest.raises(BadInput, match="correct it"):
        ascii_address(email)


_names = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.sampled_from(["x" * 3000, "Ö" * 1000])


@settings(max_examples=200)
@given(_names, _names)
def test_two_parsers_read_one_recipient_and_no_other_header(name: str, subject: str) -> None:
    head = f"To: {mailbox(name, 'bo@x.example')}\r\nSubject: {unstructured(subject)}\r\n\r\n"
    assert head.isascii() and all(len(line) <= 998 for line in head.split("\r\n"))
    read = message_from_bytes(head.encode(), policy=policy.default)
    assert [key for key, _ in read.items()] == ["To", "Subject"] and read.get_payload() == ""
    assert [address.addr_spec for address in read["To"].addresses] == ["bo@x.example"]
    second = parse_email(head)
    assert sorted(second.headers) == ["Subject", "To"] and second.to[0].address == "bo@x.example"
    plain = "".join(" " if ord(character) < 32 or ord(character) == 127 else character for character in name)
    if plain.isascii() and len(plain) < 900:
        assert " ".join((second.to[0].display_name or "").split()) == " ".join(plain.split())


def test_a_sender_is_one_address() -> None:
    assert sender("Åsa <asa@x.example>") == ("Åsa", "asa@x.example")
    for wrong in (
        "=?utf-8?q?Asa=0D=0ABcc:_x@y.example?= <asa@x.example>",
        "=?utf-8?b?QQpC?= <a@x.example>",
        "Åsa",
        "a@x.example\r\nBcc: b@x.example x",
        "<>",
    ):
        with pytest.raises(BadInput, match="--from"):
            sender(wrong)


def test_contacts_that_no_mail_can_reach_are_left_out_with_the_reason() -> None:
    people = [
        Contact(str(line), email, "", {}, line)
        for line, email in enumerate(("a@x.example", "", "b@", '"é"@b.example', "x" * 80, "x" * 81), 2)
    ]
    rejected: list[BadRow] = []
    assert [person.contact_id for person in reachable(people, rejected)] == ["2"]
    assert [(row.line, row.text, row.reason) for row in rejected] == [
        (3, "3", "there is no e-mail address"),
        (4, "4", "'b@' is no e-mail address"),
        (5, "5", "'\"é\"@b.example' is no e-mail address"),
        (6, "6", f"'{'x' * 80}' is no e-mail address"),
        (7, "7", f"'{'x' * 80}' is no e-mail address"),
    ]
