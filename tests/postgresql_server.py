"""A PostgreSQL server for tests, and databases and roles on it."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest


class Running(NamedTuple):
    """A server's address without the database, and its process."""

    address: str
    process: int


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL server of its own on a socket in a temporary folder; its address without the database."""
    if not installed():
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    with running("-c fsync=off") as server:
        yield server.address


@contextmanager
def running(options: str = "") -> Iterator[Running]:
    """A server that is started with these options, and goes with its folder."""
    # The server refuses to run as root; then it is the user of Debian's package.
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    as_user = ["runuser", "-u", user, "--"] if os.getuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="linktrack-pg-"))
    if as_user:
        shutil.chown(folder, user)
    data, program = folder / "data", programs()

    def call(*command: object) -> None:
        done = subprocess.run([*as_user, *map(str, command)], check=False, capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, done.stderr

    number, options = data / "postmaster.pid", f"-k {folder} -c listen_addresses= {options}"
    try:
        call(program / "initdb", "-D", data, "-A", "trust", "-U", "linktrack", "-E", "UTF8", "--locale=C.UTF-8")
        call(program / "pg_ctl", "-D", data, "-o", options, "-w", "-l", folder / "log", "start")
        yield Running(f"?host={folder}&user=linktrack", int(number.read_text().split()[0]))
    finally:
        if number.exists():
            call(program / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: str, role: str = "", template: str = "") -> str:
    """A new database, empty or like the one at the address `template`, owned by a role; its address as the server's own
    programs take it."""
    import psycopg

    name = f"x{secrets.token_hex(4)}"
    with psycopg.connect(f"postgresql:///postgres{server}", autocommit=True) as connection:
        like = template.removeprefix("postgresql:///").partition("?")[0]
        of = f"{f'OWNER {role}' if role else ''} {f'TEMPLATE {like}' if like else ''}"
        connection.execute(f"CREATE DATABASE {name} {of}")
    return f"postgresql:///{name}{server}"


def ours(address: str) -> str:
    """The address as linktrack takes it."""
    return address.replace("postgresql:", "postgresql+psycopg:", 1)


def installed() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin")) or shutil.which("initdb") is not None


def programs() -> Path:
    """The folder of the server's own programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return found[-1] if found else Path(str(shutil.which("initdb"))).parent
