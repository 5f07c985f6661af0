"""What is promised, by name, and how each of it is measured; the other programs of bench/ have the measurements."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import actions
import import_log
import made_clicks
import mailings_write
import reports
import serve
import startup
from ground import Ground, Lines, people_of
from measuring import TREE, Timing, apart, bytes_written, copied, in_turn, linktrack, seconds_of, timed
from promise_table import Promise, at_least, at_most, under

DAYS_LATER = import_log.START + 90 * 86_400
FLAT = 1.2  # of its memory: what does not grow with something may take a fifth more for more of it
BURSTS = 0.2  # of a log's lines: of companies' mails a scanner opens one in some fifty, with all of its links
SCATTERED = 200_000  # clicks of so many people, whose numbers lie far apart
RAW = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()"


def started(ground: Ground) -> Iterator[Promise]:
    small = ground.folder / "small"
    apart(startup.make_workspace, small)
    for words, goal in (("--help", 0.2), ("link list", 0.4), ("report links", 0.4)):
        jobs = partial(timed, linktrack(small, *words.split())), partial(timed, startup.EMPTY)
        ours, peers = in_turn(ground.runs, *jobs, warm=True)
        yield under(f"linktrack {words}", goal, ours, "an empty Python", peers)


def compiled(ground: Ground) -> Iterator[Promise]:
    ours, peers = apart(compiling, 100_000, ground.runs)
    yield under("compiling a mail of 100 KB", 0.05, ours, "BeautifulSoup parsing it", peers)


def compiling(size: int, rounds: int) -> list[list[Timing]]:
    import mailings_compile  # by which this process grows

    return mailings_compile.beside_soup(size, rounds)


def personalised(ground: Ground) -> Iterator[Promise]:
    """The bytes of each copy put together of a token and what stands between the links; and all that a person waits for:
    the command that makes the tokens, too, stores who gets what and writes rows, of which storing takes most."""
    mails = ground.asked.mails
    ours, peers = apart(joining, mails, ground.runs)
    yield at_most(f"joining {mails:,} mails of 40 KB, each of its parts", 1.5, ours, "memcpy", peers)
    sending = ground.folder / "sending"
    apart(mailings_write.make_workspace, sending, mails)
    (ours,) = in_turn(ground.runs, partial(mailings_write.rewrite, sending, mails, "ndjson", "-"), warm=True)
    yield under(f"mailing rewrite of {mails:,} mails of 40 KB", mails * 100e-6, ours)


def joining(mails: int, rounds: int) -> list[list[Timing]]:
    import mailings_join

    return mailings_join.beside_copying(mails, rounds)


def imported(ground: Ground) -> Iterator[Promise]:
    """A combined log, everything new, beside GoAccess, which only counts."""
    for like in (Lines(lines, bursts=share) for lines in (ground.long, ground.short) for share in (0, BURSTS)):
        ours, peers, _ = ground.imported(like)
        what = f"import of {like.lines:,} lines" + (
            f", {like.bursts:.0%} of them scanners' bursts" if like.bursts else ""
        )
        yield at_most(f"{what}, by CPU", 1, ours, "GoAccess", peers)
        yield at_most(f"{what}, by wall", 1, ours, "GoAccess", peers, by="wall")


def remembered(ground: Ground) -> Iterator[Promise]:
    short, long = ground.imported(Lines(ground.short)), ground.imported(Lines(ground.long))
    what = f"memory of the import of {ground.long:,} lines"
    yield at_most(what, FLAT, long.ours, f"that of {ground.short:,} lines", short.ours, by="peak")
    few, many = ground.asked.agents
    what = f"memory of the import of {ground.short:,} lines by {many:,} agents"
    runs = [ground.imported(Lines(ground.short, agents)).ours for agents in (many, few)]
    yield at_most(what, FLAT, runs[0], f"that of as many lines by {few:,}", runs[1], by="peak")


def stored(ground: Ground) -> Iterator[Promise]:
    ours, _, size = ground.imported(Lines(ground.long))
    yield Promise("database for a million clicks", "under", 90, " MB", [size], ours)


def grown(ground: Ground) -> Iterator[Promise]:
    """What must not grow with the clicks that are stored."""
    clicks = ground.asked.grown
    many, more, turns = ground.made(clicks), ground.folder / "more.log", count()

    def ten_thousand() -> Timing:  # each behind the one before
        apart(made_log, many, more, people_of(clicks), DAYS_LATER + next(turns) * 86_400)
        return timed(linktrack(many, "click", "import", more))

    (ours,) = in_turn(ground.runs, ten_thousand)
    yield under(f"10,000 lines more on {clicks:,} clicks", 0.6, ours)
    export = ground.folder / "nobody.csv"
    export.write_text("contact_id,email,name\nC1,c1@d1.example,Person 1\n")
    (ours,) = in_turn(
        ground.runs, lambda: timed(actions.run(many, export, ground.folder / f"none-{next(turns)}")), warm=True
    )
    yield under(f"actions with nothing to do on {clicks:,} clicks", 0.6, ours)
    few, many = ground.asked.mailed
    written: list[list[float]] = []
    for people in (few, many):
        workspace = ground.clicked(people)
        written.append([])
        for turn in range(ground.runs):
            apart(made_log, workspace, more, people, DAYS_LATER + turn * 864_000, SCATTERED)
            written[-1].append(apart(megabytes_written, workspace, more))
    what = f"megabytes that {SCATTERED:,} clicks write where a mailing went to {many:,}"
    yield Promise(what, "at most", FLAT, f" of those for {few:,}", [b / a for a, b in zip(*written, strict=True)])


def megabytes_written(workspace: Path, log: Path) -> float:
    """By an import in this process, with what the database writes twice: into its log, and into its pages."""
    from linktrack.clicks.load import import_logs
    from linktrack.store.opening import open_database
    from linktrack.workspace import load_workspace

    place = load_workspace(workspace, {})
    before = bytes_written()
    with open_database(place) as database:
        import_logs(place, database, [str(log)])
    return (bytes_written() - before) / 1e6


def made_log(workspace: Path, log: Path, people: int, start: int, lines: int = 10_000) -> None:
    """Clicks on the made mailing that went to everybody."""
    sign = import_log.signer_of(workspace)
    log.unlink(missing_ok=True)
    with log.open("w", encoding="utf-8") as out:
        for number in range(lines):
            stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(start + number * 2))
            target = f"/p1-{number % made_clicks.LINKS}/{sign(1 + number * 7_919 % people)}"
            ip = f"{11 + number % 180}.{number % 251}.{number % 241}.7"
            out.write(f'{ip} - - [{stamp}] "GET {target} HTTP/1.1" 302 0 "-" "Mozilla/5.0 (X11; Linux x86_64)"\n')


def acted(ground: Ground) -> Iterator[Promise]:
    """A run of the actions beside a plain read and write of the same CSV file, with 30 µs a change besides: of all kinds,
    and of each of those alone whose changes take most."""
    yield from acted_on(ground, ground.crm(), "")
    for kind in ("follow-up", "request", "script"):
        yield from acted_on(ground, ground.crm([kind]), f", all of them {kind}s")


def acted_on(ground: Ground, crm: Path, which: str) -> Iterator[Promise]:
    contacts, turns = ground.asked.contacts, count()
    export, out = crm / "contacts.csv", ground.folder / f"acted-{crm.name}"
    out.mkdir()

    def run() -> Timing:
        work = copied(crm, ground.folder / "acting")
        return timed(actions.run(work, export, out / str(next(turns))))

    ours, peers = in_turn(ground.runs, run, partial(timed, actions.copy_of(export, ground.folder / "copy.csv")))
    changes = json.loads((out / "0" / "summary.json").read_text("utf-8"))["changes"]
    what = f"actions, {contacts:,} contacts, {changes:,} changes{which}"
    goal = 2 + changes * 30e-6 / statistics.median(one.cpu for one in peers)
    yield at_most(what, goal, ours, "csv copy", peers)
    yield under(f"memory of {what}", 300, ours, "csv copy", peers, by="peak")


def reported(ground: Ground) -> Iterator[Promise]:
    many, clicks = ground.made(ground.asked.stored), f"{ground.asked.stored:,} clicks"
    for report, sql in reports.REPORTS:
        (ours,) = in_turn(ground.runs, partial(timed, reports.asked(many, f"report {report}")), warm=True)
        raw = [timed([sys.executable, "-c", RAW, str(many / "linktrack.db"), sql])] if sql else []
        yield under(f"report {report}, {clicks}", 1, ours, "SQL over the clicks, once" if raw else "", raw)
    page = partial(timed, linktrack(many, "report", *reports.PAGE.split()), cwd=ground.folder)
    yield under(f"report {reports.PAGE}, {clicks}", 1, in_turn(ground.runs, page, warm=True)[0])


def listed(ground: Ground) -> Iterator[Promise]:
    work = copied(ground.crm(), ground.folder / "ledger")
    timed(actions.run(work, work / "contacts.csv", ground.folder / "ledger-made"))
    clicks, contacts = f"{ground.asked.stored:,} clicks", f"{ground.asked.contacts:,} contacts"
    many = ground.made(ground.asked.stored)
    lists = [(many, command, clicks) for command in reports.LISTS]
    lists += [(ground.crowd, command, f"{ground.asked.crowd:,} recipients") for command in reports.CROWDED]
    _, most = ground.asked.mailed
    lists.append((ground.clicked(most), "shipment recipients 1", f"{most:,} recipients"))
    for workspace, command, of in (*lists, (work, "action log", contacts)):
        first = partial(timed, reports.asked(workspace, command), lines=reports.FIRST_ROW)
        (ours,) = in_turn(ground.runs, first, warm=True)
        yield under(f"first row of {command}, {of}", 0.5, ours, by="wall")
    nobody = "report nonclickers mailing-1"
    (ours,) = in_turn(ground.runs, partial(timed, reports.asked(ground.clicked(most), nobody)), warm=True)
    yield under(f"{nobody}, all of {most:,} recipients", 0.5, ours, by="wall")


def counted(ground: Ground) -> Iterator[Promise]:
    """People over several mailings: 10 s for five that went to a million, but never less than any query may take."""
    people, root = ground.asked.people, ground.folder / "engaged"
    apart(made_clicks.make_workspace, root, people, people, 5, 1)
    (ours,) = in_turn(ground.runs, partial(timed, reports.asked(root, reports.ENGAGEMENT)), warm=True)
    yield under(f"{reports.ENGAGEMENT}, 5 × {people:,} people", max(0.4, people * 10e-6), ours)


def answered(ground: Ground) -> Iterator[Promise]:
    requests, folder = ground.asked.requests, ground.folder / "serve"
    folder.mkdir()
    runs: dict[str, list[Timing]] = {}
    missing = "nginx" if find_spec("granian") else "granian"
    if missing == "nginx":
        with serve.servers(folder, folder / "work") as (running, paths):
            runs = serve.asked_in_turn(running, paths, requests, ground.runs)
    ours, plain, exported = (runs.get(name, []) for name in (serve.SERVE, serve.PLAIN, serve.EXPORTED))
    turns = f"{serve.TURNS} × {requests // serve.TURNS:,} requests"
    yield at_least(f"serve, {turns}", 0.3, ours, serve.PLAIN, plain, missing=missing)
    yield at_least(f"exported nginx map, {turns}", 0.8, exported, serve.PLAIN, plain, missing=missing)


def on_postgresql(ground: Ground) -> Iterator[Promise]:
    """The same log on both databases, as they are set up by themselves; the server's processor time is counted, too."""
    what = f"import of {ground.short:,} lines on PostgreSQL, by wall"
    sys.path.append(str(TREE / "tests"))
    missing = next((name for name in ("pytest", "psycopg") if find_spec(name) is None), "")
    if not missing:
        import postgresql_server

        missing = "" if postgresql_server.installed() else "a PostgreSQL server"
    if missing:
        yield at_most(what, 1.7, [], "SQLite", [], by="wall", missing=missing)
        return
    imported = partial(import_log.imported, ground.fresh, ground.folder / "work", ground.log(Lines(ground.short)))
    with postgresql_server.running() as server:
        template = postgresql_server.new_database(server.address)
        name = apart(copy_to, ground.fresh, postgresql_server.ours(template))

        def on_server() -> Timing:
            address = postgresql_server.new_database(server.address, template=template)
            with elsewhere(postgresql_server.ours(address), name):
                before = seconds_of(server.process)
                run = imported()
                return run._replace(cpu=run.cpu + seconds_of(server.process) - before)

        ours, peers = in_turn(ground.runs, on_server, imported)
    yield at_most(what, 1.7, ours, "SQLite", peers, by="wall")


def copy_to(root: Path, address: str) -> str:
    """Copy the database of a workspace to an address; the id of the copy."""
    from linktrack.upkeep.copy import copy_database
    from linktrack.workspace import load_workspace

    workspace = load_workspace(root, {})
    return copy_database(workspace, workspace.database_url, address).database_id


@contextmanager
def elsewhere(address: str, name: str) -> Iterator[None]:
    """Commands that are started meanwhile have their database there; its id."""
    settings = {"LINKTRACK_DATABASE_URL": address, "LINKTRACK_DATABASE_ID": name}
    os.environ.update(settings)
    try:
        yield
    finally:
        for setting in settings:
            del os.environ[setting]


PROMISES: dict[str, Callable[[Ground], Iterator[Promise]]] = {
    "start-up": started,
    "compile": compiled,
    "personalise": personalised,
    "import": imported,
    "memory": remembered,
    "size": stored,
    "growth": grown,
    "actions": acted,
    "reports": reported,
    "lists": listed,
    "engagement": counted,
    "serve": answered,
    "postgresql": on_postgresql,
}
