"""Answers of batches: understood line by line, kept in the ledger's table, and handed out click by click."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from unittest import mock

import pytest
from actions.actions_world import NOON, ActionsWorld, rows_of
from hypothesis import given
from hypothesis import strategies as st

from linktrack.actions.ledger.started import AskedRow, AskedScripts
from linktrack.actions.planned import BatchAnswer, FoundScript, ScriptResult
from linktrack.actions.scripts import output
from linktrack.actions.scripts.in_time import ScriptsInTime
from linktrack.actions.scripts.output import MAX_ANSWER, Answers
from linktrack.store.session import Database


def understood(said: bytes, pieces: int = 1 << 20) -> list[BatchAnswer]:
    """The answers in what a script has said, which arrives in pieces."""
    kept: list[BatchAnswer] = []
    answers = Answers(kept.extend)
    for start in range(0, len(said), pieces):
        answers.take(said[start : start + pieces])
    answers.end()
    return kept


OK = ScriptResult("ok", 0)
LINES: dict[str, tuple[str, list[BatchAnswer]]] = {
    "an id alone": ('{"id": "c1"}', [BatchAnswer(0, "c1", OK)]),
    "an id without a blank": ('{"id":"c1","message":"m"}', [BatchAnswer(0, "c1", OK._replace(message="m"))]),
    "no id: in the order of the questions": (
        '{"message": "a"}\n{"message": "b"}',
        [BatchAnswer(0, None, OK._replace(message="a")), BatchAnswer(1, None, OK._replace(message="b"))],
    ),
    "a second id, which counts": ('{"id": "c1", "id": "c2"}', [BatchAnswer(0, "c2", OK)]),
    "an id that is null is none": ('{"id": "c1", "id": null}', [BatchAnswer(0, None, OK)]),
    "an id elsewhere": ('{"fields": {"id": "c1"}}', [BatchAnswer(0, None, OK._replace(fields={"id": "c1"}))]),
    "an id that is a number": ('{"id": 7}', [BatchAnswer(0, "7", OK)]),
    "half a character in an id": ('{"id": "c1\\ud83d"}', [BatchAnswer(0, "c1?", OK)]),
    "JSON with a comma too many is only kept": (
        '{"id": "c1",}', [BatchAnswer(0, None, OK._replace(message='{"id": "c1",}'))]
    ),
    "something behind it": (
        '{"id": "c1"} {"id": "c2"}', [BatchAnswer(0, None, OK._replace(message='{"id": "c1"} {"id": "c2"}'))]
    ),
    "lines of Windows": ('{"id": "c1"}\r\n{"id": "c2"}\r\n', [BatchAnswer(0, "c1", OK), BatchAnswer(1, "c2", OK)]),
    "blanks before an answer": ('  {"message": "m"}\n \t{"id": "c1"}', [BatchAnswer(0, None, OK._replace(message="m")), BatchAnswer(1, "c1", OK)]),
    "a NUL, which no file can hold": (
        '{"id": "c1", "fields": {"a": "x\\u0000y"}, "message": "m\\u0000"}',
        [BatchAnswer(0, "c1", OK._replace(fields={"a": "xy"}, message="m"))],
    ),
    "a NUL itself": ('{"id": "c1", "message": "a\0b"}', [BatchAnswer(0, "c1", OK._replace(message="ab"))]),
    "more brackets than can be followed": (
        '{"id": ' + "[" * 9_000, [BatchAnswer(0, None, OK._replace(message='{"id": ' + "[" * 493))]
    ),
    "blank lines, which are none": ('\n \n{"id": "c1"}\n\n{"message": ""}', [BatchAnswer(0, "c1", OK), BatchAnswer(1, None, OK)]),
    "a line that is no answer has a place": ('hello\n{"message": "b"}', [BatchAnswer(1, None, OK._replace(message="b"))]),
    "an address that cannot be used": (
        '{"id": "c1", "returnUrl": 5}',
        [BatchAnswer(0, "c1", ScriptResult("failed", 0, message="its returnUrl is no text: 5"))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("pieces", [1, 7, 1 << 20])
@pytest.mark.parametrize("case", LINES)
def test_what_lines_answer(case: str, pieces: int) -> None:
    said, expected = LINES[case]
    assert understood(said.encode(), pieces) == expected


@pytest.mark.parametrize("size", [MAX_ANSWER - 1, MAX_ANSWER, MAX_ANSWER + 1, MAX_ANSWER + 2, 3 * MAX_ANSWER])
def test_an_answer_may_have_so_many_bytes(size: int) -> None:
    line = '{"id": "c1", "message": "' + "x" * (size - len('{"id": "c1", "message": ""}')) + '"}'
    assert len(line) == size
    [(place, identifier, result)] = understood(line.encode())
    assert (place, result.status) == (0, "ok" if size <= MAX_ANSWER else "failed")
    assert identifier == ("c1" if size <= MAX_ANSWER + 1 else None)
    assert result.message == ("x" * 500 if size <= MAX_ANSWER else "its answer is longer than 16,384 bytes")


_TEXTS = st.text(st.sampled_from('ac1 ,:"\\{}[]\n\r\0é🚀'), max_size=8)
_ANSWERS = st.dictionaries(
    st.sampled_from(["id", "message", "fields", "returnUrl", "other"]),
    st.one_of(_TEXTS, st.integers(-9, 9), st.none(), st.dictionaries(_TEXTS, _TEXTS, max_size=2)),
    max_size=4,
)


@given(st.lists(st.one_of(_TEXTS, _ANSWERS.map(json.dumps), st.tuples(_ANSWERS.map(json.dumps), _TEXTS).map("".join))))
def test_an_answer_that_begins_with_its_id_is_understood_as_any_other(lines: list[str]) -> None:
    """Most do, and are understood in a shorter way."""
    said = "\n".join(lines).encode()
    with mock.patch.object(output, "_NAMED", re.compile(r"(?!)")):
        expected = understood(said)
    assert understood(said) == expected


def test_answers_are_given_away_some_at_a_time() -> None:
    """However many there are, and whatever they say, memory holds a few."""
    pieces: list[int] = []
    answers = Answers(lambda some: pieces.append(len(some)))
    for number in range(2_050):
        answers.take(json.dumps({"id": f"c{number}", "message": "x" * 9_000}).encode() + b"\n")
    answers.end()
    assert pieces == [500] * 4 + [50]


# --- in the ledger's table -------------------------------------------------------------------------------------------

ANSWERED = st.lists(
    st.tuples(
        st.integers(0, 7) | st.none(),  # the question that is named, or one that nobody has asked
        st.sampled_from([OK, OK._replace(fields={"a": "é", "b": ""}), ScriptResult("failed", 3, "", {}, "no")]),
    ),
    max_size=12,
)


@given(answers=ANSWERED, pieces=st.integers(1, 5), unnamed=st.sets(st.integers(0, 11)), rest=st.booleans())
def test_the_last_answer_to_each_question_is_kept(
    other_world: ActionsWorld,
    answers: list[tuple[int | None, ScriptResult]],
    pieces: int,
    unnamed: set[int],
    rest: bool,
) -> None:
    """Whether it names the question or stands in its place; of those without one, what holds for the rest."""
    given_away = [
        BatchAnswer(place, None if place in unnamed else "nobody" if asked is None else f"c{asked}", result)
        for place, (asked, result) in enumerate(answers)
    ]
    expected = dict.fromkeys((f"c{number}" for number in range(6)), ScriptResult("timeout", None, "", {}, "late"))
    for one in given_away if rest else []:
        identifier = f"c{one.place}" if one.id is None else one.id
        if identifier in expected:
            expected[identifier] = one.result
    assert kept(other_world.database, given_away, pieces, rest=rest) == expected


def kept(database: Database, answers: Sequence[BatchAnswer], pieces: int, *, rest: bool) -> dict[str, ScriptResult]:
    """What the ledger's table has of six questions after these answers, beside a batch that was not answered."""
    asked = AskedScripts(database, 1, 0)
    asked.ask(
        AskedRow(batch, place, 1, f"c{place + 10 * batch}", 1, 1, 1, 1, "s.py", 1, 1)
        for batch, place in [(batch, place) for place in range(6) for batch in (0, 1)]
    )
    for start in range(0, len(answers), pieces):
        asked.answer(0, answers[start : start + pieces])
    asked.answer_all(0, ScriptResult("timeout", None, "", {}, "late"), but_answered=rest)
    rows = database.rows(
        "SELECT batch, id, status, exit_code, return_url, fields, message FROM asked_script ORDER BY batch, place"
    )
    assert {tuple(row[2:]) for row in rows if row[0] == 1} == {("interrupted", None, "", "{}", "")}
    return {
        identifier: ScriptResult(status, code, url, json.loads(fields), message)
        for batch, identifier, status, code, url, fields, message in rows
        if batch == 0
    }


