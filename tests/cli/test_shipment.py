"""linktrack shipment, as a shell sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests_support import Run

from linktrack.workspace import Workspace


@pytest.fixture
def shipped(workspace: Workspace, run: Run) -> Path:
    """A workspace with shipments 1 (HTML), 2 (a test, e-mails) of the mailing news."""
    root = workspace.root
    (root / "mail.html").write_text('<body><a href="https://shop.example/å">å</a></body>', "utf-8")
    rows = "".join(f"{number},p{number}@x.example,Person {number}\n" for number in range(1, 2101))
    (root / "contacts.csv").write_text("contact_id,email,name\n" + rows, "utf-8")
    assert run("mailing", "add", "news", "mail.html").code == 0
    rewrite = ("mailing", "rewrite", "news", "--contacts", "contacts.csv")
    assert run(*rewrite, "--out", "one", "--honeypot", "--sent-at", "2026-05-04T09:00").code == 0
    assert run(*rewrite, "--out", "two", "--as", "eml", "--test", "--from", "anna@example.com").code == 0
    return root


def tree(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_list_and_show(shipped: Path, run: Run) -> None:
    rows = run("shipment", "list", "--format", "json").json
    assert [(row["shipment"], row["mailing"], row["test"], row["recipients"], row["output"]) for row in rows] == [
        (1, "news", False, 2100, "html"),
        (2, "news", True, 2100, "eml"),
    ]
    assert rows[0]["sent_at"] == "2026-05-04T09:00:00+00:00"
    shown = run("shipment", "show", 1, "--format", "json").json
    assert (shown["honeypot"], shown["base_url"]) == (True, "https://click.example.com")
    assert len(run("shipment", "list", "--mailing", "news", "--format", "json").json) == 2
    assert run("shipment", "list", "--mailing", "x").code == 4
    assert run("shipment", "show", 9).code == 4


def test_render_writes_the_same_bytes_again_also_after_the_key_was_rotated(shipped: Path, run: Run) -> None:
    assert run("key", "rotate").code == 0
    for shipment, folder in ((1, "one"), (2, "two")):
        assert run("shipment", "render", shipment, "--out", f"again-{folder}").code == 0
        assert tree(shipped / folder) == tree(shipped / f"again-{folder}")
    assert len(tree(shipped / "one")) == 2100


def test_render_writes_the_same_bytes_again_also_after_a_contact_got_another_name_and_address(
    shipped: Path, run: Run
) -> None:
    (shipped / "later.csv").write_text("contact_id,email,name\n7,new@x.example,Åsa New\n", "utf-8")
    assert (
        run(
            "mailing",
            "rewrite",
            "news",
            "--contacts",
            "later.csv",
            "--out",
            "three",
            "--as",
            "eml",
            "--again",
            "--from",
            "a@x.example",
        ).code
        == 0
    )
    assert b"new@x.example" in (shipped / "three" / "7.eml").read_bytes()
    assert run("shipment", "render", 2, "--out", "again").code == 0
    assert tree(shipped / "two") == tree(shipped / "again")


def test_render_can_write_another_output(shipped: Path, run: Run) -> None:
    outcome = run("shipment", "render", 1, "--as", "ndjson", "--out", "-")
    assert len(outcome.out.splitlines()) == 2100
    assert run("shipment", "render", 1, "--out", "one").code == 5
    assert run("shipment", "render", 9, "--out", "nine").code == 4


def test_an_empty_list_of_contacts_makes_no_shipment(shipped: Path, run: Run) -> None:
    (shipped / "none.csv").write_text("contact_id,email\n")
    assert run("mailing", "rewrite", "news", "--contacts", "none.csv", "--out", "none").code == 3
    assert len(run("shipment", "list", "--format", "json").json) == 2
    assert not (shipped / "none").exists()
