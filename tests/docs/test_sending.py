"""`docs/sending.md` against a real mail server: everybody gets one mail, also when the sending stops at mail n.

python tests/docs/test_sending.py     writes what the commands print today into the page
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from docs.player import ROOT, Player

PAGE = ROOT / "docs" / "sending.md"

# `sendmail -t -i`, as a mail server brings it: one mail from stdin with any line ends, its recipient from its headers.
_SENDMAIL = """#!{python}
import re, smtplib, sys
from email import message_from_bytes
from email.utils import getaddresses

assert sys.argv[1:] == ["-t", "-i"], sys.argv
mail = re.sub(rb"\\r?\\n", b"\\r\\n", sys.stdin.buffer.read())
read = message_from_bytes(mail)
to = [address for _, address in getaddresses(read.get_all("To", []))]
sender = getaddresses([read["From"]])[0][1]
with smtplib.SMTP("127.0.0.1", {port}) as server:
    try:
        server.sendmail(sender, to, mail)
    except smtplib.SMTPException as refused:
        sys.exit(str(refused))
"""


class Mailbox:
    """A mail server's memory; `at(number)` is called when it takes a mail and gives its answer."""

    def __init__(self, answer: Callable[[int], str] = lambda number: "250 taken") -> None:
        self.answer = answer
        self.taken: list[tuple[str, bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        answer = self.answer(len(self.taken) + 1)
        if answer.startswith("250"):
            self.taken += [(to, envelope.content) for to in envelope.rcpt_tos]
        return answer

    def counts(self) -> Counter[str]:
        return Counter(to for to, _ in self.taken)


@contextmanager
def mail_server(mailbox: Mailbox, programs: Path) -> Iterator[None]:
    """A mail server, and the program `sendmail` that hands mails to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        program = programs / "sendmail"
        program.write_text(_SENDMAIL.format(python=sys.executable, port=port), "utf-8")
        program.chmod(0o755)
        yield
    finally:
        controller.stop()


def play(folder: Path) -> tuple[str, list[str], Mailbox]:
    """The page as its commands print it today, those that failed, and what the server got."""
    player, mailbox = Player(folder / "page"), Mailbox()
    with mail_server(mailbox, player.programs):
        return player.play(PAGE.read_text("utf-8")), player.failed, mailbox


@pytest.mark.servers
def test_the_page_prints_what_it_says_and_everybody_gets_his_mails(tmp_path: Path) -> None:
    played, failed, mailbox = play(tmp_path)
    assert failed == []
    assert played == PAGE.read_text("utf-8")
    assert len(mailbox.counts()) == 8
    assert set(mailbox.counts().values()) == {2}  # one from the files, one from the mbox
    assert all(b"List-Unsubscribe-Post:" in mail for _, mail in mailbox.taken)


def _mails(folder: Path, count: int) -> list[str]:
    folder.mkdir()
    people = [f"person-{number:02}@example.com" for number in range(count)]
    for person in people:
        (folder / f"{person}.eml").write_text(f"From: a@example.com\nTo: {person}\nSubject: x\n\nHello\n", "utf-8")
    return people


def _script(folder: Path) -> Path:
    text = PAGE.read_text("utf-8").partition("```sh send.sh\n")[2].partition("```")[0]
    script = folder / "send.sh"
    script.write_text(text, "utf-8")
    script.chmod(0o755)
    return script


@pytest.mark.servers
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
@pytest.mark.parametrize("stopped_at", [1, 4, 10])
def test_a_stop_at_mail_n_sends_none_twice(tmp_path: Path, how: signal.Signals, stopped_at: int) -> None:
    """The loop and the sendmail it waits for are stopped while the server takes mail n; then the loop runs again."""
    player = Player(tmp_path / "page")
    people = _mails(tmp_path / "mails", 10)
    command = [str(_script(tmp_path)), "mails", "0"]
    running: list[subprocess.Popen[bytes]] = []

    def stop(number: int) -> str:
        if number == stopped_at and running:
            os.killpg(running.pop().pid, how)
        return "250 taken"

    mailbox = Mailbox(stop)
    with mail_server(mailbox, player.programs):
        with subprocess.Popen(
            command, cwd=tmp_path, env=player.environment(), start_new_session=True, stderr=subprocess.DEVNULL
        ) as loop:
            running.append(loop)
            loop.wait()
        for _ in range(600):  # until the server is through with what it was given
            if len(mailbox.taken) >= stopped_at:
                break
            time.sleep(0.05)
        done = subprocess.run(
            command, cwd=tmp_path, env=player.environment(), capture_output=True, text=True, check=True
        )
    assert set(mailbox.counts().values()) == {1}
    in_doubt = [path.stem for path in (tmp_path / "mails" / "sending").iterdir()]
    assert len(in_doubt) <= 1
    assert set(people) == set(mailbox.counts()) | set(in_doubt)
    assert f"not known: {len(in_doubt)}" in " ".join(done.stdout.split())


@pytest.mark.servers
def test_a_refused_mail_stops_the_loop_and_stays(tmp_path: Path) -> None:
    player = Player(tmp_path / "page")
    people = _mails(tmp_path / "mails", 5)
    mailbox = Mailbox(lambda number: "550 not that one" if number == 3 else "250 taken")
    with mail_server(mailbox, player.programs):
        done = subprocess.run(
            [str(_script(tmp_path)), "mails", "0"],
            cwd=tmp_path, env=player.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "person-02@example.com.eml was refused" in done.stderr
    assert sorted(mailbox.counts()) == people[:2]
    assert sorted(path.stem for path in (tmp_path / "mails").glob("*.eml")) == people[2:]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        written, problems, _ = play(Path(place))
    PAGE.write_text(written, "utf-8")
    sys.exit("\n".join(problems))
