"""What a rehearsal sees of a script that cannot be started, in the words of the run that tries."""

from pathlib import Path

import pytest

from linktrack.actions.scripts.calls import run_script, unfit_script

SCRIPTS = {
    "is not there": (None, 0o755),
    "is not executable": ("#!/bin/sh\n", 0o644),
    "names a program that is not there": ("#!/usr/bin/no-such-shell -e\n", 0o755),
}


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_script_that_cannot_be_started_is_known_before(tmp_path: Path, case: str) -> None:
    text, mode = SCRIPTS[case]
    if text is not None:
        (tmp_path / "call").write_text(text)
        (tmp_path / "call").chmod(mode)
    seen, tried = unfit_script(tmp_path, "call"), run_script(tmp_path, "call", {}, 5)
    assert seen is not None
    assert seen == tried


@pytest.mark.parametrize("text", ["#!/bin/sh\n", "#! /bin/sh -e\nexit 0\n", "#!/usr/bin/env sh\n"])
def test_a_script_that_can_be_started_is_planned(tmp_path: Path, text: str) -> None:
    (tmp_path / "call").write_text(text)
    (tmp_path / "call").chmod(0o700)
    assert unfit_script(tmp_path, "call") is None
    assert run_script(tmp_path, "call", {}, 5).status == "ok"
