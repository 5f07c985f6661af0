"""What a run is told in a workspace that was restored, as long as nobody has said what was made since the backup."""

from __future__ import annotations

import json

import pytest

from linktrack.actions.lost_runs.before_taking import refuse_before_taking
from linktrack.errors import Conflict
from linktrack.store.session import Database

RESTORED = "restored_at = 5"
OF_NO_RUN = (
    "this workspace was restored from a backup: name the folders with the files of all later runs of the actions with "
    "linktrack action run --runs DIR…, so that nothing is made again, or say --no-runs if there was none"
)
ONE_OF_A_GAP = (
    "this workspace was restored from a backup, and nobody has said what run {} made: name the folder with its files, too, "
    "with linktrack action run --runs DIR…, so that nothing is made again, or say --no-runs if it made nothing"
)

# What the workspace says, the runs of its own, those that were taken by the numbers they had, and what is said.
CASES: dict[str, tuple[str, list[int], list[int], str | None]] = {
    "it was never restored": ("restored_at = NULL", [1], [], None),
    "never, though a run was taken": ("restored_at = NULL", [1], [4], None),
    "it was said what later runs made": (f"{RESTORED}, runs_taken_at = 6", [1], [], None),
    "it was said, and there is a gap": (f"{RESTORED}, runs_taken_at = 6", [1], [4], None),
    "no run was taken": (RESTORED, [1, 2], [], OF_NO_RUN),
    "no run was taken, and there was none": (RESTORED, [], [], OF_NO_RUN),
    "the next one was taken": (RESTORED, [1, 2], [3], OF_NO_RUN),
    "one between is missing": (RESTORED, [1, 2], [4], ONE_OF_A_GAP.format("3")),
    "several are": (RESTORED, [1], [3, 6], ONE_OF_A_GAP.format("2, 4, 5")),
    "the first of all is": (RESTORED, [], [2], ONE_OF_A_GAP.format("1")),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_begins_only_when_it_was_said_what_later_ones_made(database: Database, case: str) -> None:
    said, own, taken, sentence = CASES[case]
    runs = [(number, "done", json.dumps({"run": number})) for number in own]
    runs += [(100 + number, "taken", json.dumps({"run": number})) for number in taken]
    with database.transaction():
        database.execute(f"UPDATE workspace SET {said}")
        database.insert("run", ("id", "status", "summary", "started_at", "out"), [(*run, 1, "") for run in runs])
    if sentence is None:
        refuse_before_taking(database)
    else:
        with pytest.raises(Conflict) as refused:
            refuse_before_taking(database)
        assert str(refused.value) == sentence