TOLD = "import json, sys\nfor line in sys.stdin:\n    said = json.loads(line)\n    print(json.dumps({'id': said['id'], %s}))\n"


def test_a_batch_is_told_where_an_earlier_one_has_led_people(world: ActionsWorld) -> None:
    (world.root / "scripts").mkdir(exist_ok=True)
    (world.root / "scripts" / "lead.py").write_text(TOLD % "'returnUrl': 'https://www.example.com/' + said['custId']")
    (world.root / "scripts" / "say.py").write_text(TOLD % "'message': said['returnUrl']")
    batch = {"type": "script", "batch": True}
    world.link("offer", [{**batch, "script": "lead.py"}, {**batch, "script": "say.py"}])
    for minute, contact in enumerate(["1", "2"]):
        world.click(contact, "offer", minute)
    _, out = world.run(world.export("contact_id\n1\n2\n"))
    said = {row["message"] for row in rows_of(out / "scripts.ndjson") if row["script"] == "say.py"}
    assert said == {"https://www.example.com/1", "https://www.example.com/2"}


COUNTED = "import sys\nopen('started', 'a').write('x')\nsys.exit(%s)\n"


@pytest.mark.parametrize("batch", [False, True], ids=["alone", "in a batch"])
@pytest.mark.parametrize("then", ["once", "shipment", "click"])
@pytest.mark.parametrize("first", ["once", "shipment", "click"])
def test_what_failed_is_tried_again_as_it_was_asked_for(
    world: ActionsWorld, first: str, then: str, batch: bool
) -> None:
    """However often the action is to do something today: each failure once, until it goes well, under its own id."""
    script, log = world.root / "scripts" / "s.py", world.root / "scripts" / "started"
    script.parent.mkdir(exist_ok=True)
    script.write_text(COUNTED % "3")
    action = {"type": "script", "script": "s.py", "batch": batch}
    world.shipment()
    world.actions("offer", [{**action, "repeat": first}])
    for minute, (contact, shipment) in enumerate([("1", 1), ("1", 1), ("1", 2), ("2", 1)]):
        world.click(contact, "offer", minute, shipment=shipment)
    export = world.export("contact_id\n1\n2\n")
    failed = world.run(export)[0].summary["failed"]
    assert failed == {"once": 2, "shipment": 3, "click": 4}[first]
    ids = set(world.database.rows("SELECT id FROM made"))
    world.actions("offer", [{**action, "repeat": then}])
    log.unlink()
    for code, failing in ((3, failed), (0, 0), (0, 0)):
        script.write_text(COUNTED % code)
        assert world.run(export, retry_failed=True)[0].summary["failed"] == failing
    assert log.read_text() == "xx" if batch else "x" * 2 * failed
    assert set(world.database.rows("SELECT id FROM made WHERE status = 'ok'")) == ids
    assert world.database.rows("SELECT 1 FROM failure") == []


