"""What a database's URL may say, and that its password is in no message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_support import Run

from linktrack.database_urls import checked_database_url, holds_password, passwordless, postgresql_arguments
from linktrack.workspace import Workspace

PASSWORD = "hunter2"
WRONG = {
    "no ssl mode": ("postgresql+psycopg://u:hunter2@h/d?sslmode=sometimes", "sslmode is to be one of disable"),
    "a port in words": ("postgresql+psycopg://u:hunter2@h/d?port=abc", "port is to be a number from 1 to 65,535"),
    "a port beyond all": ("postgresql+psycopg://u:hunter2@h:70000/d", "its port or host cannot be read"),
    "port nought": ("postgresql+psycopg://u:hunter2@h/d?port=0", "port is to be"),
    "a time in words": ("postgresql+psycopg://u:hunter2@h/d?connect_timeout=soon", "connect_timeout is to be a number"),
    "a time before all": ("postgresql+psycopg://u:hunter2@h/d?connect_timeout=-1", "connect_timeout is to be a number"),
    "half alive": ("postgresql+psycopg://u:hunter2@h/d?keepalives=yes", "keepalives is to be a number from 0 to 1"),
    "no session": ("postgresql+psycopg://u:hunter2@h/d?target_session_attrs=x", "target_session_attrs is to be one of"),
    "no parameter": ("postgresql+psycopg://u:hunter2@h/d?hunter2=1", "has a parameter that is none of"),
    "without slashes": ("postgresql+psycopg:u:hunter2@h", "lacks its //"),
    "with one slash": ("postgresql+psycopg:/u:hunter2@h/d", "lacks its //"),
    "another driver": ("postgresql+asyncpg://u:hunter2@h/d", "another driver"),
    "another database": ("mysql://u:hunter2@h/d", "write sqlite:///FILE or"),
    "a NUL in the name": ("postgresql+psycopg://u:hunter2@h/d%00d", "dbname is to be a text without a NUL"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_one_is_bad_input_whatever_the_command_without_the_password(
    run: Run, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    url, said = WRONG[wrong]
    with pytest.raises(ValueError, match=r".") as problem:
        checked_database_url(url)
    assert said in str(problem.value) and PASSWORD not in str(problem.value)
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", url)
    for command in (["link", "list"], ["database", "upgrade"], ["backup", "-"]):
        done = run(*command)
        assert (done.code, said in done.err, PASSWORD in done.err) == (3, True, False), done.err
    assert PASSWORD not in run("doctor").out


def test_percent_signs_in_a_password_are_read_once() -> None:
    found = postgresql_arguments("postgresql+psycopg://u%40x:p%25w%2525%3A@h:5433/d%2Fd?sslmode=require")
    assert found == {
        "user": "u@x", "password": "p%w%25:", "host": "h", "port": "5433", "dbname": "d/d", "sslmode": "require",
    }  # fmt: skip


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    st.sampled_from(["", "h", "::1", "/run/x y"]),
)
def test_the_address_without_a_password_names_the_same_database(name: str, host: str) -> None:
    from urllib.parse import quote, urlencode

    at = f"[{host}]" if ":" in host else "" if host.startswith("/") else host
    more = f"?{urlencode({'host': host})}" if host.startswith("/") else ""
    url = f"postgresql+psycopg://u:{quote('p@w/', safe='')}@{at}/{quote(name, safe='')}{more}"
    arguments = postgresql_arguments(url)
    assert arguments.pop("password") == "p@w/"
    assert postgresql_arguments(passwordless(url)) == arguments


@pytest.mark.parametrize(
    ("url", "held"),
    [
        ("postgresql+psycopg://u:hunter2@h/d", True),
        ("postgresql+psycopg://u@h/d?password=hunter2", True),
        ("postgresql+psycopg://u@h/d", False),
        ("postgresql+psycopg://u:@h/d", False),
        ("sqlite:///a:b@c.db", False),
        (None, False),
    ],
)
def test_a_password_is_seen_wherever_it_stands(url: str | None, held: bool) -> None:
    assert holds_password(url) == held
