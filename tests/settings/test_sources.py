"""The workspace and its settings: found, read, overridden, and refused with file and line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests_support import Run

from linktrack.errors import BadInput
from linktrack.ownership import find_workspace
from linktrack.settings.tables import Settings
from linktrack.workspace import Workspace, load_workspace


def test_the_nearest_workspace_upwards_is_found(workspace: Workspace) -> None:
    deep = workspace.root / "a" / "b"
    deep.mkdir(parents=True)
    assert find_workspace(deep, None, {}).root == workspace.root


def test_file_then_environment(workspace: Workspace) -> None:
    assert load_workspace(workspace.root, {}).settings.utm.medium == "email"
    environ = {
        "LINKTRACK_UTM_MEDIUM": "newsletter",
        "LINKTRACK_BASE_URL": "https://t.example.se/",
        "LINKTRACK_CUST_ID": "x",  # a script's, which may call linktrack
    }
    settings = load_workspace(workspace.root, environ).settings
    assert (settings.utm.medium, settings.base_url) == ("newsletter", "https://t.example.se")


def test_the_database_url_of_the_environment_wins(workspace: Workspace, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    assert load_workspace(workspace.root, {"LINKTRACK_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        pytest.param(
            'base_url = "https://e.com"\ncolour = "red"\n', ":2", "unknown setting 'colour'", id="unknown key"
        ),
        pytest.param(
            'base_url = "https://e.com"\n[utm]\nmedum = "x"\n', ":3", "utm.medum", id="unknown key in a table"
        ),
        pytest.param('base_url = "https://e.com"\n\n[utm]\ndomains = "x"\n', ":4", "utm.domains", id="wrong type"),
        pytest.param('base_url = "https://e.com"\n[utm]\npolicy = "merge"\n', ":3", "policy", id="wrong choice"),
        pytest.param("base_url = \n", ":1", "not valid TOML", id="broken TOML"),
        pytest.param('[utm]\nmedium = "email"\n', "linktrack.toml", "base_url", id="no base_url"),
        pytest.param(
            'base_url = "click.example.com"\n', ":1", "https://click.example.com", id="base_url without scheme"
        ),
        pytest.param('base_url = "https://e.com"\n[nope]\nx = 1\n', ":2", "nope", id="unknown table"),
        pytest.param(
            'base_url = "https://e.com"\n[sender]\nfrom = "anna"\n', ":3", "a sender is written like", id="no sender"
        ),
        pytest.param(
            'base_url = "https://e.com"\n[utm]\ndomains = ["https://e.com"]\n',
            ":3",
            "utm.domains: a host is written alone",
            id="no domain",
        ),
        pytest.param(
            'base_url = "https://e.com"\n[utm]\ndomains = ["com"]\n',
            ":3",
            "would be all hosts below it",
            id="the world",
        ),
        pytest.param(
            'base_url = "https://e.com"\n[actions]\nguard_formulas = True\n', ":3:18", "write true", id="Python's True"
        ),
        pytest.param(
            f'base_url = "https://e.com"\n[actions]\nholidays = [0x{"f" * 5000}]\n',
            ":3",
            "64 bits",
            id="a large number",
        ),
    ],
)
def test_bad_settings_name_file_and_line(workspace: Workspace, run: Run, text: str, where: str, words: str) -> None:
    workspace.config_path.write_text(text, "utf-8")
    done = run("folder", "list")
    assert (done.code, done.out) == (3, "")
    assert f"linktrack.toml{where}" in done.err or where == "linktrack.toml"
    assert words in done.err


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        pytest.param("LINKTRACK_UTM_POLICY", "merge", "LINKTRACK_UTM_POLICY: utm.policy: it must be", id="a choice"),
        pytest.param(
            "LINKTRACK_TIME_ZONE", "Mars", "LINKTRACK_TIME_ZONE: time_zone: a time zone has a name", id="a zone"
        ),
        pytest.param(
            "LINKTRACK_SENDER_FROM", "anna", "LINKTRACK_SENDER_FROM: sender.from: a sender is written", id="a sender"
        ),
        pytest.param("LINKTRACK_ACTIONS_HOLIDAYS", '["x"]', "LINKTRACK_ACTIONS_HOLIDAYS: actions", id="one of a list"),
        pytest.param(
            "LINKTRACK_SERVE_PORT", f"0x{'f' * 5000}", "LINKTRACK_SERVE_PORT: serve.port", id="a large number"
        ),
        pytest.param("LINKTRACK_UTM_MEDUM", "x", "did you mean 'LINKTRACK_UTM_MEDIUM'?", id="a misspelt variable"),
        pytest.param("LINKTRACK_CRM_ENCODING", "x", r"\[crm\] stands in linktrack.toml alone", id="one of the CRM"),
    ],
)
def test_a_bad_environment_names_the_variable(workspace: Workspace, variable: str, value: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as problem:
        load_workspace(workspace.root, {variable: value})
    assert variable in str(problem.value)


def test_doctor_names_a_wrong_time_zone_once(workspace: Workspace, run: Run) -> None:
    workspace.config_path.write_text('base_url = "https://e.com"\ntime_zone = "Mars"\n[clicks]\n', "utf-8")
    (row,) = run("doctor", "--format", "json").json
    assert "linktrack.toml:2: time_zone: a time zone has a name" in row["advice"]


def test_domains_may_be_written_as_tagging_reads_them(workspace: Workspace) -> None:
    domains = ["shop.example", "*.shop.example", ".shop.example", "räv.example", "xn--rv-via.example", "localhost"]
    named = "[" + ", ".join(f'"{domain}"' for domain in domains) + "]"
    assert load_workspace(workspace.root, {"LINKTRACK_UTM_DOMAINS": named}).settings.utm.domains == domains


def test_a_file_that_is_not_utf_8(workspace: Workspace) -> None:
    workspace.config_path.write_bytes('base_url = "https://e.com"\n# å\n'.encode("cp1252"))
    with pytest.raises(BadInput, match=r"linktrack\.toml:2: TOML must be UTF-8"):
        load_workspace(workspace.root, {})


def test_a_missing_key_is_an_error_and_no_new_one_is_made(workspace: Workspace, run: Run) -> None:
    workspace.key_path.unlink()
    done = run("backup", "kept.tar.gz")
    assert done.code == 3
    assert "linktrack.key" in done.err
    assert "LINKTRACK_SECRET" in done.err
    assert not workspace.key_path.exists()


def test_the_secret_of_the_environment_wins(workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKTRACK_SECRET", workspace.key_path.read_text())
    workspace.key_path.unlink()
    rows = run("key", "list", "--format", "json").json
    assert [(row["key"], row["signs"], row["verifies"]) for row in rows] == [(0, True, True)]
    assert run("key", "rotate").code == 5


def test_no_workspace(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("link", "list")
    assert done.code == 4
    assert "linktrack init" in done.err


def test_init_overwrites_nothing(workspace: Workspace, run: Run) -> None:
    before = workspace.key_path.read_text()
    done = run("init", ".", "--base-url", "https://e.com")
    assert done.code == 5
    assert workspace.key_path.read_text() == before


def test_init_refuses_a_strange_base_url(run: Run, tmp_path: Path) -> None:
    done = run("init", tmp_path / "w", "--base-url", "click.example.com")
    assert done.code == 2
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LINKTRACK_UTM_MEDUM", "x", "LINKTRACK_UTM_MEDIUM"),
        ("LINKTRACK_DATABASE_URL", "sqlite:///linktrack.key", "is linktrack.key already"),
        ("LINKTRACK_SERVE_LOG", "scripts", "is scripts already"),
    ],
)
def test_init_makes_nothing_where_the_environment_is_wrong(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    done = run("init", tmp_path / "w", "--base-url", "https://e.com")
    assert done.code == 3 and said in done.err
    assert not (tmp_path / "w").exists()


def test_rotation_keeps_the_old_key(workspace: Workspace, run: Run) -> None:
    before = workspace.key_path.read_text()
    assert run("key", "rotate").code == 0
    assert workspace.key_path.read_text().startswith(before)
    assert [row["signs"] for row in run("key", "list", "--format", "json").json] == [False, True]
    assert workspace.key_path.stat().st_mode & 0o777 == 0o600


def test_the_commented_configuration_shows_every_setting_with_its_default() -> None:
    path = Path(__file__).parents[2] / "configs" / "linktrack.toml"
    raw = tomllib.loads(path.read_text("utf-8"))

    def names(section: type[BaseModel], table: dict[str, Any], place: str = "") -> None:
        absent = {name for name, field in section.model_fields.items() if field.default is None}  # what TOML cannot say
        assert set(table) == {field.alias or name for name, field in section.model_fields.items()} - absent, place
        assert all(f"\n# {name} = " in path.read_text("utf-8") for name in absent)
        for name, field in section.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                names(inner, table[field.alias or name], f"{place}.{name}")

    names(Settings, raw)
    assert Settings.model_validate(raw) == Settings(base_url=raw["base_url"])


@pytest.mark.parametrize(
    "url",
    ["mysql://host/db", "sqlite:linktrack.db", "sqlite:///", "sqlite:///x.db?mode=ro", "postgresql://host:port/db",
     "postgresql+psycopg2://host/db", "postgresql+psycopg://host/db?sslmod=require"],
)  # fmt: skip
def test_a_database_that_no_connection_can_be_made_to_is_refused_where_it_is_written(tmp_path: Path, url: str) -> None:
    (tmp_path / "linktrack.toml").write_text(f'base_url = "https://e.com"\n\n[database]\nurl = "{url}"\n')
    with pytest.raises(BadInput, match=r"linktrack\.toml:4: "):
        load_workspace(tmp_path, {})
