"""What is unusual about an import is said, with --quiet too."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from clicks_world import World, line, shell

from linktrack.clicks.summary import Tally


def quietly(world: World, log: Path) -> subprocess.CompletedProcess[str]:
    command = shell(world, str(log))
    return subprocess.run([*command[:3], "--quiet", *command[3:]], capture_output=True, text=True, check=False)


def test_addresses_of_ours_in_an_unknown_format_are_said(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    known = [line(world.path(1, 1 + number % 30), 600 + number) for number in range(50)]
    unknown = [f"visit;{number};{world.path(2, 1 + number)};done\n".encode() for number in range(30)]
    log.write_bytes(b"".join(known + unknown))
    done = quietly(world, log)
    assert done.returncode == 0, "they are rejected lines like others, and the fewer"
    assert "30 new lines with addresses of ours cannot be read" in done.stderr
    assert "--log-format" in done.stderr
    assert quietly(world, log).stderr == "", "once"


def test_addresses_of_ours_in_unknown_json(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    known = [line(world.path(1, 1 + number % 30), 600 + number) for number in range(50)]
    slash = [json.dumps({"p": world.path(2, 1 + n), "n": n}).replace("/", "\\/").encode() + b"\n" for n in range(9)]
    log.write_bytes(b"".join(known + slash))
    assert "9 new lines with addresses of ours cannot be read" in quietly(world, log).stderr


@pytest.mark.parametrize("how", ["truncate", "full", "none"])
def test_one_untrusted_address_behind_most_clicks_is_said(world: World, tmp_path: Path, how: str) -> None:
    settings = world.workspace.root / "linktrack.toml"
    settings.write_text(settings.read_text("utf-8").replace('ip = "truncate"', f'ip = "{how}"'), "utf-8")
    log = tmp_path / "access.log"
    lines = [line(world.path(1, 1 + number), 600 + 60 * number, ip="203.0.113.7") for number in range(30)]
    log.write_bytes(b"".join(lines))
    done = quietly(world, log)
    shown = "203.0.113.7" if how == "full" else "203.0.113.0"
    assert f"One address, {shown}, is behind 30 of 30 clicks" in done.stderr
    kept = {click[6] for click in world.clicks()}
    assert kept == {"" if how == "none" else shown}
    copy = tmp_path / "copy.log"
    copy.write_bytes(b"\n" + log.read_bytes())
    assert (world.load(copy).repeated, world.load(copy).unusual) == (30, ()), "once"
    assert "is behind 30 of 30 clicks" in world.load(log, again=True).unusual[0]


def as_json(world: World, number: int, key: str) -> bytes:
    told = {"time": f"2026-05-04T09:{number:02}:00Z", "status": 302, "method": "GET", "uri": world.path(1, 1 + number)}
    return json.dumps({**told, "http_user_agent": "a browser", key: f"203.0.{number}.9"}).encode() + b"\n"


@pytest.mark.parametrize(
    ("key", "how", "said"),
    [("who", "truncate", True), ("who", "full", True), ("who", "none", False), ("client_ip", "truncate", False)],
)
def test_clicks_without_any_address_are_said(world: World, tmp_path: Path, key: str, how: str, said: bool) -> None:
    settings = world.workspace.root / "linktrack.toml"
    settings.write_text(settings.read_text("utf-8").replace('ip = "truncate"', f'ip = "{how}"'), "utf-8")
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(as_json(world, number, key) for number in range(30)))
    done = quietly(world, log)
    assert done.returncode == 0
    assert ("30 of 30 clicks came without the visitor's address" in done.stderr) == said
    assert ("--log-format" in done.stderr) == said
    assert quietly(world, log).stderr == ""


def test_a_few_clicks_without_an_address_are_nothing_unusual(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    lines = (as_json(world, number, "client_ip" if number > 9 else "who") for number in range(30))
    log.write_bytes(b"".join(lines))
    assert quietly(world, log).stderr == ""


def test_folders_in_a_folder_of_logs_are_passed_over_and_said(world: World, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "access.log"
    for folder in ("vhosts", "2025", ".hidden"):
        (log.parent / folder).mkdir(parents=True)
        (log.parent / folder / "more.log").write_bytes(line(world.path(1, 2), 900))
    log.write_bytes(line(world.path(1, 1)))
    summary = world.load(log.parent)
    assert (summary.stored, summary.problems, summary.alarm) == (1, (), "")
    assert summary.hints == (
        f"{log.parent}: 2 folders in it were passed over (2025, vhosts): name them to import the logs in them, too.",
    )
    assert world.load(log.parent / "vhosts", log.parent).stored == 1
    log.unlink()
    (said,) = world.load(log.parent).unusual
    assert said.startswith(f"{log.parent}: 2 folders in it were passed over"), "also with --quiet: nothing was read"


def test_the_alarm_of_events_without_a_mailing_says_how_to_name_it() -> None:
    tally = Tally(50, again=False, may_be_of_later_key=lambda _: False, suspects=30)
    tally.reasons.update({"unknown-mailing": 29, "unknown-target": 1})
    summary = tally.summary(final=True)
    for said in (summary.alarm, *summary.hints):
        assert "--mailing NAME" in said and "mailing_variable" in said
    tally.reasons["unknown-target"] = 40
    assert "--mailing NAME" not in tally.summary(final=True).alarm


@pytest.mark.parametrize("value", [{"hello": "world"}, [{"path": "/x"}], {"many": list(range(50))}], ids=str)
def test_a_whole_json_value_of_no_known_format_does_not_wait(world: World, tmp_path: Path, value: object) -> None:
    log = tmp_path / "events.json"
    log.write_text(json.dumps(value), "utf-8")
    done = quietly(world, log)
    assert done.returncode == 3
    assert "none of the log formats" in done.stderr


def test_half_of_a_json_value_waits(world: World, tmp_path: Path) -> None:
    log = tmp_path / "events.json"
    log.write_text('{"hello": "wor', "utf-8")
    summary = world.load(log)
    assert (summary.waiting, summary.read) == (1, 0)
