"""Lists of people: they are what plain Python finds, however much is looked at together, and begin before all is read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

import pytest
from clicks_world import SENT
from hypothesis import given
from hypothesis import strategies as st

from linktrack.email_addresses import domain_of
from linktrack.mailings import shipment_recipients
from linktrack.mailings.shipment_recipients import recipient_rows
from linktrack.reports import clickers, nonclickers
from linktrack.reports.figures import EVERYTHING
from linktrack.store.many import at_once
from linktrack.store.session import Database

PEOPLE = (1, 2, 3, 4, 5, 6, 7, 8, 40, 41, 42, 900, 50_000, 2**40 - 1)  # whose numbers lie close together, or not


class Mailed(NamedTuple):
    """A shipment: who got it, who of them refused tracking, and of each clicker how many clicks a person made, and where
    that was noted: with the recent ones of level 0 or 1, or 2: with the old ones."""

    people: set[int]
    refused: set[int]
    clicks: dict[int, tuple[int, int]]

    @property
    def counted(self) -> dict[int, tuple[int, int]]:
        return {one: clicks for one, clicks in self.clicks.items() if one in self.people - self.refused}


some = st.sets(st.sampled_from(PEOPLE))
_clicks = st.dictionaries(st.sampled_from(PEOPLE), st.tuples(st.integers(0, 2), st.integers(0, 2)))
mailed = st.builds(Mailed, some, some, _clicks | st.just(dict.fromkeys(PEOPLE, (1, 2))))


def send(database: Database, shipments: list[Mailed], forgotten: set[int], order: Sequence[int] = PEOPLE) -> None:
    """One mailing in these shipments, of which the second was sent first, in the place of all that there is; the people
    stood in some order in the file of the contacts."""
    for table in ("clicker", "recent_clicker", "shipment_tally", "shipment_recipient", "shipment", "recipient"):
        database.execute(f"DELETE FROM {table}")
    if database.value("SELECT count(*) FROM mailing") == 0:
        database.execute("INSERT INTO mailing (id, name, subject, type, html, settings, created_at) "
                         "VALUES (1, 'news', '', '', '', '{}', 0)")  # fmt: skip
    database.insert(
        "recipient", ("id", "contact_id", "email", "name", "fields", "forgotten_at"),
        [(one, None, "", "", "{}", SENT) if one in forgotten else (one, f"C{one}", "c@x.example", "P", "{}", None) for one in PEOPLE],
    )  # fmt: skip
    for number, one in enumerate(shipments, 1):
        refused = one.refused & one.people
        database.execute(
            "INSERT INTO shipment (id, number, mailing_id, sent_at, is_test, recipients, uncounted, settings, created_at, "
            "finished_at) VALUES (?, ?, 1, ?, FALSE, ?, ?, '{}', 0, 0)",
            (number, number, SENT - (number == 2), len(one.people), len(refused)),
        )
        database.insert(
            "shipment_recipient", ("shipment_id", "recipient_id", "position", "email", "name", "uncounted"),
            [(number, who, place, "", "", who in refused) for place, who in enumerate(sorted(one.people, key=order.index), 1)],
        )  # fmt: skip
        columns = (
            "shipment_id",
            "recipient_id",
            "placement_id",
            "link_id",
            "human",
            "machine",
            "first_click",
            "last_after",
        )
        for who, (human, level) in one.counted.items():
            row = (number, who, 1, 1, human, 1, SENT if human else None, 0 if human else None)
            if level == 2:
                database.insert("clicker", columns, [row])
            else:
                database.insert("recent_clicker", ("level", *columns), [(level, *row)])
        database.execute(
            "INSERT INTO shipment_tally (shipment_id, human, prefetch, scanner, test, clickers) VALUES (?, 0, 0, 0, 0, ?)",
            (number, sum(human > 0 for human, _ in one.counted.values())),
        )


@given(st.lists(mailed, max_size=3), some, st.sampled_from([1, 2, 20_000]), st.sampled_from([0, 4]))
def test_who_did_not_click(
    database: Database, shipments: list[Mailed], forgotten: set[int], page: int, spread: int
) -> None:
    with database.transaction():
        send(database, shipments, forgotten)
    nobodys = {who for one in shipments for who, (human, _) in one.counted.items() if human}
    nobodys |= forgotten.union(*(one.refused & one.people for one in shipments))
    in_turn = chain.from_iterable(sorted(one.people) for one in (*shipments[1:2], *shipments[:1], *shipments[2:]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nonclickers, "_PAGE", page)
        patch.setattr(nonclickers, "AT_ONCE", page)
        patch.setattr(nonclickers, "_SPREAD", spread)
        found = [one.contact_id for one in nonclickers.nonclickers(database, EVERYTHING)]
    assert found == [f"C{who}" for who in dict.fromkeys(in_turn) if who not in nobodys]


def test_the_first_who_did_not_click_comes_before_the_others_are_looked_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nonclickers, "AT_ONCE", 2)
    monkeypatch.setattr(nonclickers, "_PAGE", 2)
    everybody = dict.fromkeys(PEOPLE, (1, 2))
    others = {who: clicks for who, clicks in everybody.items() if who not in (3, 50_000)}
    send(database, [Mailed(set(PEOPLE), set(), others)], set())
    said: list[str] = []
    database.connection.set_trace_callback(said.append)
    found = nonclickers.nonclickers(database, EVERYTHING)
    assert next(found).contact_id == "C3"
    looked = len(said)
    assert [one.contact_id for one in found] == ["C50000"]
    assert sum("FROM recipient" in sql for sql in said[:looked]) == 1
    assert sum("human > 0" in sql for sql in said[:looked]) == 2, "pages of two people"
    assert sum("human > 0" in sql for sql in said) == len(PEOPLE) // 2


def test_where_all_have_clicked_who_can_be_counted_nobody_is_looked_at(database: Database) -> None:
    send(database, [Mailed(set(PEOPLE), {1, 40}, dict.fromkeys(PEOPLE, (1, 0))), Mailed({2, 3}, {3}, {2: (2, 2)})], {8})
    said: list[str] = []
    database.connection.set_trace_callback(said.append)
    assert list(nonclickers.nonclickers(database, EVERYTHING)) == []
    assert [sql for sql in said if "shipment_recipient" in sql] == []


@given(st.permutations(PEOPLE), some, st.sampled_from([0, 2, 20_000]), st.sampled_from([1, 3, 500]))
def test_recipients_come_in_the_order_of_the_contacts(
    database: Database, order: list[int], people: set[int], waiting: int, soon: int
) -> None:
    with database.transaction():
        send(database, [Mailed(people, set(), {})], set(), order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipment_recipients, "_WAITING", waiting)
        patch.setattr(shipment_recipients, "AT_ONCE", soon)
        found = [one.contact_id for one in recipient_rows(database, 1)]
    assert found == [f"C{who}" for who in order if who in people]


@pytest.mark.parametrize(
    ("order", "sorted_from"),
    [
        pytest.param(PEOPLE, None, id="who was known first stands first"),
        pytest.param(PEOPLE[::-1], None, id="who was known first stands last"),
        pytest.param((2, 1, 4, 3, *PEOPLE[4:]), None, id="neighbours have changed places"),
        pytest.param((*PEOPLE[:9], *PEOPLE[:8:-1]), None, id="some of the first stand last"),
        pytest.param((*PEOPLE[::2], *PEOPLE[1::2]), 3, id="every other one stands in the second half"),
        pytest.param((*PEOPLE[3:], *PEOPLE[:3]), 0, id="those after the first ones stand first"),
    ],
)
def test_recipients_who_lie_in_the_order_of_the_contacts_are_not_put_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch, order: Sequence[int], sorted_from: int | None
) -> None:
    monkeypatch.setattr(shipment_recipients, "_WAITING", 2)
    monkeypatch.setattr(shipment_recipients, "at_once", partial(at_once, many=1))
    send(database, [Mailed(set(PEOPLE), set(), {})], set(), order)
    said: list[str] = []
    database.connection.set_trace_callback(said.append)
    begun = [any("ORDER BY position" in sql for sql in said) for _ in recipient_rows(database, 1)]
    assert begun == [sorted_from is not None and place >= sorted_from for place in range(len(PEOPLE))]


# A domain, and an address at it.
WRITTEN = [
    *(
        ("räv.example", f"c@{host}")
        for host in ("räv.example", "RÄV.Example", "ra\u0308v.example", "xn--rv-via.example")
    ),
    *(("räv.example", address) for address in ("c@XN--RV-via.example ", "a@b@ räv.example", "@räv.example")),
    *(("r-1.example", address) for address in ("c@r-1.example", "c@R-1.EXAMPLE", "@r-1.example", "a@b@ R-1.example ")),
    *(("r-1.example", address) for address in ("c@xn--R-1-.example", "c@\uff52-1\u3002example", "c@r-1.xn--example-")),
    ("r\\%_.example", "c@r\\%_.example"),
]


def at_domains(database: Database, emails: dict[int, str], clicked: set[int]) -> None:
    """One mailing to people, of whom some have clicked, in the order of their numbers; and its figures by domain."""
    send(database, [Mailed(set(emails), set(), {who: (1, who % 3) for who in clicked})], set())
    database.execute("DELETE FROM shipment_domain")
    for table in ("clicker", "recent_clicker"):
        database.execute(f"UPDATE {table} SET first_click = first_click + recipient_id")
    for who, email in emails.items():
        database.execute("UPDATE shipment_recipient SET email = ? WHERE recipient_id = ?", (email, who))
    domains = {domain_of(email) for email in emails.values()}
    counts = {domain: [who for who in emails if domain_of(emails[who]) == domain] for domain in domains}
    database.insert(
        "shipment_domain", ("shipment_id", "domain", "sent", "human", "machine", "clickers"),
        [(1, domain, len(people), 0, 0, len(clicked.intersection(people))) for domain, people in counts.items()],
    )  # fmt: skip


@pytest.mark.parametrize(("domain", "written"), WRITTEN)
def test_clickers_at_a_domain_are_found_however_it_is_written(
    database: Database, monkeypatch: pytest.MonkeyPatch, domain: str, written: str
) -> None:
    monkeypatch.setattr(clickers, "_LONG", 1)
    with database.transaction():
        emails = dict.fromkeys(PEOPLE, "c@r.example") | dict.fromkeys((3, 42, 900), written)
        at_domains(database, emails, {1, 3, 8, 900})
    for among in (0, 1, 100):
        monkeypatch.setattr(clickers, "_FIRST", among)
        found = [one.contact_id for one in clickers.clickers(database, EVERYTHING, domain=domain)]
        assert found == ["C3", "C900"]


@pytest.mark.parametrize(("domain", "looked_up"), [("a.example", 1), ("b.example", 0)])
def test_only_addresses_that_may_be_of_the_domain_are_looked_up(
    database: Database, monkeypatch: pytest.MonkeyPatch, domain: str, looked_up: int
) -> None:
    """However many others have clicked."""
    monkeypatch.setattr(clickers, "_LONG", 1)
    monkeypatch.setattr(clickers, "_FIRST", 2)
    emails = dict.fromkeys(PEOPLE, "c@x.example") | {50_000: "c@a.example", 900: "c@b.example", 3: "c@a.example.se"}
    at_domains(database, emails, set(PEOPLE) - {900})
    monkeypatch.setattr(clickers, "at_once", partial(at_once, many=1))
    said: list[str] = []
    database.connection.set_trace_callback(said.append)
    found = [one.contact_id for one in clickers.clickers(database, EVERYTHING, domain=domain)]
    assert found == ["C50000"] * looked_up
    assert sum("SELECT recipient_id, email FROM" in sql for sql in said) == 2 * looked_up, (
        "a page of one, and a.example.se"
    )
    assert sum("max(last_click)" in sql for sql in said) == looked_up
