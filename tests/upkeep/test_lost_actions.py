"""Actions and links that were added, edited, removed or renamed between a backup and its loss, and that are made again in
whatever order: no script runs twice for anybody, and every command that a refusal names works when it is pasted."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_support import Run, call
from upkeep.upkeep_world import Life, begin

from linktrack.actions.lost_runs.keys import renames_in_order
from linktrack.actions.lost_runs.numbers import same, to_be_as_it_was, to_bring_back
from linktrack.links.actions import ActionTable

SCRIPTS = ("x", "y", "a", "b", "c")
LINKS = """
[[link]]
key = "offer"
url = "https://www.example.com/offer"
actions = [{ type = "script", script = "x.sh" }, { type = "script", script = "y.sh", repeat = "once" }]
"""
Step = str  # `add a`, `edit 3 a`, `remove 3`, `rename deal`, `click 1 2`, `run`, `apply x y b a`
MOST = 6  # refusals that are followed before everything is taken


def do(life: Life, step: Step, paths: dict[str, list[str]], logs: list[Path]) -> None:
    """One step of somebody's, as a command; clicks are one log for each step."""
    what, *words = step.split()
    key = life.json("link", "list")[0]["key"]
    match what:
        case "add":
            life.do("action", "add", key, "script", "--script", f"{words[0]}.sh", *words[1:])
        case "edit":
            life.do("action", "edit", key, words[0], "--script", f"{words[1]}.sh", *words[2:])
        case "remove":
            life.do("action", "remove", key, words[0])
        case "rename":
            life.do("link", "edit", key, "--key", words[0])
        case "apply":
            once = {"y": ', repeat = "once"'}
            actions = ", ".join(f'{{ type = "script", script = "{name}.sh"{once.get(name, "")} }}' for name in words)
            file = life.root / "again.toml"
            file.write_text(f'[[link]]\nkey = "{key}"\nurl = "https://www.example.com/offer"\nactions = [{actions}]\n')
            life.do("link", "apply", file)
        case "click":
            number = len(logs) + 1
            logs.append(life.log(f"{number}.log", *((paths[who][0], 600 * number + int(who)) for who in words)))
            life.do("click", "import", logs[-1])
        case "run":
            life.run(f"run-{1 + sum(1 for path in life.root.glob('run-*'))}")


def pasted(said: str, run: Run) -> list[str]:
    """The commands in a sentence, each run as it stands; of those that stand below a `but if`, none."""
    first = re.sub(r"\n   but if [^\n]*(\n     linktrack [^\n]*)?", "", said)
    lines = [line.strip() for line in first.splitlines() if line.startswith("     linktrack ")]
    for line in lines:
        done = run(*shlex.split(line)[1:])
        assert done.code == 0, (line, done.err)
    return [re.sub(r"^linktrack --workspace \S+ ", "", line) for line in lines]


def ran(*roots: Path) -> Counter[str]:
    """How often each script ran for whom in these workspaces: `a 1`."""
    found: Counter[str] = Counter()
    for root in roots:
        path = root / "ran.txt"
        found.update(path.read_text().splitlines() if path.exists() else ())
    return found


