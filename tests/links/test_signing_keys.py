"""The signing keys of a workspace: which ones sign and verify, and what happens to a file that is not the right one."""

from __future__ import annotations

import multiprocessing
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.links.signing_keys import list_keys, open_keys, revoke_key, rotate_key
from linktrack.links.tokens import Keyring, Tokens
from linktrack.store.opening import open_database
from linktrack.store.revisions import workspace_id
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


@pytest.mark.parametrize("where", ["the file", "the environment"])
def test_one_secret_under_two_ids_is_refused(
    workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Copied by hand, it would be adopted as a new key that signs what the old one signs."""
    secret = ring(workspace).secrets[0]
    text = Keyring({0: secret}).text() + f"1:{secret.hex().upper()}\n"
    if where == "the file":
        workspace.key_path.write_text(text, "ascii")
    else:
        monkeypatch.setenv("LINKTRACK_SECRET", text)
    for command in (["key", "rotate"], ["key", "list"], ["backup", "b.tar.gz"]):
        refused = run(*command)
        assert refused.code == 3
        assert "the signing keys 0 and 1 are one and the same: remove the entry 1" in refused.err
        assert secret.hex() not in refused.err.lower()
    looked = run("doctor", "--format", "json")
    assert [row["state"] for row in looked.json if row["check"] == "key"] == ["error"]


def test_a_revoked_key_does_not_come_back_under_another_id(workspace: Workspace) -> None:
    first = ring(workspace)
    with open_database(workspace) as database:
        rotate_key(workspace, database)
        revoke_key(workspace, database, 0)
        kept = ring(workspace).text()
        workspace.key_path.write_text(f"{kept}2:{first.secrets[0].hex()}\n", "ascii")
        with pytest.raises(BadInput, match=r"the key 2 in .* is the key 0 again"):
            rotate_key(workspace, database)
        assert database.value("SELECT count(*) FROM signing_key") == 2


def test_nothing_is_asked_about_a_key_that_is_not_there(workspace: Workspace, run: Run) -> None:
    refused = run("key", "revoke", "--", "-1")
    assert (refused.code, "there is no key -1" in refused.err) == (4, True), refused.err
    assert "End the key" not in refused.err + refused.out
    only = run("key", "revoke", "0")
    assert (only.code, "End the key" in only.err + only.out) == (5, False), only.err


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
        ("backup", "b.tar.gz"),
        ("key", "rotate"),
    ):
        done = run(*command)
        assert (done.code, done.out) == (3, ""), command
        assert "from a backup" in done.err and "linktrack key revoke 0" in done.err, command
    listed = run("key", "list", "--format", "tsv")
    assert listed.code == 6 and "from a backup" in listed.err
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
    assert set(rows[0]) == {"key", "signs", "verifies", "created_at", "revoked_at", "state", "fingerprint"}
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


# --- a lost key ------------------------------------------------------------------------------------------------------

MAILING = ("mailing", "rewrite", "news", "--contacts", "people.csv", "--again", "--out")
_ADVICE = re.compile(r"linktrack (key (?:list|rotate|revoke \d+))")
_SET = re.compile(r"(?:set it to|add a new entry) (\d+:)HEX")


def _two_keys(workspace: Workspace) -> str:
    """Rotate, and return the text of both keys."""
    with open_database(workspace) as database:
        rotate_key(workspace, database)
    return workspace.secret()


def _gone(path: Path) -> None:
    path.unlink()


def _as(text: str | bytes) -> Callable[[Path], None]:
    def lose(path: Path) -> None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    return lose


def _without(number: int) -> Callable[[Path], None]:
    def lose(path: Path) -> None:
        kept = [entry for entry in path.read_text().split() if not entry.startswith(f"{number}:")]
        path.write_text("\n".join(kept))

    return lose


def _secret_of(run: Run, said: str, monkeypatch: pytest.MonkeyPatch, secret: str) -> str:
    """LINKTRACK_SECRET as a sentence says that it should be set."""
    entry = f"{_SET.findall(said)[0]}{'7e' * 32}"
    secret = f"{secret},{entry}" if "add a new entry" in said else entry
    monkeypatch.setenv("LINKTRACK_SECRET", secret)
    return secret


@pytest.mark.parametrize(
    ("begin", "keys", "lose", "environment"),
    [
        pytest.param("rewrite", 1, _gone, None, id="the only key, its file is gone"),
        pytest.param("backup b.tar.gz", 2, _gone, None, id="two keys, their file is gone"),
        pytest.param("key rotate", 1, _as(""), None, id="the file is empty"),
        pytest.param("key list", 2, _as("# nothing\n"), None, id="the file has only a comment"),
        pytest.param("doctor", 1, _as("garbled"), None, id="the file is garbled"),
        pytest.param("rewrite", 2, _as(b"\xff\xfe\0k"), None, id="the file is no text"),
        pytest.param("backup b.tar.gz", 1, _as(OTHER), None, id="the file is another workspace's"),
        pytest.param("key rotate", 2, _without(0), None, id="the older one of two"),
        pytest.param("key list", 2, _without(1), None, id="the signing one of two"),
        pytest.param("doctor", 1, _gone, "", id="LINKTRACK_SECRET was it, and is lost"),
        pytest.param("rewrite", 1, _gone, "garbled", id="LINKTRACK_SECRET is garbled"),
        pytest.param("backup b.tar.gz", 1, _gone, f"0:{'ab' * 32}", id="LINKTRACK_SECRET is another one"),
        pytest.param("key rotate", 2, _gone, f"0:{'ab' * 32},1:{'ac' * 32}", id="LINKTRACK_SECRET has two others"),
    ],
)
def test_who_follows_each_sentence_about_a_lost_key_has_a_working_workspace(
    workspace: Workspace,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    begin: str,
    keys: int,
    lose: Callable[[Path], None],
    environment: str | None,
) -> None:
    """Whatever fails first: the command that its last words name is the next one, till nothing is left to say."""
    (workspace.root / "mail.html").write_text('<a href="https://shop.example/">x</a>')
    (workspace.root / "people.csv").write_text("contact_id,email,name\n1,a@x.example,Anna\n")
    assert run("mailing", "add", "news", "mail.html").code == 0
    assert run(*MAILING, "sent").code == 0
    if keys == 2:
        _two_keys(workspace)
    lose(workspace.key_path)
    secret = environment or ""
    if environment is not None:
        monkeypatch.setenv("LINKTRACK_SECRET", secret)
    command = shlex.join([*MAILING, "more"]) if begin == "rewrite" else begin
    done, asked = run(*shlex.split(command)), [begin]
    assert done.code in (3, 6), done.err
    while True:
        said = done.err + (done.out if command == "doctor" else "")
        if _SET.search(said):
            assert done.code == 5
            secret = _secret_of(run, said, monkeypatch, secret)
        advice = _ADVICE.findall(said)
        if not advice:
            break
        command = advice[-1]
        asked.append(command)
        assert len(asked) <= 8, asked
        done = run(*command.split(), *(["--yes"] if "revoke" in command else []))
    assert done.code == 0, (asked, done.err)
    left = {row["state"] for row in run("key", "list", "--format", "json").json}
    assert left <= {"signs", "verifies", "revoked"} and "signs" in left
    for works in ([*MAILING, "more"], ["backup", "works.tar.gz"], ["key", "list"]):
        done = run(*works)
        assert done.code == 0, (works, done.err)
    found = [row for row in run("doctor", "--format", "json").json if row["check"] == "key"]
    assert all(row["state"] == "ok" or re.search("remove (it|them) from", row["advice"]) for row in found), found


@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_key_of_several_is_listed_and_given_up_and_the_others_go_on(
    workspace: Workspace, run: Run, lost: int
) -> None:
    _two_keys(workspace)
    with open_database(workspace) as database:
        tokens = {number: _signed(workspace, number) for number in (0, 1)}
        _without(lost)(workspace.key_path)
        prints = {row.key: row.fingerprint for row in list_keys(workspace, database)}
        listed = run("key", "list", "--format", "json")
        states = {row["key"]: row["state"] for row in listed.json}
        assert listed.code == 6 and states == {lost: "lost", 1 - lost: "verifies"}
        assert prints[0] == database.value("SELECT fingerprint FROM signing_key WHERE id = 0").hex()
        assert run("key", "revoke", lost, "--yes").code == 0
        keys = open_keys(workspace, database)
        assert keys.keyring.signing_id == 1 - lost
        assert keys.tokens.verify(tokens[1 - lost]) == (7, 9)
        assert keys.tokens.verify(tokens[lost]) is None


def _signed(workspace: Workspace, number: int) -> str:
    with open_database(workspace) as database:
        return Tokens(ring(workspace).only([number]), workspace_id(database)).sign(7, 9)


def test_a_good_key_does_not_end_while_the_others_are_lost(workspace: Workspace, run: Run) -> None:
    _two_keys(workspace)
    _without(1)(workspace.key_path)
    refused = run("key", "revoke", "0", "--yes")
    assert refused.code == 5 and "linktrack key rotate first" in refused.err
    refused = run("key", "rotate")
    assert refused.code == 3 and "linktrack key revoke 1" in refused.err
    for command in (("key", "revoke", "1", "--yes"), ("key", "rotate"), ("key", "revoke", "0", "--yes")):
        assert run(*command).code == 0, command
    assert [row["state"] for row in run("key", "list", "--format", "json").json] == ["revoked", "revoked", "signs"]


def test_when_the_sixteenth_key_is_lost_the_way_out_is_a_new_workspace(workspace: Workspace, run: Run) -> None:
    with open_database(workspace) as database:
        for number in range(1, 16):
            rotate_key(workspace, database)
            revoke_key(workspace, database, number - 1)
    kept = run("key", "revoke", "15", "--yes")
    assert kept.code == 5 and "it stays" in kept.err and "rotate" not in kept.err
    _gone(workspace.key_path)
    assert "linktrack init DIR" in run("key", "revoke", "15", "--yes").err
    for command, code in ((("key", "list"), 6), (("key", "rotate"), 5), (("backup", "b.tar.gz"), 3)):
        done = run(*command)
        assert (done.code, "linktrack init DIR" in done.err) == (code, True), done.err


def test_a_file_that_others_can_read_is_not_lost(workspace: Workspace, run: Run) -> None:
    workspace.key_path.chmod(0o644)
    for command in (("key", "list"), ("key", "rotate"), ("key", "revoke", "0", "--yes"), ("backup", "b.tar.gz")):
        done = run(*command)
        assert (done.code, "chmod 600" in done.err) == (3, True), command


def test_an_older_key_of_this_place_is_not_promised_to_be_taken_in(workspace: Workspace, run: Run) -> None:
    """A key of an id that there was is no newer one of this workspace."""
    _two_keys(workspace)
    assert run("key", "revoke", "0", "--yes").code == 0
    workspace.key_path.write_text(OTHER + workspace.key_path.read_text())
    said = run("key", "list").err
    assert "the key 0 in" in said and "remove it from" in said and "rotate" not in said
