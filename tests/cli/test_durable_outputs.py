"""The order in which each job that writes a file goes to the disk: written, synced, renamed, its folder synced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cli.test_outputs import root as root
from tests_support import Run

# Each job that gives a file or folder its name, with the name that it gives.
JOBS = {
    "click import --rejected": (["click", "import", "a.log", "--rejected", "rejected.log"], "rejected.log"),
    "link export -o": (["link", "export", "-o", "links-2.toml"], "links-2.toml"),
    "mailing tag -o": (["mailing", "tag", "mail.html", "--source", "s", "--campaign", "c", "-o", "t.html"], "t.html"),
    "mailing preview -o": (["mailing", "preview", "news", "--contacts", "people.csv", "-o", "p.html"], "p.html"),
    "report html": (["report", "html", "r.html"], "r.html"),
    "report links --format xlsx -o": (["report", "links", "--format", "xlsx", "-o", "r.xlsx"], "r.xlsx"),
    "click list -o": (["click", "list", "--format", "csv", "-o", "c.csv"], "c.csv"),
    "contact export": (["contact", "export", "1", "-o", "contact.json"], "contact.json"),
    "backup": (["backup", "b.tar.gz"], "b.tar.gz"),
    "key rotate": (["key", "rotate"], "linktrack.key"),
    "mailing rewrite": (["mailing", "rewrite", "news", "--contacts", "people.csv", "--again", "--out", "m"], "m"),
    "shipment render": (["shipment", "render", "1", "--out", "m"], "m"),
    "action run": (["action", "run", "--crm", "people.csv", "--out", "run"], "run"),
    "doctor --crm --write": (["doctor", "--crm", "crm.csv", "--write", "--yes"], "linktrack.toml"),
    "redirects export": (["redirects", "export", "web", "--for", "nginx"], "web"),
}


@contextmanager
def recorded() -> Iterator[list[tuple[str, str]]]:
    """The syncs and renames of this process in their order, each with the path that it is about."""
    found: list[tuple[str, str]] = []
    fsync, replace, rename = os.fsync, os.replace, os.rename

    def path_of(handle: int) -> str:
        return str(Path(f"/proc/self/fd/{handle}").readlink())

    def syncing(handle: Any) -> None:
        found.append(("sync", path_of(handle if isinstance(handle, int) else handle.fileno())))
        fsync(handle)

    def renaming(real: Any) -> Any:
        def call(source: Any, target: Any, **named: Any) -> None:
            found.append(("from", str(Path(source).absolute())))
            found.append(("to", str(Path(target).absolute())))
            real(source, target, **named)

        return call

    with (
        mock.patch.object(os, "fsync", syncing),
        mock.patch.object(os, "replace", renaming(replace)),
        mock.patch.object(os, "rename", renaming(rename)),
    ):
        yield found


@pytest.mark.parametrize("job", JOBS)
def test_what_gets_its_name_was_synced_before_and_its_folder_is_synced_after(root: Path, run: Run, job: str) -> None:
    command, name = JOBS[job]
    (root / "crm.csv").write_text("Person ID,E-mail address,Full name\n1,a@x.example,Anna\n2,b@x.example,Bo\n")
    with recorded() as found:
        done = run(*command)
    assert done.code in (0, 6), done.err
    out = root / name
    named = [place for place, (what, path) in enumerate(found) if what == "to" and Path(path).is_relative_to(out)]
    assert named, f"{name} did not get its name by a rename: {found}"
    for place in named:
        aside, target = found[place - 1][1], Path(found[place][1])
        assert ("sync", aside) in found[: place - 1], found
        assert ("sync", str(target.parent)) in found[place + 1 :], found