class BackedUpWorld(NamedTuple):
    backed_up: Life
    backup: Path
    paths: dict[str, list[str]]
    before: Counter[str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> BackedUpWorld:
    """A workspace with two scripts, one mailing and a run, and its backup."""
    folder = tmp_path_factory.mktemp("lost-actions")
    life = begin(call, folder / "work")
    for name in SCRIPTS:
        script = life.root / "scripts" / f"{name}.sh"
        script.write_text(
            '#!/bin/sh\nwho=$(sed \'s/.*"custId": *"\\([0-9]*\\)".*/\\1/\')\n' + f'echo "{name} $who" >>../ran.txt\n'
        )
        script.chmod(0o700)
    (life.root / "links.toml").write_text(LINKS)
    life.do("link", "apply", life.root / "links.toml")
    paths = life.send("spring")
    life.do("click", "import", life.log("before.log", (paths["5"][0], 60)))
    life.run("run-1")
    life.do("backup", folder / "b.tar.gz")
    return BackedUpWorld(life, folder / "b.tar.gz", paths, ran(life.root))


def lose(world: BackedUpWorld, tmp_path: Path, *steps: Step) -> tuple[Life, Life, list[Path]]:
    """(the lost workspace, the one made of its backup, the logs of these steps, which it has imported)."""
    lost = Life(call, Path(shutil.copytree(world.backed_up.root, tmp_path / "lost")))
    (lost.root / "ran.txt").unlink(missing_ok=True)
    logs: list[Path] = []
    for step in steps:
        do(lost, step, world.paths, logs)
    assert call("restore", world.backup, tmp_path / "r").code == 0
    life = Life(call, tmp_path / "r")
    shutil.copy(world.backed_up.root / "contacts.csv", life.root)
    if logs:
        life.do("click", "import", *logs)
    return lost, life, logs


class Case(NamedTuple):
    """What was done before the loss, what is done again before the runs are named, which commands the refusals then
    name, and the scripts by number in the end."""

    lost: Sequence[Step]
    again: Sequence[Step]
    commands: Sequence[str]
    numbers: dict[int, str]
    run_for_later_clicks: Sequence[str] = ()  # scripts that nobody has had, for contacts 1 and 2


CASES = {
    "added in the same order": Case(["add a", "add b", "click 1 2", "run"], ["add a", "add b"], [], {8: "a", 9: "b"}),
    "added in the other order": Case(["add a", "add b", "click 1 2", "run"], ["add b", "add a"], [], {8: "a", 9: "b"}),
    "added in the other order between two runs": Case(
        ["add a", "click 1 2", "run", "add b", "click 1 3", "run"], ["add b", "add a"], [], {8: "a", 9: "b"}, ["b 2"]
    ),
    "added again by a file in another order": Case(
        ["add a", "add b", "click 1 2", "run"], ["name", "apply b x a y"], [], {8: "a", 9: "b"}
    ),
    "not added again": Case(
        ["add a", "add b", "click 1 2", "run"],
        [],
        ["action add offer script --script a.sh", "action add offer script --script b.sh"],
        {8: "a", 9: "b"},
    ),
    "one added again under the number of the other": Case(
        ["add a", "add b", "click 1 2", "run"], ["add b"], ["action add offer script --script a.sh"], {8: "a", 9: "b"}
    ),
    "another one added under its number": Case(
        ["add a", "click 1 2", "run"],
        ["add c"],
        ["action add offer script --script a.sh"],
        {8: "a", 9: "c"},
        ["c 1", "c 2"],
    ),
    "its number was given to one that was removed": Case(
        ["add c", "remove 8", "add a", "click 1 2", "run"], ["add a"], [], {9: "a"}
    ),
    "removed before the last run": Case(["add a", "click 1 2", "run", "remove 8", "click 3", "run"], [], [], {}, []),
    "removed before the last run and added again as new": Case(
        ["add a", "click 1", "run", "remove 8", "add a", "click 1 2", "run"], ["add a"], [], {9: "a"}
    ),
    "edited between two runs, and added as it was last": Case(
        ["add a", "click 1", "run", "edit 8 b", "click 2", "run"], ["add b"], [], {8: "b"}
    ),
    "edited between two runs, and added as it was first": Case(
        ["add a", "click 1", "run", "edit 8 b", "click 2", "run"], ["add a"], [], {8: "a"}
    ),
    "edited between two runs, and added both ways": Case(
        ["add a", "click 1", "run", "edit 8 b", "click 2", "run"],
        ["add a", "add b"],
        ["action remove offer 8"],
        {8: "b"},
    ),
    "edited after the last run": Case(
        ["add a", "click 1 2", "run"],
        ["add c --timeout 5s"],
        ["action add offer script --script a.sh"],
        {8: "a", 9: "c"},
        ["c 1", "c 2"],
    ),
    "one of the backup edited before the run, and not again": Case(["edit 6 a", "click 1 2", "run"], [], [], {6: "x"}),
    "one of the backup edited before the run, and added instead": Case(
        ["edit 6 a", "click 1 2", "run"],
        ["add a"],
        ["action remove offer 8", "action edit offer 6 --script a.sh"],
        {6: "a"},
    ),
    "one of the backup removed and added again": Case(
        ["remove 6", "add x", "click 1 2", "run"],
        [],
        ["action remove offer 6", "action add offer script --script x.sh"],
        {6: "", 8: "x"},
    ),
    "one of the backup removed after the run": Case(["click 1 2", "run"], ["remove 6"], [], {6: ""}),
    "one of the backup removed after the run and added again": Case(
        ["click 1 2", "run"], ["remove 6", "add x"], [], {6: "x"}
    ),
    "one of the backup became another one, and its old self a new one": Case(
        ["edit 6 a", "add x", "click 1 2", "run"],
        [],
        ["action edit offer 6 --script a.sh", "action add offer script --script x.sh"],
        {6: "a", 8: "x"},
    ),
    "one of the backup removed, added again and removed once more": Case(
        ["remove 6", "add x", "click 1 2", "run", "remove 8", "click 3", "run"],
        [],
        ["action remove offer 6"],
        {6: "", 8: ""},
    ),
    "one of the backup edited into what a new one was": Case(
        ["add a", "click 1 2", "run"],
        ["edit 6 a"],
        ["action edit offer 6 --script x.sh", "action add offer script --script a.sh"],
        {6: "x", 8: "a"},
    ),
    "two of the backup edited into each other": Case(
        ["edit 6 a", "edit 7 b", "click 1 2", "run"], ["edit 6 b", "edit 7 a"], [], {6: "b", 7: "a"}
    ),
    "the link renamed before the run": Case(
        ["rename deal", "add a", "click 1 2", "run"],
        [],
        ["link edit offer --key deal", "action add deal script --script a.sh"],
        {8: "a"},
    ),
    "the link renamed after the run, and again": Case(
        ["add a", "click 1 2", "run"],
        ["rename deal", "add a"],
        ["link edit deal --key offer"],
        {8: "a"},
    ),
    "the link renamed between two runs": Case(
        ["add a", "click 1", "run", "rename deal", "click 2", "run"],
        ["add a"],
        ["link edit offer --key deal"],
        {8: "a"},
    ),
    "the link renamed and an action edited between two runs": Case(
        ["add a", "add b", "click 3", "run", "remove 8", "edit 9 a", "rename deal", "click 1 2", "run"],
        ["rename deal", "add a"],
        [],
        {8: "", 9: "a"},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_no_script_runs_twice(world: BackedUpWorld, tmp_path: Path, case: Case) -> None:
    lost, life, _ = lose(world, tmp_path, *case.lost)
    folders = [path for path in lost.root.glob("run-*") if path.name != "run-1"]
    for step in case.again:
        if step == "name":
            life.do("action", "run", "--runs", *folders, code=5)
        else:
            do(life, step, world.paths, [])
    commands: list[str] = []
    for _ in range(MOST):
        done = life.call("--workspace", life.root, "action", "run", "--runs", *folders)
        if done.code == 0:
            break
        assert done.code == 5, done.err
        commands += pasted(done.err, call)
    assert done.code == 0, done.err
    assert commands == list(case.commands)
    life.run("own-1")
    assert ran(life.root) == Counter(), "the lost runs have passed all clicks"
    key = life.json("link", "list")[0]["key"]
    found = {row["number"]: row["settings"]["script"][0] for row in life.json("action", "list", key)}
    assert {number: found.get(number, "") for number in case.numbers} == case.numbers
    life.do("click", "import", life.log("later.log", (world.paths["1"][0], 9000), (world.paths["2"][0], 9001)))
    life.run("own-2")
    assert sorted(ran(life.root)) == sorted(case.run_for_later_clicks)
    before, after = ran(lost.root) + world.before, ran(life.root)
    assert before & after == Counter() and set(after.values()) <= {1}, "nothing is done twice"
    life.sound("--deep")


def test_a_folder_that_says_no_actions_is_taken_by_number_and_name_of_script(
    world: BackedUpWorld, tmp_path: Path
) -> None:
    lost, life, _ = lose(world, tmp_path, "add a", "add b", "click 1 2", "run")
    folder = lost.root / "run-2"
    said = json.loads((folder / "summary.json").read_text())
    for name in ("actions", "passed_clicks", "said"):
        del said[name]
    said["files"] = [
        name for name in said["files"] if name not in ("actions.ndjson", "passed-clicks.ndjson", "said.ndjson")
    ]
    (folder / "summary.json").write_text(json.dumps(said))
    backup = Path(shutil.copytree(life.root, tmp_path / "kept"))
    for step in ("add b", "add a"):
        do(life, step, world.paths, [])
    refused = life.do("action", "run", "--runs", folder, code=5).err
    assert "action 8 of offer (script), action 9 of offer (script)" in refused
    shutil.rmtree(life.root)
    shutil.copytree(backup, life.root)
    for step in ("add a", "add b"):
        do(life, step, world.paths, [])
    life.do("action", "run", "--runs", folder)
    life.run("own-1")
    assert ran(life.root) == Counter()


def test_numbers_by_which_something_ran_since_are_left_alone(world: BackedUpWorld, tmp_path: Path) -> None:
    lost, life, _ = lose(world, tmp_path, "add a", "add b", "click 1 2", "run")
    for step in ("add b", "add a"):
        do(life, step, world.paths, [])
    life.do("action", "run", "--no-runs")
    life.run("own-1")
    refused = life.do("action", "run", "--runs", lost.root / "run-2", code=5)
    assert "other runs have gone by those of today since the restore" in refused.err
    assert [row["settings"]["script"] for row in life.json("action", "list", "offer")][2:] == ["b.sh", "a.sh"]


def test_a_key_that_went_to_another_link_leads_to_the_one_that_had_it_in_the_run(
    world: BackedUpWorld, tmp_path: Path
) -> None:
    """A link that was added since has it by the next run; others have the numbers of lost ones here."""
    lost, life, logs = lose(world, tmp_path, "rename deal", "click 1 2", "run")
    for one, key, name in ((lost, "offer", "x"), (life, "extra", "a")):
        one.do("link", "add", key, "--url", "https://www.example.com/other")
        one.do("action", "add", key, "script", "--script", f"{name}.sh")
    do(lost, "click 3", world.paths, logs)
    lost.run("run-3")
    said = life.do("action", "run", "--runs", lost.root / "run-2", lost.root / "run-3", code=5).err
    assert pasted(said, call) == ["link edit offer --key deal"]
    life.do("action", "run", "--runs", lost.root / "run-2", lost.root / "run-3")
    assert [row["number"] for row in life.json("action", "list", "extra")] == [1]
    later = life.log("later.log", *((world.paths[who][0], 9000) for who in "123"))
    life.do("click", "import", logs[-1], later)
    life.run("own-1")
    assert ran(life.root) & (ran(lost.root) + world.before) == Counter()
    life.sound("--deep")


KEYS = {  # keys of two links of the backup, and what becomes of them before the loss
    "exchanged": [("offer", "t"), ("more", "offer"), ("t", "more")],
    "passed on": [("more", "rest"), ("offer", "more")],
    "one renamed": [("offer", "deal")],
}


@pytest.mark.parametrize("renames", KEYS.values(), ids=KEYS)
def test_a_file_of_links_is_laid_to_those_that_had_these_keys(
    world: BackedUpWorld, tmp_path: Path, renames: Sequence[tuple[str, str]]
) -> None:
    """As `restore` says it: name the runs, rename, apply, name them once more."""
    both = Life(call, Path(shutil.copytree(world.backed_up.root, tmp_path / "both")))
    both.do("link", "add", "more", "--url", "https://www.example.com/more")
    both.do("action", "add", "more", "script", "--script", "b.sh")
    both.do("backup", tmp_path / "b.tar.gz")
    (both.root / "ran.txt").unlink(missing_ok=True)
    lost, life, _ = lose(BackedUpWorld(both, tmp_path / "b.tar.gz", world.paths, world.before), tmp_path)
    log = life.log("1.log", (world.paths["1"][0], 600))
    for key, then in renames:
        lost.do("link", "edit", key, "--key", then)
    lost.do("click", "import", log)
    lost.run("run-2")
    lost.do("link", "export", "-o", tmp_path / "links.toml")
    life.do("click", "import", log)
    early = life.do("link", "apply", tmp_path / "links.toml", code=5).err
    assert "action run --runs DIR…" in early
    said = life.do("action", "run", "--runs", lost.root / "run-2", code=5).err
    assert "links had other keys in these runs than here" in said
    pasted(said, call)
    life.do("link", "apply", tmp_path / "links.toml")
    life.do("action", "run", "--runs", lost.root / "run-2")
    listed = [
        [(row["key"], row["url"]) for row in one.json("link", "list")] + one.json("action", "list")
        for one in (lost, life)
    ]
    assert listed[0] == listed[1]
    life.do("click", "import", life.log("2.log", (world.paths["1"][0], 9000), (world.paths["2"][0], 9000)))
    life.run("own-1")
    assert ran(life.root) == Counter(["x 2", "y 2"])


@given(st.permutations("abcde"), st.permutations("abcde"), st.sets(st.sampled_from("abcde")), st.integers(0, 5))
def test_links_get_keys_in_an_order_in_which_each_is_free(
    today: list[str], then: list[str], others: set[str], count: int
) -> None:
    """`others` have keys as well, and are to have no other."""
    wanted = {key: new for key, new in zip(today[:count], then[:count], strict=True) if key != new}
    links = {key: key for key in {*wanted, *others}}  # by key, which link has it
    for rename in renames_in_order(wanted, {**links}.__contains__):
        assert rename.then not in links
        links[rename.then] = links.pop(rename.key)
    assert {link: key for key, link in links.items() if link in wanted} == wanted


def test_of_the_backup_is_what_the_first_one_had(world: BackedUpWorld, tmp_path: Path) -> None:
    """A restored workspace that waits for its runs is backed up, lost and restored as well."""
    lost, first, _ = lose(world, tmp_path, "add a", "click 1 2", "run", "add b")
    for step in ("add b", "add a"):
        do(first, step, world.paths, [])
    first.do("backup", tmp_path / "b1.tar.gz")
    assert call("restore", tmp_path / "b1.tar.gz", tmp_path / "r2").code == 0
    second = Life(call, tmp_path / "r2")
    shutil.copy(world.backed_up.root / "contacts.csv", second.root)
    for life in (first, second):
        life.do("action", "run", "--runs", lost.root / "run-2")
        life.do("click", "import", life.log("later.log", (world.paths["1"][0], 9000)))
        life.run("own-1")
        assert ran(life.root) == Counter(["b 1"])


def test_what_a_restored_workspace_made_of_its_own_mails_is_known_when_that_is_lost_as_well(
    world: BackedUpWorld, tmp_path: Path
) -> None:
    """It sent a mailing, and was backed up, while it waited for its runs; the first one had sent another by that number."""
    lost, first, _ = lose(world, tmp_path, "click 1", "run")
    paths = {}
    for life in (lost, first):
        sent = ("--contacts", life.root / "contacts.csv", "--again", "--as", "ndjson", "--out", "-")
        rows = map(json.loads, life.do("mailing", "rewrite", "spring", *sent).out.splitlines())
        paths[life.root.name] = {
            row["contact_id"]: re.findall(r"https://click\.example\.com(/[a-z2-7]+/[a-z2-7]{32})", row["html"])
            for row in rows
        }
    lost.do("click", "import", lost.log("lost.log", (paths["lost"]["2"][0], 5000)))
    lost.run("run-3")
    first.do("backup", tmp_path / "b1.tar.gz")
    named = [lost.root / "run-2", lost.root / "run-3"]
    first.do("action", "run", "--runs", *named)
    mine = first.log("mine.log", (paths["r"]["3"][0], 6000))
    first.do("click", "import", mine)
    first.run("run-4")
    assert ran(first.root) == Counter(["x 3", "y 3"])
    assert call("restore", tmp_path / "b1.tar.gz", tmp_path / "r2").code == 0
    second = Life(call, tmp_path / "r2")
    shutil.copy(world.backed_up.root / "contacts.csv", second.root)
    second.do("action", "run", "--runs", *named, first.root / "run-4")
    log = second.log("more.log", (paths["r"]["3"][0], 9000), (paths["r"]["2"][0], 9060))
    second.do("click", "import", mine, log)
    second.run("own-1")
    assert ran(second.root) == Counter(["x 2"]), "the first one's mail to 2 was another, and y is once for a person"
    second.sound("--deep")


def test_a_folder_that_says_no_identities_goes_by_the_keys_of_its_links(world: BackedUpWorld, tmp_path: Path) -> None:
    lost, life, _ = lose(world, tmp_path, "add a", "click 1 2", "run")
    said = lost.root / "run-2" / "actions.ndjson"
    rows = [json.loads(row) for row in said.read_text().splitlines()]
    assert {row.pop("link_identity") for row in rows} == {"offer"}
    said.write_text("".join(json.dumps(row) + "\n" for row in rows))
    do(life, "add a", world.paths, [])
    do(life, "rename deal", world.paths, [])
    life.do("action", "run", "--runs", lost.root / "run-2", code=5)
    again = life.do("action", "run", "--runs", lost.root / "run-2").err
    assert "'deal' was 'offer'; if that is not what they were renamed to after these runs:" in again
    life.run("own-1")
    assert ran(life.root) == Counter()


def test_what_an_action_became_is_said_by_the_runs_that_are_to_be_named_together(
    world: BackedUpWorld, tmp_path: Path
) -> None:
    lost, life, _ = lose(world, tmp_path, "add b", "click 1", "run", "edit 8 c", "click 2", "run")
    do(life, "add c", world.paths, [])
    folders = [lost.root / "run-2", lost.root / "run-3"]
    life.do("action", "run", "--runs", folders[1], code=6)
    refused = life.do("action", "run", "--runs", folders[0], code=5)
    assert "run 3 was taken with those: name its folder together with these" in refused.err
    life.do("action", "run", "--runs", *folders)
    life.do("click", "import", life.log("later.log", (world.paths["1"][0], 9000)))
    life.run("own-1")
    assert ran(life.root) == Counter()


def test_a_printed_command_names_the_number_that_an_action_has_by_then(world: BackedUpWorld, tmp_path: Path) -> None:
    lost, life, _ = lose(world, tmp_path, "add a", "click 1 2", "run")
    do(life, "add c", world.paths, [])
    refused = life.do("action", "run", "--runs", lost.root / "run-2", code=5).err
    edit = next(line for line in refused.splitlines() if " action edit " in line)
    assert call(*shlex.split(edit)[1:]).code == 0
    life.do("action", "run", "--runs", lost.root / "run-2")
    assert [row["number"] for row in life.json("action", "list", "offer")] == [6, 7, 8]


def test_what_a_lost_link_made_once_for_a_person_is_never_made_again(world: BackedUpWorld, tmp_path: Path) -> None:
    """Its mailing is lost, too, and its clicks are rejected: but later mails have the link again."""
    lost, life, _ = lose(world, tmp_path)

    def make(life: Life) -> None:
        life.do("link", "add", "extra", "--url", "https://www.example.com/extra")
        life.do("action", "add", "extra", "script", "--script", "c.sh", "--repeat", "once")

    def send(life: Life, name: str) -> list[str]:
        mail = life.root / f"{name}.html"
        mail.write_text('<a href="linktrack:extra">Extra</a>')
        life.do("mailing", "add", name, mail)
        out = life.root / f"mails-{name}"
        life.do("mailing", "rewrite", name, "--contacts", life.root / "contacts.csv", "--as", "ndjson", "--out", out,
                "--sent-at", "2026-05-04T08:30:00+00:00")  # fmt: skip
        rows = map(json.loads, (out / "recipients.ndjson").read_text().splitlines())
        return [re.findall(r"https://click\.example\.com(/[a-z2-7]+/[a-z2-7]{32})", row["html"])[0] for row in rows]

    make(lost)
    first = send(lost, "summer")[0]
    lost.do("click", "import", lost.log("summer.log", (first, 3000)))
    lost.run("run-2")
    assert ran(lost.root) == Counter({"c 1": 1})
    refused = life.do("action", "run", "--runs", lost.root / "run-2", code=5)
    assert "what the actions of 'extra' make" in refused.err
    make(life)
    life.do("action", "run", "--runs", lost.root / "run-2")
    every = send(life, "autumn")
    life.do("click", "import", life.log("autumn.log", (every[0], 4000), (every[1], 4001)))
    life.run("own-1")
    assert ran(life.root) == Counter({"c 2": 1})


def test_what_failed_in_a_lost_run_is_tried_again_by_the_very_next_one(world: BackedUpWorld, tmp_path: Path) -> None:
    lost, life, _ = lose(world, tmp_path)
    (lost.root / "scripts" / "x.sh").chmod(0o600)
    log = lost.log("failing.log", (world.paths["1"][0], 3000))
    lost.do("click", "import", log)
    lost.run("run-2", code=6)
    life.do("action", "run", "--runs", lost.root / "run-2")
    life.do("click", "import", log)
    life.run("own-1", "--retry-failed")
    assert ran(life.root) == Counter({"x 1": 1})


def test_what_is_added_later_reaches_clicks_of_lost_runs_by_a_replay_alone(
    world: BackedUpWorld, tmp_path: Path
) -> None:
    lost, life, _ = lose(world, tmp_path, "add a", "click 1 2", "run")
    for step in ("add c", "add a"):
        do(life, step, world.paths, [])
    life.run("own-1", "--runs", lost.root / "run-2")
    assert ran(life.root) == Counter()
    life.run("own-2", "--replay", "offer")
    replayed = ran(life.root)
    assert replayed & (ran(lost.root) + world.before) == Counter()
    assert {"c 1", "c 2"} <= set(replayed)


def test_a_number_that_lost_runs_went_by_is_given_to_no_other_action(world: BackedUpWorld, tmp_path: Path) -> None:
    lost, life, _ = lose(world, tmp_path, "add a", "add b", "click 1 2", "run", "remove 9", "click 3", "run")
    do(life, "add a", world.paths, [])
    life.do("action", "run", "--runs", lost.root / "run-2", lost.root / "run-3")
    assert "Action 10 of offer" in life.do("action", "add", "offer", "script", "--script", "c.sh").err
    life.do("click", "import", life.log("later.log", (world.paths["1"][0], 9000)))
    life.run("own-1")
    assert ran(life.root) == Counter({"c 1": 1})


TABLES: list[ActionTable] = [
    {"type": "set-field", "field": "level", "value": "it's \"hot\" $HOME `id`"},
    {"type": "set-field", "field": "level", "value": "--help"},
    {"type": "set-field", "field": "level", "value": True},
    {"type": "set-field", "field": "level", "value": -1},
    {"type": "set-field", "field": "level", "value": ""},
    {"type": "interest", "add": ["A", "-B", "=c"], "remove": ["Å, d"], "on": "both"},
    {"type": "interest", "remove": ["A"]},
    {"type": "selection", "add": ["two\nlines"]},
    {"type": "follow-up", "description": "", "task": "Call {contact.name}", "assign_to_our_contact": True, "start": "2026-05-04T09:00:00"},
    {"type": "follow-up", "kind": "appointment", "default_recipient": "BO", "assignment": True, "duration": "1h", "repeat": "once"},
    {"type": "request", "title": "-x=y", "category": "Sales", "owner": "auto", "priority": "High"},
    {"type": "script", "script": "a.sh", "batch": True, "timeout": "5s", "repeat": "click"},
    {"type": "script", "script": "b.sh"},
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_the_words_of_a_command_make_the_action_that_they_name(
    world: BackedUpWorld, tmp_path: Path, table: ActionTable
) -> None:
    life, key = Life(call, Path(shutil.copytree(world.backed_up.root, tmp_path / "work"))), "words"
    life.do("link", "add", key, "--url", "https://www.example.com/words")
    other = next((one for one in TABLES if one["type"] == table["type"] and one != table), table)
    spoken = shlex.split(shlex.join(to_bring_back(key, table)))
    number = re.search(r"Action (\d+)", life.do(*spoken).err)
    assert number is not None

    def stored() -> ActionTable:
        [row] = [row for row in life.json("action", "list", key) if row["number"] == int(number[1])]
        return {"type": row["type"], **row["settings"]}

    assert same(stored()) == same(table)
    if other != table:
        for before, after in ((table, other), (other, table)):
            life.do(*to_be_as_it_was(key, int(number[1]), before, after))
            assert same(stored()) == same(after)
