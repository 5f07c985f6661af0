"""The signing keys of a workspace: which ones sign and verify, and what happens to a file that is not the right one."""

from __future__ import annotations

import multiprocessing
import re
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.links.keys import list_keys, open_keys, revoke_key, rotate_key
from linktrack.links.tokens import Keyring
from linktrack.store.session import open_database
from linktrack.workspace import Workspace, load_workspace

OTHER = Keyring({0: bytes(range(32))}).text()


def ring(workspace: Workspace) -> Keyring:
    return Keyring.parse(workspace.secret())


def test_a_rotation_adds_a_key_that_signs_and_says_how_many_are_left(workspace: Workspace, run: Run) -> None:
    done = run("key", "rotate")
    assert done.code == 0
    assert "Key 1 signs from now on" in done.err
    assert "14 more" in done.err
    with open_database(workspace) as database:
        assert [(row.key, row.signs, row.verifies) for row in list_keys(workspace, database)] == [
            (0, False, True),
            (1, True, True),
        ]


def test_the_seventeenth_key_is_refused_and_ids_are_never_used_again(workspace: Workspace) -> None:
    with open_database(workspace) as database:
        for number in range(1, 16):
            assert rotate_key(workspace, database) == (number, 15 - number)
            revoke_key(workspace, database, number - 1)
        with pytest.raises(Conflict, match="16 keys"):
            rotate_key(workspace, database)
        assert list(open_keys(workspace, database).keyring.secrets) == [15]


def _rotate(root: str) -> None:
    workspace = load_workspace(Path(root), {})
    with open_database(workspace) as database:
        rotate_key(workspace, database, wait=60)


def test_six_rotations_at_once_make_six_keys(workspace: Workspace) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_rotate, args=(str(workspace.root),)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert sorted(ring(workspace).secrets) == [0, 1, 2, 3, 4, 5, 6]
    with open_database(workspace) as database:
        assert len(open_keys(workspace, database).keyring.secrets) == 7


def test_a_key_that_a_killed_rotation_left_in_the_file_is_adopted(workspace: Workspace) -> None:
    left = ring(workspace).with_new(1)
    workspace.key_path.write_text(left.text(), "ascii")
    with open_database(workspace) as database:
        assert open_keys(workspace, database).foreign == (1,)
        assert rotate_key(workspace, database)[0] == 1
        assert open_keys(workspace, database).keyring == left


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(OTHER, id="the key of another workspace"),
        pytest.param("", id="an empty file"),
        pytest.param(f"3:{'ab' * 32}", id="another id"),
        pytest.param(f"0:{'00' * 32}", id="an all-zero key"),
    ],
)
def test_nothing_is_signed_or_verified_without_the_right_key(workspace: Workspace, run: Run, text: str) -> None:
    (workspace.root / "mail.html").write_text('<a href="https://shop.example/">x</a>')
    (workspace.root / "people.csv").write_text("contact_id,email,name\n1,a@x.example,Anna\n")
    (workspace.root / "a.log").write_text("nothing\n")
    assert run("mailing", "add", "news", "mail.html").code == 0
    assert run("mailing", "rewrite", "news", "--contacts", "people.csv", "--out", "sent").code == 0
    workspace.key_path.write_text(text, "ascii")
    for command in (
        ("click", "import", "a.log"),
        ("mailing", "rewrite", "news", "--contacts", "people.csv", "--out", "more"),
        ("shipment", "render", "1", "--out", "more"),
        ("key", "list"),
    ):
        done = run(*command)
        assert (done.code, done.out) == (3, ""), command
        assert "backup" in done.err, command
    assert run("link", "list").code == 0
    assert run("doctor").code == 6
    assert not (workspace.root / "more").exists()


def test_a_file_that_lacks_the_older_key_is_refused(workspace: Workspace) -> None:
    with open_database(workspace) as database:
        rotate_key(workspace, database)
        workspace.key_path.write_text(ring(workspace).only([1]).text(), "ascii")
        with pytest.raises(BadInput, match="key 0"):
            open_keys(workspace, database)


