"""Every option that writes, tried against what it must not destroy: its own inputs, the workspace's files, strangers'
links; and against pipes and devices, which are written into."""

from __future__ import annotations

import io
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests_support import Furnish, Run, call

MAIL = '<html><body><a href="https://shop.example/x">x</a> <a href="linktrack:unsubscribe">u</a></body></html>'
LINKS = '[[link]]\nkey = "offer"\nname = "Offer"\nurl = "https://www.example.com/offer"\nactions = []\n'
LOG = '192.0.2.1 - - [04/May/2026:09:10:00 +0000] "GET /abcd/efgh HTTP/1.1" 302 0 "-" "Mozilla/5.0"\n'

# The options that write a file, each behind its command; the inputs that stand in it are in `INPUTS`.
FILES = {
    "mailing tag -o": ["mailing", "tag", "mail.html", "--source", "s", "--campaign", "c", "-o"],
    "mailing preview -o": ["mailing", "preview", "news", "--contacts", "people.csv", "-o"],
    "click import --rejected": ["click", "import", "a.log", "--rejected"],
    "link export -o": ["link", "export", "-o"],
    "backup": ["backup"],
    "report links -o": ["report", "links", "--format", "csv", "-o"],
    "report links --format xlsx -o": ["report", "links", "--format", "xlsx", "-o"],
}
# And those that write a folder.
FOLDERS = {
    "mailing rewrite --out": ["mailing", "rewrite", "news", "--contacts", "people.csv", "--again", "--out"],
    "shipment render --out": ["shipment", "render", "1", "--out"],
    "action run --out": ["action", "run", "--crm", "people.csv", "--out"],
}
# The lists whose commands read a file: all lists are written in one way, so only their inputs are tried.
LISTS = {
    "doctor --crm -o": ["doctor", "--crm", "people.csv", "--format", "csv", "-o"],
    "link check --crm -o": ["link", "check", "--crm", "people.csv", "--format", "csv", "-o"],
    "link apply -o": ["link", "apply", "links.toml", "--dry-run", "--format", "csv", "-o"],
    "mailing check -o": ["mailing", "check", "mail.html", "--format", "csv", "-o"],
    "action run -o": ["action", "run", "--crm", "people.csv", "--dry-run", "--format", "json", "-o"],
}
INPUTS = {
    "mailing tag -o": "mail.html",
    "mailing preview -o": "people.csv",
    "click import --rejected": "a.log",
    "doctor --crm -o": "people.csv",
    "link check --crm -o": "people.csv",
    "link apply -o": "links.toml",
    "mailing check -o": "mail.html",
    "action run -o": "people.csv",
}
OWN = [
    "linktrack.toml", "linktrack.key", "linktrack.db", "linktrack.db-wal", "linktrack.db.before-0000",
    "linktrack.snapshot", "linktrack.exports", "linktrack.logs", "scripts/notify.py", "scripts/new.py",
    "clicklog/clicks-1.ndjson", "pages/text.html",
]  # fmt: skip


@pytest.fixture
def root(furnish: Furnish) -> Path:
    return furnish(_sent)


def _sent() -> None:
    """A workspace with a mailing that was sent, and every kind of file that belongs to one."""
    run, root = call, Path()
    (root / "mail.html").write_text(MAIL)
    (root / "links.toml").write_text(LINKS)
    (root / "a.log").write_text(LOG)
    (root / "people.csv").write_text("contact_id,email,name\n1,a@x.example,Anna\n")
    assert run("link", "apply", "links.toml").code == 0
    assert run("mailing", "add", "news", "mail.html").code == 0
    assert run("mailing", "rewrite", "news", "--contacts", "people.csv", "--out", "sent").code == 0
    for name in ("clicklog", "pages"):
        (root / name).mkdir()
    for name in (
        "linktrack.db.before-0000",
        "linktrack.snapshot",
        "linktrack.exports",
        "scripts/notify.py",
        "pages/text.html",
    ):
        (root / name).write_text("precious\n")
    (root / "clicklog" / "clicks-1.ndjson").write_text(
        '{"time": "2026-05-04T09:00:00.000+00:00", "ip": "192.0.2.0", "method": "GET", "path": "/", "status": 404, '
        '"user_agent": "x"}\n'
    )


