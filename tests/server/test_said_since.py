"""What was pressed and not imported yet: out of the click log, as it grows, by whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest
from server.server_world import OTHERS, SENT, SITE, SentWorld, path, request

from linktrack.contacts.consent import say_consent
from linktrack.contacts.left import come_back, leave
from linktrack.server import said_since
from linktrack.server.people import QuietDatabase, StoredPeople
from linktrack.server.request import log_line
from linktrack.server.said_since import SaidSince, VisitorChoice
from linktrack.store.session import Database


def line(method: str, where: str, query: str = "", status: int = 200) -> bytes:
    return log_line(request(method, where, query), status)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "log").mkdir()
    return tmp_path / "log" / "clicks-20260504T110000-1-aaaaaa.ndjson"


def said(log: Path) -> SaidSince:
    return SaidSince([log.parent], lambda: SITE)


AT = SENT + 1000
LINES: dict[str, tuple[bytes, list[VisitorChoice]]] = {
    "a type is left": (line("POST", path("subscriptions"), "off=News"), [VisitorChoice(70_001, AT, "news", has=False)]),
    "every type is left": (line("POST", path("subscriptions"), "off=*"), [VisitorChoice(70_001, AT, "", has=False)]),
    "a type is joined": (line("POST", path("subscriptions"), "on=A%20%26%20B"), [VisitorChoice(70_001, AT, "a & b", has=True)]),
    "an address in capitals, and a tail": (
        line("POST", path("subscriptions").upper() + ">", "on=News"), [VisitorChoice(70_001, AT, "news", has=True)],
    ),
    "a type is left by one click": (line("POST", path("unsubscribe")), [VisitorChoice(70_001, AT, "newsletter", has=False)]),
    "and by the page's button": (line("POST", path("unsubscribe"), "page"), [VisitorChoice(70_001, AT, "newsletter", has=False)]),
    "consent is taken away": (
        line("POST", path("subscriptions"), "consent=off"), [VisitorChoice(70_001, AT, "", has=False, about_consent=True)],
    ),
    "two at once": (
        line("POST", path("subscriptions"), "off=A&on=B"), [VisitorChoice(70_001, AT, "a", False), VisitorChoice(70_001, AT, "b", True)],
    ),
    "a look": (line("GET", path("subscriptions"), "off=News"), []),
    "what was refused": (line("POST", path("subscriptions"), "on=News", 410), []),
    "what was not written": (line("POST", path("subscriptions"), "on=News", 503), []),
    "a forged one": (line("POST", path("subscriptions", tokens=OTHERS), "off=*"), []),
    "a confirmed link": (line("POST", path("confirm"), "off=*"), []),
    "nobody's": (line("POST", path("subscriptions", recipient=0), "off=*"), []),
    "an agent that says POST": (line("GET", path("subscriptions"), '"method":%20"POST"'), []),
    "no line of ours": (b'{"method": "POST", "path": 1, "status": 200}\n[]\n\xff"method": "POST"\n', []),
    "a torn line": (line("POST", path("subscriptions"), "off=News")[:-1], []),
}  # fmt: skip


@pytest.mark.parametrize("case", LINES)
def test_what_a_line_says(log: Path, case: str) -> None:
    data, words = LINES[case]
    log.write_bytes(line("GET", path()) + data)
    assert said(log).of(7) == words


def test_it_is_read_as_it_grows_from_every_worker_s_file(log: Path) -> None:
    since = said(log)
    assert since.of(7) == []
    whole = line("POST", path("subscriptions"), "off=News")
    log.write_bytes(whole + whole[:50])
    assert [word.type for word in since.of(7)] == ["news"]
    with log.open("ab") as file:
        file.write(whole[50:].replace(b"News", b"Fairs"))
    log.with_name("clicks-20260505T110000-2-bbbbbb.ndjson").write_bytes(whole.replace(b"News", b"Offers"))
    assert sorted(word.type for word in since.of(7)) == ["fairs", "news", "offers"]
    log.unlink()
    assert len(since.of(7)) == 3 and since.of(8) == []
    log.write_bytes(b"")
    log.parent.rename(log.parent.with_name("away"))
    assert len(since.of(7)) == 3, "where there is no log, what is known is"


def test_it_keeps_and_reads_the_newest_and_no_more(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoken(recipient: int, count: int) -> bytes:
        return b"".join(line("POST", path("subscriptions", recipient), f"on=T{n}") for n in range(count))

    monkeypatch.setattr(said_since, "_MOST_CHOICES", 10)
    monkeypatch.setattr(said_since, "_MOST_OF_ONE", 4)
    log.write_bytes(spoken(7, 6) + spoken(8, 3) + spoken(9, 4))
    since = said(log)
    assert [word.type for word in since.of(9)] == ["t0", "t1", "t2", "t3"]
    assert (len(since.of(8)), since.of(7)) == (3, []), "who spoke first is forgotten first"
    monkeypatch.setattr(said_since, "_BACK", len(spoken(9, 2)) + 20)
    assert [word.type for word in said(log).of(9)] == ["t2", "t3"], "of a log of before the end alone"
    monkeypatch.setattr(said_since, "_BACK", 1 << 20)
    monkeypatch.setattr(said_since, "_AT_ONCE", len(spoken(7, 3)) + 5)
    slow = said(log)
    assert slow.of(9) == []
    slow.keep_up()
    assert len(slow.of(9)) == 4


def test_the_page_knows_what_was_pressed_as_the_import_will(world: SentWorld, database: Database) -> None:
    number = int(database.value("SELECT number FROM shipment"))
    words: list[VisitorChoice] = []
    asking = QuietDatabase(world.workspace, lambda: 0.0)
    people = StoredPeople(asking, ",", lambda recipient: words if recipient == 1 else [])
    assert people.types(number, 1) == frozenset({"newsletter"})
    words.append(VisitorChoice(number, SENT + 5, "newsletter", has=False))
    assert (people.types(number, 1), people.types(number, 2)) == (frozenset(), frozenset({"newsletter"}))
    words.append(VisitorChoice(number, SENT + 4, "newsletter", has=True))
    assert people.types(number, 1) == frozenset(), "the latest word counts"
    words.append(VisitorChoice(number, SENT + 6, "newsletter", has=True))
    words.append(VisitorChoice(number, SENT + 6, "offers", has=True))
    assert people.types(number, 1) == frozenset({"newsletter", "offers"})
    leave(database, 1, "Offers", "page", SENT + 7)
    assert people.types(number, 1) == frozenset({"newsletter"}), "also where the import knows it"
    words.append(VisitorChoice(number, SENT + 8, "", has=False))
    assert people.types(number, 1) == frozenset()
    words[:] = [VisitorChoice(number ^ 1, SENT + 9, "offers", has=True)]
    assert people.types(number, 1) == frozenset({"newsletter"}), "another shipment's recipient 1 is somebody else"
    come_back(database, 1, "Offers", SENT + 9)
    assert people.types(number, 1) == frozenset({"newsletter", "offers"})
    words[:] = [VisitorChoice(number, SENT + 1, "", has=False, about_consent=True)]
    assert (people.consent(number, 1), people.consent(number, 2)) == (False, True)
    say_consent(database, 1, True, SENT + 2)
    assert people.consent(number, 1) is True
    words.append(VisitorChoice(number, SENT + 3, "", has=False, about_consent=True))
    assert people.consent(number, 1) is False
    asking.close()