def test_a_key_beyond_those_that_are_known_neither_signs_nor_verifies(workspace: Workspace, run: Run) -> None:
    workspace.key_path.write_text(ring(workspace).with_new(9).text(), "ascii")
    with open_database(workspace) as database:
        keys = open_keys(workspace, database)
        assert (keys.keyring.signing_id, list(keys.keyring.secrets), keys.foreign) == (0, [0], (9,))
    assert "key 9 is not of this workspace" in run("doctor").out


def test_two_new_keys_of_the_environment_are_adopted_one_after_the_other(workspace: Workspace) -> None:
    keys = f"{workspace.secret().strip()},1:{'5a' * 32},2:{'5b' * 32}"
    held = load_workspace(workspace.root, {"LINKTRACK_SECRET": keys})
    with open_database(held) as database:
        for number in (1, 2):
            assert rotate_key(held, database)[0] == number
            assert open_keys(held, database).keyring.signing_id == number


def test_a_key_that_is_not_of_this_workspace_is_said_once_also_to_who_wants_to_hear_nothing(
    workspace: Workspace, run: Run
) -> None:
    workspace.key_path.write_text(ring(workspace).with_new(9).text(), "ascii")
    result = run("--quiet", "key", "list")
    assert result.err.count("the key 9 in") == 1
    with open_database(workspace, warn=(said := list[str]()).append) as database:
        open_keys(workspace, database)
        open_keys(workspace, database)
    assert len(said) == 1


def test_a_revoked_key_leaves_the_file_and_is_listed_for_ever(workspace: Workspace, run: Run) -> None:
    assert run("key", "rotate").code == 0
    assert run("key", "revoke", "0").code == 2, "there is no terminal to ask at"
    assert run("key", "revoke", "0", "--yes").code == 0
    rows = run("key", "list", "--format", "json").json
    assert [(row["key"], row["signs"], row["verifies"], bool(row["revoked_at"])) for row in rows] == [
        (0, False, False, True),
        (1, True, True, False),
    ]
    assert set(rows[0]) == {"key", "signs", "verifies", "created_at", "revoked_at"}
    assert re.fullmatch(r"1:[0-9a-f]{64}\n", workspace.key_path.read_text("ascii"))


def test_what_cannot_be_revoked(workspace: Workspace) -> None:
    with open_database(workspace) as database:
        with pytest.raises(Conflict, match="only one left"):
            revoke_key(workspace, database, 0)
        with pytest.raises(NotFound, match="no key 5"):
            revoke_key(workspace, database, 5)
        rotate_key(workspace, database)
        revoke_key(workspace, database, 0)
        with pytest.raises(Conflict, match="already"):
            revoke_key(workspace, database, 0)


def test_keys_of_the_environment_are_rotated_by_the_user_and_adopted(workspace: Workspace) -> None:
    first = workspace.secret().strip()
    held = load_workspace(workspace.root, {"LINKTRACK_SECRET": first})
    with open_database(held) as database:
        assert open_keys(held, database).keyring == ring(workspace)
        with pytest.raises(Conflict, match="LINKTRACK_SECRET: add a new entry 1:HEX"):
            rotate_key(held, database)
        both = load_workspace(workspace.root, {"LINKTRACK_SECRET": f"{first},1:{'5a' * 32}"})
        assert open_keys(both, database).foreign == (1,)
        assert rotate_key(both, database)[0] == 1
        assert open_keys(both, database).keyring.signing_id == 1
        several = load_workspace(workspace.root, {"LINKTRACK_SECRET": f"{first},1:{'5a' * 32},2:{'5b' * 32}"})
        with pytest.raises(Conflict, match="add a new entry 2:HEX at its end"):
            rotate_key(both, database)
        assert rotate_key(several, database)[0] == 2
        swapped = load_workspace(workspace.root, {"LINKTRACK_SECRET": f"3:{'5c' * 32},{several.secret()}"})
        with pytest.raises(Conflict, match="add a new entry 3:HEX at its end"):
            rotate_key(swapped, database)
        revoke_key(both, database, 2)
        revoke_key(both, database, 0)
        assert set(open_keys(both, database).keyring.secrets) == {1}
    assert workspace.secret().strip() == first, "the file is not the environment's"