def contents(root: Path) -> dict[str, bytes]:
    """What must stay as it is: the workspace's own files (not the database, into which jobs may write)."""
    return {name: (root / name).read_bytes() for name in OWN if (root / name).exists() and ".db" not in name[9:12]}


@pytest.mark.parametrize("command", FILES)
def test_no_file_of_the_workspace_is_written_over(root: Path, run: Run, command: str) -> None:
    before = contents(root)
    (root / "link-to-it").symlink_to("linktrack.key")
    for name in (*OWN, "link-to-it"):
        done = run(*FILES[command], name)
        assert done.code == 5, (name, done.err)
        assert name in done.err
    assert contents(root) == before
    assert run("link", "list").code == 0, "the database is the one it was"


@pytest.mark.parametrize("command", FOLDERS)
def test_no_folder_of_the_workspace_is_written_into(root: Path, run: Run, command: str) -> None:
    before = contents(root)
    for name in (*OWN, "scripts", "scripts/out", "clicklog", "clicklog/out", "pages", "pages/out"):
        done = run(*FOLDERS[command], name)
        assert done.code == 5, (name, done.err)
    assert contents(root) == before
    assert sorted(path.name for path in (root / "scripts").iterdir()) == ["notify.py"]


@pytest.mark.parametrize(
    "command",
    [
        ["init", "{}", "--base-url", "https://a.example"],
        ["restore", "../whole.tar.gz", "{}"],
        ["database", "copy", "sqlite:///linktrack.db", "sqlite:///{}"],
        ["demo", "{}"],
    ],
    ids=["init", "restore", "database copy", "demo"],
)
def test_no_workspace_or_database_is_made_among_a_workspaces_own_files(
    root: Path, run: Run, command: list[str]
) -> None:
    assert run("backup", "../whole.tar.gz").code == 0
    before = sorted(path for path in root.rglob("*") if not path.name.startswith(".linktrack-"))
    for name in ("linktrack.db-journal", "linktrack.db.new", "scripts/new", "pages/new", "clicklog/new"):
        done = run(*(word.format(name) for word in command))
        assert done.code == 5 and "belongs to a workspace" in done.err, (name, done.err)
    assert sorted(path for path in root.rglob("*") if not path.name.startswith(".linktrack-")) == before


def test_nor_beside_a_database_that_a_link_leads_to(root: Path, run: Run) -> None:
    assert run("backup", "../whole.tar.gz").code == 0
    (root.parent / "disk").mkdir()
    (root / "linktrack.db").rename(root.parent / "disk" / "data.sqlite")
    (root / "linktrack.db").symlink_to("../disk/data.sqlite")
    for command in (
        ("restore", "../whole.tar.gz", "../disk/data.sqlite-wal"),
        ("init", "../disk/data.sqlite-shm", "--base-url", "https://a.example"),
        ("database", "copy", "sqlite:///linktrack.db", "sqlite:///../disk/data.sqlite-journal"),
        ("click", "list", "--format", "csv", "-o", "../disk/data.sqlite"),
    ):
        done = run(*command)
        assert done.code == 5 and "belongs to a workspace" in done.err, (command, done.err)


@pytest.mark.parametrize("command", INPUTS)
def test_no_input_is_written_over(root: Path, run: Run, command: str) -> None:
    path = root / INPUTS[command]
    before = path.read_bytes()
    (root / "same").hardlink_to(path)
    (root / "link").symlink_to(path.name)
    for name in (path.name, f"./{path.name}", "same", "link"):
        done = run(*{**FILES, **LISTS}[command], name)
        assert done.code == 5, (name, done.err)
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", FILES)
def test_a_file_of_ones_own_is_replaced_or_refused_but_never_half_written(root: Path, run: Run, command: str) -> None:
    (root / "there").write_text("before")
    (root / "there").chmod(0o644)
    done = run(*FILES[command], "there")
    whole = (root / "there").read_bytes()
    assert done.code == (5 if command == "backup" else 0), done.err
    assert (whole == b"before") == (command == "backup")
    assert stat.S_IMODE((root / "there").stat().st_mode) == (0o644 if command == "backup" else 0o600)
    assert not [path for path in root.iterdir() if ".unfinished-" in path.name]


