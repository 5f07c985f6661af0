"""Scripts: what they are given, what is taken from them, and what they cannot do."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from actions.actions_world import ActionsWorld, rows_of
from hypothesis import given
from hypothesis import strategies as st

from linktrack.actions.planned import BatchAnswer, ScriptResult
from linktrack.actions.scripts import calls
from linktrack.actions.scripts.calls import run_batch, run_script
from linktrack.settings.sources import SCRIPT_VARIABLES

PAYLOAD: dict[str, str | int] = {
    "custId": "007", "linkId": "offer", "shipmentId": 3, "linkUrl": "https://www.example.com/a?b=$(id)&c=é",
    "linkHits": 12, "returnUrl": "https://www.example.com/a",
}  # fmt: skip


def script(folder: Path, text: str, name: str = "s.py", mode: int = 0o644) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return folder


ANSWERS: dict[str, tuple[str, ScriptResult]] = {
    "nothing": ("", ScriptResult("ok", 0)),
    "a text, which is only kept": ("print('sent')", ScriptResult("ok", 0, message="sent")),
    "JSON that is no object, which is only kept": ("print('[1]')", ScriptResult("ok", 0, message="[1]")),
    "an address, fields and a message": (
        "print('''{\"returnUrl\": \"https://x.example.com/7\", \"fields\": {\"a\": \"x\", \"n\": 1.5, \"b\": true, \"e\": null}, \"message\": \"hi\"}''')",
        ScriptResult("ok", 0, "https://x.example.com/7", {"a": "x", "n": "1.5", "b": "true", "e": ""}, "hi"),
    ),
    "half a character and a NUL": (
        r"""print('{"fields": {"a": "x\\ud83dy\\u0000z"}}')""", ScriptResult("ok", 0, "", {"a": "x?yz"}),
    ),
    "an address with a line of its own": ("import json; print(json.dumps({'returnUrl': 'https://a.example/\\r\\nX: y'}))", ScriptResult("failed", 0, message="its returnUrl cannot be used: 'https://a.example/\\r\\nX: y' is not an address for a link: the character '\\r' may not stand in one")),
    "an address that is none": ("print('{\"returnUrl\": \"javascript:alert(1)\"}')", ScriptResult("failed", 0, message="its returnUrl cannot be used: 'javascript:alert(1)' is not an address for a link: write it like https://www.example.com/offer")),
    "fields that are no names and values": ("print('{\"fields\": {\"a\": [1]}}')", ScriptResult("failed", 0, message="its fields are not an object of names and values")),
    "an exit code, with the last line of what it says": ("import sys; print('{}'); sys.exit('first\\nout of order')", ScriptResult("failed", 1, message="out of order")),
    "an exit code without a word": ("raise SystemExit(3)", ScriptResult("failed", 3, message="s.py ended with status 3")),
    "death by a signal": ("import os; os.kill(os.getpid(), 9)", ScriptResult("failed", -9, message="s.py ended with status -9")),
    "bytes that are no text": ("import sys; sys.stdout.buffer.write(b'\\xff')", ScriptResult("ok", 0, message="\ufffd")),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
def test_what_a_script_answers(tmp_path: Path, case: str) -> None:
    text, result = ANSWERS[case]
    assert run_script(script(tmp_path, text), "s.py", PAYLOAD, 20) == result


def test_a_script_is_given_json_and_variables_and_little_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKTRACK_SECRET", "top secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "top secret")
    script(
        tmp_path,
        "import json, os, sys\njson.dump([json.load(sys.stdin), dict(os.environ), os.getcwd(), os.getpgid(0) == os.getpid()], open('seen', 'w'))",
    )
    assert run_script(tmp_path, "s.py", PAYLOAD, 20).status == "ok"
    given, variables, cwd, own_group = json.loads((tmp_path / "seen").read_text("utf-8"))
    assert given == PAYLOAD
    assert {name: value for name, value in variables.items() if name.startswith("LINKTRACK_")} == {
        "LINKTRACK_CUST_ID": "007", "LINKTRACK_CUSTID": "007", "LINKTRACK_LINK_ID": "offer", "LINKTRACK_LINKID": "offer",
        "LINKTRACK_SHIPMENT_ID": "3", "LINKTRACK_SHIPMENTID": "3", "LINKTRACK_LINK_URL": PAYLOAD["linkUrl"],
        "LINKTRACK_LINKURL": PAYLOAD["linkUrl"], "LINKTRACK_LINK_HITS": "12", "LINKTRACK_LINKHITS": "12",
        "LINKTRACK_RETURN_URL": PAYLOAD["returnUrl"], "LINKTRACK_RETURNURL": PAYLOAD["returnUrl"],
    }  # fmt: skip
    assert {name for name in variables if name.startswith("LINKTRACK_")} == SCRIPT_VARIABLES
    assert "top secret" not in variables.values()
    assert Path(cwd) == tmp_path.resolve() and own_group


def test_a_program_of_another_language_needs_the_right_to_run(tmp_path: Path) -> None:
    script(tmp_path, '#!/bin/sh\necho "{\\"message\\": \\"$LINKTRACK_LINK_URL\\"}"\n', "s.sh", 0o755)
    assert run_script(tmp_path, "s.sh", PAYLOAD, 20).message == PAYLOAD["linkUrl"]
    (tmp_path / "s.sh").chmod(0o644)
    result = run_script(tmp_path, "s.sh", PAYLOAD, 20)
    assert (result.status, result.exit_code) == ("failed", None)
    assert result.message == "s.sh cannot be started: it may not be run: make it executable with chmod +x"


def test_a_script_outside_the_folder_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    script(tmp_path, "open('ran', 'w')")
    (folder / "link.py").symlink_to(tmp_path / "s.py")
    for name in ("../s.py", "link.py", "nothing.py"):
        assert run_script(folder, name, PAYLOAD, 20) == ScriptResult(
            "failed", message=f"there is no script {name!r} in {folder}"
        )


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
@pytest.mark.parametrize(("ending", "status"), [("time.sleep(60)", "timeout"), ("pass", "ok")])
def test_the_whole_group_ends_with_it(tmp_path: Path, ending: str, status: str) -> None:
    text = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"print(child.pid, file=open('child', 'w'), flush=True)\n{ending}\n"
    )
    before = time.monotonic()
    result = run_script(script(tmp_path, text), "s.py", PAYLOAD, 2)
    assert (result.status, time.monotonic() - before < 30) == (status, True)
    if status == "timeout":
        assert result.message == "s.py was stopped after 2 s"
    pid = int((tmp_path / "child").read_text())
    until = time.monotonic() + 10
    while not gone(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert gone(pid)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux hands orphans over")
@pytest.mark.parametrize(("ending", "status"), [("time.sleep(60)", "timeout"), ("pass", "ok")])
def test_a_child_that_leaves_its_process_group_is_ended_too(tmp_path: Path, ending: str, status: str) -> None:
    """Also one that has forked twice, begun a session of its own, closed everything, and heeds no signal."""
    text = (
        "import os, signal, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        os.closerange(0, 3)\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "        with open('child.part', 'w') as file:\n"
        "            file.write(str(os.getpid()))\n"
        "        os.rename('child.part', 'child')\n"
        "        time.sleep(60)\n"
        "    os._exit(0)\n"
        "while not os.path.exists('child'):\n"
        f"    time.sleep(0.01)\n{ending}\n"
    )
    assert run_script(script(tmp_path, text), "s.py", PAYLOAD, 5).status == status
    assert gone(int((tmp_path / "child").read_text()))


def test_children_of_others_are_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as mine:
        assert run_script(script(tmp_path, "pass"), "s.py", PAYLOAD, 20).status == "ok"
        assert mine.poll() is None
        mine.kill()


def test_a_flood_of_output_ends_in_nothing_kept(tmp_path: Path) -> None:
    """Neither on the disk nor in memory: of 200 MB, what is kept is the beginning, and the last line of complaints."""
    text = (
        "import sys\nfor _ in range(200):\n    sys.stdout.write('x' * 1_000_000)\n    sys.stderr.write('y' * 100_000)\n"
        "sys.exit('\\nat last')\n"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = run_script(script(tmp_path, text), "s.py", PAYLOAD, 60)
    assert (result.status, result.message) == ("failed", "at last")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


def test_a_script_that_closes_its_ears_and_mouth_is_waited_for(tmp_path: Path) -> None:
    text = "import os, time\nos.closerange(0, 3)\ntime.sleep(0.5)\nopen('done', 'w').close()\n"
    assert run_script(script(tmp_path, text), "s.py", PAYLOAD, 20).status == "ok"
    assert (tmp_path / "done").exists()


def test_one_answer_of_a_batch_that_is_too_long_fails_alone(tmp_path: Path) -> None:
    script(
        tmp_path,
        "import json, sys\nfor line in sys.stdin:\n    said = json.loads(line)\n"
        "    print(json.dumps({'id': said['id'], 'message': 'x' * (50_000 if said['custId'] == '2' else 1)}))\n",
    )
    results = answered(tmp_path, BATCH)
    assert [results[name].status for name in ("c1", "c2", "c3")] == ["ok", "failed", "ok"]


BATCH = {"c1": "1", "c2": "2", "c3": "3"}  # by id whom a script is told of


def answered(folder: Path, asked: Mapping[str, str]) -> dict[str, ScriptResult]:
    """What becomes of a batch, by the ids of what is asked: as a run keeps it, but in memory."""
    ids, results = list(asked), dict[str, ScriptResult]()

    def keep(answers: Sequence[BatchAnswer]) -> None:
        for place, identifier, result in answers:
            if identifier is None and place < len(ids):
                identifier = ids[place]
            if identifier is not None and identifier in asked:
                results[identifier] = result

    told = [{"id": identifier, "custId": contact_id} for identifier, contact_id in asked.items()]
    rest, is_of_all = run_batch(folder, "s.py", told, 60, keep)
    return dict.fromkeys(ids, rest) | ({} if is_of_all else results)


BATCHES = {
    "answers by id, in any order": (
        "rows = [json.loads(line) for line in sys.stdin]\nfor row in reversed(rows):\n    print(json.dumps({'id': row['id'], 'message': row['custId']}))",
        {"c1": ("ok", "1"), "c2": ("ok", "2"), "c3": ("ok", "3")},
    ),
    "answers in the order of the questions": (
        "for line in sys.stdin:\n    print(json.dumps({'message': json.loads(line)['custId']}))",
        {"c1": ("ok", "1"), "c2": ("ok", "2"), "c3": ("ok", "3")},
    ),
    "an answer is missing": (
        "for line in list(sys.stdin)[1:]:\n    print(json.dumps({'id': json.loads(line)['id']}))",
        {"c1": ("failed", "the script gave no answer for this click"), "c2": ("ok", ""), "c3": ("ok", "")},
    ),
    "nothing to say": ("list(sys.stdin)", {"c1": ("ok", ""), "c2": ("ok", ""), "c3": ("ok", "")}),
    "a failure is everybody's": ("sys.exit('no')", {"c1": ("failed", "no"), "c2": ("failed", "no"), "c3": ("failed", "no")}),
}  # fmt: skip


@pytest.mark.parametrize("case", BATCHES)
def test_one_process_for_many_clicks(tmp_path: Path, case: str) -> None:
    text, expected = BATCHES[case]
    script(tmp_path, f"import json, os, sys\nopen('started', 'a').write('x')\n{text}")
    results = answered(tmp_path, BATCH)
    assert {name: (result.status, result.message) for name, result in results.items()} == expected
    assert (tmp_path / "started").read_text() == "x"


def test_a_batch_may_answer_more_than_a_single_script(tmp_path: Path) -> None:
    script(tmp_path, "import json, sys\nfor line in sys.stdin:\n    print(json.dumps({'message': 'x' * 400}))")
    asked = {f"c{number}": str(number) for number in range(20_000)}
    assert {result.status for result in answered(tmp_path, asked).values()} == {"ok"}


def test_a_run_gives_a_batch_all_its_clicks_and_takes_fields_and_addresses(world: ActionsWorld) -> None:
    world.configure('[crm.contacts.fields]\nlevel = "level"\nscore = { column = "score", type = "number" }\n')
    (world.root / "scripts").mkdir(exist_ok=True)
    script(
        world.root / "scripts",
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    said = json.loads(line)\n"
        "    value = 'many' if said['custId'] == '3' else 5\n"
        "    print(json.dumps({'returnUrl': 'https://www.example.com/' + said['custId'],\n"
        "                      'fields': {'level': 'warm', 'score': value, 'other': 'warm'}}))\n",
    )
    world.link(
        "offer",
        [{"type": "set-field", "field": "level", "value": "hot"}, {"type": "script", "script": "s.py", "batch": True}],
    )
    for minute, contact in enumerate(["1", "2", "1", "3"]):
        world.click(contact, "offer", minute)
    report, out = world.run(world.export("contact_id,level,score\n1,,\n2,,\n3,,\n"))
    assert report.summary["scripts"] == len(rows_of(out / "scripts.ndjson")) == 3
    # Of contact 1 the second click says "hot" again; a number that is none is told, and the rest is done.
    assert (out / "contacts.csv").read_text().splitlines()[1:] == ["1,hot,5", "2,warm,5", "3,warm,"]
    no_column = (
        "the export has no column for the field 'other': name one under [crm.contacts.fields], or add it to the export"
    )
    assert [sentence.partition(": ")[2] for sentence in report.failures] == [
        no_column,
        no_column,
        "the script s.py: the field 'score' is a number: 'many' is not a number",
        no_column,
    ]
    assert report.summary["failed"] == 4
    assert sorted(world.database.rows("SELECT url FROM return_address")) == [
        (f"https://www.example.com/{number}",) for number in (1, 2, 3)
    ]


def test_a_second_shipment_is_told_the_address_and_the_hits(world: ActionsWorld) -> None:
    world.shipment()
    (world.root / "scripts").mkdir(exist_ok=True)
    script(
        world.root / "scripts",
        "import json, sys\nsaid = json.load(sys.stdin)\n"
        "print(json.dumps({'message': said['returnUrl'], 'returnUrl': 'https://www.example.com/mine'}))\n",
    )
    world.link("offer", [{"type": "script", "script": "s.py", "repeat": "click"}])
    for minute, shipment in enumerate([1, 1, 2]):
        world.click("1", "offer", minute, shipment=shipment)
    _, out = world.run(world.export("contact_id\n1\n"))
    first, again, other = (row["message"] for row in rows_of(out / "scripts.ndjson"))
    assert first == "https://www.example.com/offer"
    assert again == other == "https://www.example.com/mine"  # the person's on this link, in whatever shipment


def test_a_dry_run_says_what_is_not_there(world: ActionsWorld) -> None:
    world.link("offer", [{"type": "script", "script": "gone.sh"}])
    world.click("1", "offer")
    report = world.rehearse(world.export("contact_id\n1\n"))
    assert report.summary["failed"] == 1
    assert [one.change.new for one in report.delivered] == ["failed"]
    done, _ = world.run(world.export("contact_id\n1\n"))
    assert done.failures == report.failures


@given(st.text(), st.integers())
def test_a_line_of_a_batch_says_what_a_call_of_its_own_does(text: str, number: int) -> None:
    payload: calls.Payload = {"id": text, "clickedAt": number, "emailName": text[::-1], "custId": str(number)}
    assert calls._line(payload) == calls._as_json(payload) + "\n"  # noqa: SLF001
