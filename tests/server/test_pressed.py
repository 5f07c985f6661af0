"""What a POST says: what it is answered, what the page shows then, and what the import keeps are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as some
from server.server_world import SENT, SITE, SentWorld, request

from linktrack.clicks.load import import_logs
from linktrack.contacts.left import departures_of, has_left
from linktrack.contacts.pressed import QUERY_LENGTH, kept_query, pressed_in, said_in
from linktrack.contacts.types import same_type
from linktrack.server.answer import answer
from linktrack.server.people import QuietDatabase, StoredPeople
from linktrack.server.request import PATH_ROOM
from linktrack.server.said_since import SaidSince
from linktrack.server.site import Site
from linktrack.server.snapshot_file import take_snapshot, tokens_of
from linktrack.store.session import Database

ALL = {"newsletter", "offers", "åsikter"}
ONE = {"newsletter"}  # what was sent

LONG = "x=" + QUERY_LENGTH * "y"
SAID: dict[str, tuple[list[str], set[str]]] = {
    "a type in other letters is left, and joined by the page's button": (["off=NEWSLETTER", "on=Newsletter"], ONE),
    "with blanks around it": (["off=%20Newsletter+", "on=Newsletter"], ONE),
    "an accent in two signs": (["on=%C3%85sikter", "off=A%CC%8Asikter"], ONE),
    "joined in two signs, left in one": (["on=a%CC%8Asikter", "off=%C3%A5sikter", "on=%C3%85SIKTER"], ONE | {"åsikter"}),
    "left by one click, joined in other letters": (["", "on=newsLetter"], ONE),
    "joined and left at once": (["on=Offers&off=offers"], ONE),
    "left and joined at once": (["off=Offers&on=OFFERS"], ONE),
    "every type left and one joined at once": (["off=*&on=Offers"], set()),
    "one joined and every type left at once": (["on=Offers&off=%2A"], set()),
    "two joined": (["on=Offers&on=offers&on=%C3%85sikter"], ALL),
    "one joined after every type was left": (["off=*", "on=offers"], {"offers"}),
    "two, one of them beside junk": (["x=1&on=Offers&fbclid=abc&off=newsletter"], {"offers"}),
    "a button that names no type leaves the mailing's": (["off="], set()),
    "or blanks": (["off=%20"], set()),
    "beside which nothing is joined": (["off=&on=Offers"], set()),
    "joining no type is nothing": (["on=", "on=%20"], ONE),
    "no button is one click": (["x=1"], set()),
    "a query that is longer than what is kept of it": ([f"on=Offers&{LONG}"], ONE | {"offers"}),
    "a button behind what is kept": ([f"{LONG}&on=Offers"], set()),
    "a button that is cut": ([f"on=Offers&{LONG[:QUERY_LENGTH - 15]}&off=Newsletter"], ONE | {"offers"}),
    "a button that just has room": ([f"{LONG[:QUERY_LENGTH - 10]}&on=Offers"], ONE | {"offers"}),
    "junk that no type is called": (["off=%00%FF%F0%9F%8E%89&on=Offers"], ONE | {"offers"}),
}  # fmt: skip


@dataclass
class Loop:
    """The server and its log, and the import of that."""

    world: SentWorld
    database: Database
    site: Site
    log: Path

    def shown(self) -> set[str]:
        return has(answer(request("GET", self.world.path("subscriptions")), self.site)[0].body)

    def press(self, query: str, moment: int) -> set[str] | None:
        """Post, and return what the answer says, None where it says nothing of types."""
        at = SENT + 600_000 + moment * 1000
        asked = request("POST", self.world.path("subscriptions"), query, at=at)
        asked = asked._replace(time=f"2026-05-04T11:10:{moment:02}.000+02:00", number=f"a-{moment}")
        reply, line = answer(asked, self.site)
        with self.log.open("ab") as file:
            file.write(line)
        assert reply.status == 200
        return has(reply.body) if b"<ul" in reply.body else None


def has(page: bytes) -> set[str]:
    """The types that a page says the person gets, by their buttons."""
    assert b'action="?off=*"' in page
    return {same_type(unquote(type)) for type in re.findall(r'action="\?off=([^"*]+)"', page.decode())}


@pytest.fixture
def loop(world: SentWorld, database: Database, tmp_path: Path) -> Iterator[Loop]:
    taken = take_snapshot(database)
    (tmp_path / "log").mkdir()
    asking = QuietDatabase(world.workspace, count(1).__next__)
    site = replace(
        SITE, snapshot=taken, tokens=tokens_of(world.workspace, taken), subscription_types=("Offers", "Åsikter")
    )
    since = SaidSince([tmp_path / "log"], lambda: site)
    asked = replace(site, people=StoredPeople(asking, ",", since.of))
    yield Loop(world, database, asked, tmp_path / "log" / "clicks-20260504T110000-1-aaaaaa.ndjson")
    asking.close()


@pytest.mark.parametrize("case", SAID)
def test_what_is_answered_is_shown_and_kept(loop: Loop, case: str) -> None:
    queries, expected = SAID[case]
    for moment, query in enumerate(queries):
        answered = loop.press(query, moment)
        assert answered is None or answered == loop.shown(), query
    assert loop.shown() == expected
    assert import_logs(loop.world.workspace, loop.database, [str(loop.log)]).stored == len(queries)
    loop.log.unlink()
    assert loop.shown() == expected, "as the import has it"
    left = departures_of(loop.database, 1)
    joined = [same_type(one) for departure in left for one in departure.joined]
    assert {type for type in ALL if has_left([one.type for one in left], type, joined)} <= ALL - expected
    assert not any(has_left([one.type for one in left], type, joined) for type in expected)


def test_an_address_that_the_log_would_lose_the_query_of_is_none(loop: Loop) -> None:
    where = loop.world.path("subscriptions")
    for tail, status in ((PATH_ROOM - len(where), 200), (PATH_ROOM - len(where) + 1, 404)):
        asked = request("POST", where + tail * " ", LONG)
        reply, line = answer(asked, loop.site)
        assert reply.status == status
        assert LONG[: QUERY_LENGTH + 1].encode() in line or status == 404


@given(some.text(some.sampled_from("onf=&*X %20aA+"), max_size=30).map(lambda text: f"{text}&on=x&{text}"), some.text())
def test_a_query_says_the_same_however_often_it_is_cut_and_leaving_wins(query: str, own_type: str) -> None:
    assert said_in(kept_query(query)) == said_in(query)
    said = pressed_in(query, own_type)
    left = {type for name, type in said if name == "off"}
    assert not left & {type for name, type in said if name == "on"}
    assert all(type == same_type(type) for _, type in said)