@pytest.mark.parametrize("command", [*FILES, *FOLDERS])
def test_parents_are_not_made(root: Path, run: Run, command: str) -> None:
    done = run(*(FILES.get(command) or FOLDERS[command]), "missing/deep/out")
    assert done.code == 4, done.err
    assert not (root / "missing").exists()


@pytest.mark.parametrize("command", [name for name in FILES if name != "backup"])
def test_a_link_of_somebody_else_is_refused(root: Path, run: Run, command: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a link of somebody else")
    (root / "victim").write_text("precious")
    (root / "planted").symlink_to("victim")
    os.lchown(root / "planted", 65_534, 65_534)
    assert run(*FILES[command], "planted").code == 5
    assert (root / "victim").read_text() == "precious"


@pytest.mark.parametrize("command", [*FILES, *FOLDERS])
def test_a_folder_that_somebody_else_has_linked_is_refused(root: Path, run: Run, command: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a link of somebody else")
    (root / "victim").mkdir()
    (root / "planted").symlink_to("victim")
    os.lchown(root / "planted", 65_534, 65_534)
    assert run(*(FILES.get(command) or FOLDERS[command]), "planted/out").code == 5
    assert list((root / "victim").iterdir()) == []


NEW_FOLDERS = {
    **FOLDERS,
    "redirects export": ["redirects", "export", "--for", "json"],
    "init": ["init", "--base-url", "https://click.example.com"],
    "restore": ["restore", "kept.tar.gz"],
    "demo": ["demo"],
}


@pytest.mark.parametrize("command", NEW_FOLDERS)
@pytest.mark.parametrize("by", ["its name", "a link of one's own to it"])
def test_a_folder_is_not_reached_by_a_link_of_somebody_else(root: Path, run: Run, command: str, by: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a link of somebody else")
    assert run("backup", "kept.tar.gz").code == 0
    (root / "victim").mkdir()
    (root / "planted").symlink_to("victim")
    os.lchown(root / "planted", 65_534, 65_534)
    (root / "mine").symlink_to("planted")
    done = run(*NEW_FOLDERS[command], root / ("planted" if by == "its name" else "mine"))
    assert done.code == 5 and "link" in done.err, done.err
    assert list((root / "victim").iterdir()) == []


def shell(root: Path, *arguments: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "linktrack", *arguments], cwd=root, **more)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("command", FILES)
@pytest.mark.parametrize("device", ["/dev/null", "/dev/stdout"])
def test_a_device_stays_a_device(root: Path, command: str, device: str) -> None:
    done = shell(root, *FILES[command], device, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert bool(done.stdout) == (device == "/dev/stdout")


@pytest.mark.parametrize("command", FILES)
def test_a_pipe_is_written_into(root: Path, command: str) -> None:
    os.mkfifo(root / "fifo")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((root / "fifo").read_bytes()))
    reader.start()
    done = shell(root, *FILES[command], "fifo", capture_output=True)
    if done.returncode:  # let the reader go
        (root / "fifo").write_bytes(b"")
    reader.join()
    assert done.returncode == 0, done.stderr
    assert read[0]
    assert stat.S_ISFIFO((root / "fifo").stat().st_mode)


@pytest.mark.parametrize(
    "command",
    [
        ["click", "import", "-", "--rejected", "in"],
        ["mailing", "tag", "-", "--source", "s", "--campaign", "c", "-o", "in"],
    ],
    ids=" ".join,
)
def test_what_standard_input_is_read_from_is_an_input(root: Path, command: list[str]) -> None:
    (root / "in").write_text(MAIL)
    with (root / "in").open("rb") as given:
        done = shell(root, *command, stdin=given, capture_output=True)
    assert done.returncode == 5, done.stderr
    assert (root / "in").read_text() == MAIL


def test_a_log_in_a_folder_that_is_imported_is_an_input(root: Path, run: Run) -> None:
    (root / "logs").mkdir()
    (root / "logs" / "b.log").write_text(LOG)
    assert run("click", "import", "logs", "--rejected", "logs/b.log").code == 5
    assert (root / "logs" / "b.log").read_text() == LOG
    assert run("click", "import", "logs", "--rejected", "rejected.log").code in (0, 6)


def test_a_backup_is_whole_and_its_owners_alone_with_the_key_that_is_used(root: Path) -> None:
    secret = (root / "linktrack.key").read_text().strip()
    (root / "linktrack.key").unlink()
    (root / "scripts").chmod(0o755)
    (root / "scripts" / "notify.py").chmod(0o755)
    for target in ("b.tar.gz", "-"):
        done = shell(root, "backup", target, capture_output=True, env={**os.environ, "LINKTRACK_SECRET": secret})
        assert done.returncode == 0, done.stderr
        archive = io.BytesIO(done.stdout if target == "-" else (root / target).read_bytes())
        with tarfile.open(fileobj=archive) as whole:
            modes = {member.name: member.mode for member in whole}
            key = whole.extractfile("linktrack.key")
            assert key is not None
            assert key.read().decode() == secret
        assert {name: modes[name] for name in ("linktrack.db", "linktrack.toml", "linktrack.key")} == dict.fromkeys(
            ("linktrack.db", "linktrack.toml", "linktrack.key"), 0o600
        )
        assert (modes["scripts"], modes["scripts/notify.py"]) == (0o700, 0o700)
    assert shell(root, "backup", "b.tar.gz", capture_output=True).returncode == 5
    assert not [path for path in root.iterdir() if ".unfinished-" in path.name]


def test_a_wrong_key_is_bad_input_before_a_copy_and_before_a_rewrite(root: Path, run: Run) -> None:
    (root / "clicklog").mkdir(exist_ok=True)
    (root / "linktrack.key").write_text(f"0:{'5a' * 32}\n")
    for command in (["backup", "b.tar.gz"], [*FOLDERS["mailing rewrite --out"], "again"]):
        done = run(*command)
        assert (done.code, "signing key 0" in done.err) == (3, True), done.err
    assert not (root / "b.tar.gz").exists()


@pytest.mark.parametrize("umask", [0, 0o777])
def test_examples_are_their_owners_alone(tmp_path: Path, umask: int) -> None:
    command = ["init", "new", "--base-url", "https://e.com", "--example", "superoffice", "--example", "nginx"]
    done = shell(tmp_path, *command, capture_output=True, preexec_fn=lambda: os.umask(umask) and None)
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "new").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("command", FOLDERS)
def test_what_a_job_makes_is_its_owners_alone(root: Path, command: str) -> None:
    """Whatever the umask: folders 0700, files 0600."""
    done = shell(root, *FOLDERS[command], "made", capture_output=True, preexec_fn=_no_umask)
    assert done.returncode in (0, 6), done.stderr
    modes: set[tuple[bool, int]] = set()
    for path in (root / "made", *(root / "made").rglob("*")):
        modes.add((path.is_dir(), stat.S_IMODE(path.stat().st_mode)))
    assert modes == {(True, 0o700), (False, 0o600)}


def _no_umask() -> None:
    os.umask(0)


def test_what_init_makes_is_its_owners_alone(tmp_path: Path) -> None:
    done = shell(tmp_path, "init", "new", "--base-url", "https://e.com", capture_output=True, preexec_fn=_no_umask)
    assert done.returncode == 0, done.stderr
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new", *(tmp_path / "new").rglob("*"))}
    assert made.pop("new") == made.pop("scripts") == 0o700
    assert set(made.values()) == {0o600}


@pytest.mark.parametrize("prepare", [shutil.copytree, None], ids=["another workspace's", "outside of any workspace"])
def test_a_command_without_a_workspace_spares_them_too(
    root: Path, tmp_path: Path, prepare: Callable[[Path, Path], object] | None
) -> None:
    (tmp_path / "mail.html").write_text(MAIL)
    target = root / "linktrack.key"
    if prepare is not None:
        prepare(root, tmp_path / "other")
        target = tmp_path / "other" / "linktrack.key"
    before = target.read_bytes()
    done = shell(tmp_path, "mailing", "tag", "mail.html", "--source", "s", "--campaign", "c", "-o", str(target),
                 capture_output=True)  # fmt: skip
    assert done.returncode == 5
    assert target.read_bytes() == before
