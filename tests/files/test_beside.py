"""What killed commands leave, and what of it goes."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from linktrack.files.beside import leftovers, remove_leftovers
from linktrack.files.protected import Protected
from linktrack.files.writing import write_file, writing

NOTHING = Protected()
SOMEBODY = 65_534


def _foreign(path: Path) -> None:
    path.touch()
    if os.geteuid() == 0:
        os.chown(path, SOMEBODY, SOMEBODY)
    else:
        path.unlink()  # nothing that is another's can be made here
        path.symlink_to("nowhere")


def _with_a_workspace(path: Path) -> None:
    path.mkdir()
    (path / "linktrack.toml").touch()


# name → what is there, and whether it goes.
LEFT: dict[str, tuple[Callable[[Path], object], bool]] = {
    ".out.unfinished-1": (Path.touch, True),
    ".folder.unfinished-2": (lambda path: (path / "deep").mkdir(parents=True), True),
    ".pipe.unfinished-3": (os.mkfifo, True),
    "out.unfinished-4": (Path.touch, False),
    ".out.finished-5": (Path.touch, False),
    ".link.unfinished-6": (lambda path: path.symlink_to("."), False),
    ".foreign.unfinished-7": (_foreign, False),
    ".restored.unfinished-8": (_with_a_workspace, False),
}


def test_what_of_the_things_in_a_folder_is_removed(tmp_path: Path) -> None:
    for name, (make, _) in LEFT.items():
        make(tmp_path / name)
    (tmp_path / ".held.unfinished-9").touch()
    with (tmp_path / ".held.unfinished-9").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert [path.name for path in leftovers(tmp_path)] == sorted(
            name for name in LEFT if name.startswith(".") and ".unfinished-" in name
        )
        remove_leftovers(tmp_path)
    stay = {name for name, (_, goes) in LEFT.items() if not goes} | {".held.unfinished-9"}
    assert {path.name for path in tmp_path.iterdir()} == stay
    (tmp_path / "linktrack.toml").touch()  # the folder is a workspace itself: nothing was on its way there
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == (
        stay - {".held.unfinished-9", ".restored.unfinished-8"} | {"linktrack.toml"}
    )


def test_what_a_killed_command_left_goes_with_the_next_one_in_that_folder(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from linktrack.files.writing import *\n"
        "with writing(Path(sys.argv[1]), Protected()) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "out"], check=False)
    assert [path.name.startswith(".out.unfinished-") for path in leftovers(tmp_path)] == [True]
    with writing(tmp_path / "other", NOTHING) as other:
        assert leftovers(tmp_path) == []
        write_file(tmp_path / "out", b"whole", NOTHING)
        other.write(b"what is being written is no leftover")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]
