"""What is stored is seen before, whatever has become of its key, link, mailing, shipment or person since."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clicks_world import SENT, World, adds_up, line, state, through_a_pipe

from linktrack.clicks.load import import_logs
from linktrack.clicks.logs.import_terms import ImportOptions
from linktrack.clicks.reset import reset_link
from linktrack.links.signing_keys import revoke_key, rotate_key
from linktrack.upkeep.forget import forget_person
from linktrack.upkeep.purge import purge_clicks
from linktrack.workspace import load_workspace


def revoke(world: World) -> None:
    with world.database() as database:
        rotate_key(world.workspace, database)
        revoke_key(world.workspace, database, 0)


def say(*statements: str) -> Callable[[World], None]:
    """Something that happens to the catalogue."""

    def happen(world: World) -> None:
        with world.database() as database, database.transaction():
            for statement in (*statements, "UPDATE workspace SET catalogue = catalogue + 1"):
                database.execute(statement)

    return happen


def forget(world: World) -> None:
    with world.database() as database:
        forget_person(world.workspace, database, "C1", SENT)


CHANGES: dict[str, Callable[[World], None]] = {
    "its key was revoked": revoke,
    "the link was deleted": say("UPDATE link SET deleted_at = 1 WHERE key = 'link-1'"),
    "the mailing was deleted": say("UPDATE mailing SET deleted_at = 1 WHERE id = 1"),
    "the shipment was cancelled": say("UPDATE shipment SET cancelled_at = 1 WHERE id = 1"),
    "the person was forgotten": forget,
    "the link's page with a button is gone": say("UPDATE link SET confirm = FALSE WHERE key = 'link-4'"),
}
TWICE = 2


def a_log(world: World, tmp_path: Path) -> Path:
    lines = [line(world.path(1 + number % 3, 1 + number % 5), 600 + 40 * number) for number in range(60)]
    lines += [line(world.path(1, 1), 9_000)] * TWICE
    lines += [line(world.path(4, 2), 9_100, method="POST", status=303)]
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(lines))
    return log


@pytest.mark.parametrize("again", [False, True], ids=["plainly", "with --again"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_stored_line_is_seen_before_although(world: World, tmp_path: Path, change: str, again: bool) -> None:
    say("UPDATE link SET confirm = TRUE WHERE key = 'link-4'")(world)
    log = a_log(world, tmp_path)
    assert world.load(log).stored == 63
    CHANGES[change](world)
    before = state(world)
    copy = tmp_path / "copy.log"  # known by nothing but its lines
    copy.write_bytes(line("/", 1) + log.read_bytes())
    summary = world.load(copy, again=again)
    assert adds_up(summary)
    assert (summary.repeated, summary.stored, summary.rejected, summary.alarm) == (63, 0, 0, "")
    assert state(world) == before


NO_CLICKS: dict[str, tuple[str, dict[str, Any]]] = {
    "HEAD": ("method", {"method": "HEAD"}),
    "POST where nothing acts": ("method", {"method": "POST", "status": 405}),
    "a method in small letters": ("method", {"method": "get", "status": 405}),
    "a method with a hyphen": ("method", {"method": "M-SEARCH", "status": 405}),
    "an error": ("status", {"status": 500}),
    "an address that was changed, in vain": ("status", {"status": 404, "tail": "%0d%0a"}),
}


@pytest.mark.parametrize("again", [False, True], ids=["plainly", "with --again"])
@pytest.mark.parametrize("case", NO_CLICKS)
def test_what_was_rejected_before_its_key_was_revoked_is_not_new_after_it(
    world: World, tmp_path: Path, case: str, again: bool
) -> None:
    reason, asked = NO_CLICKS[case]
    tail = asked.get("tail", "")
    more = {key: value for key, value in asked.items() if key != "tail"}
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(line(world.path(1, 1 + n % 3) + tail, 600 + n // 2, **more) for n in range(50)))
    before = world.load(log)
    assert (before.rejected, dict(before.reasons), before.alarm) == (50, {reason: 50}, "")
    revoke(world)
    after = world.load(log, again=again)
    assert adds_up(after)
    assert (after.stored, dict(after.reasons), after.alarm) == (0, {"revoked-key": 50}, "")
    with log.open("ab") as file:
        file.writelines(line(world.path(1, 1 + n % 3), 9_000 + n) for n in range(50))
    alarm = world.load(log).alarm
    assert "50 of the 50 new lines" in alarm and "revoked for ever" in alarm and "--again" not in alarm


def test_what_a_reset_took_away_before_its_key_was_revoked_is_not_new_after_it(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(line(world.path(1, 1 + n % 3), 600 + n) for n in range(50)))
    assert world.load(log).stored == 50
    with world.database() as database:
        reset_link(world.workspace, database, "link-1", SENT + 1_000_000)
    revoke(world)
    after = world.load(log, again=True)
    assert (after.stored, dict(after.reasons), after.alarm) == (0, {"before-reset": 50}, "")


@pytest.mark.parametrize("way", ["again", "a pipe", "another file", "reset twice", "a cut", "purged before it"])
def test_what_a_reset_took_away_does_not_come_back_whatever_its_time(world: World, tmp_path: Path, way: str) -> None:
    """A server's clock may be ahead, and a local time read as UTC: such clicks lie behind the reset's moment."""
    log, moment = tmp_path / "access.log", SENT + 1_000_000
    ahead = [line(world.path(1, 1), 3_600), line(world.path(1, 1), 3_600), line(world.path(1, 2), 90_000)]
    late = [one.replace(b"/2026:", b"/9999:") for one in (line(world.path(1, 3), 60), line(world.path(1, 4), 60))]
    lines = [line(world.path(1, 5), 600), *ahead, *late, line(world.path(2, 6), 3_600)]
    log.write_bytes(b"".join(lines))
    assert world.load(log).stored == 7
    with world.database() as database:
        assert reset_link(world.workspace, database, "link-1", moment) == 6
        if way == "reset twice":
            assert reset_link(world.workspace, database, "link-1", moment + 1) == 0
        if way == "purged before it":
            purge_clicks(world.workspace, database, moment, moment, even_open=True)
    before = state(world)
    if way == "a pipe":
        with through_a_pipe(log.read_bytes()) as pipe:
            after = world.load(Path(pipe))
    elif way in ("another file", "a cut"):
        other = tmp_path / "other.log"
        other.write_bytes(b"".join(lines[2:] if way == "a cut" else [*lines, b"\n"]))
        after = world.load(other)
    else:
        after = world.load(log, again=True)
    assert (after.stored, state(world)) == (0, before)
    with log.open("ab") as file:
        file.write(line(world.path(1, 1), 3_600) + line(world.path(1, 7), 3_600))
    assert world.load(log).stored == 2, "what comes after the reset counts, also the equal of what it took away"


def test_what_is_not_stored_is_judged_by_todays_keys(world: World, tmp_path: Path) -> None:
    log = a_log(world, tmp_path)
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    world.load(log)
    revoke(world)
    with log.open("ab") as file:
        file.write(line(world.path(1, 1), 9_000) + line(world.path(2, 7), 9_500))  # a third equal one, and another
    rejects = tmp_path / "rejects.tsv"
    with world.database() as database, rejects.open("w", encoding="utf-8") as file:
        summary = import_logs(world.workspace, database, [str(log)], ImportOptions(again=True), rejected=file)
    assert adds_up(summary)
    assert (summary.repeated, dict(summary.reasons)) == (62, {"revoked-key": 2})
    assert [row.split("\t")[0] for row in rejects.read_text("utf-8").splitlines()] == ["revoked-key"] * 2


def test_a_log_that_goes_on_after_its_key_was_revoked_is_rejected_from_there(world: World, tmp_path: Path) -> None:
    log = a_log(world, tmp_path)
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    world.load(log)
    revoke(world)
    before = state(world)
    with log.open("ab") as file:
        file.write(line(world.path(1, 1), 9_000) + line(world.path(4, 2), 9_600))
    summary = world.load(log)
    assert adds_up(summary)
    assert dict(summary.reasons) == {"revoked-key": 2}
    assert state(world) == before


def test_again_gives_stored_clicks_of_a_revoked_key_their_visitors_address(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(line(world.path(1, 1), 600, ip="203.0.113.9"))
    assert world.load(log).stored == 1
    revoke(world)
    settings = world.workspace.root / "linktrack.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace('ip = "truncate"', 'ip = "none"'), "utf-8")
    other = World(load_workspace(world.workspace.root, {}), world.tokens)
    summary = other.load(log, again=True)
    assert (summary.repeated, summary.readdressed) == (1, 1)
    assert [click[6] for click in other.clicks()] == [""]


def sendgrid(number: int, **more: Any) -> dict[str, Any]:
    event = {
        "event": "click", "email": "c1@example.com", "timestamp": SENT // 1000 + 600 + number, "ip": "192.0.2.9",
        "useragent": "Mozilla/5.0", "url": "https://www.example.com/1", "sg_event_id": f"id-{number}",
        "mailing": "spring",
    }  # fmt: skip
    return event | more


EVENT_CHANGES: dict[str, Callable[[World], None]] = {
    "the person was forgotten": forget,
    "the person has another address, and another person the old one": say(
        "UPDATE recipient SET email = 'new@example.com' WHERE id = 1",
        "UPDATE recipient SET email = 'c1@example.com' WHERE id IN (2, 3)",
    ),
    "the mailing has another name": say("UPDATE mailing SET name = 'april' WHERE id = 1"),
    "the mailing went out once more": say(
        "INSERT INTO shipment_recipient (shipment_id, position, recipient_id, email, name) "
        "VALUES (2, 1, 1, 'c1@example.com', 'Person 1')"
    ),
}


@pytest.mark.parametrize("change", EVENT_CHANGES)
def test_a_stored_event_is_seen_before_although(world: World, tmp_path: Path, change: str) -> None:
    say("DELETE FROM shipment_recipient WHERE shipment_id IN (2, 3)")(world)
    file = tmp_path / "events.json"
    file.write_text(json.dumps([sendgrid(number) for number in range(30)]), "utf-8")
    stored = world.load(file, mailing=None, log_format="sendgrid")
    EVENT_CHANGES[change](world)
    before = state(world)
    summary = world.load(file, again=True, log_format="sendgrid")
    assert adds_up(summary)
    assert (stored.stored, summary.repeated, summary.rejected, summary.alarm) == (30, 30, 0, "")
    assert state(world) == before