ALL_OF_ONE = "import json, sys, time\nfor line in sys.stdin:\n    said = json.loads(line)\n    print(json.dumps(%s), flush=True)\n%s"
BATCH = {"type": "script", "script": "s.py", "batch": True}


def ran(world: ActionsWorld, text: str, clicks: list[str]) -> list[dict[str, str]]:
    """What a run says of scripts, after so many contacts have clicked, one a minute."""
    (world.root / "scripts").mkdir(exist_ok=True)
    (world.root / "scripts" / "s.py").write_text(text)
    for minute, contact in enumerate(clicks):
        world.click(contact, "offer", minute)
    _, out = world.run(world.export("contact_id\n1\n2\n3\n"))
    return rows_of(out / "scripts.ndjson")


def test_who_ends_badly_has_failed_whatever_was_answered(world: ActionsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_AT_ONCE", 1)
    world.link("offer", [BATCH])
    said = ran(world, ALL_OF_ONE % ("{'id': said['id']}", "sys.exit('no')"), ["1", "2"])
    assert [(row["status"], row["message"]) for row in said] == [("failed", "no")] * 2


@pytest.mark.parametrize("batch", [False, True], ids=["alone", "in a batch"])
def test_a_script_has_the_time_that_its_action_gives_it(world: ActionsWorld, batch: bool) -> None:
    world.link("offer", [{**BATCH, "batch": batch, "timeout": "1s"}])
    [row] = ran(world, "import time\ntime.sleep(30)\n", ["1"])
    assert (row["status"], row["message"]) == ("timeout", "s.py was stopped after 1 s")


def test_batches_of_one_file_with_other_times_are_answered_each_for_itself(world: ActionsWorld) -> None:
    world.link("offer", [{**BATCH, "timeout": "10s"}, {**BATCH, "timeout": "11s"}])
    said = ran(world, ALL_OF_ONE % ("{'message': said['custId'] + ' ' + str(said['linkHits'])}", ""), ["1", "2", "3"])
    assert [row["message"] for row in said] == ["1 3", "1 3", "2 3", "2 3", "3 3", "3 3"]  # of each click both


def test_the_last_click_leads_people(world: ActionsWorld) -> None:
    world.link("offer", [{**BATCH, "repeat": "click"}])
    ran(world, "import json, sys\nfor n, line in enumerate(sys.stdin):\n"
        "    print(json.dumps({'returnUrl': f'https://www.example.com/{n}'}))\n", ["1", "2", "1"])  # fmt: skip
    urls = "SELECT a.url FROM return_address a JOIN recipient r ON r.id = a.recipient_id ORDER BY r.contact_id"
    assert world.database.rows(urls) == [("https://www.example.com/2",), ("https://www.example.com/1",)]


def test_only_what_ended_so_is_tried_again(world: ActionsWorld) -> None:
    """Of one click a script failed, another one was interrupted; the time of a script is that of its last run."""
    world.link("offer", [BATCH, {**BATCH, "script": "t.py"}])
    (world.root / "scripts").mkdir()
    (world.root / "scripts" / "t.py").write_text("import sys\nsys.exit(1)\n")
    ran(world, "import sys\nsys.exit(1)\n", ["1"])
    for table, condition in (("made", "name = 't.py'"), ("failure", "action = 2")):
        world.database.execute(f"UPDATE {table} SET status = 'interrupted' WHERE {condition}")
    first: dict[str, int] = dict(world.database.rows("SELECT name, ran_at FROM made"))
    report, out = world.run(world.export("contact_id\n1\n"), retry_failed=True, now=NOON + 86_400_000)
    assert [row["script"] for row in rows_of(out / "scripts.ndjson")] == ["s.py"], report.failures
    assert dict(world.database.rows("SELECT name, ran_at FROM made")) == {**first, "s.py": NOON + 86_400_000}


def test_a_rehearsal_plans_each_script_beside_those_that_ran(world: ActionsWorld) -> None:
    world.link("offer", [{**BATCH, "repeat": "click"}])
    people = [str(number) for number in range(1, 30)]
    (world.root / "scripts").mkdir()
    (world.root / "scripts" / "s.py").write_text("list(open(0))\n")
    export = world.export("contact_id\n" + "".join(f"{one}\n" for one in people))
    for minute, contact in enumerate(people):
        world.click(contact, "offer", 2 * minute)
    world.run(export)
    for minute, contact in enumerate(people):
        world.click(contact, "offer", 2 * minute + 1)
    report = world.rehearse(export)
    assert [(one.change.contact_id, one.change.new) for one in report.delivered] == [(one, "planned") for one in people]


# --- click by click --------------------------------------------------------------------------------------------------


def found(at: int, action: int, identifier: str, recipient: int = 1) -> FoundScript:
    return FoundScript((at, 5, recipient), action, identifier, OK)


STARTED = [
    found(1, 1, "a"),
    found(1, 2, "b"),
    found(3, 1, "c"),
    found(3, 1, "c again"),
    found(3, 1, "d", 2),
    found(9, 1, "e"),
]
WALKS: dict[str, list[tuple[tuple[int, int, int], dict[int, str]]]] = {
    "each click that asked for some": [
        ((1, 5, 1), {1: "a", 2: "b"}), ((3, 5, 1), {1: "c again"}), ((3, 5, 2), {1: "d"}), ((9, 5, 1), {1: "e"}),
    ],
    "the same click again and again": [((3, 5, 1), {1: "c again"})] * 3 + [((3, 5, 2), {1: "d"})],
    "clicks that asked for none, and some that nobody looks at": [
        ((0, 5, 1), {}), ((2, 5, 1), {}), ((3, 4, 1), {}), ((3, 5, 2), {1: "d"}), ((3, 5, 3), {}), ((10, 0, 0), {}),
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", WALKS)
def test_scripts_are_handed_out_click_by_click(case: str) -> None:
    scripts = ScriptsInTime(iter(STARTED))
    for click, expected in WALKS[case]:
        assert {number: one.id for number, one in scripts.of(click).items()} == expected, click


def test_only_the_scripts_of_the_next_click_are_read() -> None:
    read: list[str] = []

    def reading() -> Iterator[FoundScript]:
        for one in STARTED:
            read.append(one.id)
            yield one

    scripts = ScriptsInTime(reading())
    scripts.of((1, 5, 1))
    assert read == ["a", "b", "c"]
    assert ScriptsInTime([]).of((1, 5, 1)) == {}
