"""A real PostgreSQL server for tests, Debian's, which nobody else reaches."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of its own on a socket in a temporary folder; its address without the database. The test
    is skipped where none is installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs and not shutil.which("initdb"):
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    program = programs[-1] if programs else Path(str(shutil.which("initdb"))).parent
    # The server refuses to run as root; then it is the user of Debian's package.
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    as_user = ["runuser", "-u", user, "--"] if os.getuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="linktrack-pg-"))
    if as_user:
        shutil.chown(folder, user)
    data = folder / "data"

    def call(*command: object) -> None:
        done = subprocess.run([*as_user, *map(str, command)], check=False, capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, done.stderr

    call(program / "initdb", "-D", data, "-A", "trust", "-U", "linktrack", "-E", "UTF8", "--locale=C.UTF-8")
    call(program / "pg_ctl", "-D", data, "-o", f"-k {folder} -c listen_addresses=", "-w", "-l", folder / "log", "start")
    try:
        yield f"?host={folder}&user=linktrack"
    finally:
        call(program / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)
